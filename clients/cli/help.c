/* Help, in Chinese and English, from the tables. */
#include "clients/cli/command.h"

#include <ctype.h>
#include <stdio.h>
#include <string.h>

enum { LEFT_COLUMNS = 26, HELP_COLUMNS = 78 };

/* Text in lines of HELP_COLUMNS, the following ones under the first. */
static void print_lines(const char *text, int indent, bool wide)
{
    size_t next;

    while (*text != '\0') {
        size_t len = text_line(text, HELP_COLUMNS - indent, wide, &next);

        printf("%.*s\n", (int)len, text);
        text += next;
        if (*text != '\0')
            printf("%*s", indent, "");
    }
}

static void print_pair(const char *left, const char *right, int columns, bool wide)
{
    struct buf line = {0};

    buf_append_text(&line, "  ");
    text_pad(&line, left, columns, false, wide);
    if (text_width(left, wide) >= columns) {
        buf_append_text(&line, "\n  ");
        text_pad(&line, "", columns, false, wide);
    }
    fputs(buf_text(&line) != NULL ? buf_text(&line) : "", stdout);
    print_lines(right, columns + 2, wide);
    buf_fini(&line);
}

static void print_option(const struct option_row *o, enum lang lang, bool wide)
{
    const char *arg = lang == LANG_EN ? o->arg_en : o->arg_zh;
    char left[96];

    snprintf(left, sizeof(left), "%s%s%s%s%s", o->letter != NULL ? o->letter : "",
             o->letter != NULL ? ", " : "", o->name, arg != NULL ? " " : "",
             arg != NULL ? arg : "");
    print_pair(left, lang == LANG_EN ? o->en : o->zh, LEFT_COLUMNS, wide);
}

static void print_common(enum lang lang, bool wide)
{
    printf("\n%s\n", lang == LANG_EN ? "Common options:" : "通用选项：");
    for (int i = 0; i < OPT_ACTIVATE; i++)
        print_option(&OPTIONS[i], lang, wide);
    printf("\n%s\n", lang == LANG_EN ? "Exit status: 0 done; 1 refused or failed; 2 misused."
                                     : "退出状态：0 完成；1 被拒绝或失败；2 用法错误。");
}

void help_all(enum lang lang, bool wide)
{
    bool en = lang == LANG_EN;
    int widest = 0;

    printf("%s\n\n%s\n\n%s\n",
           en ? "mingfa: exams on law for state personnel, from the command line"
              : "mingfa：国家工作人员法治理论知识考试命令行",
           en ? "Usage: mingfa COMMAND [ARGUMENTS] [OPTIONS]" : "用法：mingfa 命令 [参数] [选项]",
           en ? "Commands:" : "命令：");
    for (int i = 0; i < COMMANDS_COUNT; i++) {
        int w = text_width(COMMANDS[i].name, wide);
        widest = w > widest ? w : widest;
    }
    for (int i = 0; i < COMMANDS_COUNT; i++)
        print_pair(COMMANDS[i].name, en ? COMMANDS[i].en : COMMANDS[i].zh, widest + 3, wide);
    putchar('\n');
    print_lines(
        en ? "mingfa COMMAND --help tells more. EXAM is an exam's id, the beginning of its id, "
             "or its name."
           : "mingfa 命令 --help 显示详细用法。“考试”可以写编号、编号的开头或考试名称。",
        0, wide);
    print_common(lang, wide);
}

static bool in_group(const struct command *command, const char *word)
{
    size_t len = strlen(word);

    return strncmp(command->name, word, len) == 0 && command->name[len] == ' ';
}

bool help_group(const char *word, enum lang lang, bool wide)
{
    bool en = lang == LANG_EN;
    int widest = 0;

    for (int i = 0; i < COMMANDS_COUNT; i++) {
        int w = in_group(&COMMANDS[i], word) ? text_width(COMMANDS[i].name, wide) : 0;
        widest = w > widest ? w : widest;
    }
    if (widest == 0)
        return false;
    printf(en ? "Usage: mingfa %s COMMAND [ARGUMENTS] [OPTIONS]\n\nCommands:\n"
              : "用法：mingfa %s 命令 [参数] [选项]\n\n命令：\n",
           word);
    for (int i = 0; i < COMMANDS_COUNT; i++) {
        if (in_group(&COMMANDS[i], word))
            print_pair(COMMANDS[i].name, en ? COMMANDS[i].en : COMMANDS[i].zh, widest + 3, wide);
    }
    putchar('\n');
    print_common(lang, wide);
    return true;
}

void help_command(const struct command *command, enum lang lang, bool wide)
{
    bool en = lang == LANG_EN;
    const char *words = en ? command->words_en : command->words_zh;
    const char *more = en ? command->more_en : command->more_zh;

    if (en)
        printf("%c%s.\n\n", toupper((unsigned char)command->en[0]), command->en + 1);
    else
        printf("%s。\n\n", command->zh);
    printf("%smingfa %s%s%s%s\n", en ? "Usage: " : "用法：", command->name,
           words[0] != '\0' ? " " : "", words,
           command->options != 0 ? (en ? " [OPTIONS]" : " [选项]") : "");
    if (more != NULL) {
        putchar('\n');
        print_lines(more, 0, wide);
    }
    if (command->options != 0)
        printf("\n%s\n", en ? "Options:" : "选项：");
    for (int i = OPT_ACTIVATE; i < OPTIONS_COUNT; i++) {
        if ((command->options & OPT(i)) != 0)
            print_option(&OPTIONS[i], lang, wide);
    }
    print_common(lang, wide);
}
