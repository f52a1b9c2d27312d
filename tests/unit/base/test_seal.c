/* Signatures and sealed secrets: what was not signed, or by another key, is refused. */
#include "question-bank/base/digest.h"
#include "question-bank/base/seal.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static struct signing_key *key_of(enum seal_alg alg)
{
    struct signing_key *k = NULL;
    struct err e = {0};

    cr_assert_eq(signing_key_generate(alg, &k, &e), 0);
    return k;
}

Test(seal, a_signature_holds_for_its_key_purpose_and_message_only)
{
    for (enum seal_alg alg = SEAL_SM2; alg <= SEAL_ED25519; alg++) {
        struct signing_key *k = key_of(alg);
        struct signing_key *other = key_of(alg);
        const struct public_key *p = signing_key_public(k);
        struct bytes message = bytes_of_text("manifest");
        struct signature sig;
        struct err e = {0};

        cr_assert_eq(seal_sign(k, "bank-manifest", message, &sig, &e), 0);
        cr_assert_eq(seal_verify(p, "bank-manifest", message, &sig, &e), 0);
        cr_assert_eq(seal_verify(p, "other", message, &sig, &e), ERR_UNAUTHENTIC);
        cr_assert_eq(seal_verify(p, "bank-manifest", bytes_of_text("Manifest"), &sig, &e),
                     ERR_UNAUTHENTIC);
        cr_assert_eq(seal_verify(signing_key_public(other), "bank-manifest", message, &sig, &e),
                     ERR_UNAUTHENTIC);
        sig.alg = alg == SEAL_SM2 ? SEAL_ED25519 : SEAL_SM2;
        cr_assert_eq(seal_verify(p, "bank-manifest", message, &sig, &e), ERR_UNAUTHENTIC);
        sig.alg = alg;
        for (size_t i = 0; i < sig.len; i++) {
            sig.b[i] ^= 0x20;
            cr_assert_eq(seal_verify(p, "bank-manifest", message, &sig, &e), ERR_UNAUTHENTIC);
            sig.b[i] ^= 0x20;
        }
        signing_key_free(k);
        signing_key_free(other);
    }
}

Test(seal, a_private_key_opens_with_its_passphrase_only)
{
    for (enum seal_alg alg = SEAL_SM2; alg <= SEAL_ED25519; alg++) {
        struct signing_key *k = key_of(alg);
        struct signing_key *back = NULL;
        struct public_key *p = NULL;
        struct buf pem = {0};
        struct signature sig;
        struct err e = {0};

        cr_assert_eq(signing_key_export(k, bytes_of_text(""), &pem, &e), ERR_BAD_INPUT);
        cr_assert_eq(signing_key_export(k, bytes_of_text("口令 one"), &pem, &e), 0);
        cr_assert_not_null(strstr(buf_text(&pem), "BEGIN ENCRYPTED PRIVATE KEY"));
        cr_assert_eq(signing_key_import(buf_view(&pem), bytes_of_text("wrong"), &back, &e),
                     ERR_UNAUTHENTIC);
        cr_assert_eq(signing_key_import(bytes_of_text("junk"), bytes_of_text("x"), &back, &e),
                     ERR_BAD_INPUT);
        cr_assert_eq(signing_key_import(buf_view(&pem), bytes_of_text("口令 one"), &back, &e), 0);
        cr_assert_eq(public_key_import(public_key_der(signing_key_public(k)), &p, &e), 0);
        cr_assert_str_eq(public_key_id(p), public_key_id(signing_key_public(back)));
        cr_assert_eq(public_key_alg(p), alg);
        cr_assert_eq(seal_sign(back, "x", bytes_of_text("m"), &sig, &e), 0);
        cr_assert_eq(seal_verify(p, "x", bytes_of_text("m"), &sig, &e), 0);
        public_key_free(p);
        signing_key_free(k);
        signing_key_free(back);
        buf_fini(&pem);
    }
}

static int write_file(const char *dir, const char *name, const void *data, size_t len)
{
    char path[256];
    FILE *f;

    snprintf(path, sizeof(path), "%s/%s", dir, name);
    f = fopen(path, "wb");
    if (f == NULL)
        return -1;
    return fwrite(data, 1, len, f) == len && fclose(f) == 0 ? 0 : -1;
}

/* Another implementation's reading of the same bytes: the openssl program with the standard
 * distinguishing id. Without it our signatures would verify nowhere else. */
Test(seal, sm2_signatures_verify_elsewhere_with_the_standard_id)
{
    struct signing_key *k = key_of(SEAL_SM2);
    struct bytes der = public_key_der(signing_key_public(k));
    char dir[] = "/tmp/mingfa-test-XXXXXX";
    char command[512];
    struct signature sig;
    struct err e = {0};

    cr_assert_not_null(mkdtemp(dir));
    cr_assert_eq(seal_sign(k, "x", bytes_of_text("m"), &sig, &e), 0);
    cr_assert_eq(write_file(dir, "m", "mingfa/x/v1\nm", 13), 0);
    cr_assert_eq(write_file(dir, "sig", sig.b, sig.len), 0);
    cr_assert_eq(write_file(dir, "pub", der.data, der.len), 0);
    snprintf(command, sizeof(command),
             "cd %s && openssl pkey -pubin -inform DER -in pub -out pem && "
             "openssl pkeyutl -verify -pubin -inkey pem -rawin -in m -sigfile sig -digest sm3 "
             "-pkeyopt distid:1234567812345678 >out 2>&1",
             dir);
    cr_assert_eq(system(command), 0);
    snprintf(command, sizeof(command),
             "cd %s && openssl pkeyutl -verify -pubin -inkey pem -rawin -in m -sigfile sig "
             "-digest sm3 -pkeyopt distid:8765432187654321 >out 2>&1",
             dir);
    cr_assert_neq(system(command), 0);
    snprintf(command, sizeof(command), "rm -r %s", dir);
    cr_assert_eq(system(command), 0);
    signing_key_free(k);
}

Test(seal, a_sealed_secret_opens_only_unchanged_with_its_key_and_context)
{
    uint8_t seal_key[32] = {1, 2, 3};
    uint8_t nonce[12] = {9};
    struct bytes aad = bytes_of_text("exam-1");
    struct buf sealed = {0};
    struct buf plain = {0};
    struct err e = {0};

    cr_assert_eq(secret_seal(seal_key, nonce, aad, bytes_of_text("master"), &sealed, &e), 0);
    cr_assert_eq(secret_open(seal_key, aad, buf_view(&sealed), &plain, &e), 0);
    cr_assert(bytes_equal(buf_view(&plain), bytes_of_text("master")));
    buf_clear(&plain);
    cr_assert_eq(secret_open(seal_key, bytes_of_text("exam-2"), buf_view(&sealed), &plain, &e),
                 ERR_CORRUPT);
    for (size_t i = 0; i < sealed.len; i++) {
        sealed.data[i] ^= 1;
        cr_assert_eq(secret_open(seal_key, aad, buf_view(&sealed), &plain, &e), ERR_CORRUPT);
        sealed.data[i] ^= 1;
    }
    seal_key[0] ^= 1;
    cr_assert_eq(secret_open(seal_key, aad, buf_view(&sealed), &plain, &e), ERR_CORRUPT);
    cr_assert_eq(plain.len, 0);
    buf_fini(&sealed);
    buf_fini(&plain);
}
