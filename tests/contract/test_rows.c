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

/* ------------------------------------------------------------------ rebuilding */

static void dump(struct world *w, enum store_file file, struct buf *out)
{
    buf_clear(out);
    cr_assert_eq(store_dump(w->store, file, out, NULL), 0);
}

static void rebuilt(struct world *w)
{
    struct journal *j = journal_new();
    struct buf before = {0}, after = {0};

    history_record(j, w, seeds[0], EVENTS, false);
    history_registry(j, w, seeds[1], EVENTS);
    for (int file = 0; file < STORE_FILES; file++) {
        dump(w, (enum store_file)file, &before);
        cr_assert_gt(before.len, 1000);
        cr_assert_eq(store_rebuild(w->store, (enum store_file)file, NULL), 0);
        dump(w, (enum store_file)file, &after);
        cr_assert(bytes_equal(buf_view(&before), buf_view(&after)));
    }
    expect_rows_at(j, w, INT64_MAX);
    journal_expect(j, w->store);
    put_responses(j, 1, 1); /* sessions go on where they were */
    put_started(j, JOURNAL_SESSIONS_MAX - 1, 1, 1, 1);
    put_login_revoked(j, 1);
    cr_assert_eq(journal_append(j, w->store, STORE_RECORD, NULL), 0);
    cr_assert_eq(journal_append(j, w->store, STORE_REGISTRY, NULL), 0);
    journal_expect(j, w->store);
    buf_fini(&before);
    buf_fini(&after);
    journal_free(j);
}

Test(contract_rows, rebuilt_from_the_events_they_are_the_same)
{
    each_engine(rebuilt);
}

/* Every derived table, spoilt once. */
static const struct {
    enum store_file file;
    const char *sql;
} spoils[] = {
    {STORE_RECORD, "UPDATE session SET attempt = attempt + 1 WHERE session = 2"},
    {STORE_RECORD, "DELETE FROM mark WHERE session = 3"},
    {STORE_RECORD, "UPDATE handin SET at_ms = at_ms + 1"},
    {STORE_RECORD, "UPDATE closure SET superseded_ms = 1"},
    {STORE_RECORD, "UPDATE score SET points = points + 1"},
    {STORE_RECORD, "UPDATE score SET voided = 1 - voided WHERE seq = (SELECT min(seq) FROM score)"},
    {STORE_RECORD, "DELETE FROM attendance WHERE seq = (SELECT max(seq) FROM attendance)"},
    {STORE_RECORD, "UPDATE attendance SET date = '2026-12-31'"},
    {STORE_REGISTRY, "UPDATE unit SET superseded_seq = NULL, superseded_ms = NULL"},
    {STORE_REGISTRY, "UPDATE person SET status = 4 - status WHERE status <> 2"},
    {STORE_REGISTRY, "DELETE FROM roster_import"},
    {STORE_REGISTRY, "UPDATE role SET unit = 'elsewhere'"},
    {STORE_REGISTRY, "UPDATE \"release\" SET name = name || '!'"},
    {STORE_REGISTRY, "UPDATE exam SET year = year + 1"},
    {STORE_REGISTRY, "UPDATE exam_state SET state = 4 - state WHERE state <> 2"},
    {STORE_REGISTRY, "UPDATE share SET which = 3 - which"},
    {STORE_REGISTRY, "DELETE FROM withdrawal"},
    {STORE_REGISTRY, "UPDATE exemption SET kind = 3 - kind"},
    {STORE_REGISTRY, "UPDATE credential SET kind = 3 - kind"},
    {STORE_REGISTRY, "DELETE FROM login_revocation"},
};
static const char *const file_names[STORE_FILES] = {"record.db", "registry.db"};

static void spoilt(struct world *w)
{
    struct journal *j = journal_new();
    struct buf before[STORE_FILES] = {{0}, {0}}, after = {0};

    history_record(j, w, seeds[0], EVENTS, false);
    history_registry(j, w, seeds[1], EVENTS);
    dump(w, STORE_RECORD, &before[STORE_RECORD]);
    dump(w, STORE_REGISTRY, &before[STORE_REGISTRY]);
    for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
        struct bytes good = buf_view(&before[spoils[i].file]);

        world_close(w);
        world_tamper(w, file_names[spoils[i].file], spoils[i].sql);
        world_reopen(w);
        dump(w, spoils[i].file, &after);
        cr_assert_not(bytes_equal(good, buf_view(&after)), "unseen: %s", spoils[i].sql);
        cr_assert_eq(store_rebuild(w->store, spoils[i].file, NULL), 0);
        dump(w, spoils[i].file, &after);
        cr_assert(bytes_equal(good, buf_view(&after)), "not mended: %s", spoils[i].sql);
    }
    expect_rows_at(j, w, INT64_MAX);
    buf_fini(&before[0]);
    buf_fini(&before[1]);
    buf_fini(&after);
    journal_free(j);
}

Test(contract_rows, a_row_altered_by_another_hand_is_seen_and_mended)
{
    each_engine(spoilt);
}
