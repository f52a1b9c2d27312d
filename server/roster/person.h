/* People: who is on the books of which unit, as it was at a date. Pure. */
#ifndef MINGFA_ROSTER_PERSON_H
#define MINGFA_ROSTER_PERSON_H

#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <stdint.h>

enum {
    PERSON_NUMBER_BYTES_MAX = 48,
    PERSON_NAME_BYTES_MAX = 128,
    PERSON_POST_BYTES_MAX = 256,
    PEOPLE_MAX = 1000000,
};

enum person_status { PERSON_ON_BOOKS = 1, PERSON_MOVED_OUT = 2, PERSON_RETIRED = 3 };

/* What a person-set event says. Texts are borrowed. Several posts are one record: a person is one
 * number, and is counted once. */
struct person_record {
    struct bytes number;
    struct bytes name;
    struct bytes unit; /* code */
    struct bytes category;
    enum person_status status;
    struct bytes valid_from; /* civil date */
    struct bytes post;
    struct bytes appointed; /* civil date or "" */
    uint32_t row;           /* of the imported file, as a spreadsheet counts; 0: of none */
};

struct person_version {
    struct bytes name, unit, category, valid_from, post, appointed;
    enum person_status status;
};

/* A person with their history, ascending valid_from; of equal ones the later said. */
struct person {
    struct bytes number;
    struct person_version *versions;
    size_t versions_count, versions_cap;
};

int person_record_check(const struct person_record *rec, struct err *err);
/* What holds at the date, or NULL if nothing does yet. */
const struct person_version *person_at(const struct person *person, struct bytes date);
/* 在册, 调出, 退休; and back, 0 if it is none of them. "" is 在册. */
const char *person_status_name(enum person_status status);
enum person_status person_status_parse(struct bytes text);

#endif
