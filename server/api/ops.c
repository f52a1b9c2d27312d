/* Is it alive, can it store answers, how is it doing. */
#include "server/api/call.h"
#include "server/api/handlers.h"

#include <string.h>

static const struct msg msg_not_ready = {"not-ready", "暂时不能保存作答。",
                                         "Answers cannot be stored at the moment."};
static const struct msg msg_loopback = {"loopback-only", "此地址只能从本机访问。",
                                        "This is served to the machine itself only."};

void handle_health(struct call *call)
{
    buf_append_text(&call->out, "ok\n");
    call_reply_text(call, 200, "text/plain; charset=utf-8");
}

void handle_ready(struct call *call)
{
    struct err err = {0};

    if (!live_is_ready(call->api->live)) {
        err_set(&err, ERR_BUSY, &msg_not_ready, NULL, NULL, NULL, NULL);
        call_fail(call, &err);
        return;
    }
    buf_append_text(&call->out, "ready\n");
    call_reply_text(call, 200, "text/plain; charset=utf-8");
}

void handle_metrics(struct call *call)
{
    const struct api_options *o = &call->api->options;
    const char *peer = call->req->peer;
    struct err err = {0};

    if (strncmp(peer, "127.", 4) != 0 && strcmp(peer, "::1") != 0 &&
        strncmp(peer, "::ffff:127.", 11) != 0) {
        err_set(&err, ERR_DENIED, &msg_loopback, NULL, NULL, NULL, NULL);
        call_fail(call, &err);
        return;
    }
    if (o->metrics != NULL)
        o->metrics(o->metrics_arg, &call->out);
    call_reply_text(call, 200, "text/plain; version=0.0.4; charset=utf-8");
}
