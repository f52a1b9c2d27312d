/* Counters: relaxed atomics, read by /metrics from any thread. */
#include "server/http/internal.h"

void counter_add(atomic_uint_least64_t *counter, uint64_t n)
{
    atomic_fetch_add_explicit(counter, n, memory_order_relaxed);
}

void counter_sub(atomic_uint_least64_t *counter, uint64_t n)
{
    atomic_fetch_sub_explicit(counter, n, memory_order_relaxed);
}

uint64_t counter_read(const atomic_uint_least64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void counter_refused(struct http_server *s, enum http_refusal reason)
{
    counter_add(&s->counters.refused[reason], 1);
}

void counter_reply(struct http_server *s, int status)
{
    int class = status / 100;

    if (class >= 0 && class < 6)
        counter_add(&s->counters.replies[class], 1);
}

const char *http_refusal_name(enum http_refusal reason)
{
    static const char *const names[HTTP_REFUSAL_COUNT] = {
        [HTTP_REFUSED_MALFORMED] = "malformed",
        [HTTP_REFUSED_HEADER_SIZE] = "header-size",
        [HTTP_REFUSED_BODY_SIZE] = "body-size",
        [HTTP_REFUSED_BODY_LOGIN] = "body-login",
        [HTTP_REFUSED_BODIES] = "bodies",
        [HTTP_REFUSED_ROUTE] = "route",
        [HTTP_REFUSED_MEDIA_TYPE] = "media-type",
        [HTTP_REFUSED_RATE] = "rate",
        [HTTP_REFUSED_ADDRESS] = "address",
        [HTTP_REFUSED_PLAIN] = "plain",
        [HTTP_REFUSED_FULL] = "full",
        [HTTP_REFUSED_SLOW] = "slow",
        [HTTP_REFUSED_DESCRIPTORS] = "descriptors",
    };

    return reason >= 0 && reason < HTTP_REFUSAL_COUNT ? names[reason] : "?";
}

void http_server_counters(const struct http_server *server, struct http_counters *out)
{
    const struct counters *c = &server->counters;

    out->connections_open = counter_read(&c->connections_open);
    out->connections_total = counter_read(&c->connections_total);
    out->requests_in_flight = counter_read(&c->requests_in_flight);
    out->requests_total = counter_read(&c->requests_total);
    out->vanished = counter_read(&c->vanished);
    for (size_t i = 0; i < 6; i++)
        out->replies[i] = counter_read(&c->replies[i]);
    for (size_t i = 0; i < HTTP_REFUSAL_COUNT; i++)
        out->refused[i] = counter_read(&c->refused[i]);
}
