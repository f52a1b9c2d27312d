/* What the two halves of a story share: story.c (time, network, server, officers) and sitters.c (what people
 * do on their devices). Nobody else's. Thread: one. */
#ifndef MINGFA_TESTS_SIM_STORY_INTERNAL_H
#define MINGFA_TESTS_SIM_STORY_INTERNAL_H

#include "tests/draw/pool.h"
#include "tests/sim/model.h"
#include "tests/sim/story.h"

enum {
    HAPPENINGS_MAX = 8192,
    DEVICES = 2,
    ROUND_EVERY_MS = 3000,
    PATIENCE_MS = 20000, /* of a device, for a reply */
    AFTER_MS = 20 * 60 * 1000,
    END_ROUNDS_MAX = 300,
};

enum what { WAKE, ARRIVAL, ROUND, REPLY, PATIENCE, OFFICER, CRASH, RESTART, CHECKPOINT };

/* A request on its way, then the job, then its reply. Freed at the end of the story at the latest. */
struct message {
    struct job job;
    struct arena arena;
    struct message *older; /* of all */
    bool is_gone;
    unsigned person, device, page;
    uint64_t number;
    struct sent responses[GROUND_ITEMS];
    struct response_input inputs[GROUND_ITEMS];
    size_t count;
};

struct happening {
    int64_t at_ms;
    uint64_t order;
    enum what what;
    unsigned person;
    uint64_t number;
    struct message *message;
};

struct pad {
    uint8_t id[16];
    bool is_open, waits;
    unsigned page;
    uint64_t waits_for; /* a message's number */
    uint32_t epoch;
    uint64_t next_seq;
    bool has_unsent[GROUND_ITEMS];
    struct sent unsent[GROUND_ITEMS]; /* epoch 0: gets one by the next open */
};

struct sitter {
    struct pad devices[DEVICES];
    unsigned active;
    uint32_t attempt;
    uint8_t nonce[32];
    bool has_session, is_done;
    uint8_t session[16];
    enum item_type types[GROUND_ITEMS];
    unsigned options[GROUND_ITEMS];
};

struct story {
    const struct story_options *options;
    struct story_tally *tally;
    struct test_chance chance;
    unsigned exam;
    int64_t now_ms;
    struct env env;
    struct store *store, *faults;
    struct live *live; /* NULL: the server is down */
    bool is_dying, is_fatal, is_calm;
    uint64_t handed_back;
    struct model model;
    struct sitter people[GROUND_PEOPLE];
    struct message *newest;
    uint64_t messages;
    struct happening heap[HAPPENINGS_MAX];
    size_t heap_count;
    uint64_t orders;
    /* how rough this story is, in thousandths */
    unsigned loses, repeats, faulty;
};

/* ---- story.c ---- */

uint32_t below(struct story *s, uint32_t n);
bool by_chance(struct story *s, unsigned thousandths);
/* A line on standard error, if the story tells. */
void tell(const struct story *s, const char *format, ...) __attribute__((format(printf, 2, 3)));
void plan(struct story *s, int64_t in_ms, struct happening h);
int64_t delay_ms(struct story *s);
int env_entropy(void *story, void *out, size_t n);
/* A request of the person's active device; freed with the story. */
struct message *message_new(struct story *s, unsigned person, enum job_type type);
/* Onto the wire: it may be lost, late, or come twice. The device waits for its reply. */
void request_send(struct story *s, struct message *m);

/* ---- sitters.c ---- */

/* The person does something: begins, reloads, changes the device, answers, hands in. */
void act(struct story *s, unsigned person);
/* A reply reaches the device that asked, if it is still there. */
void hear(struct story *s, struct message *m);
/* Forgets the paper, to start the next attempt. */
void attempt_next(struct story *s, unsigned person);

#endif
