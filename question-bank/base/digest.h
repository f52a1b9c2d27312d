/* Digests and keyed digests: SHA-256 (bank, paper, draw) and the site's suite (SM3 or SHA-256).
 *
 * Sources: FIPS 180-4 (SHA-256), GB/T 32905-2016 (SM3), RFC 2104 (HMAC), RFC 5869 (HKDF).
 * All operations are by OpenSSL's EVP with fetched, cached methods; a failure inside OpenSSL
 * (only possible without memory or without the algorithm) aborts the process: a digest that
 * silently is not one would be worse. Thread: reentrant. */
#ifndef MINGFA_BASE_DIGEST_H
#define MINGFA_BASE_DIGEST_H

#include "question-bank/base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DIGEST_BYTES = 32, DIGEST_HEX_BYTES = 65 };

/* Both digests are 256 bits. */
struct digest {
    uint8_t b[DIGEST_BYTES];
};

enum digest_alg { DIGEST_SHA256 = 1, DIGEST_SM3 = 2 };

/* H of up to eight pieces, concatenated without separators. */
struct digest digest_of(enum digest_alg alg, const struct bytes *pieces, size_t count);
struct digest digest_of_bytes(enum digest_alg alg, struct bytes data);
/* SHA-256 of `tag` (its text without NUL) followed by the pieces: domain separation. */
struct digest digest_tagged(enum digest_alg alg, const char *tag, const struct bytes *pieces,
                            size_t count);
/* HMAC over the concatenated pieces. */
struct digest digest_hmac(enum digest_alg alg, struct bytes mac_key, const struct bytes *pieces,
                          size_t count);
/* HKDF-SHA256, one output block: a 32-byte subkey of `secret` for the purpose `info`. */
struct digest digest_derive(struct bytes secret, const char *info);
bool digest_equal(const struct digest *a, const struct digest *b); /* constant time */
bool digest_is_zero(const struct digest *d);
void digest_hex(const struct digest *d, char out[DIGEST_HEX_BYTES]);
int digest_from_hex(struct digest *d, const char *text, size_t len); /* 0 or ERR_BAD_INPUT */
struct bytes digest_view(const struct digest *d);

/* Constant-time comparison of equally long secrets, and a wipe that is not optimised away. */
bool secret_equal(const void *a, const void *b, size_t len);
void secret_wipe(void *p, size_t len);

/* Root of the Merkle tree over `count` leaves that are already leaf hashes (RFC 9162 §2.1.1 shape):
 * node = H(0x01 | left | right); the empty tree's root is H(""). */
struct digest merkle_root(enum digest_alg alg, const struct digest *leaves, size_t count);

#endif
