/* A scenario file: how an exam day goes. JSON, one object, strict: what is not known here, missing
 * or out of its range is refused by a sentence that names file, member, what was found and what was
 * expected. docs/load.md describes the members.
 *
 * Thread: reentrant. */
#ifndef MINGFA_LOAD_DAY_H
#define MINGFA_LOAD_DAY_H

#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <stdint.h>

enum {
    DAY_FILE_BYTES_MAX = 64 * 1024,
    DAY_NAME_BYTES_MAX = 60,
    DAY_PEOPLE_MAX = 60000,
    DAY_ANSWERS_MAX = 1000,
    DAY_MS_MAX = 600000, /* of one pause */
    DAY_S_MAX = 7200,
    PER_MILLE = 1000,
};

enum day_shape {
    SHAPE_EVEN = 0, /* one after the other, at equal distances */
    SHAPE_BURST,    /* thickest at the beginning: half of all in the first eighth */
};

enum day_hand_in {
    HAND_IN_DONE = 0, /* everybody when they have answered */
    HAND_IN_END,      /* all together near one moment, those who have answered by then */
};

struct range {
    uint32_t min, max;
};

struct day {
    char name[DAY_NAME_BYTES_MAX + 1];
    uint32_t seed, people;
    uint32_t arrive_over_s, arrive_shape; /* enum day_shape */
    struct range think_ms, answers, disconnect_ms;
    uint32_t hand_in_when; /* enum day_hand_in */
    uint32_t hand_in_at_s, hand_in_over_s;
    uint32_t slow_bytes, slow_pause_ms;
    uint32_t reload_pm, disconnect_pm, duplicate_pm; /* of a thousand answers */
    uint32_t slow_link_pm, never_hand_in_pm;         /* of a thousand people */
};

/* `file` is its name, for the sentences. ERR_BAD_INPUT, ERR_NOMEM. */
int day_parse(const char *file, struct bytes text, struct day *out, struct err *err);
/* And what reading it may fail with: ERR_NOT_FOUND, ERR_IO, ERR_LIMIT. */
int day_read(const char *path, struct day *out, struct err *err);

#endif
