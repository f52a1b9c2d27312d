/* The hot path: saving responses; the heartbeat; handing in.
 *
 * A save is parsed once into the request's arena, handed to the record writer and answered after
 * the commit that holds it. Nothing of it is logged. */
#include "server/api/call.h"
#include "server/api/handlers.h"
#include "server/api/score_json.h"

static const struct msg msg_value = {
    "response-value-invalid",
    "“{0}”应为选项掩码（0 至 4294967295 的整数）、至多 {2} 字节的文字，或 null，收到的是 {1}。",
    "'{0}' must be a mask of options (an integer from 0 to 4294967295), text of at most {2} bytes, "
    "or null; found {1}."};

static void answer_ack(struct call *call)
{
    ack_write(&call->w, &call->job.out.ack, call->req->lang, false);
    call_reply(call, 200);
}

static int read_value(struct call *call, const struct json_in *in, struct response_input *out,
                      struct err *err)
{
    const json_t *value = json_object_get(in->object, "value");
    char max[24];

    if (json_is_null(value)) {
        out->kind = RESPONSE_NONE;
        return 0;
    }
    if (json_is_integer(value) && json_integer_value(value) >= 0 &&
        json_integer_value(value) <= UINT32_MAX) {
        out->kind = RESPONSE_MASK;
        out->mask = (uint32_t)json_integer_value(value);
        return 0;
    }
    if (json_is_string(value)) {
        out->kind = RESPONSE_TEXT;
        return json_in_text(in, "value", 0, RESPONSE_TEXT_BYTES_MAX, &call->req->arena, &out->text,
                            err);
    }
    return json_in_refuse(in, "value", &msg_value, err_int(max, RESPONSE_TEXT_BYTES_MAX), NULL,
                          err);
}

static int read_response(struct call *call, const json_t *array, size_t i,
                         struct response_input *out, struct err *err)
{
    static const char *const members[] = {"seq", "item", "value"};
    struct json_in in;
    int64_t seq = 0;
    int64_t item = 0;
    int rc = json_in_element(array, "responses", i, &in, err);

    if (rc == 0)
        rc = json_in_members(&in, members, 3, err);
    if (rc == 0)
        rc = json_in_int(&in, "seq", 1, INT64_MAX, &seq, err);
    if (rc == 0)
        rc = json_in_int(&in, "item", 0, UINT32_MAX, &item, err);
    if (rc == 0)
        rc = read_value(call, &in, out, err);
    out->device_seq = (uint64_t)seq;
    out->item = (uint32_t)item;
    return rc;
}

void handle_save_responses(struct call *call)
{
    static const char *const members[] = {"epoch", "responses"};
    struct save_input *in = &call->job.in.save;
    struct response_input *responses = NULL;
    struct err err = {0};
    const json_t *array;
    int64_t epoch = 0;
    size_t count = 0;
    int rc;

    if (!call_uuid(call, "session", in->session_uuid) || !call_members(call, members, 2))
        return;
    rc = json_in_int(&call->in, "epoch", 1, UINT32_MAX, &epoch, &err);
    if (rc == 0)
        rc = json_in_array(&call->in, "responses", 0, RESPONSES_PER_SAVE_MAX, &array, &err);
    if (rc == 0) {
        count = json_array_size(array);
        responses = arena_array(&call->req->arena, count, sizeof *responses);
        if (responses == NULL)
            rc = err_set(&err, ERR_NOMEM, &api_msg_no_memory, NULL, NULL, NULL, NULL);
    }
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = read_response(call, array, i, &responses[i], &err);
    if (!call_check(call, rc, &err))
        return;
    in->epoch = (uint32_t)epoch;
    in->responses = responses;
    in->responses_count = count;
    call_submit(call, JOB_SAVE, answer_ack);
}

void handle_heartbeat(struct call *call)
{
    if (call_members(call, NULL, 0) && call_uuid(call, "session", call->job.in.session_uuid))
        call_submit(call, JOB_HEARTBEAT, answer_ack);
}

static void answer_submitted(struct call *call)
{
    const struct session_view *s = &call->job.out.session;

    call_refresh(call);
    result_write(&call->w, s, person_unit_now(call->view, call->login.person, call_today(call)));
    call_reply(call, 200);
}

void handle_submit_session(struct call *call)
{
    static const char *const members[] = {"epoch", "seq"};
    struct submit_input *in = &call->job.in.submit;
    struct err err = {0};
    int64_t epoch = 0;
    int64_t seq = 0;
    int rc;

    if (!call_uuid(call, "session", in->session_uuid) || !call_members(call, members, 2))
        return;
    rc = json_in_int(&call->in, "epoch", 1, UINT32_MAX, &epoch, &err);
    if (rc == 0)
        rc = json_in_int(&call->in, "seq", 0, INT64_MAX, &seq, &err);
    if (!call_check(call, rc, &err))
        return;
    in->epoch = (uint32_t)epoch;
    in->device_seq = (uint64_t)seq;
    call_submit(call, JOB_SUBMIT, answer_submitted);
}
