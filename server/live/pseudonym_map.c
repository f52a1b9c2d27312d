/* From pseudonyms to people: made for a whole roster, then asked. Thread: its owner's. */
#include "server/live/internal.h"

#include "server/live/digest_map.h"

#include <string.h>

int pseudonym_map_make(const struct site_keys *keys, const struct roster *roster,
                       const uint8_t *exam_uuid, struct pseudonym_map *out)
{
    *out = (struct pseudonym_map){0};
    for (size_t i = 0; i < roster->people_count; i++) {
        struct bytes number = roster->people[i].number;
        struct digest d = exam_uuid == NULL ? site_pseudonym(keys, number)
                                            : site_exam_pseudonym(keys, exam_uuid, number);
        uint32_t *at = digest_map_at(&out->people, &d);

        if (at == NULL) {
            pseudonym_map_fini(out);
            return ERR_NOMEM;
        }
        *at = (uint32_t)i + 1;
    }
    return 0;
}

int64_t pseudonym_map_find(const struct pseudonym_map *m, const uint8_t pseudonym[32])
{
    struct digest d;

    memcpy(d.b, pseudonym, 32);
    return (int64_t)digest_map_get(&m->people, &d) - 1;
}

void pseudonym_map_fini(struct pseudonym_map *m)
{
    digest_map_fini(&m->people);
}
