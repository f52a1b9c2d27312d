/* Deterministic CBOR over libcbor's low-level encoders. Reading takes a head apart (RFC
 * 8949 §3) and accepts it only if libcbor would encode the same value in the same bytes, so that
 * there is one form of everything. Pure; any thread. */
#include "question-bank/base/cbor.h"

#include "question-bank/base/utf8.h"

#include <assert.h>
#include <cbor.h>
#include <string.h>

enum { HEAD_BYTES_MAX = 9 };
enum {
    MAJOR_UINT,
    MAJOR_NEGATIVE,
    MAJOR_BYTES,
    MAJOR_TEXT,
    MAJOR_ARRAY,
    MAJOR_MAP,
    MAJOR_TAG,
    MAJOR_SIMPLE
};

static size_t head_encode(uint8_t out[HEAD_BYTES_MAX], int major, uint64_t v)
{
    switch (major) {
    case MAJOR_UINT:
        return cbor_encode_uint(v, out, HEAD_BYTES_MAX);
    case MAJOR_NEGATIVE:
        return cbor_encode_negint(v, out, HEAD_BYTES_MAX);
    case MAJOR_BYTES:
        return cbor_encode_bytestring_start((size_t)v, out, HEAD_BYTES_MAX);
    case MAJOR_TEXT:
        return cbor_encode_string_start((size_t)v, out, HEAD_BYTES_MAX);
    case MAJOR_ARRAY:
        return cbor_encode_array_start((size_t)v, out, HEAD_BYTES_MAX);
    default:
        assert(major == MAJOR_MAP);
        return cbor_encode_map_start((size_t)v, out, HEAD_BYTES_MAX);
    }
}

static void head_write(struct buf *b, int major, uint64_t v)
{
    uint8_t head[HEAD_BYTES_MAX];

    buf_append(b, head, head_encode(head, major, v));
}

void cbor_write_uint(struct buf *b, uint64_t v)
{
    head_write(b, MAJOR_UINT, v);
}

void cbor_write_int(struct buf *b, int64_t v)
{
    if (v >= 0)
        head_write(b, MAJOR_UINT, (uint64_t)v);
    else
        head_write(b, MAJOR_NEGATIVE, (uint64_t)(-(v + 1)));
}

void cbor_write_bytes(struct buf *b, const void *data, size_t len)
{
    head_write(b, MAJOR_BYTES, len);
    buf_append(b, data, len);
}

void cbor_write_text(struct buf *b, const char *text, size_t len)
{
    assert(utf8_is_nfc(bytes_of(text, len)));
    head_write(b, MAJOR_TEXT, len);
    buf_append(b, text, len);
}

void cbor_write_bool(struct buf *b, bool v)
{
    buf_append_byte(b, v ? 0xF5 : 0xF4);
}

void cbor_write_null(struct buf *b)
{
    buf_append_byte(b, 0xF6);
}

void cbor_write_array(struct buf *b, uint64_t count)
{
    head_write(b, MAJOR_ARRAY, count);
}

void cbor_write_map(struct buf *b, uint64_t count)
{
    head_write(b, MAJOR_MAP, count);
}

void cbor_reader_init(struct cbor_reader *r, struct bytes all)
{
    memset(r, 0, sizeof(*r));
    r->all = all;
}

void cbor_fail(struct cbor_reader *r)
{
    if (r->code == 0) {
        r->code = ERR_CORRUPT;
        r->bad_at = r->pos;
    }
}

enum cbor_kind cbor_peek(const struct cbor_reader *r)
{
    static const enum cbor_kind types[7] = {CBOR_UINT,  CBOR_NEGATIVE, CBOR_BYTES, CBOR_TEXT,
                                            CBOR_ARRAY, CBOR_MAP,      CBOR_END};
    uint8_t first;

    if (r->code != 0 || r->pos >= r->all.len)
        return CBOR_END;
    first = r->all.data[r->pos];
    if (first >> 5 < 7)
        return types[first >> 5];
    if (first == 0xF4 || first == 0xF5)
        return CBOR_BOOL;
    return first == 0xF6 ? CBOR_NULL : CBOR_END;
}

/* Reads one head of the given major type; 0 and the cursor in error otherwise. */
static uint64_t head_read(struct cbor_reader *r, int major)
{
    uint8_t again[HEAD_BYTES_MAX];
    size_t left = r->all.len - r->pos;
    const uint8_t *p;
    uint64_t v = 0;
    size_t extra;

    if (r->code != 0)
        return 0;
    p = left > 0 ? r->all.data + r->pos : NULL;
    if (p == NULL || p[0] >> 5 != major || (p[0] & 31) > 27) {
        cbor_fail(r);
        return 0;
    }
    extra = (p[0] & 31) < 24 ? 0 : (size_t)1 << ((p[0] & 31) - 24);
    if (left < 1 + extra) {
        cbor_fail(r);
        return 0;
    }
    if (extra == 0)
        v = p[0] & 31;
    for (size_t i = 0; i < extra; i++)
        v = v << 8 | p[1 + i];
    if (head_encode(again, major, v) != 1 + extra || memcmp(again, p, 1 + extra) != 0) {
        cbor_fail(r);
        return 0;
    }
    r->pos += 1 + extra;
    return v;
}

uint64_t cbor_read_uint(struct cbor_reader *r)
{
    return head_read(r, MAJOR_UINT);
}

int64_t cbor_read_int(struct cbor_reader *r)
{
    bool negative = cbor_peek(r) == CBOR_NEGATIVE;
    size_t start = r->pos;
    uint64_t v = head_read(r, negative ? MAJOR_NEGATIVE : MAJOR_UINT);

    if (v > INT64_MAX) {
        r->pos = start;
        cbor_fail(r);
        return 0;
    }
    return negative && r->code == 0 ? -(int64_t)v - 1 : (int64_t)v;
}

static struct bytes string_read(struct cbor_reader *r, int major)
{
    uint64_t len = head_read(r, major);
    struct bytes out = {0};

    if (r->code != 0)
        return out;
    if (len > r->all.len - r->pos) {
        cbor_fail(r);
        return out;
    }
    out = bytes_of(r->all.data + r->pos, (size_t)len);
    r->pos += (size_t)len;
    return out;
}

struct bytes cbor_read_bytes(struct cbor_reader *r)
{
    return string_read(r, MAJOR_BYTES);
}

struct bytes cbor_read_text(struct cbor_reader *r)
{
    size_t start = r->pos;
    struct bytes text = string_read(r, MAJOR_TEXT);

    if (r->code == 0 && (!utf8_valid(text, NULL) || !utf8_is_nfc(text))) {
        r->pos = start;
        cbor_fail(r);
        return bytes_of(NULL, 0);
    }
    return text;
}

void cbor_read_fixed(struct cbor_reader *r, uint8_t *out, size_t len)
{
    size_t start = r->pos;
    struct bytes b = string_read(r, MAJOR_BYTES);

    if (r->code == 0 && b.len == len) {
        memcpy(out, b.data, len);
        return;
    }
    memset(out, 0, len);
    if (r->code == 0) {
        r->pos = start;
        cbor_fail(r);
    }
}

bool cbor_read_bool(struct cbor_reader *r)
{
    if (cbor_peek(r) != CBOR_BOOL) {
        cbor_fail(r);
        return false;
    }
    return r->all.data[r->pos++] == 0xF5;
}

void cbor_read_null(struct cbor_reader *r)
{
    if (cbor_peek(r) != CBOR_NULL)
        cbor_fail(r);
    else
        r->pos++;
}

uint64_t cbor_read_array(struct cbor_reader *r)
{
    uint64_t count = head_read(r, MAJOR_ARRAY);

    if (count > r->all.len - r->pos) { /* each element takes a byte at least */
        cbor_fail(r);
        return 0;
    }
    return count;
}

void cbor_read_map(struct cbor_reader *r, struct cbor_map *m)
{
    memset(m, 0, sizeof(*m));
    m->left = head_read(r, MAJOR_MAP);
    m->first = true;
    if (m->left > (r->all.len - r->pos) / 2) {
        cbor_fail(r);
        m->left = 0;
    }
}

bool cbor_map_next(struct cbor_reader *r, struct cbor_map *m, uint64_t *key)
{
    size_t start = r->pos;

    if (r->code != 0 || m->left == 0)
        return false;
    *key = head_read(r, MAJOR_UINT);
    if (r->code != 0)
        return false;
    if (!m->first && *key <= m->last_key) {
        r->pos = start;
        cbor_fail(r);
        return false;
    }
    m->first = false;
    m->last_key = *key;
    m->left--;
    return true;
}

static void skip_value(struct cbor_reader *r)
{
    struct cbor_map map;
    uint64_t key;
    uint64_t count;

    if (r->depth >= CBOR_DEPTH_MAX) {
        cbor_fail(r);
        return;
    }
    r->depth++;
    switch (cbor_peek(r)) {
    case CBOR_UINT:
        cbor_read_uint(r);
        break;
    case CBOR_NEGATIVE:
        cbor_read_int(r);
        break;
    case CBOR_BYTES:
        cbor_read_bytes(r);
        break;
    case CBOR_TEXT:
        cbor_read_text(r);
        break;
    case CBOR_ARRAY:
        for (count = cbor_read_array(r); count > 0 && r->code == 0; count--)
            skip_value(r);
        break;
    case CBOR_MAP:
        cbor_read_map(r, &map);
        while (cbor_map_next(r, &map, &key))
            skip_value(r);
        break;
    case CBOR_BOOL:
    case CBOR_NULL:
        r->pos++;
        break;
    case CBOR_END:
        cbor_fail(r);
        break;
    }
    r->depth--;
}

struct bytes cbor_skip(struct cbor_reader *r)
{
    size_t start = r->pos;

    skip_value(r);
    return r->code == 0 ? bytes_of(r->all.data + start, r->pos - start) : bytes_of(NULL, 0);
}

int cbor_reader_finish(struct cbor_reader *r)
{
    if (r->code == 0 && r->pos != r->all.len)
        cbor_fail(r);
    return r->code;
}

int cbor_reader_error(const struct cbor_reader *r)
{
    return r->code;
}
