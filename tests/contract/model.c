/* Replaying a journal into rows. One thread. */
#include "tests/contract/model.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* ------------------------------------------------------------------ replaying */

static void started(struct model *m, const struct event *e, const struct session_started *p)
{
    struct session_row *r = &m->sessions[e->session];

    r->session = e->session;
    memcpy(r->session_uuid, p->session_uuid, 16);
    memcpy(r->exam_uuid, p->exam_uuid, 16);
    memcpy(r->pseudonym, p->pseudonym, 32);
    r->attempt = p->attempt;
    r->first_seq = e->seq;
    r->started_ms = p->at_ms;
}

static void graded(struct model *m, const struct event *e, const struct session_graded *p)
{
    const struct session_row *s = &m->sessions[e->session];
    struct score_row *r = &m->scores[e->session];

    memset(r, 0, sizeof(*r));
    r->session = e->session;
    r->seq = e->seq;
    memcpy(r->exam_uuid, s->exam_uuid, 16);
    memcpy(r->pseudonym, s->pseudonym, 32);
    r->attempt = s->attempt;
    r->points = p->score;
    r->points_max = p->points;
    r->passed = p->passed;
    r->pending = p->pending;
    r->band = p->band;
    r->graded_ms = m->handin_ms[e->session];
    r->timed_out = m->timed_out[e->session];
    r->recorded_ms = e->recorded_ms;
}

static size_t attendance_find(const struct model *m, const uint8_t pseudonym[32],
                              struct bytes hearing)
{
    size_t i = 0;

    while (i < m->attendance_count && (memcmp(m->attendance[i].row.pseudonym, pseudonym, 32) != 0 ||
                                       !bytes_equal(m->attendance[i].row.hearing, hearing)))
        i++;
    return i;
}

static void attendance_drop(struct model *m, const uint8_t pseudonym[32], struct bytes hearing)
{
    size_t i = attendance_find(m, pseudonym, hearing);

    if (i < m->attendance_count)
        m->attendance[i] = m->attendance[--m->attendance_count];
}

static void attended(struct model *m, const struct event *e, const struct hearing_attended *p)
{
    struct model_attendance *a;

    attendance_drop(m, p->pseudonym, p->hearing);
    a = &m->attendance[m->attendance_count++];
    cr_assert_leq(m->attendance_count, MODEL_ROWS_MAX);
    memcpy(a->row.pseudonym, p->pseudonym, 32);
    a->row.hearing = p->hearing;
    a->row.date = p->date;
    a->row.mode = (uint8_t)p->mode;
    a->row.recorded_ms = e->recorded_ms;
    a->seq = e->seq;
}

static void replay(struct model *m, const struct event *e)
{
    struct session_row *s = &m->sessions[e->session];
    struct score_row *score = &m->scores[e->session];
    struct payload p;

    cr_assert_eq(payload_decode(e->type, e->payload, &m->arena, &p, NULL), 0);
    switch (p.type) {
    case EVENT_SESSION_STARTED:
        started(m, e, &p.u.started);
        break;
    case EVENT_SESSION_SUBMITTED:
        m->handin_ms[e->session] = p.u.submitted.at_ms;
        m->timed_out[e->session] = false;
        break;
    case EVENT_SESSION_TIMED_OUT:
        m->handin_ms[e->session] = p.u.timed_out.deadline_ms;
        m->timed_out[e->session] = true;
        break;
    case EVENT_SESSION_GRADED:
        graded(m, e, &p.u.graded);
        s->closed_seq = s->closed_seq != 0 ? s->closed_seq : e->seq;
        break;
    case EVENT_SESSION_VOIDED:
        s->closed_seq = s->closed_seq != 0 ? s->closed_seq : e->seq;
        if (score->session != 0) {
            score->voided = true;
            score->seq = e->seq;
            score->recorded_ms = e->recorded_ms;
        }
        break;
    case EVENT_SESSION_REOPENED:
        s->closed_seq = 0;
        score->session = 0;
        break;
    case EVENT_HEARING_ATTENDED:
        attended(m, e, &p.u.attended);
        break;
    case EVENT_ATTENDANCE_REVOKED:
        attendance_drop(m, p.u.revoked.pseudonym, p.u.revoked.hearing);
        break;
    default:
        break;
    }
}

static int by_date(const void *a, const void *b)
{
    const struct model_attendance *x = a, *y = b;
    int order = bytes_compare(x->row.date, y->row.date);

    return order != 0 ? order : (x->seq > y->seq) - (x->seq < y->seq);
}

struct model *model_new(const struct journal *j, int64_t before_ms)
{
    const struct journal_file *f = &j->files[STORE_RECORD];
    struct model *m = calloc(1, sizeof(*m));

    cr_assert_not_null(m);
    arena_init(&m->arena, 0);
    for (size_t i = 0; i < f->stored; i++)
        if (f->events[i].recorded_ms < before_ms && f->events[i].type != EVENT_RESPONSES)
            replay(m, &f->events[i]);
    qsort(m->attendance, m->attendance_count, sizeof(m->attendance[0]), by_date);
    return m;
}

void model_free(struct model *m)
{
    arena_fini(&m->arena);
    free(m);
}

/* ------------------------------------------------------------------ comparing */

struct compare {
    const struct model *m;
    bool only_open;
    const uint8_t *exam;
    struct bytes from, to;
    size_t next;
    const char *fault;
};

static void session_skip(struct compare *c)
{
    while (c->next < JOURNAL_SESSIONS_MAX &&
           (c->m->sessions[c->next].session == 0 ||
            (c->only_open && c->m->sessions[c->next].closed_seq != 0)))
        c->next++;
}

static int session_visit(void *arg, const struct session_row *r)
{
    struct compare *c = arg;
    const struct session_row *want;

    session_skip(c);
    want = &c->m->sessions[c->next];
    if (c->next >= JOURNAL_SESSIONS_MAX)
        c->fault = "a session too many";
    else if (r->session != want->session || memcmp(r->session_uuid, want->session_uuid, 16) != 0 ||
             memcmp(r->exam_uuid, want->exam_uuid, 16) != 0 ||
             memcmp(r->pseudonym, want->pseudonym, 32) != 0 || r->attempt != want->attempt ||
             r->first_seq != want->first_seq || r->started_ms != want->started_ms ||
             r->closed_seq != want->closed_seq)
        c->fault = c->only_open ? "an open session" : "a session";
    c->next++;
    return c->fault != NULL;
}

static const char *sessions_compare(const struct model *m, struct store *s, bool only_open,
                                    int64_t before_ms)
{
    struct compare c = {.m = m, .only_open = only_open};
    int rc = store_sessions_each(s, only_open, before_ms, session_visit, &c, NULL);

    if (c.fault != NULL || rc != 0)
        return c.fault != NULL ? c.fault : "sessions cannot be read";
    session_skip(&c);
    return c.next < JOURNAL_SESSIONS_MAX ? "a session is missing" : NULL;
}

static void score_skip(struct compare *c)
{
    while (c->next < JOURNAL_SESSIONS_MAX &&
           (c->m->scores[c->next].session == 0 ||
            (c->exam != NULL && memcmp(c->m->scores[c->next].exam_uuid, c->exam, 16) != 0)))
        c->next++;
}

static int score_visit(void *arg, const struct score_row *r)
{
    struct compare *c = arg;
    const struct score_row *want;

    score_skip(c);
    want = &c->m->scores[c->next];
    if (c->next >= JOURNAL_SESSIONS_MAX)
        c->fault = "a score too many";
    else if (r->session != want->session || r->seq != want->seq ||
             memcmp(r->exam_uuid, want->exam_uuid, 16) != 0 ||
             memcmp(r->pseudonym, want->pseudonym, 32) != 0 || r->attempt != want->attempt ||
             r->points != want->points || r->points_max != want->points_max ||
             r->passed != want->passed || r->pending != want->pending ||
             r->voided != want->voided || r->band != want->band ||
             r->graded_ms != want->graded_ms || (!r->voided && r->timed_out != want->timed_out) ||
             r->recorded_ms != want->recorded_ms)
        c->fault = "a score";
    c->next++;
    return c->fault != NULL;
}

static const char *scores_compare(const struct model *m, struct store *s, const uint8_t *exam,
                                  int64_t before_ms)
{
    struct compare c = {.m = m, .exam = exam};
    int rc = store_scores_each(s, exam, before_ms, score_visit, &c, NULL);

    if (c.fault != NULL || rc != 0)
        return c.fault != NULL ? c.fault : "scores cannot be read";
    score_skip(&c);
    return c.next < JOURNAL_SESSIONS_MAX ? "a score is missing" : NULL;
}

static void attendance_skip(struct compare *c)
{
    while (c->next < c->m->attendance_count &&
           (bytes_compare(c->m->attendance[c->next].row.date, c->from) < 0 ||
            bytes_compare(c->m->attendance[c->next].row.date, c->to) >= 0))
        c->next++;
}

static int attendance_visit(void *arg, const struct attendance_row *r)
{
    struct compare *c = arg;
    const struct attendance_row *want;

    attendance_skip(c);
    want = &c->m->attendance[c->next].row;
    if (c->next >= c->m->attendance_count)
        c->fault = "an attendance too many";
    else if (memcmp(r->pseudonym, want->pseudonym, 32) != 0 ||
             !bytes_equal(r->hearing, want->hearing) || !bytes_equal(r->date, want->date) ||
             r->mode != want->mode || r->recorded_ms != want->recorded_ms)
        c->fault = "an attendance";
    c->next++;
    return c->fault != NULL;
}

static const char *attendance_compare(const struct model *m, struct store *s, int64_t before_ms,
                                      const char *from, const char *to)
{
    struct compare c = {.m = m, .from = bytes_of_text(from), .to = bytes_of_text(to)};
    int rc = store_attendance_each(s, from, to, before_ms, attendance_visit, &c, NULL);

    if (c.fault != NULL || rc != 0)
        return c.fault != NULL ? c.fault : "attendance cannot be read";
    attendance_skip(&c);
    return c.next < m->attendance_count ? "an attendance is missing" : NULL;
}

const char *model_compare(const struct model *m, struct store *s, int64_t before_ms,
                          const uint8_t exam[16], const char *from, const char *to)
{
    const char *fault = sessions_compare(m, s, false, before_ms);

    if (fault == NULL)
        fault = sessions_compare(m, s, true, before_ms);
    if (fault == NULL)
        fault = scores_compare(m, s, exam, before_ms);
    return fault != NULL ? fault : attendance_compare(m, s, before_ms, from, to);
}
