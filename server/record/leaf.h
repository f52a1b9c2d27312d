/* Leaves: what the log's tree holds for an event (docs/record-format.md §3). A leaf stays valid,
 * and says nothing, once payload and salt are gone. Pure. Thread: reentrant. */
#ifndef MINGFA_RECORD_LEAF_H
#define MINGFA_RECORD_LEAF_H

#include "question-bank/base/digest.h"
#include "server/record/event.h"

#include <stdbool.h>
#include <stdint.h>

/* Every type but responses has a leaf. */
bool leaf_is_due(uint16_t type);
/* H(0x00 | type | H(salt | payload)). */
struct digest leaf_hash(enum digest_alg alg, uint16_t type, const uint8_t salt[32],
                        struct bytes payload);
/* HMAC(session secret, tag | seq): not stored. */
void leaf_session_salt(enum digest_alg alg, const uint8_t secret[32], int64_t seq, uint8_t out[32]);
/* The leaf of a session's event; for responses *out says that there is none. e->seq must be set. */
void leaf_of_session(enum digest_alg alg, const uint8_t secret[32], const struct event *e,
                     struct event_leaf *out);
/* The leaf of an event outside sessions, under 32 random bytes that are stored. */
void leaf_free(enum digest_alg alg, const uint8_t salt[32], const struct event *e,
               struct event_leaf *out);

#endif
