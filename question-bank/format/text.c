/* Reading the text form of items (see text.h).
 *
 * Lines are gathered into the fields of one item; the next 【编号】 (or the end) closes it, and only
 * then is the item checked as a whole, since fields may come in any order. An item with an error is
 * reported and left out. Thread: the caller's. */
#include "question-bank/format/text.h"

#include "question-bank/base/utf8.h"
#include "question-bank/format/text_msg.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum field {
    FIELD_ID,
    FIELD_REVISION,
    FIELD_TYPE,
    FIELD_AREA,
    FIELD_STEM,
    FIELD_FIXED,
    FIELD_ANSWER,
    FIELD_EXPLANATION,
    FIELD_CITATION,
    FIELD_DIFFICULTY,
    FIELD_LEVEL,
    FIELD_TOPIC,
    FIELD_AUDIENCE,
    FIELD_ENEMIES,
    FIELDS,
};

static const char *const field_names[FIELDS] = {
    "【编号】", "【版次】", "【题型】", "【领域】", "【题干】",   "【固定选项】", "【答案】",
    "【解析】", "【依据】", "【难度】", "【层次】", "【知识点】", "【适用】",     "【互斥】",
};
static const bool field_needed[FIELDS] = {
    true, false, true, true, true, false, true, true, true, true, true, true, true, false,
};

/* A value and the line it stands on; line 0: absent. */
struct value {
    struct bytes text;
    uint32_t line;
};

struct item_lines {
    bool open;
    bool bad;
    struct value fields[FIELDS];
    struct value options[ITEM_OPTIONS_MAX];
    struct value citations[ITEM_CITATIONS_MAX];
    size_t citations_count;
};

struct parser {
    struct bank_text *bank;
    const char *file;
    struct text_report *report;
    struct item_lines now;
    uint32_t line;
    bool nomem;
};

/* ---- errors ---- */

/* What was expected. Words of the form stand in it as they are to be written. */
static const struct err_word word_type = {"单选题、多选题、判断题或填空题",
                                          "单选题, 多选题, 判断题 or 填空题"};
static const struct err_word word_revision = {"1～65535 的整数", "a number from 1 to 65535"};
static const struct err_word word_difficulty = {"1～5 的整数", "a number from 1 to 5"};
static const struct err_word word_level = {"记忆、理解或应用", "记忆, 理解 or 应用"};
static const struct err_word word_each_once = {"每项只写一次", "each of them once"};
static const struct err_word word_all_alone = {"“全体”不与其他类别并列",
                                               "全体 without other categories"};
static const struct err_word word_others = {"其他试题的编号", "ids of other items"};
static const struct err_word word_in_order = {"选项从 A 起依次排列",
                                              "options A, B, C … without a gap"};
static const struct err_word word_distinct_options = {"各不相同的选项", "options that differ"};
static const struct err_word word_fixed = {"是，且只用于选择题", "是, and for choices only"};
static const struct err_word word_ascending = {"选项字母按顺序各写一次",
                                               "each letter once, in order"};
static const struct err_word word_one_letter = {"一个字母", "one letter"};
static const struct err_word word_two_letters = {"两个以上的字母", "two letters or more"};
static const struct err_word word_alternatives = {
    "以“｜”分开的答案，每个不空，最多 1024 字节",
    "answers separated by ｜, none empty, each of at most 1024 bytes"};
static const struct err_word word_alternatives_max = {"至多 16 种写法", "at most 16 answers"};
static const struct err_word word_distinct_answers = {"各不相同的答案", "answers that differ"};
static const struct err_word word_answer = {"答案", "an answer key"};
static const struct err_word word_true_false = {"正确或错误", "正确 or 错误"};
static const struct err_word word_blank = {"一处“____”", "one ____"};
static const struct err_word word_citation = {
    "《法律全称》第…条[第…款][第…项][@16 位摘要]",
    "《full title》第…条[第…款][第…项][@16 digits of digest]"};
static const struct err_word word_items_max = {"题库至多 200000 道试题",
                                               "at most 200000 items in a bank"};
static const struct err_word word_citations_max = {"至多 8 条依据", "at most 8 citations"};
static const struct err_word word_once = {"每道试题只写一次", "once an item"};
static const struct err_word word_options = {"选项 A.～H.", "options A. to H."};
static const struct err_word word_option_once = {"每个选项只写一行", "one line an option"};
static const struct err_word word_line = {
    "以【字段】或“A.”开头的一行", "a line that begins with a 【field】 or an option's letter"};
static const struct err_word word_visible = {"可见的文字", "visible text"};
static const struct err_word word_audiences = {"全体，或以“，”分开的人员类别，至多 16 个",
                                               "全体, or at most 16 categories separated by ，"};
static const struct err_word word_enemies = {"以“，”分开的试题编号，至多 32 个",
                                             "at most 32 ids separated by ，"};
static const struct err_word word_topics = {"以“，”分开的知识点，至多 8 个",
                                            "at most 8 topics separated by ，"};
static const struct err_word word_options_count = {"2～8 个选项", "2 to 8 options"};
static const struct err_word word_letters = {"A～{3} 中的选项字母", "letters from A to {3}"};
static const struct err_word word_enemies_max = {"至多 32 个互斥试题（双向合计）",
                                                 "at most 32 enemies, both ways together"};

static struct err *report_slot(struct text_report *r)
{
    static const size_t max = TEXT_ERRORS_MAX;

    r->total++;
    return r->count < max ? &r->errors[r->count++] : NULL;
}

static struct err *complain(struct parser *p, uint32_t line, const struct msg *msg,
                            struct bytes found, const char *expected)
{
    struct err *err = report_slot(p->report);
    char number[24];
    char text[ERR_ARG_BYTES_MAX];
    size_t len = found.len;

    if (len > ERR_ARG_BYTES_MAX - 1)
        len = utf8_cut((const char *)found.data, found.len, 60);
    if (len > 0)
        memcpy(text, found.data, len);
    text[len] = '\0';
    p->now.bad = true;
    err_set(err, ERR_BAD_INPUT, msg, p->file, err_int(number, line), text, expected);
    return err;
}

/* complain, with what was expected in both languages. */
static void expect(struct parser *p, uint32_t line, const struct msg *msg, struct bytes found,
                   const struct err_word *expected)
{
    err_say(complain(p, line, msg, found, NULL), 3, expected);
}

/* ---- small parts ---- */

static size_t space_len(struct bytes b)
{
    if (b.len > 0 && (b.data[0] == ' ' || b.data[0] == '\t' || b.data[0] == '\r'))
        return 1;
    if (b.len >= 3 && memcmp(b.data, "\xe3\x80\x80", 3) == 0)
        return 3;
    return 0;
}

static struct bytes trim(struct bytes b)
{
    size_t n;

    while ((n = space_len(b)) > 0)
        b = bytes_of(b.data + n, b.len - n);
    for (;;) {
        if (b.len > 0 && space_len(bytes_of(b.data + b.len - 1, 1)) == 1)
            b.len -= 1;
        else if (b.len >= 3 && memcmp(b.data + b.len - 3, "\xe3\x80\x80", 3) == 0)
            b.len -= 3;
        else
            return b;
    }
}

/* Takes the part before the next separator off *rest; false at the end. */
static bool next_part(struct bytes *rest, const char *separator, struct bytes *part)
{
    size_t len = strlen(separator);
    const uint8_t *at;

    if (rest->data == NULL)
        return false;
    at = rest->len >= len ? memmem(rest->data, rest->len, separator, len) : NULL;
    if (at == NULL) {
        *part = trim(*rest);
        *rest = bytes_of(NULL, 0);
        return true;
    }
    *part = trim(bytes_of(rest->data, (size_t)(at - rest->data)));
    *rest = bytes_of(at + len, rest->len - (size_t)(at - rest->data) - len);
    return true;
}

static bool is_text(struct bytes b, const char *text)
{
    return bytes_equal(b, bytes_of_text(text));
}

static bool read_number(struct bytes b, uint32_t max, uint32_t *out)
{
    uint32_t v = 0;

    if (b.len == 0 || b.len > 6)
        return false;
    for (size_t i = 0; i < b.len; i++) {
        if (b.data[i] < '0' || b.data[i] > '9')
            return false;
        v = v * 10 + (uint32_t)(b.data[i] - '0');
    }
    *out = v;
    return v >= 1 && v <= max;
}

/* ---- fields of a closed item ---- */

static void take_type(struct parser *p, const struct value *v, struct item *it)
{
    if (text_type_parse(v->text, &it->type) != 0)
        expect(p, v->line, &text_msg_value, v->text, &word_type);
}

static void take_revision(struct parser *p, const struct value *v, struct item *it)
{
    uint32_t n = 1;

    if (v->line != 0 && !read_number(v->text, UINT16_MAX, &n))
        expect(p, v->line, &text_msg_value, v->text, &word_revision);
    it->revision = (uint16_t)n;
}

static void take_difficulty(struct parser *p, const struct value *v, struct item *it)
{
    uint32_t n = 1;

    if (!read_number(v->text, 5, &n)) {
        expect(p, v->line, &text_msg_value, v->text, &word_difficulty);
        n = 1;
    }
    it->difficulty = (uint8_t)n;
    it->facility = item_default_facility(it->difficulty);
}

static void take_level(struct parser *p, const struct value *v, struct item *it)
{
    for (uint8_t level = 1; level <= 3; level++) {
        if (is_text(v->text, text_level_name(level)))
            it->level = level;
    }
    if (it->level == 0)
        expect(p, v->line, &text_msg_value, v->text, &word_level);
}

/* A text that must be there, and how it is called. */
struct text_rule {
    size_t bytes_max;
    struct err_word name;
    struct err_word limit; /* {3}: bytes_max */
};
static const struct text_rule rule_area = {
    96, {"【领域】", "【领域】"}, {"【领域】最多 {3} 字节", "【领域】 of at most {3} bytes"}};
static const struct text_rule rule_stem = {
    ITEM_STEM_BYTES_MAX,
    {"【题干】", "【题干】"},
    {"【题干】最多 {3} 字节", "【题干】 of at most {3} bytes"}};
static const struct text_rule rule_explanation = {
    ITEM_EXPLANATION_BYTES_MAX,
    {"【解析】", "【解析】"},
    {"【解析】最多 {3} 字节", "【解析】 of at most {3} bytes"}};
static const struct text_rule rule_option = {
    ITEM_OPTION_BYTES_MAX,
    {"选项", "an option"},
    {"选项最多 {3} 字节", "an option of at most {3} bytes"}};

static void take_text(struct parser *p, const struct value *v, const struct text_rule *rule,
                      struct bytes *out)
{
    char max[24];

    if (v->text.len == 0)
        err_say(complain(p, v->line, &text_msg_empty, bytes_of(NULL, 0), NULL), 2, &rule->name);
    else if (v->text.len > rule->bytes_max)
        err_say(
            complain(p, v->line, &text_msg_long, v->text, err_int(max, (int64_t)rule->bytes_max)),
            3, &rule->limit);
    *out = v->text;
}

/* Splits at ， into at most max texts. */
static size_t take_list(struct parser *p, const struct value *v, struct bytes *out, size_t max,
                        const struct err_word *expected)
{
    struct bytes rest = v->text;
    struct bytes part;
    size_t n = 0;

    while (next_part(&rest, "，", &part)) {
        if (part.len == 0) {
            expect(p, v->line, &text_msg_value, v->text, expected);
            return n;
        }
        if (n == max) {
            expect(p, v->line, &text_msg_many, part, expected);
            return n;
        }
        out[n++] = part;
    }
    return n;
}

static int compare_bytes(const void *a, const void *b)
{
    return bytes_compare(*(const struct bytes *)a, *(const struct bytes *)b);
}

/* Sorts; repeats are errors. */
static void sort_list(struct parser *p, const struct value *v, struct bytes *list, size_t n)
{
    qsort(list, n, sizeof *list, compare_bytes);
    for (size_t i = 1; i < n; i++) {
        if (bytes_equal(list[i - 1], list[i])) {
            expect(p, v->line, &text_msg_twice, list[i], &word_each_once);
            return;
        }
    }
}

static void take_audience(struct parser *p, const struct value *v, struct item *it)
{
    if (is_text(v->text, "全体"))
        return;
    it->audiences_count = take_list(p, v, it->audiences, ITEM_AUDIENCES_MAX, &word_audiences);
    sort_list(p, v, it->audiences, it->audiences_count);
    for (size_t i = 0; i < it->audiences_count; i++) {
        if (is_text(it->audiences[i], "全体"))
            expect(p, v->line, &text_msg_value, v->text, &word_all_alone);
    }
}

static void take_enemies(struct parser *p, const struct value *v, struct item *it)
{
    if (v->line == 0)
        return;
    it->enemies_count = take_list(p, v, it->enemies, ITEM_ENEMIES_MAX, &word_enemies);
    sort_list(p, v, it->enemies, it->enemies_count);
    for (size_t i = 0; i < it->enemies_count; i++) {
        if (!item_id_valid(it->enemies[i]))
            complain(p, v->line, &text_msg_id, it->enemies[i], NULL);
        else if (bytes_equal(it->enemies[i], it->id))
            expect(p, v->line, &text_msg_value, it->enemies[i], &word_others);
    }
}

static void take_options(struct parser *p, struct item *it)
{
    const struct item_lines *now = &p->now;
    bool wanted = it->type == ITEM_SINGLE || it->type == ITEM_MULTIPLE;
    uint32_t type_line = now->fields[FIELD_TYPE].line;
    const struct value *fixed = &now->fields[FIELD_FIXED];

    for (size_t i = 0; i < ITEM_OPTIONS_MAX; i++) {
        const struct value *v = &now->options[i];
        char letter[8] = {(char)('A' + i), '.', '\0'};

        if (v->line == 0)
            continue;
        if (!wanted && it->type != 0) {
            complain(p, v->line, &text_msg_option_unwanted, v->text, text_type_name(it->type));
            return;
        }
        if (i != it->options_count) {
            expect(p, v->line, &text_msg_option_gap, bytes_of_text(letter), &word_in_order);
            return;
        }
        take_text(p, v, &rule_option, &it->options[it->options_count]);
        for (size_t j = 0; j < it->options_count; j++) {
            if (bytes_equal(it->options[j], v->text))
                expect(p, v->line, &text_msg_twice, v->text, &word_distinct_options);
        }
        it->options_count++;
    }
    if (wanted && it->options_count < 2)
        expect(p, type_line, &text_msg_option_few,
               bytes_of_text(it->options_count == 0 ? "0" : "1"), &word_options_count);
    if (fixed->line != 0 && (!is_text(fixed->text, "是") || !wanted))
        expect(p, fixed->line, &text_msg_value, fixed->text, &word_fixed);
    it->fixed_options = fixed->line != 0;
}

/* Letters of an answer: ascending, each an option. */
static void take_letters(struct parser *p, const struct value *v, struct item *it)
{
    const char last_letter[2] = {(char)('A' + it->options_count - 1), '\0'};
    size_t n = v->text.len;
    uint32_t mask = 0;
    int last = -1;

    for (size_t i = 0; i < n; i++) {
        int letter = v->text.data[i] - 'A';

        if (letter < 0 || letter >= (int)it->options_count) {
            err_say(complain(p, v->line, &text_msg_answer_unknown, v->text, last_letter), 3,
                    &word_letters);
            return;
        }
        if (letter <= last) {
            expect(p, v->line, &text_msg_value, v->text, &word_ascending);
            return;
        }
        last = letter;
        mask |= 1u << letter;
    }
    if (it->type == ITEM_SINGLE && n != 1)
        expect(p, v->line, &text_msg_single_many, v->text, &word_one_letter);
    else if (it->type == ITEM_MULTIPLE && n < 2)
        expect(p, v->line, &text_msg_multiple_few, v->text, &word_two_letters);
    it->answer_key.mask = mask;
}

static void take_alternatives(struct parser *p, const struct value *v, struct item *it)
{
    struct bytes rest = v->text;
    struct bytes part;
    size_t n = 0;

    while (next_part(&rest, "｜", &part)) {
        if (part.len == 0 || part.len > ITEM_OPTION_BYTES_MAX) {
            expect(p, v->line, &text_msg_value, v->text, &word_alternatives);
            return;
        }
        if (n == ITEM_ALTERNATIVES_MAX) {
            expect(p, v->line, &text_msg_many, part, &word_alternatives_max);
            return;
        }
        for (size_t i = 0; i < n; i++) {
            if (bytes_equal(it->answer_key.alternatives[i], part))
                expect(p, v->line, &text_msg_twice, part, &word_distinct_answers);
        }
        it->answer_key.alternatives[n++] = part;
    }
    it->answer_key.alternatives_count = n;
}

static void take_answer(struct parser *p, const struct value *v, struct item *it)
{
    if (v->text.len == 0) {
        expect(p, v->line, &text_msg_no_answer, v->text, &word_answer);
        return;
    }
    switch (it->type) {
    case ITEM_SINGLE:
    case ITEM_MULTIPLE:
        if (it->options_count >= 2)
            take_letters(p, v, it);
        break;
    case ITEM_TRUE_FALSE:
        if (is_text(v->text, "正确"))
            it->answer_key.mask = 1;
        else if (!is_text(v->text, "错误"))
            expect(p, v->line, &text_msg_value, v->text, &word_true_false);
        break;
    case ITEM_FILL_IN:
        take_alternatives(p, v, it);
        break;
    default:
        break;
    }
}

/* A fill-in stem has exactly one run of underscores, four long. */
static void check_blank(struct parser *p, const struct value *v)
{
    size_t runs = 0;
    size_t run = 0;
    bool four = true;

    for (size_t i = 0; i <= v->text.len; i++) {
        if (i < v->text.len && v->text.data[i] == '_') {
            run++;
            continue;
        }
        if (run >= 2) {
            runs++;
            four = four && run == 4;
        }
        run = 0;
    }
    if (runs != 1 || !four)
        expect(p, v->line, &text_msg_blank, v->text, &word_blank);
}

static void take_citations(struct parser *p, struct item *it)
{
    for (size_t i = 0; i < p->now.citations_count; i++) {
        const struct value *v = &p->now.citations[i];
        struct citation *c = &it->citations[it->citations_count];

        if (text_citation_parse(v->text, c) != 0)
            expect(p, v->line, &text_msg_citation, v->text, &word_citation);
        else
            it->citations_count++;
    }
}

/* ---- items ---- */

static struct item *item_add(struct bank_text *b)
{
    if (b->count == b->cap) {
        size_t cap = b->cap == 0 ? 64 : b->cap * 2;
        struct item *more = realloc(b->items, cap * sizeof *more);

        if (more == NULL)
            return NULL;
        b->items = more;
        b->cap = cap;
    }
    memset(&b->items[b->count], 0, sizeof b->items[0]);
    return &b->items[b->count++];
}

static bool fields_present(struct parser *p)
{
    const struct item_lines *now = &p->now;
    const struct value *id = &now->fields[FIELD_ID];
    bool present = true;

    for (size_t f = 0; f < FIELDS; f++) {
        bool there = now->fields[f].line != 0 || (f == FIELD_CITATION && now->citations_count > 0);

        if (there || !field_needed[f])
            continue;
        complain(p, id->line, &text_msg_missing, id->text, field_names[f]);
        present = false;
    }
    return present;
}

static void item_close(struct parser *p)
{
    struct item_lines *now = &p->now;
    struct value *f = now->fields;
    struct item it = {0};
    struct item *added;
    struct err why = {0};

    if (!now->open)
        return;
    it.id = f[FIELD_ID].text;
    it.source_file = p->file;
    it.source_line = f[FIELD_ID].line;
    if (!item_id_valid(it.id))
        complain(p, f[FIELD_ID].line, &text_msg_id, it.id, NULL);
    if (fields_present(p)) {
        take_type(p, &f[FIELD_TYPE], &it);
        take_revision(p, &f[FIELD_REVISION], &it);
        take_text(p, &f[FIELD_AREA], &rule_area, &it.area);
        take_text(p, &f[FIELD_STEM], &rule_stem, &it.stem);
        if (it.type == ITEM_FILL_IN)
            check_blank(p, &f[FIELD_STEM]);
        take_options(p, &it);
        take_answer(p, &f[FIELD_ANSWER], &it);
        take_text(p, &f[FIELD_EXPLANATION], &rule_explanation, &it.explanation);
        take_citations(p, &it);
        take_difficulty(p, &f[FIELD_DIFFICULTY], &it);
        take_level(p, &f[FIELD_LEVEL], &it);
        it.topics_count = take_list(p, &f[FIELD_TOPIC], it.topics, ITEM_TOPICS_MAX, &word_topics);
        take_audience(p, &f[FIELD_AUDIENCE], &it);
        take_enemies(p, &f[FIELD_ENEMIES], &it);
    }
    if (!now->bad && item_check(&it, &why) != 0)
        expect(p, it.source_line, &text_msg_field, it.id, why.word[1]);
    if (!now->bad) {
        if (p->bank->count >= TEXT_ITEMS_MAX) {
            expect(p, it.source_line, &text_msg_many, it.id, &word_items_max);
        } else {
            added = item_add(p->bank);
            if (added == NULL)
                p->nomem = true;
            else
                *added = it;
        }
    }
    memset(now, 0, sizeof *now);
}

/* ---- lines ---- */

static void field_line(struct parser *p, enum field f, struct bytes text)
{
    struct item_lines *now = &p->now;
    struct value v = {text, p->line};

    if (f == FIELD_ID) {
        item_close(p);
        memset(now, 0, sizeof *now);
        now->open = true;
        now->fields[FIELD_ID] = v;
        return;
    }
    if (!now->open) {
        complain(p, p->line, &text_msg_outside, bytes_of_text(field_names[f]), "【编号】");
        return;
    }
    if (f == FIELD_CITATION) {
        if (now->citations_count == ITEM_CITATIONS_MAX)
            expect(p, p->line, &text_msg_many, text, &word_citations_max);
        else
            now->citations[now->citations_count++] = v;
        return;
    }
    if (now->fields[f].line != 0) {
        expect(p, p->line, &text_msg_twice, bytes_of_text(field_names[f]), &word_once);
        return;
    }
    now->fields[f] = v;
}

/* "A. text": an option line. */
static bool option_line(struct parser *p, struct bytes line)
{
    struct value *v;
    size_t letter;

    if (line.len < 2 || line.data[0] < 'A' || line.data[0] > 'Z' || line.data[1] != '.')
        return false;
    letter = (size_t)(line.data[0] - 'A');
    if (letter >= ITEM_OPTIONS_MAX) {
        expect(p, p->line, &text_msg_value, bytes_of(line.data, 2), &word_options);
        return true;
    }
    if (!p->now.open) {
        complain(p, p->line, &text_msg_outside, bytes_of(line.data, 2), "【编号】");
        return true;
    }
    v = &p->now.options[letter];
    if (v->line != 0) {
        expect(p, p->line, &text_msg_twice, bytes_of(line.data, 2), &word_option_once);
        return true;
    }
    v->text = trim(bytes_of(line.data + 2, line.len - 2));
    v->line = p->line;
    return true;
}

static void content_line(struct parser *p, struct bytes line)
{
    for (size_t f = 0; f < FIELDS; f++) {
        size_t len = strlen(field_names[f]);

        if (line.len >= len && memcmp(line.data, field_names[f], len) == 0) {
            field_line(p, (enum field)f, trim(bytes_of(line.data + len, line.len - len)));
            return;
        }
    }
    if (option_line(p, line))
        return;
    expect(p, p->line, &text_msg_unknown_line, line, &word_line);
}

/* The line in NFC, in the arena. */
static bool normal_line(struct parser *p, struct bytes line, struct bytes *out)
{
    struct buf nfc = {0};
    size_t bad_at = 0;
    bool good = true;

    if (line.len > TEXT_LINE_BYTES_MAX) {
        char size[24];

        complain(p, p->line, &text_msg_line_long, bytes_of_text(err_int(size, (int64_t)line.len)),
                 "65536");
        return false;
    }
    if (!utf8_valid(line, &bad_at)) {
        char at[24];

        complain(p, p->line, &text_msg_utf8, bytes_of_text(err_int(at, (int64_t)bad_at + 1)),
                 "UTF-8");
        return false;
    }
    for (size_t i = 0; i < line.len; i++) {
        if ((line.data[i] < 0x20 && line.data[i] != '\t') || line.data[i] == 0x7f) {
            expect(p, p->line, &text_msg_control, bytes_of(NULL, 0), &word_visible);
            return false;
        }
    }
    if (utf8_nfc(line, &nfc) != 0) {
        p->nomem = true;
        return false;
    }
    *out = arena_bytes(p->bank->arena, buf_view(&nfc));
    if (out->data == NULL) {
        p->nomem = true;
        good = false;
    }
    buf_fini(&nfc);
    return good;
}

static void read_line(struct parser *p, struct bytes line)
{
    struct bytes normal;

    if (line.len > 0 && line.data[line.len - 1] == '\r')
        line.len--;
    if (line.len > 0 && line.data[0] == '#')
        return;
    if (line.len <= TEXT_LINE_BYTES_MAX)
        line = trim(line);
    if (line.len == 0 || !normal_line(p, line, &normal))
        return;
    content_line(p, normal);
}

void bank_text_init(struct bank_text *b, struct arena *arena)
{
    memset(b, 0, sizeof *b);
    b->arena = arena;
}

void bank_text_fini(struct bank_text *b)
{
    free(b->items);
    memset(b, 0, sizeof *b);
}

int bank_text_read(struct bank_text *b, struct bytes text, const char *name,
                   struct text_report *report, struct err *err)
{
    struct parser p = {.bank = b, .report = report};
    size_t before = report->total;

    p.file = arena_text(b->arena, name, strlen(name));
    if (p.file == NULL)
        return err_set(err, ERR_NOMEM, &text_msg_nomem, NULL, NULL, NULL, NULL);
    if (text.len > TEXT_FILE_BYTES_MAX) {
        char size[24];

        complain(&p, 1, &text_msg_file_long, bytes_of_text(err_int(size, (int64_t)text.len)),
                 "67108864");
        goto out;
    }
    if (text.len >= 3 && memcmp(text.data, "\xef\xbb\xbf", 3) == 0)
        text = bytes_of(text.data + 3, text.len - 3);
    while (text.len > 0 && !p.nomem) {
        const uint8_t *end = memchr(text.data, '\n', text.len);
        size_t len = end == NULL ? text.len : (size_t)(end - text.data);

        p.line++;
        read_line(&p, bytes_of(text.data, len));
        if (end != NULL)
            len++;
        text = bytes_of(text.data + len, text.len - len);
    }
    item_close(&p);
out:
    if (p.nomem)
        return err_set(err, ERR_NOMEM, &text_msg_nomem, NULL, NULL, NULL, NULL);
    if (report->total != before) {
        if (err != NULL && before < TEXT_ERRORS_MAX)
            *err = report->errors[before];
        return ERR_BAD_INPUT;
    }
    return 0;
}

/* ---- the bank as a whole ---- */

static int compare_items(const void *a, const void *b)
{
    const struct item *x = a;
    const struct item *y = b;
    int order = bytes_compare(x->id, y->id);

    if (order != 0)
        return order;
    if (strcmp(x->source_file, y->source_file) != 0)
        return strcmp(x->source_file, y->source_file);
    return (x->source_line > y->source_line) - (x->source_line < y->source_line);
}

static void duplicate_error(const struct item *first, const struct item *second,
                            struct text_report *report)
{
    char line[24];
    char where[ERR_ARG_BYTES_MAX];
    char id[ITEM_ID_BYTES_MAX + 1];

    memcpy(id, second->id.data, second->id.len);
    id[second->id.len] = '\0';
    snprintf(where, sizeof where, "%.120s:%u", first->source_file, first->source_line);
    err_set(report_slot(report), ERR_EXISTS, &text_msg_duplicate, second->source_file,
            err_int(line, second->source_line), id, where);
}

/* Adds `enemy` to the sorted enemies of it; false when there is no room. */
static bool enemy_add(struct item *it, struct bytes enemy)
{
    size_t at = 0;

    while (at < it->enemies_count && bytes_compare(it->enemies[at], enemy) < 0)
        at++;
    if (at < it->enemies_count && bytes_equal(it->enemies[at], enemy))
        return true;
    if (it->enemies_count == ITEM_ENEMIES_MAX)
        return false;
    memmove(&it->enemies[at + 1], &it->enemies[at], (it->enemies_count - at) * sizeof enemy);
    it->enemies[at] = enemy;
    it->enemies_count++;
    return true;
}

static void enemies_close(struct bank_text *b, struct text_report *report)
{
    struct item_pool pool = {b->items, b->count};

    for (size_t i = 0; i < b->count; i++) {
        for (size_t j = 0; j < b->items[i].enemies_count; j++) {
            int64_t at = item_pool_find(&pool, b->items[i].enemies[j]);
            struct err *slot;
            char line[24];

            if (at < 0 || enemy_add(&b->items[at], b->items[i].id))
                continue;
            slot = report_slot(report);
            err_set(slot, ERR_LIMIT, &text_msg_many, b->items[at].source_file,
                    err_int(line, b->items[at].source_line), "【互斥】", NULL);
            err_say(slot, 3, &word_enemies_max);
        }
    }
}

int bank_text_finish(struct bank_text *b, struct item_pool *out, struct text_report *report,
                     struct err *err)
{
    size_t before = report->total;

    if (b->count > 1)
        qsort(b->items, b->count, sizeof b->items[0], compare_items);
    for (size_t i = 1; i < b->count; i++) {
        if (bytes_equal(b->items[i - 1].id, b->items[i].id))
            duplicate_error(&b->items[i - 1], &b->items[i], report);
    }
    if (report->total == before)
        enemies_close(b, report);
    if (report->total != before) {
        if (err != NULL && before < TEXT_ERRORS_MAX)
            *err = report->errors[before];
        return ERR_BAD_INPUT;
    }
    out->items = b->items;
    out->count = b->count;
    return 0;
}
