/* import, units, codes, role: the roster and who may do what. */
#include "clients/cli/command.h"

#include "question-bank/base/digest.h"
#include "question-bank/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CSV_BYTES_MAX = 64 * 1024 * 1024, CODES_PER_CALL_MAX = 1000, CODES_MAX = 100000 };
enum { LIST_BYTES_MAX = 16 * 1024 * 1024, PERSON_BYTES_MAX = 64 };

/* ---- import ---- */

struct change_name {
    const char *zh;
    const char *en;
};
static const struct change_name CHANGES[] = {{"新增", "new"},       {"调入", "moved in"},
                                             {"调出", "moved out"}, {"退休", "retired"},
                                             {"修改", "changed"},   {"未变", "unchanged"}};

static const char *change_name(const struct invocation *in, const char *zh)
{
    for (size_t i = 0; i < sizeof(CHANGES) / sizeof(CHANGES[0]); i++) {
        if (strcmp(CHANGES[i].zh, zh) == 0)
            return say(in, CHANGES[i].zh, CHANGES[i].en);
    }
    return zh;
}

static int print_faults(const struct invocation *in, const json_t *faults)
{
    struct table t;
    json_t *fault;
    size_t i;

    table_init(&t);
    table_column(&t, say(in, "行", "row"), true);
    table_column(&t, say(in, "列", "column"), false);
    table_column(&t, say(in, "错误", "fault"), false);
    json_array_foreach(faults, i, fault)
    {
        table_cell_int(&t, int_of(fault, "row"));
        table_cell(&t, text_of(fault, "column"));
        table_cell(&t, text_of(fault, "message"));
    }
    return print_table(in, &t);
}

/* May be a column that was meant, with a slip of the pen in its name. */
static void print_ignored(const struct invocation *in, const json_t *names)
{
    struct buf line = {0};
    json_t *name;
    size_t i;

    json_array_foreach(names, i, name)
    {
        buf_append_text(&line, i > 0 ? say(in, "、", ", ") : "");
        text_append_clean(&line, json_string_value(name));
    }
    if (line.len > 0 && buf_text(&line) != NULL)
        printf("%s%s\n", say(in, "没有用到的列：", "columns not used: "), buf_text(&line));
    buf_fini(&line);
}

/* The server's report: counts, then each fault with row and column. */
static int print_import(const struct invocation *in, const json_t *r)
{
    const json_t *faults = json_object_get(r, "errors");
    struct table t;
    const char *name;
    json_t *value;
    int rc;

    table_init(&t);
    table_column(&t, say(in, "读取", "read"), true);
    table_column(&t, say(in, "通过", "accepted"), true);
    json_object_foreach(json_object_get(r, "changes"), name, value)
        table_column(&t, change_name(in, name), true);
    table_cell_int(&t, int_of(r, "rows"));
    table_cell_int(&t, int_of(r, "accepted"));
    json_object_foreach(json_object_get(r, "changes"), name, value)
        table_cell_int(&t, json_integer_value(value));
    rc = print_table(in, &t);
    if (rc == 0)
        print_ignored(in, json_object_get(r, "ignored"));
    if (rc == 0 && json_array_size(faults) > 0) {
        putchar('\n');
        rc = print_faults(in, faults);
    }
    return rc;
}

static bool has_changes(const json_t *r)
{
    const char *name;
    json_t *value;

    json_object_foreach(json_object_get(r, "changes"), name, value)
    {
        if (strcmp(name, "未变") != 0 && json_integer_value(value) > 0)
            return true;
    }
    return false;
}

static int show_import(struct invocation *in, long status, struct bytes reply)
{
    json_t *parsed = json_loadb((const char *)reply.data, reply.len, 0, NULL);
    const json_t *rejected = json_object_get(parsed, "report");
    bool done = status >= 200 && status <= 299;
    struct err err = {0};
    int rc = 0;

    if (!done && rejected == NULL) {
        client_refusal(in->client, status, reply, &err);
        rc = report(in, &err);
    } else if (in->value[OPT_JSON] != NULL) {
        print_json(done ? parsed : rejected);
    } else {
        rc = print_import(in, done ? parsed : rejected);
    }
    if (rc == 0 && !done) {
        client_refusal(in->client, status, reply, &err);
        rc = report(in, &err);
    } else if (rc == 0 && in->value[OPT_JSON] == NULL) {
        puts(in->value[OPT_DRY_RUN] != NULL ? say(in, "检查通过，未写入（--dry-run）。",
                                                  "No faults; nothing written (--dry-run).")
             : !has_changes(parsed)         ? say(in, "与现有名册一致，没有变化。",
                                                  "The roster is so already; nothing changed.")
             : json_is_true(json_object_get(parsed, "applied"))
                 ? say(in, "已全部写入。", "All written.")
                 : say(in, "没有写入任何内容。", "Nothing was written."));
    }
    json_decref(parsed);
    return rc;
}

int cmd_import(struct invocation *in)
{
    static const char *const kinds[] = {"units", "people", "hearings"};
    char path[CLIENT_PATH_BYTES_MAX];
    struct buf csv = {0};
    struct buf reply = {0};
    struct err err = {0};
    const char *kind = NULL;
    long status = 0;
    int rc;

    for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
        if (strcmp(in->words[0], kinds[i]) == 0)
            kind = kinds[i];
    }
    if (kind == NULL)
        return misuse(in, "第一个参数应为 units、people 或 hearings。",
                      "the first argument is units, people or hearings.");
    snprintf(path, sizeof(path), "/api/v1/%s/import%s", kind,
             in->value[OPT_DRY_RUN] != NULL ? "?dry_run=1" : "");
    rc = file_read(in->words[1], CSV_BYTES_MAX, &csv, &err);
    if (rc == 0)
        rc = client_request(in->client, "POST", path, "text/csv", buf_view(&csv), &status, &reply,
                            &err);
    rc = rc != 0 ? report(in, &err) : show_import(in, status, buf_view(&reply));
    buf_fini(&csv);
    buf_fini(&reply);
    return rc;
}

int cmd_units(struct invocation *in)
{
    struct err err = {0};
    struct table t;
    json_t *out = NULL;
    json_t *unit;
    size_t i;
    int rc = client_json(in->client, "GET", "/api/v1/units", NULL, &out, &err);

    if (rc != 0)
        return report(in, &err);
    if (in->value[OPT_JSON] != NULL) {
        print_json(out);
        json_decref(out);
        return 0;
    }
    table_init(&t);
    table_column(&t, say(in, "单位编码", "code"), false);
    table_column(&t, say(in, "上级编码", "parent"), false);
    table_column(&t, say(in, "单位名称", "name"), false);
    json_array_foreach(json_object_get(out, "units"), i, unit)
    {
        table_cell(&t, text_of(unit, "code"));
        table_cell(&t, text_of(unit, "parent"));
        table_cell(&t, text_of(unit, "name"));
    }
    json_decref(out);
    return print_table(in, &t);
}

/* ---- activation codes ---- */

/* The first cell of a line; quotes as Excel writes them are taken off ("=""100001""" too). */
static void add_person(json_t *people, const char *line, size_t len)
{
    char number[PERSON_BYTES_MAX + 1];
    size_t n = 0;

    for (size_t i = 0; i < len && line[i] != ',' && line[i] != '\t' && n < PERSON_BYTES_MAX; i++) {
        if (line[i] != '"' && line[i] != '=' && line[i] != ' ' && line[i] != '\r')
            number[n++] = line[i];
    }
    number[n] = '\0';
    if (n > 0 && strcmp(number, "人员编号") != 0)
        json_array_append_new(people, json_string(number));
}

static int read_people(const struct invocation *in, json_t *people)
{
    struct buf raw = {0};
    struct err err = {0};
    size_t at = 0;
    int rc = file_read(in->value[OPT_PEOPLE_FILE], LIST_BYTES_MAX, &raw, &err);

    if (rc != 0) {
        buf_fini(&raw);
        return report(in, &err);
    }
    if (raw.len >= 3 && memcmp(raw.data, "\xef\xbb\xbf", 3) == 0)
        at = 3;
    while (at < raw.len) {
        const char *line = (const char *)raw.data + at;
        const char *end = memchr(line, '\n', raw.len - at);
        size_t len = end != NULL ? (size_t)(end - line) : raw.len - at;

        add_person(people, line, len);
        at += len + 1;
    }
    buf_fini(&raw);
    return 0;
}

/* One call's share of people; the codes are appended to csv. */
static int issue(struct invocation *in, const json_t *people, size_t from, struct buf *csv)
{
    json_t *some = json_array();
    json_t *out = NULL;
    json_t *body;
    json_t *code;
    struct err err = {0};
    size_t i;
    int rc;

    for (i = from; i < json_array_size(people) && i < from + CODES_PER_CALL_MAX; i++)
        json_array_append(some, json_array_get(people, i));
    body = json_pack("{s:o}", "people", some);
    rc = client_json(in->client, "POST", "/api/v1/activation-codes", body, &out, &err);
    json_decref(body);
    if (rc != 0)
        return report(in, &err);
    json_array_foreach(json_object_get(out, "codes"), i, code)
    {
        char expires[32];

        time_text(int_of(code, "expires_ms"), expires);
        buf_printf(csv, "\"=\"\"%s\"\"\",%s,%s\r\n", text_of(code, "person"), text_of(code, "code"),
                   expires);
    }
    json_decref(out);
    return 0;
}

int cmd_codes(struct invocation *in)
{
    const char *file = in->value[OPT_OUTPUT];
    json_t *people = json_array();
    struct buf csv = {0};
    struct err err = {0};
    size_t count;
    int rc = 0;

    for (int k = 0; k < in->words_count; k++)
        json_array_append_new(people, json_string(in->words[k]));
    if (file == NULL)
        rc = misuse(in, "激活码等同于登录凭据，请用 -o 指定要写入的文件。",
                    "codes are as good as logins: name the file to write them to by -o.");
    else if (file_exists(file))
        rc = misuse(in, "-o 指定的文件已经存在，请换一个文件名。",
                    "the file that -o names exists; choose another name.");
    else if (in->value[OPT_PEOPLE_FILE] != NULL)
        rc = read_people(in, people);
    count = json_array_size(people);
    if (rc == 0 && (count == 0 || count > CODES_MAX))
        rc = misuse(in, "请给出人员编号（一次最多 100000 人）。",
                    "give person numbers (at most 100000 at once).");
    buf_append_text(&csv, "\xef\xbb\xbf人员编号,激活码,有效期至\r\n");
    for (size_t from = 0; from < count && rc == 0; from += CODES_PER_CALL_MAX) {
        /* Written after every call: codes are shown once, and must not be lost with a later one. */
        rc = issue(in, people, from, &csv);
        if (rc == 0 && file_write(file, buf_view(&csv), STATE_FILE_MODE, &err) != 0)
            rc = report(in, &err);
    }
    if (rc == 0)
        printf(say(in, "已为 %zu 人签发激活码，写入 %s。请妥善保管，发放后删除。\n",
                   "Codes for %zu people were written to %s. Keep it safe; delete it once they are "
                   "handed out.\n"),
               count, file);
    if (csv.len > 0)
        secret_wipe(csv.data, csv.len);
    buf_fini(&csv);
    json_decref(people);
    return rc;
}

/* ---- roles ---- */

int cmd_role(struct invocation *in)
{
    bool grant = strcmp(in->words[0], "grant") == 0;
    struct buf path = {0};
    int rc;

    if (!grant && strcmp(in->words[0], "revoke") != 0)
        return misuse(in, "第一个参数应为 grant 或 revoke。",
                      "the first argument is grant or revoke.");
    buf_append_text(&path, "/api/v1/people/");
    url_append(&path, in->words[1]);
    buf_append_text(&path, grant ? "/roles" : "/roles/revocation");
    rc = run_and_say(in, "POST", buf_text(&path),
                     json_pack("{s:s, s:s}", "role", in->words[2], "unit", in->words[3]),
                     grant ? say(in, "已授予角色。", "Granted.")
                           : say(in, "已收回角色。", "Revoked."));
    buf_fini(&path);
    return rc;
}
