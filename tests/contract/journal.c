/* The journal beside the store. One thread. */
#include "tests/contract/journal.h"

#include "server/record/leaf.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const int64_t first_ms = 1767225600000;
enum { SHARD = 7 };

struct journal *journal_new(void)
{
    struct journal *j = calloc(1, sizeof(*j));

    cr_assert_not_null(j);
    arena_init(&j->arena, 0);
    j->now_ms = first_ms;
    return j;
}

void journal_free(struct journal *j)
{
    for (int f = 0; f < STORE_FILES; f++) {
        free(j->files[f].events);
        free(j->files[f].leaves);
    }
    arena_fini(&j->arena);
    free(j);
}

static uint8_t *secret_of(int64_t session, uint8_t out[32])
{
    struct digest d = digest_of_bytes(DIGEST_SHA256, bytes_of(&session, sizeof(session)));

    memcpy(out, d.b, 32);
    return out;
}

static void leaf_make(const struct event *e, struct event_leaf *out)
{
    uint8_t bytes[32];

    memset(out, 0, sizeof(*out));
    if (e->session != 0)
        leaf_of_session(DIGEST_SM3, secret_of(e->session, bytes), e, out);
    else if (leaf_is_due(e->type))
        leaf_free(DIGEST_SM3, secret_of(-e->seq, bytes), e, out);
}

static void secret_add(struct journal *j, int64_t session)
{
    struct store_secret *s = &j->secrets[j->secrets_count++];

    cr_assert_leq(j->secrets_count, JOURNAL_SESSIONS_MAX);
    s->session = session;
    secret_of(session, s->secret);
}

struct event *journal_put_raw(struct journal *j, enum store_file file, int64_t session,
                              uint16_t type, struct bytes payload)
{
    struct journal_file *f = &j->files[file];
    struct event *e;

    cr_assert(session >= 0 && session < JOURNAL_SESSIONS_MAX);
    if (f->count == f->cap) {
        f->cap = f->cap == 0 ? 64 : f->cap * 2;
        f->events = realloc(f->events, f->cap * sizeof(*f->events));
        f->leaves = realloc(f->leaves, f->cap * sizeof(*f->leaves));
        cr_assert(f->events != NULL && f->leaves != NULL);
    }
    e = &f->events[f->count];
    *e = (struct event){.seq = (int64_t)f->count + 1,
                        .shard = SHARD,
                        .session = session,
                        .prev_seq = session != 0 ? j->last[session] : 0,
                        .type = type,
                        .recorded_ms = j->now_ms,
                        .payload = arena_bytes(&j->arena, payload)};
    leaf_make(e, &f->leaves[f->count]);
    f->count++;
    if (session != 0)
        j->last[session] = e->seq;
    if (type == EVENT_SESSION_STARTED && session != 0)
        secret_add(j, session);
    return e;
}

void journal_put(struct journal *j, int64_t session, const struct payload *p)
{
    struct buf raw = {0};

    cr_assert_eq(payload_encode(p, &raw, NULL), 0);
    journal_put_raw(j, STORE_RECORD, session, (uint16_t)p->type, buf_view(&raw));
    buf_fini(&raw);
}

void journal_put_entry(struct journal *j, const struct registry_payload *p)
{
    struct buf raw = {0};

    cr_assert_eq(registry_payload_encode(p, &raw, NULL), 0);
    journal_put_raw(j, STORE_REGISTRY, 0, (uint16_t)p->type, buf_view(&raw));
    buf_fini(&raw);
}

struct store_batch journal_batch(const struct journal *j, enum store_file file)
{
    const struct journal_file *f = &j->files[file];
    struct store_batch b = {.events = f->events + f->stored,
                            .leaves = f->leaves + f->stored,
                            .count = f->count - f->stored};

    if (file == STORE_RECORD) {
        b.secrets = j->secrets + j->secrets_stored;
        b.secrets_count = j->secrets_count - j->secrets_stored;
    }
    return b;
}

void journal_is_stored(struct journal *j, enum store_file file)
{
    j->files[file].stored = j->files[file].count;
    if (file == STORE_RECORD)
        j->secrets_stored = j->secrets_count;
}

int journal_append(struct journal *j, struct store *s, enum store_file file, struct err *err)
{
    struct store_batch batch = journal_batch(j, file);
    int rc = store_append(s, file, &batch, err);

    if (rc == 0)
        journal_is_stored(j, file);
    return rc;
}

void journal_drop(struct journal *j, enum store_file file)
{
    struct journal_file *f = &j->files[file];

    f->count = f->stored;
    if (file != STORE_RECORD)
        return;
    j->secrets_count = j->secrets_stored;
    memset(j->last, 0, sizeof(j->last));
    for (size_t i = 0; i < f->count; i++)
        j->last[f->events[i].session] = f->events[i].seq;
    j->last[0] = 0;
}

/* ------------------------------------------------------------------ comparing */

struct follow {
    const struct journal_file *f;
    int64_t session; /* 0: all */
    size_t next;     /* in f->events */
    const char *fault;
};

static bool event_equal(const struct event *a, const struct event *b)
{
    return a->seq == b->seq && a->shard == b->shard && a->session == b->session &&
           a->prev_seq == b->prev_seq && a->type == b->type && a->recorded_ms == b->recorded_ms &&
           bytes_equal(a->payload, b->payload);
}

static void follow_skip(struct follow *w)
{
    while (w->session != 0 && w->next < w->f->stored && w->f->events[w->next].session != w->session)
        w->next++;
}

static int follow_visit(void *arg, const struct event *e)
{
    struct follow *w = arg;

    follow_skip(w);
    if (w->next >= w->f->stored)
        w->fault = "an event more than was stored";
    else if (!event_equal(e, &w->f->events[w->next]))
        w->fault = "an event that is not the one that was stored";
    w->next++;
    return w->fault != NULL ? 1 : 0;
}

static const char *events_compare(const struct journal *j, struct store *s, enum store_file file,
                                  int64_t from_seq, int64_t session)
{
    struct follow w = {.f = &j->files[file], .session = session};
    struct err err = {0};
    int rc;

    w.next = from_seq > 0 ? (size_t)from_seq - 1 : 0;
    rc = store_events_each(s, file, from_seq, session, follow_visit, &w, &err);
    if (w.fault != NULL)
        return w.fault;
    if (rc != 0)
        return "events cannot be read";
    follow_skip(&w);
    return w.next < w.f->stored ? "an event is missing" : NULL;
}

static const char *tail_compare(const struct journal *j, struct store *s, enum store_file file)
{
    const struct journal_file *f = &j->files[file];
    struct store_tail tail = {-1, -1, -1};
    int64_t session = 0;

    if (store_tail(s, file, &tail, NULL) != 0)
        return "the end cannot be read";
    for (size_t i = 0; i < f->stored; i++)
        if (f->events[i].session > session)
            session = f->events[i].session;
    if (tail.seq != (int64_t)f->stored ||
        tail.recorded_ms != (f->stored > 0 ? f->events[f->stored - 1].recorded_ms : 0) ||
        tail.session != session)
        return "the end is another";
    return NULL;
}

static const char *sessions_compare(const struct journal *j, struct store *s)
{
    const char *fault = NULL;

    for (size_t i = 0; i < j->secrets_count && fault == NULL; i++) {
        const struct store_secret *want = &j->secrets[i];
        uint8_t secret[32] = {0};
        int rc = store_secret_get(s, want->session, secret, NULL);

        if (i >= j->secrets_stored)
            fault = rc != ERR_NOT_FOUND ? "a secret of a session that was not stored" : NULL;
        else if (rc != 0 || memcmp(secret, want->secret, 32) != 0)
            fault = "a secret is not the one that was stored";
        if (fault == NULL && i < j->secrets_stored)
            fault = events_compare(j, s, STORE_RECORD, 1, want->session);
    }
    return fault;
}

const char *journal_compare(const struct journal *j, struct store *s)
{
    const char *fault = NULL;

    for (int f = 0; f < STORE_FILES && fault == NULL; f++) {
        fault = tail_compare(j, s, (enum store_file)f);
        if (fault == NULL)
            fault = events_compare(j, s, (enum store_file)f, 1, 0);
    }
    return fault != NULL ? fault : sessions_compare(j, s);
}

void journal_expect(const struct journal *j, struct store *s)
{
    const char *fault = journal_compare(j, s);

    cr_assert_null(fault, "%s", fault);
}

/* ------------------------------------------------------------------ payloads in short */

static void name_bytes(uint8_t *out, size_t len, const char *what, uint32_t number)
{
    const struct bytes pieces[] = {bytes_of(&number, sizeof(number))};
    struct digest d = digest_tagged(DIGEST_SHA256, what, pieces, 1);

    memcpy(out, d.b, len);
}

void uuid_of(uint8_t out[16], const char *what, uint32_t number)
{
    name_bytes(out, 16, what, number);
}

void pseudonym_of(uint8_t out[32], uint32_t person)
{
    name_bytes(out, 32, "person", person);
}

void put_started(struct journal *j, int64_t session, uint32_t exam, uint32_t person,
                 uint32_t attempt)
{
    struct payload p = {.type = EVENT_SESSION_STARTED};
    struct session_started *s = &p.u.started;

    uuid_of(s->session_uuid, "session", (uint32_t)session);
    uuid_of(s->exam_uuid, "exam", exam);
    pseudonym_of(s->pseudonym, person);
    s->attempt = attempt;
    s->duration_ms = 3600000;
    s->paper = bytes_of_text("paper");
    s->at_ms = j->now_ms - 1;
    journal_put(j, session, &p);
}

void put_responses(struct journal *j, int64_t session, uint32_t item)
{
    struct response_entry e = {.device_seq = item,
                               .item = item % PAYLOAD_ITEMS_MAX,
                               .kind = RESPONSE_VALUE_MASK,
                               .mask = 1};
    struct payload p = {.type = EVENT_RESPONSES};

    p.u.responses = (struct responses_saved){
        .epoch = 1, .at_ms = j->now_ms - 1, .responses = {.entries = &e, .count = 1}};
    journal_put(j, session, &p);
}

void put_submitted(struct journal *j, int64_t session, int64_t at_ms)
{
    struct payload p = {.type = EVENT_SESSION_SUBMITTED};

    p.u.submitted = (struct session_submitted){.epoch = 1, .device_seq = 9, .at_ms = at_ms};
    journal_put(j, session, &p);
}

void put_timed_out(struct journal *j, int64_t session, int64_t deadline_ms)
{
    struct payload p = {.type = EVENT_SESSION_TIMED_OUT};

    p.u.timed_out.deadline_ms = deadline_ms;
    journal_put(j, session, &p);
}

void put_graded(struct journal *j, int64_t session, uint32_t score, bool pending)
{
    uint32_t awards[1] = {score};
    struct payload p = {.type = EVENT_SESSION_GRADED};

    p.u.graded.score = score;
    p.u.graded.points = 10000;
    p.u.graded.passed = score >= 6000;
    p.u.graded.band = (int32_t)(score / 2000) - 1;
    p.u.graded.pending = pending;
    p.u.graded.awards = (struct award_list){awards, 1};
    journal_put(j, session, &p);
}

void put_act(struct journal *j, int64_t session, enum event_type type)
{
    struct payload p = {.type = type};

    p.u.act.reason = bytes_of_text("网络中断");
    p.u.act.at_ms = j->now_ms;
    journal_put(j, session, &p);
}

void put_reopened(struct journal *j, int64_t session)
{
    struct payload p = {.type = EVENT_SESSION_REOPENED};

    p.u.reopened.reason = bytes_of_text("误交卷");
    p.u.reopened.at_ms = j->now_ms;
    p.u.reopened.deadline_ms = j->now_ms + 60000;
    journal_put(j, session, &p);
}

static struct bytes hearing_name(char text[32], uint32_t hearing)
{
    snprintf(text, 32, "ST-%u", hearing);
    return bytes_of_text(text);
}

void put_attended(struct journal *j, uint32_t person, uint32_t hearing, const char *date,
                  uint32_t mode)
{
    struct payload p = {.type = EVENT_HEARING_ATTENDED};
    char text[32];

    pseudonym_of(p.u.attended.pseudonym, person);
    p.u.attended.at_ms = j->now_ms;
    p.u.attended.hearing = hearing_name(text, hearing);
    p.u.attended.date = bytes_of_text(date);
    p.u.attended.mode = mode;
    journal_put(j, 0, &p);
}

void put_attendance_revoked(struct journal *j, uint32_t person, uint32_t hearing)
{
    struct payload p = {.type = EVENT_ATTENDANCE_REVOKED};
    char text[32];

    pseudonym_of(p.u.revoked.pseudonym, person);
    p.u.revoked.at_ms = j->now_ms;
    p.u.revoked.hearing = hearing_name(text, hearing);
    p.u.revoked.reason = bytes_of_text("登记有误");
    journal_put(j, 0, &p);
}

void put_login_revoked(struct journal *j, uint32_t person)
{
    struct registry_payload p = {.type = EVENT_LOGIN_REVOKED};
    char number[24];

    snprintf(number, sizeof(number), "P-%u", person);
    p.u.login.at_ms = j->now_ms;
    p.u.login.person = bytes_of_text(number);
    journal_put_entry(j, &p);
}
