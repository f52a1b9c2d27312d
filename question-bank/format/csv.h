/* CSV as people hand it in: bytes -> rows of clean cells.
 *
 * RFC 4180, strictly, by libcsv; CR LF or LF. The text is UTF-8 with or without a BOM; else, when all
 * of it is strict GB18030 (what a Chinese Excel saves as "CSV"), it is converted and the table says
 * so. Cells are trimmed (blanks, tabs, U+3000, U+00A0), brought to NFC, and freed of what our own
 * writer adds for Excel: ="0012" becomes 0012, a ' before = + - @ goes. Rows of empty cells are left
 * out, but every row keeps the number that a spreadsheet shows.
 *
 * Thread: reentrant. */
#ifndef MINGFA_FORMAT_CSV_H
#define MINGFA_FORMAT_CSV_H

#include "question-bank/base/arena.h"
#include "question-bank/base/err.h"

#include <stdbool.h>

enum {
    CSV_BYTES_MAX = 64 << 20,
    CSV_ROWS_MAX = 200000,
    CSV_COLUMNS_MAX = 64,
    CSV_CELL_BYTES_MAX = 8192,
};

struct csv_row {
    uint32_t row; /* 1, 2, … as a spreadsheet counts */
    const struct bytes *cells;
    size_t count;
};

struct csv_table {
    struct arena arena; /* holds rows, cells and texts */
    struct csv_row *rows;
    size_t count;
    bool converted; /* from GB18030 */
};

/* Reads it all. ERR_BAD_INPUT naming the row (not CSV, not text, an Excel workbook, nothing in it),
 * ERR_LIMIT, ERR_NOMEM. On success: csv_table_fini. */
int csv_read(struct bytes raw, struct csv_table *out, struct err *err);
void csv_table_fini(struct csv_table *t);

#endif
