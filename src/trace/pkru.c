/* SPDX-License-Identifier: MIT */
/*
 * The PKRU register of a stopped thread: its component of the XSAVE image (state 9, XFEATURE_PKRU),
 * whose place CPUID tells, because it differs between processors.
 */
#include <cpuid.h>
#include <elf.h>
#include <string.h>
#include <sys/uio.h>

#include "procfs.h"
#include "tracer.h"

enum {
	IMAGE_BYTES = 16384,
	HEADER_AT = 512, /* of struct xstate_header, which begins with the components in use */
	PKRU_STATE = 9,
	XSAVE_LEAF = 0xd,
	FEATURE_LEAF = 7,
	OSPKE_BIT = 1 << 4, /* of ecx: the kernel has turned protection keys on */
};

bool vmt_pkru_exists(void)
{
	unsigned eax, ebx, ecx, edx;

	return __get_cpuid_count(FEATURE_LEAF, 0, &eax, &ebx, &ecx, &edx) && ecx & OSPKE_BIT;
}

static uint32_t pkru_offset(void)
{
	unsigned eax, ebx, ecx, edx;

	if (!vmt_pkru_exists() ||
	    !__get_cpuid_count(XSAVE_LEAF, PKRU_STATE, &eax, &ebx, &ecx, &edx))
		return 0;
	return ebx;
}

bool vmt_pkru_read(pid_t tid, uint32_t *ret_pkru)
{
	static uint32_t offset;
	static bool known;
	char image[IMAGE_BYTES];
	struct iovec vector = { .iov_base = image, .iov_len = sizeof(image) };
	uint64_t in_use;

	if (!known) {
		offset = pkru_offset();
		known = true;
	}
	if (!offset || ptrace(PTRACE_GETREGSET, tid, (void *)NT_X86_XSTATE, &vector) < 0 ||
	    vector.iov_len < offset + sizeof(*ret_pkru))
		return false;
	memcpy(&in_use, image + HEADER_AT, sizeof(in_use));
	*ret_pkru = 0;
	if (in_use & 1ULL << PKRU_STATE)
		memcpy(ret_pkru, image + offset, sizeof(*ret_pkru));
	return true;
}
