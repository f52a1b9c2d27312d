/* Releases and signatures: a small release signed by two custodians opens; with any byte of it or of
 * a signature changed it does not, and the refusal says what is wrong. */
#include "question-bank/bank/release.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

enum { KEYS = 3 };

static struct arena arena;
static struct item items[3];
static struct item_pool pool = {items, 3};
static struct signing_key *signing_keys[KEYS];
static struct keyring keyring;
static struct buf release;
static struct buf signature[KEYS];
static struct digest release_digest;

static void item_init(struct item *it, const char *id, enum item_type type)
{
    memset(it, 0, sizeof *it);
    it->id = bytes_of_text(id);
    it->revision = 1;
    it->type = type;
    it->area = bytes_of_text("宪法");
    it->topics[it->topics_count++] = bytes_of_text("任期");
    it->difficulty = 2;
    it->level = 1;
    it->stem = bytes_of_text(type == ITEM_FILL_IN ? "任期为____。" : "任期为（　　）。");
    it->explanation = bytes_of_text("第六十条。");
    it->facility = item_default_facility(it->difficulty);
    it->citations[0].title = bytes_of_text("中华人民共和国宪法");
    it->citations[0].article = 60;
    it->citations_count = 1;
    it->answer_key.mask = 1;
    memset(it->salt, 7, sizeof it->salt);
    if (type == ITEM_SINGLE) {
        it->options[0] = bytes_of_text("五年");
        it->options[1] = bytes_of_text("四年");
        it->options_count = 2;
    }
    if (type == ITEM_FILL_IN) {
        it->answer_key.mask = 0;
        it->answer_key.alternatives[0] = bytes_of_text("五年");
        it->answer_key.alternatives_count = 1;
    }
}

static struct manifest head_of(void)
{
    static struct release_law law;
    struct manifest head = {.name = bytes_of_text("样题库"),
                            .created = bytes_of_text("2026-11-24"),
                            .law_date = bytes_of_text("2026-11-24"),
                            .laws = &law,
                            .laws_count = 1,
                            .sample = true,
                            .fold_version = 1};

    law.title = bytes_of_text("中华人民共和国宪法");
    law.version = bytes_of_text("2018-03-11");
    law.in_force = bytes_of_text("1982-12-04");
    return head;
}

static struct bank *open_plain(struct bytes raw)
{
    struct buf copy = {0};
    struct bank *bank = NULL;

    buf_append(&copy, raw.data, raw.len);
    cr_assert_eq(release_open_unsigned(&copy, &bank, NULL), 0);
    return bank;
}

static void entry_init(struct keyring_entry *e, const struct signing_key *signing_key, int number)
{
    cr_assert_eq(
        public_key_import(public_key_der(signing_key_public(signing_key)), &e->public_key, NULL),
        0);
    snprintf(e->name, sizeof e->name, "保管人%d", number);
    e->role = KEYRING_CUSTODIAN;
    strcpy(e->valid_from, "2026-01-01");
    strcpy(e->valid_to, "2027-01-01");
}

static void release_init(void)
{
    struct manifest head = head_of();
    struct bank *bank;

    arena_init(&arena, 0);
    item_init(&items[0], "XF-F-001", ITEM_FILL_IN);
    item_init(&items[1], "XF-S-001", ITEM_SINGLE);
    item_init(&items[2], "XF-T-001", ITEM_TRUE_FALSE);
    cr_assert_eq(release_build(&head, &pool, &release, &release_digest, NULL), 0);
    bank = open_plain(buf_view(&release));
    memset(&keyring, 0, sizeof keyring);
    keyring.quorum = 2;
    for (int i = 0; i < KEYS; i++) {
        cr_assert_eq(signing_key_generate(i == 2 ? SEAL_ED25519 : SEAL_SM2, &signing_keys[i], NULL),
                     0);
        entry_init(&keyring.entries[keyring.count++], signing_keys[i], i + 1);
        cr_assert_eq(release_sign(bank, signing_keys[i], &signature[i], NULL), 0);
    }
    bank_free(bank);
}

static void release_fini(void)
{
    for (int i = 0; i < KEYS; i++) {
        signing_key_free(signing_keys[i]);
        buf_fini(&signature[i]);
    }
    keyring_fini(&keyring);
    buf_fini(&release);
    arena_fini(&arena);
}

TestSuite(release, .init = release_init, .fini = release_fini);

/* Opens raw with the signatures whose bits are in `which`; the sentence, in English, in text. */
static int open_with(struct bytes raw, unsigned which, char text[ERR_TEXT_BYTES_MAX])
{
    static const char *const names[KEYS] = {"1.sig", "2.sig", "3.sig"};
    struct release_signature_file files[KEYS];
    struct release_signer signers[RELEASE_SIGNATURES_MAX];
    struct buf copy = {0};
    struct bank *bank = NULL;
    struct err err = {0};
    size_t count = 0;
    size_t signers_count = 0;
    int rc;

    for (size_t i = 0; i < KEYS; i++) {
        if ((which >> i & 1) != 0) {
            files[count].raw = buf_view(&signature[i]);
            files[count++].name = names[i];
        }
    }
    buf_append(&copy, raw.data, raw.len);
    rc = release_open(&copy, files, count, &keyring, signers, &signers_count, &bank, &err);
    cr_assert_eq(rc == 0, bank != NULL);
    cr_assert_eq(rc == 0, copy.data == NULL, "bytes are taken on success only");
    err_text(&err, LANG_EN, text, ERR_TEXT_BYTES_MAX);
    bank_free(bank);
    buf_fini(&copy);
    return rc;
}

Test(release, an_unchanged_release_opens_with_a_quorum_of_mixed_algorithms)
{
    static const unsigned quorums[] = {3, 5, 6, 7};
    char text[ERR_TEXT_BYTES_MAX];
    struct bank *bank = open_plain(buf_view(&release));

    for (size_t i = 0; i < 4; i++)
        cr_assert_eq(open_with(buf_view(&release), quorums[i], text), 0, "%u: %s", quorums[i],
                     text);
    cr_assert_eq(bank_pool(bank)->count, 3u);
    cr_assert(digest_equal(bank_digest(bank), &release_digest));
    cr_assert(bank_manifest(bank)->sample);
    cr_assert_eq(item_pool_find(bank_pool(bank), bytes_of_text("XF-T-001")), 2);
    bank_free(bank);
}

Test(release, without_a_quorum_it_does_not_open)
{
    static const unsigned fewer[] = {0, 1, 2, 4};
    char text[ERR_TEXT_BYTES_MAX];

    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(open_with(buf_view(&release), fewer[i], text), ERR_UNAUTHENTIC);
        cr_assert_not_null(strstr(text, "of 2 signatures"), "%s", text);
    }
}

Test(release, one_custodian_who_signs_twice_counts_once)
{
    struct release_signature_file files[2] = {{buf_view(&signature[0]), "a.sig"},
                                              {buf_view(&signature[0]), "b.sig"}};
    struct buf copy = {0};
    struct bank *bank = NULL;

    buf_append(&copy, release.data, release.len);
    cr_assert_eq(release_open(&copy, files, 2, &keyring, NULL, NULL, &bank, NULL), ERR_UNAUTHENTIC);
    buf_fini(&copy);
}

Test(release, a_key_counts_only_as_a_valid_custodians)
{
    static const struct {
        const char *from, *to, *revoked;
        enum keyring_role role;
        bool counts;
    } cases[] = {
        {"2026-01-01", "2027-01-01", "", KEYRING_CUSTODIAN, true},
        {"2026-11-24", "2026-11-24", "", KEYRING_CUSTODIAN, true},
        {"2026-11-25", "2027-01-01", "", KEYRING_CUSTODIAN, false},
        {"2026-01-01", "2026-11-23", "", KEYRING_CUSTODIAN, false},
        {"2026-01-01", "2027-01-01", "2026-11-24", KEYRING_CUSTODIAN, false},
        {"2026-01-01", "2027-01-01", "2026-11-25", KEYRING_CUSTODIAN, true},
        {"2026-01-01", "2027-01-01", "", KEYRING_AUTHOR, false},
        {"2026-01-01", "2027-01-01", "", KEYRING_REVIEWER, false},
    };
    char text[ERR_TEXT_BYTES_MAX];

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        strcpy(keyring.entries[0].valid_from, cases[i].from);
        strcpy(keyring.entries[0].valid_to, cases[i].to);
        strcpy(keyring.entries[0].revoked, cases[i].revoked);
        keyring.entries[0].role = cases[i].role;
        cr_assert_eq(open_with(buf_view(&release), 5, text) == 0, cases[i].counts, "case %zu: %s",
                     i, text);
    }
}

Test(release, a_key_outside_the_keyring_is_named_and_not_counted)
{
    struct release_signature_file files[2] = {{buf_view(&signature[0]), "1.sig"},
                                              {buf_view(&signature[2]), "3.sig"}};
    struct release_signer signers[RELEASE_SIGNATURES_MAX];
    size_t count = 0;
    struct buf copy = {0};
    struct bank *bank = NULL;

    public_key_free(keyring.entries[2].public_key);
    keyring.count = 2;
    buf_append(&copy, release.data, release.len);
    cr_assert_eq(release_open(&copy, files, 2, &keyring, signers, &count, &bank, NULL),
                 ERR_UNAUTHENTIC);
    cr_assert_eq(count, 2u);
    for (size_t i = 0; i < count; i++) {
        bool known =
            strcmp(signers[i].key_id, public_key_id(signing_key_public(signing_keys[0]))) == 0;

        cr_assert_eq(signers[i].standing, known ? SIGNER_COUNTS : SIGNER_UNKNOWN);
    }
    buf_fini(&copy);
}

Test(release, every_flipped_byte_of_a_release_is_refused_with_a_reason)
{
    char text[ERR_TEXT_BYTES_MAX];

    for (size_t at = 0; at < release.len; at++) {
        static const uint8_t masks[] = {0x01, 0x20, 0x80, 0xff};

        for (size_t m = 0; m < sizeof masks; m++) {
            uint8_t was = release.data[at];
            int rc;

            release.data[at] = (uint8_t)(was ^ masks[m]);
            rc = open_with(buf_view(&release), 7, text);
            release.data[at] = was;
            cr_assert(rc == ERR_CORRUPT || rc == ERR_UNAUTHENTIC, "byte %zu ^ %02x: %d", at,
                      masks[m], rc);
            cr_assert(strstr(text, "damaged (at byte") != NULL || strstr(text, "version") != NULL ||
                          strstr(text, "manifest") != NULL || strstr(text, "item number") != NULL ||
                          strstr(text, "for another release") != NULL,
                      "byte %zu ^ %02x: %s", at, masks[m], text);
        }
    }
    cr_assert_eq(open_with(buf_view(&release), 7, text), 0, "%s", text);
}

Test(release, no_part_of_a_release_opens_and_nothing_may_follow_it)
{
    char text[ERR_TEXT_BYTES_MAX];

    for (size_t len = 0; len < release.len; len++)
        cr_assert_eq(open_with(bytes_of(release.data, len), 7, text), ERR_CORRUPT, "%zu bytes",
                     len);
    buf_append_byte(&release, 0);
    cr_assert_eq(open_with(buf_view(&release), 7, text), ERR_CORRUPT);
}

Test(release, every_flipped_byte_of_a_signature_is_refused_or_not_counted)
{
    char text[ERR_TEXT_BYTES_MAX];

    for (size_t which = 0; which < KEYS; which += 2) {
        struct buf *sig = &signature[which];

        for (size_t at = 0; at < sig->len; at++) {
            uint8_t was = sig->data[at];
            int rc;

            sig->data[at] = (uint8_t)(was ^ 0x01);
            rc = open_with(buf_view(&release), 5, text);
            sig->data[at] = was;
            cr_assert_neq(rc, 0, "signature %zu, byte %zu", which, at);
            cr_assert(strstr(text, which == 0 ? "1.sig" : "3.sig") != NULL ||
                          strstr(text, "of 2 signatures") != NULL,
                      "signature %zu, byte %zu: %s", which, at, text);
        }
    }
}

Test(release, a_changed_item_is_refused_though_it_is_well_formed)
{
    struct manifest head = head_of();
    struct buf other = {0};
    struct digest digest;
    char text[ERR_TEXT_BYTES_MAX];

    items[1].answer_key.mask = 2;
    cr_assert_eq(release_build(&head, &pool, &other, &digest, NULL), 0);
    cr_assert_not(digest_equal(&digest, &release_digest));
    cr_assert_eq(open_with(buf_view(&other), 7, text), ERR_UNAUTHENTIC);
    cr_assert_not_null(strstr(text, "for another release"), "%s", text);
    /* The old manifest over the new items. */
    cr_assert_eq(other.len, release.len);
    for (size_t at = other.len; at-- > 0;) {
        if (other.data[at] != release.data[at]) {
            release.data[at] = other.data[at];
            break;
        }
    }
    cr_assert_eq(open_with(buf_view(&release), 7, text), ERR_CORRUPT);
    cr_assert_not_null(strstr(text, "do not lead to its root"), "%s", text);
    buf_fini(&other);
}

Test(release, items_out_of_order_are_not_built)
{
    struct manifest head = head_of();
    struct item first = items[0];
    struct buf out = {0};
    struct digest digest;

    items[0] = items[1];
    items[1] = first;
    cr_assert_neq(release_build(&head, &pool, &out, &digest, NULL), 0);
    items[0] = items[1];
    cr_assert_neq(release_build(&head, &pool, &out, &digest, NULL), 0, "one id twice");
    cr_assert_eq(out.len, 0u);
    buf_fini(&out);
}

Test(release, the_same_items_give_the_same_bytes)
{
    struct manifest head = head_of();
    struct buf again = {0};
    struct digest digest;

    cr_assert_eq(release_build(&head, &pool, &again, &digest, NULL), 0);
    cr_assert(bytes_equal(buf_view(&again), buf_view(&release)));
    buf_fini(&again);
}

Test(release, a_sentence_is_of_one_language)
{
    struct manifest head = head_of();
    struct buf raw = {0};
    struct err err = {0};
    char said[ERR_TEXT_BYTES_MAX];

    head.created = bytes_of_text("today");
    cr_assert_eq(release_build(&head, &pool, &raw, NULL, &err), ERR_BAD_INPUT);
    err_text(&err, LANG_ZH, said, sizeof said);
    cr_assert_str_eq(said, "题库清单中的“制作日期”不符合规定");
    err_text(&err, LANG_EN, said, sizeof said);
    cr_assert_str_eq(said, "the manifest's date of creation is not acceptable");
    head = head_of();
    items[0].stem = bytes_of_text("");
    buf_clear(&raw);
    cr_assert_eq(release_build(&head, &pool, &raw, NULL, &err), ERR_BAD_INPUT);
    err_text(&err, LANG_ZH, said, sizeof said);
    cr_assert_not_null(strstr(said, "：题干不符合规定"), "%s", said);
    err_text(&err, LANG_EN, said, sizeof said);
    cr_assert_not_null(strstr(said, ": the stem is not acceptable"), "%s", said);
    buf_fini(&raw);
}
