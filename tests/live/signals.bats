#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Signals that reach vmtrace: each arrives in the program once, from who sent it, and vmtrace lives on.
# transparent.bats has those that the program sends itself or dies by, jobs.bats those of a terminal.
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need signals-pie
	need_command setsid
}

@test 'what is sent to the whole process group arrives once' {
	setsid -w "$PROGRAMS/signals-pie" group >plain
	local option
	for option in --no-aslr --no-seccomp --faults; do
		setsid -w "$VMTRACE" "$option" -o log "$PROGRAMS/signals-pie" group parent >traced
		diff plain traced
		grep ' 0 unexplained' log
	done
	[ "$(tail -n 1 traced)" = '0 from elsewhere' ]
	[ "$(grep -c ' came 3 times$' traced)" -eq "$(($(wc -l <traced) - 1))" ]
}

# start PROGRAM [ARG…]: under vmtrace; $tracer, $program, its output on 5, its end in the file end
start() {
	local ready
	mkfifo from
	"$TOOLS/launch" "$VMTRACE" -o log "$@" >from 3>end &
	launch=$!
	exec 5<from
	read -r ready program <&5
	rm from
	[ "$ready" = ready ]
	tracer=$(sed -n 's/^PPid:\t//p' "/proc/$program/status")
}

@test 'what is sent to vmtrace alone is passed on, from its sender' {
	local number line
	for number in 1 2 3 4 5 6 7 8 10 11 12 14 15 16 26 27 29 30 31 34 64; do
		start "$PROGRAMS/signals-pie" sender "$number"
		kill "-$number" "$tracer"
		read -r line <&5
		[ "$line" = "caught $number code 0 from $BASHPID" ]
		wait "$launch"
		[ "$(cat end)" = 'exit 0' ]
		tail -n 1 log | grep ' 0 unexplained'
	done
}

# Ignored here, or by background jobs, which a shell without job control has ignore INT and QUIT.
is_ignored() {
	local mask
	mask=$(sed -n 's/^SigIgn:\t//p' "/proc/$BASHPID/status")
	((0x$mask >> ($1 - 1) & 1)) || [ "$1" -eq 2 ] || [ "$1" -eq 3 ]
}

@test 'a signal to vmtrace that ends the program ends vmtrace the same way, its log whole' {
	local number
	for number in 1 6 14 15 16 26 27 29 30 31 50; do
		! is_ignored "$number" || continue
		start "$PROGRAMS/signals-pie" sender 10
		kill "-$number" "$tracer"
		wait "$launch"
		[ "$(cat end)" = "signal $number" ]
		tail -n 1 log | grep ' 0 unexplained'
	done
}

@test 'what the program sends to all that it may reach does not end vmtrace' {
	# 32 and 33 are libc's own, which no program can catch.
	start "$PROGRAMS/signals-pie" sender 10
	local line
	kill -32 "$tracer"
	kill -33 "$tracer"
	kill -10 "$program"
	read -r line <&5
	[ "$line" = "caught 10 code 0 from $BASHPID" ]
	wait "$launch"
	[ "$(cat end)" = 'exit 0' ]
}

@test 'timers that vmtrace was started with go on in the program' {
	"$PROGRAMS/signals-pie" start "$PROGRAMS/signals-pie" timers >plain
	grep -x 'timer 0: runs every 2000 s' plain
	"$PROGRAMS/signals-pie" start "$VMTRACE" -o log "$PROGRAMS/signals-pie" timers >traced
	diff plain traced
	"$VMTRACE" -o log "$PROGRAMS/signals-pie" timers >traced
	[ "$(grep -c ': stands every 0 s' traced)" -eq 3 ]
}
