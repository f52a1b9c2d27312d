/* One connection (see conn.h).
 *
 * Happy path: connect, handshake, READY; then a request is written at once, and the bytes that come
 * are parsed until a response is whole. Whatever goes wrong closes the socket and says LOST, from
 * the event loop, never from within the caller's call. Thread: the event_base's. */
#include "clients/load/conn.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <string.h>
#include <unistd.h>

enum { READ_BYTES = 16 * 1024, SOURCE_BASE = 0x7f400001 }; /* 127.64.0.1 */

enum io { IO_DONE, IO_WAIT_READ, IO_WAIT_WRITE, IO_FAILED };

static enum io io_of_ssl(const struct conn *c, int result)
{
    switch (SSL_get_error(c->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return IO_WAIT_READ;
    case SSL_ERROR_WANT_WRITE:
        return IO_WAIT_WRITE;
    default:
        ERR_clear_error();
        return IO_FAILED;
    }
}

static enum io io_of_errno(enum io otherwise)
{
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? otherwise : IO_FAILED;
}

static enum io bytes_write(struct conn *c, const uint8_t *data, size_t len, size_t *done)
{
    ssize_t n;

    if (c->ssl != NULL) {
        int rc = SSL_write_ex(c->ssl, data, len, done);

        return rc == 1 ? IO_DONE : io_of_ssl(c, rc);
    }
    n = send(c->fd, data, len, MSG_NOSIGNAL);
    if (n < 0)
        return io_of_errno(IO_WAIT_WRITE);
    *done = (size_t)n;
    return IO_DONE;
}

static enum io bytes_read(struct conn *c, uint8_t *data, size_t len, size_t *done)
{
    ssize_t n;

    if (c->ssl != NULL) {
        int rc = SSL_read_ex(c->ssl, data, len, done);

        return rc == 1 ? IO_DONE : io_of_ssl(c, rc);
    }
    n = recv(c->fd, data, len, 0);
    if (n < 0)
        return io_of_errno(IO_WAIT_READ);
    *done = (size_t)n;
    return n > 0 ? IO_DONE : IO_FAILED;
}

void conn_drop(struct conn *c)
{
    if (c->reads != NULL)
        event_free(c->reads);
    if (c->writes != NULL)
        event_free(c->writes);
    if (c->pace != NULL)
        event_free(c->pace);
    c->reads = c->writes = c->pace = NULL;
    SSL_free(c->ssl);
    c->ssl = NULL;
    if (c->fd >= 0)
        close(c->fd);
    c->fd = -1;
    c->is_ready = c->in_flight = false;
    buf_clear(&c->in);
}

static void lose(struct conn *c)
{
    conn_drop(c);
    c->news(c, CONN_LOST, NULL);
}

/* How much may be written now; 0: the link pauses. */
static size_t piece_len(struct conn *c)
{
    size_t len = c->out.len - c->out_sent;
    struct timeval pause = {.tv_sec = c->piece_pause_ms / 1000,
                            .tv_usec = (suseconds_t)(c->piece_pause_ms % 1000) * 1000};

    if (c->piece_bytes == 0)
        return len;
    if (c->piece_left == 0 && !event_pending(c->pace, EV_TIMEOUT, NULL))
        event_add(c->pace, &pause);
    return len < c->piece_left ? len : c->piece_left;
}

static void request_write(struct conn *c)
{
    while (c->out_sent < c->out.len) {
        size_t len = piece_len(c);
        size_t done = 0;

        if (len == 0)
            return;
        switch (bytes_write(c, c->out.data + c->out_sent, len, &done)) {
        case IO_DONE:
            c->out_sent += done;
            if (c->piece_bytes != 0)
                c->piece_left -= done;
            break;
        case IO_WAIT_WRITE:
            event_add(c->writes, NULL);
            return;
        case IO_WAIT_READ: /* the peer's turn; what comes is read, then this goes on */
            return;
        case IO_FAILED:
            /* Not from within conn_send: the event says it again. */
            event_active(c->reads, EV_READ, 0);
            return;
        }
    }
}

static void paused(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;

    (void)fd;
    (void)what;
    c->piece_left = c->piece_bytes;
    request_write(c);
}

int64_t conn_pauses_us(const struct conn *c)
{
    if (c->piece_bytes == 0 || c->out.len == 0)
        return 0;
    return (int64_t)((c->out.len - 1) / c->piece_bytes) * c->piece_pause_ms * 1000;
}

void conn_send(struct conn *c)
{
    assert(c->is_ready && !c->in_flight && c->out.len > 0);
    c->in_flight = true;
    c->out_sent = 0;
    c->piece_left = c->piece_bytes;
    request_write(c);
}

/* False: the connection is gone, or c waits. */
static bool reply_take(struct conn *c)
{
    struct reply reply;
    size_t len = 0;
    int found = reply_parse(buf_view(&c->in), &reply, &len);

    if (found == 0)
        return true;
    if (found < 0 || !c->in_flight || len != c->in.len) {
        lose(c);
        return false;
    }
    c->in_flight = false;
    if (reply.close)
        c->is_ready = false;
    /* The body lies in c->in: emptied before the next read, not before the call. */
    c->news(c, CONN_REPLIED, &reply);
    buf_clear(&c->in);
    if (reply.close && c->fd >= 0)
        lose(c);
    return false;
}

static void replies_read(struct conn *c)
{
    for (;;) {
        uint8_t *room = buf_reserve(&c->in, READ_BYTES);
        size_t done = 0;

        if (room == NULL) {
            lose(c);
            return;
        }
        switch (bytes_read(c, room, READ_BYTES, &done)) {
        case IO_DONE:
            c->in.len += done;
            if (!reply_take(c))
                return;
            break;
        case IO_WAIT_READ:
            if (c->in_flight && c->out_sent < c->out.len)
                request_write(c);
            return;
        case IO_WAIT_WRITE:
            event_add(c->writes, NULL);
            return;
        case IO_FAILED:
            lose(c);
            return;
        }
    }
}

static void handshake(struct conn *c)
{
    int rc;

    if (c->ssl != NULL) {
        rc = SSL_connect(c->ssl);
        if (rc != 1) {
            switch (io_of_ssl(c, rc)) {
            case IO_WAIT_READ:
                return;
            case IO_WAIT_WRITE:
                event_add(c->writes, NULL);
                return;
            default:
                lose(c);
                return;
            }
        }
    }
    c->is_ready = true;
    c->news(c, CONN_READY, NULL);
}

static void readable(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;

    (void)fd;
    (void)what;
    if (c->is_ready || c->in_flight)
        replies_read(c);
    else
        handshake(c);
}

static void writable(evutil_socket_t fd, short what, void *arg)
{
    struct conn *c = arg;
    int error = 0;
    socklen_t len = sizeof error;

    (void)what;
    if (c->is_ready) {
        request_write(c);
        return;
    }
    if (getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &len) != 0 || error != 0)
        lose(c);
    else
        handshake(c);
}

/* A candidate each at an address of their own, as in life. */
static int source_bind(const struct conn *c)
{
    struct sockaddr_in from = {.sin_family = AF_INET};
    int one = 1;

    if (!c->target->is_loopback || c->target->sources == 0)
        return 0;
    from.sin_addr.s_addr = htonl(SOURCE_BASE + c->index % c->target->sources);
    setsockopt(c->fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &one, sizeof one);
    return bind(c->fd, (const struct sockaddr *)&from, sizeof from);
}

static int ssl_make(struct conn *c)
{
    struct in6_addr number;
    bool is_address = inet_pton(AF_INET, c->target->host, &number) == 1 ||
                      inet_pton(AF_INET6, c->target->host, &number) == 1;

    c->ssl = SSL_new(c->target->tls);
    if (c->ssl == NULL || SSL_set_fd(c->ssl, c->fd) != 1)
        return ERR_NOMEM;
    if (is_address)
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(c->ssl), c->target->host) == 1
                   ? 0
                   : ERR_NOMEM;
    if (SSL_set1_host(c->ssl, c->target->host) != 1 ||
        SSL_set_tlsext_host_name(c->ssl, c->target->host) != 1)
        return ERR_NOMEM;
    return 0;
}

int conn_connect(struct conn *c)
{
    int one = 1;
    int rc = ERR_IO;

    assert(c->fd < 0);
    c->fd = socket(c->target->address.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (c->fd < 0 || source_bind(c) != 0)
        goto failed;
    setsockopt(c->fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    if (connect(c->fd, (const struct sockaddr *)&c->target->address, c->target->address_len) != 0 &&
        errno != EINPROGRESS)
        goto failed;
    c->reads = event_new(c->base, c->fd, EV_READ | EV_PERSIST, readable, c);
    c->writes = event_new(c->base, c->fd, EV_WRITE, writable, c);
    c->pace = evtimer_new(c->base, paused, c);
    rc = ERR_NOMEM;
    if (c->reads == NULL || c->writes == NULL || c->pace == NULL || event_add(c->writes, NULL) != 0)
        goto failed;
    if (c->target->tls != NULL) {
        rc = ssl_make(c);
        if (rc != 0)
            goto failed;
        SSL_set_connect_state(c->ssl);
    }
    if (event_add(c->reads, NULL) != 0)
        goto failed;
    return 0;
failed:
    conn_drop(c);
    return rc;
}

void conn_init(struct conn *c, const struct target *target, struct event_base *base, unsigned index,
               void (*news)(struct conn *c, enum conn_news news, const struct reply *reply),
               void *user)
{
    *c = (struct conn){
        .target = target, .base = base, .news = news, .user = user, .index = index, .fd = -1};
}

void conn_fini(struct conn *c)
{
    conn_drop(c);
    buf_fini(&c->in);
    buf_fini(&c->out);
}
