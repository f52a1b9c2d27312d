/* A server on loopback with a few operations of its own, for the tests of server/http.
 *
 *   GET    /hello                 "hello"
 *   GET    /echo/{name}           "name|a=b&c=d|zh|peer"
 *   POST   /bodies                the body's length, at most RIG_BODY_BYTES_MAX, JSON or CSV
 *   PUT    /bodies                the body itself, of the server's default size
 *   DELETE /bodies                204
 *   POST   /uploads               the body's length, at most RIG_UPLOAD_BYTES_MAX, with the token RIG_TOKEN
 *                                 where it is larger than the default
 *   GET    /large                 RIG_LARGE_BYTES of 'x', handed over
 *   GET    /static                bytes that are not copied
 *   GET    /header/{value}        X-Echo: value
 *   GET    /bearer                the token
 *   GET    /later, POST /later    deferred: held until the test lets it go
 *   GET    /block                 keeps its loop from turning until rig_unblock
 *   GET    /worker/{text}         deferred: a pool of threads answers it at once
 *
 * Held requests are counted under a lock, so that a test waits for "the server has it" instead of
 * for time to pass. Thread: one test; the routes run on the server's loops. */
#ifndef MINGFA_TESTS_HTTP_RIG_H
#define MINGFA_TESTS_HTTP_RIG_H

#include "server/http/http.h"
#include "tests/unit/http/client.h"

#include <pthread.h>

#define RIG_TOKEN "that-holds"

enum {
    RIG_BODY_BYTES_MAX = 1000,
    RIG_DEFAULT_BODY_BYTES_MAX = 4000,
    RIG_UPLOAD_BYTES_MAX = 64 * 1024,
    RIG_LARGE_BYTES = 3 * 1024 * 1024,
    RIG_WORKERS = 3,
    RIG_PATH_BYTES = 512,
};

struct rig {
    struct http_server *server;
    struct env_system system;
    struct env env;
    char folder[RIG_PATH_BYTES]; /* taken away at the end; "" : none */
    char certificate[RIG_PATH_BYTES * 2];
    char key[RIG_PATH_BYTES * 2];
    pthread_t worker[RIG_WORKERS];
    pthread_mutex_t lock;
    pthread_cond_t changed;
    /* under the lock */
    struct list held;  /* of /later */
    unsigned held_now; /* how many are in it */
    struct list work;  /* of /worker */
    bool blocked, unblocked;
    bool stop;
};

/* Fills *o with what most tests want; a test changes it before rig_start. */
void rig_options(struct rig *rig, struct http_options *o);
/* Asserts on failure. `o` as by rig_options. */
void rig_start(struct rig *rig, const struct http_options *o);
/* A certificate and its key, made now, named in *o. */
void rig_make_tls(struct rig *rig, struct http_options *o);
/* A folder of the rig's own below $TMPDIR or /tmp. */
const char *rig_folder(struct rig *rig);
void rig_file(struct rig *rig, const char *name, const char *text);
/* Ends server, threads and folder. No request may be held. */
void rig_stop(struct rig *rig);
/* The same where the test itself has ended the server. */
void rig_stop_workers(struct rig *rig);

/* Waits until `count` requests of /later are held; false after CLIENT_WAIT_MS. */
bool rig_wait_held(struct rig *rig, unsigned count);
/* Completes all that are held, from the calling thread: in one list by http_post with `together`,
 * else one by one. Returns how many. */
unsigned rig_release(struct rig *rig, bool together);

/* Waits until a request of /block keeps its loop; and lets it go. */
void rig_wait_blocked(struct rig *rig);
void rig_unblock(struct rig *rig);

/* One request on a connection of its own. Asserts that a reply came. */
void rig_ask(struct rig *rig, const char *request, struct reply *out);
/* As rig_ask, for bytes with NUL inside; and the server must end the connection behind it. */
void rig_ask_ended(struct rig *rig, const void *request, size_t len, struct reply *out);

#endif
