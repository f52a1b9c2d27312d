/* Blueprint: what a paper is made of (docs/bank-format.md §7). Pure. */
#ifndef MINGFA_BANK_BLUEPRINT_H
#define MINGFA_BANK_BLUEPRINT_H

#include "question-bank/bank/item.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    BLUEPRINT_CELLS_MAX = 256,
    BLUEPRINT_ITEMS_MAX = 1000,
    BLUEPRINT_REQUIRED_MAX = 200,
    BLUEPRINT_ENEMIES_MAX = 4096,
    BLUEPRINT_NAME_BYTES_MAX = 240,
    BLUEPRINT_TEXT_BYTES_MAX = 96, /* area, audience */
    BLUEPRINT_POINTS_MAX = 100000, /* per item, hundredths */
    BLUEPRINT_TRIALS = 64,         /* trial draws of blueprint_check */
};

struct blueprint_cell {
    enum item_type type;
    struct bytes area; /* empty: any */
    uint8_t difficulty_min, difficulty_max;
    uint8_t level;         /* 0: any */
    struct bytes audience; /* empty: any */
    uint32_t count;
    uint32_t points; /* per item, hundredths */
};

struct enemy_pair {
    struct bytes a, b;
};

/* Arrays are borrowed (from an arena). */
struct blueprint {
    struct bytes name;
    const struct blueprint_cell *cells;
    size_t cells_count;
    const struct bytes *required;
    size_t required_count;
    const struct enemy_pair *enemies;
    size_t enemies_count;
    bool has_facility_bounds;
    uint16_t facility_min, facility_max; /* 1/10,000 */
};

/* Sorted ids, borrowed (withdrawals; earlier papers). Zeroed is the empty set. */
struct id_set {
    const struct bytes *ids;
    size_t count;
};

bool id_set_has(const struct id_set *set, struct bytes id);
bool blueprint_cell_matches(const struct blueprint_cell *cell, const struct item *it);
/* Items a paper holds, and their points in hundredths. */
uint32_t blueprint_item_count(const struct blueprint *bp);
uint32_t blueprint_points(const struct blueprint *bp);

/* The rules a blueprint keeps whatever the pool: limits, the form of ids and texts, bounds in order.
 * ERR_BAD_INPUT naming the cell or the field. */
int blueprint_form_check(const struct blueprint *bp, struct err *err);

/* Refuses, naming the cell: limits, overlapping cells, too few items (after withdrawals), a
 * required item that matches no cell or is unknown, facility bounds out of reach; and, by 64 trial
 * draws with fixed seeds, enemies that keep cells dry and bounds that every trial misses.
 * Also required items or enemy pairs that contradict themselves. withdrawals may be NULL.
 * ERR_INFEASIBLE or ERR_BAD_INPUT; ERR_NOMEM. */
int blueprint_check(const struct blueprint *bp, const struct item_pool *pool,
                    const struct id_set *withdrawals, struct err *err);

/* Canonical CBOR, appended (texts must be NFC: blueprint_form_check); and its digest, which aborts
 * without memory as digest.h does. */
void blueprint_encode(const struct blueprint *bp, struct buf *out);
/* Decodes into arena memory (texts copied). ERR_CORRUPT. */
int blueprint_decode(struct bytes raw, struct arena *arena, struct blueprint *out, struct err *err);
struct digest blueprint_digest(const struct blueprint *bp);
/* Digest of an id set (withdrawals or earlier papers); aborts without memory. */
struct digest id_set_digest(const struct id_set *set);

#endif
