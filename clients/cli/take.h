/* The two ways to sit an exam in a terminal: a full screen, and plain lines. Thread: one. */
#ifndef MINGFA_CLIENTS_CLI_TAKE_H
#define MINGFA_CLIENTS_CLI_TAKE_H

#include "clients/cli/sitting.h"

enum take_end {
    TAKE_OVER = 1, /* handed in or closed: s->result */
    TAKE_LEFT,     /* the person left; the clock goes on */
    TAKE_LOGIN,    /* the person must log in again, and then go on */
    TAKE_FAILED    /* a signal, or the terminal went away */
};

/* Where the person is; kept over a new log-in. */
struct take_place {
    size_t item;
};

enum take_end take_screen(struct sitting *s, struct take_place *place);
enum take_end take_lines(struct sitting *s, struct take_place *place);

/* What both say. */
void take_clock_text(const struct sitting *s, char out[32]);
const char *answer_state_text(const struct sitting *s, size_t item);
/* "1、5、9" of the items for which want() holds; at most `most` of them, then how many more. */
void take_list_items(const struct sitting *s, bool (*want)(const struct sitting *, size_t),
                     size_t most, struct buf *out);
bool item_is_unanswered(const struct sitting *s, size_t item);
bool item_is_marked(const struct sitting *s, size_t item);
/* What the person should know now: connection, suspension, time, the server's notice. Appends. */
void take_message(const struct sitting *s, struct buf *out);
/* The value of a text that was typed: trimmed; empty clears. New reference; NULL: not usable text. */
json_t *answer_of_text(const char *text);

#endif
