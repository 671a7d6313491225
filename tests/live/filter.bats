#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# --filter leaves out steps of every view, and nothing else: numbers, the map log and the counts stay.
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need hello-pie
}

@test 'steps and calls: those that fit, with their numbers' {
	"$VMTRACE" --no-aslr --log=steps,calls -o all "$PROGRAMS/hello-pie" >output
	"$VMTRACE" --no-aslr --log=steps,calls --filter='actor=libc' -o some "$PROGRAMS/hello-pie" >output
	grep -E '^ +[0-9]+  libc ' all >expected
	grep -E '^ +[0-9]+  ' some >steps
	[ -s steps ]
	diff expected steps
	[ "$(grep -c '^ *brk(' some)" -eq "$(grep -c '  libc  .*brk' some)" ]
}

@test 'the map log, what has gone, and the counts stay' {
	"$VMTRACE" --no-aslr --log=map -o all "$PROGRAMS/hello-pie" >output
	"$VMTRACE" --no-aslr --log=map --filter=failed -o some "$PROGRAMS/hello-pie" >output
	sed -i 's/; page tables.*//' all some
	diff all some
	grep '^gone: ' some
}

@test 'JSON Lines: those that fit' {
	need_command jq
	"$VMTRACE" -o some.jsonl --filter='call=mmap && perms~x || actor=kernel' "$PROGRAMS/hello-pie" >output
	[ "$(jq -s 'map(select(.type == "step")) | length > 3 and all(.actor == "kernel" or .call == "mmap")' some.jsonl)" = true ]
	[ "$(jq -s '(map(select(.type == "summary"))[0].steps) > (map(select(.type == "step")) | length)' some.jsonl)" = true ]
}

@test 'export: as the run would have written it, and the same steps in every form' {
	need_command jq
	local expression='actor=libc || call=mmap && perms~x' count
	"$VMTRACE" --filter="$expression" -o some.jsonl -o run.vmt "$PROGRAMS/hello-pie" >output
	"$VMTRACE" export run.vmt --to jsonl --filter="$expression" | cmp some.jsonl -
	count=$(jq -s 'map(select(.type == "step")) | length' some.jsonl)
	[ "$count" -gt 3 ]
	[ "$("$VMTRACE" export run.vmt --to csv --filter="$expression" | wc -l)" -eq $((count + 1)) ]
	"$VMTRACE" export run.vmt --to csv | awk -F, 'NR > 1 { seen++ } END { print seen }' >all
	[ "$(cat all)" -gt "$count" ]
	# Slices are chosen, counters count everything.
	"$VMTRACE" export run.vmt --to perfetto >all.json
	"$VMTRACE" export run.vmt --to perfetto --filter="$expression" >some.json
	[ "$(jq '[.traceEvents[] | select(.ph == "B")] | length' some.json)" -eq "$count" ]
	diff <(jq -c '.traceEvents[] | select(.ph == "C")' all.json) \
		<(jq -c '.traceEvents[] | select(.ph == "C")' some.json)
	"$VMTRACE" export run.vmt --to folded --filter=actor=libc >stacks
	[ -s stacks ]
	run -1 grep -v ' (1);libc;' stacks
	run -125 "$VMTRACE" export run.vmt --to maps --filter=failed
	[[ $output == *'--to=maps has no steps'* ]]
	run -125 "$VMTRACE" export run.vmt --to csv --filter='size>'
	[ "${#lines[@]}" -eq 1 ]
	[[ $output == *'--filter, column '* ]]
}

@test 'a bad expression: one line with its column, and nothing runs' {
	run --separate-stderr -125 "$VMTRACE" --filter='size>1M && actr=libc' touch ran
	# shellcheck disable=SC2154 # bats sets them
	[ "${#stderr_lines[@]}" -eq 1 ]
	# shellcheck disable=SC2154
	[[ $stderr == *'column 12'* ]]
	[ ! -e ran ]
}
