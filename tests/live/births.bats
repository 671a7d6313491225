#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Tasks and programs that come to be in unusual ways: what they print is the same without vmtrace,
# and each space has the kernel's layout at its end.
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need births-pie execs-pie
	need_command jq
}

# same SPACES PROGRAM…: with and without a filter, and the whole layout checked after each step; at
# least so many spaces could be compared at their end
looser=() # for replay
same() {
	local spaces=$1 option
	shift
	"$@" | cat >bare
	for option in -f -s; do
		rm -rf trace
		mkdir trace
		"$TOOLS/oracle" "$option" trace "$@" 2>notices | cat >traced
		diff bare traced
		[ ! -s notices ]
		"$TOOLS/replay" "${looser[@]}" trace "$spaces"
	done
	cat bare
}

# made WAYS: how the spaces came to be, in order
made() {
	[ "$(jq -r 'select(.type == "space").made_by' trace/trace.jsonl | xargs)" = "$1" ]
}

@test 'clone with CLONE_VM and without CLONE_THREAD' {
	same 1 "$PROGRAMS/births-pie" shared
	made exec
}

@test 'clone3' {
	same 1 "$PROGRAMS/births-pie" clone3
	[ -s bare ] || skip 'no clone3 here'
	made 'exec fork exec'
}

@test 'posix_spawn' {
	same 2 "$PROGRAMS/births-pie" spawn
	made 'exec exec'
}

@test 'vfork: a child in the memory of its parent, until it executes' {
	same 2 "$PROGRAMS/births-pie" vfork
	made 'exec exec'
	# Both processes shaped the first space.
	jq -es 'map(select(.type == "step" and .space == 1).pid) | unique | length == 2' \
		trace/trace.jsonl
}

@test 'a daemon' {
	same 3 "$PROGRAMS/births-pie" daemon
	made 'exec fork fork'
}

@test 'a thread, a child and a grandchild that end after the first ones' {
	same 3 "$PROGRAMS/births-pie" late
	made 'exec fork fork'
}

@test 'some 500 short processes' {
	same 500 "$PROGRAMS/births-pie" bomb 500
	jq -es 'map(select(.type == "space")) | length >= 600' trace/trace.jsonl
}

@test 'many processes, where few descriptors may be open' {
	ulimit -S -n 16
	same 60 "$PROGRAMS/births-pie" bomb 60
}

@test 'CLONE_UNTRACED: tasks that no tracer was to get' {
	need_command jq
	local option program
	for program in births-pie births-m32; do
		[ -x "$PROGRAMS/$program" ] || continue
		"$PROGRAMS/$program" untraced >bare
		for option in --check=full --no-seccomp --follow=none --follow=threads; do
			"$VMTRACE" "$option" -o trace.jsonl "$PROGRAMS/$program" untraced >traced
			diff bare traced
			jq -es '.[-1].unexplained == 0' trace.jsonl
			[[ $option != --follow=* ]] || continue
			jq -es '.[-1].adjusted == 0' trace.jsonl
			# its own copy by clone and by clone3, and one that outlives its parent
			jq -es '.[-1].spaces == 5' trace.jsonl
			# what the task with the same memory has mapped is in the log
			jq -es 'map(select(.call | startswith("mmap")?)) | map(.tid) | unique | length >= 5' trace.jsonl
		done
	done
}

@test 'CLONE_UNTRACED: the flag is as it was when the call returns, and in the child' {
	run -0 "$VMTRACE" -o trace.jsonl "$PROGRAMS/births-pie" untraced-flag
	[ "$output" = $'parent: kept\nchild: kept\nchanged later: 0' ]
}

@test 'a child in a user namespace of its own has other capabilities' {
	need_command jq
	"$PROGRAMS/births-pie" user-namespace >bare
	"$VMTRACE" -o trace.jsonl "$PROGRAMS/births-pie" user-namespace >traced
	diff bare traced
	jq -es '.[-1].unexplained == 0' trace.jsonl
}

@test 'the first process of a pid namespace dies of its own fault, traced too' {
	"$PROGRAMS/births-pie" init >bare
	"$VMTRACE" -o trace.jsonl "$PROGRAMS/births-pie" init >traced
	diff bare traced
	jq -es '.[-1].unexplained == 0' trace.jsonl
	if grep -q 'killed by: 11' bare; then
		jq -es 'any(.type == "note" and (.text | contains("is killed by SIGSEGV at 0: ")))' trace.jsonl
	fi
}

@test 'an execve by a thread that is not the first one' {
	local i
	# What the other threads were doing when they were ended nobody can look at any more.
	looser=(-u)
	for ((i = 0; i < 10; i++)); do
		same 1 "$PROGRAMS/execs-pie" thread
		made 'exec exec'
	done
}

@test 'an execve that fails' {
	same 1 "$PROGRAMS/execs-pie" refused
	made exec
}

@test 'an execve that fails when the old program is gone' {
	same 2 "$PROGRAMS/execs-pie" unmappable
}

@test 'an execve of a file that is too short' {
	same 2 "$PROGRAMS/execs-pie" truncated
}

@test '50 execve in a row' {
	same 1 "$PROGRAMS/execs-pie" chain 50
}
