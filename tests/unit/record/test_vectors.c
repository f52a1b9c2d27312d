/* Payloads, leaves and session chains against tests/vectors/record-v1.json, whose other side is
 * tests/record/record_v1.py. Here every sample is a struct, so a field under the wrong key shows. */
#include "server/record/chain.h"
#include "server/record/leaf.h"
#include "tests/unit/record/samples.h"

#include <criterion/criterion.h>
#include <jansson.h>
#include <string.h>

static const struct {
    const char *name;
    enum digest_alg alg;
} suites[] = {{"sm3-sm2", DIGEST_SM3}, {"sha256-ed25519", DIGEST_SHA256}};
enum { SUITES = 2 };

static struct {
    struct arena arena;
    struct sample samples[SAMPLES_MAX];
    size_t count;
    json_t *vectors;
    json_t *events; /* borrowed */
} t;

static void open_vectors(void)
{
    json_error_t e;

    arena_init(&t.arena, 0);
    t.count = samples_make(&t.arena, t.samples);
    t.vectors = json_load_file(MINGFA_SOURCE_DIR "/tests/vectors/record-v1.json", 0, &e);
    cr_assert_not_null(t.vectors, "%s", e.text);
    t.events = json_object_get(t.vectors, "events");
    cr_assert(t.count > 0 && json_array_size(t.events) == t.count, "%zu samples", t.count);
}

static void close_vectors(void)
{
    json_decref(t.vectors);
    arena_fini(&t.arena);
}

TestSuite(record_vectors, .init = open_vectors, .fini = close_vectors);

static struct bytes hex_of(const json_t *text)
{
    const char *hex = json_string_value(text);
    uint8_t *out;

    cr_assert_not_null(hex);
    out = arena_alloc(&t.arena, strlen(hex) / 2);
    cr_assert_not_null(out);
    cr_assert_eq(hex_decode(out, strlen(hex) / 2, hex, strlen(hex)), 0);
    return bytes_of(out, strlen(hex) / 2);
}

/* Event i of the file, its payload in the arena. */
static struct event event_at(size_t i)
{
    const json_t *v = json_array_get(t.events, i);
    struct event e = {
        .seq = json_integer_value(json_object_get(v, "seq")),
        .type = (uint16_t)json_integer_value(json_object_get(v, "type")),
        .recorded_ms = json_integer_value(json_object_get(v, "recorded_ms")),
        .session = json_is_null(json_object_get(v, "salt")) ? 1 : 0,
        .payload = hex_of(json_object_get(v, "payload")),
    };

    cr_assert_str_eq(json_string_value(json_object_get(v, "name")), t.samples[i].name);
    return e;
}

static void expect_digest(const struct digest *d, const json_t *of_suites, const char *suite,
                          const char *name)
{
    struct bytes want = hex_of(json_object_get(of_suites, suite));

    cr_assert(bytes_equal(digest_view(d), want), "%s, %s", name, suite);
}

Test(record_vectors, every_sample_is_encoded_to_the_bytes_of_the_file)
{
    struct buf raw = {0};

    for (size_t i = 0; i < t.count; i++) {
        struct event e = event_at(i);

        buf_clear(&raw);
        cr_assert_eq(sample_type(&t.samples[i]), e.type, "%s", t.samples[i].name);
        cr_assert_eq(sample_encode(&t.samples[i], &raw, NULL), 0, "%s", t.samples[i].name);
        cr_assert(bytes_equal(buf_view(&raw), e.payload), "%s", t.samples[i].name);
    }
    buf_fini(&raw);
}

Test(record_vectors, the_bytes_of_the_file_are_decoded_to_the_samples)
{
    struct sample *got = arena_alloc(&t.arena, sizeof(*got));
    struct buf raw = {0};

    for (size_t i = 0; i < t.count; i++) {
        struct event e = event_at(i);

        buf_clear(&raw);
        cr_assert_eq(sample_decode(e.type, e.payload, &t.arena, got, NULL), 0, "%s",
                     t.samples[i].name);
        cr_assert_eq(sample_encode(got, &raw, NULL), 0);
        cr_assert(bytes_equal(buf_view(&raw), e.payload), "%s", t.samples[i].name);
    }
    buf_fini(&raw);
}

Test(record_vectors, decoded_texts_are_copies_that_end_in_nul)
{
    struct registry_payload p;
    struct buf raw = {0};
    size_t i = 0;

    while (i < t.count && sample_type(&t.samples[i]) != EVENT_PERSON_SET)
        i++;
    cr_assert_lt(i, t.count);
    cr_assert_eq(sample_encode(&t.samples[i], &raw, NULL), 0);
    cr_assert_eq(registry_payload_decode(EVENT_PERSON_SET, buf_view(&raw), &t.arena, &p, NULL), 0);
    memset(raw.data, 0xAA, raw.len);
    cr_assert_str_eq((const char *)p.u.person.number.data, "P-0001");
    cr_assert_str_eq((const char *)p.u.person.name.data, "张三");
    cr_assert_str_eq((const char *)p.u.person.appointed.data, "2021-08-15");
    buf_fini(&raw);
}

Test(record_vectors, every_type_has_samples_and_a_name_of_its_own)
{
    size_t known = 0;

    for (uint32_t type = 0; type <= UINT16_MAX; type++) {
        bool shown = false;

        if (!payload_type_known((uint16_t)type) && !registry_payload_type_known((uint16_t)type)) {
            cr_assert_str_eq(event_type_name((uint16_t)type), "unknown");
            continue;
        }
        known++;
        for (size_t i = 0; i < t.count; i++) {
            /* The file's names begin with the type's, but where a sample shows its opposite. */
            bool own = sample_type(&t.samples[i]) == type;
            shown =
                shown || (own && strcmp(t.samples[i].name, event_type_name((uint16_t)type)) == 0);
        }
        cr_assert(shown, "type %u, %s", type, event_type_name((uint16_t)type));
    }
    cr_assert_eq(known, 14 + 16);
}

Test(record_vectors, leaves_are_those_of_the_file)
{
    struct bytes secret = hex_of(json_object_get(t.vectors, "secret"));
    size_t leaves = 0;

    for (size_t i = 0; i < t.count; i++) {
        const json_t *v = json_array_get(t.events, i);
        struct event e = event_at(i);
        struct event_leaf leaf;

        for (size_t s = 0; s < SUITES; s++) {
            if (e.session != 0)
                leaf_of_session(suites[s].alg, secret.data, &e, &leaf);
            else
                leaf_free(suites[s].alg, hex_of(json_object_get(v, "salt")).data, &e, &leaf);
            cr_assert_eq(leaf.has_leaf, e.type != EVENT_RESPONSES);
            cr_assert_eq(leaf.store_salt, e.session == 0);
            if (!leaf.has_leaf) {
                cr_assert(json_is_null(json_object_get(v, "leaf")));
                continue;
            }
            expect_digest(&leaf.leaf, json_object_get(v, "leaf"), suites[s].name,
                          t.samples[i].name);
            leaves++;
        }
    }
    cr_assert_gt(leaves, 60);
}

Test(record_vectors, session_chains_are_those_of_the_file)
{
    struct bytes secret = hex_of(json_object_get(t.vectors, "secret"));
    struct bytes uuid = hex_of(json_object_get(t.vectors, "session_uuid"));
    size_t heads = 0;

    for (size_t s = 0; s < SUITES; s++) {
        struct digest head = chain_init(suites[s].alg, secret.data, uuid.data);

        expect_digest(&head, json_object_get(t.vectors, "first_head"), suites[s].name, "h0");
        for (size_t i = 0; i < t.count; i++) {
            const json_t *v = json_array_get(t.events, i);
            struct event e = event_at(i);

            if (e.session == 0)
                continue;
            head = chain_next(suites[s].alg, &head, &e);
            expect_digest(&head, json_object_get(v, "head"), suites[s].name, t.samples[i].name);
            heads++;
        }
    }
    cr_assert_gt(heads, 30);
}
