/* Back-off of wrong log-ins: by person and client, whatever else is tried from there. The clock is an
 * argument; the numbers are made up or not, which the board does not ask. */
#include "server/live/logins.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(back_off, .timeout = 120);

#define HERE  "192.0.2.1"
#define THERE "192.0.2.2"

enum { NOW_MS = 1000000, FLOOD = 24000, FIRST_MS = 15000, MOST_MS = 900000 };

static struct env_system env_system;
static struct login_board *board;

static void board_make(void)
{
    static const uint8_t secret[32] = {7};
    struct err err = {0};
    struct site_keys keys;
    struct env env;

    env_system_init(&env_system, 0, &env);
    site_keys_init(&keys, secret);
    cr_assert_eq(login_board_new(&keys, &env, 64, 1, &board, &err), 0);
    site_keys_fini(&keys);
}

static void board_end(void)
{
    login_board_free(board);
}

/* 0: may try; else the seconds to wait. */
static long held_s(const char *number, const char *address, int64_t now_ms)
{
    struct err err = {0};

    if (back_off_check(board, bytes_of_text(number), address, now_ms, &err) == 0)
        return 0;
    cr_assert_eq(err.code, ERR_BUSY);
    return strtol(err.arg[0].text, NULL, 10);
}

static void fail(const char *number, const char *address, int64_t now_ms, unsigned times)
{
    for (unsigned i = 0; i < times; i++)
        back_off_count(board, bytes_of_text(number), address, now_ms, true);
}

static const char *made_up(unsigned n)
{
    static char number[24];

    snprintf(number, sizeof number, "X%u", n);
    return number;
}

Test(back_off, a_person_is_held_at_one_client_and_longer_each_time, .init = board_make,
     .fini = board_end)
{
    fail("100001", HERE, NOW_MS, LOGIN_FAILURES_FREE - 1);
    cr_assert_eq(held_s("100001", HERE, NOW_MS), 0);
    fail("100001", HERE, NOW_MS, 1);
    cr_assert_eq(held_s("100001", HERE, NOW_MS), FIRST_MS / 1000);
    cr_assert_eq(held_s("100001", THERE, NOW_MS), 0);
    cr_assert_eq(held_s("100002", HERE, NOW_MS), 0);
    cr_assert_eq(held_s("100001", HERE, NOW_MS + FIRST_MS), 0);
    fail("100001", HERE, NOW_MS + FIRST_MS, 1);
    cr_assert_eq(held_s("100001", HERE, NOW_MS + FIRST_MS), 2 * FIRST_MS / 1000);
    back_off_count(board, bytes_of_text("100001"), HERE, NOW_MS + 3 * FIRST_MS, false);
    fail("100001", HERE, NOW_MS + 3 * FIRST_MS, 1);
    cr_assert_eq(held_s("100001", HERE, NOW_MS + 3 * FIRST_MS), 0);
}

Test(back_off, failures_of_others_free_nobody_who_is_held_back, .init = board_make,
     .fini = board_end)
{
    fail("100001", HERE, NOW_MS, LOGIN_FAILURES_FREE);
    for (unsigned i = 0; i < FLOOD; i++)
        fail(made_up(i), i % 2 == 0 ? HERE : THERE, NOW_MS + 2000, 1);
    cr_assert_eq(held_s("100001", HERE, NOW_MS + 2000), (FIRST_MS - 2000) / 1000);
    for (unsigned i = 0; i < FLOOD; i++)
        fail(made_up(i), HERE, NOW_MS + 4000, LOGIN_FAILURES_FREE);
    cr_assert_eq(held_s("100001", HERE, NOW_MS + 4000), (FIRST_MS - 4000) / 1000);
}

Test(back_off, a_count_is_not_forgotten_for_made_up_numbers, .init = board_make, .fini = board_end)
{
    fail("100001", HERE, NOW_MS, LOGIN_FAILURES_FREE);
    for (unsigned i = 0; i < FLOOD; i++)
        fail(made_up(i), HERE, NOW_MS + FIRST_MS, LOGIN_FAILURES_FREE - 1);
    fail("100001", HERE, NOW_MS + FIRST_MS, 1);
    cr_assert_eq(held_s("100001", HERE, NOW_MS + FIRST_MS), 2 * FIRST_MS / 1000);
}

Test(back_off, a_client_that_fills_its_set_is_held_back_and_no_other_is, .init = board_make,
     .fini = board_end)
{
    for (unsigned i = 0; i < FLOOD; i++)
        fail(made_up(i), HERE, NOW_MS, LOGIN_FAILURES_FREE);
    cr_assert_eq(held_s("100001", HERE, NOW_MS), FIRST_MS / 1000);
    cr_assert_eq(held_s("100001", THERE, NOW_MS), 0);
    cr_assert_eq(held_s("100001", HERE, NOW_MS + FIRST_MS), 0);
    cr_assert_leq(held_s(made_up(0), HERE, NOW_MS), MOST_MS / 1000);
}

Test(back_off, an_office_that_mistypes_is_not_held_back, .init = board_make, .fini = board_end)
{
    for (unsigned i = 0; i < FLOOD; i++)
        fail(made_up(i), HERE, NOW_MS + (int64_t)i, LOGIN_FAILURES_FREE - 1);
    cr_assert_eq(held_s("100001", HERE, NOW_MS + FLOOD), 0);
    cr_assert_eq(held_s(made_up(FLOOD - 1), HERE, NOW_MS + FLOOD), 0);
}
