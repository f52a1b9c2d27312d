/* The plan: every draw is a hash of (seed, person, answer, what for), so that nothing is kept and no
 * draw depends on another. Cannot fail. Thread: reentrant. */
#include "clients/load/plan.h"

#include <assert.h>

enum draw {
    DRAW_ARRIVE = 1,
    DRAW_HAND_IN,
    DRAW_ANSWERS,
    DRAW_SLOW,
    DRAW_NEVER,
    DRAW_THINK,
    DRAW_DISCONNECT,
    DRAW_AWAY,
    DRAW_DUPLICATE,
    DRAW_RELOAD,
    DRAW_NONCE,
};

/* The finaliser of SplitMix64 (Steele, Lea, Flood 2014). */
static uint64_t mix(uint64_t z)
{
    z += UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

static uint64_t draw(const struct day *day, uint32_t k, uint32_t i, enum draw what)
{
    return mix(mix(mix(day->seed) + k) + ((uint64_t)i << 8) + (uint64_t)what);
}

/* Ranges are below 2^32: the bias of the remainder is below 2^-32. */
static uint32_t draw_range(const struct day *day, uint32_t k, uint32_t i, enum draw what,
                           struct range range)
{
    return range.min + (uint32_t)(draw(day, k, i, what) % ((uint64_t)range.max - range.min + 1));
}

static bool draw_share(const struct day *day, uint32_t k, uint32_t i, enum draw what,
                       uint32_t per_mille)
{
    return draw(day, k, i, what) % PER_MILLE < per_mille;
}

/* In [0, 1). */
static double draw_unit(const struct day *day, uint32_t k, enum draw what)
{
    return (double)(draw(day, k, 0, what) >> 11) / 9007199254740992.0;
}

void plan_person(const struct day *day, uint32_t people, uint32_t k, struct plan_person *out)
{
    int64_t over_us = (int64_t)day->arrive_over_s * 1000000;
    int64_t arrive_us = over_us * k / people;

    assert(k < people);
    if (day->arrive_shape == SHAPE_BURST) {
        double at = draw_unit(day, k, DRAW_ARRIVE);

        arrive_us = (int64_t)((double)over_us * at * at * at);
    }
    *out = (struct plan_person){
        .arrive_us = arrive_us,
        .answers = draw_range(day, k, 0, DRAW_ANSWERS, day->answers),
        .slow_link = draw_share(day, k, 0, DRAW_SLOW, day->slow_link_pm),
        .never_hand_in = draw_share(day, k, 0, DRAW_NEVER, day->never_hand_in_pm),
    };
    if (day->hand_in_when == HAND_IN_END)
        out->hand_in_us =
            (int64_t)day->hand_in_at_s * 1000000 +
            (int64_t)(draw_unit(day, k, DRAW_HAND_IN) * (double)day->hand_in_over_s * 1e6);
}

void plan_answer(const struct day *day, uint32_t k, uint32_t i, struct plan_answer *out)
{
    *out = (struct plan_answer){
        .think_us = (int64_t)draw_range(day, k, i, DRAW_THINK, day->think_ms) * 1000,
        .disconnect_us = (int64_t)draw_range(day, k, i, DRAW_AWAY, day->disconnect_ms) * 1000,
        .disconnect = draw_share(day, k, i, DRAW_DISCONNECT, day->disconnect_pm),
        .duplicate = draw_share(day, k, i, DRAW_DUPLICATE, day->duplicate_pm),
        .reload = draw_share(day, k, i, DRAW_RELOAD, day->reload_pm),
    };
}

void plan_nonce(const struct day *day, uint32_t k, char out[NONCE_HEX_BYTES + 1])
{
    uint8_t bytes[NONCE_HEX_BYTES / 2];

    for (uint32_t i = 0; i < sizeof bytes / 8; i++)
        u64be_write(bytes + (size_t)i * 8, draw(day, k, i, DRAW_NONCE));
    hex_encode(out, bytes, sizeof bytes);
}
