/* take on a full screen: one item at a time, the sheet, the clock. It works in 80 x 24 and smaller.
 *
 *   ITEM ── s ──> SHEET     t ──> HAND_IN     q ──> QUIT     ? ──> HELP
 *     └─ Enter on a fill-in item ──> EDIT     digits ──> JUMP
 *
 * The loop waits for keys, signals and the server at once; it draws after each, and every second. */
#include "clients/cli/screen.h"
#include "clients/cli/take.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum mode { MODE_ITEM, MODE_SHEET, MODE_HAND_IN, MODE_QUIT, MODE_HELP, MODE_EDIT, MODE_JUMP };

enum {
    BODY_TOP = 3,   /* title, item, rule */
    BODY_BELOW = 4, /* rule, message in two rows, keys */
    BODY_LINES_MAX = 4000,
    SHEET_TOP = 2, /* legend, blank */
    CELL_COLUMNS = 7,
    CELLS_MOST = 10,
    LISTED_MOST = 60,
    TYPED_BYTES_MAX = QUEUE_TEXT_BYTES_MAX
};

struct line {
    struct buf text;
    bool bold;
};

struct view {
    struct sitting *s;
    struct screen screen;
    enum mode mode;
    size_t at;
    int scroll;
    struct buf typed;
    struct line *lines; /* the body */
    size_t count, room;
    enum take_end end; /* 0: goes on */
};

/* ---- the body ---- */

static const char *words(const struct view *v, const char *zh, const char *en)
{
    return say(v->s->in, zh, en);
}

static struct line *add_line(struct view *v)
{
    if (v->count == v->room && v->room < BODY_LINES_MAX) {
        size_t room = v->room == 0 ? 64 : 2 * v->room;
        struct line *lines = realloc(v->lines, room * sizeof(*lines));

        if (lines == NULL)
            return NULL;
        memset(lines + v->room, 0, (room - v->room) * sizeof(*lines));
        v->lines = lines;
        v->room = room;
    }
    if (v->count >= v->room)
        return NULL;
    buf_clear(&v->lines[v->count].text);
    v->lines[v->count].bold = false;
    return &v->lines[v->count++];
}

/* prefix on the first line, as many blanks under it. */
static void add_text(struct view *v, const char *prefix, const char *text, bool bold)
{
    int indent = text_width(prefix, v->screen.wide);
    int columns = v->screen.columns - 1 - indent;
    size_t next = 0;
    bool first = true;

    while (first || *text != '\0') {
        size_t len = text_line(text, columns < 2 ? 2 : columns, v->screen.wide, &next);
        struct line *line = add_line(v);

        if (line == NULL)
            return;
        line->bold = bold;
        if (first)
            buf_append_text(&line->text, prefix);
        else
            buf_printf(&line->text, "%*s", indent, "");
        buf_append(&line->text, text, len);
        text += next;
        first = false;
    }
}

static void body_options(struct view *v, const json_t *item)
{
    const json_t *options = json_object_get(item, "options");
    bool several = item_is(item, "multiple");

    for (int k = 0; k < item_letters(item); k++) {
        bool chosen = answer_has(v->s, v->at, k);
        const char *text = item_is(item, "true_false")
                               ? k == 0 ? words(v, "正确", "true") : words(v, "错误", "false")
                               : json_string_value(json_array_get(options, (size_t)k));
        char prefix[16];

        snprintf(prefix, sizeof(prefix), several ? "[%c] %c. " : "(%c) %c. ",
                 chosen ? several ? 'x' : '*' : ' ', 'A' + k);
        add_text(v, prefix, text != NULL ? text : "", chosen);
    }
}

static void body_item(struct view *v)
{
    const json_t *item = sitting_item(v->s, v->at);
    const char *state = answer_state_text(v->s, v->at);
    struct buf line = {0};

    add_text(v, "", text_of(item, "stem"), false);
    add_text(v, "", "", false);
    body_options(v, item);
    if (item_letters(item) > 0)
        add_text(v, "", "", false);
    answer_text(v->s, v->at, &line);
    if (line.len == 0)
        buf_append_text(&line, words(v, "未答", "none"));
    if (state[0] != '\0')
        buf_printf(&line, "  [%s]", state);
    if (buf_text(&line) != NULL)
        add_text(v, words(v, "我的作答：", "My answer: "), buf_text(&line), false);
    if (item_letters(item) == 0)
        add_text(v, "", words(v, "按回车键填写答案。", "Press Enter to write the answer."), false);
    buf_fini(&line);
}

static const char *sheet_sign(const struct sitting *s, size_t item)
{
    switch (s->queue.answers[item].state) {
    case ANSWER_UNSENT:
        return "!";
    case ANSWER_REFUSED:
        return "x";
    case ANSWER_STORED:
    case ANSWER_NONE:
        break;
    }
    return s->queue.answers[item].value != NULL ? "✓" : ".";
}

static int sheet_cells(const struct view *v)
{
    int cells = (v->screen.columns - 1) / CELL_COLUMNS;

    return cells < 1 ? 1 : cells > CELLS_MOST ? CELLS_MOST : cells;
}

static void body_sheet(struct view *v)
{
    size_t cells = (size_t)sheet_cells(v);
    struct line *line = NULL;

    add_text(v, "",
             words(v, "✓ 已存   ! 未上传   x 未被接收   . 未答   * 待查   > 当前",
                   "✓ stored  ! not stored yet  x not taken  . none  * marked  > here"),
             true);
    add_text(v, "", "", false);
    for (size_t i = 0; i < v->s->queue.count; i++) {
        if (i % cells == 0)
            line = add_line(v);
        if (line == NULL)
            return;
        buf_printf(&line->text, "%c%3zu%s%c ", i == v->at ? '>' : ' ', i + 1, sheet_sign(v->s, i),
                   item_is_marked(v->s, i) ? '*' : ' ');
    }
}

static void add_listed(struct view *v, const char *prefix,
                       bool (*want)(const struct sitting *, size_t))
{
    struct buf list = {0};

    take_list_items(v->s, want, LISTED_MOST, &list);
    if (list.len > 0 && buf_text(&list) != NULL)
        add_text(v, prefix, buf_text(&list), false);
    buf_fini(&list);
}

static void body_hand_in(struct view *v)
{
    size_t unsent = queue_count(&v->s->queue, ANSWER_UNSENT);
    char text[160];

    add_text(v, "", words(v, "确认交卷", "Hand in"), true);
    add_text(v, "", "", false);
    if (queue_unanswered(&v->s->queue) == 0) {
        snprintf(text, sizeof(text),
                 words(v, "全部 %zu 题均已作答。", "All %zu items are answered."),
                 v->s->queue.count);
        add_text(v, "", text, false);
    } else {
        snprintf(text, sizeof(text), words(v, "未答 %zu 题：", "%zu unanswered: "),
                 queue_unanswered(&v->s->queue));
        add_listed(v, text, item_is_unanswered);
    }
    add_listed(v, words(v, "标记待查：", "Marked: "), item_is_marked);
    if (unsent > 0) {
        snprintf(text, sizeof(text),
                 words(v, "还有 %zu 题未上传，交卷时先上传。",
                       "%zu answers are not stored yet; they go first."),
                 unsent);
        add_text(v, "", text, false);
    }
    add_text(v, "", "", false);
    add_text(v, "",
             words(v, "交卷后不能修改。按 y 交卷，按 n 返回继续作答。",
                   "Nothing can be changed afterwards. y hands in, n goes back."),
             true);
}

static void body_quit(struct view *v)
{
    add_text(v, "", words(v, "离开考试", "Leave"), true);
    add_text(v, "", "", false);
    add_text(v, "",
             words(v,
                   "离开不是交卷，考试仍在计时。未上传的作答保存在本机。截止前再次运行 "
                   "mingfa take 可以继续作答；到截止时间系统自动收卷。",
                   "Leaving does not hand in, and the clock goes on. Unsent answers are kept "
                   "on this machine. Run mingfa take again before the deadline to go on; at "
                   "the deadline the paper is collected."),
             false);
    add_text(v, "", "", false);
    add_text(v, "", words(v, "按 y 离开，按 n 返回继续作答。", "y leaves, n goes back."), true);
}

static void body_help(struct view *v)
{
    static const struct {
        const char *keys, *zh, *en;
    } rows[] = {
        {"A-H       ", "选择选项；多选题再按一次取消",
         "choose an option; again to undo (multiple)"},
        {"Enter     ", "填空题：填写答案；其他题：下一题", "fill in; otherwise the next item"},
        {"n p       ", "下一题、上一题（也可用 → ←）", "next, previous (arrows too)"},
        {"0-9       ", "输入题号，回车跳转", "a number and Enter: go there"},
        {"m         ", "标记或取消待查", "mark, or unmark, for later"},
        {"x         ", "清除本题作答", "clear the answer"},
        {"s         ", "答题卡", "the answer sheet"},
        {"t         ", "交卷", "hand in"},
        {"q         ", "离开（仍在计时）", "leave (the clock goes on)"},
        {"r         ", "网络中断时立即重试", "without network: try again now"},
        {"PgUp PgDn ", "题目较长时翻页", "scroll a long item"},
    };

    add_text(v, "", words(v, "按键说明（按任意键返回）", "Keys (any key goes back)"), true);
    add_text(v, "", "", false);
    for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
        add_text(v, rows[i].keys, words(v, rows[i].zh, rows[i].en), false);
    add_text(v, "", "", false);
    add_text(v, "",
             words(v, "显示“已存”才表示服务器已经保存该题作答。",
                   "Only \"stored\" means that the server has the answer."),
             false);
}

static void compose_body(struct view *v)
{
    v->count = 0;
    switch (v->mode) {
    case MODE_SHEET:
        body_sheet(v);
        break;
    case MODE_HAND_IN:
        body_hand_in(v);
        break;
    case MODE_QUIT:
        body_quit(v);
        break;
    case MODE_HELP:
        body_help(v);
        break;
    case MODE_ITEM:
    case MODE_EDIT:
    case MODE_JUMP:
        body_item(v);
        break;
    }
}

/* ---- the frame ---- */

static int body_rows(const struct view *v)
{
    return v->screen.rows - BODY_TOP - BODY_BELOW;
}

static void frame_head(struct view *v)
{
    const struct sitting *s = v->s;
    const json_t *item = sitting_item(s, v->at);
    char clock[32];
    char text[160];

    take_clock_text(s, clock);
    snprintf(text, sizeof(text), "%s %s ", words(v, "剩余", "left"), clock);
    screen_put(&v->screen, 0, " ");
    screen_put(&v->screen, 0, text_of(s->session, "exam_name"));
    screen_put_right(&v->screen, 0, text);
    v->screen.frame[0].reverse = true;
    snprintf(text, sizeof(text), words(v, "第 %zu/%zu 题  %s  %lld 分%s", "%zu/%zu  %s  %lld p.%s"),
             v->at + 1, s->queue.count, item_type_name(s->in, item),
             (long long)(int_of(item, "points") / 100),
             item_is_marked(s, v->at) ? words(v, "  [待查]", "  [marked]") : "");
    screen_put(&v->screen, 1, text);
    snprintf(text, sizeof(text),
             words(v, "已存 %zu  未上传 %zu  未答 %zu", "stored %zu  unsent %zu  none %zu"),
             queue_stored(&s->queue), queue_count(&s->queue, ANSWER_UNSENT),
             queue_unanswered(&s->queue));
    screen_put_right(&v->screen, 1, text);
    screen_rule(&v->screen, 2);
}

static void frame_body(struct view *v)
{
    int rows = body_rows(v);
    int most = (int)v->count > rows ? (int)v->count - rows : 0;

    v->scroll = v->scroll > most ? most : v->scroll < 0 ? 0 : v->scroll;
    for (int i = 0; i < rows && v->scroll + i < (int)v->count; i++) {
        struct line *line = &v->lines[v->scroll + i];
        if (buf_text(&line->text) != NULL)
            screen_put(&v->screen, BODY_TOP + i, buf_text(&line->text));
        v->screen.frame[BODY_TOP + i].bold = line->bold;
    }
    screen_rule(&v->screen, v->screen.rows - BODY_BELOW);
    if (most > 0)
        screen_put_right(&v->screen, v->screen.rows - BODY_BELOW,
                         v->scroll < most ? words(v, " 下面还有（PgDn） ", " more below (PgDn) ")
                                          : words(v, " 上面还有（PgUp） ", " more above (PgUp) "));
}

/* The end of what is typed, so that the cursor stays in sight. */
static void frame_typed(struct view *v, int row, const char *prompt)
{
    const char *text = v->typed.len > 0 ? buf_text(&v->typed) : "";
    int room = v->screen.columns - 2 - text_width(prompt, v->screen.wide);

    while (text != NULL && *text != '\0' && text_width(text, v->screen.wide) > room) {
        text++;
        while (((unsigned char)*text & 0xc0) == 0x80)
            text++;
    }
    screen_put(&v->screen, row, prompt);
    screen_put(&v->screen, row, text != NULL ? text : "");
    v->screen.cursor_row = row;
    v->screen.cursor_column =
        text_width(prompt, v->screen.wide) + (text != NULL ? text_width(text, v->screen.wide) : 0);
}

static void frame_foot(struct view *v)
{
    int row = v->screen.rows - BODY_BELOW + 1;
    struct buf message = {0};
    const char *text;

    take_message(v->s, &message);
    text = message.len > 0 ? buf_text(&message) : "";
    for (int i = 0; i < 2 && text != NULL && *text != '\0'; i++) {
        size_t next;
        size_t len = text_line(text, v->screen.columns - 1, v->screen.wide, &next);
        char piece[SITTING_NOTICE_BYTES + 256];

        snprintf(piece, sizeof(piece), "%.*s", (int)len, text);
        screen_put(&v->screen, row + i, piece);
        v->screen.frame[row + i].bold = true;
        text += next;
    }
    buf_fini(&message);
    row += 2;
    if (v->mode == MODE_EDIT)
        frame_typed(
            v, row,
            words(v, "答案（回车保存，Esc 取消）：", "Answer (Enter keeps, Esc cancels): "));
    else if (v->mode == MODE_JUMP)
        frame_typed(v, row, words(v, "跳转到第几题：", "Go to item: "));
    else if (v->mode == MODE_SHEET)
        screen_put(&v->screen, row,
                   words(v, "方向键 移动  回车 返回该题  数字 跳转  s 返回",
                         "arrows move  Enter opens  a number goes there  s back"));
    else if (v->mode == MODE_ITEM)
        screen_put(
            &v->screen, row,
            words(v, "字母 作答  n 下一题  p 上一题  数字 跳转  m 待查  s 答题卡  t 交卷  ? 帮助",
                  "letters answer  n next  p prev  number  m mark  s sheet  t hand in  ? help"));
}

static void draw(struct view *v)
{
    screen_clear(&v->screen);
    if (v->screen.rows < SCREEN_ROWS_LEAST || v->screen.columns < SCREEN_COLUMNS_LEAST) {
        screen_put(&v->screen, 0, words(v, "窗口太小，请放大。", "The window is too small."));
    } else {
        compose_body(v);
        frame_head(v);
        frame_body(v);
        frame_foot(v);
    }
    screen_show(&v->screen, false);
}

/* ---- keys ---- */

static void go_to(struct view *v, size_t item)
{
    v->at = item < v->s->queue.count ? item : v->s->queue.count - 1;
    v->scroll = 0;
    v->s->notice[0] = '\0';
}

static void go_by(struct view *v, int step)
{
    if (step < 0)
        go_to(v, v->at >= (size_t)-step ? v->at - (size_t)-step : 0);
    else
        go_to(v, v->at + (size_t)step);
}

static void set_mode(struct view *v, enum mode mode)
{
    v->mode = mode;
    v->scroll = 0;
}

static void answer(struct view *v, json_t *value)
{
    if (value != NULL && sitting_is_writing(v->s))
        sitting_answer(v->s, v->at, value);
    else
        json_decref(value);
}

static void begin_typing(struct view *v, enum mode mode, int32_t key)
{
    set_mode(v, mode);
    buf_clear(&v->typed);
    if (mode == MODE_EDIT && v->s->queue.answers[v->at].value != NULL && key == KEY_NONE)
        answer_text(v->s, v->at, &v->typed);
}

static void type_character(struct view *v, int32_t cp)
{
    char bytes[4];
    size_t n = 0;

    if (cp < 0x80) {
        bytes[n++] = (char)cp;
    } else {
        int more = cp < 0x800 ? 1 : cp < 0x10000 ? 2 : 3;
        static const int heads[] = {0, 0xc0, 0xe0, 0xf0};

        bytes[n++] = (char)(heads[more] | cp >> (6 * more));
        while (more-- > 0)
            bytes[n++] = (char)(0x80 | ((cp >> (6 * more)) & 0x3f));
    }
    if (v->typed.len + n <= TYPED_BYTES_MAX)
        buf_append(&v->typed, bytes, n);
}

static void accept_typed(struct view *v)
{
    const char *text = v->typed.len > 0 ? buf_text(&v->typed) : "";
    long number;

    if (text != NULL && v->mode == MODE_EDIT) {
        answer(v, answer_of_text(text));
    } else if (text != NULL) {
        number = strtol(text, NULL, 10);
        if (number >= 1 && (size_t)number <= v->s->queue.count)
            go_to(v, (size_t)number - 1);
        else if (v->typed.len > 0)
            snprintf(v->s->notice, sizeof(v->s->notice),
                     words(v, "没有第 %ld 题，本卷共 %zu 题。",
                           "There is no item %ld; the paper has %zu."),
                     number, v->s->queue.count);
    }
    set_mode(v, MODE_ITEM);
}

static void key_typing(struct view *v, int32_t key)
{
    if (key == KEY_ENTER) {
        accept_typed(v);
    } else if (key == KEY_ESC || key == KEY_CTRL_C) {
        set_mode(v, MODE_ITEM);
    } else if (key == KEY_CTRL_U) {
        buf_clear(&v->typed);
    } else if (key == KEY_BACKSPACE) {
        while (v->typed.len > 0 && (v->typed.data[--v->typed.len] & 0xc0) == 0x80)
            ;
    } else if (v->mode == MODE_JUMP ? key >= '0' && key <= '9' && v->typed.len < 4
                                    : key >= 0x20 && key < 0x110000) {
        type_character(v, key);
    }
}

static void key_sheet(struct view *v, int32_t key)
{
    int cells = sheet_cells(v);
    int scroll = v->scroll;
    int row;

    if (key == KEY_LEFT || key == KEY_RIGHT)
        go_by(v, key == KEY_LEFT ? -1 : 1);
    else if (key == KEY_UP || key == KEY_DOWN)
        go_by(v, key == KEY_UP ? -cells : cells);
    else if (key == KEY_PAGE_UP || key == KEY_PAGE_DOWN)
        scroll += key == KEY_PAGE_UP ? -body_rows(v) : body_rows(v);
    else if (key == KEY_ENTER || key == 's' || key == KEY_ESC || key == 'q')
        set_mode(v, MODE_ITEM);
    row = SHEET_TOP + (int)v->at / cells;
    if (v->mode != MODE_SHEET)
        return;
    if (key != KEY_PAGE_UP && key != KEY_PAGE_DOWN) { /* the current item stays in sight */
        scroll = row < scroll ? row : scroll;
        scroll = row >= scroll + body_rows(v) ? row - body_rows(v) + 1 : scroll;
    }
    v->scroll = scroll;
}

static void key_item(struct view *v, int32_t key)
{
    const json_t *item = sitting_item(v->s, v->at);
    int letter = key < 0x80 && key > 0 ? tolower((int)key) - 'a' : -1;

    if (letter >= 0 && letter < item_letters(item)) {
        if (sitting_is_writing(v->s))
            answer(v, answer_choose(v->s, v->at, letter));
        return;
    }
    if (item_letters(item) == 0 && (key == KEY_ENTER || (key >= 0x80 && key < 0x110000))) {
        begin_typing(v, MODE_EDIT, key == KEY_ENTER ? KEY_NONE : key);
        if (key != KEY_ENTER)
            type_character(v, key);
    } else if (key == 'n' || key == ' ' || key == KEY_RIGHT || key == KEY_ENTER) {
        go_by(v, 1);
    } else if (key == 'p' || key == KEY_LEFT) {
        go_by(v, -1);
    } else if (key == KEY_UP || key == KEY_DOWN) {
        v->scroll += key == KEY_UP ? -1 : 1;
    } else if (key == KEY_PAGE_UP || key == KEY_PAGE_DOWN) {
        v->scroll += (body_rows(v) - 1) * (key == KEY_PAGE_UP ? -1 : 1);
    } else if (key == KEY_HOME || key == KEY_END) {
        go_to(v, key == KEY_HOME ? 0 : v->s->queue.count - 1);
    } else if (key == 'm') {
        queue_mark(&v->s->queue, v->at, !item_is_marked(v->s, v->at));
    } else if (key == 'x' || key == KEY_BACKSPACE) {
        if (v->s->queue.answers[v->at].value != NULL)
            answer(v, json_null());
    } else if (key == 's') {
        set_mode(v, MODE_SHEET);
    } else if (key == 't') {
        set_mode(v, MODE_HAND_IN);
    } else if (key == '?') {
        set_mode(v, MODE_HELP);
    } else if (key == 'r') {
        sitting_hurry(v->s);
    }
}

static void on_key(struct view *v, int32_t key)
{
    bool typing = v->mode == MODE_EDIT || v->mode == MODE_JUMP;

    if (key == KEY_CTRL_L) {
        screen_show(&v->screen, true);
    } else if (typing) {
        key_typing(v, key);
    } else if (v->mode == MODE_HELP) {
        set_mode(v, MODE_ITEM);
    } else if (v->mode == MODE_HAND_IN || v->mode == MODE_QUIT) {
        if (key == 'y' || key == 'Y') {
            if (v->mode == MODE_QUIT)
                v->end = TAKE_LEFT;
            else if (sitting_is_writing(v->s))
                sitting_submit(v->s);
        }
        if (key == 'y' || key == 'Y' || key == 'n' || key == 'N' || key == KEY_ESC)
            set_mode(v, MODE_ITEM);
    } else if ((key >= '0' && key <= '9') || key == 'j') {
        begin_typing(v, MODE_JUMP, key);
        if (key != 'j')
            type_character(v, key);
    } else if (key == KEY_CTRL_C || (key == 'q' && v->mode == MODE_ITEM)) {
        set_mode(v, MODE_QUIT);
    } else if (v->mode == MODE_SHEET) {
        key_sheet(v, key);
    } else {
        key_item(v, key);
    }
}

/* ---- the loop ---- */

/* Until the clock shows another second. */
static int tick_ms(const struct sitting *s)
{
    int64_t left = sitting_left_ms(s);

    return left > 0 ? (int)((left - 1) % 1000) + 1 : 1000;
}

static void wait_and_act(struct view *v)
{
    int fds[2] = {STDIN_FILENO, v->screen.signal_fd};
    unsigned ready = 0;
    int32_t key;

    sitting_step(v->s, fds, 2, tick_ms(v->s), &ready);
    if ((ready & 2) != 0 && screen_signal(&v->screen) != 0)
        v->end = TAKE_FAILED;
    if ((ready & 1) != 0) {
        if (!screen_read(&v->screen))
            v->end = TAKE_FAILED;
        while (v->end == 0 && (key = screen_key(&v->screen)) != KEY_NONE)
            on_key(v, key);
    }
    if (v->end == 0 && v->s->over)
        v->end = TAKE_OVER;
    else if (v->end == 0 && v->s->needs_login)
        v->end = TAKE_LOGIN;
}

enum take_end take_screen(struct sitting *s, struct take_place *place)
{
    struct view *v = calloc(1, sizeof(*v));
    struct err err = {0};
    enum take_end end;

    if (v == NULL)
        return TAKE_FAILED;
    v->s = s;
    v->at = place->item;
    if (screen_enter(&v->screen, s->in->wide, s->in->colour, &err) != 0) {
        report(s->in, &err);
        free(v);
        return TAKE_FAILED;
    }
    while (v->end == 0) {
        draw(v);
        wait_and_act(v);
    }
    screen_leave(&v->screen);
    place->item = v->at;
    end = v->end;
    for (size_t i = 0; i < v->room; i++)
        buf_fini(&v->lines[i].text);
    free(v->lines);
    buf_fini(&v->typed);
    free(v);
    return end;
}
