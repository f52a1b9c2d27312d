/* What is noted of a day: latencies by kind of request, what happened second by second, the waiting
 * room, errors, and what was read back at the end; and the JSON object that tells it.
 *
 * Thread: one at a time. */
#ifndef MINGFA_LOAD_DIARY_H
#define MINGFA_LOAD_DIARY_H

#include "clients/load/day.h"
#include "clients/load/figures.h"
#include "clients/load/hist.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { DIARY_SECONDS_MAX = 86400 };

enum measure { MEASURE_START, MEASURE_OPEN, MEASURE_SAVE, MEASURE_SUBMIT, MEASURE_RESULT };
enum { MEASURES = MEASURE_RESULT + 1 };

struct second {
    uint32_t replies[MEASURES]; /* 2xx */
    uint32_t errors, waiting;   /* refused or lost; told to wait their turn */
    int64_t p50_us, p99_us;     /* of the replies; 0 when there were none */
};

/* Zero-initialised, then diary_begin. */
struct diary {
    struct hist latency[MEASURES]; /* from when a request should have gone */
    struct hist start_admitted;    /* of a start, once connected and admitted */
    struct hist connect;           /* TCP and TLS */
    struct hist late;              /* of this process's timers */
    struct errors errors;
    struct {
        struct hist wait;    /* from the first "wait your turn" to the turn */
        struct hist told_in; /* how soon somebody was told so */
        uint64_t people;     /* that were told to wait */
        uint64_t told;       /* how often, all together */
        uint64_t before_max; /* the longest line that anybody was told of */
    } room;
    uint64_t people, started, handed_in, left, gave_up, slow;
    uint64_t acknowledged, duplicates, reloads, disconnects;
    /* Read back: answers; sessions and hand-ins that were acknowledged and are not there; people
     * whose session could not be read. */
    uint64_t stored, missing, missing_at_reload, sessions_missing, hand_ins_missing, unchecked;
    struct second *seconds; /* malloc'ed */
    size_t seconds_count, seconds_cap;
    struct second now; /* the second that runs */
    struct hist now_latency;
    int64_t from_us, window_us, cpu_us;
    bool is_over;         /* what comes now belongs to no second */
    double cpu_share_max; /* of the busiest second */
    int64_t tick_us, tick_cpu_us;
};

void diary_begin(struct diary *d, int64_t at_us, int64_t cpu_us);
void diary_fini(struct diary *d);
/* Times never go back. ERR_NOMEM: a second is lost. */
int diary_reply(struct diary *d, enum measure m, int64_t at_us, int64_t latency_us);
int diary_error(struct diary *d, int64_t at_us, const char *name);
int diary_waits(struct diary *d, int64_t at_us, int64_t latency_us, uint64_t before);
/* About once a second, with this process's CPU time so far. */
int diary_tick(struct diary *d, int64_t at_us, int64_t cpu_us);
int diary_end(struct diary *d, int64_t at_us, int64_t cpu_us);

/* 0, or 1 when something acknowledged is gone, somebody gave up, or nothing was done. */
int diary_verdict(const struct diary *d);
/* One line of JSON. ERR_NOMEM, ERR_IO. */
int diary_write(const struct diary *d, const struct day *day, FILE *out);

#endif
