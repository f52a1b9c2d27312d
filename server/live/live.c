/* Live: assembly, submitting and handing back, metrics.
 *
 * Happy path: live_open folds the registry, registers releases, loads the sessions and starts the
 * threads; jobs go to the queue of their type; live_drain closes the queues in the order in which
 * jobs are handed on. Fails with what the store says.
 *
 * Thread: as live.h says. */
#include "server/live/internal.h"

#include "question-bank/base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static const struct msg MSG_OPTIONS = {
    .id = "live-options-bad",
    .zh = "核心参数无效：{0}",
    .en = "unusable option of the core: {0}",
};
static const struct msg MSG_STOPPED = {
    .id = "live-stopped",
    .zh = "存储发生故障，系统暂不受理请求",
    .en = "the store has failed; nothing is accepted",
};
static const struct msg MSG_RELOADING = {
    .id = "live-reloading",
    .zh = "系统正在恢复，请稍后重试",
    .en = "recovering; come back shortly",
};
static const struct msg MSG_THREADS = {
    .id = "live-threads",
    .zh = "无法启动工作线程",
    .en = "cannot start a thread",
};
static const struct msg MSG_REASON = {
    .id = "reason-bad",
    .zh = "须填写理由（不超过{0}字节，不含控制字符）",
    .en = "a reason is needed: 1 to {0} bytes of text",
};

const uint32_t live_batch_bounds[LIVE_BUCKETS - 1] = {1, 2, 4, 8, 16, 32, 64, 128, 256};
const uint32_t live_commit_us_bounds[LIVE_BUCKETS - 1] = {250,  500,   1000,  2000, 4000,
                                                          8000, 16000, 32000, 64000};

static const char *const JOB_NAMES[JOB_TYPE_END] = {
    [JOB_START] = "start",
    [JOB_OPEN] = "open",
    [JOB_SAVE] = "save",
    [JOB_HEARTBEAT] = "heartbeat",
    [JOB_SUBMIT] = "submit",
    [JOB_VIEW] = "view",
    [JOB_REVIEW] = "review",
    [JOB_SUSPEND] = "suspend",
    [JOB_RESUME] = "resume",
    [JOB_EXTRA_TIME] = "extra-time",
    [JOB_VOID] = "void",
    [JOB_REOPEN] = "reopen",
    [JOB_LATE_DECISION] = "late-decision",
    [JOB_ATTENDANCE] = "attendance",
    [JOB_STANDINGS] = "standings",
    [JOB_SESSIONS] = "sessions",
    [JOB_IMPORT_UNITS] = "import-units",
    [JOB_IMPORT_PEOPLE] = "import-people",
    [JOB_ROLE_GRANT] = "role-grant",
    [JOB_ROLE_REVOKE] = "role-revoke",
    [JOB_EXAM_CREATE] = "exam-create",
    [JOB_SHARE_COMMIT] = "share-commit",
    [JOB_SHARE_REVEAL] = "share-reveal",
    [JOB_EXAM_OPEN] = "exam-open",
    [JOB_EXAM_CLOSE] = "exam-close",
    [JOB_WITHDRAW] = "withdraw",
    [JOB_EXEMPTION] = "exemption",
    [JOB_ACTIVATION] = "activation",
    [JOB_LOGINS_REVOKE] = "logins-revoke",
    [JOB_LOGOUT] = "logout",
    [JOB_LOGIN] = "login",
    [JOB_ACTIVATE] = "activate",
    [JOB_PASSWORD] = "password",
    [JOB_COVERAGE] = "coverage",
    [JOB_SCORES] = "scores",
    [JOB_MISSING] = "missing",
    [JOB_CALL] = "call",
};

const char *job_type_name(enum job_type type)
{
    return type > 0 && type < JOB_TYPE_END ? JOB_NAMES[type] : "unknown";
}

bool job_is_for_record(enum job_type type)
{
    return type >= JOB_START && type <= JOB_SESSIONS;
}

bool job_is_for_registry(enum job_type type)
{
    return type >= JOB_IMPORT_UNITS && type <= JOB_LOGOUT;
}

/* ------------------------------------------------------------------------------ small help */

void live_log(const struct live *live, enum log_level level, const char *event,
              const struct err *err)
{
    char text[ERR_TEXT_BYTES_MAX];
    struct log_field fields[] = {{"error", text}};

    if (err != NULL) {
        err_text(err, LANG_EN, text, sizeof text);
    }
    live->env.log(live->env.arg, level, event, fields, err != NULL ? 1 : 0);
}

void live_fatal(struct live *live, const struct err *err)
{
    if (atomic_exchange(&live->is_fatal, true)) {
        return;
    }
    live_log(live, LOG_ERROR, "live-fatal", err);
    if (live->options.fatal != NULL) {
        live->options.fatal(live->options.fatal_arg, err);
    }
}

int job_refuse_stopped(struct job *job)
{
    return job_refuse(job, ERR_IO, &MSG_STOPPED, NULL, NULL);
}

void live_actor(const struct live *live, struct bytes number, uint8_t out[32])
{
    struct digest d = {0};

    if (number.len > 0) {
        d = site_pseudonym(&live->keys, number);
    }
    memcpy(out, d.b, 32);
}

int64_t view_person(const struct registry_view *view, struct bytes number)
{
    return number.len == 0 ? -1 : roster_find_person(view->roster, number);
}

int reason_check(struct bytes reason, struct err *err)
{
    char most[24];
    bool fine = reason.len > 0 && reason.len <= REASON_BYTES_MAX && utf8_valid(reason, NULL);

    for (size_t i = 0; fine && i < reason.len; i++) {
        fine = reason.data[i] >= 0x20 || reason.data[i] == '\n';
    }
    return fine ? 0
                : err_set(err, ERR_BAD_INPUT, &MSG_REASON, err_int(most, REASON_BYTES_MAX), NULL,
                          NULL, NULL);
}

struct job_own *job_own_get(struct job *job)
{
    if (job->own == NULL) {
        job->own = arena_alloc(job->arena, sizeof(struct job_own));
    }
    return job->own;
}

int job_refuse(struct job *job, int rc, const struct msg *msg, const char *a0, const char *a1)
{
    job->rc = rc;
    if (job->err.code == 0) {
        err_set(&job->err, rc, msg, a0, a1, NULL, NULL);
    }
    return rc;
}

void job_done(struct live *live, struct job *job, struct list *done)
{
    struct job_own *own = job->own;

    if (job->rc != 0 && job->err.code == 0) {
        job->err.code = job->rc;
    }
    atomic_fetch_add_explicit(&live->counters.jobs[job->type], 1, memory_order_relaxed);
    if (job->rc < 0 && job->rc > -24) {
        atomic_fetch_add_explicit(&live->counters.refused[-job->rc], 1, memory_order_relaxed);
    }
    if (own != NULL) {
        secret_wipe(own->hash, sizeof own->hash);
        if (own->wait != NULL) {
            pthread_mutex_lock(&own->wait->lock);
            own->wait->done = true;
            pthread_cond_signal(&own->wait->wake);
            pthread_mutex_unlock(&own->wait->lock);
            return;
        }
    }
    list_push(done, &job->node);
}

void jobs_hand_back(struct live *live, struct list *done)
{
    if (done->count > 0) {
        live->options.done_batch(live->options.done_arg, done);
    }
    *done = (struct list){0};
}

/* ------------------------------------------------------------------------------ views */

void live_view_publish(struct live *live, const struct registry_view *view)
{
    const struct registry_view *old;

    pthread_mutex_lock(&live->view_lock);
    old = live->view;
    live->view = view;
    pthread_mutex_unlock(&live->view_lock);
    view_release(old);
}

const struct registry_view *live_view_acquire(struct live *live)
{
    const struct registry_view *view;

    pthread_mutex_lock(&live->view_lock);
    view = view_hold(live->view);
    pthread_mutex_unlock(&live->view_lock);
    return view;
}

/* ------------------------------------------------------------------------------ submitting */

static enum live_queue queue_of(enum job_type type)
{
    return job_is_for_record(type)     ? LIVE_RECORD
           : job_is_for_registry(type) ? LIVE_REGISTRY
                                       : LIVE_WORK;
}

static bool record_is_ready(const struct live *live)
{
    return !atomic_load(&live->is_reloading) &&
           live_now_ms(live) >= atomic_load(&live->record_hold_ms);
}

int live_submit(struct live *live, struct job *job, struct err *err)
{
    assert(job->type > 0 && job->type < JOB_TYPE_END && job->arena != NULL);
    if (atomic_load(&live->is_fatal)) {
        return err_set(err, ERR_CONFLICT, &MSG_STOPPED, NULL, NULL, NULL, NULL);
    }
    if (job_is_for_record(job->type) && !record_is_ready(live)) {
        return err_set(err, ERR_BUSY, &MSG_RELOADING, NULL, NULL, NULL, NULL);
    }
    if (queue_of(job->type) == LIVE_WORK &&
        atomic_load(&live->hash_waiting_count) >= live->options.work_queue_max) {
        return queue_refuse(&live->queues[LIVE_WORK], err);
    }
    job->rc = 0;
    job->err = (struct err){0};
    memset(&job->out, 0, sizeof job->out);
    return queue_put(&live->queues[queue_of(job->type)], &job->node, err);
}

int live_call(struct live *live, struct job *job)
{
    struct call_wait wait = {.lock = PTHREAD_MUTEX_INITIALIZER, .wake = PTHREAD_COND_INITIALIZER};
    struct job_own *own;
    int rc;

    job->own = NULL;
    own = job_own_get(job);
    if (own == NULL) {
        return job_refuse(job, ERR_NOMEM, NULL, NULL, NULL);
    }
    own->wait = &wait;
    rc = live_submit(live, job, &job->err);
    if (rc != 0) {
        job->rc = rc;
        return rc;
    }
    while (live->options.stepped && !wait.done) {
        for (int queue = 0; queue < LIVE_QUEUES; queue++) {
            live_step(live, (enum live_queue)queue);
        }
    }
    pthread_mutex_lock(&wait.lock);
    while (!wait.done) {
        pthread_cond_wait(&wait.wake, &wait.lock);
    }
    pthread_mutex_unlock(&wait.lock);
    job->own = NULL;
    return job->rc;
}

/* ------------------------------------------------------------------------------ checkpoints */

static void *checkpoint_run(void *arg)
{
    struct live *live = arg;
    struct timespec until;

    pthread_mutex_lock(&live->stop_lock);
    while (!live->stopping) {
        clock_gettime(CLOCK_MONOTONIC, &until);
        until.tv_sec += live->options.checkpoint_ms / 1000;
        until.tv_nsec += live->options.checkpoint_ms % 1000 * 1000000;
        if (until.tv_nsec >= 1000000000) {
            until.tv_sec++;
            until.tv_nsec -= 1000000000;
        }
        if (pthread_cond_timedwait(&live->stop_wake, &live->stop_lock, &until) != ETIMEDOUT ||
            live->stopping) {
            continue;
        }
        pthread_mutex_unlock(&live->stop_lock);
        for (int file = 0; file < STORE_FILES; file++) {
            struct err err = {0};

            if (store_checkpoint(live->store, (enum store_file)file, &err) != 0) {
                live_log(live, LOG_WARN, "checkpoint-failed", &err);
            }
        }
        pthread_mutex_lock(&live->stop_lock);
    }
    pthread_mutex_unlock(&live->stop_lock);
    return NULL;
}

/* ------------------------------------------------------------------------------ life */

static void options_default(struct live_options *o)
{
    o->workers = o->workers == 0 ? 2 : o->workers;
    if (o->hashes_at_once == 0) {
        o->hashes_at_once = o->workers > 1 ? o->workers - 1 : 1;
    }
    o->queue_max = o->queue_max == 0 ? LIVE_QUEUE_DEFAULT : o->queue_max;
    o->work_queue_max = o->work_queue_max == 0 ? LIVE_WORK_QUEUE_DEFAULT : o->work_queue_max;
    o->hash_kib = o->hash_kib == 0 ? 19456 : o->hash_kib;
    o->hash_passes = o->hash_passes == 0 ? 2 : o->hash_passes;
    o->login_ms = o->login_ms == 0 ? 12 * INT64_C(3600000) : o->login_ms;
    o->activation_ms = o->activation_ms == 0 ? 30 * INT64_C(86400000) : o->activation_ms;
    o->checkpoint_ms = o->checkpoint_ms == 0 ? 5000 : o->checkpoint_ms;
    o->timeout_slack_ms = o->timeout_slack_ms == 0 ? 500 : o->timeout_slack_ms;
    o->alg = o->alg == 0 ? DIGEST_SM3 : o->alg;
}

static const char *options_fault(const struct live_options *o)
{
    if (o->store == NULL) {
        return "store";
    }
    if (o->workers > LIVE_WORKERS_MAX) {
        return "workers";
    }
    if (o->done_batch == NULL) {
        return "done_batch";
    }
    return o->env.now_ms == NULL || o->env.entropy == NULL || o->env.log == NULL ? "env" : NULL;
}

static int sync_init(struct live *live)
{
    pthread_condattr_t attr;
    int rc = 0;

    pthread_mutex_init(&live->view_lock, NULL);
    pthread_mutex_init(&live->hash_lock, NULL);
    pthread_mutex_init(&live->stop_lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&live->stop_wake, &attr);
    pthread_condattr_destroy(&attr);
    for (int i = 0; i < LIVE_QUEUES && rc == 0; i++) {
        rc = queue_init(&live->queues[i],
                        i == LIVE_WORK ? live->options.work_queue_max : live->options.queue_max);
    }
    return rc;
}

static int state_open(struct live *live, struct err *err)
{
    const struct registry_view *view;
    int rc = login_board_new(&live->keys, &live->env, live->options.hash_kib,
                             live->options.hash_passes, &live->logins, err);

    if (rc != 0) {
        return rc;
    }
    live->ground =
        (struct registry_ground){&live->keys, live->banks, live->options.banks_count, live->logins};
    rc = registry_new(&live->ground, &live->registry, err);
    if (rc == 0) {
        rc = registry_replay(live->registry, live->store, INT64_MAX, err);
    }
    if (rc == 0) {
        rc = registry_publish(live->registry, &view, err);
    }
    if (rc != 0) {
        return rc;
    }
    live_view_publish(live, view);
    atomic_store(&live->counters.registry_seq, registry_seq(live->registry));
    rc = releases_register(live, err);
    return rc != 0 ? rc : record_open(live, err);
}

static int threads_start(struct live *live, struct err *err)
{
    bool fine;

    if (live->options.stepped) {
        return 0;
    }
    fine = live->record_started =
        pthread_create(&live->record_thread, NULL, record_writer_run, live) == 0;
    fine = fine && (live->registry_started = pthread_create(&live->registry_thread, NULL,
                                                            registry_writer_run, live) == 0);
    for (unsigned i = 0; fine && i < live->options.workers; i++) {
        fine = pthread_create(&live->worker_threads[i], NULL, worker_run, live) == 0;
        live->workers_started += fine;
    }
    if (fine && live->options.checkpoint_ms > 0) {
        fine = live->checkpoint_started =
            pthread_create(&live->checkpoint_thread, NULL, checkpoint_run, live) == 0;
    }
    return fine ? 0 : err_set(err, ERR_NOMEM, &MSG_THREADS, NULL, NULL, NULL, NULL);
}

int live_open(const struct live_options *options, struct live **out, struct err *err)
{
    struct live *live = calloc(1, sizeof *live);
    const char *fault = options_fault(options);
    int rc;

    if (live == NULL) {
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    if (fault != NULL) {
        free(live);
        return err_set(err, ERR_BAD_INPUT, &MSG_OPTIONS, fault, NULL, NULL, NULL);
    }
    live->options = *options;
    options_default(&live->options);
    live->env = options->env;
    live->store = options->store;
    site_keys_init(&live->keys, options->site_secret);
    secret_wipe(live->options.site_secret, sizeof live->options.site_secret);
    live->banks = calloc(options->banks_count + 1, sizeof *live->banks);
    rc = live->banks == NULL ? ERR_NOMEM : sync_init(live);
    if (rc != 0) {
        err_set(err, rc, NULL, NULL, NULL, NULL, NULL);
    } else {
        for (size_t i = 0; i < options->banks_count; i++) {
            live->banks[i] = options->banks[i];
        }
        rc = state_open(live, err);
    }
    if (rc == 0) {
        rc = threads_start(live, err);
    }
    if (rc != 0) {
        live_close(live);
        return rc;
    }
    *out = live;
    return 0;
}

/* What is left of a closed queue, on this thread. */
static void rounds_finish(struct live *live)
{
    while (!record_writer_round(live, false)) {
    }
    queue_close(&live->queues[LIVE_WORK]);
    while (!worker_round(live, false)) {
    }
    queue_close(&live->queues[LIVE_REGISTRY]);
    while (!registry_writer_round(live, false)) {
    }
}

/* Workers hand on to the registry writer, so they end before it. */
void live_drain(struct live *live)
{
    if (live->drained) {
        return;
    }
    live->drained = true;
    atomic_store(&live->is_draining, true);
    queue_close(&live->queues[LIVE_RECORD]);
    if (live->options.stepped) {
        if (live->sessions != NULL) {
            rounds_finish(live);
        }
        return;
    }
    if (live->record_started) {
        pthread_join(live->record_thread, NULL);
    }
    queue_close(&live->queues[LIVE_WORK]);
    for (unsigned i = 0; i < live->workers_started; i++) {
        pthread_join(live->worker_threads[i], NULL);
    }
    queue_close(&live->queues[LIVE_REGISTRY]);
    if (live->registry_started) {
        pthread_join(live->registry_thread, NULL);
    }
    pthread_mutex_lock(&live->stop_lock);
    live->stopping = true;
    pthread_cond_signal(&live->stop_wake);
    pthread_mutex_unlock(&live->stop_lock);
    if (live->checkpoint_started) {
        pthread_join(live->checkpoint_thread, NULL);
    }
}

void live_close(struct live *live)
{
    if (live == NULL) {
        return;
    }
    live_drain(live);
    record_close(live);
    view_release(live->view);
    registry_free(live->registry);
    login_board_free(live->logins);
    for (int i = 0; i < LIVE_QUEUES; i++) {
        queue_fini(&live->queues[i]);
    }
    pthread_mutex_destroy(&live->view_lock);
    pthread_mutex_destroy(&live->hash_lock);
    pthread_mutex_destroy(&live->stop_lock);
    pthread_cond_destroy(&live->stop_wake);
    site_keys_fini(&live->keys);
    free(live->banks);
    free(live);
}

/* ------------------------------------------------------------------------------ questions */

int live_login_check(struct live *live, const char *token, int64_t now_ms, struct login *out,
                     struct err *err)
{
    return login_check(live->logins, token, now_ms, out, err);
}

int64_t live_now_ms(const struct live *live)
{
    return live->env.now_ms(live->env.arg);
}

/* The writer announces before it asks for the floor, the report raises the floor before it asks who
 * is writing: so at least one of them sees the other. */
int64_t live_recording_begin(struct live *live, enum store_file file, int64_t last_ms)
{
    int64_t at_ms = live_now_ms(live), floor_ms;

    at_ms = at_ms > last_ms ? at_ms : last_ms;
    atomic_store(&live->horizons[file].batch_ms, at_ms);
    floor_ms = atomic_load(&live->report_floor_ms);
    return at_ms > floor_ms ? at_ms : floor_ms;
}

int64_t live_report_moment(struct live *live, int64_t asked_ms)
{
    int64_t t = live_now_ms(live) + 1;
    int_fast64_t floor_ms = atomic_load(&live->report_floor_ms);

    t = asked_ms < t ? asked_ms : t;
    while (floor_ms < t && !atomic_compare_exchange_weak(&live->report_floor_ms, &floor_ms, t)) {
    }
    for (int i = 0; i < STORE_FILES; i++) {
        int64_t batch_ms = atomic_load(&live->horizons[i].batch_ms);

        t = batch_ms != 0 && batch_ms < t ? batch_ms : t;
    }
    return t;
}

void live_tick(struct live *live)
{
    queue_poke(&live->queues[LIVE_RECORD]);
}

void live_step(struct live *live, enum live_queue queue)
{
    switch (queue) {
    case LIVE_RECORD:
        record_writer_round(live, false);
        break;
    case LIVE_REGISTRY:
        registry_writer_round(live, false);
        break;
    case LIVE_WORK:
        worker_round(live, false);
        break;
    case LIVE_QUEUES:
        break;
    }
}

bool live_is_ready(const struct live *live)
{
    return !atomic_load(&live->is_fatal) && record_is_ready(live) &&
           atomic_load(&live->counters.sessions_unreadable) == 0;
}

struct store *live_store(struct live *live)
{
    return live->store;
}

struct digest live_exam_pseudonym(const struct live *live, const uint8_t exam_uuid[16],
                                  struct bytes number)
{
    return site_exam_pseudonym(&live->keys, exam_uuid, number);
}

struct digest live_site_pseudonym(const struct live *live, struct bytes number)
{
    return site_pseudonym(&live->keys, number);
}

static void counters_read(uint64_t *out, const atomic_uint_fast64_t *in, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        out[i] = atomic_load_explicit(&in[i], memory_order_relaxed);
    }
}

void live_metrics_read(struct live *live, struct live_metrics *out)
{
    struct live_counters *c = &live->counters;

    *out = (struct live_metrics){0};
    for (int i = 0; i < LIVE_QUEUES; i++) {
        out->queue_depth[i] = atomic_load(&live->queues[i].depth);
        out->queue_full[i] = atomic_load(&live->queues[i].full);
    }
    out->queue_depth[LIVE_WORK] += atomic_load(&live->hash_waiting_count);
    counters_read(out->jobs, c->jobs, JOB_TYPE_END);
    counters_read(out->refused, c->refused, 24);
    counters_read(out->batch_size, c->batch_size, LIVE_BUCKETS);
    counters_read(out->commit_us, c->commit_us, LIVE_BUCKETS);
    counters_read(&out->batches, &c->batches, 1);
    counters_read(&out->events, &c->events, 1);
    counters_read(&out->commit_us_sum, &c->commit_us_sum, 1);
    counters_read(&out->commits_failed, &c->commits_failed, 1);
    counters_read(&out->reloads, &c->reloads, 1);
    counters_read(&out->sessions, &c->sessions, 1);
    counters_read(&out->sessions_open, &c->sessions_open, 1);
    counters_read(&out->sessions_loaded, &c->sessions_loaded, 1);
    counters_read(&out->timed_out, &c->timed_out, 1);
    counters_read(&out->logins_failed, &c->logins_failed, 1);
    counters_read(&out->logins_held_back, &c->logins_held_back, 1);
    out->record_seq = atomic_load(&c->record_seq);
    out->registry_seq = atomic_load(&c->registry_seq);
}
