/* Typed rows: what events mean, as of any moment, and that they are only what the events say. */
#include "tests/contract/history.h"
#include "tests/contract/model.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { EVENTS = 900 };

static const uint64_t seeds[] = {1, 20260601, 0x9e3779b97f4a7c15};
enum { SEEDS = sizeof(seeds) / sizeof(seeds[0]) };

static void expect_rows_at(const struct journal *j, struct world *w, int64_t before_ms)
{
    struct model *m = model_new(j, before_ms);
    const char *fault;
    uint8_t exam[16];

    for (uint32_t e = 0; e <= HISTORY_EXAMS; e++) { /* the last: no such exam */
        uuid_of(exam, "exam", e);
        fault = model_compare(m, w->store, before_ms, exam, "2026-03-05", "2026-09-10");
        cr_assert_null(fault, "%s, before %lld", fault, (long long)before_ms);
    }
    fault = model_compare(m, w->store, before_ms, NULL, "0000-01-01", "9999-12-31");
    cr_assert_null(fault, "%s, before %lld", fault, (long long)before_ms);
    model_free(m);
}

static void as_of_any_moment(struct world *w)
{
    struct journal *j = journal_new();
    int64_t first = j->now_ms;

    history_record(j, w, seeds[w->kind], EVENTS, false);
    expect_rows_at(j, w, 0);
    for (int64_t t = first; t <= j->now_ms + 1; t += 7)
        expect_rows_at(j, w, t);
    expect_rows_at(j, w, j->now_ms);
    expect_rows_at(j, w, j->now_ms + 1);
    expect_rows_at(j, w, INT64_MAX);
    journal_expect(j, w->store);
    journal_free(j);
}

Test(contract_rows, they_are_those_of_the_events_before_any_moment)
{
    each_engine(as_of_any_moment);
}

static void across_reopening(struct world *w)
{
    struct journal *j = journal_new();

    history_record(j, w, seeds[2], EVENTS, true);
    expect_rows_at(j, w, INT64_MAX);
    journal_expect(j, w->store);
    journal_free(j);
}

Test(contract_rows, they_are_the_same_with_closing_and_opening_in_between)
{
    each_engine(across_reopening);
}

static void model_finds(struct world *w)
{
    struct journal *j = journal_new();
    struct model *m;

    put_started(j, 1, 1, 1, 1);
    put_submitted(j, 1, j->now_ms);
    put_graded(j, 1, 7000, false);
    put_attended(j, 1, 1, "2026-05-01", 1);
    cr_assert_eq(journal_append(j, w->store, STORE_RECORD, NULL), 0);
    m = model_new(j, INT64_MAX);
    cr_assert_null(model_compare(m, w->store, INT64_MAX, NULL, "2026-01-01", "2027-01-01"));
    m->sessions[1].attempt++;
    cr_assert_str_eq(model_compare(m, w->store, INT64_MAX, NULL, "2026-01-01", "2027-01-01"),
                     "a session");
    m->sessions[1].attempt--;
    m->sessions[1].closed_seq = 0;
    cr_assert_not_null(model_compare(m, w->store, INT64_MAX, NULL, "2026-01-01", "2027-01-01"));
    m->sessions[1].closed_seq = 3;
    m->scores[1].graded_ms++;
    cr_assert_str_eq(model_compare(m, w->store, INT64_MAX, NULL, "2026-01-01", "2027-01-01"),
                     "a score");
    m->scores[1].graded_ms--;
    m->attendance[0].row.mode = 2;
    cr_assert_str_eq(model_compare(m, w->store, INT64_MAX, NULL, "2026-01-01", "2027-01-01"),
                     "an attendance");
    m->attendance_count = 0;
    cr_assert_str_eq(model_compare(m, w->store, INT64_MAX, NULL, "2026-01-01", "2027-01-01"),
                     "an attendance too many");
    m->scores[1].session = 0;
    cr_assert_str_eq(model_compare(m, w->store, INT64_MAX, NULL, "2026-01-01", "2027-01-01"),
                     "a score too many");
    model_free(m);
    journal_free(j);
}

Test(contract_rows, the_comparison_itself_finds_differences)
{
    each_engine(model_finds);
}

static int count_open(void *arg, const struct session_row *row)
{
    (void)row;
    ++*(int *)arg;
    return 0;
}

static int last_score(void *arg, const struct score_row *row)
{
    *(struct score_row *)arg = *row;
    return 0;
}

/* The life of one session, in words of the contract rather than of the model. */
static void life(struct world *w)
{
    struct journal *j = journal_new();
    struct score_row score = {0};
    int64_t graded_ms = j->now_ms - 5, first_graded;
    int open = 0;

    put_started(j, 1, 1, 1, 1);
    put_submitted(j, 1, graded_ms);
    cr_assert_eq(journal_append(j, w->store, STORE_RECORD, NULL), 0);
    store_sessions_each(w->store, true, INT64_MAX, count_open, &open, NULL);
    cr_assert_eq(open, 1); /* handed in is not yet closed */
    j->now_ms += 10;
    first_graded = j->now_ms;
    put_graded(j, 1, 5999, true);
    cr_assert_eq(journal_append(j, w->store, STORE_RECORD, NULL), 0);
    open = 0;
    store_sessions_each(w->store, true, INT64_MAX, count_open, &open, NULL);
    cr_assert_eq(open, 0);
    j->now_ms += 10;
    put_graded(j, 1, 6000, false); /* late responses counted */
    cr_assert_eq(journal_append(j, w->store, STORE_RECORD, NULL), 0);
    store_scores_each(w->store, NULL, INT64_MAX, last_score, &score, NULL);
    cr_assert(score.points == 6000 && score.passed && !score.pending && !score.voided);
    cr_assert_eq(score.graded_ms, graded_ms);
    /* A report of an earlier day says what was known on that day. */
    store_scores_each(w->store, NULL, first_graded + 1, last_score, &score, NULL);
    cr_assert(score.points == 5999 && !score.passed && score.pending);
    score.points = 0;
    store_scores_each(w->store, NULL, first_graded, last_score, &score, NULL);
    cr_assert_eq(score.points, 0); /* recorded before T, not at T */
    j->now_ms += 10;
    put_act(j, 1, EVENT_SESSION_VOIDED);
    cr_assert_eq(journal_append(j, w->store, STORE_RECORD, NULL), 0);
    store_scores_each(w->store, NULL, INT64_MAX, last_score, &score, NULL);
    cr_assert(score.points == 6000 && score.voided && score.recorded_ms == j->now_ms);
    journal_free(j);
}

Test(contract_rows, a_session_is_handed_in_graded_regraded_and_voided)
{
    each_engine(life);
}

static int stop(void *arg, const struct session_row *row)
{
    (void)row;
    return --*(int *)arg == 0 ? -77 : 0;
}

static int stop_score(void *arg, const struct score_row *row)
{
    (void)row;
    return --*(int *)arg == 0 ? -77 : 0;
}

static int stop_attendance(void *arg, const struct attendance_row *row)
{
    (void)row;
    return --*(int *)arg == 0 ? -77 : 0;
}

static void stops(struct world *w)
{
    struct journal *j = journal_new();

    history_record(j, w, seeds[1], EVENTS, false);
    for (int n = 1; n < 4; n++) {
        int left = n;
        cr_assert_eq(store_sessions_each(w->store, false, INT64_MAX, stop, &left, NULL), -77);
        left = n;
        cr_assert_eq(store_scores_each(w->store, NULL, INT64_MAX, stop_score, &left, NULL), -77);
        left = n;
        cr_assert_eq(store_attendance_each(w->store, "0000-01-01", "9999-12-31", INT64_MAX,
                                           stop_attendance, &left, NULL),
                     -77);
        cr_assert_eq(left, 0);
    }
    expect_rows_at(j, w, INT64_MAX);
    journal_free(j);
}

Test(contract_rows, a_visit_can_stop_the_reading)
{
    each_engine(stops);
}
