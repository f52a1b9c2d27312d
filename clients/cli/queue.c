/* See queue.h. The file is written whole at each change: at most 1,000 short answers. */
#include "clients/cli/queue.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct msg MSG_ITEMS = {"paper-too-long", "试卷有 {0} 题，超过本程序支持的 {1} 题。",
                                     "The paper has {0} items; this program takes {1}."};

int queue_init(struct queue *q, const struct state *state, const char *session, size_t count,
               struct err *err)
{
    char a[24];
    char b[24];

    memset(q, 0, sizeof(*q));
    if (count == 0 || count > QUEUE_ITEMS_MAX)
        return err_set(err, ERR_LIMIT, &MSG_ITEMS, err_int(a, (int64_t)count),
                       err_int(b, QUEUE_ITEMS_MAX), NULL, NULL);
    q->answers = calloc(count, sizeof(*q->answers));
    if (q->answers == NULL)
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    q->count = count;
    q->next_seq = 1;
    q->state = state;
    q->kept = true;
    snprintf(q->name, sizeof(q->name), "unsent-%.36s.json", session);
    return 0;
}

void queue_fini(struct queue *q)
{
    for (size_t i = 0; i < q->count; i++)
        json_decref(q->answers[i].value);
    free(q->answers);
    memset(q, 0, sizeof(*q));
}

/* ---- the file ---- */

static bool value_is_usable(const json_t *value)
{
    return json_is_integer(value) || json_is_string(value) || json_is_null(value);
}

static void give_value(struct answer *a, json_t *value)
{
    json_decref(a->value);
    a->value = json_is_null(value) ? NULL : json_incref(value);
}

static bool load_entry(struct queue *q, const json_t *entry)
{
    json_t *value = json_object_get(entry, "value");
    json_int_t item = json_integer_value(json_object_get(entry, "item"));
    json_int_t epoch = json_integer_value(json_object_get(entry, "epoch"));
    json_int_t seq = json_integer_value(json_object_get(entry, "seq"));
    struct answer *a;

    if (item < 0 || (size_t)item >= q->count || seq < 1 || epoch < 0 ||
        !json_is_integer(json_object_get(entry, "epoch")) || !value_is_usable(value))
        return false;
    a = &q->answers[item];
    give_value(a, value);
    a->epoch = epoch;
    a->seq = seq;
    a->state = ANSWER_UNSENT;
    if (seq >= q->next_seq)
        q->next_seq = seq + 1;
    return true;
}

size_t queue_load(struct queue *q)
{
    json_t *kept = state_read(q->state, q->name);
    json_t *entry;
    size_t count = 0;
    size_t i;

    json_array_foreach(json_object_get(kept, "entries"), i, entry) count += load_entry(q, entry);
    json_array_foreach(json_object_get(kept, "marked"), i, entry)
    {
        json_int_t item = json_integer_value(entry);
        if (item >= 0 && (size_t)item < q->count)
            q->answers[item].marked = true;
    }
    json_decref(kept);
    return count;
}

static json_t *entry_of(const struct answer *a, size_t item, bool with_epoch)
{
    json_t *entry =
        json_pack("{s:I, s:I, s:o}", "seq", (json_int_t)a->seq, "item", (json_int_t)item, "value",
                  a->value != NULL ? json_incref(a->value) : json_null());

    if (with_epoch)
        json_object_set_new(entry, "epoch", json_integer(a->epoch));
    return entry;
}

static void keep(struct queue *q)
{
    json_t *entries = json_array();
    json_t *marked = json_array();
    json_t *all;

    for (size_t i = 0; i < q->count; i++) {
        if (q->answers[i].state == ANSWER_UNSENT)
            json_array_append_new(entries, entry_of(&q->answers[i], i, true));
        if (q->answers[i].marked)
            json_array_append_new(marked, json_integer((json_int_t)i));
    }
    all = json_pack("{s:o, s:o}", "entries", entries, "marked", marked);
    q->kept = all != NULL && state_write(q->state, q->name, all, NULL) == 0;
    json_decref(all);
}

void queue_drop(struct queue *q)
{
    if (queue_count(q, ANSWER_UNSENT) == 0)
        state_remove(q->state, q->name);
}

/* ---- what the server has ---- */

void queue_take_stored(struct queue *q, const json_t *responses)
{
    json_t *r;
    size_t i;

    for (i = 0; i < q->count; i++) {
        struct answer *a = &q->answers[i];
        if (a->state == ANSWER_STORED) {
            json_decref(a->value);
            a->value = NULL;
            a->state = ANSWER_NONE;
        }
    }
    json_array_foreach(responses, i, r)
    {
        json_int_t item = json_integer_value(json_object_get(r, "item"));
        json_t *value = json_object_get(r, "value");
        struct answer *a;

        if (item < 0 || (size_t)item >= q->count || !value_is_usable(value))
            continue;
        a = &q->answers[item];
        if (a->state == ANSWER_UNSENT)
            continue;
        give_value(a, value);
        a->state = ANSWER_STORED;
    }
    q->stale = false;
}

static void stamp(struct queue *q, struct answer *a)
{
    a->epoch = q->epoch;
    a->seq = q->next_seq++;
}

static bool waits_for_open(const struct answer *a)
{
    return a->state == ANSWER_UNSENT && a->epoch == 0;
}

void queue_opened(struct queue *q, int64_t epoch, int64_t next_seq, const json_t *responses)
{
    bool waited = false;

    q->epoch = epoch;
    if (next_seq > q->next_seq)
        q->next_seq = next_seq;
    for (size_t i = 0; i < q->count; i++) {
        if (waits_for_open(&q->answers[i])) {
            stamp(q, &q->answers[i]);
            waited = true;
        }
    }
    if (waited)
        keep(q);
    queue_take_stored(q, responses);
}

void queue_not_opened(struct queue *q)
{
    for (size_t i = 0; i < q->count; i++) {
        if (waits_for_open(&q->answers[i]))
            q->answers[i].state = ANSWER_REFUSED;
    }
    keep(q);
}

void queue_restamp(struct queue *q)
{
    for (size_t i = 0; i < q->count; i++) {
        if (q->answers[i].state == ANSWER_UNSENT)
            stamp(q, &q->answers[i]);
    }
    keep(q);
}

/* ---- the person's acts ---- */

void queue_set(struct queue *q, size_t item, json_t *value)
{
    struct answer *a = &q->answers[item];

    assert(item < q->count);
    json_decref(a->value);
    a->value = json_is_null(value) ? (json_decref(value), NULL) : value;
    stamp(q, a);
    a->state = ANSWER_UNSENT;
    keep(q);
}

void queue_mark(struct queue *q, size_t item, bool marked)
{
    assert(item < q->count);
    q->answers[item].marked = marked;
    keep(q);
}

/* ---- sending ---- */

json_t *queue_batch(const struct queue *q)
{
    json_t *responses;
    int64_t epoch = 0;

    for (size_t i = 0; i < q->count; i++) {
        const struct answer *a = &q->answers[i];
        if (a->state == ANSWER_UNSENT && a->epoch > 0 && (epoch == 0 || a->epoch < epoch))
            epoch = a->epoch;
    }
    if (epoch == 0)
        return NULL;
    responses = json_array();
    for (size_t i = 0; i < q->count; i++) {
        const struct answer *a = &q->answers[i];
        if (a->state == ANSWER_UNSENT && a->epoch == epoch &&
            (!q->single || json_array_size(responses) == 0))
            json_array_append_new(responses, entry_of(a, i, false));
    }
    return json_pack("{s:I, s:o}", "epoch", (json_int_t)epoch, "responses", responses);
}

void queue_settle(struct queue *q, const json_t *batch, bool stored)
{
    int64_t epoch = json_integer_value(json_object_get(batch, "epoch"));
    json_t *r;
    size_t i;

    json_array_foreach(json_object_get(batch, "responses"), i, r)
    {
        size_t item = (size_t)json_integer_value(json_object_get(r, "item"));
        struct answer *a = &q->answers[item];

        if (a->epoch == epoch && a->seq == json_integer_value(json_object_get(r, "seq")))
            a->state = stored ? ANSWER_STORED : ANSWER_REFUSED;
    }
    if (stored && epoch != q->epoch)
        q->stale = true;
    keep(q);
}

size_t queue_count(const struct queue *q, enum answer_state state)
{
    size_t count = 0;

    for (size_t i = 0; i < q->count; i++)
        count += q->answers[i].state == state;
    return count;
}

size_t queue_stored(const struct queue *q)
{
    size_t count = 0;

    for (size_t i = 0; i < q->count; i++)
        count += q->answers[i].state == ANSWER_STORED && q->answers[i].value != NULL;
    return count;
}

bool queue_is_answered(const struct queue *q, size_t item)
{
    return q->answers[item].value != NULL && q->answers[item].state != ANSWER_REFUSED;
}

size_t queue_unanswered(const struct queue *q)
{
    size_t count = 0;

    for (size_t i = 0; i < q->count; i++)
        count += !queue_is_answered(q, i);
    return count;
}

int64_t queue_last_seq(const struct queue *q)
{
    return q->next_seq - 1;
}
