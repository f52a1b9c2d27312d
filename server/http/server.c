/* The server: options, start, drain, end. Runs on the thread of whoever owns the server. */
#include "server/http/internal.h"

#include "question-bank/base/digest.h"

#include <assert.h>
#include <event2/event.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const struct msg msg_options = {"http-options-invalid", "服务器配置有误：{0}。",
                                       "The server's options are wrong: {0}."};
static const struct msg msg_plain = {
    "http-plain-refused", "监听地址 {0} 不是本机回环地址：请配置 TLS 证书与私钥，或指明可信代理。",
    "The listen address {0} is not loopback: configure a TLS certificate and signing key, or name "
    "a trusted proxy."};
static const struct msg msg_nomem = {"out-of-memory", "内存不足。", "Out of memory."};
static const struct msg msg_drain = {"http-drain-timeout", "停机等待超时，尚有 {0} 个连接未结束。",
                                     "Draining timed out with {0} connections left."};

static void options_fill(struct http_options *o)
{
    if (o->listen_address == NULL)
        o->listen_address = "127.0.0.1";
    if (o->loops == 0)
        o->loops = 1;
    if (o->header_bytes_max == 0)
        o->header_bytes_max = HTTP_HEADER_BYTES_DEFAULT;
    if (o->body_bytes_max == 0)
        o->body_bytes_max = HTTP_BODY_BYTES_DEFAULT;
    if (o->bodies_bytes_max == 0)
        o->bodies_bytes_max = (size_t)128 * 1024 * 1024;
    for (size_t i = 0; i < o->routes_count && o->routes != NULL; i++) {
        if (o->routes[i].body_bytes_max > o->bodies_bytes_max)
            o->bodies_bytes_max = o->routes[i].body_bytes_max;
    }
    if (o->connections_max == 0)
        o->connections_max = 20000;
    if (o->connections_per_address_max == 0)
        o->connections_per_address_max = 4096;
    if (o->requests_per_second == 0)
        o->requests_per_second = 2000;
    if (o->requests_burst == 0)
        o->requests_burst = 8000;
    if (o->request_ms_max == 0)
        o->request_ms_max = 15000;
    if (o->reply_ms_max == 0)
        o->reply_ms_max = 60000;
    if (o->idle_ms_max == 0)
        o->idle_ms_max = 75000;
}

static int options_check(const struct http_options *o, struct err *err)
{
    const char *fault = NULL;

    if (o->env == NULL)
        fault = "env";
    else if (o->loops > HTTP_LOOPS_MAX)
        fault = "loops";
    else if ((o->tls_certificate_path == NULL) != (o->tls_key_path == NULL))
        fault = "tls_certificate_path, tls_key_path";
    else if (o->header_bytes_max < HTTP_HEADER_BYTES_MIN || o->header_bytes_max > 1024 * 1024)
        fault = "header_bytes_max";
    else if (o->body_bytes_max > HTTP_BODY_BYTES_MAX)
        fault = "body_bytes_max";
    else if (o->request_ms_max < 0 || o->reply_ms_max < 0 || o->idle_ms_max < 0 ||
             o->request_ms_max > 3600000 || o->reply_ms_max > 3600000 || o->idle_ms_max > 3600000)
        fault = "request_ms_max, reply_ms_max, idle_ms_max";
    else if (o->routes_count > 0 && o->routes == NULL)
        fault = "routes";
    if (fault == NULL)
        return 0;
    return err_set(err, ERR_BAD_INPUT, &msg_options, fault, NULL, NULL, NULL);
}

static void server_free(struct http_server *s)
{
    if (s == NULL)
        return;
    for (unsigned i = 0; i < s->loops_count; i++)
        loop_fini(&s->loops[i]);
    free(s->loops);
    route_table_free(s->table);
    SSL_CTX_free(s->tls);
    secret_wipe(s->ticket_secret, sizeof s->ticket_secret);
    pthread_mutex_destroy(&s->tls_lock);
    pthread_mutex_destroy(&s->idle_lock);
    pthread_cond_destroy(&s->idle_cond);
    free(s);
}

static struct http_server *server_alloc(const struct http_options *o)
{
    struct http_server *s = calloc(1, sizeof *s);
    pthread_condattr_t attr;

    if (s == NULL)
        return NULL;
    s->options = *o;
    if (o->ticket_secret != NULL) {
        memcpy(s->ticket_secret, o->ticket_secret, sizeof s->ticket_secret);
        s->has_ticket_secret = true;
    }
    pthread_mutex_init(&s->tls_lock, NULL);
    pthread_mutex_init(&s->idle_lock, NULL);
    pthread_condattr_init(&attr);
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    pthread_cond_init(&s->idle_cond, &attr);
    pthread_condattr_destroy(&attr);
    s->loops = calloc(o->loops, sizeof *s->loops);
    if (s->loops == NULL) {
        server_free(s);
        return NULL;
    }
    return s;
}

/* Binds one socket a loop: the first finds the port, the others join it. */
static int loops_set_up(struct http_server *s, struct err *err)
{
    uint16_t port = s->options.port;
    int rc = 0;

    for (unsigned i = 0; i < s->options.loops && rc == 0; i++) {
        struct sockaddr_storage address;
        int address_len;
        bool loopback;
        int fd;

        rc = listen_parse(s->options.listen_address, port, &address, &address_len, &loopback, err);
        if (rc == 0 && !loopback && s->tls == NULL && !s->has_proxy)
            rc = err_set(err, ERR_DENIED, &msg_plain, s->options.listen_address, NULL, NULL, NULL);
        if (rc == 0)
            rc = listen_socket(&address, address_len, &fd, &port, err);
        if (rc == 0) {
            s->port = port;
            s->loops_count = i + 1;
            rc = loop_init(&s->loops[i], s, i, fd, err);
        }
    }
    return rc;
}

static void loops_stop(struct http_server *s)
{
    for (unsigned i = 0; i < s->loops_count; i++) {
        struct list tasks = {0};

        if (!s->loops[i].started)
            continue;
        list_push(&tasks, &s->loops[i].stop_task.node);
        http_post(s, i, &tasks);
    }
    for (unsigned i = 0; i < s->loops_count; i++) {
        if (s->loops[i].started)
            pthread_join(s->loops[i].thread, NULL);
    }
}

int http_server_new(const struct http_options *options, struct http_server **out, struct err *err)
{
    struct http_options o = *options;
    struct http_server *s = NULL;
    int rc;

    options_fill(&o);
    rc = options_check(&o, err);
    if (rc != 0)
        return rc;
    s = server_alloc(&o);
    if (s == NULL)
        return err_set(err, ERR_NOMEM, &msg_nomem, NULL, NULL, NULL, NULL);
    if (o.trusted_proxy != NULL) {
        if (!limit_address_parse(o.trusted_proxy, &s->proxy)) {
            rc = err_set(err, ERR_BAD_INPUT, &msg_options, "trusted_proxy", NULL, NULL, NULL);
            goto out;
        }
        s->has_proxy = true;
    }
    rc = route_table_new(o.routes, o.routes_count, &s->table, err);
    if (rc == 0 && o.tls_certificate_path != NULL)
        rc = tls_context_new(o.tls_certificate_path, o.tls_key_path, s, &s->tls, err);
    if (rc == 0)
        rc = loops_set_up(s, err);
    for (unsigned i = 0; i < s->loops_count && rc == 0; i++)
        rc = loop_start(&s->loops[i], err);
    /* Borrowed for the call only. */
    s->options.listen_address = NULL;
    s->options.tls_certificate_path = NULL;
    s->options.tls_key_path = NULL;
    s->options.ticket_secret = NULL;
    s->options.trusted_proxy = NULL;
out:
    if (rc != 0) {
        loops_stop(s);
        server_free(s);
        return rc;
    }
    *out = s;
    return 0;
}

uint16_t http_server_port(const struct http_server *server)
{
    return server->port;
}

unsigned http_server_loops(const struct http_server *server)
{
    return server->loops_count;
}

bool http_is_tls(const struct http_server *server)
{
    return server->tls != NULL;
}

int http_server_reload_tls(struct http_server *server, const char *certificate_path,
                           const char *key_path, struct err *err)
{
    SSL_CTX *fresh, *old;
    int rc = tls_context_new(certificate_path, key_path, server, &fresh, err);

    if (rc != 0)
        return rc;
    pthread_mutex_lock(&server->tls_lock);
    old = server->tls;
    server->tls = fresh;
    pthread_mutex_unlock(&server->tls_lock);
    SSL_CTX_free(old); /* connections made of it hold it */
    return 0;
}

int64_t http_certificate_ends_ms(struct http_server *server)
{
    int64_t ends_ms = 0;

    pthread_mutex_lock(&server->tls_lock);
    if (server->tls != NULL)
        ends_ms = tls_context_ends_ms(server->tls);
    pthread_mutex_unlock(&server->tls_lock);
    return ends_ms;
}

int http_server_drain(struct http_server *server, int64_t timeout_ms, struct err *err)
{
    struct timespec until;
    uint64_t left;
    bool done;
    char number[24];

    for (unsigned i = 0; i < server->loops_count && !server->drain_posted; i++) {
        struct list tasks = {0};

        list_push(&tasks, &server->loops[i].drain_task.node);
        http_post(server, i, &tasks);
    }
    server->drain_posted = true;
    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec += timeout_ms / 1000;
    until.tv_nsec += (timeout_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    pthread_mutex_lock(&server->idle_lock);
    while (server->loops_draining < server->loops_count ||
           counter_read(&server->counters.connections_open) > 0) {
        if (pthread_cond_timedwait(&server->idle_cond, &server->idle_lock, &until) != 0)
            break;
    }
    left = counter_read(&server->counters.connections_open);
    done = server->loops_draining == server->loops_count && left == 0;
    pthread_mutex_unlock(&server->idle_lock);
    if (done)
        return 0;
    return err_set(err, ERR_BUSY, &msg_drain, err_int(number, (int64_t)left), NULL, NULL, NULL);
}

void http_server_free(struct http_server *server)
{
    if (server == NULL)
        return;
    loops_stop(server);
    server_free(server);
}
