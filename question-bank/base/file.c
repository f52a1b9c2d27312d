/* Whole files. Happy path of a write: a temporary file beside the target, sync, rename, sync of the
 * directory; a reader sees the old contents or the new, also after a power cut. A failure leaves the
 * target as it was and removes the temporary file (only a crash leaves one behind). Blocks; never on
 * a loop or writer thread. */
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

enum { FILE_READ_STEP_BYTES = 65536, FILE_TEMPORARY_TRIES_MAX = 64, FILE_EACH_MAX = 65536 };

static const struct msg MSG_MISSING = {"file-missing", "文件或目录不存在：{0}",
                                       "no such file or directory: {0}"};
static const struct msg MSG_PERMISSION = {"file-permission", "没有访问权限：{0}",
                                          "permission denied: {0}"};
static const struct msg MSG_FULL = {"file-disk-full", "磁盘空间或配额不足，无法写入：{0}",
                                    "no space or quota left to write {0}"};
static const struct msg MSG_KIND = {"file-kind", "路径类型不符（文件与目录相混）：{0}",
                                    "a directory where a file must be, or the reverse: {0}"};
static const struct msg MSG_NAME = {"file-name-too-long", "路径过长：{0}",
                                    "the path is too long: {0}"};
static const struct msg MSG_SYSTEM = {"file-system", "访问 {0} 失败，操作系统返回 {1}",
                                      "{0}: the operating system refused ({1})"};
static const struct msg MSG_LARGE = {"file-too-large", "文件 {0} 超过上限 {1} 字节",
                                     "file {0} is larger than {1} bytes"};
static const struct msg MSG_MANY = {"directory-too-large", "目录 {0} 中的文件超过上限 {1} 个",
                                    "directory {0} holds more than {1} files"};

/* The error for errno `number` at path. */
static int fail(struct err *err, int number, const char *path)
{
    const char *name = strerrorname_np(number);

    switch (number) {
    case ENOENT:
        return err_set(err, ERR_NOT_FOUND, &MSG_MISSING, path, NULL, NULL, NULL);
    case EACCES:
    case EPERM:
        return err_set(err, ERR_IO, &MSG_PERMISSION, path, NULL, NULL, NULL);
    case ENOSPC:
    case EDQUOT:
        return err_set(err, ERR_IO, &MSG_FULL, path, NULL, NULL, NULL);
    case EISDIR:
    case ENOTDIR:
        return err_set(err, ERR_IO, &MSG_KIND, path, NULL, NULL, NULL);
    case ENAMETOOLONG:
        return err_set(err, ERR_IO, &MSG_NAME, path, NULL, NULL, NULL);
    default:
        return err_set(err, ERR_IO, &MSG_SYSTEM, path, name != NULL ? name : "?", NULL, NULL);
    }
}

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
}

static int read_all(int fd, const char *path, size_t max, struct buf *out, struct err *err)
{
    size_t start = out->len;
    char limit[24];

    for (;;) {
        uint8_t *to = buf_reserve(out, FILE_READ_STEP_BYTES);
        ssize_t n;

        if (to == NULL)
            return no_memory(err);
        n = read(fd, to, FILE_READ_STEP_BYTES);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return fail(err, errno, path);
        if (n == 0)
            return 0;
        out->len += (size_t)n;
        if (out->len - start > max)
            return err_set(err, ERR_LIMIT, &MSG_LARGE, path, err_int(limit, (int64_t)max), NULL,
                           NULL);
    }
}

int file_read(const char *path, size_t max, struct buf *out, struct err *err)
{
    bool is_stdin = strcmp(path, "-") == 0;
    size_t start = out->len;
    int fd = is_stdin ? STDIN_FILENO : open(path, O_RDONLY | O_CLOEXEC);
    int rc;

    if (fd < 0)
        return fail(err, errno, path);
    rc = read_all(fd, path, max, out, err);
    if (rc != 0)
        out->len = start;
    if (!is_stdin)
        close(fd);
    return rc;
}

/* 0 or an errno. */
static int write_all(int fd, struct bytes data)
{
    size_t done = 0;

    while (done < data.len) {
        ssize_t n = write(fd, data.data + done, data.len - done);

        if (n < 0 && errno != EINTR)
            return errno;
        if (n > 0)
            done += (size_t)n;
    }
    return fsync(fd) != 0 ? errno : 0;
}

/* 0 or an errno. path is shorter than PATH_MAX. */
static int sync_parent(const char *path)
{
    char dir[PATH_MAX] = ".";
    const char *slash = strrchr(path, '/');
    int number = 0;
    int fd;

    if (slash != NULL)
        snprintf(dir, sizeof(dir), "%.*s", slash == path ? 1 : (int)(slash - path), path);
    fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (fd < 0)
        return errno;
    if (fsync(fd) != 0)
        number = errno;
    close(fd);
    return number;
}

/* Creates the temporary file; its name goes to tmp. Returns the descriptor or -errno. A name that a
 * crash left behind, or that another thread uses, is passed over. */
static int temporary_open(const char *path, unsigned mode, char tmp[PATH_MAX])
{
    for (unsigned i = 0; i < FILE_TEMPORARY_TRIES_MAX; i++) {
        int fd;

        if (snprintf(tmp, PATH_MAX, "%s.tmp.%ld.%u", path, (long)getpid(), i) >= PATH_MAX)
            return -ENAMETOOLONG;
        fd = open(tmp, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, (mode_t)mode);
        if (fd >= 0)
            return fd;
        if (errno != EEXIST)
            return -errno;
    }
    return -EEXIST;
}

int file_write(const char *path, struct bytes data, unsigned mode, struct err *err)
{
    char tmp[PATH_MAX];
    int fd = temporary_open(path, mode, tmp);
    int number;

    if (fd < 0)
        return fail(err, -fd, path);
    number = write_all(fd, data);
    if (close(fd) != 0 && number == 0)
        number = errno;
    if (number == 0 && rename(tmp, path) != 0)
        number = errno;
    if (number != 0) {
        unlink(tmp);
        return fail(err, number, path);
    }
    number = sync_parent(path);
    return number == 0 ? 0 : fail(err, number, path);
}

bool file_exists(const char *path)
{
    return access(path, F_OK) == 0;
}

/* Paths that file_each gathers before it visits them. */
struct path_list {
    char **paths;
    size_t count;
    size_t cap;
};

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

static int path_list_add(struct path_list *l, const char *path)
{
    if (l->count == l->cap) {
        size_t cap = l->cap * 2 + 16;
        char **grown = realloc(l->paths, cap * sizeof(*grown));

        if (grown == NULL)
            return ERR_NOMEM;
        l->paths = grown;
        l->cap = cap;
    }
    l->paths[l->count] = strdup(path);
    if (l->paths[l->count] == NULL)
        return ERR_NOMEM;
    l->count++;
    return 0;
}

static void path_list_fini(struct path_list *l)
{
    for (size_t i = 0; i < l->count; i++)
        free(l->paths[i]);
    free(l->paths);
}

/* The entry, if it is a regular file with that suffix. */
static int entry_gather(struct path_list *l, const char *dir, const char *name, const char *suffix,
                        struct err *err)
{
    char path[PATH_MAX];
    char limit[24];
    struct stat st;

    if (!has_suffix(name, suffix))
        return 0;
    if (snprintf(path, sizeof(path), "%s/%s", dir, name) >= (int)sizeof(path))
        return fail(err, ENAMETOOLONG, name);
    if (stat(path, &st) != 0)
        return errno == ENOENT ? 0 : fail(err, errno, path); /* gone meanwhile */
    if (!S_ISREG(st.st_mode))
        return 0;
    if (l->count == FILE_EACH_MAX)
        return err_set(err, ERR_LIMIT, &MSG_MANY, dir, err_int(limit, FILE_EACH_MAX), NULL, NULL);
    return path_list_add(l, path) == 0 ? 0 : no_memory(err);
}

int file_each(const char *dir, const char *suffix, int (*visit)(void *arg, const char *path),
              void *arg, struct err *err)
{
    struct path_list l = {0};
    struct dirent *entry;
    DIR *d = opendir(dir);
    int rc = 0;

    if (d == NULL)
        return fail(err, errno, dir);
    do {
        errno = 0;
        entry = readdir(d);
        if (entry != NULL)
            rc = entry_gather(&l, dir, entry->d_name, suffix, err);
        else if (errno != 0)
            rc = fail(err, errno, dir);
    } while (entry != NULL && rc == 0);
    closedir(d);
    if (l.count > 1)
        qsort(l.paths, l.count, sizeof(*l.paths), by_name);
    for (size_t i = 0; i < l.count && rc == 0; i++)
        rc = visit(arg, l.paths[i]);
    path_list_fini(&l);
    return rc;
}

static int dir_make(const char *path, struct err *err)
{
    struct stat st;
    int number;

    if (mkdir(path, 0700) == 0)
        return 0;
    number = errno;
    if (stat(path, &st) == 0)
        return S_ISDIR(st.st_mode) ? 0 : fail(err, ENOTDIR, path);
    return fail(err, number, path);
}

int file_make_dirs(const char *path, struct err *err)
{
    char part[PATH_MAX];
    size_t len = strlen(path);

    if (len == 0)
        return fail(err, ENOENT, path);
    if (len >= sizeof(part))
        return fail(err, ENAMETOOLONG, path);
    memcpy(part, path, len + 1);
    for (size_t i = 1; i <= len; i++) {
        int rc;

        if (part[i] != '/' && part[i] != '\0')
            continue;
        part[i] = '\0';
        rc = dir_make(part, err);
        if (rc != 0)
            return rc;
        part[i] = path[i];
    }
    return 0;
}
