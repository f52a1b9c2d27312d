/* Storing answers: the SQLite store alone, and its yardstick, a file synced for every answer.
 *
 * `dir` must be on the disk that is to be measured; what is written there is the caller's to remove.
 * Thread: main; checkpoints on one of their own, as in the server. */
#include "scripts/bench.d/bench.h"

#include "question-bank/base/bytes.h"
#include "server/record/leaf.h"
#include "server/record/payload.h"
#include "server/store/sqlite/sqlite_store.h"
#include "server/store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    SESSIONS = 200,
    BATCH = 256, /* what the record writer takes at most */
    ANSWER_BYTES = 200,
    CHECKPOINT_MS = 1000,
};

static const struct msg msg_file = {"bench-file", "{0}：{1}", "{0}: {1}"};
static const struct msg msg_thread = {"bench-thread", "无法建立线程：{0}", "No thread: {0}"};

struct bench_store {
    struct store *store;
    struct event events[BATCH];
    struct event_leaf leaves[BATCH];
    struct store_secret secrets[BATCH];
    size_t offsets[BATCH + 1];
    struct buf payloads;
    int64_t seq, last[SESSIONS];
    uint64_t answers;
    atomic_bool over;
};

static int put(struct bench_store *b, size_t at, int64_t session, const struct payload *p,
               struct err *err)
{
    static const uint8_t secret[32] = {1};
    struct event *e = &b->events[at];
    int rc;

    b->offsets[at] = b->payloads.len;
    rc = payload_encode(p, &b->payloads, err);
    if (rc != 0)
        return rc;
    b->offsets[at + 1] = b->payloads.len;
    *e = (struct event){
        .seq = b->seq + 1 + (int64_t)at,
        .session = session,
        .prev_seq = b->last[session - 1],
        .type = (uint16_t)p->type,
        .recorded_ms = 1,
        .payload = bytes_of(b->payloads.data + b->offsets[at], b->payloads.len - b->offsets[at])};
    leaf_of_session(DIGEST_SM3, secret, e, &b->leaves[at]);
    b->last[session - 1] = e->seq;
    return 0;
}

static int flush(struct bench_store *b, size_t count, size_t secrets, struct err *err)
{
    int rc;

    for (size_t i = 0; i < count; i++)
        b->events[i].payload =
            bytes_of(b->payloads.data + b->offsets[i], b->offsets[i + 1] - b->offsets[i]);
    rc = store_append(b->store, STORE_RECORD,
                      &(struct store_batch){.events = b->events,
                                            .leaves = b->leaves,
                                            .count = count,
                                            .secrets = b->secrets,
                                            .secrets_count = secrets},
                      err);
    b->seq += (int64_t)count;
    buf_clear(&b->payloads);
    return rc;
}

static int sessions_start(struct bench_store *b, struct err *err)
{
    struct payload p = {.type = EVENT_SESSION_STARTED};
    int rc = 0;

    p.u.started.attempt = 1;
    p.u.started.duration_ms = 3600000;
    p.u.started.paper = bytes_of_text("paper");
    p.u.started.at_ms = 1;
    for (size_t i = 0; i < SESSIONS && rc == 0; i++) {
        u64be_write(p.u.started.session_uuid, i + 1);
        u64be_write(p.u.started.pseudonym, i + 1);
        b->secrets[i] = (struct store_secret){.session = (int64_t)i + 1};
        rc = put(b, i, (int64_t)i + 1, &p, err);
    }
    return rc == 0 ? flush(b, SESSIONS, SESSIONS, err) : rc;
}

static int answers_store(struct bench_store *b, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < BATCH && rc == 0; i++, b->answers++) {
        struct response_entry entry = {.device_seq = b->answers / SESSIONS + 1,
                                       .item = (uint32_t)(b->answers / SESSIONS % 80),
                                       .kind = RESPONSE_VALUE_MASK,
                                       .mask = 1};
        struct payload p = {.type = EVENT_RESPONSES};

        p.u.responses = (struct responses_saved){
            .epoch = 1, .at_ms = 1, .responses = {.entries = &entry, .count = 1}};
        rc = put(b, i, (int64_t)(b->answers % SESSIONS) + 1, &p, err);
    }
    return rc == 0 ? flush(b, BATCH, 0, err) : rc;
}

static void *checkpoints(void *arg)
{
    const struct timespec wait = {.tv_nsec = 10 * 1000000};
    struct bench_store *b = arg;
    int64_t last_us = bench_now_us();

    while (!atomic_load(&b->over)) {
        nanosleep(&wait, NULL);
        if (bench_now_us() - last_us < CHECKPOINT_MS * 1000)
            continue;
        store_checkpoint(b->store, STORE_RECORD, NULL);
        last_us = bench_now_us();
    }
    return NULL;
}

int bench_commit(const char *dir, int64_t ms, double *out, struct err *err)
{
    static struct bench_store b;
    int64_t from_us, us = 0;
    pthread_t thread;
    int rc = sqlite_store_open(dir, &(struct sqlite_options){0}, &b.store, err);

    if (rc != 0)
        return rc;
    rc = pthread_create(&thread, NULL, checkpoints, &b);
    if (rc != 0) {
        store_close(b.store);
        return err_set(err, ERR_IO, &msg_thread, strerror(rc), NULL, NULL, NULL);
    }
    rc = sessions_start(&b, err);
    from_us = bench_now_us();
    while (rc == 0 && us < ms * 1000) {
        rc = answers_store(&b, err);
        us = bench_now_us() - from_us;
    }
    atomic_store(&b.over, true);
    pthread_join(thread, NULL);
    store_close(b.store);
    buf_fini(&b.payloads);
    if (rc == 0)
        *out = (double)b.answers * 1e6 / (double)us;
    return rc;
}

int bench_sync(const char *dir, int64_t ms, double *out, struct err *err)
{
    static const uint8_t answer[ANSWER_BYTES] = {1};
    char path[4096];
    int64_t from_us, us = 0;
    uint64_t n = 0;
    int fd, rc = 0;

    snprintf(path, sizeof path, "%s/sync", dir);
    fd = open(path, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    if (fd < 0)
        return err_set(err, ERR_IO, &msg_file, path, strerror(errno), NULL, NULL);
    from_us = bench_now_us();
    while (rc == 0 && us < ms * 1000) {
        if (write(fd, answer, sizeof answer) != (ssize_t)sizeof answer || fdatasync(fd) != 0)
            rc = err_set(err, ERR_IO, &msg_file, path, strerror(errno), NULL, NULL);
        n++;
        us = bench_now_us() - from_us;
    }
    close(fd);
    unlink(path);
    if (rc == 0)
        *out = (double)n * 1e6 / (double)us;
    return rc;
}
