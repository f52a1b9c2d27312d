/* Arena: memory that is freed all at once.
 *
 * What belongs together (one request, one paper, one parsed bank) is allocated from one arena and
 * dies with it. Memory is aligned for any type and zeroed. A limit bounds what a hostile input can
 * make us allocate: past it every allocation returns NULL. Thread: one owner at a time. */
#ifndef MINGFA_BASE_ARENA_H
#define MINGFA_BASE_ARENA_H

#include "question-bank/base/bytes.h"

#include <stddef.h>

struct arena_block;

/* Embedded by value. */
struct arena {
    struct arena_block *head;
    size_t used_bytes;  /* handed out so far */
    size_t limit_bytes; /* 0: no limit */
};

void arena_init(struct arena *a, size_t limit_bytes);
void arena_fini(struct arena *a);
/* Frees all allocations but keeps the newest block for reuse. */
void arena_reset(struct arena *a);
/* Zeroed memory, or NULL (no memory, or past the limit). size 0 gives a valid pointer. */
void *arena_alloc(struct arena *a, size_t size);
/* count * size with overflow check. */
void *arena_array(struct arena *a, size_t count, size_t size);
/* Copies; a NUL follows the copy (not counted). NULL on failure. */
char *arena_text(struct arena *a, const char *data, size_t len);
struct bytes arena_bytes(struct arena *a, struct bytes src); /* data NULL on failure */

#endif
