/* SPDX-License-Identifier: MIT */
/*
 * Options about what the text shows (views.h).
 */
#include "views.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

int vmt_take_words(const struct vmt_word *words, size_t count, const char *option,
		   const char *argument, unsigned *ret_bits, struct vmt_error *error)
{
	unsigned chosen = 0;

	for (const char *at = argument; *at || !chosen;) {
		size_t length = strcspn(at, ",");
		unsigned found = 0;

		for (size_t i = 0; i < count; i++) {
			if (strlen(words[i].name) == length &&
			    strncmp(words[i].name, at, length) == 0)
				found = words[i].bit;
		}
		if (!found)
			return vmt_error_set(error, EINVAL,
					     "--%s=%s: '%.*s' is not one of its words; see "
					     "'vmtrace --help'",
					     option, argument, (int)length, at);
		chosen |= found;
		at += length + (at[length] == ',');
	}
	*ret_bits = chosen;
	return 0;
}

int vmt_take_log(void *target, const char *argument, struct vmt_error *error)
{
	static const struct vmt_word views[] = {
		{ "steps", VMT_LOG_STEPS },
		{ "map", VMT_LOG_MAP },
		{ "calls", VMT_LOG_CALLS },
	};

	return vmt_take_words(views, vmt_countof(views), "log", argument,
			      &((struct vmt_view_options *)target)->views, error);
}

int vmt_take_show(void *target, const char *argument, struct vmt_error *error)
{
	static const struct vmt_word columns[] = {
		{ "path", VMT_SHOW_PATH },
		{ "flags", VMT_SHOW_FLAGS },
		{ "pt", VMT_SHOW_TABLES },
		{ "tlb", VMT_SHOW_TLB },
	};

	return vmt_take_words(columns, vmt_countof(columns), "show", argument,
			      &((struct vmt_view_options *)target)->show, error);
}

int vmt_take_color(void *target, const char *argument, struct vmt_error *error)
{
	struct vmt_view_options *options = target;

	if (strcmp(argument, "auto") == 0)
		options->color = VMT_COLOR_AUTO;
	else if (strcmp(argument, "always") == 0)
		options->color = VMT_COLOR_ALWAYS;
	else if (strcmp(argument, "never") == 0)
		options->color = VMT_COLOR_NEVER;
	else
		return vmt_error_set(error, EINVAL,
				     "--color=%s: give auto, always or never; see 'vmtrace --help'",
				     argument);
	return 0;
}

int vmt_take_verbose(void *target, const char *argument, struct vmt_error *error)
{
	(void)argument;
	(void)error;
	((struct vmt_view_options *)target)->verbose = true;
	return 0;
}

int vmt_take_teach(void *target, const char *argument, struct vmt_error *error)
{
	(void)argument;
	(void)error;
	((struct vmt_view_options *)target)->teach = true;
	return 0;
}

int vmt_take_filter(void *target, const char *argument, struct vmt_error *error)
{
	struct vmt_view_options *options = target;
	struct vmt_error detail;
	struct vmt_expr *filter;

	if (vmt_expr_parse(argument, &filter, &detail) < 0)
		return vmt_error_set(error, EINVAL, "--filter, %s", detail.text);
	vmt_expr_free(options->filter);
	options->filter = filter;
	return 0;
}

int vmt_take_quiet(void *target, const char *argument, struct vmt_error *error)
{
	(void)argument;
	(void)error;
	((struct vmt_view_options *)target)->quiet++;
	return 0;
}

/* Whether --color=auto may use colours, were the output a terminal. */
static bool terminals_have_color(void)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	return !(no_color && no_color[0]) && !(term && strcmp(term, "dumb") == 0);
}

struct vmt_text_options vmt_view_text(const struct vmt_view_options *view)
{
	return (struct vmt_text_options){
		.views = view->views,
		.show = view->show,
		.verbose = view->verbose,
		.teach = view->teach,
		.fold = view->quiet == 1,
		.quiet = view->quiet > 1,
		.color = view->color == VMT_COLOR_AUTO ? terminals_have_color()
						       : view->color == VMT_COLOR_ALWAYS,
	};
}
