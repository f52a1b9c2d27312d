/* A signed release of the bank: building, opening, verifying (docs/bank-format.md §3, §4).
 *
 * Pure: bytes in, bytes or structures out. A bank is immutable; any thread may read it. */
#ifndef MINGFA_BANK_RELEASE_H
#define MINGFA_BANK_RELEASE_H

#include "question-bank/bank/item.h"
#include "question-bank/bank/keyring.h"
#include "question-bank/base/seal.h"

enum { RELEASE_BYTES_MAX = 512 * 1024 * 1024, RELEASE_SIGNATURES_MAX = 64 };

struct release_law {
    struct bytes title;
    struct bytes version;  /* civil date "YYYY-MM-DD" */
    struct bytes in_force; /* civil date */
    struct digest text_digest;
};

struct manifest {
    struct bytes name;
    struct bytes created;  /* civil date "YYYY-MM-DD" */
    struct bytes law_date; /* civil date */
    uint64_t item_count;
    struct digest items_root;
    const struct release_law *laws;
    size_t laws_count;
    bool sample;
    uint64_t fold_version;
};

/* Encodes a release. Items must be sorted by id with salts set; item digests and the manifest's
 * count and root are computed here. Appends the file's bytes to out. */
int release_build(const struct manifest *head, const struct item_pool *pool, struct buf *out,
                  struct digest *release_digest, struct err *err);

struct bank;

/* A detached signature file (docs/bank-format.md §4): bytes, and the name used in messages. */
struct release_signature_file {
    struct bytes raw;
    const char *name;
};

/* Who signed; filled also when the quorum is missed, for people to read. */
struct release_signer {
    char key_id[SEAL_KEY_ID_CHARS + 1];
    char name[96];
    enum seal_alg alg;
    enum { SIGNER_COUNTS, SIGNER_UNKNOWN, SIGNER_NOT_VALID, SIGNER_REVOKED, SIGNER_ROLE } standing;
};

/* Opens without asking for signatures (mingfa-bank show, verify): structure, digests and root are
 * checked. raw is taken on success (the bank owns its memory; bytes are moved out of *raw). */
int release_open_unsigned(struct buf *raw, struct bank **out, struct err *err);

/* As above, and needs a quorum of the keyring over the manifest. On failure nothing is taken.
 * signers (capacity RELEASE_SIGNATURES_MAX, may be NULL) and *signers_count tell who signed. */
int release_open(struct buf *raw, const struct release_signature_file *signatures, size_t count,
                 const struct keyring *keyring, struct release_signer *signers,
                 size_t *signers_count, struct bank **out, struct err *err);

/* Signs a bank's manifest; appends the signature file's bytes. */
int release_sign(const struct bank *bank, const struct signing_key *signing_key, struct buf *out,
                 struct err *err);

/* Borrowed from the bank. */
const struct item_pool *bank_pool(const struct bank *bank);
const struct manifest *bank_manifest(const struct bank *bank);
const struct digest *bank_digest(const struct bank *bank); /* the release digest */
void bank_free(struct bank *bank);

#endif
