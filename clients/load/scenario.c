/* The scenarios (see scenario.h): what is asked, phase by phase. Replies are parsed as JSON only
 * outside the measured time.
 *
 * Fails: what is refused is counted by the engine; an acknowledgement that makes no sense (no event
 * number, or one that does not grow) is counted as an error of its own. Thread: see scenario.h. */
#include "clients/load/scenario.h"

#include "clients/load/load.h"
#include "clients/load/request.h"

#include <jansson.h>
#include <openssl/rand.h>
#include <stdlib.h>

enum { PASSWORD_RANDOM_BYTES = 18, PAPERS_KEPT_MAX = 20000 };

static const struct msg msg_few = {
    "candidates-too-few",
    "{0} 中有 {1} 名考生，而连接数为 {2}：每个连接须有一名考生。",
    "{0} names {1} candidates for {2} connections: each needs one.",
};

/* ---- small ---- */

static struct request request_of(struct client *client)
{
    return (struct request){&client->conn.out, &client->load->target, client->candidate};
}

static bool is_2xx(const struct reply *reply)
{
    return reply->status >= 200 && reply->status <= 299;
}

/* ---- log-in ---- */

/* The next of this connection's people who has no token. */
static struct candidate *unknown_next(struct client *client)
{
    struct candidate *c = client->candidate;

    if (c != NULL && c->token == NULL)
        return c; /* refused before */
    do {
        c = client_walk(client);
    } while (c != NULL && c->token != NULL);
    return c;
}

/* A password of their own for who comes with a code. */
static int password_make(struct client *client)
{
    struct arena *arena = &client->load->candidates.arena;
    struct candidate *c = client->candidate;
    uint8_t random[PASSWORD_RANDOM_BYTES];
    char text[PASSWORD_RANDOM_BYTES * 2 + 1];

    if (c->password != NULL)
        return 0;
    if (RAND_bytes(random, sizeof random) != 1)
        return ERR_CRYPTO;
    hex_encode(text, random, sizeof random);
    c->password = arena_text(arena, text, sizeof text - 1);
    return c->password != NULL ? 0 : ERR_NOMEM;
}

static bool login_next(struct client *client)
{
    struct candidate *c = client->candidate = unknown_next(client);
    struct request r;
    json_t *object = NULL;
    char *body = NULL;

    if (c == NULL)
        return false;
    if (c->code != NULL && password_make(client) == 0)
        object = json_pack("{s:s, s:s, s:s}", "person", c->person, "code", c->code, "new_password",
                           c->password);
    else if (c->password != NULL)
        object = json_pack("{s:s, s:s}", "person", c->person, "password", c->password);
    body = object != NULL ? json_dumps(object, JSON_COMPACT) : NULL;
    r = request_of(client);
    request_post(&r, c->code != NULL ? "/api/v1/activations" : "/api/v1/logins",
                 bytes_of_text(body != NULL ? body : "{}"));
    free(body);
    json_decref(object);
    return true;
}

static bool login_reply(struct client *client, const struct reply *reply)
{
    if (!is_2xx(reply) || candidate_take_login(client->candidate, reply->body) != 0)
        return false;
    client->candidate->code = NULL; /* used up */
    client->load->tally.people++;
    return true;
}

/* ---- start ---- */

static void start_write(struct client *client)
{
    const struct options *o = client->load->options;
    struct request r = request_of(client);

    request_start(&r, o->exam, o->attempt);
}

static bool start_next(struct client *client)
{
    client->candidate = client_walk(client);
    if (client->candidate == NULL)
        return false;
    start_write(client);
    return true;
}

/* The paper is kept and looked at afterwards, off the clock. */
static bool start_reply(struct client *client, const struct reply *reply)
{
    struct load *l = client->load;
    size_t at = (size_t)(client->candidate - l->candidates.all);

    if (!is_2xx(reply)) {
        client->candidate_next -= l->clients_count; /* the same person again */
        return false;
    }
    if (reply->status != 201)
        errors_add(&l->tally.errors, "had-started-before");
    if (at < PAPERS_KEPT_MAX)
        buf_append(&l->bodies[at], reply->body.data, reply->body.len);
    return true;
}

static void papers_check(struct load *l)
{
    for (size_t i = 0; i < l->candidates.count && i < PAPERS_KEPT_MAX; i++) {
        struct candidate *c = &l->candidates.all[i];

        if (l->bodies[i].len == 0)
            continue;
        l->tally.papers++;
        if (candidate_take_session(c, buf_view(&l->bodies[i])) != 0)
            l->tally.papers_bad++;
    }
}

static void open_write(struct client *client)
{
    struct request r = request_of(client);

    request_open(&r);
}

/* ---- finish ---- */

/* Starts, opens, and answers every item, one person after the other. */
static bool fill_next(struct client *client)
{
    struct candidate *c = client->candidate;
    struct request r;

    while (c == NULL || c->is_answered) {
        c = client->candidate = client_walk(client);
        if (c == NULL)
            return false;
    }
    if (c->session[0] == '\0') {
        start_write(client);
        return true;
    }
    if (!c->is_opened) {
        open_write(client);
        return true;
    }
    r = request_of(client);
    request_save(&r, c->next_seq, c->items_count, &client->body);
    return true;
}

static bool fill_reply(struct client *client, const struct reply *reply)
{
    struct candidate *c = client->candidate;

    if (!is_2xx(reply))
        return false;
    if (c->session[0] == '\0')
        return candidate_take_session(c, reply->body) == 0;
    if (!c->is_opened)
        return candidate_take_opened(c, reply->body) == 0;
    c->next_seq += c->items_count;
    c->is_answered = true;
    return true;
}

static bool finish_next(struct client *client)
{
    struct request r;

    client->candidate = client_walk(client);
    if (client->candidate == NULL)
        return false;
    r = request_of(client);
    request_submit(&r, client->candidate->next_seq - 1);
    return true;
}

static bool finish_reply(struct client *client, const struct reply *reply)
{
    struct load *l = client->load;

    if (!is_2xx(reply)) {
        client->candidate_next -= l->clients_count; /* the same person again */
        return false;
    }
    if (!body_has(reply->body, "\"state\":\"graded\""))
        errors_add(&l->tally.errors, "handed-in-not-graded");
    return true;
}

/* ---- save ---- */

/* Each client's own candidate starts, then opens. */
static bool prepare_next(struct client *client)
{
    struct candidate *c = &client->load->candidates.all[client->conn.index];

    client->candidate = c;
    if (c->session[0] == '\0') {
        start_write(client);
        return true;
    }
    if (c->is_opened)
        return false;
    open_write(client);
    return true;
}

static bool prepare_reply(struct client *client, const struct reply *reply)
{
    struct candidate *c = client->candidate;

    if (!is_2xx(reply))
        return false;
    if (c->session[0] == '\0')
        return candidate_take_session(c, reply->body) == 0;
    return candidate_take_opened(c, reply->body) == 0;
}

static bool save_next(struct client *client)
{
    struct candidate *c = client->candidate;
    struct request r = request_of(client);

    /* What was not acknowledged is sent again, as a browser does. */
    if (c->sent_seq == 0)
        c->sent_seq = c->next_seq++;
    request_save(&r, c->sent_seq, 1, &client->body);
    return true;
}

static bool save_reply(struct client *client, const struct reply *reply)
{
    struct tally *t = &client->load->tally;
    struct candidate *c = client->candidate;
    int64_t event_seq;

    if (reply->status != 200)
        return false;
    event_seq = ack_event_seq(reply->body);
    if (event_seq <= c->event_seq)
        errors_add(&t->errors, "acknowledgement-without-event");
    if (!ack_is_on_time(reply->body))
        errors_add(&t->errors, "acknowledged-as-late");
    c->event_seq = event_seq;
    c->items[candidate_item_of(c, c->sent_seq)].stored_seq = c->sent_seq;
    c->sent_seq = 0;
    return true;
}

static bool check_next(struct client *client)
{
    struct request r = request_of(client);

    if (client->candidate->is_checked)
        return false;
    request_session(&r);
    return true;
}

static bool check_reply(struct client *client, const struct reply *reply)
{
    struct tally *t = &client->load->tally;
    size_t stored = 0, missing = 0;

    if (reply->status != 200 ||
        candidate_check(client->candidate, reply->body, &stored, &missing) != 0)
        return false;
    t->stored += stored;
    t->missing += missing;
    client->candidate->is_checked = true;
    return true;
}

/* ---- get ---- */

static bool get_next(struct client *client)
{
    struct request r = request_of(client);

    request_get(&r, client->load->options->path);
    return true;
}

static bool get_reply(struct client *client, const struct reply *reply)
{
    (void)client;
    return is_2xx(reply);
}

/* ---- the tables ---- */

static const struct phase save_phases[] = {
    {"connect", false, false, NULL, NULL},
    {"login", false, false, login_next, login_reply},
    {"prepare", false, false, prepare_next, prepare_reply},
    {"save", true, true, save_next, save_reply},
    {"check", false, false, check_next, check_reply},
};
static const struct phase start_phases[] = {
    {"connect", false, false, NULL, NULL},
    {"login", false, false, login_next, login_reply},
    {"start", true, false, start_next, start_reply},
};
static const struct phase login_phases[] = {
    {"connect", false, false, NULL, NULL},
    {"login", true, false, login_next, login_reply},
};
static const struct phase finish_phases[] = {
    {"connect", false, false, NULL, NULL},
    {"login", false, false, login_next, login_reply},
    {"fill", false, false, fill_next, fill_reply},
    {"finish", true, false, finish_next, finish_reply},
};
static const struct phase get_phases[] = {
    {"connect", false, false, NULL, NULL},
    {"get", true, true, get_next, get_reply},
};

static void phases_choose(struct load *l)
{
    switch (l->options->scenario) {
    case SCENARIO_SAVE:
        l->phases = save_phases;
        l->phases_count = sizeof save_phases / sizeof save_phases[0];
        break;
    case SCENARIO_START:
        l->phases = start_phases;
        l->phases_count = sizeof start_phases / sizeof start_phases[0];
        break;
    case SCENARIO_LOGIN:
        l->phases = login_phases;
        l->phases_count = sizeof login_phases / sizeof login_phases[0];
        break;
    case SCENARIO_FINISH:
        l->phases = finish_phases;
        l->phases_count = sizeof finish_phases / sizeof finish_phases[0];
        break;
    case SCENARIO_GET:
        l->phases = get_phases;
        l->phases_count = sizeof get_phases / sizeof get_phases[0];
        break;
    case SCENARIO_PLAY: /* play_run's */
        break;
    }
}

static int people_read(struct load *l, struct err *err)
{
    const struct options *o = l->options;
    char have[24], want[24];
    int rc;

    if (o->scenario == SCENARIO_GET)
        return 0;
    rc = candidates_read(o->candidates_file, &l->candidates, err);
    if (rc != 0)
        return rc;
    if (l->candidates.count < o->connections)
        return err_set(err, ERR_BAD_INPUT, &msg_few, o->candidates_file,
                       err_int(have, (int64_t)l->candidates.count), err_int(want, o->connections),
                       NULL);
    if (o->scenario == SCENARIO_SAVE)
        l->candidates.count = o->connections; /* one each; the others rest */
    if (o->scenario == SCENARIO_START) {
        l->bodies = calloc(PAPERS_KEPT_MAX, sizeof *l->bodies);
        if (l->bodies == NULL)
            return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    return 0;
}

int scenario_run(const struct options *o, struct tally *out, struct err *err)
{
    struct load *l = calloc(1, sizeof *l);
    int rc;

    if (l == NULL)
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    l->options = o;
    l->clients_count = o->connections;
    phases_choose(l);
    rc = people_read(l, err);
    if (rc == 0)
        rc = target_open(o->url, o->ca_file, &l->target, err);
    if (rc == 0) {
        l->target.sources = o->sources >= 0 ? (unsigned)o->sources : o->connections;
        rc = load_run(l, err);
    }
    if (rc == 0 && l->bodies != NULL)
        papers_check(l);
    if (rc == 0 && o->scenario == SCENARIO_LOGIN && o->tokens_file != NULL)
        rc = candidates_write(&l->candidates, o->tokens_file, err);
    if (rc == 0)
        *out = l->tally;
    for (size_t i = 0; l->bodies != NULL && i < PAPERS_KEPT_MAX; i++)
        buf_fini(&l->bodies[i]);
    free(l->bodies);
    candidates_fini(&l->candidates);
    target_close(&l->target);
    free(l);
    return rc;
}
