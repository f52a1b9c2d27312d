/* Byte views and growable byte buffers.
 *
 * `struct bytes` borrows; `struct buf` owns. A buf remembers a failed allocation, so that a long
 * series of appends needs one check at its end (buf_error). Thread: reentrant, no sharing. */
#ifndef MINGFA_BASE_BYTES_H
#define MINGFA_BASE_BYTES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A borrowed run of bytes. `data` may be NULL only if `len` is 0. Not NUL-terminated. */
struct bytes {
    const uint8_t *data;
    size_t len;
};

/* A growable buffer. Zero-initialised is empty and valid. */
struct buf {
    uint8_t *data;
    size_t len;
    size_t cap;
    bool failed; /* an allocation failed; contents are incomplete */
};

struct bytes bytes_of(const void *data, size_t len);
struct bytes bytes_of_text(const char *text); /* without the NUL; NULL gives empty */
bool bytes_equal(struct bytes a, struct bytes b);
int bytes_compare(struct bytes a, struct bytes b); /* memcmp order, shorter first */

/* 0 or ERR_NOMEM (sticky in b->failed; further appends do nothing). */
int buf_append(struct buf *b, const void *data, size_t len);
int buf_append_text(struct buf *b, const char *text);
int buf_append_byte(struct buf *b, uint8_t byte);
/* printf into the buffer. */
int buf_printf(struct buf *b, const char *format, ...) __attribute__((format(printf, 2, 3)));
/* Room for `len` more bytes at b->data + b->len; the caller advances b->len. NULL on failure. */
uint8_t *buf_reserve(struct buf *b, size_t len);
struct bytes buf_view(const struct buf *b);
/* Ensures a NUL behind the contents (not counted in len) and returns them as text, or NULL. */
const char *buf_text(struct buf *b);
int buf_error(const struct buf *b); /* 0 or ERR_NOMEM */
void buf_clear(struct buf *b);      /* keeps the memory */
void buf_fini(struct buf *b);       /* frees; b is empty and valid again */

/* Lower-case hexadecimal. hex_encode writes 2*len characters and a NUL. hex_decode returns 0 or
 * ERR_BAD_INPUT and needs exactly 2*out_len characters. */
void hex_encode(char *out, const uint8_t *data, size_t len);
int hex_decode(uint8_t *out, size_t out_len, const char *text, size_t text_len);

/* base64url without padding (RFC 4648 §5). encode: out needs 4*((len+2)/3)+1 bytes, returns the
 * length. decode: *out_len in: capacity, out: length; 0 or ERR_BAD_INPUT (non-canonical refused). */
size_t base64url_encode(char *out, const uint8_t *data, size_t len);
int base64url_decode(uint8_t *out, size_t *out_len, const char *text, size_t text_len);

/* Big-endian integers. */
void u16be_write(uint8_t *out, uint16_t v);
void u32be_write(uint8_t *out, uint32_t v);
void u64be_write(uint8_t *out, uint64_t v);
uint32_t u32be_read(const uint8_t *in);
uint64_t u64be_read(const uint8_t *in);

#endif
