# shellcheck shell=bash
# SPDX-License-Identifier: MIT
# Random mapping calls under vmtrace, held against the kernel. The live tests and the soak share it.
# TOOLS and PROGRAMS are set; the current directory is written to.

# random_run MODE FLAVOUR SEED COUNT: leaves a trace in trace/. MODE: how it runs
#	full		the whole layout is checked after each call
#	touched		what a call touched is checked
#	no-seccomp	stopped at every call
#	no-aslr		the heap is right behind .bss then
#	nobody		a user without any capability
random_run() {
	local prefix=() options=()
	case $1 in
	full) options=(-f) ;;
	no-seccomp) options=(-s) ;;
	no-aslr) options=(-f -a) ;;
	nobody) prefix=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --) ;;
	esac
	rm -rf trace
	mkdir -m 777 trace
	# A run of 1000 calls takes a second at the most: this one hangs.
	timeout --foreground $((60 + $4 / 10)) "${prefix[@]}" "$TOOLS/oracle" "${options[@]}" trace \
		"$PROGRAMS/random-calls-$2" "$3" "$4" || {
		echo "random-calls-$2 $3 $4 ($1) ended with $?"
		return 1
	}
}

# random_counts: of the run in trace/, one object with the numbers of all calls and of those that
# were predicted, came out as expected, matched, and were adjusted by reason
random_counts() {
	jq -sc '[.[] | select(.type == "step" and .cause == "call")] as $calls
		| def count(filter): [$calls[] | select(filter)] | length;
		{
			calls: ($calls | length),
			predicted: count(.expected != null),
			right: count(.expected != null and .expected == (.errno // .result)),
			match: count(.check == "match"),
			adjusted: ([.[] | select(.type == "step" and .check != "match") | .reason // .check]
				| group_by(.) | map({key: .[0], value: length}) | from_entries),
		}' trace/trace.jsonl
}
