/* The core's rounds: what the record writer does with a long queue, a deadline and a store that fails;
 * and the line in front of the password hash. The ground is that of the simulation, the clock the
 * test's. */
#include "server/live/sessions.h"
#include "server/store/fault/fault_store.h"
#include "server/store/sqlite/sqlite_store.h"
#include "tests/sim/ground.h"

#include <criterion/criterion.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

TestSuite(rounds, .timeout = 120);

enum { JOBS_MAX = 400 };

/* A job, its memory, and that it came back. */
struct ask {
    struct job job;
    struct arena arena;
    atomic_bool done;
};

struct scene {
    struct ground *ground;
    char dir[GROUND_PATH_BYTES];
    int64_t now_ms;
    uint64_t chance;
    struct env env;
    struct store *store;
    struct live *live;
    struct ask asks[JOBS_MAX];
    size_t asked;
    uint8_t session[16];
    uint32_t epoch;
};

static int64_t now_ms(void *arg)
{
    return ((struct scene *)arg)->now_ms;
}

static int entropy(void *arg, void *out, size_t n)
{
    struct scene *s = arg;

    for (size_t i = 0; i < n; i++)
        ((uint8_t *)out)[i] = (uint8_t)((s->chance = s->chance * 6364136223846793005u + 1) >> 56);
    return 0;
}

static void no_log(void *arg, enum log_level level, const char *event,
                   const struct log_field *fields, size_t count)
{
    (void)arg, (void)level, (void)event, (void)fields, (void)count;
}

static void done_batch(void *arg, struct list *jobs)
{
    struct list_node *node;

    (void)arg;
    while ((node = list_pop(jobs)) != NULL)
        ((struct ask *)list_entry(node, struct job, node)->user)->done = true;
}

static struct scene *scene_new(struct live_options *more)
{
    struct scene *s = calloc(1, sizeof *s);
    struct live_options options;
    struct store *disk = NULL;

    s->ground = ground_new("/dev/shm");
    snprintf(s->dir, sizeof s->dir, "/dev/shm/rounds-XXXXXX");
    cr_assert_not_null(mkdtemp(s->dir));
    ground_copy(s->ground, s->dir);
    s->now_ms = GROUND_START_MS;
    s->env = (struct env){s, now_ms, entropy, no_log};
    cr_assert_eq(sqlite_store_open(s->dir, NULL, &disk, NULL), 0);
    cr_assert_eq(fault_store_open(disk, &s->store, NULL), 0);
    options = ground_options(s->ground, &s->env, s->store);
    options.done_batch = done_batch;
    if (more != NULL) {
        options.stepped = more->stepped;
        options.work_queue_max = more->work_queue_max;
        options.hashes_at_once = more->hashes_at_once;
        options.workers = more->workers;
        options.hash_kib = more->hash_kib;
    }
    cr_assert_eq(live_open(&options, &s->live, NULL), 0);
    return s;
}

static void scene_free(struct scene *s)
{
    live_close(s->live);
    store_close(s->store);
    for (size_t i = 0; i < s->asked; i++)
        arena_fini(&s->asks[i].arena);
    directory_remove(s->dir);
    ground_free(s->ground);
    free(s);
}

/* A job of person 0, received now; not yet submitted. */
static struct ask *ask_new(struct scene *s, enum job_type type)
{
    struct ask *a = &s->asks[s->asked++];

    cr_assert_leq(s->asked, (size_t)JOBS_MAX);
    arena_init(&a->arena, 0);
    a->job = (struct job){.type = type,
                          .user = a,
                          .arena = &a->arena,
                          .received_ms = s->now_ms,
                          .person = ground_person(0)};
    return a;
}

static int submit(struct scene *s, struct ask *a)
{
    return live_submit(s->live, &a->job, &a->job.err);
}

/* Starts and opens the session of person 0. */
static void begin(struct scene *s)
{
    struct ask *start = ask_new(s, JOB_START);
    struct ask *open;

    start->job.in.start.attempt = 1;
    memcpy(start->job.in.start.exam_uuid, s->ground->exams[0], 16);
    cr_assert_eq(live_call(s->live, &start->job), 0);
    memcpy(s->session, start->job.out.session.ack.session_uuid, 16);
    open = ask_new(s, JOB_OPEN);
    memcpy(open->job.in.open.session_uuid, s->session, 16);
    cr_assert_eq(live_call(s->live, &open->job), 0);
    s->epoch = open->job.out.ack.epoch;
}

static struct ask *save(struct scene *s, const struct response_input *response)
{
    struct ask *a = ask_new(s, JOB_SAVE);

    memcpy(a->job.in.save.session_uuid, s->session, 16);
    a->job.in.save.epoch = s->epoch;
    a->job.in.save.responses = response;
    a->job.in.save.responses_count = 1;
    return a;
}

static const struct session_entry *entry(const struct scene *s)
{
    return sessions_find(s->live->sessions, s->session);
}

Test(rounds, a_deadline_waits_for_what_was_received_before_it)
{
    static const struct response_input response = {.device_seq = 1, .kind = RESPONSE_NONE};
    struct scene *s = scene_new(NULL);
    struct ask *last;

    begin(s);
    /* More than one round takes; then, still in time, an answer. */
    s->now_ms = GROUND_START_MS + GROUND_DURATION_MS + GROUND_GRACE_MS - 10;
    for (int i = 0; i < LIVE_BATCH_EVENTS_MAX + 20; i++) {
        struct ask *a = ask_new(s, JOB_HEARTBEAT);

        memcpy(a->job.in.session_uuid, s->session, 16);
        cr_assert_eq(submit(s, a), 0);
    }
    last = save(s, &response);
    cr_assert_eq(submit(s, last), 0);
    /* The disk was slow: the time is long up when the rounds go on. */
    s->now_ms += 60000;
    live_step(s->live, LIVE_RECORD);
    cr_assert(!last->done);
    cr_assert_eq(entry(s)->state, SESSION_STARTED,
                 "closed before what was received in time was judged");
    live_step(s->live, LIVE_RECORD);
    cr_assert(last->done);
    cr_assert_eq(last->job.rc, 0);
    cr_assert(!last->job.out.ack.late);
    cr_assert_eq(last->job.out.ack.stored, 1u);
    live_step(s->live, LIVE_RECORD);
    cr_assert_eq(entry(s)->state, SESSION_GRADED);
    scene_free(s);
}

Test(rounds, commits_that_go_on_failing_are_tried_ever_more_seldom)
{
    static const struct response_input response = {.device_seq = 1, .kind = RESPONSE_NONE};
    const struct fault full = {
        .op = FAULT_APPEND, .file = STORE_RECORD, .kind = FAULT_IO, .nth = 1, .calls = UINT32_MAX};
    struct scene *s = scene_new(NULL);
    struct live_metrics m;
    struct ask *a;

    begin(s);
    s->now_ms = GROUND_START_MS + GROUND_DURATION_MS + GROUND_GRACE_MS + 5000; /* overdue */
    fault_store_plan(s->store, &full, 1);
    for (int ms = 0; ms < 60000; ms++) { /* a minute of a thread that never rests */
        live_step(s->live, LIVE_RECORD);
        s->now_ms++;
    }
    live_metrics_read(s->live, &m);
    cr_assert_leq(m.commits_failed, 25u, "%lu commits were tried", (unsigned long)m.commits_failed);
    cr_assert_geq(m.commits_failed, 10u, "it was hardly tried: %lu",
                  (unsigned long)m.commits_failed);
    cr_assert(!live_is_ready(s->live));
    a = save(s, &response);
    cr_assert_eq(submit(s, a), ERR_BUSY, "it is refused without being tried");
    /* There is room again: by itself, within the longest pause. */
    fault_store_plan(s->store, NULL, 0);
    s->now_ms += 5000;
    live_step(s->live, LIVE_RECORD);
    cr_assert_eq(entry(s)->state, SESSION_GRADED);
    cr_assert(live_is_ready(s->live));
    scene_free(s);
}

Test(rounds, the_line_for_the_password_hash_has_an_end)
{
    /* 256 MiB a hash: those behind wait long enough to be counted. */
    struct live_options more = {
        .work_queue_max = 8, .hashes_at_once = 1, .workers = 2, .hash_kib = 128 * 1024};
    struct scene *s = scene_new(&more);
    size_t taken = 0, refused = 0, answered = 0, stopped = 0;
    struct live_metrics m;

    for (int i = 0; i < 60; i++) {
        struct ask *a = ask_new(s, JOB_LOGIN);

        a->job.in.login_request.person = ground_person(0);
        a->job.in.login_request.password = bytes_of_text("not the password");
        a->job.in.login_request.address = "127.0.0.1";
        if (submit(s, a) == 0)
            taken++;
        else
            refused++;
        usleep(1000); /* the workers move what is queued to those who wait */
    }
    live_metrics_read(s->live, &m);
    cr_assert_gt(refused, 20u, "everybody was let into the line");
    cr_assert_eq(m.queue_full[LIVE_WORK], refused);
    live_drain(s->live); /* those who wait are sent away, not hashed */
    for (size_t i = 0; i < s->asked; i++) {
        answered += s->asks[i].done;
        stopped += s->asks[i].done && s->asks[i].job.rc == ERR_IO;
    }
    cr_assert_eq(answered, taken);
    cr_assert_gt(stopped, 0u);
    scene_free(s);
}

/* Person 0 gets a password by an activation code. */
static void activate(struct scene *s, const char *password)
{
    struct bytes number = ground_person(0);
    struct ask *code = ask_new(s, JOB_ACTIVATION);
    struct ask *use = ask_new(s, JOB_ACTIVATE);

    code->job.in.activation.people = &number;
    code->job.in.activation.count = 1;
    cr_assert_eq(live_call(s->live, &code->job), 0);
    use->job.in.login_request.person = number;
    use->job.in.login_request.code = bytes_of_text(code->job.out.activation.codes[0].code);
    use->job.in.login_request.new_password = bytes_of_text(password);
    use->job.in.login_request.address = "127.0.0.1";
    cr_assert_eq(live_call(s->live, &use->job), 0);
}

Test(rounds, a_login_proved_before_a_revocation_does_not_come_after_it)
{
    static const char password[] = "correct horse battery";
    struct live_options more = {.hashes_at_once = 1, .workers = 2, .hash_kib = 512 * 1024};
    struct scene *s = scene_new(&more);
    struct ask *login, *revoke, *again;

    activate(s, password);
    login = ask_new(s, JOB_LOGIN);
    login->job.in.login_request.person = ground_person(0);
    login->job.in.login_request.password = bytes_of_text(password);
    login->job.in.login_request.address = "127.0.0.1";
    cr_assert_eq(submit(s, login), 0);
    usleep(20000); /* its hash, of half a GiB, is under way */
    revoke = ask_new(s, JOB_LOGINS_REVOKE);
    revoke->job.in.target = ground_person(0);
    cr_assert_eq(live_call(s->live, &revoke->job), 0);
    cr_assert(!login->done, "the hash was too quick for this test");
    again = ask_new(s, JOB_LOGIN); /* waits behind it */
    again->job.in.login_request = login->job.in.login_request;
    cr_assert_eq(live_call(s->live, &again->job), 0);
    live_drain(s->live);
    cr_assert(login->done);
    cr_assert_eq(login->job.rc, ERR_UNAUTHENTIC);
    scene_free(s);
}
