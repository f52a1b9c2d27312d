/* Checks shared by the records of the roster: lengths, clean text, dates. Pure. */
#ifndef MINGFA_ROSTER_RECORD_TEXT_H
#define MINGFA_ROSTER_RECORD_TEXT_H

#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <stdbool.h>

/* UTF-8 in NFC without control characters, min to max bytes. what: the column's Chinese name.
 * ERR_BAD_INPUT. */
int record_text_check(struct bytes text, size_t min, size_t max, const char *what, struct err *err);
/* A civil date, or "" where that is allowed. ERR_BAD_INPUT. */
int record_date_check(struct bytes date, bool may_be_empty, const char *what, struct err *err);
/* Into a NUL-terminated buffer, cut at a code point; returns out. */
char *record_text_copy(struct bytes text, char *out, size_t size);

#endif
