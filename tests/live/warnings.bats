#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Each warning by a program that does it, once, and not by one that nearly does; and the exit status of
# --fail-on.
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need warnings-pie
	head -c 400000 /dev/zero >file
}

# warns ID ARGUMENT…: exactly one warning, of that name
warns() {
	local id=$1
	shift
	"$VMTRACE" --log=steps -o log "$@" >output
	grep '^warning: ' log || true
	[ "$(grep -c '^warning: ' log)" -eq 1 ]
	grep -q "^warning: .* \[$id\]\$" log
}

# warns_also ID ARGUMENT…: one warning of that name, and others that the program earns as well
warns_also() {
	local id=$1
	shift
	"$VMTRACE" --log=steps -o log "$@" >output
	[ "$(grep -c "^warning: .* \\[$id\\]\$" log)" -eq 1 ]
}

# silent ARGUMENT…: no warning
silent() {
	"$VMTRACE" --log=steps -o log "$@" >output
	if grep '^warning: ' log; then
		return 1
	fi
}

@test 'writable-executable' {
	warns writable-executable "$PROGRAMS/warnings-pie" wx
	warns writable-executable "$PROGRAMS/warnings-pie" wx-later
	silent "$PROGRAMS/warnings-pie" w-then-x
}

@test 'executable-stack' {
	warns executable-stack "$PROGRAMS/warnings-pie" stack
	need warnings-execstack
	warns executable-stack "$PROGRAMS/warnings-execstack"
	silent "$PROGRAMS/warnings-pie"
}

@test 'text-relocations' {
	need warnings-textrel
	warns_also text-relocations "$PROGRAMS/warnings-textrel"
	silent "$PROGRAMS/warnings-pie"
}

@test 'no-relro' {
	need warnings-norelro
	warns no-relro "$PROGRAMS/warnings-norelro"
	grep -F 'warnings-norelro has no RELRO' log
}

@test 'shared-file-writable' {
	warns shared-file-writable "$PROGRAMS/warnings-pie" shared file
	silent "$PROGRAMS/warnings-pie" shared-read file
	silent "$PROGRAMS/warnings-pie" memory
}

@test 'map-count' {
	local limit
	limit=$(cat /proc/sys/vm/max_map_count)
	[ "$limit" -le 100000 ] || skip "vm.max_map_count is $limit here"
	warns_also map-count "$PROGRAMS/warnings-pie" count $((limit * 4 / 5 + 1))
	"$VMTRACE" --log=steps -o log "$PROGRAMS/warnings-pie" count $((limit * 4 / 5 - 100))
	if grep -F '[map-count]' log; then
		return 1
	fi
}

@test 'mapped-again' {
	warns mapped-again "$PROGRAMS/warnings-pie" again file 20
	silent "$PROGRAMS/warnings-pie" again file 15
	silent "$PROGRAMS/warnings-pie" windows file 40
}

@test 'never-unmapped' {
	warns never-unmapped "$PROGRAMS/warnings-pie" leak 40
	grep "40 times .* 40 of them never unmapped" log
	silent "$PROGRAMS/warnings-pie" leak 31
	silent "$PROGRAMS/warnings-pie" loop 100
}

@test 'thousands that have merged' {
	warns never-unmapped "$PROGRAMS/warnings-pie" leak 3000
	grep "3000 times .* 3000 of them never unmapped" log
}

@test 'the usual programs: no warnings' {
	silent sh -c 'ls / | sort >list'
	need hello-static
	silent "$PROGRAMS/hello-static"
}

@test '--fail-on: 3 for what it names, and a line that says so' {
	# shellcheck disable=SC2154 # bats sets them
	run --separate-stderr -3 "$VMTRACE" -q -o log --fail-on=no-relro,writable-executable "$PROGRAMS/warnings-pie" wx
	[ "$stderr" = 'vmtrace: warnings of --fail-on: writable-executable' ]
	run --separate-stderr -3 "$VMTRACE" -q -o log --fail-on=all "$PROGRAMS/warnings-pie" wx
	run --separate-stderr -0 "$VMTRACE" -q -o log --fail-on=no-relro "$PROGRAMS/warnings-pie" wx
	[ -z "$stderr" ]
	run --separate-stderr -0 "$VMTRACE" -q -o log --fail-on=all "$PROGRAMS/warnings-pie"
	# without a warning, the program's own status
	run --separate-stderr -7 "$VMTRACE" -q -o log --fail-on=all sh -c 'exit 7'
	run --separate-stderr -125 "$VMTRACE" --fail-on=nothing "$PROGRAMS/warnings-pie"
	# shellcheck disable=SC2154
	[ "${#stderr_lines[@]}" -eq 1 ]
}

@test 'JSON Lines' {
	need_command jq
	"$VMTRACE" -o log.jsonl "$PROGRAMS/warnings-pie" wx >output
	jq -c 'select(.type == "warning")' log.jsonl >found
	[ "$(wc -l <found)" -eq 1 ]
	[ "$(jq -r '"\(.id) \(.space)"' found)" = 'writable-executable 1' ]
	# it stands behind its step
	[ "$(jq -r .step found)" = "$(jq -r 'select(.type == "step" and .args.prot? == "rwx") | .step' log.jsonl)" ]
}
