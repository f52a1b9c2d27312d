/* mingfa-bank show, stats, draw: looking at a bank. */
#include "question-bank/bank/paper.h"
#include "question-bank/base/file.h"
#include "question-bank/cli/cli.h"
#include "question-bank/format/blueprint_json.h"

#include <jansson.h>
#include <stdlib.h>
#include <string.h>

enum { AREAS_MAX = 256 };

static const struct msg msg_no_item = {
    "cli-no-item",
    "没有试题 {0}",
    "there is no item {0}",
};
static const struct msg msg_areas = {
    "cli-areas-many",
    "领域多于 256 个",
    "more than 256 areas",
};
static const struct msg msg_seed = {
    "cli-seed",
    "--seed 应当是 64 位十六进制数字",
    "--seed must be 64 hexadecimal digits",
};
static const struct msg msg_nomem = {"no-memory", "内存不足", "out of memory"};

/* null for an area that a cell leaves open. */
static json_t *text_value(struct bytes b)
{
    if (b.data == NULL)
        return json_null();
    return json_stringn((const char *)b.data, b.len);
}

/* Prints and frees. */
static int print_value(struct cli *cli, json_t *value)
{
    char *text = json_dumps(value, JSON_INDENT(2));

    json_decref(value);
    if (text == NULL) {
        struct err err = {0};

        err_set(&err, ERR_NOMEM, &msg_nomem, NULL, NULL, NULL, NULL);
        return cli_fail(cli, &err);
    }
    fprintf(cli->out, "%s\n", text);
    free(text);
    return CLI_DONE;
}

/* ---- show ---- */

int cmd_show(struct cli *cli, int argc, char **argv)
{
    const char *bank = NULL;
    const char *release = NULL;
    const struct cli_option options[] = {{"--bank", &bank, NULL, false},
                                         {"--release", &release, NULL, false}};
    struct cli_source source = {0};
    struct cli_args args;
    struct buf text = {0};
    int status = cli_parse(cli, argc, argv, options, 2, 1, CLI_POSITIONALS_MAX, &args);

    if (status == CLI_DONE)
        status = cli_source_either(cli, bank, release, &source);
    if (status != CLI_DONE)
        return status;
    for (size_t i = 0; i < args.count; i++) {
        int64_t at = item_pool_find(&source.pool, bytes_of_text(args.positional[i]));

        if (at < 0) {
            cli_say(cli, cli->errs, &msg_no_item, args.positional[i], NULL, NULL, NULL);
            status = CLI_REFUSED;
            continue;
        }
        text_item_write(&source.pool.items[at], &text);
    }
    fwrite(text.data, 1, text.len, cli->out);
    buf_fini(&text);
    cli_source_fini(&source);
    return status;
}

/* ---- stats ---- */

struct area_count {
    struct bytes area;
    size_t count[ITEM_FILL_IN + 1][6]; /* by type and difficulty */
};

static int count_areas(const struct item_pool *pool, struct area_count *areas, size_t *n)
{
    *n = 0;
    for (size_t i = 0; i < pool->count; i++) {
        const struct item *it = &pool->items[i];
        size_t at = 0;

        while (at < *n && !bytes_equal(areas[at].area, it->area))
            at++;
        if (at == *n) {
            if (*n == AREAS_MAX)
                return ERR_LIMIT;
            areas[(*n)++].area = it->area;
        }
        areas[at].count[it->type][it->difficulty]++;
    }
    return 0;
}

static json_t *areas_value(const struct area_count *areas, size_t n)
{
    json_t *list = json_array();

    for (size_t i = 0; i < n; i++) {
        for (int t = ITEM_SINGLE; t <= ITEM_FILL_IN; t++) {
            const size_t *c = areas[i].count[t];

            json_array_append_new(
                list,
                json_pack("{s:o, s:s, s:[I,I,I,I,I]}", "area", text_value(areas[i].area), "type",
                          blueprint_type_name((enum item_type)t), "by_difficulty", (json_int_t)c[1],
                          (json_int_t)c[2], (json_int_t)c[3], (json_int_t)c[4], (json_int_t)c[5]));
        }
    }
    return list;
}

static void print_areas(struct cli *cli, const struct area_count *areas, size_t n)
{
    size_t all = 0;

    fprintf(cli->out, "%s\n",
            cli->lang == LANG_EN ? "area\ttype\tall\t1\t2\t3\t4\t5"
                                 : "领域\t题型\t合计\t难度1\t难度2\t难度3\t难度4\t难度5");
    for (size_t i = 0; i < n; i++) {
        for (int t = ITEM_SINGLE; t <= ITEM_FILL_IN; t++) {
            const size_t *c = areas[i].count[t];
            size_t sum = c[1] + c[2] + c[3] + c[4] + c[5];

            all += sum;
            if (sum > 0)
                fprintf(cli->out, "%.*s\t%s\t%zu\t%zu\t%zu\t%zu\t%zu\t%zu\n",
                        (int)areas[i].area.len, (const char *)areas[i].area.data,
                        text_type_name((enum item_type)t), sum, c[1], c[2], c[3], c[4], c[5]);
        }
    }
    fprintf(cli->out, "%s\t\t%zu\n", cli->lang == LANG_EN ? "all" : "合计", all);
}

static size_t cell_supply(const struct blueprint_cell *cell, const struct item_pool *pool)
{
    size_t n = 0;

    for (size_t i = 0; i < pool->count; i++)
        n += blueprint_cell_matches(cell, &pool->items[i]);
    return n;
}

static json_t *cells_value(const struct blueprint *bp, const struct item_pool *pool)
{
    json_t *list = json_array();

    for (size_t i = 0; i < bp->cells_count; i++)
        json_array_append_new(list, json_pack("{s:s, s:o, s:I, s:I}", "type",
                                              blueprint_type_name(bp->cells[i].type), "area",
                                              text_value(bp->cells[i].area), "needs",
                                              (json_int_t)bp->cells[i].count, "has",
                                              (json_int_t)cell_supply(&bp->cells[i], pool)));
    return list;
}

static void print_cells(struct cli *cli, const struct blueprint *bp, const struct item_pool *pool)
{
    fprintf(cli->out, "\n%s\n",
            cli->lang == LANG_EN ? "cell\ttype\tarea\tneeds\thas" : "格\t题型\t领域\t需要\t现有");
    for (size_t i = 0; i < bp->cells_count; i++) {
        const struct blueprint_cell *c = &bp->cells[i];

        fprintf(cli->out, "%zu\t%s\t%.*s\t%u\t%zu\n", i + 1, text_type_name(c->type),
                (int)c->area.len, (const char *)c->area.data, c->count, cell_supply(c, pool));
    }
}

static int read_blueprint(struct cli *cli, const char *path, struct arena *arena,
                          struct blueprint *bp)
{
    struct buf raw = {0};
    struct err err = {0};
    int rc = file_read(path, BLUEPRINT_JSON_BYTES_MAX, &raw, &err);

    if (rc == 0) {
        cli->about = path;
        rc = blueprint_json_read(buf_view(&raw), arena, bp, &err);
    }
    buf_fini(&raw);
    if (rc != 0)
        return cli_fail(cli, &err);
    cli->about = NULL;
    return CLI_DONE;
}

int cmd_stats(struct cli *cli, int argc, char **argv)
{
    const char *bank = NULL;
    const char *release = NULL;
    const char *blueprint = NULL;
    const struct cli_option options[] = {{"--bank", &bank, NULL, false},
                                         {"--release", &release, NULL, false},
                                         {"--blueprint", &blueprint, NULL, false}};
    struct cli_source source = {0};
    struct blueprint bp = {0};
    struct area_count *areas = NULL;
    struct cli_args args;
    size_t n = 0;
    int status = cli_parse(cli, argc, argv, options, 3, 0, 0, &args);

    if (status == CLI_DONE)
        status = cli_source_either(cli, bank, release, &source);
    if (status != CLI_DONE)
        return status;
    if (blueprint != NULL)
        status = read_blueprint(cli, blueprint, &source.arena, &bp);
    areas = calloc(AREAS_MAX, sizeof *areas);
    if (status != CLI_DONE || areas == NULL)
        goto out;
    if (count_areas(&source.pool, areas, &n) != 0) {
        cli_say(cli, cli->errs, &msg_areas, NULL, NULL, NULL, NULL);
        status = CLI_REFUSED;
        goto out;
    }
    if (cli->json) {
        status = print_value(
            cli, json_pack("{s:I, s:o, s:o}", "items", (json_int_t)source.pool.count, "areas",
                           areas_value(areas, n), "cells", cells_value(&bp, &source.pool)));
    } else {
        print_areas(cli, areas, n);
        if (blueprint != NULL)
            print_cells(cli, &bp, &source.pool);
    }
out:
    free(areas);
    cli_source_fini(&source);
    return status;
}

/* ---- draw ---- */

static json_t *paper_value(const struct paper *paper)
{
    json_t *list = json_array();

    for (size_t i = 0; i < paper->count; i++) {
        const struct paper_item *p = &paper->items[i];
        json_t *order = json_array();

        for (size_t j = 0; j < p->option_count; j++)
            json_array_append_new(order, json_integer(p->option_order[j]));
        json_array_append_new(
            list, json_pack("{s:o, s:i, s:s, s:i, s:o}", "id", text_value(p->item->id), "revision",
                            (int)p->item->revision, "type", blueprint_type_name(p->item->type),
                            "points", (int)p->points, "option_order", order));
    }
    return list;
}

int cmd_draw(struct cli *cli, int argc, char **argv)
{
    static const struct id_set none = {0};
    const char *bank = NULL;
    const char *release = NULL;
    const char *blueprint = NULL;
    const char *seed_text = NULL;
    const struct cli_option options[] = {{"--bank", &bank, NULL, false},
                                         {"--release", &release, NULL, false},
                                         {"--blueprint", &blueprint, NULL, true},
                                         {"--seed", &seed_text, NULL, true}};
    struct cli_source source = {0};
    struct blueprint bp = {0};
    struct draw_plan *plan = NULL;
    struct paper *paper = NULL;
    struct digest bp_digest;
    struct seed seed;
    struct cli_args args;
    struct err err = {0};
    char hex[DIGEST_HEX_BYTES];
    int rc;
    int status = cli_parse(cli, argc, argv, options, 4, 0, 0, &args);

    if (status != CLI_DONE)
        return status;
    if (hex_decode(seed.b, sizeof seed.b, seed_text, strlen(seed_text)) != 0) {
        cli_say(cli, cli->errs, &msg_seed, NULL, NULL, NULL, NULL);
        return CLI_USAGE;
    }
    status = cli_source_either(cli, bank, release, &source);
    if (status != CLI_DONE)
        return status;
    status = read_blueprint(cli, blueprint, &source.arena, &bp);
    if (status != CLI_DONE)
        goto out;
    rc = draw_plan_new(&bp, &source.pool, &none, &plan, &err);
    if (rc == 0)
        rc = paper_draw(plan, &none, &seed, &source.arena, &paper, &err);
    if (rc != 0) {
        status = cli_fail(cli, &err);
        goto out;
    }
    bp_digest = blueprint_digest(&bp);
    digest_hex(&bp_digest, hex);
    status = print_value(cli, json_pack("{s:i, s:s, s:s, s:i, s:o}", "draw_version",
                                        (int)DRAW_VERSION, "seed", seed_text, "blueprint", hex,
                                        "flags", (int)paper->flags, "items", paper_value(paper)));
out:
    draw_plan_free(plan);
    cli_source_fini(&source);
    return status;
}
