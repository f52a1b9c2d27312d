/* Call: one request being served; what all handlers share.
 *
 *   api_handle: login, role, body -> op->handle(call) -> call_reply… at once, or call_submit
 *   done thread: call->after(call), if set, may render, or submit the job again (true)
 *   loop: rc != 0 -> problem; else call->answer(call) -> call_reply…
 *
 * A call lies in its request's arena and ends with the reply: every call_reply… and call_fail… ends
 * it, and the call must not be used afterwards. Thread: the request's loop, save `after`. */
#ifndef MINGFA_API_CALL_H
#define MINGFA_API_CALL_H

#include "server/api/api.h"
#include "server/api/json_in.h"
#include "server/api/json_out.h"
#include "server/api/operations.h"
#include "server/http/http.h"
#include "server/live/job.h"
#include "server/live/live.h"
#include "server/roster/civil.h"

#include <jansson.h>

/* No time is later: the year 9999. */
#define API_TIME_MS_MAX INT64_C(253402300799999)

struct api {
    struct api_options options;
    struct live *live;
    struct route *routes;
    struct waiting_room *starts; /* NULL: nobody waits */
};

struct call {
    struct api *api;
    struct http_request *req;
    const struct operation *op;
    const struct registry_view *view;          /* held until the reply; NULL with SCOPE_NONE */
    struct login login;                        /* who asks; not with SCOPE_NONE */
    char date[CIVIL_TEXT_BYTES];               /* of the request, at +08:00 */
    struct bytes unit;                         /* SCOPE_UNIT: the unit asked for, "" everything */
    bool own_unit_only;                        /* SCOPE_UNIT: without a role, by own_unit_too */
    struct bytes scopes[OPERATION_SCOPES_MAX]; /* SCOPE_SESSION: tried one after the other */
    size_t scopes_count, scopes_tried;
    json_t *body; /* of operations that take JSON; an empty object where none was sent */
    struct json_in in;
    struct job job;
    bool submitted;                /* the job must be finished */
    bool (*after)(struct call *);  /* may be NULL */
    void (*answer)(struct call *); /* when the job is done */
    int busy_status;               /* for ERR_BUSY from the job; 0: 503 */
    struct buf out;                /* the reply's body */
    struct json_out w;             /* writes into out */
    void *own;                     /* the handler's, freed by own_free */
    void (*own_free)(void *own);
};

/* The handler of every route. */
void api_handle(void *arg, struct http_request *req);

struct bytes call_today(const struct call *call);
/* The person who asks. */
struct bytes call_person(const struct call *call);
/* Takes the newest view, for answers that show what the job changed. */
void call_refresh(struct call *call);
/* A UUID of the path into out; false when it is none: the call has then ended with 404. */
bool call_uuid(struct call *call, const char *name, uint8_t out[16]);
/* A path parameter as text. */
struct bytes call_param(const struct call *call, const char *name);
/* The exam of the path, or NULL: the call has then ended with 404. */
const struct exam_view *call_exam(struct call *call);
/* ?as_of= as the moment after that day, INT64_MAX without it. false: ended with 400. */
bool call_as_of(struct call *call, int64_t *out);
/* ?format=csv; false: ended with 400. */
bool call_wants_csv(struct call *call, bool *csv);
/* Refuses query parameters other than these. false: ended with 400. */
bool call_query_only(struct call *call, const char *const *names, size_t count);
/* An integer query parameter; `otherwise` without it. false: ended with 400. */
bool call_query_int(struct call *call, const char *name, int64_t min, int64_t max,
                    int64_t otherwise, int64_t *out);
/* Refuses members of the body other than these. false: ended with 400. */
bool call_members(struct call *call, const char *const *names, size_t count);
/* rc == 0, or the call ends with the problem of *err and false comes back. */
bool call_check(struct call *call, int rc, const struct err *err);
/* operation_decide on the present unit of a person, by number. ERR_NOT_FOUND, ERR_DENIED. */
int call_decide_person(const struct call *call, struct bytes number, struct err *err);
/* The unit on whose books the person is, or was last; "" if none. */
struct bytes person_unit_now(const struct registry_view *view, uint32_t person, struct bytes date);
/* The name of a unit at the date; the code where it has none. */
struct bytes unit_name(const struct roster *roster, struct bytes code, struct bytes date);

/* Fills what every job needs and hands it over; `answer` runs when it is done. */
void call_submit(struct call *call, enum job_type type, void (*answer)(struct call *call));
/* From `after`: hands the same job over again as another type. True, or false with job->rc set. */
bool call_submit_again(struct call *call, enum job_type type);

/* Ends the call. */
void call_reply(struct call *call, int status); /* what was written by call->w, as JSON */
void call_reply_text(struct call *call, int status, const char *content_type);
void call_reply_empty(struct call *call); /* 204 */
void call_fail(struct call *call, const struct err *err);
void call_fail_with(struct call *call, const struct err *err, int status, const json_t *members,
                    unsigned retry_after_s);

extern const struct msg api_msg_no_memory;

#endif
