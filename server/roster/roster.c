/* The roster: applies records, keeps every version, answers by number and code.
 *
 * Texts live in one arena, versions in small arrays per unit and person. Memory for everything a
 * record needs is taken before anything changes. Fails on records that are no records, on unknown
 * units, on circles and without memory. One writer. */
#include "server/roster/roster.h"

#include "server/roster/record_text.h"

#include <stdlib.h>
#include <string.h>

static const struct msg MSG_PARENT = {
    .id = "unit-parent-unknown",
    .zh = "单位{0}的上级单位{1}不存在",
    .en = "unit {0}: there is no superior unit {1}",
};
static const struct msg MSG_SELF = {
    .id = "unit-under-itself",
    .zh = "单位{0}不能以{1}为上级：上级关系成环或层级过深",
    .en = "unit {0} cannot be under {1}: a circle, or too deep",
};
static const struct msg MSG_UNIT = {
    .id = "person-unit-unknown",
    .zh = "人员{0}的单位{1}不存在",
    .en = "person {0}: there is no unit {1}",
};
static const struct msg MSG_MANY = {
    .id = "roster-full",
    .zh = "名册已达上限：{0}",
    .en = "the roster is full: {0}",
};

void roster_init(struct roster *r)
{
    *r = (struct roster){0};
    arena_init(&r->texts, 0);
}

void roster_fini(struct roster *r)
{
    for (size_t i = 0; i < r->units_count; i++) {
        free(r->units[i].versions);
    }
    for (size_t i = 0; i < r->people_count; i++) {
        free(r->people[i].versions);
    }
    free(r->units);
    free(r->people);
    text_index_fini(&r->by_code);
    text_index_fini(&r->by_number);
    arena_fini(&r->texts);
    *r = (struct roster){0};
}

int64_t roster_find_unit(const struct roster *r, struct bytes code)
{
    return text_index_find(&r->by_code, code);
}

int64_t roster_find_person(const struct roster *r, struct bytes number)
{
    return text_index_find(&r->by_number, number);
}

bool roster_unit_is_within(const struct roster *r, struct bytes code, struct bytes above,
                           struct bytes date)
{
    int64_t at = roster_find_unit(r, code);

    for (int depth = 0; at >= 0 && depth < UNIT_DEPTH_MAX; depth++) {
        const struct unit *unit = &r->units[at];
        const struct unit_version *v = unit_at(unit, date);

        if (bytes_equal(unit->code, above)) {
            return true;
        }
        at = roster_find_unit(r, v != NULL ? v->parent : unit->versions[0].parent);
    }
    return false;
}

/* The array with room for one more element, its contents kept; NULL without memory (then the old one
 * stands). */
static void *array_reserve(void *items, size_t *cap, size_t count, size_t size)
{
    size_t more = *cap == 0 ? 1 : *cap * 2; /* most histories have one version for ever */
    void *grown;

    if (count < *cap) {
        return items;
    }
    grown = realloc(items, more * size);
    if (grown != NULL) {
        *cap = more;
    }
    return grown;
}

/* Copies each text into the arena. Empty ones need no memory. */
static int texts_keep(struct arena *a, struct bytes *const *texts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        if (texts[i]->len == 0) {
            *texts[i] = (struct bytes){0};
            continue;
        }
        *texts[i] = arena_bytes(a, *texts[i]);
        if (texts[i]->data == NULL) {
            return ERR_NOMEM;
        }
    }
    return 0;
}

static int refuse_nomem(struct err *err)
{
    return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
}

static int refuse_full(const char *what, struct err *err)
{
    return err_set(err, ERR_LIMIT, &MSG_MANY, what, NULL, NULL, NULL);
}

/* ---------------------------------------------------------------------------- units */

/* Would `code` under `parent` be above itself at the date, or too deep? *next becomes the next date,
 * if it is earlier than *next ("": never), from which a unit above has another version. */
static bool circle_at(const struct roster *r, struct bytes code, struct bytes parent,
                      struct bytes date, struct bytes *next)
{
    int64_t at = roster_find_unit(r, parent);
    int depth = 1;

    for (; at >= 0 && depth < UNIT_DEPTH_MAX; depth++) {
        const struct unit *unit = &r->units[at];
        const struct unit_version *v = unit_at(unit, date);

        if (bytes_equal(unit->code, code)) {
            return true;
        }
        for (size_t i = 0; i < unit->versions_count; i++) {
            struct bytes from = unit->versions[i].valid_from;

            if (bytes_compare(from, date) > 0 &&
                (next->len == 0 || bytes_compare(from, *next) < 0)) {
                *next = from;
            }
        }
        at = roster_find_unit(r, v != NULL ? v->parent : unit->versions[0].parent);
    }
    return at >= 0;
}

/* The same on every date on which the record would hold: until the unit's next version, and, as
 * its first one, before that date too (see unit_tree_make). */
static bool makes_circle(const struct roster *r, const struct unit_record *rec)
{
    int64_t at = roster_find_unit(r, rec->code);
    struct bytes date = {0}, end = {0};

    for (size_t i = 0; at >= 0 && i < r->units[at].versions_count; i++) {
        struct bytes from = r->units[at].versions[i].valid_from;
        int order = bytes_compare(from, rec->valid_from);

        if (order < 0) {
            date = rec->valid_from;
        } else if (order > 0 && end.len == 0) {
            end = from;
        }
    }
    for (;;) {
        struct bytes next = end;

        if (circle_at(r, rec->code, rec->parent, date, &next)) {
            return true;
        }
        if (next.len == 0 || bytes_equal(next, end)) {
            return false;
        }
        date = next;
    }
}

static int unit_place_check(const struct roster *r, const struct unit_record *rec, struct err *err)
{
    char code[UNIT_CODE_BYTES_MAX + 1], parent[UNIT_CODE_BYTES_MAX + 1];

    if (rec->parent.len == 0) {
        return 0;
    }
    record_text_copy(rec->code, code, sizeof code);
    record_text_copy(rec->parent, parent, sizeof parent);
    if (bytes_equal(rec->code, rec->parent) || makes_circle(r, rec)) {
        return err_set(err, ERR_CONFLICT, &MSG_SELF, code, parent, NULL, NULL);
    }
    if (roster_find_unit(r, rec->parent) < 0) {
        return err_set(err, ERR_NOT_FOUND, &MSG_PARENT, code, parent, NULL, NULL);
    }
    return 0;
}

/* The unit of that code, a new one without versions if there is none. NULL: no memory. */
static struct unit *unit_take(struct roster *r, struct bytes code)
{
    int64_t at = roster_find_unit(r, code);
    struct unit *grown;
    struct bytes kept;

    if (at >= 0) {
        return &r->units[at];
    }
    kept = arena_bytes(&r->texts, code);
    grown = kept.data == NULL
                ? NULL
                : array_reserve(r->units, &r->units_cap, r->units_count, sizeof *grown);
    if (grown == NULL) {
        return NULL;
    }
    r->units = grown;
    if (text_index_add(&r->by_code, kept, (uint32_t)r->units_count) != 0) {
        return NULL;
    }
    r->units[r->units_count] = (struct unit){.code = kept};
    return &r->units[r->units_count++];
}

int roster_set_unit(struct roster *r, const struct unit_record *rec, struct err *err)
{
    struct unit_version v = {rec->name, rec->parent, rec->valid_from, rec->valid_to};
    struct bytes *const texts[] = {&v.name, &v.parent, &v.valid_from, &v.valid_to};
    struct unit_version *first, *grown;
    struct unit *unit;
    size_t at;
    int rc = unit_record_check(rec, err);

    if (rc == 0) {
        rc = unit_place_check(r, rec, err);
    }
    if (rc != 0) {
        return rc;
    }
    if (r->units_count >= UNITS_MAX && roster_find_unit(r, rec->code) < 0) {
        return refuse_full("单位", err);
    }
    first = malloc(sizeof *first);
    if (first == NULL || texts_keep(&r->texts, texts, 4) != 0) {
        free(first);
        return refuse_nomem(err);
    }
    unit = unit_take(r, rec->code);
    if (unit == NULL) {
        free(first);
        return refuse_nomem(err);
    }
    if (unit->versions_cap == 0) {
        unit->versions = first; /* a unit is never without a version */
        unit->versions_cap = 1;
        first = NULL;
    }
    free(first);
    for (at = unit->versions_count; at > 0; at--) {
        int order = bytes_compare(unit->versions[at - 1].valid_from, v.valid_from);

        if (order == 0) {
            unit->versions[at - 1] = v;
            return 0;
        }
        if (order < 0) {
            break;
        }
    }
    if (unit->versions_count >= ROSTER_VERSIONS_MAX) {
        return refuse_full("单位变更次数", err);
    }
    grown = array_reserve(unit->versions, &unit->versions_cap, unit->versions_count, sizeof v);
    if (grown == NULL) {
        return refuse_nomem(err);
    }
    unit->versions = grown;
    memmove(&unit->versions[at + 1], &unit->versions[at], (unit->versions_count - at) * sizeof v);
    unit->versions[at] = v;
    unit->versions_count++;
    return 0;
}

/* ---------------------------------------------------------------------------- people */

static struct person *person_take(struct roster *r, struct bytes number)
{
    int64_t at = roster_find_person(r, number);
    struct person *grown;
    struct bytes kept;

    if (at >= 0) {
        return &r->people[at];
    }
    kept = arena_bytes(&r->texts, number);
    grown = kept.data == NULL
                ? NULL
                : array_reserve(r->people, &r->people_cap, r->people_count, sizeof *grown);
    if (grown == NULL) {
        return NULL;
    }
    r->people = grown;
    if (text_index_add(&r->by_number, kept, (uint32_t)r->people_count) != 0) {
        return NULL;
    }
    r->people[r->people_count] = (struct person){.number = kept};
    return &r->people[r->people_count++];
}

int roster_set_person(struct roster *r, const struct person_record *rec, struct err *err)
{
    struct person_version v = {rec->name, rec->unit,      rec->category, rec->valid_from,
                               rec->post, rec->appointed, rec->status};
    struct bytes *const texts[] = {&v.name,       &v.unit, &v.category,
                                   &v.valid_from, &v.post, &v.appointed};
    char number[PERSON_NUMBER_BYTES_MAX + 1], code[UNIT_CODE_BYTES_MAX + 1];
    int64_t unit;
    struct person *person;
    struct person_version *grown;
    size_t at;
    int rc = person_record_check(rec, err);

    if (rc != 0) {
        return rc;
    }
    unit = roster_find_unit(r, rec->unit);
    if (unit < 0) {
        return err_set(err, ERR_NOT_FOUND, &MSG_UNIT,
                       record_text_copy(rec->number, number, sizeof number),
                       record_text_copy(rec->unit, code, sizeof code), NULL, NULL);
    }
    if (r->people_count >= PEOPLE_MAX && roster_find_person(r, rec->number) < 0) {
        return refuse_full("人员", err);
    }
    v.unit = (struct bytes){0}; /* the unit's own text is shared */
    if (texts_keep(&r->texts, texts, 6) != 0) {
        return refuse_nomem(err);
    }
    v.unit = r->units[unit].code;
    person = person_take(r, rec->number);
    if (person == NULL) {
        return refuse_nomem(err);
    }
    for (at = person->versions_count; at > 0; at--) {
        int order = bytes_compare(person->versions[at - 1].valid_from, v.valid_from);

        if (order == 0) {
            person->versions[at - 1] = v;
            return 0;
        }
        if (order < 0) {
            break;
        }
    }
    if (person->versions_count >= ROSTER_VERSIONS_MAX) {
        return refuse_full("人员变更次数", err);
    }
    grown =
        array_reserve(person->versions, &person->versions_cap, person->versions_count, sizeof v);
    if (grown == NULL) {
        return refuse_nomem(err);
    }
    person->versions = grown;
    memmove(&person->versions[at + 1], &person->versions[at],
            (person->versions_count - at) * sizeof v);
    person->versions[at] = v;
    person->versions_count++;
    return 0;
}

/* ---------------------------------------------------------------------------- copies */

static int clone_units(const struct roster *r, struct roster *to)
{
    for (size_t i = 0; i < r->units_count; i++) {
        const struct unit *from = &r->units[i];
        struct unit *unit = unit_take(to, from->code);

        if (unit == NULL) {
            return ERR_NOMEM;
        }
        unit->versions = calloc(from->versions_count, sizeof *unit->versions);
        if (unit->versions == NULL) {
            return ERR_NOMEM;
        }
        unit->versions_cap = from->versions_count;
        for (size_t v = 0; v < from->versions_count; v++) {
            struct unit_version *mine = &unit->versions[v];
            struct bytes *const texts[] = {&mine->name, &mine->parent, &mine->valid_from,
                                           &mine->valid_to};

            *mine = from->versions[v];
            if (texts_keep(&to->texts, texts, 4) != 0) {
                return ERR_NOMEM;
            }
        }
        unit->versions_count = from->versions_count;
    }
    return 0;
}

static int clone_people(const struct roster *r, struct roster *to)
{
    for (size_t i = 0; i < r->people_count; i++) {
        const struct person *from = &r->people[i];
        struct person *person = person_take(to, from->number);

        if (person == NULL) {
            return ERR_NOMEM;
        }
        if (from->versions_count == 0) {
            continue;
        }
        person->versions = calloc(from->versions_count, sizeof *person->versions);
        if (person->versions == NULL) {
            return ERR_NOMEM;
        }
        person->versions_cap = from->versions_count;
        for (size_t v = 0; v < from->versions_count; v++) {
            struct person_version *mine = &person->versions[v];
            struct bytes *const texts[] = {&mine->name, &mine->category, &mine->valid_from,
                                           &mine->post, &mine->appointed};

            *mine = from->versions[v];
            if (texts_keep(&to->texts, texts, 5) != 0) {
                return ERR_NOMEM;
            }
            mine->unit = to->units[roster_find_unit(to, mine->unit)].code;
        }
        person->versions_count = from->versions_count;
    }
    return 0;
}

int roster_clone(const struct roster *r, struct roster *out, struct err *err)
{
    struct roster copy;
    int rc;

    roster_init(&copy);
    rc = clone_units(r, &copy);
    if (rc == 0) {
        rc = clone_people(r, &copy);
    }
    if (rc != 0) {
        roster_fini(&copy);
        return refuse_nomem(err);
    }
    *out = copy;
    return 0;
}
