/* Keyrings and blueprints as JSON: read, written again, and the path of what is wrong. */
#include "question-bank/format/blueprint_json.h"
#include "question-bank/format/keyring_json.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* `text` with `from` replaced by `to`. */
static void edit(struct buf *out, const char *text, const char *from, const char *to)
{
    const char *at = strstr(text, from);

    cr_assert_not_null(at, "%s", from);
    buf_append(out, text, (size_t)(at - text));
    buf_append_text(out, to);
    buf_append_text(out, at + strlen(from));
}

/* ---- keyring ---- */

static struct keyring *keyring;
static struct buf text_of_two;

static void entry_init(struct keyring_entry *e, enum seal_alg alg, const char *name)
{
    struct signing_key *signing_key = NULL;

    cr_assert_eq(signing_key_generate(alg, &signing_key, NULL), 0);
    cr_assert_eq(
        public_key_import(public_key_der(signing_key_public(signing_key)), &e->public_key, NULL),
        0);
    signing_key_free(signing_key);
    strcpy(e->name, name);
    e->role = KEYRING_CUSTODIAN;
    strcpy(e->valid_from, "2026-01-01");
    strcpy(e->valid_to, "2029-01-01");
}

static void keyring_init(void)
{
    keyring = calloc(1, sizeof *keyring);
    keyring->quorum = 2;
    entry_init(&keyring->entries[0], SEAL_SM2, "甲");
    entry_init(&keyring->entries[1], SEAL_ED25519, "乙");
    strcpy(keyring->entries[1].revoked, "2027-05-01");
    keyring->count = 2;
    cr_assert_eq(keyring_json_write(keyring, &text_of_two, NULL), 0);
}

static void keyring_done(void)
{
    keyring_fini(keyring);
    free(keyring);
    buf_fini(&text_of_two);
}

TestSuite(keyring_json, .init = keyring_init, .fini = keyring_done);

Test(keyring_json, a_keyring_is_read_as_it_was_written)
{
    struct keyring *again = calloc(1, sizeof *again);
    struct buf text = {0};

    cr_assert_eq(keyring_json_read(buf_view(&text_of_two), again, NULL), 0);
    cr_assert_eq(again->quorum, 2u);
    cr_assert_eq(again->count, 2u);
    cr_assert_str_eq(again->entries[0].revoked, "");
    cr_assert_str_eq(again->entries[1].revoked, "2027-05-01");
    cr_assert_not_null(keyring_find(again, public_key_id(keyring->entries[1].public_key)));
    cr_assert_null(keyring_find(again, "0000000000000000"));
    cr_assert_eq(keyring_json_write(again, &text, NULL), 0);
    cr_assert(bytes_equal(buf_view(&text), buf_view(&text_of_two)));
    keyring_fini(again);
    free(again);
    buf_fini(&text);
}

Test(keyring_json, a_mistake_is_named_by_its_path)
{
    static const struct {
        const char *from, *to, *says;
    } cases[] = {
        {"\"quorum\": 2", "\"quorum\": 0", "$.quorum: found 0"},
        {"\"quorum\": 2", "\"quorum\": \"2\"", "$.quorum: found"},
        {"\"quorum\": 2", "\"quorum\": 3", "$.quorum"},
        {"\"quorum\": 2,", "", "$.quorum"},
        {"\"quorum\": 2", "\"quorum\": 2, \"quorum\": 1", "not JSON"},
        {"\"quorum\": 2", "\"quorum\": 2, \"colour\": 1", "'colour'"},
        {"\"alg\": \"sm2\"", "\"alg\": \"ed25519\"", "$.keys[0]"},
        {"\"role\": \"custodian\"", "\"role\": \"king\"", "$.keys[0].role: found"},
        {"\"name\": \"乙\"", "\"name\": \"\"", "$.keys[1].name"},
        {"\"valid_from\": \"2026-01-01\"", "\"valid_from\": \"2026-02-30\"",
         "$.keys[0].valid_from"},
        {"\"valid_to\": \"2029-01-01\"", "\"valid_to\": \"2025-01-01\"", "$.keys[0]"},
        {"\"revoked\": null", "\"revoked\": \"soon\"", "$.keys[0].revoked"},
        {"\"public\": \"M", "\"public\": \"N", "$.keys[0].public"},
        {"{", "[", "not JSON: line "},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct keyring *again = calloc(1, sizeof *again);
        struct buf text = {0};
        struct err err = {0};
        char said[ERR_TEXT_BYTES_MAX];

        edit(&text, buf_text(&text_of_two), cases[i].from, cases[i].to);
        cr_assert_eq(keyring_json_read(buf_view(&text), again, &err), ERR_BAD_INPUT, "case %zu", i);
        err_text(&err, LANG_EN, said, sizeof said);
        cr_assert_not_null(strstr(said, cases[i].says), "case %zu: %s", i, said);
        free(again);
        buf_fini(&text);
    }
}

Test(keyring_json, a_key_id_that_is_not_its_keys_is_refused)
{
    struct keyring *again = calloc(1, sizeof *again);
    struct buf text = {0};

    edit(&text, buf_text(&text_of_two), public_key_id(keyring->entries[0].public_key),
         "0123456789abcdef");
    cr_assert_eq(keyring_json_read(buf_view(&text), again, NULL), ERR_BAD_INPUT);
    free(again);
    buf_fini(&text);
}

/* ---- blueprint ---- */

static const char blueprint_text[] =
    "{ \"name\": \"年度\", \"cells\": [\n"
    "  {\"type\": \"single\", \"area\": \"宪法\", \"difficulty\": [1, 3], \"level\": 1,\n"
    "   \"audience\": \"公务员\", \"count\": 2, \"points\": 100},\n"
    "  {\"type\": \"fill_in\", \"count\": 1, \"points\": 250} ],\n"
    "  \"required\": [\"XF-S-001\"], \"enemies\": [[\"XF-S-001\", \"XF-F-001\"]],\n"
    "  \"facility\": [5000, 9000] }\n";

Test(blueprint_json, a_blueprint_is_read_and_keeps_its_digest_when_written)
{
    struct arena arena;
    struct blueprint first;
    struct blueprint again;
    struct buf text = {0};
    struct digest a;
    struct digest b;

    arena_init(&arena, 0);
    cr_assert_eq(blueprint_json_read(bytes_of_text(blueprint_text), &arena, &first, NULL), 0);
    cr_assert_eq(first.cells_count, 2u);
    cr_assert_eq(first.cells[0].difficulty_max, 3);
    cr_assert_eq(first.cells[1].type, ITEM_FILL_IN);
    cr_assert_eq(first.cells[1].difficulty_min, 1);
    cr_assert_eq(first.cells[1].difficulty_max, 5);
    cr_assert_eq(first.cells[1].area.len, 0u);
    cr_assert_eq(first.required_count, 1u);
    cr_assert_eq(first.enemies_count, 1u);
    cr_assert(first.has_facility_bounds);
    cr_assert_eq(blueprint_json_write(&first, &text, NULL), 0);
    cr_assert_eq(blueprint_json_read(buf_view(&text), &arena, &again, NULL), 0);
    a = blueprint_digest(&first);
    b = blueprint_digest(&again);
    cr_assert(digest_equal(&a, &b));
    buf_fini(&text);
    arena_fini(&arena);
}

Test(blueprint_json, a_mistake_is_named_by_its_path)
{
    static const struct {
        const char *from, *to, *says;
    } cases[] = {
        {"\"single\"", "\"essay\"", "$.cells[0].type: found"},
        {"\"count\": 2", "\"count\": -1", "$.cells[0].count"},
        {"\"count\": 2", "\"count\": 2.5", "$.cells[0].count"},
        {"\"count\": 2, ", "", "$.cells[0].count"},
        {"[1, 3]", "[1]", "$.cells[0].difficulty"},
        {"[1, 3]", "[1, 9]", "$.cells[0].difficulty"},
        {"\"level\": 1", "\"level\": 4", "$.cells[0].level"},
        {"\"points\": 250", "\"points\": 250, \"weight\": 1", "'weight'"},
        {"\"name\": \"年度\", ", "", "$.name"},
        {"[\"XF-S-001\"]", "[7]", "$.required[0]"},
        {"[[\"XF-S-001\", \"XF-F-001\"]]", "[[\"XF-S-001\"]]", "$.enemies[0]"},
        {"[5000, 9000]", "[5000]", "$.facility"},
        {"[5000, 9000]", "[5000, 10001]", "$.facility"},
        {"\"facility\"", "facility", "not JSON: line 6"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena arena;
        struct blueprint bp;
        struct buf text = {0};
        struct err err = {0};
        char said[ERR_TEXT_BYTES_MAX];

        arena_init(&arena, 0);
        edit(&text, blueprint_text, cases[i].from, cases[i].to);
        cr_assert_eq(blueprint_json_read(buf_view(&text), &arena, &bp, &err), ERR_BAD_INPUT,
                     "case %zu", i);
        err_text(&err, LANG_EN, said, sizeof said);
        cr_assert_not_null(strstr(said, cases[i].says), "case %zu: %s", i, said);
        buf_fini(&text);
        arena_fini(&arena);
    }
}

Test(blueprint_json, a_sentence_is_of_one_language)
{
    static const struct {
        const char *from, *to, *zh, *en;
    } cases[] = {
        {"\"count\": 2, ", "", "$.cells[0].count：什么也没有写，应当是：整数 1…1000",
         "$.cells[0].count: found nothing, expected an integer, 1…1000"},
        {"[1, 3]", "[3, 1]", "$.cells[0].difficulty：写的是 [3,1]，应当是：[小, 大]，均在 1…5 之内",
         "$.cells[0].difficulty: found [3,1], expected [low, high] within 1…5"},
        {"[[\"XF-S-001\", \"XF-F-001\"]]", "[[\"XF-S-001\", \"XF-S-001\"]]",
         "$.enemies[0]：写的是 [\"XF-S-001\",\"XF-S-001\"]，应当是：两个不同的编号",
         "$.enemies[0]: found [\"XF-S-001\",\"XF-S-001\"], expected two different ids"},
        {"\"facility\": [5000, 9000] }\n", "", "不是正确的 JSON：第 6 行第 2 列，内容不完整",
         "not JSON: line 6, column 2: it ends too early"},
        {"\"facility\"", "facility", "不是正确的 JSON：第 6 行第 10 列，语法有误",
         "not JSON: line 6, column 10: a syntax error"},
        {"9000] }\n", "9000] } {}", "不是正确的 JSON：第 6 行第 30 列，结尾之后还有内容",
         "not JSON: line 6, column 30: there is more behind its end"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct arena arena;
        struct blueprint bp;
        struct buf text = {0};
        struct err err = {0};
        char said[ERR_TEXT_BYTES_MAX];

        arena_init(&arena, 0);
        edit(&text, blueprint_text, cases[i].from, cases[i].to);
        cr_assert_eq(blueprint_json_read(buf_view(&text), &arena, &bp, &err), ERR_BAD_INPUT,
                     "case %zu", i);
        err_text(&err, LANG_ZH, said, sizeof said);
        cr_assert_str_eq(said, cases[i].zh);
        err_text(&err, LANG_EN, said, sizeof said);
        cr_assert_str_eq(said, cases[i].en);
        buf_fini(&text);
        arena_fini(&arena);
    }
}
