/* Folds of text that is compared or hashed: fill-in answers, statutes, Chinese numerals.
 * The tables fix bytes (docs/bank-format.md §5, §6). Pure; any thread. */
#include "question-bank/base/err.h"
#include "question-bank/base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

/* Unicode White_Space, and the invisible signs that Word and web pages leave behind. */
static bool is_space(int32_t cp)
{
    return (cp >= 9 && cp <= 13) || cp == 0x20 || cp == 0x85 || cp == 0xA0 || cp == 0x1680 ||
           (cp >= 0x2000 && cp <= 0x200B) || cp == 0x2028 || cp == 0x2029 || cp == 0x202F ||
           cp == 0x205F || cp == 0x3000 || cp == 0xFEFF;
}

static void append_code_point(struct buf *out, int32_t cp)
{
    utf8proc_uint8_t bytes[4];
    utf8proc_ssize_t n = utf8proc_encode_char(cp, bytes);

    buf_append(out, bytes, (size_t)n);
}

static int digit_of(int32_t cp)
{
    static const int32_t digits[10] = {0x96F6, 0x4E00, 0x4E8C, 0x4E09, 0x56DB,
                                       0x4E94, 0x516D, 0x4E03, 0x516B, 0x4E5D};

    if (cp == 0x3007) /* 〇 */
        return 0;
    if (cp == 0x4E24) /* 两 */
        return 2;
    for (int i = 0; i < 10; i++)
        if (digits[i] == cp)
            return i;
    return -1;
}

static int64_t unit_of(int32_t cp)
{
    switch (cp) {
    case 0x5341: /* 十 */
        return 10;
    case 0x767E: /* 百 */
        return 100;
    case 0x5343: /* 千 */
        return 1000;
    case 0x4E07: /* 万 */
        return 10000;
    case 0x4EBF: /* 亿 */
        return 100000000;
    default:
        return 0;
    }
}

enum { NUMERAL_CODE_POINTS_MAX = 24 };

/* A run of digits only is positional; else units must descend within each 万 section. */
static int numeral_value(const int32_t *cps, size_t count, int64_t *value)
{
    int64_t total = 0;
    int64_t section = 0;
    int64_t digit = -1;
    int64_t last_unit = 10000;
    int64_t last_big = INT64_MAX;
    bool positional = true;

    for (size_t i = 0; i < count; i++)
        if (unit_of(cps[i]) != 0)
            positional = false;
    if (count == 0 || count > NUMERAL_CODE_POINTS_MAX || (positional && count > 15))
        return ERR_BAD_INPUT;
    if (positional) {
        *value = 0;
        for (size_t i = 0; i < count; i++)
            *value = *value * 10 + digit_of(cps[i]);
        return 0;
    }
    for (size_t i = 0; i < count; i++) {
        int d = digit_of(cps[i]);
        int64_t unit = unit_of(cps[i]);

        if (d == 0) {
            if (digit > 0)
                return ERR_BAD_INPUT;
            digit = -1;
        } else if (d > 0) {
            if (digit >= 0)
                return ERR_BAD_INPUT;
            digit = d;
        } else if (unit >= 10000) {
            section += digit > 0 ? digit : 0;
            if (section == 0 || unit >= last_big)
                return ERR_BAD_INPUT;
            total += section * unit;
            section = 0;
            digit = -1;
            last_unit = 10000;
            last_big = unit;
        } else {
            if (unit >= last_unit || (digit < 0 && unit != 10))
                return ERR_BAD_INPUT;
            section += (digit < 0 ? 1 : digit) * unit;
            digit = -1;
            last_unit = unit;
        }
    }
    *value = total + section + (digit > 0 ? digit : 0);
    return 0;
}

int utf8_chinese_number(struct bytes text, int64_t *value)
{
    int32_t cps[NUMERAL_CODE_POINTS_MAX];
    size_t count = 0;
    size_t pos = 0;

    while (pos < text.len) {
        int32_t cp = utf8_next((const char *)text.data, text.len, &pos);
        if (count == NUMERAL_CODE_POINTS_MAX || (digit_of(cp) < 0 && unit_of(cp) == 0))
            return ERR_BAD_INPUT;
        cps[count++] = cp;
    }
    return numeral_value(cps, count, value);
}

void utf8_chinese_number_text(int64_t value, char out[64])
{
    static const char *const digits[10] = {"零", "一", "二", "三", "四",
                                           "五", "六", "七", "八", "九"};
    static const struct {
        int64_t size;
        const char *name;
    } units[] = {{10000, "万"}, {1000, "千"}, {100, "百"}, {10, "十"}, {1, ""}};
    size_t len = 0;
    bool gap = false;

    out[0] = '\0';
    if (value < 1 || value > 99999)
        return;
    for (size_t i = 0; i < 5; i++) {
        int64_t d = value / units[i].size % 10;
        if (d == 0) {
            gap = len > 0;
            continue;
        }
        /* 十二, not 一十二; but 一百一十二. */
        bool bare_ten = units[i].size == 10 && d == 1 && len == 0;
        len += (size_t)snprintf(out + len, 64 - len, "%s%s%s", gap ? "零" : "",
                                bare_ten ? "" : digits[d], units[i].name);
        gap = false;
    }
}

/* Replaces the run gathered in cps: by Arabic digits if it is a number, else as it was. */
static void flush_numeral(struct buf *out, const int32_t *cps, size_t *count)
{
    int64_t value;

    if (*count == 0)
        return;
    if (numeral_value(cps, *count, &value) == 0) {
        buf_printf(out, "%lld", (long long)value);
    } else {
        for (size_t i = 0; i < *count; i++)
            append_code_point(out, cps[i]);
    }
    *count = 0;
}

enum { FOLD_RUN_MAX = 256 };

int utf8_fold_answer_v1(struct bytes text, struct buf *out)
{
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_ssize_t n;
    int32_t run[FOLD_RUN_MAX];
    size_t count = 0;
    size_t pos = 0;

    if (text.len == 0)
        return 0;
    n = utf8proc_map(text.data, (utf8proc_ssize_t)text.len, &mapped,
                     UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
    if (n < 0) {
        free(mapped);
        return n == UTF8PROC_ERROR_NOMEM ? ERR_NOMEM : ERR_BAD_INPUT;
    }
    while (pos < (size_t)n) {
        int32_t cp = utf8_next((const char *)mapped, (size_t)n, &pos);
        if (is_space(cp))
            continue;
        if (digit_of(cp) >= 0 || unit_of(cp) != 0) {
            if (count == FOLD_RUN_MAX)
                flush_numeral(out, run, &count);
            run[count++] = cp;
            continue;
        }
        flush_numeral(out, run, &count);
        append_code_point(out, cp);
    }
    flush_numeral(out, run, &count);
    free(mapped);
    return buf_error(out);
}

int utf8_fold_statute(struct bytes text, struct buf *out)
{
    struct buf nfc = {0};
    size_t pos = 0;
    int rc = utf8_nfc(text, &nfc);

    while (rc == 0 && pos < nfc.len) {
        int32_t cp = utf8_next((const char *)nfc.data, nfc.len, &pos);
        if (is_space(cp) || cp == '*')
            continue;
        if (cp >= 0xFF01 && cp <= 0xFF5E)
            cp -= 0xFEE0;
        if (cp != '*')
            append_code_point(out, cp);
    }
    if (rc == 0)
        rc = buf_error(out);
    buf_fini(&nfc);
    return rc;
}
