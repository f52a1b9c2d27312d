/* From a text to a number: the hash table behind person numbers and unit codes.
 *
 * Keys are borrowed and must outlive the index. Iteration order is nobody's business: there is none.
 * Thread: reading by any number of threads, writing by one. */
#ifndef MINGFA_ROSTER_TEXT_INDEX_H
#define MINGFA_ROSTER_TEXT_INDEX_H

#include "question-bank/base/bytes.h"

#include <stdint.h>

struct text_index_slot {
    struct bytes text; /* data NULL: free */
    uint32_t value;
};

/* Zeroed is empty and valid. */
struct text_index {
    struct text_index_slot *slots;
    size_t cap; /* 0 or a power of two */
    size_t count;
};

/* The value, or -1. */
int64_t text_index_find(const struct text_index *index, struct bytes text);
/* Adds a text that is not there yet (asserted), not empty. 0 or ERR_NOMEM. */
int text_index_add(struct text_index *index, struct bytes text, uint32_t value);
void text_index_fini(struct text_index *index);

#endif
