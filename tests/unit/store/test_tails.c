/* The memory of sessions' last events: what is put is found, a failed batch is forgotten, and a full
 * memory forgets everything rather than anything wrong. */
#include "server/store/sqlite/tails.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>

static void put(struct tails *t, int64_t session, int64_t last_seq, bool closed)
{
    const struct tail tail = {session, last_seq, closed};

    cr_assert_eq(tails_put(t, &tail), 0);
}

/* last_seq 0: not known. */
static void expect(struct tails *t, int64_t session, int64_t last_seq, bool closed)
{
    struct tail tail = {0};

    cr_assert_eq(tails_get(t, session, &tail), last_seq != 0, "session %d", (int)session);
    if (last_seq != 0)
        cr_assert(tail.session == session && tail.last_seq == last_seq && tail.closed == closed);
}

Test(tails, an_empty_memory_knows_nobody)
{
    struct tails *t = calloc(1, sizeof(*t));

    cr_assert_eq(tails_init(t), 0);
    expect(t, 1, 0, false);
    tails_clear(t);
    expect(t, 1, 0, false);
    tails_fini(t);
    free(t);
}

Test(tails, what_was_put_last_is_found_while_it_grows)
{
    struct tails *t = calloc(1, sizeof(*t));

    cr_assert_eq(tails_init(t), 0);
    for (int64_t s = 1; s <= 20000; s++)
        put(t, s * 1024, s, false); /* numbers that would collide in a plain mask */
    for (int64_t s = 1; s <= 20000; s += 2)
        put(t, s * 1024, s + 20000, true);
    for (int64_t s = 1; s <= 20000; s++) {
        expect(t, s * 1024, s % 2 == 1 ? s + 20000 : s, s % 2 == 1);
        expect(t, s * 1024 + 1, 0, false);
    }
    tails_clear(t);
    expect(t, 1024, 0, false);
    put(t, 1024, 7, false);
    expect(t, 1024, 7, false);
    tails_fini(t);
    free(t);
}

Test(tails, a_batch_that_failed_is_undone_event_by_event)
{
    struct tails *t = calloc(1, sizeof(*t));

    cr_assert_eq(tails_init(t), 0);
    put(t, 1, 10, false);
    put(t, 2, 11, true);
    tails_begin(t);
    put(t, 1, 12, false);
    put(t, 1, 13, true); /* twice in a batch: back to before the first */
    put(t, 2, 14, false);
    for (int64_t s = 3; s <= STORE_BATCH_SESSION_EVENTS_MAX - 1; s++)
        put(t, s, 20 + s, false); /* it grows on the way */
    expect(t, 1, 13, true);
    tails_rollback(t);
    expect(t, 1, 10, false);
    expect(t, 2, 11, true);
    for (int64_t s = 3; s <= STORE_BATCH_SESSION_EVENTS_MAX - 1; s++)
        expect(t, s, 0, false);
    tails_begin(t);
    put(t, 3, 30, true);
    put(t, 1, 31, false);
    tails_commit(t);
    tails_rollback(t); /* of no batch: nothing */
    expect(t, 3, 30, true);
    expect(t, 1, 31, false);
    tails_fini(t);
    free(t);
}

Test(tails, a_full_memory_forgets_everything_but_never_in_the_middle_of_a_batch)
{
    struct tails *t = calloc(1, sizeof(*t));

    cr_assert_eq(tails_init(t), 0);
    for (int64_t s = 1; s <= TAILS_MAX - STORE_BATCH_SESSION_EVENTS_MAX; s++)
        put(t, s, s, false);
    tails_begin(t); /* just fits */
    expect(t, 1, 1, false);
    for (int64_t s = 1; s <= STORE_BATCH_SESSION_EVENTS_MAX; s++)
        put(t, TAILS_MAX + s, s, false);
    expect(t, 1, 1, false);
    tails_commit(t);
    expect(t, TAILS_MAX + 1, 1, false);
    tails_begin(t); /* no longer */
    expect(t, 1, 0, false);
    put(t, 5, 99, true);
    tails_rollback(t);
    expect(t, 5, 0, false);
    tails_fini(t);
    free(t);
}

/* ------------------------------------------------------------------ beside readers */

enum { ROUNDS = 2000 };

static void *read_on(void *arg)
{
    struct tails *t = arg;
    int64_t seen = 0;

    for (int i = 0; i < ROUNDS; i++) {
        struct tail tail;

        if (tails_get(t, 1, &tail)) {
            cr_assert(tail.session == 1 && tail.last_seq >= seen);
            seen = tail.last_seq;
        }
    }
    return NULL;
}

Test(tails, readers_look_while_the_writer_puts)
{
    struct tails *t = calloc(1, sizeof(*t));
    pthread_t readers[2];

    cr_assert_eq(tails_init(t), 0);
    for (int i = 0; i < 2; i++)
        cr_assert_eq(pthread_create(&readers[i], NULL, read_on, t), 0);
    for (int64_t i = 1; i <= ROUNDS; i++) {
        tails_begin(t);
        put(t, 1, i, false);
        put(t, 1 + i, i, false);
        tails_commit(t);
    }
    for (int i = 0; i < 2; i++)
        cr_assert_eq(pthread_join(readers[i], NULL), 0);
    expect(t, 1, ROUNDS, false);
    tails_fini(t);
    free(t);
}
