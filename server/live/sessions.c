/* Sessions in memory: entries, two indexes, a heap of timers, a list of the warm ones by use.
 *
 * Happy path: sessions_add at a start, session_refresh after each event. Fails only without memory.
 * Thread: the record writer's. */
#include "server/live/sessions.h"

#include "server/roster/civil.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct msg NOTICE_SUSPENDED = {
    .id = "notice-suspended",
    .zh = "考试已被暂停：{0}",
    .en = "your exam is suspended: {0}",
};
static const struct msg NOTICE_RESUMED = {
    .id = "notice-resumed",
    .zh = "考试已恢复，暂停的时间已补足：{0}",
    .en = "your exam goes on; the time of the suspension is added: {0}",
};
static const struct msg NOTICE_EXTRA = {
    .id = "notice-extra-time",
    .zh = "已为您延长{0}分钟：{1}",
    .en = "you have {0} more minutes: {1}",
};
static const struct msg NOTICE_RESUMED_CUT = {
    .id = "notice-resumed-cut",
    .zh = "考试已恢复，暂停的时间只补足到考试时段截止时间{0}：{1}",
    .en =
        "your exam goes on; the time of the suspension is added up to the end of the window, {0}: "
        "{1}",
};
static const struct msg NOTICE_EXTRA_CUT = {
    .id = "notice-extra-time-cut",
    .zh = "已为您延长到考试时段截止时间{0}：{1}",
    .en = "your time is extended to the end of the window, {0}: {1}",
};
static const struct msg NOTICE_VOIDED = {
    .id = "notice-voided",
    .zh = "本次答卷已作废：{0}",
    .en = "this session is voided: {0}",
};
static const struct msg NOTICE_REOPENED = {
    .id = "notice-reopened",
    .zh = "考试已重新开放，请继续作答：{0}",
    .en = "your exam is open again: {0}",
};
static const struct msg NOTICE_LATE_ACCEPTED = {
    .id = "notice-late-accepted",
    .zh = "迟到的作答已被认可并计分：{0}",
    .en = "your late responses are accepted and count: {0}",
};
static const struct msg NOTICE_LATE_REFUSED = {
    .id = "notice-late-refused",
    .zh = "迟到的作答不予计分：{0}",
    .en = "your late responses do not count: {0}",
};

/* ------------------------------------------------------------------------------ life */

int sessions_new(struct live *live, struct sessions **out, struct err *err)
{
    struct sessions *s = calloc(1, sizeof *s);

    if (s == NULL) {
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    s->live = live;
    *out = s;
    return 0;
}

void live_session_free(struct live_session *whole)
{
    if (whole == NULL) {
        return;
    }
    session_fini(&whole->session);
    arena_fini(&whole->arena);
    secret_wipe(whole->secret, sizeof whole->secret);
    free(whole);
}

void sessions_free(struct sessions *s)
{
    if (s == NULL) {
        return;
    }
    for (size_t i = 0; i < s->count; i++) {
        live_session_free(s->entries[i]->in);
        free(s->entries[i]);
    }
    while (s->exams != NULL) {
        struct exam_sittings *exam = s->exams;

        s->exams = exam->next;
        free(exam);
    }
    free(s->entries);
    free(s->heap);
    digest_map_fini(&s->by_uuid);
    digest_map_fini(&s->by_person);
    digest_map_fini(&s->attended);
    digest_map_fini(&s->attended_year);
    free(s);
}

/* ------------------------------------------------------------------------------ finding */

static struct digest uuid_digest(const uint8_t uuid[16])
{
    const struct bytes piece = bytes_of(uuid, 16);

    return digest_of(DIGEST_SHA256, &piece, 1);
}

static struct digest person_digest(const uint8_t exam_uuid[16], uint32_t person)
{
    uint8_t index[4];
    const struct bytes pieces[] = {bytes_of(exam_uuid, 16), bytes_of(index, 4)};

    u32be_write(index, person);
    return digest_of(DIGEST_SHA256, pieces, 2);
}

static struct session_entry *entry_at(const struct sessions *s, const struct digest_map *map,
                                      struct digest d)
{
    uint32_t value = digest_map_get(map, &d);

    return value == 0 ? NULL : s->entries[value - 1];
}

struct session_entry *sessions_find(const struct sessions *s, const uint8_t uuid[16])
{
    return entry_at(s, &s->by_uuid, uuid_digest(uuid));
}

struct session_entry *sessions_of(const struct sessions *s, const uint8_t exam_uuid[16],
                                  uint32_t person)
{
    return entry_at(s, &s->by_person, person_digest(exam_uuid, person));
}

static int entries_room(struct sessions *s)
{
    size_t cap = s->cap == 0 ? 256 : s->cap * 2;
    struct session_entry **more;

    if (s->count < s->cap) {
        return 0;
    }
    more = realloc(s->entries, cap * sizeof *more);
    if (more == NULL) {
        return ERR_NOMEM;
    }
    s->entries = more;
    s->cap = cap;
    return 0;
}

/* The exam's, made on demand; NULL without memory. */
static struct exam_sittings *sittings_of(struct sessions *s, const uint8_t exam_uuid[16])
{
    struct exam_sittings *exam = s->exams;

    while (exam != NULL && memcmp(exam->exam_uuid, exam_uuid, sizeof exam->exam_uuid) != 0) {
        exam = exam->next;
    }
    if (exam != NULL) {
        return exam;
    }
    exam = calloc(1, sizeof *exam);
    if (exam != NULL) {
        memcpy(exam->exam_uuid, exam_uuid, sizeof exam->exam_uuid);
        exam->next = s->exams;
        s->exams = exam;
    }
    return exam;
}

struct session_entry *sessions_add(struct sessions *s, const struct session_entry *e)
{
    struct digest uuid = uuid_digest(e->uuid), person = person_digest(e->exam_uuid, e->person);
    struct session_entry *mine = malloc(sizeof *mine);
    struct exam_sittings *exam = sittings_of(s, e->exam_uuid);
    uint32_t *at;

    if (mine == NULL || exam == NULL || entries_room(s) != 0) {
        free(mine);
        return NULL;
    }
    *mine = *e;
    mine->in = NULL;
    mine->same = sessions_of(s, e->exam_uuid, e->person);
    mine->heap_at = 0;
    mine->newer = mine->older = NULL;
    at = digest_map_at(&s->by_uuid, &uuid);
    if (at != NULL) {
        *at = (uint32_t)(s->count + 1);
        at = digest_map_at(&s->by_person, &person);
    }
    if (at == NULL) { /* what is half in is dropped with everything: the caller reads anew */
        free(mine);
        return NULL;
    }
    *at = (uint32_t)(s->count + 1);
    s->entries[s->count++] = mine;
    mine->exam = exam;
    mine->earlier = exam->newest;
    exam->newest = mine;
    if (e->number > s->number) {
        s->number = e->number;
    }
    atomic_store(&s->live->counters.sessions, s->count);
    return mine;
}

/* ------------------------------------------------------------------------------ timers */

static void heap_put(struct sessions *s, struct session_entry *e, size_t at)
{
    s->heap[at] = e;
    e->heap_at = at;
}

static void heap_settle(struct sessions *s, struct session_entry *e)
{
    size_t at = e->heap_at;

    while (at > 1 && s->heap[at / 2]->due_ms > e->due_ms) {
        heap_put(s, s->heap[at / 2], at);
        at /= 2;
    }
    for (;;) {
        size_t child = at * 2;

        if (child > s->heap_count) {
            break;
        }
        if (child < s->heap_count && s->heap[child + 1]->due_ms < s->heap[child]->due_ms) {
            child++;
        }
        if (s->heap[child]->due_ms >= e->due_ms) {
            break;
        }
        heap_put(s, s->heap[child], at);
        at = child;
    }
    heap_put(s, e, at);
}

static void heap_remove(struct sessions *s, struct session_entry *e)
{
    struct session_entry *last = s->heap[s->heap_count--];
    size_t at = e->heap_at;

    e->heap_at = 0;
    if (last != e) {
        heap_put(s, last, at);
        heap_settle(s, last);
    }
}

static int timer_set(struct sessions *s, struct session_entry *e, int64_t due_ms)
{
    e->due_ms = due_ms;
    if (due_ms == INT64_MAX) {
        if (e->heap_at != 0) {
            heap_remove(s, e);
        }
        return 0;
    }
    if (e->heap_at == 0) {
        if (s->heap_count + 1 >= s->heap_cap) {
            size_t cap = s->heap_cap == 0 ? 256 : s->heap_cap * 2;
            struct session_entry **more = realloc(s->heap, cap * sizeof *more);

            if (more == NULL) {
                return ERR_NOMEM;
            }
            s->heap = more;
            s->heap_cap = cap;
        }
        e->heap_at = ++s->heap_count;
        s->heap[e->heap_at] = e;
    }
    heap_settle(s, e);
    return 0;
}

struct session_entry *sessions_first_due(const struct sessions *s)
{
    return s->heap_count == 0 ? NULL : s->heap[1];
}

/* ------------------------------------------------------------------------------ warm and cold */

static bool state_is_open(enum session_state state)
{
    return state == SESSION_STARTED || state == SESSION_SUSPENDED;
}

static void warm_unlink(struct sessions *s, struct session_entry *e)
{
    *(e->newer != NULL ? &e->newer->older : &s->newest) = e->older;
    *(e->older != NULL ? &e->older->newer : &s->oldest) = e->newer;
    e->newer = e->older = NULL;
}

static void warm_link(struct sessions *s, struct session_entry *e)
{
    e->older = s->newest;
    e->newer = NULL;
    *(s->newest != NULL ? &s->newest->newer : &s->oldest) = e;
    s->newest = e;
}

void session_warm(struct sessions *s, struct session_entry *e, struct live_session *whole)
{
    assert(e->in == NULL);
    e->in = whole;
    s->warm++;
    warm_link(s, e);
}

void session_cool(struct sessions *s, struct session_entry *e)
{
    warm_unlink(s, e);
    live_session_free(e->in);
    e->in = NULL;
    s->warm--;
}

int session_refresh(struct sessions *s, struct session_entry *e)
{
    const struct session *in = &e->in->session;
    int64_t due_ms = session_due_ms(in);
    bool was_open = e->due_ms != 0 && state_is_open(e->state);

    e->state = in->state;
    e->closed_ms = in->closed_ms;
    e->deadline_ms = session_deadline_ms(in, in->suspended_ms);
    e->pending = in->pending;
    e->late_end_ms = in->timed_out ? session_late_end_ms(in, 0) : 0;
    if (due_ms != INT64_MAX) {
        due_ms += s->live->options.timeout_slack_ms;
    }
    if (state_is_open(e->state) != was_open) {
        s->open += was_open ? (size_t)-1 : 1;
        atomic_store(&s->live->counters.sessions_open, s->open);
    }
    warm_unlink(s, e);
    warm_link(s, e);
    if (timer_set(s, e, due_ms) != 0) {
        return ERR_NOMEM;
    }
    e->due_ms = due_ms; /* from now on not 0: counted */
    return 0;
}

void sessions_cool_all(struct sessions *s)
{
    struct session_entry *e = s->oldest;
    size_t looked = 0;

    while (e != NULL && s->warm - s->open > SESSIONS_WARM_MAX && looked++ < s->warm) {
        struct session_entry *newer = e->newer;

        if (!state_is_open(e->state)) {
            session_cool(s, e);
        }
        e = newer;
    }
}

/* ------------------------------------------------------------------------------ scores, notices */

int session_take_score(struct session_entry *e, const struct session_graded *g)
{
    struct live_session *in = e->in;

    e->has_score = true;
    in->graded_withdrawals = g->withdrawals;
    e->score = (struct score){g->score, g->points, g->passed, g->band};
    if (in->awards == NULL) {
        in->awards = arena_array(&in->arena, in->session.item_count, sizeof *in->awards);
    }
    if (in->awards == NULL) {
        return ERR_NOMEM;
    }
    memcpy(in->awards, g->awards.points, g->awards.count * sizeof *in->awards);
    return 0;
}

static void notice_add(struct live_session *in, const struct msg *msg, const char *a0,
                       struct bytes reason)
{
    char text[ERR_ARG_BYTES_MAX];
    size_t len = reason.len < sizeof text ? reason.len : sizeof text - 1;

    while (len > 0 && len < reason.len && (reason.data[len] & 0xC0) == 0x80) {
        len--;
    }
    memcpy(text, reason.data, len);
    text[len] = '\0';
    if (in->notices_count == NOTICES_MAX) {
        memmove(&in->notices[0], &in->notices[1], (NOTICES_MAX - 1) * sizeof in->notices[0]);
        in->notices_count--;
    }
    err_set(&in->notices[in->notices_count++], ERR_CONFLICT, msg, a0 != NULL ? a0 : text,
            a0 != NULL ? text : NULL, NULL, NULL);
}

/* The window's end allowed less than was given: says until when, instead of how much. */
static void notice_cut(struct live_session *in, const struct msg *msg, struct bytes reason)
{
    const struct session *s = &in->session;
    char until[CIVIL_TEXT_BYTES];

    civil_time_of_ms(session_deadline_ms(s, s->suspended_ms), until);
    notice_add(in, msg, until, reason);
}

void live_session_notice(struct live_session *in, const struct payload *p,
                         const struct session_effect *effect)
{
    bool is_cut = effect->moved_ms < effect->granted_ms;
    char minutes[24];

    switch (p->type) {
    case EVENT_SESSION_SUSPENDED:
        notice_add(in, &NOTICE_SUSPENDED, NULL, p->u.act.reason);
        break;
    case EVENT_SESSION_RESUMED:
        if (is_cut) {
            notice_cut(in, &NOTICE_RESUMED_CUT, p->u.act.reason);
        } else {
            notice_add(in, &NOTICE_RESUMED, NULL, p->u.act.reason);
        }
        break;
    case EVENT_SESSION_VOIDED:
        notice_add(in, &NOTICE_VOIDED, NULL, p->u.act.reason);
        break;
    case EVENT_EXTRA_TIME:
        if (is_cut) {
            notice_cut(in, &NOTICE_EXTRA_CUT, p->u.extra_time.reason);
        } else {
            notice_add(in, &NOTICE_EXTRA, err_int(minutes, p->u.extra_time.ms / 60000),
                       p->u.extra_time.reason);
        }
        break;
    case EVENT_SESSION_REOPENED:
        notice_add(in, &NOTICE_REOPENED, NULL, p->u.reopened.reason);
        break;
    case EVENT_LATE_DECIDED:
        notice_add(in, p->u.late.accepted ? &NOTICE_LATE_ACCEPTED : &NOTICE_LATE_REFUSED, NULL,
                   p->u.late.reason);
        break;
    default:
        break;
    }
}

/* ------------------------------------------------------------------------------ attendance */

static struct digest attended_digest(const uint8_t pseudonym[32], struct bytes what)
{
    const struct bytes pieces[] = {bytes_of(pseudonym, 32), what};

    return digest_of(DIGEST_SHA256, pieces, 2);
}

bool attendance_is_known(const struct sessions *s, const uint8_t pseudonym[32],
                         struct bytes hearing)
{
    const struct digest d = attended_digest(pseudonym, hearing);

    return digest_map_get(&s->attended, &d) == 1;
}

int attendance_note(struct sessions *s, const uint8_t pseudonym[32], struct bytes hearing,
                    struct bytes date)
{
    const struct digest d = attended_digest(pseudonym, hearing);
    const struct digest y = attended_digest(pseudonym, bytes_of(date.data, 4));
    uint32_t *at = digest_map_at(&s->attended, &d);

    if (at == NULL) {
        return ERR_NOMEM;
    }
    if (*at == 1) {
        return 0;
    }
    *at = 1;
    at = digest_map_at(&s->attended_year, &y);
    if (at == NULL) {
        return ERR_NOMEM;
    }
    *at = *at == 0 ? 2 : *at + 1;
    return 0;
}

uint32_t attendance_in_year(const struct sessions *s, const uint8_t pseudonym[32], uint32_t year)
{
    char text[24];
    uint32_t value;
    struct digest d;

    err_int(text, year);
    d = attended_digest(pseudonym, bytes_of_text(text));
    value = digest_map_get(&s->attended_year, &d);
    return value == 0 ? 0 : value - 1;
}
