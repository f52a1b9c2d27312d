/* What the commands share: sentences, secrets, tables, the name of an exam. */
#include "clients/cli/command.h"

#include "question-bank/base/digest.h"
#include "question-bank/base/file.h"
#include "question-bank/base/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

enum { KEY_INTERRUPT = 3, KEY_END = 4, KEY_BACKSPACE = 8, KEY_KILL = 21, KEY_DELETE = 127 };
enum { UUID_TEXT = 36, CHINA_OFFSET_S = 8 * 3600 };

/* ---- sentences ---- */

const char *say(const struct invocation *in, const char *zh, const char *en)
{
    return in->lang == LANG_EN ? en : zh;
}

/* Full stops are the sentence's own business; the server's have them or not. */
static bool is_finished(const char *text)
{
    static const char *const ends[] = {"。", "！", "？", "：", ".", "!", "?", ":"};
    size_t len = strlen(text);

    for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
        size_t n = strlen(ends[i]);
        if (len >= n && memcmp(text + len - n, ends[i], n) == 0)
            return true;
    }
    return false;
}

int report_login(const struct invocation *in)
{
    const char *person = text_of(in->login, "person");

    fprintf(stderr, "%smingfa login %s\n", say(in, "请运行：", "Run: "),
            person[0] != '\0' ? person : say(in, "人员编号", "PERSON"));
    return EXIT_REFUSED;
}

int report(const struct invocation *in, const struct err *err)
{
    char text[ERR_TEXT_BYTES_MAX];
    struct buf clean = {0};

    err_text(err, in->lang, text, sizeof(text));
    text_append_clean(&clean, text);
    fprintf(stderr, "%s%s%s\n", say(in, "错误：", "error: "),
            buf_text(&clean) != NULL ? buf_text(&clean) : "",
            is_finished(text) ? "" : say(in, "。", "."));
    buf_fini(&clean);
    if (err->code == ERR_UNAUTHENTIC && in->command != NULL && in->command->run != cmd_login)
        report_login(in);
    return EXIT_REFUSED;
}

int misuse(const struct invocation *in, const char *zh, const char *en)
{
    fprintf(stderr, "%s%s\n", say(in, "用法错误：", "usage: "), say(in, zh, en));
    if (in->command != NULL)
        fprintf(stderr, "%smingfa %s --help\n", say(in, "详见 ", "See "), in->command->name);
    return EXIT_USAGE;
}

const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

int64_t int_of(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

void print_json(const json_t *value)
{
    json_dumpf(value, stdout, JSON_INDENT(2));
    putchar('\n');
}

int run_and_say(struct invocation *in, const char *method, const char *path, json_t *body,
                const char *done)
{
    struct err err = {0};
    json_t *out = NULL;
    int rc = client_json(in->client, method, path, body, &out, &err);

    json_decref(body);
    if (rc != 0)
        return report(in, &err);
    if (in->value[OPT_JSON] != NULL && out != NULL)
        print_json(out);
    else if (in->value[OPT_JSON] == NULL)
        puts(done);
    json_decref(out);
    return 0;
}

void time_text(int64_t ms, char out[32])
{
    time_t at = (time_t)(ms / 1000 + CHINA_OFFSET_S);
    struct tm civil;

    out[0] = '\0';
    if (gmtime_r(&at, &civil) != NULL)
        strftime(out, 32, "%Y-%m-%d %H:%M", &civil);
}

int write_out(const struct invocation *in, struct bytes data)
{
    struct err err = {0};

    if (in->value[OPT_OUTPUT] == NULL)
        return fwrite(data.data, 1, data.len, stdout) == data.len ? 0 : EXIT_REFUSED;
    if (file_write(in->value[OPT_OUTPUT], data, STATE_FILE_MODE, &err) != 0)
        return report(in, &err);
    fprintf(stderr, "%s%s\n", say(in, "已写入 ", "Written: "), in->value[OPT_OUTPUT]);
    return 0;
}

int print_table(const struct invocation *in, struct table *t)
{
    struct err err = {0};
    struct buf csv = {0};
    int rc = in->value[OPT_CSV] != NULL ? table_csv(t, &csv)
                                        : table_print(t, stdout, in->wide, in->colour);

    table_fini(t);
    if (rc == 0) {
        rc = in->value[OPT_CSV] != NULL ? write_out(in, buf_view(&csv)) : 0;
        buf_fini(&csv);
        return rc;
    }
    buf_fini(&csv);
    err_set(&err, rc, NULL, NULL, NULL, NULL, NULL);
    return report(in, &err);
}

/* ---- what is typed ---- */

/* One byte at a time: what follows the line is left for whoever reads next. */
bool read_line(char *out, size_t size)
{
    size_t len = 0;
    bool fits = true;
    char c;

    for (;;) {
        ssize_t n = read(STDIN_FILENO, &c, 1);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0 || c == '\n')
            break;
        if (len + 1 < size)
            out[len++] = c;
        else
            fits = false;
        c = '\0';
    }
    if (len > 0 && out[len - 1] == '\r')
        len--;
    out[len] = '\0';
    return fits && (len > 0 || c == '\n');
}

/* The terminal gives every key as it comes, so that Ctrl-C can put it right before we end. */
static bool read_hidden(char *out, size_t size)
{
    size_t len = 0;
    unsigned char c = 0;
    bool got = false;

    while (read(STDIN_FILENO, &c, 1) == 1 && c != KEY_INTERRUPT && (c != KEY_END || len > 0)) {
        if (c == '\r' || c == '\n' || c == KEY_END) {
            got = true;
            break;
        }
        if (c == KEY_KILL)
            len = 0;
        else if (c == KEY_BACKSPACE || c == KEY_DELETE)
            len = len > 0 ? utf8_cut(out, len, len - 1) : 0;
        else if (len + 1 < size)
            out[len++] = (char)c;
    }
    out[len] = '\0';
    return got;
}

static bool ask_hidden(const char *prompt, char *out, size_t size)
{
    struct termios kept;
    struct termios quiet;
    bool got;

    if (tcgetattr(STDIN_FILENO, &kept) != 0)
        return false;
    quiet = kept;
    quiet.c_lflag &= ~(tcflag_t)(ECHO | ICANON | ISIG);
    quiet.c_cc[VMIN] = 1;
    quiet.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &quiet);
    fputs(prompt, stderr);
    fflush(stderr);
    got = read_hidden(out, size);
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &kept);
    fputc('\n', stderr);
    return got;
}

static int secret_of_file(const struct invocation *in, const char *file, char *out, size_t size)
{
    struct buf raw = {0};
    struct err err = {0};
    size_t len;
    int rc = file_read(file, 16 * SECRET_BYTES_MAX, &raw, &err);

    if (rc != 0) {
        buf_fini(&raw);
        return report(in, &err);
    }
    for (len = 0; len < raw.len && raw.data[len] != '\n' && raw.data[len] != '\r'; len++)
        ;
    len = len < size ? len : size - 1;
    memcpy(out, raw.data, len);
    out[len] = '\0';
    if (raw.len > 0)
        secret_wipe(raw.data, raw.len);
    buf_fini(&raw);
    return 0;
}

int read_secret(const struct invocation *in, const char *file, const char *prompt, char *out,
                size_t size)
{
    bool got;

    if (file != NULL && strcmp(file, "-") != 0)
        return secret_of_file(in, file, out, size);
    got =
        file == NULL && isatty(STDIN_FILENO) ? ask_hidden(prompt, out, size) : read_line(out, size);
    if (got)
        return 0;
    secret_wipe(out, size);
    fprintf(stderr, "%s\n", say(in, "已取消。", "Cancelled."));
    return EXIT_REFUSED;
}

int confirm(const struct invocation *in, const char *consequence)
{
    char line[LINE_BYTES_MAX];

    if (in->value[OPT_YES] != NULL)
        return 0;
    fprintf(stderr, "%s%s", consequence, say(in, "确认请输入 yes：", " Type yes to go on: "));
    fflush(stderr);
    if (read_line(line, sizeof(line)) && strcmp(line, "yes") == 0)
        return 0;
    fprintf(stderr, "%s\n", say(in, "已取消。", "Cancelled."));
    return EXIT_REFUSED;
}

/* ---- exams by name ---- */

/* 1: this one by its beginning or name, 2: by its whole id. */
static int exam_fits(const json_t *exam, const char *word)
{
    const char *id = text_of(exam, "exam");
    const char *name = text_of(exam, "name");

    if (name[0] == '\0')
        name = text_of(json_object_get(exam, "definition"), "name");
    if (strcmp(id, word) == 0)
        return 2;
    return strcmp(name, word) == 0 || (word[0] != '\0' && strncmp(id, word, strlen(word)) == 0);
}

int find_exam(struct invocation *in, const char *word, char out[40])
{
    struct err err = {0};
    json_t *list = NULL;
    json_t *exam;
    size_t i;
    int found = 0;
    int rc;

    if (strlen(word) == UUID_TEXT && strspn(word, "0123456789abcdefABCDEF-") == UUID_TEXT) {
        snprintf(out, 40, "%s", word);
        return 0;
    }
    rc = client_json(in->client, "GET", "/api/v1/exams", NULL, &list, &err);
    if (rc != 0)
        return report(in, &err);
    json_array_foreach(json_object_get(list, "exams"), i, exam)
    {
        if (exam_fits(exam, word) > 0) {
            snprintf(out, 40, "%s", text_of(exam, "exam"));
            found++;
        }
    }
    json_decref(list);
    if (found == 1)
        return 0;
    fprintf(stderr, "%s“%s”%s\n", say(in, "错误：", "error: "), word,
            found == 0 ? say(in, "不是任何考试的编号或名称，请用 mingfa exam list 查看。",
                             " is no exam's id or name; see mingfa exam list.")
                       : say(in, "对应多场考试，请写完整编号。",
                             " fits several exams; give the whole id."));
    return EXIT_REFUSED;
}
