/* A planted bug, for tests that must find it: a store that says "stored" before it is. The record's
 * newest batch stays in memory until the next one comes; what is still in memory when the process dies,
 * or (unless `flushes`) when the store is closed, is lost although it was acknowledged.
 *
 * Everything else goes to the wrapped engine. Thread: as the wrapped engine. */
#ifndef MINGFA_TESTS_LIB_HASTY_STORE_H
#define MINGFA_TESTS_LIB_HASTY_STORE_H

#include "server/store/store.h"

#include <stdbool.h>

/* Takes inner on success (store_close closes both). ERR_NOMEM. */
int hasty_store_open(struct store *inner, bool flushes, struct store **out, struct err *err);

#endif
