/* The terminal as a whole: keys as they are pressed, rows of text, its size.
 *
 * A frame is composed as rows and shown by screen_show, which sends only the rows that changed, each
 * to its own place: a terminal that counts a character's columns otherwise than we do can spoil that
 * row's end, not the next row. screen_leave puts everything back, also after a signal.
 *
 * Thread: one. */
#ifndef MINGFA_CLIENTS_CLI_SCREEN_H
#define MINGFA_CLIENTS_CLI_SCREEN_H

#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <termios.h>

enum { SCREEN_ROWS_MAX = 300, SCREEN_COLUMNS_MAX = 500, SCREEN_INPUT_BYTES = 256 };
enum { SCREEN_ROWS_LEAST = 10, SCREEN_COLUMNS_LEAST = 40 };

/* Keys that are no character; characters are their code points. */
enum key {
    KEY_NONE = -1,
    KEY_CTRL_C = 3,
    KEY_CTRL_L = 12,
    KEY_ENTER = 13,
    KEY_CTRL_U = 21,
    KEY_ESC = 27,
    KEY_BACKSPACE = 127,
    KEY_UP = 0x200000,
    KEY_DOWN,
    KEY_LEFT,
    KEY_RIGHT,
    KEY_PAGE_UP,
    KEY_PAGE_DOWN,
    KEY_HOME,
    KEY_END,
    KEY_OTHER
};

struct screen_row {
    struct buf text;  /* no line feeds, no controls; not wider than the screen */
    struct buf right; /* set against the right edge, over the end of text */
    bool bold, reverse;
};

struct screen {
    int rows, columns;
    bool wide, colour;
    int signal_fd; /* readable: screen_signal */
    struct screen_row frame[SCREEN_ROWS_MAX];
    int cursor_row, cursor_column; /* from 0; -1: hidden */

    struct buf shown[SCREEN_ROWS_MAX]; /* what was sent for each row */
    struct termios kept;
    sigset_t kept_signals;
    bool entered;
    char input[SCREEN_INPUT_BYTES];
    size_t input_len;
};

/* Takes the terminal of standard input and output. ERR_IO: it is none. */
int screen_enter(struct screen *s, bool wide, bool colour, struct err *err);
void screen_leave(struct screen *s);
/* What came on signal_fd: 0 go on (the size is read anew), else the signal that asks to end. */
int screen_signal(struct screen *s);
/* Reads what was typed; false at the end of input. */
bool screen_read(struct screen *s);
/* The next key of what was read; KEY_NONE when there is none, or not all of it yet. */
int32_t screen_key(struct screen *s);

/* Empties the frame. */
void screen_clear(struct screen *s);
/* Appends text to a row, cut at the right edge; rows outside the screen are ignored. */
void screen_put(struct screen *s, int row, const char *text);
void screen_put_right(struct screen *s, int row, const char *text);
/* A row of dashes. */
void screen_rule(struct screen *s, int row);
/* Sends what changed. redraw: everything. */
void screen_show(struct screen *s, bool redraw);

#endif
