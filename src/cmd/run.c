/* SPDX-License-Identifier: MIT */
/*
 * `vmtrace [run] [OPTIONS] [--] PROGRAM [ARGS...]`: options in, session out.
 */
#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

#include "command.h"
#include "options.h"
#include "outputs.h"
#include "rules.h"
#include "session.h"
#include "views.h"

enum {
	PIDS_MAX = 64,
	STACK_DEPTH = 64, /* of -k without a number */
};

struct run_options {
	struct vmt_view_options view; /* first: views.c takes them */
	const char *paths[VMT_OUTPUTS_MAX]; /* -o */
	size_t path_count; /* 0: standard error */
	pid_t pids[PIDS_MAX]; /* -p */
	size_t pid_count;
	enum vmt_follow follow;
	unsigned fail_on; /* a bit for each enum vmt_warning_id */
	const char *rules;
	enum vmt_check_mode check;
	bool faults;
	unsigned stack_depth;
	bool no_seccomp;
	bool no_aslr;
	bool pin;
	bool help;
	bool version;
};

static int take_output(void *target, const char *argument, struct vmt_error *error)
{
	struct run_options *options = target;

	if (!argument[0])
		return vmt_error_set(error, EINVAL,
				     "-o needs the name of a file; see 'vmtrace --help'");
	if (options->path_count == VMT_OUTPUTS_MAX)
		return vmt_error_set(error, E2BIG, "-o: at most %d files", VMT_OUTPUTS_MAX);
	options->paths[options->path_count++] = argument;
	return 0;
}

static int take_check(void *target, const char *argument, struct vmt_error *error)
{
	struct run_options *options = target;

	if (strcmp(argument, "touched") == 0)
		options->check = VMT_CHECK_TOUCHED;
	else if (strcmp(argument, "full") == 0)
		options->check = VMT_CHECK_FULL;
	else if (strcmp(argument, "off") == 0)
		options->check = VMT_CHECK_OFF;
	else
		return vmt_error_set(error, EINVAL,
				     "--check=%s: give touched, full or off; see 'vmtrace --help'",
				     argument);
	return 0;
}

static int take_pid(void *target, const char *argument, struct vmt_error *error)
{
	struct run_options *options = target;
	pid_t pid;
	int status = vmt_option_pid(argument, &pid, error);

	if (status < 0)
		return status;
	if (options->pid_count == PIDS_MAX)
		return vmt_error_set(error, E2BIG, "-p: at most %d processes", PIDS_MAX);
	options->pids[options->pid_count++] = pid;
	return 0;
}

static int take_follow(void *target, const char *argument, struct vmt_error *error)
{
	struct run_options *options = target;

	if (strcmp(argument, "all") == 0)
		options->follow = VMT_FOLLOW_ALL;
	else if (strcmp(argument, "threads") == 0)
		options->follow = VMT_FOLLOW_THREADS;
	else if (strcmp(argument, "none") == 0)
		options->follow = VMT_FOLLOW_NONE;
	else
		return vmt_error_set(error, EINVAL,
				     "--follow=%s: give all, threads or none; see 'vmtrace --help'",
				     argument);
	return 0;
}

static int take_fail_on(void *target, const char *argument, struct vmt_error *error)
{
	struct vmt_word words[VMT_WARNING_COUNT + 1];

	for (unsigned id = 0; id < VMT_WARNING_COUNT; id++)
		words[id] = (struct vmt_word){ vmt_warning_name(id), 1U << id };
	words[VMT_WARNING_COUNT] = (struct vmt_word){ "all", (1U << VMT_WARNING_COUNT) - 1 };
	return vmt_take_words(words, vmt_countof(words), "fail-on", argument,
			      &((struct run_options *)target)->fail_on, error);
}

static int take_rules(void *target, const char *argument, struct vmt_error *error)
{
	if (!vmt_rules_known(argument))
		return vmt_error_set(
			error, EINVAL,
			"--rules=%s: give auto, 5.15, 6.1 or 6.18; see 'vmtrace --help'", argument);
	((struct run_options *)target)->rules = argument;
	return 0;
}

static int take_stack(void *target, const char *argument, struct vmt_error *error)
{
	uint64_t depth = STACK_DEPTH;

	if (argument &&
	    (vmt_parse_u64(argument, &depth) < 0 || depth == 0 || depth > VMT_STACK_DEPTH_MAX))
		return vmt_error_set(error, EINVAL,
				     "--stack=%s: give a number of frames from 1 to %d; see "
				     "'vmtrace --help'",
				     argument, VMT_STACK_DEPTH_MAX);
	((struct run_options *)target)->stack_depth = (unsigned)depth;
	return 0;
}

#define FLAG(field) \
	static int take_##field(void *target, const char *argument, struct vmt_error *error) \
	{ \
		(void)argument; \
		(void)error; \
		((struct run_options *)target)->field = true; \
		return 0; \
	}
FLAG(faults)
FLAG(no_seccomp)
FLAG(no_aslr)
FLAG(pin)
FLAG(help)
FLAG(version)

static const struct vmt_option run_table[] = {
	{ "output", 'o', "FILE", "write to FILE: *.vmt recording, *.jsonl JSON Lines, else text",
	  take_output },
	{ "attach", 'p', "PID", "trace the process PID, which runs already; may be repeated",
	  take_pid },
	{ "follow", 0, "WHOM", "trace all (default), threads (no child processes), none",
	  take_follow },
	{ "log", 0, "VIEWS", "what to show: steps, map, calls (default steps,map)", vmt_take_log },
	{ "show", 0, "WHAT", "more about each step: path, flags, pt, tlb (commas between)",
	  vmt_take_show },
	{ "faults", 0, NULL, "watch page faults, and the page tables with them", take_faults },
	{ "filter", 0, "EXPR", "print only steps for which EXPR holds: actor=libc && size>1M",
	  vmt_take_filter },
	{ "fail-on", 0, "WARNINGS", "exit with 3 if there was one of these warnings, or all",
	  take_fail_on },
	{ "stack", 'k', "[=DEPTH]", "the call stack of each step, 64 frames or DEPTH", take_stack },
	{ "check", 0, "HOW", "compare with the kernel: touched (default), full, off", take_check },
	{ "rules", 0, "KERNEL", "the model's rules: auto (default), 5.15, 6.1, 6.18", take_rules },
	{ "no-seccomp", 0, NULL, "stop at every system call instead of filtering",
	  take_no_seccomp },
	{ "no-aslr", 0, NULL, "run the program without address randomisation", take_no_aslr },
	{ "pin", 0, NULL, "share one CPU with a program of one thread: faster", take_pin },
	{ "color", 0, "WHEN", "colour: auto (default), always, never", vmt_take_color },
	{ "teach", 0, NULL, "explain each step in full sentences", vmt_take_teach },
	{ "verbose", 'v', NULL, "fold and shorten nothing", vmt_take_verbose },
	{ "quiet", 'q', NULL, "fold steps that belong together; twice: summary only",
	  vmt_take_quiet },
	{ "help", 'h', NULL, "show this help", take_help },
	{ "version", 'V', NULL, "show the version", take_version },
};

static void help(FILE *file)
{
	fprintf(file, "usage: %s\n       vmtrace [run] [OPTIONS] -p PID\n", vmt_command_run.usage);
	for (const struct vmt_command *const *at = vmt_commands; *at; at++) {
		if (*at != &vmt_command_run)
			fprintf(file, "       %s\n", (*at)->usage);
	}
	fputc('\n', file);
	fputs("Runs PROGRAM, replays every call that changes its address space in a model of the\n"
	      "kernel's memory management, checks each step against the kernel, and prints a\n"
	      "numbered mapping log on standard error.\n\n",
	      file);
	vmt_options_help(run_table, vmt_countof(run_table), file);
	fputs("\nA PROGRAM with a command's name: write 'run' or '--' before it.\n"
	      "Exit status: the program's own; 3 a warning of --fail-on, 125 vmtrace failed,\n"
	      "126 cannot execute, 127 not found.\n",
	      file);
}

static int open_outputs(const struct run_options *options, struct vmt_outputs **ret_outputs,
			struct vmt_error *error)
{
	struct vmt_outputs_options outputs = {
		.path_count = options->path_count,
		.text = vmt_view_text(&options->view),
		.color_auto = options->view.color == VMT_COLOR_AUTO,
		.show_path = options->view.show & VMT_SHOW_PATH,
	};

	memcpy(outputs.paths, options->paths, sizeof(outputs.paths));
	return vmt_outputs_open(&outputs, vmt_say, ret_outputs, error);
}

static int trace_program(const struct run_options *options, char **argv,
			 struct vmt_status *ret_status, struct vmt_error *error)
{
	struct vmt_outputs *outputs;
	struct vmt_session_options session = {
		.argv = argv,
		.pids = options->pids,
		.pid_count = options->pid_count,
		.follow = options->follow,
		.pin = options->pin,
		.no_seccomp = options->no_seccomp,
		.no_aslr = options->no_aslr,
		.stack_depth = options->stack_depth,
		.rules = options->rules,
		.faults = options->faults,
		.show_tables = options->view.show & (VMT_SHOW_TABLES | VMT_SHOW_TLB),
		.filter = options->view.filter,
		.fail_on = options->fail_on,
		.check = options->check,
		.flush = vmt_outputs_flush,
	};
	int result = open_outputs(options, &outputs, error);

	if (result < 0) {
		ret_status->code = VMT_EXIT_FAILED;
		return result;
	}
	session.renderer = vmt_outputs_renderer(outputs);
	session.flush_data = outputs;
	session.silent = vmt_outputs_silent(outputs) && !options->fail_on;
	/* The sentences of --teach name the functions too. */
	session.show_path = options->view.show & VMT_SHOW_PATH || options->view.teach ||
			    vmt_outputs_recording(outputs);
	result = vmt_session_run(&session, ret_status, error);
	/* The tracer has put the signals back; the rest may meet a closed pipe, or a limit. */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	if (!vmt_outputs_close(outputs) && result == 0)
		*ret_status = (struct vmt_status){ .code = VMT_EXIT_FAILED };
	return result;
}

/* Page tables are known from what the kernel shows of the pages. */
static int check_tables(const struct run_options *options, struct vmt_error *error)
{
	bool tables = options->view.show & (VMT_SHOW_TABLES | VMT_SHOW_TLB);

	if (options->check != VMT_CHECK_OFF || (!options->faults && !tables))
		return 0;
	return vmt_error_set(error, EINVAL,
			     "--check=off and %s: page tables are known from looking at the pages; "
			     "leave one of the two out",
			     options->faults ? "--faults" : "--show=pt,tlb");
}

/* Either processes to attach to, or the @program. */
static int check_target(const struct run_options *options, const char *program,
			struct vmt_error *error)
{
	if (!options->pid_count)
		return program ? 0
			       : vmt_error_set(error, EINVAL,
					       "no program to run; give one, as in 'vmtrace "
					       "./a.out', or see 'vmtrace --help'");
	if (program)
		return vmt_error_set(error, EINVAL,
				     "-p and a program to run (%s): give one of the two", program);
	if (options->pin || options->no_aslr)
		return vmt_error_set(error, EINVAL,
				     "-p and --%s: that is for programs that vmtrace starts",
				     options->pin ? "pin" : "no-aslr");
	return 0;
}

static int run_parsed(const struct run_options *options, char **words,
		      struct vmt_status *ret_status, struct vmt_error *error)
{
	int result;

	if (options->help || options->version) {
		if (options->help)
			help(stdout);
		else
			printf("vmtrace %s\n", VMTRACE_VERSION);
		ret_status->code = fflush(stdout) == 0 ? 0 : VMT_EXIT_FAILED;
		return 0;
	}
	result = check_tables(options, error);
	if (!result)
		result = check_target(options, words[0], error);
	if (result < 0)
		return result;
	return trace_program(options, words, ret_status, error);
}

static int run(int argc, char **argv, struct vmt_status *ret_status, struct vmt_error *error)
{
	struct run_options options = { .view = { .views = VMT_LOG_STEPS | VMT_LOG_MAP } };
	int result =
		vmt_options_parse(run_table, vmt_countof(run_table), argc, argv, &options, error);

	ret_status->code = VMT_EXIT_FAILED;
	if (result >= 0)
		result = run_parsed(&options, argv + result, ret_status, error);
	vmt_expr_free(options.view.filter);
	return result;
}

const struct vmt_command vmt_command_run = {
	.name = "run",
	.usage = "vmtrace [run] [OPTIONS] [--] PROGRAM [ARGS...]",
	.help = help,
	.run = run,
};
