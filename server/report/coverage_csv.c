/* Coverage as CSV. The figures are checked once more before a byte is written: a table that does not
 * foot is never issued. Pure; any thread. */
#include "server/report/coverage_csv.h"

#include "server/report/csv.h"
#include "server/roster/civil.h"
#include "server/roster/record_text.h"

#include <stdio.h>

static const struct msg MSG_FOOT = {
    .id = "coverage-does-not-foot",
    .zh = "单位{0}的统计数不平（{1}），未出表",
    .en = "unit {0} does not foot ({1}); no table was made",
};
static const struct msg MSG_NODE = {
    .id = "coverage-unit-unknown",
    .zh = "统计中没有该单位",
    .en = "no such unit in the figures",
};

static void write_head(struct csv_writer *w, bool closed)
{
    static const char *const first[] = {"单位编码", "单位名称", "层级", "口径"};

    for (size_t i = 0; i < sizeof first / sizeof first[0]; i++) {
        csv_write_string(w, first[i]);
    }
    for (int f = 0; f < COVERAGE_FIELDS; f++) {
        csv_write_string(w, coverage_field_name((enum coverage_field)f, closed));
    }
    for (int r = 0; r < RATES; r++) {
        csv_write_string(w, coverage_rate_name((enum coverage_rate)r));
    }
    csv_end_row(w);
}

static void write_counts(struct csv_writer *w, const struct coverage_node *node, uint32_t level,
                         const char *scope, const struct coverage_counts *counts)
{
    csv_write_id(w, node->code);
    csv_write_text(w, node->name);
    csv_write_number(w, level);
    csv_write_string(w, scope);
    for (int f = 0; f < COVERAGE_FIELDS; f++) {
        csv_write_number(w, (int64_t)counts->n[f]);
    }
    for (int r = 0; r < RATES; r++) {
        char text[16];

        rate_text(coverage_rate(counts, (enum coverage_rate)r), text);
        csv_write_string(w, text);
    }
    csv_end_row(w);
}

static void write_foot(struct csv_writer *w, const struct coverage_csv *in)
{
    char text[256], as_of[CIVIL_TEXT_BYTES], cut_off[CIVIL_TEXT_BYTES];

    civil_time_of_ms(in->as_of_ms, as_of);
    record_text_copy(in->cut_off, cut_off, sizeof cut_off);
    csv_write_string(w, coverage_formula(in->closed));
    csv_end_row(w);
    snprintf(text, sizeof text, "在册截止日：%s；数据截至：%s（北京时间）", cut_off, as_of);
    csv_write_string(w, text);
    csv_end_row(w);
}

int coverage_csv_write(const struct coverage_csv *in, struct buf *out, struct err *err)
{
    const struct coverage *c = in->coverage;
    const char *what = NULL;
    int64_t wrong = coverage_check(c, &what);
    struct csv_writer w;

    if (wrong >= 0) {
        char code[UNIT_CODE_BYTES_MAX + 1];

        return err_set(err, ERR_CORRUPT, &MSG_FOOT,
                       record_text_copy(c->nodes[wrong].code, code, sizeof code), what, NULL, NULL);
    }
    if (in->node >= c->count) {
        return err_set(err, ERR_NOT_FOUND, &MSG_NODE, NULL, NULL, NULL, NULL);
    }
    csv_writer_init(&w, out);
    csv_write_string(&w, in->exam);
    csv_end_row(&w);
    write_head(&w, in->closed);
    for (size_t i = in->node; i < c->nodes[in->node].end; i++) {
        const struct coverage_node *node = &c->nodes[i];
        uint32_t level = node->level - c->nodes[in->node].level;

        write_counts(&w, node, level, "合计", &node->total);
        if (node->end > i + 1) {
            write_counts(&w, node, level, "本级", &node->own);
        }
    }
    write_foot(&w, in);
    return buf_error(out) == 0 ? 0 : err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
}
