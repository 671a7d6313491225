/* SPDX-License-Identifier: MIT */
/*
 * expr: a parsed condition. expr.c reads it, expr_match.c holds it against steps.
 *
 *	actor=libc && (size>1M || call~mremap)          nodes[root] is the &&
 *
 *	           &&
 *	          /  \
 *	 actor=libc   ||
 *	             /  \
 *	       size>1M   call~mremap
 */
#ifndef VMT_ANNOTATE_EXPR_H
#define VMT_ANNOTATE_EXPR_H

#include "vmtrace/annotate.h"

enum {
	VMT_EXPR_NODES_MAX = 256, /* bounds the depth of the tree, and so of the recursion */
	VMT_EXPR_NESTING_MAX = 64
};

enum vmt_expr_field {
	VMT_EXPR_ACTOR,
	VMT_EXPR_OBJECT,
	VMT_EXPR_CALL,
	VMT_EXPR_NAME,
	VMT_EXPR_WHAT,
	VMT_EXPR_WHY,
	VMT_EXPR_ERRNO,
	VMT_EXPR_PERMS,
	VMT_EXPR_ADDR,
	VMT_EXPR_SIZE,
	VMT_EXPR_PID,
	VMT_EXPR_TID,
	VMT_EXPR_SPACE,
	VMT_EXPR_STEP,
	VMT_EXPR_FAILED,
	VMT_EXPR_CHANGED,
};

enum vmt_expr_op {
	VMT_EXPR_IS, /* a field that stands alone */
	VMT_EXPR_EQUAL,
	VMT_EXPR_LIKE, /* ~ */
	VMT_EXPR_LESS,
	VMT_EXPR_GREATER,
	VMT_EXPR_IN, /* number[0] to number[1] */
};

struct vmt_expr_node {
	enum vmt_expr_kind {
		VMT_EXPR_TEST,
		VMT_EXPR_NOT,
		VMT_EXPR_AND,
		VMT_EXPR_OR,
	} kind;
	unsigned left; /* NOT, AND, OR: indexes of nodes */
	unsigned right;
	enum vmt_expr_field field; /* TEST */
	enum vmt_expr_op op;
	char *text; /* the value as it was written; owned; NULL if there is none */
	uint64_t number[2]; /* of fields that are numbers */
};

struct vmt_expr {
	struct vmt_expr_node nodes[VMT_EXPR_NODES_MAX];
	unsigned count;
	unsigned root;
};

#endif
