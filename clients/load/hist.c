/* Latency histogram: log-linear buckets. Cannot fail. Thread: see hist.h. */
#include "clients/load/hist.h"

#include <stddef.h>

enum { SUB_COUNT = 1 << HIST_SUB_BITS };

/* Values of the same power of two share their leading bits: the bucket is (power, next 6 bits). */
static size_t bucket_of(uint64_t us)
{
    int power;

    if (us < SUB_COUNT)
        return (size_t)us;
    power = 63 - __builtin_clzll(us);
    return ((size_t)(power - HIST_SUB_BITS + 1) << HIST_SUB_BITS) +
           ((us >> (power - HIST_SUB_BITS)) & (SUB_COUNT - 1));
}

/* The greatest value of the bucket. */
static int64_t bucket_end_us(size_t bucket)
{
    size_t group = bucket >> HIST_SUB_BITS;
    size_t sub = bucket & (SUB_COUNT - 1);

    if (group == 0)
        return (int64_t)sub;
    return (int64_t)(((SUB_COUNT + sub + 1) << (group - 1)) - 1);
}

void hist_add(struct hist *h, int64_t us)
{
    if (us < 0)
        us = 0;
    if (us > HIST_US_MAX)
        us = HIST_US_MAX;
    h->buckets[bucket_of((uint64_t)us)]++;
    h->count++;
    h->sum_us += us;
    if (us > h->max_us)
        h->max_us = us;
}

void hist_merge(struct hist *h, const struct hist *from)
{
    for (size_t i = 0; i < HIST_BUCKETS; i++)
        h->buckets[i] += from->buckets[i];
    h->count += from->count;
    h->sum_us += from->sum_us;
    if (from->max_us > h->max_us)
        h->max_us = from->max_us;
}

int64_t hist_quantile_us(const struct hist *h, unsigned basis_points)
{
    uint64_t wanted = (h->count * basis_points + 9999) / 10000;
    uint64_t seen = 0;

    if (h->count == 0)
        return 0;
    if (wanted == 0)
        wanted = 1;
    for (size_t i = 0; i < HIST_BUCKETS; i++) {
        seen += h->buckets[i];
        if (seen >= wanted) {
            int64_t end = bucket_end_us(i);

            return end < h->max_us ? end : h->max_us;
        }
    }
    return h->max_us;
}

int64_t hist_mean_us(const struct hist *h)
{
    return h->count == 0 ? 0 : h->sum_us / (int64_t)h->count;
}
