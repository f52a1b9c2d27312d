/* An HTTP client that sends exactly the bytes it is told to and reads replies one by one, plain or
 * over TLS. Nothing in it asserts, so that any thread may use one: functions answer false when the
 * server did something else, or nothing for CLIENT_WAIT_MS. Thread: a client belongs to one. */
#ifndef MINGFA_TESTS_HTTP_CLIENT_H
#define MINGFA_TESTS_HTTP_CLIENT_H

#include "question-bank/base/bytes.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLIENT_WAIT_MS = 20000, REPLY_HEAD_BYTES_MAX = 8192, REPLY_HEADER_BYTES_MAX = 512 };

struct client {
    int fd;
    SSL_CTX *ctx; /* NULL: plain */
    SSL *ssl;
    struct buf in; /* read, not yet taken */
};

/* Zeroed is valid. reply_fini frees. */
struct reply {
    int status;
    char head[REPLY_HEAD_BYTES_MAX]; /* status line and headers, NUL-terminated */
    struct buf body;
};

/* On loopback. */
bool client_open(struct client *c, uint16_t port, bool tls);
/* Plain, to an address of this machine in network order, which is then the peer's too. */
bool client_open_at(struct client *c, uint32_t address, uint16_t port);
/* Over TLS as ctx says (taken, also on failure), resuming `session` (borrowed) unless it is NULL.
 * When the handshake fails its reason stays in OpenSSL's queue. */
bool client_open_tls(struct client *c, uint16_t port, SSL_CTX *ctx, SSL_SESSION *session);
/* The handshake on a connection that was opened plain, as client_open does it. */
bool client_begin_tls(struct client *c);
bool client_send(struct client *c, const void *data, size_t len);
bool client_say(struct client *c, const char *text);
/* The next reply; the body by Content-Length, none for 204, 304 and with head_only (HEAD). */
bool client_read(struct client *c, bool head_only, struct reply *out);
/* client_say and client_read. */
bool client_ask(struct client *c, const char *request, struct reply *out);
/* The server ends the connection, and says nothing more before it. */
bool client_is_ended(struct client *c);
/* Ends it; with `reset` by RST, so that the server sees an error and not an end. */
void client_close(struct client *c, bool reset);

/* The value of a header (any case) into out, or false. */
bool reply_header(const struct reply *r, const char *name, char out[REPLY_HEADER_BYTES_MAX]);
bool reply_header_is(const struct reply *r, const char *name, const char *value);
bool reply_body_is(const struct reply *r, const char *text);
/* A problem of this type ("/problems/" and the id) and status, whole and well formed. */
bool reply_is_problem(const struct reply *r, int status, const char *id);
void reply_fini(struct reply *r);

#endif
