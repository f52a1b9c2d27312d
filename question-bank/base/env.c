/* The real outside world: an anchored clock, OpenSSL's generator, JSON lines on standard error. */
#include "question-bank/base/env.h"

#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <openssl/rand.h>
#include <stdio.h>
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
    return RAND_bytes(out, (int)n) == 1 ? 0 : ERR_CRYPTO;
}

static void append_json_text(struct buf *b, const char *text)
{
    buf_append_byte(b, '"');
    for (; *text != '\0'; text++) {
        unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\') {
            buf_append_byte(b, '\\');
            buf_append_byte(b, c);
        } else if (c < 0x20) {
            buf_printf(b, "\\u%04x", c);
        } else {
            buf_append_byte(b, c);
        }
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
    while (!line.failed && done < line.len) { /* one write a line, as far as the kernel takes it */
        ssize_t n = write(STDERR_FILENO, line.data + done, line.len - done);
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
