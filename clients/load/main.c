/* mingfa-load: loads a server through its public API and tells how it went, as one JSON object.
 *
 * Exit status: 0; 1 failed, or something acknowledged was not found; 2 misused. One thread. */
#include "clients/load/options.h"
#include "clients/load/picture.h"
#include "clients/load/play.h"
#include "clients/load/scenario.h"
#include "clients/load/tally.h"
#include "question-bank/base/file.h"

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

static int measured(const struct options *o, struct err *err)
{
    struct tally *tally = calloc(1, sizeof *tally);
    int status = 1;

    if (tally == NULL)
        err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    else if (scenario_run(o, tally, err) == 0 && tally_write(tally, o, stdout) == 0)
        status = tally_verdict(tally, o);
    free(tally);
    return status;
}

static int picture_save(const struct options *o, const struct day *day, const struct diary *diary,
                        struct err *err)
{
    struct picture picture = {day->name, diary->people, diary->seconds, diary->seconds_count,
                              lang_of_environment()};
    struct buf file = {0};
    int rc = picture_write(&picture, &file);

    if (rc == 0)
        rc = file_write(o->picture_file, buf_view(&file), 0644, err);
    else
        err_set(err, rc, NULL, NULL, NULL, NULL, NULL);
    buf_fini(&file);
    return rc;
}

static int played(const struct options *o, struct err *err)
{
    struct diary *diary = calloc(1, sizeof *diary);
    struct day day;
    int status = 1;

    if (diary == NULL) {
        err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
        return 1;
    }
    if (play_run(o, &day, diary, err) == 0 && diary_write(diary, &day, stdout) == 0)
        status = diary_verdict(diary);
    if (err->code == 0 && o->picture_file != NULL && picture_save(o, &day, diary, err) != 0)
        status = 1;
    diary_fini(diary);
    free(diary);
    return status;
}

int main(int argc, char **argv)
{
    struct options o;
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
    signal(SIGPIPE, SIG_IGN);
    descriptors_allow(o.scenario == SCENARIO_PLAY ? CONNECTIONS_MAX : o.connections);
    status = o.scenario == SCENARIO_PLAY ? played(&o, &err) : measured(&o, &err);
    return err.code != 0 ? complain(&err, 1) : status;
}
