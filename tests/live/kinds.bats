#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Kinds of memory, of files and of rights that have rules of their own (programs/kinds.c): the model
# says what the kernel does before it looks, and why.
# shellcheck disable=SC2016 # what jq expands
load live.sh
load scenes.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need_command jq
}

kind() {
	foreseen_scene kinds-pie "$1"
}

@test 'a page whose key denies access cannot be locked' {
	kind lock-denied
	holds 'call("mlock") | only | .errno == "ENOMEM" and because("pkey-denies")
		and (.added | texts($room)) == ["0-1 rw-p", "1-2 rw-p"]'
}

@test 'memory that may only be executed, locked; and readable again' {
	kind lock-execute-only
	# Without protection keys it is readable all the same.
	holds 'call("mlock") | (.[0].errno == null) or (.[0] | because("pkey-denies"))'
	holds 'call("mlock") | .[1].errno == null'
}

@test 'a page whose key denies access cannot be populated' {
	kind populate-denied
	holds 'call("madvise") | only | .errno == "EINVAL" and because("pkey-denies")'
}

@test 'a protection key that was given back' {
	kind key-freed
	holds 'call("pkey_mprotect") | only | .errno == "EINVAL" and because("bad-pkey")'
	holds 'call("pkey_free") | .[0].errno == null and .[1].errno == "EINVAL"'
}

@test 'all protection keys are given out' {
	kind keys-used-up
	holds 'call("pkey_alloc") | .[-1].errno == "ENOSPC" and (.[-1] | because("pkeys-used-up"))'
}

@test 'files that cannot be mapped' {
	kind unmappable
	holds 'call("mmap") | map(select(.errno == "EIO")) | length == 3 and all(because("file-no-mmap"))'
	# What has no mmap operation leaves the place alone, what refuses by itself has cleared it.
	holds 'call("mmap") | map(select(.errno == "EIO" and (.args.flags | index("MAP_FIXED")))) | only
		| (.removed | length) == 1 and (.added | length) == 2'
	holds 'call("mmap") | map(select(.errno == "ENODEV")) | length >= 20'
}

@test 'a ring of perf: cannot be cut, is not for a child' {
	kind perf-ring
	holds 'call("munmap") | map(select(.errno)) | only | .errno == "EINVAL" and because("special-split")'
	holds 'call("mmap") | map(select(.errno == "EINVAL")) | only | because("file-not-private")'
	holds 'steps | map(select(.space == 2)) | all((.added | map(.name) | index("anon_inode:[perf_event]")) == null)'
}

@test 'secret memory is shared, and locked' {
	kind secret-memory
	holds 'about("mmap"; "0x0") | map(select(.result == $secret)) | only | .added[0] | flag("lo")'
	holds 'call("mmap") | map(select(.errno == "EINVAL")) | only | because("file-not-private")'
}

@test 'huge pages: a pool that is too small, and a size that there is not' {
	kind huge-pool
	holds 'call("mmap") | map(select(.errno)) | .[0].errno == "ENOMEM" and (.[0] | because("huge-pool"))
		and .[1].errno == "EINVAL" and (.[1] | because("huge-size"))'
	holds 'call("mmap")[-1].added[0] | (.end | number) - (.start | number) == 2097152 and flag("ht")'
}

@test 'a System V segment of huge pages' {
	kind huge-segment
	holds 'call("shmat") | length == 4 and (.[2].errno == "EINVAL")
		and all(.[0, 1, 3].added[]; flag("ht") and (.end | number) - (.start | number) == 4194304)'
	holds 'call("munmap") | map(select(.errno)) | only | .errno == "EINVAL" and because("huge-unaligned")'
	holds 'call("shmdt") | length == 2 and all(.errno == null)'
}

@test 'a System V segment that was there without huge pages' {
	kind segment-kept
	holds 'call("shmat") | only | .added | only | flag("ht") | not'
}

@test 'huge pages: no part of one can be changed' {
	kind huge-parts
	holds 'steps | map(select(.errno == "EINVAL")) | length >= 5 and all(because("huge-unaligned"))'
}

@test 'huge pages of a memfd' {
	kind huge-file
}

@test 'hints that are raised, in a guard gap, beyond the end, taken' {
	kind hints
	holds 'call("mmap") | any(.result == $low and because("hint-raised"))'
	holds 'call("mmap") | any(.result == $guard and because("hint-guard"))'
	holds 'call("mmap") | any(.result == $beyond and because("hint-beyond"))'
	holds 'call("mmap") | any(.result == $taken and because("hint-taken"))'
}

@test 'mremap that grows and moves, of a file and of anonymous memory' {
	kind remap-places
}

@test 'a file opened again under the same number is another struct file' {
	kind opened-again
	holds 'call("mmap") | map(select(.what | contains("kinds-file"))) | length == 4
		and all(because("merge-above") | not)'
}

@test 'the descriptor that a child used too is one struct file' {
	kind used-by-a-child
	holds 'call("mmap") | map(select(.space == 1 and (.what | contains("kinds-file")))) | .[-1]
		| because("merge-above")'
}

@test 'one call over several VMAs: their anon_vmas are those at its entry' {
	kind written-apart
}

@test 'limits of a child that shares the memory are its own' {
	kind limits-of-a-child
	holds 'call("mmap") | any(.errno == "ENOMEM" and because("limit-as"))'
	holds 'call("mmap") | any(.result == $after)'
}

@test 'limits that a parent sets' {
	kind limits-from-outside
	holds 'call("mmap") | any(.errno == "ENOMEM" and because("limit-as"))'
}

@test 'capabilities that were given up' {
	kind rights-given-up
	holds 'call("mlock") | .[0].errno == null and .[1].errno == "EPERM" and (.[1] | because("lock-forbidden"))'
	holds 'call("mmap") | any(.errno == "EPERM" and because("lock-forbidden"))'
}

@test 'PR_SET_MDWE with PR_MDWE_NO_INHERIT, and without' {
	kind mdwe-not-inherited
	holds 'call("mmap") | map(select(.args.prot == "rwx")) | .[0].errno == "EACCES" and .[1].errno == null'
	kind mdwe-inherited
	holds 'call("mmap") | map(select(.args.prot == "rwx")) | only | .errno == "EACCES" and because("mdwe")'
}

@test 'a 64-bit program that makes 32-bit calls' {
	kind old-calls
	holds 'steps | all(.added[] | .name != "" or true)'
}

@test 'a program that was built to be loaded anywhere, without an interpreter' {
	need hello-static-pie
	local i
	for ((i = 0; i < 10; i++)); do
		"$VMTRACE" --check=full -o trace.jsonl "$PROGRAMS/hello-static-pie"
		holds 'last | .unexplained == 0 and .adjusted == 0'
	done
}

@test 'the old layout, at random and not' {
	need_command setarch
	need calls-pie
	local option
	for option in -L -LR; do
		"$VMTRACE" --check=full -o trace.jsonl -- setarch "$option" "$PROGRAMS/calls-pie" >/dev/null
		holds 'last | .unexplained == 0 and .adjusted == 0'
		holds 'steps | any(because("bottom-up"))'
	done
}

@test 'what is readable is executable, and page 0' {
	need_command setarch
	need hello-m32
	"$VMTRACE" --check=full -o trace.jsonl -- setarch -X "$PROGRAMS/hello-m32" >/dev/null
	holds 'last | .unexplained == 0 and .adjusted == 0'
	holds 'steps | any(.cause == "exec-segment" and because("read-implies-exec"))'
	[ "$(id -u)" -eq 0 ] || return 0
	"$VMTRACE" --check=full -o trace.jsonl -- setarch -Z "$PROGRAMS/hello-m32" >/dev/null
	holds 'last | .unexplained == 0 and .adjusted == 0'
	holds 'steps | any(because("page-zero"))'
}

@test 'a seal, and a key that denies writing' {
	kind sealed-and-denied
	holds 'call("madvise") | .[0].errno == null and .[1].errno == "EPERM" and (.[1] | because("sealed"))'
}

@test 'mbind with a mask that cannot be read, and a length that wraps' {
	kind policies
	holds 'call("mbind") | .[0].errno == "EFAULT" and (.[0] | because("bad-pointer")) and .[1].errno == null'
}

@test 'a mapped file that is renamed and deleted: a step of its own' {
	kind renamed
	holds 'steps | map(select(.cause == "name-changed")) | only
		| (.removed[0].name | endswith("/kinds-before")) and (.added[0].name | endswith("/kinds-after (deleted)"))'
	# The steps fold into the layout, names and devices included.
	holds 'def plain: {start, "end": .end, perms, offset, dev, inode, name, vmflags};
		(layout | map(plain)) as $layout
		| reduce steps[] as $step ([]; . - ($step.removed | map(plain)) + ($step.added | map(plain)))
		| (. - $layout) + ($layout - .) == []'
}

@test 'a newline in a name, and the four characters that maps prints for one' {
	newer 6.11
	kind newlines
	holds 'call("mmap") | map(.file // "" | select(endswith("four"))) |
		(.[0] | endswith("kinds\\012four")) and (.[1] | endswith("kinds\nfour"))'
	holds 'layout | map(.name | select(endswith("four")) | sub(".*/"; "")) | sort == ["kinds\nfour", "kinds\\012four"]'
}

# tables NAME: with the page tables watched
tables() {
	need kinds-pie
	"$VMTRACE" --faults --show=pt -o trace.jsonl "$PROGRAMS/kinds-pie" "$1" >addresses || [ $? -eq 77 ]
}

@test 'tables that populating beyond the end of a file makes' {
	tables tables-beyond
	holds 'last | .page_table_checks > 0 and .page_table_mismatches == 0'
}

@test 'tables whose pages a truncated file took away' {
	tables tables-truncated
	holds 'steps | map(.page_tables.reason | select(.)) | unique - ["emptied"] == []'
}
