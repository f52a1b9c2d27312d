/* Listening sockets: one a loop on the same address and port, by SO_REUSEPORT.
 *
 * TCP_NODELAY is set here because accepted sockets inherit it: with Nagle every keep-alive reply
 * would wait for a delayed acknowledgement, 40 ms. Runs at start. */
#include "server/http/internal.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { LISTEN_BACKLOG = 4096 };

static const struct msg msg_address = {"listen-address-malformed",
                                       "监听地址“{0}”不是数字形式的地址。",
                                       "The listen address “{0}” is not a numeric address."};
static const struct msg msg_bind = {"listen-failed", "无法在端口 {0} 上监听：{1}。",
                                    "Cannot listen on port {0}: {1}."};

int listen_parse(const char *address, uint16_t port, struct sockaddr_storage *out, int *out_len,
                 bool *loopback, struct err *err)
{
    struct sockaddr_in in = {.sin_family = AF_INET, .sin_port = htons(port)};
    struct sockaddr_in6 in6 = {.sin6_family = AF_INET6, .sin6_port = htons(port)};

    memset(out, 0, sizeof *out);
    if (inet_pton(AF_INET, address, &in.sin_addr) == 1) {
        memcpy(out, &in, sizeof in);
        *out_len = (int)sizeof in;
        *loopback = (ntohl(in.sin_addr.s_addr) >> 24) == 127;
        return 0;
    }
    if (inet_pton(AF_INET6, address, &in6.sin6_addr) == 1) {
        memcpy(out, &in6, sizeof in6);
        *out_len = (int)sizeof in6;
        *loopback = IN6_IS_ADDR_LOOPBACK(&in6.sin6_addr);
        return 0;
    }
    return err_set(err, ERR_BAD_INPUT, &msg_address, address, NULL, NULL, NULL);
}

static uint16_t port_of(const struct sockaddr_storage *address)
{
    struct sockaddr_in in;
    struct sockaddr_in6 in6;

    if (address->ss_family == AF_INET) {
        memcpy(&in, address, sizeof in);
        return ntohs(in.sin_port);
    }
    memcpy(&in6, address, sizeof in6);
    return ntohs(in6.sin6_port);
}

int listen_socket(const struct sockaddr_storage *address, int address_len, int *out_fd,
                  uint16_t *out_port, struct err *err)
{
    struct sockaddr_storage bound;
    socklen_t bound_len = sizeof bound;
    char port[24];
    char reason[128];
    int on = 1;
    int fd = socket(address->ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    if (fd < 0)
        goto failed;
    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0 ||
        setsockopt(fd, SOL_SOCKET, SO_REUSEPORT, &on, sizeof on) != 0 ||
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on) != 0 ||
        bind(fd, (const struct sockaddr *)address, (socklen_t)address_len) != 0 ||
        listen(fd, LISTEN_BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&bound, &bound_len) != 0)
        goto failed;
    *out_fd = fd;
    *out_port = port_of(&bound);
    return 0;
failed:
    snprintf(reason, sizeof reason, "%s", strerror(errno));
    if (fd >= 0)
        close(fd);
    return err_set(err, ERR_IO, &msg_bind, err_int(port, port_of(address)), reason, NULL, NULL);
}
