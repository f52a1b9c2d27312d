/* The people of a run: a file of one JSON object a line, each with "person" and one of "token",
 * "password", "code" (an activation code); and what a run learns of them.
 *
 * Thread: one at a time. */
#ifndef MINGFA_LOAD_CANDIDATES_H
#define MINGFA_LOAD_CANDIDATES_H

#include "question-bank/base/arena.h"
#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    CANDIDATES_MAX = 1000000,
    CANDIDATES_FILE_BYTES_MAX = 512 * 1024 * 1024,
    PAPER_ITEMS_MAX = 1000,
    SESSION_TEXT_BYTES = 36,
    NONCE_HEX_BYTES = 64,
};

enum item_type { ITEM_SINGLE, ITEM_MULTIPLE, ITEM_TRUE_FALSE, ITEM_FILL_IN };

struct paper_item {
    uint8_t type; /* enum item_type */
    uint8_t options;
    uint64_t stored_seq; /* of the last acknowledged response; 0: none */
};

/* Text lives in the set's arena, or was malloc'ed by candidate_set_token. */
struct candidate {
    const char *person, *password, *code; /* NULL: not given */
    char *token;                          /* malloc'ed; NULL: not logged in */
    char nonce[NONCE_HEX_BYTES + 1];
    char session[SESSION_TEXT_BYTES + 1]; /* "": not started */
    struct paper_item *items;             /* malloc'ed */
    size_t items_count;
    uint32_t epoch;
    uint64_t next_seq; /* the device's */
    uint64_t sent_seq; /* sent and not acknowledged; 0: none */
    int64_t event_seq; /* of the last acknowledgement */
    bool is_opened, is_checked, is_answered;
};

struct candidates {
    struct candidate *all;
    size_t count;
    struct arena arena;
};

/* The file's people in its order, each with a fresh nonce. ERR_BAD_INPUT names the line. */
int candidates_read(const char *path, struct candidates *out, struct err *err);
/* Writes person, token and password (if known) of those who have a token, a line each, mode 0600. */
int candidates_write(const struct candidates *c, const char *path, struct err *err);
void candidates_fini(struct candidates *c);

/* Takes what replies say. ERR_BAD_INPUT when the body does not have the form of docs/openapi.yaml;
 * ERR_NOMEM. */
int candidate_take_login(struct candidate *c, struct bytes body);
int candidate_take_session(struct candidate *c, struct bytes body);
int candidate_take_opened(struct candidate *c, struct bytes body);
/* Compares the responses that the session now holds with those acknowledged: *missing counts items
 * whose last acknowledged response is not there, *stored those that are. */
int candidate_check(const struct candidate *c, struct bytes body, size_t *stored, size_t *missing);

/* Does the body hold this text as it stands? For replies that are too many to be parsed. */
bool body_has(struct bytes body, const char *text);
/* Of an acknowledgement: the session's last event, -1 when it is not told; and that nothing came too
 * late. */
int64_t ack_event_seq(struct bytes body);
bool ack_is_on_time(struct bytes body);

/* The response that a candidate gives with this sequence number: always the same one, other than
 * the one before, and of the item's form. Appends {"seq":…,"item":…,"value":…}. */
void candidate_response_write(const struct candidate *c, uint64_t seq, struct buf *out);
size_t candidate_item_of(const struct candidate *c, uint64_t seq);

#endif
