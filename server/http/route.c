/* Routes and strict decoding (route.h). Patterns are cut into segments once; a search compares
 * segment by segment and prefers the route whose first differing segment is literal. */
#include "server/http/route.h"

#include "question-bank/base/utf8.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct msg msg_bad_pattern = {"route-pattern-malformed", "路由模式不合规范：{0}。",
                                           "The route pattern {0} is malformed."};
static const struct msg msg_twice = {"route-twice", "路由重复：{0}。",
                                     "The route {0} occurs twice."};

struct segment {
    struct bytes text; /* the literal, or the parameter's name */
    bool is_param;
};

struct compiled {
    const struct route *route;
    size_t segments;
    struct segment segment[ROUTE_SEGMENTS_MAX];
    char names[HTTP_PARAMS_MAX][32]; /* parameters' names, NUL-terminated */
    unsigned params;
};

struct route_table {
    size_t count;
    struct compiled *compiled;
};

/* Cuts "/a/b" into segments. -1: no leading '/', or too many; empty segments are kept. */
static int segments_cut(struct bytes path, struct bytes out[ROUTE_SEGMENTS_MAX])
{
    int n = 0;
    size_t from = 1;

    if (path.len == 0 || path.data[0] != '/')
        return -1;
    for (size_t i = 1; i <= path.len; i++) {
        if (i < path.len && path.data[i] != '/')
            continue;
        if (n == ROUTE_SEGMENTS_MAX)
            return -1;
        out[n++] = bytes_of(path.data + from, i - from);
        from = i + 1;
    }
    return n;
}

static int route_compile(const struct route *route, struct compiled *c, struct err *err)
{
    struct bytes cut[ROUTE_SEGMENTS_MAX];
    int n = segments_cut(bytes_of_text(route->pattern), cut);

    if (n < 0 || route->handle == NULL || route->body_bytes_max > HTTP_BODY_BYTES_MAX)
        goto bad;
    c->route = route;
    c->segments = (size_t)n;
    for (size_t i = 0; i < c->segments; i++) {
        struct segment *s = &c->segment[i];

        s->text = cut[i];
        s->is_param = cut[i].len > 2 && cut[i].data[0] == '{' && cut[i].data[cut[i].len - 1] == '}';
        if (!s->is_param)
            continue;
        s->text = bytes_of(cut[i].data + 1, cut[i].len - 2);
        if (c->params == HTTP_PARAMS_MAX || s->text.len >= sizeof c->names[0])
            goto bad;
        memcpy(c->names[c->params++], s->text.data, s->text.len);
    }
    return 0;
bad:
    return err_set(err, ERR_BAD_INPUT, &msg_bad_pattern, route->pattern, NULL, NULL, NULL);
}

static bool shape_equal(const struct compiled *a, const struct compiled *b)
{
    if (a->segments != b->segments)
        return false;
    for (size_t i = 0; i < a->segments; i++) {
        if (a->segment[i].is_param != b->segment[i].is_param ||
            (!a->segment[i].is_param && !bytes_equal(a->segment[i].text, b->segment[i].text)))
            return false;
    }
    return true;
}

int route_table_new(const struct route *routes, size_t count, struct route_table **out,
                    struct err *err)
{
    struct route_table *t = calloc(1, sizeof *t);
    int rc = ERR_NOMEM;

    if (t == NULL)
        goto out;
    t->compiled = calloc(count > 0 ? count : 1, sizeof *t->compiled);
    if (t->compiled == NULL)
        goto out;
    for (size_t i = 0; i < count; i++) {
        rc = route_compile(&routes[i], &t->compiled[i], err);
        if (rc != 0)
            goto out;
        for (size_t j = 0; j < i; j++) {
            if (routes[i].method == routes[j].method &&
                shape_equal(&t->compiled[i], &t->compiled[j])) {
                rc = err_set(err, ERR_BAD_INPUT, &msg_twice, routes[i].pattern, NULL, NULL, NULL);
                goto out;
            }
        }
        t->count = i + 1;
    }
    *out = t;
    return 0;
out:
    route_table_free(t);
    return rc;
}

void route_table_free(struct route_table *table)
{
    if (table == NULL)
        return;
    free(table->compiled);
    free(table);
}

static bool compiled_matches(const struct compiled *c, const struct bytes *cut, size_t n)
{
    if (c->segments != n)
        return false;
    for (size_t i = 0; i < n; i++) {
        if (c->segment[i].is_param ? cut[i].len == 0 : !bytes_equal(c->segment[i].text, cut[i]))
            return false;
    }
    return true;
}

/* Both match the same path: is a literal where b, at the first difference, has a parameter? */
static bool more_literal(const struct compiled *a, const struct compiled *b)
{
    for (size_t i = 0; i < a->segments; i++) {
        if (a->segment[i].is_param != b->segment[i].is_param)
            return !a->segment[i].is_param;
    }
    return false;
}

static bool method_serves(enum http_method route, enum http_method asked)
{
    return route == asked || (route == HTTP_GET && asked == HTTP_HEAD);
}

static const struct compiled *search(const struct route_table *table, enum http_method method,
                                     const struct bytes *cut, size_t n, unsigned *allowed)
{
    const struct compiled *best = NULL;

    for (size_t i = 0; i < table->count; i++) {
        const struct compiled *c = &table->compiled[i];

        if (!compiled_matches(c, cut, n))
            continue;
        *allowed |= (unsigned)c->route->method;
        if (c->route->method == HTTP_GET)
            *allowed |= HTTP_HEAD;
        if (method_serves(c->route->method, method) && (best == NULL || more_literal(c, best)))
            best = c;
    }
    return best;
}

int route_find(const struct route_table *table, enum http_method method, struct bytes path,
               struct arena *arena, struct route_match *out)
{
    struct bytes cut[ROUTE_SEGMENTS_MAX];
    const struct compiled *c;
    int n = path.len <= ROUTE_PATH_BYTES_MAX ? segments_cut(path, cut) : -1;

    memset(out, 0, sizeof *out);
    if (n < 0)
        return ERR_NOT_FOUND;
    c = search(table, method, cut, (size_t)n, &out->allowed);
    if (c == NULL)
        return out->allowed != 0 ? ERR_DENIED : ERR_NOT_FOUND;
    for (size_t i = 0; i < c->segments; i++) {
        int rc;

        if (!c->segment[i].is_param)
            continue;
        out->param[out->params].name = c->names[out->params];
        rc = route_decode(cut[i], false, false, arena, &out->param[out->params].value);
        if (rc != 0)
            return rc;
        out->params++;
    }
    out->route = c->route;
    return 0;
}

const struct route *route_peek(const struct route_table *table, enum http_method method,
                               struct bytes path)
{
    struct bytes cut[ROUTE_SEGMENTS_MAX];
    const struct compiled *c;
    unsigned allowed = 0;
    int n = segments_cut(path, cut);

    if (n < 0)
        return NULL;
    c = search(table, method, cut, (size_t)n, &allowed);
    return c != NULL ? c->route : NULL;
}

unsigned route_allowed(const struct route_table *table, struct bytes path)
{
    struct bytes cut[ROUTE_SEGMENTS_MAX];
    unsigned allowed = 0;
    int n = path.len <= ROUTE_PATH_BYTES_MAX ? segments_cut(path, cut) : -1;

    if (n >= 0)
        search(table, HTTP_OTHER, cut, (size_t)n, &allowed);
    return allowed;
}

char *route_allow_text(unsigned mask, char out[64])
{
    size_t len = 0;

    out[0] = '\0';
    for (unsigned bit = HTTP_GET; bit < HTTP_OTHER; bit <<= 1) {
        if ((mask & bit) == 0)
            continue;
        len += (size_t)snprintf(out + len, 64 - len, "%s%s", len > 0 ? ", " : "",
                                http_method_name((enum http_method)bit));
    }
    return out;
}

static int nibble(uint8_t c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    return -1;
}

int route_decode(struct bytes raw, bool plus_is_space, bool slash_allowed, struct arena *arena,
                 const char **out)
{
    char *text = arena_alloc(arena, raw.len + 1);
    size_t len = 0;

    if (text == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i < raw.len; i++) {
        uint8_t c = raw.data[i];

        if (c == '+' && plus_is_space) {
            c = ' ';
        } else if (c == '%') {
            int high = raw.len - i > 2 ? nibble(raw.data[i + 1]) : -1;
            int low = raw.len - i > 2 ? nibble(raw.data[i + 2]) : -1;

            if (high < 0 || low < 0)
                return ERR_BAD_INPUT;
            c = (uint8_t)(high << 4 | low);
            i += 2;
        }
        if (c < 0x20 || c == 0x7f || (c == '/' && !slash_allowed))
            return ERR_BAD_INPUT;
        text[len++] = (char)c;
    }
    text[len] = '\0';
    if (!utf8_valid(bytes_of(text, len), NULL))
        return ERR_BAD_INPUT;
    *out = text;
    return 0;
}

static int pair_decode(struct bytes raw, struct arena *arena, struct http_pair *out)
{
    const uint8_t *equals = raw.len > 0 ? memchr(raw.data, '=', raw.len) : NULL;
    size_t name_len = equals != NULL ? (size_t)(equals - raw.data) : raw.len;
    size_t value_from = equals != NULL ? name_len + 1 : raw.len;
    int rc;

    if (name_len == 0)
        return ERR_BAD_INPUT;
    rc = route_decode(bytes_of(raw.data, name_len), true, true, arena, &out->name);
    if (rc != 0)
        return rc;
    return route_decode(bytes_of(raw.data + value_from, raw.len - value_from), true, true, arena,
                        &out->value);
}

int route_query(struct bytes raw, struct arena *arena, struct http_pair **out, unsigned *count)
{
    struct http_pair *pairs = NULL;
    unsigned n = 0;
    size_t from = 0;
    size_t room = 1;

    if (raw.len == 0) {
        *out = NULL;
        *count = 0;
        return 0;
    }
    for (size_t i = 0; i < raw.len; i++)
        room += raw.data[i] == '&' ? 1 : 0;
    if (room > HTTP_QUERY_MAX)
        return ERR_LIMIT;
    pairs = arena_array(arena, room, sizeof *pairs);
    if (pairs == NULL)
        return ERR_NOMEM;
    for (size_t i = 0; i <= raw.len; i++) {
        int rc;

        if (i < raw.len && raw.data[i] != '&')
            continue;
        rc = pair_decode(bytes_of(raw.data + from, i - from), arena, &pairs[n]);
        if (rc != 0)
            return rc;
        for (unsigned j = 0; j < n; j++) {
            if (strcmp(pairs[j].name, pairs[n].name) == 0)
                return ERR_BAD_INPUT;
        }
        n++;
        from = i + 1;
    }
    *out = pairs;
    *count = n;
    return 0;
}

/* The q of " ;q=0.8" in thousandths; 1000 without one, 0 if malformed. */
static int quality(const char *p, const char *end)
{
    int q = 0;
    int scale = 1000;

    while (p < end && (*p == ' ' || *p == '\t' || *p == ';'))
        p++;
    if (p == end)
        return 1000;
    if (end - p < 3 || (*p != 'q' && *p != 'Q') || p[1] != '=')
        return 0;
    for (p += 2; p < end && scale > 0; p++) {
        if (*p == '.')
            continue;
        if (*p < '0' || *p > '9')
            break;
        q += (*p - '0') * scale;
        scale /= 10;
    }
    return q > 1000 ? 1000 : q;
}

static bool tag_is(const char *p, const char *end, const char *tag)
{
    return end - p >= 2 && (p[0] | 0x20) == tag[0] && (p[1] | 0x20) == tag[1] &&
           (end - p == 2 || p[2] == '-' || p[2] == ';' || p[2] == ' ');
}

enum lang route_lang(const char *accept_language)
{
    const char *p = accept_language;
    int zh = -1;
    int en = -1;
    int any = -1;

    if (p == NULL)
        return LANG_ZH;
    while (*p != '\0') {
        const char *end = p + strcspn(p, ",");
        const char *tag_end;
        int q;

        while (p < end && (*p == ' ' || *p == '\t'))
            p++;
        tag_end = p;
        while (tag_end < end && *tag_end != ';')
            tag_end++;
        q = quality(tag_end, end);
        if (tag_is(p, end, "zh") && q > zh)
            zh = q;
        else if (tag_is(p, end, "en") && q > en)
            en = q;
        else if (end > p && *p == '*')
            any = q;
        p = *end == ',' ? end + 1 : end;
    }
    if (zh < 0)
        zh = any;
    return en > 0 && en > zh ? LANG_EN : LANG_ZH;
}
