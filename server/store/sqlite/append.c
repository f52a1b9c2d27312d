/* Writing: appends, the rebuild of typed rows, checkpoints.
 *
 * Happy path of an append: check that the batch continues the journal, then one transaction with
 * the events, their leaves, the secrets and the typed rows, and one synced commit. Any failure
 * rolls back. A failed sync closes the file for writing (see sqlite_store.h).
 * Thread: writer_lock; a checkpoint runs beside it under checkpoint_lock. */
#include "server/store/sqlite/engine.h"

#include "server/record/leaf.h"
#include "server/record/payload.h"

#include <assert.h>
#include <string.h>

enum { FRAME_BYTES = 4096 + 24 };

static const struct msg msg_order = {
    .id = "store-batch-order",
    .zh = "事件{0}没有接在已存的最后一个事件（{1}）之后，或其时间倒退",
    .en = "event {0} does not follow the last stored one ({1}), or its time goes back",
};
static const struct msg msg_form = {
    .id = "store-batch-form",
    .zh = "事件{0}（{1}）所附内容不合约定",
    .en = "event {0} ({1}) comes with parts that do not belong to it",
};
static const struct msg msg_unsynced = {
    .id = "store-unsynced",
    .zh = "数据库文件{0}写入磁盘时失败，结果不明；须重新打开数据目录并核对",
    .en = "writing {0} to disk failed and its outcome is unknown; reopen the data directory",
};

/* ------------------------------------------------------------------ what a batch must be */

static bool secret_is_there(const struct store_batch *batch, int64_t session)
{
    for (size_t i = 0; i < batch->secrets_count; i++)
        if (batch->secrets[i].session == session)
            return true;
    return false;
}

static bool event_is_well_formed(enum store_file file, const struct store_batch *batch, size_t i)
{
    const struct event *e = &batch->events[i];
    const struct event_leaf *l = &batch->leaves[i];

    if (e->session < 0 || e->prev_seq < 0 || e->recorded_ms < 0)
        return false;
    if (e->payload.len > EVENT_PAYLOAD_BYTES_MAX || e->payload.len == 0)
        return false;
    if (e->session == 0 ? e->prev_seq != 0 : file != STORE_RECORD)
        return false;
    if (l->has_leaf != leaf_is_due(e->type))
        return false;
    return !l->has_leaf || l->store_salt == (e->session == 0);
}

static int batch_check(const struct engine_file *f, const struct store_batch *batch,
                       struct err *err)
{
    int64_t seq = f->last_seq, recorded_ms = f->last_recorded_ms;
    size_t started = 0;
    char text[24], last[24];

    for (size_t i = 0; i < batch->count; i++) {
        const struct event *e = &batch->events[i];

        if (e->seq != seq + 1 || e->recorded_ms < recorded_ms)
            return err_set(err, ERR_CONFLICT, &msg_order, err_int(text, e->seq), err_int(last, seq),
                           NULL, NULL);
        bool starts = f->file == STORE_RECORD && e->type == EVENT_SESSION_STARTED;
        started += starts ? 1 : 0;
        if (!event_is_well_formed(f->file, batch, i) ||
            (starts && !secret_is_there(batch, e->session)))
            return err_set(err, ERR_CONFLICT, &msg_form, err_int(text, e->seq),
                           event_type_name(e->type), NULL, NULL);
        seq = e->seq;
        recorded_ms = e->recorded_ms;
    }
    /* Each start has its secret; as many secrets as starts: none without a start. */
    if (started != batch->secrets_count)
        return err_set(err, ERR_CONFLICT, &msg_form, err_int(text, seq), "secret", NULL, NULL);
    return 0;
}

/* ------------------------------------------------------------------ writing it */

static int event_insert(struct db *db, const struct event *e, struct err *err)
{
    sqlite3_stmt *stmt;
    int rc = db_prepare(db, "INSERT INTO event VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", &stmt, err);

    if (rc != 0)
        return rc;
    /* Binding numbers to an existing parameter cannot fail. */
    sqlite3_bind_int64(stmt, 1, e->seq);
    sqlite3_bind_int64(stmt, 2, e->shard);
    sqlite3_bind_int64(stmt, 3, e->session);
    sqlite3_bind_int64(stmt, 4, e->prev_seq);
    sqlite3_bind_int64(stmt, 5, e->type);
    sqlite3_bind_int64(stmt, 6, e->recorded_ms);
    if (sqlite3_bind_blob64(stmt, 7, e->payload.data, e->payload.len, SQLITE_STATIC) != SQLITE_OK)
        return db_fail(db, err);
    if (sqlite3_step(stmt) != SQLITE_DONE)
        rc = db_fail(db, err);
    sqlite3_reset(stmt);
    return rc;
}

static int leaf_insert(struct db *db, const struct event *e, const struct event_leaf *l,
                       struct err *err)
{
    const struct db_value values[] = {
        db_int(e->seq),
        l->store_salt ? db_blob(l->salt, sizeof(l->salt)) : db_null(),
        db_blob(l->leaf.b, DIGEST_BYTES),
    };

    return db_run(db, "INSERT INTO leaf VALUES (?1, ?2, ?3)", values, 3, err);
}

static int event_write(struct engine *en, struct engine_file *f, const struct event *e,
                       const struct event_leaf *l, struct err *err)
{
    struct tail tail = {0};
    int rc = 0;

    if (e->session != 0)
        rc = record_rows_check(&f->writer, &en->tails, e, &tail, err);
    if (rc == 0)
        rc = event_insert(&f->writer, e, err);
    if (rc == 0 && l->has_leaf)
        rc = leaf_insert(&f->writer, e, l, err);
    if (rc != 0)
        return rc;
    return f->file == STORE_RECORD
               ? record_rows_apply(&f->writer, &en->tails, &f->arena, e, &tail, err)
               : registry_rows_apply(&f->writer, &f->arena, e, err);
}

static int secrets_write(struct db *db, const struct store_batch *batch, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < batch->secrets_count && rc == 0; i++) {
        const struct db_value values[] = {db_int(batch->secrets[i].session),
                                          db_blob(batch->secrets[i].secret, 32)};
        rc = db_run(db, "INSERT INTO secret VALUES (?1, ?2)", values, 2, err);
    }
    return rc;
}

/* Was it the sync that failed? Then frames that were rolled back here may still be found valid
 * after a crash. */
static bool failed_in_sync(const struct db *db)
{
    switch (sqlite3_extended_errcode(db->sql)) {
    case SQLITE_IOERR_FSYNC:
    case SQLITE_IOERR_DIR_FSYNC:
        return true;
    default:
        return false;
    }
}

static int commit(struct engine_file *f, struct err *err)
{
    int rc = db_run(&f->writer, "COMMIT", NULL, 0, err);

    if (rc == 0)
        return 0;
    if (failed_in_sync(&f->writer)) {
        f->unsynced = true;
        rc = err_set(err, ERR_UNKNOWN, &msg_unsynced, f->name, NULL, NULL, NULL);
    }
    return rc;
}

/* The last stretch of a checkpoint, by the writer: nothing is appended meanwhile, so it completes
 * and the next commit begins the log anew. Failure is no failure of the append; the log stays. */
static void log_finish(const struct engine *en, struct engine_file *f)
{
    int64_t pages = atomic_load(&f->wal_pages);
    int64_t retry = en->options.wal_bytes_reset / FRAME_BYTES;
    bool too_long =
        pages * FRAME_BYTES > en->options.wal_bytes_max && pages - f->finished_at_pages > retry;

    if (pages < f->finished_at_pages)
        f->finished_at_pages = 0; /* it began anew */
    if (!atomic_exchange(&f->finish_wanted, false) && !too_long)
        return;
    f->finished_at_pages = pages;
    sqlite3_wal_checkpoint_v2(f->writer.sql, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL, NULL);
}

int engine_append(struct store *s, enum store_file file, const struct store_batch *batch,
                  struct err *err)
{
    struct engine *en = engine_of(s);
    struct engine_file *f = &en->files[file];
    bool in_tails = false;
    int rc;

    pthread_mutex_lock(&f->writer_lock);
    if (f->unsynced) {
        rc = err_set(err, ERR_UNKNOWN, &msg_unsynced, f->name, NULL, NULL, NULL);
        goto out;
    }
    rc = batch_check(f, batch, err);
    if (rc != 0)
        goto out;
    rc = db_run(&f->writer, "BEGIN IMMEDIATE", NULL, 0, err);
    if (rc != 0)
        goto out;
    in_tails = file == STORE_RECORD;
    if (in_tails)
        tails_begin(&en->tails);
    for (size_t i = 0; i < batch->count && rc == 0; i++)
        rc = event_write(en, f, &batch->events[i], &batch->leaves[i], err);
    if (rc == 0)
        rc = secrets_write(&f->writer, batch, err);
    if (rc == 0)
        rc = commit(f, err);
    if (rc != 0) {
        db_rollback(&f->writer);
        goto out;
    }
    f->last_seq = batch->events[batch->count - 1].seq;
    f->last_recorded_ms = batch->events[batch->count - 1].recorded_ms;
out:
    if (in_tails && rc == 0)
        tails_commit(&en->tails);
    else if (in_tails)
        tails_rollback(&en->tails);
    if (rc == 0)
        log_finish(en, f);
    pthread_mutex_unlock(&f->writer_lock);
    return rc;
}

/* ------------------------------------------------------------------ rebuilding */

struct rebuild {
    struct engine *en;
    struct engine_file *f;
    struct err *err;
};

static int rebuild_event(void *arg, const struct event *e)
{
    struct rebuild *r = arg;
    struct tail tail = {0};
    int rc = 0;

    if (r->f->file == STORE_REGISTRY)
        return registry_rows_apply(&r->f->writer, &r->f->arena, e, r->err);
    if (e->session != 0)
        rc = record_rows_check(&r->f->writer, &r->en->tails, e, &tail, r->err);
    if (rc == 0)
        rc = record_rows_apply(&r->f->writer, &r->en->tails, &r->f->arena, e, &tail, r->err);
    return rc;
}

int engine_rebuild(struct store *s, enum store_file file, struct err *err)
{
    struct engine *en = engine_of(s);
    struct engine_file *f = &en->files[file];
    const struct rows_table *tables = file == STORE_RECORD ? record_tables : registry_tables;
    size_t count = file == STORE_RECORD ? record_tables_count : registry_tables_count;
    struct rebuild r = {en, f, err};
    int rc;

    pthread_mutex_lock(&f->writer_lock);
    if (f->unsynced) {
        rc = err_set(err, ERR_UNKNOWN, &msg_unsynced, f->name, NULL, NULL, NULL);
        goto out;
    }
    rc = db_run(&f->writer, "BEGIN IMMEDIATE", NULL, 0, err);
    if (rc != 0)
        goto out;
    if (file == STORE_RECORD)
        tails_clear(&en->tails);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = db_run(&f->writer, tables[i].clear, NULL, 0, err);
    if (rc == 0)
        rc = events_scan(&f->writer, 1, f->last_seq, rebuild_event, &r, err);
    if (rc == ERR_CONFLICT && err != NULL)
        err->code = ERR_CORRUPT; /* what is stored contradicts itself */
    if (rc == ERR_CONFLICT)
        rc = ERR_CORRUPT;
    if (rc == 0)
        rc = commit(f, err);
    if (rc != 0) {
        db_rollback(&f->writer);
        if (file == STORE_RECORD)
            tails_clear(&en->tails);
    }
out:
    pthread_mutex_unlock(&f->writer_lock);
    return rc;
}

/* ------------------------------------------------------------------ checkpoints */

/* Copies what is committed into the file while the writer goes on. What it cannot finish is little;
 * past wal_bytes_reset the writer is asked to do that, between two commits. */
int engine_checkpoint(struct store *s, enum store_file file, struct err *err)
{
    struct engine *en = engine_of(s);
    struct engine_file *f = &en->files[file];
    int logged = 0, copied = 0, rc = 0;
    int code;

    pthread_mutex_lock(&f->checkpoint_lock);
    code = sqlite3_wal_checkpoint_v2(f->checkpointer.sql, NULL, SQLITE_CHECKPOINT_PASSIVE, &logged,
                                     &copied);
    if (code != SQLITE_OK && (code & 0xFF) != SQLITE_BUSY)
        rc = db_fail(&f->checkpointer, err);
    else if ((int64_t)logged * FRAME_BYTES > en->options.wal_bytes_reset)
        atomic_store(&f->finish_wanted, true);
    pthread_mutex_unlock(&f->checkpoint_lock);
    return rc;
}
