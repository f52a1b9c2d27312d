/* Typed rows are only what the events say: derived anew they are the same, and whatever another hand
 * did to them is found, named and mended. */
#include "tests/contract/history.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

enum { EVENTS = 900 };
static const uint64_t seed_record = 1, seed_registry = 20260601;

static void dump(struct world *w, enum store_file file, struct buf *out)
{
    buf_clear(out);
    cr_assert_eq(store_dump(w->store, file, out, NULL), 0);
}

static int64_t lines_count(const struct buf *text)
{
    int64_t lines = 0;

    for (size_t i = 0; i < text->len; i++)
        lines += text->data[i] == '\n';
    return lines;
}

static struct store_rows_report check(struct world *w, enum store_file file)
{
    char text[ERR_TEXT_BYTES_MAX];
    struct store_rows_report r;
    struct err err = {0};
    int rc;

    memset(&r, 0xA5, sizeof(r));
    rc = store_rows_check(w->store, file, &r, &err);
    err_text(&err, LANG_EN, text, sizeof(text));
    cr_assert_eq(rc, 0, "%s", text);
    cr_assert_eq(r.file, file);
    return r;
}

static void expect_equal(struct world *w, enum store_file file)
{
    struct store_rows_report r = check(w, file);

    cr_assert(r.differences == 0 && r.fault == STORE_ROWS_EQUAL, "%s %s %s", r.table, r.id,
              r.column);
    cr_assert_eq(store_rows_report_err(&r, NULL), 0);
}

static void rebuilt(struct world *w)
{
    struct journal *j = journal_new();
    struct buf before = {0}, after = {0};

    history_record(j, w, seed_record, EVENTS, false);
    history_registry(j, w, seed_registry, EVENTS);
    for (int f = 0; f < STORE_FILES; f++) {
        enum store_file file = (enum store_file)f;
        struct store_rows_report r = check(w, file);

        dump(w, file, &before);
        cr_assert_gt(before.len, 1000);
        cr_assert_eq(r.differences, 0, "%s %s %s", r.table, r.id, r.column);
        cr_assert_eq(r.events, (int64_t)j->files[f].stored);
        cr_assert_eq(r.rows, lines_count(&before)); /* none was passed over */
        cr_assert_eq(store_rebuild(w->store, file, NULL), 0);
        dump(w, file, &after);
        cr_assert(bytes_equal(buf_view(&before), buf_view(&after)));
        expect_equal(w, file);
    }
    journal_expect(j, w->store);
    put_responses(j, 1, 1); /* sessions go on where they were */
    put_started(j, JOURNAL_SESSIONS_MAX - 1, 1, 1, 1);
    put_login_revoked(j, 1);
    cr_assert_eq(journal_append(j, w->store, STORE_RECORD, NULL), 0);
    cr_assert_eq(journal_append(j, w->store, STORE_REGISTRY, NULL), 0);
    journal_expect(j, w->store);
    expect_equal(w, STORE_RECORD);
    expect_equal(w, STORE_REGISTRY);
    buf_fini(&before);
    buf_fini(&after);
    journal_free(j);
}

Test(contract_rebuild, rows_derived_anew_from_the_events_are_those_stored)
{
    each_engine(rebuilt);
}

static void empty(struct world *w)
{
    for (int f = 0; f < STORE_FILES; f++) {
        struct store_rows_report r = check(w, (enum store_file)f);

        cr_assert(r.events == 0 && r.rows == 0 && r.differences == 0);
        cr_assert_eq(store_rebuild(w->store, (enum store_file)f, NULL), 0);
    }
}

Test(contract_rebuild, an_empty_store_has_nothing_to_compare)
{
    each_engine(empty);
}

/* Every derived table, spoilt once, and what the check makes of it. column NULL: not told. */
static const struct spoil {
    enum store_file file;
    const char *sql;
    enum store_row_fault fault;
    const char *table, *column;
} spoils[] = {
    {STORE_RECORD, "UPDATE session SET attempt = attempt + 1 WHERE session = 2", STORE_ROW_DIFFERS,
     "session", "attempt"},
    {STORE_RECORD, "DELETE FROM mark WHERE session = 3", STORE_ROW_MISSING, "mark", ""},
    {STORE_RECORD, "INSERT INTO mark VALUES (3, 1000000)", STORE_ROW_EXTRA, "mark", ""},
    {STORE_RECORD, "UPDATE handin SET at_ms = at_ms + 1", STORE_ROW_DIFFERS, "handin", "at_ms"},
    {STORE_RECORD, "UPDATE closure SET superseded_ms = 1", STORE_ROW_DIFFERS, "closure",
     "superseded_ms"},
    {STORE_RECORD, "UPDATE score SET points = points + 1", STORE_ROW_DIFFERS, "score", "points"},
    {STORE_RECORD, "UPDATE score SET voided = 1 - voided WHERE seq = (SELECT min(seq) FROM score)",
     STORE_ROW_DIFFERS, "score", "voided"},
    {STORE_RECORD, "UPDATE score SET pseudonym = zeroblob(32)", STORE_ROW_DIFFERS, "score",
     "pseudonym"},
    {STORE_RECORD, "DELETE FROM attendance WHERE seq = (SELECT max(seq) FROM attendance)",
     STORE_ROW_MISSING, "attendance", ""},
    {STORE_RECORD, "UPDATE attendance SET date = '2026-12-31'", STORE_ROW_DIFFERS, "attendance",
     "date"},
    {STORE_REGISTRY, "UPDATE unit SET superseded_seq = NULL, superseded_ms = NULL",
     STORE_ROW_DIFFERS, "unit", "superseded_seq"},
    {STORE_REGISTRY, "UPDATE person SET status = 4 - status WHERE status <> 2", STORE_ROW_DIFFERS,
     "person", "status"},
    {STORE_REGISTRY, "UPDATE person SET name = '张三'", STORE_ROW_DIFFERS, "person", "name"},
    {STORE_REGISTRY, "DELETE FROM roster_import", STORE_ROW_MISSING, "roster_import", ""},
    {STORE_REGISTRY, "UPDATE role SET unit = 'elsewhere'", STORE_ROW_DIFFERS, "role", "unit"},
    {STORE_REGISTRY, "UPDATE \"release\" SET name = name || '!'", STORE_ROW_DIFFERS, "release",
     "name"},
    {STORE_REGISTRY, "UPDATE exam SET year = year + 1", STORE_ROW_DIFFERS, "exam", "year"},
    {STORE_REGISTRY, "UPDATE exam_state SET state = 4 - state WHERE state <> 2", STORE_ROW_DIFFERS,
     "exam_state", "state"},
    {STORE_REGISTRY, "UPDATE share SET which = 3 - which", STORE_ROW_DIFFERS, "share", "which"},
    {STORE_REGISTRY, "DELETE FROM withdrawal", STORE_ROW_MISSING, "withdrawal", ""},
    {STORE_REGISTRY, "UPDATE exemption SET kind = 3 - kind", STORE_ROW_DIFFERS, "exemption",
     "kind"},
    {STORE_REGISTRY, "UPDATE credential SET hash = 'x' WHERE hash IS NOT NULL", STORE_ROW_DIFFERS,
     "credential", "hash"},
    {STORE_REGISTRY, "DELETE FROM login_revocation", STORE_ROW_MISSING, "login_revocation", ""},
};

static void tamper(struct world *w, enum store_file file, const char *sql)
{
    world_close(w);
    world_tamper(w, store_file_name(file), sql);
    world_reopen(w);
}

/* The report names it; the sentences can be read. */
static void expect_found(struct world *w, const struct spoil *s)
{
    struct store_rows_report r = check(w, s->file);
    char zh[ERR_TEXT_BYTES_MAX], en[ERR_TEXT_BYTES_MAX];
    struct err err = {0};

    cr_assert(r.fault == s->fault && r.differences > 0, "%s: fault %d", s->sql, r.fault);
    cr_assert_str_eq(r.table, s->table, "%s", s->sql);
    cr_assert_str_eq(r.column, s->column, "%s", s->sql);
    cr_assert(strstr(r.id, "seq=") != NULL || strcmp(r.id, "session=2") == 0, "%s", r.id);
    cr_assert_eq(store_rows_report_err(&r, &err), ERR_CORRUPT);
    err_text(&err, LANG_ZH, zh, sizeof(zh));
    err_text(&err, LANG_EN, en, sizeof(en));
    cr_assert(strstr(zh, s->table) != NULL && strstr(zh, r.id) != NULL &&
              strstr(zh, store_file_name(s->file)) != NULL && strstr(zh, s->column) != NULL);
    cr_assert(strstr(en, s->table) != NULL && strstr(en, r.id) != NULL &&
              strstr(en, store_file_name(s->file)) != NULL && strstr(en, s->column) != NULL);
    cr_assert_null(strstr(zh, "张三"));
}

static void spoilt(struct world *w)
{
    struct journal *j = journal_new();
    struct buf before[STORE_FILES] = {{0}, {0}}, after = {0}, again = {0};

    history_record(j, w, seed_record, EVENTS, false);
    history_registry(j, w, seed_registry, EVENTS);
    dump(w, STORE_RECORD, &before[STORE_RECORD]);
    dump(w, STORE_REGISTRY, &before[STORE_REGISTRY]);
    for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
        const struct spoil *s = &spoils[i];
        struct bytes good = buf_view(&before[s->file]);

        tamper(w, s->file, s->sql);
        dump(w, s->file, &after);
        cr_assert_not(bytes_equal(good, buf_view(&after)), "nothing spoilt: %s", s->sql);
        expect_found(w, s);
        expect_equal(w, s->file == STORE_RECORD ? STORE_REGISTRY : STORE_RECORD);
        dump(w, s->file, &again);
        cr_assert(bytes_equal(buf_view(&after), buf_view(&again)), "a check changes nothing");
        cr_assert_eq(store_rebuild(w->store, s->file, NULL), 0);
        dump(w, s->file, &after);
        cr_assert(bytes_equal(good, buf_view(&after)), "not mended: %s", s->sql);
        expect_equal(w, s->file);
    }
    journal_expect(j, w->store);
    buf_fini(&before[0]);
    buf_fini(&before[1]);
    buf_fini(&after);
    buf_fini(&again);
    journal_free(j);
}

Test(contract_rebuild, a_row_altered_by_another_hand_is_found_named_and_mended)
{
    each_engine(spoilt);
}

/* One session, handed in and graded; events 1 to 3. */
static struct journal *small_history(struct world *w)
{
    struct journal *j = journal_new();

    put_started(j, 1, 1, 1, 1);
    put_submitted(j, 1, j->now_ms);
    put_graded(j, 1, 7000, false);
    put_responses(j, 1, 1); /* late */
    cr_assert_eq(journal_append(j, w->store, STORE_RECORD, NULL), 0);
    return j;
}

static void exactly(struct world *w)
{
    struct journal *j = small_history(w);
    struct store_rows_report r;

    tamper(w, STORE_RECORD, "UPDATE score SET points = 9000, band = 4, passed = 0");
    r = check(w, STORE_RECORD);
    cr_assert(r.differences == 1 && r.events == 4); /* a row, however many columns */
    cr_assert_str_eq(r.id, "seq=3");
    cr_assert_str_eq(r.column, "points");
    cr_assert_str_eq(r.stored, "9000");
    cr_assert_str_eq(r.derived, "7000");
    tamper(w, STORE_RECORD, "UPDATE score SET superseded_seq = 4");
    tamper(w, STORE_RECORD, "UPDATE score SET points = 7000, band = 2, passed = 1");
    r = check(w, STORE_RECORD);
    cr_assert_str_eq(r.column, "superseded_seq");
    cr_assert_str_eq(r.stored, "4");
    cr_assert_str_eq(r.derived, "-");
    tamper(w, STORE_RECORD,
           "DELETE FROM score; DELETE FROM mark WHERE seq = 4;"
           "INSERT INTO mark VALUES (1, 9)");
    r = check(w, STORE_RECORD);
    cr_assert(r.differences == 3 && r.fault == STORE_ROW_MISSING);
    cr_assert_str_eq(r.table, "mark");
    cr_assert_str_eq(r.id, "session=1, seq=4");
    cr_assert(r.stored[0] == '\0' && r.derived[0] == '\0');
    journal_free(j);
}

Test(contract_rebuild, the_report_counts_rows_and_describes_the_first)
{
    each_engine(exactly);
}

/* What is wrong with the events is an error of the check and of the rebuild, naming the event, and
 * leaves the rows alone. */
static const struct {
    const char *sql, *names;
} damages[] = {
    {"DELETE FROM event WHERE seq = 2", "2"},
    {"UPDATE event SET payload = x'00' WHERE seq = 3", ""},
    {"UPDATE event SET recorded_ms = 0 WHERE seq = 3", "3"},
    {"UPDATE event SET prev_seq = 1 WHERE seq = 3", "3"},
    {"UPDATE event SET type = 99 WHERE seq = 2", ""},
    {"DELETE FROM event WHERE seq = 2; UPDATE event SET seq = 2, prev_seq = 1 WHERE seq = 3;"
     "UPDATE event SET seq = 3, prev_seq = 2 WHERE seq = 4",
     "2"}, /* graded without a hand-in */
};

static void damaged_events(struct world *w)
{
    for (size_t i = 0; i < sizeof(damages) / sizeof(damages[0]); i++) {
        struct journal *j = small_history(w);
        struct store_rows_report r = {.events = 77};
        struct buf before = {0}, after = {0};
        char text[ERR_TEXT_BYTES_MAX];
        struct err err = {0};

        tamper(w, STORE_RECORD, damages[i].sql);
        dump(w, STORE_RECORD, &before);
        cr_assert_eq(store_rows_check(w->store, STORE_RECORD, &r, &err), ERR_CORRUPT, "%s",
                     damages[i].sql);
        cr_assert_eq(err.code, ERR_CORRUPT);
        err_text(&err, LANG_ZH, text, sizeof(text));
        cr_assert_not_null(strstr(text, damages[i].names), "%s: %s", damages[i].sql, text);
        cr_assert_eq(r.events, 77); /* untouched */
        cr_assert_eq(store_rebuild(w->store, STORE_RECORD, NULL), ERR_CORRUPT);
        dump(w, STORE_RECORD, &after);
        cr_assert(bytes_equal(buf_view(&before), buf_view(&after)), "%s", damages[i].sql);
        buf_fini(&before);
        buf_fini(&after);
        journal_free(j);
        world_wipe(w);
    }
}

Test(contract_rebuild, damaged_events_are_an_error_that_leaves_the_rows_alone)
{
    each_engine(damaged_events);
}

/* An event exchanged for another good one: the rows give it away. */
static void exchanged(struct world *w)
{
    struct journal *j = small_history(w);
    struct store_rows_report r;

    put_started(j, 2, 1, 2, 1);
    put_submitted(j, 2, j->now_ms);
    put_graded(j, 2, 8000, false);
    cr_assert_eq(journal_append(j, w->store, STORE_RECORD, NULL), 0);
    tamper(w, STORE_RECORD,
           "UPDATE event SET payload = (SELECT payload FROM event WHERE seq = 7) WHERE seq = 3");
    r = check(w, STORE_RECORD);
    cr_assert(r.differences == 1 && r.fault == STORE_ROW_DIFFERS);
    cr_assert_str_eq(r.stored, "7000");
    cr_assert_str_eq(r.derived, "8000");
    journal_free(j);
}

Test(contract_rebuild, an_event_exchanged_for_another_is_given_away_by_its_row)
{
    each_engine(exchanged);
}

/* ------------------------------------------------------------------ beside the writer */

struct writing {
    struct journal *j;
    struct store *store;
    atomic_bool stop;
    int rc;
};

static void *write_on(void *arg)
{
    struct writing *wr = arg;

    for (int64_t s = 1; s < JOURNAL_SESSIONS_MAX && wr->rc == 0 && !atomic_load(&wr->stop); s++) {
        put_started(wr->j, s, 1, (uint32_t)s, 1);
        put_submitted(wr->j, s, wr->j->now_ms);
        put_graded(wr->j, s, 7000, false);
        wr->rc = journal_append(wr->j, wr->store, STORE_RECORD, NULL);
    }
    return NULL;
}

static void beside(struct world *w)
{
    struct writing wr = {.j = journal_new(), .store = w->store};
    int64_t events = -1;
    pthread_t thread;
    int grew = 0;

    cr_assert_eq(pthread_create(&thread, NULL, write_on, &wr), 0);
    while (grew < 5) { /* whole commits only: three events, three rows and three marks each */
        struct store_rows_report r = check(w, STORE_RECORD);

        cr_assert(r.differences == 0 && r.events % 3 == 0, "%s %s", r.table, r.id);
        cr_assert_geq(r.events, events);
        grew += r.events > events;
        events = r.events;
        if (events == 3 * (JOURNAL_SESSIONS_MAX - 1))
            break;
    }
    atomic_store(&wr.stop, true);
    cr_assert_eq(pthread_join(thread, NULL), 0);
    cr_assert_eq(wr.rc, 0);
    journal_expect(wr.j, w->store);
    journal_free(wr.j);
}

Test(contract_rebuild, the_check_sees_whole_commits_while_the_writer_goes_on)
{
    each_engine(beside);
}
