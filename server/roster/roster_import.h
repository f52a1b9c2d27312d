/* Imports of units, people and hearing attendance: rows of cells -> records, all or nothing.
 *
 * The first row names the columns, in any order; columns nobody asked for are named in the report. Every row
 * is judged, so that one reading shows all that is wrong (up to IMPORT_ERRORS_MAX). With any error
 * there are no records. What already holds makes no record either; the report counts it as 未变.
 *
 * Records, texts and the report live in the caller's arena; cells may be borrowed by them and must
 * live as long. Numbers and codes are narrowed: full-width ASCII to ASCII, as NFKC has it; one that a
 * spreadsheet has made a floating number of is refused. Rows come from question-bank/format/csv.h or a workbook: this library reads no files.
 * Pure; any thread that may read the roster. */
#ifndef MINGFA_ROSTER_ROSTER_IMPORT_H
#define MINGFA_ROSTER_ROSTER_IMPORT_H

#include "question-bank/base/arena.h"
#include "server/roster/hearing.h"
#include "server/roster/roster.h"

enum { IMPORT_ERRORS_MAX = 200, IMPORT_ROWS_MAX = 200000 };

struct import_row {
    uint32_t row; /* as the person's spreadsheet counts */
    const struct bytes *cells;
    size_t count;
};

struct import_table {
    const struct import_row *rows; /* the first is the head */
    size_t count;
};

enum import_change {
    CHANGE_NEW = 0,   /* 新增 */
    CHANGE_MOVED_IN,  /* 调入: to another unit, or back on the books */
    CHANGE_MOVED_OUT, /* 调出 */
    CHANGE_RETIRED,   /* 退休 */
    CHANGE_CHANGED,   /* 修改 */
    CHANGE_SAME,      /* 未变 */
    CHANGES,
};
const char *import_change_name(enum import_change change);

struct import_error {
    uint32_t row;
    const char *column; /* its name, static */
    struct err err;     /* what is wrong with the cell */
};

struct import_report {
    uint32_t rows;     /* without the head */
    uint32_t accepted; /* of these; 0 with errors: all or nothing */
    uint32_t changes[CHANGES];
    struct import_error *errors; /* in arena */
    size_t errors_count;
    size_t errors_more;    /* beyond IMPORT_ERRORS_MAX */
    struct bytes *ignored; /* in arena: names of columns that nobody asked for, as they stand */
    size_t ignored_count;
};

/* "第3行“单位编码”：单位X不存在" */
size_t import_error_text(const struct import_error *e, enum lang lang, char *out, size_t out_size);

/* 人员编号,姓名,单位编码,人员类别; optional 状态 (default 在册), 职务, 任职日期, 生效日期 (default
 * valid_from, a civil date). An optional column that is not there leaves what is known as it is.
 * Returns 0 also when rows are wrong: see report->errors_count. Else ERR_LIMIT, ERR_BAD_INPUT
 * (valid_from), ERR_NOMEM. */
int people_import(const struct roster *roster, const struct import_table *table,
                  struct bytes valid_from, struct arena *arena, struct person_record **records,
                  size_t *count, struct import_report *report, struct err *err);

/* 单位编码,单位名称,上级编码; optional 生效日期, 撤销日期. Superiors may stand below their units in the
 * file; the records come superiors first. */
int units_import(const struct roster *roster, const struct import_table *table,
                 struct bytes valid_from, struct arena *arena, struct unit_record **records,
                 size_t *count, struct import_report *report, struct err *err);

struct attendance_record {
    struct bytes number; /* of the person */
    uint32_t person;     /* index in the roster */
    struct bytes hearing;
    struct bytes date;
    enum hearing_mode mode;
    uint32_t row; /* of the imported file */
};

/* Has the person attended that hearing already, as recorded? May be NULL: nothing is known. */
typedef bool attendance_known(void *arg, uint32_t person, struct bytes hearing);

/* 人员编号,场次编号,日期,方式(现场/线上). A hearing after `today` has not been attended yet. */
int attendance_import(const struct roster *roster, const struct import_table *table,
                      struct bytes today, attendance_known *known, void *known_arg,
                      struct arena *arena, struct attendance_record **records, size_t *count,
                      struct import_report *report, struct err *err);

#endif
