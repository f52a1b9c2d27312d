/* See sitting.h. */
#include "clients/cli/sitting.h"

#include "question-bank/base/file.h"
#include "question-bank/base/utf8.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <openssl/rand.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <time.h>
#include <unistd.h>

enum {
    RETRY_FIRST_MS = 500,
    RETRY_MAX_MS = 15000,
    HEARTBEAT_MS = 60000,
    HEARTBEAT_SUSPENDED_MS = 10000,
    HEARTBEAT_OVERDUE_MS = 1000, /* past the deadline: when does the server close? */
    RESULT_RETRY_MS = 1000,
    RESULT_TRIES_MAX = 10,
    RESTAMPS_MAX = 3,
    LETTERS_MAX = 8
};

static const struct msg MSG_ELSEWHERE = {
    "take-running", "本机已在另一个窗口打开这场考试，请到那个窗口继续，或先关闭它。",
    "This exam is open in another window on this machine: go on there, or close it first."};
static const struct msg MSG_PAPER = {"paper-missing", "服务器的答复中没有试卷。",
                                     "The server's answer holds no paper."};

/* Goes on while the machine sleeps: the exam's clock does too. */
static int64_t local_ms(void)
{
    struct timespec ts;

    clock_gettime(CLOCK_BOOTTIME, &ts);
    return (int64_t)ts.tv_sec * 1000 + ts.tv_nsec / 1000000;
}

/* ---- life ---- */

static int lock_session(struct sitting *s, struct err *err)
{
    char path[STATE_PATH_BYTES_MAX + 64];
    int rc = file_make_dirs(s->in->state.dir, err);

    if (rc != 0)
        return rc;
    snprintf(path, sizeof(path), "%s/take-%s.lock", s->in->state.dir, s->id);
    s->lock_fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0600);
    /* A file system without locks is no reason to keep anyone from their exam. */
    if (s->lock_fd >= 0 && flock(s->lock_fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK)
        return err_set(err, ERR_BUSY, &MSG_ELSEWHERE, NULL, NULL, NULL, NULL);
    return 0;
}

static void hear_clock(struct sitting *s, const json_t *from)
{
    const char *state = text_of(from, "state");

    s->deadline_ms = int_of(from, "deadline_ms");
    s->server_ms = int_of(from, "server_time_ms");
    s->heard_ms = local_ms();
    s->suspended = strcmp(state, "suspended") == 0;
    s->closed = strcmp(state, "started") != 0 && !s->suspended;
}

int sitting_init(struct sitting *s, struct invocation *in, json_t *session, struct err *err)
{
    int rc;

    memset(s, 0, sizeof(*s));
    s->in = in;
    s->session = session;
    s->lock_fd = -1;
    s->items = json_object_get(json_object_get(session, "paper"), "items");
    snprintf(s->id, sizeof(s->id), "%s", text_of(session, "session"));
    if (s->id[0] == '\0' || !json_is_array(s->items))
        return err_set(err, ERR_BAD_INPUT, &MSG_PAPER, NULL, NULL, NULL, NULL);
    hear_clock(s, session);
    s->connected = true;
    s->want_open = !s->closed;
    rc = lock_session(s, err);
    if (rc == 0)
        rc = state_device(&in->state, s->device, err);
    if (rc == 0)
        rc = queue_init(&s->queue, &in->state, s->id, json_array_size(s->items), err);
    if (rc == 0) {
        queue_load(&s->queue);
        queue_take_stored(&s->queue, json_object_get(session, "responses"));
    }
    return rc;
}

void sitting_fini(struct sitting *s)
{
    if (s->request != REQUEST_NONE)
        client_cancel(s->in->client);
    queue_fini(&s->queue);
    json_decref(s->batch);
    json_decref(s->result);
    json_decref(s->session);
    if (s->lock_fd >= 0)
        close(s->lock_fd);
    memset(s, 0, sizeof(*s));
    s->lock_fd = -1;
}

/* ---- what is due ---- */

static enum sitting_request request_due(const struct sitting *s, int64_t now_ms)
{
    if (s->needs_login || s->over || now_ms < s->retry_at_ms)
        return REQUEST_NONE;
    if (s->want_open && !s->closed)
        return REQUEST_OPEN;
    if (queue_count(&s->queue, ANSWER_UNSENT) > 0)
        return REQUEST_SAVE;
    if (s->closed)
        return REQUEST_RESULT;
    if (s->queue.stale)
        return REQUEST_RELOAD;
    if (s->want_submit)
        return REQUEST_SUBMIT;
    return now_ms >= s->next_heartbeat_ms ? REQUEST_HEARTBEAT : REQUEST_NONE;
}

static void schedule_heartbeat(struct sitting *s)
{
    int64_t left = sitting_left_ms(s);
    uint8_t jitter = 0;
    int64_t wait = s->suspended ? HEARTBEAT_SUSPENDED_MS : HEARTBEAT_MS;

    (void)RAND_bytes(&jitter, 1);
    wait = wait * (800 + jitter) / 1000;
    if (left <= 0)
        wait = HEARTBEAT_OVERDUE_MS;
    else if (left < wait)
        wait = left + 100; /* the moment after the deadline */
    s->next_heartbeat_ms = local_ms() + wait;
}

static void begin(struct sitting *s, enum sitting_request request)
{
    static const char *const rests[] = {[REQUEST_OPEN] = "/open",
                                        [REQUEST_SAVE] = "/responses",
                                        [REQUEST_RELOAD] = "",
                                        [REQUEST_SUBMIT] = "/submission",
                                        [REQUEST_HEARTBEAT] = "/heartbeat",
                                        [REQUEST_RESULT] = "/result"};
    static const char *const methods[] = {
        [REQUEST_OPEN] = "POST",   [REQUEST_SAVE] = "PUT",       [REQUEST_RELOAD] = "GET",
        [REQUEST_SUBMIT] = "POST", [REQUEST_HEARTBEAT] = "POST", [REQUEST_RESULT] = "GET"};
    char path[CLIENT_PATH_BYTES_MAX];
    json_t *body = NULL;

    if (request == REQUEST_OPEN)
        body = json_pack("{s:s}", "device", s->device);
    else if (request == REQUEST_SAVE)
        body = queue_batch(&s->queue);
    else if (request == REQUEST_SUBMIT)
        body = json_pack("{s:I, s:I}", "epoch", (json_int_t)s->queue.epoch, "seq",
                         (json_int_t)queue_last_seq(&s->queue));
    else if (request == REQUEST_HEARTBEAT)
        body = json_object();
    snprintf(path, sizeof(path), "/api/v1/sessions/%s%s", s->id, rests[request]);
    if (client_json_begin(s->in->client, methods[request], path, body, NULL) == 0)
        s->request = request;
    else
        s->retry_at_ms = local_ms() + RETRY_MAX_MS;
    if (s->request == REQUEST_SAVE)
        s->batch = json_incref(body);
    json_decref(body);
    s->serial++;
}

/* ---- what came ---- */

static void notice(struct sitting *s, const char *text)
{
    snprintf(s->notice, sizeof(s->notice), "%s", text);
}

static void hear(struct sitting *s, const json_t *ack)
{
    const json_t *notices = json_object_get(ack, "notices");
    size_t count = json_array_size(notices);

    hear_clock(s, ack);
    s->late = s->late || json_is_true(json_object_get(ack, "late"));
    if (count > 0)
        notice(s, json_string_value(json_array_get(notices, count - 1)));
    schedule_heartbeat(s);
}

static void done_open(struct sitting *s, const json_t *ack)
{
    bool again = s->opened;

    hear(s, ack);
    queue_opened(&s->queue, int_of(ack, "epoch"), int_of(ack, "next_seq"),
                 json_object_get(ack, "responses"));
    if (again)
        queue_restamp(&s->queue);
    s->want_open = false;
    s->opened = true;
}

static void done_result(struct sitting *s, json_t *result)
{
    bool waits = json_is_null(json_object_get(result, "score")) &&
                 strcmp(text_of(result, "state"), "voided") != 0;

    s->closed = true;
    s->want_submit = false;
    json_decref(s->result);
    s->result = json_incref(result);
    if (waits && ++s->result_tries < RESULT_TRIES_MAX) {
        s->retry_at_ms = local_ms() + RESULT_RETRY_MS;
    } else if (queue_count(&s->queue, ANSWER_UNSENT) == 0) {
        s->over = true;
        queue_drop(&s->queue);
    }
}

static void done(struct sitting *s, json_t *answer)
{
    s->connected = true;
    s->retry_ms = 0;
    s->retry_at_ms = 0;
    switch (s->request) {
    case REQUEST_OPEN:
        done_open(s, answer);
        break;
    case REQUEST_SAVE:
        queue_settle(&s->queue, s->batch, true);
        hear(s, answer);
        break;
    case REQUEST_RELOAD:
        hear_clock(s, answer);
        queue_take_stored(&s->queue, json_object_get(answer, "responses"));
        break;
    case REQUEST_HEARTBEAT:
        hear(s, answer);
        break;
    case REQUEST_SUBMIT:
    case REQUEST_RESULT:
        done_result(s, answer);
        break;
    case REQUEST_NONE:
        break;
    }
}

static void try_later(struct sitting *s, int64_t at_least_ms)
{
    uint8_t jitter = 0;
    int64_t wait;

    s->retry_ms = s->retry_ms == 0 ? RETRY_FIRST_MS : 2 * s->retry_ms;
    if (s->retry_ms > RETRY_MAX_MS)
        s->retry_ms = RETRY_MAX_MS;
    (void)RAND_bytes(&jitter, 1);
    wait = s->retry_ms * (800 + jitter) / 1000;
    s->retry_at_ms = local_ms() + (wait > at_least_ms ? wait : at_least_ms);
}

static bool problem_is(const struct sitting *s, const char *id)
{
    return strcmp(client_problem(s->in->client)->id, id) == 0;
}

static void refused_save(struct sitting *s)
{
    bool renumber = problem_is(s, "response-differs") || problem_is(s, "epoch-unknown");

    if (renumber && s->restamps < RESTAMPS_MAX && !s->closed) {
        s->restamps++;
        s->want_open = true;
        s->notice[0] = '\0';
    } else if (problem_is(s, "session-suspended")) {
        s->suspended = true;
        try_later(s, HEARTBEAT_SUSPENDED_MS);
    } else if (json_array_size(json_object_get(s->batch, "responses")) > 1) {
        s->queue.single = true; /* one of them is refused, not all */
    } else {
        queue_settle(&s->queue, s->batch, false);
    }
    s->next_heartbeat_ms = 0; /* the state may have changed */
}

static void refused_submit(struct sitting *s)
{
    s->want_submit = false;
    s->next_heartbeat_ms = 0;
    if (problem_is(s, "epoch-older")) {
        s->want_open = true;
        notice(s,
               say(s->in, "本场考试曾在另一台设备上打开，已取回服务器上的作答。请核对后再次交卷。",
                   "The exam was opened on another device; the answers that the server has were "
                   "fetched. Look through them, then hand in again."));
    }
}

static void refused(struct sitting *s, const struct err *err)
{
    const struct client_problem *problem = client_problem(s->in->client);
    bool temporary = problem->status == 0 || problem->status == 408 || problem->status == 429 ||
                     problem->status >= 500;

    if (temporary) {
        s->connected = false;
        try_later(s, problem->retry_after_s * 1000);
        return;
    }
    s->connected = true;
    if (problem->status == 401) {
        s->needs_login = true;
        return;
    }
    err_text(err, s->in->lang, s->notice, sizeof(s->notice));
    if (s->request == REQUEST_SAVE) {
        refused_save(s);
    } else if (s->request == REQUEST_SUBMIT) {
        refused_submit(s);
    } else if (s->request == REQUEST_OPEN) {
        s->closed = true; /* it cannot be written any more; the result says why */
        queue_not_opened(&s->queue);
        s->notice[0] = '\0';
    } else if (s->request == REQUEST_RESULT && problem_is(s, "session-still-open")) {
        s->closed = false;
        s->notice[0] = '\0';
        try_later(s, RESULT_RETRY_MS);
    } else if (s->request == REQUEST_RESULT) {
        s->over = true;
    } else {
        try_later(s, RETRY_MAX_MS);
    }
}

static void finish(struct sitting *s)
{
    struct err err = {0};
    json_t *answer = NULL;

    if (client_json_end(s->in->client, &answer, &err) == 0)
        done(s, answer);
    else
        refused(s, &err);
    json_decref(answer);
    json_decref(s->batch);
    s->batch = NULL;
    s->request = REQUEST_NONE;
    s->serial++;
}

void sitting_step(struct sitting *s, const int *fds, size_t count, int timeout_ms, unsigned *ready)
{
    int64_t now_ms = local_ms();
    int64_t next_ms = s->retry_at_ms > now_ms ? s->retry_at_ms : s->next_heartbeat_ms;
    enum sitting_request due = REQUEST_NONE;

    if (s->request == REQUEST_NONE)
        due = request_due(s, now_ms);
    if (due != REQUEST_NONE)
        begin(s, due);
    if (s->request == REQUEST_NONE && !s->needs_login && !s->over && next_ms > now_ms &&
        (timeout_ms < 0 || next_ms - now_ms < timeout_ms))
        timeout_ms = (int)(next_ms - now_ms);
    if (client_pump(s->in->client, fds, count, timeout_ms, ready))
        finish(s);
}

bool sitting_is_working(const struct sitting *s)
{
    return s->request != REQUEST_NONE || request_due(s, local_ms()) != REQUEST_NONE;
}

void sitting_settle(struct sitting *s)
{
    unsigned ready;

    while (sitting_is_working(s))
        sitting_step(s, NULL, 0, -1, &ready);
}

void sitting_hurry(struct sitting *s)
{
    s->retry_at_ms = 0;
    s->retry_ms = 0;
}

void sitting_logged_in(struct sitting *s)
{
    s->needs_login = false;
    s->serial++;
    sitting_hurry(s);
}

/* ---- the person's acts ---- */

int64_t sitting_left_ms(const struct sitting *s)
{
    return s->deadline_ms - (s->server_ms + local_ms() - s->heard_ms);
}

bool sitting_is_writing(const struct sitting *s)
{
    return !s->closed && !s->suspended && !s->want_submit && sitting_left_ms(s) > 0;
}

void sitting_answer(struct sitting *s, size_t item, json_t *value)
{
    queue_set(&s->queue, item, value);
    s->notice[0] = '\0';
    s->serial++;
}

void sitting_submit(struct sitting *s)
{
    s->want_submit = true;
    s->notice[0] = '\0';
    s->serial++;
    sitting_hurry(s);
}

/* ---- items and answers ---- */

const json_t *sitting_item(const struct sitting *s, size_t item)
{
    return json_array_get(s->items, item);
}

bool item_is(const json_t *item, const char *type)
{
    return strcmp(text_of(item, "type"), type) == 0;
}

int item_letters(const json_t *item)
{
    size_t options = json_array_size(json_object_get(item, "options"));

    if (item_is(item, "true_false"))
        return 2;
    return item_is(item, "fill_in") ? 0 : options < LETTERS_MAX ? (int)options : LETTERS_MAX;
}

const char *item_type_name(const struct invocation *in, const json_t *item)
{
    if (item_is(item, "single"))
        return say(in, "单选题", "single choice");
    if (item_is(item, "multiple"))
        return say(in, "多选题", "multiple choice");
    if (item_is(item, "true_false"))
        return say(in, "判断题", "true or false");
    return say(in, "填空题", "fill in");
}

bool answer_has(const struct sitting *s, size_t item, int letter)
{
    const json_t *value = s->queue.answers[item].value;

    if (!json_is_integer(value))
        return false;
    if (item_is(sitting_item(s, item), "true_false"))
        return (json_integer_value(value) == 1) == (letter == 0);
    return (json_integer_value(value) >> letter & 1) != 0;
}

void answer_text(const struct sitting *s, size_t item, struct buf *out)
{
    const json_t *value = s->queue.answers[item].value;

    if (json_is_string(value)) {
        text_append_clean(out, json_string_value(value));
    } else if (json_is_integer(value) && item_is(sitting_item(s, item), "true_false")) {
        buf_append_text(out, json_integer_value(value) == 1 ? say(s->in, "正确", "true")
                                                            : say(s->in, "错误", "false"));
    } else if (json_is_integer(value)) {
        for (int k = 0; k < LETTERS_MAX; k++) {
            if (answer_has(s, item, k))
                buf_append_byte(out, (uint8_t)('A' + k));
        }
    }
}

json_t *answer_choose(const struct sitting *s, size_t item, int letter)
{
    const json_t *value = s->queue.answers[item].value;
    const json_t *what = sitting_item(s, item);
    json_int_t mask;

    assert(letter >= 0 && letter < item_letters(what));
    if (item_is(what, "true_false"))
        return json_integer(letter == 0);
    if (!item_is(what, "multiple"))
        return json_integer((json_int_t)1 << letter);
    mask = json_integer_value(value) ^ ((json_int_t)1 << letter);
    return mask == 0 ? json_null() : json_integer(mask);
}
