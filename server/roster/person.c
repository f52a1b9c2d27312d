/* People: checks and the reading of a history. Pure; any thread. */
#include "server/roster/person.h"

#include "server/roster/category.h"
#include "server/roster/record_text.h"
#include "server/roster/unit.h"

static const struct msg MSG_STATUS = {
    .id = "person-status-bad",
    .zh = "人员{0}的状态无效，应为在册、调出或退休",
    .en = "person {0}: the status is not one of 在册, 调出, 退休",
};

int person_record_check(const struct person_record *rec, struct err *err)
{
    int rc = record_text_check(rec->number, 1, PERSON_NUMBER_BYTES_MAX, "人员编号", err);

    if (rc == 0) {
        rc = record_text_check(rec->name, 1, PERSON_NAME_BYTES_MAX, "姓名", err);
    }
    if (rc == 0) {
        rc = record_text_check(rec->unit, 1, UNIT_CODE_BYTES_MAX, "单位编码", err);
    }
    if (rc == 0) {
        rc = record_text_check(rec->category, 1, CATEGORY_BYTES_MAX, "人员类别", err);
    }
    if (rc == 0) {
        rc = record_text_check(rec->post, 0, PERSON_POST_BYTES_MAX, "职务", err);
    }
    if (rc == 0) {
        rc = record_date_check(rec->valid_from, false, "生效日期", err);
    }
    if (rc == 0) {
        rc = record_date_check(rec->appointed, true, "任职日期", err);
    }
    if (rc == 0 && (rec->status < PERSON_ON_BOOKS || rec->status > PERSON_RETIRED)) {
        char number[PERSON_NUMBER_BYTES_MAX + 1];

        rc = err_set(err, ERR_BAD_INPUT, &MSG_STATUS,
                     record_text_copy(rec->number, number, sizeof number), NULL, NULL, NULL);
    }
    return rc;
}

const struct person_version *person_at(const struct person *person, struct bytes date)
{
    for (size_t i = person->versions_count; i > 0; i--) {
        if (bytes_compare(person->versions[i - 1].valid_from, date) <= 0) {
            return &person->versions[i - 1];
        }
    }
    return NULL;
}

static const char *const status_names[] = {"", "在册", "调出", "退休"};

const char *person_status_name(enum person_status status)
{
    return status >= PERSON_ON_BOOKS && status <= PERSON_RETIRED ? status_names[status] : "";
}

enum person_status person_status_parse(struct bytes text)
{
    if (text.len == 0) {
        return PERSON_ON_BOOKS;
    }
    for (int i = PERSON_ON_BOOKS; i <= PERSON_RETIRED; i++) {
        if (bytes_equal(text, bytes_of_text(status_names[i]))) {
            return (enum person_status)i;
        }
    }
    return (enum person_status)0;
}
