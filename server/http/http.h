/* The HTTP server: N loop threads, each with its own event base, evhttp and listening socket.
 *
 * A request reaches a handler on the loop thread that read it. The handler either replies at once
 * or defers: it keeps the request's pointer, hands work to another thread, and that thread posts
 * the request back (http_complete, or many at a time http_post); its `finish` then runs on the
 * loop thread and replies. Each request gets exactly one reply, also when its client is gone: the
 * reply then only frees it. Nothing here locks, save the mailbox of each loop.
 *
 * Failures of one request become problems (problem.h); failures of one connection close it.
 * Nobody else in the program knows libevent.
 *
 * Thread: each declaration says; "loop" means the loop thread of that request. */
#ifndef MINGFA_HTTP_HTTP_H
#define MINGFA_HTTP_HTTP_H

#include "question-bank/base/arena.h"
#include "question-bank/base/bytes.h"
#include "question-bank/base/env.h"
#include "question-bank/base/err.h"
#include "question-bank/base/list.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct assets;
struct http_server;
struct route;

enum {
    HTTP_LOOPS_MAX = 64,
    HTTP_ADDRESS_BYTES = 48,                    /* an IPv6 address as text, and its NUL */
    HTTP_BODY_BYTES_DEFAULT = 64 * 1024,        /* where a route names no maximum of its own */
    HTTP_BODY_BYTES_MAX = 64 * 1024 * 1024,     /* the most that a route may name */
    HTTP_REQUEST_ARENA_BYTES_MAX = 1024 * 1024, /* what one request may take from its arena */
    HTTP_REPLY_HEADERS_MAX = 8,                 /* extra headers of one reply */
    HTTP_PARAMS_MAX = 4,                        /* {parameters} of one pattern */
    HTTP_QUERY_MAX = 32,                        /* name=value pairs of one query */
};

/* One bit each, so that a set of methods is a mask. */
enum http_method {
    HTTP_GET = 1,
    HTTP_HEAD = 2, /* given to GET routes; the reply's body is then left out */
    HTTP_POST = 4,
    HTTP_PUT = 8,
    HTTP_DELETE = 16,
    HTTP_OTHER = 32, /* any other: 405 */
};

/* "GET", "HEAD", ...; "?" for HTTP_OTHER. Static. */
const char *http_method_name(enum http_method method);

/* ------------------------------------------------------------------------------ the mailbox */

/* Work for a loop thread. Embed it, fill `run`, and post it; `run` gets the same pointer, and
 * nothing touches the task after `run` was called. */
struct http_task {
    struct list_node node;
    void (*run)(struct http_task *task);
};

/* Takes a whole list of http_task nodes (*tasks becomes empty) and runs them in order on loop
 * `loop` (0 .. http_server_loops()-1). One lock; one wake-up, and only if the box was empty. A
 * list that is empty does nothing. Any thread, until http_server_free. */
void http_post(struct http_server *server, unsigned loop, struct list *tasks);

/* ------------------------------------------------------------------------------ requests */

struct http_pair {
    const char *name;
    const char *value; /* decoded UTF-8, NUL-terminated, without NUL inside */
};

/* A complete request. Handlers read the fields above the line; all memory is the request's own
 * and lives until it is replied to. `user` is the handler's own.
 * Thread: the loop's, and between defer and complete the thread that holds it (which may read,
 * and use `arena`, but not reply). */
struct http_request {
    struct http_server *server;
    unsigned loop;
    const struct route *route; /* never NULL in a handler; route->operation says which */
    enum http_method method;   /* HTTP_HEAD too on GET routes */
    enum lang lang;            /* from Accept-Language; Chinese unless English is preferred */
    const char *path;          /* as sent, without query */
    struct http_pair param[HTTP_PARAMS_MAX]; /* in order of the pattern */
    unsigned params;
    struct http_pair *query;
    unsigned queries;
    struct bytes body;
    const char *peer; /* numeric address of the client; the proxy's word if the proxy is trusted */
    const char *client;  /* what counts as one client: peer, an IPv6 one cut to its /64 */
    int64_t received_ms; /* env clock, when the last byte had been read */
    struct arena arena;  /* HTTP_REQUEST_ARENA_BYTES_MAX; ends with the reply */
    void *user;
    /* -------- the server's own -------- */
    struct http_task task;
    void (*finish)(struct http_request *req);
};

/* The value of a path parameter ("session" of /sessions/{session}); never NULL for one that
 * stands in the pattern. */
const char *http_param(const struct http_request *req, const char *name);
/* The value of a query parameter, or NULL. A name that occurs twice was refused with 400. */
const char *http_query(const struct http_request *req, const char *name);
/* The value of a header (any case), or NULL. Borrowed until the reply. Loop thread. */
const char *http_header(const struct http_request *req, const char *name);
/* The token of "Authorization: Bearer token", or NULL. Borrowed until the reply. Loop thread. */
const char *http_bearer(const struct http_request *req);

/* The handler promises to reply later. Some thread then calls http_complete or posts
 * &req->task.node by http_post(req->server, req->loop, list); `finish(req)` runs on the loop
 * thread and must reply. Loop thread, within the handler, at most once. */
void http_defer(struct http_request *req, void (*finish)(struct http_request *req));
/* Posts one deferred request back. Any thread; req is not the caller's afterwards. */
void http_complete(struct http_request *req);

/* ------------------------------------------------------------------------------ replies */

/* An extra header for the coming reply; `name` static, `value` copied. 0, ERR_LIMIT (more than
 * HTTP_REPLY_HEADERS_MAX), ERR_NOMEM, ERR_BAD_INPUT (a control byte). Loop thread. */
int http_reply_header(struct http_request *req, const char *name, const char *value);

/* Each of these three replies, ends the request, and frees it: req must not be used afterwards.
 * `content_type` may be NULL with an empty body. Loop thread. A status of 204 or 304 sends no
 * body. Replies carry Cache-Control: no-store unless a header of the handler's says otherwise. */
void http_reply(struct http_request *req, int status, const char *content_type, struct bytes body);
/* Takes the contents of *body without copying (large exports); *body becomes empty. */
void http_reply_take(struct http_request *req, int status, const char *content_type,
                     struct buf *body);
/* `body` must outlive the server: it is sent from where it lies. */
void http_reply_static(struct http_request *req, int status, const char *content_type,
                       struct bytes body);

/* ------------------------------------------------------------------------------ the server */

/* Zero means the default given here. Borrowed during http_server_new, save where said. */
struct http_options {
    const char *listen_address; /* numeric; NULL: 127.0.0.1 */
    uint16_t port;              /* 0: any free one, see http_server_port */
    unsigned loops;             /* threads; 0: 1; at most HTTP_LOOPS_MAX */
    /* PEM files: chain with the leaf first, and its signing key. Both NULL: plain HTTP, which is
     * refused (ERR_DENIED) unless the address is loopback or trusted_proxy is set; plain connections
     * of anybody but the proxy and loopback are then closed. */
    const char *tls_certificate_path;
    const char *tls_key_path;
    /* 32 bytes that seal session tickets, so that they hold after a restart too; copied. NULL: they
     * end with the process. */
    const uint8_t *ticket_secret;
    /* Numeric address of a reverse proxy: its connections are not limited per address, and the
     * last item of its X-Forwarded-For is the peer. NULL: none. */
    const char *trusted_proxy;

    size_t header_bytes_max; /* request line and headers; 8 KiB */
    size_t body_bytes_max;   /* routes that name none; HTTP_BODY_BYTES_DEFAULT */
    /* Bodies larger than body_bytes_max of all requests of a loop together, by their announced
     * lengths and until the reply; 128 MiB, and never less than the largest of any route. */
    size_t bodies_bytes_max;
    unsigned connections_max;             /* all loops together; 20,000 */
    unsigned connections_per_address_max; /* a loop; 4,096: a whole office may share one address */
    unsigned requests_per_second;         /* of one address, a loop; 2,000 */
    unsigned requests_burst;              /* of one address, a loop; 8,000 */
    int64_t request_ms_max; /* first byte (or accept) to last byte of a request; 15,000 */
    int64_t reply_ms_max;   /* reply handed over to last byte taken; 60,000 */
    int64_t idle_ms_max;    /* between requests; 75,000 */

    const struct route *routes; /* const table; lives as long as the server */
    size_t routes_count;
    void *routes_arg; /* first argument of every handler */
    /* Does the token hold, as far as memory knows? Without one that does, a body larger than
     * body_bytes_max is refused before it is read, whatever its route takes. Loops; must not wait.
     * NULL: everything holds. */
    bool (*token_holds)(void *routes_arg, const char *token, int64_t now_ms);
    const struct assets *assets; /* borrowed for life; NULL: none. What no route matches */
    const struct env *env;       /* borrowed for life */
};

/* Binds, starts the loops, and serves. *out: caller's, http_server_free. ERR_BAD_INPUT (address,
 * options, a malformed pattern), ERR_DENIED (plain HTTP to the outside), ERR_IO (bind, files),
 * ERR_CRYPTO (certificate or signing key), ERR_NOMEM. */
int http_server_new(const struct http_options *options, struct http_server **out, struct err *err);
uint16_t http_server_port(const struct http_server *server);
unsigned http_server_loops(const struct http_server *server);
/* Does it speak TLS itself? (Behind a trusted proxy it does not.) */
bool http_is_tls(const struct http_server *server);

/* Could a server be started with these PEM files? ERR_CRYPTO, ERR_NOMEM. */
int http_tls_check(const char *certificate_path, const char *key_path, struct err *err);
/* New connections get this certificate from now on; those that are open keep theirs. Only of a server
 * that speaks TLS. On failure nothing changes: ERR_CRYPTO, ERR_NOMEM. One thread at a time. */
int http_server_reload_tls(struct http_server *server, const char *certificate_path,
                           const char *key_path, struct err *err);
/* When the certificate ends, UTC ms; 0: unknown, or no TLS. Any thread. */
int64_t http_certificate_ends_ms(struct http_server *server);

/* Closes the listening sockets and idle connections, says Connection: close on each further
 * reply, and waits until no connection is left. 0, or ERR_BUSY when timeout_ms (real time) passed
 * first. May be called again. Any one thread that is not a loop. */
int http_server_drain(struct http_server *server, int64_t timeout_ms, struct err *err);

/* Drops what connections are left, ends the threads and frees. Requests that another thread still
 * holds are waited for: whoever holds them must still post them. NULL is allowed. */
void http_server_free(struct http_server *server);

/* ------------------------------------------------------------------------------ counters */

enum http_refusal {
    HTTP_REFUSED_MALFORMED,   /* the gate, or the target */
    HTTP_REFUSED_HEADER_SIZE, /* 431 */
    HTTP_REFUSED_BODY_SIZE,   /* 413 */
    HTTP_REFUSED_BODY_LOGIN,  /* 401: a large body without a login */
    HTTP_REFUSED_BODIES,      /* 503: large bodies of a loop together */
    HTTP_REFUSED_ROUTE,       /* 404, 405 */
    HTTP_REFUSED_MEDIA_TYPE,  /* 415 */
    HTTP_REFUSED_RATE,        /* 429 */
    HTTP_REFUSED_ADDRESS,     /* connections of one address */
    HTTP_REFUSED_PLAIN,       /* plain connections of neither loopback nor the trusted proxy */
    HTTP_REFUSED_FULL,        /* times that accepting was paused at connections_max */
    HTTP_REFUSED_SLOW,        /* connections closed at request_ms_max or reply_ms_max */
    HTTP_REFUSED_DESCRIPTORS, /* accept failed: EMFILE and its like */
    HTTP_REFUSAL_COUNT,
};

/* "malformed", "header-size", ...: label values for /metrics. Static. */
const char *http_refusal_name(enum http_refusal reason);

struct http_counters {
    uint64_t connections_open;
    uint64_t connections_total;
    uint64_t requests_in_flight; /* with a handler, or deferred */
    uint64_t requests_total;
    uint64_t replies[6]; /* [2]: 2xx ... [5]: 5xx */
    uint64_t vanished;   /* clients gone before their reply */
    uint64_t refused[HTTP_REFUSAL_COUNT];
};

/* A reading of all counters, each exact, together nearly so. Any thread. */
void http_server_counters(const struct http_server *server, struct http_counters *out);

#endif
