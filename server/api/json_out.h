/* JSON out, written straight into a buf: no tree, one pass.
 *
 * Members and elements are appended in the order of the calls; commas and closing brackets are the
 * writer's. A failed allocation sticks to the buf (buf_error), and what is nested deeper than
 * JSON_OUT_DEPTH_MAX is a mistake of ours (asserted). Text must be UTF-8.
 *
 * `name` is the member's name within an object and NULL within an array or at the top; names are
 * ours and need no escaping. Thread: reentrant. */
#ifndef MINGFA_API_JSON_OUT_H
#define MINGFA_API_JSON_OUT_H

#include "question-bank/base/bytes.h"
#include "question-bank/base/digest.h"

#include <stdbool.h>
#include <stdint.h>

enum { JSON_OUT_DEPTH_MAX = 12, UUID_TEXT_BYTES = 37 };

struct json_out {
    struct buf *out; /* borrowed */
    char closers[JSON_OUT_DEPTH_MAX];
    unsigned depth;
    bool comma; /* something stands before on this level */
};

void json_out_init(struct json_out *w, struct buf *out);
void json_out_object(struct json_out *w, const char *name);
void json_out_array(struct json_out *w, const char *name);
/* Ends the innermost object or array. */
void json_out_end(struct json_out *w);

void json_out_text(struct json_out *w, const char *name, struct bytes text);
void json_out_string(struct json_out *w, const char *name, const char *text); /* NULL: "" */
void json_out_int(struct json_out *w, const char *name, int64_t value);
/* null where value < 0: a share without a denominator. */
void json_out_share(struct json_out *w, const char *name, int64_t value);
void json_out_bool(struct json_out *w, const char *name, bool value);
void json_out_null(struct json_out *w, const char *name);
void json_out_digest(struct json_out *w, const char *name, const struct digest *d); /* hex */
void json_out_uuid(struct json_out *w, const char *name, const uint8_t uuid[16]);
/* JSON that is already written. */
void json_out_raw(struct json_out *w, const char *name, struct bytes json);

/* "018f…-…": RFC 9562 §4, lower case. uuid_parse: 0 or ERR_BAD_INPUT. */
void uuid_text(const uint8_t uuid[16], char out[UUID_TEXT_BYTES]);
int uuid_parse(const char *text, uint8_t out[16]);

#endif
