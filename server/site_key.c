/* The site's secret (see site_key.h). */
#include "server/site_key.h"

#include "question-bank/base/bytes.h"
#include "question-bank/base/digest.h"
#include "question-bank/base/file.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>

enum { KEY_BYTES = 32, FILE_BYTES_MAX = 2 * KEY_BYTES + 2 };

static const struct msg msg_absent = {
    "site-key-absent", "数据已存在，但找不到站点密钥文件 {0}：请从备份恢复，不能另造。",
    "There is data, but no site key at {0}: restore it from a backup; another one is of no use."};
static const struct msg msg_stat = {"site-key-unreadable", "无法读取站点密钥文件 {0}：{1}。",
                                    "The site key {0} cannot be read: {1}."};
static const struct msg msg_open = {"site-key-readable",
                                    "站点密钥文件 {0} 可被其他用户读取，请先改为 0600。",
                                    "The site key {0} can be read by others; make it mode 0600."};
static const struct msg msg_form = {"site-key-form", "站点密钥文件 {0} 应为 64 个十六进制字符。",
                                    "The site key {0} must be 64 hexadecimal digits."};
static const struct msg msg_random = {"site-key-random", "无法取得随机数。",
                                      "No random numbers could be had."};

static int make(const char *path, const struct env *env, uint8_t out[KEY_BYTES], struct err *err)
{
    char text[FILE_BYTES_MAX];
    int rc;

    if (env->entropy(env->arg, out, KEY_BYTES) != 0)
        return err_set(err, ERR_CRYPTO, &msg_random, NULL, NULL, NULL, NULL);
    hex_encode(text, out, KEY_BYTES);
    text[FILE_BYTES_MAX - 2] = '\n';
    rc = file_write(path, bytes_of(text, FILE_BYTES_MAX - 1), 0600, err);
    secret_wipe(text, sizeof text);
    return rc;
}

int site_key_load(const char *path, bool may_make, const struct env *env, uint8_t out[32],
                  struct err *err)
{
    struct stat st;
    struct buf raw = {0};
    int rc;

    if (stat(path, &st) != 0) {
        /* Only where there is none may one be made. */
        if (errno != ENOENT)
            return err_set(err, ERR_IO, &msg_stat, path, strerror(errno), NULL, NULL);
        if (!may_make)
            return err_set(err, ERR_NOT_FOUND, &msg_absent, path, NULL, NULL, NULL);
        return make(path, env, out, err);
    }
    if ((st.st_mode & 077) != 0)
        return err_set(err, ERR_DENIED, &msg_open, path, NULL, NULL, NULL);
    rc = file_read(path, FILE_BYTES_MAX, &raw, err);
    if (rc == 0) {
        size_t len = raw.len;

        while (len > 0 && (raw.data[len - 1] == '\n' || raw.data[len - 1] == '\r'))
            len--;
        if (hex_decode(out, KEY_BYTES, (const char *)raw.data, len) != 0)
            rc = err_set(err, ERR_BAD_INPUT, &msg_form, path, NULL, NULL, NULL);
        secret_wipe(raw.data, raw.len);
    }
    buf_fini(&raw);
    return rc;
}
