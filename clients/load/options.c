/* The command line: one table. Fails with a sentence that names the word. Thread: main. */
#include "clients/load/options.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

static const struct msg msg_unknown = {"option-unknown", "没有选项“{0}”；见 --help。",
                                       "There is no option '{0}'; see --help."};
static const struct msg msg_value = {"option-value-missing", "{0} 后面缺少值。",
                                     "{0} needs a value."};
static const struct msg msg_number = {"option-not-number", "{0} 应为 {1} 至 {2} 的整数。",
                                      "{0} must be an integer from {1} to {2}."};
static const struct msg msg_scenario = {
    "scenario-unknown", "请写明场景：save、start、login、finish、get 或 play；见 --help。",
    "Name a scenario: save, start, login, finish, get or play; see --help."};
static const struct msg msg_day = {"scenario-file-needed", "play 后面应写场景文件。",
                                   "play needs the name of a scenario file."};
static const struct msg msg_needed = {"option-needed", "场景 {0} 需要选项 {1}。",
                                      "The scenario {0} needs {1}."};

static const char help[] =
    "Usage: mingfa-load SCENARIO --url URL [options]\n"
    "       mingfa-load play FILE --url URL --candidates FILE --exam UUID [options]\n"
    "\n"
    "Loads a Mingfa server through its public API, over keep-alive connections, one request at a\n"
    "time on each, and prints one JSON object.\n"
    "\n"
    "Scenarios:\n"
    "  save    Each connection's candidate saves answers, one a request. Before the measured time\n"
    "          the candidates log in, start and open their sessions; after it every session is\n"
    "          read back, and each acknowledged answer must be there.\n"
    "  start   Every candidate of the file starts the exam once and is sent the whole paper. They\n"
    "          are logged in beforehand.\n"
    "  login   Every candidate logs in (by password, or by activation code with a fresh\n"
    "          password). --tokens-out keeps the tokens for later runs.\n"
    "  finish  Every candidate hands in once: marked, stored, answered with the result. They have\n"
    "          started and answered every item beforehand.\n"
    "  get     Each connection asks for --path again and again: a yardstick, of this server or of\n"
    "          another.\n"
    "  play FILE\n"
    "          A whole exam day, as the scenario file has it (docs/load.md): people arrive, wait\n"
    "          their turn, answer at their own pace, reload, lose their connection, hand in or\n"
    "          leave, each on a connection of their own; then every acknowledged answer is read\n"
    "          back. They are logged in beforehand (login --tokens-out).\n"
    "\n"
    "Options:\n"
    "  --url URL           http(s)://host:port of the server\n"
    "  --ca FILE           trust this certificate (PEM) instead of the system's authorities\n"
    "  --candidates FILE   the people: a JSON object a line with \"person\" and one of \"token\",\n"
    "                      \"password\", \"code\"\n"
    "  --exam UUID         the exam (save, start, finish, play)\n"
    "  --attempt N         which attempt is started (1)\n"
    "  --path PATH         what to ask for (get)\n"
    "  --tokens-out FILE   write the candidates with their tokens (login); mode 0600\n"
    "  --people N          play: so many people, not as many as the file says\n"
    "  --svg FILE          play: draw latency and throughput over time\n"
    "  --connections N     keep-alive connections (1)\n"
    "  --seconds N         length of the measured time (10; not of start, login, finish)\n"
    "  --warmup N          seconds before it that are not counted (1)\n"
    "  --rate N            open loop: N requests a second, whether or not replies come, and\n"
    "                      latency counted from the time at which a request was due. Without it\n"
    "                      the loop is closed: each connection asks again once it is answered,\n"
    "                      which finds the highest rate\n"
    "  --sources N         connect from N addresses 127.64.x.y; default: as many as connections\n"
    "                      when the server is on 127.0.0.0/8, since servers limit the requests of\n"
    "                      one address; 0: the system's choice\n"
    "  --help, --version\n"
    "\n"
    "The result:\n"
    "  per_second          replies with status 2xx within the measured time, a second\n"
    "  latency_ms          of those; in an open loop from the time due\n"
    "  status, errors      all replies of the measured part by status; refusals by problem type,\n"
    "                      lost connections, and acknowledgements that make no sense\n"
    "  checked             save: answers read back (stored) and acknowledged ones that were not\n"
    "                      found (missing); start: papers looked at and bad ones\n"
    "  client.cpu_share    share of one core that mingfa-load itself took. It runs in one thread:\n"
    "                      near 1, is_limit is true and the figures are mingfa-load's own limit,\n"
    "                      not the server's. Start several, with other candidates, to go on.\n"
    "  client.late_ms_max  open loop: how late a request was sent though its connection was free\n"
    "\n"
    "The result of play is described in docs/load.md.\n"
    "\n"
    "Exit status: 0; 1 when something acknowledged is missing, a paper is bad, somebody gave up, "
    "or\n"
    "nothing was answered; 2 misused.\n";

struct option_row {
    const char *name;
    size_t offset;
    bool is_text;
    unsigned min, max;
};

#define FIELD(name) offsetof(struct options, name)

static const struct option_row rows[] = {
    {"--url", FIELD(url), true, 0, 0},
    {"--ca", FIELD(ca_file), true, 0, 0},
    {"--candidates", FIELD(candidates_file), true, 0, 0},
    {"--exam", FIELD(exam), true, 0, 0},
    {"--path", FIELD(path), true, 0, 0},
    {"--tokens-out", FIELD(tokens_file), true, 0, 0},
    {"--svg", FIELD(picture_file), true, 0, 0},
    {"--people", FIELD(people), false, 1, CONNECTIONS_MAX},
    {"--connections", FIELD(connections), false, 1, CONNECTIONS_MAX},
    {"--seconds", FIELD(seconds), false, 1, SECONDS_MAX},
    {"--warmup", FIELD(warmup_s), false, 0, SECONDS_MAX},
    {"--rate", FIELD(rate), false, 1, RATE_MAX},
    {"--attempt", FIELD(attempt), false, 1, 1000},
    {"--sources", FIELD(sources), false, 0, CONNECTIONS_MAX},
};
enum { ROWS = sizeof rows / sizeof rows[0] };

static const char *const scenarios[] = {
    [SCENARIO_SAVE] = "save",     [SCENARIO_START] = "start", [SCENARIO_LOGIN] = "login",
    [SCENARIO_FINISH] = "finish", [SCENARIO_GET] = "get",     [SCENARIO_PLAY] = "play",
};

const char *scenario_name(enum scenario s)
{
    return scenarios[s];
}

void options_help(FILE *out)
{
    fputs(help, out);
}

static int number_set(const struct option_row *row, const char *value, struct options *o,
                      struct err *err)
{
    char min[24], max[24];
    char *end = NULL;
    long long number = strtoll(value, &end, 10);
    unsigned n;

    if (value[0] < '0' || value[0] > '9' || *end != '\0' || number < row->min || number > row->max)
        return err_set(err, ERR_BAD_INPUT, &msg_number, row->name, err_int(min, row->min),
                       err_int(max, row->max), NULL);
    n = (unsigned)number;
    memcpy((char *)o + row->offset, &n, sizeof n);
    return 0;
}

static int option_set(char *const *argv, int argc, int *i, struct options *o, struct err *err)
{
    for (size_t k = 0; k < ROWS; k++) {
        if (strcmp(argv[*i], rows[k].name) != 0)
            continue;
        if (*i + 1 == argc)
            return err_set(err, ERR_BAD_INPUT, &msg_value, argv[*i], NULL, NULL, NULL);
        (*i)++;
        if (!rows[k].is_text)
            return number_set(&rows[k], argv[*i], o, err);
        memcpy((char *)o + rows[k].offset, &argv[*i], sizeof argv[*i]);
        return 0;
    }
    return err_set(err, ERR_BAD_INPUT, &msg_unknown, argv[*i], NULL, NULL, NULL);
}

static int needed(const struct options *o, struct err *err)
{
    const char *missing = NULL;

    if (o->url == NULL)
        missing = "--url";
    else if (o->scenario == SCENARIO_GET && o->path == NULL)
        missing = "--path";
    else if (o->scenario != SCENARIO_GET && o->candidates_file == NULL)
        missing = "--candidates";
    else if ((o->scenario == SCENARIO_SAVE || o->scenario == SCENARIO_START ||
              o->scenario == SCENARIO_FINISH || o->scenario == SCENARIO_PLAY) &&
             o->exam == NULL)
        missing = "--exam";
    if (missing == NULL)
        return 0;
    return err_set(err, ERR_BAD_INPUT, &msg_needed, scenario_name(o->scenario), missing, NULL,
                   NULL);
}

/* A word that is no option: the scenario; then, for play, its file. */
static int word_take(const char *word, struct options *o, struct err *err)
{
    if (o->scenario == SCENARIO_PLAY && o->day_file == NULL) {
        o->day_file = word;
        return 0;
    }
    for (int s = SCENARIO_SAVE; s <= SCENARIO_PLAY && o->scenario == 0; s++) {
        if (strcmp(word, scenarios[s]) == 0) {
            o->scenario = (enum scenario)s;
            return 0;
        }
    }
    return err_set(err, ERR_BAD_INPUT, &msg_scenario, NULL, NULL, NULL, NULL);
}

static int whole_check(const struct options *o, struct err *err)
{
    if (o->scenario == 0)
        return err_set(err, ERR_BAD_INPUT, &msg_scenario, NULL, NULL, NULL, NULL);
    if (o->scenario == SCENARIO_PLAY && o->day_file == NULL)
        return err_set(err, ERR_BAD_INPUT, &msg_day, NULL, NULL, NULL, NULL);
    return needed(o, err);
}

int options_read(int argc, char *const *argv, struct options *out, struct err *err)
{
    struct options o = {
        .connections = 1, .seconds = 10, .warmup_s = 1, .attempt = 1, .sources = -1};
    int rc = 0;

    for (int i = 1; i < argc && rc == 0; i++) {
        o.help |= strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
        o.version |= strcmp(argv[i], "--version") == 0;
    }
    for (int i = 1; i < argc && rc == 0 && !o.help && !o.version; i++)
        rc = argv[i][0] == '-' ? option_set(argv, argc, &i, &o, err) : word_take(argv[i], &o, err);
    if (rc == 0 && !o.help && !o.version)
        rc = whole_check(&o, err);
    if (rc == 0)
        *out = o;
    return rc;
}
