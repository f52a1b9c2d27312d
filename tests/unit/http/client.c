/* A client for tests (client.h): blocking by poll, one reply at a time. */
#include "tests/unit/http/client.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

enum { READ_BYTES = 64 * 1024 };

static bool wait_for(int fd, short what)
{
    struct pollfd p = {.fd = fd, .events = what};
    int n;

    do
        n = poll(&p, 1, CLIENT_WAIT_MS);
    while (n < 0 && errno == EINTR);
    return n == 1;
}

static bool socket_open(struct client *c, uint32_t address, uint16_t port)
{
    struct timeval wait = {.tv_sec = CLIENT_WAIT_MS / 1000};
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons(port)};
    int on = 1;

    memset(c, 0, sizeof *c);
    to.sin_addr.s_addr = address;
    c->fd = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (c->fd < 0)
        return false;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    setsockopt(c->fd, SOL_SOCKET, SO_RCVTIMEO, &wait, sizeof wait);
    setsockopt(c->fd, SOL_SOCKET, SO_SNDTIMEO, &wait, sizeof wait);
    return connect(c->fd, (const struct sockaddr *)&to, sizeof to) == 0;
}

static bool handshake(struct client *c, SSL_CTX *ctx, SSL_SESSION *session)
{
    signal(SIGPIPE, SIG_IGN); /* OpenSSL writes without MSG_NOSIGNAL */
    c->ctx = ctx;
    if (ctx != NULL)
        c->ssl = SSL_new(ctx);
    return c->ssl != NULL && SSL_set_fd(c->ssl, c->fd) == 1 &&
           (session == NULL || SSL_set_session(c->ssl, session) == 1) && SSL_connect(c->ssl) == 1;
}

bool client_open_tls(struct client *c, uint16_t port, SSL_CTX *ctx, SSL_SESSION *session)
{
    bool connected = socket_open(c, htonl(INADDR_LOOPBACK), port);

    if (!connected)
        SSL_CTX_free(ctx);
    if (connected && handshake(c, ctx, session))
        return true;
    client_close(c, false);
    return false;
}

bool client_begin_tls(struct client *c)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    if (ctx != NULL)
        SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL); /* the certificate is the test's own */
    return handshake(c, ctx, NULL);
}

bool client_open(struct client *c, uint16_t port, bool tls)
{
    if (socket_open(c, htonl(INADDR_LOOPBACK), port) && (!tls || client_begin_tls(c)))
        return true;
    client_close(c, false);
    return false;
}

bool client_open_at(struct client *c, uint32_t address, uint16_t port)
{
    if (socket_open(c, address, port))
        return true;
    client_close(c, false);
    return false;
}

bool client_send(struct client *c, const void *data, size_t len)
{
    const char *p = data;

    while (len > 0) {
        ssize_t n = c->ssl != NULL ? SSL_write(c->ssl, p, len < 16384 ? (int)len : 16384)
                                   : send(c->fd, p, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

bool client_say(struct client *c, const char *text)
{
    return client_send(c, text, strlen(text));
}

/* More bytes into c->in: how many, 0 at the end, -1 at an error or when nothing came. */
static ssize_t take(struct client *c)
{
    uint8_t *room = buf_reserve(&c->in, READ_BYTES);
    ssize_t n;

    if (room == NULL)
        return -1;
    if (c->ssl != NULL) {
        n = SSL_read(c->ssl, room, READ_BYTES);
        if (n <= 0)
            n = SSL_get_error(c->ssl, (int)n) == SSL_ERROR_ZERO_RETURN ? 0 : -1;
    } else {
        if (!wait_for(c->fd, POLLIN))
            return -1;
        n = recv(c->fd, room, READ_BYTES, 0);
    }
    if (n > 0)
        c->in.len += (size_t)n;
    return n;
}

/* Drops the first n bytes that were read. */
static void taken(struct client *c, size_t n)
{
    memmove(c->in.data, c->in.data + n, c->in.len - n);
    c->in.len -= n;
}

static bool read_head(struct client *c, struct reply *out)
{
    for (;;) {
        const uint8_t *end = c->in.len > 0 ? memmem(c->in.data, c->in.len, "\r\n\r\n", 4) : NULL;
        size_t len;

        if (end != NULL) {
            len = (size_t)(end - c->in.data) + 4;
            if (len >= sizeof out->head)
                return false;
            memcpy(out->head, c->in.data, len);
            out->head[len] = '\0';
            taken(c, len);
            return sscanf(out->head, "HTTP/1.%*1[01] %d ", &out->status) == 1;
        }
        if (c->in.len >= sizeof out->head || take(c) <= 0)
            return false;
    }
}

bool client_read(struct client *c, bool head_only, struct reply *out)
{
    char number[REPLY_HEADER_BYTES_MAX];
    size_t len;

    buf_clear(&out->body);
    if (!read_head(c, out))
        return false;
    if (head_only || out->status == 204 || out->status == 304)
        return true;
    if (!reply_header(out, "Content-Length", number))
        return false;
    len = (size_t)strtoull(number, NULL, 10);
    while (c->in.len < len) {
        if (take(c) <= 0)
            return false;
    }
    if (len > 0 && buf_append(&out->body, c->in.data, len) != 0)
        return false;
    if (len > 0)
        taken(c, len);
    return true;
}

bool client_ask(struct client *c, const char *request, struct reply *out)
{
    return client_say(c, request) && client_read(c, strncmp(request, "HEAD ", 5) == 0, out);
}

bool client_is_ended(struct client *c)
{
    ssize_t n = c->in.len == 0 ? take(c) : 1;

    /* Bytes of ours that the server had not read make it a reset: ended all the same. */
    return n == 0 || (n < 0 && errno == ECONNRESET);
}

void client_close(struct client *c, bool reset)
{
    struct linger linger = {.l_onoff = 1, .l_linger = 0};

    if (c->fd >= 0 && reset)
        setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &linger, sizeof linger);
    if (c->ssl != NULL && !reset && SSL_is_init_finished(c->ssl))
        SSL_shutdown(c->ssl);
    SSL_free(c->ssl);
    SSL_CTX_free(c->ctx);
    if (c->fd >= 0)
        close(c->fd);
    buf_fini(&c->in);
    memset(c, 0, sizeof *c);
    c->fd = -1;
}

bool reply_header(const struct reply *r, const char *name, char out[REPLY_HEADER_BYTES_MAX])
{
    const char *line = strstr(r->head, "\r\n");
    size_t name_len = strlen(name);

    for (; line != NULL && line[2] != '\r'; line = strstr(line + 2, "\r\n")) {
        const char *at = line + 2;

        if (strncasecmp(at, name, name_len) != 0 || at[name_len] != ':')
            continue;
        at += name_len + 1;
        at += strspn(at, " ");
        snprintf(out, REPLY_HEADER_BYTES_MAX, "%.*s", (int)strcspn(at, "\r"), at);
        return true;
    }
    return false;
}

bool reply_header_is(const struct reply *r, const char *name, const char *value)
{
    char found[REPLY_HEADER_BYTES_MAX];

    return reply_header(r, name, found) && strcmp(found, value) == 0;
}

bool reply_body_is(const struct reply *r, const char *text)
{
    return bytes_equal(buf_view(&r->body), bytes_of_text(text));
}

bool reply_is_problem(const struct reply *r, int status, const char *id)
{
    json_t *json = json_loadb((const char *)r->body.data, r->body.len, 0, NULL);
    const char *type = json_string_value(json_object_get(json, "type"));
    bool good = r->status == status && type != NULL && strncmp(type, "/problems/", 10) == 0 &&
                strcmp(type + 10, id) == 0 &&
                json_integer_value(json_object_get(json, "status")) == status &&
                json_string_length(json_object_get(json, "title")) > 0 &&
                json_string_length(json_object_get(json, "detail")) > 0 &&
                reply_header_is(r, "Content-Type", "application/problem+json") &&
                reply_header_is(r, "X-Content-Type-Options", "nosniff") &&
                reply_header_is(r, "Cache-Control", "no-store");

    if (!good)
        fprintf(stderr, "found, instead of %d %s: %s%.*s\n", status, id, r->head, (int)r->body.len,
                r->body.data != NULL ? (const char *)r->body.data : "");
    json_decref(json);
    return good;
}

void reply_fini(struct reply *r)
{
    buf_fini(&r->body);
}
