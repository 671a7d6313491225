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
#include "output.h"
#include "rules.h"
#include "session.h"

enum color_when {
	COLOR_AUTO,
	COLOR_ALWAYS,
	COLOR_NEVER
};

enum {
	PIDS_MAX = 64,
	STACK_DEPTH = 64, /* of -k without a number */
};

struct run_options {
	const char *path; /* -o; NULL: standard error */
	pid_t pids[PIDS_MAX]; /* -p */
	size_t pid_count;
	enum vmt_follow follow;
	unsigned views;
	unsigned show;
	struct vmt_expr *filter; /* NULL: none */
	unsigned fail_on; /* a bit for each enum vmt_warning_id */
	const char *rules;
	enum vmt_check_mode check;
	enum color_when color;
	bool faults;
	unsigned stack_depth;
	bool no_seccomp;
	bool no_aslr;
	bool pin;
	bool verbose;
	bool teach;
	unsigned quiet; /* how often -q was given */
	bool help;
	bool version;
};

static int take_output(void *target, const char *argument, struct vmt_error *error)
{
	size_t length = strlen(argument);

	if (!length)
		return vmt_error_set(error, EINVAL,
				     "-o needs the name of a file; see 'vmtrace --help'");
	if (length > 4 && strcmp(argument + length - 4, ".vmt") == 0)
		return vmt_error_set(error, EINVAL,
				     "'%s': this version writes no recordings; name the file "
				     "*.jsonl for JSON Lines, or otherwise for text; see "
				     "'vmtrace --help'",
				     argument);
	((struct run_options *)target)->path = argument;
	return 0;
}

/* A word of an option's comma-separated list, and the bit it stands for. */
struct word {
	const char *name;
	unsigned bit;
};

/* The bits of the words in @argument, which is @option's. */
static int take_words(const struct word *words, size_t count, const char *option,
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

static int take_log(void *target, const char *argument, struct vmt_error *error)
{
	static const struct word views[] = {
		{ "steps", VMT_LOG_STEPS },
		{ "map", VMT_LOG_MAP },
		{ "calls", VMT_LOG_CALLS },
	};

	return take_words(views, vmt_countof(views), "log", argument,
			  &((struct run_options *)target)->views, error);
}

static int take_show(void *target, const char *argument, struct vmt_error *error)
{
	static const struct word columns[] = {
		{ "path", VMT_SHOW_PATH },
		{ "flags", VMT_SHOW_FLAGS },
		{ "pt", VMT_SHOW_TABLES },
		{ "tlb", VMT_SHOW_TLB },
	};

	return take_words(columns, vmt_countof(columns), "show", argument,
			  &((struct run_options *)target)->show, error);
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
	struct word words[VMT_WARNING_COUNT + 1];

	for (unsigned id = 0; id < VMT_WARNING_COUNT; id++)
		words[id] = (struct word){ vmt_warning_name(id), 1U << id };
	words[VMT_WARNING_COUNT] = (struct word){ "all", (1U << VMT_WARNING_COUNT) - 1 };
	return take_words(words, vmt_countof(words), "fail-on", argument,
			  &((struct run_options *)target)->fail_on, error);
}

static int take_filter(void *target, const char *argument, struct vmt_error *error)
{
	struct run_options *options = target;
	struct vmt_error detail;
	struct vmt_expr *filter;

	if (vmt_expr_parse(argument, &filter, &detail) < 0)
		return vmt_error_set(error, EINVAL, "--filter, %s", detail.text);
	vmt_expr_free(options->filter);
	options->filter = filter;
	return 0;
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

static int take_color(void *target, const char *argument, struct vmt_error *error)
{
	struct run_options *options = target;

	if (strcmp(argument, "auto") == 0)
		options->color = COLOR_AUTO;
	else if (strcmp(argument, "always") == 0)
		options->color = COLOR_ALWAYS;
	else if (strcmp(argument, "never") == 0)
		options->color = COLOR_NEVER;
	else
		return vmt_error_set(error, EINVAL,
				     "--color=%s: give auto, always or never; see 'vmtrace --help'",
				     argument);
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
FLAG(verbose)
FLAG(teach)
FLAG(help)
FLAG(version)

static int take_quiet(void *target, const char *argument, struct vmt_error *error)
{
	(void)argument;
	(void)error;
	((struct run_options *)target)->quiet++;
	return 0;
}

static const struct vmt_option run_table[] = {
	{ "output", 'o', "FILE", "write the log to FILE: *.jsonl JSON Lines, else text",
	  take_output },
	{ "attach", 'p', "PID", "trace the process PID, which runs already; may be repeated",
	  take_pid },
	{ "follow", 0, "WHOM", "trace all (default), threads (no child processes), none",
	  take_follow },
	{ "log", 0, "VIEWS", "what to show: steps, map, calls (default steps,map)", take_log },
	{ "show", 0, "WHAT", "more about each step: path, flags, pt, tlb (commas between)",
	  take_show },
	{ "faults", 0, NULL, "watch page faults, and the page tables with them", take_faults },
	{ "filter", 0, "EXPR", "print only steps for which EXPR holds: actor=libc && size>1M",
	  take_filter },
	{ "fail-on", 0, "WARNINGS", "exit with 3 if there was one of these warnings, or all",
	  take_fail_on },
	{ "stack", 'k', "[=DEPTH]", "the call stack of each step, 64 frames or DEPTH", take_stack },
	{ "check", 0, "HOW", "compare with the kernel: touched (default), full, off", take_check },
	{ "rules", 0, "KERNEL", "the model's rules: auto (default), 5.15, 6.1, 6.18", take_rules },
	{ "no-seccomp", 0, NULL, "stop at every system call instead of filtering",
	  take_no_seccomp },
	{ "no-aslr", 0, NULL, "run the program without address randomisation", take_no_aslr },
	{ "pin", 0, NULL, "share one CPU with a program of one thread: faster", take_pin },
	{ "color", 0, "WHEN", "colour: auto (default), always, never", take_color },
	{ "teach", 0, NULL, "explain each step in full sentences", take_teach },
	{ "verbose", 'v', NULL, "fold and shorten nothing", take_verbose },
	{ "quiet", 'q', NULL, "fold steps that belong together; twice: summary only", take_quiet },
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

static bool use_color(const struct run_options *options, bool terminal)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (options->color != COLOR_AUTO)
		return options->color == COLOR_ALWAYS;
	return terminal && !(no_color && no_color[0]) && !(term && strcmp(term, "dumb") == 0);
}

static bool is_jsonl(const char *path)
{
	size_t length = path ? strlen(path) : 0;

	return length > 6 && strcmp(path + length - 6, ".jsonl") == 0;
}

static struct vmt_renderer *make_renderer(const struct run_options *options,
					  const struct vmt_output *output)
{
	struct vmt_text_options text = {
		.views = options->views,
		.show = options->show,
		.verbose = options->verbose,
		.teach = options->teach,
		.fold = options->quiet == 1,
		.quiet = options->quiet > 1,
	};
	bool terminal = vmt_output_terminal(output, &text.width);

	text.color = use_color(options, terminal);
	if (is_jsonl(options->path))
		return vmt_render_json_new(output->file);
	return vmt_render_text_new(output->file, &text);
}

static int trace_program(const struct run_options *options, char **argv,
			 struct vmt_status *ret_status, struct vmt_error *error)
{
	struct vmt_output output;
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
		/* the sentences name the functions; JSON shows a path only if it was asked for */
		.show_path = (options->show & VMT_SHOW_PATH) ||
			     (options->teach && !is_jsonl(options->path)),
		.faults = options->faults,
		.show_tables = options->show & (VMT_SHOW_TABLES | VMT_SHOW_TLB),
		.filter = options->filter,
		.fail_on = options->fail_on,
		.check = options->check,
		.output = &output,
	};
	int result = vmt_output_open(&output, options->path, vmt_say, error);

	if (result < 0) {
		ret_status->code = VMT_EXIT_FAILED;
		return result;
	}
	session.renderer = make_renderer(options, &output);
	result = vmt_session_run(&session, ret_status, error);
	/* The tracer has put the signals back; the rest of the log may meet a closed pipe. */
	signal(SIGPIPE, SIG_IGN);
	if (!vmt_output_close(&output) && result == 0)
		*ret_status = (struct vmt_status){ .code = VMT_EXIT_FAILED };
	vmt_renderer_free(session.renderer);
	return result;
}

/* Page tables are known from what the kernel shows of the pages. */
static int check_tables(const struct run_options *options, struct vmt_error *error)
{
	bool tables = options->show & (VMT_SHOW_TABLES | VMT_SHOW_TLB);

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
	struct run_options options = { .views = VMT_LOG_STEPS | VMT_LOG_MAP };
	int result =
		vmt_options_parse(run_table, vmt_countof(run_table), argc, argv, &options, error);

	ret_status->code = VMT_EXIT_FAILED;
	if (result >= 0)
		result = run_parsed(&options, argv + result, ret_status, error);
	vmt_expr_free(options.filter);
	return result;
}

const struct vmt_command vmt_command_run = {
	.name = "run",
	.usage = "vmtrace [run] [OPTIONS] [--] PROGRAM [ARGS...]",
	.help = help,
	.run = run,
};
