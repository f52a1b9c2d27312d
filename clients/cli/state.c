/* Small files, each written whole and durably: beside, synced, renamed. */
#include "clients/cli/state.h"

#include "question-bank/base/bytes.h"
#include "question-bank/base/digest.h"
#include "question-bank/base/file.h"

#include <errno.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const struct msg MSG_HOME = {
    "state-no-home",
    "不知道在哪里保存登录信息：请设置 HOME 或 XDG_STATE_HOME，或用 --state 指明目录。",
    "There is no place to keep the login: set HOME or XDG_STATE_HOME, or name one by --state."};
static const struct msg MSG_PATH = {"state-path-long", "目录名过长：{0}",
                                    "The directory's name is too long: {0}"};
static const struct msg MSG_RANDOM = {"entropy-failed", "系统随机数发生器不可用。",
                                      "The system gives no random bytes."};

int state_init(struct state *s, const char *dir, struct err *err)
{
    const char *xdg = getenv("XDG_STATE_HOME");
    const char *home = getenv("HOME");
    int n;

    if (dir != NULL)
        n = snprintf(s->dir, sizeof(s->dir), "%s", dir);
    else if (xdg != NULL && xdg[0] == '/')
        n = snprintf(s->dir, sizeof(s->dir), "%s/mingfa", xdg);
    else if (home != NULL && home[0] != '\0')
        n = snprintf(s->dir, sizeof(s->dir), "%s/.local/state/mingfa", home);
    else
        return err_set(err, ERR_NOT_FOUND, &MSG_HOME, NULL, NULL, NULL, NULL);
    if (n < 0 || (size_t)n >= sizeof(s->dir))
        return err_set(err, ERR_LIMIT, &MSG_PATH, dir != NULL ? dir : xdg, NULL, NULL, NULL);
    return 0;
}

static int path_of(const struct state *s, const char *name, char out[STATE_PATH_BYTES_MAX],
                   struct err *err)
{
    int n = snprintf(out, STATE_PATH_BYTES_MAX, "%s/%s", s->dir, name);

    if (n < 0 || n >= STATE_PATH_BYTES_MAX)
        return err_set(err, ERR_LIMIT, &MSG_PATH, s->dir, NULL, NULL, NULL);
    return 0;
}

json_t *state_read(const struct state *s, const char *name)
{
    char path[STATE_PATH_BYTES_MAX];
    struct buf raw = {0};
    json_t *value = NULL;

    if (path_of(s, name, path, NULL) == 0 && file_read(path, STATE_FILE_BYTES_MAX, &raw, NULL) == 0)
        value = json_loadb((const char *)raw.data, raw.len, 0, NULL);
    if (raw.len > 0)
        secret_wipe(raw.data, raw.len);
    buf_fini(&raw);
    return value;
}

int state_write(const struct state *s, const char *name, const json_t *value, struct err *err)
{
    char path[STATE_PATH_BYTES_MAX];
    char *text = json_dumps(value, JSON_INDENT(2));
    int rc = text == NULL ? err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL)
                          : path_of(s, name, path, err);

    if (rc == 0)
        rc = file_make_dirs(s->dir, err);
    if (rc == 0)
        rc = file_write(path, bytes_of_text(text), STATE_FILE_MODE, err);
    if (text != NULL)
        secret_wipe(text, strlen(text));
    free(text);
    return rc;
}

void state_remove(const struct state *s, const char *name)
{
    char path[STATE_PATH_BYTES_MAX];

    if (path_of(s, name, path, NULL) == 0)
        (void)unlink(path);
}

json_t *state_login(const struct state *s)
{
    return state_read(s, "login.json");
}

int state_keep_login(const struct state *s, const json_t *login, struct err *err)
{
    return state_write(s, "login.json", login, err);
}

bool state_forget_login(const struct state *s)
{
    char path[STATE_PATH_BYTES_MAX];

    return path_of(s, "login.json", path, NULL) == 0 && (unlink(path) == 0 || errno == ENOENT);
}

int state_device(const struct state *s, char out[STATE_DEVICE_HEX + 1], struct err *err)
{
    uint8_t id[STATE_DEVICE_HEX / 2];
    json_t *kept = state_read(s, "device.json");
    const char *known = json_string_value(json_object_get(kept, "device"));
    int rc = 0;

    if (known != NULL && hex_decode(id, sizeof(id), known, strlen(known)) == 0) {
        hex_encode(out, id, sizeof(id));
        json_decref(kept);
        return 0;
    }
    json_decref(kept);
    if (RAND_bytes(id, sizeof(id)) != 1)
        return err_set(err, ERR_CRYPTO, &MSG_RANDOM, NULL, NULL, NULL, NULL);
    hex_encode(out, id, sizeof(id));
    kept = json_pack("{s:s}", "device", out);
    rc = state_write(s, "device.json", kept, err);
    json_decref(kept);
    return rc;
}
