/* Session: one candidate sitting one paper. Pure rules; no clock, no I/O.
 *
 *            start                    submit
 *  SCHEDULED ─────▶ STARTED ───────────────▶ SUBMITTED ──grade──▶ GRADED ──void──▶ VOIDED
 *                   ▲  │  ▲ │ deadline + grace                    │   ▲
 *            resume │  │  │ └──────────────▶ TIMED_OUT ──grade────┘   │ (grade again after a
 *                   │  ▼ suspend                                  │   │  late decision)
 *                 SUSPENDED            GRADED ──reopen──▶ STARTED ┘
 *
 * SCHEDULED is a session not yet committed. Legal moves are one table (session.c), one asserted
 * setter. 待定 (pending) is a flag on GRADED: late responses await an officer's decision.
 *
 * A response counts iff received_ms <= deadline + grace; later ones are kept, as late, until
 * deadline + grace + late_accept. Per item the greatest (epoch, device seq) counts. */
#ifndef MINGFA_EXAM_SESSION_H
#define MINGFA_EXAM_SESSION_H

#include "question-bank/bank/paper.h"
#include "question-bank/base/arena.h"
#include "question-bank/base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum session_state {
    SESSION_SCHEDULED = 0,
    SESSION_STARTED,
    SESSION_SUSPENDED,
    SESSION_SUBMITTED,
    SESSION_TIMED_OUT,
    SESSION_GRADED,
    SESSION_VOIDED,
    SESSION_STATE_COUNT,
};

enum { RESPONSE_TEXT_BYTES_MAX = 256, SESSION_DEVICES_MAX = 64, RESPONSES_PER_SAVE_MAX = 1000 };

enum response_kind { RESPONSE_NONE = 0, RESPONSE_MASK, RESPONSE_TEXT };

/* What the candidate has on one item, newest. text is session-owned. */
struct response {
    enum response_kind kind;
    uint32_t mask; /* over the shown options; true/false: 1 = 正确 */
    char *text;    /* RESPONSE_TEXT; NUL-terminated, freed by session_fini */
    uint32_t epoch;
    uint64_t device_seq;
    int64_t received_ms;
};

struct device {
    uint8_t id[16];
    uint32_t epoch; /* raised when this device opened the session */
};

/* Everything decided at the start; later policy never touches it. */
struct session_terms {
    uint8_t session_uuid[16];
    uint8_t exam_uuid[16];
    struct digest pseudonym;
    uint32_t attempt;
    uint8_t nonce[DRAW_NONCE_BYTES];
    int64_t started_ms;
    int64_t duration_ms, extra_ms, grace_ms, late_accept_ms, window_end_ms;
    bool cut_at_window_end;
};

struct session {
    enum session_state state;
    struct session_terms terms;
    uint32_t item_count;
    const struct paper *paper; /* borrowed; may be NULL for a pure state machine test */
    int64_t extra_granted_ms;  /* by officers, suspensions included */
    int64_t suspended_ms;      /* received_ms of the suspension in force, else 0 */
    int64_t reopened_deadline_ms; /* 0, or the deadline named by a reopening */
    int64_t closed_ms;         /* received_ms of hand-in, or the deadline when timed out */
    struct response *counting; /* item_count; the responses that count */
    struct response *late;     /* item_count; newest late ones, kind NONE if none */
    bool pending;              /* 待定 */
    bool late_decided;         /* at most one decision per session */
    bool late_accepted;
    struct device devices[SESSION_DEVICES_MAX];
    size_t devices_count;
    uint32_t epoch; /* newest */
};

/* The events of docs/record-format.md that move a session, decoded. */
enum session_event_type {
    SE_STARTED = 1, SE_OPENED = 2, SE_RESPONSES = 3, SE_SUSPENDED = 4, SE_RESUMED = 5,
    SE_EXTRA_TIME = 6, SE_SUBMITTED = 7, SE_TIMED_OUT = 8, SE_GRADED = 9, SE_VOIDED = 10,
    SE_REOPENED = 11, SE_LATE_DECIDED = 12,
};

struct response_input {
    uint64_t device_seq;
    uint32_t item; /* index in the paper */
    enum response_kind kind;
    uint32_t mask;
    struct bytes text; /* borrowed for the call */
};

struct session_event {
    enum session_event_type type;
    int64_t at_ms; /* received_ms */
    /* STARTED */
    const struct session_terms *terms;
    uint32_t item_count;
    /* OPENED */
    uint8_t device_id[16];
    /* RESPONSES, SUBMITTED */
    uint32_t epoch;
    uint64_t device_seq;
    const struct response_input *responses;
    size_t responses_count;
    /* EXTRA_TIME: ms; REOPENED: new deadline; LATE_DECIDED: accepted */
    int64_t ms;
    int64_t deadline_ms;
    bool accepted;
    /* GRADED */
    bool pending;
};

enum response_outcome { RESPONSE_STORED = 1, RESPONSE_REPEATED, RESPONSE_OLDER, RESPONSE_LATE };

struct session_effect {
    bool changed;   /* false: nothing new; no event need be written */
    uint32_t epoch; /* OPENED: the device's epoch */
    size_t stored, repeated, late; /* RESPONSES */
};

int session_init(struct session *s, const struct session_terms *terms, uint32_t item_count);
void session_fini(struct session *s);
/* Pure transition; on error *s is untouched. Errors: ERR_CONFLICT (illegal move; same (epoch, seq)
 * with other bytes), ERR_STALE (unknown epoch), ERR_LATE (after late acceptance), ERR_BAD_INPUT
 * (item out of range, mask beyond the options, text too long), ERR_NOMEM. The same function replays
 * stored events and judges new ones. A repeat of a stored response is never late. */
int session_apply(struct session *s, const struct session_event *e, struct session_effect *out,
                  struct err *err);
/* deadline = started + duration + extra (+ granted), cut at the window's end if the terms say so;
 * a reopening names its own. While suspended the deadline moves with the clock: now_ms. */
int64_t session_deadline_ms(const struct session *s, int64_t now_ms);
/* When the server must close it by itself: deadline + grace; INT64_MAX while suspended or closed. */
int64_t session_due_ms(const struct session *s);
bool session_move_is_legal(enum session_state from, enum session_state to);
const char *session_state_name(enum session_state state); /* "started", … */

#endif
