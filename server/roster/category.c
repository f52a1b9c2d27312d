/* Categories: plain comparison of bytes. Pure; never fails. */
#include "server/roster/category.h"

#include "question-bank/base/utf8.h"

#include <string.h>

bool category_valid(struct bytes category)
{
    return category.len > 0 && category.len <= CATEGORY_BYTES_MAX && utf8_valid(category, NULL) &&
           utf8_is_nfc(category) && memchr(category.data, 0, category.len) == NULL;
}

bool category_is_assigned(const struct bytes *categories, size_t count, struct bytes category)
{
    for (size_t i = 0; i < count; i++) {
        if (bytes_equal(categories[i], category)) {
            return true;
        }
    }
    return count == 0;
}
