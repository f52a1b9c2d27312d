/* The law index as text: what is read is written in a form that reads back as the same bytes. */
#include "question-bank/format/law_index.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool rewrite(struct bytes text, struct buf *out)
{
    struct law_index index;
    struct arena arena;
    bool read;

    arena_init(&arena, 64U << 20);
    read = law_index_read(text, "input", &arena, &index, NULL) == 0;
    if (read) {
        for (size_t i = 0; i < index.count; i++) {
            if (law_index_find(&index, index.laws[i].title) != &index.laws[i])
                abort();
        }
        law_index_write(&index, out);
    }
    arena_fini(&arena);
    return read;
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
