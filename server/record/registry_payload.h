/* Payloads of the registry file: who and what (docs/record-format.md §5, types 100 to 122), and the
 * exam definition that an exam-created event carries.
 *
 * Conventions as in payload.h. Pure. Thread: reentrant. */
#ifndef MINGFA_RECORD_REGISTRY_PAYLOAD_H
#define MINGFA_RECORD_REGISTRY_PAYLOAD_H

#include "question-bank/base/arena.h"
#include "question-bank/base/bytes.h"
#include "question-bank/base/digest.h"
#include "question-bank/base/err.h"
#include "server/record/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    EXAM_CATEGORIES_MAX = 64,
    EXAM_BLUEPRINT_BYTES_MAX = 256 * 1024,
    EXAM_RULES_BYTES_MAX = 4096,
    EXAM_ATTEMPTS_MAX = 100,
    PAYLOAD_SEALED_BYTES_MAX = 256,
};

struct text_list {
    const struct bytes *texts;
    size_t count;
};

struct unit_set {
    uint8_t actor[32];
    int64_t at_ms;
    struct bytes code, name, parent;   /* parent "": root */
    struct bytes valid_from, valid_to; /* civil dates; valid_to "": open */
};
struct person_set {
    uint8_t actor[32];
    int64_t at_ms;
    struct bytes number, name, unit, category;
    uint32_t status; /* 1 在册, 2 调出, 3 退休 */
    struct bytes valid_from;
    struct bytes post, appointed; /* appointed: civil date or "" */
};
struct roster_imported {
    uint8_t actor[32];
    int64_t at_ms;
    struct digest file;
    uint32_t rows, added, changed, gone;
};
/* Granted or revoked. */
struct role_act {
    uint8_t actor[32];
    int64_t at_ms;
    struct bytes person, role, unit; /* unit: code of the scope; "": everything */
};
struct release_added {
    uint8_t actor[32];
    int64_t at_ms;
    struct digest release;
    struct bytes name;
};
enum record_attempt_rule {
    RECORD_ATTEMPT_BEST = 1,
    RECORD_ATTEMPT_LAST = 2,
    RECORD_ATTEMPT_FIRST = 3
};
enum review_rule { REVIEW_NEVER = 0, REVIEW_AFTER_CLOSE = 1, REVIEW_AT_ONCE = 2 };
struct exam_definition {
    struct bytes name, kind; /* kind: "annual", "qualification" */
    uint32_t year;
    int64_t window_start_ms, window_end_ms, duration_ms;
    struct bytes cutoff;         /* civil date: who is on the books then takes part */
    struct text_list categories; /* empty: all */
    struct digest release;
    struct bytes blueprint, rules; /* their own bytes */
    uint32_t attempts;
    uint32_t counts; /* enum record_attempt_rule */
    int64_t grace_ms, late_accept_ms;
    bool cut_at_window_end;
    uint32_t review;     /* enum review_rule */
    struct bytes policy; /* document number, may be "" */
};
struct exam_created {
    uint8_t actor[32];
    int64_t at_ms;
    uint8_t exam_uuid[16];
    struct exam_definition definition;
};
enum share_which { SHARE_OFFICER = 1, SHARE_CUSTODIAN = 2 };
struct share_committed {
    uint8_t actor[32];
    int64_t at_ms;
    uint8_t exam_uuid[16];
    uint32_t which; /* enum share_which */
    struct digest share;
};
struct share_revealed {
    uint8_t actor[32];
    int64_t at_ms;
    uint8_t exam_uuid[16];
    uint32_t which;
    struct bytes sealed; /* under the site key */
};
struct exam_opened {
    uint8_t actor[32];
    int64_t at_ms;
    uint8_t exam_uuid[16];
    struct digest master;
    struct bytes sealed; /* the master, under the site key */
};
struct exam_closed {
    uint8_t actor[32];
    int64_t at_ms;
    uint8_t exam_uuid[16];
};
struct item_withdrawn {
    uint8_t actor[32];
    int64_t at_ms;
    uint8_t exam_uuid[16];
    struct bytes item, reason;
};
enum exemption_kind {
    RECORD_EXEMPTION_NONE = 0,
    RECORD_EXEMPTION_EXEMPT = 1,
    RECORD_EXEMPTION_DEFERRED = 2
};
struct exemption_set {
    uint8_t actor[32];
    int64_t at_ms;
    uint8_t exam_uuid[16];
    struct bytes person;
    uint32_t kind; /* enum exemption_kind */
    struct bytes reason, document;
};
struct activation_issued {
    uint8_t actor[32];
    int64_t at_ms;
    struct bytes person;
    struct digest code; /* keyed digest of the code */
    int64_t expires_ms;
};
struct password_set {
    uint8_t actor[32];
    int64_t at_ms;
    struct bytes person, hash; /* hash: encoded text */
    bool by_activation;
};
struct login_revoked {
    uint8_t actor[32];
    int64_t at_ms;
    struct bytes person;
};

/* One of them; `type` says which member holds. */
struct registry_payload {
    enum event_type type;
    union {
        struct unit_set unit;
        struct person_set person;
        struct roster_imported roster;
        struct role_act role; /* granted, revoked */
        struct release_added release;
        struct exam_created exam;
        struct share_committed share_committed;
        struct share_revealed share_revealed;
        struct exam_opened exam_opened;
        struct exam_closed exam_closed;
        struct item_withdrawn withdrawn;
        struct exemption_set exemption;
        struct activation_issued activation;
        struct password_set password;
        struct login_revoked login;
    } u;
};

/* True for the types of this header. */
bool registry_payload_type_known(uint16_t type);
/* "unit-set"; NULL for other types. event_type_name (payload.h) covers both. */
const char *registry_payload_type_name(uint16_t type);
/* As payload_encode and payload_decode. */
int registry_payload_encode(const struct registry_payload *p, struct buf *out, struct err *err);
int registry_payload_decode(uint16_t type, struct bytes raw, struct arena *arena,
                            struct registry_payload *out, struct err *err);

/* The map of an exam definition alone. Errors as above. */
int exam_definition_encode(const struct exam_definition *d, struct buf *out, struct err *err);
int exam_definition_decode(struct bytes raw, struct arena *arena, struct exam_definition *out,
                           struct err *err);

#endif
