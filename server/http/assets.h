/* Static files: one directory, read into memory at start, served with validators.
 *
 * The directory tree is walked once; each file keeps its bytes, ETag (SHA-256) and media type.
 * index.html also answers for "/" and for every path below the given prefixes that has no file
 * (a single-page application's own routes). Files below /assets/ carry a digest in their names and
 * may be cached for ever; all others are revalidated. Every reply carries the security headers.
 *
 * Thread: immutable after assets_open; any thread reads. */
#ifndef MINGFA_HTTP_ASSETS_H
#define MINGFA_HTTP_ASSETS_H

#include "server/http/http.h"

enum {
    ASSETS_FILES_MAX = 4096,
    ASSETS_BYTES_MAX = 256 * 1024 * 1024,
    ASSETS_DEPTH_MAX = 8,
};

struct assets;

/* Reads `dir`. Names beginning with '.' are left out, links are not followed. `app_paths`: borrowed
 * for life, NULL-terminated list of prefixes such as "/exam/" that get index.html; NULL: none.
 * *out: caller's. ERR_IO, ERR_NOT_FOUND, ERR_LIMIT, ERR_NOMEM. */
int assets_open(const char *dir, const char *const *app_paths, struct assets **out,
                struct err *err);
void assets_free(struct assets *assets);
size_t assets_count(const struct assets *assets);

/* Is there a file, or a page of the application, at this path? */
bool assets_has(const struct assets *assets, const char *path);

/* Replies with the file of the request's path (200, or 304 by If-None-Match) and returns true; or
 * returns false, and the request stays the caller's. GET and HEAD only. Loop thread. */
bool assets_serve(const struct assets *assets, struct http_request *req);

#endif
