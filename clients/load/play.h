/* A whole exam day, acted out: every person of the plan comes, starts, answers, hands in or leaves,
 * each on a connection of their own; then everything that was acknowledged is read back.
 *
 * play_run is the promise to main; the rest is shared by play.c (the day) and player.c (a person).
 * Thread: one, which runs the event_base. */
#ifndef MINGFA_LOAD_PLAY_H
#define MINGFA_LOAD_PLAY_H

#include "clients/load/candidates.h"
#include "clients/load/conn.h"
#include "clients/load/day.h"
#include "clients/load/diary.h"
#include "clients/load/options.h"
#include "clients/load/plan.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    REPLY_S_MAX = 30,    /* then a request, or a connection that does not come about, is given up */
    PATIENCE_S = 60,     /* one step fails that long: the person gives up */
    WAIT_S_MAX = 1800,   /* in the waiting room */
    REFUSALS_MAX = 3,    /* of one step, for other reasons than "come back later" */
    COME_BACK_MS = 200,  /* after a refusal without Retry-After, and after a lost connection */
    CHECKERS = 32,       /* sessions that are read back at a time */
    HEAD_HEX_BYTES = 64, /* of a session's hash chain */
};

/* What a person is about to do. player.c draws the moves. */
enum act {
    ACT_START,
    ACT_OPEN,
    ACT_SAVE,
    ACT_REPEAT,
    ACT_RELOAD,
    ACT_SUBMIT,
    ACT_RESULT,
    ACT_CHECK,
    ACT_GONE,
};

struct play;

struct player {
    struct conn conn;
    struct play *play;
    struct candidate *candidate;
    struct event *timer; /* for the next act; or, while something is awaited, for giving it up */
    uint32_t number;
    struct plan_person plan;
    struct plan_answer answer;
    uint32_t answered;
    enum act act;
    enum act resume; /* after a reload that a refusal brought about; ACT_GONE: none */
    int64_t due_us, resume_due_us;
    int64_t schedule_us;               /* when the last planned act was due */
    int64_t retry_us;                  /* not before */
    int64_t armed_us;                  /* what the timer waits for */
    int64_t failing_us;                /* since when this act fails; 0: it does not */
    int64_t wait_from_us;              /* in the waiting room since; 0: not */
    int64_t connect_from_us, ready_us; /* of the connection */
    int64_t pauses_us;
    uint64_t last_seq; /* acknowledged last */
    unsigned refusals;
    bool connecting, asking;
    bool is_unsure; /* the request was sent before and its reply never came */
    bool was_away;  /* the disconnect of this answer is over */
    bool handed_in;
    char head[HEAD_HEX_BYTES + 1]; /* when the hand-in was acknowledged */
};

struct play {
    const struct options *options;
    struct day day;
    struct target target;
    struct candidates candidates;
    struct event_base *base;
    struct event *tick, *advance;
    struct player *players;
    uint32_t people, busy, check_next;
    bool is_checking;
    int64_t from_us;
    struct buf scratch;
    struct diary *diary;
    struct err err; /* code 0 unless the run broke off */
};

/* Reads the scenario and the people, plays, reads back. *day and *diary (zeroed; diary_fini is the
 * caller's) tell of it. Errors as day_read, candidates_read and target_open; ERR_BAD_INPUT also when
 * somebody has no token. Blocks for the whole day. */
int play_run(const struct options *o, struct day *day, struct diary *diary, struct err *err);

/* This person is through with what they were told to do. */
void play_gone(struct play *play);
/* Without memory the run ends. `rc` 0 is ignored. */
void play_need(struct play *play, int rc);

/* NULL timer: no memory. */
int player_init(struct player *p, struct play *play, uint32_t number);
void player_fini(struct player *p);
void player_arrive(struct player *p); /* when the plan says so */
void player_check(struct player *p);  /* reads the session back, soon */

#endif
