/* TLS: one SSL_CTX for all loops (which shares session tickets among them), 1.2 and newer.
 *
 * Session tickets are sealed under keys that are derived from a secret of the site and the period of
 * TICKET_PERIOD_S in which they are issued: nothing is kept, a restart and another process understand
 * them, and a ticket older than two periods resumes nothing. Without a secret they are OpenSSL's own.
 *
 * SSL_MODE_RELEASE_BUFFERS halves the memory of an idle connection. Contexts are made at start and by
 * a reload; bufferevents on the loop threads, each keeping the context it was made of. */
#include "server/http/internal.h"

#include "question-bank/base/digest.h"

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/core_names.h>
#include <openssl/err.h>
#include <openssl/evp.h>
#include <openssl/x509.h>
#include <string.h>
#include <time.h>

enum { TICKET_PERIOD_S = 6 * 3600, TICKET_NAME_BYTES = 16, TICKET_IV_BYTES = 16 };

static const struct msg msg_pair = {"tls-files-unusable", "证书 {0} 与私钥 {1} 不能使用：{2}。",
                                    "Certificate {0} and signing key {1} cannot be used: {2}."};

/* The 1.2 suites with forward secrecy and AEAD; those of 1.3 are OpenSSL's own. */
static const char ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
                              "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256:"
                              "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305";

/* ---- tickets ---- */

struct ticket_keys {
    uint8_t name[TICKET_NAME_BYTES];
    struct digest cipher, mac;
};

static void ticket_keys_of(const uint8_t secret[32], uint64_t period, struct ticket_keys *out)
{
    uint8_t number[8] = {0};
    struct bytes pieces[2] = {bytes_of(number, sizeof number), {0}};
    struct bytes mac_key = bytes_of(secret, 32);
    struct digest name;

    u64be_write(number, period);
    pieces[1] = bytes_of_text("name");
    name = digest_hmac(DIGEST_SHA256, mac_key, pieces, 2);
    memcpy(out->name, name.b, sizeof out->name);
    pieces[1] = bytes_of_text("cipher");
    out->cipher = digest_hmac(DIGEST_SHA256, mac_key, pieces, 2);
    pieces[1] = bytes_of_text("mac");
    out->mac = digest_hmac(DIGEST_SHA256, mac_key, pieces, 2);
}

static int ticket_use(const struct ticket_keys *k, const unsigned char *iv, EVP_CIPHER_CTX *cipher,
                      EVP_MAC_CTX *mac, int seals)
{
    OSSL_PARAM params[] = {
        OSSL_PARAM_construct_octet_string(OSSL_MAC_PARAM_KEY, (void *)(uintptr_t)k->mac.b,
                                          sizeof k->mac.b),
        OSSL_PARAM_construct_utf8_string(OSSL_MAC_PARAM_DIGEST, (char *)(uintptr_t) "SHA256", 0),
        OSSL_PARAM_construct_end(),
    };

    return EVP_CipherInit_ex(cipher, EVP_aes_256_cbc(), NULL, k->cipher.b, iv, seals) == 1 &&
           EVP_MAC_CTX_set_params(mac, params) == 1;
}

/* RFC 5077 §4. 1: use it; 2: use it and issue a fresh one; 0: unknown, a full handshake; -1: failed. */
static int ticket_keys_find(SSL *ssl, unsigned char *name, unsigned char *iv,
                            EVP_CIPHER_CTX *cipher, EVP_MAC_CTX *mac, int seals)
{
    const struct http_server *s = SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl));
    const struct env *env = s->options.env;
    const uint8_t *secret = s->ticket_secret;
    uint64_t now = (uint64_t)time(NULL) / TICKET_PERIOD_S;
    struct ticket_keys keys;
    int rc = 0;

    if (seals) {
        ticket_keys_of(secret, now, &keys);
        memcpy(name, keys.name, sizeof keys.name);
        rc = env->entropy(env->arg, iv, TICKET_IV_BYTES) == 0 &&
                     ticket_use(&keys, iv, cipher, mac, 1)
                 ? 1
                 : -1;
    }
    for (uint64_t ago = 0; ago < 2 && !seals && rc == 0; ago++) {
        ticket_keys_of(secret, now - ago, &keys);
        if (memcmp(name, keys.name, sizeof keys.name) == 0)
            rc = !ticket_use(&keys, iv, cipher, mac, 0) ? -1 : ago == 0 ? 1 : 2;
    }
    secret_wipe(&keys, sizeof keys);
    return rc;
}

/* ---- contexts ---- */

int tls_context_new(const char *certificate_path, const char *key_path, struct http_server *s,
                    SSL_CTX **out, struct err *err)
{
    static const unsigned char session_context[] = "mingfa";
    SSL_CTX *ctx;
    char reason[128];

    ERR_clear_error();
    ctx = SSL_CTX_new(TLS_server_method());
    if (ctx == NULL || SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) != 1 ||
        SSL_CTX_set_cipher_list(ctx, ciphers) != 1 ||
        SSL_CTX_set_session_id_context(ctx, session_context, sizeof session_context - 1) != 1 ||
        SSL_CTX_use_certificate_chain_file(ctx, certificate_path) != 1 ||
        SSL_CTX_use_PrivateKey_file(ctx, key_path, SSL_FILETYPE_PEM) != 1 ||
        SSL_CTX_check_private_key(ctx) != 1)
        goto failed;
    SSL_CTX_set_mode(ctx, SSL_MODE_RELEASE_BUFFERS);
    SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_NO_RENEGOTIATION |
                                 SSL_OP_NO_COMPRESSION | SSL_OP_PRIORITIZE_CHACHA);
    SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_OFF); /* tickets only */
    if (s != NULL && s->has_ticket_secret) {
        SSL_CTX_set_timeout(ctx, TICKET_PERIOD_S);
        SSL_CTX_set_app_data(ctx, s);
        SSL_CTX_set_tlsext_ticket_key_evp_cb(ctx, ticket_keys_find);
    }
    *out = ctx;
    return 0;
failed:
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    ERR_clear_error();
    SSL_CTX_free(ctx);
    return err_set(err, ERR_CRYPTO, &msg_pair, certificate_path, key_path, reason, NULL);
}

int http_tls_check(const char *certificate_path, const char *key_path, struct err *err)
{
    SSL_CTX *ctx = NULL;
    int rc = tls_context_new(certificate_path, key_path, NULL, &ctx, err);

    SSL_CTX_free(ctx);
    return rc;
}

int64_t tls_context_ends_ms(const SSL_CTX *ctx)
{
    const X509 *certificate = SSL_CTX_get0_certificate(ctx);
    int days, seconds;

    if (certificate == NULL ||
        ASN1_TIME_diff(&days, &seconds, NULL, X509_get0_notAfter(certificate)) != 1)
        return 0;
    return ((int64_t)time(NULL) + (int64_t)days * 86400 + seconds) * 1000;
}

struct bufferevent *tls_bufferevent_new(struct http_server *s, struct event_base *base)
{
    struct bufferevent *bev;
    SSL *ssl;

    pthread_mutex_lock(&s->tls_lock);
    ssl = SSL_new(s->tls);
    pthread_mutex_unlock(&s->tls_lock);
    if (ssl == NULL)
        return NULL;
    bev = bufferevent_openssl_socket_new(base, -1, ssl, BUFFEREVENT_SSL_ACCEPTING,
                                         BEV_OPT_CLOSE_ON_FREE);
    if (bev == NULL)
        SSL_free(ssl);
    return bev;
}

void tls_goodbye(struct bufferevent *bev)
{
    SSL *ssl = bufferevent_openssl_get_ssl(bev);

    if (ssl == NULL || !SSL_is_init_finished(ssl))
        return;
    SSL_shutdown(ssl);
    ERR_clear_error();
}
