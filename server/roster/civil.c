/* Civil dates: days counted from 1970-01-01 in the proleptic Gregorian calendar, eight hours east.
 * Fails only on text that is no date. Pure; any thread. */
#include "server/roster/civil.h"

#include "question-bank/base/err.h"
#include "question-bank/base/utf8.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

static const int64_t DAY_MS = 86400000;
static const int64_t EAST_MS = 8 * 3600000;

static bool year_is_leap(int64_t y)
{
    return (y % 4 == 0 && y % 100 != 0) || y % 400 == 0;
}

static int64_t month_days(int64_t y, int64_t m)
{
    static const uint8_t days[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};

    return m == 2 && year_is_leap(y) ? 29 : days[m - 1];
}

/* Days before the first of January of year y, from 0001-01-01. */
static int64_t days_before_year(int64_t y)
{
    int64_t n = y - 1;

    return n * 365 + n / 4 - n / 100 + n / 400;
}

static int64_t days_of(int64_t y, int64_t m, int64_t d)
{
    int64_t days = days_before_year(y) - days_before_year(1970) + d - 1;

    for (int64_t i = 1; i < m; i++) {
        days += month_days(y, i);
    }
    return days;
}

static bool parts_valid(int64_t y, int64_t m, int64_t d)
{
    return y >= 1900 && y <= 9999 && m >= 1 && m <= 12 && d >= 1 && d <= month_days(y, m);
}

/* At most `most` digits at *at; -1 if there is none. */
static int64_t digits_read(struct bytes text, size_t *at, size_t most)
{
    int64_t value = 0;
    size_t start = *at;

    while (*at < text.len && *at - start < most && text.data[*at] >= '0' && text.data[*at] <= '9') {
        value = value * 10 + (text.data[*at] - '0');
        (*at)++;
    }
    return *at == start ? -1 : value;
}

bool civil_date_valid(struct bytes text)
{
    size_t at = 0;
    int64_t y, m, d;

    if (text.len != CIVIL_DATE_BYTES || text.data[4] != '-' || text.data[7] != '-') {
        return false;
    }
    y = digits_read(text, &at, 4);
    at++;
    m = digits_read(text, &at, 2);
    at++;
    d = digits_read(text, &at, 2);
    return at == CIVIL_DATE_BYTES && parts_valid(y, m, d);
}

/* Takes `mark` at *at, if it is there. */
static bool mark_take(struct bytes text, size_t *at, const char *mark)
{
    size_t len = strlen(mark);

    if (text.len - *at < len || memcmp(text.data + *at, mark, len) != 0) {
        return false;
    }
    *at += len;
    return true;
}

int civil_date_parse(struct bytes text, char out[CIVIL_TEXT_BYTES])
{
    static const char *const marks[][3] = {
        {"-", "-", ""}, {"/", "/", ""}, {".", ".", ""}, {"年", "月", "日"}, {"", "", ""}};

    for (size_t i = 0; text.len > 0 && i < sizeof marks / sizeof marks[0]; i++) {
        size_t at = 0;
        int64_t y = digits_read(text, &at, 4), m, d;

        if (at != 4 || !mark_take(text, &at, marks[i][0])) {
            continue;
        }
        m = digits_read(text, &at, 2);
        if (!mark_take(text, &at, marks[i][1])) {
            continue;
        }
        d = digits_read(text, &at, 2);
        if (!mark_take(text, &at, marks[i][2]) || at != text.len || !parts_valid(y, m, d) ||
            (marks[i][0][0] == '\0' && text.len != 8)) {
            continue;
        }
        snprintf(out, CIVIL_TEXT_BYTES, "%04d-%02d-%02d", (int)y, (int)m, (int)d);
        return 0;
    }
    return ERR_BAD_INPUT;
}

/* Local days since 1970-01-01, and the milliseconds left in the day. */
static int64_t local_days(int64_t ms, int64_t *rest)
{
    int64_t local = ms + EAST_MS;
    int64_t days = local / DAY_MS;

    *rest = local % DAY_MS;
    if (*rest < 0) {
        *rest += DAY_MS;
        days--;
    }
    return days;
}

void civil_date_of_ms(int64_t ms, char out[CIVIL_TEXT_BYTES])
{
    int64_t rest;
    int64_t left = local_days(ms, &rest) + days_before_year(1970);
    int64_t y = left / 366 + 1; /* at or before the year; at most a few steps short per century */
    int64_t m = 1;

    while (days_before_year(y + 1) <= left) {
        y++;
    }
    left -= days_before_year(y);
    while (left >= month_days(y, m)) {
        left -= month_days(y, m);
        m++;
    }
    snprintf(out, CIVIL_TEXT_BYTES, "%04d-%02d-%02d", (int)y, (int)m, (int)left + 1);
}

void civil_time_of_ms(int64_t ms, char out[CIVIL_TEXT_BYTES])
{
    int64_t rest;

    local_days(ms, &rest);
    civil_date_of_ms(ms, out);
    snprintf(out + CIVIL_DATE_BYTES, CIVIL_TEXT_BYTES - CIVIL_DATE_BYTES, " %02d:%02d:%02d",
             (int)(rest / 3600000), (int)(rest / 60000 % 60), (int)(rest / 1000 % 60));
}

int64_t civil_date_end_ms(struct bytes date)
{
    size_t at = 0;
    int64_t y, m, d;

    assert(civil_date_valid(date));
    y = digits_read(date, &at, 4);
    at++;
    m = digits_read(date, &at, 2);
    at++;
    d = digits_read(date, &at, 2);
    return (days_of(y, m, d) + 1) * DAY_MS - EAST_MS;
}
