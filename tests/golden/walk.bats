#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The text of `vmtrace walk`, whole, for one address of each architecture. GOLDEN_UPDATE=1 writes the
# expected files anew: read the difference before you keep it.
load ../live/live.sh

# same_as_expected NAME ARGUMENT…
same_as_expected() {
	local expected=$BATS_TEST_DIRNAME/walk-$1.expected
	shift
	"$VMTRACE" walk "$@" >"$BATS_TEST_TMPDIR/walk"
	if [ -n "${GOLDEN_UPDATE-}" ]; then
		cp "$BATS_TEST_TMPDIR/walk" "$expected"
	fi
	diff -u "$expected" "$BATS_TEST_TMPDIR/walk"
}

@test 'arm, with the bits of all entries' {
	same_as_expected arm 0x76db8000 --arch arm --bits
}

@test 'x86_64, four levels, a range' {
	same_as_expected x86_64 --arch x86_64 --levels 4 7ffff7fff123+10M
}

@test 'x86_64, five levels, of the kernel' {
	same_as_expected x86_64-5 --arch x86_64 --levels 5 ff11000012345678
}

@test 'i386 with PAE' {
	same_as_expected i386-pae --arch i386-pae bfffe123-c0000000
}

@test 'aarch64, 64K pages, 52 bits' {
	same_as_expected aarch64 --arch aarch64 --granule 64K --va-bits 52 --bits ffc0060050007
}

@test 'riscv64, Sv39' {
	same_as_expected riscv64 --arch riscv64 --va-bits 39 3fffffffff --bits
}
