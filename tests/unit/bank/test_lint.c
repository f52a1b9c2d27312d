/* Lint: each rule fires on the item that breaks it, on no other, and says so. */
#include "question-bank/bank/lint.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { ITEMS_MAX = 64 };

static struct item items[ITEMS_MAX];
static char ids[ITEMS_MAX][16];
static char texts[ITEMS_MAX][5][96];
static struct item_pool pool = {items, 0};
static struct law_article articles[2];
static struct law law;
static struct law_index laws = {&law, 1};
static struct lint_report report;

static void lint_init(void)
{
    memset(items, 0, sizeof items);
    pool.count = 0;
    memset(&law, 0, sizeof law);
    law.title = bytes_of_text("中华人民共和国样法");
    law.version = bytes_of_text("2020-01-01");
    law.in_force = bytes_of_text("2020-05-01");
    law.articles = articles;
    law.articles_count = 2;
    articles[0].number = 1;
    articles[1].number = 1;
    articles[1].suffix = 2;
    memset(articles[0].digest.b, 1, DIGEST_BYTES);
    memset(articles[1].digest.b, 2, DIGEST_BYTES);
}

static void lint_done(void)
{
    lint_report_fini(&report);
}

TestSuite(lint, .init = lint_init, .fini = lint_done);

/* A single-choice item unlike all others; its key is option number % 4. */
static struct item *add(void)
{
    static const char *const marks[] = {"甲乙", "丙丁", "戊己", "庚辛",
                                        "壬癸", "子丑", "寅卯", "辰巳"};
    size_t n = pool.count++;
    struct item *it = &items[n];

    snprintf(ids[n], sizeof ids[n], "T-%03zu", n);
    snprintf(texts[n][4], sizeof texts[n][4], "%zu号%s事项第%zu次由%s办理的是", n * 7919 % 1009,
             marks[n % 8], n * n % 997, marks[n / 8 % 8]);
    it->id = bytes_of_text(ids[n]);
    it->type = ITEM_SINGLE;
    it->stem = bytes_of_text(texts[n][4]);
    it->options_count = 4;
    for (size_t i = 0; i < 4; i++) {
        snprintf(texts[n][i], sizeof texts[n][i], "%s%zu", marks[(n + i * 3) % 8], n * 31 + i * 17);
        it->options[i] = bytes_of_text(texts[n][i]);
    }
    it->answer_key.mask = 1U << n % 4;
    it->citations[0].title = law.title;
    it->citations[0].article = 1;
    memset(it->citations[0].article_digest.b, 1, 8);
    it->citations_count = 1;
    return it;
}

static void run(bool with_laws, const char *law_date)
{
    struct lint_options options = {with_laws ? &laws : NULL, bytes_of_text(law_date)};

    lint_report_fini(&report);
    cr_assert_eq(lint_pool(&pool, &options, &report, NULL), 0);
}

static const char *sentence(size_t i)
{
    static char text[ERR_TEXT_BYTES_MAX];

    text[0] = '\0';
    if (i < report.count)
        err_text(&report.findings[i].what, LANG_EN, text, sizeof text);
    return text;
}

static void expect_one(enum lint_severity severity, const struct item *it, const char *says)
{
    cr_assert_eq(report.count, 1u, "%zu findings: %s", report.count, sentence(0));
    cr_assert_eq(report.findings[0].severity, severity);
    cr_assert_eq(report.findings[0].item, it);
    cr_assert_eq(report.errors, severity == LINT_ERROR ? 1u : 0u);
    cr_assert_eq(report.warnings, severity == LINT_WARNING ? 1u : 0u);
    cr_assert_not_null(strstr(sentence(0), says), "%s", sentence(0));
}

Test(lint, a_good_bank_has_no_findings)
{
    for (int i = 0; i < 40; i++)
        add();
    run(true, "2026-11-24");
    cr_assert_eq(report.count, 0u, "%s", sentence(0));
}

Test(lint, a_citation_is_checked_against_the_index)
{
    static const struct {
        const char *title;
        uint32_t article, suffix;
        uint8_t digest;
        const char *in_force, *repealed, *law_date, *says;
    } cases[] = {
        {"中华人民共和国样法", 1, 0, 1, "2020-05-01", "", "2026-11-24", NULL},
        {"中华人民共和国样法", 1, 2, 2, "2020-05-01", "", "2026-11-24", NULL},
        {"中华人民共和国样法", 1, 0, 1, "2020-05-01", "2026-11-25", "2026-11-24", NULL},
        {"中华人民共和国样法", 1, 0, 1, "2026-12-01", "", "", NULL},
        {"样法", 1, 0, 1, "2020-05-01", "", "2026-11-24", "the law index has no 《样法》"},
        {"中华人民共和国样法", 2, 0, 1, "2020-05-01", "", "2026-11-24",
         "《中华人民共和国样法》 has no article 二"},
        {"中华人民共和国样法", 1, 1, 1, "2020-05-01", "", "2026-11-24", "has no article 一条之一"},
        {"中华人民共和国样法", 1, 0, 2, "2020-05-01", "", "2026-11-24", "the law has changed"},
        {"中华人民共和国样法", 1, 0, 0, "2020-05-01", "", "2026-11-24", "run mingfa-bank cite"},
        {"中华人民共和国样法", 1, 0, 1, "2020-05-01", "2026-08-15", "2026-11-24",
         "was repealed on 2026-08-15"},
        {"中华人民共和国样法", 1, 0, 1, "2020-05-01", "2026-11-24", "2026-11-24",
         "was repealed on"},
        {"中华人民共和国样法", 1, 0, 1, "2026-12-01", "", "2026-11-24",
         "is in force from 2026-12-01, not yet on 2026-11-24"},
    };
    struct item *it = add();

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        it->citations[0].title = bytes_of_text(cases[i].title);
        it->citations[0].article = cases[i].article;
        it->citations[0].suffix = cases[i].suffix;
        memset(it->citations[0].article_digest.b, cases[i].digest, 8);
        law.in_force = bytes_of_text(cases[i].in_force);
        law.repealed = bytes_of_text(cases[i].repealed);
        run(true, cases[i].law_date);
        if (cases[i].says == NULL)
            cr_assert_eq(report.count, 0u, "case %zu: %s", i, sentence(0));
        else
            expect_one(LINT_ERROR, it, cases[i].says);
        run(false, cases[i].law_date);
        cr_assert_eq(report.count, 0u, "without an index, case %zu", i);
    }
}

Test(lint, a_key_that_its_length_gives_away_is_an_error)
{
    struct item *it = add();

    it->answer_key.mask = 2;
    it->options[1] = bytes_of_text("一二三四五六七八九十一二三四五六七八九十");
    run(false, "");
    cr_assert_eq(report.errors, 0u, "twenty characters are allowed");
    it->options[1] = bytes_of_text("一二三四五六七八九十一二三四五六七八九十甲");
    run(false, "");
    expect_one(LINT_ERROR, it,
               "item T-000: the correct option has 21 characters, the longest other");
    it->answer_key.mask = 1;
    run(false, "");
    cr_assert_eq(report.errors, 0u, "a long distractor is no giveaway");
}

Test(lint, all_of_the_above_is_not_allowed)
{
    static const struct {
        const char *option;
        bool allowed;
    } cases[] = {{"以上都对", false},
                 {"以上都不对", false},
                 {"以上说法均不正确。", false},
                 {"上述各项都正确", false},
                 {"前述 全对", false},
                 {"以上三项都是", false},
                 {"三年以上五年以下", true},
                 {"上述机关都不得收费", true},
                 {"以上述机关为准的都是公务员所称对象", true}};
    struct item *it = add();

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        it->options[3] = bytes_of_text(cases[i].option);
        run(false, "");
        if (cases[i].allowed)
            cr_assert_eq(report.errors, 0u, "%s", cases[i].option);
        else
            expect_one(LINT_ERROR, it, cases[i].option);
    }
}

Test(lint, an_enemy_must_exist)
{
    struct item *it = add();

    it->enemies[0] = bytes_of_text("Z-999");
    it->enemies_count = 1;
    run(false, "");
    expect_one(LINT_ERROR, it, "item T-000: there is no item Z-999 to be its enemy");
}

Test(lint, equal_and_nearly_equal_items_are_errors_and_equal_stems_of_other_options_are_not)
{
    struct item *a = add();
    struct item *b = add();

    b->stem = a->stem;
    for (size_t i = 0; i < 4; i++)
        b->options[i] = a->options[i];
    run(false, "");
    expect_one(LINT_ERROR, b, "item T-001 has the same stem as T-000");
    a->stem =
        bytes_of_text("根据宪法和有关法律的规定，全国人民代表大会每一届的任期为（　　），届满改选");
    b->stem =
        bytes_of_text("根据宪法和有关法律的规定，全国人民代表大会每一届的任期是（　　），届满改选");
    run(false, "");
    expect_one(LINT_ERROR, b, "item T-001 is nearly the same as T-000 (similarity ");
    b->type = ITEM_MULTIPLE;
    run(false, "");
    cr_assert_eq(report.count, 0u, "another type is another item: %s", sentence(0));
}

Test(lint, keys_that_are_mostly_the_longest_option_are_warned_of)
{
    for (int i = 0; i < 20; i++) {
        struct item *it = add();

        if (i < 11) {
            size_t key = (size_t)__builtin_ctz(it->answer_key.mask);

            strcat(texts[i][key], "（补充若干字）");
            it->options[key] = bytes_of_text(texts[i][key]);
        }
    }
    run(false, "");
    expect_one(LINT_WARNING, NULL,
               "of 20 single-choice items 11 have the longest option as their key");
}

Test(lint, unbalanced_key_positions_are_warned_of_by_letter)
{
    for (int i = 0; i < 20; i++)
        add()->answer_key.mask = i < 9 ? 2 : i < 13 ? 1 : i < 17 ? 4 : 8;
    run(false, "");
    expect_one(LINT_WARNING, NULL, "of 20 items 9 have B (45%)");
}

Test(lint, findings_beyond_the_limit_are_counted)
{
    for (int i = 0; i < ITEMS_MAX; i++) {
        struct item *it = add();

        for (it->enemies_count = 0; it->enemies_count < 10; it->enemies_count++)
            it->enemies[it->enemies_count] = bytes_of_text("Z-999");
    }
    run(false, "");
    cr_assert_eq(report.count, (size_t)LINT_FINDINGS_MAX);
    cr_assert_eq(report.errors, 10u * ITEMS_MAX);
}
