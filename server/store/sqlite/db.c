/* One SQLite connection. Happy path: open with our settings, prepare once, run. SQLite's codes become
 * ours in db_fail. Thread: one at a time. */
#include "server/store/sqlite/db.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum { BUSY_TIMEOUT_MS = 10000, JOURNAL_BYTES_MAX = 64 << 20, CACHE_KIB = 16 << 10 };

static const struct msg msg_db = {
    .id = "store-database",
    .zh = "数据库文件{0}操作失败：{1}",
    .en = "database file {0}: {1}",
};
static const struct msg msg_damaged = {
    .id = "store-database-damaged",
    .zh = "数据库文件{0}已损坏，或者不是数据库文件（{1}）；请勿继续使用，从备份恢复",
    .en = "database file {0} is damaged or is no database file ({1}); restore it from a backup",
};

static const struct msg msg_structure = {
    .id = "store-database-structure",
    .zh = "数据库文件{0}的结构已损坏（{1}）；请勿继续使用，从备份恢复",
    .en = "the structure of database file {0} is damaged ({1}); restore it from a backup",
};

struct db_value db_int(int64_t v)
{
    return (struct db_value){.kind = DB_INT, .i = v};
}

struct db_value db_blob(const void *data, size_t len)
{
    return (struct db_value){.kind = DB_BLOB, .b = bytes_of(data, len)};
}

struct db_value db_bytes(struct bytes b)
{
    return (struct db_value){.kind = DB_BLOB, .b = b};
}

struct db_value db_text(struct bytes b)
{
    return (struct db_value){.kind = DB_TEXT, .b = b};
}

struct db_value db_null(void)
{
    return (struct db_value){.kind = DB_NULL};
}

static int code_of(int sqlite_code)
{
    switch (sqlite_code & 0xFF) {
    case SQLITE_NOMEM:
        return ERR_NOMEM;
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
        return ERR_BUSY;
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_MISMATCH:
        return ERR_CORRUPT;
    case SQLITE_CONSTRAINT:
        return ERR_CONFLICT;
    default:
        return ERR_IO;
    }
}

int db_fail(const struct db *db, struct err *err)
{
    int code = db->sql != NULL ? sqlite3_extended_errcode(db->sql) : SQLITE_NOMEM;
    const char *text = db->sql != NULL ? sqlite3_errmsg(db->sql) : sqlite3_errstr(code);

    code = code_of(code);
    return err_set(err, code, code == ERR_CORRUPT ? &msg_damaged : &msg_db, db->name, text, NULL,
                   NULL);
}

int db_exec(struct db *db, const char *text, struct err *err)
{
    if (sqlite3_exec(db->sql, text, NULL, NULL, NULL) != SQLITE_OK)
        return db_fail(db, err);
    return 0;
}

static int settings_apply(struct db *db, enum db_role role, bool synchronous_normal,
                          struct err *err)
{
    char text[256];
    int rc;

    sqlite3_extended_result_codes(db->sql, 1);
    sqlite3_busy_timeout(db->sql, BUSY_TIMEOUT_MS);
    sqlite3_snprintf((int)sizeof(text), text,
                     "PRAGMA trusted_schema=OFF; PRAGMA mmap_size=0; PRAGMA temp_store=MEMORY;"
                     "PRAGMA foreign_keys=ON; PRAGMA cache_size=-%d;",
                     CACHE_KIB);
    rc = db_exec(db, text, err);
    if (rc == 0 && role == DB_READER)
        rc = db_exec(db, "PRAGMA query_only=ON;", err);
    if (rc == 0 && role == DB_SCRATCH)
        rc = db_exec(db, "PRAGMA journal_mode=OFF; PRAGMA synchronous=OFF;", err);
    if (rc != 0 || role == DB_READER || role == DB_SCRATCH)
        return rc;
    sqlite3_snprintf((int)sizeof(text), text,
                     "PRAGMA journal_mode=WAL; PRAGMA synchronous=%s; PRAGMA wal_autocheckpoint=0;"
                     "PRAGMA journal_size_limit=%d;",
                     synchronous_normal ? "NORMAL" : "FULL", JOURNAL_BYTES_MAX);
    return db_exec(db, text, err);
}

int db_open(struct db *db, const char *path, const char *name, const char *vfs, enum db_role role,
            bool synchronous_normal, struct err *err)
{
    int flags = SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX | SQLITE_OPEN_EXRESCODE |
                SQLITE_OPEN_PRIVATECACHE;
    int rc;

    memset(db, 0, sizeof(*db));
    db->name = name;
    if (role == DB_WRITER || role == DB_SCRATCH)
        flags |= SQLITE_OPEN_CREATE;
    if (sqlite3_open_v2(path, &db->sql, flags, vfs) != SQLITE_OK)
        rc = db_fail(db, err);
    else
        rc = settings_apply(db, role, synchronous_normal, err);
    if (rc != 0)
        db_close(db);
    return rc;
}

void db_close(struct db *db)
{
    for (size_t i = 0; i < db->statements_count; i++)
        sqlite3_finalize(db->statements[i].stmt);
    db->statements_count = 0;
    if (db->sql != NULL) {
        int rc = sqlite3_close(db->sql);
        assert(rc == SQLITE_OK); /* else a statement is still open */
        (void)rc;
    }
    db->sql = NULL;
}

int db_prepare(struct db *db, const char *text, sqlite3_stmt **out, struct err *err)
{
    sqlite3_stmt *stmt = NULL;

    for (size_t i = 0; i < db->statements_count; i++) {
        if (db->statements[i].text == text) {
            sqlite3_reset(db->statements[i].stmt);
            *out = db->statements[i].stmt;
            return 0;
        }
    }
    assert(db->statements_count < DB_STATEMENTS_MAX);
    if (sqlite3_prepare_v3(db->sql, text, -1, SQLITE_PREPARE_PERSISTENT, &stmt, NULL) != SQLITE_OK)
        return db_fail(db, err);
    db->statements[db->statements_count++] = (struct db_statement){text, stmt};
    *out = stmt;
    return 0;
}

int db_bind(struct db *db, sqlite3_stmt *stmt, const struct db_value *values, size_t count,
            struct err *err)
{
    static const char none[1] = "";
    int rc = SQLITE_OK;

    assert((int)count == sqlite3_bind_parameter_count(stmt));
    for (size_t i = 0; i < count && rc == SQLITE_OK; i++) {
        const struct db_value *v = &values[i];
        const void *data = v->b.data != NULL ? (const void *)v->b.data : none;

        switch (v->kind) {
        case DB_NULL:
            rc = sqlite3_bind_null(stmt, (int)i + 1);
            break;
        case DB_INT:
            rc = sqlite3_bind_int64(stmt, (int)i + 1, v->i);
            break;
        case DB_BLOB:
            rc = sqlite3_bind_blob64(stmt, (int)i + 1, data, v->b.len, SQLITE_STATIC);
            break;
        case DB_TEXT:
            rc = sqlite3_bind_text64(stmt, (int)i + 1, data, v->b.len, SQLITE_STATIC, SQLITE_UTF8);
            break;
        }
    }
    return rc == SQLITE_OK ? 0 : db_fail(db, err);
}

int db_run(struct db *db, const char *text, const struct db_value *values, size_t count,
           struct err *err)
{
    sqlite3_stmt *stmt;
    int rc = db_prepare(db, text, &stmt, err);

    if (rc == 0)
        rc = db_bind(db, stmt, values, count, err);
    if (rc != 0)
        return rc;
    if (sqlite3_step(stmt) != SQLITE_DONE)
        rc = db_fail(db, err);
    sqlite3_reset(stmt);
    return rc;
}

int db_query_int(struct db *db, const char *text, const struct db_value *values, size_t count,
                 int64_t *out, struct err *err)
{
    sqlite3_stmt *stmt;
    int rc = db_prepare(db, text, &stmt, err);
    int step;

    if (rc == 0)
        rc = db_bind(db, stmt, values, count, err);
    if (rc != 0)
        return rc;
    step = sqlite3_step(stmt);
    if (step == SQLITE_ROW) {
        if (sqlite3_column_type(stmt, 0) == SQLITE_INTEGER) {
            *out = sqlite3_column_int64(stmt, 0);
            rc = 1;
        }
    } else if (step != SQLITE_DONE) {
        rc = db_fail(db, err);
    }
    sqlite3_reset(stmt);
    return rc;
}

/* SQLite reports pages that it could not read among the damaged ones. */
static bool finding_is_io(const char *finding)
{
    const char *code = strstr(finding, "error code=");

    return strstr(finding, "failed to get page") != NULL ||
           (code != NULL &&
            (strtol(code + strlen("error code="), NULL, 10) & 0xFF) == SQLITE_IOERR);
}

int db_structure_check(struct db *db, bool indexes, struct err *err)
{
    sqlite3_stmt *stmt;
    int rc = indexes ? db_prepare(db, "PRAGMA integrity_check(1)", &stmt, err)
                     : db_prepare(db, "PRAGMA quick_check(1)", &stmt, err);
    const char *text;

    if (rc != 0)
        return rc;
    if (sqlite3_step(stmt) != SQLITE_ROW) {
        rc = db_fail(db, err);
    } else {
        text = (const char *)sqlite3_column_text(stmt, 0);
        if (text != NULL && finding_is_io(text))
            rc = err_set(err, ERR_IO, &msg_db, db->name, text, NULL, NULL);
        else if (text == NULL || strcmp(text, "ok") != 0)
            rc = err_set(err, ERR_CORRUPT, &msg_structure, db->name, text, NULL, NULL);
    }
    sqlite3_reset(stmt);
    return rc;
}

void db_rollback(struct db *db)
{
    if (db->sql == NULL || sqlite3_get_autocommit(db->sql) != 0)
        return;
    for (size_t i = 0; i < db->statements_count; i++)
        sqlite3_reset(db->statements[i].stmt);
    sqlite3_exec(db->sql, "ROLLBACK", NULL, NULL, NULL);
}
