/* Keyring: the list of keys whose signatures count. Plain memory; any one thread. */
#include "question-bank/bank/keyring.h"

#include <string.h>

void keyring_fini(struct keyring *k)
{
    for (size_t i = 0; i < k->count; i++)
        public_key_free(k->entries[i].public_key);
    memset(k, 0, sizeof *k);
}

const struct keyring_entry *keyring_find(const struct keyring *k, const char *key_id)
{
    for (size_t i = 0; i < k->count; i++) {
        if (strcmp(public_key_id(k->entries[i].public_key), key_id) == 0)
            return &k->entries[i];
    }
    return NULL;
}
