/* The samples of tests/record/samples.py as the product's structs: every type of payload, and
 * variants at the edges. Names and order are those of tests/vectors/record-v1.json. One thread. */
#ifndef MINGFA_TESTS_RECORD_SAMPLES_H
#define MINGFA_TESTS_RECORD_SAMPLES_H

#include "question-bank/base/arena.h"
#include "server/record/payload.h"
#include "server/record/registry_payload.h"

#include <stdbool.h>
#include <stddef.h>

struct sample {
    const char *name;
    bool registry; /* which of the two holds */
    struct payload record;
    struct registry_payload entry;
};

enum { SAMPLES_MAX = 64 };

/* All of them into out; returns how many. Texts and lists live in the arena or are static. */
size_t samples_make(struct arena *arena, struct sample out[SAMPLES_MAX]);
/* By whichever encoder is the sample's. */
int sample_encode(const struct sample *s, struct buf *out, struct err *err);
/* By the decoder that knows the type; the other one must not. */
int sample_decode(uint16_t type, struct bytes raw, struct arena *arena, struct sample *out,
                  struct err *err);
uint16_t sample_type(const struct sample *s);

#endif
