/* Leaves and chains: whatever goes in counts, and nothing else. */
#include "server/record/chain.h"
#include "server/record/leaf.h"

#include <criterion/criterion.h>
#include <string.h>

static const uint8_t secret_a[32] = {1}, secret_b[32] = {2};
static const uint8_t uuid_a[16] = {3}, uuid_b[16] = {4};

static struct event event_of(int64_t seq, uint16_t type, int64_t recorded_ms, const char *payload)
{
    return (struct event){.seq = seq,
                          .session = 9,
                          .type = type,
                          .recorded_ms = recorded_ms,
                          .payload = bytes_of_text(payload)};
}

Test(leaf, every_type_but_responses_is_due_one)
{
    for (uint32_t type = 0; type <= UINT16_MAX; type++)
        cr_assert_eq(leaf_is_due((uint16_t)type), type != 3, "type %u", type);
}

Test(leaf, responses_leave_nothing_behind)
{
    static const struct event_leaf none;
    struct event e = event_of(5, EVENT_RESPONSES, 100, "payload");
    struct event_leaf leaf;

    memset(&leaf, 0xFF, sizeof(leaf));
    leaf_of_session(DIGEST_SM3, secret_a, &e, &leaf);
    cr_assert_not(leaf.has_leaf);
    cr_assert_not(leaf.store_salt);
    cr_assert_arr_eq(leaf.salt, none.salt, 32);
    cr_assert(digest_is_zero(&leaf.leaf));
}

Test(leaf, type_salt_and_payload_each_change_it)
{
    struct digest a = leaf_hash(DIGEST_SM3, 1, secret_a, bytes_of_text("x"));
    struct digest other[] = {
        leaf_hash(DIGEST_SHA256, 1, secret_a, bytes_of_text("x")),
        leaf_hash(DIGEST_SM3, 257, secret_a, bytes_of_text("x")),
        leaf_hash(DIGEST_SM3, 1, secret_b, bytes_of_text("x")),
        leaf_hash(DIGEST_SM3, 1, secret_a, bytes_of_text("y")),
        leaf_hash(DIGEST_SM3, 1, secret_a, bytes_of_text("")),
    };
    struct digest again = leaf_hash(DIGEST_SM3, 1, secret_a, bytes_of_text("x"));

    cr_assert(digest_equal(&a, &again));
    for (size_t i = 0; i < sizeof(other) / sizeof(other[0]); i++)
        cr_assert_not(digest_equal(&a, &other[i]), "%zu", i);
}

Test(leaf, each_event_of_a_session_has_a_salt_of_its_own)
{
    uint8_t salt[4][32];

    leaf_session_salt(DIGEST_SM3, secret_a, 1, salt[0]);
    leaf_session_salt(DIGEST_SM3, secret_a, 256, salt[1]);
    leaf_session_salt(DIGEST_SM3, secret_b, 1, salt[2]);
    leaf_session_salt(DIGEST_SHA256, secret_a, 1, salt[3]);
    for (size_t i = 0; i < 4; i++)
        for (size_t k = 0; k < i; k++)
            cr_assert_neq(memcmp(salt[i], salt[k], 32), 0, "%zu %zu", i, k);
}

Test(leaf, outside_sessions_the_salt_is_kept)
{
    struct event e = event_of(5, EVENT_UNIT_SET, 100, "payload");
    struct event_leaf leaf;
    struct digest want = leaf_hash(DIGEST_SM3, EVENT_UNIT_SET, secret_a, e.payload);

    e.session = 0;
    leaf_free(DIGEST_SM3, secret_a, &e, &leaf);
    cr_assert(leaf.has_leaf && leaf.store_salt);
    cr_assert_arr_eq(leaf.salt, secret_a, 32);
    cr_assert(digest_equal(&leaf.leaf, &want));
}

Test(chain, it_begins_with_the_secret_and_the_session)
{
    struct digest a = chain_init(DIGEST_SM3, secret_a, uuid_a);
    struct digest b = chain_init(DIGEST_SM3, secret_b, uuid_a);
    struct digest c = chain_init(DIGEST_SM3, secret_a, uuid_b);
    struct digest d = chain_init(DIGEST_SHA256, secret_a, uuid_a);

    cr_assert_not(digest_equal(&a, &b));
    cr_assert_not(digest_equal(&a, &c));
    cr_assert_not(digest_equal(&a, &d));
}

Test(chain, seq_type_time_payload_and_head_each_change_it)
{
    struct digest h = chain_init(DIGEST_SM3, secret_a, uuid_a);
    struct digest g = chain_init(DIGEST_SM3, secret_a, uuid_b);
    const struct event base = event_of(7, 4, 100, "payload");
    const struct event changed[] = {event_of(8, 4, 100, "payload"), event_of(7, 5, 100, "payload"),
                                    event_of(7, 4, 101, "payload"), event_of(7, 4, 100, "Payload")};
    struct digest a = chain_next(DIGEST_SM3, &h, &base);
    struct digest other = chain_next(DIGEST_SM3, &g, &base);

    cr_assert_not(digest_equal(&a, &other));
    for (size_t i = 0; i < sizeof(changed) / sizeof(changed[0]); i++) {
        other = chain_next(DIGEST_SM3, &h, &changed[i]);
        cr_assert_not(digest_equal(&a, &other), "%zu", i);
    }
}

Test(chain, where_an_event_is_stored_does_not_matter)
{
    struct digest h = chain_init(DIGEST_SM3, secret_a, uuid_a);
    struct event e = event_of(7, 4, 100, "payload");
    struct digest a = chain_next(DIGEST_SM3, &h, &e);
    struct digest b;

    e.shard = 5;
    e.session = 77;
    e.prev_seq = 6;
    b = chain_next(DIGEST_SM3, &h, &e);
    cr_assert(digest_equal(&a, &b));
}
