#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Advice that is given without madvise() (programs/advice.c): through a pidfd, through an io_uring.
load live.sh
load scenes.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need_command jq
}

@test 'advice through a pidfd, on oneself and on a child' {
	foreseen_scene advice-pie advised-from-outside
	holds 'call("process_madvise") | map(.errno) |
		.[0] == null and (.[1] | . == null or . == "EBADF") and .[3] == "EINVAL"'
	# Without CAP_SYS_NICE the advice that is allowed is not.
	holds 'call("process_madvise") | .[2] | .errno == null or (.errno == "EPERM" and because("advice-forbidden"))'
	holds 'call("process_madvise") | .[3].space == 2 and (.[3] | because("bad-advice"))'
}

@test 'advice through an io_uring is no call, and has a reason of its own' {
	scene advice-pie advised-by-a-ring
	holds 'steps | map(select(.check != "match")) | only | .reason == "io_uring"
		and (.call == "mprotect") and any(.added[]; flag("rr"))'
	# Once it is known what follows is foreseen again.
	holds 'call("munmap")[-1] | .check == "match"'
}
