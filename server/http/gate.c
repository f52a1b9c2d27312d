/* The strict gate (gate.h): one pass, one byte at a time, no memory of its own. */
#include "server/http/gate.h"

#include "server/http/route.h"

#include <string.h>

void gate_init(struct gate *g, size_t bytes_max)
{
    g->state = GATE_METHOD;
    g->fault = GATE_FINE;
    g->bytes = 0;
    g->bytes_max = bytes_max;
    g->method = HTTP_OTHER;
    g->http_1_0 = false;
    g->has_content_length = false;
    g->has_transfer_encoding = false;
    g->has_host = false;
    g->has_authorization = false;
    g->in_query = false;
    g->content_length = 0;
    g->lang = LANG_ZH;
    g->method_text[0] = '\0';
    g->authorization[0] = '\0';
    g->path_len = 0;
    g->name_len = 0;
    g->value_len = 0;
}

bool gate_has_path(const struct gate *g)
{
    return g->state > GATE_TARGET;
}

/* RFC 9110 §5.6.2 */
static bool is_token_byte(uint8_t c)
{
    if ((c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'))
        return true;
    return c != 0 && strchr("!#$%&'*+-.^_`|~", c) != NULL;
}

static bool name_is(const struct gate *g, const char *text)
{
    size_t len = strlen(text);

    return g->name_len == len && memcmp(g->name, text, len) == 0;
}

static void name_put(struct gate *g, uint8_t c)
{
    if (g->name_len < sizeof g->name)
        g->name[g->name_len] = (char)(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
    g->name_len++;
}

static enum http_method method_of(const struct gate *g)
{
    static const struct {
        const char *name;
        enum http_method method;
    } known[] = {{"get", HTTP_GET},
                 {"head", HTTP_HEAD},
                 {"post", HTTP_POST},
                 {"put", HTTP_PUT},
                 {"delete", HTTP_DELETE}};

    for (size_t i = 0; i < sizeof known / sizeof known[0]; i++) {
        if (name_is(g, known[i].name))
            return known[i].method;
    }
    return HTTP_OTHER;
}

/* The method is complete; it is folded as a name, and shown in capitals as it was sent. */
static void method_end(struct gate *g)
{
    size_t len = g->name_len < GATE_METHOD_BYTES ? g->name_len : GATE_METHOD_BYTES;

    g->method = method_of(g);
    for (size_t i = 0; i < len; i++)
        g->method_text[i] = (char)(g->name[i] - 'a' + 'A');
    g->method_text[len] = '\0';
}

/* Digits only, and small enough for any arithmetic. */
static bool content_length_read(struct gate *g)
{
    uint64_t n = 0;

    if (g->value_len == 0 || g->value_len > 18)
        return false;
    for (size_t i = 0; i < g->value_len; i++) {
        if (g->value[i] < '0' || g->value[i] > '9')
            return false;
        n = n * 10 + (uint64_t)(g->value[i] - '0');
    }
    g->content_length = n;
    return true;
}

/* One header line is complete. False: malformed. */
static bool header_end(struct gate *g)
{
    while (g->value_len > 0 && g->value_len <= sizeof g->value &&
           (g->value[g->value_len - 1] == ' ' || g->value[g->value_len - 1] == '\t'))
        g->value_len--;
    if (name_is(g, "content-length")) {
        if (g->has_content_length)
            return false;
        g->has_content_length = true;
        return content_length_read(g);
    }
    if (name_is(g, "transfer-encoding")) {
        g->has_transfer_encoding = true;
        return true;
    }
    if (name_is(g, "host")) {
        if (g->has_host || g->value_len == 0)
            return false;
        g->has_host = true;
        return true;
    }
    if (name_is(g, "authorization") && !g->has_authorization) {
        g->has_authorization = true;
        if (g->value_len <= sizeof g->value) {
            memcpy(g->authorization, g->value, g->value_len);
            g->authorization[g->value_len] = '\0';
        }
    }
    if (name_is(g, "accept-language")) {
        char text[GATE_VALUE_BYTES + 1];
        size_t len = g->value_len < sizeof g->value ? g->value_len : sizeof g->value;

        memcpy(text, g->value, len);
        text[len] = '\0';
        g->lang = route_lang(text);
    }
    return true;
}

/* The whole block is complete. False: malformed. */
static bool block_end(const struct gate *g)
{
    if (!g->has_host || (g->has_transfer_encoding && g->has_content_length))
        return false;
    /* evhttp reads no body for these: it would take the body for the next request. */
    return g->content_length == 0 || g->method == HTTP_POST || g->method == HTTP_PUT;
}

static bool version_end(struct gate *g)
{
    g->http_1_0 = name_is(g, "http/1.0");
    return g->http_1_0 || name_is(g, "http/1.1");
}

/* A byte of the request line. False: malformed. */
static bool line_byte(struct gate *g, uint8_t c)
{
    switch (g->state) {
    case GATE_METHOD:
        if (c == ' ' && g->name_len > 0) {
            method_end(g);
            g->name_len = 0;
            g->state = GATE_TARGET;
            return true;
        }
        name_put(g, c);
        return c >= 'A' && c <= 'Z';
    case GATE_TARGET:
        if (c == ' ' && g->path_len > 0) {
            g->state = GATE_VERSION;
            return true;
        }
        if (c <= 0x20 || c >= 0x7f || c == '#' || (g->path_len == 0 && c != '/'))
            return false;
        if (c == '?')
            g->in_query = true;
        if (!g->in_query && g->path_len < sizeof g->path)
            g->path[g->path_len] = (char)c;
        if (!g->in_query && g->path_len <= sizeof g->path)
            g->path_len++;
        return true;
    case GATE_VERSION:
        if (c == '\r') {
            g->state = GATE_LINE_LF;
            return version_end(g);
        }
        name_put(g, c);
        /* name_put folds; the version is written in capitals only */
        return g->name_len <= 8 && (c < 'a' || c > 'z') && c > 0x20 && c < 0x7f;
    default:
        return false;
    }
}

/* A byte of a header line. False: malformed. */
static bool header_byte(struct gate *g, uint8_t c)
{
    switch (g->state) {
    case GATE_NAME_FIRST:
        if (c == '\r') {
            g->state = GATE_END_LF;
            return true;
        }
        g->name_len = 0;
        g->value_len = 0;
        g->state = GATE_NAME;
        name_put(g, c);
        return is_token_byte(c);
    case GATE_NAME:
        if (c == ':') {
            g->state = GATE_VALUE;
            return true;
        }
        name_put(g, c);
        return is_token_byte(c);
    case GATE_VALUE:
        if (c == '\r') {
            g->state = GATE_VALUE_LF;
            return true;
        }
        if ((c < 0x20 && c != '\t') || c == 0x7f)
            return false;
        if (g->value_len == 0 && (c == ' ' || c == '\t'))
            return true;
        if (g->value_len < sizeof g->value)
            g->value[g->value_len] = (char)c;
        g->value_len++;
        return true;
    default:
        return false;
    }
}

static bool any_byte(struct gate *g, uint8_t c)
{
    switch (g->state) {
    case GATE_METHOD:
    case GATE_TARGET:
    case GATE_VERSION:
        return line_byte(g, c);
    case GATE_LINE_LF:
        g->state = GATE_NAME_FIRST;
        return c == '\n';
    case GATE_NAME_FIRST:
    case GATE_NAME:
    case GATE_VALUE:
        return header_byte(g, c);
    case GATE_VALUE_LF:
        g->state = GATE_NAME_FIRST;
        return c == '\n' && header_end(g);
    case GATE_END_LF:
        g->state = GATE_DONE;
        return c == '\n' && block_end(g);
    case GATE_DONE:
        return true;
    }
    return false;
}

size_t gate_feed(struct gate *g, const uint8_t *data, size_t len)
{
    size_t i = 0;

    while (i < len && g->fault == GATE_FINE && g->state != GATE_DONE) {
        if (++g->bytes > g->bytes_max)
            g->fault = GATE_TOO_LONG;
        else if (!any_byte(g, data[i]))
            g->fault = GATE_MALFORMED;
        i++;
    }
    if (g->state == GATE_DONE && g->fault == GATE_FINE && g->has_transfer_encoding)
        g->fault = GATE_LENGTH_REQUIRED;
    return i;
}
