/* Limits by client address: connections open, and a token bucket of requests.
 *
 * One table a loop, of fixed size, without locks: SO_REUSEPORT spreads an address over the loops,
 * so that with N loops it may get up to N times what the options say. IPv4 addresses count whole,
 * IPv6 ones by their /64. When the places for an address are all taken by others that have
 * connections open, it is admitted uncounted: a full table must not shut people out of an exam.
 *
 * Thread: one loop. */
#ifndef MINGFA_HTTP_LIMIT_H
#define MINGFA_HTTP_LIMIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct sockaddr;

enum {
    LIMIT_PLACES = 8192, /* addresses a loop, a power of two */
    LIMIT_PROBE = 16,    /* places that one address may take */
};

/* A v6 address, or a v4 one mapped into v6. */
struct limit_address {
    uint8_t bytes[16];
};

struct limit_table;

/* seed: unpredictable, so that nobody can aim at the places of somebody else. NULL: no memory. */
struct limit_table *limit_table_new(uint64_t seed, unsigned connections_max,
                                    unsigned requests_per_second, unsigned requests_burst);
void limit_table_free(struct limit_table *table);

/* False for address families that are not IP. */
bool limit_address_of(const struct sockaddr *sa, struct limit_address *out);
/* The same of numeric text, "192.0.2.1" or "2001:db8::1". */
bool limit_address_parse(const char *text, struct limit_address *out);
/* The numeric form, "192.0.2.1" for IPv4, into out[HTTP_ADDRESS_BYTES]. */
void limit_address_text(const struct limit_address *a, char *out);
/* What counts as one client: the v4 address itself, the /64 of a v6 one with its other bits 0. */
struct limit_address limit_address_client(const struct limit_address *a);
/* 127.0.0.0/8, or ::1. */
bool limit_address_is_loopback(const struct limit_address *a);
/* Not cut to the prefix: are they the same host? */
bool limit_address_equal(const struct limit_address *a, const struct limit_address *b);

/* Counts a connection. False: the address has as many as it may. */
bool limit_connect(struct limit_table *table, const struct limit_address *a, int64_t now_ms);
/* Gives back one that limit_connect admitted. */
void limit_disconnect(struct limit_table *table, const struct limit_address *a);
/* Takes a token. False: none left; *wait_ms is when there will be one. */
bool limit_request(struct limit_table *table, const struct limit_address *a, int64_t now_ms,
                   int64_t *wait_ms);

#endif
