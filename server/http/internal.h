/* Shapes shared by the files of this folder; nobody else includes this.
 *
 * server (server.c) owns loops; a loop (loop.c) owns its connections (conn.c) and the requests
 * being handled (request.c). Thread: a loop's members are touched by its thread alone, save the
 * mailbox under its lock; counters are atomic. */
#ifndef MINGFA_HTTP_INTERNAL_H
#define MINGFA_HTTP_INTERNAL_H

#include "server/http/gate.h"
#include "server/http/http.h"
#include "server/http/limit.h"
#include "server/http/route.h"

#include <event2/event.h>
#include <event2/http.h>
#include <event2/listener.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <sys/queue.h>

enum {
    HTTP_ONE_RECORD_BYTES = 16 * 1024, /* replies up to this leave in one TLS record */
    HTTP_POOL_REQUESTS = 256,          /* requests a loop keeps for reuse */
    HTTP_POOL_ARENA_BYTES = 16 * 1024, /* one that grew beyond is freed instead */
    HTTP_HEADER_BYTES_DEFAULT = 8 * 1024,
    HTTP_HEADER_BYTES_MIN = 512,
    HTTP_BODIES_RETRY_S = 2, /* a large body takes about as long to come and go */
};

/* In which list a connection stands; each list but the last is in order of deadlines. */
enum conn_state {
    CONN_READING, /* accepted, or the first byte of a request has come */
    CONN_IDLE,    /* between requests */
    CONN_WRITING, /* replied, not all taken */
    CONN_HANDLED, /* with a handler, or deferred: no deadline, the debt is ours */
    CONN_STATES,
};

/* What became of the body of the request being read. */
enum body_verdict { BODY_UNJUDGED = 0, BODY_MAY_COME, BODY_NEEDS_LOGIN, BODY_FINDS_NO_ROOM };

TAILQ_HEAD(conn_list, conn);

struct conn {
    TAILQ_ENTRY(conn) link;
    struct loop *loop;
    struct bufferevent *bev;
    struct evhttp_connection *evcon;
    struct request *request; /* while CONN_HANDLED */
    struct conn *newborn;    /* the next one that awaits its birth */
    struct conn *foreigner;  /* the next of loop->foreigners, if foreign */
    size_t body_reserved;    /* of loop->bodies_bytes, until the request has it */
    size_t body_max;         /* that the route takes, once limits_set */
    enum body_verdict body;
    size_t input_max; /* more bytes than this unread, and we stop reading */
    int fd;
    enum conn_state state;
    int64_t deadline_ms;
    bool doomed;     /* TLS could not be set up: close at birth */
    bool counted;    /* limit_connect admitted it */
    bool from_proxy; /* the peer is the trusted proxy */
    bool foreign;    /* evhttp has written something of its own */
    bool limits_set; /* the route's body limit, for the request being read */
    struct limit_address address;
    struct gate gate;
};

struct request {
    struct http_request pub; /* first: handlers hold a pointer to it */
    struct evhttp_request *ev;
    struct conn *conn; /* NULL once the client is gone */
    struct request *pool_next;
    size_t body_reserved; /* of loop->bodies_bytes */
    bool close;           /* Connection: close on the reply */
    bool cache_said;      /* Cache-Control stands among the headers */
    unsigned headers;     /* extra reply headers */
    struct http_pair header[HTTP_REPLY_HEADERS_MAX];
};

struct loop {
    struct http_server *server;
    unsigned index;
    pthread_t thread;
    bool started;
    struct event_base *base;
    struct evhttp *evhttp;
    struct evconnlistener *listener; /* owned by evhttp's bound socket */
    struct evhttp_bound_socket *bound;
    bool paused; /* the listener is disabled, by the connection limit or for want of descriptors */
    bool draining;
    bool stopping;
    struct event *wake;  /* the mailbox's eventfd */
    struct event *tick;  /* deadlines */
    struct event *birth; /* connections accepted in this turn */
    struct conn *newborns;
    struct conn *foreigners; /* connections to which evhttp wrote of its own accord in this turn */
    struct conn_list conns[CONN_STATES];
    struct conn **by_fd;
    size_t by_fd_count;
    struct limit_table *limits;
    struct request *handling; /* a handler runs and has neither replied nor deferred */
    struct request *pool;
    unsigned pool_count;
    unsigned in_flight;
    size_t bodies_bytes; /* of large bodies, announced and not replied to */

    int mailbox_fd;
    pthread_mutex_t mailbox_lock;
    struct list mailbox; /* under the lock */

    struct http_task drain_task;
    struct http_task stop_task;
};

struct counters {
    atomic_uint_least64_t connections_open;
    atomic_uint_least64_t connections_total;
    atomic_uint_least64_t requests_in_flight;
    atomic_uint_least64_t requests_total;
    atomic_uint_least64_t replies[6];
    atomic_uint_least64_t vanished;
    atomic_uint_least64_t refused[HTTP_REFUSAL_COUNT];
};

struct http_server {
    struct http_options options; /* defaults filled in; text pointers are not used after start */
    struct route_table *table;
    SSL_CTX *tls; /* NULL: plain; exchanged under tls_lock, never from or to NULL */
    pthread_mutex_t tls_lock;
    bool has_ticket_secret;
    uint8_t ticket_secret[32];
    bool has_proxy;
    struct limit_address proxy;
    uint16_t port;
    unsigned loops_count;
    struct loop *loops;
    bool drain_posted;
    unsigned loops_draining; /* under idle_lock */
    struct counters counters;

    /* drain: connections reaching zero */
    pthread_mutex_t idle_lock;
    pthread_cond_t idle_cond;
};

/* counters.c */
void counter_add(atomic_uint_least64_t *counter, uint64_t n);
void counter_sub(atomic_uint_least64_t *counter, uint64_t n);
void counter_refused(struct http_server *s, enum http_refusal reason);
void counter_reply(struct http_server *s, int status);
uint64_t counter_read(const atomic_uint_least64_t *counter);

/* listen.c: numeric address -> sockaddr; sockets with SO_REUSEPORT and TCP_NODELAY */
int listen_parse(const char *address, uint16_t port, struct sockaddr_storage *out, int *out_len,
                 bool *loopback, struct err *err);
int listen_socket(const struct sockaddr_storage *address, int address_len, int *out_fd,
                  uint16_t *out_port, struct err *err);

/* tls.c; s NULL: only to see whether the files can be used */
int tls_context_new(const char *certificate_path, const char *key_path, struct http_server *s,
                    SSL_CTX **out, struct err *err);
/* When its certificate ends, UTC ms; 0: unknown. */
int64_t tls_context_ends_ms(const SSL_CTX *ctx);
/* A bufferevent that speaks TLS by the server's present context, or NULL. Any loop. */
struct bufferevent *tls_bufferevent_new(struct http_server *s, struct event_base *base);
/* Sends close_notify if the handshake was complete. Nothing on plain ones. */
void tls_goodbye(struct bufferevent *bev);

/* loop.c */
int loop_init(struct loop *l, struct http_server *s, unsigned index, int fd, struct err *err);
int loop_start(struct loop *l, struct err *err);
void loop_fini(struct loop *l); /* joined before */
int64_t loop_now_ms(const struct loop *l);
void loop_pause(struct loop *l);
void loop_maybe_resume(struct loop *l);

/* conn.c */
struct bufferevent *conn_bufferevent(struct event_base *base, void *loop);
void conn_births(evutil_socket_t fd, short what, void *loop);
void conn_move(struct conn *c, enum conn_state state);
/* Wakes whoever waits in http_server_drain. */
void loop_idle_signal(struct loop *l);
void conn_deadlines(struct loop *l);
void conn_close(struct conn *c); /* not CONN_HANDLED */
/* The reply is about to be handed to evhttp. */
void conn_replying(struct conn *c, struct evhttp_request *ev);
struct conn *conn_of(struct loop *l, struct evhttp_request *ev);

/* request.c */
void request_arrived(struct evhttp_request *ev, void *loop);
void request_pool_free(struct loop *l);
/* The token of an Authorization value (may be NULL), or NULL. */
const char *bearer_of(const char *authorization);

/* The problems that this folder raises itself. */
extern const struct msg http_msg_malformed;
extern const struct msg http_msg_length_required;
extern const struct msg http_msg_header_size;
extern const struct msg http_msg_body_size;
extern const struct msg http_msg_body_unexpected;
extern const struct msg http_msg_body_login;
extern const struct msg http_msg_bodies;
extern const struct msg http_msg_not_found;
extern const struct msg http_msg_method;
extern const struct msg http_msg_media_type;
extern const struct msg http_msg_rate;
extern const struct msg http_msg_internal;

#endif
