/* Histograms: what is merged is what one histogram would have held. State: none. */
#include "clients/load/hist.h"

#include <criterion/criterion.h>
#include <string.h>

static const int64_t values_us[] = {0,    1,     63,      64,          65, 1000,
                                    1001, 99999, 5000000, HIST_US_MAX, -4, HIST_US_MAX + 1};
enum { VALUES = sizeof values_us / sizeof values_us[0] };

Test(hist, merged_is_as_if_added_to_one)
{
    static struct hist whole, parts[3], merged;

    for (size_t i = 0; i < VALUES * 50; i++) {
        int64_t us = values_us[i % VALUES] + (int64_t)(i / VALUES);

        hist_add(&whole, us);
        hist_add(&parts[i % 3], us);
    }
    for (size_t i = 0; i < 3; i++)
        hist_merge(&merged, &parts[i]);
    cr_assert_eq(memcmp(&whole, &merged, sizeof whole), 0);
    cr_assert_eq(merged.count, VALUES * 50);
}

Test(hist, merging_nothing_changes_nothing)
{
    static struct hist h, empty, before;

    hist_merge(&h, &empty);
    cr_assert_eq(hist_quantile_us(&h, 9900), 0);
    hist_add(&h, 1234);
    before = h;
    hist_merge(&h, &empty);
    cr_assert_eq(memcmp(&h, &before, sizeof h), 0);
}

Test(hist, quantiles_are_within_a_64th)
{
    static struct hist h;

    for (int64_t us = 1; us <= 100000; us++)
        hist_add(&h, us);
    for (unsigned bp = 100; bp <= 10000; bp += 100) {
        int64_t exact = (int64_t)bp * 10;
        int64_t found = hist_quantile_us(&h, bp);

        cr_assert(found >= exact && found <= exact + exact / 64 + 1, "%u: %lld", bp,
                  (long long)found);
    }
}
