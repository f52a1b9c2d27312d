/* import, codes, role: the roster and who may do what. */
#include "clients/cli/command.h"

#include "question-bank/base/file.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { CSV_BYTES_MAX = 64 * 1024 * 1024 };

/* The server's report on an import: counts, then each fault with row and column. */
static void print_import(const struct invocation *in, const json_t *r)
{
    const char *name;
    json_t *value;
    json_t *fault;
    size_t i;

    printf("%s %lld  %s %lld\n", say(in, "读取", "read"),
           (long long)json_integer_value(json_object_get(r, "rows")), say(in, "通过", "accepted"),
           (long long)json_integer_value(json_object_get(r, "accepted")));
    json_object_foreach(json_object_get(r, "changes"), name, value)
        printf("  %s %lld\n", name, (long long)json_integer_value(value));
    json_array_foreach(json_object_get(r, "errors"), i, fault)
        printf("  %s %lld %s：%s\n", say(in, "第", "row"),
               (long long)json_integer_value(json_object_get(fault, "row")),
               json_string_value(json_object_get(fault, "column")),
               json_string_value(json_object_get(fault, "message")));
    puts(json_is_true(json_object_get(r, "applied"))
             ? say(in, "已写入。", "Applied.")
             : say(in, "没有写入任何内容。", "Nothing was written."));
}

int cmd_import(struct invocation *in)
{
    static const char *const kinds[] = {"units", "people", "hearings"};
    char path[128];
    struct buf csv = {0};
    struct buf reply = {0};
    struct err err = {0};
    json_t *parsed = NULL;
    long status = 0;
    int rc = ERR_BAD_INPUT;

    for (size_t i = 0; i < 3; i++)
        if (strcmp(in->words[0], kinds[i]) == 0)
            rc = 0;
    if (rc != 0) {
        fprintf(stderr, "%s\n",
                say(in, "应为 units、people 或 hearings。", "expected units, people or hearings."));
        return EXIT_USAGE;
    }
    snprintf(path, sizeof(path), "/api/v1/%s/import%s", in->words[0],
             in->dry_run ? "?dry_run=1" : "");
    rc = file_read(in->words[1], CSV_BYTES_MAX, &csv, &err);
    if (rc == 0)
        rc = client_request(in->client, "POST", path, "text/csv", buf_view(&csv), &status, &reply,
                            &err);
    if (rc != 0) {
        rc = report(in, &err);
        goto out;
    }
    parsed = json_loadb((const char *)reply.data, reply.len, 0, NULL);
    rc = status >= 200 && status <= 299 ? 0 : EXIT_REFUSED;
    if (in->json) {
        fwrite(reply.data, 1, reply.len, stdout);
    } else if (json_object_get(parsed, "report") != NULL) {
        fprintf(stderr, "%s\n", json_string_value(json_object_get(parsed, "detail")));
        print_import(in, json_object_get(parsed, "report"));
    } else if (rc == 0) {
        print_import(in, parsed);
    } else {
        const char *detail = json_string_value(json_object_get(parsed, "detail"));
        fprintf(stderr, "%s%s\n", say(in, "错误：", "error: "), detail != NULL ? detail : "HTTP");
    }
out:
    json_decref(parsed);
    buf_fini(&csv);
    buf_fini(&reply);
    return rc;
}

int cmd_codes(struct invocation *in)
{
    json_t *people = json_array();
    struct err err = {0};
    json_t *body;
    json_t *out = NULL;
    json_t *code;
    size_t i;
    int rc;

    for (int k = 0; k < in->words_count; k++)
        json_array_append_new(people, json_string(in->words[k]));
    body = json_pack("{s:o}", "people", people);
    rc = client_json(in->client, "POST", "/api/v1/activation-codes", body, &out, &err);
    json_decref(body);
    if (rc != 0)
        return report(in, &err);
    if (in->json)
        json_dumpf(out, stdout, JSON_INDENT(2));
    json_array_foreach(json_object_get(out, "codes"), i, code)
    {
        if (!in->json)
            printf("%s  %s\n", json_string_value(json_object_get(code, "person")),
                   json_string_value(json_object_get(code, "code")));
    }
    json_decref(out);
    return 0;
}

int cmd_role(struct invocation *in)
{
    char path[256];
    bool grant = strcmp(in->words[0], "grant") == 0;

    if (!grant && strcmp(in->words[0], "revoke") != 0) {
        fprintf(stderr, "%s\n", say(in, "应为 grant 或 revoke。", "expected grant or revoke."));
        return EXIT_USAGE;
    }
    snprintf(path, sizeof(path), "/api/v1/people/%s/roles", in->words[1]);
    return run_and_print(in, grant ? "POST" : "DELETE", path,
                         json_pack("{s:s, s:s}", "role", in->words[2], "unit", in->words[3]));
}
