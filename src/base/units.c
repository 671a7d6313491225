/* SPDX-License-Identifier: MIT */
/*
 * units: sizes for people, and numbers from people.
 *
 * A size is written in the largest unit that it reaches: exact multiples of the unit without a
 * fraction (132K, 2M), anything else rounded to one decimal (1.9M), less than 1K as plain bytes.
 */
#include <ctype.h>
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "vmtrace/base.h"

enum {
	SIZE_TEXT_BYTES = 16,
	TENTHS_OF_NEXT_UNIT = 10240,
};

static const char unit_letters[] = "KMGTPE";

const char *vmt_size_text(uint64_t size_bytes, char ret_text[16])
{
	unsigned unit = 0;
	uint64_t unit_bytes = 1;
	uint64_t rest, tenths;

	while (unit < sizeof(unit_letters) - 1 && size_bytes / unit_bytes >= 1024) {
		unit_bytes <<= 10;
		unit++;
	}
	if (!unit) {
		snprintf(ret_text, SIZE_TEXT_BYTES, "%u", (unsigned)size_bytes);
		return ret_text;
	}
	rest = size_bytes % unit_bytes;
	if (!rest) {
		snprintf(ret_text, SIZE_TEXT_BYTES, "%u%c", (unsigned)(size_bytes / unit_bytes),
			 unit_letters[unit - 1]);
		return ret_text;
	}
	/* rest < 2^60, so ten times as much still fits. */
	tenths = size_bytes / unit_bytes * 10 + (rest * 10 + unit_bytes / 2) / unit_bytes;
	if (tenths >= TENTHS_OF_NEXT_UNIT && unit < sizeof(unit_letters) - 1) {
		tenths = 10;
		unit++;
	}
	snprintf(ret_text, SIZE_TEXT_BYTES, "%u.%u%c", (unsigned)(tenths / 10),
		 (unsigned)(tenths % 10), unit_letters[unit - 1]);
	return ret_text;
}

/* Bits to shift for the unit letters that a number may end in; -1 for anything else. */
static int suffix_shift(const char *suffix)
{
	static const char letters[] = "KMGT";
	const char *letter;

	if (!suffix[0])
		return 0;
	letter = strchr(letters, suffix[0]);
	if (!letter || suffix[1])
		return -1;
	return 10 * (int)(letter - letters + 1);
}

int vmt_parse_u64(const char *text, uint64_t *ret_value)
{
	bool hexadecimal = text[0] == '0' && text[1] == 'x';
	int saved_errno = errno;
	unsigned long long value;
	char *end;
	int shift, err;

	/* strtoull() would take blanks and signs. */
	if (text[0] < '0' || text[0] > '9')
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, hexadecimal ? 16 : 10);
	err = errno;
	errno = saved_errno;
	shift = suffix_shift(end);
	if (shift < 0)
		return -EINVAL;
	if (err || value > UINT64_MAX >> shift)
		return -ERANGE;
	*ret_value = (uint64_t)value << shift;
	return 0;
}

int vmt_parse_hex(const char *text, uint64_t *ret_value, const char **ret_end)
{
	int saved_errno = errno;
	unsigned long long value;
	char *end;
	int err;

	/* strtoull() would take blanks and signs. */
	if (!isxdigit((unsigned char)text[0]))
		return -EINVAL;
	errno = 0;
	value = strtoull(text, &end, 16);
	err = errno;
	errno = saved_errno;
	if (err)
		return -ERANGE;
	*ret_value = value;
	*ret_end = end;
	return 0;
}

const char *vmt_signal_name(int number, char ret_name[24])
{
	const char *name = sigabbrev_np(number);

	if (name)
		snprintf(ret_name, 24, "SIG%s", name);
	else if (number >= SIGRTMIN && number <= SIGRTMAX)
		snprintf(ret_name, 24, "SIGRTMIN+%d", number - SIGRTMIN);
	else
		snprintf(ret_name, 24, "SIG%d", number);
	return ret_name;
}
