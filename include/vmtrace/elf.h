/* SPDX-License-Identifier: MIT */
/*
 * elf: ELF files through libelf, turned into plain values (structs of image.h). Files are
 * untrusted: every number is checked against the file's size, and nothing is executed or written.
 */
#ifndef VMTRACE_ELF_H
#define VMTRACE_ELF_H

#include "vmtrace/base.h"
#include "vmtrace/image.h"

/*
 * Reads the headers of the ELF file behind @fd, which stays open and whose position is not used.
 * Returns 0; -ENOEXEC with a line in @error if it is no ELF file or its headers contradict
 * themselves; another negative errno if it could not be read.
 */
VMT_MUST_CHECK int vmt_elf_read(int fd, struct vmt_elf *ret_elf, struct vmt_error *error);

/*
 * The same headers, and what else tells about the mappings of the file: sections, build-id, soname and
 * the flags of the dynamic section. Names are taken from @names. Only a file that vmt_elf_read()
 * refuses is refused; what is missing or damaged beyond its program headers is left out.
 * @ret_facts must not hold anything; on success it is to be given back.
 */
VMT_MUST_CHECK int vmt_elf_facts_init(int fd, struct vmt_names *names,
				      struct vmt_elf_facts *ret_facts, struct vmt_error *error);
void vmt_elf_facts_deinit(struct vmt_elf_facts *facts);

#endif
