/* What a run counts, and the JSON object that tells it. Thread: one at a time. */
#ifndef MINGFA_LOAD_TALLY_H
#define MINGFA_LOAD_TALLY_H

#include "clients/load/figures.h"
#include "clients/load/hist.h"
#include "clients/load/options.h"
#include "question-bank/base/err.h"

#include <stddef.h>
#include <stdint.h>

enum { TALLY_STATUS_MAX = 999 };

/* Zero-initialised is empty. */
struct tally {
    struct hist latency;                   /* of what counts */
    uint64_t status[TALLY_STATUS_MAX + 1]; /* of all replies of the measured part */
    struct errors errors;
    uint64_t body_bytes; /* of what counts */
    int64_t window_us;   /* length of the measured time */
    int64_t cpu_us;      /* that this process took in it */
    int64_t late_us_max;
    uint64_t stored, missing;    /* save */
    uint64_t papers, papers_bad; /* start */
    uint64_t people;             /* logged in */
};

/* 0, or 1 when the run shows a fault: nothing answered, something missing, a bad paper. */
int tally_verdict(const struct tally *t, const struct options *o);
/* One line of JSON. ERR_NOMEM, ERR_IO. */
int tally_write(const struct tally *t, const struct options *o, FILE *out);

#endif
