/* The parts that registry and views share: counted, and copied before they are written while
 * anybody else holds them. Inside of live. Thread: counts by any; the rest as registry.h says. */
#ifndef MINGFA_LIVE_PARTS_H
#define MINGFA_LIVE_PARTS_H

#include "server/live/registry.h"

#include <stdatomic.h>

struct roster_part {
    atomic_uint refs;
    struct roster roster;
};
struct roster_part *roster_part_new(void);
struct roster_part *roster_part_clone(const struct roster_part *p, struct err *err);
void roster_part_drop(struct roster_part *p);

/* What never changes after an exam's creation. */
struct exam_core {
    atomic_uint refs;
    struct arena arena;
    struct exam_definition definition;
    struct blueprint blueprint; /* draw plans borrow it */
};

/* A draw plan for one state of the withdrawals. It borrows from the core, which every part that
 * holds the plan holds too. */
struct plan_part {
    atomic_uint refs;
    struct draw_plan *plan;
};

struct exam_part {
    atomic_uint refs;
    struct exam_view view;
    struct exam_core *core;
    struct plan_part *plan; /* NULL: not open yet, or no bank */
    struct exam_share shares[2];
    struct bytes *withdrawals; /* each malloc'd */
    size_t withdrawals_count;
    struct view_exemption *exemptions; /* by person */
    size_t exemptions_count, exemptions_cap;
};
/* From the payload of its exam-created event. ERR_CORRUPT, ERR_NOMEM. */
int exam_part_new(const struct bank *const *banks, size_t banks_count, struct bytes payload,
                  struct exam_part **out, struct err *err);
struct exam_part *exam_part_clone(const struct exam_part *p); /* NULL without memory */
void exam_part_drop(struct exam_part *p);
/* Makes the draw plan anew. */
int exam_part_plan(struct exam_part *p, struct err *err);
int exam_part_withdraw(struct exam_part *p, struct bytes item, struct err *err);
int exam_part_exempt(struct exam_part *p, uint32_t person, uint32_t kind);

struct view_part {
    struct registry_view view; /* first: a view is its part */
    atomic_uint refs;
    struct arena arena;
    struct roster_part *roster;
    struct exam_part **exams;
    size_t exams_count;
};
/* Holds the parts; with one holder itself. NULL without memory. */
struct view_part *view_part_new(struct roster_part *roster, struct exam_part *const *exams,
                                size_t count);

bool part_is_shared(const atomic_uint *refs);

#endif
