#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Facts about the kernel that naive models of layouts get wrong, one by one (programs/facts.c): the
# step shows what the kernel did, the model said so before it looked, and the reason is the right
# one.
# shellcheck disable=SC2016 # what jq expands
load live.sh
load scenes.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need_command jq
}

fact() {
	scene facts-pie "$1"
}

@test 'M1: mprotect over a hole fails, and has changed the part before it' {
	fact m1-mprotect-hole
	holds 'about("mprotect"; $room) | only | foreseen and .errno == "ENOMEM" and because("hole")
		and (.removed | texts($room)) == ["0-2 rw-p"] and (.added | texts($room)) == ["0-2 r--p"]'
}

@test 'M1: mprotect over a seal fails, and has changed the page before it' {
	fact m1-mprotect-sealed
	holds 'about("mprotect"; $room) | only | foreseen and .errno == "EPERM" and because("sealed")
		and (.removed | texts($room)) == ["0-1 rw-p"] and (.added | texts($room)) == ["0-1 r--p"]'
}

@test 'M1: madvise over a hole fails, and has changed both sides' {
	fact m1-madvise-hole
	holds 'about("madvise"; $room) | only | foreseen and .errno == "ENOMEM" and because("hole")
		and (.added | texts($room)) == ["0-1 rw-p", "2-3 rw-p"] and all(.added[]; flag("dc"))
		and all(.removed[]; flag("dc") | not)'
}

@test 'M1: a munmap that fails at a seal leaves its first cut' {
	fact m1-munmap-sealed
	holds 'call("munmap") | map(select(.errno == "EPERM")) | only | foreseen and because("sealed")
		and (.removed | texts($room)) == ["0-2 rw-p"]
		and (.added | texts($room)) == ["0-1 rw-p", "1-2 rw-p"]'
}

@test 'M1: a MAP_FIXED that fails at a seal leaves its first cut' {
	fact m1-mmap-sealed
	holds 'call("mmap") | map(select(.errno == "EPERM")) | only | foreseen and because("sealed")
		and (.removed | texts($room)) == ["0-2 rw-p"]
		and (.added | texts($room)) == ["0-1 rw-p", "1-2 rw-p"]'
}

@test 'M2: equal neighbours that were never touched merge' {
	fact m2-untouched
	holds 'call("mmap")[-1] | foreseen and because("fixed-over") and because("merge-both")
		and (.added | texts($room)) == ["0-3 rw-p"]'
}

@test 'M2: equal neighbours, each written on its own, stay two' {
	fact m2-written
	holds 'call("mmap")[-1] | foreseen and because("merge-below") and because("apart-anon-vma")
		and (.added | texts($room)) == ["0-2 rw-p"]'
	holds 'layout | texts($room) | contains(["0-2 rw-p", "2-3 rw-p"])'
}

@test 'M3: MAP_STACK forbids huge pages, so its mapping stays apart' {
	newer 6.7
	[ -d /sys/kernel/mm/transparent_hugepage ] || skip 'no huge pages'
	fact m3-stack-flag
	holds 'call("mmap")[-1] | foreseen and because("apart-flags")
		and (.added | texts($room)) == ["1-2 rw-p", "2-3 ---p"] and (.added[0] | flag("nh"))'
	holds 'layout | texts($room) | contains(["0-1 rw-p", "1-2 rw-p"])'
}

@test 'M4: what was writable is accounted, and stays apart from what never was' {
	fact m4-relro
	holds 'call("mprotect")[-1] | foreseen and because("apart-account")
		and (.added | texts($room)) == ["1-2 r--p"] and (.added[0] | flag("ac"))'
	holds 'layout | texts($room) | contains(["0-1 r--p", "1-2 r--p"])'
	# So does the linker, with the RELRO of every object.
	holds 'call("mprotect") | any(.actor == "linker" and foreseen and .added[0].perms == "r--p"
		and (.added[0] | flag("ac")))'
}

@test 'M5: what is mapped at the end of the heap is heap; a hole leaves two heaps' {
	fact m5-heap
	holds 'call("mmap")[-1] | foreseen and because("merge-below")
		and (.added | texts($heap)) == ["0-5 rw-p"] and .added[0].name == "[heap]"'
	holds 'call("munmap")[-1] | foreseen and (.added | texts($heap)) == ["0-2 rw-p", "3-5 rw-p"]
		and all(.added[]; .name == "[heap]")'
}

@test 'M6: io_setup maps a ring and returns 0' {
	fact m6-aio
	holds 'call("io_setup") | map(.added[0].start) == [$ring, $again] and all(foreseen
		and .result == "0x0" and .added[0].name == "/[aio] (deleted)" and .added[0].perms == "rw-s")'
	holds 'about("io_destroy"; $ring) | only | foreseen and .removed[0].start == $ring
		and .added == []'
}

@test 'M7: names that the kernel gives' {
	fact m7-names
	holds 'layout | map({key: .start, value: .}) | from_entries as $at
		| $at[$zero].name == "/dev/zero (deleted)" and $at[$zero].inode != 0
		and $at[$memfd].name == "/memfd:fact (deleted)"
		and $at[$sysv].name == "/SYSV00000000 (deleted)" and $at[$sysv].inode == ($segment | number)
		and ($at[$gone].name | endswith("/gone (deleted)"))
		and ($at[$line].name | endswith("/a\nline (deleted)"))'
	# A file that was deleted meanwhile is no difference.
	holds 'call("mmap") + call("shmat") | all(foreseen)'
}

@test 'M8: shmdt takes every piece that is left of the attach' {
	fact m8-shmdt
	holds 'about("shmdt"; $sysv) | only | foreseen and .added == []
		and (.removed | texts($sysv)) == ["0-1 rw-s", "3-4 rw-s"]'
}

@test 'M9: remap_file_pages makes VMAs of other offsets' {
	fact m9-remap-file-pages
	holds 'call("remap_file_pages") | only | foreseen
		and (.added | texts($room)) == ["0-1 rw-s", "1-2 rw-s", "2-4 rw-s"]
		and [.added[].offset] == ["0x0", "0x3000", "0x2000"]'
}

@test 'M10: mremap moves several mappings and the holes between them, or none' {
	fact m10-mremap-several
	holds 'about("mremap"; $room) | only | foreseen and if .errno then .errno == "EFAULT" else
		.result == $target and (.added | texts($target) | contains(["0-1 rw-p", "1-2 r--p", "3-4 rw-p"]))
		and (.removed | texts($room) | contains(["0-1 rw-p", "1-2 r--p", "3-4 rw-p"])) end'
}

@test 'M11: the fifth argument of mremap counts with MREMAP_FIXED only' {
	fact m11-mremap-argument
	holds 'call("mremap") | length == 2 and all(foreseen)
		and (.[0].args | has("new_addr") | not) and .[1].args.new_addr == $target'
}

@test 'M12: brk below a mapping leaves one page, and returns the old break if it cannot' {
	fact m12-brk-blocked
	holds 'about("brk"; $refused) | only | foreseen and .errno == null and .added == []
		and (.result | pages($heap)) == 2 and because("brk-blocked")'
	holds 'about("brk"; $granted) | only | foreseen and .result == $granted
		and (.added | texts($heap)) == ["0-7 rw-p"]'
}

@test 'M12: brk over RLIMIT_DATA returns the old break' {
	fact m12-brk-limit
	holds 'about("brk"; $refused) | only | foreseen and .errno == null and .added == []
		and (.result | pages($heap)) == 2 and because("brk-data-limit")'
}

@test 'M13: a multiple of 2 MiB is aligned, and leaves a hole above it' {
	newer 6.7
	fact m13-alignment
	holds 'call("mmap") | all(foreseen)'
	holds 'call("mmap")[-3] | .result == $aligned and because("aligned-2m")
		and ($aligned | number) % (512 * 4096) == 0'
	holds 'call("mmap")[-1] | .result == $odd and (because("aligned-2m") | not)'
}

@test 'M14: guard pages cut nothing; MADV_DONTFORK and mlock do, and MADV_DOFORK joins again' {
	fact m14-advice
	holds 'call("madvise") | length == 3 and all(foreseen)
		and (.[0].added | texts($room) | . == [] or . == ["0-3 rw-p"])
		and (.[1].added | texts($room)) == ["0-1 rw-p", "1-2 rw-p", "2-3 rw-p"]
		and (.[2].added | texts($room)) == ["0-3 rw-p"] and (.[2] | because("merge-both"))'
	holds 'call("mlock") | only | foreseen and (.added | texts($room)) == ["0-2 rw-p", "2-3 rw-p"]
		and (.added[1] | flag("lo"))'
}

@test 'M15: anonymous memory gets a name, where the kernel names it' {
	fact m15-name
	holds 'call("prctl")[-1] | .check == "match" and if .errno then
		.errno == "EINVAL" and because("name-refused") and .added == []
		else (.added | map(.name)) == ["", "[anon:fact]", ""] end'
}

@test 'M16: gate pages are shown, and are no mappings' {
	fact m16-gate-pages
	holds 'steps[0] | .cause == "boot" and .added[0].start == $gate and .added[0].name == "[vsyscall]"'
	holds 'about("munmap"; $gate) | only | foreseen and .errno == "EINVAL" and .removed == []'
	holds 'about("mprotect"; $gate) | only | foreseen and .errno == "ENOMEM" and .removed == []'
	holds 'layout[-1] | .name == "[vsyscall]"'
	grep -q vvar_vclock /proc/self/maps || return 0
	holds 'layout | map(.name) | index("[vvar]") + 1 == index("[vvar_vclock]")
		and index("[vvar_vclock]") + 1 == index("[vdso]")'
}

@test 'M17: a child does not grow a heap that was written before the fork; the parent does' {
	fact m17-fork
	holds 'about("brk"; $grown) | map(select(.space == 2)) | only | foreseen
		and because("apart-forked") and (.added | texts($heap)) == ["2-3 rw-p"]
		and .added[0].name == "[heap]"'
	holds 'about("brk"; $grown) | map(select(.space == 1)) | only | foreseen
		and because("merge-below") and (.added | texts($heap)) == ["0-3 rw-p"]'
}

@test 'M18: of four threads, none gets an address that another still holds' {
	need threads-pie
	mkdir trace
	"$TOOLS/oracle" trace "$PROGRAMS/threads-pie"
	# A VMA that is added over another is an error to replay.
	"$TOOLS/replay" trace 1
	mv trace/trace.jsonl .
	: >addresses
	# shellcheck disable=SC2034 # of holds
	addresses=()
	holds 'call("mmap") | map(.tid) | unique | length >= 5'
	holds '[steps[] | select(.check == "adjusted").reason] - ["anon_vma"] == []'
}
