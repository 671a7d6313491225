/* SPDX-License-Identifier: MIT */
/*
 * Command line options from a table (options.h), through getopt_long().
 */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPTIONS_MAX = 64,
	LONG_ONLY = 256 /* getopt values of options without a letter */
};

/* no_argument, required_argument or optional_argument: as many colons as getopt() wants. */
static int argument_of(const struct vmt_option *option)
{
	if (!option->argument)
		return no_argument;
	return option->argument[0] == '[' ? optional_argument : required_argument;
}

/* getopt's two descriptions of the table. The leading '+' stops at the first non-option. */
static void describe(const struct vmt_option *options, size_t count, struct option *longs,
		     char *shorts)
{
	*shorts++ = '+';
	*shorts++ = ':';
	for (size_t i = 0; i < count; i++) {
		longs[i] = (struct option){
			.name = options[i].name,
			.has_arg = argument_of(&options[i]),
			.val = LONG_ONLY + (int)i,
		};
		if (options[i].letter) {
			*shorts++ = options[i].letter;
			for (int colons = argument_of(&options[i]); colons > 0; colons--)
				*shorts++ = ':';
		}
	}
	longs[count] = (struct option){ 0 };
	*shorts = '\0';
}

static const struct vmt_option *option_of(const struct vmt_option *options, size_t count, int value)
{
	if (value >= LONG_ONLY)
		return &options[value - LONG_ONLY];
	for (size_t i = 0; i < count; i++) {
		if (options[i].letter == value)
			return &options[i];
	}
	return NULL;
}

/* The word on the command line that getopt stumbled over. */
static int refuse(int value, char **argv, struct vmt_error *error)
{
	const char *word = argv[optind - 1];
	char letter[3] = { '-', (char)optopt, '\0' };
	const char *what =
		value == ':' ? "needs an argument" : "is not an option, or takes no argument";

	if (optopt && optopt < LONG_ONLY && strncmp(word, "--", 2) != 0)
		word = letter;
	return vmt_error_set(error, EINVAL, "'%s' %s; see 'vmtrace --help'", word, what);
}

int vmt_options_parse(const struct vmt_option *options, size_t count, int argc, char **argv,
		      void *target, struct vmt_error *error)
{
	struct option longs[OPTIONS_MAX + 1];
	char shorts[3 * OPTIONS_MAX + 3];
	int value;

	if (count > OPTIONS_MAX)
		return vmt_error_set(error, EINVAL, "too many options in the table");
	describe(options, count, longs, shorts);
	opterr = 0;
	optind = 0; /* getopt starts anew, and reads the '+' again */
	while ((value = getopt_long(argc, argv, shorts, longs, NULL)) != -1) {
		const struct vmt_option *option;
		int status;

		if (value == '?' || value == ':')
			return refuse(value, argv, error);
		option = option_of(options, count, value);
		status = option->take(target, optarg, error);
		if (status < 0)
			return status;
	}
	return optind;
}

int vmt_option_pid(const char *argument, pid_t *ret_pid, struct vmt_error *error)
{
	char *end;
	long pid;

	errno = 0;
	pid = strtol(argument, &end, 10);
	if (end == argument || *end || errno || pid <= 0 || pid > INT_MAX)
		return vmt_error_set(error, EINVAL,
				     "-p %s: give the number of a process; see 'vmtrace --help'",
				     argument);
	*ret_pid = (pid_t)pid;
	return 0;
}

int vmt_options_words(const struct vmt_option *options, size_t count, int argc, char **argv,
		      void *target, const char **ret_words, int most, struct vmt_error *error)
{
	bool only_words = false;
	int words = 0;

	while (argc > 1) {
		int first = only_words
				    ? 1
				    : vmt_options_parse(options, count, argc, argv, target, error);

		if (first < 0)
			return first;
		only_words |= first > 1 && strcmp(argv[first - 1], "--") == 0;
		if (first == argc)
			break;
		if (words == most)
			return vmt_error_set(error, EINVAL,
					     "'%s' is one word too many; see "
					     "'vmtrace --help'",
					     argv[first]);
		ret_words[words++] = argv[first];
		argc -= first;
		argv += first;
	}
	return words;
}

void vmt_options_help(const struct vmt_option *options, size_t count, FILE *file)
{
	for (size_t i = 0; i < count; i++) {
		char left[64];

		snprintf(left, sizeof(left), "%c%c%s --%s%s%s", options[i].letter ? '-' : ' ',
			 options[i].letter ? options[i].letter : ' ', options[i].letter ? "," : " ",
			 options[i].name, argument_of(&options[i]) == required_argument ? "=" : "",
			 options[i].argument ? options[i].argument : "");
		fprintf(file, "  %-26s %s\n", left, options[i].help);
	}
}
