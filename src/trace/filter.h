/* SPDX-License-Identifier: MIT */
/* The seccomp program that stops the target at mapping calls. See filter.c. */
#ifndef VMTRACE_TRACE_FILTER_H
#define VMTRACE_TRACE_FILTER_H

#include <linux/filter.h>
#include <linux/seccomp.h>

#include "vmtrace/arch.h"
#include "vmtrace/base.h"

struct vmt_filter {
	VMT_ARRAY(struct sock_filter) code;
};

/*
 * The program for the calls of @arches, which a NULL ends, and for the watched ones (watch.h), with
 * @placement those for it too.
 */
void vmt_filter_init(struct vmt_filter *filter, const struct vmt_arch *const *arches,
		     bool placement);
void vmt_filter_deinit(struct vmt_filter *filter);

/*
 * Puts the calling process under the filter; for the child of a fork (async-signal-safe). Gives
 * up new privileges only if the kernel wants that first. Returns 0 or a negative errno.
 */
VMT_MUST_CHECK int vmt_filter_install(const struct vmt_filter *filter);

/* What any program that seccomp takes answers to @data; jumps go forward only, so it ends. (own-filter.c) */
uint32_t vmt_filter_run(const struct sock_filter *program, size_t count,
			const struct seccomp_data *data);

#endif
