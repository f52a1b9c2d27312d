/* Opening and closing the SQLite engine. Happy path: take the directory's lock, open each file's
 * writer, bring the schema up to date, read where the journal ends. Fails with nothing held.
 * Thread: the opener's; nobody else may use the store while it opens or closes. */
#include "server/store/sqlite/sqlite_store.h"

#include "question-bank/base/file.h"
#include "server/store/sqlite/engine.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

enum {
    ARENA_BYTES_MAX = 16 << 20,
    WAL_BYTES_MAX_DEFAULT = 256 << 20,
    WAL_BYTES_RESET_DEFAULT = 16 << 20,
    PAGE_BYTES = 4096,
    FRAME_HEAD_BYTES = 24,
};

static const struct msg msg_locked = {
    .id = "store-directory-in-use",
    .zh = "数据目录{0}正被另一个进程使用",
    .en = "the data directory {0} is in use by another process",
};
static const struct msg msg_dir = {
    .id = "store-directory",
    .zh = "无法使用数据目录{0}：{1}",
    .en = "cannot use the data directory {0}: {1}",
};

struct engine *engine_of(struct store *s)
{
    return (struct engine *)s; /* base is the first member */
}

static int dir_error(const char *dir, struct err *err)
{
    return err_set(err, ERR_IO, &msg_dir, dir, strerror(errno), NULL, NULL);
}

static int dir_lock(const char *dir, int *out, struct err *err)
{
    char path[ENGINE_PATH_BYTES_MAX];
    int n = snprintf(path, sizeof(path), "%s/lock", dir);
    int fd;

    if (n < 0 || (size_t)n >= sizeof(path) - 32) {
        errno = ENAMETOOLONG;
        return dir_error(dir, err);
    }
    fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    if (fd < 0)
        return dir_error(dir, err);
    if (flock(fd, LOCK_EX | LOCK_NB) != 0) {
        int rc = errno == EWOULDBLOCK ? err_set(err, ERR_BUSY, &msg_locked, dir, NULL, NULL, NULL)
                                      : dir_error(dir, err);
        close(fd);
        return rc;
    }
    *out = fd;
    return 0;
}

/* New names must survive a power failure before anything is acknowledged. */
static int dir_sync(const char *dir, struct err *err)
{
    int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    int rc = 0;

    if (fd < 0)
        return dir_error(dir, err);
    if (fsync(fd) != 0)
        rc = dir_error(dir, err);
    close(fd);
    return rc;
}

static bool file_has_log(const struct engine_file *f)
{
    char path[ENGINE_PATH_BYTES_MAX + 8];
    struct stat st;

    snprintf(path, sizeof(path), "%s-wal", f->path);
    return stat(path, &st) == 0 && st.st_size > 0;
}

/* Only notes how long the log is; nothing is checkpointed here. */
static int log_grew(void *arg, sqlite3 *sql, const char *schema, int pages)
{
    struct engine_file *f = arg;

    (void)sql;
    (void)schema;
    atomic_store(&f->wal_pages, pages);
    return SQLITE_OK;
}

static int end_read(struct engine_file *f, struct err *err)
{
    int rc = db_query_int(&f->writer, "SELECT max(seq) FROM event", NULL, 0, &f->last_seq, err);

    if (rc <= 0)
        return rc;
    const struct db_value last[] = {db_int(f->last_seq)};
    rc = db_query_int(&f->writer, "SELECT recorded_ms FROM event WHERE seq = ?1", last, 1,
                      &f->last_recorded_ms, err);
    return rc < 0 ? rc : 0;
}

static int file_open(struct engine *en, enum store_file file, const char *dir, struct err *err)
{
    struct engine_file *f = &en->files[file];
    const struct sqlite_options *o = &en->options;
    bool unclean;
    int rc;

    snprintf(f->path, sizeof(f->path), "%s/%s", dir, f->name);
    unclean = file_has_log(f);
    rc = db_open(&f->writer, f->path, f->name, o->vfs, DB_WRITER,
                 o->synchronous_normal_for_negative_control, err);
    if (rc == 0 && unclean && o->quick_check)
        rc = db_structure_check(&f->writer, false, err);
    if (rc == 0)
        rc = schema_open(&f->writer, file, err);
    if (rc == 0)
        rc = end_read(f, err);
    if (rc == 0)
        rc = db_open(&f->checkpointer, f->path, f->name, o->vfs, DB_CHECKPOINTER,
                     o->synchronous_normal_for_negative_control, err);
    if (rc == 0)
        sqlite3_wal_hook(f->writer.sql, log_grew, f);
    return rc;
}

static void engine_close(struct store *s)
{
    struct engine *en = engine_of(s);

    for (int i = 0; i < STORE_FILES; i++) {
        struct engine_file *f = &en->files[i];

        readers_close(f);
        db_close(&f->checkpointer);
        db_close(&f->writer);
        arena_fini(&f->arena);
        pthread_mutex_destroy(&f->writer_lock);
        pthread_mutex_destroy(&f->checkpoint_lock);
        pthread_mutex_destroy(&f->readers_lock);
    }
    tails_fini(&en->tails);
    if (en->lock_fd >= 0)
        close(en->lock_fd);
    free(en);
}

static int64_t engine_log_bytes(const struct store *s, enum store_file file)
{
    const struct engine *en = (const struct engine *)s;

    return (int64_t)atomic_load(&en->files[file].wal_pages) * (PAGE_BYTES + FRAME_HEAD_BYTES);
}

static const struct store_ops engine_ops = {
    .append = engine_append,
    .tail = engine_tail,
    .events_each = engine_events_each,
    .secret_get = engine_secret_get,
    .sessions_each = engine_sessions_each,
    .scores_each = engine_scores_each,
    .attendance_each = engine_attendance_each,
    .rebuild = engine_rebuild,
    .rows_check = engine_rows_check,
    .dump = engine_dump,
    .checkpoint = engine_checkpoint,
    .log_bytes = engine_log_bytes,
    .close = engine_close,
};

static struct engine *engine_new(const struct sqlite_options *options)
{
    struct engine *en = calloc(1, sizeof(*en));

    if (en == NULL)
        return NULL;
    if (tails_init(&en->tails) != 0) {
        free(en);
        return NULL;
    }
    en->base.ops = &engine_ops;
    en->lock_fd = -1;
    if (options != NULL)
        en->options = *options;
    if (en->options.wal_bytes_max == 0)
        en->options.wal_bytes_max = WAL_BYTES_MAX_DEFAULT;
    if (en->options.wal_bytes_reset == 0)
        en->options.wal_bytes_reset = WAL_BYTES_RESET_DEFAULT;
    for (int i = 0; i < STORE_FILES; i++) {
        struct engine_file *f = &en->files[i];

        f->file = (enum store_file)i;
        f->name = store_file_name(f->file);
        arena_init(&f->arena, ARENA_BYTES_MAX);
        pthread_mutex_init(&f->writer_lock, NULL);
        pthread_mutex_init(&f->checkpoint_lock, NULL);
        pthread_mutex_init(&f->readers_lock, NULL);
    }
    return en;
}

int sqlite_store_open(const char *dir, const struct sqlite_options *options, struct store **out,
                      struct err *err)
{
    struct engine *en = engine_new(options);
    int rc;

    if (en == NULL)
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    rc = file_make_dirs(dir, err);
    if (rc == 0)
        rc = dir_lock(dir, &en->lock_fd, err);
    for (int i = 0; rc == 0 && i < STORE_FILES; i++)
        rc = file_open(en, (enum store_file)i, dir, err);
    if (rc == 0)
        rc = dir_sync(dir, err);
    if (rc == 0)
        *out = &en->base;
    else
        engine_close(&en->base);
    return rc;
}
