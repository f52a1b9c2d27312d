/* Keyring: whose signatures count (docs/bank-format.md §4).
 *
 * Plain records; the JSON form is read by question-bank/format/keyring_json.h. */
#ifndef MINGFA_BANK_KEYRING_H
#define MINGFA_BANK_KEYRING_H

#include "question-bank/base/err.h"
#include "question-bank/base/seal.h"

#include <stddef.h>

enum { KEYRING_KEYS_MAX = 64, KEYRING_NAME_BYTES_MAX = 96 };

enum keyring_role { KEYRING_CUSTODIAN = 1, KEYRING_AUTHOR, KEYRING_REVIEWER };

/* Civil dates as "YYYY-MM-DD"; revoked "" = not revoked. */
struct keyring_entry {
    struct public_key *public_key; /* owned by the keyring */
    char name[KEYRING_NAME_BYTES_MAX];
    enum keyring_role role;
    char valid_from[11];
    char valid_to[11];
    char revoked[11];
};

struct keyring {
    size_t quorum;
    struct keyring_entry entries[KEYRING_KEYS_MAX];
    size_t count;
};

/* Frees the public keys; *k is empty again. */
void keyring_fini(struct keyring *k);
/* The entry with that key id, or NULL. */
const struct keyring_entry *keyring_find(const struct keyring *k, const char *key_id);

#endif
