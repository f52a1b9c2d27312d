/* The releases of a directory, opened with a quorum of the keyring.
 *
 * NAME.mfbank with its NAME.mfbank.KEYID.sig files. A release that is refused is named in the log
 * and left out; when none opens that is an error. Thread: main's, at start and end. */
#ifndef MINGFA_SERVER_RELEASES_H
#define MINGFA_SERVER_RELEASES_H

#include "question-bank/bank/release.h"
#include "question-bank/base/env.h"
#include "question-bank/base/err.h"
#include "server/api/api.h"

enum { RELEASES_MAX = 64 };

struct releases {
    struct bank *banks[RELEASES_MAX]; /* owned */
    struct release_signer signers[RELEASES_MAX][RELEASE_SIGNATURES_MAX];
    struct api_release releases[RELEASES_MAX]; /* borrow from the two above */
    size_t count;
};

/* *out: caller's, releases_close. ERR_NOT_FOUND (directory, keyring), ERR_BAD_INPUT (keyring),
 * ERR_UNAUTHENTIC (none opened), ERR_LIMIT, ERR_NOMEM. */
int releases_open(const char *dir, const char *keyring_path, const struct env *env,
                  struct releases **out, struct err *err);
/* When nobody uses the banks any more. NULL is allowed. */
void releases_close(struct releases *r);

#endif
