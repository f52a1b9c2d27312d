/* Coverage: the classes by table, and random trees in which everything must foot and agree with a
 * count made person by person for every node. Failing trees print their seed. */
#include "server/roster/coverage.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

static struct bytes T(const char *text) {
    return bytes_of_text(text);
}

static void
unit_add(struct roster *r, const char *code, const char *parent)
{
    struct unit_record rec = {T(code), T(code), T(parent), T("2020-01-01"), T(""), 0};

    cr_assert_eq(roster_set_unit(r, &rec, NULL), 0);
}

static void person_add(struct roster *r, const char *number, const char *unit, const char *category,
                       enum person_status status, const char *from)
{
    struct person_record rec = {T(number), T("张三"), T(unit), T(category), status, T(from),
                                T(""),     T(""),     0};

    cr_assert_eq(roster_set_person(r, &rec, NULL), 0);
}

Test(coverage, a_person_is_the_first_class_that_fits)
{
    static const struct {
        struct person_facts facts;
        enum coverage_class class;
        int expected, attended, passed, integrated;
    } cases[] = {
        {{EXEMPTION_EXEMPT, STANDING_SCORED, true, 1}, CLASS_EXEMPTED, 0, 0, 0, 0},
        {{EXEMPTION_DEFERRED, STANDING_SCORED, true, 1}, CLASS_SAT, 1, 1, 1, 1},
        {{EXEMPTION_NONE, STANDING_SCORED, false, 2}, CLASS_SAT, 1, 1, 0, 0},
        {{EXEMPTION_NONE, STANDING_SCORED, true, 0}, CLASS_SAT, 1, 0, 1, 0},
        {{EXEMPTION_DEFERRED, STANDING_PENDING, false, 0}, CLASS_PENDING, 1, 0, 0, 0},
        {{EXEMPTION_NONE, STANDING_PENDING, true, 0}, CLASS_PENDING, 1, 0, 0, 0},
        {{EXEMPTION_DEFERRED, STANDING_WRITING, false, 1}, CLASS_DEFERRED, 1, 1, 0, 0},
        {{EXEMPTION_NONE, STANDING_WRITING, false, 0}, CLASS_MISSING, 1, 0, 0, 0},
        {{EXEMPTION_NONE, STANDING_NONE, false, 1}, CLASS_MISSING, 1, 1, 0, 0},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct roster r;
        struct coverage c;
        struct coverage_input in = {
            .roster = &r, .cut_off = T("2026-06-30"), .facts = &cases[i].facts};

        roster_init(&r);
        unit_add(&r, "A", "");
        person_add(&r, "1", "A", "公务员", PERSON_ON_BOOKS, "2026-01-01");
        cr_assert_eq(coverage_make(&in, &c, NULL), 0);
        cr_assert_eq(coverage_check(&c, NULL), -1);
        cr_assert_eq(c.places[0].class, cases[i].class, "case %zu", i);
        cr_assert_eq((int)c.nodes[0].total.n[COVERAGE_EXPECTED], cases[i].expected, "case %zu", i);
        cr_assert_eq((int)c.nodes[0].total.n[COVERAGE_ATTENDED], cases[i].attended, "case %zu", i);
        cr_assert_eq((int)c.nodes[0].total.n[COVERAGE_PASSED], cases[i].passed, "case %zu", i);
        cr_assert_eq((int)c.nodes[0].total.n[COVERAGE_INTEGRATED], cases[i].integrated, "case %zu",
                     i);
        coverage_fini(&c);
        roster_fini(&r);
    }
}

Test(coverage, only_who_is_assigned_and_on_the_books_at_the_cut_off_is_expected)
{
    const struct bytes categories[] = {T("公务员"), T("事业")};
    struct person_facts facts[6] = {0};
    struct roster r;
    struct coverage c;
    struct coverage_input in = {.roster = &r,
                                .cut_off = T("2026-06-30"),
                                .categories = categories,
                                .categories_count = 2,
                                .facts = facts};

    roster_init(&r);
    unit_add(&r, "A", "");
    unit_add(&r, "B", "A");
    person_add(&r, "1", "A", "公务员", PERSON_ON_BOOKS, "2026-06-30");
    person_add(&r, "2", "A", "公务员", PERSON_ON_BOOKS, "2026-07-01");
    person_add(&r, "3", "A", "编外", PERSON_ON_BOOKS, "2026-01-01");
    person_add(&r, "4", "A", "公务员", PERSON_ON_BOOKS, "2026-01-01");
    person_add(&r, "4", "A", "公务员", PERSON_RETIRED, "2026-06-30");
    person_add(&r, "5", "A", "公务员", PERSON_ON_BOOKS, "2026-01-01");
    person_add(&r, "5", "B", "公务员", PERSON_ON_BOOKS, "2026-06-01");
    person_add(&r, "6", "B", "事业", PERSON_MOVED_OUT, "2026-01-01");
    cr_assert_eq(coverage_make(&in, &c, NULL), 0);
    cr_assert_eq(c.nodes[0].own.n[COVERAGE_EXPECTED], 1u);
    cr_assert_eq(c.nodes[0].total.n[COVERAGE_EXPECTED], 2u);
    cr_assert_eq(c.nodes[coverage_find(&c, T("B"))].own.n[COVERAGE_EXPECTED], 1u);
    coverage_fini(&c);
    in.categories_count = 0;
    cr_assert_eq(coverage_make(&in, &c, NULL), 0);
    cr_assert_eq(c.nodes[0].total.n[COVERAGE_EXPECTED], 3u);
    coverage_fini(&c);
    in.cut_off = T("2026-06-31");
    cr_assert_eq(coverage_make(&in, &c, NULL), ERR_BAD_INPUT);
    roster_fini(&r);
}

Test(coverage, the_rule_says_which_attempt_stands)
{
    const struct attempt tries[] = {{1, ATTEMPT_GRADED, false, 7000, true},
                                    {2, ATTEMPT_GRADED, false, 9000, true},
                                    {3, ATTEMPT_GRADED, false, 5000, false},
                                    {4, ATTEMPT_VOIDED, false, 9900, true}};
    const struct attempt open[] = {{1, ATTEMPT_VOIDED, false, 7000, true},
                                   {2, ATTEMPT_GRADED, true, 7000, true},
                                   {3, ATTEMPT_WRITING, false, 0, false}};
    int64_t which;
    bool passed;

    cr_assert_eq(attempts_standing(tries, 4, ATTEMPT_BEST, &which, &passed), STANDING_SCORED);
    cr_assert(which == 1 && passed);
    cr_assert_eq(attempts_standing(tries, 4, ATTEMPT_LAST, &which, &passed), STANDING_SCORED);
    cr_assert(which == 2 && !passed);
    cr_assert_eq(attempts_standing(tries, 4, ATTEMPT_FIRST, &which, &passed), STANDING_SCORED);
    cr_assert(which == 0 && passed);
    cr_assert_eq(attempts_standing(open, 3, ATTEMPT_BEST, &which, &passed), STANDING_PENDING);
    cr_assert(which == -1 && !passed);
    cr_assert_eq(attempts_standing(open, 1, ATTEMPT_BEST, NULL, NULL), STANDING_NONE);
    cr_assert_eq(attempts_standing(open + 2, 1, ATTEMPT_BEST, NULL, NULL), STANDING_WRITING);
}

Test(coverage, rates_are_rounded_half_up_and_nothing_over_nothing_is_a_dash)
{
    static const struct {
        uint64_t over, under;
        const char *text;
    } cases[] = {{9955, 10000, "99.55%"}, {1, 3, "33.33%"},    {2, 3, "66.67%"},
                 {1, 20000, "0.01%"},     {1, 20001, "0.00%"}, {0, 5, "0.00%"},
                 {5, 5, "100.00%"},       {0, 0, "—"},         {3, 80000, "0.00%"}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[16];

        rate_text(rate_basis_points(cases[i].over, cases[i].under), text);
        cr_assert_str_eq(text, cases[i].text, "case %zu", i);
    }
}

/* ---------------------------------------------------------------------------- random trees */

static uint32_t dice(uint64_t *seed, uint32_t n)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((*seed >> 33) % n);
}

static void roster_random(struct roster *r, uint64_t *seed, uint32_t units, uint32_t people)
{
    static const char *const categories[] = {"公务员", "事业", "编外"};
    char code[32], parent[32], number[32], from[32];

    roster_init(r);
    for (uint32_t i = 0; i < units; i++) {
        snprintf(code, sizeof code, "U%u", i);
        snprintf(parent, sizeof parent, "U%u", i < 3 ? 0 : dice(seed, i < 40 ? i : 40));
        unit_add(r, code, i == 0 ? "" : parent);
    }
    for (uint32_t i = 0; i < people; i++) {
        uint32_t changes = 1 + dice(seed, 8) / 6;

        snprintf(number, sizeof number, "%06u", i);
        for (uint32_t j = 0; j < changes; j++) {
            snprintf(code, sizeof code, "U%u", dice(seed, units));
            snprintf(from, sizeof from, "2026-%02u-%02u", 1 + dice(seed, 12), 1 + dice(seed, 28));
            person_add(r, number, code, categories[dice(seed, 3)],
                       (enum person_status)(1 + dice(seed, 10) / 8), j == 0 ? "2025-01-01" : from);
        }
    }
}

static struct person_facts *facts_random(uint64_t *seed, size_t count)
{
    struct person_facts *facts = calloc(count + 1, sizeof *facts);

    for (size_t i = 0; i < count; i++) {
        uint32_t e = dice(seed, 12);

        facts[i].exemption = e < 10 ? EXEMPTION_NONE : (enum exemption)(e - 9);
        facts[i].standing = (enum standing)(dice(seed, 7) > 3 ? 3 : dice(seed, 4));
        facts[i].passed = facts[i].standing == STANDING_SCORED && dice(seed, 5) != 0;
        facts[i].hearings = dice(seed, 2);
    }
    return facts;
}

/* For one node, by going through everybody: the naive way. */
static void node_check(const struct coverage_input *in, const struct coverage *c, size_t node,
                       uint64_t walk)
{
    uint64_t expected = 0, sat = 0, deferred = 0, pending = 0, missing = 0, integrated = 0;

    for (size_t i = 0; i < in->roster->people_count; i++) {
        const struct person_version *v = person_at(&in->roster->people[i], in->cut_off);
        const struct person_facts *f = &in->facts[i];

        if (v == NULL || v->status != PERSON_ON_BOOKS || bytes_equal(v->category, T("编外")) ||
            f->exemption == EXEMPTION_EXEMPT ||
            !roster_unit_is_within(in->roster, v->unit, c->nodes[node].code, in->cut_off)) {
            continue;
        }
        expected++;
        integrated += f->standing == STANDING_SCORED && f->passed && f->hearings > 0;
        sat += f->standing == STANDING_SCORED;
        pending += f->standing == STANDING_PENDING;
        if (f->standing < STANDING_PENDING) {
            *(f->exemption == EXEMPTION_DEFERRED ? &deferred : &missing) += 1;
        }
    }
    cr_assert(c->nodes[node].total.n[COVERAGE_EXPECTED] == expected &&
                  c->nodes[node].total.n[COVERAGE_SAT] == sat &&
                  c->nodes[node].total.n[COVERAGE_PENDING] == pending &&
                  c->nodes[node].total.n[COVERAGE_DEFERRED] == deferred &&
                  c->nodes[node].total.n[COVERAGE_MISSING] == missing &&
                  c->nodes[node].total.n[COVERAGE_INTEGRATED] == integrated,
              "seed %llu node %zu", (unsigned long long)walk, node);
    cr_assert_eq(expected, sat + deferred + pending + missing);
}

Test(coverage, random_trees_foot_at_every_node_and_a_planted_miscount_is_caught)
{
    const struct bytes categories[] = {T("公务员"), T("事业")};

    for (uint64_t walk = 1; walk <= 60; walk++) {
        uint64_t seed = walk * UINT64_C(0x9e3779b97f4a7c15);
        struct roster r;
        struct coverage c;
        struct coverage_input in = {.roster = &r,
                                    .cut_off = T("2026-06-30"),
                                    .categories = categories,
                                    .categories_count = 2};
        struct person_facts *facts;

        roster_random(&r, &seed, 1 + dice(&seed, 30), dice(&seed, 200));
        facts = facts_random(&seed, r.people_count);
        in.facts = facts;
        cr_assert_eq(coverage_make(&in, &c, NULL), 0);
        cr_assert_eq(coverage_check(&c, NULL), -1, "seed %llu", (unsigned long long)walk);
        for (size_t node = 0; node < c.count; node++) {
            node_check(&in, &c, node, walk);
        }
        for (int field = 0; field < COVERAGE_FIELDS; field++) {
            size_t node = dice(&seed, (uint32_t)c.count);
            const char *what = NULL;

            c.nodes[node].total.n[field]++;
            cr_assert_geq(coverage_check(&c, &what), 0, "seed %llu node %zu field %d",
                          (unsigned long long)walk, node, field);
            cr_assert_not_null(what);
            c.nodes[node].total.n[field]--;
            c.nodes[node].own.n[field]++;
            cr_assert_geq(coverage_check(&c, NULL), 0);
            c.nodes[node].own.n[field]--;
        }
        coverage_fini(&c);
        free(facts);
        roster_fini(&r);
    }
}

Test(coverage, a_district_of_22000_people_is_counted_in_a_moment)
{
    uint64_t seed = 22;
    struct roster r;
    struct coverage c;
    struct coverage_input in = {.roster = &r, .cut_off = T("2026-06-30")};
    struct person_facts *facts;
    clock_t before;

    roster_random(&r, &seed, 1500, 22000);
    facts = facts_random(&seed, r.people_count);
    in.facts = facts;
    before = clock();
    cr_assert_eq(coverage_make(&in, &c, NULL), 0);
    cr_assert_eq(coverage_check(&c, NULL), -1);
    fprintf(stderr, "22000 people: %.1f ms\n",
            1000.0 * (double)(clock() - before) / CLOCKS_PER_SEC);
    cr_assert_lt((double)(clock() - before) / CLOCKS_PER_SEC, 1.0);
    coverage_fini(&c);
    free(facts);
    roster_fini(&r);
}
