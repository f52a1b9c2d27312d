/* The server of the tests (rig.h). */
#include "tests/unit/http/rig.h"

#include "question-bank/base/file.h"
#include "server/http/problem.h"
#include "server/http/route.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <ftw.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

/* ---- the operations ---- */

static void reply_text(struct http_request *req, int status, const char *text)
{
    http_reply(req, status, "text/plain; charset=utf-8", bytes_of_text(text));
}

static void handle_hello(void *arg, struct http_request *req)
{
    (void)arg;
    reply_text(req, 200, "hello");
}

static void handle_echo(void *arg, struct http_request *req)
{
    struct buf out = {0};

    (void)arg;
    buf_printf(&out, "%s|", http_param(req, "name"));
    for (unsigned i = 0; i < req->queries; i++)
        buf_printf(&out, "%s%s=%s", i > 0 ? "&" : "", req->query[i].name, req->query[i].value);
    buf_printf(&out, "|%s|%s", req->lang == LANG_EN ? "en" : "zh", req->peer);
    http_reply_take(req, 200, "text/plain; charset=utf-8", &out);
}

static void handle_count(void *arg, struct http_request *req)
{
    char number[24];

    (void)arg;
    reply_text(req, 200, err_int(number, (int64_t)req->body.len));
}

static void handle_mirror(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply(req, 200, "application/octet-stream", req->body);
}

static void handle_nothing(void *arg, struct http_request *req)
{
    (void)arg;
    http_reply(req, 204, NULL, bytes_of(NULL, 0));
}

static void handle_large(void *arg, struct http_request *req)
{
    struct buf out = {0};
    uint8_t *room = buf_reserve(&out, RIG_LARGE_BYTES);

    (void)arg;
    memset(room, 'x', RIG_LARGE_BYTES);
    out.len = RIG_LARGE_BYTES;
    http_reply_take(req, 200, "application/octet-stream", &out);
}

static void handle_static(void *arg, struct http_request *req)
{
    static const char text[] = "where it lies";

    (void)arg;
    http_reply_static(req, 200, "text/plain", bytes_of_text(text));
}

static void handle_header(void *arg, struct http_request *req)
{
    (void)arg;
    if (http_reply_header(req, "X-Echo", http_param(req, "value")) != 0)
        reply_text(req, 500, "header");
    else
        reply_text(req, 200, "ok");
}

static void handle_bearer(void *arg, struct http_request *req)
{
    const char *token = http_bearer(req);

    (void)arg;
    reply_text(req, 200, token != NULL ? token : "-");
}

static void finish_later(struct http_request *req)
{
    reply_text(req, 200, "at last");
}

static void handle_later(void *arg, struct http_request *req)
{
    struct rig *rig = arg;

    http_defer(req, finish_later);
    pthread_mutex_lock(&rig->lock);
    list_push(&rig->held, &req->task.node);
    rig->held_now++;
    pthread_cond_broadcast(&rig->changed);
    pthread_mutex_unlock(&rig->lock);
}

static void handle_block(void *arg, struct http_request *req)
{
    struct rig *rig = arg;

    pthread_mutex_lock(&rig->lock);
    rig->blocked = true;
    pthread_cond_broadcast(&rig->changed);
    while (!rig->unblocked)
        pthread_cond_wait(&rig->changed, &rig->lock);
    pthread_mutex_unlock(&rig->lock);
    reply_text(req, 200, "unblocked");
}

static void finish_worker(struct http_request *req)
{
    reply_text(req, 200, req->user);
}

static void handle_worker(void *arg, struct http_request *req)
{
    struct rig *rig = arg;

    http_defer(req, finish_worker);
    pthread_mutex_lock(&rig->lock);
    list_push(&rig->work, &req->task.node);
    pthread_cond_broadcast(&rig->changed);
    pthread_mutex_unlock(&rig->lock);
}

/* "text" backwards, in the request's own arena: what a job does with what it was given. */
static void *worker_run(void *arg)
{
    struct rig *rig = arg;

    pthread_mutex_lock(&rig->lock);
    for (;;) {
        struct list_node *node = list_pop(&rig->work);
        struct http_request *req;
        const char *text;
        char *back;
        size_t len;

        if (node == NULL) {
            if (rig->stop)
                break;
            pthread_cond_wait(&rig->changed, &rig->lock);
            continue;
        }
        pthread_mutex_unlock(&rig->lock);
        req = list_entry(node, struct http_request, task.node);
        text = http_param(req, "text");
        len = strlen(text);
        back = arena_alloc(&req->arena, len + 1);
        for (size_t i = 0; i < len; i++)
            back[i] = text[len - 1 - i];
        back[len] = '\0';
        req->user = back;
        http_complete(req);
        pthread_mutex_lock(&rig->lock);
    }
    pthread_mutex_unlock(&rig->lock);
    return NULL;
}

static bool token_holds(void *arg, const char *token, int64_t now_ms)
{
    (void)arg;
    return strcmp(token, RIG_TOKEN) == 0 && now_ms > 0;
}

static const struct route routes[] = {
    {HTTP_GET, "/hello", 1, NULL, 0, handle_hello},
    {HTTP_GET, "/echo/{name}", 2, NULL, 0, handle_echo},
    {HTTP_POST, "/bodies", 3, "application/json text/csv", RIG_BODY_BYTES_MAX, handle_count},
    {HTTP_PUT, "/bodies", 4, "application/json", 0, handle_mirror},
    {HTTP_DELETE, "/bodies", 5, NULL, 0, handle_nothing},
    {HTTP_POST, "/uploads", 14, "application/json", RIG_UPLOAD_BYTES_MAX, handle_count},
    {HTTP_GET, "/large", 6, NULL, 0, handle_large},
    {HTTP_GET, "/static", 7, NULL, 0, handle_static},
    {HTTP_GET, "/header/{value}", 8, NULL, 0, handle_header},
    {HTTP_GET, "/bearer", 9, NULL, 0, handle_bearer},
    {HTTP_GET, "/later", 10, NULL, 0, handle_later},
    {HTTP_POST, "/later", 11, "application/json", 0, handle_later},
    {HTTP_GET, "/block", 13, NULL, 0, handle_block},
    {HTTP_GET, "/worker/{text}", 12, NULL, 0, handle_worker},
};

/* ---- life ---- */

void rig_options(struct rig *rig, struct http_options *o)
{
    memset(rig, 0, sizeof *rig);
    env_system_init(&rig->system, 0, &rig->env);
    rig->system.level = LOG_ERROR;
    pthread_mutex_init(&rig->lock, NULL);
    pthread_cond_init(&rig->changed, NULL);
    *o = (struct http_options){
        .loops = 2,
        .body_bytes_max = RIG_DEFAULT_BODY_BYTES_MAX,
        .routes = routes,
        .routes_count = sizeof routes / sizeof routes[0],
        .routes_arg = rig,
        .token_holds = token_holds,
        .env = &rig->env,
    };
}

void rig_start(struct rig *rig, const struct http_options *o)
{
    struct err err = {0};
    char text[ERR_TEXT_BYTES_MAX];
    int rc = http_server_new(o, &rig->server, &err);

    err_text(&err, LANG_EN, text, sizeof text);
    cr_assert_eq(rc, 0, "%s", text);
    for (size_t i = 0; i < RIG_WORKERS; i++)
        cr_assert_eq(pthread_create(&rig->worker[i], NULL, worker_run, rig), 0);
}

const char *rig_folder(struct rig *rig)
{
    const char *base = getenv("TMPDIR");

    if (rig->folder[0] == '\0') {
        snprintf(rig->folder, sizeof rig->folder, "%s/mingfa-test-XXXXXX",
                 base != NULL ? base : "/tmp");
        cr_assert_not_null(mkdtemp(rig->folder));
    }
    return rig->folder;
}

void rig_file(struct rig *rig, const char *name, const char *text)
{
    char path[RIG_PATH_BYTES * 2];
    char *slash;

    snprintf(path, sizeof path, "%s/%s", rig_folder(rig), name);
    slash = strrchr(path, '/');
    *slash = '\0';
    cr_assert(mkdir(path, 0700) == 0 || errno == EEXIST, "%s", path);
    *slash = '/';
    cr_assert_eq(file_write(path, bytes_of_text(text), 0600, NULL), 0);
}

void rig_make_tls(struct rig *rig, struct http_options *o)
{
    EVP_PKEY *key = EVP_EC_gen("P-256");
    X509 *x = X509_new();
    X509_NAME *name = X509_get_subject_name(x);
    FILE *out;

    cr_assert_not_null(key);
    ASN1_INTEGER_set(X509_get_serialNumber(x), 1);
    X509_gmtime_adj(X509_getm_notBefore(x), -3600);
    X509_gmtime_adj(X509_getm_notAfter(x), 3600);
    X509_set_pubkey(x, key);
    X509_NAME_add_entry_by_txt(name, "CN", MBSTRING_ASC, (const unsigned char *)"localhost", -1, -1,
                               0);
    X509_set_issuer_name(x, name);
    cr_assert_gt(X509_sign(x, key, EVP_sha256()), 0);
    snprintf(rig->certificate, sizeof rig->certificate, "%s/certificate.pem", rig_folder(rig));
    snprintf(rig->key, sizeof rig->key, "%s/key.pem", rig_folder(rig));
    out = fopen(rig->certificate, "w");
    cr_assert_not_null(out);
    cr_assert_eq(PEM_write_X509(out, x), 1);
    fclose(out);
    out = fopen(rig->key, "w");
    cr_assert_not_null(out);
    cr_assert_eq(PEM_write_PrivateKey(out, key, NULL, NULL, 0, NULL, NULL), 1);
    fclose(out);
    X509_free(x);
    EVP_PKEY_free(key);
    o->tls_certificate_path = rig->certificate;
    o->tls_key_path = rig->key;
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

void rig_stop_workers(struct rig *rig)
{
    pthread_mutex_lock(&rig->lock);
    rig->stop = true;
    pthread_cond_broadcast(&rig->changed);
    pthread_mutex_unlock(&rig->lock);
    for (size_t i = 0; i < RIG_WORKERS && rig->server != NULL; i++)
        pthread_join(rig->worker[i], NULL);
    if (rig->folder[0] != '\0')
        nftw(rig->folder, remove_one, 8, FTW_DEPTH | FTW_PHYS);
    pthread_cond_destroy(&rig->changed);
    pthread_mutex_destroy(&rig->lock);
}

void rig_stop(struct rig *rig)
{
    http_server_free(rig->server);
    rig_stop_workers(rig);
}

/* ---- held requests ---- */

bool rig_wait_held(struct rig *rig, unsigned count)
{
    struct timespec until;
    bool there;

    clock_gettime(CLOCK_REALTIME, &until);
    until.tv_sec += CLIENT_WAIT_MS / 1000;
    pthread_mutex_lock(&rig->lock);
    while (rig->held_now < count && pthread_cond_timedwait(&rig->changed, &rig->lock, &until) == 0)
        continue;
    there = rig->held_now >= count;
    pthread_mutex_unlock(&rig->lock);
    return there;
}

unsigned rig_release(struct rig *rig, bool together)
{
    struct list mine = {0};
    struct list by_loop[HTTP_LOOPS_MAX] = {0};
    struct list_node *node;
    unsigned count;

    pthread_mutex_lock(&rig->lock);
    list_concat(&mine, &rig->held);
    count = rig->held_now;
    rig->held_now = 0;
    pthread_mutex_unlock(&rig->lock);
    while ((node = list_pop(&mine)) != NULL) {
        struct http_request *req = list_entry(node, struct http_request, task.node);

        if (together)
            list_push(&by_loop[req->loop], node);
        else
            http_complete(req);
    }
    for (unsigned i = 0; together && i < http_server_loops(rig->server); i++)
        http_post(rig->server, i, &by_loop[i]);
    return count;
}

void rig_wait_blocked(struct rig *rig)
{
    pthread_mutex_lock(&rig->lock);
    while (!rig->blocked)
        pthread_cond_wait(&rig->changed, &rig->lock);
    pthread_mutex_unlock(&rig->lock);
}

void rig_unblock(struct rig *rig)
{
    pthread_mutex_lock(&rig->lock);
    rig->unblocked = true;
    pthread_cond_broadcast(&rig->changed);
    pthread_mutex_unlock(&rig->lock);
}

/* ---- asking ---- */

void rig_ask(struct rig *rig, const char *request, struct reply *out)
{
    struct client c;

    cr_assert(client_open(&c, http_server_port(rig->server), http_is_tls(rig->server)));
    cr_assert(client_ask(&c, request, out), "no reply to: %s", request);
    client_close(&c, false);
}

void rig_ask_ended(struct rig *rig, const void *request, size_t len, struct reply *out)
{
    struct client c;

    cr_assert(client_open(&c, http_server_port(rig->server), http_is_tls(rig->server)));
    cr_assert(client_send(&c, request, len));
    cr_assert(client_read(&c, false, out), "no reply to: %.*s", (int)len, (const char *)request);
    cr_assert(client_is_ended(&c), "not ended behind: %.*s", (int)len, (const char *)request);
    client_close(&c, false);
}
