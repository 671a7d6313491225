/* SPDX-License-Identifier: MIT */
/*
 * command: a command of vmtrace is a const object; main.c holds the list and dispatches.
 */
#ifndef CMD_COMMAND_H
#define CMD_COMMAND_H

#include <stdio.h>

#include "vmtrace/base.h"

/* What the process should end with. */
struct vmt_status {
	int code;
	int signal; /* not 0: end by this signal, as the traced program did */
};

/* Exit codes of vmtrace itself. */
enum {
	VMT_EXIT_WARNED = 3, /* --fail-on */
	VMT_EXIT_FAILED = 125,
	VMT_EXIT_CANNOT_RUN = 126,
	VMT_EXIT_NOT_FOUND = 127,
};

struct vmt_command {
	const char *name;
	const char *usage; /* one line */
	void (*help)(FILE *file);
	/*
	 * argv[0] is the command's name. Returns 0 with *ret_status set; or a negative errno with
	 * one line in @error and ret_status->code set to the exit code for it.
	 */
	int (*run)(int argc, char **argv, struct vmt_status *ret_status, struct vmt_error *error);
};

extern const struct vmt_command vmt_command_run;
extern const struct vmt_command vmt_command_walk;
extern const struct vmt_command vmt_command_show;
extern const struct vmt_command vmt_command_where;
extern const struct vmt_command vmt_command_export;
extern const struct vmt_command vmt_command_diff;
extern const struct vmt_command vmt_command_stat;
extern const struct vmt_command vmt_command_explain;

/* All of them, the one that needs no name first; ended by a NULL. */
extern const struct vmt_command *const vmt_commands[];

/* Says one line on standard error, as "vmtrace: LINE". */
void vmt_say(const char *line);

#endif
