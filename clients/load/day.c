/* Scenario files: one table of members; the object is walked once, then what was not met is looked
 * for. See day.h for what fails. Thread: reentrant. */
#include "clients/load/day.h"

#include "question-bank/base/file.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct msg msg_json = {"scenario-not-json", "{0}：不是正确的 JSON：第 {1} 行，{2}。",
                                    "{0}: not JSON: line {1}: {2}."};
static const struct msg msg_unknown = {"scenario-member-unknown",
                                       "{0}：没有“{1}”这一项（写的是 {3}），应为其中之一：{2}。",
                                       "{0}: there is no member '{1}' (found {3}); expected one of "
                                       "{2}."};
static const struct msg msg_object = {"scenario-not-object",
                                      "{0}：“{1}”应为 JSON 对象，写的是 {2}。",
                                      "{0}: '{1}' must be an object; found {2}."};
static const struct msg msg_number = {"scenario-not-number",
                                      "{0}：“{1}”应为 {2} 的整数，写的是 {3}。",
                                      "{0}: '{1}' must be an integer {2}; found {3}."};
static const struct msg msg_word = {"scenario-not-word", "{0}：“{1}”应为 {2}，写的是 {3}。",
                                    "{0}: '{1}' must be {2}; found {3}."};
static const struct msg msg_text = {"scenario-not-text",
                                    "{0}：“{1}”应为 1 至 {2} 字节的文字，写的是 {3}。",
                                    "{0}: '{1}' must be text of 1 to {2} bytes; found {3}."};
static const struct msg msg_missing = {"scenario-member-missing", "{0}：缺少“{1}”，应为 {2}。",
                                       "{0}: '{1}' is missing; expected {2}."};
static const struct msg msg_less = {"scenario-range-empty",
                                    "{0}：“{1}”不能小于 min（{2}），写的是 {3}。",
                                    "{0}: '{1}' must be at least min, {2}; found {3}."};
static const struct msg msg_end_only = {
    "scenario-only-at-end", "{0}：只有“hand_in.when”为 \"end\" 时才能写“{1}”，应去掉，写的是 {2}。",
    "{0}: '{1}' goes with 'hand_in.when' \"end\" only; expected nothing, found {2}."};

enum { FOUND_BYTES = 64, MEMBER_BYTES = 48, LIST_BYTES = ERR_ARG_BYTES_MAX };

enum kind { KIND_NUMBER, KIND_TEXT, KIND_SHAPE, KIND_WHEN };
enum need { NEED_ALWAYS, NEED_NEVER, NEED_DISCONNECT, NEED_SLOW, NEED_END };

struct row {
    const char *group; /* NULL: at the top */
    const char *name;
    enum kind kind;
    size_t offset;
    uint32_t min, max;
    enum need need;
};

#define FIELD(name) offsetof(struct day, name)

static const struct row rows[] = {
    {NULL, "name", KIND_TEXT, FIELD(name), 1, DAY_NAME_BYTES_MAX, NEED_ALWAYS},
    {NULL, "seed", KIND_NUMBER, FIELD(seed), 0, INT32_MAX, NEED_NEVER},
    {NULL, "people", KIND_NUMBER, FIELD(people), 1, DAY_PEOPLE_MAX, NEED_ALWAYS},
    {"arrive", "over_s", KIND_NUMBER, FIELD(arrive_over_s), 0, DAY_S_MAX, NEED_ALWAYS},
    {"arrive", "shape", KIND_SHAPE, FIELD(arrive_shape), 0, 0, NEED_ALWAYS},
    {"think_ms", "min", KIND_NUMBER, FIELD(think_ms.min), 0, DAY_MS_MAX, NEED_ALWAYS},
    {"think_ms", "max", KIND_NUMBER, FIELD(think_ms.max), 0, DAY_MS_MAX, NEED_ALWAYS},
    {"answers", "min", KIND_NUMBER, FIELD(answers.min), 1, DAY_ANSWERS_MAX, NEED_ALWAYS},
    {"answers", "max", KIND_NUMBER, FIELD(answers.max), 1, DAY_ANSWERS_MAX, NEED_ALWAYS},
    {"hand_in", "when", KIND_WHEN, FIELD(hand_in_when), 0, 0, NEED_ALWAYS},
    {"hand_in", "at_s", KIND_NUMBER, FIELD(hand_in_at_s), 0, DAY_S_MAX, NEED_END},
    {"hand_in", "over_s", KIND_NUMBER, FIELD(hand_in_over_s), 0, DAY_S_MAX, NEED_END},
    {"per_mille_of_answers", "reload", KIND_NUMBER, FIELD(reload_pm), 0, PER_MILLE, NEED_NEVER},
    {"per_mille_of_answers", "disconnect", KIND_NUMBER, FIELD(disconnect_pm), 0, PER_MILLE,
     NEED_NEVER},
    {"per_mille_of_answers", "duplicate", KIND_NUMBER, FIELD(duplicate_pm), 0, PER_MILLE,
     NEED_NEVER},
    {"disconnect_ms", "min", KIND_NUMBER, FIELD(disconnect_ms.min), 0, DAY_MS_MAX, NEED_DISCONNECT},
    {"disconnect_ms", "max", KIND_NUMBER, FIELD(disconnect_ms.max), 0, DAY_MS_MAX, NEED_DISCONNECT},
    {"per_mille_of_people", "slow_link", KIND_NUMBER, FIELD(slow_link_pm), 0, PER_MILLE,
     NEED_NEVER},
    {"per_mille_of_people", "never_hand_in", KIND_NUMBER, FIELD(never_hand_in_pm), 0, PER_MILLE,
     NEED_NEVER},
    {"slow_link", "bytes", KIND_NUMBER, FIELD(slow_bytes), 16, 4096, NEED_SLOW},
    {"slow_link", "pause_ms", KIND_NUMBER, FIELD(slow_pause_ms), 1, 1000, NEED_SLOW},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static const char *const shapes[] = {[SHAPE_EVEN] = "even", [SHAPE_BURST] = "burst", NULL};
static const char *const whens[] = {[HAND_IN_DONE] = "done", [HAND_IN_END] = "end", NULL};

static const char *const *words_of(enum kind kind)
{
    return kind == KIND_SHAPE ? shapes : whens;
}

/* ---- words for sentences ---- */

static const char *member_name(const char *group, const char *name, char out[MEMBER_BYTES])
{
    snprintf(out, MEMBER_BYTES, "%s%s%s", group != NULL ? group : "", group != NULL ? "." : "",
             name);
    return out;
}

/* As it stands in the file, so that "8" and 8 can be told apart. */
static const char *found_text(const json_t *value, char out[FOUND_BYTES])
{
    char *text = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);

    snprintf(out, FOUND_BYTES, "%s", text != NULL ? text : "?");
    free(text);
    return out;
}

static const char *expected_text(const struct row *row, char out[LIST_BYTES])
{
    size_t len = 0;

    out[0] = '\0';
    if (row->kind == KIND_NUMBER || row->kind == KIND_TEXT) {
        snprintf(out, LIST_BYTES, "%u..%u", row->min, row->max);
        return out;
    }
    for (const char *const *w = words_of(row->kind); *w != NULL && len < LIST_BYTES; w++)
        len += (size_t)snprintf(out + len, LIST_BYTES - len, "%s\"%s\"", len > 0 ? " / " : "", *w);
    return out;
}

/* The names that may stand in a group, each once. */
static const char *names_text(const char *group, char out[LIST_BYTES])
{
    const char *before = "";
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < ROWS && len < LIST_BYTES; i++) {
        const char *name = rows[i].name;

        if (group == NULL && rows[i].group != NULL)
            name = rows[i].group;
        else if (group != NULL && (rows[i].group == NULL || strcmp(rows[i].group, group) != 0))
            continue;
        if (strcmp(name, before) != 0)
            len += (size_t)snprintf(out + len, LIST_BYTES - len, "%s%s", len > 0 ? ", " : "", name);
        before = name;
    }
    return out;
}

/* ---- members ---- */

struct reading {
    const char *file;
    struct day day;
    bool seen[ROWS];
    struct err *err;
};

static int refuse(const struct reading *r, const struct row *row, const struct msg *msg,
                  const json_t *value)
{
    char member[MEMBER_BYTES], expected[LIST_BYTES], found[FOUND_BYTES];

    return err_set(r->err, ERR_BAD_INPUT, msg, r->file, member_name(row->group, row->name, member),
                   expected_text(row, expected), found_text(value, found));
}

static int text_set(struct reading *r, const struct row *row, const json_t *value)
{
    const char *text = json_string_value(value);
    size_t len = json_string_length(value);
    char member[MEMBER_BYTES], max[24], found[FOUND_BYTES];

    if (text == NULL || len < row->min || len > row->max || strlen(text) != len)
        return err_set(r->err, ERR_BAD_INPUT, &msg_text, r->file,
                       member_name(row->group, row->name, member), err_int(max, row->max),
                       found_text(value, found));
    memcpy((char *)&r->day + row->offset, text, len + 1);
    return 0;
}

static int value_set(struct reading *r, const struct row *row, const json_t *value)
{
    uint32_t number = 0;

    if (row->kind == KIND_TEXT)
        return text_set(r, row, value);
    if (row->kind == KIND_NUMBER) {
        json_int_t n = json_integer_value(value);

        if (!json_is_integer(value) || n < row->min || n > row->max)
            return refuse(r, row, &msg_number, value);
        number = (uint32_t)n;
    } else {
        const char *const *words = words_of(row->kind);
        const char *word = json_is_string(value) ? json_string_value(value) : "";

        while (words[number] != NULL && strcmp(words[number], word) != 0)
            number++;
        if (words[number] == NULL)
            return refuse(r, row, &msg_word, value);
    }
    memcpy((char *)&r->day + row->offset, &number, sizeof number);
    return 0;
}

static bool is_group(const char *name)
{
    size_t i = 0;

    while (i < ROWS && (rows[i].group == NULL || strcmp(rows[i].group, name) != 0))
        i++;
    return i < ROWS;
}

static int members_read(struct reading *r, const char *group, json_t *object)
{
    char member[MEMBER_BYTES], found[FOUND_BYTES], names[LIST_BYTES];
    const char *name;
    json_t *value;
    int rc = 0;

    json_object_foreach(object, name, value)
    {
        size_t i = 0;

        if (group == NULL && is_group(name)) {
            if (!json_is_object(value))
                return err_set(r->err, ERR_BAD_INPUT, &msg_object, r->file, name,
                               found_text(value, found), NULL);
            rc = members_read(r, name, value);
            if (rc != 0)
                return rc;
            continue;
        }
        while (i < ROWS &&
               (strcmp(rows[i].name, name) != 0 || (rows[i].group == NULL) != (group == NULL) ||
                (group != NULL && strcmp(rows[i].group, group) != 0)))
            i++;
        if (i == ROWS)
            return err_set(r->err, ERR_BAD_INPUT, &msg_unknown, r->file,
                           member_name(group, name, member), names_text(group, names),
                           found_text(value, found));
        rc = value_set(r, &rows[i], value);
        if (rc != 0)
            return rc;
        r->seen[i] = true;
    }
    return 0;
}

/* ---- the whole ---- */

static bool is_needed(const struct day *d, enum need need)
{
    switch (need) {
    case NEED_ALWAYS:
        return true;
    case NEED_DISCONNECT:
        return d->disconnect_pm > 0;
    case NEED_SLOW:
        return d->slow_link_pm > 0;
    case NEED_END:
        return d->hand_in_when == HAND_IN_END;
    case NEED_NEVER:
        break;
    }
    return false;
}

static int range_check(const struct reading *r, const char *member, const struct range *range)
{
    char min[24], max[24];

    if (range->min <= range->max)
        return 0;
    return err_set(r->err, ERR_BAD_INPUT, &msg_less, r->file, member, err_int(min, range->min),
                   err_int(max, range->max));
}

static int whole_check(const struct reading *r)
{
    const struct day *d = &r->day;
    char member[MEMBER_BYTES], expected[LIST_BYTES], found[24];
    int rc;

    for (size_t i = 0; i < ROWS; i++) {
        const struct row *row = &rows[i];
        uint32_t number;

        member_name(row->group, row->name, member);
        if (!r->seen[i] && is_needed(d, row->need))
            return err_set(r->err, ERR_BAD_INPUT, &msg_missing, r->file, member,
                           expected_text(row, expected), NULL);
        if (r->seen[i] && row->need == NEED_END && d->hand_in_when != HAND_IN_END) {
            memcpy(&number, (const char *)d + row->offset, sizeof number);
            return err_set(r->err, ERR_BAD_INPUT, &msg_end_only, r->file, member,
                           err_int(found, number), NULL);
        }
    }
    rc = range_check(r, "think_ms.max", &d->think_ms);
    if (rc == 0)
        rc = range_check(r, "answers.max", &d->answers);
    if (rc == 0)
        rc = range_check(r, "disconnect_ms.max", &d->disconnect_ms);
    return rc;
}

int day_parse(const char *file, struct bytes text, struct day *out, struct err *err)
{
    struct reading r = {.file = file, .err = err};
    char line[24], found[FOUND_BYTES];
    json_error_t e;
    json_t *json =
        json_loadb((const char *)text.data, text.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
    int rc;

    if (json == NULL)
        return err_set(err, ERR_BAD_INPUT, &msg_json, file, err_int(line, e.line), e.text, NULL);
    if (json_is_object(json))
        rc = members_read(&r, NULL, json);
    else
        rc = err_set(err, ERR_BAD_INPUT, &msg_object, file, "/", found_text(json, found), NULL);
    if (rc == 0)
        rc = whole_check(&r);
    json_decref(json);
    if (rc == 0)
        *out = r.day;
    return rc;
}

int day_read(const char *path, struct day *out, struct err *err)
{
    struct buf text = {0};
    int rc = file_read(path, DAY_FILE_BYTES_MAX, &text, err);

    if (rc == 0)
        rc = day_parse(path, buf_view(&text), out, err);
    buf_fini(&text);
    return rc;
}
