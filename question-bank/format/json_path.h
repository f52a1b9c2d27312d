/* Strict reading of JSON documents that people write: every member is expected, and every mistake
 * is named by its path, such as $.cells[3].count. Internal to format/. Thread: any. */
#ifndef MINGFA_FORMAT_JSON_PATH_H
#define MINGFA_FORMAT_JSON_PATH_H

#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <jansson.h>

enum { JSON_PATH_BYTES_MAX = 120 };

/* path.name, cut where it is too long. */
void json_path_join(char out[JSON_PATH_BYTES_MAX], const char *path, const char *name);
/* Why jansson gave up, in words of our own. */
const struct err_word *json_path_reason(const json_error_t *e);
/* Parses; members that stand twice are refused. The reference is the caller's. */
int json_path_parse(struct bytes text, json_t **out, struct err *err);
/* ERR_BAD_INPUT: at `path`, value (NULL: nothing) stands, `expected` should: a text that reads the
 * same in both languages. */
int json_path_error(const char *path, const json_t *value, const char *expected, struct err *err);
/* The same with words; `limit` (or NULL) is {2} in them. */
int json_path_expect(const char *path, const json_t *value, const struct err_word *expected,
                     const char *limit, struct err *err);
/* value must be an object whose members are all among names[count]. */
int json_path_members(const json_t *value, const char *path, const char *const *names, size_t count,
                      struct err *err);
/* Member `name` as text of 1…max bytes, NFC. Borrowed from value. */
int json_path_text(const json_t *value, const char *path, const char *name, size_t max,
                   struct bytes *out, struct err *err);
/* Member `name` as an integer of min…max. */
int json_path_int(const json_t *value, const char *path, const char *name, int64_t min, int64_t max,
                  int64_t *out, struct err *err);
/* Member `name` as an array of at most max elements; may be absent if !needed (*out NULL). */
int json_path_array(const json_t *value, const char *path, const char *name, size_t max,
                    bool needed, const json_t **out, struct err *err);

#endif
