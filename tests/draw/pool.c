/* Small pools for tests. See pool.h. */
#include "tests/draw/pool.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void must(bool good)
{
    if (!good)
        abort();
}

void test_pool_init(struct test_pool *p)
{
    memset(p, 0, sizeof(*p));
    arena_init(&p->arena, 0);
    p->items = arena_array(&p->arena, TEST_POOL_ITEMS_MAX, sizeof(*p->items));
    must(p->items != NULL);
    p->pool.items = p->items;
}

void test_pool_fini(struct test_pool *p)
{
    arena_fini(&p->arena);
}

struct item *test_pool_add(struct test_pool *p, const char *id, enum item_type type,
                           const char *area, uint8_t difficulty)
{
    struct item *it = &p->items[p->pool.count];

    must(p->pool.count < TEST_POOL_ITEMS_MAX);
    it->id = arena_bytes(&p->arena, bytes_of_text(id));
    it->area = arena_bytes(&p->arena, bytes_of_text(area));
    must(it->id.data != NULL && it->area.data != NULL);
    must(p->pool.count == 0 || bytes_compare(it[-1].id, it->id) < 0);
    it->revision = 1;
    it->type = type;
    it->difficulty = difficulty;
    it->level = 1;
    it->facility = item_default_facility(difficulty);
    it->options_count = type == ITEM_SINGLE || type == ITEM_MULTIPLE ? 4 : 0;
    p->pool.count++;
    return it;
}

void test_pool_add_many(struct test_pool *p, const char *prefix, enum item_type type,
                        const char *area, int count)
{
    for (int i = 0; i < count; i++) {
        char id[ITEM_ID_BYTES_MAX + 1];

        snprintf(id, sizeof(id), "%s-%03d", prefix, i);
        test_pool_add(p, id, type, area, (uint8_t)(i % 5 + 1));
    }
}

struct item *test_pool_get(struct test_pool *p, const char *id)
{
    int64_t at = item_pool_find(&p->pool, bytes_of_text(id));

    must(at >= 0);
    return &p->items[at];
}

void test_item_enemy(struct item *it, const char *other)
{
    must(it->enemies_count < ITEM_ENEMIES_MAX);
    it->enemies[it->enemies_count++] = bytes_of_text(other);
}

struct blueprint_cell test_cell(enum item_type type, const char *area, uint32_t count,
                                uint32_t points)
{
    return (struct blueprint_cell){.type = type,
                                   .area = bytes_of_text(area),
                                   .difficulty_min = 1,
                                   .difficulty_max = 5,
                                   .count = count,
                                   .points = points};
}

uint64_t test_chance_next(struct test_chance *c)
{
    uint64_t z;

    c->state += UINT64_C(0x9E3779B97F4A7C15);
    z = c->state;
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

uint32_t test_chance_below(struct test_chance *c, uint32_t n)
{
    return (uint32_t)(test_chance_next(c) % n);
}
