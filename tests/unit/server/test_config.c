/* The configuration: which source wins, and the sentence that each fault gets. */
#include "server/config.h"

#include "tests/unit/server/folder.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(config, .timeout = 60);

enum { ARGS_MAX = 16 };

static const char needed[] = "{\"data_dir\":\"d\",\"bank_dir\":\"b\",\"keyring\":\"k\","
                             "\"site_key_file\":\"s\"}";

/* Reads with the file's text (NULL: no file), the variables and the flags, both NULL-terminated. */
static int read_with(const struct folder *f, const char *file, const char *const *variables,
                     const char *const *flags, struct config *c, struct config_wants *wants,
                     struct err *err)
{
    static char path[FOLDER_PATH_BYTES * 2]; /* the configuration borrows it */
    char *argv[ARGS_MAX];
    char *environ_list[ARGS_MAX];
    int argc = 0;
    int count = 0;

    if (file != NULL) {
        folder_write(f, "config.json", bytes_of_text(file), 0600);
        folder_path(f, "config.json", path);
        argv[argc++] = (char *)(uintptr_t) "--config";
        argv[argc++] = path;
    }
    for (; flags != NULL && *flags != NULL; flags++)
        argv[argc++] = (char *)(uintptr_t)*flags;
    for (; variables != NULL && *variables != NULL; variables++)
        environ_list[count++] = (char *)(uintptr_t)*variables;
    environ_list[count] = NULL;
    return config_read(argc, argv, environ_list, c, wants, err);
}

Test(config, the_flag_wins_over_the_environment_and_that_over_the_file)
{
    static const char *const variables[] = {"PATH=/bin", "MINGFA_PORT=2", "MINGFA_LOOPS=7",
                                            "MINGFA_WEB_DIR=环境", NULL};
    static const char *const flags[] = {"--port", "3", "--listen", "::1", "serve", "--port", NULL};
    struct folder f;
    struct config c;
    struct config_wants wants;
    struct err err = {0};

    folder_make(&f);
    cr_assert_eq(read_with(&f,
                           "{\"port\":1,\"loops\":1,\"workers\":5,\"data_dir\":\"数据\","
                           "\"bank_dir\":\"b\",\"keyring\":\"k\",\"site_key_file\":\"s\"}",
                           variables, flags, &c, &wants, &err),
                 0);
    cr_assert_eq(c.port, 3);
    cr_assert_eq(c.loops, 7);
    cr_assert_eq(c.workers, 5);
    cr_assert_str_eq(c.listen, "::1");
    cr_assert_str_eq(c.web_dir, "环境");
    cr_assert_str_eq(c.data_dir, "数据");
    cr_assert_str_eq(c.log_level, "info");
    cr_assert_eq(c.connections_max, 20000);
    cr_assert_null(c.trusted_proxy);
    /* --config, its file, and four of the flags; "serve" and what follows is the caller's. */
    cr_assert_eq(wants.rest, 6);
    cr_assert_not(wants.print || wants.help || wants.version);
    config_fini(&c);
    folder_remove(&f);
}

Test(config, printing_says_where_each_value_comes_from)
{
    static const char *const variables[] = {"MINGFA_LOOPS=7", NULL};
    static const char *const flags[] = {"--print-config", "--workers", "3", NULL};
    struct folder f;
    struct config c;
    struct config_wants wants;
    char *text = NULL;
    size_t len = 0;
    FILE *out;
    char line[FOLDER_PATH_BYTES * 3];

    folder_make(&f);
    /* What is needed is not asked for: printing shows what is missing. */
    cr_assert_eq(read_with(&f, "{\"port\":0}", variables, flags, &c, &wants, NULL), 0);
    cr_assert(wants.print);
    out = open_memstream(&text, &len);
    config_print(&c, out);
    fclose(out);
    snprintf(line, sizeof line, "\nport             0  (file %s/config.json)\n", f.path);
    cr_assert_not_null(strstr(text, line), "%s", text);
    cr_assert_not_null(strstr(text, "\nloops            7  (environment)\n"), "%s", text);
    cr_assert_not_null(strstr(text, "\nworkers          3  (flag)\n"), "%s", text);
    cr_assert_not_null(strstr(text, "\ndata_dir         -  (default)\n"), "%s", text);
    free(text);
    config_fini(&c);
    folder_remove(&f);
}

Test(config, help_and_version_need_nothing_else)
{
    static const char *const helps[] = {"--help", NULL};
    static const char *const versions[] = {"--version", NULL};
    struct folder f;
    struct config c;
    struct config_wants wants;
    char *text = NULL;
    size_t len = 0;
    FILE *out;

    folder_make(&f);
    cr_assert_eq(read_with(&f, NULL, NULL, helps, &c, &wants, NULL), 0);
    cr_assert(wants.help && !wants.version);
    config_fini(&c);
    cr_assert_eq(read_with(&f, NULL, NULL, versions, &c, &wants, NULL), 0);
    cr_assert(wants.version && !wants.help);
    config_fini(&c);
    out = open_memstream(&text, &len);
    config_help(out, LANG_EN);
    fclose(out);
    cr_assert_not_null(strstr(text, "  --data-dir         record.db and registry.db (needed)\n"));
    cr_assert_not_null(strstr(text, "  --port             0: any free one [8080; 0…65535]\n"), "%s",
                       text);
    cr_assert_not_null(strstr(text, " [127.0.0.1]\n"));
    free(text);
    out = open_memstream(&text, &len);
    config_help(out, LANG_ZH);
    fclose(out);
    cr_assert_not_null(
        strstr(text, "  --data-dir         数据目录：record.db 和 registry.db（必填）\n"), "%s",
        text);
    for (char *line = strtok(text, "\n"); line != NULL; line = strtok(NULL, "\n"))
        cr_assert(strpbrk(line + 21, "\xe4\xe5\xe6\xe7\xe8\xe9") != NULL, "%s", line);
    free(text);
    folder_remove(&f);
}

/* {F} in a sentence stands for the file. */
static void check(const struct folder *f, const struct err *err, enum lang lang, const char *with_f)
{
    char expected[ERR_TEXT_BYTES_MAX * 2];
    char text[ERR_TEXT_BYTES_MAX];
    const char *at = strstr(with_f, "{F}");

    if (at != NULL)
        snprintf(expected, sizeof expected, "%.*s%s/config.json%s", (int)(at - with_f), with_f,
                 f->path, at + 3);
    else
        snprintf(expected, sizeof expected, "%s", with_f);
    err_text(err, lang, text, sizeof text);
    cr_assert_str_eq(text, expected, "%s", text);
}

Test(config, every_fault_of_the_file_has_its_sentence)
{
    static const struct {
        const char *file, *id, *zh, *en;
    } cases[] = {
        {"{\"porl\":1}", "config-unknown", "{F}：没有配置项“porl”。",
         "{F}: there is no setting 'porl'."},
        {"{\"data-dir\":\"d\"}", "config-unknown", "{F}：没有配置项“data-dir”。",
         "{F}: there is no setting 'data-dir'."},
        {"{\"port\":65536}", "config-not-number", "{F}：“port”应为 0…65535 的整数，写的是“65536”。",
         "{F}: 'port' must be an integer 0…65535; found '65536'."},
        {"{\"port\":-1}", "config-not-number", "{F}：“port”应为 0…65535 的整数，写的是“-1”。",
         "{F}: 'port' must be an integer 0…65535; found '-1'."},
        {"{\"port\":\"8080\"}", "config-not-number",
         "{F}：“port”应为 0…65535 的整数，写的是“\"8080\"”。",
         "{F}: 'port' must be an integer 0…65535; found '\"8080\"'."},
        {"{\"port\":80.0}", "config-not-number", "{F}：“port”应为 0…65535 的整数，写的是“80.0”。",
         "{F}: 'port' must be an integer 0…65535; found '80.0'."},
        {"{\"loops\":0}", "config-not-number", "{F}：“loops”应为 1…64 的整数，写的是“0”。",
         "{F}: 'loops' must be an integer 1…64; found '0'."},
        {"{\"loops\":null}", "config-not-number", "{F}：“loops”应为 1…64 的整数，写的是“null”。",
         "{F}: 'loops' must be an integer 1…64; found 'null'."},
        {"{\"listen\":7}", "config-not-text", "{F}：“listen”应为非空文字。",
         "{F}: 'listen' must be text that is not empty."},
        {"{\"listen\":\"\"}", "config-not-text", "{F}：“listen”应为非空文字。",
         "{F}: 'listen' must be text that is not empty."},
        {"[]", "config-not-object", "{F}：应为 JSON 对象。", "{F}: must be a JSON object."},
        {"7", "config-not-object", "{F}：应为 JSON 对象。", "{F}: must be a JSON object."},
        {"{\n\"port\":1,\n\"port\":2}", "config-not-json",
         "{F}：不是正确的 JSON：第 3 行第 6 列，同一名称出现两次。",
         "{F}: not JSON: line 3, column 6: a name is there twice."},
        {"{\"port\":1} x", "config-not-json",
         "{F}：不是正确的 JSON：第 1 行第 12 列，结尾之后还有内容。",
         "{F}: not JSON: line 1, column 12: there is more behind its end."},
        {"{\"data_dir\":\"d\"}", "config-required", "缺少配置项“bank_dir”。",
         "The setting 'bank_dir' is needed."},
        {"{}", "config-required", "缺少配置项“data_dir”。", "The setting 'data_dir' is needed."},
        {"{\"data_dir\":\"d\",\"bank_dir\":\"b\",\"keyring\":\"k\",\"site_key_file\":\"s\","
         "\"log_level\":\"loud\"}",
         "config-log-level", "“log_level”应为 debug、info、warn 或 error，写的是“loud”。",
         "'log_level' must be debug, info, warn or error; found 'loud'."},
    };
    struct folder f;

    folder_make(&f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct config c;
        struct config_wants wants;
        struct err err = {0};

        cr_assert_eq(read_with(&f, cases[i].file, NULL, NULL, &c, &wants, &err), ERR_BAD_INPUT,
                     "%s", cases[i].file);
        cr_assert_str_eq(err.msg->id, cases[i].id, "%s: %s", cases[i].file, err.msg->id);
        check(&f, &err, LANG_ZH, cases[i].zh);
        check(&f, &err, LANG_EN, cases[i].en);
    }
    folder_remove(&f);
}

Test(config, every_fault_of_variables_and_flags_has_its_sentence)
{
    static const struct {
        const char *variable, *flags[4];
        const char *zh, *en;
    } cases[] = {
        {"MINGFA_PORL=1",
         {NULL},
         "MINGFA_*：没有配置项“porl”。",
         "MINGFA_*: there is no setting 'porl'."},
        {"MINGFA_=1", {NULL}, "MINGFA_*：没有配置项“”。", "MINGFA_*: there is no setting ''."},
        {"MINGFA_PORT=80a",
         {NULL},
         "MINGFA_*：“port”应为 0…65535 的整数，写的是“80a”。",
         "MINGFA_*: 'port' must be an integer 0…65535; found '80a'."},
        {"MINGFA_PORT=",
         {NULL},
         "MINGFA_*：“port”应为 0…65535 的整数，写的是“”。",
         "MINGFA_*: 'port' must be an integer 0…65535; found ''."},
        {"MINGFA_LISTEN=",
         {NULL},
         "MINGFA_*：“listen”应为非空文字。",
         "MINGFA_*: 'listen' must be text that is not empty."},
        {NULL,
         {"--porl", "1"},
         "mingfa-server：没有配置项“--porl”。",
         "mingfa-server: there is no setting '--porl'."},
        {NULL,
         {"--data_dir", "1"},
         "mingfa-server：没有配置项“--data_dir”。",
         "mingfa-server: there is no setting '--data_dir'."},
        {NULL,
         {"--", "1"},
         "mingfa-server：没有配置项“--”。",
         "mingfa-server: there is no setting '--'."},
        {NULL, {"--port"}, "--port 后面缺少值。", "--port needs a value."},
        {NULL, {"--config"}, "--config 后面缺少值。", "--config needs a value."},
        {NULL,
         {"--port", " 80"},
         "--port：“port”应为 0…65535 的整数，写的是“ 80”。",
         "--port: 'port' must be an integer 0…65535; found ' 80'."},
        {NULL,
         {"--port", "99999999999999999999"},
         "--port：“port”应为 0…65535 的整数，写的是“99999999999999999999”。",
         "--port: 'port' must be an integer 0…65535; found '99999999999999999999'."},
        {NULL,
         {"--hash-kib", "1"},
         "--hash-kib：“hash_kib”应为 8192…1048576 的整数，写的是“1”。",
         "--hash-kib: 'hash_kib' must be an integer 8192…1048576; found '1'."},
        {NULL,
         {"--listen", ""},
         "--listen：“listen”应为非空文字。",
         "--listen: 'listen' must be text that is not empty."},
    };
    struct folder f;

    folder_make(&f);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        const char *variables[] = {cases[i].variable, NULL};
        struct config c;
        struct config_wants wants;
        struct err err = {0};

        cr_assert_eq(read_with(&f, needed, variables, cases[i].flags, &c, &wants, &err),
                     ERR_BAD_INPUT, "%s", cases[i].en);
        check(&f, &err, LANG_ZH, cases[i].zh);
        check(&f, &err, LANG_EN, cases[i].en);
    }
    folder_remove(&f);
}

Test(config, the_file_may_be_named_by_the_environment_and_must_be_there)
{
    struct folder f;
    struct config c;
    struct config_wants wants;
    struct err err = {0};
    char path[FOLDER_PATH_BYTES * 2];
    char variable[FOLDER_PATH_BYTES * 2 + 16];
    const char *variables[] = {variable, NULL};
    struct buf large = {0};

    folder_make(&f);
    folder_write(&f, "config.json", bytes_of_text(needed), 0600);
    snprintf(variable, sizeof variable, "MINGFA_CONFIG=%s", folder_path(&f, "config.json", path));
    cr_assert_eq(read_with(&f, NULL, variables, NULL, &c, &wants, &err), 0);
    cr_assert_str_eq(c.data_dir, "d");
    config_fini(&c);
    /* Another one by the flag. */
    snprintf(variable, sizeof variable, "MINGFA_CONFIG=%s", folder_path(&f, "gone.json", path));
    cr_assert_eq(read_with(&f, needed, variables, NULL, &c, &wants, &err), 0);
    config_fini(&c);
    cr_assert_eq(read_with(&f, NULL, variables, NULL, &c, &wants, &err), ERR_NOT_FOUND);
    cr_assert_not_null(err.msg);
    /* Larger than any configuration, and empty. */
    memset(buf_reserve(&large, CONFIG_FILE_BYTES_MAX + 1), ' ', CONFIG_FILE_BYTES_MAX + 1);
    large.len = CONFIG_FILE_BYTES_MAX + 1;
    folder_write(&f, "gone.json", buf_view(&large), 0600);
    cr_assert_eq(read_with(&f, NULL, variables, NULL, &c, &wants, &err), ERR_LIMIT);
    folder_write(&f, "gone.json", bytes_of("", 0), 0600);
    cr_assert_eq(read_with(&f, NULL, variables, NULL, &c, &wants, &err), ERR_BAD_INPUT);
    cr_assert_str_eq(err.msg->id, "config-not-json");
    buf_fini(&large);
    folder_remove(&f);
}
