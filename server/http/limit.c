/* Limits by address (limit.h): open addressing with a short probe; the place used longest ago
 * and without connections gives way. */
#include "server/http/limit.h"

#include "server/http/http.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

/* Tokens are counted in thousandths, so that slow rates fill evenly. */
enum { TOKEN = 1000 };

struct place {
    struct limit_address address;
    int64_t used_ms; /* 0: free */
    int64_t filled_ms;
    int64_t tokens;
    uint32_t connections;
};

struct limit_table {
    uint64_t seed;
    uint32_t connections_max;
    int64_t tokens_per_ms; /* thousandths a millisecond = requests a second */
    int64_t tokens_max;
    struct place place[LIMIT_PLACES];
};

struct limit_table *limit_table_new(uint64_t seed, unsigned connections_max,
                                    unsigned requests_per_second, unsigned requests_burst)
{
    struct limit_table *t = calloc(1, sizeof *t);

    if (t == NULL)
        return NULL;
    t->seed = seed;
    t->connections_max = connections_max;
    t->tokens_per_ms = requests_per_second;
    t->tokens_max = (int64_t)requests_burst * TOKEN;
    return t;
}

void limit_table_free(struct limit_table *table)
{
    free(table);
}

static void from_v4(const struct in_addr *v4, struct limit_address *out)
{
    memset(out, 0, sizeof *out);
    out->bytes[10] = 0xff;
    out->bytes[11] = 0xff;
    memcpy(out->bytes + 12, v4, 4);
}

bool limit_address_of(const struct sockaddr *sa, struct limit_address *out)
{
    if (sa->sa_family == AF_INET) {
        struct sockaddr_in in;

        memcpy(&in, sa, sizeof in);
        from_v4(&in.sin_addr, out);
        return true;
    }
    if (sa->sa_family == AF_INET6) {
        struct sockaddr_in6 in6;

        memcpy(&in6, sa, sizeof in6);
        memcpy(out->bytes, &in6.sin6_addr, sizeof out->bytes);
        return true;
    }
    return false;
}

bool limit_address_parse(const char *text, struct limit_address *out)
{
    struct in_addr v4;
    struct in6_addr v6;

    if (inet_pton(AF_INET, text, &v4) == 1) {
        from_v4(&v4, out);
        return true;
    }
    if (inet_pton(AF_INET6, text, &v6) == 1) {
        memcpy(out->bytes, &v6, sizeof out->bytes);
        return true;
    }
    return false;
}

bool limit_address_equal(const struct limit_address *a, const struct limit_address *b)
{
    return memcmp(a, b, sizeof *a) == 0;
}

static const uint8_t mapped[12] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

void limit_address_text(const struct limit_address *a, char *out)
{
    bool is_v4 = memcmp(a->bytes, mapped, sizeof mapped) == 0;

    out[0] = '\0';
    inet_ntop(is_v4 ? AF_INET : AF_INET6, is_v4 ? a->bytes + 12 : a->bytes, out,
              HTTP_ADDRESS_BYTES);
}

bool limit_address_is_loopback(const struct limit_address *a)
{
    static const uint8_t v6[16] = {[15] = 1};

    if (memcmp(a->bytes, mapped, sizeof mapped) == 0)
        return a->bytes[12] == 127;
    return memcmp(a->bytes, v6, sizeof v6) == 0;
}

struct limit_address limit_address_client(const struct limit_address *a)
{
    struct limit_address c = *a;

    if (memcmp(a->bytes, mapped, sizeof mapped) != 0)
        memset(c.bytes + 8, 0, 8);
    return c;
}

static uint64_t mix(uint64_t x)
{
    x ^= x >> 33;
    x *= 0xff51afd7ed558ccdULL;
    x ^= x >> 33;
    x *= 0xc4ceb9fe1a85ec53ULL;
    return x ^ (x >> 33);
}

static struct place *place_find(struct limit_table *t, const struct limit_address *address,
                                int64_t now_ms, bool make)
{
    struct limit_address a = limit_address_client(address);
    struct place *oldest = NULL;
    uint64_t word[2];
    uint64_t at;

    memcpy(word, a.bytes, sizeof word);
    at = mix(mix(word[0] ^ t->seed) ^ word[1]);
    for (unsigned i = 0; i < LIMIT_PROBE; i++) {
        struct place *p = &t->place[(at + i) & (LIMIT_PLACES - 1)];

        if (p->used_ms != 0 && limit_address_equal(&p->address, &a)) {
            p->used_ms = now_ms > 0 ? now_ms : p->used_ms;
            return p;
        }
        if (p->connections == 0 && (oldest == NULL || p->used_ms < oldest->used_ms))
            oldest = p;
    }
    if (!make || oldest == NULL)
        return NULL;
    oldest->address = a;
    oldest->used_ms = now_ms > 0 ? now_ms : 1;
    oldest->filled_ms = now_ms;
    oldest->tokens = t->tokens_max;
    oldest->connections = 0;
    return oldest;
}

bool limit_connect(struct limit_table *table, const struct limit_address *a, int64_t now_ms)
{
    struct place *p = place_find(table, a, now_ms, true);

    if (p == NULL)
        return true;
    if (p->connections >= table->connections_max)
        return false;
    p->connections++;
    return true;
}

void limit_disconnect(struct limit_table *table, const struct limit_address *a)
{
    struct place *p = place_find(table, a, 0, false);

    if (p != NULL && p->connections > 0)
        p->connections--;
}

bool limit_request(struct limit_table *table, const struct limit_address *a, int64_t now_ms,
                   int64_t *wait_ms)
{
    struct place *p = place_find(table, a, now_ms, true);

    if (p == NULL)
        return true;
    if (now_ms > p->filled_ms) {
        int64_t gone_ms = now_ms - p->filled_ms;

        if (gone_ms > table->tokens_max / table->tokens_per_ms)
            p->tokens = table->tokens_max;
        else
            p->tokens += gone_ms * table->tokens_per_ms;
        if (p->tokens > table->tokens_max)
            p->tokens = table->tokens_max;
        p->filled_ms = now_ms;
    }
    if (p->tokens >= TOKEN) {
        p->tokens -= TOKEN;
        return true;
    }
    *wait_ms = (TOKEN - p->tokens + table->tokens_per_ms - 1) / table->tokens_per_ms;
    return false;
}
