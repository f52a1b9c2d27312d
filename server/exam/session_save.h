/* Inside of session.c and session_save.c; nobody else's business. */
#ifndef MINGFA_EXAM_SESSION_SAVE_H
#define MINGFA_EXAM_SESSION_SAVE_H

#include "server/exam/session.h"

extern const struct msg session_msg_suspended;
extern const struct msg session_msg_late_decided;
extern const struct msg session_msg_keys_shown;

/* ERR_CONFLICT: what the session is cannot have `zh` done to it. */
int session_refuse_move(const struct session *s, const char *zh, struct err *err);
/* ERR_STALE for an epoch that was never given. */
int session_check_epoch(const struct session *s, uint32_t epoch, struct err *err);
/* Handed in, timed out, graded or voided. */
bool session_is_closed(const struct session *s);
/* Counts at at_ms, as far as time goes. */
bool session_is_in_time(const struct session *s, int64_t at_ms);
/* session_past.c: remembered old responses. `value` stands for kind and value. */
struct past_response past_of_input(uint32_t epoch, const struct response_input *in);
struct past_response past_of_response(uint32_t item, const struct response *r);
/* The same (epoch, seq, item). */
bool past_is_place(const struct past_response *a, const struct past_response *b);
/* The one of that place, or NULL. */
const struct past_response *past_find(const struct session *s, const struct past_response *p);
/* Room for so many more. ERR_NOMEM. */
int past_reserve(struct session *s, size_t count);
void past_add(struct session *s, const struct past_response *p);
/* The RESPONSES event. */
int session_save(struct session *s, const struct session_event *e, struct session_effect *fx,
                 struct err *err);

#endif
