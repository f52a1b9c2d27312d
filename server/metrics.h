/* /metrics: counters of the HTTP server and of the live core as Prometheus text (exposition format
 * 0.0.4). No label names a person. Thread: any, once both are set. */
#ifndef MINGFA_SERVER_METRICS_H
#define MINGFA_SERVER_METRICS_H

#include "question-bank/base/bytes.h"
#include "server/api/api.h"
#include "server/http/http.h"
#include "server/live/live.h"
#include "server/watch.h"

#include <stdatomic.h>

struct metrics {
    struct live *live;
    _Atomic(struct http_server *) http; /* NULL until it runs */
    struct watch *watch;
    struct api *api;
    struct store *store;
};

void metrics_http(const struct http_counters *c, struct buf *out);
void metrics_live(const struct live_metrics *m, struct buf *out);
void metrics_watch(const struct watch *w, struct buf *out);
/* arg: struct metrics. */
void metrics_write(void *arg, struct buf *out);

#endif
