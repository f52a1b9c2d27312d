/* The diary: what happened belongs to its second, quiet seconds are there too, and the verdict. Times
 * are given; there is no clock. */
#include "clients/load/diary.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct diary *diary_make(void)
{
    struct diary *d = calloc(1, sizeof *d);

    cr_assert_not_null(d);
    diary_begin(d, 1000, 0);
    return d;
}

static void diary_drop(struct diary *d)
{
    diary_fini(d);
    free(d);
}

Test(diary, everything_belongs_to_its_second)
{
    struct diary *d = diary_make();

    diary_reply(d, MEASURE_START, 1000, 500);
    diary_reply(d, MEASURE_SAVE, 1000999, 700);
    diary_reply(d, MEASURE_SAVE, 1001000, 900); /* the next second begins with its first moment */
    diary_waits(d, 3500000, 300, 41);
    diary_error(d, 3600000, "queue-full");
    diary_end(d, 3700000, 0);
    diary_error(d, 9000000, "later"); /* counted, in no second */
    cr_assert_eq(d->seconds_count, 4);
    cr_assert_eq(d->seconds[0].replies[MEASURE_START], 1);
    cr_assert_eq(d->seconds[0].replies[MEASURE_SAVE], 1);
    cr_assert_eq(d->seconds[1].replies[MEASURE_SAVE], 1);
    cr_assert(d->seconds[1].p50_us >= 900 && d->seconds[1].p50_us <= 915);
    cr_assert_eq(d->seconds[2].p99_us, 0);
    cr_assert(d->seconds[3].waiting == 1 && d->seconds[3].errors == 1);
    cr_assert_eq(d->room.before_max, 41);
    cr_assert_eq(errors_total(&d->errors), 2);
    cr_assert_eq(d->window_us, 3699000);
    diary_drop(d);
}

Test(diary, the_busiest_second_tells_whether_the_client_was_the_limit)
{
    struct diary *d = diary_make();

    diary_tick(d, 1001000, 100000);
    diary_tick(d, 2001000, 1050000); /* 95 % of this one */
    diary_tick(d, 3001000, 1060000);
    diary_tick(d, 3002000, 1061000); /* too short to say anything */
    diary_end(d, 10001000, 1070000);
    cr_assert_float_eq(d->cpu_share_max, 0.95, 0.001);
    cr_assert_eq(d->cpu_us, 1070000);
    diary_drop(d);
}

Test(diary, nothing_lost_is_forgiven)
{
    struct diary *d = diary_make();
    uint64_t *const faults[] = {&d->missing,          &d->missing_at_reload, &d->sessions_missing,
                                &d->hand_ins_missing, &d->unchecked,         &d->gave_up};

    cr_assert_eq(diary_verdict(d), 1, "nothing was done");
    d->handed_in = 3;
    cr_assert_eq(diary_verdict(d), 0);
    diary_error(d, 2000, "connection-lost");
    cr_assert_eq(diary_verdict(d), 0, "an error that was got over");
    for (size_t i = 0; i < sizeof faults / sizeof faults[0]; i++) {
        *faults[i] = 1;
        cr_assert_eq(diary_verdict(d), 1, "fault %zu", i);
        *faults[i] = 0;
    }
    diary_drop(d);
}
