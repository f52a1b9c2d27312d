/* Reports: coverage, scores, who is missing; as of a moment, from what is stored.
 *
 * Happy path: T is settled so that nothing recorded before it can still be on its way; the registry
 * as of T (the live view if that is it, else one replayed for this report), the store's typed rows as
 * of T, and the roster's formulas give the table. The same T gives the same table for ever.
 *
 * Rows whose pseudonym maps to nobody count nowhere and are logged. Fails with ERR_NOT_FOUND (no such
 * exam then), and with what the store says.
 * Thread: a worker's. */
#include "server/live/internal.h"

#include "server/roster/coverage.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct msg MSG_EXAM = {
    .id = "report-exam-unknown",
    .zh = "没有这场考试，或截至该时点尚未建立",
    .en = "there is no such exam, or there was none yet",
};

/* One session, as the rows have it. */
struct report_session {
    int64_t session, closed_ms;
    uint32_t person;
    struct attempt attempt;
    struct score score;
};

struct report {
    struct live *live;
    struct job *job;
    int64_t as_of_ms;
    const struct registry_view *view;
    const struct exam_view *exam;
    struct pseudonym_map map;
    struct report_session *sessions; /* by session, then by person */
    size_t count, cap;
    struct person_facts *facts; /* view->roster->people_count */
    struct digest_map heard;    /* (site pseudonym, hearing) */
    size_t strangers;
};

static int refuse_nomem(struct report *r)
{
    return err_set(&r->job->err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
}

/* ------------------------------------------------------------------------------ the moment */

static int view_then(struct report *r)
{
    struct live *live = r->live;
    struct registry_ground ground = live->ground;
    struct registry *registry = NULL;
    int rc;

    r->view = live_view_acquire(live);
    if (r->view->recorded_ms < r->as_of_ms) {
        return 0;
    }
    view_release(r->view);
    r->view = NULL;
    ground.logins = NULL;
    rc = registry_new(&ground, &registry, &r->job->err);
    if (rc == 0) {
        rc = registry_replay(registry, live->store, r->as_of_ms, &r->job->err);
    }
    if (rc == 0) {
        rc = registry_publish(registry, &r->view, &r->job->err);
    }
    registry_free(registry);
    return rc;
}

/* ------------------------------------------------------------------------------ rows */

static int session_visit(void *arg, const struct session_row *row)
{
    struct report *r = arg;
    struct report_session *s;
    int64_t person;

    if (memcmp(row->exam_uuid, r->exam->uuid, 16) != 0) {
        return 0;
    }
    person = pseudonym_map_find(&r->map, row->pseudonym);
    if (person < 0) {
        r->strangers++;
        return 0;
    }
    if (r->count == r->cap) {
        size_t cap = r->cap == 0 ? 256 : r->cap * 2;
        struct report_session *more = realloc(r->sessions, cap * sizeof *more);

        if (more == NULL) {
            return refuse_nomem(r);
        }
        r->sessions = more;
        r->cap = cap;
    }
    s = &r->sessions[r->count++];
    *s = (struct report_session){.session = row->session, .person = (uint32_t)person};
    s->attempt.attempt = row->attempt;
    /* Closed without a score: voided. With one, score_visit says so. */
    s->attempt.state = row->closed_seq == 0 ? ATTEMPT_WRITING : ATTEMPT_VOIDED;
    return 0;
}

static int score_visit(void *arg, const struct score_row *row)
{
    struct report *r = arg;
    size_t low = 0, high = r->count;
    struct report_session *s;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (r->sessions[mid].session < row->session) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    s = low < r->count ? &r->sessions[low] : NULL;
    if (s == NULL || s->session != row->session || s->attempt.state == ATTEMPT_WRITING) {
        return 0;
    }
    s->attempt.state = row->voided ? ATTEMPT_VOIDED : ATTEMPT_GRADED;
    s->attempt.pending = row->pending;
    s->attempt.points = row->points;
    s->attempt.passed = row->passed;
    s->score = (struct score){row->points, row->points_max, row->passed, row->band};
    s->closed_ms = row->graded_ms;
    return 0;
}

static int by_person(const void *a, const void *b)
{
    const struct report_session *x = a, *y = b;

    if (x->person != y->person) {
        return x->person < y->person ? -1 : 1;
    }
    return x->attempt.attempt < y->attempt.attempt ? -1 : x->attempt.attempt > y->attempt.attempt;
}

static int attendance_visit(void *arg, const struct attendance_row *row)
{
    struct report *r = arg;
    const struct bytes pieces[] = {bytes_of(row->pseudonym, 32), row->hearing};
    struct digest d = digest_of(DIGEST_SHA256, pieces, 2);
    int64_t person = pseudonym_map_find(&r->map, row->pseudonym);
    uint32_t *at;

    if (person < 0) {
        r->strangers++;
        return 0;
    }
    at = digest_map_at(&r->heard, &d);
    if (at == NULL) {
        return refuse_nomem(r);
    }
    if (*at == 0) {
        *at = 1;
        r->facts[person].hearings++;
    }
    return 0;
}

static int attendance_read(struct report *r)
{
    char from[16], to[16];
    int rc;

    snprintf(from, sizeof from, "%04u-01-01", r->exam->definition->year % 10000);
    snprintf(to, sizeof to, "%04u-01-01", (r->exam->definition->year + 1) % 10000);
    pseudonym_map_fini(&r->map);
    rc = pseudonym_map_make(&r->live->keys, r->view->roster, NULL, &r->map);
    return rc != 0 ? refuse_nomem(r)
                   : store_attendance_each(r->live->store, from, to, r->as_of_ms, attendance_visit,
                                           r, &r->job->err);
}

/* The next person's attempts from *at on; returns their number. */
static size_t person_attempts(const struct report *r, size_t at, struct attempt *out, size_t most)
{
    size_t count = 0;

    while (at + count < r->count && r->sessions[at + count].person == r->sessions[at].person) {
        if (count < most) {
            out[count] = r->sessions[at + count].attempt;
        }
        count++;
    }
    return count;
}

enum { ATTEMPTS_READ_MAX = EXAM_ATTEMPTS_MAX * 2 };

static void standings_make(struct report *r)
{
    struct attempt attempts[ATTEMPTS_READ_MAX];

    for (size_t at = 0, n; at < r->count; at += n) {
        struct person_facts *f = &r->facts[r->sessions[at].person];

        n = person_attempts(r, at, attempts, ATTEMPTS_READ_MAX);
        f->standing =
            attempts_standing(attempts, n < ATTEMPTS_READ_MAX ? n : ATTEMPTS_READ_MAX,
                              (enum attempt_rule)r->exam->definition->counts, NULL, &f->passed);
    }
    for (size_t i = 0; i < r->exam->exemptions_count; i++) {
        const struct view_exemption *x = &r->exam->exemptions[i];

        r->facts[x->person].exemption = (enum exemption)x->kind;
    }
}

/* Everything but the table. */
static int report_read(struct report *r, bool with_attendance)
{
    struct job *job = r->job;
    int rc = view_then(r);

    if (rc != 0) {
        return rc;
    }
    r->exam = view_exam(r->view, job->in.report.exam_uuid);
    if (r->exam == NULL) {
        return job_refuse(job, ERR_NOT_FOUND, &MSG_EXAM, NULL, NULL);
    }
    r->facts = calloc(r->view->roster->people_count + 1, sizeof *r->facts);
    if (r->facts == NULL ||
        pseudonym_map_make(&r->live->keys, r->view->roster, r->exam->uuid, &r->map) != 0) {
        return refuse_nomem(r);
    }
    rc = store_sessions_each(r->live->store, false, r->as_of_ms, session_visit, r, &job->err);
    if (rc == 0) {
        rc = store_scores_each(r->live->store, r->exam->uuid, r->as_of_ms, score_visit, r,
                               &job->err);
    }
    if (rc != 0) {
        return rc;
    }
    if (r->count > 0) {
        qsort(r->sessions, r->count, sizeof *r->sessions, by_person);
    }
    standings_make(r);
    return with_attendance ? attendance_read(r) : 0;
}

static void report_fini(struct report *r)
{
    char text[24];
    const struct log_field field = {"rows", err_int(text, (int64_t)r->strangers)};

    if (r->strangers > 0) {
        r->live->env.log(r->live->env.arg, LOG_WARN, "report-rows-of-nobody", &field, 1);
    }
    pseudonym_map_fini(&r->map);
    digest_map_fini(&r->heard);
    free(r->sessions);
    free(r->facts);
    view_release(r->view);
}

static int coverage_count(struct report *r, struct coverage *out)
{
    const struct exam_definition *d = r->exam->definition;
    const struct coverage_input in = {
        .roster = r->view->roster,
        .cut_off = d->cutoff,
        .categories = d->categories.texts,
        .categories_count = d->categories.count,
        .facts = r->facts,
    };

    return coverage_make(&in, out, &r->job->err);
}

/* ------------------------------------------------------------------------------ the three */

static int coverage_report(struct report *r)
{
    struct coverage_result *out = &r->job->out.coverage;
    int rc = report_read(r, true);

    if (rc == 0) {
        rc = coverage_count(r, &out->coverage);
    }
    if (rc == 0) {
        out->roster = r->view->roster;
        out->as_of_ms = r->as_of_ms;
        out->closed = r->exam->state == EXAM_CLOSED;
        out->exam = r->exam;
        out->view = view_hold(r->view);
    }
    return rc;
}

static void line_fill(const struct report *r, const struct report_session *s,
                      struct score_line *out)
{
    const struct scoring_rules *rules = &r->exam->rules;

    *out = (struct score_line){.person = s->person,
                               .attempt = s->attempt.attempt,
                               .score = s->score,
                               .pending = s->attempt.pending,
                               .closed_ms = s->closed_ms};
    if (s->score.band >= 0 && (size_t)s->score.band < rules->bands_count) {
        memcpy(out->band, rules->bands[s->score.band].name, sizeof out->band);
    }
}

/* The score that stands; if none does, the newest pending one. */
static int64_t line_of(const struct report *r, size_t at, size_t *n)
{
    struct attempt attempts[ATTEMPTS_READ_MAX];
    int64_t which = -1;
    bool passed;
    size_t count;

    *n = person_attempts(r, at, attempts, ATTEMPTS_READ_MAX);
    count = *n < ATTEMPTS_READ_MAX ? *n : ATTEMPTS_READ_MAX;
    attempts_standing(attempts, count, (enum attempt_rule)r->exam->definition->counts, &which,
                      &passed);
    for (size_t i = count; which < 0 && i > 0; i--) {
        if (attempts[i - 1].state == ATTEMPT_GRADED && attempts[i - 1].pending) {
            which = (int64_t)i - 1;
        }
    }
    return which < 0 ? -1 : (int64_t)at + which;
}

static int scores_report(struct report *r)
{
    struct scores_result *out = &r->job->out.scores;
    struct score_line *lines;
    size_t count = 0;
    int rc = report_read(r, false);

    if (rc != 0) {
        return rc;
    }
    lines = calloc(r->count + 1, sizeof *lines);
    if (lines == NULL) {
        return refuse_nomem(r);
    }
    for (size_t at = 0, n; at < r->count; at += n) {
        int64_t which = line_of(r, at, &n);

        if (which >= 0) {
            line_fill(r, &r->sessions[which], &lines[count++]);
        }
    }
    *out = (struct scores_result){.lines = lines,
                                  .count = count,
                                  .roster = r->view->roster,
                                  .cut_off = r->exam->definition->cutoff,
                                  .as_of_ms = r->as_of_ms,
                                  .view = view_hold(r->view)};
    return 0;
}

static int missing_report(struct report *r)
{
    struct missing_result *out = &r->job->out.missing;
    struct missing_line *lines;
    struct coverage coverage;
    size_t count = 0;
    int rc = report_read(r, false);

    if (rc == 0) {
        rc = coverage_count(r, &coverage);
    }
    if (rc != 0) {
        return rc;
    }
    lines = calloc(coverage.places_count + 1, sizeof *lines);
    for (size_t i = 0; lines != NULL && i < coverage.places_count; i++) {
        enum coverage_class class = coverage.places[i].class;

        if (class != CLASS_MISSING && class != CLASS_PENDING && class != CLASS_DEFERRED) {
            continue;
        }
        lines[count++] = (struct missing_line){
            (uint32_t)i, class == CLASS_PENDING                     ? MISSING_PENDING
                         : class == CLASS_DEFERRED                  ? MISSING_DEFERRED
                         : r->facts[i].standing == STANDING_WRITING ? MISSING_WRITING
                                                                    : MISSING_NOT_STARTED};
    }
    coverage_fini(&coverage);
    if (lines == NULL) {
        return refuse_nomem(r);
    }
    *out = (struct missing_result){.lines = lines,
                                   .count = count,
                                   .roster = r->view->roster,
                                   .cut_off = r->exam->definition->cutoff,
                                   .view = view_hold(r->view)};
    return 0;
}

int report_job(struct live *live, struct job *job)
{
    struct report r = {.live = live, .job = job};
    int rc;

    r.as_of_ms = live_report_moment(live, job->in.report.as_of_ms);
    rc = job->type == JOB_COVERAGE ? coverage_report(&r)
         : job->type == JOB_SCORES ? scores_report(&r)
                                   : missing_report(&r);
    report_fini(&r);
    return rc;
}
