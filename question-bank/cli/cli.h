/* mingfa-bank: what its commands share.
 *
 * One process runs one command. Exit status: 0 done; 1 refused, with the reasons; 2 wrong usage or
 * the system refused (files, memory). Messages go to `errs`, results to `out`. Thread: one. */
#ifndef MINGFA_BANK_CLI_H
#define MINGFA_BANK_CLI_H

#include "question-bank/bank/law.h"
#include "question-bank/bank/release.h"
#include "question-bank/format/text.h"

#include <stdio.h>

enum cli_exit { CLI_DONE = 0, CLI_REFUSED = 1, CLI_USAGE = 2 };
enum { CLI_POSITIONALS_MAX = 64, CLI_LAWS_MAX = 1000, CLI_FILE_BYTES_MAX = 64 * 1024 * 1024 };

struct command;

struct cli {
    FILE *out;
    FILE *errs;
    enum lang lang;
    bool json;
    const struct command *command; /* the one that runs */
    const char *about;             /* file that the next error is about; NULL: says so itself */
};

struct command {
    const char *name;
    int (*run)(struct cli *cli, int argc, char **argv);
    const char *usage; /* arguments, one line or several */
    struct msg summary;
};

/* The whole program. Returns the exit status. */
int bank_cli_run(int argc, char **argv, FILE *out, FILE *errs);

/* ---- arguments ---- */

/* --name VALUE, or with flag a bare --name. */
struct cli_option {
    const char *name;
    const char **value; /* set for an option with a value */
    bool *flag;         /* set for a bare one */
    bool needed;
};

struct cli_args {
    const char *positional[CLI_POSITIONALS_MAX];
    size_t count;
};

/* Reads argv (behind the command's name). At least `min`, at most `max` positionals. Returns
 * CLI_DONE or CLI_USAGE, having said why. */
int cli_parse(struct cli *cli, int argc, char **argv, const struct cli_option *options,
              size_t options_count, size_t min, size_t max, struct cli_args *args);

/* A civil date given for `option`; returns CLI_DONE or CLI_USAGE, having said why. */
int cli_date(struct cli *cli, const char *option, const char *value);
/* Today's civil date in China (UTC+8). */
void cli_today(char out[11]);

/* ---- saying ---- */

/* {0}: a file that is not overwritten. */
extern const struct msg cli_msg_there;

/* Prints the sentence of err, behind cli->about where that is set; returns the exit status it
 * means. */
int cli_fail(struct cli *cli, const struct err *err);
/* One line about an item (NULL: the bank as a whole): "file:line: error: sentence". */
void cli_say_fault(struct cli *cli, const struct item *it, bool warning, const struct err *what);
/* One line in the chosen language on `to`. */
void cli_say(struct cli *cli, FILE *to, const struct msg *msg, const char *a0, const char *a1,
             const char *a2, const char *a3);

/* ---- sources of items ---- */

/* Items from a folder of text (bank_dir) or from a release; release it with cli_source_fini. */
struct cli_source {
    struct arena arena;
    struct bank_text text;
    struct item_pool pool;
    struct bank *bank; /* NULL when read from text */
};

/* Reads every *.txt in dir; says every error. */
int cli_source_text(struct cli *cli, const char *dir, struct cli_source *out);
/* The same, for who says the errors in a form of its own. */
int cli_source_text_by(struct cli *cli, const char *dir, struct cli_source *out,
                       void (*say)(struct cli *cli, const struct text_report *report));
/* Opens a release without asking for signatures. */
int cli_source_release(struct cli *cli, const char *path, struct cli_source *out);
/* Either; exactly one must be given. */
int cli_source_either(struct cli *cli, const char *dir, const char *release,
                      struct cli_source *out);
void cli_source_fini(struct cli_source *s);

/* ---- laws, keys ---- */

/* Reads every *.md in dir into an index of the laws that `cited` cites; texts that cannot be read
 * are named and left out. */
int cli_laws_read(struct cli *cli, const char *dir, const struct item_pool *cited,
                  struct arena *arena, struct law_index *out);
/* Reads an index file. */
int cli_index_read(struct cli *cli, const char *path, struct arena *arena, struct law_index *out);
/* A passphrase from a file, a descriptor (decimal text) or the terminal; at most one is not NULL.
 * Appended to out without its line end; wipe it. `twice`: ask twice on the terminal. */
int cli_passphrase(struct cli *cli, const char *file, const char *fd, bool twice, struct buf *out);

/* ---- the commands ---- */
int cmd_lint(struct cli *cli, int argc, char **argv);
int cmd_release(struct cli *cli, int argc, char **argv);
int cmd_sign(struct cli *cli, int argc, char **argv);
int cmd_verify(struct cli *cli, int argc, char **argv);
int cmd_show(struct cli *cli, int argc, char **argv);
int cmd_stats(struct cli *cli, int argc, char **argv);
int cmd_keygen(struct cli *cli, int argc, char **argv);
int cmd_keyring(struct cli *cli, int argc, char **argv);
int cmd_law_index(struct cli *cli, int argc, char **argv);
int cmd_cite(struct cli *cli, int argc, char **argv);
int cmd_check_laws(struct cli *cli, int argc, char **argv);
int cmd_draw(struct cli *cli, int argc, char **argv);

#endif
