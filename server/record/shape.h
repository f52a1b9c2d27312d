/* Shapes: one table per payload says which keys it has, what they hold and where the value lies in
 * the plain struct; one encoder and one decoder walk the tables.
 *
 * Encoding checks the same limits as decoding, so that what was written can always be read again.
 * Decoding refuses a missing, unknown, misordered or over-long field and trailing bytes, naming
 * the event and the field. Pure. Thread: reentrant; tables are const. */
#ifndef MINGFA_RECORD_SHAPE_H
#define MINGFA_RECORD_SHAPE_H

#include "question-bank/base/arena.h"
#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <stddef.h>
#include <stdint.h>

enum field_kind {
    FIELD_ACTOR = 1,     /* uint8_t[32]; all zero stands for the server and is written empty */
    FIELD_FIXED,         /* uint8_t[max] (or struct digest) */
    FIELD_BYTES,         /* struct bytes, min..max */
    FIELD_TEXT,          /* struct bytes, NFC text without NUL, min..max bytes */
    FIELD_DATE,          /* struct bytes, civil date YYYY-MM-DD */
    FIELD_DATE_OR_EMPTY, /* the same, or "" */
    FIELD_U32,           /* uint32_t, min..max */
    FIELD_U64,           /* uint64_t, min..max */
    FIELD_I32,           /* int32_t, -1..max */
    FIELD_I64,           /* int64_t, min..max, not negative */
    FIELD_BOOL,          /* bool */
    FIELD_RESPONSES,     /* struct response_list, min..max entries */
    FIELD_AWARDS,        /* struct award_list, 0..max entries */
    FIELD_TEXTS,         /* struct text_list, 0..max entries of 1..FIELD_LIST_TEXT_BYTES_MAX */
    FIELD_MAP,           /* a struct in place, of the shape `inner` */
};

enum { FIELD_LIST_TEXT_BYTES_MAX = 240 };

struct shape;

struct field {
    uint8_t key;
    uint8_t kind; /* enum field_kind */
    uint16_t offset;
    uint64_t min, max;
    const struct shape *inner; /* FIELD_MAP */
    const char *name;          /* as in docs/record-format.md; for messages */
};

struct shape {
    const char *name;           /* of the event */
    const struct field *fields; /* keys ascending from 0 without a gap */
    size_t count;
};

/* Appends the map. ERR_LIMIT names the field that is beyond its limits; ERR_NOMEM. */
int shape_encode(const struct shape *shape, const void *object, struct buf *out, struct err *err);
/* Fills the struct; byte strings, texts (a NUL follows each) and arrays live in the arena.
 * ERR_CORRUPT names event and field; ERR_NOMEM. */
int shape_decode(const struct shape *shape, struct bytes raw, struct arena *arena, void *object,
                 struct err *err);

#endif
