/* The encoder and the decoder behind every payload. Happy path: walk the table, one field a key.
 * The first field that does not fit stops the walk and is named. Pure; any thread. */
#include "server/record/shape.h"

#include "question-bank/base/cbor.h"
#include "question-bank/base/utf8.h"
#include "server/record/payload.h"
#include "server/record/registry_payload.h"

#include <assert.h>
#include <stdbool.h>
#include <string.h>

static const struct msg msg_field_corrupt = {
    .id = "payload-field-corrupt",
    .zh = "“{0}”事件的“{1}”字段与约定格式不符",
    .en = "the field {1} of a {0} event does not have its agreed form",
};
static const struct msg msg_field_limit = {
    .id = "payload-field-limit",
    .zh = "“{0}”事件的“{1}”字段超出允许范围",
    .en = "the field {1} of a {0} event is beyond its limits",
};

static const uint8_t server_actor[32];

static const void *at(const void *object, const struct field *f)
{
    return (const char *)object + f->offset;
}

static void *at_mut(void *object, const struct field *f)
{
    return (char *)object + f->offset;
}

static bool in_range(uint64_t v, const struct field *f)
{
    return v >= f->min && v <= f->max;
}

static bool text_is_plain(struct bytes t)
{
    return t.len == 0 ||
           (memchr(t.data, 0, t.len) == NULL && utf8_valid(t, NULL) && utf8_is_nfc(t));
}

/* YYYY-MM-DD, of a day that exists (proleptic Gregorian). */
static bool date_is_valid(struct bytes t)
{
    static const int days[12] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int n[3] = {0};
    int part = 0;

    if (t.len != 10)
        return false;
    for (size_t i = 0; i < 10; i++) {
        if (i == 4 || i == 7) {
            if (t.data[i] != '-')
                return false;
            part++;
        } else if (t.data[i] < '0' || t.data[i] > '9') {
            return false;
        } else {
            n[part] = n[part] * 10 + (t.data[i] - '0');
        }
    }
    if (n[0] < 1 || n[1] < 1 || n[1] > 12 || n[2] < 1)
        return false;
    bool leap = (n[0] % 4 == 0 && n[0] % 100 != 0) || n[0] % 400 == 0;
    return n[2] <= days[n[1] - 1] + (n[1] == 2 && leap ? 1 : 0);
}

/* One rule for both directions: is this string one that the field may hold? */
static bool string_fits(const struct field *f, struct bytes v)
{
    switch (f->kind) {
    case FIELD_BYTES:
        return in_range(v.len, f);
    case FIELD_TEXT:
        return in_range(v.len, f) && text_is_plain(v);
    case FIELD_DATE:
        return date_is_valid(v);
    default:
        assert(f->kind == FIELD_DATE_OR_EMPTY);
        return v.len == 0 || date_is_valid(v);
    }
}

/* ------------------------------------------------------------------ writing */

static bool responses_write(const struct field *f, const struct response_list *l, struct buf *out)
{
    if (!in_range(l->count, f))
        return false;
    cbor_write_array(out, l->count);
    for (size_t i = 0; i < l->count; i++) {
        const struct response_entry *e = &l->entries[i];

        if (e->item >= PAYLOAD_ITEMS_MAX || e->device_seq > INT64_MAX)
            return false;
        cbor_write_array(out, 3);
        cbor_write_uint(out, e->device_seq);
        cbor_write_uint(out, e->item);
        switch (e->kind) {
        case RESPONSE_VALUE_CLEARED:
            cbor_write_null(out);
            break;
        case RESPONSE_VALUE_MASK:
            cbor_write_uint(out, e->mask);
            break;
        case RESPONSE_VALUE_TEXT:
            if (e->text.len > PAYLOAD_ANSWER_BYTES_MAX || !text_is_plain(e->text))
                return false;
            cbor_write_text(out, (const char *)e->text.data, e->text.len);
            break;
        default:
            return false;
        }
    }
    return true;
}

static bool awards_write(const struct field *f, const struct award_list *l, struct buf *out)
{
    if (!in_range(l->count, f))
        return false;
    cbor_write_array(out, l->count);
    for (size_t i = 0; i < l->count; i++)
        cbor_write_uint(out, l->points[i]);
    return true;
}

static bool texts_write(const struct field *f, const struct text_list *l, struct buf *out)
{
    if (!in_range(l->count, f))
        return false;
    cbor_write_array(out, l->count);
    for (size_t i = 0; i < l->count; i++) {
        struct bytes t = l->texts[i];

        if (t.len == 0 || t.len > FIELD_LIST_TEXT_BYTES_MAX || !text_is_plain(t))
            return false;
        cbor_write_text(out, (const char *)t.data, t.len);
    }
    return true;
}

static bool string_write(const struct field *f, struct bytes v, struct buf *out)
{
    if (!string_fits(f, v))
        return false;
    if (f->kind == FIELD_BYTES)
        cbor_write_bytes(out, v.data, v.len);
    else
        cbor_write_text(out, (const char *)v.data, v.len);
    return true;
}

/* False when the value is beyond the field's limits. */
static bool field_write(const struct field *f, const void *v, struct buf *out)
{
    switch ((enum field_kind)f->kind) {
    case FIELD_ACTOR: {
        bool server = memcmp(v, server_actor, 32) == 0;
        cbor_write_bytes(out, v, server ? 0 : 32);
        return true;
    }
    case FIELD_FIXED:
        cbor_write_bytes(out, v, (size_t)f->max);
        return true;
    case FIELD_BYTES:
    case FIELD_TEXT:
    case FIELD_DATE:
    case FIELD_DATE_OR_EMPTY:
        return string_write(f, *(const struct bytes *)v, out);
    case FIELD_U32:
        cbor_write_uint(out, *(const uint32_t *)v);
        return in_range(*(const uint32_t *)v, f);
    case FIELD_U64:
        cbor_write_uint(out, *(const uint64_t *)v);
        return in_range(*(const uint64_t *)v, f);
    case FIELD_I32: {
        int32_t i = *(const int32_t *)v;
        cbor_write_int(out, i);
        return i >= -1 && (i < 0 || (uint64_t)i <= f->max);
    }
    case FIELD_I64: {
        int64_t i = *(const int64_t *)v;
        cbor_write_int(out, i);
        return i >= 0 && in_range((uint64_t)i, f);
    }
    case FIELD_BOOL:
        cbor_write_bool(out, *(const bool *)v);
        return true;
    case FIELD_RESPONSES:
        return responses_write(f, v, out);
    case FIELD_AWARDS:
        return awards_write(f, v, out);
    case FIELD_TEXTS:
        return texts_write(f, v, out);
    case FIELD_MAP:
        break;
    }
    assert(false && "FIELD_MAP is the caller's");
    return false;
}

int shape_encode(const struct shape *shape, const void *object, struct buf *out, struct err *err)
{
    cbor_write_map(out, shape->count);
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields[i];

        cbor_write_uint(out, f->key);
        if (f->kind == FIELD_MAP) {
            int rc = shape_encode(f->inner, at(object, f), out, err);
            if (rc != 0)
                return rc;
        } else if (!field_write(f, at(object, f), out)) {
            return err_set(err, ERR_LIMIT, &msg_field_limit, shape->name, f->name, NULL, NULL);
        }
    }
    return buf_error(out);
}

/* ------------------------------------------------------------------ reading */

/* A copy in the arena with a NUL behind it. False without memory. */
static bool copy_string(struct arena *arena, struct bytes v, struct bytes *out)
{
    const char *copy = arena_text(arena, (const char *)v.data, v.len);

    if (copy == NULL)
        return false;
    *out = bytes_of(copy, v.len);
    return true;
}

static int response_read(struct cbor_reader *r, struct arena *arena, struct response_entry *e)
{
    uint64_t n;

    if (cbor_read_array(r) != 3)
        return ERR_CORRUPT;
    e->device_seq = cbor_read_uint(r);
    n = cbor_read_uint(r);
    if (n >= PAYLOAD_ITEMS_MAX || e->device_seq > INT64_MAX)
        return ERR_CORRUPT;
    e->item = (uint32_t)n;
    if (cbor_peek(r) == CBOR_NULL) {
        cbor_read_null(r);
        e->kind = RESPONSE_VALUE_CLEARED;
    } else if (cbor_peek(r) == CBOR_TEXT) {
        struct bytes t = cbor_read_text(r);

        if (cbor_reader_error(r) != 0 || t.len > PAYLOAD_ANSWER_BYTES_MAX || !text_is_plain(t))
            return ERR_CORRUPT;
        e->kind = RESPONSE_VALUE_TEXT;
        if (!copy_string(arena, t, &e->text))
            return ERR_NOMEM;
    } else {
        n = cbor_read_uint(r);
        if (n > UINT32_MAX)
            return ERR_CORRUPT;
        e->kind = RESPONSE_VALUE_MASK;
        e->mask = (uint32_t)n;
    }
    return cbor_reader_error(r);
}

static int responses_read(struct cbor_reader *r, const struct field *f, struct arena *arena,
                          struct response_list *out)
{
    uint64_t count = cbor_read_array(r);
    struct response_entry *entries;

    if (cbor_reader_error(r) != 0 || !in_range(count, f))
        return ERR_CORRUPT;
    entries = arena_array(arena, (size_t)count, sizeof(*entries));
    if (entries == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        int rc = response_read(r, arena, &entries[i]);
        if (rc != 0)
            return rc;
    }
    out->entries = entries;
    out->count = (size_t)count;
    return 0;
}

static int awards_read(struct cbor_reader *r, const struct field *f, struct arena *arena,
                       struct award_list *out)
{
    uint64_t count = cbor_read_array(r);
    uint32_t *points;

    if (cbor_reader_error(r) != 0 || !in_range(count, f))
        return ERR_CORRUPT;
    points = arena_array(arena, (size_t)count, sizeof(*points));
    if (points == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        uint64_t v = cbor_read_uint(r);

        if (v > UINT32_MAX)
            return ERR_CORRUPT;
        points[i] = (uint32_t)v;
    }
    out->points = points;
    out->count = (size_t)count;
    return cbor_reader_error(r);
}

static int texts_read(struct cbor_reader *r, const struct field *f, struct arena *arena,
                      struct text_list *out)
{
    uint64_t count = cbor_read_array(r);
    struct bytes *texts;

    if (cbor_reader_error(r) != 0 || !in_range(count, f))
        return ERR_CORRUPT;
    texts = arena_array(arena, (size_t)count, sizeof(*texts));
    if (texts == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        struct bytes t = cbor_read_text(r);

        if (t.len == 0 || t.len > FIELD_LIST_TEXT_BYTES_MAX || !text_is_plain(t))
            return ERR_CORRUPT;
        if (!copy_string(arena, t, &texts[i]))
            return ERR_NOMEM;
    }
    out->texts = texts;
    out->count = (size_t)count;
    return cbor_reader_error(r);
}

static int string_read(struct cbor_reader *r, const struct field *f, struct arena *arena,
                       struct bytes *out)
{
    struct bytes v = f->kind == FIELD_BYTES ? cbor_read_bytes(r) : cbor_read_text(r);

    if (cbor_reader_error(r) != 0 || !string_fits(f, v))
        return ERR_CORRUPT;
    return copy_string(arena, v, out) ? 0 : ERR_NOMEM;
}

static int actor_read(struct cbor_reader *r, uint8_t out[32])
{
    struct bytes v = cbor_read_bytes(r);

    if (cbor_reader_error(r) != 0 || (v.len != 0 && v.len != 32))
        return ERR_CORRUPT;
    memset(out, 0, 32);
    if (v.len == 32) {
        memcpy(out, v.data, 32);
        /* The server has one form only: empty. */
        if (memcmp(out, server_actor, 32) == 0)
            return ERR_CORRUPT;
    }
    return 0;
}

static int number_read(struct cbor_reader *r, const struct field *f, void *out)
{
    if (f->kind == FIELD_I32) {
        int64_t v = cbor_read_int(r);

        if (cbor_reader_error(r) != 0 || v < -1 || (v >= 0 && (uint64_t)v > f->max))
            return ERR_CORRUPT;
        *(int32_t *)out = (int32_t)v;
        return 0;
    }

    uint64_t v = cbor_read_uint(r);
    if (cbor_reader_error(r) != 0 || !in_range(v, f))
        return ERR_CORRUPT;
    if (f->kind == FIELD_U32)
        *(uint32_t *)out = (uint32_t)v;
    else if (f->kind == FIELD_U64)
        *(uint64_t *)out = v;
    else
        *(int64_t *)out = (int64_t)v;
    return 0;
}

static int field_read(struct cbor_reader *r, const struct field *f, struct arena *arena, void *out)
{
    switch ((enum field_kind)f->kind) {
    case FIELD_ACTOR:
        return actor_read(r, out);
    case FIELD_FIXED:
        cbor_read_fixed(r, out, (size_t)f->max);
        return cbor_reader_error(r);
    case FIELD_BYTES:
    case FIELD_TEXT:
    case FIELD_DATE:
    case FIELD_DATE_OR_EMPTY:
        return string_read(r, f, arena, out);
    case FIELD_U32:
    case FIELD_U64:
    case FIELD_I32:
    case FIELD_I64:
        return number_read(r, f, out);
    case FIELD_BOOL:
        *(bool *)out = cbor_read_bool(r);
        return cbor_reader_error(r);
    case FIELD_RESPONSES:
        return responses_read(r, f, arena, out);
    case FIELD_AWARDS:
        return awards_read(r, f, arena, out);
    case FIELD_TEXTS:
        return texts_read(r, f, arena, out);
    case FIELD_MAP:
        break;
    }
    assert(false && "FIELD_MAP is the caller's");
    return ERR_CORRUPT;
}

static int map_read(const struct shape *shape, struct cbor_reader *r, struct arena *arena,
                    void *object, struct err *err)
{
    struct cbor_map map;
    uint64_t key;
    int rc = 0;

    cbor_read_map(r, &map);
    if (cbor_reader_error(r) != 0 || map.left != shape->count)
        return err_set(err, ERR_CORRUPT, &msg_field_corrupt, shape->name, "*", NULL, NULL);
    for (size_t i = 0; i < shape->count; i++) {
        const struct field *f = &shape->fields[i];

        if (!cbor_map_next(r, &map, &key) || key != f->key)
            rc = ERR_CORRUPT;
        else if (f->kind == FIELD_MAP) {
            rc = map_read(f->inner, r, arena, at_mut(object, f), err);
            if (rc != 0)
                return rc;
        } else
            rc = field_read(r, f, arena, at_mut(object, f));
        if (rc == ERR_CORRUPT)
            return err_set(err, rc, &msg_field_corrupt, shape->name, f->name, NULL, NULL);
        if (rc != 0)
            return err_set(err, rc, NULL, NULL, NULL, NULL, NULL);
    }
    return 0;
}

int shape_decode(const struct shape *shape, struct bytes raw, struct arena *arena, void *object,
                 struct err *err)
{
    struct cbor_reader r;
    int rc;

    cbor_reader_init(&r, raw);
    rc = map_read(shape, &r, arena, object, err);
    if (rc != 0)
        return rc;
    if (cbor_reader_finish(&r) != 0)
        return err_set(err, ERR_CORRUPT, &msg_field_corrupt, shape->name, "end", NULL, NULL);
    return 0;
}
