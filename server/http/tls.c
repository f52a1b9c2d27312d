/* TLS: one SSL_CTX for all loops (which shares session tickets among them), 1.2 and newer.
 *
 * SSL_MODE_RELEASE_BUFFERS halves the memory of an idle connection. Contexts are made at start;
 * bufferevents on the loop threads. */
#include "server/http/internal.h"

#include <event2/bufferevent.h>
#include <event2/bufferevent_ssl.h>
#include <openssl/err.h>

static const struct msg msg_pair = {"tls-files-unusable", "证书 {0} 与私钥 {1} 不能使用：{2}。",
                                    "Certificate {0} and signing key {1} cannot be used: {2}."};

/* The 1.2 suites with forward secrecy and AEAD; those of 1.3 are OpenSSL's own. */
static const char ciphers[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
                              "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256:"
                              "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305";

int tls_context_new(const char *certificate_path, const char *key_path, SSL_CTX **out,
                    struct err *err)
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
    *out = ctx;
    return 0;
failed:
    ERR_error_string_n(ERR_get_error(), reason, sizeof reason);
    ERR_clear_error();
    SSL_CTX_free(ctx);
    return err_set(err, ERR_CRYPTO, &msg_pair, certificate_path, key_path, reason, NULL);
}

struct bufferevent *tls_bufferevent_new(SSL_CTX *ctx, struct event_base *base)
{
    SSL *ssl = SSL_new(ctx);
    struct bufferevent *bev;

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
