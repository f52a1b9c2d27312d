/* What is derived from the site's secret, and names made of chance. Pure but for entropy handed in. */
#ifndef MINGFA_LIVE_SITE_H
#define MINGFA_LIVE_SITE_H

#include "question-bank/base/digest.h"
#include "question-bank/base/env.h"
#include "question-bank/base/err.h"

#include <stdint.h>

/* HKDF subkeys, one for each purpose. */
struct site_keys {
    struct digest token, activation, pseudonym, seal, back_off;
};

void site_keys_init(struct site_keys *k, const uint8_t site_secret[32]);
void site_keys_fini(struct site_keys *k);
/* docs/record-format.md §4. */
struct digest site_exam_pseudonym(const struct site_keys *k, const uint8_t exam_uuid[16],
                                  struct bytes number);
struct digest site_pseudonym(const struct site_keys *k, struct bytes number);
/* The stored form of an activation code, which is text in normal form, bound to its person. */
struct digest site_activation(const struct site_keys *k, struct bytes number, const char *code);
/* Seals 32 secret bytes for an exam and a purpose; opens them again. ERR_CRYPTO, ERR_NOMEM;
 * ERR_CORRUPT when opening. */
int site_seal(const struct site_keys *k, const struct env *env, const char *purpose,
              const uint8_t exam_uuid[16], const uint8_t secret[32], struct buf *out,
              struct err *err);
int site_unseal(const struct site_keys *k, const char *purpose, const uint8_t exam_uuid[16],
                struct bytes sealed, uint8_t out[32], struct err *err);
/* UUIDv7 (RFC 9562 §5.7). 0 or ERR_CRYPTO. */
int uuid_v7(const struct env *env, uint8_t out[16], struct err *err);
/* 16 characters of Crockford's base32 for 10 random bytes; and what a person typed in normal form
 * (upper case, O 0, I L 1, hyphens and spaces dropped): 0 or ERR_BAD_INPUT. */
enum { CODE_BYTES = 10, CODE_CHARS = 16 };
void code_write(const uint8_t random[CODE_BYTES], char out[CODE_CHARS + 1]);
int code_normal(struct bytes typed, char out[CODE_CHARS + 1]);

#endif
