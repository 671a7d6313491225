/* SPDX-License-Identifier: MIT */
/*
 * escape: bytes that come from the target (names of files, of anonymous memory, of the program
 * itself), made safe for a terminal.
 *
 * Invariant: what comes out is valid UTF-8 without a control character, so no escape sequence
 * gets through, neither as ESC nor as one of the C1 controls that start one in a single character:
 *
 *	U+0000..U+001F, U+007F    one byte          \033
 *	U+0080..U+009F            c2 80 .. c2 9f    \302\233
 *	malformed                 byte by byte      \377
 *	anything else             as it is
 *
 * Octal with three digits is how seq_path() writes the newline in /proc/PID/maps. A backslash is
 * kept, as the kernel keeps it there; the text is for eyes and not meant to be read back.
 */
#include "vmtrace/base.h"

/* The least code point that needs a sequence of this many bytes: anything below is overlong. */
static const uint32_t least_code_point[5] = { 0, 0, 0x80, 0x800, 0x10000 };

/* Bytes of a sequence that starts with @lead, and the code point's bits in it; 0 if none does. */
static size_t lead_length(unsigned char lead, uint32_t *ret_bits)
{
	if (lead < 0x80) {
		*ret_bits = lead;
		return 1;
	}
	if ((lead & 0xe0) == 0xc0) {
		*ret_bits = lead & 0x1f;
		return 2;
	}
	if ((lead & 0xf0) == 0xe0) {
		*ret_bits = lead & 0x0f;
		return 3;
	}
	if ((lead & 0xf8) == 0xf0) {
		*ret_bits = lead & 0x07;
		return 4;
	}
	return 0;
}

/* Length of the sequence at the front and its code point; 0 if there is no valid one. */
static size_t decode(const char *bytes, size_t length, uint32_t *ret_code_point)
{
	uint32_t code_point = 0;
	size_t count;

	if (!length)
		return 0;
	count = lead_length((unsigned char)bytes[0], &code_point);
	if (!count || count > length)
		return 0;
	for (size_t i = 1; i < count; i++) {
		unsigned char byte = (unsigned char)bytes[i];

		if ((byte & 0xc0) != 0x80)
			return 0;
		code_point = code_point << 6 | (byte & 0x3f);
	}
	if (code_point < least_code_point[count] || code_point > 0x10ffff)
		return 0;
	if (code_point >= 0xd800 && code_point <= 0xdfff)
		return 0;
	*ret_code_point = code_point;
	return count;
}

static bool is_control(uint32_t code_point)
{
	return code_point < 0x20 || (code_point >= 0x7f && code_point < 0xa0);
}

void vmt_escape_text(struct vmt_str *str, const char *bytes, size_t length)
{
	for (size_t at = 0; at < length;) {
		uint32_t code_point = 0;
		size_t count = decode(bytes + at, length - at, &code_point);

		if (count && !is_control(code_point)) {
			vmt_str_add_bytes(str, bytes + at, count);
			at += count;
			continue;
		}
		/*
		 * One byte a turn is enough: the second byte of a C1 control is no valid start, so
		 * the next turn escapes it as well.
		 */
		vmt_str_printf(str, "\\%03o", (unsigned char)bytes[at]);
		at++;
	}
}

size_t vmt_utf8_sequence(const char *bytes, size_t length)
{
	uint32_t code_point;

	return decode(bytes, length, &code_point);
}

bool vmt_utf8_valid(const char *bytes, size_t length)
{
	for (size_t at = 0; at < length;) {
		size_t count = vmt_utf8_sequence(bytes + at, length - at);

		if (!count)
			return false;
		at += count;
	}
	return true;
}
