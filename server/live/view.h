/* The registry as readers see it: immutable, counted, published whole after each commit.
 *
 * A view is held by live_view_acquire and let go by view_release; everything it points to lives as
 * long as it is held. Views share what did not change (roster, exams). Person indices are stable for
 * ever: people are never removed, and a rebuilt registry numbers them in the same order.
 *
 * Thread: any may read. */
#ifndef MINGFA_LIVE_VIEW_H
#define MINGFA_LIVE_VIEW_H

#include "question-bank/bank/paper.h"
#include "question-bank/bank/release.h"
#include "server/exam/grade.h"
#include "server/record/registry_payload.h"
#include "server/roster/civil.h"
#include "server/roster/roster.h"

#include <stdbool.h>
#include <stdint.h>

enum exam_state { EXAM_CREATED = 1, EXAM_OPEN, EXAM_CLOSED };
enum share_state { SHARE_STATE_NONE = 0, SHARE_STATE_COMMITTED, SHARE_STATE_REVEALED };

struct view_exemption {
    uint32_t person;
    uint32_t kind; /* enum exemption (coverage.h): 1 免考, 2 缓考 */
};

/* One exam. `definition` is as created; the rest is decoded from it or folded from later events. */
struct exam_view {
    uint8_t uuid[16];
    enum exam_state state;
    const struct exam_definition *definition;
    const struct bank *bank; /* NULL: the release is not loaded here; no starts then */
    const struct blueprint *blueprint;
    struct scoring_rules rules;
    struct digest blueprint_digest, rules_digest, withdrawals_digest;
    enum share_state shares[2]; /* officer, custodian */
    bool has_master;
    struct digest master_digest;
    struct id_set withdrawals;
    const struct view_exemption *exemptions; /* by person index; kind 0 never */
    size_t exemptions_count;

    /* The core's own. */
    struct digest master; /* secret */
    const struct draw_plan *plan;
};

/* role: "liaison", "officer", "hr", "auditor", "administrator", "custodian"; unit "": everything. ends:
 * the date from which it does not count any more, since the holder is taken off the books; "" none
 * (docs/decisions/0004). */
struct view_role {
    uint32_t person;
    struct bytes role, unit;
    char ends[CIVIL_TEXT_BYTES];
};

struct view_release {
    struct digest digest;
    struct bytes name;
    const struct bank *bank; /* NULL: registered once, not loaded now */
};

struct registry_view {
    uint64_t serial;        /* grows with each published view */
    uint64_t roster_serial; /* the serial of the view in which the roster last changed */
    int64_t seq;            /* of the last registry event folded */
    int64_t recorded_ms;
    const struct roster *roster;
    const struct exam_view *const *exams; /* in order of creation */
    size_t exams_count;
    const struct view_role *roles; /* by person index, then as granted */
    size_t roles_count;
    const struct view_release *releases;
    size_t releases_count;
};

/* The exam, or NULL. */
const struct exam_view *view_exam(const struct registry_view *view, const uint8_t uuid[16]);
/* RECORD_EXEMPTION_NONE, _EXEMPT, _DEFERRED. */
uint32_t view_exemption(const struct exam_view *exam, uint32_t person);
/* Is the exam assigned to the person: on the books at the cut-off, in an assigned category? */
bool view_exam_is_assigned(const struct registry_view *view, const struct exam_view *exam,
                           uint32_t person);
/* Does a role that ends then count on the date? */
bool role_counts(const char *ends, struct bytes date);
/* The person's roles, those too that have ended: first of *count entries, or NULL with *count 0. */
const struct view_role *view_roles(const struct registry_view *view, uint32_t person,
                                   size_t *count);
/* Has the person the role on a scope that holds the unit at the date (unit "": everything)? */
bool view_role_allows(const struct registry_view *view, uint32_t person, const char *role,
                      struct bytes unit, struct bytes date);

/* One more holder. Returns view. */
const struct registry_view *view_hold(const struct registry_view *view);
/* Lets go; NULL is allowed. */
void view_release(const struct registry_view *view);

#endif
