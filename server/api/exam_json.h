/* Exams and their definitions as JSON, both ways. */
#ifndef MINGFA_API_EXAM_JSON_H
#define MINGFA_API_EXAM_JSON_H

#include "server/api/json_in.h"
#include "server/api/json_out.h"
#include "server/live/view.h"

/* The Exam, at the top or as an element. */
void exam_write(struct json_out *w, const struct exam_view *exam);
/* Reads an ExamDefinition; everything lives in arena. The blueprint is checked for its form here;
 * whether the release can give it is the core's question. ERR_BAD_INPUT naming the member. */
int exam_definition_read(const struct json_in *in, struct arena *arena, struct exam_definition *out,
                         struct err *err);

#endif
