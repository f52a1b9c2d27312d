/* Dispatch to the engine, and what every engine may take for granted, asserted once. A store has no
 * state of its own here. Thread: the caller's. */
#include "server/store/store.h"

#include <assert.h>
#include <stdio.h>

static const struct msg msg_row_missing = {
    .id = "store-typed-row-missing",
    .zh = "{0}的表{1}缺少应由事件得出的行（{2}）",
    .en = "table {1} of {0} lacks the row {2}, which follows from the events",
};
static const struct msg msg_row_extra = {
    .id = "store-typed-row-extra",
    .zh = "{0}的表{1}多出一行（{2}），事件中没有依据",
    .en = "table {1} of {0} has the row {2}, which follows from no event",
};
static const struct msg msg_row_differs = {
    .id = "store-typed-row-differs",
    .zh = "{0}的表{1}中有一行（{2}）与事件不一致：{3}",
    .en = "table {1} of {0}: the row {2} is not what the events say: {3}",
};

const char *store_file_name(enum store_file file)
{
    static const char *const names[STORE_FILES] = {"record.db", "registry.db"};

    assert(file >= 0 && file < STORE_FILES);
    return names[file];
}

static void batch_assert(enum store_file file, const struct store_batch *batch)
{
    assert(file >= 0 && file < STORE_FILES);
    assert(batch != NULL);
    assert(batch->count > 0 && batch->count <= STORE_BATCH_EVENTS_MAX);
    assert(batch->events != NULL && batch->leaves != NULL);
    assert(batch->secrets_count == 0 || batch->secrets != NULL);
    assert(batch->secrets_count <= batch->count);
    assert(file == STORE_RECORD || batch->secrets_count == 0);
    (void)file;
    (void)batch;
}

int store_append(struct store *s, enum store_file file, const struct store_batch *batch,
                 struct err *err)
{
    batch_assert(file, batch);
    return s->ops->append(s, file, batch, err);
}

int store_tail(struct store *s, enum store_file file, struct store_tail *out, struct err *err)
{
    assert(file >= 0 && file < STORE_FILES && out != NULL);
    return s->ops->tail(s, file, out, err);
}

int store_events_each(struct store *s, enum store_file file, int64_t from_seq, int64_t session,
                      int (*visit)(void *, const struct event *), void *arg, struct err *err)
{
    assert(file >= 0 && file < STORE_FILES && visit != NULL && session >= 0);
    assert(file == STORE_RECORD || session == 0);
    return s->ops->events_each(s, file, from_seq, session, visit, arg, err);
}

int store_secret_get(struct store *s, int64_t session, uint8_t out[32], struct err *err)
{
    assert(session > 0);
    return s->ops->secret_get(s, session, out, err);
}

int store_sessions_each(struct store *s, bool only_open, int64_t before_ms,
                        int (*visit)(void *, const struct session_row *), void *arg,
                        struct err *err)
{
    assert(visit != NULL);
    return s->ops->sessions_each(s, only_open, before_ms, visit, arg, err);
}

int store_scores_each(struct store *s, const uint8_t exam_uuid[16], int64_t before_ms,
                      int (*visit)(void *, const struct score_row *), void *arg, struct err *err)
{
    assert(visit != NULL);
    return s->ops->scores_each(s, exam_uuid, before_ms, visit, arg, err);
}

int store_attendance_each(struct store *s, const char *from, const char *to, int64_t before_ms,
                          int (*visit)(void *, const struct attendance_row *), void *arg,
                          struct err *err)
{
    assert(from != NULL && to != NULL && visit != NULL);
    return s->ops->attendance_each(s, from, to, before_ms, visit, arg, err);
}

int store_rebuild(struct store *s, enum store_file file, struct err *err)
{
    assert(file >= 0 && file < STORE_FILES);
    return s->ops->rebuild(s, file, err);
}

int store_rows_check(struct store *s, enum store_file file, struct store_rows_report *out,
                     struct err *err)
{
    assert(file >= 0 && file < STORE_FILES && out != NULL);
    return s->ops->rows_check(s, file, out, err);
}

int store_rows_report_err(const struct store_rows_report *r, struct err *err)
{
    const char *file = store_file_name(r->file);
    char what[3 * STORE_ROW_TEXT_BYTES_MAX];

    switch (r->fault) {
    case STORE_ROWS_EQUAL:
        return 0;
    case STORE_ROW_MISSING:
        return err_set(err, ERR_CORRUPT, &msg_row_missing, file, r->table, r->id, NULL);
    case STORE_ROW_EXTRA:
        return err_set(err, ERR_CORRUPT, &msg_row_extra, file, r->table, r->id, NULL);
    case STORE_ROW_DIFFERS:
        break;
    }
    if (r->stored[0] != '\0' && r->derived[0] != '\0')
        snprintf(what, sizeof(what), "%s = %s ≠ %s", r->column, r->stored, r->derived);
    else
        snprintf(what, sizeof(what), "%s", r->column);
    return err_set(err, ERR_CORRUPT, &msg_row_differs, file, r->table, r->id, what);
}

int store_dump(struct store *s, enum store_file file, struct buf *out, struct err *err)
{
    assert(file >= 0 && file < STORE_FILES && out != NULL);
    return s->ops->dump(s, file, out, err);
}

int store_checkpoint(struct store *s, enum store_file file, struct err *err)
{
    assert(file >= 0 && file < STORE_FILES);
    return s->ops->checkpoint(s, file, err);
}

int64_t store_log_bytes(const struct store *s, enum store_file file)
{
    assert(file >= 0 && file < STORE_FILES);
    return s->ops->log_bytes(s, file);
}

void store_close(struct store *s)
{
    if (s != NULL)
        s->ops->close(s);
}
