/* The scenarios: which phases a run has, what is asked in them, and what counts as an answer.
 * Thread: main and the run's. */
#ifndef MINGFA_LOAD_SCENARIO_H
#define MINGFA_LOAD_SCENARIO_H

#include "clients/load/options.h"
#include "clients/load/tally.h"

/* Reads the candidates, runs the phases, checks; *out is the tally (large: the caller's). Errors as
 * load_run, target_open and candidates_read. Blocks for the whole run. */
int scenario_run(const struct options *o, struct tally *out, struct err *err);

#endif
