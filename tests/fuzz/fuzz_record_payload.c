/* Payloads of the record file: two bytes of type, then the payload. What is read is written again
 * as the very same bytes: there is one form only. Whatever the bytes, leaf and chain take them. */
#include "server/record/chain.h"
#include "server/record/leaf.h"
#include "server/record/payload.h"

#include <stdlib.h>

enum { ARENA_BYTES_MAX = 16 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void hash(uint16_t type, struct bytes raw)
{
    static const uint8_t secret[32] = {1};
    struct event e = {.seq = 1, .session = 1, .type = type, .payload = raw};
    struct digest head = chain_init(DIGEST_SM3, secret, secret);
    struct event_leaf leaf;

    head = chain_next(DIGEST_SM3, &head, &e);
    leaf_of_session(DIGEST_SM3, secret, &e, &leaf);
    if (leaf.has_leaf != leaf_is_due(type) || digest_is_zero(&head))
        abort();
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct payload p;
    struct buf again = {0};

    if (size < 2)
        return 0;
    uint16_t type = (uint16_t)(data[0] << 8 | data[1]);
    struct bytes raw = bytes_of(data + 2, size - 2);

    arena_init(&arena, ARENA_BYTES_MAX);
    hash(type, raw);
    if (payload_decode(type, raw, &arena, &p, NULL) == 0) {
        if (!payload_type_known(type) || payload_encode(&p, &again, NULL) != 0 ||
            !bytes_equal(buf_view(&again), raw))
            abort();
    }
    buf_fini(&again);
    arena_fini(&arena);
    return 0;
}
