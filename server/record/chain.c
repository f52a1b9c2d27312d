/* The session chain: two tagged digests. Pure; any thread. */
#include "server/record/chain.h"

struct digest chain_init(enum digest_alg alg, const uint8_t secret[32], const uint8_t uuid[16])
{
    const struct bytes pieces[] = {bytes_of(secret, 32), bytes_of(uuid, 16)};

    return digest_tagged(alg, "mingfa/session-chain/v1", pieces, 2);
}

struct digest chain_next(enum digest_alg alg, const struct digest *head, const struct event *e)
{
    uint8_t numbers[8 + 2 + 8];

    u64be_write(numbers, (uint64_t)e->seq);
    u16be_write(numbers + 8, e->type);
    u64be_write(numbers + 10, (uint64_t)e->recorded_ms);
    const struct bytes pieces[] = {digest_view(head), bytes_of(numbers, sizeof(numbers)),
                                   e->payload};
    return digest_tagged(alg, "mingfa/session-event/v1", pieces, 3);
}
