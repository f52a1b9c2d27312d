/* The coverage table as CSV. Pure. */
#ifndef MINGFA_REPORT_COVERAGE_CSV_H
#define MINGFA_REPORT_COVERAGE_CSV_H

#include "question-bank/base/err.h"
#include "server/roster/coverage.h"

struct coverage_csv {
    const struct coverage *coverage;
    size_t node;          /* whose subtree is written */
    const char *exam;     /* name of the exam */
    struct bytes cut_off; /* civil date */
    int64_t as_of_ms;     /* recorded before this moment */
    bool closed;          /* 未考 reads 缺考 */
};

/* Appends a title row, the head, for each node its total and, where it has units below it, its own
 * staff; then the formula and the dates. ERR_CORRUPT when the figures do not foot (nothing is
 * appended), ERR_NOT_FOUND (node), ERR_NOMEM. */
int coverage_csv_write(const struct coverage_csv *in, struct buf *out, struct err *err);

#endif
