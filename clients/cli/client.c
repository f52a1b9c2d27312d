/* libcurl, one easy handle kept for its connection. Replies are bounded. */
#include "clients/cli/client.h"

#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct msg MSG_NETWORK = {"network", "连接服务器 {0} 失败：{1}",
                                       "cannot reach the server {0}: {1}"};
static const struct msg MSG_NOT_JSON = {"reply-not-json", "服务器返回的内容不是 JSON（状态 {0}）",
                                        "the server's answer is not JSON (status {0})"};
static const struct msg MSG_PROBLEM = {"problem", "{0}", "{0}"};

struct client {
    CURL *curl;
    char *server;
    char *ca_file;
    char *token;
    enum lang lang;
};

int client_open(const struct client_options *options, struct client **out, struct err *err)
{
    struct client *c = calloc(1, sizeof(*c));

    if (c == NULL)
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    c->curl = curl_easy_init();
    c->server = strdup(options->server);
    c->ca_file = options->ca_file != NULL ? strdup(options->ca_file) : NULL;
    c->lang = options->lang;
    if (c->curl == NULL || c->server == NULL) {
        client_close(c);
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    client_set_token(c, options->token);
    *out = c;
    return 0;
}

void client_close(struct client *c)
{
    if (c == NULL)
        return;
    curl_easy_cleanup(c->curl);
    free(c->server);
    free(c->ca_file);
    free(c->token);
    free(c);
}

void client_set_token(struct client *c, const char *token)
{
    free(c->token);
    c->token = token != NULL ? strdup(token) : NULL;
}

static size_t on_data(char *data, size_t size, size_t count, void *arg)
{
    struct buf *out = arg;

    if (out->len + size * count > CLIENT_REPLY_BYTES_MAX ||
        buf_append(out, data, size * count) != 0)
        return 0;
    return size * count;
}

static struct curl_slist *headers_of(const struct client *c, const char *content_type)
{
    struct curl_slist *headers = NULL;
    struct buf line = {0};

    headers = curl_slist_append(headers, c->lang == LANG_EN ? "Accept-Language: en"
                                                            : "Accept-Language: zh-CN");
    headers = curl_slist_append(headers, "Expect:");
    if (c->token != NULL) {
        buf_printf(&line, "Authorization: Bearer %s", c->token);
        headers = curl_slist_append(headers, buf_text(&line));
        buf_clear(&line);
    }
    if (content_type != NULL) {
        buf_printf(&line, "Content-Type: %s", content_type);
        headers = curl_slist_append(headers, buf_text(&line));
    }
    buf_fini(&line);
    return headers;
}

int client_request(struct client *c, const char *method, const char *path, const char *content_type,
                   struct bytes body, long *status, struct buf *out, struct err *err)
{
    struct buf url = {0};
    struct curl_slist *headers = headers_of(c, content_type);
    CURLcode rc;

    buf_printf(&url, "%s%s", c->server, path);
    curl_easy_reset(c->curl);
    curl_easy_setopt(c->curl, CURLOPT_URL, buf_text(&url));
    curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, headers);
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT, (long)CLIENT_TIMEOUT_S);
    curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c->curl, CURLOPT_NOPROXY, "localhost,127.0.0.1,[::1]");
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, out);
    if (c->ca_file != NULL)
        curl_easy_setopt(c->curl, CURLOPT_CAINFO, c->ca_file);
    if (content_type != NULL) {
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS, body.len > 0 ? (const char *)body.data : "");
    }
    rc = curl_easy_perform(c->curl);
    curl_slist_free_all(headers);
    buf_fini(&url);
    if (rc != CURLE_OK)
        return err_set(err, ERR_IO, &MSG_NETWORK, c->server, curl_easy_strerror(rc), NULL, NULL);
    curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, status);
    return buf_error(out) != 0 ? err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL) : 0;
}

static int code_of_status(long status)
{
    switch (status) {
    case 401:
        return ERR_UNAUTHENTIC;
    case 403:
        return ERR_DENIED;
    case 404:
        return ERR_NOT_FOUND;
    case 409:
        return ERR_CONFLICT;
    case 429:
    case 503:
        return ERR_BUSY;
    default:
        return status >= 500 ? ERR_IO : ERR_BAD_INPUT;
    }
}

int client_json(struct client *c, const char *method, const char *path, const json_t *body,
                json_t **out, struct err *err)
{
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    struct buf reply = {0};
    json_t *parsed = NULL;
    long status = 0;
    int rc = client_request(c, method, path, body != NULL ? "application/json" : NULL,
                            bytes_of_text(text), &status, &reply, err);

    if (rc != 0)
        goto out;
    if (reply.len > 0)
        parsed = json_loadb((const char *)reply.data, reply.len, 0, NULL);
    if (reply.len > 0 && parsed == NULL) {
        char number[24];
        rc = err_set(err, ERR_BAD_INPUT, &MSG_NOT_JSON, err_int(number, status), NULL, NULL, NULL);
    } else if (status < 200 || status > 299) {
        const char *detail = json_string_value(json_object_get(parsed, "detail"));
        rc = err_set(err, code_of_status(status), &MSG_PROBLEM,
                     detail != NULL ? detail : "HTTP error", NULL, NULL, NULL);
    } else if (out != NULL) {
        *out = parsed;
        parsed = NULL;
    }
out:
    json_decref(parsed);
    buf_fini(&reply);
    free(text);
    return rc;
}
