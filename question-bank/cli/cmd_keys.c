/* mingfa-bank keygen, keyring: signing keys and the list of those that count. */
#include "question-bank/base/file.h"
#include "question-bank/cli/cli.h"
#include "question-bank/format/keyring_json.h"

#include <stdlib.h>
#include <string.h>

static const struct msg msg_alg = {
    "cli-alg",
    "--alg 应当是 sm2 或 ed25519，写的是“{0}”",
    "--alg must be sm2 or ed25519, found '{0}'",
};
static const struct msg msg_role = {
    "cli-role",
    "--role 应当是 custodian、author 或 reviewer，写的是“{0}”",
    "--role must be custodian, author or reviewer, found '{0}'",
};
static const struct msg msg_dates = {
    "cli-validity",
    "有效期应当是两个日期 YYYY-MM-DD，且先后有序",
    "the validity must be two civil dates YYYY-MM-DD, in order",
};
static const struct msg msg_name = {
    "cli-name",
    "--name 不能为空，最多 95 字节",
    "--name must not be empty and has at most 95 bytes",
};
static const struct msg msg_made = {
    "cli-key-made",
    "私钥 {0}（权限 0600），公开记录 {1}，密钥编号 {2}",
    "private key {0} (mode 0600), public record {1}, key id {2}",
};
static const struct msg msg_add_only = {
    "cli-keyring-add",
    "keyring 之后应当写 add",
    "expected 'add' behind keyring",
};
static const struct msg msg_quorum = {
    "cli-quorum",
    "--quorum 应当是 1～{0} 的整数（密钥环中的密钥数）",
    "--quorum must be 1 to {0}, the number of keys in the keyring",
};
static const struct msg msg_twice = {
    "cli-key-twice",
    "{0}：密钥 {1} 已经在密钥环中",
    "{0}: key {1} is in the keyring already",
};
static const struct msg msg_full = {
    "cli-keyring-full",
    "密钥环最多 {0} 个密钥",
    "a keyring has at most {0} keys",
};
static const struct msg msg_added = {
    "cli-keyring-written",
    "密钥环 {0}：{1} 个密钥，需要 {2} 个签名",
    "keyring {0}: {1} keys, {2} signatures needed",
};

struct keygen_request {
    const char *alg, *name, *role, *from, *to, *pass_file, *pass_fd, *out;
};

static int role_of(const char *text, enum keyring_role *out)
{
    static const char *const names[] = {"", "custodian", "author", "reviewer"};

    for (int i = KEYRING_CUSTODIAN; i <= KEYRING_REVIEWER; i++) {
        if (strcmp(text, names[i]) == 0) {
            *out = (enum keyring_role)i;
            return 0;
        }
    }
    return ERR_BAD_INPUT;
}

static int entry_fill(const struct keygen_request *q, struct keyring_entry *e, enum seal_alg *alg,
                      struct err *err)
{
    if (seal_alg_from_name(q->alg, alg) != 0)
        return err_set(err, ERR_BAD_INPUT, &msg_alg, q->alg, NULL, NULL, NULL);
    if (role_of(q->role, &e->role) != 0)
        return err_set(err, ERR_BAD_INPUT, &msg_role, q->role, NULL, NULL, NULL);
    if (q->name[0] == '\0' || strlen(q->name) >= sizeof e->name)
        return err_set(err, ERR_BAD_INPUT, &msg_name, NULL, NULL, NULL, NULL);
    if (!law_date_valid(bytes_of_text(q->from)) || !law_date_valid(bytes_of_text(q->to)) ||
        strcmp(q->from, q->to) > 0)
        return err_set(err, ERR_BAD_INPUT, &msg_dates, NULL, NULL, NULL, NULL);
    snprintf(e->name, sizeof e->name, "%s", q->name);
    memcpy(e->valid_from, q->from, 11);
    memcpy(e->valid_to, q->to, 11);
    return 0;
}

static int keygen_write(struct cli *cli, const struct keygen_request *q, struct keyring_entry *e,
                        const struct signing_key *signing_key, struct bytes passphrase,
                        struct err *err)
{
    struct buf pem = {0};
    struct buf record = {0};
    struct buf pem_path = {0};
    struct buf record_path = {0};
    int rc;

    buf_printf(&pem_path, "%s.pem", q->out);
    buf_printf(&record_path, "%s.json", q->out);
    if (file_exists(buf_text(&pem_path))) {
        rc = err_set(err, ERR_EXISTS, &cli_msg_there, buf_text(&pem_path), NULL, NULL, NULL);
        goto out;
    }
    rc = public_key_import(public_key_der(signing_key_public(signing_key)), &e->public_key, err);
    if (rc == 0)
        rc = signing_key_export(signing_key, passphrase, &pem, err);
    if (rc == 0)
        rc = keyring_json_write_entry(e, &record, err);
    if (rc == 0)
        rc = file_write(buf_text(&pem_path), buf_view(&pem), 0600, err);
    if (rc == 0)
        rc = file_write(buf_text(&record_path), buf_view(&record), 0644, err);
    if (rc == 0)
        cli_say(cli, cli->out, &msg_made, buf_text(&pem_path), buf_text(&record_path),
                public_key_id(e->public_key), NULL);
out:
    buf_fini(&pem);
    buf_fini(&record);
    buf_fini(&pem_path);
    buf_fini(&record_path);
    return rc;
}

int cmd_keygen(struct cli *cli, int argc, char **argv)
{
    struct keygen_request q = {.role = "custodian"};
    const struct cli_option options[] = {
        {"--alg", &q.alg, NULL, true},     {"--name", &q.name, NULL, true},
        {"--role", &q.role, NULL, false},  {"--valid-from", &q.from, NULL, true},
        {"--valid-to", &q.to, NULL, true}, {"--passphrase-file", &q.pass_file, NULL, false},
        {"-o", &q.out, NULL, true},        {"--passphrase-fd", &q.pass_fd, NULL, false}};
    struct keyring_entry e = {0};
    struct signing_key *signing_key = NULL;
    struct buf passphrase = {0};
    struct cli_args args;
    struct err err = {0};
    enum seal_alg alg;
    int status = cli_parse(cli, argc, argv, options, 8, 0, 0, &args);

    if (status != CLI_DONE)
        return status;
    if (entry_fill(&q, &e, &alg, &err) != 0) {
        cli_fail(cli, &err);
        return CLI_USAGE;
    }
    status = cli_passphrase(cli, q.pass_file, q.pass_fd, true, &passphrase);
    if (status == CLI_DONE &&
        (signing_key_generate(alg, &signing_key, &err) != 0 ||
         keygen_write(cli, &q, &e, signing_key, buf_view(&passphrase), &err) != 0))
        status = cli_fail(cli, &err);
    signing_key_free(signing_key);
    public_key_free(e.public_key);
    if (passphrase.data != NULL)
        secret_wipe(passphrase.data, passphrase.cap);
    buf_fini(&passphrase);
    return status;
}

/* ---- keyring ---- */

static int keyring_add_file(struct cli *cli, struct keyring *k, const char *path, struct err *err)
{
    struct keyring_entry e = {0};
    struct buf raw = {0};
    int rc = file_read(path, KEYRING_JSON_BYTES_MAX, &raw, err);

    if (rc == 0) {
        cli->about = path;
        rc = keyring_json_read_entry(buf_view(&raw), &e, err);
    }
    buf_fini(&raw);
    if (rc != 0)
        return rc;
    cli->about = NULL;
    if (keyring_find(k, public_key_id(e.public_key)) != NULL) {
        rc = err_set(err, ERR_EXISTS, &msg_twice, path, public_key_id(e.public_key), NULL, NULL);
    } else if (k->count == KEYRING_KEYS_MAX) {
        char max[24];

        rc = err_set(err, ERR_LIMIT, &msg_full, err_int(max, KEYRING_KEYS_MAX), NULL, NULL, NULL);
    }
    if (rc != 0) {
        public_key_free(e.public_key);
        return rc;
    }
    k->entries[k->count++] = e;
    return 0;
}

static int keyring_load(struct cli *cli, const char *path, struct keyring *k, struct err *err)
{
    struct buf raw = {0};
    int rc = file_read(path, KEYRING_JSON_BYTES_MAX, &raw, err);

    if (rc == 0) {
        cli->about = path;
        rc = keyring_json_read(buf_view(&raw), k, err);
    }
    buf_fini(&raw);
    if (rc == 0)
        cli->about = NULL;
    return rc;
}

static int set_quorum(struct keyring *k, const char *text, struct err *err)
{
    char *end = NULL;
    long n = text == NULL ? (long)(k->quorum == 0 ? 1 : k->quorum) : strtol(text, &end, 10);
    char max[24];

    if ((text != NULL && (*text == '\0' || *end != '\0')) || n < 1 || (size_t)n > k->count)
        return err_set(err, ERR_BAD_INPUT, &msg_quorum, err_int(max, (int64_t)k->count), NULL, NULL,
                       NULL);
    k->quorum = (size_t)n;
    return 0;
}

int cmd_keyring(struct cli *cli, int argc, char **argv)
{
    const char *path = NULL;
    const char *quorum = NULL;
    const struct cli_option options[] = {{"--keyring", &path, NULL, true},
                                         {"--quorum", &quorum, NULL, false}};
    struct keyring *k = calloc(1, sizeof *k);
    struct buf out = {0};
    struct cli_args args;
    struct err err = {0};
    char count[24];
    char needed[24];
    int rc = 0;
    int status = CLI_USAGE;

    if (k == NULL)
        return CLI_USAGE;
    status = cli_parse(cli, argc, argv, options, 2, 1, CLI_POSITIONALS_MAX, &args);
    if (status != CLI_DONE)
        goto out;
    if (strcmp(args.positional[0], "add") != 0) {
        cli_say(cli, cli->errs, &msg_add_only, NULL, NULL, NULL, NULL);
        status = CLI_USAGE;
        goto out;
    }
    if (file_exists(path))
        rc = keyring_load(cli, path, k, &err);
    for (size_t i = 1; i < args.count && rc == 0; i++)
        rc = keyring_add_file(cli, k, args.positional[i], &err);
    if (rc == 0)
        rc = set_quorum(k, quorum, &err);
    if (rc == 0)
        rc = keyring_json_write(k, &out, &err);
    if (rc == 0)
        rc = file_write(path, buf_view(&out), 0644, &err);
    if (rc != 0)
        status = cli_fail(cli, &err);
    else
        cli_say(cli, cli->out, &msg_added, path, err_int(count, (int64_t)k->count),
                err_int(needed, (int64_t)k->quorum), NULL);
out:
    keyring_fini(k);
    free(k);
    buf_fini(&out);
    return status;
}
