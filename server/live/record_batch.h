/* One transaction of the record file in the making: what jobs and timers mean, with chain heads and
 * leaves, until it is stored.
 *
 * What is added has already been applied to memory. So a batch that cannot be stored leaves memory
 * ahead of the disk: the writer then drops its memory and reads it anew.
 * Thread: the record writer's. */
#ifndef MINGFA_LIVE_RECORD_BATCH_H
#define MINGFA_LIVE_RECORD_BATCH_H

#include "server/live/sessions.h"

struct record_batch {
    struct live *live;
    struct sessions *sessions;
    const struct registry_view *view; /* what the whole batch is judged by */
    int64_t recorded_ms;
    struct buf payloads;
    struct event *events;
    size_t *offsets;
    struct event_leaf *leaves;
    size_t count, cap;
    struct store_secret *secrets;
    size_t secrets_count, secrets_cap;
    bool is_broken; /* something was applied that could not be added */
};

void record_batch_init(struct record_batch *b, struct live *live);
void record_batch_fini(struct record_batch *b);
/* Adds an event of the session, which has been applied, and moves its chain. On error the batch is
 * broken. */
int record_add(struct record_batch *b, struct session_entry *e, const struct payload *p,
               struct err *err);
/* As record_add, of no session. */
int record_add_free(struct record_batch *b, const struct payload *p, struct err *err);
/* The secret of a session that starts in this batch. */
int record_add_secret(struct record_batch *b, int64_t number, const uint8_t secret[32]);
/* Stores it. Nothing to store is fine. */
int record_commit(struct record_batch *b, struct err *err);

/* session_jobs.c, act_jobs.c: what a job means. Fills job->rc, err and out. */
void session_job(struct record_batch *b, struct job *job);
void act_job(struct record_batch *b, struct job *job);
void standings_job(struct record_batch *b, struct job *job);
void sessions_job(struct record_batch *b, struct job *job);
/* A transaction of its own. */
void attendance_job(struct record_batch *b, struct job *job);

/* Shared by them. The entry that the job names, warm, if it is the person's own or within the
 * officer's scope; else NULL with job->rc. */
struct session_entry *job_session(struct record_batch *b, struct job *job, const uint8_t uuid[16]);
/* Applies, adds the event if anything changed, marks afterwards when that is owed. */
int session_do(struct record_batch *b, struct session_entry *e, const struct session_event *event,
               const struct payload *p, struct session_effect *effect, struct err *err);
/* Adds a session-graded event: the score as of now. On error the batch is broken. */
int session_mark(struct record_batch *b, struct session_entry *e, struct err *err);
/* The server closes it: time is up. */
int session_time_out(struct record_batch *b, struct session_entry *e, int64_t now_ms,
                     struct err *err);
/* regrade.c: one bounded step of what withdrawals owe to marked sessions; is there anything to do? */
void regrade_step(struct record_batch *b);
bool regrade_is_due(struct live *live);
/* review.c: may the candidate see the answer keys of the session, which is warm? 0, or ERR_DENIED,
 * ERR_CONFLICT with the reason. That they may is remembered. */
int review_check(struct record_batch *b, struct session_entry *e, struct err *err);
/* Has anybody been told so, of this session or, where all wait for all, of its exam? */
bool review_was_allowed(const struct session_entry *e);
void ack_fill(const struct record_batch *b, const struct session_entry *e, struct job *job,
              struct session_ack *out);
int session_view_fill(const struct record_batch *b, const struct session_entry *e, struct job *job,
                      struct session_view *out);

#endif
