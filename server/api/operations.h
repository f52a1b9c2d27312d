/* The operations of docs/openapi.yaml, one row each: method and path, who may call it and on what,
 * what body it takes. Routes are made from this table, and no other place says who may do what.
 *
 * A role is held on a unit and counts for all below it; on "" it counts for everything. Thread: the
 * table is const; functions are reentrant. */
#ifndef MINGFA_API_OPERATIONS_H
#define MINGFA_API_OPERATIONS_H

#include "question-bank/base/bytes.h"
#include "question-bank/base/err.h"
#include "server/http/http.h"
#include "server/live/view.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One bit each. */
enum operation_role {
    ROLE_LIAISON = 1,
    ROLE_OFFICER = 2,
    ROLE_HR = 4,
    ROLE_AUDITOR = 8,
    ROLE_ADMINISTRATOR = 16,
};
enum { OPERATION_ROLES = 5 };

/* On what a role must be held. */
enum operation_scope {
    SCOPE_NONE,    /* nobody need be logged in */
    SCOPE_OWN,     /* anybody logged in; only what is their own */
    SCOPE_ANY,     /* a role of the mask, wherever it is held */
    SCOPE_UNIT,    /* on ?unit=, by default the top of the caller's scope */
    SCOPE_NAMED,   /* on the unit that the body names, "" everything */
    SCOPE_PERSON,  /* on the present unit of each person the request names */
    SCOPE_ROWS,    /* on the unit of each row of the file */
    SCOPE_SESSION, /* on the present unit of the person whose session it is */
    SCOPE_WHOLE,   /* on everything */
};

struct call;

struct operation {
    const char *id; /* operationId */
    enum http_method method;
    const char *pattern;
    unsigned roles; /* mask; 0 with SCOPE_NONE and SCOPE_OWN */
    enum operation_scope scope;
    bool own_unit_too;     /* SCOPE_UNIT: without a role, one's own unit alone */
    const char *accepts;   /* as in struct route */
    size_t body_bytes_max; /* 0: the server's default */
    void (*handle)(struct call *call);
};

extern const struct operation operations[];
extern const size_t operations_count;

/* "liaison" … for one bit; NULL for anything else. And back, 0 if it is none. */
const char *operation_role_name(enum operation_role role);
unsigned operation_role_parse(struct bytes name);
const char *operation_scope_name(enum operation_scope scope);

/* May the person call the operation on the unit at the civil date? unit: the unit of what it is
 * about, "" everything; not looked at with SCOPE_NONE, _OWN and _ANY. 0, or ERR_DENIED. */
int operation_decide(const struct operation *op, const struct registry_view *view, uint32_t person,
                     struct bytes unit, struct bytes date, struct err *err);
/* Has the person one of these roles on a scope that holds the unit ("" everything)? */
bool operation_role_holds(const struct registry_view *view, unsigned roles, uint32_t person,
                          struct bytes unit, struct bytes date);
/* The same of roles that count today, on the tree as it was then. */
bool operation_role_held(const struct registry_view *view, unsigned roles, uint32_t person,
                         struct bytes unit, struct bytes today, struct bytes then);

enum { OPERATION_SCOPES_MAX = 16 };
/* The units on which the person holds one of these roles, widest first: none is within another.
 * Returns how many, at most OPERATION_SCOPES_MAX. Borrowed from the view. */
size_t operation_scopes(const struct registry_view *view, unsigned roles, uint32_t person,
                        struct bytes date, struct bytes out[OPERATION_SCOPES_MAX]);

#endif
