/* The login board: chunks of entries that never move, so that loops read them without a lock; one
 * mutex for what is changed or secret. Fails without memory or entropy; a token that is wrong in any
 * way is refused with one message, and so is every wrong log-in. */
#include "server/live/logins.h"

#include "question-bank/base/utf8.h"
#include "server/live/token.h"

#include <argon2.h>
#include <assert.h>
#include <stdlib.h>
#include <string.h>

enum {
    CHUNK_PEOPLE = 4096,
    CHUNKS_MAX = PEOPLE_MAX / CHUNK_PEOPLE + 1,
    ENDED_SLOTS =
        65536, /* single logins ended and not expired: a power of two, half used at most */
    BACK_OFF_SETS = 4096, /* an address counts in one of them */
    BACK_OFF_WAYS = 128,
    BACK_OFF_FIRST_MS = 15000,
    BACK_OFF_MOST_MS = 900000,
    BACK_OFF_FORGET_MS = 3600000,
    ARGON2_SALT_BYTES = 16,
    ARGON2_HASH_BYTES = 32,
};

static const struct msg MSG_TOKEN = {
    .id = "login-required",
    .zh = "登录已失效，请重新登录",
    .en = "the login does not hold any more; log in again",
};
static const struct msg MSG_WRONG = {
    .id = "login-wrong",
    .zh = "人员编号、密码或激活码不正确",
    .en = "the person number, the password or the code is wrong",
};
static const struct msg MSG_HELD = {
    .id = "login-held-back",
    .zh = "登录失败次数过多，请在{0}秒后再试",
    .en = "too many failures; try again in {0} seconds",
};
static const struct msg MSG_ENTROPY = {
    .id = "entropy-failed",
    .zh = "系统随机数发生器不可用",
    .en = "the system gives no random bytes",
};
static const struct msg MSG_ARGON2 = {
    .id = "password-hash-failed",
    .zh = "密码处理失败：{0}",
    .en = "hashing the password failed: {0}",
};
static const struct msg MSG_PASSWORD = {
    .id = "password-bad",
    .zh = "密码至少{0}个字符，最多{1}字节，且不得与人员编号相同",
    .en = "a password has {0} characters or more, at most {1} bytes, and is not the person number",
};

/* hash and code are read and written under the board's lock. */
struct login_person {
    char number[PERSON_NUMBER_BYTES_MAX + 1]; /* written before `count` covers the entry */
    _Atomic int64_t valid_from_ms;
    _Atomic uint64_t generation; /* grows with each change of the line above */
    _Atomic uint64_t kept_login;
    char *hash;
    struct digest code;
    int64_t code_expires_ms; /* 0: no code */
};

struct ended {
    uint64_t id; /* 0: free */
    int64_t expires_ms;
};

struct failure {
    uint64_t who, where; /* 0: free */
    uint32_t count;
    int64_t last_ms, until_ms;
};

struct login_board {
    struct site_keys keys;
    struct env env;
    uint32_t hash_kib, hash_passes;
    pthread_mutex_t lock;
    _Atomic(struct login_person *) chunks[CHUNKS_MAX];
    atomic_size_t count;
    atomic_size_t ended_count;
    struct ended *ended;
    struct failure (*failures)[BACK_OFF_WAYS];
    char dummy[PASSWORD_HASH_BYTES_MAX]; /* a hash of what nobody knows */
};

static struct login_person *person_entry(struct login_board *b, int64_t person)
{
    if (person < 0 || (size_t)person >= atomic_load(&b->count)) {
        return NULL;
    }
    return atomic_load(&b->chunks[person / CHUNK_PEOPLE]) + person % CHUNK_PEOPLE;
}

/* ------------------------------------------------------------------------------ life */

int login_board_new(const struct site_keys *keys, const struct env *env, uint32_t hash_kib,
                    uint32_t hash_passes, struct login_board **out, struct err *err)
{
    struct login_board *b = calloc(1, sizeof *b);
    uint8_t nobodys[32];
    int rc = ERR_NOMEM;

    if (b == NULL) {
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    b->keys = *keys;
    b->env = *env;
    b->hash_kib = hash_kib;
    b->hash_passes = hash_passes;
    pthread_mutex_init(&b->lock, NULL);
    b->ended = calloc(ENDED_SLOTS, sizeof *b->ended);
    b->failures = calloc(BACK_OFF_SETS, sizeof *b->failures);
    if (b->ended != NULL && b->failures != NULL) {
        rc = env->entropy(env->arg, nobodys, sizeof nobodys);
    }
    if (rc == 0) {
        rc = password_hash(b, bytes_of(nobodys, sizeof nobodys), b->dummy, err);
    }
    secret_wipe(nobodys, sizeof nobodys);
    if (rc != 0) {
        login_board_free(b);
        return err_set(err, rc, rc == ERR_CRYPTO ? &MSG_ENTROPY : NULL, NULL, NULL, NULL, NULL);
    }
    *out = b;
    return 0;
}

void login_board_free(struct login_board *b)
{
    if (b == NULL) {
        return;
    }
    for (size_t i = 0; i < CHUNKS_MAX; i++) {
        struct login_person *chunk = atomic_load(&b->chunks[i]);

        for (size_t j = 0; chunk != NULL && j < CHUNK_PEOPLE; j++) {
            free(chunk[j].hash);
        }
        free(chunk);
    }
    free(b->ended);
    free(b->failures);
    pthread_mutex_destroy(&b->lock);
    site_keys_fini(&b->keys);
    free(b);
}

int login_board_extend(struct login_board *b, const struct roster *roster)
{
    for (size_t i = atomic_load(&b->count); i < roster->people_count; i++) {
        struct login_person *chunk = atomic_load(&b->chunks[i / CHUNK_PEOPLE]);
        struct bytes number = roster->people[i].number;

        if (chunk == NULL) {
            chunk = calloc(CHUNK_PEOPLE, sizeof *chunk);
            if (chunk == NULL) {
                return ERR_NOMEM;
            }
            atomic_store(&b->chunks[i / CHUNK_PEOPLE], chunk);
        }
        assert(number.len <= PERSON_NUMBER_BYTES_MAX);
        memcpy(chunk[i % CHUNK_PEOPLE].number, number.data, number.len);
        atomic_store(&b->count, i + 1);
    }
    return 0;
}

/* ------------------------------------------------------------------------------ what events say */

int login_set_password(struct login_board *b, uint32_t person, struct bytes hash,
                       bool by_activation, int64_t valid_from_ms, uint64_t kept_login)
{
    struct login_person *p = person_entry(b, person);
    char *copy = malloc(hash.len + 1);

    if (copy == NULL) {
        return ERR_NOMEM;
    }
    assert(p != NULL);
    memcpy(copy, hash.data, hash.len);
    copy[hash.len] = '\0';
    pthread_mutex_lock(&b->lock);
    free(p->hash);
    p->hash = copy;
    if (by_activation) {
        p->code_expires_ms = 0;
    }
    atomic_store(&p->kept_login, kept_login);
    atomic_store(&p->valid_from_ms, valid_from_ms);
    atomic_fetch_add(&p->generation, 1);
    pthread_mutex_unlock(&b->lock);
    return 0;
}

void login_set_activation(struct login_board *b, uint32_t person, const struct digest *code,
                          int64_t expires_ms)
{
    struct login_person *p = person_entry(b, person);

    assert(p != NULL);
    pthread_mutex_lock(&b->lock);
    p->code = *code;
    p->code_expires_ms = expires_ms;
    pthread_mutex_unlock(&b->lock);
}

void login_void_activation(struct login_board *b, uint32_t person)
{
    struct login_person *p = person_entry(b, person);

    assert(p != NULL);
    pthread_mutex_lock(&b->lock);
    p->code_expires_ms = 0;
    pthread_mutex_unlock(&b->lock);
}

void login_end_all(struct login_board *b, uint32_t person, int64_t valid_from_ms)
{
    struct login_person *p = person_entry(b, person);

    assert(p != NULL);
    atomic_store(&p->kept_login, 0);
    atomic_store(&p->valid_from_ms, valid_from_ms);
    atomic_fetch_add(&p->generation, 1);
}

/* Drops what has expired by building the set anew in place. */
static void ended_clean(struct login_board *b, int64_t now_ms)
{
    struct ended *old = b->ended;
    struct ended *fresh = calloc(ENDED_SLOTS, sizeof *fresh);
    size_t count = 0;

    if (fresh == NULL) {
        return;
    }
    for (size_t i = 0; i < ENDED_SLOTS; i++) {
        if (old[i].id != 0 && old[i].expires_ms > now_ms) {
            size_t at = old[i].id % ENDED_SLOTS;

            while (fresh[at].id != 0) {
                at = (at + 1) % ENDED_SLOTS;
            }
            fresh[at] = old[i];
            count++;
        }
    }
    b->ended = fresh;
    free(old);
    atomic_store(&b->ended_count, count);
}

void login_end_one(struct login_board *b, const struct login *login, int64_t now_ms)
{
    size_t at = login->id % ENDED_SLOTS;
    bool full;

    pthread_mutex_lock(&b->lock);
    if (atomic_load(&b->ended_count) >= ENDED_SLOTS / 2) {
        ended_clean(b, now_ms);
        at = login->id % ENDED_SLOTS;
    }
    full = atomic_load(&b->ended_count) >= ENDED_SLOTS / 2;
    if (!full) {
        while (b->ended[at].id != 0 && b->ended[at].id != login->id) {
            at = (at + 1) % ENDED_SLOTS;
        }
        if (b->ended[at].id == 0) {
            b->ended[at] = (struct ended){login->id, login->expires_ms};
            atomic_fetch_add(&b->ended_count, 1);
        }
    }
    pthread_mutex_unlock(&b->lock);
    if (full) {
        login_end_all(b, login->person, now_ms + 1);
    }
}

static bool login_is_ended(struct login_board *b, uint64_t id)
{
    bool found = false;

    if (atomic_load(&b->ended_count) == 0) {
        return false;
    }
    pthread_mutex_lock(&b->lock);
    for (size_t at = id % ENDED_SLOTS; b->ended[at].id != 0; at = (at + 1) % ENDED_SLOTS) {
        if (b->ended[at].id == id) {
            found = true;
            break;
        }
    }
    pthread_mutex_unlock(&b->lock);
    return found;
}

/* ------------------------------------------------------------------------------ tokens */

uint64_t login_generation(struct login_board *b, int64_t person)
{
    struct login_person *p = person_entry(b, person);

    return p == NULL ? 0 : atomic_load(&p->generation);
}

int login_issue(struct login_board *b, uint32_t person, int64_t now_ms, int64_t hold_ms,
                struct login_result *out, struct err *err)
{
    struct login_person *p = person_entry(b, person);
    struct token t = {.person = person};
    int64_t from_ms;

    assert(p != NULL);
    do {
        if (b->env.entropy(b->env.arg, &t.login_id, sizeof t.login_id) != 0) {
            return err_set(err, ERR_CRYPTO, &MSG_ENTROPY, NULL, NULL, NULL, NULL);
        }
    } while (t.login_id == 0);
    from_ms = atomic_load(&p->valid_from_ms);
    t.issued_ms = now_ms > from_ms ? now_ms : from_ms;
    t.expires_ms = t.issued_ms + hold_ms;
    token_write(&t, &b->keys.token, bytes_of_text(p->number), out->token);
    out->login = (struct login){
        .person = person, .id = t.login_id, .issued_ms = t.issued_ms, .expires_ms = t.expires_ms};
    memcpy(out->login.number, p->number, sizeof p->number);
    return 0;
}

int login_check(struct login_board *b, const char *token, int64_t now_ms, struct login *out,
                struct err *err)
{
    struct login_person *p = NULL;
    struct token t;

    if (token != NULL && token_read(token, &t) == 0) {
        p = person_entry(b, t.person);
    }
    if (p == NULL || !token_is_genuine(&t, &b->keys.token, bytes_of_text(p->number)) ||
        now_ms >= t.expires_ms ||
        (t.issued_ms < atomic_load(&p->valid_from_ms) &&
         t.login_id != atomic_load(&p->kept_login)) ||
        login_is_ended(b, t.login_id)) {
        return err_set(err, ERR_UNAUTHENTIC, &MSG_TOKEN, NULL, NULL, NULL, NULL);
    }
    *out = (struct login){
        .person = t.person, .id = t.login_id, .issued_ms = t.issued_ms, .expires_ms = t.expires_ms};
    memcpy(out->number, p->number, sizeof p->number);
    return 0;
}

int login_refuse(struct err *err)
{
    return err_set(err, ERR_UNAUTHENTIC, &MSG_WRONG, NULL, NULL, NULL, NULL);
}

/* ------------------------------------------------------------------------------ passwords */

int password_hash(struct login_board *b, struct bytes password,
                  char encoded[PASSWORD_HASH_BYTES_MAX], struct err *err)
{
    uint8_t salt[ARGON2_SALT_BYTES];
    int rc;

    if (b->env.entropy(b->env.arg, salt, sizeof salt) != 0) {
        return err_set(err, ERR_CRYPTO, &MSG_ENTROPY, NULL, NULL, NULL, NULL);
    }
    rc = argon2id_hash_encoded(b->hash_passes, b->hash_kib, 1, password.data, password.len, salt,
                               sizeof salt, ARGON2_HASH_BYTES, encoded, PASSWORD_HASH_BYTES_MAX);
    if (rc != ARGON2_OK) {
        return err_set(err, rc == ARGON2_MEMORY_ALLOCATION_ERROR ? ERR_NOMEM : ERR_CRYPTO,
                       &MSG_ARGON2, argon2_error_message(rc), NULL, NULL, NULL);
    }
    return 0;
}

bool password_fits(struct login_board *b, int64_t person, struct bytes password)
{
    struct login_person *p = person_entry(b, person);
    char encoded[PASSWORD_HASH_BYTES_MAX];
    bool known, fits;

    memcpy(encoded, b->dummy, sizeof encoded);
    pthread_mutex_lock(&b->lock);
    known = p != NULL && p->hash != NULL && strlen(p->hash) < sizeof encoded;
    if (known) {
        memcpy(encoded, p->hash, strlen(p->hash) + 1);
    }
    pthread_mutex_unlock(&b->lock);
    fits = argon2id_verify(encoded, password.data, password.len) == ARGON2_OK;
    return known && fits;
}

bool activation_fits(struct login_board *b, int64_t person, struct bytes number, struct bytes typed,
                     int64_t now_ms)
{
    struct login_person *p = person_entry(b, person);
    struct digest expected = {0}, given;
    char code[CODE_CHARS + 1];
    int64_t expires_ms = 0;
    bool formed = code_normal(typed, code) == 0;

    if (!formed) {
        memset(code, '0', CODE_CHARS);
        code[CODE_CHARS] = '\0';
    }
    given = site_activation(&b->keys, number, code);
    secret_wipe(code, sizeof code);
    pthread_mutex_lock(&b->lock);
    if (p != NULL) {
        expected = p->code;
        expires_ms = p->code_expires_ms;
    }
    pthread_mutex_unlock(&b->lock);
    return digest_equal(&expected, &given) && formed && expires_ms > now_ms;
}

/* Code points: what a person counts when the page says so. */
static size_t characters_of(struct bytes text)
{
    size_t count = 0;

    for (size_t i = 0; i < text.len; i++) {
        count += (text.data[i] & 0xC0) != 0x80;
    }
    return count;
}

int password_check(struct bytes number, struct bytes password, struct err *err)
{
    char least[24], most[24];

    if (characters_of(password) < PASSWORD_CHARS_MIN || password.len > PASSWORD_BYTES_MAX ||
        !utf8_valid(password, NULL) || bytes_equal(number, password)) {
        return err_set(err, ERR_BAD_INPUT, &MSG_PASSWORD, err_int(least, PASSWORD_CHARS_MIN),
                       err_int(most, PASSWORD_BYTES_MAX), NULL, NULL);
    }
    return 0;
}

/* ------------------------------------------------------------------------------ back-off */

struct back_off_key {
    uint64_t who, where; /* never 0 */
};

static uint64_t back_off_hash(struct login_board *b, struct bytes number, struct bytes address)
{
    const struct bytes pieces[] = {number, bytes_of("\0", 1), address};
    struct digest d = digest_hmac(DIGEST_SHA256, digest_view(&b->keys.back_off), pieces, 3);
    uint64_t hash = u64be_read(d.b);

    return hash == 0 ? 1 : hash;
}

static struct back_off_key back_off_key(struct login_board *b, struct bytes number,
                                        const char *address)
{
    return (struct back_off_key){
        .who = back_off_hash(b, number, bytes_of_text(address)),
        .where = back_off_hash(b, bytes_of_text(""), bytes_of_text(address)),
    };
}

static struct failure *back_off_find(struct login_board *b, const struct back_off_key *key)
{
    struct failure *set = b->failures[key->where % BACK_OFF_SETS];

    for (size_t i = 0; i < BACK_OFF_WAYS; i++) {
        if (set[i].who == key->who) {
            return &set[i];
        }
    }
    return NULL;
}

static uint32_t failures_now(const struct failure *f, int64_t now_ms)
{
    return now_ms - f->last_ms > BACK_OFF_FORGET_MS ? 0 : f->count;
}

/* Gives way before the other? What failed least often, then longest ago: to have a count forgotten
 * one would have to fail as often everywhere else. */
static bool gives_way(const struct failure *a, const struct failure *b, int64_t now_ms)
{
    uint32_t of_a = failures_now(a, now_ms), of_b = failures_now(b, now_ms);

    return of_a != of_b ? of_a < of_b : a->last_ms < b->last_ms;
}

/* An entry for it, made of a free one or of one that is not held back any more; NULL: there is none. */
static struct failure *back_off_make(struct login_board *b, const struct back_off_key *key,
                                     int64_t now_ms)
{
    struct failure *set = b->failures[key->where % BACK_OFF_SETS];
    struct failure *found = NULL;

    for (size_t i = 0; i < BACK_OFF_WAYS; i++) {
        if (set[i].until_ms <= now_ms && (found == NULL || gives_way(&set[i], found, now_ms))) {
            found = &set[i];
        }
    }
    if (found != NULL) {
        *found = (struct failure){.who = key->who, .where = key->where};
    }
    return found;
}

/* Until when an address is held back that has filled its set with what is held back; 0: it is not.
 * Where other addresses hold most of the set it is not either, and counts nothing: a full set must
 * not keep people out of an exam. */
static int64_t back_off_full(struct login_board *b, const struct back_off_key *key, int64_t now_ms)
{
    const struct failure *set = b->failures[key->where % BACK_OFF_SETS];
    int64_t until_ms = INT64_MAX;
    size_t own = 0;

    for (size_t i = 0; i < BACK_OFF_WAYS; i++) {
        if (set[i].until_ms <= now_ms) {
            return 0;
        }
        until_ms = set[i].until_ms < until_ms ? set[i].until_ms : until_ms;
        own += set[i].where == key->where;
    }
    return own >= BACK_OFF_WAYS / 2 ? until_ms : 0;
}

int back_off_check(struct login_board *b, struct bytes number, const char *address, int64_t now_ms,
                   struct err *err)
{
    struct back_off_key key = back_off_key(b, number, address);
    const struct failure *f;
    int64_t until_ms;
    char text[24];

    pthread_mutex_lock(&b->lock);
    f = back_off_find(b, &key);
    until_ms = f != NULL ? f->until_ms : back_off_full(b, &key, now_ms);
    pthread_mutex_unlock(&b->lock);
    if (until_ms <= now_ms) {
        return 0;
    }
    return err_set(err, ERR_BUSY, &MSG_HELD, err_int(text, (until_ms - now_ms + 999) / 1000), NULL,
                   NULL, NULL);
}

void back_off_count(struct login_board *b, struct bytes number, const char *address, int64_t now_ms,
                    bool failed)
{
    struct back_off_key key = back_off_key(b, number, address);
    struct failure *f;

    pthread_mutex_lock(&b->lock);
    f = back_off_find(b, &key);
    if (f == NULL && failed) {
        f = back_off_make(b, &key, now_ms);
    }
    if (f != NULL && !failed) {
        *f = (struct failure){0};
    } else if (f != NULL) {
        int64_t wait_ms = BACK_OFF_FIRST_MS;

        f->count = failures_now(f, now_ms) + 1;
        f->last_ms = now_ms;
        for (uint32_t i = LOGIN_FAILURES_FREE; i < f->count && wait_ms < BACK_OFF_MOST_MS; i++) {
            wait_ms *= 2;
        }
        if (f->count >= LOGIN_FAILURES_FREE) {
            f->until_ms = now_ms + (wait_ms > BACK_OFF_MOST_MS ? BACK_OFF_MOST_MS : wait_ms);
        }
    }
    pthread_mutex_unlock(&b->lock);
}
