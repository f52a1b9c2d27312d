/* Requests by docs/openapi.yaml, written by hand since they are made tens of thousands of times a
 * second; and the name of the problem that a refusal tells.
 *
 * Every function appends one whole request to `out`. Thread: reentrant. */
#ifndef MINGFA_LOAD_REQUEST_H
#define MINGFA_LOAD_REQUEST_H

#include "clients/load/candidates.h"
#include "clients/load/conn.h"
#include "clients/load/reply.h"
#include "question-bank/base/bytes.h"

enum { PROBLEM_NAME_BYTES = 64 };

/* Who asks whom, into what. `candidate` NULL, or without a token: nobody is logged in. */
struct request {
    struct buf *out;
    const struct target *target;
    const struct candidate *candidate;
};

void request_get(const struct request *r, const char *path);
void request_post(const struct request *r, const char *path, struct bytes body);
void request_start(const struct request *r, const char *exam, unsigned attempt);
/* The device is named by the first 32 digits of the candidate's nonce. */
void request_open(const struct request *r);
void request_session(const struct request *r);
void request_result(const struct request *r);
void request_submit(const struct request *r, uint64_t seq);
/* The candidate's responses with `count` sequence numbers from `seq`; `body` is scratch. */
void request_save(const struct request *r, uint64_t seq, size_t count, struct buf *body);

/* The last part of the problem's type, "queue-full" of "/problems/queue-full". */
void problem_name(const struct reply *reply, char out[PROBLEM_NAME_BYTES]);

#endif
