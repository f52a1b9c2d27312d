/* Static files (assets.h): a sorted array of path and bytes, found by binary search. */
#include "server/http/assets.h"

#include "question-bank/base/digest.h"
#include "question-bank/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

static const struct msg msg_dir = {"assets-unreadable", "无法读取网页文件目录 {0}：{1}。",
                                   "Cannot read the asset directory {0}: {1}."};
static const struct msg msg_limit = {"assets-too-many", "目录 {0} 中的网页文件过多或过大。",
                                     "The asset directory {0} holds too much."};
static const struct msg msg_nomem = {"out-of-memory", "内存不足。", "Out of memory."};

/* Our own pages need nothing from elsewhere, and nobody may frame them. Inline styles: none. */
static const char csp[] = "default-src 'self'; img-src 'self' data:; object-src 'none'; "
                          "base-uri 'none'; form-action 'self'; frame-ancestors 'none'";

struct asset {
    char *path; /* "/assets/app-1a2b.js" */
    struct buf data;
    const char *content_type;
    char etag[DIGEST_HEX_BYTES + 2];
    bool immutable;
};

struct assets {
    const char *const *app_paths;
    size_t count;
    size_t bytes;
    struct asset *asset;
    const struct asset *index; /* "/index.html", or NULL */
};

static const char *content_type_of(const char *path)
{
    static const struct {
        const char *suffix;
        const char *type;
    } known[] = {
        {".html", "text/html; charset=utf-8"},
        {".js", "text/javascript; charset=utf-8"},
        {".mjs", "text/javascript; charset=utf-8"},
        {".css", "text/css; charset=utf-8"},
        {".json", "application/json"},
        {".map", "application/json"},
        {".webmanifest", "application/manifest+json"},
        {".svg", "image/svg+xml"},
        {".png", "image/png"},
        {".jpg", "image/jpeg"},
        {".webp", "image/webp"},
        {".ico", "image/x-icon"},
        {".woff2", "font/woff2"},
        {".wasm", "application/wasm"},
        {".txt", "text/plain; charset=utf-8"},
    };
    const char *dot = strrchr(path, '.');

    for (size_t i = 0; dot != NULL && i < sizeof known / sizeof known[0]; i++) {
        if (strcmp(dot, known[i].suffix) == 0)
            return known[i].type;
    }
    return "application/octet-stream";
}

static int asset_add(struct assets *a, const char *file, const char *path, const char *dir,
                     struct err *err)
{
    struct asset *bigger;
    struct asset *one;
    struct digest digest;
    int rc;

    if (a->count == ASSETS_FILES_MAX)
        return err_set(err, ERR_LIMIT, &msg_limit, dir, NULL, NULL, NULL);
    bigger = realloc(a->asset, (a->count + 1) * sizeof *bigger);
    if (bigger == NULL)
        return err_set(err, ERR_NOMEM, &msg_nomem, NULL, NULL, NULL, NULL);
    a->asset = bigger;
    one = &a->asset[a->count];
    memset(one, 0, sizeof *one);
    rc = file_read(file, ASSETS_BYTES_MAX - a->bytes, &one->data, err);
    if (rc == 0 && (one->path = strdup(path)) == NULL)
        rc = err_set(err, ERR_NOMEM, &msg_nomem, NULL, NULL, NULL, NULL);
    if (rc != 0) {
        buf_fini(&one->data);
        return rc;
    }
    digest = digest_of_bytes(DIGEST_SHA256, buf_view(&one->data));
    one->etag[0] = '"';
    digest_hex(&digest, one->etag + 1);
    strcat(one->etag, "\"");
    one->content_type = content_type_of(path);
    one->immutable = strncmp(path, "/assets/", 8) == 0;
    a->bytes += one->data.len;
    a->count++;
    return 0;
}

static int walk(struct assets *a, const char *dir, const char *prefix, unsigned depth,
                struct err *err)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    int rc = 0;

    if (d == NULL)
        return err_set(err, errno == ENOENT ? ERR_NOT_FOUND : ERR_IO, &msg_dir, dir,
                       strerror(errno), NULL, NULL);
    while (rc == 0 && (entry = readdir(d)) != NULL) {
        char file[1024];
        char path[512];
        struct stat st;
        bool fits =
            (size_t)snprintf(file, sizeof file, "%s/%s", dir, entry->d_name) < sizeof file &&
            (size_t)snprintf(path, sizeof path, "%s/%s", prefix, entry->d_name) < sizeof path;

        if (entry->d_name[0] == '.')
            continue;
        if (!fits)
            rc = err_set(err, ERR_LIMIT, &msg_limit, dir, NULL, NULL, NULL);
        else if (lstat(file, &st) != 0)
            rc = err_set(err, ERR_IO, &msg_dir, file, strerror(errno), NULL, NULL);
        else if (S_ISREG(st.st_mode))
            rc = asset_add(a, file, path, dir, err);
        else if (S_ISDIR(st.st_mode) && depth == ASSETS_DEPTH_MAX)
            rc = err_set(err, ERR_LIMIT, &msg_limit, dir, NULL, NULL, NULL);
        else if (S_ISDIR(st.st_mode))
            rc = walk(a, file, path, depth + 1, err);
    }
    closedir(d);
    return rc;
}

static int compare(const void *x, const void *y)
{
    return strcmp(((const struct asset *)x)->path, ((const struct asset *)y)->path);
}

static const struct asset *asset_find(const struct assets *a, const char *path)
{
    struct asset wanted = {.path = (char *)path};

    return a->count > 0 ? bsearch(&wanted, a->asset, a->count, sizeof wanted, compare) : NULL;
}

int assets_open(const char *dir, const char *const *app_paths, struct assets **out, struct err *err)
{
    struct assets *a = calloc(1, sizeof *a);
    int rc;

    if (a == NULL)
        return err_set(err, ERR_NOMEM, &msg_nomem, NULL, NULL, NULL, NULL);
    a->app_paths = app_paths;
    rc = walk(a, dir, "", 0, err);
    if (rc != 0) {
        assets_free(a);
        return rc;
    }
    if (a->count > 0)
        qsort(a->asset, a->count, sizeof *a->asset, compare);
    a->index = asset_find(a, "/index.html");
    *out = a;
    return 0;
}

void assets_free(struct assets *assets)
{
    if (assets == NULL)
        return;
    for (size_t i = 0; i < assets->count; i++) {
        free(assets->asset[i].path);
        buf_fini(&assets->asset[i].data);
    }
    free(assets->asset);
    free(assets);
}

size_t assets_count(const struct assets *assets)
{
    return assets->count;
}

static bool is_app_path(const struct assets *a, const char *path)
{
    for (const char *const *p = a->app_paths; p != NULL && *p != NULL; p++) {
        if (strncmp(path, *p, strlen(*p)) == 0)
            return true;
    }
    return false;
}

/* What answers at this path, or NULL. */
static const struct asset *asset_at(const struct assets *assets, const char *path)
{
    const struct asset *a = asset_find(assets, path);

    if (a == NULL && (strcmp(path, "/") == 0 || is_app_path(assets, path)))
        a = assets->index;
    return a;
}

bool assets_has(const struct assets *assets, const char *path)
{
    return asset_at(assets, path) != NULL;
}

/* If-None-Match is a list of tags, or '*'; weak ones compare equal (RFC 9110 §13.1.2). */
static bool etag_matches(const char *header, const char *etag)
{
    return header != NULL && (strcmp(header, "*") == 0 || strstr(header, etag) != NULL);
}

bool assets_serve(const struct assets *assets, struct http_request *req)
{
    const struct asset *a = asset_at(assets, req->path);

    if (a == NULL)
        return false;
    http_reply_header(req, "ETag", a->etag);
    http_reply_header(req, "Cache-Control",
                      a->immutable ? "public, max-age=31536000, immutable" : "no-cache");
    http_reply_header(req, "Content-Security-Policy", csp);
    http_reply_header(req, "Referrer-Policy", "no-referrer");
    http_reply_header(req, "X-Frame-Options", "DENY");
    http_reply_header(req, "Cross-Origin-Opener-Policy", "same-origin");
    if (http_is_tls(req->server))
        http_reply_header(req, "Strict-Transport-Security", "max-age=31536000");
    if (etag_matches(http_header(req, "If-None-Match"), a->etag))
        http_reply(req, 304, NULL, bytes_of(NULL, 0));
    else
        http_reply_static(req, 200, a->content_type, buf_view(&a->data));
    return true;
}
