#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vmtrace diff and stat, and the exports that other programs draw: of recordings of real programs, which
# the kernel puts at other addresses each time.
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# record NAME PROGRAM [ARG…]
record() {
	local name=$1
	shift
	"$VMTRACE" run -q -o "$name.vmt" -- "$@" >/dev/null 2>&1 3>&- 4>&-
}

# differ STATUS OPTIONS… A B: diff ends so, and its output is in $output
differ() {
	local status_expected=$1
	shift
	run "-$status_expected" "$VMTRACE" diff "$@"
}

# always_the_same PROGRAM [ARG…]: eleven runs are the same, as layouts and as steps
always_the_same() {
	local run
	record first "$@"
	for run in 1 2 3 4 5 6 7 8 9 10; do
		record again "$@"
		differ 0 first.vmt again.vmt
		[ -z "$output" ]
		differ 0 --steps first.vmt again.vmt || { echo "run $run"; return 1; }
	done
}

@test 'the same program twice: hello' {
	need hello-pie
	always_the_same "$PROGRAMS/hello-pie"
}

@test 'the same program twice: static, not position-independent, 32-bit' {
	need hello-static-pie hello-no-pie
	always_the_same "$PROGRAMS/hello-static-pie"
	always_the_same "$PROGRAMS/hello-no-pie"
	need hello-m32
	always_the_same "$PROGRAMS/hello-m32"
}

@test 'the same program twice: a shell and its children' {
	# shellcheck disable=SC2016 # what another shell expands
	always_the_same sh -c 'x=$(echo 1); echo "$x" | cat; ls /'
}

@test 'the same program twice: threads' {
	need threads-pie
	record first "$PROGRAMS/threads-pie"
	record again "$PROGRAMS/threads-pie"
	differ 0 first.vmt again.vmt
}

@test 'the kernel puts it elsewhere, and --addresses says so' {
	need hello-pie
	[ "$(cat /proc/sys/kernel/randomize_va_space)" = 2 ] || skip 'no address randomisation here'
	record first "$PROGRAMS/hello-pie"
	record again "$PROGRAMS/hello-pie"
	differ 1 --addresses first.vmt again.vmt
	differ 0 -v first.vmt again.vmt
	[[ $output == *'slide '* ]]
}

@test 'one more library is one group' {
	need hello-pie
	need_command cc
	echo 'int more = 4711;' >more.c
	cc -shared -fPIC -o libmore.so more.c || skip 'no compiler that makes libraries'
	record plain "$PROGRAMS/hello-pie"
	record more env LD_PRELOAD="$PWD/libmore.so" "$PROGRAMS/hello-pie"
	# env is a program of its own before it becomes the other: its space has no like
	differ 1 --json plain.vmt more.vmt
	jq -e '[.spaces[] | select(.a != null and .b != null)][0] | .groups[] |
		select(.name | endswith("/libmore.so")) | .added' <<<"$output" >/dev/null
	differ 1 --stat plain.vmt more.vmt
	[ "$(grep -c 'libmore.so | ' <<<"$output")" -eq 1 ]
	[[ $output != *'libc.so.6 |'* ]]
}

@test 'a changed threshold of malloc' {
	need hello-pie
	record plain "$PROGRAMS/hello-pie"
	GLIBC_TUNABLES=glibc.malloc.top_pad=1048576 record padded "$PROGRAMS/hello-pie"
	differ 1 plain.vmt padded.vmt
	[[ $output == *'@@ [heap]: size @@'* ]]
	[[ $output == *'objects: 1 changed; VMAs: 1 changed, '* ]]
	differ 0 --ignore=size plain.vmt padded.vmt
	differ 1 --steps plain.vmt padded.vmt
	[[ $output == *'steps: '*' added, '*' gone, '* ]]
}

@test 'another path of libc' {
	need hello-pie
	local libc
	libc=$(ldd "$PROGRAMS/hello-pie" | awk '/libc\.so/ { print $3 }')
	[ -f "$libc" ] || skip 'no libc.so found'
	mkdir one two
	cp "$libc" one/
	cp "$libc" two/
	LD_LIBRARY_PATH=$PWD/one record plain "$PROGRAMS/hello-pie"
	LD_LIBRARY_PATH=$PWD/two record moved "$PROGRAMS/hello-pie"
	differ 1 plain.vmt moved.vmt
	[[ $output == *"@@ $PWD/one/libc.so.6 -> $PWD/two/libc.so.6: path, inode @@"* ]]
	[[ $output == *'objects: 1 changed; VMAs: '* ]]
	differ 0 --ignore=path plain.vmt moved.vmt
	differ 1 --ignore=inode,dev plain.vmt moved.vmt
}

@test 'two steps of one recording' {
	need hello-pie
	record run "$PROGRAMS/hello-pie"
	differ 0 run.vmt@12 run.vmt@12
	differ 1 run.vmt@12 run.vmt@1:
	[[ $output == */libc.so.6': added, '*' VMAs, '* ]]
	differ 0 run.vmt run.vmt@1:
	differ 1 --steps run.vmt@12 run.vmt@14
	[[ $output == *'steps: 2 added, 0 gone, 13 the same'* ]]
}

@test 'a recording against the text of maps' {
	need_command cat
	"$VMTRACE" run -q -o run.vmt -- cat /proc/self/maps >now.maps 2>/dev/null
	cat /proc/self/maps >later.maps
	differ 0 now.maps later.maps
	differ 2 --steps now.maps later.maps
	"$VMTRACE" export run.vmt --to maps -o end.maps
	differ 0 run.vmt end.maps
}

@test 'trouble is one line and exit 2' {
	need hello-pie
	record run "$PROGRAMS/hello-pie"
	echo 'no maps' >text
	printf '10000000000000000-0 r--p 0 0:0 0\n' >overflow
	printf '1000-2000 r--p 0 0:0 0\n500-800 r--p 0 0:0 0\n' >disorder
	: >empty
	head -c 5000 run.vmt >cut.vmt
	head -c 100000 /dev/urandom >random
	local bad
	for bad in text overflow disorder empty cut.vmt random missing . run.vmt@4711 run.vmt@x \
		run.vmt@9:1 text@3; do
		run -2 "$VMTRACE" diff run.vmt@1: "$bad"
		[ "${#lines[@]}" -eq 1 ] || { echo "$bad: $output"; return 1; }
		[[ $output == vmtrace:* ]]
	done
	run -2 "$VMTRACE" diff run.vmt
	run -2 "$VMTRACE" diff run.vmt run.vmt run.vmt
	run -2 "$VMTRACE" diff --ignore=names run.vmt run.vmt
	# shellcheck disable=SC2016 # what another shell expands
	run -2 bash -c '"$1" diff run.vmt@3 run.vmt@20 >/dev/full' - "$VMTRACE"
}

@test 'stat adds up to what the log has' {
	need hello-pie
	need_command jq
	"$VMTRACE" run -o run.vmt -o run.jsonl -- "$PROGRAMS/hello-pie" >/dev/null 2>&1
	"$VMTRACE" stat --json run.vmt >stat.json
	local steps
	steps=$(jq -s 'map(select(.type == "step")) | length' run.jsonl)
	jq -e --argjson steps "$steps" '.steps == $steps and
		([.by_actor[].steps] | add) == $steps and ([.by_call[].steps] | add) == $steps' \
		stat.json >/dev/null
	# What is live is the last layout, gate pages included (the kernel's, from boot on).
	"$VMTRACE" export run.vmt --to maps |
		awk '{ split($1, at, "-"); print "0x" at[1], "0x" at[2] }' |
		while read -r start end; do echo $((end - start)); done |
		awk '{ sum += $1 } END { print sum }' >bytes
	jq -e --argjson bytes "$(cat bytes)" '([.by_call[].live_bytes] | add) == $bytes' \
		stat.json >/dev/null
	jq -e '.spaces[0] | .complete and .vmas_peak >= .vmas and .committed_bytes > 0 and
		.page_table_bytes > 0' stat.json >/dev/null
	jq -e '[.never_unmapped[] | select(.call == "brk")] | length == 1' stat.json >/dev/null
	"$VMTRACE" stat run.vmt >stat.txt
	grep -q 'never unmapped' stat.txt
	grep -q "^ *$(jq -s 'map(select(.call == "brk")) | length' run.jsonl) .* brk\$" stat.txt
}

@test 'folded stacks: all bytes that were mapped' {
	need hello-pie
	need_command jq
	record run "$PROGRAMS/hello-pie"
	"$VMTRACE" export run.vmt --to folded >stacks
	run -1 grep -vE '^[^;]+ \(1\)(;[^;]+)+ [0-9]+$' stacks
	awk '{ sum += $NF } END { print sum }' stacks >bytes
	"$VMTRACE" stat --json run.vmt |
		jq -e --argjson bytes "$(cat bytes)" '([.by_call[].mapped_bytes] | add) == $bytes' \
			>/dev/null
}

# leaks-pie keeps 2 x 3 pages through load() and 5 + 6 + 7 through serve(), both through take().
@test 'stacks: what was never unmapped, and flame graphs, by the functions that called' {
	need leaks-pie
	need_command jq
	"$VMTRACE" run -q -k -o run.vmt -- "$PROGRAMS/leaks-pie" 2>/dev/null
	"$VMTRACE" stat --json run.vmt >stat.json
	jq -e '[.never_unmapped[] | select(any(.frames[]?; .symbol == "take"))] as $leaks |
		($leaks | length) == 2 and
		($leaks[0] | .bytes == 18 * 4096 and .count == 3 and .size_bytes == null and
			.end == "whole" and
			([.frames[].symbol] | index("take") + 1 == index("serve") and
				index("serve") + 1 == index("main"))) and
		($leaks[1] | .bytes == 6 * 4096 and .count == 2 and .size_bytes == 3 * 4096 and
			([.frames[].symbol] | index("take") + 1 == index("load")))' stat.json >/dev/null
	"$VMTRACE" stat run.vmt >stat.txt
	grep -q 'never unmapped, by call stack$' stat.txt
	grep -qE '^ +3  +various +72K  libc mmap, step [0-9]+$' stat.txt
	grep -qE '^ +#2 +[0-9a-f]+ leaks-pie\(serve\+0x[0-9a-f]+\)$' stat.txt
	"$VMTRACE" export run.vmt --to folded >stacks
	grep -qE "^leaks-pie \(1\);_start;(.*;)?main;serve;take;([^;]+;)+mmap $((18 * 4096))\$" stacks
	grep -qE "^leaks-pie \(1\);_start;(.*;)?main;load;take;([^;]+;)+mmap $((9 * 4096))\$" stacks
	awk '{ sum += $NF } END { print sum }' stacks >bytes
	jq -e --argjson bytes "$(cat bytes)" '([.by_call[].mapped_bytes] | add) == $bytes' \
		stat.json >/dev/null
	# A stack that was cut off says so.
	"$VMTRACE" run -q --stack=3 -o run.vmt -- "$PROGRAMS/leaks-pie" 2>/dev/null
	"$VMTRACE" export run.vmt --to folded >stacks
	grep -qE "^leaks-pie \(1\);\[unknown\];serve;take;([^;]+;)+mmap $((18 * 4096))\$" stacks
}

@test 'trace events: slices nest, counters count, names are there' {
	need_command jq
	record run sh -c 'ls / & ls / & wait; cat /dev/null'
	"$VMTRACE" export run.vmt --to perfetto >trace.json
	jq -e '.displayTimeUnit == "ns" and (.traceEvents | type) == "array"' trace.json >/dev/null
	jq -e 'all(.traceEvents[]; (.ph | IN("B", "E", "C", "M")) and (.pid | type) == "number")' \
		trace.json >/dev/null
	jq -e 'all(.traceEvents[] | select(.ph != "M"); (.ts | type) == "number" and .ts >= 0)' \
		trace.json >/dev/null
	jq -e 'all(.traceEvents[] | select(.ph == "B"); (.name | type) == "string" and
		(.tid | type) == "number")' trace.json >/dev/null
	# Each thread: a beginning, its end, the next beginning, and time never goes back.
	jq -e '[.traceEvents[] | select(.ph == "B" or .ph == "E")] |
		group_by([.pid, .tid]) | all(.[];
			(map(.ph) | . as $list | all(range(length); $list[.] == ["B", "E"][. % 2])) and
			length % 2 == 0 and (map(.ts) | . == sort))' trace.json >/dev/null
	jq -e '[.traceEvents[] | select(.ph == "C")] | length > 0 and
		all(.[]; .args | length == 1 and (.[] | type) == "number" and .[] >= 0)' \
		trace.json >/dev/null
	# A process for each space, and as many slices as steps.
	"$VMTRACE" stat --json run.vmt >stat.json
	jq -e --slurpfile stat stat.json '
		([.traceEvents[] | select(.name == "process_name")] | length) ==
			($stat[0].spaces | length) and
		([.traceEvents[] | select(.ph == "B")] | length) == $stat[0].steps' trace.json \
		>/dev/null
	# The last value of a space's counter is its number of mappings at the end.
	jq -e --slurpfile stat stat.json '
		[.traceEvents[] | select(.name == "VMAs")] as $counters |
		all($stat[0].spaces[]; . as $space |
			[$counters[] | select(.pid == $space.space)][-1].args.count == $space.vmas)' \
		trace.json >/dev/null
}

# With --show=pt each step says which pages came, and those that a space begins with which were there;
# at its end all pages are looked at, whatever the options.
@test 'trace events: resident bytes and page tables' {
	need fork-pie
	need_command jq
	"$VMTRACE" run -q --show=pt -o run.vmt -o run.jsonl -- "$PROGRAMS/fork-pie" >/dev/null 2>&1
	"$VMTRACE" export run.vmt --to perfetto >trace.json
	jq -s --slurpfile trace trace.json '
		def counter($name; $space): [$trace[0].traceEvents[] |
			select(.ph == "C" and .name == $name and .pid == $space) | .args.bytes];
		[.[] | select(.type == "layout")] as $layouts |
		[.[] | select(.type == "step")] as $steps |
		{ spaces: ($layouts | length),
		  resident: [$layouts[] | .space as $space |
			counter("resident"; $space) ==
			([foreach ($steps[] | select(.space == $space).page_tables.pages // 0) as $n
				({ at: 0 }; .at += $n | .n = $n; select(.n != 0) | .at * 4096)] +
				[.page_tables.pages * 4096])],
		  begin: [$layouts[] | .space as $space |
			[$steps[] | select(.space == $space and .call == null) | .page_tables.pages] |
			add > 1],
		  tables: [$layouts[] | counter("page tables"; .space)[-1] ==
			.page_tables.kernel_bytes] }' run.jsonl >seen
	jq -e '.spaces == 4 and ([.resident, .begin, .tables] | flatten | all)' seen >/dev/null ||
		{ cat seen; return 1; }
	# Not watched: the end only.
	"$VMTRACE" run -q -o run.vmt -o run.jsonl -- "$PROGRAMS/fork-pie" >/dev/null 2>&1
	"$VMTRACE" export run.vmt --to perfetto >trace.json
	jq -e --slurpfile log run.jsonl '
		[.traceEvents[] | select(.name == "resident") | [.pid, .args.bytes]] ==
		[$log[] | select(.type == "layout") | [.space, .page_tables.pages * 4096]]' \
		trace.json >/dev/null
}
