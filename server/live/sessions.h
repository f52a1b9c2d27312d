/* The sessions as the record writer has them in memory: an entry for each that was ever started, and
 * the whole of those that are open or were asked for lately.
 *
 * Entries are found by UUID, and by (exam, person). A whole session (paper, responses, chain head) is
 * read back from the store when it is asked for and not here. All open ones are here; of the closed
 * ones the SESSIONS_WARM_MAX last used.
 *
 * Everything goes away with sessions_free; after a failed commit it is read anew.
 * Thread: the record writer's; live_open before it runs. */
#ifndef MINGFA_LIVE_SESSIONS_H
#define MINGFA_LIVE_SESSIONS_H

#include "question-bank/bank/release.h"
#include "server/exam/grade.h"
#include "server/exam/session.h"
#include "server/live/digest_map.h"
#include "server/live/internal.h"
#include "server/record/payload.h"

enum { SESSIONS_WARM_MAX = 8192 };

/* The whole of one. */
struct live_session {
    struct session session;
    struct arena arena; /* the paper, awards */
    const struct bank *bank;
    struct digest release, paper_digest, graded_withdrawals;
    uint8_t secret[32];
    struct digest head;
    int64_t last_seq;
    uint32_t *awards; /* paper.count, once graded */
    struct err notices[NOTICES_MAX];
    size_t notices_count;
};

/* The sessions of one exam. */
struct exam_sittings {
    uint8_t exam_uuid[16];
    struct session_entry *newest;       /* goes on with ->earlier */
    bool keys_shown;                    /* after the close: to anybody, so to all */
    struct digest regraded_by;          /* the withdrawals that all were gone through for */
    struct digest regrades_by;          /* … are being gone through for, */
    struct session_entry *regrade_next; /* from here on */
    struct exam_sittings *next;
};

struct session_entry {
    uint8_t uuid[16], exam_uuid[16];
    uint32_t person; /* index in the roster */
    uint32_t attempt;
    int64_t number, first_seq;
    int64_t started_ms, closed_ms, deadline_ms; /* deadline: as of the last event */
    int64_t graded_seq;                         /* of the event that the score is from */
    int64_t late_end_ms; /* timed out: until when late responses are taken; else 0 */
    enum session_state state;
    bool has_score, pending;
    bool keys_shown; /* at once: this one's answer keys may have been seen */
    struct score score;
    struct live_session *in;       /* NULL: cold */
    struct session_entry *same;    /* the next of the same exam and person */
    struct session_entry *earlier; /* the next of the same exam */
    struct exam_sittings *exam;
    size_t heap_at;                      /* 1…; 0: no timer */
    int64_t due_ms;                      /* its timer */
    struct session_entry *newer, *older; /* the warm ones, by use */
};

struct sessions {
    struct live *live;
    struct session_entry **entries;
    size_t count, cap;
    struct exam_sittings *exams; /* those that have sessions */
    uint64_t regraded_serial;    /* the view whose withdrawals all sessions were gone through for */
    struct digest_map by_uuid;   /* index + 1 */
    struct digest_map by_person; /* of the first; entry.same goes on */
    struct session_entry **heap; /* heap[1] is due first */
    size_t heap_count, heap_cap;
    struct session_entry *newest, *oldest; /* warm */
    size_t warm;
    size_t open;
    int64_t seq, number;             /* the greatest used */
    struct digest_map attended;      /* (site pseudonym, hearing): 1 attended, 2 revoked */
    struct digest_map attended_year; /* (site pseudonym, year): different hearings + 1 */
};

int sessions_new(struct live *live, struct sessions **out, struct err *err);
void sessions_free(struct sessions *s);

/* NULL: not there. */
struct session_entry *sessions_find(const struct sessions *s, const uint8_t uuid[16]);
/* The first of the exam's sessions of that person, in no order; goes on with ->same. */
struct session_entry *sessions_of(const struct sessions *s, const uint8_t exam_uuid[16],
                                  uint32_t person);
/* Copies `e` in, cold. NULL without memory. */
struct session_entry *sessions_add(struct sessions *s, const struct session_entry *e);
/* Takes `whole` as the session of the entry; later: brings the entry's state, deadline and timer up
 * to date with it, and makes it the newest of the warm ones. ERR_NOMEM (of timers). */
void session_warm(struct sessions *s, struct session_entry *e, struct live_session *whole);
int session_refresh(struct sessions *s, struct session_entry *e);
/* Lets a warm one go that has no timer. */
void session_cool(struct sessions *s, struct session_entry *e);
/* Lets closed ones go beyond SESSIONS_WARM_MAX. Between batches: a batch may hold them. */
void sessions_cool_all(struct sessions *s);
/* The entry due first, or NULL. */
struct session_entry *sessions_first_due(const struct sessions *s);

void live_session_free(struct live_session *whole);
/* "Your time was extended …": what the event, which had this effect, tells the candidate. Harmless for
 * other events. */
void live_session_notice(struct live_session *whole, const struct payload *p,
                         const struct session_effect *effect);

/* Attendance. Is (pseudonym, hearing) attended? */
bool attendance_is_known(const struct sessions *s, const uint8_t pseudonym[32],
                         struct bytes hearing);
/* 0 or ERR_NOMEM. */
int attendance_note(struct sessions *s, const uint8_t pseudonym[32], struct bytes hearing,
                    struct bytes date);
uint32_t attendance_in_year(const struct sessions *s, const uint8_t pseudonym[32], uint32_t year);

/* session_load.c: the whole of a cold session, warm from then on. ERR_CORRUPT, ERR_IO (also: its
 * release is not loaded). */
int session_load(struct sessions *s, struct session_entry *e, struct err *err);
/* Everything there is: entries of all, the whole of the open ones, attendance. */
int sessions_load(struct sessions *s, struct err *err);

/* The graded event's numbers, into the entry and its whole. 0 or ERR_NOMEM. */
int session_take_score(struct session_entry *e, const struct session_graded *g);

#endif
