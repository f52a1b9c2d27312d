/* The real outside world: an anchored clock, OpenSSL's generator, JSON lines on standard error.
 *
 * A line of log is made whole and written at once, so that lines of several threads do not mix. A log
 * that cannot be written is lost: nothing else may fail for it. Any thread. */
#include "question-bank/base/env.h"

#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"
#include "question-bank/base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <openssl/rand.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static int64_t clock_ms(clockid_t id)
{
    struct timespec ts;

    clock_gettime(id, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

int64_t env_wall_ms(void)
{
    return clock_ms(CLOCK_REALTIME);
}

static int64_t system_now_ms(void *arg)
{
    const struct env_system *s = arg;

    return s->anchor_ms + clock_ms(CLOCK_BOOTTIME) - s->anchor_boot_ms;
}

static int system_entropy(void *arg, void *out, size_t n)
{
    (void)arg;
    if (n > INT_MAX)
        return ERR_CRYPTO;
    return RAND_bytes(out, (int)n) == 1 ? 0 : ERR_CRYPTO;
}

/* A JSON string (RFC 8259 §7), never more than LOG_TEXT_BYTES_MAX of it, with U+FFFD for what is not
 * UTF-8. */
static void append_json_text(struct buf *b, const char *text)
{
    size_t len = strnlen(text, LOG_TEXT_BYTES_MAX + 4);
    size_t pos = 0;

    len = utf8_cut(text, len, LOG_TEXT_BYTES_MAX);
    buf_append_byte(b, '"');
    while (pos < len) {
        size_t start = pos;
        int32_t cp = utf8_next(text, len, &pos);

        if (cp == '"' || cp == '\\')
            buf_printf(b, "\\%c", (char)cp);
        else if (cp < 0x20 || (cp >= 0x7F && cp <= 0x9F) || cp == 0x2028 || cp == 0x2029 ||
                 cp == 0xFFFD)
            buf_printf(b, "\\u%04x", (unsigned)cp);
        else
            buf_append(b, text + start, pos - start);
    }
    buf_append_byte(b, '"');
}

static void system_log(void *arg, enum log_level level, const char *event,
                       const struct log_field *fields, size_t count)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    const struct env_system *s = arg;
    struct buf line = {0};
    size_t done = 0;

    assert(level >= LOG_DEBUG && level <= LOG_ERROR && count <= LOG_FIELDS_MAX);
    if (level < s->level)
        return;
    buf_printf(&line, "{\"time_ms\":%lld,\"level\":\"%s\",\"event\":", (long long)env_wall_ms(),
               names[level]);
    append_json_text(&line, event);
    for (size_t i = 0; i < count; i++) {
        buf_append_byte(&line, ',');
        append_json_text(&line, fields[i].name);
        buf_append_byte(&line, ':');
        append_json_text(&line, fields[i].value != NULL ? fields[i].value : "");
    }
    buf_append_text(&line, "}\n");
    while (buf_error(&line) == 0 && done < line.len) {
        ssize_t n = write(STDERR_FILENO, line.data + done, line.len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            break;
        done += (size_t)n;
    }
    buf_fini(&line);
}

void env_system_init(struct env_system *s, int64_t not_before_ms, struct env *out)
{
    int64_t wall = env_wall_ms();

    s->anchor_ms = wall > not_before_ms ? wall : not_before_ms;
    s->anchor_boot_ms = clock_ms(CLOCK_BOOTTIME);
    s->level = LOG_INFO;
    out->arg = s;
    out->now_ms = system_now_ms;
    out->entropy = system_entropy;
    out->log = system_log;
}
