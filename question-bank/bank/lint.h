/* Lint: what is wrong with a bank of items, beyond the form of each.
 *
 * Errors keep a bank from being released; warnings are for the editor's judgement. Pure; the pool
 * and the law index are borrowed, findings live in the report. Thread: any. */
#ifndef MINGFA_BANK_LINT_H
#define MINGFA_BANK_LINT_H

#include "question-bank/bank/item.h"
#include "question-bank/bank/law.h"

enum { LINT_FINDINGS_MAX = 500 };
enum lint_severity { LINT_ERROR = 1, LINT_WARNING = 2 };

/* `item` is borrowed from the pool; NULL where the bank as a whole is meant. */
struct lint_finding {
    enum lint_severity severity;
    const struct item *item;
    struct err what;
};

/* Zero-initialised is empty. Past LINT_FINDINGS_MAX findings are only counted. */
struct lint_report {
    struct lint_finding *findings;
    size_t count;
    size_t cap;
    size_t errors;   /* all of them, also those not kept */
    size_t warnings; /* likewise */
};
void lint_report_fini(struct lint_report *r);

struct lint_options {
    const struct law_index *laws; /* NULL: citations are not checked */
    struct bytes law_date;        /* civil date; empty: dates are not checked */
};

/* Adds findings. Returns 0 (also when there are findings) or ERR_NOMEM. */
int lint_pool(const struct item_pool *pool, const struct lint_options *options,
              struct lint_report *report, struct err *err);

/* One citation against the index: 0; ERR_NOT_FOUND (law or article); ERR_STALE (article changed,
 * not digested, repealed or not in force on law_date). Only the first 8 bytes of the citation's
 * digest are compared, as written in the text form. */
int lint_citation(const struct item *it, const struct citation *c,
                  const struct lint_options *options, struct err *err);

#endif
