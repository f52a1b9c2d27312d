/* sessions, session …: the officer's acts on one candidate's session. */
#include "clients/cli/command.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { MINUTES_MAX = 1440 };

struct state_name {
    const char *name;
    const char *zh;
};
static const struct state_name STATES[] = {{"scheduled", "待开考"}, {"started", "作答中"},
                                           {"suspended", "已暂停"}, {"submitted", "已交卷"},
                                           {"timed_out", "已超时"}, {"graded", "已评分"},
                                           {"voided", "已作废"}};

static const char *state_text(const struct invocation *in, const char *state)
{
    for (size_t i = 0; i < sizeof(STATES) / sizeof(STATES[0]) && in->lang == LANG_ZH; i++) {
        if (strcmp(STATES[i].name, state) == 0)
            return STATES[i].zh;
    }
    return state;
}

int cmd_sessions(struct invocation *in)
{
    struct err err = {0};
    struct buf path = {0};
    struct table t;
    json_t *out = NULL;
    json_t *line;
    char id[40];
    size_t i;
    int rc;

    if (in->value[OPT_OUTPUT] != NULL && in->value[OPT_CSV] == NULL)
        return misuse(in, "-o 须与 --csv 一起使用。", "-o goes with --csv.");
    rc = find_exam(in, in->words[0], id);
    if (rc != 0)
        return rc;
    buf_printf(&path, "/api/v1/exams/%s/sessions%s", id,
               in->value[OPT_UNIT] != NULL ? "?unit=" : "");
    if (in->value[OPT_UNIT] != NULL)
        url_append(&path, in->value[OPT_UNIT]);
    rc = client_json(in->client, "GET", buf_text(&path), NULL, &out, &err);
    buf_fini(&path);
    if (rc != 0)
        return report(in, &err);
    if (in->value[OPT_JSON] != NULL) {
        print_json(out);
        json_decref(out);
        return 0;
    }
    table_init(&t);
    table_column(&t, say(in, "答卷", "session"), false);
    table_column(&t, say(in, "人员编号", "person"), false);
    table_column(&t, say(in, "姓名", "name"), false);
    table_column(&t, say(in, "单位编码", "unit"), false);
    table_column(&t, say(in, "第几次", "attempt"), true);
    table_column(&t, say(in, "状态", "state"), false);
    table_column(&t, say(in, "开始", "from"), false);
    table_column(&t, say(in, "截止", "deadline"), false);
    json_array_foreach(json_object_get(out, "sessions"), i, line)
    {
        char time[32];

        table_cell(&t, text_of(line, "session"));
        table_cell(&t, text_of(line, "person"));
        table_cell(&t, text_of(line, "name"));
        table_cell(&t, text_of(line, "unit"));
        table_cell_int(&t, int_of(line, "attempt"));
        table_cell(&t, state_text(in, text_of(line, "state")));
        time_text(int_of(line, "started_ms"), time);
        table_cell(&t, time);
        time_text(int_of(line, "deadline_ms"), time);
        table_cell(&t, time);
    }
    json_decref(out);
    return print_table(in, &t);
}

/* POST /sessions/<id>/<what>. Takes body; NULL becomes a usage error where the reason is missing. */
static int act(struct invocation *in, const char *what, json_t *body, const char *done)
{
    struct buf path = {0};
    int rc;

    buf_append_text(&path, "/api/v1/sessions/");
    url_append(&path, in->words[0]);
    buf_printf(&path, "/%s", what);
    rc = run_and_say(in, "POST", buf_text(&path), body, done);
    buf_fini(&path);
    return rc;
}

static int needs_reason(const struct invocation *in)
{
    return misuse(in, "请写明 --reason 事由。", "--reason is needed.");
}

static json_t *reason_of(const struct invocation *in)
{
    return json_pack("{s:s}", "reason", in->value[OPT_REASON]);
}

int cmd_session_suspend(struct invocation *in)
{
    if (in->value[OPT_REASON] == NULL)
        return needs_reason(in);
    return act(in, "suspension", reason_of(in), say(in, "已暂停。", "Suspended."));
}

int cmd_session_resume(struct invocation *in)
{
    if (in->value[OPT_REASON] == NULL)
        return needs_reason(in);
    return act(in, "resumption", reason_of(in), say(in, "已恢复。", "Resumed."));
}

int cmd_session_extend(struct invocation *in)
{
    char *end;
    long minutes = strtol(in->words[1], &end, 10);

    if (in->value[OPT_REASON] == NULL)
        return needs_reason(in);
    if (*end != '\0' || minutes < 1 || minutes > MINUTES_MAX)
        return misuse(in, "分钟数应为 1 至 1440 的整数。", "minutes: a whole number, 1 to 1440.");
    return act(
        in, "extra-time",
        json_pack("{s:I, s:s}", "ms", (json_int_t)minutes * 60000, "reason", in->value[OPT_REASON]),
        say(in, "已延长。", "Extended."));
}

int cmd_session_void(struct invocation *in)
{
    int rc;

    if (in->value[OPT_REASON] == NULL)
        return needs_reason(in);
    rc = confirm(in, say(in, "作废后不能恢复。", "There is no way back."));
    return rc != 0 ? rc : act(in, "void", reason_of(in), say(in, "已作废。", "Voided."));
}

int cmd_session_late(struct invocation *in)
{
    bool accept = strcmp(in->words[1], "accept") == 0;

    if (in->value[OPT_REASON] == NULL)
        return needs_reason(in);
    if (!accept && strcmp(in->words[1], "refuse") != 0)
        return misuse(in, "第二个参数应为 accept（计入）或 refuse（不计入）。",
                      "the second argument is accept or refuse.");
    return act(in, "late-decision",
               json_pack("{s:b, s:s}", "accepted", (int)accept, "reason", in->value[OPT_REASON]),
               say(in, "已作出决定。", "Decided."));
}
