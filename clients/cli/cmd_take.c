/* take: the exam in a terminal. One question at a time; every answer is sent at once and shown as
 * stored only on the server's word; what could not be sent is sent again with the next one.
 *
 * Plain lines, no cursor games: it works over any connection and reads well aloud. */
#include "clients/cli/command.h"

#include "question-bank/base/digest.h"
#include "question-bank/base/utf8.h"

#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

enum { PAPER_ITEMS_MAX = 1000, LINE_BYTES_MAX = 1024, COLUMNS_DEFAULT = 80, PATH_BYTES_MAX = 256 };

struct answer {
    json_t *value; /* owned; NULL: none */
    int64_t seq;
    bool stored;
};

struct sitting {
    struct invocation *in;
    json_t *session; /* owned */
    json_t *items;   /* borrowed from session */
    const char *id;  /* borrowed from session */
    size_t count;
    size_t at;
    struct answer *answers;
    int64_t epoch;
    int64_t next_seq;
    int64_t deadline_ms;
    int64_t server_ms; /* at local_ms */
    int64_t local_ms;
    bool closed;
};

static int64_t monotonic_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_MONOTONIC, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

static int columns(void)
{
    struct winsize size;

    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= 20)
        return size.ws_col;
    return COLUMNS_DEFAULT;
}

/* Wraps text at the terminal's width, continuing under `indent` columns. */
static void print_wrapped(const struct invocation *in, const char *text, int indent)
{
    size_t len = strlen(text);
    size_t pos = 0;
    int width = columns() - 1;
    int at = indent;

    while (pos < len) {
        size_t start = pos;
        int w;

        utf8_next(text, len, &pos);
        w = utf8_width(text + start, pos - start, in->ambiguous_wide);
        if (at + w > width) {
            printf("\n%*s", indent, "");
            at = indent;
        }
        fwrite(text + start, 1, pos - start, stdout);
        at += w;
    }
    putchar('\n');
}

static const char *path_of(const struct sitting *s, const char *rest, char path[PATH_BYTES_MAX])
{
    snprintf(path, PATH_BYTES_MAX, "/api/v1/sessions/%s%s", s->id, rest);
    return path;
}

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));

    return text != NULL ? text : "";
}

static void hear(struct sitting *s, const json_t *ack)
{
    const char *state = text_of(ack, "state");

    s->deadline_ms = json_integer_value(json_object_get(ack, "deadline_ms"));
    s->server_ms = json_integer_value(json_object_get(ack, "server_time_ms"));
    s->local_ms = monotonic_ms();
    s->closed = strcmp(state, "started") != 0 && strcmp(state, "suspended") != 0;
}

/* Sends all that is not stored. */
static int send_unsent(struct sitting *s, struct err *err)
{
    json_t *responses = json_array();
    char path[PATH_BYTES_MAX];
    json_t *body;
    json_t *ack = NULL;
    int rc;

    for (size_t i = 0; i < s->count; i++) {
        const struct answer *a = &s->answers[i];
        if (a->seq != 0 && !a->stored)
            json_array_append_new(responses,
                                  json_pack("{s:I, s:I, s:O?}", "seq", (json_int_t)a->seq, "item",
                                            (json_int_t)i, "value", a->value));
    }
    if (json_array_size(responses) == 0) {
        json_decref(responses);
        return 0;
    }
    body = json_pack("{s:I, s:o}", "epoch", (json_int_t)s->epoch, "responses", responses);
    rc = client_json(s->in->client, "PUT", path_of(s, "/responses", path), body, &ack, err);
    json_decref(body);
    if (rc != 0)
        return rc;
    hear(s, ack);
    json_decref(ack);
    for (size_t i = 0; i < s->count; i++)
        if (s->answers[i].seq != 0)
            s->answers[i].stored = true;
    return 0;
}

static void choose(struct sitting *s, json_t *value)
{
    struct answer *a = &s->answers[s->at];
    struct err err = {0};

    json_decref(a->value);
    a->value = json_is_null(value) ? (json_decref(value), NULL) : value;
    a->seq = s->next_seq++;
    a->stored = false;
    if (send_unsent(s, &err) == 0) {
        printf("  ✓ %s\n", say(s->in, "已存", "stored"));
    } else {
        report(s->in, &err);
        printf("  … %s\n", say(s->in, "未上传，下次作答时再试（命令 r 立即重试）",
                               "not stored; sent again with the next answer (r: now)"));
    }
}

static const char *type_name(const struct invocation *in, const char *type)
{
    if (strcmp(type, "single") == 0)
        return say(in, "单选题", "single choice");
    if (strcmp(type, "multiple") == 0)
        return say(in, "多选题", "multiple choice");
    if (strcmp(type, "true_false") == 0)
        return say(in, "判断题（A 正确，B 错误）", "true or false (A true, B false)");
    return say(in, "填空题（= 后面写答案）", "fill in (write the answer after =)");
}

static void print_answer(const struct sitting *s, size_t i)
{
    const struct answer *a = &s->answers[i];
    const char *type = text_of(json_array_get(s->items, i), "type");

    if (a->value == NULL) {
        printf("%s", say(s->in, "未答", "unanswered"));
    } else if (json_is_string(a->value)) {
        printf("%s", json_string_value(a->value));
    } else if (strcmp(type, "true_false") == 0) {
        printf("%s", json_integer_value(a->value) == 1 ? "A" : "B");
    } else {
        for (int k = 0; k < 8; k++)
            if ((json_integer_value(a->value) >> k & 1) != 0)
                putchar('A' + k);
    }
    printf(" %s", a->value == NULL ? "" : a->stored ? "✓" : "…");
}

static void show(const struct sitting *s)
{
    const json_t *item = json_array_get(s->items, s->at);
    const json_t *options = json_object_get(item, "options");
    int64_t left = s->deadline_ms - (s->server_ms + monotonic_ms() - s->local_ms);

    left = left > 0 ? left / 1000 : 0;
    printf("\n[%zu/%zu] %s  %s %lld:%02lld\n", s->at + 1, s->count,
           type_name(s->in, text_of(item, "type")), say(s->in, "剩余", "left"),
           (long long)(left / 60), (long long)(left % 60));
    print_wrapped(s->in, text_of(item, "stem"), 0);
    for (size_t i = 0; i < json_array_size(options); i++) {
        printf(" %c. ", (char)('A' + (int)i));
        print_wrapped(s->in, json_string_value(json_array_get(options, i)), 4);
    }
    printf("%s", say(s->in, "作答：", "answer: "));
    print_answer(s, s->at);
    putchar('\n');
}

static void print_sheet(const struct sitting *s)
{
    for (size_t i = 0; i < s->count; i++) {
        printf("%4zu ", i + 1);
        print_answer(s, i);
        if (i % 5 == 4 || i + 1 == s->count)
            putchar('\n');
        else
            putchar('\t');
    }
}

static int print_result(struct sitting *s, const json_t *result)
{
    const json_t *score = json_object_get(result, "score");
    long long points = json_integer_value(json_object_get(score, "points"));

    if (json_is_null(score)) {
        puts(say(s->in, "已交卷，正在评卷。", "Handed in; being marked."));
        return 0;
    }
    printf("%s %lld.%02lld　%s　%s\n", say(s->in, "得分", "score"), points / 100, points % 100,
           json_is_true(json_object_get(score, "passed")) ? say(s->in, "合格", "passed")
                                                          : say(s->in, "不合格", "not passed"),
           text_of(score, "band"));
    printf("%s %s\n", say(s->in, "存证摘要", "receipt"), text_of(result, "head"));
    return 0;
}

static bool hand_in(struct sitting *s)
{
    char path[PATH_BYTES_MAX];
    char line[LINE_BYTES_MAX];
    struct err err = {0};
    json_t *result = NULL;
    json_t *body;
    size_t missing = 0;
    int rc;

    for (size_t i = 0; i < s->count; i++)
        missing += s->answers[i].value == NULL;
    printf("%s %zu。%s", say(s->in, "未答题数", "unanswered"), missing,
           say(s->in, "确认交卷请输入 yes：", "Type yes to hand in: "));
    fflush(stdout);
    if (fgets(line, sizeof(line), stdin) == NULL || strncmp(line, "yes", 3) != 0)
        return false;
    rc = send_unsent(s, &err);
    if (rc == 0) {
        body = json_pack("{s:I, s:I}", "epoch", (json_int_t)s->epoch, "seq",
                         (json_int_t)(s->next_seq - 1));
        rc = client_json(s->in->client, "POST", path_of(s, "/submission", path), body, &result,
                         &err);
        json_decref(body);
    }
    if (rc != 0) {
        report(s->in, &err);
        return false;
    }
    print_result(s, result);
    json_decref(result);
    return true;
}

/* A line that is only option letters becomes a mask; NULL if it is something else. */
static json_t *letters_value(const json_t *item, const char *line)
{
    const char *type = text_of(item, "type");
    size_t options = json_array_size(json_object_get(item, "options"));
    bool judged = strcmp(type, "true_false") == 0;
    json_int_t mask = 0;
    size_t n = 0;

    if (judged)
        options = 2;
    for (; line[n] != '\0'; n++) {
        int k = (line[n] | 32) - 'a';
        if (k < 0 || (size_t)k >= options)
            return NULL;
        mask |= (json_int_t)1 << k;
    }
    if (n == 0 || (n > 1 && strcmp(type, "multiple") != 0))
        return NULL;
    return json_integer(judged ? mask == 1 : mask);
}

static void command_of(struct sitting *s, char *line, bool *done)
{
    json_t *value = letters_value(json_array_get(s->items, s->at), line);
    struct err err = {0};
    long number = strtol(line, NULL, 10);

    if (value != NULL) {
        choose(s, value);
        if (s->at + 1 < s->count)
            s->at++;
    } else if (line[0] == '=') {
        choose(s, json_string(line + 1));
    } else if (strcmp(line, "-") == 0) {
        choose(s, json_null());
    } else if (number >= 1 && (size_t)number <= s->count) {
        s->at = (size_t)number - 1;
    } else if (line[0] == '\0' || strcmp(line, "n") == 0) {
        s->at = s->at + 1 < s->count ? s->at + 1 : s->at;
    } else if (strcmp(line, "p") == 0) {
        s->at = s->at > 0 ? s->at - 1 : 0;
    } else if (strcmp(line, "s") == 0) {
        print_sheet(s);
    } else if (strcmp(line, "r") == 0) {
        if (send_unsent(s, &err) != 0)
            report(s->in, &err);
    } else if (strcmp(line, "h") == 0 || strcmp(line, "交卷") == 0) {
        *done = hand_in(s);
    } else if (strcmp(line, "q") == 0) {
        puts(say(s->in, "已离开，考试仍在计时；再次运行 mingfa take 继续。",
                 "Left; the clock goes on. Run mingfa take to go on."));
        *done = true;
    } else {
        puts(say(s->in,
                 "字母作答；= 填空；- 清除；回车/n 下一题；p 上一题；题号 跳转；s 答题卡；r "
                 "重传；h 交卷；q 离开",
                 "letters answer; = fills in; - clears; Enter/n next; p previous; a number goes "
                 "there; s sheet; r resend; h hand in; q leave"));
    }
}

static int loop(struct sitting *s)
{
    char line[LINE_BYTES_MAX];
    bool done = false;

    while (!done && !s->closed) {
        show(s);
        printf("> ");
        fflush(stdout);
        if (fgets(line, sizeof(line), stdin) == NULL)
            return EXIT_REFUSED;
        line[strcspn(line, "\r\n")] = '\0';
        command_of(s, line, &done);
    }
    if (s->closed && !done) {
        char path[PATH_BYTES_MAX];
        struct err err = {0};
        json_t *result = NULL;

        puts(say(s->in, "考试时间到，系统已收卷。", "Time is up; the paper was collected."));
        if (client_json(s->in->client, "GET", path_of(s, "/result", path), NULL, &result, &err) ==
            0)
            print_result(s, result);
        json_decref(result);
    }
    return 0;
}

/* The running session of the exam, or a new one; *out is a new reference. */
static int find_session(struct invocation *in, json_t **out, struct err *err)
{
    char path[PATH_BYTES_MAX];
    uint8_t nonce[32];
    char hex[65];
    json_t *mine = NULL;
    json_t *exam;
    json_t *chosen = NULL;
    size_t i;
    int rc = client_json(in->client, "GET", "/api/v1/me/exams", NULL, &mine, err);

    if (rc != 0)
        return rc;
    json_array_foreach(json_object_get(mine, "exams"), i, exam)
    {
        const char *state = text_of(json_object_get(exam, "session"), "state");
        bool running = strcmp(state, "started") == 0 || strcmp(state, "suspended") == 0;
        bool startable = strcmp(text_of(exam, "state"), "open") == 0 &&
                         json_is_integer(json_object_get(exam, "next_attempt"));

        if (in->words_count > 0 && strcmp(in->words[0], text_of(exam, "exam")) != 0)
            continue;
        if (running || (startable && chosen == NULL))
            chosen = exam;
    }
    if (chosen == NULL) {
        static const struct msg MSG_NONE = {"no-exam", "现在没有可以参加的考试。",
                                            "There is no exam to sit now."};
        json_decref(mine);
        return err_set(err, ERR_NOT_FOUND, &MSG_NONE, NULL, NULL, NULL, NULL);
    }
    if (json_is_integer(json_object_get(chosen, "next_attempt"))) {
        json_t *body;

        RAND_bytes(nonce, sizeof(nonce));
        hex_encode(hex, nonce, sizeof(nonce));
        body = json_pack("{s:O, s:s}", "attempt", json_object_get(chosen, "next_attempt"), "nonce",
                         hex);
        snprintf(path, sizeof(path), "/api/v1/exams/%s/sessions", text_of(chosen, "exam"));
        rc = client_json(in->client, "POST", path, body, out, err);
        json_decref(body);
    } else {
        snprintf(path, sizeof(path), "/api/v1/sessions/%s",
                 text_of(json_object_get(chosen, "session"), "session"));
        rc = client_json(in->client, "GET", path, NULL, out, err);
    }
    json_decref(mine);
    return rc;
}

static int open_session(struct sitting *s, struct err *err)
{
    char path[PATH_BYTES_MAX];
    uint8_t device[16];
    char hex[33];
    json_t *body;
    json_t *ack = NULL;
    json_t *r;
    size_t i;
    int rc;

    RAND_bytes(device, sizeof(device));
    hex_encode(hex, device, sizeof(device));
    body = json_pack("{s:s}", "device", hex);
    rc = client_json(s->in->client, "POST", path_of(s, "/open", path), body, &ack, err);
    json_decref(body);
    if (rc != 0)
        return rc;
    hear(s, ack);
    s->epoch = json_integer_value(json_object_get(ack, "epoch"));
    s->next_seq = json_integer_value(json_object_get(ack, "next_seq"));
    json_array_foreach(json_object_get(ack, "responses"), i, r)
    {
        size_t item = (size_t)json_integer_value(json_object_get(r, "item"));
        json_t *value = json_object_get(r, "value");
        if (item < s->count && !json_is_null(value)) {
            s->answers[item].value = json_incref(value);
            s->answers[item].stored = true;
        }
    }
    json_decref(ack);
    return 0;
}

int cmd_take(struct invocation *in)
{
    struct sitting s = {.in = in};
    struct err err = {0};
    int rc = find_session(in, &s.session, &err);

    if (rc != 0)
        return report(in, &err);
    s.items = json_object_get(json_object_get(s.session, "paper"), "items");
    s.id = text_of(s.session, "session");
    s.count = json_array_size(s.items);
    s.answers = calloc(s.count + 1, sizeof(*s.answers));
    if (s.answers == NULL || s.count == 0 || s.count > PAPER_ITEMS_MAX) {
        rc = EXIT_REFUSED;
        goto out;
    }
    rc = open_session(&s, &err);
    if (rc != 0) {
        rc = report(in, &err);
        goto out;
    }
    printf("%s\n", text_of(s.session, "exam_name"));
    rc = loop(&s);
out:
    for (size_t i = 0; i < s.count && s.answers != NULL; i++)
        json_decref(s.answers[i].value);
    free(s.answers);
    json_decref(s.session);
    return rc;
}
