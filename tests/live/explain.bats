#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# vmtrace explain: the list, single texts, ids that do not exist.
# shellcheck disable=SC2154,SC2016 # bats sets stderr; what another shell expands
load live.sh

@test 'explain: the list has every kind' {
	run -0 "$VMTRACE" explain
	local kind
	for kind in topic call pattern cause why reason warning; do
		grep -q "^$kind " <<<"$output"
	done
}

@test 'explain: every id of the list can be explained' {
	local -a ids
	mapfile -t ids < <("$VMTRACE" explain --ids)
	[ "${#ids[@]}" -gt 200 ]
	"$VMTRACE" explain "${ids[@]}" >"$BATS_TEST_TMPDIR/texts" 2>"$BATS_TEST_TMPDIR/errors" || { cat "$BATS_TEST_TMPDIR/errors"; return 1; }
	[ ! -s "$BATS_TEST_TMPDIR/errors" ]
	run ! grep -nE '.{101}' "$BATS_TEST_TMPDIR/texts"
}

@test 'explain: an id of several kinds prints each' {
	run -0 "$VMTRACE" explain fork
	grep -qx 'fork (topic)' <<<"$output"
	grep -qx 'fork (cause)' <<<"$output"
	grep -qx 'fork (pattern)' <<<"$output"
}

@test 'explain: an id that does not exist names one like it' {
	run -125 --separate-stderr "$VMTRACE" explain page-tabel
	[ -z "$output" ]
	[[ $stderr != *$'\n'* ]]
	[[ $stderr == *"'page-table'"* ]]
	run -125 --separate-stderr "$VMTRACE" explain xyzzyxyzzyxyzzy
	[[ $stderr != *$'\n'* ]]
	[[ $stderr != *'did you mean'* ]]
	run -125 --separate-stderr "$VMTRACE" explain $'\033[2J'
	[[ $stderr != *$'\033'* ]]
}

@test 'explain: options' {
	run -0 "$VMTRACE" explain --help
	[[ $output == 'usage: vmtrace explain'* ]]
	run -125 --separate-stderr "$VMTRACE" explain --nothing
	[[ $stderr != *$'\n'* ]]
}

@test 'explain: a full device is said' {
	[ -w /dev/full ] || skip 'no /dev/full'
	run -125 bash -c '"$VMTRACE" explain >/dev/full'
	[[ $output == *'cannot write'* ]]
}
