/* Buffers, hexadecimal, base64url, arena, list, errors, files. */
#include "question-bank/base/arena.h"
#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"
#include "question-bank/base/file.h"
#include "question-bank/base/list.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

Test(bytes, views_compare_by_bytes_then_length)
{
    cr_assert_lt(bytes_compare(bytes_of_text("ab"), bytes_of_text("abc")), 0);
    cr_assert_gt(bytes_compare(bytes_of_text("b"), bytes_of_text("abc")), 0);
    cr_assert_eq(bytes_compare(bytes_of_text(""), bytes_of(NULL, 0)), 0);
    cr_assert(bytes_equal(bytes_of(NULL, 0), bytes_of_text("")));
}

Test(bytes, a_buffer_remembers_that_it_overflowed)
{
    struct buf b = {0};

    cr_assert_eq(buf_append_text(&b, "abc"), 0);
    cr_assert_null(buf_reserve(&b, SIZE_MAX - 1));
    cr_assert_eq(buf_append_text(&b, "d"), ERR_NOMEM);
    cr_assert_eq(buf_error(&b), ERR_NOMEM);
    buf_clear(&b);
    cr_assert_eq(buf_printf(&b, "%d-%s", 7, "x"), 0);
    cr_assert_str_eq(buf_text(&b), "7-x");
    buf_fini(&b);
}

Test(bytes, base64url_is_canonical)
{
    static const char *const bad[] = {"A", "AB=", "A+", "AA/A", "QR", "QUI\n"};
    uint8_t out[64];

    for (size_t len = 0; len < 40; len++) {
        uint8_t data[40];
        char text[64];
        size_t out_len = sizeof(out);
        size_t n;

        for (size_t i = 0; i < len; i++)
            data[i] = (uint8_t)(i * 37 + len);
        n = base64url_encode(text, data, len);
        cr_assert_eq(base64url_decode(out, &out_len, text, n), 0);
        cr_assert(out_len == len && memcmp(out, data, len) == 0);
    }
    for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        size_t out_len = sizeof(out);
        cr_assert_eq(base64url_decode(out, &out_len, bad[i], strlen(bad[i])), ERR_BAD_INPUT,
                     "accepted %s", bad[i]);
    }
}

Test(bytes, hexadecimal_needs_exactly_two_digits_a_byte)
{
    uint8_t out[2];

    cr_assert_eq(hex_decode(out, 2, "00fF", 4), 0);
    cr_assert_eq(out[1], 0xFF);
    cr_assert_eq(hex_decode(out, 2, "00f", 3), ERR_BAD_INPUT);
    cr_assert_eq(hex_decode(out, 2, "00fg", 4), ERR_BAD_INPUT);
}

Test(arena, memory_is_zeroed_aligned_and_limited)
{
    struct arena a;

    arena_init(&a, 100000);
    for (size_t i = 0; i < 200; i++) {
        uint8_t *p = arena_alloc(&a, i);
        cr_assert_not_null(p);
        cr_assert_eq((uintptr_t)p % 16, 0);
        for (size_t k = 0; k < i; k++)
            cr_assert_eq(p[k], 0);
        if (i > 0)
            memset(p, 0xFF, i);
    }
    cr_assert_null(arena_alloc(&a, 100000));
    cr_assert_null(arena_array(&a, SIZE_MAX / 2, 4));
    cr_assert_str_eq(arena_text(&a, "宪法x", 6), "宪法");
    arena_reset(&a);
    cr_assert_not_null(arena_alloc(&a, 90000));
    arena_fini(&a);
}

struct thing {
    int n;
    struct list_node node;
};

Test(list, things_leave_in_the_order_they_came)
{
    struct thing t[5];
    struct list a = {0};
    struct list b = {0};

    for (int i = 0; i < 5; i++) {
        t[i].n = i;
        list_push(i < 3 ? &a : &b, &t[i].node);
    }
    list_concat(&a, &b);
    cr_assert(list_is_empty(&b));
    cr_assert_eq(a.count, 5);
    for (int i = 0; i < 5; i++)
        cr_assert_eq(list_entry(list_pop(&a), struct thing, node)->n, i);
    cr_assert_null(list_pop(&a));
}

static const struct msg MSG_SAMPLE = {"sample", "第 {0} 行：{1}", "line {0}: {1} ({2})"};

Test(err, a_sentence_is_built_at_the_edge_in_both_languages)
{
    struct err e = {0};
    char text[ERR_TEXT_BYTES_MAX];
    char n[24];

    cr_assert_eq(err_text(&e, LANG_ZH, text, sizeof(text)), 0);
    cr_assert_eq(err_set(&e, ERR_BAD_INPUT, &MSG_SAMPLE, err_int(n, 12), "两个答案", "x", NULL),
                 ERR_BAD_INPUT);
    err_text(&e, LANG_ZH, text, sizeof(text));
    cr_assert_str_eq(text, "第 12 行：两个答案");
    err_text(&e, LANG_EN, text, sizeof(text));
    cr_assert_str_eq(text, "line 12: 两个答案 (x)");
    cr_assert_eq(err_text(&e, LANG_ZH, text, 3), 0); /* never half a character */
    cr_assert_eq(err_text(&e, LANG_ZH, text, 4), 3);
    cr_assert_str_eq(text, "第");
}

Test(err, arguments_are_cut_and_cleaned)
{
    struct err e = {0};
    char large[1000];

    memset(large, 'a', sizeof(large) - 1);
    large[sizeof(large) - 1] = '\0';
    err_set(&e, ERR_IO, &MSG_SAMPLE, large, "a\nb\xFF", NULL, NULL);
    cr_assert_eq(strlen(e.arg[0].text), ERR_ARG_BYTES_MAX - 1);
    cr_assert_str_eq(e.arg[1].text, "a\xEF\xBF\xBD"
                                    "b\xEF\xBF\xBD");
}

Test(file, a_file_is_written_whole_and_read_with_a_limit)
{
    char dir[] = "/tmp/mingfa-test-XXXXXX";
    char path[128];
    struct buf data = {0};
    struct err e = {0};
    struct stat st;

    cr_assert_not_null(mkdtemp(dir));
    snprintf(path, sizeof(path), "%s/a/b", dir);
    cr_assert_eq(file_make_dirs(path, &e), 0);
    snprintf(path, sizeof(path), "%s/a/b/f.txt", dir);
    cr_assert_eq(file_read(path, 100, &data, &e), ERR_NOT_FOUND);
    cr_assert_eq(file_write(path, bytes_of_text("first"), 0600, &e), 0);
    cr_assert_eq(file_write(path, bytes_of_text("second"), 0600, &e), 0);
    cr_assert_eq(stat(path, &st), 0);
    cr_assert_eq(st.st_mode & 0777, 0600);
    cr_assert_eq(file_read(path, 6, &data, &e), 0);
    cr_assert(bytes_equal(buf_view(&data), bytes_of_text("second")));
    cr_assert_eq(file_read(path, 5, &data, &e), ERR_LIMIT);
    buf_fini(&data);
    unlink(path);
}
