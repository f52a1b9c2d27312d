/* A copy of a data directory while the server goes on writing. */
#ifndef MINGFA_STORE_SQLITE_BACKUP_H
#define MINGFA_STORE_SQLITE_BACKUP_H

#include "question-bank/base/err.h"
#include "server/store/sqlite/sqlite_store.h"

/* Copies both files of from_dir into to_dir, which must not exist, and opens the copy once. Whatever
 * was acknowledged before the call is in it. out: where each copy ends. On failure nothing is left.
 * ERR_EXISTS, ERR_IO, and what opening a store gives. Any thread. */
int sqlite_store_backup(const char *from_dir, const char *to_dir,
                        struct store_tail out[STORE_FILES], struct err *err);

#endif
