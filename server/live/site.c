/* Subkeys, pseudonyms, seals, UUIDs and activation codes. Any thread; nothing is kept. */
#include "server/live/site.h"

#include "question-bank/base/seal.h"

#include <stdio.h>
#include <string.h>

static const char ALPHABET[] = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"; /* Crockford's base32 */

static const struct msg MSG_ENTROPY = {
    .id = "entropy-failed",
    .zh = "系统随机数发生器不可用",
    .en = "the system gives no random bytes",
};
static const struct msg MSG_SEALED = {
    .id = "sealed-secret-corrupt",
    .zh = "密封保存的随机种子无法解封，请核对站点密钥",
    .en = "a sealed seed does not open; is it the same site secret?",
};

void site_keys_init(struct site_keys *k, const uint8_t site_secret[32])
{
    struct bytes secret = bytes_of(site_secret, 32);

    k->token = digest_derive(secret, "mingfa/site-token/v1");
    k->activation = digest_derive(secret, "mingfa/site-activation/v1");
    k->pseudonym = digest_derive(secret, "mingfa/site-pseudonym-key/v1");
    k->seal = digest_derive(secret, "mingfa/site-seal/v1");
    k->back_off = digest_derive(secret, "mingfa/site-back-off/v1");
}

void site_keys_fini(struct site_keys *k)
{
    secret_wipe(k, sizeof *k);
}

struct digest site_exam_pseudonym(const struct site_keys *k, const uint8_t exam_uuid[16],
                                  struct bytes number)
{
    const struct bytes pieces[] = {bytes_of_text("mingfa/exam-pseudonym/v1"),
                                   bytes_of(exam_uuid, 16), number};

    return digest_hmac(DIGEST_SHA256, digest_view(&k->pseudonym), pieces, 3);
}

struct digest site_pseudonym(const struct site_keys *k, struct bytes number)
{
    const struct bytes pieces[] = {bytes_of_text("mingfa/site-pseudonym/v1"), number};

    return digest_hmac(DIGEST_SHA256, digest_view(&k->pseudonym), pieces, 2);
}

struct digest site_activation(const struct site_keys *k, struct bytes number, const char *code)
{
    const struct bytes pieces[] = {bytes_of_text("mingfa/activation/v1"), bytes_of_text(code),
                                   number};

    return digest_hmac(DIGEST_SHA256, digest_view(&k->activation), pieces, 3);
}

/* The associated data: what it is for, and which exam's. */
static void seal_context(const char *purpose, const uint8_t exam_uuid[16], struct buf *out)
{
    buf_append_text(out, "mingfa/");
    buf_append_text(out, purpose);
    buf_append_byte(out, '\n');
    buf_append(out, exam_uuid, 16);
}

int site_seal(const struct site_keys *k, const struct env *env, const char *purpose,
              const uint8_t exam_uuid[16], const uint8_t secret[32], struct buf *out,
              struct err *err)
{
    struct buf context = {0};
    uint8_t nonce[12];
    int rc;

    if (env->entropy(env->arg, nonce, sizeof nonce) != 0) {
        return err_set(err, ERR_CRYPTO, &MSG_ENTROPY, NULL, NULL, NULL, NULL);
    }
    seal_context(purpose, exam_uuid, &context);
    rc = buf_error(&context);
    if (rc == 0) {
        rc = secret_seal(k->seal.b, nonce, buf_view(&context), bytes_of(secret, 32), out, err);
    }
    buf_fini(&context);
    return rc;
}

int site_unseal(const struct site_keys *k, const char *purpose, const uint8_t exam_uuid[16],
                struct bytes sealed, uint8_t out[32], struct err *err)
{
    struct buf context = {0}, plain = {0};
    int rc;

    seal_context(purpose, exam_uuid, &context);
    rc = buf_error(&context);
    if (rc == 0) {
        rc = secret_open(k->seal.b, buf_view(&context), sealed, &plain, err);
    }
    if (rc == 0 && plain.len != 32) {
        rc = ERR_CORRUPT;
    }
    if (rc == 0) {
        memcpy(out, plain.data, 32);
    } else if (rc == ERR_CORRUPT) {
        err_set(err, rc, &MSG_SEALED, NULL, NULL, NULL, NULL);
    }
    if (plain.data != NULL) {
        secret_wipe(plain.data, plain.len);
    }
    buf_fini(&plain);
    buf_fini(&context);
    return rc;
}

int uuid_v7(const struct env *env, uint8_t out[16], struct err *err)
{
    uint64_t ms = (uint64_t)env->now_ms(env->arg);

    if (env->entropy(env->arg, out, 16) != 0) {
        return err_set(err, ERR_CRYPTO, &MSG_ENTROPY, NULL, NULL, NULL, NULL);
    }
    for (int i = 0; i < 6; i++) {
        out[i] = (uint8_t)(ms >> (40 - 8 * i));
    }
    out[6] = (uint8_t)((out[6] & 0x0f) | 0x70);
    out[8] = (uint8_t)((out[8] & 0x3f) | 0x80);
    return 0;
}

void code_write(const uint8_t random[CODE_BYTES], char out[CODE_CHARS + 1])
{
    uint32_t bits = 0, held = 0;
    size_t n = 0;

    for (size_t i = 0; i < CODE_BYTES; i++) {
        bits = bits << 8 | random[i];
        held += 8;
        while (held >= 5) {
            held -= 5;
            out[n++] = ALPHABET[bits >> held & 31];
        }
    }
    out[n] = '\0';
}

int code_normal(struct bytes typed, char out[CODE_CHARS + 1])
{
    size_t n = 0;

    for (size_t i = 0; i < typed.len; i++) {
        char c = (char)typed.data[i];

        if (c == '-' || c == ' ') {
            continue;
        }
        if (c >= 'a' && c <= 'z') {
            c = (char)(c - 'a' + 'A');
        }
        c = c == 'O' ? '0' : c == 'I' || c == 'L' ? '1' : c;
        if (c == '\0' || strchr(ALPHABET, c) == NULL || n == CODE_CHARS) {
            return ERR_BAD_INPUT;
        }
        out[n++] = c;
    }
    out[n] = '\0';
    return n == CODE_CHARS ? 0 : ERR_BAD_INPUT;
}
