/* SPDX-License-Identifier: MIT */
/*
 * names: prints the names that vmtrace promises to scripts, one a line with its kind in front: why
 * ids, reasons of an adjusted step, calls that it stops at, and warnings. names.sh looks each up in the
 * manual.
 */
#include <stdio.h>

#include "vmtrace/annotate.h"
#include "vmtrace/arch.h"
#include "vmtrace/mm.h"

int main(void)
{
	for (enum vmt_why_id id = VMT_WHY_NONE + 1; id < VMT_WHY_COUNT; id++)
		printf("why %s\n", vmt_why_name(id));
	for (enum vmt_reason reason = VMT_REASON_NONE + 1; reason < VMT_REASON_COUNT; reason++)
		printf("reason %s\n", vmt_reason_name(reason));
	for (enum vmt_call_id call = VMT_CALL_NONE + 1; call < VMT_CALL_COUNT; call++)
		printf("call %s\n", vmt_call_info(call)->name);
	for (unsigned id = 0; id < VMT_WARNING_COUNT; id++)
		printf("warning %s\n", vmt_warning_name(id));
	return 0;
}
