/* mingfa: the officer's and the candidate's command line.
 *
 * main parses the options (anywhere), finds the row of the table, opens the client with the kept
 * login, and runs the command. Exit status: 0 done, 1 refused or failed, 2 misused. */
#include "clients/cli/command.h"

#include "question-bank/base/file.h"

#include <curl/curl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LOGIN_FILE_BYTES_MAX = 65536 };

static void print_help(enum lang lang)
{
    printf("%s\n\n", lang == LANG_EN ? "mingfa: exams on law, from the command line"
                                     : "mingfa：法治理论知识考试命令行");
    printf("  mingfa [--server URL] [--lang zh|en] COMMAND …\n\n");
    for (int i = 0; i < COMMANDS_COUNT; i++) {
        const struct command *c = &COMMANDS[i];
        char left[128];

        snprintf(left, sizeof(left), "%s %s", c->name, c->words);
        printf("  %-44s %s\n", left, lang == LANG_EN ? c->en : c->zh);
    }
    printf("\n%s\n",
           lang == LANG_EN
               ? "Options: --json --csv --unit CODE --as-of DATE --dry-run --output FILE\n"
                 "         --password-file FILE --share-file FILE --ca FILE --login-file FILE\n"
                 "         --ambiguous-wide\n"
                 "The server's address is kept by `mingfa login`; MINGFA_SERVER overrides it."
               : "选项：--json --csv --unit 单位编码 --as-of 日期 --dry-run --output 文件\n"
                 "      --password-file 文件 --share-file 文件 --ca 证书文件 --login-file 文件\n"
                 "      --ambiguous-wide（终端把①“—等符号显示为两列时使用）\n"
                 "服务器地址由 mingfa login 记住；环境变量 MINGFA_SERVER 可以另行指定。");
}

/* The value of an option that takes one, or NULL if argv[*i] is not that option. */
static const char *value_of(int argc, char **argv, int *i, const char *name)
{
    size_t len = strlen(name);

    if (strncmp(argv[*i], name, len) != 0)
        return NULL;
    if (argv[*i][len] == '=')
        return argv[*i] + len + 1;
    if (argv[*i][len] != '\0' || *i + 1 >= argc)
        return NULL;
    (*i)++;
    return argv[*i];
}

struct setup {
    const char *server;
    const char *ca_file;
    const char *lang;
    bool help;
};

static int parse(int argc, char **argv, struct invocation *in, struct setup *setup)
{
    for (int i = 1; i < argc; i++) {
        const struct {
            const char *name;
            const char **to;
        } valued[] = {{"--server", &setup->server},
                      {"--ca", &setup->ca_file},
                      {"--lang", &setup->lang},
                      {"--unit", &in->unit},
                      {"--as-of", &in->as_of},
                      {"--output", &in->output},
                      {"--password-file", &in->password_file},
                      {"--share-file", &in->share_file},
                      {"--login-file", &in->login_file}};
        const struct {
            const char *name;
            bool *to;
        } flags[] = {{"--help", &setup->help},
                     {"-h", &setup->help},
                     {"--json", &in->json},
                     {"--csv", &in->csv},
                     {"--dry-run", &in->dry_run},
                     {"--activate", &in->activate},
                     {"--ambiguous-wide", &in->ambiguous_wide}};
        bool known = argv[i][0] != '-' || argv[i][1] == '\0';

        if (known)
            in->words[in->words_count++] = argv[i];
        for (size_t k = 0; k < sizeof(flags) / sizeof(flags[0]) && !known; k++) {
            if (strcmp(argv[i], flags[k].name) == 0)
                *flags[k].to = known = true;
        }
        for (size_t k = 0; k < sizeof(valued) / sizeof(valued[0]) && !known; k++) {
            const char *value = value_of(argc, argv, &i, valued[k].name);
            if (value != NULL) {
                *valued[k].to = value;
                known = true;
            }
        }
        if (!known) {
            fprintf(stderr, "%s%s\n",
                    say(in, "不认识的选项，或缺少值：", "unknown option, or no value: "), argv[i]);
            return EXIT_USAGE;
        }
    }
    return 0;
}

/* Two-word names first, so that "exam list" is found before "exam". Shifts the words. */
static const struct command *find_command(struct invocation *in)
{
    char name[64];

    for (int words = 2; words >= 1; words--) {
        if (in->words_count < words)
            continue;
        snprintf(name, sizeof(name), words == 2 ? "%s %s" : "%s", in->words[0],
                 words == 2 ? in->words[1] : "");
        for (int i = 0; i < COMMANDS_COUNT; i++) {
            if (strcmp(COMMANDS[i].name, name) == 0) {
                in->words += words;
                in->words_count -= words;
                return &COMMANDS[i];
            }
        }
    }
    return NULL;
}

/* What `mingfa login` kept: {"server", "ca", "token"}. */
static json_t *read_login(const char *path)
{
    struct buf raw = {0};
    json_t *login = NULL;

    if (file_read(path, LOGIN_FILE_BYTES_MAX, &raw, NULL) == 0)
        login = json_loadb((const char *)raw.data, raw.len, 0, NULL);
    buf_fini(&raw);
    return login;
}

static int run(struct invocation *in, const struct setup *setup, const struct command *command)
{
    json_t *login = read_login(in->login_file);
    const char *kept_server = json_string_value(json_object_get(login, "server"));
    struct client_options options = {.lang = in->lang};
    struct err err = {0};
    int rc;

    options.server = setup->server != NULL ? setup->server : getenv("MINGFA_SERVER");
    if (options.server == NULL)
        options.server = kept_server != NULL ? kept_server : "http://localhost:8080";
    options.ca_file =
        setup->ca_file != NULL ? setup->ca_file : json_string_value(json_object_get(login, "ca"));
    if (kept_server != NULL && strcmp(kept_server, options.server) == 0)
        options.token = json_string_value(json_object_get(login, "token"));
    in->server = options.server;
    rc = client_open(&options, &in->client, &err);
    rc = rc != 0 ? report(in, &err) : command->run(in);
    client_close(in->client);
    json_decref(login);
    return rc;
}

int main(int argc, char **argv)
{
    struct invocation in = {0};
    struct setup setup = {0};
    const struct command *command;
    char **words = calloc((size_t)argc + 1, sizeof(*words));
    char login_file[4096];
    const char *home = getenv("HOME");
    int rc;

    if (words == NULL)
        return EXIT_REFUSED;
    setlocale(LC_ALL, "C.UTF-8");
    snprintf(login_file, sizeof(login_file), "%s/.config/mingfa/login.json",
             home != NULL ? home : ".");
    in.words = words;
    in.login_file = login_file;
    rc = parse(argc, argv, &in, &setup);
    if (setup.lang != NULL)
        in.lang = strcmp(setup.lang, "en") == 0 ? LANG_EN : LANG_ZH;
    command = rc == 0 ? find_command(&in) : NULL;
    if (rc != 0) {
        /* already said */
    } else if (setup.help && command != NULL) {
        printf("mingfa %s %s\n  %s\n", command->name, command->words,
               in.lang == LANG_EN ? command->en : command->zh);
    } else if (setup.help || (command == NULL && in.words_count == 0)) {
        print_help(in.lang);
        rc = setup.help ? 0 : EXIT_USAGE;
    } else if (command == NULL || in.words_count < command->words_min ||
               in.words_count > command->words_max) {
        if (command == NULL)
            fprintf(stderr, "%s%s\n", say(&in, "没有这个命令：", "no such command: "), in.words[0]);
        else
            fprintf(stderr, "%smingfa %s %s\n", say(&in, "用法：", "usage: "), command->name,
                    command->words);
        fprintf(stderr, "%s\n",
                say(&in, "mingfa --help 列出全部命令。", "mingfa --help lists all commands."));
        rc = EXIT_USAGE;
    } else {
        curl_global_init(CURL_GLOBAL_DEFAULT);
        rc = run(&in, &setup, command);
        curl_global_cleanup();
    }
    free(words);
    return rc;
}
