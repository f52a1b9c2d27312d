/* The table of commands, and what they share. */
#include "clients/cli/command.h"

#include "question-bank/base/file.h"
#include "question-bank/base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

const struct command COMMANDS[] = {
    {"login", "PERSON [--activate]", 1, 1, "登录并记住（--activate：首次使用激活码）",
     "log in and remember it (--activate: first use, by code)", cmd_login},
    {"logout", "", 0, 0, "退出登录", "log out", cmd_logout},
    {"take", "[EXAM]", 0, 1, "在终端里参加考试", "sit an exam in the terminal", cmd_take},
    {"import", "units|people|hearings FILE.csv", 2, 2, "导入单位、人员、旁听（全部通过才写入）",
     "import units, people, hearings (all or nothing)", cmd_import},
    {"codes", "PERSON…", 1, 1000, "发放一次性激活码", "issue one-time activation codes", cmd_codes},
    {"role", "grant|revoke PERSON ROLE UNIT", 4, 4, "授予或收回角色", "grant or revoke a role",
     cmd_role},
    {"exam list", "", 0, 0, "列出考试", "list exams", cmd_exam_list},
    {"exam create", "DEFINITION.json", 1, 1, "建立考试", "create an exam", cmd_exam_create},
    {"exam commit", "EXAM officer|custodian --share-file FILE", 2, 2,
     "提交种子份额的摘要（文件不存在时新建）", "commit to a share of the seed (made if absent)",
     cmd_exam_commit},
    {"exam reveal", "EXAM officer|custodian --share-file FILE", 2, 2, "交出种子份额",
     "hand over a share of the seed", cmd_exam_reveal},
    {"exam open", "EXAM", 1, 1, "开放考试，公布总种子摘要",
     "open an exam; publishes the master's digest", cmd_exam_open},
    {"exam close", "EXAM", 1, 1, "结束考试", "close an exam", cmd_exam_close},
    {"exam exempt", "EXAM PERSON exempt|deferred|none REASON DOCUMENT", 5, 5, "免考、缓考",
     "exempt or defer a person", cmd_exam_exempt},
    {"exam withdraw", "EXAM ITEM REASON", 3, 3, "撤下一道题（已抽到的给满分）",
     "withdraw an item (full marks where drawn)", cmd_exam_withdraw},
    {"coverage", "EXAM [--unit] [--as-of]", 1, 1, "覆盖率表", "coverage table", cmd_coverage},
    {"scores", "EXAM [--unit] [--as-of]", 1, 1, "成绩表", "scores", cmd_scores},
    {"missing", "EXAM [--unit]", 1, 1, "未考人员", "who has not sat", cmd_missing},
};
const int COMMANDS_COUNT = sizeof(COMMANDS) / sizeof(COMMANDS[0]);

int report(const struct invocation *in, const struct err *err)
{
    char text[ERR_TEXT_BYTES_MAX];

    err_text(err, in->lang, text, sizeof(text));
    fprintf(stderr, "%s%s\n", say(in, "错误：", "error: "), text);
    return EXIT_REFUSED;
}

const char *say(const struct invocation *in, const char *zh, const char *en)
{
    return in->lang == LANG_EN ? en : zh;
}

int run_and_print(struct invocation *in, const char *method, const char *path, json_t *body)
{
    struct err err = {0};
    json_t *out = NULL;
    int rc = client_json(in->client, method, path, body, &out, &err);

    json_decref(body);
    if (rc != 0)
        return report(in, &err);
    if (out != NULL) {
        json_dumpf(out, stdout, JSON_INDENT(2));
        putchar('\n');
        json_decref(out);
    } else if (!in->json) {
        puts(say(in, "已完成。", "Done."));
    }
    return 0;
}

int read_secret(const struct invocation *in, const char *prompt, char *out, size_t size)
{
    struct termios kept;
    bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &kept) == 0;
    struct buf raw = {0};
    struct err err = {0};
    bool got;

    if (in->password_file != NULL) {
        int rc = file_read(in->password_file, size - 1, &raw, &err);
        if (rc == 0)
            snprintf(out, size, "%.*s", (int)raw.len, (const char *)raw.data);
        buf_fini(&raw);
        out[strcspn(out, "\r\n")] = '\0';
        return rc == 0 ? 0 : report(in, &err);
    }
    fprintf(stderr, "%s", prompt);
    if (terminal) {
        struct termios quiet = kept;
        quiet.c_lflag &= ~(tcflag_t)ECHO;
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    }
    got = fgets(out, (int)size, stdin) != NULL;
    if (terminal) {
        tcsetattr(STDIN_FILENO, TCSAFLUSH, &kept);
        fputc('\n', stderr);
    }
    if (!got)
        return EXIT_REFUSED;
    out[strcspn(out, "\r\n")] = '\0';
    return 0;
}

void print_padded(const char *text, int columns, bool right, bool ambiguous_wide)
{
    int blanks = columns - utf8_width(text, strlen(text), ambiguous_wide);

    for (int i = 0; right && i < blanks; i++)
        putchar(' ');
    fputs(text, stdout);
    for (int i = 0; !right && i < blanks; i++)
        putchar(' ');
}
