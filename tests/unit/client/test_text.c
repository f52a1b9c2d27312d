/* Columns, line breaks and tables of the terminal client. Tables of cases; no clock, no chance. */
#include "clients/cli/text.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

/* The lines that text_line makes, joined by '|'. */
static void lines_of(const char *text, int columns, struct buf *out)
{
    size_t next;

    while (*text != '\0') {
        size_t len = text_line(text, columns, false, &next);

        cr_assert(next > 0, "no progress in '%s'", text);
        buf_append(out, text, len);
        text += next;
        if (*text != '\0')
            buf_append_byte(out, '|');
    }
}

Test(text, breaks_lines_as_han_text_does)
{
    static const struct {
        const char *text;
        int columns;
        const char *lines;
    } cases[] = {
        {"", 10, ""},
        {"宪法", 10, "宪法"},
        {"国家的根本法", 6, "国家的|根本法"},
        {"国家的根本法", 7, "国家的|根本法"},            /* half a character does not fit */
        {"国家的，根本法", 6, "国家|的，根|本法"},       /* no line begins with a comma */
        {"依《宪法》第一条", 4, "依|《宪|法》|第一|条"}, /* none ends with an opening sign */
        {"第 1234 条", 6, "第|1234|条"},                 /* numbers stay whole, blanks go */
        {"abcdefghij", 4, "abcd|efgh|ij"},               /* unless they cannot */
        {"有（　　）。", 6, "有|（　　|）。"},           /* too wide to stay whole */
        {"是为（　　）。", 10, "是为|（　　）。"},
        {"a b c d", 3, "a b|c d"},
        {"one\ntwo", 10, "one|two"},
        {"一。。。。", 4, "一。|。。|。"}, /* what can be broken nowhere is broken anyway */
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out = {0};

        lines_of(cases[i].text, cases[i].columns, &out);
        cr_assert_str_eq(buf_text(&out), cases[i].lines, "'%s' in %d columns: %s, not %s",
                         cases[i].text, cases[i].columns, buf_text(&out), cases[i].lines);
        buf_fini(&out);
    }
}

/* Every line of every width fits, and nothing but blanks at breaks is lost. */
Test(text, lines_fit_and_lose_nothing)
{
    static const char text[] =
        "中华人民共和国国家工作人员，应当依照《中华人民共和国宪法》第二十七条"
        "（2018年修正）进行宪法宣誓：忠于宪法、忠于祖国、忠于人民。constitution";

    for (int columns = 2; columns <= 80; columns++) {
        const char *at = text;
        size_t total = 0;
        size_t next;

        while (*at != '\0') {
            size_t len = text_line(at, columns, false, &next);
            char line[sizeof(text)];

            snprintf(line, sizeof(line), "%.*s", (int)len, at);
            cr_assert(text_width(line, false) <= columns, "'%s' in %d", line, columns);
            total += len;
            at += next;
        }
        cr_assert_eq(total, strlen(text), "%d columns", columns);
    }
}

Test(text, cuts_and_pads_by_columns)
{
    static const struct {
        const char *text;
        int columns;
        size_t bytes;
        const char *left, *right;
    } cases[] = {
        {"应考", 4, 6, "应考", "应考"},
        {"应考", 3, 3, "应考", "应考"},
        {"应考", 6, 6, "应考  ", "  应考"},
        {"a应", 2, 1, "a应", "a应"},
        {"", 2, 0, "  ", "  "},
    };

    for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
        struct buf out = {0};

        cr_assert_eq(text_cut(cases[i].text, cases[i].columns, false), cases[i].bytes);
        text_pad(&out, cases[i].text, cases[i].columns, false, false);
        cr_assert_str_eq(buf_text(&out), cases[i].left);
        buf_clear(&out);
        text_pad(&out, cases[i].text, cases[i].columns, true, false);
        cr_assert_str_eq(buf_text(&out), cases[i].right);
        buf_fini(&out);
    }
    cr_assert_eq(text_width("“①”", false), 3);
    cr_assert_eq(text_width("“①”", true), 6);
}

Test(text, what_would_steer_the_terminal_is_replaced)
{
    struct buf out = {0};

    text_append_clean(&out, "a\x1b[2Jb\x07\xc2\x9b"
                            "c\td\x80"
                            "e");
    cr_assert_str_eq(buf_text(&out), "a�[2Jb��c�d�e");
    buf_fini(&out);
}

Test(text, tables_align)
{
    struct table t;
    char *shown = NULL;
    size_t len = 0;
    FILE *out = open_memstream(&shown, &len);

    table_init(&t);
    table_column(&t, "单位", false);
    table_column(&t, "应考", true);
    table_column(&t, "成绩", true);
    table_column(&t, "备注", false);
    table_cell(&t, "区委办公室");
    table_cell_int(&t, 7);
    table_cell_points(&t, 8605);
    table_cell(&t, NULL);
    table_cell(&t, "A");
    table_cell_int(&t, 12345);
    table_cell_points(&t, 5);
    table_cell(&t, "无");
    cr_assert_eq(table_print(&t, out, false, false), 0);
    fclose(out);
    cr_assert_str_eq(shown, "单位         应考   成绩  备注\n"
                            "区委办公室      7  86.05  \n"
                            "A           12345   0.05  无\n");
    free(shown);
    table_fini(&t);
}
