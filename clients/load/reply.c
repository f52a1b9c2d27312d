/* HTTP/1.1 responses: one pass over the head, then the body's length. See reply.h for what fails.
 * Thread: reentrant. */
#include "clients/load/reply.h"

#include "question-bank/base/err.h"

#include <stdint.h>
#include <string.h>
#include <strings.h>

static bool name_is(const char *line, size_t name_len, const char *name)
{
    return strlen(name) == name_len && strncasecmp(line, name, name_len) == 0;
}

/* Decimal digits, nothing else. ERR_BAD_INPUT, ERR_LIMIT. */
static int number_read(const char *text, size_t len, size_t max, size_t *out)
{
    size_t value = 0;

    if (len == 0)
        return ERR_BAD_INPUT;
    for (size_t i = 0; i < len; i++) {
        if (text[i] < '0' || text[i] > '9')
            return ERR_BAD_INPUT;
        value = value * 10 + (size_t)(text[i] - '0');
        if (value > max)
            return ERR_LIMIT;
    }
    *out = value;
    return 0;
}

struct head {
    struct reply reply;
    bool has_length;
    size_t length;
};

static int header_read(const char *line, size_t len, struct head *h)
{
    const char *colon = memchr(line, ':', len);
    const char *value;
    size_t name_len, value_len, seconds;

    if (colon == NULL)
        return ERR_BAD_INPUT;
    name_len = (size_t)(colon - line);
    value = colon + 1;
    value_len = len - name_len - 1;
    while (value_len > 0 && (*value == ' ' || *value == '\t')) {
        value++;
        value_len--;
    }
    if (name_is(line, name_len, "Content-Length")) {
        h->has_length = true;
        return number_read(value, value_len, REPLY_BODY_BYTES_MAX, &h->length);
    }
    if (name_is(line, name_len, "Transfer-Encoding"))
        return ERR_BAD_INPUT;
    if (name_is(line, name_len, "Connection"))
        h->reply.close = value_len == 5 && strncasecmp(value, "close", 5) == 0;
    else if (name_is(line, name_len, "Retry-After") &&
             number_read(value, value_len, 86400, &seconds) == 0)
        h->reply.retry_after_s = (unsigned)seconds;
    return 0;
}

/* "HTTP/1.1 200 OK" */
static int status_read(const char *line, size_t len, int *out)
{
    size_t status = 0;

    if (len < 12 || memcmp(line, "HTTP/1.", 7) != 0 || line[8] != ' ' ||
        number_read(line + 9, 3, 999, &status) != 0)
        return ERR_BAD_INPUT;
    *out = (int)status;
    return 0;
}

static int head_read(const char *text, size_t len, struct head *h)
{
    const char *end = text + len;
    bool first = true;
    int rc = 0;

    while (text < end && rc == 0) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        size_t line_len;

        if (stop == NULL || stop == text || stop[-1] != '\r')
            return ERR_BAD_INPUT;
        line_len = (size_t)(stop - text) - 1;
        rc = first ? status_read(text, line_len, &h->reply.status) : header_read(text, line_len, h);
        first = false;
        text = stop + 1;
    }
    return rc;
}

int reply_parse(struct bytes in, struct reply *out, size_t *len)
{
    const char *text = (const char *)in.data;
    const char *blank = in.len > 0 ? memmem(text, in.len, "\r\n\r\n", 4) : NULL;
    struct head h = {0};
    size_t head_len;
    int rc;

    if (blank == NULL)
        return in.len > REPLY_HEAD_BYTES_MAX ? ERR_LIMIT : 0;
    head_len = (size_t)(blank - text) + 4;
    if (head_len > REPLY_HEAD_BYTES_MAX)
        return ERR_LIMIT;
    rc = head_read(text, head_len - 2, &h);
    if (rc != 0)
        return rc;
    if (!h.has_length && h.reply.status != 204 && h.reply.status != 304)
        return ERR_BAD_INPUT;
    if (in.len - head_len < h.length)
        return 0;
    h.reply.body = bytes_of(in.data + head_len, h.length);
    *out = h.reply;
    *len = head_len + h.length;
    return 1;
}
