/* exams, result: where I stand. */
#include "clients/cli/my.h"

#include <stdio.h>
#include <string.h>

const char *my_state_text(const struct invocation *in, const json_t *exam)
{
    const char *state = text_of(exam, "state");
    const char *session = text_of(json_object_get(exam, "session"), "state");
    const char *exemption = text_of(exam, "exemption");

    if (strcmp(session, "started") == 0)
        return say(in, "作答中", "writing");
    if (strcmp(session, "suspended") == 0)
        return say(in, "已暂停", "suspended");
    if (strcmp(exemption, "exempt") == 0)
        return say(in, "已批准免考", "exempt");
    if (strcmp(exemption, "deferred") == 0)
        return say(in, "已批准缓考", "deferred");
    if (strcmp(state, "upcoming") == 0)
        return say(in, "未开始", "upcoming");
    return strcmp(state, "open") == 0 ? say(in, "进行中", "open") : say(in, "已结束", "closed");
}

static void cell_result(const struct invocation *in, struct table *t, const json_t *result)
{
    char text[96] = "-";
    long long points = int_of(result, "points");

    if (json_is_object(result))
        snprintf(text, sizeof(text), "%lld.%02lld %s", points / 100, points % 100,
                 json_is_true(json_object_get(result, "pending")) ? say(in, "待定", "pending")
                 : text_of(result, "band")[0] != '\0'             ? text_of(result, "band")
                                                                  : say(in, "不合格", "failed"));
    table_cell(t, text);
}

int my_print_exams(const struct invocation *in, const json_t *list)
{
    struct table t;
    json_t *exam;
    size_t i;

    table_init(&t);
    table_column(&t, say(in, "序号", "no."), true);
    table_column(&t, say(in, "考试", "exam"), false);
    table_column(&t, say(in, "截止", "until"), false);
    table_column(&t, say(in, "状态", "state"), false);
    table_column(&t, say(in, "已用/可考", "used/of"), true);
    table_column(&t, say(in, "成绩", "score"), false);
    json_array_foreach(list, i, exam)
    {
        char text[64];

        table_cell_int(&t, (int64_t)i + 1);
        table_cell(&t, text_of(exam, "name"));
        time_text(int_of(exam, "window_end_ms"), text);
        table_cell(&t, text);
        table_cell(&t, my_state_text(in, exam));
        snprintf(text, sizeof(text), "%lld/%lld", (long long)int_of(exam, "attempts_used"),
                 (long long)int_of(exam, "attempts"));
        table_cell(&t, text);
        cell_result(in, &t, json_object_get(exam, "result"));
    }
    return print_table(in, &t);
}

int cmd_exams(struct invocation *in)
{
    struct err err = {0};
    json_t *mine = NULL;
    const json_t *hearings;
    int rc = client_json(in->client, "GET", "/api/v1/me/exams", NULL, &mine, &err);

    if (rc != 0)
        return report(in, &err);
    hearings = json_object_get(mine, "hearings");
    if (in->value[OPT_JSON] != NULL) {
        print_json(mine);
    } else {
        if (json_array_size(json_object_get(mine, "exams")) == 0)
            puts(say(in, "目前没有安排给您的考试。", "No exam is assigned to you."));
        else
            rc = my_print_exams(in, json_object_get(mine, "exams"));
        printf(say(in, "%lld年旁听庭审 %lld 次\n", "Court hearings attended in %lld: %lld\n"),
               (long long)int_of(hearings, "year"), (long long)int_of(hearings, "attended"));
    }
    json_decref(mine);
    return rc;
}

/* ---- a result ---- */

static void print_share(const struct invocation *in, const char *zh, const char *en,
                        const json_t *value)
{
    long long points = json_integer_value(value);

    if (json_is_integer(value))
        printf("  %s %lld.%02lld%%", say(in, zh, en), points / 100, points % 100);
}

void my_print_coverage(struct invocation *in, const char *exam, const char *unit)
{
    struct buf path = {0};
    json_t *table = NULL;
    const json_t *row;
    const json_t *total;

    buf_printf(&path, "/api/v1/exams/%s/coverage?unit=", exam);
    url_append(&path, unit);
    if (buf_text(&path) != NULL &&
        client_json(in->client, "GET", buf_text(&path), NULL, &table, NULL) == 0) {
        row = json_array_get(json_object_get(table, "rows"), 0);
        total = json_object_get(row, "total");
        printf(say(in, "本单位（%s）：应考 %lld，实考 %lld，合格 %lld，%s %lld\n",
                   "My unit (%s): expected %lld, sat %lld, passed %lld, %s %lld\n"),
               text_of(row, "name"), (long long)int_of(total, "expected"),
               (long long)int_of(total, "sat"), (long long)int_of(total, "passed"),
               json_is_true(json_object_get(table, "closed")) ? say(in, "缺考", "absent")
                                                              : say(in, "未考", "missing"),
               (long long)int_of(total, "missing"));
        print_share(in, "参考率", "sat", json_object_get(total, "participation"));
        print_share(in, "合格率", "passed", json_object_get(total, "pass_rate"));
        print_share(in, "覆盖率", "coverage", json_object_get(total, "coverage"));
        print_share(in, "一体化覆盖率", "integrated",
                    json_object_get(total, "integrated_coverage"));
        printf("\n%s\n", text_of(table, "formula"));
    }
    json_decref(table);
    buf_fini(&path);
}

void my_print_result(const struct invocation *in, const char *exam_name, const json_t *result)
{
    const json_t *score = json_object_get(result, "score");
    long long points = int_of(score, "points");
    long long most = int_of(score, "points_max");
    char time[32];

    time_text(int_of(result, "closed_ms"), time);
    printf("%s\n", exam_name);
    if (strcmp(text_of(result, "state"), "voided") == 0) {
        puts(say(in, "本次答卷已作废。", "This session was voided."));
    } else if (!json_is_object(score)) {
        puts(say(in, "已交卷，正在评卷。稍后运行 mingfa result 查看成绩。",
                 "Handed in; being marked. Run mingfa result in a moment."));
    } else {
        const char *band = text_of(score, "band");
        bool passed = json_is_true(json_object_get(score, "passed"));

        printf(say(in, "得分 %lld.%02lld（满分 %lld.%02lld）  %s",
                   "Score %lld.%02lld of %lld.%02lld  %s"),
               points / 100, points % 100, most / 100, most % 100,
               passed ? say(in, "合格", "passed") : say(in, "不合格", "not passed"));
        printf("%s%s\n", band[0] != '\0' ? say(in, "  等次：", "  band: ") : "", band);
        if (json_is_true(json_object_get(score, "pending")))
            puts(say(in, "待定：有截止后收到的作答，等待考务人员决定是否计入。",
                     "Pending: late responses wait for the exam office's decision."));
    }
    printf("%s%s\n", say(in, "交卷时间：", "Handed in: "), time);
    printf("%s%s\n", say(in, "存证摘要：", "Receipt: "), text_of(result, "head"));
}

/* The exam of the word, or the newest that has a session; NULL when there is none. Borrowed. */
static const json_t *choose_result(const struct invocation *in, const json_t *list)
{
    const json_t *chosen = NULL;
    json_t *exam;
    size_t i;

    json_array_foreach(list, i, exam)
    {
        bool named = in->words_count == 0 || strcmp(text_of(exam, "name"), in->words[0]) == 0 ||
                     strncmp(text_of(exam, "exam"), in->words[0], strlen(in->words[0])) == 0;
        if (named && json_is_object(json_object_get(exam, "session")) &&
            (chosen == NULL ||
             int_of(exam, "window_start_ms") >= int_of(chosen, "window_start_ms")))
            chosen = exam;
    }
    return chosen;
}

int cmd_result(struct invocation *in)
{
    struct err err = {0};
    char path[CLIENT_PATH_BYTES_MAX];
    json_t *mine = NULL;
    json_t *result = NULL;
    const json_t *exam;
    int rc = client_json(in->client, "GET", "/api/v1/me/exams", NULL, &mine, &err);

    if (rc != 0)
        return report(in, &err);
    exam = choose_result(in, json_object_get(mine, "exams"));
    if (exam == NULL) {
        fprintf(stderr, "%s\n", say(in, "没有找到您的答卷。", "You have no such session."));
        json_decref(mine);
        return EXIT_REFUSED;
    }
    snprintf(path, sizeof(path), "/api/v1/sessions/%s/result",
             text_of(json_object_get(exam, "session"), "session"));
    rc = client_json(in->client, "GET", path, NULL, &result, &err);
    if (rc != 0) {
        rc = report(in, &err);
    } else if (in->value[OPT_JSON] != NULL) {
        print_json(result);
    } else {
        my_print_result(in, text_of(exam, "name"), result);
        my_print_coverage(in, text_of(exam, "exam"), text_of(result, "unit"));
    }
    json_decref(result);
    json_decref(mine);
    return rc;
}
