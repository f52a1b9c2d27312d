/* Court hearings attended (旁听庭审): who has been to how many different ones in a span of days.
 * Pure. */
#ifndef MINGFA_ROSTER_HEARING_H
#define MINGFA_ROSTER_HEARING_H

#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum { HEARING_ID_BYTES_MAX = 64 };
enum hearing_mode { HEARING_ON_SITE = 1, HEARING_ONLINE = 2 };

/* An attendance or its revocation, in the order recorded. Texts are borrowed. */
struct attendance {
    uint32_t person; /* index in the roster */
    struct bytes hearing;
    struct bytes date; /* civil; not read for a revocation */
    enum hearing_mode mode;
    bool revoked;
};

/* 现场, 线上; and back, 0 if neither. */
const char *hearing_mode_name(enum hearing_mode mode);
enum hearing_mode hearing_mode_parse(struct bytes text);

/* counts[person] = different hearings attended with from <= date <= to, of which the last word is
 * not a revocation. The same hearing counts once, however often it is recorded. from or to "": open.
 * ERR_BAD_INPUT (a person beyond people_count), ERR_NOMEM. */
int hearings_count(const struct attendance *list, size_t count, struct bytes from, struct bytes to,
                   uint32_t *counts, size_t people_count, struct err *err);

#endif
