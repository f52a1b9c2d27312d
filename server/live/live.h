/* Live: the core that owns the sessions being sat, the registry, the logins, and the threads.
 *
 *   callers (loops) --live_submit--> record writer    sessions; group commit
 *                               \--> registry writer  who and what; publishes views
 *                                \-> workers          password hashing, reports
 *                   <--done_batch--  whole batches, on the thread that did the work
 *
 * Knows nothing of HTTP. What a job was acknowledged with is on the disk. A failed commit fails its
 * batch, drops what is in memory, reads it again from the store and goes on. If that fails too, or
 * if it is unknown whether the batch was stored, options.fatal is called (once) and everything is
 * refused.
 *
 * Thread: live_open, live_drain and live_close by one thread; the rest by any. */
#ifndef MINGFA_LIVE_LIVE_H
#define MINGFA_LIVE_LIVE_H

#include "question-bank/base/env.h"
#include "question-bank/base/err.h"
#include "server/live/job.h"
#include "server/live/view.h"
#include "server/store/store.h"

struct live;

enum live_queue { LIVE_RECORD = 0, LIVE_REGISTRY, LIVE_WORK, LIVE_QUEUES };

enum {
    LIVE_QUEUE_DEFAULT = 20000,     /* jobs waiting for a writer */
    LIVE_WORK_QUEUE_DEFAULT = 2000, /* jobs waiting for a worker */
    LIVE_WORKERS_MAX = 64,
    LIVE_BATCH_EVENTS_MAX = 256,
    LIVE_BUCKETS = 10, /* of the histograms */
};

/* Zero means the default given here. Borrowed during live_open, save where said. */
struct live_options {
    struct env env;
    struct store *store;             /* borrowed for life; closed by the caller after live_close */
    uint8_t site_secret[32];         /* token, activation, pseudonym and seal are derived from it */
    enum digest_alg alg;             /* of chains and leaves; DIGEST_SM3 */
    const struct bank *const *banks; /* releases that opened; the banks are borrowed for life */
    size_t banks_count;
    unsigned workers;               /* 2 */
    unsigned hashes_at_once;        /* of the workers; workers - 1, at least 1 */
    size_t queue_max;               /* LIVE_QUEUE_DEFAULT */
    size_t work_queue_max;          /* LIVE_WORK_QUEUE_DEFAULT */
    uint32_t hash_kib, hash_passes; /* Argon2id: 19456, 2 (one lane) */
    int64_t login_ms;               /* how long a login holds; 12 h */
    int64_t activation_ms;          /* how long an activation code holds; 30 d */
    int64_t checkpoint_ms;          /* between checkpoints, real time; 5,000; negative: none */
    bool stepped;             /* no threads: whoever opened it does their rounds by live_step */
    int64_t timeout_slack_ms; /* behind deadline + grace before the server closes a session, for
                                   what is still on its way to the queue; 500 */
    /* Takes jobs (nodes: job.node) of one batch, all done. Called on writer and worker threads, also
     * during live_drain. */
    void (*done_batch)(void *arg, struct list *jobs);
    void *done_arg;
    /* The core cannot go on: the store must be opened anew, by another process. Called once, on the thread that
     * found out. NULL: logged only. */
    void (*fatal)(void *arg, const struct err *err);
    void *fatal_arg;
};

/* Reads both files, registers releases, reloads open sessions, starts the threads. *out: caller's,
 * live_close. ERR_IO, ERR_CORRUPT, ERR_BAD_INPUT (options), ERR_NOMEM. */
int live_open(const struct live_options *options, struct live **out, struct err *err);

/* Takes the job until it is handed back by done_batch. On error it stays the caller's: ERR_BUSY
 * (queue full, with MSG queue-full; {0} its length), ERR_CONFLICT (draining, or after fatal). */
int live_submit(struct live *live, struct job *job, struct err *err);
/* Submits and waits until it is done; done_batch is not called for it. Returns job->rc (also when
 * it was refused). For main, tests and tools; never on a loop. */
int live_call(struct live *live, struct job *job);

/* Refuses new jobs, finishes what is waiting, then returns. */
void live_drain(struct live *live);
/* Drains, stops the threads, frees. All views must have been released. NULL is allowed. */
void live_close(struct live *live);

/* The newest view; view_release. Never NULL. */
const struct registry_view *live_view_acquire(struct live *live);
/* Verifies a token without a query: MAC, times, the person's login epoch, single revocations.
 * ERR_UNAUTHENTIC, always with the same message. */
int live_login_check(struct live *live, const char *token, int64_t now_ms, struct login *out,
                     struct err *err);
/* The clock that deadlines are judged by. */
int64_t live_now_ms(const struct live *live);
/* Looks at timers now: for tests with a clock of their own. */
void live_tick(struct live *live);
/* options.stepped: one round of what the thread of that queue does, without waiting: a batch of the
 * record writer and what is due, all that waits for the registry writer, one job of a worker. Hands
 * back on this thread. live_call steps until its job is done. For simulations. */
void live_step(struct live *live, enum live_queue queue);
/* Can answers be stored? false while reloading and after fatal. */
bool live_is_ready(const struct live *live);
/* For reads by JOB_CALL (audit events). */
struct store *live_store(struct live *live);
/* docs/record-format.md §4: the person's pseudonym in an exam, and on the site. */
struct digest live_exam_pseudonym(const struct live *live, const uint8_t exam_uuid[16],
                                  struct bytes number);
struct digest live_site_pseudonym(const struct live *live, struct bytes number);

/* ------------------------------------------------------------------------------ metrics */

struct live_metrics {
    uint64_t queue_depth[LIVE_QUEUES];
    uint64_t queue_full[LIVE_QUEUES];  /* refusals with ERR_BUSY */
    uint64_t jobs[JOB_TYPE_END];       /* finished, by type */
    uint64_t refused[24];              /* finished with an error, by -code */
    uint64_t batches, events;          /* record file */
    uint64_t batch_size[LIVE_BUCKETS]; /* events a batch: <=1, 2, 4, … 256, more */
    uint64_t commit_us[LIVE_BUCKETS];  /* <=250, 500, 1000, 2000, … 64,000, more */
    uint64_t commit_us_sum;
    uint64_t commits_failed, reloads;
    uint64_t sessions, sessions_open, sessions_loaded;
    uint64_t timed_out; /* closed by the server itself */
    uint64_t logins_failed, logins_held_back;
    int64_t record_seq, registry_seq;
};
/* A reading of all counters, each exact, together nearly so. */
void live_metrics_read(struct live *live, struct live_metrics *out);
extern const uint32_t live_batch_bounds[LIVE_BUCKETS - 1];
extern const uint32_t live_commit_us_bounds[LIVE_BUCKETS - 1];

#endif
