/* SPDX-License-Identifier: MIT */
/*
 * options: one table per command feeds both getopt_long() and --help, so that they cannot differ;
 * tests/lint/options.sh holds the man page and the completions to the same table.
 */
#ifndef CMD_OPTIONS_H
#define CMD_OPTIONS_H

#include <stdio.h>
#include <sys/types.h>

#include "vmtrace/base.h"

struct vmt_option {
	const char *name; /* long name, without the dashes */
	char letter; /* short name, 0 if none */
	/* What stands for the argument in --help; "[=…]" if it can be left out; NULL: takes none. */
	const char *argument;
	const char *help;
	/* Takes the option's argument (NULL if none was given) into @target. 0, or -EINVAL with a line. */
	int (*take)(void *target, const char *argument, struct vmt_error *error);
};

/*
 * Parses argv[1…] up to the first word that is no option, or "--". Returns the index of the first
 * word not taken, or -EINVAL with one line in @error that names the option at fault.
 */
VMT_MUST_CHECK int vmt_options_parse(const struct vmt_option *options, size_t count, int argc,
				     char **argv, void *target, struct vmt_error *error);

/*
 * The number of a process, as -p takes it. 0, or -EINVAL with one line in @error.
 */
VMT_MUST_CHECK int vmt_option_pid(const char *argument, pid_t *ret_pid, struct vmt_error *error);

/*
 * The same for a command whose options and words may be mixed, as in `show run.vmt --step 3`. The
 * words, at most @most, go to @ret_words; returns how many, or -EINVAL with one line.
 */
VMT_MUST_CHECK int vmt_options_words(const struct vmt_option *options, size_t count, int argc,
				     char **argv, void *target, const char **ret_words, int most,
				     struct vmt_error *error);

/* The options as --help shows them, one a line. */
void vmt_options_help(const struct vmt_option *options, size_t count, FILE *file);

#endif
