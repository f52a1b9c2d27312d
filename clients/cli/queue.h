/* The candidate's answers, and which of them the server has said to have stored.
 *
 * Every change gets the device's next sequence number and is written to a file (0600, in the state
 * directory) before anything is sent; only the server's acknowledgement takes it out again. So
 * neither a lost connection nor the end of the program loses an answer. An answer keeps the epoch it
 * was made under, and is sent under it; one made before the first `open` gets that one's.
 *
 *   unsent-<session>.json  {"session", "entries": [{epoch, seq, item, value}], "marked": [item…]}
 *
 * Thread: one. */
#ifndef MINGFA_CLIENTS_CLI_QUEUE_H
#define MINGFA_CLIENTS_CLI_QUEUE_H

#include "clients/cli/state.h"
#include "question-bank/base/err.h"

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { QUEUE_ITEMS_MAX = 1000, QUEUE_TEXT_BYTES_MAX = 256 };

enum answer_state {
    ANSWER_NONE = 0, /* never answered, as far as is known */
    ANSWER_UNSENT,   /* only here */
    ANSWER_STORED,   /* the server said so */
    ANSWER_REFUSED   /* the server said that it does not take it */
};

struct answer {
    json_t *value; /* owned; NULL: unanswered, or cleared */
    int64_t epoch; /* of the last change made here; 0: made before the paper was opened */
    int64_t seq;
    enum answer_state state;
    bool marked; /* to be looked at again */
};

struct queue {
    struct answer *answers;
    size_t count;
    int64_t epoch; /* 0: not opened yet */
    int64_t next_seq;
    bool stale;  /* what an earlier epoch left was sent: ask what counts now */
    bool single; /* one response a save, to find the one that is refused */
    const struct state *state;
    char name[64]; /* of the file */
    bool kept;     /* the last write of the file succeeded */
};

/* state is borrowed for life. ERR_LIMIT, ERR_NOMEM. */
int queue_init(struct queue *q, const struct state *state, const char *session, size_t count,
               struct err *err);
void queue_fini(struct queue *q);
/* Takes in what an earlier run left; returns how many answers that are. */
size_t queue_load(struct queue *q);
/* After `open`: under which epoch and number to go on, and what the server has. */
void queue_opened(struct queue *q, int64_t epoch, int64_t next_seq, const json_t *responses);
/* `open` was refused for good: what was answered before it was not taken. */
void queue_not_opened(struct queue *q);
/* What counts on the server: for every item that has nothing unsent here. */
void queue_take_stored(struct queue *q, const json_t *responses);
/* Numbers all that is unsent anew under the present epoch. */
void queue_restamp(struct queue *q);
/* The person's choice; takes value (JSON null clears). */
void queue_set(struct queue *q, size_t item, json_t *value);
void queue_mark(struct queue *q, size_t item, bool marked);
/* The next save's body {epoch, responses}, oldest epoch first; NULL when all is stored, or waits
 * for the first `open`. New reference. */
json_t *queue_batch(const struct queue *q);
/* The server has stored that body, or refused it. What changed again meanwhile stays unsent. */
void queue_settle(struct queue *q, const json_t *batch, bool stored);
size_t queue_count(const struct queue *q, enum answer_state state);
/* Items whose answer the server has. */
size_t queue_stored(const struct queue *q);
/* Items without an answer, wherever. */
size_t queue_unanswered(const struct queue *q);
bool queue_is_answered(const struct queue *q, size_t item);
/* The last number given out; 0 when none was. */
int64_t queue_last_seq(const struct queue *q);
/* The session is over and nothing is unsent: removes the file. */
void queue_drop(struct queue *q);

#endif
