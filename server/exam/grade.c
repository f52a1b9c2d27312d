/* Marking.
 *
 * paper_grade walks the paper once: an item earns its points, a share of them, or nothing; the sum is
 * compared with the cut score and the bands. Integers only, a share is rounded down, so that anybody
 * gets the same result from the same inputs.
 *
 * Fails only on rules of a version it does not know, on a stored answer key that is not text, and
 * without memory. Pure; any thread. */
#include "server/exam/grade.h"

#include "question-bank/base/cbor.h"
#include "question-bank/base/utf8.h"

#include <string.h>

enum { FOLD_VERSION = 1, RULES_KEYS = 4 };

static const struct msg MSG_FOLD = {
    .id = "scoring-fold-unknown",
    .zh = "不支持填空题比对规则第{0}版",
    .en = "fold version {0} of fill-in answers is not known",
};
static const struct msg MSG_MULTIPLE = {
    .id = "scoring-multiple-unknown",
    .zh = "不支持的多选题计分方式：{0}",
    .en = "unknown scoring of multiple-choice items: {0}",
};
static const struct msg MSG_KEY = {
    .id = "answer-key-corrupt",
    .zh = "题目{0}的标准答案已损坏",
    .en = "item {0}: the stored answer key is damaged",
};
static const struct msg MSG_RULES = {
    .id = "scoring-rules-corrupt",
    .zh = "计分规则的内容已损坏",
    .en = "the scoring rules are damaged",
};

uint32_t paper_item_original_mask(const struct paper_item *place, uint32_t shown)
{
    uint32_t original = 0;

    for (uint32_t i = 0; i < place->option_count; i++) {
        if ((shown >> i & 1) != 0) {
            original |= 1u << place->option_order[i];
        }
    }
    return original;
}

static uint32_t grade_multiple(uint32_t points, uint32_t ticked, uint32_t correct,
                               enum multiple_rule rule)
{
    if (ticked == correct) {
        return points;
    }
    if (rule == MULTIPLE_ALL_OR_NOTHING || (ticked & ~correct) != 0 || correct == 0) {
        return 0;
    }
    return (uint32_t)((uint64_t)points * (uint64_t)__builtin_popcount(ticked) /
                      (uint64_t)__builtin_popcount(correct));
}

/* Does the text match an alternative, both folded? Nothing at all matches nothing. */
static int fill_in_matches(const struct item *item, const char *text, bool *out, struct err *err)
{
    struct buf mine = {0}, theirs = {0};
    bool matches = false;
    int rc = utf8_fold_answer_v1(bytes_of_text(text), &mine);

    if (rc == ERR_BAD_INPUT) {
        rc = 0; /* what is no text is no answer; session_apply never lets it in */
        buf_clear(&mine);
    }
    for (size_t i = 0;
         rc == 0 && mine.len > 0 && !matches && i < item->answer_key.alternatives_count; i++) {
        buf_clear(&theirs);
        rc = utf8_fold_answer_v1(item->answer_key.alternatives[i], &theirs);
        matches = rc == 0 && bytes_equal(buf_view(&mine), buf_view(&theirs));
    }
    if (rc == 0) {
        rc = buf_error(&mine) != 0 ? buf_error(&mine) : buf_error(&theirs);
    }
    buf_fini(&mine);
    buf_fini(&theirs);
    if (rc == ERR_BAD_INPUT) {
        char id[ITEM_ID_BYTES_MAX + 1] = {0};

        memcpy(id, item->id.data,
               item->id.len < ITEM_ID_BYTES_MAX ? item->id.len : ITEM_ID_BYTES_MAX);
        return err_set(err, ERR_CORRUPT, &MSG_KEY, id, NULL, NULL, NULL);
    }
    if (rc != 0) {
        return err_set(err, rc, NULL, NULL, NULL, NULL, NULL);
    }
    *out = matches;
    return 0;
}

static int grade_item(const struct paper_item *place, const struct response *r,
                      const struct scoring_rules *rules, uint32_t *award, struct err *err)
{
    const struct item *item = place->item;
    bool matches = false;
    int rc = 0;

    *award = 0;
    switch (item->type) {
    case ITEM_TRUE_FALSE:
        if (r->kind == RESPONSE_MASK && r->mask == item->answer_key.mask) {
            *award = place->points;
        }
        break;
    case ITEM_SINGLE:
        if (r->kind == RESPONSE_MASK && r->mask != 0 &&
            paper_item_original_mask(place, r->mask) == item->answer_key.mask) {
            *award = place->points;
        }
        break;
    case ITEM_MULTIPLE:
        if (r->kind == RESPONSE_MASK && r->mask != 0) {
            *award = grade_multiple(place->points, paper_item_original_mask(place, r->mask),
                                    item->answer_key.mask, rules->multiple);
        }
        break;
    case ITEM_FILL_IN:
        if (r->kind == RESPONSE_TEXT) {
            rc = fill_in_matches(item, r->text, &matches, err);
            *award = matches ? place->points : 0;
        }
        break;
    }
    return rc;
}

static int rules_check(const struct scoring_rules *rules, struct err *err)
{
    char text[24];

    if (rules->fold_version != FOLD_VERSION) {
        return err_set(err, ERR_BAD_INPUT, &MSG_FOLD, err_int(text, rules->fold_version), NULL,
                       NULL, NULL);
    }
    if (rules->multiple != MULTIPLE_ALL_OR_NOTHING && rules->multiple != MULTIPLE_PARTIAL) {
        return err_set(err, ERR_BAD_INPUT, &MSG_MULTIPLE, err_int(text, (int64_t)rules->multiple),
                       NULL, NULL, NULL);
    }
    return 0;
}

int paper_grade(const struct paper *paper, const struct scoring_rules *rules,
                const struct id_set *withdrawals, const struct response *responses,
                uint32_t *awards, struct score *out, struct err *err)
{
    struct score score = {.band = -1};
    int rc = rules_check(rules, err);

    if (rc != 0) {
        return rc;
    }
    for (size_t i = 0; i < paper->count; i++) {
        const struct paper_item *place = &paper->items[i];
        uint32_t award = place->points;

        if (withdrawals == NULL || !id_set_has(withdrawals, place->item->id)) {
            rc = grade_item(place, &responses[i], rules, &award, err);
            if (rc != 0) {
                return rc;
            }
        }
        if (awards != NULL) {
            awards[i] = award;
        }
        score.points += award;
        score.points_max += place->points;
    }
    score.passed = score.points >= rules->pass_mark;
    for (size_t i = 0; i < rules->bands_count; i++) {
        if (score.points >= rules->bands[i].minimum) {
            score.band = (int)i;
            break;
        }
    }
    *out = score;
    return 0;
}

void session_standing_responses(const struct session *s, struct response *out)
{
    for (uint32_t i = 0; i < s->item_count; i++) {
        const struct response *late = &s->late[i];
        const struct response *counting = &s->counting[i];
        bool newer = late->epoch > counting->epoch ||
                     (late->epoch == counting->epoch && late->device_seq > counting->device_seq);

        out[i] = s->late_accepted && late->epoch != 0 && newer ? *late : *counting;
    }
}

/* ---------------------------------------------------------------------------- bytes */

void scoring_rules_encode(const struct scoring_rules *rules, struct buf *out)
{
    cbor_write_map(out, RULES_KEYS);
    cbor_write_uint(out, 0);
    cbor_write_uint(out, rules->pass_mark);
    cbor_write_uint(out, 1);
    cbor_write_array(out, rules->bands_count);
    for (size_t i = 0; i < rules->bands_count; i++) {
        cbor_write_array(out, 2);
        cbor_write_text(out, rules->bands[i].name, strlen(rules->bands[i].name));
        cbor_write_uint(out, rules->bands[i].minimum);
    }
    cbor_write_uint(out, 2);
    cbor_write_uint(out, (uint64_t)rules->multiple);
    cbor_write_uint(out, 3);
    cbor_write_uint(out, rules->fold_version);
}

static uint32_t read_u32(struct cbor_reader *r)
{
    uint64_t v = cbor_read_uint(r);

    if (v > UINT32_MAX) {
        cbor_fail(r);
        return 0;
    }
    return (uint32_t)v;
}

static void read_bands(struct cbor_reader *r, struct scoring_rules *rules)
{
    uint64_t count = cbor_read_array(r);

    if (count > BANDS_MAX) {
        cbor_fail(r);
        return;
    }
    for (uint64_t i = 0; i < count && cbor_reader_error(r) == 0; i++) {
        struct band *band = &rules->bands[i];
        struct bytes name;

        if (cbor_read_array(r) != 2) {
            cbor_fail(r);
            return;
        }
        name = cbor_read_text(r);
        band->minimum = read_u32(r);
        if (name.len == 0 || name.len >= BAND_NAME_BYTES_MAX ||
            memchr(name.data, 0, name.len) != NULL ||
            (i > 0 && band->minimum >= rules->bands[i - 1].minimum)) {
            cbor_fail(r);
            return;
        }
        memcpy(band->name, name.data, name.len);
        rules->bands_count = (size_t)i + 1;
    }
}

int scoring_rules_decode(struct bytes raw, struct scoring_rules *out, struct err *err)
{
    struct scoring_rules rules = {0};
    struct cbor_reader r;
    struct cbor_map map;
    uint64_t name = 0, expected = 0;

    cbor_reader_init(&r, raw);
    cbor_read_map(&r, &map);
    while (cbor_map_next(&r, &map, &name)) {
        if (name != expected++) {
            cbor_fail(&r);
            break;
        }
        switch (name) {
        case 0:
            rules.pass_mark = read_u32(&r);
            break;
        case 1:
            read_bands(&r, &rules);
            break;
        case 2:
            rules.multiple = (enum multiple_rule)read_u32(&r);
            break;
        case 3:
            rules.fold_version = read_u32(&r);
            break;
        default:
            cbor_fail(&r);
            break;
        }
    }
    if (cbor_reader_finish(&r) != 0 || expected != RULES_KEYS || rules_check(&rules, NULL) != 0) {
        return err_set(err, ERR_CORRUPT, &MSG_RULES, NULL, NULL, NULL, NULL);
    }
    *out = rules;
    return 0;
}

/* Without memory there is no digest to return, and a wrong one would be worse than none. */
static struct digest digest_and_free(struct buf *b)
{
    struct digest d;

    if (buf_error(b) != 0) {
        __builtin_trap();
    }
    d = digest_of_bytes(DIGEST_SHA256, buf_view(b));
    buf_fini(b);
    return d;
}

struct digest scoring_rules_digest(const struct scoring_rules *rules)
{
    struct buf b = {0};

    scoring_rules_encode(rules, &b);
    return digest_and_free(&b);
}

struct digest responses_digest(const struct response *responses, size_t count)
{
    struct buf b = {0};
    uint64_t answered = 0;

    for (size_t i = 0; i < count; i++) {
        answered += responses[i].kind != RESPONSE_NONE;
    }
    cbor_write_array(&b, answered);
    for (size_t i = 0; i < count; i++) {
        const struct response *r = &responses[i];

        if (r->kind == RESPONSE_NONE) {
            continue;
        }
        cbor_write_array(&b, 2);
        cbor_write_uint(&b, i);
        if (r->kind == RESPONSE_MASK) {
            cbor_write_uint(&b, r->mask);
        } else {
            cbor_write_text(&b, r->text, strlen(r->text));
        }
    }
    return digest_and_free(&b);
}

struct digest answer_keys_digest(const struct paper *paper)
{
    struct buf b = {0};

    cbor_write_array(&b, paper->count);
    for (size_t i = 0; i < paper->count; i++) {
        cbor_write_bytes(&b, paper->items[i].item->digest.b, DIGEST_BYTES);
    }
    return digest_and_free(&b);
}
