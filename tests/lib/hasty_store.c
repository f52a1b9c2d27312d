/* See hasty_store.h. */
#include "tests/lib/hasty_store.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct hasty {
    struct store store;
    struct store *inner;
    bool flushes;
    pthread_mutex_t lock; /* guards the rest */
    struct event *events;
    struct event_leaf *leaves;
    struct store_secret *secrets;
    size_t count, secrets_count;
};

static struct hasty *of(struct store *s)
{
    return (struct hasty *)s;
}

static void drop(struct hasty *h)
{
    for (size_t i = 0; i < h->count; i++)
        free((void *)(uintptr_t)h->events[i].payload.data);
    free(h->events);
    free(h->leaves);
    free(h->secrets);
    h->events = NULL;
    h->leaves = NULL;
    h->secrets = NULL;
    h->count = h->secrets_count = 0;
}

static void *copy_of(const void *data, size_t bytes)
{
    void *copy = malloc(bytes + 1);

    if (copy == NULL)
        abort();
    if (bytes > 0)
        memcpy(copy, data, bytes);
    return copy;
}

static void keep(struct hasty *h, const struct store_batch *b)
{
    h->events = copy_of(b->events, b->count * sizeof *b->events);
    h->leaves = copy_of(b->leaves, b->count * sizeof *b->leaves);
    h->secrets = copy_of(b->secrets, b->secrets_count * sizeof *b->secrets);
    h->count = b->count;
    h->secrets_count = b->secrets_count;
    for (size_t i = 0; i < b->count; i++)
        h->events[i].payload.data = copy_of(b->events[i].payload.data, b->events[i].payload.len);
}

static int flush(struct hasty *h, struct err *err)
{
    struct store_batch b = {h->events, h->leaves, h->count, h->secrets, h->secrets_count};
    int rc = h->count == 0 ? 0 : store_append(h->inner, STORE_RECORD, &b, err);

    if (rc == 0)
        drop(h);
    return rc;
}

static int hasty_append(struct store *s, enum store_file file, const struct store_batch *b,
                        struct err *err)
{
    struct hasty *h = of(s);
    int rc;

    if (file != STORE_RECORD)
        return store_append(h->inner, file, b, err);
    pthread_mutex_lock(&h->lock);
    rc = flush(h, err);
    if (rc == 0)
        keep(h, b);
    else
        drop(h);
    pthread_mutex_unlock(&h->lock);
    return rc;
}

static int hasty_tail(struct store *s, enum store_file file, struct store_tail *out,
                      struct err *err)
{
    return store_tail(of(s)->inner, file, out, err);
}

static int hasty_events_each(struct store *s, enum store_file file, int64_t from, int64_t session,
                             int (*visit)(void *, const struct event *), void *arg, struct err *err)
{
    return store_events_each(of(s)->inner, file, from, session, visit, arg, err);
}

static int hasty_secret_get(struct store *s, int64_t session, uint8_t out[32], struct err *err)
{
    return store_secret_get(of(s)->inner, session, out, err);
}

static int hasty_sessions_each(struct store *s, bool only_open, int64_t before_ms,
                               int (*visit)(void *, const struct session_row *), void *arg,
                               struct err *err)
{
    return store_sessions_each(of(s)->inner, only_open, before_ms, visit, arg, err);
}

static int hasty_scores_each(struct store *s, const uint8_t exam[16], int64_t before_ms,
                             int (*visit)(void *, const struct score_row *), void *arg,
                             struct err *err)
{
    return store_scores_each(of(s)->inner, exam, before_ms, visit, arg, err);
}

static int hasty_attendance_each(struct store *s, const char *from, const char *to,
                                 int64_t before_ms,
                                 int (*visit)(void *, const struct attendance_row *), void *arg,
                                 struct err *err)
{
    return store_attendance_each(of(s)->inner, from, to, before_ms, visit, arg, err);
}

static int hasty_rebuild(struct store *s, enum store_file file, struct err *err)
{
    return store_rebuild(of(s)->inner, file, err);
}

static int hasty_rows_check(struct store *s, enum store_file file, struct store_rows_report *out,
                            struct err *err)
{
    return store_rows_check(of(s)->inner, file, out, err);
}

static int hasty_dump(struct store *s, enum store_file file, struct buf *out, struct err *err)
{
    return store_dump(of(s)->inner, file, out, err);
}

static int hasty_checkpoint(struct store *s, enum store_file file, struct err *err)
{
    return store_checkpoint(of(s)->inner, file, err);
}

static int64_t hasty_log_bytes(const struct store *s, enum store_file file)
{
    return store_log_bytes(((const struct hasty *)s)->inner, file);
}

static void hasty_close(struct store *s)
{
    struct hasty *h = of(s);

    if (h->flushes)
        (void)flush(h, NULL);
    drop(h);
    store_close(h->inner);
    pthread_mutex_destroy(&h->lock);
    free(h);
}

int hasty_store_open(struct store *inner, bool flushes, struct store **out, struct err *err)
{
    static const struct store_ops ops = {
        .append = hasty_append,
        .tail = hasty_tail,
        .events_each = hasty_events_each,
        .secret_get = hasty_secret_get,
        .sessions_each = hasty_sessions_each,
        .scores_each = hasty_scores_each,
        .attendance_each = hasty_attendance_each,
        .rebuild = hasty_rebuild,
        .rows_check = hasty_rows_check,
        .dump = hasty_dump,
        .checkpoint = hasty_checkpoint,
        .log_bytes = hasty_log_bytes,
        .close = hasty_close,
    };
    struct hasty *h = calloc(1, sizeof *h);

    if (h == NULL)
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    h->store.ops = &ops;
    h->inner = inner;
    h->flushes = flushes;
    pthread_mutex_init(&h->lock, NULL);
    *out = &h->store;
    return 0;
}
