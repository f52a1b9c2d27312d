/* Linked with --wrap=sqlite_store_open, this puts the fault engine over the store of the real server.
 * The environment's FAULT_PLAN says which appends fail, counted from the start of the process:
 *
 *   FAULT_PLAN="record io 5 1; record unknown-stored 40 1; registry io 2 1"
 *                file  kind  nth calls
 *
 * No plan, no faults. A plan that cannot be read ends the process. */
#include "server/store/fault/fault_store.h"
#include "server/store/sqlite/sqlite_store.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int __real_sqlite_store_open(const char *dir, const struct sqlite_options *options,
                             struct store **out, struct err *err);
int __wrap_sqlite_store_open(const char *dir, const struct sqlite_options *options,
                             struct store **out, struct err *err);

static const struct {
    const char *name;
    enum fault_kind kind;
} kinds[] = {
    {"io", FAULT_IO},
    {"unknown-lost", FAULT_UNKNOWN_LOST},
    {"unknown-stored", FAULT_UNKNOWN_STORED},
};

static size_t plan_read(const char *text, struct fault faults[FAULTS_MAX])
{
    size_t count = 0;

    while (text != NULL && *text != '\0') {
        struct fault *f = &faults[count];
        char file[16], kind[32];
        size_t k = 0;

        if (count == FAULTS_MAX ||
            sscanf(text, " %15s %31s %u %u", file, kind, &f->nth, &f->calls) != 4)
            abort();
        while (k < sizeof(kinds) / sizeof(kinds[0]) && strcmp(kind, kinds[k].name) != 0)
            k++;
        if (k == sizeof(kinds) / sizeof(kinds[0]))
            abort();
        f->kind = kinds[k].kind;
        f->op = FAULT_APPEND;
        f->file = strcmp(file, "registry") == 0 ? STORE_REGISTRY : STORE_RECORD;
        count++;
        text = strchr(text, ';');
        text = text != NULL ? text + 1 : NULL;
    }
    return count;
}

int __wrap_sqlite_store_open(const char *dir, const struct sqlite_options *options,
                             struct store **out, struct err *err)
{
    struct fault faults[FAULTS_MAX] = {0};
    struct store *inner = NULL;
    int rc = __real_sqlite_store_open(dir, options, &inner, err);

    if (rc == 0)
        rc = fault_store_open(inner, out, err);
    if (rc == 0)
        fault_store_plan(*out, faults, plan_read(getenv("FAULT_PLAN"), faults));
    else if (inner != NULL)
        store_close(inner);
    return rc;
}
