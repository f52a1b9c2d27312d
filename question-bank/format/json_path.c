/* Strict reading of JSON (see json_path.h). */
#include "question-bank/format/json_path.h"

#include "question-bank/base/utf8.h"

#include <stdio.h>
#include <string.h>

static const struct msg msg_syntax = {
    "json-syntax",
    "不是正确的 JSON：第 {0} 行第 {1} 列：{2}",
    "not JSON: line {0}, column {1}: {2}",
};
static const struct msg msg_place = {
    "json-place",
    "{0}：写的是 {1}，应当是：{2}",
    "{0}: found {1}, expected {2}",
};
static const struct msg msg_unknown = {
    "json-unknown-member",
    "{0}：没有“{1}”这一项",
    "{0}: there is no member '{1}'",
};

void json_path_join(char out[JSON_PATH_BYTES_MAX], const char *path, const char *name)
{
    size_t len = strlen(path);
    size_t name_len = strlen(name);

    if (len > JSON_PATH_BYTES_MAX - 2)
        len = JSON_PATH_BYTES_MAX - 2;
    if (name_len > JSON_PATH_BYTES_MAX - 2 - len)
        name_len = JSON_PATH_BYTES_MAX - 2 - len;
    memcpy(out, path, len);
    out[len] = '.';
    memcpy(out + len + 1, name, name_len);
    out[len + 1 + name_len] = '\0';
}

int json_path_parse(struct bytes text, json_t **out, struct err *err)
{
    json_error_t e;
    char line[24];
    char column[24];
    json_t *value = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &e);

    if (value == NULL)
        return err_set(err, ERR_BAD_INPUT, &msg_syntax, err_int(line, e.line),
                       err_int(column, e.column), e.text, NULL);
    *out = value;
    return 0;
}

static void describe(const json_t *value, char out[ERR_ARG_BYTES_MAX])
{
    char *text;

    if (value == NULL) {
        snprintf(out, ERR_ARG_BYTES_MAX, "（无 / nothing）");
        return;
    }
    text = json_dumps(value, JSON_COMPACT | JSON_ENCODE_ANY);
    if (text == NULL) {
        snprintf(out, ERR_ARG_BYTES_MAX, "?");
        return;
    }
    if (strlen(text) > 60)
        text[utf8_cut(text, strlen(text), 60)] = '\0';
    snprintf(out, ERR_ARG_BYTES_MAX, "%s", text);
    free(text);
}

int json_path_error(const char *path, const json_t *value, const char *expected, struct err *err)
{
    char found[ERR_ARG_BYTES_MAX];

    describe(value, found);
    return err_set(err, ERR_BAD_INPUT, &msg_place, path, found, expected, NULL);
}

int json_path_members(const json_t *value, const char *path, const char *const *names, size_t count,
                      struct err *err)
{
    const char *name;
    json_t *member;

    if (!json_is_object(value))
        return json_path_error(path, value, "{…} (object)", err);
    json_object_foreach((json_t *)(uintptr_t)value, name, member)
    {
        bool known = false;

        for (size_t i = 0; i < count; i++)
            known = known || strcmp(name, names[i]) == 0;
        if (!known)
            return err_set(err, ERR_BAD_INPUT, &msg_unknown, path, name, NULL, NULL);
    }
    return 0;
}

int json_path_text(const json_t *value, const char *path, const char *name, size_t max,
                   struct bytes *out, struct err *err)
{
    const json_t *member = json_object_get(value, name);
    char at[JSON_PATH_BYTES_MAX];
    struct bytes text;

    json_path_join(at, path, name);
    if (!json_is_string(member))
        return json_path_error(at, member, "文字 (text)", err);
    text = bytes_of(json_string_value(member), json_string_length(member));
    if (text.len == 0 || text.len > max || memchr(text.data, 0, text.len) != NULL ||
        !utf8_is_nfc(text))
        return json_path_error(at, member, "NFC 文字，长度合适 (text, not empty, not too long)",
                               err);
    *out = text;
    return 0;
}

int json_path_int(const json_t *value, const char *path, const char *name, int64_t min, int64_t max,
                  int64_t *out, struct err *err)
{
    const json_t *member = json_object_get(value, name);
    char at[JSON_PATH_BYTES_MAX];
    char range[96];

    if (json_is_integer(member) && json_integer_value(member) >= min &&
        json_integer_value(member) <= max) {
        *out = json_integer_value(member);
        return 0;
    }
    json_path_join(at, path, name);
    snprintf(range, sizeof range, "整数 (integer) %lld…%lld", (long long)min, (long long)max);
    return json_path_error(at, member, range, err);
}

int json_path_array(const json_t *value, const char *path, const char *name, size_t max,
                    bool needed, const json_t **out, struct err *err)
{
    const json_t *member = json_object_get(value, name);
    char at[JSON_PATH_BYTES_MAX];
    char range[96];

    if (member == NULL && !needed) {
        *out = NULL;
        return 0;
    }
    if (json_is_array(member) && json_array_size(member) <= max) {
        *out = member;
        return 0;
    }
    json_path_join(at, path, name);
    snprintf(range, sizeof range, "[…]，至多 (at most) %zu", max);
    return json_path_error(at, member, range, err);
}
