/* The list of scores that HR pulls, as CSV. Pure. */
#ifndef MINGFA_REPORT_SCORE_CSV_H
#define MINGFA_REPORT_SCORE_CSV_H

#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* One standing score. Texts are borrowed. */
struct score_csv_line {
    struct bytes number, name, unit, category; /* unit: its name */
    struct bytes exam;
    uint32_t points; /* hundredths */
    bool passed;
    bool pending;      /* 待定 */
    struct bytes band; /* "" none */
    uint32_t attempt;
    int64_t submitted_ms; /* hand-in, or the deadline */
};

/* Appends head and lines. ERR_NOMEM. */
int score_csv_write(const struct score_csv_line *lines, size_t count, struct buf *out,
                    struct err *err);

#endif
