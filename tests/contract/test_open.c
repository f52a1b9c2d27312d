/* Opening a data directory: an empty one is made ready; what is not ours, newer or damaged is refused
 * in a sentence that names the file, and left as it was. The SQLite engine alone. */
#include "server/store/sqlite/sqlite_store.h"
#include "tests/contract/history.h"
#include "tests/contract/journal.h"
#include "tests/contract/world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { PAGE_BYTES = 4096 };

static void file_write(const char *path, const void *data, size_t len)
{
    FILE *f = fopen(path, "wb");

    cr_assert_not_null(f);
    cr_assert_eq(fwrite(data, 1, len, f), len);
    cr_assert_eq(fclose(f), 0);
}

static struct buf file_bytes(const char *path)
{
    FILE *f = fopen(path, "rb");
    struct buf out = {0};
    char block[65536];
    size_t n;

    cr_assert_not_null(f);
    while ((n = fread(block, 1, sizeof(block), f)) > 0)
        buf_append(&out, block, n);
    fclose(f);
    cr_assert_eq(buf_error(&out), 0);
    return out;
}

/* A closed world with a history in it; nothing is left in the logs. */
static struct journal *closed_history(struct world *w, size_t events)
{
    struct journal *j = journal_new();

    world_init(w, ENGINE_SQLITE);
    history_record(j, w, 5, events, false);
    history_registry(j, w, 6, events);
    world_close(w);
    return j;
}

/* Refused with that code, in both languages, naming the file and `also`. The lock is free again. */
static void expect_refused(const struct world *w, int code, const char *name, const char *also)
{
    struct store *s = NULL;
    struct err err = {0};
    char text[ERR_TEXT_BYTES_MAX];

    cr_assert_eq(world_try_open(w->kind, w->dir, &s, &err), code);
    cr_assert_null(s);
    cr_assert(err.code == code && err.msg != NULL);
    for (int lang = 0; lang < 2; lang++) {
        err_text(&err, (enum lang)lang, text, sizeof(text));
        cr_assert_not_null(strstr(text, name), "%s", text);
        cr_assert_not_null(strstr(text, also), "%s", text);
    }
    cr_assert_eq(world_try_open(w->kind, w->dir, &s, &err), code, "a second time the same");
}

static void world_end(struct world *w, struct journal *j)
{
    dir_remove(w->dir);
    journal_free(j);
}

Test(contract_open, a_missing_directory_is_made_and_empty_files_are_made_ready)
{
    struct journal *j = journal_new();
    struct world w = {.kind = ENGINE_SQLITE};
    char top[WORLD_PATH_BYTES_MAX];

    dir_make(top);
    snprintf(w.dir, sizeof(w.dir), "%.200s/deep/er", top);
    world_reopen(&w);
    journal_expect(j, w.store);
    world_close(&w);
    file_write(world_path(&w, "record.db"), "", 0);
    file_write(world_path(&w, "registry.db"), "", 0);
    world_reopen(&w);
    journal_expect(j, w.store);
    put_started(j, 1, 1, 1, 1);
    put_login_revoked(j, 1);
    cr_assert_eq(journal_append(j, w.store, STORE_RECORD, NULL), 0);
    cr_assert_eq(journal_append(j, w.store, STORE_REGISTRY, NULL), 0);
    world_reopen(&w);
    journal_expect(j, w.store);
    world_close(&w);
    dir_remove(w.dir);
    *strrchr(w.dir, '/') = '\0';
    cr_assert_eq(rmdir(w.dir), 0);
    dir_remove(top);
    journal_free(j);
}

Test(contract_open, a_path_that_is_a_file_is_refused)
{
    struct world w = {.kind = ENGINE_SQLITE};
    struct store *s = NULL;
    struct err err = {0};
    char text[ERR_TEXT_BYTES_MAX], top[WORLD_PATH_BYTES_MAX];

    dir_make(top);
    snprintf(w.dir, sizeof(w.dir), "%.200s/file", top);
    file_write(w.dir, "x", 1);
    cr_assert_lt(world_try_open(w.kind, w.dir, &s, &err), 0);
    err_text(&err, LANG_ZH, text, sizeof(text));
    cr_assert_not_null(strstr(text, w.dir), "%s", text);
    dir_remove(top);
}

Test(contract_open, a_directory_is_open_once_at_a_time)
{
    struct store *second = NULL;
    struct err err = {0};
    char text[ERR_TEXT_BYTES_MAX];
    struct world w;

    world_init(&w, ENGINE_SQLITE);
    cr_assert_eq(world_try_open(w.kind, w.dir, &second, &err), ERR_BUSY);
    err_text(&err, LANG_ZH, text, sizeof(text));
    cr_assert_not_null(strstr(text, w.dir));
    world_fini(&w);
}

Test(contract_open, a_newer_schema_is_refused_and_left_as_it_is)
{
    for (int f = 0; f < STORE_FILES; f++) {
        const char *name = store_file_name((enum store_file)f);
        struct world w;
        struct journal *j = closed_history(&w, 50);
        struct buf before, after;

        world_tamper(&w, name, "PRAGMA user_version = 4711");
        before = file_bytes(world_path(&w, name));
        expect_refused(&w, ERR_STALE, name, "4711");
        after = file_bytes(world_path(&w, name));
        cr_assert(bytes_equal(buf_view(&before), buf_view(&after)));
        world_tamper(&w, name, "PRAGMA user_version = 1"); /* nothing else was wrong */
        world_reopen(&w);
        journal_expect(j, w.store);
        world_close(&w);
        buf_fini(&before);
        buf_fini(&after);
        world_end(&w, j);
    }
}

Test(contract_open, a_database_of_another_program_is_refused_and_left_as_it_is)
{
    static const char *const foreign[] = {
        "PRAGMA application_id = 0", /* tables, but not ours */
        "PRAGMA application_id = 1196444487",
        "PRAGMA application_id = 0; PRAGMA user_version = 0",
    };
    struct world w;
    struct journal *j = closed_history(&w, 50);
    struct buf before, after;

    for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
        world_tamper(&w, "record.db", foreign[i]);
        before = file_bytes(world_path(&w, "record.db"));
        expect_refused(&w, ERR_CORRUPT, "record.db", "");
        after = file_bytes(world_path(&w, "record.db"));
        cr_assert(bytes_equal(buf_view(&before), buf_view(&after)));
        buf_fini(&before);
        buf_fini(&after);
    }
    world_end(&w, j);
}

Test(contract_open, the_two_files_cannot_be_exchanged)
{
    struct world w;
    struct journal *j = closed_history(&w, 50);
    struct buf record = file_bytes(world_path(&w, "record.db"));
    struct buf registry = file_bytes(world_path(&w, "registry.db"));

    file_write(world_path(&w, "registry.db"), record.data, record.len);
    expect_refused(&w, ERR_CORRUPT, "registry.db", "");
    file_write(world_path(&w, "record.db"), registry.data, registry.len);
    expect_refused(&w, ERR_CORRUPT, "record.db", "");
    buf_fini(&record);
    buf_fini(&registry);
    world_end(&w, j);
}

Test(contract_open, what_is_no_database_and_what_was_cut_off_is_refused)
{
    char noise[3 * PAGE_BYTES];
    struct world w;
    struct journal *j = closed_history(&w, 300);
    struct buf whole = file_bytes(world_path(&w, "registry.db"));

    memset(noise, 'x', sizeof(noise));
    file_write(world_path(&w, "registry.db"), noise, sizeof(noise));
    expect_refused(&w, ERR_CORRUPT, "registry.db", "");
    file_write(world_path(&w, "registry.db"), noise, 7);
    expect_refused(&w, ERR_CORRUPT, "registry.db", "");
    cr_assert_gt(whole.len, 20 * PAGE_BYTES);
    file_write(world_path(&w, "registry.db"), whole.data, whole.len - 3 * PAGE_BYTES);
    expect_refused(&w, ERR_CORRUPT, "registry.db", "");
    file_write(world_path(&w, "registry.db"), whole.data, PAGE_BYTES);
    expect_refused(&w, ERR_CORRUPT, "registry.db", "");
    file_write(world_path(&w, "registry.db"), whole.data, whole.len); /* restored */
    world_reopen(&w);
    journal_expect(j, w.store);
    world_close(&w);
    buf_fini(&whole);
    world_end(&w, j);
}

/* ------------------------------------------------------------------ damage inside */

/* Everything that can be read is read. A failure must be ERR_CORRUPT and name the file; without one
 * all must be what was stored. Returns whether the damage was noticed. */
static bool damage_is_noticed(const struct world *w, const struct journal *j, const char *name,
                              struct bytes dump)
{
    struct store_rows_report report = {0};
    struct store *s = NULL;
    struct buf text = {0};
    struct err err = {0};
    char sentence[ERR_TEXT_BYTES_MAX];
    enum store_file file = strcmp(name, "record.db") == 0 ? STORE_RECORD : STORE_REGISTRY;
    int rc = world_try_open(w->kind, w->dir, &s, &err);

    if (rc == 0)
        rc = store_rows_check(s, file, &report, &err);
    if (rc == 0)
        rc = store_dump(s, file, &text, &err);
    if (rc != 0) {
        err_text(&err, LANG_ZH, sentence, sizeof(sentence));
        cr_assert_eq(rc, ERR_CORRUPT, "%s", sentence);
    } else if (report.differences == 0) {
        const char *fault = journal_compare(j, s);

        cr_assert(bytes_equal(dump, buf_view(&text)), "rows changed unnoticed");
        /* Secrets and leaves stand beside the events; nothing derived shows their loss. */
        rc = fault != NULL ? ERR_CORRUPT : 0;
    }
    store_close(s);
    buf_fini(&text);
    return rc != 0 || report.differences > 0;
}

Test(contract_open, no_damaged_page_is_taken_for_good)
{
    struct world w;
    struct journal *j = closed_history(&w, 120);
    size_t noticed = 0, pages = 0;

    for (int f = 0; f < STORE_FILES; f++) {
        const char *name = store_file_name((enum store_file)f);
        struct buf whole = file_bytes(world_path(&w, name)), dump = {0};

        world_reopen(&w);
        cr_assert_eq(store_dump(w.store, (enum store_file)f, &dump, NULL), 0);
        world_close(&w);
        for (size_t page = 0; page * PAGE_BYTES < whole.len; page++, pages++) {
            struct buf spoilt = {0};

            buf_append(&spoilt, whole.data, whole.len);
            memset(spoilt.data + page * PAGE_BYTES + 8, 0x5A, PAGE_BYTES - 8);
            file_write(world_path(&w, name), spoilt.data, spoilt.len);
            noticed += damage_is_noticed(&w, j, name, buf_view(&dump));
            buf_fini(&spoilt);
        }
        file_write(world_path(&w, name), whole.data, whole.len);
        cr_assert_not(damage_is_noticed(&w, j, name, buf_view(&dump)));
        buf_fini(&whole);
        buf_fini(&dump);
    }
    fprintf(stderr, "%zu of %zu spoilt pages were noticed\n", noticed, pages);
    cr_assert_gt(pages, 40);
    cr_assert_eq(noticed, pages);
    world_end(&w, j);
}

/* The same of single bits, anywhere. */
Test(contract_open, flipped_bits_never_crash_a_reader)
{
    uint64_t dice = 20260701;
    struct world w;
    struct journal *j = closed_history(&w, 60);
    struct buf whole = file_bytes(world_path(&w, "record.db")), dump = {0};

    world_reopen(&w);
    cr_assert_eq(store_dump(w.store, STORE_RECORD, &dump, NULL), 0);
    world_close(&w);
    for (int i = 0; i < 300; i++) {
        size_t at;

        dice = dice * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        at = (size_t)(dice >> 20) % whole.len;
        whole.data[at] ^= (uint8_t)(1u << ((dice >> 60) & 7));
        file_write(world_path(&w, "record.db"), whole.data, whole.len);
        fprintf(stderr, "byte %zu\n", at);
        (void)damage_is_noticed(&w, j, "record.db", buf_view(&dump));
        whole.data[at] ^= (uint8_t)(1u << ((dice >> 60) & 7));
    }
    buf_fini(&whole);
    buf_fini(&dump);
    world_end(&w, j);
}
