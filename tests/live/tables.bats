#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Page tables: the model's against the kernel's VmPTE, and page faults in their order.
load live.sh

setup() {
	need_command jq
	place=$(mktemp -d)
	cd "$place" || return
}

teardown() {
	end_flush_trace
	[ -z "$place" ] || rm -rf "$place"
}

# trace OPTIONS… -- COMMAND…: into trace.jsonl
trace() {
	"$VMTRACE" -o trace.jsonl "$@" >output 2>errors 3>&- 4>&-
}

watched() {
	if grep -q 'page faults cannot be watched' errors; then
		skip 'perf_event_open is refused here'
	fi
}

# Prints the comparisons in trace.jsonl that failed; there must have been some at all.
differences() {
	jq -e 'select(.type == "summary") | .page_table_checks > 0' trace.jsonl >/dev/null
	jq -c 'select(.page_tables.check? == "adjusted")
		| {type, step, call, what, tables: (.page_tables | {reason, bytes, kernel_bytes})}' trace.jsonl
}

@test 'hello: VmPTE is equal at every step' {
	need hello-pie
	trace --faults -- "$PROGRAMS/hello-pie"
	watched
	run differences
	[ -z "$output" ]
	jq -se '[.[] | select(.cause == "call")]
		| length > 10 and all(.page_tables.check == "match")
		and all(.page_tables.bytes == .page_tables.kernel_bytes)' trace.jsonl
	jq -se 'any(.type == "layout" and .page_tables.check == "match")' trace.jsonl
}

@test 'hello of 32 bits, and static: VmPTE is equal at every step' {
	local program any=
	for program in hello-m32 hello-static; do
		[ -x "$PROGRAMS/$program" ] || continue
		any=1
		trace --faults -- "$PROGRAMS/$program"
		watched
		run differences
		[ -z "$output" ]
	done
	[ -n "$any" ] || skip 'neither was built here'
}

@test 'every scene: VmPTE is equal at every step and at the end' {
	local scene failed=
	need tables-pie
	for scene in $("$PROGRAMS/tables-pie" list); do
		trace --faults -- "$PROGRAMS/tables-pie" "$scene"
		watched
		run differences
		if [ -n "$output" ]; then
			echo "$scene: $output"
			failed=1
		fi
	done
	[ -z "$failed" ]
}

@test 'every scene without --faults: what is looked at before each call is enough' {
	local scene failed=
	need tables-pie
	for scene in $("$PROGRAMS/tables-pie" list); do
		trace --show=pt -- "$PROGRAMS/tables-pie" "$scene"
		run differences
		if [ -n "$output" ]; then
			echo "$scene: $output"
			failed=1
		fi
	done
	[ -z "$failed" ]
}

@test 'every scene unwatched: equal at the end, or emptied' {
	local scene
	need tables-pie
	for scene in $("$PROGRAMS/tables-pie" list); do
		trace -- "$PROGRAMS/tables-pie" "$scene"
		jq -se '[.[] | select(.type == "layout") | .page_tables]
			| length > 0 and all(.check == "match" and .bytes == .kernel_bytes
				or .reason == "emptied" and .bytes < .kernel_bytes)' trace.jsonl
		jq -se 'all(select(.type == "step") | has("page_tables") or has("tlb") | not)' trace.jsonl
	done
}

@test 'programs: VmPTE is equal at every step' {
	local failed=
	printf 'int main(void) { return 0; }\n' >a.c
	for command in 'bash -c "ls / | wc; (true)"' 'python3 -c pass' 'gcc -c a.c' 'sort /etc/passwd' \
		'awk BEGIN{print}' 'env true'; do
		command -v "${command%% *}" >/dev/null || continue
		trace --faults -- sh -c "exec $command"
		watched
		run differences
		if [ -n "$output" ]; then
			echo "$command: $output"
			failed=1
		fi
	done
	[ -z "$failed" ]
}

@test 'random calls: VmPTE is equal at every step' {
	need random-calls-pie
	trace --faults -- "$PROGRAMS/random-calls-pie" "${VMT_SEED:-1}" 1000
	watched
	run differences
	[ -z "$output" ]
}

@test 'an ordinary user: faults of user mode, and the same tables' {
	local nobody=(setpriv --reuid=65534 --regid=65534 --clear-groups --inh-caps=-all --)
	need tables-pie
	[ "$(id -u)" -eq 0 ] || skip 'needs root, to become somebody else'
	"${nobody[@]}" test -x "$PROGRAMS/tables-pie" || skip 'others cannot reach the programs'
	chmod 777 .
	"${nobody[@]}" "$VMTRACE" --faults -o trace.jsonl -- "$PROGRAMS/tables-pie" read 2>errors
	watched
	run differences
	[ -z "$output" ]
	jq -e 'select(.type == "summary") | .faults > 10 and .faults_lost == 0' trace.jsonl
}

@test 'faults come in the order in which the program makes them' {
	need fault-order-pie
	trace --faults -- "$PROGRAMS/fault-order-pie"
	watched
	[ "$(wc -l <output)" -eq 48 ]
	# The step after the faults is the munmap of their pages.
	jq -r 'select(.call == "munmap" and .page_tables.faults >= 48) | .page_tables.faulted_pages[]' trace.jsonl |
		grep -Fxf output >seen
	diff output seen
}

@test '100,000 faults without a stop: none is lost, all are counted' {
	need tables-pie
	trace --faults -- "$PROGRAMS/tables-pie" many
	watched
	jq -e 'select(.type == "summary") | .faults > 100000 and .faults_lost == 0' trace.jsonl
	run differences
	[ -z "$output" ]
}

@test 'a space that ends by execve is looked at before' {
	need_command bash
	trace -- bash -c '/bin/true; :'
	# The shell, its child, and what the child became.
	jq -se '[.[] | select(.type == "layout") | .page_tables]
		| length == 3 and all(.check == "match" and .bytes > 0 and .bytes == .kernel_bytes)' trace.jsonl
	# An execve that fails changes nothing: no step counts tables.
	trace -- bash -c 'exec /nowhere/at/all 2>/dev/null; ulimit -n >/dev/null' || true
	jq -se 'any(.type == "layout" and .page_tables.check == "match")
		and ([.[] | select(.type == "step" and .page_tables)] | length == 0)' trace.jsonl
}

@test 'pages that are there are flushed, one by one or all' {
	need tables-pie
	trace --show=tlb -- "$PROGRAMS/tables-pie" flush
	# A hole, 3 pages of 16, 33 pages, 34 pages, and nothing that was touched.
	jq -sc '[.[] | select(.call == "munmap" or .call == "mmap") | .tlb
		| [.flush, .pages // 0, .present // 0]] | .[-8:]' trace.jsonl >seen
	echo '[["none",0,0],["pages",9,3],["none",0,0],["pages",33,33],["none",0,0],["all",34,34],["none",0,0],["none",0,0]]' |
		diff - seen
}

# An instance of tracefs of our own that traces tlb:tlb_flush of this shell and what it starts.
begin_flush_trace() {
	events=/sys/kernel/tracing/instances/vmtrace-test-$$
	if ! [ -d /sys/kernel/tracing/events/tlb/tlb_flush ] || ! mkdir "$events" 2>/dev/null; then
		events=
		skip 'tlb:tlb_flush cannot be traced here'
	fi
	echo 1 >"$events/options/event-fork"
	echo mono >"$events/trace_clock" # one for all CPUs
	echo $$ >"$events/set_event_pid"
	echo 1 >"$events/events/tlb/tlb_flush/enable"
}

end_flush_trace() {
	[ -n "${events-}" ] || return 0
	echo 0 >"$events/events/tlb/tlb_flush/enable"
	cat "$events/trace" >flushed
	rmdir "$events"
	events=
}

@test 'each flush is the one that the kernel makes (tlb:tlb_flush)' {
	local seed count
	need flushes-pie
	for seed in 1 2 "${VMT_SEED:-2026}"; do
		begin_flush_trace
		trace --show=tlb -- "$PROGRAMS/flushes-pie" "$seed"
		end_flush_trace
		# Behind the mark; -1 is all.
		jq -rs 'map(select(.tlb)) | .[(map(.call == "madvise" and .args.advice == "MADV_NORMAL") | index(true)):][]
			| select(.tlb.flush != "none") | if .tlb.flush == "all" then -1 else .tlb.pages end' trace.jsonl >modelled
		count=$(wc -l <modelled)
		[ "$count" -gt 100 ]
		# 3: by the CPU for its own space. What other CPUs and changes of tasks flush is not the call's.
		sed -n 's/^ *flushes-pie-.* pages:\(-*[0-9]*\) reason:.*(3)$/\1/p' flushed | tail -n "$count" >kernel
		[ -s kernel ] || skip 'this CPU flushes another way'
		if ! diff modelled kernel; then
			echo "seed $seed"
			return 1
		fi
	done
}

@test 'the indexes of a range, and the tables that a neighbour has' {
	need tables-pie
	trace --faults -- "$PROGRAMS/tables-pie" neighbour
	watched
	# Fixed at 16 GiB: a page; beside it 4 MiB more.
	jq -sc '[.[] | select(.call == "mmap" and .args.addr == "0x400000000") | .page_tables
		| [.levels[] | [.level, .first_index, .last_index, .needed, .there]]]' trace.jsonl >seen
	echo '[[["PGD",0,0,1,1],["PUD",16,16,1,0],["PMD",0,0,1,0],["PTE",0,0,1,0]]]' | diff - seen
	jq -sc '[.[] | select(.call == "mmap" and .args.addr == "0x400001000") | .page_tables
		| [.levels[] | [.level, .first_index, .last_index, .needed, .there]], .made, .faults]' trace.jsonl >seen
	echo '[[["PGD",0,0,1,1],["PUD",16,16,1,1],["PMD",0,2,1,1],["PTE",1,0,3,1]],3,1]' | diff - seen
}

@test 'pages and tables in the map log, and the summary' {
	need tables-pie
	"$VMTRACE" --show=pt,tlb -o log -o log.jsonl -- "$PROGRAMS/tables-pie" sparse
	grep -E '^ +resident 1000 pages, swapped 0, tables 1000$' log
	grep -E 'page tables [0-9]+ KiB \(PUD [0-9]+, PMD [0-9]+, PTE 10[0-9][0-9]; [0-9.]+ pages a table\)$' log
	grep -E '^ +tables: PGD 0x[0-9a-f]+, PUD .*; needs [0-9]+ tables?, [0-9]+ there' log
	grep -E '^ +TLB:    nothing to flush$' log
	jq -es 'map(select(.type == "layout"))[0] | .page_tables.pages as $all | .vmas |
		any(.resident_pages == 1000 and .swapped_pages == 0 and .tables == 1000) and
		(map(.resident_pages) | add) == $all and
		all(.resident_pages != null or .name == "[vsyscall]")' log.jsonl >/dev/null
}

@test 'where perf is refused one line says so, and pages are looked at' {
	need tables-pie
	"$TOOLS/refuse" perf "$VMTRACE" --faults -o trace.jsonl -- "$PROGRAMS/tables-pie" dontneed-pieces 2>errors
	[ "$(wc -l <errors)" -eq 1 ]
	grep '^vmtrace: page faults cannot be watched: perf_event_open is refused; .*perf_event_paranoid' errors
	run differences
	[ -z "$output" ]
	jq -e 'select(.type == "summary") | has("faults") | not' trace.jsonl
}

@test 'without PAGEMAP_SCAN the pages are read one by one' {
	local scene
	need tables-pie
	# Huge pages cannot be told from others here.
	for scene in sparse dontneed-pieces mremap-crooked fork-after shared munmap-beside populate read; do
		"$TOOLS/refuse" scan "$VMTRACE" --show=pt -o trace.jsonl -- "$PROGRAMS/tables-pie" "$scene"
		run differences
		[ -z "$output" ]
	done
}

@test 'page tables and --check=off' {
	run ! "$VMTRACE" --faults --check=off -- true
	[[ $output == 'vmtrace: --check=off and --faults: '* ]]
	run ! "$VMTRACE" --show=tlb --check=off -- true
	[[ $output == 'vmtrace: --check=off and --show=pt,tlb: '* ]]
}
