/* mingfa-server: puts the rooms together and waits for the signal to stop.
 *
 *   configuration -> releases -> store -> site key -> api, live, http -> {"url": …} on standard
 *   output -> SIGTERM or SIGINT -> no more connections, requests finish, jobs finish -> exit 0
 *
 * "bootstrap", "check-rows" and "backup" do their one thing instead of listening. SIGHUP
 * reloads the certificate.
 *
 * What fails before it listens is one sentence on standard error and exit 1; a wrong command line is
 * exit 2. When the core can no longer store, the process ends with 1 for the supervisor to start it
 * again. Main's thread; all signals are taken here. */
#include "question-bank/base/digest.h"
#include "question-bank/base/env.h"
#include "server/api/api.h"
#include "server/backup.h"
#include "server/bootstrap.h"
#include "server/check_rows.h"
#include "server/config.h"
#include "server/http/assets.h"
#include "server/http/http.h"
#include "server/live/live.h"
#include "server/log.h"
#include "server/metrics.h"
#include "server/releases.h"
#include "server/notify.h"
#include "server/site_key.h"
#include "server/store/sqlite/sqlite_store.h"
#include "server/watch.h"

#include <arpa/inet.h>
#include <errno.h>
#include <jansson.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum {
    EXIT_DONE = 0,
    EXIT_FAILED = 1,
    EXIT_USAGE = 2,
    CLOCK_BEHIND_MS_MAX = 5000, /* that a start puts up with */
    LOOK_S = 5,                 /* how often disk, certificate and clock are looked at */
};

static const struct msg msg_clock = {
    "clock-behind",
    "系统时钟比已存记录的最后时间慢 {0} 秒，不能按它计时。请先校准时钟；"
    "如果时钟确实正确，请用 --accept-clock-behind 1 启动（此后以记录的时间为起点计时）。",
    "The system clock is {0} seconds behind the last time on record and cannot be trusted with "
    "deadlines. Set it; if it is right after all, start with --accept-clock-behind 1 (time then "
    "goes "
    "on from the record's)."};
static const struct msg msg_data_dir = {"data-dir-unusable", "数据目录 {0} 不能使用：{1}。",
                                        "The data directory {0} cannot be used: {1}."};
static const struct msg msg_backup = {"backup-target-missing", "备份命令应写作 backup --to 目录。",
                                      "Say where to: backup --to DIRECTORY."};
static const struct msg msg_command = {"command-unknown", "没有命令“{0}”。",
                                       "There is no command '{0}'."};

struct server {
    struct config config;
    struct env_system system;
    struct env env;
    struct releases *releases;
    struct store *store;
    uint8_t site_secret[32];
    struct digest ticket_secret;
    struct api *api;
    struct live *live;
    struct assets *assets;
    struct http_server *http;
    struct metrics metrics;
    struct watch watch;
    atomic_bool failed; /* the core cannot go on */
};

static enum lang terminal_lang(void)
{
    const char *names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < 3; i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && value[0] != '\0')
            return strncmp(value, "en", 2) == 0 ? LANG_EN : LANG_ZH;
    }
    return LANG_ZH;
}

static int fail(const struct err *err, int status)
{
    char text[ERR_TEXT_BYTES_MAX];

    err_text(err, terminal_lang(), text, sizeof text);
    fprintf(stderr, "mingfa-server: %s\n", text);
    return status;
}

static void on_fatal(void *arg, const struct err *err)
{
    struct server *s = arg;

    log_failure(&s->env, LOG_ERROR, "core-failed", NULL, err);
    atomic_store(&s->failed, true);
    kill(getpid(), SIGTERM); /* wakes main's sigwait */
}

/* ---- start ---- */

/* A clock behind the record would judge deadlines in the record's future: better no exam than one by a
 * wrong clock. A supervisor's next try finds it right once it has been set. */
static int clock_check(struct server *s, int64_t last_ms, struct err *err)
{
    int64_t wall_ms = env_wall_ms();
    char seconds[24];

    if (last_ms <= wall_ms)
        return 0;
    log_event(&s->env, LOG_WARN, "clock-behind-record", "seconds",
              err_int(seconds, (last_ms - wall_ms + 999) / 1000));
    if (last_ms - wall_ms <= CLOCK_BEHIND_MS_MAX || s->config.accept_clock_behind != 0)
        return 0;
    return err_set(err, ERR_CONFLICT, &msg_clock, seconds, NULL, NULL, NULL);
}

static int store_start(struct server *s, struct err *err)
{
    struct store_tail record = {0};
    struct store_tail registry = {0};
    struct sqlite_options options = {.quick_check = true};
    enum log_level level = s->system.level;
    int64_t last_ms;
    int rc = sqlite_store_open(s->config.data_dir, &options, &s->store, err);

    if (rc == 0)
        rc = store_tail(s->store, STORE_RECORD, &record, err);
    if (rc == 0)
        rc = store_tail(s->store, STORE_REGISTRY, &registry, err);
    if (rc != 0)
        return rc;
    /* The clock never runs behind what is stored. */
    last_ms = record.recorded_ms > registry.recorded_ms ? record.recorded_ms : registry.recorded_ms;
    rc = clock_check(s, last_ms, err);
    if (rc != 0)
        return rc;
    env_system_init(&s->system, last_ms, &s->env);
    s->system.level = level;
    return site_key_load(s->config.site_key_file, record.seq == 0 && registry.seq == 0, &s->env,
                         s->site_secret, err);
}

static int live_start(struct server *s, struct err *err)
{
    const struct config *c = &s->config;
    struct api_options api = {
        .env = &s->env,
        .releases = s->releases->releases,
        .releases_count = s->releases->count,
        .metrics = metrics_write,
        .metrics_arg = &s->metrics,
        .starts_per_second = (uint32_t)c->starts_per_second,
    };
    struct live_options live = {
        .env = s->env,
        .store = s->store,
        .alg = DIGEST_SM3,
        .banks = (const struct bank *const *)s->releases->banks,
        .banks_count = s->releases->count,
        .workers = (unsigned)c->workers,
        .hash_kib = (uint32_t)c->hash_kib,
        .hash_passes = (uint32_t)c->hash_passes,
        .login_ms = c->login_minutes * 60 * 1000,
        .activation_ms = c->activation_days * 86400 * 1000,
        .checkpoint_ms = c->checkpoint_ms,
        .done_batch = api_done_batch,
        .fatal = on_fatal,
        .fatal_arg = s,
    };
    int rc = api_new(&api, &s->api, err);

    if (rc != 0)
        return rc;
    live.done_arg = s->api;
    memcpy(live.site_secret, s->site_secret, sizeof live.site_secret);
    s->ticket_secret =
        digest_derive(bytes_of(s->site_secret, sizeof s->site_secret), "mingfa/tls-tickets/v1");
    rc = live_open(&live, &s->live, err);
    secret_wipe(live.site_secret, sizeof live.site_secret);
    secret_wipe(s->site_secret, sizeof s->site_secret);
    if (rc != 0)
        return rc;
    api_attach(s->api, s->live);
    s->metrics.live = s->live;
    s->metrics.watch = &s->watch;
    s->metrics.api = s->api;
    s->metrics.store = s->store;
    return 0;
}

static int http_start(struct server *s, struct err *err)
{
    const struct config *c = &s->config;
    struct http_options o = {
        .listen_address = c->listen,
        .port = (uint16_t)c->port,
        .loops = (unsigned)c->loops,
        .tls_certificate_path = c->tls_certificate,
        .tls_key_path = c->tls_key,
        .ticket_secret = s->ticket_secret.b,
        .trusted_proxy = c->trusted_proxy,
        .connections_max = (unsigned)c->connections_max,
        .routes_arg = s->api,
        .token_holds = api_token_holds,
        .env = &s->env,
    };
    int rc = 0;

    o.routes = api_routes(s->api, &o.routes_count);
    if (c->web_dir != NULL)
        rc = assets_open(c->web_dir, NULL, &s->assets, err);
    o.assets = s->assets;
    if (rc == 0)
        rc = http_server_new(&o, &s->http, err);
    secret_wipe(&s->ticket_secret, sizeof s->ticket_secret);
    if (rc == 0)
        atomic_store(&s->metrics.http, s->http);
    return rc;
}

/* The name that people type: a certificate of the demo is made out to localhost. */
static void say_url(const struct server *s)
{
    const char *address = s->config.listen;
    unsigned char six[16];
    bool is_six = inet_pton(AF_INET6, address, six) == 1;
    bool loopback = strncmp(address, "127.", 4) == 0 || strcmp(address, "::1") == 0;

    printf("{\"url\": \"%s://%s%s%s:%u\"}\n", http_is_tls(s->http) ? "https" : "http",
           is_six && !loopback ? "[" : "", loopback ? "localhost" : address,
           is_six && !loopback ? "]" : "", http_server_port(s->http));
    fflush(stdout);
}

/* ---- end ---- */

static void server_stop(struct server *s)
{
    struct err err = {0};

    if (s->http != NULL && http_server_drain(s->http, s->config.drain_ms, &err) != 0)
        log_failure(&s->env, LOG_WARN, "drain-timeout", NULL, &err);
    if (s->live != NULL)
        live_drain(s->live);
    http_server_free(s->http);
    live_close(s->live);
    if (s->store != NULL)
        store_close(s->store);
    assets_free(s->assets);
    api_free(s->api);
    releases_close(s->releases);
    config_fini(&s->config);
    secret_wipe(s->site_secret, sizeof s->site_secret);
}

static void tls_reload(struct server *s)
{
    struct err err = {0};

    if (!http_is_tls(s->http))
        return;
    notify_send("RELOADING=1");
    if (http_server_reload_tls(s->http, s->config.tls_certificate, s->config.tls_key, &err) != 0)
        log_failure(&s->env, LOG_ERROR, "certificate-not-reloaded", NULL, &err);
    else
        log_event(&s->env, LOG_INFO, "certificate-reloaded", NULL, NULL);
    notify_send("READY=1");
}

/* Waits for the signal to stop; reloads the certificate at SIGHUP; looks around every LOOK_S. */
static int signal_await(struct server *s, const sigset_t *signals)
{
    const struct timespec look = {.tv_sec = LOOK_S};

    for (;;) {
        int signal_number;

        watch_look(&s->watch);
        signal_number = sigtimedwait(signals, NULL, &look);
        if (signal_number == SIGHUP)
            tls_reload(s);
        else if (signal_number > 0)
            return signal_number;
    }
}

static int serve(struct server *s, const sigset_t *signals)
{
    struct err err = {0};
    int signal_number = 0;

    if (http_start(s, &err) != 0)
        return fail(&err, EXIT_FAILED);
    log_event(&s->env, LOG_INFO, "listening", "version", MINGFA_VERSION);
    say_url(s);
    s->watch.env = &s->env;
    s->watch.data_dir = s->config.data_dir;
    s->watch.http = s->http;
    s->watch.disk_free_bytes_min = s->config.disk_free_mib_min << 20;
    s->watch.certificate_ms_min = s->config.certificate_days_min * 86400000;
    notify_send("READY=1");
    signal_number = signal_await(s, signals);
    notify_send("STOPPING=1");
    log_event(&s->env, LOG_INFO, "stopping", "signal", strsignal(signal_number));
    return atomic_load(&s->failed) ? EXIT_FAILED : EXIT_DONE;
}

static int run(struct server *s, int argc, char **argv, const sigset_t *signals)
{
    struct bootstrap bootstrap;
    struct err err = {0};
    bool boots = argc > 0 && strcmp(argv[0], "bootstrap") == 0;
    bool checks = argc > 0 && strcmp(argv[0], "check-rows") == 0;
    bool copies = argc > 0 && strcmp(argv[0], "backup") == 0;
    int rc = 0;

    if ((argc > 0 && !boots && !checks && !copies) || (checks && argc > 1)) {
        err_set(&err, ERR_BAD_INPUT, &msg_command, argv[checks ? 1 : 0], NULL, NULL, NULL);
        return fail(&err, EXIT_USAGE);
    }
    if (copies && (argc != 3 || strcmp(argv[1], "--to") != 0)) {
        err_set(&err, ERR_BAD_INPUT, &msg_backup, NULL, NULL, NULL, NULL);
        return fail(&err, EXIT_USAGE);
    }
    if (copies) {
        rc = backup_run(s->config.data_dir, argv[2], stdout, &err);
        return rc == 0 ? EXIT_DONE : fail(&err, EXIT_FAILED);
    }
    if (checks) {
        rc = check_rows_run(s->config.data_dir, stdout, &err);
        return rc == 0 ? EXIT_DONE : fail(&err, EXIT_FAILED);
    }
    if (boots && bootstrap_read(argc - 1, argv + 1, &bootstrap, &err) != 0)
        return fail(&err, EXIT_USAGE);
    log_level_parse(s->config.log_level, &s->system.level);
    rc = releases_open(s->config.bank_dir, s->config.keyring, &s->env, &s->releases, &err);
    if (rc == 0)
        rc = store_start(s, &err);
    if (rc == 0)
        rc = live_start(s, &err);
    if (rc == 0 && boots)
        rc = bootstrap_run(&bootstrap, s->live, stdout, &err);
    if (rc != 0) {
        err.code = rc;
        return fail(&err, EXIT_FAILED);
    }
    return boots ? EXIT_DONE : serve(s, signals);
}

/* What a start would read, read: releases with their signatures, the certificate with its key, the
 * pages. The data directory is not touched: a server may be running on it. */
static int config_try(struct server *s)
{
    const struct config *c = &s->config;
    struct err err = {0};
    int rc = releases_open(c->bank_dir, c->keyring, &s->env, &s->releases, &err);

    if (rc == 0 && c->tls_certificate != NULL)
        rc = http_tls_check(c->tls_certificate, c->tls_key, &err);
    if (rc == 0 && c->web_dir != NULL)
        rc = assets_open(c->web_dir, NULL, &s->assets, &err);
    if (rc == 0 && access(c->data_dir, R_OK | W_OK | X_OK) != 0)
        rc = err_set(&err, ERR_IO, &msg_data_dir, c->data_dir, strerror(errno), NULL, NULL);
    if (rc != 0)
        return fail(&err, EXIT_FAILED);
    puts(terminal_lang() == LANG_ZH ? "配置可用。" : "The configuration can be used.");
    return EXIT_DONE;
}

static void usage_zh(FILE *out)
{
    fputs("mingfa-server [--config 文件] [配置项]                运行，直到收到 SIGTERM\n"
          "mingfa-server … bootstrap --unit-code 编码 --unit-name 名称 --person 编号 --name 姓名\n"
          "                     建立第一个单位和管理员，输出一次性激活码\n"
          "mingfa-server … check-rows\n"
          "                     核对各表是否与事件一致；须先停止服务器\n"
          "mingfa-server … backup --to 目录\n"
          "                     备份数据，服务器运行时也可以\n\n"
          "配置项先取自配置文件，再取自 MINGFA_… 环境变量，最后取自命令行：\n",
          out);
    config_help(out, LANG_ZH);
    fputs("  --print-config     列出每个配置项及其来源\n"
          "  --check-config     检查能否按此配置启动，不启动\n"
          "  --version          显示版本\n",
          out);
}

static void usage(FILE *out)
{
    if (terminal_lang() == LANG_ZH) {
        usage_zh(out);
        return;
    }
    fputs("mingfa-server [--config FILE] [SETTINGS]              serves until SIGTERM\n"
          "mingfa-server … bootstrap --unit-code C --unit-name N --person P --name N\n"
          "                     the first unit and administrator; prints a one-time code\n"
          "mingfa-server … check-rows\n"
          "                     whether the tables are what the events say; server stopped\n"
          "mingfa-server … backup --to DIRECTORY\n"
          "                     a copy of the data, also while the server runs\n\n"
          "Settings come from the file, then from MINGFA_…, then from the command line:\n",
          out);
    config_help(out, LANG_EN);
    fputs("  --print-config     every setting, and where it comes from\n"
          "  --check-config     whether a server could start with them; starts nothing\n"
          "  --version          the version\n",
          out);
}

int main(int argc, char **argv)
{
    static struct server s; /* zeroed; too large for a stack */
    struct config_wants wants;
    struct err err = {0};
    sigset_t signals;
    int status;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&signals);
    sigaddset(&signals, SIGTERM);
    sigaddset(&signals, SIGINT);
    sigaddset(&signals, SIGHUP);
    pthread_sigmask(SIG_BLOCK, &signals, NULL); /* inherited by every thread */
    json_object_seed(0);
    env_system_init(&s.system, 0, &s.env);
    if (config_read(argc - 1, argv + 1, environ, &s.config, &wants, &err) != 0)
        return fail(&err, EXIT_USAGE);
    if (wants.help) {
        usage(stdout);
        status = EXIT_DONE;
    } else if (wants.version) {
        printf("mingfa-server %s\n", MINGFA_VERSION);
        status = EXIT_DONE;
    } else if (wants.print) {
        config_print(&s.config, stdout);
        status = EXIT_DONE;
    } else if (wants.check) {
        status = config_try(&s);
    } else {
        status = run(&s, argc - 1 - wants.rest, argv + 1 + wants.rest, &signals);
    }
    server_stop(&s);
    return status;
}
