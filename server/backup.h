/* The command "backup": a copy of the data directory, also while the server runs.
 *
 * Prints one JSON line a file, {"file","events","recorded_ms"}. The site key, the keyring and the
 * releases are not in the data directory: docs/operations.md says how they are kept. Thread: main's. */
#ifndef MINGFA_SERVER_BACKUP_H
#define MINGFA_SERVER_BACKUP_H

#include "question-bank/base/err.h"

#include <stdio.h>

/* 0; ERR_EXISTS (the target is there already), ERR_IO, ERR_CORRUPT. */
int backup_run(const char *data_dir, const char *target, FILE *out, struct err *err);

#endif
