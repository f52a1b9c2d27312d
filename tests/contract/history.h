/* Histories by chance, the same for the same seed: sessions started, worked on, handed in, graded,
 * voided, reopened; attendance; and registry events of every type. Thread: one. */
#ifndef MINGFA_TESTS_CONTRACT_HISTORY_H
#define MINGFA_TESTS_CONTRACT_HISTORY_H

#include "tests/contract/journal.h"
#include "tests/contract/world.h"

enum { HISTORY_STEPS = 9 };
enum { HISTORY_EXAMS = 3, HISTORY_PEOPLE = 20, HISTORY_HEARINGS = 4 };

/* Appends about `events` record events, in batches of chance; reopens now and then if asked to. */
void history_record(struct journal *j, struct world *w, uint64_t seed, size_t events, bool reopen);
/* The registry's: every type several times, with repeats of the same names. */
void history_registry(struct journal *j, struct world *w, uint64_t seed, size_t events);
/* A small history that is the same every time: puts the batch of a step, 0 to HISTORY_STEPS - 1, in
 * their order, and returns the file that it is for. */
enum store_file history_step(struct journal *j, int step);

#endif
