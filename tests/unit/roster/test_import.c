/* Imports: what a row becomes, and the sentence a person sees for what is wrong with it. */
#include "server/roster/roster_import.h"

#include <criterion/criterion.h>
#include <string.h>

enum { ROWS_MAX = 16, CELLS_MAX = 10 };

static struct bytes T(const char *text) {
    return bytes_of_text(text);
}

struct sheet {
    char text[4096];
    struct bytes cells[ROWS_MAX][CELLS_MAX];
    struct import_row rows[ROWS_MAX];
    struct import_table table;
};

/* Cells separated by commas, rows by semicolons. */
static void sheet_make(struct sheet *s, const char *text)
{
    size_t rows = 0, cells = 0, from = 0;

    cr_assert_lt(strlen(text), sizeof s->text);
    strcpy(s->text, text);
    for (size_t i = 0;; i++) {
        char c = s->text[i];

        if (c == ',' || c == ';' || c == '\0') {
            s->cells[rows][cells++] = bytes_of(s->text + from, i - from);
            from = i + 1;
        }
        if (c == ';' || c == '\0') {
            s->rows[rows] = (struct import_row){(uint32_t)rows + 1, s->cells[rows], cells};
            rows++;
            cells = 0;
        }
        if (c == '\0') {
            break;
        }
    }
    s->table = (struct import_table){s->rows, rows};
}

static void roster_make(struct roster *r)
{
    static const struct unit_record units[] = {{{(const uint8_t *)"01", 2},
                                                {(const uint8_t *)"Q", 1},
                                                {0},
                                                {(const uint8_t *)"2020-01-01", 10},
                                                {0},
                                                0}};
    struct unit_record sub = {T("0101"), T("司法局"), T("01"), T("2020-01-01"), T(""), 0};
    struct person_record zhang = {T("001"),    T("张三"),       T("0101"),
                                  T("公务员"), PERSON_ON_BOOKS, T("2024-01-01"),
                                  T("科长"),   T("2023-05-01"), 0};

    roster_init(r);
    cr_assert_eq(roster_set_unit(r, &units[0], NULL), 0);
    cr_assert_eq(roster_set_unit(r, &sub, NULL), 0);
    cr_assert_eq(roster_set_person(r, &zhang, NULL), 0);
}

Test(import, a_row_says_what_changes_for_the_person)
{
    static const struct {
        const char *row;
        enum import_change change;
        size_t records;
    } cases[] = {
        {"001,张三,0101,公务员,在册,科长,2023年5月1日", CHANGE_SAME, 0},
        {"002,李四,0101,公务员,在册,,", CHANGE_NEW, 1},
        {"001,张三,01,公务员,在册,科长,2023-05-01", CHANGE_MOVED_IN, 1},
        {"001,张三,0101,公务员,调出,科长,2023-05-01", CHANGE_MOVED_OUT, 1},
        {"001,张三,0101,公务员,退休,科长,2023-05-01", CHANGE_RETIRED, 1},
        {"001,张三,0101,公务员,在册,处长,2026/3/1", CHANGE_CHANGED, 1},
        {"001,张三丰,0101,公务员,,科长,2023-05-01", CHANGE_CHANGED, 1},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[512] = "人员编号,姓名,单位编码,人员类别,状态,职务,任职日期;";
        struct sheet s;
        struct roster r;
        struct arena arena;
        struct person_record *records;
        struct import_report report;
        size_t count;

        roster_make(&r);
        arena_init(&arena, 0);
        sheet_make(&s, strcat(text, cases[i].row));
        cr_assert_eq(
            people_import(&r, &s.table, T("2026-01-01"), &arena, &records, &count, &report, NULL),
            0);
        cr_assert_eq(report.errors_count, 0u, "case %zu", i);
        cr_assert_eq(report.changes[cases[i].change], 1u, "case %zu", i);
        cr_assert_eq(count, cases[i].records, "case %zu", i);
        cr_assert_eq(report.accepted, 1u);
        for (size_t k = 0; k < count; k++) {
            cr_assert_eq(roster_set_person(&r, &records[k], NULL), 0, "case %zu", i);
        }
        arena_fini(&arena);
        roster_fini(&r);
    }
}

Test(import, columns_that_are_not_there_leave_what_is_known)
{
    struct sheet s;
    struct roster r;
    struct arena arena;
    struct person_record *records;
    struct import_report report;
    size_t count;

    roster_make(&r);
    arena_init(&arena, 0);
    sheet_make(&s, "备注,姓名,人员类别,单位编码,人员编号;x,张三,事业,0101,001");
    cr_assert_eq(
        people_import(&r, &s.table, T("2026-01-01"), &arena, &records, &count, &report, NULL), 0);
    cr_assert_eq(count, 1u);
    cr_assert(bytes_equal(records[0].post, T("科长")) &&
              bytes_equal(records[0].appointed, T("2023-05-01")));
    cr_assert(bytes_equal(records[0].valid_from, T("2026-01-01")));
    arena_fini(&arena);
    roster_fini(&r);
}

static void check_sentences(const struct import_report *report, const char *const *sentences,
                            size_t count)
{
    cr_assert_eq(report->errors_count, count);
    for (size_t i = 0; i < count; i++) {
        char text[ERR_TEXT_BYTES_MAX];

        import_error_text(&report->errors[i], LANG_ZH, text, sizeof text);
        cr_assert_str_eq(text, sentences[i], "%zu: %s", i, text);
    }
}

Test(import, one_wrong_row_refuses_all_and_every_error_is_a_sentence)
{
    static const char *const sentences[] = {
        "第2行“单位编码”：单位编码“9999”不存在",
        "第3行“姓名”：“姓名”不能为空",
        "第3行“任职日期”：应为日期（如2026-03-01），实为“上个月”",
        "第3行“状态”：状态应为“在册”“调出”或“退休”，实为“借调”",
        "第5行“人员编号”：“003”与第4行重复",
    };
    struct sheet s;
    struct roster r;
    struct arena arena;
    struct person_record *records;
    struct import_report report;
    size_t count = 99;

    roster_make(&r);
    arena_init(&arena, 0);
    sheet_make(&s, "人员编号,姓名,单位编码,人员类别,状态,职务,任职日期;"
                   "002,李四,9999,公务员,在册,,;"
                   "004,,0101,公务员,借调,,上个月;"
                   "003,王五,0101,公务员,在册,,;"
                   "003,王五,0101,公务员,在册,,");
    cr_assert_eq(
        people_import(&r, &s.table, T("2026-01-01"), &arena, &records, &count, &report, NULL), 0);
    cr_assert_eq(count, 0u);
    cr_assert_eq(report.accepted, 0u);
    cr_assert_eq(report.rows, 4u);
    cr_assert_eq(report.changes[CHANGE_NEW], 0u);
    check_sentences(&report, sentences, sizeof sentences / sizeof sentences[0]);
    arena_fini(&arena);
    roster_fini(&r);
}

Test(import, a_missing_column_is_named_once)
{
    static const char *const sentences[] = {"第1行“姓名”：表头缺少“姓名”列",
                                            "第1行“人员类别”：表头中“人员类别”列出现两次"};
    struct sheet s;
    struct roster r;
    struct arena arena;
    struct person_record *records;
    struct import_report report;
    size_t count;

    roster_make(&r);
    arena_init(&arena, 0);
    sheet_make(&s, "人员编号,单位编码,人员类别,人员类别;002,0101,a,b;003,0101,a,b");
    cr_assert_eq(
        people_import(&r, &s.table, T("2026-01-01"), &arena, &records, &count, &report, NULL), 0);
    check_sentences(&report, sentences, 2);
    arena_fini(&arena);
    roster_fini(&r);
}

Test(import, errors_beyond_the_most_are_counted)
{
    static struct bytes cells[4];
    static struct import_row rows[301];
    struct import_table table = {rows, 301};
    struct roster r;
    struct arena arena;
    struct person_record *records;
    struct import_report report;
    size_t count;
    struct bytes head[] = {T("人员编号"), T("姓名"), T("单位编码"), T("人员类别")};

    rows[0] = (struct import_row){1, head, 4};
    for (uint32_t i = 1; i < 301; i++) {
        rows[i] = (struct import_row){i + 1, cells, 4};
    }
    roster_make(&r);
    arena_init(&arena, 0);
    cr_assert_eq(
        people_import(&r, &table, T("2026-01-01"), &arena, &records, &count, &report, NULL), 0);
    cr_assert_eq(report.errors_count, (size_t)IMPORT_ERRORS_MAX);
    cr_assert_eq(report.errors_more, 300u * 4 - IMPORT_ERRORS_MAX);
    arena_fini(&arena);
    roster_fini(&r);
}

Test(import, units_may_stand_below_their_superiors_or_above_them_in_the_file)
{
    struct sheet s;
    struct roster r;
    struct arena arena;
    struct unit_record *records;
    struct import_report report;
    size_t count;

    roster_make(&r);
    arena_init(&arena, 0);
    sheet_make(
        &s, "单位编码,单位名称,上级编码;020101,科,0201;0201,局,02;02,市,;0101,司法局,01;01,全区,");
    cr_assert_eq(
        units_import(&r, &s.table, T("2026-01-01"), &arena, &records, &count, &report, NULL), 0);
    cr_assert_eq(report.errors_count, 0u);
    cr_assert_eq(count, 4u);
    cr_assert_eq(report.changes[CHANGE_NEW], 3u);
    cr_assert_eq(report.changes[CHANGE_CHANGED], 1u);
    cr_assert_eq(report.changes[CHANGE_SAME], 1u);
    for (size_t i = 0; i < count; i++) {
        cr_assert_eq(roster_set_unit(&r, &records[i], NULL), 0, "record %zu", i);
    }
    arena_fini(&arena);
    roster_fini(&r);
}

Test(import, units_without_a_superior_or_in_a_circle_are_refused)
{
    static const char *const sentences[] = {
        "第2行“上级编码”：单位编码“9”不存在",
        "第3行“上级编码”：单位“4”的上级关系成环，或上级所在行有误",
        "第4行“上级编码”：单位“5”的上级关系成环，或上级所在行有误"};
    static const char *const circle[] = {
        "第2行“上级编码”：单位01不能以0101为上级：上级关系成环或层级过深"};
    struct sheet s;
    struct roster r;
    struct arena arena;
    struct unit_record *records;
    struct import_report report;
    size_t count;

    roster_make(&r);
    arena_init(&arena, 0);
    sheet_make(&s, "单位编码,单位名称,上级编码;3,甲,9;4,乙,5;5,丙,4");
    cr_assert_eq(
        units_import(&r, &s.table, T("2026-01-01"), &arena, &records, &count, &report, NULL), 0);
    cr_assert_eq(count, 0u);
    check_sentences(&report, sentences, 3);
    sheet_make(&s, "单位编码,单位名称,上级编码;01,全区,0101");
    cr_assert_eq(
        units_import(&r, &s.table, T("2026-01-01"), &arena, &records, &count, &report, NULL), 0);
    check_sentences(&report, circle, 1);
    arena_fini(&arena);
    roster_fini(&r);
}

static bool knows_h1(void *arg, uint32_t person, struct bytes hearing)
{
    (void)arg;
    return person == 0 && bytes_equal(hearing, T("H1"));
}

Test(import, attendance_is_of_people_in_the_roster_once_a_hearing)
{
    static const char *const sentences[] = {
        "第3行“人员编号”：人员编号“777”不在名册中", "第4行“日期”：应为日期（如2026-03-01），实为“”",
        "第4行“方式”：方式应为“现场”或“线上”，实为“电话”", "第4行“场次编号”：“H2”与第2行重复"};
    struct sheet s;
    struct roster r;
    struct arena arena;
    struct attendance_record *records;
    struct import_report report;
    size_t count;

    roster_make(&r);
    arena_init(&arena, 0);
    sheet_make(&s, "人员编号,场次编号,日期,方式;001,H1,2026-3-1,现场;001,H2,2026-3-2,线上");
    cr_assert_eq(attendance_import(&r, &s.table, T("2026-11-24"), knows_h1, NULL, &arena, &records,
                                   &count, &report, NULL),
                 0);
    cr_assert_eq(count, 1u);
    cr_assert(records[0].mode == HEARING_ONLINE && bytes_equal(records[0].date, T("2026-03-02")));
    cr_assert(report.changes[CHANGE_NEW] == 1 && report.changes[CHANGE_SAME] == 1);
    sheet_make(
        &s, "人员编号,场次编号,日期,方式;001,H2,2026-3-1,现场;777,H1,2026-3-1,现场;001,H2,,电话");
    cr_assert_eq(attendance_import(&r, &s.table, T("2026-11-24"), NULL, NULL, &arena, &records,
                                   &count, &report, NULL),
                 0);
    cr_assert_eq(count, 0u);
    check_sentences(&report, sentences, 4);
    arena_fini(&arena);
    roster_fini(&r);
}

Test(import, what_excel_has_made_of_a_number_is_refused_in_its_row_and_column)
{
    static const char *const sentences[] = {
        "第2行“人员编号”：“5.00109E+17”疑似被 Excel 改为科学计数法，请把该列设为文本后重新填写",
        "第3行“人员编号”：“２.0e+6”疑似被 Excel 改为科学计数法，请把该列设为文本后重新填写",
        "第4行“单位编码”：“1E+10”疑似被 Excel 改为科学计数法，请把该列设为文本后重新填写",
    };
    struct sheet s;
    struct roster r;
    struct arena arena;
    struct person_record *records;
    struct import_report report;
    size_t count;

    roster_make(&r);
    arena_init(&arena, 0);
    sheet_make(&s, "人员编号,姓名,单位编码,人员类别;5.00109E+17,李四,0101,公务员;"
                   "２.0e+6,王五,0101,公务员;003,赵六,1E+10,公务员;1E5,钱七,0101,公务员;"
                   "E+17,孙八,0101,公务员;5.1+1,周九,0101,公务员");
    cr_assert_eq(
        people_import(&r, &s.table, T("2026-01-01"), &arena, &records, &count, &report, NULL), 0);
    check_sentences(&report, sentences, 3);
    arena_fini(&arena);
    roster_fini(&r);
}

Test(import, full_width_numbers_and_codes_are_narrowed)
{
    struct sheet s;
    struct roster r;
    struct arena arena;
    struct person_record *records;
    struct import_report report;
    size_t count;

    roster_make(&r);
    arena_init(&arena, 0);
    sheet_make(&s, "人员编号,姓名,单位编码,人员类别,状态,职务,任职日期;"
                   "２００００６,Ａ·王,０１０１,公务员,,（Ａ）,２０２０－０１－０２;"
                   "００１,张三,0101,公务员,,科长,2023-05-01;ｘ1-（甲）,赵六,0101,公务员,,,");
    cr_assert_eq(
        people_import(&r, &s.table, T("2026-01-01"), &arena, &records, &count, &report, NULL), 0);
    cr_assert_eq(report.errors_count, 0u);
    cr_assert_eq(count, 2u); /* 001 is as it was */
    cr_assert(bytes_equal(records[0].number, T("200006")));
    cr_assert(bytes_equal(records[0].name, T("Ａ·王"))); /* names stay as they are written */
    cr_assert(bytes_equal(records[0].unit, T("0101")));
    cr_assert(bytes_equal(records[0].appointed, T("2020-01-02")));
    cr_assert(bytes_equal(records[1].number, T("x1-(甲)")));
    sheet_make(&s, "人员编号,姓名,单位编码,人员类别;２00006,甲,0101,公务员;200006,乙,0101,公务员");
    cr_assert_eq(
        people_import(&r, &s.table, T("2026-01-01"), &arena, &records, &count, &report, NULL), 0);
    cr_assert_eq(report.errors_count, 1u); /* the same person twice */
    arena_fini(&arena);
    roster_fini(&r);
}

Test(import, a_hearing_of_tomorrow_is_refused)
{
    static const char *const sentences[] = {
        "第3行“日期”：日期“2026-11-25”在今天（2026-11-24）之后"};
    struct sheet s;
    struct roster r;
    struct arena arena;
    struct attendance_record *records;
    struct import_report report;
    size_t count;

    roster_make(&r);
    arena_init(&arena, 0);
    sheet_make(&s, "人员编号,场次编号,日期,方式;００１,H1,2026-11-24,现场;001,H2,2026-11-25,现场");
    cr_assert_eq(attendance_import(&r, &s.table, T("2026-11-24"), NULL, NULL, &arena, &records,
                                   &count, &report, NULL),
                 0);
    check_sentences(&report, sentences, 1);
    arena_fini(&arena);
    roster_fini(&r);
}

Test(import, columns_that_nobody_asked_for_are_named)
{
    struct sheet s;
    struct roster r;
    struct arena arena;
    struct person_record *records;
    struct import_report report;
    size_t count;

    roster_make(&r);
    arena_init(&arena, 0);
    sheet_make(&s, "人员编号,姓名,,单位编码,人员类别,职 务,手机;002,李四,,0101,公务员,科长,1");
    cr_assert_eq(
        people_import(&r, &s.table, T("2026-01-01"), &arena, &records, &count, &report, NULL), 0);
    cr_assert_eq(count, 1u);
    cr_assert_eq(report.ignored_count, 2u);
    cr_assert(bytes_equal(report.ignored[0], T("职 务")));
    cr_assert(bytes_equal(report.ignored[1], T("手机")));
    arena_fini(&arena);
    roster_fini(&r);
}
