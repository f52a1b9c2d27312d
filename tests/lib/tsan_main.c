/* A test main of our own: runs Criterion's tests in one process.
 *
 * Criterion runs each test in a process of its own over shared memory, which ThreadSanitizer
 * refuses. The test objects are the same; this file walks the linker sections in which Test() and
 * TestSuite() leave their descriptions, and supplies the few functions through which an assertion
 * reports. Set-up, test and teardown follow one another as in Criterion: a failed assertion leaves
 * the test, and its teardown still runs. A test that expects a signal or an exit status runs in a
 * child. Assertions belong in the main thread: from another one there is no way back.
 *
 * The closing line has Criterion's shape, so that the same scripts count it. A test that crashes
 * ends the run without that line; ctest sees the exit status.
 *
 * Options: --filter SUITE/TEST (shell pattern) and --list; Criterion's others are ignored. */
#include <criterion/criterion.h>
#include <criterion/event.h>
#include <criterion/logging.h>
#include <criterion/options.h>
#include <criterion/parameterized.h>

#include <fnmatch.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

enum { NAME_BYTES_MAX = 256 };

/* The linker gives these names to the first and one past the last entry of a section. */
extern struct criterion_test *__start_cr_tst[] __attribute__((weak));
extern struct criterion_test *__stop_cr_tst[] __attribute__((weak));
extern struct criterion_suite *__start_cr_sts[] __attribute__((weak));
extern struct criterion_suite *__stop_cr_sts[] __attribute__((weak));

struct criterion_options criterion_options;

/* The one run of this process. Criterion's macros take no context, so it has to stand here. */
static struct {
    const struct criterion_test *test;
    const struct criterion_suite *suite; /* NULL: the test's suite has no description */
    void *param;                         /* of a parameterized test, else NULL */
    pthread_t main_thread;
    jmp_buf *escape; /* where a failed assertion goes; NULL: outside a test */
    int failures;    /* in this test */
    bool skipped;
} run;

/* ---- what the assertion macros call ---- */

void criterion_send_assert(struct criterion_assert_stats *stats)
{
    if (stats->passed)
        return;
    run.failures++;
    printf("[----] %s:%u: Assertion Failed\n[----]   %s\n", stats->file, stats->line,
           stats->message != NULL ? stats->message : "");
}

CR_NORETURN static void leave_test(void)
{
    if (run.escape == NULL || !pthread_equal(run.main_thread, pthread_self())) {
        printf("[----] an assertion failed outside a test's main thread\n");
        fflush(stdout);
        abort();
    }
    longjmp(*run.escape, 1);
}

void criterion_abort_test(void)
{
    leave_test();
}

void criterion_continue_test(void)
{
}

void criterion_skip_test(const char *format, ...)
{
    va_list args;

    printf("[SKIP] %s::%s: ", run.test->category, run.test->name);
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    run.skipped = true;
    leave_test();
}

void criterion_test_die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
    run.failures++;
    leave_test();
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

/* What each kind of assertion says when the test gave no message of its own; the argument is the
 * source text of the expression. */
char *cr_translate_assert_msg(int message, ...)
{
    static const char *const what[] = {
        [CRITERION_ASSERT_MSG_FAIL] = "the test says so",
        [CRITERION_ASSERT_MSG_EXPR_FALSE] = "is false",
        [CRITERION_ASSERT_MSG_EXPR_AS_STRINGS_FALSE] = "is false, as strings",
        [CRITERION_ASSERT_MSG_IS_NULL] = "is null",
        [CRITERION_ASSERT_MSG_IS_NOT_NULL] = "is not null",
        [CRITERION_ASSERT_MSG_IS_EMPTY] = "is empty",
        [CRITERION_ASSERT_MSG_IS_NOT_EMPTY] = "is not empty",
        [CRITERION_ASSERT_MSG_FILE_STR_MATCH] = "does not match",
        [CRITERION_ASSERT_MSG_FILE_MATCH] = "does not match",
    };
    const char *expression;
    const char *says = "does not hold";
    char *text = NULL;
    va_list args;

    if (message >= 0 && (size_t)message < sizeof(what) / sizeof(what[0]))
        says = what[message];
    va_start(args, message);
    expression = va_arg(args, const char *);
    va_end(args);
    if (asprintf(&text, "%s %s", expression, says) < 0)
        abort();
    return text;
}

void cr_log(enum criterion_severity severity, const char *format, ...)
{
    va_list args;

    if (severity == CR_LOG_INFO)
        return;
    va_start(args, format);
    vprintf(format, args);
    va_end(args);
    printf("\n");
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

/* ---- what Test() and ParameterizedTest() call, one after the other ---- */

void criterion_internal_test_setup(void)
{
    if (run.suite != NULL && run.suite->data->init != NULL)
        run.suite->data->init();
    if (run.test->data->init != NULL)
        run.test->data->init();
}

void criterion_internal_test_main(void (*test)(void))
{
    jmp_buf *outer = run.escape;
    jmp_buf here;

    run.escape = &here;
    if (setjmp(here) == 0) {
        if (run.test->data->kind_ == CR_TEST_PARAMETERIZED) {
            void (*with_param)(void *);
            /* Criterion hands it over under another type; ISO C allows the way back. */
            memcpy(&with_param, &test, sizeof(with_param));
            with_param(run.param);
        } else {
            test();
        }
    }
    run.escape = outer;
}

void criterion_internal_test_teardown(void)
{
    if (run.test->data->fini != NULL)
        run.test->data->fini();
    if (run.suite != NULL && run.suite->data->fini != NULL)
        run.suite->data->fini();
}

/* ---- running ---- */

struct tally {
    int tested;
    int failed;
    int crashed;
};

static const struct criterion_suite *suite_of(const struct criterion_test *test)
{
    for (struct criterion_suite **s = __start_cr_sts; s < __stop_cr_sts; s++)
        if (*s != NULL && (*s)->data != NULL && strcmp((*s)->name, test->category) == 0)
            return *s;
    return NULL;
}

/* Set-up, test, teardown; an assertion that fails in set-up or teardown ends here. */
static int run_here(void)
{
    jmp_buf here;

    run.escape = &here;
    if (setjmp(here) == 0)
        run.test->test();
    run.escape = NULL;
    return run.failures;
}

/* 0 as expected, 1 failed, 2 crashed. */
static int run_in_child(int signal_expected, int exit_expected)
{
    int status = 0;
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        int failures = run_here();

        fflush(stdout);
        _exit(failures == 0 ? 0 : 1);
    }
    if (child < 0 || waitpid(child, &status, 0) != child)
        return 1;
    if (WIFSIGNALED(status))
        return WTERMSIG(status) == signal_expected ? 0 : 2;
    return signal_expected == 0 && WEXITSTATUS(status) == exit_expected ? 0 : 1;
}

static void run_one(const struct criterion_test *test, void *param, struct tally *tally)
{
    const struct criterion_test_extra_data *own = test->data;
    const struct criterion_suite *suite = suite_of(test);
    int signal_expected = own->signal;
    int exit_expected = own->exit_code;
    struct timespec begin;
    struct timespec end;
    int rc;

    if (suite != NULL && signal_expected == 0)
        signal_expected = suite->data->signal;
    if (suite != NULL && exit_expected == 0)
        exit_expected = suite->data->exit_code;
    run.test = test;
    run.suite = suite;
    run.param = param;
    run.failures = 0;
    run.skipped = false;
    clock_gettime(CLOCK_MONOTONIC, &begin);
    if (signal_expected != 0 || exit_expected != 0)
        rc = run_in_child(signal_expected, exit_expected);
    else
        rc = run_here() != 0;
    clock_gettime(CLOCK_MONOTONIC, &end);
    if (run.skipped)
        return;
    tally->tested++;
    tally->failed += rc != 0;
    tally->crashed += rc == 2;
    printf("[%s] %s::%s: (%.2fs)\n", rc == 0 ? "PASS" : "FAIL", test->category, test->name,
           (double)(end.tv_sec - begin.tv_sec) + (double)(end.tv_nsec - begin.tv_nsec) / 1e9);
}

static void run_params(const struct criterion_test *test, struct tally *tally)
{
    struct criterion_test_params params = test->data->param_();

    for (size_t i = 0; i < params.length; i++)
        run_one(test, (char *)params.params + i * params.size, tally);
    if (params.cleanup != NULL)
        params.cleanup(&params);
}

static bool is_wanted(const struct criterion_test *test, const char *filter)
{
    const struct criterion_suite *suite = suite_of(test);
    char name[NAME_BYTES_MAX];

    if (test->data->disabled || (suite != NULL && suite->data->disabled))
        return false;
    snprintf(name, sizeof(name), "%s/%s", test->category, test->name);
    return filter == NULL || fnmatch(filter, name, 0) == 0;
}

int main(int argc, char **argv)
{
    struct tally tally = {0};
    const char *filter = NULL;
    bool list = false;

    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--list") == 0)
            list = true;
        else if (strcmp(argv[i], "--filter") == 0 && i + 1 < argc)
            filter = argv[++i];
        else if (strncmp(argv[i], "--filter=", 9) == 0)
            filter = argv[i] + 9;
    }
    setvbuf(stdout, NULL, _IOLBF, 0);
    run.main_thread = pthread_self();
    for (struct criterion_test **t = __start_cr_tst; t < __stop_cr_tst; t++) {
        if (*t == NULL || !is_wanted(*t, filter))
            continue;
        if (list)
            printf("%s/%s\n", (*t)->category, (*t)->name);
        else if ((*t)->data->kind_ == CR_TEST_PARAMETERIZED)
            run_params(*t, &tally);
        else
            run_one(*t, NULL, &tally);
    }
    if (list)
        return 0;
    printf("[====] Synthesis: Tested: %d | Passing: %d | Failing: %d | Crashing: %d\n",
           tally.tested, tally.tested - tally.failed, tally.failed - tally.crashed, tally.crashed);
    return tally.failed == 0 && tally.tested > 0 ? 0 : 1;
}
