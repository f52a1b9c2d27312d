/* Exams: listed, looked at, created, opened, closed. */
#include "server/api/call.h"
#include "server/api/exam_json.h"
#include "server/api/handlers.h"

#include <string.h>

void handle_exams(struct call *call)
{
    struct json_out *w = &call->w;

    json_out_object(w, NULL);
    json_out_array(w, "exams");
    for (size_t i = 0; i < call->view->exams_count; i++)
        exam_write(w, call->view->exams[i]);
    json_out_end(w);
    json_out_end(w);
    call_reply(call, 200);
}

void handle_exam(struct call *call)
{
    const struct exam_view *exam = call_exam(call);

    if (exam == NULL)
        return;
    exam_write(&call->w, exam);
    call_reply(call, 200);
}

/* The exam as it is now. */
static void answer_exam(struct call *call, const uint8_t uuid[16], int status)
{
    const struct exam_view *exam;
    struct err err = {.code = ERR_NOT_FOUND};

    call_refresh(call);
    exam = view_exam(call->view, uuid);
    if (exam == NULL) {
        call_fail(call, &err);
        return;
    }
    exam_write(&call->w, exam);
    call_reply(call, status);
}

static void answer_created(struct call *call)
{
    answer_exam(call, call->job.out.exam_uuid, 201);
}

static void answer_moved(struct call *call)
{
    answer_exam(call, call->job.in.exam_uuid, 200);
}

void handle_create_exam(struct call *call)
{
    struct exam_definition *d = arena_alloc(&call->req->arena, sizeof *d);
    struct err err = {0};
    int rc;

    if (d == NULL)
        rc = err_set(&err, ERR_NOMEM, &api_msg_no_memory, NULL, NULL, NULL, NULL);
    else
        rc = exam_definition_read(&call->in, &call->req->arena, d, &err);
    if (!call_check(call, rc, &err))
        return;
    call->job.in.definition = d;
    call_submit(call, JOB_EXAM_CREATE, answer_created);
}

void handle_open_exam(struct call *call)
{
    if (call_members(call, NULL, 0) && call_uuid(call, "exam", call->job.in.exam_uuid))
        call_submit(call, JOB_EXAM_OPEN, answer_moved);
}

void handle_close_exam(struct call *call)
{
    if (call_members(call, NULL, 0) && call_uuid(call, "exam", call->job.in.exam_uuid))
        call_submit(call, JOB_EXAM_CLOSE, answer_moved);
}
