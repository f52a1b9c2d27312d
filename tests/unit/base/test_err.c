/* Errors become sentences at the edge, and never carry what could break a terminal or a page. */
#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"
#include "question-bank/base/utf8.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

static const struct msg MSG_SAMPLE = {"sample", "第 {0} 行：{1}",
                                      "line {0}: {1} ({2}) {3} {4} {x {"};

Test(err, a_sentence_is_built_at_the_edge_in_both_languages)
{
    struct err e = {0};
    char text[ERR_TEXT_BYTES_MAX];
    char n[24];

    cr_assert_eq(err_text(&e, LANG_ZH, text, sizeof(text)), 0);
    cr_assert_str_eq(text, "");
    cr_assert_eq(err_set(&e, ERR_BAD_INPUT, &MSG_SAMPLE, err_int(n, 12), "两个答案", "x", NULL),
                 ERR_BAD_INPUT);
    cr_assert_eq(err_text(&e, LANG_ZH, text, sizeof(text)), strlen("第 12 行：两个答案"));
    cr_assert_str_eq(text, "第 12 行：两个答案");
    err_text(&e, LANG_EN, text, sizeof(text));
    cr_assert_str_eq(text, "line 12: 两个答案 (x)  {4} {x {");
}

Test(err, a_sentence_is_cut_between_characters_at_every_size)
{
    const char *whole = "第 12 行：两个答案";
    struct err e = {0};
    char text[64];

    err_set(&e, ERR_BAD_INPUT, &MSG_SAMPLE, "12", "两个答案", NULL, NULL);
    cr_assert_eq(err_text(&e, LANG_ZH, text, 0), 0);
    for (size_t size = 1; size <= strlen(whole) + 2; size++) {
        size_t len;

        memset(text, '#', sizeof(text));
        len = err_text(&e, LANG_ZH, text, size);
        cr_assert_lt(len, size);
        cr_assert_eq(text[len], '\0');
        cr_assert_eq(text[size], '#');
        cr_assert_eq(len, utf8_cut(whole, strlen(whole), size - 1));
        cr_assert_eq(memcmp(text, whole, len), 0);
    }
}

Test(err, an_argument_is_not_a_template)
{
    struct err e = {0};
    char text[64];

    err_set(&e, ERR_IO, &MSG_SAMPLE, "{1}", "{0}", NULL, NULL);
    err_text(&e, LANG_ZH, text, sizeof(text));
    cr_assert_str_eq(text, "第 {1} 行：{0}");
}

Test(err, without_a_message_the_code_speaks_and_without_storage_the_code_returns)
{
    static const int codes[] = {0,
                                ERR_NOMEM,
                                ERR_IO,
                                ERR_BAD_INPUT,
                                ERR_NOT_FOUND,
                                ERR_EXISTS,
                                ERR_CONFLICT,
                                ERR_DENIED,
                                ERR_UNAUTHENTIC,
                                ERR_BUSY,
                                ERR_LIMIT,
                                ERR_CORRUPT,
                                ERR_CRYPTO,
                                ERR_LATE,
                                ERR_STALE,
                                ERR_INFEASIBLE,
                                ERR_UNKNOWN};
    size_t count = sizeof(codes) / sizeof(codes[0]);
    struct err e = {.code = ERR_NOMEM};
    char text[64];

    err_text(&e, LANG_ZH, text, sizeof(text));
    cr_assert_str_eq(text, "no-memory");
    cr_assert_eq(err_set(NULL, ERR_LATE, &MSG_SAMPLE, "a", NULL, NULL, NULL), ERR_LATE);
    cr_assert_eq(err_text(NULL, LANG_ZH, text, sizeof(text)), 0);
    for (size_t i = 0; i < count; i++)
        for (size_t k = 0; k < i; k++)
            cr_assert_str_neq(err_code_name(codes[i]), err_code_name(codes[k]));
    cr_assert_not_null(err_code_name(-999));
}

Test(err, arguments_are_cleaned)
{
    static const char *const cases[][2] = {
        {"a\nb\xFF", "a\uFFFDb\uFFFD"},
        {"\x1B[31m", "\uFFFD[31m"},
        {"\x7F", "\uFFFD"},
        {"a\xC2\x9B"
         "b",
         "a\uFFFDb"},                                 /* C1 control */
        {"\xC3\xA9\x80", "é\uFFFD"},                  /* a good one before a bad byte stays */
        {"\xE5\xAE", "\uFFFD\uFFFD"},                 /* cut */
        {"宪\xE6\xB3法", "宪\uFFFD\uFFFD法"},         /* cut within */
        {"\xED\xA0\x80", "\uFFFD\uFFFD\uFFFD"},       /* a surrogate */
        {"\xF0\x9F\x98\x80𠮷", "\xF0\x9F\x98\x80𠮷"}, /* four bytes */
        {"", ""},
    };
    struct err e = {0};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        err_set(&e, ERR_IO, &MSG_SAMPLE, NULL, cases[i][0], NULL, NULL);
        cr_assert_str_eq(e.arg[0].text, "");
        cr_assert_str_eq(e.arg[1].text, cases[i][1], "case %zu", i);
    }
}

Test(err, arguments_are_cut_between_characters)
{
    struct err e = {0};
    char large[1000];

    for (size_t prefix = 0; prefix < 4; prefix++) {
        size_t len;

        memset(large, 'a', prefix);
        for (len = prefix; len + 3 < sizeof(large); len += 3)
            memcpy(large + len, "法", 3);
        large[len] = '\0';
        err_set(&e, ERR_IO, &MSG_SAMPLE, large, NULL, NULL, NULL);
        cr_assert_eq(strlen(e.arg[0].text), utf8_cut(large, strlen(large), ERR_ARG_BYTES_MAX - 1));
        cr_assert(utf8_valid(bytes_of_text(e.arg[0].text), NULL));
    }
    memset(large, '\n', 300);
    large[300] = '\0';
    err_set(&e, ERR_IO, &MSG_SAMPLE, large, NULL, NULL, NULL);
    cr_assert_eq(strlen(e.arg[0].text), (ERR_ARG_BYTES_MAX - 1) / 3 * 3);
}

Test(err, an_error_may_be_told_anew_with_its_own_arguments)
{
    struct err e = {0};

    err_set(&e, ERR_IO, &MSG_SAMPLE, "first", "second", NULL, NULL);
    err_set(&e, ERR_CORRUPT, &MSG_SAMPLE, e.arg[1].text, e.arg[0].text, e.arg[1].text, NULL);
    cr_assert_eq(e.code, ERR_CORRUPT);
    cr_assert_str_eq(e.arg[0].text, "second");
    cr_assert_str_eq(e.arg[1].text, "first");
    cr_assert_str_eq(e.arg[2].text, "second");
}

Test(err, a_word_is_said_in_the_language_of_its_sentence)
{
    static const struct err_word word = {"A～{1} 中的字母", "letters A to {1}, {0}"};
    struct err e = {0};
    char text[ERR_TEXT_BYTES_MAX];

    err_set(&e, ERR_BAD_INPUT, &MSG_SAMPLE, "12", "D", "x", NULL);
    err_say(&e, 1, &word);
    err_text(&e, LANG_ZH, text, sizeof(text));
    cr_assert_str_eq(text, "第 12 行：A～D 中的字母");
    err_text(&e, LANG_EN, text, sizeof(text));
    cr_assert_str_eq(text, "line 12: letters A to D, 12 (x)  {4} {x {");
    for (size_t size = 1; size < 40; size++)
        cr_assert_lt(err_text(&e, LANG_ZH, text, size), size);
    err_set(&e, ERR_BAD_INPUT, &MSG_SAMPLE, "12", "D", "x", NULL);
    cr_assert_null(e.word[1]); /* a new error begins without words */
    err_say(NULL, 1, &word);
}

Test(err, numbers_fit_their_storage)
{
    char text[24];

    cr_assert_str_eq(err_int(text, INT64_MIN), "-9223372036854775808");
    cr_assert_str_eq(err_int(text, INT64_MAX), "9223372036854775807");
    cr_assert_str_eq(err_int(text, 0), "0");
}
