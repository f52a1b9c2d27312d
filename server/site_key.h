/* The site's secret: 64 hexadecimal digits in a file that only its owner may read.
 *
 * Everything sealed, keyed or signed in as derives from it; lost, the data cannot be used. So it is
 * made only where there is no data yet. Thread: main's, at start. */
#ifndef MINGFA_SERVER_SITE_KEY_H
#define MINGFA_SERVER_SITE_KEY_H

#include "question-bank/base/env.h"
#include "question-bank/base/err.h"

#include <stdbool.h>
#include <stdint.h>

/* Reads it; where the file is absent and may_make, makes it (mode 0600). ERR_NOT_FOUND (absent, and
 * there is data), ERR_DENIED (others may read it), ERR_BAD_INPUT (not 64 digits), ERR_IO,
 * ERR_CRYPTO. The caller wipes out. */
int site_key_load(const char *path, bool may_make, const struct env *env, uint8_t out[32],
                  struct err *err);

#endif
