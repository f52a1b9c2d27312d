/* The site's secret: made once where there is no data, readable by its owner alone, and refused by a
 * sentence that names the file. */
#include "server/site_key.h"

#include "question-bank/base/file.h"
#include "tests/unit/server/folder.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

TestSuite(site_key, .timeout = 60);

enum { KEY_BYTES = 32 };

static const char digits[] = "000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f";

static int no_entropy(void *arg, void *out, size_t n)
{
    (void)arg;
    (void)out;
    (void)n;
    return ERR_CRYPTO;
}

static struct env env_real(struct env_system *system)
{
    struct env env;

    env_system_init(system, 0, &env);
    return env;
}

static void check(const struct err *err, const char *path, const char *zh, const char *en)
{
    char text[ERR_TEXT_BYTES_MAX];
    char expected[ERR_TEXT_BYTES_MAX * 2];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
    snprintf(expected, sizeof expected, zh, path);
    err_text(err, LANG_ZH, text, sizeof text);
    cr_assert_str_eq(text, expected, "%s", text);
    snprintf(expected, sizeof expected, en, path);
    err_text(err, LANG_EN, text, sizeof text);
    cr_assert_str_eq(text, expected, "%s", text);
#pragma GCC diagnostic pop
}

Test(site_key, it_is_made_once_and_then_read_back_the_same)
{
    struct env_system system;
    struct env env = env_real(&system);
    static const uint8_t zeros[KEY_BYTES];
    uint8_t made[KEY_BYTES] = {0};
    uint8_t read[KEY_BYTES] = {0};
    char path[FOLDER_PATH_BYTES * 2];
    struct buf raw = {0};
    struct folder f;
    struct stat st;

    folder_make(&f);
    folder_path(&f, "site.key", path);
    cr_assert_eq(site_key_load(path, true, &env, made, NULL), 0);
    cr_assert_arr_neq(made, zeros, KEY_BYTES);
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600);
    cr_assert_eq(file_read(path, 100, &raw, NULL), 0);
    cr_assert_eq(raw.len, 2 * KEY_BYTES + 1);
    cr_assert_eq(raw.data[raw.len - 1], '\n');
    /* Whether or not one may be made: the one that is there is read. */
    cr_assert_eq(site_key_load(path, true, &env, read, NULL), 0);
    cr_assert_arr_eq(read, made, KEY_BYTES);
    memset(read, 0, sizeof read);
    cr_assert_eq(site_key_load(path, false, &env, read, NULL), 0);
    cr_assert_arr_eq(read, made, KEY_BYTES);
    buf_fini(&raw);
    folder_remove(&f);
}

Test(site_key, where_there_is_data_none_is_made)
{
    struct env_system system;
    struct env env = env_real(&system);
    uint8_t out[KEY_BYTES];
    char path[FOLDER_PATH_BYTES * 2];
    struct err err = {0};
    struct folder f;

    folder_make(&f);
    folder_path(&f, "site.key", path);
    cr_assert_eq(site_key_load(path, false, &env, out, &err), ERR_NOT_FOUND);
    check(&err, path, "数据已存在，但找不到站点密钥文件 %s：请从备份恢复，不能另造。",
          "There is data, but no site key at %s: restore it from a backup; another one is of no "
          "use.");
    cr_assert_not(file_exists(path));
    folder_remove(&f);
}

Test(site_key, others_may_not_read_it)
{
    static const unsigned modes[] = {0640, 0604, 0660, 0644, 0610, 0601};
    struct env_system system;
    struct env env = env_real(&system);
    uint8_t out[KEY_BYTES];
    char path[FOLDER_PATH_BYTES * 2];
    struct folder f;

    folder_make(&f);
    folder_path(&f, "site.key", path);
    for (size_t i = 0; i < sizeof modes / sizeof modes[0]; i++) {
        struct err err = {0};

        folder_write(&f, "site.key", bytes_of_text(digits), modes[i]);
        cr_assert_eq(site_key_load(path, true, &env, out, &err), ERR_DENIED, "%o", modes[i]);
        check(&err, path, "站点密钥文件 %s 可被其他用户读取，请先改为 0600。",
              "The site key %s can be read by others; make it mode 0600.");
    }
    cr_assert_eq(chmod(path, 0400), 0);
    cr_assert_eq(site_key_load(path, false, &env, out, NULL), 0);
    cr_assert_eq(out[0], 0);
    cr_assert_eq(out[31], 0x1f);
    folder_remove(&f);
}

Test(site_key, only_64_digits_are_a_key)
{
    static const struct {
        const char *text;
        bool good;
    } cases[] = {{"%s", true},       {"%s\n", true},    {"%s\r\n", true}, {"%.63s", false},
                 {"%s0", false},     {" %.63s", false}, {"%s ", false},   {"%.63sg", false},
                 {"%.63s\n", false}, {"%.0s", false},   {"%.0s\n", false}};
    struct env_system system;
    struct env env = env_real(&system);
    char path[FOLDER_PATH_BYTES * 2];
    struct folder f;

    folder_make(&f);
    folder_path(&f, "site.key", path);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        uint8_t out[KEY_BYTES];
        struct err err = {0};
        char text[100];

#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
        snprintf(text, sizeof text, cases[i].text, digits);
#pragma GCC diagnostic pop
        folder_write(&f, "site.key", bytes_of_text(text), 0600);
        if (cases[i].good) {
            cr_assert_eq(site_key_load(path, true, &env, out, &err), 0, "%zu", i);
            cr_assert_eq(out[1], 1);
            continue;
        }
        cr_assert_eq(site_key_load(path, true, &env, out, &err), ERR_BAD_INPUT, "%zu", i);
        check(&err, path, "站点密钥文件 %s 应为 64 个十六进制字符。",
              "The site key %s must be 64 hexadecimal digits.");
    }
    /* A file that is far too long is another one. */
    {
        uint8_t out[KEY_BYTES];
        struct buf large = {0};

        memset(buf_reserve(&large, 1000), 'a', 1000);
        large.len = 1000;
        folder_write(&f, "site.key", buf_view(&large), 0600);
        cr_assert_eq(site_key_load(path, true, &env, out, NULL), ERR_LIMIT);
        buf_fini(&large);
    }
    folder_remove(&f);
}

Test(site_key, what_cannot_be_looked_at_is_not_absent)
{
    struct env_system system;
    struct env env = env_real(&system);
    uint8_t out[KEY_BYTES];
    char path[FOLDER_PATH_BYTES * 2];
    char expected[FOLDER_PATH_BYTES * 3];
    char text[ERR_TEXT_BYTES_MAX];
    struct err err = {0};
    struct folder f;

    folder_make(&f);
    /* A link to itself: neither there nor absent. */
    folder_path(&f, "site.key", path);
    cr_assert_eq(symlink("site.key", path), 0);
    cr_assert_eq(site_key_load(path, true, &env, out, &err), ERR_IO);
    snprintf(expected, sizeof expected, "The site key %s cannot be read: %s.", path,
             strerror(ELOOP));
    err_text(&err, LANG_EN, text, sizeof text);
    cr_assert_str_eq(text, expected);
    snprintf(expected, sizeof expected, "无法读取站点密钥文件 %s：%s。", path, strerror(ELOOP));
    err_text(&err, LANG_ZH, text, sizeof text);
    cr_assert_str_eq(text, expected);
    folder_remove(&f);
}

Test(site_key, without_random_numbers_none_is_made)
{
    struct env_system system;
    struct env env = env_real(&system);
    uint8_t out[KEY_BYTES];
    char path[FOLDER_PATH_BYTES * 2];
    struct err err = {0};
    struct folder f;

    folder_make(&f);
    env.entropy = no_entropy;
    folder_path(&f, "site.key", path);
    cr_assert_eq(site_key_load(path, true, &env, out, &err), ERR_CRYPTO);
    check(&err, path, "无法取得随机数。", "No random numbers could be had.");
    cr_assert_not(file_exists(path));
    folder_remove(&f);
}
