/* See story.h. Everything that will happen stands in a heap by virtual time; what is taken from it may
 * put more into it. Chance is one SplitMix64 of the seed, and nothing else is asked: the same seed is
 * the same story. */
#include "tests/sim/story_internal.h"

#include "server/store/fault/fault_store.h"
#include "server/store/sqlite/sqlite_store.h"
#include "tests/lib/hasty_store.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

uint32_t below(struct story *s, uint32_t n)
{
    return test_chance_below(&s->chance, n);
}

bool by_chance(struct story *s, unsigned thousandths)
{
    return below(s, 1000) < thousandths;
}

void tell(const struct story *s, const char *format, ...)
{
    int64_t ms = s->now_ms - GROUND_START_MS;
    va_list args;

    if (!s->options->tells)
        return;
    fprintf(stderr, "%5" PRId64 ".%03d  ", ms / 1000, (int)(ms % 1000));
    va_start(args, format);
    vfprintf(stderr, format, args);
    va_end(args);
    fputc('\n', stderr);
}

/* ---- what will happen ---- */

static bool sooner(const struct happening *a, const struct happening *b)
{
    return a->at_ms != b->at_ms ? a->at_ms < b->at_ms : a->order < b->order;
}

void plan(struct story *s, int64_t in_ms, struct happening h)
{
    size_t at = s->heap_count;

    if (s->is_calm)
        return;
    if (at == HAPPENINGS_MAX) {
        model_fail(&s->model, "more happenings than a story can have");
        return;
    }
    h.at_ms = s->now_ms + in_ms;
    h.order = s->orders++;
    s->heap_count++;
    while (at > 0 && sooner(&h, &s->heap[(at - 1) / 2])) {
        s->heap[at] = s->heap[(at - 1) / 2];
        at = (at - 1) / 2;
    }
    s->heap[at] = h;
}

static struct happening next(struct story *s)
{
    struct happening first = s->heap[0], last = s->heap[--s->heap_count];
    size_t at = 0;

    for (;;) {
        size_t child = 2 * at + 1;

        if (child >= s->heap_count)
            break;
        if (child + 1 < s->heap_count && sooner(&s->heap[child + 1], &s->heap[child]))
            child++;
        if (!sooner(&s->heap[child], &last))
            break;
        s->heap[at] = s->heap[child];
        at = child;
    }
    s->heap[at] = last;
    return first;
}

/* ---- the outside world ---- */

static int64_t env_now_ms(void *arg)
{
    return ((struct story *)arg)->now_ms;
}

int env_entropy(void *arg, void *out, size_t n)
{
    struct story *s = arg;

    for (size_t i = 0; i < n; i++)
        ((uint8_t *)out)[i] = (uint8_t)test_chance_next(&s->chance);
    return 0;
}

static void env_log(void *arg, enum log_level level, const char *event,
                    const struct log_field *fields, size_t count)
{
    (void)fields, (void)count;
    if (level >= LOG_WARN)
        tell(arg, "                      server: %s", event);
}

/* ---- the network ---- */

int64_t delay_ms(struct story *s)
{
    if (by_chance(s, s->loses))
        return 1000 + below(s, 40000); /* a hole in the signal */
    return 1 + below(s, 400);
}

struct message *message_new(struct story *s, unsigned person, enum job_type type)
{
    struct message *m = calloc(1, sizeof *m);
    struct sitter *p = &s->people[person];

    if (m == NULL)
        abort();
    arena_init(&m->arena, 0);
    m->older = s->newest;
    s->newest = m;
    m->person = person;
    m->device = p->active;
    m->page = p->devices[p->active].page;
    m->number = ++s->messages;
    m->job.type = type;
    m->job.person = ground_person(person);
    m->job.user = m;
    return m;
}

static void message_gone(struct message *m)
{
    if (!m->is_gone)
        arena_fini(&m->arena);
    m->is_gone = true;
}

void request_send(struct story *s, struct message *m)
{
    struct pad *d = &s->people[m->person].devices[m->device];

    d->waits = true;
    d->waits_for = m->number;
    plan(s, PATIENCE_MS,
         (struct happening){.what = PATIENCE, .person = m->person, .number = m->number});
    if (by_chance(s, s->repeats)) { /* a repeat on the wire, perhaps long after */
        struct message *again = message_new(s, m->person, m->job.type);
        struct arena arena = again->arena;
        struct message *older = again->older;

        *again = *m;
        again->arena = arena;
        again->older = older;
        again->job.user = again;
        again->number = 0; /* nobody waits for it */
        s->tally->repeats++;
        plan(s, delay_ms(s) + below(s, 30000),
             (struct happening){.what = ARRIVAL, .message = again});
    }
    if (by_chance(s, s->loses)) {
        s->tally->lost_messages++;
        message_gone(m);
        return;
    }
    plan(s, delay_ms(s), (struct happening){.what = ARRIVAL, .message = m});
}

/* ---- the server ---- */

/* What the server must never say to a client that keeps the protocol. */
static void check_refusal(struct story *s, const struct message *m)
{
    static const char *const never[] = {
        "response-differs",   "epoch-unknown",      "response-item-unknown",
        "response-value-bad", "response-text-bad",  "responses-too-many",
        "session-unknown",    "start-not-assigned", "session-terms-differ"};
    const char *id = m->job.err.msg != NULL ? m->job.err.msg->id : "";

    for (size_t i = 0; i < sizeof never / sizeof never[0]; i++) {
        if (strcmp(id, never[i]) == 0)
            model_fail(&s->model, "P%u was refused with %s", m->person, id);
    }
    if (m->job.rc == ERR_CORRUPT || m->job.rc == ERR_NOMEM || m->job.rc == ERR_CRYPTO)
        model_fail(&s->model, "P%u was refused with %s", m->person, err_code_name(m->job.rc));
}

static void note_reply(struct story *s, struct message *m)
{
    const struct job *job = &m->job;
    const uint8_t *uuid = job->type == JOB_START    ? job->out.session.ack.session_uuid
                          : job->type == JOB_SUBMIT ? job->in.submit.session_uuid
                                                    : job->out.ack.session_uuid;
    struct model_session *ms = model_find(&s->model, uuid);

    if (job->type == JOB_START) {
        s->tally->starts += ms == NULL;
        model_started(&s->model, m->person, &job->out.session);
    } else if (ms == NULL) {
        model_fail(&s->model, "P%u was answered about a session that nobody started", m->person);
    } else if (job->type == JOB_SUBMIT) {
        s->tally->hand_ins++;
        model_handed_in(&s->model, ms, &job->out.session);
    } else {
        s->tally->late += job->out.ack.late;
        model_acked(&s->model, ms, &job->out.ack, job->type == JOB_OPEN, m->responses, m->count);
    }
    s->tally->acknowledged++;
}

static void done_batch(void *arg, struct list *jobs)
{
    struct story *s = arg;
    struct list_node *node;

    while ((node = list_pop(jobs)) != NULL) {
        struct job *job = list_entry(node, struct job, node);
        struct message *m = job->user;

        s->handed_back++;
        if (m == NULL)
            continue;      /* an officer's: live_call waits for it */
        if (s->is_dying) { /* its reply never left */
            message_gone(m);
            continue;
        }
        tell(s, "    P%u %s: %s", m->person, job_type_name(job->type),
             job->rc == 0           ? "ok"
             : job->err.msg != NULL ? job->err.msg->id
                                    : err_code_name(job->rc));
        if (job->rc == 0) {
            note_reply(s, m);
        } else {
            s->tally->refused++;
            check_refusal(s, m);
        }
        if (by_chance(s, s->loses)) {
            s->tally->lost_messages++;
            message_gone(m);
        } else {
            plan(s, delay_ms(s), (struct happening){.what = REPLY, .message = m});
        }
    }
}

static void on_fatal(void *arg, const struct err *err)
{
    (void)err;
    ((struct story *)arg)->is_fatal = true;
}

static void faults_plan(struct story *s)
{
    struct fault f = {.op = FAULT_APPEND,
                      .file = STORE_RECORD,
                      .kind = (enum fault_kind[]){FAULT_IO, FAULT_IO, FAULT_UNKNOWN_LOST,
                                                  FAULT_UNKNOWN_STORED}[below(s, 4)],
                      .nth = 1 + below(s, 80),
                      .calls = 1 + below(s, 3)};

    if (!s->is_calm && by_chance(s, s->faulty))
        fault_store_plan(s->faults, &f, 1);
}

static void server_up(struct story *s)
{
    struct live_options options;
    struct store *disk = NULL;
    struct err err = {0};
    char text[ERR_TEXT_BYTES_MAX];
    int rc = sqlite_store_open(s->options->dir, NULL, &disk, &err);

    if (rc == 0)
        rc = fault_store_open(disk, &s->faults, &err);
    s->store = s->faults;
    if (rc == 0 && s->options->hasty)
        rc = hasty_store_open(s->faults, false, &s->store, &err);
    if (rc == 0) {
        options = ground_options(s->options->ground, &s->env, s->store);
        options.done_batch = done_batch;
        options.done_arg = s;
        options.fatal = on_fatal;
        options.fatal_arg = s;
        rc = live_open(&options, &s->live, &err);
    }
    if (rc != 0) {
        err_text(&err, LANG_EN, text, sizeof text);
        model_fail(&s->model, "the server does not start: %s", text);
        return;
    }
    s->is_fatal = false;
    faults_plan(s);
    tell(s, "                      the server is up");
    model_check_memory(&s->model, s->live, s->now_ms);
}

/* As by SIGKILL: what waits is not stored, and no reply leaves. */
static void server_down(struct story *s)
{
    struct fault all[STORE_FILES];

    if (s->live == NULL)
        return;
    tell(s, "                      the server dies");
    for (int file = 0; file < STORE_FILES; file++)
        all[file] = (struct fault){.op = FAULT_APPEND,
                                   .file = (enum store_file)file,
                                   .kind = FAULT_IO,
                                   .nth = 1,
                                   .calls = UINT32_MAX};
    fault_store_plan(s->faults, all, STORE_FILES);
    s->is_dying = true;
    live_close(s->live);
    s->tally->store_faults += fault_store_fired(s->faults) > 0;
    store_close(s->store);
    s->live = NULL;
    s->is_dying = false;
}

static void server_round(struct story *s)
{
    uint64_t before = s->handed_back;
    struct live_metrics was, is;

    if (s->live == NULL)
        return;
    live_metrics_read(s->live, &was);
    live_step(s->live, LIVE_RECORD);
    live_metrics_read(s->live, &is);
    s->tally->time_outs += is.timed_out - was.timed_out;
    if (s->handed_back != before || is.batches != was.batches || is.reloads != was.reloads)
        model_check_memory(&s->model, s->live, s->now_ms);
    if (s->is_fatal) {
        server_down(s);
        plan(s, 200 + below(s, 3000), (struct happening){.what = RESTART});
    }
}

static void request_arrive(struct story *s, struct message *m)
{
    struct job *job = &m->job;

    if (s->live == NULL) {
        message_gone(m);
        return;
    }
    job->arena = &m->arena;
    job->received_ms = s->now_ms;
    for (size_t i = 0; i < m->count; i++) {
        const struct sent *r = &m->responses[i];

        m->inputs[i] = (struct response_input){
            .device_seq = r->seq, .item = r->item, .kind = r->kind, .mask = r->mask};
        if (r->kind == RESPONSE_TEXT)
            m->inputs[i].text = bytes_of_text(model_text(r->text));
    }
    if (job->type == JOB_SAVE) {
        job->in.save.responses = m->inputs;
        job->in.save.responses_count = m->count;
    }
    if (live_submit(s->live, job, &job->err) != 0) {
        job->rc = ERR_BUSY;
        plan(s, delay_ms(s), (struct happening){.what = REPLY, .message = m});
        return;
    }
    plan(s, below(s, 40), (struct happening){.what = ROUND});
}

/* ---- officers ---- */

/* The end of a call that was waited for. */
static void call_end(struct story *s)
{
    if (s->is_fatal) {
        server_down(s);
        plan(s, 200 + below(s, 3000), (struct happening){.what = RESTART});
    } else {
        model_check_memory(&s->model, s->live, s->now_ms);
    }
}

static void officer_do(struct story *s, struct model_session *ms, enum job_type type)
{
    struct arena arena;
    struct job job = {.type = type,
                      .arena = &arena,
                      .received_ms = s->now_ms,
                      .person = ground_person(0),
                      .officer = true,
                      .in.act = {.reason = bytes_of_text("停电"),
                                 .ms = 60000 * (1 + (int64_t)below(s, 5)),
                                 .deadline_ms = s->now_ms + 60000 * (1 + (int64_t)below(s, 8)),
                                 .accepted = by_chance(s, 500)}};

    arena_init(&arena, 0);
    memcpy(job.in.act.session_uuid, ms->uuid, 16);
    /* Tried counts as done: the outcome may stay unknown. */
    ms->reopened = ms->reopened || type == JOB_REOPEN;
    ms->void_tried = ms->void_tried || type == JOB_VOID;
    ms->act_tried = ms->act_tried || type == JOB_REOPEN || type == JOB_LATE_DECISION;
    live_call(s->live, &job);
    tell(s, "officer: %s of P%u: %s", job_type_name(type), ms->person,
         job.rc == 0           ? "ok"
         : job.err.msg != NULL ? job.err.msg->id
                               : err_code_name(job.rc));
    if (job.rc == 0) {
        s->tally->acts++;
        ms->voided = ms->voided || type == JOB_VOID;
        model_acked(&s->model, ms, &job.out.ack, false, NULL, 0);
    }
    arena_fini(&arena);
    call_end(s);
}

static void exam_do(struct story *s, enum job_type type)
{
    static const char kinds[] = {'F', 'M', 'S', 'T'};
    struct model *m = &s->model;
    struct arena arena;
    struct job job = {
        .type = type, .arena = &arena, .received_ms = s->now_ms, .person = ground_person(0)};
    char item[16] = "";

    arena_init(&arena, 0);
    if (type == JOB_WITHDRAW) {
        snprintf(item, sizeof item, "A-%c-%03u", kinds[below(s, sizeof kinds)], below(s, 10));
        job.in.withdrawal.item = bytes_of_text(item);
        job.in.withdrawal.reason = bytes_of_text("有误");
        memcpy(job.in.withdrawal.exam_uuid, s->options->ground->exams[s->exam], 16);
        m->withdraw_tried = true;
    } else {
        memcpy(job.in.exam_uuid, s->options->ground->exams[s->exam], 16);
    }
    live_call(s->live, &job);
    tell(s, "officer: %s %s: %s", job_type_name(type), item, err_code_name(job.rc));
    if (job.rc == 0)
        s->tally->acts++;
    if (job.rc == 0 && type == JOB_WITHDRAW)
        memcpy(m->withdrawn[m->withdrawn_count++], item, sizeof item);
    arena_fini(&arena);
    call_end(s);
}

/* The candidate asks for the answer keys. */
static void review_ask(struct story *s, struct model_session *ms)
{
    struct arena arena;
    struct job job = {.type = JOB_REVIEW,
                      .arena = &arena,
                      .received_ms = s->now_ms,
                      .person = ground_person(ms->person)};

    arena_init(&arena, 0);
    memcpy(job.in.session_uuid, ms->uuid, 16);
    live_call(s->live, &job);
    tell(s, "P%u asks for the answer keys: %s", ms->person, err_code_name(job.rc));
    if (job.rc == 0) {
        *(s->exam == 0 ? &ms->keys_seen : &s->model.keys_seen) = true;
        s->tally->reviews++;
    }
    arena_fini(&arena);
    call_end(s);
}

static void officer_act(struct story *s)
{
    static const enum job_type types[] = {JOB_EXTRA_TIME,    JOB_SUSPEND, JOB_RESUME,
                                          JOB_RESUME,        JOB_RESUME,  JOB_VOID,
                                          JOB_LATE_DECISION, JOB_REOPEN};

    plan(s, 20000 + below(s, 120000), (struct happening){.what = OFFICER});
    if (s->live != NULL && by_chance(s, 100) && s->model.withdrawn_count < MODEL_WITHDRAWN_MAX)
        exam_do(s, JOB_WITHDRAW);
    if (s->live != NULL && by_chance(s, 60))
        exam_do(s, JOB_EXAM_CLOSE);
    if (s->live != NULL && s->model.count > 0 && by_chance(s, 300))
        review_ask(s, &s->model.sessions[below(s, (uint32_t)s->model.count)]);
    if (s->live != NULL && s->model.count > 0)
        officer_do(s, &s->model.sessions[below(s, (uint32_t)s->model.count)],
                   types[below(s, sizeof types / sizeof types[0])]);
}

/* ---- the story ---- */

static void happen(struct story *s, const struct happening *h)
{
    struct sitter *p = &s->people[h->person];

    switch (h->what) {
    case WAKE:
        act(s, h->person);
        plan(s, 500 + below(s, by_chance(s, 50) ? 200000 : 20000),
             (struct happening){.what = WAKE, .person = h->person});
        break;
    case ARRIVAL:
        request_arrive(s, h->message);
        break;
    case ROUND:
        server_round(s);
        break;
    case REPLY:
        hear(s, h->message);
        message_gone(h->message);
        break;
    case PATIENCE:
        for (unsigned k = 0; k < DEVICES; k++) {
            if (p->devices[k].waits_for == h->number)
                p->devices[k].waits = false;
        }
        break;
    case OFFICER:
        officer_act(s);
        break;
    case CRASH:
        if (s->live != NULL) {
            server_down(s);
            s->tally->crashes++;
            plan(s, 200 + below(s, 60000), (struct happening){.what = RESTART});
        }
        break;
    case RESTART:
        if (s->live == NULL)
            server_up(s);
        break;
    case CHECKPOINT:
        if (s->live != NULL && store_checkpoint(s->store, STORE_RECORD, NULL) != 0)
            model_fail(&s->model, "a checkpoint failed");
        break;
    }
}

static void story_begin(struct story *s)
{
    s->env = (struct env){s, env_now_ms, env_entropy, env_log};
    s->now_ms = GROUND_START_MS;
    s->exam = below(s, GROUND_EXAMS);
    s->loses = below(s, 3) == 0 ? 0 : below(s, 120);
    s->repeats = below(s, 100);
    s->faulty = below(s, 2) == 0 ? 0 : 700;
    for (unsigned k = 0; k < GROUND_PEOPLE; k++) {
        struct sitter *p = &s->people[k];

        p->attempt = 0;
        for (unsigned i = 0; i < DEVICES; i++)
            env_entropy(s, p->devices[i].id, 16);
        attempt_next(s, k);
        plan(s, below(s, 28 * 60 * 1000), (struct happening){.what = WAKE, .person = k});
    }
    for (unsigned crashes = below(s, 4); crashes > 0; crashes--)
        plan(s, below(s, 45 * 60 * 1000), (struct happening){.what = CRASH});
    for (unsigned n = below(s, 4); n > 0; n--)
        plan(s, below(s, 45 * 60 * 1000), (struct happening){.what = CHECKPOINT});
    if (by_chance(s, 600))
        plan(s, below(s, 600000), (struct happening){.what = OFFICER});
    ground_copy(s->options->ground, s->options->dir);
    server_up(s);
}

static void story_middle(struct story *s)
{
    const int64_t end_ms = GROUND_WINDOW_END_MS + AFTER_MS;
    int64_t round_ms = s->now_ms;

    while (s->model.fault[0] == '\0' && s->now_ms < end_ms) {
        if (s->heap_count == 0 ||
            s->heap[0].at_ms > round_ms) { /* the writer looks at its timers */
            s->now_ms = round_ms;
            round_ms += ROUND_EVERY_MS;
            server_round(s);
        } else {
            struct happening h = next(s);

            s->now_ms = h.at_ms;
            happen(s, &h);
        }
    }
}

/* Everything calms down; time goes on until all is closed. */
static void story_end(struct story *s)
{
    s->is_calm = true;
    s->heap_count = 0;
    server_down(s);
    server_up(s);
    for (size_t i = 0; i < s->model.count && s->live != NULL; i++)
        officer_do(s, &s->model.sessions[i], JOB_RESUME);
    for (int round = 0; round < END_ROUNDS_MAX && s->live != NULL; round++) {
        s->now_ms += 10000;
        server_round(s);
    }
    if (s->live != NULL && s->model.fault[0] == '\0')
        model_check_end(&s->model, s->options->ground, s->live, s->store, s->exam, s->now_ms);
}

int story_run(uint64_t seed, const struct story_options *options, struct story_tally *tally,
              char fault[STORY_FAULT_BYTES])
{
    struct story *s = calloc(1, sizeof *s);
    int rc;

    if (s == NULL)
        abort();
    s->options = options;
    s->tally = tally;
    s->chance.state = seed;
    story_begin(s);
    if (s->model.fault[0] == '\0')
        story_middle(s);
    if (s->model.fault[0] == '\0')
        story_end(s);
    server_down(s);
    while (s->newest != NULL) {
        struct message *m = s->newest;

        s->newest = m->older;
        message_gone(m);
        free(m);
    }
    tally->stories++;
    rc = s->model.fault[0] == '\0' ? 0 : 1;
    snprintf(fault, STORY_FAULT_BYTES, "%s", s->model.fault);
    free(s);
    return rc;
}
