/* The vectors of draw-v1: every paper in tests/vectors/draw-v1.json is drawn again, and the smallest
 * of them stands in docs/draw-format.md as it stands there. */
#include "tests/draw/case.h"

#include "question-bank/bank/draw.h"
#include "question-bank/base/file.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#define VECTORS  MINGFA_SOURCE_DIR "/tests/vectors/draw-v1.json"
#define DOCUMENT MINGFA_SOURCE_DIR "/docs/draw-format.md"

enum { FILE_BYTES_MAX = 4 * 1024 * 1024, CASES_MIN = 10, NUMBERS_MIN = 9 };

static json_t *vectors_read(void)
{
    json_error_t error;
    json_t *vectors = json_load_file(VECTORS, 0, &error);

    cr_assert_not_null(vectors, "%s: line %d: %s", VECTORS, error.line, error.text);
    cr_assert_eq(json_integer_value(json_object_get(vectors, "version")), DRAW_VERSION);
    return vectors;
}

static void same_or_say(const char *name, size_t index, json_t *drawn, const json_t *expected)
{
    char *text = json_dumps(drawn, JSON_COMPACT);

    cr_assert(json_equal(drawn, expected), "case %s, paper %zu: drawn %s", name, index, text);
    free(text);
    json_decref(drawn);
}

Test(draw_vectors, every_paper_is_drawn_again)
{
    json_t *vectors = vectors_read();
    json_t *cases = json_object_get(vectors, "cases");
    unsigned flags_seen = 0;
    bool redrawn = false;
    size_t index;
    json_t *json;

    cr_assert_geq(json_array_size(cases), CASES_MIN);
    json_array_foreach(cases, index, json)
    {
        const char *name = json_string_value(json_object_get(json, "name"));
        const json_t *papers = json_object_get(json, "papers");
        struct draw_case c;

        draw_case_load(&c, json);
        cr_assert_gt(c.people_count, 0);
        cr_assert_eq(json_array_size(papers), c.people_count);
        same_or_say(name, 0, draw_case_digests(&c), json_object_get(json, "digests"));
        for (size_t i = 0; i < c.people_count; i++) {
            const json_t *paper = json_array_get(papers, i);

            same_or_say(name, i, draw_case_paper(&c, i), paper);
            flags_seen |= 1U << json_integer_value(json_object_get(paper, "flags"));
            redrawn = redrawn || json_integer_value(json_object_get(paper, "try")) > 0;
        }
        draw_case_fini(&c);
    }
    cr_assert_eq(flags_seen, 1U << 0 | 1U << PAPER_FACILITY_MISSED | 1U << PAPER_ENEMIES_TOGETHER);
    cr_assert(redrawn);
    json_decref(vectors);
}

Test(draw_vectors, every_number_is_read_again)
{
    json_t *vectors = vectors_read();
    json_t *all = json_object_get(vectors, "numbers");
    size_t index;
    json_t *json;

    cr_assert_geq(json_array_size(all), NUMBERS_MIN);
    json_array_foreach(all, index, json)
    {
        const char *hex = json_string_value(json_object_get(json, "seed"));
        uint32_t t = (uint32_t)json_integer_value(json_object_get(json, "try"));
        uint32_t n = (uint32_t)json_integer_value(json_object_get(json, "n"));
        size_t count = json_array_size(json_object_get(json, "numbers"));
        struct seed seed;

        cr_assert_gt(count, 0);
        cr_assert_eq(hex_decode(seed.b, sizeof(seed.b), hex, strlen(hex)), 0);
        same_or_say("numbers", index, draw_numbers_json(&seed, t, n, count), json);
    }
    json_decref(vectors);
}

Test(draw_vectors, a_number_is_read_only_below_the_last_whole_multiple)
{
    static const struct {
        uint32_t n, last; /* the greatest r that is fair */
    } edges[] = {
        {2, 0xFFFFFFFF},          {3, 0xFFFFFFFE},          {5, 0xFFFFFFFE},
        {7, 0xFFFFFFFB},          {10, 0xFFFFFFF9},         {1000, 4294966999U},
        {0x80000000, 0xFFFFFFFF}, {0x80000001, 0x80000000}, {0xC0000000, 0xBFFFFFFF},
        {0xFFFFFFFF, 0xFFFFFFFE},
    };

    for (size_t i = 0; i < sizeof(edges) / sizeof(edges[0]); i++) {
        cr_assert(draw_number_fair(0, edges[i].n));
        cr_assert(draw_number_fair(edges[i].last, edges[i].n), "n = %u", edges[i].n);
        if (edges[i].last != UINT32_MAX)
            cr_assert_not(draw_number_fair(edges[i].last + 1, edges[i].n), "n = %u", edges[i].n);
    }
}

static void document_has(const char *document, const json_t *value)
{
    char *text =
        json_is_string(value) ? strdup(json_string_value(value)) : json_dumps(value, JSON_COMPACT);

    cr_assert_not_null(strstr(document, text), "docs/draw-format.md does not hold %s", text);
    free(text);
}

Test(draw_vectors, the_document_repeats_the_smallest_case)
{
    static const char *const of_case[] = {"officer_share", "custodian_share", "exam_uuid",
                                          "release", "rules"};
    static const char *const of_person[] = {"pseudonym", "nonce"};
    static const char *const of_paper[] = {"seed", "earlier_digest", "items", "paper_digest"};
    json_t *vectors = vectors_read();
    json_t *smallest = json_array_get(json_object_get(vectors, "cases"), 0);
    struct buf raw = {0};
    const char *document;
    const char *name;
    json_t *value;
    size_t i;

    cr_assert_eq(file_read(DOCUMENT, FILE_BYTES_MAX, &raw, NULL), 0);
    document = buf_text(&raw);
    for (i = 0; i < sizeof(of_case) / sizeof(of_case[0]); i++)
        document_has(document, json_object_get(smallest, of_case[i]));
    json_object_foreach(json_object_get(smallest, "digests"), name, value)
        document_has(document, value);
    for (size_t p = 0; p < json_array_size(json_object_get(smallest, "papers")); p++) {
        for (i = 0; i < sizeof(of_person) / sizeof(of_person[0]); i++)
            document_has(document,
                         json_object_get(json_array_get(json_object_get(smallest, "people"), p),
                                         of_person[i]));
        for (i = 0; i < sizeof(of_paper) / sizeof(of_paper[0]); i++)
            document_has(document,
                         json_object_get(json_array_get(json_object_get(smallest, "papers"), p),
                                         of_paper[i]));
    }
    buf_fini(&raw);
    json_decref(vectors);
}
