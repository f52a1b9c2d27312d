/* Requests as bytes (see request.h). Memory that is missing shows in the buffer (buf_error).
 * Thread: reentrant. */
#include "clients/load/request.h"

#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <string.h>

enum { BODY_ROOM = 512, PATH_ROOM = 128 };

static void head_write(const struct request *r, const char *method, const char *path)
{
    buf_printf(r->out, "%s %s HTTP/1.1\r\nHost: %s:%u\r\nAccept-Language: en\r\n", method, path,
               r->target->host, r->target->port);
    if (r->candidate != NULL && r->candidate->token != NULL)
        buf_printf(r->out, "Authorization: Bearer %s\r\n", r->candidate->token);
}

static void body_write(const struct request *r, struct bytes body)
{
    buf_printf(r->out, "Content-Type: application/json\r\nContent-Length: %zu\r\n\r\n", body.len);
    buf_append(r->out, body.data, body.len);
}

static void session_path(const struct request *r, const char *what, char out[PATH_ROOM])
{
    snprintf(out, PATH_ROOM, "/api/v1/sessions/%s%s", r->candidate->session, what);
}

void request_get(const struct request *r, const char *path)
{
    head_write(r, "GET", path);
    buf_append_text(r->out, "\r\n");
}

void request_post(const struct request *r, const char *path, struct bytes body)
{
    head_write(r, "POST", path);
    body_write(r, body);
}

void request_start(const struct request *r, const char *exam, unsigned attempt)
{
    char path[PATH_ROOM], body[BODY_ROOM];
    int len = snprintf(body, sizeof body, "{\"attempt\":%u,\"nonce\":\"%s\"}", attempt,
                       r->candidate->nonce);

    snprintf(path, sizeof path, "/api/v1/exams/%s/sessions", exam);
    request_post(r, path, bytes_of(body, (size_t)len));
}

void request_open(const struct request *r)
{
    char path[PATH_ROOM], body[BODY_ROOM];
    int len = snprintf(body, sizeof body, "{\"device\":\"%.32s\"}", r->candidate->nonce);

    session_path(r, "/open", path);
    request_post(r, path, bytes_of(body, (size_t)len));
}

void request_session(const struct request *r)
{
    char path[PATH_ROOM];

    session_path(r, "", path);
    request_get(r, path);
}

void request_result(const struct request *r)
{
    char path[PATH_ROOM];

    session_path(r, "/result", path);
    request_get(r, path);
}

void request_submit(const struct request *r, uint64_t seq)
{
    char path[PATH_ROOM], body[BODY_ROOM];
    int len = snprintf(body, sizeof body, "{\"epoch\":%" PRIu32 ",\"seq\":%" PRIu64 "}",
                       r->candidate->epoch, seq);

    session_path(r, "/submission", path);
    request_post(r, path, bytes_of(body, (size_t)len));
}

void request_save(const struct request *r, uint64_t seq, size_t count, struct buf *body)
{
    char path[PATH_ROOM];

    buf_clear(body);
    buf_printf(body, "{\"epoch\":%" PRIu32 ",\"responses\":[", r->candidate->epoch);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_append_text(body, ",");
        candidate_response_write(r->candidate, seq + i, body);
    }
    buf_append_text(body, "]}");
    session_path(r, "/responses", path);
    head_write(r, "PUT", path);
    body_write(r, buf_view(body));
}

void problem_name(const struct reply *reply, char out[PROBLEM_NAME_BYTES])
{
    json_t *object = json_loadb((const char *)reply->body.data, reply->body.len, 0, NULL);
    const char *type = json_string_value(json_object_get(object, "type"));
    const char *slash = type != NULL ? strrchr(type, '/') : NULL;

    if (slash != NULL)
        snprintf(out, PROBLEM_NAME_BYTES, "%s", slash + 1);
    else
        snprintf(out, PROBLEM_NAME_BYTES, "status-%d", reply->status);
    json_decref(object);
}
