/* Whole files: written at once or not at all, read with a limit. Each test has a folder of its own
 * below $TMPDIR or /tmp and takes it away again. */
#include "question-bank/base/file.h"

#include <criterion/criterion.h>
#include <dirent.h>
#include <ftw.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct folder {
    char path[256];
    char made[1024]; /* what folder_path gave last */
};

static void folder_open(struct folder *f)
{
    const char *base = getenv("TMPDIR");

    snprintf(f->path, sizeof(f->path), "%s/mingfa-test-XXXXXX", base != NULL ? base : "/tmp");
    cr_assert_not_null(mkdtemp(f->path));
}

static int remove_one(const char *path, const struct stat *st, int kind, struct FTW *at)
{
    (void)st;
    (void)kind;
    (void)at;
    return remove(path);
}

static void folder_close(struct folder *f)
{
    cr_assert_eq(nftw(f->path, remove_one, 8, FTW_DEPTH | FTW_PHYS), 0);
}

static const char *folder_path(struct folder *f, const char *name)
{
    snprintf(f->made, sizeof(f->made), "%s/%s", f->path, name);
    return f->made;
}

static size_t entries_count(const char *path)
{
    DIR *d = opendir(path);
    size_t n = 0;

    cr_assert_not_null(d);
    while (readdir(d) != NULL)
        n++;
    closedir(d);
    return n - 2;
}

Test(file, a_file_is_replaced_whole_and_leaves_nothing_beside_it)
{
    struct buf data = {0};
    struct err e = {0};
    struct folder f;
    struct stat st;

    folder_open(&f);
    cr_assert_eq(file_write(folder_path(&f, "x"), bytes_of_text("a longer first"), 0600, &e), 0);
    cr_assert_eq(file_write(f.made, bytes_of_text("second"), 0600, &e), 0);
    cr_assert_eq(stat(f.made, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600);
    cr_assert_eq(file_read(f.made, 100, &data, &e), 0);
    cr_assert(bytes_equal(buf_view(&data), bytes_of_text("second")));
    cr_assert_eq(entries_count(f.path), 1);
    cr_assert_eq(file_write(f.made, bytes_of(NULL, 0), 0600, &e), 0);
    buf_clear(&data);
    cr_assert_eq(file_read(f.made, 0, &data, &e), 0);
    cr_assert_eq(data.len, 0);
    buf_fini(&data);
    folder_close(&f);
}

Test(file, reading_appends_and_stops_at_its_limit)
{
    struct buf data = {0};
    struct err e = {0};
    struct folder f;

    folder_open(&f);
    cr_assert_eq(file_write(folder_path(&f, "x"), bytes_of_text("second"), 0644, &e), 0);
    buf_append_text(&data, "kept ");
    cr_assert_eq(file_read(f.made, 5, &data, &e), ERR_LIMIT);
    cr_assert_str_eq(e.msg->id, "file-too-large");
    cr_assert(bytes_equal(buf_view(&data), bytes_of_text("kept ")));
    cr_assert_eq(file_read(f.made, 6, &data, &e), 0);
    cr_assert(bytes_equal(buf_view(&data), bytes_of_text("kept second")));
    buf_fini(&data);
    folder_close(&f);
}

Test(file, a_large_file_comes_back_byte_by_byte)
{
    struct buf data = {0};
    struct buf back = {0};
    struct err e = {0};
    struct folder f;

    folder_open(&f);
    for (uint32_t i = 0; i < 300000; i++)
        buf_append_byte(&data, (uint8_t)(i * 2654435761U >> 24));
    cr_assert_eq(file_write(folder_path(&f, "x"), buf_view(&data), 0644, &e), 0);
    cr_assert_eq(file_read(f.made, data.len, &back, &e), 0);
    cr_assert(bytes_equal(buf_view(&data), buf_view(&back)));
    cr_assert_eq(file_read(f.made, data.len - 1, &back, &e), ERR_LIMIT);
    buf_fini(&data);
    buf_fini(&back);
    folder_close(&f);
}

Test(file, what_cannot_be_done_is_said_with_the_path)
{
    struct buf data = {0};
    struct err e = {0};
    struct folder f;
    char text[ERR_TEXT_BYTES_MAX];
    char long_name[300];

    folder_open(&f);
    cr_assert_eq(file_read(folder_path(&f, "none"), 10, &data, &e), ERR_NOT_FOUND);
    cr_assert_str_eq(e.msg->id, "file-missing");
    err_text(&e, LANG_ZH, text, sizeof(text));
    cr_assert_not_null(strstr(text, f.made));
    cr_assert_eq(file_write(folder_path(&f, "none/x"), bytes_of_text("a"), 0644, &e),
                 ERR_NOT_FOUND);
    cr_assert_eq(file_read(f.path, 10, &data, &e), ERR_IO);
    cr_assert_str_eq(e.msg->id, "file-kind");
    memset(long_name, 'n', sizeof(long_name) - 1);
    long_name[sizeof(long_name) - 1] = '\0';
    cr_assert_eq(file_write(folder_path(&f, long_name), bytes_of_text("a"), 0644, &e), ERR_IO);
    cr_assert_str_eq(e.msg->id, "file-name-too-long");
    cr_assert_eq(file_read("/proc/self/mem", 10, &data, &e), ERR_IO); /* reads fail at 0 */
    cr_assert_str_eq(e.msg->id, "file-system");
    cr_assert_str_eq(e.arg[1].text, "EIO");
    cr_assert_eq(file_read(folder_path(&f, "none"), 10, &data, NULL), ERR_NOT_FOUND);
    cr_assert_eq(data.len, 0);
    buf_fini(&data);
    folder_close(&f);
}

Test(file, a_failed_write_leaves_the_target_and_no_temporary)
{
    struct err e = {0};
    struct folder f;

    folder_open(&f);
    cr_assert_eq(file_make_dirs(folder_path(&f, "x/inside"), &e), 0);
    cr_assert_eq(file_write(folder_path(&f, "x"), bytes_of_text("a"), 0644, &e), ERR_IO);
    cr_assert(file_exists(folder_path(&f, "x/inside")));
    cr_assert_eq(entries_count(f.path), 1);
    folder_close(&f);
}

Test(file, a_temporary_left_by_a_crash_does_not_stand_in_the_way)
{
    struct err e = {0};
    struct folder f;
    char name[64];
    FILE *stale;

    folder_open(&f);
    snprintf(name, sizeof(name), "x.tmp.%ld.0", (long)getpid());
    stale = fopen(folder_path(&f, name), "w");
    cr_assert_not_null(stale);
    fclose(stale);
    cr_assert_eq(file_write(folder_path(&f, "x"), bytes_of_text("a"), 0644, &e), 0);
    cr_assert_eq(entries_count(f.path), 2);
    folder_close(&f);
}

enum { WRITE_THREADS = 4, WRITES = 20, WRITE_BYTES = 20000 };

struct write_work {
    const char *path;
    uint8_t fill;
    int rc;
};

static void *write_many(void *arg)
{
    struct write_work *w = arg;
    uint8_t data[WRITE_BYTES];

    memset(data, w->fill, sizeof(data));
    for (int i = 0; i < WRITES && w->rc == 0; i++)
        w->rc = file_write(w->path, bytes_of(data, sizeof(data)), 0644, NULL);
    return NULL;
}

Test(file, a_reader_sees_one_writers_contents_whole)
{
    struct write_work work[WRITE_THREADS];
    pthread_t threads[WRITE_THREADS];
    struct buf data = {0};
    struct folder f;

    folder_open(&f);
    cr_assert_eq(file_write(folder_path(&f, "x"), bytes_of_text("z"), 0644, NULL), 0);
    for (int i = 0; i < WRITE_THREADS; i++) {
        work[i] = (struct write_work){.path = f.made, .fill = (uint8_t)('a' + i)};
        cr_assert_eq(pthread_create(&threads[i], NULL, write_many, &work[i]), 0);
    }
    for (int i = 0; i < 50; i++) {
        buf_clear(&data);
        cr_assert_eq(file_read(f.made, WRITE_BYTES, &data, NULL), 0);
        cr_assert(data.len == WRITE_BYTES || (data.len == 1 && data.data[0] == 'z'));
        for (size_t k = 1; k < data.len; k++)
            cr_assert_eq(data.data[k], data.data[0]);
    }
    for (int i = 0; i < WRITE_THREADS; i++) {
        pthread_join(threads[i], NULL);
        cr_assert_eq(work[i].rc, 0);
    }
    cr_assert_eq(entries_count(f.path), 1);
    buf_fini(&data);
    folder_close(&f);
}

static int gather(void *arg, const char *path)
{
    struct buf *names = arg;

    buf_append_text(names, strrchr(path, '/') + 1);
    buf_append_byte(names, ' ');
    return strstr(path, "stop") != NULL ? 7 : 0;
}

Test(file, files_of_a_folder_come_in_order_and_by_suffix)
{
    static const char *const names[] = {"b.txt", "a.txt", "c.txt", "a.bin", "B.txt", ".txt"};
    struct buf seen = {0};
    struct err e = {0};
    struct folder f;

    folder_open(&f);
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++)
        cr_assert_eq(file_write(folder_path(&f, names[i]), bytes_of_text("x"), 0644, &e), 0);
    cr_assert_eq(file_make_dirs(folder_path(&f, "dir.txt"), &e), 0); /* no regular file */
    cr_assert_eq(symlink("nowhere", folder_path(&f, "gone.txt")), 0);
    cr_assert_eq(file_each(f.path, ".txt", gather, &seen, &e), 0);
    cr_assert_str_eq(buf_text(&seen), ".txt B.txt a.txt b.txt c.txt ");
    buf_clear(&seen);
    cr_assert_eq(file_each(f.path, ".none", gather, &seen, &e), 0);
    cr_assert_eq(seen.len, 0);
    cr_assert_eq(file_write(folder_path(&f, "b.stop.txt"), bytes_of_text("x"), 0644, &e), 0);
    cr_assert_eq(file_each(f.path, ".txt", gather, &seen, &e), 7);
    cr_assert_str_eq(buf_text(&seen), ".txt B.txt a.txt b.stop.txt ");
    cr_assert_eq(file_each(folder_path(&f, "none"), "", gather, &seen, &e), ERR_NOT_FOUND);
    cr_assert_eq(file_each(folder_path(&f, "a.txt"), "", gather, &seen, &e), ERR_IO);
    buf_fini(&seen);
    folder_close(&f);
}

Test(file, folders_are_made_down_to_the_last_for_the_owner_only)
{
    struct err e = {0};
    struct folder f;
    struct stat st;

    folder_open(&f);
    cr_assert_eq(file_make_dirs(folder_path(&f, "a//b/c/"), &e), 0);
    cr_assert_eq(file_make_dirs(f.made, &e), 0); /* again */
    cr_assert_eq(stat(folder_path(&f, "a/b"), &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0700);
    cr_assert_eq(file_make_dirs("/", &e), 0);
    cr_assert_eq(file_make_dirs("", &e), ERR_NOT_FOUND);
    cr_assert_eq(file_write(folder_path(&f, "a/file"), bytes_of_text("x"), 0644, &e), 0);
    cr_assert_eq(file_make_dirs(f.made, &e), ERR_IO);
    cr_assert_eq(file_make_dirs(folder_path(&f, "a/file/below"), &e), ERR_IO);
    cr_assert_str_eq(e.msg->id, "file-kind");
    folder_close(&f);
}
