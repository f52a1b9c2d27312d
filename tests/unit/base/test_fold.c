/* Folds and Chinese numerals: what means the same compares equal, what can be read in two ways does
 * not. */
#include "question-bank/base/err.h"
#include "question-bank/base/utf8.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

Test(fold, chinese_numerals_have_one_value)
{
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {
        {"〇", 0},
        {"零", 0},
        {"一", 1},
        {"两", 2},
        {"十", 10},
        {"十二", 12},
        {"一十二", 12},
        {"二十", 20},
        {"九十九", 99},
        {"一百", 100},
        {"一百零三", 103},
        {"一百〇三", 103},
        {"一百一十", 110},
        {"一百一", -1},
        {"一百十五", 115},
        {"一百一十五", 115},
        {"两百", 200},
        {"一千", 1000},
        {"一千零一", 1001},
        {"一千零二十", 1020},
        {"一千零二十五", 1025},
        {"一千二百", 1200},
        {"一千二百零五", 1205},
        {"一千二百六十", 1260},
        {"两千", 2000},
        {"一万", 10000},
        {"一万零五", 10005},
        {"一万零五百", 10500},
        {"十万", 100000},
        {"十二万三千", 123000},
        {"一百零三万", 1030000},
        {"九千九百九十九万九千九百九十九", 99999999},
        {"三亿", 300000000},
        {"一亿零三万", 100030000},
        {"一万亿", 1000000000000},
        {"十四亿一千一百七十八万", 1411780000},
        {"九千九百九十九万九千九百九十九亿九千九百九十九万九千九百九十九", 9999999999999999},
        {"二〇二六", 2026},
        {"一九四九", 1949},
        {"〇〇七", 7},
        {"九九九九九九九九九九九九九九九", 999999999999999}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t v = -7;
        int rc = utf8_chinese_number(bytes_of_text(cases[i].text), &v);

        if (cases[i].value < 0) {
            cr_assert_eq(rc, ERR_BAD_INPUT, "%s", cases[i].text);
            continue;
        }
        cr_assert_eq(rc, 0, "%s", cases[i].text);
        cr_assert_eq(v, cases[i].value, "%s: %" PRId64, cases[i].text, v);
    }
}

Test(fold, what_is_no_number_or_is_read_in_two_ways_is_refused)
{
    static const char *const cases[] = {
        "",           "百",
        "千",         "万",
        "亿",         "百万",
        "千万",       "一二百",
        "十百",       "一百百",
        "十十",       "一百二百",
        "一万一万",   "一亿一亿",
        "一亿一万亿", "一x",
        "x一",        "1",
        "十 二",      "一百二",
        "三万五",     "两亿三",
        "一千五",     "三百两",
        "五十两",     "两十",
        "一百零",     "二十零",
        "二十零五",   "十零",
        "零十",       "零十五",
        "零一百",     "一百零零三",
        "一百零一十", "一千零一百",
        "一万零一千", "一百零万",
        "一万零",     "零万",
        "三百五万",   "二一十",
        "一十百",     "十一二",
        "二十〇",     "九九九九九九九九九九九九九九九九",
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        int64_t v = -7;
        cr_assert_eq(utf8_chinese_number(bytes_of_text(cases[i]), &v), ERR_BAD_INPUT, "%s",
                     cases[i]);
        cr_assert_eq(v, -7, "%s", cases[i]);
    }
}

Test(fold, the_statute_form_goes_there_and_back)
{
    static const struct {
        int64_t value;
        const char *text;
    } cases[] = {{1, "一"},
                 {10, "十"},
                 {12, "十二"},
                 {20, "二十"},
                 {101, "一百零一"},
                 {110, "一百一十"},
                 {112, "一百一十二"},
                 {1010, "一千零一十"},
                 {1001, "一千零一"},
                 {1260, "一千二百六十"},
                 {10000, "一万"},
                 {10010, "一万零一十"},
                 {10101, "一万零一百零一"},
                 {99999, "九万九千九百九十九"},
                 {0, ""},
                 {-1, ""},
                 {100000, ""}};
    char text[64];
    int64_t v;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        utf8_chinese_number_text(cases[i].value, text);
        cr_assert_str_eq(text, cases[i].text);
    }
    for (int64_t n = 1; n <= 99999; n++) {
        utf8_chinese_number_text(n, text);
        if (utf8_chinese_number(bytes_of_text(text), &v) != 0 || v != n)
            cr_assert_fail("%s is not %" PRId64, text, n);
    }
}

/* Without the liberties that people take: 两 for 二, 一十 for 十, 零 left out before a unit. */
static void plain_form(const char *text, struct buf *out)
{
    buf_clear(out);
    for (; *text != '\0'; text += 3) {
        if (strncmp(text, "零", 3) == 0 || strncmp(text, "一十", 6) == 0)
            continue;
        buf_append(out, strncmp(text, "两", 3) == 0 ? "二" : text, 3);
    }
}

/* All runs of six signs: one that is a number with units reads as the statute form of that number. */
Test(fold, runs_that_are_numbers_say_what_the_statute_form_says)
{
    static const char *const signs[] = {"零", "一", "二", "两", "十", "百", "千", "万"};
    struct buf run = {0};
    struct buf mine = {0};
    struct buf theirs = {0};
    size_t numbers = 0;

    for (size_t code = 0; code < 8 * 8 * 8 * 8 * 8 * 8; code++) {
        bool positional = true;
        char text[64];
        int64_t v;

        buf_clear(&run);
        for (size_t rest = code, i = 0; i < 6; i++, rest /= 8) {
            buf_append_text(&run, signs[rest % 8]);
            positional = positional && rest % 8 < 4;
        }
        if (positional || utf8_chinese_number(buf_view(&run), &v) != 0 || v > 99999)
            continue;
        numbers++;
        utf8_chinese_number_text(v, text);
        plain_form(buf_text(&run), &mine);
        plain_form(text, &theirs);
        if (!bytes_equal(buf_view(&mine), buf_view(&theirs)))
            cr_assert_fail("%s was read as %s", buf_text(&run), text);
    }
    cr_assert_gt(numbers, 100, "%zu", numbers);
    buf_fini(&run);
    buf_fini(&mine);
    buf_fini(&theirs);
}

static void expect_fold(const char *in, const char *out)
{
    struct buf b = {0};
    struct buf twice = {0};

    cr_assert_eq(utf8_fold_answer_v1(bytes_of_text(in), &b), 0);
    cr_assert_str_eq(buf_text(&b), out);
    cr_assert_eq(utf8_fold_answer_v1(buf_view(&b), &twice), 0);
    cr_assert(bytes_equal(buf_view(&twice), buf_view(&b)), "%s folds on", out);
    buf_fini(&b);
    buf_fini(&twice);
}

Test(fold, fill_in_answers_that_mean_the_same_fold_alike)
{
    static const char *const cases[][2] = {
        {"", ""},
        {" \t\n\v\f\r\u00A0\u1680\u2003\u200B\u2028\u2029\u202F\u205F\u3000\uFEFF\xC2\x85", ""},
        {"六十日", "60日"},
        {" ６０ 日　", "60日"},
        {"6 0日", "60日"},
        {"六 十　日", "60日"},
        {"五年", "5年"},
        {"两年", "2年"},
        {"十", "10"},
        {"第六十条", "第60条"},
        {"第一百零三条", "第103条"},
        {"第一千二百六十条第二款", "第1260条第2款"},
        {"二〇二六年", "2026年"},
        {"二零二六年十二月三十一日", "2026年12月31日"},
        {"〇〇七", "007"},
        {"三分之二", "3分之2"},
        {"统一", "统1"},
        {"十万元以上一百万元以下", "100000元以上1000000元以下"},
        {"一万亿", "1000000000000"},
        {"ＡＢc", "abc"},
        {"Straße", "strasse"},
        {"（一）", "(1)"},
        {"①", "1"},
        {"㊀", "1"},
        {"㈠", "(1)"},
        {"e\u0301", "é"},
        {"\uF98E", "年"}, /* a compatibility ideograph */
        {"百姓", "百姓"}, /* runs that are no number stay */
        {"万一", "万一"},
        {"一百二", "一百二"},
        {"五十两", "五十两"},
        {"千万不要", "千万不要"},
        {"十一二日", "十一二日"},
        {"亿", "亿"},
        {"3万", "3万"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        expect_fold(cases[i][0], cases[i][1]);
}

Test(fold, runs_are_judged_whole_however_long)
{
    struct buf in = {0};
    struct buf expected = {0};
    struct buf out = {0};

    for (int i = 0; i < 300; i++) {
        buf_append_text(&in, i % 2 != 0 ? "九" : "〇");
        buf_append_text(&expected, i % 2 != 0 ? "9" : "0");
    }
    cr_assert_eq(utf8_fold_answer_v1(buf_view(&in), &out), 0);
    cr_assert(bytes_equal(buf_view(&out), buf_view(&expected)));
    buf_append_text(&in, "百"); /* now no number, and not one in its tail */
    buf_clear(&out);
    cr_assert_eq(utf8_fold_answer_v1(buf_view(&in), &out), 0);
    cr_assert(bytes_equal(buf_view(&out), buf_view(&in)));
    buf_fini(&in);
    buf_fini(&expected);
    buf_fini(&out);
}

Test(fold, ill_formed_answers_are_refused_and_nothing_is_appended)
{
    struct buf out = {0};

    buf_append_text(&out, "x");
    cr_assert_eq(utf8_fold_answer_v1(bytes_of_text("六十\xFF"), &out), ERR_BAD_INPUT);
    cr_assert_eq(utf8_fold_statute(bytes_of_text("六十\xFF"), &out), ERR_BAD_INPUT);
    cr_assert_str_eq(buf_text(&out), "x");
    buf_fini(&out);
}

Test(fold, statute_text_loses_layout_and_full_width_signs_only)
{
    static const char *const cases[][2] = {
        {"", ""},
        {"**第一条**　为了，（一） 一\n二。", "第一条为了,(一)一二。"},
        {"ＡｚＺ０９！～", "AzZ09!~"},
        {"\u3000\u00A0\u2003\u200B\uFEFF\r\n\t a", "a"},
        {"五百元", "五百元"},
        {"“”《》、。·——……①", "“”《》、。·——……①"},
        {"＊*", ""},
        {"e\u0301", "é"},
        {"\uFF5F\uFF60￥", "\uFF5F\uFF60￥"},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf b = {0};
        struct buf twice = {0};

        cr_assert_eq(utf8_fold_statute(bytes_of_text(cases[i][0]), &b), 0);
        cr_assert_str_eq(buf_text(&b), cases[i][1]);
        cr_assert_eq(utf8_fold_statute(buf_view(&b), &twice), 0);
        cr_assert(bytes_equal(buf_view(&twice), buf_view(&b)));
        buf_fini(&b);
        buf_fini(&twice);
    }
}
