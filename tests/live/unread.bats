#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What cannot be read: files that a traced process serves, programs that may be executed only. Nothing
# waits for what a task brings that stands still, and nothing is claimed without its facts.
# shellcheck disable=SC2016 # what jq and other shells expand
load live.sh
load scenes.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need_command jq
	need hello-pie
}

teardown() {
	umount -l mount 2>/dev/null || true
}

@test 'a program in a file system that a traced process serves' {
	need_command squashfuse mksquashfs fusermount3
	mkdir tree mount
	cp "$PROGRAMS/hello-pie" tree/hello
	mksquashfs tree image -noappend -quiet >/dev/null
	# What an AppImage does.
	local job='squashfuse image mount && mount/hello; fusermount3 -u mount'
	[ "$(sh -c "$job" 2>/dev/null)" = 'hello, world' ] || skip 'no FUSE here'
	local option
	for option in -k --faults; do
		[ "$("$VMTRACE" "$option" -o trace.jsonl sh -c "$job")" = 'hello, world' ]
		holds 'last | .unexplained == 0'
		# Where the file could not be had in time, it is that and not the loader.
		holds 'steps | all(.reason != "loader")'
	done
}

@test 'a program that may be executed and not read: no step counts as checked, or has a reason' {
	local directory
	need_command setpriv
	[ "$(id -u)" -eq 0 ] || skip 'for others than root, and made by root'
	setpriv --reuid=65534 --regid=65534 --clear-groups "$VMTRACE" --version ||
		skip 'vmtrace cannot be run by others here'
	directory=$(mktemp -d)
	chmod 755 "$directory"
	cp "$PROGRAMS/hello-pie" "$directory/hello"
	chmod 711 "$directory/hello"
	setpriv --reuid=65534 --regid=65534 --clear-groups "$VMTRACE" --check=full \
		"$directory/hello" >output 2>log
	rm -r "$directory"
	grep -qx 'hello, world' output
	grep -qx "note: the new program's layout cannot be read; its steps are unchecked" log
	grep -q ' 0 checked against the kernel, 0 adjusted, 0 unexplained' log
	run ! grep -E "nothing is|was free|limit of|adjusted:" log
}
