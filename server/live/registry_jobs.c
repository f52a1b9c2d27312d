/* What the registry writer's jobs mean: imports, roles, activation codes, log-ins. Exams have
 * exam_jobs.c.
 *
 * Happy path: a job is judged against the registry of this moment and says which events it means; a
 * repeat of what already holds means none. Fails with what the person who asked has to know; nothing
 * is changed then.
 *
 * Thread: the registry writer's. */
#include "server/live/internal.h"

#include "server/roster/civil.h"

#include <assert.h>
#include <string.h>

static const struct msg MSG_STALE = {
    .id = "roster-changed",
    .zh = "名册在核对之后已有变动，请重新核对后导入",
    .en = "the roster has changed since the file was compared with it; compare again",
};
static const struct msg MSG_PERSON = {
    .id = "person-unknown",
    .zh = "人员编号{0}不存在",
    .en = "there is no person with the number {0}",
};
static const struct msg MSG_UNIT = {
    .id = "unit-unknown",
    .zh = "单位编码{0}不存在",
    .en = "there is no unit with the code {0}",
};
static const struct msg MSG_ROLE = {
    .id = "role-unknown",
    .zh = "没有“{0}”这一角色",
    .en = "there is no role {0}",
};
static const struct msg MSG_CODES = {
    .id = "activations-count",
    .zh = "一次须为1至{0}人生成激活码",
    .en = "ask for 1 to {0} activation codes at once",
};

static const struct msg MSG_ROLES = {
    .id = "roles-changed",
    .zh = "角色刚刚有变动，请重新签发激活码",
    .en = "roles have just changed; issue the codes again",
};

static char *text_of(struct bytes b, char out[ERR_ARG_BYTES_MAX])
{
    size_t len = b.len < ERR_ARG_BYTES_MAX ? b.len : ERR_ARG_BYTES_MAX - 1;

    memcpy(out, b.data == NULL ? (const uint8_t *)"" : b.data, len);
    out[len] = '\0';
    return out;
}

static int64_t person_find(struct live *live, struct job *job, struct bytes number)
{
    int64_t person = roster_find_person(registry_roster(live->registry), number);
    char text[ERR_ARG_BYTES_MAX];

    if (person < 0) {
        job_refuse(job, ERR_NOT_FOUND, &MSG_PERSON, text_of(number, text), NULL);
    }
    return person;
}

/* ------------------------------------------------------------------------------ imports */

static void unit_payload(const struct unit_record *rec, const uint8_t actor[32], int64_t at_ms,
                         struct registry_payload *out)
{
    *out = (struct registry_payload){.type = EVENT_UNIT_SET,
                                     .u.unit = {.at_ms = at_ms,
                                                .code = rec->code,
                                                .name = rec->name,
                                                .parent = rec->parent,
                                                .valid_from = rec->valid_from,
                                                .valid_to = rec->valid_to}};
    memcpy(out->u.unit.actor, actor, 32);
}

static void person_payload(const struct person_record *rec, const uint8_t actor[32], int64_t at_ms,
                           struct registry_payload *out)
{
    *out = (struct registry_payload){.type = EVENT_PERSON_SET,
                                     .u.person = {.at_ms = at_ms,
                                                  .number = rec->number,
                                                  .name = rec->name,
                                                  .unit = rec->unit,
                                                  .category = rec->category,
                                                  .status = (uint32_t)rec->status,
                                                  .valid_from = rec->valid_from,
                                                  .post = rec->post,
                                                  .appointed = rec->appointed}};
    memcpy(out->u.person.actor, actor, 32);
}

static void imported_payload(const struct import_input *in, int64_t at_ms,
                             struct registry_payload *out)
{
    const struct import_report *r = in->report;
    struct roster_imported *p = &out->u.roster;

    *out = (struct registry_payload){.type = EVENT_ROSTER_IMPORTED};
    p->at_ms = at_ms;
    p->file = in->file;
    p->rows = (uint32_t)in->count;
    p->changed = (uint32_t)in->count;
    if (r != NULL) {
        p->rows = r->rows;
        p->added = r->changes[CHANGE_NEW];
        p->changed = r->changes[CHANGE_CHANGED] + r->changes[CHANGE_MOVED_IN];
        p->gone = r->changes[CHANGE_MOVED_OUT] + r->changes[CHANGE_RETIRED];
    }
}

/* All records are tried on a copy first, so that what is stored folds. */
static int import_job(struct live *live, struct job *job, struct registry_batch *b)
{
    const struct import_input *in = &job->in.import;
    bool is_units = job->type == JOB_IMPORT_UNITS;
    struct registry_payload p;
    struct roster trial;
    uint8_t actor[32];
    int rc;

    if (in->view_serial != 0 && live->view->roster_serial > in->view_serial) {
        return job_refuse(job, ERR_STALE, &MSG_STALE, NULL, NULL);
    }
    live_actor(live, job->person, actor);
    rc = roster_clone(registry_roster(live->registry), &trial, &job->err);
    if (rc != 0) {
        return rc;
    }
    imported_payload(in, job->received_ms, &p);
    memcpy(p.u.roster.actor, actor, 32);
    rc = registry_batch_add(b, &p, &job->err);
    for (size_t i = 0; i < in->count && rc == 0; i++) {
        rc = is_units ? roster_set_unit(&trial, &in->units[i], &job->err)
                      : roster_set_person(&trial, &in->people[i], &job->err);
        if (rc != 0) {
            break;
        }
        if (is_units) {
            unit_payload(&in->units[i], actor, job->received_ms, &p);
        } else {
            person_payload(&in->people[i], actor, job->received_ms, &p);
        }
        rc = registry_batch_add(b, &p, &job->err);
    }
    roster_fini(&trial);
    return rc;
}

/* ------------------------------------------------------------------------------ roles */

static int role_job(struct live *live, struct job *job, struct registry_batch *b)
{
    const struct role_input *in = &job->in.role;
    bool granting = job->type == JOB_ROLE_GRANT;
    const char *role = role_name(in->role);
    struct registry_payload p = {.type = granting ? EVENT_ROLE_GRANTED : EVENT_ROLE_REVOKED};
    char text[ERR_ARG_BYTES_MAX], today[CIVIL_TEXT_BYTES] = "";
    int64_t person = person_find(live, job, in->person);

    if (person < 0) {
        return job->rc;
    }
    if (role == NULL) {
        return job_refuse(job, ERR_BAD_INPUT, &MSG_ROLE, text_of(in->role, text), NULL);
    }
    if (in->unit.len > 0 && roster_find_unit(registry_roster(live->registry), in->unit) < 0) {
        return job_refuse(job, ERR_NOT_FOUND, &MSG_UNIT, text_of(in->unit, text), NULL);
    }
    if (granting) { /* what has ended is granted anew, and revoked */
        civil_date_of_ms(job->received_ms, today);
    }
    if (registry_has_role(live->registry, (uint32_t)person, role, in->unit, bytes_of_text(today)) ==
        granting) {
        return 0;
    }
    p.u.role = (struct role_act){.at_ms = job->received_ms,
                                 .person = in->person,
                                 .role = bytes_of_text(role),
                                 .unit = in->unit};
    live_actor(live, job->person, p.u.role.actor);
    return registry_batch_add(b, &p, &job->err);
}

/* ------------------------------------------------------------------------------ log-ins */

static int activation_job(struct live *live, struct job *job, struct registry_batch *b)
{
    const struct activation_input *in = &job->in.activation;
    struct activation_code *codes;
    char most[24];

    if (in->count == 0 || in->count > ACTIVATIONS_PER_JOB_MAX) {
        return job_refuse(job, ERR_BAD_INPUT, &MSG_CODES, err_int(most, ACTIVATIONS_PER_JOB_MAX),
                          NULL);
    }
    if (in->view_serial != 0 && registry_roles_serial(live->registry) > in->view_serial) {
        return job_refuse(job, ERR_STALE, &MSG_ROLES, NULL, NULL);
    }
    codes = arena_array(job->arena, in->count, sizeof *codes);
    if (codes == NULL) {
        return job_refuse(job, ERR_NOMEM, NULL, NULL, NULL);
    }
    for (size_t i = 0; i < in->count; i++) {
        uint8_t random[CODE_BYTES];
        struct registry_payload p = {.type = EVENT_ACTIVATION_ISSUED};
        int rc;

        if (person_find(live, job, in->people[i]) < 0) {
            return job->rc;
        }
        if (live->env.entropy(live->env.arg, random, sizeof random) != 0) {
            return job_refuse(job, ERR_CRYPTO, NULL, NULL, NULL);
        }
        codes[i].person = in->people[i];
        codes[i].expires_ms = job->received_ms + live->options.activation_ms;
        code_write(random, codes[i].code);
        secret_wipe(random, sizeof random);
        p.u.activation = (struct activation_issued){
            .at_ms = job->received_ms,
            .person = in->people[i],
            .code = site_activation(&live->keys, in->people[i], codes[i].code),
            .expires_ms = codes[i].expires_ms};
        live_actor(live, job->person, p.u.activation.actor);
        rc = registry_batch_add(b, &p, &job->err);
        if (rc != 0) {
            return rc;
        }
    }
    job->out.activation = (struct activation_result){codes, in->count};
    return 0;
}

static int revoke_job(struct live *live, struct job *job, struct registry_batch *b)
{
    struct bytes number = job->type == JOB_LOGOUT ? job->person : job->in.target;
    struct registry_payload p = {.type = EVENT_LOGIN_REVOKED};

    if (person_find(live, job, number) < 0) {
        return job->rc;
    }
    p.u.login = (struct login_revoked){.at_ms = job->received_ms, .person = number};
    live_actor(live, job->person, p.u.login.actor);
    return registry_batch_add(b, &p, &job->err);
}

/* A worker checked and hashed; what it checked may have been used up meanwhile. */
static int password_job(struct live *live, struct job *job, struct registry_batch *b)
{
    const struct login_request *in = &job->in.login_request;
    bool is_activation = job->type == JOB_ACTIVATE;
    struct bytes number = is_activation ? in->person : job->person;
    struct job_own *own = job->own;
    int64_t person = person_find(live, job, number);
    struct registry_payload p = {.type = EVENT_PASSWORD_SET};

    if (person < 0) {
        return job->rc;
    }
    if (is_activation &&
        !activation_fits(live->logins, person, number, in->code, job->received_ms)) {
        return login_refuse(&job->err);
    }
    p.u.password = (struct password_set){.at_ms = job->received_ms,
                                         .person = number,
                                         .hash = bytes_of_text(own->hash),
                                         .by_activation = is_activation};
    live_actor(live, number, p.u.password.actor);
    return registry_batch_add(b, &p, &job->err);
}

/* ------------------------------------------------------------------------------ all */

int registry_job(struct live *live, struct job *job, struct registry_batch *b)
{
    switch (job->type) {
    case JOB_IMPORT_UNITS:
    case JOB_IMPORT_PEOPLE:
        return import_job(live, job, b);
    case JOB_ROLE_GRANT:
    case JOB_ROLE_REVOKE:
        return role_job(live, job, b);
    case JOB_ACTIVATION:
        return activation_job(live, job, b);
    case JOB_LOGINS_REVOKE:
    case JOB_LOGOUT:
        return revoke_job(live, job, b);
    case JOB_ACTIVATE:
    case JOB_PASSWORD:
        return password_job(live, job, b);
    default:
        return exam_job(live, job, b);
    }
}

int registry_job_finish(struct live *live, struct job *job, int64_t recorded_ms)
{
    const struct roster *roster = registry_roster(live->registry);
    struct job_own *own = job->own;

    switch (job->type) {
    case JOB_LOGOUT:
        login_end_one(live->logins, &job->login, recorded_ms);
        return 0;
    case JOB_PASSWORD:
        return login_set_password(live->logins, (uint32_t)roster_find_person(roster, job->person),
                                  bytes_of_text(own->hash), false, recorded_ms + 1, job->login.id);
    case JOB_ACTIVATE:
        return login_issue(live->logins,
                           (uint32_t)roster_find_person(roster, job->in.login_request.person),
                           live_now_ms(live), live->options.login_ms, &job->out.login, &job->err);
    default:
        return 0;
    }
}
