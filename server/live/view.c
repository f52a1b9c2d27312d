/* Questions to a view. Thread: any. */
#include "server/live/view.h"

#include "server/roster/category.h"

#include <string.h>

const struct exam_view *view_exam(const struct registry_view *view, const uint8_t uuid[16])
{
    for (size_t i = 0; i < view->exams_count; i++) {
        if (memcmp(view->exams[i]->uuid, uuid, 16) == 0) {
            return view->exams[i];
        }
    }
    return NULL;
}

uint32_t view_exemption(const struct exam_view *exam, uint32_t person)
{
    size_t low = 0, high = exam->exemptions_count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (exam->exemptions[mid].person == person) {
            return exam->exemptions[mid].kind;
        }
        if (exam->exemptions[mid].person < person) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    return RECORD_EXEMPTION_NONE;
}

bool view_exam_is_assigned(const struct registry_view *view, const struct exam_view *exam,
                           uint32_t person)
{
    const struct exam_definition *d = exam->definition;
    const struct person_version *v;

    if (person >= view->roster->people_count) {
        return false;
    }
    v = person_at(&view->roster->people[person], d->cutoff);
    return v != NULL && v->status == PERSON_ON_BOOKS &&
           category_is_assigned(d->categories.texts, d->categories.count, v->category);
}

bool role_counts(const char *ends, struct bytes date)
{
    return ends[0] == '\0' || bytes_compare(date, bytes_of_text(ends)) < 0;
}

const struct view_role *view_roles(const struct registry_view *view, uint32_t person, size_t *count)
{
    size_t low = 0, high = view->roles_count, end;

    while (low < high) {
        size_t mid = low + (high - low) / 2;

        if (view->roles[mid].person < person) {
            low = mid + 1;
        } else {
            high = mid;
        }
    }
    end = low;
    while (end < view->roles_count && view->roles[end].person == person) {
        end++;
    }
    *count = end - low;
    return end > low ? &view->roles[low] : NULL;
}

bool view_role_allows(const struct registry_view *view, uint32_t person, const char *role,
                      struct bytes unit, struct bytes date)
{
    size_t count;
    const struct view_role *roles = view_roles(view, person, &count);

    for (size_t i = 0; i < count; i++) {
        if (!bytes_equal(roles[i].role, bytes_of_text(role)) || !role_counts(roles[i].ends, date)) {
            continue;
        }
        if (roles[i].unit.len == 0 ||
            (unit.len > 0 && roster_unit_is_within(view->roster, unit, roles[i].unit, date))) {
            return true;
        }
    }
    return false;
}
