/* A picture of a day: latency and throughput over time, as one SVG file that needs nothing else.
 *
 * Pure. Thread: reentrant. */
#ifndef MINGFA_LOAD_PICTURE_H
#define MINGFA_LOAD_PICTURE_H

#include "clients/load/diary.h"
#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"

#include <stddef.h>
#include <stdint.h>

enum {
    PICTURE_POINTS_MAX = 600, /* more seconds than that are drawn several to a point */
    PICTURE_WIDTH = 960,
    PICTURE_HEIGHT = 600,
    PANEL_LEFT = 80,
    PANEL_RIGHT = 930,
    LATENCY_TOP = 80,
    LATENCY_BOTTOM = 300,
    RATE_TOP = 370,
    RATE_BOTTOM = 540,
};

/* Borrowed. */
struct picture {
    const char *name; /* of the scenario */
    uint64_t people;
    const struct second *seconds;
    size_t count;
    enum lang lang;
};

/* Appends the file. ERR_NOMEM. */
int picture_write(const struct picture *p, struct buf *out);

#endif
