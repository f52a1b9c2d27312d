/* What is looked at while the server runs, and told when it turns bad or good again: room on the disk,
 * the end of the certificate, steps of the system clock. A log line at each change, gauges always.
 *
 * Thread: watch_look by main's; the readings by any. */
#ifndef MINGFA_SERVER_WATCH_H
#define MINGFA_SERVER_WATCH_H

#include "question-bank/base/env.h"
#include "server/http/http.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct watch {
    /* Set before the first look; borrowed. */
    const struct env *env;
    const char *data_dir;
    struct http_server *http; /* NULL: no certificate to look at */
    int64_t disk_free_bytes_min;
    int64_t certificate_ms_min;

    /* Readings, for /metrics; 0: not known. */
    atomic_int_fast64_t disk_free_bytes, certificate_ends_ms, clock_ahead_ms;
    atomic_bool disk_low, certificate_ending;

    /* The watch's own. */
    bool looked;
    int64_t ahead_ms; /* system clock against the server's, as last told */
};

void watch_look(struct watch *w);

#endif
