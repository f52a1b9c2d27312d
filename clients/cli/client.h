/* The API from the command line: one login, one request at a time, by libcurl.
 *
 * A request is begun, pumped and ended, so that a screen can wait for the terminal and for the
 * server at once; client_json does the three in one step for commands that only wait.
 *
 * Thread: one. A client owns its connection and token. */
#ifndef MINGFA_CLIENTS_CLI_CLIENT_H
#define MINGFA_CLIENTS_CLI_CLIENT_H

#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    CLIENT_REPLY_BYTES_MAX = 256 * 1024 * 1024,
    CLIENT_URL_BYTES_MAX = 512,
    CLIENT_PATH_BYTES_MAX = 1024,
    CLIENT_CONNECT_TIMEOUT_S = 10,
    CLIENT_FDS_MAX = 4
};

struct client;

struct client_options {
    const char *url;     /* "https://host:port" */
    const char *ca_file; /* trusted certificates, or NULL for the system's */
    const char *token;   /* or NULL */
    enum lang lang;
    long timeout_s; /* of a whole request; 0: 60 */
};

/* What the server said to the last request that it refused. */
struct client_problem {
    long status;           /* 0: no answer came */
    char id[64];           /* last segment of the problem's type, or "" */
    int64_t retry_after_s; /* 0: the server named no time */
};

/* Borrows the options' texts for the call. ERR_BAD_INPUT: no usable address (plain http is for this
 * machine alone: it would show the token to the network); ERR_NOT_FOUND: no such certificate file. */
int client_open(const struct client_options *options, struct client **out, struct err *err);
void client_close(struct client *c);
void client_set_token(struct client *c, const char *token);
const char *client_url(const struct client *c);

/* Begins a request; the body is copied. Asserts that none is under way. content_type NULL: no body. */
int client_begin(struct client *c, const char *method, const char *path, const char *content_type,
                 struct bytes body, struct err *err);
bool client_is_busy(const struct client *c);
/* Waits until the request ends, one of the fds can be read, or timeout_ms passed (less than 0: no
 * limit). *ready: bit i set when fds[i] can be read. True when the request has ended. */
bool client_pump(struct client *c, const int *fds, size_t count, int timeout_ms, unsigned *ready);
/* What came of the request that has ended. Returns 0 whenever an answer came, whatever its status;
 * ERR_IO otherwise. Appends the body to out. */
int client_end(struct client *c, long *status, struct buf *out, struct err *err);
/* Gives up the request under way, if there is one. */
void client_cancel(struct client *c);

/* The three steps in one. body may be empty. */
int client_request(struct client *c, const char *method, const char *path, const char *content_type,
                   struct bytes body, long *status, struct buf *out, struct err *err);

/* JSON in, JSON out. body may be NULL (not taken). An answer that is not 2xx becomes an error with
 * the server's own sentence. *out: new reference, NULL when the answer has no body; may be NULL. */
int client_json(struct client *c, const char *method, const char *path, const json_t *body,
                json_t **out, struct err *err);
int client_json_begin(struct client *c, const char *method, const char *path, const json_t *body,
                      struct err *err);
int client_json_end(struct client *c, json_t **out, struct err *err);
/* The error of an answer that is not 2xx; remembers its problem. */
int client_refusal(struct client *c, long status, struct bytes reply, struct err *err);
const struct client_problem *client_problem(const struct client *c);

/* Appends `text` to `out` as a path segment or query value (RFC 3986: unreserved bytes as they are). */
void url_append(struct buf *out, const char *text);

#endif
