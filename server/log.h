/* Log lines of the server's own life, on top of env.log (JSON lines on standard error).
 *
 * A line holds an event's name and what an operator needs. Tokens, codes, answers, answer keys and
 * names of people never go in: callers pass message ids, file paths and counts. Thread: any. */
#ifndef MINGFA_SERVER_LOG_H
#define MINGFA_SERVER_LOG_H

#include "question-bank/base/env.h"
#include "question-bank/base/err.h"

/* "debug", "info", "warn", "error". 0 or ERR_BAD_INPUT. */
int log_level_parse(const char *name, enum log_level *out);
/* event with the error's code, message id and English sentence, and `what` (may be NULL) that it is
 * about. For failures of files and settings, whose arguments are no personal data. */
void log_failure(const struct env *env, enum log_level level, const char *event, const char *what,
                 const struct err *err);
/* event with up to one name and value. */
void log_event(const struct env *env, enum log_level level, const char *event, const char *name,
               const char *value);

#endif
