/* CSV reader. First the characters: BOM, strict UTF-8, strict GB18030. Then libcsv in strict mode cuts
 * cells, each is cleaned and kept in the table's arena. The first thing wrong ends it, named by row.
 * Fails on anything that is not CSV in a known encoding, past the limits, and without memory. */
#include "question-bank/format/csv.h"

#include "question-bank/base/utf8.h"

#include <csv.h>
#include <iconv.h>
#include <string.h>

static const struct msg MSG_WORKBOOK = {
    .id = "csv-is-a-workbook",
    .zh = "这是Excel工作簿，不是CSV文件，请用“另存为”保存为“CSV UTF-8（逗号分隔）”后再导入",
    .en = "this is an Excel workbook, not CSV: save it as 'CSV UTF-8' and import that",
};
static const struct msg MSG_UTF16 = {
    .id = "csv-is-utf-16",
    .zh = "文件编码为UTF-16，请用“另存为”保存为“CSV UTF-8（逗号分隔）”后再导入",
    .en = "the file is UTF-16: save it as 'CSV UTF-8' and import that",
};
static const struct msg MSG_ENCODING = {
    .id = "csv-encoding-unknown",
    .zh = "第{0}行含有无法识别的字节（0x{1}）：文件应为UTF-8或GB18030（GBK）编码",
    .en = "row {0} holds byte 0x{1}: the file is neither UTF-8 nor GB18030",
};
static const struct msg MSG_QUOTES = {
    .id = "csv-quotes-wrong",
    .zh = "第{0}行的引号不成对或位置有误",
    .en = "row {0}: quotes do not match or stand in a wrong place",
};
static const struct msg MSG_EMPTY = {
    .id = "csv-empty",
    .zh = "文件中没有内容",
    .en = "there is nothing in the file",
};
static const struct msg MSG_BYTES = {
    .id = "csv-too-large",
    .zh = "文件超过{0}字节",
    .en = "the file is larger than {0} bytes",
};
static const struct msg MSG_ROWS = {
    .id = "csv-too-many-rows",
    .zh = "文件超过{0}行",
    .en = "more than {0} rows",
};
static const struct msg MSG_COLUMNS = {
    .id = "csv-too-many-columns",
    .zh = "第{0}行超过{1}列",
    .en = "row {0} has more than {1} columns",
};
static const struct msg MSG_CELL = {
    .id = "csv-cell-too-long",
    .zh = "第{0}行第{1}列的内容超过{2}字节",
    .en = "row {0}, column {1} is longer than {2} bytes",
};
static const struct msg MSG_CELL_UNCLEAN = {
    .id = "csv-cell-unclean",
    .zh = "第{0}行第{1}列含有不可用的字符",
    .en = "row {0}, column {1} holds characters that cannot be used",
};

/* ---------------------------------------------------------------------------- characters */

static bool starts_with(struct bytes raw, const char *magic, size_t len)
{
    return raw.len >= len && memcmp(raw.data, magic, len) == 0;
}

static int refuse_encoding(struct bytes raw, size_t at, struct err *err)
{
    char row[24], byte[3];
    int64_t line = 1;

    for (size_t i = 0; i < at; i++) {
        line += raw.data[i] == '\n';
    }
    hex_encode(byte, raw.data + at, 1);
    return err_set(err, ERR_BAD_INPUT, &MSG_ENCODING, err_int(row, line), byte, NULL, NULL);
}

/* All of raw from GB18030, or nothing: *bad_at is where it is not. */
static int gb18030_convert(struct bytes raw, struct buf *out, size_t *bad_at)
{
    iconv_t cd = iconv_open("UTF-8", "GB18030");
    char *in = (char *)(uintptr_t)raw.data;
    size_t in_left = raw.len;
    size_t room = raw.len * 2 + 16; /* two bytes become three at most */
    char *to = (char *)buf_reserve(out, room);
    size_t to_left = room;
    size_t rc;

    if (cd == (iconv_t)-1) {
        return ERR_IO;
    }
    if (to == NULL) {
        iconv_close(cd);
        return ERR_NOMEM;
    }
    rc = iconv(cd, &in, &in_left, &to, &to_left);
    iconv_close(cd);
    if (rc != 0) {
        *bad_at = raw.len - in_left;
        return ERR_BAD_INPUT;
    }
    out->len += room - to_left;
    return 0;
}

/* The text in UTF-8: a part of raw, or converted into `converted`. */
static int text_find(struct bytes raw, struct buf *converted, struct bytes *text, struct err *err)
{
    bool bom = starts_with(raw, "\xef\xbb\xbf", 3);
    size_t bad_at = 0;
    size_t bad_utf8_at = 0;
    int rc;

    if (starts_with(raw, "PK\x03\x04", 4) || starts_with(raw, "\xd0\xcf\x11\xe0", 4)) {
        return err_set(err, ERR_BAD_INPUT, &MSG_WORKBOOK, NULL, NULL, NULL, NULL);
    }
    if (starts_with(raw, "\xff\xfe", 2) || starts_with(raw, "\xfe\xff", 2)) {
        return err_set(err, ERR_BAD_INPUT, &MSG_UTF16, NULL, NULL, NULL, NULL);
    }
    if (bom) {
        raw = bytes_of(raw.data + 3, raw.len - 3);
    }
    if (utf8_valid(raw, &bad_utf8_at)) {
        *text = raw;
        return 0;
    }
    if (bom) {
        return refuse_encoding(raw, bad_utf8_at, err);
    }
    rc = gb18030_convert(raw, converted, &bad_at);
    if (rc == ERR_BAD_INPUT) {
        /* Whichever went further is what the file was meant to be. */
        bad_at = bad_at > bad_utf8_at ? bad_at : bad_utf8_at;
        return refuse_encoding(raw, bad_at < raw.len ? bad_at : raw.len - 1, err);
    }
    if (rc != 0) {
        return err_set(err, rc, NULL, NULL, NULL, NULL, NULL);
    }
    *text = buf_view(converted);
    return 0;
}

/* ---------------------------------------------------------------------------- cells */

/* The blank at the front of text, in bytes: 0 if there is none. */
static size_t blank_at(const uint8_t *at, size_t left)
{
    if (left >= 1 && (at[0] == ' ' || at[0] == '\t' || at[0] == '\r' || at[0] == '\n')) {
        return 1;
    }
    if (left >= 2 && at[0] == 0xc2 && at[1] == 0xa0) {
        return 2;
    }
    return left >= 3 && at[0] == 0xe3 && at[1] == 0x80 && at[2] == 0x80 ? 3 : 0;
}

static struct bytes cell_trim(struct bytes cell)
{
    size_t n;

    while ((n = blank_at(cell.data, cell.len)) > 0) {
        cell = bytes_of(cell.data + n, cell.len - n);
    }
    for (bool cut = true; cut && cell.len > 0;) {
        cut = false;
        for (size_t width = 1; width <= 3 && width <= cell.len; width++) {
            if (blank_at(cell.data + cell.len - width, width) == width) {
                cell.len -= width;
                cut = true;
                break;
            }
        }
    }
    return cell;
}

/* Takes off what our writer put around an id, or before a sign, for Excel's sake. */
static int cell_unwrap(struct bytes cell, struct buf *out)
{
    if (cell.len >= 3 && cell.data[0] == '=' && cell.data[1] == '"' &&
        cell.data[cell.len - 1] == '"') {
        for (size_t i = 2; i + 1 < cell.len; i++) {
            buf_append_byte(out, cell.data[i]);
            if (cell.data[i] == '"' && cell.data[i + 1] == '"' && i + 2 < cell.len) {
                i++;
            }
        }
        return buf_error(out);
    }
    if (cell.len >= 2 && cell.data[0] == '\'' && strchr("=+-@", cell.data[1]) != NULL) {
        cell = bytes_of(cell.data + 1, cell.len - 1);
    }
    return buf_append(out, cell.data, cell.len);
}

struct reading {
    struct csv_table *table;
    size_t rows_cap;
    struct bytes cells[CSV_COLUMNS_MAX];
    size_t cells_count;
    bool has_content; /* a cell of this row is not empty */
    uint32_t row;     /* being read */
    int last_end;     /* what ended the row before, if nothing came since */
    struct buf unwrapped, clean;
    int code;
    struct err *err;
};

static void refuse_cell(struct reading *r, int code, const struct msg *msg, int64_t most)
{
    char row[24], column[24], limit[24];

    r->code = err_set(r->err, code, msg, err_int(row, r->row),
                      err_int(column, (int64_t)r->cells_count + 1), err_int(limit, most), NULL);
}

static void on_cell(void *data, size_t len, void *arg)
{
    struct reading *r = arg;
    struct bytes cell = bytes_of(data, len), kept;
    char row[24], most[24];

    r->last_end = 0;
    if (r->code != 0) {
        return;
    }
    if (r->cells_count >= CSV_COLUMNS_MAX) {
        r->code = err_set(r->err, ERR_LIMIT, &MSG_COLUMNS, err_int(row, r->row),
                          err_int(most, CSV_COLUMNS_MAX), NULL, NULL);
        return;
    }
    if (len > CSV_CELL_BYTES_MAX) {
        refuse_cell(r, ERR_LIMIT, &MSG_CELL, CSV_CELL_BYTES_MAX);
        return;
    }
    buf_clear(&r->unwrapped);
    buf_clear(&r->clean);
    if (len > 0 && memchr(data, 0, len) != NULL) {
        refuse_cell(r, ERR_BAD_INPUT, &MSG_CELL_UNCLEAN, 0);
        return;
    }
    cell = cell_trim(cell);
    if (cell.len == 0) {
        r->cells[r->cells_count++] = (struct bytes){0};
        return;
    }
    if (cell_unwrap(cell, &r->unwrapped) != 0 ||
        utf8_nfc(cell_trim(buf_view(&r->unwrapped)), &r->clean) != 0) {
        r->code = err_set(r->err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
        return;
    }
    kept = arena_bytes(&r->table->arena, buf_view(&r->clean));
    if (kept.data == NULL) {
        r->code = err_set(r->err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
        return;
    }
    r->has_content = r->has_content || kept.len > 0;
    r->cells[r->cells_count++] = kept;
}

static void row_keep(struct reading *r)
{
    struct csv_table *t = r->table;
    struct bytes *cells;
    char most[24];

    if (t->count >= CSV_ROWS_MAX) {
        r->code =
            err_set(r->err, ERR_LIMIT, &MSG_ROWS, err_int(most, CSV_ROWS_MAX), NULL, NULL, NULL);
        return;
    }
    if (t->count == r->rows_cap) {
        size_t cap = r->rows_cap == 0 ? 64 : r->rows_cap * 2;
        struct csv_row *rows = arena_array(&t->arena, cap, sizeof *rows);

        if (rows == NULL) {
            r->code = err_set(r->err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
            return;
        }
        if (t->count > 0) {
            memcpy(rows, t->rows, t->count * sizeof *rows);
        }
        t->rows = rows;
        r->rows_cap = cap;
    }
    cells = arena_array(&t->arena, r->cells_count, sizeof *cells);
    if (cells == NULL) {
        r->code = err_set(r->err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
        return;
    }
    memcpy(cells, r->cells, r->cells_count * sizeof *cells);
    t->rows[t->count++] = (struct csv_row){r->row, cells, r->cells_count};
}

/* Every CR and LF outside quotes comes here, also on empty lines; the LF of a CR LF is no row. */
static void on_row_end(int end, void *arg)
{
    struct reading *r = arg;

    if (r->code != 0) {
        return;
    }
    if (end == '\n' && r->last_end == '\r' && r->cells_count == 0) {
        r->last_end = 0;
        return;
    }
    if (r->has_content) {
        row_keep(r);
    }
    r->cells_count = 0;
    r->has_content = false;
    r->row++;
    r->last_end = end;
}

static int table_parse(struct bytes text, struct csv_table *table, struct err *err)
{
    struct reading r = {.table = table, .row = 1, .err = err};
    struct csv_parser parser;
    char row[24];

    if (csv_init(&parser, CSV_STRICT | CSV_STRICT_FINI | CSV_REPALL_NL) != 0) {
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    if (csv_parse(&parser, text.data, text.len, on_cell, on_row_end, &r) != text.len ||
        csv_fini(&parser, on_cell, on_row_end, &r) != 0) {
        if (r.code == 0 && csv_error(&parser) == CSV_EPARSE) {
            r.code =
                err_set(err, ERR_BAD_INPUT, &MSG_QUOTES, err_int(row, r.row), NULL, NULL, NULL);
        } else if (r.code == 0) {
            r.code = err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
        }
    }
    csv_free(&parser);
    buf_fini(&r.unwrapped);
    buf_fini(&r.clean);
    return r.code;
}

int csv_read(struct bytes raw, struct csv_table *out, struct err *err)
{
    struct csv_table table = {0};
    struct buf converted = {0};
    struct bytes text = {0};
    char most[24];
    int rc;

    if (raw.len > CSV_BYTES_MAX) {
        return err_set(err, ERR_LIMIT, &MSG_BYTES, err_int(most, CSV_BYTES_MAX), NULL, NULL, NULL);
    }
    if (raw.len == 0) {
        return err_set(err, ERR_BAD_INPUT, &MSG_EMPTY, NULL, NULL, NULL, NULL);
    }
    arena_init(&table.arena, 0);
    rc = text_find(raw, &converted, &text, err);
    if (rc == 0) {
        table.converted = converted.len > 0;
        rc = table_parse(text, &table, err);
    }
    if (rc == 0 && table.count == 0) {
        rc = err_set(err, ERR_BAD_INPUT, &MSG_EMPTY, NULL, NULL, NULL, NULL);
    }
    buf_fini(&converted);
    if (rc != 0) {
        arena_fini(&table.arena);
        return rc;
    }
    *out = table;
    return 0;
}

void csv_table_fini(struct csv_table *t)
{
    arena_fini(&t->arena);
    *t = (struct csv_table){0};
}
