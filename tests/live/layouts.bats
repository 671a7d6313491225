#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The layout of every address space at its end is the kernel's to the byte, and each step's
# before - removed + added = after. oracle runs a program under the pipeline and asks the kernel,
# replay compares.
# shellcheck disable=SC2016 # what other shells expand
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# holds SPACES [-s] PROGRAM [ARG…]: at least so many spaces could be compared
holds() {
	local spaces=$1
	local option=()
	shift
	if [ "$1" = -s ]; then
		option=(-s)
		shift
	fi
	rm -rf trace
	mkdir trace
	"$TOOLS/oracle" "${option[@]}" trace "$@" >output
	"$TOOLS/replay" trace "$spaces"
	recorded
}

# The recording of the same run has the same log, and the kernel's text of every last layout.
recorded() {
	local maps
	"$VMTRACE" export trace/trace.vmt --to jsonl | cmp trace/trace.jsonl -
	for maps in trace/maps.*; do
		"$VMTRACE" export trace/trace.vmt --to maps --space "${maps##*.}" | cmp "$maps" -
	done
}

# true_of FILTER: the jq filter is true of the array of all lines
true_of() {
	jq -es "$1" trace/trace.jsonl >/dev/null || {
		echo "not true: $1"
		return 1
	}
}

hello() {
	need "hello-$1"
	holds 1 "$PROGRAMS/hello-$1"
	[ "$(cat output)" = 'hello, world' ]
	true_of 'map(select(.type == "space")) | length == 1 and .[0].arch == "'"$2"'"'
	holds 1 -s "$PROGRAMS/hello-$1"
	[ "$(cat output)" = 'hello, world' ]
}

@test 'dynamic PIE' {
	hello pie x86_64
	true_of 'any(.actor == "linker") and any(.cause == "interp-segment")'
}

@test 'dynamic, at a fixed address' {
	hello no-pie x86_64
	true_of 'any(.cause == "exec-segment" and .added[0].start == "0x400000")'
}

@test 'static' {
	hello static x86_64
	true_of 'all(.cause != "interp-segment")'
}

@test 'static PIE' {
	hello static-pie x86_64
	true_of 'all(.cause != "interp-segment")'
}

@test '32-bit' {
	hello m32 i386
	true_of 'any(.actor == "linker")'
}

@test '32-bit static' {
	hello m32-static i386
}

@test 'a #! script' {
	printf '#!/bin/sh\ncat "$0" >/dev/null\n' >script
	chmod +x script
	holds 2 ./script
	true_of 'any(.type == "space" and (.exe | endswith("sh")))'
}

@test 'a program run through the dynamic linker by hand' {
	need hello-pie
	local linker=/lib64/ld-linux-x86-64.so.2
	[ -x "$linker" ] || skip "no $linker"
	holds 1 "$linker" "$PROGRAMS/hello-pie"
	[ "$(cat output)" = 'hello, world' ]
	true_of 'any(.type == "space" and (.exe | contains("/ld-linux")))'
}

@test 'an execve: a new space, numbered from 0' {
	holds 1 bash -c 'exec ls /'
	true_of 'map(select(.type == "space")) | length == 2 and .[0].pid == .[1].pid'
	true_of 'map(select(.type == "step" and .space == 2)) | .[0].step == 0'
	holds 1 -s bash -c 'exec ls /'
}

@test 'gcc -c' {
	need_command gcc
	echo 'int main(void) { return 0; }' >empty.c
	holds 3 gcc -c empty.c
	[ -s empty.o ]
}

@test 'python3 -c "import json"' {
	need_command python3
	holds 1 python3 -c 'import json'
}

@test 'every mapping call' {
	need calls-pie
	holds 1 "$PROGRAMS/calls-pie"
	true_of 'any(.call == "mremap" and .errno == null) and any(.call == "mprotect" and .errno == "ENOMEM")'
	holds 1 -s "$PROGRAMS/calls-pie"
	holds 1 "$PROGRAMS/calls-pie" name
}

@test 'every mapping call, 32-bit' {
	need calls-m32
	holds 1 "$PROGRAMS/calls-m32"
	true_of 'any(.call == "mremap" and .errno == null) and any(.call == "mprotect" and .errno == "ENOMEM")'
	holds 1 -s "$PROGRAMS/calls-m32"
}

@test 'random mapping calls' {
	need random-calls-pie
	local seed
	for seed in {1..12}; do
		echo "seed $seed"
		holds 1 "$PROGRAMS/random-calls-pie" "$seed" 500
	done
}

@test 'a stack that grows' {
	need deep-stack-pie
	holds 1 "$PROGRAMS/deep-stack-pie"
	true_of 'map(select(.cause == "stack-growth")) | length >= 2'
}

@test 'a stack that grows, 32-bit' {
	need deep-stack-m32
	holds 1 "$PROGRAMS/deep-stack-m32"
	true_of 'map(select(.cause == "stack-growth")) | length >= 2'
}

@test 'fork, and vfork with an execve' {
	need fork-pie
	holds 4 "$PROGRAMS/fork-pie"
	true_of '[.[] | select(.type == "space").made_by] == ["exec", "fork", "fork", "exec"]'
	holds 4 -s "$PROGRAMS/fork-pie"
}

@test 'threads that map at the same time' {
	need threads-pie
	holds 1 "$PROGRAMS/threads-pie"
	true_of '[.[] | select(.call == "mmap").tid] | unique | length >= 5'
	holds 1 -s "$PROGRAMS/threads-pie"
}

@test 'threads that map at the same time, 32-bit' {
	need threads-m32
	holds 1 "$PROGRAMS/threads-m32"
}

@test 'names with control bytes' {
	need control-names-pie
	local name=$'\e[31mred\a\nnext\tline\\\"é'
	holds 1 "$PROGRAMS/control-names-pie" "$name"
	true_of 'last(.[] | select(.type == "layout")).vmas | any(.name | endswith("/" + "\u001b[31mred\u0007\nnext\tline\\\"é"))'
}

@test 'a file that is deleted while it is mapped' {
	need control-names-pie
	holds 1 "$PROGRAMS/control-names-pie" file gone
	true_of 'last(.[] | select(.type == "layout")).vmas | any(.name | endswith("/file (deleted)"))'
}

@test 'a program killed by a signal' {
	need signals-pie
	rm -rf trace
	mkdir trace
	run "$TOOLS/oracle" trace "$PROGRAMS/signals-pie" segv
	[ "$status" -eq 139 ]
	"$TOOLS/replay" trace 1
	true_of 'last.exit == {"code": null, "signal": "SIGSEGV"}'
}

@test 'a kernel that calls itself 2.6' {
	need_command setarch
	need hello-pie
	run --separate-stderr setarch --uname-2.6 "$VMTRACE" -o log "$PROGRAMS/hello-pie"
	[ "$output" = 'hello, world' ]
	grep ' 0 adjusted, 0 unexplained' log
	[ "$(setarch --uname-2.6 "$VMTRACE" -o log uname -r)" = "$(setarch --uname-2.6 uname -r)" ]
}
