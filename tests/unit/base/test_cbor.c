/* Deterministic CBOR: what is written is read back; whatever is not written that way is refused.
 * Vectors: RFC 8949 Appendix A, the subset in use. */
#include "question-bank/base/cbor.h"

#include <criterion/criterion.h>
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

Test(cbor, what_has_another_form_is_refused)
{
    static const char *const cases[] = {
        "1801",       /* 1 in two bytes */
        "190001",     /* 1 in three */
        "1a00000001", /* 1 in five */
        "1b0000000000000001",
        "5801ff",             /* length 1 in two bytes */
        "5fff",               /* indefinite byte string */
        "9fff",               /* indefinite array */
        "bfff",               /* indefinite map */
        "f97e00",             /* a half float */
        "fb3ff199999999999a", /* a double */
        "f7",                 /* undefined */
        "c000",               /* a tag */
        "a201000100",         /* the same key twice */
        "a202000100",         /* keys out of order */
        "a1610000",           /* a text key */
        "61ff",               /* not UTF-8 */
        "6365cc81",           /* e + combining accent: not NFC */
        "43ffff",             /* cut */
        "8201",               /* array cut */
        "9bffffffffffffffff", /* an array larger than memory */
        "bbffffffffffffffff",
        "5bffffffffffffffff00",
        "0000", /* trailing byte */
        "",
        "81818181818181818181818181818181818100", /* too deep */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t raw[64];
        size_t len = strlen(cases[i]) / 2;
        struct cbor_reader r;

        cr_assert_eq(hex_decode(raw, len, cases[i], 2 * len), 0);
        cbor_reader_init(&r, bytes_of(raw, len));
        cbor_skip(&r);
        cr_assert_eq(cbor_reader_finish(&r), ERR_CORRUPT, "accepted: %s", cases[i]);
    }
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

Test(cbor, every_changed_byte_is_refused_or_means_exactly_what_it_says)
{
    struct buf good = {0};
    struct buf again = {0};
    size_t refused = 0;

    write_sample(&good);
    for (size_t i = 0; i < good.len; i++) {
        for (int v = 0; v < 256; v++) {
            uint8_t kept = good.data[i];
            struct cbor_reader r;

            good.data[i] = (uint8_t)v;
            buf_clear(&again);
            cbor_reader_init(&r, buf_view(&good));
            copy_value(&r, &again);
            if (cbor_reader_finish(&r) == 0)
                cr_assert(bytes_equal(buf_view(&good), buf_view(&again)), "byte %zu = %d", i, v);
            else
                refused++;
            good.data[i] = kept;
        }
    }
    cr_assert_gt(refused, good.len * 64);
    for (size_t len = 0; len < good.len; len++) {
        struct cbor_reader r;

        cbor_reader_init(&r, bytes_of(good.data, len));
        cbor_skip(&r);
        cr_assert_eq(cbor_reader_finish(&r), ERR_CORRUPT, "cut at %zu", len);
    }
    buf_fini(&good);
    buf_fini(&again);
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
