/* Events: the only thing that is ever appended (docs/record-format.md). Pure. */
#ifndef MINGFA_RECORD_EVENT_H
#define MINGFA_RECORD_EVENT_H

#include "question-bank/base/arena.h"
#include "question-bank/base/bytes.h"
#include "question-bank/base/digest.h"
#include "question-bank/base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum event_type {
    EVENT_SESSION_STARTED = 1,
    EVENT_SESSION_OPENED = 2,
    EVENT_RESPONSES = 3,
    EVENT_SESSION_SUSPENDED = 4,
    EVENT_SESSION_RESUMED = 5,
    EVENT_EXTRA_TIME = 6,
    EVENT_SESSION_SUBMITTED = 7,
    EVENT_SESSION_TIMED_OUT = 8,
    EVENT_SESSION_GRADED = 9,
    EVENT_SESSION_VOIDED = 10,
    EVENT_SESSION_REOPENED = 11,
    EVENT_LATE_DECIDED = 12,
    EVENT_HEARING_ATTENDED = 20,
    EVENT_ATTENDANCE_REVOKED = 21,
    EVENT_UNIT_SET = 100,
    EVENT_PERSON_SET = 101,
    EVENT_ROSTER_IMPORTED = 102,
    EVENT_ROLE_GRANTED = 103,
    EVENT_ROLE_REVOKED = 104,
    EVENT_RELEASE_ADDED = 110,
    EVENT_EXAM_CREATED = 112,
    EVENT_SHARE_COMMITTED = 113,
    EVENT_SHARE_REVEALED = 114,
    EVENT_EXAM_OPENED = 115,
    EVENT_EXAM_CLOSED = 116,
    EVENT_ITEM_WITHDRAWN = 117,
    EVENT_EXEMPTION_SET = 118,
    EVENT_ACTIVATION_ISSUED = 120,
    EVENT_PASSWORD_SET = 121,
    EVENT_LOGIN_REVOKED = 122,
};

/* One row of the event table. payload is borrowed. */
struct event {
    int64_t seq;
    uint32_t shard;
    int64_t session;  /* 0: none */
    int64_t prev_seq; /* 0: first of the session */
    uint16_t type;
    int64_t recorded_ms;
    struct bytes payload;
};

/* Leaf material that travels with an event to the store. has_leaf is false for responses. The salt
 * is stored only outside sessions. */
struct event_leaf {
    bool has_leaf;
    bool store_salt;
    uint8_t salt[32];
    struct digest leaf;
};

enum { EVENT_PAYLOAD_BYTES_MAX = 1 << 20 };

#endif
