/* Record batch: growing arrays, chain and leaf at adding, one append at the end.
 *
 * Fails without memory, and with what the store says.
 * Thread: the record writer's. */
#include "server/live/record_batch.h"

#include "server/record/chain.h"
#include "server/record/leaf.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

void record_batch_init(struct record_batch *b, struct live *live)
{
    *b = (struct record_batch){.live = live, .sessions = live->sessions};
    b->recorded_ms = live_recording_begin(live, STORE_RECORD, live->record_last_ms);
    b->view = live_view_acquire(live);
}

void record_batch_fini(struct record_batch *b)
{
    atomic_store(&b->live->horizons[STORE_RECORD].batch_ms, 0);
    view_release(b->view);
    buf_fini(&b->payloads);
    free(b->events);
    free(b->offsets);
    free(b->leaves);
    if (b->secrets != NULL) {
        secret_wipe(b->secrets, b->secrets_cap * sizeof *b->secrets);
    }
    free(b->secrets);
    *b = (struct record_batch){0};
}

static int grow(void **items, size_t cap, size_t size)
{
    void *more = realloc(*items, cap * size);

    if (more == NULL) {
        return ERR_NOMEM;
    }
    *items = more;
    return 0;
}

static int room(struct record_batch *b)
{
    size_t cap = b->cap == 0 ? 64 : b->cap * 2;

    if (b->count < b->cap) {
        return 0;
    }
    if (grow((void **)&b->events, cap, sizeof *b->events) != 0 ||
        grow((void **)&b->offsets, cap, sizeof *b->offsets) != 0 ||
        grow((void **)&b->leaves, cap, sizeof *b->leaves) != 0) {
        return ERR_NOMEM;
    }
    b->cap = cap;
    return 0;
}

/* The event with its payload's bytes, which move with the next: use it at once. */
static int event_place(struct record_batch *b, const struct payload *p, struct event **out,
                       struct err *err)
{
    size_t from = b->payloads.len;
    int rc;

    if (room(b) != 0) {
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    rc = payload_encode(p, &b->payloads, err);
    if (rc != 0) {
        return rc;
    }
    b->offsets[b->count] = from;
    b->events[b->count] = (struct event){
        .seq = b->sessions->seq + 1 + (int64_t)b->count,
        .type = (uint16_t)p->type,
        .recorded_ms = b->recorded_ms,
        .payload = bytes_of(b->payloads.data + from, b->payloads.len - from),
    };
    *out = &b->events[b->count];
    return 0;
}

int record_add(struct record_batch *b, struct session_entry *e, const struct payload *p,
               struct err *err)
{
    struct live_session *in = e->in;
    struct event *event;
    int rc = event_place(b, p, &event, err);

    if (rc != 0) {
        b->is_broken = true;
        return rc;
    }
    event->session = e->number;
    event->prev_seq = in->last_seq;
    leaf_of_session(b->live->options.alg, in->secret, event, &b->leaves[b->count]);
    in->head = chain_next(b->live->options.alg, &in->head, event);
    in->last_seq = event->seq;
    if (e->first_seq == 0) {
        e->first_seq = event->seq;
    }
    b->count++;
    return 0;
}

int record_add_free(struct record_batch *b, const struct payload *p, struct err *err)
{
    const struct env *env = &b->live->env;
    uint8_t salt[32];
    struct event *event;
    int rc = event_place(b, p, &event, err);

    if (rc == 0 && env->entropy(env->arg, salt, sizeof salt) != 0) {
        rc = err_set(err, ERR_CRYPTO, NULL, NULL, NULL, NULL, NULL);
    }
    if (rc != 0) {
        b->is_broken = true;
        return rc;
    }
    leaf_free(b->live->options.alg, salt, event, &b->leaves[b->count]);
    b->count++;
    return 0;
}

int record_add_secret(struct record_batch *b, int64_t number, const uint8_t secret[32])
{
    if (b->secrets_count == b->secrets_cap) {
        size_t cap = b->secrets_cap == 0 ? 16 : b->secrets_cap * 2;

        if (grow((void **)&b->secrets, cap, sizeof *b->secrets) != 0) {
            return ERR_NOMEM;
        }
        b->secrets_cap = cap;
    }
    b->secrets[b->secrets_count].session = number;
    memcpy(b->secrets[b->secrets_count].secret, secret, 32);
    b->secrets_count++;
    return 0;
}

static int64_t monotonic_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static void bucket_count(atomic_uint_fast64_t *buckets, const uint32_t *bounds, uint64_t value)
{
    size_t at = 0;

    while (at < LIVE_BUCKETS - 1 && value > bounds[at]) {
        at++;
    }
    atomic_fetch_add_explicit(&buckets[at], 1, memory_order_relaxed);
}

int record_commit(struct record_batch *b, struct err *err)
{
    struct live_counters *c = &b->live->counters;
    int64_t from_us, us;
    int rc;

    if (b->count == 0) {
        return 0;
    }
    for (size_t i = 0; i < b->count; i++) {
        size_t end = i + 1 < b->count ? b->offsets[i + 1] : b->payloads.len;

        b->events[i].payload = bytes_of(b->payloads.data + b->offsets[i], end - b->offsets[i]);
    }
    from_us = monotonic_us();
    rc = store_append(b->live->store, STORE_RECORD,
                      &(struct store_batch){.events = b->events,
                                            .leaves = b->leaves,
                                            .count = b->count,
                                            .secrets = b->secrets,
                                            .secrets_count = b->secrets_count},
                      err);
    if (rc != 0) {
        return rc;
    }
    us = monotonic_us() - from_us;
    b->sessions->seq += (int64_t)b->count;
    b->live->record_last_ms = b->recorded_ms;
    atomic_store(&c->record_seq, b->sessions->seq);
    atomic_fetch_add_explicit(&c->batches, 1, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->events, b->count, memory_order_relaxed);
    atomic_fetch_add_explicit(&c->commit_us_sum, (uint64_t)us, memory_order_relaxed);
    bucket_count(c->batch_size, live_batch_bounds, b->count);
    bucket_count(c->commit_us, live_commit_us_bounds, (uint64_t)us);
    return 0;
}
