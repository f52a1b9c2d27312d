/* Review: the only operation that shows answer keys and explanations, and only to the person whose
 * session it is. Whether they may be shown yet is decided where sessions are written (JOB_REVIEW). */
#include "server/api/call.h"
#include "server/api/handlers.h"
#include "server/api/score_json.h"

#include "question-bank/format/text.h"

/* The mask over the options as shown. */
static uint32_t shown_mask(const struct paper_item *place, uint32_t original)
{
    uint32_t mask = 0;

    if (place->option_count == 0)
        return original;
    for (unsigned shown = 0; shown < place->option_count; shown++)
        mask |= (original >> place->option_order[shown] & 1u) << shown;
    return mask;
}

static void write_answer_key(struct json_out *w, const struct paper_item *place)
{
    const struct answer_key *answer_key = &place->item->answer_key;

    if (place->item->type != ITEM_FILL_IN) {
        json_out_int(w, "answer", shown_mask(place, answer_key->mask));
        return;
    }
    json_out_array(w, "answer");
    for (size_t i = 0; i < answer_key->alternatives_count; i++)
        json_out_text(w, NULL, answer_key->alternatives[i]);
    json_out_end(w);
}

static void write_item(struct json_out *w, const struct session_view *s, size_t i)
{
    static const struct response none = {0};
    const struct paper_item *place = &s->paper.items[i];
    struct buf citation = {0};

    json_out_object(w, NULL);
    paper_item_write(w, place);
    json_out_int(w, "award", s->awards[i]);
    response_value_write(w, "value",
                         s->ack.responses != NULL && i < s->ack.item_count ? &s->ack.responses[i]
                                                                           : &none);
    write_answer_key(w, place);
    json_out_text(w, "explanation", place->item->explanation);
    json_out_array(w, "citations");
    for (size_t k = 0; k < place->item->citations_count; k++) {
        buf_clear(&citation);
        text_citation_write(&place->item->citations[k], &citation);
        json_out_text(w, NULL, buf_view(&citation));
    }
    buf_fini(&citation);
    json_out_end(w);
    json_out_end(w);
}

static void answer_review(struct call *call)
{
    const struct session_view *s = &call->job.out.session;
    struct json_out *w = &call->w;

    json_out_object(w, NULL);
    json_out_array(w, "items");
    for (size_t i = 0; i < s->paper.count; i++)
        write_item(w, s, i);
    json_out_end(w);
    json_out_end(w);
    call_reply(call, 200);
}

void handle_session_review(struct call *call)
{
    if (call_uuid(call, "session", call->job.in.session_uuid))
        call_submit(call, JOB_REVIEW, answer_review);
}
