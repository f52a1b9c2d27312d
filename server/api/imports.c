/* Imports: a CSV file becomes records on a worker, and the records one job of a writer.
 *
 *   JOB_CALL: csv_read, …_import, scope of each row   (worker)
 *   JOB_IMPORT_… or JOB_ATTENDANCE                    (writer), unless dry run, faults or nothing new
 *   reply: the report; with faults 422 and the report inside the problem
 *
 * All or nothing. What a file says of people stays in the work and dies with the call; nothing of it
 * is logged. */
#include "server/api/call.h"
#include "server/api/handlers.h"

#include "question-bank/base/digest.h"
#include "question-bank/format/csv.h"
#include "server/roster/roster_import.h"

#include <stdlib.h>
#include <string.h>

static const struct msg msg_faults = {"import-refused", "文件中有 {0} 处错误，没有写入任何内容。",
                                      "The file has {0} faults; nothing was written."};
static const struct msg msg_row = {
    "import-outside-scope", "第{0}行“{1}”：“{2}”不在您的管理范围内，没有写入任何内容。",
    "Row {0}, {1}: '{2}' is outside your scope; nothing was written."};
static const struct msg msg_past = {
    "import-outside-scope-then",
    "第{0}行“{1}”：“{2}”在{3}或之后属于您管理范围以外的单位，没有写入任何内容。",
    "Row {0}, {1}: on {3} or later '{2}' belongs to a unit outside your scope; nothing was "
    "written."};
static const struct msg msg_dry_run = {"query-invalid", "查询参数“dry_run”只能是 1。",
                                       "The query parameter 'dry_run' can only be 1."};

enum import_kind { IMPORT_UNITS, IMPORT_PEOPLE, IMPORT_ATTENDANCE };

struct work {
    enum import_kind kind;
    bool dry_run, applied, has_table;
    struct csv_table table;
    struct arena arena;
    struct import_report report;
    struct unit_record *units;
    struct person_record *people;
    struct attendance_record *attendance;
    size_t count;
};

static void work_free(void *own)
{
    struct work *work = own;

    if (work->has_table)
        csv_table_fini(&work->table);
    arena_fini(&work->arena);
    free(work);
}

/* ---- on the worker ---- */

/* What is wrong with that row, in that column. */
static int refuse_row(const struct msg *msg, uint32_t at, const char *column, struct bytes what,
                      struct bytes from, struct err *err)
{
    char text[PERSON_NUMBER_BYTES_MAX + 1] = "";
    char date[CIVIL_TEXT_BYTES] = "";
    char row[24];

    if (what.len > 0)
        memcpy(text, what.data,
               what.len < PERSON_NUMBER_BYTES_MAX ? what.len : PERSON_NUMBER_BYTES_MAX);
    if (from.len > 0)
        memcpy(date, from.data, from.len < sizeof date - 1 ? from.len : sizeof date - 1);
    return err_set(err, ERR_DENIED, msg, err_int(row, at), column, text, date);
}

static bool holds_at(const struct call *call, struct bytes unit, struct bytes date)
{
    return operation_role_held(call->view, call->op->roles, call->login.person, unit,
                               call_today(call), date);
}

static bool holds(const struct call *call, struct bytes unit)
{
    return holds_at(call, unit, call_today(call));
}

/* Today, and as the tree was then: a record that holds from then on changes figures of then. */
static bool holds_since(const struct call *call, struct bytes unit, struct bytes from)
{
    return holds(call, unit) && holds_at(call, unit, from);
}

/* Does the version lie behind `from`, or hold then because the next one does not yet? */
static bool is_touched(struct bytes from, struct bytes version, const struct bytes *next)
{
    return bytes_compare(version, from) > 0 || next == NULL || bytes_compare(*next, from) > 0;
}

static struct bytes later_of(struct bytes a, struct bytes b)
{
    return bytes_compare(a, b) > 0 ? a : b;
}

/* Were all units of the person's from that date on the caller's? */
static bool past_is_mine(const struct call *call, struct bytes number, struct bytes from)
{
    int64_t at = roster_find_person(call->view->roster, number);
    const struct person *p = at < 0 ? NULL : &call->view->roster->people[at];

    for (size_t i = 0; p != NULL && i < p->versions_count; i++) {
        const struct person_version *v = &p->versions[i];

        if (is_touched(from, v->valid_from, i + 1 < p->versions_count ? &v[1].valid_from : NULL) &&
            !holds_since(call, v->unit, later_of(from, v->valid_from)))
            return false;
    }
    return true;
}

/* And all superiors of the unit's? */
static bool unit_past_is_mine(const struct call *call, struct bytes code, struct bytes from)
{
    int64_t at = roster_find_unit(call->view->roster, code);
    const struct unit *u = at < 0 ? NULL : &call->view->roster->units[at];

    for (size_t i = 0; u != NULL && i < u->versions_count; i++) {
        const struct unit_version *v = &u->versions[i];

        if (is_touched(from, v->valid_from, i + 1 < u->versions_count ? &v[1].valid_from : NULL) &&
            !holds_since(call, v->parent, later_of(from, v->valid_from)))
            return false;
    }
    return true;
}

/* A person's present unit, and the one they move to, must both be the caller's. */
static bool person_is_mine(const struct call *call, struct bytes number)
{
    int64_t person = roster_find_person(call->view->roster, number);

    return person < 0 ||
           holds(call, person_unit_now(call->view, (uint32_t)person, call_today(call)));
}

static int check_person(const struct call *call, const struct person_record *rec, struct err *err)
{
    if (!person_is_mine(call, rec->number))
        return refuse_row(&msg_row, rec->row, "人员编号", rec->number, bytes_of_text(""), err);
    if (!holds(call, rec->unit))
        return refuse_row(&msg_row, rec->row, "单位编码", rec->unit, bytes_of_text(""), err);
    if (!holds_at(call, rec->unit, rec->valid_from))
        return refuse_row(&msg_past, rec->row, "生效日期", rec->unit, rec->valid_from, err);
    if (!past_is_mine(call, rec->number, rec->valid_from))
        return refuse_row(&msg_past, rec->row, "生效日期", rec->number, rec->valid_from, err);
    return 0;
}

/* What is put under a unit that exists is judged by it. What is new in the file is judged by what
 * stands above it: records come superiors first. */
static bool superior_is_mine(const struct call *call, const struct work *work, size_t i)
{
    struct bytes parent = work->units[i].parent;

    if (parent.len == 0 || roster_find_unit(call->view->roster, parent) >= 0)
        return holds(call, parent);
    for (size_t k = 0; k < i; k++) {
        if (bytes_equal(work->units[k].code, parent))
            return true; /* it passed */
    }
    return false;
}

/* A unit that exists must be the caller's, and so must the one it is put under, and those that it was
 * under since the record is to hold. */
static int check_unit(const struct call *call, const struct work *work, size_t i, struct err *err)
{
    const struct unit_record *rec = &work->units[i];
    bool parent_is_old = roster_find_unit(call->view->roster, rec->parent) >= 0;

    if (roster_find_unit(call->view->roster, rec->code) >= 0 && !holds(call, rec->code))
        return refuse_row(&msg_row, rec->row, "单位编码", rec->code, bytes_of_text(""), err);
    if (!superior_is_mine(call, work, i))
        return refuse_row(&msg_row, rec->row, "上级编码", rec->parent, bytes_of_text(""), err);
    if (parent_is_old && !holds_at(call, rec->parent, rec->valid_from))
        return refuse_row(&msg_past, rec->row, "生效日期", rec->parent, rec->valid_from, err);
    if (!unit_past_is_mine(call, rec->code, rec->valid_from))
        return refuse_row(&msg_past, rec->row, "生效日期", rec->code, rec->valid_from, err);
    return 0;
}

static int check_rows(const struct call *call, struct work *work, struct err *err)
{
    int rc = 0;

    if (holds(call, bytes_of_text("")))
        return 0;
    for (size_t i = 0; i < work->count && rc == 0; i++) {
        switch (work->kind) {
        case IMPORT_UNITS:
            rc = check_unit(call, work, i, err);
            break;
        case IMPORT_PEOPLE:
            rc = check_person(call, &work->people[i], err);
            break;
        case IMPORT_ATTENDANCE:
            if (!person_is_mine(call, work->attendance[i].number))
                rc = refuse_row(&msg_row, work->attendance[i].row, "人员编号",
                                work->attendance[i].number, bytes_of_text(""), err);
            break;
        }
    }
    return rc;
}

static int read_rows(const struct call *call, struct work *work, struct err *err)
{
    const struct roster *roster = call->view->roster;
    struct import_row *rows;
    struct import_table table;
    int rc = csv_read(call->req->body, &work->table, err);

    if (rc != 0)
        return rc;
    work->has_table = true;
    rows = arena_array(&work->arena, work->table.count, sizeof *rows);
    if (rows == NULL)
        return err_set(err, ERR_NOMEM, &api_msg_no_memory, NULL, NULL, NULL, NULL);
    for (size_t i = 0; i < work->table.count; i++) {
        rows[i].row = work->table.rows[i].row;
        rows[i].cells = work->table.rows[i].cells;
        rows[i].count = work->table.rows[i].count;
    }
    table.rows = rows;
    table.count = work->table.count;
    switch (work->kind) {
    case IMPORT_UNITS:
        return units_import(roster, &table, call_today(call), &work->arena, &work->units,
                            &work->count, &work->report, err);
    case IMPORT_PEOPLE:
        return people_import(roster, &table, call_today(call), &work->arena, &work->people,
                             &work->count, &work->report, err);
    case IMPORT_ATTENDANCE:
        return attendance_import(roster, &table, call_today(call), NULL, NULL, &work->arena,
                                 &work->attendance, &work->count, &work->report, err);
    }
    return ERR_BAD_INPUT;
}

static void run_import(struct job *job)
{
    struct call *call = job->in.call.arg;
    struct work *work = call->own;

    job->rc = read_rows(call, work, &job->err);
    if (job->rc == 0 && work->report.errors_count == 0)
        job->rc = check_rows(call, work, &job->err);
}

/* The records go to their writer. */
static bool apply_import(struct call *call)
{
    static const enum job_type types[] = {JOB_IMPORT_UNITS, JOB_IMPORT_PEOPLE, JOB_ATTENDANCE};
    struct work *work = call->own;
    struct import_input in = {0};

    if (work->applied || work->dry_run || work->report.errors_count > 0)
        return false;
    work->applied = true;
    if (work->count == 0)
        return false;
    if (work->kind == IMPORT_ATTENDANCE) {
        call->job.in.attendance =
            (struct attendance_input){.records = work->attendance, .count = work->count};
    } else {
        in.units = work->units;
        in.people = work->people;
        in.count = work->count;
        in.file = digest_of_bytes(DIGEST_SHA256, call->req->body);
        in.report = &work->report;
        in.view_serial = call->view->serial;
        call->job.in.import = in;
    }
    return call_submit_again(call, types[work->kind]);
}

/* ---- the report ---- */

static void write_report(struct json_out *w, const struct work *work, enum lang lang)
{
    const struct import_report *r = &work->report;
    char text[ERR_TEXT_BYTES_MAX];

    json_out_object(w, NULL);
    json_out_bool(w, "applied", work->applied);
    json_out_int(w, "rows", r->rows);
    json_out_int(w, "accepted", r->accepted);
    json_out_object(w, "changes");
    for (unsigned i = 0; i < CHANGES; i++)
        json_out_int(w, import_change_name((enum import_change)i), r->changes[i]);
    json_out_end(w);
    json_out_array(w, "ignored");
    for (size_t i = 0; i < r->ignored_count; i++)
        json_out_text(w, NULL, r->ignored[i]);
    json_out_end(w);
    json_out_array(w, "errors");
    for (size_t i = 0; i < r->errors_count; i++) {
        err_text(&r->errors[i].err, lang, text, sizeof text);
        json_out_object(w, NULL);
        json_out_int(w, "row", r->errors[i].row);
        json_out_string(w, "column", r->errors[i].column);
        json_out_string(w, "message", text);
        json_out_end(w);
    }
    json_out_end(w);
    json_out_end(w);
}

static void fail_with_report(struct call *call)
{
    const struct work *work = call->own;
    struct err err = {0};
    char number[24];
    json_t *members = NULL;
    json_t *report;

    write_report(&call->w, work, call->req->lang);
    report = json_loadb((const char *)call->out.data, call->out.len, 0, NULL);
    if (report != NULL)
        members = json_pack("{s:o}", "report", report);
    err_set(&err, ERR_BAD_INPUT, &msg_faults,
            err_int(number, (int64_t)(work->report.errors_count + work->report.errors_more)), NULL,
            NULL, NULL);
    call_fail_with(call, &err, 422, members, 0);
    json_decref(members);
}

static void answer_import(struct call *call)
{
    struct work *work = call->own;

    if (work->report.errors_count > 0) {
        fail_with_report(call);
        return;
    }
    /* Only the writer knows which attendance was there already. */
    if (work->applied && work->kind == IMPORT_ATTENDANCE && work->count > 0) {
        const struct attendance_result *result = &call->job.out.attendance;

        work->report.changes[CHANGE_NEW] = (uint32_t)result->stored;
        work->report.changes[CHANGE_SAME] = work->report.accepted - (uint32_t)result->stored;
    }
    write_report(&call->w, work, call->req->lang);
    call_reply(call, 200);
}

/* ---- arrival ---- */

static void import(struct call *call, enum import_kind kind)
{
    static const char *const names[] = {"dry_run"};
    const char *dry_run = http_query(call->req, "dry_run");
    struct work *work;
    struct err err = {0};
    int rc = 0;

    if (!call_query_only(call, names, 1))
        return;
    work = calloc(1, sizeof *work);
    if (work == NULL)
        rc = err_set(&err, ERR_NOMEM, &api_msg_no_memory, NULL, NULL, NULL, NULL);
    else if (dry_run != NULL && strcmp(dry_run, "1") != 0)
        rc = err_set(&err, ERR_BAD_INPUT, &msg_dry_run, NULL, NULL, NULL, NULL);
    if (work != NULL) {
        arena_init(&work->arena, 0);
        work->kind = kind;
        work->dry_run = dry_run != NULL;
        call->own = work;
        call->own_free = work_free;
    }
    if (!call_check(call, rc, &err))
        return;
    call->job.in.call = (struct call_input){.run = run_import, .arg = call};
    call->after = apply_import;
    call_submit(call, JOB_CALL, answer_import);
}

void handle_import_units(struct call *call)
{
    import(call, IMPORT_UNITS);
}

void handle_import_people(struct call *call)
{
    import(call, IMPORT_PEOPLE);
}

void handle_import_attendance(struct call *call)
{
    import(call, IMPORT_ATTENDANCE);
}
