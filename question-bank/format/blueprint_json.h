/* A blueprint as JSON:
 *
 *   { "name": "…",
 *     "cells": [ { "type": "single"|"multiple"|"true_false"|"fill_in", "area": "…"|null,
 *                  "difficulty": [1, 5], "level": 0…3, "audience": "…"|null, "count": 8,
 *                  "points": 100 } ],            points per item in hundredths
 *     "required": [ id, … ], "enemies": [ [id, id], … ],
 *     "facility": [min, max] | null }            1/10,000
 *
 * In a cell, area, difficulty, level and audience may be left out (any); required, enemies and
 * facility too. Strict: an unknown member is an error with its path. Pure; thread: any. */
#ifndef MINGFA_FORMAT_BLUEPRINT_JSON_H
#define MINGFA_FORMAT_BLUEPRINT_JSON_H

#include "question-bank/bank/blueprint.h"

enum { BLUEPRINT_JSON_BYTES_MAX = 1024 * 1024 };

/* Everything is copied into arena. ERR_BAD_INPUT naming the place. */
int blueprint_json_read(struct bytes text, struct arena *arena, struct blueprint *out,
                        struct err *err);
/* Indented JSON and a newline, appended. */
int blueprint_json_write(const struct blueprint *bp, struct buf *out, struct err *err);

/* "single" …; never NULL for a valid type. */
const char *blueprint_type_name(enum item_type type);

#endif
