/* A singly linked, intrusive queue of jobs-like things: append at the tail, take all.
 *
 * The node is embedded in the thing; the queue owns nothing. `list_entry` recovers the thing.
 * Thread: no locking of its own. */
#ifndef MINGFA_BASE_LIST_H
#define MINGFA_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_node {
    struct list_node *next;
};

/* Zero-initialised is empty. */
struct list {
    struct list_node *head;
    struct list_node *tail;
    size_t count;
};

void list_push(struct list *l, struct list_node *n);  /* takes n, at the tail */
struct list_node *list_pop(struct list *l);           /* from the head, or NULL */
void list_concat(struct list *to, struct list *from); /* from becomes empty */
bool list_is_empty(const struct list *l);

/* The thing of `type` whose `member` is this node. */
#define list_entry(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

#endif
