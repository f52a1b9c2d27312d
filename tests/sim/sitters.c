/* What candidates do on their devices: the protocol that the page keeps (what is unsent stays until the server
 * has it, an epoch a page, one number after the other), with reloads, a second device, changes of mind.
 * Everything is drawn from the story's chance. */
#include "tests/sim/story_internal.h"

#include <string.h>

/* ---- what a device sends ---- */

static void send_start(struct story *s, unsigned person)
{
    struct sitter *p = &s->people[person];
    struct message *m = message_new(s, person, JOB_START);

    memcpy(m->job.in.start.exam_uuid, s->options->ground->exams[s->exam], 16);
    m->job.in.start.attempt = p->attempt;
    memcpy(m->job.in.start.nonce, p->nonce, 32);
    tell(s, "P%u starts attempt %u", person, p->attempt);
    request_send(s, m);
}

static void send_open(struct story *s, unsigned person)
{
    struct sitter *p = &s->people[person];
    struct message *m = message_new(s, person, JOB_OPEN);

    memcpy(m->job.in.open.session_uuid, p->session, 16);
    memcpy(m->job.in.open.device_id, p->devices[p->active].id, 16);
    tell(s, "P%u opens on device %u", person, p->active);
    request_send(s, m);
}

/* All that is unsent of the oldest epoch. False: nothing. */
static bool send_save(struct story *s, unsigned person)
{
    struct sitter *p = &s->people[person];
    struct pad *d = &p->devices[p->active];
    struct model_session *ms = model_find(&s->model, p->session);
    struct message *m;
    uint32_t epoch = 0;

    for (unsigned i = 0; i < GROUND_ITEMS; i++) {
        if (d->has_unsent[i] && d->unsent[i].epoch > 0 &&
            (epoch == 0 || d->unsent[i].epoch < epoch))
            epoch = d->unsent[i].epoch;
    }
    if (epoch == 0 || ms == NULL)
        return false;
    m = message_new(s, person, JOB_SAVE);
    for (unsigned i = 0; i < GROUND_ITEMS; i++) {
        const struct sent *r = &d->unsent[i];

        if (!d->has_unsent[i] || r->epoch != epoch)
            continue;
        model_sent(&s->model, ms, r);
        m->responses[m->count++] = *r;
    }
    memcpy(m->job.in.save.session_uuid, p->session, 16);
    m->job.in.save.epoch = epoch;
    tell(s, "P%u sends %zu responses of epoch %u", person, m->count, epoch);
    request_send(s, m);
    return true;
}

static void send_submit(struct story *s, unsigned person)
{
    struct sitter *p = &s->people[person];
    struct pad *d = &p->devices[p->active];
    struct message *m = message_new(s, person, JOB_SUBMIT);

    memcpy(m->job.in.submit.session_uuid, p->session, 16);
    m->job.in.submit.epoch = d->epoch;
    m->job.in.submit.device_seq = d->next_seq - 1;
    tell(s, "P%u hands in", person);
    request_send(s, m);
}

static void send_heartbeat(struct story *s, unsigned person)
{
    struct message *m = message_new(s, person, JOB_HEARTBEAT);

    memcpy(m->job.in.session_uuid, s->people[person].session, 16);
    request_send(s, m);
}

/* ---- what a person does ---- */

static void choose(struct story *s, unsigned person)
{
    struct sitter *p = &s->people[person];
    struct pad *d = &p->devices[p->active];
    unsigned item = below(s, GROUND_ITEMS);
    struct sent r = {.item = item, .kind = RESPONSE_MASK};

    if (by_chance(s, 80))
        r.kind = RESPONSE_NONE;
    else if (p->types[item] == ITEM_FILL_IN)
        r = (struct sent){.item = item, .kind = RESPONSE_TEXT, .text = below(s, 3)};
    else if (p->types[item] == ITEM_TRUE_FALSE)
        r.mask = below(s, 2);
    else if (p->types[item] == ITEM_SINGLE)
        r.mask = 1u << below(s, p->options[item]);
    else
        r.mask = 1 + below(s, (1u << p->options[item]) - 1);
    if (d->is_open) {
        r.epoch = d->epoch;
        r.seq = d->next_seq++;
    }
    d->unsent[item] = r;
    d->has_unsent[item] = true;
}

void attempt_next(struct story *s, unsigned person)
{
    struct sitter *p = &s->people[person];

    p->has_session = false;
    p->attempt++;
    p->is_done = p->attempt > GROUND_ATTEMPTS + 2; /* voids give some back */
    env_entropy(s, p->nonce, sizeof p->nonce);
    for (unsigned k = 0; k < DEVICES; k++) {
        struct pad *d = &p->devices[k];

        d->is_open = false;
        d->epoch = 0;
        d->next_seq = 1;
        d->page++;
        d->waits = false;
        memset(d->has_unsent, 0, sizeof d->has_unsent);
    }
}

void act(struct story *s, unsigned person)
{
    struct sitter *p = &s->people[person];
    struct pad *d = &p->devices[p->active];
    unsigned dice = below(s, 1000);

    if (p->has_session && dice < 40) { /* a reload: what is unsent was kept */
        d->page++;
        d->is_open = d->waits = false;
        s->tally->reloads++;
    } else if (p->has_session && dice < 70) {
        p->active = 1 - p->active;
        d = &p->devices[p->active];
        d->page++;
        d->is_open = d->waits = false;
        s->tally->devices_changed++;
    }
    if (p->is_done || d->waits)
        return;
    if (!p->has_session) {
        send_start(s, person);
        return;
    }
    if (dice > 100)
        choose(s, person);
    if (!d->is_open)
        send_open(s, person);
    else if (dice > 985)
        send_submit(s, person);
    else if (dice > 940)
        send_heartbeat(s, person);
    else
        send_save(s, person);
}

/* ---- what a device hears ---- */

static bool is_passing(const struct message *m)
{
    int rc = m->job.rc;

    return rc == ERR_BUSY || rc == ERR_IO || rc == ERR_UNKNOWN ||
           (m->job.err.msg != NULL && strcmp(m->job.err.msg->id, "session-suspended") == 0);
}

static bool is_closed(enum session_state state)
{
    return state != SESSION_STARTED && state != SESSION_SUSPENDED;
}

static void hear_session(struct sitter *p, const struct session_view *view)
{
    p->has_session = true;
    memcpy(p->session, view->ack.session_uuid, 16);
    for (size_t i = 0; i < GROUND_ITEMS && i < view->paper.count; i++) {
        p->types[i] = view->paper.items[i].item->type;
        p->options[i] = (unsigned)view->paper.items[i].item->options_count;
    }
}

static void hear_open(struct story *s, struct message *m)
{
    struct pad *d = &s->people[m->person].devices[m->device];
    const struct session_ack *ack = &m->job.out.ack;

    if (is_closed(ack->state)) {
        attempt_next(s, m->person);
        return;
    }
    d->is_open = true;
    d->epoch = ack->epoch;
    if (ack->next_seq > d->next_seq)
        d->next_seq = ack->next_seq;
    for (unsigned i = 0; i < GROUND_ITEMS; i++) {
        if (d->has_unsent[i] && d->unsent[i].epoch == 0) {
            d->unsent[i].epoch = d->epoch;
            d->unsent[i].seq = d->next_seq++;
        }
    }
}

static void settle(struct pad *d, const struct message *m)
{
    for (size_t k = 0; k < m->count; k++) {
        const struct sent *r = &m->responses[k];

        if (d->has_unsent[r->item] && d->unsent[r->item].epoch == r->epoch &&
            d->unsent[r->item].seq == r->seq)
            d->has_unsent[r->item] = false;
    }
}

void hear(struct story *s, struct message *m)
{
    struct sitter *p = &s->people[m->person];
    struct pad *d = &p->devices[m->device];
    bool fine = m->job.rc == 0;

    if (m->page != d->page || m->number == 0)
        return; /* nobody is there to hear it */
    if (d->waits_for == m->number)
        d->waits = false;
    if (!fine && is_passing(m))
        return;
    switch (m->job.type) {
    case JOB_START:
        if (fine)
            hear_session(p, &m->job.out.session);
        else
            p->is_done = true;
        break;
    case JOB_OPEN:
        if (fine)
            hear_open(s, m);
        else
            attempt_next(s, m->person);
        break;
    case JOB_SAVE:
        settle(d, m); /* stored, or refused for good */
        break;
    case JOB_SUBMIT:
        if (fine)
            attempt_next(s, m->person);
        else
            d->is_open = false; /* look again */
        break;
    default:
        break;
    }
}
