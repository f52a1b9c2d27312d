/* A test's folder (folder.h). */
#include "tests/unit/server/folder.h"

#include "question-bank/base/file.h"

#include <criterion/criterion.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

void folder_make(struct folder *f)
{
    const char *base = getenv("TMPDIR");

    snprintf(f->path, sizeof f->path, "%s/mingfa-test-XXXXXX", base != NULL ? base : "/tmp");
    cr_assert_not_null(mkdtemp(f->path));
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

void folder_remove(struct folder *f)
{
    nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

const char *folder_path(const struct folder *f, const char *name, char out[FOLDER_PATH_BYTES * 2])
{
    snprintf(out, FOLDER_PATH_BYTES * 2, "%s/%s", f->path, name);
    return out;
}

void folder_write(const struct folder *f, const char *name, struct bytes data, unsigned mode)
{
    char path[FOLDER_PATH_BYTES * 2];

    cr_assert_eq(file_write(folder_path(f, name, path), data, mode, NULL), 0, "%s", path);
    cr_assert_eq(chmod(path, mode), 0); /* whatever the umask took away */
}
