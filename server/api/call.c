/* One request from route to reply (see call.h), and the hand-over of jobs (api.h). */
#include "server/api/call.h"

#include "question-bank/base/digest.h"
#include "server/http/problem.h"
#include "server/api/waiting_room.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

const struct msg api_msg_no_memory = {"out-of-memory", "内存不足。", "Out of memory."};

static const struct msg msg_login = {"login-needed", "请先登录。", "Please log in."};
static const struct msg msg_not_found = {"resource-not-found", "没有找到“{0}”。",
                                         "'{0}' was not found."};
static const struct msg msg_person = {"person-not-found", "没有人员编号为“{0}”的人员。",
                                      "There is no person numbered '{0}'."};
static const struct msg msg_query = {"query-invalid", "查询参数“{0}”的值“{1}”不正确，应为 {2}。",
                                     "The query parameter '{0}' is '{1}'; expected {2}."};
static const struct msg msg_query_unknown = {"query-unknown", "没有查询参数“{0}”。",
                                             "There is no query parameter '{0}'."};
static const struct msg msg_draining = {"server-draining", "服务器正在停机或恢复，请稍后重试。",
                                        "The server is stopping or recovering; try again soon."};

/* ---- life ---- */

static void call_fini(struct call *call)
{
    if (call->submitted)
        job_fini(&call->job);
    if (call->own_free != NULL)
        call->own_free(call->own);
    json_decref(call->body);
    view_release(call->view);
    call->view = NULL;
    call->body = NULL;
}

void call_fail_with(struct call *call, const struct err *err, int status, const json_t *members,
                    unsigned retry_after_s)
{
    struct http_request *req = call->req;
    struct err copy = *err;

    if (status == 0)
        status = problem_status(copy.code);
    /* "Come back" is counted, not logged: a rush would fill the log with it. */
    if (status >= 500 && copy.code != ERR_BUSY) {
        struct log_field fields[] = {
            {"operation", call->op->id},
            {"code", err_code_name(copy.code)},
            {"message", copy.msg != NULL ? copy.msg->id : ""},
        };
        const struct env *env = call->api->options.env;
        env->log(env->arg, LOG_ERROR, "request-failed", fields, sizeof fields / sizeof fields[0]);
    }
    buf_fini(&call->out);
    call_fini(call);
    problem_reply_with(req, &copy, status, members, retry_after_s);
}

void call_fail(struct call *call, const struct err *err)
{
    call_fail_with(call, err, 0, NULL, 0);
}

void call_reply_text(struct call *call, int status, const char *content_type)
{
    struct http_request *req = call->req;
    struct buf out = call->out;

    if (buf_error(&out) != 0) {
        struct err err = {.code = ERR_NOMEM, .msg = &api_msg_no_memory};

        call_fail(call, &err);
        return;
    }
    call_fini(call);
    http_reply_take(req, status, content_type, &out);
}

void call_reply(struct call *call, int status)
{
    assert(call->w.depth == 0);
    call_reply_text(call, status, "application/json");
}

void call_reply_empty(struct call *call)
{
    struct http_request *req = call->req;

    buf_fini(&call->out);
    call_fini(call);
    http_reply(req, 204, NULL, bytes_of(NULL, 0));
}

/* ---- small questions ---- */

struct bytes call_today(const struct call *call)
{
    return bytes_of(call->date, CIVIL_DATE_BYTES);
}

struct bytes call_person(const struct call *call)
{
    return bytes_of_text(call->login.number);
}

void call_refresh(struct call *call)
{
    view_release(call->view);
    call->view = live_view_acquire(call->api->live);
}

struct bytes call_param(const struct call *call, const char *name)
{
    return bytes_of_text(http_param(call->req, name));
}

static void fail_not_found(struct call *call, const char *what)
{
    struct err err = {0};

    err_set(&err, ERR_NOT_FOUND, &msg_not_found, what, NULL, NULL, NULL);
    call_fail(call, &err);
}

bool call_uuid(struct call *call, const char *name, uint8_t out[16])
{
    const char *text = http_param(call->req, name);

    if (uuid_parse(text, out) == 0)
        return true;
    fail_not_found(call, text);
    return false;
}

const struct exam_view *call_exam(struct call *call)
{
    const struct exam_view *exam;
    uint8_t uuid[16];

    if (!call_uuid(call, "exam", uuid))
        return NULL;
    exam = view_exam(call->view, uuid);
    if (exam == NULL)
        fail_not_found(call, http_param(call->req, "exam"));
    return exam;
}

static void fail_query(struct call *call, const char *name, const char *value, const char *expected)
{
    struct err err = {0};

    err_set(&err, ERR_BAD_INPUT, &msg_query, name, value, expected, NULL);
    call_fail(call, &err);
}

bool call_as_of(struct call *call, int64_t *out)
{
    const char *text = http_query(call->req, "as_of");

    if (text == NULL) {
        *out = INT64_MAX;
        return true;
    }
    if (!civil_date_valid(bytes_of_text(text))) {
        fail_query(call, "as_of", text, "YYYY-MM-DD");
        return false;
    }
    *out = civil_date_end_ms(bytes_of_text(text));
    return true;
}

bool call_wants_csv(struct call *call, bool *csv)
{
    const char *text = http_query(call->req, "format");

    if (text != NULL && strcmp(text, "json") != 0 && strcmp(text, "csv") != 0) {
        fail_query(call, "format", text, "json, csv");
        return false;
    }
    *csv = text != NULL && strcmp(text, "csv") == 0;
    return true;
}

bool call_query_only(struct call *call, const char *const *names, size_t count)
{
    for (unsigned q = 0; q < call->req->queries; q++) {
        size_t i = 0;

        while (i < count && strcmp(call->req->query[q].name, names[i]) != 0)
            i++;
        if (i == count) {
            struct err err = {0};

            err_set(&err, ERR_BAD_INPUT, &msg_query_unknown, call->req->query[q].name, NULL, NULL,
                    NULL);
            call_fail(call, &err);
            return false;
        }
    }
    return true;
}

bool call_query_int(struct call *call, const char *name, int64_t min, int64_t max,
                    int64_t otherwise, int64_t *out)
{
    const char *text = http_query(call->req, name);
    char expected[64];
    char *end = NULL;
    long long value;

    if (text == NULL) {
        *out = otherwise;
        return true;
    }
    value = strtoll(text, &end, 10);
    if (text[0] < '0' || text[0] > '9' || *end != '\0' || value < min || value > max) {
        snprintf(expected, sizeof expected, "%lld…%lld", (long long)min, (long long)max);
        fail_query(call, name, text, expected);
        return false;
    }
    *out = value;
    return true;
}

bool call_check(struct call *call, int rc, const struct err *err)
{
    struct err plain = {.code = rc};

    if (rc == 0)
        return true;
    call_fail(call, err->code != 0 ? err : &plain);
    return false;
}

bool call_members(struct call *call, const char *const *names, size_t count)
{
    struct err err = {0};

    return call_check(call, json_in_members(&call->in, names, count, &err), &err);
}

struct bytes person_unit_now(const struct registry_view *view, uint32_t person, struct bytes date)
{
    const struct person *p = &view->roster->people[person];
    const struct person_version *v = person_at(p, date);

    if (v == NULL && p->versions_count > 0)
        v = &p->versions[0];
    return v != NULL ? v->unit : bytes_of_text("");
}

struct bytes unit_name(const struct roster *roster, struct bytes code, struct bytes date)
{
    int64_t i = roster_find_unit(roster, code);
    const struct unit_version *v = i >= 0 ? unit_at(&roster->units[i], date) : NULL;

    return v != NULL ? v->name : code;
}

int call_decide_person(const struct call *call, struct bytes number, struct err *err)
{
    int64_t person = roster_find_person(call->view->roster, number);
    char text[PERSON_NUMBER_BYTES_MAX + 1] = "";

    if (person < 0) {
        memcpy(text, number.data,
               number.len < PERSON_NUMBER_BYTES_MAX ? number.len : PERSON_NUMBER_BYTES_MAX);
        return err_set(err, ERR_NOT_FOUND, &msg_person, text, NULL, NULL, NULL);
    }
    return operation_decide(call->op, call->view, call->login.person,
                            person_unit_now(call->view, (uint32_t)person, call_today(call)),
                            call_today(call), err);
}

/* ---- jobs ---- */

static void job_prepare(struct call *call, enum job_type type)
{
    call->job.type = type;
    call->job.user = call;
    call->job.home = call->req->loop;
    call->job.arena = &call->req->arena;
    call->job.received_ms = call->req->received_ms;
    call->job.person = call_person(call);
    call->job.login = call->login;
    if (call->op->scope == SCOPE_SESSION) {
        call->job.officer = true;
        call->job.scope = call->scopes[call->scopes_tried++];
    }
}

static int hand_over(struct call *call)
{
    int rc;

    memset(&call->job.err, 0, sizeof call->job.err);
    memset(&call->job.out, 0, sizeof call->job.out);
    call->job.rc = 0;
    rc = live_submit(call->api->live, &call->job, &call->job.err);
    if (rc != 0) {
        /* Draining, or after a fatal error: come back when it runs again. */
        call->job.rc = ERR_BUSY;
        if (rc == ERR_CONFLICT)
            err_set(&call->job.err, ERR_BUSY, &msg_draining, NULL, NULL, NULL, NULL);
        call->busy_status = 503;
        call->submitted = false;
    }
    return rc;
}

/* The job is back on its loop. */
static void call_finish(struct http_request *req)
{
    struct call *call = req->user;
    unsigned retry_after_s = 0;
    int status = 0;

    if (call->job.rc == 0) {
        call->answer(call);
        return;
    }
    if (call->job.err.code == 0)
        call->job.err.code = call->job.rc;
    if (call->job.rc == ERR_BUSY && call->busy_status != 0 && call->busy_status != 503) {
        long seconds = strtol(call->job.err.arg[0].text, NULL, 10);

        status = call->busy_status;
        retry_after_s = seconds > 0 && seconds < 86400 ? (unsigned)seconds : 1;
    }
    call_fail_with(call, &call->job.err, status, NULL, retry_after_s);
}

void call_submit(struct call *call, enum job_type type, void (*answer)(struct call *call))
{
    struct http_request *req = call->req;

    job_prepare(call, type);
    call->answer = answer;
    call->submitted = true;
    http_defer(req, call_finish);
    if (hand_over(call) != 0)
        http_complete(req);
}

bool call_submit_again(struct call *call, enum job_type type)
{
    job_fini(&call->job);
    call->job.own = NULL;
    job_prepare(call, type);
    call->submitted = true;
    return hand_over(call) == 0;
}

/* Does the job go on, instead of back to its loop? On the thread that did the work. */
static bool job_goes_on(struct call *call)
{
    if (call->job.rc == ERR_DENIED && call->op->scope == SCOPE_SESSION &&
        call->scopes_tried < call->scopes_count)
        return call_submit_again(call, call->job.type);
    return call->job.rc == 0 && call->after != NULL && call->after(call);
}

void api_done_batch(void *arg, struct list *jobs)
{
    struct list home[HTTP_LOOPS_MAX] = {0};
    struct http_server *server = NULL;
    struct list_node *node;

    (void)arg;
    while ((node = list_pop(jobs)) != NULL) {
        struct job *job = list_entry(node, struct job, node);
        struct call *call = job->user;

        if (job_goes_on(call))
            continue;
        assert(job->home < HTTP_LOOPS_MAX);
        server = call->req->server;
        list_push(&home[job->home], &call->req->task.node);
    }
    for (unsigned i = 0; server != NULL && i < http_server_loops(server); i++)
        http_post(server, i, &home[i]);
}

/* ---- arrival ---- */

/* Who asks? */
static int log_in(struct call *call, struct err *err)
{
    const char *token = http_bearer(call->req);

    if (token == NULL)
        return err_set(err, ERR_UNAUTHENTIC, &msg_login, NULL, NULL, NULL, NULL);
    return live_login_check(call->api->live, token, call->req->received_ms, &call->login, err);
}

/* May they, as far as the path and the query say? The rest is the handler's or the core's. */
static int decide(struct call *call, struct err *err)
{
    const char *unit = http_query(call->req, "unit");
    uint32_t person = call->login.person;
    struct bytes own = person_unit_now(call->view, person, call_today(call));
    size_t n =
        operation_scopes(call->view, call->op->roles, person, call_today(call), call->scopes);

    call->scopes_count = n;
    if (call->op->scope == SCOPE_UNIT) {
        call->unit = unit != NULL ? bytes_of_text(unit) : n > 0 ? call->scopes[0] : own;
        if (call->op->own_unit_too && own.len > 0 && bytes_equal(call->unit, own) &&
            !operation_role_holds(call->view, call->op->roles, person, own, call_today(call))) {
            call->own_unit_only = true;
            return 0;
        }
        return operation_decide(call->op, call->view, person, call->unit, call_today(call), err);
    }
    if (call->op->scope == SCOPE_WHOLE)
        return operation_decide(call->op, call->view, person, bytes_of_text(""), call_today(call),
                                err);
    /* On its people, rows or session it is decided once these are known; here only that the caller
     * has such a role at all. */
    if (n == 0 && call->op->scope != SCOPE_OWN)
        return operation_decide(call->op, call->view, person, bytes_of_text(""), call_today(call),
                                err);
    return 0;
}

static int read_body(struct call *call, struct err *err)
{
    int rc;

    if (call->op->accepts == NULL || strcmp(call->op->accepts, "application/json") != 0)
        return 0;
    rc = json_in_parse(call->req->body.len > 0 ? call->req->body : bytes_of_text("{}"), &call->body,
                       err);
    if (rc == 0)
        call->in = json_in_body(call->body);
    return rc;
}

void api_handle(void *arg, struct http_request *req)
{
    struct api *api = arg;
    struct call *call = arena_alloc(&req->arena, sizeof *call);
    struct err err = {0};
    int rc = 0;

    if (call == NULL) {
        err_set(&err, ERR_NOMEM, &api_msg_no_memory, NULL, NULL, NULL, NULL);
        problem_reply(req, &err);
        return;
    }
    call->api = api;
    call->req = req;
    call->op = &operations[req->route->operation];
    req->user = call;
    json_out_init(&call->w, &call->out);
    civil_date_of_ms(req->received_ms, call->date);
    if (call->op->scope != SCOPE_NONE) {
        rc = log_in(call, &err);
        if (rc == 0) {
            call->view = live_view_acquire(api->live);
            rc = decide(call, &err);
        }
    }
    if (rc == 0)
        rc = read_body(call, &err);
    if (call_check(call, rc, &err))
        call->op->handle(call);
}

/* ---- the api ---- */

int api_new(const struct api_options *options, struct api **out, struct err *err)
{
    struct api *api = calloc(1, sizeof *api);

    if (api != NULL)
        api->routes = calloc(operations_count, sizeof *api->routes);
    if (api == NULL || api->routes == NULL) {
        free(api);
        return err_set(err, ERR_NOMEM, &api_msg_no_memory, NULL, NULL, NULL, NULL);
    }
    api->options = *options;
    if (options->starts_per_second > 0)
        api->starts = waiting_room_new(options->starts_per_second);
    for (size_t i = 0; i < operations_count; i++) {
        api->routes[i] = (struct route){
            .method = operations[i].method,
            .pattern = operations[i].pattern,
            .operation = (int)i,
            .accepts = operations[i].accepts,
            .body_bytes_max = operations[i].body_bytes_max,
            .handle = api_handle,
        };
    }
    *out = api;
    return 0;
}

void api_attach(struct api *api, struct live *live)
{
    api->live = live;
}

bool api_token_holds(void *arg, const char *token, int64_t now_ms)
{
    const struct api *api = arg;
    struct login login;

    return live_login_check(api->live, token, now_ms, &login, NULL) == 0;
}

const struct route *api_routes(const struct api *api, size_t *count)
{
    *count = operations_count;
    return api->routes;
}

void api_free(struct api *api)
{
    if (api == NULL)
        return;
    waiting_room_free(api->starts);
    free(api->routes);
    free(api);
}

uint64_t api_starts_waiting(struct api *api)
{
    return api->starts == NULL ? 0 : waiting_room_length(api->starts, live_now_ms(api->live));
}
