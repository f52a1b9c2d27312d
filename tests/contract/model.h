/* The rows that follow from a journal as of a moment, worked out by replaying it: a second opinion
 * on what an engine derives. Thread: one. */
#ifndef MINGFA_TESTS_CONTRACT_MODEL_H
#define MINGFA_TESTS_CONTRACT_MODEL_H

#include "tests/contract/journal.h"

#include <stdbool.h>

enum { MODEL_ROWS_MAX = 4096 };

struct model_attendance {
    struct attendance_row row;
    int64_t seq;
};

struct model {
    struct arena arena;
    struct session_row sessions[JOURNAL_SESSIONS_MAX]; /* by number; session 0: none */
    struct score_row scores[JOURNAL_SESSIONS_MAX];     /* the same */
    int64_t handin_ms[JOURNAL_SESSIONS_MAX];
    bool timed_out[JOURNAL_SESSIONS_MAX];
    struct model_attendance attendance[MODEL_ROWS_MAX]; /* in force; by date, then seq */
    size_t attendance_count;
};

/* From the stored events recorded before T. */
struct model *model_new(const struct journal *j, int64_t before_ms);
void model_free(struct model *m);
/* Are the store's rows as of T those of the model? NULL: yes; else which are not. exam NULL: all. */
const char *model_compare(const struct model *m, struct store *s, int64_t before_ms,
                          const uint8_t exam[16], const char *from, const char *to);

#endif
