/* Categories of staff (公务员, 事业单位工作人员 …): data, never names in code. Pure. */
#ifndef MINGFA_ROSTER_CATEGORY_H
#define MINGFA_ROSTER_CATEGORY_H

#include "question-bank/base/bytes.h"

#include <stdbool.h>

enum { CATEGORY_BYTES_MAX = 64, CATEGORIES_MAX = 64 };

/* Clean text of 1 to CATEGORY_BYTES_MAX bytes. */
bool category_valid(struct bytes category);
/* Is the category among those an exam is assigned to? No list at all: everybody. */
bool category_is_assigned(const struct bytes *categories, size_t count, struct bytes category);

#endif
