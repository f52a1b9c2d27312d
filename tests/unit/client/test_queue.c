/* The candidate's answers between this machine and the server. The state directory is a fresh one in
 * the system's temporary directory. */
#include "clients/cli/queue.h"

#include "question-bank/base/file.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { ITEMS = 5 };
static const char SESSION[] = "01a20dc5-63e2-7dc7-a034-26075c6180d3";

struct bench {
    struct state state;
    struct queue q;
    char dir[64];
};

static void bench_init(struct bench *b)
{
    snprintf(b->dir, sizeof(b->dir), "/tmp/mingfa-queue-XXXXXX");
    cr_assert_not_null(mkdtemp(b->dir));
    cr_assert_eq(state_init(&b->state, b->dir, NULL), 0);
    cr_assert_eq(queue_init(&b->q, &b->state, SESSION, ITEMS, NULL), 0);
}

/* The program ended and began again. */
static size_t bench_restart(struct bench *b)
{
    queue_fini(&b->q);
    cr_assert_eq(queue_init(&b->q, &b->state, SESSION, ITEMS, NULL), 0);
    return queue_load(&b->q);
}

static void bench_fini(struct bench *b)
{
    queue_fini(&b->q);
    state_remove(&b->state, "unsent-01a20dc5-63e2-7dc7-a034-26075c6180d3.json");
    cr_assert_eq(rmdir(b->dir), 0, "files are left in %s", b->dir);
}

static void opened(struct queue *q, int64_t epoch, int64_t next_seq, const char *responses)
{
    json_t *list = json_loads(responses, 0, NULL);

    cr_assert_not_null(list);
    queue_opened(q, epoch, next_seq, list);
    json_decref(list);
}

static void check_batch(const struct queue *q, const char *want)
{
    json_t *batch = queue_batch(q);
    json_t *parsed = json_loads(want, JSON_DECODE_ANY, NULL);
    char *text = json_dumps(batch, JSON_COMPACT | JSON_SORT_KEYS | JSON_ENCODE_ANY);

    cr_assert(json_is_null(parsed) ? batch == NULL : json_equal(batch, parsed) == 1, "%s, not %s",
              text, want);
    free(text);
    json_decref(batch);
    json_decref(parsed);
}

static void settle(struct queue *q, bool stored)
{
    json_t *batch = queue_batch(q);

    queue_settle(q, batch, stored);
    json_decref(batch);
}

Test(queue, an_answer_is_unsent_until_the_server_has_it)
{
    struct bench b;

    bench_init(&b);
    opened(&b.q, 1, 1, "[]");
    check_batch(&b.q, "null");
    queue_set(&b.q, 2, json_integer(4));
    cr_assert_eq(b.q.answers[2].state, ANSWER_UNSENT);
    check_batch(&b.q, "{\"epoch\": 1, \"responses\": [{\"seq\": 1, \"item\": 2, \"value\": 4}]}");
    settle(&b.q, true);
    cr_assert_eq(b.q.answers[2].state, ANSWER_STORED);
    check_batch(&b.q, "null");
    cr_assert_eq(queue_stored(&b.q), 1);
    cr_assert_eq(queue_unanswered(&b.q), ITEMS - 1);
    cr_assert_eq(queue_last_seq(&b.q), 1);
    bench_fini(&b);
}

Test(queue, a_change_while_the_save_is_under_way_stays_unsent)
{
    struct bench b;
    json_t *batch;

    bench_init(&b);
    opened(&b.q, 1, 7, "[]");
    queue_set(&b.q, 0, json_integer(1));
    batch = queue_batch(&b.q);
    queue_set(&b.q, 0, json_null());
    queue_settle(&b.q, batch, true);
    json_decref(batch);
    check_batch(&b.q,
                "{\"epoch\": 1, \"responses\": [{\"seq\": 8, \"item\": 0, \"value\": null}]}");
    settle(&b.q, true);
    cr_assert_eq(queue_stored(&b.q), 0); /* cleared, and the server knows */
    bench_fini(&b);
}

Test(queue, unsent_answers_and_marks_outlive_the_program)
{
    struct bench b;
    struct stat st;
    char path[256];

    bench_init(&b);
    opened(&b.q, 3, 10, "[{\"item\": 0, \"value\": 1}]");
    queue_set(&b.q, 1, json_string("五年"));
    queue_set(&b.q, 0, json_integer(2));
    queue_mark(&b.q, 4, true);
    snprintf(path, sizeof(path), "%s/unsent-%s.json", b.dir, SESSION);
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600);
    cr_assert_eq(bench_restart(&b), 2);
    cr_assert(b.q.answers[4].marked);
    /* The same device: its epoch goes on, and what is unsent here is newer than what is there. */
    opened(&b.q, 3, 10, "[{\"item\": 0, \"value\": 1}, {\"item\": 3, \"value\": 8}]");
    cr_assert_eq(json_integer_value(b.q.answers[0].value), 2);
    cr_assert_eq(b.q.answers[3].state, ANSWER_STORED);
    cr_assert_eq(b.q.next_seq, 12);
    settle(&b.q, true);
    cr_assert_not(b.q.stale);
    cr_assert_eq(bench_restart(&b), 0);
    queue_drop(&b.q);
    cr_assert_eq(stat(path, &st), -1);
    bench_fini(&b);
}

Test(queue, what_an_earlier_epoch_left_is_sent_under_it_and_then_asked_for)
{
    struct bench b;

    bench_init(&b);
    opened(&b.q, 1, 1, "[]");
    queue_set(&b.q, 0, json_integer(1));
    bench_restart(&b);
    opened(&b.q, 2, 1, "[{\"item\": 0, \"value\": 2}]"); /* another device answered meanwhile */
    queue_set(&b.q, 1, json_integer(4));
    check_batch(&b.q, "{\"epoch\": 1, \"responses\": [{\"seq\": 1, \"item\": 0, \"value\": 1}]}");
    settle(&b.q, true);
    cr_assert(b.q.stale);
    check_batch(&b.q, "{\"epoch\": 2, \"responses\": [{\"seq\": 2, \"item\": 1, \"value\": 4}]}");
    settle(&b.q, true);
    {
        json_t *counts =
            json_loads("[{\"item\": 0, \"value\": 2}, {\"item\": 1, \"value\": 4}]", 0, NULL);
        queue_take_stored(&b.q, counts);
        json_decref(counts);
    }
    cr_assert_eq(json_integer_value(b.q.answers[0].value), 2);
    cr_assert_not(b.q.stale);
    bench_fini(&b);
}

Test(queue, a_refused_answer_is_found_alone_and_not_sent_again)
{
    struct bench b;

    bench_init(&b);
    opened(&b.q, 1, 1, "[]");
    queue_set(&b.q, 0, json_integer(1));
    queue_set(&b.q, 1, json_string("坏"));
    b.q.single = true;
    check_batch(&b.q, "{\"epoch\": 1, \"responses\": [{\"seq\": 1, \"item\": 0, \"value\": 1}]}");
    settle(&b.q, true);
    settle(&b.q, false);
    cr_assert_eq(b.q.answers[1].state, ANSWER_REFUSED);
    check_batch(&b.q, "null");
    cr_assert_eq(queue_count(&b.q, ANSWER_REFUSED), 1);
    cr_assert_eq(queue_unanswered(&b.q), ITEMS - 1);
    bench_fini(&b);
}

Test(queue, numbers_given_anew_are_greater_and_of_the_present_epoch)
{
    struct bench b;

    bench_init(&b);
    opened(&b.q, 1, 1, "[]");
    queue_set(&b.q, 0, json_integer(1));
    opened(&b.q, 4, 20, "[]");
    queue_restamp(&b.q);
    check_batch(&b.q, "{\"epoch\": 4, \"responses\": [{\"seq\": 20, \"item\": 0, \"value\": 1}]}");
    bench_fini(&b);
}

/* Somebody else's bytes in the file are passed over, entry by entry. */
Test(queue, a_damaged_file_loses_only_what_is_damaged)
{
    static const struct {
        const char *text;
        size_t entries;
    } cases[] = {
        {"", 0},
        {"not json", 0},
        {"[]", 0},
        {"{\"entries\": 5}", 0},
        {"{\"entries\": [{\"epoch\": 1, \"seq\": 1, \"item\": 5, \"value\": 1}]}", 0},
        {"{\"entries\": [{\"epoch\": 1, \"seq\": 1, \"item\": -1, \"value\": 1}]}", 0},
        {"{\"entries\": [{\"epoch\": -1, \"seq\": 1, \"item\": 1, \"value\": 1}]}", 0},
        {"{\"entries\": [{\"seq\": 1, \"item\": 1, \"value\": 1}]}", 0},
        {"{\"entries\": [{\"epoch\": 1, \"seq\": 0, \"item\": 1, \"value\": 1}]}", 0},
        {"{\"entries\": [{\"epoch\": 1, \"seq\": 1, \"item\": 1, \"value\": {}}]}", 0},
        {"{\"entries\": [{\"epoch\": 1, \"seq\": 1, \"item\": 1}, 7, {\"epoch\": 1, \"seq\": 2, "
         "\"item\": 2, \"value\": null}], \"marked\": [9, \"x\", 3]}",
         1},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct bench b;
        char path[256];

        bench_init(&b);
        snprintf(path, sizeof(path), "%s/unsent-%s.json", b.dir, SESSION);
        cr_assert_eq(file_write(path, bytes_of_text(cases[i].text), 0600, NULL), 0);
        cr_assert_eq(bench_restart(&b), cases[i].entries, "case %zu", i);
        bench_fini(&b);
    }
}

Test(queue, a_paper_of_no_items_or_too_many_is_refused)
{
    struct state state;
    struct queue q;

    cr_assert_eq(state_init(&state, "/tmp", NULL), 0);
    cr_assert_eq(queue_init(&q, &state, SESSION, 0, NULL), ERR_LIMIT);
    cr_assert_eq(queue_init(&q, &state, SESSION, QUEUE_ITEMS_MAX + 1, NULL), ERR_LIMIT);
}

Test(queue, what_is_answered_before_the_first_open_waits_for_its_epoch)
{
    struct bench b;

    bench_init(&b);
    queue_set(&b.q, 2, json_integer(1));
    check_batch(&b.q, "null");
    cr_assert_eq(bench_restart(&b), 1);
    cr_assert_eq(queue_count(&b.q, ANSWER_UNSENT), 1);
    check_batch(&b.q, "null");
    opened(&b.q, 3, 8, "[{\"item\": 2, \"value\": 4}, {\"item\": 0, \"value\": 2}]");
    check_batch(&b.q, "{\"epoch\": 3, \"responses\": [{\"seq\": 8, \"item\": 2, \"value\": 1}]}");
    cr_assert_eq(b.q.answers[0].state, ANSWER_STORED);
    bench_fini(&b);
}

Test(queue, an_open_that_is_refused_refuses_what_waited_for_it)
{
    struct bench b;

    bench_init(&b);
    queue_set(&b.q, 1, json_integer(1));
    queue_not_opened(&b.q);
    cr_assert_eq(b.q.answers[1].state, ANSWER_REFUSED);
    cr_assert_eq(queue_count(&b.q, ANSWER_UNSENT), 0);
    check_batch(&b.q, "null");
    bench_fini(&b);
}
