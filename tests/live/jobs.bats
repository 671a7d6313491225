#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A terminal's user and more than one process: a job that is a tree, and one that vmtrace attached
# to. transparent.bats has jobs of one process.
# shellcheck disable=SC2016 # what other shells expand
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need signals-pie hello-pie
}

# A shell, one after another 40 short programs, and a program that reads the terminal.
tree=(sh -c 'i=0
	while [ $i -lt 40 ]; do i=$((i + 1)); "$1/hello-pie"; done >/dev/null &
	"$1/signals-pie" lines; status=$?; wait; exit $status'
	sh "$PROGRAMS")

# The same as without vmtrace.
keys() {
	local option
	"$TOOLS/terminal" "$1" "${tree[@]}" >plain.seen
	for option in --no-aslr --no-seccomp; do
		"$TOOLS/terminal" "$1" "$VMTRACE" -q -o log "$option" "${tree[@]}" >traced.seen
		diff plain.seen traced.seen
		tail -n 1 log | grep ' 0 unexplained'
	done
}

@test 'a tree: ^Z and fg, again and again' {
	keys lzflzflzfld
	[ "$(grep -c 'program: stopped' traced.seen)" -eq 3 ]
	[ "$(tail -n 1 traced.seen)" = 'job: exit 0' ]
}

@test 'a tree: ^C' {
	keys lc
	[ "$(tail -n 1 traced.seen)" = 'job: killed by signal 2' ]
}

# attached KEYS LINES…: what the user sees
attached() {
	local keys=$1
	shift
	TRACER=$VMTRACE "$TOOLS/terminal" "$keys" "$PROGRAMS/signals-pie" lines >seen
	printf '%s\n' "$@" | diff seen -
	tail -n 1 log | grep ' 0 unexplained'
}

@test 'attached to: ^Z and fg' {
	attached alzfled 'program: read a line' 'job: stopped' 'program: stopped' 'job: continued' \
		'program: read a line' 'job: exit 0'
}

@test 'attached to and let go while it is stopped' {
	attached lzaeflzaefld 'program: read a line' \
		'job: stopped' 'program: stopped' 'job: continued' 'program: read a line' \
		'job: stopped' 'program: stopped' 'job: continued' 'program: read a line' 'job: exit 0'
	attached alzefld 'program: read a line' 'job: stopped' 'program: stopped' 'job: continued' \
		'program: read a line' 'job: exit 0'
}

@test 'attached to: ^C' {
	attached alelc 'program: read a line' 'program: read a line' 'job: killed by signal 2'
}
