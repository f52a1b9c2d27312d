/* Whole files: read with a limit, write durably and atomically.
 *
 * Used by the command lines and at server start; never on a loop or writer thread.
 * Thread: reentrant. */
#ifndef MINGFA_BASE_FILE_H
#define MINGFA_BASE_FILE_H

#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <stdbool.h>

/* Appends the contents to out. ERR_NOT_FOUND, ERR_IO, ERR_LIMIT (more than max bytes). "-" reads
 * standard input. */
int file_read(const char *path, size_t max, struct buf *out, struct err *err);
/* Writes to a temporary file beside it, syncs, renames, syncs the directory. mode e.g. 0644; for
 * secrets 0600. */
int file_write(const char *path, struct bytes data, unsigned mode, struct err *err);
bool file_exists(const char *path);
/* Regular files in dir whose names end with suffix, sorted by bytes; calls visit(arg, path).
 * Stops at the first nonzero return and returns it. */
int file_each(const char *dir, const char *suffix, int (*visit)(void *arg, const char *path),
              void *arg, struct err *err);
/* mkdir -p with mode 0700 for new ones. */
int file_make_dirs(const char *path, struct err *err);

#endif
