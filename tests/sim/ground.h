/* The ground of the simulation: a small bank and a data directory with people and two open exams, made
 * once a process and copied for each story.
 *
 * Everything is the product's own: the bank is a release that was built and opened, the registry was
 * filled by the core's jobs. A mistake in here aborts. Thread: one. */
#ifndef MINGFA_TESTS_SIM_GROUND_H
#define MINGFA_TESTS_SIM_GROUND_H

#include "question-bank/bank/release.h"
#include "server/live/live.h"

#include <stdint.h>

enum {
    GROUND_PEOPLE = 4,
    GROUND_EXAMS = 2,
    GROUND_ATTEMPTS = 2,
    GROUND_ITEMS = 6, /* of a paper */
    GROUND_PATH_BYTES = 128,
};

/* Of both exams. The second is cut at the end of its window, the first is not; the first shows answer
 * keys at once, the second after it was closed. */
extern const int64_t GROUND_START_MS, GROUND_WINDOW_END_MS;
enum {
    GROUND_DURATION_MS = 10 * 60 * 1000,
    GROUND_GRACE_MS = 30 * 1000,
    GROUND_LATE_MS = 5 * 60 * 1000,
};

struct ground {
    struct bank *bank;
    char dir[GROUND_PATH_BYTES]; /* the template */
    uint8_t exams[GROUND_EXAMS][16];
    uint8_t site_secret[32];
};

/* Number of person k: "P0", … */
struct bytes ground_person(unsigned k);
/* parent: an existing directory for the template (in memory, best). */
struct ground *ground_new(const char *parent);
void ground_free(struct ground *g);
/* The template's files into dir, which exists. */
void ground_copy(const struct ground *g, const char *dir);
/* Options for the core over a store, without threads. */
struct live_options ground_options(const struct ground *g, const struct env *env,
                                   struct store *store);
/* Files of a directory, then the directory. */
void directory_remove(const char *dir);

#endif
