/* The engine of a run: connections, phases, pace.
 *
 * A run is a row of phases. In each, every client (a connection) is asked for its next request until
 * it has none; when all have none, the next phase begins. The measured phase counts replies within
 * its window, in a closed loop or at a given rate. Thread: one, which runs the event_base. */
#ifndef MINGFA_LOAD_LOAD_H
#define MINGFA_LOAD_LOAD_H

#include "clients/load/candidates.h"
#include "clients/load/conn.h"
#include "clients/load/options.h"
#include "clients/load/tally.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

enum {
    SETUP_S_MAX = 600, /* a phase that is not measured */
    DRAIN_S_MAX = 30,  /* for replies after the measured time */
    RETRY_MS = 50,     /* after a refusal without Retry-After, and after a lost connection */
    RETRY_S_MAX = 5,   /* longest Retry-After that is kept */
    SETUP_REFUSALS_MAX = 1000, /* of one kind that is not "come back later": then the run ends */
};

struct load;

struct client {
    struct conn conn;
    struct load *load;
    struct event *retry;
    struct buf body;             /* of the request that is written */
    struct candidate *candidate; /* whose request is in flight, or whose turn it is */
    size_t candidate_next;       /* in the phase's walk over the file */
    uint64_t scheduled;          /* open loop: requests of this connection so far */
    int64_t due_us, sent_us;
    bool done;    /* nothing more in this phase */
    bool waiting; /* for the schedule, or to try again */
    bool connecting;
};

struct phase {
    const char *name;
    bool is_measured; /* its replies are counted */
    bool is_timed;    /* it ends by the clock; otherwise when nobody has a request any more */
    /* Fills client->conn.out with the next request; false: none. NULL: the phase connects only. */
    bool (*next)(struct client *client);
    /* A response. True: it is what was hoped for. False: not; the engine counts it and, when it is a
     * "come back later" (429, 503), waits before next() is asked again. */
    bool (*reply)(struct client *client, const struct reply *reply);
};

struct load {
    const struct options *options;
    const struct phase *phases;
    size_t phases_count, phase_at;
    struct target target;
    struct candidates candidates;
    struct event_base *base;
    struct event *advance, *schedule, *deadline, *window;
    struct client *clients;
    unsigned clients_count, busy;
    uint64_t next_due; /* open loop: number of the next request of all */
    int64_t from_us, window_from_us, window_to_us, last_reply_us, cpu_from_us;
    uint64_t setup_refusals;
    struct buf *bodies; /* start: what was delivered, one a candidate; NULL: not kept */
    bool failed;
    struct err err;
    struct tally tally;
};

/* Runs all phases. ERR_IO, ERR_NOMEM, ERR_BUSY (a phase did not end in time), ERR_CONFLICT (the
 * set-up was refused). The caller reads l->tally. */
int load_run(struct load *l, struct err *err);
/* Ends the run with l->err as set by the caller. */
void load_fail(struct load *l);
const struct phase *load_phase(const struct load *l);
/* Walks over the file: client k of n has candidates k, k+n, … NULL at the end. */
struct candidate *client_walk(struct client *client);

#endif
