/* SPDX-License-Identifier: MIT */
/*
 * names: prints the names that vmtrace promises to scripts, one a line with its kind in front: why
 * ids, reasons of an adjusted step, calls that it stops at, warnings, patterns and topics. names.sh
 * looks each up in the manual.
 */
#include <stdio.h>
#include <string.h>

#include "vmtrace/annotate.h"
#include "vmtrace/arch.h"
#include "vmtrace/mm.h"

int main(void)
{
	struct vmt_explanation explanation;

	for (enum vmt_why_id id = VMT_WHY_NONE + 1; id < VMT_WHY_COUNT; id++)
		printf("why %s\n", vmt_why_name(id));
	for (enum vmt_reason reason = VMT_REASON_NONE + 1; reason < VMT_REASON_COUNT; reason++)
		printf("reason %s\n", vmt_reason_name(reason));
	for (enum vmt_call_id call = VMT_CALL_NONE + 1; call < VMT_CALL_COUNT; call++)
		printf("call %s\n", vmt_call_info(call)->name);
	for (unsigned id = 0; id < VMT_WARNING_COUNT; id++)
		printf("warning %s\n", vmt_warning_name(id));
	for (enum vmt_pattern pattern = VMT_PATTERN_NONE + 1; pattern < VMT_PATTERN_COUNT;
	     pattern++)
		printf("pattern %s\n", vmt_pattern_name(pattern));
	for (size_t i = 0; vmt_explanation_at(i, &explanation); i++) {
		if (strcmp(explanation.kind, "topic") == 0)
			printf("topic %s\n", explanation.id);
	}
	return 0;
}
