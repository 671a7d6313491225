#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# run.sh VMTRACE PROGRAMS: times each program bare and under vmtrace, in turn, so that a machine
# that speeds up or slows down meets both, and prints the medians and their ratio; then the cost of
# the model alone.
set -euo pipefail

vmtrace=$1
programs=$2
rounds=${ROUNDS:-7}

# Microseconds that a command takes from start to end.
microseconds() {
	local begin=${EPOCHREALTIME/[^0-9]/}
	"$@" >/dev/null
	local end=${EPOCHREALTIME/[^0-9]/}
	echo $((end - begin))
}

median() {
	sort -n | awk '{ row[NR] = $1 } END { print row[int((NR + 1) / 2)] }'
}

# compare TITLE LIMIT COMMAND…: one line of result.
compare() {
	local title=$1 limit=$2 i bare='' traced=''
	shift 2
	for ((i = 0; i < rounds; i++)); do
		bare+=$(microseconds "$@")$'\n'
		traced+=$(microseconds "$vmtrace" run -o /dev/null -- "$@")$'\n'
	done
	awk -v title="$title" -v limit="$limit" -v bare="$(printf %s "$bare" | median)" \
		-v traced="$(printf %s "$traced" | median)" 'BEGIN {
			printf "%s: bare %.2f s, vmtrace %.2f s, ratio %.2f (at most %s)\n",
				title, bare / 1e6, traced / 1e6, traced / bare, limit
		}'
}

compare 'getppid 2,000,000' 1.5 "$programs/getppid"
"$programs/model"
