/* The fault engine. Happy path: count the call, find no fault for it, hand it to the wrapped engine.
 * Thread: any; the mutex is never held while the wrapped engine works. */
#include "server/store/fault/fault_store.h"

#include <assert.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct faulty {
    struct store base;
    struct store *inner;

    pthread_mutex_t lock; /* guards what follows */
    struct fault faults[FAULTS_MAX];
    size_t faults_count;
    uint32_t calls[FAULT_OPS][STORE_FILES];
    bool unknown[STORE_FILES]; /* closed for writing */
    uint64_t fired;
};

static const struct msg msg_planned = {
    .id = "store-fault-planned",
    .zh = "按故障计划，本次存储操作失败（第{0}次）",
    .en = "this call to the store, number {0}, fails by plan",
};
static const struct msg msg_unknown = {
    .id = "store-fault-unknown",
    .zh = "按故障计划，此前的写入结果不明；须重新打开数据目录并核对",
    .en = "by plan the outcome of an earlier write is unknown; reopen the data directory",
};

static struct faulty *faulty_of(struct store *s)
{
    return (struct faulty *)s; /* base is the first member */
}

/* What happens to one call. */
struct verdict {
    enum fault_kind kind; /* 0: nothing */
    uint32_t call;
    size_t rows;
};

/* Counts the call and says what becomes of it. */
static struct verdict judge(struct faulty *fs, enum fault_op op, enum store_file file)
{
    struct verdict v = {0};

    pthread_mutex_lock(&fs->lock);
    v.call = ++fs->calls[op][file];
    for (size_t i = 0; i < fs->faults_count && v.kind == 0; i++) {
        const struct fault *f = &fs->faults[i];

        if (f->op == op && f->file == file && v.call >= f->nth && v.call - f->nth < f->calls) {
            v.kind = f->kind;
            v.rows = f->rows;
        }
    }
    fs->fired += v.kind != 0 ? 1 : 0;
    pthread_mutex_unlock(&fs->lock);
    return v;
}

static int fail(const struct verdict *v, int code, struct err *err)
{
    char text[24];

    return err_set(err, code, &msg_planned, err_int(text, v->call), NULL, NULL, NULL);
}

/* ------------------------------------------------------------------ writing */

static bool file_is_unknown(struct faulty *fs, enum store_file file)
{
    bool unknown;

    pthread_mutex_lock(&fs->lock);
    unknown = fs->unknown[file];
    pthread_mutex_unlock(&fs->lock);
    return unknown;
}

static int lose_track(struct faulty *fs, enum store_file file, const struct verdict *v,
                      struct err *err)
{
    pthread_mutex_lock(&fs->lock);
    fs->unknown[file] = true;
    pthread_mutex_unlock(&fs->lock);
    return fail(v, ERR_UNKNOWN, err);
}

/* An append (batch given) or a rebuild. */
static int write_through(struct faulty *fs, enum store_file file, const struct store_batch *batch,
                         struct err *err)
{
    return batch != NULL ? store_append(fs->inner, file, batch, err)
                         : store_rebuild(fs->inner, file, err);
}

static int write_by_plan(struct store *s, enum store_file file, const struct store_batch *batch,
                         struct err *err)
{
    struct faulty *fs = faulty_of(s);
    struct verdict v;
    int rc;

    if (file_is_unknown(fs, file))
        return err_set(err, ERR_UNKNOWN, &msg_unknown, NULL, NULL, NULL, NULL);
    v = judge(fs, batch != NULL ? FAULT_APPEND : FAULT_REBUILD, file);
    switch (v.kind) {
    case FAULT_IO:
    case FAULT_IO_MIDWAY:
        return fail(&v, ERR_IO, err);
    case FAULT_UNKNOWN_LOST:
        return lose_track(fs, file, &v, err);
    case FAULT_UNKNOWN_STORED:
        rc = write_through(fs, file, batch, err);
        return rc != 0 ? rc : lose_track(fs, file, &v, err);
    case FAULT_IO_STORED_FOR_NEGATIVE_CONTROL:
        rc = write_through(fs, file, batch, err);
        return rc != 0 ? rc : fail(&v, ERR_IO, err);
    default:
        return write_through(fs, file, batch, err);
    }
}

static int faulty_append(struct store *s, enum store_file file, const struct store_batch *batch,
                         struct err *err)
{
    return write_by_plan(s, file, batch, err);
}

static int faulty_rebuild(struct store *s, enum store_file file, struct err *err)
{
    return write_by_plan(s, file, NULL, err);
}

static int faulty_checkpoint(struct store *s, enum store_file file, struct err *err)
{
    struct faulty *fs = faulty_of(s);
    struct verdict v = judge(fs, FAULT_CHECKPOINT, file);

    return v.kind != 0 ? fail(&v, ERR_IO, err) : store_checkpoint(fs->inner, file, err);
}

static int64_t faulty_log_bytes(const struct store *s, enum store_file file)
{
    return store_log_bytes(((const struct faulty *)s)->inner, file);
}

/* ------------------------------------------------------------------ reading */

static int faulty_tail(struct store *s, enum store_file file, struct store_tail *out,
                       struct err *err)
{
    struct faulty *fs = faulty_of(s);
    struct verdict v = judge(fs, FAULT_TAIL, file);

    return v.kind != 0 ? fail(&v, ERR_IO, err) : store_tail(fs->inner, file, out, err);
}

static int faulty_secret_get(struct store *s, int64_t session, uint8_t out[32], struct err *err)
{
    struct faulty *fs = faulty_of(s);
    struct verdict v = judge(fs, FAULT_SECRET_GET, STORE_RECORD);

    return v.kind != 0 ? fail(&v, ERR_IO, err) : store_secret_get(fs->inner, session, out, err);
}

static int faulty_dump(struct store *s, enum store_file file, struct buf *out, struct err *err)
{
    struct faulty *fs = faulty_of(s);
    struct verdict v = judge(fs, FAULT_DUMP, file);

    return v.kind != 0 ? fail(&v, ERR_IO, err) : store_dump(fs->inner, file, out, err);
}

static int faulty_rows_check(struct store *s, enum store_file file, struct store_rows_report *out,
                             struct err *err)
{
    struct faulty *fs = faulty_of(s);
    struct verdict v = judge(fs, FAULT_ROWS_CHECK, file);

    return v.kind != 0 ? fail(&v, ERR_IO, err) : store_rows_check(fs->inner, file, out, err);
}

/* A visit in between, which stops the reading after so many rows. */
struct cut {
    struct verdict v;
    size_t left;
    bool stopped;
    struct err *err;
    void *arg; /* of the caller's visit, one of these: */
    int (*event)(void *, const struct event *);
    int (*session)(void *, const struct session_row *);
    int (*score)(void *, const struct score_row *);
    int (*attendance)(void *, const struct attendance_row *);
};

/* Nonzero: stop here. */
static int cut_now(struct cut *c)
{
    if (c->left > 0) {
        c->left--;
        return 0;
    }
    c->stopped = true;
    return fail(&c->v, ERR_IO, c->err);
}

static int cut_event(void *arg, const struct event *e)
{
    struct cut *c = arg;
    int rc = cut_now(c);

    return rc != 0 ? rc : c->event(c->arg, e);
}

static int cut_session(void *arg, const struct session_row *row)
{
    struct cut *c = arg;
    int rc = cut_now(c);

    return rc != 0 ? rc : c->session(c->arg, row);
}

static int cut_score(void *arg, const struct score_row *row)
{
    struct cut *c = arg;
    int rc = cut_now(c);

    return rc != 0 ? rc : c->score(c->arg, row);
}

static int cut_attendance(void *arg, const struct attendance_row *row)
{
    struct cut *c = arg;
    int rc = cut_now(c);

    return rc != 0 ? rc : c->attendance(c->arg, row);
}

/* Judges a reading: 0 with c->left set, or the failure. No fault: as many rows as there are. */
static int cut_begin(struct faulty *fs, enum fault_op op, enum store_file file, struct cut *c,
                     struct err *err)
{
    c->v = judge(fs, op, file);
    c->err = err;
    c->left = c->v.kind == 0 ? SIZE_MAX : c->v.rows;
    return c->v.kind != 0 && c->v.kind != FAULT_IO_MIDWAY ? fail(&c->v, ERR_IO, err) : 0;
}

/* With fewer rows than the plan allows, the reading fails at its end. */
static int cut_end(const struct cut *c, int rc, struct err *err)
{
    return rc == 0 && c->v.kind != 0 && !c->stopped ? fail(&c->v, ERR_IO, err) : rc;
}

static int faulty_events_each(struct store *s, enum store_file file, int64_t from_seq,
                              int64_t session, int (*visit)(void *, const struct event *),
                              void *arg, struct err *err)
{
    struct faulty *fs = faulty_of(s);
    struct cut c = {.arg = arg, .event = visit};
    int rc = cut_begin(fs, FAULT_EVENTS_EACH, file, &c, err);

    if (rc != 0)
        return rc;
    rc = store_events_each(fs->inner, file, from_seq, session, cut_event, &c, err);
    return cut_end(&c, rc, err);
}

static int faulty_sessions_each(struct store *s, bool only_open, int64_t before_ms,
                                int (*visit)(void *, const struct session_row *), void *arg,
                                struct err *err)
{
    struct faulty *fs = faulty_of(s);
    struct cut c = {.arg = arg, .session = visit};
    int rc = cut_begin(fs, FAULT_SESSIONS_EACH, STORE_RECORD, &c, err);

    if (rc != 0)
        return rc;
    rc = store_sessions_each(fs->inner, only_open, before_ms, cut_session, &c, err);
    return cut_end(&c, rc, err);
}

static int faulty_scores_each(struct store *s, const uint8_t exam_uuid[16], int64_t before_ms,
                              int (*visit)(void *, const struct score_row *), void *arg,
                              struct err *err)
{
    struct faulty *fs = faulty_of(s);
    struct cut c = {.arg = arg, .score = visit};
    int rc = cut_begin(fs, FAULT_SCORES_EACH, STORE_RECORD, &c, err);

    if (rc != 0)
        return rc;
    rc = store_scores_each(fs->inner, exam_uuid, before_ms, cut_score, &c, err);
    return cut_end(&c, rc, err);
}

static int faulty_attendance_each(struct store *s, const char *from, const char *to,
                                  int64_t before_ms,
                                  int (*visit)(void *, const struct attendance_row *), void *arg,
                                  struct err *err)
{
    struct faulty *fs = faulty_of(s);
    struct cut c = {.arg = arg, .attendance = visit};
    int rc = cut_begin(fs, FAULT_ATTENDANCE_EACH, STORE_RECORD, &c, err);

    if (rc != 0)
        return rc;
    rc = store_attendance_each(fs->inner, from, to, before_ms, cut_attendance, &c, err);
    return cut_end(&c, rc, err);
}

/* ------------------------------------------------------------------ opening, closing, plans */

static void faulty_close(struct store *s)
{
    struct faulty *fs = faulty_of(s);

    store_close(fs->inner);
    pthread_mutex_destroy(&fs->lock);
    free(fs);
}

static const struct store_ops faulty_ops = {
    .append = faulty_append,
    .tail = faulty_tail,
    .events_each = faulty_events_each,
    .secret_get = faulty_secret_get,
    .sessions_each = faulty_sessions_each,
    .scores_each = faulty_scores_each,
    .attendance_each = faulty_attendance_each,
    .rebuild = faulty_rebuild,
    .rows_check = faulty_rows_check,
    .dump = faulty_dump,
    .checkpoint = faulty_checkpoint,
    .log_bytes = faulty_log_bytes,
    .close = faulty_close,
};

int fault_store_open(struct store *inner, struct store **out, struct err *err)
{
    struct faulty *fs = calloc(1, sizeof(*fs));

    assert(inner != NULL);
    if (fs == NULL)
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    if (pthread_mutex_init(&fs->lock, NULL) != 0) {
        free(fs);
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    fs->base.ops = &faulty_ops;
    fs->inner = inner;
    *out = &fs->base;
    return 0;
}

void fault_store_plan(struct store *s, const struct fault *faults, size_t count)
{
    struct faulty *fs = faulty_of(s);

    assert(s->ops == &faulty_ops && count <= FAULTS_MAX);
    for (size_t i = 0; i < count; i++)
        assert(faults[i].op < FAULT_OPS && faults[i].kind != 0 && faults[i].nth > 0 &&
               faults[i].calls > 0);
    pthread_mutex_lock(&fs->lock);
    if (count > 0)
        memcpy(fs->faults, faults, count * sizeof(*faults));
    fs->faults_count = count;
    memset(fs->calls, 0, sizeof(fs->calls));
    pthread_mutex_unlock(&fs->lock);
}

uint64_t fault_store_fired(struct store *s)
{
    struct faulty *fs = faulty_of(s);
    uint64_t fired;

    assert(s->ops == &faulty_ops);
    pthread_mutex_lock(&fs->lock);
    fired = fs->fired;
    pthread_mutex_unlock(&fs->lock);
    return fired;
}
