/* mingfa: the officer's and the candidate's command line.
 *
 * main parses the options (anywhere), finds the row of the table, opens the client with the kept
 * login, and runs the command. Exit status: 0 done, 1 refused or failed, 2 misused. One thread. */
#include "clients/cli/command.h"

#include <curl/curl.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static const char DEFAULT_URL[] = "http://localhost:8080";

/* Chinese unless LC_ALL, LC_MESSAGES or LANG (the first that is set) begins with "en". */
static enum lang lang_of_environment(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && value[0] != '\0')
            return strncmp(value, "en", 2) == 0 ? LANG_EN : LANG_ZH;
    }
    return LANG_ZH;
}

static bool is_terminal(void)
{
    const char *term = getenv("TERM");

    return isatty(STDOUT_FILENO) && term != NULL && term[0] != '\0' && strcmp(term, "dumb") != 0;
}

/* ---- options ---- */

/* The row that argv[*i] names, and its value ("" when it takes none). NULL: unknown, or no value. */
static const struct option_row *option_at(int argc, char **argv, int *i, const char **value)
{
    const char *word = argv[*i];

    for (int k = 0; k < OPTIONS_COUNT; k++) {
        const struct option_row *o = &OPTIONS[k];
        size_t len = strlen(o->name);
        bool whole =
            strcmp(word, o->name) == 0 || (o->letter != NULL && strcmp(word, o->letter) == 0);

        if (o->arg_en == NULL && whole) {
            *value = "";
            return o;
        }
        if (o->arg_en != NULL && strncmp(word, o->name, len) == 0 && word[len] == '=') {
            *value = word + len + 1;
            return o;
        }
        if (o->arg_en != NULL && whole && *i + 1 < argc) {
            *value = argv[++*i];
            return o;
        }
    }
    return NULL;
}

static int parse(int argc, char **argv, struct invocation *in)
{
    bool options = true;

    for (int i = 1; i < argc; i++) {
        const struct option_row *o;
        const char *value = NULL;

        if (options && strcmp(argv[i], "--") == 0) {
            options = false;
            continue;
        }
        if (!options || argv[i][0] != '-' || argv[i][1] == '\0') {
            in->words[in->words_count++] = argv[i];
            continue;
        }
        o = option_at(argc, argv, &i, &value);
        if (o == NULL) {
            fprintf(stderr, "%s%s\n",
                    say(in, "用法错误：没有这个选项，或缺少它的值：",
                        "usage: no such option, or its value is missing: "),
                    argv[i]);
            return EXIT_USAGE;
        }
        in->value[o->id] = value;
    }
    return 0;
}

static int check_options(const struct invocation *in)
{
    for (int k = OPT_ACTIVATE; k < OPTIONS_COUNT; k++) {
        if (in->value[k] != NULL && (in->command->options & OPT(k)) == 0) {
            fprintf(stderr, "%s%s\n",
                    say(in, "用法错误：本命令没有选项 ", "usage: this command has no option "),
                    OPTIONS[k].name);
            fprintf(stderr, "%smingfa %s --help\n", say(in, "详见 ", "See "), in->command->name);
            return EXIT_USAGE;
        }
    }
    if (in->value[OPT_JSON] != NULL && in->value[OPT_CSV] != NULL)
        return misuse(in, "--json 与 --csv 只能选一个。", "choose one of --json and --csv.");
    return 0;
}

/* ---- commands ---- */

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

/* Of a group (`mingfa exam`) its help; else what is wrong. */
static int no_such_command(const struct invocation *in)
{
    bool more = in->words_count > 1 && in->value[OPT_HELP] == NULL;

    if (!more && help_group(in->words[0], in->lang, in->wide))
        return in->value[OPT_HELP] != NULL ? 0 : EXIT_USAGE;
    fprintf(stderr, "%s%s%s%s\n", say(in, "用法错误：没有这个命令：", "usage: no such command: "),
            in->words[0], more ? " " : "", more ? in->words[1] : "");
    fprintf(stderr, "%s\n",
            say(in, "mingfa --help 列出全部命令。", "mingfa --help lists all commands."));
    return EXIT_USAGE;
}

static int run(struct invocation *in)
{
    struct client_options options = {.lang = in->lang};
    struct err err = {0};
    const char *kept;
    int rc = state_init(&in->state, in->value[OPT_STATE], &err);

    if (rc != 0)
        return report(in, &err);
    in->login = state_login(&in->state);
    kept = json_string_value(json_object_get(in->login, "url"));
    options.url = in->value[OPT_URL] != NULL ? in->value[OPT_URL]
                  : kept != NULL             ? kept
                                             : DEFAULT_URL;
    in->ca_file = in->value[OPT_CA];
    if (in->ca_file == NULL)
        in->ca_file = json_string_value(json_object_get(in->login, "ca"));
    options.ca_file = in->ca_file;
    rc = client_open(&options, &in->client, &err);
    if (rc != 0)
        return report(in, &err);
    /* A token goes to the server that gave it, and to no other. */
    if (kept != NULL && strcmp(kept, client_url(in->client)) == 0)
        client_set_token(in->client, json_string_value(json_object_get(in->login, "token")));
    else if (in->command->login) {
        fprintf(stderr, "%s\n",
                say(in, "尚未登录。请先运行：mingfa login 人员编号 --url 服务器地址",
                    "Not logged in. First run: mingfa login PERSON --url URL"));
        return EXIT_REFUSED;
    }
    return in->command->run(in);
}

static int choose(struct invocation *in)
{
    int rc;

    if (in->value[OPT_LANG] != NULL && strcmp(in->value[OPT_LANG], "zh") != 0 &&
        strcmp(in->value[OPT_LANG], "en") != 0)
        return misuse(in, "--lang 只能是 zh 或 en。", "--lang is zh or en.");
    if (in->value[OPT_LANG] != NULL)
        in->lang = in->value[OPT_LANG][0] == 'e' ? LANG_EN : LANG_ZH;
    if (in->value[OPT_VERSION] != NULL) {
        puts("mingfa " MINGFA_VERSION);
        return 0;
    }
    in->command = find_command(in);
    if (in->command == NULL && in->words_count > 0)
        return no_such_command(in);
    if (in->command == NULL) {
        help_all(in->lang, in->wide);
        return in->value[OPT_HELP] != NULL ? 0 : EXIT_USAGE;
    }
    if (in->value[OPT_HELP] != NULL) {
        help_command(in->command, in->lang, in->wide);
        return 0;
    }
    rc = check_options(in);
    if (rc != 0)
        return rc;
    if (in->words_count < in->command->words_min || in->words_count > in->command->words_max) {
        fprintf(stderr, "%smingfa %s %s\n", say(in, "用法：", "usage: "), in->command->name,
                say(in, in->command->words_zh, in->command->words_en));
        fprintf(stderr, "%smingfa %s --help\n", say(in, "详见 ", "See "), in->command->name);
        return EXIT_USAGE;
    }
    curl_global_init(CURL_GLOBAL_DEFAULT);
    rc = run(in);
    client_close(in->client);
    json_decref(in->login);
    curl_global_cleanup();
    return rc;
}

int main(int argc, char **argv)
{
    struct invocation in = {.lang = lang_of_environment()};
    char **words = calloc((size_t)argc + 1, sizeof(*words));
    const char *no_colour = getenv("NO_COLOR");
    int rc;

    if (words == NULL)
        return EXIT_REFUSED;
    setlocale(LC_ALL, "C.UTF-8");
    in.words = words;
    in.terminal = is_terminal();
    in.colour = in.terminal && (no_colour == NULL || no_colour[0] == '\0');
    rc = parse(argc, argv, &in);
    in.wide = in.value[OPT_WIDE] != NULL;
    if (rc == 0)
        rc = choose(&in);
    free(words);
    if (fflush(stdout) != 0 && rc == 0)
        rc = EXIT_REFUSED;
    return rc;
}
