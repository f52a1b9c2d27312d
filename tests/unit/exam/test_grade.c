/* Marking: tables of responses and the points they earn, and the bytes of the digests. */
#include "server/exam/grade.h"

#include <criterion/criterion.h>
#include <string.h>

static const struct scoring_rules whole = {
    .pass_mark = 6000,
    .bands = {{"优秀", 9000}, {"良好", 8000}, {"合格", 6000}},
    .bands_count = 3,
    .multiple = MULTIPLE_ALL_OR_NOTHING,
    .fold_version = 1,
};

static struct response ticked(uint32_t mask)
{
    return (struct response){.kind = RESPONSE_MASK, .mask = mask, .epoch = 1, .device_seq = 1};
}

static uint32_t award_of(const struct item *item, const uint8_t *order, uint32_t points,
                         enum multiple_rule multiple, struct response r)
{
    struct paper_item place = {
        .item = item, .points = points, .option_count = (uint8_t)item->options_count};
    struct paper paper = {.items = &place, .count = 1};
    struct scoring_rules rules = whole;
    struct score score;
    uint32_t award = 12345;

    rules.multiple = multiple;
    for (uint8_t i = 0; i < item->options_count; i++) {
        place.option_order[i] = order != NULL ? order[i] : i;
    }
    cr_assert_eq(paper_grade(&paper, &rules, NULL, &r, &award, &score, NULL), 0);
    cr_assert_eq(score.points, award);
    cr_assert_eq(score.points_max, points);
    return award;
}

Test(grade, multiple_choice_earns_a_share_only_for_a_correct_subset)
{
    /* correct A, B, C of A…E: 2.00 points */
    static const struct {
        uint32_t mask, all, partial;
    } cases[] = {{7, 200, 200}, {3, 0, 133}, {1, 0, 66}, {0, 0, 0},
                 {15, 0, 0},    {8, 0, 0},   {31, 0, 0}, {9, 0, 0}};
    struct item item = {.type = ITEM_MULTIPLE, .options_count = 5, .answer_key = {.mask = 7}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        cr_assert_eq(award_of(&item, NULL, 200, MULTIPLE_ALL_OR_NOTHING, ticked(cases[i].mask)),
                     cases[i].all, "case %zu", i);
        cr_assert_eq(award_of(&item, NULL, 200, MULTIPLE_PARTIAL, ticked(cases[i].mask)),
                     cases[i].partial, "case %zu", i);
    }
}

Test(grade, what_was_ticked_is_mapped_back_to_the_original_options)
{
    static const uint8_t order[] = {2, 0, 3, 1}; /* shown A is the original C */
    struct item single = {.type = ITEM_SINGLE, .options_count = 4, .answer_key = {.mask = 1u << 2}};
    struct item multiple = {
        .type = ITEM_MULTIPLE, .options_count = 4, .answer_key = {.mask = 1u << 0 | 1u << 3}};

    cr_assert_eq(award_of(&single, order, 100, MULTIPLE_PARTIAL, ticked(1u << 0)), 100u);
    cr_assert_eq(award_of(&single, order, 100, MULTIPLE_PARTIAL, ticked(1u << 2)), 0u);
    cr_assert_eq(award_of(&multiple, order, 100, MULTIPLE_PARTIAL, ticked(1u << 1 | 1u << 2)),
                 100u);
    cr_assert_eq(award_of(&multiple, order, 100, MULTIPLE_PARTIAL, ticked(1u << 2)), 50u);
    cr_assert_eq(award_of(&multiple, order, 100, MULTIPLE_PARTIAL, ticked(1u << 0)), 0u);
}

Test(grade, true_false_tells_wrong_from_unanswered)
{
    struct item wrong = {.type = ITEM_TRUE_FALSE, .answer_key = {.mask = 0}};

    cr_assert_eq(award_of(&wrong, NULL, 100, MULTIPLE_PARTIAL, ticked(0)), 100u);
    cr_assert_eq(award_of(&wrong, NULL, 100, MULTIPLE_PARTIAL, ticked(1)), 0u);
    cr_assert_eq(award_of(&wrong, NULL, 100, MULTIPLE_PARTIAL, (struct response){0}), 0u);
}

Test(grade, fill_in_is_compared_folded)
{
    static const struct {
        const char *text;
        uint32_t award;
    } cases[] = {{"十五日", 100}, {"15日", 100}, {" １５ 日 ", 100}, {"15天", 100}, {"十六日", 0},
                 {"15", 0},       {"", 0},       {"   ", 0}};
    struct item item = {
        .type = ITEM_FILL_IN,
        .answer_key = {.alternatives = {bytes_of_text("十五日"), bytes_of_text("15天")},
                       .alternatives_count = 2}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char text[64];
        struct response r = {.kind = RESPONSE_TEXT, .text = text, .epoch = 1, .device_seq = 1};

        strcpy(text, cases[i].text);
        cr_assert_eq(award_of(&item, NULL, 100, MULTIPLE_PARTIAL, r), cases[i].award, "'%s'",
                     cases[i].text);
    }
}

Test(grade, withdrawn_items_give_everyone_full_marks)
{
    struct item items[3] = {{.id = bytes_of_text("a"),
                             .type = ITEM_SINGLE,
                             .options_count = 4,
                             .answer_key = {.mask = 1}},
                            {.id = bytes_of_text("b"),
                             .type = ITEM_SINGLE,
                             .options_count = 4,
                             .answer_key = {.mask = 1}},
                            {.id = bytes_of_text("c"),
                             .type = ITEM_SINGLE,
                             .options_count = 4,
                             .answer_key = {.mask = 1}}};
    struct paper_item places[3];
    struct paper paper = {.items = places, .count = 3};
    struct response responses[3] = {ticked(2), ticked(2), {0}};
    struct bytes gone[] = {bytes_of_text("b"), bytes_of_text("c")};
    struct id_set withdrawals = {gone, 2};
    struct score score;
    uint32_t awards[3];

    for (int i = 0; i < 3; i++) {
        places[i] = (struct paper_item){
            .item = &items[i], .points = 3000, .option_count = 4, .option_order = {0, 1, 2, 3}};
    }
    cr_assert_eq(paper_grade(&paper, &whole, NULL, responses, awards, &score, NULL), 0);
    cr_assert(score.points == 0 && !score.passed && score.band == -1);
    cr_assert_eq(paper_grade(&paper, &whole, &withdrawals, responses, awards, &score, NULL), 0);
    cr_assert(awards[0] == 0 && awards[1] == 3000 && awards[2] == 3000);
    cr_assert(score.points == 6000 && score.points_max == 9000 && score.passed && score.band == 2);
}

Test(grade, bands_and_cut_score_compare_integers)
{
    static const struct {
        uint32_t points;
        bool passed;
        int band;
    } cases[] = {{5999, false, -1}, {6000, true, 2}, {7999, true, 2},
                 {8000, true, 1},   {9000, true, 0}, {10000, true, 0}};
    struct item item = {.type = ITEM_TRUE_FALSE, .answer_key = {.mask = 1}};

    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct paper_item place = {.item = &item, .points = cases[i].points};
        struct paper paper = {.items = &place, .count = 1};
        struct response r = ticked(1);
        struct score score;

        cr_assert_eq(paper_grade(&paper, &whole, NULL, &r, NULL, &score, NULL), 0);
        cr_assert(score.passed == cases[i].passed && score.band == cases[i].band, "case %zu", i);
    }
}

Test(grade, rules_survive_their_bytes_and_damage_is_refused)
{
    struct buf b = {0};
    struct scoring_rules back;
    struct digest before = scoring_rules_digest(&whole), after;

    scoring_rules_encode(&whole, &b);
    cr_assert_eq(scoring_rules_decode(buf_view(&b), &back, NULL), 0);
    cr_assert(back.pass_mark == 6000 && back.bands_count == 3 && back.bands[2].minimum == 6000);
    cr_assert_str_eq(back.bands[1].name, "良好");
    after = scoring_rules_digest(&back);
    cr_assert(digest_equal(&before, &after));
    for (size_t cut = 0; cut < b.len; cut++) {
        cr_assert_eq(scoring_rules_decode(bytes_of(b.data, cut), &back, NULL), ERR_CORRUPT);
    }
    back.fold_version = 2;
    buf_clear(&b);
    scoring_rules_encode(&back, &b);
    cr_assert_eq(scoring_rules_decode(buf_view(&b), &back, NULL), ERR_CORRUPT);
    buf_fini(&b);
}

Test(grade, responses_digest_covers_what_stands_and_nothing_else)
{
    char text[] = "宪法";
    struct response some[4] = {ticked(5),
                               {0},
                               {.kind = RESPONSE_NONE, .epoch = 2, .device_seq = 9},
                               {.kind = RESPONSE_TEXT, .text = text, .epoch = 1, .device_seq = 2}};
    /* [[0, 5], [3, "宪法"]] */
    static const uint8_t bytes[] = {0x82, 0x82, 0x00, 0x05, 0x82, 0x03, 0x66,
                                    0xe5, 0xae, 0xaa, 0xe6, 0xb3, 0x95};
    struct digest expected = digest_of_bytes(DIGEST_SHA256, bytes_of(bytes, sizeof bytes));
    struct digest got = responses_digest(some, 4);

    cr_assert(digest_equal(&got, &expected));
}

Test(grade, accepted_late_responses_stand_only_where_newer)
{
    struct response counting[3] = {ticked(1), ticked(1), ticked(1)};
    struct response late[3] = {ticked(2), {0}, ticked(4)};
    struct response out[3];
    struct session s = {.item_count = 3, .counting = counting, .late = late};

    late[0].device_seq = 5;
    counting[2].epoch = 2;
    session_standing_responses(&s, out);
    cr_assert(out[0].mask == 1 && out[1].mask == 1 && out[2].mask == 1);
    s.late_decided = s.late_accepted = true;
    session_standing_responses(&s, out);
    cr_assert(out[0].mask == 2 && out[1].mask == 1 && out[2].mask == 1);
}
