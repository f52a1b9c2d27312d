/* The engine (see load.h).
 *
 * Happy path: every client connects; then phase by phase it is asked for requests; the last reply of
 * a phase begins the next one. A lost connection is made anew and the same request is asked for
 * again, which is harmless by the API's rules. A phase that does not end by its deadline ends the
 * run. Thread: one. */
#include "clients/load/load.h"
#include "clients/load/clock.h"

#include "clients/load/request.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const struct msg msg_stuck = {
    "load-stuck",
    "“{0}”阶段未能在 {1} 秒内完成：{2} 个连接仍在等待。",
    "The phase '{0}' did not end within {1} s: {2} connections are still waiting.",
};
static const struct msg msg_refused = {
    "load-refused",
    "“{0}”阶段被拒绝：{1} {2}",
    "The phase '{0}' was refused: {1} {2}",
};
static const struct msg msg_memory = {"out-of-memory", "内存不足。", "Out of memory."};

static void client_go(struct client *client);

static struct timeval after_us(int64_t us)
{
    us = us > 0 ? us : 0;
    return (struct timeval){.tv_sec = us / 1000000, .tv_usec = (suseconds_t)(us % 1000000)};
}

const struct phase *load_phase(const struct load *l)
{
    return &l->phases[l->phase_at];
}

void load_fail(struct load *l)
{
    l->failed = true;
    event_base_loopbreak(l->base);
}

struct candidate *client_walk(struct client *client)
{
    struct load *l = client->load;
    size_t at = client->candidate_next;

    if (at >= l->candidates.count)
        return NULL;
    client->candidate_next += l->clients_count;
    return &l->candidates.all[at];
}

/* ---- pace ---- */

static bool is_open(const struct load *l)
{
    return load_phase(l)->is_timed && l->options->rate != 0;
}

/* When the k-th request of all is due. */
static int64_t due_us(const struct load *l, uint64_t k)
{
    return l->from_us + (int64_t)((double)k * 1e6 / l->options->rate);
}

/* The next request of this client, k = index + own count * clients. */
static int64_t client_due_us(const struct client *client)
{
    const struct load *l = client->load;

    return due_us(l, client->conn.index + client->scheduled * l->clients_count);
}

static void schedule_set(struct load *l)
{
    int64_t at_us = due_us(l, l->next_due);
    struct timeval wait = after_us(at_us - clock_now_us());

    if (at_us < l->window_to_us)
        event_add(l->schedule, &wait);
}

static void schedule_fired(evutil_socket_t fd, short what, void *arg)
{
    struct load *l = arg;
    int64_t at_us = clock_now_us();

    (void)fd;
    (void)what;
    for (; due_us(l, l->next_due) <= at_us && due_us(l, l->next_due) < l->window_to_us;
         l->next_due++) {
        struct client *client = &l->clients[l->next_due % l->clients_count];

        if (client->waiting && !event_pending(client->retry, EV_TIMEOUT, NULL)) {
            int64_t late_us = clock_now_us() - client_due_us(client);

            if (late_us > l->tally.late_us_max)
                l->tally.late_us_max = late_us;
            client_go(client);
        }
    }
    schedule_set(l);
}

/* ---- phases ---- */

static void phase_end(struct load *l)
{
    event_del(l->deadline);
    event_del(l->schedule);
    if (load_phase(l)->is_measured) {
        int64_t to_us = l->last_reply_us;

        event_del(l->window);
        if (load_phase(l)->is_timed)
            to_us = l->window_to_us;
        /* The last replies may come in the same turn of the loop in which the window closes. */
        if (l->tally.cpu_us == 0)
            l->tally.cpu_us = clock_cpu_us() - l->cpu_from_us;
        l->tally.window_us = to_us - l->window_from_us;
    }
    if (++l->phase_at == l->phases_count)
        event_base_loopbreak(l->base);
    else
        event_active(l->advance, EV_TIMEOUT, 0);
}

static void client_done(struct client *client)
{
    if (client->done)
        return;
    client->done = true;
    client->waiting = false;
    if (--client->load->busy == 0)
        phase_end(client->load);
}

/* The window opens, then closes: what this process used in between is its share. */
static void window_turn(evutil_socket_t fd, short what, void *arg)
{
    struct load *l = arg;

    (void)fd;
    (void)what;
    if (l->cpu_from_us < 0) {
        struct timeval wait = after_us(l->window_to_us - clock_now_us());

        l->cpu_from_us = clock_cpu_us();
        event_add(l->window, &wait);
    } else {
        l->tally.cpu_us = clock_cpu_us() - l->cpu_from_us;
    }
}

static void window_set(struct load *l)
{
    const struct options *o = l->options;
    struct timeval wait;

    l->cpu_from_us = clock_cpu_us();
    l->window_from_us = l->from_us;
    l->window_to_us = INT64_MAX;
    if (!load_phase(l)->is_timed)
        return;
    l->cpu_from_us = -1;
    l->window_from_us = l->from_us + (int64_t)o->warmup_s * 1000000;
    l->window_to_us = l->window_from_us + (int64_t)o->seconds * 1000000;
    wait = after_us(l->window_from_us - clock_now_us());
    event_add(l->window, &wait);
}

static void phase_begin(evutil_socket_t fd, short what, void *arg)
{
    struct load *l = arg;
    const struct phase *phase = load_phase(l);
    struct timeval limit = {.tv_sec = SETUP_S_MAX};

    (void)fd;
    (void)what;
    l->from_us = l->last_reply_us = clock_now_us();
    l->window_to_us = INT64_MAX;
    l->busy = l->clients_count;
    l->next_due = 0;
    if (phase->is_measured)
        window_set(l);
    if (phase->is_timed)
        limit.tv_sec =
            (time_t)l->options->warmup_s + (time_t)l->options->seconds + (time_t)DRAIN_S_MAX;
    event_add(l->deadline, &limit);
    for (unsigned i = 0; i < l->clients_count; i++) {
        struct client *client = &l->clients[i];

        client->done = client->waiting = false;
        client->candidate_next = i;
        client->scheduled = 0;
    }
    if (is_open(l))
        schedule_set(l);
    for (unsigned i = 0; i < l->clients_count && !l->failed; i++)
        client_go(&l->clients[i]);
}

/* Whoever still waits is given up; in a set-up phase that ends the run. */
static void deadline_passed(evutil_socket_t fd, short what, void *arg)
{
    struct load *l = arg;
    char seconds[24], waiting[24];

    (void)fd;
    (void)what;
    if (!load_phase(l)->is_timed) {
        err_set(&l->err, ERR_BUSY, &msg_stuck, load_phase(l)->name, err_int(seconds, SETUP_S_MAX),
                err_int(waiting, l->busy), NULL);
        load_fail(l);
        return;
    }
    for (unsigned i = 0; i < l->clients_count; i++) {
        struct client *client = &l->clients[i];

        if (client->done)
            continue;
        if (client->conn.in_flight)
            errors_add(&l->tally.errors, "no-reply");
        conn_drop(&client->conn);
        event_del(client->retry);
        client_done(client);
    }
}

/* ---- one client ---- */

static void retry_in(struct client *client, int64_t ms)
{
    struct timeval wait = after_us(ms * 1000);

    client->waiting = true;
    event_add(client->retry, &wait);
}

static void retry_fired(evutil_socket_t fd, short what, void *arg)
{
    (void)fd;
    (void)what;
    client_go(arg);
}

/* Is there time for another request, and is it due? */
static bool may_send(struct client *client)
{
    struct load *l = client->load;
    int64_t at_us = clock_now_us();

    if (!load_phase(l)->is_timed) {
        client->due_us = at_us;
        return true;
    }
    client->due_us = is_open(l) ? client_due_us(client) : at_us;
    if (client->due_us >= l->window_to_us || at_us >= l->window_to_us + DRAIN_S_MAX * 1000000LL) {
        client_done(client);
        return false;
    }
    client->waiting = client->due_us > at_us;
    return !client->waiting;
}

static void client_go(struct client *client)
{
    struct load *l = client->load;
    const struct phase *phase = load_phase(l);

    client->waiting = false;
    if (client->done || client->connecting)
        return;
    if (!client->conn.is_ready) {
        if (client->conn.fd >= 0)
            return; /* the server ends it: the news is coming */
        client->connecting = conn_connect(&client->conn) == 0;
        if (!client->connecting) {
            errors_add(&l->tally.errors, "connect-failed");
            retry_in(client, RETRY_MS);
        }
        return;
    }
    if (phase->next == NULL) {
        client_done(client);
        return;
    }
    if (!may_send(client))
        return;
    buf_clear(&client->conn.out);
    if (!phase->next(client)) {
        client_done(client);
        return;
    }
    if (buf_error(&client->conn.out) != 0) {
        err_set(&l->err, ERR_NOMEM, &msg_memory, NULL, NULL, NULL, NULL);
        load_fail(l);
        return;
    }
    client->sent_us = clock_now_us();
    conn_send(&client->conn);
}

static void refused(struct client *client, const struct reply *reply)
{
    struct load *l = client->load;
    bool later = reply->status == 429 || reply->status == 503;
    int64_t wait_ms = RETRY_MS;
    char name[PROBLEM_NAME_BYTES], status[24];

    if (reply->status < 200 || reply->status > 299) {
        problem_name(reply, name);
        errors_add(&l->tally.errors, name);
    } else {
        snprintf(name, sizeof name, "?");
    }
    if (!load_phase(l)->is_measured && !later && l->setup_refusals++ >= SETUP_REFUSALS_MAX) {
        err_set(&l->err, ERR_CONFLICT, &msg_refused, load_phase(l)->name,
                err_int(status, reply->status), name, NULL);
        load_fail(l);
        return;
    }
    if (later && reply->retry_after_s > 0)
        wait_ms = 1000 * (int64_t)(reply->retry_after_s < RETRY_S_MAX ? reply->retry_after_s
                                                                      : RETRY_S_MAX);
    retry_in(client, wait_ms);
}

static void counted(struct client *client, const struct reply *reply, bool good)
{
    struct load *l = client->load;
    int64_t at_us = clock_now_us();
    bool within = is_open(l) ? client->due_us >= l->window_from_us
                             : at_us >= l->window_from_us && at_us < l->window_to_us;

    l->tally.status[reply->status]++;
    l->last_reply_us = at_us;
    if (!good || !within)
        return;
    hist_add(&l->tally.latency, at_us - client->due_us);
    l->tally.body_bytes += reply->body.len;
}

static void replied(struct client *client, const struct reply *reply)
{
    const struct phase *phase = load_phase(client->load);
    bool good = phase->reply(client, reply);

    if (client->load->failed)
        return;
    if (phase->is_measured)
        counted(client, reply, good);
    client->scheduled++;
    if (good)
        client_go(client);
    else
        refused(client, reply);
}

static void news(struct conn *conn, enum conn_news what, const struct reply *reply)
{
    struct client *client = conn->user;

    switch (what) {
    case CONN_READY:
        client->connecting = false;
        client_go(client);
        break;
    case CONN_REPLIED:
        replied(client, reply);
        break;
    case CONN_LOST:
        client->connecting = false;
        if (!client->done) {
            errors_add(&client->load->tally.errors, "connection-lost");
            retry_in(client, RETRY_MS);
        }
        break;
    }
}

/* ---- life ---- */

static bool events_make(struct load *l)
{
    struct event_config *config = event_config_new();

    if (config == NULL)
        return false;
    /* Microseconds: a rate of thousands is not kept by a clock of milliseconds. */
    if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0 &&
        event_config_set_flag(config, EVENT_BASE_FLAG_PRECISE_TIMER) == 0)
        l->base = event_base_new_with_config(config);
    event_config_free(config);
    if (l->base == NULL)
        return false;
    l->advance = evtimer_new(l->base, phase_begin, l);
    l->schedule = evtimer_new(l->base, schedule_fired, l);
    l->deadline = evtimer_new(l->base, deadline_passed, l);
    l->window = evtimer_new(l->base, window_turn, l);
    return l->advance != NULL && l->schedule != NULL && l->deadline != NULL && l->window != NULL;
}

static bool clients_make(struct load *l)
{
    l->clients = calloc(l->clients_count, sizeof *l->clients);
    if (l->clients == NULL)
        return false;
    for (unsigned i = 0; i < l->clients_count; i++) {
        struct client *client = &l->clients[i];

        client->load = l;
        conn_init(&client->conn, &l->target, l->base, i, news, client);
        client->retry = evtimer_new(l->base, retry_fired, client);
        if (client->retry == NULL)
            return false;
    }
    return true;
}

static void load_end(struct load *l)
{
    for (unsigned i = 0; l->clients != NULL && i < l->clients_count; i++) {
        if (l->clients[i].conn.user == NULL)
            break;
        conn_fini(&l->clients[i].conn);
        buf_fini(&l->clients[i].body);
        if (l->clients[i].retry != NULL)
            event_free(l->clients[i].retry);
    }
    free(l->clients);
    l->clients = NULL;
    if (l->advance != NULL)
        event_free(l->advance);
    if (l->schedule != NULL)
        event_free(l->schedule);
    if (l->deadline != NULL)
        event_free(l->deadline);
    if (l->window != NULL)
        event_free(l->window);
    if (l->base != NULL)
        event_base_free(l->base);
    l->base = NULL;
}

int load_run(struct load *l, struct err *err)
{
    int rc = ERR_NOMEM;

    assert(l->clients_count > 0 && l->phases_count > 0);
    if (!events_make(l) || !clients_make(l)) {
        err_set(err, ERR_NOMEM, &msg_memory, NULL, NULL, NULL, NULL);
        goto out;
    }
    event_active(l->advance, EV_TIMEOUT, 0);
    event_base_dispatch(l->base);
    rc = l->failed ? l->err.code : 0;
    if (rc != 0 && err != NULL)
        *err = l->err;
out:
    load_end(l);
    return rc;
}
