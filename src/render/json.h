/* SPDX-License-Identifier: MIT */
/*
 * json: what the files behind vmt_render_json_new() share.
 *
 *	json.c      the lines
 *	json_elf.c  what they say of ELF files
 *	json-stack.c  call stacks
 */
#ifndef VMT_RENDER_JSON_H
#define VMT_RENDER_JSON_H

#include "values.h"

/* The part of an ELF file that a VMA is: the numbers of its segments, from 1, and its sections. */
json_t *vmt_json_part(const struct vmt_part *part);
/* The keys of a line about an ELF file. */
void vmt_json_put_object(json_t *line, const struct vmt_object_info *info);

/* The keys "frames" and "end" of @object: a stack, innermost frame first. */
void vmt_json_put_stack(json_t *object, const struct vmt_frame *stack);

#endif
