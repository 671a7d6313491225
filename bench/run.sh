#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# run.sh VMTRACE PROGRAMS: times commands bare, under vmtrace and under other tracers, in turn, so
# that a machine that speeds up or slows down meets them all, and prints medians of times and of
# ratios against the limits; then the cost of the model alone.
set -euo pipefail

vmtrace=$1
programs=$2
rounds=${ROUNDS:-7}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# Microseconds that a command takes from start to end, and those of CPU time, its children's included.
microseconds() {
	local begin=${EPOCHREALTIME/[^0-9]/} TIMEFORMAT='%U %S' cpu
	cpu=$({ time "$@" >/dev/null 2>&1; } 2>&1) || true # diff says by its status that there are differences
	local end=${EPOCHREALTIME/[^0-9]/}
	echo "$((end - begin)) $(awk '{ printf "%d", ($1 + $2) * 1e6 }' <<<"$cpu")"
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
	vmtrace-k) "$vmtrace" run -k -qq -o /dev/null -- "$@" ;;
	strace-k) strace -k -f --seccomp-bpf -e trace=%memory -o /dev/null "$@" ;;
	vmtrace-recording) "$vmtrace" run -o "$work/run.vmt" -- "$@" ;;
	strace) strace -f --seccomp-bpf -e trace=%memory -o /dev/null "$@" ;;
	esac
}

# measure WAYS COMMAND…: the medians are in $work/WAY afterwards
measure() {
	local i name wall cpu
	local -a ways
	read -r -a ways <<<"$1"
	shift
	rm -f "$work"/*.us "$work"/*.cpu
	for ((i = 0; i < rounds; i++)); do
		for name in "${ways[@]}"; do
			read -r wall cpu < <(microseconds way "$name" "$@")
			echo "$wall" >>"$work/$name.us"
			echo "$cpu" >>"$work/$name.cpu"
		done
	done
	for name in "${ways[@]}"; do
		printf '  %-17s %6.2f s\n' "$name" "$(median "$work/$name.us" | awk '{ print $1 / 1e6 }')"
	done
}

# ratio WAY OTHER LIMIT: the median of the ratios of each round, whose two runs stand side by side: the
# machine is not equally fast all the time
ratio() {
	paste "$work/$1.us" "$work/$2.us" | awk '{ print $1 / $2 }' >"$work/ratios"
	awk -v ratio="$(median "$work/ratios")" -v what="$1 / $2" -v limit="$3" \
		'BEGIN { printf "  %s: %.2f (at most %s)\n", what, ratio, limit }'
}

# per_stop WAY OTHER STOPS LIMIT: what WAY takes more CPU time, for each of the stops
per_stop() {
	awk -v a="$(median "$work/$1.cpu")" -v b="$(median "$work/$2.cpu")" -v what="$1 - $2" -v stops="$3" -v limit="$4" \
		'BEGIN { printf "  %s: %.1f us of CPU a stop%s\n", what, (a - b) / stops, limit ? " (at most " limit ")" : "" }'
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
tracers='bare floor vmtrace strace floor-pinned vmtrace-pinned vmtrace-steps vmtrace-recording'
command -v strace >/dev/null || tracers=${tracers/strace/}
measure "$tracers" "$programs/mapping"
ratio vmtrace floor 1.25
ratio vmtrace-pinned floor-pinned 1.25
ratio vmtrace-recording vmtrace-steps 1.15
"$vmtrace" show -qq "$work/run.vmt" | awk -v bytes="$(stat -c %s "$work/run.vmt")" '
	{ gsub(/,/, "", $1); printf "  recording: %.0f bytes a step (at most 150)\n", bytes / $1 }'
[ ! -e "$work/strace.us" ] || ratio vmtrace strace 1.00

# The start of vmtrace, some milliseconds, is no part of what a fault costs.
echo 'page faults 100,000, as the program that makes them measures them'
rm -f "$work"/*.us
for ((i = 0; i < 3 * rounds; i++)); do
	for name in bare vmtrace-faults; do
		way "$name" "$programs/faults" >>"$work/$name.us" 2>/dev/null
	done
done
ratio vmtrace-faults bare 1.25
echo 'the whole run of that program'
measure 'bare vmtrace vmtrace-faults' "$programs/faults"
echo 'mmap, munmap 20,000, 20 calls deep, with stacks'
measure 'bare floor vmtrace vmtrace-k' "$programs/deep"
per_stop vmtrace-k vmtrace 40000 50
if command -v strace >/dev/null; then
	# A twentieth of it: a stack takes strace about a millisecond.
	measure 'strace strace-k' "$programs/deep" 1000
	per_stop strace-k strace 2000 ''
fi

# ask ROUNDS MS MIB COMMAND…: the median time, its CPU time and memory, against the limits ('' is none)
ask() {
	local count=$1 limit=$2 mib=$3 i
	shift 3
	rm -f "$work/spent"
	for ((i = 0; i < count; i++)); do
		# diff says by its status that there are differences
		(cd "$work" && "$programs/spent" spent "$vmtrace" "$@") || [ $? -eq 1 ]
	done
	sort -n "$work/spent" | awk -v what="$*" -v limit="$limit" -v mib="$mib" '
		{ wall[NR] = $1; cpu[NR] = $2; kib[NR] = $3 }
		END {
			middle = int((NR + 1) / 2)
			printf "  %-36s %7.1f ms (at most %d), %.1f ms of CPU, %d MiB%s\n", what,
				wall[middle] / 1000, limit, cpu[middle] / 1000, kib[middle] / 1024,
				mib ? " (at most " mib ")" : "" }'
}

echo 'questions to a recording of 1,000,000 steps, and one with 20 fewer'
"$vmtrace" run -q -o "$work/million.vmt" -- "$programs/mapping" 500000 2>/dev/null
"$vmtrace" run -q -o "$work/other.vmt" -- "$programs/mapping" 499990 2>/dev/null
for step in 20 500000 1000000; do
	ask "$rounds" 100 '' show --step "$step" million.vmt
done
few=$("$vmtrace" show --step 20 "$work/million.vmt" | sed -n 's/^\([0-9a-f]*\)-.*libc.*/0x\1/p' | head -n 1)
# The steps in the middle map and unmap it in turn.
all=$("$vmtrace" show --step 500000..500000 "$work/million.vmt" |
	awk 'NR == 2 { for (i = 2; i <= NF; i++) if ($i ~ /^[+-]16K$/) print "0x" $(i - 1) }')
for question in "${few:?}" "${all:?}" "$((all + 65536))" malloc; do
	ask "$rounds" 100 '' where million.vmt "$question"
done
ask 3 3000 '' stat million.vmt
ask 3 10000 1024 diff million.vmt other.vmt
ask 3 10000 1024 diff --steps million.vmt other.vmt

# A layout of 60,000 mappings from an address on, without every Nth, and each Nth with other rights.
# (awk prints no larger numbers in hexadecimal everywhere.)
layout() {
	awk -v start="$1" -v nth="$2" 'BEGIN {
		for (i = 1; i <= 60000; i++)
			if (i % nth)
				printf "%x-%x r%s%sp 00000000 00:00 0\n", start + i * 32768,
					start + i * 32768 + 4096 * (1 + i % 7), i % 2 ? "-" : "w",
					i % nth == 1 ? "x" : "-"
	}'
}

echo 'comparing'
"$vmtrace" run -q -o "$work/a.vmt" -- "$programs/mapping" 5000 2>/dev/null
"$vmtrace" run -q -o "$work/b.vmt" -- "$programs/mapping" 5000 2>/dev/null
layout 65536 500 >"$work/a.maps"
layout 131072 700 >"$work/b.maps"
for question in "diff a.vmt b.vmt" "diff --steps a.vmt b.vmt" "diff a.maps b.maps"; do
	read -r -a words <<<"$question"
	: >"$work/question.us"
	for ((i = 0; i < 3; i++)); do
		(cd "$work" && microseconds "$vmtrace" "${words[@]}") >>"$work/question.us"
	done
	printf '  %-30s %6.2f s\n' "$question" "$(median "$work/question.us" | awk '{ print $1 / 1e6 }')"
done

echo 'make -j2, 20 files'
make_project
measure 'bare vmtrace' sh -c "make -s -C '$work/project' clean && make -s -j2 -C '$work/project'"
ratio vmtrace bare 1.15

# pieces WAY COUNT: one run; its "NAME NANOSECONDS" lines are added to $work/pieces.WAY.COUNT
pieces() {
	way "$1" "$programs/pieces" "$2" 2>/dev/null >>"$work/pieces.$1.$2"
}

# Median of each kind of call, beside what it was in a small heap; the two runs stand side by side.
pieces_table() {
	awk '
		function median(key, n,   i, j, swap) {
			for (i = 1; i <= n; i++)
				for (j = i; j > 1 && value[key, j] < value[key, j - 1]; j--) {
					swap = value[key, j]
					value[key, j] = value[key, j - 1]
					value[key, j - 1] = swap
				}
			return value[key, int((n + 1) / 2)]
		}
		{
			n = split(FILENAME, part, ".")
			key = part[n - 1] "." part[n] " " $1
			value[key, ++count[key]] = $2
			if (!seen[$1]++)
				order[++kinds] = $1
			ways[part[n - 1]] = 1
		}
		END {
			printf "  %-16s", "us a call"
			for (way in ways)
				printf "  %8s: %6s %6s ratio", way, "100", "60,000"
			print ""
			for (i = 1; i <= kinds; i++) {
				printf "  %-16s", order[i]
				for (way in ways) {
					few = median(way ".100 " order[i], count[way ".100 " order[i]])
					many = median(way ".60000 " order[i], count[way ".60000 " order[i]])
					printf "            %6.1f %6.1f  %4.2f", few / 1000, many / 1000, few ? many / few : 0
				}
				print ""
			}
		}' "$work"/pieces.*
}

echo 'each kind of call in a heap of 100 pieces and of 60,000 (ratio of vmtrace at most 2)'
tracers='bare vmtrace strace'
command -v strace >/dev/null || tracers=${tracers/strace/}
for ((i = 0; i < rounds; i++)); do
	for name in $tracers; do
		pieces "$name" 100
		pieces "$name" 60000
	done
done
pieces_table
# Without fork, whose child gets a layout of its own to be told of.
measure "$tracers" "$programs/pieces" 60000 alone
[ ! -e "$work/strace.us" ] || ratio vmtrace strace 1.00

echo 'the model alone'
"$programs/model"
