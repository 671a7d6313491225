/* SPDX-License-Identifier: MIT */
/*
 * operand: what vmtrace diff compares: a recording, one space or step of it, or the text of a maps
 * file, read into layouts and sequences of steps.
 */
#ifndef CMD_OPERAND_H
#define CMD_OPERAND_H

#include "vmtrace/compare.h"
#include "vmtrace/render.h"

/* FILE, FILE@STEP, FILE@SPACE:STEP or FILE@SPACE: */
struct vmt_operand {
	const char *given;
	char *path; /* owned */
	bool has_space;
	bool has_step;
	uint32_t space;
	uint32_t step;
};

/* One address space of it. */
struct vmt_operand_space {
	struct vmt_diff_end end; /* what follows is its contents */
	const char *made_by;
	struct vmt_compare_side layout;
	struct vmt_compare_steps steps;
};

struct vmt_operand_data {
	bool recording;
	bool single; /* one space was asked for, or there is but one because it is a text */
	uint64_t page_bytes; /* 0 unknown */
	VMT_ARRAY(struct vmt_operand_space *) spaces; /* in order of birth */
};

VMT_MUST_CHECK int vmt_operand_parse(const char *given, struct vmt_operand *ret_operand,
				     struct vmt_error *error);
void vmt_operand_deinit(struct vmt_operand *operand);

/* Reads it, with the steps if @steps. Names come from @names. *ret_data is the caller's. */
VMT_MUST_CHECK int vmt_operand_read(const struct vmt_operand *operand, bool steps,
				    struct vmt_names *names, struct vmt_operand_data *ret_data,
				    struct vmt_error *error);
void vmt_operand_data_deinit(struct vmt_operand_data *data);

#endif
