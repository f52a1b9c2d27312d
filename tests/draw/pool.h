/* Small pools and blueprints for tests of the draw: items with just what a draw looks at.
 *
 * Ids must be added in ascending order. A test's own mistake aborts. Thread: one. */
#ifndef MINGFA_TESTS_DRAW_POOL_H
#define MINGFA_TESTS_DRAW_POOL_H

#include "question-bank/bank/blueprint.h"

enum { TEST_POOL_ITEMS_MAX = 512 };

/* Owns its items' texts. `pool` is what a draw takes. */
struct test_pool {
    struct arena arena;
    struct item *items;
    struct item_pool pool;
};

void test_pool_init(struct test_pool *p);
void test_pool_fini(struct test_pool *p);
/* A new item of that type and area, 4 options if it has any, level 1, facility by difficulty;
 * borrowed, to be changed at will. */
struct item *test_pool_add(struct test_pool *p, const char *id, enum item_type type,
                           const char *area, uint8_t difficulty);
/* `count` items PREFIX-000, PREFIX-001, …; difficulties 1…5 in turn. */
void test_pool_add_many(struct test_pool *p, const char *prefix, enum item_type type,
                        const char *area, int count);
/* The item named id, which must exist. */
struct item *test_pool_get(struct test_pool *p, const char *id);
/* Adds other (a literal) to the enemies of it. */
void test_item_enemy(struct item *it, const char *other);

/* A cell that takes any difficulty, level and audience. area NULL: any. */
struct blueprint_cell test_cell(enum item_type type, const char *area, uint32_t count,
                                uint32_t points);

/* Chance that is the same everywhere: SplitMix64. */
struct test_chance {
    uint64_t state;
};
uint64_t test_chance_next(struct test_chance *c);
/* 0 … n-1; n is small against 2^64. */
uint32_t test_chance_below(struct test_chance *c, uint32_t n);

#endif
