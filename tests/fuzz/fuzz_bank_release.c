/* A release: what opens was canonical, that is, building it again gives the same bytes. The same
 * bytes are also offered as a signature file. */
#include "question-bank/bank/release.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void open_release(struct bytes input)
{
    struct buf raw = {0};
    struct buf built = {0};
    struct bank *bank = NULL;
    struct digest digest;

    if (buf_append(&raw, input.data, input.len) != 0)
        abort();
    if (release_open_unsigned(&raw, &bank, NULL) == 0) {
        if (release_build(bank_manifest(bank), bank_pool(bank), &built, &digest, NULL) != 0 ||
            !bytes_equal(buf_view(&built), input) || !digest_equal(&digest, bank_digest(bank)))
            abort();
        bank_free(bank);
    }
    buf_fini(&built);
    buf_fini(&raw);
}

/* An empty bank that is well-formed, so that signature files are read at all. */
static void open_with_signature(struct bytes input)
{
    const struct manifest head = {.name = bytes_of_text("x"),
                                  .created = bytes_of_text("2026-01-01"),
                                  .law_date = bytes_of_text("2026-01-01"),
                                  .fold_version = 1};
    const struct item_pool none = {0};
    const struct keyring keyring = {.quorum = 1};
    struct release_signature_file file = {input, "input.sig"};
    struct buf raw = {0};
    struct bank *bank = NULL;
    struct digest digest;

    if (release_build(&head, &none, &raw, &digest, NULL) == 0 &&
        release_open(&raw, &file, 1, &keyring, NULL, NULL, &bank, NULL) == 0)
        abort(); /* no key is known, so no quorum can be there */
    buf_fini(&raw);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    open_release(bytes_of(data, size));
    open_with_signature(bytes_of(data, size));
    return 0;
}
