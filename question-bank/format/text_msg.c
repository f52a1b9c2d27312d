/* Sentences about the text form of items (see text_msg.h). */
#include "question-bank/format/text_msg.h"

/* One form of place, which editors know how to open. */
#define AT_ZH "{0}:{1}: 错误："
#define AT_EN "{0}:{1}: error: "

const struct msg text_msg_value = {
    "text-value",
    AT_ZH "写的是“{2}”，应当是：{3}",
    AT_EN "found '{2}', expected {3}",
};
const struct msg text_msg_empty = {
    "text-empty",
    AT_ZH "{2}是空的，应当填写",
    AT_EN "{2} is empty",
};
const struct msg text_msg_long = {
    "text-long",
    AT_ZH "写的是“{2}…”，太长，应当是：{3}",
    AT_EN "too long: found '{2}…', expected {3}",
};
const struct msg text_msg_many = {
    "text-many",
    AT_ZH "太多：到“{2}”为止已超过限额，应当是：{3}",
    AT_EN "too many, at '{2}', expected {3}",
};
const struct msg text_msg_twice = {
    "text-twice",
    AT_ZH "“{2}”重复，应当是：{3}",
    AT_EN "'{2}' is there twice, expected {3}",
};
const struct msg text_msg_id = {
    "text-id",
    AT_ZH "“{2}”不能作编号；编号用大写字母、数字和“-”，3～32 个字符，以字母或数字开头",
    AT_EN
    "'{2}' is no id; expected 3 to 32 capital letters, digits and '-', not beginning with '-'",
};
const struct msg text_msg_field = {
    "text-field",
    AT_ZH "试题 {2} 的{3}不符合规定",
    AT_EN "item {2}: the {3} is not what an item allows",
};
const struct msg text_msg_missing = {
    "text-missing",
    AT_ZH "试题 {2} 缺少{3}",
    AT_EN "item {2} has no {3}",
};
const struct msg text_msg_outside = {
    "text-outside",
    AT_ZH "{2}不在任何试题之内，每道试题应当以{3}开头",
    AT_EN "{2} belongs to no item; an item begins with {3}",
};
const struct msg text_msg_unknown_line = {
    "text-unknown-line",
    AT_ZH "看不懂“{2}”，应当是：{3}",
    AT_EN "cannot read '{2}', expected {3}",
};
const struct msg text_msg_option_unwanted = {
    "text-option-unwanted",
    AT_ZH "{3}不能有选项，写的是“{2}”",
    AT_EN "an item of type {3} has no options, found '{2}'",
};
const struct msg text_msg_option_gap = {
    "text-option-gap",
    AT_ZH "选项“{2}”之前有缺，应当是：{3}",
    AT_EN "an option before '{2}' is missing, expected {3}",
};
const struct msg text_msg_option_few = {
    "text-option-few",
    AT_ZH "只有 {2} 个选项，应当是：{3}",
    AT_EN "found {2} options, expected {3}",
};
const struct msg text_msg_no_answer = {
    "text-no-answer",
    AT_ZH "【答案】是空的，应当写明{3}",
    AT_EN "【答案】 is empty, expected {3}",
};
const struct msg text_msg_answer_unknown = {
    "text-answer-unknown",
    AT_ZH "答案“{2}”中有不存在的选项，应当是：{3}",
    AT_EN "answer '{2}' names an option that does not exist, expected {3}",
};
const struct msg text_msg_single_many = {
    "text-single-many",
    AT_ZH "单选题只能有一个答案，写的是“{2}”，应当是：{3}",
    AT_EN "a single-choice item has one answer key, found '{2}', expected {3}",
};
const struct msg text_msg_multiple_few = {
    "text-multiple-few",
    AT_ZH "多选题至少有两个答案，写的是“{2}”，应当是：{3}",
    AT_EN "a multiple-choice item has two answer keys or more, found '{2}', expected {3}",
};
const struct msg text_msg_blank = {
    "text-blank",
    AT_ZH "填空题的题干应当恰有{3}，写的是“{2}”",
    AT_EN "the stem of a fill-in item needs exactly {3}, found '{2}'",
};
const struct msg text_msg_citation = {
    "text-citation",
    AT_ZH "依据“{2}”看不懂，应当是：{3}",
    AT_EN "cannot read the citation '{2}', expected {3}",
};
const struct msg text_msg_line_long = {
    "text-line-long",
    AT_ZH "这一行有 {2} 字节，最多 {3} 字节",
    AT_EN "the line has {2} bytes, at most {3} are allowed",
};
const struct msg text_msg_file_long = {
    "text-file-long",
    AT_ZH "文件有 {2} 字节，最多 {3} 字节",
    AT_EN "the file has {2} bytes, at most {3} are allowed",
};
const struct msg text_msg_utf8 = {
    "text-utf8",
    AT_ZH "第 {2} 个字节不是 {3}，请以 {3} 编码保存文件",
    AT_EN "byte {2} is not {3}; save the file as {3}",
};
const struct msg text_msg_control = {
    "text-control",
    AT_ZH "有控制字符，应当是：{3}",
    AT_EN "there is a control character, expected {3}",
};
const struct msg text_msg_duplicate = {
    "text-duplicate",
    AT_ZH "编号 {2} 已经用过（{3}），编号在题库中不得重复",
    AT_EN "id {2} is already used at {3}; ids are unique in a bank",
};
const struct msg text_msg_nomem = {"no-memory", "内存不足", "out of memory"};
