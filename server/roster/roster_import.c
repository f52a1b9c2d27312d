/* Imports. Happy path: the head is matched with the wanted columns, every row becomes a record or an
 * error, what would change nothing is dropped, and what is left is handed out if there was no error.
 *
 * Fails (beyond errors in the report) on limits and memory. Pure; any thread. */
#include "server/roster/roster_import.h"

#include "question-bank/base/utf8.h"
#include "server/roster/category.h"
#include "server/roster/civil.h"
#include "server/roster/record_text.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct msg MSG_COLUMN_MISSING = {
    .id = "import-column-missing",
    .zh = "表头缺少“{0}”列",
    .en = "there is no column {0}",
};
static const struct msg MSG_COLUMN_TWICE = {
    .id = "import-column-twice",
    .zh = "表头中“{0}”列出现两次",
    .en = "the column {0} appears twice",
};
static const struct msg MSG_ROWS = {
    .id = "import-too-many-rows",
    .zh = "导入超过{0}行",
    .en = "more than {0} rows",
};
static const struct msg MSG_EMPTY = {
    .id = "import-empty",
    .zh = "文件中没有表头",
    .en = "there is no head in the file",
};
static const struct msg MSG_TWICE = {
    .id = "import-row-twice",
    .zh = "“{0}”与第{1}行重复",
    .en = "'{0}' is already in row {1}",
};
static const struct msg MSG_UNIT = {
    .id = "import-unit-unknown",
    .zh = "单位编码“{0}”不存在",
    .en = "there is no unit '{0}'",
};
static const struct msg MSG_UNIT_CIRCLE = {
    .id = "import-unit-circle",
    .zh = "单位“{0}”的上级关系成环，或上级所在行有误",
    .en = "unit '{0}': its superiors form a circle, or their rows are wrong",
};
static const struct msg MSG_PERSON = {
    .id = "import-person-unknown",
    .zh = "人员编号“{0}”不在名册中",
    .en = "there is no person '{0}' in the roster",
};
static const struct msg MSG_STATUS = {
    .id = "import-status-bad",
    .zh = "状态应为“在册”“调出”或“退休”，实为“{0}”",
    .en = "the status must be 在册, 调出 or 退休, found '{0}'",
};
static const struct msg MSG_MODE = {
    .id = "import-mode-bad",
    .zh = "方式应为“现场”或“线上”，实为“{0}”",
    .en = "the mode must be 现场 or 线上, found '{0}'",
};
static const struct msg MSG_DATE = {
    .id = "import-date-bad",
    .zh = "应为日期（如2026-03-01），实为“{0}”",
    .en = "must be a date such as 2026-03-01, found '{0}'",
};

static const struct msg MSG_FLOATING = {
    .id = "import-number-floating",
    .zh = "“{0}”疑似被 Excel 改为科学计数法，请把该列设为文本后重新填写",
    .en = "'{0}' looks like a number that Excel has rewritten; set the column to text and enter it "
          "again",
};
static const struct msg MSG_FUTURE = {
    .id = "import-date-future",
    .zh = "日期“{0}”在今天（{1}）之后",
    .en = "the date {0} is after today ({1})",
};

const char *import_change_name(enum import_change change)
{
    static const char *const names[CHANGES] = {"新增", "调入", "调出", "退休", "修改", "未变"};

    return (unsigned)change < CHANGES ? names[change] : "";
}

size_t import_error_text(const struct import_error *e, enum lang lang, char *out, size_t out_size)
{
    char what[ERR_TEXT_BYTES_MAX], all[ERR_TEXT_BYTES_MAX + 128];

    err_text(&e->err, lang, what, sizeof what);
    snprintf(all, sizeof all, lang == LANG_ZH ? "第%u行“%s”：%s" : "row %u, %s: %s", e->row,
             e->column, what);
    record_text_copy(bytes_of_text(all), out, out_size);
    return strlen(out);
}

/* ---------------------------------------------------------------------------- the common part */

enum { COLUMNS_MAX = 8 };

struct column {
    const char *name;
    bool required;
};

struct import {
    const struct import_table *table;
    const struct column *columns;
    size_t columns_count;
    int at[COLUMNS_MAX]; /* index in a row's cells; -1: not there */
    struct arena *arena;
    struct import_report *report;
    struct text_index seen; /* what was named so far -> row */
    uint32_t row;           /* being judged */
    bool row_is_wrong;
    int code; /* of the import itself */
};

/* A new error in the report; NULL once it is full, or without memory. */
static struct err *error_add(struct import *im, uint32_t row, const char *column)
{
    struct import_report *report = im->report;
    struct import_error *e;

    im->row_is_wrong = true;
    if (report->errors_count >= IMPORT_ERRORS_MAX) {
        report->errors_more++;
        return NULL;
    }
    if (report->errors == NULL) {
        report->errors = arena_array(im->arena, IMPORT_ERRORS_MAX, sizeof *report->errors);
        if (report->errors == NULL) {
            im->code = ERR_NOMEM;
            return NULL;
        }
    }
    e = &report->errors[report->errors_count++];
    *e = (struct import_error){.row = row, .column = column};
    return &e->err;
}

static void refuse(struct import *im, int column, const struct msg *msg, struct bytes found,
                   const char *a1)
{
    char text[96];

    err_set(error_add(im, im->row, im->columns[column].name), ERR_BAD_INPUT, msg,
            record_text_copy(found, text, sizeof text), a1, NULL, NULL);
}

static struct bytes cell_of(const struct import *im, const struct import_row *row, int column)
{
    int at = im->at[column];

    return at >= 0 && (size_t)at < row->count ? row->cells[at] : (struct bytes){0};
}

static bool column_is_there(const struct import *im, int column)
{
    return im->at[column] >= 0;
}

static void head_match(struct import *im)
{
    const struct import_row *head = &im->table->rows[0];

    for (size_t c = 0; c < im->columns_count; c++) {
        struct bytes name = bytes_of_text(im->columns[c].name);
        char text[64];

        im->at[c] = -1;
        for (size_t i = 0; i < head->count; i++) {
            if (!bytes_equal(head->cells[i], name)) {
                continue;
            }
            if (im->at[c] >= 0) {
                err_set(error_add(im, head->row, im->columns[c].name), ERR_BAD_INPUT,
                        &MSG_COLUMN_TWICE, record_text_copy(name, text, sizeof text), NULL, NULL,
                        NULL);
            }
            im->at[c] = (int)i;
        }
        if (im->at[c] < 0 && im->columns[c].required) {
            err_set(error_add(im, head->row, im->columns[c].name), ERR_BAD_INPUT,
                    &MSG_COLUMN_MISSING, record_text_copy(name, text, sizeof text), NULL, NULL,
                    NULL);
        }
    }
}

static bool column_is_wanted(const struct import *im, struct bytes name)
{
    for (size_t c = 0; c < im->columns_count; c++) {
        if (bytes_equal(bytes_of_text(im->columns[c].name), name)) {
            return true;
        }
    }
    return false;
}

/* What nobody asked for may be a wanted column with a slip of the pen. */
static void head_ignore(struct import *im)
{
    const struct import_row *head = &im->table->rows[0];
    struct import_report *report = im->report;

    report->ignored = arena_array(im->arena, head->count + 1, sizeof *report->ignored);
    if (report->ignored == NULL) {
        im->code = ERR_NOMEM;
        return;
    }
    for (size_t i = 0; i < head->count; i++) {
        if (head->cells[i].len > 0 && !column_is_wanted(im, head->cells[i])) {
            report->ignored[report->ignored_count++] = head->cells[i];
        }
    }
}

/* 0, and the rows may be judged if the report has no error yet. */
static int import_begin(struct import *im, const struct import_table *table,
                        const struct column *columns, size_t columns_count, struct arena *arena,
                        struct import_report *report, struct err *err)
{
    char most[24];

    *im = (struct import){.table = table,
                          .columns = columns,
                          .columns_count = columns_count,
                          .arena = arena,
                          .report = report};
    *report = (struct import_report){0};
    if (table->count == 0) {
        return err_set(err, ERR_BAD_INPUT, &MSG_EMPTY, NULL, NULL, NULL, NULL);
    }
    if (table->count > IMPORT_ROWS_MAX + 1) {
        return err_set(err, ERR_LIMIT, &MSG_ROWS, err_int(most, IMPORT_ROWS_MAX), NULL, NULL, NULL);
    }
    report->rows = (uint32_t)table->count - 1;
    head_match(im);
    head_ignore(im);
    return 0;
}

static int import_end(struct import *im, size_t *count, struct err *err)
{
    text_index_fini(&im->seen);
    if (im->code != 0) {
        return err_set(err, im->code, NULL, NULL, NULL, NULL, NULL);
    }
    if (im->report->errors_count > 0) {
        memset(im->report->changes, 0, sizeof im->report->changes);
        *count = 0;
        return 0;
    }
    im->report->accepted = im->report->rows;
    return 0;
}

/* Notes that this row names `what`; refuses it if an earlier one did. */
static void name_once(struct import *im, int column, struct bytes what, struct bytes shown)
{
    int64_t before = text_index_find(&im->seen, what);
    char row[24];

    if (what.len == 0) {
        return;
    }
    if (before >= 0) {
        refuse(im, column, &MSG_TWICE, shown, err_int(row, before));
    } else if (text_index_add(&im->seen, what, im->row) != 0) {
        im->code = ERR_NOMEM;
    }
}

static bool is_full_width(int32_t cp)
{
    return cp >= 0xFF01 && cp <= 0xFF5E;
}

/* Full-width ASCII to ASCII, in the arena. */
static struct bytes narrow(struct import *im, struct bytes text)
{
    uint8_t *out = text.len > 0 ? arena_alloc(im->arena, text.len) : NULL;
    size_t len = 0;

    if (out == NULL) {
        im->code = text.len > 0 ? ERR_NOMEM : im->code;
        return text;
    }
    for (size_t pos = 0; pos < text.len;) {
        size_t start = pos;
        int32_t cp = utf8_next((const char *)text.data, text.len, &pos);

        if (is_full_width(cp)) {
            out[len++] = (uint8_t)(cp - 0xFF01 + '!');
        } else {
            memcpy(out + len, text.data + start, pos - start);
            len += pos - start;
        }
    }
    return bytes_of(out, len);
}

static size_t digits_len(struct bytes text, size_t from)
{
    size_t n = from;

    while (n < text.len && text.data[n] >= '0' && text.data[n] <= '9') {
        n++;
    }
    return n - from;
}

/* 5.00109E+17: what Excel shows, and saves, of a long number. */
static bool is_floating(struct bytes text)
{
    size_t at = digits_len(text, 0);

    if (at == 0) {
        return false;
    }
    if (at < text.len && text.data[at] == '.') {
        at += 1 + digits_len(text, at + 1);
    }
    if (at + 2 >= text.len || (text.data[at] != 'E' && text.data[at] != 'e') ||
        text.data[at + 1] != '+') {
        return false;
    }
    return at + 2 + digits_len(text, at + 2) == text.len;
}

/* A text field: checked, refused in its column. */
static struct bytes check_text(struct import *im, int column, struct bytes text, size_t min,
                               size_t max)
{
    struct err wrong = {0};

    if (record_text_check(text, min, max, im->columns[column].name, &wrong) != 0) {
        struct err *err = error_add(im, im->row, im->columns[column].name);

        if (err != NULL) {
            *err = wrong;
        }
    }
    return text;
}

static struct bytes take_text(struct import *im, const struct import_row *row, int column,
                              size_t min, size_t max)
{
    return check_text(im, column, cell_of(im, row, column), min, max);
}

/* A number or code that people are known by. */
static struct bytes take_code(struct import *im, const struct import_row *row, int column,
                              size_t min, size_t max)
{
    struct bytes cell = cell_of(im, row, column);
    struct bytes text = narrow(im, cell);

    if (is_floating(text)) {
        refuse(im, column, &MSG_FLOATING, cell, NULL);
        return text;
    }
    return check_text(im, column, text, min, max);
}

/* A date, in its normal form in the arena; `empty` where the cell is. */
static struct bytes take_date(struct import *im, const struct import_row *row, int column,
                              bool may_be_empty, struct bytes empty)
{
    struct bytes text = narrow(im, cell_of(im, row, column)), kept;
    char date[CIVIL_TEXT_BYTES];

    if (text.len == 0 && may_be_empty) {
        return empty;
    }
    if (civil_date_parse(text, date) != 0) {
        refuse(im, column, &MSG_DATE, text, NULL);
        return empty;
    }
    kept = arena_bytes(im->arena, bytes_of_text(date));
    if (kept.data == NULL) {
        im->code = ERR_NOMEM;
    }
    return kept;
}

/* ---------------------------------------------------------------------------- people */

enum { P_NUMBER, P_NAME, P_UNIT, P_CATEGORY, P_STATUS, P_POST, P_APPOINTED, P_FROM, P_COLUMNS };

static const struct column people_columns[P_COLUMNS] = {
    [P_NUMBER] = {"人员编号", true},     [P_NAME] = {"姓名", true},
    [P_UNIT] = {"单位编码", true},       [P_CATEGORY] = {"人员类别", true},
    [P_STATUS] = {"状态", false},        [P_POST] = {"职务", false},
    [P_APPOINTED] = {"任职日期", false}, [P_FROM] = {"生效日期", false},
};

static struct person_record person_judge(struct import *im, const struct roster *roster,
                                         const struct import_row *row, struct bytes valid_from)
{
    struct person_record rec = {.row = im->row};
    struct bytes status = cell_of(im, row, P_STATUS);
    const struct person_version *now = NULL;
    int64_t person;

    rec.number = take_code(im, row, P_NUMBER, 1, PERSON_NUMBER_BYTES_MAX);
    rec.name = take_text(im, row, P_NAME, 1, PERSON_NAME_BYTES_MAX);
    rec.unit = take_code(im, row, P_UNIT, 1, UNIT_CODE_BYTES_MAX);
    rec.category = take_text(im, row, P_CATEGORY, 1, CATEGORY_BYTES_MAX);
    rec.post = take_text(im, row, P_POST, 0, PERSON_POST_BYTES_MAX);
    rec.appointed = take_date(im, row, P_APPOINTED, true, (struct bytes){0});
    rec.valid_from = take_date(im, row, P_FROM, true, valid_from);
    rec.status = person_status_parse(status);
    if (rec.status == 0) {
        refuse(im, P_STATUS, &MSG_STATUS, status, NULL);
    }
    if (rec.unit.len > 0 && roster_find_unit(roster, rec.unit) < 0 && !is_floating(rec.unit)) {
        refuse(im, P_UNIT, &MSG_UNIT, rec.unit, NULL);
    }
    name_once(im, P_NUMBER, rec.number, rec.number);
    person = roster_find_person(roster, rec.number);
    if (person >= 0) {
        now = person_at(&roster->people[person], rec.valid_from);
    }
    if (now != NULL) {
        rec.status = column_is_there(im, P_STATUS) ? rec.status : now->status;
        rec.post = column_is_there(im, P_POST) ? rec.post : now->post;
        rec.appointed = column_is_there(im, P_APPOINTED) ? rec.appointed : now->appointed;
    }
    return rec;
}

static enum import_change person_change(const struct roster *roster,
                                        const struct person_record *rec)
{
    int64_t person = roster_find_person(roster, rec->number);
    const struct person_version *now =
        person < 0 ? NULL : person_at(&roster->people[person], rec->valid_from);

    if (now == NULL) {
        return CHANGE_NEW;
    }
    if (now->status != rec->status) {
        return rec->status == PERSON_RETIRED     ? CHANGE_RETIRED
               : rec->status == PERSON_MOVED_OUT ? CHANGE_MOVED_OUT
                                                 : CHANGE_MOVED_IN;
    }
    if (!bytes_equal(now->unit, rec->unit)) {
        return CHANGE_MOVED_IN;
    }
    if (!bytes_equal(now->name, rec->name) || !bytes_equal(now->category, rec->category) ||
        !bytes_equal(now->post, rec->post) || !bytes_equal(now->appointed, rec->appointed)) {
        return CHANGE_CHANGED;
    }
    return CHANGE_SAME;
}

int people_import(const struct roster *roster, const struct import_table *table,
                  struct bytes valid_from, struct arena *arena, struct person_record **records,
                  size_t *count, struct import_report *report, struct err *err)
{
    struct import im;
    struct person_record *list;
    size_t kept = 0;
    int rc = record_date_check(valid_from, false, "生效日期", err);

    if (rc == 0) {
        rc = import_begin(&im, table, people_columns, P_COLUMNS, arena, report, err);
    }
    if (rc != 0) {
        return rc;
    }
    list = arena_array(arena, table->count, sizeof *list);
    if (list == NULL) {
        im.code = ERR_NOMEM;
    }
    for (size_t i = 1; im.code == 0 && i < table->count && !(i == 1 && report->errors_count > 0);
         i++) {
        struct person_record rec;

        im.row = table->rows[i].row;
        im.row_is_wrong = false;
        rec = person_judge(&im, roster, &table->rows[i], valid_from);
        if (!im.row_is_wrong && im.code == 0) {
            enum import_change change = person_change(roster, &rec);

            report->changes[change]++;
            if (change != CHANGE_SAME) {
                list[kept++] = rec;
            }
        }
    }
    rc = import_end(&im, &kept, err);
    if (rc == 0) {
        *records = list;
        *count = kept;
    }
    return rc;
}

/* ---------------------------------------------------------------------------- units */

enum { U_CODE, U_NAME, U_PARENT, U_FROM, U_TO, U_COLUMNS };

static const struct column unit_columns[U_COLUMNS] = {
    [U_CODE] = {"单位编码", true},  [U_NAME] = {"单位名称", true}, [U_PARENT] = {"上级编码", true},
    [U_FROM] = {"生效日期", false}, [U_TO] = {"撤销日期", false},
};

static struct unit_record unit_judge(struct import *im, const struct import_row *row,
                                     struct bytes valid_from)
{
    struct unit_record rec = {.row = im->row};

    rec.code = take_code(im, row, U_CODE, 1, UNIT_CODE_BYTES_MAX);
    rec.name = take_text(im, row, U_NAME, 1, UNIT_NAME_BYTES_MAX);
    rec.parent = take_code(im, row, U_PARENT, 0, UNIT_CODE_BYTES_MAX);
    rec.valid_from = take_date(im, row, U_FROM, true, valid_from);
    rec.valid_to = take_date(im, row, U_TO, true, (struct bytes){0});
    name_once(im, U_CODE, rec.code, rec.code);
    return rec;
}

static bool unit_is_same(const struct roster *roster, const struct unit_record *rec)
{
    int64_t at = roster_find_unit(roster, rec->code);
    const struct unit_version *now = at < 0 ? NULL : unit_at(&roster->units[at], rec->valid_from);

    return now != NULL && bytes_equal(now->name, rec->name) &&
           bytes_equal(now->parent, rec->parent) && bytes_equal(now->valid_to, rec->valid_to);
}

struct unit_rows {
    struct unit_record *recs; /* as read */
    uint32_t *rows;
    bool *done;
    size_t count;
};

/* Applies to `trial` what can be: those whose superior is there. Superiors first into list. */
static void units_order(struct import *im, const struct roster *roster, struct roster *trial,
                        struct unit_rows *all, struct unit_record *list, size_t *kept)
{
    bool progress = true;

    for (int pass = 0; progress && pass <= UNIT_DEPTH_MAX + 1; pass++) {
        progress = false;
        for (size_t i = 0; i < all->count; i++) {
            const struct unit_record *rec = &all->recs[i];
            struct err wrong = {0};
            int rc;

            if (all->done[i] || (rec->parent.len > 0 && roster_find_unit(trial, rec->parent) < 0)) {
                continue;
            }
            all->done[i] = progress = true;
            if (unit_is_same(roster, rec)) {
                im->report->changes[CHANGE_SAME]++;
                continue;
            }
            rc = roster_set_unit(trial, rec, &wrong);
            if (rc == ERR_NOMEM) {
                im->code = rc;
                return;
            }
            if (rc != 0) {
                struct err *err = error_add(im, all->rows[i], unit_columns[U_PARENT].name);

                if (err != NULL) {
                    *err = wrong;
                }
                continue;
            }
            im->report
                ->changes[roster_find_unit(roster, rec->code) < 0 ? CHANGE_NEW : CHANGE_CHANGED]++;
            list[(*kept)++] = *rec;
        }
    }
    for (size_t i = 0; i < all->count; i++) {
        if (!all->done[i]) {
            const struct unit_record *rec = &all->recs[i];

            im->row = all->rows[i];
            if (text_index_find(&im->seen, rec->parent) >= 0) {
                refuse(im, U_PARENT, &MSG_UNIT_CIRCLE, rec->code, NULL);
            } else {
                refuse(im, U_PARENT, &MSG_UNIT, rec->parent, NULL);
            }
        }
    }
}

/* Applies the rows to a copy, and looks whether the tree still is one. */
static void units_try(struct import *im, const struct roster *roster, struct unit_rows *all,
                      struct bytes valid_from, struct unit_record *list, size_t *kept)
{
    struct roster trial;
    struct unit_tree tree = {0};
    struct err wrong = {0};

    if (roster_clone(roster, &trial, NULL) != 0) {
        im->code = ERR_NOMEM;
        return;
    }
    units_order(im, roster, &trial, all, list, kept);
    if (im->code == 0 && im->report->errors_count == 0) {
        int rc = unit_tree_make(&trial, valid_from, NULL, &tree, &wrong);

        if (rc == ERR_NOMEM) {
            im->code = rc;
        } else if (rc != 0) {
            struct err *err = error_add(im, im->table->rows[0].row, unit_columns[U_PARENT].name);

            if (err != NULL) {
                *err = wrong;
            }
        }
        unit_tree_fini(&tree);
    }
    roster_fini(&trial);
}

int units_import(const struct roster *roster, const struct import_table *table,
                 struct bytes valid_from, struct arena *arena, struct unit_record **records,
                 size_t *count, struct import_report *report, struct err *err)
{
    struct import im;
    struct unit_rows all = {0};
    struct unit_record *list;
    size_t kept = 0;
    int rc = record_date_check(valid_from, false, "生效日期", err);

    if (rc == 0) {
        rc = import_begin(&im, table, unit_columns, U_COLUMNS, arena, report, err);
    }
    if (rc != 0) {
        return rc;
    }
    list = arena_array(arena, table->count, sizeof *list);
    all.recs = arena_array(arena, table->count, sizeof *all.recs);
    all.rows = arena_array(arena, table->count, sizeof *all.rows);
    all.done = arena_array(arena, table->count, sizeof *all.done);
    if (list == NULL || all.recs == NULL || all.rows == NULL || all.done == NULL) {
        im.code = ERR_NOMEM;
    }
    for (size_t i = 1; im.code == 0 && i < table->count && !(i == 1 && report->errors_count > 0);
         i++) {
        im.row = all.rows[all.count] = table->rows[i].row;
        im.row_is_wrong = false;
        all.recs[all.count] = unit_judge(&im, &table->rows[i], valid_from);
        all.count += !im.row_is_wrong;
    }
    if (im.code == 0) {
        units_try(&im, roster, &all, valid_from, list, &kept);
    }
    rc = import_end(&im, &kept, err);
    if (rc == 0) {
        *records = list;
        *count = kept;
    }
    return rc;
}

/* ---------------------------------------------------------------------------- attendance */

enum { A_NUMBER, A_HEARING, A_DATE, A_MODE, A_COLUMNS };

static const struct column attendance_columns[A_COLUMNS] = {
    [A_NUMBER] = {"人员编号", true},
    [A_HEARING] = {"场次编号", true},
    [A_DATE] = {"日期", true},
    [A_MODE] = {"方式", true},
};

static struct attendance_record attendance_judge(struct import *im, const struct roster *roster,
                                                 const struct import_row *row, struct bytes today)
{
    struct attendance_record rec = {.row = im->row};
    char date[CIVIL_TEXT_BYTES];
    struct bytes mode = cell_of(im, row, A_MODE), pair;
    int64_t person;
    char *both;

    rec.number = take_code(im, row, A_NUMBER, 1, PERSON_NUMBER_BYTES_MAX);
    rec.hearing = take_code(im, row, A_HEARING, 1, HEARING_ID_BYTES_MAX);
    rec.date = take_date(im, row, A_DATE, false, (struct bytes){0});
    if (bytes_compare(rec.date, today) > 0) { /* civil dates sort as text */
        refuse(im, A_DATE, &MSG_FUTURE, rec.date, record_text_copy(today, date, sizeof date));
    }
    rec.mode = hearing_mode_parse(mode);
    if (rec.mode == 0) {
        refuse(im, A_MODE, &MSG_MODE, mode, NULL);
    }
    person = roster_find_person(roster, rec.number);
    if (rec.number.len > 0 && person < 0 && !is_floating(rec.number)) {
        refuse(im, A_NUMBER, &MSG_PERSON, rec.number, NULL);
    }
    rec.person = person < 0 ? 0 : (uint32_t)person;
    if (rec.number.len == 0 || rec.hearing.len == 0) {
        return rec;
    }
    both = arena_alloc(im->arena, rec.number.len + 1 + rec.hearing.len);
    if (both == NULL) {
        im->code = ERR_NOMEM;
        return rec;
    }
    memcpy(both, rec.number.data, rec.number.len); /* the byte 0 between them is in neither */
    memcpy(both + rec.number.len + 1, rec.hearing.data, rec.hearing.len);
    pair = bytes_of(both, rec.number.len + 1 + rec.hearing.len);
    name_once(im, A_HEARING, pair, rec.hearing);
    return rec;
}

int attendance_import(const struct roster *roster, const struct import_table *table,
                      struct bytes today, attendance_known *known, void *known_arg,
                      struct arena *arena, struct attendance_record **records, size_t *count,
                      struct import_report *report, struct err *err)
{
    struct import im;
    struct attendance_record *list;
    size_t kept = 0;
    int rc = import_begin(&im, table, attendance_columns, A_COLUMNS, arena, report, err);

    if (rc != 0) {
        return rc;
    }
    list = arena_array(arena, table->count, sizeof *list);
    if (list == NULL) {
        im.code = ERR_NOMEM;
    }
    for (size_t i = 1; im.code == 0 && i < table->count && !(i == 1 && report->errors_count > 0);
         i++) {
        struct attendance_record rec;

        im.row = table->rows[i].row;
        im.row_is_wrong = false;
        rec = attendance_judge(&im, roster, &table->rows[i], today);
        if (im.row_is_wrong || im.code != 0) {
            continue;
        }
        if (known != NULL && known(known_arg, rec.person, rec.hearing)) {
            report->changes[CHANGE_SAME]++;
        } else {
            report->changes[CHANGE_NEW]++;
            list[kept++] = rec;
        }
    }
    rc = import_end(&im, &kept, err);
    if (rc == 0) {
        *records = list;
        *count = kept;
    }
    return rc;
}
