/* SPDX-License-Identifier: MIT */
/*
 * `vmtrace walk [OPTIONS] ADDRESS`: an address and its way through the page tables; with -p the
 * mapping and the page that a process has there; with --tlb a TLB at work on a list of addresses.
 */
#include <errno.h>
#include <string.h>

#include "vmtrace/annotate.h"
#include "vmtrace/trace.h"
#include "vmtrace/walk.h"

#include "command.h"
#include "options.h"
#include "tlb.h"

enum {
	EXIT_UNMAPPED = 1
};

struct walk_options {
	struct vmt_geometry_query query;
	pid_t pid; /* 0: none */
	const char *tlb_path; /* NULL: none */
	struct vmt_tlb_config tlb; /* page_shift 0: the page size of the tables */
	bool bits;
	bool help;
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
	      "a TLB.\n\n",
	      file);
	vmt_options_help(walk_table, vmt_countof(walk_table), file);
	fputs("\nExit status: 0; 1 nothing is mapped there in the process; 125 vmtrace failed.\n",
	      file);
}

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

static int choose_geometry(const struct walk_options *options,
			   const struct vmt_geometry **ret_geometry, struct vmt_error *error)
{
	struct vmt_geometry_query query = options->query;
	bool asked = query.arch || query.levels || query.page_shift || query.va_bits;
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

static const struct vmt_mapping *find(const struct vmt_layout *layout, struct vmt_lookup *lookup)
{
	for (size_t i = 0; i < layout->count; i++) {
		const struct vmt_mapping *row = &layout->data[i];

		if (row->end <= lookup->address)
			continue;
		if (row->start <= lookup->address)
			return lookup->map = row;
		return lookup->above = row;
	}
	return NULL;
}

static int refuse_process(pid_t pid, int result, struct vmt_error *error)
{
	if (result == -ESRCH)
		return vmt_error_set(error, ESRCH, "-p %d: no such process, or it has no memory",
				     pid);
	return vmt_error_set(error, -result, "-p %d: its mappings cannot be read: %s", pid,
			     vmt_strerror(-result));
}

/* Nothing is mapped there: that is an answer too, of one line. */
static int refuse_unmapped(pid_t pid, const struct vmt_lookup *lookup, struct vmt_error *error)
{
	return vmt_error_set(error, EFAULT, "0x%llx is not mapped in process %d; an access: %s",
			     (unsigned long long)lookup->address, pid,
			     vmt_miss_text(vmt_miss_of(lookup, VMT_ACCESS_WRITE)));
}

static int walk_process(pid_t pid, struct vmt_walk_info *info, struct vmt_names *names,
			struct vmt_status *ret_status, struct vmt_error *error)
{
	VMT_CLEANUP(vmt_layout_deinit) struct vmt_layout layout = { 0 };
	struct vmt_page_state page;
	struct vmt_lookup *lookup = &info->lookup;
	const struct vmt_mapping *near;
	char whose[32];
	int result = vmt_proc_maps(pid, names, &layout);

	if (result < 0)
		return refuse_process(pid, result, error);
	lookup->address = info->address;
	near = find(&layout, lookup);
	result = vmt_proc_page(pid, info->address, near, names, &page);
	if (result < 0)
		return refuse_process(pid, result, error);
	lookup->page = &page;
	if (!lookup->map) {
		ret_status->code = EXIT_UNMAPPED;
		return refuse_unmapped(pid, lookup, error);
	}
	snprintf(whose, sizeof(whose), "process %d", pid);
	info->whose = whose;
	vmt_render_walk(stdout, info);
	return 0;
}

static int walk_address(const struct walk_options *options, const struct vmt_geometry *geometry,
			const char *word, struct vmt_status *ret_status, struct vmt_error *error)
{
	struct vmt_walk_info info = {
		.geometry = geometry,
		.bits = options->bits,
		.tlb_entries = options->tlb.entries,
	};
	struct vmt_names *names;
	int result = parse_range(word, &info.address, &info.size_bytes, error);

	if (result < 0)
		return result;
	result = check_range(geometry, info.address, info.size_bytes, error);
	if (result < 0)
		return result;
	if (!options->pid) {
		vmt_render_walk(stdout, &info);
		return 0;
	}
	names = vmt_names_new();
	result = walk_process(options->pid, &info, names, ret_status, error);
	vmt_names_free(names);
	return result;
}

/* Options may stand on both sides of the address. */
static int parse(int argc, char **argv, struct walk_options *options, const char **ret_word,
		 struct vmt_error *error)
{
	const char *word = NULL;

	for (int at = 0;;) {
		int next = vmt_options_parse(walk_table, vmt_countof(walk_table), argc - at,
					     argv + at, options, error);

		if (next < 0)
			return next;
		at += next;
		if (at >= argc)
			break;
		if (word)
			return vmt_error_set(error, EINVAL,
					     "%s and %s: one address at a time; " USAGE_HINT, word,
					     argv[at]);
		word = argv[at];
	}
	*ret_word = word;
	return 0;
}

static int walk(const struct walk_options *options, const char *word, struct vmt_status *ret_status,
		struct vmt_error *error)
{
	struct vmt_tlb_config tlb = options->tlb;
	const struct vmt_geometry *geometry;
	int result;

	if (!word == !options->tlb_path)
		return vmt_error_set(error, EINVAL, "give %s; " USAGE_HINT,
				     word ? "an address or --tlb, not both"
					  : "an address, as in 'vmtrace walk 0x7f12a000'");
	if (options->pid && options->tlb_path)
		return vmt_error_set(error, EINVAL, "-p and --tlb: give one of the two");
	result = choose_geometry(options, &geometry, error);
	if (result < 0)
		return result;
	if (word)
		return walk_address(options, geometry, word, ret_status, error);
	if (!tlb.page_shift)
		tlb.page_shift = geometry->page_shift;
	return vmt_tlb_play(options->tlb_path, geometry, &tlb, stdout, error);
}

static int run(int argc, char **argv, struct vmt_status *ret_status, struct vmt_error *error)
{
	struct walk_options options = { .tlb = { .entries = 64, .ways = 4 } };
	const char *word = NULL;
	int result = parse(argc, argv, &options, &word, error);

	ret_status->code = VMT_EXIT_FAILED;
	if (result < 0)
		return result;
	if (options.help)
		help(stdout);
	else
		result = walk(&options, word, ret_status, error);
	if (fflush(stdout) != 0 && result == 0)
		return vmt_error_set(error, errno, "standard output: %s", vmt_strerror(errno));
	if (result == 0)
		ret_status->code = 0;
	return result;
}

const struct vmt_command vmt_command_walk = {
	.name = "walk",
	.usage = "vmtrace walk [OPTIONS] ADDRESS",
	.help = help,
	.run = run,
};
