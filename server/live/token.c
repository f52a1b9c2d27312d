/* Tokens, written and taken apart. Any thread. */
#include "server/live/token.h"

#include "question-bank/base/err.h"

#include <string.h>

static struct digest token_mac(const uint8_t body[TOKEN_BODY_BYTES], const struct digest *mac_key,
                               struct bytes number)
{
    const struct bytes pieces[] = {bytes_of_text("mingfa/login-token/v1"),
                                   bytes_of(body, TOKEN_BODY_BYTES), number};

    return digest_hmac(DIGEST_SHA256, digest_view(mac_key), pieces, 3);
}

void token_write(const struct token *t, const struct digest *mac_key, struct bytes number,
                 char out[TOKEN_CHARS + 1])
{
    uint8_t raw[TOKEN_BYTES];
    char text[4 * ((TOKEN_BYTES + 2) / 3) + 1];
    struct digest mac;
    size_t len;

    raw[0] = TOKEN_VERSION;
    u32be_write(raw + 1, t->person);
    u64be_write(raw + 5, t->login_id);
    u64be_write(raw + 13, (uint64_t)t->issued_ms);
    u64be_write(raw + 21, (uint64_t)t->expires_ms);
    mac = token_mac(raw, mac_key, number);
    memcpy(raw + TOKEN_BODY_BYTES, mac.b, DIGEST_BYTES);
    len = base64url_encode(text, raw, sizeof raw);
    memcpy(out, text, len);
    out[len] = '\0';
}

int token_read(const char *text, struct token *out)
{
    uint8_t raw[TOKEN_BYTES];
    size_t len = sizeof raw;

    if (strnlen(text, TOKEN_CHARS + 1) != TOKEN_CHARS ||
        base64url_decode(raw, &len, text, TOKEN_CHARS) != 0 || len != sizeof raw ||
        raw[0] != TOKEN_VERSION) {
        return ERR_UNAUTHENTIC;
    }
    out->person = u32be_read(raw + 1);
    out->login_id = u64be_read(raw + 5);
    out->issued_ms = (int64_t)u64be_read(raw + 13);
    out->expires_ms = (int64_t)u64be_read(raw + 21);
    memcpy(out->body, raw, TOKEN_BODY_BYTES);
    memcpy(out->mac, raw + TOKEN_BODY_BYTES, DIGEST_BYTES);
    return 0;
}

bool token_is_genuine(const struct token *t, const struct digest *mac_key, struct bytes number)
{
    struct digest mac = token_mac(t->body, mac_key, number);

    return secret_equal(mac.b, t->mac, DIGEST_BYTES);
}
