/* What `mingfa` keeps between its runs, each in a file that only its owner can read (0600, in a
 * directory 0700): the login, this machine's device id, and per session what was not yet stored.
 *
 *   $XDG_STATE_HOME/mingfa, else ~/.local/state/mingfa
 *     login.json            {url, ca, token, expires_ms, person, name}
 *     device.json           {device}: 32 hexadecimal digits
 *     unsent-<session>.json see queue.h
 *
 * Thread: one. */
#ifndef MINGFA_CLIENTS_CLI_STATE_H
#define MINGFA_CLIENTS_CLI_STATE_H

#include "question-bank/base/err.h"

#include <jansson.h>
#include <stdbool.h>

enum {
    STATE_PATH_BYTES_MAX = 4096,
    STATE_FILE_BYTES_MAX = 4 * 1024 * 1024,
    STATE_DEVICE_HEX = 32,
    STATE_FILE_MODE = 0600
};

struct state {
    char dir[STATE_PATH_BYTES_MAX];
};

/* Finds the directory; makes nothing. dir: another one, or NULL. ERR_NOT_FOUND: no home. */
int state_init(struct state *s, const char *dir, struct err *err);
/* The login that is kept, a new reference; NULL when there is none, or none that can be read. */
json_t *state_login(const struct state *s);
/* Takes no reference. */
int state_keep_login(const struct state *s, const json_t *login, struct err *err);
/* True when nothing is kept any more. */
bool state_forget_login(const struct state *s);
/* This machine's device id, made at the first use. */
int state_device(const struct state *s, char out[STATE_DEVICE_HEX + 1], struct err *err);

/* JSON files of the directory by name. read: new reference, or NULL when absent or not JSON. */
json_t *state_read(const struct state *s, const char *name);
int state_write(const struct state *s, const char *name, const json_t *value, struct err *err);
void state_remove(const struct state *s, const char *name);

#endif
