/* The SQLite engine on a disk whose n-th call fails, for every kind of call and every n that a small
 * history makes: an append that failed left nothing, not even for a copy taken at that moment as a
 * power cut would; the next one works; a failed sync closes the file; and in the end the rows are
 * those of a history in which nothing failed. */
#include "server/store/sqlite/sqlite_store.h"
#include "tests/lib/faulty_vfs.h"
#include "tests/contract/history.h"
#include "tests/contract/world.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

static const char *const op_names[DISK_OPS] = {"write", "sync", "truncate", "read",  "size",
                                               "lock",  "shm",  "open",     "delete"};
enum { CALLS_MAX = 4000 };

struct disk {
    struct faulty_vfs vfs;
    char dir[WORLD_PATH_BYTES_MAX];
    struct store *store;
    uint32_t io, unknown; /* appends that ended so */
    uint32_t fired;       /* before the last plan */
};

static int disk_open(struct disk *d)
{
    const struct sqlite_options options = {
        .quick_check = true, .vfs = d->vfs.vfs.zName, .wal_bytes_reset = 20000};

    return sqlite_store_open(d->dir, &options, &d->store, NULL);
}

static void disk_reopen(struct disk *d)
{
    store_close(d->store);
    d->store = NULL;
    d->fired += d->vfs.fired;
    faulty_vfs_plan(&d->vfs, DISK_WRITE, 0, false);
    cr_assert_eq(disk_open(d), 0);
}

static void disk_init(struct disk *d)
{
    memset(d, 0, sizeof(*d));
    faulty_vfs_init(&d->vfs, "mingfa-faulty");
    dir_make(d->dir);
}

static void disk_fini(struct disk *d)
{
    store_close(d->store);
    dir_remove(d->dir);
    faulty_vfs_fini(&d->vfs);
}

static void dump_all(struct store *s, struct buf *out)
{
    buf_clear(out);
    cr_assert_eq(store_dump(s, STORE_RECORD, out, NULL), 0);
    cr_assert_eq(store_dump(s, STORE_REGISTRY, out, NULL), 0);
}

static void undisturbed(struct buf *out)
{
    struct journal *j = journal_new();
    struct world w;

    world_init(&w, ENGINE_SQLITE);
    for (int step = 0; step < HISTORY_STEPS; step++)
        cr_assert_eq(journal_append(j, w.store, history_step(j, step), NULL), 0);
    dump_all(w.store, out);
    world_fini(&w);
    journal_free(j);
}

/* What somebody finds who takes the files as they are now. */
static void expect_copy(const struct journal *j, const struct disk *d)
{
    struct store *copy = NULL;
    char dir[WORLD_PATH_BYTES_MAX];
    const char *fault;

    dir_make(dir);
    dir_copy(d->dir, dir);
    cr_assert_eq(world_try_open(ENGINE_SQLITE, dir, &copy, NULL), 0);
    fault = journal_compare(j, copy);
    store_close(copy);
    dir_remove(dir);
    cr_assert_null(fault, "in a copy: %s", fault);
}

/* From a failed append on, as store.h tells a caller to. */
static void go_on(struct journal *j, struct disk *d, enum store_file file, int code)
{
    struct store_tail tail;

    if (code == ERR_UNKNOWN) {
        d->unknown++;
        cr_assert_eq(journal_append(j, d->store, file, NULL), ERR_UNKNOWN, "closed for writing");
        disk_reopen(d);
        cr_assert_eq(store_tail(d->store, file, &tail, NULL), 0);
        if (tail.seq == (int64_t)j->files[file].count)
            journal_is_stored(j, file);
    } else {
        d->io++;
        cr_assert_eq(code, ERR_IO, "%s", err_code_name(code));
        expect_copy(j, d);
    }
    journal_expect(j, d->store);
    if (journal_batch(j, file).count > 0)
        cr_assert_eq(journal_append(j, d->store, file, NULL), 0, "the next one works");
}

static void expect_io_or_ok(int rc)
{
    cr_assert(rc == 0 || rc == ERR_IO, "%s", err_code_name(rc));
}

/* Rebuilt in between: a failure leaves the rows as they were. */
static void rebuild(struct disk *d, const struct buf *before)
{
    int rc = store_rebuild(d->store, STORE_RECORD, NULL);
    struct buf after = {0};

    if (rc == ERR_UNKNOWN)
        disk_reopen(d);
    else
        expect_io_or_ok(rc);
    faulty_vfs_plan_pause(&d->vfs, true);
    dump_all(d->store, &after);
    faulty_vfs_plan_pause(&d->vfs, false);
    cr_assert(bytes_equal(buf_view(before), buf_view(&after)));
    buf_fini(&after);
}

/* Runs the history with the nth call failing. Whether it came to that. */
static bool run(struct disk *d, enum disk_op op, uint32_t nth, const struct buf *expected)
{
    struct journal *j = journal_new();
    struct store_rows_report report;
    struct buf text = {0};

    disk_reopen(d);
    d->fired = 0;
    faulty_vfs_plan(&d->vfs, op, nth, false);
    for (int step = 0; step < HISTORY_STEPS; step++) {
        enum store_file file = history_step(j, step);
        int rc = journal_append(j, d->store, file, NULL);

        if (rc != 0)
            go_on(j, d, file, rc);
        if (step % 3 == 2)
            expect_io_or_ok(store_checkpoint(d->store, STORE_RECORD, NULL));
        if (step == 5) {
            faulty_vfs_plan_pause(&d->vfs, true);
            dump_all(d->store, &text);
            faulty_vfs_plan_pause(&d->vfs, false);
            rebuild(d, &text);
        }
    }
    for (int times = 0; times < 2; times++) {
        disk_reopen(d);
        journal_expect(j, d->store);
        dump_all(d->store, &text);
        cr_assert(bytes_equal(buf_view(expected), buf_view(&text)));
        for (int f = 0; f < STORE_FILES; f++) {
            cr_assert_eq(store_rows_check(d->store, (enum store_file)f, &report, NULL), 0);
            cr_assert_eq(report.differences, 0, "%s %s", report.table, report.id);
        }
    }
    buf_fini(&text);
    journal_free(j);
    return d->fired > 0;
}

Test(contract_disk, whichever_call_to_the_disk_fails_nothing_half_done_stays, .timeout = 300)
{
    struct buf expected = {0};

    undisturbed(&expected);
    for (int op = 0; op < DISK_OPS; op++) {
        uint32_t n = 1, io = 0, unknown = 0;

        for (bool fired = true; fired; n++) {
            struct disk d;

            disk_init(&d);
            fprintf(stderr, "%s %u\n", op_names[op], n);
            fired = run(&d, (enum disk_op)op, n, &expected);
            io += d.io;
            unknown += d.unknown;
            disk_fini(&d);
            cr_assert_leq(n, CALLS_MAX);
        }
        fprintf(stderr, "calls of kind %s: %u; appends failed %u, of unknown outcome %u\n",
                op_names[op], n - 2, io, unknown);
        if (op == DISK_WRITE)
            cr_assert(n > 20 && io > 10 && unknown == 0);
        if (op == DISK_SYNC)
            cr_assert(n > 5 && unknown > 5);
    }
    buf_fini(&expected);
}

Test(contract_disk, a_full_disk_refuses_appends_and_is_used_again_once_there_is_room)
{
    struct journal *j = journal_new();
    struct disk d;

    disk_init(&d);
    cr_assert_eq(disk_open(&d), 0);
    cr_assert_eq(journal_append(j, d.store, history_step(j, 0), NULL), 0);
    faulty_vfs_plan(&d.vfs, DISK_WRITE, 1, true);
    put_responses(j, 1, 1);
    put_responses(j, 2, 1);
    for (int i = 0; i < 10; i++) {
        cr_assert_eq(journal_append(j, d.store, STORE_RECORD, NULL), ERR_IO);
        journal_expect(j, d.store); /* what is there can be read */
        expect_copy(j, &d);
    }
    cr_assert_geq(d.vfs.fired, 10);
    faulty_vfs_plan(&d.vfs, DISK_WRITE, 0, false);
    cr_assert_eq(journal_append(j, d.store, STORE_RECORD, NULL), 0);
    journal_expect(j, d.store);
    disk_fini(&d);
    journal_free(j);
}

/* A fresh directory, and one that was left as a power cut leaves it. */
Test(contract_disk, whichever_call_fails_while_opening_the_next_opening_works, .timeout = 300)
{
    for (int op = 0; op < DISK_OPS; op++)
        for (int fresh = 0; fresh < 2; fresh++) {
            uint32_t failed = 0, n = 1;

            for (bool fired = true; fired; n++) {
                struct journal *j = journal_new();
                struct disk d;
                struct world w;
                int rc;

                fprintf(stderr, "%s %u\n", op_names[op], n);
                disk_init(&d);
                if (!fresh) {
                    world_init(&w, ENGINE_SQLITE);
                    for (int step = 0; step < HISTORY_STEPS; step++)
                        cr_assert_eq(journal_append(j, w.store, history_step(j, step), NULL), 0);
                    dir_copy(w.dir, d.dir);
                    world_fini(&w);
                }
                faulty_vfs_plan(&d.vfs, (enum disk_op)op, n, false);
                rc = disk_open(&d);
                fired = d.vfs.fired > 0;
                expect_io_or_ok(rc);
                failed += rc != 0;
                disk_reopen(&d);
                journal_expect(j, d.store);
                put_login_revoked(j, 9);
                cr_assert_eq(journal_append(j, d.store, STORE_REGISTRY, NULL), 0);
                disk_fini(&d);
                journal_free(j);
                cr_assert_leq(n, CALLS_MAX);
            }
            fprintf(stderr, "%s while opening: %u calls, %u refusals\n", op_names[op], n - 2,
                    failed);
        }
}
