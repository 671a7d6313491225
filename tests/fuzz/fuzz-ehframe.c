/* SPDX-License-Identifier: MIT */
/*
 * fuzz-ehframe: any bytes as an .eh_frame section. The rows of its table are sorted, and each entry
 * is in the section.
 */
#include <stdint.h>
#include <stdlib.h>

#include "stack.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vmt_eh_row *rows = NULL;
	size_t count = vmt_eh_index(data, size, &rows);

	for (size_t i = 0; i < count; i++) {
		if (rows[i].entry < 0 || (size_t)rows[i].entry + 12 > size ||
		    (i && rows[i - 1].start > rows[i].start))
			abort();
	}
	free(rows);
	return 0;
}
