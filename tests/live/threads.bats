#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Threads of one space: their calls come in the order in which the kernel did them.
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need threads-pie
}

teardown() {
	[ -z "$replay" ] || kill -KILL "$replay" 2>/dev/null || true
}
replay=

# in_order THREADS ROUNDS [OPTION…]: a run of which the steps, one after the other, never contradict
# the addresses that the kernel gave away. What it writes is replayed while it runs.
in_order() {
	local threads=$1 rounds=$2
	shift 2
	rm -rf trace
	mkdir trace
	mkfifo trace/trace.jsonl
	"$TOOLS/replay" trace 1 3>&- &
	replay=$!
	run -0 "$TOOLS/oracle" "$@" trace "$PROGRAMS/threads-pie" "$threads" "$rounds"
	[ "$output" = "$((3 * threads * rounds)) calls, 0 failed" ]
	wait "$replay"
	replay=
}

@test '8 threads, 20,000 calls each' {
	in_order 8 6667
}

@test '8 threads, 600 calls each, the whole layout checked after each' {
	in_order 8 200 -f
}

@test '8 threads, 600 calls each, without a filter' {
	in_order 8 200 -s
}

@test '32 threads, 300 calls each' {
	in_order 32 100
}
