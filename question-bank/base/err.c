/* Errors as data, sentences at the edge. Pure; any thread. */
#include "question-bank/base/err.h"

#include "question-bank/base/utf8.h"

#include <assert.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

static const char REPLACEMENT[] = "\xEF\xBF\xBD"; /* U+FFFD */

/* C0, DEL and C1: they could move a terminal's cursor or break a line of log. */
static bool is_control(int32_t cp)
{
    return cp < 0x20 || (cp >= 0x7F && cp <= 0x9F);
}

/* Copies text into the argument: valid UTF-8, no control characters, cut at a code point. */
static void arg_copy(struct err_arg *arg, const char *text)
{
    /* What does not fit is never looked at, however long it is. */
    size_t len = strnlen(text, ERR_ARG_BYTES_MAX + 4);
    size_t out = 0;
    size_t pos = 0;

    while (pos < len) {
        const char *piece = text + pos;
        size_t start = pos;
        /* An ill-formed byte decodes to U+FFFD alone, so the good ones around it stay. */
        int32_t cp = utf8_next(text, len, &pos);
        size_t piece_len = pos - start;

        if (is_control(cp) || cp == 0xFFFD) {
            piece = REPLACEMENT;
            piece_len = sizeof(REPLACEMENT) - 1;
        }
        if (out + piece_len >= sizeof(arg->text))
            break;
        memcpy(arg->text + out, piece, piece_len);
        out += piece_len;
    }
    arg->text[out] = '\0';
}

int err_set(struct err *err, int code, const struct msg *msg, const char *a0, const char *a1,
            const char *a2, const char *a3)
{
    const char *args[ERR_ARGS_MAX] = {a0, a1, a2, a3};
    struct err made = {.code = code, .msg = msg};

    if (err == NULL)
        return code;
    /* Made beside *err: an argument may be one of the error that is replaced. */
    for (size_t i = 0; i < ERR_ARGS_MAX; i++)
        arg_copy(&made.arg[i], args[i] != NULL ? args[i] : "");
    *err = made;
    return code;
}

void err_say(struct err *err, size_t index, const struct err_word *word)
{
    assert(index < ERR_ARGS_MAX);
    if (err != NULL)
        err->word[index] = word;
}

char *err_int(char text[24], int64_t value)
{
    snprintf(text, 24, "%lld", (long long)value);
    return text;
}

/* Appends what fits, whole code points only; false when something had to go. */
static bool text_append(char *out, size_t out_size, size_t *len, const char *piece,
                        size_t piece_len)
{
    size_t fits = utf8_cut(piece, piece_len, out_size - 1 - *len);

    memcpy(out + *len, piece, fits);
    *len += fits;
    out[*len] = '\0';
    return fits == piece_len;
}

/* The number of the argument that "{0}".."{3}" at p stands for; -1: p is no such sign. */
static int arg_at(const char *p)
{
    return p[0] == '{' && p[1] >= '0' && p[1] < '0' + ERR_ARGS_MAX && p[2] == '}' ? p[1] - '0' : -1;
}

/* Appends a word; the arguments in it are texts only, so that words cannot nest. */
static bool word_append(const struct err *err, const char *p, char *out, size_t out_size,
                        size_t *len)
{
    bool fits = true;

    while (*p != '\0' && fits) {
        int index = arg_at(p);
        const char *piece = index < 0 ? p : err->arg[index].text;
        size_t run = index < 0 ? 1 + strcspn(p + 1, "{") : strlen(piece);

        fits = text_append(out, out_size, len, piece, run);
        p += index < 0 ? run : 3;
    }
    return fits;
}

size_t err_text(const struct err *err, enum lang lang, char *out, size_t out_size)
{
    const char *p;
    size_t len = 0;
    bool fits = true;

    if (out_size == 0)
        return 0;
    out[0] = '\0';
    if (err == NULL || err->code == 0)
        return 0;
    if (err->msg == NULL)
        p = err_code_name(err->code);
    else
        p = lang == LANG_EN ? err->msg->en : err->msg->zh;
    while (*p != '\0' && fits) {
        int index = arg_at(p);

        if (index >= 0 && err->word[index] != NULL) {
            const struct err_word *word = err->word[index];

            fits = word_append(err, lang == LANG_EN ? word->en : word->zh, out, out_size, &len);
            p += 3;
        } else if (index >= 0) {
            const char *arg = err->arg[index].text;

            fits = text_append(out, out_size, &len, arg, strlen(arg));
            p += 3;
        } else {
            size_t run = 1 + strcspn(p + 1, "{");
            fits = text_append(out, out_size, &len, p, run);
            p += run;
        }
    }
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
