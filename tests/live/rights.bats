#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What a program may not do because it is traced, and that it is said; and filters of its own.
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need rights-pie
}

@test 'a program that wants to be traced gets EPERM, said once' {
	local option
	for option in --no-aslr --no-seccomp; do
		run --separate-stderr "$VMTRACE" "$option" -o log "$PROGRAMS/rights-pie" traceme
		[ "$output" = $'traceme: Operation not permitted\ntraceme: Operation not permitted' ]
		# shellcheck disable=SC2154 # bats sets it
		[[ $stderr =~ ^'vmtrace: process '[0-9]+' wants to trace and gets EPERM: '[^$'\n']*$ ]]
	done
}

@test 'a program that wants to trace its child' {
	run --separate-stderr "$VMTRACE" -o log "$PROGRAMS/rights-pie" seize
	[ "$output" = 'seize: Operation not permitted' ]
	[[ $stderr == *' wants to trace and gets EPERM: '* ]]
}

@test 'nothing is said of a program that does nothing of the kind' {
	run --separate-stderr "$VMTRACE" -o log "$PROGRAMS/rights-pie" nothing
	[ -z "$stderr" ]
}

@test 'a program that filters its own calls: said once' {
	run --separate-stderr "$VMTRACE" -o log "$PROGRAMS/rights-pie" filter
	[[ $stderr =~ ^'vmtrace: process '[0-9]+' filters its own system calls (seccomp): '[^$'\n']*'--no-seccomp shows it'$ ]]
	run --separate-stderr "$VMTRACE" --no-seccomp -o log "$PROGRAMS/rights-pie" filter
	[[ $stderr =~ ^'vmtrace: process '[0-9]+' filters its own system calls (seccomp): it may refuse mapping calls'$ ]]
}

@test 'strict mode: works without our filter, else it is said why not' {
	run --separate-stderr "$VMTRACE" -o log "$PROGRAMS/rights-pie" strict-mode
	[ "$output" = $'begin: ok\nstrict: Invalid argument' ]
	[[ $stderr == *"asks for seccomp's strict mode and gets EINVAL"*'--no-seccomp lets it' ]]
	run -137 "$VMTRACE" --no-seccomp -o log "$PROGRAMS/rights-pie" strict-mode
	[[ $output == *'strict: ok'* ]]
}

@test 'a call that a filter refused changes nothing, and nothing is claimed of it' {
	need_command jq
	"$VMTRACE" --no-seccomp -o trace.jsonl "$PROGRAMS/rights-pie" refuse >/dev/null
	jq -es 'map(select(.reason == "seccomp")) | length == 1 and all(.why == [] and .removed == [] and .added == [])' trace.jsonl
}

# steps JQ-FILTER: the calls of the program after its filter
steps() {
	jq -r 'select(.call and .actor == "libc" or .actor == "program")
		| [.call, (.errno // "ok")] | join(" ")' trace.jsonl
}

@test 'filters of the program itself' {
	need_command jq
	local option
	"$PROGRAMS/rights-pie" filter >bare
	grep -x 'mlock: Argument list too long' bare
	for option in --no-aslr --no-seccomp; do
		"$VMTRACE" "$option" -o trace.jsonl "$PROGRAMS/rights-pie" filter >traced
		diff bare traced
		jq -es '.[-1].unexplained == 0' trace.jsonl
		# mlock never ran; only without a filter of our own its entry is seen.
		steps | grep -v '^mlock' | tail -n 3 | diff - <(printf '%s ok\n' mmap mprotect munmap)
	done
}

@test 'a filter of the program that refuses mmap, and one that asks for a tracer' {
	need_command jq
	"$PROGRAMS/rights-pie" refuse >bare
	grep -x 'mmap: Operation not permitted' bare
	local option
	for option in --check=full --no-seccomp; do
		"$VMTRACE" "$option" -o trace.jsonl "$PROGRAMS/rights-pie" refuse >traced
		diff bare traced
		jq -es '.[-1].unexplained == 0' trace.jsonl
	done
	jq -es 'any(.call == "mmap" and .errno == "EPERM" and .reason == "seccomp")' trace.jsonl
	"$PROGRAMS/rights-pie" trace >bare
	grep -x 'mprotect: Function not implemented' bare
	"$VMTRACE" --no-seccomp -o trace.jsonl "$PROGRAMS/rights-pie" trace >traced
	diff bare traced
	jq -es '.[-1].unexplained == 0' trace.jsonl
}

@test 'a filter of the program with a supervisor, who lets a call be made and answers another' {
	need_command jq
	"$PROGRAMS/rights-pie" supervise >bare
	[ "$(cat bare)" = $'filter: ok\nmprotect: ok\nmprotect: Device or resource busy\nmunmap: ok' ] ||
		skip 'not on this kernel'
	local option
	for option in --check=full --no-seccomp; do
		run --separate-stderr "$VMTRACE" "$option" -o trace.jsonl "$PROGRAMS/rights-pie" supervise
		[ "$output" = "$(cat bare)" ]
		[[ $stderr == *"(seccomp): it may refuse mapping calls" ]]
		jq -es '.[-1].unexplained == 0' trace.jsonl
		jq -s 'map(select(.call == "mprotect"))[-2:] | map(.errno, .reason)' -c trace.jsonl >answers
		[ "$(cat answers)" = '[null,null,"EBUSY","seccomp"]' ]
		# Those of the thread that was there before the filter.
		jq -es 'map(select(.call == "mmap" and .tid != .pid and .args.length == 4096)) | length == 2' \
			trace.jsonl
	done
}

@test 'a filter of the program that kills it' {
	local option
	for option in --no-aslr --no-seccomp; do
		run --separate-stderr "$TOOLS/launch" "$VMTRACE" "$option" -o log "$PROGRAMS/rights-pie" \
			strict 3>end
		[ "$(cat end)" = 'signal 31' ]
		[[ $output == *'mlock: ok' ]]
		grep ' 0 unexplained' log
	done
}

# As an ordinary user.
unprivileged() {
	if [ "$(id -u)" -eq 0 ]; then
		setpriv --reuid=65534 --regid=65534 --clear-groups "$@"
	else
		"$@"
	fi
}

@test 'the name of a set-user-ID program is said without what a terminal would obey' {
	need_command setpriv
	[ "$(id -u)" -eq 0 ] || skip 'only root can make one for others'
	local bad=$'program\e[31m\a'
	local directory
	unprivileged "$VMTRACE" --version || skip 'vmtrace cannot be run by others here'
	directory=$(mktemp -d)
	chmod 755 "$directory"
	cp /bin/true "$directory/$bad"
	chmod 4755 "$directory/$bad"
	run --separate-stderr unprivileged "$VMTRACE" -o /dev/null "$directory/$bad"
	rm -r "$directory"
	[ -n "$stderr" ] || skip 'there are no set-user-ID programs in temporary directories here'
	[[ $stderr == *'program\033[31m\007 (set-user-ID) runs without'* ]]
}

@test 'a set-user-ID program runs without its privileges, which is said' {
	local file
	need_command setpriv
	file=$(command -v su || command -v mount)
	[ -u "$file" ] || skip "$file is not set-user-ID"
	unprivileged "$VMTRACE" --version || skip 'vmtrace cannot be run by others here'
	run --separate-stderr unprivileged "$VMTRACE" -o /dev/null "$file" --version
	[ "$stderr" = "vmtrace: $(realpath "$file") (set-user-ID) runs without its privileges, because it is traced" ]
	run --separate-stderr unprivileged "$VMTRACE" -o /dev/null true
	[ -z "$stderr" ]
}
