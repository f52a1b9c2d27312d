/* Errors: a stable code, a message and up to four short arguments.
 *
 * An error travels as data and becomes a sentence only at the edge (err_text), in Chinese or
 * English, so that the same failure reads well in a terminal, in a problem+json body and in a
 * report. Messages are const objects that live beside the code that raises them; their `id` is
 * stable and public (it is the last path segment of a problem's `type`).
 *
 * Thread: all functions are reentrant; a struct err belongs to its caller. */
#ifndef MINGFA_BASE_ERR_H
#define MINGFA_BASE_ERR_H

#include <stddef.h>
#include <stdint.h>

/* What a caller can decide on. Functions return 0 or one of these (always negative). */
enum err_code {
    ERR_NOMEM = -1,       /* allocation failed */
    ERR_IO = -2,          /* the operating system refused a read, write, sync or connect */
    ERR_BAD_INPUT = -3,   /* what the world sent does not have the form it must have */
    ERR_NOT_FOUND = -4,   /* no such thing */
    ERR_EXISTS = -5,      /* there is one already */
    ERR_CONFLICT = -6,    /* the state does not allow it, or other bytes under the same name */
    ERR_DENIED = -7,      /* not permitted to this person, or on this scope */
    ERR_UNAUTHENTIC = -8, /* who it comes from could not be established */
    ERR_BUSY = -9,        /* full; come back later */
    ERR_LIMIT = -10,      /* larger or more than a named maximum */
    ERR_CORRUPT = -11,    /* stored or signed bytes are not what they were */
    ERR_CRYPTO = -12,     /* a cryptographic operation failed inside the library */
    ERR_LATE = -13,       /* after deadline and grace, or outside the window */
    ERR_STALE = -14,      /* superseded: an older device epoch, a repealed article */
    ERR_INFEASIBLE = -15, /* a blueprint asks for what the pool cannot give */
    ERR_UNKNOWN = -16,    /* outcome unknown: it may or may not have happened */
};

/* A message in both languages. `{0}`..`{3}` stand for the arguments. Static storage, never
 * built at run time. `id` is lower-case words joined by '-', stable for ever. */
struct msg {
    const char *id;
    const char *zh;
    const char *en;
};

enum { ERR_ARG_BYTES_MAX = 160, ERR_ARGS_MAX = 4, ERR_TEXT_BYTES_MAX = 1024 };

/* One argument, already text: cut at a UTF-8 boundary, control bytes replaced by U+FFFD. */
struct err_arg {
    char text[ERR_ARG_BYTES_MAX];
};

/* An argument that reads differently in each language. `{0}`..`{3}` in it stand for the arguments'
 * texts, its own included. Static storage. */
struct err_word {
    const char *zh;
    const char *en;
};

/* Caller storage. Zeroed means "no error". `code` is 0 or an enum err_code. */
struct err {
    int code;
    const struct msg *msg;
    struct err_arg arg[ERR_ARGS_MAX];
    const struct err_word *word[ERR_ARGS_MAX]; /* said instead of the text; NULL: none */
};

enum lang { LANG_ZH = 0, LANG_EN = 1 };

/* Fills *err (if not NULL) and returns `code`. Arguments are NUL-terminated UTF-8 or NULL for
 * none, in the order of {0}..{3}. Numbers: see err_int. */
int err_set(struct err *err, int code, const struct msg *msg, const char *a0, const char *a1,
            const char *a2, const char *a3);

/* Has argument `index` of what err_set made said by `word`. Nothing where err is NULL. */
void err_say(struct err *err, size_t index, const struct err_word *word);

/* The decimal form of `value` in caller storage `text` (at least 24 bytes); returns `text`. */
char *err_int(char text[24], int64_t value);

/* Writes the sentence into `out` (always NUL-terminated, cut at a UTF-8 boundary). Returns the
 * length. A zeroed err gives "". An err with a code and no message gives the code's own name. */
size_t err_text(const struct err *err, enum lang lang, char *out, size_t out_size);

/* A short fixed name of a code, such as "bad-input"; "ok" for 0. Never NULL. */
const char *err_code_name(int code);

#endif
