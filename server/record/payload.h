/* Payloads of the record file: what the events of a session, and of hearings, say
 * (docs/record-format.md §5, types 1 to 12, 20 and 21).
 *
 * A payload travels as bytes and is worked with as a plain struct. Byte strings and texts are
 * borrowed when encoding; decoding puts them into the caller's arena (a NUL follows each). An actor
 * of 32 zero bytes is the server itself. Pure. Thread: reentrant. */
#ifndef MINGFA_RECORD_PAYLOAD_H
#define MINGFA_RECORD_PAYLOAD_H

#include "question-bank/base/arena.h"
#include "question-bank/base/bytes.h"
#include "question-bank/base/digest.h"
#include "question-bank/base/err.h"
#include "server/record/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    PAYLOAD_RESPONSES_MAX = 1000, /* of one event */
    PAYLOAD_ITEMS_MAX = 1000,     /* of one paper */
    PAYLOAD_ANSWER_BYTES_MAX = 1024,
    PAYLOAD_REASON_BYTES_MAX = 2048,
    PAYLOAD_NAME_BYTES_MAX = 512,
    PAYLOAD_CODE_BYTES_MAX = 96,
    PAYLOAD_PAPER_BYTES_MAX = 512 * 1024,
};

/* What a candidate has on one item. The numbers are those of enum response_kind. */
enum response_value {
    RESPONSE_VALUE_CLEARED = 0,
    RESPONSE_VALUE_MASK = 1,
    RESPONSE_VALUE_TEXT = 2
};

struct response_entry {
    uint64_t device_seq;
    uint32_t item; /* index in the paper, below PAYLOAD_ITEMS_MAX */
    enum response_value kind;
    uint32_t mask;     /* over the shown options; true/false: 1 or 0 */
    struct bytes text; /* 0..PAYLOAD_ANSWER_BYTES_MAX, NFC */
};
struct response_list {
    const struct response_entry *entries;
    size_t count;
};
struct award_list {
    const uint32_t *points; /* hundredths */
    size_t count;
};

struct session_started {
    uint8_t session_uuid[16], exam_uuid[16], pseudonym[32];
    uint32_t attempt; /* from 1 */
    uint8_t nonce[32];
    struct digest release, blueprint, rules, withdrawals, earlier;
    int64_t duration_ms, extra_ms, grace_ms, late_accept_ms, window_end_ms;
    bool cut_at_window_end;
    struct digest paper_digest;
    struct bytes paper; /* paper_encode */
    int64_t at_ms;
};
struct session_opened {
    uint8_t device_id[16];
    uint32_t epoch; /* from 1 */
    int64_t at_ms;
};
struct responses_saved {
    uint32_t epoch;
    int64_t at_ms;
    struct response_list responses; /* at least one */
};
/* Suspended, resumed, voided: who, why, when. */
struct session_act {
    uint8_t actor[32];
    struct bytes reason;
    int64_t at_ms;
};
struct extra_time_granted {
    uint8_t actor[32];
    struct bytes reason;
    int64_t at_ms;
    int64_t ms;
};
struct session_submitted {
    uint32_t epoch;
    uint64_t device_seq;
    int64_t at_ms;
};
struct session_timed_out {
    int64_t deadline_ms;
};
struct session_graded {
    uint32_t score, points; /* hundredths */
    bool passed;
    int32_t band; /* index into the rules' bands, or -1 */
    struct digest paper, answer_keys, responses, rules, withdrawals;
    struct award_list awards;
    bool pending;
};
struct session_reopened {
    uint8_t actor[32];
    struct bytes reason;
    int64_t at_ms;
    int64_t deadline_ms;
};
struct late_decided {
    uint8_t actor[32];
    struct bytes reason;
    int64_t at_ms;
    bool accepted;
};
enum record_hearing_mode { RECORD_HEARING_ON_SITE = 1, RECORD_HEARING_ONLINE = 2 };
struct hearing_attended {
    uint8_t actor[32];
    int64_t at_ms;
    uint8_t pseudonym[32]; /* of the site */
    struct bytes hearing;  /* id */
    struct bytes date;     /* civil */
    uint32_t mode;         /* enum record_hearing_mode */
};
struct attendance_revoked {
    uint8_t actor[32];
    int64_t at_ms;
    uint8_t pseudonym[32];
    struct bytes hearing;
    struct bytes reason;
};

/* One of them; `type` says which member holds. */
struct payload {
    enum event_type type;
    union {
        struct session_started started;
        struct session_opened opened;
        struct responses_saved responses;
        struct session_act act; /* suspended, resumed, voided */
        struct extra_time_granted extra_time;
        struct session_submitted submitted;
        struct session_timed_out timed_out;
        struct session_graded graded;
        struct session_reopened reopened;
        struct late_decided late;
        struct hearing_attended attended;
        struct attendance_revoked revoked;
    } u;
};

/* True for the types of this header. */
bool payload_type_known(uint16_t type);
/* "session-started"; "unknown" for others. Never NULL. */
const char *event_type_name(uint16_t type);
/* Appends to out. ERR_LIMIT names the field beyond its limits; ERR_BAD_INPUT: an unknown type;
 * ERR_NOMEM. */
int payload_encode(const struct payload *p, struct buf *out, struct err *err);
/* ERR_CORRUPT naming type and field; ERR_NOMEM. *out is set only on success. */
int payload_decode(uint16_t type, struct bytes raw, struct arena *arena, struct payload *out,
                   struct err *err);

#endif
