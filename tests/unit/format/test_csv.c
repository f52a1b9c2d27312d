/* The CSV reader: what it accepts, cell by cell, and the sentence for what it does not. */
#include "question-bank/format/csv.h"

#include <criterion/criterion.h>
#include <string.h>

static void check_cell(const struct csv_table *t, size_t row, size_t cell, const char *expected)
{
    cr_assert_lt(row, t->count);
    cr_assert_lt(cell, t->rows[row].count);
    cr_assert(bytes_equal(t->rows[row].cells[cell], bytes_of_text(expected)),
              "row %zu cell %zu: '%.*s'", row, cell, (int)t->rows[row].cells[cell].len,
              (const char *)t->rows[row].cells[cell].data);
}

Test(csv, rows_keep_the_number_a_spreadsheet_shows)
{
    static const char *const layouts[] = {"a,b\r\n\r\n,\r\n1,2\r\n", "a,b\n\n,\n1,2\n",
                                          "\xef\xbb\xbf"
                                          "a,b\r\n\r\n,\r\n1,2"};

    for (size_t i = 0; i < sizeof layouts / sizeof layouts[0]; i++) {
        struct csv_table t;

        cr_assert_eq(csv_read(bytes_of_text(layouts[i]), &t, NULL), 0);
        cr_assert_eq(t.count, 2u, "layout %zu", i);
        cr_assert_eq(t.rows[0].row, 1u);
        cr_assert_eq(t.rows[1].row, 4u, "layout %zu: %u", i, t.rows[1].row);
        check_cell(&t, 0, 0, "a");
        check_cell(&t, 1, 1, "2");
        cr_assert_not(t.converted);
        csv_table_fini(&t);
    }
}

Test(csv, cells_are_trimmed_unwrapped_and_normalised)
{
    static const struct {
        const char *raw, *cell;
    } cases[] = {{" 张三　", "张三"},
                 {"\"\xc2\xa0张\"\"三\"\"\"", "张\"三\""},
                 {"\"=\"\"0012\"\"\"", "0012"},
                 {"'=1+1", "=1+1"},
                 {"'00", "'00"},
                 {"e\xcc\x81", "\xc3\xa9"},
                 {"\"a\r\nb\"", "a\r\nb"},
                 {"\"a,b\"", "a,b"},
                 {"=", "="},
                 {"=\t\"", NULL}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct buf raw = {0};
        struct csv_table t;
        int rc;

        buf_printf(&raw, "x,%s,y\r\n", cases[i].raw);
        rc = csv_read(buf_view(&raw), &t, NULL);
        cr_assert_eq(rc, cases[i].cell != NULL ? 0 : ERR_BAD_INPUT, "case %zu", i);
        if (rc == 0) {
            cr_assert_eq(t.rows[0].count, 3u);
            check_cell(&t, 0, 1, cases[i].cell);
            csv_table_fini(&t);
        }
        buf_fini(&raw);
    }
}

Test(csv, gbk_is_accepted_by_conversion_and_said_so)
{
    /* 姓名,单位 / 张三,司法局 as a Chinese Excel saves it */
    static const char gbk[] =
        "\xd0\xd5\xc3\xfb,\xb5\xa5\xce\xbb\r\n\xd5\xc5\xc8\xfd,\xcb\xbe\xb7\xa8\xbe\xd6\r\n";
    struct csv_table t;

    cr_assert_eq(csv_read(bytes_of(gbk, sizeof gbk - 1), &t, NULL), 0);
    cr_assert(t.converted);
    check_cell(&t, 0, 0, "姓名");
    check_cell(&t, 1, 1, "司法局");
    csv_table_fini(&t);
}

Test(csv, what_is_not_csv_is_refused_in_a_sentence)
{
    static const struct {
        const char *raw;
        size_t len;
        const char *sentence;
    } cases[] = {
        {"a,b\r\n1,\xff\xff\r\n", 11,
         "第2行含有无法识别的字节（0xff）：文件应为UTF-8或GB18030（GBK）编码"},
        {"\xef\xbb\xbf"
         "a\n\xd0\xd5",
         7, "第2行含有无法识别的字节（0xd0）：文件应为UTF-8或GB18030（GBK）编码"},
        {"a\n\xd0", 3, "第2行含有无法识别的字节（0xd0）：文件应为UTF-8或GB18030（GBK）编码"},
        {"a,b\r\n1,\"2\r\n", 12, "第2行的引号不成对或位置有误"},
        {"a,b\r\n1,2\"3\r\n", 13, "第2行的引号不成对或位置有误"},
        {"PK\x03\x04....", 8,
         "这是Excel工作簿，不是CSV文件，请用“另存为”保存为“CSV UTF-8（逗号分隔）”后再导入"},
        {"\xff\xfe"
         "a\0",
         4, "文件编码为UTF-16，请用“另存为”保存为“CSV UTF-8（逗号分隔）”后再导入"},
        {"", 0, "文件中没有内容"},
        {" \r\n,\r\n", 6, "文件中没有内容"},
        {"a\0b,c\n", 6, "第1行第1列含有不可用的字符"},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct csv_table t;
        struct err err = {0};
        char text[ERR_TEXT_BYTES_MAX];

        cr_assert_eq(csv_read(bytes_of(cases[i].raw, cases[i].len), &t, &err), ERR_BAD_INPUT,
                     "case %zu", i);
        err_text(&err, LANG_ZH, text, sizeof text);
        cr_assert_str_eq(text, cases[i].sentence, "case %zu: %s", i, text);
    }
}

Test(csv, limits_are_named)
{
    struct buf raw = {0};
    struct csv_table t;
    struct err err = {0};
    char text[ERR_TEXT_BYTES_MAX];

    for (int i = 0; i < CSV_COLUMNS_MAX; i++) {
        buf_append_text(&raw, "x,");
    }
    cr_assert_eq(csv_read(buf_view(&raw), &t, &err), ERR_LIMIT);
    err_text(&err, LANG_ZH, text, sizeof text);
    cr_assert_str_eq(text, "第1行超过64列");
    buf_clear(&raw);
    buf_append_text(&raw, "a\nb,");
    for (int i = 0; i <= CSV_CELL_BYTES_MAX; i++) {
        buf_append_byte(&raw, 'x');
    }
    cr_assert_eq(csv_read(buf_view(&raw), &t, &err), ERR_LIMIT);
    err_text(&err, LANG_ZH, text, sizeof text);
    cr_assert_str_eq(text, "第2行第2列的内容超过8192字节");
    buf_fini(&raw);
}
