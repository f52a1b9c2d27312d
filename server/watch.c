/* See watch.h. */
#include "server/watch.h"

#include "question-bank/base/err.h"

#include <sys/statvfs.h>

enum { CLOCK_STEP_MS = 1000 };

static void tell(const struct watch *w, bool bad, const char *event, const char *name,
                 int64_t value)
{
    char text[24];
    const struct log_field fields[] = {{"state", bad ? "bad" : "good"},
                                       {name, err_int(text, value)}};

    w->env->log(w->env->arg, bad ? LOG_ERROR : LOG_INFO, event, fields, 2);
}

/* Told when it changes, and when it is bad at the first look. */
static void judge(const struct watch *w, atomic_bool *was, bool bad, const char *event,
                  const char *name, int64_t value)
{
    if (atomic_exchange(was, bad) != bad)
        tell(w, bad, event, name, value);
}

static void disk_look(struct watch *w)
{
    struct statvfs disk;
    int64_t free_bytes;

    if (statvfs(w->data_dir, &disk) != 0)
        return;
    free_bytes = (int64_t)disk.f_bavail * (int64_t)disk.f_frsize;
    atomic_store(&w->disk_free_bytes, free_bytes);
    judge(w, &w->disk_low, free_bytes < w->disk_free_bytes_min, "disk-low", "free_bytes",
          free_bytes);
}

static void certificate_look(struct watch *w)
{
    int64_t ends_ms = w->http != NULL ? http_certificate_ends_ms(w->http) : 0;

    atomic_store(&w->certificate_ends_ms, ends_ms);
    if (ends_ms != 0)
        judge(w, &w->certificate_ending, ends_ms - env_wall_ms() < w->certificate_ms_min,
              "certificate-ending", "days_left", (ends_ms - env_wall_ms()) / 86400000);
}

/* Deadlines do not follow the system clock; whoever runs the server should know that it moved. */
static void clock_look(struct watch *w)
{
    int64_t ahead_ms = env_wall_ms() - w->env->now_ms(w->env->arg);
    int64_t step_ms = ahead_ms - w->ahead_ms;
    char text[24];
    const struct log_field field = {"ms", err_int(text, step_ms)};

    atomic_store(&w->clock_ahead_ms, ahead_ms);
    if (w->looked && step_ms > -CLOCK_STEP_MS && step_ms < CLOCK_STEP_MS)
        return;
    if (w->looked)
        w->env->log(w->env->arg, LOG_WARN, "clock-stepped", &field, 1);
    w->ahead_ms = ahead_ms;
}

void watch_look(struct watch *w)
{
    disk_look(w);
    certificate_look(w);
    clock_look(w);
    w->looked = true;
}
