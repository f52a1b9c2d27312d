/* Law texts: both layouts give the same digests, faults are named, repeals and dates are found. */
#include "question-bank/bank/law.h"

#include <criterion/criterion.h>
#include <string.h>

static struct arena arena;

static void law_init(void)
{
    arena_init(&arena, 0);
}

static void law_fini(void)
{
    arena_fini(&arena);
}

TestSuite(law, .init = law_init, .fini = law_fini);

static struct law read_ok(const char *text)
{
    struct law law;
    struct err err = {0};
    char said[ERR_TEXT_BYTES_MAX];

    cr_assert_eq(law_read(bytes_of_text(text), "法.md", &arena, &law, &err), 0, "%s",
                 (err_text(&err, LANG_EN, said, sizeof said), said));
    return law;
}

static const char bold[] =
    "# 中华人民共和国样法\n\n"
    "2018年3月11日通过　2025年10月28日修正\n\n"
    "## 第一章　总则\n\n"
    "**第一条**　为了示范，制定本法。\n\n本法所称样，包括：\n\n（一）甲；\n\n"
    "**第二条**　第一条规定的事项（Ａ），依照本法。\n\n"
    "**第二条之一**　补充。\n\n"
    "### 第二节　附则\n\n"
    "**第三条**　本法自2026年1月1日起施行。\n";
static const char plain[] = "# 中华人民共和国样法\n"
                            "（2018年3月11日通过　2025年10月28日修正）\n"
                            "第一章　总则\n"
                            "第一条 为了示范，制定本法。\n本法所称样，包括：\n（一）甲；\n"
                            "第二条 第一条规定的事项(A),依照本法。\n"
                            "第二条之一 补充。\n"
                            "第二节 附则\n"
                            "第三条 本法自2026年1月1日起施行。\n";

Test(law, both_layouts_give_the_same_digests)
{
    struct law a = read_ok(bold);
    struct law b = read_ok(plain);

    cr_assert_eq(a.articles_count, 4u);
    cr_assert_eq(b.articles_count, 4u);
    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(a.articles[i].number, b.articles[i].number);
        cr_assert_eq(a.articles[i].suffix, b.articles[i].suffix);
        cr_assert(digest_equal(&a.articles[i].digest, &b.articles[i].digest), "article %zu", i);
    }
    cr_assert(digest_equal(&a.text_digest, &b.text_digest));
    cr_assert(bytes_equal(a.version, bytes_of_text("2025-10-28")));
    cr_assert(bytes_equal(a.in_force, bytes_of_text("2026-01-01")));
    cr_assert(bytes_equal(b.in_force, bytes_of_text("2026-01-01")));
}

Test(law, an_article_digest_is_the_hash_of_its_folded_text)
{
    struct law law = read_ok(bold);
    struct digest d = digest_of_bytes(DIGEST_SHA256, bytes_of_text("补充。"));

    cr_assert(digest_equal(&law_article_find(&law, 2, 1)->digest, &d));
    cr_assert_null(law_article_find(&law, 2, 2));
    cr_assert_null(law_article_find(&law, 4, 0));
    cr_assert_null(law_article_find(&law, 0, 0));
}

Test(law, one_changed_character_changes_the_digest_of_its_article_alone)
{
    char text[sizeof bold];
    struct law before = read_ok(bold);
    struct law after;
    char *at;

    memcpy(text, bold, sizeof bold);
    at = strstr(text, "甲");
    memcpy(at, "乙", 3);
    after = read_ok(text);
    cr_assert_not(digest_equal(&before.articles[0].digest, &after.articles[0].digest));
    for (size_t i = 1; i < 4; i++)
        cr_assert(digest_equal(&before.articles[i].digest, &after.articles[i].digest));
    cr_assert_not(digest_equal(&before.text_digest, &after.text_digest));
}

Test(law, a_faulty_text_is_refused_with_its_name_and_what_was_found)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"# 法\n第一条 甲\n第三条 丙\n", "法.md: articles are not consecutive, 1 is followed by 3"},
        {"# 法\n第一条 甲\n第一条 甲\n", "1 is followed by 1"},
        {"# 法\n第二条 甲\n", "0 is followed by 2"},
        {"# 法\n第一条 甲\n第一条之二 丙\n", "1 is followed by 1之2"},
        {"# 法\n第一条之一 丙\n", "0 is followed by 1之1"},
        {"第一条 甲\n", "法.md: no title"},
        {"# 法\n前言\n", "法.md: no articles"},
        {"", "法.md: no title"},
        {"# 法\n第一条 \xff\n", "法.md: not UTF-8 text (at byte "},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct err err = {0};
        struct law law;
        char text[ERR_TEXT_BYTES_MAX];

        cr_assert_eq(law_read(bytes_of_text(cases[i].text), "法.md", &arena, &law, &err),
                     ERR_BAD_INPUT, "case %zu", i);
        err_text(&err, LANG_EN, text, sizeof text);
        cr_assert_not_null(strstr(text, cases[i].says), "case %zu: %s", i, text);
    }
}

Test(law, a_reference_within_a_paragraph_begins_no_article)
{
    struct law law = read_ok("# 法\n第一条 甲。\n第三条规定的事项，依照本法。\n"
                             "第二条 乙。\n");

    cr_assert_eq(law.articles_count, 2u);
    cr_assert_not_null(memmem(law.articles[0].text.data, law.articles[0].text.len, "第三条规定",
                              strlen("第三条规定")));
}

Test(law, a_heading_ends_an_article)
{
    struct law law = read_ok("# 法\n第一条 甲。\n第二章 附则\n第二条 乙。\n");
    struct digest d = digest_of_bytes(DIGEST_SHA256, bytes_of_text("甲。"));

    cr_assert(digest_equal(&law.articles[0].digest, &d));
}

Test(law, the_day_in_force_comes_from_the_final_provisions_or_the_history)
{
    static const struct {
        const char *text, *in_force, *version;
    } cases[] = {
        {"# 法\n2020年1月2日通过\n第一条 本法自公布之日起施行。\n", "2020-01-02", "2020-01-02"},
        {"# 法\n2020年1月2日通过\n2021年3月4日修正\n第一条 本法自2020年5月1日起施行。\n",
         "2020-05-01", "2021-03-04"},
        {"# 法\n1982年12月4日公布施行\n第一条 甲。\n", "1982-12-04", "1982-12-04"},
        {"# 法\n2020年1月2日通过\n第一条 甲。\n", "", "2020-01-02"},
        {"# 法\n2020年13月2日通过\n第一条 自2020年2月30日起施行。\n", "", ""},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct law law = read_ok(cases[i].text);

        cr_assert(bytes_equal(law.in_force, bytes_of_text(cases[i].in_force)), "case %zu: %.*s", i,
                  (int)law.in_force.len, (const char *)law.in_force.data);
        cr_assert(bytes_equal(law.version, bytes_of_text(cases[i].version)), "case %zu: %.*s", i,
                  (int)law.version.len, (const char *)law.version.data);
    }
}

Test(law, a_repeal_is_found_in_the_final_provisions_only_by_the_whole_title)
{
    struct law law = read_ok("# 新法\n第一条 依照《旁法》。\n第二条 本法自2026年8月15日起施行。"
                             "《旧法》、《更旧法》和《最旧法》同时废止。\n");

    cr_assert(law_repeals(&law, bytes_of_text("旧法")));
    cr_assert(law_repeals(&law, bytes_of_text("更旧法")));
    cr_assert(law_repeals(&law, bytes_of_text("最旧法")));
    cr_assert_not(law_repeals(&law, bytes_of_text("旁法")));
    cr_assert_not(law_repeals(&law, bytes_of_text("法")));
}

Test(law, civil_dates_are_existing_days)
{
    static const struct {
        const char *text;
        bool valid;
    } cases[] = {{"2026-11-24", true},  {"2024-02-29", true},  {"2026-02-29", false},
                 {"1900-02-29", false}, {"2000-02-29", true},  {"2026-04-31", false},
                 {"2026-00-01", false}, {"2026-1-01", false},  {"2026-01-01 ", false},
                 {"0999-01-01", false}, {"20260-01-1", false}, {"", false}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++)
        cr_assert_eq(law_date_valid(bytes_of_text(cases[i].text)), cases[i].valid, "%s",
                     cases[i].text);
}
