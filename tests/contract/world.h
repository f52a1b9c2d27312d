/* The engines under contract, each with a directory of its own that goes away afterwards.
 *
 * A check is written once and run on every engine; the engine's name is on standard error before
 * it, so that a failed assertion can be placed. Thread: the test's main thread. */
#ifndef MINGFA_TESTS_CONTRACT_WORLD_H
#define MINGFA_TESTS_CONTRACT_WORLD_H

#include "server/store/store.h"

#include <stdbool.h>

enum engine_kind { ENGINE_SQLITE = 0, ENGINE_FAULT = 1, ENGINES = 2 };
enum { WORLD_PATH_BYTES_MAX = 256 };

struct world {
    enum engine_kind kind;
    char dir[WORLD_PATH_BYTES_MAX];
    struct store *store; /* NULL: closed */
};

/* check on an open, empty store of every engine. */
void each_engine(void (*check)(struct world *));
/* One engine alone, for what only it can do. fini closes and removes the directory. */
void world_init(struct world *w, enum engine_kind kind);
void world_fini(struct world *w);
/* Opens a directory by the engine; the caller's to close. */
int world_try_open(enum engine_kind kind, const char *dir, struct store **out, struct err *err);
void world_close(struct world *w);
void world_reopen(struct world *w);
/* Open and empty again, as each_engine hands it over. */
void world_wipe(struct world *w);
/* dir/name; borrowed until the next call. */
const char *world_path(const struct world *w, const char *name);
/* Runs SQL on a file of a closed world: another hand on the data. */
void world_tamper(const struct world *w, const char *file, const char *sql);

/* A new empty directory, and away with one and the files in it. */
void dir_make(char out[WORLD_PATH_BYTES_MAX]);
void dir_remove(const char *dir);
/* Copies the files of one directory to another, as a power cut would leave them. */
void dir_copy(const char *from, const char *to);

#endif
