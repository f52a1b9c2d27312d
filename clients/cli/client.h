/* The API from the command line: one login, one request at a time, by libcurl.
 *
 * Thread: one. A client owns its connection and token. */
#ifndef MINGFA_CLIENTS_CLI_CLIENT_H
#define MINGFA_CLIENTS_CLI_CLIENT_H

#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <jansson.h>
#include <stdbool.h>

enum { CLIENT_REPLY_BYTES_MAX = 256 * 1024 * 1024, CLIENT_TIMEOUT_S = 60 };

struct client;

struct client_options {
    const char *server;  /* "https://host:port" */
    const char *ca_file; /* trusted certificates, or NULL for the system's */
    const char *token;   /* or NULL */
    enum lang lang;
};

/* Borrows the options' texts for the call. */
int client_open(const struct client_options *options, struct client **out, struct err *err);
void client_close(struct client *c);
void client_set_token(struct client *c, const char *token);

/* Sends and waits. body may be empty. *status: HTTP status; reply appended to out.
 * Returns 0 whenever an answer came, whatever its status; ERR_IO otherwise. */
int client_request(struct client *c, const char *method, const char *path, const char *content_type,
                   struct bytes body, long *status, struct buf *out, struct err *err);

/* JSON in, JSON out. body may be NULL (not taken). An answer that is not 2xx becomes an error with
 * the server's own sentence. *out: new reference, NULL when the answer has no body; may be NULL. */
int client_json(struct client *c, const char *method, const char *path, const json_t *body,
                json_t **out, struct err *err);

#endif
