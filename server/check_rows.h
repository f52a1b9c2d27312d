/* check-rows: whether the typed rows of a data directory are what its events say, from the machine
 * itself, with the server stopped.
 *
 * Prints one JSON line a file, {"file","events","rows","differences"}. Changes nothing. Thread:
 * main's; takes the directory's lock while it runs. */
#ifndef MINGFA_SERVER_CHECK_ROWS_H
#define MINGFA_SERVER_CHECK_ROWS_H

#include "question-bank/base/err.h"

#include <stdio.h>

/* 0 if all rows agree. ERR_CORRUPT naming file, table, row and column of the first difference, or
 * the damaged file; otherwise what opening the directory gives (in use, not there, unreadable). */
int check_rows_run(const char *data_dir, FILE *out, struct err *err);

#endif
