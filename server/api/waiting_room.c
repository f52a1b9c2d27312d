/* See waiting_room.h. The turns given out form one row in time; `next_us` is the first that is free. Up to
 * a quarter of a second's worth of unused turns is kept for those who come at once. */
#include "server/api/waiting_room.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

enum { BURST_PER_SECOND = 4 };

struct waiting_room {
    pthread_mutex_t lock;
    int64_t interval_us, burst_us;
    int64_t next_us;
    int64_t *turns_us; /* by person; 0: none */
    size_t count;
};

struct waiting_room *waiting_room_new(uint32_t per_second)
{
    struct waiting_room *room = calloc(1, sizeof *room);

    if (room == NULL)
        return NULL;
    pthread_mutex_init(&room->lock, NULL);
    room->interval_us = 1000000 / (int64_t)per_second;
    room->interval_us = room->interval_us < 1 ? 1 : room->interval_us;
    room->burst_us = 1000000 / BURST_PER_SECOND;
    return room;
}

void waiting_room_free(struct waiting_room *room)
{
    if (room == NULL)
        return;
    pthread_mutex_destroy(&room->lock);
    free(room->turns_us);
    free(room);
}

/* The person's place in the table, or NULL. */
static int64_t *turn_of(struct waiting_room *room, uint32_t person)
{
    if (person >= room->count) {
        size_t count = room->count < 1024 ? 1024 : room->count * 2;
        int64_t *more;

        count = count <= person ? (size_t)person + 1 : count;
        more = realloc(room->turns_us, count * sizeof *more);
        if (more == NULL)
            return NULL;
        memset(more + room->count, 0, (count - room->count) * sizeof *more);
        room->turns_us = more;
        room->count = count;
    }
    return &room->turns_us[person];
}

/* The next free moment; past ones are used up to the burst. */
static int64_t turn_take(struct waiting_room *room, int64_t now_us)
{
    int64_t turn_us;

    if (room->next_us < now_us - room->burst_us)
        room->next_us = now_us - room->burst_us;
    turn_us = room->next_us;
    room->next_us += room->interval_us;
    return turn_us;
}

int64_t waiting_room_ask(struct waiting_room *room, uint32_t person, int64_t now_ms,
                         uint64_t *before)
{
    int64_t now_us = now_ms * 1000, wait_us = 0;
    int64_t *turn;

    *before = 0;
    pthread_mutex_lock(&room->lock);
    turn = turn_of(room, person);
    if (turn != NULL) {
        bool has_come = *turn != 0 && *turn <= now_us;

        if (has_come && now_us - *turn > (int64_t)WAITING_ROOM_HOLD_MS * 1000)
            *turn = 0;
        has_come = has_come && *turn != 0;
        if (*turn == 0)
            *turn = turn_take(room, now_us);
        if (has_come || *turn <= now_us) {
            *turn = 0;
        } else {
            wait_us = *turn - now_us;
            *before = (uint64_t)((wait_us - 1) / room->interval_us);
        }
    }
    pthread_mutex_unlock(&room->lock);
    return (wait_us + 999) / 1000;
}

uint64_t waiting_room_length(struct waiting_room *room, int64_t now_ms)
{
    int64_t ahead_us;

    pthread_mutex_lock(&room->lock);
    ahead_us = room->next_us - now_ms * 1000;
    pthread_mutex_unlock(&room->lock);
    return ahead_us <= 0 ? 0 : (uint64_t)(ahead_us / room->interval_us);
}
