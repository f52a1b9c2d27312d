/* Lines of log: one JSON object each, whatever is in them. */
#include "server/log.h"

#include "tests/unit/server/log_lines.h"

#include <criterion/criterion.h>
#include <string.h>

TestSuite(log, .timeout = 60);

static const char *member(const json_t *lines, size_t line, const char *name)
{
    const char *text = json_string_value(json_object_get(json_array_get(lines, line), name));

    return text != NULL ? text : "(absent)";
}

Test(log, levels_have_four_names)
{
    static const char *const names[] = {"debug", "info", "warn", "error"};
    static const char *const wrong[] = {"", "INFO", "warning", "info ", "trace", "1"};
    enum log_level level = LOG_ERROR;

    for (size_t i = 0; i < 4; i++) {
        cr_assert_eq(log_level_parse(names[i], &level), 0);
        cr_assert_eq((size_t)level, i);
    }
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        cr_assert_eq(log_level_parse(wrong[i], &level), ERR_BAD_INPUT, "%s", wrong[i]);
        cr_assert_eq(level, LOG_ERROR);
    }
}

Test(log, each_event_is_one_object_without_control_bytes)
{
    static const char *const nasty[] = {
        "plain",
        "法律",
        "two\nlines\r\n",
        "\"quoted\" \\ and {\"a\":1}",
        "\x01\x1b[31mred\x7f\t",
        "\xff\xfe not UTF-8 \xc3",
        "\xe2\x80\xa8 separator \xc2\x85",
        "",
    };
    enum { NASTY = sizeof nasty / sizeof nasty[0] };
    struct env_system system;
    struct env env;
    struct log_lines l;
    json_t *lines;
    char many[3000];

    memset(many, 'x', sizeof many);
    many[sizeof many - 1] = '\0';
    env_system_init(&system, 0, &env);
    log_lines_begin(&l);
    for (size_t i = 0; i < NASTY; i++)
        log_event(&env, LOG_INFO, "tested", "value", nasty[i]);
    log_event(&env, LOG_WARN, "bare", NULL, NULL);
    log_event(&env, LOG_DEBUG, "below the level", NULL, NULL);
    log_event(&env, LOG_ERROR, "long", "value", many);
    lines = log_lines_end(&l);
    cr_assert_eq(json_array_size(lines), NASTY + 2);
    cr_assert_str_eq(member(lines, 0, "event"), "tested");
    cr_assert_str_eq(member(lines, 0, "level"), "info");
    cr_assert_str_eq(member(lines, 1, "value"), "法律");
    cr_assert_str_eq(member(lines, 2, "value"), nasty[2]);
    cr_assert_str_eq(member(lines, 3, "value"), nasty[3]);
    cr_assert_str_eq(member(lines, 4, "value"), nasty[4]);
    cr_assert_str_eq(member(lines, NASTY, "event"), "bare");
    cr_assert_str_eq(member(lines, NASTY, "level"), "warn");
    cr_assert_eq(strlen(member(lines, NASTY + 1, "value")), LOG_TEXT_BYTES_MAX);
    json_decref(lines);
}

Test(log, a_failure_is_told_by_code_message_and_sentence)
{
    static const struct msg msg = {"disk-full", "磁盘 {0} 已满。", "The disk {0} is full."};
    struct env_system system;
    struct env env;
    struct log_lines l;
    json_t *lines;
    struct err err = {0};
    struct err bare = {.code = ERR_NOMEM};

    env_system_init(&system, 0, &env);
    err_set(&err, ERR_IO, &msg, "/da\nta", NULL, NULL, NULL);
    log_lines_begin(&l);
    log_failure(&env, LOG_ERROR, "commit-failed", "record.db", &err);
    log_failure(&env, LOG_WARN, "commit-failed", NULL, &bare);
    lines = log_lines_end(&l);
    cr_assert_eq(json_array_size(lines), 2);
    cr_assert_str_eq(member(lines, 0, "event"), "commit-failed");
    cr_assert_str_eq(member(lines, 0, "level"), "error");
    cr_assert_str_eq(member(lines, 0, "code"), err_code_name(ERR_IO));
    cr_assert_str_eq(member(lines, 0, "message"), "disk-full");
    cr_assert_str_eq(member(lines, 0, "text"), "The disk /da\xef\xbf\xbdta is full.");
    cr_assert_str_eq(member(lines, 0, "what"), "record.db");
    cr_assert_str_eq(member(lines, 1, "level"), "warn");
    cr_assert_str_eq(member(lines, 1, "code"), err_code_name(ERR_NOMEM));
    cr_assert_str_eq(member(lines, 1, "message"), "");
    cr_assert_str_eq(member(lines, 1, "what"), "(absent)");
    json_decref(lines);
}
