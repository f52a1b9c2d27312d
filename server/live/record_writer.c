/* The record writer: one thread that owns the sessions, judges what is sent to them in the order it
 * came, and stores it by group commit.
 *
 * Happy path: up to LIVE_BATCH_EVENTS_MAX waiting jobs are applied in memory, then sessions whose time
 * is up are closed and some graded anew that a withdrawal concerns, then all of it is one transaction, and only then are the jobs handed back. While
 * one batch is being synced the next one gathers in the queue, so the batch grows with the load.
 *
 * Time-outs never overtake what was received before them: a session is closed only up to the moment
 * at which the oldest job that still waits was received, so that a slow disk makes no answer late.
 *
 * Fails: a batch that cannot be stored is refused whole ("come back": clients keep what they sent);
 * memory is dropped and read anew, since it was ahead of the disk. When commits go on failing, they
 * are tried ever more seldom, and everything is refused in between: a full disk costs neither a log
 * full of the same line nor a reload a millisecond. If that cannot be read either, or if nobody knows whether the batch was
 * stored (a sync failed), live ends (live_fatal): only a store opened anew may be written.
 *
 * Thread: its own; record_open before it runs. */
#include "server/live/record_batch.h"

#include <assert.h>

enum {
    WAIT_MS_MAX = 1000, /* timers are looked at this often: the env's clock may be a test's */
    TIME_OUTS_PER_BATCH_MAX = 256,
    HOLD_FIRST_MS = 250, /* after the second failed commit in a row; doubled up to */
    HOLD_MS_MAX = 5000,
};

static const struct msg MSG_NOT_STORED = {
    .id = "batch-not-stored",
    .zh = "未能存储，请重试；已保存的作答不受影响",
    .en = "this could not be stored, send it again; what was saved before is safe",
};

int record_open(struct live *live, struct err *err)
{
    int rc = sessions_new(live, &live->sessions, err);

    return rc != 0 ? rc : sessions_load(live->sessions, err);
}

void record_close(struct live *live)
{
    sessions_free(live->sessions);
    live->sessions = NULL;
}

static void record_reload(struct live *live)
{
    struct err err = {0};

    atomic_store(&live->is_reloading, true);
    atomic_fetch_add(&live->counters.reloads, 1);
    record_close(live);
    if (record_open(live, &err) != 0) {
        live_fatal(live, &err);
    } else {
        live_log(live, LOG_WARN, "record-reloaded", NULL);
    }
    atomic_store(&live->is_reloading, false);
}

static void failure_note(struct live *live)
{
    unsigned more = live->record_failures++;
    int64_t hold_ms = 0;

    if (more > 0) {
        hold_ms = more < 6 ? HOLD_FIRST_MS << (more - 1) : HOLD_MS_MAX;
        hold_ms = hold_ms > HOLD_MS_MAX ? HOLD_MS_MAX : hold_ms;
    }
    atomic_store(&live->record_hold_ms, live_now_ms(live) + hold_ms);
}

static bool is_held(const struct live *live)
{
    return live_now_ms(live) < atomic_load(&live->record_hold_ms);
}

/* Stores the batch and settles its jobs: all of them fail with it, since even those that only looked
 * saw memory that is not on the disk. */
static void batch_finish(struct record_batch *b, struct list *jobs)
{
    struct live *live = b->live;
    struct list done = {0};
    struct list_node *node;
    struct err err = {0};
    bool stores = b->count > 0;
    int rc = b->is_broken ? err_set(&err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL)
                          : record_commit(b, &err);

    record_batch_fini(b);
    while ((node = list_pop(jobs)) != NULL) {
        struct job *job = list_entry(node, struct job, node);

        if (rc != 0) {
            job_fini(job);
            job->err = (struct err){0};
            /* Whatever the store said of it: it is nothing that the sender could mend. */
            job_refuse(job, rc == ERR_UNKNOWN ? rc : ERR_IO, &MSG_NOT_STORED, NULL, NULL);
        }
        job_done(live, job, &done);
    }
    if (rc != 0) {
        atomic_fetch_add(&live->counters.commits_failed, 1);
        live_log(live, LOG_ERROR, "record-commit-failed", &err);
        if (rc == ERR_UNKNOWN) {
            live_fatal(live, &err);
        } else {
            record_reload(live);
            failure_note(live);
        }
    } else if (stores) {
        live->record_failures = 0;
    }
    if (rc == 0 && live->sessions != NULL) {
        sessions_cool_all(live->sessions);
    }
    jobs_hand_back(live, &done);
}

static void job_judge(struct record_batch *b, struct job *job)
{
    switch (job->type) {
    case JOB_STANDINGS:
        standings_job(b, job);
        return;
    case JOB_SESSIONS:
        sessions_job(b, job);
        return;
    case JOB_SUSPEND:
    case JOB_RESUME:
    case JOB_EXTRA_TIME:
    case JOB_VOID:
    case JOB_REOPEN:
    case JOB_LATE_DECISION:
        act_job(b, job);
        return;
    case JOB_ATTENDANCE:
        attendance_job(b, job);
        return;
    default:
        session_job(b, job);
        return;
    }
}

/* Everything received up to then has been judged. */
static int64_t judged_until_ms(struct live *live)
{
    const struct list_node *head = queue_head(&live->queues[LIVE_RECORD]);
    int64_t now_ms = live_now_ms(live);

    if (head != NULL) {
        const struct job *oldest = list_entry(head, const struct job, node);

        now_ms = oldest->received_ms < now_ms ? oldest->received_ms : now_ms;
    }
    return now_ms;
}

static void time_outs(struct record_batch *b)
{
    int64_t until_ms = judged_until_ms(b->live);
    struct session_entry *e;

    for (int i = 0; i < TIME_OUTS_PER_BATCH_MAX && !b->is_broken; i++) {
        struct err err = {0};

        e = sessions_first_due(b->sessions);
        if (e == NULL || e->due_ms > until_ms) {
            return;
        }
        if (session_time_out(b, e, live_now_ms(b->live), &err) != 0) {
            live_log(b->live, LOG_ERROR, "time-out-failed", &err);
            b->is_broken = true;
            return;
        }
        atomic_fetch_add_explicit(&b->live->counters.timed_out, 1, memory_order_relaxed);
    }
}

static void batch_run(struct live *live, struct list *taken)
{
    struct record_batch b;
    struct list jobs = {0};
    struct list_node *node;

    record_batch_init(&b, live);
    while ((node = list_pop(taken)) != NULL) {
        struct job *job = list_entry(node, struct job, node);
        bool alone = job->type == JOB_ATTENDANCE;

        if (alone && jobs.count > 0) {
            batch_finish(&b, &jobs);
            record_batch_init(&b, live);
        }
        list_push(&jobs, &job->node);
        if (atomic_load(&live->is_fatal)) {
            job_refuse_stopped(job);
            continue;
        }
        if (is_held(live)) {
            job_refuse(job, ERR_IO, &MSG_NOT_STORED, NULL, NULL);
            continue;
        }
        job_judge(&b, job);
        if (alone) {
            batch_finish(&b, &jobs);
            record_batch_init(&b, live);
        }
    }
    if (!atomic_load(&live->is_fatal) && !is_held(live)) {
        time_outs(&b);
        if (!b.is_broken) {
            regrade_step(&b);
        }
    }
    batch_finish(&b, &jobs);
}

/* INT64_MAX: nothing will be due. */
static int64_t due_ms(const struct live *live)
{
    const struct session_entry *e = NULL;
    int64_t hold_ms;

    if (live->sessions != NULL && !atomic_load(&live->is_fatal)) {
        e = sessions_first_due(live->sessions);
    }
    if (e == NULL) {
        return INT64_MAX;
    }
    hold_ms = atomic_load(&live->record_hold_ms);
    return e->due_ms > hold_ms ? e->due_ms : hold_ms;
}

static int64_t wait_ms(struct live *live)
{
    int64_t due = due_ms(live), now_ms = live_now_ms(live);

    if (regrade_is_due(live)) {
        return 0;
    }
    return due <= now_ms ? 0 : due - now_ms > WAIT_MS_MAX ? WAIT_MS_MAX : due - now_ms;
}

bool record_writer_round(struct live *live, bool waits)
{
    struct list taken = {0};
    bool over = queue_take(&live->queues[LIVE_RECORD], &taken, LIVE_BATCH_EVENTS_MAX,
                           waits ? wait_ms(live) : 0);

    if (taken.count > 0 || due_ms(live) <= live_now_ms(live) || regrade_is_due(live)) {
        batch_run(live, &taken);
    }
    return over;
}

void *record_writer_run(void *arg)
{
    while (!record_writer_round(arg, true)) {
    }
    return NULL;
}
