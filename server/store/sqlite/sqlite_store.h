/* The SQLite engine: record.db and registry.db in one directory, WAL, every commit synced.
 *
 * One process at a time may open a directory (a lock file is held). Each file has one writer
 * connection, a connection for checkpoints and a pool of reading connections; all calls of
 * store.h may come from any thread.
 *
 * A failure while writing rolls back: ERR_IO, nothing stored. A failure while *syncing* leaves it
 * open what the disk holds: ERR_UNKNOWN, and every further append of that file is refused with
 * ERR_UNKNOWN until the store was closed and opened again; a failed sync is never retried.
 *
 * Besides store.h: a batch that does not continue what is stored (a gap in seq, a time that goes
 * back, a prev_seq that is not the session's last event, a session that does not begin with
 * session-started and a secret, a leaf where none belongs) is ERR_CONFLICT; a payload
 * that does not have its form is ERR_CORRUPT. Stored rows that break these rules are ERR_CORRUPT
 * when they are read. */
#ifndef MINGFA_STORE_SQLITE_SQLITE_STORE_H
#define MINGFA_STORE_SQLITE_SQLITE_STORE_H

#include "question-bank/base/err.h"
#include "server/store/store.h"

#include <stdbool.h>
#include <stdint.h>

/* Zeroed means the defaults. */
struct sqlite_options {
    /* NEGATIVE CONTROL, for crash tests only: commits are not synced and acknowledged events are
     * lost at power failure. */
    bool synchronous_normal_for_negative_control;
    bool quick_check; /* check the files' structure after an unclean stop (reads all of them) */
    const char *vfs;  /* NULL: the default; borrowed until close */
    int64_t wal_bytes_max;   /* 0: 256 MiB; past it the writer itself checkpoints after a commit */
    int64_t wal_bytes_reset; /* 0: 16 MiB; from here a checkpoint lets the writer finish it, so that
                                the log starts over */
};

/* Opens (creating the directory, files and schema as needed). dir is copied. ERR_BUSY: another
 * process has it open. ERR_STALE: the schema is newer than this program. ERR_CORRUPT, ERR_IO,
 * ERR_NOMEM. *out: caller's, store_close. */
int sqlite_store_open(const char *dir, const struct sqlite_options *options, struct store **out,
                      struct err *err);

#endif
