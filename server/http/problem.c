/* Problems (problem.h): data becomes a sentence here, at the edge. */
#include "server/http/problem.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct title {
    int status;
    const char *zh;
    const char *en;
};

static const struct title titles[] = {
    {400, "请求有误", "Bad request"},
    {401, "须先登录", "Not logged in"},
    {403, "无权操作", "Not permitted"},
    {404, "没有找到", "Not found"},
    {405, "方法不支持", "Method not allowed"},
    {409, "与当前状态冲突", "Conflict"},
    {411, "缺少正文长度", "Length required"},
    {413, "内容过大", "Content too large"},
    {415, "类型不支持", "Unsupported media type"},
    {422, "无法满足", "Cannot be satisfied"},
    {429, "请求过于频繁", "Too many requests"},
    {431, "请求头过长", "Header too large"},
    {500, "服务器内部错误", "Internal error"},
    {503, "暂时不能服务", "Temporarily unavailable"},
};

static const struct title *title_find(int status)
{
    for (size_t i = 0; i < sizeof titles / sizeof titles[0]; i++) {
        if (titles[i].status == status)
            return &titles[i];
    }
    return &titles[status >= 500 ? sizeof titles / sizeof titles[0] - 2 : 0];
}

int problem_status(int err_code)
{
    switch (err_code) {
    case ERR_BAD_INPUT:
        return 400;
    case ERR_UNAUTHENTIC:
        return 401;
    case ERR_DENIED:
        return 403;
    case ERR_NOT_FOUND:
        return 404;
    case ERR_EXISTS:
    case ERR_CONFLICT:
    case ERR_LATE:
    case ERR_STALE:
        return 409;
    case ERR_LIMIT:
        return 413;
    case ERR_INFEASIBLE:
        return 422;
    case ERR_BUSY:
    case ERR_IO:
    case ERR_UNKNOWN:
        return 503;
    default:
        return 500;
    }
}

int problem_write(const struct err *err, int status, enum lang lang, const json_t *members,
                  struct buf *out)
{
    const struct title *t = title_find(status);
    const char *title = lang == LANG_EN ? t->en : t->zh;
    char type[96];
    char detail[ERR_TEXT_BYTES_MAX];
    char *text = NULL;
    json_t *object;
    int rc = ERR_NOMEM;

    snprintf(type, sizeof type, "/problems/%s",
             err->msg != NULL ? err->msg->id : err_code_name(err->code));
    if (err->msg != NULL)
        err_text(err, lang, detail, sizeof detail);
    else
        snprintf(detail, sizeof detail, lang == LANG_EN ? "%s." : "%s。", title);
    object = json_pack("{s:s, s:s, s:i, s:s}", "type", type, "title", title, "status", status,
                       "detail", detail);
    if (object == NULL ||
        (members != NULL && json_object_update_missing(object, (json_t *)members) != 0))
        goto out;
    text = json_dumps(object, JSON_COMPACT);
    if (text != NULL)
        rc = buf_append_text(out, text);
out:
    free(text);
    json_decref(object);
    return rc;
}

void problem_reply_with(struct http_request *req, const struct err *err, int status,
                        const json_t *members, unsigned retry_after_s)
{
    struct buf body = {0};
    char number[24];

    if (status == 0)
        status = problem_status(err->code);
    if (retry_after_s == 0 && status == 503)
        retry_after_s = PROBLEM_RETRY_AFTER_S;
    if (retry_after_s > 0)
        http_reply_header(req, "Retry-After", err_int(number, retry_after_s));
    if (status == 401)
        http_reply_header(req, "WWW-Authenticate", "Bearer");
    /* Without memory for the body, the status still arrives. */
    if (problem_write(err, status, req->lang, members, &body) != 0)
        buf_clear(&body);
    http_reply(req, status, body.len > 0 ? "application/problem+json" : NULL, buf_view(&body));
    buf_fini(&body);
}

void problem_reply(struct http_request *req, const struct err *err)
{
    problem_reply_with(req, err, 0, NULL, 0);
}
