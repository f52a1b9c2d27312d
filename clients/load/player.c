/* One person of a day.
 *
 *   START ──▶ OPEN ──▶ SAVE ⇄ REPEAT, RELOAD ──▶ SUBMIT ──▶ RESULT ──▶ GONE ──▶ CHECK ──▶ GONE
 *                        └────────────────────────── leaves ───────────▲
 *
 * Happy path: an act falls due, is sent when the connection is free, and its reply decides the next
 * act. What a person does of their own accord (arriving, answering, handing in) is due by the plan,
 * whether or not earlier replies came; what follows from a reply is due when that came. Latency is
 * counted from when a request was due, or would have left a slow link, whatever held it up.
 *
 * Fails: a lost connection or "come back later" brings the same act again, which the API takes as a
 * repeat; another refusal of an answer makes the person load the page again first; whoever has no
 * success for long gives up, which the verdict does not forgive. Thread: the event_base's. */
#include "clients/load/play.h"
#include "clients/load/clock.h"

#include "clients/load/request.h"

#include <assert.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

static const int64_t US = 1000000;

static const struct {
    const char *name;
    bool is_measured;
    enum measure measure;
} acts[] = {
    [ACT_START] = {"start", true, MEASURE_START},
    [ACT_OPEN] = {"open", true, MEASURE_OPEN},
    [ACT_SAVE] = {"save", true, MEASURE_SAVE},
    [ACT_REPEAT] = {"save", true, MEASURE_SAVE},
    [ACT_RELOAD] = {"open", true, MEASURE_OPEN},
    [ACT_SUBMIT] = {"submit", true, MEASURE_SUBMIT},
    [ACT_RESULT] = {"result", true, MEASURE_RESULT},
    [ACT_CHECK] = {"check", false, 0},
    [ACT_GONE] = {"gone", false, 0},
};

static void go(struct player *p);

/* ---- small ---- */

static void arm(struct player *p, int64_t at_us)
{
    int64_t us = at_us - clock_now_us();
    struct timeval wait = {.tv_sec = us > 0 ? us / US : 0,
                           .tv_usec = us > 0 ? (suseconds_t)(us % US) : 0};

    p->armed_us = at_us;
    event_add(p->timer, &wait);
}

/* The only place where an act changes. */
static void act_set(struct player *p, enum act act, int64_t due_us)
{
    assert(!p->asking);
    p->act = act;
    p->due_us = due_us;
    p->retry_us = p->failing_us = 0;
    p->refusals = 0;
    p->is_unsure = false;
}

static void error_note(struct player *p, const char *name)
{
    play_need(p->play, diary_error(p->play->diary, clock_now_us(), name));
}

static void leave(struct player *p)
{
    event_del(p->timer);
    p->asking = p->connecting = false;
    conn_drop(&p->conn);
    act_set(p, ACT_GONE, 0);
    play_gone(p->play);
}

static void give_up(struct player *p)
{
    struct diary *d = p->play->diary;
    char name[ERROR_NAME_BYTES];

    snprintf(name, sizeof name, "gave-up-at-%s", acts[p->act].name);
    error_note(p, name);
    if (p->act == ACT_CHECK)
        d->unchecked++;
    else
        d->gave_up++;
    leave(p);
}

/* The same act once more, later. */
static void again_in(struct player *p, int64_t us)
{
    int64_t now_us = clock_now_us();

    if (p->failing_us == 0)
        p->failing_us = now_us;
    if (now_us - p->failing_us > PATIENCE_S * US) {
        give_up(p);
        return;
    }
    p->retry_us = now_us + us;
    arm(p, p->retry_us);
}

/* ---- asking ---- */

static void request_write(struct player *p)
{
    const struct options *o = p->play->options;
    struct candidate *c = p->candidate;
    struct request r = {&p->conn.out, &p->play->target, c};

    buf_clear(&p->conn.out);
    switch (p->act) {
    case ACT_START:
        request_start(&r, o->exam, o->attempt);
        break;
    case ACT_OPEN:
    case ACT_RELOAD:
        request_open(&r);
        break;
    case ACT_SAVE:
        request_save(&r, c->sent_seq, 1, &p->play->scratch);
        break;
    case ACT_REPEAT:
        request_save(&r, p->last_seq, 1, &p->play->scratch);
        break;
    case ACT_SUBMIT:
        request_submit(&r, c->next_seq - 1);
        break;
    case ACT_RESULT:
        request_result(&r);
        break;
    case ACT_CHECK:
        request_session(&r);
        break;
    case ACT_GONE:
        assert(false); /* somebody who is gone asks nothing */
    }
}

static void connect_begin(struct player *p)
{
    int64_t now_us = clock_now_us();

    p->connecting = conn_connect(&p->conn) == 0;
    if (!p->connecting) {
        error_note(p, "connect-failed");
        again_in(p, COME_BACK_MS * 1000);
        return;
    }
    p->connect_from_us = now_us;
    arm(p, now_us + REPLY_S_MAX * US);
}

/* Gone as soon as the answer is on its way: whether it was stored, only sending it again tells. */
static void disconnect(struct player *p)
{
    int64_t back_us = clock_now_us() + p->answer.disconnect_us;

    conn_drop(&p->conn);
    p->asking = false;
    p->is_unsure = p->was_away = true;
    p->due_us = back_us;
    p->schedule_us += p->answer.disconnect_us;
    p->play->diary->disconnects++;
    arm(p, back_us);
}

static void go(struct player *p)
{
    int64_t now_us = clock_now_us();
    int64_t at_us = p->due_us > p->retry_us ? p->due_us : p->retry_us;

    if (p->act == ACT_GONE || p->asking || p->connecting)
        return;
    if (at_us > now_us) {
        arm(p, at_us);
        return;
    }
    if (!p->conn.is_ready) {
        /* With a descriptor the server is ending the connection: the news is coming. */
        if (p->conn.fd < 0)
            connect_begin(p);
        return;
    }
    request_write(p);
    if (buf_error(&p->conn.out) != 0 || buf_error(&p->play->scratch) != 0) {
        play_need(p->play, ERR_NOMEM);
        return;
    }
    p->asking = true;
    p->pauses_us = conn_pauses_us(&p->conn);
    arm(p, now_us + p->pauses_us + REPLY_S_MAX * US);
    conn_send(&p->conn);
    if (p->act == ACT_SAVE && p->answer.disconnect && !p->was_away)
        disconnect(p);
}

static void timer_fired(evutil_socket_t fd, short what, void *arg)
{
    struct player *p = arg;

    (void)fd;
    (void)what;
    if (!p->asking && !p->connecting) {
        if (p->act != ACT_CHECK)
            hist_add(&p->play->diary->late, clock_now_us() - p->armed_us);
        go(p);
        return;
    }
    error_note(p, p->asking ? "no-reply" : "no-connection");
    p->is_unsure |= p->asking;
    p->asking = p->connecting = false;
    conn_drop(&p->conn);
    again_in(p, COME_BACK_MS * 1000);
}

/* ---- the next act ---- */

static void answer_next(struct player *p)
{
    int64_t together_us = p->play->from_us + p->plan.hand_in_us;

    plan_answer(&p->play->day, p->number, p->answered, &p->answer);
    p->schedule_us += p->answer.think_us;
    p->was_away = false;
    if (p->answered < p->plan.answers) {
        p->candidate->sent_seq = p->candidate->next_seq++;
        act_set(p, ACT_SAVE, p->schedule_us);
    } else if (p->plan.never_hand_in) {
        p->play->diary->left++;
        leave(p);
        return;
    } else {
        act_set(p, ACT_SUBMIT, p->schedule_us > together_us ? p->schedule_us : together_us);
    }
    go(p);
}

/* From `done` on: what the plan has for this answer, then the next. */
static void answer_on(struct player *p, enum act done)
{
    int64_t now_us = clock_now_us();

    if (done == ACT_SAVE && p->answer.duplicate) {
        act_set(p, ACT_REPEAT, now_us);
    } else if (done != ACT_RELOAD && p->answer.reload) {
        act_set(p, ACT_RELOAD, now_us);
    } else {
        p->answered++;
        answer_next(p);
        return;
    }
    go(p);
}

/* ---- replies ---- */

static bool started(struct player *p, const struct reply *reply)
{
    struct diary *d = p->play->diary;

    if (candidate_take_session(p->candidate, reply->body) != 0)
        return false;
    if (reply->status != 201 && !p->is_unsure)
        error_note(p, "had-started-before");
    d->started++;
    act_set(p, ACT_OPEN, clock_now_us());
    go(p);
    return true;
}

static bool opened(struct player *p, const struct reply *reply)
{
    struct diary *d = p->play->diary;
    struct candidate *c = p->candidate;
    uint64_t next_seq = c->next_seq;
    size_t stored = 0, missing = 0;
    unsigned refusals;

    if (candidate_take_opened(c, reply->body) != 0 ||
        candidate_check(c, reply->body, &stored, &missing) != 0)
        return false;
    if (c->next_seq < next_seq)
        c->next_seq = next_seq; /* no number twice, whatever the server forgot */
    d->missing_at_reload += missing;
    if (p->act == ACT_OPEN) {
        p->schedule_us = clock_now_us();
        answer_next(p);
        return true;
    }
    d->reloads++;
    if (p->resume == ACT_GONE) {
        answer_on(p, ACT_RELOAD);
        return true;
    }
    refusals = p->refusals;
    act_set(p, p->resume, p->resume_due_us);
    p->refusals = refusals; /* it is the same attempt at the same act */
    p->resume = ACT_GONE;
    go(p);
    return true;
}

static bool saved(struct player *p, const struct reply *reply)
{
    struct diary *d = p->play->diary;
    struct candidate *c = p->candidate;
    int64_t event_seq = ack_event_seq(reply->body);

    if (p->act == ACT_REPEAT) {
        if (event_seq != c->event_seq)
            error_note(p, "repeat-changed-the-session");
        d->duplicates++;
        answer_on(p, ACT_REPEAT);
        return true;
    }
    if (event_seq < c->event_seq || (event_seq == c->event_seq && !p->is_unsure))
        error_note(p, "acknowledgement-without-event");
    if (!ack_is_on_time(reply->body))
        error_note(p, "acknowledged-as-late");
    c->event_seq = event_seq;
    c->items[candidate_item_of(c, c->sent_seq)].stored_seq = c->sent_seq;
    p->last_seq = c->sent_seq;
    c->sent_seq = 0;
    d->acknowledged++;
    answer_on(p, ACT_SAVE);
    return true;
}

static bool handed_in(struct player *p, const struct reply *reply)
{
    static const char name[] = "\"head\":\"";
    const char *at = memmem(reply->body.data, reply->body.len, name, sizeof name - 1);
    const char *end = (const char *)reply->body.data + reply->body.len;

    if (at == NULL || end - at < (ptrdiff_t)(sizeof name + HEAD_HEX_BYTES))
        return false;
    if (p->act == ACT_SUBMIT) {
        if (!body_has(reply->body, "\"state\":\"graded\""))
            error_note(p, "handed-in-not-graded");
        memcpy(p->head, at + sizeof name - 1, HEAD_HEX_BYTES);
        p->handed_in = true;
        p->play->diary->handed_in++;
        act_set(p, ACT_RESULT, clock_now_us());
        go(p);
        return true;
    }
    if (memcmp(p->head, at + sizeof name - 1, HEAD_HEX_BYTES) != 0)
        error_note(p, "result-changed");
    leave(p);
    return true;
}

/* All that was acknowledged: answers, and the hand-in with the head that it had. */
static bool checked(struct player *p, const struct reply *reply)
{
    struct diary *d = p->play->diary;
    size_t stored = 0, missing = 0;

    if (candidate_check(p->candidate, reply->body, &stored, &missing) != 0)
        return false;
    d->stored += stored;
    d->missing += missing;
    if (p->handed_in &&
        (!body_has(reply->body, "\"state\":\"graded\"") || !body_has(reply->body, p->head)))
        d->hand_ins_missing++;
    leave(p);
    return true;
}

/* The server does not know a session that it began: all of it is missing. */
static void session_gone(struct player *p)
{
    struct diary *d = p->play->diary;

    for (size_t i = 0; i < p->candidate->items_count; i++)
        d->missing += p->candidate->items[i].stored_seq != 0;
    d->sessions_missing++;
    d->hand_ins_missing += p->handed_in;
    leave(p);
}

/* False: a body that makes no sense. */
static bool reply_take(struct player *p, const struct reply *reply)
{
    switch (p->act) {
    case ACT_START:
        return started(p, reply);
    case ACT_OPEN:
    case ACT_RELOAD:
        return opened(p, reply);
    case ACT_SAVE:
    case ACT_REPEAT:
        return saved(p, reply);
    case ACT_SUBMIT:
    case ACT_RESULT:
        return handed_in(p, reply);
    case ACT_CHECK:
        return checked(p, reply);
    case ACT_GONE:
        break;
    }
    return true;
}

/* ---- refusals ---- */

/* "Wait your turn" is no failure: the person comes back at the time told, and what they are then
 * kept waiting counts from there. */
static void turn_wait(struct player *p, const struct reply *reply)
{
    struct diary *d = p->play->diary;
    json_t *object = json_loadb((const char *)reply->body.data, reply->body.len, 0, NULL);
    json_int_t before = json_integer_value(json_object_get(object, "before"));
    json_int_t ms = json_integer_value(json_object_get(object, "retry_after_ms"));
    int64_t now_us = clock_now_us();

    json_decref(object);
    if (ms <= 0 || ms > WAIT_S_MAX * 1000)
        ms = reply->retry_after_s > 0 ? (json_int_t)reply->retry_after_s * 1000 : COME_BACK_MS;
    play_need(p->play, diary_waits(d, now_us, now_us - p->due_us - p->pauses_us,
                                   before > 0 ? (uint64_t)before : 0));
    if (p->wait_from_us == 0) {
        p->wait_from_us = now_us;
        d->room.people++;
    }
    if (now_us - p->wait_from_us > WAIT_S_MAX * US) {
        give_up(p);
        return;
    }
    p->due_us = now_us + ms * 1000;
    arm(p, p->due_us);
}

static void refused(struct player *p, const struct reply *reply)
{
    bool is_later = reply->status == 429 || reply->status == 503;
    char name[PROBLEM_NAME_BYTES];

    problem_name(reply, name);
    if (p->act == ACT_START && reply->status == 503 && strcmp(name, "start-wait-your-turn") == 0) {
        turn_wait(p, reply);
        return;
    }
    error_note(p, name);
    if (is_later) {
        again_in(p, reply->retry_after_s > 0 ? reply->retry_after_s * US : COME_BACK_MS * 1000);
    } else if (p->act == ACT_CHECK && reply->status == 404) {
        session_gone(p);
    } else if (++p->refusals >= REFUSALS_MAX) {
        give_up(p);
    } else if (p->act == ACT_SAVE || p->act == ACT_REPEAT || p->act == ACT_SUBMIT) {
        unsigned refusals = p->refusals;

        p->resume = p->act;
        p->resume_due_us = p->due_us;
        act_set(p, ACT_RELOAD, clock_now_us());
        p->refusals = refusals;
        go(p);
    } else {
        again_in(p, COME_BACK_MS * 1000);
    }
}

static void admitted(struct player *p, int64_t now_us)
{
    struct diary *d = p->play->diary;
    int64_t from_us = p->due_us > p->ready_us ? p->due_us : p->ready_us;

    hist_add(&d->start_admitted, now_us - from_us - p->pauses_us);
    if (p->wait_from_us == 0)
        return;
    hist_add(&d->room.wait, p->due_us - p->wait_from_us);
    p->wait_from_us = 0;
}

static void replied(struct player *p, const struct reply *reply)
{
    struct diary *d = p->play->diary;
    int64_t now_us = clock_now_us();
    enum act act = p->act;
    int64_t due_us = p->due_us;

    p->asking = false;
    event_del(p->timer);
    if (reply->status < 200 || reply->status > 299) {
        refused(p, reply);
        return;
    }
    if (act == ACT_START)
        admitted(p, now_us);
    if (acts[act].is_measured)
        play_need(p->play,
                  diary_reply(d, acts[act].measure, now_us, now_us - due_us - p->pauses_us));
    if (reply_take(p, reply))
        return;
    error_note(p, "reply-without-sense");
    if (++p->refusals >= REFUSALS_MAX)
        give_up(p);
    else
        again_in(p, COME_BACK_MS * 1000);
}

static void lost(struct player *p)
{
    bool was_needed = p->asking || p->connecting;

    p->is_unsure |= p->asking;
    p->asking = p->connecting = false;
    if (p->act == ACT_GONE)
        return;
    if (was_needed) {
        error_note(p, "connection-lost");
        again_in(p, COME_BACK_MS * 1000);
    } else if (!event_pending(p->timer, EV_TIMEOUT, NULL)) {
        arm(p, clock_now_us()); /* the server ended it after its reply: not a failure */
    }
}

static void news(struct conn *conn, enum conn_news what, const struct reply *reply)
{
    struct player *p = conn->user;

    switch (what) {
    case CONN_READY:
        p->connecting = false;
        event_del(p->timer);
        p->ready_us = clock_now_us();
        hist_add(&p->play->diary->connect, p->ready_us - p->connect_from_us);
        go(p);
        break;
    case CONN_REPLIED:
        replied(p, reply);
        break;
    case CONN_LOST:
        lost(p);
        break;
    }
}

/* ---- life ---- */

int player_init(struct player *p, struct play *play, uint32_t number)
{
    const struct day *day = &play->day;

    p->play = play;
    p->number = number;
    p->candidate = &play->candidates.all[number];
    p->act = p->resume = ACT_GONE;
    plan_person(day, play->people, number, &p->plan);
    plan_nonce(day, number, p->candidate->nonce);
    conn_init(&p->conn, &play->target, play->base, number, news, p);
    if (p->plan.slow_link) {
        p->conn.piece_bytes = day->slow_bytes;
        p->conn.piece_pause_ms = day->slow_pause_ms;
    }
    p->timer = evtimer_new(play->base, timer_fired, p);
    return p->timer != NULL ? 0 : ERR_NOMEM;
}

void player_fini(struct player *p)
{
    if (p->play == NULL)
        return;
    conn_fini(&p->conn);
    if (p->timer != NULL)
        event_free(p->timer);
    *p = (struct player){0};
}

void player_arrive(struct player *p)
{
    act_set(p, ACT_START, p->play->from_us + p->plan.arrive_us);
    arm(p, p->due_us);
}

void player_check(struct player *p)
{
    p->conn.piece_bytes = 0;
    act_set(p, ACT_CHECK, clock_now_us());
    arm(p, p->due_us);
}
