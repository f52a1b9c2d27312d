/* A folder of a test's own, taken away at its end. Asserts on failure. Thread: one test. */
#ifndef MINGFA_TESTS_SERVER_FOLDER_H
#define MINGFA_TESTS_SERVER_FOLDER_H

#include "question-bank/base/bytes.h"

enum { FOLDER_PATH_BYTES = 512 };

struct folder {
    char path[FOLDER_PATH_BYTES];
};

/* Below $TMPDIR or /tmp. */
void folder_make(struct folder *f);
void folder_remove(struct folder *f);
/* "folder/name" into out. Returns out. */
const char *folder_path(const struct folder *f, const char *name, char out[FOLDER_PATH_BYTES * 2]);
void folder_write(const struct folder *f, const char *name, struct bytes data, unsigned mode);

#endif
