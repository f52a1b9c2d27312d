/* The negative control of the durability tests: linked with --wrap=sqlite_store_open, it opens the
 * store of the real server with synchronous=NORMAL. Nothing else of the server differs. */
#include "server/store/sqlite/sqlite_store.h"

int __real_sqlite_store_open(const char *dir, const struct sqlite_options *options,
                             struct store **out, struct err *err);
int __wrap_sqlite_store_open(const char *dir, const struct sqlite_options *options,
                             struct store **out, struct err *err);

int __wrap_sqlite_store_open(const char *dir, const struct sqlite_options *options,
                             struct store **out, struct err *err)
{
    struct sqlite_options unsynced = {0};

    if (options != NULL)
        unsynced = *options;
    unsynced.synchronous_normal_for_negative_control = true;
    return __real_sqlite_store_open(dir, &unsynced, out, err);
}
