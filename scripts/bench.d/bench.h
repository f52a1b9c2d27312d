/* Benchmarks of the parts. Each runs for about `ms` and gives a rate a second in *out; each fails
 * with a sentence. Thread: main. */
#ifndef MINGFA_BENCH_BENCH_H
#define MINGFA_BENCH_BENCH_H

#include "question-bank/base/err.h"

#include <stdint.h>

/* Papers drawn from the release by the blueprint, each with its own seed and its digest. */
int bench_draw(const char *release, const char *blueprint, int64_t ms, double *out,
               struct err *err);
/* Sittings of such papers marked, every item answered, about half of them right. */
int bench_grade(const char *release, const char *blueprint, int64_t ms, double *out,
                struct err *err);
/* Answers, one an event, stored in a new SQLite store in `dir` in batches as large as the server
 * makes them, checkpoints beside it as in the server. */
int bench_commit(const char *dir, int64_t ms, double *out, struct err *err);
/* The yardstick: as many bytes as one answer appended to a file in `dir`, synced each time. */
int bench_sync(const char *dir, int64_t ms, double *out, struct err *err);

int64_t bench_now_us(void);

#endif
