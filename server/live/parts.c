/* Counted parts of the registry. Fails without memory, and on exam definitions that cannot be read. */
#include "server/live/parts.h"

#include "question-bank/bank/draw.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

bool part_is_shared(const atomic_uint *refs)
{
    return atomic_load_explicit(refs, memory_order_acquire) > 1;
}

/* One holder less; true: it was the last. */
static bool part_release(atomic_uint *refs)
{
    unsigned before = atomic_fetch_sub_explicit(refs, 1, memory_order_acq_rel);

    assert(before > 0);
    return before == 1;
}

static void part_hold(atomic_uint *refs)
{
    atomic_fetch_add_explicit(refs, 1, memory_order_relaxed);
}

/* ------------------------------------------------------------------------------ roster */

struct roster_part *roster_part_new(void)
{
    struct roster_part *p = calloc(1, sizeof *p);

    if (p != NULL) {
        atomic_init(&p->refs, 1);
        roster_init(&p->roster);
    }
    return p;
}

struct roster_part *roster_part_clone(const struct roster_part *p, struct err *err)
{
    struct roster_part *copy = calloc(1, sizeof *copy);

    if (copy == NULL || roster_clone(&p->roster, &copy->roster, err) != 0) {
        free(copy);
        return NULL;
    }
    atomic_init(&copy->refs, 1);
    return copy;
}

void roster_part_drop(struct roster_part *p)
{
    if (p != NULL && part_release(&p->refs)) {
        roster_fini(&p->roster);
        free(p);
    }
}

/* ------------------------------------------------------------------------------ exams */

static void core_drop(struct exam_core *core)
{
    if (core != NULL && part_release(&core->refs)) {
        arena_fini(&core->arena);
        free(core);
    }
}

static void plan_drop(struct plan_part *plan)
{
    if (plan != NULL && part_release(&plan->refs)) {
        draw_plan_free(plan->plan);
        free(plan);
    }
}

void exam_part_drop(struct exam_part *p)
{
    if (p == NULL || !part_release(&p->refs)) {
        return;
    }
    for (size_t i = 0; i < p->withdrawals_count; i++) {
        free((void *)p->withdrawals[i].data);
    }
    free(p->withdrawals);
    free(p->exemptions);
    for (int i = 0; i < 2; i++) {
        buf_fini(&p->shares[i].sealed);
    }
    plan_drop(p->plan);
    core_drop(p->core);
    secret_wipe(&p->view.master, sizeof p->view.master);
    free(p);
}

static void exam_part_show(struct exam_part *p)
{
    p->view.definition = &p->core->definition;
    p->view.blueprint = &p->core->blueprint;
    p->view.withdrawals = (struct id_set){p->withdrawals, p->withdrawals_count};
    p->view.exemptions = p->exemptions;
    p->view.exemptions_count = p->exemptions_count;
    p->view.plan = p->plan != NULL ? p->plan->plan : NULL;
}

static int core_fill(struct exam_part *p, struct bytes payload, struct err *err)
{
    struct exam_core *core = p->core;
    struct registry_payload decoded;
    const struct exam_definition *d = &core->definition;
    int rc = registry_payload_decode(EVENT_EXAM_CREATED, payload, &core->arena, &decoded, err);

    if (rc != 0) {
        return rc;
    }
    core->definition = decoded.u.exam.definition;
    memcpy(p->view.uuid, decoded.u.exam.exam_uuid, 16);
    rc = blueprint_decode(d->blueprint, &core->arena, &core->blueprint, err);
    if (rc == 0) {
        rc = scoring_rules_decode(d->rules, &p->view.rules, err);
    }
    if (rc == 0) {
        p->view.blueprint_digest = blueprint_digest(&core->blueprint);
        p->view.rules_digest = scoring_rules_digest(&p->view.rules);
    }
    return rc;
}

int exam_part_new(const struct bank *const *banks, size_t banks_count, struct bytes payload,
                  struct exam_part **out, struct err *err)
{
    struct exam_part *p = calloc(1, sizeof *p);
    int rc;

    if (p == NULL || (p->core = calloc(1, sizeof *p->core)) == NULL) {
        free(p);
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    atomic_init(&p->refs, 1);
    atomic_init(&p->core->refs, 1);
    arena_init(&p->core->arena, 0);
    rc = core_fill(p, payload, err);
    if (rc != 0) {
        exam_part_drop(p);
        return rc;
    }
    p->view.state = EXAM_CREATED;
    for (size_t i = 0; i < banks_count; i++) {
        if (digest_equal(bank_digest(banks[i]), &p->core->definition.release)) {
            p->view.bank = banks[i];
        }
    }
    exam_part_show(p);
    p->view.withdrawals_digest = id_set_digest(&p->view.withdrawals);
    *out = p;
    return 0;
}

static bool withdrawals_copy(const struct exam_part *from, struct exam_part *to)
{
    to->withdrawals = calloc(from->withdrawals_count + 1, sizeof *to->withdrawals);
    for (size_t i = 0; to->withdrawals != NULL && i < from->withdrawals_count; i++) {
        struct bytes id = from->withdrawals[i];
        uint8_t *copy = malloc(id.len);

        if (copy == NULL) {
            return false;
        }
        memcpy(copy, id.data, id.len);
        to->withdrawals[to->withdrawals_count++] = bytes_of(copy, id.len);
    }
    return to->withdrawals != NULL;
}

static bool exemptions_copy(const struct exam_part *from, struct exam_part *to)
{
    to->exemptions_cap = from->exemptions_count + 8;
    to->exemptions = calloc(to->exemptions_cap, sizeof *to->exemptions);
    if (to->exemptions == NULL) {
        return false;
    }
    if (from->exemptions_count > 0) {
        memcpy(to->exemptions, from->exemptions, from->exemptions_count * sizeof *to->exemptions);
    }
    to->exemptions_count = from->exemptions_count;
    return true;
}

struct exam_part *exam_part_clone(const struct exam_part *p)
{
    struct exam_part *copy = calloc(1, sizeof *copy);
    bool whole;

    if (copy == NULL) {
        return NULL;
    }
    atomic_init(&copy->refs, 1);
    copy->view = p->view;
    copy->core = p->core;
    part_hold(&p->core->refs);
    copy->plan = p->plan;
    if (p->plan != NULL) {
        part_hold(&p->plan->refs);
    }
    whole = withdrawals_copy(p, copy) && exemptions_copy(p, copy);
    for (int i = 0; i < 2; i++) {
        copy->shares[i].committed = p->shares[i].committed;
        memcpy(copy->shares[i].committer, p->shares[i].committer, sizeof copy->shares[i].committer);
        if (p->shares[i].sealed.len > 0) {
            buf_append(&copy->shares[i].sealed, p->shares[i].sealed.data, p->shares[i].sealed.len);
        }
        whole = whole && buf_error(&copy->shares[i].sealed) == 0;
    }
    if (!whole) {
        exam_part_drop(copy);
        return NULL;
    }
    exam_part_show(copy);
    return copy;
}

int exam_part_plan(struct exam_part *p, struct err *err)
{
    struct plan_part *plan;
    int rc;

    if (p->view.bank == NULL) {
        return 0; /* the release is not here: no starts */
    }
    plan = calloc(1, sizeof *plan);
    if (plan == NULL) {
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    atomic_init(&plan->refs, 1);
    rc = draw_plan_new(&p->core->blueprint, bank_pool(p->view.bank), &p->view.withdrawals,
                       &plan->plan, err);
    if (rc != 0) {
        free(plan);
        return rc;
    }
    plan_drop(p->plan);
    p->plan = plan;
    exam_part_show(p);
    return 0;
}

int exam_part_withdraw(struct exam_part *p, struct bytes item, struct err *err)
{
    struct bytes *grown;
    uint8_t *copy;
    size_t at;

    if (id_set_has(&p->view.withdrawals, item)) {
        return 0;
    }
    grown = realloc(p->withdrawals, (p->withdrawals_count + 1) * sizeof *grown);
    if (grown == NULL) {
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    p->withdrawals = grown;
    p->view.withdrawals.ids = grown;
    copy = malloc(item.len > 0 ? item.len : 1);
    if (copy == NULL) {
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    memcpy(copy, item.data, item.len);
    for (at = p->withdrawals_count++; at > 0 && bytes_compare(grown[at - 1], item) > 0; at--) {
        grown[at] = grown[at - 1];
    }
    grown[at] = bytes_of(copy, item.len);
    exam_part_show(p);
    p->view.withdrawals_digest = id_set_digest(&p->view.withdrawals);
    return p->plan != NULL ? exam_part_plan(p, err) : 0;
}

int exam_part_exempt(struct exam_part *p, uint32_t person, uint32_t kind)
{
    size_t at = 0;

    while (at < p->exemptions_count && p->exemptions[at].person < person) {
        at++;
    }
    if (at < p->exemptions_count && p->exemptions[at].person == person) {
        if (kind == RECORD_EXEMPTION_NONE) {
            memmove(&p->exemptions[at], &p->exemptions[at + 1],
                    (p->exemptions_count - at - 1) * sizeof *p->exemptions);
            p->exemptions_count--;
        } else {
            p->exemptions[at].kind = kind;
        }
        exam_part_show(p);
        return 0;
    }
    if (kind == RECORD_EXEMPTION_NONE) {
        return 0;
    }
    if (p->exemptions_count == p->exemptions_cap) {
        size_t more = p->exemptions_cap == 0 ? 8 : p->exemptions_cap * 2;
        struct view_exemption *grown = realloc(p->exemptions, more * sizeof *grown);

        if (grown == NULL) {
            return ERR_NOMEM;
        }
        p->exemptions = grown;
        p->exemptions_cap = more;
    }
    memmove(&p->exemptions[at + 1], &p->exemptions[at],
            (p->exemptions_count - at) * sizeof *p->exemptions);
    p->exemptions[at] = (struct view_exemption){person, kind};
    p->exemptions_count++;
    exam_part_show(p);
    return 0;
}

/* ------------------------------------------------------------------------------ views */

struct view_part *view_part_new(struct roster_part *roster, struct exam_part *const *exams,
                                size_t count)
{
    struct view_part *v = calloc(1, sizeof *v);
    const struct exam_view **list;

    if (v == NULL) {
        return NULL;
    }
    atomic_init(&v->refs, 1);
    arena_init(&v->arena, 0);
    list = arena_array(&v->arena, count, sizeof(struct exam_view *));
    v->exams = arena_array(&v->arena, count, sizeof(struct exam_part *));
    if (list == NULL || v->exams == NULL) {
        arena_fini(&v->arena);
        free(v);
        return NULL;
    }
    v->roster = roster;
    part_hold(&roster->refs);
    for (size_t i = 0; i < count; i++) {
        part_hold(&exams[i]->refs);
        v->exams[i] = exams[i];
        list[i] = &exams[i]->view;
    }
    v->exams_count = count;
    v->view.roster = &roster->roster;
    v->view.exams = list;
    v->view.exams_count = count;
    return v;
}

const struct registry_view *view_hold(const struct registry_view *view)
{
    part_hold(&((struct view_part *)(uintptr_t)view)->refs);
    return view;
}

void view_release(const struct registry_view *view)
{
    struct view_part *v = (struct view_part *)(uintptr_t)view;

    if (v == NULL || !part_release(&v->refs)) {
        return;
    }
    for (size_t i = 0; i < v->exams_count; i++) {
        exam_part_drop(v->exams[i]);
    }
    roster_part_drop(v->roster);
    arena_fini(&v->arena);
    free(v);
}
