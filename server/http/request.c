/* One request: from evhttp's callback through the route to its one reply.
 *
 * Happy path: limits, route, parameters, query, body, handler, http_reply. What fails on the way
 * is answered by a problem here, and the handler never sees it. Requests are kept by their loop for
 * reuse with their arena's first block, so that a small request allocates little.
 *
 * Thread: the loop's; http_complete any. */
#include "server/http/internal.h"

#include "server/http/assets.h"
#include "server/http/problem.h"

#include <assert.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <event2/bufferevent_struct.h>
#include <event2/event.h>
#include <event2/keyvalq_struct.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

const struct msg http_msg_malformed = {"request-malformed", "请求格式不合规范。",
                                       "The request is malformed."};
const struct msg http_msg_length_required = {
    "request-length-required", "请求须用 Content-Length 标明正文长度，不接受分块传输。",
    "The request must give its body's length by Content-Length; chunked transfer is not accepted."};
const struct msg http_msg_header_size = {"request-header-too-large", "请求头过长。",
                                         "The request's header is too large."};
const struct msg http_msg_body_size = {"request-body-too-large", "请求正文超过此处允许的长度。",
                                       "The request's body is larger than is allowed here."};
const struct msg http_msg_body_unexpected = {"request-body-unexpected", "此处不接受请求正文。",
                                             "No request body is accepted here."};
const struct msg http_msg_body_login = {
    "request-body-needs-login", "登录已失效或尚未登录，不能上传这样大的内容，请先登录。",
    "A body this large needs a login that holds; log in first."};
const struct msg http_msg_bodies = {"request-bodies-full", "正在上传的内容过多，请 {0} 秒后重试。",
                                    "Too much is being uploaded; try again in {0} s."};
const struct msg http_msg_not_found = {"path-not-found", "没有这个地址：{0}。",
                                       "There is nothing at {0}."};
const struct msg http_msg_method = {"method-not-allowed", "此地址不支持 {0} 方法，可用：{1}。",
                                    "{0} is not allowed here; allowed: {1}."};
const struct msg http_msg_media_type = {"media-type-unsupported", "请求正文的类型应为 {0}。",
                                        "The request's body must be of type {0}."};
const struct msg http_msg_rate = {"too-many-requests", "请求过于频繁，请 {0} 秒后重试。",
                                  "Too many requests; try again in {0} s."};
const struct msg http_msg_internal = {"out-of-memory", "内存不足。", "Out of memory."};

const char *http_method_name(enum http_method method)
{
    switch (method) {
    case HTTP_GET:
        return "GET";
    case HTTP_HEAD:
        return "HEAD";
    case HTTP_POST:
        return "POST";
    case HTTP_PUT:
        return "PUT";
    case HTTP_DELETE:
        return "DELETE";
    case HTTP_OTHER:
        break;
    }
    return "?";
}

/* ---- life ---- */

static struct request *request_of(struct http_request *req)
{
    return (struct request *)req; /* its first member */
}

static struct loop *loop_of(const struct request *r)
{
    return &r->pub.server->loops[r->pub.loop];
}

static struct request *request_new(struct loop *l)
{
    struct request *r = l->pool;
    struct arena arena;

    if (r != NULL) {
        l->pool = r->pool_next;
        l->pool_count--;
        arena = r->pub.arena;
        memset(r, 0, sizeof *r);
        r->pub.arena = arena;
    } else {
        r = calloc(1, sizeof *r);
        if (r == NULL)
            return NULL;
        arena_init(&r->pub.arena, HTTP_REQUEST_ARENA_BYTES_MAX);
    }
    r->pub.server = l->server;
    r->pub.loop = l->index;
    l->in_flight++;
    counter_add(&l->server->counters.requests_in_flight, 1);
    counter_add(&l->server->counters.requests_total, 1);
    return r;
}

static void request_free(struct request *r)
{
    struct loop *l = loop_of(r);

    l->in_flight--;
    l->bodies_bytes -= r->body_reserved;
    counter_sub(&l->server->counters.requests_in_flight, 1);
    if (l->pool_count >= HTTP_POOL_REQUESTS || r->pub.arena.used_bytes > HTTP_POOL_ARENA_BYTES) {
        arena_fini(&r->pub.arena);
        free(r);
        return;
    }
    arena_reset(&r->pub.arena);
    r->pool_next = l->pool;
    l->pool = r;
    l->pool_count++;
}

void request_pool_free(struct loop *l)
{
    struct request *r;

    while ((r = l->pool) != NULL) {
        l->pool = r->pool_next;
        arena_fini(&r->pub.arena);
        free(r);
    }
    l->pool_count = 0;
}

/* ---- what handlers ask ---- */

static const char *pair_find(const struct http_pair *pairs, unsigned count, const char *name)
{
    for (unsigned i = 0; i < count; i++) {
        if (strcmp(pairs[i].name, name) == 0)
            return pairs[i].value;
    }
    return NULL;
}

const char *http_param(const struct http_request *req, const char *name)
{
    return pair_find(req->param, req->params, name);
}

const char *http_query(const struct http_request *req, const char *name)
{
    return pair_find(req->query, req->queries, name);
}

const char *http_header(const struct http_request *req, const char *name)
{
    const struct request *r = (const struct request *)req;

    return evhttp_find_header(evhttp_request_get_input_headers(r->ev), name);
}

const char *bearer_of(const char *value)
{
    if (value == NULL || strncasecmp(value, "Bearer ", 7) != 0)
        return NULL;
    value += 7;
    while (*value == ' ')
        value++;
    return *value != '\0' ? value : NULL;
}

const char *http_bearer(const struct http_request *req)
{
    return bearer_of(http_header(req, "Authorization"));
}

/* ---- deferring ---- */

static void request_resume(struct http_task *task)
{
    struct http_request *req = list_entry(task, struct http_request, task);
    struct request *r = request_of(req);
    struct loop *l = loop_of(r);

    l->handling = r;
    req->finish(req);
    assert(l->handling == NULL); /* finish must reply */
}

void http_defer(struct http_request *req, void (*finish)(struct http_request *req))
{
    struct request *r = request_of(req);
    struct loop *l = loop_of(r);

    assert(l->handling == r && req->finish == NULL);
    l->handling = NULL;
    req->finish = finish;
    req->task.run = request_resume;
}

void http_complete(struct http_request *req)
{
    struct list tasks = {0};

    list_push(&tasks, &req->task.node);
    http_post(req->server, req->loop, &tasks);
}

/* ---- replies ---- */

int http_reply_header(struct http_request *req, const char *name, const char *value)
{
    struct request *r = request_of(req);
    char *copy;

    if (r->headers == HTTP_REPLY_HEADERS_MAX)
        return ERR_LIMIT;
    for (const char *p = value; *p != '\0'; p++) {
        if (((unsigned char)*p < 0x20 && *p != '\t') || *p == 0x7f)
            return ERR_BAD_INPUT;
    }
    copy = arena_text(&req->arena, value, strlen(value));
    if (copy == NULL)
        return ERR_NOMEM;
    r->header[r->headers++] = (struct http_pair){name, copy};
    if (strcasecmp(name, "Cache-Control") == 0)
        r->cache_said = true;
    return 0;
}

static bool status_has_body(int status)
{
    return status >= 200 && status != 204 && status != 304;
}

static void headers_put(struct request *r, int status, const char *content_type, size_t body_len)
{
    struct evkeyvalq *out = evhttp_request_get_output_headers(r->ev);
    char number[24];

    if (content_type != NULL && status_has_body(status))
        evhttp_add_header(out, "Content-Type", content_type);
    if (status_has_body(status))
        evhttp_add_header(out, "Content-Length", err_int(number, (int64_t)body_len));
    evhttp_add_header(out, "X-Content-Type-Options", "nosniff");
    if (!r->cache_said)
        evhttp_add_header(out, "Cache-Control", "no-store");
    for (unsigned i = 0; i < r->headers; i++)
        evhttp_add_header(out, r->header[i].name, r->header[i].value);
    if (r->close || loop_of(r)->draining)
        evhttp_add_header(out, "Connection", "close");
}

static void taken_free(const void *data, size_t len, void *arg)
{
    (void)data;
    (void)len;
    free(arg);
}

static void no_cleanup(const void *data, size_t len, void *arg)
{
    (void)data;
    (void)len;
    (void)arg;
}

/* Small replies in one piece: then TLS makes one record of them. And at once: a socket is nearly
 * always writable, and asking epoll first costs two system calls a reply. */
static void output_push(struct bufferevent *bev)
{
    struct evbuffer *output = bufferevent_get_output(bev);
    size_t len = evbuffer_get_length(output);

    if (len == 0)
        return;
    if (len <= HTTP_ONE_RECORD_BYTES)
        evbuffer_pullup(output, -1);
    event_active(&bev->ev_write, EV_WRITE, 0);
}

/* Sends what the request's output buffer holds. Frees r. */
static void request_send(struct request *r, int status, const char *content_type, size_t body_len)
{
    struct evhttp_connection *evcon = NULL;
    struct evhttp_request *ev = r->ev;
    struct loop *l = loop_of(r);

    if (l->handling == r)
        l->handling = NULL;
    counter_reply(l->server, status);
    if (r->conn != NULL) {
        headers_put(r, status, content_type, body_len);
        conn_replying(r->conn, ev);
        evcon = evhttp_request_get_connection(ev);
    }
    request_free(r);
    evhttp_send_reply(ev, status, NULL, NULL); /* of a vanished client: only frees */
    if (evcon != NULL)
        output_push(evhttp_connection_get_bufferevent(evcon));
}

static bool body_is_sent(const struct request *r, int status, size_t len)
{
    return len > 0 && r->conn != NULL && r->pub.method != HTTP_HEAD && status_has_body(status);
}

void http_reply(struct http_request *req, int status, const char *content_type, struct bytes body)
{
    struct request *r = request_of(req);

    if (body_is_sent(r, status, body.len) &&
        evbuffer_add(evhttp_request_get_output_buffer(r->ev), body.data, body.len) != 0)
        r->close = true; /* the length will not be kept: the client must notice */
    request_send(r, status, content_type, body.len);
}

void http_reply_take(struct http_request *req, int status, const char *content_type,
                     struct buf *body)
{
    struct request *r = request_of(req);
    size_t len = body->len;

    if (body_is_sent(r, status, len)) {
        if (evbuffer_add_reference(evhttp_request_get_output_buffer(r->ev), body->data, len,
                                   taken_free, body->data) == 0)
            *body = (struct buf){0};
        else
            r->close = true;
    }
    buf_fini(body);
    request_send(r, status, content_type, len);
}

void http_reply_static(struct http_request *req, int status, const char *content_type,
                       struct bytes body)
{
    struct request *r = request_of(req);

    if (body_is_sent(r, status, body.len) &&
        evbuffer_add_reference(evhttp_request_get_output_buffer(r->ev), body.data, body.len,
                               no_cleanup, NULL) != 0)
        r->close = true;
    request_send(r, status, content_type, body.len);
}

/* ---- arrival ---- */

static void refuse(struct request *r, enum http_refusal reason, int status, int code,
                   const struct msg *msg, const char *a0, const char *a1)
{
    struct err err = {0};

    counter_refused(r->pub.server, reason);
    err_set(&err, code, msg, a0, a1, NULL, NULL);
    problem_reply_with(&r->pub, &err, status, NULL, 0);
}

/* In the arena: the connection may end before the request does. */
static const char *address_text(struct request *r, const struct limit_address *address)
{
    char *text = arena_alloc(&r->pub.arena, HTTP_ADDRESS_BYTES);

    if (text == NULL)
        return "";
    limit_address_text(address, text);
    return text;
}

/* The last address that the trusted proxy names, or what it is itself. */
static void peer_find(struct request *r, struct limit_address *address)
{
    struct conn *c = r->conn;
    const char *last = NULL;
    struct limit_address told, client;
    struct evkeyval *header;

    *address = c->address;
    if (c->from_proxy) {
        TAILQ_FOREACH(header, evhttp_request_get_input_headers(r->ev), next)
        {
            if (strcasecmp(header->key, "X-Forwarded-For") == 0)
                last = header->value;
        }
    }
    if (last != NULL) {
        const char *comma = strrchr(last, ',');

        last = comma != NULL ? comma + 1 : last;
        last += strspn(last, " \t");
        if (limit_address_parse(last, &told))
            *address = told;
    }
    client = limit_address_client(address);
    r->pub.peer = address_text(r, address);
    r->pub.client = address_text(r, &client);
}

static bool rate_allows(struct request *r, const struct limit_address *address)
{
    struct loop *l = loop_of(r);
    struct err err = {0};
    int64_t wait_ms = 0;
    char seconds[24];

    if (limit_request(l->limits, address, r->pub.received_ms, &wait_ms))
        return true;
    counter_refused(l->server, HTTP_REFUSED_RATE);
    wait_ms = (wait_ms + 999) / 1000;
    err_set(&err, ERR_BUSY, &http_msg_rate, err_int(seconds, wait_ms), NULL, NULL, NULL);
    problem_reply_with(&r->pub, &err, 429, NULL, (unsigned)wait_ms);
    return false;
}

static void method_unknown(struct request *r, unsigned allowed)
{
    char allow[64];

    route_allow_text(allowed, allow);
    http_reply_header(&r->pub, "Allow", allow);
    refuse(r, HTTP_REFUSED_ROUTE, 405, ERR_DENIED, &http_msg_method, r->conn->gate.method_text,
           allow);
}

/* No route has the path: an asset, or 404. */
static void path_unknown(struct request *r)
{
    const struct assets *assets = r->pub.server->options.assets;

    if (assets != NULL && (r->pub.method == HTTP_GET || r->pub.method == HTTP_HEAD) &&
        assets_serve(assets, &r->pub))
        return;
    if (assets != NULL && assets_has(assets, r->pub.path))
        method_unknown(r, HTTP_GET | HTTP_HEAD);
    else
        refuse(r, HTTP_REFUSED_ROUTE, 404, ERR_NOT_FOUND, &http_msg_not_found, r->pub.path, NULL);
}

/* False: answered. */
static bool route_settle(struct request *r)
{
    struct route_match match;

    switch (route_find(r->pub.server->table, r->pub.method, bytes_of_text(r->pub.path),
                       &r->pub.arena, &match)) {
    case 0:
        r->pub.route = match.route;
        memcpy(r->pub.param, match.param, sizeof r->pub.param);
        r->pub.params = match.params;
        return true;
    case ERR_NOT_FOUND:
        path_unknown(r);
        return false;
    case ERR_DENIED:
        method_unknown(r, match.allowed);
        return false;
    case ERR_BAD_INPUT:
        refuse(r, HTTP_REFUSED_MALFORMED, 400, ERR_BAD_INPUT, &http_msg_malformed, NULL, NULL);
        return false;
    default:
        refuse(r, HTTP_REFUSED_MALFORMED, 500, ERR_NOMEM, &http_msg_internal, NULL, NULL);
        return false;
    }
}

/* Is the media type (before any ';') one of the words of `accepts`? */
static bool media_type_in(const char *accepts, const char *value)
{
    size_t len = value != NULL ? strcspn(value, "; \t") : 0;

    while (len > 0 && *accepts != '\0') {
        size_t word = strcspn(accepts, " ");

        if (word == len && strncasecmp(accepts, value, len) == 0)
            return true;
        accepts += word;
        accepts += strspn(accepts, " ");
    }
    return false;
}

/* False: answered. */
static bool body_settle(struct request *r)
{
    struct evbuffer *input = evhttp_request_get_input_buffer(r->ev);
    const struct route *route = r->pub.route;
    size_t max =
        route->body_bytes_max != 0 ? route->body_bytes_max : r->pub.server->options.body_bytes_max;
    size_t len = evbuffer_get_length(input);

    if (len == 0)
        return true;
    if (route->accepts == NULL) {
        refuse(r, HTTP_REFUSED_BODY_SIZE, 413, ERR_LIMIT, &http_msg_body_unexpected, NULL, NULL);
        return false;
    }
    if (len > max) {
        refuse(r, HTTP_REFUSED_BODY_SIZE, 413, ERR_LIMIT, &http_msg_body_size, NULL, NULL);
        return false;
    }
    if (!media_type_in(route->accepts, http_header(&r->pub, "Content-Type"))) {
        refuse(r, HTTP_REFUSED_MEDIA_TYPE, 415, ERR_BAD_INPUT, &http_msg_media_type, route->accepts,
               NULL);
        return false;
    }
    r->pub.body = bytes_of(evbuffer_pullup(input, -1), len);
    if (r->pub.body.data == NULL) {
        refuse(r, HTTP_REFUSED_BODY_SIZE, 500, ERR_NOMEM, &http_msg_internal, NULL, NULL);
        return false;
    }
    return true;
}

/* False: answered. */
static bool target_settle(struct request *r)
{
    const char *target = evhttp_request_get_uri(r->ev);
    size_t path_len = strcspn(target, "?");
    const char *query = target[path_len] == '?' ? target + path_len + 1 : "";

    r->pub.path = arena_text(&r->pub.arena, target, path_len);
    if (r->pub.path != NULL && r->conn->gate.fault == GATE_FINE &&
        route_query(bytes_of_text(query), &r->pub.arena, &r->pub.query, &r->pub.queries) == 0)
        return true;
    r->close = r->conn->gate.fault != GATE_FINE;
    refuse(r, HTTP_REFUSED_MALFORMED, 400, ERR_BAD_INPUT, &http_msg_malformed, NULL, NULL);
    return false;
}

void request_arrived(struct evhttp_request *ev, void *arg)
{
    struct loop *l = arg;
    struct conn *c = conn_of(l, ev);
    struct limit_address address;
    struct request *r;

    assert(c != NULL);
    r = request_new(l);
    if (r == NULL) {
        evhttp_send_error(ev, 503, NULL);
        return;
    }
    r->ev = ev;
    r->conn = c;
    c->request = r;
    r->body_reserved = c->body_reserved;
    c->body_reserved = 0;
    conn_move(c, CONN_HANDLED);
    r->pub.received_ms = loop_now_ms(l);
    r->pub.method = c->gate.method;
    r->pub.lang = route_lang(http_header(&r->pub, "Accept-Language"));
    peer_find(r, &address);
    if (!rate_allows(r, &address) || !target_settle(r) || !route_settle(r) || !body_settle(r))
        return;
    l->handling = r;
    r->pub.route->handle(l->server->options.routes_arg, &r->pub);
    assert(l->handling == NULL); /* a handler replies or defers */
}
