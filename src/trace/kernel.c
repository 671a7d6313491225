/* SPDX-License-Identifier: MIT */
/*
 * Settings of the running kernel: the sysctls and sizes that decide whether a call is refused.
 */
#include <stdio.h>
#include <sys/sysinfo.h>
#include <unistd.h>

#include "procfs.h"

static uint64_t read_number(const char *path, uint64_t usual)
{
	FILE *file = fopen(path, "re");
	unsigned long long number;

	if (!file)
		return usual;
	if (fscanf(file, "%llu", &number) != 1)
		number = usual;
	fclose(file);
	return number;
}

/* num_possible_cpus(), from a list such as "0-3,8-11". */
static unsigned read_possible_cpus(void)
{
	FILE *file = fopen("/sys/devices/system/cpu/possible", "re");
	unsigned cpus = 0;
	unsigned first, last;

	if (!file)
		return (unsigned)sysconf(_SC_NPROCESSORS_CONF);
	while (fscanf(file, "%u", &first) == 1) {
		last = first;
		if (fscanf(file, "-%u", &last) != 1 || last < first)
			last = first;
		cpus += last - first + 1;
		if (fgetc(file) != ',')
			break;
	}
	fclose(file);
	return cpus ? cpus : 1;
}

void vmt_kernel_facts(struct vmt_kernel_facts *ret_facts)
{
	struct sysinfo memory;

	*ret_facts = (struct vmt_kernel_facts){
		.max_map_count = read_number("/proc/sys/vm/max_map_count", 65530),
		.mmap_min_addr = read_number("/proc/sys/vm/mmap_min_addr", 65536),
		.overcommit = (unsigned)read_number("/proc/sys/vm/overcommit_memory", 0),
		.page_size_bytes = (uint64_t)sysconf(_SC_PAGESIZE),
		.possible_cpus = read_possible_cpus(),
		.shmem_unit_bytes = vmt_shmem_unit(),
		.pkeys = vmt_pkru_exists(),
	};
	if (sysinfo(&memory) == 0)
		ret_facts->memory_bytes =
			((uint64_t)memory.totalram + memory.totalswap) * memory.mem_unit;
}
