/* SPDX-License-Identifier: MIT */
/*
 * array: the part of VMT_ARRAY that does not depend on the element's type.
 *
 * Invariant: capacity counts elements, count <= capacity, and data is NULL only while capacity is
 * zero. Capacity doubles, so that n pushes copy fewer than 2n elements.
 */
#include <stdint.h>
#include <stdlib.h>

#include "vmtrace/base.h"

enum {
	FIRST_CAPACITY = 8
};

void *vmt_array_grow(void *data, size_t *capacity, size_t needed, size_t size_bytes)
{
	size_t grown = *capacity ? *capacity : FIRST_CAPACITY;

	if (needed <= *capacity)
		return data;
	while (grown < needed) {
		if (grown > SIZE_MAX / 2)
			vmt_die_oom();
		grown *= 2;
	}
	data = vmt_realloc(data, grown, size_bytes);
	*capacity = grown;
	return data;
}

void vmt_array_free(void *data)
{
	free(data);
}
