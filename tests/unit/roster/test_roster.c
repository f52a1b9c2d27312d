/* Units, people and dates: histories asked as at a date, and what is refused, in the words people
 * see. */
#include "server/roster/civil.h"
#include "server/roster/hearing.h"
#include "server/roster/roster.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static struct bytes T(const char *text) {
    return bytes_of_text(text);
}

static int
unit_set(struct roster *r, const char *code, const char *parent, const char *from, const char *to,
         struct err *err)
{
    struct unit_record rec = {T(code), T("某单位"), T(parent), T(from), T(to), 0};

    return roster_set_unit(r, &rec, err);
}

static int person_set(struct roster *r, const char *number, const char *unit,
                      enum person_status status, const char *from, struct err *err)
{
    struct person_record rec = {T(number), T("张三"), T(unit), T("公务员"), status, T(from),
                                T("科长"), T(""),     0};

    return roster_set_person(r, &rec, err);
}

Test(civil, dates_are_read_as_people_write_them)
{
    static const struct {
        const char *text, *expected;
    } cases[] = {{"2026-03-01", "2026-03-01"},
                 {"2026/3/1", "2026-03-01"},
                 {"2026.03.1", "2026-03-01"},
                 {"2026年3月1日", "2026-03-01"},
                 {"20260301", "2026-03-01"},
                 {"2024-02-29", "2024-02-29"},
                 {"2026-02-29", NULL},
                 {"2026-13-01", NULL},
                 {"26-03-01", NULL},
                 {"2026-3", NULL},
                 {"2026-03-01x", NULL},
                 {"", NULL},
                 {"2026031", NULL},
                 {"1899-01-01", NULL}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char out[CIVIL_TEXT_BYTES] = "";
        int rc = civil_date_parse(T(cases[i].text), out);

        cr_assert_eq(rc, cases[i].expected != NULL ? 0 : ERR_BAD_INPUT, "'%s'", cases[i].text);
        cr_assert_str_eq(out, cases[i].expected != NULL ? cases[i].expected : "");
        cr_assert_eq(civil_date_valid(T(cases[i].text)),
                     cases[i].expected != NULL && strcmp(cases[i].text, cases[i].expected) == 0);
    }
}

Test(civil, moments_fall_on_the_day_at_plus_eight)
{
    static const struct {
        int64_t ms;
        const char *time;
    } cases[] = {{0, "1970-01-01 08:00:00"},
                 {INT64_C(1795482000000), "2026-11-24 09:00:00"},
                 {INT64_C(1767196799999), "2025-12-31 23:59:59"},
                 {INT64_C(1767196800000), "2026-01-01 00:00:00"},
                 {INT64_C(1709136000000), "2024-02-29 00:00:00"},
                 {INT64_C(-28800001), "1969-12-31 23:59:59"}};
    char text[CIVIL_TEXT_BYTES];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        civil_time_of_ms(cases[i].ms, text);
        cr_assert_str_eq(text, cases[i].time);
    }
    cr_assert_eq(civil_date_end_ms(T("2025-12-31")), INT64_C(1767196800000));
    for (int64_t day = -20000; day < 60000; day += 7) {
        civil_date_of_ms(day * 86400000 - 1 - 8 * 3600000, text);
        cr_assert_eq(civil_date_end_ms(T(text)), day * 86400000 - 8 * 3600000, "%s", text);
    }
}

Test(roster, history_is_asked_as_at_a_date_whatever_the_order_it_was_recorded_in)
{
    static const struct {
        const char *date, *unit;
        enum person_status status;
    } cases[] = {{"2025-12-31", NULL, 0},
                 {"2026-01-01", "A", PERSON_ON_BOOKS},
                 {"2026-05-31", "A", PERSON_ON_BOOKS},
                 {"2026-06-01", "B", PERSON_ON_BOOKS},
                 {"2026-09-01", "B", PERSON_RETIRED}};
    struct roster r, copy;

    roster_init(&r);
    cr_assert_eq(unit_set(&r, "A", "", "2020-01-01", "", NULL), 0);
    cr_assert_eq(unit_set(&r, "B", "A", "2020-01-01", "", NULL), 0);
    cr_assert_eq(person_set(&r, "001", "B", PERSON_RETIRED, "2026-09-01", NULL), 0);
    cr_assert_eq(person_set(&r, "001", "A", PERSON_MOVED_OUT, "2026-01-01", NULL), 0);
    cr_assert_eq(person_set(&r, "001", "B", PERSON_ON_BOOKS, "2026-06-01", NULL), 0);
    cr_assert_eq(person_set(&r, "001", "A", PERSON_ON_BOOKS, "2026-01-01", NULL), 0,
                 "a correction");
    cr_assert_eq(r.people_count, 1u);
    cr_assert_eq(roster_clone(&r, &copy, NULL), 0);
    roster_fini(&r);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const struct person_version *v = person_at(&copy.people[0], T(cases[i].date));

        cr_assert_eq(v == NULL, cases[i].unit == NULL, "%s", cases[i].date);
        if (v != NULL) {
            cr_assert(bytes_equal(v->unit, T(cases[i].unit)), "%s", cases[i].date);
            cr_assert_eq(v->status, cases[i].status, "%s", cases[i].date);
        }
    }
    cr_assert(roster_unit_is_within(&copy, T("B"), T("A"), T("2026-01-01")));
    cr_assert_not(roster_unit_is_within(&copy, T("A"), T("B"), T("2026-01-01")));
    roster_fini(&copy);
}

Test(roster, what_cannot_be_is_refused_in_words)
{
    struct roster r;
    struct err err = {0};
    char text[ERR_TEXT_BYTES_MAX];

    roster_init(&r);
    cr_assert_eq(unit_set(&r, "A", "", "2020-01-01", "", NULL), 0);
    cr_assert_eq(unit_set(&r, "B", "A", "2020-01-01", "", NULL), 0);
    cr_assert_eq(unit_set(&r, "C", "X", "2020-01-01", "", &err), ERR_NOT_FOUND);
    err_text(&err, LANG_ZH, text, sizeof text);
    cr_assert_str_eq(text, "单位C的上级单位X不存在");
    cr_assert_eq(unit_set(&r, "A", "B", "2026-01-01", "", &err), ERR_CONFLICT);
    err_text(&err, LANG_ZH, text, sizeof text);
    cr_assert_str_eq(text, "单位A不能以B为上级：上级关系成环或层级过深");
    cr_assert_eq(unit_set(&r, "A", "A", "2026-01-01", "", &err), ERR_CONFLICT);
    cr_assert_eq(unit_set(&r, "D", "", "2026-02-30", "", &err), ERR_BAD_INPUT);
    err_text(&err, LANG_ZH, text, sizeof text);
    cr_assert_str_eq(text, "“生效日期”应为日期（如2026-03-01），实为“2026-02-30”");
    cr_assert_eq(unit_set(&r, "D", "", "2026-02-01", "2026-01-01", &err), ERR_BAD_INPUT);
    cr_assert_eq(person_set(&r, "007", "X", PERSON_ON_BOOKS, "2026-01-01", &err), ERR_NOT_FOUND);
    err_text(&err, LANG_ZH, text, sizeof text);
    cr_assert_str_eq(text, "人员007的单位X不存在");
    cr_assert_eq(person_set(&r, "", "A", PERSON_ON_BOOKS, "2026-01-01", &err), ERR_BAD_INPUT);
    cr_assert_eq(person_set(&r, "1", "A", (enum person_status)4, "2026-01-01", &err),
                 ERR_BAD_INPUT);
    cr_assert_eq(r.people_count, 0u);
    cr_assert_eq(r.units_count, 2u);
    roster_fini(&r);
}

/* Neither on the day of the record nor in the far future, but in between. */
Test(roster, superiors_that_would_form_a_circle_for_a_while_only_are_refused)
{
    struct unit_tree tree;
    struct roster r;

    roster_init(&r);
    cr_assert_eq(unit_set(&r, "A", "", "2020-01-01", "", NULL), 0);
    cr_assert_eq(unit_set(&r, "B", "", "2020-01-01", "", NULL), 0);
    cr_assert_eq(unit_set(&r, "A", "B", "2026-03-01", "", NULL), 0);
    cr_assert_eq(unit_set(&r, "A", "", "2026-09-01", "", NULL), 0);
    cr_assert_eq(unit_set(&r, "B", "A", "2026-02-01", "", NULL), ERR_CONFLICT);
    cr_assert_eq(unit_set(&r, "B", "A", "2026-08-31", "", NULL), ERR_CONFLICT);
    cr_assert_eq(unit_set(&r, "B", "A", "2026-09-01", "", NULL), 0);
    cr_assert_eq(unit_set(&r, "B", "A", "2019-01-01", "", NULL), 0); /* until 2020 */
    cr_assert_eq(unit_set(&r, "A", "B", "2018-01-01", "", NULL), ERR_CONFLICT);
    for (int month = 1; month <= 12; month++) {
        char date[16];

        snprintf(date, sizeof date, "2026-%02d-15", month);
        cr_assert_eq(unit_tree_make(&r, T(date), NULL, &tree, NULL), 0, "%s", date);
        cr_assert_eq(tree.count, 2);
        unit_tree_fini(&tree);
    }
    roster_fini(&r);
}

Test(roster, the_tree_is_as_it_was_at_the_date)
{
    struct roster r;
    struct unit_tree tree;
    bool needed[4] = {false, false, false, false};

    roster_init(&r);
    cr_assert_eq(unit_set(&r, "R", "", "2020-01-01", "", NULL), 0);
    cr_assert_eq(unit_set(&r, "B", "R", "2020-01-01", "", NULL), 0);
    cr_assert_eq(unit_set(&r, "A", "R", "2020-01-01", "2026-01-01", NULL), 0);
    cr_assert_eq(unit_set(&r, "N", "B", "2026-07-01", "", NULL), 0);
    cr_assert_eq(unit_tree_make(&r, T("2025-12-31"), NULL, &tree, NULL), 0);
    cr_assert_eq(tree.count, 3u);
    cr_assert(bytes_equal(tree.nodes[1].code, T("A")) && tree.nodes[1].level == 1 &&
              tree.nodes[0].end == 3);
    unit_tree_fini(&tree);
    cr_assert_eq(unit_tree_make(&r, T("2026-01-01"), NULL, &tree, NULL), 0);
    cr_assert_eq(tree.count, 2u);
    unit_tree_fini(&tree);
    needed[2] = true; /* somebody is still in the abolished one */
    needed[3] = true; /* or already in the one to come */
    cr_assert_eq(unit_tree_make(&r, T("2026-02-01"), needed, &tree, NULL), 0);
    cr_assert_eq(tree.count, 4u);
    cr_assert(tree.nodes[3].level == 2 && tree.nodes[3].parent == 2);
    unit_tree_fini(&tree);
    roster_fini(&r);
}

Test(hearing, the_same_hearing_counts_once_and_a_revocation_takes_it_back)
{
    const struct attendance list[] = {
        {0, T("H1"), T("2026-03-01"), HEARING_ON_SITE, false},
        {0, T("H1"), T("2026-03-01"), HEARING_ON_SITE, false},
        {0, T("H2"), T("2026-04-01"), HEARING_ONLINE, false},
        {1, T("H1"), T("2026-03-01"), HEARING_ON_SITE, false},
        {1, T("H1"), T(""), 0, true},
        {2, T("H1"), T("2026-03-01"), HEARING_ON_SITE, false},
        {2, T("H1"), T(""), 0, true},
        {2, T("H1"), T("2026-03-01"), HEARING_ON_SITE, false},
        {3, T("H0"), T("2025-12-31"), HEARING_ON_SITE, false},
    };
    static const uint32_t expected[] = {2, 0, 1, 0};
    uint32_t counts[4];

    cr_assert_eq(hearings_count(list, sizeof list / sizeof list[0], T("2026-01-01"),
                                T("2026-12-31"), counts, 4, NULL),
                 0);
    for (int i = 0; i < 4; i++) {
        cr_assert_eq(counts[i], expected[i], "person %d", i);
    }
    cr_assert_eq(hearings_count(list, 9, T(""), T(""), counts, 3, NULL), ERR_BAD_INPUT);
    cr_assert_eq(hearing_mode_parse(T("线上")), HEARING_ONLINE);
    cr_assert_eq((int)hearing_mode_parse(T("电话")), 0);
}
