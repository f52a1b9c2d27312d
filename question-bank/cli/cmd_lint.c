/* mingfa-bank lint: what is wrong with the items of a folder. */
#include "question-bank/bank/blueprint.h"
#include "question-bank/bank/lint.h"
#include "question-bank/base/file.h"
#include "question-bank/cli/cli.h"
#include "question-bank/format/blueprint_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

static const struct msg msg_summary = {
    "cli-lint-summary",
    "{0} 道试题：{1} 处错误，{2} 处提醒",
    "{0} items: {1} errors, {2} warnings",
};
static const struct msg msg_feasible = {
    "cli-lint-feasible",
    "蓝图 {0} 可行",
    "blueprint {0} is feasible",
};
static const struct msg msg_no_index = {
    "cli-lint-no-index",
    "没有法律索引 {0}，未核对法条依据",
    "there is no law index {0}; citations were not checked",
};

static void say_findings(struct cli *cli, const struct lint_report *r)
{
    for (size_t i = 0; i < r->count; i++) {
        const struct lint_finding *f = &r->findings[i];

        cli_say_fault(cli, f->item, f->severity == LINT_WARNING, &f->what);
    }
}

/* Takes findings. */
static void print_json_report(struct cli *cli, size_t items, size_t errors, size_t warnings,
                              json_t *findings)
{
    json_t *root =
        json_pack("{s:I, s:I, s:I, s:o}", "items", (json_int_t)items, "errors", (json_int_t)errors,
                  "warnings", (json_int_t)warnings, "findings", findings);
    char *text = json_dumps(root, JSON_INDENT(2));

    if (text != NULL)
        fprintf(cli->out, "%s\n", text);
    free(text);
    json_decref(root);
}

static void print_json(struct cli *cli, const struct item_pool *pool, const struct lint_report *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->count; i++) {
        const struct lint_finding *f = &r->findings[i];
        char sentence[ERR_TEXT_BYTES_MAX];
        json_t *one = json_object();

        err_text(&f->what, cli->lang, sentence, sizeof sentence);
        json_object_set_new(one, "severity",
                            json_string(f->severity == LINT_ERROR ? "error" : "warning"));
        json_object_set_new(one, "rule", json_string(f->what.msg->id));
        json_object_set_new(one, "message", json_string(sentence));
        if (f->item != NULL) {
            json_object_set_new(one, "item",
                                json_stringn((const char *)f->item->id.data, f->item->id.len));
            json_object_set_new(one, "file", json_string(f->item->source_file));
            json_object_set_new(one, "line", json_integer(f->item->source_line));
        }
        json_array_append_new(list, one);
    }
    print_json_report(cli, pool->count, r->errors, r->warnings, list);
}

/* What cannot be read as items, as findings of the same form. Its sentence begins with its place. */
static void print_json_text(struct cli *cli, const struct text_report *r)
{
    json_t *list = json_array();

    for (size_t i = 0; i < r->count; i++) {
        const struct err *e = &r->errors[i];
        char sentence[ERR_TEXT_BYTES_MAX];
        char place[2 * ERR_ARG_BYTES_MAX];
        size_t skip;

        err_text(e, cli->lang, sentence, sizeof sentence);
        snprintf(place, sizeof place, "%s:%s: %s", e->arg[0].text, e->arg[1].text,
                 cli->lang == LANG_EN ? "error: " : "错误：");
        skip = strncmp(sentence, place, strlen(place)) == 0 ? strlen(place) : 0;
        json_array_append_new(list, json_pack("{s:s, s:s, s:s, s:s, s:I}", "severity", "error",
                                              "rule", e->msg->id, "message", sentence + skip,
                                              "file", e->arg[0].text, "line",
                                              (json_int_t)strtoll(e->arg[1].text, NULL, 10)));
    }
    print_json_report(cli, 0, r->total, 0, list);
}

/* The items of the folder; with --json what cannot be read is printed as JSON too. */
static int read_bank(struct cli *cli, const char *dir, struct cli_source *source)
{
    return cli->json ? cli_source_text_by(cli, dir, source, print_json_text)
                     : cli_source_text(cli, dir, source);
}

static int check_blueprint(struct cli *cli, const char *path, struct cli_source *source)
{
    static const struct id_set none = {0};
    struct blueprint bp;
    struct buf raw = {0};
    struct err err = {0};
    int rc = file_read(path, BLUEPRINT_JSON_BYTES_MAX, &raw, &err);

    if (rc == 0) {
        cli->about = path;
        rc = blueprint_json_read(buf_view(&raw), &source->arena, &bp, &err);
    }
    if (rc == 0)
        rc = blueprint_check(&bp, &source->pool, &none, &err);
    buf_fini(&raw);
    if (rc != 0)
        return cli_fail(cli, &err);
    cli->about = NULL;
    if (!cli->json)
        cli_say(cli, cli->out, &msg_feasible, path, NULL, NULL, NULL);
    return CLI_DONE;
}

/* The index given, or laws.tsv in the bank's folder where there is one. */
static int read_index(struct cli *cli, const char *bank, const char *index,
                      struct cli_source *source, struct law_index *laws, struct lint_options *lint)
{
    struct buf path = {0};
    int status = CLI_DONE;

    buf_printf(&path, "%s/laws.tsv", bank);
    if (index == NULL && buf_text(&path) != NULL && !file_exists(buf_text(&path))) {
        cli_say(cli, cli->errs, &msg_no_index, buf_text(&path), NULL, NULL, NULL);
    } else {
        status = cli_index_read(cli, index != NULL ? index : buf_text(&path), &source->arena, laws);
        lint->laws = laws;
    }
    buf_fini(&path);
    return status;
}

int cmd_lint(struct cli *cli, int argc, char **argv)
{
    const char *bank = NULL;
    const char *index = NULL;
    const char *law_date = NULL;
    const char *blueprint = NULL;
    const struct cli_option options[] = {{"--bank", &bank, NULL, true},
                                         {"--index", &index, NULL, false},
                                         {"--law-date", &law_date, NULL, false},
                                         {"--blueprint", &blueprint, NULL, false}};
    struct cli_source source = {0};
    struct law_index laws = {0};
    struct lint_options lint = {0};
    struct lint_report report = {0};
    struct cli_args args;
    struct err err = {0};
    char numbers[3][24];
    int status = cli_parse(cli, argc, argv, options, 4, 0, 0, &args);

    if (status == CLI_DONE && law_date != NULL)
        status = cli_date(cli, "--law-date", law_date);
    if (status == CLI_DONE)
        status = read_bank(cli, bank, &source);
    if (status != CLI_DONE)
        return status;
    lint.law_date = bytes_of_text(law_date);
    status = read_index(cli, bank, index, &source, &laws, &lint);
    if (status != CLI_DONE)
        goto out;
    if (lint_pool(&source.pool, &lint, &report, &err) != 0) {
        status = cli_fail(cli, &err);
        goto out;
    }
    if (cli->json) {
        print_json(cli, &source.pool, &report);
    } else {
        say_findings(cli, &report);
        cli_say(cli, cli->out, &msg_summary, err_int(numbers[0], (int64_t)source.pool.count),
                err_int(numbers[1], (int64_t)report.errors),
                err_int(numbers[2], (int64_t)report.warnings), NULL);
    }
    if (blueprint != NULL)
        status = check_blueprint(cli, blueprint, &source);
    if (status == CLI_DONE && report.errors > 0)
        status = CLI_REFUSED;
out:
    lint_report_fini(&report);
    cli_source_fini(&source);
    return status;
}
