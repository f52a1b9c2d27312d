/* Signing keys (SM2, Ed25519) and sealed secrets (AES-256-GCM) by OpenSSL 3's EVP.
 *
 * SM2 needs its distinguishing id set on every context: without it OpenSSL signs with an empty id
 * and nobody else can verify. Keys are immutable after creation; any thread may use them.
 * A failure leaves nothing in OpenSSL's error queue of the thread: TLS connections read that queue
 * too, and would take our failure for theirs. */
#include "question-bank/base/seal.h"

#include "question-bank/base/digest.h"

#include <assert.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/pem.h>
#include <openssl/pkcs12.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>

static const char SM2_ID[] = "1234567812345678"; /* GM/T 0009-2012 */
/* 16 MiB, five times over. A larger N passes the memory limit that OpenSSL sets for PKCS#8, and the
 * openssl program could not open the file either; p makes up for it. */
enum { SCRYPT_N = 1 << 14, SCRYPT_R = 8, SCRYPT_P = 5, SCRYPT_SALT_BYTES = 16 };
enum { GCM_NONCE_BYTES = 12, GCM_TAG_BYTES = 16, SEALED_VERSION = 1 };
enum { SEALED_HEAD_BYTES = 1 + GCM_NONCE_BYTES };
/* SubjectPublicKeyInfo has one length each: a named curve with an uncompressed point; RFC 8410. */
enum { SM2_DER_BYTES = 91, ED25519_DER_BYTES = 44 };

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
static const struct msg MSG_PASSPHRASE_LONG = {"passphrase-too-long", "口令超过上限 {0} 字节",
                                               "the passphrase is longer than {0} bytes"};
static const struct msg MSG_PEM_LARGE = {"signing-key-too-large", "私钥文件超过上限 {0} 字节",
                                         "the key file is larger than {0} bytes"};
static const struct msg MSG_SECRET_LARGE = {"secret-too-large", "待密封内容超过上限 {0} 字节",
                                            "what is to be sealed is larger than {0} bytes"};
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
    ERR_clear_error();
    return err_set(err, ERR_CRYPTO, &MSG_CRYPTO, what, NULL, NULL, NULL);
}

static int refuse(struct err *err, int code, const struct msg *msg, const char *arg)
{
    ERR_clear_error();
    return err_set(err, code, msg, arg, NULL, NULL, NULL);
}

static int no_memory(struct err *err)
{
    ERR_clear_error();
    return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
}

static int too_large(struct err *err, const struct msg *msg, int max)
{
    char limit[24];

    return err_set(err, ERR_LIMIT, msg, err_int(limit, max), NULL, NULL, NULL);
}

/* Borrows pkey (takes a reference of its own). */
static int public_key_wrap(EVP_PKEY *pkey, struct public_key **out, struct err *err)
{
    struct public_key *k;
    struct digest d;
    uint8_t *to;
    enum seal_alg alg;
    int expected;

    if (EVP_PKEY_is_a(pkey, "SM2")) {
        alg = SEAL_SM2;
        expected = SM2_DER_BYTES;
    } else if (EVP_PKEY_is_a(pkey, "ED25519")) {
        alg = SEAL_ED25519;
        expected = ED25519_DER_BYTES;
    } else {
        return refuse(err, ERR_BAD_INPUT, &MSG_KEY_KIND, NULL);
    }
    if (i2d_PUBKEY(pkey, NULL) != expected)
        return refuse(err, ERR_BAD_INPUT, &MSG_PUBLIC_FORM, NULL);
    k = calloc(1, sizeof(*k));
    if (k == NULL)
        return no_memory(err);
    k->alg = alg;
    k->der_len = (size_t)expected;
    to = k->der;
    if (i2d_PUBKEY(pkey, &to) != expected || EVP_PKEY_up_ref(pkey) != 1) {
        free(k);
        return crypto_failed(err, "SubjectPublicKeyInfo");
    }
    k->pkey = pkey;
    d = digest_of_bytes(DIGEST_SHA256, public_key_der(k));
    hex_encode(k->id, d.b, SEAL_KEY_ID_CHARS / 2);
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
        return no_memory(err);
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
    EVP_PKEY *pkey = NULL;

    assert(alg == SEAL_SM2 || alg == SEAL_ED25519);
    pkey = EVP_PKEY_Q_keygen(NULL, NULL, alg == SEAL_SM2 ? "SM2" : "ED25519");
    if (pkey == NULL)
        return crypto_failed(err, seal_alg_name(alg));
    return signing_key_wrap(pkey, out, err);
}

static int passphrase_check(struct bytes passphrase, struct err *err)
{
    if (passphrase.len == 0)
        return refuse(err, ERR_BAD_INPUT, &MSG_PASSPHRASE_EMPTY, NULL);
    if (passphrase.len > SEAL_PASSPHRASE_BYTES_MAX)
        return too_large(err, &MSG_PASSPHRASE_LONG, SEAL_PASSPHRASE_BYTES_MAX);
    return 0;
}

/* The encrypted PKCS#8 envelope of the key, or NULL. */
static X509_SIG *pkcs8_seal(EVP_PKEY *pkey, struct bytes passphrase)
{
    uint8_t salt[SCRYPT_SALT_BYTES];
    PKCS8_PRIV_KEY_INFO *info = EVP_PKEY2PKCS8(pkey);
    X509_ALGOR *pbe = NULL;
    X509_SIG *sealed = NULL;

    if (info != NULL && RAND_bytes(salt, sizeof(salt)) == 1)
        pbe = PKCS5_pbe2_set_scrypt(EVP_aes_256_cbc(), salt, sizeof(salt), NULL, SCRYPT_N, SCRYPT_R,
                                    SCRYPT_P);
    if (pbe != NULL)
        sealed = PKCS8_set0_pbe((const char *)passphrase.data, (int)passphrase.len, info, pbe);
    if (sealed == NULL)
        X509_ALGOR_free(pbe); /* else it is the envelope's */
    PKCS8_PRIV_KEY_INFO_free(info);
    return sealed;
}

int signing_key_export(const struct signing_key *k, struct bytes passphrase, struct buf *pem,
                       struct err *err)
{
    X509_SIG *sealed = NULL;
    BIO *bio = NULL;
    char *data = NULL;
    long len;
    int rc = passphrase_check(passphrase, err);

    if (rc != 0)
        return rc;
    sealed = pkcs8_seal(k->pkey, passphrase);
    bio = BIO_new(BIO_s_mem());
    if (sealed == NULL || bio == NULL || PEM_write_bio_PKCS8(bio, sealed) != 1) {
        rc = crypto_failed(err, "PKCS#8");
        goto out;
    }
    len = BIO_get_mem_data(bio, &data);
    if (buf_append(pem, data, (size_t)len) != 0)
        rc = no_memory(err);
out:
    BIO_free(bio);
    X509_SIG_free(sealed);
    return rc;
}

int signing_key_import(struct bytes pem, struct bytes passphrase, struct signing_key **out,
                       struct err *err)
{
    BIO *bio = NULL;
    X509_SIG *sealed = NULL;
    PKCS8_PRIV_KEY_INFO *info = NULL;
    EVP_PKEY *pkey = NULL;
    int rc;

    if (pem.len == 0)
        return refuse(err, ERR_BAD_INPUT, &MSG_KEY_FORM, NULL);
    if (pem.len > SEAL_PEM_BYTES_MAX)
        return too_large(err, &MSG_PEM_LARGE, SEAL_PEM_BYTES_MAX);
    rc = passphrase_check(passphrase, err);
    if (rc != 0)
        return rc;
    bio = BIO_new_mem_buf(pem.data, (int)pem.len);
    sealed = bio != NULL ? PEM_read_bio_PKCS8(bio, NULL, NULL, NULL) : NULL;
    BIO_free(bio);
    if (sealed == NULL)
        return refuse(err, ERR_BAD_INPUT, &MSG_KEY_FORM, NULL);
    info = PKCS8_decrypt(sealed, (const char *)passphrase.data, (int)passphrase.len);
    X509_SIG_free(sealed);
    if (info == NULL)
        return refuse(err, ERR_UNAUTHENTIC, &MSG_PASSPHRASE, NULL);
    pkey = EVP_PKCS82PKEY(info);
    PKCS8_PRIV_KEY_INFO_free(info);
    if (pkey == NULL)
        return refuse(err, ERR_BAD_INPUT, &MSG_KEY_FORM, NULL);
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
    struct public_key *k = NULL;
    const uint8_t *p = der.data;
    EVP_PKEY *pkey = NULL;
    int rc;

    if (der.len > 0 && der.len <= SEAL_PUBLIC_DER_BYTES_MAX)
        pkey = d2i_PUBKEY(NULL, &p, (long)der.len);
    if (pkey == NULL)
        return refuse(err, ERR_BAD_INPUT, &MSG_PUBLIC_FORM, NULL);
    rc = public_key_wrap(pkey, &k, err);
    EVP_PKEY_free(pkey);
    if (rc != 0)
        return rc;
    /* One key, one id: the form that we would write, with nothing behind it. */
    if (!bytes_equal(public_key_der(k), der)) {
        public_key_free(k);
        return refuse(err, ERR_BAD_INPUT, &MSG_PUBLIC_FORM, NULL);
    }
    *out = k;
    return 0;
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
    int rc = 0;

    if (message_build(purpose, message, &full) != 0) {
        rc = no_memory(err);
        goto out;
    }
    context = context_new(k->pkey, sig.alg, 1);
    if (context == NULL || EVP_DigestSign(context, sig.b, &sig.len, full.data, full.len) != 1) {
        rc = crypto_failed(err, seal_alg_name(sig.alg));
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
    int rc = 0;

    if (sig->alg != k->alg || strncmp(sig->key_id, k->id, sizeof(k->id)) != 0 || sig->len == 0 ||
        sig->len > SEAL_SIGNATURE_BYTES_MAX)
        return refuse(err, ERR_UNAUTHENTIC, &MSG_SIGNATURE, k->id);
    if (message_build(purpose, message, &full) != 0) {
        rc = no_memory(err);
        goto out;
    }
    context = context_new(k->pkey, k->alg, 0);
    if (context == NULL)
        rc = crypto_failed(err, seal_alg_name(k->alg));
    else if (EVP_DigestVerify(context, sig->b, sig->len, full.data, full.len) != 1)
        rc = refuse(err, ERR_UNAUTHENTIC, &MSG_SIGNATURE, k->id);
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
    EVP_CIPHER_CTX *context = NULL;
    uint8_t *to;
    uint8_t *body;
    int n = 0;
    int rc = 0;

    if (plain.len > SEALED_PLAIN_BYTES_MAX || aad.len > SEALED_PLAIN_BYTES_MAX)
        return too_large(err, &MSG_SECRET_LARGE, SEALED_PLAIN_BYTES_MAX);
    context = EVP_CIPHER_CTX_new();
    to = buf_reserve(out, SEALED_HEAD_BYTES + plain.len + GCM_TAG_BYTES);
    if (context == NULL || to == NULL) {
        rc = no_memory(err);
        goto out;
    }
    body = to + SEALED_HEAD_BYTES;
    to[0] = SEALED_VERSION;
    memcpy(to + 1, nonce, GCM_NONCE_BYTES);
    if (EVP_EncryptInit_ex(context, EVP_aes_256_gcm(), NULL, seal_key, nonce) != 1 ||
        EVP_EncryptUpdate(context, NULL, &n, aad.data, (int)aad.len) != 1 ||
        EVP_EncryptUpdate(context, body, &n, plain.data, (int)plain.len) != 1 ||
        EVP_EncryptFinal_ex(context, body + n, &n) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_GET_TAG, GCM_TAG_BYTES, body + plain.len) != 1) {
        rc = crypto_failed(err, "AES-256-GCM");
        goto out;
    }
    out->len += SEALED_HEAD_BYTES + plain.len + GCM_TAG_BYTES;
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

    if (sealed.len < SEALED_HEAD_BYTES + GCM_TAG_BYTES || sealed.data[0] != SEALED_VERSION)
        return refuse(err, ERR_CORRUPT, &MSG_SEALED, NULL);
    len = sealed.len - SEALED_HEAD_BYTES - GCM_TAG_BYTES;
    if (len > SEALED_PLAIN_BYTES_MAX || aad.len > SEALED_PLAIN_BYTES_MAX)
        return refuse(err, ERR_CORRUPT, &MSG_SEALED, NULL);
    body = sealed.data + SEALED_HEAD_BYTES;
    memcpy(tag, body + len, sizeof(tag));
    context = EVP_CIPHER_CTX_new();
    to = buf_reserve(out, len + 1);
    if (context == NULL || to == NULL) {
        rc = no_memory(err);
        goto out;
    }
    if (EVP_DecryptInit_ex(context, EVP_aes_256_gcm(), NULL, seal_key, sealed.data + 1) != 1 ||
        EVP_DecryptUpdate(context, NULL, &n, aad.data, (int)aad.len) != 1 ||
        EVP_DecryptUpdate(context, to, &n, body, (int)len) != 1 ||
        EVP_CIPHER_CTX_ctrl(context, EVP_CTRL_GCM_SET_TAG, GCM_TAG_BYTES, tag) != 1 ||
        EVP_DecryptFinal_ex(context, to + n, &n) != 1) {
        secret_wipe(to, len); /* decrypted, but nobody vouches for it */
        rc = refuse(err, ERR_CORRUPT, &MSG_SEALED, NULL);
        goto out;
    }
    out->len += len;
out:
    EVP_CIPHER_CTX_free(context);
    return rc;
}
