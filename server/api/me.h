/* What a person sees of themselves. */
#ifndef MINGFA_API_ME_H
#define MINGFA_API_ME_H

#include "server/api/call.h"

/* The Me object, under a name or at the top. call->view must hold the person. */
void me_write(struct call *call, const char *name, uint32_t person);

#endif
