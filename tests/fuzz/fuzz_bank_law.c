/* A law text: whatever the bytes, reading ends, and each article that was read is found again. */
#include "question-bank/bank/law.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct arena arena;
    struct law law;

    arena_init(&arena, 64U << 20);
    if (law_read(bytes_of(data, size), "input", &arena, &law, NULL) == 0) {
        for (size_t i = 0; i < law.articles_count; i++) {
            const struct law_article *a = &law.articles[i];

            if (law_article_find(&law, a->number, a->suffix) != a)
                abort();
        }
        law_repeals(&law, law.title);
    }
    arena_fini(&arena);
    return 0;
}
