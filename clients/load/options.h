/* The command line of mingfa-load. Thread: main. */
#ifndef MINGFA_LOAD_OPTIONS_H
#define MINGFA_LOAD_OPTIONS_H

#include "question-bank/base/err.h"

#include <stdbool.h>
#include <stdio.h>

enum scenario {
    SCENARIO_SAVE = 1,
    SCENARIO_START,
    SCENARIO_LOGIN,
    SCENARIO_FINISH,
    SCENARIO_GET,
    SCENARIO_PLAY,
};

enum { CONNECTIONS_MAX = 60000, SECONDS_MAX = 86400, RATE_MAX = 10000000 };

/* Text is borrowed from argv. */
struct options {
    enum scenario scenario;
    const char *url, *ca_file, *candidates_file, *exam, *path, *tokens_file;
    const char *day_file, *picture_file; /* play */
    unsigned people;                     /* play; 0: as the day has it */
    unsigned connections, rate, seconds, warmup_s, attempt;
    int sources; /* -1: one a connection on loopback */
    bool help, version;
};

/* ERR_BAD_INPUT with a sentence. With --help or --version nothing else is looked at. */
int options_read(int argc, char *const *argv, struct options *out, struct err *err);
void options_help(FILE *out);
const char *scenario_name(enum scenario s);

#endif
