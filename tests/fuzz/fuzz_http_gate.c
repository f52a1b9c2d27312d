/* The strict gate: however the bytes are cut, the verdict is the same and falls at the same byte;
 * what passes has exactly the form that a proxy in front would read too. */
#include "server/http/gate.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum { HEADER_BYTES_MAX = 2048 };

static void expect(bool holds)
{
    if (!holds)
        abort();
}

/* Feeds in pieces of `step` bytes; returns how many belonged to the block. */
static size_t feed(struct gate *g, const uint8_t *data, size_t size, size_t step)
{
    size_t taken = 0;

    gate_init(g, HEADER_BYTES_MAX);
    for (size_t at = 0; at < size; at += step)
        taken += gate_feed(g, data + at, size - at < step ? size - at : step);
    return taken;
}

/* The block that passed, read once more in the plainest way. */
static void check_block(const struct gate *g, const uint8_t *data, size_t len)
{
    size_t lengths = 0;
    size_t hosts = 0;

    expect(len >= 4 && memcmp(data + len - 4, "\r\n\r\n", 4) == 0);
    for (size_t i = 0; i < len; i++) {
        expect(data[i] != 0);
        expect(data[i] != '\n' || (i > 0 && data[i - 1] == '\r'));
        expect(data[i] != '\r' || data[i + 1] == '\n');
        if (i + 2 < len && data[i] == '\n' && i + 1 < len && data[i + 1] != '\r') {
            const char *line = (const char *)data + i + 1;
            size_t left = len - i - 1;

            expect(line[0] != ' ' && line[0] != '\t');
            lengths += left > 15 && strncasecmp(line, "content-length:", 15) == 0;
            hosts += left > 5 && strncasecmp(line, "host:", 5) == 0;
            expect(left <= 18 || strncasecmp(line, "transfer-encoding:", 18) != 0);
        }
    }
    expect(hosts == 1 && g->has_host);
    expect(lengths == (g->has_content_length ? 1 : 0));
    expect(g->content_length == 0 || g->method == HTTP_POST || g->method == HTTP_PUT);
    expect(g->path_len > 0 && g->path[0] == '/');
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const size_t steps[] = {1, 2, 7, 64};
    struct gate whole;
    struct gate cut;
    size_t taken = feed(&whole, data, size, size != 0 ? size : 1);

    expect(taken <= size && taken <= HEADER_BYTES_MAX + 1);
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        expect(feed(&cut, data, size, steps[i]) == taken);
        expect(cut.state == whole.state && cut.fault == whole.fault && cut.lang == whole.lang);
        expect(cut.content_length == whole.content_length && cut.path_len == whole.path_len);
        expect(strcmp(cut.method_text, whole.method_text) == 0);
    }
    /* A fault stays, and nothing more is taken; so it is after the end of the block. */
    if (whole.fault != GATE_FINE || whole.state == GATE_DONE)
        expect(gate_feed(&whole, (const uint8_t *)"GET", 3) == 0);
    if (whole.fault == GATE_TOO_LONG)
        expect(taken == HEADER_BYTES_MAX + 1);
    if (whole.fault == GATE_FINE && whole.state == GATE_DONE)
        check_block(&whole, data, taken);
    return 0;
}
