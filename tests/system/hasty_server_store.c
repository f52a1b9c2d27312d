/* A planted bug: linked with --wrap=sqlite_store_open, the real server acknowledges before it commits
 * (tests/lib/hasty_store.h). Crash tests must find it. */
#include "server/store/sqlite/sqlite_store.h"
#include "tests/lib/hasty_store.h"

int __real_sqlite_store_open(const char *dir, const struct sqlite_options *options,
                             struct store **out, struct err *err);
int __wrap_sqlite_store_open(const char *dir, const struct sqlite_options *options,
                             struct store **out, struct err *err);

int __wrap_sqlite_store_open(const char *dir, const struct sqlite_options *options,
                             struct store **out, struct err *err)
{
    struct store *inner = NULL;
    int rc = __real_sqlite_store_open(dir, options, &inner, err);

    if (rc == 0)
        rc = hasty_store_open(inner, true, out, err);
    if (rc != 0 && inner != NULL)
        store_close(inner);
    return rc;
}
