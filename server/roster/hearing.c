/* Hearings: sorts what was recorded by person, hearing and order; the last word on each decides.
 * Pure; any thread. */
#include "server/roster/hearing.h"

#include <stdlib.h>
#include <string.h>

static const struct msg MSG_PERSON = {
    .id = "attendance-person-unknown",
    .zh = "第{0}条旁听记录的人员不在名册中",
    .en = "attendance {0} is of a person who is not in the roster",
};

const char *hearing_mode_name(enum hearing_mode mode)
{
    return mode == HEARING_ON_SITE ? "现场" : mode == HEARING_ONLINE ? "线上" : "";
}

enum hearing_mode hearing_mode_parse(struct bytes text)
{
    if (bytes_equal(text, bytes_of_text("现场"))) {
        return HEARING_ON_SITE;
    }
    return bytes_equal(text, bytes_of_text("线上")) ? HEARING_ONLINE : (enum hearing_mode)0;
}

static int compare_attendance(const void *a, const void *b)
{
    const struct attendance *x = *(const struct attendance *const *)a;
    const struct attendance *y = *(const struct attendance *const *)b;
    int order;

    if (x->person != y->person) {
        return x->person < y->person ? -1 : 1;
    }
    order = bytes_compare(x->hearing, y->hearing);
    if (order != 0) {
        return order;
    }
    return x < y ? -1 : x > y; /* both lie in one array: the order recorded */
}

int hearings_count(const struct attendance *list, size_t count, struct bytes from, struct bytes to,
                   uint32_t *counts, size_t people_count, struct err *err)
{
    const struct attendance **sorted = calloc(count > 0 ? count : 1, sizeof(*sorted));
    char at[24];

    if (sorted == NULL) {
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    for (size_t i = 0; i < count; i++) {
        if (list[i].person >= people_count) {
            free(sorted);
            return err_set(err, ERR_BAD_INPUT, &MSG_PERSON, err_int(at, (int64_t)i + 1), NULL, NULL,
                           NULL);
        }
        sorted[i] = &list[i];
    }
    qsort(sorted, count, sizeof *sorted, compare_attendance);
    memset(counts, 0, people_count * sizeof *counts);
    for (size_t i = 0; i < count; i++) {
        const struct attendance *a = sorted[i];
        bool last = i + 1 == count || sorted[i + 1]->person != a->person ||
                    !bytes_equal(sorted[i + 1]->hearing, a->hearing);

        if (last && !a->revoked && (from.len == 0 || bytes_compare(a->date, from) >= 0) &&
            (to.len == 0 || bytes_compare(a->date, to) <= 0)) {
            counts[a->person]++;
        }
    }
    free(sorted);
    return 0;
}
