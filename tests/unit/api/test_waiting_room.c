/* The waiting room: first come first served, at the rate, whatever people do at the door. */
#include "server/api/waiting_room.h"

#include <criterion/criterion.h>

enum { RATE = 100, CROWD = 1000 };
static const int64_t START_MS = INT64_C(1794963600000);

Test(waiting_room, whoever_comes_below_the_rate_does_not_wait)
{
    struct waiting_room *room = waiting_room_new(RATE);
    uint64_t before;

    for (uint32_t n = 0; n < 500; n++)
        cr_assert_eq(waiting_room_ask(room, n, START_MS + n * 10, &before), 0);
    waiting_room_free(room);
}

Test(waiting_room, a_crowd_comes_in_one_by_one_in_its_order)
{
    struct waiting_room *room = waiting_room_new(RATE);
    int64_t wait_ms[CROWD], last_ms = 0;
    uint64_t before, at_once = 0;

    for (uint32_t n = 0; n < CROWD; n++) {
        wait_ms[n] = waiting_room_ask(room, n, START_MS, &before);
        cr_assert_geq(wait_ms[n], last_ms, "person %u came later and waits less", n);
        cr_assert_eq(before, (uint64_t)(wait_ms[n] > 0 ? (wait_ms[n] - 1) / (1000 / RATE) : 0));
        last_ms = wait_ms[n];
        at_once += wait_ms[n] == 0;
    }
    cr_assert_leq(at_once, (uint64_t)RATE / 4 + 1);
    cr_assert_leq(last_ms, (int64_t)CROWD * 1000 / RATE);
    cr_assert_geq(last_ms, (int64_t)(CROWD - RATE) * 1000 / RATE);
    cr_assert_geq(waiting_room_length(room, START_MS), (uint64_t)CROWD - RATE / 2);
    /* At their time all are let in, and no second holds more than the rate. */
    for (uint32_t n = 0; n < CROWD; n++)
        cr_assert(wait_ms[n] == 0 ||
                  waiting_room_ask(room, n, START_MS + wait_ms[n], &before) == 0);
    cr_assert_eq(waiting_room_length(room, START_MS + last_ms + 1000), 0u);
    waiting_room_free(room);
}

Test(waiting_room, knocking_again_neither_gains_nor_costs_the_place)
{
    struct waiting_room *room = waiting_room_new(RATE);
    int64_t turn_ms[CROWD];
    uint64_t before;

    for (uint32_t n = 0; n < CROWD; n++)
        turn_ms[n] = waiting_room_ask(room, n, START_MS, &before);
    for (int64_t ms = 1; ms < 2000; ms += 100) {
        for (uint32_t n = 500; n < CROWD; n++)
            cr_assert_eq(waiting_room_ask(room, n, START_MS + ms, &before), turn_ms[n] - ms);
    }
    waiting_room_free(room);
}

Test(waiting_room, a_turn_that_was_not_taken_lapses)
{
    struct waiting_room *room = waiting_room_new(RATE);
    int64_t wait_ms, late_ms;
    uint64_t before;

    for (uint32_t n = 0; n < CROWD; n++)
        wait_ms = waiting_room_ask(room, n, START_MS, &before);
    late_ms = START_MS + wait_ms + WAITING_ROOM_HOLD_MS + 1;
    for (uint32_t n = 0; n < CROWD; n++)
        waiting_room_ask(room, CROWD + n, late_ms, &before);
    cr_assert_gt(waiting_room_ask(room, CROWD - 1, late_ms, &before), 0,
                 "it came in before a crowd");
    waiting_room_free(room);
}
