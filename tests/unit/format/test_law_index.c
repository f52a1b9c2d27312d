/* The law index: made from texts, written, read again; faults are named by file and line. */
#include "question-bank/format/law_index.h"

#include <criterion/criterion.h>
#include <string.h>

static struct arena arena;

static void index_init(void)
{
    arena_init(&arena, 0);
}

static void index_fini(void)
{
    arena_fini(&arena);
}

TestSuite(law_index, .init = index_init, .fini = index_fini);

static struct law law_of(const char *text)
{
    struct law law;

    cr_assert_eq(law_read(bytes_of_text(text), "法.md", &arena, &law, NULL), 0);
    return law;
}

static const struct law *find(const struct law_index *index, const char *title)
{
    return law_index_find(index, bytes_of_text(title));
}

static const char old_text[] =
    "# 环境法\n2014年4月24日修订\n第一条 甲。\n第二条 本法自2015年1月1日起施行。\n";
static const char newer_text[] = "# 环境法\n2014年4月24日修订\n2020年5月1日修正\n第一条 "
                                 "乙。\n第二条 本法自2015年1月1日起施行。\n";
static const char code_text[] = "# 生态法典\n2026年3月12日通过\n第一条 丙。\n"
                                "第二条 本法典自2026年8月15日起施行。《环境法》同时废止。\n";

Test(law_index, the_newest_version_counts_and_a_repeal_is_dated)
{
    struct law laws[] = {law_of(code_text), law_of(old_text), law_of(newer_text)};
    struct law_index index;

    cr_assert_eq(law_index_make(laws, 3, NULL, &arena, &index, NULL), 0);
    cr_assert_eq(index.count, 2u);
    cr_assert(bytes_equal(find(&index, "环境法")->version, bytes_of_text("2020-05-01")));
    cr_assert(bytes_equal(find(&index, "环境法")->repealed, bytes_of_text("2026-08-15")));
    cr_assert_eq(find(&index, "生态法典")->repealed.len, 0u);
    cr_assert_null(find(&index, "旁法"));
}

Test(law_index, two_different_texts_of_one_version_conflict_where_they_are_cited)
{
    struct law laws[] = {
        law_of(old_text),
        law_of("# 环境法\n2014年4月24日修订\n第一条 丁。\n第二条 本法自2015年1月1日起施行。\n")};
    struct item it = {.citations_count = 1};
    struct item_pool cited = {&it, 1};
    struct law_index index;
    struct err err = {0};
    char text[ERR_TEXT_BYTES_MAX];

    it.citations[0].title = bytes_of_text("环境法");
    cr_assert_eq(law_index_make(laws, 2, &cited, &arena, &index, &err), ERR_CONFLICT);
    err_text(&err, LANG_EN, text, sizeof text);
    cr_assert_not_null(strstr(text, "two different texts of 《环境法》, version 2014-04-24"), "%s",
                       text);
    it.citations[0].title = bytes_of_text("旁法");
    cr_assert_eq(law_index_make(laws, 2, &cited, &arena, &index, NULL), 0);
    cr_assert_eq(index.count, 0u);
}

Test(law_index, an_index_is_read_as_it_was_written)
{
    struct law laws[] = {law_of(code_text), law_of(newer_text)};
    struct law_index index;
    struct law_index again;
    struct buf text = {0};
    struct buf text_again = {0};

    cr_assert_eq(law_index_make(laws, 2, NULL, &arena, &index, NULL), 0);
    buf_append_text(&text, "# 注释\n");
    law_index_write(&index, &text);
    cr_assert_eq(law_index_read(buf_view(&text), "laws.tsv", &arena, &again, NULL), 0);
    cr_assert_eq(again.count, 2u);
    cr_assert(digest_equal(&law_article_find(find(&again, "环境法"), 2, 0)->digest,
                           &law_article_find(find(&index, "环境法"), 2, 0)->digest));
    buf_append_text(&text_again, "# 注释\n");
    law_index_write(&again, &text_again);
    cr_assert(bytes_equal(buf_view(&text), buf_view(&text_again)));
    buf_fini(&text);
    buf_fini(&text_again);
}

#define HEX "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"

Test(law_index, a_faulty_line_is_named_with_what_was_expected)
{
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"x\n", "laws.tsv:1: error: found 'x', expected law and 5 columns, or art and 2"},
        {"art\t1\t" HEX "\n", "laws.tsv:1: error: found 'art', expected a law before its articles"},
        {"law\t甲\t2020-01-01\t\t\n", "laws.tsv:1: error: found"},
        {"law\t甲\t2020-01-32\t\t\t" HEX "\n", "expected dates YYYY-MM-DD"},
        {"law\t甲\t\t\t\t" HEX "\n", "expected dates YYYY-MM-DD"},
        {"law\t\t2020-01-01\t\t\t" HEX "\n", "expected the title of a law"},
        {"law\t甲\t2020-01-01\t\t\t" HEX "0\n", "expected a digest of 64 hexadecimal digits"},
        {"law\t甲\t2020-01-01\t\t\t" HEX "\nlaw\t甲\t2020-01-01\t\t\t" HEX "\n",
         "laws.tsv:2: error: found '甲', expected"},
        {"law\t甲\t2020-01-01\t\t\t" HEX "\nart\t0\t" HEX "\n", "laws.tsv:2: error: found '0'"},
        {"law\t甲\t2020-01-01\t\t\t" HEX "\nart\t2\t" HEX "\nart\t1\t" HEX "\n",
         "laws.tsv:3: error: found '1', expected"},
        {"law\t甲\t2020-01-01\t\t\t" HEX "\nart\t2.1\t" HEX "\nart\t2\t" HEX "\n",
         "laws.tsv:3: error: found '2'"},
        {"law\t甲\t2020-01-01\t\t\t" HEX "\nart\t2\tzz\n", "laws.tsv:2: error: found 'zz'"},
        {"# \xc3\x28\nlaw\t\xff\n", "laws.tsv:2: error: found '', expected text in UTF-8"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct law_index index;
        struct err err = {0};
        char text[ERR_TEXT_BYTES_MAX];

        cr_assert_eq(law_index_read(bytes_of_text(cases[i].text), "laws.tsv", &arena, &index, &err),
                     ERR_BAD_INPUT, "case %zu", i);
        err_text(&err, LANG_EN, text, sizeof text);
        cr_assert_not_null(strstr(text, cases[i].says), "case %zu: %s", i, text);
    }
}
