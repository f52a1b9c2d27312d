/* Scores that stand, and who has not sat yet: by person, within a unit as of the cut-off. Written on
 * a worker, sent by the loop. */
#include "server/api/call.h"
#include "server/api/handlers.h"

#include "server/report/score_csv.h"

#include <stdlib.h>

struct wish {
    bool csv;
    int rc;
    struct err err;
};

/* A person of the report as they were at the cut-off. */
struct place {
    struct bytes number, name, unit, unit_name, category;
};

/* False: outside the unit that was asked for. */
static bool place_of(const struct call *call, const struct roster *roster, uint32_t person,
                     struct bytes cut_off, struct place *out)
{
    const struct person *p = &roster->people[person];
    const struct person_version *v = person_at(p, cut_off);

    if (v == NULL && p->versions_count > 0)
        v = &p->versions[0];
    if (v == NULL)
        return false;
    if (call->unit.len > 0 && !roster_unit_is_within(roster, v->unit, call->unit, cut_off))
        return false;
    out->number = p->number;
    out->name = v->name;
    out->unit = v->unit;
    out->unit_name = unit_name(roster, v->unit, cut_off);
    out->category = v->category;
    return true;
}

static void write_place(struct json_out *w, const struct place *p)
{
    json_out_text(w, "person", p->number);
    json_out_text(w, "name", p->name);
    json_out_text(w, "unit", p->unit);
    json_out_text(w, "unit_name", p->unit_name);
}

/* ---- scores ---- */

static int write_csv(struct call *call, const struct scores_result *r, struct err *err)
{
    const struct exam_view *exam = view_exam(r->view, call->job.in.report.exam_uuid);
    struct score_csv_line *lines = calloc(r->count + 1, sizeof *lines);
    size_t count = 0;
    int rc;

    if (lines == NULL)
        return err_set(err, ERR_NOMEM, &api_msg_no_memory, NULL, NULL, NULL, NULL);
    for (size_t i = 0; i < r->count; i++) {
        const struct score_line *line = &r->lines[i];
        struct place place;

        if (!place_of(call, r->roster, line->person, r->cut_off, &place))
            continue;
        lines[count++] = (struct score_csv_line){
            .number = place.number,
            .name = place.name,
            .unit = place.unit_name,
            .category = place.category,
            .exam = exam != NULL ? exam->definition->name : bytes_of_text(""),
            .points = line->score.points,
            .passed = line->score.passed,
            .pending = line->pending,
            .band = bytes_of_text(line->band),
            .attempt = line->attempt,
            .submitted_ms = line->closed_ms,
        };
    }
    rc = score_csv_write(lines, count, &call->out, err);
    free(lines);
    return rc;
}

static void write_scores(struct call *call, const struct scores_result *r)
{
    struct json_out *w = &call->w;

    json_out_object(w, NULL);
    json_out_array(w, "scores");
    for (size_t i = 0; i < r->count; i++) {
        const struct score_line *line = &r->lines[i];
        struct place place;

        if (!place_of(call, r->roster, line->person, r->cut_off, &place))
            continue;
        json_out_object(w, NULL);
        write_place(w, &place);
        json_out_text(w, "category", place.category);
        json_out_int(w, "attempt", line->attempt);
        json_out_int(w, "points", line->score.points);
        json_out_int(w, "points_max", line->score.points_max);
        json_out_bool(w, "passed", line->score.passed);
        json_out_string(w, "band", line->band);
        json_out_bool(w, "pending", line->pending);
        json_out_int(w, "closed_ms", line->closed_ms);
        json_out_end(w);
    }
    json_out_end(w);
    json_out_end(w);
}

static bool render_scores(struct call *call)
{
    struct wish *wish = call->own;

    if (wish->csv)
        wish->rc = write_csv(call, &call->job.out.scores, &wish->err);
    else
        write_scores(call, &call->job.out.scores);
    return false;
}

static void answer_scores(struct call *call)
{
    const struct wish *wish = call->own;

    if (!call_check(call, wish->rc, &wish->err))
        return;
    if (wish->csv)
        call_reply_text(call, 200, "text/csv; charset=utf-8");
    else
        call_reply(call, 200);
}

void handle_scores(struct call *call)
{
    static const char *const names[] = {"unit", "as_of", "format"};
    struct report_input *in = &call->job.in.report;
    struct wish *wish = arena_alloc(&call->req->arena, sizeof *wish);
    struct err err = {0};

    if (!call_check(call, wish != NULL ? 0 : ERR_NOMEM, &err) || !call_query_only(call, names, 3) ||
        !call_wants_csv(call, &wish->csv) || !call_as_of(call, &in->as_of_ms) ||
        !call_uuid(call, "exam", in->exam_uuid))
        return;
    call->own = wish;
    call->after = render_scores;
    call_submit(call, JOB_SCORES, answer_scores);
}

/* ---- missing ---- */

static bool render_missing(struct call *call)
{
    static const char *const standings[] = {"not_started", "writing", "deferred", "pending"};
    const struct missing_result *r = &call->job.out.missing;
    struct json_out *w = &call->w;

    json_out_object(w, NULL);
    json_out_array(w, "people");
    for (size_t i = 0; i < r->count; i++) {
        struct place place;

        if (!place_of(call, r->roster, r->lines[i].person, r->cut_off, &place))
            continue;
        json_out_object(w, NULL);
        write_place(w, &place);
        json_out_string(w, "standing", standings[r->lines[i].standing]);
        json_out_end(w);
    }
    json_out_end(w);
    json_out_end(w);
    return false;
}

static void answer_missing(struct call *call)
{
    call_reply(call, 200);
}

void handle_missing(struct call *call)
{
    static const char *const names[] = {"unit"};
    struct report_input *in = &call->job.in.report;

    if (!call_query_only(call, names, 1) || !call_uuid(call, "exam", in->exam_uuid))
        return;
    in->as_of_ms = INT64_MAX;
    call->after = render_missing;
    call_submit(call, JOB_MISSING, answer_missing);
}
