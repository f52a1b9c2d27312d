/* What is refused before a handler sees it: form, size, method, path, media type, rate; and what is
 * too slow. Every refusal is a problem, and the server goes on serving. Every test runs twice: on a
 * plain port and on one that speaks TLS. */
#include "tests/unit/http/rig.h"

#include <criterion/criterion.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define H    " HTTP/1.1\r\nHost: x\r\n"
#define JSON "Content-Type: application/json\r\n"

TestSuite(refusals, .timeout = 120);

enum { SHORT_MS = 200 };

/* A test, plain and over TLS: only a macro can define one. */
#define TEST_BOTH(name)                                                                            \
    static void name(bool tls);                                                                    \
    Test(refusals, name##_plain)                                                                   \
    {                                                                                              \
        name(false);                                                                               \
    }                                                                                              \
    Test(refusals, name##_tls)                                                                     \
    {                                                                                              \
        name(true);                                                                                \
    }                                                                                              \
    static void name(bool tls)

static void start(struct rig *rig, struct http_options *o, bool tls)
{
    if (tls)
        rig_make_tls(rig, o);
    rig_start(rig, o);
}

/* Still there, and nothing left over? */
static void check_serves_and_drains(struct rig *rig, struct http_counters *n)
{
    struct reply r = {0};

    rig_ask(rig, "GET /hello" H "\r\n", &r);
    cr_assert_eq(r.status, 200);
    cr_assert_eq(http_server_drain(rig->server, CLIENT_WAIT_MS, NULL), 0);
    http_server_counters(rig->server, n);
    cr_assert_eq(n->connections_open, 0);
    cr_assert_eq(n->requests_in_flight, 0);
    reply_fini(&r);
}

struct malformed {
    const char *what;
    const char *bytes;
    size_t len;
};

#define BYTES(text) text, sizeof(text) - 1

static const struct malformed malformed[] = {
    {"no target", BYTES("GET HTTP/1.1\r\nHost: x\r\n\r\n")},
    {"no version", BYTES("GET /hello\r\nHost: x\r\n\r\n")},
    {"two blanks", BYTES("GET  /hello HTTP/1.1\r\nHost: x\r\n\r\n")},
    {"a blank before the method", BYTES(" GET /hello HTTP/1.1\r\nHost: x\r\n\r\n")},
    {"an empty line first", BYTES("\r\nGET /hello HTTP/1.1\r\nHost: x\r\n\r\n")},
    {"a method in small letters", BYTES("get /hello HTTP/1.1\r\nHost: x\r\n\r\n")},
    {"version 2", BYTES("GET /hello HTTP/2.0\r\nHost: x\r\n\r\n")},
    {"version 1.2", BYTES("GET /hello HTTP/1.2\r\nHost: x\r\n\r\n")},
    {"version in small letters", BYTES("GET /hello http/1.1\r\nHost: x\r\n\r\n")},
    {"an absolute target", BYTES("GET http://x/hello HTTP/1.1\r\nHost: x\r\n\r\n")},
    {"a fragment", BYTES("GET /hello#a HTTP/1.1\r\nHost: x\r\n\r\n")},
    {"a raw byte above 127", BYTES("GET /echo/\xe6\xb3\x95 HTTP/1.1\r\nHost: x\r\n\r\n")},
    {"NUL in the target", BYTES("GET /hello\0 HTTP/1.1\r\nHost: x\r\n\r\n")},
    {"bare LF", BYTES("GET /hello HTTP/1.1\nHost: x\n\n")},
    {"bare CR", BYTES("GET /hello HTTP/1.1\rHost: x\r\r")},
    {"NUL in a header", BYTES("GET /hello HTTP/1.1\r\nHost: x\r\nA: \0\r\n\r\n")},
    {"a folded line", BYTES("GET /hello HTTP/1.1\r\nHost: x\r\nA: b\r\n c\r\n\r\n")},
    {"a blank before the colon", BYTES("GET /hello HTTP/1.1\r\nHost : x\r\n\r\n")},
    {"no colon", BYTES("GET /hello HTTP/1.1\r\nHost: x\r\nA\r\n\r\n")},
    {"an empty name", BYTES("GET /hello HTTP/1.1\r\nHost: x\r\n: b\r\n\r\n")},
    {"no Host", BYTES("GET /hello HTTP/1.1\r\nA: b\r\n\r\n")},
    {"two Hosts", BYTES("GET /hello HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n")},
    {"an empty Host", BYTES("GET /hello HTTP/1.1\r\nHost: \r\n\r\n")},
    {"a length that is no number",
     BYTES("POST /bodies" H JSON "Content-Length: ten\r\n\r\n0123456789")},
    {"a length with a sign", BYTES("POST /bodies" H JSON "Content-Length: +4\r\n\r\nnull")},
    {"a negative length", BYTES("POST /bodies" H JSON "Content-Length: -4\r\n\r\nnull")},
    {"a length with a blank", BYTES("POST /bodies" H JSON "Content-Length: 4 4\r\n\r\nnull")},
    {"a hexadecimal length", BYTES("POST /bodies" H JSON "Content-Length: 0x4\r\n\r\nnull")},
    {"a list of lengths", BYTES("POST /bodies" H JSON "Content-Length: 4, 4\r\n\r\nnull")},
    {"an empty length", BYTES("POST /bodies" H JSON "Content-Length:\r\n\r\nnull")},
    {"two lengths",
     BYTES("POST /bodies" H JSON "Content-Length: 4\r\nContent-Length: 4\r\n\r\nnull")},
    {"a length beyond all numbers",
     BYTES("POST /bodies" H JSON "Content-Length: 18446744073709551616\r\n\r\nnull")},
    {"a length and chunks",
     BYTES("POST /bodies" H JSON "Content-Length: 4\r\nTransfer-Encoding: chunked\r\n\r\nnull")},
    {"chunks and a length",
     BYTES("POST /bodies" H JSON "Transfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\nnull")},
    {"a body of GET", BYTES("GET /hello" H JSON "Content-Length: 4\r\n\r\nnull")},
    {"a body of HEAD", BYTES("HEAD /hello" H JSON "Content-Length: 4\r\n\r\nnull")},
};

TEST_BOTH(a_malformed_request_gets_400_and_the_end)
{
    struct http_options o;
    struct http_counters n;
    struct rig rig;
    struct reply r = {0};

    rig_options(&rig, &o);
    start(&rig, &o, tls);
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        rig_ask_ended(&rig, malformed[i].bytes, malformed[i].len, &r);
        cr_assert(reply_is_problem(&r, 400, "request-malformed"), "%s", malformed[i].what);
    }
    check_serves_and_drains(&rig, &n);
    cr_assert_eq(n.refused[HTTP_REFUSED_MALFORMED], sizeof malformed / sizeof malformed[0]);
    cr_assert_eq(n.requests_total, 1);
    reply_fini(&r);
    rig_stop(&rig);
}

TEST_BOTH(a_malformed_request_gets_400_however_it_is_cut)
{
    struct http_options o;
    struct rig rig;
    struct reply r = {0};

    rig_options(&rig, &o);
    start(&rig, &o, tls);
    for (size_t i = 0; i < sizeof malformed / sizeof malformed[0]; i++) {
        struct client c;
        size_t at = 0;

        cr_assert(client_open(&c, http_server_port(rig.server), tls));
        /* Once the server has ended it, further bytes may fail: the reply is there all the same. */
        while (at < malformed[i].len && client_send(&c, malformed[i].bytes + at, 1))
            at++;
        if (client_read(&c, false, &r))
            cr_assert(reply_is_problem(&r, 400, "request-malformed"), "%s", malformed[i].what);
        client_close(&c, false);
    }
    rig_ask(&rig, "GET /hello" H "\r\n", &r);
    cr_assert_eq(r.status, 200);
    reply_fini(&r);
    rig_stop(&rig);
}

TEST_BOTH(a_refusal_speaks_the_language_of_the_request)
{
    static const char zh[] = "GET /hello HTTP/1.1\r\nHost : x\r\n\r\n";
    static const char en[] = "GET /hello HTTP/1.1\r\nAccept-Language: en\r\nHost : x\r\n\r\n";
    struct http_options o;
    struct rig rig;
    struct reply r = {0};

    rig_options(&rig, &o);
    start(&rig, &o, tls);
    rig_ask_ended(&rig, zh, sizeof zh - 1, &r);
    cr_assert_not_null(strstr(buf_text(&r.body), "请求格式不合规范"));
    rig_ask_ended(&rig, en, sizeof en - 1, &r);
    cr_assert_not_null(strstr(buf_text(&r.body), "The request is malformed"));
    rig_ask(&rig, "GET /nowhere" H "Accept-Language: en\r\n\r\n", &r);
    cr_assert_not_null(strstr(buf_text(&r.body), "There is nothing at /nowhere."));
    reply_fini(&r);
    rig_stop(&rig);
}

TEST_BOTH(bad_percent_encoding_and_queries_get_400_and_the_connection_goes_on)
{
    static const char *const targets[] = {
        "/echo/%",          "/echo/%4",        "/echo/%zz",         "/echo/%4g",
        "/echo/a%2Fb",      "/echo/%00",       "/echo/%0a",         "/echo/%7f",
        "/echo/%ff",        "/echo/%c0%af",    "/echo/%ed%a0%80",   "/echo/a?x=%",
        "/echo/a?x=%00",    "/echo/a?x=1&x=2", "/echo/a?=1",        "/echo/a?x=1&&y=2",
        "/echo/a?x=%e6%b3", "/echo/a?x=1&",    "/echo/a?%78=1&x=2",
    };
    struct http_options o;
    struct rig rig;
    struct client c;
    struct reply r = {0};
    char request[256];

    rig_options(&rig, &o);
    start(&rig, &o, tls);
    cr_assert(client_open(&c, http_server_port(rig.server), tls));
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        snprintf(request, sizeof request, "GET %s" H "\r\n", targets[i]);
        cr_assert(client_ask(&c, request, &r), "%s", targets[i]);
        cr_assert(reply_is_problem(&r, 400, "request-malformed"), "%s", targets[i]);
    }
    cr_assert(client_ask(&c, "GET /hello" H "\r\n", &r));
    cr_assert_eq(r.status, 200);
    client_close(&c, false);
    reply_fini(&r);
    rig_stop(&rig);
}

TEST_BOTH(more_query_pairs_than_the_maximum_are_refused)
{
    struct http_options o;
    struct rig rig;
    struct reply r = {0};
    struct buf request = {0};

    rig_options(&rig, &o);
    start(&rig, &o, tls);
    for (int most = HTTP_QUERY_MAX; most <= HTTP_QUERY_MAX + 1; most++) {
        buf_clear(&request);
        buf_append_text(&request, "GET /echo/a?");
        for (int i = 0; i < most; i++)
            buf_printf(&request, "%sk%d=%d", i > 0 ? "&" : "", i, i);
        buf_append_text(&request, H "\r\n");
        rig_ask(&rig, buf_text(&request), &r);
        cr_assert_eq(r.status, most <= HTTP_QUERY_MAX ? 200 : 400);
    }
    buf_fini(&request);
    reply_fini(&r);
    rig_stop(&rig);
}

TEST_BOTH(an_unknown_path_gets_404)
{
    static const char *const targets[] = {
        "/",        "/nowhere", "/hello/", "/HELLO",    "/hello/x", "//hello",
        "/%68ello", "/echo/",   "/echo",   "/../hello", "/./hello", "/a/b/c/d/e/f/g/h/i/j/k/l/m/n"};
    struct http_options o;
    struct http_counters n;
    struct rig rig;
    struct reply r = {0};
    char request[256];

    rig_options(&rig, &o);
    start(&rig, &o, tls);
    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        snprintf(request, sizeof request, "GET %s" H "\r\n", targets[i]);
        rig_ask(&rig, request, &r);
        cr_assert(reply_is_problem(&r, 404, "path-not-found"), "%s", targets[i]);
    }
    check_serves_and_drains(&rig, &n);
    cr_assert_eq(n.refused[HTTP_REFUSED_ROUTE], sizeof targets / sizeof targets[0]);
    reply_fini(&r);
    rig_stop(&rig);
}

TEST_BOTH(a_method_that_the_path_has_not_gets_405_with_allow)
{
    static const struct {
        const char *line, *allow;
    } cases[] = {
        {"DELETE /hello", "GET, HEAD"},         {"POST /hello", "GET, HEAD"},
        {"GET /bodies", "POST, PUT, DELETE"},   {"OPTIONS /hello", "GET, HEAD"},
        {"PATCH /bodies", "POST, PUT, DELETE"}, {"TRACE /hello", "GET, HEAD"},
        {"BREW /hello", "GET, HEAD"},           {"PROPFIND /bodies", "POST, PUT, DELETE"},
        {"HEAD /bodies", "POST, PUT, DELETE"},  {"CONNECT /hello", "GET, HEAD"},
    };
    struct http_options o;
    struct rig rig;
    struct reply r = {0};
    char request[256];

    rig_options(&rig, &o);
    start(&rig, &o, tls);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        snprintf(request, sizeof request, "%s" H "\r\n", cases[i].line);
        rig_ask(&rig, request, &r);
        cr_assert_eq(r.status, 405, "%s: %d", cases[i].line, r.status);
        cr_assert(reply_header_is(&r, "Allow", cases[i].allow), "%s: %s", cases[i].line, r.head);
        if (strncmp(request, "HEAD", 4) != 0)
            cr_assert(reply_is_problem(&r, 405, "method-not-allowed"), "%s", cases[i].line);
    }
    /* The sentence names what was found and what is expected, also for methods nobody knows. */
    rig_ask(&rig, "BREW /bodies" H "Accept-Language: en\r\n\r\n", &r);
    cr_assert_not_null(
        strstr(buf_text(&r.body), "\"BREW is not allowed here; allowed: POST, PUT, DELETE.\""));
    rig_ask(&rig, "PATCH /hello" H "\r\n", &r);
    cr_assert_not_null(strstr(buf_text(&r.body), "\"此地址不支持 PATCH 方法，可用：GET, HEAD。\""));
    rig_ask(&rig, "AVERYLONGMETHODNAME /hello" H "Accept-Language: en\r\n\r\n", &r);
    cr_assert_not_null(strstr(buf_text(&r.body), "\"AVERYLONGMETHODN is not allowed here"));
    rig_ask(&rig, "BREW /nowhere" H "\r\n", &r);
    cr_assert(reply_is_problem(&r, 404, "path-not-found"));
    cr_assert_not_null(strstr(buf_text(&r.body), "\"没有这个地址：/nowhere。\""));
    reply_fini(&r);
    rig_stop(&rig);
}

/* "POST /bodies" with a body of len bytes. */
static void body_request(struct buf *out, const char *line, const char *headers, size_t len)
{
    buf_clear(out);
    buf_printf(out, "%s" H "%sContent-Length: %zu\r\n\r\n", line, headers, len);
    memset(buf_reserve(out, len), ' ', len);
    out->len += len;
}

TEST_BOTH(a_body_of_the_maximum_passes_and_one_byte_more_gets_413)
{
    static const struct {
        const char *line;
        size_t max;
    } cases[] = {{"POST /bodies", RIG_BODY_BYTES_MAX}, {"PUT /bodies", RIG_DEFAULT_BODY_BYTES_MAX}};
    struct http_options o;
    struct http_counters n;
    struct rig rig;
    struct reply r = {0};
    struct buf request = {0};

    rig_options(&rig, &o);
    start(&rig, &o, tls);
    for (size_t i = 0; i < 2; i++) {
        body_request(&request, cases[i].line, JSON, cases[i].max);
        rig_ask(&rig, buf_text(&request), &r);
        cr_assert_eq(r.status, 200, "%s: %d", cases[i].line, r.status);
        body_request(&request, cases[i].line, JSON, cases[i].max + 1);
        rig_ask(&rig, buf_text(&request), &r);
        cr_assert(reply_is_problem(&r, 413, "request-body-too-large"), "%s", cases[i].line);
    }
    check_serves_and_drains(&rig, &n);
    cr_assert_eq(n.refused[HTTP_REFUSED_BODY_SIZE], 2);
    buf_fini(&request);
    reply_fini(&r);
    rig_stop(&rig);
}

TEST_BOTH(a_huge_length_gets_413_before_the_body_is_sent)
{
    static const char request[] =
        "POST /bodies" H JSON "Content-Length: 999999999999999999\r\n\r\n";
    struct http_options o;
    struct rig rig;
    struct reply r = {0};

    rig_options(&rig, &o);
    start(&rig, &o, tls);
    rig_ask(&rig, request, &r);
    cr_assert(reply_is_problem(&r, 413, "request-body-too-large"));
    reply_fini(&r);
    rig_stop(&rig);
}

#define TOKEN "Authorization: Bearer " RIG_TOKEN "\r\n"

/* What comes before a body of `len` bytes. */
static const char *upload_head(const char *headers, size_t len)
{
    static char text[1024];

    snprintf(text, sizeof text, "POST /uploads" H JSON "%sContent-Length: %zu\r\n\r\n", headers,
             len);
    return text;
}

TEST_BOTH(a_large_body_needs_a_login_before_it_is_sent)
{
    static const char *const others[] = {
        "",
        "Authorization: Bearer that-does-not\r\n",
        "Authorization: Basic " RIG_TOKEN "\r\n",
        "Authorization: Bearer x\r\n" TOKEN,
        "Authorization: Bearer "
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
        "aaaaaa"
        "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa\r\n",
    };
    enum { OTHERS = sizeof others / sizeof others[0] };
    struct http_options o;
    struct http_counters n;
    struct rig rig;
    struct reply r = {0};
    struct buf request = {0};

    rig_options(&rig, &o);
    start(&rig, &o, tls);
    for (size_t i = 0; i < OTHERS; i++) {
        const char *head = upload_head(others[i], RIG_DEFAULT_BODY_BYTES_MAX + 1);

        rig_ask_ended(&rig, head, strlen(head), &r);
        cr_assert(reply_is_problem(&r, 401, "request-body-needs-login"), "%zu: %d", i, r.status);
        cr_assert(reply_header_is(&r, "WWW-Authenticate", "Bearer"));
    }
    rig_ask(&rig, upload_head(TOKEN, RIG_UPLOAD_BYTES_MAX + 1), &r);
    cr_assert(reply_is_problem(&r, 413, "request-body-too-large"));
    body_request(&request, "POST /uploads", JSON, RIG_DEFAULT_BODY_BYTES_MAX);
    rig_ask(&rig, buf_text(&request), &r);
    cr_assert_eq(r.status, 200);
    body_request(&request, "POST /uploads", JSON TOKEN, RIG_UPLOAD_BYTES_MAX);
    rig_ask(&rig, buf_text(&request), &r);
    cr_assert_eq(r.status, 200);
    cr_assert(reply_body_is(&r, "65536"));
    check_serves_and_drains(&rig, &n);
    cr_assert_eq(n.refused[HTTP_REFUSED_BODY_LOGIN], OTHERS);
    cr_assert_eq(n.refused[HTTP_REFUSED_BODY_SIZE], 1);
    buf_fini(&request);
    reply_fini(&r);
    rig_stop(&rig);
}

TEST_BOTH(large_bodies_of_a_loop_have_room_for_so_many_bytes_together)
{
    enum { LEN = 60000 };
    static char body[LEN];
    struct http_options o;
    struct http_counters n;
    struct rig rig;
    struct client first, second;
    struct reply r = {0};
    struct buf request = {0};

    memset(body, ' ', sizeof body);
    rig_options(&rig, &o);
    o.loops = 1;
    o.bodies_bytes_max = LEN + LEN / 2;
    start(&rig, &o, tls);
    body_request(&request, "POST /uploads", JSON TOKEN, LEN);
    for (int round = 0; round < 3; round++) {
        cr_assert(client_open(&first, http_server_port(rig.server), tls));
        cr_assert(client_say(&first, upload_head(TOKEN "Expect: 100-continue\r\n", LEN)));
        cr_assert(client_read(&first, true, &r));
        cr_assert_eq(r.status, 100);
        rig_ask(&rig, upload_head(TOKEN, LEN), &r);
        cr_assert(reply_is_problem(&r, 503, "request-bodies-full"), "%d", r.status);
        cr_assert(reply_header_is(&r, "Retry-After", "2"));
        /* What is small finds room, and so does the next large one once the first has gone: by its
         * reply, or without one. */
        rig_ask(&rig, "GET /hello" H "\r\n", &r);
        cr_assert_eq(r.status, 200);
        if (round % 2 == 0) {
            cr_assert(client_send(&first, body, LEN));
            cr_assert(client_read(&first, false, &r));
            cr_assert_eq(r.status, 200);
        }
        client_close(&first, round % 2 != 0);
        do { /* the server hears of the end by itself */
            rig_ask(&rig, "GET /hello" H "\r\n", &r);
            http_server_counters(rig.server, &n);
        } while (n.connections_open > 1);
        cr_assert(client_open(&second, http_server_port(rig.server), tls));
        cr_assert(client_ask(&second, buf_text(&request), &r));
        cr_assert_eq(r.status, 200, "%d", r.status);
        client_close(&second, false);
    }
    check_serves_and_drains(&rig, &n);
    cr_assert_eq(n.refused[HTTP_REFUSED_BODIES], 3);
    buf_fini(&request);
    reply_fini(&r);
    rig_stop(&rig);
}

TEST_BOTH(a_body_where_none_is_expected_gets_413_and_an_empty_one_passes)
{
    struct http_options o;
    struct rig rig;
    struct reply r = {0};

    rig_options(&rig, &o);
    start(&rig, &o, tls);
    rig_ask(&rig, "POST /bodies" H "Content-Length: 0\r\n\r\n", &r);
    cr_assert_eq(r.status, 200);
    cr_assert(reply_body_is(&r, "0"));
    rig_ask(&rig, "POST /nowhere" H JSON "Content-Length: 4\r\n\r\nnull", &r);
    cr_assert(reply_is_problem(&r, 404, "path-not-found"));
    reply_fini(&r);
    rig_stop(&rig);
}

TEST_BOTH(chunked_transfer_gets_411)
{
    static const char request[] =
        "POST /bodies" H JSON "Transfer-Encoding: chunked\r\n\r\n4\r\nnull\r\n0\r\n\r\n";
    struct http_options o;
    struct rig rig;
    struct reply r = {0};

    rig_options(&rig, &o);
    start(&rig, &o, tls);
    rig_ask_ended(&rig, request, sizeof request - 1, &r);
    cr_assert(reply_is_problem(&r, 411, "request-length-required"));
    reply_fini(&r);
    rig_stop(&rig);
}

TEST_BOTH(another_media_type_gets_415)
{
    static const struct {
        const char *headers;
        int status;
    } cases[] = {
        {"Content-Type: application/json\r\n", 200},
        {"Content-Type: APPLICATION/JSON; charset=utf-8\r\n", 200},
        {"Content-Type: text/csv\r\n", 200},
        {"Content-Type: text/plain\r\n", 415},
        {"Content-Type: application/jso\r\n", 415},
        {"Content-Type: application/json5\r\n", 415},
        {"Content-Type: \r\n", 415},
        {"", 415},
    };
    struct http_options o;
    struct rig rig;
    struct reply r = {0};
    struct buf request = {0};

    rig_options(&rig, &o);
    start(&rig, &o, tls);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        body_request(&request, "POST /bodies", cases[i].headers, 4);
        rig_ask(&rig, buf_text(&request), &r);
        cr_assert_eq(r.status, cases[i].status, "%s: %d", cases[i].headers, r.status);
    }
    buf_fini(&request);
    reply_fini(&r);
    rig_stop(&rig);
}

TEST_BOTH(a_header_beyond_the_maximum_gets_431)
{
    static const char *const shapes[] = {"GET /hello" H "A: %s\r\n\r\n",
                                         "GET /echo/%s HTTP/1.1\r\nHost: x\r\n\r\n",
                                         "GET /hello" H "%s: b\r\n\r\n"};
    struct http_options o;
    struct http_counters n;
    struct rig rig;
    struct reply r = {0};
    struct buf request = {0};
    char many[2000];

    rig_options(&rig, &o);
    o.header_bytes_max = 1024;
    start(&rig, &o, tls);
    memset(many, 'a', sizeof many);
    many[sizeof many - 1] = '\0';
    for (size_t i = 0; i < 3; i++) {
        buf_clear(&request);
        buf_printf(&request, shapes[i], many);
        rig_ask(&rig, buf_text(&request), &r);
        cr_assert(reply_is_problem(&r, 431, "request-header-too-large"), "%zu", i);
    }
    /* Exactly as much as is allowed. */
    many[1024 - strlen("GET /hello" H "A: \r\n\r\n")] = '\0';
    buf_clear(&request);
    buf_printf(&request, shapes[0], many);
    cr_assert_eq(request.len, 1024);
    rig_ask(&rig, buf_text(&request), &r);
    cr_assert_eq(r.status, 200);
    check_serves_and_drains(&rig, &n);
    cr_assert_eq(n.refused[HTTP_REFUSED_HEADER_SIZE], 3);
    buf_fini(&request);
    reply_fini(&r);
    rig_stop(&rig);
}

TEST_BOTH(a_reply_header_with_control_bytes_cannot_be_made)
{
    struct http_options o;
    struct rig rig;
    struct reply r = {0};

    rig_options(&rig, &o);
    start(&rig, &o, tls);
    rig_ask(&rig, "GET /header/fine" H "\r\n", &r);
    cr_assert(reply_header_is(&r, "X-Echo", "fine"));
    rig_ask(&rig, "GET /header/a%0d%0aX-Evil:%20b" H "\r\n", &r);
    cr_assert(reply_is_problem(&r, 400, "request-malformed"));
    reply_fini(&r);
    rig_stop(&rig);
}

TEST_BOTH(expect_100_continue_is_answered_and_then_the_request)
{
    struct http_options o;
    struct rig rig;
    struct client c;
    struct reply r = {0};

    rig_options(&rig, &o);
    start(&rig, &o, tls);
    cr_assert(client_open(&c, http_server_port(rig.server), tls));
    cr_assert(
        client_say(&c, "POST /bodies" H JSON "Content-Length: 4\r\nExpect: 100-continue\r\n\r\n"));
    r.status = 0;
    cr_assert_not(client_read(&c, true, &r) && r.status != 100);
    cr_assert_eq(r.status, 100);
    cr_assert(client_ask(&c, "null", &r));
    cr_assert_eq(r.status, 200);
    cr_assert(reply_body_is(&r, "4"));
    client_close(&c, false);
    reply_fini(&r);
    rig_stop(&rig);
}

TEST_BOTH(an_address_that_asks_too_often_gets_429_with_retry_after)
{
    struct http_options o;
    struct http_counters n;
    struct rig rig;
    struct client c;
    struct reply r = {0};

    rig_options(&rig, &o);
    o.loops = 1;
    o.requests_per_second = 1;
    o.requests_burst = 5;
    start(&rig, &o, tls);
    cr_assert(client_open(&c, http_server_port(rig.server), tls));
    /* One a second comes back while we ask: twenty in a row meet the end of five soon enough. */
    for (int i = 0; i < 20; i++) {
        cr_assert(client_ask(&c, "GET /hello" H "\r\n", &r));
        if (i < 5)
            cr_assert_eq(r.status, 200, "%d", i);
    }
    http_server_counters(rig.server, &n);
    cr_assert_gt(n.refused[HTTP_REFUSED_RATE], 0);
    while (r.status == 200)
        cr_assert(client_ask(&c, "GET /hello" H "\r\n", &r));
    cr_assert(reply_is_problem(&r, 429, "too-many-requests"));
    cr_assert(reply_header_is(&r, "Retry-After", "1"));
    client_close(&c, false);
    reply_fini(&r);
    rig_stop(&rig);
}

TEST_BOTH(an_address_with_too_many_connections_is_turned_away_until_one_ends)
{
    struct http_options o;
    struct http_counters n;
    struct rig rig;
    struct client c[4];
    struct reply r = {0};

    rig_options(&rig, &o);
    o.loops = 1;
    o.connections_per_address_max = 3;
    start(&rig, &o, tls);
    for (int i = 0; i < 3; i++) {
        cr_assert(client_open(&c[i], http_server_port(rig.server), tls));
        cr_assert(client_ask(&c[i], "GET /hello" H "\r\n", &r));
    }
    /* It is ended before or in its handshake. */
    cr_assert(client_open(&c[3], http_server_port(rig.server), false));
    cr_assert(client_is_ended(&c[3]));
    client_close(&c[3], false);
    http_server_counters(rig.server, &n);
    cr_assert_eq(n.refused[HTTP_REFUSED_ADDRESS], 1);
    /* The server ends the first one itself: once its end is here, its place is free. */
    cr_assert(client_ask(&c[0], "GET /hello" H "Connection: close\r\n\r\n", &r));
    cr_assert(client_is_ended(&c[0]));
    cr_assert(client_open(&c[3], http_server_port(rig.server), tls));
    cr_assert(client_ask(&c[3], "GET /hello" H "\r\n", &r));
    for (int i = 0; i < 4; i++)
        client_close(&c[i], false);
    reply_fini(&r);
    rig_stop(&rig);
}

TEST_BOTH(beyond_the_most_connections_the_next_one_waits_for_a_place)
{
    struct http_options o;
    struct http_counters n;
    struct rig rig;
    struct client c[3];
    struct reply r = {0};

    rig_options(&rig, &o);
    o.loops = 1;
    o.connections_max = 2;
    start(&rig, &o, tls);
    for (int i = 0; i < 2; i++) {
        cr_assert(client_open(&c[i], http_server_port(rig.server), tls));
        cr_assert(client_ask(&c[i], "GET /hello" H "\r\n", &r));
    }
    /* It stands in the kernel's queue; its request is read when another one ends. */
    cr_assert(client_open(&c[2], http_server_port(rig.server), false));
    cr_assert(tls || client_say(&c[2], "GET /hello" H "\r\n"));
    http_server_counters(rig.server, &n);
    cr_assert_eq(n.connections_total, 2);
    cr_assert_eq(n.refused[HTTP_REFUSED_FULL], 1);
    client_close(&c[0], false);
    cr_assert(!tls || (client_begin_tls(&c[2]) && client_say(&c[2], "GET /hello" H "\r\n")));
    cr_assert(client_read(&c[2], false, &r));
    cr_assert_eq(r.status, 200);
    client_close(&c[1], false);
    client_close(&c[2], false);
    reply_fini(&r);
    rig_stop(&rig);
}

TEST_BOTH(a_request_that_does_not_become_whole_ends_at_its_time)
{
    static const char *const parts[] = {
        "",
        "GET /hel",
        "GET /hello" H,
        "POST /bodies" H JSON "Content-Length: 4\r\n\r\n",
        "POST /bodies" H JSON "Content-Length: 4\r\n\r\nnul",
    };
    enum { PARTS = sizeof parts / sizeof parts[0] };
    struct http_options o;
    struct http_counters n;
    struct rig rig;
    struct client c[PARTS];

    rig_options(&rig, &o);
    o.request_ms_max = SHORT_MS;
    start(&rig, &o, tls);
    for (size_t i = 0; i < PARTS; i++) {
        cr_assert(client_open(&c[i], http_server_port(rig.server), tls));
        cr_assert(client_say(&c[i], parts[i]));
    }
    for (size_t i = 0; i < PARTS; i++) {
        cr_assert(client_is_ended(&c[i]), "%zu", i);
        client_close(&c[i], false);
    }
    check_serves_and_drains(&rig, &n);
    cr_assert_eq(n.refused[HTTP_REFUSED_SLOW], PARTS);
    cr_assert_eq(n.requests_total, 1);
    rig_stop(&rig);
}

TEST_BOTH(drops_of_bytes_do_not_put_off_the_end_of_a_slow_request)
{
    struct http_options o;
    struct rig rig;
    struct client c;
    bool sent = true;

    rig_options(&rig, &o);
    o.request_ms_max = SHORT_MS;
    start(&rig, &o, tls);
    cr_assert(client_open(&c, http_server_port(rig.server), tls));
    cr_assert(client_say(&c, "GET /hello" H "A: "));
    /* As fast as it goes, but within the header's maximum: the poll is the drop's pace, and ends at
     * once when the server has ended. */
    for (int i = 0; i < 4000 && sent; i++) {
        struct timeval pace = {.tv_usec = 10000};
        char byte;

        setsockopt(c.fd, SOL_SOCKET, SO_RCVTIMEO, &pace, sizeof pace);
        if (recv(c.fd, &byte, 1, 0) == 0)
            break;
        sent = client_send(&c, "a", 1);
        cr_assert_lt(i, 3999);
    }
    client_close(&c, false);
    rig_stop(&rig);
}

TEST_BOTH(an_idle_connection_ends_at_its_time_and_is_not_called_slow)
{
    struct http_options o;
    struct http_counters n;
    struct rig rig;
    struct client c;
    struct reply r = {0};

    rig_options(&rig, &o);
    o.idle_ms_max = SHORT_MS;
    start(&rig, &o, tls);
    cr_assert(client_open(&c, http_server_port(rig.server), tls));
    cr_assert(client_ask(&c, "GET /hello" H "\r\n", &r));
    cr_assert(client_is_ended(&c));
    client_close(&c, false);
    http_server_counters(rig.server, &n);
    cr_assert_eq(n.refused[HTTP_REFUSED_SLOW], 0);
    reply_fini(&r);
    rig_stop(&rig);
}

TEST_BOTH(a_client_that_does_not_take_its_reply_ends_at_its_time)
{
    struct http_options o;
    struct http_counters n;
    struct rig rig;
    struct client c;
    int waited = 0;
    int small = 4096;

    rig_options(&rig, &o);
    o.reply_ms_max = SHORT_MS;
    start(&rig, &o, tls);
    cr_assert(client_open(&c, http_server_port(rig.server), tls));
    setsockopt(c.fd, SOL_SOCKET, SO_RCVBUF, &small, sizeof small);
    for (int i = 0; i < 20; i++)
        cr_assert(client_say(&c, "GET /large" H "\r\n"));
    /* Nothing is read here: the server alone ends it. */
    do {
        poll(NULL, 0, 10);
        http_server_counters(rig.server, &n);
        cr_assert_lt(waited++, CLIENT_WAIT_MS / 10);
    } while (n.connections_open > 0);
    cr_assert_eq(n.refused[HTTP_REFUSED_SLOW], 1);
    client_close(&c, false);
    rig_stop(&rig);
}
