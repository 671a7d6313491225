/* SPDX-License-Identifier: MIT */
/*
 * Arguments and whole calls in the words of the C headers, close to what strace prints, so that a
 * reader can hold both side by side. The names come from arch's tables; a value that has no name
 * is printed as a number and never dropped.
 *
 * Texts hold untrusted bytes (file names, names of memory) as they are: the renderer escapes.
 */
#include "vmtrace/annotate.h"

#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

void vmt_prot_text(uint64_t prot, char ret_text[4])
{
	ret_text[0] = prot & PROT_READ ? 'r' : '-';
	ret_text[1] = prot & PROT_WRITE ? 'w' : '-';
	ret_text[2] = prot & PROT_EXEC ? 'x' : '-';
	ret_text[3] = '\0';
}

void vmt_perms_text(unsigned perms, char ret_text[5])
{
	ret_text[0] = perms & VMT_PERM_READ ? 'r' : '-';
	ret_text[1] = perms & VMT_PERM_WRITE ? 'w' : '-';
	ret_text[2] = perms & VMT_PERM_EXEC ? 'x' : '-';
	ret_text[3] = perms & VMT_PERM_SHARED ? 's' : 'p';
	ret_text[4] = '\0';
}

const char *vmt_errno_name(int err, char ret_text[24])
{
	const char *name = err > 0 ? strerrorname_np(err) : NULL;

	if (name)
		snprintf(ret_text, 24, "%s", name);
	else
		snprintf(ret_text, 24, "errno %d", err);
	return ret_text;
}

static void add_number(struct vmt_str *text, uint64_t value)
{
	vmt_str_printf(text, value ? "0x%" PRIx64 : "0", value);
}

static const char *constant_name(const struct vmt_constants *set, uint64_t value)
{
	for (const struct vmt_constant *row = set->rows; row->name; row++) {
		if (row->value == value)
			return row->name;
	}
	return NULL;
}

/* The part of @value that is a number of its own (MAP_TYPE), by name; NULL if it has none. */
static const char *field_name(const struct vmt_constants *set, uint64_t value)
{
	for (const struct vmt_constant *row = set->rows; set->field_mask && row->name; row++) {
		if ((row->value & ~set->field_mask) == 0 && row->value == (value & set->field_mask))
			return row->name;
	}
	return NULL;
}

static void add_flags(const struct vmt_constants *set, uint64_t value, struct vmt_str *text)
{
	const char *whole = constant_name(set, value);
	const char *field = field_name(set, value);
	const char *bar = "";
	uint64_t rest = value;

	/* Also the way to the name of zero, PROT_NONE. */
	if (whole || value == 0) {
		vmt_str_add(text, whole ? whole : "0");
		return;
	}
	if (field) {
		vmt_str_add(text, field);
		rest &= ~set->field_mask;
		bar = "|";
	}
	for (const struct vmt_constant *row = set->rows; row->name; row++) {
		if (row->value == 0 || (row->value & set->field_mask) ||
		    (rest & row->value) != row->value)
			continue;
		vmt_str_printf(text, "%s%s", bar, row->name);
		rest &= ~row->value;
		bar = "|";
	}
	if (rest)
		vmt_str_printf(text, "%s0x%" PRIx64, bar, rest);
}

static void add_named(enum vmt_arg_kind kind, uint64_t value, struct vmt_str *text)
{
	const struct vmt_constants *set = vmt_constants(kind);
	const char *name;

	if (!set) {
		add_number(text, value);
	} else if (set->flags) {
		add_flags(set, value, text);
	} else {
		name = constant_name(set, value);
		if (name)
			vmt_str_add(text, name);
		else
			add_number(text, value);
	}
}

void vmt_arg_text(enum vmt_arg_kind kind, uint64_t value, struct vmt_str *ret_text)
{
	switch (kind) {
	case VMT_ARG_NONE:
		break;
	case VMT_ARG_ADDRESS:
	case VMT_ARG_PATH_ADDRESS:
		if (value)
			vmt_str_printf(ret_text, "0x%" PRIx64, value);
		else
			vmt_str_add(ret_text, "NULL");
		break;
	case VMT_ARG_SIZE:
		vmt_str_printf(ret_text, "%" PRIu64, value);
		break;
	case VMT_ARG_FD:
		if ((int32_t)value == AT_FDCWD)
			vmt_str_add(ret_text, "AT_FDCWD");
		else
			vmt_str_printf(ret_text, "%" PRId32, (int32_t)value);
		break;
	case VMT_ARG_INT:
		vmt_str_printf(ret_text, "%" PRId32, (int32_t)value);
		break;
	case VMT_ARG_OFFSET:
	case VMT_ARG_HEX:
		add_number(ret_text, value);
		break;
	case VMT_ARG_PAGE_OFFSET:
		/* As strace: in bytes, so that mmap and mmap2 read alike. */
		add_number(ret_text, value << 12);
		break;
	case VMT_ARG_PROT:
	case VMT_ARG_MAP_FLAGS:
	case VMT_ARG_MREMAP_FLAGS:
	case VMT_ARG_MPOL_MODE:
	case VMT_ARG_MPOL_FLAGS:
		add_named(kind, value, ret_text);
		break;
	case VMT_ARG_PERSONA:
	case VMT_ARG_PKEY_RIGHTS:
		/* Not flags but the question "which one is it?" */
		if ((uint32_t)value == UINT32_MAX)
			add_number(ret_text, UINT32_MAX);
		else
			add_named(kind, (uint32_t)value, ret_text);
		break;
	case VMT_ARG_ADVICE:
	case VMT_ARG_MLOCK_FLAGS:
	case VMT_ARG_MLOCKALL_FLAGS:
	case VMT_ARG_SHM_FLAGS:
	case VMT_ARG_PRCTL_OP:
	case VMT_ARG_ARCH_PRCTL_OP:
	case VMT_ARG_IOCTL_REQUEST:
	case VMT_ARG_RESOURCE:
		/* int to the kernel: what the register holds above does not count */
		add_named(kind, (uint32_t)value, ret_text);
		break;
	}
}

/* How many arguments of the call mean something. */
static unsigned arg_count(const struct vmt_event *event, const struct vmt_call_info *info)
{
	if (event->call == VMT_CALL_MREMAP && !(event->args[3] & (MREMAP_FIXED | MREMAP_DONTUNMAP)))
		return 4;
	return info->arg_count;
}

static void add_arg(const struct vmt_event *event, const struct vmt_call_info *info, unsigned i,
		    struct vmt_str *text)
{
	enum vmt_arg_kind kind = info->args[i].kind;

	if (event->call == VMT_CALL_PRCTL && event->text_valid && i == 4) {
		vmt_str_printf(text, "\"%.*s\"", (int)sizeof(event->text), event->text);
		return;
	}
	/* Here the unit is pages, and strace keeps it so. */
	if (event->call == VMT_CALL_REMAP_FILE_PAGES && kind == VMT_ARG_PAGE_OFFSET)
		kind = VMT_ARG_SIZE;
	vmt_arg_text(kind, event->args[i], text);
	if (kind == VMT_ARG_FD && event->file.known)
		vmt_str_printf(text, "<%s>", event->file.name);
}

static bool returns_address(enum vmt_call_id call)
{
	switch (call) {
	case VMT_CALL_MMAP:
	case VMT_CALL_MMAP2:
	case VMT_CALL_OLD_MMAP:
	case VMT_CALL_BRK:
	case VMT_CALL_MREMAP:
	case VMT_CALL_SHMAT:
	case VMT_CALL_MAP_SHADOW_STACK:
		return true;
	default:
		return false;
	}
}

static void add_result(const struct vmt_event *event, struct vmt_str *text)
{
	char name[24];

	if (event->kind == VMT_EVENT_CALL_LOST) {
		vmt_str_add(text, "?");
	} else if (event->failed) {
		vmt_str_printf(text, "-1 %s (%s)", vmt_errno_name((int)-event->result, name),
			       vmt_strerror((int)-event->result));
	} else if (returns_address(event->call)) {
		vmt_str_printf(text, "0x%" PRIx64, (uint64_t)event->result);
	} else if (event->call == VMT_CALL_PERSONALITY) {
		add_number(text, (uint64_t)event->result);
	} else {
		vmt_str_printf(text, "%" PRId64, event->result);
	}
}

void vmt_call_text(const struct vmt_event *event, struct vmt_str *ret_text)
{
	const struct vmt_call_info *info = vmt_call_info(event->call);
	unsigned count = arg_count(event, info);

	vmt_str_printf(ret_text, "%s(", info->name);
	for (unsigned i = 0; i < count; i++) {
		if (i)
			vmt_str_add(ret_text, ", ");
		add_arg(event, info, i, ret_text);
	}
	vmt_str_add(ret_text, ") = ");
	add_result(event, ret_text);
}
