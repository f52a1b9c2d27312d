/* Strict reading of request bodies (see json_in.h). */
#include "server/api/json_in.h"

#include "question-bank/base/utf8.h"
#include "server/roster/civil.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct msg msg_empty = {"body-missing", "请求没有正文，应为 JSON 对象。",
                                     "The request has no body; expected a JSON object."};
/* The reasons are our own words: the parser's repeat what stands there, which may be a password. */
static const struct msg msg_syntax = {"body-not-json",
                                      "正文不是正确的 JSON：第 {0} 行第 {1} 列，语法有误。",
                                      "The body is not JSON: line {0}, column {1}: wrong syntax."};
static const struct msg msg_utf8 = {"body-not-json",
                                    "正文不是正确的 JSON：第 {0} 行第 {1} 列，不是 UTF-8 编码。",
                                    "The body is not JSON: line {0}, column {1}: not UTF-8."};
static const struct msg msg_cut = {
    "body-not-json", "正文不是正确的 JSON：第 {0} 行第 {1} 列，内容不完整。",
    "The body is not JSON: line {0}, column {1}: it ends too early."};
static const struct msg msg_behind = {
    "body-not-json", "正文不是正确的 JSON：第 {0} 行第 {1} 列，后面有多余内容。",
    "The body is not JSON: line {0}, column {1}: something follows its end."};
static const struct msg msg_nul = {
    "body-not-json", "正文不是正确的 JSON：第 {0} 行第 {1} 列，不允许空字符。",
    "The body is not JSON: line {0}, column {1}: NUL is not allowed."};
static const struct msg msg_twice = {
    "body-not-json", "正文不是正确的 JSON：第 {0} 行第 {1} 列，同一项写了两次。",
    "The body is not JSON: line {0}, column {1}: the member is given twice."};
static const struct msg msg_overflow = {
    "body-not-json", "正文不是正确的 JSON：第 {0} 行第 {1} 列，数值过大。",
    "The body is not JSON: line {0}, column {1}: the number is too large."};
static const struct msg msg_depth = {"body-too-deep", "正文嵌套过深，至多 {0} 层。",
                                     "The body is nested deeper than {0} levels."};
static const struct msg msg_not_object = {"body-not-object", "正文应为 JSON 对象，收到的是 {0}。",
                                          "The body must be a JSON object; found {0}."};
static const struct msg msg_unknown = {"member-unknown",
                                       "没有“{0}”这一项；此处可用的有：{1}{2}{3}。",
                                       "There is no member '{0}' here; known are: {1}{2}{3}."};
static const struct msg msg_missing = {"member-missing", "缺少“{0}”一项。",
                                       "The member '{0}' is missing."};
static const struct msg msg_text = {"member-not-text",
                                    "“{0}”应为 {2} 至 {3} 字节的文字，收到的是 {1}。",
                                    "'{0}' must be text of {2} to {3} bytes; found {1}."};
static const struct msg msg_int = {"member-not-integer",
                                   "“{0}”应为 {2} 至 {3} 的整数，收到的是 {1}。",
                                   "'{0}' must be an integer from {2} to {3}; found {1}."};
static const struct msg msg_bool = {"member-not-boolean", "“{0}”应为 true 或 false，收到的是 {1}。",
                                    "'{0}' must be true or false; found {1}."};
static const struct msg msg_hex = {"member-not-hex",
                                   "“{0}”应为 {2} 个小写十六进制字符，收到的是 {1}。",
                                   "'{0}' must be {2} lower-case hexadecimal digits; found {1}."};
static const struct msg msg_choice = {"member-not-choice", "“{0}”应为 {2} 之一，收到的是 {1}。",
                                      "'{0}' must be one of {2}; found {1}."};
static const struct msg msg_array = {"member-not-array",
                                     "“{0}”应为 {2} 至 {3} 个元素的数组，收到的是 {1}。",
                                     "'{0}' must be an array of {2} to {3} elements; found {1}."};
static const struct msg msg_object = {"member-not-object", "“{0}”应为 JSON 对象，收到的是 {1}。",
                                      "'{0}' must be a JSON object; found {1}."};
static const struct msg msg_date = {"member-not-date",
                                    "“{0}”应为形如 2026-11-24 的日期，收到的是 {1}。",
                                    "'{0}' must be a date such as 2026-11-24; found {1}."};

enum { FOUND_TEXT_BYTES_MAX = 48, PARENT_BYTES_MAX = 36, NAME_BYTES_MAX = 60 };

/* Brackets within brackets, strings passed over. What is no JSON is the parser's to refuse. */
static unsigned depth_of(struct bytes body)
{
    unsigned depth = 0;
    unsigned most = 0;
    bool in_string = false;

    for (size_t i = 0; i < body.len; i++) {
        uint8_t c = body.data[i];

        if (in_string) {
            if (c == '\\')
                i++;
            else if (c == '"')
                in_string = false;
        } else if (c == '"') {
            in_string = true;
        } else if (c == '{' || c == '[') {
            depth++;
            most = depth > most ? depth : most;
        } else if ((c == '}' || c == ']') && depth > 0) {
            depth--;
        }
    }
    return most;
}

/* What stands there, in a form that reads in both languages. */
static void describe(const json_t *value, bool secret, char out[ERR_ARG_BYTES_MAX])
{
    const char *text;
    size_t len;

    switch (json_typeof(value)) {
    case JSON_STRING:
        text = json_string_value(value);
        len = json_string_length(value);
        if (secret)
            snprintf(out, ERR_ARG_BYTES_MAX, "\"…\" (%zu)", len);
        else if (len <= FOUND_TEXT_BYTES_MAX)
            snprintf(out, ERR_ARG_BYTES_MAX, "\"%s\"", text);
        else
            snprintf(out, ERR_ARG_BYTES_MAX, "\"%.*s…\" (%zu)",
                     (int)utf8_cut(text, len, FOUND_TEXT_BYTES_MAX), text, len);
        break;
    case JSON_INTEGER:
        snprintf(out, ERR_ARG_BYTES_MAX, "%lld", (long long)json_integer_value(value));
        break;
    case JSON_REAL:
        /* "1.0", not "1": that it is no integer is often the point. */
        snprintf(out, ERR_ARG_BYTES_MAX, "%g", json_real_value(value));
        if (strpbrk(out, ".e") == NULL)
            strcat(out, ".0");
        break;
    case JSON_ARRAY:
        snprintf(out, ERR_ARG_BYTES_MAX, "[…] (%zu)", json_array_size(value));
        break;
    case JSON_OBJECT:
        snprintf(out, ERR_ARG_BYTES_MAX, "{…}");
        break;
    case JSON_TRUE:
    case JSON_FALSE:
        snprintf(out, ERR_ARG_BYTES_MAX, json_is_true(value) ? "true" : "false");
        break;
    case JSON_NULL:
        snprintf(out, ERR_ARG_BYTES_MAX, "null");
        break;
    }
}

static bool is_secret(const char *name)
{
    return strstr(name, "password") != NULL || strcmp(name, "code") == 0 ||
           strcmp(name, "share") == 0;
}

static const struct msg *reason_of(const json_error_t *e)
{
    switch (json_error_code(e)) {
    case json_error_invalid_utf8:
        return &msg_utf8;
    case json_error_premature_end_of_input:
        return &msg_cut;
    case json_error_end_of_input_expected:
        return &msg_behind;
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return &msg_nul;
    case json_error_duplicate_key:
        return &msg_twice;
    case json_error_numeric_overflow:
        return &msg_overflow;
    default:
        return &msg_syntax;
    }
}

int json_in_parse(struct bytes body, json_t **out, struct err *err)
{
    char line[24];
    char column[24];
    char found[ERR_ARG_BYTES_MAX];
    json_error_t e;
    json_t *value;

    if (body.len == 0)
        return err_set(err, ERR_BAD_INPUT, &msg_empty, NULL, NULL, NULL, NULL);
    if (depth_of(body) > JSON_IN_DEPTH_MAX)
        return err_set(err, ERR_BAD_INPUT, &msg_depth, err_int(line, JSON_IN_DEPTH_MAX), NULL, NULL,
                       NULL);
    value =
        json_loadb((const char *)body.data, body.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
    if (value == NULL) {
        if (json_error_code(&e) == json_error_out_of_memory)
            return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
        return err_set(err, ERR_BAD_INPUT, reason_of(&e), err_int(line, e.line),
                       err_int(column, e.column), NULL, NULL);
    }
    if (!json_is_object(value)) {
        describe(value, true, found);
        json_decref(value);
        return err_set(err, ERR_BAD_INPUT, &msg_not_object, found, NULL, NULL, NULL);
    }
    *out = value;
    return 0;
}

struct json_in json_in_body(const json_t *json)
{
    return (struct json_in){.object = json, .parent = "", .index = -1};
}

/* text, cut at a code point. */
static int cut(const char *text, size_t max)
{
    return (int)utf8_cut(text, strlen(text), max);
}

void json_in_at(const struct json_in *in, const char *name, char out[JSON_IN_AT_BYTES_MAX])
{
    const char *dot = in->parent[0] != '\0' && name[0] != '\0' ? "." : "";

    if (in->index >= 0)
        snprintf(out, JSON_IN_AT_BYTES_MAX, "%.*s[%lld]%s%.*s", cut(in->parent, PARENT_BYTES_MAX),
                 in->parent, (long long)in->index, dot, cut(name, NAME_BYTES_MAX), name);
    else
        snprintf(out, JSON_IN_AT_BYTES_MAX, "%.*s%s%.*s", cut(in->parent, PARENT_BYTES_MAX),
                 in->parent, dot, cut(name, NAME_BYTES_MAX), name);
}

static int refuse_value(const char *at, const char *name, const json_t *value,
                        const struct msg *msg, const char *a2, const char *a3, struct err *err)
{
    char found[ERR_ARG_BYTES_MAX];

    if (value == NULL)
        return err_set(err, ERR_BAD_INPUT, &msg_missing, at, NULL, NULL, NULL);
    describe(value, is_secret(name), found);
    return err_set(err, ERR_BAD_INPUT, msg, at, found, a2, a3);
}

int json_in_refuse(const struct json_in *in, const char *name, const struct msg *msg,
                   const char *a2, const char *a3, struct err *err)
{
    char at[JSON_IN_AT_BYTES_MAX];

    json_in_at(in, name, at);
    return refuse_value(at, name, json_object_get(in->object, name), msg, a2, a3, err);
}

enum { LIST_ARGS = 3 };

/* The names in order over three arguments, as one list is longer than one argument may be: whole
 * names, and "…" where even three are too few. */
static void list_names(const char *const *names, size_t count,
                       char out[LIST_ARGS][ERR_ARG_BYTES_MAX])
{
    size_t at = 0;
    size_t len = 0;

    for (size_t i = 0; i < LIST_ARGS; i++)
        out[i][0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t need = strlen(names[i]) + 2;

        if (len + need >= ERR_ARG_BYTES_MAX - sizeof("…") && at < LIST_ARGS - 1) {
            at++;
            len = 0;
        }
        if (len + need >= ERR_ARG_BYTES_MAX - sizeof("…")) {
            strcat(out[at], "…");
            return;
        }
        len += (size_t)snprintf(out[at] + len, ERR_ARG_BYTES_MAX - len, "%s%s", names[i],
                                i + 1 < count ? ", " : "");
    }
}

int json_in_members(const struct json_in *in, const char *const *names, size_t count,
                    struct err *err)
{
    char at[JSON_IN_AT_BYTES_MAX];
    char known[LIST_ARGS][ERR_ARG_BYTES_MAX];
    const char *name;
    json_t *value;

    json_object_foreach((json_t *)(uintptr_t)in->object, name, value)
    {
        size_t i = 0;

        while (i < count && strcmp(name, names[i]) != 0)
            i++;
        if (i < count)
            continue;
        list_names(names, count, known);
        json_in_at(in, name, at);
        return err_set(err, ERR_BAD_INPUT, &msg_unknown, at, known[0], known[1], known[2]);
    }
    return 0;
}

/* value as NFC text without NUL, or false. */
static bool text_of(const json_t *value, size_t min, size_t max, struct arena *arena,
                    struct bytes *out, bool *no_memory)
{
    struct bytes text;
    struct buf nfc = {0};
    bool good = false;

    *no_memory = false;
    if (!json_is_string(value))
        return false;
    text = bytes_of(json_string_value(value), json_string_length(value));
    if (text.len > 4 * max || memchr(text.data, 0, text.len) != NULL)
        return false;
    if (!utf8_is_nfc(text)) {
        *no_memory = utf8_nfc(text, &nfc) == ERR_NOMEM;
        text = buf_error(&nfc) == 0 ? arena_bytes(arena, buf_view(&nfc)) : text;
        *no_memory = *no_memory || text.data == NULL;
    }
    if (!*no_memory && text.len >= min && text.len <= max) {
        *out = text;
        good = true;
    }
    buf_fini(&nfc);
    return good;
}

static int take_text(const json_t *value, const char *at, const char *name, size_t min, size_t max,
                     struct arena *arena, struct bytes *out, struct err *err)
{
    char low[24];
    char high[24];
    bool no_memory;

    if (text_of(value, min, max, arena, out, &no_memory))
        return 0;
    if (no_memory)
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    return refuse_value(at, name, value, &msg_text, err_int(low, (int64_t)min),
                        err_int(high, (int64_t)max), err);
}

int json_in_text(const struct json_in *in, const char *name, size_t min, size_t max,
                 struct arena *arena, struct bytes *out, struct err *err)
{
    char at[JSON_IN_AT_BYTES_MAX];

    json_in_at(in, name, at);
    return take_text(json_object_get(in->object, name), at, name, min, max, arena, out, err);
}

int json_in_secret(const struct json_in *in, const char *name, size_t min, size_t max,
                   struct bytes *out, struct err *err)
{
    const json_t *value = json_object_get(in->object, name);
    char low[24];
    char high[24];
    size_t len = json_string_length(value);

    if (json_is_string(value) && len >= min && len <= max &&
        memchr(json_string_value(value), 0, len) == NULL) {
        *out = bytes_of(json_string_value(value), len);
        return 0;
    }
    return json_in_refuse(in, name, &msg_text, err_int(low, (int64_t)min),
                          err_int(high, (int64_t)max), err);
}

int json_in_int(const struct json_in *in, const char *name, int64_t min, int64_t max, int64_t *out,
                struct err *err)
{
    const json_t *value = json_object_get(in->object, name);
    char low[24];
    char high[24];

    if (json_is_integer(value) && json_integer_value(value) >= min &&
        json_integer_value(value) <= max) {
        *out = json_integer_value(value);
        return 0;
    }
    return json_in_refuse(in, name, &msg_int, err_int(low, min), err_int(high, max), err);
}

int json_in_bool(const struct json_in *in, const char *name, bool *out, struct err *err)
{
    const json_t *value = json_object_get(in->object, name);

    if (!json_is_boolean(value))
        return json_in_refuse(in, name, &msg_bool, NULL, NULL, err);
    *out = json_is_true(value);
    return 0;
}

int json_in_hex(const struct json_in *in, const char *name, uint8_t *out, size_t len,
                struct err *err)
{
    const json_t *value = json_object_get(in->object, name);
    char digits[24];
    bool lower = true;

    for (size_t i = 0; i < json_string_length(value); i++)
        lower = lower && strchr("0123456789abcdef", json_string_value(value)[i]) != NULL;
    if (json_is_string(value) && lower &&
        hex_decode(out, len, json_string_value(value), json_string_length(value)) == 0)
        return 0;
    return json_in_refuse(in, name, &msg_hex, err_int(digits, (int64_t)(2 * len)), NULL, err);
}

int json_in_choice(const struct json_in *in, const char *name, const char *const *choices,
                   size_t count, size_t *out, struct err *err)
{
    const char *text = json_string_value(json_object_get(in->object, name));
    char known[ERR_ARG_BYTES_MAX] = "";
    size_t len = 0;

    for (size_t i = 0; i < count; i++) {
        if (text != NULL && strcmp(text, choices[i]) == 0) {
            *out = i;
            return 0;
        }
        if (len < sizeof known)
            len += (size_t)snprintf(known + len, sizeof known - len, "%s%s", i > 0 ? ", " : "",
                                    choices[i]);
    }
    return json_in_refuse(in, name, &msg_choice, known, NULL, err);
}

int json_in_array(const struct json_in *in, const char *name, size_t min, size_t max,
                  const json_t **out, struct err *err)
{
    const json_t *value = json_object_get(in->object, name);
    char low[24];
    char high[24];

    if (json_is_array(value) && json_array_size(value) >= min && json_array_size(value) <= max) {
        *out = value;
        return 0;
    }
    return json_in_refuse(in, name, &msg_array, err_int(low, (int64_t)min),
                          err_int(high, (int64_t)max), err);
}

int json_in_object(const struct json_in *in, const char *name, struct json_in *out, struct err *err)
{
    const json_t *value = json_object_get(in->object, name);

    if (!json_is_object(value))
        return json_in_refuse(in, name, &msg_object, NULL, NULL, err);
    *out = (struct json_in){.object = value, .parent = name, .index = -1};
    return 0;
}

int json_in_element(const json_t *array, const char *name, size_t index, struct json_in *out,
                    struct err *err)
{
    struct json_in in = {
        .object = json_array_get(array, index), .parent = name, .index = (int64_t)index};
    char at[JSON_IN_AT_BYTES_MAX];

    if (!json_is_object(in.object)) {
        json_in_at(&in, "", at);
        return refuse_value(at, name, in.object, &msg_object, NULL, NULL, err);
    }
    *out = in;
    return 0;
}

int json_in_element_text(const json_t *array, const char *name, size_t index, size_t max,
                         struct arena *arena, struct bytes *out, struct err *err)
{
    struct json_in in = {.parent = name, .index = (int64_t)index};
    char at[JSON_IN_AT_BYTES_MAX];

    json_in_at(&in, "", at);
    return take_text(json_array_get(array, index), at, name, 1, max, arena, out, err);
}

int json_in_date(const struct json_in *in, const char *name, struct bytes *out, struct err *err)
{
    const json_t *value = json_object_get(in->object, name);
    struct bytes text = bytes_of(json_string_value(value), json_string_length(value));

    if (!json_is_string(value) || !civil_date_valid(text))
        return json_in_refuse(in, name, &msg_date, NULL, NULL, err);
    *out = text;
    return 0;
}
