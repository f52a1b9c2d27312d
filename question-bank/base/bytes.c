/* Byte views, growable buffers, hexadecimal, base64url, big-endian. Pure; any thread. */
#include "question-bank/base/bytes.h"

#include "question-bank/base/err.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct bytes bytes_of(const void *data, size_t len)
{
    struct bytes b = {.data = data, .len = len};
    return b;
}

struct bytes bytes_of_text(const char *text)
{
    return bytes_of(text, text != NULL ? strlen(text) : 0);
}

bool bytes_equal(struct bytes a, struct bytes b)
{
    return a.len == b.len && (a.len == 0 || memcmp(a.data, b.data, a.len) == 0);
}

int bytes_compare(struct bytes a, struct bytes b)
{
    size_t common = a.len < b.len ? a.len : b.len;
    int order = common == 0 ? 0 : memcmp(a.data, b.data, common);

    if (order != 0)
        return order;
    return a.len < b.len ? -1 : a.len > b.len;
}

uint8_t *buf_reserve(struct buf *b, size_t len)
{
    size_t need;
    size_t cap;
    uint8_t *data;

    if (b->failed)
        return NULL;
    if (len > SIZE_MAX / 2 - b->len) {
        b->failed = true;
        return NULL;
    }
    need = b->len + len;
    if (need <= b->cap && b->data != NULL)
        return b->data + b->len;
    cap = b->cap < 64 ? 64 : b->cap;
    while (cap < need)
        cap += cap / 2;
    data = realloc(b->data, cap);
    if (data == NULL) {
        b->failed = true;
        return NULL;
    }
    b->data = data;
    b->cap = cap;
    return b->data + b->len;
}

int buf_append(struct buf *b, const void *data, size_t len)
{
    uint8_t *to = buf_reserve(b, len);

    if (to == NULL)
        return ERR_NOMEM;
    if (len > 0)
        memcpy(to, data, len);
    b->len += len;
    return 0;
}

int buf_append_text(struct buf *b, const char *text)
{
    return buf_append(b, text, strlen(text));
}

int buf_append_byte(struct buf *b, uint8_t byte)
{
    return buf_append(b, &byte, 1);
}

int buf_printf(struct buf *b, const char *format, ...)
{
    va_list args;
    int len;
    uint8_t *to;

    va_start(args, format);
    len = vsnprintf(NULL, 0, format, args);
    va_end(args);
    if (len < 0)
        return ERR_BAD_INPUT;
    to = buf_reserve(b, (size_t)len + 1);
    if (to == NULL)
        return ERR_NOMEM;
    va_start(args, format);
    vsnprintf((char *)to, (size_t)len + 1, format, args);
    va_end(args);
    b->len += (size_t)len;
    return 0;
}

struct bytes buf_view(const struct buf *b)
{
    return bytes_of(b->data, b->len);
}

const char *buf_text(struct buf *b)
{
    uint8_t *end = buf_reserve(b, 1);

    if (end == NULL)
        return NULL;
    *end = '\0';
    return (const char *)b->data;
}

int buf_error(const struct buf *b)
{
    return b->failed ? ERR_NOMEM : 0;
}

void buf_clear(struct buf *b)
{
    b->len = 0;
    b->failed = false;
}

void buf_fini(struct buf *b)
{
    free(b->data);
    memset(b, 0, sizeof(*b));
}

void hex_encode(char *out, const uint8_t *data, size_t len)
{
    static const char digits[] = "0123456789abcdef";

    for (size_t i = 0; i < len; i++) {
        out[2 * i] = digits[data[i] >> 4];
        out[2 * i + 1] = digits[data[i] & 15];
    }
    out[2 * len] = '\0';
}

static int hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int hex_decode(uint8_t *out, size_t out_len, const char *text, size_t text_len)
{
    if (text_len != 2 * out_len)
        return ERR_BAD_INPUT;
    for (size_t i = 0; i < out_len; i++) {
        int high = hex_digit(text[2 * i]);
        int low = hex_digit(text[2 * i + 1]);
        if (high < 0 || low < 0)
            return ERR_BAD_INPUT;
        out[i] = (uint8_t)(high << 4 | low);
    }
    return 0;
}

static const char BASE64URL[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";

size_t base64url_encode(char *out, const uint8_t *data, size_t len)
{
    size_t n = 0;
    uint32_t bits = 0;
    int count = 0;

    for (size_t i = 0; i < len; i++) {
        bits = bits << 8 | data[i];
        count += 8;
        while (count >= 6) {
            count -= 6;
            out[n++] = BASE64URL[bits >> count & 63];
        }
    }
    if (count > 0)
        out[n++] = BASE64URL[bits << (6 - count) & 63];
    out[n] = '\0';
    return n;
}

static int base64url_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '-')
        return 62;
    return c == '_' ? 63 : -1;
}

int base64url_decode(uint8_t *out, size_t *out_len, const char *text, size_t text_len)
{
    size_t need = text_len / 4 * 3 + text_len % 4 * 3 / 4;
    uint32_t bits = 0;
    int count = 0;
    size_t n = 0;

    if (text_len % 4 == 1 || need > *out_len)
        return ERR_BAD_INPUT;
    for (size_t i = 0; i < text_len; i++) {
        int digit = base64url_digit(text[i]);
        if (digit < 0)
            return ERR_BAD_INPUT;
        bits = bits << 6 | (uint32_t)digit;
        count += 6;
        if (count >= 8) {
            count -= 8;
            out[n++] = (uint8_t)(bits >> count);
        }
    }
    if ((bits & ((1U << count) - 1)) != 0) /* leftover bits must be zero */
        return ERR_BAD_INPUT;
    *out_len = n;
    return 0;
}

void u16be_write(uint8_t *out, uint16_t v)
{
    out[0] = (uint8_t)(v >> 8);
    out[1] = (uint8_t)v;
}

void u32be_write(uint8_t *out, uint32_t v)
{
    for (int i = 0; i < 4; i++)
        out[i] = (uint8_t)(v >> (24 - 8 * i));
}

void u64be_write(uint8_t *out, uint64_t v)
{
    for (int i = 0; i < 8; i++)
        out[i] = (uint8_t)(v >> (56 - 8 * i));
}

uint32_t u32be_read(const uint8_t *in)
{
    return (uint32_t)in[0] << 24 | (uint32_t)in[1] << 16 | (uint32_t)in[2] << 8 | in[3];
}

uint64_t u64be_read(const uint8_t *in)
{
    return (uint64_t)u32be_read(in) << 32 | u32be_read(in + 4);
}
