/* Are the typed rows what the events say? They are derived again, in a scratch database beside the
 * file, by the same functions that an append uses, and both are read side by side in order of their
 * keys.
 *
 * Happy path: one snapshot of the file, sound in its structure; its events, one by one, into the
 * scratch (without payloads: the rows refer to them); then each table from both. Fails with nothing
 * changed; rows that differ are a finding, not a failure. Thread: any; the writer goes on. */
#include "server/store/sqlite/engine.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CHECK_ARENA_BYTES_MAX = 16 << 20 };

struct check {
    enum store_file file;
    struct db scratch;
    struct tails tails;
    struct arena arena;
    struct store_rows_report report;
    struct err *err;
};

/* ------------------------------------------------------------------ deriving again */

static int event_note(struct db *db, const struct event *e, struct err *err)
{
    const struct db_value values[] = {
        db_int(e->seq),      db_int(e->shard), db_int(e->session),
        db_int(e->prev_seq), db_int(e->type),  db_int(e->recorded_ms),
    };

    return db_run(db, "INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, x'')", values, 6, err);
}

static int derive_event(void *arg, const struct event *e)
{
    struct check *c = arg;
    struct tail tail = {0};
    int rc = event_note(&c->scratch, e, c->err);

    c->report.events++;
    if (rc != 0)
        return rc;
    if (c->file == STORE_REGISTRY)
        return registry_rows_apply(&c->scratch, &c->arena, e, c->err);
    if (e->session != 0)
        rc = record_rows_check(&c->scratch, &c->tails, e, &tail, c->err);
    if (rc == 0)
        rc = record_rows_apply(&c->scratch, &c->tails, &c->arena, e, &tail, c->err);
    return rc;
}

static int derive_all(struct check *c, struct db *stored, struct err *err)
{
    int64_t last = 0;
    int rc = db_query_int(stored, "SELECT max(seq) FROM event", NULL, 0, &last, err);

    if (rc >= 0)
        rc = db_run(&c->scratch, "BEGIN", NULL, 0, err);
    if (rc == 0 && last > 0)
        rc = events_scan(stored, 1, last, derive_event, c, err);
    if (rc == ERR_CONFLICT && err != NULL)
        err->code = ERR_CORRUPT; /* what is stored contradicts itself */
    if (rc == ERR_CONFLICT)
        rc = ERR_CORRUPT;
    return rc == 0 ? db_run(&c->scratch, "COMMIT", NULL, 0, err) : rc;
}

/* ------------------------------------------------------------------ side by side */

/* One table in one database. */
struct side {
    struct db *db;
    sqlite3_stmt *stmt;
    bool ended;
};

static int side_next(struct side *s, struct err *err)
{
    int step = sqlite3_step(s->stmt);

    s->ended = step == SQLITE_DONE;
    return step == SQLITE_DONE || step == SQLITE_ROW ? 0 : db_fail(s->db, err);
}

static int side_begin(struct side *s, struct db *db, const struct rows_table *table,
                      struct err *err)
{
    int rc;

    s->db = db;
    rc = db_prepare(db, table->select, &s->stmt, err);
    return rc == 0 ? side_next(s, err) : rc;
}

/* The order of the keys under both cursors; one that has ended is behind everything. */
static int keys_compare(const struct side *a, const struct side *b, int columns)
{
    if (a->ended || b->ended)
        return (int)a->ended - (int)b->ended;
    for (int i = 0; i < columns; i++) {
        int64_t x = sqlite3_column_int64(a->stmt, i), y = sqlite3_column_int64(b->stmt, i);

        if (x != y)
            return x < y ? -1 : 1;
    }
    return 0;
}

static bool column_equal(sqlite3_stmt *a, sqlite3_stmt *b, int column)
{
    int type = sqlite3_column_type(a, column);

    if (type != sqlite3_column_type(b, column))
        return false;
    if (type == SQLITE_NULL)
        return true;
    if (type == SQLITE_INTEGER)
        return sqlite3_column_int64(a, column) == sqlite3_column_int64(b, column);
    /* Texts too are compared as bytes. */
    const void *x = sqlite3_column_blob(a, column), *y = sqlite3_column_blob(b, column);
    int len = sqlite3_column_bytes(a, column);
    return len == sqlite3_column_bytes(b, column) && (len == 0 || memcmp(x, y, (size_t)len) == 0);
}

/* -1: equal in all columns. */
static int column_unequal(const struct side *a, const struct side *b)
{
    int count = sqlite3_column_count(a->stmt);

    assert(count == sqlite3_column_count(b->stmt));
    for (int i = 0; i < count; i++)
        if (!column_equal(a->stmt, b->stmt, i))
            return i;
    return -1;
}

static void number_show(sqlite3_stmt *stmt, int column, char out[24])
{
    int type = sqlite3_column_type(stmt, column);

    if (type == SQLITE_INTEGER)
        err_int(out, sqlite3_column_int64(stmt, column));
    else
        snprintf(out, 24, "%s", type == SQLITE_NULL ? "-" : "");
}

static void id_show(sqlite3_stmt *stmt, int columns, char out[STORE_ROW_TEXT_BYTES_MAX])
{
    size_t len = 0;

    for (int i = 0; i < columns && len < STORE_ROW_TEXT_BYTES_MAX; i++) {
        int n = snprintf(out + len, STORE_ROW_TEXT_BYTES_MAX - len, "%s%s=%lld", i == 0 ? "" : ", ",
                         sqlite3_column_name(stmt, i), (long long)sqlite3_column_int64(stmt, i));

        len += n > 0 ? (size_t)n : 0;
    }
}

/* Notes a difference; only the first is described. */
static void difference_note(struct store_rows_report *r, const struct rows_table *table,
                            enum store_row_fault fault, const struct side *stored,
                            const struct side *derived, int column)
{
    if (r->differences++ > 0)
        return;
    r->fault = fault;
    snprintf(r->table, sizeof(r->table), "%s", table->name);
    id_show(fault == STORE_ROW_MISSING ? derived->stmt : stored->stmt, table->key_columns, r->id);
    if (fault != STORE_ROW_DIFFERS)
        return;
    snprintf(r->column, sizeof(r->column), "%s", sqlite3_column_name(stored->stmt, column));
    number_show(stored->stmt, column, r->stored);
    number_show(derived->stmt, column, r->derived);
}

static int table_compare(struct check *c, struct db *db, const struct rows_table *table,
                         struct err *err)
{
    struct side stored = {0}, derived = {0};
    int rc = side_begin(&stored, db, table, err);

    if (rc == 0)
        rc = side_begin(&derived, &c->scratch, table, err);
    while (rc == 0 && !(stored.ended && derived.ended)) {
        int order = keys_compare(&stored, &derived, table->key_columns);
        int column = order == 0 ? column_unequal(&stored, &derived) : -1;

        if (order != 0)
            difference_note(&c->report, table, order < 0 ? STORE_ROW_EXTRA : STORE_ROW_MISSING,
                            &stored, &derived, -1);
        else if (column >= 0)
            difference_note(&c->report, table, STORE_ROW_DIFFERS, &stored, &derived, column);
        c->report.rows += order >= 0 ? 1 : 0;
        if (order <= 0)
            rc = side_next(&stored, err);
        if (rc == 0 && order >= 0)
            rc = side_next(&derived, err);
    }
    if (stored.stmt != NULL)
        sqlite3_reset(stored.stmt);
    if (derived.stmt != NULL)
        sqlite3_reset(derived.stmt);
    return rc;
}

/* ------------------------------------------------------------------ the check */

static void check_free(struct check *c)
{
    db_close(&c->scratch);
    tails_fini(&c->tails);
    arena_fini(&c->arena);
    free(c);
}

static int check_new(enum store_file file, struct check **out, struct err *err)
{
    struct check *c = calloc(1, sizeof(*c));
    int rc;

    if (c == NULL)
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    if (tails_init(&c->tails) != 0) {
        free(c);
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    arena_init(&c->arena, CHECK_ARENA_BYTES_MAX);
    c->file = file;
    c->report.file = file;
    c->err = err;
    /* The system's own way to files: a test's must not see the scratch. */
    rc = db_open(&c->scratch, "", "scratch", NULL, DB_SCRATCH, false, err);
    if (rc == 0)
        rc = schema_open(&c->scratch, file, err);
    if (rc == 0)
        *out = c;
    else
        check_free(c);
    return rc;
}

int engine_rows_check(struct store *s, enum store_file file, struct store_rows_report *out,
                      struct err *err)
{
    const struct rows_table *tables = file == STORE_RECORD ? record_tables : registry_tables;
    size_t count = file == STORE_RECORD ? record_tables_count : registry_tables_count;
    struct engine *en = engine_of(s);
    struct engine_file *f = &en->files[file];
    struct check *c = NULL;
    struct db *db;
    int rc = check_new(file, &c, err);

    if (rc != 0)
        return rc;
    rc = snapshot_take(en, f, &db, err);
    if (rc != 0)
        goto out;
    /* Reports find their rows by indexes, so these must be right as well. */
    rc = db_structure_check(db, true, err);
    if (rc == 0)
        rc = derive_all(c, db, err);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = table_compare(c, db, &tables[i], err);
    reader_give(f, db);
    if (rc == 0)
        *out = c->report;
out:
    check_free(c);
    return rc;
}
