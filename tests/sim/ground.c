/* See ground.h. */
#include "tests/sim/ground.h"

#include "question-bank/base/file.h"
#include "server/store/sqlite/sqlite_store.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { AREA_ITEMS = 10, FILE_BYTES_MAX = 64 << 20 };

/* 2026-11-18 09:00 at +08:00. */
const int64_t GROUND_START_MS = INT64_C(1794963600000);
const int64_t GROUND_WINDOW_END_MS = INT64_C(1794963600000) + 30 * 60 * 1000;

static void must(bool good, const char *what)
{
    if (good)
        return;
    fprintf(stderr, "ground: %s failed\n", what);
    abort();
}

static void must_job(const struct job *job, const char *what)
{
    char text[ERR_TEXT_BYTES_MAX];

    if (job->rc == 0)
        return;
    err_text(&job->err, LANG_EN, text, sizeof text);
    fprintf(stderr, "ground: %s: %s\n", what, text);
    abort();
}

/* ---- the bank ---- */

static const struct {
    const char *prefix;
    enum item_type type;
    uint32_t correct;
} kinds[] = {
    {"A-F", ITEM_FILL_IN, 0},
    {"A-M", ITEM_MULTIPLE, 5},
    {"A-S", ITEM_SINGLE, 2},
    {"A-T", ITEM_TRUE_FALSE, 1},
};

static void item_make(struct arena *arena, struct item *it, size_t kind, int number)
{
    char id[16];

    snprintf(id, sizeof id, "%s-%03d", kinds[kind].prefix, number);
    memset(it, 0, sizeof *it);
    it->id = arena_bytes(arena, bytes_of_text(id));
    it->revision = 1;
    it->type = kinds[kind].type;
    it->area = bytes_of_text("宪法");
    it->topics[it->topics_count++] = bytes_of_text("任期");
    it->difficulty = 2;
    it->level = 1;
    it->stem = bytes_of_text(it->type == ITEM_FILL_IN ? "任期为____。" : "任期为（　　）。");
    it->explanation = bytes_of_text("解析。");
    it->facility = item_default_facility(it->difficulty);
    it->citations[0].title = bytes_of_text("中华人民共和国宪法");
    it->citations[0].article = 60;
    it->citations_count = 1;
    it->answer_key.mask = kinds[kind].correct;
    memset(it->salt, number + 1, sizeof it->salt);
    if (it->type == ITEM_FILL_IN) {
        it->answer_key.alternatives[0] = bytes_of_text("五年");
        it->answer_key.alternatives_count = 1;
    } else if (it->type != ITEM_TRUE_FALSE) {
        static const char *const options[] = {"五年", "四年", "三年", "二年"};

        for (size_t i = 0; i < 4; i++)
            it->options[i] = bytes_of_text(options[i]);
        it->options_count = 4;
    }
}

static struct bank *bank_make(void)
{
    enum { KINDS = sizeof kinds / sizeof kinds[0] };
    struct item *items = calloc(KINDS * AREA_ITEMS, sizeof *items);
    struct item_pool pool = {items, KINDS * AREA_ITEMS};
    struct release_law law = {.title = bytes_of_text("中华人民共和国宪法"),
                              .version = bytes_of_text("2018-03-11"),
                              .in_force = bytes_of_text("1982-12-04")};
    struct manifest head = {.name = bytes_of_text("模拟"),
                            .created = bytes_of_text("2026-11-01"),
                            .law_date = bytes_of_text("2026-11-01"),
                            .laws = &law,
                            .laws_count = 1,
                            .sample = true,
                            .fold_version = 1};
    struct buf raw = {0};
    struct bank *bank = NULL;
    struct digest digest;
    struct arena arena;

    arena_init(&arena, 0);
    must(items != NULL, "items");
    for (size_t kind = 0; kind < KINDS; kind++) {
        for (int n = 0; n < AREA_ITEMS; n++)
            item_make(&arena, &items[kind * AREA_ITEMS + (size_t)n], kind, n);
    }
    must(release_build(&head, &pool, &raw, &digest, NULL) == 0, "release");
    must(release_open_unsigned(&raw, &bank, NULL) == 0, "opening the release");
    arena_fini(&arena);
    free(items);
    return bank;
}

/* ---- the registry ---- */

struct bytes ground_person(unsigned k)
{
    static const char *const numbers[GROUND_PEOPLE] = {"P0", "P1", "P2", "P3"};

    return bytes_of_text(numbers[k]);
}

static int64_t first_now_ms(void *arg)
{
    (void)arg;
    return GROUND_START_MS - 3600 * 1000;
}

static int first_entropy(void *arg, void *out, size_t n)
{
    uint8_t *next = arg;

    for (size_t i = 0; i < n; i++)
        ((uint8_t *)out)[i] = (*next)++;
    return 0;
}

static void no_log(void *arg, enum log_level level, const char *event,
                   const struct log_field *fields, size_t count)
{
    (void)arg, (void)level, (void)event, (void)fields, (void)count;
}

static void no_done(void *arg, struct list *jobs)
{
    (void)arg, (void)jobs;
}

struct live_options ground_options(const struct ground *g, const struct env *env,
                                   struct store *store)
{
    static const struct bank *banks[1];
    struct live_options o = {
        .env = *env,
        .store = store,
        .alg = DIGEST_SM3,
        .banks = banks,
        .banks_count = 1,
        .checkpoint_ms = -1,
        .hash_kib = 8, /* nobody logs in; the core hashes once at its start */
        .hash_passes = 1,
        .stepped = true,
        .done_batch = no_done,
    };

    banks[0] = g->bank;
    memcpy(o.site_secret, g->site_secret, sizeof o.site_secret);
    return o;
}

static void call(struct live *live, struct job *job, struct arena *arena, const char *what)
{
    job->arena = arena;
    job->received_ms = live_now_ms(live);
    live_call(live, job);
    must_job(job, what);
    job_fini(job);
}

static void roster_make(struct live *live, struct arena *arena)
{
    struct unit_record units[] = {
        {.code = bytes_of_text("R"),
         .name = bytes_of_text("区"),
         .valid_from = bytes_of_text("2026-01-01")},
        {.code = bytes_of_text("U"),
         .name = bytes_of_text("镇"),
         .parent = bytes_of_text("R"),
         .valid_from = bytes_of_text("2026-01-01")},
    };
    struct person_record people[GROUND_PEOPLE];
    struct job job = {.type = JOB_IMPORT_UNITS, .in.import = {.units = units, .count = 2}};

    call(live, &job, arena, "units");
    for (unsigned k = 0; k < GROUND_PEOPLE; k++)
        people[k] = (struct person_record){.number = ground_person(k),
                                           .name = bytes_of_text("张三"),
                                           .unit = bytes_of_text(k % 2 == 0 ? "U" : "R"),
                                           .category = bytes_of_text("公务员"),
                                           .status = PERSON_ON_BOOKS,
                                           .valid_from = bytes_of_text("2026-01-01"),
                                           .post = bytes_of_text(""),
                                           .appointed = bytes_of_text("")};
    job = (struct job){.type = JOB_IMPORT_PEOPLE,
                       .in.import = {.people = people, .count = GROUND_PEOPLE}};
    call(live, &job, arena, "people");
}

static void exam_make(struct ground *g, struct live *live, struct arena *arena, unsigned at)
{
    static const struct blueprint_cell cells[] = {
        {.type = ITEM_SINGLE,
         .area = {(const uint8_t *)"宪法", 6},
         .difficulty_min = 1,
         .difficulty_max = 5,
         .count = 2,
         .points = 2000},
        {.type = ITEM_MULTIPLE,
         .area = {(const uint8_t *)"宪法", 6},
         .difficulty_min = 1,
         .difficulty_max = 5,
         .count = 2,
         .points = 2000},
        {.type = ITEM_TRUE_FALSE,
         .area = {(const uint8_t *)"宪法", 6},
         .difficulty_min = 1,
         .difficulty_max = 5,
         .count = 1,
         .points = 1000},
        {.type = ITEM_FILL_IN,
         .area = {(const uint8_t *)"宪法", 6},
         .difficulty_min = 1,
         .difficulty_max = 5,
         .count = 1,
         .points = 1000},
    };
    const struct blueprint blueprint = {
        .name = bytes_of_text("模拟卷"), .cells = cells, .cells_count = 4};
    const struct scoring_rules rules = {.pass_mark = 6000,
                                        .bands = {{"优秀", 9000}, {"合格", 6000}},
                                        .bands_count = 2,
                                        .multiple = MULTIPLE_PARTIAL,
                                        .fold_version = 1};
    struct exam_definition d = {
        .name = bytes_of_text("模拟考试"),
        .kind = bytes_of_text("annual"),
        .year = 2026,
        .window_start_ms = GROUND_START_MS,
        .window_end_ms = GROUND_WINDOW_END_MS,
        .duration_ms = GROUND_DURATION_MS,
        .cutoff = bytes_of_text("2026-11-01"),
        .release = *bank_digest(g->bank),
        .attempts = GROUND_ATTEMPTS,
        .counts = RECORD_ATTEMPT_BEST,
        .grace_ms = GROUND_GRACE_MS,
        .late_accept_ms = GROUND_LATE_MS,
        .cut_at_window_end = at == 1,
        .review = at == 0 ? REVIEW_AT_ONCE : REVIEW_AFTER_CLOSE,
        .policy = bytes_of_text(""),
    };
    struct buf encoded[2] = {{0}, {0}};
    struct job job = {.type = JOB_EXAM_CREATE, .in.definition = &d};

    blueprint_encode(&blueprint, &encoded[0]);
    scoring_rules_encode(&rules, &encoded[1]);
    d.blueprint = buf_view(&encoded[0]);
    d.rules = buf_view(&encoded[1]);
    call(live, &job, arena, "the exam");
    memcpy(g->exams[at], job.out.exam_uuid, 16);
    for (int step = 0; step < 4; step++) {
        struct share_input share = {.which = step % 2 == 0 ? SHARE_OFFICER : SHARE_CUSTODIAN};

        memset(share.share, 17 + step % 2, sizeof share.share);
        share.digest = draw_share_digest(share.share);
        memcpy(share.exam_uuid, g->exams[at], 16);
        job = (struct job){.type = step < 2 ? JOB_SHARE_COMMIT : JOB_SHARE_REVEAL,
                           .person = ground_person((unsigned)step % 2),
                           .in.share = share};
        call(live, &job, arena, "a share");
    }
    job = (struct job){.type = JOB_EXAM_OPEN};
    memcpy(job.in.exam_uuid, g->exams[at], 16);
    call(live, &job, arena, "opening the exam");
    buf_fini(&encoded[0]);
    buf_fini(&encoded[1]);
}

struct ground *ground_new(const char *parent)
{
    struct ground *g = calloc(1, sizeof *g);
    uint8_t next = 1;
    const struct env env = {&next, first_now_ms, first_entropy, no_log};
    struct live_options options;
    struct store *store = NULL;
    struct live *live = NULL;
    struct arena arena;

    must(g != NULL, "memory");
    snprintf(g->dir, sizeof g->dir, "%s/ground-XXXXXX", parent);
    must(mkdtemp(g->dir) != NULL, "the template's directory");
    memset(g->site_secret, 9, sizeof g->site_secret);
    g->bank = bank_make();
    must(sqlite_store_open(g->dir, NULL, &store, NULL) == 0, "the template's store");
    options = ground_options(g, &env, store);
    must(live_open(&options, &live, NULL) == 0, "the core");
    arena_init(&arena, 0);
    roster_make(live, &arena);
    for (unsigned at = 0; at < GROUND_EXAMS; at++)
        exam_make(g, live, &arena, at);
    live_close(live);
    store_close(store);
    arena_fini(&arena);
    return g;
}

void ground_free(struct ground *g)
{
    directory_remove(g->dir);
    bank_free(g->bank);
    free(g);
}

/* ---- files ---- */

static void path_join(char out[2 * GROUND_PATH_BYTES], const char *dir, const char *name)
{
    snprintf(out, 2 * GROUND_PATH_BYTES, "%s/%.100s", dir, name);
}

void ground_copy(const struct ground *g, const char *dir)
{
    for (int file = 0; file < STORE_FILES; file++) {
        const char *name = store_file_name((enum store_file)file);
        char from[2 * GROUND_PATH_BYTES], to[2 * GROUND_PATH_BYTES];
        struct buf content = {0};

        path_join(from, g->dir, name);
        path_join(to, dir, name);
        must(file_read(from, FILE_BYTES_MAX, &content, NULL) == 0, "reading the template");
        must(file_write(to, buf_view(&content), 0600, NULL) == 0, "writing a copy");
        buf_fini(&content);
    }
}

void directory_remove(const char *dir)
{
    DIR *d = opendir(dir);
    struct dirent *e;

    while (d != NULL && (e = readdir(d)) != NULL) {
        char path[2 * GROUND_PATH_BYTES];

        path_join(path, dir, e->d_name);
        if (strcmp(e->d_name, ".") != 0 && strcmp(e->d_name, "..") != 0)
            unlink(path);
    }
    if (d != NULL)
        closedir(d);
    rmdir(dir);
}
