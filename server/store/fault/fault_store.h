/* The fault engine: any other engine, failing by plan. For tests.
 *
 * Every operation goes to the wrapped engine unless the plan names this very call. With an empty
 * plan nothing can be told from the wrapped engine. As store.h has it, ERR_UNKNOWN closes the file:
 * its appends and rebuilds are refused with ERR_UNKNOWN until the store was closed and opened anew.
 * Thread: as the wrapped engine; a mutex guards the plan. */
#ifndef MINGFA_STORE_FAULT_FAULT_STORE_H
#define MINGFA_STORE_FAULT_FAULT_STORE_H

#include "question-bank/base/err.h"
#include "server/store/store.h"

#include <stddef.h>
#include <stdint.h>

enum fault_op {
    FAULT_APPEND = 0,
    FAULT_TAIL,
    FAULT_EVENTS_EACH,
    FAULT_SECRET_GET,
    FAULT_SESSIONS_EACH,
    FAULT_SCORES_EACH,
    FAULT_ATTENDANCE_EACH,
    FAULT_REBUILD,
    FAULT_ROWS_CHECK,
    FAULT_DUMP,
    FAULT_CHECKPOINT,
    FAULT_OPS
};

enum fault_kind {
    FAULT_IO = 1,         /* ERR_IO; nothing was done */
    FAULT_IO_MIDWAY,      /* the _each operations: ERR_IO after `rows` visits; others as FAULT_IO */
    FAULT_UNKNOWN_LOST,   /* append, rebuild: ERR_UNKNOWN, and it did not happen */
    FAULT_UNKNOWN_STORED, /* append, rebuild: ERR_UNKNOWN, and it did happen */
    /* NEGATIVE CONTROL: ERR_IO although it did happen, which store.h forbids. */
    FAULT_IO_STORED_FOR_NEGATIVE_CONTROL,
};

enum { FAULTS_MAX = 16 };

/* Calls nth … nth + calls - 1 of op on that file fail, counted from the last fault_store_plan. A disk
 * that is full: append, FAULT_IO, and a plan without it once there is room again. */
struct fault {
    enum fault_op op;
    enum store_file file; /* sessions, scores, attendance, secrets: STORE_RECORD */
    enum fault_kind kind;
    uint32_t nth;   /* from 1 */
    uint32_t calls; /* UINT32_MAX: all from there on */
    size_t rows;    /* FAULT_IO_MIDWAY */
};

/* Wraps inner with an empty plan; takes it on success (store_close closes both). ERR_NOMEM. */
int fault_store_open(struct store *inner, struct store **out, struct err *err);
/* Replaces the plan (copied, at most FAULTS_MAX) and counts calls from 1 again; files that an
 * unknown outcome has closed stay closed. s must come from fault_store_open. Thread: any. */
void fault_store_plan(struct store *s, const struct fault *faults, size_t count);
/* How many calls failed by plan since the store was opened. Thread: any. */
uint64_t fault_store_fired(struct store *s);

#endif
