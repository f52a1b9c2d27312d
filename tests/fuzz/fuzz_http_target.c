/* Targets and Accept-Language: what decodes is UTF-8 without control bytes, whatever the bytes; the
 * method mask and the route that is found agree.
 *
 * The input is "target\naccept-language". */
#include "server/http/route.h"

#include "question-bank/base/utf8.h"

#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { ARENA_BYTES_MAX = 1024 * 1024, LANGUAGE_BYTES_MAX = 256 };

static void handle(void *arg, struct http_request *req)
{
    (void)arg;
    (void)req;
}

static const struct route routes[] = {
    {HTTP_GET, "/", 1, NULL, 0, handle},
    {HTTP_GET, "/a/{x}", 2, NULL, 0, handle},
    {HTTP_POST, "/a/{x}", 3, NULL, 0, handle},
    {HTTP_GET, "/a/b", 4, NULL, 0, handle},
    {HTTP_PUT, "/{x}/{y}/{z}/c/{w}", 5, NULL, 0, handle},
    {HTTP_DELETE, "/a/{x}/b/{y}", 6, NULL, 0, handle},
};

static void expect(bool holds)
{
    if (!holds)
        abort();
}

static void check_text(const char *text, bool slash_allowed)
{
    expect(utf8_valid(bytes_of_text(text), NULL));
    for (const char *p = text; *p != '\0'; p++)
        expect((uint8_t)*p >= 0x20 && *p != 0x7f && (slash_allowed || *p != '/'));
}

static void check_path(const struct route_table *table, struct bytes path, struct arena *arena)
{
    static const enum http_method methods[] = {HTTP_GET, HTTP_HEAD,   HTTP_POST,
                                               HTTP_PUT, HTTP_DELETE, HTTP_OTHER};
    unsigned allowed = route_allowed(table, path);
    char text[64];

    expect(strlen(route_allow_text(allowed, text)) < sizeof text);
    for (size_t i = 0; i < sizeof methods / sizeof methods[0]; i++) {
        struct route_match match;
        int rc = route_find(table, methods[i], path, arena, &match);

        if (rc == 0) {
            expect((allowed & (unsigned)methods[i]) != 0);
            expect(route_peek(table, methods[i], path) == match.route);
            for (unsigned k = 0; k < match.params; k++) {
                check_text(match.param[k].value, false);
                expect(match.param[k].value[0] != '\0');
            }
        } else if (rc == ERR_DENIED) {
            expect(match.allowed == allowed && (allowed & (unsigned)methods[i]) == 0);
        } else if (rc == ERR_NOT_FOUND) {
            expect(allowed == 0);
        } else {
            expect(rc == ERR_BAD_INPUT || rc == ERR_NOMEM);
        }
    }
}

static void check_query(struct bytes raw, struct arena *arena)
{
    struct http_pair *pairs = NULL;
    unsigned count = 0;
    int rc = route_query(raw, arena, &pairs, &count);

    expect(rc == 0 || rc == ERR_BAD_INPUT || rc == ERR_LIMIT || rc == ERR_NOMEM);
    expect(count <= HTTP_QUERY_MAX);
    for (unsigned i = 0; rc == 0 && i < count; i++) {
        check_text(pairs[i].name, true);
        check_text(pairs[i].value, true);
        for (unsigned k = 0; k < i; k++)
            expect(strcmp(pairs[i].name, pairs[k].name) != 0);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const uint8_t *newline = size > 0 ? memchr(data, '\n', size) : NULL;
    size_t target_len = newline != NULL ? (size_t)(newline - data) : size;
    const uint8_t *mark = target_len > 0 ? memchr(data, '?', target_len) : NULL;
    size_t path_len = mark != NULL ? (size_t)(mark - data) : target_len;
    char language[LANGUAGE_BYTES_MAX] = "";
    struct route_table *table = NULL;
    struct arena arena;

    if (newline != NULL) {
        size_t len = size - target_len - 1;

        len = len < sizeof language - 1 ? len : sizeof language - 1;
        memcpy(language, newline + 1, len);
        language[len] = '\0';
    }
    expect(route_table_new(routes, sizeof routes / sizeof routes[0], &table, NULL) == 0);
    arena_init(&arena, ARENA_BYTES_MAX);
    check_path(table, bytes_of(data, path_len), &arena);
    if (mark != NULL)
        check_query(bytes_of(mark + 1, target_len - path_len - 1), &arena);
    expect(route_lang(language) == LANG_ZH || route_lang(language) == LANG_EN);
    arena_fini(&arena);
    route_table_free(table);
    return 0;
}
