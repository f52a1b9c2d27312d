/* A signed release of the bank (docs/bank-format.md §3, §4).
 *
 * Building: items, sorted, become three byte strings each; their digests a Merkle root; the root
 * goes into the manifest, which is what custodians sign. Opening walks the same way and refuses the
 * first thing that is not as it would have been written, naming it. Pure; a bank is immutable and
 * any thread may read it. */
#include "question-bank/bank/release.h"

#include "question-bank/bank/law.h"
#include "question-bank/base/cbor.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define RELEASE_MAGIC   "mingfa-bank"
#define SIGNATURE_MAGIC "mingfa-signature"
#define SIGN_PURPOSE    "bank-manifest"

enum { FORMAT_VERSION = 1, FOLD_VERSION = 1, MANIFEST_FIELDS = 8, NAME_BYTES_MAX = 96 };
enum { ITEM_BYTES_MIN = 4 + ITEM_SALT_BYTES }; /* an item in a release cannot be smaller */

struct bank {
    struct buf raw; /* owned; everything below points into it or the arena */
    struct arena arena;
    struct bytes manifest_raw;
    struct manifest manifest;
    struct item_pool pool;
    struct digest digest;
};

static const struct msg msg_not_release = {
    "release-form",
    "这不是题库发布文件，或者文件已损坏（第 {0} 字节处）",
    "this is not a release of a bank, or it is damaged (at byte {0})",
};
static const struct msg msg_version = {
    "release-version",
    "题库发布文件的格式版本为 {0}，本程序只认识版本 1",
    "the release has format version {0}; this program knows version 1",
};
static const struct msg msg_manifest = {
    "release-manifest",
    "题库清单中的“{0}”不符合规定",
    "the manifest's {0} is not acceptable",
};
static const struct msg msg_item_field = {
    "release-item",
    "第 {0} 道试题（{1}）有误：{2}不符合规定",
    "item number {0} ({1}) is wrong: the {2} is not acceptable",
};
static const struct msg msg_item_encoding = {
    "release-item-encoding",
    "第 {0} 道试题（{1}）有误：{2}部分不是规范编码（第 {3} 字节处）",
    "item number {0} ({1}) is wrong: the {2} part is not canonically encoded (at byte {3})",
};
static const struct msg msg_order = {
    "release-order",
    "第 {0} 道试题（{1}）的编号没有排在前一道（{2}）之后",
    "item number {0} ({1}) does not come after the one before it ({2})",
};
static const struct msg msg_count = {
    "release-count",
    "清单写明 {0} 道试题，文件中有 {1} 道",
    "the manifest says {0} items, the file holds {1}",
};
static const struct msg msg_root = {
    "release-root",
    "试题内容与清单不符：{0} 道试题的摘要算不出清单中的根值，至少有一道被改动",
    "the items are not those of the manifest: the digests of {0} items do not lead to its root; at "
    "least one was changed",
};
static const struct msg msg_quorum = {
    "release-quorum",
    "有效签名不足：需要 {1} 个，只有 {0} 个",
    "{0} of {1} signatures: not enough valid ones",
};
static const struct msg msg_bad_signature = {
    "release-bad-signature",
    "{0} 的签名是错误的（密钥 {1}，文件 {2}）",
    "signature by {0} is bad (key {1}, file {2})",
};
static const struct msg msg_other_release = {
    "release-other-signature",
    "{0} 的签名（文件 {1}）是给另一个发布文件的",
    "signature by {0} (file {1}) is for another release",
};
static const struct msg msg_signature_form = {
    "release-signature-form",
    "签名文件 {0} 不是规范编码",
    "signature file {0} is not canonically encoded",
};
static const struct msg msg_too_many = {
    "release-signatures-many",
    "签名文件多于 {0} 个",
    "more than {0} signature files",
};
static const struct msg msg_nomem = {"no-memory", "内存不足", "out of memory"};

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NOMEM, &msg_nomem, NULL, NULL, NULL, NULL);
}

static char *text_of(char *out, size_t size, struct bytes b)
{
    size_t len = b.len < size - 1 ? b.len : size - 1;

    if (len > 0)
        memcpy(out, b.data, len);
    out[len] = '\0';
    return out;
}

static struct digest leaf_of(const struct digest *d)
{
    static const uint8_t leaf_tag[1] = {0x00};
    struct bytes pieces[2] = {bytes_of(leaf_tag, 1), digest_view(d)};

    return digest_of(DIGEST_SHA256, pieces, 2);
}

/* ---- writing ---- */

static void write_text(struct buf *out, struct bytes text)
{
    cbor_write_text(out, (const char *)text.data, text.len);
}

static void manifest_encode(const struct manifest *m, struct buf *out)
{
    cbor_write_map(out, MANIFEST_FIELDS);
    cbor_write_uint(out, 0);
    write_text(out, m->name);
    cbor_write_uint(out, 1);
    write_text(out, m->created);
    cbor_write_uint(out, 2);
    write_text(out, m->law_date);
    cbor_write_uint(out, 3);
    cbor_write_uint(out, m->item_count);
    cbor_write_uint(out, 4);
    cbor_write_bytes(out, m->items_root.b, DIGEST_BYTES);
    cbor_write_uint(out, 5);
    cbor_write_array(out, m->laws_count);
    for (size_t i = 0; i < m->laws_count; i++) {
        cbor_write_array(out, 4);
        write_text(out, m->laws[i].title);
        write_text(out, m->laws[i].version);
        write_text(out, m->laws[i].in_force);
        cbor_write_bytes(out, m->laws[i].text_digest.b, DIGEST_BYTES);
    }
    cbor_write_uint(out, 6);
    cbor_write_bool(out, m->sample);
    cbor_write_uint(out, 7);
    cbor_write_uint(out, m->fold_version);
}

static const struct err_word word_name = {"名称", "name"};
static const struct err_word word_created = {"制作日期", "date of creation"};
static const struct err_word word_law_date = {"法律核对日期", "law date"};
static const struct err_word word_fold_version = {"填空题折叠规则版本", "fold version"};
static const struct err_word word_law_title = {"法律名称", "title of a law"};
static const struct err_word word_law_version = {"法律版本日期", "version of a law"};
static const struct err_word word_law_in_force = {"法律施行日期", "date a law is in force"};
static const struct err_word word_order_of_laws = {"法律次序", "order of laws"};
static const struct err_word word_encoding = {"编码", "encoding"};

/* The name of the first field of a manifest that breaks a rule, or NULL. */
static const struct err_word *manifest_bad_field(const struct manifest *m)
{
    if (m->name.len == 0 || m->name.len > NAME_BYTES_MAX)
        return &word_name;
    if (!law_date_valid(m->created))
        return &word_created;
    if (!law_date_valid(m->law_date))
        return &word_law_date;
    if (m->fold_version != FOLD_VERSION)
        return &word_fold_version;
    for (size_t i = 0; i < m->laws_count; i++) {
        const struct release_law *law = &m->laws[i];

        if (law->title.len == 0 || law->title.len > LAW_TITLE_BYTES_MAX)
            return &word_law_title;
        if (!law_date_valid(law->version))
            return &word_law_version;
        if (law->in_force.len != 0 && !law_date_valid(law->in_force))
            return &word_law_in_force;
        if (i > 0 && bytes_compare(m->laws[i - 1].title, law->title) >= 0)
            return &word_order_of_laws;
    }
    return NULL;
}

static int manifest_error(int code, const struct err_word *field, struct err *err)
{
    err_set(err, code, &msg_manifest, NULL, NULL, NULL, NULL);
    err_say(err, 0, field);
    return code;
}

/* `why` is one of item_decode's two: a field, or a part that is badly encoded. */
static int item_error(size_t position, struct bytes id, const struct err *why, struct err *err)
{
    bool encoding = why->word[0] != NULL;
    char number[24];
    char name[ITEM_ID_BYTES_MAX + 1];

    err_int(number, (int64_t)position + 1);
    text_of(name, sizeof name, id);
    err_set(err, ERR_CORRUPT, encoding ? &msg_item_encoding : &msg_item_field, number,
            id.len > 0 ? name : "?", NULL, encoding ? why->arg[1].text : NULL);
    err_say(err, 2, why->word[encoding ? 0 : 1]);
    return ERR_CORRUPT;
}

static int order_error(size_t position, struct bytes id, struct bytes before, struct err *err)
{
    char number[24];
    char a[ITEM_ID_BYTES_MAX + 1];
    char b[ITEM_ID_BYTES_MAX + 1];

    return err_set(err, ERR_CORRUPT, &msg_order, err_int(number, (int64_t)position + 1),
                   text_of(a, sizeof a, id), text_of(b, sizeof b, before), NULL);
}

int release_build(const struct manifest *head, const struct item_pool *pool, struct buf *out,
                  struct digest *release_digest, struct err *err)
{
    struct buf items = {0};
    struct buf question = {0};
    struct buf answer = {0};
    struct buf manifest_raw = {0};
    struct manifest m = *head;
    struct digest *leaves = calloc(pool->count + 1, sizeof *leaves);
    const struct err_word *field;
    int rc = 0;

    if (leaves == NULL)
        return no_memory(err);
    for (size_t i = 0; i < pool->count; i++) {
        const struct item *it = &pool->items[i];
        struct digest d;

        rc = item_check(it, err);
        if (rc != 0)
            goto out;
        if (i > 0 && bytes_compare(pool->items[i - 1].id, it->id) >= 0) {
            rc = order_error(i, it->id, pool->items[i - 1].id, err);
            goto out;
        }
        buf_clear(&question);
        buf_clear(&answer);
        item_encode_question(it, &question);
        item_encode_answer(it, &answer);
        d = item_digest(buf_view(&question), it->salt, buf_view(&answer));
        leaves[i] = leaf_of(&d);
        cbor_write_array(&items, 3);
        cbor_write_bytes(&items, question.data, question.len);
        cbor_write_bytes(&items, it->salt, ITEM_SALT_BYTES);
        cbor_write_bytes(&items, answer.data, answer.len);
    }
    m.item_count = pool->count;
    m.items_root = merkle_root(DIGEST_SHA256, leaves, pool->count);
    field = manifest_bad_field(&m);
    if (field != NULL) {
        rc = manifest_error(ERR_BAD_INPUT, field, err);
        goto out;
    }
    manifest_encode(&m, &manifest_raw);
    cbor_write_map(out, 4);
    cbor_write_uint(out, 0);
    cbor_write_text(out, RELEASE_MAGIC, strlen(RELEASE_MAGIC));
    cbor_write_uint(out, 1);
    cbor_write_uint(out, FORMAT_VERSION);
    cbor_write_uint(out, 2);
    cbor_write_bytes(out, manifest_raw.data, manifest_raw.len);
    cbor_write_uint(out, 3);
    cbor_write_array(out, pool->count);
    buf_append(out, items.data, items.len);
    if (items.failed || question.failed || answer.failed || manifest_raw.failed || out->failed) {
        rc = no_memory(err);
        goto out;
    }
    if (release_digest != NULL)
        *release_digest = digest_of_bytes(DIGEST_SHA256, buf_view(&manifest_raw));
out:
    free(leaves);
    buf_fini(&items);
    buf_fini(&question);
    buf_fini(&answer);
    buf_fini(&manifest_raw);
    return rc;
}

/* ---- reading ---- */

static bool next_field(struct cbor_reader *r, struct cbor_map *m, uint64_t expected)
{
    uint64_t field = 0;

    if (cbor_map_next(r, m, &field) && field == expected)
        return true;
    cbor_fail(r);
    return false;
}

static bool text_is(struct bytes text, const char *expected)
{
    return bytes_equal(text, bytes_of_text(expected));
}

static int form_error(const struct cbor_reader *r, struct err *err)
{
    char at[24];

    return err_set(err, ERR_CORRUPT, &msg_not_release, err_int(at, (int64_t)r->bad_at), NULL, NULL,
                   NULL);
}

/* Reads the laws of a manifest into the arena. */
static int read_laws(struct cbor_reader *r, struct arena *arena, struct manifest *m)
{
    uint64_t count = cbor_read_array(r);
    struct release_law *laws;

    if (count > LAW_INDEX_LAWS_MAX) {
        cbor_fail(r);
        return 0;
    }
    laws = arena_array(arena, (size_t)count, sizeof *laws);
    if (laws == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        if (cbor_read_array(r) != 4)
            cbor_fail(r);
        laws[i].title = cbor_read_text(r);
        laws[i].version = cbor_read_text(r);
        laws[i].in_force = cbor_read_text(r);
        cbor_read_fixed(r, laws[i].text_digest.b, DIGEST_BYTES);
    }
    m->laws = laws;
    m->laws_count = (size_t)count;
    return 0;
}

static int manifest_decode(struct bytes raw, struct arena *arena, struct manifest *m,
                           struct err *err)
{
    struct cbor_reader r;
    struct cbor_map map;
    const struct err_word *field;

    cbor_reader_init(&r, raw);
    cbor_read_map(&r, &map);
    if (next_field(&r, &map, 0))
        m->name = cbor_read_text(&r);
    if (next_field(&r, &map, 1))
        m->created = cbor_read_text(&r);
    if (next_field(&r, &map, 2))
        m->law_date = cbor_read_text(&r);
    if (next_field(&r, &map, 3))
        m->item_count = cbor_read_uint(&r);
    if (next_field(&r, &map, 4))
        cbor_read_fixed(&r, m->items_root.b, DIGEST_BYTES);
    if (next_field(&r, &map, 5) && read_laws(&r, arena, m) != 0)
        return no_memory(err);
    if (next_field(&r, &map, 6))
        m->sample = cbor_read_bool(&r);
    if (next_field(&r, &map, 7))
        m->fold_version = cbor_read_uint(&r);
    if (cbor_reader_error(&r) == 0 && map.left != 0)
        cbor_fail(&r);
    if (cbor_reader_finish(&r) != 0)
        return manifest_error(ERR_CORRUPT, &word_encoding, err);
    field = manifest_bad_field(m);
    if (field != NULL)
        return manifest_error(ERR_CORRUPT, field, err);
    return 0;
}

static int read_item(struct cbor_reader *r, size_t position, struct item *it, struct err *err)
{
    struct bytes question;
    struct bytes answer;
    uint8_t salt[ITEM_SALT_BYTES] = {0};
    struct err why = {0};

    if (cbor_read_array(r) != 3)
        cbor_fail(r);
    question = cbor_read_bytes(r);
    cbor_read_fixed(r, salt, sizeof salt);
    answer = cbor_read_bytes(r);
    if (cbor_reader_error(r) != 0)
        return form_error(r, err);
    if (item_decode(question, answer, it, &why) != 0)
        return item_error(position, item_id_valid(it->id) ? it->id : bytes_of(NULL, 0), &why, err);
    memcpy(it->salt, salt, sizeof salt);
    it->digest = item_digest(question, salt, answer);
    return 0;
}

static int read_items(struct cbor_reader *r, struct bank *b, struct err *err)
{
    uint64_t count = cbor_read_array(r);
    char said[24];
    char held[24];
    struct item *items;
    struct digest *leaves;
    struct digest root;

    if (cbor_reader_error(r) != 0 || count > r->all.len / ITEM_BYTES_MIN)
        return form_error(r, err);
    if (count != b->manifest.item_count)
        return err_set(err, ERR_CORRUPT, &msg_count, err_int(said, (int64_t)b->manifest.item_count),
                       err_int(held, (int64_t)count), NULL, NULL);
    items = arena_array(&b->arena, (size_t)count, sizeof *items);
    leaves = arena_array(&b->arena, (size_t)count, sizeof *leaves);
    if (items == NULL || leaves == NULL)
        return no_memory(err);
    for (size_t i = 0; i < count; i++) {
        int rc = read_item(r, i, &items[i], err);

        if (rc != 0)
            return rc;
        if (i > 0 && bytes_compare(items[i - 1].id, items[i].id) >= 0)
            return order_error(i, items[i].id, items[i - 1].id, err);
        leaves[i] = leaf_of(&items[i].digest);
    }
    root = merkle_root(DIGEST_SHA256, leaves, (size_t)count);
    if (!digest_equal(&root, &b->manifest.items_root))
        return err_set(err, ERR_CORRUPT, &msg_root, err_int(held, (int64_t)count), NULL, NULL,
                       NULL);
    b->pool.items = items;
    b->pool.count = (size_t)count;
    return 0;
}

/* Reads everything but signatures. Borrows raw. */
static int bank_read(struct bytes raw, struct bank *b, struct err *err)
{
    struct cbor_reader r;
    struct cbor_map map;
    uint64_t version;
    char number[24];
    int rc;

    cbor_reader_init(&r, raw);
    cbor_read_map(&r, &map);
    if (!next_field(&r, &map, 0) || !text_is(cbor_read_text(&r), RELEASE_MAGIC)) {
        cbor_fail(&r);
        return form_error(&r, err);
    }
    version = next_field(&r, &map, 1) ? cbor_read_uint(&r) : 0;
    if (cbor_reader_error(&r) == 0 && version != FORMAT_VERSION)
        return err_set(err, ERR_CORRUPT, &msg_version, err_int(number, (int64_t)version), NULL,
                       NULL, NULL);
    if (next_field(&r, &map, 2))
        b->manifest_raw = cbor_read_bytes(&r);
    if (cbor_reader_error(&r) != 0)
        return form_error(&r, err);
    rc = manifest_decode(b->manifest_raw, &b->arena, &b->manifest, err);
    if (rc != 0)
        return rc;
    if (!next_field(&r, &map, 3))
        return form_error(&r, err);
    rc = read_items(&r, b, err);
    if (rc != 0)
        return rc;
    if (map.left != 0)
        cbor_fail(&r);
    if (cbor_reader_finish(&r) != 0)
        return form_error(&r, err);
    b->digest = digest_of_bytes(DIGEST_SHA256, b->manifest_raw);
    return 0;
}

int release_open_unsigned(struct buf *raw, struct bank **out, struct err *err)
{
    struct bank *b = calloc(1, sizeof *b);
    int rc;

    if (b == NULL)
        return no_memory(err);
    arena_init(&b->arena, 0);
    rc = bank_read(buf_view(raw), b, err);
    if (rc != 0) {
        bank_free(b);
        return rc;
    }
    b->raw = *raw;
    memset(raw, 0, sizeof *raw);
    *out = b;
    return 0;
}

/* ---- signatures ---- */

static int signature_decode(const struct release_signature_file *file, struct signature *sig,
                            struct digest *release, struct err *err)
{
    struct cbor_reader r;
    struct cbor_map map;
    struct bytes text;

    memset(sig, 0, sizeof *sig);
    cbor_reader_init(&r, file->raw);
    cbor_read_map(&r, &map);
    if (next_field(&r, &map, 0) && !text_is(cbor_read_text(&r), SIGNATURE_MAGIC))
        cbor_fail(&r);
    if (next_field(&r, &map, 1) && cbor_read_uint(&r) != FORMAT_VERSION)
        cbor_fail(&r);
    if (next_field(&r, &map, 2)) {
        uint64_t alg = cbor_read_uint(&r);

        if (alg != SEAL_SM2 && alg != SEAL_ED25519)
            cbor_fail(&r);
        else
            sig->alg = (enum seal_alg)alg;
    }
    if (next_field(&r, &map, 3)) {
        uint8_t id[SEAL_KEY_ID_CHARS / 2];

        text = cbor_read_text(&r);
        if (text.len != SEAL_KEY_ID_CHARS ||
            hex_decode(id, sizeof id, (const char *)text.data, text.len) != 0)
            cbor_fail(&r);
        else
            hex_encode(sig->key_id, id, sizeof id);
        if (cbor_reader_error(&r) == 0 && memcmp(sig->key_id, text.data, text.len) != 0)
            cbor_fail(&r);
    }
    if (next_field(&r, &map, 4))
        cbor_read_fixed(&r, release->b, DIGEST_BYTES);
    if (next_field(&r, &map, 5)) {
        text = cbor_read_bytes(&r);
        if (text.len == 0 || text.len > sizeof sig->b) {
            cbor_fail(&r);
        } else {
            memcpy(sig->b, text.data, text.len);
            sig->len = text.len;
        }
    }
    if (cbor_reader_error(&r) == 0 && map.left != 0)
        cbor_fail(&r);
    if (cbor_reader_finish(&r) != 0)
        return err_set(err, ERR_CORRUPT, &msg_signature_form, file->name, NULL, NULL, NULL);
    return 0;
}

static int standing_of(const struct keyring_entry *entry, const char *created)
{
    if (entry->role != KEYRING_CUSTODIAN)
        return SIGNER_ROLE;
    if (strcmp(created, entry->valid_from) < 0 || strcmp(created, entry->valid_to) > 0)
        return SIGNER_NOT_VALID;
    if (entry->revoked[0] != '\0' && strcmp(entry->revoked, created) <= 0)
        return SIGNER_REVOKED;
    return SIGNER_COUNTS;
}

/* Verifies one signature file and fills *who. */
static int signature_check(const struct bank *b, const struct release_signature_file *file,
                           const struct keyring *keyring, struct release_signer *who,
                           struct err *err)
{
    const struct keyring_entry *entry;
    struct signature sig;
    struct digest release = {{0}};
    char created[11];
    int rc = signature_decode(file, &sig, &release, err);

    if (rc != 0)
        return rc;
    memset(who, 0, sizeof *who);
    memcpy(who->key_id, sig.key_id, sizeof who->key_id);
    who->alg = sig.alg;
    who->standing = SIGNER_UNKNOWN;
    entry = keyring_find(keyring, sig.key_id);
    if (entry == NULL)
        return 0;
    snprintf(who->name, sizeof who->name, "%s", entry->name);
    if (!digest_equal(&release, &b->digest))
        return err_set(err, ERR_UNAUTHENTIC, &msg_other_release, entry->name, file->name, NULL,
                       NULL);
    if (seal_verify(entry->public_key, SIGN_PURPOSE, b->manifest_raw, &sig, NULL) != 0)
        return err_set(err, ERR_UNAUTHENTIC, &msg_bad_signature, entry->name, sig.key_id,
                       file->name, NULL);
    text_of(created, sizeof created, b->manifest.created);
    switch (standing_of(entry, created)) {
    case SIGNER_COUNTS:
        who->standing = SIGNER_COUNTS;
        break;
    case SIGNER_NOT_VALID:
        who->standing = SIGNER_NOT_VALID;
        break;
    case SIGNER_REVOKED:
        who->standing = SIGNER_REVOKED;
        break;
    default:
        who->standing = SIGNER_ROLE;
        break;
    }
    return 0;
}

static int quorum_check(const struct bank *b, const struct release_signature_file *signatures,
                        size_t count, const struct keyring *keyring, struct release_signer *signers,
                        size_t *signers_count, struct err *err)
{
    size_t good = 0;
    char have[24];
    char need[24];

    *signers_count = 0;
    if (count > RELEASE_SIGNATURES_MAX)
        return err_set(err, ERR_LIMIT, &msg_too_many, err_int(have, RELEASE_SIGNATURES_MAX), NULL,
                       NULL, NULL);
    for (size_t i = 0; i < count; i++) {
        struct release_signer *who = &signers[*signers_count];
        bool repeated = false;
        int rc = signature_check(b, &signatures[i], keyring, who, err);

        if (rc != 0)
            return rc;
        for (size_t j = 0; j < *signers_count; j++)
            repeated = repeated || strcmp(signers[j].key_id, who->key_id) == 0;
        if (repeated)
            continue;
        (*signers_count)++;
        if (who->standing == SIGNER_COUNTS)
            good++;
    }
    if (keyring->quorum == 0 || good < keyring->quorum)
        return err_set(err, ERR_UNAUTHENTIC, &msg_quorum, err_int(have, (int64_t)good),
                       err_int(need, (int64_t)keyring->quorum), NULL, NULL);
    return 0;
}

int release_open(struct buf *raw, const struct release_signature_file *signatures, size_t count,
                 const struct keyring *keyring, struct release_signer *signers,
                 size_t *signers_count, struct bank **out, struct err *err)
{
    struct release_signer local[RELEASE_SIGNATURES_MAX];
    size_t local_count = 0;
    struct bank *b = calloc(1, sizeof *b);
    int rc;

    if (signers_count != NULL)
        *signers_count = 0;
    if (b == NULL)
        return no_memory(err);
    arena_init(&b->arena, 0);
    rc = bank_read(buf_view(raw), b, err);
    if (rc != 0)
        goto out;
    rc = quorum_check(b, signatures, count, keyring, signers != NULL ? signers : local,
                      signers_count != NULL ? signers_count : &local_count, err);
    if (rc != 0)
        goto out;
    b->raw = *raw;
    memset(raw, 0, sizeof *raw);
    *out = b;
    return 0;
out:
    bank_free(b);
    return rc;
}

int release_sign(const struct bank *bank, const struct signing_key *signing_key, struct buf *out,
                 struct err *err)
{
    struct signature sig;
    int rc = seal_sign(signing_key, SIGN_PURPOSE, bank->manifest_raw, &sig, err);

    if (rc != 0)
        return rc;
    cbor_write_map(out, 6);
    cbor_write_uint(out, 0);
    cbor_write_text(out, SIGNATURE_MAGIC, strlen(SIGNATURE_MAGIC));
    cbor_write_uint(out, 1);
    cbor_write_uint(out, FORMAT_VERSION);
    cbor_write_uint(out, 2);
    cbor_write_uint(out, (uint64_t)sig.alg);
    cbor_write_uint(out, 3);
    cbor_write_text(out, sig.key_id, SEAL_KEY_ID_CHARS);
    cbor_write_uint(out, 4);
    cbor_write_bytes(out, bank->digest.b, DIGEST_BYTES);
    cbor_write_uint(out, 5);
    cbor_write_bytes(out, sig.b, sig.len);
    return out->failed ? no_memory(err) : 0;
}

/* ---- access ---- */

const struct item_pool *bank_pool(const struct bank *bank)
{
    return &bank->pool;
}

const struct manifest *bank_manifest(const struct bank *bank)
{
    return &bank->manifest;
}

const struct digest *bank_digest(const struct bank *bank)
{
    return &bank->digest;
}

void bank_free(struct bank *bank)
{
    if (bank == NULL)
        return;
    arena_fini(&bank->arena);
    buf_fini(&bank->raw);
    free(bank);
}
