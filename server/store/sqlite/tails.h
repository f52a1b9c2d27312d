/* Tails: the last event of each session that was written to lately, and whether it is closed.
 *
 * A hash table beside the record file, so that a batch is checked against the chain of prev_seq
 * without reading, and one session is found again without searching. It is only a memory: when it
 * is full it forgets everything, and the writer looks things up again. Puts of a batch are undone
 * when the batch fails. Thread: any; locks internally. One batch at a time. */
#ifndef MINGFA_STORE_SQLITE_TAILS_H
#define MINGFA_STORE_SQLITE_TAILS_H

#include "server/store/store.h"

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { TAILS_MAX = 1 << 20 };

struct tail {
    int64_t session; /* 0: free slot */
    int64_t last_seq;
    bool closed; /* graded or voided */
};

struct tails {
    pthread_mutex_t lock;
    struct tail *slots;
    size_t slots_count; /* power of two, or 0 */
    size_t used;
    bool in_batch;
    struct tail undo[STORE_BATCH_SESSION_EVENTS_MAX]; /* last_seq 0: was not there */
    size_t undo_count;
};

int tails_init(struct tails *t); /* 0 or ERR_NOMEM */
void tails_fini(struct tails *t);
void tails_clear(struct tails *t);
/* Puts between begin and commit (at most STORE_BATCH_SESSION_EVENTS_MAX) are undone by rollback. */
void tails_begin(struct tails *t);
void tails_commit(struct tails *t);
void tails_rollback(struct tails *t);
bool tails_get(struct tails *t, int64_t session, struct tail *out);
int tails_put(struct tails *t, const struct tail *tail); /* 0 or ERR_NOMEM */

#endif
