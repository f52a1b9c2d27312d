/* Checks of single fields. Pure; any thread. */
#include "server/roster/record_text.h"

#include "question-bank/base/utf8.h"
#include "server/roster/civil.h"

#include <assert.h>
#include <string.h>

static const struct msg MSG_EMPTY = {
    .id = "field-empty",
    .zh = "“{0}”不能为空",
    .en = "{0} must not be empty",
};
static const struct msg MSG_LONG = {
    .id = "field-too-long",
    .zh = "“{0}”过长，最多{1}字节",
    .en = "{0} is longer than {1} bytes",
};
static const struct msg MSG_UNCLEAN = {
    .id = "field-not-clean",
    .zh = "“{0}”含有不可用的字符",
    .en = "{0} holds characters that cannot be used",
};
static const struct msg MSG_DATE = {
    .id = "field-not-a-date",
    .zh = "“{0}”应为日期（如2026-03-01），实为“{1}”",
    .en = "{0} must be a date such as 2026-03-01, found '{1}'",
};

int record_text_check(struct bytes text, size_t min, size_t max, const char *what, struct err *err)
{
    char most[24];

    if (text.len < min) {
        return err_set(err, ERR_BAD_INPUT, &MSG_EMPTY, what, NULL, NULL, NULL);
    }
    if (text.len > max) {
        return err_set(err, ERR_BAD_INPUT, &MSG_LONG, what, err_int(most, (int64_t)max), NULL,
                       NULL);
    }
    if (!utf8_valid(text, NULL) || !utf8_is_nfc(text)) {
        return err_set(err, ERR_BAD_INPUT, &MSG_UNCLEAN, what, NULL, NULL, NULL);
    }
    for (size_t i = 0; i < text.len; i++) {
        if (text.data[i] < 0x20 || text.data[i] == 0x7f) {
            return err_set(err, ERR_BAD_INPUT, &MSG_UNCLEAN, what, NULL, NULL, NULL);
        }
    }
    return 0;
}

int record_date_check(struct bytes date, bool may_be_empty, const char *what, struct err *err)
{
    char found[64];

    if ((may_be_empty && date.len == 0) || civil_date_valid(date)) {
        return 0;
    }
    return err_set(err, ERR_BAD_INPUT, &MSG_DATE, what, record_text_copy(date, found, sizeof found),
                   NULL, NULL);
}

char *record_text_copy(struct bytes text, char *out, size_t size)
{
    size_t len = text.len < size - 1 ? text.len : size - 1;

    assert(size > 0);
    while (len > 0 && len < text.len && (text.data[len] & 0xc0) == 0x80) {
        len--;
    }
    if (len > 0) {
        memcpy(out, text.data, len);
    }
    out[len] = '\0';
    return out;
}
