/* mingfa-bank: reading banks, laws and passphrases (see cli.h). */
#include "question-bank/base/file.h"
#include "question-bank/cli/cli.h"
#include "question-bank/format/law_index.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

enum { PASSPHRASE_BYTES_MAX = 1024 };

static const struct msg msg_more_errors = {
    "cli-more-errors",
    "另有 {0} 处错误没有列出",
    "{0} more errors are not listed",
};
static const struct msg msg_no_items = {
    "cli-no-items",
    "{0} 中没有试题文件（*.txt）",
    "no files of items (*.txt) in {0}",
};
static const struct msg msg_either = {
    "cli-either",
    "--bank 和 --release 应当恰好写一个",
    "give exactly one of --bank and --release",
};
static const struct msg msg_no_laws = {
    "cli-no-laws",
    "{0} 中没有法律文本（*.md）",
    "no law texts (*.md) in {0}",
};
static const struct msg msg_law_left_out = {
    "cli-law-left-out",
    "略过：{0}",
    "left out: {0}",
};
static const struct msg msg_laws_many = {
    "cli-laws-many",
    "{0} 中的法律文本多于 {1} 个",
    "more than {1} law texts in {0}",
};
static const struct msg msg_passphrase = {
    "cli-passphrase",
    "口令不能为空，最多 1024 字节",
    "the passphrase must not be empty and has at most 1024 bytes",
};
static const struct msg msg_passphrase_source = {
    "cli-passphrase-source",
    "--passphrase-file 和 --passphrase-fd 只能写一个",
    "give only one of --passphrase-file and --passphrase-fd",
};
static const struct msg msg_no_terminal = {
    "cli-no-terminal",
    "没有终端可以输入口令，请用 --passphrase-file 或 --passphrase-fd",
    "there is no terminal to ask for the passphrase; use --passphrase-file or --passphrase-fd",
};
static const struct msg msg_differ = {
    "cli-passphrases-differ",
    "两次输入的口令不同",
    "the two passphrases differ",
};
static const struct msg msg_ask = {"cli-ask", "口令：", "Passphrase: "};
static const struct msg msg_ask_again = {"cli-ask-again", "再次输入口令：", "Passphrase again: "};

/* ---- items ---- */

struct text_walk {
    struct cli_source *source;
    struct text_report report;
    size_t files;
    struct err err;
};

static int read_text_file(void *arg, const char *path)
{
    struct text_walk *w = arg;
    struct buf raw = {0};
    int rc = file_read(path, TEXT_FILE_BYTES_MAX, &raw, &w->err);

    w->files++;
    if (rc == 0)
        rc = bank_text_read(&w->source->text, buf_view(&raw), path, &w->report, &w->err);
    buf_fini(&raw);
    return rc == ERR_BAD_INPUT ? 0 : rc; /* go on: all files are reported */
}

static void say_report(struct cli *cli, const struct text_report *r)
{
    char text[ERR_TEXT_BYTES_MAX];
    char number[24];

    for (size_t i = 0; i < r->count; i++) {
        err_text(&r->errors[i], cli->lang, text, sizeof text);
        fprintf(cli->errs, "%s\n", text);
    }
    if (r->total > r->count)
        cli_say(cli, cli->errs, &msg_more_errors, err_int(number, (int64_t)(r->total - r->count)),
                NULL, NULL, NULL);
}

int cli_source_text(struct cli *cli, const char *dir, struct cli_source *out)
{
    return cli_source_text_by(cli, dir, out, say_report);
}

int cli_source_text_by(struct cli *cli, const char *dir, struct cli_source *out,
                       void (*say)(struct cli *cli, const struct text_report *report))
{
    struct text_walk *w = calloc(1, sizeof *w);
    int status = CLI_DONE;
    int rc;

    memset(out, 0, sizeof *out);
    arena_init(&out->arena, 0);
    bank_text_init(&out->text, &out->arena);
    if (w == NULL)
        return CLI_USAGE;
    w->source = out;
    rc = file_each(dir, ".txt", read_text_file, w, &w->err);
    if (rc != 0) {
        status = cli_fail(cli, &w->err);
        goto out;
    }
    if (w->files == 0) {
        cli_say(cli, cli->errs, &msg_no_items, dir, NULL, NULL, NULL);
        status = CLI_USAGE;
        goto out;
    }
    rc = bank_text_finish(&out->text, &out->pool, &w->report, &w->err);
    if (rc == ERR_NOMEM)
        status = cli_fail(cli, &w->err);
    else if (w->report.total > 0)
        status = CLI_REFUSED;
    if (w->report.total > 0)
        say(cli, &w->report);
out:
    free(w);
    if (status != CLI_DONE)
        cli_source_fini(out);
    return status;
}

int cli_source_release(struct cli *cli, const char *path, struct cli_source *out)
{
    struct buf raw = {0};
    struct err err = {0};
    int rc;

    memset(out, 0, sizeof *out);
    arena_init(&out->arena, 0);
    bank_text_init(&out->text, &out->arena);
    rc = file_read(path, RELEASE_BYTES_MAX, &raw, &err);
    if (rc == 0) {
        cli->about = path;
        rc = release_open_unsigned(&raw, &out->bank, &err);
    }
    buf_fini(&raw);
    if (rc != 0) {
        cli_source_fini(out);
        return cli_fail(cli, &err);
    }
    cli->about = NULL;
    out->pool = *bank_pool(out->bank);
    return CLI_DONE;
}

int cli_source_either(struct cli *cli, const char *dir, const char *release, struct cli_source *out)
{
    if ((dir == NULL) == (release == NULL)) {
        cli_say(cli, cli->errs, &msg_either, NULL, NULL, NULL, NULL);
        return CLI_USAGE;
    }
    return dir != NULL ? cli_source_text(cli, dir, out) : cli_source_release(cli, release, out);
}

void cli_source_fini(struct cli_source *s)
{
    bank_free(s->bank);
    bank_text_fini(&s->text);
    arena_fini(&s->arena);
    memset(s, 0, sizeof *s);
}

/* ---- laws ---- */

struct law_walk {
    struct cli *cli;
    struct arena *arena;
    struct law *laws;
    size_t count;
    size_t files;
    struct err err;
};

static int read_law_file(void *arg, const char *path)
{
    struct law_walk *w = arg;
    struct buf raw = {0};
    struct err why = {0};
    const char *slash = strrchr(path, '/');
    int rc = file_read(path, CLI_FILE_BYTES_MAX, &raw, &w->err);

    w->files++;
    if (rc == 0 && w->count == CLI_LAWS_MAX) {
        char max[24];

        rc = err_set(&w->err, ERR_LIMIT, &msg_laws_many, path, err_int(max, CLI_LAWS_MAX), NULL,
                     NULL);
    }
    if (rc != 0)
        goto out;
    rc = law_read(buf_view(&raw), slash == NULL ? path : slash + 1, w->arena, &w->laws[w->count],
                  &why);
    if (rc == 0) {
        w->count++;
    } else if (rc == ERR_NOMEM) {
        w->err = why;
    } else {
        char text[ERR_TEXT_BYTES_MAX];

        err_text(&why, w->cli->lang, text, sizeof text);
        cli_say(w->cli, w->cli->errs, &msg_law_left_out, text, NULL, NULL, NULL);
        rc = 0;
    }
out:
    buf_fini(&raw);
    return rc;
}

int cli_laws_read(struct cli *cli, const char *dir, const struct item_pool *cited,
                  struct arena *arena, struct law_index *out)
{
    struct law_walk w = {.cli = cli, .arena = arena};
    int rc;

    w.laws = arena_array(arena, CLI_LAWS_MAX, sizeof *w.laws);
    if (w.laws == NULL)
        return CLI_USAGE;
    rc = file_each(dir, ".md", read_law_file, &w, &w.err);
    if (rc == 0 && w.files == 0) {
        cli_say(cli, cli->errs, &msg_no_laws, dir, NULL, NULL, NULL);
        return CLI_USAGE;
    }
    if (rc == 0)
        rc = law_index_make(w.laws, w.count, cited, arena, out, &w.err);
    return rc == 0 ? CLI_DONE : cli_fail(cli, &w.err);
}

int cli_index_read(struct cli *cli, const char *path, struct arena *arena, struct law_index *out)
{
    struct buf raw = {0};
    struct err err = {0};
    int rc = file_read(path, LAW_INDEX_BYTES_MAX, &raw, &err);

    if (rc == 0)
        rc = law_index_read(buf_view(&raw), path, arena, out, &err);
    buf_fini(&raw);
    return rc == 0 ? CLI_DONE : cli_fail(cli, &err);
}

/* ---- passphrases ---- */

static int read_descriptor(int fd, struct buf *out)
{
    char piece[256];

    while (out->len <= PASSPHRASE_BYTES_MAX) {
        ssize_t n = read(fd, piece, sizeof piece);

        if (n < 0)
            return ERR_IO;
        if (n == 0)
            break;
        buf_append(out, piece, (size_t)n);
    }
    secret_wipe(piece, sizeof piece);
    return buf_error(out);
}

/* Up to a line end from the terminal, without echo. */
static int read_terminal(struct cli *cli, const struct msg *prompt, struct buf *out)
{
    struct termios before;
    struct termios quiet;
    int fd = open("/dev/tty", O_RDWR | O_CLOEXEC);
    int rc = 0;

    if (fd < 0)
        return ERR_IO;
    if (tcgetattr(fd, &before) != 0) {
        close(fd);
        return ERR_IO;
    }
    quiet = before;
    quiet.c_lflag &= (tcflag_t)~ECHO;
    tcsetattr(fd, TCSAFLUSH, &quiet);
    dprintf(fd, "%s", cli->lang == LANG_EN ? prompt->en : prompt->zh);
    for (;;) {
        char c;
        ssize_t n = read(fd, &c, 1);

        if (n < 0)
            rc = ERR_IO;
        if (n <= 0 || c == '\n' || out->len > PASSPHRASE_BYTES_MAX)
            break;
        buf_append_byte(out, (uint8_t)c);
    }
    dprintf(fd, "\n");
    tcsetattr(fd, TCSAFLUSH, &before);
    close(fd);
    return rc != 0 ? rc : buf_error(out);
}

static void strip_line_end(struct buf *b)
{
    while (b->len > 0 && (b->data[b->len - 1] == '\n' || b->data[b->len - 1] == '\r'))
        b->len--;
}

int cli_passphrase(struct cli *cli, const char *file, const char *fd, bool twice, struct buf *out)
{
    struct err err = {0};
    struct buf again = {0};
    int rc;

    if (file != NULL && fd != NULL) {
        cli_say(cli, cli->errs, &msg_passphrase_source, NULL, NULL, NULL, NULL);
        return CLI_USAGE;
    }
    if (file != NULL) {
        rc = file_read(file, PASSPHRASE_BYTES_MAX + 2, out, &err);
        if (rc != 0)
            return cli_fail(cli, &err);
    } else if (fd != NULL) {
        char *end;
        long number = strtol(fd, &end, 10);

        rc = *end != '\0' || number < 0 || number > 65535 ? ERR_IO
                                                          : read_descriptor((int)number, out);
    } else {
        rc = read_terminal(cli, &msg_ask, out);
        if (rc == 0 && twice)
            rc = read_terminal(cli, &msg_ask_again, &again);
        if (rc == 0 && twice && !bytes_equal(buf_view(out), buf_view(&again)))
            rc = err_set(&err, ERR_BAD_INPUT, &msg_differ, NULL, NULL, NULL, NULL);
        if (again.len > 0)
            secret_wipe(again.data, again.len);
        buf_fini(&again);
    }
    if (rc != 0) {
        if (err.msg == NULL)
            err_set(&err, ERR_IO, &msg_no_terminal, NULL, NULL, NULL, NULL);
        return cli_fail(cli, &err);
    }
    strip_line_end(out);
    if (out->len == 0 || out->len > PASSPHRASE_BYTES_MAX) {
        cli_say(cli, cli->errs, &msg_passphrase, NULL, NULL, NULL, NULL);
        return CLI_USAGE;
    }
    return CLI_DONE;
}
