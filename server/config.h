/* Configuration: a file (JSON), then the environment, then flags; the later wins.
 *
 *   key "data_dir" in the file, MINGFA_DATA_DIR in the environment, --data-dir VALUE as a flag.
 *
 * One table (config.c) names every key, its bounds and its default; an unknown key, variable with
 * our prefix or flag is an error that names it. Thread: main's, at start. */
#ifndef MINGFA_SERVER_CONFIG_H
#define MINGFA_SERVER_CONFIG_H

#include "question-bank/base/arena.h"
#include "question-bank/base/err.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { CONFIG_FILE_BYTES_MAX = 256 * 1024, CONFIG_KEYS_MAX = 64 };

enum config_source { CONFIG_DEFAULT = 0, CONFIG_FILE, CONFIG_ENVIRONMENT, CONFIG_FLAG };

/* Texts lie in the arena; NULL where nothing was said. Numbers are within the table's bounds. */
struct config {
    struct arena arena;
    const char *listen;
    int64_t port;
    int64_t loops;
    const char *data_dir;
    const char *bank_dir;
    const char *keyring;
    const char *site_key_file;
    const char *web_dir;
    const char *tls_certificate, *tls_key;
    const char *trusted_proxy;
    int64_t workers;
    int64_t connections_max;
    int64_t starts_per_second;
    int64_t login_minutes;
    int64_t activation_days;
    int64_t hash_kib, hash_passes;
    int64_t checkpoint_ms;
    int64_t drain_ms;
    int64_t disk_free_mib_min, certificate_days_min;
    int64_t accept_clock_behind;
    const char *log_level;
    const char *file;                            /* --config */
    enum config_source sources[CONFIG_KEYS_MAX]; /* by row of the table */
};

/* argv without the program's name; environ: NULL-terminated. What is no flag ends the reading:
 * *rest is its index (argc if there is none). --config FILE, --print-config, --check-config, --help
 * and --version are told by *print, *check, *help, *version. On success config_fini. ERR_BAD_INPUT naming the key,
 * ERR_NOT_FOUND or ERR_IO (the file), ERR_NOMEM. */
struct config_wants {
    bool print, help, version, check;
    int rest;
};
int config_read(int argc, char *const *argv, char *const *environ_list, struct config *out,
                struct config_wants *wants, struct err *err);
void config_fini(struct config *c);

/* One line a key: value and where it comes from. */
void config_print(const struct config *c, FILE *out);
/* The table as help. */
void config_help(FILE *out, enum lang lang);

#endif
