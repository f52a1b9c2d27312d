/* See model.h. */
#include "tests/sim/model.h"

#include "server/live/sessions.h"
#include "server/record/chain.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const char *const texts[] = {"五年", "5年", "四年", ""};

const char *model_text(unsigned index)
{
    return texts[index % 4];
}

void model_fail(struct model *m, const char *format, ...)
{
    va_list args;

    if (m->fault[0] != '\0')
        return;
    va_start(args, format);
    vsnprintf(m->fault, sizeof m->fault, format, args);
    va_end(args);
}

struct model_session *model_find(struct model *m, const uint8_t uuid[16])
{
    for (size_t i = 0; i < m->count; i++) {
        if (memcmp(m->sessions[i].uuid, uuid, 16) == 0)
            return &m->sessions[i];
    }
    return NULL;
}

static bool stamp_less(uint32_t epoch_a, uint64_t seq_a, uint32_t epoch_b, uint64_t seq_b)
{
    return epoch_a < epoch_b || (epoch_a == epoch_b && seq_a < seq_b);
}

/* ---- what was said ---- */

static void head_heard(struct model *m, struct model_session *s, const struct session_ack *ack)
{
    size_t n = s->heads_count;

    if (n > 0 && ack->seq < s->heads[n - 1].seq)
        model_fail(m, "P%u attempt %u: acknowledged event %lld after %lld", s->person, s->attempt,
                   (long long)ack->seq, (long long)s->heads[n - 1].seq);
    if (n > 0 && ack->seq == s->heads[n - 1].seq) {
        if (!digest_equal(&ack->head, &s->heads[n - 1].head))
            model_fail(m, "P%u attempt %u: two heads of event %lld", s->person, s->attempt,
                       (long long)ack->seq);
        return;
    }
    if (n == MODEL_HEADS_MAX)
        return;
    s->heads[n].seq = ack->seq;
    s->heads[n].head = ack->head;
    s->heads_count++;
}

struct model_session *model_started(struct model *m, unsigned person,
                                    const struct session_view *view)
{
    struct model_session *s = model_find(m, view->ack.session_uuid);

    if (s == NULL) {
        for (size_t i = 0; i < m->count; i++) {
            if (m->sessions[i].person == person && m->sessions[i].attempt == view->attempt)
                model_fail(m, "P%u has two sessions of attempt %u", person, view->attempt);
        }
        if (m->count == MODEL_SESSIONS_MAX) {
            model_fail(m, "more sessions than a story can have");
            return NULL;
        }
        s = &m->sessions[m->count++];
        memcpy(s->uuid, view->ack.session_uuid, 16);
        s->person = person;
        s->attempt = view->attempt;
        s->paper = view->paper_digest;
    }
    if (s->person != person || s->attempt != view->attempt ||
        !digest_equal(&s->paper, &view->paper_digest))
        model_fail(m, "P%u attempt %u was given another paper", person, view->attempt);
    head_heard(m, s, &view->ack);
    return s;
}

void model_sent(struct model *m, struct model_session *s, const struct sent *r)
{
    for (size_t i = 0; i < s->sent_count; i++) {
        const struct sent *e = &s->sent[i];

        if (e->item == r->item && e->epoch == r->epoch && e->seq == r->seq)
            return;
    }
    if (s->sent_count == MODEL_SENT_MAX)
        model_fail(m, "more responses than a story can have");
    else
        s->sent[s->sent_count++] = *r;
}

void model_acked(struct model *m, struct model_session *s, const struct session_ack *ack,
                 bool of_open, const struct sent *responses, size_t count)
{
    head_heard(m, s, ack);
    if (ack->epoch > s->epoch)
        s->epoch = ack->epoch;
    else if (ack->epoch < s->epoch && !of_open) /* an open says its own device's */
        model_fail(m, "P%u attempt %u: epoch %u was acknowledged after %u", s->person, s->attempt,
                   ack->epoch, s->epoch);
    for (size_t i = 0; i < count; i++) {
        const struct sent *r = &responses[i];

        if (stamp_less(s->acked[r->item].epoch, s->acked[r->item].seq, r->epoch, r->seq)) {
            s->acked[r->item].epoch = r->epoch;
            s->acked[r->item].seq = r->seq;
        }
    }
}

void model_handed_in(struct model *m, struct model_session *s, const struct session_view *view)
{
    head_heard(m, s, &view->ack);
    if (!view->has_score)
        model_fail(m, "P%u attempt %u: a hand-in was acknowledged without a score", s->person,
                   s->attempt);
    s->handed_in = true;
    s->points = view->score.points;
}

/* ---- the core's memory ---- */

static bool same_value(const struct sent *e, const struct response *r)
{
    if (e->kind != r->kind)
        return false;
    if (e->kind == RESPONSE_MASK)
        return e->mask == r->mask;
    return e->kind != RESPONSE_TEXT || strcmp(model_text(e->text), r->text) == 0;
}

static void check_item(struct model *m, const struct model_session *s,
                       const struct session_entry *e, uint32_t item, int64_t now_ms)
{
    const struct session *live = &e->in->session;
    const struct response *c = &live->counting[item], *l = &live->late[item];
    const struct response *newest =
        stamp_less(c->epoch, c->device_seq, l->epoch, l->device_seq) ? l : c;
    bool was_sent = newest->epoch == 0;

    if (stamp_less(newest->epoch, newest->device_seq, s->acked[item].epoch, s->acked[item].seq))
        model_fail(m, "P%u attempt %u item %u: acknowledged (%u, %llu) is gone, (%u, %llu) is held",
                   s->person, s->attempt, item, s->acked[item].epoch,
                   (unsigned long long)s->acked[item].seq, newest->epoch,
                   (unsigned long long)newest->device_seq);
    for (size_t i = 0; i < s->sent_count && !was_sent; i++) {
        const struct sent *r = &s->sent[i];

        was_sent = r->item == item && r->epoch == newest->epoch && r->seq == newest->device_seq &&
                   same_value(r, newest);
    }
    if (!was_sent)
        model_fail(m, "P%u attempt %u item %u: holds (%u, %llu), which nobody sent", s->person,
                   s->attempt, item, newest->epoch, (unsigned long long)newest->device_seq);
    if (c->epoch > 0 && c->received_ms > session_deadline_ms(live, now_ms) + live->terms.grace_ms)
        model_fail(
            m, "P%u attempt %u item %u: received %lld ms after the grace, and counts", s->person,
            s->attempt, item,
            (long long)(c->received_ms - session_deadline_ms(live, now_ms) - live->terms.grace_ms));
}

static void check_state(struct model *m, const struct model_session *s,
                        const struct session_entry *e)
{
    bool closed = e->state == SESSION_GRADED || e->state == SESSION_VOIDED;

    if (s->handed_in && !s->reopened && !closed)
        model_fail(m, "P%u attempt %u was handed in, and is %s", s->person, s->attempt,
                   session_state_name(e->state));
    if (s->handed_in && !s->act_tried && e->has_score &&
        (m->withdraw_tried ? e->score.points < s->points : e->score.points != s->points))
        model_fail(m, "P%u attempt %u: the score was %u and is %u", s->person, s->attempt,
                   s->points, e->score.points);
    if ((s->keys_seen || m->keys_seen) && (!closed || e->pending))
        model_fail(m, "P%u attempt %u is %s%s after its answer keys were seen", s->person,
                   s->attempt, session_state_name(e->state), e->pending ? " and pending" : "");
    if (s->voided && e->state != SESSION_VOIDED)
        model_fail(m, "P%u attempt %u was voided, and is %s", s->person, s->attempt,
                   session_state_name(e->state));
    if (e->state == SESSION_SUBMITTED || e->state == SESSION_TIMED_OUT)
        model_fail(m, "P%u attempt %u is closed and not marked", s->person, s->attempt);
}

void model_check_memory(struct model *m, struct live *live, int64_t now_ms)
{
    struct sessions *all = live->sessions;

    if (all == NULL)
        return; /* it is not running */
    for (size_t i = 0; i < m->count; i++) {
        const struct model_session *s = &m->sessions[i];
        const struct session_entry *e = sessions_find(all, s->uuid);

        if (e == NULL) {
            model_fail(m, "P%u attempt %u was started, and is gone", s->person, s->attempt);
            return;
        }
        check_state(m, s, e);
        if (e->in == NULL)
            continue; /* cold: looked at in the end */
        if (!session_is_consistent(&e->in->session))
            model_fail(m, "P%u attempt %u contradicts itself", s->person, s->attempt);
        if (s->heads_count > 0 && e->in->last_seq < s->heads[s->heads_count - 1].seq)
            model_fail(m, "P%u attempt %u: the chain is shorter than acknowledged", s->person,
                       s->attempt);
        if (e->in->session.epoch < s->epoch)
            model_fail(m, "P%u attempt %u: epoch %u was acknowledged, %u is the newest", s->person,
                       s->attempt, s->epoch, e->in->session.epoch);
        for (uint32_t item = 0; item < GROUND_ITEMS; item++)
            check_item(m, s, e, item, now_ms);
    }
    for (size_t i = 0; i < all->count; i++) {
        const struct session_entry *e = all->entries[i];
        unsigned running = 0;

        for (const struct session_entry *o = sessions_of(all, e->exam_uuid, e->person); o != NULL;
             o = o->same)
            running += o->state == SESSION_STARTED || o->state == SESSION_SUSPENDED;
        if (running > 1)
            model_fail(m, "person %u has %u sessions running", e->person, running);
    }
}

/* ---- the end ---- */

struct chain_walk {
    struct model *m;
    const struct model_session *s;
    struct digest head;
    int64_t recorded_ms, last;
    size_t heads; /* found so far */
    uint32_t newest_epoch;
};

static int chain_visit(void *arg, const struct event *e)
{
    struct chain_walk *w = arg;
    struct arena arena;
    struct payload p;

    if (e->prev_seq != w->last || e->recorded_ms < w->recorded_ms)
        model_fail(w->m, "P%u attempt %u: event %lld does not follow %lld", w->s->person,
                   w->s->attempt, (long long)e->seq, (long long)w->last);
    w->head = chain_next(DIGEST_SM3, &w->head, e);
    w->last = e->seq;
    w->recorded_ms = e->recorded_ms;
    if (w->heads < w->s->heads_count && w->s->heads[w->heads].seq == e->seq) {
        if (!digest_equal(&w->head, &w->s->heads[w->heads].head))
            model_fail(w->m, "P%u attempt %u: the head of event %lld is not the acknowledged one",
                       w->s->person, w->s->attempt, (long long)e->seq);
        w->heads++;
    }
    arena_init(&arena, 0);
    if (payload_decode(e->type, e->payload, &arena, &p, NULL) != 0)
        model_fail(w->m, "event %lld cannot be read", (long long)e->seq);
    else if (e->type == EVENT_SESSION_OPENED)
        w->newest_epoch = p.u.opened.epoch;
    else if (e->type == EVENT_SESSION_SUBMITTED && p.u.submitted.epoch != w->newest_epoch)
        model_fail(w->m, "P%u attempt %u was handed in by epoch %u while %u owned it", w->s->person,
                   w->s->attempt, p.u.submitted.epoch, w->newest_epoch);
    arena_fini(&arena);
    return 0;
}

static void check_chain(struct model *m, const struct model_session *s, struct live *live,
                        struct store *store)
{
    const struct session_entry *e = sessions_find(live->sessions, s->uuid);
    struct chain_walk w = {.m = m, .s = s};
    uint8_t secret[32];

    if (e == NULL || store_secret_get(store, e->number, secret, NULL) != 0) {
        model_fail(m, "P%u attempt %u has no secret", s->person, s->attempt);
        return;
    }
    w.head = chain_init(DIGEST_SM3, secret, s->uuid);
    if (store_events_each(store, STORE_RECORD, 0, e->number, chain_visit, &w, NULL) != 0)
        model_fail(m, "the events of P%u cannot be read", s->person);
    if (w.heads != s->heads_count)
        model_fail(m, "P%u attempt %u: acknowledged event %lld is not in the journal", s->person,
                   s->attempt, (long long)s->heads[w.heads].seq);
}

/* Withdrawn items have full marks, and the score is the sum. */
static void check_withdrawn(struct model *m, const struct model_session *s,
                            const struct session_entry *e)
{
    const struct paper *paper = e->in->session.paper;
    uint32_t sum = 0;

    if (e->state != SESSION_GRADED || e->in->awards == NULL)
        return;
    for (size_t i = 0; i < paper->count; i++) {
        sum += e->in->awards[i];
        for (size_t k = 0; k < m->withdrawn_count; k++) {
            if (bytes_equal(paper->items[i].item->id, bytes_of_text(m->withdrawn[k])) &&
                e->in->awards[i] != paper->items[i].points)
                model_fail(m, "P%u attempt %u: %s was withdrawn and gives %u of %u", s->person,
                           s->attempt, m->withdrawn[k], e->in->awards[i], paper->items[i].points);
        }
    }
    if (sum != e->score.points)
        model_fail(m, "P%u attempt %u: the score is %u, the awards are %u", s->person, s->attempt,
                   e->score.points, sum);
}

/* Figures foot, and are those of the sessions. */
static void check_figures(struct model *m, const struct ground *g, struct live *live, unsigned exam,
                          int64_t now_ms)
{
    struct arena arena;
    struct job job = {.type = JOB_COVERAGE,
                      .arena = &arena,
                      .received_ms = now_ms,
                      .in.report = {.as_of_ms = INT64_MAX}};
    const char *what = NULL;

    arena_init(&arena, 0);
    memcpy(job.in.report.exam_uuid, g->exams[exam], 16);
    if (live_call(live, &job) != 0) {
        model_fail(m, "no coverage is to be had: %d", job.rc);
        arena_fini(&arena);
        return;
    }
    if (coverage_check(&job.out.coverage.coverage, &what) >= 0)
        model_fail(m, "the figures do not foot: %s", what);
    for (unsigned person = 0; person < GROUND_PEOPLE; person++) {
        enum coverage_class class = CLASS_MISSING;
        const struct session_entry *e = sessions_of(live->sessions, g->exams[exam], person);

        for (; e != NULL; e = e->same) {
            if (e->state == SESSION_GRADED && !e->pending)
                class = CLASS_SAT;
            else if (e->state == SESSION_GRADED && class == CLASS_MISSING)
                class = CLASS_PENDING;
        }
        if (job.out.coverage.coverage.places[person].class != class)
            model_fail(m, "person %u is counted as class %d, not %d", person,
                       (int)job.out.coverage.coverage.places[person].class, (int)class);
    }
    if (job.out.coverage.coverage.nodes[0].total.n[COVERAGE_EXPECTED] != GROUND_PEOPLE)
        model_fail(m, "not everybody is expected");
    job_fini(&job);
    arena_fini(&arena);
}

void model_check_end(struct model *m, const struct ground *g, struct live *live,
                     struct store *store, unsigned exam, int64_t now_ms)
{
    struct store_rows_report report;

    for (size_t i = 0; i < live->sessions->count; i++) {
        const struct session_entry *e = live->sessions->entries[i];

        if (e->state != SESSION_GRADED && e->state != SESSION_VOIDED)
            model_fail(m, "person %u attempt %u is %s long after its time", e->person, e->attempt,
                       session_state_name(e->state));
    }
    for (size_t i = 0; i < m->count; i++) {
        struct session_entry *e = sessions_find(live->sessions, m->sessions[i].uuid);

        if (e != NULL && e->in == NULL && session_load(live->sessions, e, NULL) != 0)
            model_fail(m, "P%u attempt %u cannot be read back", m->sessions[i].person,
                       m->sessions[i].attempt);
        else if (e != NULL)
            check_withdrawn(m, &m->sessions[i], e);
        check_chain(m, &m->sessions[i], live, store);
    }
    model_check_memory(m, live, now_ms);
    check_figures(m, g, live, exam, now_ms);
    if (store_rows_check(store, STORE_RECORD, &report, NULL) != 0 || report.differences > 0)
        model_fail(m, "the tables are not what the events say");
}
