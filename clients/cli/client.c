/* libcurl: one easy handle on a multi handle, kept for its connection. Replies are bounded.
 *
 * Fails with a sentence that says what to look at: the address, the network, the certificate. */
#include "clients/cli/client.h"

#include "question-bank/base/digest.h"
#include "question-bank/base/file.h"
#include "question-bank/base/utf8.h"

#include <assert.h>
#include <curl/curl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum { TIMEOUT_S = 60, PUMP_MS_MAX = 60000 };

static const struct msg MSG_URL = {
    "url-invalid", "服务器地址“{0}”无效，应形如 https://exam.example.gov.cn。",
    "'{0}' is not a usable server address; expected something like https://exam.example.gov.cn."};
static const struct msg MSG_PLAIN = {
    "url-plain-http", "“{0}”不是加密连接。除本机（localhost）外，服务器地址必须以 https:// 开头。",
    "'{0}' is not encrypted. Other than on this machine (localhost), an address begins with "
    "https://."};
static const struct msg MSG_CA = {"ca-missing", "读不到证书文件“{0}”。",
                                  "Cannot read the certificate file '{0}'."};
static const struct msg MSG_RESOLVE = {"server-name-unknown",
                                       "找不到服务器 {0}。请核对地址和网络连接。",
                                       "There is no server {0}. Check the address and the "
                                       "network."};
static const struct msg MSG_CONNECT = {"server-unreachable",
                                       "连接不上服务器 {0}。请核对地址和网络，稍后再试。",
                                       "Cannot reach the server {0}. Check the address and the "
                                       "network, then try again."};
static const struct msg MSG_TIMEOUT = {"server-silent",
                                       "服务器 {0} 没有在规定时间内答复，请稍后再试。",
                                       "The server {0} did not answer in time; try again later."};
static const struct msg MSG_UNTRUSTED = {
    "certificate-untrusted",
    "服务器 {0} 的证书不受信任。如使用本单位自签证书，请用 --ca 指明证书文件；否则请勿继续，"
    "并联系考务人员。",
    "The certificate of {0} is not trusted. If your office signs its own, name its file by --ca; "
    "otherwise do not go on, and tell the exam office."};
static const struct msg MSG_CA_BAD = {"ca-invalid", "证书文件“{0}”中没有可用的 PEM 证书。",
                                      "The file '{0}' holds no usable PEM certificate."};
static const struct msg MSG_TLS = {"tls-failed", "与服务器 {0} 建立加密连接失败：{1}",
                                   "The encrypted connection to {0} failed: {1}"};
static const struct msg MSG_NETWORK = {"network", "与服务器 {0} 通信失败：{1}",
                                       "Talking to the server {0} failed: {1}"};
static const struct msg MSG_NOT_OURS = {
    "reply-unexpected", "{0} 的答复不是本系统的格式（HTTP 状态 {1}），请核对服务器地址。",
    "The answer of {0} is not this system's (HTTP status {1}); check the address."};
/* The server's own sentence, in pieces that fit an argument each. */
static const struct msg MSG_PROBLEM = {"problem", "{0}{1}{2}{3}", "{0}{1}{2}{3}"};

struct client {
    CURLM *multi;
    CURL *curl;
    struct curl_slist *headers; /* of the request under way */
    char *url;
    char *ca_file;
    char *token;
    enum lang lang;
    long timeout_s;
    struct buf body;
    struct buf reply;
    bool busy;
    bool ended;
    CURLcode outcome;
    struct client_problem problem;
};

/* ---- life ---- */

/* Host of an http address that never leaves this machine. */
static bool host_is_here(const char *host)
{
    return host != NULL && (strcasecmp(host, "localhost") == 0 || strcmp(host, "127.0.0.1") == 0 ||
                            strcmp(host, "[::1]") == 0);
}

static int url_check(const char *url, struct err *err)
{
    CURLU *parts = curl_url();
    char *scheme = NULL;
    char *host = NULL;
    int rc = 0;

    if (parts == NULL)
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    if (strlen(url) >= CLIENT_URL_BYTES_MAX || curl_url_set(parts, CURLUPART_URL, url, 0) != 0 ||
        curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0) != 0 ||
        curl_url_get(parts, CURLUPART_HOST, &host, 0) != 0 ||
        (strcmp(scheme, "https") != 0 && strcmp(scheme, "http") != 0))
        rc = err_set(err, ERR_BAD_INPUT, &MSG_URL, url, NULL, NULL, NULL);
    else if (strcmp(scheme, "http") == 0 && !host_is_here(host))
        rc = err_set(err, ERR_BAD_INPUT, &MSG_PLAIN, url, NULL, NULL, NULL);
    curl_free(scheme);
    curl_free(host);
    curl_url_cleanup(parts);
    return rc;
}

int client_open(const struct client_options *options, struct client **out, struct err *err)
{
    struct client *c;
    size_t len;
    int rc = url_check(options->url, err);

    if (rc != 0)
        return rc;
    if (options->ca_file != NULL && !file_exists(options->ca_file))
        return err_set(err, ERR_NOT_FOUND, &MSG_CA, options->ca_file, NULL, NULL, NULL);
    c = calloc(1, sizeof(*c));
    if (c == NULL)
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    c->multi = curl_multi_init();
    c->curl = curl_easy_init();
    c->url = strdup(options->url);
    c->ca_file = options->ca_file != NULL ? strdup(options->ca_file) : NULL;
    c->lang = options->lang;
    c->timeout_s = options->timeout_s > 0 ? options->timeout_s : TIMEOUT_S;
    if (c->multi == NULL || c->curl == NULL || c->url == NULL) {
        client_close(c);
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    for (len = strlen(c->url); len > 0 && c->url[len - 1] == '/'; len--)
        c->url[len - 1] = '\0';
    client_set_token(c, options->token);
    *out = c;
    return 0;
}

void client_close(struct client *c)
{
    if (c == NULL)
        return;
    client_cancel(c);
    curl_easy_cleanup(c->curl);
    curl_multi_cleanup(c->multi);
    buf_fini(&c->body);
    buf_fini(&c->reply);
    free(c->url);
    free(c->ca_file);
    free(c->token);
    free(c);
}

void client_set_token(struct client *c, const char *token)
{
    free(c->token);
    c->token = token != NULL ? strdup(token) : NULL;
}

const char *client_url(const struct client *c)
{
    return c->url;
}

const struct client_problem *client_problem(const struct client *c)
{
    return &c->problem;
}

/* ---- a request ---- */

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

int client_begin(struct client *c, const char *method, const char *path, const char *content_type,
                 struct bytes body, struct err *err)
{
    struct buf url = {0};

    assert(!c->busy);
    buf_clear(&c->body);
    buf_clear(&c->reply);
    buf_append(&c->body, body.data, body.len);
    buf_printf(&url, "%s%s", c->url, path);
    c->headers = headers_of(c, content_type);
    curl_easy_reset(c->curl);
    curl_easy_setopt(c->curl, CURLOPT_URL, buf_text(&url));
    curl_easy_setopt(c->curl, CURLOPT_CUSTOMREQUEST, method);
    curl_easy_setopt(c->curl, CURLOPT_HTTPHEADER, c->headers);
    curl_easy_setopt(c->curl, CURLOPT_TIMEOUT, c->timeout_s);
    curl_easy_setopt(c->curl, CURLOPT_CONNECTTIMEOUT, (long)CLIENT_CONNECT_TIMEOUT_S);
    curl_easy_setopt(c->curl, CURLOPT_PROTOCOLS_STR, "http,https");
    curl_easy_setopt(c->curl, CURLOPT_NOPROXY, "localhost,127.0.0.1,[::1]");
    curl_easy_setopt(c->curl, CURLOPT_NOSIGNAL, 1L);
    curl_easy_setopt(c->curl, CURLOPT_WRITEFUNCTION, on_data);
    curl_easy_setopt(c->curl, CURLOPT_WRITEDATA, &c->reply);
    if (c->ca_file != NULL)
        curl_easy_setopt(c->curl, CURLOPT_CAINFO, c->ca_file);
    if (content_type != NULL) {
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)body.len);
        curl_easy_setopt(c->curl, CURLOPT_POSTFIELDS,
                         body.len > 0 ? (const char *)c->body.data : "");
    }
    c->busy = true;
    c->ended = false;
    if (buf_error(&c->body) != 0 || buf_error(&url) != 0 ||
        curl_multi_add_handle(c->multi, c->curl) != CURLM_OK) {
        client_cancel(c);
        buf_fini(&url);
        return err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    }
    buf_fini(&url);
    return 0;
}

bool client_is_busy(const struct client *c)
{
    return c->busy;
}

static void take_steps(struct client *c)
{
    CURLMsg *message;
    int left;

    curl_multi_perform(c->multi, &left);
    while ((message = curl_multi_info_read(c->multi, &left)) != NULL) {
        if (message->msg == CURLMSG_DONE) {
            c->outcome = message->data.result;
            c->ended = true;
        }
    }
}

bool client_pump(struct client *c, const int *fds, size_t count, int timeout_ms, unsigned *ready)
{
    struct curl_waitfd waits[CLIENT_FDS_MAX] = {{0}};
    int got = 0;

    assert(count <= CLIENT_FDS_MAX);
    *ready = 0;
    if (c->busy && !c->ended)
        take_steps(c);
    if (c->ended)
        return true;
    for (size_t i = 0; i < count; i++) {
        waits[i].fd = fds[i];
        waits[i].events = CURL_WAIT_POLLIN;
    }
    if (timeout_ms < 0 || timeout_ms > PUMP_MS_MAX)
        timeout_ms = PUMP_MS_MAX;
    curl_multi_poll(c->multi, waits, (unsigned)count, timeout_ms, &got);
    for (size_t i = 0; i < count; i++) {
        if (waits[i].revents != 0)
            *ready |= 1u << i;
    }
    if (c->busy)
        take_steps(c);
    return c->ended;
}

/* The request is over; the connection stays for the next. */
static void detach(struct client *c)
{
    curl_multi_remove_handle(c->multi, c->curl);
    curl_slist_free_all(c->headers);
    c->headers = NULL;
    if (c->body.len > 0)
        secret_wipe(c->body.data, c->body.len); /* it may have held a password */
    buf_clear(&c->body);
    c->busy = false;
    c->ended = false;
}

void client_cancel(struct client *c)
{
    if (c->busy)
        detach(c);
}

static int transport_error(const struct client *c, struct err *err)
{
    const struct msg *msg;

    switch (c->outcome) {
    case CURLE_COULDNT_RESOLVE_HOST:
    case CURLE_COULDNT_RESOLVE_PROXY:
        msg = &MSG_RESOLVE;
        break;
    case CURLE_COULDNT_CONNECT:
    case CURLE_GOT_NOTHING:
    case CURLE_RECV_ERROR:
    case CURLE_SEND_ERROR:
        msg = &MSG_CONNECT;
        break;
    case CURLE_OPERATION_TIMEDOUT:
        msg = &MSG_TIMEOUT;
        break;
    case CURLE_PEER_FAILED_VERIFICATION:
    case CURLE_SSL_ISSUER_ERROR:
        msg = &MSG_UNTRUSTED;
        break;
    case CURLE_SSL_CACERT_BADFILE:
        return err_set(err, ERR_BAD_INPUT, &MSG_CA_BAD, c->ca_file, NULL, NULL, NULL);
    case CURLE_SSL_CONNECT_ERROR:
    case CURLE_SSL_CERTPROBLEM:
    case CURLE_SSL_CIPHER:
        msg = &MSG_TLS;
        break;
    default:
        msg = &MSG_NETWORK;
        break;
    }
    return err_set(err, ERR_IO, msg, c->url, curl_easy_strerror(c->outcome), NULL, NULL);
}

int client_end(struct client *c, long *status, struct buf *out, struct err *err)
{
    struct curl_header *header;
    CURLcode outcome = c->outcome;
    int rc = 0;

    assert(c->busy && c->ended);
    c->problem = (struct client_problem){0};
    if (outcome == CURLE_OK) {
        curl_easy_getinfo(c->curl, CURLINFO_RESPONSE_CODE, status);
        c->problem.status = *status;
        if (curl_easy_header(c->curl, "Retry-After", 0, CURLH_HEADER, -1, &header) == CURLHE_OK)
            c->problem.retry_after_s = strtol(header->value, NULL, 10);
        if (buf_append(out, c->reply.data, c->reply.len) != 0)
            rc = err_set(err, ERR_NOMEM, NULL, NULL, NULL, NULL, NULL);
    } else {
        rc = transport_error(c, err);
    }
    detach(c);
    return rc;
}

int client_request(struct client *c, const char *method, const char *path, const char *content_type,
                   struct bytes body, long *status, struct buf *out, struct err *err)
{
    unsigned ready;
    int rc = client_begin(c, method, path, content_type, body, err);

    if (rc != 0)
        return rc;
    while (!client_pump(c, NULL, 0, -1, &ready))
        ;
    return client_end(c, status, out, err);
}

/* ---- JSON ---- */

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

static int err_sentence(struct err *err, int code, const char *text)
{
    char pieces[ERR_ARGS_MAX][ERR_ARG_BYTES_MAX];
    size_t len = strlen(text);

    for (size_t i = 0; i < ERR_ARGS_MAX; i++) {
        size_t cut = utf8_cut(text, len, ERR_ARG_BYTES_MAX - 1);
        snprintf(pieces[i], sizeof(pieces[i]), "%.*s", (int)cut, text);
        text += cut;
        len -= cut;
    }
    return err_set(err, code, &MSG_PROBLEM, pieces[0], pieces[1], pieces[2], pieces[3]);
}

int client_refusal(struct client *c, long status, struct bytes reply, struct err *err)
{
    json_t *problem = json_loadb((const char *)reply.data, reply.len, 0, NULL);
    const char *detail = json_string_value(json_object_get(problem, "detail"));
    const char *type = json_string_value(json_object_get(problem, "type"));
    const char *slash = type != NULL ? strrchr(type, '/') : NULL;
    char number[24];
    int code = code_of_status(status);

    if (slash != NULL)
        snprintf(c->problem.id, sizeof(c->problem.id), "%s", slash + 1);
    if (detail != NULL)
        err_sentence(err, code, detail);
    else
        err_set(err, code, &MSG_NOT_OURS, c->url, err_int(number, status), NULL, NULL);
    json_decref(problem);
    return code;
}

int client_json_begin(struct client *c, const char *method, const char *path, const json_t *body,
                      struct err *err)
{
    char *text = body != NULL ? json_dumps(body, JSON_COMPACT) : NULL;
    int rc = client_begin(c, method, path, body != NULL ? "application/json" : NULL,
                          bytes_of_text(text), err);

    free(text);
    return rc;
}

int client_json_end(struct client *c, json_t **out, struct err *err)
{
    struct buf reply = {0};
    json_t *parsed = NULL;
    long status = 0;
    int rc = client_end(c, &status, &reply, err);

    if (rc != 0)
        goto out;
    if (status < 200 || status > 299) {
        rc = client_refusal(c, status, buf_view(&reply), err);
        goto out;
    }
    if (reply.len > 0)
        parsed = json_loadb((const char *)reply.data, reply.len, 0, NULL);
    if (reply.len > 0 && parsed == NULL) {
        char number[24];
        rc =
            err_set(err, ERR_BAD_INPUT, &MSG_NOT_OURS, c->url, err_int(number, status), NULL, NULL);
    } else if (out != NULL) {
        *out = parsed;
        parsed = NULL;
    }
out:
    json_decref(parsed);
    buf_fini(&reply);
    return rc;
}

int client_json(struct client *c, const char *method, const char *path, const json_t *body,
                json_t **out, struct err *err)
{
    unsigned ready;
    int rc = client_json_begin(c, method, path, body, err);

    if (rc != 0)
        return rc;
    while (!client_pump(c, NULL, 0, -1, &ready))
        ;
    return client_json_end(c, out, err);
}

void url_append(struct buf *out, const char *text)
{
    static const char hex[] = "0123456789ABCDEF";

    for (; *text != '\0'; text++) {
        unsigned char b = (unsigned char)*text;
        bool plain = (b >= 'A' && b <= 'Z') || (b >= 'a' && b <= 'z') || (b >= '0' && b <= '9') ||
                     strchr("-._~", b) != NULL;

        if (plain) {
            buf_append_byte(out, b);
        } else {
            buf_append_byte(out, '%');
            buf_append_byte(out, (uint8_t)hex[b >> 4]);
            buf_append_byte(out, (uint8_t)hex[b & 15]);
        }
    }
}
