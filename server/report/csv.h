/* CSV for Excel and for programs: RFC 4180, UTF-8 with BOM, CR LF.
 *
 * Text that begins with = + - @ TAB or CR would be run as a formula: a ' goes in front. An id (a
 * person number, a unit code) is written as ="0012": Excel then shows the text 0012 and neither drops
 * the zeros nor rounds 18 digits; our own reader takes the wrapping off again. Only columns that are
 * ids are wrapped, and only ids of letters, digits and . _ - are; others are written as text.
 *
 * Thread: reentrant. A failed allocation sticks to the buf (buf_error). */
#ifndef MINGFA_REPORT_CSV_H
#define MINGFA_REPORT_CSV_H

#include "question-bank/base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

struct csv_writer {
    struct buf *out; /* borrowed */
    bool row_begun;
};

/* Writes the BOM. */
void csv_writer_init(struct csv_writer *w, struct buf *out);
void csv_write_text(struct csv_writer *w, struct bytes text);
void csv_write_string(struct csv_writer *w, const char *text); /* NUL-terminated; NULL: empty */
void csv_write_id(struct csv_writer *w, struct bytes id);
void csv_write_number(struct csv_writer *w, int64_t value);
/* 8550 -> 85.50 */
void csv_write_hundredths(struct csv_writer *w, uint32_t value);
void csv_end_row(struct csv_writer *w);

#endif
