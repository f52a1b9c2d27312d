/* The diary (see diary.h): one histogram for the second that runs, its two figures kept when it is
 * over, so that memory grows by a few bytes a second. Fails without memory only. Thread: see there. */
#include "clients/load/diary.h"

#include "question-bank/base/err.h"

#include <stdlib.h>

static const int64_t SECOND_US = 1000000;
/* From here on the one thread of the generator is what limits the rate. */
static const double CPU_SHARE_LIMIT = 0.9;
/* Timers that are later than this, one in a hundred, colour the figures. */
static const int64_t LATE_US_LIMIT = 20000;

void diary_begin(struct diary *d, int64_t at_us, int64_t cpu_us)
{
    d->from_us = d->tick_us = at_us;
    d->cpu_us = d->tick_cpu_us = cpu_us;
}

void diary_fini(struct diary *d)
{
    free(d->seconds);
    d->seconds = NULL;
    d->seconds_count = d->seconds_cap = 0;
}

static int second_keep(struct diary *d)
{
    d->now.p50_us = hist_quantile_us(&d->now_latency, 5000);
    d->now.p99_us = hist_quantile_us(&d->now_latency, 9900);
    if (d->seconds_count == d->seconds_cap) {
        size_t cap = d->seconds_cap == 0 ? 64 : d->seconds_cap * 2;
        struct second *all = realloc(d->seconds, cap * sizeof *all);

        if (all == NULL)
            return ERR_NOMEM;
        d->seconds = all;
        d->seconds_cap = cap;
    }
    d->seconds[d->seconds_count++] = d->now;
    d->now = (struct second){0};
    d->now_latency = (struct hist){0};
    return 0;
}

/* Closes the seconds that are over. After DIARY_SECONDS_MAX all that comes belongs to the last. */
static int seconds_pass(struct diary *d, int64_t at_us)
{
    int rc = 0;

    while (rc == 0 && !d->is_over && d->seconds_count + 1 < DIARY_SECONDS_MAX &&
           at_us >= d->from_us + (int64_t)(d->seconds_count + 1) * SECOND_US)
        rc = second_keep(d);
    return rc;
}

int diary_reply(struct diary *d, enum measure m, int64_t at_us, int64_t latency_us)
{
    int rc = seconds_pass(d, at_us);

    hist_add(&d->latency[m], latency_us);
    hist_add(&d->now_latency, latency_us);
    d->now.replies[m]++;
    return rc;
}

int diary_error(struct diary *d, int64_t at_us, const char *name)
{
    int rc = seconds_pass(d, at_us);

    errors_add(&d->errors, name);
    d->now.errors++;
    return rc;
}

int diary_waits(struct diary *d, int64_t at_us, int64_t latency_us, uint64_t before)
{
    int rc = seconds_pass(d, at_us);

    d->now.waiting++;
    d->room.told++;
    hist_add(&d->room.told_in, latency_us);
    if (before > d->room.before_max)
        d->room.before_max = before;
    return rc;
}

int diary_tick(struct diary *d, int64_t at_us, int64_t cpu_us)
{
    int64_t passed_us = at_us - d->tick_us;
    double share = passed_us > 0 ? (double)(cpu_us - d->tick_cpu_us) / (double)passed_us : 0;

    /* A shorter stretch says little: CPU time is counted in steps. */
    if (passed_us < SECOND_US / 2)
        return 0;
    if (share > d->cpu_share_max)
        d->cpu_share_max = share;
    d->tick_us = at_us;
    d->tick_cpu_us = cpu_us;
    return seconds_pass(d, at_us);
}

int diary_end(struct diary *d, int64_t at_us, int64_t cpu_us)
{
    int rc = diary_tick(d, at_us, cpu_us);

    if (rc == 0)
        rc = seconds_pass(d, at_us);
    d->window_us = at_us - d->from_us;
    d->cpu_us = cpu_us - d->cpu_us;
    d->is_over = true;
    return rc == 0 ? second_keep(d) : rc;
}

int diary_verdict(const struct diary *d)
{
    bool nothing = d->handed_in + d->left == 0;
    bool lost = d->missing + d->missing_at_reload + d->sessions_missing + d->hand_ins_missing > 0;

    return nothing || lost || d->gave_up > 0 || d->unchecked > 0 ? 1 : 0;
}

/* ---- JSON ---- */

static json_t *count_json(uint64_t n)
{
    return json_integer((json_int_t)n);
}

static json_t *measures_json(const struct diary *d)
{
    static const char *const names[MEASURES] = {"start", "open", "save", "submit", "result"};
    struct hist *all = calloc(1, sizeof *all);
    json_t *object = json_object();
    json_t *one;

    one = latency_json(&d->start_admitted);
    json_object_set_new(one, "count", count_json(d->start_admitted.count));
    json_object_set_new(object, "start_admitted", one);
    for (size_t i = 0; all != NULL && i < MEASURES; i++) {
        one = latency_json(&d->latency[i]);
        json_object_set_new(one, "count", count_json(d->latency[i].count));
        json_object_set_new(object, names[i], one);
        hist_merge(all, &d->latency[i]);
    }
    if (all != NULL) {
        one = latency_json(all);
        json_object_set_new(one, "count", count_json(all->count));
        json_object_set_new(object, "all", one);
    }
    free(all);
    return object;
}

static json_t *timeline_json(const struct diary *d)
{
    json_t *array = json_array();

    for (size_t i = 0; i < d->seconds_count; i++) {
        const struct second *s = &d->seconds[i];

        json_array_append_new(array, json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I, s:o, s:o}",
                                               "starts", (json_int_t)s->replies[MEASURE_START],
                                               "opens", (json_int_t)s->replies[MEASURE_OPEN],
                                               "saves", (json_int_t)s->replies[MEASURE_SAVE],
                                               "submits", (json_int_t)s->replies[MEASURE_SUBMIT],
                                               "results", (json_int_t)s->replies[MEASURE_RESULT],
                                               "waiting", (json_int_t)s->waiting, "errors",
                                               (json_int_t)s->errors, "p50_ms", ms_json(s->p50_us),
                                               "p99_ms", ms_json(s->p99_us)));
    }
    return array;
}

static json_t *people_json(const struct diary *d)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "planned", count_json(d->people), "started",
                     count_json(d->started), "handed_in", count_json(d->handed_in), "left",
                     count_json(d->left), "gave_up", count_json(d->gave_up), "on_slow_links",
                     count_json(d->slow));
}

static json_t *checked_json(const struct diary *d)
{
    return json_pack("{s:o, s:o, s:o, s:o, s:o, s:o}", "stored", count_json(d->stored), "missing",
                     count_json(d->missing), "missing_at_reload", count_json(d->missing_at_reload),
                     "sessions_missing", count_json(d->sessions_missing), "hand_ins_missing",
                     count_json(d->hand_ins_missing), "unchecked", count_json(d->unchecked));
}

static json_t *client_json(const struct diary *d)
{
    double share = d->window_us > 0 ? (double)d->cpu_us / (double)d->window_us : 0;

    return json_pack("{s:o, s:o, s:b, s:o, s:b}", "cpu_share", decimal_json(share), "cpu_share_max",
                     decimal_json(d->cpu_share_max), "is_limit", d->cpu_share_max > CPU_SHARE_LIMIT,
                     "late_ms", latency_json(&d->late), "is_late",
                     hist_quantile_us(&d->late, 9900) > LATE_US_LIMIT);
}

int diary_write(const struct diary *d, const struct day *day, FILE *out)
{
    json_t *object = json_pack(
        "{s:s, s:s, s:I, s:o, s:o, s:o, s:o, s:o, s:{s:o, s:o, s:o, s:o, s:o}, s:{s:o, s:o, s:o, "
        "s:o}, "
        "s:o, s:o, s:o, s:o}",
        "scenario", "play", "name", day->name, "seed", (json_int_t)day->seed, "seconds",
        decimal_json((double)d->window_us / 1e6), "people", people_json(d), "latency_ms",
        measures_json(d), "connect_ms", latency_json(&d->connect), "errors",
        errors_json(&d->errors), "waiting_room", "people", count_json(d->room.people), "told",
        count_json(d->room.told), "before_max", count_json(d->room.before_max), "told_in_ms",
        latency_json(&d->room.told_in), "wait_ms", latency_json(&d->room.wait), "answers",
        "acknowledged", count_json(d->acknowledged), "sent_twice", count_json(d->duplicates),
        "reloads", count_json(d->reloads), "disconnects", count_json(d->disconnects),
        "errors_total", count_json(errors_total(&d->errors)), "timeline", timeline_json(d),
        "checked", checked_json(d), "client", client_json(d));

    return line_write(object, out);
}
