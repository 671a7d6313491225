/* SPDX-License-Identifier: MIT */
/*
 * tlb: a TLB at work on a list of addresses from a file, for `vmtrace walk --tlb`.
 */
#ifndef CMD_TLB_H
#define CMD_TLB_H

#include <stdio.h>

#include "vmtrace/arch.h"
#include "vmtrace/lookup.h"

/*
 * Reads @path line by line and prints what becomes of each line on @file. Addresses must be of
 * @geometry. Returns 0, or a negative errno with one line in @error that names the line at fault;
 * what came before it was printed then.
 *
 *	ADDRESS [ASID]	a lookup
 *	asid N		what follows is of space N (0 at first)
 *	flush		drop everything
 *	flush asid N	drop what is of space N
 *	flush ADDRESS	drop this page of the current space
 *	# …		nothing; nor does an empty line
 */
VMT_MUST_CHECK int vmt_tlb_play(const char *path, const struct vmt_geometry *geometry,
				const struct vmt_tlb_config *config, FILE *file,
				struct vmt_error *error);

#endif
