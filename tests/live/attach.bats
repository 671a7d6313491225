#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# -p: a program that runs already is traced, and let go as it was.
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need attached-pie
	need_command jq
}

teardown() {
	local pid
	for pid in $started; do
		kill -KILL "$pid" 2>/dev/null || true
	done
}
started=

# start [ARG…]: starts attached-pie as $program.
start() {
	local line
	mkfifo in out
	"$PROGRAMS/attached-pie" "$@" <in >out 3>&- &
	program=$!
	started+=" $program"
	exec 6>in 5<out
	read -r line <&5
	[ "$line" = ready ]
}

# ask LINE: lets it do something; its answer is in $answer.
ask() {
	echo "$1" >&6
	read -r answer <&5
}

# It ends as it would have.
finish() {
	echo quit >&6
	read -r answer <&5
	[ "$answer" = bye ]
	status=0
	wait "$program" || status=$?
	[ "$status" -eq 7 ]
}

# Waits until no thread of the program is traced, and holds that none is stopped.
untraced() {
	until ! grep -h '^TracerPid:' "/proc/$program"/task/*/status | grep -qv '[[:space:]]0$'; do
		:
	done
	! grep -h '^State:' "/proc/$program"/task/*/status | grep '[[:space:]][Tt] '
}

# attach COMMAND…: starts a tracer as $tracer, and waits until it has the program.
attach() {
	"$@" 3>&- 5>&- 6>&- &
	tracer=$!
	until grep -hq "^TracerPid:[[:space:]]$tracer\$" "/proc/$program"/task/*/status; do
		kill -0 "$tracer"
	done
}

# Lets the program map until the tracer has written of it to FILE.
map_until_seen() {
	until grep -q 'mremap' "$1"; do
		ask map
	done
}

# ends [SIGNAL]: the tracer is told to end, and ends with 0.
ends() {
	kill "-${1:-TERM}" "$tracer"
	status=0
	wait "$tracer" || status=$?
	[ "$status" -eq 0 ]
}

@test 'what is there is found, what comes is traced, and all is as the kernel says' {
	start
	mkdir trace
	attach "$TOOLS/oracle" -p "$program" trace
	map_until_seen trace/trace.jsonl
	ask map
	ask move
	ends
	untraced
	"$TOOLS/replay" trace 1
	jq -es 'map(select(.type == "space")) | length == 1 and .[0].made_by == "attach"' \
		trace/trace.jsonl
	jq -es 'any(.what == "found at attach" and .added[0].name == "[heap]")' trace/trace.jsonl
	# The mappings from before were taken over well enough to predict what comes after.
	jq -es 'map(select(.call == "mmap" and .args.fd == -1 and .args.addr == "0x0"))
		| length > 0 and all(.expected == .result)' trace/trace.jsonl
	jq -es 'map(select(.call == "mremap" and .args.old_size == 3145728)) | length == 1
		and (.[0].expected == .[0].result and .[0].check == "match")' trace/trace.jsonl
	jq -es 'map(select(.call == "brk" and .cause == "call")) | length > 0 and all(.check == "match")' \
		trace/trace.jsonl
	finish
}

@test 'the text log' {
	start
	attach "$VMTRACE" -p "$program" -o log
	map_until_seen log
	ends
	untraced
	grep 'found at attach' log
	tail -n 1 log | grep ' 0 unexplained'
	finish
}

@test 'page tables as they are found: only what was emptied before is missing' {
	start
	attach "$VMTRACE" --faults -p "$program" -o trace.jsonl
	map_until_seen trace.jsonl
	ends
	untraced
	jq -se 'any(.type == "layout" and .page_tables.bytes > 0)
		and all(.page_tables.check? != "adjusted" or .page_tables.reason == "emptied")' trace.jsonl
	finish
}

@test 'stacks of an attached process, whichever thread was there first' {
	local argument
	for argument in '' thread; do
		# shellcheck disable=SC2086 # none, or one word
		start $argument
		attach "$VMTRACE" -k -p "$program" -o trace.jsonl
		map_until_seen trace.jsonl
		ends
		untraced
		jq -es 'map(select(.type == "step" and .call == "mremap")) | length > 0 and
			all(.caller_actor == "program" and .stack)' trace.jsonl
		jq -es 'map(select(.type == "stack")) | length > 0 and all(.end == "whole")' trace.jsonl
		finish
		rm -f in out
	done
}

@test 'each signal that ends the trace' {
	local signal
	start
	ask 'busy 2'
	# A shell without job control lets commands in the background ignore ^C, and nohup the hangup.
	for signal in HUP TERM INT; do
		attach env "--default-signal=$signal" "$VMTRACE" -qq -p "$program" -o log
		ends "$signal"
		untraced
	done
	finish
}

@test 'threads that map all the time' {
	start
	ask 'busy 8'
	mkdir trace
	attach "$TOOLS/oracle" -p "$program" trace
	map_until_seen trace/trace.jsonl
	ends
	untraced
	"$TOOLS/replay" trace 1
	finish
}

# send COUNT: so many SIGRTMIN with the values 1, 2, …; the sum tells whether each came once.
send() {
	local i
	for ((i = 1; i <= $1; i++)); do
		# The queue may be full for a moment.
		until env kill -q "$i" -s RTMIN "$program" 2>/dev/null; do
			kill -0 "$program"
		done
	done
}

@test 'no signal is lost or doubled by attaching and letting go' {
	local sender rounds=0
	env kill --help 2>&1 | grep -q queue || skip 'no kill that queues'
	start
	ask 'busy 2'
	{ send 400; } 3>&- &
	sender=$!
	while kill -0 "$sender" 2>/dev/null || [ "$rounds" -lt 3 ]; do
		attach "$VMTRACE" -qq -p "$program" -o log
		ends
		rounds=$((rounds + 1))
	done
	wait "$sender"
	ask signals
	[ "$answer" = '400 80200 done' ]
	finish
}

# Waits until the state of the program, as /proc shows it, is one of the letters.
wait_for_state() {
	local stat=
	until [[ $stat == *') '[$1]' '* ]]; do
		read -r stat <"/proc/$program/stat"
	done
}

@test 'a program that is stopped stays stopped' {
	start
	kill -STOP "$program"
	wait_for_state T
	attach "$VMTRACE" -qq -p "$program" -o log
	wait_for_state t
	ends
	wait_for_state T
	kill -CONT "$program"
	ask map
	attach "$VMTRACE" -qq -p "$program" -o log
	ask map
	kill -STOP "$program"
	wait_for_state t
	ends
	wait_for_state T
	kill -CONT "$program"
	ask map
	finish
}

@test 'a stop and its end while it is traced' {
	start
	attach "$VMTRACE" -qq -p "$program" -o log
	ask map
	kill -STOP "$program"
	wait_for_state t
	kill -CONT "$program"
	ask map
	ends
	finish
}

@test 'the program runs on when vmtrace is killed' {
	local i
	start
	ask 'busy 4'
	for ((i = 0; i < 20; i++)); do
		attach "$VMTRACE" -qq -p "$program" -o log
		kill -KILL "$tracer"
		status=0
		wait "$tracer" || status=$?
		[ "$status" -eq 137 ]
		untraced
		ask map
	done
	finish
}

@test 'children after that: --follow' {
	local whom spaces
	start
	while read -r whom spaces; do
		attach "$VMTRACE" --follow="$whom" -p "$program" -o trace.jsonl
		map_until_seen trace.jsonl
		ask fork
		ask vfork
		ends
		untraced
		[ "$(grep -c '"type":"space"' trace.jsonl)" -eq "$spaces" ]
		jq -es '.[-1].unexplained == 0' trace.jsonl
	done <<-EOF
		all 3
		threads 1
		none 1
	EOF
	finish
}

@test 'the program ends while it is traced' {
	start
	ask 'busy 2'
	attach "$VMTRACE" -p "$program" -o trace.jsonl
	map_until_seen trace.jsonl
	finish
	status=0
	wait "$tracer" || status=$?
	[ "$status" -eq 0 ]
	jq -es '.[-1].type == "summary" and .[-1].unexplained == 0' trace.jsonl
}

@test 'a first thread that has ended' {
	start thread
	until grep -q '^State:[[:space:]]Z' "/proc/$program/status"; do
		:
	done
	attach "$VMTRACE" -p "$program" -o trace.jsonl
	map_until_seen trace.jsonl
	ends
	untraced
	jq -es '.[-1].unexplained == 0' trace.jsonl
	finish
}

@test 'two processes' {
	local first
	start
	first=$program
	exec 7>&6 8<&5
	rm in out
	start
	attach "$VMTRACE" -p "$first" -p "$program" -p "$first" -o trace.jsonl
	map_until_seen trace.jsonl
	ends
	jq -es 'map(select(.type == "space")) | map(.pid) == ['"$first,$program"'] or
		map(.pid) == ['"$program,$first"']' trace.jsonl
	echo quit >&7
	read -r answer <&8
	[ "$answer" = bye ]
	status=0
	wait "$first" || status=$?
	[ "$status" -eq 7 ]
	finish
}

@test 'what cannot be attached to' {
	local line
	run -125 "$VMTRACE" -p 99999999
	[ "$output" = 'vmtrace: cannot attach to process 99999999: there is none' ]
	run -125 "$VMTRACE" -p 0
	[[ $output == 'vmtrace: -p 0: give the number of a process; '* ]]
	run -125 "$VMTRACE" -p 12x
	[[ $output == 'vmtrace: -p 12x: '* ]]
	run -125 "$VMTRACE" -p $$ true
	[ "$output" = 'vmtrace: -p and a program to run (true): give one of the two' ]
	start
	attach "$VMTRACE" -qq -p "$program" -o log
	run -125 "$VMTRACE" -p "$program"
	[[ $output == "vmtrace: cannot attach to process $program: process $tracer (vmtrace) traces it already"* ]]
	[ "${#lines[@]}" -eq 1 ]
	ends
	finish
}

@test 'a second signal while the process is let go changes nothing' {
	start
	attach "$VMTRACE" -o trace.jsonl -p "$program"
	map_until_seen trace.jsonl
	kill -TERM "$tracer"
	# It may have ended by then.
	kill -TERM "$tracer" || true
	kill -INT "$tracer" || true
	status=0
	wait "$tracer" || status=$?
	[ "$status" -eq 0 ]
	jq -es 'any(.type == "layout") and .[-1].type == "summary"' trace.jsonl
	untraced
	finish
}

@test 'SIGINT ends it also where the shell left that ignored' {
	start
	# A shell without job control starts background jobs with SIGINT ignored.
	attach "$VMTRACE" -o trace.jsonl -p "$program"
	map_until_seen trace.jsonl
	ends INT
	jq -es 'any(.type == "layout")' trace.jsonl
	untraced
	finish
}
