# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# What the live and golden tests share.
bats_require_minimum_version 1.5.0

# Skips the test if one of the programs could not be built here (programs/meson.build).
need() {
	local name
	for name; do
		[ -x "$PROGRAMS/$name" ] || skip "no $name was built here"
	done
}

# Skips the test if one of the commands is not installed.
need_command() {
	local name
	for name; do
		command -v "$name" >/dev/null || skip "no $name here"
	done
}

# The processes whose parent is $1, a number a line. (pgrep is not in a minimal system.)
children_of() {
	local directory
	for directory in /proc/[0-9]*; do
		if grep -qsx "PPid:[[:space:]]*$1" "$directory/status"; then
			echo "${directory#/proc/}"
		fi
	done
}
