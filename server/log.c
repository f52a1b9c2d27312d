/* Log lines (see log.h). */
#include "server/log.h"

#include <string.h>

int log_level_parse(const char *name, enum log_level *out)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(name, names[i]) == 0) {
            *out = (enum log_level)i;
            return 0;
        }
    }
    return ERR_BAD_INPUT;
}

void log_failure(const struct env *env, enum log_level level, const char *event, const char *what,
                 const struct err *err)
{
    char text[ERR_TEXT_BYTES_MAX];
    struct log_field fields[] = {
        {"code", err_code_name(err->code)},
        {"message", err->msg != NULL ? err->msg->id : ""},
        {"text", text},
        {"what", what},
    };

    err_text(err, LANG_EN, text, sizeof text);
    env->log(env->arg, level, event, fields, what != NULL ? 4 : 3);
}

void log_event(const struct env *env, enum log_level level, const char *event, const char *name,
               const char *value)
{
    struct log_field field = {name, value};

    env->log(env->arg, level, event, &field, name != NULL ? 1 : 0);
}
