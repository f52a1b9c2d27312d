/* Deterministic CBOR: what is written is read back; whatever is not written that way is refused.
 * Vectors: RFC 8949 Appendix A, the subset in use. libcbor's own reader is the second opinion on
 * whatever is accepted. */
#include "question-bank/base/cbor.h"

#include <cbor.h>
#include <criterion/criterion.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void expect_hex(struct buf *b, const char *hex)
{
    char text[512];

    cr_assert_eq(buf_error(b), 0);
    cr_assert_lt(b->len * 2, sizeof(text));
    hex_encode(text, b->data, b->len);
    cr_assert_str_eq(text, hex);
    buf_clear(b);
}

Test(cbor, integers_are_written_in_their_shortest_form)
{
    static const struct {
        int64_t value;
        const char *hex;
    } cases[] = {{0, "00"},
                 {1, "01"},
                 {10, "0a"},
                 {23, "17"},
                 {24, "1818"},
                 {100, "1864"},
                 {1000, "1903e8"},
                 {1000000, "1a000f4240"},
                 {-1, "20"},
                 {-10, "29"},
                 {-100, "3863"},
                 {-1000, "3903e7"},
                 {INT64_MAX, "1b7fffffffffffffff"},
                 {INT64_MIN, "3b7fffffffffffffff"}};
    struct buf b = {0};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct cbor_reader r;

        cbor_write_int(&b, cases[i].value);
        cbor_reader_init(&r, buf_view(&b));
        cr_assert_eq(cbor_read_int(&r), cases[i].value);
        cr_assert_eq(cbor_reader_finish(&r), 0);
        expect_hex(&b, cases[i].hex);
    }
    cbor_write_uint(&b, UINT64_MAX);
    expect_hex(&b, "1bffffffffffffffff");
    buf_fini(&b);
}

Test(cbor, strings_arrays_maps_and_simple_values_have_the_bytes_of_the_rfc)
{
    struct buf b = {0};

    cbor_write_text(&b, "IETF", 4);
    expect_hex(&b, "6449455446");
    cbor_write_text(&b, "水", 3);
    expect_hex(&b, "63e6b0b4");
    cbor_write_bytes(&b, "\x01\x02\x03\x04", 4);
    expect_hex(&b, "4401020304");
    cbor_write_array(&b, 3);
    cbor_write_uint(&b, 1);
    cbor_write_uint(&b, 2);
    cbor_write_uint(&b, 3);
    expect_hex(&b, "83010203");
    cbor_write_map(&b, 2);
    cbor_write_uint(&b, 1);
    cbor_write_uint(&b, 2);
    cbor_write_uint(&b, 3);
    cbor_write_uint(&b, 4);
    expect_hex(&b, "a201020304");
    cbor_write_bool(&b, false);
    cbor_write_bool(&b, true);
    cbor_write_null(&b);
    expect_hex(&b, "f4f5f6");
    buf_fini(&b);
}

/* The bytes of `hex`; their number. */
static size_t raw_of(const char *hex, uint8_t *raw, size_t size)
{
    size_t len = strlen(hex) / 2;

    cr_assert_leq(len, size);
    cr_assert_eq(hex_decode(raw, len, hex, 2 * len), 0, "%s", hex);
    return len;
}

static int judge(struct bytes all)
{
    struct cbor_reader r;

    cbor_reader_init(&r, all);
    cbor_skip(&r);
    return cbor_reader_finish(&r);
}

Test(cbor, vectors_of_the_rfc_are_accepted_or_refused_as_the_subset_says)
{
    static const char *const accepted[] = {
        "00",
        "01",
        "0a",
        "17",
        "1818",
        "1819",
        "1864",
        "1903e8",
        "1a000f4240",
        "1b000000e8d4a51000",
        "1bffffffffffffffff",
        "20",
        "29",
        "3863",
        "3903e7",
        "f4",
        "f5",
        "f6",
        "40",
        "4401020304",
        "60",
        "6161",
        "6449455446",
        "62225c",
        "62c3bc",
        "63e6b0b4",
        "64f0908591",
        "80",
        "83010203",
        "8301820203820405",
        "98190102030405060708090a0b0c0d0e0f101112131415161718181819",
        "a0",
        "a201020304"};
    static const char *const refused[] = {
        "3bffffffffffffffff",     /* -2^64: below int64 */
        "3b8000000000000000",     /* the first one below */
        "c249010000000000000000", /* a bignum */
        "f90000",
        "f93c00",
        "f97e00",
        "fa47c35000",
        "fb3ff199999999999a", /* floats */
        "f7",                 /* undefined */
        "f0",
        "f8ff",
        "f818",
        "f814",
        "f815", /* other simple values */
        "c074323031332d30332d32315432303a30343a30305a",
        "d74401020304",       /* tags */
        "a26161016162820203", /* text keys */
        "5f42010243030405ff",
        "7f657374726561646d696e67ff",
        "9fff",
        "9f018202039f0405ffff",
        "83018202039f0405ff",
        "bf61610161629f0203ffff", /* indefinite lengths */
    };

    for (size_t i = 0; i < sizeof(accepted) / sizeof(accepted[0]); i++) {
        uint8_t raw[64];
        size_t len = raw_of(accepted[i], raw, sizeof(raw));
        cr_assert_eq(judge(bytes_of(raw, len)), 0, "refused: %s", accepted[i]);
    }
    for (size_t i = 0; i < sizeof(refused) / sizeof(refused[0]); i++) {
        uint8_t raw[64];
        size_t len = raw_of(refused[i], raw, sizeof(raw));
        cr_assert_eq(judge(bytes_of(raw, len)), ERR_CORRUPT, "accepted: %s", refused[i]);
    }
}

Test(cbor, what_has_another_form_is_refused)
{
    static const char *const cases[] = {
        "1801",       /* 1 in two bytes */
        "1817",       /* 23 */
        "190001",     /* 1 in three */
        "1900ff",     /* 255 */
        "1a00000001", /* 1 in five */
        "1a0000ffff", /* 65535 */
        "1b0000000000000001",
        "1b00000000ffffffff",
        "3800", /* -1 in two bytes */
        "390000",
        "5801ff", /* length 1 in two bytes */
        "590001ff",
        "780161", /* the same of text */
        "9800",   /* an empty array in two bytes */
        "b800",   /* an empty map */
        "1c",
        "1d",
        "1e",
        "1f",
        "5c",
        "7d",
        "9e",
        "bc",         /* reserved */
        "ff",         /* a break alone */
        "a201000100", /* the same key twice */
        "a202000100", /* keys out of order */
        "a118010000", /* a key in two bytes */
        "a12000",     /* a negative key */
        "a1410000",   /* a key of bytes */
        "a1f600",     /* null as key */
        "61ff",       /* not UTF-8 */
        "62c080",
        "63eda080", /* overlong, surrogate */
        "6365cc81", /* e + combining accent: not NFC */
        "43ffff",   /* cut */
        "8201",     /* array cut */
        "a101",     /* map cut */
        "18",
        "19ff",
        "1affff",
        "1bffffffff",         /* heads cut */
        "9bffffffffffffffff", /* larger than memory */
        "bbffffffffffffffff",
        "bb8000000000000000",
        "5bffffffffffffffff00",
        "7bffffffffffffffff00",
        "9affffffff00",
        "0000", /* trailing byte */
        "",
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t raw[64];
        size_t len = raw_of(cases[i], raw, sizeof(raw));
        cr_assert_eq(judge(bytes_of(raw, len)), ERR_CORRUPT, "accepted: %s", cases[i]);
    }
    cr_assert_eq(judge(bytes_of(NULL, 0)), ERR_CORRUPT);
}

Test(cbor, nesting_ends_at_its_maximum)
{
    uint8_t raw[CBOR_DEPTH_MAX + 2];

    memset(raw, 0x81, sizeof(raw));
    raw[CBOR_DEPTH_MAX - 1] = 0x00; /* 15 arrays and a number */
    cr_assert_eq(judge(bytes_of(raw, CBOR_DEPTH_MAX)), 0);
    raw[CBOR_DEPTH_MAX - 1] = 0x81;
    raw[CBOR_DEPTH_MAX] = 0x00;
    cr_assert_eq(judge(bytes_of(raw, CBOR_DEPTH_MAX + 1)), ERR_CORRUPT);
}

Test(cbor, a_cursor_in_error_stays_so_and_gives_nothing)
{
    uint8_t fixed[4] = {1, 2, 3, 4};
    struct cbor_reader r;
    struct cbor_map m;
    uint64_t key = 9;
    struct bytes none;

    cbor_reader_init(&r, bytes_of("\x01\x18\x01\x00", 4));
    cr_assert_eq(cbor_read_uint(&r), 1);
    cr_assert_eq(cbor_read_uint(&r), 0);
    cr_assert_eq(r.bad_at, 1);
    cr_assert_eq(cbor_peek(&r), CBOR_END);
    cr_assert_eq(cbor_read_int(&r), 0);
    cr_assert_eq(cbor_read_array(&r), 0);
    cr_assert_not(cbor_read_bool(&r));
    cbor_read_null(&r);
    cbor_read_map(&r, &m);
    cr_assert_not(cbor_map_next(&r, &m, &key));
    none = cbor_read_text(&r);
    cr_assert_eq(none.len, 0);
    none = cbor_read_bytes(&r);
    cr_assert_eq(none.len, 0);
    none = cbor_skip(&r);
    cr_assert_eq(none.len, 0);
    cbor_read_fixed(&r, fixed, sizeof(fixed));
    cr_assert_eq(fixed[0] | fixed[1] | fixed[2] | fixed[3], 0);
    cbor_fail(&r);
    cr_assert_eq(r.bad_at, 1, "the first fault is the one that is told");
    cr_assert_eq(cbor_reader_error(&r), ERR_CORRUPT);
    cr_assert_eq(cbor_reader_finish(&r), ERR_CORRUPT);
}

Test(cbor, a_value_of_another_kind_is_refused_where_it_stands)
{
    static const char *const values[] = {"05", "25", "4100", "6161", "8100", "a10000", "f5", "f6"};

    for (size_t have = 0; have < 8; have++) {
        for (size_t want = 0; want < 8; want++) {
            uint8_t raw[8];
            size_t len = raw_of(values[have], raw, sizeof(raw));
            struct cbor_reader r;
            struct cbor_map m;

            cbor_reader_init(&r, bytes_of(raw, len));
            cr_assert_eq(cbor_peek(&r), CBOR_UINT + have);
            switch (CBOR_UINT + want) {
            case CBOR_UINT:
                cbor_read_uint(&r);
                break;
            case CBOR_NEGATIVE:
                cbor_read_int(&r);
                break;
            case CBOR_BYTES:
                cbor_read_bytes(&r);
                break;
            case CBOR_TEXT:
                cbor_read_text(&r);
                break;
            case CBOR_ARRAY:
                cbor_read_array(&r);
                break;
            case CBOR_MAP:
                cbor_read_map(&r, &m);
                break;
            case CBOR_BOOL:
                cbor_read_bool(&r);
                break;
            default:
                cbor_read_null(&r);
                break;
            }
            /* an int may be either */
            if (have == want ||
                (CBOR_UINT + want == CBOR_NEGATIVE && CBOR_UINT + have == CBOR_UINT))
                cr_assert_eq(cbor_reader_error(&r), 0, "%s", values[have]);
            else
                cr_assert(cbor_reader_error(&r) == ERR_CORRUPT && r.bad_at == 0, "%s as %zu",
                          values[have], want);
        }
    }
}

Test(cbor, integers_outside_int64_are_refused_as_int_and_kept_as_uint)
{
    struct buf b = {0};
    struct cbor_reader r;

    cbor_write_uint(&b, (uint64_t)INT64_MAX + 1);
    cbor_reader_init(&r, buf_view(&b));
    cr_assert_eq(cbor_read_int(&r), 0);
    cr_assert_eq(cbor_reader_error(&r), ERR_CORRUPT);
    cbor_reader_init(&r, buf_view(&b));
    cr_assert_eq(cbor_read_uint(&r), (uint64_t)INT64_MAX + 1);
    cr_assert_eq(cbor_reader_finish(&r), 0);
    buf_fini(&b);
}

static void write_sample(struct buf *b)
{
    cbor_write_map(b, 4);
    cbor_write_uint(b, 0);
    cbor_write_text(b, "宪法", 6);
    cbor_write_uint(b, 1);
    cbor_write_array(b, 3);
    cbor_write_int(b, -500);
    cbor_write_bool(b, true);
    cbor_write_null(b);
    cbor_write_uint(b, 7);
    cbor_write_bytes(b, "\0\1\2\3\4", 5);
    cbor_write_uint(b, 300);
    cbor_write_uint(b, 70000);
}

/* Re-encodes one value; what was accepted must come out as it went in. */
static void copy_value(struct cbor_reader *r, struct buf *out)
{
    struct cbor_map m;
    struct bytes s;
    uint64_t n;

    switch (cbor_peek(r)) {
    case CBOR_UINT:
        cbor_write_uint(out, cbor_read_uint(r));
        break;
    case CBOR_NEGATIVE:
        cbor_write_int(out, cbor_read_int(r));
        break;
    case CBOR_BYTES:
        s = cbor_read_bytes(r);
        cbor_write_bytes(out, s.data, s.len);
        break;
    case CBOR_TEXT:
        s = cbor_read_text(r);
        if (cbor_reader_error(r) == 0)
            cbor_write_text(out, (const char *)s.data, s.len);
        break;
    case CBOR_ARRAY:
        n = cbor_read_array(r);
        cbor_write_array(out, n);
        for (; n > 0 && cbor_reader_error(r) == 0; n--)
            copy_value(r, out);
        break;
    case CBOR_MAP:
        cbor_read_map(r, &m);
        cbor_write_map(out, m.left);
        while (cbor_map_next(r, &m, &n)) {
            cbor_write_uint(out, n);
            copy_value(r, out);
        }
        break;
    case CBOR_BOOL:
        cbor_write_bool(out, cbor_read_bool(r));
        break;
    case CBOR_NULL:
        cbor_read_null(r);
        cbor_write_null(out);
        break;
    case CBOR_END:
        cbor_fail(r);
        break;
    }
}

/* What was accepted comes out of libcbor with the same bytes. */
static void expect_second_opinion(struct bytes all)
{
    struct cbor_load_result result;
    cbor_item_t *item = cbor_load(all.data, all.len, &result);
    unsigned char *again = NULL;
    size_t again_cap = 0;
    size_t again_len;

    cr_assert_not_null(item);
    cr_assert_eq(result.read, all.len);
    again_len = cbor_serialize_alloc(item, &again, &again_cap);
    cr_assert(bytes_equal(bytes_of(again, again_len), all));
    free(again);
    cbor_decref(&item);
}

/* 0 if the document is refused, 1 if accepted; both readers agree, and it has no other form. */
static int check_document(struct bytes all)
{
    struct buf again = {0};
    struct cbor_reader r;
    int rc;

    cbor_reader_init(&r, all);
    copy_value(&r, &again);
    rc = cbor_reader_finish(&r);
    cr_assert_eq(rc, judge(all), "typed reading and skipping differ");
    if (rc == 0) {
        cr_assert(bytes_equal(all, buf_view(&again)));
        expect_second_opinion(all);
    }
    buf_fini(&again);
    return rc == 0;
}

Test(cbor, every_changed_byte_is_refused_or_means_exactly_what_it_says)
{
    struct buf good = {0};
    size_t accepted = 0;

    write_sample(&good);
    cr_assert(check_document(buf_view(&good)));
    for (size_t i = 0; i < good.len; i++) {
        uint8_t kept = good.data[i];

        for (int v = 0; v < 256; v++) {
            good.data[i] = (uint8_t)v;
            accepted += (size_t)check_document(buf_view(&good));
        }
        good.data[i] = kept;
    }
    cr_assert_lt(accepted, good.len * 128);
    cr_assert_gt(accepted, good.len);
    buf_fini(&good);
}

Test(cbor, every_cut_and_every_byte_taken_or_added_is_noticed)
{
    struct buf good = {0};

    write_sample(&good);
    for (size_t len = 0; len < good.len; len++) {
        uint8_t *exact = malloc(len + 1); /* so that a sanitizer sees a read past the end */

        memcpy(exact, good.data, len);
        cr_assert_eq(judge(bytes_of(exact, len)), ERR_CORRUPT, "cut at %zu", len);
        exact[len] = 0;
        check_document(bytes_of(good.data + good.len - len, len)); /* its end may be a document */
        free(exact);
    }
    for (size_t at = 0; at < good.len; at++) {
        struct buf changed = {0};

        buf_append(&changed, good.data, at);
        buf_append(&changed, good.data + at + 1, good.len - at - 1);
        check_document(buf_view(&changed));
        buf_clear(&changed);
        buf_append(&changed, good.data, at);
        buf_append_byte(&changed, 0);
        buf_append(&changed, good.data + at, good.len - at);
        check_document(buf_view(&changed));
        buf_fini(&changed);
    }
    buf_append_byte(&good, 0xF6);
    cr_assert_eq(judge(buf_view(&good)), ERR_CORRUPT);
    buf_fini(&good);
}

static uint64_t dice_next(uint64_t *dice)
{
    *dice ^= *dice << 13;
    *dice ^= *dice >> 7;
    *dice ^= *dice << 17;
    return *dice;
}

/* Any document of the subset. */
static void write_random(struct buf *b, uint64_t *dice, int depth)
{
    static const char *const texts[] = {"", "a", "宪法", "é𠮷", "中华人民共和国监察官法"};
    uint64_t n = dice_next(dice) % 5;
    uint64_t key = 0;
    uint64_t v = dice_next(dice) >> (dice_next(dice) % 64);

    switch (dice_next(dice) % (depth < 5 ? 8 : 6)) {
    case 0:
        cbor_write_uint(b, v);
        break;
    case 1:
        cbor_write_int(b, -(int64_t)(v >> 1) - 1);
        break;
    case 2:
        cbor_write_bytes(b, &v, dice_next(dice) % 9);
        break;
    case 3:
        cbor_write_text(b, texts[n], strlen(texts[n]));
        break;
    case 4:
        cbor_write_bool(b, v & 1);
        break;
    case 5:
        cbor_write_null(b);
        break;
    case 6:
        cbor_write_array(b, n);
        for (uint64_t i = 0; i < n; i++)
            write_random(b, dice, depth + 1);
        break;
    default:
        cbor_write_map(b, n);
        for (uint64_t i = 0; i < n; i++) {
            key += 1 + dice_next(dice) % 300;
            cbor_write_uint(b, key);
            write_random(b, dice, depth + 1);
        }
        break;
    }
}

Test(cbor, whatever_is_written_is_read_back)
{
    const uint64_t seed = UINT64_C(0x9E3779B97F4A7C15);
    uint64_t dice = seed;

    for (int i = 0; i < 3000; i++) {
        struct buf b = {0};

        write_random(&b, &dice, 0);
        cr_assert_eq(buf_error(&b), 0);
        cr_assert(check_document(buf_view(&b)), "document %d of seed %llx", i,
                  (unsigned long long)seed);
        buf_fini(&b);
    }
}

Test(cbor, skipping_gives_the_bytes_of_one_value)
{
    struct buf b = {0};
    struct cbor_reader r;
    struct bytes value;

    write_sample(&b);
    cbor_write_uint(&b, 5);
    cbor_reader_init(&r, buf_view(&b));
    value = cbor_skip(&r);
    cr_assert(bytes_equal(value, bytes_of(b.data, b.len - 1)));
    cr_assert_eq(cbor_read_uint(&r), 5);
    cr_assert_eq(cbor_reader_finish(&r), 0);
    buf_fini(&b);
}

Test(cbor, a_fixed_string_of_another_length_is_refused)
{
    struct buf b = {0};
    struct cbor_reader r;
    uint8_t out[4];

    cbor_write_bytes(&b, "\1\2\3", 3);
    cbor_reader_init(&r, buf_view(&b));
    cbor_read_fixed(&r, out, sizeof(out));
    cr_assert_eq(cbor_reader_error(&r), ERR_CORRUPT);
    buf_fini(&b);
}
