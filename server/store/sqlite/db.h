/* One SQLite connection with its prepared statements.
 *
 * Opens with the settings that Mingfa relies on, maps SQLite's result codes to ours, keeps every
 * statement prepared (found again by the address of its text, so texts are static). Thread: one
 * at a time. */
#ifndef MINGFA_STORE_SQLITE_DB_H
#define MINGFA_STORE_SQLITE_DB_H

#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <sqlite3.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { DB_STATEMENTS_MAX = 96 };

struct db_statement {
    const char *text;
    sqlite3_stmt *stmt;
};

/* Zeroed: not open. */
struct db {
    sqlite3 *sql;
    const char *name; /* "record.db"; borrowed, for messages */
    struct db_statement statements[DB_STATEMENTS_MAX];
    size_t statements_count;
};

/* DB_SCRATCH: path "", a database of this connection alone that goes away with it. */
enum db_role { DB_WRITER, DB_READER, DB_CHECKPOINTER, DB_SCRATCH };

/* A value to bind. Bytes are borrowed for the call. */
struct db_value {
    enum { DB_NULL, DB_INT, DB_BLOB, DB_TEXT } kind;
    int64_t i;
    struct bytes b;
};
struct db_value db_int(int64_t v);
struct db_value db_blob(const void *data, size_t len);
struct db_value db_bytes(struct bytes b);
struct db_value db_text(struct bytes b);
struct db_value db_null(void);

/* path and vfs (may be NULL) are borrowed for the call. synchronous_normal: see sqlite_store.h. */
int db_open(struct db *db, const char *path, const char *name, const char *vfs, enum db_role role,
            bool synchronous_normal, struct err *err);
void db_close(struct db *db);

/* What the last SQLite call on this connection means; fills err. */
int db_fail(const struct db *db, struct err *err);
/* Runs static or built text, all statements of it. */
int db_exec(struct db *db, const char *text, struct err *err);
/* Prepared, reset, unbound. text must be static. */
int db_prepare(struct db *db, const char *text, sqlite3_stmt **out, struct err *err);
/* Binds in order, from parameter 1. */
int db_bind(struct db *db, sqlite3_stmt *stmt, const struct db_value *values, size_t count,
            struct err *err);
/* Binds and runs a statement that gives no rows. */
int db_run(struct db *db, const char *text, const struct db_value *values, size_t count,
           struct err *err);
/* 1: *out is the first column of the first row; 0: no row, or NULL; negative: error. */
int db_query_int(struct db *db, const char *text, const struct db_value *values, size_t count,
                 int64_t *out, struct err *err);
/* Reads the whole file: do its pages hang together? indexes: do they agree with their tables, too?
 * ERR_CORRUPT; ERR_IO if a page could not be read. */
int db_structure_check(struct db *db, bool indexes, struct err *err);
/* Rolls back if a transaction is open. */
void db_rollback(struct db *db);

#endif
