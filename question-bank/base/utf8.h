/* UTF-8 text: strict validation, NFC, the fold used to compare people's writing, display width.
 *
 * Sources: RFC 3629 (UTF-8), Unicode UAX #15 (NFC, NFKC) by utf8proc, UAX #11 (width).
 * Thread: reentrant. */
#ifndef MINGFA_BASE_UTF8_H
#define MINGFA_BASE_UTF8_H

#include "question-bank/base/bytes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Longest text that is normalised or folded at once. */
enum { UTF8_MAP_BYTES_MAX = 1 << 28 };

/* True when all of it is well-formed UTF-8 (no overlong, no surrogates, <= U+10FFFF). If not and
 * bad_at is not NULL, *bad_at is the offset of the first bad byte. */
bool utf8_valid(struct bytes text, size_t *bad_at);

/* Largest length <= max that does not cut a code point of valid text. */
size_t utf8_cut(const char *text, size_t len, size_t max);

/* Decodes one code point at *pos, advances *pos. Returns -1 at the end. An ill-formed byte decodes to
 * U+FFFD alone. */
int32_t utf8_next(const char *text, size_t len, size_t *pos);

/* NFC of valid UTF-8, appended to out. 0, ERR_NOMEM, or ERR_BAD_INPUT (ill-formed, too long). */
int utf8_nfc(struct bytes text, struct buf *out);
bool utf8_is_nfc(struct bytes text);

/* The fold of fill-in answers, version 1 (docs/bank-format.md §6): NFKC, case fold, all white
 * space removed, Chinese numerals to Arabic: a maximal run of numeral signs that is a number; digits
 * alone one by one ("〇〇七" is "007"). Appended to out. 0, ERR_NOMEM, ERR_BAD_INPUT. */
int utf8_fold_answer_v1(struct bytes text, struct buf *out);

/* The normal form of statute text that article digests cover (docs/bank-format.md §5): NFC, white
 * space and '*' (full-width too) removed, U+FF01..U+FF5E to ASCII. Appended to out; it is hashed, and
 * need not be NFC any more. 0, ERR_NOMEM, ERR_BAD_INPUT. */
int utf8_fold_statute(struct bytes text, struct buf *out);

/* Columns on a terminal: wide and full-width 2, combining and control 0; ambiguous (UAX #11) 1, or 2
 * if asked. */
int utf8_width(const char *text, size_t len, bool ambiguous_wide);

/* Chinese numeral (〇零一二两三…九, 十百千万亿) to integer, below 10^16. Returns 0 and *value, or
 * ERR_BAD_INPUT. "十二" 12, "一百零三" 103, "一千二百六十" 1260; digits alone are positional, at most
 * 15: "二〇二六" 2026. What people write for short and read in two ways is refused: "一百二", "三万五". */
int utf8_chinese_number(struct bytes text, int64_t *value);
/* The statute form of 1..99999 ("一千二百六十", "十二"); NUL-terminated in out[64]. */
void utf8_chinese_number_text(int64_t value, char out[64]);

#endif
