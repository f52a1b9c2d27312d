/* The samples, one function a group of types. Thread: the test's. */
#include "tests/unit/record/samples.h"

#include <criterion/criterion.h>
#include <string.h>

static const int64_t AT = 1767225600000;

struct maker {
    struct arena *arena;
    struct sample *samples;
    size_t count;
};

/* first, first + 7, first + 14, … */
static void fill(uint8_t *out, unsigned first, size_t len)
{
    for (size_t i = 0; i < len; i++)
        out[i] = (uint8_t)(first + 7 * i);
}

static struct bytes filled(struct maker *m, unsigned first, size_t len)
{
    uint8_t *data = arena_alloc(m->arena, len);

    cr_assert_not_null(data);
    fill(data, first, len);
    return bytes_of(data, len);
}

static struct payload *record(struct maker *m, const char *name, enum event_type type)
{
    struct sample *s = &m->samples[m->count++];

    cr_assert_leq(m->count, SAMPLES_MAX);
    memset(s, 0, sizeof(*s));
    s->name = name;
    s->record.type = type;
    return &s->record;
}

static struct registry_payload *entry(struct maker *m, const char *name, enum event_type type)
{
    struct sample *s = &m->samples[m->count++];

    cr_assert_leq(m->count, SAMPLES_MAX);
    memset(s, 0, sizeof(*s));
    s->name = name;
    s->registry = true;
    s->entry.type = type;
    return &s->entry;
}

static struct bytes text(const char *t)
{
    return bytes_of_text(t);
}

/* ------------------------------------------------------------------ sessions */

static void started_fill(struct maker *m, struct session_started *p)
{
    fill(p->session_uuid, 0x10, 16);
    fill(p->exam_uuid, 0x20, 16);
    fill(p->pseudonym, 0x30, 32);
    p->attempt = 2;
    fill(p->nonce, 0x31, 32);
    fill(p->release.b, 0x32, 32);
    fill(p->blueprint.b, 0x33, 32);
    fill(p->rules.b, 0x34, 32);
    fill(p->withdrawals.b, 0x35, 32);
    fill(p->earlier.b, 0x36, 32);
    p->duration_ms = 3600000;
    p->extra_ms = 900000;
    p->grace_ms = 30000;
    p->late_accept_ms = 600000;
    p->window_end_ms = AT + 86400000;
    p->cut_at_window_end = true;
    fill(p->paper_digest.b, 0x37, 32);
    p->paper = filled(m, 0x38, 260);
    p->at_ms = AT;
}

static void make_started(struct maker *m)
{
    struct session_started *p = &record(m, "session-started", EVENT_SESSION_STARTED)->u.started;
    struct session_opened *o = &record(m, "session-opened", EVENT_SESSION_OPENED)->u.opened;

    started_fill(m, p);
    fill(o->device_id, 0x40, 16);
    o->epoch = 1;
    o->at_ms = AT + 1;
}

static void make_responses(struct maker *m)
{
    static const struct response_entry usual[] = {
        {.device_seq = 1, .item = 0, .kind = RESPONSE_VALUE_MASK, .mask = 1},
        {.device_seq = 2, .item = 5, .kind = RESPONSE_VALUE_MASK, .mask = 13},
        {.device_seq = 3, .item = 6, .kind = RESPONSE_VALUE_CLEARED},
        {.device_seq = 4,
         .item = 7,
         .kind = RESPONSE_VALUE_TEXT,
         .text = {(const uint8_t *)"全国人民代表大会", 24}},
        {.device_seq = 5, .item = 8, .kind = RESPONSE_VALUE_TEXT},
    };
    static const struct response_entry edges[] = {
        {.device_seq = 0, .item = 0, .kind = RESPONSE_VALUE_MASK, .mask = 0},
        {.device_seq = INT64_MAX, .item = 999, .kind = RESPONSE_VALUE_MASK, .mask = UINT32_MAX},
        {.device_seq = 65536, .item = 255, .kind = RESPONSE_VALUE_MASK, .mask = 65535},
    };

    record(m, "responses", EVENT_RESPONSES)->u.responses =
        (struct responses_saved){.epoch = 1, .at_ms = AT + 2, .responses = {usual, 5}};
    record(m, "responses-edges", EVENT_RESPONSES)->u.responses =
        (struct responses_saved){.epoch = UINT32_MAX, .at_ms = INT64_MAX, .responses = {edges, 3}};
}

static struct session_act act(unsigned first, const char *reason, int64_t at_ms)
{
    struct session_act p = {.reason = text(reason), .at_ms = at_ms};

    if (first != 0)
        fill(p.actor, first, 32);
    return p;
}

static void make_acts(struct maker *m)
{
    record(m, "session-suspended", EVENT_SESSION_SUSPENDED)->u.act = act(1, "网络中断", AT + 3);
    record(m, "session-resumed", EVENT_SESSION_RESUMED)->u.act = act(1, "网络恢复", AT + 4);

    struct extra_time_granted *x = &record(m, "extra-time-granted", EVENT_EXTRA_TIME)->u.extra_time;
    fill(x->actor, 2, 32);
    x->reason = text("考场停电");
    x->at_ms = AT + 5;
    x->ms = 600000;

    record(m, "session-submitted", EVENT_SESSION_SUBMITTED)->u.submitted =
        (struct session_submitted){.epoch = 2, .device_seq = 77, .at_ms = AT + 6};
    record(m, "session-submitted-edges", EVENT_SESSION_SUBMITTED)->u.submitted =
        (struct session_submitted){.epoch = 1, .device_seq = INT64_MAX, .at_ms = 0};
    record(m, "session-timed-out", EVENT_SESSION_TIMED_OUT)->u.timed_out =
        (struct session_timed_out){.deadline_ms = AT + 3600000};
}

static void graded_fill(struct session_graded *p)
{
    fill(p->paper.b, 0x51, 32);
    fill(p->answer_keys.b, 0x52, 32);
    fill(p->responses.b, 0x53, 32);
    fill(p->rules.b, 0x54, 32);
    fill(p->withdrawals.b, 0x55, 32);
}

static void make_graded(struct maker *m)
{
    static const uint32_t awards[] = {200, 0, 150, 300};
    struct session_graded *p = &record(m, "session-graded", EVENT_SESSION_GRADED)->u.graded;
    struct session_graded *e = &record(m, "session-graded-edges", EVENT_SESSION_GRADED)->u.graded;

    graded_fill(p);
    p->score = 8650;
    p->points = 10000;
    p->passed = true;
    p->band = 1;
    p->awards = (struct award_list){awards, 4};
    graded_fill(e);
    e->points = UINT32_MAX;
    e->band = -1;
    e->pending = true;
}

static void make_afterwards(struct maker *m)
{
    record(m, "session-voided", EVENT_SESSION_VOIDED)->u.act = act(1, "替考", AT + 7);
    record(m, "session-voided-by-server", EVENT_SESSION_VOIDED)->u.act = act(0, "", 0);

    struct session_reopened *r = &record(m, "session-reopened", EVENT_SESSION_REOPENED)->u.reopened;
    fill(r->actor, 3, 32);
    r->reason = text("误交卷");
    r->at_ms = AT + 8;
    r->deadline_ms = AT + 7200000;

    struct late_decided *l = &record(m, "late-decided", EVENT_LATE_DECIDED)->u.late;
    fill(l->actor, 4, 32);
    l->reason = text("情况属实");
    l->at_ms = AT + 9;
    l->accepted = true;

    l = &record(m, "late-refused", EVENT_LATE_DECIDED)->u.late;
    fill(l->actor, 4, 32);
    l->reason = text("超过时限");
    l->at_ms = AT + 10;
}

static void make_hearings(struct maker *m)
{
    struct hearing_attended *a = &record(m, "hearing-attended", EVENT_HEARING_ATTENDED)->u.attended;
    fill(a->actor, 5, 32);
    a->at_ms = AT;
    fill(a->pseudonym, 0x61, 32);
    a->hearing = text("ST-2026-007");
    a->date = text("2026-05-20");
    a->mode = RECORD_HEARING_ON_SITE;

    a = &record(m, "hearing-attended-online", EVENT_HEARING_ATTENDED)->u.attended;
    a->at_ms = AT;
    fill(a->pseudonym, 0x62, 32);
    a->hearing = text("旁听一");
    a->date = text("2024-02-29");
    a->mode = RECORD_HEARING_ONLINE;

    struct attendance_revoked *r =
        &record(m, "attendance-revoked", EVENT_ATTENDANCE_REVOKED)->u.revoked;
    fill(r->actor, 5, 32);
    r->at_ms = AT + 1;
    fill(r->pseudonym, 0x61, 32);
    r->hearing = text("ST-2026-007");
    r->reason = text("登记有误");
}

/* ------------------------------------------------------------------ the registry */

static void make_units(struct maker *m)
{
    struct unit_set *u = &entry(m, "unit-set", EVENT_UNIT_SET)->u.unit;
    *u = (struct unit_set){.at_ms = AT,
                           .code = text("110000"),
                           .name = text("示范市"),
                           .valid_from = text("2020-01-01")};
    fill(u->actor, 1, 32);

    u = &entry(m, "unit-set-below", EVENT_UNIT_SET)->u.unit;
    *u = (struct unit_set){.at_ms = AT,
                           .code = text("110000-02"),
                           .name = text("示范市司法局"),
                           .parent = text("110000"),
                           .valid_from = text("2020-01-01"),
                           .valid_to = text("2026-12-31")};
    fill(u->actor, 1, 32);
}

static void make_people(struct maker *m)
{
    struct person_set *p = &entry(m, "person-set", EVENT_PERSON_SET)->u.person;
    *p = (struct person_set){.at_ms = AT,
                             .number = text("P-0001"),
                             .name = text("张三"),
                             .unit = text("110000-02"),
                             .category = text("领导干部"),
                             .status = 1,
                             .valid_from = text("2021-09-01"),
                             .post = text("局长"),
                             .appointed = text("2021-08-15")};
    fill(p->actor, 1, 32);

    entry(m, "person-set-left", EVENT_PERSON_SET)->u.person =
        (struct person_set){.at_ms = AT,
                            .number = text("P-0002"),
                            .name = text("李四"),
                            .unit = text("110000"),
                            .status = 3,
                            .valid_from = text("2026-01-01")};

    struct roster_imported *r = &entry(m, "roster-imported", EVENT_ROSTER_IMPORTED)->u.roster;
    *r = (struct roster_imported){
        .at_ms = AT, .rows = 70000, .added = 300, .changed = 25, .gone = 3};
    fill(r->actor, 1, 32);
    fill(r->file.b, 0x71, 32);
}

static struct role_act role(unsigned first, int64_t at_ms, const char *name, const char *unit)
{
    struct role_act p = {
        .at_ms = at_ms, .person = text("P-0001"), .role = text(name), .unit = text(unit)};

    if (first != 0)
        fill(p.actor, first, 32);
    return p;
}

static void make_roles(struct maker *m)
{
    entry(m, "role-granted", EVENT_ROLE_GRANTED)->u.role = role(1, AT, "officer", "110000");
    entry(m, "role-granted-everywhere", EVENT_ROLE_GRANTED)->u.role = role(0, AT, "auditor", "");
    entry(m, "role-revoked", EVENT_ROLE_REVOKED)->u.role = role(1, AT + 1, "officer", "110000");

    struct release_added *r = &entry(m, "release-added", EVENT_RELEASE_ADDED)->u.release;
    fill(r->actor, 1, 32);
    r->at_ms = AT;
    fill(r->release.b, 0x81, 32);
    r->name = text("2026-1");
}

static void definition_fill(struct maker *m, struct exam_definition *d)
{
    struct bytes *categories = arena_array(m->arena, 2, sizeof(*categories));

    cr_assert_not_null(categories);
    categories[0] = text("领导干部");
    categories[1] = text("执法人员");
    d->name = text("2026年度领导干部宪法法律知识考试");
    d->kind = text("annual");
    d->year = 2026;
    d->window_start_ms = AT;
    d->window_end_ms = AT + 86400000;
    d->duration_ms = 3600000;
    d->cutoff = text("2026-03-31");
    d->categories = (struct text_list){categories, 2};
    fill(d->release.b, 0x81, 32);
    d->blueprint = filled(m, 0x82, 300);
    d->rules = filled(m, 0x83, 40);
    d->attempts = 2;
    d->counts = RECORD_ATTEMPT_BEST;
    d->grace_ms = 30000;
    d->late_accept_ms = 600000;
    d->cut_at_window_end = true;
    d->review = REVIEW_AFTER_CLOSE;
    d->policy = text("示范办〔2026〕12号");
}

static void make_exams(struct maker *m)
{
    struct exam_created *p = &entry(m, "exam-created", EVENT_EXAM_CREATED)->u.exam;
    fill(p->actor, 1, 32);
    p->at_ms = AT;
    fill(p->exam_uuid, 0x20, 16);
    definition_fill(m, &p->definition);

    p = &entry(m, "exam-created-smallest", EVENT_EXAM_CREATED)->u.exam;
    fill(p->actor, 1, 32);
    p->at_ms = AT;
    fill(p->exam_uuid, 0x21, 16);
    p->definition.name = text("考");
    p->definition.kind = text("qualification");
    p->definition.year = 1;
    p->definition.cutoff = text("2024-02-29");
    p->definition.blueprint = bytes_of("\0", 1);
    p->definition.rules = bytes_of("\1", 1);
    p->definition.attempts = 1;
    p->definition.counts = RECORD_ATTEMPT_FIRST;
}

static void make_shares(struct maker *m)
{
    struct share_committed *c =
        &entry(m, "share-committed", EVENT_SHARE_COMMITTED)->u.share_committed;
    fill(c->actor, 1, 32);
    c->at_ms = AT;
    fill(c->exam_uuid, 0x20, 16);
    c->which = SHARE_OFFICER;
    fill(c->share.b, 0x91, 32);

    struct share_revealed *r = &entry(m, "share-revealed", EVENT_SHARE_REVEALED)->u.share_revealed;
    fill(r->actor, 1, 32);
    r->at_ms = AT + 1;
    fill(r->exam_uuid, 0x20, 16);
    r->which = SHARE_CUSTODIAN;
    r->sealed = filled(m, 0x92, 60);

    struct exam_opened *o = &entry(m, "exam-opened", EVENT_EXAM_OPENED)->u.exam_opened;
    o->at_ms = AT + 2;
    fill(o->exam_uuid, 0x20, 16);
    fill(o->master.b, 0x93, 32);
    o->sealed = filled(m, 0x94, 256);

    struct exam_closed *x = &entry(m, "exam-closed", EVENT_EXAM_CLOSED)->u.exam_closed;
    fill(x->actor, 1, 32);
    x->at_ms = AT + 3;
    fill(x->exam_uuid, 0x20, 16);

    struct item_withdrawn *w = &entry(m, "item-withdrawn", EVENT_ITEM_WITHDRAWN)->u.withdrawn;
    fill(w->actor, 1, 32);
    w->at_ms = AT + 4;
    fill(w->exam_uuid, 0x20, 16);
    w->item = text("XF-0012");
    w->reason = text("法律已修改");
}

static void make_exemptions(struct maker *m)
{
    struct exemption_set *p = &entry(m, "exemption-set", EVENT_EXEMPTION_SET)->u.exemption;
    fill(p->actor, 1, 32);
    p->at_ms = AT;
    fill(p->exam_uuid, 0x20, 16);
    p->person = text("P-0002");
    p->kind = RECORD_EXEMPTION_DEFERRED;
    p->reason = text("因病缓考");
    p->document = text("缓考〔2026〕3号");

    p = &entry(m, "exemption-lifted", EVENT_EXEMPTION_SET)->u.exemption;
    fill(p->actor, 1, 32);
    p->at_ms = AT + 1;
    fill(p->exam_uuid, 0x20, 16);
    p->person = text("P-0002");
    p->kind = RECORD_EXEMPTION_NONE;
}

static void make_credentials(struct maker *m)
{
    struct activation_issued *a =
        &entry(m, "activation-issued", EVENT_ACTIVATION_ISSUED)->u.activation;
    fill(a->actor, 1, 32);
    a->at_ms = AT;
    a->person = text("P-0001");
    fill(a->code.b, 0xA1, 32);
    a->expires_ms = AT + 604800000;

    struct password_set *p = &entry(m, "password-set", EVENT_PASSWORD_SET)->u.password;
    fill(p->actor, 1, 32);
    p->at_ms = AT;
    p->person = text("P-0001");
    p->hash = text("$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaA");
    p->by_activation = true;

    struct login_revoked *l = &entry(m, "login-revoked", EVENT_LOGIN_REVOKED)->u.login;
    fill(l->actor, 1, 32);
    l->at_ms = AT;
    l->person = text("P-0001");
}

size_t samples_make(struct arena *arena, struct sample out[SAMPLES_MAX])
{
    struct maker m = {.arena = arena, .samples = out};

    make_started(&m);
    make_responses(&m);
    make_acts(&m);
    make_graded(&m);
    make_afterwards(&m);
    make_hearings(&m);
    make_units(&m);
    make_people(&m);
    make_roles(&m);
    make_exams(&m);
    make_shares(&m);
    make_exemptions(&m);
    make_credentials(&m);
    return m.count;
}

/* ------------------------------------------------------------------ both ways */

int sample_encode(const struct sample *s, struct buf *out, struct err *err)
{
    return s->registry ? registry_payload_encode(&s->entry, out, err)
                       : payload_encode(&s->record, out, err);
}

int sample_decode(uint16_t type, struct bytes raw, struct arena *arena, struct sample *out,
                  struct err *err)
{
    cr_assert(payload_type_known(type) != registry_payload_type_known(type));
    memset(out, 0, sizeof(*out));
    out->registry = registry_payload_type_known(type);
    return out->registry ? registry_payload_decode(type, raw, arena, &out->entry, err)
                         : payload_decode(type, raw, arena, &out->record, err);
}

uint16_t sample_type(const struct sample *s)
{
    return (uint16_t)(s->registry ? s->entry.type : s->record.type);
}
