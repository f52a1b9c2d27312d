/* One story of the simulation: candidates with two devices each, a network that delays, loses, repeats
 * and reorders, officers who act, a store that fails, a server that dies and comes back; on a virtual
 * clock, everything drawn from one seed.
 *
 * The core under it is the product's: record writer, sessions, timers, registry, SQLite, without their
 * threads (live_step). After each round the model (model.h) is compared with it. A story that breaks an
 * invariant ends with a sentence. Thread: one. */
#ifndef MINGFA_TESTS_SIM_STORY_H
#define MINGFA_TESTS_SIM_STORY_H

#include "tests/sim/ground.h"

#include <stdbool.h>
#include <stdint.h>

enum { STORY_FAULT_BYTES = 512 };

struct story_options {
    const struct ground *ground;
    const char *dir; /* an existing directory of this story's own; its files are replaced */
    bool hasty;      /* a planted bug: acknowledge before commit (hasty_store.h) */
    bool tells;      /* every event on standard error */
};

/* What happened, for people: are the stories about anything? */
struct story_tally {
    uint64_t stories, acknowledged, refused, lost_messages, repeats, crashes, store_faults;
    uint64_t starts, hand_ins, time_outs, acts, late, reloads, devices_changed, reviews;
};

/* 0: all invariants held. 1: fault says what broke. *tally is added to. */
int story_run(uint64_t seed, const struct story_options *options, struct story_tally *tally,
              char fault[STORY_FAULT_BYTES]);

#endif
