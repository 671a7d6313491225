#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What steps are for, and which belong together: one program a pattern (programs/patterns.c).
load live.sh

setup() {
	need patterns-pie hello-pie hello-static
	need_command jq
	cd "$BATS_TEST_TMPDIR" || return
}

# trace ARGUMENT: what patterns-pie does with it, in log.jsonl
trace() {
	"$VMTRACE" -o log.jsonl "$PROGRAMS/patterns-pie" "$1"
}

# The purposes of the steps of pattern $1, without repetitions, joined by "; ".
purposes() {
	jq -r --arg pattern "$1" 'select(.type == "step" and .pattern == $pattern) | .purpose' log.jsonl |
		uniq | paste -sd '|' | sed 's/|/; /g'
}

# How many groups the steps of pattern $1 are in.
groups() {
	jq -r --arg pattern "$1" 'select(.type == "step" and .pattern == $pattern) | .group' log.jsonl |
		sort -u | wc -l
}

# is PATTERN PURPOSES: that is what the last trace has, in one group
is() {
	diff <(echo "$2") <(purposes "$1")
	[ "$(groups "$1")" -eq 1 ]
}

@test 'heap growth and trim' {
	trace heap
	is heap "where the heap ends now; malloc: heap (brk); malloc: trim the heap"
}

@test 'a large chunk of malloc' {
	trace malloc-chunk
	is malloc-chunk 'malloc: large chunk (mmap threshold); free: large chunk'
}

@test 'realloc by mremap, in the group of its chunk' {
	trace realloc
	is realloc 'realloc of a large chunk by mremap'
	is malloc-chunk 'malloc: large chunk (mmap threshold); free: large chunk'
	run -0 jq -s 'map(select(.pattern == "realloc" or .pattern == "malloc-chunk") | .group) | unique | length' log.jsonl
	[ "$output" -eq 1 ]
}

@test 'an arena of malloc' {
	trace malloc-arena
	purposes malloc-arena | sed 's/malloc arena: cut to its alignment; //' |
		grep -x 'malloc arena: reserve; malloc arena: first part to use; malloc arena: grow by mprotect'
	[ "$(groups malloc-arena)" -eq 1 ]
}

@test 'the stack of a thread, with its guard, and what the thread sets up in it' {
	trace thread-stack
	[ "$(groups thread-stack)" -eq 1 ]
	purposes thread-stack | grep '^thread stack + guard; all but the guard may be used; '
	purposes thread-stack | grep 'locks of a thread'
}

@test 'code: written, then run' {
	trace jit
	is jit 'JIT code: W then X; JIT code: X back to W, to write more; JIT code: W then X'
}

@test 'code: writable and executable at once' {
	trace jit-wx
	is jit 'JIT code: W and X'
}

@test 'a program that makes no code has no JIT' {
	trace malloc-arena
	[ "$(groups jit)" -eq 0 ]
}

@test 'dlopen and dlclose' {
	trace dlopen
	purposes dlopen | grep '^reserve the span of libm.so.6; LOAD 2 of libm.so.6 (.*; RELRO of libm.so.6$'
	[ "$(groups dlopen)" -eq 1 ]
	is dlclose 'dlclose: end of libm.so.6'
}

@test 'shared memory' {
	trace shared-memory
	purposes shared-memory |
		grep -x 'System V shared memory; end of a System V segment here; memory shared with child processes'
	[ "$(groups shared-memory)" -eq 2 ]
}

@test 'a memory file' {
	trace memfd
	is memfd 'memory file; give back memory file memfd:pattern (deleted)'
}

@test 'stack growth' {
	trace stack-growth
	is stack-growth 'room for deeper calls'
}

@test "fork's copy, and candidates of copy-on-write" {
	trace fork
	purposes copy-on-write | grep -F 'copy-on-write candidate: the heap'
	purposes copy-on-write | grep -F 'copy-on-write candidate: the stack'
	run ! grep -F 'the heap' <(purposes fork)
	[ "$(groups fork)" -eq 1 ]
	# what the parent knew of its memory, the child knows
	run -0 jq -r 'select(.space == 2 and .cause == "fork" and .purpose == null) | .step' log.jsonl
	[ -z "$output" ]
}

@test 'reserved address space, used in parts' {
	trace reserve-commit
	is reserve-commit 'reserve address space; use a part of reserved address space; give back reserved address space'
}

@test 'an alternate signal stack' {
	trace signal-stack
	is signal-stack 'alternate signal stack; guard pages of the stack'
}

@test 'locale data' {
	trace locale
	purposes locale | grep 'locale'
	[ "$(groups locale)" -eq 1 ]
}

@test 'the libraries of a dynamic program: span to RELRO, in one group each' {
	"$VMTRACE" -o log.jsonl "$PROGRAMS/hello-pie"
	purposes library | grep '^reserve the span of libc.so.6; LOAD 2 of libc.so.6 (.*; RELRO of libc.so.6$'
	[ "$(groups library)" -eq 1 ]
	is ld-cache 'ld.so.cache in; ld.so.cache out'
	purposes main-thread | grep 'TCB of the main thread'
	# RELRO of program and linker belongs to their own segments
	purposes exec-program | grep 'data of hello-pie; RELRO of hello-pie$'
	purposes exec-linker | grep 'RELRO of ld'
}

@test 'a static program: TLS from the heap, RELRO by itself' {
	"$VMTRACE" -o log.jsonl "$PROGRAMS/hello-static"
	purposes main-thread | grep '^TLS and TCB of the main thread, from the heap'
	purposes heap | grep 'malloc: heap (brk)'
}

@test 'every step of a dynamic hello has an actor, a purpose and a pattern' {
	"$VMTRACE" -o log.jsonl "$PROGRAMS/hello-pie"
	run -0 jq -c 'select(.type == "step" and (.actor == "" or .purpose == null or .pattern == null or .group == null))' log.jsonl
	[ -z "$output" ]
	run ! grep -F '"purpose":"map anon' log.jsonl
}

@test 'python: at least 95 of 100 steps have a purpose' {
	need_command python3
	"$VMTRACE" -o log.jsonl -- python3 -c 'import json'
	run -0 jq -s 'map(select(.type == "step")) | (map(select(.purpose != null)) | length) / length >= 0.95' log.jsonl
	[ "$output" = true ]
}

@test '--teach: a text below every step' {
	"$VMTRACE" --log=steps --teach -o log "$PROGRAMS/hello-pie"
	awk '/^ *[0-9]+  / { bad += open; open = 1; next } /^              [A-Za-z]/ { open = 0 } END { exit bad + open }' log
	grep -q 'mmap_region' log
	run ! grep -E '[{}]' log
}

@test '-q: a group is one line; -v unfolds; -qq is the summary alone' {
	"$VMTRACE" -q --log=steps -o log "$PROGRAMS/patterns-pie" malloc-arena
	[ "$(grep -c 'malloc arena (' log)" -eq 1 ]
	[ "$(grep -c 'map the library libc.so.6 (' log)" -eq 1 ]
	run ! grep 'LOAD 2' log
	"$VMTRACE" -q -v --log=steps -o log "$PROGRAMS/patterns-pie" malloc-arena
	grep 'LOAD 2' log
	"$VMTRACE" -qq -o log "$PROGRAMS/patterns-pie" malloc-arena
	[ "$(wc -l <log)" -eq 1 ]
}

@test '-q: the steps of all lines are all steps' {
	"$VMTRACE" -q --log=steps -o log "$PROGRAMS/patterns-pie" malloc-chunk
	awk '/^ *[0-9]+  / { n += match($0, /\([0-9]+ steps/) ? substr($0, RSTART + 1, RLENGTH - 7) : 1 }
		/checked against/ { exit n != $1 }' log
}
