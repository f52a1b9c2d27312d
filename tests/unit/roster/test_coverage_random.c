/* Coverage against a second opinion: random trees of units that are set up, moved and abolished,
 * random people who move among them, random attempts, hearings and exemptions. The second opinion
 * goes by the records and events alone, in the words of the rule, and counts every column of every
 * node by itself. Seeds are fixed and printed. */
#include "server/roster/coverage.h"
#include "server/roster/hearing.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { UNITS = 40, PEOPLE = 250, RECORDS_MAX = 6, ATTEMPTS_MAX = 4, HEARINGS_MAX = 4, WALKS = 80 };

static const char cut_off[] = "2026-06-30";
static const char *const categories[] = {"公务员", "事业", "编外"};
enum { ASSIGNED = 2 }; /* the first two */

struct unit_note {
    char from[16], to[16]; /* to "": open */
    int parent;            /* -1: a root */
};
struct person_note {
    char from[16];
    int unit, category;
    enum person_status status;
};
struct events {
    enum exemption exemption;
    struct attempt attempts[ATTEMPTS_MAX];
    size_t attempts_count;
    bool hearing[HEARINGS_MAX]; /* the last word on each */
};

/* What was said, in order; only what the roster accepted. */
struct world {
    struct roster roster;
    struct unit_note units[UNITS][RECORDS_MAX];
    size_t units_notes[UNITS], units_count;
    struct person_note people[PEOPLE][RECORDS_MAX];
    size_t people_notes[PEOPLE], people_count;
    struct events events[PEOPLE];
    enum attempt_rule rule;
    struct person_facts facts[PEOPLE];
};

static uint32_t dice(uint64_t *seed, uint32_t n)
{
    *seed = *seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)((*seed >> 33) % n);
}

static void date_of(uint64_t *seed, char out[16])
{
    snprintf(out, 16, "2026-%02u-%02u", 1 + dice(seed, 12), 1 + dice(seed, 28));
}

static void code_of(int unit, char out[16])
{
    snprintf(out, 16, unit < 0 ? "" : "U%02d", unit);
}

/* ---------------------------------------------------------------------------- what happens */

static void unit_say(struct world *w, int unit, int parent, const char *from, const char *to)
{
    char code[16], above[16];
    struct unit_record rec;
    struct unit_note *note;

    code_of(unit, code);
    code_of(parent, above);
    rec = (struct unit_record){bytes_of_text(code), bytes_of_text(code), bytes_of_text(above),
                               bytes_of_text(from), bytes_of_text(to),   0};
    /* Circles and what ends before it begins are refused; the world is then as if nobody had said
     * anything. */
    if (w->units_notes[unit] == RECORDS_MAX || roster_set_unit(&w->roster, &rec, NULL) != 0)
        return;
    note = &w->units[unit][w->units_notes[unit]++];
    note->parent = parent;
    snprintf(note->from, sizeof(note->from), "%s", from);
    snprintf(note->to, sizeof(note->to), "%s", to);
}

static void units_happen(struct world *w, uint64_t *seed)
{
    char from[16], to[16];

    w->units_count = 1 + dice(seed, UNITS);
    for (int i = 0; i < (int)w->units_count; i++) {
        int parent = i < 2 || dice(seed, 12) == 0 ? -1 : (int)dice(seed, (uint32_t)i);

        date_of(seed, from);
        unit_say(w, i, parent, dice(seed, 3) == 0 ? from : "2020-01-01", "");
        cr_assert_eq(w->units_notes[i], 1);
    }
    for (uint32_t i = 0; i < w->units_count; i++) { /* moved or abolished, in any order of dates */
        int unit = (int)dice(seed, (uint32_t)w->units_count);
        int parent = (int)dice(seed, (uint32_t)w->units_count + 1) - 1;

        date_of(seed, from);
        date_of(seed, to);
        unit_say(w, unit, parent, from, dice(seed, 4) == 0 ? to : "");
    }
}

static void person_happens(struct world *w, uint64_t *seed, int person)
{
    size_t notes = 1 + dice(seed, RECORDS_MAX - 1);
    char number[16], code[16];

    snprintf(number, sizeof(number), "P%03d", person);
    for (size_t i = 0; i < notes; i++) {
        struct person_note *n = &w->people[person][w->people_notes[person]++];
        struct person_record rec;

        date_of(seed, n->from);
        if (i == 0 && dice(seed, 5) != 0)
            snprintf(n->from, sizeof(n->from), "2025-01-01");
        n->unit = (int)dice(seed, (uint32_t)w->units_count);
        n->category = (int)dice(seed, 3);
        n->status = (enum person_status)(1 + dice(seed, 9) / 7);
        code_of(n->unit, code);
        rec = (struct person_record){.number = bytes_of_text(number),
                                     .name = bytes_of_text("张三"),
                                     .unit = bytes_of_text(code),
                                     .category = bytes_of_text(categories[n->category]),
                                     .status = n->status,
                                     .valid_from = bytes_of_text(n->from)};
        cr_assert_eq(roster_set_person(&w->roster, &rec, NULL), 0);
    }
}

static void exam_happens(struct world *w, uint64_t *seed, int person)
{
    struct events *e = &w->events[person];
    uint32_t exempt = dice(seed, 12);

    e->exemption = exempt < 9 ? EXEMPTION_NONE : (enum exemption)(1 + exempt % 2);
    e->attempts_count = dice(seed, ATTEMPTS_MAX + 1);
    for (size_t i = 0; i < e->attempts_count; i++) {
        uint32_t points = dice(seed, 11) * 1000;

        e->attempts[i] = (struct attempt){.attempt = (uint32_t)i + 1,
                                          .state = (enum attempt_state)(1 + dice(seed, 4)),
                                          .points = points,
                                          .passed = points >= 6000};
        if (e->attempts[i].state == ATTEMPT_GRADED)
            e->attempts[i].pending = dice(seed, 4) == 0;
    }
}

/* Attendance and revocations, in one list as it was recorded. */
static void hearings_happen(struct world *w, uint64_t *seed)
{
    size_t count = w->people_count * 2;
    struct attendance *list = calloc(count + 1, sizeof(*list));
    uint32_t *counts = calloc(PEOPLE, sizeof(*counts));
    static const char *const names[HEARINGS_MAX] = {"ST-1", "ST-2", "ST-3", "ST-4"};

    for (size_t i = 0; i < count; i++) {
        uint32_t hearing = dice(seed, HEARINGS_MAX);

        list[i] = (struct attendance){.person = dice(seed, (uint32_t)w->people_count),
                                      .hearing = bytes_of_text(names[hearing]),
                                      .date = bytes_of_text("2026-05-01"),
                                      .mode = HEARING_ON_SITE,
                                      .revoked = dice(seed, 3) == 0};
        w->events[list[i].person].hearing[hearing] = !list[i].revoked;
    }
    cr_assert_eq(hearings_count(list, count, bytes_of_text("2026-01-01"),
                                bytes_of_text("2026-12-31"), counts, w->people_count, NULL),
                 0);
    for (size_t i = 0; i < w->people_count; i++)
        w->facts[i].hearings = counts[i];
    free(list);
    free(counts);
}

static struct world *world_new(uint64_t walk)
{
    struct world *w = calloc(1, sizeof(*w));
    uint64_t seed = walk * UINT64_C(0x9e3779b97f4a7c15);

    fprintf(stderr, "seed %llu\n", (unsigned long long)walk);
    roster_init(&w->roster);
    units_happen(w, &seed);
    w->people_count = dice(&seed, PEOPLE);
    w->rule = (enum attempt_rule)(1 + dice(&seed, 3));
    for (int i = 0; i < (int)w->people_count; i++) {
        person_happens(w, &seed, i);
        exam_happens(w, &seed, i);
    }
    if (w->people_count > 0)
        hearings_happen(w, &seed);
    for (size_t i = 0; i < w->people_count; i++) {
        struct person_facts *f = &w->facts[i];

        f->exemption = w->events[i].exemption;
        f->standing = attempts_standing(w->events[i].attempts, w->events[i].attempts_count, w->rule,
                                        NULL, &f->passed);
    }
    return w;
}

static void world_free(struct world *w)
{
    roster_fini(&w->roster);
    free(w);
}

/* ---------------------------------------------------------------------------- the second opinion */

struct opinion {
    bool in[UNITS];
    struct coverage_counts own[UNITS], total[UNITS];
    enum coverage_class class[PEOPLE];
};

/* What was said last of what holds at the cut-off; -1: nothing does yet. */
static int unit_note_at(const struct world *w, int unit)
{
    int best = -1;

    for (int i = 0; i < (int)w->units_notes[unit]; i++)
        if (strcmp(w->units[unit][i].from, cut_off) <= 0 &&
            (best < 0 || strcmp(w->units[unit][i].from, w->units[unit][best].from) >= 0))
            best = i;
    return best;
}

/* For a unit that is not set up yet, the earliest that will hold. */
static int unit_parent(const struct world *w, int unit)
{
    int at = unit_note_at(w, unit);

    for (int i = 0; unit_note_at(w, unit) < 0 && i < (int)w->units_notes[unit]; i++)
        if (at < 0 || strcmp(w->units[unit][i].from, w->units[unit][at].from) <= 0)
            at = i;
    return w->units[unit][at].parent;
}

static void unit_is_in(const struct world *w, struct opinion *o, int unit)
{
    for (int at = unit, steps = 0; at >= 0; at = unit_parent(w, at), steps++) {
        cr_assert_leq(steps, UNITS, "the superiors of unit %d go in a circle", unit);
        o->in[at] = true;
    }
}

static bool has(const struct events *e, enum attempt_state state, bool pending)
{
    for (size_t i = 0; i < e->attempts_count; i++)
        if (e->attempts[i].state == state &&
            (state != ATTEMPT_GRADED || e->attempts[i].pending == pending))
            return true;
    return false;
}

/* The best, last or first of the scores that stand; of equal best ones the earliest. */
static bool has_passed(const struct events *e, enum attempt_rule rule)
{
    const struct attempt *stands = NULL;

    for (size_t i = 0; i < e->attempts_count; i++) {
        const struct attempt *a = &e->attempts[i];

        if (a->state != ATTEMPT_GRADED || a->pending)
            continue;
        if (stands == NULL || rule == ATTEMPT_LAST ||
            (rule == ATTEMPT_BEST && a->points > stands->points))
            stands = a;
    }
    return stands != NULL && stands->passed;
}

static enum coverage_class class_of(const struct events *e)
{
    if (e->exemption == EXEMPTION_EXEMPT)
        return CLASS_EXEMPTED;
    if (has(e, ATTEMPT_GRADED, false))
        return CLASS_SAT;
    if (has(e, ATTEMPT_GRADED, true) || has(e, ATTEMPT_CLOSED, false))
        return CLASS_PENDING;
    return e->exemption == EXEMPTION_DEFERRED ? CLASS_DEFERRED : CLASS_MISSING;
}

static void person_count(const struct world *w, struct opinion *o, int person)
{
    const struct events *e = &w->events[person];
    const struct person_note *at = NULL;
    bool attended = false, passed;

    for (size_t i = 0; i < w->people_notes[person]; i++) {
        const struct person_note *n = &w->people[person][i];

        if (strcmp(n->from, cut_off) <= 0 && (at == NULL || strcmp(n->from, at->from) >= 0))
            at = n;
    }
    if (at == NULL || at->status != PERSON_ON_BOOKS || at->category >= ASSIGNED)
        return;
    unit_is_in(w, o, at->unit);
    o->class[person] = class_of(e);
    for (int i = 0; i < HEARINGS_MAX; i++)
        attended = attended || e->hearing[i];
    passed = o->class[person] == CLASS_SAT && has_passed(e, w->rule);
    uint64_t *n = o->own[at->unit].n;
    if (o->class[person] == CLASS_EXEMPTED) {
        n[COVERAGE_EXEMPTED]++;
        return;
    }
    n[COVERAGE_EXPECTED]++;
    n[COVERAGE_SAT] += o->class[person] == CLASS_SAT;
    n[COVERAGE_PASSED] += passed;
    n[COVERAGE_PENDING] += o->class[person] == CLASS_PENDING;
    n[COVERAGE_DEFERRED] += o->class[person] == CLASS_DEFERRED;
    n[COVERAGE_MISSING] += o->class[person] == CLASS_MISSING;
    n[COVERAGE_ATTENDED] += attended;
    n[COVERAGE_INTEGRATED] += passed && attended;
}

static struct opinion *opinion_new(const struct world *w)
{
    struct opinion *o = calloc(1, sizeof(*o));

    for (int u = 0; u < (int)w->units_count; u++) {
        int at = unit_note_at(w, u);

        if (at >= 0 && (w->units[u][at].to[0] == '\0' || strcmp(cut_off, w->units[u][at].to) < 0))
            unit_is_in(w, o, u);
    }
    for (int i = 0; i < (int)w->people_count; i++)
        person_count(w, o, i);
    for (int u = 0; u < (int)w->units_count; u++) /* a unit's own staff, at it and all above it */
        for (int at = u; at >= 0 && o->in[u]; at = unit_parent(w, at))
            for (int f = 0; f < COVERAGE_FIELDS; f++)
                o->total[at].n[f] += o->own[u].n[f];
    return o;
}

/* ---------------------------------------------------------------------------- comparing */

/* NULL: everything agrees; else what does not. */
static const char *disagreement(const struct world *w, const struct opinion *o,
                                const struct coverage *c)
{
    size_t in = 0;

    for (int u = 0; u < (int)w->units_count; u++) {
        char code[16];
        int64_t at;

        code_of(u, code);
        at = coverage_find(c, bytes_of_text(code));
        in += o->in[u] ? 1 : 0;
        if ((at >= 0) != o->in[u])
            return "which units stand in the table";
        if (at < 0)
            continue;
        if (memcmp(&c->nodes[at].own, &o->own[u], sizeof(o->own[u])) != 0)
            return "a unit's own staff";
        if (memcmp(&c->nodes[at].total, &o->total[u], sizeof(o->total[u])) != 0)
            return "a unit's total";
    }
    if (in != c->count)
        return "the number of units";
    for (size_t i = 0; i < w->people_count; i++)
        if (c->places[i].class != o->class[i])
            return "a person's class";
    return NULL;
}

/* The rule of the table, read off the table alone: 应考 = 实考 + 待定 + 缓考 + 未考 at every node, own
 * and total; a node = its own staff + its children. */
static void expect_foots(const struct coverage *c)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct coverage_node *node = &c->nodes[i];
        struct coverage_counts sum = node->own;
        const uint64_t *n = node->total.n, *m = node->own.n;

        cr_assert_eq(n[COVERAGE_EXPECTED], n[COVERAGE_SAT] + n[COVERAGE_PENDING] +
                                               n[COVERAGE_DEFERRED] + n[COVERAGE_MISSING]);
        cr_assert_eq(m[COVERAGE_EXPECTED], m[COVERAGE_SAT] + m[COVERAGE_PENDING] +
                                               m[COVERAGE_DEFERRED] + m[COVERAGE_MISSING]);
        for (size_t k = 0; k < c->count; k++)
            for (int f = 0; f < COVERAGE_FIELDS && c->nodes[k].parent == (int32_t)i; f++)
                sum.n[f] += c->nodes[k].total.n[f];
        cr_assert_eq(memcmp(&sum, &node->total, sizeof(sum)), 0, "node %zu", i);
    }
}

static void make(const struct world *w, struct coverage *out)
{
    struct bytes assigned[ASSIGNED] = {bytes_of_text(categories[0]), bytes_of_text(categories[1])};
    struct coverage_input in = {.roster = &w->roster,
                                .cut_off = bytes_of_text(cut_off),
                                .categories = assigned,
                                .categories_count = ASSIGNED,
                                .facts = w->facts};
    char text[ERR_TEXT_BYTES_MAX];
    struct err err = {0};
    int rc = coverage_make(&in, out, &err);

    err_text(&err, LANG_EN, text, sizeof(text));
    cr_assert_eq(rc, 0, "%s", text);
}

Test(coverage_random, every_column_of_every_node_is_what_a_second_opinion_counts)
{
    uint64_t sums[COVERAGE_FIELDS] = {0};
    size_t nodes = 0;

    for (uint64_t walk = 1; walk <= WALKS; walk++) {
        struct world *w = world_new(walk);
        struct opinion *o = opinion_new(w);
        const char *what;
        struct coverage c;

        make(w, &c);
        what = disagreement(w, o, &c);
        cr_assert_null(what, "seed %llu: %s", (unsigned long long)walk, what);
        expect_foots(&c);
        cr_assert_eq(coverage_check(&c, NULL), -1);
        for (size_t i = 0; i < c.count; i++)
            for (int f = 0; f < COVERAGE_FIELDS; f++)
                sums[f] += c.nodes[i].own.n[f];
        nodes += c.count;
        coverage_fini(&c);
        free(o);
        world_free(w);
    }
    cr_assert_gt(nodes, 500); /* the walks went somewhere: every column was counted often */
    for (int f = 0; f < COVERAGE_FIELDS; f++)
        cr_assert_gt(sums[f], 100, "field %d", f);
}

Test(coverage_random, a_planted_miscount_is_found_by_the_second_opinion_and_by_the_check)
{
    for (uint64_t walk = 1; walk <= WALKS; walk++) {
        struct world *w = world_new(walk);
        struct opinion *o = opinion_new(w);
        uint64_t seed = walk;
        struct coverage c;

        make(w, &c);
        for (int f = 0; f < COVERAGE_FIELDS && c.count > 0; f++) {
            struct coverage_node *node = &c.nodes[dice(&seed, (uint32_t)c.count)];

            node->own.n[f]++;
            cr_assert_str_eq(disagreement(w, o, &c), "a unit's own staff");
            cr_assert_geq(coverage_check(&c, NULL), 0);
            node->own.n[f]--;
            node->total.n[f]++;
            cr_assert_str_eq(disagreement(w, o, &c), "a unit's total");
            cr_assert_geq(coverage_check(&c, NULL), 0);
            node->total.n[f]--;
        }
        if (w->people_count > 0) {
            struct coverage_place *place = &c.places[dice(&seed, (uint32_t)w->people_count)];
            enum coverage_class class = place->class;

            place->class = class == CLASS_MISSING ? CLASS_SAT : CLASS_MISSING;
            cr_assert_str_eq(disagreement(w, o, &c), "a person's class");
            place->class = class;
        }
        cr_assert_null(disagreement(w, o, &c));
        coverage_fini(&c);
        free(o);
        world_free(w);
    }
}
