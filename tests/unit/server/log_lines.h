/* Log lines as they leave the process: standard error into a file while a test logs, then each line
 * read as the JSON object that it must be. Asserts on failure. Thread: one test at a time. */
#ifndef MINGFA_TESTS_SERVER_LOG_LINES_H
#define MINGFA_TESTS_SERVER_LOG_LINES_H

#include <jansson.h>
#include <stdio.h>

struct log_lines {
    FILE *file;
    int before; /* what standard error was */
};

void log_lines_begin(struct log_lines *l);
/* Standard error is itself again. An array of the lines, the caller's; each was checked: one object,
 * UTF-8, no control byte, and time_ms, level and event in it. */
json_t *log_lines_end(struct log_lines *l);

#endif
