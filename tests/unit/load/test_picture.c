/* The picture: known seconds stand where they must. Points are reckoned by hand from the panels'
 * edges: 80..930 across; latency 300..80 and rates 540..370 upwards. */
#include "clients/load/picture.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

static const struct second seconds[] = {
    {.replies = {4, 4, 2, 0, 0}, .p50_us = 1000, .p99_us = 100000},
    {.errors = 4, .waiting = 10}, /* no replies */
    {.replies = {0, 0, 3, 1, 1}, .p50_us = 10000, .p99_us = 100000},
};

static const char *drawn(const struct picture *p, struct buf *out)
{
    cr_assert_eq(picture_write(p, out), 0);
    return buf_text(out);
}

static void has(const char *svg, const char *text)
{
    cr_expect_not_null(strstr(svg, text), "%s\nis not in\n%s", text, svg);
}

Test(picture, points_stand_where_they_must)
{
    struct picture p = {"a <day> & more", 25, seconds, 3, LANG_EN};
    struct buf out = {0};
    const char *svg = drawn(&p, &out);

    /* 1 ms at the bottom, 100 ms at the top, 10 ms between; the middle second is a gap. */
    has(svg, "stroke=\"#0072b2\" stroke-width=\"2\" "
             "d=\"M221.7,300.0L221.7,300.0M788.3,190.0L788.3,190.0\"");
    has(svg, "stroke=\"#d55e00\" stroke-width=\"2\" "
             "d=\"M221.7,80.0L221.7,80.0M788.3,80.0L788.3,80.0\"");
    /* 10, 0, 5 replies; 0, 10, 0 told to wait; 0, 4, 0 errors; ten is the top. */
    has(svg, "stroke=\"#009e73\" stroke-width=\"2\" "
             "d=\"M221.7,370.0L221.7,370.0L505.0,540.0L788.3,455.0\"");
    has(svg, "d=\"M221.7,540.0L221.7,540.0L505.0,370.0L788.3,540.0\"");
    has(svg, "d=\"M221.7,540.0L221.7,540.0L505.0,472.0L788.3,540.0\"");
    has(svg, "<title>a &lt;day> &amp; more · 25 people</title>");
    for (const char *const *label =
             (const char *const[]){">latency (ms)<", ">per second<", ">time (s)<", ">p50<", ">p99<",
                                   ">answered<", ">told to wait<", ">errors<", ">100<", NULL};
         *label != NULL; label++)
        has(svg, *label);
    has(svg, "</svg>\n");
    cr_expect_null(strstr(svg, "nan"));
    buf_fini(&out);
}

Test(picture, speaks_chinese_too)
{
    struct picture p = {"踩踏", 25, seconds, 3, LANG_ZH};
    struct buf out = {0};

    has(drawn(&p, &out), "<title>踩踏 · 25 人</title>");
    buf_fini(&out);
}

Test(picture, of_nothing_is_still_a_picture)
{
    struct picture p = {"nothing", 0, NULL, 0, LANG_EN};
    struct buf out = {0};
    const char *svg = drawn(&p, &out);

    has(svg, "</svg>\n");
    cr_expect_null(strstr(svg, "nan"));
    cr_expect_null(strstr(svg, "inf"));
    buf_fini(&out);
}

Test(picture, a_long_day_is_drawn_several_seconds_to_a_point)
{
    enum { LONG = PICTURE_POINTS_MAX * 3 - 1 };
    struct second *all = calloc(LONG, sizeof *all);
    struct picture p = {"long", 1, all, LONG, LANG_EN};
    struct buf out = {0};
    const char *svg;
    size_t points = 0;

    cr_assert_not_null(all);
    for (size_t i = 0; i < LONG; i++)
        all[i] = (struct second){.replies = {1}, .p50_us = 1000, .p99_us = 2000};
    all[LONG - 1].p99_us = 99000; /* the worst of its point is not lost */
    svg = drawn(&p, &out);
    has(svg, "each point the worst of so many seconds: 3");
    has(svg, ">100<");
    svg = strstr(svg, "stroke=\"#009e73\"");
    for (; *svg != '>'; svg++)
        points += *svg == 'L';
    cr_assert_eq(points, PICTURE_POINTS_MAX);
    free(all);
    buf_fini(&out);
}
