/* mingfa-bank law-index, cite, check-laws: items and the texts of the laws they cite. */
#include "question-bank/bank/lint.h"
#include "question-bank/base/file.h"
#include "question-bank/cli/cli.h"
#include "question-bank/format/law_index.h"

#include <string.h>

enum { DIGEST_TEXT_BYTES = 8 };

static const struct msg msg_index_written = {
    "cli-index-written",
    "法律索引 {0}：{1} 部法律，{2} 条",
    "law index {0}: {1} laws, {2} articles",
};
static const struct msg msg_not_found = {
    "cli-law-not-found",
    "{0} 中没有《{1}》",
    "there is no 《{1}》 in {0}",
};
static const struct msg msg_cited = {
    "cli-cited",
    "{0}：新写 {1} 处条文摘要，更新 {2} 处",
    "{0}: {1} digests written, {2} refreshed",
};
static const struct msg msg_stale = {
    "cli-cite-stale",
    "{0}:{1}: 错误：法条已变化：{2}。复核试题后用 --refresh 更新摘要",
    "{0}:{1}: error: the law has changed: {2}; review the item, then use --refresh",
};
static const struct msg msg_unknown = {
    "cli-cite-unknown",
    "{0}:{1}: 错误：找不到条文：{2}",
    "{0}:{1}: error: no such article: {2}",
};
static const struct msg msg_checked = {
    "cli-laws-checked",
    "按 {3} 有效的法律核对 {0} 道试题的 {1} 条依据：{2} 条有误",
    "{1} citations of {0} items against the law of {3}: {2} wrong",
};

/* ---- law-index ---- */

/* True when an earlier citation than citation j of item i names the same law. */
static bool cited_before(const struct item_pool *pool, size_t i, size_t j)
{
    struct bytes title = pool->items[i].citations[j].title;

    for (size_t a = 0; a <= i; a++) {
        size_t count = a == i ? j : pool->items[a].citations_count;

        for (size_t b = 0; b < count; b++) {
            if (bytes_equal(pool->items[a].citations[b].title, title))
                return true;
        }
    }
    return false;
}

static size_t say_missing_laws(struct cli *cli, const struct item_pool *pool,
                               const struct law_index *index, const char *dir)
{
    size_t missing = 0;

    for (size_t i = 0; i < pool->count; i++) {
        for (size_t j = 0; j < pool->items[i].citations_count; j++) {
            struct bytes title = pool->items[i].citations[j].title;
            char text[ERR_ARG_BYTES_MAX] = {0};

            if (law_index_find(index, title) != NULL || cited_before(pool, i, j))
                continue;
            memcpy(text, title.data, title.len < sizeof text ? title.len : sizeof text - 1);
            cli_say(cli, cli->errs, &msg_not_found, dir, text, NULL, NULL);
            missing++;
        }
    }
    return missing;
}

int cmd_law_index(struct cli *cli, int argc, char **argv)
{
    const char *bank = NULL;
    const char *laws = NULL;
    const char *out = NULL;
    const struct cli_option options[] = {
        {"--bank", &bank, NULL, true}, {"--laws", &laws, NULL, true}, {"-o", &out, NULL, true}};
    struct cli_source source = {0};
    struct law_index index = {0};
    struct cli_args args;
    struct buf text = {0};
    struct err err = {0};
    char laws_text[24];
    char articles_text[24];
    size_t articles = 0;
    int status = cli_parse(cli, argc, argv, options, 3, 0, 0, &args);

    if (status == CLI_DONE)
        status = cli_source_text(cli, bank, &source);
    if (status != CLI_DONE)
        return status;
    status = cli_laws_read(cli, laws, &source.pool, &source.arena, &index);
    if (status == CLI_DONE && say_missing_laws(cli, &source.pool, &index, laws) > 0)
        status = CLI_REFUSED;
    if (status == CLI_DONE) {
        buf_append_text(&text, "# 法律索引：由 mingfa-bank law-index 生成，请勿手工修改。\n");
        law_index_write(&index, &text);
        if (buf_error(&text) != 0 || file_write(out, buf_view(&text), 0644, &err) != 0)
            status = cli_fail(cli, &err);
    }
    for (size_t i = 0; i < index.count; i++)
        articles += index.laws[i].articles_count;
    if (status == CLI_DONE)
        cli_say(cli, cli->out, &msg_index_written, out, err_int(laws_text, (int64_t)index.count),
                err_int(articles_text, (int64_t)articles), NULL);
    buf_fini(&text);
    cli_source_fini(&source);
    return status;
}

/* ---- cite ---- */

struct cite_walk {
    struct cli *cli;
    const struct law_index *index;
    bool refresh;
    bool refused;
    size_t written;
    size_t refreshed;
    struct err err;
};

static struct bytes trimmed(struct bytes b)
{
    while (b.len > 0 && (b.data[b.len - 1] == '\r' || b.data[b.len - 1] == ' '))
        b.len--;
    while (b.len > 0 && b.data[0] == ' ')
        b = bytes_of(b.data + 1, b.len - 1);
    return b;
}

/* Appends the line with its digest; false when it stays as it is. */
static bool cite_line(struct cite_walk *w, const char *path, int64_t number, struct bytes line,
                      struct buf *out)
{
    static const char field[] = "【依据】";
    static const uint8_t none[DIGEST_TEXT_BYTES];
    const struct law_article *article = NULL;
    const struct law *law;
    struct citation c;
    struct bytes text;
    char found[ERR_ARG_BYTES_MAX] = {0};
    char number_text[24];

    if (line.len < sizeof field - 1 || memcmp(line.data, field, sizeof field - 1) != 0)
        return false;
    text = trimmed(bytes_of(line.data + sizeof field - 1, line.len - sizeof field + 1));
    memcpy(found, text.data, text.len < sizeof found ? text.len : sizeof found - 1);
    err_int(number_text, number);
    if (text_citation_parse(text, &c) != 0)
        return false;
    law = law_index_find(w->index, c.title);
    if (law != NULL)
        article = law_article_find(law, c.article, c.suffix);
    if (article == NULL) {
        cli_say(w->cli, w->cli->errs, &msg_unknown, path, number_text, found, NULL);
        w->refused = true;
        return false;
    }
    if (memcmp(c.article_digest.b, article->digest.b, DIGEST_TEXT_BYTES) == 0)
        return false;
    if (memcmp(c.article_digest.b, none, DIGEST_TEXT_BYTES) == 0) {
        w->written++;
    } else if (w->refresh) {
        w->refreshed++;
    } else {
        cli_say(w->cli, w->cli->errs, &msg_stale, path, number_text, found, NULL);
        w->refused = true;
        return false;
    }
    memset(&c.article_digest, 0, sizeof c.article_digest);
    memcpy(c.article_digest.b, article->digest.b, DIGEST_TEXT_BYTES);
    buf_append_text(out, field);
    text_citation_write(&c, out);
    return true;
}

static int cite_file(void *arg, const char *path)
{
    struct cite_walk *w = arg;
    struct buf raw = {0};
    struct buf out = {0};
    struct bytes rest;
    size_t before = w->written + w->refreshed;
    int64_t line_number = 0;
    int rc = file_read(path, TEXT_FILE_BYTES_MAX, &raw, &w->err);

    rest = buf_view(&raw);
    while (rc == 0 && rest.len > 0) {
        const uint8_t *end = memchr(rest.data, '\n', rest.len);
        struct bytes line = bytes_of(rest.data, end == NULL ? rest.len : (size_t)(end - rest.data));

        line_number++;
        if (!cite_line(w, path, line_number, line, &out))
            buf_append(&out, line.data, line.len);
        if (end != NULL)
            buf_append_byte(&out, '\n');
        rest = bytes_of(line.data + line.len + (end != NULL), rest.len - line.len - (end != NULL));
    }
    if (rc == 0 && w->written + w->refreshed != before)
        rc = buf_error(&out) != 0 ? ERR_NOMEM : file_write(path, buf_view(&out), 0644, &w->err);
    buf_fini(&raw);
    buf_fini(&out);
    return rc;
}

int cmd_cite(struct cli *cli, int argc, char **argv)
{
    const char *bank = NULL;
    const char *laws = NULL;
    bool refresh = false;
    const struct cli_option options[] = {{"--bank", &bank, NULL, true},
                                         {"--laws", &laws, NULL, true},
                                         {"--refresh", NULL, &refresh, false}};
    struct cite_walk w = {.cli = cli};
    struct cli_source source = {0};
    struct law_index index = {0};
    struct cli_args args;
    char written[24];
    char refreshed[24];
    int status = cli_parse(cli, argc, argv, options, 3, 0, 0, &args);

    if (status == CLI_DONE)
        status = cli_source_text(cli, bank, &source);
    if (status != CLI_DONE)
        return status;
    status = cli_laws_read(cli, laws, &source.pool, &source.arena, &index);
    w.index = &index;
    w.refresh = refresh;
    if (status == CLI_DONE && file_each(bank, ".txt", cite_file, &w, &w.err) != 0)
        status = cli_fail(cli, &w.err);
    if (status == CLI_DONE) {
        cli_say(cli, cli->out, &msg_cited, bank, err_int(written, (int64_t)w.written),
                err_int(refreshed, (int64_t)w.refreshed), NULL);
        status = w.refused ? CLI_REFUSED : CLI_DONE;
    }
    cli_source_fini(&source);
    return status;
}

/* ---- check-laws ---- */

int cmd_check_laws(struct cli *cli, int argc, char **argv)
{
    const char *bank = NULL;
    const char *laws = NULL;
    const char *law_date = NULL;
    const struct cli_option options[] = {{"--bank", &bank, NULL, true},
                                         {"--laws", &laws, NULL, true},
                                         {"--law-date", &law_date, NULL, false}};
    struct cli_source source = {0};
    struct law_index index = {0};
    struct lint_options lint = {0};
    struct cli_args args;
    size_t checked = 0;
    size_t wrong = 0;
    char numbers[3][24];
    char today[11];
    int status = cli_parse(cli, argc, argv, options, 3, 0, 0, &args);

    cli_today(today);
    if (law_date == NULL)
        law_date = today;
    if (status == CLI_DONE)
        status = cli_date(cli, "--law-date", law_date);
    if (status == CLI_DONE)
        status = cli_source_text(cli, bank, &source);
    if (status != CLI_DONE)
        return status;
    status = cli_laws_read(cli, laws, &source.pool, &source.arena, &index);
    lint.laws = &index;
    lint.law_date = bytes_of_text(law_date);
    for (size_t i = 0; status == CLI_DONE && i < source.pool.count; i++) {
        const struct item *it = &source.pool.items[i];

        for (size_t j = 0; j < it->citations_count; j++) {
            struct err what = {0};

            checked++;
            if (lint_citation(it, &it->citations[j], &lint, &what) == 0)
                continue;
            wrong++;
            cli_say_fault(cli, it, false, &what);
        }
    }
    if (status == CLI_DONE) {
        cli_say(cli, cli->out, &msg_checked, err_int(numbers[0], (int64_t)source.pool.count),
                err_int(numbers[1], (int64_t)checked), err_int(numbers[2], (int64_t)wrong),
                law_date);
        status = wrong > 0 ? CLI_REFUSED : CLI_DONE;
    }
    cli_source_fini(&source);
    return status;
}
