/* gen-vectors: writes the vectors of draw-v1 (tests/vectors/draw-v1.json) to standard output.
 *
 * Each case is built here as JSON, drawn by the library and printed with its papers. A case states
 * what it shows (flags, and whether the first try must not stand); if no paper of it does, the
 * program fails rather than write a vector that shows nothing. */
#include "tests/draw/case.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { OPTIONS_USUAL = 4, NUMBERS_EACH = 24 };

/* What a case is there to show. */
struct expectation {
    const char *name;
    int flags;
    bool redrawn; /* a try after the first stands */
};

static _Noreturn void die(const char *name, const char *what)
{
    fprintf(stderr, "gen-vectors: %s: %s\n", name, what);
    exit(1);
}

/* 32 bytes for `what` and number, as hex. */
static json_t *bytes_json(const char *name, const char *what, uint32_t number, size_t len)
{
    uint8_t counter[4] = {0};
    struct bytes pieces[3] = {bytes_of_text(name), bytes_of_text(what), bytes_of(counter, 4)};
    char hex[DIGEST_HEX_BYTES];
    struct digest d;

    u32be_write(counter, number);
    d = digest_tagged(DIGEST_SHA256, "mingfa/draw-vectors/v1", pieces, 3);
    hex_encode(hex, d.b, len);
    return json_string(hex);
}

static json_t *cell_json(const char *type, const char *area, int min, int max, int level,
                         const char *audience, int count, int points)
{
    return json_pack("{s:s, s:s?, s:[i,i], s:i, s:s?, s:i, s:i}", "type", type, "area", area,
                     "difficulty", min, max, "level", level, "audience", audience, "count", count,
                     "points", points);
}

static json_t *item_json(const char *id, const char *type, const char *area, int difficulty)
{
    static const int facility[] = {0, 9000, 8000, 7000, 6000, 5000};
    bool choice = strcmp(type, "single") == 0 || strcmp(type, "multiple") == 0;

    return json_pack("{s:s, s:i, s:s, s:s, s:i, s:i, s:[], s:i, s:b, s:[], s:i}", "id", id,
                     "revision", 1, "type", type, "area", area, "difficulty", difficulty, "level",
                     1, "audiences", "options", choice ? OPTIONS_USUAL : 0, "fixed", 0, "enemies",
                     "facility", facility[difficulty]);
}

/* A case with an empty pool, no cell, and `people` persons. */
static json_t *case_new(const char *name, const char *shows, uint32_t people)
{
    json_t *out = json_pack(
        "{s:s, s:s, s:o, s:o, s:o, s:o, s:o, s:[], s:{s:s, s:[], s:[], s:[], s:n}, s:[], s:[]}",
        "name", name, "shows", shows, "officer_share", bytes_json(name, "officer", 0, 32),
        "custodian_share", bytes_json(name, "custodian", 0, 32), "exam_uuid",
        bytes_json(name, "exam", 0, 16), "release", bytes_json(name, "release", 0, 32), "rules",
        bytes_json(name, "rules", 0, 32), "pool", "blueprint", "name", name, "cells", "required",
        "enemies", "facility", "withdrawals", "people");

    for (uint32_t i = 0; i < people; i++) {
        json_t *person =
            json_pack("{s:o, s:i, s:o, s:[]}", "pseudonym", bytes_json(name, "pseudonym", i, 32),
                      "attempt", 1, "nonce", bytes_json(name, "nonce", i, 32), "earlier");

        json_array_append_new(json_object_get(out, "people"), person);
    }
    return out;
}

static void cell_add(json_t *c, json_t *cell)
{
    json_array_append_new(json_object_get(json_object_get(c, "blueprint"), "cells"), cell);
}

/* `count` items PREFIX-01, PREFIX-02, …; difficulties 1…5 in turn. */
static void items_add(json_t *c, const char *prefix, const char *type, const char *area, int count)
{
    for (int i = 1; i <= count; i++) {
        char id[ITEM_ID_BYTES_MAX + 1];

        snprintf(id, sizeof(id), "%s-%02d", prefix, i);
        json_array_append_new(json_object_get(c, "pool"),
                              item_json(id, type, area, (i - 1) % 5 + 1));
    }
}

static json_t *item_at(json_t *c, size_t index)
{
    return json_array_get(json_object_get(c, "pool"), index);
}

static void id_add(json_t *object, const char *member, const char *id)
{
    json_array_append_new(json_object_get(object, member), json_string(id));
}

static void enemies_add(json_t *c, const char *a, const char *b)
{
    json_array_append_new(json_object_get(json_object_get(c, "blueprint"), "enemies"),
                          json_pack("[s,s]", a, b));
}

static void bounds_set(json_t *c, int min, int max)
{
    json_object_set_new(json_object_get(c, "blueprint"), "facility", json_pack("[i,i]", min, max));
}

static json_t *case_smallest(void)
{
    json_t *c = case_new("smallest", "two cells, nothing else", 2);

    items_add(c, "A", "single", "宪法", 4);
    items_add(c, "B", "true_false", "宪法", 2);
    cell_add(c, cell_json("single", "宪法", 1, 5, 0, NULL, 2, 200));
    cell_add(c, cell_json("true_false", NULL, 1, 5, 0, NULL, 1, 100));
    return c;
}

static json_t *case_enemies(void)
{
    json_t *c =
        case_new("enemies", "enemies of the items and of the blueprint, and required items", 3);

    items_add(c, "A", "single", "宪法", 12);
    items_add(c, "B", "multiple", "民法典", 8);
    for (size_t i = 0; i < 4; i++) {
        id_add(item_at(c, i), "enemies", "A-10");
        id_add(item_at(c, i), "enemies", "B-02");
    }
    enemies_add(c, "A-05", "A-06");
    enemies_add(c, "B-08", "A-11");
    id_add(json_object_get(c, "blueprint"), "required", "B-03");
    id_add(json_object_get(c, "blueprint"), "required", "A-10");
    id_add(json_object_get(c, "blueprint"), "required", "A-09");
    cell_add(c, cell_json("multiple", "民法典", 1, 5, 0, NULL, 3, 300));
    cell_add(c, cell_json("single", "宪法", 1, 5, 0, NULL, 6, 100));
    return c;
}

static json_t *case_earlier(void)
{
    json_t *c = case_new("earlier-papers",
                         "items of earlier papers come only where the cell would "
                         "else be short",
                         3);
    json_t *people = json_object_get(c, "people");

    items_add(c, "A", "single", "宪法", 8);
    items_add(c, "B", "fill_in", "宪法", 6);
    for (size_t p = 1; p < 3; p++) {
        json_t *person = json_array_get(people, p);

        json_object_set_new(person, "attempt", json_integer((json_int_t)p + 1));
        for (int i = 1; i <= (p == 1 ? 3 : 6); i++) {
            char id[8];

            snprintf(id, sizeof(id), "A-%02d", i);
            id_add(person, "earlier", id);
        }
        id_add(person, "earlier", "B-01");
        id_add(person, "earlier", "Z-99");
    }
    cell_add(c, cell_json("single", NULL, 1, 5, 0, NULL, 4, 150));
    cell_add(c, cell_json("fill_in", NULL, 1, 5, 0, NULL, 2, 250));
    return c;
}

static json_t *case_withdrawals(void)
{
    json_t *c = case_new("withdrawals", "withdrawn items, one of them required", 2);

    items_add(c, "A", "single", "宪法", 9);
    id_add(c, "withdrawals", "A-02");
    id_add(c, "withdrawals", "A-05");
    id_add(c, "withdrawals", "A-09");
    id_add(json_object_get(c, "blueprint"), "required", "A-05");
    id_add(json_object_get(c, "blueprint"), "required", "A-07");
    cell_add(c, cell_json("single", "宪法", 1, 5, 0, NULL, 5, 200));
    return c;
}

static json_t *case_facility_met(void)
{
    json_t *c = case_new("facility-met", "a narrow bound on mean facility, met by a later try", 3);

    items_add(c, "A", "single", "宪法", 20);
    items_add(c, "B", "true_false", "宪法", 10);
    cell_add(c, cell_json("single", "宪法", 1, 5, 0, NULL, 6, 200));
    cell_add(c, cell_json("true_false", "宪法", 1, 5, 0, NULL, 3, 100));
    bounds_set(c, 6950, 7050);
    return c;
}

static json_t *case_facility_missed(void)
{
    json_t *c = case_new("facility-missed", "a bound that no try meets: the last try stands", 2);

    items_add(c, "A", "single", "宪法", 10);
    cell_add(c, cell_json("single", "宪法", 1, 5, 0, NULL, 3, 100));
    bounds_set(c, 9500, 10000);
    return c;
}

static json_t *case_options(void)
{
    json_t *c = case_new("options", "two to eight options, fixed options, revisions", 2);

    items_add(c, "A", "single", "宪法", 7);
    items_add(c, "B", "multiple", "宪法", 3);
    for (size_t i = 0; i < 7; i++) {
        json_object_set_new(item_at(c, i), "options", json_integer((json_int_t)i + 2));
        json_object_set_new(item_at(c, i), "revision", json_integer((json_int_t)i * 300 + 1));
    }
    json_object_set_new(item_at(c, 4), "fixed", json_true());
    json_object_set_new(item_at(c, 8), "fixed", json_true());
    cell_add(c, cell_json("single", NULL, 1, 5, 0, NULL, 7, 100));
    cell_add(c, cell_json("multiple", NULL, 1, 5, 0, NULL, 3, 100));
    return c;
}

/* A-01 is an enemy of: of three items two can be had only without it. */
static json_t *case_dry(void)
{
    json_t *c = case_new("dry-cell", "a try that leaves a cell dry, and the next one", 6);

    items_add(c, "A", "single", "宪法", 3);
    id_add(item_at(c, 0), "enemies", "A-02");
    enemies_add(c, "A-03", "A-01");
    cell_add(c, cell_json("single", NULL, 1, 5, 0, NULL, 2, 100));
    return c;
}

static json_t *case_together(void)
{
    json_t *c = case_new("enemies-together", "a pool in which enemies cannot be kept apart", 2);
    json_t *person;

    items_add(c, "A", "single", "宪法", 4);
    for (size_t i = 1; i < 4; i++)
        id_add(item_at(c, 0), "enemies", i == 1 ? "A-02" : i == 2 ? "A-03" : "A-04");
    enemies_add(c, "A-02", "A-03");
    enemies_add(c, "A-02", "A-04");
    enemies_add(c, "A-03", "A-04");
    cell_add(c, cell_json("single", NULL, 1, 5, 0, NULL, 2, 100));
    person = json_array_get(json_object_get(c, "people"), 1);
    id_add(person, "earlier", "A-01");
    id_add(person, "earlier", "A-03");
    return c;
}

/* Areas, difficulties, levels and audiences in one blueprint. */
static json_t *case_whole(void)
{
    json_t *c = case_new("whole", "everything at once", 4);
    json_t *person;

    items_add(c, "A", "single", "宪法", 25);
    items_add(c, "B", "single", "民法典", 20);
    items_add(c, "C", "multiple", "行政法", 15);
    items_add(c, "D", "true_false", "宪法", 12);
    items_add(c, "E", "fill_in", "国家安全", 8);
    for (size_t i = 0; i < json_array_size(json_object_get(c, "pool")); i++) {
        json_t *it = item_at(c, i);

        json_object_set_new(it, "level", json_integer((json_int_t)(i / 5 % 3) + 1));
        json_object_set_new(it, "revision", json_integer((json_int_t)(i % 4) + 1));
        if (i % 7 == 0) {
            id_add(it, "audiences", "执法人员");
            id_add(it, "audiences", "领导干部");
        }
        if (i % 11 == 0)
            id_add(it, "audiences", "新录用公务员");
    }
    id_add(item_at(c, 3), "enemies", "A-05");
    id_add(item_at(c, 3), "enemies", "B-07");
    enemies_add(c, "C-01", "C-02");
    enemies_add(c, "D-01", "A-01");
    id_add(c, "withdrawals", "A-08");
    id_add(c, "withdrawals", "C-06");
    id_add(json_object_get(c, "blueprint"), "required", "D-03");
    cell_add(c, cell_json("single", "宪法", 1, 2, 0, "领导干部", 4, 100));
    cell_add(c, cell_json("single", "宪法", 3, 5, 2, NULL, 2, 150));
    cell_add(c, cell_json("single", "民法典", 1, 5, 0, "领导干部", 6, 100));
    cell_add(c, cell_json("multiple", NULL, 2, 4, 0, "领导干部", 3, 250));
    cell_add(c, cell_json("true_false", "宪法", 1, 5, 0, NULL, 4, 50));
    cell_add(c, cell_json("fill_in", "国家安全", 1, 5, 1, NULL, 2, 200));
    bounds_set(c, 6900, 7300);
    person = json_array_get(json_object_get(c, "people"), 3);
    json_object_set_new(person, "attempt", json_integer(2));
    id_add(person, "earlier", "A-01");
    id_add(person, "earlier", "B-02");
    id_add(person, "earlier", "D-03");
    return c;
}

/* Draws, and refuses a case that does not show what it is there for. */
static void case_draw(json_t *input, const struct expectation *expected)
{
    json_t *papers = json_array();
    json_t *digests;
    struct draw_case c;
    bool redrawn = false;

    draw_case_load(&c, input);
    digests = draw_case_digests(&c);
    for (size_t i = 0; i < c.people_count; i++) {
        json_t *paper = draw_case_paper(&c, i);

        if (json_integer_value(json_object_get(paper, "flags")) != expected->flags ||
            json_object_get(paper, "items") == NULL)
            die(expected->name, "other flags than expected");
        redrawn = redrawn || json_integer_value(json_object_get(paper, "try")) > 0;
        json_array_append_new(papers, paper);
    }
    if (redrawn != expected->redrawn)
        die(expected->name, redrawn ? "was redrawn" : "was not redrawn");
    draw_case_fini(&c);
    json_object_set_new(input, "digests", digests);
    json_object_set_new(input, "papers", papers);
}

/* One member a line; arrays of objects one object a line. */
static void case_print(json_t *c)
{
    const char *name;
    json_t *value;
    bool first = true;

    json_object_foreach(c, name, value)
    {
        printf("%s   \"%s\": ", first ? "  {\n" : ",\n", name);
        first = false;
        if (json_is_array(value) && json_is_object(json_array_get(value, 0))) {
            size_t count = json_array_size(value);

            for (size_t i = 0; i < count; i++) {
                printf("%s    ", i == 0 ? "[\n" : ",\n");
                json_dumpf(json_array_get(value, i), stdout, JSON_COMPACT);
            }
            printf("]");
        } else {
            json_dumpf(value, stdout, JSON_COMPACT | JSON_ENCODE_ANY);
        }
    }
    printf("}");
}

/* Ranges small and great; half of what is read for 2^31 + 1 is rejected. */
static void numbers_print(void)
{
    static const uint32_t ranges[] = {1,          2,          3,          10,        1000,
                                      0x7FFFFFFF, 0x80000001, 0xC0000000, 0xFFFFFFFF};
    struct seed seed = {{0}};

    printf(" \"numbers\": [\n");
    for (size_t i = 0; i < sizeof(ranges) / sizeof(ranges[0]); i++) {
        json_t *numbers;

        memset(seed.b, (int)i, sizeof(seed.b));
        numbers = draw_numbers_json(&seed, (uint32_t)i, ranges[i], NUMBERS_EACH);
        printf("  ");
        json_dumpf(numbers, stdout, JSON_COMPACT);
        printf("%s", i + 1 < sizeof(ranges) / sizeof(ranges[0]) ? ",\n" : "],\n");
        json_decref(numbers);
    }
}

int main(void)
{
    static const struct {
        json_t *(*make)(void);
        struct expectation expected;
    } cases[] = {
        {case_smallest, {"smallest", 0, false}},
        {case_enemies, {"enemies", 0, false}},
        {case_earlier, {"earlier-papers", 0, false}},
        {case_withdrawals, {"withdrawals", 0, false}},
        {case_facility_met, {"facility-met", 0, true}},
        {case_facility_missed, {"facility-missed", PAPER_FACILITY_MISSED, true}},
        {case_options, {"options", 0, false}},
        {case_dry, {"dry-cell", 0, true}},
        {case_together, {"enemies-together", PAPER_ENEMIES_TOGETHER, true}},
        {case_whole, {"whole", 0, true}},
    };

    printf("{\"format\": \"mingfa-draw-vectors\", \"version\": %d,\n", DRAW_VERSION);
    numbers_print();
    printf(" \"cases\": [\n");
    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        json_t *c = cases[i].make();

        if (c == NULL)
            die(cases[i].expected.name, "could not be built");
        case_draw(c, &cases[i].expected);
        case_print(c);
        printf("%s", i + 1 < sizeof(cases) / sizeof(cases[0]) ? ",\n" : "\n");
        json_decref(c);
    }
    printf("]}\n");
    return fflush(stdout) == 0 ? 0 : 1;
}
