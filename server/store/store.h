/* The store: two append-only journals and what is derived from them.
 *
 * One contract, several engines: `sqlite/` and `fault/`, which wraps any engine and fails the n-th
 * operation. tests/contract/ runs every engine through the same suite.
 *
 * append is all or nothing and durable when it returns 0: the event rows, their leaves, the new
 * session secrets and the typed rows derived from the events are committed and synced together.
 * On ERR_IO nothing was stored; on ERR_UNKNOWN the caller must reopen and look.
 *
 * Thread: one writer per file at a time may append; reads may run on any thread at the same time
 * (engines use a connection per reading thread or lock internally) and see only whole commits. */
#ifndef MINGFA_STORE_STORE_H
#define MINGFA_STORE_STORE_H

#include "question-bank/base/err.h"
#include "server/record/event.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum store_file { STORE_RECORD = 0, STORE_REGISTRY = 1, STORE_FILES = 2 };
enum {
    STORE_BATCH_EVENTS_MAX = 1 << 18,      /* of a batch; an import is one batch */
    STORE_BATCH_SESSION_EVENTS_MAX = 1024, /* of these, events of sessions */
};

/* Its name in a data directory: "record.db", "registry.db". */
const char *store_file_name(enum store_file);

/* A session secret that first appears in this batch (with its session-started event). */
struct store_secret {
    int64_t session;
    uint8_t secret[32];
};

struct store_batch {
    const struct event *events;      /* seq ascending, following the last one without a gap */
    const struct event_leaf *leaves; /* one per event */
    size_t count;
    const struct store_secret *secrets;
    size_t secrets_count;
};

struct store_tail {
    int64_t seq;         /* 0: empty */
    int64_t recorded_ms; /* 0: empty */
    int64_t session;     /* greatest session number (record file) */
};

/* Typed rows, for reports. Texts are borrowed for the visit. */
struct session_row {
    int64_t session;
    uint8_t session_uuid[16], exam_uuid[16], pseudonym[32];
    uint32_t attempt;
    int64_t first_seq, started_ms;
    int64_t closed_seq; /* 0: still open (neither graded nor voided) */
};
struct score_row {
    int64_t session;
    int64_t seq; /* of the event that it is from */
    uint8_t exam_uuid[16], pseudonym[32];
    uint32_t attempt;
    uint32_t points, points_max;
    bool passed, pending, voided;
    int32_t band;
    int64_t graded_ms; /* received time of hand-in or deadline */
    bool timed_out;    /* it was the deadline; of voided ones undefined */
    int64_t recorded_ms;
};
struct attendance_row {
    uint8_t pseudonym[32]; /* site pseudonym */
    struct bytes hearing, date;
    uint8_t mode;
    int64_t recorded_ms;
};

/* What a comparison of the typed rows with the events found. Texts are empty if nothing differs. */
enum store_row_fault {
    STORE_ROWS_EQUAL = 0,
    STORE_ROW_MISSING, /* the events give it, it is not stored */
    STORE_ROW_EXTRA,   /* it is stored, the events do not give it */
    STORE_ROW_DIFFERS, /* in a column */
};
enum { STORE_ROW_TEXT_BYTES_MAX = 64 };

struct store_rows_report {
    enum store_file file;
    int64_t events;      /* read */
    int64_t rows;        /* that the events give, of all typed tables */
    int64_t differences; /* missing, extra and differing rows; 0: equal */
    /* The first difference: the table's name, the row ("session=3, seq=40"), the column. Numbers are
     * shown as both sides have them; texts and bytes are not, for they may be personal or secret. */
    enum store_row_fault fault;
    char table[STORE_ROW_TEXT_BYTES_MAX], id[STORE_ROW_TEXT_BYTES_MAX];
    char column[STORE_ROW_TEXT_BYTES_MAX];
    char stored[24], derived[24];
};

struct store;

struct store_ops {
    int (*append)(struct store *, enum store_file, const struct store_batch *, struct err *);
    int (*tail)(struct store *, enum store_file, struct store_tail *, struct err *);
    /* Events with seq >= from (and of that session only, if session != 0; then by the session
     * index of typed rows / prev_seq), ascending. A nonzero return of visit stops and is returned. */
    int (*events_each)(struct store *, enum store_file, int64_t from_seq, int64_t session,
                       int (*visit)(void *, const struct event *), void *arg, struct err *);
    int (*secret_get)(struct store *, int64_t session, uint8_t out[32], struct err *);
    /* Sessions recorded before T (INT64_MAX: now). only_open: those not graded or voided. */
    int (*sessions_each)(struct store *, bool only_open, int64_t before_ms,
                         int (*visit)(void *, const struct session_row *), void *arg, struct err *);
    /* The row in force at T for each graded session of the exam (NULL: all exams). Voided ones
     * included, marked. */
    int (*scores_each)(struct store *, const uint8_t exam_uuid[16], int64_t before_ms,
                       int (*visit)(void *, const struct score_row *), void *arg, struct err *);
    /* Attendance in force at T with from <= date < to (civil dates as text). */
    int (*attendance_each)(struct store *, const char *from, const char *to, int64_t before_ms,
                           int (*visit)(void *, const struct attendance_row *), void *arg,
                           struct err *);
    /* Drops all typed rows of the file and derives them again from the events. */
    int (*rebuild)(struct store *, enum store_file, struct err *);
    /* Derives the typed rows of the file anew from its events, beside the stored ones, and compares.
     * One snapshot; changes nothing. 0: *out says what was found, also if rows differ (rebuild mends
     * them). ERR_CORRUPT: the file or its events are damaged, or these contradict each other.
     * Needs room in the system's temporary directory for the rows and the list of events. Any
     * thread, off the writer. */
    int (*rows_check)(struct store *, enum store_file, struct store_rows_report *out,
                      struct err *err);
    /* One line of text per typed row, in a fixed order, for comparing. */
    int (*dump)(struct store *, enum store_file, struct buf *out, struct err *);
    /* Moves the log into the main file; own thread, off the writer. */
    int (*checkpoint)(struct store *, enum store_file, struct err *);
    /* Bytes of the log in use, as of the last commit, for metrics; 0 where there is none. Any thread. */
    int64_t (*log_bytes)(const struct store *, enum store_file);
    void (*close)(struct store *); /* frees */
};

struct store {
    const struct store_ops *ops;
};

int store_append(struct store *, enum store_file, const struct store_batch *, struct err *);
int store_tail(struct store *, enum store_file, struct store_tail *, struct err *);
int store_events_each(struct store *, enum store_file, int64_t from_seq, int64_t session,
                      int (*visit)(void *, const struct event *), void *arg, struct err *);
int store_secret_get(struct store *, int64_t session, uint8_t out[32], struct err *);
int store_sessions_each(struct store *, bool only_open, int64_t before_ms,
                        int (*visit)(void *, const struct session_row *), void *arg, struct err *);
int store_scores_each(struct store *, const uint8_t exam_uuid[16], int64_t before_ms,
                      int (*visit)(void *, const struct score_row *), void *arg, struct err *);
int store_attendance_each(struct store *, const char *from, const char *to, int64_t before_ms,
                          int (*visit)(void *, const struct attendance_row *), void *arg,
                          struct err *);
int store_rebuild(struct store *, enum store_file, struct err *);
int store_rows_check(struct store *, enum store_file, struct store_rows_report *out,
                     struct err *err);
/* The first difference as an error (ERR_CORRUPT) that names file, table, row and column, for people;
 * 0, with err untouched, if there is none. */
int store_rows_report_err(const struct store_rows_report *, struct err *err);
int store_dump(struct store *, enum store_file, struct buf *out, struct err *);
int store_checkpoint(struct store *, enum store_file, struct err *);
int64_t store_log_bytes(const struct store *, enum store_file);
void store_close(struct store *);

#endif
