/* See screen.h. Control sequences: ECMA-48 and the alternate screen that every terminal emulator in
 * use understands; no terminfo. */
#include "clients/cli/screen.h"

#include "clients/cli/text.h"
#include "question-bank/base/utf8.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/signalfd.h>
#include <unistd.h>

static const struct msg MSG_TERMINAL = {"terminal-missing",
                                        "标准输入或输出不是终端，请加 --lines。",
                                        "Standard input or output is no terminal; use --lines."};

static void send(const char *text)
{
    size_t len = strlen(text);

    while (len > 0) {
        ssize_t n = write(STDOUT_FILENO, text, len);

        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return; /* the terminal is gone; the next read says so */
        text += n;
        len -= (size_t)n;
    }
}

static void measure(struct screen *s)
{
    struct winsize size = {0};

    s->rows = 24;
    s->columns = 80;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_row > 0 && size.ws_col > 0) {
        s->rows = size.ws_row < SCREEN_ROWS_MAX ? size.ws_row : SCREEN_ROWS_MAX;
        s->columns = size.ws_col < SCREEN_COLUMNS_MAX ? size.ws_col : SCREEN_COLUMNS_MAX;
    }
}

/* ---- entering and leaving ---- */

static int take_signals(struct screen *s, struct err *err)
{
    sigset_t set;

    sigemptyset(&set);
    sigaddset(&set, SIGWINCH);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGHUP);
    sigaddset(&set, SIGINT);
    sigprocmask(SIG_BLOCK, &set, &s->kept_signals);
    s->signal_fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
    if (s->signal_fd >= 0)
        return 0;
    sigprocmask(SIG_SETMASK, &s->kept_signals, NULL);
    return err_set(err, ERR_IO, &MSG_TERMINAL, NULL, NULL, NULL, NULL);
}

int screen_enter(struct screen *s, bool wide, bool colour, struct err *err)
{
    struct termios raw;
    int rc;

    memset(s, 0, sizeof(*s));
    s->signal_fd = -1;
    s->wide = wide;
    s->colour = colour;
    if (!isatty(STDOUT_FILENO) || tcgetattr(STDIN_FILENO, &s->kept) != 0)
        return err_set(err, ERR_IO, &MSG_TERMINAL, NULL, NULL, NULL, NULL);
    rc = take_signals(s, err);
    if (rc != 0)
        return rc;
    raw = s->kept;
    raw.c_iflag &= ~(tcflag_t)(BRKINT | ICRNL | INPCK | ISTRIP | IXON);
    raw.c_lflag &= ~(tcflag_t)(ECHO | ICANON | IEXTEN | ISIG);
    raw.c_cc[VMIN] = 1;
    raw.c_cc[VTIME] = 0;
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &raw);
    send("\x1b[?1049h\x1b[?25l\x1b[2J");
    s->entered = true;
    measure(s);
    return 0;
}

void screen_leave(struct screen *s)
{
    if (!s->entered)
        return;
    send("\x1b[0m\x1b[?25h\x1b[?1049l");
    tcsetattr(STDIN_FILENO, TCSAFLUSH, &s->kept);
    close(s->signal_fd);
    sigprocmask(SIG_SETMASK, &s->kept_signals, NULL);
    for (int i = 0; i < SCREEN_ROWS_MAX; i++) {
        buf_fini(&s->frame[i].text);
        buf_fini(&s->frame[i].right);
        buf_fini(&s->shown[i]);
    }
    s->entered = false;
}

int screen_signal(struct screen *s)
{
    struct signalfd_siginfo info;

    while (read(s->signal_fd, &info, sizeof(info)) == (ssize_t)sizeof(info)) {
        if (info.ssi_signo != SIGWINCH)
            return (int)info.ssi_signo;
    }
    measure(s);
    for (int i = 0; i < SCREEN_ROWS_MAX; i++)
        buf_clear(&s->shown[i]);
    send("\x1b[0m\x1b[2J");
    return 0;
}

/* ---- keys ---- */

bool screen_read(struct screen *s)
{
    ssize_t n;

    if (s->input_len == sizeof(s->input))
        s->input_len = 0; /* nobody types this: a paste; let it go */
    n = read(STDIN_FILENO, s->input + s->input_len, sizeof(s->input) - s->input_len);
    if (n > 0)
        s->input_len += (size_t)n;
    return n > 0 || (n < 0 && errno == EINTR);
}

static int32_t take(struct screen *s, size_t bytes, int32_t key)
{
    memmove(s->input, s->input + bytes, s->input_len - bytes);
    s->input_len -= bytes;
    return key;
}

static int32_t key_of_final(char final, int number)
{
    switch (final) {
    case 'A':
        return KEY_UP;
    case 'B':
        return KEY_DOWN;
    case 'C':
        return KEY_RIGHT;
    case 'D':
        return KEY_LEFT;
    case 'H':
        return KEY_HOME;
    case 'F':
        return KEY_END;
    case '~':
        return number == 5   ? KEY_PAGE_UP
               : number == 6 ? KEY_PAGE_DOWN
               : number == 1 ? KEY_HOME
               : number == 4 ? KEY_END
                             : KEY_OTHER;
    default:
        return KEY_OTHER;
    }
}

/* ESC [ parameters final, or ESC O final. A lone ESC is the key itself. */
static int32_t escape_key(struct screen *s)
{
    size_t at = 2;
    int number = 0;

    if (s->input_len == 1)
        return take(s, 1, KEY_ESC);
    if (s->input[1] != '[' && s->input[1] != 'O')
        return take(s, 1, KEY_ESC);
    while (at < s->input_len && s->input[at] >= 0x20 && s->input[at] < 0x40) {
        if (s->input[at] >= '0' && s->input[at] <= '9' && number < 1000)
            number = 10 * number + (s->input[at] - '0');
        at++;
    }
    if (at == s->input_len)
        return at < 16 ? KEY_NONE : take(s, at, KEY_OTHER);
    return take(s, at + 1, key_of_final(s->input[at], number));
}

int32_t screen_key(struct screen *s)
{
    unsigned char first;
    size_t need;
    size_t pos = 0;
    int32_t cp;

    if (s->input_len == 0)
        return KEY_NONE;
    first = (unsigned char)s->input[0];
    if (first == KEY_ESC)
        return escape_key(s);
    if (first == '\n')
        return take(s, 1, KEY_ENTER);
    if (first == '\b')
        return take(s, 1, KEY_BACKSPACE);
    need = first < 0xc0 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : 4;
    if (s->input_len < need)
        return KEY_NONE;
    cp = utf8_next(s->input, s->input_len, &pos);
    return take(s, pos, cp);
}

/* ---- a frame ---- */

void screen_clear(struct screen *s)
{
    for (int i = 0; i < SCREEN_ROWS_MAX; i++) {
        buf_clear(&s->frame[i].text);
        buf_clear(&s->frame[i].right);
        s->frame[i].bold = s->frame[i].reverse = false;
    }
    s->cursor_row = s->cursor_column = -1;
}

/* One column stays free: writing the last one makes some terminals wrap. */
static int usable(const struct screen *s)
{
    return s->columns - 1;
}

void screen_put(struct screen *s, int row, const char *text)
{
    struct buf *to;
    struct buf clean = {0};
    int left;

    if (row < 0 || row >= s->rows)
        return;
    to = &s->frame[row].text;
    left = usable(s) - (buf_text(to) != NULL ? text_width(buf_text(to), s->wide) : 0);
    text_append_clean(&clean, text);
    if (buf_text(&clean) != NULL)
        buf_append(to, clean.data, text_cut(buf_text(&clean), left, s->wide));
    buf_fini(&clean);
}

void screen_put_right(struct screen *s, int row, const char *text)
{
    if (row >= 0 && row < s->rows)
        buf_append(&s->frame[row].right, text, text_cut(text, usable(s), s->wide));
}

void screen_rule(struct screen *s, int row)
{
    for (int i = 0; i < usable(s) && row >= 0 && row < s->rows; i++)
        buf_append_byte(&s->frame[row].text, '-');
}

/* The row as it is sent: text, padded up to what stands at the right. */
static void compose(struct screen *s, struct screen_row *row, struct buf *out)
{
    const char *text = buf_text(&row->text);
    const char *right = buf_text(&row->right);
    int room = usable(s) - (right != NULL ? text_width(right, s->wide) : 0);
    const char *attributes = row->reverse ? "\x1b[7m" : row->bold ? "\x1b[1m" : "";

    if (text == NULL || right == NULL)
        return;
    if (s->colour)
        buf_append_text(out, attributes);
    if (right[0] == '\0' && !row->reverse) {
        buf_append_text(out, text);
    } else {
        struct buf left = {0};

        room = right[0] != '\0' ? room - 1 : room;
        buf_append(&left, text, text_cut(text, room, s->wide));
        if (buf_text(&left) != NULL)
            text_pad(out, buf_text(&left), right[0] != '\0' ? room + 1 : room, false, s->wide);
        buf_append_text(out, right);
        buf_fini(&left);
    }
    if (s->colour && attributes[0] != '\0')
        buf_append_text(out, "\x1b[0m");
}

void screen_show(struct screen *s, bool redraw)
{
    struct buf line = {0};
    struct buf out = {0};

    for (int i = 0; i < s->rows; i++) {
        buf_clear(&line);
        compose(s, &s->frame[i], &line);
        if (!redraw && bytes_equal(buf_view(&line), buf_view(&s->shown[i])))
            continue;
        buf_printf(&out, "\x1b[%d;1H", i + 1);
        buf_append(&out, line.data, line.len);
        buf_append_text(&out, "\x1b[K");
        buf_clear(&s->shown[i]);
        buf_append(&s->shown[i], line.data, line.len);
    }
    if (s->cursor_row >= 0)
        buf_printf(&out, "\x1b[%d;%dH\x1b[?25h", s->cursor_row + 1, s->cursor_column + 1);
    else
        buf_append_text(&out, "\x1b[?25l");
    if (buf_text(&out) != NULL)
        send(buf_text(&out));
    buf_fini(&line);
    buf_fini(&out);
}
