#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# ./dev where it must say no: on another distribution, and when it is asked for what it has not.

setup() {
	dev=$BATS_TEST_DIRNAME/../../dev
	# The tools that ./dev needs to find out where it is: no apt-get, no compiler.
	bin=$BATS_TEST_TMPDIR/bin
	mkdir "$bin"
	for tool in sh dirname uname grep cat; do
		ln -s "$(command -v "$tool")" "$bin/$tool"
	done
}

@test "help names every command" {
	run "$dev" help
	[ "$status" -eq 0 ]
	for command in setup build run test check soak bench; do
		[[ $output == *"  $command "* ]]
	done
}

@test "an unknown command is an error" {
	run "$dev" bild
	[ "$status" -eq 1 ]
	[[ $output == *usage:* ]]
}

@test "another distribution: setup names the packages and stops" {
	run env PATH="$bin" "$dev" setup
	[ "$status" -eq 1 ]
	[[ $output == *libelf-dev* ]]
	[[ $output == *libcmocka-dev* ]]
}

@test "another distribution without a compiler: run names the packages and stops" {
	run env PATH="$bin" "$dev" run /bin/true
	[ "$status" -eq 1 ]
	[[ $output == *libjansson-dev* ]]
}
