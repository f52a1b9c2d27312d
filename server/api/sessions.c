/* Starting, opening and looking at sessions; the list of an exam's sessions for officers. */
#include "server/api/call.h"
#include "server/api/handlers.h"
#include "server/api/score_json.h"
#include "server/api/waiting_room.h"

static const struct msg msg_still_open = {"session-still-open", "尚未交卷，还没有成绩。",
                                          "The session has not been handed in; there is no score "
                                          "yet."};

static const struct msg msg_wait = {"start-wait-your-turn",
                                    "进入考试的人较多，前面还有{0}人，请稍候，页面会自动重试。",
                                    "Many people are entering; {0} are before you. Wait a moment: "
                                    "the page tries again by itself."};

static void answer_session(struct call *call)
{
    const struct session_view *s = &call->job.out.session;
    const struct exam_view *exam;

    call_refresh(call);
    exam = view_exam(call->view, s->exam_uuid);
    session_write(&call->w, s, exam != NULL ? exam->definition->name : bytes_of_text(""));
    call_reply(call, s->created ? 201 : 200);
}

/* Past the admission rate: a place in the line, and when to come back. */
static bool may_enter(struct call *call)
{
    struct waiting_room *room = call->api->starts;
    struct err err = {0};
    uint64_t before = 0;
    int64_t wait_ms =
        room == NULL ? 0
                     : waiting_room_ask(room, call->login.person, call->req->received_ms, &before);
    json_t *members;
    char text[24];

    if (wait_ms == 0)
        return true;
    members = json_pack("{s:I, s:I}", "before", (json_int_t)before, "retry_after_ms",
                        (json_int_t)wait_ms);
    err_set(&err, ERR_BUSY, &msg_wait, err_int(text, (int64_t)before), NULL, NULL, NULL);
    call_fail_with(call, &err, 503, members, (unsigned)((wait_ms + 999) / 1000));
    json_decref(members);
    return false;
}

void handle_start_session(struct call *call)
{
    static const char *const members[] = {"attempt", "nonce"};
    struct start_input *in = &call->job.in.start;
    struct err err = {0};
    int64_t attempt = 0;
    int rc;

    if (!call_uuid(call, "exam", in->exam_uuid) || !call_members(call, members, 2))
        return;
    rc = json_in_int(&call->in, "attempt", 1, UINT32_MAX, &attempt, &err);
    if (rc == 0)
        rc = json_in_hex(&call->in, "nonce", in->nonce, sizeof in->nonce, &err);
    if (!call_check(call, rc, &err) || !may_enter(call))
        return;
    in->attempt = (uint32_t)attempt;
    call_submit(call, JOB_START, answer_session);
}

void handle_session(struct call *call)
{
    if (call_uuid(call, "session", call->job.in.session_uuid))
        call_submit(call, JOB_VIEW, answer_session);
}

static void answer_opened(struct call *call)
{
    ack_write(&call->w, &call->job.out.ack, call->req->lang, true);
    call_reply(call, 200);
}

void handle_open_session(struct call *call)
{
    static const char *const members[] = {"device"};
    struct open_input *in = &call->job.in.open;
    struct err err = {0};

    if (!call_uuid(call, "session", in->session_uuid) || !call_members(call, members, 1))
        return;
    if (call_check(call,
                   json_in_hex(&call->in, "device", in->device_id, sizeof in->device_id, &err),
                   &err))
        call_submit(call, JOB_OPEN, answer_opened);
}

static void answer_result(struct call *call)
{
    const struct session_view *s = &call->job.out.session;
    struct err err = {0};

    if (s->closed_ms == 0 && s->ack.state != SESSION_VOIDED) {
        err_set(&err, ERR_CONFLICT, &msg_still_open, NULL, NULL, NULL, NULL);
        call_fail(call, &err);
        return;
    }
    call_refresh(call);
    result_write(&call->w, s, person_unit_now(call->view, s->person, call_today(call)));
    call_reply(call, 200);
}

void handle_session_result(struct call *call)
{
    if (call_uuid(call, "session", call->job.in.session_uuid))
        call_submit(call, JOB_VIEW, answer_result);
}

/* ---- sessions of an exam ---- */

static void answer_sessions(struct call *call)
{
    const struct session_lines *s = &call->job.out.sessions;
    struct json_out *w = &call->w;

    json_out_object(w, NULL);
    json_out_array(w, "sessions");
    for (size_t i = 0; i < s->count; i++) {
        const struct session_line *line = &s->lines[i];
        const struct person *p = &s->view->roster->people[line->person];
        const struct person_version *v = person_at(p, call_today(call));

        json_out_object(w, NULL);
        json_out_uuid(w, "session", line->session_uuid);
        json_out_text(w, "person", p->number);
        json_out_text(w, "name", v != NULL ? v->name : p->number);
        json_out_text(w, "unit", person_unit_now(s->view, line->person, call_today(call)));
        json_out_int(w, "attempt", line->attempt);
        json_out_string(w, "state", session_state_name(line->state));
        json_out_int(w, "started_ms", line->started_ms);
        json_out_int(w, "deadline_ms", line->deadline_ms);
        json_out_end(w);
    }
    json_out_end(w);
    json_out_end(w);
    call_reply(call, 200);
}

void handle_exam_sessions(struct call *call)
{
    static const char *const names[] = {"unit"};

    if (!call_query_only(call, names, 1) || !call_uuid(call, "exam", call->job.in.exam_uuid))
        return;
    call->job.officer = true;
    call->job.scope = call->unit;
    call_submit(call, JOB_SESSIONS, answer_sessions);
}
