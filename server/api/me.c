/* Who I am, and my exams. */
#include "server/api/me.h"

#include "question-bank/bank/blueprint.h"
#include "server/api/handlers.h"
#include "server/api/score_json.h"

void me_write(struct call *call, const char *name, uint32_t person)
{
    const struct registry_view *view = call->view;
    const struct person *p = &view->roster->people[person];
    const struct person_version *v = person_at(p, call_today(call));
    struct bytes unit = person_unit_now(view, person, call_today(call));
    struct json_out *w = &call->w;
    const struct view_role *roles;
    size_t count;

    if (v == NULL && p->versions_count > 0)
        v = &p->versions[0];
    json_out_object(w, name);
    json_out_text(w, "person", p->number);
    json_out_text(w, "name", v != NULL ? v->name : p->number);
    json_out_text(w, "unit", unit);
    json_out_text(w, "unit_name", unit_name(view->roster, unit, call_today(call)));
    json_out_text(w, "category", v != NULL ? v->category : bytes_of_text(""));
    json_out_array(w, "roles");
    roles = view_roles(view, person, &count);
    for (size_t i = 0; i < count; i++) {
        if (!role_counts(roles[i].ends, call_today(call)))
            continue;
        json_out_object(w, NULL);
        json_out_text(w, "role", roles[i].role);
        json_out_text(w, "unit", roles[i].unit);
        json_out_end(w);
    }
    json_out_end(w);
    json_out_int(w, "server_time_ms", live_now_ms(call->api->live));
    json_out_end(w);
}

void handle_me(struct call *call)
{
    me_write(call, NULL, call->login.person);
    call_reply(call, 200);
}

/* ---- my exams ---- */

static const char *window_state(const struct exam_view *exam, int64_t now_ms)
{
    if (exam->state == EXAM_CLOSED || now_ms > exam->definition->window_end_ms)
        return "closed";
    return now_ms < exam->definition->window_start_ms ? "upcoming" : "open";
}

static const char *exemption_name(enum exemption e)
{
    static const char *const names[] = {"none", "exempt", "deferred"};

    return names[e];
}

static void write_my_exam(struct json_out *w, const struct exam_view *exam,
                          const struct exam_standing *s, int64_t now_ms)
{
    const struct exam_definition *d = exam->definition;

    json_out_object(w, NULL);
    json_out_uuid(w, "exam", exam->uuid);
    json_out_text(w, "name", d->name);
    json_out_text(w, "kind", d->kind);
    json_out_int(w, "year", d->year);
    json_out_int(w, "duration_ms", d->duration_ms);
    json_out_int(w, "window_start_ms", d->window_start_ms);
    json_out_int(w, "window_end_ms", d->window_end_ms);
    json_out_string(w, "state", window_state(exam, now_ms));
    json_out_int(w, "items", blueprint_item_count(exam->blueprint));
    json_out_int(w, "points", blueprint_points(exam->blueprint));
    json_out_int(w, "pass_mark", exam->rules.pass_mark);
    json_out_int(w, "attempts", d->attempts);
    json_out_int(w, "attempts_used", s->attempts_used);
    if (s->next_attempt == 0)
        json_out_null(w, "next_attempt");
    else
        json_out_int(w, "next_attempt", s->next_attempt);
    json_out_string(w, "exemption", exemption_name(s->exemption));
    if (!s->has_session) {
        json_out_null(w, "session");
    } else {
        json_out_object(w, "session");
        json_out_uuid(w, "session", s->session_uuid);
        json_out_int(w, "attempt", s->attempt);
        json_out_string(w, "state", session_state_name(s->state));
        json_out_int(w, "deadline_ms", s->deadline_ms);
        json_out_end(w);
    }
    if (s->has_result)
        score_write(w, "result", &s->result, s->band, false);
    else
        json_out_null(w, "result");
    json_out_end(w);
}

static void answer_my_exams(struct call *call)
{
    const struct standings *s = &call->job.out.standings;
    int64_t now_ms = live_now_ms(call->api->live);
    struct json_out *w = &call->w;

    call_refresh(call);
    json_out_object(w, NULL);
    json_out_array(w, "exams");
    for (size_t i = 0; i < s->count; i++) {
        const struct exam_view *exam = view_exam(call->view, s->exams[i].exam_uuid);

        /* What is still being prepared is nobody's exam yet. */
        if (exam != NULL && exam->state != EXAM_CREATED)
            write_my_exam(w, exam, &s->exams[i], now_ms);
    }
    json_out_end(w);
    json_out_object(w, "hearings");
    json_out_int(w, "year", s->hearings_year);
    json_out_int(w, "attended", s->hearings);
    json_out_end(w);
    json_out_int(w, "server_time_ms", now_ms);
    json_out_end(w);
    call_reply(call, 200);
}

void handle_my_exams(struct call *call)
{
    call_submit(call, JOB_STANDINGS, answer_my_exams);
}
