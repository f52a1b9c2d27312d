/* Some thousands of stories (SIM_STORIES=N says how many), from a seed of the day of writing on; and a
 * planted bug that they must find. */
#include "tests/sim/story.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

TestSuite(sim, .timeout = 600);

enum { HASTY_STORIES_MAX = 200 };
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { STORIES = 300 };
#else
enum { STORIES = 2000 };
#endif

struct stage {
    struct ground *ground;
    char dir[GROUND_PATH_BYTES];
};

static void stage_init(struct stage *s)
{
    s->ground = ground_new("/dev/shm");
    snprintf(s->dir, sizeof s->dir, "/dev/shm/story-XXXXXX");
    cr_assert_not_null(mkdtemp(s->dir));
}

static void stage_fini(struct stage *s)
{
    directory_remove(s->dir);
    ground_free(s->ground);
}

Test(sim, no_story_breaks_a_promise)
{
    const char *wanted = getenv("SIM_STORIES");
    uint64_t stories = wanted != NULL ? strtoull(wanted, NULL, 10) : STORIES;
    struct story_tally t = {0};
    char fault[STORY_FAULT_BYTES];
    struct stage s;

    stage_init(&s);
    for (uint64_t seed = 1; seed <= stories; seed++) {
        const struct story_options options = {.ground = s.ground, .dir = s.dir};

        cr_assert_eq(story_run(seed, &options, &t, fault), 0,
                     "seed %" PRIu64 ": %s; replay: mingfa-sim --seed %" PRIu64
                     " --stories 1 --tell",
                     seed, fault, seed);
    }
    /* The stories are about something. */
    cr_expect_gt(t.acknowledged, 100 * stories);
    cr_expect_gt(t.crashes, stories / 2);
    cr_expect_gt(t.store_faults, stories / 20);
    cr_expect_gt(t.hand_ins, stories / 2);
    cr_expect_gt(t.time_outs, stories);
    cr_expect_gt(t.acts, stories);
    cr_expect_gt(t.late, stories / 20);
    cr_expect_gt(t.repeats, stories);
    stage_fini(&s);
}

Test(sim, the_same_seed_is_the_same_story)
{
    struct story_tally a = {0}, b = {0};
    char fault[STORY_FAULT_BYTES];
    struct stage s;

    stage_init(&s);
    for (int again = 0; again < 2; again++) {
        const struct story_options options = {.ground = s.ground, .dir = s.dir};

        for (uint64_t seed = 100; seed < 110; seed++)
            cr_assert_eq(story_run(seed, &options, again ? &b : &a, fault), 0, "%s", fault);
    }
    cr_assert_eq(memcmp(&a, &b, sizeof a), 0);
    stage_fini(&s);
}

Test(sim, an_acknowledgement_before_its_commit_is_found)
{
    struct story_tally t = {0};
    char fault[STORY_FAULT_BYTES] = "";
    struct stage s;
    uint64_t seed = 1;

    stage_init(&s);
    while (seed <= HASTY_STORIES_MAX) {
        const struct story_options options = {.ground = s.ground, .dir = s.dir, .hasty = true};

        if (story_run(seed, &options, &t, fault) != 0)
            break;
        seed++;
    }
    cr_assert_leq(seed, HASTY_STORIES_MAX, "no story noticed");
    cr_log_info("seed %" PRIu64 ": %s", seed, fault);
    stage_fini(&s);
}
