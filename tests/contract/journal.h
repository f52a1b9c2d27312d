/* A journal beside the store: what was handed to it, so that it can be asked for again.
 *
 * put adds an event to what is pending; append hands everything pending of a file over as one
 * batch. On failure it stays pending and can be handed over again or dropped. Thread: one. */
#ifndef MINGFA_TESTS_CONTRACT_JOURNAL_H
#define MINGFA_TESTS_CONTRACT_JOURNAL_H

#include "question-bank/base/arena.h"
#include "server/record/payload.h"
#include "server/record/registry_payload.h"
#include "server/store/store.h"

#include <stddef.h>
#include <stdint.h>

enum { JOURNAL_SESSIONS_MAX = 4096 };

struct journal_file {
    struct event *events;
    struct event_leaf *leaves;
    size_t count, stored, cap; /* the first `stored` of `count` are in the store */
};

struct journal {
    struct arena arena; /* payloads */
    struct journal_file files[STORE_FILES];
    struct store_secret secrets[JOURNAL_SESSIONS_MAX];
    size_t secrets_count, secrets_stored;
    int64_t last[JOURNAL_SESSIONS_MAX]; /* by session: seq of its last event, pending or not */
    int64_t now_ms;                     /* recorded_ms of what is put */
};

struct journal *journal_new(void);
void journal_free(struct journal *j);

/* Adds an event of any bytes; its leaf and its place in the session follow. Returned for changing
 * before append, to break it; until the next put. */
struct event *journal_put_raw(struct journal *j, enum store_file file, int64_t session,
                              uint16_t type, struct bytes payload);
void journal_put(struct journal *j, int64_t session, const struct payload *p);
void journal_put_entry(struct journal *j, const struct registry_payload *p);
/* The pending events of a file as a batch (borrowed); secrets go with the record. */
struct store_batch journal_batch(const struct journal *j, enum store_file file);
int journal_append(struct journal *j, struct store *s, enum store_file file, struct err *err);
void journal_drop(struct journal *j, enum store_file file);
/* What is pending turned out to be stored. */
void journal_is_stored(struct journal *j, enum store_file file);

/* Is the store exactly what was stored? Events of both files and of each session, ends, secrets.
 * NULL: yes; else what is not. */
const char *journal_compare(const struct journal *j, struct store *s);
/* The same as an assertion. */
void journal_expect(const struct journal *j, struct store *s);

/* ---- payloads in short: numbers stand for people, exams, hearings ---- */
void uuid_of(uint8_t out[16], const char *what, uint32_t number);
void pseudonym_of(uint8_t out[32], uint32_t person);
void put_started(struct journal *j, int64_t session, uint32_t exam, uint32_t person,
                 uint32_t attempt);
void put_responses(struct journal *j, int64_t session, uint32_t item);
void put_submitted(struct journal *j, int64_t session, int64_t at_ms);
void put_timed_out(struct journal *j, int64_t session, int64_t deadline_ms);
void put_graded(struct journal *j, int64_t session, uint32_t score, bool pending);
void put_act(struct journal *j, int64_t session, enum event_type type);
void put_reopened(struct journal *j, int64_t session);
void put_attended(struct journal *j, uint32_t person, uint32_t hearing, const char *date,
                  uint32_t mode);
void put_attendance_revoked(struct journal *j, uint32_t person, uint32_t hearing);
void put_login_revoked(struct journal *j, uint32_t person);

#endif
