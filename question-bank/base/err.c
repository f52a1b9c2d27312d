/* Errors as data, sentences at the edge. Pure; any thread. */
#include "question-bank/base/err.h"

#include "question-bank/base/bytes.h"
#include "question-bank/base/utf8.h"

#include <stdio.h>
#include <string.h>

static const char REPLACEMENT[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* Copies text into the argument: valid UTF-8, no control bytes, cut at a code point. */
static void arg_copy(struct err_arg *arg, const char *text)
{
    size_t len = strlen(text);
    size_t out = 0;
    size_t i = 0;

    while (i < len) {
        size_t n = 1;
        while (n < 4 && i + n < len && ((unsigned char)text[i + n] & 0xC0) == 0x80)
            n++;
        const char *piece = text + i;
        size_t piece_len = n;
        if ((unsigned char)text[i] < 0x80)
            piece_len = n = 1;
        if ((unsigned char)text[i] < 0x20 || text[i] == 0x7F ||
            !utf8_valid(bytes_of(piece, piece_len), NULL)) {
            piece = REPLACEMENT;
            piece_len = 3;
            n = 1;
        }
        if (out + piece_len >= sizeof(arg->text))
            break;
        memcpy(arg->text + out, piece, piece_len);
        out += piece_len;
        i += n;
    }
    arg->text[out] = '\0';
}

int err_set(struct err *err, int code, const struct msg *msg, const char *a0, const char *a1,
            const char *a2, const char *a3)
{
    if (err != NULL) {
        const char *args[ERR_ARGS_MAX] = {a0, a1, a2, a3};
        err->code = code;
        err->msg = msg;
        for (size_t i = 0; i < ERR_ARGS_MAX; i++)
            arg_copy(&err->arg[i], args[i] != NULL ? args[i] : "");
    }
    return code;
}

char *err_int(char text[24], int64_t value)
{
    snprintf(text, 24, "%lld", (long long)value);
    return text;
}

size_t err_text(const struct err *err, enum lang lang, char *out, size_t out_size)
{
    struct buf b = {0};
    size_t len;

    if (out_size == 0)
        return 0;
    out[0] = '\0';
    if (err == NULL || err->code == 0)
        return 0;
    if (err->msg == NULL) {
        buf_append_text(&b, err_code_name(err->code));
    } else {
        const char *p = lang == LANG_EN ? err->msg->en : err->msg->zh;
        while (*p != '\0') {
            if (p[0] == '{' && p[1] >= '0' && p[1] < '0' + ERR_ARGS_MAX && p[2] == '}') {
                buf_append_text(&b, err->arg[p[1] - '0'].text);
                p += 3;
            } else {
                buf_append_byte(&b, (uint8_t)*p++);
            }
        }
    }
    len = b.len < out_size ? b.len : utf8_cut((const char *)b.data, b.len, out_size - 1);
    if (len > 0)
        memcpy(out, b.data, len);
    out[len] = '\0';
    buf_fini(&b);
    return len;
}

const char *err_code_name(int code)
{
    switch (code) {
    case 0:
        return "ok";
    case ERR_NOMEM:
        return "no-memory";
    case ERR_IO:
        return "io";
    case ERR_BAD_INPUT:
        return "bad-input";
    case ERR_NOT_FOUND:
        return "not-found";
    case ERR_EXISTS:
        return "exists";
    case ERR_CONFLICT:
        return "conflict";
    case ERR_DENIED:
        return "denied";
    case ERR_UNAUTHENTIC:
        return "unauthentic";
    case ERR_BUSY:
        return "busy";
    case ERR_LIMIT:
        return "limit";
    case ERR_CORRUPT:
        return "corrupt";
    case ERR_CRYPTO:
        return "crypto";
    case ERR_LATE:
        return "late";
    case ERR_STALE:
        return "stale";
    case ERR_INFEASIBLE:
        return "infeasible";
    case ERR_UNKNOWN:
        return "unknown-outcome";
    default:
        return "error";
    }
}
