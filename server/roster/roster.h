/* The roster: the unit tree and the people, with history, built by applying records in the order
 * they were recorded. What was true at a cut-off date is asked of the history.
 *
 * Thread: one writer; once nobody writes any more any thread may read (roster_clone makes the next
 * one while the last is being read). */
#ifndef MINGFA_ROSTER_ROSTER_H
#define MINGFA_ROSTER_ROSTER_H

#include "question-bank/base/arena.h"
#include "server/roster/person.h"
#include "server/roster/text_index.h"
#include "server/roster/unit.h"

enum { ROSTER_VERSIONS_MAX = 256 }; /* of one person or unit */

struct roster {
    struct arena texts;
    struct unit *units; /* in the order of their first record */
    size_t units_count, units_cap;
    struct person *people;
    size_t people_count, people_cap;
    struct text_index by_code, by_number;
};

/* Zeroes; holds nothing yet. */
void roster_init(struct roster *r);
void roster_fini(struct roster *r);
/* A deep copy. ERR_NOMEM. out must be uninitialised or finished. */
int roster_clone(const struct roster *r, struct roster *out, struct err *err);

/* Adds a version; a record of the same valid_from replaces the one before. On error the roster is
 * untouched. ERR_BAD_INPUT, ERR_NOT_FOUND (unknown parent or unit), ERR_CONFLICT (a circle),
 * ERR_LIMIT, ERR_NOMEM. */
int roster_set_unit(struct roster *r, const struct unit_record *rec, struct err *err);
int roster_set_person(struct roster *r, const struct person_record *rec, struct err *err);

/* Index, or -1. */
int64_t roster_find_unit(const struct roster *r, struct bytes code);
int64_t roster_find_person(const struct roster *r, struct bytes number);
/* Is the unit the other one, or below it, at the date? */
bool roster_unit_is_within(const struct roster *r, struct bytes code, struct bytes above,
                           struct bytes date);

#endif
