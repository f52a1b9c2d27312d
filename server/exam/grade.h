/* Marking: score = f(paper, answer keys, responses, rules, withdrawals). Pure integers.
 *
 * single, true/false, fill-in: all or nothing. multiple: all or nothing, or partial: nothing if any
 * wrong option is ticked, else the share correct ticked / correct, rounded down to hundredths.
 * Withdrawn items give everyone full marks. No response earns nothing. */
#ifndef MINGFA_EXAM_GRADE_H
#define MINGFA_EXAM_GRADE_H

#include "question-bank/bank/paper.h"
#include "server/exam/session.h"

enum multiple_rule { MULTIPLE_ALL_OR_NOTHING = 1, MULTIPLE_PARTIAL = 2 };
enum { BANDS_MAX = 8, BAND_NAME_BYTES_MAX = 48 };

struct band {
    char name[BAND_NAME_BYTES_MAX]; /* "优秀" */
    uint32_t minimum;               /* hundredths */
};

struct scoring_rules {
    uint32_t pass_mark; /* hundredths: the cut score */
    struct band bands[BANDS_MAX]; /* descending minimum */
    size_t bands_count;
    enum multiple_rule multiple;
    uint32_t fold_version;
};

struct score {
    uint32_t points, points_max; /* hundredths */
    bool passed;
    int band; /* index into rules->bands, or -1 */
};

/* awards: paper->count entries, caller's; may be NULL. *out is a value. */
int paper_grade(const struct paper *paper, const struct scoring_rules *rules,
                const struct id_set *withdrawals, const struct response *responses,
                uint32_t *awards, struct score *out, struct err *err);
/* The responses that stand: counting, or late where accepted and newer. out: item_count entries,
 * shallow copies borrowed from s. */
void session_standing_responses(const struct session *s, struct response *out);

void scoring_rules_encode(const struct scoring_rules *rules, struct buf *out);
int scoring_rules_decode(struct bytes raw, struct scoring_rules *out, struct err *err);
struct digest scoring_rules_digest(const struct scoring_rules *rules);
struct digest responses_digest(const struct response *responses, size_t count);
struct digest answer_keys_digest(const struct paper *paper);

#endif
