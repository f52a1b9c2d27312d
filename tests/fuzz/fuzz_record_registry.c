/* Payloads of the registry file: two bytes of type, then the payload. What is read is written again
 * as the very same bytes. */
#include "server/record/registry_payload.h"

#include <stdlib.h>

enum { ARENA_BYTES_MAX = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct registry_payload p;
    struct buf again = {0};

    if (size < 2)
        return 0;
    uint16_t type = (uint16_t)(data[0] << 8 | data[1]);
    struct bytes raw = bytes_of(data + 2, size - 2);

    arena_init(&arena, ARENA_BYTES_MAX);
    if (registry_payload_decode(type, raw, &arena, &p, NULL) == 0) {
        if (!registry_payload_type_known(type) || registry_payload_encode(&p, &again, NULL) != 0 ||
            !bytes_equal(buf_view(&again), raw))
            abort();
    }
    buf_fini(&again);
    arena_fini(&arena);
    return 0;
}
