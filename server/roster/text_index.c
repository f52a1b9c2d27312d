/* Open addressing with linear probing over FNV-1a, at most half full. Fails only without memory. */
#include "server/roster/text_index.h"

#include "question-bank/base/err.h"

#include <assert.h>
#include <stdlib.h>

enum { CAP_FIRST = 64 };

static uint64_t hash_of(struct bytes text)
{
    uint64_t h = UINT64_C(0xcbf29ce484222325);

    for (size_t i = 0; i < text.len; i++) {
        h = (h ^ text.data[i]) * UINT64_C(0x100000001b3);
    }
    return h ^ h >> 29;
}

/* The slot that holds the text, or the free one where it would go. */
static struct text_index_slot *slot_of(struct text_index_slot *slots, size_t cap, struct bytes text)
{
    size_t at = (size_t)hash_of(text) & (cap - 1);

    while (slots[at].text.data != NULL && !bytes_equal(slots[at].text, text)) {
        at = (at + 1) & (cap - 1);
    }
    return &slots[at];
}

int64_t text_index_find(const struct text_index *index, struct bytes text)
{
    const struct text_index_slot *slot;

    if (index->cap == 0 || text.len == 0) {
        return -1;
    }
    slot = slot_of(index->slots, index->cap, text);
    return slot->text.data == NULL ? -1 : (int64_t)slot->value;
}

static int index_grow(struct text_index *index)
{
    size_t cap = index->cap == 0 ? CAP_FIRST : index->cap * 2;
    struct text_index_slot *slots = calloc(cap, sizeof *slots);

    if (slots == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < index->cap; i++) {
        if (index->slots[i].text.data != NULL) {
            *slot_of(slots, cap, index->slots[i].text) = index->slots[i];
        }
    }
    free(index->slots);
    index->slots = slots;
    index->cap = cap;
    return 0;
}

int text_index_add(struct text_index *index, struct bytes text, uint32_t value)
{
    struct text_index_slot *slot;

    assert(text.len > 0);
    if ((index->count + 1) * 2 > index->cap && index_grow(index) != 0) {
        return ERR_NOMEM;
    }
    slot = slot_of(index->slots, index->cap, text);
    assert(slot->text.data == NULL);
    *slot = (struct text_index_slot){text, value};
    index->count++;
    return 0;
}

void text_index_fini(struct text_index *index)
{
    free(index->slots);
    *index = (struct text_index){0};
}
