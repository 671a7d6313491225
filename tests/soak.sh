#!/usr/bin/env bash
# SPDX-License-Identifier: MIT
# soak.sh BUILD [RUNS]: random mapping calls under vmtrace, held against the kernel, until stopped
# or RUNS times. One line for each run; ends with 1 at the first run of which a step is unexplained,
# or the steps do not make the kernel's layout, or the program does not end.
#
# The seed decides everything: VMT_SEED=N soak.sh BUILD 1 does the run of seed N again.
set -euo pipefail

top=$(cd "$(dirname "$0")" && pwd)
build=$(cd "$1" && pwd)
TOOLS=$build/tests/live
PROGRAMS=$TOOLS/programs
runs=${2:-0}
calls=5000
# shellcheck disable=SC1091 # checked by itself
. "$top/live/random.sh"

modes=(full touched no-seccomp no-aslr)
flavours=(pie)
[ ! -x "$PROGRAMS/random-calls-m32" ] || flavours+=(m32)
[ "$(id -u)" -ne 0 ] || ! command -v setpriv >/dev/null || modes+=(nobody)

directory=$(mktemp -d)
chmod 755 "$directory"
trap 'rm -rf "$directory"' EXIT
cd "$directory"
trap 'exit 130' INT TERM

case $runs in *[!0-9]*)
	echo "soak: '$runs' is no number of runs" >&2
	exit 2
	;;
esac

total=0
for ((run = 1; runs == 0 || run <= runs; run++)); do
	seed=${VMT_SEED:-$(od -An -N4 -tu4 /dev/urandom | tr -d ' ')}
	mode=${modes[seed % ${#modes[@]}]}
	flavour=${flavours[seed / 16 % ${#flavours[@]}]}
	good=true
	random_run "$mode" "$flavour" "$seed" "$calls" >output 2>&1 || good=false
	"$TOOLS/replay" trace 1 >>output 2>&1 || good=false
	counts=$(random_counts) || good=false
	total=$((total + $(jq .calls <<<"$counts")))
	echo "seed $seed $mode $flavour $counts; $total calls"
	jq -e '.adjusted | has("unexplained") or has("unchecked") | not' <<<"$counts" >/dev/null || good=false
	if ! $good; then
		head -n 20 output
		jq -c 'select(.type == "step" and .reason == "unexplained")' trace/trace.jsonl | head -n 3 || :
		echo "again: VMT_SEED=$seed ./dev soak 1"
		exit 1
	fi
done
