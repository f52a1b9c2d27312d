/* A blueprint as JSON: what is read and keeps the rules of form has the same canonical encoding
 * after it was written and read again, and after it was encoded and decoded. */
#include "question-bank/format/blueprint_json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool same(const struct blueprint *a, const struct blueprint *b)
{
    struct digest da = blueprint_digest(a);
    struct digest db = blueprint_digest(b);

    return digest_equal(&da, &db);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct blueprint first;
    struct blueprint again;
    struct buf text = {0};
    struct buf coded = {0};
    struct arena arena;

    arena_init(&arena, 64U << 20);
    if (blueprint_json_read(bytes_of(data, size), &arena, &first, NULL) == 0 &&
        blueprint_form_check(&first, NULL) == 0) {
        if (blueprint_json_write(&first, &text, NULL) != 0 ||
            blueprint_json_read(buf_view(&text), &arena, &again, NULL) != 0 ||
            !same(&first, &again))
            abort();
        blueprint_encode(&first, &coded);
        if (blueprint_decode(buf_view(&coded), &arena, &again, NULL) != 0 || !same(&first, &again))
            abort();
    }
    buf_fini(&text);
    buf_fini(&coded);
    arena_fini(&arena);
    return 0;
}
