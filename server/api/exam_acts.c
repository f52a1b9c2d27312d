/* What happens to an exam besides opening and closing: the two shares of its seed, exemptions, items
 * withdrawn. */
#include "server/api/call.h"
#include "server/api/handlers.h"

#include <string.h>

enum { DOCUMENT_BYTES_MAX = 240 };

static const struct msg msg_own = {"exemption-own",
                                   "不能为本人办理免考或缓考，请由其他考务人员办理。",
                                   "Nobody decides on their own exemption; another officer must."};

static void answer_done(struct call *call)
{
    call_reply_empty(call);
}

/* Whose share, and its 32 bytes under `name`. False: the call has ended. */
static bool read_share(struct call *call, const char *name, uint8_t out[32])
{
    static const char *const holders[] = {"officer", "custodian"};
    const char *const members[] = {"which", name};
    struct share_input *in = &call->job.in.share;
    struct err err = {0};
    size_t which = 0;
    int rc;

    if (!call_uuid(call, "exam", in->exam_uuid) || !call_members(call, members, 2))
        return false;
    rc = json_in_choice(&call->in, "which", holders, 2, &which, &err);
    if (rc == 0)
        rc = json_in_hex(&call->in, name, out, 32, &err);
    in->which = which == 0 ? SHARE_OFFICER : SHARE_CUSTODIAN;
    return call_check(call, rc, &err);
}

void handle_commit_share(struct call *call)
{
    if (read_share(call, "digest", call->job.in.share.digest.b))
        call_submit(call, JOB_SHARE_COMMIT, answer_done);
}

void handle_reveal_share(struct call *call)
{
    if (read_share(call, "share", call->job.in.share.share))
        call_submit(call, JOB_SHARE_REVEAL, answer_done);
}

/* Within the scope, and not who asks. */
static int may_exempt(const struct call *call, struct bytes number, struct err *err)
{
    int rc = call_decide_person(call, number, err);

    if (rc == 0 && roster_find_person(call->view->roster, number) == (int64_t)call->login.person)
        rc = err_set(err, ERR_DENIED, &msg_own, NULL, NULL, NULL, NULL);
    return rc;
}

void handle_set_exemption(struct call *call)
{
    static const char *const kinds[] = {"none", "exempt", "deferred"};
    static const char *const members[] = {"kind", "reason", "document"};
    struct exemption_input *in = &call->job.in.exemption;
    struct arena *arena = &call->req->arena;
    struct err err = {0};
    size_t kind = 0;
    int rc;

    if (!call_uuid(call, "exam", in->exam_uuid) || !call_members(call, members, 3))
        return;
    in->person = call_param(call, "person");
    rc = json_in_choice(&call->in, "kind", kinds, 3, &kind, &err);
    if (rc == 0)
        rc = json_in_text(&call->in, "reason", 1, REASON_BYTES_MAX, arena, &in->reason, &err);
    if (rc == 0)
        rc = json_in_text(&call->in, "document", 0, DOCUMENT_BYTES_MAX, arena, &in->document, &err);
    if (rc == 0)
        rc = may_exempt(call, in->person, &err);
    if (!call_check(call, rc, &err))
        return;
    in->kind = (uint32_t)kind; /* the numbers of enum exemption_kind */
    call_submit(call, JOB_EXEMPTION, answer_done);
}

void handle_withdraw_item(struct call *call)
{
    static const char *const members[] = {"item", "reason"};
    struct withdrawal_input *in = &call->job.in.withdrawal;
    struct arena *arena = &call->req->arena;
    struct err err = {0};
    int rc;

    if (!call_uuid(call, "exam", in->exam_uuid) || !call_members(call, members, 2))
        return;
    rc = json_in_text(&call->in, "item", 1, ITEM_ID_BYTES_MAX, arena, &in->item, &err);
    if (rc == 0)
        rc = json_in_text(&call->in, "reason", 1, REASON_BYTES_MAX, arena, &in->reason, &err);
    if (call_check(call, rc, &err))
        call_submit(call, JOB_WITHDRAW, answer_done);
}
