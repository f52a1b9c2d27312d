/* Text on a grid of columns, where a Han character takes two: padding, cutting, breaking lines, and
 * tables. Widths are utf8_width's; `wide` says that the terminal shows ambiguous characters (①“—) in
 * two columns.
 *
 * Pure but for table_print. Thread: reentrant. */
#ifndef MINGFA_CLIENTS_CLI_TEXT_H
#define MINGFA_CLIENTS_CLI_TEXT_H

#include "question-bank/base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

enum { TABLE_COLUMNS_MAX = 20, TABLE_GAP = 2 };

/* Columns of `text`. */
int text_width(const char *text, bool wide);
/* The bytes of the longest beginning of text that fits into `columns`. */
size_t text_cut(const char *text, int columns, bool wide);
/* Appends text and blanks up to `columns`; nothing is cut. */
void text_pad(struct buf *out, const char *text, int columns, bool right, bool wide);
/* Appends text without what would steer a terminal: C0 and C1 controls become U+FFFD. */
void text_append_clean(struct buf *out, const char *text);
/* The bytes of the first line of `text` when lines have `columns` (2 or more): up to a line feed, or
 * to the last place where a line may break. Han text breaks anywhere, but no line begins with a
 * closing sign or ends with an opening one; words of letters and digits stay whole where they fit.
 * *next: where the following line begins (blanks at the break are left out). 0 only at the end. */
size_t text_line(const char *text, int columns, bool wide, size_t *next);

/* A table that is collected whole, so that its columns are as wide as they must be. */
struct table {
    const char *titles[TABLE_COLUMNS_MAX]; /* borrowed */
    bool right[TABLE_COLUMNS_MAX];
    size_t columns;
    char **cells; /* owned texts, row by row */
    size_t count;
    size_t room;
    bool failed;
};

void table_init(struct table *t);
void table_column(struct table *t, const char *title, bool right);
void table_cell(struct table *t, const char *text); /* copied and cleaned; NULL is "" */
void table_cell_int(struct table *t, int64_t value);
/* Hundredths as "86.50". */
void table_cell_points(struct table *t, int64_t hundredths);
/* Titles (bold on a colour terminal) and rows; cells are cut nowhere. ERR_NOMEM, else 0. */
int table_print(const struct table *t, FILE *out, bool wide, bool colour);
/* Appends BOM, titles and rows as CSV, in the manner of the server's own: what looks like a number in a
 * column of text is written as ="100001", and no cell begins a formula. ERR_NOMEM, else 0. */
int table_csv(const struct table *t, struct buf *out);
void table_fini(struct table *t);

#endif
