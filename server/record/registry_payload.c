/* The tables of the registry file's payloads, and their encoder and decoder. Pure; any thread. */
#include "server/record/registry_payload.h"

#include "server/record/payload.h"
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

static const struct field definition_fields[] = {
    {0, FIELD_TEXT, offsetof(struct exam_definition, name), 1, PAYLOAD_NAME_BYTES_MAX, NULL,
     "name"},
    {1, FIELD_TEXT, offsetof(struct exam_definition, kind), 1, 32, NULL, "kind"},
    {2, FIELD_U32, offsetof(struct exam_definition, year), 1, 9999, NULL, "year"},
    {3, FIELD_I64, offsetof(struct exam_definition, window_start_ms), 0, INT64_MAX, NULL,
     "window_start_ms"},
    {4, FIELD_I64, offsetof(struct exam_definition, window_end_ms), 0, INT64_MAX, NULL,
     "window_end_ms"},
    {5, FIELD_I64, offsetof(struct exam_definition, duration_ms), 0, INT64_MAX, NULL,
     "duration_ms"},
    {6, FIELD_DATE, offsetof(struct exam_definition, cutoff), 10, 10, NULL, "cut-off date"},
    {7, FIELD_TEXTS, offsetof(struct exam_definition, categories), 0, EXAM_CATEGORIES_MAX, NULL,
     "categories"},
    {8, FIELD_FIXED, offsetof(struct exam_definition, release), 32, 32, NULL, "release"},
    {9, FIELD_BYTES, offsetof(struct exam_definition, blueprint), 1, EXAM_BLUEPRINT_BYTES_MAX, NULL,
     "blueprint"},
    {10, FIELD_BYTES, offsetof(struct exam_definition, rules), 1, EXAM_RULES_BYTES_MAX, NULL,
     "rules"},
    {11, FIELD_U32, offsetof(struct exam_definition, attempts), 1, EXAM_ATTEMPTS_MAX, NULL,
     "attempts"},
    {12, FIELD_U32, offsetof(struct exam_definition, counts), RECORD_ATTEMPT_BEST,
     RECORD_ATTEMPT_FIRST, NULL, "counts"},
    {13, FIELD_I64, offsetof(struct exam_definition, grace_ms), 0, INT64_MAX, NULL, "grace_ms"},
    {14, FIELD_I64, offsetof(struct exam_definition, late_accept_ms), 0, INT64_MAX, NULL,
     "late_accept_ms"},
    {15, FIELD_BOOL, offsetof(struct exam_definition, cut_at_window_end), 0, 1, NULL,
     "cut at window end"},
    {16, FIELD_U32, offsetof(struct exam_definition, review), REVIEW_NEVER, REVIEW_AT_ONCE, NULL,
     "review"},
    {17, FIELD_TEXT, offsetof(struct exam_definition, policy), 0, PAYLOAD_NAME_BYTES_MAX, NULL,
     "policy"},
};

static const struct shape definition_shape = {
    "exam-definition", definition_fields, sizeof(definition_fields) / sizeof(definition_fields[0])};

static const struct field unit_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct unit_set, actor), 0, 32, NULL, "actor"},
    {1, FIELD_I64, offsetof(struct unit_set, at_ms), 0, INT64_MAX, NULL, "at"},
    {2, FIELD_TEXT, offsetof(struct unit_set, code), 1, PAYLOAD_CODE_BYTES_MAX, NULL, "code"},
    {3, FIELD_TEXT, offsetof(struct unit_set, name), 1, PAYLOAD_NAME_BYTES_MAX, NULL, "name"},
    {4, FIELD_TEXT, offsetof(struct unit_set, parent), 0, PAYLOAD_CODE_BYTES_MAX, NULL, "parent"},
    {5, FIELD_DATE, offsetof(struct unit_set, valid_from), 10, 10, NULL, "valid from"},
    {6, FIELD_DATE_OR_EMPTY, offsetof(struct unit_set, valid_to), 0, 10, NULL, "valid to"},
};
static const struct field person_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct person_set, actor), 0, 32, NULL, "actor"},
    {1, FIELD_I64, offsetof(struct person_set, at_ms), 0, INT64_MAX, NULL, "at"},
    {2, FIELD_TEXT, offsetof(struct person_set, number), 1, PAYLOAD_CODE_BYTES_MAX, NULL, "number"},
    {3, FIELD_TEXT, offsetof(struct person_set, name), 1, PAYLOAD_NAME_BYTES_MAX, NULL, "name"},
    {4, FIELD_TEXT, offsetof(struct person_set, unit), 1, PAYLOAD_CODE_BYTES_MAX, NULL, "unit"},
    {5, FIELD_TEXT, offsetof(struct person_set, category), 0, PAYLOAD_NAME_BYTES_MAX, NULL,
     "category"},
    {6, FIELD_U32, offsetof(struct person_set, status), 1, 3, NULL, "status"},
    {7, FIELD_DATE, offsetof(struct person_set, valid_from), 10, 10, NULL, "valid from"},
    {8, FIELD_TEXT, offsetof(struct person_set, post), 0, PAYLOAD_NAME_BYTES_MAX, NULL, "post"},
    {9, FIELD_DATE_OR_EMPTY, offsetof(struct person_set, appointed), 0, 10, NULL, "appointed"},
};
static const struct field roster_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct roster_imported, actor), 0, 32, NULL, "actor"},
    {1, FIELD_I64, offsetof(struct roster_imported, at_ms), 0, INT64_MAX, NULL, "at"},
    {2, FIELD_FIXED, offsetof(struct roster_imported, file), 32, 32, NULL, "file digest"},
    {3, FIELD_U32, offsetof(struct roster_imported, rows), 0, UINT32_MAX, NULL, "rows"},
    {4, FIELD_U32, offsetof(struct roster_imported, added), 0, UINT32_MAX, NULL, "new"},
    {5, FIELD_U32, offsetof(struct roster_imported, changed), 0, UINT32_MAX, NULL, "changed"},
    {6, FIELD_U32, offsetof(struct roster_imported, gone), 0, UINT32_MAX, NULL, "gone"},
};
static const struct field role_granted_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct role_act, actor), 0, 32, NULL, "actor"},
    {1, FIELD_I64, offsetof(struct role_act, at_ms), 0, INT64_MAX, NULL, "at"},
    {2, FIELD_TEXT, offsetof(struct role_act, person), 1, PAYLOAD_CODE_BYTES_MAX, NULL,
     "person number"},
    {3, FIELD_TEXT, offsetof(struct role_act, role), 1, PAYLOAD_CODE_BYTES_MAX, NULL, "role"},
    {4, FIELD_TEXT, offsetof(struct role_act, unit), 0, PAYLOAD_CODE_BYTES_MAX, NULL, "unit code"},
};
static const struct field role_revoked_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct role_act, actor), 0, 32, NULL, "actor"},
    {1, FIELD_I64, offsetof(struct role_act, at_ms), 0, INT64_MAX, NULL, "at"},
    {2, FIELD_TEXT, offsetof(struct role_act, person), 1, PAYLOAD_CODE_BYTES_MAX, NULL,
     "person number"},
    {3, FIELD_TEXT, offsetof(struct role_act, role), 1, PAYLOAD_CODE_BYTES_MAX, NULL, "role"},
    {4, FIELD_TEXT, offsetof(struct role_act, unit), 0, PAYLOAD_CODE_BYTES_MAX, NULL, "unit code"},
};
static const struct field release_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct release_added, actor), 0, 32, NULL, "actor"},
    {1, FIELD_I64, offsetof(struct release_added, at_ms), 0, INT64_MAX, NULL, "at"},
    {2, FIELD_FIXED, offsetof(struct release_added, release), 32, 32, NULL, "release digest"},
    {3, FIELD_TEXT, offsetof(struct release_added, name), 1, PAYLOAD_NAME_BYTES_MAX, NULL, "name"},
};
static const struct field exam_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct exam_created, actor), 0, 32, NULL, "actor"},
    {1, FIELD_I64, offsetof(struct exam_created, at_ms), 0, INT64_MAX, NULL, "at"},
    {2, FIELD_FIXED, offsetof(struct exam_created, exam_uuid), 16, 16, NULL, "exam UUID"},
    {3, FIELD_MAP, offsetof(struct exam_created, definition), 0, 0, &definition_shape,
     "definition"},
};
static const struct field share_committed_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct share_committed, actor), 0, 32, NULL, "actor"},
    {1, FIELD_I64, offsetof(struct share_committed, at_ms), 0, INT64_MAX, NULL, "at"},
    {2, FIELD_FIXED, offsetof(struct share_committed, exam_uuid), 16, 16, NULL, "exam UUID"},
    {3, FIELD_U32, offsetof(struct share_committed, which), SHARE_OFFICER, SHARE_CUSTODIAN, NULL,
     "which"},
    {4, FIELD_FIXED, offsetof(struct share_committed, share), 32, 32, NULL, "share digest"},
};
static const struct field share_revealed_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct share_revealed, actor), 0, 32, NULL, "actor"},
    {1, FIELD_I64, offsetof(struct share_revealed, at_ms), 0, INT64_MAX, NULL, "at"},
    {2, FIELD_FIXED, offsetof(struct share_revealed, exam_uuid), 16, 16, NULL, "exam UUID"},
    {3, FIELD_U32, offsetof(struct share_revealed, which), SHARE_OFFICER, SHARE_CUSTODIAN, NULL,
     "which"},
    {4, FIELD_BYTES, offsetof(struct share_revealed, sealed), 1, PAYLOAD_SEALED_BYTES_MAX, NULL,
     "share"},
};
static const struct field exam_opened_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct exam_opened, actor), 0, 32, NULL, "actor"},
    {1, FIELD_I64, offsetof(struct exam_opened, at_ms), 0, INT64_MAX, NULL, "at"},
    {2, FIELD_FIXED, offsetof(struct exam_opened, exam_uuid), 16, 16, NULL, "exam UUID"},
    {3, FIELD_FIXED, offsetof(struct exam_opened, master), 32, 32, NULL, "digest of the master"},
    {4, FIELD_BYTES, offsetof(struct exam_opened, sealed), 1, PAYLOAD_SEALED_BYTES_MAX, NULL,
     "master"},
};
static const struct field exam_closed_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct exam_closed, actor), 0, 32, NULL, "actor"},
    {1, FIELD_I64, offsetof(struct exam_closed, at_ms), 0, INT64_MAX, NULL, "at"},
    {2, FIELD_FIXED, offsetof(struct exam_closed, exam_uuid), 16, 16, NULL, "exam UUID"},
};
static const struct field withdrawn_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct item_withdrawn, actor), 0, 32, NULL, "actor"},
    {1, FIELD_I64, offsetof(struct item_withdrawn, at_ms), 0, INT64_MAX, NULL, "at"},
    {2, FIELD_FIXED, offsetof(struct item_withdrawn, exam_uuid), 16, 16, NULL, "exam UUID"},
    {3, FIELD_TEXT, offsetof(struct item_withdrawn, item), 1, PAYLOAD_CODE_BYTES_MAX, NULL,
     "item id"},
    {4, FIELD_TEXT, offsetof(struct item_withdrawn, reason), 0, PAYLOAD_REASON_BYTES_MAX, NULL,
     "reason"},
};
static const struct field exemption_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct exemption_set, actor), 0, 32, NULL, "actor"},
    {1, FIELD_I64, offsetof(struct exemption_set, at_ms), 0, INT64_MAX, NULL, "at"},
    {2, FIELD_FIXED, offsetof(struct exemption_set, exam_uuid), 16, 16, NULL, "exam UUID"},
    {3, FIELD_TEXT, offsetof(struct exemption_set, person), 1, PAYLOAD_CODE_BYTES_MAX, NULL,
     "person number"},
    {4, FIELD_U32, offsetof(struct exemption_set, kind), RECORD_EXEMPTION_NONE,
     RECORD_EXEMPTION_DEFERRED, NULL, "kind"},
    {5, FIELD_TEXT, offsetof(struct exemption_set, reason), 0, PAYLOAD_REASON_BYTES_MAX, NULL,
     "reason"},
    {6, FIELD_TEXT, offsetof(struct exemption_set, document), 0, PAYLOAD_NAME_BYTES_MAX, NULL,
     "document number"},
};
static const struct field activation_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct activation_issued, actor), 0, 32, NULL, "actor"},
    {1, FIELD_I64, offsetof(struct activation_issued, at_ms), 0, INT64_MAX, NULL, "at"},
    {2, FIELD_TEXT, offsetof(struct activation_issued, person), 1, PAYLOAD_CODE_BYTES_MAX, NULL,
     "person number"},
    {3, FIELD_FIXED, offsetof(struct activation_issued, code), 32, 32, NULL, "code digest"},
    {4, FIELD_I64, offsetof(struct activation_issued, expires_ms), 0, INT64_MAX, NULL,
     "expires_ms"},
};
static const struct field password_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct password_set, actor), 0, 32, NULL, "actor"},
    {1, FIELD_I64, offsetof(struct password_set, at_ms), 0, INT64_MAX, NULL, "at"},
    {2, FIELD_TEXT, offsetof(struct password_set, person), 1, PAYLOAD_CODE_BYTES_MAX, NULL,
     "person number"},
    {3, FIELD_TEXT, offsetof(struct password_set, hash), 1, PAYLOAD_NAME_BYTES_MAX, NULL,
     "password hash"},
    {4, FIELD_BOOL, offsetof(struct password_set, by_activation), 0, 1, NULL, "by activation"},
};
static const struct field login_fields[] = {
    {0, FIELD_ACTOR, offsetof(struct login_revoked, actor), 0, 32, NULL, "actor"},
    {1, FIELD_I64, offsetof(struct login_revoked, at_ms), 0, INT64_MAX, NULL, "at"},
    {2, FIELD_TEXT, offsetof(struct login_revoked, person), 1, PAYLOAD_CODE_BYTES_MAX, NULL,
     "person number"},
};

struct typed_shape {
    uint16_t type; /* enum event_type */
    struct shape shape;
};

static const struct typed_shape shapes[] = {
    {EVENT_UNIT_SET, {"unit-set", unit_fields, sizeof(unit_fields) / sizeof(unit_fields[0])}},
    {EVENT_PERSON_SET,
     {"person-set", person_fields, sizeof(person_fields) / sizeof(person_fields[0])}},
    {EVENT_ROSTER_IMPORTED,
     {"roster-imported", roster_fields, sizeof(roster_fields) / sizeof(roster_fields[0])}},
    {EVENT_ROLE_GRANTED,
     {"role-granted", role_granted_fields,
      sizeof(role_granted_fields) / sizeof(role_granted_fields[0])}},
    {EVENT_ROLE_REVOKED,
     {"role-revoked", role_revoked_fields,
      sizeof(role_revoked_fields) / sizeof(role_revoked_fields[0])}},
    {EVENT_RELEASE_ADDED,
     {"release-added", release_fields, sizeof(release_fields) / sizeof(release_fields[0])}},
    {EVENT_EXAM_CREATED,
     {"exam-created", exam_fields, sizeof(exam_fields) / sizeof(exam_fields[0])}},
    {EVENT_SHARE_COMMITTED,
     {"share-committed", share_committed_fields,
      sizeof(share_committed_fields) / sizeof(share_committed_fields[0])}},
    {EVENT_SHARE_REVEALED,
     {"share-revealed", share_revealed_fields,
      sizeof(share_revealed_fields) / sizeof(share_revealed_fields[0])}},
    {EVENT_EXAM_OPENED,
     {"exam-opened", exam_opened_fields,
      sizeof(exam_opened_fields) / sizeof(exam_opened_fields[0])}},
    {EVENT_EXAM_CLOSED,
     {"exam-closed", exam_closed_fields,
      sizeof(exam_closed_fields) / sizeof(exam_closed_fields[0])}},
    {EVENT_ITEM_WITHDRAWN,
     {"item-withdrawn", withdrawn_fields, sizeof(withdrawn_fields) / sizeof(withdrawn_fields[0])}},
    {EVENT_EXEMPTION_SET,
     {"exemption-set", exemption_fields, sizeof(exemption_fields) / sizeof(exemption_fields[0])}},
    {EVENT_ACTIVATION_ISSUED,
     {"activation-issued", activation_fields,
      sizeof(activation_fields) / sizeof(activation_fields[0])}},
    {EVENT_PASSWORD_SET,
     {"password-set", password_fields, sizeof(password_fields) / sizeof(password_fields[0])}},
    {EVENT_LOGIN_REVOKED,
     {"login-revoked", login_fields, sizeof(login_fields) / sizeof(login_fields[0])}},
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

bool registry_payload_type_known(uint16_t type)
{
    return shape_of(type) != NULL;
}

const char *registry_payload_type_name(uint16_t type)
{
    const struct shape *shape = shape_of(type);

    return shape != NULL ? shape->name : NULL;
}

int registry_payload_encode(const struct registry_payload *p, struct buf *out, struct err *err)
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

int registry_payload_decode(uint16_t type, struct bytes raw, struct arena *arena,
                            struct registry_payload *out, struct err *err)
{
    const struct shape *shape = shape_of(type);
    struct registry_payload p;
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

int exam_definition_encode(const struct exam_definition *d, struct buf *out, struct err *err)
{
    return shape_encode(&definition_shape, d, out, err);
}

int exam_definition_decode(struct bytes raw, struct arena *arena, struct exam_definition *out,
                           struct err *err)
{
    struct exam_definition d;
    int rc;

    memset(&d, 0, sizeof(d));
    rc = shape_decode(&definition_shape, raw, arena, &d, err);
    if (rc == 0)
        *out = d;
    return rc;
}
