/* coverage, scores, missing: the server's figures as tables, JSON, or the server's own CSV. */
#include "clients/cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { NAME_BYTES_MAX = 512 };

/* The path of a report on the exam of the first word. Exit status. */
static int report_path(struct invocation *in, const char *what, bool csv, struct buf *path)
{
    char id[40];
    int rc = find_exam(in, in->words[0], id);

    if (rc != 0)
        return rc;
    buf_printf(path, "/api/v1/exams/%s/%s", id, what);
    if (strcmp(what, "missing") != 0)
        buf_printf(path, "?format=%s", csv ? "csv" : "json");
    if (in->value[OPT_UNIT] != NULL) {
        buf_append_text(path, strcmp(what, "missing") != 0 ? "&unit=" : "?unit=");
        url_append(path, in->value[OPT_UNIT]);
    }
    if (in->value[OPT_AS_OF] != NULL) {
        buf_append_text(path, "&as_of=");
        url_append(path, in->value[OPT_AS_OF]);
    }
    return buf_text(path) != NULL ? 0 : EXIT_REFUSED;
}

static int fetch_csv(struct invocation *in, const char *what)
{
    struct buf path = {0};
    struct buf reply = {0};
    struct err err = {0};
    long status = 0;
    int rc = report_path(in, what, true, &path);

    if (rc == 0) {
        rc = client_request(in->client, "GET", buf_text(&path), NULL, bytes_of(NULL, 0), &status,
                            &reply, &err);
        if (rc == 0 && (status < 200 || status > 299))
            rc = client_refusal(in->client, status, buf_view(&reply), &err);
        rc = rc != 0 ? report(in, &err) : write_out(in, buf_view(&reply));
    }
    buf_fini(&path);
    buf_fini(&reply);
    return rc;
}

/* The parsed report when a table is to be shown; otherwise *out is NULL and all is done. */
static int fetch(struct invocation *in, const char *what, json_t **out)
{
    struct buf path = {0};
    struct err err = {0};
    char *text = NULL;
    int rc;

    *out = NULL;
    if (in->value[OPT_CSV] != NULL && strcmp(what, "missing") != 0)
        return fetch_csv(in, what);
    if (in->value[OPT_OUTPUT] != NULL && in->value[OPT_JSON] == NULL && in->value[OPT_CSV] == NULL)
        return misuse(in, "-o 须与 --csv 或 --json 一起使用。", "-o goes with --csv or --json.");
    rc = report_path(in, what, false, &path);
    if (rc == 0 && client_json(in->client, "GET", buf_text(&path), NULL, out, &err) != 0)
        rc = report(in, &err);
    buf_fini(&path);
    if (rc != 0 || in->value[OPT_JSON] == NULL)
        return rc;
    text = json_dumps(*out, JSON_INDENT(2));
    json_decref(*out);
    *out = NULL;
    rc = write_out(in, bytes_of_text(text));
    if (in->value[OPT_OUTPUT] == NULL)
        putchar('\n');
    free(text);
    return rc;
}

/* ---- coverage ---- */

struct column {
    const char *name;
    const char *zh;
    const char *en;
};
static const struct column COUNTS[] = {
    {"expected", "应考", "expected"},
    {"exempted", "免考", "exempted"},
    {"sat", "实考", "sat"},
    {"passed", "合格", "passed"},
    {"pending", "待定", "pending"},
    {"deferred", "缓考", "deferred"},
    {"missing", "未考", "missing"},
    {"attended", "已旁听", "attended"},
    {"integrated", "合格且已旁听", "both"},
};
static const struct column RATES[] = {
    {"participation", "参考率", "sat %"},
    {"pass_rate", "合格率", "pass %"},
    {"coverage", "覆盖率", "coverage"},
    {"integrated_coverage", "一体化", "integrated"},
};
enum {
    COUNTS_LEN = sizeof(COUNTS) / sizeof(COUNTS[0]),
    RATES_LEN = sizeof(RATES) / sizeof(RATES[0])
};

static void cell_share(struct table *t, const json_t *value)
{
    char text[32] = "-";

    if (json_is_integer(value)) {
        long long points = json_integer_value(value);
        snprintf(text, sizeof(text), "%lld.%02lld%%", points / 100, points % 100);
    }
    table_cell(t, text);
}

int cmd_coverage(struct invocation *in)
{
    struct table t;
    json_t *table;
    json_t *row;
    char as_of[32];
    bool closed;
    size_t i;
    int rc = fetch(in, "coverage", &table);

    if (rc != 0 || table == NULL)
        return rc;
    closed = json_is_true(json_object_get(table, "closed"));
    table_init(&t);
    table_column(&t, say(in, "单位", "unit"), false);
    for (size_t k = 0; k < COUNTS_LEN; k++)
        table_column(&t,
                     closed && strcmp(COUNTS[k].name, "missing") == 0
                         ? say(in, "缺考", "absent")
                         : say(in, COUNTS[k].zh, COUNTS[k].en),
                     true);
    for (size_t k = 0; k < RATES_LEN; k++)
        table_column(&t, say(in, RATES[k].zh, RATES[k].en), true);
    json_array_foreach(json_object_get(table, "rows"), i, row)
    {
        const json_t *total = json_object_get(row, "total");
        char name[NAME_BYTES_MAX];

        snprintf(name, sizeof(name), "%*s%s", (int)int_of(row, "level") * 2, "",
                 text_of(row, "name"));
        table_cell(&t, name);
        for (size_t k = 0; k < COUNTS_LEN; k++)
            table_cell_int(&t, int_of(total, COUNTS[k].name));
        for (size_t k = 0; k < RATES_LEN; k++)
            cell_share(&t, json_object_get(total, RATES[k].name));
    }
    rc = print_table(in, &t);
    if (rc == 0) {
        time_text(int_of(table, "as_of_ms"), as_of);
        printf("%s\n%s%s%s\n", text_of(table, "formula"), say(in, "截至 ", "As of "), as_of,
               say(in, "（北京时间）", " (+08:00)"));
    }
    json_decref(table);
    return rc;
}

/* ---- scores, missing ---- */

static void people_columns(const struct invocation *in, struct table *t)
{
    table_column(t, say(in, "人员编号", "person"), false);
    table_column(t, say(in, "姓名", "name"), false);
    table_column(t, say(in, "单位", "unit"), false);
}

static void people_cells(struct table *t, const json_t *row)
{
    table_cell(t, text_of(row, "person"));
    table_cell(t, text_of(row, "name"));
    table_cell(t, text_of(row, "unit_name"));
}

static const char *verdict(const struct invocation *in, const json_t *score)
{
    if (json_is_true(json_object_get(score, "pending")))
        return say(in, "待定", "pending");
    return json_is_true(json_object_get(score, "passed")) ? say(in, "合格", "passed")
                                                          : say(in, "不合格", "failed");
}

int cmd_scores(struct invocation *in)
{
    struct table t;
    json_t *table;
    json_t *row;
    size_t i;
    int rc = fetch(in, "scores", &table);

    if (rc != 0 || table == NULL)
        return rc;
    table_init(&t);
    people_columns(in, &t);
    table_column(&t, say(in, "成绩", "score"), true);
    table_column(&t, say(in, "结果", "result"), false);
    table_column(&t, say(in, "等次", "band"), false);
    table_column(&t, say(in, "第几次", "attempt"), true);
    table_column(&t, say(in, "交卷时间", "handed in"), false);
    json_array_foreach(json_object_get(table, "scores"), i, row)
    {
        char time[32];

        people_cells(&t, row);
        table_cell_points(&t, int_of(row, "points"));
        table_cell(&t, verdict(in, row));
        table_cell(&t, text_of(row, "band"));
        table_cell_int(&t, int_of(row, "attempt"));
        time_text(int_of(row, "closed_ms"), time);
        table_cell(&t, time);
    }
    json_decref(table);
    return print_table(in, &t);
}

/* True when the exam of the first word is closed. Exit status. */
static int exam_is_closed(struct invocation *in, bool *out)
{
    struct err err = {0};
    json_t *exam = NULL;
    char path[CLIENT_PATH_BYTES_MAX];
    char id[40];
    int rc = find_exam(in, in->words[0], id);

    if (rc != 0)
        return rc;
    snprintf(path, sizeof(path), "/api/v1/exams/%s", id);
    if (client_json(in->client, "GET", path, NULL, &exam, &err) != 0)
        return report(in, &err);
    *out = strcmp(text_of(exam, "state"), "closed") == 0;
    json_decref(exam);
    return 0;
}

/* Nobody starts a closed exam any more: who has not is absent. */
static const char *standing_name(const struct invocation *in, const char *standing, bool closed)
{
    static const struct column names[] = {{"not_started", "未开始", "not started"},
                                          {"writing", "作答中", "writing"},
                                          {"deferred", "缓考", "deferred"},
                                          {"pending", "待定", "pending"}};

    if (closed && strcmp(standing, "not_started") == 0)
        return say(in, "缺考", "absent");
    for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        if (strcmp(names[i].name, standing) == 0)
            return say(in, names[i].zh, names[i].en);
    }
    return standing;
}

int cmd_missing(struct invocation *in)
{
    struct table t;
    json_t *table;
    json_t *row;
    size_t i;
    bool closed = false;
    int rc = fetch(in, "missing", &table);

    if (rc == 0 && table != NULL)
        rc = exam_is_closed(in, &closed);
    if (rc != 0 || table == NULL) {
        json_decref(table);
        return rc;
    }
    table_init(&t);
    people_columns(in, &t);
    table_column(&t, say(in, "状态", "standing"), false);
    json_array_foreach(json_object_get(table, "people"), i, row)
    {
        people_cells(&t, row);
        table_cell(&t, standing_name(in, text_of(row, "standing"), closed));
    }
    json_decref(table);
    return print_table(in, &t);
}
