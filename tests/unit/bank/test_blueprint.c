/* Blueprints: which are refused and with what words, which cell takes which item, and their bytes. */
#include "question-bank/bank/blueprint.h"

#include "question-bank/base/cbor.h"
#include "tests/draw/pool.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { CELLS = 3 };

static struct test_pool pool;
static struct arena arena;
static struct blueprint_cell cells[CELLS];
static struct bytes required[2];
static struct enemy_pair enemies[2];
static struct bytes withdrawn[12];
static struct id_set withdrawals;
static struct blueprint bp;

/* A blueprint that is good over a pool of 10 singles, 8 multiples and 6 true/false. */
static void blueprint_init(void)
{
    test_pool_init(&pool);
    arena_init(&arena, 0);
    test_pool_add_many(&pool, "A", ITEM_SINGLE, "宪法", 10);
    test_pool_add_many(&pool, "B", ITEM_MULTIPLE, "民法典", 8);
    test_pool_add_many(&pool, "C", ITEM_TRUE_FALSE, "宪法", 6);
    cells[0] = test_cell(ITEM_SINGLE, "宪法", 5, 100);
    cells[1] = test_cell(ITEM_MULTIPLE, "民法典", 4, 200);
    cells[2] = test_cell(ITEM_TRUE_FALSE, NULL, 3, 50);
    required[0] = bytes_of_text("A-001");
    required[1] = bytes_of_text("B-002");
    enemies[0] = (struct enemy_pair){bytes_of_text("A-003"), bytes_of_text("A-004")};
    enemies[1] = (struct enemy_pair){bytes_of_text("C-003"), bytes_of_text("B-004")};
    withdrawals = (struct id_set){withdrawn, 0};
    bp = (struct blueprint){.name = bytes_of_text("二〇二七年度法律知识考试"),
                            .cells = cells,
                            .cells_count = CELLS,
                            .required = required,
                            .required_count = 2,
                            .enemies = enemies,
                            .enemies_count = 2,
                            .has_facility_bounds = true,
                            .facility_min = 6500,
                            .facility_max = 8000};
}

static void blueprint_fini(void)
{
    arena_fini(&arena);
    test_pool_fini(&pool);
}

TestSuite(blueprint, .init = blueprint_init, .fini = blueprint_fini);

/* ---- refusals ---- */

static void no_cells(void)
{
    bp.cells_count = 0;
}
static void bad_type(void)
{
    cells[1].type = (enum item_type)5;
}
static void bad_difficulty(void)
{
    cells[1].difficulty_min = 4;
    cells[1].difficulty_max = 3;
}
static void bad_level(void)
{
    cells[2].level = 4;
}
static void no_count(void)
{
    cells[0].count = 0;
}
static void no_points(void)
{
    cells[2].points = 0;
}
static void text_not_nfc(void)
{
    cells[1].area = bytes_of_text("e\xCC\x81");
}
static void too_many_items(void)
{
    cells[1].count = BLUEPRINT_ITEMS_MAX - 4;
}
static void overlap(void)
{
    cells[2] = test_cell(ITEM_SINGLE, NULL, 1, 100);
    cells[2].difficulty_min = 5;
}
static void too_few(void)
{
    cells[1].count = 9;
}
static void too_few_after_withdrawals(void)
{
    static const char *const ids[] = {"B-000", "B-001", "B-003", "B-004", "B-005"};

    for (size_t i = 0; i < 5; i++)
        withdrawn[i] = bytes_of_text(ids[i]);
    withdrawals.count = 5;
}
static void required_unknown(void)
{
    required[1] = bytes_of_text("B-999");
}
static void required_elsewhere(void)
{
    cells[1].area = bytes_of_text("行政法");
}
static void required_twice(void)
{
    required[1] = required[0];
}
static void required_too_many(void)
{
    required[1] = bytes_of_text("A-002");
    cells[0].count = 1;
}
static void required_enemies(void)
{
    enemies[1].a = required[0];
    enemies[1].b = required[1];
}
static void enemy_unknown(void)
{
    enemies[0].b = bytes_of_text("A-777");
}
static void enemy_itself(void)
{
    enemies[0].b = enemies[0].a;
}
static void bounds_reversed(void)
{
    bp.facility_max = 6499;
}
static void bounds_too_high(void)
{
    bp.facility_min = 9500;
    bp.facility_max = 10000;
}
static void bounds_too_low(void)
{
    bp.facility_min = 0;
    bp.facility_max = 4000;
}
/* Reachable by the greatest sums alone, where chance does not come. */
static void bounds_too_narrow(void)
{
    bp.required_count = 0;
    bp.facility_min = 8300;
    bp.facility_max = 10000;
}
/* All true/false items are enemies of each other. */
static void enemies_everywhere(void)
{
    static const char *const ids[] = {"C-000", "C-001", "C-002", "C-003", "C-004", "C-005"};

    for (size_t a = 0; a < 6; a++)
        for (size_t b = 0; b < 6; b++)
            if (a != b)
                test_item_enemy(&pool.items[18 + a], ids[b]);
}

static const struct refusal {
    void (*spoil)(void);
    int code;
    const char *id;
    const char *cell; /* argument 0, NULL where no cell is at fault */
} refusals[] = {
    {no_cells, ERR_BAD_INPUT, "blueprint-form", NULL},
    {bad_type, ERR_BAD_INPUT, "blueprint-cell-form", "2"},
    {bad_difficulty, ERR_BAD_INPUT, "blueprint-cell-form", "2"},
    {bad_level, ERR_BAD_INPUT, "blueprint-cell-form", "3"},
    {no_count, ERR_BAD_INPUT, "blueprint-cell-form", "1"},
    {no_points, ERR_BAD_INPUT, "blueprint-cell-form", "3"},
    {text_not_nfc, ERR_BAD_INPUT, "blueprint-cell-form", "2"},
    {too_many_items, ERR_BAD_INPUT, "blueprint-too-many-items", "2"},
    {overlap, ERR_BAD_INPUT, "blueprint-cells-overlap", "1"},
    {too_few, ERR_INFEASIBLE, "blueprint-too-few-items", "2"},
    {too_few_after_withdrawals, ERR_INFEASIBLE, "blueprint-too-few-items", "2"},
    {required_unknown, ERR_BAD_INPUT, "blueprint-required-unknown", NULL},
    {required_elsewhere, ERR_BAD_INPUT, "blueprint-required-no-cell", NULL},
    {required_twice, ERR_BAD_INPUT, "blueprint-required-repeats", NULL},
    {required_too_many, ERR_BAD_INPUT, "blueprint-required-too-many", "1"},
    {required_enemies, ERR_BAD_INPUT, "blueprint-required-enemies", NULL},
    {enemy_unknown, ERR_BAD_INPUT, "blueprint-enemy-unknown", NULL},
    {enemy_itself, ERR_BAD_INPUT, "blueprint-form", NULL},
    {bounds_reversed, ERR_BAD_INPUT, "blueprint-form", NULL},
    {bounds_too_high, ERR_INFEASIBLE, "blueprint-facility-out-of-reach", NULL},
    {bounds_too_low, ERR_INFEASIBLE, "blueprint-facility-out-of-reach", NULL},
    {bounds_too_narrow, ERR_INFEASIBLE, "blueprint-facility-always-missed", NULL},
    {enemies_everywhere, ERR_INFEASIBLE, "blueprint-enemies-keep-dry", "3"},
};

Test(blueprint, a_good_one_is_accepted)
{
    struct err err = {0};
    char text[ERR_TEXT_BYTES_MAX];
    int rc = blueprint_check(&bp, &pool.pool, &withdrawals, &err);

    err_text(&err, LANG_EN, text, sizeof(text));
    cr_assert_eq(rc, 0, "%s", text);
    cr_assert_eq(blueprint_item_count(&bp), 12);
    cr_assert_eq(blueprint_points(&bp), 5 * 100 + 4 * 200 + 3 * 50);
}

Test(blueprint, what_cannot_be_drawn_is_refused_naming_the_cell)
{
    for (size_t i = 0; i < sizeof(refusals) / sizeof(refusals[0]); i++) {
        const struct refusal *r = &refusals[i];
        struct err err = {0};

        blueprint_fini();
        blueprint_init();
        r->spoil();
        cr_assert_eq(blueprint_check(&bp, &pool.pool, &withdrawals, &err), r->code, "%s (%zu)",
                     r->id, i);
        cr_assert_eq(err.code, r->code, "%s (%zu)", r->id, i);
        cr_assert_str_eq(err.msg->id, r->id, "case %zu", i);
        if (r->cell != NULL)
            cr_assert_str_eq(err.arg[0].text, r->cell, "%s (%zu)", r->id, i);
    }
}

Test(blueprint, a_refusal_reads_as_a_sentence_in_both_languages)
{
    struct err err = {0};
    char text[ERR_TEXT_BYTES_MAX];

    too_few_after_withdrawals();
    cr_assert_eq(blueprint_check(&bp, &pool.pool, &withdrawals, &err), ERR_INFEASIBLE);
    err_text(&err, LANG_ZH, text, sizeof(text));
    cr_assert_str_eq(text,
                     "组卷方案第 2 项（多选题·民法典·难度1-5）需要 4 题，题库中可用的只有 3 题");
    err_text(&err, LANG_EN, text, sizeof(text));
    cr_assert_str_eq(text,
                     "blueprint cell 2 (多选题·民法典·难度1-5) needs 4 items, the bank has 3");
}

/* ---- cells ---- */

Test(blueprint, a_cell_takes_what_agrees_in_every_field)
{
    struct item it = {.type = ITEM_SINGLE,
                      .area = bytes_of_text("宪法"),
                      .difficulty = 3,
                      .level = 2,
                      .audiences = {bytes_of_text("执法人员"), bytes_of_text("领导干部")},
                      .audiences_count = 2};
    struct blueprint_cell good = test_cell(ITEM_SINGLE, "宪法", 1, 100);
    struct blueprint_cell c;

    cr_assert(blueprint_cell_matches(&good, &it));
    c = good;
    c.type = ITEM_MULTIPLE;
    cr_assert_not(blueprint_cell_matches(&c, &it));
    c = good;
    c.area = bytes_of_text("宪");
    cr_assert_not(blueprint_cell_matches(&c, &it));
    c.area = bytes_of_text(NULL);
    cr_assert(blueprint_cell_matches(&c, &it));
    for (uint8_t low = 1; low <= 5; low++) {
        for (uint8_t high = low; high <= 5; high++) {
            c = good;
            c.difficulty_min = low;
            c.difficulty_max = high;
            cr_assert_eq(blueprint_cell_matches(&c, &it), low <= 3 && 3 <= high);
        }
    }
    c = good;
    c.level = 2;
    cr_assert(blueprint_cell_matches(&c, &it));
    c.level = 1;
    cr_assert_not(blueprint_cell_matches(&c, &it));
    c = good;
    c.audience = bytes_of_text("领导干部");
    cr_assert(blueprint_cell_matches(&c, &it));
    c.audience = bytes_of_text("新录用公务员");
    cr_assert_not(blueprint_cell_matches(&c, &it));
    it.audiences_count = 0;
    cr_assert(blueprint_cell_matches(&c, &it));
}

Test(blueprint, an_id_set_finds_its_ids_and_no_others)
{
    struct bytes ids[] = {bytes_of_text("A-001"), bytes_of_text("A-0010"), bytes_of_text("B-1"),
                          bytes_of_text("C-9")};
    struct id_set set = {ids, 4};
    struct id_set empty = {0};

    for (size_t i = 0; i < 4; i++)
        cr_assert(id_set_has(&set, ids[i]));
    cr_assert_not(id_set_has(&set, bytes_of_text("A-00")));
    cr_assert_not(id_set_has(&set, bytes_of_text("B-2")));
    cr_assert_not(id_set_has(&set, bytes_of_text("D")));
    cr_assert_not(id_set_has(&empty, ids[0]));
}

/* ---- bytes ---- */

static void check_round_trip(void)
{
    struct blueprint out;
    struct buf raw = {0};
    struct buf again = {0};
    struct digest a = blueprint_digest(&bp);
    struct digest b;

    blueprint_encode(&bp, &raw);
    cr_assert_eq(blueprint_decode(buf_view(&raw), &arena, &out, NULL), 0);
    blueprint_encode(&out, &again);
    cr_assert(bytes_equal(buf_view(&raw), buf_view(&again)));
    memset(raw.data, 0, raw.len); /* what was decoded must not point there */
    b = blueprint_digest(&out);
    cr_assert(digest_equal(&a, &b));
    cr_assert_eq(out.has_facility_bounds, bp.has_facility_bounds);
    buf_fini(&raw);
    buf_fini(&again);
}

Test(blueprint, what_was_encoded_is_decoded_again)
{
    check_round_trip();
    bp.has_facility_bounds = false;
    bp.required_count = 0;
    bp.enemies_count = 0;
    cells[1].audience = bytes_of_text("领导干部");
    check_round_trip();
}

Test(blueprint, other_bytes_are_refused_or_read_as_what_they_say)
{
    struct blueprint out;
    struct buf raw = {0};

    blueprint_encode(&bp, &raw);
    for (size_t len = 0; len < raw.len; len++)
        cr_assert_eq(blueprint_decode(bytes_of(raw.data, len), &arena, &out, NULL), ERR_CORRUPT,
                     "first %zu bytes", len);
    for (size_t bit = 0; bit < raw.len * 8; bit++) {
        struct buf again = {0};
        int rc;

        raw.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        rc = blueprint_decode(buf_view(&raw), &arena, &out, NULL);
        if (rc == 0) {
            blueprint_encode(&out, &again);
            cr_assert(bytes_equal(buf_view(&raw), buf_view(&again)), "bit %zu", bit);
        } else {
            cr_assert_eq(rc, ERR_CORRUPT, "bit %zu", bit);
        }
        raw.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        buf_fini(&again);
    }
    buf_append_byte(&raw, 0);
    cr_assert_eq(blueprint_decode(buf_view(&raw), &arena, &out, NULL), ERR_CORRUPT);
    buf_fini(&raw);
}

Test(blueprint, a_form_that_would_be_refused_is_corrupt_when_read)
{
    static void (*const spoils[])(void) = {no_cells,     bad_difficulty, no_count,
                                           no_points,    too_many_items, required_twice,
                                           enemy_itself, bounds_reversed};
    for (size_t i = 0; i < sizeof(spoils) / sizeof(spoils[0]); i++) {
        struct blueprint out;
        struct buf raw = {0};
        struct err err = {0};

        blueprint_fini();
        blueprint_init();
        spoils[i]();
        blueprint_encode(&bp, &raw);
        cr_assert_eq(blueprint_decode(buf_view(&raw), &arena, &out, &err), ERR_CORRUPT, "%zu", i);
        cr_assert_eq(err.code, ERR_CORRUPT, "%zu", i);
        buf_fini(&raw);
    }
}
