/* Items: their rules, and the bytes that are hashed (docs/bank-format.md §2).
 *
 * An item is checked by one set of rules (item_check) whether it was typed by a person or read from
 * a release. Encoding cannot fail but for memory, which the buffer remembers; decoding refuses what
 * this code would not have written. Pure; any thread. */
#include "question-bank/bank/item.h"

#include "question-bank/base/cbor.h"

#include <assert.h>
#include <string.h>

enum { QUESTION_FIELDS = 14, ANSWER_FIELDS = 2, AREA_BYTES_MAX = 96, TOPIC_BYTES_MAX = 192 };

static const struct msg msg_item_field = {
    "item-field",
    "试题 {0}：{1}不符合规定",
    "item {0}: the {1} is not acceptable",
};
static const struct msg msg_item_encoding = {
    "item-encoding",
    "{0}部分不是规范编码（第 {1} 字节处）",
    "the {0} part is not canonically encoded (at byte {1})",
};

int64_t item_pool_find(const struct item_pool *pool, struct bytes id)
{
    size_t low = 0;
    size_t high = pool->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = bytes_compare(pool->items[mid].id, id);

        if (order == 0)
            return (int64_t)mid;
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return -1;
}

uint16_t item_default_facility(uint8_t difficulty)
{
    static const uint16_t facility[] = {0, 9000, 8000, 7000, 6000, 5000};

    assert(difficulty >= 1 && difficulty <= 5);
    return facility[difficulty];
}

bool item_id_valid(struct bytes id)
{
    if (id.len < 3 || id.len > ITEM_ID_BYTES_MAX)
        return false;
    for (size_t i = 0; i < id.len; i++) {
        uint8_t c = id.data[i];
        bool alnum = (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');

        if (!alnum && (c != '-' || i == 0))
            return false;
    }
    return true;
}

/* ---- rules ---- */

static bool text_fits(struct bytes text, size_t max)
{
    return text.len > 0 && text.len <= max;
}

static bool texts_ascend(const struct bytes *texts, size_t count, size_t max)
{
    for (size_t i = 0; i < count; i++) {
        if (!text_fits(texts[i], max))
            return false;
        if (i > 0 && bytes_compare(texts[i - 1], texts[i]) >= 0)
            return false;
    }
    return true;
}

static bool options_good(const struct item *it)
{
    if (it->type == ITEM_TRUE_FALSE || it->type == ITEM_FILL_IN)
        return it->options_count == 0 && !it->fixed_options;
    if (it->options_count < 2 || it->options_count > ITEM_OPTIONS_MAX)
        return false;
    for (size_t i = 0; i < it->options_count; i++) {
        if (!text_fits(it->options[i], ITEM_OPTION_BYTES_MAX))
            return false;
    }
    return true;
}

static bool answer_key_good(const struct item *it)
{
    const struct answer_key *k = &it->answer_key;
    int bits = __builtin_popcount(k->mask);

    if (it->type == ITEM_FILL_IN) {
        if (k->mask != 0 || k->alternatives_count == 0 ||
            k->alternatives_count > ITEM_ALTERNATIVES_MAX)
            return false;
        for (size_t i = 0; i < k->alternatives_count; i++) {
            if (!text_fits(k->alternatives[i], ITEM_OPTION_BYTES_MAX))
                return false;
        }
        return true;
    }
    if (k->alternatives_count != 0)
        return false;
    if (it->type == ITEM_TRUE_FALSE)
        return k->mask <= 1;
    if (k->mask >> it->options_count != 0)
        return false;
    return it->type == ITEM_SINGLE ? bits == 1 : bits >= 2;
}

static bool topics_good(const struct item *it)
{
    if (it->topics_count == 0 || it->topics_count > ITEM_TOPICS_MAX)
        return false;
    for (size_t i = 0; i < it->topics_count; i++) {
        if (!text_fits(it->topics[i], TOPIC_BYTES_MAX))
            return false;
    }
    return true;
}

static bool citations_good(const struct item *it)
{
    if (it->citations_count == 0 || it->citations_count > ITEM_CITATIONS_MAX)
        return false;
    for (size_t i = 0; i < it->citations_count; i++) {
        if (!text_fits(it->citations[i].title, 240) || it->citations[i].article == 0)
            return false;
    }
    return true;
}

static bool enemies_good(const struct item *it)
{
    if (it->enemies_count > ITEM_ENEMIES_MAX ||
        !texts_ascend(it->enemies, it->enemies_count, ITEM_ID_BYTES_MAX))
        return false;
    for (size_t i = 0; i < it->enemies_count; i++) {
        if (!item_id_valid(it->enemies[i]) || bytes_equal(it->enemies[i], it->id))
            return false;
    }
    return true;
}

static const struct err_word word_id = {"编号", "id"};
static const struct err_word word_revision = {"版次", "revision"};
static const struct err_word word_type = {"题型", "type"};
static const struct err_word word_area = {"领域", "area"};
static const struct err_word word_topics = {"知识点", "list of topics"};
static const struct err_word word_difficulty = {"难度", "difficulty"};
static const struct err_word word_level = {"层次", "level"};
static const struct err_word word_audience = {"适用", "audience"};
static const struct err_word word_stem = {"题干", "stem"};
static const struct err_word word_options = {"选项", "list of options"};
static const struct err_word word_citations = {"依据", "list of citations"};
static const struct err_word word_enemies = {"互斥", "list of enemies"};
static const struct err_word word_facility = {"预期得分率", "facility"};
static const struct err_word word_key = {"答案", "answer key"};
static const struct err_word word_explanation = {"解析", "explanation"};

/* The name of the first field that breaks a rule, or NULL. */
static const struct err_word *item_bad_field(const struct item *it)
{
    if (!item_id_valid(it->id))
        return &word_id;
    if (it->revision == 0)
        return &word_revision;
    if (it->type < ITEM_SINGLE || it->type > ITEM_FILL_IN)
        return &word_type;
    if (!text_fits(it->area, AREA_BYTES_MAX))
        return &word_area;
    if (!topics_good(it))
        return &word_topics;
    if (it->difficulty < 1 || it->difficulty > 5)
        return &word_difficulty;
    if (it->level < 1 || it->level > 3)
        return &word_level;
    if (it->audiences_count > ITEM_AUDIENCES_MAX ||
        !texts_ascend(it->audiences, it->audiences_count, AREA_BYTES_MAX))
        return &word_audience;
    if (!text_fits(it->stem, ITEM_STEM_BYTES_MAX))
        return &word_stem;
    if (!options_good(it))
        return &word_options;
    if (!citations_good(it))
        return &word_citations;
    if (!enemies_good(it))
        return &word_enemies;
    if (it->facility > ITEM_FACILITY_ONE)
        return &word_facility;
    if (!answer_key_good(it))
        return &word_key;
    if (!text_fits(it->explanation, ITEM_EXPLANATION_BYTES_MAX))
        return &word_explanation;
    return NULL;
}

static void id_text(char out[ITEM_ID_BYTES_MAX + 1], struct bytes id)
{
    size_t len = id.len < ITEM_ID_BYTES_MAX ? id.len : ITEM_ID_BYTES_MAX;

    if (len > 0)
        memcpy(out, id.data, len);
    out[len] = '\0';
}

int item_check(const struct item *it, struct err *err)
{
    const struct err_word *field = item_bad_field(it);
    char id[ITEM_ID_BYTES_MAX + 1];

    if (field == NULL)
        return 0;
    id_text(id, it->id);
    err_set(err, ERR_BAD_INPUT, &msg_item_field, id, NULL, NULL, NULL);
    err_say(err, 1, field);
    return ERR_BAD_INPUT;
}

/* ---- writing ---- */

static void write_text(struct buf *out, struct bytes text)
{
    cbor_write_text(out, (const char *)text.data, text.len);
}

static void write_texts(struct buf *out, const struct bytes *texts, size_t count)
{
    cbor_write_array(out, count);
    for (size_t i = 0; i < count; i++)
        write_text(out, texts[i]);
}

static void write_citations(struct buf *out, const struct item *it)
{
    cbor_write_array(out, it->citations_count);
    for (size_t i = 0; i < it->citations_count; i++) {
        const struct citation *c = &it->citations[i];

        cbor_write_array(out, 6);
        write_text(out, c->title);
        cbor_write_uint(out, c->article);
        cbor_write_uint(out, c->suffix);
        cbor_write_uint(out, c->paragraph);
        cbor_write_uint(out, c->point);
        cbor_write_bytes(out, c->article_digest.b, DIGEST_BYTES);
    }
}

void item_encode_question(const struct item *it, struct buf *out)
{
    cbor_write_map(out, QUESTION_FIELDS);
    cbor_write_uint(out, 0);
    write_text(out, it->id);
    cbor_write_uint(out, 1);
    cbor_write_uint(out, it->revision);
    cbor_write_uint(out, 2);
    cbor_write_uint(out, (uint64_t)it->type);
    cbor_write_uint(out, 3);
    write_text(out, it->area);
    cbor_write_uint(out, 4);
    write_texts(out, it->topics, it->topics_count);
    cbor_write_uint(out, 5);
    cbor_write_uint(out, it->difficulty);
    cbor_write_uint(out, 6);
    cbor_write_uint(out, it->level);
    cbor_write_uint(out, 7);
    write_texts(out, it->audiences, it->audiences_count);
    cbor_write_uint(out, 8);
    write_text(out, it->stem);
    cbor_write_uint(out, 9);
    write_texts(out, it->options, it->options_count);
    cbor_write_uint(out, 10);
    cbor_write_bool(out, it->fixed_options);
    cbor_write_uint(out, 11);
    write_citations(out, it);
    cbor_write_uint(out, 12);
    write_texts(out, it->enemies, it->enemies_count);
    cbor_write_uint(out, 13);
    cbor_write_uint(out, it->facility);
}

void item_encode_answer(const struct item *it, struct buf *out)
{
    cbor_write_map(out, ANSWER_FIELDS);
    cbor_write_uint(out, 0);
    if (it->type == ITEM_FILL_IN)
        write_texts(out, it->answer_key.alternatives, it->answer_key.alternatives_count);
    else
        cbor_write_uint(out, it->answer_key.mask);
    cbor_write_uint(out, 1);
    write_text(out, it->explanation);
}

struct digest item_digest(struct bytes question, const uint8_t salt[ITEM_SALT_BYTES],
                          struct bytes answer)
{
    struct bytes hidden[2] = {bytes_of(salt, ITEM_SALT_BYTES), answer};
    struct digest halves[2];
    struct bytes both[2];

    halves[0] = digest_of_bytes(DIGEST_SHA256, question);
    halves[1] = digest_of(DIGEST_SHA256, hidden, 2);
    both[0] = digest_view(&halves[0]);
    both[1] = digest_view(&halves[1]);
    return digest_of(DIGEST_SHA256, both, 2);
}

/* ---- reading ---- */

/* An unsigned integer of at most max; larger marks the reader as wrong. */
static uint64_t read_uint_max(struct cbor_reader *r, uint64_t max)
{
    uint64_t v = cbor_read_uint(r);

    if (v > max) {
        cbor_fail(r);
        return 0;
    }
    return v;
}

static size_t read_count(struct cbor_reader *r, size_t max)
{
    uint64_t count = cbor_read_array(r);

    if (count > max) {
        cbor_fail(r);
        return 0;
    }
    return (size_t)count;
}

static size_t read_texts(struct cbor_reader *r, struct bytes *texts, size_t max)
{
    size_t count = read_count(r, max);

    for (size_t i = 0; i < count; i++)
        texts[i] = cbor_read_text(r);
    return count;
}

static void read_citation(struct cbor_reader *r, struct citation *c)
{
    if (cbor_read_array(r) != 6) {
        cbor_fail(r);
        return;
    }
    c->title = cbor_read_text(r);
    c->article = (uint32_t)read_uint_max(r, UINT32_MAX);
    c->suffix = (uint32_t)read_uint_max(r, UINT32_MAX);
    c->paragraph = (uint32_t)read_uint_max(r, UINT32_MAX);
    c->point = (uint32_t)read_uint_max(r, UINT32_MAX);
    cbor_read_fixed(r, c->article_digest.b, DIGEST_BYTES);
}

static void read_question_field(struct cbor_reader *r, uint64_t field, struct item *it)
{
    switch (field) {
    case 0:
        it->id = cbor_read_text(r);
        break;
    case 1:
        it->revision = (uint16_t)read_uint_max(r, UINT16_MAX);
        break;
    case 2:
        it->type = (enum item_type)read_uint_max(r, ITEM_FILL_IN);
        break;
    case 3:
        it->area = cbor_read_text(r);
        break;
    case 4:
        it->topics_count = read_texts(r, it->topics, ITEM_TOPICS_MAX);
        break;
    case 5:
        it->difficulty = (uint8_t)read_uint_max(r, 5);
        break;
    case 6:
        it->level = (uint8_t)read_uint_max(r, 3);
        break;
    case 7:
        it->audiences_count = read_texts(r, it->audiences, ITEM_AUDIENCES_MAX);
        break;
    case 8:
        it->stem = cbor_read_text(r);
        break;
    case 9:
        it->options_count = read_texts(r, it->options, ITEM_OPTIONS_MAX);
        break;
    case 10:
        it->fixed_options = cbor_read_bool(r);
        break;
    case 11:
        it->citations_count = read_count(r, ITEM_CITATIONS_MAX);
        for (size_t i = 0; i < it->citations_count; i++)
            read_citation(r, &it->citations[i]);
        break;
    case 12:
        it->enemies_count = read_texts(r, it->enemies, ITEM_ENEMIES_MAX);
        break;
    default:
        it->facility = (uint16_t)read_uint_max(r, ITEM_FACILITY_ONE);
        break;
    }
}

/* Keys must be exactly 0 … fields-1. */
static bool next_field(struct cbor_reader *r, struct cbor_map *m, uint64_t expected)
{
    uint64_t field = 0;

    if (cbor_map_next(r, m, &field) && field == expected)
        return true;
    cbor_fail(r);
    return false;
}

static const struct err_word word_question = {"试题", "question"};
static const struct err_word word_answer_map = {"答案", "answer"};

static int encoding_error(const struct cbor_reader *r, const struct err_word *part, struct err *err)
{
    char at[24];

    err_set(err, ERR_CORRUPT, &msg_item_encoding, NULL, err_int(at, (int64_t)r->bad_at), NULL,
            NULL);
    err_say(err, 0, part);
    return ERR_CORRUPT;
}

static int decode_question(struct bytes raw, struct item *it, struct err *err)
{
    struct cbor_reader r;
    struct cbor_map m;

    cbor_reader_init(&r, raw);
    cbor_read_map(&r, &m);
    for (uint64_t field = 0; field < QUESTION_FIELDS && next_field(&r, &m, field); field++)
        read_question_field(&r, field, it);
    if (cbor_reader_error(&r) == 0 && m.left != 0)
        cbor_fail(&r);
    if (cbor_reader_finish(&r) != 0)
        return encoding_error(&r, &word_question, err);
    return 0;
}

static int decode_answer(struct bytes raw, struct item *it, struct err *err)
{
    struct cbor_reader r;
    struct cbor_map m;

    cbor_reader_init(&r, raw);
    cbor_read_map(&r, &m);
    if (next_field(&r, &m, 0)) {
        if (it->type == ITEM_FILL_IN)
            it->answer_key.alternatives_count =
                read_texts(&r, it->answer_key.alternatives, ITEM_ALTERNATIVES_MAX);
        else
            it->answer_key.mask = (uint32_t)read_uint_max(&r, UINT32_MAX);
    }
    if (next_field(&r, &m, 1))
        it->explanation = cbor_read_text(&r);
    if (cbor_reader_error(&r) == 0 && m.left != 0)
        cbor_fail(&r);
    if (cbor_reader_finish(&r) != 0)
        return encoding_error(&r, &word_answer_map, err);
    return 0;
}

int item_decode(struct bytes question, struct bytes answer, struct item *it, struct err *err)
{
    int rc;

    memset(it, 0, sizeof *it);
    rc = decode_question(question, it, err);
    if (rc == 0)
        rc = decode_answer(answer, it, err);
    if (rc == 0 && item_check(it, err) != 0)
        rc = ERR_CORRUPT;
    if (rc == ERR_CORRUPT && err != NULL)
        err->code = ERR_CORRUPT;
    return rc;
}
