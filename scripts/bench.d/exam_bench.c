/* Drawing and marking from a release file. Nothing is drawn or marked in advance that the server
 * does anew for each candidate. Fails with what the files' readers say. Thread: main. */
#include "scripts/bench.d/bench.h"

#include "question-bank/bank/paper.h"
#include "question-bank/bank/release.h"
#include "question-bank/base/arena.h"
#include "question-bank/base/file.h"
#include "question-bank/format/blueprint_json.h"
#include "server/exam/grade.h"

#include <stdlib.h>
#include <string.h>

enum { SITTINGS = 256, TURN = 64 };

struct bench_exam {
    struct bank *bank;
    struct draw_plan *plan;
    struct blueprint blueprint;
    struct arena arena;
};

static void exam_close(struct bench_exam *x)
{
    draw_plan_free(x->plan);
    bank_free(x->bank);
    arena_fini(&x->arena);
}

static int exam_open(const char *release, const char *blueprint, struct bench_exam *x,
                     struct err *err)
{
    struct buf raw = {0};
    struct buf text = {0};
    int rc = file_read(release, RELEASE_BYTES_MAX, &raw, err);

    *x = (struct bench_exam){0};
    arena_init(&x->arena, 0);
    if (rc == 0)
        rc = release_open_unsigned(&raw, &x->bank, err);
    if (rc == 0)
        rc = file_read(blueprint, BLUEPRINT_JSON_BYTES_MAX, &text, err);
    if (rc == 0)
        rc = blueprint_json_read(buf_view(&text), &x->arena, &x->blueprint, err);
    if (rc == 0)
        rc = draw_plan_new(&x->blueprint, bank_pool(x->bank), NULL, &x->plan, err);
    buf_fini(&raw);
    buf_fini(&text);
    if (rc != 0)
        exam_close(x);
    return rc;
}

/* The n-th candidate's paper. */
static int draw_one(const struct bench_exam *x, uint64_t n, struct arena *arena,
                    struct paper **paper, struct paper_binding *binding, struct err *err)
{
    static const uint8_t share[32] = {1};
    const struct digest master = draw_master(share, share);
    struct seed seed;

    *binding = (struct paper_binding){.attempt = 1, .release = *bank_digest(x->bank)};
    u64be_write(binding->nonce, n);
    seed = draw_paper_seed(&master, binding->exam_uuid, &binding->pseudonym, binding->attempt,
                           binding->nonce);
    return paper_draw(x->plan, NULL, &seed, arena, paper, err);
}

int bench_draw(const char *release, const char *blueprint, int64_t ms, double *out, struct err *err)
{
    struct bench_exam x;
    struct arena arena;
    int64_t from_us, us = 0;
    uint64_t n = 0;
    int rc = exam_open(release, blueprint, &x, err);

    if (rc != 0)
        return rc;
    arena_init(&arena, 0);
    from_us = bench_now_us();
    while (rc == 0 && us < ms * 1000) {
        for (int i = 0; i < TURN && rc == 0; i++, n++) {
            struct paper_binding binding;
            struct paper *paper;

            rc = draw_one(&x, n, &arena, &paper, &binding, err);
            if (rc == 0)
                paper_digest(paper, &binding);
            arena_reset(&arena);
        }
        us = bench_now_us() - from_us;
    }
    arena_fini(&arena);
    exam_close(&x);
    if (rc == 0)
        *out = (double)n * 1e6 / (double)us;
    return rc;
}

/* ---- marking ---- */

struct sitting {
    struct paper *paper;
    struct response *responses;
};

/* The mask over the shown options that earns the points. */
static uint32_t right_mask(const struct paper_item *place)
{
    uint32_t original = place->item->answer_key.mask;
    uint32_t shown = 0;

    if (place->option_count == 0)
        return original;
    for (unsigned i = 0; i < place->option_count; i++) {
        if (original >> place->option_order[i] & 1)
            shown |= UINT32_C(1) << i;
    }
    return shown;
}

static int respond(const struct paper_item *place, bool right, struct arena *arena,
                   struct response *out)
{
    const struct answer_key *answer_key = &place->item->answer_key;

    *out = (struct response){.epoch = 1, .kind = RESPONSE_MASK};
    if (place->item->type != ITEM_FILL_IN) {
        out->mask = right ? right_mask(place) : right_mask(place) ^ 1;
        return 0;
    }
    out->kind = RESPONSE_TEXT;
    out->text = right ? arena_text(arena, (const char *)answer_key->alternatives[0].data,
                                   answer_key->alternatives[0].len)
                      : arena_text(arena, "?", 1);
    return out->text != NULL ? 0 : ERR_NOMEM;
}

static int sit(struct bench_exam *x, uint64_t n, struct sitting *out, struct err *err)
{
    struct paper_binding binding;
    int rc = draw_one(x, n, &x->arena, &out->paper, &binding, err);

    if (rc != 0)
        return rc;
    out->responses = arena_array(&x->arena, out->paper->count, sizeof *out->responses);
    if (out->responses == NULL)
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    for (size_t i = 0; i < out->paper->count && rc == 0; i++)
        rc = respond(&out->paper->items[i], (i + n) % 2 == 0, &x->arena, &out->responses[i]);
    return rc;
}

int bench_grade(const char *release, const char *blueprint, int64_t ms, double *out,
                struct err *err)
{
    static const struct scoring_rules rules = {
        .pass_mark = 6000, .multiple = MULTIPLE_ALL_OR_NOTHING, .fold_version = 1};
    static struct sitting sittings[SITTINGS];
    uint32_t awards[BLUEPRINT_ITEMS_MAX];
    struct bench_exam x;
    struct score score = {0};
    int64_t from_us, us = 0;
    uint64_t n = 0;
    int rc = exam_open(release, blueprint, &x, err);

    if (rc != 0)
        return rc;
    for (uint64_t i = 0; i < SITTINGS && rc == 0; i++)
        rc = sit(&x, i, &sittings[i], err);
    from_us = bench_now_us();
    while (rc == 0 && us < ms * 1000) {
        for (int i = 0; i < TURN && rc == 0; i++, n++) {
            const struct sitting *s = &sittings[n % SITTINGS];

            rc = paper_grade(s->paper, &rules, NULL, s->responses, awards, &score, err);
        }
        us = bench_now_us() - from_us;
    }
    /* Half of the items are right: marking that gave nothing, or all, would measure nothing. */
    if (rc == 0 && (score.points == 0 || score.points >= score.points_max))
        rc = err_set(err, ERR_CORRUPT, NULL, NULL, NULL, NULL, NULL);
    exam_close(&x);
    if (rc == 0)
        *out = (double)n * 1e6 / (double)us;
    return rc;
}
