/* A bounded queue of jobs from many threads to few.
 *
 * Putting locks once, links, and wakes only if the queue was empty. Taking waits and takes many.
 * Fails when full (ERR_BUSY) or closed (ERR_CONFLICT); the job then stays the caller's. */
#ifndef MINGFA_LIVE_QUEUE_H
#define MINGFA_LIVE_QUEUE_H

#include "question-bank/base/err.h"
#include "question-bank/base/list.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct queue {
    pthread_mutex_t lock;
    pthread_cond_t wake;
    struct list jobs;
    size_t max;
    bool closed, poked;
    atomic_uint_fast64_t depth, full;
};

/* 0 or ERR_NOMEM. */
int queue_init(struct queue *q, size_t max);
void queue_fini(struct queue *q);
/* Any thread. */
int queue_put(struct queue *q, struct list_node *node, struct err *err);
/* Counts a refusal because it is full: ERR_BUSY. Any thread. */
int queue_refuse(struct queue *q, struct err *err);
/* What is taken next, or NULL; it stays. For a queue with one taker, by that taker. */
const struct list_node *queue_head(struct queue *q);
/* Without asking for room, and also when closed: for work handed on inside. False only when nobody
 * takes any more (closed and empty is not that: the taker must still be running). */
void queue_put_inside(struct queue *q, struct list_node *node);
/* Takes up to `most` nodes into *out (which is empty). Waits up to wait_ms of real time (negative:
 * without end) while there is nothing, nobody poked and the queue is open. Returns whether the queue
 * is closed with nothing left. */
bool queue_take(struct queue *q, struct list *out, size_t most, int64_t wait_ms);
/* Wakes the taker, now or when it next waits. */
void queue_poke(struct queue *q);
/* Refuses what comes; takers end when it is empty. */
void queue_close(struct queue *q);

#endif
