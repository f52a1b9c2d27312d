/* Properties of the draw, over scenarios made by chance from fixed numbers: whatever the pool, the
 * enemies, the withdrawals and the earlier papers, a paper is what the blueprint asked for. The
 * scenario's number is printed when one fails. */
#include "question-bank/bank/paper.h"

#include "tests/draw/pool.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { SCENARIOS = 300, PAPERS = 12, CELLS = 4, ITEMS = 90, IDS_MAX = 64 };

/* A pool, a blueprint and what restricts them. */
struct scenario {
    struct test_pool pool;
    struct blueprint_cell cells[CELLS];
    struct bytes required[2];
    struct enemy_pair enemies[32];
    struct bytes withdrawn[IDS_MAX];
    struct bytes earlier[IDS_MAX];
    struct id_set withdrawals;
    struct id_set earlier_set;
    struct blueprint bp;
};

static struct bytes id_by_chance(struct scenario *s, struct test_chance *chance)
{
    return s->pool.items[test_chance_below(chance, (uint32_t)s->pool.pool.count)].id;
}

static int by_bytes(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

static void set_by_chance(struct scenario *s, struct test_chance *chance, struct bytes *ids,
                          uint32_t count, struct id_set *set)
{
    size_t kept = 0;

    for (uint32_t i = 0; i < count; i++)
        ids[i] = id_by_chance(s, chance);
    qsort(ids, count, sizeof(*ids), by_bytes);
    for (uint32_t i = 0; i < count; i++) {
        if (kept == 0 || !bytes_equal(ids[kept - 1], ids[i]))
            ids[kept++] = ids[i];
    }
    *set = (struct id_set){ids, kept};
}

static void scenario_init(struct scenario *s, uint64_t number)
{
    struct test_chance chance = {number};
    uint32_t pairs = test_chance_below(&chance, 32);

    memset(s, 0, sizeof(*s));
    test_pool_init(&s->pool);
    test_pool_add_many(&s->pool, "A", ITEM_SINGLE, "宪法", 30);
    test_pool_add_many(&s->pool, "B", ITEM_MULTIPLE, "宪法", 25);
    test_pool_add_many(&s->pool, "C", ITEM_TRUE_FALSE, "民法典", 20);
    test_pool_add_many(&s->pool, "D", ITEM_FILL_IN, "民法典", 15);
    s->cells[0] = test_cell(ITEM_SINGLE, "宪法", 3 + test_chance_below(&chance, 12), 100);
    s->cells[1] = test_cell(ITEM_MULTIPLE, NULL, 2 + test_chance_below(&chance, 10), 250);
    s->cells[2] = test_cell(ITEM_TRUE_FALSE, NULL, 1 + test_chance_below(&chance, 9), 50);
    s->cells[3] = test_cell(ITEM_FILL_IN, "民法典", 1 + test_chance_below(&chance, 6), 300);
    for (size_t i = 0; i < ITEMS; i++) {
        struct item *it = &s->pool.items[i];

        if (it->options_count > 0) {
            it->options_count = 2 + test_chance_below(&chance, 7);
            it->fixed_options = test_chance_below(&chance, 6) == 0;
        }
        /* Crowds of enemies in every fifth scenario, so that some cells cannot keep them apart. */
        if (number % 5 == 0 && i >= 55 && i < 75)
            for (size_t e = 55; e < 75; e++)
                if (e != i && test_chance_below(&chance, 4) == 0 && it->enemies_count < 16)
                    it->enemies[it->enemies_count++] = s->pool.items[e].id;
    }
    for (uint32_t i = 0; i < pairs; i++) {
        s->enemies[s->bp.enemies_count].a = id_by_chance(s, &chance);
        s->enemies[s->bp.enemies_count].b = id_by_chance(s, &chance);
        if (!bytes_equal(s->enemies[i].a, s->enemies[i].b))
            s->bp.enemies_count++;
        else
            break;
    }
    set_by_chance(s, &chance, s->withdrawn, test_chance_below(&chance, 10), &s->withdrawals);
    set_by_chance(s, &chance, s->earlier, test_chance_below(&chance, IDS_MAX), &s->earlier_set);
    s->required[0] = s->pool.items[test_chance_below(&chance, 30)].id;
    s->required[1] = s->pool.items[30 + test_chance_below(&chance, 25)].id;
    s->bp.required = s->required;
    s->bp.required_count = test_chance_below(&chance, 3);
    s->bp.enemies = s->enemies;
    s->bp.cells = s->cells;
    s->bp.cells_count = CELLS;
    if (number % 3 == 0) {
        s->bp.has_facility_bounds = true;
        s->bp.facility_min = (uint16_t)(6800 + 20 * test_chance_below(&chance, 20));
        s->bp.facility_max = (uint16_t)(s->bp.facility_min + 60);
    }
}

static bool lists_enemy(const struct item *it, struct bytes id)
{
    for (size_t e = 0; e < it->enemies_count; e++) {
        if (bytes_equal(it->enemies[e], id))
            return true;
    }
    return false;
}

static bool are_enemies(const struct scenario *s, const struct item *a, const struct item *b)
{
    for (size_t i = 0; i < s->bp.enemies_count; i++) {
        const struct enemy_pair *p = &s->bp.enemies[i];

        if ((bytes_equal(p->a, a->id) && bytes_equal(p->b, b->id)) ||
            (bytes_equal(p->a, b->id) && bytes_equal(p->b, a->id)))
            return true;
    }
    return lists_enemy(a, b->id) || lists_enemy(b, a->id);
}

static bool is_required(const struct scenario *s, const struct item *it)
{
    for (size_t i = 0; i < s->bp.required_count; i++) {
        if (bytes_equal(s->bp.required[i], it->id))
            return true;
    }
    return false;
}

static bool paper_has(const struct paper *paper, const struct item *it)
{
    for (size_t i = 0; i < paper->count; i++) {
        if (paper->items[i].item == it)
            return true;
    }
    return false;
}

static bool has_enemy_in(const struct scenario *s, const struct paper *paper, const struct item *it)
{
    for (size_t i = 0; i < paper->count; i++) {
        if (are_enemies(s, paper->items[i].item, it))
            return true;
    }
    return false;
}

static void check_cells(const struct scenario *s, const struct paper *paper, int number)
{
    uint32_t points = 0;
    size_t place = 0;

    cr_assert_eq(paper->count, blueprint_item_count(&s->bp), "scenario %d", number);
    for (size_t c = 0; c < CELLS; c++) {
        for (uint32_t i = 0; i < s->cells[c].count; i++, place++) {
            const struct paper_item *pi = &paper->items[place];

            cr_assert(blueprint_cell_matches(&s->cells[c], pi->item), "scenario %d", number);
            cr_assert_eq(pi->points, s->cells[c].points, "scenario %d", number);
            cr_assert_not(id_set_has(&s->withdrawals, pi->item->id), "scenario %d", number);
            for (size_t other = 0; other < place; other++)
                cr_assert_neq(paper->items[other].item, pi->item, "scenario %d", number);
            points += pi->points;
        }
    }
    cr_assert_eq(points, blueprint_points(&s->bp), "scenario %d", number);
    for (size_t i = 0; i < s->bp.required_count; i++) {
        int64_t at = item_pool_find(&s->pool.pool, s->bp.required[i]);

        cr_assert(id_set_has(&s->withdrawals, s->bp.required[i]) ||
                      paper_has(paper, &s->pool.items[at]),
                  "scenario %d", number);
    }
}

static void check_enemies(const struct scenario *s, const struct paper *paper, int number)
{
    for (size_t a = 0; a < paper->count; a++) {
        for (size_t b = 0; b < a; b++) {
            const struct item *x = paper->items[a].item;
            const struct item *y = paper->items[b].item;

            cr_assert(!are_enemies(s, x, y) || (is_required(s, x) && is_required(s, y)),
                      "scenario %d: %.*s and %.*s", number, (int)x->id.len,
                      (const char *)x->id.data, (int)y->id.len, (const char *)y->id.data);
        }
    }
}

/* An item of an earlier paper stands in a cell only if every other candidate of the cell is drawn or
 * an enemy of a drawn item. */
static void check_earlier(const struct scenario *s, const struct paper *paper, int number)
{
    size_t place = 0;

    for (size_t c = 0; c < CELLS; c++) {
        bool repeats = false;

        for (uint32_t i = 0; i < s->cells[c].count; i++, place++) {
            const struct item *it = paper->items[place].item;

            repeats = repeats || (id_set_has(&s->earlier_set, it->id) && !is_required(s, it));
        }
        for (size_t i = 0; repeats && i < ITEMS; i++) {
            const struct item *it = &s->pool.items[i];

            if (!blueprint_cell_matches(&s->cells[c], it) || id_set_has(&s->withdrawals, it->id) ||
                id_set_has(&s->earlier_set, it->id) || paper_has(paper, it))
                continue;
            cr_assert(paper->flags != PAPER_ENEMIES_TOGETHER && has_enemy_in(s, paper, it),
                      "scenario %d: %.*s was free", number, (int)it->id.len,
                      (const char *)it->id.data);
        }
    }
}

static void check_facility(const struct scenario *s, const struct paper *paper, int number)
{
    uint64_t sum = 0;
    uint64_t points = 0;
    bool within;

    if (!s->bp.has_facility_bounds || paper->flags == PAPER_ENEMIES_TOGETHER)
        return;
    for (size_t i = 0; i < paper->count; i++) {
        sum += (uint64_t)paper->items[i].item->facility * paper->items[i].points;
        points += paper->items[i].points;
    }
    within = s->bp.facility_min * points <= sum && sum <= s->bp.facility_max * points;
    cr_assert_eq(within, paper->flags == 0, "scenario %d", number);
}

static void check_options(const struct paper *paper, int number)
{
    for (size_t i = 0; i < paper->count; i++) {
        const struct paper_item *pi = &paper->items[i];
        unsigned seen = 0;

        cr_assert_eq(pi->option_count, pi->item->options_count, "scenario %d", number);
        for (unsigned o = 0; o < pi->option_count; o++) {
            seen |= 1U << pi->option_order[o];
            cr_assert(!pi->item->fixed_options || pi->option_order[o] == o, "scenario %d", number);
        }
        cr_assert_eq(seen, (1U << pi->option_count) - 1, "scenario %d", number);
    }
}

static void check_same(const struct paper *a, const struct paper *b, int number)
{
    struct buf x = {0};
    struct buf y = {0};

    paper_encode(a, &x);
    paper_encode(b, &y);
    cr_assert(bytes_equal(buf_view(&x), buf_view(&y)), "scenario %d", number);
    buf_fini(&x);
    buf_fini(&y);
}

Test(draw, a_paper_is_what_the_blueprint_asked_for_whatever_the_pool, .timeout = 120)
{
    struct scenario *s = calloc(1, sizeof(*s));
    uint32_t flags_seen[3] = {0};
    uint32_t dry = 0;

    for (int number = 0; number < SCENARIOS; number++) {
        struct test_chance chance = {(uint64_t)number + 7};
        struct draw_plan *plan = NULL;
        struct draw_plan *again = NULL;
        struct arena arena;

        scenario_init(s, (uint64_t)number);
        arena_init(&arena, 0);
        cr_assert_eq(draw_plan_new(&s->bp, &s->pool.pool, &s->withdrawals, &plan, NULL), 0);
        cr_assert_eq(draw_plan_new(&s->bp, &s->pool.pool, &s->withdrawals, &again, NULL), 0);
        for (int k = 0; k < PAPERS; k++) {
            struct paper *paper = NULL;
            struct paper *twin = NULL;
            struct seed seed;
            int rc;

            for (size_t i = 0; i < sizeof(seed.b); i++)
                seed.b[i] = (uint8_t)test_chance_next(&chance);
            rc = paper_draw(plan, &s->earlier_set, &seed, &arena, &paper, NULL);
            if (rc == ERR_INFEASIBLE) {
                dry++;
                continue;
            }
            cr_assert_eq(rc, 0, "scenario %d", number);
            cr_assert_eq(paper_draw(again, &s->earlier_set, &seed, &arena, &twin, NULL), 0);
            check_same(paper, twin, number);
            check_cells(s, paper, number);
            if (paper->flags != PAPER_ENEMIES_TOGETHER)
                check_enemies(s, paper, number);
            check_earlier(s, paper, number);
            check_facility(s, paper, number);
            check_options(paper, number);
            flags_seen[paper->flags]++;
        }
        draw_plan_free(plan);
        draw_plan_free(again);
        arena_fini(&arena);
        test_pool_fini(&s->pool);
    }
    free(s);
    cr_assert_gt(flags_seen[0], SCENARIOS * PAPERS / 3);
    cr_assert_gt(flags_seen[PAPER_FACILITY_MISSED], 0);
    cr_assert_gt(flags_seen[PAPER_ENEMIES_TOGETHER], 0);
    cr_assert_eq(dry, 0);
}

/* ---- single cases ---- */

static struct test_pool fixed_pool;
static struct arena fixed_arena;
static const struct seed any_seed = {{1, 2, 3}};

static void fixed_init(void)
{
    test_pool_init(&fixed_pool);
    arena_init(&fixed_arena, 0);
    test_pool_add_many(&fixed_pool, "A", ITEM_SINGLE, "宪法", 6);
    test_pool_add_many(&fixed_pool, "B", ITEM_TRUE_FALSE, "宪法", 4);
}

static void fixed_fini(void)
{
    test_pool_fini(&fixed_pool);
    arena_fini(&fixed_arena);
}

TestSuite(draw_single, .init = fixed_init, .fini = fixed_fini);

/* Plans, draws once and frees; *paper lives in fixed_arena. */
static int draw_once(const struct blueprint *bp, const struct id_set *withdrawals,
                     const struct id_set *earlier, struct paper **paper, struct err *err)
{
    struct draw_plan *plan = NULL;
    int rc = draw_plan_new(bp, &fixed_pool.pool, withdrawals, &plan, err);

    if (rc == 0)
        rc = paper_draw(plan, earlier, &any_seed, &fixed_arena, paper, err);
    draw_plan_free(plan);
    return rc;
}

Test(draw_single, a_pool_that_is_too_small_names_the_cell)
{
    struct blueprint_cell cells[] = {test_cell(ITEM_SINGLE, NULL, 2, 100),
                                     test_cell(ITEM_TRUE_FALSE, NULL, 5, 100)};
    struct blueprint bp = {.cells = cells, .cells_count = 2};
    struct paper *paper = NULL;
    struct err err = {0};

    cr_assert_eq(draw_once(&bp, NULL, NULL, &paper, &err), ERR_INFEASIBLE);
    cr_assert_null(paper);
    cr_assert_str_eq(err.msg->id, "draw-cell-dry");
    cr_assert_str_eq(err.arg[0].text, "2");
    cr_assert_str_eq(err.arg[2].text, "5");
    cr_assert_str_eq(err.arg[3].text, "4");
}

Test(draw_single, a_cell_of_exactly_its_candidates_draws_them_all)
{
    struct blueprint_cell cell = test_cell(ITEM_TRUE_FALSE, NULL, 4, 100);
    struct blueprint bp = {.cells = &cell, .cells_count = 1};
    struct paper *paper = NULL;

    cr_assert_eq(draw_once(&bp, NULL, NULL, &paper, NULL), 0);
    for (size_t i = 6; i < 10; i++)
        cr_assert(paper_has(paper, &fixed_pool.items[i]));
    cr_assert_eq(paper->flags, 0);
}

Test(draw_single, earlier_items_come_back_only_for_the_places_that_are_left)
{
    struct blueprint_cell cell = test_cell(ITEM_TRUE_FALSE, NULL, 3, 100);
    struct blueprint bp = {.cells = &cell, .cells_count = 1};
    struct bytes ids[] = {bytes_of_text("B-000"), bytes_of_text("B-002")};
    struct id_set earlier = {ids, 2};
    struct paper *paper = NULL;

    cr_assert_eq(draw_once(&bp, NULL, &earlier, &paper, NULL), 0);
    cr_assert(paper_has(paper, test_pool_get(&fixed_pool, "B-001")));
    cr_assert(paper_has(paper, test_pool_get(&fixed_pool, "B-003")));
    cr_assert(id_set_has(&earlier, paper->items[2].item->id));
}

Test(draw_single, required_items_stand_first_in_their_cells_and_in_order)
{
    struct blueprint_cell cells[] = {test_cell(ITEM_TRUE_FALSE, NULL, 2, 100),
                                     test_cell(ITEM_SINGLE, NULL, 4, 100)};
    struct bytes required[] = {bytes_of_text("A-005"), bytes_of_text("B-003"),
                               bytes_of_text("A-001")};
    struct blueprint bp = {
        .cells = cells, .cells_count = 2, .required = required, .required_count = 3};
    struct paper *paper = NULL;

    cr_assert_eq(draw_once(&bp, NULL, NULL, &paper, NULL), 0);
    cr_assert_eq(paper->items[0].item, test_pool_get(&fixed_pool, "B-003"));
    cr_assert_eq(paper->items[2].item, test_pool_get(&fixed_pool, "A-005"));
    cr_assert_eq(paper->items[3].item, test_pool_get(&fixed_pool, "A-001"));
}

Test(draw_single, a_withdrawn_required_item_is_passed_over)
{
    struct blueprint_cell cell = test_cell(ITEM_TRUE_FALSE, NULL, 3, 100);
    struct bytes id = bytes_of_text("B-001");
    struct id_set withdrawals = {&id, 1};
    struct blueprint bp = {.cells = &cell, .cells_count = 1, .required = &id, .required_count = 1};
    struct paper *paper = NULL;

    cr_assert_eq(draw_once(&bp, &withdrawals, NULL, &paper, NULL), 0);
    cr_assert_not(paper_has(paper, test_pool_get(&fixed_pool, "B-001")));
}

Test(draw_single, an_arena_that_is_full_is_reported)
{
    struct blueprint_cell cell = test_cell(ITEM_SINGLE, NULL, 3, 100);
    struct blueprint bp = {.cells = &cell, .cells_count = 1};
    struct draw_plan *plan = NULL;
    struct paper *paper = NULL;
    struct arena small;

    arena_init(&small, 32);
    cr_assert_eq(draw_plan_new(&bp, &fixed_pool.pool, NULL, &plan, NULL), 0);
    cr_assert_eq(paper_draw(plan, NULL, &any_seed, &small, &paper, NULL), ERR_NOMEM);
    cr_assert_null(paper);
    draw_plan_free(plan);
    arena_fini(&small);
}
