/* Commands of `mingfa`: one row each in a const table, one cmd_*.c a family. */
#ifndef MINGFA_CLIENTS_CLI_COMMAND_H
#define MINGFA_CLIENTS_CLI_COMMAND_H

#include "clients/cli/client.h"

#include <stdbool.h>

enum { EXIT_REFUSED = 1, EXIT_USAGE = 2 };

/* What every command gets. Options may stand anywhere; words are what is left. */
struct invocation {
    struct client *client; /* open; with the kept token, if there is one */
    const char *server;
    enum lang lang;
    bool json;
    bool csv;
    bool dry_run;
    bool activate;
    bool ambiguous_wide;
    const char *unit;
    const char *as_of;
    const char *password_file;
    const char *share_file;
    const char *output;
    const char *login_file;
    char **words;
    int words_count;
};

struct command {
    const char *name;  /* "exam create": one or two words */
    const char *words; /* what follows, for the help */
    int words_min, words_max;
    const char *zh;
    const char *en;
    int (*run)(struct invocation *in); /* exit status */
};

extern const struct command COMMANDS[];
extern const int COMMANDS_COUNT;

/* One family each. */
int cmd_login(struct invocation *in);
int cmd_logout(struct invocation *in);
int cmd_import(struct invocation *in); /* words: units|people|hearings FILE */
int cmd_codes(struct invocation *in);
int cmd_role(struct invocation *in); /* grant|revoke PERSON ROLE UNIT */
int cmd_exam_list(struct invocation *in);
int cmd_exam_create(struct invocation *in);
int cmd_exam_commit(struct invocation *in);
int cmd_exam_reveal(struct invocation *in);
int cmd_exam_open(struct invocation *in);
int cmd_exam_close(struct invocation *in);
int cmd_exam_exempt(struct invocation *in);
int cmd_exam_withdraw(struct invocation *in);
int cmd_coverage(struct invocation *in);
int cmd_scores(struct invocation *in);
int cmd_missing(struct invocation *in);
int cmd_take(struct invocation *in);

/* Prints the error's sentence on standard error; returns EXIT_REFUSED. */
int report(const struct invocation *in, const struct err *err);
/* One of two texts, by language. */
const char *say(const struct invocation *in, const char *zh, const char *en);
/* Sends, prints the JSON answer prettily (if --json or always), returns the exit status. */
int run_and_print(struct invocation *in, const char *method, const char *path, json_t *body);
/* A line from the terminal without echo, or the first line of --password-file. 0 or an exit status. */
int read_secret(const struct invocation *in, const char *prompt, char *out, size_t size);
/* Text padded with blanks to a width in columns. */
void print_padded(const char *text, int columns, bool right, bool ambiguous_wide);

#endif
