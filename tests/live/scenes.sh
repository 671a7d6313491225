# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# For tests whose programs make one scene each and print the addresses that it was about (scene.h):
# the step shows what the kernel did, the model said so before it looked, and the reason is right.
# shellcheck disable=SC2016 # what jq expands

# newer THAN: skips the test on kernels before that release
newer() {
	[ "$(printf '%s\n' "$1" "$(uname -r)" | sort -V | head -n 1)" = "$1" ] ||
		skip "a kernel before $1"
}

# What the filters of holds build on. A VMA as text is "FROM-TO PERMS", in pages from $room on.
definitions='
def steps: map(select(.type == "step"));
def layout: map(select(.type == "layout"))[-1].vmas;
def call($name): map(select(.type == "step" and .call == $name));
def about($name; $at): call($name) | map(select((.args.addr // .args.old_addr // .args.shmaddr
	// .args.ctx_id // .args.start) == $at));
def only: if length == 1 then .[0] else error("\(length) steps instead of 1") end;
def foreseen: .check == "match" and .expected == (.errno // .result);
def because($id): any(.why[]; .id == $id);
def number: reduce (.[2:] | explode[]) as $digit (0;
	. * 16 + if $digit >= 97 then $digit - 87 else $digit - 48 end);
def pages($from): (number - ($from | number)) / 4096;
def texts($from): map("\(.start | pages($from))-\(.end | pages($from)) \(.perms)");
def flag($flag): .vmflags | split(" ") | any(. == $flag);
'

# Those that the last scene printed, for holds.
addresses=()

# scene PROGRAM NAME [ARG...]: runs it, and keeps the addresses that it prints for holds
scene() {
	local name value status=0
	need "$1"
	"$VMTRACE" --check=full -o trace.jsonl "$PROGRAMS/$1" "${@:2}" >addresses || status=$?
	[ "$status" -ne 77 ] || skip 'not on this kernel'
	[ "$status" -eq 0 ]
	addresses=()
	while read -r name value; do
		addresses+=(--arg "$name" "$value")
	done <addresses
	holds 'last | .type == "summary" and .unexplained == 0 and .checked == .steps'
}

# holds FILTER: the filter is true of the array of all lines
holds() {
	jq -es "${addresses[@]}" "$definitions $1" trace.jsonl >/dev/null || {
		echo "not true: $1"
		cat addresses
		tail -n +30 trace.jsonl
		return 1
	}
}

# foreseen_scene PROGRAM NAME [ARG...]: and nothing of it came otherwise than the model said
foreseen_scene() {
	scene "$@"
	holds 'steps | all(.check == "match") and all(.[] | select(.call and .expected); foreseen)'
}
