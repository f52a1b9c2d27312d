/* mingfa-load: loads a server through its public API and tells how it went, as one JSON object.
 *
 * Exit status: 0; 1 failed, or something acknowledged was not found; 2 misused. One thread. */
#include "clients/load/options.h"
#include "clients/load/scenario.h"
#include "clients/load/tally.h"

#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

/* A descriptor a connection, and some. */
static void descriptors_allow(unsigned connections)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0 || limit.rlim_cur >= connections + 64u)
        return;
    limit.rlim_cur = connections + 64u < limit.rlim_max ? connections + 64u : limit.rlim_max;
    setrlimit(RLIMIT_NOFILE, &limit);
}

static enum lang lang_of_environment(void)
{
    static const char *const names[] = {"LC_ALL", "LC_MESSAGES", "LANG"};

    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        const char *value = getenv(names[i]);

        if (value != NULL && value[0] != '\0')
            return strncmp(value, "zh", 2) == 0 ? LANG_ZH : LANG_EN;
    }
    return LANG_EN;
}

static int complain(const struct err *err, int status)
{
    char text[ERR_TEXT_BYTES_MAX];

    err_text(err, lang_of_environment(), text, sizeof text);
    fprintf(stderr, "mingfa-load: %s\n", text);
    return status;
}

int main(int argc, char **argv)
{
    struct options o;
    struct tally *tally;
    struct err err = {0};
    int status;

    if (options_read(argc, argv, &o, &err) != 0)
        return complain(&err, 2);
    if (o.help) {
        options_help(stdout);
        return 0;
    }
    if (o.version) {
        printf("mingfa-load %s\n", MINGFA_VERSION);
        return 0;
    }
    tally = calloc(1, sizeof *tally);
    if (tally == NULL) {
        err_set(&err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
        return complain(&err, 1);
    }
    signal(SIGPIPE, SIG_IGN);
    descriptors_allow(o.connections);
    status = scenario_run(&o, tally, &err) != 0 ? complain(&err, 1) : tally_verdict(tally, &o);
    if (err.code == 0 && tally_write(tally, &o, stdout) != 0)
        status = 1;
    free(tally);
    return status;
}
