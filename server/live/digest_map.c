/* Digest map: linear probing, at most half full. Fails only without memory. */
#include "server/live/digest_map.h"

#include <stdlib.h>
#include <string.h>

enum { DIGEST_MAP_FIRST = 64 };

static size_t slot_of(const struct digest_map *m, const struct digest *d)
{
    size_t at = (size_t)u64be_read(d->b) & (m->cap - 1);

    while (m->values[at] != 0 && memcmp(&m->digests[at], d, sizeof *d) != 0) {
        at = (at + 1) & (m->cap - 1);
    }
    return at;
}

uint32_t digest_map_get(const struct digest_map *m, const struct digest *d)
{
    return m->cap == 0 ? 0 : m->values[slot_of(m, d)];
}

static int map_grow(struct digest_map *m)
{
    struct digest_map more = {.cap = m->cap == 0 ? DIGEST_MAP_FIRST : m->cap * 2,
                              .count = m->count};

    more.digests = calloc(more.cap, sizeof *more.digests);
    more.values = calloc(more.cap, sizeof *more.values);
    if (more.digests == NULL || more.values == NULL) {
        digest_map_fini(&more);
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < m->cap; i++) {
        if (m->values[i] != 0) {
            size_t at = slot_of(&more, &m->digests[i]);

            more.digests[at] = m->digests[i];
            more.values[at] = m->values[i];
        }
    }
    digest_map_fini(m);
    *m = more;
    return 0;
}

uint32_t *digest_map_at(struct digest_map *m, const struct digest *d)
{
    size_t at;

    if (m->count >= m->cap / 2 && map_grow(m) != 0) {
        return NULL;
    }
    at = slot_of(m, d);
    if (m->values[at] == 0) {
        m->digests[at] = *d;
        m->count++;
    }
    return &m->values[at];
}

void digest_map_fini(struct digest_map *m)
{
    free(m->digests);
    free(m->values);
    *m = (struct digest_map){0};
}
