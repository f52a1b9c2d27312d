/* Saving responses: which of a save are new, repeated, older, in conflict; and carrying it out.
 *
 * Happy path: the lane is chosen by state and time (counts, is kept as late, or is refused); each
 * input is judged against what is remembered of its item and those before it in the same save; texts
 * are allocated; then everything is put in place at once.
 *
 * Fails before anything changed. Thread: the owner of the session. */
#include "server/exam/session_save.h"

#include "question-bank/base/utf8.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct msg MSG_OTHER_BYTES = {
    .id = "response-differs",
    .zh = "第{0}题：同一设备的同一序号（{1}）曾存有不同的作答，请刷新页面后重试",
    .en = "item {0}: another response is stored under the same device sequence number ({1})",
};
static const struct msg MSG_CLOSED = {
    .id = "session-closed",
    .zh = "已经交卷，不能再修改作答",
    .en = "the paper was handed in; responses can no longer change",
};
static const struct msg MSG_LATE_OVER = {
    .id = "response-too-late",
    .zh = "已超过迟交作答的接收期限，未予保存",
    .en = "after the time in which late responses are kept; not stored",
};
static const struct msg MSG_OLDER = {
    .id = "responses-older-too-many",
    .zh = "旧设备补发的过时作答已超过{0}条，不再接收；请在最近打开的设备上继续作答",
    .en = "more than {0} outdated responses; go on with the device that opened the session last",
};
static const struct msg MSG_ITEM = {
    .id = "response-item-unknown",
    .zh = "作答的题号{0}不在试卷中（共{1}题）",
    .en = "item {0} is not in the paper of {1} items",
};
static const struct msg MSG_VALUE = {
    .id = "response-value-bad",
    .zh = "第{0}题的作答不符合该题题型",
    .en = "item {0}: the response does not fit the item",
};
static const struct msg MSG_TEXT = {
    .id = "response-text-bad",
    .zh = "第{0}题的作答文字过长或含有不可用字符（最多{1}字节）",
    .en = "item {0}: the text is too long or not clean (at most {1} bytes)",
};
static const struct msg MSG_COUNT = {
    .id = "responses-too-many",
    .zh = "一次提交的作答超过{0}条",
    .en = "more than {0} responses in one save",
};

/* ---------------------------------------------------------------------------- responses as values */

/* Order of (epoch, seq). */
static int stamp_compare(uint32_t epoch_a, uint64_t seq_a, uint32_t epoch_b, uint64_t seq_b)
{
    if (epoch_a != epoch_b) {
        return epoch_a < epoch_b ? -1 : 1;
    }
    return seq_a < seq_b ? -1 : seq_a > seq_b;
}

static bool response_same(const struct response *r, const struct response_input *in)
{
    if (r->kind != in->kind) {
        return false;
    }
    switch (in->kind) {
    case RESPONSE_MASK:
        return r->mask == in->mask;
    case RESPONSE_TEXT:
        return bytes_equal(bytes_of_text(r->text), in->text);
    case RESPONSE_NONE:
        break;
    }
    return true;
}

static bool input_same(const struct response_input *a, const struct response_input *b)
{
    return a->kind == b->kind && (a->kind != RESPONSE_MASK || a->mask == b->mask) &&
           (a->kind != RESPONSE_TEXT || bytes_equal(a->text, b->text));
}

static void response_clear(struct response *r)
{
    free(r->text);
    *r = (struct response){0};
}

/* ---------------------------------------------------------------------------- responses */

/* Where a new response goes in the state and at the time it came. */
enum lane { LANE_COUNTING = 1, LANE_LATE, LANE_REFUSED };

struct lane_choice {
    enum lane lane;
    int code; /* LANE_REFUSED: what to answer if there is anything new */
    const struct msg *msg;
};

static struct lane_choice lane_late(const struct session *s, int64_t at_ms)
{
    if (s->late_decided) {
        return (struct lane_choice){LANE_REFUSED, ERR_LATE, &session_msg_late_decided};
    }
    if (at_ms > session_late_end_ms(s, at_ms)) {
        return (struct lane_choice){LANE_REFUSED, ERR_LATE, &MSG_LATE_OVER};
    }
    return (struct lane_choice){LANE_LATE, 0, NULL};
}

static struct lane_choice lane_choose(const struct session *s, const struct session_event *e)
{
    int64_t at_ms = e->at_ms;

    if (e->keys_shown && session_is_closed(s)) {
        return (struct lane_choice){LANE_REFUSED, ERR_LATE, &session_msg_keys_shown};
    }
    switch (s->state) {
    case SESSION_STARTED:
        if (session_is_in_time(s, at_ms)) {
            return (struct lane_choice){LANE_COUNTING, 0, NULL};
        }
        return lane_late(s, at_ms);
    case SESSION_SUSPENDED:
        if (at_ms > s->suspended_ms) {
            return (struct lane_choice){LANE_REFUSED, ERR_CONFLICT, &session_msg_suspended};
        }
        return (struct lane_choice){LANE_COUNTING, 0, NULL};
    case SESSION_TIMED_OUT:
    case SESSION_GRADED:
        if (!s->timed_out) {
            break;
        }
        if (session_is_in_time(s, at_ms)) { /* it waited while the session was closed */
            return (struct lane_choice){LANE_COUNTING, 0, NULL};
        }
        return lane_late(s, at_ms);
    case SESSION_SCHEDULED:
    case SESSION_SUBMITTED:
    case SESSION_VOIDED:
    case SESSION_STATE_COUNT:
        break;
    }
    return (struct lane_choice){LANE_REFUSED, ERR_CONFLICT, &MSG_CLOSED};
}

static bool mask_fits(const struct paper_item *place, uint32_t mask)
{
    switch (place->item->type) {
    case ITEM_TRUE_FALSE:
        return mask <= 1;
    case ITEM_SINGLE:
        return mask < (1u << place->option_count) && (mask & (mask - 1)) == 0;
    case ITEM_MULTIPLE:
        return mask < (1u << place->option_count);
    case ITEM_FILL_IN:
        break;
    }
    return false;
}

static int input_check(const struct session *s, const struct response_input *in, struct err *err)
{
    char item[24], most[24];
    const struct paper_item *place = NULL;

    err_int(item, (int64_t)in->item + 1);
    if (in->item >= s->item_count) {
        return err_set(err, ERR_BAD_INPUT, &MSG_ITEM, item, err_int(most, s->item_count), NULL,
                       NULL);
    }
    if (s->paper != NULL) {
        assert(s->paper->count == s->item_count);
        place = &s->paper->items[in->item];
    }
    if (in->device_seq == 0 || (unsigned)in->kind > RESPONSE_TEXT) {
        return err_set(err, ERR_BAD_INPUT, &MSG_VALUE, item, NULL, NULL, NULL);
    }
    if (in->kind == RESPONSE_MASK &&
        (place != NULL ? !mask_fits(place, in->mask) : in->mask >= (1u << ITEM_OPTIONS_MAX))) {
        return err_set(err, ERR_BAD_INPUT, &MSG_VALUE, item, NULL, NULL, NULL);
    }
    if (in->kind == RESPONSE_TEXT) {
        if (place != NULL && place->item->type != ITEM_FILL_IN) {
            return err_set(err, ERR_BAD_INPUT, &MSG_VALUE, item, NULL, NULL, NULL);
        }
        if (in->text.len > RESPONSE_TEXT_BYTES_MAX || !utf8_valid(in->text, NULL) ||
            (in->text.len > 0 && memchr(in->text.data, 0, in->text.len) != NULL) ||
            !utf8_is_nfc(in->text)) {
            return err_set(err, ERR_BAD_INPUT, &MSG_TEXT, item,
                           err_int(most, RESPONSE_TEXT_BYTES_MAX), NULL, NULL);
        }
    }
    return 0;
}

/* What one save would change: per item the input that wins, as index + 1. */
struct save_plan {
    uint32_t *winner; /* item_count */
    char **texts;     /* item_count; owned until carried out */
    uint32_t *kept;   /* responses_count; indexes of those that are not the winner */
    size_t kept_count;
    enum lane lane;
};

static void save_plan_fini(struct save_plan *plan, uint32_t item_count)
{
    for (uint32_t i = 0; plan->texts != NULL && i < item_count; i++) {
        free(plan->texts[i]);
    }
    free(plan->texts);
    free(plan->winner);
    free(plan->kept);
}

static int refuse_other_bytes(const struct response_input *in, struct err *err)
{
    char item[24], seq[24];

    return err_set(err, ERR_CONFLICT, &MSG_OTHER_BYTES, err_int(item, (int64_t)in->item + 1),
                   err_int(seq, (int64_t)in->device_seq), NULL, NULL);
}

enum verdict { VERDICT_NEWER = 1, VERDICT_REPEATED, VERDICT_OLDER, VERDICT_OTHER_BYTES };

static enum verdict input_versus(const struct session_event *e, const struct response_input *in,
                                 const struct response *stored)
{
    int order = stamp_compare(e->epoch, in->device_seq, stored->epoch, stored->device_seq);

    if (order != 0) {
        return order > 0 ? VERDICT_NEWER : VERDICT_OLDER;
    }
    return response_same(stored, in) ? VERDICT_REPEATED : VERDICT_OTHER_BYTES;
}

/* Judges one input against what is stored and what came before it in the same save. */
static enum verdict input_judge(const struct session *s, const struct session_event *e, size_t i,
                                const struct save_plan *plan)
{
    const struct response_input *in = &e->responses[i];
    enum verdict v = input_versus(e, in, &s->counting[in->item]);

    if (v == VERDICT_NEWER && s->late[in->item].epoch != 0) {
        enum verdict late = input_versus(e, in, &s->late[in->item]);

        /* What came in time counts, although the same or a newer one was late. */
        if (plan->lane != LANE_COUNTING || late == VERDICT_OTHER_BYTES) {
            v = late;
        }
    }
    if (v == VERDICT_NEWER && plan->winner[in->item] != 0) {
        const struct response_input *won = &e->responses[plan->winner[in->item] - 1];

        if (in->device_seq < won->device_seq) {
            return VERDICT_OLDER;
        }
        if (in->device_seq == won->device_seq) {
            return input_same(in, won) ? VERDICT_REPEATED : VERDICT_OTHER_BYTES;
        }
    }
    return v;
}

/* Of one that is older: is it known? */
static enum verdict older_judge(const struct session *s, const struct session_event *e,
                                const struct response_input *in, const struct save_plan *plan)
{
    const struct past_response place = past_of_input(e->epoch, in);
    const struct past_response *known = past_find(s, &place);
    enum verdict v = input_versus(e, in, &s->late[in->item]);

    if (v == VERDICT_REPEATED || v == VERDICT_OTHER_BYTES) {
        return v;
    }
    v = VERDICT_OLDER;
    if (known != NULL) {
        v = known->value == place.value ? VERDICT_REPEATED : VERDICT_OTHER_BYTES;
    }
    for (size_t i = 0; known == NULL && i < plan->kept_count; i++) {
        const struct response_input *kept = &e->responses[plan->kept[i]];

        if (kept->item == in->item && kept->device_seq == in->device_seq) {
            return input_same(kept, in) ? VERDICT_REPEATED : VERDICT_OTHER_BYTES;
        }
    }
    return v;
}

/* An older one is kept, unless nothing is or too many were. */
static int older_keep(const struct session *s, const struct session_event *e,
                      const struct lane_choice *choice, struct session_effect *fx, struct err *err)
{
    char most[24];

    if (e->keys_shown && session_is_closed(s)) {
        return err_set(err, choice->code, choice->msg, NULL, NULL, NULL, NULL);
    }
    if (s->older_kept + fx->older >= SESSION_OLDER_MAX) {
        return err_set(err, ERR_LIMIT, &MSG_OLDER, err_int(most, SESSION_OLDER_MAX), NULL, NULL,
                       NULL);
    }
    fx->older++;
    return 0;
}

static int save_plan_make(const struct session *s, const struct session_event *e,
                          const struct lane_choice *choice, struct save_plan *plan,
                          struct session_effect *fx, struct err *err)
{
    for (size_t i = 0; i < e->responses_count; i++) {
        const struct response_input *in = &e->responses[i];
        enum verdict v = input_judge(s, e, i, plan);
        int rc;

        if (v == VERDICT_OLDER) {
            v = older_judge(s, e, in, plan);
        }
        switch (v) {
        case VERDICT_OTHER_BYTES:
            return refuse_other_bytes(in, err);
        case VERDICT_REPEATED:
            fx->repeated++;
            break;
        case VERDICT_OLDER:
            rc = older_keep(s, e, choice, fx, err);
            if (rc != 0) {
                return rc;
            }
            plan->kept[plan->kept_count++] = (uint32_t)i;
            break;
        case VERDICT_NEWER:
            if (choice->lane == LANE_REFUSED) {
                return err_set(err, choice->code, choice->msg, NULL, NULL, NULL, NULL);
            }
            if (plan->winner[in->item] != 0) {
                plan->kept[plan->kept_count++] = plan->winner[in->item] - 1;
            }
            plan->winner[in->item] = (uint32_t)i + 1;
            *(choice->lane == LANE_LATE ? &fx->late : &fx->stored) += 1;
            break;
        }
    }
    for (uint32_t item = 0; item < s->item_count; item++) {
        const struct response_input *in;

        if (plan->winner[item] == 0) {
            continue;
        }
        in = &e->responses[plan->winner[item] - 1];
        if (in->kind == RESPONSE_TEXT) {
            plan->texts[item] = calloc(1, in->text.len + 1);
            if (plan->texts[item] == NULL) {
                return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
            }
            if (in->text.len > 0) {
                memcpy(plan->texts[item], in->text.data, in->text.len);
            }
        }
    }
    return 0;
}

static void device_note(struct session *s, uint32_t epoch, uint64_t device_seq)
{
    for (size_t d = 0; d < s->devices_count; d++) {
        if (s->devices[d].epoch == epoch && s->devices[d].last_seq < device_seq) {
            s->devices[d].last_seq = device_seq;
        }
    }
}

static void save_plan_carry_out(struct session *s, const struct session_event *e,
                                struct save_plan *plan)
{
    struct response *to = plan->lane == LANE_LATE ? s->late : s->counting;

    for (uint32_t item = 0; item < s->item_count; item++) {
        const struct response_input *in;

        if (plan->winner[item] == 0) {
            continue;
        }
        in = &e->responses[plan->winner[item] - 1];
        if (to[item].epoch != 0) {
            struct past_response past = past_of_response(item, &to[item]);

            past_add(s, &past);
        }
        response_clear(&to[item]);
        to[item] = (struct response){.kind = in->kind,
                                     .mask = in->kind == RESPONSE_MASK ? in->mask : 0,
                                     .text = plan->texts[item],
                                     .epoch = e->epoch,
                                     .device_seq = in->device_seq,
                                     .received_ms = e->at_ms};
        plan->texts[item] = NULL;
        device_note(s, e->epoch, in->device_seq);
    }
    for (size_t i = 0; i < plan->kept_count; i++) {
        const struct response_input *in = &e->responses[plan->kept[i]];
        struct past_response past = past_of_input(e->epoch, in);

        past_add(s, &past);
        device_note(s, e->epoch, in->device_seq);
    }
}

int session_save(struct session *s, const struct session_event *e, struct session_effect *fx,
                 struct err *err)
{
    struct lane_choice choice = lane_choose(s, e);
    struct save_plan plan = {.lane = choice.lane};
    char most[24];
    int rc;

    if (s->state == SESSION_SCHEDULED || s->state == SESSION_VOIDED) {
        return session_refuse_move(s, "保存作答", err);
    }
    if (e->responses_count > RESPONSES_PER_SAVE_MAX) {
        return err_set(err, ERR_LIMIT, &MSG_COUNT, err_int(most, RESPONSES_PER_SAVE_MAX), NULL,
                       NULL, NULL);
    }
    rc = session_check_epoch(s, e->epoch, err);
    for (size_t i = 0; rc == 0 && i < e->responses_count; i++) {
        rc = input_check(s, &e->responses[i], err);
    }
    if (rc != 0 || e->responses_count == 0) {
        return rc;
    }
    plan.winner = calloc(s->item_count, sizeof *plan.winner);
    plan.texts = calloc(s->item_count, sizeof *plan.texts);
    plan.kept = calloc(e->responses_count, sizeof *plan.kept);
    if (plan.winner == NULL || plan.texts == NULL || plan.kept == NULL) {
        rc = err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
        goto out;
    }
    rc = save_plan_make(s, e, &choice, &plan, fx, err);
    if (rc == 0 && fx->stored + fx->late + fx->older > 0) { /* a repeat displaces nothing */
        rc = past_reserve(s, e->responses_count);
        if (rc != 0) {
            err_set(err, rc, NULL, NULL, NULL, NULL, NULL);
        }
    }
    if (rc != 0) {
        goto out;
    }
    save_plan_carry_out(s, e, &plan);
    s->older_kept += (uint32_t)fx->older;
    fx->changed = fx->stored + fx->late + fx->older > 0;
    if (s->state == SESSION_GRADED) {
        fx->grade_due = fx->stored > 0 || (fx->late > 0 && !s->pending);
        s->pending = s->pending || fx->late > 0;
    }
out:
    save_plan_fini(&plan, s->item_count);
    return rc;
}
