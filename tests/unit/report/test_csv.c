/* What Excel and programs get, byte by byte. */
#include "server/report/coverage_csv.h"
#include "server/report/csv.h"
#include "server/report/score_csv.h"

#include <criterion/criterion.h>
#include <string.h>

static struct bytes T(const char *text) {
    return bytes_of_text(text);
}

Test(csv_writer, cells_are_quoted_and_formulas_made_harmless)
{
    static const struct {
        const char *text, *bytes;
    } cases[] = {{"张三", "张三"},
                 {"a,b", "\"a,b\""},
                 {"a\"b", "\"a\"\"b\""},
                 {"a\r\nb", "\"a\r\nb\""},
                 {"=1+1", "'=1+1"},
                 {"+86", "'+86"},
                 {"-1", "'-1"},
                 {"@x", "'@x"},
                 {"\tx", "'\tx"},
                 {"\rx", "\"'\rx\""},
                 {"=A1,B1", "\"'=A1,B1\""},
                 {"a=b", "a=b"},
                 {"—", "—"},
                 {"", ""},
                 {" a", "\" a\""}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf b = {0}, expected = {0};
        struct csv_writer w;

        csv_writer_init(&w, &b);
        csv_write_string(&w, cases[i].text);
        csv_write_number(&w, -5);
        csv_end_row(&w);
        buf_printf(&expected, "\xef\xbb\xbf%s,-5\r\n", cases[i].bytes);
        cr_assert_str_eq(buf_text(&b), buf_text(&expected), "case %zu", i);
        buf_fini(&b);
        buf_fini(&expected);
    }
}

Test(csv_writer, ids_stay_text_in_excel)
{
    static const struct {
        const char *id, *bytes;
    } cases[] = {{"0012", "\"=\"\"0012\"\"\""},
                 {"510104199001011234", "\"=\"\"510104199001011234\"\"\""},
                 {"A-1", "\"=\"\"A-1\"\"\""},
                 {"-1", "\"=\"\"-1\"\"\""},
                 {"=cmd", "'=cmd"},
                 {"司-1", "司-1"},
                 {"", ""}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf b = {0};
        struct csv_writer w;

        csv_writer_init(&w, &b);
        csv_write_id(&w, T(cases[i].id));
        cr_assert_str_eq(buf_text(&b) + 3, cases[i].bytes, "case %zu", i);
        buf_fini(&b);
    }
}

/* The cells of the first row behind the head, as a reader of RFC 4180 sees them. */
static size_t cells_read(const char *csv, char cells[][64], size_t max)
{
    const char *p = strstr(csv, "\r\n") + 2;
    size_t count = 0;

    while (count < max) {
        bool quoted = *p == '"';
        size_t len = 0;

        p += quoted;
        for (;; p++) {
            if (quoted && p[0] == '"' && p[1] == '"')
                p++;
            else if (quoted ? *p == '"' : strchr(",\r", *p) != NULL)
                break;
            cr_assert_neq(*p, '\0');
            cells[count][len++] = *p;
        }
        p += quoted;
        cells[count++][len] = '\0';
        if (*p != ',')
            break;
        p++;
    }
    cr_assert_eq(strncmp(p, "\r\n", 2), 0);
    return count;
}

Test(score_csv, no_text_of_a_person_becomes_a_formula_in_any_column)
{
    static const char *const evil[] = {
        "=HYPERLINK(\"http://x\",\"y\")", "+1", "-1+1", "@SUM(A1)", "\t=1", "\r=1", "=1,\n\"2\"",
    };

    for (size_t i = 0; i < sizeof evil / sizeof evil[0]; i++) {
        struct bytes text = T(evil[i]);
        struct score_csv_line line = {.number = text,
                                      .name = text,
                                      .unit = text,
                                      .category = text,
                                      .exam = text,
                                      .points = 6000,
                                      .passed = true,
                                      .band = text,
                                      .attempt = 1};
        static const size_t columns[] = {0, 1, 2, 3, 4, 7};
        char cells[16][64];
        struct buf b = {0};

        cr_assert_eq(score_csv_write(&line, 1, &b, NULL), 0);
        cr_assert_eq(strncmp(buf_text(&b), "\xef\xbb\xbf人员编号", 3 + 12), 0);
        cr_assert_null(strstr(buf_text(&b) + 3, "\xef\xbb\xbf"), "one BOM only");
        cr_assert_eq(cells_read(buf_text(&b), cells, 16), 10, "%zu", i);
        for (size_t k = 0; k < sizeof columns / sizeof columns[0]; k++) {
            const char *cell = cells[columns[k]];

            cr_assert_eq(cell[0], '\'', "%zu: %s", i, cell);
            cr_assert_str_eq(cell + 1, evil[i]);
        }
        buf_fini(&b);
    }
}

Test(score_csv, scores_are_listed_with_times_at_plus_eight)
{
    const struct score_csv_line lines[] = {
        {T("0012"), T("张三"), T("司法局"), T("公务员"), T("2026年度考试"), 8550, true, false,
         T("良好"), 2, INT64_C(1795482000000)},
        {T("0013"), T("=李四"), T("司法局"), T("公务员"), T("2026年度考试"), 5905, false, false,
         T(""), 1, INT64_C(1795482001000)},
        {T("0014"), T("王五"), T("司法局"), T("公务员"), T("2026年度考试"), 9000, true, true,
         T("优秀"), 1, INT64_C(1795482001000)},
    };
    struct buf b = {0};

    cr_assert_eq(score_csv_write(lines, 3, &b, NULL), 0);
    cr_assert_str_eq(
        buf_text(&b),
        "\xef\xbb\xbf人员编号,姓名,单位,人员类别,考试,成绩,是否合格,等次,第几次,交卷时间\r\n"
        "\"=\"\"0012\"\"\",张三,司法局,公务员,2026年度考试,85.50,合格,良好,2,2026-11-24 "
        "09:00:00\r\n"
        "\"=\"\"0013\"\"\",'=李四,司法局,公务员,2026年度考试,59.05,不合格,,1,2026-11-24 "
        "09:00:01\r\n"
        "\"=\"\"0014\"\"\",王五,司法局,公务员,2026年度考试,90.00,待定,优秀,1,2026-11-24 "
        "09:00:01\r\n");
    buf_fini(&b);
}

Test(coverage_csv, the_formula_stands_under_the_table_and_what_does_not_foot_is_not_issued)
{
    struct person_facts facts[3] = {{EXEMPTION_NONE, STANDING_SCORED, true, 1},
                                    {EXEMPTION_NONE, STANDING_NONE, false, 0},
                                    {EXEMPTION_EXEMPT, STANDING_NONE, false, 0}};
    static const char *const numbers[] = {"1", "2", "3"};
    struct roster r;
    struct coverage c;
    struct coverage_input in = {.roster = &r, .cut_off = T("2026-06-30"), .facts = facts};
    struct coverage_csv csv = {.coverage = &c,
                               .exam = "2026年度考试",
                               .cut_off = T("2026-06-30"),
                               .as_of_ms = INT64_C(1795482000000),
                               .closed = true};
    struct buf b = {0};
    struct err err = {0};
    char text[ERR_TEXT_BYTES_MAX];

    roster_init(&r);
    cr_assert_eq(
        roster_set_unit(
            &r, &(struct unit_record){T("01"), T("全区"), T(""), T("2020-01-01"), T(""), 0}, NULL),
        0);
    cr_assert_eq(roster_set_unit(&r,
                                 &(struct unit_record){T("0101"), T("司法局"), T("01"),
                                                       T("2020-01-01"), T(""), 0},
                                 NULL),
                 0);
    for (int i = 0; i < 3; i++) {
        struct person_record rec = {T(numbers[i]), T("张三"),       T(i == 0 ? "0101" : "01"),
                                    T("公务员"),   PERSON_ON_BOOKS, T("2026-01-01"),
                                    T(""),         T(""),           0};

        cr_assert_eq(roster_set_person(&r, &rec, NULL), 0);
    }
    cr_assert_eq(coverage_make(&in, &c, NULL), 0);
    cr_assert_eq(coverage_csv_write(&csv, &b, NULL), 0);
    cr_assert_str_eq(
        buf_text(&b),
        "\xef\xbb\xbf"
        "2026年度考试\r\n"
        "单位编码,单位名称,层级,口径,应考,免考,实考,合格,待定,缓考,缺考,已旁听,合格且已旁听,参考率,"
        "合格率,覆盖率,一体化覆盖率\r\n"
        "\"=\"\"01\"\"\",全区,0,合计,2,1,1,1,0,0,1,1,1,50.00%,100.00%,50.00%,50.00%\r\n"
        "\"=\"\"01\"\"\",全区,0,本级,1,1,0,0,0,0,1,0,0,0.00%,—,0.00%,0.00%\r\n"
        "\"=\"\"0101\"\"\",司法局,1,合计,1,0,1,1,0,0,0,1,1,100.00%,100.00%,100.00%,100.00%\r\n"
        "应考 = 属本次考试对象且截止日在册 − 批准免考 = 实考 + 待定 + 缓考 + 缺考；参考率 = 实考 ÷ "
        "应考；"
        "合格率 = 合格 ÷ 实考；覆盖率 = 合格 ÷ 应考；一体化覆盖率 =（合格且已旁听）÷ 应考；"
        "合计 = 本级 + 下级合计。\r\n"
        "在册截止日：2026-06-30；数据截至：2026-11-24 09:00:00（北京时间）\r\n");
    buf_clear(&b);
    c.nodes[1].total.n[COVERAGE_SAT]++;
    cr_assert_eq(coverage_csv_write(&csv, &b, &err), ERR_CORRUPT);
    cr_assert_eq(b.len, 0u);
    err_text(&err, LANG_ZH, text, sizeof text);
    cr_assert_str_eq(text, "单位01的统计数不平（合计 ≠ 本级 + 下级合计），未出表");
    coverage_fini(&c);
    roster_fini(&r);
    buf_fini(&b);
}
