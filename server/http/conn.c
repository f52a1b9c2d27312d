/* One connection: from accept to close, its deadlines, and the bytes as they come.
 *
 * evhttp makes the connection and asks us for its bufferevent; right afterwards, in the same turn
 * of the loop and before any byte is read, conn_births looks at the peer and hangs our callbacks
 * on. A connection stands in exactly one list, by what it is doing. As bytes arrive the gate reads
 * them before evhttp does; what it refuses makes evhttp stop at once, and the page that evhttp then
 * writes is replaced by a problem before it leaves.
 *
 * Thread: its loop's. */
#include "server/http/internal.h"

#include "server/http/assets.h"
#include "server/http/problem.h"

#include <arpa/inet.h>
#include <event2/buffer.h>
#include <event2/bufferevent.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    INPUT_SLACK_BYTES = 64 * 1024, /* what may lie unread beside a request: pipelined bytes */
    PEEK_EXTENTS = 8,
    FOREIGN_HEADER_BYTES = 96, /* one header beside the usual ones, with its end */
};

/* ---- lists and deadlines ---- */

static int64_t state_ms(const struct conn *c, enum conn_state state)
{
    const struct http_options *o = &c->loop->server->options;

    switch (state) {
    case CONN_READING:
        return o->request_ms_max;
    case CONN_IDLE:
        return o->idle_ms_max;
    case CONN_WRITING:
        return o->reply_ms_max;
    default:
        return 0;
    }
}

static void conn_enter(struct conn *c, enum conn_state state)
{
    c->state = state;
    c->deadline_ms = state == CONN_HANDLED ? 0 : loop_now_ms(c->loop) + state_ms(c, state);
    TAILQ_INSERT_TAIL(&c->loop->conns[state], c, link);
}

void conn_move(struct conn *c, enum conn_state state)
{
    TAILQ_REMOVE(&c->loop->conns[c->state], c, link);
    conn_enter(c, state);
}

void conn_close(struct conn *c)
{
    evhttp_connection_free(c->evcon); /* calls conn_closed, which frees c */
}

static void deadlines_of(struct loop *l, enum conn_state state, int64_t now_ms)
{
    struct conn *c;

    while ((c = TAILQ_FIRST(&l->conns[state])) != NULL && c->deadline_ms <= now_ms) {
        if (state != CONN_IDLE)
            counter_refused(l->server, HTTP_REFUSED_SLOW);
        conn_close(c);
    }
}

void conn_deadlines(struct loop *l)
{
    int64_t now_ms = loop_now_ms(l);

    deadlines_of(l, CONN_READING, now_ms);
    deadlines_of(l, CONN_IDLE, now_ms);
    deadlines_of(l, CONN_WRITING, now_ms);
}

/* ---- bytes ---- */

static void body_limit_tell(struct conn *c, size_t max)
{
    evhttp_connection_set_max_body_size(c->evcon, (ev_ssize_t)max);
    c->input_max = max + c->loop->server->options.header_bytes_max + INPUT_SLACK_BYTES;
}

/* The most that the route takes as a body: what evhttp must enforce while it reads. A large one only
 * once the header has said whose it is; see body_judge. */
static void body_limit_set(struct conn *c)
{
    const struct http_server *s = c->loop->server;
    size_t max = s->options.body_bytes_max;
    const struct route *route = NULL;

    if (c->gate.path_len <= sizeof c->gate.path)
        route = route_peek(s->table, c->gate.method, bytes_of(c->gate.path, c->gate.path_len));
    if (route != NULL && route->accepts == NULL)
        max = 1; /* evhttp takes 0 for no limit in places; one byte is refused at dispatch */
    else if (route != NULL && route->body_bytes_max != 0)
        max = route->body_bytes_max;
    c->body_max = max;
    body_limit_tell(c, max < s->options.body_bytes_max ? max : s->options.body_bytes_max);
    c->limits_set = true;
}

/* The header is complete: may a large body come? Who has not logged in must not fill the memory, and
 * all who have must not fill it together. What may not come makes evhttp stop; see foreign_verdict. */
static enum body_verdict body_judge(struct conn *c)
{
    struct loop *l = c->loop;
    const struct http_options *o = &l->server->options;
    const char *token = bearer_of(c->gate.authorization);
    uint64_t len = c->gate.content_length;

    if (len <= o->body_bytes_max)
        return BODY_MAY_COME;
    if (c->body_max > o->body_bytes_max && o->token_holds != NULL &&
        (token == NULL || !o->token_holds(o->routes_arg, token, loop_now_ms(l)))) {
        counter_refused(l->server, HTTP_REFUSED_BODY_LOGIN);
        return BODY_NEEDS_LOGIN;
    }
    if (len > c->body_max)
        return BODY_MAY_COME; /* as far as its size goes: evhttp refuses it */
    if (len > o->bodies_bytes_max - l->bodies_bytes) {
        counter_refused(l->server, HTTP_REFUSED_BODIES);
        return BODY_FINDS_NO_ROOM;
    }
    c->body_reserved = (size_t)len;
    l->bodies_bytes += c->body_reserved;
    body_limit_tell(c, c->body_max);
    return BODY_MAY_COME;
}

static void body_forget(struct conn *c)
{
    c->loop->bodies_bytes -= c->body_reserved;
    c->body_reserved = 0;
    c->body = BODY_UNJUDGED;
}

static void gate_judge(struct conn *c)
{
    struct http_server *s = c->loop->server;

    if (!c->limits_set && gate_has_path(&c->gate))
        body_limit_set(c);
    if (c->gate.fault == GATE_FINE && c->gate.state == GATE_DONE && c->body == BODY_UNJUDGED)
        c->body = body_judge(c);
    if (c->gate.fault == GATE_FINE)
        return;
    counter_refused(s, c->gate.fault == GATE_TOO_LONG ? HTTP_REFUSED_HEADER_SIZE
                                                      : HTTP_REFUSED_MALFORMED);
    /* evhttp gives up at the next header line; see foreign_replace. */
    evhttp_connection_set_max_headers_size(c->evcon, 0);
}

/* Shows the gate the last `added` bytes of the buffer. */
static void gate_show(struct conn *c, struct evbuffer *buffer, size_t added)
{
    struct evbuffer_ptr at;
    size_t len = evbuffer_get_length(buffer);

    if (c->gate.state == GATE_DONE || c->gate.fault != GATE_FINE ||
        evbuffer_ptr_set(buffer, &at, len - added, EVBUFFER_PTR_SET) != 0)
        return;
    while (added > 0 && c->gate.state != GATE_DONE && c->gate.fault == GATE_FINE) {
        struct evbuffer_iovec extent[PEEK_EXTENTS];
        int n = evbuffer_peek(buffer, (ev_ssize_t)added, &at, extent, PEEK_EXTENTS);
        size_t seen = 0;

        for (int i = 0; i < n && i < PEEK_EXTENTS; i++) {
            gate_feed(&c->gate, extent[i].iov_base, extent[i].iov_len);
            seen += extent[i].iov_len;
        }
        if (seen == 0 || seen >= added)
            break;
        added -= seen;
        if (evbuffer_ptr_set(buffer, &at, seen, EVBUFFER_PTR_ADD) != 0)
            break;
    }
    gate_judge(c);
}

static void reading_begin(struct conn *c)
{
    gate_init(&c->gate, c->loop->server->options.header_bytes_max);
    body_forget(c);
    c->limits_set = false;
    c->input_max = c->loop->server->options.header_bytes_max + INPUT_SLACK_BYTES;
}

static void input_came(struct evbuffer *buffer, const struct evbuffer_cb_info *info, void *arg)
{
    struct conn *c = arg;

    if (info->n_added == 0)
        return;
    if (c->state == CONN_IDLE) {
        reading_begin(c);
        conn_move(c, CONN_READING);
    }
    if (c->state == CONN_READING)
        gate_show(c, buffer, info->n_added);
    /* Never unbounded: read no more; the deadline ends it, or the next request reads on. */
    if (evbuffer_get_length(buffer) > c->input_max)
        bufferevent_disable(c->bev, EV_READ);
}

/* The reply was taken whole; what was sent ahead is the next request. */
static void reply_done(struct evhttp_request *ev, void *arg)
{
    struct conn *c = arg;
    struct evbuffer *input = bufferevent_get_input(c->bev);
    size_t ahead = evbuffer_get_length(input);

    (void)ev;
    reading_begin(c);
    conn_move(c, ahead > 0 ? CONN_READING : CONN_IDLE);
    if (ahead > 0)
        gate_show(c, input, ahead);
}

void conn_replying(struct conn *c, struct evhttp_request *ev)
{
    evhttp_request_set_on_complete_cb(ev, reply_done, c);
    c->request = NULL;
    conn_move(c, CONN_WRITING);
}

/* ---- what evhttp says of its own accord ---- */

static void output_came(struct evbuffer *buffer, const struct evbuffer_cb_info *info, void *arg)
{
    struct conn *c = arg;

    (void)buffer;
    if (info->n_added == 0 || c->state != CONN_READING || c->foreign)
        return;
    c->foreign = true;
    c->foreigner = c->loop->foreigners;
    c->loop->foreigners = c;
    event_active(c->loop->birth, EV_TIMEOUT, 0);
}

static void foreign_forget(struct conn *c)
{
    struct conn **p = &c->loop->foreigners;

    while (*p != NULL && *p != c)
        p = &(*p)->foreigner;
    if (*p == c)
        *p = c->foreigner;
    c->foreign = false;
}

/* A method that evhttp does not know, on a path that is or is not there. */
static int foreign_method(const struct conn *c, struct err *err, char allow[64])
{
    const struct assets *assets = c->loop->server->options.assets;
    char path[GATE_PATH_BYTES + 1] = "";
    unsigned allowed = 0;

    counter_refused(c->loop->server, HTTP_REFUSED_ROUTE);
    if (c->gate.path_len <= GATE_PATH_BYTES) {
        memcpy(path, c->gate.path, c->gate.path_len);
        allowed = route_allowed(c->loop->server->table, bytes_of(path, c->gate.path_len));
    }
    if (allowed == 0 && assets != NULL && assets_has(assets, path))
        allowed = HTTP_GET | HTTP_HEAD;
    if (allowed == 0) {
        err_set(err, ERR_NOT_FOUND, &http_msg_not_found, path, NULL, NULL, NULL);
        return 404;
    }
    route_allow_text(allowed, allow);
    err_set(err, ERR_DENIED, &http_msg_method, c->gate.method_text, allow, NULL, NULL);
    return 405;
}

/* Our word for evhttp's page, and a header that goes with it. */
static int foreign_verdict(const struct conn *c, int status, struct err *err,
                           char header[FOREIGN_HEADER_BYTES])
{
    char seconds[24];
    char allow[64] = "";

    switch (c->gate.fault) {
    case GATE_TOO_LONG:
        err_set(err, ERR_LIMIT, &http_msg_header_size, NULL, NULL, NULL, NULL);
        return 431;
    case GATE_LENGTH_REQUIRED:
        err_set(err, ERR_BAD_INPUT, &http_msg_length_required, NULL, NULL, NULL, NULL);
        return 411;
    case GATE_FINE:
        if (status == 413 && c->body == BODY_NEEDS_LOGIN) {
            snprintf(header, FOREIGN_HEADER_BYTES, "WWW-Authenticate: Bearer\r\n");
            err_set(err, ERR_UNAUTHENTIC, &http_msg_body_login, NULL, NULL, NULL, NULL);
            return 401;
        }
        if (status == 413 && c->body == BODY_FINDS_NO_ROOM) {
            err_int(seconds, HTTP_BODIES_RETRY_S);
            snprintf(header, FOREIGN_HEADER_BYTES, "Retry-After: %s\r\n", seconds);
            err_set(err, ERR_BUSY, &http_msg_bodies, seconds, NULL, NULL, NULL);
            return 503;
        }
        if (status == 413) {
            counter_refused(c->loop->server, HTTP_REFUSED_BODY_SIZE);
            err_set(err, ERR_LIMIT, &http_msg_body_size, NULL, NULL, NULL, NULL);
            return 413;
        }
        if (status == 501 && c->gate.state == GATE_DONE) {
            status = foreign_method(c, err, allow);
            if (allow[0] != '\0')
                snprintf(header, FOREIGN_HEADER_BYTES, "Allow: %s\r\n", allow);
            return status;
        }
        counter_refused(c->loop->server, HTTP_REFUSED_MALFORMED);
        break;
    case GATE_MALFORMED:
        break;
    }
    err_set(err, ERR_BAD_INPUT, &http_msg_malformed, NULL, NULL, NULL, NULL);
    return 400;
}

/* The first bytes of the output, NUL-terminated. By a peek: the front of a socket's output is frozen
 * between writes, and copying from it is refused. */
static void output_head(struct evbuffer *output, char *head, size_t size)
{
    struct evbuffer_iovec extent[PEEK_EXTENTS];
    int n = evbuffer_peek(output, (ev_ssize_t)size - 1, NULL, extent, PEEK_EXTENTS);
    size_t len = 0;

    for (int i = 0; i < n && i < PEEK_EXTENTS && len < size - 1; i++) {
        size_t more = extent[i].iov_len < size - 1 - len ? extent[i].iov_len : size - 1 - len;

        memcpy(head + len, extent[i].iov_base, more);
        len += more;
    }
    head[len] = '\0';
}

/* Replaces an error page that evhttp wrote by a problem. Connection: close stays true: evhttp
 * closes once the output is empty. */
static void foreign_replace(struct conn *c)
{
    struct evbuffer *output = bufferevent_get_output(c->bev);
    struct err err = {0};
    struct buf body = {0};
    char header[FOREIGN_HEADER_BYTES] = "";
    char head[13];
    size_t len = evbuffer_get_length(output);
    int status;

    output_head(output, head, sizeof head);
    if (strlen(head) != sizeof head - 1 || strncmp(head, "HTTP/1.", 7) != 0 || head[9] < '4')
        return; /* 100 Continue, or on its way already */
    status = foreign_verdict(c, atoi(head + 9), &err, header);
    conn_move(c, CONN_WRITING);
    counter_reply(c->loop->server, status);
    if (problem_write(&err, status, c->gate.lang, NULL, &body) != 0)
        goto out;
    /* The front of a socket's output is frozen between writes; that of TLS is not. */
    if (evbuffer_drain(output, len) != 0) {
        evbuffer_unfreeze(output, 1);
        evbuffer_drain(output, len);
        evbuffer_freeze(output, 1);
    }
    evbuffer_add_printf(output,
                        "HTTP/1.1 %d Refused\r\nContent-Type: application/problem+json\r\n"
                        "Content-Length: %zu\r\nX-Content-Type-Options: nosniff\r\n"
                        "Cache-Control: no-store\r\n%sConnection: close\r\n\r\n",
                        status, body.len, header);
    evbuffer_add(output, body.data, body.len);
out:
    buf_fini(&body);
}

/* ---- birth and death ---- */

static void conn_closed(struct evhttp_connection *evcon, void *arg)
{
    struct conn *c = arg;
    struct loop *l = c->loop;

    (void)evcon;
    if (c->request != NULL) {
        c->request->conn = NULL;
        counter_add(&l->server->counters.vanished, 1);
    }
    body_forget(c);
    if (c->foreign)
        foreign_forget(c);
    evbuffer_remove_cb(bufferevent_get_input(c->bev), input_came, c);
    evbuffer_remove_cb(bufferevent_get_output(c->bev), output_came, c);
    if (l->server->tls != NULL)
        tls_goodbye(c->bev);
    TAILQ_REMOVE(&l->conns[c->state], c, link);
    if (c->fd >= 0 && (size_t)c->fd < l->by_fd_count)
        l->by_fd[c->fd] = NULL;
    if (c->counted)
        limit_disconnect(l->limits, &c->address);
    counter_sub(&l->server->counters.connections_open, 1);
    free(c);
    loop_maybe_resume(l);
    if (l->draining)
        loop_idle_signal(l);
}

struct bufferevent *conn_bufferevent(struct event_base *base, void *arg)
{
    struct loop *l = arg;
    struct http_server *s = l->server;
    const struct env *env = s->options.env;
    struct conn *c = calloc(1, sizeof *c);
    struct bufferevent *bev = NULL;

    if (c != NULL && s->tls != NULL) {
        bev = tls_bufferevent_new(s, base);
        c->doomed = bev == NULL;
    }
    if (c != NULL && bev == NULL)
        bev = bufferevent_socket_new(base, -1, BEV_OPT_CLOSE_ON_FREE);
    if (bev == NULL) {
        /* NULL would make evhttp serve it without TLS and without our limits: better to end. */
        env->log(env->arg, LOG_ERROR, "http.out-of-memory", NULL, 0);
        abort();
    }
    c->loop = l;
    c->bev = bev;
    c->fd = -1;
    c->newborn = l->newborns;
    l->newborns = c;
    bufferevent_incref(bev); /* until its birth */
    event_active(l->birth, EV_TIMEOUT, 0);
    counter_add(&s->counters.connections_total, 1);
    counter_add(&s->counters.connections_open, 1);
    if (counter_read(&s->counters.connections_open) >= s->options.connections_max && !l->paused) {
        counter_refused(s, HTTP_REFUSED_FULL);
        loop_pause(l);
    }
    return bev;
}

static bool by_fd_put(struct loop *l, struct conn *c)
{
    size_t need = (size_t)c->fd + 1;

    if (need > l->by_fd_count) {
        size_t count = need < 256 ? 256 : need * 2;
        struct conn **bigger = realloc(l->by_fd, count * sizeof *bigger);

        if (bigger == NULL)
            return false;
        memset(bigger + l->by_fd_count, 0, (count - l->by_fd_count) * sizeof *bigger);
        l->by_fd = bigger;
        l->by_fd_count = count;
    }
    l->by_fd[c->fd] = c;
    return true;
}

/* Who is it, and may it stay? */
static bool conn_admit(struct conn *c)
{
    struct loop *l = c->loop;
    struct http_server *s = l->server;
    struct sockaddr_storage sa;
    socklen_t sa_len = sizeof sa;

    if (c->doomed || c->fd < 0 || !by_fd_put(l, c) ||
        getpeername(c->fd, (struct sockaddr *)&sa, &sa_len) != 0 ||
        !limit_address_of((const struct sockaddr *)&sa, &c->address))
        return false;
    c->from_proxy = s->has_proxy && limit_address_equal(&c->address, &s->proxy);
    if (c->from_proxy)
        return true;
    /* A login must not cross a network in the clear, whoever forgot the proxy. */
    if (s->tls == NULL && !limit_address_is_loopback(&c->address)) {
        counter_refused(s, HTTP_REFUSED_PLAIN);
        return false;
    }
    c->counted = limit_connect(l->limits, &c->address, loop_now_ms(l));
    if (!c->counted)
        counter_refused(s, HTTP_REFUSED_ADDRESS);
    return c->counted;
}

static void conn_birth(struct conn *c)
{
    struct loop *l = c->loop;
    void *evcon = NULL;

    /* evhttp makes its connection the argument of the bufferevent's callbacks. */
    bufferevent_getcb(c->bev, NULL, NULL, NULL, &evcon);
    if (evcon == NULL) { /* evhttp could not make one, and has freed the bufferevent */
        bufferevent_decref(c->bev);
        counter_sub(&l->server->counters.connections_open, 1);
        free(c);
        return;
    }
    c->evcon = evcon;
    c->fd = (int)bufferevent_getfd(c->bev);
    evhttp_connection_set_closecb(c->evcon, conn_closed, c);
    reading_begin(c);
    conn_enter(c, CONN_READING);
    bufferevent_decref(c->bev);
    if (evbuffer_add_cb(bufferevent_get_input(c->bev), input_came, c) == NULL ||
        evbuffer_add_cb(bufferevent_get_output(c->bev), output_came, c) == NULL || !conn_admit(c))
        conn_close(c);
}

void conn_births(evutil_socket_t fd, short what, void *arg)
{
    struct loop *l = arg;
    struct conn *c;

    (void)fd;
    (void)what;
    while ((c = l->newborns) != NULL) {
        l->newborns = c->newborn;
        conn_birth(c);
    }
    while ((c = l->foreigners) != NULL) {
        foreign_forget(c);
        if (c->state == CONN_READING)
            foreign_replace(c);
    }
}

struct conn *conn_of(struct loop *l, struct evhttp_request *ev)
{
    struct evhttp_connection *evcon = evhttp_request_get_connection(ev);
    int fd = evcon != NULL ? (int)bufferevent_getfd(evhttp_connection_get_bufferevent(evcon)) : -1;

    return fd >= 0 && (size_t)fd < l->by_fd_count ? l->by_fd[fd] : NULL;
}
