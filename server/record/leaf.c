/* Leaves of the log. Pure; any thread. */
#include "server/record/leaf.h"

#include <assert.h>
#include <string.h>

bool leaf_is_due(uint16_t type)
{
    return type != EVENT_RESPONSES;
}

struct digest leaf_hash(enum digest_alg alg, uint16_t type, const uint8_t salt[32],
                        struct bytes payload)
{
    const struct bytes inner_pieces[] = {bytes_of(salt, 32), payload};
    struct digest inner = digest_of(alg, inner_pieces, 2);
    uint8_t head[3] = {0x00};

    u16be_write(head + 1, type);
    const struct bytes pieces[] = {bytes_of(head, sizeof(head)), digest_view(&inner)};
    return digest_of(alg, pieces, 2);
}

void leaf_session_salt(enum digest_alg alg, const uint8_t secret[32], int64_t seq, uint8_t out[32])
{
    uint8_t number[8];

    u64be_write(number, (uint64_t)seq);
    const struct bytes pieces[] = {bytes_of_text("mingfa/leaf-salt/v1"),
                                   bytes_of(number, sizeof(number))};
    struct digest salt = digest_hmac(alg, bytes_of(secret, 32), pieces, 2);
    memcpy(out, salt.b, 32);
}

void leaf_of_session(enum digest_alg alg, const uint8_t secret[32], const struct event *e,
                     struct event_leaf *out)
{
    assert(e->session != 0 && e->seq > 0);
    memset(out, 0, sizeof(*out));
    if (!leaf_is_due(e->type))
        return;
    leaf_session_salt(alg, secret, e->seq, out->salt);
    out->leaf = leaf_hash(alg, e->type, out->salt, e->payload);
    out->has_leaf = true;
}

void leaf_free(enum digest_alg alg, const uint8_t salt[32], const struct event *e,
               struct event_leaf *out)
{
    assert(e->session == 0 && leaf_is_due(e->type));
    memset(out, 0, sizeof(*out));
    memcpy(out->salt, salt, 32);
    out->leaf = leaf_hash(alg, e->type, salt, e->payload);
    out->has_leaf = true;
    out->store_salt = true;
}
