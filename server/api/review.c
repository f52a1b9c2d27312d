/* Review: the only operation that shows answer keys and explanations, and only to the person whose
 * session it is, once nobody can use them any more:
 *
 *   - the session is graded, and nothing of it awaits a decision,
 *   - no late response to it is taken any more,
 *   - the policy allows: at once; or after the exam was closed, and nobody is writing it any more.
 *
 * JOB_VIEW first; where the policy is after_close and the longest sitting could still run, also
 * JOB_SESSIONS, to see whether anybody is writing. */
#include "server/api/call.h"
#include "server/api/handlers.h"
#include "server/api/score_json.h"

#include "question-bank/format/text.h"

#include <string.h>

static const struct msg msg_never = {"review-never", "本次考试不公布答案和解析。",
                                     "This exam does not show answer keys."};
static const struct msg msg_not_graded = {"review-not-graded",
                                          "本次作答尚未评定，暂时不能查看答案和解析。",
                                          "This session is not finally graded; answer keys cannot "
                                          "be shown yet."};
static const struct msg msg_not_closed = {"review-not-closed",
                                          "考试尚未结束，结束后可以查看答案和解析。",
                                          "Answer keys are shown once the exam is closed."};
static const struct msg msg_writing = {"review-somebody-writing",
                                       "还有人员正在作答，请稍后再查看答案和解析。",
                                       "Somebody is still writing; answer keys are shown later."};
static const struct msg msg_late_open = {"review-late-open",
                                         "尚在接收迟到作答的时间内，请稍后再查看答案和解析。",
                                         "Late responses are still taken; answer keys are shown "
                                         "later."};

struct review {
    struct session_view session; /* what it points to lies in the request's arena */
    bool seen;                   /* JOB_VIEW is done */
    bool asked;                  /* JOB_SESSIONS was sent */
    bool somebody_writes;
    int rc;
    struct err err;
};

/* When the last regular sitting of the exam, and what may come late, is over. */
static int64_t exam_over_ms(const struct exam_definition *d)
{
    return d->window_end_ms + (d->cut_at_window_end ? 0 : d->duration_ms) + d->grace_ms +
           d->late_accept_ms;
}

/* What the session and the policy say, before it is known whether others write. */
static int decide_review(const struct session_view *s, const struct exam_view *exam, int64_t now_ms,
                         struct err *err)
{
    const struct exam_definition *d;

    if (exam == NULL || exam->definition->review == REVIEW_NEVER)
        return err_set(err, ERR_DENIED, &msg_never, NULL, NULL, NULL, NULL);
    d = exam->definition;
    if (s->ack.state != SESSION_GRADED || !s->has_score || s->ack.pending || s->awards == NULL)
        return err_set(err, ERR_CONFLICT, &msg_not_graded, NULL, NULL, NULL, NULL);
    if (d->review == REVIEW_AFTER_CLOSE && exam->state != EXAM_CLOSED)
        return err_set(err, ERR_CONFLICT, &msg_not_closed, NULL, NULL, NULL, NULL);
    if (now_ms <= s->ack.deadline_ms + s->grace_ms + d->late_accept_ms &&
        s->closed_ms >= s->ack.deadline_ms)
        return err_set(err, ERR_CONFLICT, &msg_late_open, NULL, NULL, NULL, NULL);
    return 0;
}

static bool review_goes_on(struct call *call)
{
    struct review *r = call->own;
    const struct exam_view *exam;
    int64_t now_ms = live_now_ms(call->api->live);

    if (r->seen) {
        const struct session_lines *lines = &call->job.out.sessions;

        for (size_t i = 0; i < lines->count; i++)
            r->somebody_writes = r->somebody_writes || lines->lines[i].state == SESSION_STARTED ||
                                 lines->lines[i].state == SESSION_SUSPENDED;
        return false;
    }
    r->seen = true;
    r->session = call->job.out.session;
    call_refresh(call);
    exam = view_exam(call->view, r->session.exam_uuid);
    r->rc = decide_review(&r->session, exam, now_ms, &r->err);
    if (r->rc != 0 || exam->definition->review != REVIEW_AFTER_CLOSE ||
        now_ms > exam_over_ms(exam->definition))
        return false;
    memcpy(call->job.in.exam_uuid, exam->uuid, sizeof call->job.in.exam_uuid);
    call->job.officer = true; /* the server's own question; its answer is one bit */
    call->job.scope = bytes_of_text("");
    r->asked = true;
    return call_submit_again(call, JOB_SESSIONS);
}

/* The mask over the options as shown. */
static uint32_t shown_mask(const struct paper_item *place, uint32_t original)
{
    uint32_t mask = 0;

    if (place->option_count == 0)
        return original;
    for (unsigned shown = 0; shown < place->option_count; shown++)
        mask |= (original >> place->option_order[shown] & 1u) << shown;
    return mask;
}

static void write_answer_key(struct json_out *w, const struct paper_item *place)
{
    const struct answer_key *answer_key = &place->item->answer_key;

    if (place->item->type != ITEM_FILL_IN) {
        json_out_int(w, "answer", shown_mask(place, answer_key->mask));
        return;
    }
    json_out_array(w, "answer");
    for (size_t i = 0; i < answer_key->alternatives_count; i++)
        json_out_text(w, NULL, answer_key->alternatives[i]);
    json_out_end(w);
}

static void write_item(struct json_out *w, const struct session_view *s, size_t i)
{
    static const struct response none = {0};
    const struct paper_item *place = &s->paper.items[i];
    struct buf citation = {0};

    json_out_object(w, NULL);
    paper_item_write(w, place);
    json_out_int(w, "award", s->awards[i]);
    response_value_write(w, "value",
                         s->ack.responses != NULL && i < s->ack.item_count ? &s->ack.responses[i]
                                                                           : &none);
    write_answer_key(w, place);
    json_out_text(w, "explanation", place->item->explanation);
    json_out_array(w, "citations");
    for (size_t k = 0; k < place->item->citations_count; k++) {
        buf_clear(&citation);
        text_citation_write(&place->item->citations[k], &citation);
        json_out_text(w, NULL, buf_view(&citation));
    }
    buf_fini(&citation);
    json_out_end(w);
    json_out_end(w);
}

static void answer_review(struct call *call)
{
    struct review *r = call->own;
    struct json_out *w = &call->w;

    if (r->rc == 0 && r->somebody_writes)
        r->rc = err_set(&r->err, ERR_CONFLICT, &msg_writing, NULL, NULL, NULL, NULL);
    if (!call_check(call, r->rc, &r->err))
        return;
    json_out_object(w, NULL);
    json_out_array(w, "items");
    for (size_t i = 0; i < r->session.paper.count; i++)
        write_item(w, &r->session, i);
    json_out_end(w);
    json_out_end(w);
    call_reply(call, 200);
}

void handle_session_review(struct call *call)
{
    struct review *r = arena_alloc(&call->req->arena, sizeof *r);
    struct err err = {0};

    if (!call_check(call, r != NULL ? 0 : ERR_NOMEM, &err) ||
        !call_uuid(call, "session", call->job.in.session_uuid))
        return;
    call->own = r;
    call->after = review_goes_on;
    call_submit(call, JOB_VIEW, answer_review);
}
