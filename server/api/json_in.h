/* JSON in, strictly: what is not asked for is refused, and every refusal is a sentence that names
 * the member, what was found there and what was expected.
 *
 * A struct json_in is one object of the body; `parent` and `index` say where it stands, for
 * messages only. All functions return 0 or ERR_BAD_INPUT (those that parse or take text also
 * ERR_NOMEM); on error nothing is written to the outputs. Values of members whose name holds
 * "password", or is "code" or "share", are never repeated in a message, nor is any of a body that is
 * not JSON. Thread: reentrant. */
#ifndef MINGFA_API_JSON_IN_H
#define MINGFA_API_JSON_IN_H

#include "question-bank/base/arena.h"
#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

enum { JSON_IN_DEPTH_MAX = 8, JSON_IN_AT_BYTES_MAX = 120 };

struct json_in {
    const json_t *object;
    const char *parent; /* "" for the body itself; else the member it stands in */
    int64_t index;      /* of an element of an array; -1 elsewhere */
};

/* Parses a body that must be an object: no member twice, no deeper than JSON_IN_DEPTH_MAX, UTF-8,
 * nothing behind it. *out: new reference. */
int json_in_parse(struct bytes body, json_t **out, struct err *err);
/* The body; json must be an object. */
struct json_in json_in_body(const json_t *json);
/* Refuses members that are not among names[count]. */
int json_in_members(const struct json_in *in, const char *const *names, size_t count,
                    struct err *err);
/* The text of a string member, min to max bytes, NFC (what is not is brought to it), without NUL.
 * Borrowed from the JSON or put into arena. */
int json_in_text(const struct json_in *in, const char *name, size_t min, size_t max,
                 struct arena *arena, struct bytes *out, struct err *err);
/* As above, as it was sent: passwords. */
int json_in_secret(const struct json_in *in, const char *name, size_t min, size_t max,
                   struct bytes *out, struct err *err);
int json_in_int(const struct json_in *in, const char *name, int64_t min, int64_t max, int64_t *out,
                struct err *err);
int json_in_bool(const struct json_in *in, const char *name, bool *out, struct err *err);
/* 2 * len lower-case hexadecimal digits. */
int json_in_hex(const struct json_in *in, const char *name, uint8_t *out, size_t len,
                struct err *err);
/* One of choices[count]: its index. */
int json_in_choice(const struct json_in *in, const char *name, const char *const *choices,
                   size_t count, size_t *out, struct err *err);
/* An array of min to max elements. */
int json_in_array(const struct json_in *in, const char *name, size_t min, size_t max,
                  const json_t **out, struct err *err);
int json_in_object(const struct json_in *in, const char *name, struct json_in *out,
                   struct err *err);
/* Element `index` of an array under `name`, which must be an object. */
int json_in_element(const json_t *array, const char *name, size_t index, struct json_in *out,
                    struct err *err);
/* Element `index` of an array of texts. */
int json_in_element_text(const json_t *array, const char *name, size_t index, size_t max,
                         struct arena *arena, struct bytes *out, struct err *err);
/* A civil date, "2026-11-24". */
int json_in_date(const struct json_in *in, const char *name, struct bytes *out, struct err *err);

/* "responses[3].value": where the member stands. */
void json_in_at(const struct json_in *in, const char *name, char out[JSON_IN_AT_BYTES_MAX]);
/* ERR_BAD_INPUT: at the member stands something else than `msg` says. msg: {0} where, {1} what was
 * found, {2} and {3} as given. */
int json_in_refuse(const struct json_in *in, const char *name, const struct msg *msg,
                   const char *a2, const char *a3, struct err *err);

#endif
