/* Beginnings and ends: clients that go away, stopping, the handshake and its versions. Each test
 * that can runs plain and over TLS. */
#include "tests/unit/http/rig.h"

#include <criterion/criterion.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

#define H    " HTTP/1.1\r\nHost: x\r\n"
#define JSON "Content-Type: application/json\r\n"

TestSuite(life, .timeout = 120);

enum { SHORT_MS = 200 };

static const char *const kinds[] = {"plain", "TLS"};

static void drained(struct rig *rig, struct http_counters *n, const char *kind)
{
    cr_assert_eq(http_server_drain(rig->server, CLIENT_WAIT_MS, NULL), 0, "%s", kind);
    http_server_counters(rig->server, n);
    cr_assert_eq(n->connections_open, 0, "%s", kind);
    cr_assert_eq(n->requests_in_flight, 0, "%s", kind);
}

/* ---- clients that go away ---- */

Test(life, a_client_gone_before_its_reply_costs_only_the_reply)
{
    enum { CLIENTS = 12 };

    for (int tls = 0; tls < 2; tls++) {
        for (int reset = 0; reset < 2; reset++) {
            struct http_options o;
            struct http_counters n;
            struct rig rig;
            struct client c[CLIENTS];
            struct reply r = {0};

            rig_options(&rig, &o);
            if (tls)
                rig_make_tls(&rig, &o);
            rig_start(&rig, &o);
            for (int i = 0; i < CLIENTS; i++) {
                cr_assert(client_open(&c[i], http_server_port(rig.server), tls));
                cr_assert(client_say(&c[i], i % 2 == 0 ? "GET /later" H "\r\n"
                                                       : "POST /later" H JSON
                                                         "Content-Length: 2\r\n\r\n{}"));
            }
            cr_assert(rig_wait_held(&rig, CLIENTS));
            /* All but the last go. */
            for (int i = 0; i < CLIENTS - 1; i++)
                client_close(&c[i], reset);
            cr_assert_eq(rig_release(&rig, reset == 0), CLIENTS);
            cr_assert(client_read(&c[CLIENTS - 1], false, &r), "%s", kinds[tls]);
            cr_assert(reply_body_is(&r, "at last"));
            client_close(&c[CLIENTS - 1], false);
            rig_ask(&rig, "GET /hello" H "\r\n", &r);
            cr_assert_eq(r.status, 200);
            drained(&rig, &n, kinds[tls]);
            /* Each request had its one reply, whether or not anybody was there to take it. */
            cr_assert_eq(n.requests_total, CLIENTS + 1);
            cr_assert_eq(n.replies[2], CLIENTS + 1);
            cr_assert_leq(n.vanished, CLIENTS - 1);
            reply_fini(&r);
            rig_stop(&rig);
        }
    }
}

Test(life, a_client_gone_in_the_middle_harms_nobody)
{
    static const char *const said[] = {
        "",
        "GET /hel",
        "GET /hello" H,
        "POST /bodies" H JSON "Content-Length: 500\r\n\r\n{",
        "GET /large" H "\r\n",
        "GET /large" H "\r\nGET /large" H "\r\nGET /later" H "\r\n",
        "GET /hello HTTP/1.1\r\nHost : x\r\n\r\n",
    };

    for (int tls = 0; tls < 2; tls++) {
        struct http_options o;
        struct http_counters n;
        struct rig rig;
        struct reply r = {0};

        rig_options(&rig, &o);
        if (tls)
            rig_make_tls(&rig, &o);
        rig_start(&rig, &o);
        for (size_t i = 0; i < sizeof said / sizeof said[0]; i++) {
            for (int reset = 0; reset < 2; reset++) {
                struct client c;

                cr_assert(client_open(&c, http_server_port(rig.server), tls), "%s", said[i]);
                cr_assert(client_say(&c, said[i]));
                client_close(&c, reset);
            }
        }
        rig_ask(&rig, "GET /hello" H "\r\n", &r);
        cr_assert_eq(r.status, 200);
        /* Some may have reached /later before their client's end was seen. */
        do {
            rig_release(&rig, false);
            http_server_counters(rig.server, &n);
        } while (http_server_drain(rig.server, 10, NULL) != 0 || n.requests_in_flight > 0);
        drained(&rig, &n, kinds[tls]);
        reply_fini(&r);
        rig_stop(&rig);
    }
}

Test(life, requests_sent_ahead_wait_for_the_reply_that_is_pending)
{
    for (int tls = 0; tls < 2; tls++) {
        struct http_options o;
        struct http_counters n;
        struct rig rig;
        struct client c;
        struct reply r = {0};

        rig_options(&rig, &o);
        if (tls)
            rig_make_tls(&rig, &o);
        rig_start(&rig, &o);
        cr_assert(client_open(&c, http_server_port(rig.server), tls));
        cr_assert(client_say(&c, "GET /later" H "\r\nGET /hello" H "\r\nPOST /later" H JSON
                                 "Content-Length: 2\r\n\r\n{}GET /static" H "\r\n"));
        cr_assert(rig_wait_held(&rig, 1));
        http_server_counters(rig.server, &n);
        cr_assert_eq(n.requests_total, 1);
        cr_assert_eq(rig_release(&rig, true), 1);
        cr_assert(client_read(&c, false, &r));
        cr_assert(reply_body_is(&r, "at last"));
        cr_assert(client_read(&c, false, &r));
        cr_assert(reply_body_is(&r, "hello"));
        cr_assert(rig_wait_held(&rig, 1));
        cr_assert_eq(rig_release(&rig, false), 1);
        cr_assert(client_read(&c, false, &r));
        cr_assert(reply_body_is(&r, "at last"));
        cr_assert(client_read(&c, false, &r));
        cr_assert(reply_body_is(&r, "where it lies"));
        client_close(&c, false);
        drained(&rig, &n, kinds[tls]);
        reply_fini(&r);
        rig_stop(&rig);
    }
}

/* ---- stopping ---- */

Test(life, draining_answers_what_is_pending_and_lets_nobody_in)
{
    for (int tls = 0; tls < 2; tls++) {
        struct http_options o;
        struct http_counters n;
        struct rig rig;
        struct client pending, idle, half, late;
        struct reply r = {0};
        struct err err = {0};
        char text[ERR_TEXT_BYTES_MAX];
        uint16_t port;

        rig_options(&rig, &o);
        o.loops = 1;
        if (tls)
            rig_make_tls(&rig, &o);
        rig_start(&rig, &o);
        port = http_server_port(rig.server);
        cr_assert(client_open(&pending, port, tls));
        cr_assert(client_open(&half, port, tls));
        cr_assert(client_open(&idle, port, tls));
        cr_assert(client_ask(&half, "GET /hello" H "\r\n", &r));
        cr_assert(client_say(&pending, "GET /later" H "\r\n"));
        cr_assert(client_say(&half, "GET /hello" H));
        cr_assert(client_ask(&idle, "GET /hello" H "\r\n", &r));
        cr_assert(rig_wait_held(&rig, 1));
        cr_assert_eq(http_server_drain(rig.server, 1, &err), ERR_BUSY, "%s", kinds[tls]);
        /* Once the idle one has ended, the loop has stopped to listen. */
        cr_assert(client_is_ended(&idle), "%s", kinds[tls]);
        cr_assert_not(client_open(&late, port, tls), "%s", kinds[tls]);
        cr_assert_eq(http_server_drain(rig.server, 1, &err), ERR_BUSY);
        err_text(&err, LANG_EN, text, sizeof text);
        cr_assert_not_null(strstr(text, "Draining timed out with "), "%s", text);
        /* Half a request may become whole, and says that it is the last. */
        cr_assert(client_ask(&half, "\r\n", &r), "%s", kinds[tls]);
        cr_assert(reply_body_is(&r, "hello"));
        cr_assert(reply_header_is(&r, "Connection", "close"), "%s", r.head);
        cr_assert(client_is_ended(&half));
        cr_assert_eq(http_server_drain(rig.server, 1, &err), ERR_BUSY);
        err_text(&err, LANG_ZH, text, sizeof text);
        cr_assert_str_eq(text, "停机等待超时，尚有 1 个连接未结束。");
        cr_assert_eq(rig_release(&rig, true), 1);
        cr_assert(client_read(&pending, false, &r), "%s", kinds[tls]);
        cr_assert(reply_body_is(&r, "at last"));
        cr_assert(reply_header_is(&r, "Connection", "close"), "%s", r.head);
        cr_assert(client_is_ended(&pending));
        drained(&rig, &n, kinds[tls]);
        client_close(&pending, false);
        client_close(&half, false);
        client_close(&idle, false);
        reply_fini(&r);
        rig_stop(&rig);
    }
}

Test(life, draining_does_not_wait_for_who_has_asked_for_nothing)
{
    for (int tls = 0; tls < 2; tls++) {
        struct http_options o;
        struct rig rig;
        struct client silent;
        struct err err = {0};

        rig_options(&rig, &o);
        o.loops = 1;
        if (tls)
            rig_make_tls(&rig, &o);
        rig_start(&rig, &o);
        cr_assert(client_open(&silent, http_server_port(rig.server), tls));
        cr_assert_eq(http_server_drain(rig.server, CLIENT_WAIT_MS / 2, &err), 0, "%s", kinds[tls]);
        cr_assert(client_is_ended(&silent), "%s", kinds[tls]);
        client_close(&silent, false);
        rig_stop(&rig);
    }
}

static void *free_run(void *arg)
{
    http_server_free(arg);
    return NULL;
}

Test(life, the_end_waits_for_requests_that_another_thread_holds)
{
    for (int tls = 0; tls < 2; tls++) {
        struct http_options o;
        struct http_server *server;
        struct rig rig;
        struct client c[3];
        pthread_t ending;

        rig_options(&rig, &o);
        if (tls)
            rig_make_tls(&rig, &o);
        rig_start(&rig, &o);
        server = rig.server;
        for (int i = 0; i < 3; i++)
            cr_assert(client_open(&c[i], http_server_port(server), tls));
        cr_assert(client_say(&c[0], "GET /later" H "\r\n"));
        cr_assert(client_say(&c[1], "GET /hel"));
        cr_assert(rig_wait_held(&rig, 1));
        cr_assert_eq(pthread_create(&ending, NULL, free_run, server), 0);
        /* These it ends at once: the server is on its way out while one request is held. */
        cr_assert(client_is_ended(&c[1]), "%s", kinds[tls]);
        cr_assert(client_is_ended(&c[2]), "%s", kinds[tls]);
        cr_assert_eq(rig_release(&rig, false), 1);
        cr_assert_eq(pthread_join(ending, NULL), 0);
        for (int i = 0; i < 3; i++)
            client_close(&c[i], false);
        rig_stop_workers(&rig);
    }
}

/* An idle connection on a loop. */
static void open_on_loop(struct rig *rig, unsigned wanted, struct client *c)
{
    for (;;) {
        struct reply r = {0};
        unsigned loop;

        cr_assert(client_open(c, http_server_port(rig->server), false));
        cr_assert(client_say(c, "GET /later" H "\r\n"));
        cr_assert(rig_wait_held(rig, 1));
        pthread_mutex_lock(&rig->lock);
        loop = list_entry(rig->held.head, struct http_request, task.node)->loop;
        pthread_mutex_unlock(&rig->lock);
        rig_release(rig, false);
        cr_assert(client_read(c, false, &r));
        reply_fini(&r);
        if (loop == wanted)
            return;
        client_close(c, false);
    }
}

/* Loop 0 is held while clients connect to it and the end is called for, so that it accepts and ends
 * in one turn. Loops are told to stop in order: once loop 1 has ended, loop 0 has been told. */
Test(life, a_connection_of_the_last_moment_is_ended_too)
{
    enum { CLIENTS = 24 }; /* the kernel spreads them over both loops */
    struct http_options o;
    struct http_server *server;
    struct rig rig;
    struct client told, holding, pending;
    struct client c[CLIENTS];
    pthread_t ending;

    rig_options(&rig, &o);
    rig_start(&rig, &o);
    server = rig.server;
    open_on_loop(&rig, 1, &told);
    open_on_loop(&rig, 1, &pending);
    open_on_loop(&rig, 0, &holding);
    cr_assert(client_say(&pending, "GET /later" H "\r\n"));
    cr_assert(rig_wait_held(&rig, 1));
    cr_assert(client_say(&holding, "GET /block" H "\r\n"));
    rig_wait_blocked(&rig);
    for (int i = 0; i < CLIENTS; i++)
        cr_assert(client_open(&c[i], http_server_port(server), false));
    cr_assert_eq(pthread_create(&ending, NULL, free_run, server), 0);
    cr_assert(client_is_ended(&told));
    rig_unblock(&rig);
    /* At once, not when the request that loop 1 waits for is done. */
    for (int i = 0; i < CLIENTS; i++) {
        cr_assert(client_is_ended(&c[i]), "%d", i);
        client_close(&c[i], false);
    }
    cr_assert_eq(rig_release(&rig, false), 1);
    cr_assert_eq(pthread_join(ending, NULL), 0);
    client_close(&pending, false);
    client_close(&told, false);
    client_close(&holding, false);
    rig_stop_workers(&rig);
}

/* ---- the handshake ---- */

static SSL_CTX *context(int version_min, int version_max)
{
    SSL_CTX *ctx = SSL_CTX_new(TLS_client_method());

    cr_assert_not_null(ctx);
    SSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_security_level(ctx, 0); /* or the client itself would refuse to try 1.0 */
    cr_assert_eq(SSL_CTX_set_min_proto_version(ctx, version_min), 1);
    cr_assert_eq(SSL_CTX_set_max_proto_version(ctx, version_max), 1);
    return ctx;
}

Test(life, tls_is_1_2_or_newer)
{
    static const struct {
        int version;
        bool good;
    } cases[] = {
        {TLS1_VERSION, false},
        {TLS1_1_VERSION, false},
        {TLS1_2_VERSION, true},
        {TLS1_3_VERSION, true},
    };
    struct http_options o;
    struct rig rig;
    struct reply r = {0};

    rig_options(&rig, &o);
    rig_make_tls(&rig, &o);
    rig_start(&rig, &o);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct client c;
        bool opened;

        ERR_clear_error();
        opened = client_open_tls(&c, http_server_port(rig.server),
                                 context(cases[i].version, cases[i].version), NULL);
        cr_assert_eq(opened, cases[i].good, "%x", (unsigned)cases[i].version);
        if (!opened) {
            /* The server's own word, not a client that would not try. */
            cr_assert_eq(ERR_GET_REASON(ERR_peek_error()), SSL_R_TLSV1_ALERT_PROTOCOL_VERSION);
            continue;
        }
        cr_assert_eq(SSL_version(c.ssl), cases[i].version);
        cr_assert(client_ask(&c, "GET /hello" H "\r\n", &r));
        cr_assert(reply_body_is(&r, "hello"));
        client_close(&c, false);
    }
    ERR_clear_error();
    reply_fini(&r);
    rig_stop(&rig);
}

Test(life, ciphers_without_forward_secrecy_or_authentication_are_refused)
{
    static const struct {
        const char *cipher;
        bool good;
    } cases[] = {
        {"ECDHE-ECDSA-AES128-GCM-SHA256", true},
        {"ECDHE-ECDSA-CHACHA20-POLY1305", true},
        {"ECDHE-ECDSA-AES128-SHA", false},
        {"ECDHE-ECDSA-AES256-SHA384", false},
        {"AES128-GCM-SHA256", false},
        {"ECDHE-ECDSA-NULL-SHA", false},
    };
    struct http_options o;
    struct rig rig;

    rig_options(&rig, &o);
    rig_make_tls(&rig, &o);
    rig_start(&rig, &o);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        SSL_CTX *ctx = context(TLS1_2_VERSION, TLS1_2_VERSION);
        struct client c;
        bool opened;

        cr_assert_eq(SSL_CTX_set_cipher_list(ctx, cases[i].cipher), 1, "%s", cases[i].cipher);
        opened = client_open_tls(&c, http_server_port(rig.server), ctx, NULL);
        cr_assert_eq(opened, cases[i].good, "%s", cases[i].cipher);
        if (opened)
            client_close(&c, false);
    }
    ERR_clear_error();
    rig_stop(&rig);
}

/* Tickets are sealed by the one context of all loops: whichever loop takes the next connection, it
 * can open them. */
Test(life, a_tls_session_is_resumed_on_every_loop)
{
    enum { AGAIN = 40 };
    static const int versions[] = {TLS1_2_VERSION, TLS1_3_VERSION};
    struct http_options o;
    struct rig rig;
    struct reply r = {0};

    rig_options(&rig, &o);
    o.loops = 4;
    rig_make_tls(&rig, &o);
    rig_start(&rig, &o);
    for (size_t v = 0; v < 2; v++) {
        SSL_SESSION *session;
        struct client c;

        cr_assert(client_open_tls(&c, http_server_port(rig.server),
                                  context(versions[v], versions[v]), NULL));
        /* In 1.3 the ticket comes with what follows the handshake. */
        cr_assert(client_ask(&c, "GET /hello" H "\r\n", &r));
        cr_assert_not(SSL_session_reused(c.ssl));
        session = SSL_get1_session(c.ssl);
        cr_assert_not_null(session);
        client_close(&c, false);
        for (int i = 0; i < AGAIN; i++) {
            cr_assert(client_open_tls(&c, http_server_port(rig.server),
                                      context(versions[v], versions[v]), session));
            cr_assert(SSL_session_reused(c.ssl), "%x: %d", (unsigned)versions[v], i);
            cr_assert(client_ask(&c, "GET /hello" H "\r\n", &r));
            cr_assert(reply_body_is(&r, "hello"));
            client_close(&c, false);
        }
        SSL_SESSION_free(session);
    }
    reply_fini(&r);
    rig_stop(&rig);
}

Test(life, a_handshake_that_does_not_become_whole_ends_at_its_time)
{
    static const struct {
        const char *bytes;
        size_t len;
    } parts[] = {{"", 0}, {"\x16", 1}, {"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", 11}};
    enum { PARTS = sizeof parts / sizeof parts[0] };
    struct http_options o;
    struct http_counters n;
    struct rig rig;
    struct client c[PARTS];

    rig_options(&rig, &o);
    o.request_ms_max = SHORT_MS;
    rig_make_tls(&rig, &o);
    rig_start(&rig, &o);
    for (size_t i = 0; i < PARTS; i++) {
        cr_assert(client_open(&c[i], http_server_port(rig.server), false));
        cr_assert(client_send(&c[i], parts[i].bytes, parts[i].len));
    }
    for (size_t i = 0; i < PARTS; i++) {
        cr_assert(client_is_ended(&c[i]), "%zu", i);
        client_close(&c[i], false);
    }
    drained(&rig, &n, "TLS");
    cr_assert_eq(n.refused[HTTP_REFUSED_SLOW], PARTS);
    rig_stop(&rig);
}
