/* One loop: event base, evhttp, listening socket, mailbox and deadlines.
 *
 * The base is touched by its own thread only; everything from outside comes through the mailbox,
 * a list under a lock with an eventfd that is written only when the list was empty. */
#include "server/http/internal.h"

#include <assert.h>
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <unistd.h>

enum { TICK_MS_MIN = 10, TICK_MS_MAX = 250 };

static const struct msg msg_loop = {"http-loop-failed", "无法建立网络线程：{0}。",
                                    "Cannot set up a network thread: {0}."};

int64_t loop_now_ms(const struct loop *l)
{
    const struct env *env = l->server->options.env;

    return env->now_ms(env->arg);
}

/* ---- accepting ---- */

void loop_pause(struct loop *l)
{
    if (l->paused || l->listener == NULL)
        return;
    l->paused = true;
    evconnlistener_disable(l->listener);
}

/* Hysteresis: accept again when a twentieth of the places is free. */
void loop_maybe_resume(struct loop *l)
{
    uint64_t max = l->server->options.connections_max;
    uint64_t low = max - (max + 19) / 20;

    if (!l->paused || l->listener == NULL ||
        counter_read(&l->server->counters.connections_open) > low)
        return;
    l->paused = false;
    evconnlistener_enable(l->listener);
}

/* The loop whose thread this is: evhttp_bind_listener makes the listener's argument its own, so that
 * accept_failed is not given ours. */
static _Thread_local struct loop *loop_here;

/* EMFILE and its like: stop accepting until the next tick that finds room. */
static void accept_failed(struct evconnlistener *listener, void *evhttp)
{
    struct loop *l = loop_here;
    const struct env *env = l->server->options.env;
    struct log_field field = {"reason", strerror(errno)};

    (void)evhttp;
    assert(l != NULL && l->listener == listener);
    counter_refused(l->server, HTTP_REFUSED_DESCRIPTORS);
    env->log(env->arg, LOG_WARN, "http.accept-failed", &field, 1);
    loop_pause(l);
}

static void accept_stop(struct loop *l)
{
    if (l->bound != NULL)
        evhttp_del_accept_socket(l->evhttp, l->bound);
    l->bound = NULL;
    l->listener = NULL;
}

/* ---- mailbox ---- */

void http_post(struct http_server *server, unsigned loop, struct list *tasks)
{
    struct loop *l = &server->loops[loop];
    uint64_t one = 1;
    bool was_empty;

    if (list_is_empty(tasks))
        return;
    pthread_mutex_lock(&l->mailbox_lock);
    was_empty = list_is_empty(&l->mailbox);
    list_concat(&l->mailbox, tasks);
    /* Under the lock: the loop cannot run the tasks, and so be freed, before the write is done. */
    while (was_empty && write(l->mailbox_fd, &one, sizeof one) < 0 && errno == EINTR)
        continue;
    pthread_mutex_unlock(&l->mailbox_lock);
}

static void mailbox_run(evutil_socket_t fd, short what, void *arg)
{
    struct loop *l = arg;
    struct list tasks = {0};
    struct list_node *node;
    uint64_t count;

    (void)what;
    while (read((int)fd, &count, sizeof count) < 0 && errno == EINTR)
        continue;
    pthread_mutex_lock(&l->mailbox_lock);
    list_concat(&tasks, &l->mailbox);
    pthread_mutex_unlock(&l->mailbox_lock);
    while ((node = list_pop(&tasks)) != NULL) {
        struct http_task *task = list_entry(node, struct http_task, node);

        task->run(task);
    }
}

/* ---- drain and stop ---- */

/* Also those that were opened and have asked for nothing yet, as browsers do in advance. */
static void idle_close(struct loop *l)
{
    struct conn *c, *next;

    while ((c = TAILQ_FIRST(&l->conns[CONN_IDLE])) != NULL)
        conn_close(c);
    for (c = TAILQ_FIRST(&l->conns[CONN_READING]); c != NULL; c = next) {
        next = TAILQ_NEXT(c, link);
        if (c->gate.bytes == 0)
            conn_close(c);
    }
}

void loop_idle_signal(struct loop *l)
{
    pthread_mutex_lock(&l->server->idle_lock);
    pthread_cond_broadcast(&l->server->idle_cond);
    pthread_mutex_unlock(&l->server->idle_lock);
}

static void drain_run(struct http_task *task)
{
    struct loop *l = list_entry(task, struct loop, drain_task);

    if (l->draining)
        return;
    l->draining = true;
    accept_stop(l);
    idle_close(l);
    pthread_mutex_lock(&l->server->idle_lock);
    l->server->loops_draining++;
    pthread_cond_broadcast(&l->server->idle_cond);
    pthread_mutex_unlock(&l->server->idle_lock);
}

static void stop_if_done(struct loop *l)
{
    static const enum conn_state closable[] = {CONN_IDLE, CONN_READING, CONN_WRITING};

    if (!l->stopping)
        return;
    conn_births(-1, 0, l); /* accepted in this turn: in no list yet */
    for (size_t i = 0; i < sizeof closable / sizeof closable[0]; i++) {
        struct conn *c;

        while ((c = TAILQ_FIRST(&l->conns[closable[i]])) != NULL)
            conn_close(c);
    }
    if (l->in_flight == 0)
        event_base_loopbreak(l->base);
}

static void stop_run(struct http_task *task)
{
    struct loop *l = list_entry(task, struct loop, stop_task);

    l->stopping = true;
    drain_run(&l->drain_task);
    stop_if_done(l);
}

static void tick_run(evutil_socket_t fd, short what, void *arg)
{
    struct loop *l = arg;

    (void)fd;
    (void)what;
    conn_deadlines(l);
    if (l->draining)
        idle_close(l);
    loop_maybe_resume(l);
    stop_if_done(l);
}

/* ---- life ---- */

static struct timeval tick_every(const struct http_options *o)
{
    int64_t ms = o->request_ms_max;

    if (o->reply_ms_max < ms)
        ms = o->reply_ms_max;
    if (o->idle_ms_max < ms)
        ms = o->idle_ms_max;
    ms /= 4;
    if (ms < TICK_MS_MIN)
        ms = TICK_MS_MIN;
    if (ms > TICK_MS_MAX)
        ms = TICK_MS_MAX;
    return (struct timeval){.tv_sec = ms / 1000, .tv_usec = (suseconds_t)(ms % 1000) * 1000};
}

static struct event_base *base_new(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config == NULL)
        return NULL;
    /* One thread only: no locks inside. A reply turns reading off and on, and writing on and off:
     * with the changelist these come to nothing instead of four system calls. (It must not be used
     * with descriptors that are dup'ed; ours are not.) */
    if (event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0 &&
        event_config_set_flag(config, EVENT_BASE_FLAG_EPOLL_USE_CHANGELIST) == 0)
        base = event_base_new_with_config(config);
    event_config_free(config);
    return base;
}

static int evhttp_set_up(struct loop *l, int fd)
{
    const struct http_options *o = &l->server->options;

    l->evhttp = evhttp_new(l->base);
    if (l->evhttp == NULL)
        goto out;
    l->listener = evconnlistener_new(l->base, NULL, NULL,
                                     LEV_OPT_CLOSE_ON_FREE | LEV_OPT_CLOSE_ON_EXEC, 0, fd);
    if (l->listener == NULL)
        goto out;
    fd = -1; /* the listener's now */
    l->bound = evhttp_bind_listener(l->evhttp, l->listener);
    if (l->bound == NULL) {
        evconnlistener_free(l->listener);
        l->listener = NULL;
        goto out;
    }
    evconnlistener_set_error_cb(l->listener, accept_failed);
    /* The gate counts first; this is the second line. */
    evhttp_set_max_headers_size(l->evhttp, (ev_ssize_t)o->header_bytes_max);
    evhttp_set_max_body_size(l->evhttp, (ev_ssize_t)o->body_bytes_max);
    evhttp_set_allowed_methods(l->evhttp, EVHTTP_REQ_GET | EVHTTP_REQ_HEAD | EVHTTP_REQ_POST |
                                              EVHTTP_REQ_PUT | EVHTTP_REQ_DELETE |
                                              EVHTTP_REQ_OPTIONS | EVHTTP_REQ_PATCH |
                                              EVHTTP_REQ_TRACE | EVHTTP_REQ_CONNECT);
    /* Our deadlines are absolute; evhttp's are the second line. */
    evhttp_set_timeout(l->evhttp,
                       (int)((o->request_ms_max + o->reply_ms_max + o->idle_ms_max) / 1000) + 60);
    evhttp_set_bevcb(l->evhttp, conn_bufferevent, l);
    evhttp_set_gencb(l->evhttp, request_arrived, l);
    return 0;
out:
    if (fd >= 0)
        close(fd);
    return ERR_NOMEM;
}

int loop_init(struct loop *l, struct http_server *s, unsigned index, int fd, struct err *err)
{
    struct timeval every = tick_every(&s->options);
    const struct env *env = s->options.env;
    uint64_t seed = 0;

    l->server = s;
    l->index = index;
    l->mailbox_fd = -1;
    pthread_mutex_init(&l->mailbox_lock, NULL);
    l->drain_task.run = drain_run;
    l->stop_task.run = stop_run;
    for (size_t i = 0; i < CONN_STATES; i++)
        TAILQ_INIT(&l->conns[i]);
    l->base = base_new();
    if (l->base == NULL || env->entropy(env->arg, &seed, sizeof seed) != 0) {
        close(fd);
        goto failed;
    }
    if (evhttp_set_up(l, fd) != 0)
        goto failed;
    l->limits = limit_table_new(seed, s->options.connections_per_address_max,
                                s->options.requests_per_second, s->options.requests_burst);
    l->mailbox_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (l->limits == NULL || l->mailbox_fd < 0)
        goto failed;
    l->wake = event_new(l->base, l->mailbox_fd, EV_READ | EV_PERSIST, mailbox_run, l);
    l->tick = event_new(l->base, -1, EV_PERSIST, tick_run, l);
    l->birth = event_new(l->base, -1, 0, conn_births, l);
    if (l->wake == NULL || l->tick == NULL || l->birth == NULL || event_add(l->wake, NULL) != 0 ||
        event_add(l->tick, &every) != 0)
        goto failed;
    return 0;
failed:
    return err_set(err, ERR_NOMEM, &msg_loop, strerror(errno), NULL, NULL, NULL);
}

static void *loop_run(void *arg)
{
    struct loop *l = arg;

    loop_here = l;
    event_base_dispatch(l->base);
    return NULL;
}

int loop_start(struct loop *l, struct err *err)
{
    sigset_t all;
    sigset_t before;
    int rc;

    /* Signals are main's. */
    sigfillset(&all);
    pthread_sigmask(SIG_BLOCK, &all, &before);
    rc = pthread_create(&l->thread, NULL, loop_run, l);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (rc != 0)
        return err_set(err, ERR_IO, &msg_loop, strerror(rc), NULL, NULL, NULL);
    l->started = true;
    return 0;
}

void loop_fini(struct loop *l)
{
    if (l->wake != NULL)
        event_free(l->wake);
    if (l->tick != NULL)
        event_free(l->tick);
    if (l->birth != NULL)
        event_free(l->birth);
    if (l->evhttp != NULL)
        evhttp_free(l->evhttp);
    if (l->base != NULL)
        event_base_free(l->base);
    if (l->mailbox_fd >= 0)
        close(l->mailbox_fd);
    request_pool_free(l);
    limit_table_free(l->limits);
    free(l->by_fd);
    pthread_mutex_destroy(&l->mailbox_lock);
}
