/* CSV as people hand it in: what is read has clean cells, and what is written from them reads back as
 * the same; what is not read is refused in words. */
#include "question-bank/base/utf8.h"
#include "question-bank/format/csv.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void must(bool holds)
{
    if (!holds)
        abort();
}

static bool begins_or_ends_with(struct bytes cell, const char *blank)
{
    size_t len = strlen(blank);

    return cell.len >= len && (memcmp(cell.data, blank, len) == 0 ||
                               memcmp(cell.data + cell.len - len, blank, len) == 0);
}

static void cell_check(struct bytes cell)
{
    static const char *const blanks[] = {" ", "\t", "\r", "\n", "\u00a0", "\u3000"};

    must(cell.len <= 4 * CSV_CELL_BYTES_MAX && utf8_valid(cell, NULL) && utf8_is_nfc(cell));
    must(cell.len == 0 || memchr(cell.data, 0, cell.len) == NULL);
    for (size_t i = 0; i < sizeof(blanks) / sizeof(blanks[0]); i++)
        must(!begins_or_ends_with(cell, blanks[i]));
}

/* In a form from which the reader takes nothing off: ="..." inside quotes. */
static void cell_write(struct bytes cell, struct buf *out)
{
    buf_append_text(out, "\"=\"\"");
    for (size_t i = 0; i < cell.len; i++) {
        buf_append_byte(out, cell.data[i]);
        for (int more = 0; cell.data[i] == '"' && more < 3; more++)
            buf_append_byte(out, '"'); /* doubled for CSV, and that for Excel */
    }
    buf_append_text(out, "\"\"\"");
}

static void table_check(const struct csv_table *t, struct buf *out)
{
    uint32_t row = 0;

    must(t->count > 0 && t->count <= CSV_ROWS_MAX);
    for (size_t i = 0; i < t->count; i++) {
        bool has_content = false;

        must(t->rows[i].row > row && t->rows[i].count > 0 && t->rows[i].count <= CSV_COLUMNS_MAX);
        row = t->rows[i].row;
        for (size_t k = 0; k < t->rows[i].count; k++) {
            cell_check(t->rows[i].cells[k]);
            has_content = has_content || t->rows[i].cells[k].len > 0;
            if (k > 0)
                buf_append_byte(out, ',');
            cell_write(t->rows[i].cells[k], out);
        }
        must(has_content);
        buf_append_text(out, "\r\n");
    }
    must(buf_error(out) == 0);
}

static void tables_compare(const struct csv_table *a, const struct csv_table *b)
{
    must(a->count == b->count);
    for (size_t i = 0; i < a->count; i++) {
        must(a->rows[i].count == b->rows[i].count);
        for (size_t k = 0; k < a->rows[i].count; k++)
            must(bytes_equal(a->rows[i].cells[k], b->rows[i].cells[k]));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf once = {0}, twice = {0};
    struct csv_table t, again;
    char text[ERR_TEXT_BYTES_MAX];
    struct err err = {0};
    int rc = csv_read(bytes_of(data, size), &t, &err);

    if (rc != 0) {
        must((rc == ERR_BAD_INPUT || rc == ERR_LIMIT) && err.code == rc && err.msg != NULL);
        must(err_text(&err, LANG_ZH, text, sizeof(text)) > 0);
        must(utf8_valid(bytes_of_text(text), NULL));
        return 0;
    }
    table_check(&t, &once);
    rc = csv_read(buf_view(&once), &again, NULL);
    must(rc == 0 || rc == ERR_LIMIT); /* a cell at its limit grows by the quotes */
    if (rc == 0) {
        tables_compare(&t, &again);
        table_check(&again, &twice);
        csv_table_fini(&again);
    }
    csv_table_fini(&t);
    buf_fini(&once);
    buf_fini(&twice);
    return 0;
}
