/* A scenario file: what is taken is within its ranges, and the plan of its people can be drawn; what
 * is refused is refused by a sentence. */
#include "clients/load/plan.h"

#include <stdlib.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct err err = {0};
    struct day day;
    struct plan_person person;
    struct plan_answer answer;

    if (day_parse("scenario.json", bytes_of(data, size), &day, &err) != 0) {
        if (err.msg == NULL)
            abort();
        return 0;
    }
    if (day.people == 0 || day.people > DAY_PEOPLE_MAX || day.think_ms.min > day.think_ms.max ||
        day.answers.min == 0 || (day.slow_link_pm > 0 && day.slow_bytes == 0))
        abort();
    plan_person(&day, day.people, day.people - 1, &person);
    plan_answer(&day, day.people - 1, person.answers, &answer);
    if (person.arrive_us < 0 || person.answers < day.answers.min ||
        person.answers > day.answers.max || answer.think_us < 0)
        abort();
    return 0;
}
