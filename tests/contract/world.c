/* Engines and their directories, in memory where there is such a file system. One thread. */
#include "tests/contract/world.h"

#include "server/store/fault/fault_store.h"
#include "server/store/sqlite/sqlite_store.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char *const engine_names[ENGINES] = {"sqlite", "fault over sqlite"};

void dir_make(char out[WORLD_PATH_BYTES_MAX])
{
    const char *top = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : "/tmp";

    snprintf(out, WORLD_PATH_BYTES_MAX, "%s/mingfa-contract-XXXXXX", top);
    cr_assert_not_null(mkdtemp(out));
}

static void path_join(char out[2 * WORLD_PATH_BYTES_MAX], const char *dir, const char *name)
{
    int n = snprintf(out, 2 * WORLD_PATH_BYTES_MAX, "%s/%s", dir, name);

    cr_assert(n > 0 && n < 2 * WORLD_PATH_BYTES_MAX);
}

void dir_remove(const char *dir)
{
    char path[2 * WORLD_PATH_BYTES_MAX];
    DIR *d = opendir(dir);
    struct dirent *e;

    cr_assert_not_null(d);
    while ((e = readdir(d)) != NULL) {
        path_join(path, dir, e->d_name);
        if (e->d_name[0] != '.')
            unlink(path);
    }
    closedir(d);
    cr_assert_eq(rmdir(dir), 0);
}

static void file_copy(const char *from, const char *to)
{
    FILE *in = fopen(from, "rb"), *out = fopen(to, "wb");
    char block[65536];
    size_t n;

    cr_assert(in != NULL && out != NULL);
    while ((n = fread(block, 1, sizeof(block), in)) > 0)
        cr_assert_eq(fwrite(block, 1, n, out), n);
    fclose(in);
    cr_assert_eq(fclose(out), 0);
}

void dir_copy(const char *from, const char *to)
{
    char a[2 * WORLD_PATH_BYTES_MAX], b[2 * WORLD_PATH_BYTES_MAX];
    DIR *d = opendir(from);
    struct dirent *e;

    cr_assert_not_null(d);
    while ((e = readdir(d)) != NULL) {
        path_join(a, from, e->d_name);
        path_join(b, to, e->d_name);
        /* The index of the log lives in memory only. */
        if (e->d_name[0] != '.' && strstr(e->d_name, "-shm") == NULL)
            file_copy(a, b);
    }
    closedir(d);
}

int world_try_open(enum engine_kind kind, const char *dir, struct store **out, struct err *err)
{
    const struct sqlite_options options = {.quick_check = true};
    struct store *inner = NULL;
    int rc = sqlite_store_open(dir, &options, &inner, err);

    if (rc == 0 && kind == ENGINE_FAULT) {
        struct store *outer;

        rc = fault_store_open(inner, &outer, err);
        if (rc != 0)
            store_close(inner);
        inner = outer;
    }
    if (rc == 0)
        *out = inner;
    return rc;
}

void world_close(struct world *w)
{
    store_close(w->store);
    w->store = NULL;
}

void world_reopen(struct world *w)
{
    char text[ERR_TEXT_BYTES_MAX];
    struct err err = {0};
    int rc;

    world_close(w);
    rc = world_try_open(w->kind, w->dir, &w->store, &err);
    err_text(&err, LANG_EN, text, sizeof(text));
    cr_assert_eq(rc, 0, "%s", text);
}

void world_init(struct world *w, enum engine_kind kind)
{
    memset(w, 0, sizeof(*w));
    w->kind = kind;
    dir_make(w->dir);
    world_reopen(w);
}

void world_wipe(struct world *w)
{
    world_close(w);
    dir_remove(w->dir);
    dir_make(w->dir);
    world_reopen(w);
}

void world_fini(struct world *w)
{
    world_close(w);
    dir_remove(w->dir);
}

void each_engine(void (*check)(struct world *))
{
    for (int kind = 0; kind < ENGINES; kind++) {
        struct world w;

        fprintf(stderr, "engine: %s\n", engine_names[kind]);
        world_init(&w, (enum engine_kind)kind);
        check(&w);
        world_fini(&w);
    }
}

const char *world_path(const struct world *w, const char *name)
{
    static char path[2 * WORLD_PATH_BYTES_MAX];

    path_join(path, w->dir, name);
    return path;
}

void world_tamper(const struct world *w, const char *file, const char *sql)
{
    sqlite3 *db = NULL;
    char *text = NULL;

    cr_assert_null(w->store);
    cr_assert_eq(sqlite3_open(world_path(w, file), &db), SQLITE_OK);
    cr_assert_eq(sqlite3_exec(db, sql, NULL, NULL, &text), SQLITE_OK, "%s: %s", sql, text);
    cr_assert_eq(sqlite3_close(db), SQLITE_OK);
}
