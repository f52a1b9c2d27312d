/* Units: checks, the reading of a history, and the tree at a date.
 *
 * unit_tree_make decides for every unit whether it stands at the date, links it to its parent of
 * that date, sorts siblings by code, and lays the tree out in preorder. A circle or too deep a chain
 * is refused by name. Pure; any thread. */
#include "server/roster/unit.h"

#include "server/roster/record_text.h"
#include "server/roster/roster.h"

#include <stdlib.h>

static const struct msg MSG_CIRCLE = {
    .id = "units-in-a-circle",
    .zh = "单位{0}的上级关系成环，或层级超过{1}级",
    .en = "unit {0}: its superiors form a circle, or are more than {1} levels",
};
static const struct msg MSG_VALID_TO = {
    .id = "unit-dates-crossed",
    .zh = "单位{0}的撤销日期早于设立日期",
    .en = "unit {0} ends before it begins",
};

int unit_record_check(const struct unit_record *rec, struct err *err)
{
    int rc = record_text_check(rec->code, 1, UNIT_CODE_BYTES_MAX, "单位编码", err);

    if (rc == 0) {
        rc = record_text_check(rec->name, 1, UNIT_NAME_BYTES_MAX, "单位名称", err);
    }
    if (rc == 0) {
        rc = record_text_check(rec->parent, 0, UNIT_CODE_BYTES_MAX, "上级编码", err);
    }
    if (rc == 0) {
        rc = record_date_check(rec->valid_from, false, "生效日期", err);
    }
    if (rc == 0) {
        rc = record_date_check(rec->valid_to, true, "撤销日期", err);
    }
    if (rc == 0 && rec->valid_to.len > 0 && bytes_compare(rec->valid_to, rec->valid_from) < 0) {
        char code[UNIT_CODE_BYTES_MAX + 1];

        rc = err_set(err, ERR_BAD_INPUT, &MSG_VALID_TO,
                     record_text_copy(rec->code, code, sizeof code), NULL, NULL, NULL);
    }
    return rc;
}

const struct unit_version *unit_at(const struct unit *unit, struct bytes date)
{
    for (size_t i = unit->versions_count; i > 0; i--) {
        if (bytes_compare(unit->versions[i - 1].valid_from, date) <= 0) {
            return &unit->versions[i - 1];
        }
    }
    return NULL;
}

bool unit_version_is_open(const struct unit_version *v, struct bytes date)
{
    return v->valid_to.len == 0 || bytes_compare(date, v->valid_to) < 0;
}

/* What the tree goes by: the version in force, or the first one for a unit that is needed although
 * it did not exist yet. */
static const struct unit_version *version_for_tree(const struct unit *unit, struct bytes date)
{
    const struct unit_version *v = unit_at(unit, date);

    return v != NULL ? v : &unit->versions[0];
}

struct sort_entry {
    struct bytes code;
    uint32_t unit;
    int64_t parent; /* unit index or -1 */
};

static int compare_entries(const void *a, const void *b)
{
    const struct sort_entry *x = a, *y = b;

    if (x->parent != y->parent) {
        return x->parent < y->parent ? -1 : 1;
    }
    return bytes_compare(x->code, y->code);
}

/* Work of one call. entries: those in the tree, by (parent, code). */
struct tree_work {
    const struct roster *roster;
    struct bytes date;
    bool *in;
    struct sort_entry *entries;
    size_t entries_count;
    uint32_t *first; /* by unit: where its children begin in entries */
    uint32_t *many;  /* by unit: how many there are */
};

static int64_t parent_unit(const struct tree_work *w, size_t unit)
{
    return roster_find_unit(w->roster, version_for_tree(&w->roster->units[unit], w->date)->parent);
}

static int refuse_circle(const struct roster *r, size_t unit, struct err *err)
{
    char code[UNIT_CODE_BYTES_MAX + 1], most[24];

    return err_set(err, ERR_CONFLICT, &MSG_CIRCLE,
                   record_text_copy(r->units[unit].code, code, sizeof code),
                   err_int(most, UNIT_DEPTH_MAX), NULL, NULL);
}

/* Marks the unit and all above it. */
static int mark_upwards(struct tree_work *w, size_t unit, struct err *err)
{
    int64_t at = (int64_t)unit;

    for (int depth = 0; at >= 0; depth++) {
        if (depth >= UNIT_DEPTH_MAX) {
            return refuse_circle(w->roster, unit, err);
        }
        w->in[at] = true;
        at = parent_unit(w, (size_t)at);
    }
    return 0;
}

static int tree_mark(struct tree_work *w, const bool *needed, struct err *err)
{
    for (size_t i = 0; i < w->roster->units_count; i++) {
        const struct unit_version *v = unit_at(&w->roster->units[i], w->date);
        bool open = v != NULL && unit_version_is_open(v, w->date);

        if (open || (needed != NULL && needed[i])) {
            int rc = mark_upwards(w, i, err);

            if (rc != 0) {
                return rc;
            }
        }
    }
    return 0;
}

static void tree_sort(struct tree_work *w)
{
    for (size_t i = 0; i < w->roster->units_count; i++) {
        if (w->in[i]) {
            w->entries[w->entries_count++] =
                (struct sort_entry){w->roster->units[i].code, (uint32_t)i, parent_unit(w, i)};
        }
    }
    if (w->entries_count > 0) {
        qsort(w->entries, w->entries_count, sizeof *w->entries, compare_entries);
    }
    for (size_t i = 0; i < w->entries_count; i++) {
        int64_t parent = w->entries[i].parent;

        if (parent >= 0) {
            if (w->many[parent]++ == 0) {
                w->first[parent] = (uint32_t)i;
            }
        }
    }
}

/* Depth is bounded by UNIT_DEPTH_MAX, which tree_mark made sure of. */
static void lay_out(const struct tree_work *w, const struct sort_entry *entry, int32_t parent,
                    uint32_t level, struct unit_tree *tree)
{
    const struct unit *unit = &w->roster->units[entry->unit];
    size_t at = tree->count++;

    tree->nodes[at] = (struct unit_node){.unit = entry->unit,
                                         .parent = parent,
                                         .level = level,
                                         .code = unit->code,
                                         .name = version_for_tree(unit, w->date)->name};
    tree->node_of_unit[entry->unit] = (int32_t)at;
    for (uint32_t i = 0; i < w->many[entry->unit]; i++) {
        lay_out(w, &w->entries[w->first[entry->unit] + i], (int32_t)at, level + 1, tree);
    }
    tree->nodes[at].end = (uint32_t)tree->count;
}

int unit_tree_make(const struct roster *roster, struct bytes date, const bool *needed,
                   struct unit_tree *out, struct err *err)
{
    size_t n = roster->units_count > 0 ? roster->units_count : 1;
    struct unit_tree tree = {.nodes = calloc(n, sizeof *tree.nodes),
                             .node_of_unit = calloc(n, sizeof *tree.node_of_unit)};
    struct tree_work w = {.roster = roster,
                          .date = date,
                          .in = calloc(n, sizeof *w.in),
                          .entries = calloc(n, sizeof *w.entries),
                          .first = calloc(n, sizeof *w.first),
                          .many = calloc(n, sizeof *w.many)};
    int rc;

    if (tree.nodes == NULL || tree.node_of_unit == NULL || w.in == NULL || w.entries == NULL ||
        w.first == NULL || w.many == NULL) {
        rc = err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
        goto out;
    }
    rc = tree_mark(&w, needed, err);
    if (rc != 0) {
        goto out;
    }
    tree_sort(&w);
    for (size_t i = 0; i < roster->units_count; i++) {
        tree.node_of_unit[i] = -1;
    }
    for (size_t i = 0; i < w.entries_count && w.entries[i].parent < 0; i++) {
        lay_out(&w, &w.entries[i], -1, 0, &tree);
    }
out:
    free(w.in);
    free(w.entries);
    free(w.first);
    free(w.many);
    if (rc != 0) {
        unit_tree_fini(&tree);
        return rc;
    }
    *out = tree;
    return 0;
}

void unit_tree_fini(struct unit_tree *tree)
{
    free(tree->nodes);
    free(tree->node_of_unit);
    *tree = (struct unit_tree){0};
}
