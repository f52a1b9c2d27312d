/* What jobs about exams mean: creation, the draw's two shares, opening, closing, withdrawn items,
 * exemptions.
 *
 *   created --both shares committed, then revealed--> open --> closed
 *
 * Nobody knows the master seed alone: the officer and the custodian, who are two people, each commit
 * to the digest of a share before either shows it, and each shows their own. Repeats of what already holds mean no events. Fails with what the
 * officer has to know.
 *
 * Thread: the registry writer's. */
#include "server/live/internal.h"

#include "question-bank/bank/draw.h"
#include "server/roster/category.h"
#include "server/roster/civil.h"
#include "server/roster/record_text.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct msg MSG_EXAM = {
    .id = "exam-unknown",
    .zh = "没有这场考试",
    .en = "there is no such exam",
};
static const struct msg MSG_RELEASE = {
    .id = "exam-release-unknown",
    .zh = "题库版本{0}未登记或未装载",
    .en = "the release {0} of the bank is not registered or not loaded",
};
static const struct msg MSG_FIELD = {
    .id = "exam-field",
    .zh = "考试的“{0}”不合要求：应为{1}",
    .en = "the exam's {0} will not do: expected {1}",
};
static const struct msg MSG_STATE = {
    .id = "exam-state",
    .zh = "考试当前状态为“{0}”，不能{1}",
    .en = "the exam is {0}; it cannot {1} now",
};
static const struct msg MSG_PASS_MARK = {
    .id = "exam-pass-mark-beyond",
    .zh = "合格线{0}分高于卷面总分{1}分，没有人能够合格",
    .en = "the pass mark of {0} points is beyond the paper's {1}: nobody could pass",
};
static const struct msg MSG_BAND = {
    .id = "exam-band-beyond",
    .zh = "等次“{2}”的最低分{0}分高于卷面总分{1}分，没有人能够达到",
    .en = "the band {2} begins at {0} points, beyond the paper's {1}: nobody could reach it",
};
static const struct msg MSG_CATEGORY = {
    .id = "exam-category-unknown",
    .zh = "截至{1}，名册中没有人员属于“{0}”，请核对人员类别",
    .en = "as of {1} nobody in the roster belongs to '{0}'; check the category's name",
};
static const struct msg MSG_COMMITTED = {
    .id = "share-already-committed",
    .zh = "{0}的份额已提交过另一个摘要，不能更换",
    .en = "the {0}'s share is already committed to another digest; it cannot be exchanged",
};
static const struct msg MSG_BOTH = {
    .id = "share-of-the-same-person",
    .zh = "另一方份额的摘要也是您提交的：两方份额须由两人各持一份，{0}的份额请由另一人提交",
    .en = "you have committed the other share: two people hold one each, and somebody else must "
          "commit the {0}'s",
};
static const struct msg MSG_NOT_YOURS = {
    .id = "share-of-somebody-else",
    .zh = "{0}份额的摘要由他人提交，只能由提交人本人交出",
    .en = "somebody else has committed the {0}'s share; nobody but they may reveal it",
};
static const struct msg MSG_NOT_COMMITTED = {
    .id = "share-not-committed",
    .zh = "双方都提交份额的摘要后，才能交出份额",
    .en = "both shares must be committed before either is revealed",
};
static const struct msg MSG_SHARE = {
    .id = "share-mismatch",
    .zh = "{0}交出的份额与此前提交的摘要不符",
    .en = "the revealed share of the {0} does not match the digest committed before",
};
static const struct msg MSG_NOT_REVEALED = {
    .id = "share-not-revealed",
    .zh = "双方都交出份额后才能开考",
    .en = "both shares must be revealed before the exam opens",
};
static const struct msg MSG_ITEM = {
    .id = "withdraw-item-unknown",
    .zh = "本场考试所用题库中没有试题{0}",
    .en = "the exam's bank has no item {0}",
};
static const struct msg MSG_EXEMPTION = {
    .id = "exemption-kind",
    .zh = "类别{0}无效：应为0（撤销）、1（免考）或2（缓考）",
    .en = "kind {0} is none: expected 0 (none), 1 (exempt) or 2 (deferred)",
};
static const struct msg MSG_DOCUMENT = {
    .id = "exemption-document",
    .zh = "文号过长，最多{0}字节",
    .en = "the document number is too long: at most {0} bytes",
};
static const struct msg MSG_PERSON = {
    .id = "person-unknown",
    .zh = "人员编号{0}不存在",
    .en = "there is no person with the number {0}",
};

enum {
    EXAM_NAME_BYTES_MAX = 256,
    DOCUMENT_BYTES_MAX = 256,
};
static const int64_t EXAM_SPAN_MS_MAX = INT64_C(366) * 86400000;

static const struct err_word WORD_OFFICER = {"考务人员", "officer"};
static const struct err_word WORD_CUSTODIAN = {"题库保管人", "custodian"};
static const struct err_word WORD_STATES[] = {
    [EXAM_CREATED] = {"未开考", "not open yet"},
    [EXAM_OPEN] = {"开考中", "open"},
    [EXAM_CLOSED] = {"已结束", "closed"},
};
static const struct err_word WORD_TAKE_SHARES = {"提交份额", "take shares"};
static const struct err_word WORD_OPEN = {"开考", "open"};
static const struct err_word WORD_CLOSE = {"结束", "close"};
static const struct err_word WORD_EXEMPT = {"登记或撤销免考、缓考", "take exemptions"};

/* `msg`, whose {0} is whose share it is. */
static int share_refuse(struct job *job, int rc, const struct msg *msg, enum share_which which)
{
    job_refuse(job, rc, msg, NULL, NULL);
    err_say(&job->err, 0, which == SHARE_OFFICER ? &WORD_OFFICER : &WORD_CUSTODIAN);
    return rc;
}

static int state_refuse(struct job *job, const struct exam_view *exam, const struct err_word *act)
{
    job_refuse(job, ERR_CONFLICT, &MSG_STATE, NULL, NULL);
    err_say(&job->err, 0, &WORD_STATES[exam->state]);
    err_say(&job->err, 1, act);
    return ERR_CONFLICT;
}

/* ------------------------------------------------------------------------------ creation */

enum rule {
    RULE_NAME,
    RULE_KIND,
    RULE_YEAR,
    RULE_WINDOW,
    RULE_DURATION,
    RULE_CUTOFF,
    RULE_ATTEMPTS,
    RULE_COUNTS,
    RULE_GRACE,
    RULE_LATE,
    RULE_REVIEW,
    RULE_DOCUMENT,
    RULE_CATEGORIES,
    RULES,
};

/* Names and limits as the API has them (server/api/exam_json.c). */
static const struct {
    const char *field;
    struct err_word expected;
} RULE_TEXTS[RULES] = {
    [RULE_NAME] = {"name", {"1～256 字节", "1 to 256 bytes"}},
    [RULE_KIND] = {"kind", {"annual 或 qualification", "annual or qualification"}},
    [RULE_YEAR] = {"year", {"2000～2200", "2000 to 2200"}},
    [RULE_WINDOW] = {"window",
                     {"结束晚于开始，最长 366 天", "an end after its start, at most 366 days"}},
    [RULE_DURATION] = {"duration_ms", {"60000～36000000", "60000 to 36000000"}},
    [RULE_CUTOFF] = {"cut_off", {"日期 YYYY-MM-DD", "a date YYYY-MM-DD"}},
    [RULE_ATTEMPTS] = {"attempts", {"1～100", "1 to 100"}},
    [RULE_COUNTS] = {"counts", {"best、last 或 first", "best, last or first"}},
    [RULE_GRACE] = {"grace_ms", {"0～600000", "0 to 600000"}},
    [RULE_LATE] = {"late_accept_ms", {"0～604800000", "0 to 604800000"}},
    [RULE_REVIEW] = {"review", {"never、after_close 或 at_once", "never, after_close or at_once"}},
    [RULE_DOCUMENT] = {"document", {"至多 256 字节", "at most 256 bytes"}},
    [RULE_CATEGORIES] = {"categories", {"1～64 字节的类别名称", "categories of 1 to 64 bytes"}},
};

static int rule_refuse(struct job *job, enum rule rule)
{
    job_refuse(job, ERR_BAD_INPUT, &MSG_FIELD, RULE_TEXTS[rule].field, NULL);
    err_say(&job->err, 1, &RULE_TEXTS[rule].expected);
    return ERR_BAD_INPUT;
}

static int definition_check(struct job *job, const struct exam_definition *d)
{
    const bool fine[RULE_CATEGORIES] = {
        [RULE_NAME] = d->name.len > 0 && d->name.len <= EXAM_NAME_BYTES_MAX,
        [RULE_KIND] = bytes_equal(d->kind, bytes_of_text("annual")) ||
                      bytes_equal(d->kind, bytes_of_text("qualification")),
        [RULE_YEAR] = d->year >= 2000 && d->year <= 2200,
        [RULE_WINDOW] = d->window_start_ms > 0 && d->window_end_ms > d->window_start_ms &&
                        d->window_end_ms - d->window_start_ms <= EXAM_SPAN_MS_MAX,
        [RULE_DURATION] = d->duration_ms >= 60000 && d->duration_ms <= 36000000,
        [RULE_CUTOFF] = civil_date_valid(d->cutoff),
        [RULE_ATTEMPTS] = d->attempts >= 1 && d->attempts <= EXAM_ATTEMPTS_MAX,
        [RULE_COUNTS] = d->counts >= RECORD_ATTEMPT_BEST && d->counts <= RECORD_ATTEMPT_FIRST,
        [RULE_GRACE] = d->grace_ms >= 0 && d->grace_ms <= 600000,
        [RULE_LATE] = d->late_accept_ms >= 0 && d->late_accept_ms <= 7 * INT64_C(86400000),
        [RULE_REVIEW] = d->review <= REVIEW_AT_ONCE,
        [RULE_DOCUMENT] = d->policy.len <= DOCUMENT_BYTES_MAX,
    };

    for (size_t i = 0; i < RULE_CATEGORIES; i++) {
        if (!fine[i]) {
            return rule_refuse(job, (enum rule)i);
        }
    }
    for (size_t i = 0; i < d->categories.count; i++) {
        if (!category_valid(d->categories.texts[i])) {
            return rule_refuse(job, RULE_CATEGORIES);
        }
    }
    return 0;
}

/* Hundredths as "60" or "60.50". */
static const char *points_text(uint32_t points, char out[24])
{
    snprintf(out, 24, points % 100 == 0 ? "%u" : "%u.%02u", points / 100, points % 100);
    return out;
}

/* A mark that no paper of this blueprint can earn would fail everybody on the day. */
static int marks_check(struct job *job, const struct scoring_rules *rules, uint32_t total)
{
    char mark[24];
    char all[24];

    points_text(total, all);
    if (rules->pass_mark > total) {
        return job_refuse(job, ERR_BAD_INPUT, &MSG_PASS_MARK, points_text(rules->pass_mark, mark),
                          all);
    }
    for (size_t i = 0; i < rules->bands_count; i++) {
        const struct band *band = &rules->bands[i];

        if (band->minimum > total) {
            return err_set(&job->err, ERR_BAD_INPUT, &MSG_BAND, points_text(band->minimum, mark),
                           all, band->name, NULL);
        }
    }
    return 0;
}

static bool category_has_people(const struct roster *roster, struct bytes category,
                                struct bytes cutoff)
{
    for (size_t i = 0; i < roster->people_count; i++) {
        const struct person_version *now = person_at(&roster->people[i], cutoff);

        if (now != NULL && bytes_equal(now->category, category)) {
            return true;
        }
    }
    return false;
}

/* A category that nobody has is a slip of the pen, and whoever was meant would not be counted. */
static int categories_check(struct live *live, struct job *job, const struct exam_definition *d)
{
    const struct roster *roster = registry_roster(live->registry);

    for (size_t i = 0; i < d->categories.count; i++) {
        struct bytes category = d->categories.texts[i];
        char name[CATEGORY_BYTES_MAX + 1];
        char date[16];

        if (!category_has_people(roster, category, d->cutoff)) {
            return job_refuse(job, ERR_BAD_INPUT, &MSG_CATEGORY,
                              record_text_copy(category, name, sizeof name),
                              record_text_copy(d->cutoff, date, sizeof date));
        }
    }
    return 0;
}

static int create_job(struct live *live, struct job *job, struct registry_batch *b)
{
    const struct exam_definition *d = job->in.definition;
    const struct bank *bank = registry_bank(live->registry, &d->release);
    struct registry_payload p = {.type = EVENT_EXAM_CREATED};
    struct scoring_rules rules;
    struct blueprint bp;
    int rc = definition_check(job, d);

    if (rc != 0) {
        return rc;
    }
    if (bank == NULL || !registry_has_release(live->registry, &d->release)) {
        char hex[DIGEST_HEX_BYTES];

        digest_hex(&d->release, hex);
        return job_refuse(job, ERR_NOT_FOUND, &MSG_RELEASE, hex, NULL);
    }
    rc = blueprint_decode(d->blueprint, job->arena, &bp, &job->err);
    if (rc == 0) {
        rc = blueprint_check(&bp, bank_pool(bank), NULL, &job->err);
    }
    if (rc == 0) {
        rc = scoring_rules_decode(d->rules, &rules, &job->err);
    }
    if (rc == 0) {
        rc = marks_check(job, &rules, blueprint_points(&bp));
    }
    if (rc == 0) {
        rc = categories_check(live, job, d);
    }
    if (rc != 0) {
        return rc == ERR_CORRUPT ? ERR_BAD_INPUT : rc;
    }
    rc = uuid_v7(&live->env, job->out.exam_uuid, &job->err);
    if (rc != 0) {
        return rc;
    }
    p.u.exam = (struct exam_created){.at_ms = job->received_ms, .definition = *d};
    live_actor(live, job->person, p.u.exam.actor);
    memcpy(p.u.exam.exam_uuid, job->out.exam_uuid, 16);
    return registry_batch_add(b, &p, &job->err);
}

/* ------------------------------------------------------------------------------ the two shares */

static int commit_job(struct live *live, struct job *job, const struct exam_view *exam,
                      struct registry_batch *b)
{
    const struct share_input *in = &job->in.share;
    const struct exam_share *share = registry_share(live->registry, exam->uuid, in->which);
    enum share_which other = in->which == SHARE_OFFICER ? SHARE_CUSTODIAN : SHARE_OFFICER;
    struct registry_payload p = {.type = EVENT_SHARE_COMMITTED};

    live_actor(live, job->person, p.u.share_committed.actor);
    if (exam->shares[in->which - SHARE_OFFICER] != SHARE_STATE_NONE) {
        return digest_equal(&share->committed, &in->digest)
                   ? 0
                   : share_refuse(job, ERR_CONFLICT, &MSG_COMMITTED, in->which);
    }
    if (exam->state != EXAM_CREATED) {
        return state_refuse(job, exam, &WORD_TAKE_SHARES);
    }
    if (exam->shares[other - SHARE_OFFICER] != SHARE_STATE_NONE &&
        memcmp(registry_share(live->registry, exam->uuid, other)->committer,
               p.u.share_committed.actor, 32) == 0) {
        return share_refuse(job, ERR_DENIED, &MSG_BOTH, in->which);
    }
    p.u.share_committed.at_ms = job->received_ms;
    p.u.share_committed.which = (uint32_t)in->which;
    p.u.share_committed.share = in->digest;
    memcpy(p.u.share_committed.exam_uuid, exam->uuid, 16);
    return registry_batch_add(b, &p, &job->err);
}

static int reveal_job(struct live *live, struct job *job, const struct exam_view *exam,
                      struct registry_batch *b)
{
    const struct share_input *in = &job->in.share;
    const struct exam_share *share = registry_share(live->registry, exam->uuid, in->which);
    const struct digest shown = draw_share_digest(in->share);
    struct registry_payload p = {.type = EVENT_SHARE_REVEALED};
    struct buf sealed = {0};
    uint8_t actor[32];
    int rc;

    live_actor(live, job->person, actor);
    if (exam->shares[0] == SHARE_STATE_NONE || exam->shares[1] == SHARE_STATE_NONE) {
        return job_refuse(job, ERR_CONFLICT, &MSG_NOT_COMMITTED, NULL, NULL);
    }
    if (memcmp(share->committer, actor, sizeof actor) != 0) {
        return share_refuse(job, ERR_DENIED, &MSG_NOT_YOURS, in->which);
    }
    if (!digest_equal(&share->committed, &shown)) {
        return share_refuse(job, ERR_BAD_INPUT, &MSG_SHARE, in->which);
    }
    if (exam->shares[in->which - SHARE_OFFICER] == SHARE_STATE_REVEALED) {
        return 0;
    }
    rc =
        site_seal(&live->keys, &live->env, "draw-share", exam->uuid, in->share, &sealed, &job->err);
    if (rc == 0) {
        p.u.share_revealed = (struct share_revealed){
            .at_ms = job->received_ms, .which = (uint32_t)in->which, .sealed = buf_view(&sealed)};
        memcpy(p.u.share_revealed.actor, actor, sizeof actor);
        memcpy(p.u.share_revealed.exam_uuid, exam->uuid, 16);
        rc = registry_batch_add(b, &p, &job->err);
    }
    buf_fini(&sealed);
    return rc;
}

static int master_make(struct live *live, const struct exam_view *exam, struct digest *out,
                       struct err *err)
{
    uint8_t shares[2][32];
    int rc = 0;

    for (int i = 0; i < 2 && rc == 0; i++) {
        const struct exam_share *share =
            registry_share(live->registry, exam->uuid, (enum share_which)(SHARE_OFFICER + i));

        rc = site_unseal(&live->keys, "draw-share", exam->uuid, buf_view(&share->sealed), shares[i],
                         err);
    }
    if (rc == 0) {
        *out = draw_master(shares[0], shares[1]);
    }
    secret_wipe(shares, sizeof shares);
    return rc;
}

static int open_job(struct live *live, struct job *job, const struct exam_view *exam,
                    struct registry_batch *b)
{
    struct registry_payload p = {.type = EVENT_EXAM_OPENED};
    struct buf sealed = {0};
    struct digest master;
    int rc;

    if (exam->state == EXAM_OPEN) {
        return 0;
    }
    if (exam->state == EXAM_CLOSED) {
        return state_refuse(job, exam, &WORD_OPEN);
    }
    if (exam->shares[0] != SHARE_STATE_REVEALED || exam->shares[1] != SHARE_STATE_REVEALED) {
        return job_refuse(job, ERR_CONFLICT, &MSG_NOT_REVEALED, NULL, NULL);
    }
    if (exam->bank == NULL) {
        char hex[DIGEST_HEX_BYTES];

        digest_hex(&exam->definition->release, hex);
        return job_refuse(job, ERR_NOT_FOUND, &MSG_RELEASE, hex, NULL);
    }
    rc = master_make(live, exam, &master, &job->err);
    if (rc == 0) {
        rc = site_seal(&live->keys, &live->env, "draw-master", exam->uuid, master.b, &sealed,
                       &job->err);
    }
    if (rc == 0) {
        p.u.exam_opened = (struct exam_opened){.at_ms = job->received_ms,
                                               .master = draw_master_digest(&master),
                                               .sealed = buf_view(&sealed)};
        live_actor(live, job->person, p.u.exam_opened.actor);
        memcpy(p.u.exam_opened.exam_uuid, exam->uuid, 16);
        rc = registry_batch_add(b, &p, &job->err);
    }
    secret_wipe(&master, sizeof master);
    buf_fini(&sealed);
    return rc;
}

static int close_job(struct live *live, struct job *job, const struct exam_view *exam,
                     struct registry_batch *b)
{
    struct registry_payload p = {.type = EVENT_EXAM_CLOSED};

    if (exam->state == EXAM_CLOSED) {
        return 0;
    }
    if (exam->state != EXAM_OPEN) {
        return state_refuse(job, exam, &WORD_CLOSE);
    }
    p.u.exam_closed = (struct exam_closed){.at_ms = job->received_ms};
    live_actor(live, job->person, p.u.exam_closed.actor);
    memcpy(p.u.exam_closed.exam_uuid, exam->uuid, 16);
    return registry_batch_add(b, &p, &job->err);
}

/* ------------------------------------------------------------------------------ withdrawals */

static bool pool_has(const struct item_pool *pool, struct bytes id)
{
    for (size_t i = 0; i < pool->count; i++) {
        if (bytes_equal(pool->items[i].id, id)) {
            return true;
        }
    }
    return false;
}

/* The set with one more, sorted; in arena. */
static int set_with(const struct id_set *set, struct bytes id, struct arena *arena,
                    struct id_set *out)
{
    struct bytes *ids = arena_array(arena, set->count + 1, sizeof *ids);
    size_t at = 0;

    if (ids == NULL) {
        return ERR_NOMEM;
    }
    while (at < set->count && bytes_compare(set->ids[at], id) < 0) {
        ids[at] = set->ids[at];
        at++;
    }
    ids[at] = id;
    for (size_t i = at; i < set->count; i++) {
        ids[i + 1] = set->ids[i];
    }
    *out = (struct id_set){ids, set->count + 1};
    return 0;
}

static int withdraw_job(struct live *live, struct job *job, const struct exam_view *exam,
                        struct registry_batch *b)
{
    const struct withdrawal_input *in = &job->in.withdrawal;
    struct registry_payload p = {.type = EVENT_ITEM_WITHDRAWN};
    struct id_set more;
    int rc = reason_check(in->reason, &job->err);

    if (rc != 0) {
        return rc;
    }
    if (exam->bank == NULL || !pool_has(bank_pool(exam->bank), in->item)) {
        char text[ERR_ARG_BYTES_MAX];
        size_t len = in->item.len < sizeof text ? in->item.len : sizeof text - 1;

        memcpy(text, in->item.data, len);
        text[len] = '\0';
        return job_refuse(job, ERR_NOT_FOUND, &MSG_ITEM, text, NULL);
    }
    if (id_set_has(&exam->withdrawals, in->item)) {
        return 0;
    }
    if (set_with(&exam->withdrawals, in->item, job->arena, &more) != 0) {
        return job_refuse(job, ERR_NOMEM, NULL, NULL, NULL);
    }
    /* A paper that can still be drawn must stay possible; once nobody starts any more it need not. */
    if (exam->state != EXAM_CLOSED) {
        rc = blueprint_check(exam->blueprint, bank_pool(exam->bank), &more, &job->err);
    }
    if (rc != 0) {
        return rc;
    }
    p.u.withdrawn =
        (struct item_withdrawn){.at_ms = job->received_ms, .item = in->item, .reason = in->reason};
    live_actor(live, job->person, p.u.withdrawn.actor);
    memcpy(p.u.withdrawn.exam_uuid, exam->uuid, 16);
    return registry_batch_add(b, &p, &job->err);
}

/* ------------------------------------------------------------------------------ exemptions */

static int exemption_job(struct live *live, struct job *job, const struct exam_view *exam,
                         struct registry_batch *b)
{
    const struct exemption_input *in = &job->in.exemption;
    int64_t person = roster_find_person(registry_roster(live->registry), in->person);
    struct registry_payload p = {.type = EVENT_EXEMPTION_SET};
    char text[ERR_ARG_BYTES_MAX];
    int rc = reason_check(in->reason, &job->err);

    if (rc != 0) {
        return rc;
    }
    if (in->kind > RECORD_EXEMPTION_DEFERRED) {
        return job_refuse(job, ERR_BAD_INPUT, &MSG_EXEMPTION, err_int(text, in->kind), NULL);
    }
    if (in->document.len > DOCUMENT_BYTES_MAX) {
        return job_refuse(job, ERR_BAD_INPUT, &MSG_DOCUMENT, err_int(text, DOCUMENT_BYTES_MAX),
                          NULL);
    }
    if (person < 0) {
        size_t len = in->person.len < sizeof text ? in->person.len : sizeof text - 1;

        memcpy(text, in->person.data, len);
        text[len] = '\0';
        return job_refuse(job, ERR_NOT_FOUND, &MSG_PERSON, text, NULL);
    }
    if (view_exemption(exam, (uint32_t)person) == in->kind) {
        return 0;
    }
    /* The figures of a closed exam stand. */
    if (exam->state == EXAM_CLOSED) {
        return state_refuse(job, exam, &WORD_EXEMPT);
    }
    p.u.exemption = (struct exemption_set){.at_ms = job->received_ms,
                                           .person = in->person,
                                           .kind = in->kind,
                                           .reason = in->reason,
                                           .document = in->document};
    live_actor(live, job->person, p.u.exemption.actor);
    memcpy(p.u.exemption.exam_uuid, exam->uuid, 16);
    return registry_batch_add(b, &p, &job->err);
}

/* ------------------------------------------------------------------------------ all */

static const uint8_t *exam_of(const struct job *job)
{
    switch (job->type) {
    case JOB_SHARE_COMMIT:
    case JOB_SHARE_REVEAL:
        return job->in.share.exam_uuid;
    case JOB_WITHDRAW:
        return job->in.withdrawal.exam_uuid;
    case JOB_EXEMPTION:
        return job->in.exemption.exam_uuid;
    default:
        return job->in.exam_uuid;
    }
}

int exam_job(struct live *live, struct job *job, struct registry_batch *b)
{
    const struct exam_view *exam;

    if (job->type == JOB_EXAM_CREATE) {
        return create_job(live, job, b);
    }
    exam = registry_exam(live->registry, exam_of(job));
    if (exam == NULL) {
        return job_refuse(job, ERR_NOT_FOUND, &MSG_EXAM, NULL, NULL);
    }
    switch (job->type) {
    case JOB_SHARE_COMMIT:
        return commit_job(live, job, exam, b);
    case JOB_SHARE_REVEAL:
        return reveal_job(live, job, exam, b);
    case JOB_EXAM_OPEN:
        return open_job(live, job, exam, b);
    case JOB_EXAM_CLOSE:
        return close_job(live, job, exam, b);
    case JOB_WITHDRAW:
        return withdraw_job(live, job, exam, b);
    default:
        assert(job->type == JOB_EXEMPTION);
        return exemption_job(live, job, exam, b);
    }
}
