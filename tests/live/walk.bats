#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vmtrace walk: what a process has at an address, against what a program says that it did there; a
# TLB played from a file; bad input.
# shellcheck disable=SC2016 # what another shell expands
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
}

teardown() {
	if [ -n "${pages_pid-}" ]; then
		kill "$pages_pid" 2>/dev/null || true
	fi
}

# Starts programs/pages.c, which prints "NAME ADDRESS" lines and waits; pages_pid is its number.
start_pages() {
	need pages-pie
	mkfifo started orders
	"$PROGRAMS/pages-pie" >started <orders 3>&- &
	pages_pid=$!
	exec 7<started 6>orders
	while read -r -u 7 name address && [ "$name" != ready ]; do
		echo "$name $address"
	done >pages
	[ -s pages ]
}

# look NAME: the walk of the page of that name, in $output; skips if the program has no such page
look() {
	local address
	address=$(sed -n "s/^$1 //p" pages)
	[ -n "$address" ] || skip "no page '$1' here"
	run --separate-stderr -0 "$VMTRACE" walk -p "$pages_pid" "$address"
	[ -z "$stderr" ]
}

# says TEXT: one line of the output has it, blanks squeezed
says() {
	if ! tr -s ' ' <<<"$output" | grep -qF -- "$1"; then
		echo "no '$1' in: $output"
		return 1
	fi
}

# fails TEXT… -- ARGUMENT…: one line with each text in it, no output, status 125
fails() {
	local texts=()
	while [ "$1" != -- ]; do
		texts+=("$1")
		shift
	done
	shift
	run --separate-stderr -125 "$VMTRACE" walk "$@"
	[ -z "$output" ]
	# shellcheck disable=SC2154 # bats sets them
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == 'vmtrace: '* ]]
	for text in "${texts[@]}"; do
		if [[ $stderr != *"$text"* ]]; then
			echo "no '$text' in: $stderr"
			return 1
		fi
	done
}

@test 'arm: the pair, both tables, where the entries stand' {
	run -0 "$VMTRACE" walk 0x76db8000 --arch arm
	says '| first level 0x76d | second level 0xb8 | offset 0x0 |'
	says '| PGD 0x3b6 | PTE 0x1b8 | offset 0x0 |'
	says 'pair 0x3b6: entries 0x76c and 0x76d, at +0x1db0 and +0x1db4; 0x76d is its second one'
	says "+0x400 Linux's entries 0x76d: 256 of 4 bytes <- entry 0xb8, at +0x6e0"
	says "+0xc00 the MMU's entries 0x76d: 256 of 4 bytes <- entry 0xb8, at +0xee0"
}

@test 'pages that nobody touched' {
	start_pages
	look untouched
	says 'page not present'
	says 'read minor fault: the shared page of zeros'
	says 'write minor fault, demand zero'
	says 'fetch SIGSEGV (SEGV_ACCERR)'
	look none
	says 'read SIGSEGV (SEGV_ACCERR)'
	says 'write SIGSEGV (SEGV_ACCERR)'
	look file-untouched
	says 'file offset 0x1000 of inode'
	says 'read file read'
	says 'write copy on write'
}

@test 'pages that were read' {
	start_pages
	look read
	says 'present; the page of zeros'
	says 'read no fault'
	says 'write minor fault, demand zero'
	says '9 SPECIAL 1 pagemap'
	says '1 RW 0 must fault'
	look file-read
	says 'present; of a file'
	says 'write copy on write'
	says '1 RW 0 must fault'
}

@test 'pages that were written' {
	start_pages
	look written
	says 'present; anonymous; mapped here and nowhere else'
	says 'write no fault'
	says '63 NX 1 mapping'
	says '2 US 1 user memory'
	look file-written
	says 'present; anonymous'
	look shared
	says 'present; of a file or shared memory'
	says 'write no fault'
	says '1 RW 1 mapping'
	look shared-with-child
	says 'present; anonymous'
	says 'write copy on write'
	says '1 RW 0 must fault'
}

@test 'guard pages, code, pages that the kernel made' {
	start_pages
	look code
	says 'flags rd ex'
	says '63 NX 0 mapping'
	says 'write SIGSEGV (SEGV_ACCERR)'
	says 'fetch no fault'
	look vdso
	says 'mapping '
	says '[vdso]'
	look guard
	says 'page a guard page'
	says 'read SIGSEGV: a guard page'
}

@test 'a huge page' {
	start_pages
	look huge
	says 'one entry of a higher level maps it (huge)'
	says 'its PMD entry (2 MiB page)'
	says '7 PS 1 pagemap'
}

@test 'beyond the end of a file' {
	start_pages
	look beyond
	says 'read SIGBUS'
	says 'write SIGBUS'
}

@test 'beyond the end of a file that only the kernel can find' {
	start_pages
	look beyond-unseen
	if [ "$(id -u)" -eq 0 ]; then
		says 'read SIGBUS: '
	else
		says 'SIGBUS if the file, whose size is not shown, ends before it'
	fi
}

@test 'the frame, where the kernel shows it' {
	start_pages
	look written
	if ! grep -q '^frame ' pages; then
		says 'frame not shown: that needs CAP_SYS_ADMIN'
		says '51:12 ADDRESS ? not shown'
		return
	fi
	[[ $output =~ frame\ +0x([0-9a-f]+):.*physical\ address\ 0x([0-9a-f]+) ]]
	[ "${BASH_REMATCH[1]}" = "$(sed -n 's/^frame //p' pages)" ]
	[ "${BASH_REMATCH[2]}" = "${BASH_REMATCH[1]}000" ]
	says 'its flags:'
	says "51:12 ADDRESS 0x${BASH_REMATCH[1]}000 pagemap"
}

# What the program says that came of it, against what was said before: SIGSEGV is 11 with code 1
# (SEGV_MAPERR), 2 (SEGV_ACCERR), 4 (SEGV_PKUERR) or others; SIGBUS is 7.
agrees() { # PREDICTED HAPPENED
	case $1 in
	'no fault: '*) [ "$2" = none ] ;;
	'no fault, or '*) [ "$2" = none ] || [ "$2" = fault ] ;;
	*SEGV_ACCERR*) [ "$2" = '11 2' ] ;;
	*SEGV_PKUERR*) [ "$2" = '11 4' ] || [ "$2" = none ] || [ "$2" = fault ] ;;
	*'guard page'*) [[ $2 == '11 '* ]] ;;
	SIGBUS*) [[ $2 == '7 '* ]] ;;
	*'SIGBUS if the file'*) [ "$2" = fault ] || [[ $2 == '7 '* ]] ;;
	*) [ "$2" = fault ] ;;
	esac
}

@test 'every prediction, then the access itself: the kernel agrees' {
	local how name predicted happened count=0
	start_pages
	# Reads first: a page that was written can be read, and that is no news.
	for how in read write; do
		while read -r name address; do
			case $name in
			frame | below-stack) continue ;;
			esac
			run -0 "$VMTRACE" walk -p "$pages_pid" "$address"
			predicted=$(sed -n "s/^    $how *//p" <<<"$output")
			echo "$how $address" >&6
			read -r -u 7 happened
			if ! agrees "$predicted" "$happened"; then
				echo "$how of '$name': said '$predicted', was '$happened'"
				return 1
			fi
			count=$((count + 1))
		done <pages
	done
	[ "$count" -ge 20 ]
}

@test 'nothing mapped: one line, status 1' {
	start_pages
	run --separate-stderr -1 "$VMTRACE" walk -p "$pages_pid" 10
	[ -z "$output" ]
	[ "${#stderr_lines[@]}" -eq 1 ]
	[[ $stderr == *"not mapped in process $pages_pid"*SEGV_MAPERR* ]]
	run --separate-stderr -1 "$VMTRACE" walk -p "$pages_pid" "$(sed -n 's/^below-stack //p' pages)"
	[[ $stderr == *'the stack grows'* ]]
}

@test 'processes that cannot be looked at' {
	start_pages
	kill "$pages_pid"
	wait "$pages_pid" || true
	fails "-p $pages_pid" 'no such process' -- -p "$pages_pid" 1000
	pages_pid=
	fails 'the number of a process' -- -p 0 1000
	fails 'the number of a process' -- -p x 1000
	fails '--arch' -- -p 1 --arch arm 1000
	fails '-p and --tlb' -- -p 1 --tlb x
}

@test 'addresses that are none' {
	fails 'canonical' '47' -- --arch x86_64 800000000000
	fails 'canonical' '56' -- --arch x86_64 --levels 5 100000000000000
	fails '32 bits' -- --arch arm 100000000
	fails 'bits 63 to 48' -- --arch aarch64 1000000000000
	fails "'xyz'" -- xyz
	fails "'0x'" -- 0x
	fails "'1+x'" -- 1+x
	fails "'2-1'" -- 2-1
	fails "'10000000000000000'" -- 10000000000000000
	fails 'reaches beyond' -- --arch i386 ffffffff+2
	fails 'reaches beyond' -- --arch x86_64 7fffffffffff+4K
	fails 'reaches beyond' -- ffffffffffffffff+2
	fails 'one address at a time' -- 1 2
	fails 'give an address' --
	fails 'not both' -- 1 --tlb x
}

@test 'page tables that there are not' {
	fails "'vax'" 'x86_64, i386, arm, aarch64, riscv64' -- --arch vax 0
	fails 'aarch64-64k-42' -- --arch aarch64 --granule 64K --va-bits 39 0
	fails '8K' -- --granule 8K --arch aarch64 0
	fails '--granule=5K' -- --granule 5K 0
	fails '--granule=128K' -- --granule 128K 0
	fails '--levels=x' -- --levels x 0
	fails '--levels=0' -- --levels 0 0
	fails '6 levels' -- --arch x86_64 --levels 6 0
	fails '--tlb-size=0' -- --tlb-size 0 0
	fails 'divisor' -- --tlb-size 64/5 0
	fails '--tlb-page=3K' -- --tlb-page 3K 0
	fails --nothing -- --nothing
}

@test 'a recording: the mapping as it was after a step' {
	need hello-pie
	"$VMTRACE" run -qq -o run.vmt -- "$PROGRAMS/hello-pie" >/dev/null 2>&1
	"$VMTRACE" export run.vmt --to maps >layout
	local heap stack text
	heap=$(sed -n 's/^\([0-9a-f]*\)-.*\[heap\]$/\1/p' layout)
	stack=$(sed -n 's/^\([0-9a-f]*\)-.*\[stack\]$/\1/p' layout)
	text=$(sed -n 's/^\([0-9a-f]*\)-.* r-xp .*hello-pie$/\1/p' layout)
	run -0 "$VMTRACE" walk run.vmt "$heap"
	says "mapping 0x$heap-"
	says 'rw-p [heap]'
	says 'flags rd wr mr mw me ac'
	says 'page not recorded'
	says 'write minor fault, demand zero'
	run -0 "$VMTRACE" walk --bits run.vmt "$text"
	says 'r-xp'
	says 'fetch file read'
	says 'write SIGSEGV (SEGV_ACCERR)'
	# The heap is not there yet; the stack is the next mapping above.
	run --separate-stderr -1 "$VMTRACE" walk run.vmt "$heap" --step 1
	[[ $stderr == *"0x$heap is not mapped in space 1 after step 1; "*'stack grows'* ]]
	run --separate-stderr -0 "$VMTRACE" walk run.vmt "$stack" --step 1
	says 'space 1 after step 1'
	says '[stack]'
}

@test 'a recording: what cannot be asked of it' {
	need hello-pie
	"$VMTRACE" run -qq -o run.vmt -- "$PROGRAMS/hello-pie" >/dev/null 2>&1
	fails 'which page tables there were' '--arch' -- run.vmt 1000 --arch arm
	fails 'has the steps 0 to' -- run.vmt 1000 --step 99999
	fails 'no space 7' -- run.vmt 1000 --space 7
	fails 'one step' -- run.vmt 1000 --step 1..2
	fails '--step is of a recording' -- 1000 --step 1
	fails '--space is of a recording' -- 1000 --space 1
	fails '-p and a recording' -- -p 1 run.vmt 1000
	fails 'canonical' -- run.vmt 800000000000
	fails 'nothing.vmt' -- nothing.vmt 1000
	head -c 3000 run.vmt >half.vmt
	fails 'half.vmt' -- half.vmt 1000
}

@test 'a TLB: hits, misses, what is pushed out, flushes' {
	cat >script <<-END
		# two sets of one way
		1000
		0x1fff   # the same page
		1000 3
		asid 3
		1abc

		flush 1000
		1000
		flush asid 3
		2000
		flush
	END
	run -0 "$VMTRACE" walk --arch x86_64 --tlb script --tlb-size 2/1
	says '2 sets of 1, pages of 4K: it reaches 8K'
	says '2 0x1000 0 1 miss'
	says '3 0x1fff 0 1 hit'
	says '4 0x1000 3 1 miss, pushes out 0x1000 of asid 0'
	says '6 0x1abc 3 1 hit'
	says '8 flush 0x1000: 1 dropped'
	says '9 0x1000 3 1 miss'
	says '10 flush asid 3: 1 dropped'
	says '12 flush all: 1 dropped'
	says '6 lookups: 2 hits, 4 misses, 1 pushed out; 3 flushes dropped 3'
}

@test 'a TLB: lines that are wrong are named' {
	local line
	for line in 'x' '1000 x' 'flush asid' 'flush foo' 'asid' 'asid 99999999999999' '1 2 3' \
		'flush 1 2' 'asid 1 2' 'a b c d e f g' '800000000000' '1ffffffffffffffff' \
		$'1\x01' $'\x7f\xff\xc2\x9b' "$(printf '%0300d' 1)"; do
		printf '1000\n%s\n' "$line" >script
		run --separate-stderr -125 "$VMTRACE" walk --arch x86_64 --tlb script
		[ "${#stderr_lines[@]}" -eq 1 ]
		[[ $stderr == 'vmtrace: script, line 2: '* ]]
		! LC_ALL=C grep -qP '[\x00-\x09\x0b-\x1f\x7f]|\xc2[\x80-\x9f]' <<<"$stderr"
	done
	printf '1000\n2000\0junk\n' >script
	run --separate-stderr -125 "$VMTRACE" walk --tlb script
	[[ $stderr == *'script, line 2: a control byte'* ]]
	run --separate-stderr -125 "$VMTRACE" walk --tlb /dev/zero
	[[ $stderr == *'/dev/zero, line 1: '* ]]
	run --separate-stderr -125 "$VMTRACE" walk --tlb nothing
	[[ $stderr == *'nothing: No such file'* ]]
	run --separate-stderr -125 "$VMTRACE" walk --tlb .
	[[ $stderr == *'Is a directory'* ]]
}

@test 'help, and an output that cannot be written' {
	run --separate-stderr -0 "$VMTRACE" walk --help
	[[ $output == 'usage: vmtrace walk '* ]]
	[ -z "$stderr" ]
	[ -c /dev/full ] || return 0
	run --separate-stderr -125 bash -c '"$1" walk 1000 >/dev/full' bash "$VMTRACE"
	[[ $stderr == 'vmtrace: standard output: No space left'* ]]
}
