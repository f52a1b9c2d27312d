/* The three imports over any table: one that is accepted can be applied to the roster as it stands,
 * and is then nothing new; one that is refused hands out nothing and says why.
 *
 * Lines are rows, commas part cells; characters and quotes are the CSV reader's (fuzz_format_csv). */
#include "question-bank/base/utf8.h"
#include "server/roster/roster_import.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ROWS_MAX = 256, CELLS_MAX = 12 };
static const char valid_from[] = "2026-03-01";

static void must(bool holds)
{
    if (!holds)
        abort();
}

/* ------------------------------------------------------------------ the table */

struct table {
    struct bytes cells[ROWS_MAX][CELLS_MAX];
    struct import_row rows[ROWS_MAX];
    struct import_table import;
};

static void row_read(struct table *t, struct bytes line)
{
    size_t at = t->import.count++;
    struct import_row *row = &t->rows[at];

    *row = (struct import_row){.row = (uint32_t)at + 1, .cells = t->cells[at]};
    while (row->count < CELLS_MAX) {
        const uint8_t *comma = line.len > 0 ? memchr(line.data, ',', line.len) : NULL;
        size_t len = comma != NULL ? (size_t)(comma - line.data) : line.len;

        t->cells[at][row->count++] = bytes_of(line.data, len);
        if (comma == NULL)
            return;
        line = bytes_of(comma + 1, line.len - len - 1);
    }
}

static void table_read(struct bytes text, struct table *t)
{
    t->import.rows = t->rows;
    while (text.len > 0 && t->import.count < ROWS_MAX) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t len = end != NULL ? (size_t)(end - text.data) : text.len;

        row_read(t, bytes_of(text.data, len));
        text = end != NULL ? bytes_of(end + 1, text.len - len - 1) : (struct bytes){0};
    }
}

/* ------------------------------------------------------------------ the roster */

static void unit_add(struct roster *r, const char *code, const char *parent, const char *from)
{
    const struct unit_record rec = {.code = bytes_of_text(code),
                                    .name = bytes_of_text("某单位"),
                                    .parent = bytes_of_text(parent),
                                    .valid_from = bytes_of_text(from)};

    must(roster_set_unit(r, &rec, NULL) == 0);
}

static void person_add(struct roster *r, const char *number, const char *unit, const char *from)
{
    const struct person_record rec = {.number = bytes_of_text(number),
                                      .name = bytes_of_text("张三"),
                                      .unit = bytes_of_text(unit),
                                      .category = bytes_of_text("公务员"),
                                      .status = PERSON_ON_BOOKS,
                                      .valid_from = bytes_of_text(from)};

    must(roster_set_person(r, &rec, NULL) == 0);
}

static void roster_make(struct roster *r)
{
    roster_init(r);
    unit_add(r, "A", "", "2020-01-01");
    unit_add(r, "B", "A", "2020-01-01");
    unit_add(r, "C", "B", "2026-02-01");
    unit_add(r, "C", "A", "2026-06-01");
    person_add(r, "1", "A", "2020-01-01");
    person_add(r, "2", "B", "2026-02-01");
    person_add(r, "2", "C", "2026-06-01");
}

/* ------------------------------------------------------------------ what every import owes */

/* Returns whether it was accepted. */
static bool report_check(const struct table *t, const struct import_report *report, size_t count)
{
    char text[ERR_TEXT_BYTES_MAX + 128];
    uint64_t changes = 0;

    for (int i = 0; i < CHANGES; i++)
        changes += report->changes[i];
    must(report->rows == t->import.count - 1 && report->errors_count <= IMPORT_ERRORS_MAX);
    for (size_t i = 0; i < report->errors_count; i++) {
        const struct import_error *e = &report->errors[i];

        must(e->row >= 1 && e->row <= t->import.count && e->column != NULL && e->err.msg != NULL);
        for (int lang = 0; lang < 2; lang++) {
            must(import_error_text(e, (enum lang)lang, text, sizeof(text)) > 0);
            must(utf8_valid(bytes_of_text(text), NULL));
        }
    }
    if (report->errors_count > 0) {
        must(count == 0 && report->accepted == 0 && changes == 0);
        return false;
    }
    must(report->errors_more == 0 && report->accepted == report->rows && changes == report->rows);
    must(count == changes - report->changes[CHANGE_SAME]);
    return true;
}

static void people(const struct table *t, struct roster *r, struct arena *arena)
{
    const struct bytes from = bytes_of_text(valid_from);
    struct import_report report;
    struct person_record *records = NULL;
    size_t count = 0;

    if (people_import(r, &t->import, from, arena, &records, &count, &report, NULL) != 0 ||
        !report_check(t, &report, count))
        return;
    for (size_t i = 0; i < count; i++)
        must(roster_set_person(r, &records[i], NULL) == 0);
    must(people_import(r, &t->import, from, arena, &records, &count, &report, NULL) == 0);
    must(report_check(t, &report, count) && count == 0);
}

static void units(const struct table *t, struct roster *r, struct arena *arena)
{
    const struct bytes from = bytes_of_text(valid_from);
    struct import_report report;
    struct unit_record *records = NULL;
    struct unit_tree tree;
    size_t count = 0;

    if (units_import(r, &t->import, from, arena, &records, &count, &report, NULL) != 0 ||
        !report_check(t, &report, count))
        return;
    for (size_t i = 0; i < count; i++)
        must(roster_set_unit(r, &records[i], NULL) == 0);
    must(unit_tree_make(r, from, NULL, &tree, NULL) == 0);
    unit_tree_fini(&tree);
    must(units_import(r, &t->import, from, arena, &records, &count, &report, NULL) == 0);
    must(report_check(t, &report, count) && count == 0);
}

static bool first_knows(void *arg, uint32_t person, struct bytes hearing)
{
    (void)arg;
    return person == 0 && bytes_equal(hearing, bytes_of_text("ST-1"));
}

static void hearings(const struct table *t, struct roster *r, struct arena *arena)
{
    struct import_report report;
    struct attendance_record *records = NULL;
    size_t count = 0;

    if (attendance_import(r, &t->import, bytes_of_text("2026-11-24"), first_knows, NULL, arena,
                          &records, &count, &report, NULL) != 0 ||
        !report_check(t, &report, count))
        return;
    for (size_t i = 0; i < count; i++) {
        must(records[i].person < r->people_count &&
             bytes_equal(r->people[records[i].person].number, records[i].number));
        must(records[i].mode == HEARING_ON_SITE || records[i].mode == HEARING_ONLINE);
        must(!first_knows(NULL, records[i].person, records[i].hearing));
        for (size_t k = 0; k < i; k++)
            must(records[k].person != records[i].person ||
                 !bytes_equal(records[k].hearing, records[i].hearing));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const imports[])(const struct table *, struct roster *,
                                   struct arena *) = {people, units, hearings};
    struct table *t = calloc(1, sizeof(*t));

    must(t != NULL);
    table_read(bytes_of(data, size), t);
    for (int i = 0; i < 3; i++) {
        struct roster roster;
        struct arena arena;

        roster_make(&roster);
        arena_init(&arena, 0);
        imports[i](t, &roster, &arena);
        arena_fini(&arena);
        roster_fini(&roster);
    }
    free(t);
    return 0;
}
