/* Items and the pool that papers are drawn from (docs/bank-format.md §2).
 *
 * An item pool is immutable once built and may be read by any thread. Everything an item points to
 * is borrowed from the arena or the release that holds the pool. */
#ifndef MINGFA_BANK_ITEM_H
#define MINGFA_BANK_ITEM_H

#include "question-bank/base/arena.h"
#include "question-bank/base/bytes.h"
#include "question-bank/base/digest.h"
#include "question-bank/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum item_type { ITEM_SINGLE = 1, ITEM_MULTIPLE = 2, ITEM_TRUE_FALSE = 3, ITEM_FILL_IN = 4 };

enum {
    ITEM_ID_BYTES_MAX = 32,
    ITEM_OPTIONS_MAX = 8,
    ITEM_TOPICS_MAX = 8,
    ITEM_AUDIENCES_MAX = 16,
    ITEM_CITATIONS_MAX = 8,
    ITEM_ENEMIES_MAX = 32,
    ITEM_ALTERNATIVES_MAX = 16,
    ITEM_STEM_BYTES_MAX = 4096,
    ITEM_OPTION_BYTES_MAX = 1024,
    ITEM_EXPLANATION_BYTES_MAX = 4096,
    ITEM_FACILITY_ONE = 10000, /* 1.0 as a share in 1/10,000 */
    ITEM_SALT_BYTES = 16,
};

/* 《title》第article条[之suffix][第paragraph款][第point项]; 0 where absent. */
struct citation {
    struct bytes title;
    uint32_t article;
    uint32_t suffix;
    uint32_t paragraph;
    uint32_t point;
    struct digest article_digest; /* of the text it was written from */
};

/* The answer key. Never leaves the server before the review policy allows. */
struct answer_key {
    uint32_t mask; /* single, multiple: bit i = original option i; true/false: 1 = 正确 */
    struct bytes alternatives[ITEM_ALTERNATIVES_MAX]; /* fill-in, as written */
    size_t alternatives_count;
};

struct item {
    struct bytes id;
    uint16_t revision;
    enum item_type type;
    struct bytes area;
    struct bytes topics[ITEM_TOPICS_MAX];
    size_t topics_count;
    uint8_t difficulty;                         /* 1…5 */
    uint8_t level;                              /* cognitive: 1 记忆 2 理解 3 应用 */
    struct bytes audiences[ITEM_AUDIENCES_MAX]; /* sorted by bytes; empty = everybody */
    size_t audiences_count;
    struct bytes stem;
    struct bytes options[ITEM_OPTIONS_MAX];
    size_t options_count;
    bool fixed_options;
    struct citation citations[ITEM_CITATIONS_MAX];
    size_t citations_count;
    struct bytes enemies[ITEM_ENEMIES_MAX]; /* ids, sorted by bytes */
    size_t enemies_count;
    uint16_t facility; /* expected share correct, 1/10,000 */

    struct answer_key answer_key;
    struct bytes explanation;
    uint8_t salt[ITEM_SALT_BYTES];
    struct digest digest;

    /* Where it was written: for messages only, zero when read from a release. */
    const char *source_file;
    uint32_t source_line;
};

/* Items sorted by id (byte order), ids unique. */
struct item_pool {
    const struct item *items;
    size_t count;
};

/* Index of the item with that id, or -1. */
int64_t item_pool_find(const struct item_pool *pool, struct bytes id);

/* Facility assumed for a difficulty without statistics: 9000, 8000, 7000, 6000, 5000. */
uint16_t item_default_facility(uint8_t difficulty);

/* The encoded question and answer maps (docs/bank-format.md §2), appended. */
void item_encode_question(const struct item *it, struct buf *out);
void item_encode_answer(const struct item *it, struct buf *out);
/* Item digest from the two encodings and the salt. */
struct digest item_digest(struct bytes question, const uint8_t salt[ITEM_SALT_BYTES],
                          struct bytes answer);
/* True when id has the form [A-Z0-9][A-Z0-9-]{2,31}. */
bool item_id_valid(struct bytes id);
/* The rules every item keeps, however it was written: limits, options and answer key by type,
 * sorted audiences and enemies. ERR_BAD_INPUT naming the id and the field. Thread: any. */
int item_check(const struct item *it, struct err *err);
/* Decodes both maps into *it; texts are borrowed from the two views. ERR_CORRUPT with the field. */
int item_decode(struct bytes question, struct bytes answer, struct item *it, struct err *err);

#endif
