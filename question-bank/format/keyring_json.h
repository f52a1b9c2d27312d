/* The keyring as JSON (docs/bank-format.md §4): reading and writing. Strict: an unknown member is an
 * error. Pure; thread: any. */
#ifndef MINGFA_FORMAT_KEYRING_JSON_H
#define MINGFA_FORMAT_KEYRING_JSON_H

#include "question-bank/bank/keyring.h"

enum { KEYRING_JSON_BYTES_MAX = 256 * 1024 };

/* *out is filled on success only; keyring_fini. ERR_BAD_INPUT naming the place as a JSON path. */
int keyring_json_read(struct bytes text, struct keyring *out, struct err *err);
/* Indented JSON and a newline, appended. */
int keyring_json_write(const struct keyring *k, struct buf *out, struct err *err);

/* One entry on its own (a public record, as mingfa-bank keygen writes it). The entry's public key
 * is the caller's: public_key_free. */
int keyring_json_read_entry(struct bytes text, struct keyring_entry *out, struct err *err);
int keyring_json_write_entry(const struct keyring_entry *entry, struct buf *out, struct err *err);

#endif
