/* SPDX-License-Identifier: MIT */
/*
 * `vmtrace walk [OPTIONS] [RECORDING] ADDRESS`: an address and its way through the page tables; with
 * -p the mapping and the page that a process has there; with a recording the mapping that a space
 * had there after a step; with --tlb a TLB at work on a list of addresses.
 */
#include <errno.h>
#include <string.h>
#include <unistd.h>

#include "vmtrace/trace.h"

#include "command.h"
#include "options.h"
#include "tlb.h"
#include "walk.h"

struct walk_options {
	struct vmt_geometry_query query;
	struct vmt_replay_part part;
	pid_t pid; /* 0: none */
	const char *tlb_path; /* NULL: none */
	struct vmt_tlb_config tlb; /* page_shift 0: the page size of the tables */
	bool bits;
	bool help;
};

enum {
	EXIT_UNMAPPED = 1
};

#define USAGE_HINT "see 'vmtrace walk --help'"

static int take_number(const char *option, const char *argument, unsigned *ret_number,
		       struct vmt_error *error)
{
	uint64_t number;

	if (vmt_parse_u64(argument, &number) < 0 || !number || number > INT32_MAX)
		return vmt_error_set(error, EINVAL, "--%s=%s: give a number above 0; " USAGE_HINT,
				     option, argument);
	*ret_number = (unsigned)number;
	return 0;
}

/* The logarithm of a size that is a power of two, in [low, high]. */
static int take_shift(const char *option, const char *argument, unsigned low, unsigned high,
		      unsigned *ret_shift, struct vmt_error *error)
{
	uint64_t size;

	if (vmt_parse_u64(argument, &size) == 0 && size && !(size & (size - 1))) {
		unsigned shift = (unsigned)__builtin_ctzll(size);

		if (shift >= low && shift <= high) {
			*ret_shift = shift;
			return 0;
		}
	}
	return vmt_error_set(error, EINVAL,
			     "--%s=%s: give a size of a page, as 4K or 64K; " USAGE_HINT, option,
			     argument);
}

static int take_arch(void *target, const char *argument, struct vmt_error *error)
{
	(void)error;
	((struct walk_options *)target)->query.arch = argument;
	return 0;
}

static int take_levels(void *target, const char *argument, struct vmt_error *error)
{
	return take_number("levels", argument, &((struct walk_options *)target)->query.levels,
			   error);
}

static int take_granule(void *target, const char *argument, struct vmt_error *error)
{
	return take_shift("granule", argument, 12, 16,
			  &((struct walk_options *)target)->query.page_shift, error);
}

static int take_va_bits(void *target, const char *argument, struct vmt_error *error)
{
	return take_number("va-bits", argument, &((struct walk_options *)target)->query.va_bits,
			   error);
}

static int take_pid(void *target, const char *argument, struct vmt_error *error)
{
	return vmt_option_pid(argument, &((struct walk_options *)target)->pid, error);
}

static int take_step(void *target, const char *argument, struct vmt_error *error)
{
	return vmt_replay_part_step(&((struct walk_options *)target)->part, argument, error);
}

static int take_space(void *target, const char *argument, struct vmt_error *error)
{
	return vmt_replay_part_space(&((struct walk_options *)target)->part, argument, error);
}

static int take_tlb(void *target, const char *argument, struct vmt_error *error)
{
	(void)error;
	((struct walk_options *)target)->tlb_path = argument;
	return 0;
}

/* "64", or "64/4" with the ways */
static int take_tlb_size(void *target, const char *argument, struct vmt_error *error)
{
	struct walk_options *options = target;
	struct vmt_tlb_config tlb = { .page_shift = 12 };
	const char *slash = strchr(argument, '/');
	VMT_CLEANUP(vmt_str_deinit) struct vmt_str entries = { 0 };
	int status;

	vmt_str_add_bytes(&entries, argument,
			  slash ? (size_t)(slash - argument) : strlen(argument));
	status = take_number("tlb-size", vmt_str_text(&entries), &tlb.entries, error);
	if (status < 0)
		return status;
	tlb.ways = tlb.entries;
	if (slash) {
		status = take_number("tlb-size", slash + 1, &tlb.ways, error);
		if (status < 0)
			return status;
	}
	status = vmt_tlb_config_check(&tlb, error);
	if (status < 0)
		return status;
	options->tlb.entries = tlb.entries;
	options->tlb.ways = tlb.ways;
	return 0;
}

static int take_tlb_page(void *target, const char *argument, struct vmt_error *error)
{
	return take_shift("tlb-page", argument, 10, 40,
			  &((struct walk_options *)target)->tlb.page_shift, error);
}

static int take_bits(void *target, const char *argument, struct vmt_error *error)
{
	(void)argument;
	(void)error;
	((struct walk_options *)target)->bits = true;
	return 0;
}

static int take_help(void *target, const char *argument, struct vmt_error *error)
{
	(void)argument;
	(void)error;
	((struct walk_options *)target)->help = true;
	return 0;
}

static const struct vmt_option walk_table[] = {
	{ "attach", 'p', "PID", "also the mapping and the page that process PID has there",
	  take_pid },
	{ "step", 0, "N", "with a recording: as it was after step N (default: the last)",
	  take_step },
	{ "space", 0, "M", "with a recording: in address space M", take_space },
	{ "arch", 'a', "ARCH", "x86_64 (default: this machine's), i386, arm, aarch64, riscv64",
	  take_arch },
	{ "levels", 0, "N", "tables with N levels", take_levels },
	{ "granule", 0, "SIZE", "tables with pages of 4K, 16K or 64K", take_granule },
	{ "va-bits", 0, "N", "tables that translate N bits", take_va_bits },
	{ "bits", 'b', NULL, "also the bits of the entries of each level", take_bits },
	{ "tlb", 0, "FILE", "a TLB at work on the addresses in FILE", take_tlb },
	{ "tlb-size", 0, "N[/WAYS]", "entries of the TLB, and of a set (default 64/4)",
	  take_tlb_size },
	{ "tlb-page", 0, "SIZE", "page size of the TLB (default: that of the tables)",
	  take_tlb_page },
	{ "help", 'h', NULL, "show this help", take_help },
};

static void help(FILE *file)
{
	fprintf(file, "usage: %s\n       vmtrace walk [OPTIONS] --tlb FILE\n\n",
		vmt_command_walk.usage);
	fputs("Shows how an address is split into indexes, and its way through the page tables. "
	      "An\n"
	      "ADDRESS is hexadecimal; ADDRESS+SIZE or START-END also says what the range asks of\n"
	      "a TLB. With a recording, also what was mapped there.\n\n",
	      file);
	vmt_options_help(walk_table, vmt_countof(walk_table), file);
	fputs("\nExit status: 0; 1 nothing is mapped there; 125 vmtrace failed.\n", file);
}

/* ---- The address -------------------------------------------------------------------------- */

/* ADDRESS, ADDRESS+SIZE or START-END. */
static int parse_range(const char *word, uint64_t *ret_start, uint64_t *ret_size,
		       struct vmt_error *error)
{
	uint64_t start, other;
	const char *end;

	if (vmt_parse_hex(word, &start, &end) < 0)
		goto refuse;
	if (!*end) {
		*ret_size = 0;
	} else if (*end == '+' && vmt_parse_u64(end + 1, &other) == 0) {
		*ret_size = other;
	} else if (*end == '-' && vmt_parse_hex(end + 1, &other, &end) == 0 && !*end &&
		   other > start) {
		*ret_size = other - start;
	} else {
		goto refuse;
	}
	*ret_start = start;
	return 0;
refuse:
	return vmt_error_set(error, EINVAL,
			     "'%s' is not an address: give hexadecimal digits, as in 0x7f12a000, "
			     "7f12a000+2M or 7f12a000-7f12c000; " USAGE_HINT,
			     word);
}

/* The range must be of one half, and not wrap around. */
static int check_range(const struct vmt_geometry *geometry, uint64_t start, uint64_t size,
		       struct vmt_error *error)
{
	uint64_t last = start + (size ? size - 1 : 0);
	int status = vmt_geometry_check(geometry, start, error);

	if (status < 0)
		return status;
	if (last < start || vmt_geometry_half(geometry, last) != vmt_geometry_half(geometry, start))
		return vmt_error_set(error, ERANGE, "0x%llx+%llu reaches beyond its half of %s",
				     (unsigned long long)start, (unsigned long long)size,
				     geometry->name);
	return 0;
}

int vmt_walk_take(const char *word, struct vmt_walk_info *info, struct vmt_error *error)
{
	int result = parse_range(word, &info->address, &info->size_bytes, error);

	if (result < 0)
		return result;
	info->lookup.address = info->address;
	return check_range(info->geometry, info->address, info->size_bytes, error);
}

int vmt_walk_unmapped(const struct vmt_walk_info *info, struct vmt_status *ret_status,
		      struct vmt_error *error)
{
	ret_status->code = EXIT_UNMAPPED;
	return vmt_error_set(error, EFAULT, "0x%llx is not mapped in %s; an access: %s",
			     (unsigned long long)info->address, info->whose,
			     vmt_miss_text(vmt_miss_of(&info->lookup, VMT_ACCESS_WRITE)));
}

/* ---- The tables ----------------------------------------------------------------------------- */

bool vmt_walk_is_asked(const struct vmt_geometry_query *query)
{
	return query->arch || query->levels || query->page_shift || query->va_bits;
}

/* Those that the options ask for, of this kernel's architecture if they do not say. */
static int choose_geometry(const struct walk_options *options,
			   const struct vmt_geometry **ret_geometry, struct vmt_error *error)
{
	struct vmt_geometry_query query = options->query;
	bool asked = vmt_walk_is_asked(&query);
	const struct vmt_geometry *kernel = NULL;

	if (options->pid && asked)
		return vmt_error_set(error, EINVAL,
				     "-p looks at the tables of this kernel: give no --arch, "
				     "--levels, --granule or --va-bits with it");
	if (!query.arch && vmt_kernel_geometry(&kernel) < 0)
		return vmt_error_set(error, ENOTSUP,
				     "which page tables this kernel has cannot be found out here: "
				     "give --arch; " USAGE_HINT);
	if (kernel && !asked) {
		*ret_geometry = kernel;
		return 0;
	}
	if (!query.arch)
		query.arch = kernel->arch;
	return vmt_geometry_find(&query, ret_geometry, error);
}

/* ---- The command ------------------------------------------------------------------------------ */

/* An address of nobody, or of a process. */
static int walk_address(const struct walk_options *options, struct vmt_walk_info *info,
			const char *word, struct vmt_status *ret_status, struct vmt_error *error)
{
	int result = vmt_walk_take(word, info, error);

	if (result < 0)
		return result;
	if (options->pid)
		return vmt_walk_process(options->pid, info, ret_status, error);
	vmt_render_walk(stdout, info);
	return 0;
}

/* Two addresses, where the first word could have been a recording. */
static int check_words(const char *const words[2], struct vmt_error *error)
{
	const char *end;
	uint64_t address;

	if (access(words[0], F_OK) == 0 || vmt_parse_hex(words[0], &address, &end) < 0 || *end)
		return 0;
	return vmt_error_set(error, EINVAL, "%s and %s: one address at a time; " USAGE_HINT,
			     words[0], words[1]);
}

/* Options that exclude each other. */
static int check_options(const struct walk_options *options, int words, struct vmt_error *error)
{
	if (!words == !options->tlb_path)
		return vmt_error_set(error, EINVAL, "give %s; " USAGE_HINT,
				     words ? "an address or --tlb, not both"
					   : "an address, as in 'vmtrace walk 0x7f12a000'");
	if (options->pid && options->tlb_path)
		return vmt_error_set(error, EINVAL, "-p and --tlb: give one of the two");
	if (options->pid && words == 2)
		return vmt_error_set(error, EINVAL, "-p and a recording: give one of the two");
	if (words < 2 && (options->part.has_step || options->part.has_space))
		return vmt_error_set(error, EINVAL, "--%s is of a recording: give one; " USAGE_HINT,
				     options->part.has_step ? "step" : "space");
	if (options->part.range)
		return vmt_error_set(error, EINVAL, "--step: give one step, not a range");
	return 0;
}

static int walk(const struct walk_options *options, const char *const *words, int count,
		struct vmt_status *ret_status, struct vmt_error *error)
{
	struct vmt_walk_info info = {
		.bits = options->bits,
		.tlb_entries = options->tlb.entries,
	};
	struct vmt_tlb_config tlb = options->tlb;
	int result = check_options(options, count, error);

	if (!result && count == 2)
		result = check_words(words, error);
	if (result < 0)
		return result;
	if (count == 2)
		return vmt_walk_recording(words, &options->part, &options->query, &info, ret_status,
					  error);
	result = choose_geometry(options, &info.geometry, error);
	if (result < 0)
		return result;
	if (count)
		return walk_address(options, &info, words[0], ret_status, error);
	if (!tlb.page_shift)
		tlb.page_shift = info.geometry->page_shift;
	return vmt_tlb_play(options->tlb_path, info.geometry, &tlb, stdout, error);
}

static int run(int argc, char **argv, struct vmt_status *ret_status, struct vmt_error *error)
{
	struct walk_options options = { .tlb = { .entries = 64, .ways = 4 } };
	const char *words[2];
	int count = vmt_options_words(walk_table, vmt_countof(walk_table), argc, argv, &options,
				      words, 2, error);
	int result = 0;

	ret_status->code = VMT_EXIT_FAILED;
	if (count < 0)
		return count;
	if (options.help)
		help(stdout);
	else
		result = walk(&options, words, count, ret_status, error);
	if (fflush(stdout) != 0 && result == 0)
		return vmt_error_set(error, errno, "standard output: %s", vmt_strerror(errno));
	if (result == 0)
		ret_status->code = 0;
	return result;
}

const struct vmt_command vmt_command_walk = {
	.name = "walk",
	.usage = "vmtrace walk [OPTIONS] [RECORDING] ADDRESS",
	.help = help,
	.run = run,
};
