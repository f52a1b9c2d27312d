/* The outside world, handed down: clock, entropy, log.
 *
 * Rules never ask what time it is; whoever calls them does, through this table, so that tests and
 * the simulator drive time and chance. Thread: the functions must be callable from any thread. */
#ifndef MINGFA_BASE_ENV_H
#define MINGFA_BASE_ENV_H

#include <stddef.h>
#include <stdint.h>

enum log_level { LOG_DEBUG = 0, LOG_INFO, LOG_WARN, LOG_ERROR };

/* Text beyond is cut. */
enum { LOG_FIELDS_MAX = 8, LOG_TEXT_BYTES_MAX = 1024 };

/* One line of log: an event name and up to eight name/value pairs of text. Values never hold
 * personal data, secrets, answer keys or response contents. */
struct log_field {
    const char *name;
    const char *value;
};

struct env {
    void *arg;
    /* UTC milliseconds on the server's anchored clock (never steps while running). */
    int64_t (*now_ms)(void *arg);
    /* n unpredictable bytes. 0, or ERR_CRYPTO. */
    int (*entropy)(void *arg, void *out, size_t n);
    void (*log)(void *arg, enum log_level level, const char *event, const struct log_field *fields,
                size_t count);
};

/* The real world: CLOCK_BOOTTIME anchored to `anchor_ms` at this moment (max of the system clock
 * and the last committed time), RAND_bytes, JSON lines on stderr. */
struct env_system {
    int64_t anchor_ms;
    int64_t anchor_boot_ms;
    enum log_level level;
};
/* Anchors now at max(system clock, not_before_ms). s must outlive *out. */
void env_system_init(struct env_system *s, int64_t not_before_ms, struct env *out);
/* The system clock, UTC ms; may step. */
int64_t env_wall_ms(void);

#endif
