/* A map from digests to small numbers: open addressing, grows, never forgets. The digests are
 * uniform (they come from keyed hashes), so their first bytes are the hash. One owner. */
#ifndef MINGFA_LIVE_DIGEST_MAP_H
#define MINGFA_LIVE_DIGEST_MAP_H

#include "question-bank/base/digest.h"
#include "question-bank/base/err.h"

#include <stddef.h>
#include <stdint.h>

/* Zeroed is empty. */
struct digest_map {
    struct digest *digests;
    uint32_t *values; /* 0: free */
    size_t cap, count;
};

/* The value, or 0: not there. */
uint32_t digest_map_get(const struct digest_map *m, const struct digest *d);
/* The place of the value, made with 0 if it was not there; to be set to non-zero, and good until the
 * next call. NULL without memory. */
uint32_t *digest_map_at(struct digest_map *m, const struct digest *d);
void digest_map_fini(struct digest_map *m);

#endif
