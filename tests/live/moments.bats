#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Signals, stops and restarted calls: what the program prints and how it ends is the same without
# vmtrace, and each space has the kernel's layout at its end.
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need moments-pie rights-pie
}

# same WAY [SPACES]: with and without a filter
same() {
	local option
	"$TOOLS/launch" "$PROGRAMS/moments-pie" "$1" >bare 3>bare.end
	cat bare bare.end
	run -1 grep ': no' bare
	for option in -f -s; do
		rm -rf trace
		mkdir trace
		"$TOOLS/launch" "$TOOLS/oracle" "$option" trace "$PROGRAMS/moments-pie" "$1" \
			>traced 2>notices 3>traced.end
		diff bare traced
		diff bare.end traced.end
		[ ! -s notices ]
		"$TOOLS/replay" -u trace "${2-1}"
	done
}

@test 'a handler of SIGSEGV that maps what was missing' {
	same fault
}

@test 'calls that a signal interrupts and the kernel begins again' {
	same restart 2
}

@test 'a child of several threads is stopped and continued' {
	same stop
}

@test 'handlers that interrupt each other, on a stack of their own' {
	same nested
}

@test 'a program without a descriptor' {
	same closed 2
}
