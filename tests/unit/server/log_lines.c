/* Log lines of a test (log_lines.h). */
#include "tests/unit/server/log_lines.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

void log_lines_begin(struct log_lines *l)
{
    fflush(stderr);
    l->file = tmpfile();
    cr_assert_not_null(l->file);
    l->before = dup(STDERR_FILENO);
    cr_assert_geq(l->before, 0);
    cr_assert_geq(dup2(fileno(l->file), STDERR_FILENO), 0);
}

json_t *log_lines_end(struct log_lines *l)
{
    json_t *lines = json_array();
    char *line = NULL;
    size_t room = 0;
    ssize_t len;

    cr_assert_geq(dup2(l->before, STDERR_FILENO), 0);
    close(l->before);
    rewind(l->file);
    while ((len = getline(&line, &room, l->file)) > 0) {
        json_t *object;

        cr_assert_eq(line[len - 1], '\n', "a line is cut: %s", line);
        for (ssize_t i = 0; i < len - 1; i++)
            cr_assert((unsigned char)line[i] >= 0x20 && line[i] != 0x7f, "%s", line);
        object = json_loadb(line, (size_t)len, JSON_REJECT_DUPLICATES, NULL);
        cr_assert(json_is_object(object), "no object: %s", line);
        cr_assert(json_is_integer(json_object_get(object, "time_ms")));
        cr_assert(json_is_string(json_object_get(object, "level")));
        cr_assert(json_is_string(json_object_get(object, "event")));
        json_array_append_new(lines, object);
    }
    free(line);
    fclose(l->file);
    return lines;
}
