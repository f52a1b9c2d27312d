/* The bounded queue: a mutex, a condition on the monotonic clock, an intrusive list. Callers put,
 * the writers and workers take. */
#include "server/live/queue.h"

#include <errno.h>
#include <time.h>

enum { WAIT_MS_MAX = 60000 };

static const struct msg MSG_FULL = {
    .id = "queue-full",
    .zh = "系统繁忙，前面还有{0}项请求，请稍后重试",
    .en = "busy: {0} requests are waiting; come back shortly",
};
static const struct msg MSG_CLOSED = {
    .id = "queue-closed",
    .zh = "系统正在停止服务，暂不受理新的请求",
    .en = "the server is stopping and takes no new requests",
};

int queue_init(struct queue *q, size_t max)
{
    pthread_condattr_t attr;

    *q = (struct queue){.max = max};
    if (pthread_condattr_init(&attr) != 0) {
        return ERR_NOMEM;
    }
    pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
    if (pthread_cond_init(&q->wake, &attr) != 0) {
        pthread_condattr_destroy(&attr);
        return ERR_NOMEM;
    }
    pthread_condattr_destroy(&attr);
    if (pthread_mutex_init(&q->lock, NULL) != 0) {
        pthread_cond_destroy(&q->wake);
        return ERR_NOMEM;
    }
    return 0;
}

void queue_fini(struct queue *q)
{
    pthread_mutex_destroy(&q->lock);
    pthread_cond_destroy(&q->wake);
}

int queue_put(struct queue *q, struct list_node *node, struct err *err)
{
    bool was_empty;
    int rc = 0;

    pthread_mutex_lock(&q->lock);
    if (q->closed) {
        rc = ERR_CONFLICT;
    } else if (q->jobs.count >= q->max) {
        rc = ERR_BUSY;
    } else {
        was_empty = list_is_empty(&q->jobs);
        list_push(&q->jobs, node);
        atomic_store(&q->depth, q->jobs.count);
        if (was_empty) {
            pthread_cond_signal(&q->wake);
        }
    }
    pthread_mutex_unlock(&q->lock);
    if (rc == ERR_BUSY) {
        return queue_refuse(q, err);
    }
    if (rc != 0) {
        return err_set(err, rc, &MSG_CLOSED, NULL, NULL, NULL, NULL);
    }
    return 0;
}

int queue_refuse(struct queue *q, struct err *err)
{
    char text[24];

    atomic_fetch_add(&q->full, 1);
    return err_set(err, ERR_BUSY, &MSG_FULL, err_int(text, (int64_t)q->max), NULL, NULL, NULL);
}

const struct list_node *queue_head(struct queue *q)
{
    const struct list_node *head;

    pthread_mutex_lock(&q->lock);
    head = q->jobs.head;
    pthread_mutex_unlock(&q->lock);
    return head;
}

void queue_put_inside(struct queue *q, struct list_node *node)
{
    pthread_mutex_lock(&q->lock);
    list_push(&q->jobs, node);
    atomic_store(&q->depth, q->jobs.count);
    pthread_cond_signal(&q->wake);
    pthread_mutex_unlock(&q->lock);
}

static void queue_wait(struct queue *q, int64_t wait_ms)
{
    struct timespec until;

    if (wait_ms == 0) {
        return;
    }
    if (wait_ms < 0) {
        while (list_is_empty(&q->jobs) && !q->closed && !q->poked) {
            pthread_cond_wait(&q->wake, &q->lock);
        }
        return;
    }
    clock_gettime(CLOCK_MONOTONIC, &until);
    wait_ms = wait_ms > WAIT_MS_MAX ? WAIT_MS_MAX : wait_ms;
    until.tv_sec += wait_ms / 1000;
    until.tv_nsec += (wait_ms % 1000) * 1000000;
    if (until.tv_nsec >= 1000000000) {
        until.tv_sec++;
        until.tv_nsec -= 1000000000;
    }
    while (list_is_empty(&q->jobs) && !q->closed && !q->poked) {
        if (pthread_cond_timedwait(&q->wake, &q->lock, &until) == ETIMEDOUT) {
            break;
        }
    }
}

bool queue_take(struct queue *q, struct list *out, size_t most, int64_t wait_ms)
{
    struct list_node *node;
    bool ended;

    pthread_mutex_lock(&q->lock);
    queue_wait(q, wait_ms);
    q->poked = false;
    if (q->jobs.count <= most) {
        list_concat(out, &q->jobs);
    } else {
        while (out->count < most && (node = list_pop(&q->jobs)) != NULL) {
            list_push(out, node);
        }
        pthread_cond_signal(&q->wake); /* there may be another taker */
    }
    atomic_store(&q->depth, q->jobs.count);
    ended = q->closed && out->count == 0 && list_is_empty(&q->jobs);
    pthread_mutex_unlock(&q->lock);
    return ended;
}

void queue_poke(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->poked = true;
    pthread_cond_signal(&q->wake);
    pthread_mutex_unlock(&q->lock);
}

void queue_close(struct queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_cond_broadcast(&q->wake);
    pthread_mutex_unlock(&q->lock);
}
