/* SPDX-License-Identifier: MIT */
/*
 * miss: what a page fault at an address leads to, told from the mapping and the page alone. The
 * kernel asks in this order:
 *
 *	is there a mapping?            no: does the stack above grow down to here? else SIGSEGV
 *	does it allow the access?      no: SIGSEGV
 *	is there a page?               no: whose would it be: zeros, a file's, swapped out …
 *	may this entry be written?     no: copy on write, or the page becomes writable as it is
 *
 * Mirrors do_user_addr_fault() and access_error() of arch/x86/mm/fault.c, handle_pte_fault(),
 * do_anonymous_page(), do_fault() and do_wp_page() of mm/memory.c, Linux 6.18.
 */
#include <string.h>

#include "vmtrace/lookup.h"

static bool begins(const char *text, const char *front)
{
	return strncmp(text, front, strlen(front)) == 0;
}

/* A word of smaps' VmFlags line: "rd wr mr mw me ac". */
static bool has_flag(const struct vmt_page_state *page, const char *flag)
{
	const char *at = page ? page->vm_flags : NULL;

	for (; at && *at; at += strcspn(at, " "), at += *at == ' ') {
		if (strcspn(at, " ") == strlen(flag) && strncmp(at, flag, strlen(flag)) == 0)
			return true;
	}
	return false;
}

/* Memory without a file of its own, which the kernel still maps as one: tmpfs inside the kernel. */
static bool is_shared_memory(const struct vmt_mapping *map)
{
	return begins(map->name, "/dev/zero (deleted)") || begins(map->name, "/memfd:") ||
	       begins(map->name, "/SYSV");
}

/* Backed by pages that the kernel made for this purpose. */
static bool is_special(const struct vmt_mapping *map)
{
	return !map->inode && (begins(map->name, "[v") || begins(map->name, "[sigpage]") ||
			       begins(map->name, "[uprobes"));
}

static bool is_hugetlb(const struct vmt_lookup *lookup)
{
	return has_flag(lookup->page, "ht") || begins(lookup->map->name, "/anon_hugepage");
}

static bool is_anonymous(const struct vmt_mapping *map)
{
	/* A private mapping of /dev/zero is anonymous memory with a name. */
	return !map->inode ||
	       (!(map->perms & VMT_PERM_SHARED) && strcmp(map->name, "/dev/zero") == 0);
}

static bool allowed(const struct vmt_mapping *map, enum vmt_access access)
{
	switch (access) {
	case VMT_ACCESS_WRITE:
		return map->perms & VMT_PERM_WRITE;
	case VMT_ACCESS_EXEC:
		return map->perms & VMT_PERM_EXEC;
	default:
		/* No x86 page is writable or executable without being readable. */
		return map->perms & (VMT_PERM_READ | VMT_PERM_WRITE | VMT_PERM_EXEC);
	}
}

static enum vmt_miss unmapped(const struct vmt_lookup *lookup)
{
	const struct vmt_mapping *above = lookup->above;

	if (above && (strcmp(above->name, "[stack]") == 0 || has_flag(lookup->page, "gd")))
		return VMT_MISS_STACK;
	return VMT_MISS_SEGV_UNMAPPED;
}

static bool beyond_file(const struct vmt_lookup *lookup)
{
	const struct vmt_mapping *map = lookup->map;
	const struct vmt_page_state *page = lookup->page;
	uint64_t offset = lookup->address - map->start + map->offset;

	/* The rest of the last page can be used. */
	return page && page->has_file_size &&
	       offset / page->page_bytes >=
		       (page->file_size_bytes + page->page_bytes - 1) / page->page_bytes;
}

/* Nothing stands in the entry. */
static enum vmt_miss not_present(const struct vmt_lookup *lookup, enum vmt_access access)
{
	const struct vmt_mapping *map = lookup->map;
	bool write = access == VMT_ACCESS_WRITE;

	if (has_flag(lookup->page, "um"))
		return VMT_MISS_USERFAULT;
	if (is_hugetlb(lookup))
		return VMT_MISS_HUGETLB;
	if (is_special(map))
		return VMT_MISS_SPECIAL;
	if (is_anonymous(map))
		return write ? VMT_MISS_DEMAND_ZERO : VMT_MISS_ZERO_PAGE;
	if (beyond_file(lookup))
		return VMT_MISS_SIGBUS;
	if (!(map->perms & VMT_PERM_SHARED))
		return write ? VMT_MISS_COPY : VMT_MISS_FILE;
	if (is_shared_memory(map))
		return VMT_MISS_SHARED_MEMORY;
	return write ? VMT_MISS_FILE_WRITE : VMT_MISS_FILE;
}

bool vmt_miss_may_be_beyond(const struct vmt_lookup *lookup, enum vmt_miss miss)
{
	const struct vmt_mapping *map = lookup->map;
	const struct vmt_page_state *page = lookup->page;

	if (!map || !map->inode || (page && (page->has_file_size || page->present)))
		return false;
	return miss == VMT_MISS_FILE || miss == VMT_MISS_FILE_WRITE || miss == VMT_MISS_COPY ||
	       miss == VMT_MISS_SHARED_MEMORY;
}

/* A page stands in the entry. */
static enum vmt_miss present(const struct vmt_lookup *lookup, enum vmt_access access)
{
	const struct vmt_mapping *map = lookup->map;
	const struct vmt_page_state *page = lookup->page;

	if (access != VMT_ACCESS_WRITE)
		return VMT_MISS_NONE;
	if (page->uffd_protected)
		return VMT_MISS_USERFAULT;
	if (map->perms & VMT_PERM_SHARED)
		return is_shared_memory(map) || is_hugetlb(lookup) ? VMT_MISS_NONE
								   : VMT_MISS_NONE_OR_NOTIFY;
	if (page->zero)
		return VMT_MISS_DEMAND_ZERO;
	if (page->file || !page->exclusive)
		return VMT_MISS_COPY;
	return VMT_MISS_NONE_OR_REUSE;
}

enum vmt_miss vmt_miss_of(const struct vmt_lookup *lookup, enum vmt_access access)
{
	const struct vmt_mapping *map = lookup->map;
	const struct vmt_page_state *page = lookup->page;

	if (!map)
		return unmapped(lookup);
	if (map->gate)
		return VMT_MISS_GATE;
	if (!allowed(map, access))
		return VMT_MISS_SEGV_RIGHTS;
	if (access == VMT_ACCESS_READ && !(map->perms & (VMT_PERM_READ | VMT_PERM_WRITE)))
		return VMT_MISS_EXEC_ONLY;
	if (page && page->present)
		return present(lookup, access);
	if (page && page->guard)
		return VMT_MISS_GUARD;
	if (page && page->swapped)
		return VMT_MISS_SWAP_IN;
	return not_present(lookup, access);
}
