/* The last event of each session: open addressing, linear probing, no deletion but an undo that
 * leaves a slot with last_seq 0 ("not known"). Thread: any; one lock. */
#include "server/store/sqlite/tails.h"

#include "question-bank/base/err.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { SLOTS_MIN = 1024 };

int tails_init(struct tails *t)
{
    memset(t, 0, sizeof(*t));
    return pthread_mutex_init(&t->lock, NULL) == 0 ? 0 : ERR_NOMEM;
}

void tails_fini(struct tails *t)
{
    free(t->slots);
    t->slots = NULL;
    pthread_mutex_destroy(&t->lock);
}

/* The slot of the session, or the free one where it belongs. */
static struct tail *slot_of(const struct tails *t, int64_t session)
{
    size_t mask = t->slots_count - 1;
    size_t i = (size_t)(((uint64_t)session * 0x9E3779B97F4A7C15u) >> 20) & mask;

    while (t->slots[i].session != 0 && t->slots[i].session != session)
        i = (i + 1) & mask;
    return &t->slots[i];
}

static void forget(struct tails *t)
{
    if (t->slots != NULL)
        memset(t->slots, 0, t->slots_count * sizeof(*t->slots));
    t->used = 0;
}

/* Room for one more at a load of at most one half. */
static int grow(struct tails *t)
{
    struct tails bigger = *t;

    if (t->slots_count != 0 && t->used * 2 < t->slots_count)
        return 0;
    bigger.slots_count = t->slots_count == 0 ? SLOTS_MIN : t->slots_count * 2;
    bigger.slots = calloc(bigger.slots_count, sizeof(*bigger.slots));
    if (bigger.slots == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < t->slots_count; i++)
        if (t->slots[i].session != 0)
            *slot_of(&bigger, t->slots[i].session) = t->slots[i];
    free(t->slots);
    t->slots = bigger.slots;
    t->slots_count = bigger.slots_count;
    return 0;
}

void tails_clear(struct tails *t)
{
    pthread_mutex_lock(&t->lock);
    forget(t);
    pthread_mutex_unlock(&t->lock);
}

void tails_begin(struct tails *t)
{
    pthread_mutex_lock(&t->lock);
    assert(!t->in_batch);
    if (t->used + STORE_BATCH_SESSION_EVENTS_MAX > TAILS_MAX)
        forget(t);
    t->in_batch = true;
    t->undo_count = 0;
    pthread_mutex_unlock(&t->lock);
}

void tails_commit(struct tails *t)
{
    pthread_mutex_lock(&t->lock);
    t->in_batch = false;
    pthread_mutex_unlock(&t->lock);
}

void tails_rollback(struct tails *t)
{
    pthread_mutex_lock(&t->lock);
    if (t->in_batch)
        while (t->undo_count > 0) {
            const struct tail *old = &t->undo[--t->undo_count];
            *slot_of(t, old->session) = *old;
        }
    t->in_batch = false;
    pthread_mutex_unlock(&t->lock);
}

bool tails_get(struct tails *t, int64_t session, struct tail *out)
{
    bool found = false;

    pthread_mutex_lock(&t->lock);
    if (t->slots_count > 0) {
        const struct tail *slot = slot_of(t, session);

        found = slot->session == session && slot->last_seq != 0;
        if (found)
            *out = *slot;
    }
    pthread_mutex_unlock(&t->lock);
    return found;
}

int tails_put(struct tails *t, const struct tail *tail)
{
    struct tail *slot;
    int rc;

    assert(tail->session > 0 && tail->last_seq > 0);
    pthread_mutex_lock(&t->lock);
    if (!t->in_batch && t->used >= TAILS_MAX)
        forget(t);
    rc = grow(t);
    if (rc == 0) {
        slot = slot_of(t, tail->session);
        if (t->in_batch) {
            assert(t->undo_count < STORE_BATCH_SESSION_EVENTS_MAX);
            t->undo[t->undo_count] = *slot;
            t->undo[t->undo_count++].session = tail->session;
        }
        if (slot->session == 0)
            t->used++;
        *slot = *tail;
    }
    pthread_mutex_unlock(&t->lock);
    return rc;
}
