/* Grading again after an item was withdrawn: the item gives everyone full marks, also those who were
 * marked before.
 *
 * Happy path: the published registry names another list of withdrawals of an exam than its sessions were
 * gone through for. They are gone through from the newest to the first, a bounded number a round, so that
 * answers do not wait; each that is graded, was graded by another list and has a withdrawn item in its
 * paper gets a new session-graded event. What a score was graded by stands in its event, so nothing else is
 * kept: after a restart, or a batch that failed, all of the exam are gone through once more, and those that
 * are done are seen to be. Sessions that start or close meanwhile are graded by the new list anyway.
 *
 * Fails: one that cannot be read is logged and left as it is until the next start; without memory, or when
 * the store fails, the batch is broken and memory is read anew.
 *
 * Thread: the record writer's. */
#include "server/live/record_batch.h"

#include <assert.h>

enum {
    REGRADES_PER_ROUND_MAX = 64, /* sessions read whole or graded: about a millisecond each */
    REGRADE_LOOKS_PER_ROUND_MAX = 1024, /* at what they were graded by */
};

struct one_score {
    int64_t seq;
    struct digest withdrawals;
    bool found;
};

static int score_visit(void *arg, const struct event *e)
{
    struct one_score *out = arg;
    struct arena scratch;
    struct payload p;

    if (e->seq != out->seq || e->type != EVENT_SESSION_GRADED) {
        return 1;
    }
    arena_init(&scratch, 0);
    out->found = payload_decode(e->type, e->payload, &scratch, &p, NULL) == 0;
    if (out->found) {
        out->withdrawals = p.u.graded.withdrawals;
    }
    arena_fini(&scratch);
    return 1; /* there is nothing more to see */
}

/* Was it graded by this list? A score that cannot be read is graded again. */
static bool is_graded_by(const struct record_batch *b, const struct session_entry *e,
                         const struct digest *withdrawals)
{
    struct one_score score = {.seq = e->graded_seq};

    if (e->in != NULL) {
        return digest_equal(&e->in->graded_withdrawals, withdrawals);
    }
    store_events_each(b->live->store, STORE_RECORD, e->graded_seq, e->number, score_visit, &score,
                      NULL);
    return score.found && digest_equal(&score.withdrawals, withdrawals);
}

static bool paper_has_withdrawn(const struct paper *paper, const struct id_set *withdrawals)
{
    for (size_t i = 0; i < paper->count; i++) {
        if (id_set_has(withdrawals, paper->items[i].item->id)) {
            return true;
        }
    }
    return false;
}

static void regrade(struct record_batch *b, struct session_entry *e, const struct exam_view *exam)
{
    struct err err = {0};
    int rc = e->in != NULL ? 0 : session_load(b->sessions, e, &err);

    if (rc == ERR_NOT_FOUND || rc == ERR_CORRUPT) {
        live_log(b->live, LOG_ERROR, "regrade-skipped", &err);
        return;
    }
    if (rc == 0 && paper_has_withdrawn(e->in->session.paper, &exam->withdrawals)) {
        rc = session_mark(b, e, &err);
    }
    if (rc == 0) {
        rc = session_refresh(b->sessions, e);
    }
    if (rc != 0) {
        live_log(b->live, LOG_ERROR, "regrade-failed", &err);
        b->is_broken = true;
    }
}

/* True: it is through with all of the exam's sessions. */
static bool exam_step(struct record_batch *b, struct exam_sittings *exam, size_t *looks,
                      size_t *regrades)
{
    const struct exam_view *view = view_exam(b->view, exam->exam_uuid);

    if (view == NULL || view->withdrawals.count == 0 ||
        digest_equal(&exam->regraded_by, &view->withdrawals_digest)) {
        return true;
    }
    if (!digest_equal(&exam->regrades_by, &view->withdrawals_digest)) {
        exam->regrades_by = view->withdrawals_digest;
        exam->regrade_next = exam->newest;
    }
    for (; exam->regrade_next != NULL; exam->regrade_next = exam->regrade_next->earlier) {
        struct session_entry *e = exam->regrade_next;

        if (*looks == REGRADE_LOOKS_PER_ROUND_MAX || *regrades == REGRADES_PER_ROUND_MAX ||
            b->count == STORE_BATCH_SESSION_EVENTS_MAX || b->is_broken) {
            return false;
        }
        if (e->state != SESSION_GRADED) {
            continue;
        }
        ++*looks;
        if (!is_graded_by(b, e, &view->withdrawals_digest)) {
            ++*regrades;
            regrade(b, e, view);
        }
    }
    exam->regraded_by = exam->regrades_by;
    return true;
}

bool regrade_is_due(struct live *live)
{
    const struct registry_view *view;
    bool due;

    if (live->sessions == NULL || atomic_load(&live->is_fatal)) {
        return false;
    }
    view = live_view_acquire(live);
    due = view->serial != live->sessions->regraded_serial;
    view_release(view);
    return due;
}

void regrade_step(struct record_batch *b)
{
    size_t looks = 0, regrades = 0;
    bool done = true;

    for (struct exam_sittings *exam = b->sessions->exams; exam != NULL && done; exam = exam->next) {
        done = exam_step(b, exam, &looks, &regrades);
    }
    if (done && !b->is_broken) {
        b->sessions->regraded_serial = b->view->serial;
    }
}
