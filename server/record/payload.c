/* The tables of the record file's payloads, and their encoder and decoder. Pure; any thread. */
#include "server/record/payload.h"

#include "server/record/registry_payload.h"
#include "server/record/shape.h"

#include <string.h>

static const struct msg msg_type_unknown = {
    .id = "event-type-unknown",
    .zh = "不认识的事件类型{0}",
    .en = "unknown event type {0}",
};
static const struct msg msg_payload_limit = {
    .id = "event-payload-limit",
    .zh = "“{0}”事件的内容过大",
    .en = "the payload of a {0} event is too large",
};

static const struct field started_fields[] = {
    {0, FIELD_FIXED, offsetof(struct session_started, session_uuid), 16, 16, NULL, "session UUID"},
    {1, FIELD_FIXED, offsetof(struct session_started, exam_uuid), 16, 16, NULL, "exam UUID"},
    {2, FIELD_FIXED, offsetof(struct session_started, pseudonym), 32, 32, NULL, "pseudonym"},
    {3, FIELD_U32, offsetof(struct session_started, attempt), 1, UINT32_MAX, NULL, "attempt"},
    {4, FIELD_FIXED, offsetof(struct session_started, nonce), 32, 32, NULL, "nonce"},
    {5, FIELD_FIXED, offsetof(struct session_started, release), 32, 32, NULL, "release"},
    {6, FIELD_FIXED, offsetof(struct session_started, blueprint), 32, 32, NULL, "blueprint"},
    {7, FIELD_FIXED, offsetof(struct session_started, rules), 32, 32, NULL, "rules"},
    {8, FIELD_FIXED, offsetof(struct session_started, withdrawals), 32, 32, NULL, "withdrawals"},
    {9, FIELD_FIXED, offsetof(struct session_started, earlier), 32, 32, NULL, "earlier"},
    {10, FIELD_I64, offsetof(struct session_started, duration_ms), 0, INT64_MAX, NULL,
     "duration_ms"},
    {11, FIELD_I64, offsetof(struct session_started, extra_ms), 0, INT64_MAX, NULL, "extra_ms"},
    {12, FIELD_I64, offsetof(struct session_started, grace_ms), 0, INT64_MAX, NULL, "grace_ms"},
    {13, FIELD_I64, offsetof(struct session_started, late_accept_ms), 0, INT64_MAX, NULL,
     "late_accept_ms"},
    {14, FIELD_I64, offsetof(struct session_started, window_end_ms), 0, INT64_MAX, NULL,
     "window_end_ms"},
    {15, FIELD_BOOL, offsetof(struct session_started, cut_at_window_end), 0, 1, NULL,
     "cut at window end"},
    {16, FIELD_FIXED, offsetof(struct session_started, paper_digest), 32, 32, NULL, "paper digest"},
    {17, FIELD_BYTES, offsetof(struct session_started, paper), 1, PAYLOAD_PAPER_BYTES_MAX, NULL,
     "paper"},
    {18, FIELD_I64, offsetof(struct session_started, at_ms), 0, INT64_MAX, NULL, "at"},
};
static const struct field opened_fields[] = {
    {0, FIELD_FIXED, offsetof(struct session_opened, device_id), 16, 16, NULL, "device id"},
    {1, FIELD_U32, offsetof(struct session_opened, epoch), 1, UINT32_MAX, NULL, "epoch"},
    {2, FIELD_I64, offsetof(struct session_opened, at_ms), 0, INT64_MAX, NULL, "at"},
};
static const struct field responses_fields[] = {
    {0, FIELD_U32, offsetof(struct responses_saved, epoch), 1, UINT32_MAX, NULL, "epoch"},
    {1, FIELD_I64, offsetof(struct responses_saved, at_ms), 0, INT64_MAX, NULL, "at"},
    {2, FIELD_RESPONSES, offsetof(struct responses_saved, responses), 1, PAYLOAD_RESPONSES_MAX,
     NULL, "responses"},
};
static const struct field suspended_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct session_act, actor), 0, 32, NULL, "actor"},
    {1, FIELD_TEXT, offsetof(struct session_act, reason), 0, PAYLOAD_REASON_BYTES_MAX, NULL,
     "reason"},
    {2, FIELD_I64, offsetof(struct session_act, at_ms), 0, INT64_MAX, NULL, "at"},
};
static const struct field resumed_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct session_act, actor), 0, 32, NULL, "actor"},
    {1, FIELD_TEXT, offsetof(struct session_act, reason), 0, PAYLOAD_REASON_BYTES_MAX, NULL,
     "reason"},
    {2, FIELD_I64, offsetof(struct session_act, at_ms), 0, INT64_MAX, NULL, "at"},
};
static const struct field extra_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct extra_time_granted, actor), 0, 32, NULL, "actor"},
    {1, FIELD_TEXT, offsetof(struct extra_time_granted, reason), 0, PAYLOAD_REASON_BYTES_MAX, NULL,
     "reason"},
    {2, FIELD_I64, offsetof(struct extra_time_granted, at_ms), 0, INT64_MAX, NULL, "at"},
    {3, FIELD_I64, offsetof(struct extra_time_granted, ms), 0, INT64_MAX, NULL, "ms"},
};
static const struct field submitted_fields[] = {
    {0, FIELD_U32, offsetof(struct session_submitted, epoch), 1, UINT32_MAX, NULL, "epoch"},
    {1, FIELD_U64, offsetof(struct session_submitted, device_seq), 0, INT64_MAX, NULL,
     "device seq"},
    {2, FIELD_I64, offsetof(struct session_submitted, at_ms), 0, INT64_MAX, NULL, "at"},
};
static const struct field timed_out_fields[] = {
    {0, FIELD_I64, offsetof(struct session_timed_out, deadline_ms), 0, INT64_MAX, NULL,
     "deadline_ms"},
};
static const struct field graded_fields[] = {
    {0, FIELD_U32, offsetof(struct session_graded, score), 0, UINT32_MAX, NULL, "score"},
    {1, FIELD_U32, offsetof(struct session_graded, points), 0, UINT32_MAX, NULL, "points"},
    {2, FIELD_BOOL, offsetof(struct session_graded, passed), 0, 1, NULL, "passed"},
    {3, FIELD_I32, offsetof(struct session_graded, band), 0, 255, NULL, "band"},
    {4, FIELD_FIXED, offsetof(struct session_graded, paper), 32, 32, NULL, "paper digest"},
    {5, FIELD_FIXED, offsetof(struct session_graded, answer_keys), 32, 32, NULL,
     "answer keys digest"},
    {6, FIELD_FIXED, offsetof(struct session_graded, responses), 32, 32, NULL, "responses digest"},
    {7, FIELD_FIXED, offsetof(struct session_graded, rules), 32, 32, NULL, "rules digest"},
    {8, FIELD_FIXED, offsetof(struct session_graded, withdrawals), 32, 32, NULL,
     "withdrawals digest"},
    {9, FIELD_AWARDS, offsetof(struct session_graded, awards), 0, PAYLOAD_ITEMS_MAX, NULL,
     "awards"},
    {10, FIELD_BOOL, offsetof(struct session_graded, pending), 0, 1, NULL, "pending"},
};
static const struct field voided_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct session_act, actor), 0, 32, NULL, "actor"},
    {1, FIELD_TEXT, offsetof(struct session_act, reason), 0, PAYLOAD_REASON_BYTES_MAX, NULL,
     "reason"},
    {2, FIELD_I64, offsetof(struct session_act, at_ms), 0, INT64_MAX, NULL, "at"},
};
static const struct field reopened_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct session_reopened, actor), 0, 32, NULL, "actor"},
    {1, FIELD_TEXT, offsetof(struct session_reopened, reason), 0, PAYLOAD_REASON_BYTES_MAX, NULL,
     "reason"},
    {2, FIELD_I64, offsetof(struct session_reopened, at_ms), 0, INT64_MAX, NULL, "at"},
    {3, FIELD_I64, offsetof(struct session_reopened, deadline_ms), 0, INT64_MAX, NULL,
     "new deadline_ms"},
};
static const struct field late_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct late_decided, actor), 0, 32, NULL, "actor"},
    {1, FIELD_TEXT, offsetof(struct late_decided, reason), 0, PAYLOAD_REASON_BYTES_MAX, NULL,
     "reason"},
    {2, FIELD_I64, offsetof(struct late_decided, at_ms), 0, INT64_MAX, NULL, "at"},
    {3, FIELD_BOOL, offsetof(struct late_decided, accepted), 0, 1, NULL, "accepted"},
};
static const struct field attended_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct hearing_attended, actor), 0, 32, NULL, "actor"},
    {1, FIELD_I64, offsetof(struct hearing_attended, at_ms), 0, INT64_MAX, NULL, "at"},
    {2, FIELD_FIXED, offsetof(struct hearing_attended, pseudonym), 32, 32, NULL, "site pseudonym"},
    {3, FIELD_TEXT, offsetof(struct hearing_attended, hearing), 1, PAYLOAD_CODE_BYTES_MAX, NULL,
     "hearing id"},
    {4, FIELD_DATE, offsetof(struct hearing_attended, date), 10, 10, NULL, "date"},
    {5, FIELD_U32, offsetof(struct hearing_attended, mode), RECORD_HEARING_ON_SITE,
     RECORD_HEARING_ONLINE, NULL, "mode"},
};
static const struct field revoked_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct attendance_revoked, actor), 0, 32, NULL, "actor"},
    {1, FIELD_I64, offsetof(struct attendance_revoked, at_ms), 0, INT64_MAX, NULL, "at"},
    {2, FIELD_FIXED, offsetof(struct attendance_revoked, pseudonym), 32, 32, NULL,
     "site pseudonym"},
    {3, FIELD_TEXT, offsetof(struct attendance_revoked, hearing), 1, PAYLOAD_CODE_BYTES_MAX, NULL,
     "hearing id"},
    {4, FIELD_TEXT, offsetof(struct attendance_revoked, reason), 0, PAYLOAD_REASON_BYTES_MAX, NULL,
     "reason"},
};

struct typed_shape {
    uint16_t type; /* enum event_type */
    struct shape shape;
};

static const struct typed_shape shapes[] = {
    {EVENT_SESSION_STARTED,
     {"session-started", started_fields, sizeof(started_fields) / sizeof(started_fields[0])}},
    {EVENT_SESSION_OPENED,
     {"session-opened", opened_fields, sizeof(opened_fields) / sizeof(opened_fields[0])}},
    {EVENT_RESPONSES,
     {"responses", responses_fields, sizeof(responses_fields) / sizeof(responses_fields[0])}},
    {EVENT_SESSION_SUSPENDED,
     {"session-suspended", suspended_fields,
      sizeof(suspended_fields) / sizeof(suspended_fields[0])}},
    {EVENT_SESSION_RESUMED,
     {"session-resumed", resumed_fields, sizeof(resumed_fields) / sizeof(resumed_fields[0])}},
    {EVENT_EXTRA_TIME,
     {"extra-time-granted", extra_fields, sizeof(extra_fields) / sizeof(extra_fields[0])}},
    {EVENT_SESSION_SUBMITTED,
     {"session-submitted", submitted_fields,
      sizeof(submitted_fields) / sizeof(submitted_fields[0])}},
    {EVENT_SESSION_TIMED_OUT,
     {"session-timed-out", timed_out_fields,
      sizeof(timed_out_fields) / sizeof(timed_out_fields[0])}},
    {EVENT_SESSION_GRADED,
     {"session-graded", graded_fields, sizeof(graded_fields) / sizeof(graded_fields[0])}},
    {EVENT_SESSION_VOIDED,
     {"session-voided", voided_fields, sizeof(voided_fields) / sizeof(voided_fields[0])}},
    {EVENT_SESSION_REOPENED,
     {"session-reopened", reopened_fields, sizeof(reopened_fields) / sizeof(reopened_fields[0])}},
    {EVENT_LATE_DECIDED,
     {"late-decided", late_fields, sizeof(late_fields) / sizeof(late_fields[0])}},
    {EVENT_HEARING_ATTENDED,
     {"hearing-attended", attended_fields, sizeof(attended_fields) / sizeof(attended_fields[0])}},
    {EVENT_ATTENDANCE_REVOKED,
     {"attendance-revoked", revoked_fields, sizeof(revoked_fields) / sizeof(revoked_fields[0])}},
};

static const struct shape *shape_of(uint16_t type)
{
    for (size_t i = 0; i < sizeof(shapes) / sizeof(shapes[0]); i++)
        if (shapes[i].type == type)
            return &shapes[i].shape;
    return NULL;
}

static int type_unknown(uint16_t type, int code, struct err *err)
{
    char text[24];

    return err_set(err, code, &msg_type_unknown, err_int(text, type), NULL, NULL, NULL);
}

bool payload_type_known(uint16_t type)
{
    return shape_of(type) != NULL;
}

const char *event_type_name(uint16_t type)
{
    const struct shape *shape = shape_of(type);
    const char *name = shape != NULL ? shape->name : registry_payload_type_name(type);

    return name != NULL ? name : "unknown";
}

int payload_encode(const struct payload *p, struct buf *out, struct err *err)
{
    const struct shape *shape = shape_of((uint16_t)p->type);
    size_t start = out->len;
    int rc;

    if (shape == NULL)
        return type_unknown((uint16_t)p->type, ERR_BAD_INPUT, err);
    rc = shape_encode(shape, &p->u, out, err);
    if (rc == 0 && out->len - start > EVENT_PAYLOAD_BYTES_MAX)
        return err_set(err, ERR_LIMIT, &msg_payload_limit, shape->name, NULL, NULL, NULL);
    return rc;
}

int payload_decode(uint16_t type, struct bytes raw, struct arena *arena, struct payload *out,
                   struct err *err)
{
    const struct shape *shape = shape_of(type);
    struct payload p;
    int rc;

    if (shape == NULL)
        return type_unknown(type, ERR_CORRUPT, err);
    memset(&p, 0, sizeof(p));
    p.type = type;
    rc = shape_decode(shape, raw, arena, &p.u, err);
    if (rc == 0)
        *out = p;
    return rc;
}
