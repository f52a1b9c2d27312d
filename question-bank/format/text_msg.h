/* Sentences about the text form of items: {0} file, {1} line, {2} found, {3} expected.
 *
 * Internal to format/text*.c. Thread: constants. */
#ifndef MINGFA_FORMAT_TEXT_MSG_H
#define MINGFA_FORMAT_TEXT_MSG_H

#include "question-bank/base/err.h"

extern const struct msg text_msg_value;
extern const struct msg text_msg_empty;
extern const struct msg text_msg_long;
extern const struct msg text_msg_many;
extern const struct msg text_msg_twice;
extern const struct msg text_msg_id;
extern const struct msg text_msg_field;
extern const struct msg text_msg_missing;
extern const struct msg text_msg_outside;
extern const struct msg text_msg_unknown_line;
extern const struct msg text_msg_option_unwanted;
extern const struct msg text_msg_option_gap;
extern const struct msg text_msg_option_few;
extern const struct msg text_msg_no_answer;
extern const struct msg text_msg_answer_unknown;
extern const struct msg text_msg_single_many;
extern const struct msg text_msg_multiple_few;
extern const struct msg text_msg_blank;
extern const struct msg text_msg_citation;
extern const struct msg text_msg_line_long;
extern const struct msg text_msg_file_long;
extern const struct msg text_msg_utf8;
extern const struct msg text_msg_control;
extern const struct msg text_msg_duplicate;
extern const struct msg text_msg_nomem;

#endif
