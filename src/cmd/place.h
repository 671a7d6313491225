/* SPDX-License-Identifier: MIT */
/*
 * place: a word that means an address in every address space of a recording.
 *
 *	0x7f1c2be4f000        a number
 *	libc.so.6+0x1d0000    a byte of an object, counted from where its first byte was mapped
 *	malloc                a symbol of a file that was loaded; malloc+8, libc.so.6:malloc
 */
#ifndef CMD_PLACE_H
#define CMD_PLACE_H

#include "vmtrace/store.h"

/* A symbol of a file. */
struct vmt_place_symbol {
	const struct vmt_object_info *object; /* the recording's */
	uint64_t vaddr; /* as the file has it */
	bool local; /* not exported */
	bool several; /* there are others of the name in it */
};

struct vmt_place {
	const char *word;
	struct vmt_recording *recording;
	enum {
		VMT_PLACE_NUMBER,
		VMT_PLACE_OBJECT,
		VMT_PLACE_SYMBOL,
	} kind;
	uint64_t number; /* the address, or the bytes behind the '+' */
	struct vmt_str object; /* "": any */
	struct vmt_str name; /* of the symbol */
	VMT_ARRAY(struct vmt_place_symbol) symbols;
};

/*
 * Understands @word, which must stay; for a symbol looks into the files that @recording names, and says
 * which of them are not there any more or not the same. 0, or a negative errno with a line; to be given
 * back in either case.
 */
VMT_MUST_CHECK int vmt_place_init(struct vmt_place *place, struct vmt_recording *recording,
				  const char *word, struct vmt_error *error);
void vmt_place_deinit(struct vmt_place *place);

/*
 * The address in @space, and for a symbol the file that has it, else NULL. -ENOENT without a line if the
 * object was not mapped there; -EINVAL with one if two files there have the symbol.
 */
VMT_MUST_CHECK int vmt_place_in(const struct vmt_place *place, uint32_t space,
				uint64_t *ret_address, const char **ret_object,
				struct vmt_error *error);

#endif
