/* Columns, line breaks (the part of JIS X 4051 and GB/T 15834 that a terminal can honour), tables. */
#include "clients/cli/text.h"

#include "question-bank/base/err.h"
#include "question-bank/base/utf8.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

int text_width(const char *text, bool wide)
{
    return utf8_width(text, strlen(text), wide);
}

size_t text_cut(const char *text, int columns, bool wide)
{
    size_t len = strlen(text);
    size_t pos = 0;
    int at = 0;

    while (pos < len) {
        size_t start = pos;

        utf8_next(text, len, &pos);
        at += utf8_width(text + start, pos - start, wide);
        if (at > columns)
            return start;
    }
    return len;
}

static void blanks(struct buf *out, int count)
{
    for (int i = 0; i < count; i++)
        buf_append_byte(out, ' ');
}

void text_pad(struct buf *out, const char *text, int columns, bool right, bool wide)
{
    int missing = columns - text_width(text, wide);

    if (right)
        blanks(out, missing);
    buf_append_text(out, text);
    if (!right)
        blanks(out, missing);
}

void text_append_clean(struct buf *out, const char *text)
{
    size_t len = strlen(text);
    size_t pos = 0;

    while (pos < len) {
        size_t start = pos;
        int32_t cp = utf8_next(text, len, &pos);

        if ((cp < 0x20 && cp != '\n') || (cp >= 0x7f && cp < 0xa0) || cp == 0xfffd)
            buf_append_text(out, "\xef\xbf\xbd");
        else
            buf_append(out, text + start, pos - start);
    }
}

/* ---- lines ---- */

static bool is_among(int32_t cp, const char *signs)
{
    size_t len = strlen(signs);
    size_t pos = 0;

    while (pos < len) {
        if (utf8_next(signs, len, &pos) == cp)
            return true;
    }
    return false;
}

static bool may_not_begin(int32_t cp)
{
    return is_among(cp, "，。、；：？！）》」』】〕〉”’…—％·,.;:?!)]}%");
}

static bool may_not_end(int32_t cp)
{
    return is_among(cp, "（《「『【〔〈“‘([{");
}

static bool is_word(int32_t cp)
{
    return (cp >= '0' && cp <= '9') || (cp >= 'A' && cp <= 'Z') || (cp >= 'a' && cp <= 'z') ||
           cp == 0x3000 || /* （　　） is one blank to fill */
           cp == '_' || cp == '-' || cp == '.' || cp == '%' || cp == '+' || cp == ':' || cp == '/';
}

static bool may_break(int32_t before, int32_t after)
{
    if (before == ' ' || after == ' ')
        return true;
    if (is_word(before) && is_word(after))
        return false;
    return !may_not_end(before) && !may_not_begin(after);
}

size_t text_line(const char *text, int columns, bool wide, size_t *next)
{
    size_t len = strlen(text);
    size_t pos = 0;
    size_t at_break = 0; /* the last place where the line may end */
    size_t end;
    int32_t before = -1;
    int used = 0;

    assert(columns >= 2);
    while (pos < len) {
        size_t start = pos;
        int32_t cp = utf8_next(text, len, &pos);
        int w = utf8_width(text + start, pos - start, wide);

        if (cp == '\n') {
            *next = pos;
            return start;
        }
        if (before >= 0 && may_break(before, cp))
            at_break = start;
        if (used + w > columns && (cp != ' ' || start == 0)) {
            end = at_break > 0 ? at_break : start;
            *next = end;
            while (text[*next] == ' ')
                (*next)++;
            while (end > 0 && text[end - 1] == ' ')
                end--;
            return end;
        }
        used += w;
        before = cp;
    }
    *next = len;
    return len;
}

/* ---- tables ---- */

void table_init(struct table *t)
{
    memset(t, 0, sizeof(*t));
}

void table_column(struct table *t, const char *title, bool right)
{
    assert(t->columns < TABLE_COLUMNS_MAX && t->count == 0);
    t->titles[t->columns] = title;
    t->right[t->columns] = right;
    t->columns++;
}

void table_cell(struct table *t, const char *text)
{
    struct buf clean = {0};

    if (t->count == t->room) {
        size_t room = t->room == 0 ? 64 : 2 * t->room;
        char **cells = realloc(t->cells, room * sizeof(*cells));

        if (cells == NULL) {
            t->failed = true;
            return;
        }
        t->cells = cells;
        t->room = room;
    }
    text_append_clean(&clean, text != NULL ? text : "");
    t->cells[t->count] = buf_text(&clean) != NULL ? strdup(buf_text(&clean)) : NULL;
    buf_fini(&clean);
    if (t->cells[t->count] == NULL)
        t->failed = true;
    else
        t->count++;
}

void table_cell_int(struct table *t, int64_t value)
{
    char text[24];

    table_cell(t, err_int(text, value));
}

void table_cell_points(struct table *t, int64_t hundredths)
{
    char text[32];

    snprintf(text, sizeof(text), "%lld.%02lld", (long long)(hundredths / 100),
             (long long)(hundredths % 100));
    table_cell(t, text);
}

static void print_row(const struct table *t, const int *widths, const char *const *cells, bool wide,
                      struct buf *line, FILE *out)
{
    buf_clear(line);
    for (size_t k = 0; k < t->columns; k++) {
        bool last = k + 1 == t->columns;

        blanks(line, k > 0 ? TABLE_GAP : 0);
        text_pad(line, cells[k], last && !t->right[k] ? 0 : widths[k], t->right[k], wide);
    }
    if (buf_text(line) != NULL)
        fputs(buf_text(line), out);
}

int table_print(const struct table *t, FILE *out, bool wide, bool colour)
{
    int widths[TABLE_COLUMNS_MAX] = {0};
    struct buf line = {0};

    if (t->failed || t->count % t->columns != 0)
        return ERR_NOMEM;
    for (size_t k = 0; k < t->columns; k++)
        widths[k] = text_width(t->titles[k], wide);
    for (size_t i = 0; i < t->count; i++) {
        int w = text_width(t->cells[i], wide);
        int *most = &widths[i % t->columns];

        *most = w > *most ? w : *most;
    }
    fputs(colour ? "\x1b[1m" : "", out);
    print_row(t, widths, t->titles, wide, &line, out);
    fputs(colour ? "\x1b[0m\n" : "\n", out);
    for (size_t i = 0; i < t->count; i += t->columns) {
        print_row(t, widths, (const char *const *)&t->cells[i], wide, &line, out);
        fputc('\n', out);
    }
    buf_fini(&line);
    return 0;
}

static void csv_cell(struct buf *out, const char *text, bool number)
{
    size_t len = strlen(text);
    bool digits = len > 0 && strspn(text, "0123456789") == len;
    bool quoted =
        len > 0 && (strpbrk(text, "\",\r\n") != NULL || text[0] == ' ' || text[len - 1] == ' ');

    if (digits && !number) {
        buf_printf(out, "\"=\"\"%s\"\"\"", text);
        return;
    }
    buf_append_text(out, quoted ? "\"" : "");
    buf_append_text(out, len > 0 && strchr("=+-@\t\r", text[0]) != NULL ? "'" : "");
    for (; *text != '\0'; text++) {
        if (*text == '"')
            buf_append_byte(out, '"');
        buf_append_byte(out, (uint8_t)*text);
    }
    buf_append_text(out, quoted ? "\"" : "");
}

int table_csv(const struct table *t, struct buf *out)
{
    if (t->failed || t->count % t->columns != 0)
        return ERR_NOMEM;
    buf_append_text(out, "\xef\xbb\xbf");
    for (size_t i = 0; i < t->columns + t->count; i++) {
        size_t column = i % t->columns;

        if (i < t->columns)
            csv_cell(out, t->titles[i], true);
        else
            csv_cell(out, t->cells[i - t->columns], t->right[column]);
        buf_append_text(out, column + 1 < t->columns ? "," : "\r\n");
    }
    return buf_error(out);
}

void table_fini(struct table *t)
{
    for (size_t i = 0; i < t->count; i++)
        free(t->cells[i]);
    free(t->cells);
    table_init(t);
}
