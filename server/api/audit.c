/* The journal's events for auditors: order, type, time, session; no payloads. Read on a worker. */
#include "server/api/call.h"
#include "server/api/handlers.h"

#include "server/store/store.h"

#include <string.h>

enum { EVENTS_DEFAULT = 100, EVENTS_MAX = 1000, STOP = 1 };

static const struct msg msg_file = {"query-invalid", "查询参数“file”应为 record 或 registry。",
                                    "The query parameter 'file' must be record or registry."};

/* In the request's arena. */
struct walk {
    struct call *call;
    enum store_file file;
    int64_t from, limit, count;
    int64_t next; /* 0: that was all */
};

static int visit(void *arg, const struct event *e)
{
    struct walk *walk = arg;
    struct json_out *w = &walk->call->w;

    if (walk->count == walk->limit) {
        walk->next = e->seq;
        return STOP;
    }
    walk->count++;
    json_out_object(w, NULL);
    json_out_int(w, "seq", e->seq);
    json_out_int(w, "type", e->type);
    json_out_int(w, "recorded_ms", e->recorded_ms);
    json_out_int(w, "session", e->session);
    json_out_end(w);
    return 0;
}

static void run_audit(struct job *job)
{
    struct walk *walk = job->in.call.arg;
    struct call *call = walk->call;
    struct json_out *w = &call->w;
    int rc;

    json_out_object(w, NULL);
    json_out_array(w, "events");
    rc = store_events_each(live_store(call->api->live), walk->file, walk->from, 0, visit, walk,
                           &job->err);
    json_out_end(w);
    if (walk->next > 0)
        json_out_int(w, "next", walk->next);
    else
        json_out_null(w, "next");
    json_out_end(w);
    job->rc = rc == STOP ? 0 : rc;
}

static void answer_audit(struct call *call)
{
    call_reply(call, 200);
}

void handle_audit_events(struct call *call)
{
    static const char *const names[] = {"file", "from", "limit"};
    const char *file = http_query(call->req, "file");
    struct walk *walk = arena_alloc(&call->req->arena, sizeof *walk);
    struct err err = {0};

    if (!call_check(call, walk != NULL ? 0 : ERR_NOMEM, &err) || !call_query_only(call, names, 3))
        return;
    if (file == NULL || (strcmp(file, "record") != 0 && strcmp(file, "registry") != 0)) {
        err_set(&err, ERR_BAD_INPUT, &msg_file, NULL, NULL, NULL, NULL);
        call_fail(call, &err);
        return;
    }
    if (!call_query_int(call, "from", 1, INT64_MAX, 1, &walk->from) ||
        !call_query_int(call, "limit", 1, EVENTS_MAX, EVENTS_DEFAULT, &walk->limit))
        return;
    walk->call = call;
    walk->file = strcmp(file, "record") == 0 ? STORE_RECORD : STORE_REGISTRY;
    call->job.in.call = (struct call_input){.run = run_audit, .arg = walk};
    call_submit(call, JOB_CALL, answer_audit);
}
