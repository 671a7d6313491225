#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Bad input and a log that cannot be written: one line on standard error that says what, and an exit
# status of its own; the program is never harmed.
# shellcheck disable=SC2016,SC2030,SC2031 # what other shells expand; each test has its own PATH
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# fails STATUS TEXT… -- ARGUMENT…: vmtrace says one line with each text in it, prints nothing, and
# ends with the status
fails() {
	local code=$1
	local texts=()
	shift
	while [ "$1" != -- ]; do
		texts+=("$1")
		shift
	done
	shift
	run --separate-stderr "-$code" "$VMTRACE" "$@"
	[ -z "$output" ]
	# shellcheck disable=SC2154 # bats sets them
	[ "${#stderr_lines[@]}" -eq 1 ]
	# shellcheck disable=SC2154
	[[ $stderr == 'vmtrace: '* ]]
	for text in "${texts[@]}"; do
		if [[ $stderr != *"$text"* ]]; then
			echo "no '$text' in: $stderr"
			return 1
		fi
	done
}

# A text without a byte that a terminal would obey: UTF-8, and in it no control but newline.
is_harmless() {
	[ -s "$1" ]
	iconv -f UTF-8 -t UTF-8 "$1" >/dev/null
	! LC_ALL=C grep -nP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' "$1"
}

@test 'no such program: 127' {
	fails 127 ./nothing 'No such file' -- ./nothing
	local PATH=/usr/bin:/bin # no place that may not be looked into: that would be 126
	fails 127 nothing-of-that-name -- nothing-of-that-name
	fails 127 'vmtrace' -- ''
	printf '#!/no/interpreter\n' >script
	chmod +x script
	fails 127 ./script -- ./script
}

@test 'not executable: 126' {
	echo text >file
	fails 126 ./file 'Permission denied' -- ./file
	fails 126 "$PWD" -- "$PWD"
}

@test 'no program, though it may be executed: 126, and no shell reads it' {
	printf '\177ELF\n: >made\n' >foreign
	printf ': >made\n' >text
	chmod +x foreign text
	fails 126 ./foreign 'Exec format error' -- ./foreign
	fails 126 ./text 'Exec format error' -- ./text
	local PATH="$PWD:$PATH"
	fails 126 foreign 'Exec format error' -- foreign
	[ ! -e made ]
}

@test 'programs are looked for as a shell does' {
	mkdir first second
	echo text >first/tool
	printf '#!/bin/sh\necho second\n' >second/tool
	chmod +x second/tool
	local PATH="first:second:$PATH"
	[ "$("$VMTRACE" -o /dev/null tool)" = second ]
	rm second/tool
	fails 126 tool 'Permission denied' -- tool
	cp /bin/true ./here
	PATH=":$PATH" "$VMTRACE" -o /dev/null here
	env -u PATH "$VMTRACE" -o /dev/null true
}

@test 'no program' {
	fails 125 'vmtrace --help' --
	fails 125 'vmtrace --help' -- run
	fails 125 'vmtrace --help' -- --
	fails 125 'vmtrace --help' -- run -q --
}

@test 'options that are not there' {
	fails 125 --nothing 'vmtrace --help' -- --nothing true
	fails 125 -x 'vmtrace --help' -- -x true
	fails 125 -x 'vmtrace --help' -- -qx true
	fails 125 -x 'vmtrace --help' -- run -x true
	fails 125 --no 'vmtrace --help' -- --no true
}

@test 'values that are none' {
	fails 125 --log=steps,foo "'foo'" 'vmtrace --help' -- --log=steps,foo true
	fails 125 --log 'vmtrace --help' -- --log= true
	fails 125 --color=red 'vmtrace --help' -- --color=red true
	fails 125 --rules=6.2 'vmtrace --help' -- --rules=6.2 true
	fails 125 --rules= 'vmtrace --help' -- --rules= true
	fails 125 --no-aslr=1 'vmtrace --help' -- --no-aslr=1 true
	fails 125 -o -- -o '' true
}

@test 'values that are missing' {
	local option
	for option in -o --output --log --rules --color; do
		fails 125 "'$option'" 'vmtrace --help' -- "$option"
	done
}

@test 'a log that cannot be opened: the program is not started' {
	fails 125 /no/log 'No such file' -- -o /no/log touch started
	fails 125 "$PWD" 'directory' -- -o "$PWD" touch started
	[ ! -e started ]
}

@test 'a full disk: said once, the program runs on' {
	need hello-pie calls-pie
	[ -c /dev/full ] || skip 'no /dev/full'
	run --separate-stderr -125 "$VMTRACE" -o /dev/full "$PROGRAMS/hello-pie"
	[ "$output" = 'hello, world' ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == 'vmtrace: '*/dev/full*'No space left'* ]]
	# more than a buffer of it
	run --separate-stderr -125 "$VMTRACE" -o /dev/full sh -c '"$1" && echo after' sh "$PROGRAMS/calls-pie"
	[ "$output" = after ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == 'vmtrace: '*/dev/full* ]]
	run -125 bash -c '"$1" "$2" 2>/dev/full' bash "$VMTRACE" "$PROGRAMS/hello-pie"
	[ "$output" = 'hello, world' ]
}

@test 'a log that nobody reads any more: the program runs on' {
	need hello-pie
	mkfifo fifo
	exec 5<>fifo
	exec 6>fifo
	exec 5<&-
	run -125 bash -c '"$1" "$2" 2>&6' bash "$VMTRACE" "$PROGRAMS/hello-pie"
	[ "$output" = 'hello, world' ]
}

@test 'standard error is closed' {
	need hello-pie
	run -0 bash -c '"$1" -o log "$2" 2>&-' bash "$VMTRACE" "$PROGRAMS/hello-pie"
	[ "$output" = 'hello, world' ]
	grep -q 'checked against the kernel' log
	# Nowhere to write the log to: not started, and no word to be had about it.
	run -125 bash -c '"$1" touch started 2>&-' bash "$VMTRACE"
	[ -z "$output" ]
	[ ! -e started ]
}

@test 'export --to maps is harmless on a terminal, and exact elsewhere' {
	need hello-pie
	need_command script
	local bad=$'hello\e[31m\a'
	cp "$PROGRAMS/hello-pie" "$bad"
	"$VMTRACE" -o run.vmt "./$bad" >/dev/null
	"$VMTRACE" export --to maps run.vmt | grep -qF "/$bad"
	script -qec "$VMTRACE export --to maps run.vmt" /dev/null | tr -d '\r' >seen
	is_harmless seen
	grep -qF '/hello\033[31m\007' seen
}

@test 'what is wrong is named without control bytes' {
	local bad=$'\e[31m\a\n\xc2\x9b\xff'
	fails 127 '\033[31m' -- "./$bad"
	echo "$stderr" >line
	is_harmless line
	fails 125 '\033[31m' -- "--$bad" true
	echo "$stderr" >line
	is_harmless line
	fails 125 '\033[31m' -- "--log=$bad" true
	echo "$stderr" >line
	is_harmless line
	fails 125 '\033[31m' -- -o "/no/$bad" true
	echo "$stderr" >line
	is_harmless line
}

@test 'names with control bytes in the log: escaped in text, valid in JSON' {
	need control-names-pie
	local name=$'\e[31mred\a\nnext\tline\x7f\xc2\x9b"\\é' bytes=$'bad\xff\x9b\e' view
	cp "$PROGRAMS/control-names-pie" "$name"
	for view in steps map calls steps,map,calls; do
		"$VMTRACE" -o log --log="$view" "./$name" "$bytes"
		is_harmless log
		grep -qF '\033[31mred\007\012next' log || [ "$view" = calls ]
	done
	"$VMTRACE" -o log --color=always "./$name" "$bytes"
	sed -i 's/\x1b\[[0-9;]*m//g' log
	is_harmless log
	"$VMTRACE" -o log.jsonl "./$name" "$bytes"
	LC_ALL=C run -1 grep -nP '[^\x20-\x7f]' log.jsonl
	jq -es 'all(type == "object")' log.jsonl >/dev/null
	jq -es --arg name "./$name" '.[0].argv[0] == $name' log.jsonl >/dev/null
	jq -es 'map(select(.type == "layout").vmas[].name) | any(contains("bad\\377\\233"))' log.jsonl >/dev/null
}

@test '--help and --version' {
	run --separate-stderr -0 "$VMTRACE" --help
	[[ $output == 'usage: vmtrace '* ]]
	[ -z "$stderr" ]
	run -0 "$VMTRACE" run -h
	[[ $output == 'usage: vmtrace '* ]]
	run --separate-stderr -0 "$VMTRACE" --version
	[[ $output =~ ^vmtrace\ [0-9]+\.[0-9]+\.[0-9]+$ ]]
	[ -z "$stderr" ]
	[ -c /dev/full ] || return 0
	run -125 bash -c '"$1" --help >/dev/full' bash "$VMTRACE"
}

@test 'options of the program are its own' {
	run --separate-stderr -0 "$VMTRACE" -q echo --help -o x --nothing
	[ "$output" = '--help -o x --nothing' ]
	run --separate-stderr -0 "$VMTRACE" -q -- echo -- -q
	[ "$output" = '-- -q' ]
}

@test 'a program named run' {
	need hello-pie
	cp "$PROGRAMS/hello-pie" run
	local PATH=.:$PATH
	local words
	for words in 'run run' '-- run' 'run -- run' './run' '-q run'; do
		# shellcheck disable=SC2086
		run --separate-stderr -0 "$VMTRACE" $words
		[ "$output" = 'hello, world' ]
	done
}
