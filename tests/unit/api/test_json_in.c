/* What a person reads when a request body is not what was asked for: the very sentences, in both
 * languages; and that what is good is read as it was meant. */
#include "server/api/json_in.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <string.h>

TestSuite(json_in, .timeout = 60);

static void check(const struct err *err, const char *what, const char *id, const char *zh,
                  const char *en)
{
    char text[ERR_TEXT_BYTES_MAX];

    cr_assert_not_null(err->msg, "%s", what);
    cr_assert_str_eq(err->msg->id, id, "%s: %s", what, err->msg->id);
    err_text(err, LANG_ZH, text, sizeof text);
    cr_assert_str_eq(text, zh, "%s: %s", what, text);
    err_text(err, LANG_EN, text, sizeof text);
    cr_assert_str_eq(text, en, "%s: %s", what, text);
}

/* ---- the body ---- */

#define BYTES(text) text, sizeof(text) - 1

Test(json_in, a_body_that_is_no_json_object_is_refused_by_a_sentence)
{
    static const struct {
        const char *body;
        size_t len;
        const char *id, *zh, *en;
    } cases[] = {
        {BYTES(""), "body-missing", "请求没有正文，应为 JSON 对象。",
         "The request has no body; expected a JSON object."},
        {BYTES(" "), "body-not-json", "正文不是正确的 JSON：第 1 行第 1 列，内容不完整。",
         "The body is not JSON: line 1, column 1: it ends too early."},
        {BYTES("{"), "body-not-json", "正文不是正确的 JSON：第 1 行第 1 列，内容不完整。",
         "The body is not JSON: line 1, column 1: it ends too early."},
        {BYTES("{\"a\":\n\"x"), "body-not-json",
         "正文不是正确的 JSON：第 2 行第 2 列，内容不完整。",
         "The body is not JSON: line 2, column 2: it ends too early."},
        {BYTES("{\"a\":}"), "body-not-json", "正文不是正确的 JSON：第 1 行第 6 列，语法有误。",
         "The body is not JSON: line 1, column 6: wrong syntax."},
        {BYTES("{'a':1}"), "body-not-json", "正文不是正确的 JSON：第 1 行第 2 列，语法有误。",
         "The body is not JSON: line 1, column 2: wrong syntax."},
        {BYTES("{\"a\":1,}"), "body-not-json", "正文不是正确的 JSON：第 1 行第 8 列，语法有误。",
         "The body is not JSON: line 1, column 8: wrong syntax."},
        {BYTES("{\"a\":01}"), "body-not-json", "正文不是正确的 JSON：第 1 行第 6 列，语法有误。",
         "The body is not JSON: line 1, column 6: wrong syntax."},
        {BYTES("{\"a\":NaN}"), "body-not-json", "正文不是正确的 JSON：第 1 行第 8 列，语法有误。",
         "The body is not JSON: line 1, column 8: wrong syntax."},
        {BYTES("\xef\xbb\xbf{}"), "body-not-json",
         "正文不是正确的 JSON：第 1 行第 1 列，语法有误。",
         "The body is not JSON: line 1, column 1: wrong syntax."},
        {BYTES("{\"a\":\"\\ud800\"}"), "body-not-json",
         "正文不是正确的 JSON：第 1 行第 13 列，语法有误。",
         "The body is not JSON: line 1, column 13: wrong syntax."},
        {BYTES("{\"a\":\"\xff\"}"), "body-not-json",
         "正文不是正确的 JSON：第 1 行第 6 列，不是 UTF-8 编码。",
         "The body is not JSON: line 1, column 6: not UTF-8."},
        {BYTES("{\"a\":\"\xed\xa0\x80\"}"), "body-not-json",
         "正文不是正确的 JSON：第 1 行第 6 列，不是 UTF-8 编码。",
         "The body is not JSON: line 1, column 6: not UTF-8."},
        {BYTES("{\"a\":\"\xc0\xaf\"}"), "body-not-json",
         "正文不是正确的 JSON：第 1 行第 6 列，不是 UTF-8 编码。",
         "The body is not JSON: line 1, column 6: not UTF-8."},
        {BYTES("{\"a\":\"\\u0000\"}"), "body-not-json",
         "正文不是正确的 JSON：第 1 行第 13 列，不允许空字符。",
         "The body is not JSON: line 1, column 13: NUL is not allowed."},
        {BYTES("{\"a\\u0000b\":1}"), "body-not-json",
         "正文不是正确的 JSON：第 1 行第 11 列，不允许空字符。",
         "The body is not JSON: line 1, column 11: NUL is not allowed."},
        {BYTES("{\"a\":1,\"a\":1}"), "body-not-json",
         "正文不是正确的 JSON：第 1 行第 10 列，同一项写了两次。",
         "The body is not JSON: line 1, column 10: the member is given twice."},
        {BYTES("{\"a\":{\"b\":1,\"\\u0062\":2}}"), "body-not-json",
         "正文不是正确的 JSON：第 1 行第 20 列，同一项写了两次。",
         "The body is not JSON: line 1, column 20: the member is given twice."},
        {BYTES("{\"a\":12345678901234567890}"), "body-not-json",
         "正文不是正确的 JSON：第 1 行第 25 列，数值过大。",
         "The body is not JSON: line 1, column 25: the number is too large."},
        {BYTES("{\"a\":1e999}"), "body-not-json",
         "正文不是正确的 JSON：第 1 行第 10 列，数值过大。",
         "The body is not JSON: line 1, column 10: the number is too large."},
        {BYTES("{} x"), "body-not-json", "正文不是正确的 JSON：第 1 行第 4 列，后面有多余内容。",
         "The body is not JSON: line 1, column 4: something follows its end."},
        {BYTES("{}{}"), "body-not-json", "正文不是正确的 JSON：第 1 行第 3 列，后面有多余内容。",
         "The body is not JSON: line 1, column 3: something follows its end."},
        {BYTES("{}\0"), "body-not-json", "正文不是正确的 JSON：第 1 行第 3 列，后面有多余内容。",
         "The body is not JSON: line 1, column 3: something follows its end."},
        {BYTES("[1]"), "body-not-object", "正文应为 JSON 对象，收到的是 […] (1)。",
         "The body must be a JSON object; found […] (1)."},
        {BYTES("null"), "body-not-object", "正文应为 JSON 对象，收到的是 null。",
         "The body must be a JSON object; found null."},
        {BYTES("\"password\""), "body-not-object", "正文应为 JSON 对象，收到的是 \"…\" (8)。",
         "The body must be a JSON object; found \"…\" (8)."},
        {BYTES("{\"a\":[[[[[[[[1]]]]]]]]}"), "body-too-deep", "正文嵌套过深，至多 8 层。",
         "The body is nested deeper than 8 levels."},
        {BYTES("[[[[[[[[[[[["), "body-too-deep", "正文嵌套过深，至多 8 层。",
         "The body is nested deeper than 8 levels."},
    };

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *json = NULL;
        struct err err = {0};

        cr_assert_eq(json_in_parse(bytes_of(cases[i].body, cases[i].len), &json, &err),
                     ERR_BAD_INPUT, "%s", cases[i].body);
        cr_assert_null(json);
        cr_assert_eq(err.code, ERR_BAD_INPUT);
        check(&err, cases[i].body, cases[i].id, cases[i].zh, cases[i].en);
        /* Without an err the code alone. */
        cr_assert_eq(json_in_parse(bytes_of(cases[i].body, cases[i].len), &json, NULL),
                     ERR_BAD_INPUT);
    }
}

Test(json_in, depth_is_counted_in_brackets_and_not_in_texts)
{
    static const char *const good[] = {
        "{\"a\":[[[[[[[1]]]]]]]}",
        "{\"a\":\"[[[[[[[[[[[[{{{{{{\"}",
        "{\"a\":\"\\\"[[[[[[[[[[[[\"}",
        "{\"a\":[1],\"b\":[1],\"c\":[1],\"d\":[1],\"e\":[1],\"f\":[1],\"g\":[1],\"h\":[1],\"i\":[1]"
        "}",
        " \r\n\t{ } ",
    };

    for (size_t i = 0; i < sizeof good / sizeof good[0]; i++) {
        json_t *json = NULL;

        cr_assert_eq(json_in_parse(bytes_of_text(good[i]), &json, NULL), 0, "%s", good[i]);
        cr_assert(json_is_object(json));
        json_decref(json);
    }
}

Test(json_in, a_body_that_is_no_json_is_never_repeated)
{
    static const char *const bodies[] = {
        "{\"password\":\"hunter2\\x\"}",
        "{\"password\":\"hunter2",
        "{\"password\":hunter2}",
        "{\"password\":\"hunter2\"} hunter2",
        "{\"password\":\"hunter2\\u0000\"}",
        "\"hunter2\"",
    };

    for (size_t i = 0; i < sizeof bodies / sizeof bodies[0]; i++) {
        json_t *json = NULL;
        struct err err = {0};
        char text[ERR_TEXT_BYTES_MAX];

        cr_assert_eq(json_in_parse(bytes_of_text(bodies[i]), &json, &err), ERR_BAD_INPUT);
        err_text(&err, LANG_ZH, text, sizeof text);
        cr_assert_null(strstr(text, "hunter2"), "%s", text);
        err_text(&err, LANG_EN, text, sizeof text);
        cr_assert_null(strstr(text, "hunter2"), "%s", text);
    }
}

/* ---- members ---- */

/* What is asked for; one reader a kind of member. */
enum asked { TEXT, SECRET, INT, BOOL, HEX, CHOICE, ARRAY, OBJECT, DATE };

static const char *const choices[] = {"single", "multiple", "true-false"};

static int ask(const struct json_in *in, enum asked asked, const char *name, struct arena *arena,
               struct err *err)
{
    struct bytes text;
    int64_t number;
    bool flag;
    uint8_t raw[4];
    size_t index;
    const json_t *array;
    struct json_in object;

    switch (asked) {
    case TEXT:
        return json_in_text(in, name, 2, 10, arena, &text, err);
    case SECRET:
        return json_in_secret(in, name, 2, 10, &text, err);
    case INT:
        return json_in_int(in, name, -5, 100, &number, err);
    case BOOL:
        return json_in_bool(in, name, &flag, err);
    case HEX:
        return json_in_hex(in, name, raw, sizeof raw, err);
    case CHOICE:
        return json_in_choice(in, name, choices, 3, &index, err);
    case ARRAY:
        return json_in_array(in, name, 1, 2, &array, err);
    case OBJECT:
        return json_in_object(in, name, &object, err);
    case DATE:
        return json_in_date(in, name, &text, err);
    }
    return 0;
}

static json_t *parse(const char *text)
{
    json_t *json = NULL;
    struct err err = {0};
    char why[ERR_TEXT_BYTES_MAX];
    int rc = json_in_parse(bytes_of_text(text), &json, &err);

    err_text(&err, LANG_EN, why, sizeof why);
    cr_assert_eq(rc, 0, "%s: %s", text, why);
    return json;
}

Test(json_in, a_member_of_another_form_is_refused_by_a_sentence)
{
    static const struct {
        enum asked asked;
        const char *body, *name, *id, *zh, *en;
    } cases[] = {
        {TEXT, "{}", "name", "member-missing", "缺少“name”一项。", "The member 'name' is missing."},
        {INT, "{}", "n", "member-missing", "缺少“n”一项。", "The member 'n' is missing."},
        {OBJECT, "{}", "o", "member-missing", "缺少“o”一项。", "The member 'o' is missing."},
        {CHOICE, "{}", "c", "member-missing", "缺少“c”一项。", "The member 'c' is missing."},
        {TEXT, "{\"name\":7}", "name", "member-not-text",
         "“name”应为 2 至 10 字节的文字，收到的是 7。",
         "'name' must be text of 2 to 10 bytes; found 7."},
        {TEXT, "{\"name\":\"a\"}", "name", "member-not-text",
         "“name”应为 2 至 10 字节的文字，收到的是 \"a\"。",
         "'name' must be text of 2 to 10 bytes; found \"a\"."},
        {TEXT, "{\"name\":\"十二个字节\"}", "name", "member-not-text",
         "“name”应为 2 至 10 字节的文字，收到的是 \"十二个字节\"。",
         "'name' must be text of 2 to 10 bytes; found \"十二个字节\"."},
        {TEXT, "{\"name\":\"一二三四五六七八九十一二三四五六七八九十\"}", "name", "member-not-text",
         "“name”应为 2 至 10 字节的文字，收到的是 \"一二三四五六七八九十一二三四五六…\" (60)。",
         "'name' must be text of 2 to 10 bytes; found \"一二三四五六七八九十一二三四五六…\" (60)."},
        {TEXT, "{\"name\":null}", "name", "member-not-text",
         "“name”应为 2 至 10 字节的文字，收到的是 null。",
         "'name' must be text of 2 to 10 bytes; found null."},
        {TEXT, "{\"name\":\"\\n\"}", "name", "member-not-text",
         "“name”应为 2 至 10 字节的文字，收到的是 \"\xef\xbf\xbd\"。",
         "'name' must be text of 2 to 10 bytes; found \"\xef\xbf\xbd\"."},
        {SECRET, "{\"password\":\"a\"}", "password", "member-not-text",
         "“password”应为 2 至 10 字节的文字，收到的是 \"…\" (1)。",
         "'password' must be text of 2 to 10 bytes; found \"…\" (1)."},
        {SECRET, "{\"new_password\":\"hunter2hunter2\"}", "new_password", "member-not-text",
         "“new_password”应为 2 至 10 字节的文字，收到的是 \"…\" (14)。",
         "'new_password' must be text of 2 to 10 bytes; found \"…\" (14)."},
        {SECRET, "{\"code\":\"hunter2hunter2\"}", "code", "member-not-text",
         "“code”应为 2 至 10 字节的文字，收到的是 \"…\" (14)。",
         "'code' must be text of 2 to 10 bytes; found \"…\" (14)."},
        {HEX, "{\"share\":\"hunter2\"}", "share", "member-not-hex",
         "“share”应为 8 个小写十六进制字符，收到的是 \"…\" (7)。",
         "'share' must be 8 lower-case hexadecimal digits; found \"…\" (7)."},
        {SECRET, "{}", "password", "member-missing", "缺少“password”一项。",
         "The member 'password' is missing."},
        {INT, "{\"n\":101}", "n", "member-not-integer", "“n”应为 -5 至 100 的整数，收到的是 101。",
         "'n' must be an integer from -5 to 100; found 101."},
        {INT, "{\"n\":-6}", "n", "member-not-integer", "“n”应为 -5 至 100 的整数，收到的是 -6。",
         "'n' must be an integer from -5 to 100; found -6."},
        {INT, "{\"n\":9223372036854775807}", "n", "member-not-integer",
         "“n”应为 -5 至 100 的整数，收到的是 9223372036854775807。",
         "'n' must be an integer from -5 to 100; found 9223372036854775807."},
        {INT, "{\"n\":1.0}", "n", "member-not-integer", "“n”应为 -5 至 100 的整数，收到的是 1.0。",
         "'n' must be an integer from -5 to 100; found 1.0."},
        {INT, "{\"n\":1e2}", "n", "member-not-integer",
         "“n”应为 -5 至 100 的整数，收到的是 100.0。",
         "'n' must be an integer from -5 to 100; found 100.0."},
        {INT, "{\"n\":\"7\"}", "n", "member-not-integer",
         "“n”应为 -5 至 100 的整数，收到的是 \"7\"。",
         "'n' must be an integer from -5 to 100; found \"7\"."},
        {INT, "{\"n\":true}", "n", "member-not-integer",
         "“n”应为 -5 至 100 的整数，收到的是 true。",
         "'n' must be an integer from -5 to 100; found true."},
        {BOOL, "{\"b\":0}", "b", "member-not-boolean", "“b”应为 true 或 false，收到的是 0。",
         "'b' must be true or false; found 0."},
        {BOOL, "{\"b\":\"false\"}", "b", "member-not-boolean",
         "“b”应为 true 或 false，收到的是 \"false\"。",
         "'b' must be true or false; found \"false\"."},
        {HEX, "{\"h\":\"0123ABCD\"}", "h", "member-not-hex",
         "“h”应为 8 个小写十六进制字符，收到的是 \"0123ABCD\"。",
         "'h' must be 8 lower-case hexadecimal digits; found \"0123ABCD\"."},
        {HEX, "{\"h\":\"0123abc\"}", "h", "member-not-hex",
         "“h”应为 8 个小写十六进制字符，收到的是 \"0123abc\"。",
         "'h' must be 8 lower-case hexadecimal digits; found \"0123abc\"."},
        {HEX, "{\"h\":\"0123abcde\"}", "h", "member-not-hex",
         "“h”应为 8 个小写十六进制字符，收到的是 \"0123abcde\"。",
         "'h' must be 8 lower-case hexadecimal digits; found \"0123abcde\"."},
        {HEX, "{\"h\":1234567}", "h", "member-not-hex",
         "“h”应为 8 个小写十六进制字符，收到的是 1234567。",
         "'h' must be 8 lower-case hexadecimal digits; found 1234567."},
        {CHOICE, "{\"c\":\"Single\"}", "c", "member-not-choice",
         "“c”应为 single, multiple, true-false 之一，收到的是 \"Single\"。",
         "'c' must be one of single, multiple, true-false; found \"Single\"."},
        {CHOICE, "{\"c\":[]}", "c", "member-not-choice",
         "“c”应为 single, multiple, true-false 之一，收到的是 […] (0)。",
         "'c' must be one of single, multiple, true-false; found […] (0)."},
        {ARRAY, "{\"a\":[]}", "a", "member-not-array",
         "“a”应为 1 至 2 个元素的数组，收到的是 […] (0)。",
         "'a' must be an array of 1 to 2 elements; found […] (0)."},
        {ARRAY, "{\"a\":[1,2,3]}", "a", "member-not-array",
         "“a”应为 1 至 2 个元素的数组，收到的是 […] (3)。",
         "'a' must be an array of 1 to 2 elements; found […] (3)."},
        {ARRAY, "{\"a\":{}}", "a", "member-not-array",
         "“a”应为 1 至 2 个元素的数组，收到的是 {…}。",
         "'a' must be an array of 1 to 2 elements; found {…}."},
        {OBJECT, "{\"o\":[1]}", "o", "member-not-object", "“o”应为 JSON 对象，收到的是 […] (1)。",
         "'o' must be a JSON object; found […] (1)."},
        {OBJECT, "{\"o\":false}", "o", "member-not-object", "“o”应为 JSON 对象，收到的是 false。",
         "'o' must be a JSON object; found false."},
        {DATE, "{\"d\":\"2026-02-29\"}", "d", "member-not-date",
         "“d”应为形如 2026-11-24 的日期，收到的是 \"2026-02-29\"。",
         "'d' must be a date such as 2026-11-24; found \"2026-02-29\"."},
        {DATE, "{\"d\":\"2026-1-1\"}", "d", "member-not-date",
         "“d”应为形如 2026-11-24 的日期，收到的是 \"2026-1-1\"。",
         "'d' must be a date such as 2026-11-24; found \"2026-1-1\"."},
        {DATE, "{\"d\":20260101}", "d", "member-not-date",
         "“d”应为形如 2026-11-24 的日期，收到的是 20260101。",
         "'d' must be a date such as 2026-11-24; found 20260101."},
    };
    struct arena arena;

    arena_init(&arena, 0);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *json = parse(cases[i].body);
        struct json_in in = json_in_body(json);
        struct err err = {0};

        cr_assert_eq(ask(&in, cases[i].asked, cases[i].name, &arena, &err), ERR_BAD_INPUT, "%s",
                     cases[i].body);
        check(&err, cases[i].body, cases[i].id, cases[i].zh, cases[i].en);
        json_decref(json);
    }
    arena_fini(&arena);
}

Test(json_in, a_member_that_was_not_asked_for_is_refused_with_those_that_were)
{
    static const char *const names[] = {"exam", "attempt", "nonce"};
    static const struct {
        const char *body, *zh, *en;
    } cases[] = {
        {"{\"exam\":1,\"Attempt\":1}", "没有“Attempt”这一项；此处可用的有：exam, attempt, nonce。",
         "There is no member 'Attempt' here; known are: exam, attempt, nonce."},
        {"{\"\":1}", "没有“”这一项；此处可用的有：exam, attempt, nonce。",
         "There is no member '' here; known are: exam, attempt, nonce."},
        {"{\"a\\nb\":1}",
         "没有“a\xef\xbf\xbd"
         "b”这一项；此处可用的有：exam, attempt, nonce。",
         "There is no member 'a\xef\xbf\xbd"
         "b' here; known are: exam, attempt, nonce."},
        /* Cut between code points. */
        {"{\"一二三四五六七八九十一二三四五六七八九十一二三\":1}",
         "没有“一二三四五六七八九十一二三四五六七八九十”这一项；此处可用的有：exam, attempt, "
         "nonce。",
         "There is no member '一二三四五六七八九十一二三四五六七八九十' here; known are: exam, "
         "attempt, nonce."},
        {"{\"a一二三四五六七八九十一二三四五六七八九十一二三\":1}",
         "没有“a一二三四五六七八九十一二三四五六七八九”这一项；此处可用的有：exam, attempt, "
         "nonce。",
         "There is no member 'a一二三四五六七八九十一二三四五六七八九' here; known are: exam, "
         "attempt, nonce."},
    };
    json_t *good = parse("{\"nonce\":1,\"exam\":2}");
    struct json_in in = json_in_body(good);
    struct err err = {0};

    cr_assert_eq(json_in_members(&in, names, 3, &err), 0);
    json_decref(good);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        json_t *json = parse(cases[i].body);

        in = json_in_body(json);
        cr_assert_eq(json_in_members(&in, names, 3, &err), ERR_BAD_INPUT);
        check(&err, cases[i].body, "member-unknown", cases[i].zh, cases[i].en);
        json_decref(json);
    }
}

Test(json_in, the_members_of_a_definition_are_listed_whole)
{
    static const char *const names[] = {
        "name",          "kind",        "year",           "window_start_ms",
        "window_end_ms", "duration_ms", "cut_off",        "categories",
        "release",       "blueprint",   "rules",          "attempts",
        "counts",        "grace_ms",    "late_accept_ms", "cut_at_window_end",
        "review",        "document"};
    json_t *json = parse("{\"other\":1}");
    struct json_in in = json_in_body(json);
    struct err err = {0};

    cr_assert_eq(json_in_members(&in, names, sizeof names / sizeof names[0], &err), ERR_BAD_INPUT);
    check(
        &err, "{\"other\":1}", "member-unknown",
        "没有“other”这一项；此处可用的有：name, kind, year, window_start_ms, window_end_ms, "
        "duration_ms, cut_off, categories, release, blueprint, rules, attempts, counts, grace_ms, "
        "late_accept_ms, cut_at_window_end, review, document。",
        "There is no member 'other' here; known are: name, kind, year, window_start_ms, "
        "window_end_ms, duration_ms, cut_off, categories, release, blueprint, rules, attempts, "
        "counts, grace_ms, late_accept_ms, cut_at_window_end, review, document.");
    json_decref(json);
}

Test(json_in, many_known_members_are_listed_as_far_as_there_is_room)
{
    char sentence[ERR_TEXT_BYTES_MAX];
    static const char *names[40];
    char text[40][16];
    json_t *json = parse("{\"other\":1}");
    struct json_in in = json_in_body(json);
    struct err err = {0};
    size_t index;

    for (size_t i = 0; i < 40; i++) {
        snprintf(text[i], sizeof text[i], "member%zu", i);
        names[i] = text[i];
    }
    cr_assert_eq(json_in_members(&in, names, 40, &err), ERR_BAD_INPUT);
    cr_assert_lt(strlen(err.arg[1].text), ERR_ARG_BYTES_MAX);
    cr_assert_eq(strncmp(err.arg[1].text, "member0, member1, ", 18), 0);
    err_text(&err, LANG_EN, sentence, sizeof sentence);
    cr_assert_not_null(strstr(sentence, "member37, member38, member39."), "%s", sentence);
    cr_assert_eq(json_in_choice(&in, "other", names, 40, &index, &err), ERR_BAD_INPUT);
    cr_assert_eq(strncmp(err.arg[2].text, "member0, member1, ", 18), 0);
    json_decref(json);
}

Test(json_in, elements_are_named_by_their_place)
{
    json_t *json = parse("{\"responses\":[{\"value\":\"A\"},7,{\"value\":8}],\"o\":{\"n\":\"x\"},"
                         "\"ids\":[\"a\",\"\",3,\"0123456789abcdef\"]}");
    struct json_in body = json_in_body(json);
    struct json_in in;
    struct arena arena;
    struct err err = {0};
    const json_t *array;
    struct bytes text;
    int64_t number;

    arena_init(&arena, 0);
    cr_assert_eq(json_in_array(&body, "responses", 1, 3, &array, &err), 0);
    cr_assert_eq(json_in_element(array, "responses", 0, &in, &err), 0);
    cr_assert_eq(json_in_text(&in, "value", 1, 4, &arena, &text, &err), 0);
    cr_assert(bytes_equal(text, bytes_of_text("A")));
    cr_assert_eq(json_in_int(&in, "seq", 0, 9, &number, &err), ERR_BAD_INPUT);
    check(&err, "missing", "member-missing", "缺少“responses[0].seq”一项。",
          "The member 'responses[0].seq' is missing.");
    cr_assert_eq(json_in_element(array, "responses", 1, &in, &err), ERR_BAD_INPUT);
    check(&err, "no object", "member-not-object", "“responses[1]”应为 JSON 对象，收到的是 7。",
          "'responses[1]' must be a JSON object; found 7.");
    cr_assert_eq(json_in_element(array, "responses", 2, &in, &err), 0);
    cr_assert_eq(json_in_text(&in, "value", 1, 4, &arena, &text, &err), ERR_BAD_INPUT);
    check(&err, "no text", "member-not-text",
          "“responses[2].value”应为 1 至 4 字节的文字，收到的是 8。",
          "'responses[2].value' must be text of 1 to 4 bytes; found 8.");
    cr_assert_eq(json_in_object(&body, "o", &in, &err), 0);
    cr_assert_eq(json_in_int(&in, "n", 0, 9, &number, &err), ERR_BAD_INPUT);
    check(&err, "inner", "member-not-integer", "“o.n”应为 0 至 9 的整数，收到的是 \"x\"。",
          "'o.n' must be an integer from 0 to 9; found \"x\".");
    cr_assert_eq(json_in_array(&body, "ids", 0, 9, &array, &err), 0);
    cr_assert_eq(json_in_element_text(array, "ids", 0, 8, &arena, &text, &err), 0);
    cr_assert(bytes_equal(text, bytes_of_text("a")));
    cr_assert_eq(json_in_element_text(array, "ids", 1, 8, &arena, &text, &err), ERR_BAD_INPUT);
    check(&err, "empty", "member-not-text", "“ids[1]”应为 1 至 8 字节的文字，收到的是 \"\"。",
          "'ids[1]' must be text of 1 to 8 bytes; found \"\".");
    cr_assert_eq(json_in_element_text(array, "ids", 2, 8, &arena, &text, &err), ERR_BAD_INPUT);
    cr_assert_eq(json_in_element_text(array, "ids", 3, 8, &arena, &text, &err), ERR_BAD_INPUT);
    check(&err, "long", "member-not-text",
          "“ids[3]”应为 1 至 8 字节的文字，收到的是 \"0123456789abcdef\"。",
          "'ids[3]' must be text of 1 to 8 bytes; found \"0123456789abcdef\".");
    cr_assert(bytes_equal(text, bytes_of_text("a")), "outputs stay on error");
    arena_fini(&arena);
    json_decref(json);
}

Test(json_in, what_is_good_is_read_at_its_bounds)
{
    json_t *json = parse("{\"min\":-9223372036854775808,\"max\":9223372036854775807,\"yes\":true,"
                         "\"hex\":\"00ff10ab\",\"kind\":\"true-false\",\"d\":\"2024-02-29\","
                         "\"two\":\"ab\",\"ten\":\"0123456789\",\"secret\":\"e\\u0301\","
                         "\"accent\":\"e\\u0301\",\"empty\":\"\",\"a\":[]}");
    struct json_in in = json_in_body(json);
    static const uint8_t raw_expected[4] = {0x00, 0xff, 0x10, 0xab};
    uint8_t raw[4];
    struct arena arena;
    struct bytes text;
    const json_t *array;
    int64_t number;
    size_t index;
    bool flag = false;

    arena_init(&arena, 0);
    cr_assert_eq(json_in_int(&in, "min", INT64_MIN, INT64_MAX, &number, NULL), 0);
    cr_assert_eq(number, INT64_MIN);
    cr_assert_eq(json_in_int(&in, "max", INT64_MIN, INT64_MAX, &number, NULL), 0);
    cr_assert_eq(number, INT64_MAX);
    cr_assert_eq(json_in_bool(&in, "yes", &flag, NULL), 0);
    cr_assert(flag);
    cr_assert_eq(json_in_hex(&in, "hex", raw, sizeof raw, NULL), 0);
    cr_assert_arr_eq(raw, raw_expected, sizeof raw);
    cr_assert_eq(json_in_choice(&in, "kind", choices, 3, &index, NULL), 0);
    cr_assert_eq(index, 2);
    cr_assert_eq(json_in_date(&in, "d", &text, NULL), 0);
    cr_assert(bytes_equal(text, bytes_of_text("2024-02-29")));
    cr_assert_eq(json_in_text(&in, "two", 2, 10, &arena, &text, NULL), 0);
    cr_assert_eq(json_in_text(&in, "ten", 2, 10, &arena, &text, NULL), 0);
    cr_assert(bytes_equal(text, bytes_of_text("0123456789")));
    cr_assert_eq(json_in_text(&in, "empty", 0, 10, &arena, &text, NULL), 0);
    cr_assert_eq(text.len, 0);
    cr_assert_eq(json_in_array(&in, "a", 0, 0, &array, NULL), 0);
    /* Text is brought to NFC, and is measured then; a password stays as it was typed. */
    cr_assert_eq(json_in_text(&in, "accent", 2, 2, &arena, &text, NULL), 0);
    cr_assert(bytes_equal(text, bytes_of_text("\xc3\xa9")));
    cr_assert_eq(json_in_secret(&in, "secret", 3, 3, &text, NULL), 0);
    cr_assert(bytes_equal(text, bytes_of_text("e\xcc\x81")));
    arena_fini(&arena);
    json_decref(json);
}
