/* RFC 9457 problems: an error as application/problem+json, in the request's language.
 *
 * {"type": "/problems/<message id>", "title", "status", "detail"}: type is stable and for
 * programs, detail is a sentence for the person at the screen. Thread: the request's loop. */
#ifndef MINGFA_HTTP_PROBLEM_H
#define MINGFA_HTTP_PROBLEM_H

#include "server/http/http.h"

#include <jansson.h>

enum { PROBLEM_RETRY_AFTER_S = 2 };

/* The status of an error code:
 *   BAD_INPUT 400   UNAUTHENTIC 401   DENIED 403   NOT_FOUND 404   EXISTS, CONFLICT, LATE,
 *   STALE 409   LIMIT 413   INFEASIBLE 422   BUSY, IO, UNKNOWN 503   NOMEM, CORRUPT, CRYPTO 500 */
int problem_status(int err_code);

/* Replies with the problem of *err (code and message set; without a message the code's own name
 * and a general sentence). 401 carries WWW-Authenticate: Bearer; 503 carries Retry-After. Ends the
 * request. */
void problem_reply(struct http_request *req, const struct err *err);

/* The same with a status of one's own (0: problem_status) and further members (borrowed object, or
 * NULL), such as {"report": ...}. retry_after_s 0: the default of the status. */
void problem_reply_with(struct http_request *req, const struct err *err, int status,
                        const json_t *members, unsigned retry_after_s);

/* The body alone, appended to out. 0 or ERR_NOMEM. Reentrant. */
int problem_write(const struct err *err, int status, enum lang lang, const json_t *members,
                  struct buf *out);

#endif
