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
    uint32_t pass_mark;           /* hundredths: the cut score */
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

/* The mask over the original options of a mask over the shown ones. */
uint32_t paper_item_original_mask(const struct paper_item *place, uint32_t shown);
/* responses: paper->count entries, what stands on each place.
 * awards: paper->count entries, caller's; may be NULL. *out is a value.
 * ERR_BAD_INPUT (rules of an unknown version), ERR_CORRUPT (an answer key that is no text), ERR_NOMEM. */
int paper_grade(const struct paper *paper, const struct scoring_rules *rules,
                const struct id_set *withdrawals, const struct response *responses,
                uint32_t *awards, struct score *out, struct err *err);
/* The responses that stand: counting, or late where accepted and newer. out: item_count entries,
 * shallow copies borrowed from s. */
void session_standing_responses(const struct session *s, struct response *out);

/* docs/record-format.md §5, scoring rules. decode: ERR_CORRUPT. */
void scoring_rules_encode(const struct scoring_rules *rules, struct buf *out);
int scoring_rules_decode(struct bytes raw, struct scoring_rules *out, struct err *err);
struct digest scoring_rules_digest(const struct scoring_rules *rules);
/* Over the array of [item index, value] by item index; what was never answered or was cleared is
 * left out. */
struct digest responses_digest(const struct response *responses, size_t count);
struct digest answer_keys_digest(const struct paper *paper);

#endif
