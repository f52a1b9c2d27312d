/* exam …: an exam's life from its definition to its close, and the two shares of its seed. */
#include "clients/cli/command.h"

#include "question-bank/base/digest.h"
#include "question-bank/base/file.h"
#include "question-bank/base/utf8.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { DEFINITION_BYTES_MAX = 1 << 20, SHARE_BYTES = 32, PATH_BYTES_MAX = 512 };

static const char *exam_path(char path[PATH_BYTES_MAX], const char *exam, const char *rest)
{
    snprintf(path, PATH_BYTES_MAX, "/api/v1/exams/%s%s", exam, rest);
    return path;
}

int cmd_exam_list(struct invocation *in)
{
    struct err err = {0};
    json_t *out = NULL;
    json_t *exam;
    size_t i;
    int rc = client_json(in->client, "GET", "/api/v1/exams", NULL, &out, &err);

    if (rc != 0)
        return report(in, &err);
    if (in->json)
        json_dumpf(out, stdout, JSON_INDENT(2));
    json_array_foreach(json_object_get(out, "exams"), i, exam)
    {
        json_t *definition = json_object_get(exam, "definition");
        if (!in->json)
            printf("%s  %-8s %s\n", json_string_value(json_object_get(exam, "exam")),
                   json_string_value(json_object_get(exam, "state")),
                   json_string_value(json_object_get(definition, "name")));
    }
    json_decref(out);
    return 0;
}

int cmd_exam_create(struct invocation *in)
{
    struct buf raw = {0};
    struct err err = {0};
    json_error_t where;
    json_t *definition;
    int rc = file_read(in->words[0], DEFINITION_BYTES_MAX, &raw, &err);

    if (rc != 0) {
        buf_fini(&raw);
        return report(in, &err);
    }
    definition = json_loadb((const char *)raw.data, raw.len, JSON_REJECT_DUPLICATES, &where);
    buf_fini(&raw);
    if (definition == NULL) {
        fprintf(stderr, "%s:%d:%d: %s\n", in->words[0], where.line, where.column, where.text);
        return EXIT_REFUSED;
    }
    return run_and_print(in, "POST", "/api/v1/exams", definition);
}

/* The share of --share-file: 64 hexadecimal digits; made from 32 random bytes where absent. */
static int read_share(const struct invocation *in, bool make, uint8_t share[SHARE_BYTES])
{
    char text[2 * SHARE_BYTES + 2];
    struct buf raw = {0};
    struct err err = {0};
    int rc = 0;

    if (in->share_file == NULL) {
        fprintf(stderr, "%s\n", say(in, "需要 --share-file。", "--share-file is needed."));
        return EXIT_USAGE;
    }
    if (make && !file_exists(in->share_file)) {
        if (RAND_bytes(share, SHARE_BYTES) != 1)
            return EXIT_REFUSED;
        hex_encode(text, share, SHARE_BYTES);
        rc = file_write(in->share_file, bytes_of_text(text), 0600, &err);
    } else {
        rc = file_read(in->share_file, sizeof(text), &raw, &err);
        while (raw.len > 0 && (raw.data[raw.len - 1] == '\n' || raw.data[raw.len - 1] == '\r'))
            raw.len--;
        if (rc == 0 && hex_decode(share, SHARE_BYTES, (const char *)raw.data, raw.len) != 0) {
            fprintf(stderr, "%s: %s\n", in->share_file,
                    say(in, "应为 64 个十六进制字符", "expected 64 hexadecimal digits"));
            buf_fini(&raw);
            return EXIT_REFUSED;
        }
        buf_fini(&raw);
    }
    return rc == 0 ? 0 : report(in, &err);
}

int cmd_exam_commit(struct invocation *in)
{
    uint8_t share[SHARE_BYTES] = {0};
    struct bytes piece = bytes_of(share, SHARE_BYTES);
    struct digest digest;
    char hex[DIGEST_HEX_BYTES];
    char path[PATH_BYTES_MAX];
    int rc = read_share(in, true, share);

    if (rc != 0)
        return rc;
    digest = digest_tagged(DIGEST_SHA256, "mingfa/draw-share/v1", &piece, 1);
    secret_wipe(share, sizeof(share));
    digest_hex(&digest, hex);
    return run_and_print(in, "POST", exam_path(path, in->words[0], "/shares"),
                         json_pack("{s:s, s:s}", "which", in->words[1], "digest", hex));
}

int cmd_exam_reveal(struct invocation *in)
{
    uint8_t share[SHARE_BYTES] = {0};
    char hex[2 * SHARE_BYTES + 1];
    char path[PATH_BYTES_MAX];
    int rc = read_share(in, false, share);

    if (rc != 0)
        return rc;
    hex_encode(hex, share, SHARE_BYTES);
    secret_wipe(share, sizeof(share));
    return run_and_print(in, "PUT", exam_path(path, in->words[0], "/shares"),
                         json_pack("{s:s, s:s}", "which", in->words[1], "share", hex));
}

int cmd_exam_open(struct invocation *in)
{
    char path[PATH_BYTES_MAX];

    return run_and_print(in, "POST", exam_path(path, in->words[0], "/open"), json_object());
}

int cmd_exam_close(struct invocation *in)
{
    char path[PATH_BYTES_MAX];

    return run_and_print(in, "POST", exam_path(path, in->words[0], "/close"), json_object());
}

int cmd_exam_exempt(struct invocation *in)
{
    char rest[PATH_BYTES_MAX / 2];
    char path[PATH_BYTES_MAX];

    snprintf(rest, sizeof(rest), "/exemptions/%s", in->words[1]);
    return run_and_print(in, "PUT", exam_path(path, in->words[0], rest),
                         json_pack("{s:s, s:s, s:s}", "kind", in->words[2], "reason", in->words[3],
                                   "document", in->words[4]));
}

int cmd_exam_withdraw(struct invocation *in)
{
    char path[PATH_BYTES_MAX];

    return run_and_print(in, "POST", exam_path(path, in->words[0], "/withdrawals"),
                         json_pack("{s:s, s:s}", "item", in->words[1], "reason", in->words[2]));
}

/* ---- tables ---- */

static void table_path(const struct invocation *in, const char *what, bool csv,
                       char path[PATH_BYTES_MAX])
{
    snprintf(path, PATH_BYTES_MAX, "/api/v1/exams/%s/%s?format=%s%s%s%s%s", in->words[0], what,
             csv ? "csv" : "json", in->unit != NULL ? "&unit=" : "",
             in->unit != NULL ? in->unit : "", in->as_of != NULL ? "&as_of=" : "",
             in->as_of != NULL ? in->as_of : "");
}

/* The server's CSV as it is, to --output or standard output. */
static int print_csv(struct invocation *in, const char *what)
{
    char path[PATH_BYTES_MAX];
    struct buf reply = {0};
    struct err err = {0};
    long status = 0;
    int rc;

    table_path(in, what, true, path);
    rc = client_request(in->client, "GET", path, NULL, bytes_of(NULL, 0), &status, &reply, &err);
    if (rc == 0 && (status < 200 || status > 299)) {
        json_t *problem = json_loadb((const char *)reply.data, reply.len, 0, NULL);
        const char *detail = json_string_value(json_object_get(problem, "detail"));
        fprintf(stderr, "%s%s\n", say(in, "错误：", "error: "), detail != NULL ? detail : "HTTP");
        json_decref(problem);
        rc = EXIT_REFUSED;
    } else if (rc == 0 && in->output != NULL) {
        rc = file_write(in->output, buf_view(&reply), 0600, &err);
        rc = rc == 0 ? 0 : report(in, &err);
    } else if (rc == 0) {
        fwrite(reply.data, 1, reply.len, stdout);
    } else {
        rc = report(in, &err);
    }
    buf_fini(&reply);
    return rc;
}

static int get_table(struct invocation *in, const char *what, json_t **out)
{
    char path[PATH_BYTES_MAX];
    struct err err = {0};
    int rc;

    table_path(in, what, false, path);
    rc = client_json(in->client, "GET", path, NULL, out, &err);
    return rc == 0 ? 0 : report(in, &err);
}

static void print_count(const json_t *counts, const char *name, int columns)
{
    char text[24];

    print_padded(err_int(text, json_integer_value(json_object_get(counts, name))), columns, true,
                 false);
}

static void print_share(const struct invocation *in, const json_t *counts, const char *name)
{
    json_t *value = json_object_get(counts, name);
    char text[32] = "—";

    if (json_is_integer(value)) {
        long long points = json_integer_value(value);
        snprintf(text, sizeof(text), "%lld.%02lld%%", points / 100, points % 100);
    }
    print_padded(text, 10, true, in->ambiguous_wide);
}

int cmd_coverage(struct invocation *in)
{
    static const char *const counts[] = {"expected", "exempted", "sat",     "passed",
                                         "pending",  "deferred", "missing", "integrated"};
    static const char *const shares[] = {"participation", "pass_rate", "coverage",
                                         "integrated_coverage"};
    json_t *table = NULL;
    json_t *row;
    size_t i;
    int rc;

    if (in->csv || in->output != NULL)
        return print_csv(in, "coverage");
    rc = get_table(in, "coverage", &table);
    if (rc != 0)
        return rc;
    if (in->json) {
        json_dumpf(table, stdout, JSON_INDENT(2));
        goto out;
    }
    print_padded(say(in, "单位", "unit"), 36, false, in->ambiguous_wide);
    {
        const char *zh[] = {"应考",
                            "免考",
                            "实考",
                            "合格",
                            "待定",
                            "缓考",
                            json_is_true(json_object_get(table, "closed")) ? "缺考" : "未考",
                            "合格且旁听"};
        const char *en[] = {"expect",  "exempt", "sat",     "pass",
                            "pending", "defer",  "missing", "integrated"};
        const char *zh2[] = {"参考率", "合格率", "覆盖率", "一体化"};
        const char *en2[] = {"particip.", "pass rate", "coverage", "integr."};
        for (size_t k = 0; k < 8; k++)
            print_padded(say(in, zh[k], en[k]), k == 7 ? 12 : 8, true, in->ambiguous_wide);
        for (size_t k = 0; k < 4; k++)
            print_padded(say(in, zh2[k], en2[k]), 10, true, in->ambiguous_wide);
    }
    putchar('\n');
    json_array_foreach(json_object_get(table, "rows"), i, row)
    {
        json_t *total = json_object_get(row, "total");
        char name[512];

        snprintf(name, sizeof(name), "%*s%s",
                 (int)json_integer_value(json_object_get(row, "level")) * 2, "",
                 json_string_value(json_object_get(row, "name")));
        print_padded(name, 36, false, in->ambiguous_wide);
        for (size_t k = 0; k < 8; k++)
            print_count(total, counts[k], k == 7 ? 12 : 8);
        for (size_t k = 0; k < 4; k++)
            print_share(in, total, shares[k]);
        putchar('\n');
    }
    printf("%s\n", json_string_value(json_object_get(table, "formula")));
out:
    json_decref(table);
    return 0;
}

int cmd_scores(struct invocation *in)
{
    json_t *table = NULL;
    json_t *row;
    size_t i;
    int rc;

    if (in->csv || in->output != NULL)
        return print_csv(in, "scores");
    rc = get_table(in, "scores", &table);
    if (rc != 0)
        return rc;
    if (in->json)
        json_dumpf(table, stdout, JSON_INDENT(2));
    json_array_foreach(json_object_get(table, "scores"), i, row)
    {
        char points[32];
        long long p = json_integer_value(json_object_get(row, "points"));

        if (in->json)
            break;
        snprintf(points, sizeof(points), "%lld.%02lld", p / 100, p % 100);
        print_padded(json_string_value(json_object_get(row, "person")), 14, false, false);
        print_padded(json_string_value(json_object_get(row, "name")), 12, false,
                     in->ambiguous_wide);
        print_padded(json_string_value(json_object_get(row, "unit_name")), 30, false,
                     in->ambiguous_wide);
        print_padded(points, 8, true, false);
        printf("  %s %s\n",
               json_is_true(json_object_get(row, "passed")) ? say(in, "合格", "pass")
                                                            : say(in, "不合格", "fail"),
               json_string_value(json_object_get(row, "band")));
    }
    json_decref(table);
    return 0;
}

int cmd_missing(struct invocation *in)
{
    json_t *table = NULL;
    json_t *row;
    size_t i;
    int rc = get_table(in, "missing", &table);

    if (rc != 0)
        return rc;
    if (in->json)
        json_dumpf(table, stdout, JSON_INDENT(2));
    json_array_foreach(json_object_get(table, "people"), i, row)
    {
        if (in->json)
            break;
        print_padded(json_string_value(json_object_get(row, "person")), 14, false, false);
        print_padded(json_string_value(json_object_get(row, "name")), 12, false,
                     in->ambiguous_wide);
        print_padded(json_string_value(json_object_get(row, "unit_name")), 30, false,
                     in->ambiguous_wide);
        printf("%s\n", json_string_value(json_object_get(row, "standing")));
    }
    json_decref(table);
    return 0;
}
