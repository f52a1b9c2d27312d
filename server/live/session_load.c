/* Reading sessions from the store: all of them at the start, a cold one when it is asked for.
 *
 * Happy path at the start: the typed rows give an entry for each session, one scan over the events
 * from the oldest open session on brings the open ones back to life, attendance rows fill the set.
 * A cold session is closed, so its events are read by their links: about a hundred rows, on the
 * record writer's own thread, since who asks for it is waiting and a second owner of sessions would
 * cost more than the milliseconds it saves.
 *
 * Fails with ERR_CORRUPT on events that a session cannot have lived through, ERR_NOT_FOUND when the
 * release of the paper is not loaded, and with what the store says.
 * Thread: the record writer's; live_open before it runs. */
#include "server/live/sessions.h"

#include "server/record/chain.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>

static const struct msg MSG_REPLAY = {
    .id = "session-replay",
    .zh = "记录库第{0}号事件（{1}）与该场次此前的记录矛盾：{2}",
    .en = "event {0} ({1}) of the record contradicts what the session lived through: {2}",
};
static const struct msg MSG_RELEASE = {
    .id = "session-release-missing",
    .zh = "答卷所用题库版本{0}未装载，暂不能打开",
    .en = "the release {0} of the bank that this paper was drawn from is not loaded",
};
static const struct msg MSG_PERSON = {
    .id = "session-person-missing",
    .zh = "记录库中有答卷不属于名册上的任何人；站点密钥是否更换过？",
    .en = "the record holds a session of nobody in the roster; is it the same site secret?",
};

static int refuse_nomem(struct err *err)
{
    return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
}

/* ------------------------------------------------------------------------------ replay */

static const struct bank *bank_of(const struct live *live, const struct digest *release)
{
    for (size_t i = 0; i < live->options.banks_count; i++) {
        if (digest_equal(bank_digest(live->banks[i]), release)) {
            return live->banks[i];
        }
    }
    return NULL;
}

static int replay_start(const struct live *live, struct live_session *in,
                        const struct session_started *p, struct err *err)
{
    struct session_terms terms = {
        .attempt = p->attempt,
        .started_ms = p->at_ms,
        .duration_ms = p->duration_ms,
        .extra_ms = p->extra_ms,
        .grace_ms = p->grace_ms,
        .late_accept_ms = p->late_accept_ms,
        .window_end_ms = p->window_end_ms,
        .cut_at_window_end = p->cut_at_window_end,
    };
    struct paper *paper;
    int rc;

    memcpy(terms.session_uuid, p->session_uuid, 16);
    memcpy(terms.exam_uuid, p->exam_uuid, 16);
    memcpy(terms.pseudonym.b, p->pseudonym, 32);
    memcpy(terms.nonce, p->nonce, sizeof terms.nonce);
    in->release = p->release;
    in->paper_digest = p->paper_digest;
    in->bank = bank_of(live, &p->release);
    if (in->bank == NULL) {
        char hex[DIGEST_HEX_BYTES];

        digest_hex(&p->release, hex);
        return err_set(err, ERR_NOT_FOUND, &MSG_RELEASE, hex, NULL, NULL, NULL);
    }
    rc = paper_decode(p->paper, bank_pool(in->bank), &in->arena, &paper, err);
    if (rc == 0) {
        rc = session_init(&in->session, &terms, (uint32_t)paper->count);
    }
    if (rc == 0) {
        in->session.paper = paper;
        in->head = chain_init(live->options.alg, in->secret, p->session_uuid);
    }
    return rc;
}

static int responses_of(const struct response_list *list, struct arena *scratch,
                        struct session_event *out)
{
    struct response_input *responses = arena_array(scratch, list->count, sizeof *responses);

    if (responses == NULL) {
        return ERR_NOMEM;
    }
    for (size_t i = 0; i < list->count; i++) {
        const struct response_entry *e = &list->entries[i];

        responses[i] = (struct response_input){e->device_seq, e->item, (enum response_kind)e->kind,
                                               e->mask, e->text};
    }
    out->responses = responses;
    out->responses_count = list->count;
    return 0;
}

/* A stored payload as the session's state machine takes it. */
static int session_event_of(const struct payload *p, struct arena *scratch,
                            struct session_event *out)
{
    *out = (struct session_event){.type = (enum session_event_type)p->type};
    switch (p->type) {
    case EVENT_SESSION_STARTED:
        out->at_ms = p->u.started.at_ms;
        return 0;
    case EVENT_SESSION_OPENED:
        memcpy(out->device_id, p->u.opened.device_id, 16);
        out->epoch = p->u.opened.epoch;
        out->at_ms = p->u.opened.at_ms;
        return 0;
    case EVENT_RESPONSES:
        out->epoch = p->u.responses.epoch;
        out->at_ms = p->u.responses.at_ms;
        return responses_of(&p->u.responses.responses, scratch, out);
    case EVENT_SESSION_SUSPENDED:
    case EVENT_SESSION_RESUMED:
    case EVENT_SESSION_VOIDED:
        out->at_ms = p->u.act.at_ms;
        return 0;
    case EVENT_EXTRA_TIME:
        out->at_ms = p->u.extra_time.at_ms;
        out->ms = p->u.extra_time.ms;
        return 0;
    case EVENT_SESSION_SUBMITTED:
        out->epoch = p->u.submitted.epoch;
        out->device_seq = p->u.submitted.device_seq;
        out->at_ms = p->u.submitted.at_ms;
        return 0;
    case EVENT_SESSION_TIMED_OUT:
        out->deadline_ms = p->u.timed_out.deadline_ms;
        return 0;
    case EVENT_SESSION_GRADED:
        out->pending = p->u.graded.pending;
        return 0;
    case EVENT_SESSION_REOPENED:
        out->at_ms = p->u.reopened.at_ms;
        out->deadline_ms = p->u.reopened.deadline_ms;
        return 0;
    case EVENT_LATE_DECIDED:
        out->at_ms = p->u.late.at_ms;
        out->accepted = p->u.late.accepted;
        return 0;
    default:
        return ERR_CORRUPT;
    }
}

static int replay_event(const struct live *live, struct session_entry *entry, const struct event *e,
                        struct arena *scratch, struct err *err)
{
    struct live_session *in = entry->in;
    struct session_event event;
    struct session_effect effect = {0};
    struct err why = {0};
    struct payload p;
    char seq[24], text[ERR_TEXT_BYTES_MAX];
    int rc;

    arena_reset(scratch);
    rc = payload_decode(e->type, e->payload, scratch, &p, &why);
    if (rc == 0 && e->prev_seq != in->last_seq) {
        rc = err_set(&why, ERR_CORRUPT, NULL, NULL, NULL, NULL, NULL);
    }
    if (rc == 0 && p.type == EVENT_SESSION_STARTED) {
        rc = replay_start(live, in, &p.u.started, &why);
    }
    if (rc == 0) {
        rc = session_event_of(&p, scratch, &event);
    }
    if (rc == 0) {
        rc = session_apply(&in->session, &event, &effect, &why);
    }
    if (rc == 0 && p.type == EVENT_SESSION_GRADED) {
        rc = session_take_score(entry, &p.u.graded);
    }
    if (rc == 0) {
        live_session_notice(in, &p, &effect);
        in->head = chain_next(live->options.alg, &in->head, e);
        in->last_seq = e->seq;
        if (p.type == EVENT_SESSION_GRADED) {
            entry->graded_seq = e->seq;
        }
        return 0;
    }
    if (rc == ERR_NOMEM || rc == ERR_NOT_FOUND) {
        why.code = rc;
        *err = why;
        return rc;
    }
    err_text(&why, LANG_ZH, text, sizeof text);
    return err_set(err, ERR_CORRUPT, &MSG_REPLAY, err_int(seq, e->seq), event_type_name(e->type),
                   text, NULL);
}

/* Empty, with its secret, as the entry's whole. */
static int whole_new(struct sessions *s, struct session_entry *e, struct err *err)
{
    struct live_session *in = calloc(1, sizeof *in);
    int rc;

    if (in == NULL) {
        return refuse_nomem(err);
    }
    arena_init(&in->arena, 0);
    rc = store_secret_get(s->live->store, e->number, in->secret, err);
    if (rc != 0) {
        live_session_free(in);
        return rc;
    }
    session_warm(s, e, in);
    return 0;
}

/* ------------------------------------------------------------------------------ a cold one */

struct one_load {
    struct sessions *sessions;
    struct session_entry *entry;
    struct arena scratch;
    struct err *err;
};

static int one_visit(void *arg, const struct event *e)
{
    struct one_load *load = arg;

    return replay_event(load->sessions->live, load->entry, e, &load->scratch, load->err);
}

/* The session is known: what it needs (its release, its secret) is not to be had now, which is no "not
 * found" that its candidate could believe. */
static int not_to_be_had(int rc, struct err *err)
{
    if (rc != ERR_NOT_FOUND) {
        return rc;
    }
    if (err != NULL) {
        err->code = ERR_IO;
    }
    return ERR_IO;
}

int session_load(struct sessions *s, struct session_entry *e, struct err *err)
{
    struct one_load load = {.sessions = s, .entry = e, .err = err};
    int rc = whole_new(s, e, err);

    if (rc != 0) {
        return not_to_be_had(rc, err);
    }
    arena_init(&load.scratch, 0);
    rc = store_events_each(s->live->store, STORE_RECORD, e->first_seq, e->number, one_visit, &load,
                           err);
    arena_fini(&load.scratch);
    if (rc == 0) {
        rc = session_refresh(s, e) != 0 ? refuse_nomem(err) : 0;
    }
    if (rc != 0) {
        session_cool(s, e);
        return not_to_be_had(rc, err);
    }
    atomic_fetch_add(&s->live->counters.sessions_loaded, 1);
    return 0;
}

/* ------------------------------------------------------------------------------ all */

struct exam_map {
    uint8_t exam_uuid[16];
    struct pseudonym_map map;
};

struct all_load {
    struct sessions *sessions;
    const struct registry_view *view;
    struct exam_map *maps; /* of the exams met so far; view->exams_count + 1 places */
    size_t maps_count;
    struct session_entry **by_number; /* number - 1; open ones only */
    size_t numbers;
    int64_t from_seq;
    struct arena scratch;
    struct err *err;
};

/* The exam's pseudonyms; NULL with load->err filled. */
static const struct pseudonym_map *map_of(struct all_load *load, const uint8_t exam_uuid[16])
{
    struct exam_map *map;

    for (size_t i = 0; i < load->maps_count; i++) {
        if (memcmp(load->maps[i].exam_uuid, exam_uuid, 16) == 0) {
            return &load->maps[i].map;
        }
    }
    if (load->maps_count == load->view->exams_count) {
        err_set(load->err, ERR_CORRUPT, &MSG_PERSON, NULL, NULL, NULL, NULL);
        return NULL;
    }
    map = &load->maps[load->maps_count];
    if (pseudonym_map_make(&load->sessions->live->keys, load->view->roster, exam_uuid, &map->map) !=
        0) {
        refuse_nomem(load->err);
        return NULL;
    }
    memcpy(map->exam_uuid, exam_uuid, 16);
    load->maps_count++;
    return &map->map;
}

static int numbers_room(struct all_load *load, int64_t number)
{
    size_t more = load->numbers == 0 ? 1024 : load->numbers;
    struct session_entry **grown;

    while ((int64_t)more < number) {
        more *= 2;
    }
    if (more == load->numbers) {
        return 0;
    }
    grown = realloc(load->by_number, more * sizeof *grown);
    if (grown == NULL) {
        return refuse_nomem(load->err);
    }
    memset(grown + load->numbers, 0, (more - load->numbers) * sizeof *grown);
    load->by_number = grown;
    load->numbers = more;
    return 0;
}

static int session_visit(void *arg, const struct session_row *row)
{
    struct all_load *load = arg;
    struct session_entry e = {.attempt = row->attempt,
                              .number = row->session,
                              .first_seq = row->first_seq,
                              .started_ms = row->started_ms,
                              .state = row->closed_seq == 0 ? SESSION_STARTED : SESSION_VOIDED};
    struct session_entry *mine;
    const struct pseudonym_map *map = map_of(load, row->exam_uuid);
    int64_t person;
    int rc;

    if (map == NULL) {
        return load->err->code;
    }
    person = pseudonym_map_find(map, row->pseudonym);
    if (person < 0) {
        return err_set(load->err, ERR_CORRUPT, &MSG_PERSON, NULL, NULL, NULL, NULL);
    }
    e.person = (uint32_t)person;
    memcpy(e.uuid, row->session_uuid, 16);
    memcpy(e.exam_uuid, row->exam_uuid, 16);
    mine = sessions_add(load->sessions, &e);
    rc = mine == NULL ? refuse_nomem(load->err) : numbers_room(load, row->session);
    if (rc != 0) {
        return rc;
    }
    load->by_number[row->session - 1] = mine;
    if (row->closed_seq == 0 && (load->from_seq == 0 || row->first_seq < load->from_seq)) {
        load->from_seq = row->first_seq;
    }
    return 0;
}

/* Closed sessions: graded unless the row says voided; a session voided before it was graded has no
 * row, and session_visit already said so. */
static int score_visit(void *arg, const struct score_row *row)
{
    struct all_load *load = arg;
    struct session_entry *e = (size_t)row->session <= load->numbers && row->session > 0
                                  ? load->by_number[row->session - 1]
                                  : NULL;
    const struct exam_view *exam;

    if (e == NULL || e->state == SESSION_STARTED) { /* open again: replayed from its events */
        return 0;
    }
    e->state = row->voided ? SESSION_VOIDED : SESSION_GRADED;
    e->has_score = true;
    e->graded_seq = row->seq;
    e->pending = row->pending && !row->voided;
    e->score = (struct score){row->points, row->points_max, row->passed, row->band};
    e->closed_ms = e->deadline_ms = row->graded_ms;
    exam = view_exam(load->view, e->exam_uuid);
    if (row->timed_out && exam != NULL) {
        e->late_end_ms =
            row->graded_ms + exam->definition->grace_ms + exam->definition->late_accept_ms;
    }
    return 0;
}

static int open_visit(void *arg, const struct event *event)
{
    struct all_load *load = arg;
    struct session_entry *e = (size_t)event->session <= load->numbers && event->session > 0
                                  ? load->by_number[event->session - 1]
                                  : NULL;
    int rc = 0;

    if (e == NULL || (e->in == NULL && e->state != SESSION_STARTED)) {
        return 0;
    }
    if (e->in == NULL) {
        if (event->type != EVENT_SESSION_STARTED) {
            return 0; /* its release is not loaded: given up below */
        }
        rc = whole_new(load->sessions, e, load->err);
    }
    if (rc == 0) {
        rc = replay_event(load->sessions->live, e, event, &load->scratch, load->err);
    }
    if (rc == ERR_NOT_FOUND) {
        live_log(load->sessions->live, LOG_ERROR, "session-not-loaded", load->err);
        atomic_fetch_add(&load->sessions->live->counters.sessions_unreadable, 1);
        *load->err = (struct err){0};
        session_cool(load->sessions, e);
        rc = 0;
    }
    return rc;
}

static int attendance_visit(void *arg, const struct attendance_row *row)
{
    struct all_load *load = arg;

    return attendance_note(load->sessions, row->pseudonym, row->hearing, row->date) != 0
               ? refuse_nomem(load->err)
               : 0;
}

int sessions_load(struct sessions *s, struct err *err)
{
    struct live *live = s->live;
    struct all_load load = {.sessions = s, .err = err};
    struct store_tail tail;
    int rc = store_tail(live->store, STORE_RECORD, &tail, err);

    if (rc != 0) {
        return rc;
    }
    atomic_store(&live->counters.sessions_unreadable, 0);
    s->seq = tail.seq;
    s->number = tail.session;
    live->record_last_ms = tail.recorded_ms;
    load.view = live_view_acquire(live);
    arena_init(&load.scratch, 0);
    load.maps = calloc(load.view->exams_count + 1, sizeof *load.maps);
    rc = load.maps == NULL ? refuse_nomem(err) : 0;
    rc = rc != 0 ? rc
                 : store_sessions_each(live->store, false, INT64_MAX, session_visit, &load, err);
    if (rc == 0) {
        rc = store_scores_each(live->store, NULL, INT64_MAX, score_visit, &load, err);
    }
    if (rc == 0 && load.from_seq > 0) {
        rc = store_events_each(live->store, STORE_RECORD, load.from_seq, 0, open_visit, &load, err);
    }
    for (size_t i = 0; rc == 0 && i < s->count; i++) {
        if (s->entries[i]->in != NULL && session_refresh(s, s->entries[i]) != 0) {
            rc = refuse_nomem(err);
        }
    }
    if (rc == 0) {
        rc = store_attendance_each(live->store, "0000-01-01", "9999-12-31", INT64_MAX,
                                   attendance_visit, &load, err);
    }
    arena_fini(&load.scratch);
    free(load.by_number);
    for (size_t i = 0; i < load.maps_count; i++) {
        pseudonym_map_fini(&load.maps[i].map);
    }
    free(load.maps);
    view_release(load.view);
    atomic_store(&live->counters.record_seq, s->seq);
    atomic_store(&live->counters.sessions_open, s->open);
    return rc;
}
