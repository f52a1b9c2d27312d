/* Draw cases: JSON to structures, structures to papers, papers to JSON. See case.h. */
#include "tests/draw/case.h"

#include "question-bank/bank/draw.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static _Noreturn void die(const char *what)
{
    fprintf(stderr, "draw case: %s\n", what);
    exit(2);
}

static const json_t *member(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    if (value == NULL)
        die(name);
    return value;
}

static uint32_t number_of(const json_t *object, const char *name)
{
    const json_t *value = member(object, name);

    if (!json_is_integer(value) || json_integer_value(value) < 0 ||
        json_integer_value(value) > UINT32_MAX)
        die(name);
    return (uint32_t)json_integer_value(value);
}

/* Null is empty. */
static struct bytes text_value(const json_t *value)
{
    if (json_is_null(value))
        return bytes_of(NULL, 0);
    if (!json_is_string(value))
        die("a text was expected");
    return bytes_of(json_string_value(value), json_string_length(value));
}

static void hex_of(const json_t *object, const char *name, uint8_t *out, size_t len)
{
    struct bytes text = text_value(member(object, name));

    if (hex_decode(out, len, (const char *)text.data, text.len) != 0)
        die(name);
}

static void *room(struct draw_case *c, size_t count, size_t size)
{
    void *p = arena_array(&c->arena, count, size);

    if (p == NULL)
        die("no memory");
    return p;
}

static struct bytes *texts_of(struct draw_case *c, const json_t *object, const char *name,
                              size_t *count)
{
    const json_t *array = member(object, name);
    struct bytes *texts;

    *count = json_array_size(array);
    texts = room(c, *count, sizeof(*texts));
    for (size_t i = 0; i < *count; i++)
        texts[i] = text_value(json_array_get(array, i));
    return texts;
}

static enum item_type type_of(const json_t *object)
{
    static const char *const names[] = {"single", "multiple", "true_false", "fill_in"};
    const char *name = json_string_value(member(object, "type"));

    for (size_t i = 0; name != NULL && i < 4; i++) {
        if (strcmp(name, names[i]) == 0)
            return (enum item_type)(i + 1);
    }
    die("type");
}

static void item_load(struct draw_case *c, const json_t *json, struct item *it)
{
    struct bytes *texts;

    it->id = text_value(member(json, "id"));
    it->revision = (uint16_t)number_of(json, "revision");
    it->type = type_of(json);
    it->area = text_value(member(json, "area"));
    it->difficulty = (uint8_t)number_of(json, "difficulty");
    it->level = (uint8_t)number_of(json, "level");
    it->options_count = number_of(json, "options");
    it->fixed_options = json_is_true(member(json, "fixed"));
    it->facility = (uint16_t)number_of(json, "facility");
    texts = texts_of(c, json, "audiences", &it->audiences_count);
    if (it->audiences_count > ITEM_AUDIENCES_MAX || it->options_count > ITEM_OPTIONS_MAX)
        die("audiences or options");
    memcpy(it->audiences, texts, it->audiences_count * sizeof(*texts));
    texts = texts_of(c, json, "enemies", &it->enemies_count);
    if (it->enemies_count > ITEM_ENEMIES_MAX)
        die("enemies");
    memcpy(it->enemies, texts, it->enemies_count * sizeof(*texts));
}

static void pool_load(struct draw_case *c, const json_t *array)
{
    size_t count = json_array_size(array);
    struct item *items = room(c, count, sizeof(*items));

    for (size_t i = 0; i < count; i++) {
        item_load(c, json_array_get(array, i), &items[i]);
        if (i > 0 && bytes_compare(items[i - 1].id, items[i].id) >= 0)
            die("pool not sorted by id");
    }
    c->pool = (struct item_pool){items, count};
}

static void cell_load(const json_t *json, struct blueprint_cell *cell)
{
    const json_t *difficulty = member(json, "difficulty");

    cell->type = type_of(json);
    cell->area = text_value(member(json, "area"));
    cell->difficulty_min = (uint8_t)json_integer_value(json_array_get(difficulty, 0));
    cell->difficulty_max = (uint8_t)json_integer_value(json_array_get(difficulty, 1));
    cell->level = (uint8_t)number_of(json, "level");
    cell->audience = text_value(member(json, "audience"));
    cell->count = number_of(json, "count");
    cell->points = number_of(json, "points");
}

static void blueprint_load(struct draw_case *c, const json_t *json)
{
    const json_t *cells_json = member(json, "cells");
    const json_t *enemies_json = member(json, "enemies");
    const json_t *bounds = member(json, "facility");
    size_t cells_count = json_array_size(cells_json);
    size_t enemies_count = json_array_size(enemies_json);
    struct blueprint_cell *cells = room(c, cells_count, sizeof(*cells));
    struct enemy_pair *enemies = room(c, enemies_count, sizeof(*enemies));

    for (size_t i = 0; i < cells_count; i++)
        cell_load(json_array_get(cells_json, i), &cells[i]);
    for (size_t i = 0; i < enemies_count; i++) {
        const json_t *pair = json_array_get(enemies_json, i);

        enemies[i].a = text_value(json_array_get(pair, 0));
        enemies[i].b = text_value(json_array_get(pair, 1));
    }
    c->bp.name = text_value(member(json, "name"));
    c->bp.cells = cells;
    c->bp.cells_count = cells_count;
    c->bp.required = texts_of(c, json, "required", &c->bp.required_count);
    c->bp.enemies = enemies;
    c->bp.enemies_count = enemies_count;
    if (!json_is_null(bounds)) {
        c->bp.has_facility_bounds = true;
        c->bp.facility_min = (uint16_t)json_integer_value(json_array_get(bounds, 0));
        c->bp.facility_max = (uint16_t)json_integer_value(json_array_get(bounds, 1));
    }
}

static void people_load(struct draw_case *c, const json_t *array)
{
    c->people_count = json_array_size(array);
    c->people = room(c, c->people_count, sizeof(*c->people));
    for (size_t i = 0; i < c->people_count; i++) {
        const json_t *json = json_array_get(array, i);
        struct draw_person *p = &c->people[i];

        hex_of(json, "pseudonym", p->pseudonym.b, DIGEST_BYTES);
        hex_of(json, "nonce", p->nonce, sizeof(p->nonce));
        p->attempt = number_of(json, "attempt");
        p->earlier.ids = texts_of(c, json, "earlier", &p->earlier.count);
    }
}

static _Noreturn void die_err(const struct err *err)
{
    char text[ERR_TEXT_BYTES_MAX];

    err_text(err, LANG_EN, text, sizeof(text));
    die(text);
}

void draw_case_load(struct draw_case *c, const json_t *json)
{
    struct err err = {0};

    memset(c, 0, sizeof(*c));
    arena_init(&c->arena, 0);
    hex_of(json, "officer_share", c->officer_share, sizeof(c->officer_share));
    hex_of(json, "custodian_share", c->custodian_share, sizeof(c->custodian_share));
    hex_of(json, "exam_uuid", c->exam_uuid, sizeof(c->exam_uuid));
    hex_of(json, "release", c->release.b, DIGEST_BYTES);
    hex_of(json, "rules", c->rules.b, DIGEST_BYTES);
    pool_load(c, member(json, "pool"));
    blueprint_load(c, member(json, "blueprint"));
    c->withdrawals.ids = texts_of(c, json, "withdrawals", &c->withdrawals.count);
    people_load(c, member(json, "people"));
    if (draw_plan_new(&c->bp, &c->pool, &c->withdrawals, &c->plan, &err) != 0)
        die_err(&err);
}

void draw_case_fini(struct draw_case *c)
{
    draw_plan_free(c->plan);
    arena_fini(&c->arena);
}

static void put(json_t *object, const char *name, json_t *value)
{
    if (value == NULL || json_object_set_new(object, name, value) != 0)
        die("no memory");
}

static void put_digest(json_t *object, const char *name, struct digest d)
{
    char hex[DIGEST_HEX_BYTES];

    digest_hex(&d, hex);
    put(object, name, json_string(hex));
}

json_t *draw_case_digests(const struct draw_case *c)
{
    struct digest master = draw_master(c->officer_share, c->custodian_share);
    json_t *out = json_object();

    put_digest(out, "officer_share_digest", draw_share_digest(c->officer_share));
    put_digest(out, "custodian_share_digest", draw_share_digest(c->custodian_share));
    put_digest(out, "master", master);
    put_digest(out, "master_digest", draw_master_digest(&master));
    put_digest(out, "blueprint_digest", blueprint_digest(&c->bp));
    put_digest(out, "withdrawals_digest", id_set_digest(&c->withdrawals));
    return out;
}

static json_t *items_json(const struct paper *paper)
{
    json_t *out = json_array();

    for (size_t i = 0; i < paper->count; i++) {
        const struct paper_item *pi = &paper->items[i];
        json_t *order = json_array();
        json_t *place;

        for (size_t o = 0; o < pi->option_count; o++)
            json_array_append_new(order, json_integer(pi->option_order[o]));
        place = json_pack("[s%, i, o, I]", (const char *)pi->item->id.data, pi->item->id.len,
                          (int)pi->item->revision, order, (json_int_t)pi->points);
        if (place == NULL || json_array_append_new(out, place) != 0)
            die("no memory");
    }
    return out;
}

json_t *draw_case_paper(const struct draw_case *c, size_t person)
{
    const struct draw_person *p = &c->people[person];
    struct digest master = draw_master(c->officer_share, c->custodian_share);
    struct seed seed = draw_paper_seed(&master, c->exam_uuid, &p->pseudonym, p->attempt, p->nonce);
    struct paper_binding binding = {
        .release = c->release,
        .blueprint = blueprint_digest(&c->bp),
        .rules = c->rules,
        .withdrawals = id_set_digest(&c->withdrawals),
        .earlier = id_set_digest(&p->earlier),
        .pseudonym = p->pseudonym,
        .attempt = p->attempt,
    };
    struct draw_account account = {0};
    struct paper *paper = NULL;
    struct err err = {0};
    struct digest seed_view;
    struct arena arena;
    json_t *out = json_object();
    int rc;

    memcpy(binding.exam_uuid, c->exam_uuid, sizeof(binding.exam_uuid));
    memcpy(binding.nonce, p->nonce, sizeof(binding.nonce));
    memcpy(seed_view.b, seed.b, sizeof(seed.b));
    arena_init(&arena, 0);
    rc = draw_paper(c->plan, &p->earlier, &seed, &arena, &paper, &account, &err);
    if (rc == ERR_INFEASIBLE) {
        put(out, "dry", json_integer((json_int_t)account.dry_cell));
    } else if (rc != 0) {
        die_err(&err);
    } else {
        put_digest(out, "seed", seed_view);
        put_digest(out, "earlier_digest", binding.earlier);
        put(out, "try", json_integer(account.try_standing));
        put(out, "flags", json_integer(paper->flags));
        put(out, "items", items_json(paper));
        put_digest(out, "paper_digest", paper_digest(paper, &binding));
    }
    arena_fini(&arena);
    return out;
}

json_t *draw_numbers_json(const struct seed *seed, uint32_t t, uint32_t n, size_t count)
{
    struct draw_stream stream;
    struct digest view;
    json_t *numbers = json_array();
    json_t *out = json_object();

    memcpy(view.b, seed->b, sizeof(view.b));
    draw_stream_init(&stream, seed, t);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(numbers, json_integer(draw_uniform(&stream, n)));
    put_digest(out, "seed", view);
    put(out, "try", json_integer(t));
    put(out, "n", json_integer(n));
    put(out, "numbers", numbers);
    return out;
}
