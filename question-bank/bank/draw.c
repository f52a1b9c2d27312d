/* draw-v1 (docs/draw-format.md): from a seed to a paper.
 *
 * A plan is made once: per cell the indices of its candidates in pool order, enemies as index lists.
 * A draw then runs tries over one scratch block: copy a cell's candidates, a partial Fisher–Yates by
 * the seed's SHA-256 stream, bit sets for "enemy of a drawn item" and "in an earlier paper". The
 * first try that is neither dry nor off its facility bound is the paper. A try is repeated rather
 * than kept when an older one must stand, which is rare.
 *
 * Refusals come from the plan (a blueprint without meaning over the pool); a draw fails only when
 * the pool is too small for a cell, or without memory. Pure; any thread. */
#include "question-bank/bank/draw.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct msg msg_cells_overlap = {
    "blueprint-cells-overlap",
    "组卷方案第 {0} 项（{1}）与第 {2} 项重叠：试题 {3} 同时符合两项",
    "blueprint cell {0} ({1}) overlaps cell {2}: item {3} matches both",
};
static const struct msg msg_required_unknown = {
    "blueprint-required-unknown",
    "必选试题 {0} 不在题库中",
    "required item {0} is not in the bank",
};
static const struct msg msg_required_no_cell = {
    "blueprint-required-no-cell",
    "必选试题 {0} 不符合组卷方案的任何一项",
    "required item {0} matches no cell of the blueprint",
};
static const struct msg msg_required_full = {
    "blueprint-required-too-many",
    "组卷方案第 {0} 项（{1}）只抽 {2} 题，必选试题已超过此数",
    "blueprint cell {0} ({1}) has {2} places, fewer than its required items",
};
static const struct msg msg_cell_dry = {
    "draw-cell-dry",
    "组卷方案第 {0} 项（{1}）应抽 {2} 题，题库中可用的只有 {3} 题，不能组卷",
    "no paper: blueprint cell {0} ({1}) needs {2} items, the bank has {3}",
};

enum { NO_CELL = UINT16_MAX };

/* ---- messages about a cell ---- */

void draw_cell_label(const struct blueprint_cell *cell, char out[DRAW_CELL_LABEL_BYTES])
{
    static const char *const types[] = {"?", "单选题", "多选题", "判断题", "填空题"};
    size_t type = cell->type >= ITEM_SINGLE && cell->type <= ITEM_FILL_IN ? (size_t)cell->type : 0;
    int area_len = cell->area.len < BLUEPRINT_TEXT_BYTES_MAX ? (int)cell->area.len
                                                             : (int)BLUEPRINT_TEXT_BYTES_MAX;

    snprintf(out, DRAW_CELL_LABEL_BYTES, "%s·%.*s·难度%u-%u", types[type],
             area_len > 0 ? area_len : 1, area_len > 0 ? (const char *)cell->area.data : "*",
             cell->difficulty_min, cell->difficulty_max);
}

int draw_cell_refuse(const struct blueprint *bp, size_t cell, int code, const struct msg *msg,
                     const char *a2, const char *a3, struct err *err)
{
    char label[DRAW_CELL_LABEL_BYTES];
    char number[24];

    draw_cell_label(&bp->cells[cell], label);
    return err_set(err, code, msg, err_int(number, (int64_t)cell + 1), label, a2, a3);
}

static int id_refuse(struct bytes id, const struct msg *msg, struct err *err)
{
    char text[ITEM_ID_BYTES_MAX + 1];

    snprintf(text, sizeof(text), "%.*s", (int)id.len, (const char *)id.data);
    return err_set(err, ERR_BAD_INPUT, msg, text, NULL, NULL, NULL);
}

/* ---- bit sets over the pool ---- */

static void bit_set(uint64_t *words, uint32_t i)
{
    words[i / 64] |= UINT64_C(1) << (i % 64);
}

static bool bit_has(const uint64_t *words, uint32_t i)
{
    return (words[i / 64] >> (i % 64) & 1) != 0;
}

static void bits_of_ids(uint64_t *words, const struct item_pool *pool, const struct id_set *set)
{
    for (size_t i = 0; set != NULL && i < set->count; i++) {
        int64_t at = item_pool_find(pool, set->ids[i]);

        if (at >= 0)
            bit_set(words, (uint32_t)at);
    }
}

/* ---- the plan ---- */

/* What is only needed while a plan is made. */
struct plan_work {
    uint16_t *cell_of;   /* by item; NO_CELL */
    uint64_t *withdrawn; /* bits */
    uint64_t *required;  /* bits, of those not withdrawn */
    uint64_t *pairs;     /* enemies both ways: from << 32 | to */
    size_t pairs_count;
};

/* The only cell of every item. */
static int plan_cells_of_items(const struct draw_plan *plan, struct plan_work *w, struct err *err)
{
    const struct blueprint *bp = plan->bp;

    for (size_t i = 0; i < plan->pool->count; i++) {
        const struct item *it = &plan->pool->items[i];

        w->cell_of[i] = NO_CELL;
        for (size_t c = 0; c < bp->cells_count; c++) {
            char other[24];
            char id[ITEM_ID_BYTES_MAX + 1];

            if (!blueprint_cell_matches(&bp->cells[c], it))
                continue;
            if (w->cell_of[i] == NO_CELL) {
                w->cell_of[i] = (uint16_t)c;
                continue;
            }
            snprintf(id, sizeof(id), "%.*s", (int)it->id.len, (const char *)it->id.data);
            return draw_cell_refuse(bp, w->cell_of[i], ERR_BAD_INPUT, &msg_cells_overlap,
                                    err_int(other, (int64_t)c + 1), id, err);
        }
    }
    return 0;
}

/* Required items to their cells, each in the first free place. */
static int plan_required(struct draw_plan *plan, struct plan_work *w, struct err *err)
{
    const struct blueprint *bp = plan->bp;
    uint32_t *slots = arena_array(&plan->arena, plan->places, sizeof(*slots));

    if (slots == NULL)
        return ERR_NOMEM;
    for (size_t c = 0; c < bp->cells_count; c++)
        plan->cells[c].required = slots + plan->cells[c].first;
    for (size_t i = 0; i < bp->required_count; i++) {
        int64_t at = item_pool_find(plan->pool, bp->required[i]);
        struct draw_cell *cell;
        char count[24];

        if (at < 0)
            return id_refuse(bp->required[i], &msg_required_unknown, err);
        if (w->cell_of[at] == NO_CELL)
            return id_refuse(bp->required[i], &msg_required_no_cell, err);
        if (bit_has(w->withdrawn, (uint32_t)at))
            continue;
        cell = &plan->cells[w->cell_of[at]];
        if (cell->need == 0)
            return draw_cell_refuse(bp, w->cell_of[at], ERR_BAD_INPUT, &msg_required_full,
                                    err_int(count, bp->cells[w->cell_of[at]].count), NULL, err);
        slots[cell->first + cell->required_count++] = (uint32_t)at;
        cell->need--;
        bit_set(w->required, (uint32_t)at);
    }
    return 0;
}

static bool is_candidate(const struct plan_work *w, uint32_t i)
{
    return w->cell_of[i] != NO_CELL && !bit_has(w->withdrawn, i) && !bit_has(w->required, i);
}

static int plan_candidates(struct draw_plan *plan, const struct plan_work *w)
{
    uint32_t n = (uint32_t)plan->pool->count;
    uint32_t *all = arena_array(&plan->arena, n, sizeof(*all));
    uint32_t *next = all;

    if (all == NULL)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < n; i++) {
        if (is_candidate(w, i))
            plan->cells[w->cell_of[i]].candidates_count++;
    }
    for (size_t c = 0; c < plan->bp->cells_count; c++) {
        struct draw_cell *cell = &plan->cells[c];

        cell->candidates = next;
        next += cell->candidates_count;
        if (cell->candidates_count > plan->candidates_max)
            plan->candidates_max = cell->candidates_count;
        cell->candidates_count = 0;
    }
    for (uint32_t i = 0; i < n; i++) {
        if (is_candidate(w, i)) {
            struct draw_cell *cell = &plan->cells[w->cell_of[i]];

            all[(cell->candidates - all) + cell->candidates_count++] = i;
        }
    }
    return 0;
}

static void pair_add(struct plan_work *w, int64_t a, int64_t b)
{
    if (a < 0 || b < 0 || a == b)
        return;
    w->pairs[w->pairs_count++] = (uint64_t)a << 32 | (uint64_t)b;
    w->pairs[w->pairs_count++] = (uint64_t)b << 32 | (uint64_t)a;
}

static int pair_compare(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

/* Every pair of enemies both ways, sorted, without repeats. Enemies outside the pool do not count. */
static int plan_pairs(const struct draw_plan *plan, struct plan_work *w)
{
    size_t most = plan->bp->enemies_count;
    size_t kept = 0;

    for (size_t i = 0; i < plan->pool->count; i++)
        most += plan->pool->items[i].enemies_count;
    w->pairs = malloc((2 * most + 1) * sizeof(*w->pairs));
    if (w->pairs == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < plan->pool->count; i++) {
        const struct item *it = &plan->pool->items[i];

        for (size_t e = 0; e < it->enemies_count; e++)
            pair_add(w, (int64_t)i, item_pool_find(plan->pool, it->enemies[e]));
    }
    for (size_t i = 0; i < plan->bp->enemies_count; i++)
        pair_add(w, item_pool_find(plan->pool, plan->bp->enemies[i].a),
                 item_pool_find(plan->pool, plan->bp->enemies[i].b));
    qsort(w->pairs, w->pairs_count, sizeof(*w->pairs), pair_compare);
    for (size_t i = 0; i < w->pairs_count; i++) {
        if (kept == 0 || w->pairs[kept - 1] != w->pairs[i])
            w->pairs[kept++] = w->pairs[i];
    }
    w->pairs_count = kept;
    return 0;
}

static int plan_enemies(struct draw_plan *plan, struct plan_work *w)
{
    size_t n = plan->pool->count;
    uint32_t *at = arena_array(&plan->arena, n + 1, sizeof(*at));
    uint64_t *blocked = arena_array(&plan->arena, plan->words, sizeof(*blocked));
    uint32_t *enemies;
    int rc = plan_pairs(plan, w);

    if (rc != 0)
        return rc;
    enemies = arena_array(&plan->arena, w->pairs_count, sizeof(*enemies));
    if (at == NULL || blocked == NULL || enemies == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < w->pairs_count; i++) {
        uint32_t from = (uint32_t)(w->pairs[i] >> 32);
        uint32_t to = (uint32_t)w->pairs[i];

        at[from + 1]++;
        enemies[i] = to;
        if (bit_has(w->required, from))
            bit_set(blocked, to);
    }
    for (size_t i = 0; i < n; i++)
        at[i + 1] += at[i];
    plan->enemies_at = at;
    plan->enemies = enemies;
    plan->blocked = blocked;
    return 0;
}

static int plan_fill(struct draw_plan *plan, const struct id_set *withdrawals, struct plan_work *w,
                     struct err *err)
{
    const struct blueprint *bp = plan->bp;
    int rc;

    plan->cells = arena_array(&plan->arena, bp->cells_count, sizeof(*plan->cells));
    w->cell_of = malloc((plan->pool->count + 1) * sizeof(*w->cell_of));
    w->withdrawn = calloc(plan->words, sizeof(*w->withdrawn));
    w->required = calloc(plan->words, sizeof(*w->required));
    if (plan->cells == NULL || w->cell_of == NULL || w->withdrawn == NULL || w->required == NULL)
        return ERR_NOMEM;
    for (size_t c = 0; c < bp->cells_count; c++) {
        plan->cells[c].first = plan->places;
        plan->cells[c].need = bp->cells[c].count;
        plan->places += bp->cells[c].count;
    }
    plan->points = blueprint_points(bp);
    bits_of_ids(w->withdrawn, plan->pool, withdrawals);
    rc = plan_cells_of_items(plan, w, err);
    if (rc == 0)
        rc = plan_required(plan, w, err);
    if (rc == 0)
        rc = plan_candidates(plan, w);
    if (rc == 0)
        rc = plan_enemies(plan, w);
    return rc;
}

int draw_plan_new(const struct blueprint *bp, const struct item_pool *pool,
                  const struct id_set *withdrawals, struct draw_plan **out, struct err *err)
{
    struct plan_work work = {0};
    struct draw_plan *plan;
    int rc = blueprint_form_check(bp, err);

    if (rc != 0)
        return rc;
    assert(pool->count < UINT32_MAX);
    plan = calloc(1, sizeof(*plan));
    if (plan == NULL)
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    arena_init(&plan->arena, 0);
    plan->bp = bp;
    plan->pool = pool;
    plan->words = pool->count / 64 + 1;
    rc = plan_fill(plan, withdrawals, &work, err);
    free(work.cell_of);
    free(work.withdrawn);
    free(work.required);
    free(work.pairs);
    if (rc == ERR_NOMEM)
        err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    if (rc != 0) {
        draw_plan_free(plan);
        return rc;
    }
    *out = plan;
    return 0;
}

void draw_plan_free(struct draw_plan *plan)
{
    if (plan == NULL)
        return;
    arena_fini(&plan->arena);
    free(plan);
}

/* ---- numbers (§2) ---- */

void draw_stream_init(struct draw_stream *s, const struct seed *seed, uint32_t t)
{
    s->seed = *seed;
    u32be_write(s->counters, t);
    s->next_block = 0;
    s->used = DIGEST_BYTES;
}

static uint32_t stream_u32(struct draw_stream *s)
{
    uint32_t r;

    if (s->used == DIGEST_BYTES) {
        struct bytes pieces[2] = {bytes_of(s->seed.b, sizeof(s->seed.b)),
                                  bytes_of(s->counters, sizeof(s->counters))};

        u32be_write(s->counters + 4, s->next_block++);
        s->block = digest_tagged(DIGEST_SHA256, "mingfa/draw/v1", pieces, 2);
        s->used = 0;
    }
    r = u32be_read(s->block.b + s->used);
    s->used += 4;
    return r;
}

bool draw_number_fair(uint32_t r, uint32_t n)
{
    uint32_t excess = (0U - n) % n; /* 2^32 mod n */

    return r <= UINT32_MAX - excess;
}

uint32_t draw_uniform(struct draw_stream *s, uint32_t n)
{
    uint32_t r;

    if (n == 1)
        return 0;
    do
        r = stream_u32(s);
    while (!draw_number_fair(r, n));
    return r % n;
}

/* ---- a try (§3) ---- */

/* One block of memory for all tries of a draw. */
struct scratch {
    uint64_t *blocked; /* enemies of drawn items */
    uint64_t *earlier; /* in earlier papers */
    uint32_t *a;       /* the cell's candidates, in the course of being shuffled */
    uint32_t *places;  /* the paper, as indices into the pool */
};

static int scratch_init(struct scratch *s, const struct draw_plan *plan)
{
    size_t bits = plan->words * sizeof(uint64_t);
    size_t numbers = (size_t)plan->candidates_max + plan->places;

    s->blocked = malloc(2 * bits + numbers * sizeof(uint32_t));
    if (s->blocked == NULL)
        return ERR_NOMEM;
    s->earlier = s->blocked + plan->words;
    s->a = (uint32_t *)(void *)(s->earlier + plan->words);
    s->places = s->a + plan->candidates_max;
    memset(s->earlier, 0, bits);
    return 0;
}

static void item_take(const struct draw_plan *plan, struct scratch *s, uint32_t *place, uint32_t x)
{
    *place = x;
    for (uint32_t e = plan->enemies_at[x]; e < plan->enemies_at[x + 1]; e++)
        bit_set(s->blocked, plan->enemies[e]);
}

/* False: the cell is dry. */
static bool cell_draw(const struct draw_plan *plan, const struct draw_cell *cell, struct scratch *s,
                      struct draw_stream *numbers, bool apart)
{
    uint32_t *place = s->places + cell->first + cell->required_count;
    uint32_t n = cell->candidates_count;
    uint32_t taken = 0;
    uint32_t later = 0;

    if (n > 0)
        memcpy(s->a, cell->candidates, n * sizeof(*s->a));
    for (uint32_t i = 0; i < n && taken < cell->need; i++) {
        uint32_t j = i + draw_uniform(numbers, n - i);
        uint32_t x = s->a[j];

        s->a[j] = s->a[i];
        if (apart && bit_has(s->blocked, x))
            continue;
        if (bit_has(s->earlier, x))
            s->a[later++] = x; /* later <= i: what lies before i is not read again */
        else
            item_take(plan, s, &place[taken++], x);
    }
    for (uint32_t i = 0; i < later && taken < cell->need; i++) {
        if (!apart || !bit_has(s->blocked, s->a[i]))
            item_take(plan, s, &place[taken++], s->a[i]);
    }
    return taken == cell->need;
}

/* Steps 1 and 2. False: a cell is dry, *dry_cell says which. */
static bool try_cells(const struct draw_plan *plan, struct scratch *s, struct draw_stream *numbers,
                      bool apart, size_t *dry_cell)
{
    memcpy(s->blocked, plan->blocked, plan->words * sizeof(*s->blocked));
    for (size_t c = 0; c < plan->bp->cells_count; c++) {
        const struct draw_cell *cell = &plan->cells[c];

        memcpy(s->places + cell->first, cell->required, cell->required_count * sizeof(*s->places));
        if (!cell_draw(plan, cell, s, numbers, apart)) {
            *dry_cell = c;
            return false;
        }
    }
    return true;
}

/* Step 3. */
static bool facility_within(const struct draw_plan *plan, const struct scratch *s)
{
    const struct blueprint *bp = plan->bp;
    uint64_t sum = 0;
    uint32_t place = 0;

    if (!bp->has_facility_bounds)
        return true;
    for (size_t c = 0; c < bp->cells_count; c++) {
        uint64_t of_cell = 0;

        for (uint32_t i = 0; i < bp->cells[c].count; i++)
            of_cell += plan->pool->items[s->places[place++]].facility;
        sum += of_cell * bp->cells[c].points;
    }
    return (uint64_t)bp->facility_min * plan->points <= sum &&
           sum <= (uint64_t)bp->facility_max * plan->points;
}

/* Step 5 for one item. */
static void options_order(struct paper_item *pi, struct draw_stream *numbers)
{
    const struct item *it = pi->item;
    uint32_t k;

    if (it->type != ITEM_SINGLE && it->type != ITEM_MULTIPLE)
        return;
    k = (uint32_t)it->options_count;
    assert(k <= ITEM_OPTIONS_MAX);
    pi->option_count = (uint8_t)k;
    for (uint32_t i = 0; i < k; i++)
        pi->option_order[i] = (uint8_t)i;
    for (uint32_t i = 0; !it->fixed_options && i + 1 < k; i++) {
        uint32_t j = i + draw_uniform(numbers, k - i);
        uint8_t p = pi->option_order[i];

        pi->option_order[i] = pi->option_order[j];
        pi->option_order[j] = p;
    }
}

/* Steps 4 and 5: the paper of the try just made. NULL without memory. */
static struct paper *paper_make(const struct draw_plan *plan, const struct scratch *s,
                                struct draw_stream *numbers, struct arena *arena)
{
    struct paper *paper = arena_alloc(arena, sizeof(*paper));
    struct paper_item *items = arena_array(arena, plan->places, sizeof(*items));
    uint32_t place = 0;

    if (paper == NULL || items == NULL)
        return NULL;
    for (size_t c = 0; c < plan->bp->cells_count; c++) {
        const struct blueprint_cell *cell = &plan->bp->cells[c];

        for (uint32_t i = 0; i < cell->count; i++, place++) {
            items[place].item = &plan->pool->items[s->places[place]];
            items[place].points = cell->points;
            options_order(&items[place], numbers);
        }
    }
    paper->items = items;
    paper->count = plan->places;
    return paper;
}

/* ---- tries (§4) ---- */

/* Makes tries until one stands and leaves its state in *s and *numbers. 0 and *flags, or
 * ERR_INFEASIBLE. */
static int tries_make(const struct draw_plan *plan, struct scratch *s, struct draw_stream *numbers,
                      const struct seed *seed, struct draw_account *account, uint32_t *flags)
{
    uint32_t missed = DRAW_TRIES_MAX; /* the last try that only missed its bound; none yet */
    bool drawn;

    for (uint32_t t = 0; t < DRAW_TRIES_MAX; t++) {
        draw_stream_init(numbers, seed, t);
        if (!try_cells(plan, s, numbers, true, &account->dry_cell))
            continue;
        account->try_standing = t;
        if (facility_within(plan, s)) {
            *flags = 0;
            return 0;
        }
        missed = t;
    }
    account->try_standing = missed;
    draw_stream_init(numbers, seed, missed);
    drawn = try_cells(plan, s, numbers, missed < DRAW_TRIES_MAX, &account->dry_cell);
    *flags = missed < DRAW_TRIES_MAX ? PAPER_FACILITY_MISSED : PAPER_ENEMIES_TOGETHER;
    return drawn ? 0 : ERR_INFEASIBLE;
}

static int dry_refuse(const struct draw_plan *plan, size_t cell, struct err *err)
{
    char need[24];
    char have[24];

    return draw_cell_refuse(
        plan->bp, cell, ERR_INFEASIBLE, &msg_cell_dry, err_int(need, plan->bp->cells[cell].count),
        err_int(have, plan->cells[cell].candidates_count + plan->cells[cell].required_count), err);
}

int draw_paper(const struct draw_plan *plan, const struct id_set *earlier, const struct seed *seed,
               struct arena *arena, struct paper **out, struct draw_account *account,
               struct err *err)
{
    struct draw_stream numbers;
    struct scratch scratch;
    struct paper *paper = NULL;
    uint32_t flags = 0;
    int rc = scratch_init(&scratch, plan);

    if (rc != 0)
        return err_set(err, rc, NULL, NULL, NULL, NULL, NULL);
    bits_of_ids(scratch.earlier, plan->pool, earlier);
    rc = tries_make(plan, &scratch, &numbers, seed, account, &flags);
    if (rc != 0) {
        rc = dry_refuse(plan, account->dry_cell, err);
        goto out;
    }
    paper = paper_make(plan, &scratch, &numbers, arena);
    if (paper == NULL) {
        rc = err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
        goto out;
    }
    paper->flags = flags;
    *out = paper;
out:
    secret_wipe(&numbers, sizeof(numbers));
    free(scratch.blocked);
    return rc;
}

int paper_draw(const struct draw_plan *plan, const struct id_set *earlier, const struct seed *seed,
               struct arena *arena, struct paper **out, struct err *err)
{
    struct draw_account account = {0};

    return draw_paper(plan, earlier, seed, arena, out, &account, err);
}
