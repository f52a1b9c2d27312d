/* What officers do to a session: suspend, resume, grant time, void, reopen, decide on late
 * responses. Each names a reason, which goes into the record. The core refuses sessions outside the
 * officer's scopes, which are tried one after the other. */
#include "server/api/call.h"
#include "server/api/handlers.h"
#include "server/api/score_json.h"

enum { EXTRA_TIME_MS_MIN = 60000, EXTRA_TIME_MS_MAX = 86400000 };

static void answer_act(struct call *call)
{
    ack_write(&call->w, &call->job.out.ack, call->req->lang, false);
    call_reply(call, 200);
}

/* Session and reason; false: the call has ended. `more`: the act's own member, or NULL. */
static bool read_act(struct call *call, const char *more)
{
    const char *members[] = {"reason", more};
    struct act_input *in = &call->job.in.act;
    struct err err = {0};

    if (!call_uuid(call, "session", in->session_uuid) ||
        !call_members(call, members, more != NULL ? 2 : 1))
        return false;
    return call_check(call,
                      json_in_text(&call->in, "reason", 1, REASON_BYTES_MAX, &call->req->arena,
                                   &in->reason, &err),
                      &err);
}

static void act(struct call *call, enum job_type type)
{
    if (read_act(call, NULL))
        call_submit(call, type, answer_act);
}

void handle_suspend_session(struct call *call)
{
    act(call, JOB_SUSPEND);
}

void handle_resume_session(struct call *call)
{
    act(call, JOB_RESUME);
}

void handle_void_session(struct call *call)
{
    act(call, JOB_VOID);
}

void handle_grant_extra_time(struct call *call)
{
    struct err err = {0};

    if (read_act(call, "ms") &&
        call_check(call,
                   json_in_int(&call->in, "ms", EXTRA_TIME_MS_MIN, EXTRA_TIME_MS_MAX,
                               &call->job.in.act.ms, &err),
                   &err))
        call_submit(call, JOB_EXTRA_TIME, answer_act);
}

void handle_reopen_session(struct call *call)
{
    struct err err = {0};

    if (read_act(call, "deadline_ms") &&
        call_check(call,
                   json_in_int(&call->in, "deadline_ms", 0, API_TIME_MS_MAX,
                               &call->job.in.act.deadline_ms, &err),
                   &err))
        call_submit(call, JOB_REOPEN, answer_act);
}

void handle_decide_late(struct call *call)
{
    struct err err = {0};

    if (read_act(call, "accepted") &&
        call_check(call, json_in_bool(&call->in, "accepted", &call->job.in.act.accepted, &err),
                   &err))
        call_submit(call, JOB_LATE_DECISION, answer_act);
}
