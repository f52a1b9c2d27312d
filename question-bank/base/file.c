/* Whole files. Writing is durable and atomic: temporary file, sync, rename, sync the directory. */
#include "question-bank/base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const struct msg MSG_OPEN = {"file-open", "文件 {0} 打不开：{1}",
                                    "file {0} cannot be opened: {1}"};
static const struct msg MSG_READ = {"file-read", "文件 {0} 读取失败：{1}",
                                    "file {0} cannot be read: {1}"};
static const struct msg MSG_LARGE = {"file-too-large", "文件 {0} 超过上限 {1} 字节",
                                     "file {0} is larger than {1} bytes"};
static const struct msg MSG_WRITE = {"file-write", "文件 {0} 写入失败：{1}",
                                     "file {0} cannot be written: {1}"};
static const struct msg MSG_DIR = {"file-directory", "目录 {0} 打不开：{1}",
                                   "directory {0} cannot be opened: {1}"};

static int fail(struct err *err, const struct msg *msg, const char *path)
{
    int code = errno == ENOENT ? ERR_NOT_FOUND : ERR_IO;

    return err_set(err, code, msg, path, strerror(errno), NULL, NULL);
}

static int read_all(int fd, const char *path, size_t max, struct buf *out, struct err *err)
{
    size_t start = out->len;

    for (;;) {
        uint8_t *to = buf_reserve(out, 65536);
        ssize_t n;

        if (to == NULL)
            return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
        n = read(fd, to, 65536);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(err, &MSG_READ, path);
        if (n == 0)
            return 0;
        out->len += (size_t)n;
        if (out->len - start > max) {
            char limit[24];
            return err_set(err, ERR_LIMIT, &MSG_LARGE, path, err_int(limit, (int64_t)max), NULL,
                           NULL);
        }
    }
}

int file_read(const char *path, size_t max, struct buf *out, struct err *err)
{
    int fd;
    int rc;

    if (strcmp(path, "-") == 0)
        return read_all(STDIN_FILENO, path, max, out, err);
    fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return fail(err, &MSG_OPEN, path);
    rc = read_all(fd, path, max, out, err);
    close(fd);
    return rc;
}

static int write_all(int fd, struct bytes data)
{
    size_t done = 0;

    while (done < data.len) {
        ssize_t n = write(fd, data.data + done, data.len - done);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        done += (size_t)n;
    }
    return 0;
}

static int sync_parent(const char *path)
{
    char dir[PATH_MAX];
    const char *slash = strrchr(path, '/');
    int fd;
    int rc;

    if (slash == NULL)
        snprintf(dir, sizeof(dir), ".");
    else if (slash == path)
        snprintf(dir, sizeof(dir), "/");
    else
        snprintf(dir, sizeof(dir), "%.*s", (int)(slash - path), path);
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    rc = fsync(fd);
    close(fd);
    return rc;
}

int file_write(const char *path, struct bytes data, unsigned mode, struct err *err)
{
    char tmp[PATH_MAX];
    int fd;

    if (snprintf(tmp, sizeof(tmp), "%s.tmp.%ld", path, (long)getpid()) >= (int)sizeof(tmp)) {
        errno = ENAMETOOLONG;
        return fail(err, &MSG_WRITE, path);
    }
    fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
    if (fd < 0)
        return fail(err, &MSG_WRITE, path);
    if (write_all(fd, data) != 0 || fsync(fd) != 0) {
        int rc = fail(err, &MSG_WRITE, path);
        close(fd);
        unlink(tmp);
        return rc;
    }
    close(fd);
    if (rename(tmp, path) != 0 || sync_parent(path) != 0) {
        int rc = fail(err, &MSG_WRITE, path);
        unlink(tmp);
        return rc;
    }
    return 0;
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

static bool has_suffix(const char *name, const char *suffix)
{
    size_t n = strlen(name);
    size_t s = strlen(suffix);

    return n >= s && strcmp(name + n - s, suffix) == 0;
}

int file_each(const char *dir, const char *suffix, int (*visit)(void *arg, const char *path),
              void *arg, struct err *err)
{
    DIR *d = opendir(dir);
    struct dirent *entry;
    char **names = NULL;
    size_t count = 0;
    size_t cap = 0;
    int rc = 0;

    if (d == NULL)
        return fail(err, &MSG_DIR, dir);
    while ((entry = readdir(d)) != NULL) {
        char path[PATH_MAX];
        struct stat st;

        if (!has_suffix(entry->d_name, suffix) ||
            snprintf(path, sizeof(path), "%s/%s", dir, entry->d_name) >= (int)sizeof(path) ||
            stat(path, &st) != 0 || !S_ISREG(st.st_mode))
            continue;
        if (count == cap) {
            char **grown = realloc(names, (cap = cap * 2 + 16) * sizeof(*names));
            if (grown == NULL) {
                rc = err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
                break;
            }
            names = grown;
        }
        names[count] = strdup(path);
        if (names[count] == NULL) {
            rc = err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
            break;
        }
        count++;
    }
    closedir(d);
    if (count > 1)
        qsort(names, count, sizeof(*names), by_name);
    for (size_t i = 0; i < count && rc == 0; i++)
        rc = visit(arg, names[i]);
    for (size_t i = 0; i < count; i++)
        free(names[i]);
    free(names);
    return rc;
}

int file_make_dirs(const char *path, struct err *err)
{
    char part[PATH_MAX];

    if (snprintf(part, sizeof(part), "%s", path) >= (int)sizeof(part)) {
        errno = ENAMETOOLONG;
        return fail(err, &MSG_DIR, path);
    }
    for (char *p = part + 1;; p++) {
        if (*p != '/' && *p != '\0')
            continue;
        char kept = *p;
        *p = '\0';
        if (mkdir(part, 0700) != 0 && errno != EEXIST)
            return fail(err, &MSG_DIR, part);
        if (kept == '\0')
            return 0;
        *p = kept;
    }
}
