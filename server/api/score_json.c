/* Sessions as their candidates see them (see score_json.h). The answer key is not written here: only
 * review.c does that. */
#include "server/api/score_json.h"

#include "question-bank/format/blueprint_json.h"

void score_write(struct json_out *w, const char *name, const struct score *score, const char *band,
                 bool pending)
{
    json_out_object(w, name);
    json_out_int(w, "points", score->points);
    json_out_int(w, "points_max", score->points_max);
    json_out_bool(w, "passed", score->passed);
    json_out_string(w, "band", band);
    json_out_bool(w, "pending", pending);
    json_out_end(w);
}

void response_value_write(struct json_out *w, const char *name, const struct response *r)
{
    switch (r->kind) {
    case RESPONSE_MASK:
        json_out_int(w, name, r->mask);
        break;
    case RESPONSE_TEXT:
        json_out_string(w, name, r->text);
        break;
    case RESPONSE_NONE:
        json_out_null(w, name);
        break;
    }
}

static void responses_write(struct json_out *w, const struct session_ack *ack)
{
    json_out_array(w, "responses");
    for (uint32_t i = 0; ack->responses != NULL && i < ack->item_count; i++) {
        if (ack->responses[i].epoch == 0)
            continue;
        json_out_object(w, NULL);
        json_out_int(w, "item", i);
        response_value_write(w, "value", &ack->responses[i]);
        json_out_end(w);
    }
    json_out_end(w);
}

void ack_write(struct json_out *w, const struct session_ack *ack, enum lang lang, bool opened)
{
    char text[ERR_TEXT_BYTES_MAX];

    json_out_object(w, NULL);
    json_out_int(w, "seq", ack->seq);
    json_out_digest(w, "head", &ack->head);
    json_out_int(w, "server_time_ms", ack->server_time_ms);
    json_out_int(w, "deadline_ms", ack->deadline_ms);
    json_out_string(w, "state", session_state_name(ack->state));
    json_out_bool(w, "late", ack->late);
    json_out_array(w, "notices");
    for (size_t i = 0; i < ack->notices_count; i++) {
        err_text(&ack->notices[i], lang, text, sizeof text);
        json_out_string(w, NULL, text);
    }
    json_out_end(w);
    json_out_int(w, "epoch", ack->epoch);
    if (opened) {
        json_out_int(w, "next_seq", (int64_t)ack->next_seq);
        responses_write(w, ack);
    }
    json_out_end(w);
}

void paper_item_write(struct json_out *w, const struct paper_item *place)
{
    const struct item *item = place->item;

    json_out_string(w, "type", blueprint_type_name(item->type));
    json_out_text(w, "stem", item->stem);
    json_out_array(w, "options");
    for (size_t shown = 0; shown < place->option_count; shown++)
        json_out_text(w, NULL, item->options[place->option_order[shown]]);
    json_out_end(w);
    json_out_int(w, "points", place->points);
}

void session_write(struct json_out *w, const struct session_view *s, struct bytes exam_name)
{
    json_out_object(w, NULL);
    json_out_uuid(w, "session", s->ack.session_uuid);
    json_out_uuid(w, "exam", s->exam_uuid);
    json_out_text(w, "exam_name", exam_name);
    json_out_string(w, "state", session_state_name(s->ack.state));
    json_out_int(w, "attempt", s->attempt);
    json_out_int(w, "started_ms", s->started_ms);
    json_out_int(w, "deadline_ms", s->ack.deadline_ms);
    json_out_int(w, "grace_ms", s->grace_ms);
    json_out_int(w, "server_time_ms", s->ack.server_time_ms);
    json_out_digest(w, "head", &s->ack.head);
    json_out_object(w, "paper");
    json_out_digest(w, "digest", &s->paper_digest);
    json_out_array(w, "items");
    for (size_t i = 0; i < s->paper.count; i++) {
        json_out_object(w, NULL);
        paper_item_write(w, &s->paper.items[i]);
        json_out_end(w);
    }
    json_out_end(w);
    json_out_end(w);
    responses_write(w, &s->ack);
    json_out_end(w);
}

void result_write(struct json_out *w, const struct session_view *s, struct bytes unit)
{
    json_out_object(w, NULL);
    json_out_uuid(w, "session", s->ack.session_uuid);
    json_out_string(w, "state", session_state_name(s->ack.state));
    json_out_int(w, "attempt", s->attempt);
    if (s->has_score)
        score_write(w, "score", &s->score, s->band, s->ack.pending);
    else
        json_out_null(w, "score");
    json_out_digest(w, "head", &s->ack.head);
    json_out_int(w, "closed_ms", s->closed_ms);
    json_out_text(w, "unit", unit);
    json_out_end(w);
}
