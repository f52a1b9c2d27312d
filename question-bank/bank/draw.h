/* The inside of a draw, for draw.c, blueprint_check and the tests; others use paper.h.
 *
 * A plan is immutable: indices into the pool, laid out so that a draw neither compares texts nor
 * looks anything up by id. */
#ifndef MINGFA_BANK_DRAW_H
#define MINGFA_BANK_DRAW_H

#include "question-bank/bank/paper.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One cell of the blueprint. Its places in the paper are first … first + required + need - 1. */
struct draw_cell {
    const uint32_t *candidates; /* pool order; neither withdrawn nor required */
    uint32_t candidates_count;
    const uint32_t *required; /* in the blueprint's order, withdrawn ones left out */
    uint32_t required_count;
    uint32_t need;  /* places left to chance */
    uint32_t first; /* its first place in the paper */
};

struct draw_plan {
    const struct blueprint *bp;
    const struct item_pool *pool;
    struct arena arena; /* holds what is pointed to below */
    struct draw_cell *cells;
    uint32_t places;            /* items in a paper */
    uint32_t points;            /* of a paper, hundredths */
    uint32_t candidates_max;    /* of the largest cell */
    const uint32_t *enemies_at; /* item i's enemies: enemies[enemies_at[i] … enemies_at[i+1]) */
    const uint32_t *enemies;
    size_t words;            /* of a bit set over the pool */
    const uint64_t *blocked; /* enemies of the required items */
};

/* The numbers of one try (draw-format.md §2). Holds the seed: wipe it. */
struct draw_stream {
    struct seed seed;
    uint8_t counters[8]; /* u32be(t) | u32be(i), i the next block */
    uint32_t next_block;
    struct digest block;
    size_t used; /* bytes of block */
};

void draw_stream_init(struct draw_stream *s, const struct seed *seed, uint32_t t);
/* 0 … n-1, n ≥ 1, each equally likely. */
uint32_t draw_uniform(struct draw_stream *s, uint32_t n);
/* Whether r may stand for r mod n: r lies below the last whole multiple of n up to 2^32. n ≥ 1. */
bool draw_number_fair(uint32_t r, uint32_t n);

/* How a draw went, for messages and for the test vectors. */
struct draw_account {
    uint32_t try_standing; /* the t whose paper stands */
    size_t dry_cell;       /* the cell of the latest dry try; undefined if none was dry */
};

/* paper_draw, and how it went (also on ERR_INFEASIBLE). */
int draw_paper(const struct draw_plan *plan, const struct id_set *earlier, const struct seed *seed,
               struct arena *arena, struct paper **out, struct draw_account *account,
               struct err *err);

/* "单选题·宪法·难度1-5": a cell for people. */
enum { DRAW_CELL_LABEL_BYTES = ERR_ARG_BYTES_MAX };
void draw_cell_label(const struct blueprint_cell *cell, char out[DRAW_CELL_LABEL_BYTES]);
/* err_set about cell number `cell` (from 0): {0} its number from 1, {1} its label, {2}, {3} as
 * given. Returns code. */
int draw_cell_refuse(const struct blueprint *bp, size_t cell, int code, const struct msg *msg,
                     const char *a2, const char *a3, struct err *err);

#endif
