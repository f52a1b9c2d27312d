/* What the candidate's commands print alike: exams, a result, the unit's coverage. Thread: one. */
#ifndef MINGFA_CLIENTS_CLI_MY_H
#define MINGFA_CLIENTS_CLI_MY_H

#include "clients/cli/command.h"

/* Where I stand in an exam of /me/exams, in a word or two. */
const char *my_state_text(const struct invocation *in, const json_t *exam);
/* The exams of /me/exams, numbered from 1. Exit status. */
int my_print_exams(const struct invocation *in, const json_t *list);
/* A Result: score, band, when it was handed in, the receipt. */
void my_print_result(const struct invocation *in, const char *exam_name, const json_t *result);
/* The row of my unit; nothing when the server does not give it. */
void my_print_coverage(struct invocation *in, const char *exam, const char *unit);

#endif
