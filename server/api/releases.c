/* Releases of the bank that opened with a quorum, and who signed them. */
#include "server/api/call.h"
#include "server/api/handlers.h"

void handle_releases(struct call *call)
{
    const struct api_options *o = &call->api->options;
    struct json_out *w = &call->w;

    json_out_object(w, NULL);
    json_out_array(w, "releases");
    for (size_t i = 0; i < o->releases_count; i++) {
        const struct api_release *r = &o->releases[i];
        const struct manifest *m = bank_manifest(r->bank);

        json_out_object(w, NULL);
        json_out_digest(w, "digest", bank_digest(r->bank));
        json_out_text(w, "name", m->name);
        json_out_int(w, "items", (int64_t)m->item_count);
        json_out_bool(w, "sample", m->sample);
        json_out_array(w, "signers");
        for (size_t k = 0; k < r->signers_count; k++) {
            if (r->signers[k].standing == SIGNER_COUNTS)
                json_out_string(w, NULL, r->signers[k].name);
        }
        json_out_end(w);
        json_out_end(w);
    }
    json_out_end(w);
    json_out_end(w);
    call_reply(call, 200);
}
