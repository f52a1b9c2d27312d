/* Prometheus text (see metrics.h). */
#include "server/metrics.h"

#include "server/store/store.h"

static void head(struct buf *out, const char *name, const char *type, const char *help)
{
    buf_printf(out, "# HELP mingfa_%s %s\n# TYPE mingfa_%s %s\n", name, help, name, type);
}

static void one(struct buf *out, const char *name, const char *type, const char *help,
                uint64_t value)
{
    head(out, name, type, help);
    buf_printf(out, "mingfa_%s %llu\n", name, (unsigned long long)value);
}

static void labelled(struct buf *out, const char *name, const char *label, const char *text,
                     uint64_t value)
{
    buf_printf(out, "mingfa_%s{%s=\"%s\"} %llu\n", name, label, text, (unsigned long long)value);
}

void metrics_http(const struct http_counters *c, struct buf *out)
{
    static const char *const classes[] = {"0xx", "1xx", "2xx", "3xx", "4xx", "5xx"};

    one(out, "http_connections", "gauge", "Connections open now.", c->connections_open);
    one(out, "http_connections_total", "counter", "Connections accepted.", c->connections_total);
    one(out, "http_requests_in_flight", "gauge", "Requests being served.", c->requests_in_flight);
    one(out, "http_requests_total", "counter", "Requests.", c->requests_total);
    one(out, "http_vanished_total", "counter", "Clients gone before their reply.", c->vanished);
    head(out, "http_replies_total", "counter", "Replies by class of status.");
    for (size_t i = 2; i < 6; i++)
        labelled(out, "http_replies_total", "class", classes[i], c->replies[i]);
    head(out, "http_refused_total", "counter", "What was refused before a handler saw it.");
    for (unsigned i = 0; i < HTTP_REFUSAL_COUNT; i++)
        labelled(out, "http_refused_total", "reason", http_refusal_name((enum http_refusal)i),
                 c->refused[i]);
}

/* buckets[i] counts what is at most bounds[i] and more than the one before; the last is open. */
static void histogram(struct buf *out, const char *name, const char *help, const uint32_t *bounds,
                      const uint64_t *buckets, double unit, double sum)
{
    uint64_t count = 0;

    head(out, name, "histogram", help);
    for (size_t i = 0; i < LIVE_BUCKETS; i++) {
        count += buckets[i];
        if (i + 1 < LIVE_BUCKETS)
            buf_printf(out, "mingfa_%s_bucket{le=\"%g\"} %llu\n", name, bounds[i] * unit,
                       (unsigned long long)count);
    }
    buf_printf(out, "mingfa_%s_bucket{le=\"+Inf\"} %llu\nmingfa_%s_sum %g\nmingfa_%s_count %llu\n",
               name, (unsigned long long)count, name, sum, name, (unsigned long long)count);
}

void metrics_live(const struct live_metrics *m, struct buf *out)
{
    static const char *const queues[LIVE_QUEUES] = {"record", "registry", "work"};

    head(out, "queue_depth", "gauge", "Jobs waiting.");
    for (unsigned i = 0; i < LIVE_QUEUES; i++)
        labelled(out, "queue_depth", "queue", queues[i], m->queue_depth[i]);
    head(out, "queue_full_total", "counter", "Jobs refused because the queue was full.");
    for (unsigned i = 0; i < LIVE_QUEUES; i++)
        labelled(out, "queue_full_total", "queue", queues[i], m->queue_full[i]);
    head(out, "jobs_total", "counter", "Jobs finished, by type.");
    for (unsigned i = 1; i < JOB_TYPE_END; i++)
        labelled(out, "jobs_total", "type", job_type_name((enum job_type)i), m->jobs[i]);
    head(out, "jobs_refused_total", "counter", "Jobs finished with an error, by code.");
    for (int i = 1; i <= -(int)ERR_UNKNOWN; i++)
        labelled(out, "jobs_refused_total", "code", err_code_name(-i), m->refused[i]);
    one(out, "batches_total", "counter", "Commits of the record file.", m->batches);
    one(out, "events_total", "counter", "Events stored in the record file.", m->events);
    histogram(out, "batch_events", "Events a batch.", live_batch_bounds, m->batch_size, 1,
              (double)m->events);
    histogram(out, "commit_seconds", "Time of a commit of the record file.", live_commit_us_bounds,
              m->commit_us, 1e-6, (double)m->commit_us_sum * 1e-6);
    one(out, "commits_failed_total", "counter", "Commits that failed.", m->commits_failed);
    one(out, "reloads_total", "counter", "Reloads from the store.", m->reloads);
    one(out, "sessions", "gauge", "Sessions in the record.", m->sessions);
    one(out, "sessions_open", "gauge", "Sessions neither graded nor voided.", m->sessions_open);
    one(out, "sessions_loaded", "gauge", "Sessions in memory.", m->sessions_loaded);
    one(out, "sessions_timed_out_total", "counter", "Sessions closed by the server.", m->timed_out);
    one(out, "logins_failed_total", "counter", "Log-ins refused.", m->logins_failed);
    one(out, "logins_held_back_total", "counter", "Log-ins told to wait.", m->logins_held_back);
    one(out, "record_seq", "counter", "Last event of the record file.", (uint64_t)m->record_seq);
    one(out, "registry_seq", "counter", "Last event of the registry file.",
        (uint64_t)m->registry_seq);
}

void metrics_watch(const struct watch *w, struct buf *out)
{
    int64_t ends_ms = atomic_load(&w->certificate_ends_ms);

    one(out, "disk_free_bytes", "gauge", "Room where the data lie.",
        (uint64_t)atomic_load(&w->disk_free_bytes));
    one(out, "disk_low", "gauge", "1: less room than the configuration wants.",
        atomic_load(&w->disk_low));
    if (ends_ms != 0) {
        one(out, "certificate_ends_seconds", "gauge", "When the certificate ends (Unix time).",
            (uint64_t)(ends_ms / 1000));
        one(out, "certificate_ending", "gauge", "1: it ends sooner than the configuration wants.",
            atomic_load(&w->certificate_ending));
    }
    head(out, "clock_ahead_seconds", "gauge", "The system clock against the server's own.");
    buf_printf(out, "mingfa_clock_ahead_seconds %.3f\n",
               (double)atomic_load(&w->clock_ahead_ms) / 1000);
}

static void wal_write(const struct store *store, struct buf *out)
{
    head(out, "wal_bytes", "gauge", "Bytes of the write-ahead log in use.");
    for (int file = 0; file < STORE_FILES; file++)
        labelled(out, "wal_bytes", "file", store_file_name((enum store_file)file),
                 (uint64_t)store_log_bytes(store, (enum store_file)file));
}

void metrics_write(void *arg, struct buf *out)
{
    struct metrics *m = arg;
    struct http_server *http = atomic_load(&m->http);
    struct http_counters counters;
    struct live_metrics live;

    head(out, "build_info", "gauge", "The version that runs.");
    buf_printf(out, "mingfa_build_info{version=\"%s\"} 1\n", MINGFA_VERSION);
    if (http != NULL) {
        http_server_counters(http, &counters);
        metrics_http(&counters, out);
    }
    live_metrics_read(m->live, &live);
    metrics_live(&live, out);
    one(out, "starts_waiting", "gauge", "People whose turn to start is still to come.",
        api_starts_waiting(m->api));
    metrics_watch(m->watch, out);
    wal_write(m->store, out);
}
