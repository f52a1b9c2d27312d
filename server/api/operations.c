/* The table of operations, and the one decision on who may call them (see operations.h).
 *
 * Rows stand in the order of docs/openapi.yaml; tests/system/test_permissions.py compares them. */
#include "server/api/operations.h"

#include "server/api/handlers.h"
#include "server/roster/roster.h"

#include <string.h>

static const struct msg msg_role = {"role-missing", "您没有进行此项操作的权限。",
                                    "You are not permitted to do this."};
static const struct msg msg_scope = {"scope-outside", "“{0}”不在您的管理范围内。",
                                     "'{0}' is outside your scope."};
static const struct msg msg_whole = {"scope-not-whole", "此项操作须有管理全部单位的权限。",
                                     "This needs a role that covers all units."};

enum {
    BODY_SMALL = 4 * 1024,
    BODY_DEFINITION = 512 * 1024,
    BODY_RESPONSES = 512 * 1024,
    BODY_CODES = 128 * 1024,
    BODY_CSV = 32 * 1024 * 1024,
    /* who reads releases; who changes the tree of units; who brings in rosters */
    READERS = ROLE_OFFICER | ROLE_AUDITOR | ROLE_ADMINISTRATOR,
    BUILDERS = ROLE_OFFICER | ROLE_ADMINISTRATOR,
    KEEPERS = ROLE_LIAISON | ROLE_OFFICER | ROLE_ADMINISTRATOR,
    ALL_ROLES = ROLE_LIAISON | ROLE_OFFICER | ROLE_HR | ROLE_AUDITOR | ROLE_ADMINISTRATOR,
};

#define V1   "/api/v1"
#define JSON "application/json"

/* clang-format off */
const struct operation operations[] = {
    {"health", HTTP_GET, "/healthz", 0, SCOPE_NONE, false, NULL, 0, handle_health},
    {"ready", HTTP_GET, "/readyz", 0, SCOPE_NONE, false, NULL, 0, handle_ready},
    {"metrics", HTTP_GET, "/metrics", 0, SCOPE_NONE, false, NULL, 0, handle_metrics},
    {"activate", HTTP_POST, V1 "/activations", 0, SCOPE_NONE, false, JSON, BODY_SMALL, handle_activate},
    {"login", HTTP_POST, V1 "/logins", 0, SCOPE_NONE, false, JSON, BODY_SMALL, handle_login},
    {"logout", HTTP_DELETE, V1 "/logins/current", 0, SCOPE_OWN, false, NULL, 0, handle_logout},
    {"me", HTTP_GET, V1 "/me", 0, SCOPE_OWN, false, NULL, 0, handle_me},
    {"changePassword", HTTP_PUT, V1 "/me/password", 0, SCOPE_OWN, false, JSON, BODY_SMALL, handle_change_password},
    {"myExams", HTTP_GET, V1 "/me/exams", 0, SCOPE_OWN, false, NULL, 0, handle_my_exams},
    {"startSession", HTTP_POST, V1 "/exams/{exam}/sessions", 0, SCOPE_OWN, false, JSON, BODY_SMALL, handle_start_session},
    {"examSessions", HTTP_GET, V1 "/exams/{exam}/sessions", ROLE_LIAISON | ROLE_OFFICER, SCOPE_UNIT, false, NULL, 0, handle_exam_sessions},
    {"session", HTTP_GET, V1 "/sessions/{session}", 0, SCOPE_OWN, false, NULL, 0, handle_session},
    {"openSession", HTTP_POST, V1 "/sessions/{session}/open", 0, SCOPE_OWN, false, JSON, BODY_SMALL, handle_open_session},
    {"saveResponses", HTTP_PUT, V1 "/sessions/{session}/responses", 0, SCOPE_OWN, false, JSON, BODY_RESPONSES, handle_save_responses},
    {"heartbeat", HTTP_POST, V1 "/sessions/{session}/heartbeat", 0, SCOPE_OWN, false, JSON, BODY_SMALL, handle_heartbeat},
    {"submitSession", HTTP_POST, V1 "/sessions/{session}/submission", 0, SCOPE_OWN, false, JSON, BODY_SMALL, handle_submit_session},
    {"sessionResult", HTTP_GET, V1 "/sessions/{session}/result", 0, SCOPE_OWN, false, NULL, 0, handle_session_result},
    {"sessionReview", HTTP_GET, V1 "/sessions/{session}/review", 0, SCOPE_OWN, false, NULL, 0, handle_session_review},
    {"suspendSession", HTTP_POST, V1 "/sessions/{session}/suspension", ROLE_OFFICER, SCOPE_SESSION, false, JSON, BODY_SMALL, handle_suspend_session},
    {"resumeSession", HTTP_POST, V1 "/sessions/{session}/resumption", ROLE_OFFICER, SCOPE_SESSION, false, JSON, BODY_SMALL, handle_resume_session},
    {"grantExtraTime", HTTP_POST, V1 "/sessions/{session}/extra-time", ROLE_OFFICER, SCOPE_SESSION, false, JSON, BODY_SMALL, handle_grant_extra_time},
    {"voidSession", HTTP_POST, V1 "/sessions/{session}/void", ROLE_OFFICER, SCOPE_SESSION, false, JSON, BODY_SMALL, handle_void_session},
    {"reopenSession", HTTP_POST, V1 "/sessions/{session}/reopening", ROLE_OFFICER, SCOPE_SESSION, false, JSON, BODY_SMALL, handle_reopen_session},
    {"decideLate", HTTP_POST, V1 "/sessions/{session}/late-decision", ROLE_OFFICER, SCOPE_SESSION, false, JSON, BODY_SMALL, handle_decide_late},
    {"units", HTTP_GET, V1 "/units", ALL_ROLES, SCOPE_ANY, false, NULL, 0, handle_units},
    {"importUnits", HTTP_POST, V1 "/units/import", BUILDERS, SCOPE_ROWS, false, "text/csv", BODY_CSV, handle_import_units},
    {"importPeople", HTTP_POST, V1 "/people/import", KEEPERS, SCOPE_ROWS, false, "text/csv", BODY_CSV, handle_import_people},
    {"importAttendance", HTTP_POST, V1 "/hearings/import", KEEPERS, SCOPE_ROWS, false, "text/csv", BODY_CSV, handle_import_attendance},
    {"issueActivationCodes", HTTP_POST, V1 "/activation-codes", KEEPERS, SCOPE_PERSON, false, JSON, BODY_CODES, handle_issue_activation_codes},
    {"grantRole", HTTP_POST, V1 "/people/{person}/roles", ROLE_ADMINISTRATOR, SCOPE_NAMED, false, JSON, BODY_SMALL, handle_grant_role},
    {"revokeRole", HTTP_POST, V1 "/people/{person}/roles/revocation", ROLE_ADMINISTRATOR, SCOPE_NAMED, false, JSON, BODY_SMALL, handle_revoke_role},
    {"releases", HTTP_GET, V1 "/releases", READERS, SCOPE_ANY, false, NULL, 0, handle_releases},
    {"exams", HTTP_GET, V1 "/exams", ALL_ROLES, SCOPE_ANY, false, NULL, 0, handle_exams},
    {"createExam", HTTP_POST, V1 "/exams", ROLE_OFFICER, SCOPE_WHOLE, false, JSON, BODY_DEFINITION, handle_create_exam},
    {"exam", HTTP_GET, V1 "/exams/{exam}", ALL_ROLES, SCOPE_ANY, false, NULL, 0, handle_exam},
    {"commitShare", HTTP_POST, V1 "/exams/{exam}/shares", ROLE_OFFICER, SCOPE_WHOLE, false, JSON, BODY_SMALL, handle_commit_share},
    {"revealShare", HTTP_PUT, V1 "/exams/{exam}/shares", ROLE_OFFICER, SCOPE_WHOLE, false, JSON, BODY_SMALL, handle_reveal_share},
    {"openExam", HTTP_POST, V1 "/exams/{exam}/open", ROLE_OFFICER, SCOPE_WHOLE, false, JSON, BODY_SMALL, handle_open_exam},
    {"closeExam", HTTP_POST, V1 "/exams/{exam}/close", ROLE_OFFICER, SCOPE_WHOLE, false, JSON, BODY_SMALL, handle_close_exam},
    {"setExemption", HTTP_PUT, V1 "/exams/{exam}/exemptions/{person}", ROLE_OFFICER, SCOPE_PERSON, false, JSON, BODY_SMALL, handle_set_exemption},
    {"withdrawItem", HTTP_POST, V1 "/exams/{exam}/withdrawals", ROLE_OFFICER, SCOPE_WHOLE, false, JSON, BODY_SMALL, handle_withdraw_item},
    {"coverage", HTTP_GET, V1 "/exams/{exam}/coverage", ROLE_LIAISON | ROLE_OFFICER | ROLE_HR | ROLE_AUDITOR, SCOPE_UNIT, true, NULL, 0, handle_coverage},
    {"scores", HTTP_GET, V1 "/exams/{exam}/scores", ROLE_OFFICER | ROLE_HR | ROLE_AUDITOR, SCOPE_UNIT, false, NULL, 0, handle_scores},
    {"missing", HTTP_GET, V1 "/exams/{exam}/missing", ROLE_LIAISON | ROLE_OFFICER, SCOPE_UNIT, false, NULL, 0, handle_missing},
    {"auditEvents", HTTP_GET, V1 "/audit/events", ROLE_AUDITOR, SCOPE_WHOLE, false, NULL, 0, handle_audit_events},
};
/* clang-format on */
const size_t operations_count = sizeof operations / sizeof operations[0];

static const char *const role_names[OPERATION_ROLES] = {"liaison", "officer", "hr", "auditor",
                                                        "administrator"};

const char *operation_role_name(enum operation_role role)
{
    for (unsigned i = 0; i < OPERATION_ROLES; i++) {
        if ((unsigned)role == 1u << i)
            return role_names[i];
    }
    return NULL;
}

unsigned operation_role_parse(struct bytes name)
{
    for (unsigned i = 0; i < OPERATION_ROLES; i++) {
        if (bytes_equal(name, bytes_of_text(role_names[i])))
            return 1u << i;
    }
    return 0;
}

const char *operation_scope_name(enum operation_scope scope)
{
    static const char *const names[] = {"none",   "own",  "any",     "unit", "named",
                                        "person", "rows", "session", "whole"};

    return names[scope];
}

/* Does the unit hold everything: is it the one root of the tree? */
static bool is_only_root(const struct roster *roster, struct bytes code, struct bytes date)
{
    bool found = false;

    for (size_t i = 0; i < roster->units_count; i++) {
        const struct unit_version *v = unit_at(&roster->units[i], date);

        if (v == NULL || v->parent.len > 0 || !unit_version_is_open(v, date))
            continue;
        if (!bytes_equal(roster->units[i].code, code))
            return false;
        found = true;
    }
    return found;
}

static bool scope_holds(const struct registry_view *view, struct bytes scope, struct bytes unit,
                        struct bytes date)
{
    if (scope.len == 0)
        return true;
    if (unit.len == 0)
        return is_only_root(view->roster, scope, date);
    return roster_unit_is_within(view->roster, unit, scope, date);
}

bool operation_role_held(const struct registry_view *view, unsigned roles, uint32_t person,
                         struct bytes unit, struct bytes today, struct bytes then)
{
    size_t count;
    const struct view_role *held = view_roles(view, person, &count);

    for (size_t i = 0; i < count; i++) {
        if ((operation_role_parse(held[i].role) & roles) != 0 && role_counts(held[i].ends, today) &&
            scope_holds(view, held[i].unit, unit, then))
            return true;
    }
    return false;
}

bool operation_role_holds(const struct registry_view *view, unsigned roles, uint32_t person,
                          struct bytes unit, struct bytes date)
{
    return operation_role_held(view, roles, person, unit, date, date);
}

size_t operation_scopes(const struct registry_view *view, unsigned roles, uint32_t person,
                        struct bytes date, struct bytes out[OPERATION_SCOPES_MAX])
{
    size_t count;
    size_t n = 0;
    const struct view_role *held = view_roles(view, person, &count);

    for (size_t i = 0; i < count && n < OPERATION_SCOPES_MAX; i++) {
        bool within = false;
        size_t kept = 0;

        if ((operation_role_parse(held[i].role) & roles) == 0 || !role_counts(held[i].ends, date))
            continue;
        for (size_t k = 0; k < n; k++)
            within = within || scope_holds(view, out[k], held[i].unit, date);
        if (within)
            continue;
        for (size_t k = 0; k < n; k++) {
            if (!scope_holds(view, held[i].unit, out[k], date))
                out[kept++] = out[k];
        }
        out[kept] = held[i].unit;
        n = kept + 1;
    }
    return n;
}

int operation_decide(const struct operation *op, const struct registry_view *view, uint32_t person,
                     struct bytes unit, struct bytes date, struct err *err)
{
    struct bytes scopes[OPERATION_SCOPES_MAX];
    char code[UNIT_CODE_BYTES_MAX + 1] = "";

    if (op->scope == SCOPE_NONE || op->scope == SCOPE_OWN)
        return 0;
    if (operation_scopes(view, op->roles, person, date, scopes) == 0)
        return err_set(err, ERR_DENIED, &msg_role, op->id, NULL, NULL, NULL);
    if (op->scope == SCOPE_ANY)
        return 0;
    if (op->scope == SCOPE_WHOLE)
        unit = bytes_of_text("");
    if (operation_role_holds(view, op->roles, person, unit, date))
        return 0;
    if (unit.len == 0)
        return err_set(err, ERR_DENIED, &msg_whole, op->id, NULL, NULL, NULL);
    memcpy(code, unit.data, unit.len < UNIT_CODE_BYTES_MAX ? unit.len : UNIT_CODE_BYTES_MAX);
    return err_set(err, ERR_DENIED, &msg_scope, code, NULL, NULL, NULL);
}
