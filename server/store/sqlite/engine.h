/* The parts of the SQLite engine that its files share: the open store and its two files.
 * Thread: each member says which lock guards it. */
#ifndef MINGFA_STORE_SQLITE_ENGINE_H
#define MINGFA_STORE_SQLITE_ENGINE_H

#include "question-bank/base/arena.h"
#include "server/store/sqlite/db.h"
#include "server/store/sqlite/rows.h"
#include "server/store/sqlite/sqlite_store.h"
#include "server/store/sqlite/tails.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

enum { READERS_MAX = 64, ENGINE_PATH_BYTES_MAX = 4096 };

struct engine_file {
    enum store_file file;
    const char *name; /* "record.db" */
    char path[ENGINE_PATH_BYTES_MAX];

    pthread_mutex_t writer_lock; /* guards the next block */
    struct db writer;
    struct arena arena; /* of the event being derived */
    bool unsynced;      /* a sync failed: no append until reopened */
    int64_t last_seq, last_recorded_ms;
    int64_t finished_at_pages; /* log pages at the writer's last own checkpoint */

    pthread_mutex_t checkpoint_lock; /* guards checkpointer */
    struct db checkpointer;
    atomic_int_least64_t wal_pages; /* in the log, as of the last commit */
    atomic_bool finish_wanted;      /* the writer is to complete a checkpoint */

    pthread_mutex_t readers_lock; /* guards the next block */
    struct db *readers_idle[READERS_MAX];
    size_t readers_idle_count, readers_count;
};

struct engine {
    struct store base;
    int lock_fd;
    struct sqlite_options options;
    struct tails tails; /* record file */
    struct engine_file files[STORE_FILES];
};

struct engine *engine_of(struct store *s);

/* schema.c: brings the file to this program's schema, or refuses. */
int schema_open(struct db *db, enum store_file file, struct err *err);

/* append.c */
int engine_append(struct store *s, enum store_file file, const struct store_batch *batch,
                  struct err *err);
int engine_rebuild(struct store *s, enum store_file file, struct err *err);
int engine_checkpoint(struct store *s, enum store_file file, struct err *err);

/* check.c */
int engine_rows_check(struct store *s, enum store_file file, struct store_rows_report *out,
                      struct err *err);

/* read.c */
int engine_tail(struct store *s, enum store_file file, struct store_tail *out, struct err *err);
int engine_events_each(struct store *s, enum store_file file, int64_t from_seq, int64_t session,
                       int (*visit)(void *, const struct event *), void *arg, struct err *err);
int engine_secret_get(struct store *s, int64_t session, uint8_t out[32], struct err *err);

/* read_rows.c */
int engine_sessions_each(struct store *s, bool only_open, int64_t before_ms,
                         int (*visit)(void *, const struct session_row *), void *arg,
                         struct err *err);
int engine_scores_each(struct store *s, const uint8_t exam_uuid[16], int64_t before_ms,
                       int (*visit)(void *, const struct score_row *), void *arg, struct err *err);
int engine_attendance_each(struct store *s, const char *from, const char *to, int64_t before_ms,
                           int (*visit)(void *, const struct attendance_row *), void *arg,
                           struct err *err);
int engine_dump(struct store *s, enum store_file file, struct buf *out, struct err *err);
/* Events from..to (both included) in order, each checked; visits with an open statement of db. */
int events_scan(struct db *db, int64_t from_seq, int64_t to_seq,
                int (*visit)(void *, const struct event *), void *arg, struct err *err);
void readers_close(struct engine_file *f);
/* A reading connection with a snapshot open; and back to the pool. */
int snapshot_take(struct engine *en, struct engine_file *f, struct db **out, struct err *err);
void reader_give(struct engine_file *f, struct db *db);
/* ERR_CORRUPT: the typed rows of that session are damaged. */
int row_corrupt(const struct db *db, int64_t session, struct err *err);

#endif
