#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --pin: one CPU for vmtrace and the program, which does not find out by asking.
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need mask-pie
	need_command taskset
}

teardown() {
	[ -z "$program" ] || kill -KILL "$program" 2>/dev/null || true
}
program=

# CPUs of a task, as a list.
cpus() {
	taskset -cp "$1" | sed 's/.*: //'
}

several_cpus() {
	[[ $(cpus $$) == *[-,]* ]] || skip 'there is one CPU'
}

@test 'the mask that the program asks for and hands on' {
	local way option cpu last
	last=$(cpus $$)
	last=${last##*[-,]}
	for way in plain set exec fail fork thread; do
		for cpu in "$(cpus $$)" "$last"; do
			taskset -c "$cpu" "$PROGRAMS/mask-pie" "$way" >bare
			for option in --no-aslr --no-seccomp; do
				taskset -c "$cpu" "$VMTRACE" --pin "$option" -qq -o log \
					"$PROGRAMS/mask-pie" "$way" >traced
				diff bare traced
				grep ' 0 unexplained' log
			done
		done
	done
}

@test 'what children see in /proc' {
	# shellcheck disable=SC2016 # for the shell that is traced
	local script='grep Cpus_allowed_list /proc/self/status; taskset -p $$ | sed "s/.*: //"'
	sh -c "$script" >bare
	"$VMTRACE" --pin -o log sh -c "$script" >traced
	diff bare traced
}

@test '/proc/self/status tells, which is why it is off' {
	several_cpus
	"$PROGRAMS/mask-pie" status | grep Cpus_allowed_list >bare
	"$VMTRACE" -o log "$PROGRAMS/mask-pie" status | grep Cpus_allowed_list >traced
	diff bare traced
	"$VMTRACE" --pin -o log "$PROGRAMS/mask-pie" status | grep Cpus_allowed_list >traced
	[[ $(cat traced) =~ ^Cpus_allowed_list:[[:space:]][0-9]+$ ]]
}

# ask LINE: lets attached-pie do it, and waits for its answer.
ask() {
	local answer
	echo "$1" >&6
	read -r answer <&5
	[ "$answer" = 'done' ]
}

@test 'a mask that somebody else sets stays' {
	several_cpus
	need attached-pie
	local line cpu tracer own
	mkfifo in out
	own=$(cpus $$)
	"$VMTRACE" --pin -qq -o log "$PROGRAMS/attached-pie" <in >out 3>&- &
	tracer=$!
	exec 6>in 5<out
	read -r line <&5
	[ "$line" = ready ]
	program=$(children_of "$tracer")
	cpu=$(cpus "$program")
	[[ $cpu =~ ^[0-9]+$ ]]
	[ "$(cpus "$tracer")" = "$cpu" ]
	taskset -cp "$own" "$program" >/dev/null
	# Now and then vmtrace looks.
	for ((i = 0; i < 100; i++)); do
		ask map
	done
	[ "$(cpus "$program")" = "$own" ]
	[ "$(cpus "$tracer")" = "$own" ]
	ask fork
	[ "$(cpus "$program")" = "$own" ]
	echo quit >&6
	status=0
	wait "$tracer" || status=$?
	[ "$status" -eq 7 ]
	program=
}

@test 'a second task ends it, for vmtrace as well' {
	several_cpus
	need attached-pie
	local line tracer own
	mkfifo in out
	own=$(cpus $$)
	"$VMTRACE" --pin -qq -o log "$PROGRAMS/attached-pie" <in >out 3>&- &
	tracer=$!
	exec 6>in 5<out
	read -r line <&5
	[ "$line" = ready ]
	program=$(children_of "$tracer")
	[[ $(cpus "$program") =~ ^[0-9]+$ ]]
	ask 'busy 1'
	[ "$(cpus "$program")" = "$own" ]
	[ "$(cpus "$tracer")" = "$own" ]
	echo quit >&6
	status=0
	wait "$tracer" || status=$?
	[ "$status" -eq 7 ]
	program=
}

@test 'not together with -p' {
	run -125 "$VMTRACE" --pin -p $$
	[ "$output" = 'vmtrace: -p and --pin: that is for programs that vmtrace starts' ]
}
