/* The people of a run and what replies tell of them. JSON is parsed before and after the measured
 * part only. See candidates.h for what fails. Thread: one at a time. */
#include "clients/load/candidates.h"

#include "question-bank/base/file.h"

#include <assert.h>
#include <inttypes.h>
#include <jansson.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NONCE_BYTES = NONCE_HEX_BYTES / 2 };

static const struct msg msg_line = {
    "candidate-line-bad",
    "{0} 第 {1} 行：应为 JSON 对象，含“person”以及“token”“password”“code”之一。",
    "{0}, line {1}: expected a JSON object with \"person\" and one of \"token\", \"password\", "
    "\"code\".",
};
static const struct msg msg_none = {"candidates-none", "{0} 中没有考生。",
                                    "{0} names no candidates."};
static const struct msg msg_many = {"candidates-too-many", "{0} 中的考生超过 {1} 人。",
                                    "{0} names more than {1} candidates."};

/* ---- the file ---- */

static int text_keep(struct arena *arena, const json_t *value, const char **out)
{
    const char *text = json_string_value(value);

    if (text == NULL)
        return 0;
    *out = arena_text(arena, text, strlen(text));
    return *out != NULL ? 0 : ERR_NOMEM;
}

static int line_read(struct candidates *set, struct bytes line, struct candidate *out)
{
    json_t *object = json_loadb((const char *)line.data, line.len, JSON_REJECT_DUPLICATES, NULL);
    const char *token = NULL;
    struct candidate c = {0};
    uint8_t nonce[NONCE_BYTES];
    int rc = ERR_BAD_INPUT;

    if (object == NULL || RAND_bytes(nonce, sizeof nonce) != 1)
        goto out;
    hex_encode(c.nonce, nonce, sizeof nonce);
    rc = text_keep(&set->arena, json_object_get(object, "person"), &c.person);
    if (rc == 0)
        rc = text_keep(&set->arena, json_object_get(object, "password"), &c.password);
    if (rc == 0)
        rc = text_keep(&set->arena, json_object_get(object, "code"), &c.code);
    if (rc == 0)
        rc = text_keep(&set->arena, json_object_get(object, "token"), &token);
    if (rc == 0 && (c.person == NULL || (c.password == NULL && c.code == NULL && token == NULL)))
        rc = ERR_BAD_INPUT;
    if (rc == 0 && token != NULL) {
        c.token = strdup(token);
        rc = c.token != NULL ? 0 : ERR_NOMEM;
    }
    if (rc == 0)
        *out = c;
out:
    json_decref(object);
    return rc;
}

static int add(struct candidates *set, size_t *cap, struct bytes line)
{
    if (set->count == *cap) {
        size_t more = *cap == 0 ? 256 : *cap * 2;
        struct candidate *all = realloc(set->all, more * sizeof *all);

        if (all == NULL)
            return ERR_NOMEM;
        set->all = all;
        *cap = more;
    }
    return line_read(set, line, &set->all[set->count++]);
}

static int lines_read(struct candidates *set, const char *path, struct bytes file, struct err *err)
{
    const uint8_t *at = file.data;
    const uint8_t *end = file.data + file.len;
    int64_t number = 0;
    size_t cap = 0;
    char text[24];
    int rc = 0;

    while (at < end && rc == 0) {
        const uint8_t *stop = memchr(at, '\n', (size_t)(end - at));
        size_t len = (size_t)((stop != NULL ? stop : end) - at);

        number++;
        if (len > 0) {
            if (set->count == CANDIDATES_MAX)
                return err_set(err, ERR_LIMIT, &msg_many, path, err_int(text, CANDIDATES_MAX), NULL,
                               NULL);
            rc = add(set, &cap, bytes_of(at, len));
            if (rc != 0)
                set->count--;
        }
        at += len + 1;
    }
    if (rc == ERR_BAD_INPUT)
        return err_set(err, rc, &msg_line, path, err_int(text, number), NULL, NULL);
    if (rc == 0 && set->count == 0)
        return err_set(err, ERR_BAD_INPUT, &msg_none, path, NULL, NULL, NULL);
    return rc;
}

int candidates_read(const char *path, struct candidates *out, struct err *err)
{
    struct candidates set = {0};
    struct buf file = {0};
    int rc = file_read(path, CANDIDATES_FILE_BYTES_MAX, &file, err);

    arena_init(&set.arena, CANDIDATES_FILE_BYTES_MAX);
    if (rc == 0)
        rc = lines_read(&set, path, buf_view(&file), err);
    buf_fini(&file);
    if (rc == 0)
        *out = set;
    else
        candidates_fini(&set);
    return rc;
}

int candidates_write(const struct candidates *c, const char *path, struct err *err)
{
    struct buf file = {0};
    int rc = 0;

    for (size_t i = 0; i < c->count && rc == 0; i++) {
        const struct candidate *one = &c->all[i];
        json_t *object;
        char *line;

        if (one->token == NULL)
            continue;
        object = json_pack("{s:s, s:s, s:s*}", "person", one->person, "token", one->token,
                           "password", one->password);
        line = object != NULL ? json_dumps(object, JSON_COMPACT | JSON_ENSURE_ASCII) : NULL;
        if (line == NULL)
            rc = ERR_NOMEM;
        else
            buf_printf(&file, "%s\n", line);
        free(line);
        json_decref(object);
    }
    if (rc == 0)
        rc = buf_error(&file);
    if (rc == 0)
        rc = file_write(path, buf_view(&file), 0600, err);
    buf_fini(&file);
    return rc;
}

void candidates_fini(struct candidates *c)
{
    for (size_t i = 0; i < c->count; i++) {
        free(c->all[i].token);
        free(c->all[i].items);
    }
    free(c->all);
    arena_fini(&c->arena);
    *c = (struct candidates){0};
}

/* ---- replies ---- */

static json_t *body_read(struct bytes body)
{
    return json_loadb((const char *)body.data, body.len, 0, NULL);
}

int candidate_take_login(struct candidate *c, struct bytes body)
{
    json_t *object = body_read(body);
    const char *token = json_string_value(json_object_get(object, "token"));
    int rc = ERR_BAD_INPUT;

    if (token != NULL) {
        free(c->token);
        c->token = strdup(token);
        rc = c->token != NULL ? 0 : ERR_NOMEM;
    }
    json_decref(object);
    return rc;
}

static int type_read(const json_t *item, uint8_t *out)
{
    static const char *const names[] = {[ITEM_SINGLE] = "single",
                                        [ITEM_MULTIPLE] = "multiple",
                                        [ITEM_TRUE_FALSE] = "true_false",
                                        [ITEM_FILL_IN] = "fill_in"};
    const char *name = json_string_value(json_object_get(item, "type"));

    for (uint8_t i = 0; name != NULL && i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(names[i], name) == 0) {
            *out = i;
            return 0;
        }
    }
    return ERR_BAD_INPUT;
}

static int items_read(const json_t *array, struct candidate *c)
{
    size_t count = json_array_size(array);
    struct paper_item *items;

    if (count == 0 || count > PAPER_ITEMS_MAX)
        return ERR_BAD_INPUT;
    items = calloc(count, sizeof *items);
    if (items == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        const json_t *item = json_array_get(array, i);
        size_t options = json_array_size(json_object_get(item, "options"));

        if (type_read(item, &items[i].type) != 0 || options > 32 ||
            (items[i].type <= ITEM_MULTIPLE && options < 2)) {
            free(items);
            return ERR_BAD_INPUT;
        }
        items[i].options = (uint8_t)options;
    }
    free(c->items);
    c->items = items;
    c->items_count = count;
    return 0;
}

int candidate_take_session(struct candidate *c, struct bytes body)
{
    json_t *object = body_read(body);
    const char *session = json_string_value(json_object_get(object, "session"));
    int rc = ERR_BAD_INPUT;

    if (session != NULL && strlen(session) == SESSION_TEXT_BYTES)
        rc = items_read(json_object_get(json_object_get(object, "paper"), "items"), c);
    if (rc == 0)
        memcpy(c->session, session, SESSION_TEXT_BYTES + 1);
    json_decref(object);
    return rc;
}

int candidate_take_opened(struct candidate *c, struct bytes body)
{
    json_t *object = body_read(body);
    json_int_t epoch = json_integer_value(json_object_get(object, "epoch"));
    json_int_t next_seq = json_integer_value(json_object_get(object, "next_seq"));
    int rc = ERR_BAD_INPUT;

    if (epoch > 0 && epoch <= UINT32_MAX && next_seq > 0) {
        c->epoch = (uint32_t)epoch;
        c->next_seq = (uint64_t)next_seq;
        c->event_seq = json_integer_value(json_object_get(object, "seq"));
        c->is_opened = true;
        rc = 0;
    }
    json_decref(object);
    return rc;
}

bool body_has(struct bytes body, const char *text)
{
    return body.len > 0 && memmem(body.data, body.len, text, strlen(text)) != NULL;
}

int64_t ack_event_seq(struct bytes body)
{
    static const char name[] = "\"seq\":";
    const char *at = body.len > 0 ? memmem(body.data, body.len, name, sizeof name - 1) : NULL;
    const char *end = (const char *)body.data + body.len;
    int64_t value = 0;

    if (at == NULL)
        return -1;
    at += sizeof name - 1;
    if (at == end || *at < '0' || *at > '9')
        return -1;
    for (; at < end && *at >= '0' && *at <= '9' && value < INT64_MAX / 16; at++)
        value = value * 10 + (*at - '0');
    return value;
}

bool ack_is_on_time(struct bytes body)
{
    return body_has(body, "\"late\":false");
}

/* ---- responses ---- */

size_t candidate_item_of(const struct candidate *c, uint64_t seq)
{
    return (size_t)(seq % c->items_count);
}

/* "" for a fill-in item; a mask otherwise. */
static uint32_t mask_of(const struct paper_item *item, uint64_t round)
{
    switch (item->type) {
    case ITEM_SINGLE:
        return UINT32_C(1) << round % item->options;
    case ITEM_MULTIPLE:
        return UINT32_C(1) << round % item->options | UINT32_C(1) << (round + 1) % item->options;
    default:
        return (uint32_t)(round & 1);
    }
}

void candidate_response_write(const struct candidate *c, uint64_t seq, struct buf *out)
{
    size_t at = candidate_item_of(c, seq);
    uint64_t round = seq / c->items_count;

    if (c->items[at].type == ITEM_FILL_IN)
        buf_printf(out, "{\"seq\":%" PRIu64 ",\"item\":%zu,\"value\":\"第%" PRIu64 "次\"}", seq, at,
                   round);
    else
        buf_printf(out, "{\"seq\":%" PRIu64 ",\"item\":%zu,\"value\":%" PRIu32 "}", seq, at,
                   mask_of(&c->items[at], round));
}

static bool value_is(const struct candidate *c, size_t at, uint64_t seq, const json_t *value)
{
    uint64_t round = seq / c->items_count;
    char text[64];

    if (c->items[at].type != ITEM_FILL_IN)
        return json_is_integer(value) && json_integer_value(value) == mask_of(&c->items[at], round);
    snprintf(text, sizeof text, "第%" PRIu64 "次", round);
    return json_is_string(value) && strcmp(json_string_value(value), text) == 0;
}

int candidate_check(const struct candidate *c, struct bytes body, size_t *stored, size_t *missing)
{
    json_t *object = body_read(body);
    const json_t *responses = json_object_get(object, "responses");
    const json_t *values[PAPER_ITEMS_MAX] = {0};
    int rc = ERR_BAD_INPUT;

    if (!json_is_array(responses))
        goto out;
    for (size_t i = 0; i < json_array_size(responses); i++) {
        const json_t *one = json_array_get(responses, i);
        json_int_t item = json_integer_value(json_object_get(one, "item"));

        if (item < 0 || (uint64_t)item >= c->items_count)
            goto out;
        values[item] = json_object_get(one, "value");
    }
    for (size_t i = 0; i < c->items_count; i++) {
        uint64_t seq = c->items[i].stored_seq;

        if (seq == 0)
            continue;
        /* One that was sent last and never answered may be there too. */
        if (value_is(c, i, seq, values[i]) ||
            (c->sent_seq != 0 && candidate_item_of(c, c->sent_seq) == i &&
             value_is(c, i, c->sent_seq, values[i])))
            (*stored)++;
        else
            (*missing)++;
    }
    rc = 0;
out:
    json_decref(object);
    return rc;
}
