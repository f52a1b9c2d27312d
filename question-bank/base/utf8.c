/* UTF-8: validation, walking, NFC. Folds are in fold.c, columns in width.c. Pure; any thread. */
#include "question-bank/base/utf8.h"

#include "question-bank/base/err.h"

#include <stdlib.h>
#include <string.h>
#include <utf8proc.h>

bool utf8_valid(struct bytes text, size_t *bad_at)
{
    size_t pos = 0;

    while (pos < text.len) {
        utf8proc_int32_t cp;
        utf8proc_ssize_t n;

        if (text.data[pos] < 0x80) {
            pos++;
            continue;
        }
        n = utf8proc_iterate(text.data + pos, (utf8proc_ssize_t)(text.len - pos), &cp);
        if (n <= 0) {
            if (bad_at != NULL)
                *bad_at = pos;
            return false;
        }
        pos += (size_t)n;
    }
    return true;
}

size_t utf8_cut(const char *text, size_t len, size_t max)
{
    size_t cut = len < max ? len : max;

    while (cut > 0 && cut < len && ((unsigned char)text[cut] & 0xC0) == 0x80)
        cut--;
    return cut;
}

int32_t utf8_next(const char *text, size_t len, size_t *pos)
{
    utf8proc_int32_t cp;
    utf8proc_ssize_t n;

    if (*pos >= len)
        return -1;
    n = utf8proc_iterate((const utf8proc_uint8_t *)text + *pos, (utf8proc_ssize_t)(len - *pos),
                         &cp);
    if (n <= 0) {
        *pos += 1;
        return 0xFFFD;
    }
    *pos += (size_t)n;
    return cp;
}

static bool is_ascii(struct bytes text)
{
    for (size_t i = 0; i < text.len; i++)
        if (text.data[i] >= 0x80)
            return false;
    return true;
}

int utf8_nfc(struct bytes text, struct buf *out)
{
    utf8proc_uint8_t *mapped = NULL;
    utf8proc_ssize_t n;

    if (text.len > UTF8_MAP_BYTES_MAX)
        return ERR_BAD_INPUT;
    if (is_ascii(text))
        return buf_append(out, text.data, text.len);
    n = utf8proc_map(text.data, (utf8proc_ssize_t)text.len, &mapped,
                     UTF8PROC_STABLE | UTF8PROC_COMPOSE);
    if (n < 0) {
        free(mapped);
        return n == UTF8PROC_ERROR_NOMEM ? ERR_NOMEM : ERR_BAD_INPUT;
    }
    buf_append(out, mapped, (size_t)n);
    free(mapped);
    return buf_error(out);
}

/* Han, kana, CJK punctuation and full-width forms are their own NFC and never compose; a text of
 * only these and ASCII needs no mapping. Compatibility ideographs (F900–FAFF) do map. */
static bool is_plain_cjk(struct bytes text)
{
    size_t pos = 0;

    while (pos < text.len) {
        int32_t cp;

        if (text.data[pos] < 0x80) {
            pos++;
            continue;
        }
        cp = utf8_next((const char *)text.data, text.len, &pos);
        if (!((cp >= 0x4E00 && cp <= 0x9FFF) || (cp >= 0x3000 && cp <= 0x3029) ||
              (cp >= 0xFF01 && cp <= 0xFF60) || (cp >= 0x2010 && cp <= 0x2027)))
            return false;
    }
    return true;
}

bool utf8_is_nfc(struct bytes text)
{
    struct buf mapped = {0};
    bool same;

    if (!utf8_valid(text, NULL))
        return false;
    if (is_plain_cjk(text))
        return true;
    same = utf8_nfc(text, &mapped) == 0 && bytes_equal(buf_view(&mapped), text);
    buf_fini(&mapped);
    return same;
}
