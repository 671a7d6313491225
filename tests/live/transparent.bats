#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A program does the same with and without vmtrace: output, input, what it sees of its
# surroundings, how it ends, and what a terminal's user can do with it.
# shellcheck disable=SC2016,SC2030,SC2031 # what other shells expand; each test has its own options
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	: >input
}

teardown() {
	[ -z "$place" ] || rm -rf "$place"
}

# run_as NAME COMMAND…: leaves NAME.out, NAME.err and NAME.end (launch.c). While it runs, the files
# have names that do not tell, since a program can see what its output is.
run_as() {
	local name=$1
	shift
	"$TOOLS/launch" "${prefix[@]}" "$@" <input >out 2>err 3>end
	mv out "$name.out"
	mv err "$name.err"
	mv end "$name.end"
}

# same PROGRAM [ARG…]: runs it with and without vmtrace; input from the file input
prefix=()  # what starts vmtrace, or the program
options=() # of vmtrace
place=
same() {
	run_as plain "$@"
	run_as traced "$VMTRACE" -o log "${options[@]}" "$@"
	diff plain.end traced.end
	cmp plain.out traced.out
	diff plain.err traced.err
	[ -s log ]
}

@test 'output of every flavour' {
	local flavour
	for flavour in pie no-pie static static-pie m32 m32-static; do
		[ -x "$PROGRAMS/hello-$flavour" ] || continue
		same "$PROGRAMS/hello-$flavour"
		[ "$(cat traced.out)" = 'hello, world' ]
	done
}

@test 'the log on standard error leaves standard output alone' {
	need hello-pie
	run --separate-stderr "$VMTRACE" "$PROGRAMS/hello-pie"
	[ "$status" -eq 0 ]
	[ "$output" = 'hello, world' ]
	# shellcheck disable=SC2154 # bats sets it
	[[ $stderr == *'[kernel]'* ]]
}

@test 'standard error of the program' {
	same sh -c 'echo out; echo err >&2; echo more >&2'
	[ "$(cat traced.err)" = $'err\nmore' ]
}

@test 'input and output, a megabyte of every byte' {
	seq 200000 | gzip -c >input
	same cat
	[ -s traced.out ]
	options=(--no-seccomp)
	same cat
}

@test 'input that the program leaves is there for the next' {
	echo abcdef >input
	run bash -c '{ "$1" -o log dd bs=1 count=3 status=none; echo; cat; } <input' bash "$VMTRACE"
	[ "$output" = $'abc\ndef' ]
}

@test 'exit status' {
	need signals-pie
	local code
	for code in 0 1 2 42 125 126 127 128 137 255; do
		same "$PROGRAMS/signals-pie" exit "$code"
		[ "$(cat traced.end)" = "exit $code" ]
		run "-$code" "$VMTRACE" -o log "$PROGRAMS/signals-pie" exit "$code"
	done
}

@test 'killed by each signal that kills' {
	need signals-pie
	local signal
	for signal in {1..16} 24 25 26 27 29 30 31 34 50 64; do
		same "$PROGRAMS/signals-pie" kill "$signal"
		[ "$(cat traced.end)" = "signal $signal" ]
	done
	run -143 "$VMTRACE" -o log "$PROGRAMS/signals-pie" kill 15
	options=(--no-seccomp)
	for signal in 5 9 11 15 31; do
		same "$PROGRAMS/signals-pie" kill "$signal"
		[ "$(cat traced.end)" = "signal $signal" ]
	done
}

@test 'abort, and a write to where nothing is' {
	need signals-pie
	same "$PROGRAMS/signals-pie" abort
	[ "$(cat traced.end)" = 'signal 6' ]
	same "$PROGRAMS/signals-pie" segv
	[ "$(cat traced.end)" = 'signal 11' ]
}

@test 'a reader that goes away kills the program by SIGPIPE' {
	need signals-pie
	"$TOOLS/launch" "$VMTRACE" -o log "$PROGRAMS/signals-pie" pipe 3>traced.end | head -c 1 >first
	[ "$(cat traced.end)" = 'signal 13' ]
}

@test 'signals that are caught, SIGTRAP and SIGSYS among them' {
	need signals-pie
	local signal
	for signal in 1 2 5 10 11 15 17 18 20 28 31 34; do
		same "$PROGRAMS/signals-pie" handle "$signal"
		[ "$(cat traced.out)" = "caught $(printf %02d "$signal")" ]
	done
}

# Starts the program "lines" under vmtrace: $tracer, $program, its output on 5, its input on 6.
start_lines() {
	local ready
	mkfifo from to
	"$TOOLS/launch" "$VMTRACE" -o log "$PROGRAMS/signals-pie" lines <to >from 3>traced.end 4>&- &
	launch=$!
	exec 6>to 5<from
	read -r ready program <&5
	[ "$ready" = ready ]
	tracer=$(sed -n 's/^PPid:\t//p' "/proc/$program/status")
}

@test 'signals sent to vmtrace reach the program' {
	need signals-pie
	local line
	start_lines
	kill -USR1 "$tracer"
	read -r line <&5
	[ "$line" = 'caught 10' ]
	kill -TERM "$tracer"
	wait "$launch"
	[ "$(cat traced.end)" = 'signal 15' ]
}

# Waits until the state of the process, as /proc shows it, is one of the letters.
wait_for_state() {
	local stat=
	until [[ $stat == *') '[$2]' '* ]]; do
		read -r stat <"/proc/$1/stat"
	done
}

@test 'SIGSTOP and SIGCONT sent to the program' {
	need signals-pie
	local line
	start_lines
	kill -STOP "$program"
	wait_for_state "$program" Tt
	kill -CONT "$program"
	wait_for_state "$program" S
	echo text >&6
	read -r line <&5
	[ "$line" = 'read text' ]
	exec 6>&-
	wait "$launch"
	[ "$(cat traced.end)" = 'exit 0' ]
}

@test 'surroundings: descriptors, signals, limits, credentials, environment' {
	need state-pie
	same "$PROGRAMS/state-pie" one 'two words' ''
	grep -q '^fd 0 ' traced.out
	grep -q '^SigBlk:' traced.out
	options=(--no-seccomp)
	same "$PROGRAMS/state-pie"
}

@test 'surroundings that are not the usual ones' {
	need state-pie
	mkdir place
	cd place
	: >input
	umask 027
	ulimit -S -n 100
	ulimit -S -s 4096
	exec 7</dev/null 9>>file
	export STRANGE=$'a\nb\e'
	trap '' HUP USR2 PIPE INT
	same env --block-signal=USR1,TERM,CHLD,ALRM nice -n 3 "$PROGRAMS/state-pie"
	grep -q '^fd 9 ' traced.out
	grep -q "nice $(($(nice) + 3)) " traced.out
}

@test 'standard descriptors that are closed stay closed' {
	need state-pie
	"$PROGRAMS/state-pie" <&- 2>&- | cat >plain.out
	"$VMTRACE" -o log "$PROGRAMS/state-pie" <&- 2>&- | cat >traced.out
	sed -i 's/pipe:.*/pipe/; /^env _=/d' plain.out traced.out # the shell's own
	diff plain.out traced.out
	grep -q '^fd 1 ' traced.out
	run -1 grep -E '^fd (0|2) ' traced.out
}

# keys KEYS PROGRAM…: what a user at a terminal sees (terminal.c)
keys() {
	local keys=$1
	shift
	"$TOOLS/terminal" "$keys" "$@" >plain.seen
	"$TOOLS/terminal" "$keys" "$VMTRACE" -o log "${options[@]}" "$@" >traced.seen
	diff plain.seen traced.seen
	cat traced.seen
}

@test 'terminal: ^C and ^\ kill, ^D ends the input' {
	need signals-pie
	run -0 keys lc "$PROGRAMS/signals-pie" lines
	[[ $output == *'job: killed by signal 2' ]]
	run -0 keys lq "$PROGRAMS/signals-pie" lines
	[[ $output == *'job: killed by signal 3' ]]
	run -0 keys ld "$PROGRAMS/signals-pie" lines
	[[ $output == *'job: exit 0' ]]
}

@test 'terminal: ^Z stops the job, fg continues it' {
	need signals-pie
	run -0 keys lzflzflc "$PROGRAMS/signals-pie" lines
	[[ $output == *'job: stopped'*'program: stopped'*'job: continued'* ]]
	options=(--no-seccomp)
	run -0 keys lzfld "$PROGRAMS/signals-pie" lines
}

@test 'terminal: in the background, the program stops when it wants to read' {
	need signals-pie
	run -0 keys lzbsfld "$PROGRAMS/signals-pie" lines
	[[ $output == *'job: continued'*'job: stopped'*'job: exit 0' ]]
}

@test 'as a user without privilege' {
	need state-pie signals-pie
	need_command setpriv
	[ "$(id -u)" -eq 0 ] || skip 'this already is one'
	# where such a user can read it; the build may be in a place where not
	place=$(mktemp -d)
	chmod 777 "$place"
	cp "$VMTRACE" "$PROGRAMS/state-pie" "$PROGRAMS/signals-pie" "$place"
	cd "$place"
	VMTRACE=$place/vmtrace
	: >input
	prefix=(setpriv --reuid=65534 --regid=65534 --clear-groups)
	same ./state-pie
	grep -q '^Uid:.65534' traced.out
	same ./signals-pie exit 42
	same ./signals-pie kill 9
	[ "$(cat traced.end)" = 'signal 9' ]
	same ./signals-pie handle 5
	grep -q ' checked against the kernel, .* 0 unexplained' log
	options=(--no-seccomp)
	same ./state-pie
}
