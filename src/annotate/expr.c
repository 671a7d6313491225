/* SPDX-License-Identifier: MIT */
/*
 * The language of --filter, read by recursive descent:
 *
 *	either = both { "||" both }
 *	both   = single { "&&" single }
 *	single = "!" single | "(" either ")" | test
 *	test   = FLAG | FIELD ("=" | "!=" | "~" | "!~" | "<" | "<=" | ">" | ">=") VALUE
 *	       | FIELD "in" NUMBER "-" NUMBER
 *
 * Blanks may stand anywhere between words. A value is a bare word or stands in quotes. What is wrong
 * is told with its column, because a shell may have changed what was typed.
 *
 * Invariant: an expression that was parsed can be matched without further checks: fields have values
 * of their kind, nodes point to nodes before them.
 */
#include "expr.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum kind {
	KIND_TEXT,
	KIND_PERMS,
	KIND_NUMBER,
	KIND_FLAG
};

static const struct field {
	const char *name;
	enum vmt_expr_field field;
	enum kind kind;
} fields[] = {
	{ "actor", VMT_EXPR_ACTOR, KIND_TEXT },   { "object", VMT_EXPR_OBJECT, KIND_TEXT },
	{ "call", VMT_EXPR_CALL, KIND_TEXT },     { "name", VMT_EXPR_NAME, KIND_TEXT },
	{ "what", VMT_EXPR_WHAT, KIND_TEXT },     { "why", VMT_EXPR_WHY, KIND_TEXT },
	{ "errno", VMT_EXPR_ERRNO, KIND_TEXT },   { "perms", VMT_EXPR_PERMS, KIND_PERMS },
	{ "addr", VMT_EXPR_ADDR, KIND_NUMBER },   { "size", VMT_EXPR_SIZE, KIND_NUMBER },
	{ "pid", VMT_EXPR_PID, KIND_NUMBER },     { "tid", VMT_EXPR_TID, KIND_NUMBER },
	{ "space", VMT_EXPR_SPACE, KIND_NUMBER }, { "step", VMT_EXPR_STEP, KIND_NUMBER },
	{ "failed", VMT_EXPR_FAILED, KIND_FLAG }, { "changed", VMT_EXPR_CHANGED, KIND_FLAG },
};

struct parser {
	const char *text;
	const char *at;
	unsigned nesting;
	struct vmt_expr *expr;
	struct vmt_error *error;
};

static int wrong(const struct parser *parser, const char *where, const char *what)
{
	return vmt_error_set(parser->error, EINVAL, "column %zu: %s: '%s'",
			     vmt_text_width(parser->text) - vmt_text_width(where) + 1, what,
			     parser->text);
}

static void skip_blanks(struct parser *parser)
{
	while (isspace((unsigned char)*parser->at))
		parser->at++;
}

/* Takes @token if it is next. */
static bool take(struct parser *parser, const char *token)
{
	size_t length = strlen(token);

	skip_blanks(parser);
	if (strncmp(parser->at, token, length) != 0)
		return false;
	parser->at += length;
	return true;
}

/* The tree takes over node.text, unless this fails. */
static int add_node(struct parser *parser, struct vmt_expr_node node, unsigned *ret_index)
{
	struct vmt_expr *expr = parser->expr;

	if (expr->count == VMT_EXPR_NODES_MAX)
		return wrong(parser, parser->at, "the expression is too long");
	*ret_index = expr->count;
	expr->nodes[expr->count++] = node;
	return 0;
}

/* ---- Values --------------------------------------------------------------------------------- */

/* A word that ends at a blank, at what joins tests, or at its quote. The caller frees it. */
static int take_value(struct parser *parser, const char *stop, char **ret_value)
{
	const char *start;
	char quote = '\0';
	size_t length;

	skip_blanks(parser);
	start = parser->at;
	if (*start == '"' || *start == '\'')
		quote = *start++;
	if (quote) {
		const char *end = strchr(start, quote);

		if (!end)
			return wrong(parser, parser->at, "this quote has no end");
		length = (size_t)(end - start);
		parser->at = end + 1;
	} else {
		length = strcspn(start, stop);
		if (!length)
			return wrong(parser, start, "expected a value");
		parser->at = start + length;
	}
	*ret_value = vmt_malloc(length + 1);
	memcpy(*ret_value, start, length);
	(*ret_value)[length] = '\0';
	return 0;
}

static int take_number(struct parser *parser, const char *stop, uint64_t *ret_number)
{
	const char *start;
	char *value;
	int r;

	skip_blanks(parser);
	start = parser->at;
	r = take_value(parser, stop, &value);
	if (r)
		return r;
	if (vmt_parse_u64(value, ret_number))
		r = wrong(parser, start, "expected a number, such as 4096, 1M or 0x7f0000000000");
	free(value);
	return r;
}

/* For '=': "rw-p" or its beginning, "rw-"; for '~': letters that must be among them. */
static bool perms_valid(const char *value, enum vmt_expr_op op)
{
	static const char *const places[] = { "r-", "w-", "x-", "ps" };
	size_t length = strlen(value);

	if (length == 0 || length > vmt_countof(places))
		return false;
	if (op == VMT_EXPR_LIKE)
		return strspn(value, "rwxps") == length;
	for (size_t i = 0; i < length; i++) {
		if (!strchr(places[i], value[i]))
			return false;
	}
	return true;
}

static int take_text(struct parser *parser, enum kind kind, struct vmt_expr_node *node)
{
	const char *start;
	int r;

	skip_blanks(parser);
	start = parser->at;
	r = take_value(parser, " \t\r\n&|()", &node->text);
	if (!r && kind == KIND_PERMS && !perms_valid(node->text, node->op)) {
		free(node->text);
		node->text = NULL;
		r = wrong(parser, start,
			  node->op == VMT_EXPR_LIKE
				  ? "expected some of the letters rwxps"
				  : "expected permissions as maps has them, such as rw-p or r-x");
	}
	return r;
}

/* ---- Tests ---------------------------------------------------------------------------------- */

struct operator
{
	const char *token;
	enum vmt_expr_op op;
	bool negated;
};

/* Longer ones first: "!=" is not "!". */
static const struct operator operators[] = {
	{ "!=", VMT_EXPR_EQUAL, true },   { "!~", VMT_EXPR_LIKE, true },
	{ "<=", VMT_EXPR_GREATER, true }, { ">=", VMT_EXPR_LESS, true },
	{ "==", VMT_EXPR_EQUAL, false },  { "=", VMT_EXPR_EQUAL, false },
	{ "~", VMT_EXPR_LIKE, false },    { "<", VMT_EXPR_LESS, false },
	{ ">", VMT_EXPR_GREATER, false }, { "in ", VMT_EXPR_IN, false },
};

static const struct operator* take_operator(struct parser *parser)
{
	for (size_t i = 0; i < vmt_countof(operators); i++) {
		if (take(parser, operators[i].token))
			return &operators[i];
	}
	return NULL;
}

static bool op_fits(enum kind kind, enum vmt_expr_op op)
{
	if (op == VMT_EXPR_EQUAL)
		return true;
	return (op == VMT_EXPR_LIKE) == (kind != KIND_NUMBER);
}

static int take_operand(struct parser *parser, enum kind kind, struct vmt_expr_node *node)
{
	const char *start;
	int r;

	if (kind != KIND_NUMBER)
		return take_text(parser, kind, node);
	if (node->op != VMT_EXPR_IN)
		return take_number(parser, " \t\r\n&|()", &node->number[0]);
	skip_blanks(parser);
	start = parser->at;
	r = take_number(parser, " \t\r\n&|()-", &node->number[0]);
	if (!r && !take(parser, "-"))
		r = wrong(parser, parser->at, "expected '-' and the end of the range");
	if (!r)
		r = take_number(parser, " \t\r\n&|()-", &node->number[1]);
	if (!r && node->number[1] < node->number[0])
		r = wrong(parser, start, "the range ends before it begins");
	return r;
}

static const struct field *take_field(struct parser *parser)
{
	size_t length;

	skip_blanks(parser);
	length = strspn(parser->at, "abcdefghijklmnopqrstuvwxyz");
	for (size_t i = 0; i < vmt_countof(fields); i++) {
		if (strlen(fields[i].name) == length &&
		    strncmp(fields[i].name, parser->at, length) == 0) {
			parser->at += length;
			return &fields[i];
		}
	}
	return NULL;
}

static int parse_test(struct parser *parser, unsigned *ret_index)
{
	struct vmt_expr_node node = { .kind = VMT_EXPR_TEST };
	const struct field *field = take_field(parser);
	const struct operator* operator;
	const char *start;
	int r;

	if (!field)
		return wrong(parser, parser->at,
			     "expected actor, object, call, name, what, why, errno, perms, addr, "
			     "size, pid, tid, space, step, failed or changed");
	node.field = field->field;
	if (field->kind == KIND_FLAG)
		return add_node(parser, node, ret_index);
	skip_blanks(parser);
	start = parser->at;
	operator= take_operator(parser);
	if (!operator)
		return wrong(parser, start, "expected =, !=, ~, !~, <, <=, >, >= or in");
	if (!op_fits(field->kind, operator->op))
		return wrong(parser, start,
			     field->kind == KIND_NUMBER
				     ? "a number is compared with =, !=, <, <=, >, >= or in"
				     : "a text is compared with =, !=, ~ or !~");
	node.op = operator->op;
	r = take_operand(parser, field->kind, &node);
	if (r)
		return r;
	r = add_node(parser, node, ret_index);
	if (r)
		free(node.text);
	else if (operator->negated)
		r = add_node(parser,
			     (struct vmt_expr_node){ .kind = VMT_EXPR_NOT, .left = *ret_index },
			     ret_index);
	return r;
}

/* ---- What joins them ------------------------------------------------------------------------ */

static int parse_either(struct parser *parser, unsigned *ret_index);

static int parse_single(struct parser *parser, unsigned *ret_index)
{
	int r;

	if (parser->nesting == VMT_EXPR_NESTING_MAX)
		return wrong(parser, parser->at, "too many parentheses in each other");
	parser->nesting++;
	if (take(parser, "!")) {
		r = parse_single(parser, ret_index);
		if (!r)
			r = add_node(
				parser,
				(struct vmt_expr_node){ .kind = VMT_EXPR_NOT, .left = *ret_index },
				ret_index);
	} else if (take(parser, "(")) {
		r = parse_either(parser, ret_index);
		if (!r && !take(parser, ")"))
			r = wrong(parser, parser->at, "expected && or || or )");
	} else {
		r = parse_test(parser, ret_index);
	}
	parser->nesting--;
	return r;
}

static int parse_both(struct parser *parser, unsigned *ret_index)
{
	struct vmt_expr_node node = { .kind = VMT_EXPR_AND };
	int r = parse_single(parser, ret_index);

	while (!r && take(parser, "&&")) {
		node.left = *ret_index;
		r = parse_single(parser, &node.right);
		if (!r)
			r = add_node(parser, node, ret_index);
	}
	return r;
}

static int parse_either(struct parser *parser, unsigned *ret_index)
{
	struct vmt_expr_node node = { .kind = VMT_EXPR_OR };
	int r = parse_both(parser, ret_index);

	while (!r && take(parser, "||")) {
		node.left = *ret_index;
		r = parse_both(parser, &node.right);
		if (!r)
			r = add_node(parser, node, ret_index);
	}
	return r;
}

int vmt_expr_parse(const char *text, struct vmt_expr **ret_expr, struct vmt_error *error)
{
	struct parser parser = {
		.text = text,
		.at = text,
		.expr = vmt_calloc(1, sizeof(struct vmt_expr)),
		.error = error,
	};
	int r = parse_either(&parser, &parser.expr->root);

	skip_blanks(&parser);
	if (!r && *parser.at)
		r = wrong(&parser, parser.at, "expected && or || or the end");
	if (r)
		vmt_expr_free(parser.expr);
	else
		*ret_expr = parser.expr;
	return r;
}

void vmt_expr_free(struct vmt_expr *expr)
{
	for (unsigned i = 0; expr && i < expr->count; i++)
		free(expr->nodes[i].text);
	free(expr);
}
