/* draw-papers: a draw case (case.h) on standard input; on standard output its digests and then one
 * paper a person, a line of JSON each. Exit 2 when the case is not one. */
#include "tests/draw/case.h"

#include <stdio.h>

static void line_print(json_t *value)
{
    json_dumpf(value, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(value);
}

int main(void)
{
    struct draw_case c;
    json_error_t error;
    json_t *input = json_loadf(stdin, 0, &error);

    if (input == NULL) {
        fprintf(stderr, "draw-papers: line %d: %s\n", error.line, error.text);
        return 2;
    }
    draw_case_load(&c, input);
    line_print(draw_case_digests(&c));
    for (size_t i = 0; i < c.people_count; i++)
        line_print(draw_case_paper(&c, i));
    draw_case_fini(&c);
    json_decref(input);
    return fflush(stdout) == 0 ? 0 : 1;
}
