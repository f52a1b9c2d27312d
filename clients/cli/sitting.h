/* One session as this machine sees it: the paper, the answers, the server's clock, and the requests
 * that keep them in step. One request at a time; whoever shows the session calls sitting_step again
 * and again and looks at the fields.
 *
 *   open ── save* ── (reload) ── submit ── result          heartbeat when nothing else went out
 *
 * No answer came, or 5xx, 429: tried again, later each time. 401: needs_login, until the person has
 * logged in again. Any other refusal: the server's sentence becomes `notice`.
 *
 * Thread: one. */
#ifndef MINGFA_CLIENTS_CLI_SITTING_H
#define MINGFA_CLIENTS_CLI_SITTING_H

#include "clients/cli/command.h"
#include "clients/cli/queue.h"

enum sitting_request {
    REQUEST_NONE = 0,
    REQUEST_OPEN,
    REQUEST_SAVE,
    REQUEST_RELOAD,
    REQUEST_SUBMIT,
    REQUEST_HEARTBEAT,
    REQUEST_RESULT
};

enum { SITTING_NOTICE_BYTES = 1024 };

struct sitting {
    struct invocation *in; /* borrowed */
    json_t *session;       /* owned: what the server sent at the start */
    json_t *items;         /* borrowed from session */
    char id[40];
    struct queue queue;
    char device[STATE_DEVICE_HEX + 1];
    int lock_fd; /* this machine sits this session once at a time */

    /* what is wanted */
    bool want_open, want_submit;
    /* what is known */
    bool opened, connected, needs_login, late;
    bool suspended, closed; /* closed: no answer is taken any more */
    int64_t deadline_ms, server_ms, heard_ms;
    json_t *result;                    /* owned; once closed and known */
    bool over;                         /* the result is known, or will not be had now */
    char notice[SITTING_NOTICE_BYTES]; /* a sentence for the person, or "" */
    unsigned serial;                   /* changes with everything above */

    /* the request under way, and when the next may go */
    enum sitting_request request;
    json_t *batch; /* of the save under way */
    int64_t retry_at_ms, retry_ms, next_heartbeat_ms;
    unsigned restamps, result_tries;
};

/* Takes session (what start or view answered). ERR_BUSY: another program on this machine sits it. */
int sitting_init(struct sitting *s, struct invocation *in, json_t *session, struct err *err);
/* Lets go; the file with what is unsent stays. */
void sitting_fini(struct sitting *s);

/* Begins what is due and waits, at most timeout_ms, for the server or for one of the fds to have
 * something (bit in *ready). */
void sitting_step(struct sitting *s, const int *fds, size_t count, int timeout_ms, unsigned *ready);
/* Waits until nothing is under way or due now: all is stored, or it must be tried later. */
void sitting_settle(struct sitting *s);
/* True while something goes out or is due now. */
bool sitting_is_working(const struct sitting *s);
/* Do not wait for the next try. */
void sitting_hurry(struct sitting *s);
/* The person logged in again. */
void sitting_logged_in(struct sitting *s);

/* By the server's clock; less than 0 after the deadline. */
int64_t sitting_left_ms(const struct sitting *s);
/* True while answers may change. */
bool sitting_is_writing(const struct sitting *s);
void sitting_answer(struct sitting *s, size_t item, json_t *value); /* takes value */
void sitting_submit(struct sitting *s);

const json_t *sitting_item(const struct sitting *s, size_t item);
bool item_is(const json_t *item, const char *type);
/* How many letters may be chosen: options, 2 for true or false, 0 for fill-in. */
int item_letters(const json_t *item);
bool answer_has(const struct sitting *s, size_t item, int letter);
/* The answer as people write it: "AC", "正确", the text, "". */
void answer_text(const struct sitting *s, size_t item, struct buf *out);
/* The value after a letter is chosen: a toggle for multiple choice. New reference. */
json_t *answer_choose(const struct sitting *s, size_t item, int letter);
const char *item_type_name(const struct invocation *in, const json_t *item);

#endif
