/* Scores, acknowledgements and papers as JSON, for the operations on sessions. */
#ifndef MINGFA_API_SCORE_JSON_H
#define MINGFA_API_SCORE_JSON_H

#include "server/api/json_out.h"
#include "server/live/job.h"

void score_write(struct json_out *w, const char *name, const struct score *score, const char *band,
                 bool pending);
/* The Ack; opened: with epoch, next_seq and responses. */
void ack_write(struct json_out *w, const struct session_ack *ack, enum lang lang, bool opened);
/* The Session. exam_name: "" where the exam is not known. */
void session_write(struct json_out *w, const struct session_view *s, struct bytes exam_name);
/* The Result. unit: code of the candidate's unit. */
void result_write(struct json_out *w, const struct session_view *s, struct bytes unit);
/* type, stem, options as shown, points: members of the open object. Never the answer key. */
void paper_item_write(struct json_out *w, const struct paper_item *place);
/* The value of a response as a member. */
void response_value_write(struct json_out *w, const char *name, const struct response *r);

#endif
