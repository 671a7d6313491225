#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The model against the kernel, in random calls: 20,000 in every run of the tests, from the same
# seeds each time, so that a change meets what the last one met. VMT_SEED=N tries others; the soak
# (tests/soak.sh) never uses one twice.
load live.sh
load random.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need_command jq
}

# The seeds of one run: each test has its own.
seed() {
	echo $((${VMT_SEED:-2026} * 100 + BATS_TEST_NUMBER))
}

# agrees MODE FLAVOUR COUNT: a run of which nothing is unexplained, and of which the steps replayed
# make the kernel's layout and flags
agrees() {
	local seed counts
	need "random-calls-$2"
	seed=$(seed)
	echo "again: VMT_SEED=$((seed / 100)) (random-calls-$2 $seed $3, $1)"
	random_run "$1" "$2" "$seed" "$3"
	"$TOOLS/replay" trace 1
	counts=$(random_counts)
	echo "$counts"
	jq -e ".calls > $3 / 2"' and (.adjusted | has("unexplained") or has("unchecked") | not)' \
		<<<"$counts" >/dev/null
	echo "$counts" >>"$BATS_FILE_TMPDIR/counts"
}

@test 'random calls, the whole layout checked after each' {
	agrees full pie 6000
}

@test 'random calls, what they touched checked' {
	agrees touched pie 3000
}

@test 'random calls, 32-bit' {
	agrees full m32 4000
}

@test 'random calls without a seccomp filter' {
	agrees no-seccomp pie 2000
}

@test 'random calls without ASLR' {
	agrees no-aslr pie 2000
}

@test 'random calls without ASLR, 32-bit' {
	agrees no-aslr m32 1000
}

@test 'random calls of a user without privileges' {
	[ "$(id -u)" -eq 0 ] || skip 'not root'
	need_command setpriv
	chmod 755 . .. ../..
	setpriv --reuid=65534 --clear-groups test -x "$TOOLS/oracle" || skip 'nobody cannot get here'
	agrees nobody pie 2000
}

@test 'of all these calls, nearly all were foreseen' {
	jq -s 'def sum(f): map(f) | add;
		{calls: sum(.calls), predicted: sum(.predicted), right: sum(.right), match: sum(.match)}' \
		"$BATS_FILE_TMPDIR/counts" >sums
	cat sums
	jq -e '.right >= 0.999 * .predicted and .right >= 0.999 * .calls and .match >= 0.995 * .calls' sums
}

@test 'a seed makes the same calls again' {
	need random-calls-pie
	local seed run
	seed=$(seed)
	for run in first second; do
		random_run no-aslr pie "$seed" 300
		# Ids of segments are the system's.
		jq -c 'select(.cause == "call" and .space == 1) | [.call, (.args | del(.shmid?))]' \
			trace/trace.jsonl >$run
	done
	cmp first second
	[ "$(wc -l <first)" -gt 300 ]
}
