/* Typed rows of the record file: sessions, marks, hand-ins, closures, scores, attendance.
 * Happy path: decode the payload, close the validity of what it supersedes, append the new row.
 * Thread: the writer's. */
#include "server/store/sqlite/rows.h"

#include "server/record/payload.h"

#include <assert.h>
#include <string.h>

const struct rows_table record_tables[] = {
    {"session", "SELECT * FROM session ORDER BY session", "DELETE FROM session", 1},
    {"mark", "SELECT * FROM mark ORDER BY session, seq", "DELETE FROM mark", 2},
    {"handin", "SELECT * FROM handin ORDER BY session, seq", "DELETE FROM handin", 2},
    {"closure", "SELECT * FROM closure ORDER BY session, seq", "DELETE FROM closure", 2},
    {"score", "SELECT * FROM score ORDER BY seq", "DELETE FROM score", 1},
    {"attendance", "SELECT * FROM attendance ORDER BY seq", "DELETE FROM attendance", 1},
};
const size_t record_tables_count = sizeof(record_tables) / sizeof(record_tables[0]);

static const struct msg msg_chain = {
    .id = "store-session-chain",
    .zh = "事件{0}没有接在会话{1}的最后一个事件之后",
    .en = "event {0} does not follow the last event of session {1}",
};
static const struct msg msg_meaning = {
    .id = "store-event-meaning",
    .zh = "事件{0}（{1}）与此前的记录矛盾",
    .en = "event {0} ({1}) contradicts what was recorded before",
};

static int chain_error(const struct event *e, struct err *err)
{
    char seq[24], session[24];

    return err_set(err, ERR_CONFLICT, &msg_chain, err_int(seq, e->seq),
                   err_int(session, e->session), NULL, NULL);
}

static int meaning_error(const struct event *e, struct err *err)
{
    char seq[24];

    return err_set(err, ERR_CONFLICT, &msg_meaning, err_int(seq, e->seq), event_type_name(e->type),
                   NULL, NULL);
}

/* What the file knows of a session that is not in memory. Its last event cannot be asked for; the
 * one that e names must be of the session and not before its last mark. */
static int tail_load(struct db *db, const struct event *e, struct tail *out, struct err *err)
{
    const struct db_value by_seq[] = {db_int(e->prev_seq)};
    const struct db_value by_session[] = {db_int(e->session)};
    int64_t session, mark, closed;
    int rc;

    rc = db_query_int(db, "SELECT session FROM event WHERE seq = ?1", by_seq, 1, &session, err);
    if (rc < 0)
        return rc;
    if (rc == 0 || session != e->session)
        return chain_error(e, err);
    rc =
        db_query_int(db, "SELECT max(seq) FROM mark WHERE session = ?1", by_session, 1, &mark, err);
    if (rc < 0)
        return rc;
    if (rc == 0 || mark > e->prev_seq)
        return chain_error(e, err);
    rc = db_query_int(db,
                      "SELECT 1 FROM closure WHERE session = ?1 AND superseded_seq IS NULL LIMIT 1",
                      by_session, 1, &closed, err);
    if (rc < 0)
        return rc;
    *out = (struct tail){.session = e->session, .last_seq = e->prev_seq, .closed = rc == 1};
    return 0;
}

int record_rows_check(struct db *db, struct tails *tails, const struct event *e, struct tail *tail,
                      struct err *err)
{
    memset(tail, 0, sizeof(*tail));
    if ((e->prev_seq == 0) != (e->type == EVENT_SESSION_STARTED) || e->prev_seq >= e->seq)
        return chain_error(e, err);
    if (tails_get(tails, e->session, tail))
        return tail->last_seq == e->prev_seq ? 0 : chain_error(e, err);
    return e->prev_seq == 0 ? 0 : tail_load(db, e, tail, err);
}

/* ------------------------------------------------------------------ sessions */

static int started_apply(struct db *db, const struct event *e, const struct session_started *p,
                         struct err *err)
{
    const struct db_value values[] = {
        db_int(e->session),        db_blob(p->session_uuid, 16), db_blob(p->exam_uuid, 16),
        db_blob(p->pseudonym, 32), db_int(p->attempt),           db_int(e->seq),
        db_int(p->at_ms),          db_int(e->recorded_ms),
    };

    return db_run(db, "INSERT INTO session VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)", values, 8,
                  err);
}

static int handin_apply(struct db *db, const struct event *e, int64_t at_ms, struct err *err)
{
    const struct db_value values[] = {db_int(e->session), db_int(e->seq), db_int(at_ms)};

    return db_run(db, "INSERT INTO handin VALUES (?1, ?2, ?3)", values, 3, err);
}

static int closure_open(struct db *db, const struct event *e, struct err *err)
{
    const struct db_value values[] = {db_int(e->session), db_int(e->seq), db_int(e->recorded_ms)};

    return db_run(db, "INSERT INTO closure VALUES (?1, ?2, ?3, NULL, NULL)", values, 3, err);
}

static int score_supersede(struct db *db, const struct event *e, struct err *err)
{
    const struct db_value values[] = {db_int(e->session), db_int(e->seq), db_int(e->recorded_ms)};

    return db_run(db,
                  "UPDATE score SET superseded_seq = ?2, superseded_ms = ?3"
                  " WHERE session = ?1 AND superseded_seq IS NULL",
                  values, 3, err);
}

static int graded_apply(struct db *db, const struct event *e, const struct session_graded *p,
                        struct err *err)
{
    const struct db_value values[] = {
        db_int(e->seq),    db_int(e->session), db_int(p->score),   db_int(p->points),
        db_int(p->passed), db_int(p->band),    db_int(p->pending), db_int(e->recorded_ms),
    };
    int rc = score_supersede(db, e, err);

    if (rc != 0)
        return rc;
    /* Exam, person and attempt are the session's; the time is that of its last hand-in. */
    rc = db_run(db,
                "INSERT INTO score SELECT ?1, s.session, s.exam, s.pseudonym, s.attempt, ?3, ?4,"
                " ?5, ?6, ?7, 0, h.at_ms, ?8, NULL, NULL"
                " FROM session s JOIN handin h ON h.session = s.session WHERE s.session = ?2"
                " ORDER BY h.seq DESC LIMIT 1",
                values, 8, err);
    if (rc == 0 && sqlite3_changes(db->sql) != 1)
        rc = meaning_error(e, err);
    return rc;
}

/* The score in force, if there is one, is followed by the same one marked as void. */
static int voided_apply(struct db *db, const struct event *e, struct err *err)
{
    const struct db_value values[] = {db_int(e->session), db_int(e->seq), db_int(e->recorded_ms)};
    const char *copy =
        "INSERT INTO score SELECT ?2, session, exam, pseudonym, attempt, points, points_max,"
        " passed, band, pending, 1, graded_ms, ?3, NULL, NULL FROM score"
        " WHERE session = ?1 AND superseded_seq = ?2";
    int rc = score_supersede(db, e, err);

    return rc != 0 ? rc : db_run(db, copy, values, 3, err);
}

static int reopened_apply(struct db *db, const struct event *e, struct err *err)
{
    const struct db_value values[] = {db_int(e->session), db_int(e->seq), db_int(e->recorded_ms)};
    int rc = score_supersede(db, e, err);

    return rc != 0 ? rc
                   : db_run(db,
                            "UPDATE closure SET superseded_seq = ?2, superseded_ms = ?3"
                            " WHERE session = ?1 AND superseded_seq IS NULL",
                            values, 3, err);
}

static int mark_apply(struct db *db, const struct event *e, struct err *err)
{
    const struct db_value values[] = {db_int(e->session), db_int(e->seq)};

    return db_run(db, "INSERT INTO mark VALUES (?1, ?2)", values, 2, err);
}

/* *closed: the session's state before and after. */
static int session_rows_apply(struct db *db, const struct event *e, const struct payload *p,
                              bool *closed, struct err *err)
{
    int rc;

    switch (p->type) {
    case EVENT_SESSION_STARTED:
        return started_apply(db, e, &p->u.started, err);
    case EVENT_SESSION_SUBMITTED:
        return handin_apply(db, e, p->u.submitted.at_ms, err);
    case EVENT_SESSION_TIMED_OUT:
        return handin_apply(db, e, p->u.timed_out.deadline_ms, err);
    case EVENT_SESSION_GRADED:
    case EVENT_SESSION_VOIDED:
        rc = p->type == EVENT_SESSION_GRADED ? graded_apply(db, e, &p->u.graded, err)
                                             : voided_apply(db, e, err);
        if (rc == 0 && !*closed)
            rc = closure_open(db, e, err);
        *closed = true;
        return rc;
    case EVENT_SESSION_REOPENED:
        *closed = false;
        return reopened_apply(db, e, err);
    default:
        return 0;
    }
}

/* ------------------------------------------------------------------ attendance */

static int attendance_supersede(struct db *db, const struct event *e, const uint8_t pseudonym[32],
                                struct bytes hearing, struct err *err)
{
    const struct db_value values[] = {db_blob(pseudonym, 32), db_text(hearing), db_int(e->seq),
                                      db_int(e->recorded_ms)};

    return db_run(db,
                  "UPDATE attendance SET superseded_seq = ?3, superseded_ms = ?4"
                  " WHERE pseudonym = ?1 AND hearing = ?2 AND superseded_seq IS NULL",
                  values, 4, err);
}

static int attended_apply(struct db *db, const struct event *e, const struct hearing_attended *p,
                          struct err *err)
{
    const struct db_value values[] = {
        db_int(e->seq),   db_blob(p->pseudonym, 32), db_text(p->hearing),
        db_text(p->date), db_int(p->mode),           db_int(e->recorded_ms),
    };
    int rc = attendance_supersede(db, e, p->pseudonym, p->hearing, err);

    return rc != 0
               ? rc
               : db_run(db, "INSERT INTO attendance VALUES (?1, ?2, ?3, ?4, ?5, ?6, NULL, NULL)",
                        values, 6, err);
}

static bool type_is_of_session(uint16_t type)
{
    return type >= EVENT_SESSION_STARTED && type <= EVENT_LATE_DECIDED;
}

int record_rows_apply(struct db *db, struct tails *tails, struct arena *arena,
                      const struct event *e, struct tail *tail, struct err *err)
{
    struct payload p;
    bool was_closed = tail->closed;
    int rc = 0;

    if (type_is_of_session(e->type) != (e->session != 0))
        return meaning_error(e, err);
    /* Responses are not looked into: they are the hot path, and no row comes from them. */
    if (e->type != EVENT_RESPONSES) {
        arena_reset(arena);
        rc = payload_decode(e->type, e->payload, arena, &p, err);
        if (rc != 0)
            return rc;
        if (p.type == EVENT_HEARING_ATTENDED)
            return attended_apply(db, e, &p.u.attended, err);
        if (p.type == EVENT_ATTENDANCE_REVOKED)
            return attendance_supersede(db, e, p.u.revoked.pseudonym, p.u.revoked.hearing, err);
        rc = session_rows_apply(db, e, &p, &tail->closed, err);
    }
    if (rc == 0 && (e->type != EVENT_RESPONSES || was_closed))
        rc = mark_apply(db, e, err);
    if (rc != 0)
        return rc;
    tail->session = e->session;
    tail->last_seq = e->seq;
    rc = tails_put(tails, tail);
    return rc == 0 ? 0 : err_set(err, rc, NULL, NULL, NULL, NULL, NULL);
}
