/* The keyring as JSON (see keyring_json.h). */
#include "question-bank/format/keyring_json.h"

#include "question-bank/bank/law.h"
#include "question-bank/format/json_path.h"

#include <openssl/evp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct msg msg_twice = {
    "keyring-twice",
    "{0}：密钥 {1} 已经在密钥环中",
    "{0}: signing key {1} is in the keyring already",
};
static const struct msg msg_nomem = {"no-memory", "内存不足", "out of memory"};

static const struct err_word word_date = {"日期 YYYY-MM-DD", "a date YYYY-MM-DD"};
static const struct err_word word_public = {"SM2 或 Ed25519 公钥（SubjectPublicKeyInfo）",
                                            "an SM2 or Ed25519 public key (SubjectPublicKeyInfo)"};
static const struct err_word word_not_before = {"不早于 valid_from 的日期",
                                                "a date not before valid_from"};
static const struct err_word word_quorum = {"不多于密钥的个数", "no more than there are keys"};

static const char *const role_names[] = {"", "custodian", "author", "reviewer"};

static const char *const entry_members[] = {"id",     "name",       "alg",      "role",
                                            "public", "valid_from", "valid_to", "revoked"};
static const char *const keyring_members[] = {"quorum", "keys"};

/* ---- reading ---- */

static int read_date(const json_t *value, const char *path, const char *name, char out[11],
                     struct err *err)
{
    struct bytes text;
    int rc = json_path_text(value, path, name, 32, &text, err);
    char at[JSON_PATH_BYTES_MAX];

    if (rc != 0)
        return rc;
    if (!law_date_valid(text)) {
        json_path_join(at, path, name);
        return json_path_expect(at, json_object_get(value, name), &word_date, NULL, err);
    }
    memcpy(out, text.data, 10);
    out[10] = '\0';
    return 0;
}

static int read_role(const json_t *value, const char *path, enum keyring_role *out, struct err *err)
{
    struct bytes text;
    int rc = json_path_text(value, path, "role", 32, &text, err);
    char at[JSON_PATH_BYTES_MAX];

    if (rc != 0)
        return rc;
    for (int i = KEYRING_CUSTODIAN; i <= KEYRING_REVIEWER; i++) {
        if (bytes_equal(text, bytes_of_text(role_names[i]))) {
            *out = (enum keyring_role)i;
            return 0;
        }
    }
    json_path_join(at, path, "role");
    return json_path_error(at, json_object_get(value, "role"), "custodian, author, reviewer", err);
}

/* Standard base64 with padding, canonical. */
static int read_base64(struct bytes text, uint8_t *out, size_t *len)
{
    unsigned char wide[SEAL_PUBLIC_DER_BYTES_MAX + 4];
    char again[(SEAL_PUBLIC_DER_BYTES_MAX + 4) * 2];
    int n;

    if (text.len % 4 != 0 || text.len / 4 * 3 > SEAL_PUBLIC_DER_BYTES_MAX)
        return ERR_BAD_INPUT;
    n = EVP_DecodeBlock(wide, text.data, (int)text.len);
    if (n <= 0)
        return ERR_BAD_INPUT;
    for (size_t i = 0; i < 2 && text.data[text.len - 1 - i] == '='; i++)
        n--;
    EVP_EncodeBlock((unsigned char *)again, wide, n);
    if (strlen(again) != text.len || memcmp(again, text.data, text.len) != 0)
        return ERR_BAD_INPUT;
    memcpy(out, wide, (size_t)n);
    *len = (size_t)n;
    return 0;
}

static int read_public(const json_t *value, const char *path, struct public_key **out,
                       struct err *err)
{
    uint8_t der[SEAL_PUBLIC_DER_BYTES_MAX + 4];
    size_t len = 0;
    struct bytes text;
    struct bytes id;
    char at[JSON_PATH_BYTES_MAX];
    enum seal_alg alg;
    int rc = json_path_text(value, path, "public", 512, &text, err);

    if (rc != 0)
        return rc;
    json_path_join(at, path, "public");
    if (read_base64(text, der, &len) != 0)
        return json_path_error(at, json_object_get(value, "public"), "base64 DER", err);
    rc = public_key_import(bytes_of(der, len), out, err);
    if (rc == ERR_BAD_INPUT)
        return json_path_expect(at, json_object_get(value, "public"), &word_public, NULL, err);
    if (rc != 0)
        return rc;
    rc = json_path_text(value, path, "id", SEAL_KEY_ID_CHARS, &id, err);
    if (rc == 0 && !bytes_equal(id, bytes_of_text(public_key_id(*out)))) {
        json_path_join(at, path, "id");
        rc = json_path_error(at, json_object_get(value, "id"), public_key_id(*out), err);
    }
    if (rc == 0)
        rc = json_path_text(value, path, "alg", 16, &text, err);
    if (rc == 0) {
        char name[17] = {0};

        memcpy(name, text.data, text.len);
        if (seal_alg_from_name(name, &alg) != 0 || alg != public_key_alg(*out)) {
            json_path_join(at, path, "alg");
            rc = json_path_error(at, json_object_get(value, "alg"),
                                 seal_alg_name(public_key_alg(*out)), err);
        }
    }
    if (rc != 0) {
        public_key_free(*out);
        *out = NULL;
    }
    return rc;
}

static int read_entry(const json_t *value, const char *path, struct keyring_entry *out,
                      struct err *err)
{
    struct keyring_entry e = {0};
    const json_t *revoked;
    struct bytes name;
    char at[JSON_PATH_BYTES_MAX];
    int rc = json_path_members(value, path, entry_members,
                               sizeof entry_members / sizeof entry_members[0], err);

    if (rc == 0)
        rc = json_path_text(value, path, "name", sizeof e.name - 1, &name, err);
    if (rc == 0)
        rc = read_role(value, path, &e.role, err);
    if (rc == 0)
        rc = read_date(value, path, "valid_from", e.valid_from, err);
    if (rc == 0)
        rc = read_date(value, path, "valid_to", e.valid_to, err);
    if (rc != 0)
        return rc;
    if (strcmp(e.valid_from, e.valid_to) > 0) {
        json_path_join(at, path, "valid_to");
        return json_path_expect(at, json_object_get(value, "valid_to"), &word_not_before, NULL,
                                err);
    }
    revoked = json_object_get(value, "revoked");
    if (revoked != NULL && !json_is_null(revoked)) {
        rc = read_date(value, path, "revoked", e.revoked, err);
        if (rc != 0)
            return rc;
    }
    memcpy(e.name, name.data, name.len);
    rc = read_public(value, path, &e.public_key, err);
    if (rc == 0)
        *out = e;
    return rc;
}

static int read_entries(const json_t *list, struct keyring *k, struct err *err)
{
    for (size_t i = 0; i < json_array_size(list); i++) {
        struct keyring_entry e;
        char path[JSON_PATH_BYTES_MAX];
        int rc;

        snprintf(path, sizeof path, "$.keys[%zu]", i);
        rc = read_entry(json_array_get(list, i), path, &e, err);
        if (rc != 0)
            return rc;
        if (keyring_find(k, public_key_id(e.public_key)) != NULL) {
            rc = err_set(err, ERR_BAD_INPUT, &msg_twice, path, public_key_id(e.public_key), NULL,
                         NULL);
            public_key_free(e.public_key);
            return rc;
        }
        k->entries[k->count++] = e;
    }
    return 0;
}

int keyring_json_read(struct bytes text, struct keyring *out, struct err *err)
{
    struct keyring *k = NULL;
    json_t *root = NULL;
    const json_t *list;
    int64_t quorum = 0;
    int rc = json_path_parse(text, &root, err);

    if (rc != 0)
        return rc;
    k = calloc(1, sizeof *k);
    if (k == NULL) {
        rc = err_set(err, ERR_NOMEM, &msg_nomem, NULL, NULL, NULL, NULL);
        goto out;
    }
    rc = json_path_members(root, "$", keyring_members, 2, err);
    if (rc == 0)
        rc = json_path_int(root, "$", "quorum", 1, KEYRING_KEYS_MAX, &quorum, err);
    if (rc == 0)
        rc = json_path_array(root, "$", "keys", KEYRING_KEYS_MAX, true, &list, err);
    if (rc == 0)
        rc = read_entries(list, k, err);
    if (rc == 0 && (size_t)quorum > k->count)
        rc = json_path_expect("$.quorum", json_object_get(root, "quorum"), &word_quorum, NULL, err);
    if (rc != 0) {
        keyring_fini(k);
        goto out;
    }
    k->quorum = (size_t)quorum;
    *out = *k;
out:
    free(k);
    json_decref(root);
    return rc;
}

int keyring_json_read_entry(struct bytes text, struct keyring_entry *out, struct err *err)
{
    json_t *root = NULL;
    int rc = json_path_parse(text, &root, err);

    if (rc == 0)
        rc = read_entry(root, "$", out, err);
    json_decref(root);
    return rc;
}

/* ---- writing ---- */

static json_t *entry_value(const struct keyring_entry *e)
{
    char base64[SEAL_PUBLIC_DER_BYTES_MAX * 2 + 8];
    struct bytes der = public_key_der(e->public_key);

    EVP_EncodeBlock((unsigned char *)base64, der.data, (int)der.len);
    return json_pack("{s:s, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "id", public_key_id(e->public_key),
                     "name", e->name, "alg", seal_alg_name(public_key_alg(e->public_key)), "role",
                     role_names[e->role], "public", base64, "valid_from", e->valid_from, "valid_to",
                     e->valid_to, "revoked",
                     e->revoked[0] != '\0' ? json_string(e->revoked) : json_null());
}

/* Takes value. */
static int write_value(json_t *value, struct buf *out, struct err *err)
{
    char *text = value == NULL ? NULL : json_dumps(value, JSON_INDENT(2));

    json_decref(value);
    if (text == NULL)
        return err_set(err, ERR_NOMEM, &msg_nomem, NULL, NULL, NULL, NULL);
    buf_append_text(out, text);
    buf_append_byte(out, '\n');
    free(text);
    return buf_error(out);
}

int keyring_json_write_entry(const struct keyring_entry *entry, struct buf *out, struct err *err)
{
    return write_value(entry_value(entry), out, err);
}

int keyring_json_write(const struct keyring *k, struct buf *out, struct err *err)
{
    json_t *list = json_array();

    for (size_t i = 0; i < k->count; i++)
        json_array_append_new(list, entry_value(&k->entries[i]));
    return write_value(json_pack("{s:I, s:o}", "quorum", (json_int_t)k->quorum, "keys", list), out,
                       err);
}
