/* SPDX-License-Identifier: MIT */
/*
 * spots: what /proc/self/smaps says of the VMAs at a few addresses. One reading for all of them, and
 * no memory is allocated: rules.c calls it in a child that has given back its heap.
 */
#ifndef VMTRACE_TRACE_SPOTS_H
#define VMTRACE_TRACE_SPOTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Words of a VmFlags line */
enum {
	VMT_SPOT_FLAGS_KNOWN = 1, /* there was such a line */
	VMT_SPOT_ACCOUNT = 2, /* ac */
	VMT_SPOT_NOHUGE = 4, /* nh */
	VMT_SPOT_GUARD = 8, /* gu */
	VMT_SPOT_LOCKED = 16, /* lo */
	VMT_SPOT_ONFAULT = 32, /* lf */
	VMT_SPOT_MIXEDMAP = 64, /* mm */
	VMT_SPOT_DONTCOPY = 128, /* dc */
	VMT_SPOT_IO = 256, /* io */
};

struct vmt_spot {
	uint64_t address; /* to look for; 0: nothing */
	const char *name; /* or the name of a VMA, as "[vvar]" */
	uint64_t start; /* of the VMA that holds it; 0 until it was found */
	uint64_t end;
	unsigned flags; /* VMT_SPOT_… */
	bool heap; /* labelled [heap] */
};

/* Fills in what is found; start, end, flags and heap are to be 0 before. */
void vmt_spots_read(struct vmt_spot *spots, size_t count);

#endif
