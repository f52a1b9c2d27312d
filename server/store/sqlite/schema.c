/* The schema of both files: numbered steps, applied in order, each in one transaction. A file that is
 * not ours or newer than this program is refused. Thread: the opener's. */
#include "server/store/sqlite/engine.h"

#include <assert.h>

extern const char schema_0001_record_sql[];
extern const char schema_0001_registry_sql[];

/* "MFRC", "MFRG" */
enum { APPLICATION_RECORD = 0x4D465243, APPLICATION_REGISTRY = 0x4D465247 };

static const char *const record_steps[] = {schema_0001_record_sql};
static const char *const registry_steps[] = {schema_0001_registry_sql};

static const struct msg msg_newer = {
    .id = "store-schema-newer",
    .zh = "数据库文件{0}的结构版本（{1}）高于本程序所支持的版本（{2}），请使用新版程序",
    .en = "database file {0} has schema {1}, newer than the {2} that this program knows",
};
static const struct msg msg_foreign = {
    .id = "store-file-foreign",
    .zh = "文件{0}不是明法的数据库文件",
    .en = "file {0} is not a database file of Mingfa",
};

static int step_run(struct db *db, const char *sql, int64_t version, int64_t application,
                    struct err *err)
{
    char text[128];
    int rc = db_exec(db, "BEGIN IMMEDIATE", err);

    if (rc != 0)
        return rc;
    rc = db_exec(db, sql, err);
    if (rc == 0) {
        sqlite3_snprintf((int)sizeof(text), text,
                         "PRAGMA user_version=%lld; PRAGMA application_id=%lld;",
                         (long long)version, (long long)application);
        rc = db_exec(db, text, err);
    }
    if (rc == 0)
        rc = db_exec(db, "COMMIT", err);
    if (rc != 0)
        db_rollback(db);
    return rc;
}

int schema_open(struct db *db, enum store_file file, struct err *err)
{
    const char *const *steps = file == STORE_RECORD ? record_steps : registry_steps;
    int64_t count = file == STORE_RECORD
                        ? (int64_t)(sizeof(record_steps) / sizeof(record_steps[0]))
                        : (int64_t)(sizeof(registry_steps) / sizeof(registry_steps[0]));
    int64_t application = file == STORE_RECORD ? APPLICATION_RECORD : APPLICATION_REGISTRY;
    int64_t version = 0, id = 0, tables = 0;
    int rc = db_query_int(db, "PRAGMA user_version", NULL, 0, &version, err);

    if (rc >= 0)
        rc = db_query_int(db, "PRAGMA application_id", NULL, 0, &id, err);
    if (rc >= 0)
        rc = db_query_int(db, "SELECT count(*) FROM sqlite_schema", NULL, 0, &tables, err);
    if (rc < 0)
        return rc;
    if (id != application && (id != 0 || version != 0 || tables != 0))
        return err_set(err, ERR_CORRUPT, &msg_foreign, db->name, NULL, NULL, NULL);
    if (version > count) {
        char has[24], knows[24];

        return err_set(err, ERR_STALE, &msg_newer, db->name, err_int(has, version),
                       err_int(knows, count), NULL);
    }
    for (rc = 0; rc == 0 && version < count; version++)
        rc = step_run(db, steps[version], version + 1, application, err);
    return rc;
}
