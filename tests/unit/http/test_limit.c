/* Whose connections are taken, and what counts as one client. Where this machine has an address beside
 * loopback, a connection over it is one from outside. */
#include "server/http/limit.h"

#include "tests/unit/http/rig.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <ifaddrs.h>
#include <netinet/in.h>
#include <string.h>

TestSuite(limit, .timeout = 120);

Test(limit, an_address_is_loopback_and_counts_as)
{
    static const struct {
        const char *text, *client;
        bool loopback;
    } cases[] = {
        {"127.0.0.1", "127.0.0.1", true},
        {"127.255.0.9", "127.255.0.9", true},
        {"::ffff:127.0.0.1", "127.0.0.1", true},
        {"::1", "::", true},
        {"::2", "::", false},
        {"128.0.0.1", "128.0.0.1", false},
        {"10.127.0.1", "10.127.0.1", false},
        {"0.0.0.0", "0.0.0.0", false},
        {"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::", false},
        {"7f00::1", "7f00::", false},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct limit_address a, client;
        char text[HTTP_ADDRESS_BYTES];

        cr_assert(limit_address_parse(cases[i].text, &a));
        cr_assert_eq(limit_address_is_loopback(&a), cases[i].loopback, "%s", cases[i].text);
        client = limit_address_client(&a);
        limit_address_text(&client, text);
        cr_assert_str_eq(text, cases[i].client, "%s", cases[i].text);
    }
}

/* An IPv4 address of this machine that is not loopback, in network order; 0: it has none. */
static uint32_t own_address(char text[INET_ADDRSTRLEN])
{
    struct ifaddrs *all = NULL;
    uint32_t found = 0;

    cr_assert_eq(getifaddrs(&all), 0);
    for (const struct ifaddrs *i = all; i != NULL && found == 0; i = i->ifa_next) {
        struct sockaddr_in in;

        if (i->ifa_addr == NULL || i->ifa_addr->sa_family != AF_INET)
            continue;
        memcpy(&in, i->ifa_addr, sizeof in);
        if ((ntohl(in.sin_addr.s_addr) >> 24) != 127)
            found = in.sin_addr.s_addr;
    }
    freeifaddrs(all);
    inet_ntop(AF_INET, &found, text, INET_ADDRSTRLEN);
    return found;
}

/* Listening to everybody behind `proxy`: does a connection over `address` get an answer? */
static bool answers(const char *proxy, uint32_t address, uint64_t *refused)
{
    struct http_options o;
    struct http_counters n;
    struct rig rig;
    struct client c;
    struct reply r = {0};
    bool answered;

    rig_options(&rig, &o);
    o.listen_address = "0.0.0.0";
    o.trusted_proxy = proxy;
    rig_start(&rig, &o);
    cr_assert(client_open_at(&c, address, http_server_port(rig.server)));
    answered = client_ask(&c, "GET /hello HTTP/1.1\r\nHost: x\r\n\r\n", &r) && r.status == 200;
    client_close(&c, false);
    cr_assert_eq(http_server_drain(rig.server, CLIENT_WAIT_MS, NULL), 0);
    http_server_counters(rig.server, &n);
    cr_assert_eq(n.connections_open, 0);
    *refused = n.refused[HTTP_REFUSED_PLAIN];
    reply_fini(&r);
    rig_stop(&rig);
    return answered;
}

Test(limit, plain_connections_are_the_proxys_and_this_machines_alone)
{
    char text[INET_ADDRSTRLEN];
    uint32_t own = own_address(text);
    uint64_t refused;

    cr_assert(answers("198.51.100.1", htonl(INADDR_LOOPBACK), &refused));
    cr_assert_eq(refused, 0);
    if (own == 0) {
        cr_log_warn("no address beside loopback: only half was tested");
        return;
    }
    cr_assert(answers(text, own, &refused));
    cr_assert_eq(refused, 0);
    cr_assert_not(answers("198.51.100.1", own, &refused));
    cr_assert_eq(refused, 1);
}
