/* What a well-formed request gets: replies, keep-alive, pipelining, HEAD, parameters, language. The
 * same over TLS. */
#include "server/http/route.h"
#include "tests/unit/http/rig.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define H " HTTP/1.1\r\nHost: x\r\n"

TestSuite(replies, .timeout = 120);

Test(replies, a_request_is_answered_with_length_type_and_no_store)
{
    struct http_options o;
    struct rig rig;
    struct reply r = {0};

    rig_options(&rig, &o);
    rig_start(&rig, &o);
    rig_ask(&rig, "GET /hello" H "\r\n", &r);
    cr_assert_eq(r.status, 200);
    cr_assert(reply_body_is(&r, "hello"));
    cr_assert(reply_header_is(&r, "Content-Length", "5"));
    cr_assert(reply_header_is(&r, "Content-Type", "text/plain; charset=utf-8"));
    cr_assert(reply_header_is(&r, "X-Content-Type-Options", "nosniff"));
    cr_assert(reply_header_is(&r, "Cache-Control", "no-store"));
    reply_fini(&r);
    rig_stop(&rig);
}

Test(replies, head_has_the_headers_of_get_and_no_body)
{
    struct http_options o;
    struct rig rig;
    struct client c;
    struct reply r = {0};

    rig_options(&rig, &o);
    rig_start(&rig, &o);
    cr_assert(client_open(&c, http_server_port(rig.server), false));
    cr_assert(client_ask(&c, "HEAD /hello" H "\r\n", &r));
    cr_assert_eq(r.status, 200);
    cr_assert(reply_header_is(&r, "Content-Length", "5"));
    cr_assert(reply_header_is(&r, "Content-Type", "text/plain; charset=utf-8"));
    /* Nothing of a body came: the next reply stands right behind. */
    cr_assert(client_ask(&c, "GET /hello" H "\r\n", &r));
    cr_assert(reply_body_is(&r, "hello"));
    client_close(&c, false);
    reply_fini(&r);
    rig_stop(&rig);
}

Test(replies, one_connection_serves_many_requests)
{
    static const char *const methods[] = {
        "GET /hello" H "\r\n",
        "POST /bodies" H "Content-Type: application/json\r\nContent-Length: 4\r\n\r\nnull",
        "DELETE /bodies" H "\r\n",
        "GET /static" H "\r\n",
        "GET /nowhere" H "\r\n",
        "HEAD /hello" H "\r\n",
    };
    static const int statuses[] = {200, 200, 204, 200, 404, 200};
    struct http_options o;
    struct http_counters n;
    struct rig rig;
    struct client c;
    struct reply r = {0};

    rig_options(&rig, &o);
    rig_start(&rig, &o);
    cr_assert(client_open(&c, http_server_port(rig.server), false));
    for (size_t i = 0; i < 60; i++) {
        cr_assert(client_ask(&c, methods[i % 6], &r), "%zu", i);
        cr_assert_eq(r.status, statuses[i % 6], "%zu: %d", i, r.status);
    }
    client_close(&c, false);
    cr_assert_eq(http_server_drain(rig.server, CLIENT_WAIT_MS, NULL), 0);
    http_server_counters(rig.server, &n);
    cr_assert_eq(n.connections_total, 1);
    cr_assert_eq(n.connections_open, 0);
    cr_assert_eq(n.requests_total, 60);
    cr_assert_eq(n.requests_in_flight, 0);
    cr_assert_eq(n.replies[2], 50);
    cr_assert_eq(n.replies[4], 10);
    cr_assert_eq(n.refused[HTTP_REFUSED_ROUTE], 10);
    reply_fini(&r);
    rig_stop(&rig);
}

Test(replies, connection_close_and_http_1_0_end_the_connection)
{
    static const char *const requests[] = {
        "GET /hello" H "Connection: close\r\n\r\n",
        "GET /hello HTTP/1.0\r\nHost: x\r\n\r\n",
    };
    struct http_options o;
    struct rig rig;
    struct reply r = {0};

    rig_options(&rig, &o);
    rig_start(&rig, &o);
    for (size_t i = 0; i < 2; i++) {
        rig_ask_ended(&rig, requests[i], strlen(requests[i]), &r);
        cr_assert_eq(r.status, 200);
        cr_assert(reply_body_is(&r, "hello"));
    }
    reply_fini(&r);
    rig_stop(&rig);
}

Test(replies, pipelined_requests_are_answered_in_order)
{
    struct http_options o;
    struct rig rig;
    struct client c;
    struct reply r = {0};
    struct buf all = {0};

    rig_options(&rig, &o);
    rig_start(&rig, &o);
    for (int i = 0; i < 200; i++) {
        buf_printf(&all, "GET /worker/%d" H "\r\n", 1000 + i);
        buf_printf(
            &all, "PUT /bodies" H "Content-Type: application/json\r\nContent-Length: 3\r\n\r\n%03d",
            i);
    }
    cr_assert(client_open(&c, http_server_port(rig.server), false));
    cr_assert(client_send(&c, all.data, all.len));
    for (int i = 0; i < 200; i++) {
        char text[24];
        char back[24] = "";

        snprintf(text, sizeof text, "%d", 1000 + i);
        for (size_t k = 0; k < 4; k++)
            back[k] = text[3 - k];
        cr_assert(client_read(&c, false, &r), "%d", i);
        cr_assert(reply_body_is(&r, back), "%d", i);
        snprintf(text, sizeof text, "%03d", i);
        cr_assert(client_read(&c, false, &r), "%d", i);
        cr_assert(reply_body_is(&r, text), "%d", i);
    }
    client_close(&c, false);
    buf_fini(&all);
    reply_fini(&r);
    rig_stop(&rig);
}

Test(replies, a_malformed_request_behind_a_good_one_is_refused_after_its_reply)
{
    static const char both[] = "GET /hello" H "\r\nGET /hello HTTP/1.1\r\nHost : x\r\n\r\n";
    struct http_options o;
    struct rig rig;
    struct client c;
    struct reply r = {0};

    rig_options(&rig, &o);
    rig_start(&rig, &o);
    cr_assert(client_open(&c, http_server_port(rig.server), false));
    cr_assert(client_ask(&c, both, &r));
    cr_assert_eq(r.status, 200);
    cr_assert(client_read(&c, false, &r));
    cr_assert(reply_is_problem(&r, 400, "request-malformed"));
    cr_assert(client_is_ended(&c));
    client_close(&c, false);
    reply_fini(&r);
    rig_stop(&rig);
}

Test(replies, a_request_sent_byte_by_byte_is_the_same_request)
{
    static const char request[] = "PUT /bodies HTTP/1.1\r\nHost: x\r\nContent-Type: "
                                  "application/json\r\nContent-Length: 7\r\n\r\n\"bytes\"";
    struct http_options o;
    struct rig rig;
    struct client c;
    struct reply r = {0};

    rig_options(&rig, &o);
    rig_start(&rig, &o);
    cr_assert(client_open(&c, http_server_port(rig.server), false));
    for (size_t i = 0; i + 1 < sizeof request; i++)
        cr_assert(client_send(&c, request + i, 1));
    cr_assert(client_read(&c, false, &r));
    cr_assert_eq(r.status, 200);
    cr_assert(reply_body_is(&r, "\"bytes\""));
    client_close(&c, false);
    reply_fini(&r);
    rig_stop(&rig);
}

Test(replies, large_and_static_replies_come_whole)
{
    size_t others = 0;
    struct http_options o;
    struct rig rig;
    struct reply r = {0};

    rig_options(&rig, &o);
    rig_start(&rig, &o);
    rig_ask(&rig, "GET /large" H "\r\n", &r);
    cr_assert_eq(r.body.len, RIG_LARGE_BYTES);
    for (size_t i = 0; i < r.body.len; i++)
        others += r.body.data[i] != 'x';
    cr_assert_eq(others, 0);
    rig_ask(&rig, "GET /static" H "\r\n", &r);
    cr_assert(reply_body_is(&r, "where it lies"));
    reply_fini(&r);
    rig_stop(&rig);
}

Test(replies, parameters_and_queries_are_decoded_and_the_language_is_the_preferred_one)
{
    static const struct {
        const char *target, *headers, *body;
    } cases[] = {
        {"/echo/a", "", "a||zh|127.0.0.1"},
        {"/echo/%E6%B3%95?k=%E5%BE%8B+%2B&empty=&bare", "", "法|k=律 +&empty=&bare=|zh|127.0.0.1"},
        {"/echo/a+b", "", "a+b||zh|127.0.0.1"},
        {"/echo/a%25b", "", "a%b||zh|127.0.0.1"},
        {"/echo/a", "Accept-Language: en\r\n", "a||en|127.0.0.1"},
        {"/echo/a", "Accept-Language: en-GB;q=0.8, zh-CN;q=0.9\r\n", "a||zh|127.0.0.1"},
        {"/echo/a", "Accept-Language: fr, en;q=0.1\r\n", "a||en|127.0.0.1"},
        /* Only a proxy that is trusted may speak for others. */
        {"/echo/a", "X-Forwarded-For: 192.0.2.7\r\n", "a||zh|127.0.0.1"},
    };
    struct http_options o;
    struct rig rig;
    struct reply r = {0};
    char request[512];

    rig_options(&rig, &o);
    rig_start(&rig, &o);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(request, sizeof request, "GET %s" H "%s\r\n", cases[i].target, cases[i].headers);
        rig_ask(&rig, request, &r);
        cr_assert_eq(r.status, 200, "%zu", i);
        cr_assert(reply_body_is(&r, cases[i].body), "%zu: %.*s", i, (int)r.body.len,
                  (const char *)r.body.data);
    }
    reply_fini(&r);
    rig_stop(&rig);
}

Test(replies, a_trusted_proxy_names_the_peer_in_the_last_item)
{
    static const struct {
        const char *headers, *peer;
    } cases[] = {
        {"X-Forwarded-For: 192.0.2.7\r\n", "192.0.2.7"},
        {"X-Forwarded-For: 192.0.2.7, 198.51.100.3\r\n", "198.51.100.3"},
        {"X-Forwarded-For: 192.0.2.7\r\nX-Forwarded-For: 2001:db8::1\r\n", "2001:db8::1"},
        {"X-Forwarded-For: 192.0.2.7, unknown\r\n", "127.0.0.1"},
        {"", "127.0.0.1"},
    };
    struct http_options o;
    struct rig rig;
    struct reply r = {0};
    char text[512];

    rig_options(&rig, &o);
    o.trusted_proxy = "127.0.0.1";
    rig_start(&rig, &o);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(text, sizeof text, "GET /echo/a" H "%s\r\n", cases[i].headers);
        rig_ask(&rig, text, &r);
        snprintf(text, sizeof text, "a||zh|%s", cases[i].peer);
        cr_assert(reply_body_is(&r, text), "%zu: %.*s", i, (int)r.body.len,
                  (const char *)r.body.data);
    }
    reply_fini(&r);
    rig_stop(&rig);
}

Test(replies, a_bearer_token_is_what_stands_behind_the_word)
{
    static const struct {
        const char *header, *body;
    } cases[] = {
        {"Authorization: Bearer abc\r\n", "abc"}, {"authorization: bearer  abc\r\n", "abc"},
        {"Authorization: Basic abc\r\n", "-"},    {"Authorization: Bearer \r\n", "-"},
        {"Authorization: Bearerabc\r\n", "-"},    {"", "-"},
    };
    struct http_options o;
    struct rig rig;
    struct reply r = {0};
    char text[512];

    rig_options(&rig, &o);
    rig_start(&rig, &o);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(text, sizeof text, "GET /bearer" H "%s\r\n", cases[i].header);
        rig_ask(&rig, text, &r);
        cr_assert(reply_body_is(&r, cases[i].body), "%zu", i);
    }
    reply_fini(&r);
    rig_stop(&rig);
}

Test(replies, tls_serves_the_same_requests)
{
    struct http_options o;
    struct rig rig;
    struct client c;
    struct reply r = {0};

    rig_options(&rig, &o);
    rig_make_tls(&rig, &o);
    rig_start(&rig, &o);
    cr_assert(http_is_tls(rig.server));
    cr_assert(client_open(&c, http_server_port(rig.server), true));
    cr_assert_geq(SSL_version(c.ssl), TLS1_2_VERSION);
    for (int i = 0; i < 5; i++) {
        cr_assert(client_ask(&c, "GET /hello" H "\r\n", &r));
        cr_assert(reply_body_is(&r, "hello"));
        cr_assert(client_ask(&c, "GET /worker/abc" H "\r\n", &r));
        cr_assert(reply_body_is(&r, "cba"));
        cr_assert(client_ask(&c, "HEAD /large" H "\r\n", &r));
        cr_assert(reply_header_is(&r, "Content-Length", "3145728"));
        cr_assert(client_ask(&c, "GET /large" H "\r\n", &r));
        cr_assert_eq(r.body.len, RIG_LARGE_BYTES);
    }
    cr_assert(client_ask(&c, "GET /hello HTTP/1.1\r\nHost : x\r\n\r\n", &r));
    cr_assert(reply_is_problem(&r, 400, "request-malformed"));
    cr_assert(client_is_ended(&c));
    client_close(&c, false);
    reply_fini(&r);
    rig_stop(&rig);
}

Test(replies, plain_bytes_at_a_tls_port_end_the_connection_and_harm_nobody)
{
    struct http_options o;
    struct rig rig;
    struct client c;
    struct reply r = {0};

    rig_options(&rig, &o);
    rig_make_tls(&rig, &o);
    rig_start(&rig, &o);
    cr_assert(client_open(&c, http_server_port(rig.server), false));
    cr_assert(client_say(&c, "GET /hello" H "\r\n"));
    /* OpenSSL may say so by an alert; what matters is that nothing of HTTP comes, and the end. */
    cr_assert_not(client_read(&c, false, &r));
    client_close(&c, false);
    rig_ask(&rig, "GET /hello" H "\r\n", &r);
    cr_assert_eq(r.status, 200);
    reply_fini(&r);
    rig_stop(&rig);
}

Test(replies, plain_http_to_the_outside_and_wrong_options_are_refused)
{
    static const struct route no_handler[] = {{HTTP_GET, "/a/{b}", 1, NULL, 0, NULL}};
    struct http_server *server = NULL;
    struct http_options good;
    struct http_options o;
    struct rig rig;

    rig_options(&rig, &good);
    o = good;
    o.listen_address = "0.0.0.0";
    cr_assert_eq(http_server_new(&o, &server, NULL), ERR_DENIED);
    o = good;
    o.listen_address = "localhost";
    cr_assert_eq(http_server_new(&o, &server, NULL), ERR_BAD_INPUT);
    o = good;
    o.trusted_proxy = "proxy";
    cr_assert_eq(http_server_new(&o, &server, NULL), ERR_BAD_INPUT);
    o = good;
    o.tls_key_path = "/nowhere";
    cr_assert_eq(http_server_new(&o, &server, NULL), ERR_BAD_INPUT);
    o.tls_certificate_path = "/nowhere";
    cr_assert_eq(http_server_new(&o, &server, NULL), ERR_CRYPTO);
    o = good;
    o.loops = HTTP_LOOPS_MAX + 1;
    cr_assert_eq(http_server_new(&o, &server, NULL), ERR_BAD_INPUT);
    o = good;
    o.header_bytes_max = 10;
    cr_assert_eq(http_server_new(&o, &server, NULL), ERR_BAD_INPUT);
    o = good;
    o.routes = no_handler;
    o.routes_count = 1;
    cr_assert_eq(http_server_new(&o, &server, NULL), ERR_BAD_INPUT);
    cr_assert_null(server);
    http_server_free(NULL);
    rig_stop(&rig);
}
