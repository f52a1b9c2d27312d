/* Session: the state machine of one sitting.
 *
 * Happy path: session_init (SCHEDULED), STARTED, OPENED, RESPONSES …, SUBMITTED or TIMED_OUT, GRADED.
 * Every event is judged first and carried out only when nothing can fail any more, so that an error
 * leaves the session as it was. States change in session_set_state alone, along `legal_moves`, and
 * session_is_consistent is asserted after each event.
 *
 * Fails by returning a code and a sentence; memory is needed only for the texts of fill-in answers
 * and is taken before anything changes.
 *
 * Thread: one owner at a time (the record writer). */
#include "server/exam/session.h"

#include "server/exam/session_save.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

/* Bounds every duration so that no sum of them can overflow. */
static const int64_t TERM_MS_MAX = INT64_C(1) << 52;

static const struct msg MSG_MOVE = {
    .id = "session-move-illegal",
    .zh = "本场考试当前状态为“{0}”，不能{1}",
    .en = "the session is {0}: it cannot be {1}",
};
const struct msg session_msg_suspended = {
    .id = "session-suspended",
    .zh = "本场考试已被监考人员暂停，恢复后方可继续作答",
    .en = "the session is suspended; go on when it resumes",
};
static const struct msg MSG_EPOCH_UNKNOWN = {
    .id = "epoch-unknown",
    .zh = "设备标识已失效，请刷新页面后重试",
    .en = "unknown device epoch {0}; open the session again",
};
static const struct msg MSG_EPOCH_OLDER = {
    .id = "epoch-older",
    .zh = "本场考试已在另一台设备上打开，请在该设备上交卷，或刷新本页后再交卷",
    .en = "the session was opened on another device: hand in there, or reload this page first",
};
static const struct msg MSG_LATE = {
    .id = "session-late",
    .zh = "已超过考试截止时间",
    .en = "after the deadline and its grace",
};
const struct msg session_msg_late_decided = {
    .id = "late-already-decided",
    .zh = "迟交作答已有处理决定，不再接收",
    .en = "the late responses were already decided on",
};
const struct msg session_msg_keys_shown = {
    .id = "session-keys-shown",
    .zh = "答案可能已向考生公布，本次作答不再接收任何内容，也不能重新开放；"
          "确需补考的，请作废本次作答并另行安排一次作答",
    .en = "the answer keys may have been seen: this session takes nothing more and cannot be "
          "reopened; void it and give a new attempt instead",
};
static const struct msg MSG_LATE_NONE = {
    .id = "late-none",
    .zh = "本场考试没有待处理的迟交作答",
    .en = "there are no late responses to decide on",
};
static const struct msg MSG_TERMS = {
    .id = "session-terms-differ",
    .zh = "本场考试已按其他条件开始",
    .en = "the session was started under other terms",
};
static const struct msg MSG_MS = {
    .id = "session-time-bad",
    .zh = "时间或时长无效",
    .en = "not a usable time or duration",
};
static const struct msg MSG_NO_ROOM = {
    .id = "extra-time-cut",
    .zh = "本场作答已排到考试时段的截止时间，延长无效；如需继续作答，请在其截止后重新开放并指定截止"
          "时间",
    .en =
        "the deadline is already at the end of the window, so this would give nothing; reopen the "
        "session after its end and name a deadline",
};
static const struct msg MSG_NOT_DUE = {
    .id = "session-not-due",
    .zh = "考试截止时间未到，不能按超时处理",
    .en = "the session is not due, or its deadline is another",
};
static const struct msg MSG_PENDING = {
    .id = "session-pending-differs",
    .zh = "成绩的待定标记与迟交作答不符",
    .en = "the pending flag of the score does not agree with the late responses",
};
static const struct msg MSG_EPOCH_REPLAY = {
    .id = "session-epoch-replay",
    .zh = "记录中的设备序号{0}与应有的{1}不符",
    .en = "recorded epoch {0}, but it must be {1}",
};

/* ---------------------------------------------------------------------------- states */

#define TO(state) (1u << (state))

static const uint8_t legal_moves[SESSION_STATE_COUNT] = {
    [SESSION_SCHEDULED] = TO(SESSION_STARTED),
    [SESSION_STARTED] = TO(SESSION_SUSPENDED) | TO(SESSION_SUBMITTED) | TO(SESSION_TIMED_OUT),
    [SESSION_SUSPENDED] = TO(SESSION_STARTED),
    [SESSION_SUBMITTED] = TO(SESSION_GRADED),
    [SESSION_TIMED_OUT] = TO(SESSION_GRADED),
    [SESSION_GRADED] = TO(SESSION_GRADED) | TO(SESSION_VOIDED) | TO(SESSION_STARTED),
    [SESSION_VOIDED] = 0,
};

static const struct {
    const char *name;
    const char *zh;
} state_words[SESSION_STATE_COUNT] = {
    [SESSION_SCHEDULED] = {"scheduled", "未开始"}, [SESSION_STARTED] = {"started", "作答中"},
    [SESSION_SUSPENDED] = {"suspended", "已暂停"}, [SESSION_SUBMITTED] = {"submitted", "已交卷"},
    [SESSION_TIMED_OUT] = {"timed_out", "已超时"}, [SESSION_GRADED] = {"graded", "已评分"},
    [SESSION_VOIDED] = {"voided", "已作废"},
};

bool session_move_is_legal(enum session_state from, enum session_state to)
{
    if ((unsigned)from >= SESSION_STATE_COUNT || (unsigned)to >= SESSION_STATE_COUNT) {
        return false;
    }
    return (legal_moves[from] & TO(to)) != 0;
}

const char *session_state_name(enum session_state state)
{
    return (unsigned)state < SESSION_STATE_COUNT ? state_words[state].name : "unknown";
}

/* The only place where a state changes. */
static void session_set_state(struct session *s, enum session_state to)
{
    assert(session_move_is_legal(s->state, to));
    s->state = to;
}

int session_refuse_move(const struct session *s, const char *zh, struct err *err)
{
    return err_set(err, ERR_CONFLICT, &MSG_MOVE, state_words[s->state].zh, zh, NULL, NULL);
}

bool session_is_closed(const struct session *s)
{
    return s->state == SESSION_SUBMITTED || s->state == SESSION_TIMED_OUT ||
           s->state == SESSION_GRADED || s->state == SESSION_VOIDED;
}

/* ---------------------------------------------------------------------------- life */

int session_init(struct session *s, const struct session_terms *terms, uint32_t item_count)
{
    const int64_t times[] = {terms->started_ms, terms->duration_ms,    terms->extra_ms,
                             terms->grace_ms,   terms->late_accept_ms, terms->window_end_ms};

    *s = (struct session){0};
    if (item_count > BLUEPRINT_ITEMS_MAX) {
        return ERR_LIMIT;
    }
    for (size_t i = 0; i < sizeof times / sizeof times[0]; i++) {
        if (times[i] < 0 || times[i] > TERM_MS_MAX) {
            return ERR_BAD_INPUT;
        }
    }
    if (terms->started_ms == 0 || (terms->cut_at_window_end && terms->window_end_ms == 0)) {
        return ERR_BAD_INPUT;
    }
    s->terms = *terms;
    s->item_count = item_count;
    s->counting = calloc(item_count > 0 ? item_count : 1, sizeof *s->counting);
    s->late = calloc(item_count > 0 ? item_count : 1, sizeof *s->late);
    if (s->counting == NULL || s->late == NULL) {
        session_fini(s);
        return ERR_NOMEM;
    }
    return 0;
}

void session_fini(struct session *s)
{
    for (uint32_t i = 0; i < s->item_count; i++) {
        if (s->counting != NULL) {
            free(s->counting[i].text);
        }
        if (s->late != NULL) {
            free(s->late[i].text);
        }
    }
    free(s->counting);
    free(s->late);
    free(s->past);
    *s = (struct session){0};
}

/* ---------------------------------------------------------------------------- time */

int64_t session_deadline_ms(const struct session *s, int64_t now_ms)
{
    const struct session_terms *t = &s->terms;
    int64_t moved = 0;
    int64_t deadline;

    if (s->state == SESSION_SUSPENDED && now_ms > s->suspended_ms) {
        moved = now_ms - s->suspended_ms;
    }
    if (s->reopened_deadline_ms != 0) {
        return s->reopened_deadline_ms + moved;
    }
    deadline = t->started_ms + t->duration_ms + t->extra_ms + s->extra_granted_ms + moved;
    if (t->cut_at_window_end && deadline > t->window_end_ms) {
        deadline = t->window_end_ms;
    }
    return deadline;
}

int64_t session_due_ms(const struct session *s)
{
    if (s->state != SESSION_STARTED) {
        return INT64_MAX;
    }
    return session_deadline_ms(s, 0) + s->terms.grace_ms;
}

int64_t session_late_end_ms(const struct session *s, int64_t now_ms)
{
    return session_deadline_ms(s, now_ms) + s->terms.grace_ms + s->terms.late_accept_ms;
}

/* Counts at at_ms, as far as time goes. */
bool session_is_in_time(const struct session *s, int64_t at_ms)
{
    return at_ms <= session_deadline_ms(s, at_ms) + s->terms.grace_ms;
}

bool session_late_undecided(const struct session *s)
{
    if (s->late_decided) {
        return false;
    }
    for (uint32_t i = 0; i < s->item_count; i++) {
        if (s->late[i].epoch != 0) {
            return true;
        }
    }
    return false;
}

/* a's (epoch, seq) is greater. */
static bool response_is_newer(const struct response *a, const struct response *b)
{
    return a->epoch > b->epoch || (a->epoch == b->epoch && a->device_seq > b->device_seq);
}

/* Lets go of a response that is displaced, and remembers that there was one. */
static void response_past(struct session *s, uint32_t item, struct response *r)
{
    if (r->epoch != 0) {
        struct past_response past = past_of_response(item, r);

        past_add(s, &past);
    }
    free(r->text);
}

/* After the deadline moved: what is now in time counts, and so does what an officer accepted. What
 * was refused stays where it is. Room for item_count past responses was made. */
static void session_promote_late(struct session *s, int64_t at_ms)
{
    for (uint32_t i = 0; i < s->item_count; i++) {
        struct response *late = &s->late[i];

        if (late->epoch == 0 || (s->late_decided && !s->late_accepted)) {
            continue;
        }
        if (!s->late_decided &&
            late->received_ms > session_deadline_ms(s, at_ms) + s->terms.grace_ms) {
            continue;
        }
        if (response_is_newer(late, &s->counting[i])) {
            response_past(s, i, &s->counting[i]);
            s->counting[i] = *late;
        } else {
            response_past(s, i, late);
        }
        *late = (struct response){0};
    }
}

/* ---------------------------------------------------------------------------- start, devices */

static bool terms_equal(const struct session_terms *a, const struct session_terms *b)
{
    return memcmp(a->session_uuid, b->session_uuid, sizeof a->session_uuid) == 0 &&
           memcmp(a->exam_uuid, b->exam_uuid, sizeof a->exam_uuid) == 0 &&
           memcmp(a->pseudonym.b, b->pseudonym.b, sizeof a->pseudonym.b) == 0 &&
           memcmp(a->nonce, b->nonce, sizeof a->nonce) == 0 && a->attempt == b->attempt &&
           a->started_ms == b->started_ms && a->duration_ms == b->duration_ms &&
           a->extra_ms == b->extra_ms && a->grace_ms == b->grace_ms &&
           a->late_accept_ms == b->late_accept_ms && a->window_end_ms == b->window_end_ms &&
           a->cut_at_window_end == b->cut_at_window_end;
}

static int apply_started(struct session *s, const struct session_event *e,
                         struct session_effect *fx, struct err *err)
{
    if (e->terms != NULL && (!terms_equal(e->terms, &s->terms) || e->item_count != s->item_count)) {
        return err_set(err, ERR_CONFLICT, &MSG_TERMS, NULL, NULL, NULL, NULL);
    }
    if (s->state != SESSION_SCHEDULED) {
        return 0; /* a repeat returns the same paper, also after hand-in */
    }
    session_set_state(s, SESSION_STARTED);
    fx->changed = true;
    return 0;
}

static struct device *device_find(const struct session *s, const uint8_t id[16])
{
    for (size_t i = 0; i < s->devices_count; i++) {
        if (memcmp(s->devices[i].id, id, sizeof s->devices[i].id) == 0) {
            return (struct device *)&s->devices[i];
        }
    }
    return NULL;
}

uint64_t session_next_seq(const struct session *s, const uint8_t device_id[16])
{
    const struct device *d = device_find(s, device_id);

    return d == NULL ? 1 : d->last_seq + 1;
}

/* A place for a new device; the one with the lowest epoch makes room. */
static struct device *device_place(struct session *s)
{
    struct device *lowest = &s->devices[0];

    if (s->devices_count < SESSION_DEVICES_MAX) {
        return &s->devices[s->devices_count++];
    }
    for (size_t i = 1; i < s->devices_count; i++) {
        if (s->devices[i].epoch < lowest->epoch) {
            lowest = &s->devices[i];
        }
    }
    return lowest;
}

static int apply_opened(struct session *s, const struct session_event *e, struct session_effect *fx,
                        struct err *err)
{
    struct device *d = device_find(s, e->device_id);
    bool closed = session_is_closed(s);
    bool keeps = d != NULL && (closed || d->epoch == s->epoch);
    uint32_t epoch = keeps ? d->epoch : s->epoch + 1;
    char recorded[24], expected[24];

    if (s->state == SESSION_SCHEDULED || s->state == SESSION_VOIDED || (closed && d == NULL)) {
        return session_refuse_move(s, "打开作答", err);
    }
    if (s->epoch == UINT32_MAX) {
        return err_set(err, ERR_LIMIT, &MSG_EPOCH_UNKNOWN, NULL, NULL, NULL, NULL);
    }
    if (e->epoch != 0 && e->epoch != epoch) {
        return err_set(err, ERR_CORRUPT, &MSG_EPOCH_REPLAY, err_int(recorded, e->epoch),
                       err_int(expected, epoch), NULL, NULL);
    }
    fx->epoch = epoch;
    if (keeps) {
        return 0;
    }
    if (d == NULL) {
        d = device_place(s);
        *d = (struct device){0};
        memcpy(d->id, e->device_id, sizeof d->id);
    }
    d->epoch = epoch;
    s->epoch = epoch;
    fx->changed = true;
    return 0;
}

/* ---------------------------------------------------------------------------- officers' acts */

static int apply_suspended(struct session *s, const struct session_event *e,
                           struct session_effect *fx, struct err *err)
{
    if (s->state != SESSION_STARTED) {
        return session_refuse_move(s, "暂停", err);
    }
    if (e->at_ms <= 0) {
        return err_set(err, ERR_BAD_INPUT, &MSG_MS, NULL, NULL, NULL, NULL);
    }
    if (!session_is_in_time(s, e->at_ms)) {
        return err_set(err, ERR_LATE, &MSG_LATE, NULL, NULL, NULL, NULL);
    }
    session_set_state(s, SESSION_SUSPENDED);
    s->suspended_ms = e->at_ms;
    fx->changed = true;
    return 0;
}

static void grant_ms(struct session *s, int64_t ms)
{
    s->extra_granted_ms += ms;
    if (s->reopened_deadline_ms != 0) {
        s->reopened_deadline_ms += ms;
    }
}

/* By how much a grant of ms would move the deadline. */
static int64_t grant_moves_ms(const struct session *s, int64_t ms)
{
    struct session trial = *s;

    grant_ms(&trial, ms);
    return session_deadline_ms(&trial, s->suspended_ms) - session_deadline_ms(s, s->suspended_ms);
}

static int apply_resumed(struct session *s, const struct session_event *e,
                         struct session_effect *fx, struct err *err)
{
    int64_t away;

    if (s->state != SESSION_SUSPENDED) {
        return session_refuse_move(s, "恢复", err);
    }
    away = e->at_ms > s->suspended_ms ? e->at_ms - s->suspended_ms : 0;
    if (away > TERM_MS_MAX - s->extra_granted_ms) {
        return err_set(err, ERR_BAD_INPUT, &MSG_MS, NULL, NULL, NULL, NULL);
    }
    fx->granted_ms = away;
    fx->moved_ms = grant_moves_ms(s, away);
    session_set_state(s, SESSION_STARTED);
    grant_ms(s, away);
    s->suspended_ms = 0;
    fx->changed = true;
    return 0;
}

static int apply_extra_time(struct session *s, const struct session_event *e,
                            struct session_effect *fx, struct err *err)
{
    if (s->state != SESSION_STARTED && s->state != SESSION_SUSPENDED) {
        return session_refuse_move(s, "延长时间", err);
    }
    if (e->ms <= 0 || e->ms > TERM_MS_MAX - s->extra_granted_ms) {
        return err_set(err, ERR_BAD_INPUT, &MSG_MS, NULL, NULL, NULL, NULL);
    }
    if (past_reserve(s, s->item_count) != 0) {
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    fx->granted_ms = e->ms;
    fx->moved_ms = grant_moves_ms(s, e->ms);
    if (e->must_move && fx->moved_ms == 0) {
        return err_set(err, ERR_CONFLICT, &MSG_NO_ROOM, NULL, NULL, NULL, NULL);
    }
    grant_ms(s, e->ms);
    session_promote_late(s, s->state == SESSION_SUSPENDED ? s->suspended_ms : e->at_ms);
    fx->changed = true;
    return 0;
}

static int apply_reopened(struct session *s, const struct session_event *e,
                          struct session_effect *fx, struct err *err)
{
    if (s->state != SESSION_GRADED) {
        return session_refuse_move(s, "重新开放", err);
    }
    if (e->keys_shown) {
        return err_set(err, ERR_CONFLICT, &session_msg_keys_shown, NULL, NULL, NULL, NULL);
    }
    if (e->deadline_ms <= e->at_ms || e->deadline_ms <= 0 || e->deadline_ms > TERM_MS_MAX) {
        return err_set(err, ERR_BAD_INPUT, &MSG_MS, NULL, NULL, NULL, NULL);
    }
    if (past_reserve(s, s->item_count) != 0) {
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    session_set_state(s, SESSION_STARTED);
    s->reopened_deadline_ms = e->deadline_ms;
    s->closed_ms = 0;
    s->timed_out = false;
    s->pending = false;
    session_promote_late(s, e->at_ms);
    fx->changed = true;
    return 0;
}

static int apply_voided(struct session *s, struct session_effect *fx, struct err *err)
{
    if (s->state != SESSION_GRADED) {
        return session_refuse_move(s, "作废", err);
    }
    session_set_state(s, SESSION_VOIDED);
    s->pending = false;
    fx->changed = true;
    return 0;
}

static int apply_late_decided(struct session *s, const struct session_event *e,
                              struct session_effect *fx, struct err *err)
{
    if (s->state != SESSION_GRADED) {
        return session_refuse_move(s, "处理迟交作答", err);
    }
    if (s->late_decided) {
        return err_set(err, ERR_CONFLICT, &session_msg_late_decided, NULL, NULL, NULL, NULL);
    }
    if (!s->pending) {
        return err_set(err, ERR_CONFLICT, &MSG_LATE_NONE, NULL, NULL, NULL, NULL);
    }
    if (e->keys_shown) {
        return err_set(err, ERR_CONFLICT, &session_msg_keys_shown, NULL, NULL, NULL, NULL);
    }
    s->late_decided = true;
    s->late_accepted = e->accepted;
    s->pending = false;
    fx->changed = true;
    fx->grade_due = true;
    return 0;
}

/* ---------------------------------------------------------------------------- the end */

int session_check_epoch(const struct session *s, uint32_t epoch, struct err *err)
{
    char text[24];

    if (epoch == 0 || epoch > s->epoch) {
        return err_set(err, ERR_STALE, &MSG_EPOCH_UNKNOWN, err_int(text, epoch), NULL, NULL, NULL);
    }
    return 0;
}

static int apply_submitted(struct session *s, const struct session_event *e,
                           struct session_effect *fx, struct err *err)
{
    int rc;

    if (s->state == SESSION_SUBMITTED || s->state == SESSION_TIMED_OUT ||
        s->state == SESSION_GRADED) {
        return 0; /* a repeat is told the same result */
    }
    if (s->state == SESSION_SUSPENDED) {
        return err_set(err, ERR_CONFLICT, &session_msg_suspended, NULL, NULL, NULL, NULL);
    }
    if (s->state != SESSION_STARTED) {
        return session_refuse_move(s, "交卷", err);
    }
    rc = session_check_epoch(s, e->epoch, err);
    if (rc != 0) {
        return rc;
    }
    if (e->epoch != s->epoch) {
        return err_set(err, ERR_STALE, &MSG_EPOCH_OLDER, NULL, NULL, NULL, NULL);
    }
    if (e->at_ms <= 0) {
        return err_set(err, ERR_BAD_INPUT, &MSG_MS, NULL, NULL, NULL, NULL);
    }
    if (!session_is_in_time(s, e->at_ms)) {
        return err_set(err, ERR_LATE, &MSG_LATE, NULL, NULL, NULL, NULL);
    }
    session_set_state(s, SESSION_SUBMITTED);
    s->closed_ms = e->at_ms;
    fx->changed = true;
    fx->grade_due = true;
    return 0;
}

static int apply_timed_out(struct session *s, const struct session_event *e,
                           struct session_effect *fx, struct err *err)
{
    if (s->state != SESSION_STARTED) {
        return session_refuse_move(s, "按超时处理", err);
    }
    if (e->deadline_ms != session_deadline_ms(s, 0) ||
        (e->at_ms != 0 && e->at_ms < session_due_ms(s))) {
        return err_set(err, ERR_CONFLICT, &MSG_NOT_DUE, NULL, NULL, NULL, NULL);
    }
    session_set_state(s, SESSION_TIMED_OUT);
    s->closed_ms = e->deadline_ms;
    s->timed_out = true;
    fx->changed = true;
    fx->grade_due = true;
    return 0;
}

static int apply_graded(struct session *s, const struct session_event *e, struct session_effect *fx,
                        struct err *err)
{
    if (!session_move_is_legal(s->state, SESSION_GRADED)) {
        return session_refuse_move(s, "评分", err);
    }
    if (e->pending != session_late_undecided(s)) {
        return err_set(err, ERR_CONFLICT, &MSG_PENDING, NULL, NULL, NULL, NULL);
    }
    session_set_state(s, SESSION_GRADED);
    s->pending = e->pending;
    fx->changed = true;
    return 0;
}

int session_apply(struct session *s, const struct session_event *e, struct session_effect *out,
                  struct err *err)
{
    struct session_effect fx = {0};
    int rc = ERR_BAD_INPUT;

    if (s->state == SESSION_SCHEDULED && e->type != SE_STARTED) {
        return session_refuse_move(s, "进行此项操作", err);
    }
    switch (e->type) {
    case SE_STARTED:
        rc = apply_started(s, e, &fx, err);
        break;
    case SE_OPENED:
        rc = apply_opened(s, e, &fx, err);
        break;
    case SE_RESPONSES:
        rc = session_save(s, e, &fx, err);
        break;
    case SE_SUSPENDED:
        rc = apply_suspended(s, e, &fx, err);
        break;
    case SE_RESUMED:
        rc = apply_resumed(s, e, &fx, err);
        break;
    case SE_EXTRA_TIME:
        rc = apply_extra_time(s, e, &fx, err);
        break;
    case SE_SUBMITTED:
        rc = apply_submitted(s, e, &fx, err);
        break;
    case SE_TIMED_OUT:
        rc = apply_timed_out(s, e, &fx, err);
        break;
    case SE_GRADED:
        rc = apply_graded(s, e, &fx, err);
        break;
    case SE_VOIDED:
        rc = apply_voided(s, &fx, err);
        break;
    case SE_REOPENED:
        rc = apply_reopened(s, e, &fx, err);
        break;
    case SE_LATE_DECIDED:
        rc = apply_late_decided(s, e, &fx, err);
        break;
    }
    assert(session_is_consistent(s));
    if (rc == 0 && out != NULL) {
        *out = fx;
    }
    return rc;
}

/* ---------------------------------------------------------------------------- invariant */

static bool response_is_consistent(const struct session *s, const struct response *r)
{
    if (r->epoch == 0) {
        return r->kind == RESPONSE_NONE && r->device_seq == 0 && r->text == NULL;
    }
    return r->epoch <= s->epoch && r->device_seq > 0 &&
           (r->kind == RESPONSE_TEXT) == (r->text != NULL);
}

static bool devices_are_consistent(const struct session *s)
{
    bool newest_known = s->epoch == 0;

    if (s->devices_count > SESSION_DEVICES_MAX) {
        return false;
    }
    for (size_t i = 0; i < s->devices_count; i++) {
        const struct device *d = &s->devices[i];

        newest_known = newest_known || d->epoch == s->epoch;
        if (d->epoch == 0 || d->epoch > s->epoch) {
            return false;
        }
        for (size_t j = 0; j < i; j++) {
            if (s->devices[j].epoch == d->epoch ||
                memcmp(s->devices[j].id, d->id, sizeof d->id) == 0) {
                return false;
            }
        }
    }
    return newest_known;
}

bool session_is_consistent(const struct session *s)
{
    if ((unsigned)s->state >= SESSION_STATE_COUNT || s->extra_granted_ms < 0 ||
        (s->suspended_ms != 0) != (s->state == SESSION_SUSPENDED) ||
        (s->closed_ms != 0) != session_is_closed(s) || (s->late_accepted && !s->late_decided) ||
        s->pending != (s->state == SESSION_GRADED && session_late_undecided(s)) ||
        (s->timed_out && !session_is_closed(s)) ||
        (s->timed_out && s->state == SESSION_SUBMITTED) ||
        (s->state == SESSION_TIMED_OUT && !s->timed_out)) {
        return false;
    }
    if (s->past_count > s->past_cap || s->past_count > SESSION_PAST_MAX ||
        s->older_kept > SESSION_OLDER_MAX) {
        return false;
    }
    for (uint32_t i = 0; i < s->item_count; i++) {
        if (!response_is_consistent(s, &s->counting[i]) ||
            !response_is_consistent(s, &s->late[i])) {
            return false;
        }
    }
    return devices_are_consistent(s);
}
