/* What candidates' jobs mean: start, open, save, heartbeat, hand-in, view; and what the server does
 * by itself: closing and marking.
 *
 * Happy path: the session is found, the rules (session_apply) take what was sent, the event joins the
 * batch, the answer is filled from memory. A repeat is answered like the first. Fails with what the
 * candidate has to know; nothing changes then.
 *
 * Thread: the record writer's. */
#include "server/live/record_batch.h"

#include "server/record/chain.h"
#include "server/roster/civil.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct msg MSG_SESSION = {
    .id = "session-unknown",
    .zh = "没有这份答卷",
    .en = "there is no such session",
};
static const struct msg MSG_SCOPE = {
    .id = "session-out-of-scope",
    .zh = "该考生不在您的管理范围内",
    .en = "this candidate is not within your scope",
};
static const struct msg MSG_OWN = {
    .id = "session-own",
    .zh = "不能以考务人员身份处理本人的答卷，请由其他考务人员处理",
    .en = "nobody acts as an officer on their own session; another officer must",
};
static const struct msg MSG_EXAM = {
    .id = "exam-unknown",
    .zh = "没有这场考试",
    .en = "there is no such exam",
};
static const struct msg MSG_NOT_OPEN = {
    .id = "start-exam-not-open",
    .zh = "考试尚未开放或已经结束",
    .en = "the exam is not open",
};
static const struct msg MSG_EARLY = {
    .id = "start-early",
    .zh = "考试将于{0}开始",
    .en = "the exam begins at {0}",
};
static const struct msg MSG_OVER = {
    .id = "start-window-over",
    .zh = "考试已于{0}截止，不能再开始作答",
    .en = "the exam's window ended at {0}",
};
static const struct msg MSG_NOT_ASSIGNED = {
    .id = "start-not-assigned",
    .zh = "您不在本场考试的应考人员范围内，如有疑问请联系本单位联络员",
    .en = "you are not assigned to this exam; ask the liaison of your unit",
};
static const struct msg MSG_EXEMPT = {
    .id = "start-exempt",
    .zh = "您已免予参加本场考试",
    .en = "you are exempt from this exam",
};
static const struct msg MSG_RELEASE = {
    .id = "start-release-missing",
    .zh = "本场考试的题库未装载，请联系考务人员",
    .en = "the exam's bank is not loaded; tell the exam office",
};
static const struct msg MSG_RUNNING = {
    .id = "start-attempt-running",
    .zh = "第{0}次作答尚未结束，请先完成",
    .en = "attempt {0} is still running; finish it first",
};
static const struct msg MSG_ATTEMPTS = {
    .id = "start-attempts-used",
    .zh = "{0}次作答机会已用完",
    .en = "all {0} attempts are used",
};
static const struct msg MSG_ORDINAL = {
    .id = "start-attempt-ordinal",
    .zh = "应开始第{0}次作答，收到的是第{1}次",
    .en = "the next attempt is {0}, not {1}",
};

static int refuse_nomem(struct job *job)
{
    return job_refuse(job, ERR_NOMEM, NULL, NULL, NULL);
}

/* ------------------------------------------------------------------------------ finding */

static bool is_within(const struct record_batch *b, const struct session_entry *e,
                      struct bytes scope)
{
    const struct roster *roster = b->view->roster;
    char today[CIVIL_TEXT_BYTES];
    const struct person_version *v;

    if (scope.len == 0) {
        return true;
    }
    civil_date_of_ms(live_now_ms(b->live), today);
    v = e->person < roster->people_count
            ? person_at(&roster->people[e->person], bytes_of_text(today))
            : NULL;
    return v != NULL && roster_unit_is_within(roster, v->unit, scope, bytes_of_text(today));
}

struct session_entry *job_session(struct record_batch *b, struct job *job, const uint8_t uuid[16])
{
    struct session_entry *e = sessions_find(b->sessions, uuid);
    bool is_own = e != NULL && view_person(b->view, job->person) == (int64_t)e->person;

    if (e == NULL || (!job->officer && !is_own)) {
        job_refuse(job, ERR_NOT_FOUND, &MSG_SESSION, NULL, NULL);
        return NULL;
    }
    if (job->officer && is_own) {
        job_refuse(job, ERR_DENIED, &MSG_OWN, NULL, NULL);
        return NULL;
    }
    if (job->officer && !is_within(b, e, job->scope)) {
        job_refuse(job, ERR_DENIED, &MSG_SCOPE, NULL, NULL);
        return NULL;
    }
    if (e->in == NULL) {
        job->rc = session_load(b->sessions, e, &job->err);
    }
    return job->rc == 0 ? e : NULL;
}

/* ------------------------------------------------------------------------------ answers */

static int responses_fill(const struct session *s, struct arena *arena, const struct response **out)
{
    struct response *copy = arena_array(arena, s->item_count, sizeof *copy);

    if (copy == NULL) {
        return ERR_NOMEM;
    }
    for (uint32_t i = 0; i < s->item_count; i++) {
        const struct response *c = &s->counting[i], *l = &s->late[i];
        bool late_is_newer =
            l->epoch > c->epoch || (l->epoch == c->epoch && l->device_seq > c->device_seq);

        copy[i] = late_is_newer ? *l : *c;
        if (copy[i].kind == RESPONSE_TEXT) {
            copy[i].text = arena_text(arena, copy[i].text, strlen(copy[i].text));
            if (copy[i].text == NULL) {
                return ERR_NOMEM;
            }
        }
    }
    *out = copy;
    return 0;
}

void ack_fill(const struct record_batch *b, const struct session_entry *e, struct job *job,
              struct session_ack *out)
{
    const struct live_session *in = e->in;

    memcpy(out->session_uuid, e->uuid, 16);
    out->seq = in->last_seq;
    out->head = in->head;
    out->server_time_ms = live_now_ms(b->live);
    out->deadline_ms = session_deadline_ms(&in->session, out->server_time_ms);
    out->state = in->session.state;
    out->epoch = in->session.epoch;
    out->pending = in->session.pending;
    if (in->notices_count > 0) {
        struct err *notices = arena_array(job->arena, in->notices_count, sizeof *notices);

        if (notices != NULL) {
            memcpy(notices, in->notices, in->notices_count * sizeof *notices);
            out->notices = notices;
            out->notices_count = in->notices_count;
        }
    }
}

static const char *band_name(const struct record_batch *b, const struct session_entry *e)
{
    const struct exam_view *exam = view_exam(b->view, e->exam_uuid);

    return exam == NULL || e->score.band < 0 || (size_t)e->score.band >= exam->rules.bands_count
               ? ""
               : exam->rules.bands[e->score.band].name;
}

int session_view_fill(const struct record_batch *b, const struct session_entry *e, struct job *job,
                      struct session_view *out)
{
    const struct live_session *in = e->in;
    const struct session *s = &in->session;
    struct paper_item *items = arena_array(job->arena, s->item_count, sizeof *items);
    uint32_t *awards = arena_array(job->arena, s->item_count, sizeof *awards);

    ack_fill(b, e, job, &out->ack);
    out->ack.item_count = s->item_count;
    if (items == NULL || awards == NULL ||
        responses_fill(s, job->arena, &out->ack.responses) != 0) {
        return refuse_nomem(job);
    }
    memcpy(items, s->paper->items, s->item_count * sizeof *items);
    out->paper = (struct paper){items, s->paper->count, s->paper->flags};
    out->paper_digest = in->paper_digest;
    memcpy(out->exam_uuid, e->exam_uuid, 16);
    out->person = e->person;
    out->attempt = e->attempt;
    out->started_ms = s->terms.started_ms;
    out->grace_ms = s->terms.grace_ms;
    out->closed_ms = s->closed_ms;
    if (s->state == SESSION_GRADED && e->has_score && in->awards != NULL) {
        out->has_score = true;
        out->score = e->score;
        memcpy(awards, in->awards, s->item_count * sizeof *awards);
        out->awards = awards;
        memcpy(out->band, band_name(b, e), strlen(band_name(b, e)) + 1);
    }
    return 0;
}

/* ------------------------------------------------------------------------------ marking */

int session_mark(struct record_batch *b, struct session_entry *e, struct err *err)
{
    const struct exam_view *exam = view_exam(b->view, e->exam_uuid);
    struct session *s = &e->in->session;
    struct session_event event = {.type = SE_GRADED, .pending = session_late_undecided(s)};
    struct payload p = {.type = EVENT_SESSION_GRADED};
    struct response *responses;
    struct arena scratch;
    uint32_t *awards;
    struct score score;
    int rc = ERR_NOMEM;

    assert(exam != NULL);
    arena_init(&scratch, 0);
    responses = arena_array(&scratch, s->item_count, sizeof *responses);
    awards = arena_array(&scratch, s->item_count, sizeof *awards);
    if (responses == NULL || awards == NULL) {
        goto out;
    }
    session_standing_responses(s, responses);
    rc = paper_grade(s->paper, &exam->rules, &exam->withdrawals, responses, awards, &score, err);
    if (rc != 0) {
        goto out;
    }
    p.u.graded = (struct session_graded){
        .score = score.points,
        .points = score.points_max,
        .passed = score.passed,
        .band = score.band,
        .paper = e->in->paper_digest,
        .answer_keys = answer_keys_digest(s->paper),
        .responses = responses_digest(responses, s->item_count),
        .rules = exam->rules_digest,
        .withdrawals = exam->withdrawals_digest,
        .awards = {awards, s->item_count},
        .pending = event.pending,
    };
    rc = session_apply(s, &event, NULL, err);
    if (rc == 0) {
        rc = session_take_score(e, &p.u.graded);
    }
    if (rc == 0) {
        rc = record_add(b, e, &p, err);
        e->graded_seq = e->in->last_seq;
    }
out:
    arena_fini(&scratch);
    if (rc != 0) {
        b->is_broken = true; /* it is closed in memory, and not marked */
    }
    return rc;
}

int session_do(struct record_batch *b, struct session_entry *e, const struct session_event *event,
               const struct payload *p, struct session_effect *effect, struct err *err)
{
    int rc = session_apply(&e->in->session, event, effect, err);

    if (rc != 0 || !effect->changed) {
        return rc;
    }
    rc = record_add(b, e, p, err);
    if (rc == 0) {
        live_session_notice(e->in, p, effect);
    }
    if (rc == 0 && effect->grade_due) {
        rc = session_mark(b, e, err);
    }
    if (rc == 0 && session_refresh(b->sessions, e) != 0) {
        b->is_broken = true;
        rc = err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    return rc;
}

int session_time_out(struct record_batch *b, struct session_entry *e, int64_t now_ms,
                     struct err *err)
{
    int64_t deadline_ms = session_deadline_ms(&e->in->session, now_ms);
    const struct session_event event = {
        .type = SE_TIMED_OUT, .at_ms = now_ms, .deadline_ms = deadline_ms};
    const struct payload p = {.type = EVENT_SESSION_TIMED_OUT,
                              .u.timed_out = {.deadline_ms = deadline_ms}};
    struct session_effect effect = {0};

    return session_do(b, e, &event, &p, &effect, err);
}

/* ------------------------------------------------------------------------------ start */

static int time_refuse(struct job *job, int rc, const struct msg *msg, int64_t ms)
{
    char text[CIVIL_TEXT_BYTES];

    civil_time_of_ms(ms, text);
    return job_refuse(job, rc, msg, text, NULL);
}

/* May this person start anything in this exam now? */
static int start_check(const struct record_batch *b, struct job *job, const struct exam_view *exam,
                       uint32_t person)
{
    const struct exam_definition *d = exam->definition;

    if (!view_exam_is_assigned(b->view, exam, person)) {
        return job_refuse(job, ERR_DENIED, &MSG_NOT_ASSIGNED, NULL, NULL);
    }
    if (view_exemption(exam, person) == RECORD_EXEMPTION_EXEMPT) {
        return job_refuse(job, ERR_DENIED, &MSG_EXEMPT, NULL, NULL);
    }
    if (exam->state != EXAM_OPEN) {
        return job_refuse(job, ERR_CONFLICT, &MSG_NOT_OPEN, NULL, NULL);
    }
    if (job->received_ms < d->window_start_ms) {
        return time_refuse(job, ERR_CONFLICT, &MSG_EARLY, d->window_start_ms);
    }
    if (job->received_ms >= d->window_end_ms) {
        return time_refuse(job, ERR_LATE, &MSG_OVER, d->window_end_ms);
    }
    if (exam->bank == NULL || exam->plan == NULL || !exam->has_master) {
        return job_refuse(job, ERR_CONFLICT, &MSG_RELEASE, NULL, NULL);
    }
    return 0;
}

static int attempt_check(const struct record_batch *b, struct job *job,
                         const struct exam_view *exam, uint32_t person)
{
    uint32_t used = 0, last = 0, attempt = job->in.start.attempt;
    char expected[24], found[24];

    for (const struct session_entry *e = sessions_of(b->sessions, exam->uuid, person); e != NULL;
         e = e->same) {
        if (e->state == SESSION_STARTED || e->state == SESSION_SUSPENDED) {
            return job_refuse(job, ERR_CONFLICT, &MSG_RUNNING, err_int(found, e->attempt), NULL);
        }
        used += e->state != SESSION_VOIDED;
        last = e->attempt > last ? e->attempt : last;
    }
    if (used >= exam->definition->attempts) {
        return job_refuse(job, ERR_CONFLICT, &MSG_ATTEMPTS,
                          err_int(expected, exam->definition->attempts), NULL);
    }
    if (attempt != last + 1) {
        return job_refuse(job, ERR_CONFLICT, &MSG_ORDINAL, err_int(expected, last + 1),
                          err_int(found, attempt));
    }
    return 0;
}

static int ids_compare(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

/* The items of the person's earlier papers in this exam, sorted, each once; in scratch. */
static int earlier_items(struct record_batch *b, struct job *job, const struct exam_view *exam,
                         uint32_t person, struct arena *scratch, struct id_set *out)
{
    size_t count = 0, kept = 0, cap = 0;
    struct bytes *ids;

    for (struct session_entry *e = sessions_of(b->sessions, exam->uuid, person); e != NULL;
         e = e->same) {
        if (e->in == NULL && session_load(b->sessions, e, &job->err) != 0) {
            return job->err.code;
        }
        cap += e->in->session.item_count;
    }
    ids = arena_array(scratch, cap, sizeof *ids);
    if (ids == NULL) {
        return refuse_nomem(job);
    }
    for (struct session_entry *e = sessions_of(b->sessions, exam->uuid, person); e != NULL;
         e = e->same) {
        for (size_t i = 0; i < e->in->session.paper->count; i++) {
            ids[count++] = e->in->session.paper->items[i].item->id;
        }
    }
    if (count > 0) {
        qsort(ids, count, sizeof *ids, ids_compare);
    }
    for (size_t i = 0; i < count; i++) {
        if (kept == 0 || !bytes_equal(ids[kept - 1], ids[i])) {
            ids[kept++] = ids[i];
        }
    }
    *out = (struct id_set){ids, kept};
    return 0;
}

/* The paper and everything that is decided at the start, into `in` and the payload. */
static int paper_make(struct record_batch *b, struct job *job, const struct exam_view *exam,
                      const struct id_set *earlier, struct live_session *in, struct buf *encoded,
                      struct session_started *p)
{
    struct live *live = b->live;
    const struct exam_definition *d = exam->definition;
    struct session_terms terms = {
        .attempt = job->in.start.attempt,
        .started_ms = job->received_ms,
        .duration_ms = d->duration_ms,
        .grace_ms = d->grace_ms,
        .late_accept_ms = d->late_accept_ms,
        .window_end_ms = d->window_end_ms,
        .cut_at_window_end = d->cut_at_window_end,
    };
    struct paper_binding binding = {
        .release = d->release,
        .blueprint = exam->blueprint_digest,
        .rules = exam->rules_digest,
        .withdrawals = exam->withdrawals_digest,
        .earlier = id_set_digest(earlier),
        .attempt = terms.attempt,
    };
    struct paper *paper;
    struct seed seed;
    int rc = uuid_v7(&live->env, terms.session_uuid, &job->err);

    if (rc == 0 && live->env.entropy(live->env.arg, in->secret, sizeof in->secret) != 0) {
        rc = job_refuse(job, ERR_CRYPTO, NULL, NULL, NULL);
    }
    if (rc != 0) {
        return rc;
    }
    memcpy(terms.exam_uuid, exam->uuid, 16);
    memcpy(terms.nonce, job->in.start.nonce, sizeof terms.nonce);
    terms.pseudonym = site_exam_pseudonym(&live->keys, exam->uuid, job->person);
    memcpy(binding.exam_uuid, exam->uuid, 16);
    memcpy(binding.nonce, terms.nonce, sizeof binding.nonce);
    binding.pseudonym = terms.pseudonym;
    seed = draw_paper_seed(&exam->master, exam->uuid, &terms.pseudonym, terms.attempt, terms.nonce);
    rc = paper_draw(exam->plan, earlier, &seed, &in->arena, &paper, &job->err);
    secret_wipe(&seed, sizeof seed);
    if (rc == 0) {
        rc = session_init(&in->session, &terms, (uint32_t)paper->count);
    }
    if (rc != 0) {
        return rc;
    }
    in->session.paper = paper;
    in->bank = exam->bank;
    in->release = d->release;
    in->paper_digest = paper_digest(paper, &binding);
    paper_encode(paper, encoded);
    if (buf_error(encoded) != 0) {
        return refuse_nomem(job);
    }
    *p = (struct session_started){
        .attempt = terms.attempt,
        .release = binding.release,
        .blueprint = binding.blueprint,
        .rules = binding.rules,
        .withdrawals = binding.withdrawals,
        .earlier = binding.earlier,
        .duration_ms = terms.duration_ms,
        .grace_ms = terms.grace_ms,
        .late_accept_ms = terms.late_accept_ms,
        .window_end_ms = terms.window_end_ms,
        .cut_at_window_end = terms.cut_at_window_end,
        .paper_digest = in->paper_digest,
        .paper = buf_view(encoded),
        .at_ms = terms.started_ms,
    };
    memcpy(p->session_uuid, terms.session_uuid, 16);
    memcpy(p->exam_uuid, terms.exam_uuid, 16);
    memcpy(p->pseudonym, terms.pseudonym.b, 32);
    memcpy(p->nonce, terms.nonce, sizeof p->nonce);
    return 0;
}

/* Into the table and the batch. From here on an error breaks the batch. Takes `in`. */
static int session_enter(struct record_batch *b, struct job *job, uint32_t person,
                         struct live_session *in, const struct payload *p,
                         struct session_entry **out)
{
    const struct session_started *started = &p->u.started;
    struct session_entry fresh = {.person = person,
                                  .attempt = started->attempt,
                                  .number = b->sessions->number + 1,
                                  .started_ms = started->at_ms,
                                  .state = SESSION_STARTED};
    const struct session_event event = {.type = SE_STARTED, .at_ms = started->at_ms};
    struct session_effect effect;
    struct session_entry *e;
    int rc = session_apply(&in->session, &event, &effect, &job->err);

    memcpy(fresh.uuid, started->session_uuid, 16);
    memcpy(fresh.exam_uuid, started->exam_uuid, 16);
    e = rc == 0 ? sessions_add(b->sessions, &fresh) : NULL;
    if (e == NULL) {
        live_session_free(in);
        b->is_broken = true;
        return rc != 0 ? rc : refuse_nomem(job);
    }
    session_warm(b->sessions, e, in);
    in->head = chain_init(b->live->options.alg, in->secret, e->uuid);
    rc = record_add_secret(b, e->number, in->secret);
    if (rc == 0) {
        rc = record_add(b, e, p, &job->err);
    }
    if (rc == 0) {
        rc = session_refresh(b->sessions, e);
    }
    if (rc != 0) {
        b->is_broken = true;
        return job_refuse(job, rc, NULL, NULL, NULL);
    }
    *out = e;
    return 0;
}

static int session_start(struct record_batch *b, struct job *job, const struct exam_view *exam,
                         uint32_t person, struct session_entry **out)
{
    struct payload p = {.type = EVENT_SESSION_STARTED};
    struct live_session *in = calloc(1, sizeof *in);
    struct buf encoded = {0};
    struct id_set earlier;
    struct arena scratch;
    int rc;

    if (in == NULL) {
        return refuse_nomem(job);
    }
    arena_init(&in->arena, 0);
    arena_init(&scratch, 0);
    rc = earlier_items(b, job, exam, person, &scratch, &earlier);
    if (rc == 0) {
        rc = paper_make(b, job, exam, &earlier, in, &encoded, &p.u.started);
    }
    if (rc == 0) {
        rc = session_enter(b, job, person, in, &p, out);
        in = NULL;
    }
    live_session_free(in);
    buf_fini(&encoded);
    arena_fini(&scratch);
    return rc;
}

static int start_job(struct record_batch *b, struct job *job)
{
    const struct exam_view *exam = view_exam(b->view, job->in.start.exam_uuid);
    int64_t person = view_person(b->view, job->person);
    struct session_entry *e;
    bool created = false;
    int rc = 0;

    if (exam == NULL || person < 0) {
        return job_refuse(job, ERR_NOT_FOUND, &MSG_EXAM, NULL, NULL);
    }
    e = sessions_of(b->sessions, exam->uuid, (uint32_t)person);
    while (e != NULL && e->attempt != job->in.start.attempt) {
        e = e->same;
    }
    if (e == NULL) {
        rc = start_check(b, job, exam, (uint32_t)person);
        if (rc == 0) {
            rc = attempt_check(b, job, exam, (uint32_t)person);
        }
        if (rc == 0) {
            rc = session_start(b, job, exam, (uint32_t)person, &e);
        }
        created = true;
    } else if (e->in == NULL) {
        rc = session_load(b->sessions, e, &job->err);
    }
    if (rc != 0) {
        return rc;
    }
    job->out.session.created = created;
    return session_view_fill(b, e, job, &job->out.session);
}

/* ------------------------------------------------------------------------------ the others */

static int open_job(struct record_batch *b, struct job *job, struct session_entry *e)
{
    struct session_event event = {.type = SE_OPENED, .at_ms = job->received_ms};
    struct payload p = {.type = EVENT_SESSION_OPENED, .u.opened = {.at_ms = job->received_ms}};
    struct session_ack *ack = &job->out.ack;
    struct session *s = &e->in->session;
    struct session_effect effect = {0};
    int rc;

    memcpy(event.device_id, job->in.open.device_id, 16);
    memcpy(p.u.opened.device_id, job->in.open.device_id, 16);
    rc = session_apply(s, &event, &effect, &job->err);
    if (rc != 0) {
        return rc;
    }
    p.u.opened.epoch = effect.epoch; /* the rules hand it out */
    if (effect.changed) {
        rc = record_add(b, e, &p, &job->err);
    }
    if (rc != 0) {
        return rc;
    }
    ack_fill(b, e, job, ack);
    ack->epoch = effect.epoch;
    ack->next_seq = session_next_seq(s, job->in.open.device_id);
    ack->item_count = s->item_count;
    return responses_fill(s, job->arena, &ack->responses) != 0 ? refuse_nomem(job) : 0;
}

static int save_job(struct record_batch *b, struct job *job, struct session_entry *e)
{
    const struct save_input *in = &job->in.save;
    const struct session_event event = {.type = SE_RESPONSES,
                                        .at_ms = job->received_ms,
                                        .epoch = in->epoch,
                                        .responses = in->responses,
                                        .responses_count = in->responses_count,
                                        .keys_shown = review_was_allowed(e)};
    struct response_entry *entries = arena_array(job->arena, in->responses_count, sizeof *entries);
    struct payload p = {.type = EVENT_RESPONSES};
    struct session_effect effect = {0};
    int rc;

    if (entries == NULL) {
        return refuse_nomem(job);
    }
    for (size_t i = 0; i < in->responses_count; i++) {
        const struct response_input *r = &in->responses[i];

        entries[i] = (struct response_entry){r->device_seq, r->item, (enum response_value)r->kind,
                                             r->mask, r->text};
    }
    p.u.responses = (struct responses_saved){
        .epoch = in->epoch, .at_ms = job->received_ms, .responses = {entries, in->responses_count}};
    rc = session_do(b, e, &event, &p, &effect, &job->err);
    if (rc == 0) {
        ack_fill(b, e, job, &job->out.ack);
        job->out.ack.stored = effect.stored + effect.late + effect.older;
        job->out.ack.repeated = effect.repeated;
        job->out.ack.late = effect.late > 0;
    }
    return rc;
}

static int submit_job(struct record_batch *b, struct job *job, struct session_entry *e)
{
    const struct submit_input *in = &job->in.submit;
    const struct session_event event = {.type = SE_SUBMITTED,
                                        .at_ms = job->received_ms,
                                        .epoch = in->epoch,
                                        .device_seq = in->device_seq};
    const struct payload p = {.type = EVENT_SESSION_SUBMITTED,
                              .u.submitted = {in->epoch, in->device_seq, job->received_ms}};
    struct session_effect effect = {0};
    int rc = session_do(b, e, &event, &p, &effect, &job->err);

    return rc != 0 ? rc : session_view_fill(b, e, job, &job->out.session);
}

static const uint8_t *uuid_of(const struct job *job)
{
    switch (job->type) {
    case JOB_OPEN:
        return job->in.open.session_uuid;
    case JOB_SAVE:
        return job->in.save.session_uuid;
    case JOB_SUBMIT:
        return job->in.submit.session_uuid;
    default:
        return job->in.session_uuid;
    }
}

void session_job(struct record_batch *b, struct job *job)
{
    struct session_entry *e;

    if (job->type == JOB_START) {
        job->rc = start_job(b, job);
        return;
    }
    e = job_session(b, job, uuid_of(job));
    if (e == NULL) {
        return;
    }
    switch (job->type) {
    case JOB_OPEN:
        job->rc = open_job(b, job, e);
        return;
    case JOB_SAVE:
        job->rc = save_job(b, job, e);
        return;
    case JOB_SUBMIT:
        job->rc = submit_job(b, job, e);
        return;
    case JOB_HEARTBEAT:
        ack_fill(b, e, job, &job->out.ack);
        return;
    case JOB_REVIEW:
        job->rc = review_check(b, e, &job->err);
        if (job->rc != 0) {
            return;
        }
        break;
    default:
        assert(job->type == JOB_VIEW);
        break;
    }
    job->rc = session_view_fill(b, e, job, &job->out.session);
}
