/* SPDX-License-Identifier: MIT */
/*
 * elf: ELF files through libelf, turned into plain values (struct vmt_elf in image.h). Files are
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

#endif
