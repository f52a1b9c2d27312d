/* Whole files: read with a limit, write durably and atomically.
 *
 * Used by the command lines and at server start; never on a loop or writer thread.
 * Thread: reentrant. */
#ifndef MINGFA_BASE_FILE_H
#define MINGFA_BASE_FILE_H

#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <stdbool.h>

/* Appends the contents to out; out is as it was on failure. ERR_NOT_FOUND, ERR_IO, ERR_NOMEM,
 * ERR_LIMIT (more than max bytes). "-" reads standard input. */
int file_read(const char *path, size_t max, struct buf *out, struct err *err);
/* Writes to a temporary file beside it, syncs, renames, syncs the directory. mode e.g. 0644; for
 * secrets 0600 (the process's umask takes bits away). ERR_NOT_FOUND (no such directory), ERR_IO. */
int file_write(const char *path, struct bytes data, unsigned mode, struct err *err);
bool file_exists(const char *path);
/* Regular files in dir whose names end with suffix, sorted by bytes; calls visit(arg, dir "/" name).
 * Stops at the first nonzero return and returns it. ERR_NOT_FOUND, ERR_IO, ERR_NOMEM, ERR_LIMIT (more
 * than 65,536 files). */
int file_each(const char *dir, const char *suffix, int (*visit)(void *arg, const char *path),
              void *arg, struct err *err);
/* mkdir -p with mode 0700 for new ones. ERR_IO also when a file stands where a directory must be. */
int file_make_dirs(const char *path, struct err *err);

#endif
