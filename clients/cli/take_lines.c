/* take in plain lines: a question, an answer, a line that says whether it is stored. It needs no
 * terminal, reads well aloud, and can be driven by a script.
 *
 * While it waits for a line it keeps the clock and sends what is unsent. */
#include "clients/cli/take.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

enum { COLUMNS_LEAST = 20, LISTED_MOST = 1000, SHEET_CELLS = 5 };

struct lines {
    struct sitting *s;
    size_t at;
    int columns; /* 0: no terminal, no wrapping */
    char input[LINE_BYTES_MAX];
    size_t input_len;
    bool ended;        /* end of input */
    enum take_end end; /* 0: goes on */
    bool was_connected;
};

static const char *words(const struct lines *l, const char *zh, const char *en)
{
    return say(l->s->in, zh, en);
}

static int terminal_columns(void)
{
    struct winsize size = {0};

    if (!isatty(STDOUT_FILENO))
        return 0;
    if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col >= COLUMNS_LEAST)
        return size.ws_col;
    return 80;
}

static void print_text(const struct lines *l, const char *prefix, const char *text)
{
    int indent = text_width(prefix, l->s->in->wide);
    struct buf clean = {0};
    const char *rest;
    size_t next = 0;

    text_append_clean(&clean, text);
    rest = buf_text(&clean) != NULL ? buf_text(&clean) : "";
    fputs(prefix, stdout);
    while (l->columns > 0 && *rest != '\0') {
        size_t len = text_line(rest, l->columns - 1 - indent, l->s->in->wide, &next);

        printf("%.*s", (int)len, rest);
        rest += next;
        if (*rest != '\0')
            printf("\n%*s", indent, "");
    }
    puts(rest);
    buf_fini(&clean);
}

static void print_answer(const struct lines *l, size_t item)
{
    const char *state = answer_state_text(l->s, item);
    struct buf line = {0};

    answer_text(l->s, item, &line);
    printf("%s",
           line.len > 0 && buf_text(&line) != NULL ? buf_text(&line) : words(l, "未答", "none"));
    printf("%s%s%s", state[0] != '\0' ? " [" : "", state, state[0] != '\0' ? "]" : "");
    printf("%s", item_is_marked(l->s, item) ? words(l, " [待查]", " [marked]") : "");
    buf_fini(&line);
}

static void print_item(const struct lines *l)
{
    const json_t *item = sitting_item(l->s, l->at);
    const json_t *options = json_object_get(item, "options");
    char clock[32];

    take_clock_text(l->s, clock);
    printf(words(l, "\n[%zu/%zu] %s  %lld 分  剩余 %s\n", "\n[%zu/%zu] %s  %lld p.  left %s\n"),
           l->at + 1, l->s->queue.count, item_type_name(l->s->in, item),
           (long long)(int_of(item, "points") / 100), clock);
    print_text(l, "", text_of(item, "stem"));
    if (item_is(item, "true_false"))
        puts(words(l, " A. 正确\n B. 错误", " A. true\n B. false"));
    for (int k = 0; k < item_letters(item) && !item_is(item, "true_false"); k++) {
        char prefix[8];

        snprintf(prefix, sizeof(prefix), " %c. ", 'A' + k);
        print_text(l, prefix, json_string_value(json_array_get(options, (size_t)k)));
    }
    printf("%s", words(l, "我的作答：", "My answer: "));
    print_answer(l, l->at);
    putchar('\n');
}

static void print_sheet(const struct lines *l)
{
    for (size_t i = 0; i < l->s->queue.count; i++) {
        printf("%4zu ", i + 1);
        print_answer(l, i);
        fputs(i % SHEET_CELLS == SHEET_CELLS - 1 || i + 1 == l->s->queue.count ? "\n" : "  ",
              stdout);
    }
    printf(words(l, "已存 %zu，未上传 %zu，未答 %zu\n", "stored %zu, unsent %zu, none %zu\n"),
           queue_stored(&l->s->queue), queue_count(&l->s->queue, ANSWER_UNSENT),
           queue_unanswered(&l->s->queue));
}

static void print_message(const struct lines *l)
{
    struct buf message = {0};

    take_message(l->s, &message);
    if (message.len > 0 && buf_text(&message) != NULL)
        puts(buf_text(&message));
    buf_fini(&message);
}

static void print_help(const struct lines *l)
{
    puts(words(l,
               "字母  选择选项，多选题写全部字母，如 AC；判断题 A 正确、B 错误\n"
               "=文字 填空    -  清除本题    m  标记待查\n"
               "n 或回车 下一题    p  上一题    题号  跳转\n"
               "s  答题卡    r  立即重试上传    w  等待全部上传\n"
               "t  交卷    q  离开（仍在计时）",
               "letters  choose; all of them for multiple choice (AC); A true, B false\n"
               "=text fills in    -  clears    m  marks for later\n"
               "n or Enter  next    p  previous    a number goes there\n"
               "s  sheet    r  try to send now    w  wait until all is stored\n"
               "t  hand in    q  leave (the clock goes on)"));
}

/* ---- input ---- */

/* Ends the wait for a line when the session ends, or the login does. */
static void check_end(struct lines *l)
{
    if (l->end == 0 && l->s->over)
        l->end = TAKE_OVER;
    else if (l->end == 0 && l->s->needs_login)
        l->end = TAKE_LOGIN;
}

/* A lost or found connection is worth a line of its own. */
static void tell_connection(struct lines *l)
{
    if (l->was_connected == l->s->connected)
        return;
    l->was_connected = l->s->connected;
    if (!l->s->connected)
        print_message(l);
    else if (queue_count(&l->s->queue, ANSWER_UNSENT) == 0)
        puts(words(l, "网络已恢复，作答已全部上传。",
                   "The network is back; all answers are stored."));
    else
        puts(words(l, "网络已恢复。", "The network is back."));
    fflush(stdout);
}

/* The next line without its end; false when there will be none, or the session ended meanwhile. */
static bool next_line(struct lines *l, char out[LINE_BYTES_MAX])
{
    int fd = STDIN_FILENO;

    for (;;) {
        char *end = memchr(l->input, '\n', l->input_len);
        unsigned ready = 0;
        ssize_t n;

        if (end != NULL || l->input_len == sizeof(l->input) || (l->ended && l->input_len > 0)) {
            size_t len = end != NULL ? (size_t)(end - l->input) : l->input_len;
            size_t used = end != NULL ? len + 1 : len;

            len = len < LINE_BYTES_MAX ? len : LINE_BYTES_MAX - 1;
            memcpy(out, l->input, len);
            out[len] = '\0';
            out[strcspn(out, "\r")] = '\0';
            memmove(l->input, l->input + used, l->input_len - used);
            l->input_len -= used;
            return true;
        }
        if (l->ended)
            return false;
        sitting_step(l->s, &fd, 1, -1, &ready);
        tell_connection(l);
        check_end(l);
        if (l->end != 0)
            return false;
        if ((ready & 1) != 0) {
            n = read(fd, l->input + l->input_len, sizeof(l->input) - l->input_len);
            l->ended = n <= 0;
            l->input_len += n > 0 ? (size_t)n : 0;
        }
    }
}

static bool ask(struct lines *l, const char *prompt, char out[LINE_BYTES_MAX])
{
    fputs(prompt, stdout);
    fflush(stdout);
    return next_line(l, out);
}

/* ---- acts ---- */

/* Sends, and says what became of it: only the server's word makes it stored. */
static void settle(struct lines *l)
{
    sitting_settle(l->s);
    l->was_connected = l->s->connected;
    check_end(l);
}

static void answer(struct lines *l, json_t *value)
{
    if (!sitting_is_writing(l->s)) {
        json_decref(value);
        print_message(l);
        return;
    }
    sitting_answer(l->s, l->at, value);
    settle(l);
    printf("%s", words(l, "作答：", "Answer: "));
    print_answer(l, l->at);
    putchar('\n');
    print_message(l);
}

static void hand_in(struct lines *l)
{
    char line[LINE_BYTES_MAX];
    struct buf list = {0};
    size_t missing = queue_unanswered(&l->s->queue);

    if (missing == 0) {
        printf(words(l, "全部 %zu 题均已作答。\n", "All %zu items are answered.\n"),
               l->s->queue.count);
    } else {
        take_list_items(l->s, item_is_unanswered, LISTED_MOST, &list);
        printf(words(l, "未答 %zu 题：%s\n", "%zu unanswered: %s\n"), missing, buf_text(&list));
    }
    buf_clear(&list);
    take_list_items(l->s, item_is_marked, LISTED_MOST, &list);
    if (list.len > 0)
        printf("%s%s\n", words(l, "标记待查：", "Marked: "), buf_text(&list));
    buf_fini(&list);
    if (!ask(l,
             words(l, "交卷后不能修改。确认请输入 yes：",
                   "Nothing can be changed afterwards. Type yes: "),
             line) ||
        strcmp(line, "yes") != 0) {
        if (l->end == 0)
            puts(words(l, "没有交卷。", "Not handed in."));
        return;
    }
    sitting_submit(l->s);
    settle(l);
    while (l->end == 0 && l->s->want_submit) { /* no network: until it is back */
        unsigned ready;

        tell_connection(l);
        sitting_step(l->s, NULL, 0, -1, &ready);
        check_end(l);
    }
    print_message(l);
}

static void wait_stored(struct lines *l)
{
    while (l->end == 0 && queue_count(&l->s->queue, ANSWER_UNSENT) > 0) {
        unsigned ready;

        sitting_step(l->s, NULL, 0, -1, &ready);
        tell_connection(l);
        check_end(l);
    }
    printf(words(l, "已存 %zu，未上传 %zu\n", "stored %zu, unsent %zu\n"),
           queue_stored(&l->s->queue), queue_count(&l->s->queue, ANSWER_UNSENT));
}

/* A line that is only option letters becomes a value; NULL if it is something else. */
static json_t *letters_value(const json_t *item, const char *line)
{
    int letters = item_letters(item);
    json_int_t mask = 0;
    size_t n;

    for (n = 0; line[n] != '\0'; n++) {
        int k = (line[n] | 32) - 'a';
        if (k < 0 || k >= letters)
            return NULL;
        mask |= (json_int_t)1 << k;
    }
    if (n == 0 || (n > 1 && !item_is(item, "multiple")))
        return NULL;
    return json_integer(item_is(item, "true_false") ? mask == 1 : mask);
}

/* Two or more letters of options, as if the item were multiple choice. */
static bool only_letters(const json_t *item, const char *line)
{
    size_t n;

    for (n = 0;
         line[n] != '\0' && (line[n] | 32) >= 'a' && (line[n] | 32) < 'a' + item_letters(item); n++)
        ;
    return n > 1 && line[n] == '\0';
}

static void fill_in(struct lines *l, const char *text)
{
    json_t *value = answer_of_text(text);

    if (item_letters(sitting_item(l->s, l->at)) > 0) {
        puts(words(l, "本题不是填空题，请输入选项字母。",
                   "This is no fill-in item; choose letters."));
        json_decref(value);
    } else if (value == NULL) {
        puts(words(l, "答案过长或不是有效文字。", "The text is too long or not valid."));
    } else {
        answer(l, value);
    }
}

static void go_to(struct lines *l, size_t item)
{
    l->at = item < l->s->queue.count ? item : l->s->queue.count - 1;
}

/* True when the item is to be shown again. */
static bool obey(struct lines *l, const char *line)
{
    const json_t *item = sitting_item(l->s, l->at);
    json_t *value = letters_value(item, line);
    char *rest;
    long number = strtol(line, &rest, 10);

    if (value != NULL) {
        answer(l, value);
        return false;
    }
    if (only_letters(item, line)) {
        puts(words(l, "本题只能选一个选项。", "This item takes one option."));
        return false;
    }
    if (line[0] == '\0' || strcmp(line, "n") == 0) {
        if (l->at + 1 == l->s->queue.count)
            puts(words(l, "已是最后一题。", "This is the last item."));
        go_to(l, l->at + 1);
        return true;
    }
    if (strcmp(line, "p") == 0) {
        go_to(l, l->at > 0 ? l->at - 1 : 0);
        return true;
    }
    if (rest != line && *rest == '\0') {
        if (number < 1 || (size_t)number > l->s->queue.count) {
            printf(words(l, "没有第 %ld 题，本卷共 %zu 题。\n",
                         "There is no item %ld; the paper has %zu.\n"),
                   number, l->s->queue.count);
            return false;
        }
        go_to(l, (size_t)number - 1);
        return true;
    }
    if (line[0] == '=') {
        fill_in(l, line + 1);
    } else if (strcmp(line, "-") == 0) {
        answer(l, json_null());
    } else if (strcmp(line, "m") == 0) {
        queue_mark(&l->s->queue, l->at, !item_is_marked(l->s, l->at));
        puts(item_is_marked(l->s, l->at) ? words(l, "已标记待查。", "Marked.")
                                         : words(l, "已取消标记。", "Unmarked."));
    } else if (strcmp(line, "s") == 0) {
        print_sheet(l);
    } else if (strcmp(line, "r") == 0) {
        sitting_hurry(l->s);
        settle(l);
        print_message(l);
    } else if (strcmp(line, "w") == 0) {
        wait_stored(l);
    } else if (strcmp(line, "t") == 0) {
        hand_in(l);
    } else if (strcmp(line, "q") == 0) {
        l->end = TAKE_LEFT;
    } else {
        print_help(l);
    }
    return false;
}

enum take_end take_lines(struct sitting *s, struct take_place *place)
{
    struct lines *l = calloc(1, sizeof(*l));
    char line[LINE_BYTES_MAX];
    enum take_end end;
    bool show = true;

    if (l == NULL)
        return TAKE_FAILED;
    l->s = s;
    l->at = place->item;
    l->columns = terminal_columns();
    l->was_connected = true;
    settle(l);
    print_help(l);
    print_message(l);
    while (l->end == 0) {
        if (show)
            print_item(l);
        if (ask(l, "> ", line))
            show = obey(l, line);
        else if (l->end == 0)
            l->end = TAKE_LEFT;
    }
    if (l->end == TAKE_OVER && !s->want_submit && l->s->result != NULL)
        putchar('\n');
    place->item = l->at;
    end = l->end;
    free(l);
    return end;
}
