/* What officers' acts on sessions mean, attendance at hearings, and the two lists that come from
 * memory: a person's exams, an exam's sessions.
 *
 * Happy path: as session_jobs.c; acts carry a reason, which the candidate is told. Attendance is a
 * transaction of its own, since a file of it may be larger than any batch.
 *
 * Thread: the record writer's. */
#include "server/live/record_batch.h"

#include "server/roster/civil.h"
#include "server/roster/coverage.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct msg MSG_EXAM = {
    .id = "exam-unknown",
    .zh = "没有这场考试",
    .en = "there is no such exam",
};
static const struct msg MSG_PERSON = {
    .id = "person-unknown",
    .zh = "人员编号{0}不存在",
    .en = "there is no person with the number {0}",
};
static const struct msg MSG_EXTRA = {
    .id = "extra-time-bad",
    .zh = "延长时间应为1至{0}分钟",
    .en = "extra time is 1 to {0} minutes",
};
static const struct msg MSG_RUNNING = {
    .id = "reopen-attempt-running",
    .zh = "该考生第{0}次作答正在进行，结束后才能重新开放另一次作答",
    .en = "the candidate's attempt {0} is running; another can be reopened once it has ended",
};
static const struct msg MSG_RECORDS = {
    .id = "attendance-count",
    .zh = "一次最多导入{0}条旁听记录",
    .en = "at most {0} attendances at once",
};

enum { EXTRA_MINUTES_MAX = 24 * 60, ATTENDANCE_MAX = IMPORT_ROWS_MAX };

static int refuse_nomem(struct job *job)
{
    return job_refuse(job, ERR_NOMEM, NULL, NULL, NULL);
}

/* ------------------------------------------------------------------------------ acts */

static void act_make(const struct record_batch *b, const struct job *job,
                     struct session_event *event, struct payload *p)
{
    const struct act_input *in = &job->in.act;
    uint8_t actor[32];

    live_actor(b->live, job->person, actor);
    event->at_ms = job->received_ms;
    switch (job->type) {
    case JOB_EXTRA_TIME:
        event->type = SE_EXTRA_TIME;
        event->ms = in->ms;
        event->must_move = true;
        p->u.extra_time =
            (struct extra_time_granted){.reason = in->reason, .at_ms = event->at_ms, .ms = in->ms};
        memcpy(p->u.extra_time.actor, actor, 32);
        break;
    case JOB_REOPEN:
        event->type = SE_REOPENED;
        event->deadline_ms = in->deadline_ms;
        p->u.reopened = (struct session_reopened){
            .reason = in->reason, .at_ms = event->at_ms, .deadline_ms = in->deadline_ms};
        memcpy(p->u.reopened.actor, actor, 32);
        break;
    case JOB_LATE_DECISION:
        event->type = SE_LATE_DECIDED;
        event->accepted = in->accepted;
        p->u.late = (struct late_decided){
            .reason = in->reason, .at_ms = event->at_ms, .accepted = in->accepted};
        memcpy(p->u.late.actor, actor, 32);
        break;
    default:
        event->type = job->type == JOB_SUSPEND  ? SE_SUSPENDED
                      : job->type == JOB_RESUME ? SE_RESUMED
                                                : SE_VOIDED;
        p->u.act = (struct session_act){.reason = in->reason, .at_ms = event->at_ms};
        memcpy(p->u.act.actor, actor, 32);
        break;
    }
    p->type = (enum event_type)event->type;
}

/* A candidate sits one paper at a time. */
static int reopen_check(const struct record_batch *b, const struct session_entry *e,
                        struct job *job)
{
    char attempt[24];

    for (const struct session_entry *o = sessions_of(b->sessions, e->exam_uuid, e->person);
         o != NULL; o = o->same) {
        if (o != e && (o->state == SESSION_STARTED || o->state == SESSION_SUSPENDED)) {
            return job_refuse(job, ERR_CONFLICT, &MSG_RUNNING, err_int(attempt, o->attempt), NULL);
        }
    }
    return 0;
}

void act_job(struct record_batch *b, struct job *job)
{
    const struct act_input *in = &job->in.act;
    struct session_event event = {0};
    struct session_effect effect = {0};
    struct buf trial = {0};
    struct payload p = {0};
    struct session_entry *e;
    char most[24];

    job->rc = reason_check(in->reason, &job->err);
    if (job->rc == 0 && job->type == JOB_EXTRA_TIME &&
        (in->ms < 60000 || in->ms > EXTRA_MINUTES_MAX * INT64_C(60000))) {
        job_refuse(job, ERR_BAD_INPUT, &MSG_EXTRA, err_int(most, EXTRA_MINUTES_MAX), NULL);
    }
    e = job->rc == 0 ? job_session(b, job, in->session_uuid) : NULL;
    if (e == NULL || (job->type == JOB_REOPEN && reopen_check(b, e, job) != 0)) {
        return;
    }
    act_make(b, job, &event, &p);
    if (job->type == JOB_REOPEN || job->type == JOB_LATE_DECISION) {
        event.keys_shown = review_was_allowed(e) || review_check(b, e, NULL) == 0;
    }
    job->rc = payload_encode(&p, &trial, &job->err); /* before anything is applied */
    buf_fini(&trial);
    if (job->rc == 0) {
        job->rc = session_do(b, e, &event, &p, &effect, &job->err);
    }
    if (job->rc == 0) {
        ack_fill(b, e, job, &job->out.ack);
    }
}

/* ------------------------------------------------------------------------------ attendance */

static int attendance_add(struct record_batch *b, struct job *job,
                          const struct attendance_record *rec)
{
    struct live *live = b->live;
    struct payload p = {.type = EVENT_HEARING_ATTENDED};
    struct digest who = site_pseudonym(&live->keys, rec->number);
    char text[ERR_ARG_BYTES_MAX];

    if (view_person(b->view, rec->number) < 0) {
        size_t len = rec->number.len < sizeof text ? rec->number.len : sizeof text - 1;

        memcpy(text, rec->number.data, len);
        text[len] = '\0';
        return job_refuse(job, ERR_NOT_FOUND, &MSG_PERSON, text, NULL);
    }
    if (attendance_is_known(b->sessions, who.b, rec->hearing)) {
        job->out.attendance.same++;
        return 0;
    }
    p.u.attended = (struct hearing_attended){.at_ms = job->received_ms,
                                             .hearing = rec->hearing,
                                             .date = rec->date,
                                             .mode = (uint32_t)rec->mode};
    live_actor(live, job->person, p.u.attended.actor);
    memcpy(p.u.attended.pseudonym, who.b, 32);
    job->out.attendance.stored++;
    if (record_add_free(b, &p, &job->err) != 0) {
        return job->err.code;
    }
    if (attendance_note(b->sessions, who.b, rec->hearing, rec->date) != 0) {
        return refuse_nomem(job);
    }
    return 0;
}

void attendance_job(struct record_batch *b, struct job *job)
{
    const struct attendance_input *in = &job->in.attendance;
    char most[24];

    if (in->count > ATTENDANCE_MAX) {
        job_refuse(job, ERR_LIMIT, &MSG_RECORDS, err_int(most, ATTENDANCE_MAX), NULL);
        return;
    }
    for (size_t i = 0; i < in->count; i++) {
        if (view_person(b->view, in->records[i].number) < 0) {
            job->rc = attendance_add(b, job, &in->records[i]); /* says whom it misses */
            return;
        }
    }
    for (size_t i = 0; i < in->count && job->rc == 0; i++) {
        job->rc = attendance_add(b, job, &in->records[i]);
    }
    if (job->rc != 0) {
        b->is_broken = true; /* all or nothing */
    }
}

/* ------------------------------------------------------------------------------ a person's exams */

static enum attempt_state attempt_state_of(const struct session_entry *e)
{
    switch (e->state) {
    case SESSION_VOIDED:
        return ATTEMPT_VOIDED;
    case SESSION_GRADED:
        return ATTEMPT_GRADED;
    case SESSION_SUBMITTED:
    case SESSION_TIMED_OUT:
        return ATTEMPT_CLOSED;
    default:
        return ATTEMPT_WRITING;
    }
}

static bool entry_is_newer(const struct session_entry *e, const struct session_entry *than)
{
    bool open = attempt_state_of(e) == ATTEMPT_WRITING;

    return than == NULL || open ||
           (attempt_state_of(than) != ATTEMPT_WRITING && e->attempt > than->attempt);
}

static void standing_fill(const struct record_batch *b, const struct exam_view *exam,
                          uint32_t person, struct exam_standing *out)
{
    const struct session_entry *first = sessions_of(b->sessions, exam->uuid, person);
    const struct session_entry *shown = NULL;
    const struct session_entry *found[EXAM_ATTEMPTS_MAX * 2];
    struct attempt attempts[EXAM_ATTEMPTS_MAX * 2];
    size_t count = 0;
    uint32_t last = 0;
    bool running = false, passed = false;
    int64_t which = -1;

    memcpy(out->exam_uuid, exam->uuid, 16);
    out->exemption = (enum exemption)view_exemption(exam, person);
    for (const struct session_entry *e = first;
         e != NULL && count < sizeof attempts / sizeof attempts[0]; e = e->same) {
        found[count] = e;
        attempts[count++] = (struct attempt){.attempt = e->attempt,
                                             .state = attempt_state_of(e),
                                             .pending = e->pending,
                                             .points = e->score.points,
                                             .passed = e->score.passed};
        running = running || attempt_state_of(e) == ATTEMPT_WRITING;
        out->attempts_used += e->state != SESSION_VOIDED;
        last = e->attempt > last ? e->attempt : last;
        shown = entry_is_newer(e, shown) ? e : shown;
    }
    if (!running && out->attempts_used < exam->definition->attempts &&
        out->exemption != EXEMPTION_EXEMPT) {
        out->next_attempt = last + 1;
    }
    if (shown != NULL) {
        out->has_session = true;
        memcpy(out->session_uuid, shown->uuid, 16);
        out->attempt = shown->attempt;
        out->state = shown->state;
        out->deadline_ms = shown->in != NULL
                               ? session_deadline_ms(&shown->in->session, live_now_ms(b->live))
                               : shown->deadline_ms;
    }
    attempts_standing(attempts, count, (enum attempt_rule)exam->definition->counts, &which,
                      &passed);
    if (which >= 0) {
        const struct score *score = &found[which]->score;

        out->has_result = true;
        out->result = *score;
        if (score->band >= 0 && (size_t)score->band < exam->rules.bands_count) {
            memcpy(out->band, exam->rules.bands[score->band].name, sizeof out->band);
        }
    }
}

void standings_job(struct record_batch *b, struct job *job)
{
    int64_t person = view_person(b->view, job->person);
    struct standings *out = &job->out.standings;
    struct exam_standing *exams = arena_array(job->arena, b->view->exams_count, sizeof *exams);
    char today[CIVIL_TEXT_BYTES];
    struct digest who;

    if (exams == NULL) {
        refuse_nomem(job);
        return;
    }
    if (person < 0) {
        job_refuse(job, ERR_NOT_FOUND, &MSG_PERSON, "", NULL);
        return;
    }
    out->exams = exams;
    for (size_t i = 0; i < b->view->exams_count; i++) {
        const struct exam_view *exam = b->view->exams[i];

        if (view_exam_is_assigned(b->view, exam, (uint32_t)person) ||
            sessions_of(b->sessions, exam->uuid, (uint32_t)person) != NULL) {
            standing_fill(b, exam, (uint32_t)person, &exams[out->count++]);
        }
    }
    civil_date_of_ms(live_now_ms(b->live), today);
    who = site_pseudonym(&b->live->keys, job->person);
    out->hearings_year = (uint32_t)strtoul(today, NULL, 10);
    out->hearings = attendance_in_year(b->sessions, who.b, out->hearings_year);
}

/* ------------------------------------------------------------------------------ an exam's sessions */

void sessions_job(struct record_batch *b, struct job *job)
{
    const struct roster *roster = b->view->roster;
    struct session_lines *out = &job->out.sessions;
    int64_t now_ms = live_now_ms(b->live);
    char today[CIVIL_TEXT_BYTES];
    struct session_line *lines;
    size_t count = 0;

    if (view_exam(b->view, job->in.exam_uuid) == NULL) {
        job_refuse(job, ERR_NOT_FOUND, &MSG_EXAM, NULL, NULL);
        return;
    }
    lines = calloc(b->sessions->count + 1, sizeof *lines);
    if (lines == NULL) {
        refuse_nomem(job);
        return;
    }
    civil_date_of_ms(now_ms, today);
    for (size_t i = 0; i < b->sessions->count; i++) {
        const struct session_entry *e = b->sessions->entries[i];
        const struct person_version *v;

        if (memcmp(e->exam_uuid, job->in.exam_uuid, 16) != 0) {
            continue;
        }
        v = person_at(&roster->people[e->person], bytes_of_text(today));
        if (job->scope.len > 0 && (v == NULL || !roster_unit_is_within(roster, v->unit, job->scope,
                                                                       bytes_of_text(today)))) {
            continue;
        }
        lines[count] = (struct session_line){
            .person = e->person,
            .attempt = e->attempt,
            .state = e->state,
            .started_ms = e->started_ms,
            .deadline_ms =
                e->in != NULL ? session_deadline_ms(&e->in->session, now_ms) : e->deadline_ms};
        memcpy(lines[count++].session_uuid, e->uuid, 16);
    }
    *out = (struct session_lines){lines, count, view_hold(b->view)};
}
