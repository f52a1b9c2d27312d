/* The state machine of a sitting. Scripts are tables of steps with the code each must return; a
 * random walk compares the session with a naive model that keeps everything ever taken in a list and
 * searches it. A failing walk prints its seed. */
#include "server/exam/session.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { ITEMS = 5 };

static const int64_t T0 = 1000000;
static const int64_t MINUTES = 60000;

/* 30 minutes, 10 s grace, 60 s of late acceptance. */
static struct session_terms terms_make(void)
{
    return (struct session_terms){.session_uuid = {1},
                                  .exam_uuid = {2},
                                  .attempt = 1,
                                  .started_ms = T0,
                                  .duration_ms = 30 * MINUTES,
                                  .grace_ms = 10000,
                                  .late_accept_ms = 60000,
                                  .window_end_ms = T0 + 40 * MINUTES};
}

/* One step of a script. `a` and `b` by type: OPENED device; RESPONSES epoch, seq; SUBMITTED epoch;
 * EXTRA_TIME ms; REOPENED, TIMED_OUT deadline; GRADED pending; LATE_DECIDED accepted. */
struct step {
    enum session_event_type type;
    int64_t at;
    int64_t a, b;
    uint32_t item, mask;
    int rc;
};

static int step_apply(struct session *s, const struct step *st, struct session_effect *fx,
                      struct err *err)
{
    struct response_input in = {.device_seq = (uint64_t)st->b,
                                .item = st->item,
                                .kind = st->mask == 99 ? RESPONSE_NONE : RESPONSE_MASK,
                                .mask = st->mask};
    struct session_event e = {.type = st->type, .at_ms = st->at};

    switch (st->type) {
    case SE_OPENED:
        e.device_id[0] = (uint8_t)st->a;
        break;
    case SE_RESPONSES:
        e.epoch = (uint32_t)st->a;
        e.responses = &in;
        e.responses_count = 1;
        break;
    case SE_SUBMITTED:
        e.epoch = (uint32_t)st->a;
        break;
    case SE_EXTRA_TIME:
        e.ms = st->a;
        e.must_move = true;
        break;
    case SE_REOPENED:
    case SE_TIMED_OUT:
        e.deadline_ms = st->a;
        break;
    case SE_GRADED:
        e.pending = st->a != 0;
        break;
    case SE_LATE_DECIDED:
        e.accepted = st->a != 0;
        break;
    default:
        break;
    }
    return session_apply(s, &e, fx, err);
}

static void session_make(struct session *s, const struct session_terms *terms)
{
    cr_assert_eq(session_init(s, terms, ITEMS), 0);
    cr_assert_eq(step_apply(s, &(struct step){.type = SE_STARTED, .at = T0}, NULL, NULL), 0);
    cr_assert_eq(step_apply(s, &(struct step){.type = SE_OPENED, .at = T0, .a = 1}, NULL, NULL), 0);
}

static void script_run(struct session *s, const struct step *steps, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct err err = {0};
        char text[ERR_TEXT_BYTES_MAX];
        int rc = step_apply(s, &steps[i], NULL, &err);

        err_text(&err, LANG_ZH, text, sizeof text);
        cr_assert_eq(rc, steps[i].rc, "step %zu: %s, expected %s (%s)", i, err_code_name(rc),
                     err_code_name(steps[i].rc), text);
    }
}

#define RUN(s, ...)                                                                                \
    do {                                                                                           \
        const struct step steps_[] = {__VA_ARGS__};                                                \
        script_run(s, steps_, sizeof steps_ / sizeof steps_[0]);                                   \
    } while (0)

static const int64_t DUE = 1000000 + 30 * 60000 + 10000; /* last moment that counts */
static const int64_t DEADLINE = 1000000 + 30 * 60000;

Test(session, moves_are_exactly_the_table_of_the_diagram)
{
    static const char *const expected[SESSION_STATE_COUNT] = {
        [SESSION_SCHEDULED] = ".s.....", [SESSION_STARTED] = "..pht..",
        [SESSION_SUSPENDED] = ".s.....", [SESSION_SUBMITTED] = ".....g.",
        [SESSION_TIMED_OUT] = ".....g.", [SESSION_GRADED] = ".s...gv",
        [SESSION_VOIDED] = ".......",
    };

    for (int from = 0; from < SESSION_STATE_COUNT; from++) {
        for (int to = 0; to < SESSION_STATE_COUNT; to++) {
            cr_assert_eq(session_move_is_legal((enum session_state)from, (enum session_state)to),
                         expected[from][to] != '.', "%d -> %d", from, to);
        }
    }
    cr_assert_str_eq(session_state_name(SESSION_TIMED_OUT), "timed_out");
}

Test(session, response_counts_until_deadline_and_grace_and_not_a_millisecond_longer)
{
    struct session s;
    struct session_terms terms = terms_make();

    session_make(&s, &terms);
    RUN(&s, {SE_RESPONSES, DUE, 1, 1, 0, 1, 0}, {SE_RESPONSES, DUE + 1, 1, 2, 1, 1, 0});
    cr_assert_eq(s.counting[0].mask, 1u);
    cr_assert_eq(s.counting[1].epoch, 0u);
    cr_assert_eq(s.late[1].mask, 1u);
    session_fini(&s);
}

Test(session, late_response_is_kept_then_refused_after_late_acceptance)
{
    struct session s;
    struct session_terms terms = terms_make();

    session_make(&s, &terms);
    RUN(&s, {SE_TIMED_OUT, DUE + 1, DEADLINE, 0, 0, 0, 0}, {SE_GRADED, 0, 0, 0, 0, 0, 0},
        {SE_RESPONSES, DUE + 60000, 1, 1, 0, 1, 0},
        {SE_RESPONSES, DUE + 60001, 1, 2, 1, 1, ERR_LATE});
    cr_assert(s.pending);
    RUN(&s, {SE_GRADED, 0, 0, 0, 0, 0, ERR_CONFLICT}, {SE_GRADED, 0, 1, 0, 0, 0, 0},
        {SE_LATE_DECIDED, DUE + 70000, 1, 0, 0, 0, 0},
        {SE_LATE_DECIDED, DUE + 70000, 0, 0, 0, 0, ERR_CONFLICT}, {SE_GRADED, 0, 0, 0, 0, 0, 0},
        {SE_RESPONSES, DUE + 5, 1, 3, 1, 1, ERR_LATE});
    cr_assert_not(s.pending);
    cr_assert(s.late_accepted);
    session_fini(&s);
}

Test(session, repeat_of_a_stored_response_is_never_late_and_never_refused)
{
    struct session s;
    struct session_terms terms = terms_make();
    struct session_effect fx;

    session_make(&s, &terms);
    RUN(&s, {SE_RESPONSES, T0 + 1, 1, 1, 0, 1, 0}, {SE_RESPONSES, T0 + 2, 1, 2, 0, 2, 0});
    cr_assert_eq(
        step_apply(&s, &(struct step){SE_RESPONSES, DUE + 999999, 1, 2, 0, 2, 0}, &fx, NULL), 0);
    cr_assert(!fx.changed && fx.repeated == 1 && fx.late == 0);
    RUN(&s, {SE_SUBMITTED, T0 + 3, 1, 0, 0, 0, 0}, {SE_RESPONSES, T0 + 4, 1, 2, 0, 2, 0},
        {SE_RESPONSES, T0 + 4, 1, 1, 0, 1, 0}, {SE_RESPONSES, T0 + 4, 1, 3, 0, 2, ERR_CONFLICT},
        {SE_SUBMITTED, DUE + 9999999, 1, 0, 0, 0, 0}, {SE_GRADED, 0, 0, 0, 0, 0, 0},
        {SE_RESPONSES, DUE + 4, 1, 2, 0, 2, 0}, {SE_RESPONSES, DUE + 4, 1, 3, 0, 2, ERR_CONFLICT},
        {SE_SUBMITTED, DUE + 9999999, 1, 0, 0, 0, 0});
    cr_assert_eq(s.counting[0].mask, 2u);
    session_fini(&s);
}

Test(session, same_sequence_number_with_other_bytes_is_a_conflict_and_changes_nothing)
{
    struct session s;
    struct session_terms terms = terms_make();
    struct err err = {0};
    char text[ERR_TEXT_BYTES_MAX];
    struct response_input in[] = {{2, 1, RESPONSE_MASK, 4, {0}}, {1, 0, RESPONSE_MASK, 2, {0}}};
    struct response_input twice[] = {{7, 1, RESPONSE_MASK, 4, {0}}, {7, 1, RESPONSE_MASK, 2, {0}}};
    struct session_event e = {
        .type = SE_RESPONSES, .at_ms = T0 + 2, .epoch = 1, .responses = in, .responses_count = 2};

    session_make(&s, &terms);
    RUN(&s, {SE_RESPONSES, T0 + 1, 1, 1, 0, 1, 0});
    cr_assert_eq(session_apply(&s, &e, NULL, &err), ERR_CONFLICT);
    err_text(&err, LANG_ZH, text, sizeof text);
    cr_assert_str_eq(text, "第1题：同一设备的同一序号（1）曾存有不同的作答，请刷新页面后重试");
    cr_assert_eq(s.counting[1].epoch, 0u, "the save is all or nothing");
    e.responses = twice;
    cr_assert_eq(session_apply(&s, &e, NULL, &err), ERR_CONFLICT);
    cr_assert_eq(s.counting[1].epoch, 0u);
    session_fini(&s);
}

Test(session, newest_stamp_wins_whatever_the_order_of_arrival)
{
    static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2},
                                     {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
    static const struct step sends[3] = {{SE_RESPONSES, 0, 1, 8, 0, 1, 0},
                                         {SE_RESPONSES, 0, 2, 1, 0, 2, 0},
                                         {SE_RESPONSES, 0, 2, 2, 0, 99, 0}};

    for (int o = 0; o < 6; o++) {
        struct session s;
        struct session_terms terms = terms_make();

        session_make(&s, &terms);
        RUN(&s, {SE_OPENED, T0, 2, 0, 0, 0, 0});
        for (int i = 0; i < 3; i++) {
            struct step st = sends[orders[o][i]];

            st.at = T0 + i;
            RUN(&s, st);
        }
        cr_assert(s.counting[0].kind == RESPONSE_NONE && s.counting[0].device_seq == 2 &&
                      s.counting[0].epoch == 2,
                  "order %d", o);
        session_fini(&s);
    }
}

Test(session, devices_raise_the_epoch_and_the_newest_keeps_its_own)
{
    static const struct {
        int device;
        uint32_t epoch;
        bool changed;
    } cases[] = {{1, 1, false}, {2, 2, true},  {2, 2, false},
                 {1, 3, true},  {1, 3, false}, {3, 4, true}};
    struct session s;
    struct session_terms terms = terms_make();
    struct session_effect fx;
    uint8_t two[16] = {2}, unknown[16] = {77};

    session_make(&s, &terms);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct step st = {SE_OPENED, T0, cases[i].device, 0, 0, 0, 0};

        cr_assert_eq(step_apply(&s, &st, &fx, NULL), 0);
        cr_assert_eq(fx.epoch, cases[i].epoch, "case %zu", i);
        cr_assert_eq(fx.changed, cases[i].changed, "case %zu", i);
    }
    RUN(&s, {SE_RESPONSES, T0 + 1, 2, 41, 0, 1, 0}, {SE_RESPONSES, T0 + 1, 9, 1, 0, 1, ERR_STALE},
        {SE_RESPONSES, T0 + 1, 0, 1, 0, 1, ERR_STALE},
        {SE_SUBMITTED, T0 + 2, 2, 0, 0, 0, ERR_STALE}, {SE_SUBMITTED, T0 + 2, 4, 0, 0, 0, 0},
        {SE_OPENED, T0 + 3, 9, 0, 0, 0, ERR_CONFLICT});
    cr_assert_eq(session_next_seq(&s, two), 42u);
    cr_assert_eq(session_next_seq(&s, unknown), 1u);
    cr_assert_eq(step_apply(&s, &(struct step){SE_OPENED, T0 + 3, 2, 0, 0, 0, 0}, &fx, NULL), 0);
    cr_assert(fx.epoch == 2 && !fx.changed);
    session_fini(&s);
}

Test(session, many_devices_lock_nobody_out)
{
    struct session s;
    struct session_terms terms = terms_make();
    struct session_effect fx;

    session_make(&s, &terms);
    for (int i = 2; i < 200; i++) {
        cr_assert_eq(step_apply(&s, &(struct step){SE_OPENED, T0, i, 0, 0, 0, 0}, &fx, NULL), 0);
        cr_assert_eq(fx.epoch, (uint32_t)i);
    }
    cr_assert_eq(s.devices_count, (size_t)SESSION_DEVICES_MAX);
    RUN(&s, {SE_RESPONSES, T0 + 1, 1, 1, 0, 1, 0});
    session_fini(&s);
}

Test(session, a_replayed_opening_must_give_the_recorded_epoch)
{
    struct session s;
    struct session_terms terms = terms_make();
    struct session_event e = {.type = SE_OPENED, .at_ms = T0, .device_id = {9}, .epoch = 3};

    session_make(&s, &terms);
    cr_assert_eq(session_apply(&s, &e, NULL, NULL), ERR_CORRUPT);
    e.epoch = 2;
    cr_assert_eq(session_apply(&s, &e, NULL, NULL), 0);
    session_fini(&s);
}

Test(session, suspension_is_given_back_as_extra_time)
{
    struct session s;
    struct session_terms terms = terms_make();

    session_make(&s, &terms);
    RUN(&s, {SE_SUSPENDED, T0 + MINUTES, 0, 0, 0, 0, 0},
        {SE_SUSPENDED, T0 + MINUTES, 0, 0, 0, 0, ERR_CONFLICT},
        {SE_RESPONSES, T0 + MINUTES, 1, 1, 0, 1, 0},
        {SE_RESPONSES, T0 + MINUTES + 1, 1, 2, 0, 2, ERR_CONFLICT},
        {SE_RESPONSES, T0 + MINUTES + 1, 1, 1, 0, 1, 0},
        {SE_SUBMITTED, T0 + MINUTES + 1, 1, 0, 0, 0, ERR_CONFLICT},
        {SE_TIMED_OUT, DUE + 1, DEADLINE, 0, 0, 0, ERR_CONFLICT});
    cr_assert_eq(session_due_ms(&s), INT64_MAX);
    cr_assert_eq(session_deadline_ms(&s, T0 + 4 * MINUTES), DEADLINE + 3 * MINUTES);
    RUN(&s, {SE_RESUMED, T0 + 6 * MINUTES, 0, 0, 0, 0, 0},
        {SE_EXTRA_TIME, T0 + 7 * MINUTES, 1000, 0, 0, 0, 0},
        {SE_EXTRA_TIME, T0 + 7 * MINUTES, 0, 0, 0, 0, ERR_BAD_INPUT});
    cr_assert_eq(session_due_ms(&s), DUE + 5 * MINUTES + 1000);
    RUN(&s, {SE_RESPONSES, DUE + 5 * MINUTES + 1000, 1, 3, 0, 2, 0});
    cr_assert_eq(s.counting[0].mask, 2u);
    session_fini(&s);
}

Test(session, window_end_cuts_only_if_the_terms_say_so)
{
    static const struct {
        bool cut;
        int64_t extra, expected_minutes;
    } cases[] = {{false, 20, 50}, {true, 20, 40}, {true, 5, 35}, {false, 5, 35}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct session s;
        struct session_terms terms = terms_make();

        terms.cut_at_window_end = cases[i].cut;
        terms.extra_ms = cases[i].extra * MINUTES;
        session_make(&s, &terms);
        cr_assert_eq(session_deadline_ms(&s, 0), T0 + cases[i].expected_minutes * MINUTES,
                     "case %zu", i);
        session_fini(&s);
    }
}

/* A deadline at minute 30 of a window that ends at minute 40. */
Test(session, extra_time_moves_the_deadline_to_the_end_of_the_window_and_no_further)
{
    static const struct {
        struct step step;
        int64_t granted_minutes, moved_minutes;
    } cases[] = {
        {{SE_EXTRA_TIME, T0 + 1, 6 * MINUTES, 0, 0, 0, 0}, 6, 6},
        {{SE_SUSPENDED, T0 + 2, 0, 0, 0, 0, 0}, 0, 0},
        {{SE_RESUMED, T0 + 2 + MINUTES, 0, 0, 0, 0, 0}, 1, 1},
        {{SE_EXTRA_TIME, T0 + 2 * MINUTES, 5 * MINUTES, 0, 0, 0, 0}, 5, 3},
        {{SE_EXTRA_TIME, T0 + 2 * MINUTES, MINUTES, 0, 0, 0, ERR_CONFLICT}, 0, 0},
        {{SE_SUSPENDED, T0 + 3 * MINUTES, 0, 0, 0, 0, 0}, 0, 0},
        {{SE_EXTRA_TIME, T0 + 4 * MINUTES, MINUTES, 0, 0, 0, ERR_CONFLICT}, 0, 0},
        {{SE_RESUMED, T0 + 5 * MINUTES, 0, 0, 0, 0, 0}, 2, 0},
    };
    struct session_terms terms = terms_make();
    struct session s;

    terms.cut_at_window_end = true;
    session_make(&s, &terms);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct session_effect fx = {0};

        cr_assert_eq(step_apply(&s, &cases[i].step, &fx, NULL), cases[i].step.rc, "case %zu", i);
        cr_assert(fx.granted_ms == cases[i].granted_minutes * MINUTES &&
                      fx.moved_ms == cases[i].moved_minutes * MINUTES,
                  "case %zu", i);
    }
    cr_assert_eq(session_deadline_ms(&s, 0), T0 + 40 * MINUTES);
    /* As it was recorded before that was refused. */
    cr_assert_eq(session_apply(&s,
                               &(struct session_event){
                                   .type = SE_EXTRA_TIME, .at_ms = T0 + 5 * MINUTES, .ms = MINUTES},
                               NULL, NULL),
                 0);
    cr_assert_eq(session_deadline_ms(&s, 0), T0 + 40 * MINUTES);
    /* A deadline that was named is not cut. */
    RUN(&s, {SE_SUBMITTED, T0 + 6 * MINUTES, 1, 0, 0, 0, 0}, {SE_GRADED, 0, 0, 0, 0, 0, 0},
        {SE_REOPENED, T0 + 7 * MINUTES, T0 + 60 * MINUTES, 0, 0, 0, 0},
        {SE_EXTRA_TIME, T0 + 8 * MINUTES, MINUTES, 0, 0, 0, 0});
    cr_assert_eq(session_deadline_ms(&s, 0), T0 + 61 * MINUTES);
    session_fini(&s);
}

Test(session, time_out_waits_for_deadline_and_grace)
{
    struct session s;
    struct session_terms terms = terms_make();

    session_make(&s, &terms);
    RUN(&s, {SE_TIMED_OUT, DUE - 1, DEADLINE, 0, 0, 0, ERR_CONFLICT},
        {SE_TIMED_OUT, DUE, DEADLINE + 1, 0, 0, 0, ERR_CONFLICT},
        {SE_SUBMITTED, DUE + 1, 1, 0, 0, 0, ERR_LATE},
        {SE_SUSPENDED, DUE + 1, 0, 0, 0, 0, ERR_LATE}, {SE_TIMED_OUT, DUE, DEADLINE, 0, 0, 0, 0},
        /* received in time, taken from the queue after the time-out: still counts */
        {SE_RESPONSES, DUE, 1, 1, 0, 1, 0}, {SE_RESPONSES, DUE + 1, 1, 2, 0, 2, 0});
    cr_assert_eq(s.counting[0].mask, 1u);
    cr_assert_eq(s.late[0].mask, 2u);
    cr_assert_eq(s.closed_ms, DEADLINE);
    RUN(&s, {SE_GRADED, 0, 1, 0, 0, 0, 0}, {SE_VOIDED, DUE + 2, 0, 0, 0, 0, 0},
        {SE_RESPONSES, DUE + 2, 1, 2, 0, 2, ERR_CONFLICT},
        {SE_VOIDED, DUE + 2, 0, 0, 0, 0, ERR_CONFLICT});
    session_fini(&s);
}

Test(session, reopening_names_a_deadline_and_takes_in_what_was_late)
{
    struct session s;
    struct session_terms terms = terms_make();

    session_make(&s, &terms);
    RUN(&s, {SE_RESPONSES, T0 + 1, 1, 1, 0, 1, 0}, {SE_TIMED_OUT, DUE, DEADLINE, 0, 0, 0, 0},
        {SE_RESPONSES, DUE + 1, 1, 2, 0, 2, 0}, {SE_GRADED, 0, 1, 0, 0, 0, 0},
        {SE_REOPENED, DUE + 5, DUE + 5, 0, 0, 0, ERR_BAD_INPUT},
        {SE_REOPENED, DUE + 5, DUE + MINUTES, 0, 0, 0, 0});
    cr_assert_eq(s.counting[0].mask, 2u);
    cr_assert_eq(s.late[0].epoch, 0u);
    cr_assert_not(s.pending);
    cr_assert_eq(session_deadline_ms(&s, 0), DUE + MINUTES);
    RUN(&s, {SE_EXTRA_TIME, DUE + 6, 500, 0, 0, 0, 0});
    cr_assert_eq(session_deadline_ms(&s, 0), DUE + MINUTES + 500);
    RUN(&s, {SE_RESPONSES, DUE + 7, 1, 3, 0, 4, 0}, {SE_SUBMITTED, DUE + 8, 1, 0, 0, 0, 0},
        {SE_GRADED, 0, 0, 0, 0, 0, 0});
    cr_assert_eq(s.counting[0].mask, 4u);
    session_fini(&s);
}

Test(session, refused_late_responses_stay_refused_when_reopened)
{
    struct session s;
    struct session_terms terms = terms_make();

    session_make(&s, &terms);
    RUN(&s, {SE_TIMED_OUT, DUE, DEADLINE, 0, 0, 0, 0}, {SE_RESPONSES, DUE + 1, 1, 2, 0, 2, 0},
        {SE_GRADED, 0, 1, 0, 0, 0, 0}, {SE_LATE_DECIDED, DUE + 2, 0, 0, 0, 0, 0},
        {SE_REOPENED, DUE + 5, DUE + MINUTES, 0, 0, 0, 0});
    cr_assert_eq(s.counting[0].epoch, 0u);
    cr_assert_eq(s.late[0].mask, 2u);
    session_fini(&s);
}

Test(session, what_was_received_in_time_counts_also_once_it_is_graded)
{
    const struct session_terms terms = terms_make();
    struct session_effect fx = {0};
    struct session s;

    session_make(&s, &terms);
    RUN(&s, {SE_RESPONSES, T0 + 1, 1, 1, 0, 1, 0}, {SE_TIMED_OUT, DUE + 1, DEADLINE, 0, 0, 0, 0},
        {SE_GRADED, 0, 0, 0, 0, 0, 0});
    cr_assert_eq(step_apply(&s, &(struct step){SE_RESPONSES, DUE, 1, 2, 0, 4, 0}, &fx, NULL), 0);
    cr_assert(fx.changed && fx.stored == 1 && fx.late == 0 && fx.grade_due);
    cr_assert(s.counting[0].mask == 4 && s.late[0].epoch == 0 && !s.pending);
    RUN(&s, {SE_GRADED, 0, 0, 0, 0, 0, 0});
    /* A later one is late; one in time still counts, while that awaits its decision. */
    RUN(&s, {SE_RESPONSES, DUE + 1, 1, 9, 0, 1, 0}, {SE_GRADED, 0, 1, 0, 0, 0, 0});
    cr_assert_eq(step_apply(&s, &(struct step){SE_RESPONSES, DUE, 1, 3, 1, 2, 0}, &fx, NULL), 0);
    cr_assert(fx.grade_due && s.pending && s.counting[1].mask == 2 && s.late[0].device_seq == 9);
    RUN(&s, {SE_GRADED, 0, 1, 0, 0, 0, 0}, {SE_LATE_DECIDED, DUE + 2, 0, 0, 0, 0, 0},
        {SE_GRADED, 0, 0, 0, 0, 0, 0});
    cr_assert_eq(step_apply(&s, &(struct step){SE_RESPONSES, DUE, 1, 4, 2, 2, 0}, &fx, NULL), 0);
    cr_assert(fx.grade_due && !s.pending && s.counting[2].mask == 2);
    session_fini(&s);
}

Test(session, what_an_old_device_still_sends_is_kept_once_and_never_counts)
{
    static const struct {
        struct step step;
        size_t older, repeated;
    } cases[] = {
        {{SE_RESPONSES, T0 + 3, 1, 4, 0, 2, 0}, 1, 0}, /* while another device goes on */
        {{SE_RESPONSES, T0 + 4, 1, 4, 0, 2, 0}, 0, 1}, /* its repeat */
        {{SE_RESPONSES, T0 + 4, 1, 4, 0, 4, ERR_CONFLICT}, 0, 0},
        {{SE_RESPONSES, T0 + 4, 1, 3, 0, 1, 0}, 0, 1}, /* was the newest once */
        {{SE_RESPONSES, T0 + 4, 1, 3, 0, 2, ERR_CONFLICT}, 0, 0},
        {{SE_SUBMITTED, T0 + 5, 2, 0, 0, 0, 0}, 0, 0},
        {{SE_RESPONSES, T0 + 6, 1, 2, 0, 4, 0}, 1, 0}, /* also after the hand-in */
        {{SE_RESPONSES, T0 + 7, 1, 2, 0, 4, 0}, 0, 1},
        {{SE_RESPONSES, T0 + 7, 1, 5, 1, 4, ERR_CONFLICT}, 0, 0}, /* which takes nothing new */
    };
    const struct session_terms terms = terms_make();
    const uint8_t first[16] = {1};
    struct session s;

    session_make(&s, &terms);
    RUN(&s, {SE_RESPONSES, T0 + 1, 1, 3, 0, 1, 0}, {SE_OPENED, T0 + 2, 2, 0, 0, 0, 0},
        {SE_RESPONSES, T0 + 2, 2, 1, 0, 1, 0});
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct session_effect fx = {0};

        cr_assert_eq(step_apply(&s, &cases[i].step, &fx, NULL), cases[i].step.rc, "case %zu", i);
        cr_assert(fx.older == cases[i].older && fx.repeated == cases[i].repeated, "case %zu", i);
        cr_assert(cases[i].step.type != SE_RESPONSES || fx.changed == (fx.older > 0), "case %zu",
                  i);
        cr_assert(s.counting[0].epoch == 2 && s.counting[0].mask == 1, "case %zu", i);
    }
    cr_assert_eq(session_next_seq(&s, first), 5);
    session_fini(&s);
}

Test(session, outdated_responses_are_bounded)
{
    const struct session_terms terms = terms_make();
    struct session_effect fx = {0};
    struct session s;

    session_make(&s, &terms);
    RUN(&s, {SE_OPENED, T0 + 1, 2, 0, 0, 0, 0}, {SE_RESPONSES, T0 + 1, 2, 1, 0, 1, 0});
    for (int i = 1; i <= SESSION_OLDER_MAX; i++) {
        const struct step st = {SE_RESPONSES, T0 + 2, 1, i, 0, 1, 0};

        cr_assert_eq(step_apply(&s, &st, &fx, NULL), 0, "%d", i);
        cr_assert(fx.changed);
    }
    RUN(&s, {SE_RESPONSES, T0 + 3, 1, SESSION_OLDER_MAX + 1, 0, 1, ERR_LIMIT},
        {SE_RESPONSES, T0 + 3, 1, 1, 0, 1, 0}, {SE_RESPONSES, T0 + 3, 1, 1, 0, 2, ERR_CONFLICT},
        {SE_RESPONSES, T0 + 3, 2, 2, 0, 2, 0});
    cr_assert_eq(s.counting[0].mask, 2);
    session_fini(&s);
}

Test(session, the_oldest_of_what_was_displaced_is_forgotten_first)
{
    enum { COUNT = SESSION_PAST_MAX + 2 };
    const struct session_terms terms = terms_make();
    struct session_effect fx = {0};
    struct session s;

    session_make(&s, &terms);
    for (int i = 1; i <= COUNT; i++) {
        const struct step st = {SE_RESPONSES, T0 + 1, 1, i, 0, 1, 0};

        cr_assert_eq(step_apply(&s, &st, NULL, NULL), 0);
    }
    RUN(&s, {SE_RESPONSES, T0 + 2, 1, 2, 0, 2, ERR_CONFLICT});
    cr_assert_eq(step_apply(&s, &(struct step){SE_RESPONSES, T0 + 2, 1, 1, 0, 1, 0}, &fx, NULL), 0);
    cr_assert_eq(fx.older, 1, "it is recorded once more, which is harmless");
    cr_assert_eq(step_apply(&s, &(struct step){SE_RESPONSES, T0 + 2, 1, 1, 0, 1, 0}, &fx, NULL), 0);
    cr_assert(!fx.changed && s.counting[0].device_seq == COUNT);
    session_fini(&s);
}

/* One step after the answer keys may have been seen. */
static int step_seen(struct session *s, struct session_event e, struct session_effect *fx)
{
    struct err err = {0};
    int rc;

    e.keys_shown = true;
    rc = session_apply(s, &e, fx, &err);
    if (rc == ERR_CONFLICT || rc == ERR_LATE) {
        cr_assert_str_eq(err.msg->id, "session-keys-shown");
    }
    return rc;
}

Test(session, once_the_answer_keys_could_be_seen_nothing_new_is_taken)
{
    const struct session_terms terms = terms_make();
    const struct response_input old = {
        .device_seq = 5, .item = 1, .kind = RESPONSE_MASK, .mask = 4};
    const struct response_input fresh = {
        .device_seq = 6, .item = 0, .kind = RESPONSE_MASK, .mask = 4};
    struct session_event save = {
        .type = SE_RESPONSES, .at_ms = DUE, .epoch = 1, .responses = &old, .responses_count = 1};
    struct session_effect fx = {0};
    struct session s;

    session_make(&s, &terms);
    RUN(&s, {SE_RESPONSES, T0 + 1, 1, 5, 1, 4, 0}, {SE_TIMED_OUT, DUE + 1, DEADLINE, 0, 0, 0, 0},
        {SE_GRADED, 0, 0, 0, 0, 0, 0}, {SE_RESPONSES, DUE + 9, 1, 4, 0, 1, 0},
        {SE_GRADED, 0, 1, 0, 0, 0, 0});
    cr_assert_eq(step_seen(&s, save, &fx), 0);
    cr_assert_eq(fx.repeated, 1);
    save.responses = &fresh;
    cr_assert_eq(step_seen(&s, save, NULL), ERR_LATE);
    cr_assert_eq(
        step_seen(&s, (struct session_event){.type = SE_LATE_DECIDED, .at_ms = DUE + 9}, NULL),
        ERR_CONFLICT);
    cr_assert_eq(step_seen(&s,
                           (struct session_event){
                               .type = SE_REOPENED, .at_ms = DUE + 9, .deadline_ms = DUE + MINUTES},
                           NULL),
                 ERR_CONFLICT);
    cr_assert_eq(step_seen(&s, (struct session_event){.type = SE_VOIDED, .at_ms = DUE + 9}, NULL),
                 0);
    session_fini(&s);
}

Test(session, bad_responses_are_named)
{
    struct session s;
    struct session_terms terms = terms_make();
    char big[RESPONSE_TEXT_BYTES_MAX + 1];
    struct item item = {.type = ITEM_FILL_IN};
    struct item single = {.type = ITEM_SINGLE, .options_count = 3};
    struct item judge = {.type = ITEM_TRUE_FALSE};
    struct paper_item places[ITEMS] = {{.item = &item},
                                       {.item = &single, .option_count = 3},
                                       {.item = &judge},
                                       {.item = &item},
                                       {.item = &item}};
    struct paper paper = {.items = places, .count = ITEMS};

    memset(big, 'a', sizeof big);
    session_make(&s, &terms);
    s.paper = &paper;
    const struct {
        struct response_input in;
        int rc;
    } cases[] = {
        {{1, ITEMS, RESPONSE_MASK, 1, {0}}, ERR_BAD_INPUT},
        {{1, 0, RESPONSE_MASK, 1, {0}}, ERR_BAD_INPUT},
        {{1, 1, RESPONSE_TEXT, 0, bytes_of_text("A")}, ERR_BAD_INPUT},
        {{1, 1, RESPONSE_MASK, 8, {0}}, ERR_BAD_INPUT},
        {{1, 1, RESPONSE_MASK, 3, {0}}, ERR_BAD_INPUT},
        {{1, 2, RESPONSE_MASK, 2, {0}}, ERR_BAD_INPUT},
        {{0, 1, RESPONSE_MASK, 1, {0}}, ERR_BAD_INPUT},
        {{1, 0, RESPONSE_TEXT, 0, bytes_of(big, sizeof big)}, ERR_BAD_INPUT},
        {{1, 0, RESPONSE_TEXT, 0, bytes_of("\xff", 1)}, ERR_BAD_INPUT},
        {{1, 0, RESPONSE_TEXT, 0, bytes_of("a\0b", 3)}, ERR_BAD_INPUT},
        {{1, 0, RESPONSE_TEXT, 0, bytes_of_text("e\xcc\x81")}, ERR_BAD_INPUT},
        {{1, 0, RESPONSE_TEXT, 0, bytes_of(big, RESPONSE_TEXT_BYTES_MAX)}, 0},
        {{2, 0, RESPONSE_NONE, 0, {0}}, 0},
        {{3, 1, RESPONSE_MASK, 4, {0}}, 0},
        {{4, 2, RESPONSE_MASK, 0, {0}}, 0},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct session_event e = {.type = SE_RESPONSES,
                                  .at_ms = T0,
                                  .epoch = 1,
                                  .responses = &cases[i].in,
                                  .responses_count = 1};

        cr_assert_eq(session_apply(&s, &e, NULL, NULL), cases[i].rc, "case %zu", i);
    }
    cr_assert(s.counting[0].kind == RESPONSE_NONE && s.counting[0].epoch == 1);
    session_fini(&s);
}

/* ---------------------------------------------------------------------------- random walk */

struct taken {
    uint32_t item, epoch, mask;
    uint64_t seq;
    int64_t at;
    bool late;
};

struct model {
    char state; /* s(tarted) p(aused) h(anded in) t(imed out) g(raded) v(oided) */
    bool timed_out, decided, accepted;
    int64_t started, duration, grace, late_accept, window_end;
    bool cut;
    int64_t granted, paused_at, reopened, reopened_granted;
    uint32_t epoch, newest_device;
    uint32_t epoch_of[8];
    struct taken taken[600];
    size_t count;
    struct taken known[600]; /* all that was ever recorded */
    size_t known_count;
};

static int64_t model_deadline(const struct model *m)
{
    int64_t d = m->started + m->duration + m->granted;

    if (m->reopened != 0) {
        return m->reopened + m->granted - m->reopened_granted;
    }
    return m->cut && d > m->window_end ? m->window_end : d;
}

static struct taken *model_best(struct model *m, uint32_t item, bool late)
{
    struct taken *best = NULL;

    for (size_t i = 0; i < m->count; i++) {
        struct taken *t = &m->taken[i];

        if (t->item == item && t->late == late &&
            (best == NULL || t->epoch > best->epoch ||
             (t->epoch == best->epoch && t->seq > best->seq))) {
            best = t;
        }
    }
    return best;
}

static bool model_has_undecided(struct model *m)
{
    for (size_t i = 0; i < m->count; i++) {
        if (m->taken[i].late && !m->decided) {
            return true;
        }
    }
    return false;
}

static void model_forget(struct model *m, struct taken *t)
{
    *t = m->taken[--m->count];
}

static const struct taken *model_known(const struct model *m, const struct step *st)
{
    for (size_t i = 0; i < m->known_count; i++) {
        if (m->known[i].item == st->item && m->known[i].epoch == st->a &&
            (int64_t)m->known[i].seq == st->b) {
            return &m->known[i];
        }
    }
    return NULL;
}

static void model_record(struct model *m, const struct step *st)
{
    if (model_known(m, st) == NULL) {
        m->known[m->known_count++] = (struct taken){
            .item = st->item, .epoch = (uint32_t)st->a, .mask = st->mask, .seq = (uint64_t)st->b};
    }
}

static int model_response(struct model *m, const struct step *st)
{
    uint32_t epoch = (uint32_t)st->a;
    uint64_t seq = (uint64_t)st->b;
    int64_t due = model_deadline(m) + m->grace;
    bool in_time = m->state == 'p' ? st->at <= m->paused_at : st->at <= due;
    bool open = m->state == 's' || m->state == 't' || (m->state == 'g' && m->timed_out);
    bool counts = (open && in_time) || (m->state == 'p' && in_time);
    const struct taken *seen[2] = {model_best(m, st->item, false), model_best(m, st->item, true)};

    if (m->state == 'v') {
        return ERR_CONFLICT;
    }
    if (epoch == 0 || epoch > m->epoch) {
        return ERR_STALE;
    }
    for (int i = 0; i < 2; i++) {
        if (seen[i] != NULL && epoch == seen[i]->epoch && seq == seen[i]->seq &&
            seen[i]->mask != st->mask) {
            return ERR_CONFLICT;
        }
    }
    for (int i = 0; i < 2; i++) {
        if (seen[i] != NULL && !(i == 1 && counts) &&
            (epoch < seen[i]->epoch || (epoch == seen[i]->epoch && seq <= seen[i]->seq))) {
            const struct taken *known = model_known(m, st);

            if (known != NULL && known->mask != st->mask) {
                return ERR_CONFLICT;
            }
            model_record(m, st);
            return 0;
        }
    }
    if (!counts) {
        if (m->state == 'p' || m->state == 'h' || (m->state == 'g' && !m->timed_out)) {
            return ERR_CONFLICT;
        }
        if (m->decided || st->at > due + m->late_accept) {
            return ERR_LATE;
        }
    }
    if (!counts && seen[1] != NULL) {
        model_forget(m, model_best(m, st->item, true)); /* one late response an item */
    }
    model_record(m, st);
    m->taken[m->count++] = (struct taken){st->item, epoch, st->mask, seq, st->at, !counts};
    return 0;
}

static void model_promote(struct model *m)
{
    for (uint32_t item = 0; item < ITEMS; item++) {
        struct taken *late = model_best(m, item, true);
        const struct taken *best = model_best(m, item, false);

        if (late == NULL || (m->decided ? !m->accepted : late->at > model_deadline(m) + m->grace)) {
            continue;
        }
        late->late = false;
        if (best != NULL &&
            (late->epoch < best->epoch || (late->epoch == best->epoch && late->seq <= best->seq))) {
            model_forget(m, late);
        }
    }
}

static int model_step(struct model *m, const struct step *st)
{
    int64_t due = model_deadline(m) + m->grace, before;
    bool closed = strchr("htg", m->state) != NULL;

    switch (st->type) {
    case SE_OPENED:
        if (m->state == 'v' || (closed && m->epoch_of[st->a] == 0)) {
            return ERR_CONFLICT;
        }
        if (!closed && m->newest_device != (uint32_t)st->a) {
            m->epoch_of[st->a] = ++m->epoch;
            m->newest_device = (uint32_t)st->a;
        }
        return 0;
    case SE_RESPONSES:
        return model_response(m, st);
    case SE_SUSPENDED:
        if (m->state != 's') {
            return ERR_CONFLICT;
        }
        if (st->at > due) {
            return ERR_LATE;
        }
        m->state = 'p';
        m->paused_at = st->at;
        return 0;
    case SE_RESUMED:
        if (m->state != 'p') {
            return ERR_CONFLICT;
        }
        m->state = 's';
        m->granted += st->at > m->paused_at ? st->at - m->paused_at : 0;
        return 0;
    case SE_EXTRA_TIME:
        if (m->state != 's' && m->state != 'p') {
            return ERR_CONFLICT;
        }
        before = model_deadline(m);
        m->granted += st->a;
        if (model_deadline(m) == before) {
            m->granted -= st->a;
            return ERR_CONFLICT;
        }
        model_promote(m);
        return 0;
    case SE_SUBMITTED:
        if (closed) {
            return 0;
        }
        if (m->state != 's') {
            return ERR_CONFLICT;
        }
        if ((uint32_t)st->a != m->epoch) {
            return ERR_STALE;
        }
        if (st->at > due) {
            return ERR_LATE;
        }
        m->state = 'h';
        return 0;
    case SE_TIMED_OUT:
        if (m->state != 's' || st->a != model_deadline(m) || st->at < due) {
            return ERR_CONFLICT;
        }
        m->state = 't';
        m->timed_out = true;
        return 0;
    case SE_GRADED:
        if (!closed || (st->a != 0) != model_has_undecided(m)) {
            return ERR_CONFLICT;
        }
        m->state = 'g';
        return 0;
    case SE_VOIDED:
        if (m->state != 'g') {
            return ERR_CONFLICT;
        }
        m->state = 'v';
        return 0;
    case SE_REOPENED:
        if (m->state != 'g') {
            return ERR_CONFLICT;
        }
        m->state = 's';
        m->timed_out = false;
        m->reopened = st->a;
        m->reopened_granted = m->granted;
        model_promote(m);
        return 0;
    case SE_LATE_DECIDED:
        if (m->state != 'g' || m->decided || !model_has_undecided(m)) {
            return ERR_CONFLICT;
        }
        m->decided = true;
        m->accepted = st->a != 0;
        return 0;
    case SE_STARTED:
        break;
    }
    return 0;
}

static uint32_t dice(uint64_t *seed, uint32_t n)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((*seed >> 33) % n);
}

static struct step step_random(uint64_t *seed, const struct model *m, int64_t now)
{
    static const enum session_event_type often[] = {
        SE_RESPONSES, SE_RESPONSES, SE_RESPONSES, SE_RESPONSES,  SE_RESPONSES, SE_OPENED,
        SE_SUSPENDED, SE_RESUMED,   SE_RESUMED,   SE_EXTRA_TIME, SE_SUBMITTED, SE_TIMED_OUT,
        SE_TIMED_OUT, SE_GRADED,    SE_GRADED,    SE_REOPENED,   SE_VOIDED,    SE_LATE_DECIDED};
    struct step st = {.type = often[dice(seed, sizeof often / sizeof often[0])], .at = now};

    if (st.type == SE_VOIDED && dice(seed, 4) != 0) {
        st.type = SE_RESPONSES;
    }
    switch (st.type) {
    case SE_OPENED:
        st.a = 1 + dice(seed, 6);
        break;
    case SE_RESPONSES:
        st.a = dice(seed, 20) == 0 ? 99 : 1 + dice(seed, m->epoch);
        st.b = 1 + dice(seed, 12);
        st.item = dice(seed, ITEMS);
        st.mask = 1u << dice(seed, 2);
        break;
    case SE_SUBMITTED:
        st.a = dice(seed, 3) == 0 ? 1 : m->epoch;
        break;
    case SE_EXTRA_TIME:
        st.a = 1 + dice(seed, 300);
        break;
    case SE_TIMED_OUT:
        st.a = model_deadline(m) + (dice(seed, 8) == 0);
        break;
    case SE_REOPENED:
        st.a = now + 1 + dice(seed, 500);
        break;
    case SE_GRADED:
    case SE_LATE_DECIDED:
        st.a = dice(seed, 2);
        break;
    default:
        break;
    }
    return st;
}

static void model_compare(struct model *m, const struct session *s, uint64_t walk, int at)
{
    static const char letters[] = "?sphtgv";

    cr_assert_eq(letters[s->state], m->state, "seed %llu step %d", (unsigned long long)walk, at);
    cr_assert_eq(s->epoch, m->epoch);
    cr_assert_eq(s->pending, m->state == 'g' && model_has_undecided(m), "seed %llu step %d",
                 (unsigned long long)walk, at);
    for (uint32_t item = 0; item < ITEMS; item++) {
        for (int late = 0; late < 2; late++) {
            const struct taken *t = model_best(m, item, late != 0);
            const struct response *r = late != 0 ? &s->late[item] : &s->counting[item];

            cr_assert(t == NULL ? r->epoch == 0
                                : r->epoch == t->epoch && r->device_seq == t->seq &&
                                      r->mask == t->mask && r->received_ms == t->at,
                      "seed %llu step %d item %u late %d", (unsigned long long)walk, at, item,
                      late);
        }
    }
}

Test(session, random_walks_agree_with_a_naive_model)
{
    int reached[SESSION_STATE_COUNT] = {0}, late_seen = 0;

    for (uint64_t walk = 1; walk <= 1500; walk++) {
        static struct model m;
        struct session s;
        struct session_terms terms = terms_make();
        uint64_t seed = walk * UINT64_C(0x9e3779b97f4a7c15);
        int64_t now = T0;

        terms.duration_ms = 600;
        terms.grace_ms = 20;
        terms.late_accept_ms = 200;
        terms.window_end_ms = T0 + 900;
        terms.cut_at_window_end = dice(&seed, 2) == 0;
        session_make(&s, &terms);
        m = (struct model){.state = 's',
                           .started = T0,
                           .duration = 600,
                           .grace = 20,
                           .late_accept = 200,
                           .window_end = T0 + 900,
                           .cut = terms.cut_at_window_end,
                           .epoch = 1,
                           .newest_device = 1};
        m.epoch_of[1] = 1;
        for (int i = 0; i < 120; i++) {
            struct step st;
            int rc, expected;

            now += dice(&seed, 30);
            st = step_random(&seed, &m, now - dice(&seed, 4));
            if (st.type == SE_REOPENED && st.a <= st.at) {
                continue;
            }
            expected = model_step(&m, &st);
            rc = step_apply(&s, &st, NULL, NULL);
            cr_assert_eq(rc, expected, "seed %llu step %d type %d state %c: %s, expected %s",
                         (unsigned long long)walk, i, (int)st.type, m.state, err_code_name(rc),
                         err_code_name(expected));
            cr_assert(session_is_consistent(&s));
            model_compare(&m, &s, walk, i);
            reached[s.state]++;
            late_seen += s.pending;
        }
        session_fini(&s);
    }
    for (int state = SESSION_STARTED; state < SESSION_STATE_COUNT; state++) {
        cr_assert_gt(reached[state], 100, "the walks hardly reach %s",
                     session_state_name((enum session_state)state));
    }
    cr_assert_gt(late_seen, 100);
}
