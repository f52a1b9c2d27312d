/* The built pages: types, validators, what a browser is told, and that nothing outside the folder is
 * ever served. */
#include "server/http/assets.h"
#include "tests/unit/http/rig.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define H " HTTP/1.1\r\nHost: x\r\n"

TestSuite(assets, .timeout = 120);

enum { PATH_BYTES = RIG_PATH_BYTES * 2 };

static const char index_text[] = "<!doctype html><title>明法</title>";
static const char secret_text[] = "nobody may read this";

static const struct {
    const char *name, *text, *content_type;
} files[] = {
    {"index.html", index_text, "text/html; charset=utf-8"},
    {"favicon.ico", "icon", "image/x-icon"},
    {"manifest.webmanifest", "{}", "application/manifest+json"},
    {"plain", "no suffix", "application/octet-stream"},
    {"robots.txt", "User-agent: *", "text/plain; charset=utf-8"},
    {"assets/app-1a2b.js", "let x = 1;", "text/javascript; charset=utf-8"},
    {"assets/app-1a2b.css", "p { }", "text/css; charset=utf-8"},
    {"assets/logo.svg", "<svg/>", "image/svg+xml"},
    {"assets/font.woff2", "font", "font/woff2"},
    {"assets/empty.json", "", "application/json"},
};
enum { FILES = sizeof files / sizeof files[0] };

static const char *const app_paths[] = {"/exam/", "/office/", NULL};

/* web/ with the files, and beside it what must stay hidden. Starts the server on it. */
static struct assets *start(struct rig *rig, bool tls)
{
    struct http_options o;
    struct assets *assets = NULL;
    char path[PATH_BYTES];
    char target[PATH_BYTES];

    rig_options(rig, &o);
    for (size_t i = 0; i < FILES; i++) {
        snprintf(path, sizeof path, "web/%s", files[i].name);
        rig_file(rig, path, files[i].text);
    }
    rig_file(rig, "secret", secret_text);
    rig_file(rig, "web/.env", secret_text);
    rig_file(rig, "web/.git/config", secret_text);
    snprintf(target, sizeof target, "%s/secret", rig_folder(rig));
    snprintf(path, sizeof path, "%s/web/link", rig_folder(rig));
    cr_assert_eq(symlink(target, path), 0);
    snprintf(path, sizeof path, "%s/web/up", rig_folder(rig));
    cr_assert_eq(symlink("..", path), 0);
    if (tls)
        rig_make_tls(rig, &o);
    snprintf(path, sizeof path, "%s/web", rig_folder(rig));
    cr_assert_eq(assets_open(path, app_paths, &assets, NULL), 0);
    o.assets = assets;
    rig_start(rig, &o);
    return assets;
}

static void stop(struct rig *rig, struct assets *assets, struct reply *r)
{
    reply_fini(r);
    rig_stop(rig);
    assets_free(assets);
}

static void get(struct rig *rig, const char *target, const char *headers, struct reply *r)
{
    char request[1024];

    snprintf(request, sizeof request, "GET %s" H "%s\r\n", target, headers);
    rig_ask(rig, request, r);
}

Test(assets, each_file_has_its_type_bytes_and_validator)
{
    struct rig rig;
    struct reply r = {0};
    struct assets *assets = start(&rig, false);

    cr_assert_eq(assets_count(assets), FILES);
    for (size_t i = 0; i < FILES; i++) {
        bool immutable = strncmp(files[i].name, "assets/", 7) == 0;
        char target[256];
        char etag[REPLY_HEADER_BYTES_MAX];

        snprintf(target, sizeof target, "/%s", files[i].name);
        get(&rig, target, "", &r);
        cr_assert_eq(r.status, 200, "%s", target);
        cr_assert(reply_body_is(&r, files[i].text), "%s", target);
        cr_assert(reply_header_is(&r, "Content-Type", files[i].content_type), "%s", r.head);
        cr_assert(reply_header_is(&r, "Cache-Control",
                                  immutable ? "public, max-age=31536000, immutable" : "no-cache"),
                  "%s", r.head);
        cr_assert(reply_header(&r, "ETag", etag));
        cr_assert_eq(strlen(etag), 66);
        cr_assert(etag[0] == '"' && etag[65] == '"');
    }
    /* A query is the page's own business. */
    get(&rig, "/robots.txt?v=2", "", &r);
    cr_assert(reply_body_is(&r, "User-agent: *"));
    rig_ask(&rig, "HEAD /assets/logo.svg" H "\r\n", &r);
    cr_assert_eq(r.status, 200);
    cr_assert(reply_header_is(&r, "Content-Length", "6"));
    stop(&rig, assets, &r);
}

Test(assets, what_the_browser_has_already_gets_304)
{
    struct rig rig;
    struct reply r = {0};
    struct assets *assets = start(&rig, false);
    char etag[REPLY_HEADER_BYTES_MAX];
    char header[REPLY_HEADER_BYTES_MAX * 2];
    static const struct {
        const char *format;
        int status;
    } cases[] = {
        {"If-None-Match: %s\r\n", 304},
        {"If-None-Match: W/%s\r\n", 304},
        {"If-None-Match: \"other\", %s\r\n", 304},
        {"If-None-Match: *\r\n", 304},
        {"If-None-Match: \"other\"\r\n", 200},
        {"If-None-Match: \r\n", 200},
        {"", 200},
    };

    get(&rig, "/index.html", "", &r);
    cr_assert(reply_header(&r, "ETag", etag));
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(header, sizeof header, cases[i].format, etag);
#pragma GCC diagnostic pop
        get(&rig, "/index.html", header, &r);
        cr_assert_eq(r.status, cases[i].status, "%s: %d", header, r.status);
        cr_assert(reply_header_is(&r, "ETag", etag), "%s", r.head);
        cr_assert(reply_header_is(&r, "Cache-Control", "no-cache"), "%s", r.head);
        cr_assert(reply_body_is(&r, cases[i].status == 200 ? index_text : ""));
    }
    /* The same bytes have the same validator, others another. */
    get(&rig, "/", "", &r);
    cr_assert(reply_header_is(&r, "ETag", etag));
    get(&rig, "/robots.txt", "", &r);
    cr_assert_not(reply_header_is(&r, "ETag", etag));
    stop(&rig, assets, &r);
}

Test(assets, the_index_answers_for_the_root_and_the_pages_of_the_application_alone)
{
    static const struct {
        const char *target;
        int status;
    } cases[] = {
        {"/", 200},       {"/exam/", 200},  {"/exam/2026/paper", 200}, {"/office/units", 200},
        {"/exam", 404},   {"/other/", 404}, {"/assets/", 404},         {"/assets/gone.js", 404},
        {"/examine", 404}};
    struct rig rig;
    struct reply r = {0};
    struct assets *assets = start(&rig, false);

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        get(&rig, cases[i].target, "", &r);
        if (cases[i].status == 200) {
            cr_assert_eq(r.status, 200, "%s: %d", cases[i].target, r.status);
            cr_assert(reply_body_is(&r, index_text), "%s", cases[i].target);
            cr_assert(reply_header_is(&r, "Content-Type", "text/html; charset=utf-8"));
        } else {
            cr_assert(reply_is_problem(&r, 404, "path-not-found"), "%s", cases[i].target);
        }
    }
    /* Operations come first, and pages are only read. */
    get(&rig, "/hello", "", &r);
    cr_assert(reply_body_is(&r, "hello"));
    rig_ask(&rig, "DELETE /index.html" H "\r\n", &r);
    cr_assert(reply_is_problem(&r, 405, "method-not-allowed"));
    cr_assert(reply_header_is(&r, "Allow", "GET, HEAD"), "%s", r.head);
    rig_ask(&rig, "BREW /exam/2026" H "\r\n", &r);
    cr_assert(reply_is_problem(&r, 405, "method-not-allowed"));
    cr_assert(reply_header_is(&r, "Allow", "GET, HEAD"), "%s", r.head);
    rig_ask(&rig, "DELETE /gone" H "\r\n", &r);
    cr_assert(reply_is_problem(&r, 404, "path-not-found"));
    stop(&rig, assets, &r);
}

Test(assets, nothing_but_the_files_of_the_folder_is_served)
{
    static const char *const targets[] = {
        "/../secret",
        "/../../../../../../etc/passwd",
        "/assets/../../secret",
        "/assets/..%2f..%2fsecret",
        "/%2e%2e/secret",
        "/..%2fsecret",
        "/..%5csecret",
        "/..\\secret",
        "//secret",
        "/./index.html",
        "/assets//logo.svg",
        "/assets/logo.svg/",
        "/index.html%00.js",
        "/index.html%20",
        "/INDEX.HTML",
        "/%69ndex.html",
        "/.env",
        "/.git/config",
        "/link",
        "/up/secret",
        "/web/index.html",
    };
    struct rig rig;
    struct reply r = {0};
    struct assets *assets = start(&rig, false);

    for (size_t i = 0; i < sizeof targets / sizeof targets[0]; i++) {
        get(&rig, targets[i], "", &r);
        cr_assert(reply_is_problem(&r, 404, "path-not-found"), "%s", targets[i]);
        cr_assert_null(strstr(buf_text(&r.body), secret_text), "%s", targets[i]);
    }
    /* Below the application's paths it is the index, and nothing else. */
    get(&rig, "/exam/../../secret", "", &r);
    cr_assert(reply_body_is(&r, index_text));
    stop(&rig, assets, &r);
}

Test(assets, pages_tell_the_browser_to_load_nothing_from_elsewhere)
{
    for (int tls = 0; tls < 2; tls++) {
        struct rig rig;
        struct reply r = {0};
        struct assets *assets = start(&rig, tls != 0);
        char text[REPLY_HEADER_BYTES_MAX];

        get(&rig, "/exam/1", "", &r);
        cr_assert(reply_body_is(&r, index_text));
        cr_assert(reply_header(&r, "Content-Security-Policy", text));
        cr_assert_not_null(strstr(text, "default-src 'self'"));
        cr_assert_not_null(strstr(text, "frame-ancestors 'none'"));
        cr_assert_not_null(strstr(text, "object-src 'none'"));
        cr_assert_null(strstr(text, "unsafe"));
        cr_assert(reply_header_is(&r, "X-Content-Type-Options", "nosniff"));
        cr_assert(reply_header_is(&r, "X-Frame-Options", "DENY"));
        cr_assert(reply_header_is(&r, "Referrer-Policy", "no-referrer"));
        cr_assert(reply_header_is(&r, "Cross-Origin-Opener-Policy", "same-origin"));
        /* Plain HTTP is only for this machine, which must not be told to use TLS from now on. */
        cr_assert_eq(reply_header(&r, "Strict-Transport-Security", text), tls != 0);
        stop(&rig, assets, &r);
    }
}

Test(assets, a_folder_that_cannot_be_served_is_named)
{
    struct rig rig;
    struct http_options o;
    struct assets *assets = NULL;
    struct err err = {0};
    char path[PATH_BYTES];
    char text[ERR_TEXT_BYTES_MAX];
    char expected[ERR_TEXT_BYTES_MAX];

    rig_options(&rig, &o);
    snprintf(path, sizeof path, "%s/gone", rig_folder(&rig));
    cr_assert_eq(assets_open(path, NULL, &assets, &err), ERR_NOT_FOUND);
    err_text(&err, LANG_EN, text, sizeof text);
    snprintf(expected, sizeof expected,
             "Cannot read the asset directory %s: No such file or directory.", path);
    cr_assert_str_eq(text, expected);
    err_text(&err, LANG_ZH, text, sizeof text);
    snprintf(expected, sizeof expected, "无法读取网页文件目录 %s：No such file or directory。",
             path);
    cr_assert_str_eq(text, expected);
    rig_file(&rig, "file", "x");
    snprintf(path, sizeof path, "%s/file", rig_folder(&rig));
    cr_assert_eq(assets_open(path, NULL, &assets, &err), ERR_IO);
    /* An empty folder serves nothing, also not at the root. */
    snprintf(path, sizeof path, "%s/empty", rig_folder(&rig));
    cr_assert_eq(mkdir(path, 0700), 0);
    cr_assert_eq(assets_open(path, app_paths, &assets, &err), 0);
    cr_assert_eq(assets_count(assets), 0);
    assets_free(assets);
    /* One folder deeper than is allowed. */
    assets = NULL;
    for (int i = 0; i <= ASSETS_DEPTH_MAX; i++) {
        size_t len = strlen(path);

        snprintf(path + len, sizeof path - len, "/d");
        cr_assert_eq(mkdir(path, 0700), 0);
    }
    snprintf(path, sizeof path, "%s/empty", rig_folder(&rig));
    cr_assert_eq(assets_open(path, NULL, &assets, &err), ERR_LIMIT);
    cr_assert_null(assets);
    assets_free(NULL);
    rig_stop(&rig);
}
