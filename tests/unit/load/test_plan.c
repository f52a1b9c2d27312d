/* The plan: from the seed alone, the same whenever it is asked for, and within what the day says. */
#include "clients/load/plan.h"

#include <criterion/criterion.h>
#include <string.h>

enum { PEOPLE = 2000 };

static const struct day busy = {
    .seed = 11,
    .people = PEOPLE,
    .arrive_over_s = 8,
    .arrive_shape = SHAPE_BURST,
    .think_ms = {10, 20},
    .answers = {2, 9},
    .disconnect_ms = {100, 300},
    .hand_in_when = HAND_IN_END,
    .hand_in_at_s = 30,
    .hand_in_over_s = 2,
    .reload_pm = 100,
    .disconnect_pm = 200,
    .duplicate_pm = 300,
    .slow_link_pm = 400,
    .never_hand_in_pm = 500,
};

/* All that is drawn for person k, as text. */
static void person_write(const struct day *day, uint32_t k, struct buf *out)
{
    struct plan_person p;
    char nonce[NONCE_HEX_BYTES + 1];

    plan_person(day, PEOPLE, k, &p);
    plan_nonce(day, k, nonce);
    buf_printf(out, "%u %lld %lld %u %d %d %s\n", k, (long long)p.arrive_us,
               (long long)p.hand_in_us, p.answers, p.slow_link, p.never_hand_in, nonce);
    for (uint32_t i = 0; i <= p.answers; i++) {
        struct plan_answer a;

        plan_answer(day, k, i, &a);
        buf_printf(out, " %lld %lld %d %d %d\n", (long long)a.think_us, (long long)a.disconnect_us,
                   a.disconnect, a.duplicate, a.reload);
    }
}

static void all_write(const struct day *day, bool backwards, struct buf *out)
{
    struct buf people[PEOPLE] = {0};

    for (uint32_t i = 0; i < PEOPLE; i++) {
        uint32_t k = backwards ? PEOPLE - 1 - i : i;

        person_write(day, k, &people[k]);
    }
    for (uint32_t k = 0; k < PEOPLE; k++) {
        buf_append(out, people[k].data, people[k].len);
        buf_fini(&people[k]);
    }
    cr_assert_eq(buf_error(out), 0);
}

Test(plan, is_the_same_twice_and_in_any_order)
{
    struct buf once = {0}, twice = {0}, other = {0};
    struct day reseeded = busy;

    reseeded.seed++;
    all_write(&busy, false, &once);
    all_write(&busy, true, &twice);
    all_write(&reseeded, false, &other);
    cr_assert(bytes_equal(buf_view(&once), buf_view(&twice)));
    cr_assert_not(bytes_equal(buf_view(&once), buf_view(&other)));
    buf_fini(&once);
    buf_fini(&twice);
    buf_fini(&other);
}

Test(plan, keeps_to_the_ranges_and_near_the_shares)
{
    size_t slow = 0, never = 0, answers = 0, away = 0, twice = 0, reloads = 0;

    for (uint32_t k = 0; k < PEOPLE; k++) {
        struct plan_person p;

        plan_person(&busy, PEOPLE, k, &p);
        cr_assert(p.arrive_us >= 0 && p.arrive_us < 8000000);
        cr_assert(p.hand_in_us >= 30000000 && p.hand_in_us < 32000000);
        cr_assert(p.answers >= 2 && p.answers <= 9);
        slow += p.slow_link;
        never += p.never_hand_in;
        for (uint32_t i = 0; i < p.answers; i++) {
            struct plan_answer a;

            plan_answer(&busy, k, i, &a);
            cr_assert(a.think_us >= 10000 && a.think_us <= 20000);
            cr_assert(a.disconnect_us >= 100000 && a.disconnect_us <= 300000);
            answers++;
            away += a.disconnect;
            twice += a.duplicate;
            reloads += a.reload;
        }
    }
    cr_assert(slow > 700 && slow < 900, "%zu", slow);
    cr_assert(never > 900 && never < 1100, "%zu", never);
    cr_assert(reloads * 1000 > 90 * answers && reloads * 1000 < 110 * answers, "%zu", reloads);
    cr_assert(away * 1000 > 185 * answers && away * 1000 < 215 * answers, "%zu", away);
    cr_assert(twice * 1000 > 285 * answers && twice * 1000 < 315 * answers, "%zu", twice);
}

Test(plan, half_of_a_burst_comes_in_its_first_eighth)
{
    size_t early = 0;

    for (uint32_t k = 0; k < PEOPLE; k++) {
        struct plan_person p;

        plan_person(&busy, PEOPLE, k, &p);
        early += p.arrive_us < 1000000;
    }
    cr_assert(early > PEOPLE * 45 / 100 && early < PEOPLE * 55 / 100, "%zu", early);
}

Test(plan, an_even_stream_has_equal_distances)
{
    struct day even = busy;
    struct plan_person p;

    even.arrive_shape = SHAPE_EVEN;
    even.hand_in_when = HAND_IN_DONE;
    for (uint32_t k = 0; k < PEOPLE; k++) {
        plan_person(&even, PEOPLE, k, &p);
        cr_assert_eq(p.arrive_us, (int64_t)k * 4000);
        cr_assert_eq(p.hand_in_us, 0);
    }
}
