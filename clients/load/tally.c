/* Counts and their JSON. Thread: see tally.h. */
#include "clients/load/tally.h"

#include <jansson.h>

/* From here on the one thread of the generator is what limits the rate. */
static const double CPU_SHARE_LIMIT = 0.9;

int tally_verdict(const struct tally *t, const struct options *o)
{
    bool nothing = o->scenario == SCENARIO_LOGIN ? t->people == 0 : t->latency.count == 0;
    bool unread = o->scenario == SCENARIO_SAVE && t->stored == 0;

    return nothing || unread || t->missing > 0 || t->papers_bad > 0 ? 1 : 0;
}

static json_t *status_json(const struct tally *t)
{
    json_t *object = json_object();

    for (int i = 0; i <= TALLY_STATUS_MAX; i++) {
        char name[16];

        if (t->status[i] == 0)
            continue;
        snprintf(name, sizeof name, "%d", i);
        json_object_set_new(object, name, json_integer((json_int_t)t->status[i]));
    }
    return object;
}

static json_t *checked_json(const struct tally *t, const struct options *o)
{
    switch (o->scenario) {
    case SCENARIO_SAVE:
        return json_pack("{s:I, s:I}", "stored", (json_int_t)t->stored, "missing",
                         (json_int_t)t->missing);
    case SCENARIO_START:
        return json_pack("{s:I, s:I}", "papers", (json_int_t)t->papers, "bad",
                         (json_int_t)t->papers_bad);
    default:
        return json_null();
    }
}

int tally_write(const struct tally *t, const struct options *o, FILE *out)
{
    double seconds = (double)t->window_us / 1e6;
    double count = (double)t->latency.count;
    double share = t->window_us > 0 ? (double)t->cpu_us / (double)t->window_us : 0;
    json_t *object = json_pack(
        "{s:s, s:i, s:o, s:o, s:I, s:o, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:b, s:o}}", "scenario",
        scenario_name(o->scenario), "connections", (int)o->connections, "rate",
        o->rate != 0 ? json_integer(o->rate) : json_null(), "seconds", decimal_json(seconds), "ok",
        (json_int_t)t->latency.count, "per_second", decimal_json(seconds > 0 ? count / seconds : 0),
        "body_bytes_mean", decimal_json(count > 0 ? (double)t->body_bytes / count : 0),
        "latency_ms", latency_json(&t->latency), "status", status_json(t), "errors",
        errors_json(&t->errors), "checked", checked_json(t, o), "client", "cpu_share",
        decimal_json(share), "is_limit", share > CPU_SHARE_LIMIT, "late_ms_max",
        o->rate != 0 ? ms_json(t->late_us_max) : json_null());

    return line_write(object, out);
}
