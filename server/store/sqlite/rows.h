/* Typed rows: what an event means for the derived tables. The same functions serve an append and a
 * rebuild, so both give the same rows. Thread: the writer's. */
#ifndef MINGFA_STORE_SQLITE_ROWS_H
#define MINGFA_STORE_SQLITE_ROWS_H

#include "question-bank/base/arena.h"
#include "question-bank/base/err.h"
#include "server/record/event.h"
#include "server/store/sqlite/db.h"
#include "server/store/sqlite/tails.h"

#include <stddef.h>

/* A derived table: its name, a query of all of it in ascending order of its first key_columns
 * columns, which are numbers and name a row; and what empties it. */
struct rows_table {
    const char *name, *select, *clear;
    int key_columns;
};
extern const struct rows_table record_tables[], registry_tables[];
extern const size_t record_tables_count, registry_tables_count;

/* Is e the continuation of its session? ERR_CONFLICT if not. *tail is what is known of the session
 * before e (zeroed for its first event). Nothing is changed. */
int record_rows_check(struct db *db, struct tails *tails, const struct event *e, struct tail *tail,
                      struct err *err);
/* Derives the rows of e (already stored and checked) and moves the session's tail.
 * ERR_CORRUPT: the payload; ERR_CONFLICT: there is such a session already. */
int record_rows_apply(struct db *db, struct tails *tails, struct arena *arena,
                      const struct event *e, struct tail *tail, struct err *err);
int registry_rows_apply(struct db *db, struct arena *arena, const struct event *e, struct err *err);

#endif
