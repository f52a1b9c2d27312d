/* Configuration (see config.h): one table, three sources. */
#include "server/config.h"

#include "question-bank/base/bytes.h"
#include "question-bank/base/file.h"
#include "question-bank/format/json_path.h"
#include "server/log.h"

#include <assert.h>
#include <ctype.h>
#include <jansson.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct msg msg_unknown = {"config-unknown", "{0}：没有配置项“{1}”。",
                                       "{0}: there is no setting '{1}'."};
static const struct msg msg_number = {"config-not-number",
                                      "{0}：“{1}”应为 {2} 的整数，写的是“{3}”。",
                                      "{0}: '{1}' must be an integer {2}; found '{3}'."};
static const struct msg msg_text = {"config-not-text", "{0}：“{1}”应为非空文字。",
                                    "{0}: '{1}' must be text that is not empty."};
static const struct msg msg_value = {"config-value-missing", "{0} 后面缺少值。",
                                     "{0} needs a value."};
static const struct msg msg_json = {"config-not-json",
                                    "{0}：不是正确的 JSON：第 {1} 行第 {2} 列，{3}。",
                                    "{0}: not JSON: line {1}, column {2}: {3}."};
static const struct msg msg_not_object = {"config-not-object", "{0}：应为 JSON 对象。",
                                          "{0}: must be a JSON object."};
static const struct msg msg_required = {"config-required", "缺少配置项“{0}”。",
                                        "The setting '{0}' is needed."};
static const struct msg msg_level = {
    "config-log-level", "“log_level”应为 debug、info、warn 或 error，写的是“{0}”。",
    "'log_level' must be debug, info, warn or error; found '{0}'."};
static const struct msg msg_no_memory = {"out-of-memory", "内存不足。", "Out of memory."};

enum { ENVIRONMENT_NAME_BYTES_MAX = 64 };
static const char prefix[] = "MINGFA_";

struct setting {
    const char *key;
    size_t offset;
    bool is_text, required;
    int64_t min, max, otherwise;
    const char *text_otherwise;
    const char *help;
};

#define TEXT(name) offsetof(struct config, name), true

/* clang-format off */
static const struct setting settings[] = {
    {"listen", TEXT(listen), false, 0, 0, 0, "127.0.0.1", "numeric address to listen on"},
    {"port", offsetof(struct config, port), false, false, 0, 65535, 8080, NULL, "0: any free one"},
    {"loops", offsetof(struct config, loops), false, false, 1, 64, 2, NULL, "threads that serve connections"},
    {"data_dir", TEXT(data_dir), true, 0, 0, 0, NULL, "record.db and registry.db"},
    {"bank_dir", TEXT(bank_dir), true, 0, 0, 0, NULL, "releases (*.mfbank) and their signatures"},
    {"keyring", TEXT(keyring), true, 0, 0, 0, NULL, "whose signatures count (JSON)"},
    {"site_key_file", TEXT(site_key_file), true, 0, 0, 0, NULL, "the site's secret; made at first run"},
    {"web_dir", TEXT(web_dir), false, 0, 0, 0, NULL, "the built pages"},
    {"tls_certificate", TEXT(tls_certificate), false, 0, 0, 0, NULL, "PEM chain, leaf first"},
    {"tls_key", TEXT(tls_key), false, 0, 0, 0, NULL, "PEM signing key of the certificate"},
    {"trusted_proxy", TEXT(trusted_proxy), false, 0, 0, 0, NULL, "numeric address of a reverse proxy"},
    {"workers", offsetof(struct config, workers), false, false, 1, 64, 2, NULL, "threads for password hashing and reports"},
    {"connections_max", offsetof(struct config, connections_max), false, false, 1, 1000000, 20000, NULL, "all loops together"},
    {"starts_per_second", offsetof(struct config, starts_per_second), false, false, 0, 1000000, 2000, NULL, "papers begun a second; past it people wait their turn; 0: nobody waits"},
    {"login_minutes", offsetof(struct config, login_minutes), false, false, 5, 10080, 720, NULL, "how long a login holds"},
    {"activation_days", offsetof(struct config, activation_days), false, false, 1, 365, 30, NULL, "how long an activation code holds"},
    {"hash_kib", offsetof(struct config, hash_kib), false, false, 8192, 1048576, 19456, NULL, "Argon2id: memory of one hash"},
    {"hash_passes", offsetof(struct config, hash_passes), false, false, 1, 64, 2, NULL, "Argon2id: passes"},
    {"checkpoint_ms", offsetof(struct config, checkpoint_ms), false, false, 100, 3600000, 5000, NULL, "between checkpoints of the logs"},
    {"drain_ms", offsetof(struct config, drain_ms), false, false, 0, 600000, 10000, NULL, "how long to wait for connections when stopping"},
    {"disk_free_mib_min", offsetof(struct config, disk_free_mib_min), false, false, 0, 1 << 30, 1024, NULL, "MiB: below, the log and /metrics raise an alarm"},
    {"certificate_days_min", offsetof(struct config, certificate_days_min), false, false, 0, 3650, 21, NULL, "days before the certificate ends that the alarm is raised"},
    {"accept_clock_behind", offsetof(struct config, accept_clock_behind), false, false, 0, 1, 0, NULL, "1: start although the clock is behind what is stored"},
    {"log_level", TEXT(log_level), false, 0, 0, 0, "info", "debug, info, warn, error"},
};
/* clang-format on */
enum { SETTINGS = sizeof settings / sizeof settings[0] };
static_assert((int)SETTINGS <= (int)CONFIG_KEYS_MAX, "config.sources is too short");

static const char **text_of(struct config *c, const struct setting *s)
{
    return (const char **)(void *)((char *)c + s->offset);
}

static int64_t *number_of(struct config *c, const struct setting *s)
{
    return (int64_t *)(void *)((char *)c + s->offset);
}

static size_t setting_find(const char *key)
{
    size_t i = 0;

    while (i < SETTINGS && strcmp(settings[i].key, key) != 0)
        i++;
    return i;
}

static int refuse_number(const struct setting *s, const char *where, const char *found,
                         struct err *err)
{
    char range[64];

    snprintf(range, sizeof range, "%lld…%lld", (long long)s->min, (long long)s->max);
    return err_set(err, ERR_BAD_INPUT, &msg_number, where, s->key, range, found);
}

/* `found`: as it was written. */
static int set_number(struct config *c, size_t i, int64_t value, const char *found,
                      enum config_source source, const char *where, struct err *err)
{
    if (value < settings[i].min || value > settings[i].max)
        return refuse_number(&settings[i], where, found, err);
    *number_of(c, &settings[i]) = value;
    c->sources[i] = source;
    return 0;
}

static int set_text(struct config *c, size_t i, const char *value, enum config_source source,
                    const char *where, struct err *err)
{
    const struct setting *s = &settings[i];
    char *end = NULL;
    long long number;
    const char *copy;

    if (!s->is_text) {
        number = strtoll(value, &end, 10);
        if (value[0] == '\0' || isspace((unsigned char)value[0]) || *end != '\0')
            return refuse_number(s, where, value, err);
        return set_number(c, i, number, value, source, where, err);
    }
    if (value[0] == '\0')
        return err_set(err, ERR_BAD_INPUT, &msg_text, where, s->key, NULL, NULL);
    copy = arena_text(&c->arena, value, strlen(value));
    if (copy == NULL)
        return err_set(err, ERR_NOMEM, &msg_no_memory, NULL, NULL, NULL, NULL);
    *text_of(c, s) = copy;
    c->sources[i] = source;
    return 0;
}

/* ---- the file ---- */

static int read_member(struct config *c, const char *path, const char *key, const json_t *value,
                       struct err *err)
{
    size_t i = setting_find(key);
    char *found;
    int rc;

    if (i == SETTINGS)
        return err_set(err, ERR_BAD_INPUT, &msg_unknown, path, key, NULL, NULL);
    if (settings[i].is_text) {
        if (!json_is_string(value))
            return err_set(err, ERR_BAD_INPUT, &msg_text, path, key, NULL, NULL);
        return set_text(c, i, json_string_value(value), CONFIG_FILE, path, err);
    }
    /* As written, so that "8080" and 8080 can be told apart. */
    found = json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT);
    if (found == NULL)
        return err_set(err, ERR_NOMEM, &msg_no_memory, NULL, NULL, NULL, NULL);
    if (json_is_integer(value))
        rc = set_number(c, i, json_integer_value(value), found, CONFIG_FILE, path, err);
    else
        rc = refuse_number(&settings[i], path, found, err);
    free(found);
    return rc;
}

static int read_file(struct config *c, const char *path, struct err *err)
{
    struct buf raw = {0};
    json_error_t e;
    json_t *json = NULL;
    const char *key;
    json_t *value;
    char line[24];
    char column[24];
    int rc = file_read(path, CONFIG_FILE_BYTES_MAX, &raw, err);

    if (rc != 0)
        goto out;
    json =
        json_loadb((const char *)raw.data, raw.len, JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
    if (json == NULL) {
        rc = err_set(err, ERR_BAD_INPUT, &msg_json, path, err_int(line, e.line > 0 ? e.line : 1),
                     err_int(column, e.column > 0 ? e.column : 1), NULL);
        err_say(err, 3, json_path_reason(&e));
    } else if (!json_is_object(json))
        rc = err_set(err, ERR_BAD_INPUT, &msg_not_object, path, NULL, NULL, NULL);
    if (rc != 0)
        goto out;
    json_object_foreach(json, key, value)
    {
        rc = read_member(c, path, key, value, err);
        if (rc != 0)
            break;
    }
out:
    json_decref(json);
    buf_fini(&raw);
    return rc;
}

/* ---- the environment and the flags ---- */

/* "MINGFA_DATA_DIR=…" -> "data_dir", and where its value begins; NULL: not ours. */
static const char *environment_key(const char *entry, char key[ENVIRONMENT_NAME_BYTES_MAX])
{
    const char *equals = strchr(entry, '=');
    size_t len;

    if (strncmp(entry, prefix, sizeof prefix - 1) != 0 || equals == NULL)
        return NULL;
    entry += sizeof prefix - 1;
    len = (size_t)(equals - entry);
    if (len >= ENVIRONMENT_NAME_BYTES_MAX)
        len = ENVIRONMENT_NAME_BYTES_MAX - 1;
    for (size_t i = 0; i < len; i++)
        key[i] = (char)tolower((unsigned char)entry[i]);
    key[len] = '\0';
    return equals + 1;
}

static int read_environment(struct config *c, char *const *list, struct err *err)
{
    char key[ENVIRONMENT_NAME_BYTES_MAX];
    int rc = 0;

    for (; list != NULL && *list != NULL && rc == 0; list++) {
        const char *value = environment_key(*list, key);
        size_t i;

        if (value == NULL)
            continue;
        i = setting_find(key);
        /* MINGFA_CONFIG names the file; it was read before. */
        if (strcmp(key, "config") == 0)
            continue;
        if (i == SETTINGS)
            rc = err_set(err, ERR_BAD_INPUT, &msg_unknown, "MINGFA_*", key, NULL, NULL);
        else
            rc = set_text(c, i, value, CONFIG_ENVIRONMENT, "MINGFA_*", err);
    }
    return rc;
}

/* "--data-dir" -> row of the table, SETTINGS if it is none. "--data_dir" is none. */
static size_t flag_find(const char *flag)
{
    char key[ENVIRONMENT_NAME_BYTES_MAX];
    size_t len = strlen(flag);

    if (len < 3 || len - 2 >= sizeof key || strchr(flag, '_') != NULL)
        return SETTINGS;
    for (size_t i = 2; i <= len; i++)
        key[i - 2] = flag[i] == '-' ? '_' : flag[i];
    return setting_find(key);
}

/* One pass over the flags; with apply only --config, --help and the like are looked at. */
static int read_flags(struct config *c, int argc, char *const *argv, bool apply,
                      struct config_wants *wants, struct err *err)
{
    int rc = 0;
    int i = 0;

    for (; i < argc && strncmp(argv[i], "--", 2) == 0 && rc == 0; i++) {
        const char *flag = argv[i];
        bool is_config = strcmp(flag, "--config") == 0;
        size_t row = flag_find(flag);

        if (strcmp(flag, "--print-config") == 0) {
            wants->print = true;
        } else if (strcmp(flag, "--check-config") == 0) {
            wants->check = true;
        } else if (strcmp(flag, "--help") == 0) {
            wants->help = true;
        } else if (strcmp(flag, "--version") == 0) {
            wants->version = true;
        } else if (!is_config && row == SETTINGS) {
            rc = err_set(err, ERR_BAD_INPUT, &msg_unknown, "mingfa-server", flag, NULL, NULL);
        } else if (i + 1 == argc) {
            rc = err_set(err, ERR_BAD_INPUT, &msg_value, flag, NULL, NULL, NULL);
        } else {
            i++;
            if (is_config)
                c->file = argv[i];
            else if (apply)
                rc = set_text(c, row, argv[i], CONFIG_FLAG, flag, err);
        }
    }
    wants->rest = i;
    return rc;
}

static int check(struct config *c, struct err *err)
{
    enum log_level level;

    for (size_t i = 0; i < SETTINGS; i++) {
        if (settings[i].required && *text_of(c, &settings[i]) == NULL)
            return err_set(err, ERR_BAD_INPUT, &msg_required, settings[i].key, NULL, NULL, NULL);
    }
    if (log_level_parse(c->log_level, &level) != 0)
        return err_set(err, ERR_BAD_INPUT, &msg_level, c->log_level, NULL, NULL, NULL);
    return 0;
}

int config_read(int argc, char *const *argv, char *const *environ_list, struct config *out,
                struct config_wants *wants, struct err *err)
{
    int rc;

    memset(out, 0, sizeof *out);
    memset(wants, 0, sizeof *wants);
    arena_init(&out->arena, 0);
    for (size_t i = 0; i < SETTINGS; i++) {
        if (settings[i].is_text)
            *text_of(out, &settings[i]) = settings[i].text_otherwise;
        else
            *number_of(out, &settings[i]) = settings[i].otherwise;
    }
    for (char *const *e = environ_list; e != NULL && *e != NULL; e++) {
        if (strncmp(*e, "MINGFA_CONFIG=", 14) == 0)
            out->file = *e + 14;
    }
    rc = read_flags(out, argc, argv, false, wants, err);
    if (rc == 0 && (wants->help || wants->version))
        return 0;
    if (rc == 0 && out->file != NULL)
        rc = read_file(out, out->file, err);
    if (rc == 0)
        rc = read_environment(out, environ_list, err);
    if (rc == 0)
        rc = read_flags(out, argc, argv, true, wants, err);
    if (rc == 0 && !wants->print)
        rc = check(out, err);
    if (rc != 0)
        config_fini(out);
    return rc;
}

void config_fini(struct config *c)
{
    arena_fini(&c->arena);
    memset(c, 0, sizeof *c);
}

void config_print(const struct config *c, FILE *out)
{
    static const char *const names[] = {"default", "file", "environment", "flag"};
    struct config copy = *c;

    for (size_t i = 0; i < SETTINGS; i++) {
        const char *text;

        fprintf(out, "%-16s ", settings[i].key);
        if (settings[i].is_text) {
            text = *text_of(&copy, &settings[i]);
            fprintf(out, "%s", text != NULL ? text : "-");
        } else {
            fprintf(out, "%lld", (long long)*number_of(&copy, &settings[i]));
        }
        fprintf(out, "  (%s%s%s)\n", names[c->sources[i]], c->sources[i] == CONFIG_FILE ? " " : "",
                c->sources[i] == CONFIG_FILE ? c->file : "");
    }
}

/* A setting without words here is explained in English. */
static const struct {
    const char *key, *zh;
} help_zh[] = {
    {"listen", "监听的数字地址"},
    {"port", "监听端口；0 为任一空闲端口"},
    {"loops", "处理连接的线程数"},
    {"data_dir", "数据目录：record.db 和 registry.db"},
    {"bank_dir", "题库发布文件（*.mfbank）及其签名的目录"},
    {"keyring", "密钥环（JSON）：谁的签名有效"},
    {"site_key_file", "站点密钥；首次运行时生成"},
    {"web_dir", "构建好的页面"},
    {"tls_certificate", "证书链（PEM，本站证书在前）"},
    {"tls_key", "证书的私钥（PEM）"},
    {"trusted_proxy", "反向代理的数字地址"},
    {"workers", "处理密码和报表的线程数"},
    {"connections_max", "同时连接的上限"},
    {"starts_per_second", "每秒放行的开考人数，超过者排队；0 为不排队"},
    {"login_minutes", "一次登录的有效分钟数"},
    {"activation_days", "激活码的有效天数"},
    {"hash_kib", "Argon2id：一次计算所用内存（KiB）"},
    {"hash_passes", "Argon2id：遍数"},
    {"checkpoint_ms", "两次日志检查点的间隔（毫秒）"},
    {"drain_ms", "停止时等待连接结束的时间（毫秒）"},
    {"disk_free_mib_min", "磁盘剩余低于此数（MiB）时告警"},
    {"certificate_days_min", "证书到期前多少天告警"},
    {"accept_clock_behind", "1：时钟落后于已存数据时仍然启动"},
    {"log_level", "debug、info、warn 或 error"},
};

static const char *help_of(const struct setting *s, enum lang lang)
{
    for (size_t i = 0; i < sizeof help_zh / sizeof help_zh[0] && lang == LANG_ZH; i++) {
        if (strcmp(help_zh[i].key, s->key) == 0)
            return help_zh[i].zh;
    }
    return s->help;
}

void config_help(FILE *out, enum lang lang)
{
    for (size_t i = 0; i < SETTINGS; i++) {
        const struct setting *s = &settings[i];
        char flag[ENVIRONMENT_NAME_BYTES_MAX];
        size_t k = 0;

        for (; s->key[k] != '\0'; k++)
            flag[k] = s->key[k] == '_' ? '-' : s->key[k];
        flag[k] = '\0';
        if (s->is_text)
            fprintf(out, "  --%-16s %s%s%s%s\n", flag, help_of(s, lang),
                    s->text_otherwise != NULL ? " [" : "",
                    s->text_otherwise != NULL ? s->text_otherwise
                    : s->required             ? (lang == LANG_ZH ? "（必填）" : " (needed)")
                                              : "",
                    s->text_otherwise != NULL ? "]" : "");
        else
            fprintf(out, "  --%-16s %s [%lld; %lld…%lld]\n", flag, help_of(s, lang),
                    (long long)s->otherwise, (long long)s->min, (long long)s->max);
    }
}
