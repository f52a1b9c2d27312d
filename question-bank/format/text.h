/* The text form of items that people write (docs/bank-format.md §1): reading and writing.
 *
 * Reading goes on after an error, so that an author sees all of them at once; every error names
 * file, line, what was found and what was expected. Text is brought to NFC. Pure: bytes in, items
 * out; all texts live in the caller's arena. Thread: any, one at a time per bank_text. */
#ifndef MINGFA_FORMAT_TEXT_H
#define MINGFA_FORMAT_TEXT_H

#include "question-bank/bank/item.h"

enum {
    TEXT_LINE_BYTES_MAX = 64 * 1024,
    TEXT_FILE_BYTES_MAX = 64 * 1024 * 1024,
    TEXT_ITEMS_MAX = 200000,
    TEXT_ERRORS_MAX = 100,
};

/* What was wrong. Past TEXT_ERRORS_MAX errors are only counted. Zero-initialised is empty. The
 * sentence of each err holds file and line. */
struct text_report {
    struct err errors[TEXT_ERRORS_MAX];
    size_t count; /* kept */
    size_t total; /* found */
};

/* Items of one or several files. Embedded by value. */
struct bank_text {
    struct arena *arena; /* borrowed */
    struct item *items;  /* owned until bank_text_fini; item texts are in the arena */
    size_t count;
    size_t cap;
};

void bank_text_init(struct bank_text *b, struct arena *arena);
void bank_text_fini(struct bank_text *b);

/* Reads one file's bytes; `name` is used in messages and copied. Items without errors are added.
 * Returns 0, ERR_BAD_INPUT (see the report), ERR_NOMEM. Citations carry the 8 bytes of digest that
 * the text has (zeros where it has none); salts and digests stay zero. */
int bank_text_read(struct bank_text *b, struct bytes text, const char *name,
                   struct text_report *report, struct err *err);

/* After the last file: sorts by id, reports duplicate ids, closes enemies symmetrically. *out
 * borrows from b. Returns 0, ERR_BAD_INPUT (see the report), ERR_NOMEM. */
int bank_text_finish(struct bank_text *b, struct item_pool *out, struct text_report *report,
                     struct err *err);

/* Parses what stands behind 【依据】. `digest` gets 8 bytes or zeros. 0 or ERR_BAD_INPUT. The title
 * is borrowed from text. */
int text_citation_parse(struct bytes text, struct citation *out);
/* 《title》第…条[之…][第…款][第…项], and @16hex if the digest is not zero; appended. */
void text_citation_write(const struct citation *c, struct buf *out);

/* Writes one item in the text form, with a blank line behind it; appended. Reading it back gives
 * the same item. */
void text_item_write(const struct item *it, struct buf *out);

/* 单选题 …; 记忆 …: the words of the form. Never NULL for valid values. */
const char *text_type_name(enum item_type type);
const char *text_level_name(uint8_t level);
/* 0, or ERR_BAD_INPUT. */
int text_type_parse(struct bytes text, enum item_type *out);

#endif
