/* Session: one candidate sitting one paper. Pure rules; no clock, no I/O.
 *
 *            start                    submit
 *  SCHEDULED ─────▶ STARTED ───────────────▶ SUBMITTED ──grade──▶ GRADED ──void──▶ VOIDED
 *                   ▲  │  ▲ │ deadline + grace                    │   ▲
 *            resume │  │  │ └──────────────▶ TIMED_OUT ──grade────┘   │ (grade again: late decision,
 *                   │  ▼ suspend                                  │   │  late or waiting response)
 *                 SUSPENDED            GRADED ──reopen──▶ STARTED ┘
 *
 * SCHEDULED is a session not yet committed. Legal moves are one table (session.c), one asserted
 * setter. 待定 (pending) is a flag on GRADED: late responses await an officer's decision.
 *
 * A response counts iff received_ms <= deadline + grace; later ones are kept, as late, until
 * deadline + grace + late_accept or the decision, whichever is first. Per item the greatest
 * (epoch, device seq) counts, whatever the order of arrival.
 *
 * Remembered are, per item, the newest response that counts and the newest late one; and of those that
 * were displaced, or came when a newer one was there, the last SESSION_PAST_MAX. What is remembered is
 * told apart by (epoch, seq, item): the same bytes are a repeat, which changes nothing; other bytes are
 * a conflict. What is older and not remembered is kept in the record without counting, at most
 * SESSION_OLDER_MAX of them a session: a device that sends more has lost its way. */
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

enum {
    RESPONSE_TEXT_BYTES_MAX = 256,
    SESSION_DEVICES_MAX = 64,
    RESPONSES_PER_SAVE_MAX = 1000,
    SESSION_OLDER_MAX = 2000,
    SESSION_PAST_MAX = 4096, /* a power of two, above SESSION_OLDER_MAX */
};

enum response_kind { RESPONSE_NONE = 0, RESPONSE_MASK, RESPONSE_TEXT };

/* What the candidate has on one item, newest. epoch 0: nothing was ever sent; kind NONE with an
 * epoch: cleared. text is session-owned. */
struct response {
    enum response_kind kind;
    uint32_t mask; /* over the shown options; true/false: 1 = 正确 */
    char *text;    /* RESPONSE_TEXT; NUL-terminated, freed by session_fini */
    uint32_t epoch;
    uint64_t device_seq;
    int64_t received_ms;
};

/* A response that does not count any more, or never did: enough to know it again. */
struct past_response {
    uint32_t epoch, item;
    uint64_t device_seq;
    uint64_t value; /* kind and mask, or 63 bits of the text's digest */
};

/* A device that opened the session. When there are SESSION_DEVICES_MAX, the one with the lowest
 * epoch makes room: should it come back it gets a new epoch, as it would have anyway. */
struct device {
    uint8_t id[16];
    uint32_t epoch; /* the newest it was given */
    uint64_t
        last_seq; /* greatest device seq stored under that epoch or an earlier one of its own */
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
    const struct paper *paper;    /* borrowed; may be NULL for a pure state machine test */
    int64_t extra_granted_ms;     /* by officers, suspensions included */
    int64_t suspended_ms;         /* received_ms of the suspension in force, else 0 */
    int64_t reopened_deadline_ms; /* 0, or the deadline named by a reopening */
    int64_t closed_ms;            /* received_ms of hand-in, or the deadline when timed out */
    struct response *counting;    /* item_count; the responses that count */
    struct response *late;        /* item_count; newest late ones, epoch 0 if none */
    struct past_response *past;   /* a ring, past_next the oldest once it is full */
    size_t past_count, past_cap, past_next;
    uint32_t older_kept; /* responses recorded although a newer one was there */
    bool timed_out;      /* how it closed: by the clock, not by hand-in */
    bool pending;        /* 待定 */
    bool late_decided;   /* at most one decision per session */
    bool late_accepted;
    struct device devices[SESSION_DEVICES_MAX];
    size_t devices_count;
    uint32_t epoch; /* newest */
};

/* The events of docs/record-format.md that move a session, decoded. */
enum session_event_type {
    SE_STARTED = 1,
    SE_OPENED = 2,
    SE_RESPONSES = 3,
    SE_SUSPENDED = 4,
    SE_RESUMED = 5,
    SE_EXTRA_TIME = 6,
    SE_SUBMITTED = 7,
    SE_TIMED_OUT = 8,
    SE_GRADED = 9,
    SE_VOIDED = 10,
    SE_REOPENED = 11,
    SE_LATE_DECIDED = 12,
};

struct response_input {
    uint64_t device_seq;
    uint32_t item; /* index in the paper */
    enum response_kind kind;
    uint32_t mask;
    struct bytes text; /* UTF-8 in NFC, no NUL; borrowed for the call */
};

struct session_event {
    enum session_event_type type;
    int64_t at_ms; /* received_ms; TIMED_OUT: now, or 0 when replayed (the record has no time) */
    /* STARTED: NULL, or the same as given to session_init */
    const struct session_terms *terms;
    uint32_t item_count;
    /* OPENED */
    uint8_t device_id[16];
    /* RESPONSES, SUBMITTED; OPENED: 0, or when replayed the epoch that was given */
    uint32_t epoch;
    uint64_t device_seq;
    const struct response_input *responses;
    size_t responses_count;
    /* EXTRA_TIME: ms; REOPENED: new deadline, TIMED_OUT: the deadline; LATE_DECIDED: accepted */
    int64_t ms;
    int64_t deadline_ms;
    bool accepted;
    /* GRADED: must be session_late_undecided() */
    bool pending;
    /* RESPONSES, REOPENED, LATE_DECIDED: the answer keys may have been seen by now, so nothing new
     * counts. false when replayed: what was recorded had been judged. */
    bool keys_shown;
    /* EXTRA_TIME: refuse it if the deadline would not move. false when replayed: there are records
     * from before this was asked. */
    bool must_move;
};

struct session_effect {
    bool changed;                 /* false: nothing new; no event need be written */
    int64_t granted_ms, moved_ms; /* EXTRA_TIME, RESUMED: given; what it moved the deadline by */
    uint32_t epoch;               /* OPENED: the device's epoch */
    size_t stored, repeated, older, late; /* RESPONSES; they add up to responses_count */
    /* The writer owes a GRADED event: closed, late decision; once graded: first late response, or one
     * that was received in time. */
    bool grade_due;
};

/* SCHEDULED. terms are copied. ERR_LIMIT (items), ERR_BAD_INPUT (a time that
 * is negative or beyond reason, started_ms 0), ERR_NOMEM. */
int session_init(struct session *s, const struct session_terms *terms, uint32_t item_count);
/* Frees what the session owns; not s itself, nor the paper. */
void session_fini(struct session *s);
/* Pure transition; on error *s is untouched. The same function replays stored events and judges new
 * ones. out may be NULL.
 *
 * OPENED: the newest device keeps its epoch; any other gets a new, higher one. Once closed a known
 *   device is told its epoch and nothing changes.
 * RESPONSES: all or nothing. A repeat of a stored response is never late and never refused. What is
 *   older than the stored one is kept, also after a hand-in, and never counts. While suspended only what was received before counts. After
 *   a hand-in nothing new is taken. After a time-out what was received in time still counts, also
 *   once graded; what came later is kept as late.
 * SUBMITTED: only by the newest device. Once closed a repeat changes nothing.
 * RESUMED: the suspension's length becomes extra time, which may be cut at the window's end.
 * EXTRA_TIME: refused, with must_move, where that end keeps the deadline from moving at all.
 * EXTRA_TIME, REOPENED: undecided late responses that the new deadline covers begin to count;
 *   accepted ones stay in force.
 * keys_shown: a closed session takes nothing new, is not reopened, and its late responses are not
 *   decided on any more.
 *
 * Errors: ERR_CONFLICT (illegal move; same (epoch, seq, item) with other bytes), ERR_STALE (unknown
 * epoch; hand-in by an older device), ERR_LATE (hand-in or suspension after deadline + grace;
 * response after late acceptance or after the late decision), ERR_BAD_INPUT (item out of range,
 * mask beyond the options, text too long or not NFC, not the kind of the item), ERR_LIMIT (too many
 * responses in one save, or older ones in one session; no epoch left),
 * ERR_CORRUPT (a replayed opening with another epoch), ERR_NOMEM. */
int session_apply(struct session *s, const struct session_event *e, struct session_effect *out,
                  struct err *err);
/* deadline = started + duration + extra (+ granted), cut at the window's end if the terms say so;
 * a reopening names its own, to which later grants are added. While suspended the deadline moves
 * with the clock: now_ms. */
int64_t session_deadline_ms(const struct session *s, int64_t now_ms);
/* When the server must close it by itself: deadline + grace; INT64_MAX while suspended or closed.
 * TIMED_OUT is legal from this moment on; whoever applies it drains what was received first. */
int64_t session_due_ms(const struct session *s);
/* Until when late responses are kept: deadline + grace + late acceptance. */
int64_t session_late_end_ms(const struct session *s, int64_t now_ms);
/* Are there late responses nobody decided on yet? What GRADED carries as pending. */
bool session_late_undecided(const struct session *s);
/* The device seq that a device goes on from: 1 if it never stored anything. */
uint64_t session_next_seq(const struct session *s, const uint8_t device_id[16]);
/* What always holds between two events; asserted after each. For tests. */
bool session_is_consistent(const struct session *s);
bool session_move_is_legal(enum session_state from, enum session_state to);
const char *session_state_name(enum session_state state); /* "started", … */

#endif
