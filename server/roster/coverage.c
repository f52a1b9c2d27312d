/* Coverage: one pass over the people.
 *
 * Each person is looked up as at the cut-off and put into the first class that fits; every column has
 * its own predicate and is counted by itself, at the person's own node and at each node above it. So
 * the sums are never made from one another, and coverage_check compares them.
 *
 * Fails on a bad date, a circle of units, and without memory. Pure; any thread. */
#include "server/roster/coverage.h"

#include "server/roster/category.h"
#include "server/roster/record_text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

/* ---------------------------------------------------------------------------- attempts */

static bool attempt_is_better(const struct attempt *a, const struct attempt *b,
                              enum attempt_rule rule)
{
    switch (rule) {
    case ATTEMPT_BEST:
        return a->points > b->points || (a->points == b->points && a->attempt < b->attempt);
    case ATTEMPT_LAST:
        return a->attempt > b->attempt;
    case ATTEMPT_FIRST:
        return a->attempt < b->attempt;
    }
    return false;
}

enum standing attempts_standing(const struct attempt *attempts, size_t count,
                                enum attempt_rule rule, int64_t *which, bool *passed)
{
    enum standing standing = STANDING_NONE;
    int64_t stands = -1;

    for (size_t i = 0; i < count; i++) {
        const struct attempt *a = &attempts[i];
        enum standing mine = STANDING_NONE;

        switch (a->state) {
        case ATTEMPT_WRITING:
            mine = STANDING_WRITING;
            break;
        case ATTEMPT_CLOSED:
            mine = STANDING_PENDING;
            break;
        case ATTEMPT_GRADED:
            mine = a->pending ? STANDING_PENDING : STANDING_SCORED;
            break;
        case ATTEMPT_VOIDED:
            break;
        }
        standing = mine > standing ? mine : standing;
        if (mine == STANDING_SCORED &&
            (stands < 0 || attempt_is_better(a, &attempts[stands], rule))) {
            stands = (int64_t)i;
        }
    }
    if (which != NULL) {
        *which = stands;
    }
    if (passed != NULL) {
        *passed = stands >= 0 && attempts[stands].passed;
    }
    return standing;
}

/* ---------------------------------------------------------------------------- counting */

static enum coverage_class class_of(const struct person_facts *f)
{
    if (f->exemption == EXEMPTION_EXEMPT) {
        return CLASS_EXEMPTED;
    }
    if (f->standing == STANDING_SCORED) {
        return CLASS_SAT;
    }
    if (f->standing == STANDING_PENDING) {
        return CLASS_PENDING;
    }
    return f->exemption == EXEMPTION_DEFERRED ? CLASS_DEFERRED : CLASS_MISSING;
}

/* Is somebody assigned and on the books counted in the column? Each by itself. */
static bool counts_in(enum coverage_field field, const struct person_facts *f,
                      enum coverage_class class)
{
    bool expected = f->exemption != EXEMPTION_EXEMPT;
    bool passed = expected && f->standing == STANDING_SCORED && f->passed;

    switch (field) {
    case COVERAGE_EXPECTED:
        return expected;
    case COVERAGE_EXEMPTED:
        return !expected;
    case COVERAGE_SAT:
        return class == CLASS_SAT;
    case COVERAGE_PASSED:
        return passed;
    case COVERAGE_PENDING:
        return class == CLASS_PENDING;
    case COVERAGE_DEFERRED:
        return class == CLASS_DEFERRED;
    case COVERAGE_MISSING:
        return class == CLASS_MISSING;
    case COVERAGE_ATTENDED:
        return expected && f->hearings > 0;
    case COVERAGE_INTEGRATED:
        return passed && f->hearings > 0;
    case COVERAGE_FIELDS:
        break;
    }
    return false;
}

static void count_person(struct coverage *c, int32_t node, const struct person_facts *f,
                         enum coverage_class class)
{
    for (int field = 0; field < COVERAGE_FIELDS; field++) {
        if (!counts_in((enum coverage_field)field, f, class)) {
            continue;
        }
        c->nodes[node].own.n[field]++;
        for (int32_t at = node; at >= 0; at = c->nodes[at].parent) {
            c->nodes[at].total.n[field]++;
        }
    }
}

/* The unit of who is on the books and assigned at the cut-off, or -1. */
static int64_t unit_of(const struct coverage_input *in, size_t person)
{
    const struct person_version *v = person_at(&in->roster->people[person], in->cut_off);

    if (v == NULL || v->status != PERSON_ON_BOOKS ||
        !category_is_assigned(in->categories, in->categories_count, v->category)) {
        return -1;
    }
    return roster_find_unit(in->roster, v->unit);
}

static int nodes_make(const struct unit_tree *tree, struct coverage *c)
{
    c->nodes = calloc(tree->count > 0 ? tree->count : 1, sizeof *c->nodes);
    if (c->nodes == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < tree->count; i++) {
        const struct unit_node *n = &tree->nodes[i];

        c->nodes[i] = (struct coverage_node){.parent = n->parent,
                                             .level = n->level,
                                             .end = n->end,
                                             .code = n->code,
                                             .name = n->name};
    }
    c->count = tree->count;
    return 0;
}

int coverage_make(const struct coverage_input *in, struct coverage *out, struct err *err)
{
    size_t people = in->roster->people_count, units = in->roster->units_count;
    struct coverage c = {.places = calloc(people > 0 ? people : 1, sizeof *c.places),
                         .places_count = people};
    int64_t *unit = calloc(people > 0 ? people : 1, sizeof *unit);
    bool *needed = calloc(units > 0 ? units : 1, sizeof *needed);
    struct unit_tree tree = {0};
    int rc = record_date_check(in->cut_off, false, "截止日", err);

    if (rc != 0) {
        goto out;
    }
    if (c.places == NULL || unit == NULL || needed == NULL) {
        rc = err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
        goto out;
    }
    for (size_t i = 0; i < people; i++) {
        unit[i] = unit_of(in, i);
        if (unit[i] >= 0) {
            needed[unit[i]] = true;
        }
    }
    rc = unit_tree_make(in->roster, in->cut_off, needed, &tree, err);
    if (rc != 0) {
        goto out;
    }
    rc = nodes_make(&tree, &c);
    if (rc != 0) {
        rc = err_set(err, rc, NULL, NULL, NULL, NULL, NULL);
        goto out;
    }
    for (size_t i = 0; i < people; i++) {
        c.places[i] = (struct coverage_place){CLASS_NONE, -1};
        if (unit[i] >= 0) {
            c.places[i].class = class_of(&in->facts[i]);
            c.places[i].node = tree.node_of_unit[unit[i]];
            assert(c.places[i].node >= 0);
            count_person(&c, c.places[i].node, &in->facts[i], c.places[i].class);
        }
    }
    *out = c;
    c = (struct coverage){0};
out:
    unit_tree_fini(&tree);
    free(unit);
    free(needed);
    coverage_fini(&c);
    return rc;
}

void coverage_fini(struct coverage *c)
{
    free(c->nodes);
    free(c->places);
    *c = (struct coverage){0};
}

int64_t coverage_find(const struct coverage *c, struct bytes code)
{
    for (size_t i = 0; i < c->count; i++) {
        if (bytes_equal(c->nodes[i].code, code)) {
            return (int64_t)i;
        }
    }
    return -1;
}

/* ---------------------------------------------------------------------------- the check */

static const char *counts_check(const struct coverage_counts *c)
{
    const uint64_t *n = c->n;

    if (n[COVERAGE_EXPECTED] !=
        n[COVERAGE_SAT] + n[COVERAGE_PENDING] + n[COVERAGE_DEFERRED] + n[COVERAGE_MISSING]) {
        return "应考 ≠ 实考 + 待定 + 缓考 + 未考";
    }
    if (n[COVERAGE_PASSED] > n[COVERAGE_SAT]) {
        return "合格 > 实考";
    }
    if (n[COVERAGE_ATTENDED] > n[COVERAGE_EXPECTED]) {
        return "已旁听 > 应考";
    }
    if (n[COVERAGE_INTEGRATED] > n[COVERAGE_PASSED] ||
        n[COVERAGE_INTEGRATED] > n[COVERAGE_ATTENDED]) {
        return "合格且已旁听 > 合格或已旁听";
    }
    return NULL;
}

int64_t coverage_check(const struct coverage *c, const char **what)
{
    for (size_t i = 0; i < c->count; i++) {
        const struct coverage_node *node = &c->nodes[i];
        const char *wrong = counts_check(&node->own);
        struct coverage_counts sum = node->own;

        if (wrong == NULL) {
            wrong = counts_check(&node->total);
        }
        for (size_t child = i + 1; child < node->end; child = c->nodes[child].end) {
            for (int f = 0; f < COVERAGE_FIELDS; f++) {
                sum.n[f] += c->nodes[child].total.n[f];
            }
        }
        for (int f = 0; wrong == NULL && f < COVERAGE_FIELDS; f++) {
            if (sum.n[f] != node->total.n[f]) {
                wrong = "合计 ≠ 本级 + 下级合计";
            }
        }
        if (wrong != NULL) {
            if (what != NULL) {
                *what = wrong;
            }
            return (int64_t)i;
        }
    }
    return -1;
}

/* ---------------------------------------------------------------------------- words and rates */

const char *coverage_field_name(enum coverage_field field, bool closed)
{
    static const char *const names[COVERAGE_FIELDS] = {
        "应考", "免考", "实考", "合格", "待定", "缓考", "未考", "已旁听", "合格且已旁听"};

    if (field == COVERAGE_MISSING && closed) {
        return "缺考";
    }
    return (unsigned)field < COVERAGE_FIELDS ? names[field] : "";
}

const char *coverage_formula(bool closed)
{
    if (closed) {
        return "应考 = 属本次考试对象且截止日在册 − 批准免考 = 实考 + 待定 + 缓考 + 缺考；"
               "参考率 = 实考 ÷ 应考；合格率 = 合格 ÷ 实考；覆盖率 = 合格 ÷ 应考；"
               "一体化覆盖率 =（合格且已旁听）÷ 应考；合计 = 本级 + 下级合计。";
    }
    return "应考 = 属本次考试对象且截止日在册 − 批准免考 = 实考 + 待定 + 缓考 + "
           "未考（含正在作答）；"
           "参考率 = 实考 ÷ 应考；合格率 = 合格 ÷ 实考；覆盖率 = 合格 ÷ 应考；"
           "一体化覆盖率 =（合格且已旁听）÷ 应考；合计 = 本级 + 下级合计。";
}

const char *coverage_rate_name(enum coverage_rate rate)
{
    static const char *const names[RATES] = {"参考率", "合格率", "覆盖率", "一体化覆盖率"};

    return (unsigned)rate < RATES ? names[rate] : "";
}

int32_t rate_basis_points(uint64_t numerator, uint64_t denominator)
{
    if (denominator == 0) {
        return -1;
    }
    return (int32_t)((numerator * 20000 + denominator) / (2 * denominator));
}

int32_t coverage_rate(const struct coverage_counts *c, enum coverage_rate rate)
{
    static const struct {
        enum coverage_field over, under;
    } fractions[RATES] = {{COVERAGE_SAT, COVERAGE_EXPECTED},
                          {COVERAGE_PASSED, COVERAGE_SAT},
                          {COVERAGE_PASSED, COVERAGE_EXPECTED},
                          {COVERAGE_INTEGRATED, COVERAGE_EXPECTED}};

    assert((unsigned)rate < RATES);
    return rate_basis_points(c->n[fractions[rate].over], c->n[fractions[rate].under]);
}

void rate_text(int32_t basis_points, char out[16])
{
    if (basis_points < 0) {
        snprintf(out, 16, "—");
    } else {
        snprintf(out, 16, "%d.%02d%%", basis_points / 100, basis_points % 100);
    }
}
