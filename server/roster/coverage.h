/* Coverage: how far each unit is from everybody having sat, passed and attended a hearing.
 *
 * 应考 = assigned to the exam and 在册 at the cut-off − 免考 = 实考 + 待定 + 缓考 + 未考, at every node
 * of the unit tree, each counted by itself; a node's total = its own + its children's totals. A
 * person is the first that fits: 免考, 实考 (a standing score), 待定 (sat, no standing score yet),
 * 缓考, 未考 (not started, or writing). Pure. */
#ifndef MINGFA_ROSTER_COVERAGE_H
#define MINGFA_ROSTER_COVERAGE_H

#include "server/roster/roster.h"

enum exemption { EXEMPTION_NONE = 0, EXEMPTION_EXEMPT = 1, EXEMPTION_DEFERRED = 2 };

/* Where a person stands with the exam, over all their attempts. */
enum standing { STANDING_NONE = 0, STANDING_WRITING, STANDING_PENDING, STANDING_SCORED };

/* Which of several scores stands. The numbers of docs/record-format.md. */
enum attempt_rule { ATTEMPT_BEST = 1, ATTEMPT_LAST = 2, ATTEMPT_FIRST = 3 };

enum attempt_state { ATTEMPT_WRITING = 1, ATTEMPT_CLOSED, ATTEMPT_GRADED, ATTEMPT_VOIDED };

struct attempt {
    uint32_t attempt;         /* ordinal */
    enum attempt_state state; /* suspended counts as writing; CLOSED: handed in or timed out */
    bool pending;             /* 待定: a late response awaits a decision */
    uint32_t points;          /* hundredths */
    bool passed;
};

/* The standing over all attempts of one person: a voided attempt is none, a pending score does not
 * stand yet. *which is the index of the score that stands, or -1; may be NULL. Equal best scores: the
 * earliest. *passed is of the standing score. */
enum standing attempts_standing(const struct attempt *attempts, size_t count,
                                enum attempt_rule rule, int64_t *which, bool *passed);

/* What is known of one person, by index in roster->people. */
struct person_facts {
    enum exemption exemption;
    enum standing standing;
    bool passed;       /* only with STANDING_SCORED */
    uint32_t hearings; /* attended, see hearings_count */
};

struct coverage_input {
    const struct roster *roster;
    struct bytes cut_off;           /* civil date: staff as at its end */
    const struct bytes *categories; /* assigned to the exam; none: all */
    size_t categories_count;
    const struct person_facts *facts; /* roster->people_count */
};

enum coverage_field {
    COVERAGE_EXPECTED = 0, /* 应考 */
    COVERAGE_EXEMPTED,     /* 免考 */
    COVERAGE_SAT,          /* 实考 */
    COVERAGE_PASSED,       /* 合格 */
    COVERAGE_PENDING,      /* 待定 */
    COVERAGE_DEFERRED,     /* 缓考 */
    COVERAGE_MISSING,      /* 未考; 缺考 once the exam is closed */
    COVERAGE_ATTENDED,     /* 已旁听, of the expected */
    COVERAGE_INTEGRATED,   /* 合格 and 已旁听 */
    COVERAGE_FIELDS,
};

struct coverage_counts {
    uint64_t n[COVERAGE_FIELDS];
};

enum coverage_class {
    CLASS_NONE = 0, /* not on the books, or not assigned */
    CLASS_EXEMPTED,
    CLASS_SAT,
    CLASS_PENDING,
    CLASS_DEFERRED,
    CLASS_MISSING,
};

struct coverage_node {
    int32_t parent; /* -1: a root */
    uint32_t level;
    uint32_t end;            /* one past the last node of its subtree */
    struct bytes code, name; /* borrowed from the roster */
    struct coverage_counts own, total;
};

/* Where one person was counted. */
struct coverage_place {
    enum coverage_class class;
    int32_t node; /* -1 with CLASS_NONE */
};

struct coverage {
    struct coverage_node *nodes; /* preorder; the subtree of i is [i, nodes[i].end) */
    size_t count;
    struct coverage_place *places; /* by person index */
    size_t places_count;
};

/* Counts. The roster must outlive *out. ERR_BAD_INPUT (cut-off), ERR_CONFLICT (units in a circle),
 * ERR_NOMEM. */
int coverage_make(const struct coverage_input *in, struct coverage *out, struct err *err);
void coverage_fini(struct coverage *c);
/* Index of the node of a unit, or -1. */
int64_t coverage_find(const struct coverage *c, struct bytes code);
/* The first node that does not foot, or -1 if all do. *what (may be NULL): in words, static. */
int64_t coverage_check(const struct coverage *c, const char **what);

/* 应考, 免考, …; 未考 reads 缺考 when closed. */
const char *coverage_field_name(enum coverage_field field, bool closed);
/* The formula printed under every table. */
const char *coverage_formula(bool closed);

enum coverage_rate {
    RATE_PARTICIPATION = 0, /* 参考率 = 实考 / 应考 */
    RATE_PASS,              /* 合格率 = 合格 / 实考 */
    RATE_COVERAGE,          /* 覆盖率 = 合格 / 应考 */
    RATE_INTEGRATED,        /* 一体化覆盖率 = (合格 and 已旁听) / 应考 */
    RATES,
};
const char *coverage_rate_name(enum coverage_rate rate);
/* Basis points, rounded half up; -1 when there is nothing to divide by. */
int32_t coverage_rate(const struct coverage_counts *c, enum coverage_rate rate);
/* "99.55%", or "—" for -1. */
void rate_text(int32_t basis_points, char out[16]);
/* numerator / denominator in basis points, half up; -1 when the denominator is 0. */
int32_t rate_basis_points(uint64_t numerator, uint64_t denominator);

#endif
