/* One keep-alive connection to the server: connects, does the TLS handshake, sends one request at a
 * time, and hands over each response whole.
 *
 * Direct non-blocking OpenSSL on libevent's readiness: a request is one write and a response one
 * read wherever the socket allows, so that the generator takes little of a machine that it shares
 * with the server. Thread: the one that runs the event_base. */
#ifndef MINGFA_LOAD_CONN_H
#define MINGFA_LOAD_CONN_H

#include "clients/load/reply.h"
#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <event2/event.h>
#include <openssl/ssl.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

enum { TARGET_HOST_BYTES_MAX = 255 };

/* Where all connections go. Made by target_open; borrowed by every connection. */
struct target {
    char host[TARGET_HOST_BYTES_MAX + 1];
    unsigned port;
    struct sockaddr_storage address;
    socklen_t address_len;
    bool is_loopback; /* an IPv4 loopback address */
    SSL_CTX *tls;     /* NULL: plain HTTP */
    unsigned sources; /* connect from that many addresses 127.64.x.y; 0: as the system chooses */
};

/* Parses http(s)://host[:port], finds an address that accepts a connection, and makes the TLS
 * context, which trusts `ca_file` (NULL: the system's authorities). ERR_BAD_INPUT, ERR_NOT_FOUND
 * (nobody answers there), ERR_CRYPTO. Blocks. */
int target_open(const char *url, const char *ca_file, struct target *out, struct err *err);
void target_close(struct target *t);

enum conn_news {
    CONN_READY = 1, /* connected; a request may be sent */
    CONN_REPLIED,   /* the response to the request, valid during the call */
    CONN_LOST,      /* closed or failed (also while connecting); conn_connect may be called again */
};

struct conn {
    const struct target *target;
    struct event_base *base;
    void (*news)(struct conn *c, enum conn_news news, const struct reply *reply);
    void *user; /* the caller's */
    unsigned index;
    int fd;
    SSL *ssl;
    struct event *reads, *writes, *pace;
    struct buf in, out;
    size_t out_sent, piece_left;
    /* A slow link: a request goes in pieces of so many bytes with a pause after each. 0: at once. */
    unsigned piece_bytes, piece_pause_ms;
    bool is_ready, in_flight;
};

/* Borrows target and base. `index` chooses the source address. */
void conn_init(struct conn *c, const struct target *target, struct event_base *base, unsigned index,
               void (*news)(struct conn *c, enum conn_news news, const struct reply *reply),
               void *user);
void conn_fini(struct conn *c);
/* Begins to connect; news comes later, never during the call. ERR_IO, ERR_NOMEM: at once. */
int conn_connect(struct conn *c);
/* The caller fills c->out with one request (buf_clear first), then calls this; only when ready and
 * nothing is in flight. News comes later. */
void conn_send(struct conn *c);
/* How long the pauses of a slow link make the sending of c->out. */
int64_t conn_pauses_us(const struct conn *c);
/* Ends the connection without news. */
void conn_drop(struct conn *c);

#endif
