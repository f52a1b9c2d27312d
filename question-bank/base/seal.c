/* Signing keys (SM2, Ed25519) and sealed secrets (AES-256-GCM) by OpenSSL 3's EVP.
 *
 * SM2 needs its distinguishing id set on every context: without it OpenSSL signs with an empty id
 * and nobody else can verify. Keys are immutable after creation; any thread may use them. */
#include "question-bank/base/seal.h"

#include "question-bank/base/digest.h"

#include <openssl/bio.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const char SM2_ID[] = "1234567812345678"; /* GM/T 0009-2012 */
enum { SCRYPT_N = 1 << 14, SCRYPT_R = 8, SCRYPT_P = 1, SCRYPT_SALT_BYTES = 16 };
enum { GCM_NONCE_BYTES = 12, GCM_TAG_BYTES = 16, SEALED_VERSION = 1 };

static const struct msg MSG_CRYPTO = {"crypto-failed", "密码运算失败：{0}",
                                      "a cryptographic operation failed: {0}"};
static const struct msg MSG_KEY_FORM = {"signing-key-form",
                                        "签名私钥格式不正确（应为加密的 PKCS#8 PEM）",
                                        "the signing key is not an encrypted PKCS#8 PEM"};
static const struct msg MSG_PASSPHRASE = {"passphrase-wrong", "口令不正确，私钥无法解开",
                                          "the passphrase is wrong; the key stays closed"};
static const struct msg MSG_PASSPHRASE_EMPTY = {"passphrase-empty", "口令不能为空",
                                                "the passphrase must not be empty"};
static const struct msg MSG_KEY_KIND = {"key-kind", "密钥类型不支持，应为 SM2 或 Ed25519",
                                        "the key is neither SM2 nor Ed25519"};
static const struct msg MSG_PUBLIC_FORM = {"public-key-form",
                                           "公钥格式不正确（应为 SubjectPublicKeyInfo DER）",
                                           "the public key is not a SubjectPublicKeyInfo in DER"};
static const struct msg MSG_SIGNATURE = {"signature-wrong", "签名不正确（密钥 {0}）",
                                         "the signature is wrong (key {0})"};
static const struct msg MSG_SEALED = {"sealed-wrong", "密封内容已损坏或密钥不对",
                                      "the sealed secret is damaged, or the key is another"};

struct public_key {
    EVP_PKEY *pkey;
    enum seal_alg alg;
    char id[SEAL_KEY_ID_CHARS + 1];
    uint8_t der[SEAL_PUBLIC_DER_BYTES_MAX];
    size_t der_len;
};

struct signing_key {
    EVP_PKEY *pkey;
    struct public_key *public_key;
};

static int crypto_failed(struct err *err, const char *what)
{
    return err_set(err, ERR_CRYPTO, &MSG_CRYPTO, what, NULL, NULL, NULL);
}

static int public_key_wrap(EVP_PKEY *pkey, struct public_key **out, struct err *err)
{
    struct public_key *k;
    uint8_t *to;
    struct digest d;
    int len = i2d_PUBKEY(pkey, NULL);

    if (len <= 0 || len > SEAL_PUBLIC_DER_BYTES_MAX)
        return err_set(err, ERR_BAD_INPUT, &MSG_KEY_KIND, NULL, NULL, NULL, NULL);
    k = calloc(1, sizeof(*k));
    if (k == NULL)
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    to = k->der;
    k->der_len = (size_t)i2d_PUBKEY(pkey, &to);
    if (EVP_PKEY_is_a(pkey, "SM2")) {
        k->alg = SEAL_SM2;
    } else if (EVP_PKEY_is_a(pkey, "ED25519")) {
        k->alg = SEAL_ED25519;
    } else {
        free(k);
        return err_set(err, ERR_BAD_INPUT, &MSG_KEY_KIND, NULL, NULL, NULL, NULL);
    }
    d = digest_of_bytes(DIGEST_SHA256, bytes_of(k->der, k->der_len));
    hex_encode(k->id, d.b, SEAL_KEY_ID_CHARS / 2);
    EVP_PKEY_up_ref(pkey);
    k->pkey = pkey;
    *out = k;
    return 0;
}

/* Takes pkey, also on failure. */
static int signing_key_wrap(EVP_PKEY *pkey, struct signing_key **out, struct err *err)
{
    struct signing_key *k = calloc(1, sizeof(*k));
    int rc;

    if (k == NULL) {
        EVP_PKEY_free(pkey);
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    k->pkey = pkey;
    rc = public_key_wrap(pkey, &k->public_key, err);
    if (rc != 0) {
        signing_key_free(k);
        return rc;
    }
    *out = k;
    return 0;
}

int signing_key_generate(enum seal_alg alg, struct signing_key **out, struct err *err)
{
    EVP_PKEY *pkey = EVP_PKEY_Q_keygen(NULL, NULL, alg == SEAL_SM2 ? "SM2" : "ED25519");

    if (pkey == NULL)
        return crypto_failed(err, "keygen");
    return signing_key_wrap(pkey, out, err);
}

int signing_key_export(const struct signing_key *k, struct bytes passphrase, struct buf *pem,
                       struct err *err)
{
    uint8_t salt[SCRYPT_SALT_BYTES];
    PKCS8_PRIV_KEY_INFO *info = NULL;
    X509_ALGOR *pbe = NULL;
    X509_SIG *sealed = NULL;
    BIO *bio = NULL;
    char *data = NULL;
    long len;
    int rc = crypto_failed(err, "PKCS#8");

    if (passphrase.len == 0)
        return err_set(err, ERR_BAD_INPUT, &MSG_PASSPHRASE_EMPTY, NULL, NULL, NULL, NULL);
    info = EVP_PKEY2PKCS8(k->pkey);
    if (info == NULL || RAND_bytes(salt, sizeof(salt)) != 1)
        goto out;
    pbe = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt, sizeof(salt), NULL, SCRYPT_N, SCRYPT_R,
                                SCRYPT_P);
    if (pbe == NULL)
        goto out;
    sealed = PKCS8_set0_pbe((const char *)passphrase.data, (int)passphrase.len, info, pbe);
    if (sealed == NULL)
        goto out;
    pbe = NULL; /* now the envelope's */
    bio = BIO_new(BIO_s_mem());
    if (bio == NULL || PEM_write_bio_PKCS8(bio, sealed) != 1)
        goto out;
    len = BIO_get_mem_data(bio, &data);
    rc = buf_append(pem, data, (size_t)len);
    if (rc == 0 && err != NULL)
        memset(err, 0, sizeof(*err));
out:
    BIO_free(bio);
    X509_SIG_free(sealed);
    X509_ALGOR_free(pbe);
    PKCS8_PRIV_KEY_INFO_free(info);
    return rc;
}

int signing_key_import(struct bytes pem, struct bytes passphrase, struct signing_key **out,
                       struct err *err)
{
    BIO *bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    X509_SIG *sealed = bio != NULL ? PEM_read_bio_PKCS8(bio, NULL, NULL, NULL) : NULL;
    PKCS8_PRIV_KEY_INFO *info = NULL;
    EVP_PKEY *pkey = NULL;

    BIO_free(bio);
    if (sealed == NULL)
        return err_set(err, ERR_BAD_INPUT, &MSG_KEY_FORM, NULL, NULL, NULL, NULL);
    info = PKCS8_decrypt(sealed, (const char *)passphrase.data, (int)passphrase.len);
    X509_SIG_free(sealed);
    if (info == NULL)
        return err_set(err, ERR_UNAUTHENTIC, &MSG_PASSPHRASE, NULL, NULL, NULL, NULL);
    pkey = EVP_PKCS82PKEY(info);
    PKCS8_PRIV_KEY_INFO_free(info);
    if (pkey == NULL)
        return err_set(err, ERR_BAD_INPUT, &MSG_KEY_FORM, NULL, NULL, NULL, NULL);
    return signing_key_wrap(pkey, out, err);
}

const struct public_key *signing_key_public(const struct signing_key *k)
{
    return k->public_key;
}

void signing_key_free(struct signing_key *k)
{
    if (k == NULL)
        return;
    public_key_free(k->public_key);
    EVP_PKEY_free(k->pkey); /* OpenSSL clears private numbers on free */
    free(k);
}

int public_key_import(struct bytes der, struct public_key **out, struct err *err)
{
    const uint8_t *p = der.data;
    EVP_PKEY *pkey = der.len > 0 ? d2i_PUBKEY(NULL, &p, (long)der.len) : NULL;
    int rc;

    if (pkey == NULL || p != der.data + der.len) {
        EVP_PKEY_free(pkey);
        return err_set(err, ERR_BAD_INPUT, &MSG_PUBLIC_FORM, NULL, NULL, NULL, NULL);
    }
    rc = public_key_wrap(pkey, out, err);
    EVP_PKEY_free(pkey);
    return rc;
}

struct bytes public_key_der(const struct public_key *k)
{
    return bytes_of(k->der, k->der_len);
}

enum seal_alg public_key_alg(const struct public_key *k)
{
    return k->alg;
}

const char *public_key_id(const struct public_key *k)
{
    return k->id;
}

void public_key_free(struct public_key *k)
{
    if (k == NULL)
        return;
    EVP_PKEY_free(k->pkey);
    free(k);
}

/* "mingfa/" purpose "/v1\n" | message */
static int message_build(const char *purpose, struct bytes message, struct buf *out)
{
    buf_append_text(out, "mingfa/");
    buf_append_text(out, purpose);
    buf_append_text(out, "/v1\n");
    buf_append(out, message.data, message.len);
    return buf_error(out);
}

/* A digest context ready for one-shot sign or verify with this key, or NULL. */
static EVP_MD_CTX *context_new(EVP_PKEY *pkey, enum seal_alg alg, int sign)
{
    EVP_MD_CTX *context = EVP_MD_CTX_new();
    EVP_PKEY_CTX *key_context = NULL;
    const char *method = alg == SEAL_SM2 ? "SM3" : NULL;
    int ok = context != NULL;

    if (ok && alg == SEAL_SM2) {
        key_context = EVP_PKEY_CTX_new_from_pkey(NULL, pkey, NULL);
        ok = key_context != NULL &&
             EVP_PKEY_CTX_set1_id(key_context, SM2_ID, sizeof(SM2_ID) - 1) == 1;
        if (ok)
            EVP_MD_CTX_set_pkey_ctx(context, key_context);
    }
    if (ok)
        ok = sign ? EVP_DigestSignInit_ex(context, NULL, method, NULL, NULL, pkey, NULL) == 1
                  : EVP_DigestVerifyInit_ex(context, NULL, method, NULL, NULL, pkey, NULL) == 1;
    if (ok)
        return context;
    EVP_MD_CTX_free(context);
    EVP_PKEY_CTX_free(key_context);
    return NULL;
}

static void context_end(EVP_MD_CTX *context, enum seal_alg alg)
{
    /* A key context that was set stays the caller's (EVP_MD_CTX_set_pkey_ctx). */
    EVP_PKEY_CTX *key_context = alg == SEAL_SM2 ? EVP_MD_CTX_get_pkey_ctx(context) : NULL;

    EVP_MD_CTX_free(context);
    EVP_PKEY_CTX_free(key_context);
}

int seal_sign(const struct signing_key *k, const char *purpose, struct bytes message,
              struct signature *out, struct err *err)
{
    struct buf full = {0};
    struct signature sig = {.alg = k->public_key->alg, .len = SEAL_SIGNATURE_BYTES_MAX};
    EVP_MD_CTX *context = NULL;
    int rc = message_build(purpose, message, &full);

    if (rc != 0)
        goto out;
    context = context_new(k->pkey, sig.alg, 1);
    if (context == NULL || EVP_DigestSign(context, sig.b, &sig.len, full.data, full.len) != 1) {
        rc = crypto_failed(err, "sign");
        goto out;
    }
    memcpy(sig.key_id, k->public_key->id, sizeof(sig.key_id));
    *out = sig;
out:
    if (context != NULL)
        context_end(context, sig.alg);
    buf_fini(&full);
    return rc;
}

int seal_verify(const struct public_key *k, const char *purpose, struct bytes message,
                const struct signature *sig, struct err *err)
{
    struct buf full = {0};
    EVP_MD_CTX *context = NULL;
    int rc;

    if (sig->alg != k->alg || strncmp(sig->key_id, k->id, sizeof(k->id)) != 0 ||
        sig->len > SEAL_SIGNATURE_BYTES_MAX)
        return err_set(err, ERR_UNAUTHENTIC, &MSG_SIGNATURE, k->id, NULL, NULL, NULL);
    rc = message_build(purpose, message, &full);
    if (rc != 0)
        goto out;
    context = context_new(k->pkey, k->alg, 0);
    if (context == NULL)
        rc = crypto_failed(err, "verify");
    else if (EVP_DigestVerify(context, sig->b, sig->len, full.data, full.len) != 1)
        rc = err_set(err, ERR_UNAUTHENTIC, &MSG_SIGNATURE, k->id, NULL, NULL, NULL);
out:
    if (context != NULL)
        context_end(context, k->alg);
    buf_fini(&full);
    return rc;
}

const char *seal_alg_name(enum seal_alg alg)
{
    return alg == SEAL_SM2 ? "sm2" : "ed25519";
}

int seal_alg_from_name(const char *name, enum seal_alg *alg)
{
    if (strcmp(name, "sm2") == 0)
        *alg = SEAL_SM2;
    else if (strcmp(name, "ed25519") == 0)
        *alg = SEAL_ED25519;
    else
        return ERR_BAD_INPUT;
    return 0;
}

int secret_seal(const uint8_t seal_key[32], const uint8_t nonce[12], struct bytes aad,
                struct bytes plain, struct buf *out, struct err *err)
{
    EVP_CIPHER_CTX *context = EVP_CIPHER_CTX_new();
    uint8_t *to = buf_reserve(out, 1 + GCM_NONCE_BYTES + plain.len + GCM_TAG_BYTES);
    int n = 0;
    int rc = 0;

    if (context == NULL || to == NULL) {
        rc = err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
        goto out;
    }
    to[0] = SEALED_VERSION;
    memcpy(to + 1, nonce, GCM_NONCE_BYTES);
    if (EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, seal_key, nonce) != 1 ||
        EVP_EncryptUpdate(context, NULL, &n, aad.data, (int)aad.len) != 1 ||
        EVP_EncryptUpdate(context, to + 1 + GCM_NONCE_BYTES, &n, plain.data, (int)plain.len) != 1 ||
        EVP_EncryptFinal_ex(context, to + 1 + GCM_NONCE_BYTES + n, &n) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, GCM_TAG_BYTES,
                            to + 1 + GCM_NONCE_BYTES + plain.len) != 1) {
        rc = crypto_failed(err, "AES-256-GCM");
        goto out;
    }
    out->len += 1 + GCM_NONCE_BYTES + plain.len + GCM_TAG_BYTES;
out:
    EVP_CIPHER_CTX_free(context);
    return rc;
}

int secret_open(const uint8_t seal_key[32], struct bytes aad, struct bytes sealed, struct buf *out,
                struct err *err)
{
    EVP_CIPHER_CTX *context = NULL;
    uint8_t tag[GCM_TAG_BYTES];
    const uint8_t *body;
    size_t len;
    uint8_t *to;
    int n = 0;
    int rc = 0;

    if (sealed.len < 1 + GCM_NONCE_BYTES + GCM_TAG_BYTES || sealed.data[0] != SEALED_VERSION)
        return err_set(err, ERR_CORRUPT, &MSG_SEALED, NULL, NULL, NULL, NULL);
    len = sealed.len - 1 - GCM_NONCE_BYTES - GCM_TAG_BYTES;
    body = sealed.data + 1 + GCM_NONCE_BYTES;
    memcpy(tag, body + len, sizeof(tag));
    context = EVP_CIPHER_CTX_new();
    to = buf_reserve(out, len + 1);
    if (context == NULL || to == NULL) {
        rc = err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
        goto out;
    }
    if (EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, seal_key, sealed.data + 1) != 1 ||
        EVP_DecryptUpdate(context, NULL, &n, aad.data, (int)aad.len) != 1 ||
        EVP_DecryptUpdate(context, to, &n, body, (int)len) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, GCM_TAG_BYTES, tag) != 1 ||
        EVP_DecryptFinal_ex(context, to + n, &n) != 1) {
        secret_wipe(to, len);
        rc = err_set(err, ERR_CORRUPT, &MSG_SEALED, NULL, NULL, NULL, NULL);
        goto out;
    }
    out->len += len;
out:
    EVP_CIPHER_CTX_free(context);
    return rc;
}
