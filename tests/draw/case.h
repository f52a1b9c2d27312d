/* A draw as JSON: what goes in, and the papers that come out. For tests.
 *
 * A case is an object:
 *   { "name", "officer_share", "custodian_share", "exam_uuid", "release", "rules",   (hex)
 *     "pool": [ { "id", "revision", "type", "area", "difficulty", "level", "audiences": [ ],
 *                 "options": count, "fixed": bool, "enemies": [ ], "facility" } ],  sorted by id
 *     "blueprint": as question-bank/format/blueprint_json.h, every member present,
 *     "withdrawals": [ id ],                                                        sorted
 *     "people": [ { "pseudonym", "attempt", "nonce", "earlier": [ id ] } ] }
 *
 * Loading trusts the form of a case: a test's own mistake ends the program with a sentence.
 * Thread: one. */
#ifndef MINGFA_TESTS_DRAW_CASE_H
#define MINGFA_TESTS_DRAW_CASE_H

#include "question-bank/bank/paper.h"

#include <jansson.h>

struct draw_person {
    struct digest pseudonym;
    uint32_t attempt;
    uint8_t nonce[DRAW_NONCE_BYTES];
    struct id_set earlier;
};

struct draw_case {
    struct arena arena;
    struct item_pool pool;
    struct blueprint bp;
    struct id_set withdrawals;
    uint8_t officer_share[32];
    uint8_t custodian_share[32];
    uint8_t exam_uuid[16];
    struct digest release;
    struct digest rules;
    struct draw_person *people;
    size_t people_count;
    struct draw_plan *plan;
};

/* Fills *c, which borrows texts from `json`: keep it until draw_case_fini. */
void draw_case_load(struct draw_case *c, const json_t *json);
void draw_case_fini(struct draw_case *c);

/* { "officer_share_digest", "custodian_share_digest", "master", "master_digest",
 *   "blueprint_digest", "withdrawals_digest" }. New reference. */
json_t *draw_case_digests(const struct draw_case *c);
/* { "seed", "earlier_digest", "try", "flags", "items": [[id, revision, [order], points]],
 *   "paper_digest" } of that person, or { "dry": cell } when there is no paper. New reference. */
json_t *draw_case_paper(const struct draw_case *c, size_t person);

/* The first `count` numbers below n of try t: { "seed", "try", "n", "numbers": [] }. New reference. */
json_t *draw_numbers_json(const struct seed *seed, uint32_t t, uint32_t n, size_t count);

#endif
