/* Commands of `mingfa`: one row each in a const table, one cmd_*.c a family.
 *
 * Exit status of every command: 0 done, 1 refused or failed, 2 misused. */
#ifndef MINGFA_CLIENTS_CLI_COMMAND_H
#define MINGFA_CLIENTS_CLI_COMMAND_H

#include "clients/cli/client.h"
#include "clients/cli/state.h"
#include "clients/cli/text.h"

#include <stdbool.h>
#include <stdint.h>

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2 };
enum { SECRET_BYTES_MAX = 256, LINE_BYTES_MAX = 1024, PERSON_TEXT_BYTES = 128 };

enum option {
    OPT_URL,
    OPT_CA,
    OPT_LANG,
    OPT_STATE,
    OPT_WIDE,
    OPT_HELP,
    OPT_VERSION,
    /* the commands' own */
    OPT_ACTIVATE,
    OPT_PASSWORD_FILE,
    OPT_CODE_FILE,
    OPT_JSON,
    OPT_CSV,
    OPT_OUTPUT,
    OPT_UNIT,
    OPT_AS_OF,
    OPT_DRY_RUN,
    OPT_PEOPLE_FILE,
    OPT_BLUEPRINT,
    OPT_SHARE_FILE,
    OPT_REASON,
    OPT_DOCUMENT,
    OPT_LINES,
    OPT_YES,
    OPTIONS_COUNT
};
#define OPT(x) (UINT32_C(1) << (x))

struct option_row {
    enum option id;
    const char *name;            /* "--unit" */
    const char *letter;          /* "-o" or NULL */
    const char *arg_zh, *arg_en; /* NULL: takes no value */
    const char *zh, *en;
};
extern const struct option_row OPTIONS[OPTIONS_COUNT];

/* What every command gets. Options may stand anywhere; words are what is left. */
struct invocation {
    const struct command *command;
    struct client *client; /* open; with the kept token, if there is one */
    struct state state;
    json_t *login; /* what is kept, or NULL; the invocation's */
    const char *ca_file;
    enum lang lang;
    bool wide;                        /* ambiguous characters take two columns */
    bool terminal;                    /* standard output is one that takes control sequences */
    bool colour;                      /* standard output is a terminal that shows it */
    const char *value[OPTIONS_COUNT]; /* NULL: not given; "" for those without a value */
    char **words;
    int words_count;
};

struct command {
    const char *name; /* "exam create": one or two words */
    const char *words_zh, *words_en;
    int words_min, words_max;
    uint32_t options;                  /* OPT(…) that it takes beside the common ones */
    bool login;                        /* needs one */
    const char *zh, *en;               /* one line */
    const char *more_zh, *more_en;     /* a paragraph, or NULL */
    int (*run)(struct invocation *in); /* exit status */
};
extern const struct command COMMANDS[];
extern const int COMMANDS_COUNT;

/* One family each. */
int cmd_login(struct invocation *in);
int cmd_logout(struct invocation *in);
int cmd_whoami(struct invocation *in);
int cmd_password(struct invocation *in);
int cmd_import(struct invocation *in); /* words: units|people|hearings FILE */
int cmd_units(struct invocation *in);
int cmd_codes(struct invocation *in);
int cmd_role(struct invocation *in); /* words: grant|revoke PERSON ROLE UNIT */
int cmd_releases(struct invocation *in);
int cmd_exam_list(struct invocation *in);
int cmd_exam_show(struct invocation *in);
int cmd_exam_create(struct invocation *in);
int cmd_exam_commit(struct invocation *in);
int cmd_exam_reveal(struct invocation *in);
int cmd_exam_open(struct invocation *in);
int cmd_exam_close(struct invocation *in);
int cmd_exam_exempt(struct invocation *in);
int cmd_exam_defer(struct invocation *in);
int cmd_exam_include(struct invocation *in);
int cmd_exam_withdraw(struct invocation *in);
int cmd_sessions(struct invocation *in);
int cmd_session_suspend(struct invocation *in);
int cmd_session_resume(struct invocation *in);
int cmd_session_extend(struct invocation *in);
int cmd_session_void(struct invocation *in);
int cmd_session_late(struct invocation *in);
int cmd_coverage(struct invocation *in);
int cmd_scores(struct invocation *in);
int cmd_missing(struct invocation *in);
int cmd_exams(struct invocation *in);
int cmd_take(struct invocation *in);
int cmd_result(struct invocation *in);

/* Prints on standard output. help_command: of one command. */
void help_all(enum lang lang, bool wide);
/* Of the commands whose names begin with the word; false where there are none. */
bool help_group(const char *word, enum lang lang, bool wide);
void help_command(const struct command *command, enum lang lang, bool wide);

/* Prints the error's sentence on standard error, and what to do about it; returns EXIT_REFUSED. */
int report(const struct invocation *in, const struct err *err);
/* Says how to log in again; returns EXIT_REFUSED. */
int report_login(const struct invocation *in);
/* Prints what is wrong with the use of the command; returns EXIT_USAGE. */
int misuse(const struct invocation *in, const char *zh, const char *en);
/* One of two texts, by language. */
const char *say(const struct invocation *in, const char *zh, const char *en);
/* Text member of a JSON object; "" when it is none. */
const char *text_of(const json_t *object, const char *name);
int64_t int_of(const json_t *object, const char *name);
/* Prints JSON, indented, and a line feed. */
void print_json(const json_t *value);
/* Sends; prints the answer with --json, else the sentence `done`. Takes body. Exit status. */
int run_and_say(struct invocation *in, const char *method, const char *path, json_t *body,
                const char *done);
/* The whole number that is kept for the shown time "2026-11-24 09:00" at +08:00. */
void time_text(int64_t ms, char out[32]);
/* Bytes as they are, to --output or standard output. Exit status. */
int write_out(const struct invocation *in, struct bytes data);
/* Prints the table (with --csv: writes it out) or an error of memory; frees it. Exit status. */
int print_table(const struct invocation *in, struct table *t);

/* A secret from the first line of `file` ("-": standard input), else from the terminal without echo,
 * else from the next line of standard input. 0 or an exit status; the caller wipes `out`. */
int read_secret(const struct invocation *in, const char *file, const char *prompt, char *out,
                size_t size);
/* The next line of standard input without its end; false at the end of input, or when too long. */
bool read_line(char *out, size_t size);

/* Prints the consequence and asks, unless --yes was given. 0: go on; an exit status otherwise. */
int confirm(const struct invocation *in, const char *consequence);

/* The id of the exam that a word names: its id, the beginning of its id, or its name. Exit status. */
int find_exam(struct invocation *in, const char *word, char out[40]);

/* Logs in as `person` by a password that is asked for, and keeps it. Exit status. */
int login_again(struct invocation *in, const char *person);

#endif
