/* bootstrap: the first unit and the first administrator of a fresh site, from the machine itself.
 *
 * Makes the unit and the person where they do not exist, grants administrator and officer on
 * everything, and prints a one-time activation code as one JSON line. Running it again issues
 * another code: who may run it owns the data anyway. Thread: main's; the core must be open. */
#ifndef MINGFA_SERVER_BOOTSTRAP_H
#define MINGFA_SERVER_BOOTSTRAP_H

#include "question-bank/base/err.h"
#include "server/live/live.h"

#include <stdio.h>

/* Borrowed from the command line. */
struct bootstrap {
    const char *unit_code, *unit_name, *person, *name;
};

/* --unit-code C --unit-name N --person P --name N, all needed. ERR_BAD_INPUT naming the flag. */
int bootstrap_read(int argc, char *const *argv, struct bootstrap *out, struct err *err);
int bootstrap_run(const struct bootstrap *b, struct live *live, FILE *out, struct err *err);

#endif
