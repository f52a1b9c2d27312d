/* A blueprint as JSON (see blueprint_json.h). */
#include "question-bank/format/blueprint_json.h"

#include "question-bank/format/json_path.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES_MAX = 192, AREA_BYTES_MAX = 96, POINTS_MAX = 100000 };

static const struct msg msg_nomem = {"no-memory", "内存不足", "out of memory"};

static const struct err_word word_cells = {"至少一格", "at least one cell"};
static const struct err_word word_items_max = {"全卷至多 1000 题", "at most 1000 items a paper"};
static const struct err_word word_id = {"试题编号", "the id of an item"};
static const struct err_word word_once = {"只写一次", "once"};
static const struct err_word word_pair = {"[编号, 编号]", "[id, id]"};
static const struct err_word word_different = {"两个不同的编号", "two different ids"};

static const struct err_word word_range = {"[小, 大]，均在 {2} 之内", "[low, high] within {2}"};

static const char *const type_names[] = {"", "single", "multiple", "true_false", "fill_in"};
static const char *const cell_members[] = {"type",     "area",  "difficulty", "level",
                                           "audience", "count", "points"};
static const char *const members[] = {"name", "cells", "required", "enemies", "facility"};

const char *blueprint_type_name(enum item_type type)
{
    assert(type >= ITEM_SINGLE && type <= ITEM_FILL_IN);
    return type_names[type];
}

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NOMEM, &msg_nomem, NULL, NULL, NULL, NULL);
}

/* ---- reading ---- */

static int read_type(const json_t *cell, const char *path, enum item_type *out, struct err *err)
{
    struct bytes text;
    char at[JSON_PATH_BYTES_MAX];
    int rc = json_path_text(cell, path, "type", 32, &text, err);

    if (rc != 0)
        return rc;
    for (int t = ITEM_SINGLE; t <= ITEM_FILL_IN; t++) {
        if (bytes_equal(text, bytes_of_text(type_names[t]))) {
            *out = (enum item_type)t;
            return 0;
        }
    }
    json_path_join(at, path, "type");
    return json_path_error(at, json_object_get(cell, "type"),
                           "single, multiple, true_false, fill_in", err);
}

/* Text or null or absent; copied. */
static int read_text_or_any(const json_t *cell, const char *path, const char *name,
                            struct arena *arena, struct bytes *out, struct err *err)
{
    const json_t *member = json_object_get(cell, name);
    int rc;

    if (member == NULL || json_is_null(member))
        return 0;
    rc = json_path_text(cell, path, name, AREA_BYTES_MAX, out, err);
    if (rc != 0)
        return rc;
    *out = arena_bytes(arena, *out);
    return out->data == NULL ? no_memory(err) : 0;
}

/* [low, high] of integers within min…max. */
static int read_range(const json_t *value, const char *path, int64_t min, int64_t max, int64_t *low,
                      int64_t *high, struct err *err)
{
    char limit[96];
    const json_t *a = json_array_get(value, 0);
    const json_t *b = json_array_get(value, 1);

    if (json_array_size(value) == 2 && json_is_integer(a) && json_is_integer(b)) {
        *low = json_integer_value(a);
        *high = json_integer_value(b);
        if (*low >= min && *low <= *high && *high <= max)
            return 0;
    }
    snprintf(limit, sizeof limit, "%lld…%lld", (long long)min, (long long)max);
    return json_path_expect(path, value, &word_range, limit, err);
}

static int read_cell(const json_t *cell, const char *path, struct arena *arena,
                     struct blueprint_cell *out, struct err *err)
{
    const json_t *difficulty = json_object_get(cell, "difficulty");
    int64_t low = 1;
    int64_t high = 5;
    int64_t level = 0;
    int64_t count = 0;
    int64_t points = 0;
    char at[JSON_PATH_BYTES_MAX];
    int rc = json_path_members(cell, path, cell_members,
                               sizeof cell_members / sizeof cell_members[0], err);

    if (rc == 0)
        rc = read_type(cell, path, &out->type, err);
    if (rc == 0)
        rc = read_text_or_any(cell, path, "area", arena, &out->area, err);
    if (rc == 0)
        rc = read_text_or_any(cell, path, "audience", arena, &out->audience, err);
    if (rc == 0 && difficulty != NULL) {
        json_path_join(at, path, "difficulty");
        rc = read_range(difficulty, at, 1, 5, &low, &high, err);
    }
    if (rc == 0 && json_object_get(cell, "level") != NULL)
        rc = json_path_int(cell, path, "level", 0, 3, &level, err);
    if (rc == 0)
        rc = json_path_int(cell, path, "count", 1, BLUEPRINT_ITEMS_MAX, &count, err);
    if (rc == 0)
        rc = json_path_int(cell, path, "points", 1, POINTS_MAX, &points, err);
    out->difficulty_min = (uint8_t)low;
    out->difficulty_max = (uint8_t)high;
    out->level = (uint8_t)level;
    out->count = (uint32_t)count;
    out->points = (uint32_t)points;
    return rc;
}

static int read_cells(const json_t *root, struct arena *arena, struct blueprint *bp,
                      struct err *err)
{
    const json_t *list;
    struct blueprint_cell *cells;
    size_t total = 0;
    int rc = json_path_array(root, "$", "cells", BLUEPRINT_CELLS_MAX, true, &list, err);

    if (rc != 0)
        return rc;
    if (json_array_size(list) == 0)
        return json_path_expect("$.cells", list, &word_cells, NULL, err);
    cells = arena_array(arena, json_array_size(list), sizeof *cells);
    if (cells == NULL)
        return no_memory(err);
    for (size_t i = 0; i < json_array_size(list); i++) {
        char path[JSON_PATH_BYTES_MAX];

        snprintf(path, sizeof path, "$.cells[%zu]", i);
        rc = read_cell(json_array_get(list, i), path, arena, &cells[i], err);
        if (rc != 0)
            return rc;
        total += cells[i].count;
        if (total > BLUEPRINT_ITEMS_MAX)
            return json_path_expect(path, json_array_get(list, i), &word_items_max, NULL, err);
    }
    bp->cells = cells;
    bp->cells_count = json_array_size(list);
    return 0;
}

static int read_id(const json_t *value, const char *path, struct arena *arena, struct bytes *out,
                   struct err *err)
{
    struct bytes id = bytes_of(NULL, 0);

    if (json_is_string(value))
        id = bytes_of(json_string_value(value), json_string_length(value));
    if (!item_id_valid(id))
        return json_path_expect(path, value, &word_id, NULL, err);
    *out = arena_bytes(arena, id);
    return out->data == NULL ? no_memory(err) : 0;
}

static int read_required(const json_t *root, struct arena *arena, struct blueprint *bp,
                         struct err *err)
{
    const json_t *list;
    struct bytes *ids;
    int rc = json_path_array(root, "$", "required", BLUEPRINT_REQUIRED_MAX, false, &list, err);

    if (rc != 0 || list == NULL)
        return rc;
    ids = arena_array(arena, json_array_size(list), sizeof *ids);
    if (ids == NULL)
        return no_memory(err);
    for (size_t i = 0; i < json_array_size(list) && rc == 0; i++) {
        char path[JSON_PATH_BYTES_MAX];

        snprintf(path, sizeof path, "$.required[%zu]", i);
        rc = read_id(json_array_get(list, i), path, arena, &ids[i], err);
        for (size_t j = 0; j < i && rc == 0; j++) {
            if (bytes_equal(ids[j], ids[i]))
                rc = json_path_expect(path, json_array_get(list, i), &word_once, NULL, err);
        }
    }
    bp->required = ids;
    bp->required_count = json_array_size(list);
    return rc;
}

static int read_enemies(const json_t *root, struct arena *arena, struct blueprint *bp,
                        struct err *err)
{
    const json_t *list;
    struct enemy_pair *pairs;
    int rc = json_path_array(root, "$", "enemies", BLUEPRINT_ENEMIES_MAX, false, &list, err);

    if (rc != 0 || list == NULL)
        return rc;
    pairs = arena_array(arena, json_array_size(list), sizeof *pairs);
    if (pairs == NULL)
        return no_memory(err);
    for (size_t i = 0; i < json_array_size(list) && rc == 0; i++) {
        const json_t *pair = json_array_get(list, i);
        char path[JSON_PATH_BYTES_MAX];

        snprintf(path, sizeof path, "$.enemies[%zu]", i);
        if (json_array_size(pair) != 2)
            return json_path_expect(path, pair, &word_pair, NULL, err);
        rc = read_id(json_array_get(pair, 0), path, arena, &pairs[i].a, err);
        if (rc == 0)
            rc = read_id(json_array_get(pair, 1), path, arena, &pairs[i].b, err);
        if (rc == 0 && bytes_equal(pairs[i].a, pairs[i].b))
            rc = json_path_expect(path, pair, &word_different, NULL, err);
    }
    bp->enemies = pairs;
    bp->enemies_count = json_array_size(list);
    return rc;
}

int blueprint_json_read(struct bytes text, struct arena *arena, struct blueprint *out,
                        struct err *err)
{
    struct blueprint bp = {0};
    json_t *root = NULL;
    const json_t *facility;
    int64_t low = 0;
    int64_t high = 0;
    int rc = json_path_parse(text, &root, err);

    if (rc != 0)
        return rc;
    rc = json_path_members(root, "$", members, sizeof members / sizeof members[0], err);
    if (rc == 0)
        rc = json_path_text(root, "$", "name", NAME_BYTES_MAX, &bp.name, err);
    if (rc == 0) {
        bp.name = arena_bytes(arena, bp.name);
        rc = bp.name.data == NULL ? no_memory(err) : read_cells(root, arena, &bp, err);
    }
    if (rc == 0)
        rc = read_required(root, arena, &bp, err);
    if (rc == 0)
        rc = read_enemies(root, arena, &bp, err);
    facility = json_object_get(root, "facility");
    if (rc == 0 && facility != NULL && !json_is_null(facility)) {
        rc = read_range(facility, "$.facility", 0, ITEM_FACILITY_ONE, &low, &high, err);
        bp.has_facility_bounds = true;
        bp.facility_min = (uint16_t)low;
        bp.facility_max = (uint16_t)high;
    }
    if (rc == 0)
        *out = bp;
    json_decref(root);
    return rc;
}

/* ---- writing ---- */

static json_t *text_value(struct bytes text)
{
    if (text.len == 0)
        return json_null();
    return json_stringn((const char *)text.data, text.len);
}

static json_t *cell_value(const struct blueprint_cell *c)
{
    return json_pack("{s:s, s:o, s:[i,i], s:i, s:o, s:i, s:i}", "type", type_names[c->type], "area",
                     text_value(c->area), "difficulty", (int)c->difficulty_min,
                     (int)c->difficulty_max, "level", (int)c->level, "audience",
                     text_value(c->audience), "count", (int)c->count, "points", (int)c->points);
}

int blueprint_json_write(const struct blueprint *bp, struct buf *out, struct err *err)
{
    json_t *cells = json_array();
    json_t *required = json_array();
    json_t *enemies = json_array();
    json_t *facility = json_null();
    json_t *root;
    char *text;

    for (size_t i = 0; i < bp->cells_count; i++)
        json_array_append_new(cells, cell_value(&bp->cells[i]));
    for (size_t i = 0; i < bp->required_count; i++)
        json_array_append_new(required, text_value(bp->required[i]));
    for (size_t i = 0; i < bp->enemies_count; i++)
        json_array_append_new(enemies, json_pack("[o,o]", text_value(bp->enemies[i].a),
                                                 text_value(bp->enemies[i].b)));
    if (bp->has_facility_bounds)
        facility = json_pack("[i,i]", (int)bp->facility_min, (int)bp->facility_max);
    root = json_pack("{s:o, s:o, s:o, s:o, s:o}", "name", text_value(bp->name), "cells", cells,
                     "required", required, "enemies", enemies, "facility", facility);
    text = root == NULL ? NULL : json_dumps(root, JSON_INDENT(2));
    json_decref(root);
    if (text == NULL)
        return no_memory(err);
    buf_append_text(out, text);
    buf_append_byte(out, '\n');
    free(text);
    return buf_error(out) != 0 ? no_memory(err) : 0;
}
