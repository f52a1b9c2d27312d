/* What each person of a day is going to do: drawn from the day's seed, person by person and answer by
 * answer, and from nothing else. The same day and the same number of people give the same plan, in
 * whatever order it is asked for.
 *
 * Pure. Thread: reentrant. */
#ifndef MINGFA_LOAD_PLAN_H
#define MINGFA_LOAD_PLAN_H

#include "clients/load/candidates.h"
#include "clients/load/day.h"

#include <stdbool.h>
#include <stdint.h>

/* Times from the day's beginning. */
struct plan_person {
    int64_t arrive_us;
    int64_t hand_in_us; /* not before; 0: when they have answered */
    uint32_t answers;
    bool slow_link, never_hand_in;
};

struct plan_answer {
    int64_t think_us; /* after the answer before was due (the first: after the paper was open) */
    int64_t disconnect_us; /* how long they are away */
    bool disconnect;       /* as soon as it is sent; then it is sent again */
    bool duplicate;        /* acknowledged, it is sent once more */
    bool reload;           /* after it */
};

/* Person k of `people`. */
void plan_person(const struct day *day, uint32_t people, uint32_t k, struct plan_person *out);
/* Their answer number i; i = their answers: the think time before they hand in. */
void plan_answer(const struct day *day, uint32_t k, uint32_t i, struct plan_answer *out);
/* Their nonce, so that the generator draws nothing by itself. */
void plan_nonce(const struct day *day, uint32_t k, char out[NONCE_HEX_BYTES + 1]);

#endif
