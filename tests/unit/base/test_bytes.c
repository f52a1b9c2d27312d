/* Byte views, buffers, hexadecimal, base64url, big-endian integers. */
#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <criterion/criterion.h>
#include <limits.h>
#include <stdint.h>
#include <string.h>

Test(bytes, views_compare_by_bytes_then_length)
{
    cr_assert_lt(bytes_compare(bytes_of_text("ab"), bytes_of_text("abc")), 0);
    cr_assert_gt(bytes_compare(bytes_of_text("abc"), bytes_of_text("ab")), 0);
    cr_assert_gt(bytes_compare(bytes_of_text("b"), bytes_of_text("abc")), 0);
    cr_assert_gt(bytes_compare(bytes_of_text("\x80"), bytes_of_text("a")), 0);
    cr_assert_eq(bytes_compare(bytes_of_text(""), bytes_of(NULL, 0)), 0);
    cr_assert(bytes_equal(bytes_of(NULL, 0), bytes_of_text("")));
    cr_assert_not(bytes_equal(bytes_of_text("ab"), bytes_of_text("ac")));
    cr_assert_not(bytes_equal(bytes_of_text("ab"), bytes_of_text("a")));
    cr_assert_eq(bytes_of_text(NULL).len, 0);
}

Test(bytes, a_buffer_remembers_that_it_overflowed)
{
    struct buf b = {0};

    cr_assert_eq(buf_append_text(&b, "abc"), 0);
    cr_assert_null(buf_reserve(&b, SIZE_MAX - 1));
    cr_assert_eq(buf_append_text(&b, "d"), ERR_NOMEM);
    cr_assert_eq(buf_append_byte(&b, 'd'), ERR_NOMEM);
    cr_assert_eq(buf_printf(&b, "%d", 1), ERR_NOMEM);
    cr_assert_null(buf_text(&b));
    cr_assert_eq(buf_error(&b), ERR_NOMEM);
    buf_clear(&b);
    cr_assert_eq(buf_error(&b), 0);
    cr_assert_eq(buf_printf(&b, "%d-%s", 7, "x"), 0);
    cr_assert_str_eq(buf_text(&b), "7-x");
    buf_fini(&b);
    cr_assert_eq(b.len, 0);
    cr_assert_eq(buf_append_text(&b, "again"), 0);
    buf_fini(&b);
}

Test(bytes, a_buffer_grows_and_keeps_what_it_holds)
{
    struct buf b = {0};
    uint8_t *room;

    cr_assert_str_eq(buf_text(&b), "");
    for (size_t i = 0; i < 5000; i++)
        cr_assert_eq(buf_append_byte(&b, (uint8_t)(i * 7)), 0);
    room = buf_reserve(&b, 3);
    cr_assert_not_null(room);
    memcpy(room, "xyz", 3);
    b.len += 3;
    cr_assert_eq(b.len, 5003);
    for (size_t i = 0; i < 5000; i++)
        cr_assert_eq(b.data[i], (uint8_t)(i * 7), "at %zu", i);
    cr_assert(bytes_equal(bytes_of(b.data + 5000, 3), bytes_of_text("xyz")));
    buf_text(&b); /* the NUL is not counted */
    cr_assert_eq(b.len, 5003);
    buf_fini(&b);
}

Test(bytes, base64url_has_the_vectors_of_the_rfc)
{
    /* RFC 4648 §10, without padding */
    static const char *const cases[][2] = {
        {"", ""},           {"f", "Zg"},          {"fo", "Zm8"},          {"foo", "Zm9v"},
        {"foob", "Zm9vYg"}, {"fooba", "Zm9vYmE"}, {"foobar", "Zm9vYmFy"}, {"\xFB\xEF\xFF", "--__"}};

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        uint8_t back[16];
        size_t back_len = sizeof(back);
        char text[16];
        size_t len = strlen(cases[i][0]);
        size_t n = base64url_encode(text, (const uint8_t *)cases[i][0], len);

        cr_assert_str_eq(text, cases[i][1]);
        cr_assert_eq(n, strlen(cases[i][1]));
        cr_assert_eq(base64url_decode(back, &back_len, text, n), 0);
        cr_assert(bytes_equal(bytes_of(back, back_len), bytes_of(cases[i][0], len)));
    }
}

/* Whatever decodes encodes to itself: there is one text for each run of bytes. */
Test(bytes, base64url_is_canonical)
{
    static const char *const bad[] = {"A",     "AB=",   "A+",  "AA/A", "QR",
                                      "QUI\n", "AAAAA", "A A", "QUJ"};
    static const char alphabet[] =
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_=";
    uint8_t out[64];
    size_t accepted = 0;

    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        size_t out_len = sizeof(out);
        cr_assert_eq(base64url_decode(out, &out_len, bad[i], strlen(bad[i])), ERR_BAD_INPUT,
                     "accepted %s", bad[i]);
    }
    for (size_t i = 0; i < 65 * 65 * 65; i++) {
        char text[3] = {alphabet[i % 65], alphabet[i / 65 % 65], alphabet[i / 65 / 65]};
        for (size_t len = 2; len <= 3; len++) {
            size_t out_len = sizeof(out);
            char again[8];
            if (base64url_decode(out, &out_len, text, len) != 0)
                continue;
            accepted++;
            cr_assert_eq(base64url_encode(again, out, out_len), len);
            cr_assert_eq(memcmp(again, text, len), 0, "%.3s", text);
        }
    }
    cr_assert_eq(accepted, 256 * 65 + 65536); /* two signs: any third; three signs: two bytes */
}

Test(bytes, base64url_refuses_what_has_no_room)
{
    uint8_t out[3];
    size_t out_len = 2;

    cr_assert_eq(base64url_decode(out, &out_len, "Zm9v", 4), ERR_BAD_INPUT);
    out_len = 3;
    cr_assert_eq(base64url_decode(out, &out_len, "Zm9v", 4), 0);
    cr_assert_eq(out_len, 3);
}

Test(bytes, hexadecimal_needs_exactly_two_digits_a_byte)
{
    static const char *const bad[] = {"", "00f", "00fg", "0 ff", "00ff0", "00ff00", "-0ff", "0x0f"};
    uint8_t out[2];
    uint8_t all[256];
    uint8_t back[256];
    char text[513];

    cr_assert_eq(hex_decode(out, 2, "00fF", 4), 0);
    cr_assert_eq(out[1], 0xFF);
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        cr_assert_eq(hex_decode(out, 2, bad[i], strlen(bad[i])), ERR_BAD_INPUT, "%s", bad[i]);
    for (size_t i = 0; i < 256; i++)
        all[i] = (uint8_t)i;
    hex_encode(text, all, 256);
    cr_assert_eq(strlen(text), 512);
    cr_assert_eq(strncmp(text + 2 * 0xA9, "a9aa", 4), 0);
    cr_assert_eq(hex_decode(back, 256, text, 512), 0);
    cr_assert_eq(memcmp(all, back, 256), 0);
}

Test(bytes, integers_are_big_endian)
{
    uint8_t out[8];

    u16be_write(out, 0x0102);
    cr_assert(out[0] == 1 && out[1] == 2);
    u32be_write(out, 0x01020304);
    cr_assert(out[0] == 1 && out[3] == 4);
    cr_assert_eq(u32be_read(out), 0x01020304);
    u64be_write(out, UINT64_C(0xF102030405060708));
    cr_assert(out[0] == 0xF1 && out[7] == 8);
    cr_assert_eq(u64be_read(out), UINT64_C(0xF102030405060708));
    u64be_write(out, UINT64_MAX);
    cr_assert_eq(u64be_read(out), UINT64_MAX);
}
