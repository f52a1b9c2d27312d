/* A test main of our own: runs Criterion's tests in one process.
 *
 * Criterion runs each test in a process of its own over shared memory, which ThreadSanitizer
 * refuses. The test objects are the same; this file walks the linker section in which Criterion's
 * Test() leaves them and supplies the few functions through which an assertion reports. A test that
 * expects a signal or an exit status runs in a child. Assertions belong in the main thread.
 *
 * Options: -j and other Criterion options are accepted and ignored; --filter SUITE/TEST runs one. */
#include <criterion/criterion.h>
#include <criterion/event.h>
#include <criterion/options.h>

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

extern struct criterion_test *__start_cr_tst[] __attribute__((weak));
extern struct criterion_test *__stop_cr_tst[] __attribute__((weak));

struct criterion_options criterion_options;

static const struct criterion_test *running;
static jmp_buf escape;
static int failures_in_test;

/* ---- what the assertion macros call ---- */

void criterion_send_assert(struct criterion_assert_stats *stats)
{
    if (stats->passed)
        return;
    failures_in_test++;
    printf("[----] %s:%u: Assertion Failed\n[----]   %s\n", stats->file, stats->line,
           stats->message != NULL ? stats->message : "");
}

void criterion_abort_test(void)
{
    longjmp(escape, 1);
}

void criterion_continue_test(void)
{
}

void cri_asserts_passed_incr(void)
{
}

int cr_asprintf(char **out, const char *format, ...)
{
    va_list args;
    int n;

    va_start(args, format);
    n = vasprintf(out, format, args);
    va_end(args);
    if (n < 0)
        abort();
    return n;
}

void cr_asprintf_free(char *text)
{
    free(text);
}

char *cr_translate_assert_msg(int message, ...)
{
    char *text = NULL;

    (void)message;
    if (asprintf(&text, "%s/%s: a condition does not hold", running->category, running->name) < 0)
        abort();
    return text;
}

void criterion_internal_test_setup(void)
{
    if (running->data->init != NULL)
        running->data->init();
}

void criterion_internal_test_main(void (*test)(void))
{
    test();
}

void criterion_internal_test_teardown(void)
{
    if (running->data->fini != NULL)
        running->data->fini();
}

void *cr_malloc(size_t size)
{
    return malloc(size);
}

void *cr_calloc(size_t count, size_t size)
{
    return calloc(count, size);
}

void *cr_realloc(void *p, size_t size)
{
    return realloc(p, size);
}

void cr_free(void *p)
{
    free(p);
}

/* ---- running ---- */

static int run_here(const struct criterion_test *test)
{
    running = test;
    failures_in_test = 0;
    if (setjmp(escape) == 0)
        test->test();
    return failures_in_test;
}

static int run_in_child(const struct criterion_test *test)
{
    int status = 0;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        int failures = run_here(test);
        fflush(stdout);
        _exit(failures == 0 ? 0 : 1);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return 1;
    if (test->data->signal != 0)
        return !(WIFSIGNALED(status) && WTERMSIG(status) == test->data->signal);
    return !(WIFEXITED(status) && WEXITSTATUS(status) == test->data->exit_code);
}

static int matches(const struct criterion_test *test, const char *filter)
{
    char name[256];

    snprintf(name, sizeof(name), "%s/%s", test->category, test->name);
    return filter == NULL || strcmp(name, filter) == 0;
}

int main(int argc, char **argv)
{
    const char *filter = NULL;
    int tested = 0;
    int failed = 0;

    for (int i = 1; i + 1 < argc; i++)
        if (strcmp(argv[i], "--filter") == 0)
            filter = argv[i + 1];
    setvbuf(stdout, NULL, _IOLBF, 0);
    for (struct criterion_test **t = __start_cr_tst; t < __stop_cr_tst; t++) {
        int bad;

        if (*t == NULL || !matches(*t, filter))
            continue;
        tested++;
        bad =
            (*t)->data->signal != 0 || (*t)->data->exit_code != 0 ? run_in_child(*t) : run_here(*t);
        if (bad) {
            failed++;
            printf("[FAIL] %s::%s\n", (*t)->category, (*t)->name);
        }
    }
    printf("[====] Synthesis: Tested: %d | Passing: %d | Failing: %d | Crashing: 0\n", tested,
           tested - failed, failed);
    return failed == 0 && tested > 0 ? 0 : 1;
}
