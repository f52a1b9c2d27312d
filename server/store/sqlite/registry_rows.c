/* Typed rows of the registry file: units, people, roles, releases, exams, shares, withdrawals,
 * exemptions, credentials. Happy path: decode the payload, close the validity of what it
 * supersedes, append the new row. Thread: the writer's. */
#include "server/store/sqlite/rows.h"

#include "server/record/payload.h"
#include "server/record/registry_payload.h"

#include <string.h>

const struct rows_table registry_tables[] = {
    {"unit", "SELECT * FROM unit ORDER BY seq", "DELETE FROM unit", 1},
    {"person", "SELECT * FROM person ORDER BY seq", "DELETE FROM person", 1},
    {"roster_import", "SELECT * FROM roster_import ORDER BY seq", "DELETE FROM roster_import", 1},
    {"role", "SELECT * FROM role ORDER BY seq", "DELETE FROM role", 1},
    {"release", "SELECT * FROM \"release\" ORDER BY seq", "DELETE FROM \"release\"", 1},
    {"exam", "SELECT * FROM exam ORDER BY seq", "DELETE FROM exam", 1},
    {"exam_state", "SELECT * FROM exam_state ORDER BY seq", "DELETE FROM exam_state", 1},
    {"share", "SELECT * FROM share ORDER BY seq", "DELETE FROM share", 1},
    {"withdrawal", "SELECT * FROM withdrawal ORDER BY seq", "DELETE FROM withdrawal", 1},
    {"exemption", "SELECT * FROM exemption ORDER BY seq", "DELETE FROM exemption", 1},
    {"credential", "SELECT * FROM credential ORDER BY seq", "DELETE FROM credential", 1},
    {"login_revocation", "SELECT * FROM login_revocation ORDER BY seq",
     "DELETE FROM login_revocation", 1},
};
const size_t registry_tables_count = sizeof(registry_tables) / sizeof(registry_tables[0]);

enum { STATE_CREATED = 1, STATE_OPENED = 2, STATE_CLOSED = 3 };
enum { STAGE_COMMITTED = 1, STAGE_REVEALED = 2 };
enum { CREDENTIAL_ACTIVATION = 1, CREDENTIAL_PASSWORD = 2 };
enum { NAMES_MAX = 3 };

static const struct msg msg_type = {
    .id = "store-registry-type",
    .zh = "登记库中不应有“{0}”事件",
    .en = "a {0} event does not belong into the registry",
};

/* Closes what is in force under the names (the columns of the table's index), as of e. text has the
 * names as ?3, ?4, ?5. */
static int supersede(struct db *db, const struct event *e, const char *text,
                     const struct db_value *names, size_t count, struct err *err)
{
    struct db_value values[2 + NAMES_MAX] = {db_int(e->seq), db_int(e->recorded_ms)};

    for (size_t i = 0; i < count; i++)
        values[2 + i] = names[i];
    return db_run(db, text, values, 2 + count, err);
}

static int unit_apply(struct db *db, const struct event *e, const struct unit_set *p,
                      struct err *err)
{
    const struct db_value names[] = {db_text(p->code), db_text(p->valid_from)};
    const struct db_value values[] = {
        db_int(e->seq),         db_text(p->code),     db_text(p->name),       db_text(p->parent),
        db_text(p->valid_from), db_text(p->valid_to), db_int(e->recorded_ms),
    };
    int rc = supersede(db, e,
                       "UPDATE unit SET superseded_seq = ?1, superseded_ms = ?2 WHERE code = ?3"
                       " AND valid_from = ?4 AND superseded_seq IS NULL",
                       names, 2, err);

    return rc != 0 ? rc
                   : db_run(db, "INSERT INTO unit VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL, NULL)",
                            values, 7, err);
}

static int person_apply(struct db *db, const struct event *e, const struct person_set *p,
                        struct err *err)
{
    const struct db_value names[] = {db_text(p->number), db_text(p->valid_from)};
    const struct db_value values[] = {
        db_int(e->seq),        db_text(p->number),     db_text(p->name),       db_text(p->unit),
        db_text(p->category),  db_int(p->status),      db_text(p->valid_from), db_text(p->post),
        db_text(p->appointed), db_int(e->recorded_ms),
    };
    int rc = supersede(db, e,
                       "UPDATE person SET superseded_seq = ?1, superseded_ms = ?2"
                       " WHERE number = ?3 AND valid_from = ?4 AND superseded_seq IS NULL",
                       names, 2, err);

    return rc != 0 ? rc
                   : db_run(db,
                            "INSERT INTO person VALUES"
                            " (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, NULL, NULL)",
                            values, 10, err);
}

static int roster_apply(struct db *db, const struct event *e, const struct roster_imported *p,
                        struct err *err)
{
    const struct db_value values[] = {
        db_int(e->seq),         db_blob(p->file.b, DIGEST_BYTES),
        db_int(p->rows),        db_int(p->added),
        db_int(p->changed),     db_int(p->gone),
        db_int(e->recorded_ms),
    };

    return db_run(db, "INSERT INTO roster_import VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7)", values, 7,
                  err);
}

static int role_apply(struct db *db, const struct event *e, const struct role_act *p,
                      struct err *err)
{
    const struct db_value names[] = {db_text(p->person), db_text(p->role), db_text(p->unit)};
    const struct db_value values[] = {db_int(e->seq), names[0], names[1], names[2],
                                      db_int(e->recorded_ms)};
    int rc = supersede(db, e,
                       "UPDATE role SET superseded_seq = ?1, superseded_ms = ?2 WHERE person = ?3"
                       " AND role = ?4 AND unit = ?5 AND superseded_seq IS NULL",
                       names, 3, err);

    if (rc != 0 || e->type == EVENT_ROLE_REVOKED)
        return rc;
    return db_run(db, "INSERT INTO role VALUES (?1, ?2, ?3, ?4, ?5, NULL, NULL)", values, 5, err);
}

static int release_apply(struct db *db, const struct event *e, const struct release_added *p,
                         struct err *err)
{
    const struct db_value names[] = {db_blob(p->release.b, DIGEST_BYTES)};
    const struct db_value values[] = {db_int(e->seq), names[0], db_text(p->name),
                                      db_int(e->recorded_ms)};
    int rc = supersede(db, e,
                       "UPDATE \"release\" SET superseded_seq = ?1, superseded_ms = ?2"
                       " WHERE digest = ?3 AND superseded_seq IS NULL",
                       names, 1, err);

    return rc != 0 ? rc
                   : db_run(db, "INSERT INTO \"release\" VALUES (?1, ?2, ?3, ?4, NULL, NULL)",
                            values, 4, err);
}

static int exam_state_apply(struct db *db, const struct event *e, const uint8_t exam_uuid[16],
                            int64_t state, struct db_value master, struct db_value sealed,
                            struct err *err)
{
    const struct db_value names[] = {db_blob(exam_uuid, 16)};
    const struct db_value values[] = {db_int(e->seq), names[0], db_int(state),
                                      master,         sealed,   db_int(e->recorded_ms)};
    int rc = supersede(db, e,
                       "UPDATE exam_state SET superseded_seq = ?1, superseded_ms = ?2"
                       " WHERE exam = ?3 AND superseded_seq IS NULL",
                       names, 1, err);

    return rc != 0
               ? rc
               : db_run(db, "INSERT INTO exam_state VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL, NULL)",
                        values, 6, err);
}

static int exam_apply(struct db *db, const struct event *e, const struct exam_created *p,
                      struct err *err)
{
    const struct exam_definition *d = &p->definition;
    struct buf raw = {0};
    int rc = exam_definition_encode(d, &raw, err);

    if (rc == 0) {
        const struct db_value values[] = {
            db_int(e->seq),
            db_blob(p->exam_uuid, 16),
            db_text(d->name),
            db_text(d->kind),
            db_int(d->year),
            db_int(d->window_start_ms),
            db_int(d->window_end_ms),
            db_text(d->cutoff),
            db_blob(d->release.b, DIGEST_BYTES),
            db_bytes(buf_view(&raw)),
            db_int(e->recorded_ms),
        };
        rc = db_run(db, "INSERT INTO exam VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11)",
                    values, 11, err);
    }
    if (rc == 0)
        rc = exam_state_apply(db, e, p->exam_uuid, STATE_CREATED, db_null(), db_null(), err);
    buf_fini(&raw);
    return rc;
}

static int share_apply(struct db *db, const struct event *e, const uint8_t exam_uuid[16],
                       uint32_t which, int64_t stage, struct db_value value, struct err *err)
{
    const struct db_value names[] = {db_blob(exam_uuid, 16), db_int(which), db_int(stage)};
    const struct db_value values[] = {db_int(e->seq), names[0], names[1],
                                      names[2],       value,    db_int(e->recorded_ms)};
    int rc = supersede(db, e,
                       "UPDATE share SET superseded_seq = ?1, superseded_ms = ?2 WHERE exam = ?3"
                       " AND which = ?4 AND stage = ?5 AND superseded_seq IS NULL",
                       names, 3, err);

    return rc != 0 ? rc
                   : db_run(db, "INSERT INTO share VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL, NULL)",
                            values, 6, err);
}

static int withdrawal_apply(struct db *db, const struct event *e, const struct item_withdrawn *p,
                            struct err *err)
{
    const struct db_value names[] = {db_blob(p->exam_uuid, 16), db_text(p->item)};
    const struct db_value values[] = {db_int(e->seq), names[0], names[1], db_text(p->reason),
                                      db_int(e->recorded_ms)};
    int rc = supersede(db, e,
                       "UPDATE withdrawal SET superseded_seq = ?1, superseded_ms = ?2"
                       " WHERE exam = ?3 AND item = ?4 AND superseded_seq IS NULL",
                       names, 2, err);

    return rc != 0 ? rc
                   : db_run(db, "INSERT INTO withdrawal VALUES (?1, ?2, ?3, ?4, ?5, NULL, NULL)",
                            values, 5, err);
}

static int exemption_apply(struct db *db, const struct event *e, const struct exemption_set *p,
                           struct err *err)
{
    const struct db_value names[] = {db_blob(p->exam_uuid, 16), db_text(p->person)};
    const struct db_value values[] = {
        db_int(e->seq),         names[0],           names[1],
        db_int(p->kind),        db_text(p->reason), db_text(p->document),
        db_int(e->recorded_ms),
    };
    int rc = supersede(db, e,
                       "UPDATE exemption SET superseded_seq = ?1, superseded_ms = ?2"
                       " WHERE exam = ?3 AND person = ?4 AND superseded_seq IS NULL",
                       names, 2, err);

    if (rc != 0 || p->kind == RECORD_EXEMPTION_NONE)
        return rc;
    return db_run(db, "INSERT INTO exemption VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL, NULL)",
                  values, 7, err);
}

static int credential_supersede(struct db *db, const struct event *e, struct bytes person,
                                int64_t kind, struct err *err)
{
    const struct db_value names[] = {db_text(person), db_int(kind)};

    return supersede(db, e,
                     "UPDATE credential SET superseded_seq = ?1, superseded_ms = ?2"
                     " WHERE person = ?3 AND kind = ?4 AND superseded_seq IS NULL",
                     names, 2, err);
}

static int credential_insert(struct db *db, const struct event *e, struct bytes person,
                             int64_t kind, struct db_value digest, struct db_value hash,
                             struct db_value expires, struct err *err)
{
    const struct db_value values[] = {
        db_int(e->seq), db_text(person), db_int(kind),           digest,
        hash,           expires,         db_int(e->recorded_ms),
    };

    return db_run(db, "INSERT INTO credential VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, NULL, NULL)",
                  values, 7, err);
}

static int activation_apply(struct db *db, const struct event *e, const struct activation_issued *p,
                            struct err *err)
{
    int rc = credential_supersede(db, e, p->person, CREDENTIAL_ACTIVATION, err);

    return rc != 0 ? rc
                   : credential_insert(db, e, p->person, CREDENTIAL_ACTIVATION,
                                       db_blob(p->code.b, DIGEST_BYTES), db_null(),
                                       db_int(p->expires_ms), err);
}

/* A password set by activation uses the activation up. */
static int password_apply(struct db *db, const struct event *e, const struct password_set *p,
                          struct err *err)
{
    int rc = credential_supersede(db, e, p->person, CREDENTIAL_PASSWORD, err);

    if (rc == 0 && p->by_activation)
        rc = credential_supersede(db, e, p->person, CREDENTIAL_ACTIVATION, err);
    return rc != 0 ? rc
                   : credential_insert(db, e, p->person, CREDENTIAL_PASSWORD, db_null(),
                                       db_text(p->hash), db_null(), err);
}

static int login_apply(struct db *db, const struct event *e, const struct login_revoked *p,
                       struct err *err)
{
    const struct db_value values[] = {db_int(e->seq), db_text(p->person), db_int(e->recorded_ms)};

    return db_run(db, "INSERT INTO login_revocation VALUES (?1, ?2, ?3)", values, 3, err);
}

int registry_rows_apply(struct db *db, struct arena *arena, const struct event *e, struct err *err)
{
    struct registry_payload p;
    int rc;

    arena_reset(arena);
    rc = registry_payload_decode(e->type, e->payload, arena, &p, err);
    if (rc != 0)
        return rc;
    switch (p.type) {
    case EVENT_UNIT_SET:
        return unit_apply(db, e, &p.u.unit, err);
    case EVENT_PERSON_SET:
        return person_apply(db, e, &p.u.person, err);
    case EVENT_ROSTER_IMPORTED:
        return roster_apply(db, e, &p.u.roster, err);
    case EVENT_ROLE_GRANTED:
    case EVENT_ROLE_REVOKED:
        return role_apply(db, e, &p.u.role, err);
    case EVENT_RELEASE_ADDED:
        return release_apply(db, e, &p.u.release, err);
    case EVENT_EXAM_CREATED:
        return exam_apply(db, e, &p.u.exam, err);
    case EVENT_SHARE_COMMITTED:
        return share_apply(db, e, p.u.share_committed.exam_uuid, p.u.share_committed.which,
                           STAGE_COMMITTED, db_blob(p.u.share_committed.share.b, DIGEST_BYTES),
                           err);
    case EVENT_SHARE_REVEALED:
        return share_apply(db, e, p.u.share_revealed.exam_uuid, p.u.share_revealed.which,
                           STAGE_REVEALED, db_bytes(p.u.share_revealed.sealed), err);
    case EVENT_EXAM_OPENED:
        return exam_state_apply(db, e, p.u.exam_opened.exam_uuid, STATE_OPENED,
                                db_blob(p.u.exam_opened.master.b, DIGEST_BYTES),
                                db_bytes(p.u.exam_opened.sealed), err);
    case EVENT_EXAM_CLOSED:
        return exam_state_apply(db, e, p.u.exam_closed.exam_uuid, STATE_CLOSED, db_null(),
                                db_null(), err);
    case EVENT_ITEM_WITHDRAWN:
        return withdrawal_apply(db, e, &p.u.withdrawn, err);
    case EVENT_EXEMPTION_SET:
        return exemption_apply(db, e, &p.u.exemption, err);
    case EVENT_ACTIVATION_ISSUED:
        return activation_apply(db, e, &p.u.activation, err);
    case EVENT_PASSWORD_SET:
        return password_apply(db, e, &p.u.password, err);
    case EVENT_LOGIN_REVOKED:
        return login_apply(db, e, &p.u.login, err);
    default:
        return err_set(err, ERR_CONFLICT, &msg_type, event_type_name(e->type), NULL, NULL, NULL);
    }
}
