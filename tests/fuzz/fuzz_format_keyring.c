/* The keyring as JSON: what is read is written in a form that reads back as the same bytes. */
#include "question-bank/format/keyring_json.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static bool rewrite(struct bytes text, struct buf *out)
{
    struct keyring *keyring = calloc(1, sizeof *keyring);
    bool read;

    if (keyring == NULL)
        abort();
    read = keyring_json_read(text, keyring, NULL) == 0;
    if (read && keyring_json_write(keyring, out, NULL) != 0)
        abort();
    if (read)
        keyring_fini(keyring);
    free(keyring);
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
