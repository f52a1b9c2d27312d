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

/* The longest: four places before 万, 亿, 万 and the end, seven signs each, and those three. */
enum { NUMERAL_CODE_POINTS_MAX = 32, POSITIONAL_DIGITS_MAX = 15 };
enum { LIANG = 0x4E24 /* 两 */ };

static const int64_t WAN = 10000;
static const int64_t YI = 100000000;

/* A numeral with units, read from left to right. A section is what stands before 万, 亿 or the end. */
struct numeral {
    int64_t total;      /* up to 亿 */
    int64_t myriads;    /* up to 万, since 亿 */
    int64_t section;    /* since 万 or 亿 */
    int64_t place;      /* of the last unit; 0: none yet */
    int64_t unit_limit; /* units in the section must be smaller */
    int32_t digit;      /* the sign that waits for its unit, or 0 */
    bool zero;          /* 零 stands before it */
    bool has_wan;
    bool has_yi;
};

/* A digit without a unit of its own is ones: after 十, after 零, or alone in its section. Without
 * that, 一百二 would be 102, where people mean 120: such a run is no number. 两 counts only with a
 * unit (两百), for 五十两 is a weight. */
static bool ones_add(struct numeral *n)
{
    bool alone = n->unit_limit == WAN;

    if (n->digit == 0)
        return !n->zero;
    if (!alone && (n->digit == LIANG || (n->place != 10 && !n->zero)))
        return false;
    n->section += digit_of(n->digit);
    n->digit = 0;
    n->zero = false;
    return true;
}

static bool zero_add(struct numeral *n)
{
    if (n->zero || n->digit != 0 || n->place <= 10) /* no place to skip */
        return false;
    n->zero = true;
    return true;
}

static bool small_unit_add(struct numeral *n, int64_t unit)
{
    if (unit >= n->unit_limit || (n->zero && unit * 10 == n->place))
        return false;
    if (unit == 10 ? n->digit == LIANG : n->digit == 0) /* 十 alone is 一十 */
        return false;
    n->section += (n->digit == 0 ? 1 : digit_of(n->digit)) * unit;
    n->place = n->unit_limit = unit;
    n->digit = 0;
    n->zero = false;
    return true;
}

static bool large_unit_add(struct numeral *n, int64_t unit)
{
    if (n->has_yi && unit == YI)
        return false;
    if (n->has_wan && unit == WAN)
        return false;
    if (!ones_add(n) || n->section + (unit == YI ? n->myriads : 0) == 0)
        return false;
    if (unit == YI) {
        n->total = (n->myriads + n->section) * YI;
        n->myriads = 0;
        n->has_yi = true;
        n->has_wan = false;
    } else {
        n->myriads = n->section * WAN;
        n->has_wan = true;
    }
    n->section = 0;
    n->place = unit;
    n->unit_limit = WAN;
    return true;
}

static int positional_value(const int32_t *cps, size_t count, int64_t *value)
{
    int64_t v = 0;

    if (count > POSITIONAL_DIGITS_MAX)
        return ERR_BAD_INPUT;
    for (size_t i = 0; i < count; i++)
        v = v * 10 + digit_of(cps[i]);
    *value = v;
    return 0;
}

static int numeral_value(const int32_t *cps, size_t count, int64_t *value)
{
    struct numeral n = {.unit_limit = WAN};
    bool positional = true;

    for (size_t i = 0; i < count; i++)
        positional = positional && unit_of(cps[i]) == 0;
    if (count == 0)
        return ERR_BAD_INPUT;
    if (positional)
        return positional_value(cps, count, value);
    for (size_t i = 0; i < count; i++) {
        int64_t unit = unit_of(cps[i]);
        bool ok;

        if (unit >= WAN) {
            ok = large_unit_add(&n, unit);
        } else if (unit > 0) {
            ok = small_unit_add(&n, unit);
        } else if (digit_of(cps[i]) == 0) {
            ok = zero_add(&n);
        } else {
            ok = n.digit == 0;
            n.digit = cps[i];
        }
        if (!ok)
            return ERR_BAD_INPUT;
    }
    /* The ones: behind 万 or 亿 they need 零 (三万五 means 35,000). */
    if (n.digit != 0 && n.unit_limit == WAN && (!n.zero || n.digit == LIANG))
        return ERR_BAD_INPUT;
    if (!ones_add(&n))
        return ERR_BAD_INPUT;
    *value = n.total + n.myriads + n.section;
    return 0;
}

static bool is_numeral(int32_t cp)
{
    return digit_of(cp) >= 0 || unit_of(cp) != 0;
}

int utf8_chinese_number(struct bytes text, int64_t *value)
{
    int32_t cps[NUMERAL_CODE_POINTS_MAX];
    size_t count = 0;
    size_t pos = 0;

    while (pos < text.len) {
        int32_t cp = utf8_next((const char *)text.data, text.len, &pos);
        if (count == NUMERAL_CODE_POINTS_MAX || !is_numeral(cp))
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

/* Appends a maximal run of numeral signs: as Arabic digits if it is a number, else as it was. Digits
 * without units stand for themselves one by one, so that 〇〇七 is 007. */
static void append_numeral(struct buf *out, struct bytes run)
{
    bool positional = true;
    int64_t value;
    size_t pos = 0;

    while (pos < run.len)
        if (unit_of(utf8_next((const char *)run.data, run.len, &pos)) != 0)
            positional = false;
    if (!positional && utf8_chinese_number(run, &value) == 0) {
        buf_printf(out, "%lld", (long long)value);
        return;
    }
    if (!positional) {
        buf_append(out, run.data, run.len);
        return;
    }
    for (pos = 0; pos < run.len;) {
        int32_t cp = utf8_next((const char *)run.data, run.len, &pos);
        buf_append_byte(out, (uint8_t)('0' + digit_of(cp)));
    }
}

static void append_with_arabic_numerals(struct buf *out, const char *text, size_t len)
{
    size_t pos = 0;
    size_t run = 0; /* where the run of numeral signs before `at` begins */

    while (pos < len) {
        size_t at = pos;
        int32_t cp = utf8_next(text, len, &pos);

        if (is_numeral(cp))
            continue;
        if (run < at)
            append_numeral(out, bytes_of(text + run, at - run));
        append_code_point(out, cp);
        run = pos;
    }
    if (run < len)
        append_numeral(out, bytes_of(text + run, len - run));
}

int utf8_fold_answer_v1(struct bytes text, struct buf *out)
{
    utf8proc_uint8_t *mapped = NULL;
    struct buf dense = {0};
    utf8proc_ssize_t n;
    size_t pos = 0;
    int rc;

    if (text.len == 0)
        return buf_error(out);
    if (text.len > UTF8_MAP_BYTES_MAX)
        return ERR_BAD_INPUT;
    n = utf8proc_map(text.data, (utf8proc_ssize_t)text.len, &mapped,
                     UTF8PROC_STABLE | UTF8PROC_COMPAT | UTF8PROC_COMPOSE | UTF8PROC_CASEFOLD);
    if (n < 0) {
        free(mapped);
        return n == UTF8PROC_ERROR_NOMEM ? ERR_NOMEM : ERR_BAD_INPUT;
    }
    while (pos < (size_t)n) {
        int32_t cp = utf8_next((const char *)mapped, (size_t)n, &pos);
        if (!is_space(cp))
            append_code_point(&dense, cp);
    }
    free(mapped);
    rc = buf_error(&dense);
    if (rc == 0) {
        append_with_arabic_numerals(out, (const char *)dense.data, dense.len);
        rc = buf_error(out);
    }
    buf_fini(&dense);
    return rc;
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
