/* The waiting room in front of the start of a paper: past the admission rate everybody gets a turn, first
 * come first served, and is told how many are before them and when to come back.
 *
 * A turn is a moment of its own, 1/rate after the one before, so that those who wait come back spread
 * out. It is kept for the person: asking again and again gains nothing and costs nothing, and a page that
 * was closed finds its place again. Pure but for its lock. Thread: any. */
#ifndef MINGFA_API_WAITING_ROOM_H
#define MINGFA_API_WAITING_ROOM_H

#include <stdint.h>

enum { WAITING_ROOM_HOLD_MS = 120000 }; /* a turn that is not taken lapses */

struct waiting_room;

/* per_second: at least 1. NULL without memory. */
struct waiting_room *waiting_room_new(uint32_t per_second);
void waiting_room_free(struct waiting_room *room); /* NULL is allowed */
/* 0: come in now. Else the ms to come back in, and *before: how many turns come first. person: an index;
 * the table grows with the greatest. Without memory for it everybody is let in. */
int64_t waiting_room_ask(struct waiting_room *room, uint32_t person, int64_t now_ms,
                         uint64_t *before);
/* How many turns are still to come. */
uint64_t waiting_room_length(struct waiting_room *room, int64_t now_ms);

#endif
