/* A histogram of latencies: fixed memory, values to within 1/64 of themselves.
 *
 * Buckets are exact below 64 µs, then 64 a power of two up to HIST_US_MAX; what is longer counts as
 * that long. Thread: one at a time. */
#ifndef MINGFA_LOAD_HIST_H
#define MINGFA_LOAD_HIST_H

#include <stdint.h>

enum {
    HIST_SUB_BITS = 6,
    HIST_TOP_BITS = 32, /* about 71 minutes */
    HIST_BUCKETS = (HIST_TOP_BITS - HIST_SUB_BITS + 1) << HIST_SUB_BITS,
};
#define HIST_US_MAX ((INT64_C(1) << HIST_TOP_BITS) - 1)

/* Zero-initialised is empty. */
struct hist {
    uint64_t buckets[HIST_BUCKETS];
    uint64_t count;
    int64_t sum_us, max_us;
};

/* A value below 0 counts as 0. */
void hist_add(struct hist *h, int64_t us);
/* Adds all that `from` holds. */
void hist_merge(struct hist *h, const struct hist *from);
/* The least value that `basis_points` of 10,000 of the values do not exceed, rounded up to its
 * bucket's end but not above the greatest value seen; 0 when empty. */
int64_t hist_quantile_us(const struct hist *h, unsigned basis_points);
int64_t hist_mean_us(const struct hist *h); /* 0 when empty */

#endif
