/* A store whose n-th call fails, for every kind of call and every n of a small history: a failed
 * append leaves nothing, the next one works, and after closing and opening the rows are those of a
 * history in which nothing failed. A negative control breaks that promise and must be seen. */
#include "server/store/fault/fault_store.h"
#include "tests/contract/history.h"
#include "tests/contract/model.h"
#include "tests/contract/world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static void dump_all(struct store *s, struct buf *out)
{
    buf_clear(out);
    cr_assert_eq(store_dump(s, STORE_RECORD, out, NULL), 0);
    cr_assert_eq(store_dump(s, STORE_REGISTRY, out, NULL), 0);
}

static void expect_model(const struct journal *j, struct store *s)
{
    struct model *m = model_new(j, INT64_MAX);
    const char *fault = model_compare(m, s, INT64_MAX, NULL, "0000-01-01", "9999-12-31");

    cr_assert_null(fault, "%s", fault);
    model_free(m);
}

/* The rows of the history if nothing fails. */
static void undisturbed(struct buf *out)
{
    struct journal *j = journal_new();
    struct world w;

    world_init(&w, ENGINE_SQLITE);
    for (int step = 0; step < HISTORY_STEPS; step++)
        cr_assert_eq(journal_append(j, w.store, history_step(j, step), NULL), 0);
    expect_model(j, w.store);
    dump_all(w.store, out);
    world_fini(&w);
    journal_free(j);
}

static void plan_one(struct world *w, enum fault_op op, enum store_file file, enum fault_kind kind,
                     uint32_t nth)
{
    const struct fault f = {.op = op, .file = file, .kind = kind, .nth = nth, .calls = 1};

    fault_store_plan(w->store, &f, 1);
}

/* ------------------------------------------------------------------ appends */

/* What a failed append leaves, and going on from there as store.h tells a caller to. */
static void go_on(struct journal *j, struct world *w, enum store_file file, int code,
                  const struct err *err, const struct buf *before)
{
    struct buf after = {0};
    struct store_tail tail;

    cr_assert(err->code == code && err->msg != NULL);
    if (code == ERR_UNKNOWN) { /* closed for writing; look after opening it anew */
        cr_assert_eq(journal_append(j, w->store, file, NULL), ERR_UNKNOWN);
        cr_assert_eq(store_rebuild(w->store, file, NULL), ERR_UNKNOWN);
        world_reopen(w);
        cr_assert_eq(store_tail(w->store, file, &tail, NULL), 0);
        cr_assert(tail.seq == (int64_t)j->files[file].count ||
                  tail.seq == (int64_t)j->files[file].stored);
        if (tail.seq == (int64_t)j->files[file].count) {
            journal_is_stored(j, file);
            return;
        }
    } else {
        cr_assert_eq(code, ERR_IO);
    }
    journal_expect(j, w->store);
    dump_all(w->store, &after);
    cr_assert(bytes_equal(buf_view(before), buf_view(&after)), "a failed append left something");
    cr_assert_eq(journal_append(j, w->store, file, NULL), 0, "the next one works");
    buf_fini(&after);
}

/* One run with one fault. Returns how often it fired. */
static uint64_t run(struct world *w, enum store_file file, enum fault_kind kind, uint32_t nth,
                    const struct buf *expected)
{
    struct journal *j = journal_new();
    struct buf before = {0}, after = {0};
    uint64_t fired = 0;

    plan_one(w, FAULT_APPEND, file, kind, nth);
    for (int step = 0; step < HISTORY_STEPS; step++) {
        enum store_file f = history_step(j, step);
        struct err err = {0};
        int rc;

        dump_all(w->store, &before);
        rc = journal_append(j, w->store, f, &err);
        fired += fault_store_fired(w->store) > 0 && rc != 0;
        if (rc != 0)
            go_on(j, w, f, rc, &err, &before);
        journal_expect(j, w->store);
    }
    for (int times = 0; times < 2; times++) {
        expect_model(j, w->store);
        dump_all(w->store, &after);
        cr_assert(bytes_equal(buf_view(expected), buf_view(&after)));
        world_reopen(w);
        journal_expect(j, w->store);
    }
    buf_fini(&before);
    buf_fini(&after);
    journal_free(j);
    return fired;
}

Test(contract_fault, whichever_append_fails_nothing_of_it_stays_and_the_next_works)
{
    static const enum fault_kind kinds[] = {FAULT_IO, FAULT_IO_MIDWAY, FAULT_UNKNOWN_LOST,
                                            FAULT_UNKNOWN_STORED};
    static const uint32_t appends[STORE_FILES] = {7, 2};
    struct buf expected = {0};

    undisturbed(&expected);
    for (size_t k = 0; k < sizeof(kinds) / sizeof(kinds[0]); k++)
        for (int file = 0; file < STORE_FILES; file++)
            for (uint32_t n = 1; n <= appends[file] + 1; n++) {
                struct world w;

                fprintf(stderr, "fault %d of append %u to file %d\n", (int)kinds[k], n, file);
                world_init(&w, ENGINE_FAULT);
                /* The last n is never reached: all n before it were tried. */
                cr_assert_eq(run(&w, (enum store_file)file, kinds[k], n, &expected),
                             n <= appends[file] ? 1u : 0u);
                world_fini(&w);
            }
    buf_fini(&expected);
}

Test(contract_fault, an_append_that_fails_and_is_stored_all_the_same_is_seen)
{
    struct journal *j = journal_new();
    struct world w;

    world_init(&w, ENGINE_FAULT);
    plan_one(&w, FAULT_APPEND, STORE_RECORD, FAULT_IO_STORED_FOR_NEGATIVE_CONTROL, 2);
    cr_assert_eq(journal_append(j, w.store, history_step(j, 0), NULL), 0);
    cr_assert_null(journal_compare(j, w.store));
    cr_assert_eq(journal_append(j, w.store, history_step(j, 2), NULL), ERR_IO);
    cr_assert_not_null(journal_compare(j, w.store));
    cr_assert_eq(journal_append(j, w.store, STORE_RECORD, NULL), ERR_CONFLICT);
    world_fini(&w);
    journal_free(j);
}

Test(contract_fault, a_full_disk_refuses_every_append_and_can_still_be_read)
{
    const struct fault full[] = {
        {FAULT_APPEND, STORE_RECORD, FAULT_IO, 2, UINT32_MAX, 0},
        {FAULT_APPEND, STORE_REGISTRY, FAULT_IO, 1, UINT32_MAX, 0},
    };
    struct journal *j = journal_new();
    struct world w;

    world_init(&w, ENGINE_FAULT);
    fault_store_plan(w.store, full, 2);
    cr_assert_eq(journal_append(j, w.store, history_step(j, 0), NULL), 0);
    put_login_revoked(j, 1);
    put_responses(j, 1, 1);
    for (int i = 0; i < 20; i++) {
        cr_assert_eq(journal_append(j, w.store, STORE_RECORD, NULL), ERR_IO);
        cr_assert_eq(journal_append(j, w.store, STORE_REGISTRY, NULL), ERR_IO);
        journal_expect(j, w.store);
    }
    cr_assert_eq(fault_store_fired(w.store), 40);
    fault_store_plan(w.store, NULL, 0); /* room again */
    cr_assert_eq(journal_append(j, w.store, STORE_RECORD, NULL), 0);
    cr_assert_eq(journal_append(j, w.store, STORE_REGISTRY, NULL), 0);
    journal_expect(j, w.store);
    world_fini(&w);
    journal_free(j);
}

/* ------------------------------------------------------------------ everything else */

static int visit_event(void *arg, const struct event *e)
{
    (void)e;
    ++*(int *)arg;
    return 0;
}
static int visit_session(void *arg, const struct session_row *r)
{
    (void)r;
    ++*(int *)arg;
    return 0;
}
static int visit_score(void *arg, const struct score_row *r)
{
    (void)r;
    ++*(int *)arg;
    return 0;
}
static int visit_attendance(void *arg, const struct attendance_row *r)
{
    (void)r;
    ++*(int *)arg;
    return 0;
}

/* Calls the operation once; *visits: rows that were shown. */
static int call(struct store *s, enum fault_op op, enum store_file file, int *visits,
                struct err *err)
{
    struct store_rows_report report;
    struct store_tail tail;
    uint8_t secret[32];
    struct buf text = {0};
    int rc;

    *visits = 0;
    switch (op) {
    case FAULT_TAIL:
        return store_tail(s, file, &tail, err);
    case FAULT_EVENTS_EACH:
        return store_events_each(s, file, 1, 0, visit_event, visits, err);
    case FAULT_SECRET_GET:
        return store_secret_get(s, 1, secret, err);
    case FAULT_SESSIONS_EACH:
        return store_sessions_each(s, false, INT64_MAX, visit_session, visits, err);
    case FAULT_SCORES_EACH:
        return store_scores_each(s, NULL, INT64_MAX, visit_score, visits, err);
    case FAULT_ATTENDANCE_EACH:
        return store_attendance_each(s, "0000-01-01", "9999-12-31", INT64_MAX, visit_attendance,
                                     visits, err);
    case FAULT_REBUILD:
        return store_rebuild(s, file, err);
    case FAULT_ROWS_CHECK:
        return store_rows_check(s, file, &report, err);
    case FAULT_DUMP:
        rc = store_dump(s, file, &text, err);
        buf_fini(&text);
        return rc;
    case FAULT_CHECKPOINT:
        return store_checkpoint(s, file, err);
    default:
        cr_assert_fail("no call for operation %d", (int)op);
        return 0;
    }
}

/* Rows that a reading shows if nothing fails; -1: it is not one that shows rows. */
static const struct {
    enum fault_op op;
    int rows[STORE_FILES];
} ops[] = {
    {FAULT_TAIL, {-1, -1}},        {FAULT_EVENTS_EACH, {16, 3}}, {FAULT_SECRET_GET, {-1, -1}},
    {FAULT_SESSIONS_EACH, {3, 0}}, {FAULT_SCORES_EACH, {1, 0}},  {FAULT_ATTENDANCE_EACH, {1, 0}},
    {FAULT_REBUILD, {-1, -1}},     {FAULT_ROWS_CHECK, {-1, -1}}, {FAULT_DUMP, {-1, -1}},
    {FAULT_CHECKPOINT, {-1, -1}},
};

static bool has_registry(enum fault_op op)
{
    return op != FAULT_SECRET_GET && op != FAULT_SESSIONS_EACH && op != FAULT_SCORES_EACH &&
           op != FAULT_ATTENDANCE_EACH;
}

/* The second of three calls fails; those around it are whole. */
static void second_fails(struct world *w, enum fault_op op, enum store_file file, int rows,
                         size_t midway)
{
    const struct fault f = {op, file, midway == SIZE_MAX ? FAULT_IO : FAULT_IO_MIDWAY,
                            2,  1,    midway == SIZE_MAX ? 0 : midway};
    int shown = rows < 0 ? 0 : rows;
    struct err err = {0};
    int visits;

    fault_store_plan(w->store, &f, 1);
    cr_assert_eq(call(w->store, op, file, &visits, NULL), 0);
    cr_assert_eq(visits, shown, "operation %d: %d rows", (int)op, visits);
    cr_assert_eq(call(w->store, op, file, &visits, &err), ERR_IO, "operation %d", (int)op);
    cr_assert(err.code == ERR_IO && err.msg != NULL);
    if (rows < 0 || midway == SIZE_MAX)
        cr_assert_eq(visits, 0);
    else
        cr_assert_eq(visits, (int)midway < rows ? (int)midway : rows);
    cr_assert_eq(call(w->store, op, file, &visits, NULL), 0);
    cr_assert_eq(visits, shown);
}

Test(contract_fault, every_other_operation_fails_by_plan_and_changes_nothing)
{
    struct journal *j = journal_new();
    struct buf before = {0}, after = {0};
    uint64_t faults = 0;
    struct world w;

    world_init(&w, ENGINE_FAULT);
    for (int step = 0; step < HISTORY_STEPS; step++)
        cr_assert_eq(journal_append(j, w.store, history_step(j, step), NULL), 0);
    dump_all(w.store, &before);
    cr_assert_eq(sizeof(ops) / sizeof(ops[0]), FAULT_OPS - 1); /* all but append */
    for (size_t i = 0; i < sizeof(ops) / sizeof(ops[0]); i++)
        for (int file = 0; file < (has_registry(ops[i].op) ? 2 : 1); file++) {
            int rows = ops[i].rows[file];

            second_fails(&w, ops[i].op, (enum store_file)file, rows, SIZE_MAX);
            for (size_t midway = 0; (int)midway <= rows + 1; midway++, faults++)
                second_fails(&w, ops[i].op, (enum store_file)file, rows, midway);
            faults++;
            fault_store_plan(w.store, NULL, 0);
            journal_expect(j, w.store);
            expect_model(j, w.store);
            dump_all(w.store, &after);
            cr_assert(bytes_equal(buf_view(&before), buf_view(&after)));
        }
    cr_assert_eq(fault_store_fired(w.store), faults);
    buf_fini(&before);
    buf_fini(&after);
    world_fini(&w);
    journal_free(j);
}

Test(contract_fault, a_fault_strikes_the_named_file_and_calls_only)
{
    const struct fault f = {FAULT_TAIL, STORE_REGISTRY, FAULT_IO, 3, 2, 0};
    struct store_tail tail;
    struct world w;

    world_init(&w, ENGINE_FAULT);
    fault_store_plan(w.store, &f, 1);
    for (int n = 1; n <= 6; n++) {
        cr_assert_eq(store_tail(w.store, STORE_RECORD, &tail, NULL), 0);
        cr_assert_eq(store_tail(w.store, STORE_REGISTRY, &tail, NULL),
                     n == 3 || n == 4 ? ERR_IO : 0);
    }
    fault_store_plan(w.store, &f, 1); /* counts anew */
    cr_assert_eq(store_tail(w.store, STORE_REGISTRY, &tail, NULL), 0);
    cr_assert_eq(fault_store_fired(w.store), 2);
    world_fini(&w);
}
