/* An HTTP/1.1 response as it arrives (RFC 9112), as far as the server's replies go: a status line,
 * headers, a body of Content-Length bytes. No chunked transfer: the server sends none to requests
 * with small bodies, and one that did would be reported as malformed.
 *
 * Pure: no socket. Thread: one at a time. */
#ifndef MINGFA_LOAD_REPLY_H
#define MINGFA_LOAD_REPLY_H

#include "question-bank/base/bytes.h"

#include <stdbool.h>

enum { REPLY_HEAD_BYTES_MAX = 16 * 1024, REPLY_BODY_BYTES_MAX = 16 * 1024 * 1024 };

struct reply {
    int status;
    bool close;             /* the server ends the connection after this */
    unsigned retry_after_s; /* 0: not said */
    struct bytes body;      /* within the bytes parsed */
};

/* Looks for a whole response at the front of `in`. 1: found, *out set, *len its bytes; 0: more bytes
 * are needed; ERR_BAD_INPUT: not such a response; ERR_LIMIT: longer than the maxima. */
int reply_parse(struct bytes in, struct reply *out, size_t *len);

#endif
