/* The law index as text (see law_index.h). */
#include "question-bank/format/law_index.h"

#include "question-bank/base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { COLUMNS_MAX = 6 };

static const struct msg msg_line = {
    "law-index-line",
    "{0}:{1}: 错误：写的是“{2}”，应当是：{3}",
    "{0}:{1}: error: found '{2}', expected {3}",
};
static const struct msg msg_two_texts = {
    "law-index-two-texts",
    "《{0}》有两个 {1} 版本的文本，内容不同，请只留下正确的一个",
    "there are two different texts of 《{0}》, version {1}; keep the right one only",
};
static const struct msg msg_nomem = {"no-memory", "内存不足", "out of memory"};

static const struct err_word word_laws_max = {"至多 4096 部法律", "at most 4096 laws"};
static const struct err_word word_title = {"法律名称", "the title of a law"};
static const struct err_word word_sorted = {"按名称排序、不重复的法律",
                                            "titles in ascending order"};
static const struct err_word word_dates = {"日期 YYYY-MM-DD", "dates YYYY-MM-DD"};
static const struct err_word word_digest = {"64 位十六进制摘要",
                                            "a digest of 64 hexadecimal digits"};
static const struct err_word word_law_first = {"先有 law 一行", "a law before its articles"};
static const struct err_word word_articles_max = {"一部法律至多 4096 条",
                                                  "at most 4096 articles a law"};
static const struct err_word word_article = {"条号", "an article number"};
static const struct err_word word_articles_sorted = {"递增的条号",
                                                     "article numbers in ascending order"};
static const struct err_word word_utf8 = {"UTF-8 文字", "text in UTF-8"};
static const struct err_word word_columns = {"law 加 5 列，或 art 加 2 列",
                                             "law and 5 columns, or art and 2"};

static int no_memory(struct err *err)
{
    return err_set(err, ERR_NOMEM, &msg_nomem, NULL, NULL, NULL, NULL);
}

static const char *text_of(char out[ERR_ARG_BYTES_MAX], struct bytes b)
{
    size_t len = b.len;

    if (len > ERR_ARG_BYTES_MAX - 1)
        len = utf8_cut((const char *)b.data, b.len, ERR_ARG_BYTES_MAX - 1);
    if (len > 0)
        memcpy(out, b.data, len);
    out[len] = '\0';
    return out;
}

/* ---- reading ---- */

struct index_reader {
    const char *name;
    struct arena *arena;
    int64_t line;
    struct law *laws;
    size_t laws_count;
    struct law_article *articles; /* of all laws, one after the other */
    size_t articles_count;
    size_t articles_cap;
};

static int line_error(const struct index_reader *r, struct bytes found,
                      const struct err_word *expected, struct err *err)
{
    char number[24];
    char text[ERR_ARG_BYTES_MAX];

    err_set(err, ERR_BAD_INPUT, &msg_line, r->name, err_int(number, r->line), text_of(text, found),
            NULL);
    err_say(err, 3, expected);
    return ERR_BAD_INPUT;
}

static size_t split(struct bytes line, struct bytes columns[COLUMNS_MAX + 1])
{
    size_t n = 0;

    while (n <= COLUMNS_MAX) {
        const uint8_t *tab = line.len > 0 ? memchr(line.data, '\t', line.len) : NULL;

        columns[n] = line;
        if (tab == NULL)
            return n + 1;
        columns[n++].len = (size_t)(tab - line.data);
        line = bytes_of(tab + 1, line.len - (size_t)(tab - line.data) - 1);
    }
    return n;
}

static bool date_or_empty(struct bytes b)
{
    return b.len == 0 || law_date_valid(b);
}

static int read_law(struct index_reader *r, const struct bytes *col, struct err *err)
{
    struct law *law = &r->laws[r->laws_count];

    if (r->laws_count == LAW_INDEX_LAWS_MAX)
        return line_error(r, col[1], &word_laws_max, err);
    if (col[1].len == 0 || col[1].len > LAW_TITLE_BYTES_MAX || !utf8_is_nfc(col[1]))
        return line_error(r, col[1], &word_title, err);
    if (r->laws_count > 0 && bytes_compare(law[-1].title, col[1]) >= 0)
        return line_error(r, col[1], &word_sorted, err);
    if (!law_date_valid(col[2]) || !date_or_empty(col[3]) || !date_or_empty(col[4]))
        return line_error(r, col[1], &word_dates, err);
    if (digest_from_hex(&law->text_digest, (const char *)col[5].data, col[5].len) != 0)
        return line_error(r, col[5], &word_digest, err);
    law->title = arena_bytes(r->arena, col[1]);
    law->version = arena_bytes(r->arena, col[2]);
    law->in_force = arena_bytes(r->arena, col[3]);
    law->repealed = arena_bytes(r->arena, col[4]);
    if (law->title.data == NULL || law->version.data == NULL || law->in_force.data == NULL ||
        law->repealed.data == NULL)
        return no_memory(err);
    law->articles = r->articles + r->articles_count;
    r->laws_count++;
    return 0;
}

static bool read_article_number(struct bytes b, uint32_t *number, uint32_t *suffix)
{
    uint32_t part[2] = {0, 0};
    size_t digits = 0;
    int p = 0;

    for (size_t i = 0; i < b.len; i++) {
        uint8_t c = b.data[i];

        if (c == '.' && p == 0 && digits > 0) {
            p = 1;
            digits = 0;
            continue;
        }
        if (c < '0' || c > '9' || digits == 5 || (digits == 0 && c == '0'))
            return false;
        part[p] = part[p] * 10 + (uint32_t)(c - '0');
        digits++;
    }
    *number = part[0];
    *suffix = part[1];
    return digits > 0;
}

static int read_article(struct index_reader *r, const struct bytes *col, struct err *err)
{
    struct law_article *a = &r->articles[r->articles_count];
    struct law *law;

    if (r->laws_count == 0)
        return line_error(r, col[0], &word_law_first, err);
    law = &r->laws[r->laws_count - 1];
    if (law->articles_count == LAW_ARTICLES_MAX || r->articles_count == r->articles_cap)
        return line_error(r, col[1], &word_articles_max, err);
    if (!read_article_number(col[1], &a->number, &a->suffix))
        return line_error(r, col[1], &word_article, err);
    if (law->articles_count > 0 &&
        (a[-1].number > a->number || (a[-1].number == a->number && a[-1].suffix >= a->suffix)))
        return line_error(r, col[1], &word_articles_sorted, err);
    if (digest_from_hex(&a->digest, (const char *)col[2].data, col[2].len) != 0)
        return line_error(r, col[2], &word_digest, err);
    r->articles_count++;
    law->articles_count++;
    return 0;
}

static int read_line(struct index_reader *r, struct bytes line, struct err *err)
{
    struct bytes col[COLUMNS_MAX + 1];
    size_t n;

    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    if (line.len == 0 || line.data[0] == '#')
        return 0;
    if (!utf8_valid(line, NULL))
        return line_error(r, bytes_of(NULL, 0), &word_utf8, err);
    n = split(line, col);
    if (bytes_equal(col[0], bytes_of_text("law")) && n == 6)
        return read_law(r, col, err);
    if (bytes_equal(col[0], bytes_of_text("art")) && n == 3)
        return read_article(r, col, err);
    return line_error(r, line, &word_columns, err);
}

int law_index_read(struct bytes text, const char *name, struct arena *arena, struct law_index *out,
                   struct err *err)
{
    struct index_reader r = {.name = name, .arena = arena};
    size_t laws = 0;

    for (size_t i = 0; i < text.len; i++) {
        bool starts = i == 0 || text.data[i - 1] == '\n';

        r.articles_cap += starts && text.data[i] == 'a';
        laws += starts && text.data[i] == 'l';
    }
    if (laws > LAW_INDEX_LAWS_MAX)
        laws = LAW_INDEX_LAWS_MAX;
    r.laws = arena_array(arena, laws + 1, sizeof *r.laws);
    r.articles = arena_array(arena, r.articles_cap + 1, sizeof *r.articles);
    if (r.laws == NULL || r.articles == NULL)
        return no_memory(err);
    while (text.len > 0) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.data);
        int rc;

        r.line++;
        rc = read_line(&r, bytes_of(text.data, len), err);
        if (rc != 0)
            return rc;
        len += end != NULL;
        text = bytes_of(text.data + len, text.len - len);
    }
    out->laws = r.laws;
    out->count = r.laws_count;
    return 0;
}

/* ---- writing ---- */

void law_index_write(const struct law_index *index, struct buf *out)
{
    char hex[DIGEST_HEX_BYTES];

    for (size_t i = 0; i < index->count; i++) {
        const struct law *law = &index->laws[i];

        digest_hex(&law->text_digest, hex);
        buf_append_text(out, "law\t");
        buf_append(out, law->title.data, law->title.len);
        buf_append_byte(out, '\t');
        buf_append(out, law->version.data, law->version.len);
        buf_append_byte(out, '\t');
        buf_append(out, law->in_force.data, law->in_force.len);
        buf_append_byte(out, '\t');
        buf_append(out, law->repealed.data, law->repealed.len);
        buf_printf(out, "\t%s\n", hex);
        for (size_t j = 0; j < law->articles_count; j++) {
            const struct law_article *a = &law->articles[j];

            digest_hex(&a->digest, hex);
            if (a->suffix == 0)
                buf_printf(out, "art\t%u\t%s\n", a->number, hex);
            else
                buf_printf(out, "art\t%u.%u\t%s\n", a->number, a->suffix, hex);
        }
    }
}

/* ---- making ---- */

static int compare_laws(const void *a, const void *b)
{
    const struct law *x = a;
    const struct law *y = b;
    int order = bytes_compare(x->title, y->title);

    return order != 0 ? order : bytes_compare(y->version, x->version); /* newest first */
}

static bool is_cited(const struct item_pool *cited, struct bytes title)
{
    if (cited == NULL)
        return true;
    for (size_t i = 0; i < cited->count; i++) {
        for (size_t j = 0; j < cited->items[i].citations_count; j++) {
            if (bytes_equal(cited->items[i].citations[j].title, title))
                return true;
        }
    }
    return false;
}

int law_index_make(struct law *laws, size_t count, const struct item_pool *cited,
                   struct arena *arena, struct law_index *out, struct err *err)
{
    struct law *kept = arena_array(arena, count + 1, sizeof *kept);
    size_t n = 0;

    if (kept == NULL)
        return no_memory(err);
    if (count > 1)
        qsort(laws, count, sizeof *laws, compare_laws);
    for (size_t i = 0; i < count; i++) {
        const struct law *last = n > 0 ? &kept[n - 1] : NULL;

        if (last == NULL || !bytes_equal(last->title, laws[i].title)) {
            kept[n++] = laws[i];
            continue;
        }
        if (bytes_equal(last->version, laws[i].version) &&
            !digest_equal(&last->text_digest, &laws[i].text_digest) &&
            is_cited(cited, laws[i].title)) {
            char title[ERR_ARG_BYTES_MAX];
            char version[ERR_ARG_BYTES_MAX];

            return err_set(err, ERR_CONFLICT, &msg_two_texts, text_of(title, laws[i].title),
                           text_of(version, laws[i].version), NULL, NULL);
        }
    }
    for (size_t i = 0; i < n; i++) {
        for (size_t j = 0; j < n; j++) {
            if (i != j && bytes_compare(kept[j].version, kept[i].version) > 0 &&
                law_repeals(&kept[j], kept[i].title))
                kept[i].repealed = kept[j].in_force;
        }
    }
    out->laws = kept;
    out->count = 0;
    for (size_t i = 0; i < n; i++) {
        if (is_cited(cited, kept[i].title))
            kept[out->count++] = kept[i];
    }
    return 0;
}
