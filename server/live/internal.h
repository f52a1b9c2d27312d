/* What the files of live share: the core, and how a job is handed on and back. Nobody else's.
 *
 *   live.c             life, submitting, metrics
 *   registry_writer.c  its thread; registry_jobs.c, exam_jobs.c what its jobs mean
 *   record_writer.c    its thread and batches; session_jobs.c, act_jobs.c what its jobs mean;
 *                      review.c when answer keys are shown; regrade.c what withdrawals owe
 *   sessions.c         the sessions in memory; session_load.c reads them
 *   workers.c          their threads, log-ins; report_jobs.c the reports */
#ifndef MINGFA_LIVE_INTERNAL_H
#define MINGFA_LIVE_INTERNAL_H

#include "server/live/digest_map.h"
#include "server/live/live.h"
#include "server/live/logins.h"
#include "server/live/queue.h"
#include "server/live/registry.h"
#include "server/live/site.h"

#include <pthread.h>
#include <stdatomic.h>

struct sessions;

struct call_wait {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool done;
};

/* job->own, in the job's arena: only of jobs that need it. */
struct job_own {
    struct call_wait *wait; /* live_call */
    char hash[PASSWORD_HASH_BYTES_MAX];
    bool by_activation;
};

struct live_counters {
    atomic_uint_fast64_t jobs[JOB_TYPE_END], refused[24];
    atomic_uint_fast64_t batches, events, batch_size[LIVE_BUCKETS], commit_us[LIVE_BUCKETS];
    atomic_uint_fast64_t commit_us_sum, commits_failed, reloads;
    atomic_uint_fast64_t sessions, sessions_open, sessions_loaded, timed_out;
    atomic_uint_fast64_t sessions_unreadable; /* open, and their release is not loaded */
    atomic_uint_fast64_t logins_failed, logins_held_back;
    atomic_int_fast64_t record_seq, registry_seq;
};

/* A writer's clock for reports: what it will record from now on is not before `batch_ms`; 0: it is
 * idle, and nothing will be recorded before now. */
struct horizon {
    atomic_int_fast64_t batch_ms;
};

struct live {
    struct live_options options;
    struct env env;
    struct store *store;
    struct site_keys keys;
    const struct bank **banks;
    struct registry_ground ground;
    struct login_board *logins;
    struct live_counters counters;

    struct queue queues[LIVE_QUEUES];
    struct horizon horizons[STORE_FILES];
    atomic_int_fast64_t report_floor_ms; /* reports looked at what is before: record from here on */
    pthread_t record_thread, registry_thread, checkpoint_thread;
    pthread_t worker_threads[LIVE_WORKERS_MAX];
    unsigned workers_started;
    bool record_started, registry_started, checkpoint_started;
    bool drained;

    pthread_mutex_t view_lock;
    const struct registry_view *view; /* the newest; guarded */

    struct registry *registry; /* the registry writer's */
    struct sessions *sessions; /* the record writer's */
    int64_t record_last_ms;    /* the record writer's */

    pthread_mutex_t hash_lock; /* guards the next two */
    unsigned hashing;
    struct list hash_waiting;
    atomic_size_t hash_waiting_count;

    pthread_mutex_t stop_lock; /* for the checkpointer */
    pthread_cond_t stop_wake;
    bool stopping;

    atomic_bool is_reloading, is_fatal, is_draining;
    /* Commits failed: until then nothing is tried. By the env's clock; failures in a row. */
    atomic_int_fast64_t record_hold_ms;
    unsigned record_failures; /* the record writer's */
};

/* The job's own part, made on demand. NULL without memory. */
struct job_own *job_own_get(struct job *job);
/* Counts the job as finished and puts it into *done, or wakes who waits for it in live_call. */
void job_done(struct live *live, struct job *job, struct list *done);
/* Hands a list back (empty: nothing). */
void jobs_hand_back(struct live *live, struct list *done);
/* job->rc = rc; fills job->err unless it is filled. Returns rc. */
int job_refuse(struct job *job, int rc, const struct msg *msg, const char *a0, const char *a1);
/* The core has ended (live_fatal): ERR_IO, come back when it runs again. */
int job_refuse_stopped(struct job *job);

void live_log(const struct live *live, enum log_level level, const char *event,
              const struct err *err);
/* Says so once, and refuses everything from now on. */
void live_fatal(struct live *live, const struct err *err);
void live_view_publish(struct live *live, const struct registry_view *view); /* takes it */
/* Actor of an event: the person's site pseudonym, or zeros for the server. */
void live_actor(const struct live *live, struct bytes number, uint8_t out[32]);
/* Index of the person, or -1. */
int64_t view_person(const struct registry_view *view, struct bytes number);
/* The reason of an act: 1..REASON_BYTES_MAX bytes of NFC text. */
int reason_check(struct bytes reason, struct err *err);

/* A writer's batch begins: announces it to reports, then settles when it is recorded, not before
 * `last_ms` and not within what a report has looked at. */
int64_t live_recording_begin(struct live *live, enum store_file file, int64_t last_ms);
/* The moment up to which a report may look: at most asked_ms and now, nothing before it to come. */
int64_t live_report_moment(struct live *live, int64_t asked_ms);

void *registry_writer_run(void *live);
void *record_writer_run(void *live);
void *worker_run(void *live);
/* One round of each; waits: for something to do. True: the queue was closed, and nothing is left. */
bool registry_writer_round(struct live *live, bool waits);
bool record_writer_round(struct live *live, bool waits);
bool worker_round(struct live *live, bool waits);
bool job_is_for_registry(enum job_type type);
bool job_is_for_record(enum job_type type);

/* record_writer.c: reads everything anew. Before its thread runs, or on it. */
int record_open(struct live *live, struct err *err);
void record_close(struct live *live);

/* registry_writer.c: one transaction of encoded events, folded and published.
 * `events` get seq and recorded_ms. */
struct registry_batch {
    struct live *live;
    struct buf payloads;
    struct event *events;
    size_t *offsets;
    size_t count, cap;
    int64_t recorded_ms;
};
void registry_batch_init(struct registry_batch *b, struct live *live);
void registry_batch_fini(struct registry_batch *b);
int registry_batch_add(struct registry_batch *b, const struct registry_payload *p, struct err *err);
int registry_batch_commit(struct registry_batch *b, struct err *err);
/* The jobs: judge, and add what they mean to the batch; nothing to add is fine. */
int registry_job(struct live *live, struct job *job, struct registry_batch *b);
/* Behind the commit. */
int registry_job_finish(struct live *live, struct job *job, int64_t recorded_ms);
int exam_job(struct live *live, struct job *job, struct registry_batch *b);
int releases_register(struct live *live, struct err *err);

/* workers.c, report_jobs.c */
int report_job(struct live *live, struct job *job);

/* From pseudonyms to people: person + 1 under each. */
struct pseudonym_map {
    struct digest_map people;
};
/* exam_uuid NULL: the site's pseudonyms. 0 or ERR_NOMEM. */
int pseudonym_map_make(const struct site_keys *keys, const struct roster *roster,
                       const uint8_t *exam_uuid, struct pseudonym_map *out);
/* Index of the person, or -1. */
int64_t pseudonym_map_find(const struct pseudonym_map *m, const uint8_t pseudonym[32]);
void pseudonym_map_fini(struct pseudonym_map *m);

#endif
