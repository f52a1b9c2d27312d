/* Arenas and queues: the two shapes in which memory belongs to somebody. */
#include "question-bank/base/arena.h"
#include "question-bank/base/list.h"

#include <criterion/criterion.h>
#include <stdint.h>
#include <string.h>

Test(arena, memory_is_zeroed_and_aligned_also_after_a_reset)
{
    struct arena a;

    arena_init(&a, 0);
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < 400; i++) {
            uint8_t *p = arena_alloc(&a, i);

            cr_assert_not_null(p);
            cr_assert_eq((uintptr_t)p % 16, 0);
            for (size_t k = 0; k < i; k++)
                cr_assert_eq(p[k], 0);
            if (i > 0)
                memset(p, 0xFF, i);
        }
        arena_reset(&a);
        cr_assert_eq(a.used_bytes, 0);
    }
    arena_fini(&a);
}

Test(arena, things_in_it_do_not_overlap)
{
    struct arena a;
    uint32_t *things[300];

    arena_init(&a, 0);
    for (uint32_t i = 0; i < 300; i++) {
        things[i] = arena_array(&a, 1 + i % 37, sizeof(uint32_t));
        for (uint32_t k = 0; k < 1 + i % 37; k++)
            things[i][k] = i;
    }
    for (uint32_t i = 0; i < 300; i++)
        for (uint32_t k = 0; k < 1 + i % 37; k++)
            cr_assert_eq(things[i][k], i);
    arena_fini(&a);
}

Test(arena, nothing_is_given_past_the_limit)
{
    struct arena a;
    size_t given = 0;

    arena_init(&a, 1000);
    cr_assert_null(arena_alloc(&a, 1001));
    while (arena_alloc(&a, 16) != NULL)
        given++;
    cr_assert_eq(given, 1000 / 16);
    cr_assert_null(arena_text(&a, "0123456789", 10));
    cr_assert_null(arena_bytes(&a, bytes_of_text("0123456789")).data);
    cr_assert_eq(arena_bytes(&a, bytes_of_text("0123456789")).len, 0);
    arena_reset(&a);
    cr_assert_not_null(arena_alloc(&a, 990));
    arena_fini(&a);
}

Test(arena, sizes_that_would_wrap_are_refused)
{
    static const size_t sizes[] = {SIZE_MAX,      SIZE_MAX - 1,    SIZE_MAX - 15, SIZE_MAX - 16,
                                   SIZE_MAX - 31, SIZE_MAX - 32,   SIZE_MAX - 33, SIZE_MAX - 48,
                                   SIZE_MAX / 2,  SIZE_MAX / 2 + 1};
    struct arena a;

    arena_init(&a, 0);
    for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++)
        cr_assert_null(arena_alloc(&a, sizes[i]), "%zu", sizes[i]);
    cr_assert_null(arena_array(&a, SIZE_MAX / 2, 4));
    cr_assert_null(arena_array(&a, 4, SIZE_MAX / 2));
    cr_assert_not_null(arena_array(&a, SIZE_MAX, 0));
    arena_fini(&a);
}

Test(arena, copies_end_with_a_nul_and_are_exact)
{
    struct arena a;
    struct bytes copy;

    arena_init(&a, 0);
    cr_assert_str_eq(arena_text(&a, "宪法x", 6), "宪法");
    cr_assert_str_eq(arena_text(&a, NULL, 0), "");
    copy = arena_bytes(&a, bytes_of("a\0b", 3));
    cr_assert(bytes_equal(copy, bytes_of("a\0b", 3)));
    cr_assert_not_null(arena_bytes(&a, bytes_of(NULL, 0)).data);
    arena_fini(&a);
}

Test(arena, a_thing_larger_than_a_block_has_room)
{
    struct arena a;
    uint8_t *p;

    arena_init(&a, 0);
    cr_assert_not_null(arena_alloc(&a, 8));
    p = arena_alloc(&a, 5 << 20);
    cr_assert_not_null(p);
    p[(5 << 20) - 1] = 1;
    cr_assert_not_null(arena_alloc(&a, 8));
    arena_fini(&a);
}

struct thing {
    int n;
    struct list_node node;
};

Test(list, things_leave_in_the_order_they_came)
{
    struct thing t[5];
    struct list a = {0};
    struct list b = {0};

    cr_assert_null(list_pop(&a));
    for (int i = 0; i < 5; i++) {
        t[i].n = i;
        list_push(i < 3 ? &a : &b, &t[i].node);
    }
    list_concat(&a, &b);
    cr_assert(list_is_empty(&b));
    cr_assert_eq(b.count, 0);
    cr_assert_eq(a.count, 5);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(list_entry(list_pop(&a), struct thing, node)->n, i);
    cr_assert_null(list_pop(&a));
    cr_assert_eq(a.count, 0);
}

Test(list, empty_queues_join_without_a_trace)
{
    struct thing t = {.n = 1};
    struct list a = {0};
    struct list b = {0};

    list_concat(&a, &b);
    cr_assert(list_is_empty(&a));
    list_push(&b, &t.node);
    list_concat(&a, &b);
    cr_assert_eq(a.count, 1);
    list_concat(&a, &b);
    cr_assert_eq(a.count, 1);
    cr_assert_eq(list_pop(&a), &t.node);
    list_push(&b, &t.node); /* both are usable again */
    cr_assert_eq(list_pop(&b), &t.node);
}
