/* Online backup: each file is copied within one reading transaction of SQLite's backup interface, which
 * writers do not wait for. Happy path: a new directory, record.db, registry.db, both synced, then opened
 * once as a store, so that a backup that cannot be used is noticed now.
 *
 * record.db first: what it speaks of (people, exams) is in the registry that is copied after it.
 * Fails: what was begun is removed. Thread: any; the server may run in this process or another. */
#include "server/store/sqlite/backup.h"

#include "server/store/sqlite/engine.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { BUSY_MS = 10000 };

static const struct msg msg_target = {
    .id = "backup-target",
    .zh = "备份目录{0}不能使用：{1}（应为尚不存在的目录）",
    .en = "the backup directory {0} cannot be used: {1} (it must not exist yet)",
};
static const struct msg msg_source = {
    .id = "backup-source",
    .zh = "读取{0}失败：{1}",
    .en = "cannot read {0}: {1}",
};
static const struct msg msg_copy = {
    .id = "backup-copy",
    .zh = "写入{0}失败：{1}",
    .en = "cannot write {0}: {1}",
};

static void path_of(const char *dir, enum store_file file, char out[ENGINE_PATH_BYTES_MAX])
{
    snprintf(out, ENGINE_PATH_BYTES_MAX, "%s/%s", dir, store_file_name(file));
}

static int copy_run(sqlite3 *from, sqlite3 *to, const char *to_path, struct err *err)
{
    sqlite3_backup *copy = sqlite3_backup_init(to, "main", from, "main");
    int rc = SQLITE_NOMEM;

    if (copy != NULL) {
        sqlite3_backup_step(copy, -1);
        rc = sqlite3_backup_finish(copy);
    }
    return rc == SQLITE_OK
               ? 0
               : err_set(err, ERR_IO, &msg_copy, to_path, sqlite3_errmsg(to), NULL, NULL);
}

static int file_copy(const char *from_dir, const char *to_dir, enum store_file file,
                     struct err *err)
{
    char from_path[ENGINE_PATH_BYTES_MAX], to_path[ENGINE_PATH_BYTES_MAX];
    sqlite3 *from = NULL, *to = NULL;
    int rc;

    path_of(from_dir, file, from_path);
    path_of(to_dir, file, to_path);
    if (sqlite3_open_v2(from_path, &from, SQLITE_OPEN_READWRITE, NULL) != SQLITE_OK ||
        sqlite3_busy_timeout(from, BUSY_MS) != SQLITE_OK) {
        rc = err_set(err, ERR_IO, &msg_source, from_path, sqlite3_errmsg(from), NULL, NULL);
    } else if (sqlite3_open_v2(to_path, &to, SQLITE_OPEN_READWRITE | SQLITE_OPEN_CREATE, NULL) !=
                   SQLITE_OK ||
               sqlite3_exec(to, "PRAGMA synchronous=FULL", NULL, NULL, NULL) != SQLITE_OK) {
        rc = err_set(err, ERR_IO, &msg_copy, to_path, sqlite3_errmsg(to), NULL, NULL);
    } else {
        rc = copy_run(from, to, to_path, err);
    }
    sqlite3_close(from);
    sqlite3_close(to);
    return rc;
}

static void target_remove(const char *dir)
{
    char path[ENGINE_PATH_BYTES_MAX];

    for (int file = 0; file < STORE_FILES; file++) {
        static const char *const ends[] = {"", "-journal", "-wal", "-shm"};

        for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
            char name[ENGINE_PATH_BYTES_MAX + 16];

            path_of(dir, (enum store_file)file, path);
            snprintf(name, sizeof(name), "%s%s", path, ends[i]);
            unlink(name);
        }
    }
    snprintf(path, sizeof(path), "%s/lock", dir);
    unlink(path);
    rmdir(dir);
}

int sqlite_store_backup(const char *from_dir, const char *to_dir,
                        struct store_tail out[STORE_FILES], struct err *err)
{
    struct sqlite_options options = {.quick_check = true};
    struct store *store = NULL;
    int rc = 0;

    if (mkdir(to_dir, 0700) != 0)
        return err_set(err, errno == EEXIST ? ERR_EXISTS : ERR_IO, &msg_target, to_dir,
                       strerror(errno), NULL, NULL);
    for (int file = 0; file < STORE_FILES && rc == 0; file++)
        rc = file_copy(from_dir, to_dir, (enum store_file)file, err);
    if (rc == 0)
        rc = sqlite_store_open(to_dir, &options, &store, err);
    for (int file = 0; file < STORE_FILES && rc == 0; file++)
        rc = store_tail(store, (enum store_file)file, &out[file], err);
    if (store != NULL)
        store_close(store);
    if (rc != 0)
        target_remove(to_dir);
    return rc;
}
