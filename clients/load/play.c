/* A day (see play.h): everybody arrives by their timer; when the last one is gone, a few at a time
 * read their sessions back; when the last one has, the run ends. Thread: one. */
#include "clients/load/play.h"

#include "clients/load/clock.h"

#include <assert.h>
#include <stdlib.h>
#include <time.h>

static const struct msg msg_few = {
    "candidates-too-few-for-scenario",
    "{0} 中有 {1} 名考生，场景需要 {2} 名；可用 --people 减少。",
    "{0} names {1} candidates, and the scenario has {2} people; --people makes it fewer.",
};
static const struct msg msg_token = {
    "candidate-token-missing",
    "{0} 中的考生 {1} 没有“token”；请先运行 login --tokens-out。",
    "{0}: the candidate {1} has no \"token\"; run login --tokens-out first.",
};
static const struct msg msg_memory = {"out-of-memory", "内存不足。", "Out of memory."};

void play_need(struct play *play, int rc)
{
    if (rc == 0)
        return;
    err_set(&play->err, rc, &msg_memory, NULL, NULL, NULL, NULL);
    event_base_loopbreak(play->base);
}

/* ---- the end of the day ---- */

/* The next person with a session reads it back. */
static bool check_one(struct play *play)
{
    while (play->check_next < play->people) {
        struct player *p = &play->players[play->check_next++];

        if (p->candidate->session[0] == '\0')
            continue;
        play->busy++;
        player_check(p);
        return true;
    }
    return false;
}

static void check_begin(evutil_socket_t fd, short what, void *arg)
{
    struct play *play = arg;
    int n = 0;

    (void)fd;
    (void)what;
    event_del(play->tick);
    play_need(play, diary_end(play->diary, clock_now_us(), clock_cpu_us()));
    play->is_checking = true;
    while (n < CHECKERS && check_one(play))
        n++;
    if (n == 0)
        event_base_loopbreak(play->base);
}

void play_gone(struct play *play)
{
    assert(play->busy > 0);
    play->busy--;
    if (play->is_checking)
        check_one(play);
    if (play->busy > 0)
        return;
    if (play->is_checking)
        event_base_loopbreak(play->base);
    else
        event_active(play->advance, EV_TIMEOUT, 0);
}

static void ticked(evutil_socket_t fd, short what, void *arg)
{
    struct play *play = arg;

    (void)fd;
    (void)what;
    play_need(play, diary_tick(play->diary, clock_now_us(), clock_cpu_us()));
}

/* ---- life ---- */

static bool events_make(struct play *play)
{
    struct event_config *config = event_config_new();

    if (config == NULL)
        return false;
    if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0 &&
        event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0)
        play->base = event_base_new_with_config(config);
    event_config_free(config);
    if (play->base == NULL)
        return false;
    play->tick = event_new(play->base, -1, EV_PERSIST, ticked, play);
    play->advance = evtimer_new(play->base, check_begin, play);
    return play->tick != NULL && play->advance != NULL;
}

static bool players_make(struct play *play)
{
    play->players = calloc(play->people, sizeof *play->players);
    for (uint32_t i = 0; play->players != NULL && i < play->people; i++) {
        if (player_init(&play->players[i], play, i) != 0)
            return false;
        play->diary->slow += play->players[i].plan.slow_link;
    }
    return play->players != NULL;
}

static void play_end(struct play *play)
{
    for (uint32_t i = 0; play->players != NULL && i < play->people; i++)
        player_fini(&play->players[i]);
    free(play->players);
    if (play->tick != NULL)
        event_free(play->tick);
    if (play->advance != NULL)
        event_free(play->advance);
    if (play->base != NULL)
        event_base_free(play->base);
    buf_fini(&play->scratch);
    candidates_fini(&play->candidates);
    target_close(&play->target);
}

static int people_read(struct play *play, struct err *err)
{
    const char *path = play->options->candidates_file;
    struct candidates *c = &play->candidates;
    char have[24], want[24];
    int rc = candidates_read(path, c, err);

    if (rc != 0)
        return rc;
    if (c->count < play->people)
        return err_set(err, ERR_BAD_INPUT, &msg_few, path, err_int(have, (int64_t)c->count),
                       err_int(want, play->people), NULL);
    for (uint32_t i = 0; i < play->people; i++) {
        if (c->all[i].token == NULL)
            return err_set(err, ERR_BAD_INPUT, &msg_token, path, c->all[i].person, NULL, NULL);
    }
    return 0;
}

static int day_play(struct play *play)
{
    const struct timeval second = {.tv_sec = 1};

    if (!events_make(play) || !players_make(play))
        return err_set(&play->err, ERR_NOMEM, &msg_memory, NULL, NULL, NULL, NULL);
    play->from_us = clock_now_us();
    play->busy = play->people;
    play->diary->people = play->people;
    diary_begin(play->diary, play->from_us, clock_cpu_us());
    event_add(play->tick, &second);
    for (uint32_t i = 0; i < play->people; i++)
        player_arrive(&play->players[i]);
    event_base_dispatch(play->base);
    return play->err.code;
}

int play_run(const struct options *o, struct day *day, struct diary *diary, struct err *err)
{
    struct play play = {.options = o, .diary = diary};
    int rc = day_read(o->day_file, &play.day, err);

    if (rc != 0)
        return rc;
    if (o->people != 0)
        play.day.people = o->people;
    play.people = play.day.people;
    rc = people_read(&play, err);
    if (rc == 0)
        rc = target_open(o->url, o->ca_file, &play.target, err);
    if (rc == 0) {
        play.target.sources = o->sources >= 0 ? (unsigned)o->sources : play.people;
        rc = day_play(&play);
        if (rc != 0 && err != NULL)
            *err = play.err;
    }
    *day = play.day;
    play_end(&play);
    return rc;
}
