/* take: choose the exam, read the instructions, start or go on, sit it, see the result. */
#include "clients/cli/my.h"
#include "clients/cli/take.h"

#include "question-bank/base/digest.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { START_TRIES_MAX = 60, START_WAIT_S_MAX = 30, LOGIN_TRIES_MAX = 5, NONCE_BYTES = 32 };

static bool is_running(const json_t *exam)
{
    const char *state = text_of(json_object_get(exam, "session"), "state");

    return strcmp(state, "started") == 0 || strcmp(state, "suspended") == 0;
}

static bool is_startable(const json_t *exam)
{
    return strcmp(text_of(exam, "state"), "open") == 0 &&
           strcmp(text_of(exam, "exemption"), "exempt") != 0 &&
           json_is_integer(json_object_get(exam, "next_attempt"));
}

/* ---- choosing ---- */

static bool is_named(const struct invocation *in, const json_t *exam)
{
    const char *word = in->words_count > 0 ? in->words[0] : "";

    return word[0] == '\0' || strcmp(word, text_of(exam, "name")) == 0 ||
           strncmp(word, text_of(exam, "exam"), strlen(word)) == 0;
}

static json_t *sittable(const struct invocation *in, const json_t *list)
{
    json_t *some = json_array();
    json_t *exam;
    size_t i;

    json_array_foreach(list, i, exam)
    {
        if (is_named(in, exam) && (is_running(exam) || is_startable(exam)))
            json_array_append(some, exam);
    }
    return some;
}

/* One of several, by its number. NULL: none was chosen. Borrowed from list. */
static json_t *ask_which(const struct invocation *in, json_t *list)
{
    char line[LINE_BYTES_MAX];
    long number;

    if (my_print_exams(in, list) != 0)
        return NULL;
    printf("%s", say(in, "请输入序号：", "Number: "));
    fflush(stdout);
    if (!read_line(line, sizeof(line)))
        return NULL;
    number = strtol(line, NULL, 10);
    return number >= 1 ? json_array_get(list, (size_t)number - 1) : NULL;
}

static int no_exam(const struct invocation *in, const json_t *all)
{
    fprintf(stderr, "%s\n",
            in->words_count > 0
                ? say(in, "错误：这场考试现在不能参加。", "error: this exam cannot be sat now.")
                : say(in, "错误：现在没有可以参加的考试。", "error: there is no exam to sit now."));
    if (json_array_size(all) > 0)
        my_print_exams(in, all);
    return EXIT_REFUSED;
}

/* *out: new reference to one of /me/exams. */
static int choose_exam(struct invocation *in, json_t **out)
{
    struct err err = {0};
    json_t *mine = NULL;
    json_t *some;
    json_t *chosen;
    int rc = client_json(in->client, "GET", "/api/v1/me/exams", NULL, &mine, &err);

    if (rc != 0)
        return report(in, &err);
    some = sittable(in, json_object_get(mine, "exams"));
    if (json_array_size(some) == 0) {
        rc = no_exam(in, json_object_get(mine, "exams"));
    } else {
        chosen = json_array_size(some) == 1 ? json_array_get(some, 0) : ask_which(in, some);
        *out = json_incref(chosen);
        rc = chosen != NULL ? 0 : misuse(in, "没有这个序号。", "no such number.");
    }
    json_decref(some);
    json_decref(mine);
    return rc;
}

/* ---- starting ---- */

static void print_instructions(const struct invocation *in, const json_t *exam)
{
    char until[32];

    time_text(int_of(exam, "window_end_ms"), until);
    printf("\n%s\n\n", text_of(exam, "name"));
    printf(say(in,
               "共 %lld 题，满分 %lld 分，%lld 分合格；时长 %lld 分钟，考试截止 %s。\n"
               "可考 %lld 次，本次为第 %lld 次。\n\n",
               "%lld items, %lld points, pass mark %lld; %lld minutes, until %s +08:00.\n"
               "%lld attempts; this is number %lld.\n\n"),
           (long long)int_of(exam, "items"), (long long)(int_of(exam, "points") / 100),
           (long long)(int_of(exam, "pass_mark") / 100),
           (long long)(int_of(exam, "duration_ms") / 60000), until,
           (long long)int_of(exam, "attempts"), (long long)int_of(exam, "next_attempt"));
    puts(say(in,
             "考试须知\n"
             "1. 开始后计时，交卷前不暂停；退出程序、断网都不停止计时，时间以服务器时钟为准。\n"
             "2. 每题作答后自动上传，显示“已存”才表示服务器已经保存。\n"
             "3. 断网时可以继续作答，内容保存在本机，恢复后自动上传；截止前上传的都计入成绩。\n"
             "4. 程序意外退出，再次运行 mingfa take 即可继续。\n"
             "5. 到截止时间系统自动收卷。",
             "Instructions\n"
             "1. The clock runs from the start to the hand-in, by the server's time; leaving\n"
             "   or a lost network does not stop it.\n"
             "2. Answers are sent by themselves; only \"stored\" means that the server has one.\n"
             "3. Without network you can go on: answers are kept on this machine and sent\n"
             "   later. What arrives before the deadline counts.\n"
             "4. After a crash run mingfa take again.\n"
             "5. At the deadline the paper is collected."));
}

static int ask_start(const struct invocation *in)
{
    char line[LINE_BYTES_MAX];

    printf("%s", say(in, "\n输入 start 开始考试：", "\nType start to begin: "));
    fflush(stdout);
    if (read_line(line, sizeof(line)) && strcmp(line, "start") == 0)
        return 0;
    puts(say(in, "没有开始，未占用考试机会。", "Not started; no attempt was used."));
    return EXIT_REFUSED;
}

/* The server may ask to come back in a moment: many start at once. */
static int start_patiently(struct invocation *in, const char *path, const json_t *body,
                           json_t **session)
{
    const struct client_problem *problem = client_problem(in->client);
    struct err err = {0};
    int rc = ERR_BUSY;

    for (int i = 0; i < START_TRIES_MAX && rc == ERR_BUSY; i++) {
        if (i > 0) {
            int64_t wait = problem->retry_after_s < 1                  ? 1
                           : problem->retry_after_s > START_WAIT_S_MAX ? START_WAIT_S_MAX
                                                                       : problem->retry_after_s;
            unsigned ready;

            fprintf(stderr,
                    say(in, "服务器繁忙，%lld 秒后自动重试……\n",
                        "The server is busy; trying again in %lld seconds…\n"),
                    (long long)wait);
            client_pump(in->client, NULL, 0, (int)(wait * 1000), &ready);
        }
        rc = client_json(in->client, "POST", path, body, session, &err);
    }
    return rc == 0 ? 0 : report(in, &err);
}

static int start(struct invocation *in, const json_t *exam, json_t **session)
{
    char path[CLIENT_PATH_BYTES_MAX];
    uint8_t nonce[NONCE_BYTES];
    char hex[2 * NONCE_BYTES + 1];
    json_t *body;
    int rc;

    print_instructions(in, exam);
    rc = ask_start(in);
    if (rc != 0)
        return rc;
    if (RAND_bytes(nonce, sizeof(nonce)) != 1) {
        fprintf(
            stderr, "%s\n",
            say(in, "错误：系统随机数发生器不可用。", "error: the system gives no random bytes."));
        return EXIT_REFUSED;
    }
    hex_encode(hex, nonce, sizeof(nonce));
    body = json_pack("{s:O, s:s}", "attempt", json_object_get(exam, "next_attempt"), "nonce", hex);
    snprintf(path, sizeof(path), "/api/v1/exams/%s/sessions", text_of(exam, "exam"));
    rc = start_patiently(in, path, body, session);
    json_decref(body);
    return rc;
}

static int go_on(struct invocation *in, const json_t *exam, json_t **session)
{
    char path[CLIENT_PATH_BYTES_MAX];
    struct err err = {0};

    snprintf(path, sizeof(path), "/api/v1/sessions/%s",
             text_of(json_object_get(exam, "session"), "session"));
    return client_json(in->client, "GET", path, NULL, session, &err) == 0 ? 0 : report(in, &err);
}

/* ---- sitting ---- */

static int log_in_again(struct sitting *s)
{
    const char *person = text_of(s->in->login, "person");
    char who[PERSON_TEXT_BYTES];
    int rc = EXIT_REFUSED;

    snprintf(who, sizeof(who), "%s", person);
    fprintf(stderr, "%s\n",
            say(s->in, "登录已失效，请重新输入密码。作答保存在本机，登录后自动上传。",
                "The login ended; enter your password again. Your answers are kept here and are "
                "sent once you are logged in."));
    if (!isatty(STDIN_FILENO))
        return report_login(s->in);
    for (int i = 0; i < LOGIN_TRIES_MAX && rc == EXIT_REFUSED; i++)
        rc = login_again(s->in, who);
    if (rc == 0)
        sitting_logged_in(s);
    return rc;
}

static void print_left(const struct sitting *s)
{
    size_t unsent = queue_count(&s->queue, ANSWER_UNSENT);
    char clock[32];

    take_clock_text(s, clock);
    printf(
        say(s->in, "\n已离开，尚未交卷，考试仍在计时（剩余 %s）。再次运行 mingfa take 继续作答。\n",
            "\nLeft without handing in; the clock goes on (%s left). Run mingfa take to go on.\n"),
        clock);
    if (unsent > 0)
        printf(
            say(s->in, "有 %zu 题尚未上传，保存在本机，下次运行时自动上传。\n",
                "%zu answers are not stored yet; they are kept here and sent at the next run.\n"),
            unsent);
}

static int finish(struct sitting *s, enum take_end end)
{
    const struct queue *q = &s->queue;

    if (end == TAKE_OVER && s->result != NULL) {
        if (queue_count(q, ANSWER_REFUSED) > 0)
            printf(say(s->in, "有 %zu 题的作答在收卷后到达，未被接收。\n",
                       "%zu answers came after the end and were not taken.\n"),
                   queue_count(q, ANSWER_REFUSED));
        my_print_result(s->in, text_of(s->session, "exam_name"), s->result);
        my_print_coverage(s->in, text_of(s->session, "exam"), text_of(s->result, "unit"));
        return 0;
    }
    if (end == TAKE_OVER) {
        fprintf(stderr, "%s%s\n", say(s->in, "错误：", "error: "), s->notice);
        return EXIT_REFUSED;
    }
    print_left(s);
    return end == TAKE_LEFT && queue_count(q, ANSWER_UNSENT) == 0 ? 0 : EXIT_REFUSED;
}

static int sit(struct invocation *in, json_t *session)
{
    bool lines = in->value[OPT_LINES] != NULL || !isatty(STDIN_FILENO) || !in->terminal;
    struct take_place place = {0};
    struct sitting s;
    struct err err = {0};
    enum take_end end = TAKE_LOGIN;
    int rc = sitting_init(&s, in, session, &err);

    if (rc != 0) {
        sitting_fini(&s);
        return report(in, &err);
    }
    if (queue_count(&s.queue, ANSWER_UNSENT) > 0)
        fprintf(stderr,
                say(in, "上次有 %zu 题未上传，正在补传。\n",
                    "%zu answers of the last run are being sent.\n"),
                queue_count(&s.queue, ANSWER_UNSENT));
    do {
        end = lines ? take_lines(&s, &place) : take_screen(&s, &place);
        if (end == TAKE_LOGIN)
            rc = log_in_again(&s);
    } while (end == TAKE_LOGIN && rc == 0);
    rc = finish(&s, end);
    sitting_fini(&s);
    return rc;
}

int cmd_take(struct invocation *in)
{
    json_t *exam = NULL;
    json_t *session = NULL;
    int rc = choose_exam(in, &exam);

    if (rc == 0)
        rc = is_running(exam) ? go_on(in, exam, &session) : start(in, exam, &session);
    json_decref(exam);
    return rc != 0 ? rc : sit(in, session);
}
