/* The login board: for every person what proves who they are, and since when logins hold.
 *
 * A token names the person by index, the login by an id, and two times; a MAC binds it to the site
 * and to the person's number. It holds from `valid_from_ms` of its person on: a new password, or the
 * end of all logins, moves that moment. A single log-out puts the id into a set in memory; its event
 * moves the moment too when the board is built again, so that nobody is logged in again by a restart.
 *
 * Back-off counts failures by (person as typed, address), and never keeps a person out from another
 * address. An unknown person and a wrong password look alike, here too: numbers that nobody has are
 * counted as any other. What an address has counted stands in one set, so that made-up numbers push
 * out nothing but what came from there, and nothing while it is held back: an address that has filled
 * its set so is held back as a whole.
 *
 * Thread: checks by any thread, without a lock on the common path; changes under one lock. */
#ifndef MINGFA_LIVE_LOGINS_H
#define MINGFA_LIVE_LOGINS_H

#include "server/live/job.h"
#include "server/live/site.h"
#include "server/roster/roster.h"

#include <pthread.h>
#include <stdatomic.h>

enum { PASSWORD_HASH_BYTES_MAX = 160, LOGIN_FAILURES_FREE = 5 };

struct login_person; /* one entry */
struct login_board;

/* *out: caller's. hash parameters as in live_options. ERR_NOMEM, ERR_CRYPTO. */
int login_board_new(const struct site_keys *keys, const struct env *env, uint32_t hash_kib,
                    uint32_t hash_passes, struct login_board **out, struct err *err);
void login_board_free(struct login_board *b);

/* Entries for all people of the roster. 0 or ERR_NOMEM. Registry writer. */
int login_board_extend(struct login_board *b, const struct roster *roster);
/* What events say; person: index that exists. hash is copied: ERR_NOMEM. Registry writer. */
int login_set_password(struct login_board *b, uint32_t person, struct bytes hash,
                       bool by_activation, int64_t valid_from_ms, uint64_t kept_login);
void login_set_activation(struct login_board *b, uint32_t person, const struct digest *code,
                          int64_t expires_ms);
/* No code that is out activates any more. */
void login_void_activation(struct login_board *b, uint32_t person);
void login_end_all(struct login_board *b, uint32_t person, int64_t valid_from_ms);
/* Ends one login until it expires; when the set is full, all logins of that person. */
void login_end_one(struct login_board *b, const struct login *login, int64_t now_ms);

/* Another with each new password and each revocation: what was proved under one holds under no other.
 * 0 for nobody. Any thread. */
uint64_t login_generation(struct login_board *b, int64_t person);
/* A new login: fills out (number included) and its token. ERR_CRYPTO. Any thread. */
int login_issue(struct login_board *b, uint32_t person, int64_t now_ms, int64_t hold_ms,
                struct login_result *out, struct err *err);
/* live_login_check. */
int login_check(struct login_board *b, const char *token, int64_t now_ms, struct login *out,
                struct err *err);

/* Argon2id, a slow call. encoded: text, NUL-terminated. ERR_CRYPTO, ERR_NOMEM. Worker. */
int password_hash(struct login_board *b, struct bytes password,
                  char encoded[PASSWORD_HASH_BYTES_MAX], struct err *err);
/* Is it the person's password? person -1: nobody's, after the same work. Worker. */
bool password_fits(struct login_board *b, int64_t person, struct bytes password);
/* Is it the person's activation code, and does it still hold? */
bool activation_fits(struct login_board *b, int64_t person, struct bytes number, struct bytes typed,
                     int64_t now_ms);
/* ERR_BAD_INPUT: too short, too long, not text, or the person's own number. */
int password_check(struct bytes number, struct bytes password, struct err *err);

/* May this (person, address) try now? ERR_BUSY naming the seconds to wait. address: text of what
 * counts as one client (http_request.client). */
int back_off_check(struct login_board *b, struct bytes number, const char *address, int64_t now_ms,
                   struct err *err);
void back_off_count(struct login_board *b, struct bytes number, const char *address, int64_t now_ms,
                    bool failed);

/* The one refusal for every wrong log-in. Returns ERR_UNAUTHENTIC. */
int login_refuse(struct err *err);

#endif
