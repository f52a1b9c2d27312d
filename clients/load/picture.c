/* The picture: two panels over one axis of seconds. Latency is drawn on a logarithmic scale, since p50
 * and p99 lie far apart; a second without replies breaks the line. Fails without memory only.
 * Thread: reentrant. */
#include "clients/load/picture.h"

#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>

enum { X_TICKS_MAX = 12, LEGEND_STEP = 150 };

static const char colour_p50[] = "#0072b2";
static const char colour_p99[] = "#d55e00";
static const char colour_rate[] = "#009e73";
static const char colour_waiting[] = "#b8860b";
static const char colour_errors[] = "#cc0033";

static const struct msg label_people = {"picture-people", "人", "people"};
static const struct msg label_latency = {"picture-latency", "时延（毫秒）", "latency (ms)"};
static const struct msg label_rate = {"picture-rate", "每秒次数", "per second"};
static const struct msg label_time = {"picture-time", "时间（秒）", "time (s)"};
static const struct msg label_answered = {"picture-answered", "已答复", "answered"};
static const struct msg label_waiting = {"picture-waiting", "须等候", "told to wait"};
static const struct msg label_errors = {"picture-errors", "出错", "errors"};
static const struct msg label_worst = {"picture-worst", "每点为数秒中最差者，秒数：",
                                       "each point the worst of so many seconds: "};

/* What is drawn at one place of the axis. */
struct point {
    double p50_ms, p99_ms; /* 0: no replies */
    double answered, waiting, errors;
};

struct drawing {
    const struct picture *picture;
    struct buf *out;
    size_t points, per_point; /* seconds */
    int decade_min, decade_max;
    double rate_max, rate_step;
};

static const char *say(const struct drawing *d, const struct msg *msg)
{
    return d->picture->lang == LANG_ZH ? msg->zh : msg->en;
}

static struct point point_at(const struct drawing *d, size_t i)
{
    const struct picture *p = d->picture;
    size_t from = i * d->per_point;
    size_t to = from + d->per_point < p->count ? from + d->per_point : p->count;
    struct point sum = {0};

    for (size_t k = from; k < to; k++) {
        const struct second *s = &p->seconds[k];

        sum.p50_ms = fmax(sum.p50_ms, (double)s->p50_us / 1000.0);
        sum.p99_ms = fmax(sum.p99_ms, (double)s->p99_us / 1000.0);
        for (int m = 0; m < MEASURES; m++)
            sum.answered += s->replies[m];
        sum.waiting += s->waiting;
        sum.errors += s->errors;
    }
    sum.answered /= (double)(to - from);
    sum.waiting /= (double)(to - from);
    sum.errors /= (double)(to - from);
    return sum;
}

/* ---- scales ---- */

/* The middle of the point's seconds. */
static double x_of(const struct drawing *d, size_t i)
{
    return PANEL_LEFT +
           ((double)i + 0.5) * (PANEL_RIGHT - PANEL_LEFT) / (double)(d->points > 0 ? d->points : 1);
}

static double latency_y(const struct drawing *d, double ms)
{
    double share = (log10(ms) - d->decade_min) / (d->decade_max - d->decade_min);

    share = share < 0 ? 0 : share;
    return LATENCY_BOTTOM - share * (LATENCY_BOTTOM - LATENCY_TOP);
}

static double rate_y(const struct drawing *d, double rate)
{
    return RATE_BOTTOM - rate / d->rate_max * (RATE_BOTTOM - RATE_TOP);
}

/* 1, 2 or 5 times a power of ten, not below `value` and not below 1. */
static double nice(double value)
{
    double power = pow(10, floor(log10(fmax(value, 1))));

    if (value <= power)
        return power;
    if (value <= 2 * power)
        return 2 * power;
    return value <= 5 * power ? 5 * power : 10 * power;
}

static void scales_choose(struct drawing *d)
{
    double least = 0, most = 0, rate = 5;

    for (size_t i = 0; i < d->points; i++) {
        struct point at = point_at(d, i);

        if (at.p50_ms > 0 && (least == 0 || at.p50_ms < least))
            least = at.p50_ms;
        most = fmax(most, at.p99_ms);
        rate = fmax(rate, fmax(at.answered, fmax(at.waiting, at.errors)));
    }
    d->decade_min = least > 0 ? (int)fmax(floor(log10(least)), -2) : 0;
    d->decade_max = most > 0 ? (int)ceil(log10(most)) : 1;
    if (d->decade_max <= d->decade_min)
        d->decade_max = d->decade_min + 1;
    d->rate_step = nice(rate / 5);
    d->rate_max = ceil(rate / d->rate_step) * d->rate_step;
}

/* ---- parts ---- */

static void text_write(struct buf *out, const char *text)
{
    for (; *text != '\0'; text++) {
        if (*text == '<')
            buf_append_text(out, "&lt;");
        else if (*text == '&')
            buf_append_text(out, "&amp;");
        else if ((unsigned char)*text < ' ')
            buf_append_text(out, " ");
        else
            buf_append_byte(out, (uint8_t)*text);
    }
}

static void label_write(struct drawing *d, double x, double y, const char *anchor, const char *text)
{
    buf_printf(d->out, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">", x, y, anchor);
    text_write(d->out, text);
    buf_append_text(d->out, "</text>\n");
}

static void grid_line(struct drawing *d, double y, double value)
{
    char text[32];

    snprintf(text, sizeof text, "%g", value);
    buf_printf(d->out, "<path d=\"M%d,%.1fH%d\" stroke=\"#ddd\"/>\n", PANEL_LEFT, y, PANEL_RIGHT);
    label_write(d, PANEL_LEFT - 8, y + 4, "end", text);
}

/* Down to `bottom`, ticks below it. */
static void time_axis(struct drawing *d, int bottom, bool is_labelled)
{
    size_t seconds = d->points * d->per_point;
    size_t step = (size_t)nice((double)seconds / X_TICKS_MAX);
    char text[32];

    buf_printf(d->out, "<path d=\"M%d,%dH%d\" stroke=\"#333\"/>\n", PANEL_LEFT, bottom,
               PANEL_RIGHT);
    for (size_t s = 0; s <= seconds; s += step) {
        double x = PANEL_LEFT +
                   (double)s * (PANEL_RIGHT - PANEL_LEFT) / (double)(seconds > 0 ? seconds : 1);

        buf_printf(d->out, "<path d=\"M%.1f,%dv5\" stroke=\"#333\"/>\n", x, bottom);
        snprintf(text, sizeof text, "%zu", s);
        label_write(d, x, bottom + 19, "middle", text);
    }
    if (is_labelled)
        label_write(d, (PANEL_LEFT + PANEL_RIGHT) / 2.0, bottom + 40, "middle",
                    say(d, &label_time));
}

/* The n-th from the right, above the panel. */
static void legend_write(struct drawing *d, int n, int top, const char *colour, const char *text)
{
    int x = PANEL_RIGHT - (n + 1) * LEGEND_STEP + 30;

    buf_printf(d->out, "<path d=\"M%d,%dh24\" stroke=\"%s\" stroke-width=\"3\"/>\n", x, top - 14,
               colour);
    label_write(d, x + 30, top - 10, "start", text);
}

enum line { LINE_P50, LINE_P99, LINE_RATE, LINE_WAITING, LINE_ERRORS };

/* False: the line has a gap there. */
static bool line_y(const struct drawing *d, enum line line, size_t i, double *y)
{
    struct point at = point_at(d, i);

    switch (line) {
    case LINE_P50:
        *y = latency_y(d, at.p50_ms);
        return at.p50_ms > 0;
    case LINE_P99:
        *y = latency_y(d, at.p99_ms);
        return at.p99_ms > 0;
    case LINE_RATE:
        *y = rate_y(d, at.answered);
        return true;
    case LINE_WAITING:
        *y = rate_y(d, at.waiting);
        return true;
    case LINE_ERRORS:
        *y = rate_y(d, at.errors);
        return true;
    }
    return false;
}

/* A point between two gaps is a line without length, which round ends make visible. */
static void line_write_path(struct drawing *d, enum line line, const char *colour)
{
    bool is_down = false;

    buf_printf(d->out, "<path fill=\"none\" stroke=\"%s\" stroke-width=\"2\" d=\"", colour);
    for (size_t i = 0; i < d->points; i++) {
        double x = x_of(d, i);
        double y = 0;

        if (!line_y(d, line, i, &y)) {
            is_down = false;
            continue;
        }
        if (!is_down)
            buf_printf(d->out, "M%.1f,%.1f", x, y);
        buf_printf(d->out, "L%.1f,%.1f", x, y);
        is_down = true;
    }
    buf_append_text(d->out, "\"/>\n");
}

static void latency_panel(struct drawing *d)
{
    for (int decade = d->decade_min; decade <= d->decade_max; decade++)
        grid_line(d, latency_y(d, pow(10, decade)), pow(10, decade));
    label_write(d, PANEL_LEFT, LATENCY_TOP - 10, "start", say(d, &label_latency));
    time_axis(d, LATENCY_BOTTOM, false);
    line_write_path(d, LINE_P99, colour_p99);
    line_write_path(d, LINE_P50, colour_p50);
    legend_write(d, 1, LATENCY_TOP, colour_p50, "p50");
    legend_write(d, 0, LATENCY_TOP, colour_p99, "p99");
}

static void rate_panel(struct drawing *d)
{
    for (int step = 0; step * d->rate_step <= d->rate_max; step++)
        grid_line(d, rate_y(d, step * d->rate_step), step * d->rate_step);
    label_write(d, PANEL_LEFT, RATE_TOP - 10, "start", say(d, &label_rate));
    time_axis(d, RATE_BOTTOM, true);
    line_write_path(d, LINE_WAITING, colour_waiting);
    line_write_path(d, LINE_ERRORS, colour_errors);
    line_write_path(d, LINE_RATE, colour_rate);
    legend_write(d, 2, RATE_TOP, colour_rate, say(d, &label_answered));
    legend_write(d, 1, RATE_TOP, colour_waiting, say(d, &label_waiting));
    legend_write(d, 0, RATE_TOP, colour_errors, say(d, &label_errors));
}

static void title_write(struct drawing *d)
{
    const struct picture *p = d->picture;

    text_write(d->out, p->name);
    buf_printf(d->out, " · %" PRIu64 " %s", p->people, say(d, &label_people));
}

int picture_write(const struct picture *p, struct buf *out)
{
    struct drawing d = {.picture = p, .out = out};

    d.per_point = p->count / PICTURE_POINTS_MAX + (p->count % PICTURE_POINTS_MAX != 0);
    d.per_point = d.per_point > 0 ? d.per_point : 1;
    d.points = (p->count + d.per_point - 1) / d.per_point;
    scales_choose(&d);
    buf_printf(out,
               "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%d\" height=\"%d\" "
               "viewBox=\"0 0 %d %d\" role=\"img\" font-family=\"sans-serif\" font-size=\"13\" "
               "fill=\"#222\" stroke-linecap=\"round\" stroke-linejoin=\"round\">\n<title>",
               PICTURE_WIDTH, PICTURE_HEIGHT, PICTURE_WIDTH, PICTURE_HEIGHT);
    title_write(&d);
    buf_append_text(out, "</title>\n<rect width=\"100%\" height=\"100%\" fill=\"#fff\"/>\n");
    buf_printf(out, "<text x=\"%d\" y=\"36\" font-size=\"20\">", PANEL_LEFT);
    title_write(&d);
    buf_append_text(out, "</text>\n");
    if (d.per_point > 1) {
        buf_printf(out, "<text x=\"%d\" y=\"36\" text-anchor=\"end\">%s%zu</text>\n", PANEL_RIGHT,
                   say(&d, &label_worst), d.per_point);
    }
    latency_panel(&d);
    rate_panel(&d);
    buf_append_text(out, "</svg>\n");
    return buf_error(out);
}
