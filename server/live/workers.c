/* Workers: threads for what is slow. Password hashing (a few at once, the rest wait without holding a
 * thread), reports, and the callers' own work.
 *
 * Happy path: one job is taken, done and handed back; a new password goes on to the registry writer.
 * Hashing is limited, so that a rush of log-ins leaves workers for reports: a job that may not hash
 * yet waits in live->hash_waiting, and whoever ends a hash goes on with the next one waiting. Those who
 * wait count as the queue's (live_submit): the line has an end.
 *
 * Thread: their own. */
#include "server/live/internal.h"

#include <assert.h>
#include <string.h>

/* ------------------------------------------------------------------------------ log-ins */

static bool job_hashes(const struct job *job)
{
    return job->type == JOB_LOGIN || job->type == JOB_ACTIVATE || job->type == JOB_PASSWORD;
}

static int64_t person_of(struct live *live, struct bytes number)
{
    const struct registry_view *view = live_view_acquire(live);
    int64_t person = view_person(view, number);

    view_release(view);
    return person;
}

/* Is it really them? By password, or for an activation by code. */
static int prove(struct live *live, struct job *job, struct bytes number, int64_t person)
{
    const struct login_request *in = &job->in.login_request;
    int rc = back_off_check(live->logins, number, in->address, job->received_ms, &job->err);
    bool fits;

    if (rc != 0) {
        atomic_fetch_add(&live->counters.logins_held_back, 1);
        return rc;
    }
    fits = job->type == JOB_ACTIVATE
               ? activation_fits(live->logins, person, number, in->code, job->received_ms)
               : password_fits(live->logins, person, in->password);
    back_off_count(live->logins, number, in->address, job->received_ms, !fits);
    if (!fits) {
        atomic_fetch_add(&live->counters.logins_failed, 1);
        return login_refuse(&job->err);
    }
    return 0;
}

/* True: the job went on to the registry writer, and is not ours any more. */
static bool login_run(struct live *live, struct job *job)
{
    const struct login_request *in = &job->in.login_request;
    struct bytes number = job->type == JOB_PASSWORD ? job->person : in->person;
    int64_t person = person_of(live, number);
    uint64_t generation = login_generation(live->logins, person);
    struct job_own *own;

    job->rc = prove(live, job, number, person);
    if (job->rc == 0 && login_generation(live->logins, person) != generation) {
        job->rc = login_refuse(&job->err); /* what was proved has ended meanwhile */
    }
    if (job->rc != 0) {
        return false;
    }
    if (job->type == JOB_LOGIN) {
        job->rc = login_issue(live->logins, (uint32_t)person, live_now_ms(live),
                              live->options.login_ms, &job->out.login, &job->err);
        return false;
    }
    job->rc = password_check(number, in->new_password, &job->err);
    own = job->rc == 0 ? job_own_get(job) : NULL;
    if (job->rc == 0 && own == NULL) {
        job_refuse(job, ERR_NOMEM, NULL, NULL, NULL);
    }
    if (job->rc == 0) {
        own->by_activation = job->type == JOB_ACTIVATE;
        job->rc = password_hash(live->logins, in->new_password, own->hash, &job->err);
    }
    if (job->rc != 0) {
        return false;
    }
    queue_put_inside(&live->queues[LIVE_REGISTRY], &job->node);
    return true;
}

/* ------------------------------------------------------------------------------ whose turn it is */

/* May this job hash now? Otherwise it waits, and is not ours any more. */
static bool hash_begin(struct live *live, struct job *job)
{
    bool may;

    pthread_mutex_lock(&live->hash_lock);
    may = live->hashing < live->options.hashes_at_once;
    if (may) {
        live->hashing++;
    } else {
        list_push(&live->hash_waiting, &job->node);
        atomic_store(&live->hash_waiting_count, live->hash_waiting.count);
    }
    pthread_mutex_unlock(&live->hash_lock);
    return may;
}

/* The next one waiting, whose turn ours becomes; or NULL. */
static struct job *hash_end(struct live *live)
{
    struct list_node *node;

    pthread_mutex_lock(&live->hash_lock);
    node = list_pop(&live->hash_waiting);
    atomic_store(&live->hash_waiting_count, live->hash_waiting.count);
    if (node == NULL) {
        live->hashing--;
    }
    pthread_mutex_unlock(&live->hash_lock);
    return node == NULL ? NULL : list_entry(node, struct job, node);
}

static void finish(struct live *live, struct job *job)
{
    struct list done = {0};

    job_done(live, job, &done);
    jobs_hand_back(live, &done);
}

static void work(struct live *live, struct job *job)
{
    switch (job->type) {
    case JOB_CALL:
        job->in.call.run(job);
        break;
    case JOB_COVERAGE:
    case JOB_SCORES:
    case JOB_MISSING:
        job->rc = report_job(live, job);
        break;
    default:
        assert(false);
    }
    finish(live, job);
}

/* Also asked before each hash that waited its turn: whoever waits for one when the end comes would hold
 * it up for long. */
static bool refuse_at_end(struct live *live, struct job *job)
{
    if (!atomic_load(&live->is_fatal) && !(job_hashes(job) && atomic_load(&live->is_draining))) {
        return false;
    }
    job_refuse_stopped(job);
    finish(live, job);
    return true;
}

static void job_run(struct live *live, struct job *job)
{
    if (!job_hashes(job)) {
        if (!refuse_at_end(live, job)) {
            work(live, job);
        }
        return;
    }
    if (!hash_begin(live, job)) {
        return;
    }
    for (; job != NULL; job = hash_end(live)) {
        if (!refuse_at_end(live, job) && !login_run(live, job)) {
            finish(live, job);
        }
    }
}

/* Whoever hashes ends only when nobody waits, so nobody is left behind. */
bool worker_round(struct live *live, bool waits)
{
    struct list taken = {0};
    bool over = queue_take(&live->queues[LIVE_WORK], &taken, 1, waits ? -1 : 0);
    struct list_node *node = list_pop(&taken);

    if (node != NULL) {
        job_run(live, list_entry(node, struct job, node));
    }
    return over;
}

void *worker_run(void *arg)
{
    while (!worker_round(arg, true)) {
    }
    return NULL;
}
