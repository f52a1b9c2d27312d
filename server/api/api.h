/* The API: docs/openapi.yaml over HTTP on top of the live core.
 *
 *   api_new -> live_open(done_batch: api_done_batch, done_arg: api) -> api_attach
 *           -> http_server_new(routes: api_routes, routes_arg: api) … http_server_free -> api_free
 *
 * A request is checked on its loop (login, role, form), becomes a job, and is answered on the same
 * loop when the job comes back. Nothing here waits. Thread: api_new, api_attach and api_free by the
 * owner; api_done_batch by any. */
#ifndef MINGFA_API_API_H
#define MINGFA_API_API_H

#include "question-bank/bank/release.h"
#include "question-bank/base/env.h"
#include "question-bank/base/err.h"
#include "question-bank/base/list.h"
#include "server/http/route.h"
#include "server/live/live.h"

struct api;

/* A release that opened, and whose signatures carried it. Borrowed for life. */
struct api_release {
    const struct bank *bank;
    const struct release_signer *signers;
    size_t signers_count;
};

/* Borrowed for life. */
struct api_options {
    const struct env *env;
    const struct api_release *releases;
    size_t releases_count;
    /* Appends the text of /metrics; any loop. NULL: none. */
    void (*metrics)(void *arg, struct buf *out);
    void *metrics_arg;
    uint32_t starts_per_second; /* past it starts wait their turn; 0: nobody waits */
};

/* *out: caller's, api_free. ERR_NOMEM. */
int api_new(const struct api_options *options, struct api **out, struct err *err);
/* The live core, borrowed until api_free; before the first request. */
void api_attach(struct api *api, struct live *live);
/* One route an operation; lives as long as the api. */
const struct route *api_routes(const struct api *api, size_t *count);
/* http_options.token_holds: the login is the site's, and not over. arg: the api. Any thread. */
bool api_token_holds(void *arg, const char *token, int64_t now_ms);
/* live_options.done_batch: hands each job back to its loop, one http_post a loop. arg: the api. */
void api_done_batch(void *arg, struct list *jobs);
/* How many people wait for their turn to start. Any thread. */
uint64_t api_starts_waiting(struct api *api);
/* After http_server_free. NULL is allowed. */
void api_free(struct api *api);

#endif
