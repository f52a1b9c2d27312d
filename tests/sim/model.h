/* What must hold: a model of what was sent and acknowledged, held against the core's memory after each
 * round and against the store at the end.
 *
 * It knows no rule of marking and no format; it remembers. Fails with a sentence. Thread: one. */
#ifndef MINGFA_TESTS_SIM_MODEL_H
#define MINGFA_TESTS_SIM_MODEL_H

#include "server/live/job.h"
#include "tests/sim/ground.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    MODEL_SESSIONS_MAX = GROUND_PEOPLE * 8,
    MODEL_SENT_MAX = 512,
    MODEL_HEADS_MAX = 2048,
    MODEL_WITHDRAWN_MAX = 8
};

/* A response as a device sends it. text: an index into the story's texts. */
struct sent {
    uint32_t item, epoch;
    uint64_t seq;
    enum response_kind kind;
    uint32_t mask;
    unsigned text;
};

struct model_session {
    uint8_t uuid[16];
    unsigned person;
    uint32_t attempt;
    struct digest paper;
    struct sent sent[MODEL_SENT_MAX];
    size_t sent_count;
    struct {
        uint32_t epoch;
        uint64_t seq;
    } acked[GROUND_ITEMS]; /* the greatest acknowledged */
    struct {
        int64_t seq;
        struct digest head;
    } heads[MODEL_HEADS_MAX];
    size_t heads_count;
    uint32_t epoch;           /* the newest that was acknowledged */
    bool handed_in, reopened; /* acknowledged hand-in; reopening tried since */
    uint32_t points;          /* of the score that came with it */
    bool voided;              /* acknowledged */
    bool void_tried, act_tried;
    bool late_decided;
    bool keys_seen; /* its review was answered */
};

struct model {
    struct model_session sessions[MODEL_SESSIONS_MAX];
    size_t count;
    char withdrawn[MODEL_WITHDRAWN_MAX][16]; /* acknowledged */
    size_t withdrawn_count;
    bool withdraw_tried; /* so scores may rise */
    bool keys_seen;      /* somebody's review was answered, after the close */
    char fault[512];     /* "" as long as all is well */
};

const char *model_text(unsigned index); /* four texts */
struct model_session *model_find(struct model *m, const uint8_t uuid[16]);
/* A start was answered. */
struct model_session *model_started(struct model *m, unsigned person,
                                    const struct session_view *view);
/* A response leaves a device, perhaps again. */
void model_sent(struct model *m, struct model_session *s, const struct sent *r);
/* An acknowledgement was handed back, whether or not it reaches anybody. */
void model_acked(struct model *m, struct model_session *s, const struct session_ack *ack,
                 bool of_open, const struct sent *responses, size_t count);
void model_handed_in(struct model *m, struct model_session *s, const struct session_view *view);
/* The core as it is, right after a round. */
void model_check_memory(struct model *m, struct live *live, int64_t now_ms);
/* At the end: everything closed and marked, chains as acknowledged, figures that foot. */
void model_check_end(struct model *m, const struct ground *g, struct live *live,
                     struct store *store, unsigned exam, int64_t now_ms);
/* The first fault stays. */
void model_fail(struct model *m, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
