/* See backup.h. */
#include "server/backup.h"

#include "server/store/sqlite/backup.h"

#include <inttypes.h>

int backup_run(const char *data_dir, const char *target, FILE *out, struct err *err)
{
    struct store_tail tails[STORE_FILES] = {{0}};
    int rc = sqlite_store_backup(data_dir, target, tails, err);

    for (int file = 0; file < STORE_FILES && rc == 0; file++)
        fprintf(out, "{\"file\": \"%s\", \"events\": %" PRId64 ", \"recorded_ms\": %" PRId64 "}\n",
                store_file_name((enum store_file)file), tails[file].seq, tails[file].recorded_ms);
    return rc;
}
