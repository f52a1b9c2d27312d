/* UTF-8: validation against a reader written from the RFC, NFC, cutting, columns. */
#include "question-bank/base/err.h"
#include "question-bank/base/utf8.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

Test(utf8, ill_formed_sequences_are_found_where_they_begin)
{
    static const struct {
        const char *text;
        size_t bad_at;
    } cases[] = {{"a\x80", 1},
                 {"\xC0\xAF", 0},
                 {"\xC1\xBF", 0},
                 {"\xE0\x80\xAF", 0},
                 {"\xE0\x9F\xBF", 0},
                 {"\xF0\x8F\xBF\xBF", 0},
                 {"ab\xED\xA0\x80", 2},
                 {"\xED\xBF\xBF", 0},
                 {"\xF4\x90\x80\x80", 0},
                 {"\xF5\x80\x80\x80", 0},
                 {"宪\xE6\xB3", 3},
                 {"宪\xF0\x9F\x98", 3},
                 {"\xC3", 0},
                 {"\xC3(", 0},
                 {"\xFF", 0},
                 {"\xFE", 0}};
    size_t bad;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_not(utf8_valid(bytes_of_text(cases[i].text), &bad), "case %zu", i);
        cr_assert_eq(bad, cases[i].bad_at, "case %zu", i);
        cr_assert_not(utf8_valid(bytes_of_text(cases[i].text), NULL));
        cr_assert_not(utf8_is_nfc(bytes_of_text(cases[i].text)));
    }
    cr_assert(
        utf8_valid(bytes_of_text("宪法 ok 𠮷 \xED\x9F\xBF \xEE\x80\x80 \xF4\x8F\xBF\xBF"), &bad));
    cr_assert(utf8_valid(bytes_of("a\0b", 3), &bad));
    cr_assert(utf8_valid(bytes_of(NULL, 0), &bad));
}

/* RFC 3629 §4, as its grammar stands. */
static size_t grammar_length(const uint8_t *p, size_t left)
{
    uint8_t low = 0x80;
    uint8_t high = 0xBF;
    size_t need;

    if (p[0] < 0x80)
        return 1;
    if (p[0] < 0xC2 || p[0] > 0xF4)
        return 0;
    need = p[0] < 0xE0 ? 2 : p[0] < 0xF0 ? 3 : 4;
    if (p[0] == 0xE0)
        low = 0xA0;
    if (p[0] == 0xED)
        high = 0x9F;
    if (p[0] == 0xF0)
        low = 0x90;
    if (p[0] == 0xF4)
        high = 0x8F;
    if (left < need || p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < need; i++)
        if (p[i] < 0x80 || p[i] > 0xBF)
            return 0;
    return need;
}

/* All first and second bytes, and the bytes at which a third and fourth one turns. */
Test(utf8, validation_agrees_with_the_grammar)
{
    static const uint8_t edges[] = {0x00, 0x41, 0x7F, 0x80, 0xBF, 0xC0, 0xFF};
    size_t n = sizeof(edges);

    for (unsigned first = 0; first < 256; first++) {
        for (unsigned second = 0; second < 256; second++) {
            for (size_t k = 0; k < n * n; k++) {
                uint8_t text[4] = {(uint8_t)first, (uint8_t)second, edges[k % n], edges[k / n]};

                for (size_t len = 1; len <= 4; len++) {
                    size_t at = 0;
                    size_t bad = 99;
                    size_t step;

                    while (at < len && (step = grammar_length(text + at, len - at)) > 0)
                        at += step;
                    if (utf8_valid(bytes_of(text, len), &bad) != (at == len) ||
                        (at != len && bad != at))
                        cr_assert_fail("%02x %02x %02x %02x, %zu bytes", text[0], text[1], text[2],
                                       text[3], len);
                }
            }
        }
    }
}

Test(utf8, walking_gives_each_code_point_and_marks_bad_bytes)
{
    const char *text = "a法\xFF𠮷";
    static const int32_t expected[] = {'a', 0x6CD5, 0xFFFD, 0x20BB7, -1, -1};
    size_t pos = 0;

    for (size_t i = 0; i < sizeof(expected) / sizeof(expected[0]); i++)
        cr_assert_eq(utf8_next(text, strlen(text), &pos), expected[i], "%zu", i);
    cr_assert_eq(pos, strlen(text));
}

Test(utf8, a_cut_never_splits_a_character)
{
    const char *text = "a宪𠮷é";
    static const size_t ends[] = {0, 1, 1, 1, 4, 4, 4, 4, 8, 8, 10, 10};

    for (size_t max = 0; max < sizeof(ends) / sizeof(ends[0]); max++)
        cr_assert_eq(utf8_cut(text, 10, max), ends[max], "max %zu", max);
    cr_assert_eq(utf8_cut("宪法", 6, 5), 3);
    cr_assert_eq(utf8_cut("", 0, 5), 0);
}

Test(utf8, normal_form_is_recognised)
{
    static const char *const good[] = {
        "", "中华人民共和国宪法（2018）“第一条”——……《》·①", "é", "𠮷", "\xEA\xB0\x80", "ａ", "㎡",
        "ﬁ"};
    static const char *const bad[] = {
        "e\xCC\x81",                          /* a letter and its accent */
        "\xEF\xA4\x80",                       /* U+F900, a compatibility ideograph */
        "\xE2\x84\xAB",                       /* the angstrom sign */
        "\xE1\x84\x80\xE1\x85\xA1",           /* Hangul letters that compose */
        "a\xCC\xA3\xCC\x88 \xCC\x88\xCC\xA3", /* accents out of order */
        "\xF0\xAF\xA0\x80",                   /* U+2F800 */
        "宪法e\xCC\x81",
        "\xE2\x80\xA6\xE2\x84\xA6", /* the ohm sign, behind plain ones */
    };

    for (size_t i = 0; i < sizeof(good) / sizeof(good[0]); i++)
        cr_assert(utf8_is_nfc(bytes_of_text(good[i])), "%s", good[i]);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        struct buf nfc = {0};
        struct buf twice = {0};

        cr_assert_not(utf8_is_nfc(bytes_of_text(bad[i])), "%s", bad[i]);
        cr_assert_eq(utf8_nfc(bytes_of_text(bad[i]), &nfc), 0);
        cr_assert(utf8_is_nfc(buf_view(&nfc)));
        cr_assert_eq(utf8_nfc(buf_view(&nfc), &twice), 0);
        cr_assert(bytes_equal(buf_view(&nfc), buf_view(&twice)));
        buf_fini(&nfc);
        buf_fini(&twice);
    }
}

/* The short way round (no mapping for text of plain Chinese) must not change any verdict. */
Test(utf8, every_character_alone_and_behind_another_is_judged_by_mapping)
{
    for (int32_t cp = 0x80; cp < 0x30000; cp++) {
        static const char *const before[] = {"", "法", "，", "a"};
        uint8_t utf8[4];
        size_t n;

        if (cp >= 0xD800 && cp < 0xE000)
            continue;
        if (cp < 0x800) {
            n = 2;
            utf8[0] = (uint8_t)(0xC0 | cp >> 6);
        } else if (cp < 0x10000) {
            n = 3;
            utf8[0] = (uint8_t)(0xE0 | cp >> 12);
        } else {
            n = 4;
            utf8[0] = (uint8_t)(0xF0 | cp >> 18);
        }
        for (size_t i = 1; i < n; i++)
            utf8[i] = (uint8_t)(0x80 | (cp >> (6 * (n - 1 - i)) & 0x3F));
        for (size_t k = 0; k < 4; k++) {
            struct buf text = {0};
            struct buf nfc = {0};

            buf_append_text(&text, before[k]);
            buf_append(&text, utf8, n);
            cr_assert_eq(utf8_nfc(buf_view(&text), &nfc), 0);
            if (utf8_is_nfc(buf_view(&text)) != bytes_equal(buf_view(&text), buf_view(&nfc)))
                cr_assert_fail("U+%04X behind %s", (unsigned)cp, before[k]);
            buf_fini(&text);
            buf_fini(&nfc);
        }
        if (cp == 0xA000)
            cp = 0xF8FF; /* Yi to private use: nothing composes, nothing is plain */
    }
}

Test(utf8, normalising_appends_and_refuses_ill_formed_text)
{
    struct buf out = {0};

    buf_append_text(&out, "x");
    cr_assert_eq(utf8_nfc(bytes_of_text("e\xCC\x81"), &out), 0);
    cr_assert_str_eq(buf_text(&out), "xé");
    cr_assert_eq(utf8_nfc(bytes_of_text("a\xFF"), &out), ERR_BAD_INPUT);
    cr_assert_str_eq(buf_text(&out), "xé");
    cr_assert_eq(utf8_nfc(bytes_of(NULL, 0), &out), 0);
    buf_fini(&out);
}

Test(utf8, han_is_two_columns_wide_and_ambiguous_signs_as_asked)
{
    static const struct {
        const char *text;
        int narrow;
        int wide;
    } cases[] = {
        {"", 0, 0},         {"宪法a", 5, 5},      {"（１）", 6, 6},       {"，。、《》", 10, 10},
        {"①“”…·—", 6, 12},  {"§±×÷°", 5, 10},     {"αБ℃№", 4, 8},         {"e\xCC\x81", 1, 1},
        {"\xCC\x81", 0, 0}, {"\x01\n\x7F", 0, 0}, {"\xE2\x80\x8B", 0, 0}, {"𠮷", 2, 2},
        {"ｱ", 1, 1},        {"한", 2, 2},         {"abc", 3, 3},          {"┌─┐", 3, 6}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        size_t len = strlen(cases[i].text);
        cr_assert_eq(utf8_width(cases[i].text, len, false), cases[i].narrow, "%s", cases[i].text);
        cr_assert_eq(utf8_width(cases[i].text, len, true), cases[i].wide, "%s", cases[i].text);
    }
}
