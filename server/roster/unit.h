/* Units: the tree of bodies and their parts, as it was at a date. Pure. */
#ifndef MINGFA_ROSTER_UNIT_H
#define MINGFA_ROSTER_UNIT_H

#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <stdbool.h>
#include <stdint.h>

enum {
    UNIT_CODE_BYTES_MAX = 48,
    UNIT_NAME_BYTES_MAX = 256,
    UNIT_DEPTH_MAX = 16,
    UNITS_MAX = 50000
};

/* What a unit-set event says. Texts are borrowed. */
struct unit_record {
    struct bytes code;
    struct bytes name;
    struct bytes parent;     /* code; "" a root */
    struct bytes valid_from; /* civil date */
    struct bytes valid_to;   /* first civil date on which it is no more; "" open */
    uint32_t row;            /* of the imported file, as a spreadsheet counts; 0: of none */
};

struct unit_version {
    struct bytes name, parent, valid_from, valid_to;
};

/* A unit with its history, ascending valid_from. Owned by the roster. */
struct unit {
    struct bytes code;
    struct unit_version *versions;
    size_t versions_count, versions_cap;
};

/* Lengths, dates, text. ERR_BAD_INPUT naming what is wrong. */
int unit_record_check(const struct unit_record *rec, struct err *err);
/* The version in force at the date; NULL if it is none yet. An abolished unit's last version is
 * returned too: see unit_version_is_open. */
const struct unit_version *unit_at(const struct unit *unit, struct bytes date);
bool unit_version_is_open(const struct unit_version *v, struct bytes date);

struct roster;

/* A place of the tree. */
struct unit_node {
    uint32_t unit;           /* index in roster->units */
    int32_t parent;          /* index in nodes; -1: a root */
    uint32_t level;          /* 0: a root */
    uint32_t end;            /* one past the last node of its subtree */
    struct bytes code, name; /* borrowed from the roster */
};

/* Preorder, parents before children, siblings by code. */
struct unit_tree {
    struct unit_node *nodes;
    size_t count;
    int32_t *node_of_unit; /* roster->units_count entries; -1: not in the tree */
};

/* The tree at the date: every unit that is open then, or that `needed` (units_count flags, may be
 * NULL) names although it is not, and all that is above these, so that nobody falls out of it.
 * Borrows from the roster. ERR_CONFLICT (a circle, too deep), ERR_NOMEM. */
int unit_tree_make(const struct roster *roster, struct bytes date, const bool *needed,
                   struct unit_tree *out, struct err *err);
void unit_tree_fini(struct unit_tree *tree);

#endif
