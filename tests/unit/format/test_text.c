/* The text form of items: what is read, and the sentence for what is not. */
#include "question-bank/format/text.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct arena arena;
static struct bank_text bank;
static struct text_report *report;
static struct item_pool pool;

static void text_init(void)
{
    arena_init(&arena, 0);
    bank_text_init(&bank, &arena);
    report = calloc(1, sizeof *report);
}

static void text_fini(void)
{
    bank_text_fini(&bank);
    arena_fini(&arena);
    free(report);
}

TestSuite(text, .init = text_init, .fini = text_fini);

static int read_text(const char *text)
{
    int rc = bank_text_read(&bank, bytes_of_text(text), "宪法.txt", report, NULL);
    int end = bank_text_finish(&bank, &pool, report, NULL);

    return rc != 0 ? rc : end;
}

/* True when one of the sentences, in English, holds `says`. */
static bool reported(const char *says)
{
    for (size_t i = 0; i < report->count; i++) {
        char text[ERR_TEXT_BYTES_MAX];

        err_text(&report->errors[i], LANG_EN, text, sizeof text);
        if (strstr(text, says) != NULL)
            return true;
    }
    return false;
}

static const char *first_sentence(void)
{
    static char text[ERR_TEXT_BYTES_MAX];

    err_text(&report->errors[0], LANG_EN, text, sizeof text);
    return text;
}

#define TAIL                                                                                                                               \
    "【解析】第六十条。\n【依据】《中华人民共和国宪法》第六十条第一款\n【难度】2\n【层次】记忆\n" \
    "【知识点】任期\n【适用】全体\n"
#define SINGLE                                                                                                \
    "【编号】XF-S-001\n【题型】单选题\n【领域】宪法\n【题干】任期为（　　）。\n" \
    "A. 三年\nB. 四年\nC. 五年\nD. 六年\n【答案】C\n" TAIL

Test(text, a_whole_item_is_read)
{
    const struct item *it;

    cr_assert_eq(read_text("# 注释\n\n" SINGLE), 0, "%s", first_sentence());
    cr_assert_eq(pool.count, 1u);
    it = &pool.items[0];
    cr_assert(bytes_equal(it->id, bytes_of_text("XF-S-001")));
    cr_assert_eq(it->revision, 1);
    cr_assert_eq(it->type, ITEM_SINGLE);
    cr_assert_eq(it->options_count, 4u);
    cr_assert_eq(it->answer_key.mask, 4u);
    cr_assert_eq(it->difficulty, 2);
    cr_assert_eq(it->level, 1);
    cr_assert_eq(it->facility, 8000);
    cr_assert_eq(it->audiences_count, 0u);
    cr_assert_eq(it->citations_count, 1u);
    cr_assert_eq(it->citations[0].article, 60u);
    cr_assert_eq(it->citations[0].paragraph, 1u);
    cr_assert_eq(it->source_line, 3u);
    cr_assert_str_eq(it->source_file, "宪法.txt");
}

Test(text, a_file_of_any_line_end_reads_the_same)
{
    static const char *const ends[] = {"\n", "\r\n"};
    static const char lines[] = SINGLE;

    for (size_t e = 0; e < 2; e++) {
        struct buf text = {0};

        buf_append_text(&text, e == 1 ? "\xef\xbb\xbf" : "");
        for (const char *c = lines; *c != '\0'; c++) {
            if (*c == '\n')
                buf_append_text(&text, ends[e]);
            else
                buf_append_byte(&text, (uint8_t)*c);
        }
        cr_assert_eq(read_text(buf_text(&text)), 0, "%zu: %s", e, first_sentence());
        cr_assert(bytes_equal(pool.items[0].options[3], bytes_of_text("六年")));
        buf_fini(&text);
        text_fini();
        text_init();
    }
}

Test(text, every_fault_names_file_line_found_and_expected)
{
    static const struct {
        const char *from, *to; /* edit of SINGLE */
        const char *says;
    } cases[] = {
        {"【编号】XF-S-001", "【编号】xf", "宪法.txt:1: error: 'xf' is no id; expected 3 to 32"},
        {"【题型】单选题", "【题型】论述题", "宪法.txt:2: error: found '论述题', expected"},
        {"【题型】单选题\n", "", "宪法.txt:1: error: item XF-S-001 has no 【题型】"},
        {"【领域】宪法\n", "", "宪法.txt:1: error: item XF-S-001 has no 【领域】"},
        {"【题干】任期为（　　）。", "【题干】", "宪法.txt:4: error: 【题干】 is empty"},
        {"B. 四年\n", "", "宪法.txt:6: error: an option before 'C.' is missing"},
        {"B. 四年\nC. 五年\nD. 六年\n【答案】C", "【答案】A",
         "found 1 options, expected 2 to 8 options"},
        {"【答案】C", "【答案】E", "answer 'E' names an option that does not exist"},
        {"【答案】C", "【答案】BC", "a single-choice item has one answer key, found 'BC'"},
        {"【答案】C", "【答案】", "宪法.txt:9: error: 【答案】 is empty"},
        {"【答案】C", "【答案】对", "'对'"},
        {"【难度】2", "【难度】6", "宪法.txt:12: error: found '6', expected"},
        {"【层次】记忆", "【层次】背诵", "宪法.txt:13: error: found '背诵', expected"},
        {"《中华人民共和国宪法》第六十条第一款", "宪法第60条",
         "宪法.txt:11: error: cannot read the citation '宪法第60条'"},
        {"第六十条第一款", "第六十条第一款@12", "cannot read the citation"},
        {"【适用】全体", "【适用】全体\n【难度】3",
         "宪法.txt:16: error: '【难度】' is there twice"},
        {"【适用】全体", "【适用】全体\n乱写", "宪法.txt:16: error: cannot read '乱写'"},
        {"【适用】全体", "【适用】全体\n【颜色】红", "宪法.txt:16: error: "},
        {"【适用】全体", "【适用】\x01全体", "宪法.txt:15: error: there is a control character"},
        {"【适用】全体", "【适用】\xff全体", "is not UTF-8; save the file as UTF-8"},
        {"【编号】XF-S-001\n", "", "宪法.txt:1: error: 【题型】 belongs to no item"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf text = {0};
        const char *at = strstr(SINGLE, cases[i].from);

        cr_assert_not_null(at, "case %zu", i);
        buf_append(&text, SINGLE, (size_t)(at - SINGLE));
        buf_append_text(&text, cases[i].to);
        buf_append_text(&text, at + strlen(cases[i].from));
        cr_assert_eq(read_text(buf_text(&text)), ERR_BAD_INPUT, "case %zu", i);
        cr_assert(reported(cases[i].says), "case %zu: %s", i, first_sentence());
        buf_fini(&text);
        text_fini();
        text_init();
    }
}

/* `edited` is SINGLE with one thing wrong; both sentences, whole, each in its own language. */
static void expect_sentences(struct bytes edited, const char *zh, const char *en)
{
    char text[ERR_TEXT_BYTES_MAX];
    int rc = bank_text_read(&bank, edited, "宪法.txt", report, NULL);

    if (rc == 0)
        rc = bank_text_finish(&bank, &pool, report, NULL);
    cr_assert_eq(rc, ERR_BAD_INPUT, "%s", zh);
    cr_assert_geq(report->total, 1u, "%s: %zu", zh, report->total);
    err_text(&report->errors[0], LANG_ZH, text, sizeof text);
    cr_assert_str_eq(text, zh);
    err_text(&report->errors[0], LANG_EN, text, sizeof text);
    cr_assert_str_eq(text, en);
    text_fini();
    text_init();
}

Test(text, a_sentence_is_of_one_language)
{
    static const struct {
        const char *from, *to; /* edit of SINGLE */
        const char *zh, *en;
    } cases[] = {
        {"【答案】C", "【答案】BC",
         "宪法.txt:9: 错误：单选题只能有一个答案，写的是“BC”，应当是：一个字母",
         "宪法.txt:9: error: a single-choice item has one answer key, found 'BC', expected one "
         "letter"},
        {"【答案】C\n", "【答案】\n", "宪法.txt:9: 错误：【答案】是空的，应当写明答案",
         "宪法.txt:9: error: 【答案】 is empty, expected an answer key"},
        {"【答案】C\n", "", "宪法.txt:1: 错误：试题 XF-S-001 缺少【答案】",
         "宪法.txt:1: error: item XF-S-001 has no 【答案】"},
        {"【答案】C", "【答案】E",
         "宪法.txt:9: 错误：答案“E”中有不存在的选项，应当是：A～D 中的选项字母",
         "宪法.txt:9: error: answer 'E' names an option that does not exist, expected letters from "
         "A to D"},
        {"【依据】《中华人民共和国宪法》第六十条第一款\n", "",
         "宪法.txt:1: 错误：试题 XF-S-001 缺少【依据】",
         "宪法.txt:1: error: item XF-S-001 has no 【依据】"},
        {"【适用】全体", "【适用】\xff全体",
         "宪法.txt:15: 错误：第 13 个字节不是 UTF-8，请以 UTF-8 编码保存文件",
         "宪法.txt:15: error: byte 13 is not UTF-8; save the file as UTF-8"},
        {"【难度】2", "【难度】6", "宪法.txt:12: 错误：写的是“6”，应当是：1～5 的整数",
         "宪法.txt:12: error: found '6', expected a number from 1 to 5"},
        {"【领域】宪法", "【领域】", "宪法.txt:3: 错误：【领域】是空的，应当填写",
         "宪法.txt:3: error: 【领域】 is empty"},
        {"B. 四年", "B.", "宪法.txt:6: 错误：选项是空的，应当填写",
         "宪法.txt:6: error: an option is empty"},
        {"【适用】全体", "【适用】全体\n乱写",
         "宪法.txt:16: 错误：看不懂“乱写”，应当是：以【字段】或“A.”开头的一行",
         "宪法.txt:16: error: cannot read '乱写', expected a line that begins with a 【field】 or "
         "an option's letter"},
    };
    struct buf text = {0};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *at = strstr(SINGLE, cases[i].from);

        cr_assert_not_null(at, "case %zu", i);
        buf_clear(&text);
        buf_append(&text, SINGLE, (size_t)(at - SINGLE));
        buf_append_text(&text, cases[i].to);
        buf_append_text(&text, at + strlen(cases[i].from));
        expect_sentences(buf_view(&text), cases[i].zh, cases[i].en);
    }
    expect_sentences(
        bytes_of_text(SINGLE "\n" SINGLE),
        "宪法.txt:17: 错误：编号 XF-S-001 已经用过（宪法.txt:1），编号在题库中不得重复",
        "宪法.txt:17: error: id XF-S-001 is already used at 宪法.txt:1; ids are unique "
        "in a bank");
    buf_clear(&text);
    buf_append_text(&text, SINGLE "【互斥】");
    for (size_t i = 0; i < 10u << 20; i++)
        buf_append_byte(&text, 'A');
    expect_sentences(buf_view(&text), "宪法.txt:16: 错误：这一行有 10485772 字节，最多 65536 字节",
                     "宪法.txt:16: error: the line has 10485772 bytes, at most 65536 are allowed");
    buf_clear(&text);
    buf_append_text(&text, "【编号】XF-S-001\n【题型】单选题\n【领域】");
    for (size_t i = 0; i < 97; i++)
        buf_append_byte(&text, 'a');
    buf_append_text(&text, strstr(SINGLE, "\n【题干】"));
    expect_sentences(
        buf_view(&text),
        "宪法.txt:3: 错误：写的是“aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…”，太长，应当是：【领域】最多 "
        "96 字节",
        "宪法.txt:3: error: too long: found 'aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa…', expected 【领域】 of "
        "at most 96 bytes");
    buf_fini(&text);
}

Test(text, rules_of_the_other_types_are_kept)
{
    static const struct {
        const char *text, *says; /* NULL: read */
    } cases[] = {
        {"【编号】A-1\n【题型】判断题\n【领域】宪法\n【题干】甲。\n【答案】正确\n" TAIL, NULL},
        {"【编号】A-1\n【题型】判断题\n【领域】宪法\n【题干】甲。\n【答案】是\n" TAIL, "'是'"},
        {"【编号】A-1\n【题型】判断题\n【领域】宪法\n【题干】甲。\nA. 对\n【答案】正确\n" TAIL,
         "has no options, found"},
        {"【编号】A-1\n【题型】填空题\n【领域】宪法\n【题干】为____。\n【答案】五年｜5年\n" TAIL,
         NULL},
        {"【编号】A-1\n【题型】填空题\n【领域】宪法\n【题干】没有空。\n【答案】五年\n" TAIL,
         "needs exactly"},
        {"【编号】A-1\n【题型】填空题\n【领域】宪法\n【题干】____和____。\n【答案】五年\n" TAIL,
         "needs exactly"},
        {"【编号】A-1\n【题型】多选题\n【领域】宪法\n【题干】有（　　）。\nA. 甲\nB. 乙\nC. "
         "丙\n【答案】A\n" TAIL,
         "two answer keys or more, found 'A'"},
        {"【编号】A-1\n【题型】多选题\n【领域】宪法\n【题干】有（　　）。\nA. 甲\nB. 乙\nC. "
         "丙\n【答案】AC\n" TAIL,
         NULL},
        {"【编号】A-1\n【题型】多选题\n【领域】宪法\n【题干】有（　　）。\nA. 甲\nB. 乙\nC. "
         "丙\n【答案】CA\n" TAIL,
         "'CA'"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        int rc = read_text(cases[i].text);

        cr_assert_eq(rc == 0, cases[i].says == NULL, "case %zu: %s", i, first_sentence());
        cr_assert(cases[i].says == NULL || reported(cases[i].says), "case %zu: %s", i,
                  first_sentence());
        text_fini();
        text_init();
    }
}

Test(text, all_errors_of_a_file_are_told_and_counted)
{
    struct buf text = {0};

    for (int i = 0; i < TEXT_ERRORS_MAX + 50; i++)
        buf_append_text(&text, "乱写\n");
    cr_assert_eq(read_text(buf_text(&text)), ERR_BAD_INPUT);
    cr_assert_eq(report->count, (size_t)TEXT_ERRORS_MAX);
    cr_assert_eq(report->total, (size_t)TEXT_ERRORS_MAX + 50);
    buf_fini(&text);
}

Test(text, an_id_is_unique_in_the_whole_bank)
{
    cr_assert_eq(bank_text_read(&bank, bytes_of_text(SINGLE), "甲.txt", report, NULL), 0);
    cr_assert_eq(bank_text_read(&bank, bytes_of_text("\n" SINGLE), "乙.txt", report, NULL), 0);
    cr_assert_eq(bank_text_finish(&bank, &pool, report, NULL), ERR_BAD_INPUT);
    cr_assert(reported("id XF-S-001 is already used at"), "%s", first_sentence());
}

Test(text, enemies_are_closed_symmetrically_and_items_sorted)
{
    cr_assert_eq(
        read_text("【编号】B-1\n【题型】判断题\n【领域】宪法\n【题干】甲。\n【答案】正确\n" TAIL
                  "【互斥】A-1\n\n"
                  "【编号】A-1\n【题型】判断题\n【领域】宪法\n【题干】乙。\n【答案】错误\n" TAIL),
        0, "%s", first_sentence());
    cr_assert(bytes_equal(pool.items[0].id, bytes_of_text("A-1")));
    cr_assert_eq(pool.items[0].enemies_count, 1u);
    cr_assert(bytes_equal(pool.items[0].enemies[0], bytes_of_text("B-1")));
    cr_assert_eq(pool.items[1].enemies_count, 1u);
}

Test(text, a_citation_is_parsed_and_written_again)
{
    static const char *const good[] = {
        "《中华人民共和国宪法》第六十条",
        "《中华人民共和国刑法》第一百二十条之一第二款第三项",
        "《中华人民共和国生态环境法典》第一千二百四十二条@0123456789abcdef",
        "《法》第十条第二款",
        "《法》第十条第二项",
    };
    static const char *const bad[] = {
        "《法》",
        "《法》第条",
        "《法》第10条",
        "法第十条",
        "《法》第十条第款",
        "《法》第十条@",
        "《法》第十条@0",
        "《法》第十条第二款 ",
        "《》第十条",
        "《法》第零条",
        "《法》第十条@0123456789abcdeg",
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        struct citation c;
        struct buf out = {0};

        cr_assert_eq(text_citation_parse(bytes_of_text(good[i]), &c), 0, "%s", good[i]);
        text_citation_write(&c, &out);
        cr_assert_str_eq(buf_text(&out), good[i]);
        buf_fini(&out);
    }
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        struct citation c;

        cr_assert_neq(text_citation_parse(bytes_of_text(bad[i]), &c), 0, "%s", bad[i]);
    }
}
