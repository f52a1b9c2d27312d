/* The stored form of a paper, and what its digest covers. */
#include "question-bank/bank/paper.h"

#include "question-bank/base/cbor.h"
#include "tests/draw/pool.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static struct test_pool pool;
static struct arena arena;
static struct paper *paper;

static void paper_init(void)
{
    struct blueprint_cell cells[] = {test_cell(ITEM_SINGLE, NULL, 4, 100),
                                     test_cell(ITEM_MULTIPLE, NULL, 2, 250),
                                     test_cell(ITEM_TRUE_FALSE, NULL, 2, 50)};
    struct blueprint bp = {.cells = cells, .cells_count = 3};
    struct seed seed = {{42}};
    struct draw_plan *plan = NULL;

    test_pool_init(&pool);
    arena_init(&arena, 0);
    test_pool_add_many(&pool, "A", ITEM_SINGLE, "宪法", 6);
    test_pool_add_many(&pool, "B", ITEM_MULTIPLE, "宪法", 3);
    test_pool_add_many(&pool, "C", ITEM_TRUE_FALSE, "宪法", 3);
    for (size_t i = 0; i < pool.pool.count; i++)
        pool.items[i].revision = (uint16_t)(1 + i * 200);
    for (size_t i = 6; i < 9; i++)
        pool.items[i].fixed_options = true;
    cr_assert_eq(draw_plan_new(&bp, &pool.pool, NULL, &plan, NULL), 0);
    cr_assert_eq(paper_draw(plan, NULL, &seed, &arena, &paper, NULL), 0);
    draw_plan_free(plan);
}

static void paper_fini(void)
{
    arena_fini(&arena);
    test_pool_fini(&pool);
}

TestSuite(paper, .init = paper_init, .fini = paper_fini);

static int decode(struct bytes raw)
{
    struct paper *out = NULL;
    int rc = paper_decode(raw, &pool.pool, &arena, &out, NULL);

    cr_assert_eq(rc == 0, out != NULL);
    return rc;
}

/* Encodes p (however wrong) and says how it is read. */
static int decode_of(const struct paper *p)
{
    struct buf raw = {0};
    int rc;

    paper_encode(p, &raw);
    rc = decode(buf_view(&raw));
    buf_fini(&raw);
    return rc;
}

Test(paper, what_was_encoded_is_decoded_again)
{
    struct buf raw = {0};
    struct buf again = {0};
    struct paper *out = NULL;

    paper->flags = PAPER_FACILITY_MISSED;
    paper_encode(paper, &raw);
    cr_assert_eq(paper_decode(buf_view(&raw), &pool.pool, &arena, &out, NULL), 0);
    cr_assert_eq(out->flags, PAPER_FACILITY_MISSED);
    cr_assert_eq(out->count, paper->count);
    for (size_t i = 0; i < out->count; i++) {
        cr_assert_eq(out->items[i].item, paper->items[i].item);
        cr_assert_eq(out->items[i].points, paper->items[i].points);
        cr_assert_eq(out->items[i].option_count, paper->items[i].option_count);
        cr_assert_arr_eq(out->items[i].option_order, paper->items[i].option_order,
                         ITEM_OPTIONS_MAX);
    }
    paper_encode(out, &again);
    cr_assert(bytes_equal(buf_view(&raw), buf_view(&again)));
    buf_fini(&raw);
    buf_fini(&again);
}

Test(paper, no_part_of_a_paper_is_a_paper)
{
    struct buf raw = {0};

    paper_encode(paper, &raw);
    for (size_t len = 0; len < raw.len; len++)
        cr_assert_eq(decode(bytes_of(raw.data, len)), ERR_CORRUPT, "first %zu bytes", len);
    buf_append_byte(&raw, 0);
    cr_assert_eq(decode(buf_view(&raw)), ERR_CORRUPT);
    buf_fini(&raw);
}

Test(paper, a_flipped_bit_is_refused_or_read_as_what_it_says)
{
    struct buf raw = {0};

    paper_encode(paper, &raw);
    for (size_t bit = 0; bit < raw.len * 8; bit++) {
        struct buf again = {0};
        struct paper *out = NULL;

        raw.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        if (paper_decode(buf_view(&raw), &pool.pool, &arena, &out, NULL) == 0) {
            paper_encode(out, &again);
            cr_assert(bytes_equal(buf_view(&raw), buf_view(&again)), "bit %zu", bit);
        }
        raw.data[bit / 8] ^= (uint8_t)(1U << bit % 8);
        buf_fini(&again);
    }
    buf_fini(&raw);
}

/* Ways to be wrong; place 0 is single, 4 multiple with fixed options, 6 true/false. */
static void item_twice(void)
{
    paper->items[1] = paper->items[0];
}
static void option_twice(void)
{
    paper->items[0].option_order[1] = paper->items[0].option_order[0];
}
static void option_beyond(void)
{
    paper->items[0].option_order[0] = 4;
}
static void option_missing(void)
{
    memcpy(paper->items[0].option_order, (uint8_t[]){0, 1, 2}, 3);
    paper->items[0].option_count = 3;
}
static void fixed_moved(void)
{
    memcpy(paper->items[4].option_order, (uint8_t[]){1, 0, 2, 3}, 4);
}
static void options_of_true_false(void)
{
    paper->items[6].option_count = 1;
}
static void no_points(void)
{
    paper->items[2].points = 0;
}
static void too_many_points(void)
{
    paper->items[2].points = BLUEPRINT_POINTS_MAX + 1;
}
static void flags_unknown(void)
{
    paper->flags = 3;
}
static void no_items(void)
{
    paper->count = 0;
}
static void item_unknown(void)
{
    struct item *it = arena_alloc(&arena, sizeof(*it));

    *it = *paper->items[0].item;
    it->id = bytes_of_text("A-999");
    paper->items[0].item = it;
}
static void revision_other(void)
{
    struct item *it = arena_alloc(&arena, sizeof(*it));

    *it = *paper->items[0].item;
    it->revision++;
    paper->items[0].item = it;
}

Test(paper, a_paper_that_could_not_have_been_drawn_is_refused)
{
    static void (*const wrongs[])(void) = {
        item_twice,  option_twice,          option_beyond, option_missing,
        fixed_moved, options_of_true_false, no_points,     too_many_points,
        no_items,    flags_unknown,         item_unknown,  revision_other,
    };
    struct paper good = *paper;
    struct paper_item items[8];

    cr_assert_eq(paper->count, 8);
    memcpy(items, paper->items, sizeof(items));
    cr_assert_eq(decode_of(paper), 0);
    for (size_t i = 0; i < sizeof(wrongs) / sizeof(wrongs[0]); i++) {
        wrongs[i]();
        cr_assert_eq(decode_of(paper), ERR_CORRUPT, "wrong %zu", i);
        *paper = good;
        memcpy(paper->items, items, sizeof(items));
    }
    cr_assert_eq(decode_of(paper), 0);
}

Test(paper, the_place_that_disagrees_with_the_bank_is_named)
{
    struct buf raw = {0};
    struct paper *out = NULL;
    struct err err = {0};

    paper->items[5].points = 0;
    paper_encode(paper, &raw);
    cr_assert_eq(paper_decode(buf_view(&raw), &pool.pool, &arena, &out, &err), ERR_CORRUPT);
    cr_assert_str_eq(err.msg->id, "paper-item-corrupt");
    cr_assert_str_eq(err.arg[0].text, "6");
    buf_fini(&raw);
}

Test(paper, more_places_than_a_paper_has_are_refused_before_memory_is_taken)
{
    struct buf raw = {0};

    cbor_write_array(&raw, 2);
    cbor_write_uint(&raw, 0);
    cbor_write_array(&raw, UINT32_MAX);
    cr_assert_eq(decode(buf_view(&raw)), ERR_CORRUPT);
    buf_fini(&raw);
}

Test(paper, the_digest_covers_all_that_it_names)
{
    struct paper_binding binding;
    struct digest seen[64];
    uint8_t *bytes = (uint8_t *)&binding;
    size_t count = 0;
    const struct {
        size_t at;
    } fields[] = {
        {offsetof(struct paper_binding, release)},   {offsetof(struct paper_binding, blueprint)},
        {offsetof(struct paper_binding, rules)},     {offsetof(struct paper_binding, withdrawals)},
        {offsetof(struct paper_binding, earlier)},   {offsetof(struct paper_binding, exam_uuid)},
        {offsetof(struct paper_binding, pseudonym)}, {offsetof(struct paper_binding, attempt)},
        {offsetof(struct paper_binding, nonce)},
    };

    memset(&binding, 0, sizeof(binding));
    seen[count++] = paper_digest(paper, &binding);
    for (size_t i = 0; i < sizeof(fields) / sizeof(fields[0]); i++) {
        bytes[fields[i].at] ^= 1;
        seen[count++] = paper_digest(paper, &binding);
        bytes[fields[i].at] ^= 1;
    }
    paper->flags = PAPER_ENEMIES_TOGETHER;
    seen[count++] = paper_digest(paper, &binding);
    paper->items[3].points++;
    seen[count++] = paper_digest(paper, &binding);
    paper->items[0].option_order[0] ^= 1;
    seen[count++] = paper_digest(paper, &binding);
    for (size_t a = 0; a < count; a++) {
        for (size_t b = 0; b < a; b++)
            cr_assert_not(digest_equal(&seen[a], &seen[b]), "%zu and %zu", a, b);
    }
}

Test(paper, a_seed_depends_on_every_input)
{
    uint8_t officer[32] = {1};
    uint8_t custodian[32] = {2};
    uint8_t exam[16] = {3};
    uint8_t nonce[32] = {4};
    struct digest pseudonym = {{5}};
    struct digest master = draw_master(officer, custodian);
    struct digest swapped = draw_master(custodian, officer);
    struct seed seen[6];
    size_t count = 0;

    cr_assert_not(digest_equal(&master, &swapped));
    seen[count++] = draw_paper_seed(&master, exam, &pseudonym, 1, nonce);
    seen[count++] = draw_paper_seed(&swapped, exam, &pseudonym, 1, nonce);
    seen[count++] = draw_paper_seed(&master, exam, &pseudonym, 2, nonce);
    exam[15] = 1;
    seen[count++] = draw_paper_seed(&master, exam, &pseudonym, 1, nonce);
    nonce[31] = 1;
    seen[count++] = draw_paper_seed(&master, exam, &pseudonym, 1, nonce);
    pseudonym.b[31] = 1;
    seen[count++] = draw_paper_seed(&master, exam, &pseudonym, 1, nonce);
    for (size_t a = 0; a < count; a++) {
        for (size_t b = 0; b < a; b++)
            cr_assert_neq(memcmp(seen[a].b, seen[b].b, sizeof(seen[a].b)), 0, "%zu and %zu", a, b);
    }
}
