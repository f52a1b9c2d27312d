/* mingfa-bench: the rate of one part of the server, as a number on a line.
 *
 *   mingfa-bench draw|grade MS RELEASE BLUEPRINT
 *   mingfa-bench commit|sync MS DIRECTORY
 *
 * Exit status: 0; 1 failed; 2 misused. */
#include "scripts/bench.d/bench.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

int64_t bench_now_us(void)
{
    struct timespec t;

    clock_gettime(CLOCK_MONOTONIC, &t);
    return (int64_t)t.tv_sec * 1000000 + t.tv_nsec / 1000;
}

static int run(int argc, char **argv, double *out, struct err *err)
{
    int64_t ms = argc > 2 ? strtoll(argv[2], NULL, 10) : 0;

    if (ms > 0 && argc == 5 && strcmp(argv[1], "draw") == 0)
        return bench_draw(argv[3], argv[4], ms, out, err);
    if (ms > 0 && argc == 5 && strcmp(argv[1], "grade") == 0)
        return bench_grade(argv[3], argv[4], ms, out, err);
    if (ms > 0 && argc == 4 && strcmp(argv[1], "commit") == 0)
        return bench_commit(argv[3], ms, out, err);
    if (ms > 0 && argc == 4 && strcmp(argv[1], "sync") == 0)
        return bench_sync(argv[3], ms, out, err);
    fputs("usage: mingfa-bench draw|grade MS RELEASE BLUEPRINT\n"
          "       mingfa-bench commit|sync MS DIRECTORY\n",
          stderr);
    exit(2);
}

int main(int argc, char **argv)
{
    struct err err = {0};
    char text[ERR_TEXT_BYTES_MAX];
    double rate = 0;

    if (run(argc, argv, &rate, &err) != 0) {
        err_text(&err, LANG_EN, text, sizeof text);
        fprintf(stderr, "mingfa-bench: %s\n", text);
        return 1;
    }
    printf("%.1f\n", rate);
    return 0;
}
