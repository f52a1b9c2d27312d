/* Strict reading of JSON (see json_path.h). */
#include "question-bank/format/json_path.h"

#include "question-bank/base/utf8.h"

#include <stdio.h>
#include <string.h>

static const struct msg msg_syntax = {
    "json-syntax",
    "不是正确的 JSON：第 {0} 行第 {1} 列，{2}",
    "not JSON: line {0}, column {1}: {2}",
};
static const struct msg msg_place = {
    "json-place",
    "{0}：{1}，应当是：{2}",
    "{0}: found {1}, expected {2}",
};
static const struct msg msg_unknown = {
    "json-unknown-member",
    "{0}：没有“{1}”这一项",
    "{0}: there is no member '{1}'",
};

static const struct err_word word_nothing = {"什么也没有写", "nothing"};
static const struct err_word word_found = {"写的是 {1}", "{1}"};
static const struct err_word word_object = {"一个对象 {…}", "an object {…}"};
static const struct err_word word_text = {"文字", "text"};
static const struct err_word word_short_text = {"不空、不超长的文字（NFC）",
                                                "text in NFC, not empty and not too long"};
static const struct err_word word_integer = {"整数 {2}", "an integer, {2}"};
static const struct err_word word_array = {"数组 […]，至多 {2} 项", "an array […] of at most {2}"};

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

const struct err_word *json_path_reason(const json_error_t *e)
{
    static const struct err_word utf8 = {"不是 UTF-8 编码", "not UTF-8"};
    static const struct err_word cut = {"内容不完整", "it ends too early"};
    static const struct err_word behind = {"结尾之后还有内容", "there is more behind its end"};
    static const struct err_word nul = {"不允许空字符", "a NUL character is not allowed"};
    static const struct err_word twice = {"同一名称出现两次", "a name is there twice"};
    static const struct err_word overflow = {"数字太大", "a number is too large"};
    static const struct err_word deep = {"嵌套太深", "nested too deep"};
    static const struct err_word syntax = {"语法有误", "a syntax error"};

    switch (json_error_code(e)) {
    case json_error_invalid_utf8:
        return &utf8;
    case json_error_premature_end_of_input:
        return &cut;
    case json_error_end_of_input_expected:
        return &behind;
    case json_error_null_character:
    case json_error_null_byte_in_key:
        return &nul;
    case json_error_duplicate_key:
        return &twice;
    case json_error_numeric_overflow:
        return &overflow;
    case json_error_stack_overflow:
        return &deep;
    default:
        return &syntax;
    }
}

int json_path_parse(struct bytes text, json_t **out, struct err *err)
{
    json_error_t e;
    char line[24];
    char column[24];
    json_t *value = json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES, &e);

    if (value == NULL) {
        err_set(err, ERR_BAD_INPUT, &msg_syntax, err_int(line, e.line > 0 ? e.line : 1),
                err_int(column, e.column > 0 ? e.column : 1), NULL, NULL);
        err_say(err, 2, json_path_reason(&e));
        return ERR_BAD_INPUT;
    }
    *out = value;
    return 0;
}

static void describe(const json_t *value, char out[ERR_ARG_BYTES_MAX])
{
    char *text;

    out[0] = '\0';
    if (value == NULL)
        return;
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
    err_set(err, ERR_BAD_INPUT, &msg_place, path, found, expected, NULL);
    err_say(err, 1, value == NULL ? &word_nothing : &word_found);
    return ERR_BAD_INPUT;
}

int json_path_expect(const char *path, const json_t *value, const struct err_word *expected,
                     const char *limit, struct err *err)
{
    json_path_error(path, value, limit, err);
    err_say(err, 2, expected);
    return ERR_BAD_INPUT;
}

int json_path_members(const json_t *value, const char *path, const char *const *names, size_t count,
                      struct err *err)
{
    const char *name;
    json_t *member;

    if (!json_is_object(value))
        return json_path_expect(path, value, &word_object, NULL, err);
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
        return json_path_expect(at, member, &word_text, NULL, err);
    text = bytes_of(json_string_value(member), json_string_length(member));
    if (text.len == 0 || text.len > max || memchr(text.data, 0, text.len) != NULL ||
        !utf8_is_nfc(text))
        return json_path_expect(at, member, &word_short_text, NULL, err);
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
    snprintf(range, sizeof range, "%lld…%lld", (long long)min, (long long)max);
    return json_path_expect(at, member, &word_integer, range, err);
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
    snprintf(range, sizeof range, "%zu", max);
    return json_path_expect(at, member, &word_array, range, err);
}
