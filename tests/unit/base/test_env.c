/* The real outside world: the clock goes forward from its anchor, entropy differs, a line of log is
 * one JSON object whatever is in it. Standard error is caught in a pipe. */
#include "question-bank/base/bytes.h"
#include "question-bank/base/env.h"
#include "question-bank/base/utf8.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

Test(env, the_clock_never_goes_back_and_never_starts_before_what_is_committed)
{
    struct env_system s;
    struct env env;
    int64_t wall = env_wall_ms();
    int64_t last;

    env_system_init(&s, 0, &env);
    last = env.now_ms(env.arg);
    cr_assert_geq(last, wall);
    cr_assert_leq(last, env_wall_ms() + 1);
    for (int i = 0; i < 1000; i++) {
        int64_t now = env.now_ms(env.arg);
        cr_assert_geq(now, last);
        last = now;
    }
    env_system_init(&s, wall + 3600000, &env); /* the system clock is behind the record */
    cr_assert_geq(env.now_ms(env.arg), wall + 3600000);
    cr_assert_lt(env.now_ms(env.arg), wall + 3700000);
}

Test(env, entropy_differs_each_time)
{
    struct env_system s;
    struct env env;
    uint8_t a[32] = {0};
    uint8_t b[32] = {0};

    env_system_init(&s, 0, &env);
    cr_assert_eq(env.entropy(env.arg, a, sizeof(a)), 0);
    cr_assert_eq(env.entropy(env.arg, b, sizeof(b)), 0);
    cr_assert_neq(memcmp(a, b, sizeof(a)), 0);
    cr_assert_eq(env.entropy(env.arg, a, 0), 0);
}

/* Standard error goes to a pipe from here until catch_end. */
static void catch_begin(int fds[2], int *kept)
{
    cr_assert_eq(pipe(fds), 0);
    *kept = dup(STDERR_FILENO);
    dup2(fds[1], STDERR_FILENO);
    close(fds[1]);
}

static void catch_end(const int fds[2], int kept, char *out, size_t out_size)
{
    size_t len = 0;
    ssize_t n;

    dup2(kept, STDERR_FILENO); /* the pipe's last writing end is closed */
    close(kept);
    while (len < out_size - 1 && (n = read(fds[0], out + len, out_size - 1 - len)) > 0)
        len += (size_t)n;
    out[len] = '\0';
    close(fds[0]);
}

Test(env, a_line_of_log_is_json_whatever_is_in_it)
{
    static const char *const expected =
        ",\"level\":\"warn\",\"event\":\"odd \\\"event\\\"\",\"path\":\"C:\\\\x\\u000a\\u001b\","
        "\"bad\":\"a\\ufffdb\\ufffd\",\"law\":\"宪法\\u0085\\u2028\",\"none\":\"\"}\n";
    const struct log_field fields[] = {{"path", "C:\\x\n\x1B"},
                                       {"bad", "a\xFF"
                                               "b\xE5"},
                                       {"law", "宪法\xC2\x85\xE2\x80\xA8"},
                                       {"none", NULL}};
    struct env_system s;
    struct env env;
    char out[4096];
    int fds[2];
    int kept;

    env_system_init(&s, 0, &env);
    catch_begin(fds, &kept);
    env.log(env.arg, LOG_DEBUG, "below the level", NULL, 0);
    env.log(env.arg, LOG_WARN, "odd \"event\"", fields, 4);
    catch_end(fds, kept, out, sizeof(out));
    cr_assert_eq(strncmp(out, "{\"time_ms\":", 11), 0, "%s", out);
    cr_assert_not_null(strchr(out, ','));
    cr_assert_str_eq(strchr(out, ','), expected);
}

Test(env, long_values_are_cut_between_characters)
{
    struct env_system s;
    struct env env;
    char value[4000];
    char out[8192];
    struct log_field field = {"v", value};
    char *begin;
    int fds[2];
    int kept;

    for (size_t i = 0; i + 3 < sizeof(value); i += 3)
        memcpy(value + i, "法", 4);
    env_system_init(&s, 0, &env);
    catch_begin(fds, &kept);
    env.log(env.arg, LOG_ERROR, "e", &field, 1);
    catch_end(fds, kept, out, sizeof(out));
    begin = strstr(out, "\"v\":\"");
    cr_assert_not_null(begin);
    cr_assert_eq(strlen(begin + 5), LOG_TEXT_BYTES_MAX / 3 * 3 + 3); /* and "}\n */
    cr_assert(utf8_valid(bytes_of_text(out), NULL));
}

enum { LOG_THREADS = 4, LOG_LINES = 50 };

static void *log_many(void *arg)
{
    const struct env *env = arg;
    const struct log_field field = {"name", "value"};

    for (int i = 0; i < LOG_LINES; i++)
        env->log(env->arg, LOG_INFO, "many", &field, 1);
    return NULL;
}

Test(env, lines_of_several_threads_do_not_mix)
{
    struct env_system s;
    struct env env;
    pthread_t threads[LOG_THREADS];
    char out[65536];
    size_t lines = 0;
    int fds[2];
    int kept;

    env_system_init(&s, 0, &env);
    catch_begin(fds, &kept);
    for (int i = 0; i < LOG_THREADS; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, log_many, &env), 0);
    for (int i = 0; i < LOG_THREADS; i++)
        pthread_join(threads[i], NULL);
    catch_end(fds, kept, out, sizeof(out));
    for (char *line = strtok(out, "\n"); line != NULL; line = strtok(NULL, "\n")) {
        cr_assert_eq(strncmp(line, "{\"time_ms\":", 11), 0, "%s", line);
        cr_assert_str_eq(strchr(line, ','),
                         ",\"level\":\"info\",\"event\":\"many\",\"name\":\"value\"}");
        lines++;
    }
    cr_assert_eq(lines, LOG_THREADS * LOG_LINES);
}
