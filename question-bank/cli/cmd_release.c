/* mingfa-bank release: from items as text to one canonical, unsigned file.
 *
 * Refuses whatever lint calls an error. The bank secret (salts of answers) is made on first use and
 * must be kept beside the bank: with another secret every item digest changes. */
#include "question-bank/bank/lint.h"
#include "question-bank/base/env.h"
#include "question-bank/base/file.h"
#include "question-bank/base/utf8.h"
#include "question-bank/cli/cli.h"

#include <stdlib.h>
#include <string.h>

enum { SECRET_BYTES = 32 };

static const struct msg msg_secret = {
    "cli-secret",
    "{0} 不是题库密钥文件（应当是 64 位十六进制数字）",
    "{0} is not a bank secret (64 hexadecimal digits)",
};
static const struct msg msg_secret_made = {
    "cli-secret-made",
    "新建了题库密钥 {0}（权限 0600）。请妥善保管，不得公开",
    "made a new bank secret {0} (mode 0600); keep it, and keep it private",
};
static const struct msg msg_entropy = {
    "cli-entropy",
    "取不到随机数",
    "no random numbers from the system",
};
static const struct msg msg_lint = {
    "cli-release-lint",
    "检查发现 {0} 处错误，不能发布；运行 mingfa-bank lint 查看",
    "lint found {0} errors; not released (run mingfa-bank lint)",
};
static const struct msg msg_done = {
    "cli-released",
    "已制作 {0}：{1} 道试题，发布摘要 {2}",
    "built {0}: {1} items, release digest {2}",
};
static const struct msg msg_nomem = {"no-memory", "内存不足", "out of memory"};

static int secret_make(struct cli *cli, const char *path, uint8_t secret[SECRET_BYTES],
                       struct err *err)
{
    struct env_system system;
    struct env env;
    char hex[2 * SECRET_BYTES + 2];
    int rc;

    env_system_init(&system, 0, &env);
    if (env.entropy(env.arg, secret, SECRET_BYTES) != 0)
        return err_set(err, ERR_CRYPTO, &msg_entropy, NULL, NULL, NULL, NULL);
    hex_encode(hex, secret, SECRET_BYTES);
    strcat(hex, "\n");
    rc = file_write(path, bytes_of_text(hex), 0600, err);
    secret_wipe(hex, sizeof hex);
    if (rc == 0)
        cli_say(cli, cli->errs, &msg_secret_made, path, NULL, NULL, NULL);
    return rc;
}

static int secret_read(struct cli *cli, const char *path, uint8_t secret[SECRET_BYTES],
                       struct err *err)
{
    struct buf raw = {0};
    int rc;

    if (!file_exists(path))
        return secret_make(cli, path, secret, err);
    rc = file_read(path, 1024, &raw, err);
    while (rc == 0 && raw.len > 0 &&
           (raw.data[raw.len - 1] == '\n' || raw.data[raw.len - 1] == '\r'))
        raw.len--;
    if (rc == 0 && hex_decode(secret, SECRET_BYTES, (const char *)raw.data, raw.len) != 0)
        rc = err_set(err, ERR_BAD_INPUT, &msg_secret, path, NULL, NULL, NULL);
    if (raw.data != NULL)
        secret_wipe(raw.data, raw.cap);
    buf_fini(&raw);
    return rc;
}

static void salt_item(struct item *it, const uint8_t secret[SECRET_BYTES])
{
    static const uint8_t zero[1];
    uint8_t revision[4];
    struct bytes pieces[4] = {bytes_of_text("mingfa/item-salt/v1"), it->id, bytes_of(zero, 1),
                              bytes_of(revision, sizeof revision)};
    struct digest d;

    u32be_write(revision, it->revision);
    d = digest_hmac(DIGEST_SHA256, bytes_of(secret, SECRET_BYTES), pieces, 4);
    memcpy(it->salt, d.b, ITEM_SALT_BYTES);
}

/* Salts, and the whole article digests in place of their first 8 bytes. */
static void prepare_items(struct cli_source *source, const struct law_index *laws,
                          const uint8_t secret[SECRET_BYTES])
{
    for (size_t i = 0; i < source->text.count; i++) {
        struct item *it = &source->text.items[i];

        salt_item(it, secret);
        for (size_t j = 0; j < it->citations_count; j++) {
            struct citation *c = &it->citations[j];
            const struct law *law = law_index_find(laws, c->title);

            c->article_digest = law_article_find(law, c->article, c->suffix)->digest;
        }
    }
}

static bool law_cited(const struct item_pool *pool, struct bytes title)
{
    for (size_t i = 0; i < pool->count; i++) {
        for (size_t j = 0; j < pool->items[i].citations_count; j++) {
            if (bytes_equal(pool->items[i].citations[j].title, title))
                return true;
        }
    }
    return false;
}

static int manifest_laws(struct manifest *m, const struct law_index *laws,
                         struct cli_source *source)
{
    struct release_law *list = arena_array(&source->arena, laws->count + 1, sizeof *list);

    if (list == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < laws->count; i++) {
        const struct law *law = &laws->laws[i];

        if (!law_cited(&source->pool, law->title))
            continue;
        list[m->laws_count].title = law->title;
        list[m->laws_count].version = law->version;
        list[m->laws_count].in_force = law->in_force;
        list[m->laws_count++].text_digest = law->text_digest;
    }
    m->laws = list;
    return 0;
}

static int lint_all(struct cli *cli, struct cli_source *source, const struct law_index *laws,
                    struct bytes law_date, struct err *err)
{
    struct lint_options lint = {laws, law_date};
    struct lint_report report = {0};
    char number[24];
    int rc = lint_pool(&source->pool, &lint, &report, err);

    for (size_t i = 0; rc == 0 && i < report.count; i++) {
        const struct lint_finding *f = &report.findings[i];

        if (f->severity == LINT_ERROR)
            cli_say_fault(cli, f->item, false, &f->what);
    }
    if (rc == 0 && report.errors > 0)
        rc = err_set(err, ERR_BAD_INPUT, &msg_lint, err_int(number, (int64_t)report.errors), NULL,
                     NULL, NULL);
    lint_report_fini(&report);
    return rc;
}

struct release_request {
    const char *bank, *index, *name, *created, *law_date, *secret_file, *out;
    bool sample;
};

static int build(struct cli *cli, const struct release_request *q, struct cli_source *source,
                 const struct law_index *laws, struct err *err)
{
    struct manifest m = {.fold_version = 1, .sample = q->sample};
    uint8_t secret[SECRET_BYTES];
    struct buf name = {0};
    struct buf raw = {0};
    struct digest digest;
    char hex[DIGEST_HEX_BYTES];
    char count[24];
    int rc = lint_all(cli, source, laws, bytes_of_text(q->law_date), err);

    if (rc == 0)
        rc = secret_read(cli, q->secret_file, secret, err);
    if (rc != 0)
        return rc;
    prepare_items(source, laws, secret);
    secret_wipe(secret, sizeof secret);
    m.created = bytes_of_text(q->created);
    m.law_date = bytes_of_text(q->law_date);
    if (utf8_nfc(bytes_of_text(q->name), &name) != 0 || manifest_laws(&m, laws, source) != 0) {
        rc = err_set(err, ERR_NOMEM, &msg_nomem, NULL, NULL, NULL, NULL);
        goto out;
    }
    m.name = buf_view(&name);
    rc = release_build(&m, &source->pool, &raw, &digest, err);
    if (rc == 0)
        rc = file_write(q->out, buf_view(&raw), 0644, err);
    if (rc == 0) {
        digest_hex(&digest, hex);
        cli_say(cli, cli->out, &msg_done, q->out, err_int(count, (int64_t)source->pool.count), hex,
                NULL);
    }
out:
    buf_fini(&name);
    buf_fini(&raw);
    return rc;
}

int cmd_release(struct cli *cli, int argc, char **argv)
{
    struct release_request q = {0};
    const struct cli_option options[] = {
        {"--bank", &q.bank, NULL, true},         {"--index", &q.index, NULL, false},
        {"--name", &q.name, NULL, true},         {"--created", &q.created, NULL, true},
        {"--law-date", &q.law_date, NULL, true}, {"--secret-file", &q.secret_file, NULL, true},
        {"--sample", NULL, &q.sample, false},    {"-o", &q.out, NULL, true}};
    struct cli_source source = {0};
    struct law_index laws = {0};
    struct cli_args args;
    struct buf index = {0};
    struct err err = {0};
    int status = cli_parse(cli, argc, argv, options, 8, 0, 0, &args);

    if (status != CLI_DONE)
        return status;
    /* Custodians may have signed it: a release never changes. */
    if (file_exists(q.out)) {
        cli_say(cli, cli->errs, &cli_msg_there, q.out, NULL, NULL, NULL);
        return CLI_USAGE;
    }
    if (cli_date(cli, "--created", q.created) != CLI_DONE ||
        cli_date(cli, "--law-date", q.law_date) != CLI_DONE)
        return CLI_USAGE;
    status = cli_source_text(cli, q.bank, &source);
    if (status != CLI_DONE)
        return status;
    if (q.index == NULL) {
        buf_printf(&index, "%s/laws.tsv", q.bank);
        q.index = buf_text(&index);
    }
    status = cli_index_read(cli, q.index, &source.arena, &laws);
    if (status == CLI_DONE && build(cli, &q, &source, &laws, &err) != 0)
        status = cli_fail(cli, &err);
    buf_fini(&index);
    cli_source_fini(&source);
    return status;
}
