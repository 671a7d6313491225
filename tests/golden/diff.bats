#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# What vmtrace diff prints, whole, for layouts that stand here: maps texts of a small program, made by
# hand. With GOLDEN_UPDATE=1 in the environment the expected files are written anew instead.
load ../live/live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	cat >before.maps <<-'MAPS'
		55d0c7a4e000-55d0c7a4f000 r--p 00000000 fe:00 24713 /bin/tool
		55d0c7a4f000-55d0c7a53000 r-xp 00001000 fe:00 24713 /bin/tool
		55d0c7a53000-55d0c7a54000 rw-p 00005000 fe:00 24713 /bin/tool
		55d0c8b15000-55d0c8b36000 rw-p 00000000 00:00 0 [heap]
		7f1c2bc00000-7f1c2bc08000 r-xp 00000000 fe:00 5001 /lib/liba.so
		7f1c2bc08000-7f1c2bc09000 rw-p 00008000 fe:00 5001 /lib/liba.so
		7f1c2bc20000-7f1c2bc2c000 r-xp 00000000 fe:00 5002 /lib/libb.so
		7f1c2bc2c000-7f1c2bc2d000 rw-p 0000c000 fe:00 5002 /lib/libb.so
		7f1c2bc2d000-7f1c2bc2f000 rw-p 00000000 00:00 0
		7f1c2bc40000-7f1c2bc44000 r-xp 00000000 fe:00 5003 /lib/libc.so.6
		7f1c2bc60000-7f1c2bc63000 rw-p 00000000 00:00 0
		7ffd5e3c2000-7ffd5e3e3000 rw-p 00000000 00:00 0 [stack]
		ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0 [vsyscall]
	MAPS
}

# expect NAME STATUS OPTIONS…: diff of before.maps and after.maps
expect() {
	local expected=$BATS_TEST_DIRNAME/diff-$1.expected status_expected=$2
	shift 2
	run "-$status_expected" "$VMTRACE" diff "$@" before.maps after.maps
	printf '%s\n' "$output" >printed
	if [ -n "${GOLDEN_UPDATE-}" ]; then
		cp printed "$expected"
	fi
	diff -u "$expected" printed
}

# Everything elsewhere, as randomisation does it.
slide() {
	sed 's/^55d0c7/561234/; s/-55d0c7/-561234/; s/^55d0c8/561299/; s/-55d0c8/-561299/
		s/^7f1c2b/7f5577/; s/-7f1c2b/-7f5577/; s/^7ffd5e/7ffeaa/; s/-7ffd5e/-7ffeaa/' before.maps
}

@test 'elsewhere: the same' {
	slide >after.maps
	run -0 "$VMTRACE" diff before.maps after.maps
	[ -z "$output" ]
	expect same 0 -v
}

@test 'one more library' {
	slide | sed '/liba.so/i\
7f5577a00000-7f5577a01000 r--p 00000000 fe:00 600 /opt/libmore.so\
7f5577a01000-7f5577a05000 r-xp 00001000 fe:00 600 /opt/libmore.so\
7f5577a05000-7f5577a06000 rw-p 00005000 fe:00 600 /opt/libmore.so\
7f5577a06000-7f5577a08000 rw-p 00000000 00:00 0' | awk '!seen[$0]++' >after.maps
	expect library 1
}

@test 'sizes, rights, another path, another order' {
	slide | sed 's/561299b36000/561299b57000/
		/561234a4f000-/s/r-xp/r--p/
		s|/lib/libc.so.6|/opt/libc.so.6|
		/liba.so/{
			s/7f5577c0/7f5577c3/g
		}' | sort >after.maps
	expect changes 1
	expect changes-stat 1 --stat
	expect changes-color 1 --color=always
	expect changes-json 1 --json
	run -1 "$VMTRACE" diff --ignore=size,path before.maps after.maps
	[[ $output != *'[heap]'* ]]
	[[ $output != *'/opt/'* ]]
}

@test 'names that a terminal should not see' {
	printf '1000-2000 r--p 00000000 fe:00 7 /tmp/\033[31mred\\012line\n' >after.maps
	: >before.maps
	echo '1000-2000 r--p 00000000 fe:00 7 /tmp/plain' >before.maps
	expect escapes 1
}
