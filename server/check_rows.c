/* check-rows: opens the store, checks both files, says what it read. The second file is checked also
 * when the first differs, so that one run tells the whole; the first difference is the error. */
#include "server/check_rows.h"

#include "server/store/sqlite/sqlite_store.h"

#include <inttypes.h>

static int file_check(struct store *store, enum store_file file, FILE *out, struct err *err)
{
    struct store_rows_report report;
    int rc = store_rows_check(store, file, &report, err);

    if (rc != 0)
        return rc;
    fprintf(out,
            "{\"file\": \"%s\", \"events\": %" PRId64 ", \"rows\": %" PRId64
            ", \"differences\": %" PRId64 "}\n",
            store_file_name(file), report.events, report.rows, report.differences);
    return store_rows_report_err(&report, err);
}

int check_rows_run(const char *data_dir, FILE *out, struct err *err)
{
    struct sqlite_options options = {.quick_check = true};
    struct store *store;
    int first = sqlite_store_open(data_dir, &options, &store, err);

    if (first != 0)
        return first;
    for (enum store_file file = 0; file < STORE_FILES; file++) {
        struct err later = {0};
        int rc = file_check(store, file, out, first == 0 ? err : &later);

        first = first == 0 ? rc : first;
    }
    store_close(store);
    return first;
}
