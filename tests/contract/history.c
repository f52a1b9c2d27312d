/* Histories by chance. One thread. */
#include "tests/contract/history.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

/* xorshift64*: good enough to spread. */
static uint32_t below(uint64_t *dice, uint32_t n)
{
    *dice ^= *dice >> 12;
    *dice ^= *dice << 25;
    *dice ^= *dice >> 27;
    return (uint32_t)((*dice * UINT64_C(2685821657736338717)) >> 33) % n;
}

static void append(struct journal *j, struct world *w, enum store_file file)
{
    char text[ERR_TEXT_BYTES_MAX];
    struct err err = {0};
    int rc;

    if (journal_batch(j, file).count == 0)
        return;
    rc = journal_append(j, w->store, file, &err);
    err_text(&err, LANG_EN, text, sizeof(text));
    cr_assert_eq(rc, 0, "%s", text);
}

/* One event of a session that has been started. */
static void session_step(struct journal *j, uint64_t *dice, int64_t session, bool *handed_in)
{
    switch (below(dice, 12)) {
    case 0:
        put_submitted(j, session, j->now_ms - below(dice, 50));
        *handed_in = true;
        return;
    case 1:
        put_timed_out(j, session, j->now_ms - below(dice, 50));
        *handed_in = true;
        return;
    case 2:
    case 3:
        if (*handed_in)
            put_graded(j, session, below(dice, 10001), below(dice, 4) == 0);
        return;
    case 4:
        if (below(dice, 3) == 0)
            put_act(j, session, EVENT_SESSION_VOIDED);
        return;
    case 5:
        if (below(dice, 2) == 0)
            put_reopened(j, session);
        return;
    case 6:
        put_act(j, session, EVENT_SESSION_SUSPENDED);
        return;
    case 7:
        put_act(j, session, EVENT_SESSION_RESUMED);
        return;
    default:
        put_responses(j, session, below(dice, 100));
        return;
    }
}

static void attendance_step(struct journal *j, uint64_t *dice)
{
    uint32_t person = below(dice, HISTORY_PEOPLE);
    uint32_t hearing = below(dice, HISTORY_HEARINGS);
    char date[24];

    snprintf(date, sizeof(date), "2026-%02u-%02u", 1 + below(dice, 12), 1 + below(dice, 28));
    if (below(dice, 3) == 0)
        put_attendance_revoked(j, person, hearing);
    else
        put_attended(j, person, hearing, date, 1 + below(dice, 2));
}

void history_record(struct journal *j, struct world *w, uint64_t seed, size_t events, bool reopen)
{
    bool handed_in[JOURNAL_SESSIONS_MAX] = {false};
    uint64_t dice = seed;
    int64_t sessions = 0;

    fprintf(stderr, "seed: %llu\n", (unsigned long long)seed);
    while (j->files[STORE_RECORD].count < events) {
        uint32_t what = below(&dice, 10);

        if (sessions == 0 || (what == 0 && sessions < JOURNAL_SESSIONS_MAX - 1)) {
            sessions++;
            put_started(j, sessions, below(&dice, HISTORY_EXAMS), below(&dice, HISTORY_PEOPLE),
                        1 + below(&dice, 3));
        } else if (what == 1) {
            attendance_step(j, &dice);
        } else {
            int64_t session = 1 + below(&dice, (uint32_t)sessions);
            session_step(j, &dice, session, &handed_in[session]);
        }
        if (below(&dice, 6) == 0) {
            append(j, w, STORE_RECORD);
            j->now_ms += below(&dice, 3); /* batches of the same moment, too */
            if (reopen && below(&dice, 20) == 0)
                world_reopen(w);
        }
    }
    append(j, w, STORE_RECORD);
}

/* ------------------------------------------------------------------ the registry */

static struct bytes named(struct journal *j, const char *what, uint32_t number)
{
    char text[64];

    snprintf(text, sizeof(text), "%s-%u", what, number);
    return arena_bytes(&j->arena, bytes_of_text(text));
}

static struct bytes date_of(struct journal *j, uint32_t day)
{
    char text[24];

    snprintf(text, sizeof(text), "2026-01-%02u", 1 + day % 28);
    return arena_bytes(&j->arena, bytes_of_text(text));
}

static void who_step(struct journal *j, uint64_t *dice, struct registry_payload *p)
{
    switch (p->type) {
    case EVENT_UNIT_SET:
        p->u.unit.code = named(j, "U", below(dice, 4));
        p->u.unit.name = named(j, "单位", below(dice, 4));
        p->u.unit.valid_from = date_of(j, below(dice, 3));
        break;
    case EVENT_PERSON_SET:
        p->u.person.number = named(j, "P", below(dice, 4));
        p->u.person.name = named(j, "姓名", below(dice, 4));
        p->u.person.unit = named(j, "U", below(dice, 4));
        p->u.person.status = 1 + below(dice, 3);
        p->u.person.valid_from = date_of(j, below(dice, 3));
        break;
    case EVENT_ROSTER_IMPORTED:
        p->u.roster.rows = below(dice, 1000);
        break;
    case EVENT_ROLE_GRANTED:
    case EVENT_ROLE_REVOKED:
        p->u.role.person = named(j, "P", below(dice, 3));
        p->u.role.role = named(j, "role", below(dice, 2));
        p->u.role.unit = below(dice, 2) == 0 ? bytes_of_text("") : named(j, "U", 1);
        break;
    case EVENT_ACTIVATION_ISSUED:
        p->u.activation.person = named(j, "P", below(dice, 3));
        p->u.activation.expires_ms = below(dice, 1000);
        break;
    case EVENT_PASSWORD_SET:
        p->u.password.person = named(j, "P", below(dice, 3));
        p->u.password.hash = named(j, "$hash", below(dice, 1000));
        p->u.password.by_activation = below(dice, 2) == 0;
        break;
    default:
        p->u.login.person = named(j, "P", below(dice, 3));
        break;
    }
}

static void exam_create(struct journal *j, struct registry_payload *p, uint32_t number)
{
    struct exam_definition *d = &p->u.exam.definition;

    uuid_of(p->u.exam.exam_uuid, "exam", number);
    d->name = named(j, "考试", number);
    d->kind = bytes_of_text("annual");
    d->year = 2026;
    d->cutoff = bytes_of_text("2026-03-31");
    d->blueprint = bytes_of_text("blueprint");
    d->rules = bytes_of_text("rules");
    d->attempts = 1;
    d->counts = RECORD_ATTEMPT_BEST;
}

static void what_step(struct journal *j, uint64_t *dice, struct registry_payload *p,
                      uint32_t *exams)
{
    uint32_t exam = below(dice, 3);

    switch (p->type) {
    case EVENT_RELEASE_ADDED:
        p->u.release.release.b[0] = (uint8_t)below(dice, 3);
        p->u.release.name = named(j, "release", below(dice, 3));
        break;
    case EVENT_EXAM_CREATED:
        exam_create(j, p, (*exams)++);
        break;
    case EVENT_SHARE_COMMITTED:
        uuid_of(p->u.share_committed.exam_uuid, "exam", exam);
        p->u.share_committed.which = 1 + below(dice, 2);
        break;
    case EVENT_SHARE_REVEALED:
        uuid_of(p->u.share_revealed.exam_uuid, "exam", exam);
        p->u.share_revealed.which = 1 + below(dice, 2);
        p->u.share_revealed.sealed = named(j, "sealed", below(dice, 9));
        break;
    case EVENT_EXAM_OPENED:
        uuid_of(p->u.exam_opened.exam_uuid, "exam", exam);
        p->u.exam_opened.sealed = named(j, "sealed", below(dice, 9));
        break;
    case EVENT_EXAM_CLOSED:
        uuid_of(p->u.exam_closed.exam_uuid, "exam", exam);
        break;
    case EVENT_ITEM_WITHDRAWN:
        uuid_of(p->u.withdrawn.exam_uuid, "exam", exam);
        p->u.withdrawn.item = named(j, "XF", below(dice, 3));
        break;
    default:
        uuid_of(p->u.exemption.exam_uuid, "exam", exam);
        p->u.exemption.person = named(j, "P", below(dice, 3));
        p->u.exemption.kind = below(dice, 3);
        break;
    }
}

void history_registry(struct journal *j, struct world *w, uint64_t seed, size_t events)
{
    static const enum event_type who[] = {
        EVENT_UNIT_SET,     EVENT_PERSON_SET,        EVENT_ROSTER_IMPORTED, EVENT_ROLE_GRANTED,
        EVENT_ROLE_REVOKED, EVENT_ACTIVATION_ISSUED, EVENT_PASSWORD_SET,    EVENT_LOGIN_REVOKED};
    static const enum event_type what[] = {
        EVENT_RELEASE_ADDED, EVENT_EXAM_CREATED, EVENT_SHARE_COMMITTED, EVENT_SHARE_REVEALED,
        EVENT_EXAM_OPENED,   EVENT_EXAM_CLOSED,  EVENT_ITEM_WITHDRAWN,  EVENT_EXEMPTION_SET};
    uint64_t dice = seed;
    uint32_t exams = 0;

    fprintf(stderr, "seed: %llu\n", (unsigned long long)seed);
    for (size_t i = 0; i < events; i++) {
        struct registry_payload p;

        memset(&p, 0, sizeof(p));
        if (i % 2 == 0) {
            p.type = who[below(&dice, 8)];
            who_step(j, &dice, &p);
        } else {
            p.type = what[below(&dice, 8)];
            what_step(j, &dice, &p, &exams);
        }
        journal_put_entry(j, &p);
        if (below(&dice, 6) == 0) {
            append(j, w, STORE_REGISTRY);
            j->now_ms += below(&dice, 3);
        }
    }
    append(j, w, STORE_REGISTRY);
}

/* ------------------------------------------------------------------ the same every time */

enum store_file history_step(struct journal *j, int step)
{
    j->now_ms += 5;
    switch (step) {
    case 0:
        put_started(j, 1, 1, 1, 1);
        put_started(j, 2, 1, 2, 1);
        return STORE_RECORD;
    case 1:
        put_login_revoked(j, 1);
        return STORE_REGISTRY;
    case 2:
        put_responses(j, 1, 3);
        put_responses(j, 2, 3);
        put_attended(j, 1, 1, "2026-05-01", 1);
        return STORE_RECORD;
    case 3:
        put_submitted(j, 1, j->now_ms - 1);
        put_graded(j, 1, 5900, true);
        return STORE_RECORD;
    case 4:
        put_login_revoked(j, 2);
        put_login_revoked(j, 3);
        return STORE_REGISTRY;
    case 5:
        put_graded(j, 1, 6100, false);
        put_started(j, 3, 2, 1, 1);
        return STORE_RECORD;
    case 6:
        put_act(j, 1, EVENT_SESSION_VOIDED);
        put_attendance_revoked(j, 1, 1);
        return STORE_RECORD;
    case 7:
        put_timed_out(j, 2, j->now_ms - 1);
        put_graded(j, 2, 100, false);
        put_attended(j, 2, 2, "2026-06-01", 2);
        return STORE_RECORD;
    default:
        put_reopened(j, 2);
        put_responses(j, 2, 4);
        return STORE_RECORD;
    }
}
