/* The chain over one session's events (docs/record-format.md §2): its head, handed out with every
 * acknowledgement, stands for all that happened so far. Pure. Thread: reentrant. */
#ifndef MINGFA_RECORD_CHAIN_H
#define MINGFA_RECORD_CHAIN_H

#include "question-bank/base/digest.h"
#include "server/record/event.h"

#include <stdint.h>

/* h0: the head before the first event. */
struct digest chain_init(enum digest_alg alg, const uint8_t secret[32], const uint8_t uuid[16]);
/* The head after e (seq, type, recorded_ms and payload count). */
struct digest chain_next(enum digest_alg alg, const struct digest *head, const struct event *e);

#endif
