/* Logging in and out, and passwords. Hashing is the core's, on a worker; wrong tries too often are
 * answered 429 with the time to wait. No token, code or password is logged or repeated. */
#include "server/api/handlers.h"

#include "server/api/me.h"

static void answer_login(struct call *call)
{
    const struct login_result *login = &call->job.out.login;

    call_refresh(call);
    json_out_object(&call->w, NULL);
    json_out_string(&call->w, "token", login->token);
    json_out_int(&call->w, "expires_ms", login->login.expires_ms);
    me_write(call, "me", login->login.person);
    json_out_end(&call->w);
    call_reply(call, 201);
}

static void answer_empty(struct call *call)
{
    call_reply_empty(call);
}

void handle_activate(struct call *call)
{
    static const char *const members[] = {"person", "code", "new_password"};
    struct login_request *in = &call->job.in.login_request;
    struct err err = {0};
    int rc = 0;

    if (!call_members(call, members, 3))
        return;
    rc = json_in_text(&call->in, "person", 1, PERSON_NUMBER_BYTES_MAX, &call->req->arena,
                      &in->person, &err);
    if (rc == 0)
        rc = json_in_secret(&call->in, "code", 1, 64, &in->code, &err);
    if (rc == 0)
        rc = json_in_secret(&call->in, "new_password", 0, PASSWORD_BYTES_MAX, &in->new_password,
                            &err);
    if (!call_check(call, rc, &err))
        return;
    in->address = call->req->client;
    call->busy_status = 429;
    call_submit(call, JOB_ACTIVATE, answer_login);
}

void handle_login(struct call *call)
{
    static const char *const members[] = {"person", "password"};
    struct login_request *in = &call->job.in.login_request;
    struct err err = {0};
    int rc = 0;

    if (!call_members(call, members, 2))
        return;
    rc = json_in_text(&call->in, "person", 1, PERSON_NUMBER_BYTES_MAX, &call->req->arena,
                      &in->person, &err);
    if (rc == 0)
        rc = json_in_secret(&call->in, "password", 1, PASSWORD_BYTES_MAX, &in->password, &err);
    if (!call_check(call, rc, &err))
        return;
    in->address = call->req->client;
    call->busy_status = 429;
    call_submit(call, JOB_LOGIN, answer_login);
}

void handle_logout(struct call *call)
{
    call_submit(call, JOB_LOGOUT, answer_empty);
}

void handle_change_password(struct call *call)
{
    static const char *const members[] = {"old_password", "new_password"};
    struct login_request *in = &call->job.in.login_request;
    struct err err = {0};
    int rc = 0;

    if (!call_members(call, members, 2))
        return;
    rc = json_in_secret(&call->in, "old_password", 1, PASSWORD_BYTES_MAX, &in->password, &err);
    if (rc == 0)
        rc = json_in_secret(&call->in, "new_password", 0, PASSWORD_BYTES_MAX, &in->new_password,
                            &err);
    if (!call_check(call, rc, &err))
        return;
    in->person = call_person(call);
    in->address = call->req->client;
    call->busy_status = 429;
    call_submit(call, JOB_PASSWORD, answer_empty);
}
