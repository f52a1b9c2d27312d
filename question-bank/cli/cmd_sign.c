/* mingfa-bank sign, verify: detached signatures beside a release. */
#include "question-bank/base/file.h"
#include "question-bank/cli/cli.h"
#include "question-bank/format/keyring_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const struct msg msg_signed = {
    "cli-signed",
    "已签名：{0}（{1}）",
    "signed: {0} ({1})",
};
static const struct msg msg_verified = {
    "cli-verified",
    "{0}：核验通过，{1} 道试题，发布摘要 {2}",
    "{0}: verified, {1} items, release digest {2}",
};
static const struct msg msg_sample = {
    "cli-sample",
    "这是样题，未经主管机关审定",
    "these are sample items, not approved by an authority",
};
static const struct msg msg_standing[] = {
    {"cli-signer-counts", "签名有效：{0}（{1}，密钥 {2}）", "good signature: {0} ({1}, key {2})"},
    {"cli-signer-unknown", "签名者不在密钥环中，不计：密钥 {2}",
     "not in the keyring, ignored: key {2}"},
    {"cli-signer-not-valid", "密钥在制作日期不在有效期内，不计：{0}（密钥 {2}）",
     "key not valid on the date of creation, not counted: {0} (key {2})"},
    {"cli-signer-revoked", "密钥已被吊销，不计：{0}（密钥 {2}）",
     "key revoked, not counted: {0} (key {2})"},
    {"cli-signer-role", "不是保管人的密钥，不计：{0}（密钥 {2}）",
     "not a custodian's key, not counted: {0} (key {2})"},
};

int cmd_sign(struct cli *cli, int argc, char **argv)
{
    const char *key_file = NULL;
    const char *pass_file = NULL;
    const char *pass_fd = NULL;
    const struct cli_option options[] = {{"--key", &key_file, NULL, true},
                                         {"--passphrase-file", &pass_file, NULL, false},
                                         {"--passphrase-fd", &pass_fd, NULL, false}};
    struct cli_source source = {0};
    struct signing_key *signing_key = NULL;
    struct cli_args args;
    struct buf passphrase = {0};
    struct buf pem = {0};
    struct buf sig = {0};
    struct buf path = {0};
    struct err err = {0};
    int rc;
    int status = cli_parse(cli, argc, argv, options, 3, 1, 1, &args);

    if (status == CLI_DONE)
        status = cli_source_release(cli, args.positional[0], &source);
    if (status != CLI_DONE)
        return status;
    status = cli_passphrase(cli, pass_file, pass_fd, false, &passphrase);
    if (status != CLI_DONE)
        goto out;
    rc = file_read(key_file, 64 * 1024, &pem, &err);
    if (rc == 0) {
        cli->about = key_file;
        rc = signing_key_import(buf_view(&pem), buf_view(&passphrase), &signing_key, &err);
    }
    if (rc == 0)
        rc = release_sign(source.bank, signing_key, &sig, &err);
    if (rc == 0) {
        cli->about = NULL;
        buf_printf(&path, "%s.%s.sig", args.positional[0],
                   public_key_id(signing_key_public(signing_key)));
        rc = file_write(buf_text(&path), buf_view(&sig), 0644, &err);
    }
    if (rc != 0)
        status = cli_fail(cli, &err);
    else
        cli_say(cli, cli->out, &msg_signed, buf_text(&path),
                seal_alg_name(public_key_alg(signing_key_public(signing_key))), NULL, NULL);
out:
    signing_key_free(signing_key);
    if (passphrase.data != NULL)
        secret_wipe(passphrase.data, passphrase.cap);
    buf_fini(&passphrase);
    buf_fini(&pem);
    buf_fini(&sig);
    buf_fini(&path);
    cli_source_fini(&source);
    return status;
}

/* ---- verify ---- */

struct signature_walk {
    const char *release;
    struct buf raw[RELEASE_SIGNATURES_MAX];
    char *names[RELEASE_SIGNATURES_MAX];
    struct release_signature_file files[RELEASE_SIGNATURES_MAX];
    size_t count;
    struct err err;
};

static const struct msg msg_many = {
    "cli-signatures-many",
    "签名文件多于 {0} 个",
    "more than {0} signature files",
};

/* Takes RELEASE.*.sig. */
static int read_signature(void *arg, const char *path)
{
    struct signature_walk *w = arg;
    const char *base = strrchr(path, '/');
    const char *release = strrchr(w->release, '/');
    size_t len;
    int rc;

    base = base == NULL ? path : base + 1;
    release = release == NULL ? w->release : release + 1;
    len = strlen(release);
    if (strncmp(base, release, len) != 0 || base[len] != '.')
        return 0;
    if (w->count == RELEASE_SIGNATURES_MAX) {
        char max[24];

        return err_set(&w->err, ERR_LIMIT, &msg_many, err_int(max, RELEASE_SIGNATURES_MAX), NULL,
                       NULL, NULL);
    }
    rc = file_read(path, 4096, &w->raw[w->count], &w->err);
    if (rc != 0)
        return rc;
    w->names[w->count] = strdup(base);
    if (w->names[w->count] == NULL)
        return ERR_NOMEM;
    w->files[w->count].name = w->names[w->count];
    w->files[w->count].raw = buf_view(&w->raw[w->count]);
    w->count++;
    return 0;
}

static int read_signatures(struct signature_walk *w, struct err *err)
{
    const char *slash = strrchr(w->release, '/');
    struct buf dir = {0};
    int rc;

    if (slash == NULL)
        buf_append_text(&dir, ".");
    else
        buf_append(&dir, w->release, slash == w->release ? 1 : (size_t)(slash - w->release));
    rc = file_each(buf_text(&dir), ".sig", read_signature, w, &w->err);
    *err = w->err;
    buf_fini(&dir);
    return rc;
}

static void signatures_fini(struct signature_walk *w)
{
    for (size_t i = 0; i < RELEASE_SIGNATURES_MAX; i++) {
        buf_fini(&w->raw[i]);
        free(w->names[i]);
    }
}

static void print_json(struct cli *cli, const struct bank *bank,
                       const struct release_signer *signers, size_t count)
{
    static const char *const words[] = {"counts", "unknown", "not_valid", "revoked", "role"};
    json_t *list = json_array();
    const struct manifest *m = bank_manifest(bank);
    char hex[DIGEST_HEX_BYTES];
    json_t *root;
    char *text;

    digest_hex(bank_digest(bank), hex);
    for (size_t i = 0; i < count; i++)
        json_array_append_new(list,
                              json_pack("{s:s, s:s, s:s, s:s}", "key_id", signers[i].key_id, "name",
                                        signers[i].name, "alg", seal_alg_name(signers[i].alg),
                                        "standing", words[signers[i].standing]));
    root =
        json_pack("{s:o, s:s, s:o, s:o, s:I, s:b, s:o}", "name",
                  json_stringn((const char *)m->name.data, m->name.len), "digest", hex, "created",
                  json_stringn((const char *)m->created.data, m->created.len), "law_date",
                  json_stringn((const char *)m->law_date.data, m->law_date.len), "items",
                  (json_int_t)m->item_count, "sample", m->sample ? 1 : 0, "signers", list);
    text = json_dumps(root, JSON_INDENT(2));
    if (text != NULL)
        fprintf(cli->out, "%s\n", text);
    free(text);
    json_decref(root);
}

int cmd_verify(struct cli *cli, int argc, char **argv)
{
    const char *keyring_file = NULL;
    const struct cli_option options[] = {{"--keyring", &keyring_file, NULL, true}};
    struct signature_walk *w = calloc(1, sizeof *w);
    struct keyring *keyring = calloc(1, sizeof *keyring);
    struct release_signer signers[RELEASE_SIGNATURES_MAX];
    size_t signers_count = 0;
    struct bank *bank = NULL;
    struct cli_args args;
    struct buf text = {0};
    struct buf raw = {0};
    struct err err = {0};
    char hex[DIGEST_HEX_BYTES];
    char number[24];
    int rc;
    int status = CLI_USAGE;

    if (w == NULL || keyring == NULL)
        goto out;
    status = cli_parse(cli, argc, argv, options, 1, 1, 1, &args);
    if (status != CLI_DONE)
        goto out;
    w->release = args.positional[0];
    rc = file_read(keyring_file, KEYRING_JSON_BYTES_MAX, &text, &err);
    if (rc == 0) {
        cli->about = keyring_file;
        rc = keyring_json_read(buf_view(&text), keyring, &err);
    }
    if (rc == 0) {
        cli->about = NULL;
        rc = file_read(w->release, RELEASE_BYTES_MAX, &raw, &err);
    }
    if (rc == 0)
        rc = read_signatures(w, &err);
    if (rc == 0) {
        cli->about = w->release;
        rc = release_open(&raw, w->files, w->count, keyring, signers, &signers_count, &bank, &err);
    }
    for (size_t i = 0; i < signers_count && !(cli->json && rc == 0); i++)
        cli_say(cli, rc == 0 ? cli->out : cli->errs, &msg_standing[signers[i].standing],
                signers[i].name, seal_alg_name(signers[i].alg), signers[i].key_id, NULL);
    if (rc != 0) {
        status = cli_fail(cli, &err);
        goto out;
    }
    if (cli->json) {
        print_json(cli, bank, signers, signers_count);
        goto out;
    }
    digest_hex(bank_digest(bank), hex);
    cli_say(cli, cli->out, &msg_verified, w->release,
            err_int(number, (int64_t)bank_pool(bank)->count), hex, NULL);
    if (bank_manifest(bank)->sample)
        cli_say(cli, cli->out, &msg_sample, NULL, NULL, NULL, NULL);
out:
    bank_free(bank);
    buf_fini(&raw);
    buf_fini(&text);
    if (keyring != NULL)
        keyring_fini(keyring);
    if (w != NULL)
        signatures_fini(w);
    free(keyring);
    free(w);
    return status;
}
