/* Paper: one candidate's drawn form; and its draw, draw-v1 (docs/draw-format.md). Pure. */
#ifndef MINGFA_BANK_PAPER_H
#define MINGFA_BANK_PAPER_H

#include "question-bank/bank/blueprint.h"

#include <stddef.h>
#include <stdint.h>

enum { DRAW_TRIES_MAX = 64, DRAW_VERSION = 1, DRAW_NONCE_BYTES = 32 };
enum paper_flags { PAPER_FACILITY_MISSED = 1, PAPER_ENEMIES_TOGETHER = 2 };

struct seed {
    uint8_t b[32];
};

/* One place of a paper. `item` is borrowed from the pool. option_order[shown] = original. */
struct paper_item {
    const struct item *item;
    uint32_t points; /* hundredths */
    uint8_t option_order[ITEM_OPTIONS_MAX];
    uint8_t option_count; /* 0 for true/false and fill-in */
};

struct paper {
    struct paper_item *items;
    size_t count;
    uint32_t flags; /* enum paper_flags */
};

/* What a paper's digest names besides its items. */
struct paper_binding {
    struct digest release, blueprint, rules, withdrawals, earlier;
    uint8_t exam_uuid[16];
    struct digest pseudonym;
    uint32_t attempt;
    uint8_t nonce[DRAW_NONCE_BYTES];
};

struct digest draw_master(const uint8_t officer_share[32], const uint8_t custodian_share[32]);
struct digest draw_master_digest(const struct digest *master);
struct digest draw_share_digest(const uint8_t share[32]);
struct seed draw_paper_seed(const struct digest *master, const uint8_t exam_uuid[16],
                            const struct digest *pseudonym, uint32_t attempt,
                            const uint8_t nonce[DRAW_NONCE_BYTES]);

/* A pool and a blueprint prepared for many draws: candidates per cell, enemies by index. Built
 * once per (release, blueprint, withdrawals); immutable, any thread may draw from it. */
struct draw_plan;
/* pool and bp must outlive the plan; withdrawals (may be NULL: none) are copied in. Refuses, naming
 * the cell, a blueprint that has no meaning over this pool (ERR_BAD_INPUT: limits, overlapping cells,
 * required items); whether the pool suffices is blueprint_check's question. *out: draw_plan_free. */
int draw_plan_new(const struct blueprint *bp, const struct item_pool *pool,
                  const struct id_set *withdrawals, struct draw_plan **out, struct err *err);
void draw_plan_free(struct draw_plan *plan);

/* Draws. The paper lives in arena and borrows items from the pool. Same inputs, same paper. earlier
 * may be NULL: none. ERR_INFEASIBLE, naming the cell, when even the last try is dry; ERR_NOMEM.
 * Thread: any. */
int paper_draw(const struct draw_plan *plan, const struct id_set *earlier, const struct seed *seed,
               struct arena *arena, struct paper **out, struct err *err);

/* draw-format.md §5. Aborts without memory, as digest.h does. */
struct digest paper_digest(const struct paper *paper, const struct paper_binding *binding);

/* The stored form: the array of [id, revision, permutation, points] of draw-format.md §5 with the
 * flags in front: [flags, [...]]. decode looks items up in the pool by id; a revision that differs
 * is ERR_CORRUPT, as is whatever paper_encode would not have written. */
void paper_encode(const struct paper *paper, struct buf *out);
int paper_decode(struct bytes raw, const struct item_pool *pool, struct arena *arena,
                 struct paper **out, struct err *err);

#endif
