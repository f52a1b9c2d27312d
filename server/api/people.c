/* Units, activation codes, roles. */
#include "server/api/call.h"
#include "server/api/handlers.h"

#include <string.h>

static const struct msg msg_holder = {
    "activation-of-role-holder",
    "“{0}”担任管理角色，只有管理范围不小于其角色的系统管理员才能为其签发激活码。",
    "'{0}' holds a role; only an administrator whose scope covers that role may issue their code."};
static const struct msg msg_no_person = {"person-not-found", "没有人员编号为“{0}”的人员。",
                                         "There is no person numbered '{0}'."};
static const struct msg msg_no_unit = {"unit-not-found", "没有编码为“{0}”的单位。",
                                       "There is no unit with the code '{0}'."};

/* ---- units ---- */

static bool unit_is_seen(const struct call *call, struct bytes code)
{
    for (size_t i = 0; i < call->scopes_count; i++) {
        if (call->scopes[i].len == 0 ||
            roster_unit_is_within(call->view->roster, code, call->scopes[i], call_today(call)))
            return true;
    }
    return false;
}

void handle_units(struct call *call)
{
    struct json_out *w = &call->w;
    struct unit_tree tree;
    struct err err = {0};

    if (!call_check(call, unit_tree_make(call->view->roster, call_today(call), NULL, &tree, &err),
                    &err))
        return;
    json_out_object(w, NULL);
    json_out_array(w, "units");
    for (size_t i = 0; i < tree.count; i++) {
        const struct unit_node *node = &tree.nodes[i];

        if (!unit_is_seen(call, node->code))
            continue;
        json_out_object(w, NULL);
        json_out_text(w, "code", node->code);
        json_out_text(w, "name", node->name);
        json_out_text(w, "parent",
                      node->parent >= 0 ? tree.nodes[node->parent].code : bytes_of_text(""));
        json_out_end(w);
    }
    json_out_end(w);
    json_out_end(w);
    unit_tree_fini(&tree);
    call_reply(call, 200);
}

/* ---- activation codes ---- */

static const char *short_text(struct bytes text, char out[PERSON_NUMBER_BYTES_MAX + 1])
{
    size_t len = text.len < PERSON_NUMBER_BYTES_MAX ? text.len : PERSON_NUMBER_BYTES_MAX;

    memcpy(out, text.data, len);
    out[len] = '\0';
    return out;
}

/* A code is as good as the person's login: whoever issues one for a holder of roles must be allowed
 * to grant these roles. */
static int may_issue(const struct call *call, struct bytes number, struct err *err)
{
    char text[PERSON_NUMBER_BYTES_MAX + 1];
    const struct view_role *roles;
    size_t count;
    int rc = call_decide_person(call, number, err);

    if (rc != 0)
        return rc;
    roles =
        view_roles(call->view, (uint32_t)roster_find_person(call->view->roster, number), &count);
    for (size_t i = 0; i < count; i++) {
        if (!operation_role_holds(call->view, ROLE_ADMINISTRATOR, call->login.person, roles[i].unit,
                                  call_today(call)))
            return err_set(err, ERR_DENIED, &msg_holder, short_text(number, text), NULL, NULL,
                           NULL);
    }
    return 0;
}

static void answer_codes(struct call *call)
{
    const struct activation_result *result = &call->job.out.activation;
    struct json_out *w = &call->w;

    json_out_object(w, NULL);
    json_out_array(w, "codes");
    for (size_t i = 0; i < result->count; i++) {
        json_out_object(w, NULL);
        json_out_text(w, "person", result->codes[i].person);
        json_out_string(w, "code", result->codes[i].code);
        json_out_int(w, "expires_ms", result->codes[i].expires_ms);
        json_out_end(w);
    }
    json_out_end(w);
    json_out_end(w);
    call_reply(call, 201);
}

void handle_issue_activation_codes(struct call *call)
{
    static const char *const members[] = {"people"};
    struct activation_input *in = &call->job.in.activation;
    struct arena *arena = &call->req->arena;
    struct bytes *people = NULL;
    struct err err = {0};
    const json_t *array = NULL;
    int rc;

    if (!call_members(call, members, 1))
        return;
    rc = json_in_array(&call->in, "people", 1, ACTIVATIONS_PER_JOB_MAX, &array, &err);
    if (rc == 0) {
        people = arena_array(arena, json_array_size(array), sizeof *people);
        if (people == NULL)
            rc = err_set(&err, ERR_NOMEM, &api_msg_no_memory, NULL, NULL, NULL, NULL);
    }
    for (size_t i = 0; i < json_array_size(array) && rc == 0; i++) {
        rc = json_in_element_text(array, "people", i, PERSON_NUMBER_BYTES_MAX, arena, &people[i],
                                  &err);
        if (rc == 0)
            rc = may_issue(call, people[i], &err);
    }
    if (!call_check(call, rc, &err))
        return;
    in->people = people;
    in->count = json_array_size(array);
    in->view_serial = call->view->serial;
    call_submit(call, JOB_ACTIVATION, answer_codes);
}

/* ---- roles ---- */

static void answer_role(struct call *call)
{
    call_reply_empty(call);
}

static int read_role(struct call *call, struct role_input *in, struct err *err)
{
    const char *names[OPERATION_ROLES];
    char text[PERSON_NUMBER_BYTES_MAX + 1];
    size_t role = 0;
    int rc;

    for (unsigned i = 0; i < OPERATION_ROLES; i++)
        names[i] = operation_role_name((enum operation_role)(1u << i));
    in->person = call_param(call, "person");
    rc = json_in_choice(&call->in, "role", names, OPERATION_ROLES, &role, err);
    if (rc == 0)
        rc = json_in_text(&call->in, "unit", 0, UNIT_CODE_BYTES_MAX, &call->req->arena, &in->unit,
                          err);
    if (rc == 0)
        rc = operation_decide(call->op, call->view, call->login.person, in->unit, call_today(call),
                              err);
    if (rc != 0)
        return rc;
    in->role = bytes_of_text(names[role]);
    if (roster_find_person(call->view->roster, in->person) < 0)
        return err_set(err, ERR_NOT_FOUND, &msg_no_person, short_text(in->person, text), NULL, NULL,
                       NULL);
    if (in->unit.len > 0 && roster_find_unit(call->view->roster, in->unit) < 0)
        return err_set(err, ERR_NOT_FOUND, &msg_no_unit, short_text(in->unit, text), NULL, NULL,
                       NULL);
    return 0;
}

static void change_role(struct call *call, enum job_type type)
{
    static const char *const members[] = {"role", "unit"};
    struct err err = {0};

    if (call_members(call, members, 2) &&
        call_check(call, read_role(call, &call->job.in.role, &err), &err))
        call_submit(call, type, answer_role);
}

void handle_grant_role(struct call *call)
{
    change_role(call, JOB_ROLE_GRANT);
}

void handle_revoke_role(struct call *call)
{
    change_role(call, JOB_ROLE_REVOKE);
}
