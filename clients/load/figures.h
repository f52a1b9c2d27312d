/* What the results of all runs are made of: errors by name, and numbers as JSON.
 * Thread: one at a time. */
#ifndef MINGFA_LOAD_FIGURES_H
#define MINGFA_LOAD_FIGURES_H

#include "clients/load/hist.h"

#include <jansson.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { ERRORS_MAX = 32, ERROR_NAME_BYTES = 64 };

/* Zero-initialised is empty. */
struct errors {
    struct {
        char name[ERROR_NAME_BYTES];
        uint64_t count;
    } all[ERRORS_MAX]; /* the last one takes what finds no room */
    size_t count;
};

void errors_add(struct errors *e, const char *name);
uint64_t errors_total(const struct errors *e);

/* New references, for json_pack's "o"; NULL when there is no memory. */
json_t *errors_json(const struct errors *e);
json_t *decimal_json(double value); /* three decimals are enough */
json_t *ms_json(int64_t us);
json_t *latency_json(const struct hist *h);
/* Takes `object`. One line. ERR_NOMEM (also when it is NULL), ERR_IO. */
int line_write(json_t *object, FILE *out);

#endif
