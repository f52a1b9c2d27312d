/* Figures and their JSON (see figures.h). Thread: see there. */
#include "clients/load/figures.h"

#include "question-bank/base/err.h"

#include <stdlib.h>
#include <string.h>

void errors_add(struct errors *e, const char *name)
{
    size_t i = 0;

    while (i < e->count && strncmp(e->all[i].name, name, ERROR_NAME_BYTES - 1) != 0)
        i++;
    if (i == ERRORS_MAX)
        i = ERRORS_MAX - 1;
    if (i == e->count) {
        if (i == ERRORS_MAX - 1)
            name = "others";
        snprintf(e->all[i].name, ERROR_NAME_BYTES, "%s", name);
        e->count++;
    }
    e->all[i].count++;
}

uint64_t errors_total(const struct errors *e)
{
    uint64_t total = 0;

    for (size_t i = 0; i < e->count; i++)
        total += e->all[i].count;
    return total;
}

json_t *errors_json(const struct errors *e)
{
    json_t *object = json_object();

    for (size_t i = 0; i < e->count; i++)
        json_object_set_new(object, e->all[i].name, json_integer((json_int_t)e->all[i].count));
    return object;
}

json_t *decimal_json(double value)
{
    char text[32];

    snprintf(text, sizeof text, "%.3f", value);
    return json_real(strtod(text, NULL));
}

json_t *ms_json(int64_t us)
{
    return decimal_json((double)us / 1000.0);
}

json_t *latency_json(const struct hist *h)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "mean", ms_json(hist_mean_us(h)), "p50",
                     ms_json(hist_quantile_us(h, 5000)), "p90", ms_json(hist_quantile_us(h, 9000)),
                     "p99", ms_json(hist_quantile_us(h, 9900)), "p999",
                     ms_json(hist_quantile_us(h, 9990)), "max", ms_json(h->max_us));
}

int line_write(json_t *object, FILE *out)
{
    int rc = object != NULL ? 0 : ERR_NOMEM;

    if (rc == 0 && (json_dumpf(object, out, JSON_COMPACT | JSON_REAL_PRECISION(10)) != 0 ||
                    fputc('\n', out) == EOF || fflush(out) != 0))
        rc = ERR_IO;
    json_decref(object);
    return rc;
}
