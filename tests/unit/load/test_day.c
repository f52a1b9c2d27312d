/* Scenario files: what is taken, and the sentence of each fault. State: none; a table of files, each
 * the same good one with one line exchanged. */
#include "clients/load/day.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* The members of a good file, one a line, so that a case can exchange one of them. */
static const char *const good[] = {
    "\"name\": \"a day\"",
    "\"seed\": 7",
    "\"people\": 20",
    "\"arrive\": {\"over_s\": 3, \"shape\": \"burst\"}",
    "\"think_ms\": {\"min\": 10, \"max\": 20}",
    "\"answers\": {\"min\": 2, \"max\": 4}",
    "\"hand_in\": {\"when\": \"end\", \"at_s\": 9, \"over_s\": 2}",
    "\"per_mille_of_answers\": {\"reload\": 1, \"disconnect\": 2, \"duplicate\": 3}",
    "\"disconnect_ms\": {\"min\": 100, \"max\": 200}",
    "\"per_mille_of_people\": {\"slow_link\": 4, \"never_hand_in\": 5}",
    "\"slow_link\": {\"bytes\": 64, \"pause_ms\": 20}",
};
enum { LINES = sizeof good / sizeof good[0] };

/* Line `at` says `instead`; "" leaves it out; at -1: the good file. */
static void file_make(int at, const char *instead, struct buf *out)
{
    const char *before = "{\n";

    for (int i = 0; i < (int)LINES; i++) {
        const char *line = i == at ? instead : good[i];

        if (line[0] == '\0')
            continue;
        buf_printf(out, "%s%s", before, line);
        before = ",\n";
    }
    buf_append_text(out, "\n}\n");
}

Test(day, takes_every_member)
{
    struct buf file = {0};
    struct day day;
    struct err err = {0};

    file_make(-1, "", &file);
    cr_assert_eq(day_parse("day.json", buf_view(&file), &day, &err), 0);
    cr_assert_str_eq(day.name, "a day");
    cr_assert_eq(day.seed, 7);
    cr_assert_eq(day.people, 20);
    cr_assert_eq(day.arrive_over_s, 3);
    cr_assert_eq(day.arrive_shape, SHAPE_BURST);
    cr_assert(day.think_ms.min == 10 && day.think_ms.max == 20);
    cr_assert(day.answers.min == 2 && day.answers.max == 4);
    cr_assert(day.hand_in_when == HAND_IN_END && day.hand_in_at_s == 9 && day.hand_in_over_s == 2);
    cr_assert(day.reload_pm == 1 && day.disconnect_pm == 2 && day.duplicate_pm == 3);
    cr_assert(day.disconnect_ms.min == 100 && day.disconnect_ms.max == 200);
    cr_assert(day.slow_link_pm == 4 && day.never_hand_in_pm == 5);
    cr_assert(day.slow_bytes == 64 && day.slow_pause_ms == 20);
    buf_fini(&file);
}

Test(day, refuses_each_fault_by_its_sentence)
{
    static const struct {
        int line;
        const char *instead, *sentence;
    } cases[] = {
        {0, "", "day.json: 'name' is missing; expected 1..60."},
        {0, "\"name\": \"\"", "day.json: 'name' must be text of 1 to 60 bytes; found \"\"."},
        {0, "\"name\": 5", "day.json: 'name' must be text of 1 to 60 bytes; found 5."},
        {1, "\"seed\": -1", "day.json: 'seed' must be an integer 0..2147483647; found -1."},
        {1, "\"sede\": 1",
         "day.json: there is no member 'sede' (found 1); expected one of name, seed, people, "
         "arrive, "
         "think_ms, answers, hand_in, per_mille_of_answers, disconnect_ms, per_mille_of_people, "
         "slow_link."},
        {2, "\"people\": 0", "day.json: 'people' must be an integer 1..60000; found 0."},
        {2, "\"people\": \"20\"", "day.json: 'people' must be an integer 1..60000; found \"20\"."},
        {2, "\"people\": 1.5", "day.json: 'people' must be an integer 1..60000; found 1.5."},
        {3, "\"arrive\": 3", "day.json: 'arrive' must be an object; found 3."},
        {3, "\"arrive\": {\"over_s\": 3, \"shape\": \"flood\"}",
         "day.json: 'arrive.shape' must be \"even\" / \"burst\"; found \"flood\"."},
        {3, "\"arrive\": {\"over_s\": 3}",
         "day.json: 'arrive.shape' is missing; expected \"even\" / \"burst\"."},
        {3, "\"arrive\": {\"over_s\": 3, \"shape\": \"even\", \"at\": 1}",
         "day.json: there is no member 'arrive.at' (found 1); expected one of over_s, shape."},
        {4, "\"think_ms\": {\"min\": 30, \"max\": 20}",
         "day.json: 'think_ms.max' must be at least min, 30; found 20."},
        {4, "\"think_ms\": {\"min\": 30, \"max\": 600001}",
         "day.json: 'think_ms.max' must be an integer 0..600000; found 600001."},
        {5, "\"answers\": {\"min\": 0, \"max\": 4}",
         "day.json: 'answers.min' must be an integer 1..1000; found 0."},
        {5, "\"answers\": {\"min\": 5, \"max\": 4}",
         "day.json: 'answers.max' must be at least min, 5; found 4."},
        {6, "\"hand_in\": {\"when\": \"end\", \"at_s\": 9}",
         "day.json: 'hand_in.over_s' is missing; expected 0..7200."},
        {6, "\"hand_in\": {\"when\": \"done\", \"at_s\": 9}",
         "day.json: 'hand_in.at_s' goes with 'hand_in.when' \"end\" only; expected nothing, found "
         "9."},
        {7, "\"per_mille_of_answers\": {\"reload\": 1001}",
         "day.json: 'per_mille_of_answers.reload' must be an integer 0..1000; found 1001."},
        {8, "", "day.json: 'disconnect_ms.min' is missing; expected 0..600000."},
        {8, "\"disconnect_ms\": {\"min\": 2, \"max\": 1}",
         "day.json: 'disconnect_ms.max' must be at least min, 2; found 1."},
        {10, "", "day.json: 'slow_link.bytes' is missing; expected 16..4096."},
        {10, "\"slow_link\": {\"bytes\": 1, \"pause_ms\": 20}",
         "day.json: 'slow_link.bytes' must be an integer 16..4096; found 1."},
        {1, "\"name\": \"again\"",
         "day.json: not JSON: line 3: duplicate object key near '\"name\"'."},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf file = {0};
        struct day day;
        struct err err = {0};
        char text[ERR_TEXT_BYTES_MAX];

        file_make(cases[i].line, cases[i].instead, &file);
        cr_assert_eq(day_parse("day.json", buf_view(&file), &day, &err), ERR_BAD_INPUT, "case %zu",
                     i);
        err_text(&err, LANG_EN, text, sizeof text);
        cr_expect_str_eq(text, cases[i].sentence, "case %zu: %s", i, text);
        buf_fini(&file);
    }
}

Test(day, refuses_what_is_no_object)
{
    static const char *const texts[] = {"", "[]", "3", "{\"name\":", "null"};

    for (size_t i = 0; i < sizeof texts / sizeof texts[0]; i++) {
        struct day day;
        struct err err = {0};

        cr_assert_eq(day_parse("day.json", bytes_of_text(texts[i]), &day, &err), ERR_BAD_INPUT);
        cr_assert_not_null(err.msg, "'%s'", texts[i]);
    }
}

Test(day, takes_the_scenarios_that_come_with_it)
{
    static const char *const names[] = {"stampede", "steady", "last-minute", "flaky"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char path[512], text[ERR_TEXT_BYTES_MAX];
        struct day day;
        struct err err = {0};

        snprintf(path, sizeof path, "%s/clients/load/scenarios/%s.json", MINGFA_SOURCE_DIR,
                 names[i]);
        if (day_read(path, &day, &err) != 0) {
            err_text(&err, LANG_EN, text, sizeof text);
            cr_assert_fail("%s", text);
        }
        cr_assert_leq(day.people, 500, "%s", names[i]);
    }
}
