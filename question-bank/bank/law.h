/* Statutes: the law index and the reading of law texts (docs/bank-format.md §5). Pure. */
#ifndef MINGFA_BANK_LAW_H
#define MINGFA_BANK_LAW_H

#include "question-bank/base/arena.h"
#include "question-bank/base/digest.h"
#include "question-bank/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LAW_ARTICLES_MAX = 4096, LAW_TITLE_BYTES_MAX = 240, LAW_INDEX_LAWS_MAX = 4096 };

struct law_article {
    uint32_t number;
    uint32_t suffix; /* 第…条之suffix */
    struct digest digest;
    struct bytes text; /* as read; empty in an index read back */
};

struct law {
    struct bytes title;
    struct bytes version;      /* civil date of the newest promulgation or amendment */
    struct bytes in_force;     /* civil date, "" unknown */
    struct bytes repealed;     /* civil date, "" in force */
    struct digest text_digest; /* H over u32be number | u32be suffix | digest of each article */
    const struct law_article *articles; /* in order */
    size_t articles_count;
};

/* True for an existing day as "YYYY-MM-DD", years 1000 to 9999. */
bool law_date_valid(struct bytes date);

/* Reads one law text in either layout. Lives in arena. A gap in the article sequence is
 * ERR_BAD_INPUT naming the numbers before and after it. `name` is used in messages. */
int law_read(struct bytes text, const char *name, struct arena *arena, struct law *out,
             struct err *err);
/* The article, or NULL. */
const struct law_article *law_article_find(const struct law *law, uint32_t number, uint32_t suffix);

/* True when the final provisions of `newer` say that the law titled `title` is repealed
 * (《title》…同时废止). Needs article texts. */
bool law_repeals(const struct law *newer, struct bytes title);

/* A law index: laws sorted by title. Text form: question-bank/format/law_index.h. */
struct law_index {
    const struct law *laws;
    size_t count;
};
const struct law *law_index_find(const struct law_index *index, struct bytes title);

#endif
