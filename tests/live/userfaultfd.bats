#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Memory whose faults a userfaultfd serves (programs/userfaultfd.c), and who may ask for it.
# shellcheck disable=SC2016 # what jq expands
load live.sh
load scenes.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need_command jq
}

@test 'a userfaultfd: two descriptors are one, and what it served is ordinary after the last close' {
	foreseen_scene userfaultfd-pie faults-served
	holds 'call("ioctl") | length == 4 and all(.errno == null)'
	holds 'steps | map(select(.cause == "userfaultfd-closed")) | only
		| any(.removed[]; flag("um")) and all(.added[]; flag("um") | not)'
}

@test 'a userfaultfd in the hands of a child serves the memory of the process that made it' {
	foreseen_scene userfaultfd-pie served-by-a-child
	holds 'call("ioctl") | length == 2 and all(.errno == null and .space == 1)
		and (.[0].added | texts($room)) == ["0-1 rw-p", "1-2 rw-p", "2-3 rw-p"]
		and (.[1].added | texts($room)) == ["1-3 rw-p"]'
	foreseen_scene userfaultfd-pie served-nobody
	holds 'call("ioctl") | length == 2 and all(.errno == "ENOMEM" and because("uffd-owner-gone"))'
}

@test 'a userfaultfd that protects any memory against writing' {
	foreseen_scene userfaultfd-pie protected-lazily
	holds 'call("ioctl") | only | .errno == null and (.added[0] | flag("uw"))'
}

@test 'one of two userfaultfds ends, and the other has a descriptor elsewhere' {
	foreseen_scene userfaultfd-pie one-of-two
	holds 'steps | map(select(.cause == "userfaultfd-closed")) | length == 2
		and all(any(.removed[]; flag("um")) and all(.added[]; flag("um") | not))
		and (.[0].removed | texts($room)[0]) == "0-2 rw-p" and (.[1].removed | texts($room)[0]) == "4-6 rw-p"'
}

@test 'a userfaultfd that hears of forks and moves: copies stay registered' {
	foreseen_scene userfaultfd-pie heard-of
	holds 'steps | map(select(.space == 2 and .call == "mprotect")) | only | any(.added[]; flag("um"))'
	holds 'call("mremap") | only | any(.added[]; flag("um"))'
}

@test 'pages that a thread of the program has yet to bring are not waited for' {
	need userfaultfd-pie
	local option
	for option in -k --check=full; do
		"$VMTRACE" "$option" -o trace.jsonl "$PROGRAMS/userfaultfd-pie" pages-to-come >addresses ||
			{ [ $? -eq 77 ] && skip 'not on this kernel'; }
		holds 'last | .unexplained == 0'
		# Once the kernel has read the argument we can too.
		holds 'call("prlimit64") | map(select(.args.resource == "RLIMIT_MEMLOCK" and .args.new_rlim != "0x0")) | only
			| .what == "set limit MEMLOCK = 0"'
	done
}
