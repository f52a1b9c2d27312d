/* Job: one thing that somebody asks of the live core.
 *
 * The caller fills `type`, who acts, and the member of `in` that belongs to the type; live fills
 * `rc`, `err` and the member of `out`. From live_submit until the job is handed back (done_batch, or
 * the return of live_call) it belongs to live, with everything it borrows. Results in arena memory
 * die with the arena; those marked "heap" with job_fini, which every caller calls when finished.
 *
 * Who acts: `person` is the number of the logged-in person; empty is the server itself (main, for
 * the first administrator), never a request. For acts on a session: with `officer` false only the
 * person's own sessions exist (else ERR_NOT_FOUND); with `officer` true those of people whose unit
 * is now within `scope` (a unit code; "" everything), and nobody's own, else ERR_DENIED. That a person may act as
 * officer is the caller's question (view_role_allows). */
#ifndef MINGFA_LIVE_JOB_H
#define MINGFA_LIVE_JOB_H

#include "question-bank/base/arena.h"
#include "question-bank/base/err.h"
#include "question-bank/base/list.h"
#include "server/exam/grade.h"
#include "server/exam/session.h"
#include "server/live/view.h"
#include "server/record/registry_payload.h"
#include "server/roster/coverage.h"
#include "server/roster/roster_import.h"

#include <stdbool.h>
#include <stdint.h>

enum job_type {
    /* the record writer */
    JOB_START = 1,     /* in.start -> out.session */
    JOB_OPEN,          /* in.open -> out.ack */
    JOB_SAVE,          /* in.save -> out.ack */
    JOB_HEARTBEAT,     /* in.session_uuid -> out.ack; nothing is stored */
    JOB_SUBMIT,        /* in.submit -> out.session (with score, without waiting for anybody) */
    JOB_VIEW,          /* in.session_uuid -> out.session; nothing is stored */
    JOB_REVIEW,        /* in.session_uuid -> out.session, if its answer keys may be shown */
    JOB_SUSPEND,       /* in.act: officers' acts -> out.ack */
    JOB_RESUME,        /* in.act */
    JOB_EXTRA_TIME,    /* in.act, ms */
    JOB_VOID,          /* in.act */
    JOB_REOPEN,        /* in.act, deadline_ms */
    JOB_LATE_DECISION, /* in.act, accepted */
    JOB_ATTENDANCE,    /* in.attendance -> out.attendance */
    JOB_STANDINGS,     /* -> out.standings: the person's exams */
    JOB_SESSIONS,      /* in.exam_uuid -> out.sessions: sessions of an exam within scope */
    /* the registry writer */
    JOB_IMPORT_UNITS,  /* in.import */
    JOB_IMPORT_PEOPLE, /* in.import */
    JOB_ROLE_GRANT,    /* in.role */
    JOB_ROLE_REVOKE,   /* in.role */
    JOB_EXAM_CREATE,   /* in.definition -> out.exam_uuid */
    JOB_SHARE_COMMIT,  /* in.share: digest */
    JOB_SHARE_REVEAL,  /* in.share: share */
    JOB_EXAM_OPEN,     /* in.exam_uuid */
    JOB_EXAM_CLOSE,    /* in.exam_uuid */
    JOB_WITHDRAW,      /* in.withdrawal */
    JOB_EXEMPTION,     /* in.exemption */
    JOB_ACTIVATION,    /* in.activation -> out.activation */
    JOB_LOGINS_REVOKE, /* in.target: ends all logins of that person */
    JOB_LOGOUT,        /* in.login: ends this one login */
    /* workers */
    JOB_LOGIN,    /* in.login_request: person, password -> out.login */
    JOB_ACTIVATE, /* in.login_request: person, code, new_password -> out.login */
    JOB_PASSWORD, /* in.login_request: password, new_password; login: the one that stays */
    JOB_COVERAGE, /* in.report -> out.coverage */
    JOB_SCORES,   /* in.report -> out.scores */
    JOB_MISSING,  /* in.report -> out.missing */
    JOB_CALL,     /* in.call: the caller's own slow work (parsing, XLSX) */
    JOB_TYPE_END,
};

enum {
    REASON_BYTES_MAX = 2048,
    PASSWORD_CHARS_MIN = 10,
    PASSWORD_BYTES_MAX = 128,
    ACTIVATION_CODE_CHARS = 16, /* Crockford base32: 80 random bits */
    ACTIVATIONS_PER_JOB_MAX = 1000,
    NOTICES_MAX = 4, /* the newest of a session */
    TOKEN_CHARS_MAX = 160,
};

struct job;

/* ------------------------------------------------------------------------------ inputs */

struct start_input {
    uint8_t exam_uuid[16];
    uint32_t attempt; /* from 1 */
    uint8_t nonce[32];
};
struct open_input {
    uint8_t session_uuid[16];
    uint8_t device_id[16];
};
struct save_input {
    uint8_t session_uuid[16];
    uint32_t epoch;
    const struct response_input *responses; /* at most RESPONSES_PER_SAVE_MAX */
    size_t responses_count;
};
struct submit_input {
    uint8_t session_uuid[16];
    uint32_t epoch;
    uint64_t device_seq;
};
struct act_input {
    uint8_t session_uuid[16];
    struct bytes reason; /* 1..REASON_BYTES_MAX bytes of NFC text */
    int64_t ms, deadline_ms;
    bool accepted;
};
struct attendance_input {
    const struct attendance_record *records; /* attendance_import, with nothing known */
    size_t count;
};
/* Records of units_import or people_import; view_serial: registry_view.serial they were compared
 * with (0: do not ask); the job is refused with ERR_STALE if the roster changed since. */
struct import_input {
    const struct unit_record *units;
    const struct person_record *people;
    size_t count;
    struct digest file;
    const struct import_report *report; /* may be NULL */
    uint64_t view_serial;
};
struct role_input {
    struct bytes person, role, unit; /* unit "": everything */
};
struct share_input {
    uint8_t exam_uuid[16];
    enum share_which which;
    struct digest digest; /* JOB_SHARE_COMMIT: draw_share_digest */
    uint8_t share[32];    /* JOB_SHARE_REVEAL */
};
struct withdrawal_input {
    uint8_t exam_uuid[16];
    struct bytes item, reason;
};
struct exemption_input {
    uint8_t exam_uuid[16];
    struct bytes person;
    uint32_t kind; /* enum exemption */
    struct bytes reason, document;
};
/* view_serial: registry_view.serial by whose roles the caller may issue these codes (0: do not ask);
 * the job is refused with ERR_STALE if a role was granted or revoked since. */
struct activation_input {
    const struct bytes *people; /* numbers */
    size_t count;
    uint64_t view_serial;
};
/* A login as its token says it (live_login_check). */
struct login {
    uint32_t person; /* index in the roster */
    uint64_t id;
    int64_t issued_ms, expires_ms;
    char number[PERSON_NUMBER_BYTES_MAX + 1];
};
struct login_request {
    struct bytes person; /* JOB_LOGIN, JOB_ACTIVATE */
    struct bytes password, code, new_password;
    const char *address; /* what counts as one client, for back-off */
};
struct report_input {
    uint8_t exam_uuid[16];
    int64_t as_of_ms; /* what was recorded before; INT64_MAX: now */
};
struct call_input {
    void (*run)(struct job *job); /* on a worker; sets job->rc and job->err */
    void *arg;
};

/* ------------------------------------------------------------------------------ results */

/* What every act on a session is answered with. */
struct session_ack {
    uint8_t session_uuid[16];
    int64_t seq;        /* of the session's last event */
    struct digest head; /* of its chain */
    int64_t server_time_ms;
    int64_t deadline_ms;
    enum session_state state;
    bool late;                 /* something sent now came late: kept, not counted */
    bool pending;              /* late responses await a decision */
    size_t stored, repeated;   /* JOB_SAVE */
    const struct err *notices; /* sentences for the candidate (err_text), oldest first; arena */
    size_t notices_count;
    uint32_t epoch; /* of the device that opened last; JOB_OPEN: of this one */
    /* JOB_OPEN */
    uint64_t next_seq;
    const struct response *responses; /* item_count; the newest of each item; arena */
    uint32_t item_count;
};

/* A session as its candidate sees it; everything in the arena, items borrowed from the bank (which
 * lives as long as live does). */
struct session_view {
    struct session_ack ack; /* responses included */
    bool created;           /* JOB_START: it is new */
    uint8_t exam_uuid[16];
    uint32_t person; /* index in the roster */
    uint32_t attempt;
    int64_t started_ms, grace_ms, closed_ms; /* closed_ms 0: open */
    struct paper paper;
    struct digest paper_digest;
    bool has_score;
    struct score score;
    char band[BAND_NAME_BYTES_MAX]; /* "" none */
    const uint32_t *awards;         /* paper.count, with a score; else NULL */
};

struct attendance_result {
    size_t stored, same;
};

struct exam_standing {
    uint8_t exam_uuid[16];
    uint32_t attempts_used;
    uint32_t next_attempt; /* 0: none left, or one is running */
    enum exemption exemption;
    bool has_session; /* the running one, else the newest */
    uint8_t session_uuid[16];
    uint32_t attempt;
    enum session_state state;
    int64_t deadline_ms;
    bool has_result; /* the one that counts */
    struct score result;
    char band[BAND_NAME_BYTES_MAX];
};
/* Exams assigned to the person (or in which they have a session), in the view's order; arena. */
struct standings {
    const struct exam_standing *exams;
    size_t count;
    uint32_t hearings_year, hearings; /* different ones attended in the civil year of now */
};

struct session_line {
    uint8_t session_uuid[16];
    uint32_t person, attempt;
    enum session_state state;
    int64_t started_ms, deadline_ms;
};
/* Heap. */
struct session_lines {
    struct session_line *lines;
    size_t count;
    const struct registry_view *view; /* held until job_fini */
};

struct activation_code {
    struct bytes person; /* as asked for */
    char code[ACTIVATION_CODE_CHARS + 1];
    int64_t expires_ms;
};
struct activation_result {
    const struct activation_code *codes; /* arena; shown once */
    size_t count;
};

struct login_result {
    char token[TOKEN_CHARS_MAX + 1];
    struct login login;
};

/* Heap: coverage and roster live until job_fini. rows of the table: coverage.nodes. */
struct coverage_result {
    struct coverage coverage;
    const struct roster *roster; /* as of then */
    int64_t as_of_ms;
    bool closed;                      /* 未考 reads 缺考 */
    const struct registry_view *view; /* held until job_fini */
    const struct exam_view *exam;
};

struct score_line {
    uint32_t person; /* index in roster->people */
    uint32_t attempt;
    struct score score;
    char band[BAND_NAME_BYTES_MAX];
    bool pending;
    int64_t closed_ms;
};
/* The scores that stand (pending ones too, marked), by person index. Heap. */
struct scores_result {
    struct score_line *lines;
    size_t count;
    const struct roster *roster;
    struct bytes cut_off; /* person_at(…, cut_off): their unit then */
    int64_t as_of_ms;
    const struct registry_view *view; /* held until job_fini */
};

enum missing_standing {
    MISSING_NOT_STARTED = 0,
    MISSING_WRITING,
    MISSING_DEFERRED,
    MISSING_PENDING
};
struct missing_line {
    uint32_t person;
    enum missing_standing standing;
};
/* Heap. */
struct missing_result {
    struct missing_line *lines;
    size_t count;
    const struct roster *roster;
    struct bytes cut_off;
    const struct registry_view *view; /* held until job_fini */
};

/* ------------------------------------------------------------------------------ the job */

struct job {
    struct list_node node; /* live's from submit to done; then in the list given to done_batch */
    enum job_type type;
    void *user;          /* the caller's own */
    unsigned home;       /* the caller's own: the loop it goes back to */
    struct arena *arena; /* the request's; results are put there */
    int64_t received_ms; /* stamped by the caller when the request was complete */
    struct bytes person;
    bool officer;
    struct bytes scope;
    struct login login; /* JOB_LOGOUT, JOB_PASSWORD: the login that asks */

    union {
        uint8_t session_uuid[16];
        uint8_t exam_uuid[16];
        struct start_input start;
        struct open_input open;
        struct save_input save;
        struct submit_input submit;
        struct act_input act;
        struct attendance_input attendance;
        struct import_input import;
        struct role_input role;
        const struct exam_definition *definition;
        struct share_input share;
        struct withdrawal_input withdrawal;
        struct exemption_input exemption;
        struct activation_input activation;
        struct bytes target; /* a person's number */
        struct login_request login_request;
        struct report_input report;
        struct call_input call;
    } in;

    int rc; /* 0 or enum err_code */
    struct err err;
    union {
        struct session_ack ack;
        struct session_view session;
        struct attendance_result attendance;
        struct standings standings;
        struct session_lines sessions;
        uint8_t exam_uuid[16];
        struct activation_result activation;
        struct login_result login;
        struct coverage_result coverage;
        struct scores_result scores;
        struct missing_result missing;
    } out;

    void *own; /* live's */
};

/* Frees heap results and lets go of views; wipes nothing of the caller's. Once per job that was
 * handed back; harmless for jobs without heap results and for failed ones. Any thread. */
void job_fini(struct job *job);
const char *job_type_name(enum job_type type);

#endif
