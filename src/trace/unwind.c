/* SPDX-License-Identifier: MIT */
/*
 * Callers by call-frame information, through libunwind, which knows nothing of processes: it asks
 * for each word of memory and each register, and where the information for an address is. Its
 * answers for an address are kept in the space's own cache (UNW_CACHE_GLOBAL), so that in a stack
 * that was seen before only the stack's own words are read.
 *
 * Where there is no such information (JIT code, assembly, a program that was compiled without), one
 * step is made by frame pointer (chain.c), and libunwind begins anew from there.
 *
 * Call-frame information is a program of the target's. libunwind 1.6 runs it with checks, but not
 * with all: it divides by -1, and it believes the column of the return address. An exception
 * inside of it ends that stack. (It takes its lock, and blocks signals, to read information, and gives
 * it back before it computes: there is no way out of an exception in between, and none is known.)
 */
#include <libunwind.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <string.h>
#include <sys/user.h>

#include "stack.h"

enum {
	CACHE_ENTRIES = 512,
};

/* What libunwind hands back to the functions below. */
struct unwinding {
	struct vmt_walk *walk;
	struct user_regs_struct *regs;
	const struct vmt_eh_row *rows; /* the table that is searched, if it was made here */
	size_t rows_bytes;
};

/* Where libunwind finds such a table: no address of a process. */
#define ROWS_ADDRESS 0x8000000000000000ULL

/* In the library, and in no header: the search of a table in the target's memory. */
extern int UNW_OBJ(dwarf_search_unwind_table)(unw_addr_space_t space, unw_word_t ip,
					      unw_dyn_info_t *table, unw_proc_info_t *info,
					      int need_unwind_info, void *data);

/* ---- What libunwind asks ----------------------------------------------------------------- */

/*
 * Any error but UNW_ENOINFO: with that one, libunwind goes by frame pointer itself, and does not know
 * the stack pointer afterwards.
 */
static int find_proc_info(unw_addr_space_t space, unw_word_t ip, unw_proc_info_t *info,
			  int need_unwind_info, void *data)
{
	struct unwinding *unwinding = data;
	struct vmt_walk *walk = unwinding->walk;
	const struct vmt_code_spot *spot = vmt_code_find(walk->map, walk->table, walk->remote, ip);
	unw_dyn_info_t table = { .format = UNW_INFO_FORMAT_REMOTE_TABLE };
	int result;

	if (!spot || !spot->code.table_count)
		return -UNW_EUNSPEC;
	table.start_ip = spot->code.start;
	table.end_ip = spot->code.end;
	unwinding->rows = spot->code.rows;
	unwinding->rows_bytes = spot->code.table_count * sizeof(*spot->code.rows);
	table.u.rti.segbase = spot->code.base;
	table.u.rti.table_data = spot->code.rows ? ROWS_ADDRESS : spot->code.table;
	table.u.rti.table_len = unwinding->rows_bytes / sizeof(unw_word_t);
	result =
		UNW_OBJ(dwarf_search_unwind_table)(space, ip, &table, info, need_unwind_info, data);
	unwinding->rows = NULL;
	return result == -UNW_ENOINFO ? -UNW_EUNSPEC : result;
}

static void put_unwind_info(unw_addr_space_t space, unw_proc_info_t *info, void *data)
{
	(void)space;
	(void)info;
	(void)data;
}

static int get_dyn_info_list(unw_addr_space_t space, unw_word_t *list, void *data)
{
	(void)space;
	(void)list;
	(void)data;
	return -UNW_ENOINFO;
}

static int access_mem(unw_addr_space_t space, unw_word_t address, unw_word_t *word, int write,
		      void *data)
{
	const struct unwinding *unwinding = data;
	uint64_t value;

	(void)space;
	if (unwinding->rows && address >= ROWS_ADDRESS && !write) {
		if (address - ROWS_ADDRESS > unwinding->rows_bytes - sizeof(*word))
			return -UNW_EINVAL;
		memcpy(word, (const char *)unwinding->rows + (address - ROWS_ADDRESS),
		       sizeof(*word));
		return 0;
	}
	if (write || !vmt_remote_word(unwinding->walk->remote, address, sizeof(*word), &value))
		return -UNW_EINVAL;
	*word = value;
	return 0;
}

static int access_reg(unw_addr_space_t space, unw_regnum_t number, unw_word_t *word, int write,
		      void *data)
{
	static const size_t places[] = {
		[UNW_X86_64_RAX] = offsetof(struct user_regs_struct, rax),
		[UNW_X86_64_RDX] = offsetof(struct user_regs_struct, rdx),
		[UNW_X86_64_RCX] = offsetof(struct user_regs_struct, rcx),
		[UNW_X86_64_RBX] = offsetof(struct user_regs_struct, rbx),
		[UNW_X86_64_RSI] = offsetof(struct user_regs_struct, rsi),
		[UNW_X86_64_RDI] = offsetof(struct user_regs_struct, rdi),
		[UNW_X86_64_RBP] = offsetof(struct user_regs_struct, rbp),
		[UNW_X86_64_RSP] = offsetof(struct user_regs_struct, rsp),
		[UNW_X86_64_R8] = offsetof(struct user_regs_struct, r8),
		[UNW_X86_64_R9] = offsetof(struct user_regs_struct, r9),
		[UNW_X86_64_R10] = offsetof(struct user_regs_struct, r10),
		[UNW_X86_64_R11] = offsetof(struct user_regs_struct, r11),
		[UNW_X86_64_R12] = offsetof(struct user_regs_struct, r12),
		[UNW_X86_64_R13] = offsetof(struct user_regs_struct, r13),
		[UNW_X86_64_R14] = offsetof(struct user_regs_struct, r14),
		[UNW_X86_64_R15] = offsetof(struct user_regs_struct, r15),
		[UNW_X86_64_RIP] = offsetof(struct user_regs_struct, rip),
	};
	const struct unwinding *unwinding = data;

	(void)space;
	if (write || number < 0 || (size_t)number >= vmt_countof(places))
		return -UNW_EBADREG;
	memcpy(word, (const char *)unwinding->regs + places[number], sizeof(*word));
	return 0;
}

static int access_fpreg(unw_addr_space_t space, unw_regnum_t number, unw_fpreg_t *value, int write,
			void *data)
{
	(void)space;
	(void)number;
	(void)value;
	(void)write;
	(void)data;
	return -UNW_EBADREG;
}

static int resume(unw_addr_space_t space, unw_cursor_t *cursor, void *data)
{
	(void)space;
	(void)cursor;
	(void)data;
	return -UNW_EINVAL;
}

static int get_proc_name(unw_addr_space_t space, unw_word_t ip, char *name, size_t size,
			 unw_word_t *offset, void *data)
{
	(void)space;
	(void)ip;
	(void)name;
	(void)size;
	(void)offset;
	(void)data;
	return -UNW_ENOINFO;
}

static unw_accessors_t accessors = {
	.find_proc_info = find_proc_info,
	.put_unwind_info = put_unwind_info,
	.get_dyn_info_list_addr = get_dyn_info_list,
	.access_mem = access_mem,
	.access_reg = access_reg,
	.access_fpreg = access_fpreg,
	.resume = resume,
	.get_proc_name = get_proc_name,
};

/* ---- The guard --------------------------------------------------------------------------- */

static const int faults[] = { SIGSEGV, SIGBUS, SIGFPE };
static struct sigaction saved[vmt_countof(faults)];
static sigjmp_buf way_out;
static volatile sig_atomic_t inside;

/* Elsewhere than inside libunwind it is a mistake of ours, and the second time it is deadly. */
static void on_fault(int number)
{
	if (inside) {
		inside = 0;
		siglongjmp(way_out, number);
	}
	signal(number, SIG_DFL);
}

void vmt_unwind_guard(bool on)
{
	/* Not blocked: the handler is left by a jump. */
	struct sigaction action = { .sa_handler = on_fault, .sa_flags = SA_NODEFER };

	sigemptyset(&action.sa_mask);
	for (size_t i = 0; i < vmt_countof(faults); i++) {
		if (on)
			sigaction(faults[i], &action, &saved[i]);
		else
			sigaction(faults[i], &saved[i], NULL);
	}
}

/* ---- Frames ------------------------------------------------------------------------------ */

static unw_addr_space_t address_space(struct vmt_code_map *map)
{
	unw_addr_space_t space = map->unwinder;

	if (space)
		return space;
	space = unw_create_addr_space(&accessors, 0);
	if (!space)
		vmt_die_oom();
	unw_set_caching_policy(space, UNW_CACHE_GLOBAL);
	unw_set_cache_size(space, CACHE_ENTRIES, 0);
	map->unwinder = space;
	return space;
}

void vmt_unwind_flush(struct vmt_code_map *map)
{
	if (map->unwinder)
		unw_flush_cache(map->unwinder, 0, 0);
}

void vmt_unwind_free(struct vmt_code_map *map)
{
	if (map->unwinder)
		unw_destroy_addr_space(map->unwinder);
	map->unwinder = NULL;
}

/* One step by frame pointer, from where the cursor stands; the registers are then the caller's. */
static bool step_by_chain(struct unwinding *unwinding, unw_cursor_t *cursor)
{
	struct vmt_chain chain = { .word_bytes = 8 };
	struct user_regs_struct *regs = unwinding->regs;
	unw_word_t ip, sp, bp;

	if (unw_get_reg(cursor, UNW_REG_IP, &ip) < 0 || unw_get_reg(cursor, UNW_REG_SP, &sp) < 0 ||
	    unw_get_reg(cursor, UNW_X86_64_RBP, &bp) < 0) {
		unwinding->walk->end = VMT_STACK_LOST;
		return false;
	}
	chain.ip = ip;
	chain.sp = sp;
	chain.bp = bp;
	if (!vmt_chain_step(unwinding->walk, &chain))
		return false;
	regs->rip = chain.ip;
	regs->rsp = chain.sp;
	regs->rbp = chain.bp;
	return true;
}

static void follow(struct unwinding *unwinding, unw_addr_space_t space)
{
	struct vmt_walk *walk = unwinding->walk;
	unw_cursor_t cursor;

	if (unw_init_remote(&cursor, space, unwinding) < 0)
		return;
	for (;;) {
		int result = unw_step(&cursor);
		unw_word_t ip;

		if (result == 0) {
			walk->end = VMT_STACK_WHOLE;
			return;
		}
		if (result > 0 && unw_get_reg(&cursor, UNW_REG_IP, &ip) == 0) {
			if (!vmt_walk_add(walk, ip, false))
				return;
		} else if (!step_by_chain(unwinding, &cursor) ||
			   unw_init_remote(&cursor, space, unwinding) < 0) {
			return;
		}
	}
}

/* False if there was an exception. */
static bool follow_guarded(struct unwinding *unwinding, unw_addr_space_t space)
{
	if (sigsetjmp(way_out, 0))
		return false;
	inside = 1;
	follow(unwinding, space);
	inside = 0;
	return true;
}

void vmt_unwind(struct vmt_walk *walk, struct user_regs_struct *regs)
{
	struct unwinding unwinding = { .walk = walk, .regs = regs };

	walk->end = VMT_STACK_LOST;
	if (!vmt_walk_add(walk, regs->rip, false))
		return;
	if (!follow_guarded(&unwinding, address_space(walk->map))) {
		vmt_unwind_free(walk->map);
		walk->end = VMT_STACK_LOST;
	}
}
