/* Arena: blocks in a list, newest first; each twice the last up to a maximum. One owner. */
#include "question-bank/base/arena.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

enum { ARENA_BLOCK_BYTES_MIN = 4096, ARENA_BLOCK_BYTES_MAX = 1 << 20, ARENA_ALIGN = 16 };

struct arena_block {
    struct arena_block *next;
    size_t size; /* of data */
    size_t used;
    _Alignas(ARENA_ALIGN) uint8_t data[];
};

void arena_init(struct arena *a, size_t limit_bytes)
{
    memset(a, 0, sizeof(*a));
    a->limit_bytes = limit_bytes;
}

static void blocks_free(struct arena_block *block)
{
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_fini(struct arena *a)
{
    blocks_free(a->head);
    a->head = NULL;
    a->used_bytes = 0;
}

void arena_reset(struct arena *a)
{
    if (a->head != NULL) {
        blocks_free(a->head->next);
        a->head->next = NULL;
        a->head->used = 0;
    }
    a->used_bytes = 0;
}

static struct arena_block *block_add(struct arena *a, size_t need)
{
    size_t size = a->head != NULL ? a->head->size * 2 : ARENA_BLOCK_BYTES_MIN;
    struct arena_block *block;

    if (size > ARENA_BLOCK_BYTES_MAX)
        size = ARENA_BLOCK_BYTES_MAX;
    if (size < need)
        size = need;
    block = malloc(sizeof(*block) + size);
    if (block == NULL)
        return NULL;
    block->next = a->head;
    block->size = size;
    block->used = 0;
    a->head = block;
    return block;
}

void *arena_alloc(struct arena *a, size_t size)
{
    struct arena_block *block = a->head;
    size_t need;
    void *p;

    if (size > PTRDIFF_MAX - sizeof(struct arena_block) - ARENA_ALIGN)
        return NULL; /* so that neither rounding nor the block's head can wrap */
    need = (size + ARENA_ALIGN - 1) & ~(size_t)(ARENA_ALIGN - 1);
    if (need == 0)
        need = ARENA_ALIGN;
    if (a->limit_bytes != 0 && (need > a->limit_bytes || a->used_bytes > a->limit_bytes - need))
        return NULL;
    if (block == NULL || block->size - block->used < need) {
        block = block_add(a, need);
        if (block == NULL)
            return NULL;
    }
    p = block->data + block->used;
    block->used += need;
    a->used_bytes += need;
    memset(p, 0, need);
    return p;
}

void *arena_array(struct arena *a, size_t count, size_t size)
{
    if (size != 0 && count > SIZE_MAX / size)
        return NULL;
    return arena_alloc(a, count * size);
}

char *arena_text(struct arena *a, const char *data, size_t len)
{
    char *copy = len == SIZE_MAX ? NULL : arena_alloc(a, len + 1);

    if (copy != NULL && len > 0)
        memcpy(copy, data, len);
    return copy;
}

struct bytes arena_bytes(struct arena *a, struct bytes src)
{
    const char *copy = arena_text(a, (const char *)src.data, src.len);

    return bytes_of(copy, copy != NULL ? src.len : 0);
}
