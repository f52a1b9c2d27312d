/* Routes: a const table of method and pattern, and strict decoding of what clients send.
 *
 * A pattern is "/seg/{name}/seg": literal segments and {parameters}, each a whole segment, at most
 * HTTP_PARAMS_MAX of them. Literal wins over parameter where both match, whatever the order of the
 * table. Percent-encoding in a parameter is decoded; an encoded '/', NUL or control byte, a bad
 * escape, and what is not UTF-8 are refused, never repaired.
 *
 * Thread: a table is immutable after route_table_new; all functions are reentrant. */
#ifndef MINGFA_HTTP_ROUTE_H
#define MINGFA_HTTP_ROUTE_H

#include "server/http/http.h"

struct route {
    enum http_method method; /* HTTP_GET also serves HEAD */
    const char *pattern;
    int operation; /* the handler's own number for it, e.g. a row of the permission table */
    /* Media types of the body, separated by spaces ("application/json", "text/csv"); a body of
     * another type gets 415. NULL: no body is expected, and any is refused with 413. An empty body
     * always passes: the handler says what it misses. */
    const char *accepts;
    size_t body_bytes_max; /* 0: the server's body_bytes_max */
    void (*handle)(void *arg, struct http_request *req);
};

enum {
    ROUTE_SEGMENTS_MAX = 12,
    ROUTE_PATH_BYTES_MAX = 1024, /* longer paths are not found */
};

struct route_table;

/* Checks the patterns. `routes` is borrowed for life. *out: caller's, route_table_free.
 * ERR_BAD_INPUT (pattern, or the same method and pattern twice), ERR_NOMEM. */
int route_table_new(const struct route *routes, size_t count, struct route_table **out,
                    struct err *err);
void route_table_free(struct route_table *table);

struct route_match {
    const struct route *route;
    struct http_pair param[HTTP_PARAMS_MAX]; /* names from the pattern, values in the arena */
    unsigned params;
    unsigned allowed; /* on a method mismatch: mask of enum http_method */
};

/* Finds the route of a raw path (no query). 0; ERR_NOT_FOUND (no such path); ERR_DENIED (path
 * known, method not: out->allowed is set); ERR_BAD_INPUT (malformed parameter); ERR_NOMEM. */
int route_find(const struct route_table *table, enum http_method method, struct bytes path,
               struct arena *arena, struct route_match *out);

/* The route that would serve it, without decoding; NULL if none. For limits, before the request
 * is complete. */
const struct route *route_peek(const struct route_table *table, enum http_method method,
                               struct bytes path);

/* Mask of the methods that the path has; 0: there is no such path. */
unsigned route_allowed(const struct route_table *table, struct bytes path);

/* "GET, HEAD, POST" for a mask, into out. Returns out. */
char *route_allow_text(unsigned mask, char out[64]);

/* Percent-decodes into the arena ('+' is a space if plus_is_space). ERR_BAD_INPUT: bad escape,
 * control byte (encoded or not), not UTF-8, or '/' where slash_allowed is false. ERR_NOMEM. */
int route_decode(struct bytes raw, bool plus_is_space, bool slash_allowed, struct arena *arena,
                 const char **out);

/* Decodes "a=1&b=2" (may be empty). Every pair needs a non-empty name that occurs once; at most
 * HTTP_QUERY_MAX pairs. ERR_BAD_INPUT, ERR_LIMIT, ERR_NOMEM. */
int route_query(struct bytes raw, struct arena *arena, struct http_pair **out, unsigned *count);

/* The language preferred by an Accept-Language value (RFC 9110 §12.5.4; NULL: Chinese). */
enum lang route_lang(const char *accept_language);

#endif
