/* Reading the typed rows: sessions, scores, attendance as of a moment, and all of them as text.
 *
 * Happy path: one snapshot, one statement, one visit a row. A row holds at T if it was recorded before
 * T and not superseded before T. Damaged rows are ERR_CORRUPT: they can be rebuilt from the events.
 * Thread: any. */
#include "server/store/sqlite/engine.h"

#include <string.h>

/* ------------------------------------------------------------------ sessions */

static bool blob_is(sqlite3_stmt *stmt, int column, int len)
{
    return sqlite3_column_type(stmt, column) == SQLITE_BLOB &&
           sqlite3_column_bytes(stmt, column) == len;
}

static bool session_read(sqlite3_stmt *stmt, struct session_row *out)
{
    out->session = sqlite3_column_int64(stmt, 0);
    if (!blob_is(stmt, 1, 16) || !blob_is(stmt, 2, 16) || !blob_is(stmt, 3, 32))
        return false;
    memcpy(out->session_uuid, sqlite3_column_blob(stmt, 1), 16);
    memcpy(out->exam_uuid, sqlite3_column_blob(stmt, 2), 16);
    memcpy(out->pseudonym, sqlite3_column_blob(stmt, 3), 32);
    out->attempt = (uint32_t)sqlite3_column_int64(stmt, 4);
    out->first_seq = sqlite3_column_int64(stmt, 5);
    out->started_ms = sqlite3_column_int64(stmt, 6);
    out->closed_seq = sqlite3_column_int64(stmt, 7);
    return true;
}

int engine_sessions_each(struct store *s, bool only_open, int64_t before_ms,
                         int (*visit)(void *, const struct session_row *), void *arg,
                         struct err *err)
{
    struct engine *en = engine_of(s);
    struct engine_file *f = &en->files[STORE_RECORD];
    const struct db_value values[] = {db_int(before_ms)};
    struct session_row row;
    sqlite3_stmt *stmt = NULL;
    struct db *db;
    int step, rc = snapshot_take(en, f, &db, err);

    if (rc != 0)
        return rc;
    rc = db_prepare(db,
                    "SELECT s.session, s.uuid, s.exam, s.pseudonym, s.attempt, s.first_seq,"
                    " s.started_ms, coalesce((SELECT max(c.seq) FROM closure c"
                    "  WHERE c.session = s.session AND c.recorded_ms < ?1"
                    "  AND (c.superseded_ms IS NULL OR c.superseded_ms >= ?1)), 0)"
                    " FROM session s WHERE s.recorded_ms < ?1 ORDER BY s.session",
                    &stmt, err);
    if (rc == 0)
        rc = db_bind(db, stmt, values, 1, err);
    while (rc == 0 && (step = sqlite3_step(stmt)) != SQLITE_DONE) {
        if (step != SQLITE_ROW)
            rc = db_fail(db, err);
        else if (!session_read(stmt, &row))
            rc = row_corrupt(db, row.session, err);
        else if (!only_open || row.closed_seq == 0)
            rc = visit(arg, &row);
    }
    if (stmt != NULL)
        sqlite3_reset(stmt);
    reader_give(f, db);
    return rc;
}

/* ------------------------------------------------------------------ scores */

static bool score_read(sqlite3_stmt *stmt, struct score_row *out)
{
    out->session = sqlite3_column_int64(stmt, 0);
    if (!blob_is(stmt, 1, 16) || !blob_is(stmt, 2, 32))
        return false;
    memcpy(out->exam_uuid, sqlite3_column_blob(stmt, 1), 16);
    memcpy(out->pseudonym, sqlite3_column_blob(stmt, 2), 32);
    out->attempt = (uint32_t)sqlite3_column_int64(stmt, 3);
    out->points = (uint32_t)sqlite3_column_int64(stmt, 4);
    out->points_max = (uint32_t)sqlite3_column_int64(stmt, 5);
    out->passed = sqlite3_column_int(stmt, 6) != 0;
    out->band = sqlite3_column_int(stmt, 7);
    out->pending = sqlite3_column_int(stmt, 8) != 0;
    out->voided = sqlite3_column_int(stmt, 9) != 0;
    out->graded_ms = sqlite3_column_int64(stmt, 10);
    out->recorded_ms = sqlite3_column_int64(stmt, 11);
    out->seq = sqlite3_column_int64(stmt, 13);
    out->timed_out = sqlite3_column_int(stmt, 12) == EVENT_SESSION_TIMED_OUT;
    return true;
}

/* How it was closed is said by the event of its last hand-in before the score. */
#define SCORE_COLUMNS                                                                              \
    "SELECT session, exam, pseudonym, attempt, points, points_max, passed, band, pending, voided," \
    " graded_ms, recorded_ms, (SELECT e.type FROM handin h JOIN event e ON e.seq = h.seq"          \
    "  WHERE h.session = score.session AND h.seq < score.seq ORDER BY h.seq DESC LIMIT 1), seq"    \
    " FROM score WHERE recorded_ms < ?1"                                                           \
    " AND (superseded_ms IS NULL OR superseded_ms >= ?1)"

int engine_scores_each(struct store *s, const uint8_t exam_uuid[16], int64_t before_ms,
                       int (*visit)(void *, const struct score_row *), void *arg, struct err *err)
{
    struct engine *en = engine_of(s);
    struct engine_file *f = &en->files[STORE_RECORD];
    const struct db_value values[] = {db_int(before_ms), db_blob(exam_uuid, 16)};
    struct score_row row;
    sqlite3_stmt *stmt = NULL;
    struct db *db;
    int step, rc = snapshot_take(en, f, &db, err);

    if (rc != 0)
        return rc;
    rc = exam_uuid == NULL
             ? db_prepare(db, SCORE_COLUMNS " ORDER BY session, seq", &stmt, err)
             : db_prepare(db, SCORE_COLUMNS " AND exam = ?2 ORDER BY session, seq", &stmt, err);
    if (rc == 0)
        rc = db_bind(db, stmt, values, exam_uuid == NULL ? 1 : 2, err);
    while (rc == 0 && (step = sqlite3_step(stmt)) != SQLITE_DONE) {
        if (step != SQLITE_ROW)
            rc = db_fail(db, err);
        else if (!score_read(stmt, &row))
            rc = row_corrupt(db, row.session, err);
        else
            rc = visit(arg, &row);
    }
    if (stmt != NULL)
        sqlite3_reset(stmt);
    reader_give(f, db);
    return rc;
}

/* ------------------------------------------------------------------ attendance */

int engine_attendance_each(struct store *s, const char *from, const char *to, int64_t before_ms,
                           int (*visit)(void *, const struct attendance_row *), void *arg,
                           struct err *err)
{
    struct engine *en = engine_of(s);
    struct engine_file *f = &en->files[STORE_RECORD];
    const struct db_value values[] = {db_int(before_ms), db_text(bytes_of_text(from)),
                                      db_text(bytes_of_text(to))};
    struct attendance_row row;
    sqlite3_stmt *stmt = NULL;
    struct db *db;
    int step, rc = snapshot_take(en, f, &db, err);

    if (rc != 0)
        return rc;
    rc = db_prepare(db,
                    "SELECT pseudonym, hearing, date, mode, recorded_ms FROM attendance"
                    " WHERE recorded_ms < ?1 AND (superseded_ms IS NULL OR superseded_ms >= ?1)"
                    " AND date >= ?2 AND date < ?3 ORDER BY date, seq",
                    &stmt, err);
    if (rc == 0)
        rc = db_bind(db, stmt, values, 3, err);
    while (rc == 0 && (step = sqlite3_step(stmt)) != SQLITE_DONE) {
        if (step != SQLITE_ROW) {
            rc = db_fail(db, err);
            break;
        }
        if (!blob_is(stmt, 0, 32)) {
            rc = row_corrupt(db, 0, err);
            break;
        }
        memcpy(row.pseudonym, sqlite3_column_blob(stmt, 0), 32);
        row.hearing = bytes_of(sqlite3_column_text(stmt, 1), (size_t)sqlite3_column_bytes(stmt, 1));
        row.date = bytes_of(sqlite3_column_text(stmt, 2), (size_t)sqlite3_column_bytes(stmt, 2));
        row.mode = (uint8_t)sqlite3_column_int(stmt, 3);
        row.recorded_ms = sqlite3_column_int64(stmt, 4);
        rc = visit(arg, &row);
    }
    if (stmt != NULL)
        sqlite3_reset(stmt);
    reader_give(f, db);
    return rc;
}

/* ------------------------------------------------------------------ as text */

static void column_write(sqlite3_stmt *stmt, int column, struct buf *out)
{
    const uint8_t *data;
    int len;

    switch (sqlite3_column_type(stmt, column)) {
    case SQLITE_NULL:
        buf_append_text(out, "-");
        return;
    case SQLITE_BLOB:
        data = sqlite3_column_blob(stmt, column);
        len = sqlite3_column_bytes(stmt, column);
        for (int i = 0; i < len; i++)
            buf_printf(out, "%02x", data[i]);
        return;
    default:
        buf_append_text(out, (const char *)sqlite3_column_text(stmt, column));
        return;
    }
}

static int table_dump(struct db *db, const struct rows_table *table, struct buf *out,
                      struct err *err)
{
    sqlite3_stmt *stmt = NULL;
    int step, rc = db_prepare(db, table->select, &stmt, err);

    while (rc == 0 && (step = sqlite3_step(stmt)) != SQLITE_DONE) {
        if (step != SQLITE_ROW) {
            rc = db_fail(db, err);
            break;
        }
        buf_append_text(out, table->name);
        for (int i = 0; i < sqlite3_column_count(stmt); i++) {
            buf_append_byte(out, '|');
            column_write(stmt, i, out);
        }
        buf_append_byte(out, '\n');
    }
    if (stmt != NULL)
        sqlite3_reset(stmt);
    return rc;
}

int engine_dump(struct store *s, enum store_file file, struct buf *out, struct err *err)
{
    struct engine *en = engine_of(s);
    struct engine_file *f = &en->files[file];
    const struct rows_table *tables = file == STORE_RECORD ? record_tables : registry_tables;
    size_t count = file == STORE_RECORD ? record_tables_count : registry_tables_count;
    struct db *db;
    int rc = snapshot_take(en, f, &db, err);

    if (rc != 0)
        return rc;
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = table_dump(db, &tables[i], out, err);
    reader_give(f, db);
    if (rc == 0 && buf_error(out) != 0)
        rc = err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    return rc;
}
