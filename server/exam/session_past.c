/* Responses that were displaced or came too old to count: a ring of what suffices to know one again.
 *
 * Happy path: past_reserve before anything changes, past_add for each. When the ring is full the
 * oldest entry is forgotten; a repeat of that one is taken for another old response and recorded once
 * more, as often as SESSION_OLDER_MAX allows.
 *
 * Fails only without memory. Thread: the owner of the session. */
#include "server/exam/session_save.h"

#include <stdlib.h>

static uint64_t text_tag(struct bytes text)
{
    struct digest d = digest_of(DIGEST_SHA256, &text, 1);
    uint64_t tag = 0;

    for (size_t i = 0; i < sizeof tag; i++) {
        tag = tag << 8 | d.b[i];
    }
    return tag | UINT64_C(1) << 63; /* masks have 32 bits, so they never look alike */
}

static uint64_t value_tag(enum response_kind kind, uint32_t mask, struct bytes text)
{
    switch (kind) {
    case RESPONSE_MASK:
        return UINT64_C(1) << 32 | mask;
    case RESPONSE_TEXT:
        return text_tag(text);
    case RESPONSE_NONE:
        break;
    }
    return 0;
}

struct past_response past_of_input(uint32_t epoch, const struct response_input *in)
{
    return (struct past_response){.epoch = epoch,
                                  .item = in->item,
                                  .device_seq = in->device_seq,
                                  .value = value_tag(in->kind, in->mask, in->text)};
}

struct past_response past_of_response(uint32_t item, const struct response *r)
{
    return (struct past_response){
        .epoch = r->epoch,
        .item = item,
        .device_seq = r->device_seq,
        .value = value_tag(r->kind, r->mask,
                           r->text != NULL ? bytes_of_text(r->text) : bytes_of(NULL, 0))};
}

bool past_is_place(const struct past_response *a, const struct past_response *b)
{
    return a->epoch == b->epoch && a->item == b->item && a->device_seq == b->device_seq;
}

const struct past_response *past_find(const struct session *s, const struct past_response *p)
{
    for (size_t i = 0; i < s->past_count; i++) {
        if (past_is_place(&s->past[i], p)) {
            return &s->past[i];
        }
    }
    return NULL;
}

int past_reserve(struct session *s, size_t count)
{
    size_t need = s->past_count + count, cap = s->past_cap == 0 ? 16 : s->past_cap;
    struct past_response *more;

    need = need > SESSION_PAST_MAX ? SESSION_PAST_MAX : need;
    while (cap < need) {
        cap *= 2;
    }
    if (cap == s->past_cap || count == 0) {
        return 0;
    }
    more = realloc(s->past, cap * sizeof *more);
    if (more == NULL) {
        return ERR_NOMEM;
    }
    s->past = more;
    s->past_cap = cap;
    return 0;
}

void past_add(struct session *s, const struct past_response *p)
{
    if (s->past_count < SESSION_PAST_MAX) {
        s->past[s->past_count++] = *p;
        return;
    }
    s->past[s->past_next] = *p;
    s->past_next = (s->past_next + 1) % SESSION_PAST_MAX;
}
