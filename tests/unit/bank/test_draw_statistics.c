/* Is the draw fair? DRAWS papers with fixed seeds over three cells, and chi-square tests on them.
 *
 * For a cell of n items of which k are drawn, over N papers:
 *   items    sum (O-E)^2/E with E = Nk/n; counts of a draw without replacement vary less than
 *            multinomial ones, so times (n-1)/(n-k): chi-square with n-1 degrees of freedom.
 *   pairs    how often two items stand in one paper, all n(n-1)/2 pairs. What the item counts
 *            already say is taken out (projection on the pairs' own space, of dimension n(n-3)/2),
 *            where the covariance is N(p2 - 2 p3 + p4), pm the chance that m given items are drawn.
 *   first    the item in the cell's first place: multinomial, n-1 degrees.
 *   options  item by item, which original option stands at which position: permutation matrices,
 *            sum (O-E)^2/E times (o-1)/o, (o-1)^2 degrees an item.
 *   orders   all o! orders of options over the cell: multinomial.
 *
 * A statistic fails above the value that a fair draw exceeds with probability 1e-6 (normal quantile
 * 4.7534, by Wilson and Hilferty's cube-root approximation, good to 1 % for our degrees). Seeds are
 * fixed, so a pass stays a pass. The same tests must fail on draws that are biased on purpose.
 * The sanitizer builds make the same number of draws. */
#include "question-bank/bank/paper.h"

#include "tests/draw/pool.h"

#include <criterion/criterion.h>
#include <math.h>
#include <string.h>

enum {
    DRAWS = 100000,
    CELLS = 3,
    ITEMS_MAX = 24,
    PLACES_MAX = 6,
    OPTIONS_MAX = 5,
    ORDERS_MAX = 120
};

static const double QUANTILE_ONE_IN_A_MILLION = 4.753424;

/* What one draw gave in one cell. */
struct cell_sample {
    uint32_t item[PLACES_MAX];
    uint8_t order[PLACES_MAX][OPTIONS_MAX];
};

struct cell_shape {
    uint32_t n, k, options; /* options 0: none to shuffle */
};

struct tally {
    struct cell_shape shape;
    uint32_t draws;
    uint32_t items[ITEMS_MAX];
    uint32_t first[ITEMS_MAX];
    uint32_t pairs[ITEMS_MAX][ITEMS_MAX]; /* both halves */
    uint32_t positions[ITEMS_MAX][OPTIONS_MAX][OPTIONS_MAX];
    uint32_t orders[ORDERS_MAX];
};

static double chi_square_limit(double degrees, double quantile)
{
    double v = 2.0 / (9.0 * degrees);

    return degrees * pow(1.0 - v + quantile * sqrt(v), 3.0);
}

/* The order's rank among all orders. */
static uint32_t order_rank(const uint8_t *order, uint32_t n)
{
    uint32_t rank = 0;

    for (uint32_t i = 0; i < n; i++) {
        uint32_t smaller = 0;

        for (uint32_t j = i + 1; j < n; j++)
            smaller += order[j] < order[i];
        rank = rank * (n - i) + smaller;
    }
    return rank;
}

static void tally_add(struct tally *t, const struct cell_sample *s)
{
    t->draws++;
    t->first[s->item[0]]++;
    for (uint32_t a = 0; a < t->shape.k; a++) {
        uint32_t x = s->item[a];

        t->items[x]++;
        for (uint32_t b = 0; b < t->shape.k; b++) {
            if (b != a)
                t->pairs[x][s->item[b]]++;
        }
        if (t->shape.options == 0)
            continue;
        for (uint32_t p = 0; p < t->shape.options; p++)
            t->positions[x][p][s->order[a][p]]++;
        t->orders[order_rank(s->order[a], t->shape.options)]++;
    }
}

static double square_sum(const uint32_t *observed, uint32_t count, double expected)
{
    double sum = 0;

    for (uint32_t i = 0; i < count; i++)
        sum += (observed[i] - expected) * (observed[i] - expected);
    return sum;
}

struct verdict {
    const char *what;
    double statistic, limit;
};

static struct verdict verdict_of(const char *what, double statistic, double degrees)
{
    return (struct verdict){what, statistic, chi_square_limit(degrees, QUANTILE_ONE_IN_A_MILLION)};
}

static struct verdict test_items(const struct tally *t)
{
    double n = t->shape.n;
    double k = t->shape.k;
    double e = t->draws * k / n;

    return verdict_of("items", square_sum(t->items, t->shape.n, e) / e * (n - 1) / (n - k), n - 1);
}

static struct verdict test_first(const struct tally *t)
{
    double e = (double)t->draws / t->shape.n;

    return verdict_of("first", square_sum(t->first, t->shape.n, e) / e, t->shape.n - 1);
}

static struct verdict test_pairs(const struct tally *t)
{
    double n = t->shape.n;
    double k = t->shape.k;
    double p2 = k * (k - 1) / (n * (n - 1));
    double p3 = p2 * (k - 2) / (n - 2);
    double p4 = p3 * (k - 3) / (n - 3);
    double total = t->draws * k * (k - 1) / 2;
    double sum = 0;

    for (uint32_t i = 0; i < t->shape.n; i++) {
        for (uint32_t j = i + 1; j < t->shape.n; j++) {
            /* An item's pairs are its count times k-1. */
            double rows = (t->items[i] + (double)t->items[j]) * (k - 1);
            double own = t->pairs[i][j] - rows / (n - 2) + 2 * total / ((n - 1) * (n - 2));

            sum += own * own;
        }
    }
    return verdict_of("pairs", sum / (t->draws * (p2 - 2 * p3 + p4)), n * (n - 3) / 2);
}

static struct verdict test_options(const struct tally *t)
{
    double o = t->shape.options;
    double statistic = 0;

    for (uint32_t i = 0; i < t->shape.n; i++) {
        double e = t->items[i] / o;

        for (uint32_t p = 0; p < t->shape.options; p++)
            statistic += square_sum(t->positions[i][p], t->shape.options, e) / e * (o - 1) / o;
    }
    return verdict_of("options", statistic, t->shape.n * (o - 1) * (o - 1));
}

static struct verdict test_orders(const struct tally *t)
{
    uint32_t count = t->shape.options == 4 ? 24 : 120;
    double e = (double)t->draws * t->shape.k / count;

    return verdict_of("orders", square_sum(t->orders, count, e) / e, count - 1);
}

/* Fills v with the tests that apply; returns how many. */
static size_t tally_verdicts(const struct tally *t, struct verdict v[5])
{
    v[0] = test_items(t);
    v[1] = test_pairs(t);
    v[2] = test_first(t);
    if (t->shape.options == 0)
        return 3;
    v[3] = test_options(t);
    v[4] = test_orders(t);
    return 5;
}

static bool tally_fails(const struct tally *t, const char *what)
{
    struct verdict v[5];
    size_t count = tally_verdicts(t, v);

    for (size_t i = 0; i < count; i++) {
        if (strcmp(v[i].what, what) == 0)
            return v[i].statistic > v[i].limit;
    }
    cr_assert(false, "no test of %s", what);
    return false;
}

static const struct cell_shape shapes[CELLS] = {{12, 4, 4}, {9, 4, 5}, {24, 6, 0}};

static struct seed seed_of(const char *tag, uint32_t number)
{
    uint8_t counter[4] = {0};
    struct bytes piece = bytes_of(counter, 4);
    struct digest d;
    struct seed seed;

    u32be_write(counter, number);
    d = digest_tagged(DIGEST_SHA256, tag, &piece, 1);
    memcpy(seed.b, d.b, sizeof(seed.b));
    return seed;
}

Test(draw_statistics, every_item_pair_and_option_order_is_equally_likely, .timeout = 120)
{
    static struct tally tallies[CELLS];
    struct blueprint_cell cells[CELLS] = {test_cell(ITEM_SINGLE, NULL, 4, 100),
                                          test_cell(ITEM_MULTIPLE, NULL, 4, 200),
                                          test_cell(ITEM_TRUE_FALSE, NULL, 6, 50)};
    struct blueprint bp = {.cells = cells, .cells_count = CELLS};
    uint32_t offset[CELLS] = {0, 12, 21};
    struct draw_plan *plan = NULL;
    struct test_pool pool;
    struct arena arena;

    test_pool_init(&pool);
    test_pool_add_many(&pool, "A", ITEM_SINGLE, "宪法", 12);
    test_pool_add_many(&pool, "B", ITEM_MULTIPLE, "宪法", 9);
    test_pool_add_many(&pool, "C", ITEM_TRUE_FALSE, "宪法", 24);
    for (uint32_t i = 12; i < 21; i++)
        pool.items[i].options_count = 5;
    cr_assert_eq(draw_plan_new(&bp, &pool.pool, NULL, &plan, NULL), 0);
    arena_init(&arena, 0);
    for (uint32_t c = 0; c < CELLS; c++)
        tallies[c].shape = shapes[c];
    for (uint32_t d = 0; d < DRAWS; d++) {
        struct seed seed = seed_of("fair", d);
        const struct paper_item *pi;
        struct paper *paper;

        cr_assert_eq(paper_draw(plan, NULL, &seed, &arena, &paper, NULL), 0);
        pi = paper->items;
        for (uint32_t c = 0; c < CELLS; c++) {
            struct cell_sample s;

            for (uint32_t p = 0; p < shapes[c].k; p++, pi++) {
                s.item[p] = (uint32_t)(pi->item - pool.items) - offset[c];
                memcpy(s.order[p], pi->option_order, OPTIONS_MAX);
            }
            tally_add(&tallies[c], &s);
        }
        arena_reset(&arena);
    }
    for (uint32_t c = 0; c < CELLS; c++) {
        struct verdict v[5];
        size_t count = tally_verdicts(&tallies[c], v);

        for (size_t i = 0; i < count; i++)
            cr_assert_leq(v[i].statistic, v[i].limit, "cell %u, %s: %.1f over %.1f", c, v[i].what,
                          v[i].statistic, v[i].limit);
    }
    arena_fini(&arena);
    draw_plan_free(plan);
    test_pool_fini(&pool);
}

/* ---- draws that are biased on purpose ---- */

/* A generator of the range that a careless draw would use. */
struct bytes_stream {
    struct digest block;
    size_t used;
    uint32_t next;
};

static uint8_t stream_byte(struct bytes_stream *s)
{
    if (s->next == 0 || s->used == DIGEST_BYTES) {
        struct seed seed = seed_of("biased", s->next++);

        memcpy(s->block.b, seed.b, DIGEST_BYTES);
        s->used = 0;
    }
    return s->block.b[s->used++];
}

/* Fair, for what is not to be biased. */
static uint32_t stream_fair(struct bytes_stream *s, uint32_t n)
{
    uint32_t r;

    do
        r = stream_byte(s);
    while (r >= 256 - 256 % n);
    return r % n;
}

static uint32_t stream_modulo(struct bytes_stream *s, uint32_t n)
{
    return stream_byte(s) % n;
}

/* The draw's own algorithm over another source of numbers. */
static void sample_shuffled(struct bytes_stream *s,
                            uint32_t (*below)(struct bytes_stream *, uint32_t),
                            const struct cell_shape *shape, struct cell_sample *out)
{
    uint32_t a[ITEMS_MAX];

    for (uint32_t i = 0; i < shape->n; i++)
        a[i] = i;
    for (uint32_t i = 0; i < shape->k; i++) {
        uint32_t j = i + below(s, shape->n - i);

        out->item[i] = a[j];
        a[j] = a[i];
    }
    for (uint32_t p = 0; p < shape->k; p++) {
        for (uint8_t i = 0; i < shape->options; i++)
            out->order[p][i] = i;
        for (uint32_t i = 0; i + 1 < shape->options; i++) {
            uint32_t j = i + below(s, shape->options - i);
            uint8_t x = out->order[p][i];

            out->order[p][i] = out->order[p][j];
            out->order[p][j] = x;
        }
    }
}

/* Neighbours in the pool, from a fair start; options exchanged with any position (n^n ways). */
static void sample_run(struct bytes_stream *s, const struct cell_shape *shape,
                       struct cell_sample *out)
{
    uint32_t start = stream_fair(s, shape->n);

    for (uint32_t p = 0; p < shape->k; p++) {
        out->item[p] = (start + p) % shape->n;
        for (uint8_t i = 0; i < shape->options; i++)
            out->order[p][i] = i;
        for (uint32_t i = 0; i < shape->options; i++) {
            uint32_t j = stream_fair(s, shape->options);
            uint8_t x = out->order[p][i];

            out->order[p][i] = out->order[p][j];
            out->order[p][j] = x;
        }
    }
}

Test(draw_statistics, the_tests_pass_a_fair_draw_from_another_generator)
{
    static struct tally t;
    struct bytes_stream s = {0};
    struct verdict v[5];

    t.shape = shapes[0];
    for (uint32_t d = 0; d < DRAWS; d++) {
        struct cell_sample sample;

        sample_shuffled(&s, stream_fair, &t.shape, &sample);
        tally_add(&t, &sample);
    }
    for (size_t i = 0; i < tally_verdicts(&t, v); i++)
        cr_assert_leq(v[i].statistic, v[i].limit, "%s: %.1f over %.1f", v[i].what, v[i].statistic,
                      v[i].limit);
}

/* 256 = 10 * 24 + 16: sixteen of the first place's items come up 11 times in 256, eight 10 times. */
Test(draw_statistics, the_tests_catch_modulo_bias)
{
    static struct tally t;
    struct bytes_stream s = {0};

    t.shape = shapes[2];
    for (uint32_t d = 0; d < DRAWS; d++) {
        struct cell_sample sample;

        sample_shuffled(&s, stream_modulo, &t.shape, &sample);
        tally_add(&t, &sample);
    }
    cr_assert(tally_fails(&t, "items"), "%.1f", test_items(&t).statistic);
    cr_assert(tally_fails(&t, "first"), "%.1f", test_first(&t).statistic);
}

Test(draw_statistics, the_tests_catch_runs_of_neighbours_and_a_careless_shuffle)
{
    static struct tally t;
    struct bytes_stream s = {0};

    t.shape = shapes[0];
    for (uint32_t d = 0; d < DRAWS; d++) {
        struct cell_sample sample;

        sample_run(&s, &t.shape, &sample);
        tally_add(&t, &sample);
    }
    cr_assert_not(tally_fails(&t, "items"));
    cr_assert(tally_fails(&t, "pairs"));
    cr_assert(tally_fails(&t, "orders"));
}

Test(draw_statistics, the_limit_agrees_with_published_tables)
{
    /* Upper 5 % and 0.1 % points of chi-square. */
    static const struct {
        double degrees, quantile, value;
    } points[] = {
        {8, 1.644854, 15.507},  {10, 1.644854, 18.307}, {100, 1.644854, 124.342},
        {10, 3.090232, 29.588}, {30, 3.090232, 59.703}, {100, 3.090232, 149.449},
    };

    for (size_t i = 0; i < sizeof(points) / sizeof(points[0]); i++) {
        double limit = chi_square_limit(points[i].degrees, points[i].quantile);

        cr_assert_lt(fabs(limit / points[i].value - 1), 0.01, "%g degrees: %g", points[i].degrees,
                     limit);
    }
}
