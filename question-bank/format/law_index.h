/* The law index as text (question-bank/content/laws.tsv): reading, writing, and making one from law
 * texts.
 *
 *   # comment
 *   law<TAB>title<TAB>version<TAB>in force<TAB>repealed<TAB>text digest
 *   art<TAB>number[.suffix]<TAB>digest        the articles of the law above, ascending
 *
 * Dates are civil dates, empty where there is none; digests 64 hex. Laws are sorted by title. Pure:
 * bytes in and out, everything in the caller's arena. Thread: any. */
#ifndef MINGFA_FORMAT_LAW_INDEX_H
#define MINGFA_FORMAT_LAW_INDEX_H

#include "question-bank/bank/item.h"
#include "question-bank/bank/law.h"

enum { LAW_INDEX_BYTES_MAX = 64 * 1024 * 1024 };

/* ERR_BAD_INPUT naming file, line, found and expected. */
int law_index_read(struct bytes text, const char *name, struct arena *arena, struct law_index *out,
                   struct err *err);
/* Appends. */
void law_index_write(const struct law_index *index, struct buf *out);

/* Makes an index of the law texts in laws[count] (borrowed; sorted in place). Of several texts with
 * one title the newest version counts; two of the same version that differ are ERR_CONFLICT where an
 * item of `cited` cites that title. Laws that `cited` does not cite are left out (cited NULL: all are
 * kept). A law that a newer one repeals is marked so from the day the newer one is in force. */
int law_index_make(struct law *laws, size_t count, const struct item_pool *cited,
                   struct arena *arena, struct law_index *out, struct err *err);

#endif
