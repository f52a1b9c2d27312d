/* Intrusive queue. No locking of its own. */
#include "question-bank/base/list.h"

void list_push(struct list *l, struct list_node *n)
{
    n->next = NULL;
    if (l->tail != NULL)
        l->tail->next = n;
    else
        l->head = n;
    l->tail = n;
    l->count++;
}

struct list_node *list_pop(struct list *l)
{
    struct list_node *n = l->head;

    if (n == NULL)
        return NULL;
    l->head = n->next;
    if (l->head == NULL)
        l->tail = NULL;
    l->count--;
    n->next = NULL;
    return n;
}

void list_concat(struct list *to, struct list *from)
{
    if (from->head == NULL)
        return;
    if (to->tail != NULL)
        to->tail->next = from->head;
    else
        to->head = from->head;
    to->tail = from->tail;
    to->count += from->count;
    from->head = from->tail = NULL;
    from->count = 0;
}

bool list_is_empty(const struct list *l)
{
    return l->head == NULL;
}
