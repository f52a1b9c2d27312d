/* When answer keys may be shown: only once nobody can use them any more.
 *
 *   - the session is graded, and nothing of it awaits a decision,
 *   - no late response to it is taken any more,
 *   - the policy allows: at once; or after the exam was closed, when in the whole exam nobody is
 *     writing, no late response is taken any more, and none awaits a decision.
 *
 * Asked and answered on the thread that also starts, reopens and saves, so that nothing comes in
 * between. What was allowed once stays so: the sessions concerned are not reopened and take nothing
 * new from then on (session_event.keys_shown). It can be told from the record, so it is not stored.
 *
 * Thread: the record writer's. */
#include "server/live/record_batch.h"

static const struct msg MSG_NEVER = {
    .id = "review-never",
    .zh = "本次考试不公布答案和解析。",
    .en = "This exam does not show answer keys.",
};
static const struct msg MSG_NOT_GRADED = {
    .id = "review-not-graded",
    .zh = "本次作答尚未评定，暂时不能查看答案和解析。",
    .en = "This session is not finally graded; answer keys cannot be shown yet.",
};
static const struct msg MSG_NOT_CLOSED = {
    .id = "review-not-closed",
    .zh = "考试尚未结束，结束后可以查看答案和解析。",
    .en = "Answer keys are shown once the exam is closed.",
};
static const struct msg MSG_WRITING = {
    .id = "review-somebody-writing",
    .zh = "还有人员正在作答，请稍后再查看答案和解析。",
    .en = "Somebody is still writing; answer keys are shown later.",
};
static const struct msg MSG_LATE_OPEN = {
    .id = "review-late-open",
    .zh = "尚在接收迟到作答的时间内，请稍后再查看答案和解析。",
    .en = "Late responses are still taken; answer keys are shown later.",
};
static const struct msg MSG_LATE_PENDING = {
    .id = "review-late-pending",
    .zh = "还有迟到作答等待处理决定，处理后可以查看答案和解析。",
    .en = "Late responses await a decision; answer keys are shown after it.",
};

bool review_was_allowed(const struct session_entry *e)
{
    return e->keys_shown || e->exam->keys_shown;
}

/* What another session of the exam has against it; NULL: nothing. */
static const struct msg *objection_of(const struct session_entry *e, int64_t now_ms)
{
    if (e->state == SESSION_VOIDED) {
        return NULL;
    }
    if (e->state == SESSION_STARTED || e->state == SESSION_SUSPENDED) {
        return &MSG_WRITING;
    }
    if (e->pending) {
        return &MSG_LATE_PENDING;
    }
    return now_ms <= e->late_end_ms ? &MSG_LATE_OPEN : NULL;
}

static const struct msg *objection_find(const struct exam_sittings *exam, int64_t now_ms)
{
    const struct msg *found = NULL;

    for (const struct session_entry *e = exam->newest; e != NULL && found == NULL; e = e->earlier) {
        found = objection_of(e, now_ms);
    }
    return found;
}

int review_check(struct record_batch *b, struct session_entry *e, struct err *err)
{
    const struct exam_view *exam = view_exam(b->view, e->exam_uuid);
    const struct msg *msg = NULL;
    int64_t now_ms = live_now_ms(b->live);

    if (exam == NULL || exam->definition->review == REVIEW_NEVER) {
        return err_set(err, ERR_DENIED, &MSG_NEVER, NULL, NULL, NULL, NULL);
    }
    if (e->state != SESSION_GRADED || !e->has_score || e->pending || e->in->awards == NULL) {
        msg = &MSG_NOT_GRADED;
    } else if (review_was_allowed(e)) {
        return 0;
    } else if (exam->definition->review == REVIEW_AT_ONCE) {
        msg = objection_of(e, now_ms);
    } else if (exam->state != EXAM_CLOSED) {
        msg = &MSG_NOT_CLOSED;
    } else {
        msg = objection_find(e->exam, now_ms);
    }
    if (msg != NULL) {
        return err_set(err, ERR_CONFLICT, msg, NULL, NULL, NULL, NULL);
    }
    *(exam->definition->review == REVIEW_AT_ONCE ? &e->keys_shown : &e->exam->keys_shown) = true;
    return 0;
}
