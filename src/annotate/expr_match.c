/* SPDX-License-Identifier: MIT */
/*
 * Conditions held against steps. A step has one actor and one size, but may have several names and
 * reasons: there a test holds if it holds for one of them, and its negation if for none.
 *
 * Where a step is, and what rights it left, is what its line in the log shows (where.c).
 */
#include <string.h>

#include "expr.h"

/*
 * '*' is any text, '?' one byte. fnmatch() is not used: with many stars it takes time that grows
 * without bound on names that the target chose.
 */
static bool glob(const char *pattern, const char *text)
{
	const char *star = NULL;
	const char *behind = NULL; /* the text that the last star has not taken */

	while (*text) {
		if (*pattern == '*') {
			star = ++pattern;
			behind = text;
		} else if (*pattern == '?' || *pattern == *text) {
			pattern++;
			text++;
		} else if (star) {
			pattern = star;
			text = ++behind;
		} else {
			return false;
		}
	}
	while (*pattern == '*')
		pattern++;
	return !*pattern;
}

static bool text_is(const struct vmt_expr_node *node, const char *text)
{
	if (!text)
		text = "";
	if (node->op == VMT_EXPR_EQUAL)
		return strcmp(text, node->text) == 0;
	if (strpbrk(node->text, "*?"))
		return glob(node->text, text);
	return strstr(text, node->text) != NULL;
}

/* A file by its path or by its last component. */
static bool path_is(const struct vmt_expr_node *node, const char *path)
{
	return path && (text_is(node, path) || text_is(node, vmt_base_name(path)));
}

static bool name_is(const struct vmt_expr_node *node, const struct vmt_step *step)
{
	const struct vmt_vma_view *now, *before;
	uint64_t start, end;

	vmt_where(step, &start, &end);
	now = vmt_where_view(step->added.data, step->added.count, start, end);
	before = vmt_where_view(step->removed.data, step->removed.count, start, end);
	return path_is(node, step->file_name) || (now && path_is(node, now->map.name)) ||
	       (before && path_is(node, before->map.name));
}

static bool why_is(const struct vmt_expr_node *node, const struct vmt_step *step)
{
	for (unsigned i = 0; i < step->why_count; i++) {
		if (text_is(node, vmt_why_name(step->why[i].id)))
			return true;
	}
	return false;
}

static bool call_failed(const struct vmt_step *step)
{
	return step->event && step->event->kind == VMT_EVENT_CALL && step->event->failed;
}

static bool errno_is(const struct vmt_expr_node *node, const struct vmt_step *step)
{
	char name[24];

	return call_failed(step) && text_is(node, vmt_errno_name((int)-step->event->result, name));
}

static bool perms_are(const struct vmt_expr_node *node, const struct vmt_step *step)
{
	const struct vmt_vma_view *view;
	uint64_t start, end;
	char perms[5];

	vmt_where(step, &start, &end);
	view = vmt_where_view(step->added.data, step->added.count, start, end);
	if (!view)
		view = vmt_where_view(step->removed.data, step->removed.count, start, end);
	if (!view)
		return false;
	vmt_perms_text(view->map.perms, perms);
	if (node->op == VMT_EXPR_EQUAL)
		return strncmp(perms, node->text, strlen(node->text)) == 0;
	return strlen(node->text) <= 4 && node->text[strspn(node->text, perms)] == '\0';
}

static bool number_is(const struct vmt_expr_node *node, uint64_t number)
{
	switch (node->op) {
	case VMT_EXPR_LESS:
		return number < node->number[0];
	case VMT_EXPR_GREATER:
		return number > node->number[0];
	case VMT_EXPR_IN:
		return node->number[0] <= number && number <= node->number[1];
	default:
		return number == node->number[0];
	}
}

/* Whether [start, end) has the address, or lies below, above or in the range. */
static bool range_is(const struct vmt_expr_node *node, uint64_t start, uint64_t end)
{
	switch (node->op) {
	case VMT_EXPR_LESS:
		return start < node->number[0];
	case VMT_EXPR_GREATER:
		return start > node->number[0];
	case VMT_EXPR_IN:
		return start < node->number[1] && node->number[0] < end;
	default:
		return start <= node->number[0] && node->number[0] < end;
	}
}

static bool address_is(const struct vmt_expr_node *node, const struct vmt_step *step)
{
	struct vmt_mapping before, now;
	uint64_t start, end;

	/* What mremap() has left counts as well as where it went. */
	if (vmt_where_remapped(step, &before, &now) && range_is(node, before.start, before.end))
		return true;
	vmt_where(step, &start, &end);
	if (!start && !end)
		return step->whole;
	return range_is(node, start, vmt_max_u64(end, start + 1));
}

static uint64_t size_of(const struct vmt_step *step)
{
	uint64_t start, end;

	vmt_where(step, &start, &end);
	return end > start ? end - start : 0;
}

static bool test(const struct vmt_expr_node *node, const struct vmt_step *step)
{
	switch (node->field) {
	case VMT_EXPR_ACTOR:
		return text_is(node, step->actor);
	case VMT_EXPR_OBJECT:
		return path_is(node, step->object);
	case VMT_EXPR_CALL:
		return text_is(node, step->event ? vmt_call_info(step->event->call)->name : "");
	case VMT_EXPR_NAME:
		return name_is(node, step);
	case VMT_EXPR_WHAT:
		return text_is(node, step->what);
	case VMT_EXPR_WHY:
		return why_is(node, step);
	case VMT_EXPR_ERRNO:
		return errno_is(node, step);
	case VMT_EXPR_PERMS:
		return perms_are(node, step);
	case VMT_EXPR_ADDR:
		return address_is(node, step);
	case VMT_EXPR_SIZE:
		return number_is(node, size_of(step));
	case VMT_EXPR_PID:
		return number_is(node, (uint64_t)step->pid);
	case VMT_EXPR_TID:
		return number_is(node, (uint64_t)step->tid);
	case VMT_EXPR_SPACE:
		return number_is(node, step->space);
	case VMT_EXPR_STEP:
		return number_is(node, step->number);
	case VMT_EXPR_FAILED:
		return call_failed(step);
	case VMT_EXPR_CHANGED:
		return step->added.count + step->removed.count > 0;
	}
	return false;
}

static bool match(const struct vmt_expr *expr, unsigned index, const struct vmt_step *step)
{
	const struct vmt_expr_node *node = &expr->nodes[index];

	switch (node->kind) {
	case VMT_EXPR_TEST:
		return test(node, step);
	case VMT_EXPR_NOT:
		return !match(expr, node->left, step);
	case VMT_EXPR_AND:
		return match(expr, node->left, step) && match(expr, node->right, step);
	case VMT_EXPR_OR:
		return match(expr, node->left, step) || match(expr, node->right, step);
	}
	return false;
}

bool vmt_expr_match(const struct vmt_expr *expr, const struct vmt_step *step)
{
	return match(expr, expr->root, step);
}
