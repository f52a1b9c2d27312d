/* Exam definitions in and out (see exam_json.h). Reentrant. */
#include "server/api/exam_json.h"

#include "question-bank/format/blueprint_json.h"
#include "server/api/call.h"
#include "server/exam/grade.h"
#include "server/roster/category.h"

#include <stdlib.h>
#include <string.h>

enum {
    EXAM_NAME_BYTES_MAX = 240,
    EXAM_DOCUMENT_BYTES_MAX = 240,
    EXAM_DURATION_MS_MIN = 60000,
    EXAM_DURATION_MS_MAX = 36000000,
    EXAM_GRACE_MS_MAX = 600000,
    EXAM_LATE_MS_MAX = 7 * 86400000,
    EXAM_TRIES_MAX = 20,
    YEAR_MIN = 2000,
    YEAR_MAX = 2200,
    FOLD_VERSION = 1,
};

static const struct msg msg_window = {"exam-window-order",
                                      "“window_end_ms”（{0}）应晚于“window_start_ms”（{1}）。",
                                      "'window_end_ms' ({0}) must be later than 'window_start_ms' "
                                      "({1})."};
static const struct msg msg_bands = {"exam-bands-order",
                                     "“rules.bands”应按 minimum 从高到低排列（第 {0} 档不符）。",
                                     "'rules.bands' must descend by minimum (band {0} does not)."};

static const char *const kinds[] = {"annual", "qualification"};
static const char *const counts[] = {"best", "last", "first"};
static const char *const reviews[] = {"never", "after_close", "at_once"};
static const char *const multiples[] = {"all_or_nothing", "partial"};

/* ---- out ---- */

static void write_rules(struct json_out *w, const struct scoring_rules *rules)
{
    json_out_object(w, "rules");
    json_out_int(w, "pass_mark", rules->pass_mark);
    json_out_array(w, "bands");
    for (size_t i = 0; i < rules->bands_count; i++) {
        json_out_object(w, NULL);
        json_out_string(w, "name", rules->bands[i].name);
        json_out_int(w, "minimum", rules->bands[i].minimum);
        json_out_end(w);
    }
    json_out_end(w);
    json_out_string(w, "multiple", multiples[rules->multiple == MULTIPLE_PARTIAL]);
    json_out_end(w);
}

static void write_blueprint(struct json_out *w, const struct blueprint *blueprint)
{
    struct buf text = {0};

    if (blueprint_json_write(blueprint, &text, NULL) != 0)
        w->out->failed = true;
    while (text.len > 0 && text.data[text.len - 1] == '\n')
        text.len--;
    json_out_raw(w, "blueprint", buf_view(&text));
    buf_fini(&text);
}

static void write_definition(struct json_out *w, const struct exam_view *exam)
{
    const struct exam_definition *d = exam->definition;

    json_out_object(w, "definition");
    json_out_text(w, "name", d->name);
    json_out_text(w, "kind", d->kind);
    json_out_int(w, "year", d->year);
    json_out_int(w, "window_start_ms", d->window_start_ms);
    json_out_int(w, "window_end_ms", d->window_end_ms);
    json_out_int(w, "duration_ms", d->duration_ms);
    json_out_text(w, "cut_off", d->cutoff);
    json_out_array(w, "categories");
    for (size_t i = 0; i < d->categories.count; i++)
        json_out_text(w, NULL, d->categories.texts[i]);
    json_out_end(w);
    json_out_digest(w, "release", &d->release);
    write_blueprint(w, exam->blueprint);
    write_rules(w, &exam->rules);
    json_out_int(w, "attempts", d->attempts);
    json_out_string(w, "counts", counts[d->counts - RECORD_ATTEMPT_BEST]);
    json_out_int(w, "grace_ms", d->grace_ms);
    json_out_int(w, "late_accept_ms", d->late_accept_ms);
    json_out_bool(w, "cut_at_window_end", d->cut_at_window_end);
    json_out_string(w, "review", reviews[d->review]);
    json_out_text(w, "document", d->policy);
    json_out_end(w);
}

void exam_write(struct json_out *w, const struct exam_view *exam)
{
    static const char *const states[] = {"", "created", "open", "closed"};
    static const char *const shares[] = {"none", "committed", "revealed"};

    json_out_object(w, NULL);
    json_out_uuid(w, "exam", exam->uuid);
    json_out_string(w, "state", states[exam->state]);
    write_definition(w, exam);
    if (exam->has_master)
        json_out_digest(w, "master_digest", &exam->master_digest);
    else
        json_out_null(w, "master_digest");
    json_out_object(w, "shares");
    json_out_string(w, "officer", shares[exam->shares[0]]);
    json_out_string(w, "custodian", shares[exam->shares[1]]);
    json_out_end(w);
    json_out_end(w);
}

/* ---- in ---- */

static int read_band(const json_t *array, size_t i, struct arena *arena,
                     struct scoring_rules *rules, struct err *err)
{
    static const char *const members[] = {"name", "minimum"};
    struct band *band = &rules->bands[i];
    struct json_in in;
    struct bytes name = {0};
    int64_t minimum = 0;
    char number[24];
    int rc = json_in_element(array, "rules.bands", i, &in, err);

    if (rc == 0)
        rc = json_in_members(&in, members, 2, err);
    if (rc == 0)
        rc = json_in_text(&in, "name", 1, BAND_NAME_BYTES_MAX - 1, arena, &name, err);
    if (rc == 0)
        rc = json_in_int(&in, "minimum", 0, UINT32_MAX, &minimum, err);
    if (rc != 0)
        return rc;
    if (i > 0 && minimum >= rules->bands[i - 1].minimum)
        return err_set(err, ERR_BAD_INPUT, &msg_bands, err_int(number, (int64_t)i + 1), NULL, NULL,
                       NULL);
    memcpy(band->name, name.data, name.len);
    band->name[name.len] = '\0';
    band->minimum = (uint32_t)minimum;
    return 0;
}

/* Into bytes of the arena; what was encoded is the record's own form. */
static int keep(struct buf *encoded, struct arena *arena, struct bytes *out, struct err *err)
{
    *out = arena_bytes(arena, buf_view(encoded));
    if (buf_error(encoded) != 0 || out->data == NULL)
        return err_set(err, ERR_NOMEM, &api_msg_no_memory, NULL, NULL, NULL, NULL);
    return 0;
}

static int read_rules(const struct json_in *in, struct arena *arena, struct bytes *out,
                      struct err *err)
{
    static const char *const members[] = {"pass_mark", "bands", "multiple"};
    struct scoring_rules rules = {.fold_version = FOLD_VERSION};
    struct buf encoded = {0};
    struct json_in r;
    const json_t *bands = NULL;
    int64_t pass_mark = 0;
    size_t multiple = 0;
    int rc = json_in_object(in, "rules", &r, err);

    if (rc == 0)
        rc = json_in_members(&r, members, 3, err);
    if (rc == 0)
        rc = json_in_int(&r, "pass_mark", 0, UINT32_MAX, &pass_mark, err);
    if (rc == 0)
        rc = json_in_array(&r, "bands", 0, BANDS_MAX, &bands, err);
    if (rc == 0)
        rc = json_in_choice(&r, "multiple", multiples, 2, &multiple, err);
    for (size_t i = 0; i < json_array_size(bands) && rc == 0; i++)
        rc = read_band(bands, i, arena, &rules, err);
    if (rc != 0)
        return rc;
    rules.pass_mark = (uint32_t)pass_mark;
    rules.bands_count = json_array_size(bands);
    rules.multiple = multiple == 0 ? MULTIPLE_ALL_OR_NOTHING : MULTIPLE_PARTIAL;
    scoring_rules_encode(&rules, &encoded);
    rc = keep(&encoded, arena, out, err);
    buf_fini(&encoded);
    return rc;
}

static int read_blueprint(const struct json_in *in, struct arena *arena, struct bytes *out,
                          struct err *err)
{
    struct blueprint blueprint;
    struct buf encoded = {0};
    struct json_in b;
    char *text = NULL;
    int rc = json_in_object(in, "blueprint", &b, err);

    if (rc != 0)
        return rc;
    text = json_dumps(b.object, JSON_COMPACT);
    if (text == NULL)
        return err_set(err, ERR_NOMEM, &api_msg_no_memory, NULL, NULL, NULL, NULL);
    rc = blueprint_json_read(bytes_of_text(text), arena, &blueprint, err);
    if (rc == 0)
        rc = blueprint_form_check(&blueprint, err);
    if (rc == 0) {
        blueprint_encode(&blueprint, &encoded);
        rc = keep(&encoded, arena, out, err);
    }
    buf_fini(&encoded);
    free(text);
    return rc;
}

static int read_categories(const struct json_in *in, struct arena *arena, struct text_list *out,
                           struct err *err)
{
    const json_t *array = NULL;
    struct bytes *texts;
    int rc = json_in_array(in, "categories", 0, EXAM_CATEGORIES_MAX, &array, err);

    if (rc != 0)
        return rc;
    texts = arena_array(arena, json_array_size(array), sizeof *texts);
    if (texts == NULL)
        return err_set(err, ERR_NOMEM, &api_msg_no_memory, NULL, NULL, NULL, NULL);
    for (size_t i = 0; i < json_array_size(array) && rc == 0; i++)
        rc =
            json_in_element_text(array, "categories", i, CATEGORY_BYTES_MAX, arena, &texts[i], err);
    out->texts = texts;
    out->count = json_array_size(array);
    return rc;
}

static int read_times(const struct json_in *in, struct exam_definition *d, struct err *err)
{
    char start[24];
    char end[24];
    int rc = json_in_int(in, "window_start_ms", 0, API_TIME_MS_MAX, &d->window_start_ms, err);

    if (rc == 0)
        rc = json_in_int(in, "window_end_ms", 0, API_TIME_MS_MAX, &d->window_end_ms, err);
    if (rc == 0 && d->window_end_ms <= d->window_start_ms)
        rc = err_set(err, ERR_BAD_INPUT, &msg_window, err_int(end, d->window_end_ms),
                     err_int(start, d->window_start_ms), NULL, NULL);
    if (rc == 0)
        rc = json_in_int(in, "duration_ms", EXAM_DURATION_MS_MIN, EXAM_DURATION_MS_MAX,
                         &d->duration_ms, err);
    if (rc == 0)
        rc = json_in_date(in, "cut_off", &d->cutoff, err);
    if (rc == 0)
        rc = json_in_int(in, "grace_ms", 0, EXAM_GRACE_MS_MAX, &d->grace_ms, err);
    if (rc == 0)
        rc = json_in_int(in, "late_accept_ms", 0, EXAM_LATE_MS_MAX, &d->late_accept_ms, err);
    if (rc == 0)
        rc = json_in_bool(in, "cut_at_window_end", &d->cut_at_window_end, err);
    return rc;
}

static int read_choices(const struct json_in *in, struct exam_definition *d, struct err *err)
{
    int64_t year = 0;
    int64_t attempts = 0;
    size_t kind = 0;
    size_t count = 0;
    size_t review = 0;
    int rc = json_in_choice(in, "kind", kinds, 2, &kind, err);

    if (rc == 0)
        rc = json_in_int(in, "year", YEAR_MIN, YEAR_MAX, &year, err);
    if (rc == 0)
        rc = json_in_int(in, "attempts", 1, EXAM_TRIES_MAX, &attempts, err);
    if (rc == 0)
        rc = json_in_choice(in, "counts", counts, 3, &count, err);
    if (rc == 0)
        rc = json_in_choice(in, "review", reviews, 3, &review, err);
    d->kind = bytes_of_text(kinds[kind]);
    d->year = (uint32_t)year;
    d->attempts = (uint32_t)attempts;
    d->counts = (uint32_t)(RECORD_ATTEMPT_BEST + count);
    d->review = (uint32_t)review;
    return rc;
}

int exam_definition_read(const struct json_in *in, struct arena *arena, struct exam_definition *out,
                         struct err *err)
{
    static const char *const members[] = {
        "name",          "kind",        "year",           "window_start_ms",
        "window_end_ms", "duration_ms", "cut_off",        "categories",
        "release",       "blueprint",   "rules",          "attempts",
        "counts",        "grace_ms",    "late_accept_ms", "cut_at_window_end",
        "review",        "document"};
    struct exam_definition d = {0};
    int rc = json_in_members(in, members, sizeof members / sizeof members[0], err);

    if (rc == 0)
        rc = json_in_text(in, "name", 1, EXAM_NAME_BYTES_MAX, arena, &d.name, err);
    if (rc == 0)
        rc = read_times(in, &d, err);
    if (rc == 0)
        rc = read_choices(in, &d, err);
    if (rc == 0)
        rc = read_categories(in, arena, &d.categories, err);
    if (rc == 0)
        rc = json_in_hex(in, "release", d.release.b, sizeof d.release.b, err);
    if (rc == 0)
        rc = json_in_text(in, "document", 0, EXAM_DOCUMENT_BYTES_MAX, arena, &d.policy, err);
    if (rc == 0)
        rc = read_rules(in, arena, &d.rules, err);
    if (rc == 0)
        rc = read_blueprint(in, arena, &d.blueprint, err);
    if (rc == 0)
        *out = d;
    return rc;
}
