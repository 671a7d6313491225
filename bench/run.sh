#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# run.sh VMTRACE PROGRAMS: times commands bare, under vmtrace and under other tracers, in turn, so
# that a machine that speeds up or slows down meets them all, and prints the medians and their
# ratios against the limits; then the cost of the model alone.
set -euo pipefail

vmtrace=$1
programs=$2
rounds=${ROUNDS:-7}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Microseconds that a command takes from start to end.
microseconds() {
	local begin=${EPOCHREALTIME/[^0-9]/}
	"$@" >/dev/null 2>&1
	local end=${EPOCHREALTIME/[^0-9]/}
	echo $((end - begin))
}

median() {
	sort -n "$1" | awk '{ row[NR] = $1 } END { print row[int((NR + 1) / 2)] }'
}

# The ways to run a command: way NAME COMMAND…
way() {
	local name=$1
	shift
	case $name in
	bare) "$@" ;;
	floor) "$programs/floor" "$@" ;;
	floor-pinned) "$programs/floor" -p "$@" ;;
	vmtrace) "$vmtrace" run -qq -o /dev/null -- "$@" ;;
	vmtrace-pinned) "$vmtrace" run --pin -qq -o /dev/null -- "$@" ;;
	vmtrace-faults) "$vmtrace" run -qq --faults -o /dev/null -- "$@" ;;
	vmtrace-steps) "$vmtrace" run -o /dev/null -- "$@" ;;
	strace) strace -f --seccomp-bpf -e trace=%memory -o /dev/null "$@" ;;
	esac
}

# measure WAYS COMMAND…: the medians are in $work/WAY afterwards
measure() {
	local i name
	local -a ways
	read -r -a ways <<<"$1"
	shift
	rm -f "$work"/*.us
	for ((i = 0; i < rounds; i++)); do
		for name in "${ways[@]}"; do
			microseconds way "$name" "$@" >>"$work/$name.us"
		done
	done
	for name in "${ways[@]}"; do
		printf '  %-15s %6.2f s\n' "$name" "$(median "$work/$name.us" | awk '{ print $1 / 1e6 }')"
	done
}

# ratio WAY OTHER LIMIT
ratio() {
	awk -v a="$(median "$work/$1.us")" -v b="$(median "$work/$2.us")" -v what="$1 / $2" -v limit="$3" \
		'BEGIN { printf "  %s: %.2f (at most %s)\n", what, a / b, limit }'
}

# A C project of some 20 files, for make.
make_project() {
	local i
	mkdir "$work/project"
	for ((i = 0; i < 20; i++)); do
		printf '#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\nint f%d(int n);\nint f%d(int n)\n{\n' \
			"$i" "$i" >"$work/project/f$i.c"
		awk 'BEGIN { for (i = 0; i < 300; i++)
			printf "\tif (n == %d)\n\t\tn += printf(\"%%d %%zu\\n\", n, strlen(getenv(\"HOME\")));\n", i
			print "\treturn n;\n}" }' >>"$work/project/f$i.c"
	done
	# shellcheck disable=SC2016 # make expands them
	printf 'objects = %s\nall: $(objects)\n%%.o: %%.c\n\t$(CC) -O1 -c -o $@ $<\nclean:\n\trm -f $(objects)\n' \
		"$(printf 'f%d.o ' {0..19})" >"$work/project/Makefile"
}

echo 'getppid 2,000,000'
measure 'bare vmtrace' "$programs/getppid"
ratio vmtrace bare 1.5

echo 'mmap, touch, munmap 200,000'
tracers='bare floor vmtrace floor-pinned vmtrace-pinned vmtrace-steps'
command -v strace >/dev/null && tracers+=' strace'
measure "$tracers" "$programs/mapping"
ratio vmtrace floor 1.25
ratio vmtrace-pinned floor-pinned 1.25
[ ! -e "$work/strace.us" ] || ratio vmtrace strace 1.00

echo 'page faults 100,000'
measure 'bare vmtrace vmtrace-faults' "$programs/faults"
ratio vmtrace-faults bare 1.25

echo 'make -j2, 20 files'
make_project
measure 'bare vmtrace' sh -c "make -s -C '$work/project' clean && make -s -j2 -C '$work/project'"
ratio vmtrace bare 1.15

echo 'the model alone'
"$programs/model"
