/* The failing disk. Each method counts its call and fails it or hands it on. One thread. */
#include "tests/lib/faulty_vfs.h"

#include <criterion/criterion.h>
#include <string.h>

/* An open file: ours, and the system's behind it in the same memory. */
struct faulty_file {
    sqlite3_file base;
    struct faulty_vfs *owner;
    const char *path; /* valid until it is closed */
    sqlite3_file *inner;
};

static struct faulty_file *file_of(sqlite3_file *f)
{
    return (struct faulty_file *)f; /* base is the first member */
}

/* Counts; nonzero: this call fails. */
static bool strikes(struct faulty_vfs *f, enum disk_op op)
{
    if (f->nth == 0 || f->paused || op != f->op)
        return false;
    f->calls++;
    if (f->calls != f->nth && !(f->lasting && f->calls > f->nth))
        return false;
    f->fired++;
    return true;
}

static bool file_strikes(sqlite3_file *f, enum disk_op op)
{
    return strikes(file_of(f)->owner, op);
}

/* Tells of an act that went well; returns its result. */
static int told(sqlite3_file *f, int rc, struct disk_act act)
{
    const struct faulty_file *file = file_of(f);

    act.path = file->path;
    if (rc == SQLITE_OK && file->owner->watch != NULL && act.path != NULL)
        file->owner->watch(file->owner->watch_arg, &act);
    return rc;
}

/* ------------------------------------------------------------------ files */

static int file_close(sqlite3_file *f)
{
    return file_of(f)->inner->pMethods->xClose(file_of(f)->inner);
}

static int file_read(sqlite3_file *f, void *to, int len, sqlite3_int64 at)
{
    return file_strikes(f, DISK_READ)
               ? SQLITE_IOERR_READ
               : file_of(f)->inner->pMethods->xRead(file_of(f)->inner, to, len, at);
}

/* A write that fails leaves its first half behind. */
static int file_write(sqlite3_file *f, const void *from, int len, sqlite3_int64 at)
{
    sqlite3_file *inner = file_of(f)->inner;

    if (!file_strikes(f, DISK_WRITE))
        return told(f, inner->pMethods->xWrite(inner, from, len, at),
                    (struct disk_act){.op = DISK_WRITE, .data = from, .len = len, .at = at});
    if (len > 1)
        inner->pMethods->xWrite(inner, from, len / 2, at);
    return file_of(f)->owner->lasting ? SQLITE_FULL : SQLITE_IOERR_WRITE;
}

static int file_truncate(sqlite3_file *f, sqlite3_int64 size)
{
    return file_strikes(f, DISK_TRUNCATE)
               ? SQLITE_IOERR_TRUNCATE
               : told(f, file_of(f)->inner->pMethods->xTruncate(file_of(f)->inner, size),
                      (struct disk_act){.op = DISK_TRUNCATE, .at = size});
}

static int file_sync(sqlite3_file *f, int flags)
{
    return file_strikes(f, DISK_SYNC)
               ? SQLITE_IOERR_FSYNC
               : told(f, file_of(f)->inner->pMethods->xSync(file_of(f)->inner, flags),
                      (struct disk_act){.op = DISK_SYNC});
}

static int file_size(sqlite3_file *f, sqlite3_int64 *size)
{
    return file_strikes(f, DISK_SIZE)
               ? SQLITE_IOERR_FSTAT
               : file_of(f)->inner->pMethods->xFileSize(file_of(f)->inner, size);
}

static int file_lock(sqlite3_file *f, int level)
{
    return file_strikes(f, DISK_LOCK)
               ? SQLITE_IOERR_LOCK
               : file_of(f)->inner->pMethods->xLock(file_of(f)->inner, level);
}

static int file_unlock(sqlite3_file *f, int level)
{
    return file_of(f)->inner->pMethods->xUnlock(file_of(f)->inner, level);
}

static int file_reserved(sqlite3_file *f, int *out)
{
    return file_of(f)->inner->pMethods->xCheckReservedLock(file_of(f)->inner, out);
}

static int file_control(sqlite3_file *f, int op, void *arg)
{
    return file_of(f)->inner->pMethods->xFileControl(file_of(f)->inner, op, arg);
}

static int file_sector(sqlite3_file *f)
{
    return file_of(f)->inner->pMethods->xSectorSize(file_of(f)->inner);
}

static int file_traits(sqlite3_file *f)
{
    return file_of(f)->inner->pMethods->xDeviceCharacteristics(file_of(f)->inner);
}

static int shm_map(sqlite3_file *f, int region, int size, int extend, void volatile **out)
{
    return file_strikes(f, DISK_SHM)
               ? SQLITE_IOERR_SHMMAP
               : file_of(f)->inner->pMethods->xShmMap(file_of(f)->inner, region, size, extend, out);
}

/* Letting go of a lock always works. */
static int shm_lock(sqlite3_file *f, int offset, int n, int flags)
{
    return (flags & SQLITE_SHM_LOCK) != 0 && file_strikes(f, DISK_SHM)
               ? SQLITE_IOERR_SHMLOCK
               : file_of(f)->inner->pMethods->xShmLock(file_of(f)->inner, offset, n, flags);
}

static void shm_barrier(sqlite3_file *f)
{
    file_of(f)->inner->pMethods->xShmBarrier(file_of(f)->inner);
}

static int shm_unmap(sqlite3_file *f, int remove)
{
    return file_of(f)->inner->pMethods->xShmUnmap(file_of(f)->inner, remove);
}

static const sqlite3_io_methods methods = {
    .iVersion = 2,
    .xClose = file_close,
    .xRead = file_read,
    .xWrite = file_write,
    .xTruncate = file_truncate,
    .xSync = file_sync,
    .xFileSize = file_size,
    .xLock = file_lock,
    .xUnlock = file_unlock,
    .xCheckReservedLock = file_reserved,
    .xFileControl = file_control,
    .xSectorSize = file_sector,
    .xDeviceCharacteristics = file_traits,
    .xShmMap = shm_map,
    .xShmLock = shm_lock,
    .xShmBarrier = shm_barrier,
    .xShmUnmap = shm_unmap,
};

/* ------------------------------------------------------------------ names */

static struct faulty_vfs *faulty_of(sqlite3_vfs *vfs)
{
    return vfs->pAppData;
}

static int name_open(sqlite3_vfs *vfs, sqlite3_filename name, sqlite3_file *out, int flags,
                     int *flags_out)
{
    struct faulty_vfs *f = faulty_of(vfs);
    struct faulty_file *file = file_of(out);
    int rc;

    memset(file, 0, sizeof(*file));
    if (strikes(f, DISK_OPEN))
        return SQLITE_CANTOPEN;
    file->owner = f;
    file->path = name;
    file->inner = (sqlite3_file *)(void *)(file + 1);
    rc = f->system->xOpen(f->system, name, file->inner, flags, flags_out);
    if (file->inner->pMethods != NULL)
        file->base.pMethods = &methods;
    return rc;
}

static int name_delete(sqlite3_vfs *vfs, const char *name, int sync_dir)
{
    struct faulty_vfs *f = faulty_of(vfs);

    const struct disk_act act = {.op = DISK_DELETE, .path = name, .len = sync_dir};
    int rc = strikes(f, DISK_DELETE) ? SQLITE_IOERR_DELETE
                                     : f->system->xDelete(f->system, name, sync_dir);

    if (rc == SQLITE_OK && f->watch != NULL)
        f->watch(f->watch_arg, &act);
    return rc;
}

void faulty_vfs_init(struct faulty_vfs *f, const char *name)
{
    memset(f, 0, sizeof(*f));
    f->system = sqlite3_vfs_find(NULL);
    cr_assert_not_null(f->system);
    f->vfs = *f->system; /* clock, randomness, paths: the system's, which do not look at pAppData */
    f->vfs.zName = name;
    f->vfs.pNext = NULL;
    f->vfs.szOsFile = (int)sizeof(struct faulty_file) + f->system->szOsFile;
    f->vfs.pAppData = f;
    f->vfs.xOpen = name_open;
    f->vfs.xDelete = name_delete;
    cr_assert_eq(sqlite3_vfs_register(&f->vfs, 0), SQLITE_OK);
}

void faulty_vfs_fini(struct faulty_vfs *f)
{
    cr_assert_eq(sqlite3_vfs_unregister(&f->vfs), SQLITE_OK);
}

void faulty_vfs_plan(struct faulty_vfs *f, enum disk_op op, uint32_t nth, bool lasting)
{
    f->op = op;
    f->nth = nth;
    f->lasting = lasting;
    f->paused = false;
    f->calls = f->fired = 0;
}

void faulty_vfs_plan_pause(struct faulty_vfs *f, bool paused)
{
    f->paused = paused;
}
