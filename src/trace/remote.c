/* SPDX-License-Identifier: MIT */
/*
 * The memory of a stopped task, for reading single words of it. A look at another process costs
 * about as much for a page as for a word, so what is near the stack pointer is read once a stop,
 * and everything else in pages that are kept until the next:
 *
 *	sp				sp + window
 *	|<------- one read -------------->|	pages, as they are asked for
 *
 * The window is as long as the last stacks were, at least a page.
 *
 * What may be read at one stop is limited: call-frame information is a program, and a hostile one
 * need not end.
 */
#include <string.h>

#include "procfs.h"
#include "stack.h"

enum {
	WORDS_MAX = 200000,
	READS_MAX = 2048,
	NO_PAGE = 1, /* the address of no page */
};

void vmt_remote_begin(struct vmt_remote *remote, pid_t tid, uint64_t sp)
{
	uint64_t start = sp & ~7ULL;
	size_t used = remote->window_used > remote->window_start
			      ? (size_t)(remote->window_used - remote->window_start)
			      : 0;
	long got;

	/* Grows at once, and shrinks slowly. */
	if (used < remote->window_wanted)
		used = remote->window_wanted - (remote->window_wanted - used) / 8;
	used = (used + VMT_REMOTE_PAGE_BYTES - 1) & ~(size_t)(VMT_REMOTE_PAGE_BYTES - 1);
	used = vmt_min_u64(vmt_max_u64(used, VMT_REMOTE_PAGE_BYTES), VMT_REMOTE_WINDOW_BYTES);
	remote->window_wanted = used;

	remote->tid = tid;
	remote->words_left = WORDS_MAX;
	remote->reads_left = READS_MAX;
	for (size_t i = 0; i < VMT_REMOTE_PAGES; i++)
		remote->pages[i].address = NO_PAGE;
	/* What is not there now was not written by who stands here. */
	vmt_fd_close(&remote->pagemap);
	remote->pagemap = vmt_procfs_open(tid, "pagemap");
	used = vmt_procfs_present(remote->pagemap, start, used);
	got = used ? vmt_procfs_read_by(remote->pagemap, tid, start, remote->window, used) : 0;
	remote->window_start = start;
	remote->window_bytes = got > 0 ? (size_t)got : 0;
	remote->window_used = start;
}

static const unsigned char *page_bytes(struct vmt_remote *remote, uint64_t address)
{
	uint64_t start = address & ~(uint64_t)(VMT_REMOTE_PAGE_BYTES - 1);
	struct vmt_remote_page *page =
		&remote->pages[start / VMT_REMOTE_PAGE_BYTES % VMT_REMOTE_PAGES];

	if (page->address != start) {
		if (!remote->reads_left)
			return NULL;
		remote->reads_left--;
		page->address = start;
		page->readable =
			vmt_procfs_read_by(remote->pagemap, remote->tid, start, page->bytes,
					   sizeof(page->bytes)) == (long)sizeof(page->bytes);
	}
	return page->readable ? page->bytes + (address - start) : NULL;
}

/* Bytes that lie in one page. */
static bool read_bytes(struct vmt_remote *remote, uint64_t address, unsigned char *bytes,
		       size_t length)
{
	const unsigned char *from;

	if (address >= remote->window_start &&
	    address - remote->window_start <= VMT_REMOTE_WINDOW_BYTES - 8) {
		remote->window_used = vmt_max_u64(remote->window_used, address + length);
		if (address - remote->window_start + length <= remote->window_bytes) {
			memcpy(bytes, remote->window + (address - remote->window_start), length);
			return true;
		}
	}
	from = page_bytes(remote, address);
	if (from)
		memcpy(bytes, from, length);
	return from;
}

bool vmt_remote_word(struct vmt_remote *remote, uint64_t address, size_t bytes, uint64_t *ret_word)
{
	size_t room = VMT_REMOTE_PAGE_BYTES - address % VMT_REMOTE_PAGE_BYTES;
	size_t first = bytes < room ? bytes : room;
	unsigned char raw[8] = { 0 };

	if (!remote->words_left || address > UINT64_MAX - bytes)
		return false;
	remote->words_left--;
	if (!read_bytes(remote, address, raw, first) ||
	    (first < bytes && !read_bytes(remote, address + first, raw + first, bytes - first)))
		return false;
	memcpy(ret_word, raw, sizeof(raw));
	return true;
}
