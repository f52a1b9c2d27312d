/* The map of an exam definition. What is read is written again as the very same bytes. */
#include "server/record/registry_payload.h"

#include <stdlib.h>

enum { ARENA_BYTES_MAX = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct bytes raw = bytes_of(data, size);
    struct arena arena;
    struct exam_definition d;
    struct buf again = {0};

    arena_init(&arena, ARENA_BYTES_MAX);
    if (exam_definition_decode(raw, &arena, &d, NULL) == 0) {
        if (exam_definition_encode(&d, &again, NULL) != 0 || !bytes_equal(buf_view(&again), raw))
            abort();
    }
    buf_fini(&again);
    arena_fini(&arena);
    return 0;
}
