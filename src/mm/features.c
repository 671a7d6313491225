/* SPDX-License-Identifier: MIT */
/*
 * The rules that differ between kernels, as sets (struct vmt_features).
 */
#include "vmtrace/mm.h"

struct vmt_features vmt_features_default(void)
{
	return (struct vmt_features){
		.profile = VMT_PROFILE_6_18,
		.unaccount_unfaulted = true,
		.stack_nohuge = true,
		.thp_align = VMT_THP_ALIGN_MULTIPLE,
		.mremap_many = true,
		.mseal = true,
		.guard_flag = true,
		.droppable = true,
		.min_address = 0x10000,
	};
}
