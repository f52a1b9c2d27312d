/* Statutes: reading a law text into articles, and finding one again (docs/bank-format.md §5).
 *
 * One pass over the lines: the title, the history (dates of adoption and amendment), then articles,
 * each from behind its 第…条 to the next article or heading. Both layouts in use give the same
 * digests. A gap in the sequence of articles means a truncated or merged text and is refused. Pure;
 * any thread. */
#include "question-bank/bank/law.h"

#include "question-bank/base/utf8.h"

#include <stdio.h>
#include <string.h>

static const struct msg msg_not_text = {
    "law-not-utf8",
    "{0}：不是 UTF-8 文本（第 {1} 字节处）",
    "{0}: not UTF-8 text (at byte {1})",
};
static const struct msg msg_no_title = {
    "law-no-title",
    "{0}：没有以“# ”开头的法律名称",
    "{0}: no title (a line that begins with '# ')",
};
static const struct msg msg_no_articles = {
    "law-no-articles",
    "{0}：没有条文",
    "{0}: no articles",
};
static const struct msg msg_gap = {
    "law-article-gap",
    "{0}：条文不连续，第{1}条之后是第{2}条（文本可能不完整）",
    "{0}: articles are not consecutive, {1} is followed by {2} (the text may be incomplete)",
};
static const struct msg msg_many = {
    "law-articles-many",
    "{0}：条文多于 {1} 条",
    "{0}: more than {1} articles",
};
static const struct msg msg_nomem = {"no-memory", "内存不足", "out of memory"};

/* ---- dates ---- */

bool law_date_valid(struct bytes date)
{
    static const int days[] = {31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
    int part[3] = {0, 0, 0};
    int p = 0;
    bool leap;

    if (date.len != 10)
        return false;
    for (size_t i = 0; i < 10; i++) {
        uint8_t c = date.data[i];

        if (i == 4 || i == 7) {
            if (c != '-')
                return false;
            p++;
            continue;
        }
        if (c < '0' || c > '9')
            return false;
        part[p] = part[p] * 10 + (c - '0');
    }
    if (part[0] < 1000 || part[1] < 1 || part[1] > 12 || part[2] < 1)
        return false;
    leap = (part[0] % 4 == 0 && part[0] % 100 != 0) || part[0] % 400 == 0;
    if (part[1] == 2 && part[2] == 29 && !leap)
        return false;
    return part[2] <= days[part[1] - 1];
}

static bool starts_with(struct bytes b, const char *text)
{
    size_t len = strlen(text);

    return b.len >= len && memcmp(b.data, text, len) == 0;
}

static struct bytes skip(struct bytes b, size_t n)
{
    return bytes_of(b.data + n, b.len - n);
}

/* Offset of needle in b, or b.len. */
static size_t find(struct bytes b, const char *needle)
{
    size_t len = strlen(needle);
    const uint8_t *at;

    if (b.len < len)
        return b.len;
    at = memmem(b.data, b.len, needle, len);
    return at == NULL ? b.len : (size_t)(at - b.data);
}

static struct bytes read_digits(struct bytes b, int max, int *value)
{
    int n = 0;

    *value = 0;
    while (n < max && b.len > 0 && b.data[0] >= '0' && b.data[0] <= '9') {
        *value = *value * 10 + (b.data[0] - '0');
        b = skip(b, 1);
        n++;
    }
    if (n == 0)
        *value = -1;
    return b;
}

/* Reads "2026年8月15日" at the start of b into "2026-08-15"; *rest is what follows. */
static bool read_date(struct bytes b, char out[11], struct bytes *rest)
{
    static const char *const units[] = {"年", "月", "日"};
    int part[3];

    for (int i = 0; i < 3; i++) {
        b = read_digits(b, i == 0 ? 4 : 2, &part[i]);
        if (part[i] < 0 || !starts_with(b, units[i]))
            return false;
        b = skip(b, strlen(units[i]));
    }
    snprintf(out, 11, "%04u-%02u-%02u", (unsigned)part[0] % 10000u, (unsigned)part[1] % 100u,
             (unsigned)part[2] % 100u);
    *rest = b;
    return law_date_valid(bytes_of(out, 10));
}

/* ---- lines ---- */

static size_t space_len(struct bytes b)
{
    if (b.len > 0 && (b.data[0] == ' ' || b.data[0] == '\t' || b.data[0] == '\r'))
        return 1;
    if (starts_with(b, "\xe3\x80\x80")) /* U+3000 */
        return 3;
    if (starts_with(b, "\xc2\xa0"))
        return 2;
    return 0;
}

static struct bytes trim(struct bytes b)
{
    size_t n;

    while ((n = space_len(b)) > 0)
        b = skip(b, n);
    for (;;) {
        if (b.len > 0 && space_len(bytes_of(b.data + b.len - 1, 1)) == 1)
            b.len -= 1;
        else if (b.len >= 3 && memcmp(b.data + b.len - 3, "\xe3\x80\x80", 3) == 0)
            b.len -= 3;
        else
            return b;
    }
}

static struct bytes next_line(struct bytes *rest)
{
    struct bytes line = *rest;
    const uint8_t *end = rest->len > 0 ? memchr(rest->data, '\n', rest->len) : NULL;

    if (end != NULL) {
        line.len = (size_t)(end - rest->data);
        *rest = skip(*rest, line.len + 1);
    } else {
        *rest = skip(*rest, rest->len);
    }
    return line;
}

/* Reads 第 numeral unit at the start of b. */
static bool read_ordinal(struct bytes b, const char *unit, uint32_t *number, struct bytes *rest)
{
    size_t end;
    int64_t value;

    if (!starts_with(b, "第"))
        return false;
    b = skip(b, strlen("第"));
    end = find(b, unit);
    if (end == 0 || end == b.len || end > 48)
        return false;
    if (utf8_chinese_number(bytes_of(b.data, end), &value) != 0 || value < 1 || value > 99999)
        return false;
    *number = (uint32_t)value;
    *rest = skip(b, end + strlen(unit));
    return true;
}

/* The longest prefix of Chinese numerals behind 之. */
static struct bytes read_suffix(struct bytes b, uint32_t *suffix)
{
    static const char *const numerals = "一二三四五六七八九十";
    struct bytes digits;
    size_t len = 0;
    int64_t value;

    *suffix = 0;
    if (!starts_with(b, "之"))
        return b;
    digits = skip(b, 3);
    while (len + 3 <= digits.len && len < 9) {
        bool numeral = false;

        for (size_t i = 0; numerals[i] != '\0'; i += 3)
            numeral = numeral || memcmp(numerals + i, digits.data + len, 3) == 0;
        if (!numeral)
            break;
        len += 3;
    }
    if (len == 0 || utf8_chinese_number(bytes_of(digits.data, len), &value) != 0 || value < 1)
        return b;
    *suffix = (uint32_t)value;
    return skip(digits, len);
}

/* True when the line begins an article; *text is what follows its number on the line. */
static bool article_line(struct bytes line, uint32_t *number, uint32_t *suffix, struct bytes *text)
{
    struct bytes b = trim(line);
    struct bytes rest;
    bool bold = starts_with(b, "**");

    if (bold)
        b = skip(b, 2);
    if (!read_ordinal(b, "条", number, &rest))
        return false;
    rest = read_suffix(rest, suffix);
    if (bold) {
        if (!starts_with(rest, "**"))
            return false;
        rest = skip(rest, 2);
    } else if (rest.len > 0 && space_len(rest) == 0) {
        return false; /* 第十条规定的…… within a paragraph */
    }
    *text = trim(rest);
    return true;
}

static bool heading_line(struct bytes line)
{
    static const char *const units[] = {"分编", "编", "章", "节"};
    struct bytes b = trim(line);
    struct bytes rest;
    uint32_t number;

    if (starts_with(b, "#"))
        return true;
    if (starts_with(b, "**"))
        b = skip(b, 2);
    for (size_t i = 0; i < sizeof units / sizeof units[0]; i++) {
        if (read_ordinal(b, units[i], &number, &rest) &&
            (rest.len == 0 || space_len(rest) > 0 || starts_with(rest, "**")))
            return true;
    }
    return false;
}

/* ---- reading a law ---- */

struct law_reader {
    const char *name;
    struct arena *arena;
    struct law_article *articles;
    size_t count;
    const uint8_t *text_from; /* of the open article, or NULL */
    char title[LAW_TITLE_BYTES_MAX + 1];
    char newest[11];  /* newest date of the history */
    char oldest[11];  /* oldest date of the history */
    char started[11]; /* a history line that ends with 施行 */
};

static void history_line(struct law_reader *r, struct bytes line)
{
    struct bytes b = trim(line);
    bool starts = b.len >= 6 && memcmp(b.data + b.len - 6, "施行", 6) == 0;
    char date[11];
    struct bytes rest;

    while (b.len > 0) {
        bool digit = b.data[0] >= '0' && b.data[0] <= '9';

        if (!digit || !read_date(b, date, &rest)) {
            b = skip(b, 1);
            continue;
        }
        b = rest;
        if (starts) {
            memcpy(r->started, date, sizeof date);
            continue;
        }
        if (strcmp(date, r->newest) > 0)
            memcpy(r->newest, date, sizeof date);
        if (r->oldest[0] == '\0' || strcmp(date, r->oldest) < 0)
            memcpy(r->oldest, date, sizeof date);
    }
}

static int article_close(struct law_reader *r, const uint8_t *end)
{
    struct law_article *a;
    struct buf folded = {0};

    if (r->text_from == NULL)
        return 0;
    a = &r->articles[r->count - 1];
    a->text = trim(bytes_of(r->text_from, (size_t)(end - r->text_from)));
    while (a->text.len > 0 && a->text.data[a->text.len - 1] == '\n')
        a->text = trim(bytes_of(a->text.data, a->text.len - 1));
    r->text_from = NULL;
    if (utf8_fold_statute(a->text, &folded) != 0) {
        buf_fini(&folded);
        return ERR_NOMEM;
    }
    a->digest = digest_of_bytes(DIGEST_SHA256, buf_view(&folded));
    buf_fini(&folded);
    return 0;
}

static void article_name(char out[32], uint32_t number, uint32_t suffix)
{
    if (suffix == 0)
        snprintf(out, 32, "%u", number);
    else
        snprintf(out, 32, "%u之%u", number, suffix);
}

/* Adds an article; refuses one that does not follow the one before. */
static int article_open(struct law_reader *r, uint32_t number, uint32_t suffix, struct bytes text,
                        struct err *err)
{
    struct law_article last = {0};
    bool follows;

    if (r->count == LAW_ARTICLES_MAX) {
        char max[24];

        return err_set(err, ERR_LIMIT, &msg_many, r->name, err_int(max, LAW_ARTICLES_MAX), NULL,
                       NULL);
    }
    if (r->count > 0)
        last = r->articles[r->count - 1];
    follows = suffix == 0 ? number == last.number + 1
                          : number == last.number && suffix == last.suffix + 1;
    if (!follows) {
        char before[32];
        char after[32];

        article_name(before, last.number, last.suffix);
        article_name(after, number, suffix);
        return err_set(err, ERR_BAD_INPUT, &msg_gap, r->name, before, after, NULL);
    }
    r->articles[r->count].number = number;
    r->articles[r->count].suffix = suffix;
    r->count++;
    r->text_from = text.data;
    return 0;
}

static int read_lines(struct law_reader *r, struct bytes text, struct err *err)
{
    struct bytes rest = text;
    bool body = false;

    while (rest.len > 0) {
        struct bytes line = next_line(&rest);
        struct bytes content;
        uint32_t number;
        uint32_t suffix;
        int rc = 0;

        if (article_line(line, &number, &suffix, &content)) {
            rc = article_close(r, line.data);
            if (rc == 0)
                rc = article_open(r, number, suffix, content, err);
            body = true;
        } else if (r->title[0] == '\0' && starts_with(line, "# ")) {
            struct bytes title = trim(skip(line, 2));

            if (title.len > 0 && title.len <= LAW_TITLE_BYTES_MAX)
                memcpy(r->title, title.data, title.len);
        } else if (heading_line(line)) {
            rc = article_close(r, line.data);
            body = body || r->title[0] != '\0';
        } else if (!body) {
            history_line(r, line);
        }
        if (rc == ERR_NOMEM)
            return err_set(err, rc, &msg_nomem, NULL, NULL, NULL, NULL);
        if (rc != 0)
            return rc;
    }
    if (article_close(r, text.data + text.len) != 0)
        return err_set(err, ERR_NOMEM, &msg_nomem, NULL, NULL, NULL, NULL);
    return 0;
}

/* 自…起施行 in the final provisions; "" when there is none. */
static void find_in_force(const struct law_reader *r, char out[11])
{
    out[0] = '\0';
    for (size_t i = r->count; i-- > 0 && i + 8 > r->count;) {
        struct bytes b = r->articles[i].text;

        for (;;) {
            struct bytes rest;
            size_t at = find(b, "自");

            if (at == b.len)
                break;
            b = skip(b, at + 3);
            if (read_date(b, out, &rest) &&
                (starts_with(rest, "起施行") || starts_with(rest, "施行")))
                return;
            if (starts_with(b, "公布之日起施行")) {
                memcpy(out, r->oldest, 11);
                return;
            }
            out[0] = '\0';
        }
    }
    memcpy(out, r->started, 11);
}

static struct digest text_digest_of(const struct law_article *articles, size_t count)
{
    struct buf all = {0};
    struct digest d;

    for (size_t i = 0; i < count; i++) {
        uint8_t head[8];

        u32be_write(head, articles[i].number);
        u32be_write(head + 4, articles[i].suffix);
        buf_append(&all, head, sizeof head);
        buf_append(&all, articles[i].digest.b, DIGEST_BYTES);
    }
    d = digest_of_bytes(DIGEST_SHA256, buf_view(&all));
    if (all.failed)
        memset(&d, 0, sizeof d);
    buf_fini(&all);
    return d;
}

int law_read(struct bytes text, const char *name, struct arena *arena, struct law *out,
             struct err *err)
{
    struct law_reader r = {.name = name, .arena = arena};
    struct law law = {0};
    char in_force[11];
    size_t bad_at;
    int rc;

    if (!utf8_valid(text, &bad_at)) {
        char at[24];

        return err_set(err, ERR_BAD_INPUT, &msg_not_text, name, err_int(at, (int64_t)bad_at), NULL,
                       NULL);
    }
    if (starts_with(text, "\xef\xbb\xbf"))
        text = skip(text, 3);
    text = arena_bytes(arena, text);
    r.articles = arena_array(arena, LAW_ARTICLES_MAX, sizeof *r.articles);
    if (text.data == NULL || r.articles == NULL)
        return err_set(err, ERR_NOMEM, &msg_nomem, NULL, NULL, NULL, NULL);
    rc = read_lines(&r, text, err);
    if (rc != 0)
        return rc;
    if (r.title[0] == '\0')
        return err_set(err, ERR_BAD_INPUT, &msg_no_title, name, NULL, NULL, NULL);
    if (r.count == 0)
        return err_set(err, ERR_BAD_INPUT, &msg_no_articles, name, NULL, NULL, NULL);
    find_in_force(&r, in_force);
    if (r.newest[0] == '\0')
        memcpy(r.newest, in_force, sizeof in_force);
    law.title = arena_bytes(arena, bytes_of_text(r.title));
    law.version = arena_bytes(arena, bytes_of_text(r.newest));
    law.in_force = arena_bytes(arena, bytes_of_text(in_force));
    if (law.title.data == NULL || law.version.data == NULL || law.in_force.data == NULL)
        return err_set(err, ERR_NOMEM, &msg_nomem, NULL, NULL, NULL, NULL);
    law.articles = r.articles;
    law.articles_count = r.count;
    law.text_digest = text_digest_of(r.articles, r.count);
    *out = law;
    return 0;
}

/* ---- finding ---- */

const struct law_article *law_article_find(const struct law *law, uint32_t number, uint32_t suffix)
{
    size_t low = 0;
    size_t high = law->articles_count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        const struct law_article *a = &law->articles[mid];

        if (a->number == number && a->suffix == suffix)
            return a;
        if (a->number < number || (a->number == number && a->suffix < suffix))
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

const struct law *law_index_find(const struct law_index *index, struct bytes title)
{
    size_t low = 0;
    size_t high = index->count;

    while (low < high) {
        size_t mid = low + (high - low) / 2;
        int order = bytes_compare(index->laws[mid].title, title);

        if (order == 0)
            return &index->laws[mid];
        if (order < 0)
            low = mid + 1;
        else
            high = mid;
    }
    return NULL;
}

/* What may stand between a title and 同时废止: further titles and their list marks. */
static bool list_follows(struct bytes b)
{
    return starts_with(b, "同时废止") || starts_with(b, "、") || starts_with(b, "和《") ||
           starts_with(b, "以及《") || starts_with(b, "，同时废止");
}

bool law_repeals(const struct law *newer, struct bytes title)
{
    size_t first = newer->articles_count > 8 ? newer->articles_count - 8 : 0;

    for (size_t i = first; i < newer->articles_count; i++) {
        struct bytes b = newer->articles[i].text;
        size_t end = find(b, "同时废止");

        if (end == b.len)
            continue;
        for (size_t at; at = find(b, "《"), at < b.len;) {
            struct bytes name;

            b = skip(b, at + 3);
            name = bytes_of(b.data, find(b, "》"));
            if (name.len == b.len)
                break;
            b = skip(b, name.len + 3);
            if (bytes_equal(name, title) && list_follows(b) && find(b, "同时废止") < b.len)
                return true;
        }
    }
    return false;
}
