/* The registry: what the events of registry.db add up to, and the views published from it.
 *
 * One owner folds events in their order; registry_publish gives readers an immutable view. Parts
 * that a view holds are never written again: the next fold that touches one makes a copy first.
 * Thread: the owner's; views by any. */
#ifndef MINGFA_LIVE_REGISTRY_H
#define MINGFA_LIVE_REGISTRY_H

#include "server/live/logins.h"
#include "server/live/view.h"
#include "server/store/store.h"

struct registry;

/* What a registry stands on; everything is borrowed for its life. */
struct registry_ground {
    const struct site_keys *keys;
    const struct bank *const *banks;
    size_t banks_count;
    struct login_board *logins; /* NULL: log-ins are passed over (a look at the past) */
};

/* An exam's share of the master seed, before and after it was shown. */
struct exam_share {
    struct digest committed;
    uint8_t committer[32]; /* site pseudonym */
    struct buf sealed;
};

/* *out: caller's. ERR_NOMEM. */
int registry_new(const struct registry_ground *ground, struct registry **out, struct err *err);
void registry_free(struct registry *r);
/* Takes one stored event in. ERR_CORRUPT (it contradicts what was before), ERR_NOMEM; the registry
 * is then of no use any more. */
int registry_fold(struct registry *r, const struct event *e, struct err *err);
/* Folds all stored events recorded before the moment. */
int registry_replay(struct registry *r, struct store *store, int64_t before_ms, struct err *err);
/* A new view, held once. ERR_NOMEM. */
int registry_publish(struct registry *r, const struct registry_view **out, struct err *err);

/* While muted, events leave the login board alone: the job they come from says more than they do
 * (which login goes on), and tells the board itself. */
void registry_logins_mute(struct registry *r, bool mute);

int64_t registry_seq(const struct registry *r);
int64_t registry_recorded_ms(const struct registry *r);
/* The serial of the first view published with the roles of now. */
uint64_t registry_roles_serial(const struct registry *r);
const struct roster *registry_roster(const struct registry *r);
/* NULL: there is no such exam. Borrowed until the next fold. */
const struct exam_view *registry_exam(const struct registry *r, const uint8_t uuid[16]);
const struct exam_share *registry_share(const struct registry *r, const uint8_t uuid[16],
                                        enum share_which which);
bool registry_has_release(const struct registry *r, const struct digest *release);
const struct bank *registry_bank(const struct registry *r, const struct digest *release);
/* The name as static text, or NULL if it is no role. */
const char *role_name(struct bytes role);
/* date: on which it must count; "": also when it has ended. */
bool registry_has_role(const struct registry *r, uint32_t person, const char *role,
                       struct bytes unit, struct bytes date);

#endif
