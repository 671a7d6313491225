#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# Executables of shapes that no linker makes: execve's steps are what the headers ask for, each checked
# with the kernel, and nothing is taken over from it.
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need_command jq
	[ "$(uname -m)" = x86_64 ] || skip 'the code in them is of x86-64'
}

# loads NAME [INTERPRETER]: runs that image, and the steps must be right
loads() {
	"$TOOLS/images" "$1" "$1" "${@:2}"
	"$VMTRACE" --check=full -o log.jsonl "./$1"
	jq -es '[.[] | select(.type == "step" and .check != "match")] == []
		and (.[-1] | .checked == .steps and .adjusted == 0)' log.jsonl >/dev/null || {
		jq -c 'select(.type == "step" and .check != "match")' log.jsonl
		return 1
	}
}

# pages FILE: its VMAs at the end as "FIRST-LAST PERMS", in pages from 0x400000 on, and ".bss" for those
# without a file
pages() {
	jq -r 'def number: reduce (.[2:] | explode[]) as $digit (0;
			. * 16 + if $digit >= 97 then $digit - 87 else $digit - 48 end);
		def page: (number - 4194304) / 4096;
		[select(.type == "layout") | .vmas[] | select((.start | number) < 67108864)
		| "\(.start | page)-\(.end | page) \(.perms)\(if .inode == 0 then " .bss" else "" end)"]
		| select(. != []) | join(", ")' log.jsonl
}

@test 'a file part and its bss' {
	loads plain
	[ "$(pages)" = '0-1 r-xp, 16-17 rw-p, 17-19 rw-p .bss' ]
}

@test 'a segment over the middle of another' {
	loads overlap
	[ "$(pages)" = '0-2 r-xp, 2-3 r--p, 3-4 r-xp' ]
}

@test 'a segment in the last page of the bss before it' {
	loads in-bss
	[ "$(pages)" = '0-1 r-xp, 16-17 rw-p, 17-18 rw-p .bss, 18-19 rw-p' ]
}

@test 'segments that pass the end of the file, in part and whole' {
	loads beyond-the-file
	[ "$(pages)" = '0-1 r-xp, 16-24 r--p' ]
	loads all-beyond-the-file
	[[ $(pages) == '0-1 r-xp, 16-17 r--p, 17-18 rw-p .bss' ]]
}

@test 'far apart; bss that is read-only; nothing but bss; writable code' {
	loads gaps
	[ "$(pages)" = '0-1 r-xp, 64-65 r--p, 1024-1025 rw-p, 1025-1026 rw-p .bss' ]
	loads read-only-bss
	loads bss-only
	[ "$(pages)" = '0-1 r-xp, 16-19 rw-p .bss' ]
	loads executable-data
	[ "$(pages)" = '0-1 rwxp, 1-2 rwxp .bss' ]
}

@test 'an interpreter at a fixed address, with gaps' {
	"$TOOLS/images" gaps fixed
	"$TOOLS/images" plain program "$PWD/fixed"
	run -0 "$VMTRACE" --check=full -o log.jsonl ./program
	jq -es '[.[] | select(.type == "step" and .check != "match")] == []' log.jsonl
}
