/* CSV writer: cells one by one into a buf. Cannot fail but for memory, which the buf remembers. */
#include "server/report/csv.h"

#include <string.h>

void csv_writer_init(struct csv_writer *w, struct buf *out)
{
    *w = (struct csv_writer){.out = out};
    buf_append_text(out, "\xef\xbb\xbf");
}

static void begin_cell(struct csv_writer *w)
{
    if (w->row_begun) {
        buf_append_byte(w->out, ',');
    }
    w->row_begun = true;
}

static bool holds_any(struct bytes text, const char *set)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] != 0 && strchr(set, text.data[i]) != NULL) {
            return true;
        }
    }
    return false;
}

static void append_doubling_quotes(struct buf *out, struct bytes text)
{
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] == '"') {
            buf_append_byte(out, '"');
        }
        buf_append_byte(out, text.data[i]);
    }
}

void csv_write_text(struct csv_writer *w, struct bytes text)
{
    bool runs = text.len > 0 && holds_any(bytes_of(text.data, 1), "=+-@\t\r");
    bool edge = text.len > 0 && (text.data[0] == ' ' || text.data[text.len - 1] == ' ');
    bool quoted = edge || holds_any(text, "\",\r\n");

    begin_cell(w);
    if (quoted) {
        buf_append_byte(w->out, '"');
    }
    if (runs) {
        buf_append_byte(w->out, '\'');
    }
    if (quoted) {
        append_doubling_quotes(w->out, text);
        buf_append_byte(w->out, '"');
    } else {
        buf_append(w->out, text.data, text.len);
    }
}

void csv_write_string(struct csv_writer *w, const char *text)
{
    csv_write_text(w, bytes_of_text(text));
}

static bool id_is_plain(struct bytes id)
{
    for (size_t i = 0; i < id.len; i++) {
        uint8_t c = id.data[i];

        if (!((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') ||
              c == '.' || c == '_' || c == '-')) {
            return false;
        }
    }
    return id.len > 0;
}

void csv_write_id(struct csv_writer *w, struct bytes id)
{
    if (!id_is_plain(id)) {
        csv_write_text(w, id);
        return;
    }
    begin_cell(w);
    buf_append_text(w->out, "\"=\"\""); /* the cell is ="id", its quotes doubled */
    buf_append(w->out, id.data, id.len);
    buf_append_text(w->out, "\"\"\"");
}

void csv_write_number(struct csv_writer *w, int64_t value)
{
    begin_cell(w);
    buf_printf(w->out, "%lld", (long long)value);
}

void csv_write_hundredths(struct csv_writer *w, uint32_t value)
{
    begin_cell(w);
    buf_printf(w->out, "%u.%02u", value / 100, value % 100);
}

void csv_end_row(struct csv_writer *w)
{
    buf_append_text(w->out, "\r\n");
    w->row_begun = false;
}
