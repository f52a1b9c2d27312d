/* Where the load goes: the URL, an address that answers, the TLS context. See conn.h for what
 * fails. Thread: main, before the run. */
#include "clients/load/conn.h"

#include <arpa/inet.h>
#include <event2/http.h>
#include <netdb.h>
#include <netinet/in.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static const struct msg msg_url = {
    "url-invalid",
    "“{0}”不是 http://主机:端口 或 https://主机:端口。",
    "'{0}' is not http://host:port or https://host:port.",
};
static const struct msg msg_nobody = {
    "nobody-answers",
    "{0} 没有接受连接。",
    "Nobody accepts connections at {0}.",
};
static const struct msg msg_tls = {
    "tls-unusable",
    "无法使用 TLS（信任文件 {0}）：{1}。",
    "TLS cannot be used (trusting {0}): {1}.",
};

static int url_read(const char *url, struct target *t, bool *tls, struct err *err)
{
    struct evhttp_uri *uri = evhttp_uri_parse(url);
    const char *scheme = uri != NULL ? evhttp_uri_get_scheme(uri) : NULL;
    const char *host = uri != NULL ? evhttp_uri_get_host(uri) : NULL;
    int rc = ERR_BAD_INPUT;
    int port;

    if (scheme == NULL || host == NULL || host[0] == '\0' || strlen(host) > TARGET_HOST_BYTES_MAX ||
        (strcmp(scheme, "http") != 0 && strcmp(scheme, "https") != 0)) {
        err_set(err, rc, &msg_url, url, NULL, NULL, NULL);
        goto out;
    }
    *tls = strcmp(scheme, "https") == 0;
    port = evhttp_uri_get_port(uri);
    t->port = port > 0 ? (unsigned)port : *tls ? 443 : 80;
    memcpy(t->host, host, strlen(host) + 1);
    rc = 0;
out:
    if (uri != NULL)
        evhttp_uri_free(uri);
    return rc;
}

static bool answers(const struct addrinfo *a)
{
    int fd = socket(a->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool yes = fd >= 0 && connect(fd, a->ai_addr, a->ai_addrlen) == 0;

    if (fd >= 0)
        close(fd);
    return yes;
}

/* localhost may mean ::1 first, where nobody listens: takes the first address that accepts. */
static int address_find(const char *url, struct target *t, struct err *err)
{
    const struct addrinfo hints = {.ai_family = AF_UNSPEC, .ai_socktype = SOCK_STREAM};
    struct addrinfo *all = NULL;
    struct addrinfo *a;
    char port[16];

    snprintf(port, sizeof port, "%u", t->port);
    if (getaddrinfo(t->host, port, &hints, &all) != 0)
        return err_set(err, ERR_NOT_FOUND, &msg_nobody, url, NULL, NULL, NULL);
    for (a = all; a != NULL && !answers(a); a = a->ai_next)
        continue;
    if (a != NULL) {
        memcpy(&t->address, a->ai_addr, a->ai_addrlen);
        t->address_len = a->ai_addrlen;
    }
    freeaddrinfo(all);
    if (t->address_len == 0)
        return err_set(err, ERR_NOT_FOUND, &msg_nobody, url, NULL, NULL, NULL);
    if (t->address.ss_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, &t->address, sizeof in);
        t->is_loopback = ntohl(in.sin_addr.s_addr) >> 24 == 127;
    }
    return 0;
}

static int context_make(const char *ca_file, SSL_CTX **out, struct err *err)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());
    char reason[128];

    ERR_clear_error();
    if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
        (ca_file != NULL ? SSL_CTX_load_verify_locations(ctx, ca_file, NULL)
                         : SSL_CTX_set_default_verify_paths(ctx)) != 1) {
        ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
        SSL_CTX_free(ctx);
        return err_set(err, ERR_CRYPTO, &msg_tls, ca_file != NULL ? ca_file : "-", reason, NULL,
                       NULL);
    }
    SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, NULL);
    /* Header and body of a record in one read. */
    SSL_CTX_set_read_ahead(ctx, 1);
    SSL_CTX_set_mode(ctx, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    *out = ctx;
    return 0;
}

int target_open(const char *url, const char *ca_file, struct target *out, struct err *err)
{
    struct target t = {0};
    bool tls = false;
    int rc = url_read(url, &t, &tls, err);

    if (rc == 0)
        rc = address_find(url, &t, err);
    if (rc == 0 && tls)
        rc = context_make(ca_file, &t.tls, err);
    if (rc == 0)
        *out = t;
    return rc;
}

void target_close(struct target *t)
{
    SSL_CTX_free(t->tls);
    *t = (struct target){0};
}
