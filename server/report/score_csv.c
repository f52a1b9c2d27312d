/* Scores as CSV: one row a person and exam, times at +08:00. Pure; any thread. */
#include "server/report/score_csv.h"

#include "server/report/csv.h"
#include "server/roster/civil.h"

int score_csv_write(const struct score_csv_line *lines, size_t count, struct buf *out,
                    struct err *err)
{
    static const char *const head[] = {"人员编号", "姓名",     "单位", "人员类别", "考试",
                                       "成绩",     "是否合格", "等次", "第几次",   "交卷时间"};
    struct csv_writer w;

    csv_writer_init(&w, out);
    for (size_t i = 0; i < sizeof head / sizeof head[0]; i++) {
        csv_write_string(&w, head[i]);
    }
    csv_end_row(&w);
    for (size_t i = 0; i < count; i++) {
        const struct score_csv_line *l = &lines[i];
        char time[CIVIL_TEXT_BYTES];

        civil_time_of_ms(l->submitted_ms, time);
        csv_write_id(&w, l->number);
        csv_write_text(&w, l->name);
        csv_write_text(&w, l->unit);
        csv_write_text(&w, l->category);
        csv_write_text(&w, l->exam);
        csv_write_hundredths(&w, l->points);
        csv_write_string(&w, l->pending ? "待定" : l->passed ? "合格" : "不合格");
        csv_write_text(&w, l->band);
        csv_write_number(&w, l->attempt);
        csv_write_string(&w, time);
        csv_end_row(&w);
    }
    return buf_error(out) == 0 ? 0 : err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
}
