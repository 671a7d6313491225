#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What is said of ELF files is what readelf says of them; each VMA of a loaded file has its segment
# and sections; a file whose section headers are gone or nonsense costs their names only.
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need_command jq
}

# object NAME-PATTERN: the object line of that file
object() {
	jq -c --arg name "$1" 'select(.type == "object" and (.name | test($name)))' log.jsonl
}

# Hexadecimal words (0x…) of standard input in decimal.
decimal() {
	local -a words
	local i
	while read -r -a words; do
		for i in "${!words[@]}"; do
			[[ ${words[i]} != 0x* ]] || words[i]=$((words[i]))
		done
		echo "${words[*]}"
	done
}

# as_readelf FILE-PATTERN: the object line against readelf's tables
as_readelf() {
	local file
	object "$1" >found-object
	[ "$(wc -l <found-object)" -eq 1 ]
	file=$(jq -r .name found-object)

	LC_ALL=C readelf -lW "$file" | awk '$1 == "LOAD" {
		flags = ""
		for (i = 7; i < NF; i++) flags = flags $i
		print $3, $2, $6, $5, flags
	}' | decimal >expected
	jq -r '.segments[] | "\(.vaddr) \(.offset) \(.memory_bytes) \(.file_bytes) \(.perms)"' found-object |
		awk '{
			gsub(/-/, "", $5); gsub(/r/, "R", $5); gsub(/w/, "W", $5); gsub(/x/, "E", $5)
			print
		}' | decimal >found
	diff expected found

	LC_ALL=C readelf -SW "$file" | sed -n 's/^ *\[ *[0-9]*\] //p' |
		awk '$7 ~ /A/ && $5 !~ /^0*$/ && !($7 ~ /T/ && $2 == "NOBITS") {
			print "0x" $3, "0x" $5, $1
		}' | decimal | sort >expected
	jq -r '.sections[] | "\(.vaddr) \(.bytes) \(.name)"' found-object | decimal | sort >found
	[ -s found ]
	diff expected found

	LC_ALL=C readelf -nW "$file" | sed -n 's/.*Build ID: //p' >expected
	jq -r '.build_id // empty' found-object >found
	diff expected found
	LC_ALL=C readelf -dW "$file" | sed -n 's/.*(SONAME).*\[\(.*\)\]/\1/p' >expected
	jq -r '.soname // empty' found-object >found
	diff expected found
	LC_ALL=C readelf -lW "$file" | sed -n 's/.*program interpreter: \(.*\)\]/\1/p' >expected
	jq -r '.interpreter // empty' found-object >found
	diff expected found
	LC_ALL=C readelf -lW "$file" | awk '$1 == "GNU_RELRO" { print $3, $6 }' | decimal >expected
	jq -r '.relro // empty | "\(.vaddr) \(.bytes)"' found-object | decimal >found
	diff expected found
	LC_ALL=C readelf -dW "$file" | grep -c '(FLAGS_1).*PIE' >expected || true
	jq -r 'if .pie then 1 else 0 end' found-object >found
	diff expected found
}

# every_vma: each VMA of a file of which code is mapped has its part, in the last layout
every_vma() {
	jq -r 'select(.type == "layout") | .vmas | (map(select(.perms[2:3] == "x" and .inode != 0) | .name)) as $loaded |
		.[] | select(.name as $name | any($loaded[]; . == $name)) |
		"\(.perms) \(.name) \(if .elf and (.elf.sections | length) > 0 then "known" else "unknown" end)"' log.jsonl >vmas
	[ -s vmas ]
	if grep ' unknown$' vmas; then
		return 1
	fi
}

@test 'as readelf says' {
	need hello-pie
	need_command readelf
	"$VMTRACE" -o log.jsonl "$PROGRAMS/hello-pie" >output
	as_readelf '/hello-pie$'
	as_readelf '/libc[.]so'
	as_readelf '/ld-linux'
}

@test 'as readelf says, 32 bits' {
	need hello-m32
	need_command readelf
	"$VMTRACE" -o log.jsonl "$PROGRAMS/hello-m32" >output
	as_readelf '/hello-m32$'
	as_readelf '/libc[.]so'
}

@test 'each VMA of a loaded file has its segment and sections' {
	local program
	for program in hello-pie hello-no-pie hello-static hello-static-pie hello-m32 hello-m32-static; do
		[ -x "$PROGRAMS/$program" ] || continue
		"$VMTRACE" -o log.jsonl "$PROGRAMS/$program" >output
		every_vma
	done
}

@test 'the bss behind a library has its part' {
	need hello-pie
	"$VMTRACE" -o log.jsonl "$PROGRAMS/hello-pie" >output
	[ "$(jq 'select(.type == "layout") | .vmas | any(.name == "" and (.elf.sections? == [".bss"]))' log.jsonl)" = true ]
}

@test 'RELRO steps name their files' {
	need hello-pie
	"$VMTRACE" -o log.jsonl "$PROGRAMS/hello-pie" >output
	jq -r 'select(.type == "step" and .call == "mprotect") | .purpose' log.jsonl | sort >steps
	jq -r 'select(.type == "object" and .relro != null) | "RELRO of \(.name | sub(".*/"; ""))"' log.jsonl |
		sort >expected
	[ -s expected ]
	diff expected steps
}

@test 'a static program protects its own RELRO' {
	need hello-static
	"$VMTRACE" --log=steps -o log "$PROGRAMS/hello-static" >output
	grep -F "mprotect 'r': RELRO of hello-static " log
}

@test 'each file once, however many processes load it' {
	"$VMTRACE" -o log.jsonl sh -c '/bin/true; /bin/true; /bin/true' >output
	jq -r 'select(.type == "object") | .name' log.jsonl | sort | uniq -d >twice
	diff /dev/null twice
	[ "$(object '/libc[.]so' | wc -l)" -eq 1 ]
}

@test 'section headers gone, cut off or nonsense: segments stay' {
	need hello-pie
	for bytes in '\0\0\0\0\0\0\0\0' '\377\377\377\377\377\377\377\377' '\20\0\0\0\0\0\0\0'; do
		cp "$PROGRAMS/hello-pie" damaged
		# shellcheck disable=SC2059 # e_shoff
		printf "$bytes" | dd of=damaged bs=1 seek=40 conv=notrunc status=none
		"$VMTRACE" --log=map -o log ./damaged >output
		[ "$(cat output)" = 'hello, world' ]
		grep -E '/damaged +LOAD 2 of 4 +\|' log
	done
}

@test 'a program that is replaced while it runs is read as it was mapped' {
	need hello-pie
	cp "$PROGRAMS/hello-pie" first
	"$VMTRACE" -o log.jsonl sh -c './first; cp /bin/true second; mv second first; ./first' >output
	[ "$(object '/first$' | wc -l)" -eq 2 ]
	[ "$(object '/first$' | jq -r .build_id | sort -u | wc -l)" -eq 2 ]
}

@test '-v names all sections' {
	need hello-pie
	"$VMTRACE" -v --log=map -o log "$PROGRAMS/hello-pie" >output
	grep -F 'LOAD 1 of 4: .interp ' log
	if grep 'LOAD.* more' log; then
		return 1
	fi
}
