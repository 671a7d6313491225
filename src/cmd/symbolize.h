/* SPDX-License-Identifier: MIT */
/*
 * symbolize: names for the frames of stacks. The trace room finds frames and the elf room reads
 * symbols; they do not know each other.
 */
#ifndef CMD_SYMBOLIZE_H
#define CMD_SYMBOLIZE_H

#include <sys/types.h>

#include "vmtrace/event.h"

struct vmt_symbolizer;

struct vmt_symbolizer *vmt_symbolizer_new(void);
void vmt_symbolizer_free(struct vmt_symbolizer *symbolizer);

/*
 * Looks for the symbols of all frames of @stack that were not resolved before. Files are opened as
 * the task @pid sees them. The names live as long as @symbolizer.
 */
void vmt_symbolize(struct vmt_symbolizer *symbolizer, pid_t pid, struct vmt_frame *stack);

#endif
