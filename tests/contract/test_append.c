/* Appending: what goes in comes out, in order; what does not continue the journal stays out. */
#include "tests/contract/journal.h"
#include "tests/contract/world.h"

#include <criterion/criterion.h>
#include <string.h>

static void expect_append(struct journal *j, struct world *w, enum store_file file)
{
    char text[ERR_TEXT_BYTES_MAX];
    struct err err = {0};
    int rc = journal_append(j, w->store, file, &err);

    err_text(&err, LANG_EN, text, sizeof(text));
    cr_assert_eq(rc, 0, "%s", text);
}

static void empty(struct world *w)
{
    struct journal *j = journal_new();
    uint8_t secret[32];
    struct err err = {0};

    journal_expect(j, w->store);
    cr_assert_eq(store_secret_get(w->store, 1, secret, &err), ERR_NOT_FOUND);
    cr_assert_not_null(err.msg);
    journal_free(j);
}

Test(contract_append, an_empty_store_has_no_event_and_no_secret)
{
    each_engine(empty);
}

static void mixed_history(struct journal *j, struct world *w)
{
    put_started(j, 1, 1, 1, 1);
    put_started(j, 2, 1, 2, 1);
    expect_append(j, w, STORE_RECORD);
    j->now_ms += 10;
    put_responses(j, 2, 1);
    put_responses(j, 1, 1);
    put_attended(j, 1, 1, "2026-05-01", 1);
    put_responses(j, 2, 2);
    expect_append(j, w, STORE_RECORD);
    put_login_revoked(j, 1); /* the same moment: time need not move */
    expect_append(j, w, STORE_REGISTRY);
    put_started(j, 900, 2, 1, 1); /* session numbers may have gaps */
    put_submitted(j, 1, j->now_ms);
    put_graded(j, 1, 7000, false);
    expect_append(j, w, STORE_RECORD);
    put_login_revoked(j, 2);
    put_login_revoked(j, 1);
    expect_append(j, w, STORE_REGISTRY);
}

static void in_order(struct world *w)
{
    struct journal *j = journal_new();

    mixed_history(j, w);
    journal_expect(j, w->store);
    journal_free(j);
}

Test(contract_append, events_come_back_in_order_and_whole)
{
    each_engine(in_order);
}

static void compare_compares(struct world *w)
{
    struct journal *j = journal_new();
    struct event *e;
    uint8_t byte;

    mixed_history(j, w);
    e = &j->files[STORE_RECORD].events[3];
    byte = e->payload.data[2];
    ((uint8_t *)(uintptr_t)e->payload.data)[2] ^= 1;
    cr_assert_str_eq(journal_compare(j, w->store), "an event that is not the one that was stored");
    ((uint8_t *)(uintptr_t)e->payload.data)[2] = byte;
    j->files[STORE_RECORD].stored--;
    cr_assert_str_eq(journal_compare(j, w->store), "the end is another");
    j->files[STORE_RECORD].stored++;
    j->secrets[1].secret[0] ^= 1;
    cr_assert_str_eq(journal_compare(j, w->store), "a secret is not the one that was stored");
    j->secrets[1].secret[0] ^= 1;
    journal_expect(j, w->store);
    journal_free(j);
}

Test(contract_append, the_comparison_itself_finds_differences)
{
    each_engine(compare_compares);
}

static int count_visit(void *arg, const struct event *e)
{
    int64_t *seqs = arg; /* count, first, last */

    if (seqs[0]++ == 0)
        seqs[1] = e->seq;
    seqs[2] = e->seq;
    return 0;
}

static void from_anywhere(struct world *w)
{
    struct journal *j = journal_new();

    mixed_history(j, w);
    for (int64_t from = -1; from <= 11; from++) {
        int64_t seen[3] = {0, 0, 0};
        int64_t first = from < 1 ? 1 : from;

        cr_assert_eq(store_events_each(w->store, STORE_RECORD, from, 0, count_visit, seen, NULL),
                     0);
        cr_assert_eq(seen[0], first <= 9 ? 9 - first + 1 : 0, "from %d", (int)from);
        if (seen[0] > 0)
            cr_assert(seen[1] == first && seen[2] == 9);
    }
    int64_t two[3] = {0, 0, 0}; /* session 2: events 2, 3 and 6 */
    cr_assert_eq(store_events_each(w->store, STORE_RECORD, 3, 2, count_visit, two, NULL), 0);
    cr_assert(two[0] == 2 && two[1] == 3 && two[2] == 6);
    int64_t nobody[3] = {0, 0, 0};
    cr_assert_eq(store_events_each(w->store, STORE_RECORD, 1, 77, count_visit, nobody, NULL), 0);
    cr_assert_eq(nobody[0], 0);
    journal_free(j);
}

Test(contract_append, reading_begins_where_it_is_asked_to)
{
    each_engine(from_anywhere);
}

static int stop_visit(void *arg, const struct event *e)
{
    int *left = arg;

    (void)e;
    return --*left == 0 ? 42 : 0;
}

static void stops(struct world *w)
{
    struct journal *j = journal_new();
    int left = 4;

    mixed_history(j, w);
    cr_assert_eq(store_events_each(w->store, STORE_RECORD, 1, 0, stop_visit, &left, NULL), 42);
    cr_assert_eq(left, 0);
    left = 2;
    cr_assert_eq(store_events_each(w->store, STORE_RECORD, 1, 2, stop_visit, &left, NULL), 42);
    cr_assert_eq(left, 0);
    journal_expect(j, w->store); /* a stopped reading leaves nothing behind */
    put_responses(j, 2, 9);
    expect_append(j, w, STORE_RECORD);
    journal_free(j);
}

Test(contract_append, a_visit_can_stop_the_reading)
{
    each_engine(stops);
}

static void reopened(struct world *w)
{
    struct journal *j = journal_new();

    mixed_history(j, w);
    world_reopen(w);
    journal_expect(j, w->store);
    put_responses(j, 2, 3); /* open, closed and fresh sessions go on */
    put_reopened(j, 1);
    put_responses(j, 900, 1);
    put_started(j, 3, 1, 3, 1);
    expect_append(j, w, STORE_RECORD);
    journal_expect(j, w->store);
    world_reopen(w);
    world_reopen(w);
    journal_expect(j, w->store);
    journal_free(j);
}

Test(contract_append, what_was_stored_is_there_after_closing_and_opening)
{
    each_engine(reopened);
}

static void survives(struct world *w)
{
    struct journal *j = journal_new();
    struct store *copy = NULL;
    char dir[WORLD_PATH_BYTES_MAX];

    mixed_history(j, w);
    cr_assert_eq(store_checkpoint(w->store, STORE_RECORD, NULL), 0);
    put_responses(j, 2, 3);
    expect_append(j, w, STORE_RECORD);
    dir_make(dir);
    dir_copy(w->dir, dir); /* nobody closed it */
    cr_assert_eq(world_try_open(w->kind, dir, &copy, NULL), 0);
    journal_expect(j, copy);
    store_close(copy);
    dir_remove(dir);
    journal_free(j);
}

Test(contract_append, what_was_acknowledged_survives_a_stop_without_closing)
{
    each_engine(survives);
}

static void checkpoints(struct world *w)
{
    struct journal *j = journal_new();

    for (int file = 0; file < STORE_FILES; file++)
        cr_assert_eq(store_checkpoint(w->store, (enum store_file)file, NULL), 0);
    mixed_history(j, w);
    for (int i = 0; i < 40; i++) {
        put_responses(j, 2, (uint32_t)i);
        expect_append(j, w, STORE_RECORD);
        cr_assert_eq(store_checkpoint(w->store, STORE_RECORD, NULL), 0);
    }
    cr_assert_eq(store_checkpoint(w->store, STORE_REGISTRY, NULL), 0);
    journal_expect(j, w->store);
    journal_free(j);
}

Test(contract_append, checkpoints_change_nothing_that_can_be_read)
{
    each_engine(checkpoints);
}

/* ------------------------------------------------------------------ bounds */

static void most_of_sessions(struct world *w)
{
    struct journal *j = journal_new();

    for (int i = 1; i <= STORE_BATCH_SESSION_EVENTS_MAX; i++)
        put_started(j, i, 1, (uint32_t)i, 1);
    expect_append(j, w, STORE_RECORD);
    for (int i = 0; i < STORE_BATCH_SESSION_EVENTS_MAX; i++)
        put_responses(j, i % 3 == 0 ? 1 : 1 + i, (uint32_t)i);
    expect_append(j, w, STORE_RECORD);
    journal_expect(j, w->store);
    journal_free(j);
}

Test(contract_append, a_batch_of_the_most_events_of_sessions)
{
    each_engine(most_of_sessions);
}

static void most_of_all(struct world *w)
{
    struct journal *j = journal_new();

    for (uint32_t i = 0; i < STORE_BATCH_EVENTS_MAX; i++)
        put_login_revoked(j, i);
    expect_append(j, w, STORE_REGISTRY);
    journal_expect(j, w->store);
    journal_free(j);
}

Test(contract_append, a_batch_of_the_most_events, .timeout = 300)
{
    struct world w; /* the fault engine only hands it on */

    world_init(&w, ENGINE_SQLITE);
    most_of_all(&w);
    world_fini(&w);
}

static void largest(struct world *w)
{
    struct journal *j = journal_new();
    uint8_t *large = calloc(1, EVENT_PAYLOAD_BYTES_MAX + 1);

    cr_assert_not_null(large);
    put_started(j, 1, 1, 1, 1);
    journal_put_raw(j, STORE_RECORD, 1, EVENT_RESPONSES, bytes_of(large, EVENT_PAYLOAD_BYTES_MAX));
    expect_append(j, w, STORE_RECORD);
    journal_expect(j, w->store);
    journal_put_raw(j, STORE_RECORD, 1, EVENT_RESPONSES,
                    bytes_of(large, EVENT_PAYLOAD_BYTES_MAX + 1));
    cr_assert_eq(journal_append(j, w->store, STORE_RECORD, NULL), ERR_CONFLICT);
    journal_drop(j, STORE_RECORD);
    journal_expect(j, w->store);
    free(large);
    journal_free(j);
}

Test(contract_append, the_largest_payload_is_stored_and_a_larger_one_is_not)
{
    each_engine(largest);
}

/* ------------------------------------------------------------------ refusals */

/* Each breaks the pending batch of one good response to session 1, or adds to it. */
struct broken {
    const char *name;
    int code;
    void (*break_it)(struct journal *j);
};

static struct journal_file *record_of(struct journal *j)
{
    return &j->files[STORE_RECORD];
}

static struct event *last_event(struct journal *j)
{
    return &record_of(j)->events[record_of(j)->count - 1];
}

static struct event_leaf *last_leaf(struct journal *j)
{
    return &record_of(j)->leaves[record_of(j)->count - 1];
}

static void break_gap(struct journal *j)
{
    last_event(j)->seq++;
}
static void break_repeat(struct journal *j)
{
    last_event(j)->seq--;
}
static void break_zero(struct journal *j)
{
    last_event(j)->seq = 0;
}
static void break_gap_within(struct journal *j)
{
    put_responses(j, 2, 1);
    last_event(j)->seq++;
}
static void break_time(struct journal *j)
{
    last_event(j)->recorded_ms = record_of(j)->events[0].recorded_ms - 1;
}
static void break_time_within(struct journal *j)
{
    j->now_ms--;
    put_responses(j, 2, 1);
    j->now_ms++;
}
static void break_prev_none(struct journal *j)
{
    last_event(j)->prev_seq = 0;
}
static void break_prev_other(struct journal *j)
{
    last_event(j)->prev_seq = 2; /* session 2's */
}
static void break_prev_older(struct journal *j)
{
    last_event(j)->prev_seq = 1; /* of the session, but not its last */
}
static void break_prev_itself(struct journal *j)
{
    last_event(j)->prev_seq = last_event(j)->seq;
}
static void break_prev_negative(struct journal *j)
{
    last_event(j)->prev_seq = -1;
}
static void break_session_negative(struct journal *j)
{
    last_event(j)->session = -1;
}
static void break_session_unknown(struct journal *j)
{
    put_responses(j, 50, 1);
}
static void break_started_again(struct journal *j)
{
    put_started(j, 1, 1, 1, 2); /* follows its own session */
}
static void break_session_taken(struct journal *j)
{
    put_started(j, 1, 3, 9, 1);
    last_event(j)->prev_seq = 0;
}
static void break_uuid_taken(struct journal *j)
{
    struct payload p = {.type = EVENT_SESSION_STARTED};

    uuid_of(p.u.started.session_uuid, "session", 1);
    p.u.started.attempt = 1;
    p.u.started.paper = bytes_of_text("paper");
    journal_put(j, 51, &p);
}
static void break_no_secret(struct journal *j)
{
    put_started(j, 52, 1, 1, 1);
    j->secrets_count--;
}
static void break_other_secret(struct journal *j)
{
    put_started(j, 53, 1, 1, 1);
    j->secrets[j->secrets_count - 1].session = 54;
}
static void break_lone_secret(struct journal *j)
{
    j->secrets[j->secrets_count++].session = 55;
}
static void break_leaf_on_responses(struct journal *j)
{
    last_leaf(j)->has_leaf = true;
}
static void break_leaf_missing(struct journal *j)
{
    put_act(j, 2, EVENT_SESSION_SUSPENDED);
    last_leaf(j)->has_leaf = false;
}
static void break_salt_in_session(struct journal *j)
{
    put_act(j, 2, EVENT_SESSION_SUSPENDED);
    last_leaf(j)->store_salt = true;
}
static void break_salt_not_kept(struct journal *j)
{
    put_attended(j, 1, 1, "2026-05-01", 1);
    last_leaf(j)->store_salt = false;
}
static void break_empty(struct journal *j)
{
    last_event(j)->payload.len = 0;
}
static void break_payload(struct journal *j)
{
    journal_put_raw(j, STORE_RECORD, 2, EVENT_SESSION_SUSPENDED, bytes_of_text("no CBOR"));
}
static void break_type_unknown(struct journal *j)
{
    journal_put_raw(j, STORE_RECORD, 0, 99, bytes_of("\xA0", 1));
}
static void break_type_of_registry(struct journal *j)
{
    journal_put_raw(j, STORE_RECORD, 0, EVENT_LOGIN_REVOKED, bytes_of("\xA0", 1));
}
static void break_attendance_in_session(struct journal *j)
{
    put_attended(j, 1, 1, "2026-05-01", 1);
    last_event(j)->session = 2;
    last_event(j)->prev_seq = 2;
    last_leaf(j)->store_salt = false;
}
static void break_act_without_session(struct journal *j)
{
    put_act(j, 2, EVENT_SESSION_SUSPENDED);
    last_event(j)->session = 0;
    last_event(j)->prev_seq = 0;
    last_leaf(j)->store_salt = true;
}
static void break_graded_early(struct journal *j)
{
    put_graded(j, 2, 100, false); /* never handed in */
}

static const struct broken broken[] = {
    {"a gap in seq", ERR_CONFLICT, break_gap},
    {"a repeated seq", ERR_CONFLICT, break_repeat},
    {"seq 0", ERR_CONFLICT, break_zero},
    {"a gap inside the batch", ERR_CONFLICT, break_gap_within},
    {"a time before what is stored", ERR_CONFLICT, break_time},
    {"a time that goes back inside the batch", ERR_CONFLICT, break_time_within},
    {"no previous event", ERR_CONFLICT, break_prev_none},
    {"a previous event of another session", ERR_CONFLICT, break_prev_other},
    {"a previous event that is not the last", ERR_CONFLICT, break_prev_older},
    {"its own previous event", ERR_CONFLICT, break_prev_itself},
    {"a negative previous event", ERR_CONFLICT, break_prev_negative},
    {"a negative session", ERR_CONFLICT, break_session_negative},
    {"a session that was not started", ERR_CONFLICT, break_session_unknown},
    {"a session started twice", ERR_CONFLICT, break_started_again},
    {"a session number that is taken", ERR_CONFLICT, break_session_taken},
    {"a session UUID that is taken", ERR_CONFLICT, break_uuid_taken},
    {"a start without its secret", ERR_CONFLICT, break_no_secret},
    {"a start with another's secret", ERR_CONFLICT, break_other_secret},
    {"a secret without a start", ERR_CONFLICT, break_lone_secret},
    {"a leaf of responses", ERR_CONFLICT, break_leaf_on_responses},
    {"no leaf", ERR_CONFLICT, break_leaf_missing},
    {"a stored salt in a session", ERR_CONFLICT, break_salt_in_session},
    {"a salt that is lost outside sessions", ERR_CONFLICT, break_salt_not_kept},
    {"an empty payload", ERR_CONFLICT, break_empty},
    {"a payload that is none", ERR_CORRUPT, break_payload},
    {"an unknown type", ERR_CORRUPT, break_type_unknown},
    {"a type of the registry", ERR_CORRUPT, break_type_of_registry},
    {"attendance in a session", ERR_CONFLICT, break_attendance_in_session},
    {"an act without a session", ERR_CONFLICT, break_act_without_session},
    {"a score without a hand-in", ERR_CONFLICT, break_graded_early},
};

static void refusals(struct world *w)
{
    struct journal *j = journal_new();

    put_started(j, 1, 1, 1, 1);
    put_started(j, 2, 1, 2, 1);
    put_responses(j, 1, 0);
    expect_append(j, w, STORE_RECORD);
    for (size_t i = 0; i < sizeof(broken) / sizeof(broken[0]); i++) {
        struct buf before = {0}, after = {0};
        struct err err = {0};

        j->now_ms++;
        cr_assert_eq(store_dump(w->store, STORE_RECORD, &before, NULL), 0);
        put_responses(j, 1, (uint32_t)i);
        broken[i].break_it(j);
        cr_assert_eq(journal_append(j, w->store, STORE_RECORD, &err), broken[i].code, "%s: %s",
                     broken[i].name, err_code_name(err.code));
        cr_assert(err.code == broken[i].code && err.msg != NULL, "%s", broken[i].name);
        journal_drop(j, STORE_RECORD);
        journal_expect(j, w->store);
        cr_assert_eq(store_dump(w->store, STORE_RECORD, &after, NULL), 0);
        cr_assert(bytes_equal(buf_view(&before), buf_view(&after)), "%s", broken[i].name);
        put_responses(j, 1, (uint32_t)i); /* the journal goes on as if nothing had been */
        put_responses(j, 2, (uint32_t)i);
        expect_append(j, w, STORE_RECORD);
        buf_fini(&before);
        buf_fini(&after);
    }
    world_reopen(w);
    journal_expect(j, w->store);
    journal_free(j);
}

Test(contract_append, a_batch_that_does_not_continue_the_journal_is_refused_whole)
{
    each_engine(refusals);
}

static void registry_refusals(struct world *w)
{
    struct journal *j = journal_new();
    struct journal_file *f = &j->files[STORE_REGISTRY];

    put_login_revoked(j, 1);
    expect_append(j, w, STORE_REGISTRY);
    put_login_revoked(j, 2);
    f->events[1].seq = 3;
    cr_assert_eq(journal_append(j, w->store, STORE_REGISTRY, NULL), ERR_CONFLICT);
    f->events[1].seq = 2;
    f->events[1].session = 1; /* sessions are of the record */
    cr_assert_eq(journal_append(j, w->store, STORE_REGISTRY, NULL), ERR_CONFLICT);
    journal_drop(j, STORE_REGISTRY);
    put_login_revoked(j, 2);
    journal_put_raw(j, STORE_REGISTRY, 0, EVENT_HEARING_ATTENDED, bytes_of("\xA0", 1));
    cr_assert_eq(journal_append(j, w->store, STORE_REGISTRY, NULL), ERR_CORRUPT);
    journal_drop(j, STORE_REGISTRY);
    journal_expect(j, w->store);
    put_login_revoked(j, 2);
    expect_append(j, w, STORE_REGISTRY);
    journal_expect(j, w->store);
    journal_free(j);
}

Test(contract_append, the_registry_refuses_what_is_not_its_own)
{
    each_engine(registry_refusals);
}

static void log_grows(struct world *w)
{
    struct journal *j = journal_new();
    int64_t before = store_log_bytes(w->store, STORE_RECORD);

    put_started(j, 1, 1, 1, 1);
    cr_assert_eq(journal_append(j, w->store, STORE_RECORD, NULL), 0);
    cr_assert_gt(store_log_bytes(w->store, STORE_RECORD), before);
    journal_free(j);
}

Test(contract_append, the_length_of_the_log_is_known)
{
    each_engine(log_grows);
}
