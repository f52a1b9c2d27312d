/* Blueprints: matching, bytes, and the refusal of what cannot be drawn (docs/bank-format.md §7).
 *
 * blueprint_form_check needs no pool and guards both writing and drawing; blueprint_check goes on
 * with a draw plan: counts per cell, the reach of the facility bounds, and trial draws with fixed
 * seeds for what only enemies can spoil. Pure; any thread. */
#include "question-bank/bank/blueprint.h"

#include "question-bank/bank/draw.h"
#include "question-bank/base/cbor.h"
#include "question-bank/base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { BLUEPRINT_FIELDS = 5, CELL_FIELDS = 8, DIFFICULTY_MAX = 5, LEVEL_MAX = 3 };

static const struct msg msg_form = {
    "blueprint-form",
    "组卷方案的{0}不符合规定",
    "the blueprint's {0} is not acceptable",
};
static const struct msg msg_cell_form = {
    "blueprint-cell-form",
    "组卷方案第 {0} 项（{1}）的{2}不符合规定",
    "blueprint cell {0} ({1}): {2} is not acceptable",
};
static const struct msg msg_too_many = {
    "blueprint-too-many-items",
    "组卷方案到第 {0} 项（{1}）为止已超过每卷 {2} 题的上限",
    "with blueprint cell {0} ({1}) a paper exceeds {2} items",
};
static const struct msg msg_required_repeats = {
    "blueprint-required-repeats",
    "必选试题 {0} 重复",
    "required item {0} is named twice",
};
static const struct msg msg_required_enemies = {
    "blueprint-required-enemies",
    "必选试题 {0} 与 {1} 互斥",
    "required items {0} and {1} are enemies",
};
static const struct msg msg_enemy_unknown = {
    "blueprint-enemy-unknown",
    "互斥试题 {0} 不在题库中",
    "item {0} of an enemy pair is not in the bank",
};
static const struct msg msg_too_few = {
    "blueprint-too-few-items",
    "组卷方案第 {0} 项（{1}）需要 {2} 题，题库中可用的只有 {3} 题",
    "blueprint cell {0} ({1}) needs {2} items, the bank has {3}",
};
static const struct msg msg_kept_dry = {
    "blueprint-enemies-keep-dry",
    "因试题互斥，组卷方案第 {0} 项（{1}）抽不满 {2} 题",
    "enemies keep blueprint cell {0} ({1}) from reaching {2} items",
};
static const struct msg msg_facility = {
    "blueprint-facility-out-of-reach",
    "平均预期得分率要求 {0} 至 {1}（万分之一），题库只能达到 {2} 至 {3}",
    "mean facility is to be {0} to {1} (1/10,000), the bank can reach {2} to {3}",
};
static const struct msg msg_facility_missed = {
    "blueprint-facility-always-missed",
    "平均预期得分率要求 {0} 至 {1}（万分之一）过窄，{2} 次试抽均未达到",
    "mean facility {0} to {1} (1/10,000) is too narrow: all {2} trial draws missed it",
};
static const struct msg msg_encoding = {
    "blueprint-encoding",
    "组卷方案数据已损坏（第 {0} 字节处）",
    "the blueprint's bytes are corrupt (at byte {0})",
};

/* ---- sets of ids ---- */

bool id_set_has(const struct id_set *set, struct bytes id)
{
    size_t low = 0;
    size_t high = set->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = bytes_compare(set->ids[mid], id);

        if (order == 0)
            return true;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return false;
}

static void write_text(struct buf *out, struct bytes text)
{
    cbor_write_text(out, (const char *)text.data, text.len);
}

static void write_ids(struct buf *out, const struct bytes *ids, size_t count)
{
    cbor_write_array(out, count);
    for (size_t i = 0; i < count; i++)
        write_text(out, ids[i]);
}

/* Digest of what was written; frees it. */
static struct digest buf_digest(struct buf *raw)
{
    struct digest d;

    if (buf_error(raw) != 0)
        abort(); /* a digest of half the bytes would be worse */
    d = digest_of_bytes(DIGEST_SHA256, buf_view(raw));
    buf_fini(raw);
    return d;
}

struct digest id_set_digest(const struct id_set *set)
{
    struct buf raw = {0};

    write_ids(&raw, set->ids, set->count);
    return buf_digest(&raw);
}

/* ---- cells ---- */

bool blueprint_cell_matches(const struct blueprint_cell *cell, const struct item *it)
{
    if (it->type != cell->type || it->difficulty < cell->difficulty_min ||
        it->difficulty > cell->difficulty_max || (cell->level != 0 && it->level != cell->level))
        return false;
    if (cell->area.len > 0 && !bytes_equal(it->area, cell->area))
        return false;
    if (cell->audience.len == 0 || it->audiences_count == 0)
        return true;
    for (size_t i = 0; i < it->audiences_count; i++) {
        if (bytes_equal(it->audiences[i], cell->audience))
            return true;
    }
    return false;
}

uint32_t blueprint_item_count(const struct blueprint *bp)
{
    uint32_t count = 0;

    for (size_t c = 0; c < bp->cells_count; c++)
        count += bp->cells[c].count;
    return count;
}

uint32_t blueprint_points(const struct blueprint *bp)
{
    uint32_t points = 0;

    for (size_t c = 0; c < bp->cells_count; c++)
        points += bp->cells[c].count * bp->cells[c].points;
    return points;
}

/* ---- form ---- */

static bool text_good(struct bytes text, size_t max)
{
    return text.len <= max && utf8_valid(text, NULL) && utf8_is_nfc(text);
}

/* The name of the first field that breaks a rule, or NULL. */
static const char *cell_bad_field(const struct blueprint_cell *cell)
{
    if (cell->type < ITEM_SINGLE || cell->type > ITEM_FILL_IN)
        return "题型";
    if (!text_good(cell->area, BLUEPRINT_TEXT_BYTES_MAX))
        return "领域";
    if (cell->difficulty_min < 1 || cell->difficulty_min > cell->difficulty_max ||
        cell->difficulty_max > DIFFICULTY_MAX)
        return "难度";
    if (cell->level > LEVEL_MAX)
        return "层次";
    if (!text_good(cell->audience, BLUEPRINT_TEXT_BYTES_MAX))
        return "适用";
    if (cell->count == 0 || cell->count > BLUEPRINT_ITEMS_MAX)
        return "题数";
    if (cell->points == 0 || cell->points > BLUEPRINT_POINTS_MAX)
        return "分值";
    return NULL;
}

static const char *bad_field(const struct blueprint *bp)
{
    if (!text_good(bp->name, BLUEPRINT_NAME_BYTES_MAX))
        return "名称";
    if (bp->cells_count == 0 || bp->cells_count > BLUEPRINT_CELLS_MAX)
        return "项数";
    if (bp->required_count > BLUEPRINT_REQUIRED_MAX)
        return "必选试题";
    for (size_t i = 0; i < bp->required_count; i++) {
        if (!item_id_valid(bp->required[i]))
            return "必选试题";
    }
    if (bp->enemies_count > BLUEPRINT_ENEMIES_MAX)
        return "互斥试题";
    for (size_t i = 0; i < bp->enemies_count; i++) {
        const struct enemy_pair *pair = &bp->enemies[i];

        if (!item_id_valid(pair->a) || !item_id_valid(pair->b) || bytes_equal(pair->a, pair->b))
            return "互斥试题";
    }
    if (bp->has_facility_bounds &&
        (bp->facility_min > bp->facility_max || bp->facility_max > ITEM_FACILITY_ONE))
        return "平均预期得分率";
    return NULL;
}

static void id_text(char out[ITEM_ID_BYTES_MAX + 1], struct bytes id)
{
    snprintf(out, ITEM_ID_BYTES_MAX + 1, "%.*s", (int)id.len, (const char *)id.data);
}

static int ids_refuse(int code, const struct msg *msg, struct bytes a, struct bytes b,
                      struct err *err)
{
    char first[ITEM_ID_BYTES_MAX + 1];
    char second[ITEM_ID_BYTES_MAX + 1];

    id_text(first, a);
    id_text(second, b);
    return err_set(err, code, msg, first, second, NULL, NULL);
}

int blueprint_form_check(const struct blueprint *bp, struct err *err)
{
    const char *field = bad_field(bp);
    uint32_t items = 0;

    if (field != NULL)
        return err_set(err, ERR_BAD_INPUT, &msg_form, field, NULL, NULL, NULL);
    for (size_t c = 0; c < bp->cells_count; c++) {
        char most[24];

        field = cell_bad_field(&bp->cells[c]);
        if (field != NULL)
            return draw_cell_refuse(bp, c, ERR_BAD_INPUT, &msg_cell_form, field, NULL, err);
        items += bp->cells[c].count;
        if (items > BLUEPRINT_ITEMS_MAX)
            return draw_cell_refuse(bp, c, ERR_BAD_INPUT, &msg_too_many,
                                    err_int(most, BLUEPRINT_ITEMS_MAX), NULL, err);
    }
    for (size_t i = 0; i < bp->required_count; i++) {
        for (size_t k = 0; k < i; k++) {
            if (bytes_equal(bp->required[i], bp->required[k]))
                return ids_refuse(ERR_BAD_INPUT, &msg_required_repeats, bp->required[i],
                                  bp->required[k], err);
        }
    }
    return 0;
}

/* ---- against a pool ---- */

static int check_enemies_known(const struct draw_plan *plan, struct err *err)
{
    for (size_t i = 0; i < plan->bp->enemies_count; i++) {
        const struct enemy_pair *pair = &plan->bp->enemies[i];

        if (item_pool_find(plan->pool, pair->a) < 0)
            return ids_refuse(ERR_BAD_INPUT, &msg_enemy_unknown, pair->a, pair->b, err);
        if (item_pool_find(plan->pool, pair->b) < 0)
            return ids_refuse(ERR_BAD_INPUT, &msg_enemy_unknown, pair->b, pair->a, err);
    }
    return 0;
}

static bool is_required(const struct draw_plan *plan, uint32_t item)
{
    for (size_t c = 0; c < plan->bp->cells_count; c++) {
        for (uint32_t i = 0; i < plan->cells[c].required_count; i++) {
            if (plan->cells[c].required[i] == item)
                return true;
        }
    }
    return false;
}

static int check_required(const struct draw_plan *plan, struct err *err)
{
    const struct item *items = plan->pool->items;

    for (size_t c = 0; c < plan->bp->cells_count; c++) {
        for (uint32_t i = 0; i < plan->cells[c].required_count; i++) {
            uint32_t a = plan->cells[c].required[i];

            for (uint32_t e = plan->enemies_at[a]; e < plan->enemies_at[a + 1]; e++) {
                if (is_required(plan, plan->enemies[e]))
                    return ids_refuse(ERR_BAD_INPUT, &msg_required_enemies, items[a].id,
                                      items[plan->enemies[e]].id, err);
            }
        }
    }
    return 0;
}

static int check_counts(const struct draw_plan *plan, struct err *err)
{
    for (size_t c = 0; c < plan->bp->cells_count; c++) {
        const struct draw_cell *cell = &plan->cells[c];
        char need[24];
        char have[24];

        if (cell->candidates_count < cell->need)
            return draw_cell_refuse(
                plan->bp, c, ERR_INFEASIBLE, &msg_too_few, err_int(need, plan->bp->cells[c].count),
                err_int(have, (int64_t)cell->candidates_count + cell->required_count), err);
    }
    return 0;
}

static int u16_compare(const void *a, const void *b)
{
    return (int)*(const uint16_t *)a - (int)*(const uint16_t *)b;
}

/* Adds the least and the greatest facility sum of one cell to low and high. */
static int cell_reach(const struct draw_plan *plan, size_t c, uint64_t *low, uint64_t *high)
{
    const struct draw_cell *cell = &plan->cells[c];
    const struct item *items = plan->pool->items;
    uint64_t fixed = 0;
    uint64_t least = 0;
    uint64_t most = 0;
    uint16_t *facility = calloc((size_t)cell->candidates_count + 1, sizeof(*facility));

    if (facility == NULL)
        return ERR_NOMEM;
    for (uint32_t i = 0; i < cell->required_count; i++)
        fixed += items[cell->required[i]].facility;
    for (uint32_t i = 0; i < cell->candidates_count; i++)
        facility[i] = items[cell->candidates[i]].facility;
    qsort(facility, cell->candidates_count, sizeof(*facility), u16_compare);
    for (uint32_t i = 0; i < cell->need; i++) {
        least += facility[i];
        most += facility[cell->candidates_count - 1 - i];
    }
    free(facility);
    *low += (fixed + least) * plan->bp->cells[c].points;
    *high += (fixed + most) * plan->bp->cells[c].points;
    return 0;
}

static int check_facility(const struct draw_plan *plan, struct err *err)
{
    const struct blueprint *bp = plan->bp;
    uint64_t low = 0;
    uint64_t high = 0;
    char text[4][24];

    if (!bp->has_facility_bounds)
        return 0;
    for (size_t c = 0; c < bp->cells_count; c++) {
        if (cell_reach(plan, c, &low, &high) != 0)
            return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    if ((uint64_t)bp->facility_min * plan->points <= high &&
        low <= (uint64_t)bp->facility_max * plan->points)
        return 0;
    return err_set(err, ERR_INFEASIBLE, &msg_facility, err_int(text[0], bp->facility_min),
                   err_int(text[1], bp->facility_max),
                   err_int(text[2], (int64_t)(low / plan->points)),
                   err_int(text[3], (int64_t)(high / plan->points)));
}

/* Draws BLUEPRINT_TRIALS papers. One that could not keep enemies apart refuses the blueprint, and
 * so do bounds that not a single one met. */
static int check_trials(const struct draw_plan *plan, struct err *err)
{
    struct arena arena;
    uint32_t missed = 0;
    char text[3][24];
    int rc = 0;

    arena_init(&arena, 0);
    for (uint32_t k = 0; rc == 0 && k < BLUEPRINT_TRIALS; k++) {
        uint8_t number[4] = {0};
        struct bytes piece = bytes_of(number, sizeof(number));
        struct draw_account account = {0};
        struct paper *paper;
        struct digest d;
        struct seed seed;

        u32be_write(number, k);
        d = digest_tagged(DIGEST_SHA256, "mingfa/draw-trial/v1", &piece, 1);
        memcpy(seed.b, d.b, sizeof(seed.b));
        arena_reset(&arena);
        rc = draw_paper(plan, NULL, &seed, &arena, &paper, &account, err);
        if (rc != 0)
            break;
        if (paper->flags == PAPER_ENEMIES_TOGETHER)
            rc = draw_cell_refuse(plan->bp, account.dry_cell, ERR_INFEASIBLE, &msg_kept_dry,
                                  err_int(text[0], plan->bp->cells[account.dry_cell].count), NULL,
                                  err);
        if (paper->flags == PAPER_FACILITY_MISSED)
            missed++;
    }
    arena_fini(&arena);
    if (rc == 0 && missed == BLUEPRINT_TRIALS)
        rc = err_set(
            err, ERR_INFEASIBLE, &msg_facility_missed, err_int(text[0], plan->bp->facility_min),
            err_int(text[1], plan->bp->facility_max), err_int(text[2], BLUEPRINT_TRIALS), NULL);
    return rc;
}

int blueprint_check(const struct blueprint *bp, const struct item_pool *pool,
                    const struct id_set *withdrawals, struct err *err)
{
    struct draw_plan *plan;
    int rc = draw_plan_new(bp, pool, withdrawals, &plan, err);

    if (rc != 0)
        return rc;
    rc = check_enemies_known(plan, err);
    if (rc == 0)
        rc = check_required(plan, err);
    if (rc == 0)
        rc = check_counts(plan, err);
    if (rc == 0)
        rc = check_facility(plan, err);
    if (rc == 0)
        rc = check_trials(plan, err);
    draw_plan_free(plan);
    return rc;
}

/* ---- bytes ---- */

static void write_text_or_null(struct buf *out, struct bytes text)
{
    if (text.len > 0)
        write_text(out, text);
    else
        cbor_write_null(out);
}

static void cell_encode(const struct blueprint_cell *cell, struct buf *out)
{
    cbor_write_map(out, CELL_FIELDS);
    cbor_write_uint(out, 0);
    cbor_write_uint(out, (uint64_t)cell->type);
    cbor_write_uint(out, 1);
    write_text_or_null(out, cell->area);
    cbor_write_uint(out, 2);
    cbor_write_uint(out, cell->difficulty_min);
    cbor_write_uint(out, 3);
    cbor_write_uint(out, cell->difficulty_max);
    cbor_write_uint(out, 4);
    cbor_write_uint(out, cell->level);
    cbor_write_uint(out, 5);
    write_text_or_null(out, cell->audience);
    cbor_write_uint(out, 6);
    cbor_write_uint(out, cell->count);
    cbor_write_uint(out, 7);
    cbor_write_uint(out, cell->points);
}

void blueprint_encode(const struct blueprint *bp, struct buf *out)
{
    cbor_write_map(out, BLUEPRINT_FIELDS);
    cbor_write_uint(out, 0);
    write_text(out, bp->name);
    cbor_write_uint(out, 1);
    cbor_write_array(out, bp->cells_count);
    for (size_t c = 0; c < bp->cells_count; c++)
        cell_encode(&bp->cells[c], out);
    cbor_write_uint(out, 2);
    write_ids(out, bp->required, bp->required_count);
    cbor_write_uint(out, 3);
    cbor_write_array(out, bp->enemies_count);
    for (size_t i = 0; i < bp->enemies_count; i++) {
        cbor_write_array(out, 2);
        write_text(out, bp->enemies[i].a);
        write_text(out, bp->enemies[i].b);
    }
    cbor_write_uint(out, 4);
    if (bp->has_facility_bounds) {
        cbor_write_array(out, 2);
        cbor_write_uint(out, bp->facility_min);
        cbor_write_uint(out, bp->facility_max);
    } else {
        cbor_write_null(out);
    }
}

struct digest blueprint_digest(const struct blueprint *bp)
{
    struct buf raw = {0};

    blueprint_encode(bp, &raw);
    return buf_digest(&raw);
}

/* ---- reading ---- */

/* A cursor and where what it reads is copied to. */
struct blueprint_reader {
    struct cbor_reader r;
    struct arena *arena;
    bool no_memory;
};

static uint64_t read_uint_max(struct blueprint_reader *br, uint64_t max)
{
    uint64_t v = cbor_read_uint(&br->r);

    if (v > max) {
        cbor_fail(&br->r);
        return 0;
    }
    return v;
}

static bool read_key(struct blueprint_reader *br, struct cbor_map *m, uint64_t expected)
{
    uint64_t found = 0;

    if (cbor_map_next(&br->r, m, &found) && found == expected)
        return true;
    cbor_fail(&br->r);
    return false;
}

static struct bytes read_text_copy(struct blueprint_reader *br)
{
    struct bytes text = cbor_read_text(&br->r);
    struct bytes copy = {0};

    if (cbor_reader_error(&br->r) != 0 || text.len == 0)
        return copy;
    copy = arena_bytes(br->arena, text);
    br->no_memory = br->no_memory || copy.data == NULL;
    return copy;
}

/* Null is empty; an empty text would be a second way to say so. */
static struct bytes read_text_or_null(struct blueprint_reader *br)
{
    struct bytes text = {0};

    if (cbor_peek(&br->r) == CBOR_NULL) {
        cbor_read_null(&br->r);
        return text;
    }
    text = read_text_copy(br);
    if (text.len == 0)
        cbor_fail(&br->r);
    return text;
}

/* Room for an array of at most max elements; NULL (and *count 0) when there is none. */
static void *read_array_room(struct blueprint_reader *br, size_t max, size_t size, size_t *count)
{
    uint64_t n = cbor_read_array(&br->r);
    void *room;

    *count = 0;
    if (n > max) {
        cbor_fail(&br->r);
        return NULL;
    }
    room = arena_array(br->arena, (size_t)n, size);
    if (room == NULL)
        br->no_memory = true;
    else
        *count = (size_t)n;
    return room;
}

static void read_pair(struct blueprint_reader *br)
{
    if (cbor_read_array(&br->r) != 2)
        cbor_fail(&br->r);
}

static void cell_decode(struct blueprint_reader *br, struct blueprint_cell *cell)
{
    struct cbor_map m;

    cbor_read_map(&br->r, &m);
    if (read_key(br, &m, 0))
        cell->type = (enum item_type)read_uint_max(br, ITEM_FILL_IN);
    if (read_key(br, &m, 1))
        cell->area = read_text_or_null(br);
    if (read_key(br, &m, 2))
        cell->difficulty_min = (uint8_t)read_uint_max(br, DIFFICULTY_MAX);
    if (read_key(br, &m, 3))
        cell->difficulty_max = (uint8_t)read_uint_max(br, DIFFICULTY_MAX);
    if (read_key(br, &m, 4))
        cell->level = (uint8_t)read_uint_max(br, LEVEL_MAX);
    if (read_key(br, &m, 5))
        cell->audience = read_text_or_null(br);
    if (read_key(br, &m, 6))
        cell->count = (uint32_t)read_uint_max(br, BLUEPRINT_ITEMS_MAX);
    if (read_key(br, &m, 7))
        cell->points = (uint32_t)read_uint_max(br, BLUEPRINT_POINTS_MAX);
    if (m.left != 0)
        cbor_fail(&br->r);
}

static void cells_decode(struct blueprint_reader *br, struct blueprint *bp)
{
    struct blueprint_cell *cells =
        read_array_room(br, BLUEPRINT_CELLS_MAX, sizeof(*cells), &bp->cells_count);

    for (size_t c = 0; c < bp->cells_count; c++)
        cell_decode(br, &cells[c]);
    bp->cells = cells;
}

static void required_decode(struct blueprint_reader *br, struct blueprint *bp)
{
    struct bytes *ids =
        read_array_room(br, BLUEPRINT_REQUIRED_MAX, sizeof(*ids), &bp->required_count);

    for (size_t i = 0; i < bp->required_count; i++)
        ids[i] = read_text_copy(br);
    bp->required = ids;
}

static void enemies_decode(struct blueprint_reader *br, struct blueprint *bp)
{
    struct enemy_pair *pairs =
        read_array_room(br, BLUEPRINT_ENEMIES_MAX, sizeof(*pairs), &bp->enemies_count);

    for (size_t i = 0; i < bp->enemies_count; i++) {
        read_pair(br);
        pairs[i].a = read_text_copy(br);
        pairs[i].b = read_text_copy(br);
    }
    bp->enemies = pairs;
}

static void bounds_decode(struct blueprint_reader *br, struct blueprint *bp)
{
    if (cbor_peek(&br->r) == CBOR_NULL) {
        cbor_read_null(&br->r);
        return;
    }
    read_pair(br);
    bp->has_facility_bounds = true;
    bp->facility_min = (uint16_t)read_uint_max(br, ITEM_FACILITY_ONE);
    bp->facility_max = (uint16_t)read_uint_max(br, ITEM_FACILITY_ONE);
}

int blueprint_decode(struct bytes raw, struct arena *arena, struct blueprint *out, struct err *err)
{
    struct blueprint_reader br = {.arena = arena};
    struct blueprint bp = {0};
    struct cbor_map m;

    cbor_reader_init(&br.r, raw);
    cbor_read_map(&br.r, &m);
    if (read_key(&br, &m, 0))
        bp.name = read_text_copy(&br);
    if (read_key(&br, &m, 1))
        cells_decode(&br, &bp);
    if (read_key(&br, &m, 2))
        required_decode(&br, &bp);
    if (read_key(&br, &m, 3))
        enemies_decode(&br, &bp);
    if (read_key(&br, &m, 4))
        bounds_decode(&br, &bp);
    if (m.left != 0)
        cbor_fail(&br.r);
    if (br.no_memory)
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    if (cbor_reader_finish(&br.r) != 0) {
        char at[24];

        return err_set(err, ERR_CORRUPT, &msg_encoding, err_int(at, (int64_t)br.r.bad_at), NULL,
                       NULL, NULL);
    }
    if (blueprint_form_check(&bp, err) != 0) {
        if (err != NULL)
            err->code = ERR_CORRUPT;
        return ERR_CORRUPT;
    }
    *out = bp;
    return 0;
}
