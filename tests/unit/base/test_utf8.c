/* UTF-8, folds and Chinese numerals. */
#include "question-bank/base/err.h"
#include "question-bank/base/utf8.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

Test(utf8, ill_formed_sequences_are_found_where_they_begin)
{
    static const struct {
        const char *text;
        size_t bad_at;
    } cases[] = {{"a\x80", 1},
                 {"\xC0\xAF", 0},
                 {"\xE0\x80\xAF", 0},
                 {"ab\xED\xA0\x80", 2},
                 {"\xF4\x90\x80\x80", 0},
                 {"宪\xE6\xB3", 3},
                 {"\xFF", 0}};
    size_t bad;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_not(utf8_valid(bytes_of_text(cases[i].text), &bad), "case %zu", i);
        cr_assert_eq(bad, cases[i].bad_at, "case %zu", i);
    }
    cr_assert(utf8_valid(bytes_of_text("宪法 ok 𠮷"), &bad));
}

Test(utf8, normal_form_is_recognised)
{
    cr_assert(utf8_is_nfc(bytes_of_text("中华人民共和国宪法（2018）“第一条”")));
    cr_assert(utf8_is_nfc(bytes_of_text("é")));
    cr_assert_not(utf8_is_nfc(bytes_of_text("e\xCC\x81")));
    cr_assert_not(utf8_is_nfc(bytes_of_text("\xEF\xA4\x80"))); /* U+F900 maps to 豈 */
    cr_assert_not(utf8_is_nfc(bytes_of_text("\xFF")));
}

Test(utf8, chinese_numerals_go_there_and_back)
{
    static const struct {
        const char *text;
        int64_t value;
    } cases[] = {{"十", 10},         {"十二", 12},        {"二十", 20},
                 {"一百零三", 103},  {"一百一十", 110},   {"一千二百六十", 1260},
                 {"二〇二六", 2026}, {"一万零五", 10005}, {"三亿", 300000000},
                 {"〇", 0},          {"两千", 2000}};
    static const char *const bad[] = {"", "百", "一二百", "十百", "一百百", "万", "一x"};
    int64_t v;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        cr_assert_eq(utf8_chinese_number(bytes_of_text(cases[i].text), &v), 0, "%s", cases[i].text);
        cr_assert_eq(v, cases[i].value, "%s", cases[i].text);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(utf8_chinese_number(bytes_of_text(bad[i]), &v), ERR_BAD_INPUT, "%s", bad[i]);
    for (int64_t n = 1; n <= 99999; n++) {
        char text[64];
        utf8_chinese_number_text(n, text);
        cr_assert_eq(utf8_chinese_number(bytes_of_text(text), &v), 0, "%s", text);
        cr_assert_eq(v, n);
    }
}

static void expect_fold(const char *in, const char *out)
{
    struct buf b = {0};

    cr_assert_eq(utf8_fold_answer_v1(bytes_of_text(in), &b), 0);
    cr_assert_str_eq(buf_text(&b), out);
    buf_fini(&b);
}

Test(utf8, fill_in_answers_that_mean_the_same_fold_alike)
{
    expect_fold("六十日", "60日");
    expect_fold(" ６０ 日　", "60日");
    expect_fold("第一百零三条", "第103条");
    expect_fold("ＡＢc", "abc");
    expect_fold("二〇二六年", "2026年");
    expect_fold("百姓", "百姓"); /* a run that is no number stays */
    expect_fold("", "");
}

Test(utf8, statute_text_loses_layout_and_full_width_signs_only)
{
    struct buf b = {0};

    cr_assert_eq(utf8_fold_statute(bytes_of_text("**第一条**　为了，（一） 一\n二。"), &b), 0);
    cr_assert_str_eq(buf_text(&b), "第一条为了,(一)一二。");
    buf_fini(&b);
}

Test(utf8, han_is_two_columns_wide_and_ambiguous_signs_as_asked)
{
    cr_assert_eq(utf8_width("宪法a", 7, false), 5);
    cr_assert_eq(utf8_width("①“", strlen("①“"), false), 2);
    cr_assert_eq(utf8_width("①“", strlen("①“"), true), 4);
    cr_assert_eq(utf8_width("e\xCC\x81", 3, false), 1);
}

Test(utf8, a_cut_never_splits_a_character)
{
    cr_assert_eq(utf8_cut("宪法", 6, 5), 3);
    cr_assert_eq(utf8_cut("宪法", 6, 3), 3);
    cr_assert_eq(utf8_cut("宪法", 6, 2), 0);
    cr_assert_eq(utf8_cut("宪法", 6, 9), 6);
}
