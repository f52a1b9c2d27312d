/* Sentences about a sitting, for the screen and for plain lines. */
#include "clients/cli/take.h"

#include "question-bank/base/utf8.h"

#include <stdio.h>
#include <string.h>

void take_clock_text(const struct sitting *s, char out[32])
{
    int64_t left = sitting_left_ms(s);
    long long seconds = left > 0 ? (left + 999) / 1000 : 0;

    if (seconds >= 3600)
        snprintf(out, 32, "%lld:%02lld:%02lld", seconds / 3600, seconds / 60 % 60, seconds % 60);
    else
        snprintf(out, 32, "%02lld:%02lld", seconds / 60, seconds % 60);
}

const char *answer_state_text(const struct sitting *s, size_t item)
{
    switch (s->queue.answers[item].state) {
    case ANSWER_STORED:
        return s->queue.answers[item].value != NULL ? say(s->in, "已存", "stored") : "";
    case ANSWER_UNSENT:
        return s->connected ? say(s->in, "正在上传", "sending")
                            : say(s->in, "未上传", "not stored yet");
    case ANSWER_REFUSED:
        return say(s->in, "未被接收", "not taken");
    case ANSWER_NONE:
        break;
    }
    return "";
}

bool item_is_unanswered(const struct sitting *s, size_t item)
{
    return !queue_is_answered(&s->queue, item);
}

bool item_is_marked(const struct sitting *s, size_t item)
{
    return s->queue.answers[item].marked;
}

void take_list_items(const struct sitting *s, bool (*want)(const struct sitting *, size_t),
                     size_t most, struct buf *out)
{
    size_t count = 0;

    for (size_t i = 0; i < s->queue.count; i++) {
        if (!want(s, i))
            continue;
        if (count < most)
            buf_printf(out, "%s%zu", count > 0 ? say(s->in, "、", ", ") : "", i + 1);
        count++;
    }
    if (count > most)
        buf_printf(out, say(s->in, "……共 %zu 题", " … %zu in all"), count);
}

void take_message(const struct sitting *s, struct buf *out)
{
    size_t unsent = queue_count(&s->queue, ANSWER_UNSENT);

    if (s->over)
        return;
    if (!s->queue.kept)
        buf_append_text(out, say(s->in, "注意：未上传的作答无法写入本机，请不要关闭程序。",
                                 "Unsent answers cannot be written to this machine: do not close "
                                 "the program. "));
    if (!s->connected && s->want_submit)
        buf_append_text(out, say(s->in, "网络中断，尚未交卷，正在重试，请不要关闭程序。",
                                 "No network: not handed in yet; trying again. Do not close."));
    else if (!s->connected)
        buf_printf(out,
                   say(s->in, "网络中断，正在重试。可以继续作答，%zu 题保存在本机。",
                       "No network; trying again. Go on: %zu answers are kept here."),
                   unsent);
    else if (s->closed)
        buf_append_text(out, say(s->in, "已收卷，正在取成绩……", "Collected; fetching the score…"));
    else if (s->want_submit)
        buf_append_text(out, say(s->in, "正在交卷……", "Handing in…"));
    else if (s->suspended)
        buf_append_text(out, say(s->in, "考试已由考务人员暂停，恢复后继续作答。",
                                 "Suspended by the exam office; go on when it resumes."));
    else if (!s->opened)
        buf_append_text(out, say(s->in, "正在打开试卷……", "Opening the paper…"));
    else if (sitting_left_ms(s) <= 0)
        buf_append_text(out, say(s->in, "考试时间到，系统正在收卷……",
                                 "Time is up; the paper is being "
                                 "collected…"));
    else if (s->notice[0] != '\0')
        buf_append_text(out, s->notice);
    else if (s->late)
        buf_append_text(out, say(s->in, "有截止后收到的作答，由考务人员决定是否计入。",
                                 "Late responses wait for the exam office's decision."));
}

json_t *answer_of_text(const char *text)
{
    size_t len;

    while (*text == ' ' || *text == '\t')
        text++;
    for (len = strlen(text); len > 0 && (text[len - 1] == ' ' || text[len - 1] == '\t'); len--)
        ;
    if (len > QUEUE_TEXT_BYTES_MAX || !utf8_valid(bytes_of(text, len), NULL))
        return NULL;
    return len == 0 ? json_null() : json_stringn(text, len);
}
