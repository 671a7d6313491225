/* SPDX-License-Identifier: MIT */
/*
 * fuzz-symbols: any bytes as an ELF file with symbols, in memory, behind a descriptor and as the file
 * of debugging symbols of itself, asked by place and by name. A name that is found has an end and no
 * control over anything.
 */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "vmtrace/elf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Not assert(): a build for release must check as well. */
static void require(bool condition)
{
	if (!condition)
		abort();
}

static void ask(const struct vmt_symbols *symbols, size_t size)
{
	struct vmt_symbol symbol;

	for (uint64_t offset = 0; offset < size + 64; offset += 13) {
		if (!vmt_symbols_find(symbols, offset, &symbol))
			continue;
		require(symbol.name[0] && strlen(symbol.name) <= 1024);
		require(vmt_symbols_count(symbols) > 0);
	}
	require(strlen(vmt_symbols_build_id(symbols)) % 2 == 0);
	require(!strchr(vmt_symbols_debug_link(symbols), '/'));
}

/* The name of each function leads back to something, if only to another of the name. */
static void ask_by_name(const struct vmt_symbols *symbols, int fd, size_t size)
{
	struct vmt_symbol symbol;
	struct vmt_named named;
	unsigned asked = 0;
	bool found;

	for (uint64_t offset = 0; offset < size && asked < 16; offset += 61) {
		if (!vmt_symbols_find(symbols, offset, &symbol))
			continue;
		require(!vmt_symbol_named(fd, symbol.name, &named, &found, NULL));
		asked++;
	}
	require(!vmt_symbol_named(fd, "main", &named, &found, NULL));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct vmt_error error = { "" };
	struct vmt_symbols *symbols;
	int fd = memfd_create("fuzz-symbols", MFD_CLOEXEC);

	require(fd >= 0);
	require(write(fd, data, size) == (ssize_t)size);
	if (!vmt_symbols_read_image(data, size, &symbols, &error)) {
		ask(symbols, size);
		vmt_symbols_free(symbols);
	} else {
		require(error.text[0] != '\0');
	}
	if (!vmt_symbols_read(fd, &symbols, &error)) {
		vmt_symbols_add_debug(symbols, fd);
		ask(symbols, size);
		ask_by_name(symbols, fd, size);
		vmt_symbols_free(symbols);
	}
	close(fd);
	return 0;
}
