/* A disk that fails: SQLite's way to files, with one call of one kind failing by plan.
 *
 * Everything goes to the system's own, but for the nth call of the planned kind since faulty_vfs_plan
 * (and, with `lasting`, all of that kind behind it). Whoever watches is told of everything that was
 * done to a file: for a recording of what a power cut may leave of it. Thread: one. */
#ifndef MINGFA_TESTS_LIB_FAULTY_VFS_H
#define MINGFA_TESTS_LIB_FAULTY_VFS_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

enum disk_op {
    DISK_WRITE = 0,
    DISK_SYNC,
    DISK_TRUNCATE,
    DISK_READ,
    DISK_SIZE,
    DISK_LOCK,
    DISK_SHM, /* the shared index of the log: its memory and its locks */
    DISK_OPEN,
    DISK_DELETE,
    DISK_OPS
};

/* What was done: DISK_WRITE (data, len, at), DISK_TRUNCATE (at: the new size), DISK_SYNC, DISK_DELETE
 * (len: whether its directory was synced too). Data are borrowed for the call. */
struct disk_act {
    enum disk_op op;
    const char *path;
    const void *data;
    int64_t len, at;
};

struct faulty_vfs {
    sqlite3_vfs vfs;                                      /* pAppData: this */
    void (*watch)(void *arg, const struct disk_act *act); /* NULL: nobody */
    void *watch_arg;
    sqlite3_vfs *system;
    enum disk_op op;
    uint32_t nth; /* 0: nothing fails */
    bool lasting, paused;
    uint32_t calls, fired;
};

/* Registers it under `name` (borrowed until fini). */
void faulty_vfs_init(struct faulty_vfs *f, const char *name);
void faulty_vfs_fini(struct faulty_vfs *f);
/* Counts from 1 again. nth 0: nothing fails any more. */
void faulty_vfs_plan(struct faulty_vfs *f, enum disk_op op, uint32_t nth, bool lasting);
/* While paused nothing fails or is counted. */
void faulty_vfs_plan_pause(struct faulty_vfs *f, bool paused);

#endif
