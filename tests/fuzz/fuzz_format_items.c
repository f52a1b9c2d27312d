/* The text form of items: whatever the bytes, reading ends, and what was read without an error is
 * written in a form that reads back as the same form. */
#include "question-bank/format/text.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Appends the items of `text` as written again; false when it has errors. */
static bool rewrite(struct bytes text, struct buf *out)
{
    struct text_report *report = calloc(1, sizeof *report);
    struct item_pool pool;
    struct bank_text bank;
    struct arena arena;
    bool clean;

    if (report == NULL)
        abort();
    arena_init(&arena, 64U << 20);
    bank_text_init(&bank, &arena);
    clean = bank_text_read(&bank, text, "input", report, NULL) == 0 &&
            bank_text_finish(&bank, &pool, report, NULL) == 0 && report->total == 0;
    for (size_t i = 0; clean && i < pool.count; i++)
        text_item_write(&pool.items[i], out);
    bank_text_fini(&bank);
    arena_fini(&arena);
    free(report);
    return clean;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct buf once = {0};
    struct buf twice = {0};

    if (rewrite(bytes_of(data, size), &once)) {
        if (!rewrite(buf_view(&once), &twice) || !bytes_equal(buf_view(&once), buf_view(&twice)))
            abort();
    }
    buf_fini(&once);
    buf_fini(&twice);
    return 0;
}
