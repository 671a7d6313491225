#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Recordings that were damaged at random, and every command that opens one (mutate.c): none crashes,
# none hangs, and what cannot be read is said on one line. `VMT_SEED=N` draws the same again, and
# VMT_MUTATIONS sets how many there are.
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need calls-pie
}

@test 'a recording with stacks' {
	"$VMTRACE" -qq -k -o run.vmt "$PROGRAMS/calls-pie" >/dev/null
	"$TOOLS/mutate" run.vmt "${VMT_MUTATIONS:-400}"
}

@test 'a recording with page tables and all the texts' {
	"$VMTRACE" -qq --teach --faults --show=path,pt,tlb -o run.vmt "$PROGRAMS/calls-pie" >/dev/null
	"$TOOLS/mutate" run.vmt "${VMT_MUTATIONS:-400}"
}
