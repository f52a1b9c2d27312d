/* The registry: folding and publishing.
 *
 * Happy path: an event is decoded, the part it speaks of is made writable (copied if a view holds
 * it) and changed; registry_publish bundles the parts of now. Exams keep what never changes after
 * their creation in a core of their own, shared by all later versions.
 *
 * Fails on events that contradict what was before (a damaged journal) and without memory. */
#include "server/live/registry.h"

#include "server/live/parts.h"
#include "server/record/payload.h"
#include "server/roster/civil.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct msg MSG_FOLD = {
    .id = "registry-contradiction",
    .zh = "登记库第{0}号事件（{1}）与此前的记录矛盾",
    .en = "event {0} ({1}) of the registry contradicts what was recorded before",
};

static const char *const ROLES[] = {"liaison", "officer",       "hr",
                                    "auditor", "administrator", "custodian"};

struct role_entry {
    uint32_t person;
    const char *role;
    int64_t unit; /* index, or -1: everything */
    char since[CIVIL_TEXT_BYTES];
    char ends[CIVIL_TEXT_BYTES]; /* the date from which it does not hold any more; "" none */
    bool on_books;               /* a record or the grant found the holder on them */
};

struct release_entry {
    struct digest digest;
    char *name;
};

struct registry {
    struct registry_ground ground;
    struct roster_part *roster;
    struct exam_part **exams;
    size_t exams_count, exams_cap;
    struct role_entry *roles;
    size_t roles_count, roles_cap;
    struct release_entry *releases;
    size_t releases_count, releases_cap;
    struct arena scratch; /* of the event being folded */
    int64_t seq, recorded_ms;
    uint64_t serial, roster_serial, roles_serial;
    bool roster_changed, roles_changed, logins_muted;
};

static int refuse_nomem(struct err *err)
{
    return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
}

/* Room for one more; 0 or ERR_NOMEM. */
static int array_room(void **items, size_t *cap, size_t count, size_t size)
{
    size_t more = *cap == 0 ? 8 : *cap * 2;
    void *grown;

    if (count < *cap) {
        return 0;
    }
    grown = realloc(*items, more * size);
    if (grown == NULL) {
        return ERR_NOMEM;
    }
    *items = grown;
    *cap = more;
    return 0;
}

const char *role_name(struct bytes role)
{
    for (size_t i = 0; i < sizeof ROLES / sizeof ROLES[0]; i++) {
        if (bytes_equal(role, bytes_of_text(ROLES[i]))) {
            return ROLES[i];
        }
    }
    return NULL;
}

/* ------------------------------------------------------------------------------ life */

int registry_new(const struct registry_ground *ground, struct registry **out, struct err *err)
{
    struct registry *r = calloc(1, sizeof *r);

    if (r == NULL) {
        return refuse_nomem(err);
    }
    r->ground = *ground;
    arena_init(&r->scratch, 0);
    r->roster = roster_part_new();
    if (r->roster == NULL) {
        registry_free(r);
        return refuse_nomem(err);
    }
    *out = r;
    return 0;
}

void registry_free(struct registry *r)
{
    if (r == NULL) {
        return;
    }
    roster_part_drop(r->roster);
    for (size_t i = 0; i < r->exams_count; i++) {
        exam_part_drop(r->exams[i]);
    }
    for (size_t i = 0; i < r->releases_count; i++) {
        free(r->releases[i].name);
    }
    free(r->exams);
    free(r->roles);
    free(r->releases);
    arena_fini(&r->scratch);
    free(r);
}

void registry_logins_mute(struct registry *r, bool mute)
{
    r->logins_muted = mute;
}

int64_t registry_seq(const struct registry *r)
{
    return r->seq;
}

int64_t registry_recorded_ms(const struct registry *r)
{
    return r->recorded_ms;
}

uint64_t registry_roles_serial(const struct registry *r)
{
    return r->roles_serial;
}

const struct roster *registry_roster(const struct registry *r)
{
    return &r->roster->roster;
}

static int64_t exam_index(const struct registry *r, const uint8_t uuid[16])
{
    for (size_t i = 0; i < r->exams_count; i++) {
        if (memcmp(r->exams[i]->view.uuid, uuid, 16) == 0) {
            return (int64_t)i;
        }
    }
    return -1;
}

const struct exam_view *registry_exam(const struct registry *r, const uint8_t uuid[16])
{
    int64_t at = exam_index(r, uuid);

    return at < 0 ? NULL : &r->exams[at]->view;
}

const struct exam_share *registry_share(const struct registry *r, const uint8_t uuid[16],
                                        enum share_which which)
{
    int64_t at = exam_index(r, uuid);

    return at < 0 ? NULL : &r->exams[at]->shares[which - SHARE_OFFICER];
}

bool registry_has_release(const struct registry *r, const struct digest *release)
{
    for (size_t i = 0; i < r->releases_count; i++) {
        if (digest_equal(&r->releases[i].digest, release)) {
            return true;
        }
    }
    return false;
}

const struct bank *registry_bank(const struct registry *r, const struct digest *release)
{
    for (size_t i = 0; i < r->ground.banks_count; i++) {
        if (digest_equal(bank_digest(r->ground.banks[i]), release)) {
            return r->ground.banks[i];
        }
    }
    return NULL;
}

static int64_t role_index(const struct registry *r, uint32_t person, const char *role, int64_t unit)
{
    for (size_t i = 0; i < r->roles_count; i++) {
        const struct role_entry *e = &r->roles[i];

        if (e->person == person && e->unit == unit && strcmp(e->role, role) == 0) {
            return (int64_t)i;
        }
    }
    return -1;
}

bool registry_has_role(const struct registry *r, uint32_t person, const char *role,
                       struct bytes unit, struct bytes date)
{
    int64_t at = unit.len == 0 ? -1 : roster_find_unit(registry_roster(r), unit);
    int64_t entry = unit.len == 0 || at >= 0 ? role_index(r, person, role, at) : -1;

    return entry >= 0 && (date.len == 0 || role_counts(r->roles[entry].ends, date));
}

/* ------------------------------------------------------------------------------ roster */

static int roster_writable(struct registry *r, struct roster **out, struct err *err)
{
    struct roster_part *copy;

    if (part_is_shared(&r->roster->refs)) {
        copy = roster_part_clone(r->roster, err);
        if (copy == NULL) {
            return ERR_NOMEM;
        }
        roster_part_drop(r->roster);
        r->roster = copy;
    }
    r->roster_changed = true;
    *out = &r->roster->roster;
    return 0;
}

static int fold_unit(struct registry *r, const struct unit_set *p, struct err *err)
{
    const struct unit_record rec = {.code = p->code,
                                    .name = p->name,
                                    .parent = p->parent,
                                    .valid_from = p->valid_from,
                                    .valid_to = p->valid_to};
    struct roster *roster;
    int rc = roster_writable(r, &roster, err);

    return rc != 0 ? rc : roster_set_unit(roster, &rec, err);
}

static void role_end(struct role_entry *e, struct bytes date)
{
    if (role_counts(e->ends, date)) {
        memcpy(e->ends, date.data, CIVIL_DATE_BYTES);
        e->ends[CIVIL_DATE_BYTES] = '\0';
    }
}

/* What a version of the holder's means for a role: on the books, or taken off them. What holds only
 * before the grant means nothing. */
static void role_version(struct role_entry *e, const struct person *p, size_t version)
{
    const struct person_version *v = &p->versions[version];
    const struct person_version *next = version + 1 < p->versions_count ? &v[1] : NULL;

    if (next != NULL && bytes_compare(next->valid_from, bytes_of_text(e->since)) <= 0) {
        return;
    }
    if (v->status == PERSON_ON_BOOKS) {
        e->on_books = true;
    } else if (e->on_books) {
        role_end(e, v->valid_from);
    }
}

/* The holder's roles, after that record. */
static void roles_follow(struct registry *r, const struct person_record *rec)
{
    int64_t person = roster_find_person(registry_roster(r), rec->number);
    const struct person *p = &registry_roster(r)->people[person];

    for (size_t i = 0; i < r->roles_count; i++) {
        for (size_t k = 0; r->roles[i].person == person && k < p->versions_count; k++) {
            if (bytes_equal(p->versions[k].valid_from, rec->valid_from)) {
                role_version(&r->roles[i], p, k);
                r->roles_changed = true;
            }
        }
    }
}

static int fold_person(struct registry *r, const struct person_set *p, struct err *err)
{
    const struct person_record rec = {
        .number = p->number,
        .name = p->name,
        .unit = p->unit,
        .category = p->category,
        .status = (enum person_status)p->status,
        .valid_from = p->valid_from,
        .post = p->post,
        .appointed = p->appointed,
    };
    struct roster *roster;
    int rc = roster_writable(r, &roster, err);

    if (rc == 0) {
        rc = roster_set_person(roster, &rec, err);
    }
    if (rc == 0) {
        roles_follow(r, &rec);
    }
    if (rc == 0 && r->ground.logins != NULL) {
        rc = login_board_extend(r->ground.logins, roster);
    }
    return rc;
}

/* ------------------------------------------------------------------------------ roles, releases */

/* A grant at that moment: what is known of the holder then, and what was recorded ahead. */
static void role_begin(struct registry *r, struct role_entry *e, int64_t recorded_ms)
{
    const struct person *p = &registry_roster(r)->people[e->person];

    civil_date_of_ms(recorded_ms, e->since);
    e->ends[0] = '\0';
    e->on_books = false;
    for (size_t i = 0; i < p->versions_count; i++) {
        role_version(e, p, i);
    }
}

static int fold_role(struct registry *r, const struct role_act *p, bool granted,
                     int64_t recorded_ms)
{
    int64_t person = roster_find_person(registry_roster(r), p->person);
    int64_t unit = p->unit.len == 0 ? -1 : roster_find_unit(registry_roster(r), p->unit);
    const char *role = role_name(p->role);
    int64_t at;

    if (person < 0 || role == NULL || (p->unit.len > 0 && unit < 0)) {
        return ERR_CORRUPT;
    }
    r->roles_changed = true;
    /* A code was issued by somebody who might not issue one for who the person is from now on. */
    if (granted && r->ground.logins != NULL && !r->logins_muted) {
        login_void_activation(r->ground.logins, (uint32_t)person);
    }
    at = role_index(r, (uint32_t)person, role, unit);
    if (!granted) {
        if (at >= 0) {
            memmove(&r->roles[at], &r->roles[at + 1],
                    (r->roles_count - (size_t)at - 1) * sizeof *r->roles);
            r->roles_count--;
        }
        return 0;
    }
    if (at >= 0) {
        role_begin(r, &r->roles[at], recorded_ms);
        return 0;
    }
    if (array_room((void **)&r->roles, &r->roles_cap, r->roles_count, sizeof *r->roles) != 0) {
        return ERR_NOMEM;
    }
    r->roles[r->roles_count] =
        (struct role_entry){.person = (uint32_t)person, .role = role, .unit = unit};
    role_begin(r, &r->roles[r->roles_count++], recorded_ms);
    return 0;
}

static int fold_release(struct registry *r, const struct release_added *p)
{
    char *name;

    if (registry_has_release(r, &p->release)) {
        return 0;
    }
    if (array_room((void **)&r->releases, &r->releases_cap, r->releases_count,
                   sizeof *r->releases) != 0) {
        return ERR_NOMEM;
    }
    name = malloc(p->name.len + 1);
    if (name == NULL) {
        return ERR_NOMEM;
    }
    memcpy(name, p->name.data, p->name.len);
    name[p->name.len] = '\0';
    r->releases[r->releases_count++] = (struct release_entry){p->release, name};
    return 0;
}

/* ------------------------------------------------------------------------------ exams */

static int exam_writable(struct registry *r, const uint8_t uuid[16], struct exam_part **out,
                         struct err *err)
{
    int64_t at = exam_index(r, uuid);
    struct exam_part *copy;

    if (at < 0) {
        return ERR_CORRUPT;
    }
    if (part_is_shared(&r->exams[at]->refs)) {
        copy = exam_part_clone(r->exams[at]);
        if (copy == NULL) {
            return refuse_nomem(err);
        }
        exam_part_drop(r->exams[at]);
        r->exams[at] = copy;
    }
    *out = r->exams[at];
    return 0;
}

static int fold_created(struct registry *r, struct bytes payload, struct err *err)
{
    struct exam_part *exam;
    int rc;

    if (array_room((void **)&r->exams, &r->exams_cap, r->exams_count, sizeof(struct exam_part *)) !=
        0) {
        return refuse_nomem(err);
    }
    rc = exam_part_new(r->ground.banks, r->ground.banks_count, payload, &exam, err);
    if (rc == 0) {
        r->exams[r->exams_count++] = exam;
    }
    return rc;
}

static int fold_committed(struct exam_part *exam, const struct share_committed *p)
{
    struct exam_share *share = &exam->shares[p->which - SHARE_OFFICER];

    share->committed = p->share;
    memcpy(share->committer, p->actor, sizeof share->committer);
    exam->view.shares[p->which - SHARE_OFFICER] = SHARE_STATE_COMMITTED;
    return 0;
}

static int fold_revealed(struct exam_part *exam, const struct share_revealed *p)
{
    struct exam_share *share = &exam->shares[p->which - SHARE_OFFICER];

    buf_clear(&share->sealed);
    exam->view.shares[p->which - SHARE_OFFICER] = SHARE_STATE_REVEALED;
    return buf_append(&share->sealed, p->sealed.data, p->sealed.len);
}

static int fold_opened(struct registry *r, struct exam_part *exam, const struct exam_opened *p,
                       struct err *err)
{
    int rc = site_unseal(r->ground.keys, "draw-master", exam->view.uuid, p->sealed,
                         exam->view.master.b, err);

    if (rc == 0) {
        exam->view.state = EXAM_OPEN;
        exam->view.master_digest = p->master;
        exam->view.has_master = true;
        rc = exam_part_plan(exam, err);
    }
    return rc;
}

static int fold_exemption(struct registry *r, struct exam_part *exam, const struct exemption_set *p)
{
    int64_t person = roster_find_person(registry_roster(r), p->person);

    return person < 0 ? ERR_CORRUPT : exam_part_exempt(exam, (uint32_t)person, p->kind);
}

static int fold_exam(struct registry *r, const uint8_t uuid[16], const struct registry_payload *p,
                     struct err *err)
{
    struct exam_part *exam = NULL;
    int rc = exam_writable(r, uuid, &exam, err);

    if (rc != 0) {
        return rc;
    }
    switch (p->type) {
    case EVENT_SHARE_COMMITTED:
        return fold_committed(exam, &p->u.share_committed);
    case EVENT_SHARE_REVEALED:
        return fold_revealed(exam, &p->u.share_revealed);
    case EVENT_EXAM_OPENED:
        return fold_opened(r, exam, &p->u.exam_opened, err);
    case EVENT_EXAM_CLOSED:
        exam->view.state = EXAM_CLOSED;
        return 0;
    case EVENT_ITEM_WITHDRAWN:
        return exam_part_withdraw(exam, p->u.withdrawn.item, err);
    case EVENT_EXEMPTION_SET:
        return fold_exemption(r, exam, &p->u.exemption);
    default:
        return ERR_CORRUPT;
    }
}

/* ------------------------------------------------------------------------------ log-ins */

static int fold_login(struct registry *r, const struct registry_payload *p, int64_t recorded_ms)
{
    struct bytes number = p->type == EVENT_PASSWORD_SET        ? p->u.password.person
                          : p->type == EVENT_ACTIVATION_ISSUED ? p->u.activation.person
                                                               : p->u.login.person;
    int64_t person = roster_find_person(registry_roster(r), number);

    if (person < 0) {
        return ERR_CORRUPT;
    }
    if (r->ground.logins == NULL || r->logins_muted) {
        return 0;
    }
    switch (p->type) {
    case EVENT_PASSWORD_SET:
        return login_set_password(r->ground.logins, (uint32_t)person, p->u.password.hash,
                                  p->u.password.by_activation, recorded_ms + 1, 0);
    case EVENT_ACTIVATION_ISSUED:
        login_set_activation(r->ground.logins, (uint32_t)person, &p->u.activation.code,
                             p->u.activation.expires_ms);
        return 0;
    default:
        login_end_all(r->ground.logins, (uint32_t)person, recorded_ms + 1);
        return 0;
    }
}

/* ------------------------------------------------------------------------------ folding */

static int fold_payload(struct registry *r, const struct event *e, struct registry_payload *p,
                        struct err *err)
{
    switch (p->type) {
    case EVENT_UNIT_SET:
        return fold_unit(r, &p->u.unit, err);
    case EVENT_PERSON_SET:
        return fold_person(r, &p->u.person, err);
    case EVENT_ROSTER_IMPORTED:
        return 0;
    case EVENT_ROLE_GRANTED:
    case EVENT_ROLE_REVOKED:
        return fold_role(r, &p->u.role, p->type == EVENT_ROLE_GRANTED, e->recorded_ms);
    case EVENT_RELEASE_ADDED:
        return fold_release(r, &p->u.release);
    case EVENT_EXAM_CREATED:
        return fold_created(r, e->payload, err);
    case EVENT_SHARE_COMMITTED:
        return fold_exam(r, p->u.share_committed.exam_uuid, p, err);
    case EVENT_SHARE_REVEALED:
        return fold_exam(r, p->u.share_revealed.exam_uuid, p, err);
    case EVENT_EXAM_OPENED:
        return fold_exam(r, p->u.exam_opened.exam_uuid, p, err);
    case EVENT_EXAM_CLOSED:
        return fold_exam(r, p->u.exam_closed.exam_uuid, p, err);
    case EVENT_ITEM_WITHDRAWN:
        return fold_exam(r, p->u.withdrawn.exam_uuid, p, err);
    case EVENT_EXEMPTION_SET:
        return fold_exam(r, p->u.exemption.exam_uuid, p, err);
    case EVENT_PASSWORD_SET:
    case EVENT_ACTIVATION_ISSUED:
    case EVENT_LOGIN_REVOKED:
        return fold_login(r, p, e->recorded_ms);
    default:
        return ERR_CORRUPT;
    }
}

int registry_fold(struct registry *r, const struct event *e, struct err *err)
{
    struct err why = {0};
    struct registry_payload p;
    char seq[24];
    int rc;

    arena_reset(&r->scratch);
    rc = registry_payload_decode(e->type, e->payload, &r->scratch, &p, &why);
    if (rc == 0) {
        rc = fold_payload(r, e, &p, &why);
    }
    if (rc == 0) {
        r->seq = e->seq;
        r->recorded_ms = e->recorded_ms;
        return 0;
    }
    if (rc == ERR_NOMEM) {
        return refuse_nomem(err);
    }
    return err_set(err, ERR_CORRUPT, &MSG_FOLD, err_int(seq, e->seq), event_type_name(e->type),
                   NULL, NULL);
}

struct replay {
    struct registry *registry;
    int64_t before_ms;
    struct err *err;
};

static int replay_visit(void *arg, const struct event *e)
{
    struct replay *p = arg;

    if (e->recorded_ms >= p->before_ms) {
        return 1; /* times never decrease: that was all */
    }
    return registry_fold(p->registry, e, p->err);
}

int registry_replay(struct registry *r, struct store *store, int64_t before_ms, struct err *err)
{
    struct replay p = {r, before_ms, err};
    int rc = store_events_each(store, STORE_REGISTRY, r->seq + 1, 0, replay_visit, &p, err);

    return rc > 0 ? 0 : rc;
}

/* ------------------------------------------------------------------------------ publishing */

static int roles_publish(const struct registry *r, struct view_part *v)
{
    const struct roster *roster = registry_roster(r);
    struct view_role *roles = arena_array(&v->arena, r->roles_count, sizeof *roles);
    size_t n = 0;

    if (roles == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < r->roles_count; i++) { /* stable insertion by person */
        const struct role_entry *e = &r->roles[i];
        size_t at = n++;

        for (; at > 0 && roles[at - 1].person > e->person; at--) {
            roles[at] = roles[at - 1];
        }
        roles[at] = (struct view_role){
            .person = e->person,
            .role = bytes_of_text(e->role),
            .unit = e->unit < 0 ? (struct bytes){0} : roster->units[e->unit].code,
        };
        memcpy(roles[at].ends, e->ends, sizeof e->ends);
    }
    v->view.roles = roles;
    v->view.roles_count = n;
    return 0;
}

static int releases_publish(const struct registry *r, struct view_part *v)
{
    struct view_release *list = arena_array(&v->arena, r->releases_count, sizeof *list);

    if (list == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < r->releases_count; i++) {
        const struct release_entry *e = &r->releases[i];

        list[i] = (struct view_release){.digest = e->digest,
                                        .name = arena_bytes(&v->arena, bytes_of_text(e->name)),
                                        .bank = registry_bank(r, &e->digest)};
        if (list[i].name.data == NULL) {
            return ERR_NOMEM;
        }
    }
    v->view.releases = list;
    v->view.releases_count = r->releases_count;
    return 0;
}

int registry_publish(struct registry *r, const struct registry_view **out, struct err *err)
{
    struct view_part *v = view_part_new(r->roster, r->exams, r->exams_count);

    if (v == NULL || roles_publish(r, v) != 0 || releases_publish(r, v) != 0) {
        if (v != NULL) {
            view_release(&v->view);
        }
        return refuse_nomem(err);
    }
    r->serial++;
    if (r->roster_changed) {
        r->roster_serial = r->serial;
        r->roster_changed = false;
    }
    if (r->roles_changed) {
        r->roles_serial = r->serial;
        r->roles_changed = false;
    }
    v->view.serial = r->serial;
    v->view.roster_serial = r->roster_serial;
    v->view.seq = r->seq;
    v->view.recorded_ms = r->recorded_ms;
    *out = &v->view;
    return 0;
}
