/* Coverage by unit, as JSON or CSV. Counted and written on a worker, sent by the loop. Without a
 * role a person sees the row of their own unit alone. */
#include "server/api/call.h"
#include "server/api/handlers.h"

#include "server/report/coverage_csv.h"

#include <string.h>

static const struct msg msg_unit = {"coverage-unit-unknown", "该日期的单位名录中没有“{0}”。",
                                    "There is no unit '{0}' in the tree of that date."};
static const struct msg msg_choose = {"coverage-choose-unit",
                                      "有多个顶层单位，导出时请用 unit 指明一个。",
                                      "There are several units at the top; name one by unit."};
static const struct msg msg_own = {"coverage-own-json", "本单位数据只提供 JSON 格式。",
                                   "The row of one's own unit is served as JSON only."};

/* The handler's own, in the request's arena. */
struct wish {
    bool csv;
    int rc; /* of `after`; the call ends on the loop */
    struct err err;
};

static void write_counts(struct json_out *w, const char *name, const struct coverage_counts *c)
{
    static const char *const fields[COVERAGE_FIELDS] = {"expected", "exempted", "sat",
                                                        "passed",   "pending",  "deferred",
                                                        "missing",  "attended", "integrated"};
    static const char *const rates[RATES] = {"participation", "pass_rate", "coverage",
                                             "integrated_coverage"};

    json_out_object(w, name);
    for (unsigned i = 0; i < COVERAGE_FIELDS; i++)
        json_out_int(w, fields[i], (int64_t)c->n[i]);
    for (unsigned i = 0; i < RATES; i++)
        json_out_share(w, rates[i], coverage_rate(c, (enum coverage_rate)i));
    json_out_end(w);
}

static void write_rows(struct json_out *w, const struct coverage *c, size_t from, size_t to)
{
    json_out_array(w, "rows");
    for (size_t i = from; i < to; i++) {
        const struct coverage_node *node = &c->nodes[i];

        json_out_object(w, NULL);
        json_out_text(w, "unit", node->code);
        json_out_text(w, "name", node->name);
        json_out_int(w, "level", node->level - c->nodes[from].level);
        write_counts(w, "own", &node->own);
        write_counts(w, "total", &node->total);
        json_out_end(w);
    }
    json_out_end(w);
}

static int write_csv(struct call *call, const struct coverage_result *r, size_t node,
                     struct err *err)
{
    const struct exam_definition *d = r->exam->definition;
    const char *name = arena_text(&call->req->arena, (const char *)d->name.data, d->name.len);
    struct coverage_csv in = {
        .coverage = &r->coverage,
        .node = node,
        .exam = name,
        .cut_off = d->cutoff,
        .as_of_ms = r->as_of_ms,
        .closed = r->closed,
    };

    if (name == NULL)
        return err_set(err, ERR_NOMEM, &api_msg_no_memory, NULL, NULL, NULL, NULL);
    return coverage_csv_write(&in, &call->out, err);
}

/* The figures that are sent are figures that foot. */
static int write_table(struct call *call, struct wish *wish)
{
    const struct coverage_result *r = &call->job.out.coverage;
    const struct coverage *c = &r->coverage;
    struct json_out *w = &call->w;
    size_t from = 0;
    size_t to = c->count;
    char code[UNIT_CODE_BYTES_MAX + 1];
    struct err *err = &wish->err;

    if (call->unit.len > 0) {
        int64_t i = coverage_find(c, call->unit);

        if (i < 0) {
            size_t len = call->unit.len < sizeof code ? call->unit.len : sizeof code - 1;

            memcpy(code, call->unit.data, len);
            code[len] = '\0';
            return err_set(err, ERR_NOT_FOUND, &msg_unit, code, NULL, NULL, NULL);
        }
        from = (size_t)i;
        to = call->own_unit_only ? from + 1 : c->nodes[i].end;
    }
    if (coverage_check(c, NULL) >= 0)
        return err_set(err, ERR_CORRUPT, NULL, NULL, NULL, NULL, NULL);
    if (wish->csv && (to == 0 || c->nodes[from].end != to))
        return err_set(err, ERR_BAD_INPUT, &msg_choose, NULL, NULL, NULL, NULL);
    if (wish->csv)
        return write_csv(call, r, from, err);
    json_out_object(w, NULL);
    json_out_uuid(w, "exam", r->exam->uuid);
    json_out_int(w, "as_of_ms", r->as_of_ms);
    json_out_bool(w, "closed", r->closed);
    json_out_string(w, "formula", coverage_formula(r->closed));
    write_rows(w, c, from, to);
    json_out_end(w);
    return 0;
}

static bool render_coverage(struct call *call)
{
    struct wish *wish = call->own;

    wish->rc = write_table(call, wish);
    return false;
}

static void answer_coverage(struct call *call)
{
    const struct wish *wish = call->own;

    if (!call_check(call, wish->rc, &wish->err))
        return;
    if (wish->csv)
        call_reply_text(call, 200, "text/csv; charset=utf-8");
    else
        call_reply(call, 200);
}

void handle_coverage(struct call *call)
{
    static const char *const names[] = {"unit", "as_of", "format"};
    struct report_input *in = &call->job.in.report;
    struct wish *wish = arena_alloc(&call->req->arena, sizeof *wish);
    struct err err = {0};

    if (!call_check(call, wish != NULL ? 0 : ERR_NOMEM, &err) || !call_query_only(call, names, 3) ||
        !call_wants_csv(call, &wish->csv) || !call_as_of(call, &in->as_of_ms) ||
        !call_uuid(call, "exam", in->exam_uuid))
        return;
    if (wish->csv && call->own_unit_only) {
        err_set(&err, ERR_DENIED, &msg_own, NULL, NULL, NULL, NULL);
        call_fail(call, &err);
        return;
    }
    call->own = wish;
    call->after = render_coverage;
    call_submit(call, JOB_COVERAGE, answer_coverage);
}
