/* The registry writer: one thread that judges who-and-what jobs and stores what they mean.
 *
 * Happy path: a job is judged against the registry, its events are one transaction, they are folded
 * and a new view is published before the job is handed back. Each job is a transaction of its own:
 * these acts are rare, and each stands or falls alone.
 *
 * Fails: ERR_IO stored nothing, the job is refused. What was stored and does not fold is read anew;
 * if that fails, or if the outcome of a commit is unknown, live ends (live_fatal).
 *
 * Thread: its own; live_open before it runs (releases_register). */
#include "server/live/internal.h"

#include "question-bank/bank/release.h"
#include "server/record/leaf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { REGISTRY_TAKE_MAX = 64 };

static const struct msg MSG_TOO_MANY = {
    .id = "registry-batch-too-large",
    .zh = "一次变更过多，最多{0}条",
    .en = "too many changes at once; at most {0}",
};

/* ------------------------------------------------------------------------------ the batch */

void registry_batch_init(struct registry_batch *b, struct live *live)
{
    *b = (struct registry_batch){.live = live};
}

void registry_batch_fini(struct registry_batch *b)
{
    if (b->payloads.data != NULL) {
        secret_wipe(b->payloads.data, b->payloads.cap);
    }
    buf_fini(&b->payloads);
    free(b->events);
    free(b->offsets);
    *b = (struct registry_batch){0};
}

static int batch_room(struct registry_batch *b)
{
    size_t cap = b->cap == 0 ? 4 : b->cap * 2;
    struct event *events;
    size_t *offsets;

    if (b->count < b->cap) {
        return 0;
    }
    events = realloc(b->events, cap * sizeof *events);
    if (events != NULL) {
        b->events = events;
    }
    offsets = realloc(b->offsets, cap * sizeof *offsets);
    if (offsets != NULL) {
        b->offsets = offsets;
    }
    if (events == NULL || offsets == NULL) {
        return ERR_NOMEM;
    }
    b->cap = cap;
    return 0;
}

int registry_batch_add(struct registry_batch *b, const struct registry_payload *p, struct err *err)
{
    char most[24];
    int rc;

    if (b->count >= STORE_BATCH_EVENTS_MAX) {
        return err_set(err, ERR_LIMIT, &MSG_TOO_MANY, err_int(most, STORE_BATCH_EVENTS_MAX), NULL,
                       NULL, NULL);
    }
    if (batch_room(b) != 0) {
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    b->offsets[b->count] = b->payloads.len;
    rc = registry_payload_encode(p, &b->payloads, err);
    if (rc != 0) {
        return rc;
    }
    b->events[b->count] = (struct event){
        .seq = registry_seq(b->live->registry) + 1 + (int64_t)b->count,
        .type = (uint16_t)p->type,
        .recorded_ms = b->recorded_ms,
    };
    b->count++;
    return 0;
}

static int leaves_make(struct registry_batch *b, struct event_leaf **out, struct err *err)
{
    const struct env *env = &b->live->env;
    struct event_leaf *leaves = calloc(b->count, sizeof *leaves);

    if (leaves == NULL) {
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    for (size_t i = 0; i < b->count; i++) {
        uint8_t salt[32];

        if (env->entropy(env->arg, salt, sizeof salt) != 0) {
            free(leaves);
            return err_set(err, ERR_CRYPTO, NULL, NULL, NULL, NULL, NULL);
        }
        leaf_free(b->live->options.alg, salt, &b->events[i], &leaves[i]);
    }
    *out = leaves;
    return 0;
}

/* Reads the registry anew. */
static int registry_reload(struct live *live, struct err *err)
{
    struct registry *fresh = NULL;
    const struct registry_view *view;
    int rc = registry_new(&live->ground, &fresh, err);

    atomic_fetch_add(&live->counters.reloads, 1);
    if (rc == 0) {
        rc = registry_replay(fresh, live->store, INT64_MAX, err);
    }
    if (rc == 0) {
        rc = registry_publish(fresh, &view, err);
    }
    if (rc != 0) {
        registry_free(fresh);
        live_fatal(live, err);
        return rc;
    }
    registry_free(live->registry);
    live->registry = fresh;
    live_view_publish(live, view);
    atomic_store(&live->counters.registry_seq, registry_seq(fresh));
    return 0;
}

static int batch_fold(struct registry_batch *b, struct err *err)
{
    struct live *live = b->live;
    const struct registry_view *view;
    int rc = 0;

    for (size_t i = 0; i < b->count && rc == 0; i++) {
        rc = registry_fold(live->registry, &b->events[i], err);
    }
    if (rc == 0) {
        rc = registry_publish(live->registry, &view, err);
    }
    if (rc == 0) {
        live_view_publish(live, view);
        atomic_store(&live->counters.registry_seq, registry_seq(live->registry));
    }
    return rc;
}

int registry_batch_commit(struct registry_batch *b, struct err *err)
{
    struct live *live = b->live;
    struct event_leaf *leaves = NULL;
    struct err why = {0};
    int rc;

    for (size_t i = 0; i < b->count; i++) {
        size_t end = i + 1 < b->count ? b->offsets[i + 1] : b->payloads.len;

        b->events[i].payload = bytes_of(b->payloads.data + b->offsets[i], end - b->offsets[i]);
    }
    rc = leaves_make(b, &leaves, err);
    if (rc != 0) {
        return rc;
    }
    rc = store_append(
        live->store, STORE_REGISTRY,
        &(struct store_batch){.events = b->events, .leaves = leaves, .count = b->count}, err);
    free(leaves);
    if (rc != 0) {
        atomic_fetch_add(&live->counters.commits_failed, 1);
        live_log(live, LOG_ERROR, "registry-commit-failed", err);
        if (rc == ERR_UNKNOWN) {
            live_fatal(live, err); /* only a store opened anew may be written */
        }
        return rc;
    }
    rc = batch_fold(b, &why);
    if (rc != 0) {
        live_log(live, LOG_ERROR, "registry-fold-failed", &why);
        rc = registry_reload(live, err);
    }
    return rc;
}

/* ------------------------------------------------------------------------------ the thread */

/* Whoever signs in or out knows better than the event which login goes on. */
static bool job_mutes_logins(const struct job *job)
{
    return job->type == JOB_LOGOUT || job->type == JOB_PASSWORD;
}

static void job_run(struct live *live, struct job *job)
{
    struct horizon *horizon = &live->horizons[STORE_REGISTRY];
    struct registry_batch b;

    if (atomic_load(&live->is_fatal)) {
        job_refuse_stopped(job);
        return;
    }
    registry_batch_init(&b, live);
    b.recorded_ms =
        live_recording_begin(live, STORE_REGISTRY, registry_recorded_ms(live->registry));
    job->rc = registry_job(live, job, &b);
    if (job->rc == 0 && b.count > 0) {
        registry_logins_mute(live->registry, job_mutes_logins(job));
        job->rc = registry_batch_commit(&b, &job->err);
        registry_logins_mute(live->registry, false);
    }
    if (job->rc == 0) {
        job->rc = registry_job_finish(live, job, b.recorded_ms);
    }
    registry_batch_fini(&b);
    atomic_store(&horizon->batch_ms, 0);
}

bool registry_writer_round(struct live *live, bool waits)
{
    struct list jobs = {0}, done = {0};
    struct list_node *node;
    bool over = queue_take(&live->queues[LIVE_REGISTRY], &jobs, REGISTRY_TAKE_MAX, waits ? -1 : 0);

    while ((node = list_pop(&jobs)) != NULL) {
        struct job *job = list_entry(node, struct job, node);

        job_run(live, job);
        job_done(live, job, &done);
    }
    jobs_hand_back(live, &done);
    return over;
}

void *registry_writer_run(void *arg)
{
    while (!registry_writer_round(arg, true)) {
    }
    return NULL;
}

/* ------------------------------------------------------------------------------ releases */

int releases_register(struct live *live, struct err *err)
{
    struct registry_batch b;
    int64_t now_ms = live_now_ms(live);
    int rc = 0;

    registry_batch_init(&b, live);
    b.recorded_ms = registry_recorded_ms(live->registry);
    b.recorded_ms = now_ms > b.recorded_ms ? now_ms : b.recorded_ms;
    for (size_t i = 0; i < live->options.banks_count && rc == 0; i++) {
        const struct registry_payload p = {
            .type = EVENT_RELEASE_ADDED,
            .u.release = {.at_ms = now_ms,
                          .release = *bank_digest(live->banks[i]),
                          .name = bank_manifest(live->banks[i])->name},
        };

        if (!registry_has_release(live->registry, &p.u.release.release)) {
            rc = registry_batch_add(&b, &p, err);
        }
    }
    if (rc == 0 && b.count > 0) {
        rc = registry_batch_commit(&b, err);
    }
    registry_batch_fini(&b);
    return rc;
}
