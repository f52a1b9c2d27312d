/* Papers: seeds, the stored form and the digest (docs/draw-format.md §1, §5).
 *
 * Encoding fails only for memory, which the buffer remembers; decoding refuses what paper_encode
 * would not have written over the same pool. Pure; any thread. */
#include "question-bank/bank/paper.h"

#include "question-bank/base/cbor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PAPER_FIELDS = 12, PAPER_ITEM_FIELDS = 4, SHARE_BYTES = 32, PAPER_ITEM_BYTES_TYPICAL = 40 };

static const struct msg msg_paper_encoding = {
    "paper-encoding",
    "试卷数据已损坏（第 {0} 字节处）",
    "the paper's stored form is corrupt (at byte {0})",
};
static const struct msg msg_paper_item = {
    "paper-item-corrupt",
    "试卷第 {0} 题与题库不符",
    "place {0} of the paper does not agree with the bank",
};

/* ---- seeds (§1) ---- */

struct digest draw_master(const uint8_t officer_share[32], const uint8_t custodian_share[32])
{
    struct bytes pieces[2] = {bytes_of(officer_share, SHARE_BYTES),
                              bytes_of(custodian_share, SHARE_BYTES)};

    return digest_tagged(DIGEST_SHA256, "mingfa/draw-master/v1", pieces, 2);
}

struct digest draw_master_digest(const struct digest *master)
{
    struct bytes piece = digest_view(master);

    return digest_tagged(DIGEST_SHA256, "mingfa/draw-master-digest/v1", &piece, 1);
}

struct digest draw_share_digest(const uint8_t share[32])
{
    struct bytes piece = bytes_of(share, SHARE_BYTES);

    return digest_tagged(DIGEST_SHA256, "mingfa/draw-share/v1", &piece, 1);
}

struct seed draw_paper_seed(const struct digest *master, const uint8_t exam_uuid[16],
                            const struct digest *pseudonym, uint32_t attempt,
                            const uint8_t nonce[DRAW_NONCE_BYTES])
{
    uint8_t number[4] = {0};
    struct bytes pieces[5] = {bytes_of_text("mingfa/paper-seed/v1"), bytes_of(exam_uuid, 16),
                              digest_view(pseudonym), bytes_of(number, sizeof(number)),
                              bytes_of(nonce, DRAW_NONCE_BYTES)};
    struct digest mac;
    struct seed seed;

    u32be_write(number, attempt);
    mac = digest_hmac(DIGEST_SHA256, digest_view(master), pieces, 5);
    memcpy(seed.b, mac.b, sizeof(seed.b));
    secret_wipe(&mac, sizeof(mac));
    return seed;
}

/* ---- the stored form and the digest (§5) ---- */

static void items_encode(const struct paper *paper, struct buf *out)
{
    buf_reserve(out, paper->count * PAPER_ITEM_BYTES_TYPICAL);
    cbor_write_array(out, paper->count);
    for (size_t i = 0; i < paper->count; i++) {
        const struct paper_item *pi = &paper->items[i];

        cbor_write_array(out, PAPER_ITEM_FIELDS);
        cbor_write_text(out, (const char *)pi->item->id.data, pi->item->id.len);
        cbor_write_uint(out, pi->item->revision);
        cbor_write_array(out, pi->option_count);
        for (size_t o = 0; o < pi->option_count; o++)
            cbor_write_uint(out, pi->option_order[o]);
        cbor_write_uint(out, pi->points);
    }
}

void paper_encode(const struct paper *paper, struct buf *out)
{
    cbor_write_array(out, 2);
    cbor_write_uint(out, paper->flags);
    items_encode(paper, out);
}

struct digest paper_digest(const struct paper *paper, const struct paper_binding *binding)
{
    const struct digest *digests[5] = {&binding->release, &binding->blueprint, &binding->rules,
                                       &binding->withdrawals, &binding->earlier};
    struct buf raw = {0};
    struct bytes piece;
    struct digest d;

    cbor_write_array(&raw, PAPER_FIELDS);
    cbor_write_uint(&raw, DRAW_VERSION);
    for (size_t i = 0; i < 5; i++)
        cbor_write_bytes(&raw, digests[i]->b, DIGEST_BYTES);
    cbor_write_bytes(&raw, binding->exam_uuid, sizeof(binding->exam_uuid));
    cbor_write_bytes(&raw, binding->pseudonym.b, DIGEST_BYTES);
    cbor_write_uint(&raw, binding->attempt);
    cbor_write_bytes(&raw, binding->nonce, DRAW_NONCE_BYTES);
    cbor_write_uint(&raw, paper->flags);
    items_encode(paper, &raw);
    if (buf_error(&raw) != 0)
        abort(); /* a digest of half a paper would be worse */
    piece = buf_view(&raw);
    d = digest_tagged(DIGEST_SHA256, "mingfa/paper/v1", &piece, 1);
    buf_fini(&raw);
    return d;
}

/* ---- reading ---- */

static bool order_good(const struct paper_item *pi)
{
    const struct item *it = pi->item;
    bool choice = it->type == ITEM_SINGLE || it->type == ITEM_MULTIPLE;
    uint32_t seen = 0;

    if (pi->option_count != (choice ? it->options_count : 0))
        return false;
    for (uint32_t i = 0; i < pi->option_count; i++) {
        if (it->fixed_options && pi->option_order[i] != i)
            return false;
        seen |= 1U << pi->option_order[i];
    }
    return seen == (1U << pi->option_count) - 1;
}

/* Reads one place; false when it does not agree with the pool. A malformed value is left to the
 * cursor's own error. */
static bool item_decode_place(struct cbor_reader *r, const struct item_pool *pool,
                              struct paper_item *pi)
{
    struct bytes id;
    uint64_t revision;
    uint64_t options;
    uint64_t points;
    int64_t at;

    if (cbor_read_array(r) != PAPER_ITEM_FIELDS)
        return false;
    id = cbor_read_text(r);
    revision = cbor_read_uint(r);
    options = cbor_read_array(r);
    if (cbor_reader_error(r) != 0 || options > ITEM_OPTIONS_MAX)
        return false;
    for (uint64_t o = 0; o < options; o++) {
        uint64_t original = cbor_read_uint(r);

        if (original >= options)
            return false;
        pi->option_order[o] = (uint8_t)original;
    }
    points = cbor_read_uint(r);
    at = item_pool_find(pool, id);
    if (cbor_reader_error(r) != 0 || at < 0 || pool->items[at].revision != revision ||
        points == 0 || points > BLUEPRINT_POINTS_MAX)
        return false;
    pi->item = &pool->items[at];
    pi->points = (uint32_t)points;
    pi->option_count = (uint8_t)options;
    return order_good(pi);
}

static bool item_repeats(const struct paper *paper, size_t place)
{
    for (size_t i = 0; i < place; i++) {
        if (paper->items[i].item == paper->items[place].item)
            return true;
    }
    return false;
}

static int encoding_refuse(const struct cbor_reader *r, struct err *err)
{
    char at[24];
    size_t where = cbor_reader_error(r) != 0 ? r->bad_at : r->pos;

    return err_set(err, ERR_CORRUPT, &msg_paper_encoding, err_int(at, (int64_t)where), NULL, NULL,
                   NULL);
}

int paper_decode(struct bytes raw, const struct item_pool *pool, struct arena *arena,
                 struct paper **out, struct err *err)
{
    struct cbor_reader r;
    struct paper *paper = arena_alloc(arena, sizeof(*paper));
    uint64_t flags;
    uint64_t count;
    bool headed;

    if (paper == NULL)
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    cbor_reader_init(&r, raw);
    headed = cbor_read_array(&r) == 2;
    flags = cbor_read_uint(&r);
    count = cbor_read_array(&r);
    if (!headed || cbor_reader_error(&r) != 0 || flags > PAPER_ENEMIES_TOGETHER || count == 0 ||
        count > BLUEPRINT_ITEMS_MAX)
        return encoding_refuse(&r, err);
    paper->flags = (uint32_t)flags;
    paper->count = (size_t)count;
    paper->items = arena_array(arena, paper->count, sizeof(*paper->items));
    if (paper->items == NULL)
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    for (size_t i = 0; i < paper->count; i++) {
        char place[24];

        if (item_decode_place(&r, pool, &paper->items[i]) && !item_repeats(paper, i))
            continue;
        if (cbor_reader_error(&r) != 0)
            return encoding_refuse(&r, err);
        return err_set(err, ERR_CORRUPT, &msg_paper_item, err_int(place, (int64_t)i + 1), NULL,
                       NULL, NULL);
    }
    if (cbor_reader_finish(&r) != 0)
        return encoding_refuse(&r, err);
    *out = paper;
    return 0;
}
