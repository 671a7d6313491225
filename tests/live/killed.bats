#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# SIGKILL at moments that a seed chooses, 200 times in each run of the tests: of vmtrace and of what
# it traces, started by it or attached to. Nothing is left behind: nobody stopped or traced, no
# zombie. VMT_SEED=N makes the same draws again.
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need crowd-pie
}

# killed WAY COUNT [OPTION…]: killer.c says which ways there are
killed() {
	local way=$1 count=$2 seed
	shift 2
	seed=${VMT_SEED:-$(date +%s)}
	echo "again: VMT_SEED=$seed (killer $way $((seed * 10 + BATS_TEST_NUMBER)) $count)"
	"$TOOLS/killer" "$way" $((seed * 10 + BATS_TEST_NUMBER)) "$count" "$PROGRAMS/crowd-pie" \
		"$VMTRACE" -q -o log "$@"
}

@test 'vmtrace is killed: what it started dies with it' {
	killed tracer 50
	killed tracer 10 --no-seccomp
	killed tracer 10 --follow=threads
}

@test 'what it started is killed: the others go on, and the log is whole' {
	killed target 40 --check=full
	killed target 20 --no-seccomp
}

@test 'vmtrace is killed: what it had attached to runs on' {
	killed attached 40
}

@test 'what it had attached to is killed: the others are let go, and run on' {
	killed attached-target 30 --check=full
}
