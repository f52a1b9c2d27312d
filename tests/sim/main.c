/* mingfa-sim: stories by seed.
 *
 *   mingfa-sim [--seed N] [--stories N] [--seconds N] [--tell] [--hasty] [--dir DIR]
 *
 * Prints one JSON object; a failing seed stops it with status 1 and the command that replays it. */
#include "tests/sim/story.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

static const char usage[] =
    "mingfa-sim [--seed N] [--stories N] [--seconds N] [--tell] [--hasty] [--dir DIR]\n"
    "  --seed N      the first story (1)\n"
    "  --stories N   how many, one seed after the other (1000)\n"
    "  --seconds N   stop after that time, whatever --stories says\n"
    "  --tell        every event of the story on standard error\n"
    "  --hasty       with a planted bug: acknowledge before commit\n"
    "  --dir DIR     where databases lie (/dev/shm)\n";

struct arguments {
    uint64_t seed, stories, seconds;
    const char *dir;
    bool tells, hasty;
};

static bool arguments_read(int argc, char **argv, struct arguments *a)
{
    for (int i = 1; i < argc; i++) {
        const char *word = argv[i];
        const char *value = i + 1 < argc ? argv[i + 1] : NULL;
        uint64_t *number = strcmp(word, "--seed") == 0      ? &a->seed
                           : strcmp(word, "--stories") == 0 ? &a->stories
                           : strcmp(word, "--seconds") == 0 ? &a->seconds
                                                            : NULL;

        if (number != NULL && value != NULL) {
            *number = strtoull(value, NULL, 10);
            i++;
        } else if (strcmp(word, "--dir") == 0 && value != NULL) {
            a->dir = value;
            i++;
        } else if (strcmp(word, "--tell") == 0) {
            a->tells = true;
        } else if (strcmp(word, "--hasty") == 0) {
            a->hasty = true;
        } else {
            return false;
        }
    }
    return true;
}

int main(int argc, char **argv)
{
    struct arguments a = {.seed = 1, .stories = 1000, .dir = "/dev/shm"};
    struct story_tally t = {0};
    char fault[STORY_FAULT_BYTES] = "";
    char dir[GROUND_PATH_BYTES];
    struct story_options options = {0};
    struct ground *ground;
    time_t end;
    int rc = 0;

    if (!arguments_read(argc, argv, &a)) {
        fputs(usage, stderr);
        return 2;
    }
    ground = ground_new(a.dir);
    snprintf(dir, sizeof dir, "%s/story-XXXXXX", a.dir);
    if (mkdtemp(dir) == NULL) {
        perror(dir);
        return 1;
    }
    options = (struct story_options){ground, dir, a.hasty, a.tells};
    end = time(NULL) + (time_t)a.seconds;
    for (uint64_t n = 0; n < a.stories && rc == 0 && (a.seconds == 0 || time(NULL) < end); n++) {
        rc = story_run(a.seed + n, &options, &t, fault);
        if (rc != 0)
            fprintf(stderr,
                    "seed %" PRIu64 ": %s\n  replay: %s --seed %" PRIu64 " --stories 1 --tell%s\n",
                    a.seed + n, fault, argv[0], a.seed + n, a.hasty ? " --hasty" : "");
    }
    printf("{\"stories\": %" PRIu64 ", \"starts\": %" PRIu64 ", \"acknowledged\": %" PRIu64
           ", \"refused\": %" PRIu64 ", \"lost\": %" PRIu64 ", \"repeats\": %" PRIu64
           ", \"crashes\": %" PRIu64 ", \"store_faults\": %" PRIu64 ", \"hand_ins\": %" PRIu64
           ", \"time_outs\": %" PRIu64 ", \"acts\": %" PRIu64 ", \"late\": %" PRIu64
           ", \"reviews\": %" PRIu64 "}\n",
           t.stories, t.starts, t.acknowledged, t.refused, t.lost_messages, t.repeats, t.crashes,
           t.store_faults, t.hand_ins, t.time_outs, t.acts, t.late, t.reviews);
    directory_remove(dir);
    ground_free(ground);
    return rc;
}
