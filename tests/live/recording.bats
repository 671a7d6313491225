#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Recordings: what was recorded is shown again as the live run printed it, and a vmtrace that is
# killed leaves a file that opens. layouts.bats holds the layouts in them against the kernel's.
# shellcheck disable=SC2016 # what other shells expand
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

# again NAME OPTIONS…: `show OPTIONS run.vmt` prints what the run with these options wrote
again() {
	local name=$1
	shift
	"$VMTRACE" show "$@" run.vmt >shown
	cmp "$name" shown
}

# round_trip PROGRAM [ARG…]
round_trip() {
	rm -f run.vmt
	"$VMTRACE" run -o run.vmt -o run.jsonl -o steps.txt -- "$@" >/dev/null
	again steps.txt
	"$VMTRACE" export run.vmt --to jsonl -o again.jsonl
	cmp run.jsonl again.jsonl
	[ ! -e run.vmt-wal ] && [ ! -e run.vmt-shm ] && [ ! -e run.vmt-journal ]
}

# round_trip_as OPTIONS -- PROGRAM [ARG…]: the text with these options, for the run and for show
round_trip_as() {
	local options=()
	while [ "$1" != -- ]; do
		options+=("$1")
		shift
	done
	rm -f run.vmt
	"$VMTRACE" run "${options[@]}" -o run.vmt -o log.txt "$@" >/dev/null
	[ -s log.txt ]
	again log.txt "${options[@]}"
}

# fails WORD… -- COMMAND…: one line of error that has each word, exit 125
fails() {
	local words=() word
	while [ "$1" != -- ]; do
		words+=("$1")
		shift
	done
	shift
	run -125 "$VMTRACE" "$@"
	[ "${#lines[@]}" -eq 1 ]
	for word in "${words[@]}"; do
		[[ $output == *"$word"* ]] || { echo "no '$word' in: $output"; return 1; }
	done
}

@test 'round trip: hello' {
	need hello-pie
	round_trip "$PROGRAMS/hello-pie"
}

@test 'round trip: python3' {
	need_command python3
	round_trip python3 -c 'import json'
}

@test 'round trip: a tree of forks, threads and an execve' {
	need family-pie fork-pie
	run -3 "$VMTRACE" run -o run.vmt -o run.txt -- "$PROGRAMS/family-pie"
	again run.txt
	round_trip "$PROGRAMS/fork-pie"
}

@test 'round trip: every mapping call, 64-bit and 32-bit' {
	need calls-pie
	round_trip "$PROGRAMS/calls-pie"
	need calls-m32
	round_trip "$PROGRAMS/calls-m32"
}

@test 'round trip: names with control bytes, and bytes that are no UTF-8' {
	need control-names-pie
	round_trip "$PROGRAMS/control-names-pie" $'\e[31mred\a\nnext\xff\\"'
}

@test 'round trip: a program killed by a signal' {
	need signals-pie
	run "$VMTRACE" run -o run.vmt -o run.txt -- "$PROGRAMS/signals-pie" segv
	again run.txt
}

@test 'show takes the options of the run' {
	need calls-pie
	local options
	for options in --log=calls --log=steps,map,calls --show=path --show=path,flags -v -q -qq \
		--teach --filter=actor=libc '--filter=failed --teach' --color=always \
		'--log=map --color=always -v'; do
		# shellcheck disable=SC2086 # a list of words
		round_trip_as $options -- "$PROGRAMS/calls-pie"
	done
}

@test 'stacks: the text and the JSON of the run' {
	need stack-pie
	local options
	for options in '' -v -q --teach --filter=actor=libc; do
		rm -f run.vmt
		# shellcheck disable=SC2086 # nothing, or a word
		"$VMTRACE" run -k --log=steps $options -o run.vmt -o log.txt -- "$PROGRAMS/stack-pie" loop
		# shellcheck disable=SC2086
		again log.txt --log=steps $options
	done
	"$VMTRACE" run -k -o run.vmt -o run.jsonl -- "$PROGRAMS/stack-pie" loop
	"$VMTRACE" export run.vmt --to jsonl -o again.jsonl
	local picked='select(.type == "step" or .type == "stack")'
	jq -c "$picked" run.jsonl >expected
	jq -c "$picked" again.jsonl >shown
	diff expected shown
	[ "$(grep -c '"frames"' shown)" -gt 3 ]
}

@test 'page tables, TLB and faults come back' {
	need tables-pie
	local options
	for options in '--show=pt,tlb' '--faults --show=pt,tlb' '--faults'; do
		rm -f run.vmt
		# shellcheck disable=SC2086 # a list of words
		"$VMTRACE" run $options -o run.vmt -o run.jsonl -o log.txt -- "$PROGRAMS/tables-pie"
		[ -s log.txt ]
		# shellcheck disable=SC2086
		again log.txt ${options#--faults}
		"$VMTRACE" export run.vmt --to jsonl -o again.jsonl
		cmp run.jsonl again.jsonl
	done
	jq -es 'any(.page_tables)' again.jsonl >/dev/null
	# The layout after a step in the middle says the size of then.
	local size
	size=$(jq -r 'select(.step == 20 and .page_tables) | .page_tables.kernel_bytes / 1024' run.jsonl)
	"$VMTRACE" show run.vmt --step 20 | tail -n 1 | grep "; page tables $size KiB\$"
	"$VMTRACE" run --show=pt -o run.vmt -o run.jsonl -o log.txt -- "$PROGRAMS/tables-pie"
	"$VMTRACE" export run.vmt --to jsonl | cmp run.jsonl -
	jq -es 'any(.[].vmas[]?; .resident_pages > 0)' run.jsonl >/dev/null
}

@test 'ELF files and warnings come back, each at its place' {
	need warnings-execstack
	round_trip "$PROGRAMS/warnings-execstack"
	grep -q '^{"type":"object"' again.jsonl
	grep -q '^{"type":"warning"' again.jsonl
	grep -q 'warning: ' shown
	[ "$("$TOOLS/query" run.vmt 'SELECT count(*) FROM warnings')" -eq \
		"$(grep -c '^{"type":"warning"' run.jsonl)" ]
	# The layout after the last step has the parts that the log has.
	"$VMTRACE" show run.vmt --step "$(jq -s 'map(select(.type == "step")) | last.step' run.jsonl)" >layout
	diff <(grep -o 'LOAD [0-9]* of .*' steps.txt) <(grep -o 'LOAD [0-9]* of .*' layout)
	# Warnings of chosen steps come with them.
	local step
	step=$(jq -s 'map(select(.type == "warning")) | first.step' run.jsonl)
	"$VMTRACE" show run.vmt --step "$step..$step" | grep -q 'warning: '
	[ "$step" -eq 0 ] || ! "$VMTRACE" show run.vmt --step "..$((step - 1))" | grep 'warning: '
}

@test 'a recording has the paths, whatever the run showed' {
	need hello-pie
	"$VMTRACE" run --no-aslr -o run.vmt -- "$PROGRAMS/hello-pie"
	"$VMTRACE" show run.vmt --show=path | grep -q '^ *mmap_region'
	"$VMTRACE" export run.vmt --to jsonl --show=path | jq -es 'any(.path)' >/dev/null
	"$VMTRACE" export run.vmt --to jsonl | jq -es 'all(.path == null)' >/dev/null
}

@test 'show --step N is the layout that the steps come to' {
	need calls-pie
	"$VMTRACE" run -o run.vmt -o run.jsonl -- "$PROGRAMS/calls-pie"
	local step last
	last=$(jq -s 'map(select(.type == "step")) | last.step' run.jsonl)
	for step in 0 1 13 30 $((last / 2)) "$last"; do
		jq -rs --argjson step "$step" '
			reduce (.[] | select(.type == "step" and .step <= $step)) as $s ({};
				reduce $s.removed[] as $vma (.; delpaths([[$vma.start]])) |
				reduce $s.added[] as $vma (.; .[$vma.start] = $vma)) |
			[.[] | "\(.start)-\(.end) \(.perms)" | gsub("0x"; "")] | sort | .[]' \
			run.jsonl >expected
		"$VMTRACE" show run.vmt --step "$step" |
			sed -nE 's/^([0-9a-f]+-[0-9a-f]+ [-rwxsp]{4}) .*/\1/p' | sort >shown
		diff -u expected shown
	done
}

@test 'show --step A..B and --space choose from the log' {
	need fork-pie
	"$VMTRACE" run --log=steps -o run.vmt -o run.txt -- "$PROGRAMS/fork-pie"
	"$VMTRACE" show run.vmt --space 1 --step 5..9 >shown
	[ "$(sed -nE 's/^ +([0-9]+) .*/\1/p' shown | tr '\n' ' ')" = '5 6 7 8 9 ' ]
	[ "$("$VMTRACE" export run.vmt --to csv --space 2 | sed 1d | cut -d, -f1 | sort -u)" = 2 ]
	fails 'address spaces' --space -- show run.vmt --step 3
	fails 'no space 99' -- show run.vmt --space 99
	fails 'has the steps 0 to' -- show run.vmt --space 1 --step 100000
	fails empty -- show run.vmt --step 9..5
	fails 'give a number' -- show run.vmt --step x
}

@test 'where: an address by number and by object' {
	need hello-pie
	"$VMTRACE" run --no-aslr -o run.vmt -o run.jsonl -- "$PROGRAMS/hello-pie"
	local address offset
	# the second page of the program's first segment
	address=$(jq -r 'select(.cause == "exec-segment") | .added[0].start' run.jsonl | sed -n 2p)
	"$VMTRACE" where run.vmt "$address" >by-number
	grep -q 'map 2nd segment of hello-pie' by-number
	grep -q '^in the end' by-number
	grep -q "there  ${address#0x}-" by-number
	offset=$((address - $(jq -r 'select(.cause == "exec-segment") | .added[0].start' run.jsonl | sed -n 1p)))
	"$VMTRACE" where run.vmt "hello-pie+$offset" >by-object
	cmp by-number by-object
	fails 'no step' 0x10 -- where run.vmt 0x10
	fails 'is no address' -- where run.vmt libc
	fails 'is no address' -- where run.vmt nothing+0x10
}

# at SYMBOL: the address that `where run.vmt SYMBOL` finds, in hexadecimal
at() {
	"$VMTRACE" where run.vmt "$1" | sed -n 's/.* is at \([0-9a-f]*\), in .*/\1/p'
}

@test 'where: a symbol of the program, a library, and a stack' {
	need hello-pie hello-no-pie
	need_command nm
	local base value
	"$VMTRACE" run -k -o run.vmt -o run.jsonl -- "$PROGRAMS/hello-pie"
	base=$(jq -r 'select(.cause == "exec-segment") | .added[0].start' run.jsonl | sed -n 1p)
	value=$(nm "$PROGRAMS/hello-pie" | awk '$3 == "main" { print $1 }')
	[ "$(at main)" = "$(printf '%x' $((base + 0x$value)))" ]
	[ "$(at hello-pie:main+4)" = "$(printf '%x' $((base + 0x$value + 4)))" ]
	"$VMTRACE" where run.vmt main | grep -q 'map 2nd segment of hello-pie'
	"$VMTRACE" where run.vmt "0x$(at main)" >by-number
	"$VMTRACE" where run.vmt main | tail -n +2 | cmp - by-number
	# exported by libc; also of the variable's page, which RELRO protects or not
	[[ $(at malloc) =~ ^[0-9a-f]+$ ]]
	[ "$(at malloc)" = "$(at libc.so.6:malloc)" ]
	"$VMTRACE" where run.vmt environ | grep -q 'libc.so.6'
	fails 'is no address' 'no symbol' -- where run.vmt malloc_malloc
	fails 'no file' "'libnot.so'" -- where run.vmt libnot.so:malloc
	fails 'is no address' -- where run.vmt libc.so.6:main
	# where addresses in the file are addresses in the space
	"$VMTRACE" run -o run.vmt -- "$PROGRAMS/hello-no-pie"
	value=$(nm "$PROGRAMS/hello-no-pie" | awk '$3 == "main" { print $1 }')
	[ "$((0x$(at main)))" -eq "$((0x$value))" ]
}

@test 'where: a symbol of a file that is gone, or another by now' {
	need hello-pie fork-pie
	cp "$PROGRAMS/hello-pie" program
	"$VMTRACE" run -o run.vmt -- ./program
	local main
	main=$(at main)
	[ -n "$main" ]
	cp "$PROGRAMS/fork-pie" other
	mv other program
	fails 'not the file that was recorded' program -- where run.vmt main
	rm program
	fails 'No such file' program -- where run.vmt main
	# what needs not that file is answered, and the line is there too
	run --separate-stderr -0 "$VMTRACE" where run.vmt malloc
	[[ $output == 'malloc is at '* ]]
	# shellcheck disable=SC2154 # bats sets it
	[[ $stderr == "vmtrace: cannot read the symbols of '"*"/program': No such file"* ]]
	mkfifo program
	fails 'cannot read the symbols' -- where run.vmt main
	rm program
	# a stack named it when it was there
	cp "$PROGRAMS/hello-pie" program
	"$VMTRACE" run -k -o run.vmt -- ./program
	main=$(at main)
	rm program
	run --separate-stderr -0 "$VMTRACE" where run.vmt main
	[[ $output == "main is at $main, in "*/program* ]]
	[ -z "$stderr" ]
}

@test 'where: a symbol that two files have' {
	need hello-pie
	need_command cc
	local name
	for name in one two; do
		echo 'int twice(int n) { return 2 * n; }' | cc -shared -fPIC -o "$name.so" -x c -
	done
	echo 'static int twice(int n) { return n; } int (*use)(int) = twice;' |
		cc -shared -fPIC -o three.so -x c -
	LD_PRELOAD="$PWD/one.so $PWD/three.so" "$VMTRACE" run -o run.vmt -- "$PROGRAMS/hello-pie"
	# the exported one goes before
	"$VMTRACE" where run.vmt twice | head -n 1 | grep -q '/one.so$'
	"$VMTRACE" where run.vmt three.so:twice | head -n 1 | grep -q '/three.so$'
	LD_PRELOAD="$PWD/one.so $PWD/two.so" "$VMTRACE" run -o run.vmt -- "$PROGRAMS/hello-pie"
	fails one.so two.so ':twice' -- where run.vmt twice
	"$VMTRACE" where run.vmt two.so:twice | head -n 1 | grep -q '/two.so$'
}

@test 'where: of very many steps the first and the last' {
	need_command cc
	cat >often.c <<-'END'
		#include <sys/mman.h>
		int main(void)
		{
			void *at = mmap(0, 16384, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
			for (int i = 0; i < 800; i++) {
				munmap(at, 4096);
				mmap(at, 4096, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0);
			}
			return 0;
		}
	END
	cc -o often often.c
	"$VMTRACE" run -o run.vmt -o run.jsonl -- ./often
	local address
	address=$(jq -r 'select(.call == "munmap" and .args.length == 4096) | .args.addr' run.jsonl | tail -n 1)
	# What the dynamic linker has unmapped before may have begun there too, and is of another size.
	jq -r --arg at "$address" 'select(.call == "munmap" or .call == "mmap")
		| select(.args.addr == $at and .args.length == 4096) | .step' run.jsonl >often.steps
	[ "$(wc -l <often.steps)" -eq 1600 ]
	"$VMTRACE" where run.vmt "$address" >some
	"$VMTRACE" where -v run.vmt "$address" >all
	# the steps that were printed, the line between, and how it is in the end
	sed -n 's/^ *\([0-9]\{1,\}\) .*/\1/p' all >all.steps
	diff often.steps <(tail -n 1600 all.steps)
	sed -n 's/^ *\([0-9]\{1,\}\) .*/\1/p' some >some.steps
	diff <(tail -n 20 often.steps) <(tail -n 20 some.steps)
	diff <(head -n 20 all.steps) <(head -n 20 some.steps)
	[ "$(wc -l <some.steps)" -eq 40 ]
	grep -q "those between steps $(sed -n 20p some.steps) and $(sed -n 21p some.steps) are left out" some
	tail -n 4 all | diff - <(tail -n 4 some)
}

@test 'where: a step that only points into a mapping' {
	need hello-pie
	"$VMTRACE" run -o run.vmt -o run.jsonl -- "$PROGRAMS/hello-pie"
	local address
	address=$(jq -r 'select(.call == "rseq") | .args.rseq // .args.addr' run.jsonl | head -n 1)
	[[ $address == 0x* ]]
	"$VMTRACE" where run.vmt "$address" | grep -q 'register rseq'
}

@test 'csv has a line a step, and fields that stay fields' {
	need control-names-pie
	"$VMTRACE" run -o run.vmt -o run.jsonl -- "$PROGRAMS/control-names-pie" $'a,"b\nc'
	"$VMTRACE" export run.vmt --to csv -o run.csv
	[ "$(wc -l <run.csv)" -eq $((1 + $(jq -s 'map(select(.type == "step")) | length' run.jsonl))) ]
	grep -q '"[^"]*a,""b\\012c' run.csv
}

@test 'what is no recording gets one line' {
	need hello-pie
	"$VMTRACE" run -o run.vmt -- "$PROGRAMS/hello-pie"
	local size
	size=$(stat -c %s run.vmt)
	fails 'No such file' -- show nothing.vmt
	mkdir directory
	fails 'not a regular file' -- show directory
	: >empty
	fails 'no recording' -- show empty
	echo 'this is text' >text
	fails 'not a database' -- show text
	local cut
	for cut in 100 4096 $((size / 2)) $((size - 4096)); do
		head -c "$cut" run.vmt >cut.vmt
		run "$VMTRACE" show cut.vmt
		[ "$status" -eq 125 ]
		[[ ${lines[-1]} == "vmtrace: 'cut.vmt' is damaged"* ]]
	done
	# user_version is at byte 60 of the header, the highest byte first
	cp run.vmt newer.vmt
	printf '\0\0\0\11' | dd of=newer.vmt bs=1 seek=60 conv=notrunc status=none
	fails 'newer vmtrace' 'version 9' -- show newer.vmt
	fails 'newer vmtrace' -- where newer.vmt 0x1000
	fails 'newer vmtrace' -- export newer.vmt --to csv
}

# One step is missing: what comes before it could be read.
@test 'a damaged recording: sums and layouts are whole, or one line' {
	need hello-pie
	need_command sqlite3
	"$VMTRACE" run -o run.vmt -- "$PROGRAMS/hello-pie"
	local libc options
	libc=$("$VMTRACE" export run.vmt --to maps | sed -n 's/-.*libc.so.6$//p' | head -n 1)
	cp run.vmt hole.vmt
	sqlite3 hole.vmt 'DELETE FROM step WHERE id = (SELECT max(id) - 2 FROM step)'
	for options in 'stat' 'stat --json' 'export --to folded'; do
		# shellcheck disable=SC2086 # a list of words
		fails 'is damaged' 'is missing' -- $options hole.vmt
	done
	run -2 "$VMTRACE" diff --steps run.vmt hole.vmt
	[ "${#lines[@]}" -eq 1 ]
	# A log is a stream, and ends with the line.
	for options in show 'export --to jsonl' 'export --to csv'; do
		# shellcheck disable=SC2086
		run -125 "$VMTRACE" $options hole.vmt
		[ "${#lines[@]}" -gt 10 ]
		[[ ${lines[-1]} == "vmtrace: 'hole.vmt' is damaged"* ]]
	done
	# A text that is missing: the name of what is mapped over libc's first page, and of each step.
	cp run.vmt nameless.vmt
	sqlite3 nameless.vmt "DELETE FROM text WHERE text = (SELECT text FROM text WHERE text LIKE '%/libc.so.6' LIMIT 1)"
	for options in stat 'export --to maps' 'export --to folded' "where %s 0x$libc" 'show --step 30'; do
		case $options in
			*%s*) options=${options/\%s/nameless.vmt} ;;
			*) options+=' nameless.vmt' ;;
		esac
		# shellcheck disable=SC2086
		fails 'is damaged' 'is missing' -- $options
	done
}

@test 'a recording that cannot be written' {
	need hello-pie
	fails 'cannot write' 'No such file' -- run -o nowhere/run.vmt "$PROGRAMS/hello-pie"
	mkdir run.vmt
	fails 'cannot write' 'not a regular file' -- run -o run.vmt "$PROGRAMS/hello-pie"
	rmdir run.vmt
	run -125 bash -c 'ulimit -f 10; exec "$0" run -o run.vmt "$1"' "$VMTRACE" "$PROGRAMS/hello-pie"
	[[ $output == "vmtrace: cannot write 'run.vmt': "* ]]
	# No room later on: it is said once, and the program runs to its end.
	need random-calls-pie
	run -125 bash -c 'ulimit -f 300; exec "$0" run -o run.vmt "$1" 1 3000' "$VMTRACE" \
		"$PROGRAMS/random-calls-pie"
	[[ $output == *"cannot write 'run.vmt': "*'the program runs on'* ]]
	[ "$(grep -c 'cannot write' <<<"$output")" -eq 1 ]
}

@test 'an old recording is replaced, with what lay beside it' {
	need hello-pie
	"$VMTRACE" run -o run.vmt -- "$PROGRAMS/hello-pie"
	cp run.vmt run.vmt-wal
	cp run.vmt run.vmt-journal
	"$VMTRACE" run -o run.vmt -o run.txt -- "$PROGRAMS/hello-pie"
	[ ! -e run.vmt-wal ] && [ ! -e run.vmt-journal ]
	again run.txt
}

@test 'the arguments of -o are counted' {
	fails 'at most 8' -- run -o 1 -o 2 -o 3 -o 4 -o 5 -o 6 -o 7 -o 8 -o 9 true
}

# lines_of FILE: whole lines
lines_of() {
	wc -l <"$1"
}

# The recording as it is now, in $shown; nothing while there is none.
look() {
	"$VMTRACE" show run.vmt --log=steps >shown 2>errors || : >shown
}

# Two logs of one run that end at different moments begin alike.
begin_alike() {
	local count
	count=$(lines_of "$1")
	[ "$(lines_of "$2")" -ge "$count" ] || count=$(lines_of "$2")
	cmp <(head -n "$count" "$1") <(head -n "$count" "$2")
}

@test 'kill -9 at 50 random moments: the file opens and has what was in it' {
	need endless-pie
	local seed=${VMT_SEED:-$((RANDOM * 32768 + RANDOM))} i wanted before pid
	echo "VMT_SEED=$seed"
	RANDOM=$((seed % 32768))
	for ((i = 0; i < 50; i++)); do
		# some at once, some after so many lines
		wanted=$((i % 5 ? RANDOM % 1500 : 0))
		rm -f run.vmt run.vmt-* run.txt
		"$VMTRACE" run --log=steps -o run.txt -o run.vmt -- "$PROGRAMS/endless-pie" 3>&- 4>&- &
		pid=$!
		until [ -e run.vmt ]; do :; done
		: >shown
		until [ "$(lines_of shown)" -ge "$wanted" ]; do look; done
		before=$(lines_of shown)
		kill -9 "$pid"
		wait "$pid" 2>/dev/null || true
		look
		echo "run $i: $before lines before, $(lines_of shown) after"
		[ "$(lines_of shown)" -ge "$before" ]
		begin_alike run.txt shown
		if [ "$before" -gt 0 ]; then
			[ ! -s errors ]
			[ "$("$TOOLS/query" run.vmt 'SELECT count(*) FROM step')" -ge $((before - 2)) ]
			"$VMTRACE" show run.vmt --step 20 | grep -q '^21 steps'
		else
			# not yet begun, or a whole recording: never a damaged one
			grep -vE 'holds no recording|is empty: ' errors | diff /dev/null -
		fi
	done
}

@test 'a recording that grows can be read, and is a recording at each moment' {
	need endless-pie
	local i before=0 count pid
	"$VMTRACE" run -o run.vmt -- "$PROGRAMS/endless-pie" 3>&- 4>&- &
	pid=$!
	for ((i = 0; i < 3; i++)); do
		until count=$("$TOOLS/query" run.vmt 'SELECT count(*) FROM step' 2>/dev/null) &&
			[ "$count" -gt "$before" ]; do :; done
		before=$count
		"$VMTRACE" show run.vmt --space 1 --step "$((before - 1))" | grep -q "^$(
			sed ':a; s/\([0-9]\)\([0-9]\{3\}\)\($\|,\)/\1,\2\3/; ta' <<<"$before"
		) step"
	done
	kill "$pid"
	wait "$pid" || true
	look
	[ "$(lines_of shown)" -gt "$before" ]
}

# The examples of vmtrace-recording(5): lines between ``` that begin with "sqlite>".
@test 'the queries of the manual page answer' {
	need calls-pie
	local query count=0
	"$VMTRACE" run -k -o run.vmt -- "$PROGRAMS/calls-pie" >/dev/null
	while read -r query; do
		count=$((count + 1))
		echo "$query"
		"$TOOLS/query" run.vmt "$query" >answer
		[ -s answer ]
	done < <(sed -n 's/^sqlite> //p' "$BATS_TEST_DIRNAME/../../man/vmtrace-recording.5.scd")
	[ "$count" -ge 8 ]
}

# Each table and column that a recording has is in the manual page, and the other way round.
@test 'the manual page has the tables' {
	need hello-pie
	"$VMTRACE" run -o run.vmt -- "$PROGRAMS/hello-pie"
	local page=$BATS_TEST_DIRNAME/../../man/vmtrace-recording.5.scd
	"$TOOLS/query" run.vmt "SELECT m.name || '.' || c.name FROM sqlite_schema m, pragma_table_xinfo(m.name) c
		WHERE m.type IN ('table', 'view') AND m.name NOT LIKE 'sqlite%'" | sort >columns
	[ "$(wc -l <columns)" -gt 100 ]
	sed -n '/^# TABLES/,/^# [^TV]/p' "$page" | awk '
		/^## / { table = $2 }
		/^\*[a-z0-9_]+\*(, \*[a-z0-9_]+\*)*,?$/ {
			gsub(/[*,]/, " ")
			for (i = 1; i <= NF; i++)
				print table "." $i
		}' | sort >documented
	diff -u columns documented
}

# A change of the tables needs recordings of today in the corpus: tests/fuzz/recordings.sh.
@test 'the recordings of the fuzz corpus can be read' {
	local corpus=$BATS_TEST_DIRNAME/../fuzz/corpus/recording name
	for name in hello calls family stacks path-not-utf8 words-not-utf8; do
		"$VMTRACE" show "$corpus/$name" >shown
		[ -s shown ]
	done
}
