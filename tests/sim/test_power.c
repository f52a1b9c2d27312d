/* Power cuts: a whole small exam, and the power fails after every single thing that was done to a file.
 *
 * A VFS writes down every write, truncation, deletion and sync. For each moment the disk is built as it
 * may be found afterwards: what was synced is there; of what was not, nothing, everything, or a part,
 * torn within a sector and without regard to order. Then the store must open, and hold exactly a
 * beginning of the journal that reaches to the last acknowledged event at least.
 *
 * Negative controls: without syncs (synchronous=NORMAL), and with acknowledgements before their commit,
 * losses must be found. */
#include "server/store/sqlite/sqlite_store.h"
#include "tests/draw/pool.h"
#include "tests/lib/faulty_vfs.h"
#include "tests/lib/hasty_store.h"
#include "tests/sim/ground.h"

#include "question-bank/base/file.h"

#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

TestSuite(power, .timeout = 600);

enum {
    ACTS_MAX = 20000,
    FILES_MAX = 8,
    SECTOR_BYTES = 512,
    EVENTS_MAX = 4096,
    SAVES = 12, /* of each candidate */
    VARIANTS = 4,
};

/* In the order in which it happened. An acknowledgement: DISK_OPS. */
struct record {
    enum disk_op op;
    int file;
    uint8_t *data;
    int64_t len, at;
    int64_t acked[STORE_FILES]; /* seq */
};

struct recording {
    char names[FILES_MAX][64];
    int files;
    struct record acts[ACTS_MAX];
    size_t count;
};

struct journal_copy {
    struct digest events[STORE_FILES][EVENTS_MAX]; /* of seq 1, 2, … */
    size_t count[STORE_FILES];
};

/* ---- recording ---- */

static int file_of(struct recording *r, const char *path)
{
    const char *name = strrchr(path, '/');
    int at = 0;

    name = name != NULL ? name + 1 : path;
    while (at < r->files && strcmp(r->names[at], name) != 0)
        at++;
    if (at == r->files) {
        cr_assert_lt(at, FILES_MAX);
        snprintf(r->names[r->files++], sizeof r->names[0], "%s", name);
    }
    return at;
}

static struct record *record_new(struct recording *r)
{
    cr_assert_lt(r->count, (size_t)ACTS_MAX);
    memset(&r->acts[r->count], 0, sizeof r->acts[0]);
    return &r->acts[r->count++];
}

static void watch(void *arg, const struct disk_act *act)
{
    struct recording *r = arg;
    struct record *record = record_new(r);

    record->op = act->op;
    record->file = file_of(r, act->path);
    record->len = act->len;
    record->at = act->at;
    if (act->op == DISK_WRITE) {
        record->data = malloc((size_t)act->len);
        cr_assert_not_null(record->data);
        memcpy(record->data, act->data, (size_t)act->len);
    }
}

/* ---- the exam ---- */

struct exam {
    struct ground *ground;
    struct recording *recording;
    struct store *store;
    struct live *live;
    int64_t now_ms;
    uint64_t chance;
    struct arena arena;
};

static int64_t exam_now_ms(void *arg)
{
    return ((struct exam *)arg)->now_ms;
}

static int exam_entropy(void *arg, void *out, size_t n)
{
    struct exam *e = arg;

    for (size_t i = 0; i < n; i++)
        ((uint8_t *)out)[i] = (uint8_t)((e->chance = e->chance * 6364136223846793005u + 1) >> 56);
    return 0;
}

static void no_log(void *arg, enum log_level level, const char *event,
                   const struct log_field *fields, size_t count)
{
    (void)arg, (void)level, (void)event, (void)fields, (void)count;
}

/* The job's answer arrives: whatever it acknowledged must survive from here on. */
static void call(struct exam *e, struct job *job)
{
    struct live_metrics m;
    struct record *record;

    job->arena = &e->arena;
    job->received_ms = e->now_ms;
    cr_assert_eq(live_call(e->live, job), 0, "%s failed", job_type_name(job->type));
    live_metrics_read(e->live, &m);
    record = record_new(e->recording);
    record->op = DISK_OPS;
    record->acked[STORE_RECORD] = m.record_seq;
    record->acked[STORE_REGISTRY] = m.registry_seq;
    e->now_ms += 1000;
}

static void sit(struct exam *e, unsigned person, uint8_t session[16])
{
    struct job start = {
        .type = JOB_START, .person = ground_person(person), .in.start = {.attempt = 1}};
    struct job open = {.type = JOB_OPEN, .person = ground_person(person)};

    memcpy(start.in.start.exam_uuid, e->ground->exams[0], 16);
    call(e, &start);
    memcpy(session, start.out.session.ack.session_uuid, 16);
    memcpy(open.in.open.session_uuid, session, 16);
    call(e, &open);
}

static void save(struct exam *e, unsigned person, const uint8_t session[16], uint64_t seq)
{
    const struct response_input response = {
        .device_seq = seq, .item = (uint32_t)(seq % GROUND_ITEMS), .kind = RESPONSE_NONE};
    struct job job = {.type = JOB_SAVE,
                      .person = ground_person(person),
                      .in.save = {.epoch = 1, .responses = &response, .responses_count = 1}};

    memcpy(job.in.save.session_uuid, session, 16);
    call(e, &job);
}

static void hand_in(struct exam *e, unsigned person, const uint8_t session[16])
{
    struct job job = {.type = JOB_SUBMIT,
                      .person = ground_person(person),
                      .in.submit = {.epoch = 1, .device_seq = SAVES}};

    memcpy(job.in.submit.session_uuid, session, 16);
    call(e, &job);
}

static void withdraw(struct exam *e)
{
    struct job job = {
        .type = JOB_WITHDRAW,
        .person = ground_person(0),
        .in.withdrawal = {.item = bytes_of_text("A-S-001"), .reason = bytes_of_text("法条已修改")}};

    memcpy(job.in.withdrawal.exam_uuid, e->ground->exams[1], 16);
    call(e, &job);
}

/* Two candidates answer in turn, one hands in, the other's time runs out; checkpoints in between. */
static void exam_run(struct exam *e)
{
    uint8_t sessions[2][16];

    for (unsigned k = 0; k < 2; k++)
        sit(e, k, sessions[k]);
    for (uint64_t seq = 1; seq <= SAVES; seq++) {
        for (unsigned k = 0; k < 2; k++)
            save(e, k, sessions[k], seq);
        if (seq % 4 == 0) {
            for (int file = 0; file < STORE_FILES; file++)
                cr_assert_eq(store_checkpoint(e->store, (enum store_file)file, NULL), 0);
        }
        if (seq == SAVES / 2)
            withdraw(e);
    }
    hand_in(e, 0, sessions[0]);
    e->now_ms += GROUND_DURATION_MS + GROUND_GRACE_MS;
    live_step(e->live, LIVE_RECORD);
    withdraw(e);
}

static int event_copy(void *arg, const struct event *event)
{
    struct digest **next = arg;
    uint8_t head[18];

    u64be_write(head, (uint64_t)event->seq);
    u64be_write(head + 8, (uint64_t)event->recorded_ms);
    u16be_write(head + 16, event->type);
    *(*next)++ =
        digest_of(DIGEST_SHA256, (struct bytes[]){bytes_of(head, sizeof head), event->payload}, 2);
    return 0;
}

static int journal_read(struct store *store, struct journal_copy *out)
{
    for (int file = 0; file < STORE_FILES; file++) {
        struct digest *next = out->events[file];
        int rc = store_events_each(store, (enum store_file)file, 0, 0, event_copy, &next, NULL);

        if (rc != 0)
            return rc;
        out->count[file] = (size_t)(next - out->events[file]);
        cr_assert_lt(out->count[file], (size_t)EVENTS_MAX);
    }
    return 0;
}

/* Runs the exam on a recorded disk in `dir`. */
static void exam_record(struct ground *ground, const char *dir, bool synced, bool hasty,
                        struct recording *recording, struct journal_copy *whole)
{
    static struct faulty_vfs vfs;
    struct exam e = {.ground = ground, .recording = recording, .now_ms = GROUND_START_MS};
    const struct env env = {&e, exam_now_ms, exam_entropy, no_log};
    const struct sqlite_options options = {.synchronous_normal_for_negative_control = !synced,
                                           .vfs = "recorded"};
    struct live_options live;
    struct store *disk = NULL;

    arena_init(&e.arena, 0);
    ground_copy(ground, dir);
    faulty_vfs_init(&vfs, "recorded");
    vfs.watch = watch;
    vfs.watch_arg = recording;
    cr_assert_eq(sqlite_store_open(dir, &options, &disk, NULL), 0);
    e.store = disk;
    if (hasty)
        cr_assert_eq(hasty_store_open(disk, true, &e.store, NULL), 0);
    live = ground_options(ground, &env, e.store);
    cr_assert_eq(live_open(&live, &e.live, NULL), 0);
    exam_run(&e);
    live_close(e.live);
    cr_assert_eq(journal_read(disk, whole), 0);
    vfs.watch = NULL; /* closing in good order is no power cut */
    store_close(e.store);
    faulty_vfs_fini(&vfs);
    arena_fini(&e.arena);
}

/* ---- the disk afterwards ---- */

struct image {
    struct buf content;
    bool exists;
};

static void image_write(struct image *i, const uint8_t *data, int64_t len, int64_t at)
{
    i->exists = true;
    while ((int64_t)i->content.len < at + len) {
        static const uint8_t zeros[4096];
        size_t more = (size_t)(at + len) - i->content.len;

        cr_assert_eq(buf_append(&i->content, zeros, more < sizeof zeros ? more : sizeof zeros), 0);
    }
    memcpy(i->content.data + at, data, (size_t)len);
}

static void image_do(struct image *i, const struct record *act, int64_t len)
{
    if (act->op == DISK_WRITE)
        image_write(i, act->data, len, act->at);
    else if (act->op == DISK_TRUNCATE && act->at < (int64_t)i->content.len)
        i->content.len = (size_t)act->at;
    else if (act->op == DISK_DELETE) {
        i->exists = false;
        i->content.len = 0;
    }
}

/* 0: nothing of what was not synced; 1: all of it; others: a part, drawn, and torn. */
static bool survives(int variant, struct test_chance *chance, const struct record *act,
                     int64_t *len)
{
    *len = act->len;
    if (variant < 2)
        return variant == 1;
    if (act->op == DISK_WRITE && act->len > SECTOR_BYTES && test_chance_below(chance, 4) == 0)
        *len = SECTOR_BYTES *
               (1 + (int64_t)test_chance_below(chance, (uint32_t)(act->len / SECTOR_BYTES)));
    return test_chance_below(chance, 2) == 0;
}

/* Writes the files as they may be found when the power failed before act `cut`. */
static void disk_build(const struct recording *r, const struct ground *ground, size_t cut,
                       int variant, const char *dir)
{
    struct test_chance chance = {(uint64_t)cut * 16 + (uint64_t)variant};

    for (int file = 0; file < r->files; file++) {
        struct image image = {{0}, false};
        char path[2 * GROUND_PATH_BYTES];
        size_t synced = 0;

        snprintf(path, sizeof path, "%s/%s", ground->dir, r->names[file]);
        image.exists = file_read(path, 1 << 26, &image.content, NULL) == 0;
        for (size_t at = 0; at < cut; at++) {
            const struct record *act = &r->acts[at];

            if (act->op != DISK_OPS && act->file == file &&
                (act->op == DISK_SYNC || (act->op == DISK_DELETE && act->len > 0)))
                synced = at + 1;
        }
        for (size_t at = 0; at < cut; at++) {
            const struct record *act = &r->acts[at];
            int64_t len = act->len;

            if (act->op == DISK_OPS || act->op == DISK_SYNC || act->file != file)
                continue;
            if (at < synced || survives(variant, &chance, act, &len))
                image_do(&image, act, len);
        }
        snprintf(path, sizeof path, "%s/%s", dir, r->names[file]);
        remove(path);
        if (image.exists)
            cr_assert_eq(file_write(path, buf_view(&image.content), 0600, NULL), 0);
        snprintf(path, sizeof path, "%s/%s-shm", dir, r->names[file]);
        remove(path);
        buf_fini(&image.content);
    }
}

/* ---- what must hold ---- */

struct verdict {
    uint64_t images, refused, lost, wrong;
    char first[256];
};

static void verdict_note(struct verdict *v, uint64_t *count, size_t cut, int variant,
                         const char *what)
{
    if (v->first[0] == '\0')
        snprintf(v->first, sizeof v->first, "cut before act %zu, variant %d: %s", cut, variant,
                 what);
    (*count)++;
}

static void image_check(const struct recording *r, const struct journal_copy *whole, size_t cut,
                        int variant, const char *dir, struct verdict *v)
{
    static struct journal_copy found;
    const struct sqlite_options options = {.quick_check = true};
    int64_t acked[STORE_FILES] = {0};
    struct store *store = NULL;
    struct err err = {0};
    char text[ERR_TEXT_BYTES_MAX];

    for (size_t at = 0; at < cut; at++) {
        if (r->acts[at].op == DISK_OPS)
            memcpy(acked, r->acts[at].acked, sizeof acked);
    }
    v->images++;
    if (sqlite_store_open(dir, &options, &store, &err) != 0 || journal_read(store, &found) != 0) {
        err_text(&err, LANG_EN, text, sizeof text);
        verdict_note(v, &v->refused, cut, variant, text);
        if (store != NULL)
            store_close(store);
        return;
    }
    for (int file = 0; file < STORE_FILES; file++) {
        const char *name = store_file_name((enum store_file)file);

        if ((int64_t)found.count[file] < acked[file]) {
            snprintf(text, sizeof text, "%s holds %zu events, %" PRId64 " were acknowledged", name,
                     found.count[file], acked[file]);
            verdict_note(v, &v->lost, cut, variant, text);
        } else if (found.count[file] > whole->count[file] ||
                   memcmp(found.events[file], whole->events[file],
                          found.count[file] * sizeof found.events[file][0]) != 0) {
            snprintf(text, sizeof text, "%s holds events that are not those of the exam", name);
            verdict_note(v, &v->wrong, cut, variant, text);
        }
    }
    store_close(store);
}

/* every: cut after each act, or after each such many. */
static struct verdict cut_everywhere(bool synced, bool hasty, size_t every)
{
    struct ground *ground = ground_new("/dev/shm");
    struct recording *recording = calloc(1, sizeof *recording);
    struct journal_copy *whole = calloc(1, sizeof *whole);
    struct verdict v = {0};
    char run[64] = "/dev/shm/power-run-XXXXXX", found[64] = "/dev/shm/power-cut-XXXXXX";

    cr_assert(recording != NULL && whole != NULL);
    cr_assert(mkdtemp(run) != NULL && mkdtemp(found) != NULL);
    exam_record(ground, run, synced, hasty, recording, whole);
    cr_assert_gt(recording->count, 100u);
    for (size_t cut = 0; cut <= recording->count; cut += every) {
        for (int variant = 0; variant < VARIANTS; variant++) {
            disk_build(recording, ground, cut, variant, found);
            image_check(recording, whole, cut, variant, found, &v);
        }
    }
    fprintf(stderr,
            "%zu acts, %" PRIu64 " disks: %" PRIu64 " lost, %" PRIu64 " wrong, %" PRIu64
            " refused; %s\n",
            recording->count, v.images, v.lost, v.wrong, v.refused, v.first);
    for (size_t at = 0; at < recording->count; at++)
        free(recording->acts[at].data);
    free(recording);
    free(whole);
    directory_remove(run);
    directory_remove(found);
    ground_free(ground);
    return v;
}

#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
enum { EVERY = 7 };
#else
enum { EVERY = 1 };
#endif

Test(power, no_cut_loses_what_was_acknowledged)
{
    struct verdict v = cut_everywhere(true, false, EVERY);

    cr_assert_eq(v.lost + v.wrong + v.refused, 0u, "%s", v.first);
}

Test(power, without_syncs_losses_are_found)
{
    struct verdict v = cut_everywhere(false, false, EVERY);

    cr_assert_gt(v.lost, 10u, "a test that cannot find this loss tests nothing");
    cr_assert_eq(v.wrong + v.refused, 0u, "%s", v.first);
}

Test(power, acknowledgements_before_their_commit_are_found)
{
    struct verdict v = cut_everywhere(true, true, EVERY);

    cr_assert_gt(v.lost, 10u, "a test that cannot find this loss tests nothing");
}
