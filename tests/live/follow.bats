#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Who is followed: --follow, with and without the filter. family-pie maps a number of pages in each
# task that is its own.
# shellcheck disable=SC2016 # what other shells expand
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need family-pie
	need_command jq
}

# followed WHOM SPACES PAGES…: the tasks that map so many pages are seen, and no others.
followed() {
	local whom=$1 spaces=$2 option
	shift 2
	for option in --no-aslr --no-seccomp; do
		run -3 "$VMTRACE" "$option" --follow="$whom" -o trace.jsonl "$PROGRAMS/family-pie"
		[ -z "$output" ]
		# Small and odd: not what ld.so and the C library map.
		jq -r 'select(.call == "mmap" and .args.prot == "rw-" and .args.fd == -1 and .result)
			| .args.length / 4096 | select(. % 2 == 1 and . >= 11 and . <= 29)' trace.jsonl |
			sort -nu >pages
		printf '%s\n' "$@" | diff - pages
		[ "$(grep -c '"type":"space"' trace.jsonl)" -eq "$spaces" ]
		jq -e 'select(.type == "summary") | .unexplained == 0 and .exit.code == 3' trace.jsonl
	done
}

@test 'all' {
	followed all 4 11 13 17 19 23 29
}

@test 'threads: also who shares the memory, for as long as it does' {
	followed threads 1 11 13 19 29
}

@test 'none' {
	followed none 1 11
}

@test 'what threads that are not followed do is no error' {
	need threads-pie
	local option
	for option in --no-aslr --no-seccomp; do
		"$VMTRACE" "$option" --follow=none --check=full -o trace.jsonl "$PROGRAMS/threads-pie"
		jq -es 'any(.reason == "order-inferred") and .[-1].unexplained == 0' trace.jsonl
	done
}

@test 'who is not followed does what it did' {
	local whom option
	for whom in all threads none; do
		for option in --no-aslr --no-seccomp; do
			run "$VMTRACE" "$option" --follow="$whom" -o log \
				sh -c 'seq 3 | (sleep 0; sort -r | tr "\n" " "); exit 9'
			[ "$status" -eq 9 ]
			[ "$output" = '3 2 1 ' ]
		done
	done
}

@test 'a child that outlives the program keeps vmtrace, and its calls' {
	local whom
	for whom in all threads none; do
		mkfifo "go.$whom"
		# The child begins when the shell has ended, and maps memory then.
		run --separate-stderr "$VMTRACE" --follow="$whom" -o log sh -c \
			'{ read -r parent <"$1"; while kill -0 "$parent" 2>/dev/null; do :; done
			exec cat /proc/self/comm; } & echo "$$" >"$1"' sh "go.$whom"
		[ "$status" -eq 0 ]
		[ "$output" = cat ]
	done
}

@test 'a word that --follow does not know' {
	run -125 "$VMTRACE" --follow=some true
	[[ $output == 'vmtrace: --follow=some: '* ]]
}
