/* Civil dates at +08:00, the dates of policies, rosters and hearings, as text "2026-11-24".
 *
 * As text they compare by bytes. Pure; any thread. */
#ifndef MINGFA_ROSTER_CIVIL_H
#define MINGFA_ROSTER_CIVIL_H

#include "question-bank/base/bytes.h"

#include <stdbool.h>
#include <stdint.h>

enum { CIVIL_DATE_BYTES = 10, CIVIL_TEXT_BYTES = 24 };

/* A day that exists, written YYYY-MM-DD, years 1900 to 9999. */
bool civil_date_valid(struct bytes text);
/* Also takes 2026/1/5, 2026.1.5, 2026年1月5日 and 20260105, as people and spreadsheets write them,
 * and writes the normal form, NUL-terminated. 0 or ERR_BAD_INPUT. */
int civil_date_parse(struct bytes text, char out[CIVIL_TEXT_BYTES]);
/* The date at +08:00 of a moment in UTC milliseconds (1900 to 9999). */
void civil_date_of_ms(int64_t ms, char out[CIVIL_TEXT_BYTES]);
/* "2026-11-24 09:30:05" at +08:00. */
void civil_time_of_ms(int64_t ms, char out[CIVIL_TEXT_BYTES]);
/* The first moment after the day, at +08:00; what was recorded before it is as of that date. The
 * date must be valid. */
int64_t civil_date_end_ms(struct bytes date);

#endif
