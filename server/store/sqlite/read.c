/* Reading: a pool of connections, each call on one of its own, in one snapshot (a long scan of events
 * takes a new one every EVENTS_CHUNK events, so that it never holds the log for long).
 * Stored rows are checked while they are read: ERR_CORRUPT names the event.
 * Thread: any. */
#include "server/store/sqlite/engine.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { EVENTS_CHUNK = 1 << 16, SESSION_EVENTS_MAX = 1 << 20 };

static const struct msg msg_event = {
    .id = "store-event-corrupt",
    .zh = "{0}中的事件{1}缺失或已损坏",
    .en = "event {1} in {0} is missing or damaged",
};
static const struct msg msg_row = {
    .id = "store-row-corrupt",
    .zh = "{0}中会话{1}的记录已损坏",
    .en = "the rows of session {1} in {0} are damaged",
};
static const struct msg msg_no_session = {
    .id = "store-no-session",
    .zh = "没有会话{0}",
    .en = "there is no session {0}",
};
static const struct msg msg_session_long = {
    .id = "store-session-too-long",
    .zh = "会话{0}的事件过多",
    .en = "session {0} has too many events",
};
static const struct msg msg_readers = {
    .id = "store-readers",
    .zh = "同时读取{0}的操作过多，请稍后再试",
    .en = "too many reads of {0} at once; try again later",
};

/* ------------------------------------------------------------------ the pool */

static int reader_take(struct engine *en, struct engine_file *f, struct db **out, struct err *err)
{
    struct db *db = NULL;
    bool full = false;
    int rc;

    pthread_mutex_lock(&f->readers_lock);
    if (f->readers_idle_count > 0)
        db = f->readers_idle[--f->readers_idle_count];
    else if (f->readers_count < READERS_MAX)
        f->readers_count++;
    else
        full = true;
    pthread_mutex_unlock(&f->readers_lock);
    if (full)
        return err_set(err, ERR_BUSY, &msg_readers, f->name, NULL, NULL, NULL);
    if (db == NULL) {
        db = calloc(1, sizeof(*db));
        rc = db == NULL ? err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL)
                        : db_open(db, f->path, f->name, en->options.vfs, DB_READER, false, err);
        if (rc != 0) {
            free(db);
            pthread_mutex_lock(&f->readers_lock);
            f->readers_count--;
            pthread_mutex_unlock(&f->readers_lock);
            return rc;
        }
    }
    *out = db;
    return 0;
}

void reader_give(struct engine_file *f, struct db *db)
{
    db_rollback(db);
    pthread_mutex_lock(&f->readers_lock);
    f->readers_idle[f->readers_idle_count++] = db;
    pthread_mutex_unlock(&f->readers_lock);
}

void readers_close(struct engine_file *f)
{
    assert(f->readers_idle_count == f->readers_count); /* nobody reads any more */
    while (f->readers_idle_count > 0) {
        struct db *db = f->readers_idle[--f->readers_idle_count];

        db_close(db);
        free(db);
    }
    f->readers_count = 0;
}

/* A reader with a snapshot open. */
int snapshot_take(struct engine *en, struct engine_file *f, struct db **out, struct err *err)
{
    struct db *db;
    int rc = reader_take(en, f, &db, err);

    if (rc != 0)
        return rc;
    rc = db_run(db, "BEGIN", NULL, 0, err);
    if (rc != 0)
        reader_give(f, db);
    else
        *out = db;
    return rc;
}

/* ------------------------------------------------------------------ events */

static int event_corrupt(const struct db *db, int64_t seq, struct err *err)
{
    char text[24];

    return err_set(err, ERR_CORRUPT, &msg_event, db->name, err_int(text, seq), NULL, NULL);
}

/* The row under the cursor; false if it is none that we would have written. */
static bool event_read(sqlite3_stmt *stmt, struct event *out)
{
    int64_t shard = sqlite3_column_int64(stmt, 1);
    int64_t type = sqlite3_column_int64(stmt, 4);
    const void *data = sqlite3_column_blob(stmt, 6);
    int len = sqlite3_column_bytes(stmt, 6);

    out->seq = sqlite3_column_int64(stmt, 0);
    out->session = sqlite3_column_int64(stmt, 2);
    out->prev_seq = sqlite3_column_int64(stmt, 3);
    out->recorded_ms = sqlite3_column_int64(stmt, 5);
    if (shard < 0 || shard > UINT32_MAX || type < 1 || type > UINT16_MAX || len < 1 ||
        len > EVENT_PAYLOAD_BYTES_MAX || data == NULL)
        return false;
    if (out->session < 0 || out->prev_seq < 0 || out->prev_seq >= out->seq || out->recorded_ms < 0)
        return false;
    out->shard = (uint32_t)shard;
    out->type = (uint16_t)type;
    out->payload = bytes_of(data, (size_t)len);
    return true;
}

int events_scan(struct db *db, int64_t from_seq, int64_t to_seq,
                int (*visit)(void *, const struct event *), void *arg, struct err *err)
{
    const struct db_value range[] = {db_int(from_seq), db_int(to_seq)};
    int64_t seq = from_seq, recorded_ms = 0;
    struct event e;
    sqlite3_stmt *stmt;
    int rc, step = SQLITE_DONE;

    rc = db_prepare(db,
                    "SELECT seq, shard, session, prev_seq, type, recorded_ms, payload FROM event"
                    " WHERE seq BETWEEN ?1 AND ?2 ORDER BY seq",
                    &stmt, err);
    if (rc == 0)
        rc = db_bind(db, stmt, range, 2, err);
    if (rc != 0)
        return rc;
    while (rc == 0 && (step = sqlite3_step(stmt)) == SQLITE_ROW) {
        if (!event_read(stmt, &e) || e.seq != seq || e.recorded_ms < recorded_ms) {
            rc = event_corrupt(db, seq, err);
            break;
        }
        seq++;
        recorded_ms = e.recorded_ms;
        rc = visit(arg, &e);
    }
    if (rc == 0 && step != SQLITE_DONE)
        rc = db_fail(db, err);
    if (rc == 0 && seq <= to_seq)
        rc = event_corrupt(db, seq, err); /* the range is committed, so it must be whole */
    sqlite3_reset(stmt);
    return rc;
}

static int last_seq_read(struct db *db, int64_t *out, struct err *err)
{
    int rc;

    *out = 0;
    rc = db_query_int(db, "SELECT max(seq) FROM event", NULL, 0, out, err);
    return rc < 0 ? rc : 0;
}

static int events_of_file(struct engine *en, struct engine_file *f, int64_t from_seq,
                          int (*visit)(void *, const struct event *), void *arg, struct err *err)
{
    int64_t last = 0;
    struct db *db;
    int rc = snapshot_take(en, f, &db, err);

    if (rc != 0)
        return rc;
    rc = last_seq_read(db, &last, err);
    for (int64_t seq = from_seq; rc == 0 && seq <= last; seq += EVENTS_CHUNK) {
        int64_t to = last - seq >= EVENTS_CHUNK ? seq + EVENTS_CHUNK - 1 : last;

        rc = events_scan(db, seq, to, visit, arg, err);
        if (rc == 0 && to < last) {
            db_rollback(db); /* a fresh snapshot; the journal only grows */
            rc = db_run(db, "BEGIN", NULL, 0, err);
        }
    }
    reader_give(f, db);
    return rc;
}

/* ------------------------------------------------------------------ one session */

struct walk {
    int64_t session;
    int64_t *seqs; /* descending behind the last mark, then as found */
    size_t count, cap;
    int code;
};

static int walk_add(struct walk *w, int64_t seq)
{
    if (w->count >= SESSION_EVENTS_MAX)
        return ERR_LIMIT;
    if (w->count == w->cap) {
        size_t cap = w->cap == 0 ? 256 : w->cap * 2;
        int64_t *more = realloc(w->seqs, cap * sizeof(*more));

        if (more == NULL)
            return ERR_NOMEM;
        w->seqs = more;
        w->cap = cap;
    }
    w->seqs[w->count++] = seq;
    return 0;
}

int row_corrupt(const struct db *db, int64_t session, struct err *err)
{
    char text[24];

    return err_set(err, ERR_CORRUPT, &msg_row, db->name, err_int(text, session), NULL, NULL);
}

/* The session's last event: remembered by the writer, or the last mark and then whatever follows it
 * in the journal. Closed sessions have nothing behind their last mark. 0: no such session. */
static int last_of_session(struct engine *en, struct db *db, int64_t session, int64_t *out,
                           struct err *err)
{
    const struct db_value by_session[] = {db_int(session)};
    int64_t last = 0, mark = 0, open = 0, behind = 0;
    struct tail tail;
    int rc = last_seq_read(db, &last, err);

    if (rc != 0)
        return rc;
    if (tails_get(&en->tails, session, &tail) && tail.last_seq <= last) {
        *out = tail.last_seq;
        return 0;
    }
    *out = 0;
    rc =
        db_query_int(db, "SELECT max(seq) FROM mark WHERE session = ?1", by_session, 1, &mark, err);
    if (rc <= 0)
        return rc;
    *out = mark;
    rc = db_query_int(db,
                      "SELECT 1 FROM closure WHERE session = ?1 AND superseded_seq IS NULL LIMIT 1",
                      by_session, 1, &open, err);
    if (rc != 0)
        return rc < 0 ? rc : 0;
    const struct db_value after[] = {db_int(session), db_int(mark)};
    rc = db_query_int(db, "SELECT max(seq) FROM event WHERE seq > ?2 AND session = ?1", after, 2,
                      &behind, err);
    if (rc == 1)
        *out = behind;
    return rc < 0 ? rc : 0;
}

/* Collects the numbers of the session's events from `last` back to `from_seq`. */
static int session_walk(struct db *db, int64_t from_seq, int64_t last, struct walk *w,
                        struct err *err)
{
    sqlite3_stmt *stmt;
    char text[24];
    int rc;

    for (int64_t seq = last; seq != 0 && seq >= from_seq;) {
        const struct db_value by_seq[] = {db_int(seq)};

        rc = db_prepare(db, "SELECT session, prev_seq FROM event WHERE seq = ?1", &stmt, err);
        if (rc == 0)
            rc = db_bind(db, stmt, by_seq, 1, err);
        if (rc != 0)
            return rc;
        if (sqlite3_step(stmt) != SQLITE_ROW || sqlite3_column_int64(stmt, 0) != w->session ||
            sqlite3_column_int64(stmt, 1) >= seq) {
            sqlite3_reset(stmt);
            return row_corrupt(db, w->session, err);
        }
        rc = walk_add(w, seq);
        seq = sqlite3_column_int64(stmt, 1);
        sqlite3_reset(stmt);
        if (rc == ERR_LIMIT)
            return err_set(err, rc, &msg_session_long, err_int(text, w->session), NULL, NULL, NULL);
        if (rc != 0)
            return err_set(err, rc, NULL, NULL, NULL, NULL, NULL);
    }
    return 0;
}

static int events_of_session(struct engine *en, struct engine_file *f, int64_t from_seq,
                             int64_t session, int (*visit)(void *, const struct event *), void *arg,
                             struct err *err)
{
    struct walk w = {.session = session};
    int64_t last = 0;
    struct db *db;
    int rc = snapshot_take(en, f, &db, err);

    if (rc != 0)
        return rc;
    rc = last_of_session(en, db, session, &last, err);
    if (rc == 0)
        rc = session_walk(db, from_seq, last, &w, err);
    while (rc == 0 && w.count > 0) {
        int64_t seq = w.seqs[--w.count];

        rc = events_scan(db, seq, seq, visit, arg, err);
    }
    free(w.seqs);
    reader_give(f, db);
    return rc;
}

int engine_events_each(struct store *s, enum store_file file, int64_t from_seq, int64_t session,
                       int (*visit)(void *, const struct event *), void *arg, struct err *err)
{
    struct engine *en = engine_of(s);
    struct engine_file *f = &en->files[file];

    if (from_seq < 1)
        from_seq = 1;
    return session == 0 ? events_of_file(en, f, from_seq, visit, arg, err)
                        : events_of_session(en, f, from_seq, session, visit, arg, err);
}

/* ------------------------------------------------------------------ tail and secrets */

int engine_tail(struct store *s, enum store_file file, struct store_tail *out, struct err *err)
{
    struct engine *en = engine_of(s);
    struct engine_file *f = &en->files[file];
    struct store_tail tail = {0};
    struct db *db;
    int rc = snapshot_take(en, f, &db, err);

    if (rc != 0)
        return rc;
    rc = last_seq_read(db, &tail.seq, err);
    if (rc == 0 && tail.seq != 0) {
        const struct db_value last[] = {db_int(tail.seq)};
        rc = db_query_int(db, "SELECT recorded_ms FROM event WHERE seq = ?1", last, 1,
                          &tail.recorded_ms, err);
    }
    if (rc >= 0 && file == STORE_RECORD)
        rc = db_query_int(db, "SELECT max(session) FROM session", NULL, 0, &tail.session, err);
    reader_give(f, db);
    if (rc < 0)
        return rc;
    *out = tail;
    return 0;
}

int engine_secret_get(struct store *s, int64_t session, uint8_t out[32], struct err *err)
{
    struct engine *en = engine_of(s);
    struct engine_file *f = &en->files[STORE_RECORD];
    const struct db_value by_session[] = {db_int(session)};
    char text[24];
    sqlite3_stmt *stmt;
    struct db *db;
    int step, rc = reader_take(en, f, &db, err);

    if (rc != 0)
        return rc;
    rc = db_prepare(db, "SELECT secret FROM secret WHERE session = ?1", &stmt, err);
    if (rc == 0)
        rc = db_bind(db, stmt, by_session, 1, err);
    if (rc != 0)
        goto out;
    step = sqlite3_step(stmt);
    if (step == SQLITE_DONE)
        rc = err_set(err, ERR_NOT_FOUND, &msg_no_session, err_int(text, session), NULL, NULL, NULL);
    else if (step != SQLITE_ROW)
        rc = db_fail(db, err);
    else if (sqlite3_column_bytes(stmt, 0) != 32)
        rc = row_corrupt(db, session, err);
    else
        memcpy(out, sqlite3_column_blob(stmt, 0), 32);
    sqlite3_reset(stmt);
out:
    reader_give(f, db);
    return rc;
}
