/* mingfa-bank: see cli.h. */
#include "question-bank/cli/cli.h"

int main(int argc, char **argv)
{
    return bank_cli_run(argc, argv, stdout, stderr);
}
