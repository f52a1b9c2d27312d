/* Opening releases (see releases.h). */
#include "server/releases.h"

#include "question-bank/base/file.h"
#include "question-bank/format/keyring_json.h"
#include "server/log.h"

#include <stdlib.h>
#include <string.h>

static const struct msg msg_none = {"releases-none",
                                    "{0} 中没有任何题库发布包通过验证，服务器不能启动。",
                                    "No release in {0} could be verified; the server cannot "
                                    "start."};
static const struct msg msg_many = {"releases-many", "{0} 中的题库发布包超过 {1} 个。",
                                    "There are more than {1} releases in {0}."};
static const struct msg msg_no_memory = {"out-of-memory", "内存不足。", "Out of memory."};

enum { SIGNATURE_FILE_BYTES_MAX = 64 * 1024 };

struct walk {
    struct releases *releases;
    const struct keyring *keyring;
    const struct env *env;
    const char *dir;
    struct err *err;
};

/* The signature files of one release. */
struct signatures {
    const char *prefix; /* "dir/NAME.mfbank." */
    struct buf raw[RELEASE_SIGNATURES_MAX];
    struct release_signature_file files[RELEASE_SIGNATURES_MAX];
    char *names[RELEASE_SIGNATURES_MAX];
    size_t count;
    struct err err;
};

static int read_signature(void *arg, const char *path)
{
    struct signatures *s = arg;
    int rc;

    if (strncmp(path, s->prefix, strlen(s->prefix)) != 0 || s->count == RELEASE_SIGNATURES_MAX)
        return 0;
    rc = file_read(path, SIGNATURE_FILE_BYTES_MAX, &s->raw[s->count], &s->err);
    if (rc != 0)
        return rc;
    s->names[s->count] = strdup(path);
    s->files[s->count].raw = buf_view(&s->raw[s->count]);
    s->files[s->count].name = s->names[s->count] != NULL ? s->names[s->count] : "";
    s->count++;
    return 0;
}

static int open_one(struct walk *w, const char *path, struct err *err)
{
    struct releases *r = w->releases;
    struct signatures *s = calloc(1, sizeof *s);
    struct buf raw = {0};
    struct buf prefix = {0};
    int rc = ERR_NOMEM;

    buf_printf(&prefix, "%s.", path);
    if (s == NULL || buf_text(&prefix) == NULL) {
        err_set(err, ERR_NOMEM, &msg_no_memory, NULL, NULL, NULL, NULL);
        goto out;
    }
    s->prefix = buf_text(&prefix);
    rc = file_each(w->dir, ".sig", read_signature, s, &s->err);
    if (rc != 0 && err != NULL)
        *err = s->err;
    if (rc == 0)
        rc = file_read(path, RELEASE_BYTES_MAX, &raw, err);
    if (rc == 0)
        rc = release_open(&raw, s->files, s->count, w->keyring, r->signers[r->count],
                          &r->releases[r->count].signers_count, &r->banks[r->count], err);
    if (rc == 0) {
        r->releases[r->count].bank = r->banks[r->count];
        r->releases[r->count].signers = r->signers[r->count];
        r->count++;
    }
    for (size_t i = 0; i < s->count; i++) {
        buf_fini(&s->raw[i]);
        free(s->names[i]);
    }
out:
    buf_fini(&prefix);
    buf_fini(&raw);
    free(s);
    return rc;
}

static int visit(void *arg, const char *path)
{
    struct walk *w = arg;
    struct err why = {0};
    char max[24];
    int rc;

    if (w->releases->count == RELEASES_MAX)
        return err_set(w->err, ERR_LIMIT, &msg_many, w->dir, err_int(max, RELEASES_MAX), NULL,
                       NULL);
    rc = open_one(w, path, &why);
    if (rc == ERR_NOMEM) {
        if (w->err != NULL)
            *w->err = why;
        return rc;
    }
    if (rc != 0) {
        why.code = rc;
        log_failure(w->env, LOG_ERROR, "release-refused", path, &why);
    } else {
        log_event(w->env, LOG_INFO, "release-opened", "path", path);
    }
    return 0;
}

int releases_open(const char *dir, const char *keyring_path, const struct env *env,
                  struct releases **out, struct err *err)
{
    struct releases *r = calloc(1, sizeof *r);
    struct keyring keyring = {0};
    struct walk w = {.releases = r, .keyring = &keyring, .env = env, .dir = dir, .err = err};
    struct buf raw = {0};
    int rc;

    if (r == NULL)
        return err_set(err, ERR_NOMEM, &msg_no_memory, NULL, NULL, NULL, NULL);
    rc = file_read(keyring_path, KEYRING_JSON_BYTES_MAX, &raw, err);
    if (rc == 0)
        rc = keyring_json_read(buf_view(&raw), &keyring, err);
    if (rc == 0)
        rc = file_each(dir, ".mfbank", visit, &w, err);
    if (rc == 0 && r->count == 0)
        rc = err_set(err, ERR_UNAUTHENTIC, &msg_none, dir, NULL, NULL, NULL);
    keyring_fini(&keyring);
    buf_fini(&raw);
    if (rc != 0) {
        releases_close(r);
        return rc;
    }
    *out = r;
    return 0;
}

void releases_close(struct releases *r)
{
    if (r == NULL)
        return;
    for (size_t i = 0; i < r->count; i++)
        bank_free(r->banks[i]);
    free(r);
}
