/* Deterministic CBOR (RFC 8949 §4.2.1): what Mingfa hashes and signs.
 *
 * Only this subset exists: unsigned integers, negative ones down to INT64_MIN, byte strings, text in
 * UTF-8 NFC, definite-length arrays, definite-length maps with unsigned integer keys in ascending
 * order, false, true and null. No floats, no tags, no indefinite lengths.
 *
 * Writing: low-level encoders append to a buf (sticky failure, check buf_error once).
 * Reading: a cursor over borrowed bytes. It refuses whatever would not be written the same way:
 * a head that is not the shortest, a text that is not NFC, keys out of order, trailing bytes.
 * Once an error occurred the cursor stays in error, so a series of reads needs one check at its
 * end (cbor_reader_error); values read after an error are zero / empty.
 *
 * Thread: reentrant. */
#ifndef MINGFA_BASE_CBOR_H
#define MINGFA_BASE_CBOR_H

#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { CBOR_DEPTH_MAX = 16 };

/* ---- writing ---- */
void cbor_write_uint(struct buf *b, uint64_t v);
void cbor_write_int(struct buf *b, int64_t v);
void cbor_write_bytes(struct buf *b, const void *data, size_t len);
/* Text must already be valid NFC (asserted in debug builds). */
void cbor_write_text(struct buf *b, const char *text, size_t len);
void cbor_write_bool(struct buf *b, bool v);
void cbor_write_null(struct buf *b);
void cbor_write_array(struct buf *b, uint64_t count); /* head; the elements follow */
void cbor_write_map(struct buf *b, uint64_t count); /* head; key, value, … follow, keys ascending */

/* ---- reading ---- */
enum cbor_kind {
    CBOR_END = 0, /* no more bytes, or the cursor is in error */
    CBOR_UINT,
    CBOR_NEGATIVE,
    CBOR_BYTES,
    CBOR_TEXT,
    CBOR_ARRAY,
    CBOR_MAP,
    CBOR_BOOL,
    CBOR_NULL,
};

struct cbor_reader {
    struct bytes all; /* borrowed */
    size_t pos;
    int depth;
    int code;      /* 0, or ERR_CORRUPT */
    size_t bad_at; /* offset where the first error was found */
};

/* An iteration over a map's entries: keys must ascend; unknown keys are the caller's business. */
struct cbor_map {
    uint64_t left;
    uint64_t last_key;
    bool first;
};

void cbor_reader_init(struct cbor_reader *r, struct bytes all);
enum cbor_kind cbor_peek(const struct cbor_reader *r);
uint64_t cbor_read_uint(struct cbor_reader *r);
int64_t cbor_read_int(struct cbor_reader *r);
struct bytes cbor_read_bytes(struct cbor_reader *r); /* borrowed from r->all */
struct bytes cbor_read_text(struct cbor_reader *r);  /* borrowed; valid UTF-8, NFC */
/* A byte string of exactly len bytes copied to out. */
void cbor_read_fixed(struct cbor_reader *r, uint8_t *out, size_t len);
bool cbor_read_bool(struct cbor_reader *r);
void cbor_read_null(struct cbor_reader *r);
uint64_t cbor_read_array(struct cbor_reader *r);               /* element count */
void cbor_read_map(struct cbor_reader *r, struct cbor_map *m); /* head */
/* Next key of m into *key; false at the end of the map or on error. The caller must then read (or
 * cbor_skip) exactly one value. */
bool cbor_map_next(struct cbor_reader *r, struct cbor_map *m, uint64_t *key);
/* Skips one whole value, checking it; returns its bytes (borrowed). */
struct bytes cbor_skip(struct cbor_reader *r);
/* Marks the cursor as wrong here (a value that is well-formed but not acceptable). */
void cbor_fail(struct cbor_reader *r);
/* 0 if everything was read, well-formed and nothing is left; else ERR_CORRUPT. */
int cbor_reader_finish(struct cbor_reader *r);
int cbor_reader_error(const struct cbor_reader *r);

#endif
