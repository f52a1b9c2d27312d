/* Writing the text form of items, citations, and the words of the form (see text.h). */
#include "question-bank/format/text.h"

#include "question-bank/base/utf8.h"

#include <assert.h>
#include <string.h>

enum { CITATION_DIGEST_BYTES = 8, CITATION_NUMBER_BYTES_MAX = 48 };

static const char *const type_names[] = {"", "单选题", "多选题", "判断题", "填空题"};
static const char *const level_names[] = {"", "记忆", "理解", "应用"};

const char *text_type_name(enum item_type type)
{
    assert(type >= ITEM_SINGLE && type <= ITEM_FILL_IN);
    return type_names[type];
}

const char *text_level_name(uint8_t level)
{
    assert(level >= 1 && level <= 3);
    return level_names[level];
}

int text_type_parse(struct bytes text, enum item_type *out)
{
    for (int t = ITEM_SINGLE; t <= ITEM_FILL_IN; t++) {
        if (bytes_equal(text, bytes_of_text(type_names[t]))) {
            *out = (enum item_type)t;
            return 0;
        }
    }
    return ERR_BAD_INPUT;
}

/* ---- citations ---- */

static bool take(struct bytes *b, const char *text)
{
    size_t len = strlen(text);

    if (b->len < len || memcmp(b->data, text, len) != 0)
        return false;
    *b = bytes_of(b->data + len, b->len - len);
    return true;
}

/* A Chinese numeral before `unit` (or, with unit NULL, up to the end, 第 or @). */
static bool take_number(struct bytes *b, const char *unit, uint32_t *out)
{
    size_t len = 0;
    int64_t value;

    while (len < b->len) {
        struct bytes here = bytes_of(b->data + len, b->len - len);

        if (unit != NULL && take(&here, unit))
            break;
        if (unit == NULL && (here.data[0] == '@' || take(&here, "第")))
            break;
        len++;
    }
    if (len == 0 || len > CITATION_NUMBER_BYTES_MAX || (unit != NULL && len == b->len))
        return false;
    if (utf8_chinese_number(bytes_of(b->data, len), &value) != 0 || value < 1 || value > 99999)
        return false;
    *out = (uint32_t)value;
    *b = bytes_of(b->data + len, b->len - len);
    return unit == NULL || take(b, unit);
}

int text_citation_parse(struct bytes text, struct citation *out)
{
    struct citation c = {0};
    struct bytes b = text;
    const uint8_t *end;

    if (!take(&b, "《"))
        return ERR_BAD_INPUT;
    end = b.len > 0 ? memmem(b.data, b.len, "》", 3) : NULL;
    if (end == NULL || end == b.data || end - b.data > 240)
        return ERR_BAD_INPUT;
    c.title = bytes_of(b.data, (size_t)(end - b.data));
    b = bytes_of(end, b.len - c.title.len);
    if (!take(&b, "》第") || !take_number(&b, "条", &c.article))
        return ERR_BAD_INPUT;
    if (take(&b, "之") && !take_number(&b, NULL, &c.suffix))
        return ERR_BAD_INPUT;
    if (take(&b, "第")) {
        struct bytes here = b;

        if (take_number(&here, "款", &c.paragraph)) {
            b = here;
            if (take(&b, "第") && !take_number(&b, "项", &c.point))
                return ERR_BAD_INPUT;
        } else if (!take_number(&b, "项", &c.point)) {
            return ERR_BAD_INPUT;
        }
    }
    if (take(&b, "@")) {
        for (size_t i = 0; i < b.len; i++) {
            if (b.data[i] >= 'A' && b.data[i] <= 'F')
                return ERR_BAD_INPUT;
        }
        if (hex_decode(c.article_digest.b, CITATION_DIGEST_BYTES, (const char *)b.data, b.len) != 0)
            return ERR_BAD_INPUT;
        b.len = 0;
    }
    if (b.len != 0)
        return ERR_BAD_INPUT;
    *out = c;
    return 0;
}

static void write_number(struct buf *out, const char *before, uint32_t n, const char *unit)
{
    char text[64];

    if (n == 0)
        return;
    utf8_chinese_number_text(n, text);
    buf_append_text(out, before);
    buf_append_text(out, text);
    buf_append_text(out, unit);
}

void text_citation_write(const struct citation *c, struct buf *out)
{
    static const uint8_t none[CITATION_DIGEST_BYTES];
    char hex[2 * CITATION_DIGEST_BYTES + 1];

    buf_append_text(out, "《");
    buf_append(out, c->title.data, c->title.len);
    buf_append_text(out, "》");
    write_number(out, "第", c->article, "条");
    write_number(out, "之", c->suffix, "");
    write_number(out, "第", c->paragraph, "款");
    write_number(out, "第", c->point, "项");
    if (memcmp(c->article_digest.b, none, sizeof none) == 0)
        return;
    hex_encode(hex, c->article_digest.b, CITATION_DIGEST_BYTES);
    buf_append_text(out, "@");
    buf_append_text(out, hex);
}

/* ---- items ---- */

static void write_field(struct buf *out, const char *name, struct bytes text)
{
    buf_append_text(out, name);
    buf_append(out, text.data, text.len);
    buf_append_byte(out, '\n');
}

static void write_list(struct buf *out, const char *name, const struct bytes *list, size_t count,
                       const char *separator)
{
    buf_append_text(out, name);
    for (size_t i = 0; i < count; i++) {
        if (i > 0)
            buf_append_text(out, separator);
        buf_append(out, list[i].data, list[i].len);
    }
    buf_append_byte(out, '\n');
}

static void write_answer(const struct item *it, struct buf *out)
{
    const struct answer_key *k = &it->answer_key;

    if (it->type == ITEM_FILL_IN) {
        write_list(out, "【答案】", k->alternatives, k->alternatives_count, "｜");
        return;
    }
    if (it->type == ITEM_TRUE_FALSE) {
        write_field(out, "【答案】", bytes_of_text(k->mask != 0 ? "正确" : "错误"));
        return;
    }
    buf_append_text(out, "【答案】");
    for (size_t i = 0; i < it->options_count; i++) {
        if ((k->mask >> i & 1) != 0)
            buf_append_byte(out, (uint8_t)('A' + i));
    }
    buf_append_byte(out, '\n');
}

void text_item_write(const struct item *it, struct buf *out)
{
    write_field(out, "【编号】", it->id);
    if (it->revision != 1)
        buf_printf(out, "【版次】%u\n", it->revision);
    write_field(out, "【题型】", bytes_of_text(text_type_name(it->type)));
    write_field(out, "【领域】", it->area);
    write_field(out, "【题干】", it->stem);
    for (size_t i = 0; i < it->options_count; i++) {
        buf_printf(out, "%c. ", (int)('A' + i));
        buf_append(out, it->options[i].data, it->options[i].len);
        buf_append_byte(out, '\n');
    }
    if (it->fixed_options)
        buf_append_text(out, "【固定选项】是\n");
    write_answer(it, out);
    write_field(out, "【解析】", it->explanation);
    for (size_t i = 0; i < it->citations_count; i++) {
        buf_append_text(out, "【依据】");
        text_citation_write(&it->citations[i], out);
        buf_append_byte(out, '\n');
    }
    buf_printf(out, "【难度】%u\n", it->difficulty);
    write_field(out, "【层次】", bytes_of_text(text_level_name(it->level)));
    write_list(out, "【知识点】", it->topics, it->topics_count, "，");
    if (it->audiences_count == 0)
        buf_append_text(out, "【适用】全体\n");
    else
        write_list(out, "【适用】", it->audiences, it->audiences_count, "，");
    if (it->enemies_count > 0)
        write_list(out, "【互斥】", it->enemies, it->enemies_count, "，");
    buf_append_byte(out, '\n');
}
