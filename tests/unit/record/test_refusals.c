/* What is not the one form of a payload is refused: every sample is damaged in every way that the
 * encoding has room for. Where a damaged payload is another valid one, it must be exactly the bytes
 * that its contents are written as. */
#include "question-bank/base/cbor.h"
#include "tests/unit/record/samples.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

enum { HEAD_BYTES_MAX = 9, FIELDS_MAX = 24 };

static struct {
    struct arena arena;
    struct sample samples[SAMPLES_MAX];
    size_t count;
    struct arena scratch; /* of one decoding */
} t;

static void make(void)
{
    arena_init(&t.arena, 0);
    arena_init(&t.scratch, 0);
    t.count = samples_make(&t.arena, t.samples);
}

static void drop(void)
{
    arena_fini(&t.scratch);
    arena_fini(&t.arena);
}

TestSuite(record_refusals, .init = make, .fini = drop);

static struct bytes encoded(const struct sample *s, struct buf *raw)
{
    buf_clear(raw);
    cr_assert_eq(sample_encode(s, raw, NULL), 0, "%s", s->name);
    return buf_view(raw);
}

/* Decodes an exact copy on the heap, so that a sanitizer sees a read past the end. */
static int decode(const struct sample *like, struct bytes raw, struct sample *out, struct err *err)
{
    uint8_t *copy = malloc(raw.len != 0 ? raw.len : 1);
    int rc;

    cr_assert_not_null(copy);
    if (raw.len != 0)
        memcpy(copy, raw.data, raw.len);
    arena_reset(&t.scratch);
    rc = sample_decode(sample_type(like), bytes_of(copy, raw.len), &t.scratch, out, err);
    free(copy);
    return rc;
}

static void expect_refused(const struct sample *like, struct bytes raw, const char *how,
                           size_t where)
{
    struct sample out;
    struct err err = {0};

    cr_assert_eq(decode(like, raw, &out, &err), ERR_CORRUPT, "%s: %s at %zu", like->name, how,
                 where);
    cr_assert_eq(err.code, ERR_CORRUPT);
}

/* Refused, or written again as the same bytes. True: refused. */
static bool refused_or_same(const struct sample *like, struct bytes raw, const char *how,
                            size_t where)
{
    struct sample out;
    struct buf again = {0};
    int rc = decode(like, raw, &out, NULL);

    if (rc == 0) {
        cr_assert_eq(sample_encode(&out, &again, NULL), 0, "%s: %s at %zu", like->name, how, where);
        cr_assert(bytes_equal(buf_view(&again), raw), "%s: %s at %zu", like->name, how, where);
        buf_fini(&again);
        return false;
    }
    cr_assert_eq(rc, ERR_CORRUPT, "%s: %s at %zu", like->name, how, where);
    return true;
}

/* ------------------------------------------------------------------ any damage */

Test(record_refusals, a_payload_cut_anywhere_is_refused)
{
    struct buf raw = {0};

    for (size_t i = 0; i < t.count; i++) {
        struct bytes whole = encoded(&t.samples[i], &raw);

        for (size_t len = 0; len < whole.len; len++)
            expect_refused(&t.samples[i], bytes_of(whole.data, len), "cut", len);
    }
    buf_fini(&raw);
}

Test(record_refusals, bytes_after_the_end_are_refused)
{
    struct buf raw = {0};

    for (size_t i = 0; i < t.count; i++)
        for (unsigned extra = 0; extra < 256; extra++) {
            encoded(&t.samples[i], &raw);
            buf_append_byte(&raw, (uint8_t)extra);
            expect_refused(&t.samples[i], buf_view(&raw), "extra byte", extra);
        }
    buf_fini(&raw);
}

Test(record_refusals, no_flipped_bit_reads_as_what_was_written)
{
    struct buf raw = {0};
    size_t refused = 0, other = 0;

    for (size_t i = 0; i < t.count; i++) {
        encoded(&t.samples[i], &raw);
        for (size_t bit = 0; bit < raw.len * 8; bit++) {
            uint8_t mask = (uint8_t)(1u << (bit % 8));

            raw.data[bit / 8] ^= mask;
            if (refused_or_same(&t.samples[i], buf_view(&raw), "bit", bit))
                refused++;
            else
                other++;
            raw.data[bit / 8] ^= mask;
        }
    }
    cr_assert_gt(refused, 0);
    cr_assert_gt(other, 0); /* digests take any value */
    buf_fini(&raw);
}

/* ------------------------------------------------------------------ heads */

struct head {
    size_t pos, len; /* of the head itself */
    uint8_t major;
    uint64_t value;
};

/* The head at pos of canonical bytes. */
static struct head head_read(struct bytes raw, size_t pos)
{
    struct head h = {.pos = pos, .len = 1, .major = (uint8_t)(raw.data[pos] >> 5)};
    uint8_t info = raw.data[pos] & 31;

    h.value = info;
    if (info >= 24) {
        h.len = 1 + ((size_t)1 << (info - 24));
        h.value = 0;
        for (size_t i = 1; i < h.len; i++)
            h.value = h.value << 8 | raw.data[pos + i];
    }
    return h;
}

static size_t head_next(const struct head *h)
{
    bool string = h->major == 2 || h->major == 3;

    return h->pos + h->len + (string ? (size_t)h->value : 0);
}

/* The bytes with the head h written in 1 + 2^width bytes. */
static void widen(struct bytes raw, const struct head *h, unsigned width, struct buf *out)
{
    uint8_t wide[HEAD_BYTES_MAX];
    size_t size = (size_t)1 << width;

    wide[0] = (uint8_t)(h->major << 5 | (24 + width));
    for (size_t i = 0; i < size; i++)
        wide[1 + i] = (uint8_t)(h->value >> (8 * (size - 1 - i)));
    buf_clear(out);
    buf_append(out, raw.data, h->pos);
    buf_append(out, wide, 1 + size);
    buf_append(out, raw.data + h->pos + h->len, raw.len - h->pos - h->len);
    cr_assert_eq(buf_error(out), 0);
}

Test(record_refusals, a_head_longer_than_it_need_be_is_refused)
{
    struct buf raw = {0}, wide = {0};
    size_t tried = 0;

    for (size_t i = 0; i < t.count; i++) {
        struct bytes whole = encoded(&t.samples[i], &raw);
        size_t pos = 0;

        while (pos < whole.len) {
            struct head h = head_read(whole, pos);

            for (unsigned width = 0; width < 4 && h.major != 7; width++) {
                if (1 + ((size_t)1 << width) <= h.len)
                    continue;
                widen(whole, &h, width, &wide);
                expect_refused(&t.samples[i], buf_view(&wide), "wide head", pos);
                tried++;
            }
            pos = head_next(&h);
        }
        cr_assert_eq(pos, whole.len);
    }
    cr_assert_gt(tried, 1000);
    buf_fini(&wide);
    buf_fini(&raw);
}

Test(record_refusals, indefinite_lengths_tags_and_floats_are_refused)
{
    static const uint8_t ends[] = {0xFF};
    static const uint8_t half[] = {0xF9, 0x3C, 0x00}; /* 1.0 */
    struct buf raw = {0}, bad = {0};

    for (size_t i = 0; i < t.count; i++) {
        struct bytes whole = encoded(&t.samples[i], &raw);

        buf_clear(&bad); /* the map as a stream with an end */
        buf_append_byte(&bad, 0xBF);
        buf_append(&bad, whole.data + 1, whole.len - 1);
        buf_append(&bad, ends, 1);
        expect_refused(&t.samples[i], buf_view(&bad), "indefinite map", 0);

        buf_clear(&bad); /* tag 55799: "this is CBOR" */
        buf_append(&bad, "\xD9\xD9\xF7", 3);
        buf_append(&bad, whole.data, whole.len);
        expect_refused(&t.samples[i], buf_view(&bad), "tag", 0);

        for (size_t pos = 1; pos < whole.len;) {
            struct head h = head_read(whole, pos);

            buf_clear(&bad);
            buf_append(&bad, whole.data, pos);
            buf_append(&bad, half, sizeof(half));
            buf_append(&bad, whole.data + head_next(&h), whole.len - head_next(&h));
            expect_refused(&t.samples[i], buf_view(&bad), "float", pos);
            pos = head_next(&h);
        }
    }
    buf_fini(&bad);
    buf_fini(&raw);
}

/* ------------------------------------------------------------------ entries of the map */

struct entry {
    struct bytes key, value;
};

/* Takes the outer map apart. */
static size_t entries_of(struct bytes raw, struct entry out[FIELDS_MAX])
{
    struct cbor_reader r;
    struct cbor_map map;
    uint64_t key;
    size_t n = 0;

    cbor_reader_init(&r, raw);
    cbor_read_map(&r, &map);
    for (size_t before = r.pos; cbor_map_next(&r, &map, &key); before = r.pos) {
        cr_assert_lt(n, FIELDS_MAX);
        out[n].key = bytes_of(raw.data + before, r.pos - before);
        out[n++].value = cbor_skip(&r);
    }
    cr_assert_eq(cbor_reader_finish(&r), 0);
    return n;
}

static struct bytes joined(const struct entry *entries, size_t count, struct buf *out)
{
    buf_clear(out);
    cbor_write_map(out, count);
    for (size_t i = 0; i < count; i++) {
        buf_append(out, entries[i].key.data, entries[i].key.len);
        buf_append(out, entries[i].value.data, entries[i].value.len);
    }
    cr_assert_eq(buf_error(out), 0);
    return buf_view(out);
}

Test(record_refusals, keys_unknown_missing_doubled_or_out_of_order_are_refused)
{
    struct entry entries[FIELDS_MAX], changed[FIELDS_MAX + 1];
    struct buf raw = {0}, bad = {0};
    uint8_t next;

    for (size_t i = 0; i < t.count; i++) {
        const struct sample *s = &t.samples[i];
        struct bytes whole = encoded(s, &raw);
        size_t n = entries_of(whole, entries);

        cr_assert(bytes_equal(joined(entries, n, &bad), whole), "%s", s->name); /* the tool works */

        next = (uint8_t)n;
        memcpy(changed, entries, sizeof(entries));
        changed[n] = (struct entry){bytes_of(&next, 1), bytes_of("\0", 1)};
        expect_refused(s, joined(changed, n + 1, &bad), "unknown key", n);

        changed[n - 1].key = bytes_of(&next, 1);
        expect_refused(s, joined(changed, n, &bad), "another last key", n);
        for (size_t k = 0; k < n; k++) {
            memcpy(changed, entries, sizeof(entries));
            memmove(&changed[k], &entries[k + 1], (n - k - 1) * sizeof(entries[0]));
            expect_refused(s, joined(changed, n - 1, &bad), "missing", k);

            memcpy(changed, entries, sizeof(entries));
            memmove(&changed[k + 1], &entries[k], (n - k) * sizeof(entries[0]));
            expect_refused(s, joined(changed, n + 1, &bad), "doubled", k);
            if (k + 1 < n) {
                memcpy(changed, entries, sizeof(entries));
                changed[k] = entries[k + 1];
                changed[k + 1] = entries[k];
                expect_refused(s, joined(changed, n, &bad), "out of order", k);
            }
        }
    }
    buf_fini(&bad);
    buf_fini(&raw);
}

Test(record_refusals, a_value_of_another_kind_is_refused_in_every_field)
{
    static const struct {
        const char *name;
        const char *raw;
        size_t len;
    } kinds[] = {{"0", "\x00", 1},
                 {"-1", "\x20", 1},
                 {"-2", "\x21", 1},
                 {"bytes", "\x40", 1},
                 {"text", "\x60", 1},
                 {"array", "\x80", 1},
                 {"map", "\xA0", 1},
                 {"false", "\xF4", 1},
                 {"null", "\xF6", 1},
                 {"undefined", "\xF7", 1},
                 {"2^64-1", "\x1B\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF", 9}};
    enum { KINDS = sizeof(kinds) / sizeof(kinds[0]) };
    struct entry entries[FIELDS_MAX];
    struct buf raw = {0}, bad = {0};

    for (size_t i = 0; i < t.count; i++) {
        const struct sample *s = &t.samples[i];
        size_t n = entries_of(encoded(s, &raw), entries);

        for (size_t k = 0; k < n; k++) {
            struct bytes own = entries[k].value;
            size_t accepted = 0;

            for (size_t v = 0; v < KINDS; v++) {
                entries[k].value = bytes_of(kinds[v].raw, kinds[v].len);
                if (!refused_or_same(s, joined(entries, n, &bad), kinds[v].name, k))
                    accepted++;
            }
            /* At most the field's own kind; band has 0 and -1. */
            cr_assert_leq(accepted, s->record.type == EVENT_SESSION_GRADED && k == 3 ? 2 : 1,
                          "%s, field %zu", s->name, k);
            entries[k].value = own;
        }
    }
    buf_fini(&bad);
    buf_fini(&raw);
}

/* ------------------------------------------------------------------ single fields */

/* The sample of the name with field k holding `value`. */
static struct bytes with_field(const char *name, size_t k, struct bytes value, struct buf *raw,
                               struct buf *out, const struct sample **like)
{
    struct entry entries[FIELDS_MAX];
    size_t i = 0, n;

    while (i < t.count && strcmp(t.samples[i].name, name) != 0)
        i++;
    cr_assert_lt(i, t.count, "%s", name);
    *like = &t.samples[i];
    n = entries_of(encoded(*like, raw), entries);
    cr_assert_lt(k, n);
    entries[k].value = value;
    return joined(entries, n, out);
}

static void text_write(struct buf *b, const char *text, size_t len)
{
    uint8_t head[3] = {0x79, (uint8_t)(len >> 8), (uint8_t)len};

    buf_clear(b);
    if (len < 24)
        buf_append_byte(b, (uint8_t)(0x60 | len));
    else if (len < 256) {
        buf_append_byte(b, 0x78);
        buf_append_byte(b, (uint8_t)len);
    } else
        buf_append(b, head, 3);
    buf_append(b, text, len);
}

Test(record_refusals, texts_that_are_not_plain_nfc_are_refused)
{
    static const struct {
        const char *text;
        size_t len;
        bool good;
    } cases[] = {{"e\xCC\x81", 3, false},        /* e and a combining acute: NFC has one letter */
                 {"\xC3\xA9", 2, true},          /* that letter */
                 {"a\0b", 3, false},             /* NUL */
                 {"\xFF", 1, false},             /* not UTF-8 */
                 {"\xC0\x80", 2, false},         /* overlong */
                 {"\xED\xA0\x80", 3, false},     /* surrogate */
                 {"\xF4\x90\x80\x80", 4, false}, /* beyond Unicode */
                 {"\xE6\xB3", 2, false},         /* cut */
                 {"\xE2\x84\xAB", 3, false},     /* angstrom sign: NFC has Å */
                 {"\xE6\xB3\x95", 3, true}};
    struct buf raw = {0}, out = {0}, value = {0};
    const struct sample *like;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        static const struct {
            const char *name;
            size_t field;
        } places[] = {
            {"session-voided", 1}, {"hearing-attended", 3}, {"person-set", 3}, {"password-set", 3}};

        for (size_t p = 0; p < sizeof(places) / sizeof(places[0]); p++) {
            struct sample got;
            struct bytes b;

            text_write(&value, cases[i].text, cases[i].len);
            b = with_field(places[p].name, places[p].field, buf_view(&value), &raw, &out, &like);
            cr_assert_eq(decode(like, b, &got, NULL), cases[i].good ? 0 : ERR_CORRUPT,
                         "case %zu in %s", i, places[p].name);
        }
    }
    buf_fini(&value);
    buf_fini(&out);
    buf_fini(&raw);
}

Test(record_refusals, dates_must_be_days_that_exist)
{
    static const struct {
        const char *date;
        bool good;
    } cases[] = {{"2026-05-20", true},  {"2024-02-29", true},   {"2000-02-29", true},
                 {"2026-02-29", false}, {"1900-02-29", false},  {"2026-04-31", false},
                 {"2026-13-01", false}, {"2026-00-01", false},  {"2026-01-00", false},
                 {"2026-1-01", false},  {"2026-01-1", false},   {"20260101", false},
                 {"2026/01/01", false}, {"0000-01-01", false},  {"0001-01-01", true},
                 {"9999-12-31", true},  {"2026-01-01 ", false}, {" 2026-01-0", false},
                 {"-026-01-01", false}, {"2026-01-32", false}};
    struct buf raw = {0}, out = {0}, value = {0};
    const struct sample *like;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sample got;
        struct bytes b;

        text_write(&value, cases[i].date, strlen(cases[i].date));
        b = with_field("hearing-attended", 4, buf_view(&value), &raw, &out, &like);
        cr_assert_eq(decode(like, b, &got, NULL), cases[i].good ? 0 : ERR_CORRUPT, "%s",
                     cases[i].date);
        b = with_field("person-set", 9, buf_view(&value), &raw, &out, &like);
        cr_assert_eq(decode(like, b, &got, NULL), cases[i].good ? 0 : ERR_CORRUPT, "%s",
                     cases[i].date);
    }
    buf_fini(&value);
    buf_fini(&out);
    buf_fini(&raw);
}

Test(record_refusals, the_server_as_actor_has_one_form)
{
    static const uint8_t zeros[34] = {0x58, 32}, short_one[18] = {0x50, 1};
    struct buf raw = {0}, out = {0};
    const struct sample *like;
    struct bytes b;

    b = with_field("session-voided", 0, bytes_of(zeros, sizeof(zeros)), &raw, &out, &like);
    expect_refused(like, b, "zero actor", 0);
    b = with_field("session-voided", 0, bytes_of(short_one, 17), &raw, &out, &like);
    expect_refused(like, b, "short actor", 0);
    b = with_field("session-voided", 0, bytes_of("\x40", 1), &raw, &out, &like);
    cr_assert_not(refused_or_same(like, b, "empty actor", 0));
    buf_fini(&out);
    buf_fini(&raw);
}

Test(record_refusals, numbers_beyond_their_range_are_refused)
{
    static const struct {
        const char *name;
        size_t field;
        uint64_t value;
        bool good;
    } cases[] = {
        {"session-started", 3, 0, false},
        {"session-started", 3, UINT32_MAX, true},
        {"session-started", 3, (uint64_t)UINT32_MAX + 1, false},
        {"session-started", 18, INT64_MAX, true},
        {"session-started", 18, (uint64_t)INT64_MAX + 1, false},
        {"session-opened", 1, 0, false},
        {"session-submitted", 1, INT64_MAX, true},
        {"session-submitted", 1, (uint64_t)INT64_MAX + 1, false},
        {"session-graded", 3, 255, true},
        {"session-graded", 3, 256, false},
        {"hearing-attended", 5, 0, false},
        {"hearing-attended", 5, 1, true},
        {"hearing-attended", 5, 3, false},
        {"person-set", 6, 0, false},
        {"person-set", 6, 4, false},
        {"share-committed", 3, 0, false},
        {"share-committed", 3, 3, false},
        {"exemption-set", 4, 3, false},
    };
    struct buf raw = {0}, out = {0}, value = {0};
    const struct sample *like;

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct sample got;
        struct bytes b;

        buf_clear(&value);
        cbor_write_uint(&value, cases[i].value);
        b = with_field(cases[i].name, cases[i].field, buf_view(&value), &raw, &out, &like);
        cr_assert_eq(decode(like, b, &got, NULL), cases[i].good ? 0 : ERR_CORRUPT, "case %zu", i);
    }
    buf_fini(&value);
    buf_fini(&out);
    buf_fini(&raw);
}

Test(record_refusals, the_message_names_event_and_field_in_both_languages)
{
    char zh[ERR_TEXT_BYTES_MAX], en[ERR_TEXT_BYTES_MAX];
    struct buf raw = {0}, out = {0};
    const struct sample *like;
    struct sample got;
    struct err err = {0};
    struct bytes b = with_field("hearing-attended", 4, bytes_of("\x60", 1), &raw, &out, &like);

    cr_assert_eq(decode(like, b, &got, &err), ERR_CORRUPT);
    err_text(&err, LANG_EN, en, sizeof(en));
    err_text(&err, LANG_ZH, zh, sizeof(zh));
    cr_assert_str_eq(en,
                     "the field date of a hearing-attended event does not have its agreed form");
    cr_assert_not_null(strstr(zh, "“hearing-attended”事件"));
    buf_fini(&out);
    buf_fini(&raw);
}

/* ------------------------------------------------------------------ writing, types, memory */

struct limits {
    struct payload p;
    struct registry_payload q;
    char long_text[PAYLOAD_REASON_BYTES_MAX + 1];
    struct response_entry entries[PAYLOAD_RESPONSES_MAX + 1];
    uint32_t awards[PAYLOAD_ITEMS_MAX + 1];
    struct bytes texts[EXAM_CATEGORIES_MAX + 1];
};

static void expect_code(const struct payload *p, int code, const char *what)
{
    struct buf raw = {0};
    struct err err = {0};

    cr_assert_eq(payload_encode(p, &raw, &err), code, "%s", what);
    cr_assert_eq(err.code, code, "%s", what);
    buf_fini(&raw);
}

static const struct sample *sample_named(const char *name)
{
    for (size_t i = 0; i < t.count; i++)
        if (strcmp(t.samples[i].name, name) == 0)
            return &t.samples[i];
    cr_assert_fail("%s", name);
    return NULL;
}

Test(record_refusals, what_could_not_be_read_is_not_written)
{
    struct limits *l = arena_alloc(&t.arena, sizeof(*l));

    memset(l->long_text, 'x', sizeof(l->long_text));
    l->p = sample_named("session-voided")->record;
    l->p.u.act.reason = bytes_of(l->long_text, PAYLOAD_REASON_BYTES_MAX);
    expect_code(&l->p, 0, "longest reason");
    l->p.u.act.reason = bytes_of(l->long_text, PAYLOAD_REASON_BYTES_MAX + 1);
    expect_code(&l->p, ERR_LIMIT, "reason");
    l->p.u.act.reason = bytes_of("e\xCC\x81", 3);
    expect_code(&l->p, ERR_LIMIT, "NFC");
    l->p = sample_named("session-voided")->record;
    l->p.u.act.at_ms = -1;
    expect_code(&l->p, ERR_LIMIT, "at");
    l->p = sample_named("hearing-attended")->record;
    l->p.u.attended.date = bytes_of_text("2026-02-30");
    expect_code(&l->p, ERR_LIMIT, "date");
    l->p.u.attended.date = bytes_of_text("");
    expect_code(&l->p, ERR_LIMIT, "no date");
    l->p = sample_named("session-graded")->record;
    l->p.u.graded.band = -2;
    expect_code(&l->p, ERR_LIMIT, "band");
    l->p.u.graded.band = 256;
    expect_code(&l->p, ERR_LIMIT, "band");
    l->p.u.graded.band = -1;
    l->p.u.graded.awards = (struct award_list){l->awards, PAYLOAD_ITEMS_MAX};
    expect_code(&l->p, 0, "most awards");
    l->p.u.graded.awards.count++;
    expect_code(&l->p, ERR_LIMIT, "awards");
    l->p = sample_named("session-started")->record;
    l->p.u.started.paper.len = 0;
    expect_code(&l->p, ERR_LIMIT, "no paper");
    l->p = (struct payload){.type = 999};
    expect_code(&l->p, ERR_BAD_INPUT, "type");
    l->p.type = EVENT_UNIT_SET;
    expect_code(&l->p, ERR_BAD_INPUT, "type of the registry");
}

Test(record_refusals, responses_at_their_bounds)
{
    struct limits *l = arena_alloc(&t.arena, sizeof(*l));
    struct buf raw = {0};
    struct sample got;

    memset(l->long_text, 'x', sizeof(l->long_text));
    l->p = sample_named("responses")->record;
    l->p.u.responses.responses = (struct response_list){l->entries, 0};
    expect_code(&l->p, ERR_LIMIT, "no response");
    for (size_t i = 0; i <= PAYLOAD_RESPONSES_MAX; i++)
        l->entries[i] = (struct response_entry){.kind = RESPONSE_VALUE_MASK};
    l->p.u.responses.responses.count = PAYLOAD_RESPONSES_MAX;
    expect_code(&l->p, 0, "most responses");
    cr_assert_eq(payload_encode(&l->p, &raw, NULL), 0);
    cr_assert_eq(decode(sample_named("responses"), buf_view(&raw), &got, NULL), 0);
    cr_assert_eq(got.record.u.responses.responses.count, PAYLOAD_RESPONSES_MAX);
    l->p.u.responses.responses.count = PAYLOAD_RESPONSES_MAX + 1;
    expect_code(&l->p, ERR_LIMIT, "responses");

    l->p.u.responses.responses.count = 1;
    l->entries[0].item = PAYLOAD_ITEMS_MAX;
    expect_code(&l->p, ERR_LIMIT, "item");
    l->entries[0].item = 0;
    l->entries[0].device_seq = (uint64_t)INT64_MAX + 1;
    expect_code(&l->p, ERR_LIMIT, "device seq");
    l->entries[0].device_seq = 0;
    l->entries[0].kind = RESPONSE_VALUE_TEXT;
    l->entries[0].text = bytes_of(l->long_text, PAYLOAD_ANSWER_BYTES_MAX);
    expect_code(&l->p, 0, "longest answer");
    l->entries[0].text.len++;
    expect_code(&l->p, ERR_LIMIT, "answer");
    /* The event as a whole has a bound, too. */
    for (size_t i = 0; i < PAYLOAD_RESPONSES_MAX; i++) {
        l->entries[i].kind = RESPONSE_VALUE_TEXT;
        l->entries[i].text = bytes_of(l->long_text, PAYLOAD_ANSWER_BYTES_MAX);
    }
    l->p.u.responses.responses.count = PAYLOAD_RESPONSES_MAX;
    expect_code(&l->p, 0, "most and longest: below one MiB");
    buf_fini(&raw);
}

Test(record_refusals, exam_definitions_at_their_bounds)
{
    struct limits *l = arena_alloc(&t.arena, sizeof(*l));
    struct exam_definition *d = &l->q.u.exam.definition;
    uint8_t *large = arena_alloc(&t.arena, EXAM_BLUEPRINT_BYTES_MAX + 1);
    struct buf raw = {0};

    l->q = sample_named("exam-created")->entry;
    for (size_t i = 0; i <= EXAM_CATEGORIES_MAX; i++)
        l->texts[i] = bytes_of_text("处级");
    d->categories = (struct text_list){l->texts, EXAM_CATEGORIES_MAX};
    d->blueprint = bytes_of(large, EXAM_BLUEPRINT_BYTES_MAX);
    d->rules = bytes_of(large, EXAM_RULES_BYTES_MAX);
    d->attempts = EXAM_ATTEMPTS_MAX;
    cr_assert_eq(registry_payload_encode(&l->q, &raw, NULL), 0);
    d->categories.count++;
    cr_assert_eq(registry_payload_encode(&l->q, &raw, NULL), ERR_LIMIT);
    d->categories.count = 1;
    l->texts[0].len = 0;
    cr_assert_eq(registry_payload_encode(&l->q, &raw, NULL), ERR_LIMIT);
    d->categories.count = 0;
    d->blueprint.len++;
    cr_assert_eq(registry_payload_encode(&l->q, &raw, NULL), ERR_LIMIT);
    d->blueprint.len = 1;
    d->rules.len++;
    cr_assert_eq(registry_payload_encode(&l->q, &raw, NULL), ERR_LIMIT);
    d->rules.len = 1;
    d->attempts++;
    cr_assert_eq(registry_payload_encode(&l->q, &raw, NULL), ERR_LIMIT);
    d->attempts = 1;
    d->year = 10000;
    cr_assert_eq(registry_payload_encode(&l->q, &raw, NULL), ERR_LIMIT);
    d->year = 2026;
    cr_assert_eq(registry_payload_encode(&l->q, &raw, NULL), 0);
    buf_fini(&raw);
}

Test(record_refusals, types_of_the_other_file_and_unknown_ones_are_refused)
{
    struct buf raw = {0};
    struct payload p;
    struct registry_payload q;

    for (size_t i = 0; i < t.count; i++) {
        struct bytes whole = encoded(&t.samples[i], &raw);
        uint16_t type = sample_type(&t.samples[i]);

        if (t.samples[i].registry)
            cr_assert_eq(payload_decode(type, whole, &t.scratch, &p, NULL), ERR_CORRUPT);
        else
            cr_assert_eq(registry_payload_decode(type, whole, &t.scratch, &q, NULL), ERR_CORRUPT);
        cr_assert_eq(payload_decode(0, whole, &t.scratch, &p, NULL), ERR_CORRUPT);
        cr_assert_eq(registry_payload_decode(65535, whole, &t.scratch, &q, NULL), ERR_CORRUPT);
    }
    buf_fini(&raw);
}

Test(record_refusals, without_memory_the_result_is_untouched)
{
    struct buf raw = {0};
    struct bytes whole = encoded(sample_named("exam-created"), &raw);
    struct registry_payload q, before;
    size_t failed = 0;
    int rc = ERR_NOMEM;

    memset(&q, 0x5A, sizeof(q));
    before = q;
    for (size_t limit = 1; rc == ERR_NOMEM; limit += 16) {
        struct arena small;

        arena_init(&small, limit);
        rc = registry_payload_decode(EVENT_EXAM_CREATED, whole, &small, &q, NULL);
        if (rc == ERR_NOMEM) {
            cr_assert_eq(memcmp(&q, &before, sizeof(q)), 0);
            failed++;
        }
        arena_fini(&small);
    }
    cr_assert_eq(rc, 0);
    cr_assert_gt(failed, 5);
    buf_fini(&raw);
}
