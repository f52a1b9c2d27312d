/* A login's token: base64url(version | person | login id | issued | expires | MAC), where the MAC
 * also covers the person's number, so that a token never means somebody else. Pure. */
#ifndef MINGFA_LIVE_TOKEN_H
#define MINGFA_LIVE_TOKEN_H

#include "question-bank/base/digest.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    TOKEN_VERSION = 1,
    TOKEN_BODY_BYTES = 1 + 4 + 8 + 8 + 8,
    TOKEN_BYTES = TOKEN_BODY_BYTES + DIGEST_BYTES,
    TOKEN_CHARS = (TOKEN_BYTES * 4 + 2) / 3,
};

struct token {
    uint32_t person; /* index in the roster */
    uint64_t login_id;
    int64_t issued_ms, expires_ms;
    uint8_t body[TOKEN_BODY_BYTES]; /* token_read: as sent */
    uint8_t mac[DIGEST_BYTES];
};

/* out: TOKEN_CHARS and a NUL. */
void token_write(const struct token *t, const struct digest *mac_key, struct bytes number,
                 char out[TOKEN_CHARS + 1]);
/* Takes the text apart without believing it: 0 or ERR_UNAUTHENTIC. */
int token_read(const char *text, struct token *out);
/* Is it ours, for the person of that number? */
bool token_is_genuine(const struct token *t, const struct digest *mac_key, struct bytes number);

#endif
