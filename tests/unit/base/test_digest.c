/* Digests against published vectors; the Merkle root against its definition. */
#include "question-bank/base/digest.h"
#include "question-bank/base/err.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

static void expect(struct digest d, const char *hex)
{
    char text[DIGEST_HEX_BYTES];

    digest_hex(&d, text);
    cr_assert_str_eq(text, hex);
}

Test(digest, known_vectors_hold)
{
    struct bytes data = bytes_of_text("what do ya want for nothing?");

    /* FIPS 180-4, GB/T 32905-2016 A.1, RFC 4231 case 2 */
    expect(digest_of_bytes(DIGEST_SHA256, bytes_of_text("abc")),
           "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    expect(digest_of_bytes(DIGEST_SHA256, bytes_of(NULL, 0)),
           "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    expect(digest_of_bytes(DIGEST_SM3, bytes_of_text("abc")),
           "66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0");
    expect(digest_hmac(DIGEST_SHA256, bytes_of_text("Jefe"), &data, 1),
           "5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843");
}

Test(digest, hmac_accepts_keys_longer_than_a_block)
{
    uint8_t mac_key[131];
    struct bytes data = bytes_of_text("Test Using Larger Than Block-Size Key - Hash Key First");

    memset(mac_key, 0xAA, sizeof(mac_key)); /* RFC 4231 case 6 */
    expect(digest_hmac(DIGEST_SHA256, bytes_of(mac_key, sizeof(mac_key)), &data, 1),
           "60e431591ee0b67f0d8a26aacbf5b77f8e0bc6213728c5140546040f0ee37f54");
}

Test(digest, pieces_are_concatenated_without_separators)
{
    struct bytes pieces[3] = {bytes_of_text("a"), bytes_of(NULL, 0), bytes_of_text("bc")};
    struct digest whole = digest_of_bytes(DIGEST_SHA256, bytes_of_text("abc"));
    struct digest parts = digest_of(DIGEST_SHA256, pieces, 3);
    struct digest tagged = digest_tagged(DIGEST_SHA256, "a", &pieces[2], 1);

    cr_assert(digest_equal(&whole, &parts));
    cr_assert(digest_equal(&whole, &tagged));
}

Test(digest, derived_keys_differ_by_purpose_and_secret)
{
    struct digest a = digest_derive(bytes_of_text("secret"), "token");
    struct digest b = digest_derive(bytes_of_text("secret"), "seal");
    struct digest c = digest_derive(bytes_of_text("Secret"), "token");

    cr_assert_not(digest_equal(&a, &b));
    cr_assert_not(digest_equal(&a, &c));
}

/* RFC 9162 §2.1.1, written down again in the naive way. */
static struct digest naive_root(const struct digest *leaves, size_t n)
{
    uint8_t node[65] = {1};
    size_t k = 1;
    struct digest l;
    struct digest r;

    if (n == 1)
        return leaves[0];
    while (k * 2 < n)
        k *= 2;
    l = naive_root(leaves, k);
    r = naive_root(leaves + k, n - k);
    memcpy(node + 1, l.b, 32);
    memcpy(node + 33, r.b, 32);
    return digest_of_bytes(DIGEST_SHA256, bytes_of(node, 65));
}

Test(digest, merkle_root_follows_its_definition_and_sees_every_leaf)
{
    struct digest leaves[33];

    for (size_t i = 0; i < 33; i++)
        leaves[i] = digest_of_bytes(DIGEST_SHA256, bytes_of(&i, sizeof(i)));
    for (size_t n = 1; n <= 33; n++) {
        struct digest root = merkle_root(DIGEST_SHA256, leaves, n);
        struct digest naive = naive_root(leaves, n);

        cr_assert(digest_equal(&root, &naive), "%zu leaves", n);
        for (size_t i = 0; i < n; i++) {
            struct digest changed;

            leaves[i].b[0] ^= 1;
            changed = merkle_root(DIGEST_SHA256, leaves, n);
            cr_assert_not(digest_equal(&root, &changed));
            leaves[i].b[0] ^= 1;
        }
    }
}

static void *hash_many(void *arg)
{
    struct digest d = {{0}};

    (void)arg;
    for (int i = 0; i < 2000; i++)
        d = digest_of_bytes(i & 1 ? DIGEST_SM3 : DIGEST_SHA256, digest_view(&d));
    return d.b[0] == 0 ? NULL : arg;
}

Test(digest, threads_do_not_disturb_each_other)
{
    pthread_t threads[4];
    void *results[4];
    int mark = 0;
    void *alone = hash_many(&mark);

    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, hash_many, &mark), 0);
    for (int i = 0; i < 4; i++) {
        pthread_join(threads[i], &results[i]);
        cr_assert_eq(results[i], alone);
    }
}
