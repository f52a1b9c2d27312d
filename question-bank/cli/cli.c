/* mingfa-bank: the command table, arguments and messages (see cli.h). */
#include "question-bank/cli/cli.h"

#include "question-bank/base/env.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { CHINA_OFFSET_S = 8 * 3600 };

static const struct command commands[] = {
    {"lint",
     cmd_lint,
     "--bank DIR [--index FILE] [--law-date DATE] [--blueprint FILE] [--json]",
     {"lint", "检查试题：格式、重复、答案泄露、法条依据",
      "check items: form, duplicates, giveaways, citations"}},
    {"cite",
     cmd_cite,
     "--bank DIR --laws DIR [--refresh]",
     {"cite", "在每条依据之后写上条文摘要", "write the article digest behind every citation"}},
    {"law-index",
     cmd_law_index,
     "--bank DIR --laws DIR -o FILE",
     {"law-index", "由法律文本生成法律索引", "make the law index from law texts"}},
    {"check-laws",
     cmd_check_laws,
     "--bank DIR --laws DIR [--law-date DATE (today)]",
     {"check-laws", "用法律文本核对每条依据", "check every citation against law texts"}},
    {"release",
     cmd_release,
     "--bank DIR [--index FILE] --name NAME --created DATE --law-date DATE\n"
     "    --secret-file FILE [--sample] -o FILE",
     {"release", "制作题库发布文件", "build a release of the bank"}},
    {"sign",
     cmd_sign,
     "--key FILE.pem [--passphrase-file FILE | --passphrase-fd N] RELEASE",
     {"sign", "为发布文件签名", "sign a release"}},
    {"verify",
     cmd_verify,
     "--keyring FILE [--json] RELEASE",
     {"verify", "核验发布文件及其签名", "verify a release and its signatures"}},
    {"show", cmd_show, "(--bank DIR | --release FILE) ID...", {"show", "显示试题", "show items"}},
    {"stats",
     cmd_stats,
     "(--bank DIR | --release FILE) [--blueprint FILE] [--json]",
     {"stats", "按领域、题型、难度统计试题", "count items by area, type and difficulty"}},
    {"draw",
     cmd_draw,
     "(--bank DIR | --release FILE) --blueprint FILE --seed HEX",
     {"draw", "按蓝图和种子抽出一份试卷（供审计核对）", "draw a paper from a seed, for auditors"}},
    {"keygen",
     cmd_keygen,
     "--alg sm2|ed25519 --name NAME [--role custodian|author|reviewer]\n"
     "    --valid-from DATE --valid-to DATE [--passphrase-file FILE | --passphrase-fd N] -o BASE",
     {"keygen", "生成签名密钥（BASE.pem）和公开记录（BASE.json）",
      "make a signing key (BASE.pem) and its public record (BASE.json)"}},
    {"keyring",
     cmd_keyring,
     "add --keyring FILE [--quorum N] RECORD.json...",
     {"keyring", "把公开记录加入密钥环", "add public records to a keyring"}},
};

enum { COMMANDS = sizeof commands / sizeof commands[0] };

static const struct msg msg_unknown_command = {
    "cli-unknown-command",
    "没有“{0}”这个命令，运行 mingfa-bank --help 查看全部命令",
    "there is no command '{0}'; mingfa-bank --help lists them",
};
static const struct msg msg_unknown_option = {
    "cli-unknown-option",
    "{0}：不认识“{1}”，运行 mingfa-bank {0} --help 查看用法",
    "{0}: unknown option '{1}'; see mingfa-bank {0} --help",
};
static const struct msg msg_no_value = {
    "cli-no-value",
    "{0}：{1} 之后缺少内容",
    "{0}: {1} needs a value",
};
static const struct msg msg_needed = {
    "cli-needed",
    "{0}：缺少 {1}，运行 mingfa-bank {0} --help 查看用法",
    "{0}: {1} is missing; see mingfa-bank {0} --help",
};
static const struct msg msg_positionals = {
    "cli-positionals",
    "{0}：参数数目不对，运行 mingfa-bank {0} --help 查看用法",
    "{0}: wrong number of arguments; see mingfa-bank {0} --help",
};
static const struct msg msg_usage = {
    "cli-usage",
    "明法题库工具。用法：mingfa-bank [--lang zh|en] [--json] 命令 …\n"
    "每个命令都有 --help。退出码：0 完成；1 内容被拒绝；2 用法错误或系统错误。\n",
    "Mingfa's tool for question banks. Usage: mingfa-bank [--lang zh|en] [--json] COMMAND …\n"
    "Every command has --help. Exit status: 0 done; 1 refused; 2 wrong usage or system error.\n",
};
static const struct msg msg_date = {
    "cli-date",
    "{0} 应当是日期 YYYY-MM-DD，写的是“{1}”",
    "{0} must be a civil date YYYY-MM-DD, found '{1}'",
};

const struct msg cli_msg_there = {
    "cli-there",
    "{0} 已经存在，不覆盖",
    "{0} is there already and is not overwritten",
};

static const char *text_in(const struct cli *cli, const struct msg *msg)
{
    return cli->lang == LANG_EN ? msg->en : msg->zh;
}

void cli_say(struct cli *cli, FILE *to, const struct msg *msg, const char *a0, const char *a1,
             const char *a2, const char *a3)
{
    struct err e = {0};
    char text[ERR_TEXT_BYTES_MAX];

    err_set(&e, ERR_BAD_INPUT, msg, a0, a1, a2, a3);
    err_text(&e, cli->lang, text, sizeof text);
    fprintf(to, "%s\n", text);
}

int cli_fail(struct cli *cli, const struct err *err)
{
    char text[ERR_TEXT_BYTES_MAX];

    err_text(err, cli->lang, text, sizeof text);
    if (cli->about != NULL)
        fprintf(cli->errs, "mingfa-bank: %s%s%s\n", cli->about, cli->lang == LANG_EN ? ": " : "：",
                text);
    else
        fprintf(cli->errs, "mingfa-bank: %s\n", text);
    switch (err->code) {
    case ERR_IO:
    case ERR_NOMEM:
    case ERR_NOT_FOUND:
    case ERR_EXISTS:
        return CLI_USAGE;
    default:
        return CLI_REFUSED;
    }
}

void cli_say_fault(struct cli *cli, const struct item *it, bool warning, const struct err *what)
{
    char text[ERR_TEXT_BYTES_MAX];
    const char *word = warning ? "提醒：" : "错误：";

    if (cli->lang == LANG_EN)
        word = warning ? "warning: " : "error: ";
    err_text(what, cli->lang, text, sizeof text);
    if (it != NULL && it->source_file != NULL)
        fprintf(cli->errs, "%s:%u: ", it->source_file, it->source_line);
    fprintf(cli->errs, "%s%s\n", word, text);
}

int cli_date(struct cli *cli, const char *option, const char *value)
{
    if (law_date_valid(bytes_of_text(value)))
        return CLI_DONE;
    cli_say(cli, cli->errs, &msg_date, option, value, NULL, NULL);
    return CLI_USAGE;
}

void cli_today(char out[11])
{
    time_t now = (time_t)(env_wall_ms() / 1000) + CHINA_OFFSET_S;
    struct tm day;

    gmtime_r(&now, &day);
    strftime(out, 11, "%Y-%m-%d", &day);
}

struct option_text {
    const char *name;
    const char *zh, *en;
};
/* What stands behind an option is in the usage of its command. */
static const struct option_text option_texts[] = {
    {"--bank", "题库目录：其中的 *.txt 是试题，laws.tsv 是法律索引",
     "folder of the bank: items in *.txt, the law index in laws.tsv"},
    {"--index", "法律索引文件（默认为题库目录中的 laws.tsv）",
     "the law index (default: laws.tsv in the bank's folder)"},
    {"--law-date", "按这一天（YYYY-MM-DD）有效的法律核对",
     "check against the law of this day (YYYY-MM-DD)"},
    {"--blueprint", "组卷蓝图（JSON）", "a blueprint (JSON)"},
    {"--laws", "法律文本目录（*.md）", "folder of law texts (*.md)"},
    {"--refresh", "法条变化后更新已写的摘要（先复核试题）",
     "write anew the digests of articles that changed (review the items first)"},
    {"--name", "发布或密钥的名称", "name of the release or of the key's holder"},
    {"--created", "制作日期 YYYY-MM-DD", "day of creation, YYYY-MM-DD"},
    {"--secret-file", "题库密钥文件：没有时新建（权限 0600），须与题库一同保管，不得公开",
     "the bank's secret: made (mode 0600) where there is none; keep it beside the bank, and "
     "private"},
    {"--sample", "标为样题（未经有权机关审定）",
     "mark the items as samples, not approved by an authority"},
    {"--key", "签名私钥（keygen 生成的 .pem）", "the private key (.pem of keygen)"},
    {"--passphrase-file", "从文件第一行读取口令（默认在终端输入）",
     "read the passphrase from a file (default: asked on the terminal)"},
    {"--passphrase-fd", "从已打开的文件描述符读取口令",
     "read the passphrase from an open descriptor"},
    {"--keyring", "密钥环文件（JSON）", "the keyring (JSON)"},
    {"--quorum", "至少需要的签名数", "how many signatures are needed"},
    {"--release", "题库发布文件（.mfbank）", "a release of a bank (.mfbank)"},
    {"--seed", "试卷种子：64 位十六进制数字", "seed of the paper: 64 hexadecimal digits"},
    {"--alg", "签名算法：sm2 或 ed25519", "signature algorithm: sm2 or ed25519"},
    {"--role", "custodian 保管人（默认）、author 作者、reviewer 审核人",
     "custodian (default), author or reviewer"},
    {"--valid-from", "密钥有效期的第一天", "first day of the key"},
    {"--valid-to", "密钥有效期的最后一天", "last day of the key"},
    {"-o", "写入的文件（keygen 为文件名的开头）",
     "the file to write (keygen: the beginning of its name)"},
    {"--json", "输出 JSON", "print JSON"},
    {"--lang", "zh 或 en（默认依 LC_ALL、LC_MESSAGES、LANG）",
     "zh or en (default: by LC_ALL, LC_MESSAGES, LANG)"},
    {"--version", "显示版本", "show the version"},
    {"--help", "显示帮助", "show this help"},
};

/* True when `name` stands in the usage as a word of its own. */
static bool usage_has(const char *usage, const char *name)
{
    size_t len = strlen(name);

    for (const char *at = strstr(usage, name); at != NULL; at = strstr(at + 1, name)) {
        if ((at == usage || strchr(" [(", at[-1]) != NULL) && strchr(" ])", at[len]) != NULL)
            return true;
    }
    return false;
}

/* usage NULL: all options. */
static void print_options(struct cli *cli, FILE *to, const char *usage)
{
    fprintf(to, "\n%s\n", cli->lang == LANG_EN ? "Options:" : "选项：");
    for (size_t i = 0; i < sizeof option_texts / sizeof option_texts[0]; i++) {
        const struct option_text *o = &option_texts[i];

        if (usage == NULL || usage_has(usage, o->name) || strcmp(o->name, "--help") == 0)
            fprintf(to, "  %-18s %s\n", o->name, cli->lang == LANG_EN ? o->en : o->zh);
    }
}

static void print_help(struct cli *cli, FILE *to)
{
    fprintf(to, "%s\n", text_in(cli, &msg_usage));
    for (size_t i = 0; i < COMMANDS; i++)
        fprintf(to, "  %-11s %s\n", commands[i].name, text_in(cli, &commands[i].summary));
    print_options(cli, to, NULL);
}

static void print_command_help(struct cli *cli)
{
    const struct command *c = cli->command;

    fprintf(cli->out, "%s\n%smingfa-bank %s %s\n", text_in(cli, &c->summary),
            cli->lang == LANG_EN ? "Usage: " : "用法：", c->name, c->usage);
    print_options(cli, cli->out, c->usage);
}

static const struct cli_option *option_find(const struct cli_option *options, size_t count,
                                            const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (strcmp(options[i].name, name) == 0)
            return &options[i];
    }
    return NULL;
}

int cli_parse(struct cli *cli, int argc, char **argv, const struct cli_option *options,
              size_t options_count, size_t min, size_t max, struct cli_args *args)
{
    const char *name = cli->command->name;

    memset(args, 0, sizeof *args);
    for (int i = 0; i < argc; i++) {
        const struct cli_option *option;

        if (argv[i][0] != '-' || argv[i][1] == '\0') {
            if (args->count == max || args->count == CLI_POSITIONALS_MAX) {
                cli_say(cli, cli->errs, &msg_positionals, name, NULL, NULL, NULL);
                return CLI_USAGE;
            }
            args->positional[args->count++] = argv[i];
            continue;
        }
        if (strcmp(argv[i], "--json") == 0) {
            cli->json = true;
            continue;
        }
        option = option_find(options, options_count, argv[i]);
        if (option == NULL) {
            cli_say(cli, cli->errs, &msg_unknown_option, name, argv[i], NULL, NULL);
            return CLI_USAGE;
        }
        if (option->flag != NULL) {
            *option->flag = true;
            continue;
        }
        if (i + 1 == argc) {
            cli_say(cli, cli->errs, &msg_no_value, name, argv[i], NULL, NULL);
            return CLI_USAGE;
        }
        *option->value = argv[++i];
    }
    for (size_t i = 0; i < options_count; i++) {
        if (options[i].needed && *options[i].value == NULL) {
            cli_say(cli, cli->errs, &msg_needed, name, options[i].name, NULL, NULL);
            return CLI_USAGE;
        }
    }
    if (args->count < min) {
        cli_say(cli, cli->errs, &msg_positionals, name, NULL, NULL, NULL);
        return CLI_USAGE;
    }
    return CLI_DONE;
}

/* Chinese unless LC_ALL, LC_MESSAGES or LANG (the first that is set) begins with "en". */
static enum lang lang_of_environment(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && value[0] != '\0')
            return strncmp(value, "en", 2) == 0 ? LANG_EN : LANG_ZH;
    }
    return LANG_ZH;
}

static bool wants_help(int argc, char **argv)
{
    for (int i = 0; i < argc; i++) {
        if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0)
            return true;
    }
    return false;
}

int bank_cli_run(int argc, char **argv, FILE *out, FILE *errs)
{
    struct cli cli = {.out = out, .errs = errs, .lang = lang_of_environment()};
    int at = 1;

    for (; at < argc && argv[at][0] == '-'; at++) {
        if (strcmp(argv[at], "--json") == 0) {
            cli.json = true;
        } else if (strcmp(argv[at], "--version") == 0) {
            fprintf(out, "mingfa-bank %s\n", MINGFA_VERSION);
            return CLI_DONE;
        } else if (strcmp(argv[at], "--help") == 0 || strcmp(argv[at], "-h") == 0) {
            print_help(&cli, out);
            return CLI_DONE;
        } else if (strcmp(argv[at], "--lang") == 0 && at + 1 < argc &&
                   (strcmp(argv[at + 1], "en") == 0 || strcmp(argv[at + 1], "zh") == 0)) {
            cli.lang = argv[++at][0] == 'e' ? LANG_EN : LANG_ZH;
        } else {
            print_help(&cli, errs);
            return CLI_USAGE;
        }
    }
    if (at >= argc) {
        print_help(&cli, errs);
        return CLI_USAGE;
    }
    for (size_t i = 0; i < COMMANDS; i++) {
        if (strcmp(commands[i].name, argv[at]) != 0)
            continue;
        cli.command = &commands[i];
        if (wants_help(argc - at - 1, argv + at + 1)) {
            print_command_help(&cli);
            return CLI_DONE;
        }
        return commands[i].run(&cli, argc - at - 1, argv + at + 1);
    }
    cli_say(&cli, errs, &msg_unknown_command, argv[at], NULL, NULL, NULL);
    return CLI_USAGE;
}
