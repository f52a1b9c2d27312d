/* Lint of a bank (see lint.h).
 *
 * Near-duplicates: each item becomes the set of character bigrams of its folded stem and options;
 * two items of one type are near when the Jaccard index of their sets is at least 0.85. Two such
 * sets must share one of their rarest bigrams (prefix filtering, Chaudhuri et al. 2006), so only
 * items that meet in the inverted index of these are compared. Pure; any thread. */
#include "question-bank/bank/lint.h"

#include "question-bank/base/utf8.h"

#include <stdlib.h>
#include <string.h>

enum {
    NEAR_PERCENT = 85,
    LONG_OPTION_CHARS = 20,   /* a key longer than this … */
    LONG_OPTION_TIMES = 2,    /* … and this many times the next longest gives itself away */
    LONGEST_PERCENT_MAX = 50, /* share of keys that are the longest option */
    STATISTICS_ITEMS_MIN = 20,
    POSITION_PERCENT_MIN = 12,
    POSITION_PERCENT_MAX = 38,
};

static const struct msg msg_same_stem = {
    "lint-same-stem",
    "试题 {0} 与 {1} 的题干相同",
    "item {0} has the same stem as {1}",
};
static const struct msg msg_near_stem = {
    "lint-near-stem",
    "试题 {0} 与 {1} 过于相似（相似度 {2}%）",
    "item {0} is nearly the same as {1} (similarity {2}%)",
};
static const struct msg msg_long_key = {
    "lint-long-key",
    "试题 {0}：正确选项有 {1} 字，其余最长的只有 {2} 字，凭长短就能猜出答案",
    "item {0}: the correct option has {1} characters, the longest other {2}; length gives it away",
};
static const struct msg msg_all_above = {
    "lint-all-above",
    "试题 {0}：选项“{1}”属于“以上都对”“以上都不对”一类，不得使用",
    "item {0}: option '{1}' is of the kind 'all (none) of the above', which is not allowed",
};
static const struct msg msg_longest_share = {
    "lint-longest-share",
    "{0} 道单选题中有 {1} 道的正确选项最长（{2}%），考生可以凭长短猜题",
    "of {0} single-choice items {1} have the longest option as their key ({2}%)",
};
static const struct msg msg_position = {
    "lint-position",
    "单选题的正确选项分布不均：{0} 道题中有 {1} 道为 {2}（{3}%）",
    "the keys of single-choice items are unbalanced: of {0} items {1} have {2} ({3}%)",
};
static const struct msg msg_enemy_unknown = {
    "lint-enemy-unknown",
    "试题 {0}：互斥试题 {1} 不存在",
    "item {0}: there is no item {1} to be its enemy",
};
static const struct msg msg_law_unknown = {
    "lint-law-unknown",
    "试题 {0}：法律索引中没有《{1}》",
    "item {0}: the law index has no 《{1}》",
};
static const struct msg msg_article_unknown = {
    "lint-article-unknown",
    "试题 {0}：《{1}》没有第{2}条",
    "item {0}: 《{1}》 has no article {2}",
};
static const struct msg msg_no_digest = {
    "lint-no-digest",
    "试题 {0}：《{1}》第{2}条之后没有条文摘要，请运行 mingfa-bank cite",
    "item {0}: no digest behind 《{1}》 article {2}; run mingfa-bank cite",
};
static const struct msg msg_changed = {
    "lint-law-changed",
    "试题 {0}：法条已变化，《{1}》第{2}条与出题时的文本不同，请复核试题",
    "item {0}: the law has changed: 《{1}》 article {2} is not the text the item was written from",
};
static const struct msg msg_repealed = {
    "lint-law-repealed",
    "试题 {0}：《{1}》已于 {2} 废止",
    "item {0}: 《{1}》 was repealed on {2}",
};
static const struct msg msg_not_yet = {
    "lint-law-not-in-force",
    "试题 {0}：《{1}》自 {2} 起施行，在核对日期 {3} 尚未生效",
    "item {0}: 《{1}》 is in force from {2}, not yet on {3}",
};
static const struct msg msg_nomem = {"no-memory", "内存不足", "out of memory"};

/* ---- report ---- */

void lint_report_fini(struct lint_report *r)
{
    free(r->findings);
    memset(r, 0, sizeof *r);
}

static int report_add(struct lint_report *r, enum lint_severity severity, const struct item *it,
                      const struct err *what)
{
    if (severity == LINT_ERROR)
        r->errors++;
    else
        r->warnings++;
    if (r->count == LINT_FINDINGS_MAX)
        return 0;
    if (r->count == r->cap) {
        size_t cap = r->cap == 0 ? 16 : r->cap * 2;
        struct lint_finding *more = realloc(r->findings, cap * sizeof *more);

        if (more == NULL)
            return ERR_NOMEM;
        r->findings = more;
        r->cap = cap;
    }
    r->findings[r->count].severity = severity;
    r->findings[r->count].item = it;
    r->findings[r->count].what = *what;
    r->count++;
    return 0;
}

/* Text for a message; cut by err_set where it is too long. */
static const char *text_of(char out[ERR_ARG_BYTES_MAX], struct bytes b)
{
    size_t len = b.len < ERR_ARG_BYTES_MAX - 1 ? b.len : ERR_ARG_BYTES_MAX - 1;

    if (b.len > len)
        len = utf8_cut((const char *)b.data, b.len, len);
    if (len > 0)
        memcpy(out, b.data, len);
    out[len] = '\0';
    return out;
}

/* ---- citations ---- */

static void article_text(char out[128], const struct citation *c)
{
    utf8_chinese_number_text(c->article, out);
    if (c->suffix != 0) {
        char suffix[64];

        utf8_chinese_number_text(c->suffix, suffix);
        strcat(out, "条之");
        strcat(out, suffix);
    }
}

int lint_citation(const struct item *it, const struct citation *c,
                  const struct lint_options *options, struct err *err)
{
    const struct law *law = law_index_find(options->laws, c->title);
    const struct law_article *article;
    char id[ERR_ARG_BYTES_MAX];
    char title[ERR_ARG_BYTES_MAX];
    char date[ERR_ARG_BYTES_MAX];
    char law_date[ERR_ARG_BYTES_MAX];
    char number[128];
    static const uint8_t none[8];

    text_of(id, it->id);
    text_of(title, c->title);
    text_of(law_date, options->law_date);
    article_text(number, c);
    if (law == NULL)
        return err_set(err, ERR_NOT_FOUND, &msg_law_unknown, id, title, NULL, NULL);
    article = law_article_find(law, c->article, c->suffix);
    if (article == NULL)
        return err_set(err, ERR_NOT_FOUND, &msg_article_unknown, id, title, number, NULL);
    if (options->law_date.len > 0 && law->repealed.len > 0 &&
        bytes_compare(law->repealed, options->law_date) <= 0)
        return err_set(err, ERR_STALE, &msg_repealed, id, title, text_of(date, law->repealed),
                       NULL);
    if (options->law_date.len > 0 && bytes_compare(law->in_force, options->law_date) > 0)
        return err_set(err, ERR_STALE, &msg_not_yet, id, title, text_of(date, law->in_force),
                       law_date);
    if (memcmp(c->article_digest.b, none, sizeof none) == 0)
        return err_set(err, ERR_STALE, &msg_no_digest, id, title, number, NULL);
    if (memcmp(c->article_digest.b, article->digest.b, sizeof none) != 0)
        return err_set(err, ERR_STALE, &msg_changed, id, title, number, NULL);
    return 0;
}

static int check_citations(const struct item *it, const struct lint_options *options,
                           struct lint_report *report)
{
    struct err what = {0};

    for (size_t i = 0; i < it->citations_count; i++) {
        if (lint_citation(it, &it->citations[i], options, &what) != 0 &&
            report_add(report, LINT_ERROR, it, &what) != 0)
            return ERR_NOMEM;
    }
    return 0;
}

/* ---- options ---- */

static size_t chars_of(struct bytes b)
{
    size_t n = 0;

    for (size_t i = 0; i < b.len; i++)
        n += (b.data[i] & 0xc0) != 0x80;
    return n;
}

/* Lengths of the key and of the longest other option. */
static void key_lengths(const struct item *it, size_t *key_chars, size_t *other_chars)
{
    *key_chars = 0;
    *other_chars = 0;
    for (size_t i = 0; i < it->options_count; i++) {
        size_t n = chars_of(it->options[i]);
        size_t *longest = (it->answer_key.mask >> i & 1) != 0 ? key_chars : other_chars;

        if (n > *longest)
            *longest = n;
    }
}

static int check_length(const struct item *it, struct lint_report *report)
{
    struct err what = {0};
    char id[ERR_ARG_BYTES_MAX];
    char key_text[24];
    char other_text[24];
    size_t key_chars;
    size_t other_chars;

    if (it->type != ITEM_SINGLE)
        return 0;
    key_lengths(it, &key_chars, &other_chars);
    if (key_chars <= LONG_OPTION_CHARS || key_chars <= LONG_OPTION_TIMES * other_chars)
        return 0;
    err_set(&what, ERR_BAD_INPUT, &msg_long_key, text_of(id, it->id),
            err_int(key_text, (int64_t)key_chars), err_int(other_text, (int64_t)other_chars), NULL);
    return report_add(report, LINT_ERROR, it, &what);
}

/* 以上 (上述, 前述) … all or none. */
static bool is_all_above(struct bytes option)
{
    static const char *const lead[] = {"以上", "上述", "前述"};
    static const char *const tail[] = {
        "都对",   "都不对",   "均对",     "均不对",   "全对",    "全不对", "都正确", "都不正确",
        "均正确", "均不正确", "全部正确", "全部错误", "都错",    "均错",   "都错误", "均错误",
        "皆是",   "皆非",     "都是",     "都不是",   "均是",    "均不是", "皆对",   "皆错",
        "全错",   "全都对",   "全都不对", "皆正确",   "皆不正确"};
    struct buf folded = {0};
    struct bytes b;
    bool found = false;

    if (utf8_fold_statute(option, &folded) != 0)
        goto out;
    b = buf_view(&folded);
    while (b.len > 0 && (b.data[b.len - 1] == '.' || b.data[b.len - 1] == ';'))
        b.len--;
    if (b.len >= 3 && memcmp(b.data + b.len - 3, "。", 3) == 0)
        b.len -= 3;
    if (chars_of(b) > 12)
        goto out;
    for (size_t i = 0; i < sizeof lead / sizeof lead[0]; i++) {
        if (b.len < 6 || memcmp(b.data, lead[i], 6) != 0)
            continue;
        for (size_t j = 0; j < sizeof tail / sizeof tail[0]; j++) {
            size_t len = strlen(tail[j]);

            found = found || (b.len > len && memcmp(b.data + b.len - len, tail[j], len) == 0);
        }
    }
out:
    buf_fini(&folded);
    return found;
}

static int check_all_above(const struct item *it, struct lint_report *report)
{
    char id[ERR_ARG_BYTES_MAX];
    char option[ERR_ARG_BYTES_MAX];
    struct err what = {0};

    for (size_t i = 0; i < it->options_count; i++) {
        if (!is_all_above(it->options[i]))
            continue;
        err_set(&what, ERR_BAD_INPUT, &msg_all_above, text_of(id, it->id),
                text_of(option, it->options[i]), NULL, NULL);
        if (report_add(report, LINT_ERROR, it, &what) != 0)
            return ERR_NOMEM;
    }
    return 0;
}

static int check_enemies(const struct item *it, const struct item_pool *pool,
                         struct lint_report *report)
{
    char id[ERR_ARG_BYTES_MAX];
    char enemy[ERR_ARG_BYTES_MAX];
    struct err what = {0};

    for (size_t i = 0; i < it->enemies_count; i++) {
        if (item_pool_find(pool, it->enemies[i]) >= 0)
            continue;
        err_set(&what, ERR_NOT_FOUND, &msg_enemy_unknown, text_of(id, it->id),
                text_of(enemy, it->enemies[i]), NULL, NULL);
        if (report_add(report, LINT_ERROR, it, &what) != 0)
            return ERR_NOMEM;
    }
    return 0;
}

/* ---- the bank as a whole ---- */

static int warn_share(struct lint_report *report, const struct msg *msg, size_t all, size_t some,
                      const char *letter)
{
    char all_text[24];
    char some_text[24];
    char percent[24];
    struct err what = {0};

    err_int(all_text, (int64_t)all);
    err_int(some_text, (int64_t)some);
    err_int(percent, (int64_t)(some * 100 / all));
    if (letter == NULL)
        err_set(&what, ERR_BAD_INPUT, msg, all_text, some_text, percent, NULL);
    else
        err_set(&what, ERR_BAD_INPUT, msg, all_text, some_text, letter, percent);
    return report_add(report, LINT_WARNING, NULL, &what);
}

static int check_statistics(const struct item_pool *pool, struct lint_report *report)
{
    size_t singles = 0;
    size_t longest = 0;
    size_t fours = 0;
    size_t position[4] = {0};
    int rc = 0;

    for (size_t i = 0; i < pool->count; i++) {
        const struct item *it = &pool->items[i];
        size_t key_chars;
        size_t other_chars;

        if (it->type != ITEM_SINGLE || it->answer_key.mask == 0)
            continue;
        key_lengths(it, &key_chars, &other_chars);
        singles++;
        longest += key_chars > other_chars;
        if (it->options_count == 4 && it->answer_key.mask < 16) {
            fours++;
            position[__builtin_ctz(it->answer_key.mask)]++;
        }
    }
    if (singles >= STATISTICS_ITEMS_MIN && longest * 100 > singles * LONGEST_PERCENT_MAX)
        rc = warn_share(report, &msg_longest_share, singles, longest, NULL);
    for (size_t i = 0; i < 4 && fours >= STATISTICS_ITEMS_MIN && rc == 0; i++) {
        char letter[2] = {(char)('A' + i), '\0'};

        if (position[i] * 100 < fours * POSITION_PERCENT_MIN ||
            position[i] * 100 > fours * POSITION_PERCENT_MAX)
            rc = warn_share(report, &msg_position, fours, position[i], letter);
    }
    return rc;
}

/* ---- near-duplicates ---- */

struct bigrams {
    const struct item *item;
    uint64_t *values; /* distinct, rarest first */
    size_t count;
    struct digest stem; /* of the folded stem */
};

struct posting {
    uint64_t value;
    size_t owner;
};

static int compare_u64(const void *a, const void *b)
{
    uint64_t x = *(const uint64_t *)a;
    uint64_t y = *(const uint64_t *)b;

    return (x > y) - (x < y);
}

static int compare_posting(const void *a, const void *b)
{
    const struct posting *x = a;
    const struct posting *y = b;

    if (x->value != y->value)
        return x->value < y->value ? -1 : 1;
    return (x->owner > y->owner) - (x->owner < y->owner);
}

static bool is_mark(int32_t c)
{
    return (c < 0x80 && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z')) ||
           (c >= 0x2010 && c <= 0x2027) || (c >= 0x3000 && c <= 0x303f);
}

/* The set of bigrams of folded text, ascending; frequency is worked in later. */
static int bigrams_of(const struct item *it, struct bigrams *out)
{
    struct buf folded = {0};
    size_t pos = 0;
    size_t n = 0;
    int32_t last = 0;
    int32_t c;
    int rc = utf8_fold_answer_v1(it->stem, &folded);

    out->item = it;
    out->stem = digest_of_bytes(DIGEST_SHA256, buf_view(&folded));
    for (size_t i = 0; i < it->options_count && rc == 0; i++)
        rc = utf8_fold_answer_v1(it->options[i], &folded);
    out->values = rc == 0 ? malloc((folded.len + 1) * sizeof *out->values) : NULL;
    if (out->values == NULL) {
        buf_fini(&folded);
        return ERR_NOMEM;
    }
    while ((c = utf8_next((const char *)folded.data, folded.len, &pos)) >= 0) {
        if (is_mark(c))
            continue;
        out->values[n++] = (uint64_t)(uint32_t)last << 21 | (uint64_t)(uint32_t)c;
        last = c;
    }
    buf_fini(&folded);
    qsort(out->values, n, sizeof *out->values, compare_u64);
    for (size_t i = 0; i < n; i++) {
        if (out->count == 0 || out->values[out->count - 1] != out->values[i])
            out->values[out->count++] = out->values[i];
    }
    return 0;
}

/* Replaces each bigram by (how often it occurs, itself) in one number and sorts: rarest first. */
static int rank_by_rarity(struct bigrams *sets, size_t count)
{
    size_t total = 0;
    size_t n = 0;
    uint64_t *all;

    for (size_t i = 0; i < count; i++)
        total += sets[i].count;
    all = malloc((total + 1) * sizeof *all);
    if (all == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < count; i++) {
        if (sets[i].count > 0)
            memcpy(all + n, sets[i].values, sets[i].count * sizeof *all);
        n += sets[i].count;
    }
    qsort(all, total, sizeof *all, compare_u64);
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; j < sets[i].count; j++) {
            uint64_t v = sets[i].values[j];
            const uint64_t *hit = bsearch(&v, all, total, sizeof *all, compare_u64);
            const uint64_t *low = hit;
            uint64_t often;

            /* 42 bits hold the bigram; the 22 above hold its frequency, capped. */
            while (low > all && low[-1] == v && hit - low < 4096)
                low--;
            while (hit + 1 < all + total && hit[1] == v && hit - low < 8192)
                hit++;
            often = (uint64_t)(hit - low) + 1;
            sets[i].values[j] = often << 42 | v;
        }
        qsort(sets[i].values, sets[i].count, sizeof *sets[i].values, compare_u64);
    }
    free(all);
    return 0;
}

static size_t prefix_len(size_t count)
{
    return count - (count * NEAR_PERCENT + 99) / 100 + 1;
}

/* Jaccard index in percent; *first is the first common value. */
static unsigned similarity(const struct bigrams *a, const struct bigrams *b, uint64_t *first)
{
    size_t i = 0;
    size_t j = 0;
    size_t both = 0;

    while (i < a->count && j < b->count) {
        if (a->values[i] == b->values[j]) {
            if (both++ == 0)
                *first = a->values[i];
            i++;
            j++;
        } else if (a->values[i] < b->values[j]) {
            i++;
        } else {
            j++;
        }
    }
    return both == 0 ? 0 : (unsigned)(both * 100 / (a->count + b->count - both));
}

static int report_pair(struct lint_report *report, const struct msg *msg, const struct item *a,
                       const struct item *b, unsigned percent)
{
    char ida[ERR_ARG_BYTES_MAX];
    char idb[ERR_ARG_BYTES_MAX];
    char number[24];
    struct err what = {0};

    err_set(&what, ERR_CONFLICT, msg, text_of(ida, b->id), text_of(idb, a->id),
            err_int(number, percent), NULL);
    return report_add(report, LINT_ERROR, b, &what);
}

static int compare_pair(const struct bigrams *a, const struct bigrams *b, uint64_t met_at,
                        struct lint_report *report)
{
    size_t less = a->count < b->count ? a->count : b->count;
    size_t more = a->count < b->count ? b->count : a->count;
    uint64_t first = 0;
    unsigned percent;

    if (a->item->type != b->item->type || less * 100 < more * NEAR_PERCENT)
        return 0;
    percent = similarity(a, b, &first);
    if (first != met_at || percent < NEAR_PERCENT)
        return 0;
    if (digest_equal(&a->stem, &b->stem))
        return report_pair(report, &msg_same_stem, a->item, b->item, percent);
    return report_pair(report, &msg_near_stem, a->item, b->item, percent);
}

static int compare_all(const struct bigrams *sets, size_t count, struct lint_report *report)
{
    struct posting *postings;
    size_t total = 0;
    int rc = 0;

    for (size_t i = 0; i < count; i++)
        total += sets[i].count;
    postings = malloc((total + 1) * sizeof *postings);
    if (postings == NULL)
        return ERR_NOMEM;
    total = 0;
    for (size_t i = 0; i < count; i++) {
        for (size_t j = 0; sets[i].count > 0 && j < prefix_len(sets[i].count); j++) {
            postings[total].value = sets[i].values[j];
            postings[total++].owner = i;
        }
    }
    qsort(postings, total, sizeof *postings, compare_posting);
    for (size_t i = 0; i < total && rc == 0; i++) {
        for (size_t j = i + 1; j < total && postings[j].value == postings[i].value && rc == 0; j++)
            rc = compare_pair(&sets[postings[i].owner], &sets[postings[j].owner], postings[i].value,
                              report);
    }
    free(postings);
    return rc;
}

static int check_duplicates(const struct item_pool *pool, struct lint_report *report)
{
    struct bigrams *sets = calloc(pool->count + 1, sizeof *sets);
    int rc = sets == NULL ? ERR_NOMEM : 0;

    for (size_t i = 0; i < pool->count && rc == 0; i++)
        rc = bigrams_of(&pool->items[i], &sets[i]);
    if (rc == 0)
        rc = rank_by_rarity(sets, pool->count);
    if (rc == 0)
        rc = compare_all(sets, pool->count, report);
    for (size_t i = 0; sets != NULL && i < pool->count; i++)
        free(sets[i].values);
    free(sets);
    return rc;
}

int lint_pool(const struct item_pool *pool, const struct lint_options *options,
              struct lint_report *report, struct err *err)
{
    int rc = 0;

    for (size_t i = 0; i < pool->count && rc == 0; i++) {
        const struct item *it = &pool->items[i];

        if (options->laws != NULL)
            rc = check_citations(it, options, report);
        if (rc == 0)
            rc = check_length(it, report);
        if (rc == 0)
            rc = check_all_above(it, report);
        if (rc == 0)
            rc = check_enemies(it, pool, report);
    }
    if (rc == 0)
        rc = check_duplicates(pool, report);
    if (rc == 0)
        rc = check_statistics(pool, report);
    if (rc != 0)
        return err_set(err, rc, &msg_nomem, NULL, NULL, NULL, NULL);
    return 0;
}
