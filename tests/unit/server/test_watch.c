/* What is looked at while the server runs: a step of the system clock is told once, with its length; so is
 * each turn of the disk. The server's own clock is the test's, so that the system's stands still. */
#include "server/watch.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct heard {
    int64_t behind_ms; /* of the server's clock */
    unsigned lines;
    char event[64], value[64];
};

static int64_t now_ms(void *arg)
{
    return env_wall_ms() - ((struct heard *)arg)->behind_ms;
}

static int entropy(void *arg, void *out, size_t n)
{
    (void)arg;
    memset(out, 0, n);
    return 0;
}

static void hear(void *arg, enum log_level level, const char *event, const struct log_field *fields,
                 size_t count)
{
    struct heard *h = arg;

    (void)level;
    h->lines++;
    snprintf(h->event, sizeof h->event, "%s", event);
    snprintf(h->value, sizeof h->value, "%s", fields[count - 1].value);
}

Test(watch, steps_of_the_system_clock_are_told_once_with_their_length)
{
    struct heard h = {.behind_ms = 7000}; /* at the start: a fact, no step */
    const struct env env = {&h, now_ms, entropy, hear};
    struct watch w = {.env = &env, .data_dir = "/"};

    watch_look(&w);
    watch_look(&w);
    cr_assert_eq(h.lines, 0u, "%s", h.event);
    h.behind_ms += 3600000;
    watch_look(&w);
    cr_assert_eq(h.lines, 1u);
    cr_assert_str_eq(h.event, "clock-stepped");
    cr_assert_lt(labs(strtol(h.value, NULL, 10) - 3600000), 1000, "%s", h.value);
    watch_look(&w);
    cr_assert_eq(h.lines, 1u, "told twice");
    h.behind_ms -= 7200000;
    watch_look(&w);
    cr_assert_eq(h.lines, 2u);
    cr_assert_lt(labs(strtol(h.value, NULL, 10) + 7200000), 1000, "%s", h.value);
}

Test(watch, a_disk_that_turns_bad_and_good_is_told_each_time)
{
    struct heard h = {0};
    const struct env env = {&h, now_ms, entropy, hear};
    struct watch w = {.env = &env, .data_dir = "/"};

    watch_look(&w);
    cr_assert_eq(h.lines, 0u);
    cr_assert_gt(w.disk_free_bytes, 0);
    w.disk_free_bytes_min = INT64_MAX;
    watch_look(&w);
    watch_look(&w);
    cr_assert_eq(h.lines, 1u);
    cr_assert_str_eq(h.event, "disk-low");
    cr_assert(w.disk_low);
    w.disk_free_bytes_min = 0;
    watch_look(&w);
    cr_assert_eq(h.lines, 2u);
    cr_assert(!w.disk_low);
}
