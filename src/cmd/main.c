/* SPDX-License-Identifier: MIT */
/*
 * vmtrace: runs a program, watches every call that changes its address space, replays each in a
 * model of the kernel's memory management, checks the model against the kernel, and tells,
 * numbered and in plain words, how every mapping came to be.
 *
 * A map of the tree. A room is a folder; what others may see of it is its door, the header of
 * that name in include/vmtrace/.
 *
 *   src/base      errors, memory, arrays, strings, escaping of untrusted bytes, names,
 *                 the ordered set of ranges (range.c)
 *   src/arch      architectures as data: x86_64.c i386.c, calls.c, constants.c names of flags,
 *                 match.c arguments that matter; geometries.c formats-*.c entry.c page tables
 *   src/elf       ELF files through libelf: read.c headers, facts.c sections and flags, symbols.c
 *                 named.c functions by place and by name; source.c open.c files that are not trusted
 *   src/mm        the model: spaces, VMAs, what the kernel does with them. Pure
 *     vma.c space.c one VMA, one address space
 *     merge.c       the policy: what may merge. edit.c: the surgery
 *     place.c       choosing an address. account.c: limits
 *     mmap.c …      one file a system call; call.c dispatches, walk.c is what they share
 *     exec.c fork.c stack.c   what the kernel does by itself. attach.c: a space that is found
 *     foresee.c     the look before a call. features.c: rules that differ between kernels
 *     journal.c history.c check.c   what changed, who shaped it, is it as the kernel says
 *     path.c        the way through the kernel's functions
 *     pgtable.c     page tables; -free.c, -move.c when they go and move, -step.c what a step means
 *                   for them; tableset.c the sets they are kept in; tlb-effect.c what calls flush
 *     tlb.c miss.c infer.c      one address: a small TLB, what a fault leads to, its entry
 *   src/trace     ptrace, seccomp, perf, /proc: the target becomes a sequence of events
 *     tracer.c stops.c task.c   the loop, what a stop means, the tasks and their spaces
 *     spawn.c attach.c birth.c  where tasks come from. signals.c forward.c placement.c: vmtrace's own
 *     filter.c watch.c event.c  where tasks stop, and the facts of a call
 *     description.c mount.c rights.c   what else a call depends on
 *     procfs.c maps.c smaps.c spots.c image.c probe.c target-file.c patience.c   readers of
 *                 /proc, the memory and the files of the target
 *     faults.c fault-queue.c pages.c page.c   page faults and pages
 *     kernel.c rules.c reclaim.c geometry.c   the running kernel
 *     stack.c unwind.c chain.c …   call stacks; stack.h has the parts
 *   src/annotate  who, what and why, in words
 *     actor.c what.c why.c    who made a step, what it did, what decided it
 *     story.c linker.c maker.c keeper.c uses.c   what it is for, and which steps belong together
 *     teach*.c explain.c text-*.def       full sentences, by id
 *     part.c warning.c expr.c expr_match.c   parts of ELF files, warnings, --filter
 *     decode.c where.c miss.c frame.c   the words of a call, its range, a fault, a frame
 *   src/store     recordings, SQLite files: recorder.c record-*.c queue.c write, in a thread of
 *                 their own; recording.c queries.c read-*.c replay.c where.c touching.c read, and
 *                 believe nothing; schema.c
 *   src/compare   two layouts or sequences of steps without addresses; sums over a run. Pure
 *   src/render    text.c for people: steps.c tables.c stack.c fold.c, maplog.c gone.c memory.c;
 *                 json*.c JSON Lines; csv.c maps.c diff*.c stat*.c and other forms; walk*.c tlb.c an
 *                 address; columns.c renderer.c shared
 *   src/cmd       this room: a file for each command; session.c wires event -> model -> step ->
 *                 renderer
 *     checking.c served.c tables*.c leaving.c  the check of the model and its page tables, at the end too
 *     caller.c meaning.c loading.c objects.c symbolize.c   who, what for, ELF files, names of frames
 *     recording.c replay.c operand.c place.c   what is written to recordings, and read from them
 *     options.c views.c outputs.c output.c progress.c rules.c tlb.c   command line, what the text
 *                 shows, where it goes, whose rules, TLB scripts
 *
 * This file is the only one that prints errors and exits.
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>

#include "command.h"

const struct vmt_command *const vmt_commands[] = {
	&vmt_command_run,   &vmt_command_walk,    &vmt_command_show,
	&vmt_command_where, &vmt_command_export,  &vmt_command_diff,
	&vmt_command_stat,  &vmt_command_explain, NULL,
};

void vmt_say(const char *line)
{
	struct vmt_str text;

	vmt_str_init(&text);
	vmt_str_add(&text, "vmtrace: ");
	vmt_escape_text(&text, line, strlen(line));
	vmt_str_add_char(&text, '\n');
	fputs(vmt_str_text(&text), stderr);
	vmt_str_deinit(&text);
}

static const struct vmt_command *command_by_name(const char *name)
{
	for (const struct vmt_command *const *at = vmt_commands; *at; at++) {
		if (strcmp((*at)->name, name) == 0)
			return *at;
	}
	return NULL;
}

/* Ends as the traced program did: by its signal, without a second core file. */
VMT_NORETURN static void end_by_signal(int signal)
{
	struct sigaction standard = { .sa_handler = SIG_DFL };
	struct rlimit none = { 0, 0 };
	sigset_t only;

	fflush(stdout);
	setrlimit(RLIMIT_CORE, &none);
	sigemptyset(&only);
	sigaddset(&only, signal);
	sigaction(signal, &standard, NULL);
	sigprocmask(SIG_UNBLOCK, &only, NULL);
	raise(signal);
	exit(128 + signal);
}

int main(int argc, char **argv)
{
	const struct vmt_command *command = argc > 1 ? command_by_name(argv[1]) : NULL;
	struct vmt_status status = { .code = VMT_EXIT_FAILED };
	struct vmt_error error = { .text = "" };
	int result;

	if (command) {
		argc--;
		argv++;
	} else {
		command = &vmt_command_run;
	}
	result = command->run(argc, argv, &status, &error);
	if (result < 0)
		vmt_say(error.text);
	else if (status.signal)
		end_by_signal(status.signal);
	return status.code;
}
