/* The strict gate: reads the raw bytes of a request's header block before evhttp parses them.
 *
 * Refuses the shapes by which a proxy and a server can come to disagree where a request ends: bare
 * CR or LF, folded lines, white space before the colon, more than one Content-Length or Host,
 * Transfer-Encoding beside a Content-Length, a body where evhttp would not read one, absolute
 * targets, control bytes. Sources: RFC 9112 §2-§6, §11.2.
 * Transfer-Encoding alone is refused too (411): evhttp reads chunk sizes leniently, and no client of
 * ours sends any. Counts the bytes of the block against a maximum. A fault stays until gate_init.
 *
 * Thread: reentrant; a gate belongs to one connection. */
#ifndef MINGFA_HTTP_GATE_H
#define MINGFA_HTTP_GATE_H

#include "server/http/http.h"

enum {
    GATE_METHOD_BYTES = 16,
    GATE_NAME_BYTES = 24,
    GATE_VALUE_BYTES = 192, /* a whole "Bearer" and token */
    GATE_PATH_BYTES = 192,
};

enum gate_fault { GATE_FINE = 0, GATE_MALFORMED, GATE_TOO_LONG, GATE_LENGTH_REQUIRED };

enum gate_state {
    GATE_METHOD = 0,
    GATE_TARGET,
    GATE_VERSION,
    GATE_LINE_LF, /* behind the CR of the request line */
    GATE_NAME_FIRST,
    GATE_NAME,
    GATE_VALUE,
    GATE_VALUE_LF,
    GATE_END_LF,
    GATE_DONE, /* the block is complete; what follows is body */
};

/* Embedded by value. */
struct gate {
    enum gate_state state;
    enum gate_fault fault;
    size_t bytes;
    size_t bytes_max;
    enum http_method method;
    bool http_1_0;
    bool has_content_length;
    bool has_transfer_encoding;
    bool has_host;
    bool has_authorization;
    bool in_query;
    uint64_t content_length;
    enum lang lang;
    size_t path_len; /* GATE_PATH_BYTES + 1: longer than what is kept */
    size_t name_len;
    size_t value_len;                        /* may be more than what is kept */
    char method_text[GATE_METHOD_BYTES + 1]; /* as sent; cut if it is longer */
    char path[GATE_PATH_BYTES];
    char name[GATE_NAME_BYTES]; /* lower case; the method and the version too */
    char value[GATE_VALUE_BYTES];
    char authorization[GATE_VALUE_BYTES + 1]; /* the first one's value; "" none, or too long */
};

void gate_init(struct gate *g, size_t bytes_max);
/* Takes the next bytes of the connection. Returns how many belonged to the header block; after a
 * fault or GATE_DONE: 0. */
size_t gate_feed(struct gate *g, const uint8_t *data, size_t len);
/* The path is known (or known to be too long to keep). */
bool gate_has_path(const struct gate *g);

#endif
