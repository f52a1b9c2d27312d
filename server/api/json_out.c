/* JSON out (see json_out.h). */
#include "server/api/json_out.h"

#include "question-bank/base/err.h"

#include <assert.h>
#include <string.h>

void json_out_init(struct json_out *w, struct buf *out)
{
    memset(w, 0, sizeof *w);
    w->out = out;
}

static void write_quoted(struct buf *out, const uint8_t *text, size_t len)
{
    size_t from = 0;

    buf_append_byte(out, '"');
    for (size_t i = 0; i < len; i++) {
        uint8_t c = text[i];

        if (c >= 0x20 && c != '"' && c != '\\' && c != 0x7F)
            continue;
        buf_append(out, text + from, i - from);
        from = i + 1;
        if (c == '"' || c == '\\')
            buf_printf(out, "\\%c", c);
        else if (c == '\n')
            buf_append(out, "\\n", 2);
        else
            buf_printf(out, "\\u%04x", c);
    }
    buf_append(out, text + from, len - from);
    buf_append_byte(out, '"');
}

static void begin_value(struct json_out *w, const char *name)
{
    if (w->comma)
        buf_append_byte(w->out, ',');
    w->comma = true;
    assert((name != NULL) == (w->depth > 0 && w->closers[w->depth - 1] == '}'));
    if (name != NULL) {
        buf_append_byte(w->out, '"');
        buf_append_text(w->out, name);
        buf_append(w->out, "\":", 2);
    }
}

static void begin_level(struct json_out *w, const char *name, char opener, char closer)
{
    begin_value(w, name);
    assert(w->depth < JSON_OUT_DEPTH_MAX);
    buf_append_byte(w->out, (uint8_t)opener);
    w->closers[w->depth++] = closer;
    w->comma = false;
}

void json_out_object(struct json_out *w, const char *name)
{
    begin_level(w, name, '{', '}');
}

void json_out_array(struct json_out *w, const char *name)
{
    begin_level(w, name, '[', ']');
}

void json_out_end(struct json_out *w)
{
    assert(w->depth > 0);
    buf_append_byte(w->out, (uint8_t)w->closers[--w->depth]);
    w->comma = true;
}

void json_out_text(struct json_out *w, const char *name, struct bytes text)
{
    begin_value(w, name);
    write_quoted(w->out, text.data, text.len);
}

void json_out_string(struct json_out *w, const char *name, const char *text)
{
    json_out_text(w, name, bytes_of_text(text));
}

void json_out_int(struct json_out *w, const char *name, int64_t value)
{
    char text[24];

    begin_value(w, name);
    buf_append_text(w->out, err_int(text, value));
}

void json_out_share(struct json_out *w, const char *name, int64_t value)
{
    if (value < 0)
        json_out_null(w, name);
    else
        json_out_int(w, name, value);
}

void json_out_bool(struct json_out *w, const char *name, bool value)
{
    begin_value(w, name);
    buf_append_text(w->out, value ? "true" : "false");
}

void json_out_null(struct json_out *w, const char *name)
{
    begin_value(w, name);
    buf_append(w->out, "null", 4);
}

void json_out_digest(struct json_out *w, const char *name, const struct digest *d)
{
    char hex[DIGEST_HEX_BYTES];

    digest_hex(d, hex);
    json_out_string(w, name, hex);
}

void json_out_uuid(struct json_out *w, const char *name, const uint8_t uuid[16])
{
    char text[UUID_TEXT_BYTES];

    uuid_text(uuid, text);
    json_out_string(w, name, text);
}

void json_out_raw(struct json_out *w, const char *name, struct bytes json)
{
    begin_value(w, name);
    buf_append(w->out, json.data, json.len);
}

/* ---- UUIDs ---- */

static const unsigned char uuid_groups[5] = {4, 2, 2, 2, 6}; /* bytes */

void uuid_text(const uint8_t uuid[16], char out[UUID_TEXT_BYTES])
{
    for (size_t g = 0; g < 5; g++) {
        if (g > 0)
            *out++ = '-';
        hex_encode(out, uuid, uuid_groups[g]);
        out += 2 * uuid_groups[g];
        uuid += uuid_groups[g];
    }
}

int uuid_parse(const char *text, uint8_t out[16])
{
    uint8_t uuid[16];
    uint8_t *to = uuid;

    if (strlen(text) != UUID_TEXT_BYTES - 1)
        return ERR_BAD_INPUT;
    for (size_t g = 0; g < 5; g++) {
        if ((g > 0 && *text++ != '-') ||
            hex_decode(to, uuid_groups[g], text, 2u * uuid_groups[g]) != 0)
            return ERR_BAD_INPUT;
        text += 2 * uuid_groups[g];
        to += uuid_groups[g];
    }
    memcpy(out, uuid, sizeof uuid);
    return 0;
}
