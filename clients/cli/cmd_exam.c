/* exam …, releases: an exam's life from its definition to its close, and the two shares of its seed. */
#include "clients/cli/command.h"

#include "question-bank/base/digest.h"
#include "question-bank/base/file.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DEFINITION_BYTES_MAX = 1 << 20, SHARE_BYTES = 32, CHINA_OFFSET_S = 8 * 3600 };
enum { MINUTES_MAX = 600 }; /* the server's limit */

/* "/api/v1/exams/<id>" and what follows; the word may be an id, its beginning, or a name. */
static int exam_path(struct invocation *in, const char *rest, char path[CLIENT_PATH_BYTES_MAX])
{
    char id[40];
    int rc = find_exam(in, in->words[0], id);

    if (rc == 0)
        snprintf(path, CLIENT_PATH_BYTES_MAX, "/api/v1/exams/%s%s", id, rest);
    return rc;
}

static const char *state_name(const struct invocation *in, const char *state)
{
    if (strcmp(state, "created") == 0)
        return say(in, "未开考", "not open yet");
    if (strcmp(state, "open") == 0)
        return say(in, "开考中", "open");
    return strcmp(state, "closed") == 0 ? say(in, "已结束", "closed") : state;
}

static const char *share_name(const struct invocation *in, const char *share)
{
    if (strcmp(share, "none") == 0)
        return say(in, "未提交", "none");
    if (strcmp(share, "committed") == 0)
        return say(in, "已提交摘要", "committed");
    return strcmp(share, "revealed") == 0 ? say(in, "已交出", "revealed") : share;
}

/* ---- looking ---- */

int cmd_releases(struct invocation *in)
{
    struct err err = {0};
    struct table t;
    json_t *out = NULL;
    json_t *release;
    size_t i;
    int rc = client_json(in->client, "GET", "/api/v1/releases", NULL, &out, &err);

    if (rc != 0)
        return report(in, &err);
    if (in->value[OPT_JSON] != NULL) {
        print_json(out);
        json_decref(out);
        return 0;
    }
    table_init(&t);
    table_column(&t, say(in, "摘要", "digest"), false);
    table_column(&t, say(in, "题数", "items"), true);
    table_column(&t, say(in, "性质", "kind"), false);
    table_column(&t, say(in, "签名", "signers"), true);
    table_column(&t, say(in, "名称", "name"), false);
    json_array_foreach(json_object_get(out, "releases"), i, release)
    {
        table_cell(&t, text_of(release, "digest"));
        table_cell_int(&t, int_of(release, "items"));
        table_cell(&t, json_is_true(json_object_get(release, "sample"))
                           ? say(in, "样题", "sample")
                           : say(in, "正式", "approved"));
        table_cell_int(&t, (int64_t)json_array_size(json_object_get(release, "signers")));
        table_cell(&t, text_of(release, "name"));
    }
    json_decref(out);
    return print_table(in, &t);
}

int cmd_exam_list(struct invocation *in)
{
    struct err err = {0};
    struct table t;
    json_t *out = NULL;
    json_t *exam;
    size_t i;
    int rc = client_json(in->client, "GET", "/api/v1/exams", NULL, &out, &err);

    if (rc != 0)
        return report(in, &err);
    if (in->value[OPT_JSON] != NULL) {
        print_json(out);
        json_decref(out);
        return 0;
    }
    table_init(&t);
    table_column(&t, say(in, "编号", "id"), false);
    table_column(&t, say(in, "状态", "state"), false);
    table_column(&t, say(in, "开始", "from"), false);
    table_column(&t, say(in, "截止", "to"), false);
    table_column(&t, say(in, "名称", "name"), false);
    json_array_foreach(json_object_get(out, "exams"), i, exam)
    {
        const json_t *d = json_object_get(exam, "definition");
        char time[32];

        table_cell(&t, text_of(exam, "exam"));
        table_cell(&t, state_name(in, text_of(exam, "state")));
        time_text(int_of(d, "window_start_ms"), time);
        table_cell(&t, time);
        time_text(int_of(d, "window_end_ms"), time);
        table_cell(&t, time);
        table_cell(&t, text_of(d, "name"));
    }
    json_decref(out);
    return print_table(in, &t);
}

static void print_exam(const struct invocation *in, const json_t *exam)
{
    const json_t *d = json_object_get(exam, "definition");
    const json_t *shares = json_object_get(exam, "shares");
    char from[32];
    char to[32];

    time_text(int_of(d, "window_start_ms"), from);
    time_text(int_of(d, "window_end_ms"), to);
    printf("%s\n", text_of(d, "name"));
    printf("  %s%s\n", say(in, "编号：", "id: "), text_of(exam, "exam"));
    printf("  %s%s\n", say(in, "状态：", "state: "), state_name(in, text_of(exam, "state")));
    printf(say(in, "  时间：%s 至 %s，每次 %lld 分钟，可考 %lld 次\n",
               "  window: %s to %s, %lld minutes each, %lld attempts\n"),
           from, to, (long long)(int_of(d, "duration_ms") / 60000),
           (long long)int_of(d, "attempts"));
    printf("  %s%s\n", say(in, "名册截止日：", "roster as of: "), text_of(d, "cut_off"));
    printf("  %s%s\n", say(in, "批准文号：", "document: "), text_of(d, "document"));
    printf("  %s%s\n", say(in, "题库摘要：", "release: "), text_of(d, "release"));
    printf(say(in, "  种子份额：考务 %s，保管人 %s\n", "  shares: officer %s, custodian %s\n"),
           share_name(in, text_of(shares, "officer")),
           share_name(in, text_of(shares, "custodian")));
    if (text_of(exam, "master_digest")[0] != '\0')
        printf("  %s%s\n", say(in, "总种子摘要：", "digest of the seed: "),
               text_of(exam, "master_digest"));
}

/* Sends, and shows the exam that comes back. Takes body. */
static int run_and_show(struct invocation *in, const char *method, const char *path, json_t *body)
{
    struct err err = {0};
    json_t *exam = NULL;
    int rc = client_json(in->client, method, path, body, &exam, &err);

    json_decref(body);
    if (rc != 0)
        return report(in, &err);
    if (in->value[OPT_JSON] != NULL)
        print_json(exam);
    else
        print_exam(in, exam);
    json_decref(exam);
    return 0;
}

int cmd_exam_show(struct invocation *in)
{
    char path[CLIENT_PATH_BYTES_MAX];
    int rc = exam_path(in, "", path);

    return rc != 0 ? rc : run_and_show(in, "GET", path, NULL);
}

/* ---- the definition ---- */

/* jansson says it in English only. */
static const char *json_reason(const struct invocation *in, const json_error_t *e)
{
    switch (json_error_code(e)) {
    case json_error_invalid_utf8:
        return say(in, "不是 UTF-8 编码", "not UTF-8");
    case json_error_premature_end_of_input:
        return say(in, "内容不完整", "it ends too early");
    case json_error_end_of_input_expected:
        return say(in, "结尾之后还有内容", "there is more behind its end");
    case json_error_duplicate_key:
        return say(in, "同一名称出现两次", "a name is there twice");
    case json_error_numeric_overflow:
        return say(in, "数字太大", "a number is too large");
    default:
        return say(in, "语法有误", "a syntax error");
    }
}

static int read_json(const struct invocation *in, const char *file, json_t **out)
{
    struct buf raw = {0};
    struct err err = {0};
    json_error_t where;
    int rc = file_read(file, DEFINITION_BYTES_MAX, &raw, &err);

    if (rc != 0) {
        buf_fini(&raw);
        return report(in, &err);
    }
    *out = json_loadb((const char *)raw.data, raw.len, JSON_REJECT_DUPLICATES, &where);
    buf_fini(&raw);
    if (json_is_object(*out))
        return 0;
    if (*out != NULL)
        fprintf(stderr, "%s%s\n",
                say(in, "错误：应为一个 JSON 对象：", "error: expected a JSON object in "), file);
    else
        fprintf(stderr,
                say(in, "错误：%s 第 %d 行第 %d 列不是有效的 JSON：%s。\n",
                    "error: %s, line %d, column %d: not JSON: %s.\n"),
                file, where.line > 0 ? where.line : 1, where.column > 0 ? where.column : 1,
                json_reason(in, &where));
    json_decref(*out);
    *out = NULL;
    return EXIT_REFUSED;
}

/* "2026-11-24 09:00" (or with T) at +08:00 as UTC milliseconds; -1 when it is no such time.
 * timegm takes the 31st of November for the 1st of December, so what it made is compared. */
static int64_t time_of_text(const char *text)
{
    struct tm civil = {0};
    struct tm made;
    time_t at;
    const char *end = text != NULL ? strptime(text, "%Y-%m-%d", &civil) : NULL;

    if (end == NULL || (*end != ' ' && *end != 'T'))
        return -1;
    end = strptime(end + 1, "%H:%M", &civil);
    if (end == NULL || *end != '\0')
        return -1;
    made = civil;
    at = timegm(&made);
    if (made.tm_year != civil.tm_year || made.tm_mon != civil.tm_mon ||
        made.tm_mday != civil.tm_mday || made.tm_hour != civil.tm_hour ||
        made.tm_min != civil.tm_min)
        return -1;
    return ((int64_t)at - CHINA_OFFSET_S) * 1000;
}

static int civil_member(const struct invocation *in, json_t *d, const char *name,
                        const char *name_ms)
{
    const json_t *text = json_object_get(d, name);
    int64_t ms;

    if (text == NULL)
        return 0;
    ms = time_of_text(json_string_value(text));
    if (ms < 0) {
        char *found = json_dumps(text, JSON_COMPACT | JSON_ENCODE_ANY);

        fprintf(stderr,
                say(in,
                    "错误：“%s”写的是 %s，应为一个存在的日期和时刻，形如 "
                    "\"2026-11-24 09:00\"（北京时间）。\n",
                    "error: '%s' is %s; expected a day and time that exist, such as "
                    "\"2026-11-24 09:00\" (+08:00).\n"),
                name, found != NULL ? found : "?");
        free(found);
        return EXIT_REFUSED;
    }
    json_object_set_new(d, name_ms, json_integer(ms));
    json_object_del(d, name);
    return 0;
}

/* Named as the officer wrote them; the server would say milliseconds. */
static int check_window(const struct invocation *in, const json_t *d, const char *const names[2])
{
    int64_t start = int_of(d, "window_start_ms");
    int64_t end = int_of(d, "window_end_ms");
    char from[32];
    char to[32];

    if (!json_is_integer(json_object_get(d, "window_start_ms")) ||
        !json_is_integer(json_object_get(d, "window_end_ms")) || end > start)
        return 0;
    time_text(start, from);
    time_text(end, to);
    fprintf(stderr,
            say(in, "错误：“%s”（%s）应晚于“%s”（%s）。\n",
                "error: '%s' (%s) should be later than '%s' (%s).\n"),
            names[1], to, names[0], from);
    return EXIT_REFUSED;
}

/* The only release there is. */
static int fill_release(struct invocation *in, json_t *d)
{
    struct err err = {0};
    json_t *out = NULL;
    const json_t *list;
    int rc;

    if (json_object_get(d, "release") != NULL)
        return 0;
    rc = client_json(in->client, "GET", "/api/v1/releases", NULL, &out, &err);
    if (rc != 0)
        return report(in, &err);
    list = json_object_get(out, "releases");
    if (json_array_size(list) == 1) {
        json_object_set(d, "release", json_object_get(json_array_get(list, 0), "digest"));
    } else {
        fprintf(stderr, "%s\n",
                json_array_size(list) == 0
                    ? say(in, "错误：服务器上没有可用的题库发布。",
                          "error: the server has no bank release that it may use.")
                    : say(in,
                          "错误：有多个题库发布，请在定义中写明 release（见 mingfa releases）。",
                          "error: there are several releases; name one in the definition (see "
                          "mingfa releases)."));
        rc = EXIT_REFUSED;
    }
    json_decref(out);
    return rc;
}

static int complete_definition(struct invocation *in, json_t *d)
{
    const json_t *minutes = json_object_get(d, "duration_minutes");
    const char *const window[2] = {
        json_object_get(d, "window_start") != NULL ? "window_start" : "window_start_ms",
        json_object_get(d, "window_end") != NULL ? "window_end" : "window_end_ms"};
    json_t *blueprint = NULL;
    int rc = civil_member(in, d, "window_start", "window_start_ms");

    if (rc == 0)
        rc = civil_member(in, d, "window_end", "window_end_ms");
    if (rc == 0)
        rc = check_window(in, d, window);
    if (rc == 0 && minutes != NULL &&
        (!json_is_integer(minutes) || json_integer_value(minutes) < 1 ||
         json_integer_value(minutes) > MINUTES_MAX)) {
        fprintf(stderr, "%s\n",
                say(in, "错误：“duration_minutes”应为 1 至 600 的整数。",
                    "error: 'duration_minutes' should be a whole number from 1 to 600."));
        return EXIT_REFUSED;
    }
    if (rc == 0 && minutes != NULL) {
        json_object_set_new(d, "duration_ms", json_integer(json_integer_value(minutes) * 60000));
        json_object_del(d, "duration_minutes");
    }
    if (rc == 0 && in->value[OPT_BLUEPRINT] != NULL) {
        rc = read_json(in, in->value[OPT_BLUEPRINT], &blueprint);
        if (rc == 0)
            json_object_set_new(d, "blueprint", blueprint);
    }
    return rc != 0 ? rc : fill_release(in, d);
}

int cmd_exam_create(struct invocation *in)
{
    json_t *definition = NULL;
    int rc = read_json(in, in->words[0], &definition);

    if (rc == 0)
        rc = complete_definition(in, definition);
    if (rc != 0) {
        json_decref(definition);
        return rc;
    }
    return run_and_show(in, "POST", "/api/v1/exams", definition);
}

/* ---- shares ---- */

static int check_share(const struct invocation *in)
{
    if (strcmp(in->words[1], "officer") != 0 && strcmp(in->words[1], "custodian") != 0)
        return misuse(in, "第二个参数应为 officer（考务人员）或 custodian（题库保管人）。",
                      "the second argument is officer or custodian.");
    if (in->value[OPT_SHARE_FILE] == NULL)
        return misuse(in, "请用 --share-file 指明份额文件。",
                      "name the share's file by --share-file.");
    return 0;
}

static int make_share(const struct invocation *in, uint8_t share[SHARE_BYTES])
{
    char text[2 * SHARE_BYTES + 1];
    struct err err = {0};
    int rc;

    if (RAND_bytes(share, SHARE_BYTES) != 1) {
        fprintf(
            stderr, "%s\n",
            say(in, "错误：系统随机数发生器不可用。", "error: the system gives no random bytes."));
        return EXIT_REFUSED;
    }
    hex_encode(text, share, SHARE_BYTES);
    rc = file_write(in->value[OPT_SHARE_FILE], bytes_of_text(text), STATE_FILE_MODE, &err);
    secret_wipe(text, sizeof(text));
    return rc == 0 ? 0 : report(in, &err);
}

/* The share of --share-file: 64 hexadecimal digits. Where absent and made is not NULL, *made is set and
 * it is made from 32 random bytes. */
static int read_share(const struct invocation *in, bool *made, uint8_t share[SHARE_BYTES])
{
    const char *file = in->value[OPT_SHARE_FILE];
    struct buf raw = {0};
    struct err err = {0};
    int rc;

    if (made != NULL && !file_exists(file)) {
        *made = true;
        return make_share(in, share);
    }
    rc = file_read(file, 2 * SHARE_BYTES + 2, &raw, &err);
    if (rc != 0) {
        buf_fini(&raw);
        return report(in, &err);
    }
    while (raw.len > 0 && (raw.data[raw.len - 1] == '\n' || raw.data[raw.len - 1] == '\r'))
        raw.len--;
    if (hex_decode(share, SHARE_BYTES, (const char *)raw.data, raw.len) != 0) {
        fprintf(stderr,
                say(in, "错误：%s 中应为 64 个十六进制字符。\n",
                    "error: %s should hold 64 hexadecimal digits.\n"),
                file);
        rc = EXIT_REFUSED;
    }
    if (raw.len > 0)
        secret_wipe(raw.data, raw.len);
    buf_fini(&raw);
    return rc;
}

/* True when the server has said no: nothing was stored. */
static bool is_refused(const struct invocation *in)
{
    const struct client_problem *problem = client_problem(in->client);

    return problem->status >= 400 && problem->status < 500 && problem->id[0] != '\0';
}

int cmd_exam_commit(struct invocation *in)
{
    uint8_t share[SHARE_BYTES] = {0};
    struct bytes piece = bytes_of(share, SHARE_BYTES);
    struct digest digest;
    char hex[DIGEST_HEX_BYTES];
    char path[CLIENT_PATH_BYTES_MAX];
    json_t *out = NULL;
    json_t *body;
    struct err err = {0};
    bool made = false;
    int rc = check_share(in);

    if (rc == 0)
        rc = exam_path(in, "/shares", path);
    if (rc == 0)
        rc = read_share(in, &made, share);
    if (rc != 0)
        return rc;
    digest = digest_tagged(DIGEST_SHA256, "mingfa/draw-share/v1", &piece, 1);
    secret_wipe(share, sizeof(share));
    digest_hex(&digest, hex);
    body = json_pack("{s:s, s:s}", "which", in->words[1], "digest", hex);
    rc = client_json(in->client, "POST", path, body, &out, &err);
    json_decref(body);
    if (rc != 0) {
        /* Nothing hangs on a share that was refused. Without an answer it may be committed to: kept. */
        if (made && is_refused(in))
            unlink(in->value[OPT_SHARE_FILE]);
        return report(in, &err);
    }
    if (in->value[OPT_JSON] != NULL && out != NULL)
        print_json(out);
    else if (in->value[OPT_JSON] == NULL)
        puts(say(in, "已提交摘要，请妥善保管份额文件。", "Committed. Keep the share's file safe."));
    json_decref(out);
    return 0;
}

int cmd_exam_reveal(struct invocation *in)
{
    uint8_t share[SHARE_BYTES] = {0};
    char hex[2 * SHARE_BYTES + 1];
    char path[CLIENT_PATH_BYTES_MAX];
    json_t *body;
    int rc = check_share(in);

    if (rc == 0)
        rc = exam_path(in, "/shares", path);
    if (rc == 0)
        rc = read_share(in, NULL, share);
    if (rc != 0)
        return rc;
    hex_encode(hex, share, SHARE_BYTES);
    body = json_pack("{s:s, s:s}", "which", in->words[1], "share", hex);
    secret_wipe(share, sizeof(share));
    secret_wipe(hex, sizeof(hex));
    return run_and_say(in, "PUT", path, body, say(in, "已交出份额。", "Revealed."));
}

/* ---- opening, closing ---- */

int cmd_exam_open(struct invocation *in)
{
    char path[CLIENT_PATH_BYTES_MAX];
    int rc = exam_path(in, "/open", path);

    return rc != 0 ? rc : run_and_show(in, "POST", path, json_object());
}

int cmd_exam_close(struct invocation *in)
{
    char path[CLIENT_PATH_BYTES_MAX];
    int rc = exam_path(in, "/close", path);

    if (rc == 0)
        rc = confirm(in, say(in, "结束后不能重新开放，未考人员记为缺考。",
                             "There is no way back; who has not sat is absent."));
    return rc != 0 ? rc : run_and_show(in, "POST", path, json_object());
}

/* ---- people and items ---- */

/* The person's standing score in hundredths; -1: none. Exit status. */
static int score_of(struct invocation *in, const char *id, const char *person, int64_t *points)
{
    char path[CLIENT_PATH_BYTES_MAX];
    struct err err = {0};
    json_t *out = NULL;
    json_t *row;
    size_t i;

    *points = -1;
    snprintf(path, sizeof(path), "/api/v1/exams/%s/scores?format=json", id);
    if (client_json(in->client, "GET", path, NULL, &out, &err) != 0)
        return report(in, &err);
    json_array_foreach(json_object_get(out, "scores"), i, row)
    {
        if (strcmp(text_of(row, "person"), person) == 0)
            *points = int_of(row, "points");
    }
    json_decref(out);
    return 0;
}

/* Who has a score and is exempted counts no longer as having sat: asked for, and told in the reason
 * that is recorded. `reason` gets what to send. */
static int confirm_score(struct invocation *in, const char *id, struct buf *reason)
{
    char question[256];
    int64_t points;
    int rc = score_of(in, id, in->words[1], &points);

    buf_append_text(reason, in->value[OPT_REASON]);
    if (rc != 0 || points < 0)
        return rc;
    snprintf(question, sizeof(question),
             say(in, "%s 已有成绩 %lld.%02lld 分，免考后不再计入实考和合格。",
                 "%s has a score of %lld.%02lld; exempted, it counts no longer."),
             in->words[1], (long long)(points / 100), (long long)(points % 100));
    buf_printf(reason, "（已有成绩 %lld.%02lld 分，经确认免考，不再计入实考）",
               (long long)(points / 100), (long long)(points % 100));
    return confirm(in, question);
}

static int set_exemption(struct invocation *in, const char *kind, const char *done)
{
    const char *reason = in->value[OPT_REASON];
    struct buf told = {0};
    const char *document = in->value[OPT_DOCUMENT];
    struct buf path = {0};
    char id[40];
    int rc;

    if (reason == NULL || document == NULL)
        return misuse(in, "请写明 --reason 事由和 --document 批准文号。",
                      "--reason and --document are needed.");
    rc = find_exam(in, in->words[0], id);
    if (rc != 0)
        return rc;
    if (strcmp(kind, "exempt") == 0) {
        rc = confirm_score(in, id, &told);
        reason = buf_text(&told);
    }
    buf_printf(&path, "/api/v1/exams/%s/exemptions/", id);
    url_append(&path, in->words[1]);
    if (rc == 0)
        rc = run_and_say(
            in, "PUT", buf_text(&path),
            json_pack("{s:s, s:s, s:s}", "kind", kind, "reason", reason, "document", document),
            done);
    buf_fini(&path);
    buf_fini(&told);
    return rc;
}

int cmd_exam_exempt(struct invocation *in)
{
    return set_exemption(in, "exempt", say(in, "已登记免考。", "Exempted."));
}

int cmd_exam_defer(struct invocation *in)
{
    return set_exemption(in, "deferred", say(in, "已登记缓考。", "Deferred."));
}

int cmd_exam_include(struct invocation *in)
{
    return set_exemption(in, "none", say(in, "已撤销免考或缓考。", "Taken back."));
}

int cmd_exam_withdraw(struct invocation *in)
{
    char path[CLIENT_PATH_BYTES_MAX];
    int rc;

    if (in->value[OPT_REASON] == NULL)
        return misuse(in, "请写明 --reason 事由。", "--reason is needed.");
    rc = exam_path(in, "/withdrawals", path);
    if (rc == 0)
        rc = confirm(in, say(in, "撤题不能收回：已抽到该题的人都得满分，以后抽题不再用到它。",
                             "There is no way back: everyone who has the item gets its full marks, "
                             "and later draws leave it out."));
    return rc != 0 ? rc
                   : run_and_say(in, "POST", path,
                                 json_pack("{s:s, s:s}", "item", in->words[1], "reason",
                                           in->value[OPT_REASON]),
                                 say(in, "已撤下该题。", "Withdrawn."));
}
