/* Signing keys, signatures and sealed secrets.
 *
 * A signature is an envelope {alg, key id, signature} over a domain-separated message:
 * "mingfa/" purpose "/v1\n" | message. Verification uses the algorithm of the *key* that the
 * keyring names for that id; an envelope that claims another algorithm is refused.
 * SM2 signs over SM3 with the distinguishing id 1234567812345678 (GM/T 0009, GB/T 32918);
 * Ed25519 is RFC 8032. Key id = first 8 bytes of SHA-256(SubjectPublicKeyInfo DER), as 16 hex.
 * Private keys at rest: PKCS#8 in PEM, PBES2 with scrypt and AES-256-CBC (RFC 8018, RFC 7914).
 *
 * Sealing encrypts small secrets at rest with AES-256-GCM under a 32-byte key; form:
 * 0x01 | nonce(12) | ciphertext | tag(16), bound to the associated data.
 *
 * Thread: a signing_key or public_key is immutable and may be used by any thread. */
#ifndef MINGFA_BASE_SEAL_H
#define MINGFA_BASE_SEAL_H

#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <stddef.h>
#include <stdint.h>

enum seal_alg { SEAL_SM2 = 1, SEAL_ED25519 = 2 };
enum { SEAL_KEY_ID_CHARS = 16, SEAL_SIGNATURE_BYTES_MAX = 80, SEAL_PUBLIC_DER_BYTES_MAX = 160 };

/* Longest passphrase, key file, and secret (or associated data) to be sealed. */
enum {
    SEAL_PASSPHRASE_BYTES_MAX = 1024,
    SEAL_PEM_BYTES_MAX = 16384,
    SEALED_PLAIN_BYTES_MAX = 1 << 20
};

struct signing_key; /* private; wiped on free */
struct public_key;

struct signature {
    enum seal_alg alg;
    char key_id[SEAL_KEY_ID_CHARS + 1];
    uint8_t b[SEAL_SIGNATURE_BYTES_MAX];
    size_t len;
};

/* Fresh key pair; uses OpenSSL's generator. *out: caller's, signing_key_free. */
int signing_key_generate(enum seal_alg alg, struct signing_key **out, struct err *err);
/* PKCS#8 PEM, encrypted with passphrase (borrowed; empty refused), in about a fifth of a second on
 * purpose. Appends to pem. */
int signing_key_export(const struct signing_key *k, struct bytes passphrase, struct buf *pem,
                       struct err *err);
/* Never asks anybody for a passphrase. ERR_BAD_INPUT (no encrypted PKCS#8 PEM of a key of ours),
 * ERR_LIMIT, ERR_UNAUTHENTIC (the passphrase is another). */
int signing_key_import(struct bytes pem, struct bytes passphrase, struct signing_key **out,
                       struct err *err);
/* Borrowed public half; dies with k. */
const struct public_key *signing_key_public(const struct signing_key *k);
void signing_key_free(struct signing_key *k);

/* SubjectPublicKeyInfo, DER, in the one form that the key id is taken of: named curve, uncompressed
 * point, nothing behind. Else ERR_BAD_INPUT. */
int public_key_import(struct bytes der, struct public_key **out, struct err *err);
struct bytes public_key_der(const struct public_key *k); /* borrowed */
enum seal_alg public_key_alg(const struct public_key *k);
const char *public_key_id(const struct public_key *k); /* 16 hex characters */
void public_key_free(struct public_key *k);

/* purpose: e.g. "bank-manifest". */
int seal_sign(const struct signing_key *k, const char *purpose, struct bytes message,
              struct signature *out, struct err *err);
/* 0, or ERR_UNAUTHENTIC (wrong signature, wrong key id, wrong algorithm). */
int seal_verify(const struct public_key *k, const char *purpose, struct bytes message,
                const struct signature *sig, struct err *err);
const char *seal_alg_name(enum seal_alg alg);                 /* "sm2", "ed25519" */
int seal_alg_from_name(const char *name, enum seal_alg *alg); /* 0 or ERR_BAD_INPUT */

/* Encrypt / decrypt at rest, appended to out. `nonce` is 12 bytes the caller draws (env entropy),
 * never twice for one seal_key. ERR_LIMIT, ERR_NOMEM, ERR_CRYPTO. */
int secret_seal(const uint8_t seal_key[32], const uint8_t nonce[12], struct bytes aad,
                struct bytes plain, struct buf *out, struct err *err);
/* 0, or ERR_CORRUPT. */
int secret_open(const uint8_t seal_key[32], struct bytes aad, struct bytes sealed, struct buf *out,
                struct err *err);

#endif
