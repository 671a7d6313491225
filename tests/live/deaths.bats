#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# A program that dies by a signal: one note says which, at which address, and why (programs/deaths.c).
load live.sh

setup() {
	cd "$BATS_TEST_TMPDIR" || return
	need deaths-pie
	need_command jq
}

# dies STATUS NAME: traces it; the note is in $note, the address that it touched in $address.
dies() {
	local status=0
	"$VMTRACE" -k -o trace.jsonl "$PROGRAMS/deaths-pie" "$2" >output || status=$?
	[ "$status" -ne 77 ] || skip 'not on this machine'
	[ "$status" -eq "$1" ]
	note=$(jq -r 'select(.type == "note").text' trace.jsonl)
	address=$(sed -n 's/^address 0x//p' output)
	echo "$note"
}

@test 'nothing is mapped: the neighbours, and how far' {
	dies 139 unmapped
	[[ $note =~ ^'process '[0-9]+' is killed by SIGSEGV at '$address': nothing is mapped there: 16 bytes above the end of '.*', 4.0K below '.* ]]
	[[ $note == *'in deaths-pie(poke+'*'called by deaths-pie(unmapped+'* ]]
}

@test 'rights that the mapping has not' {
	dies 139 read-only
	[[ $note == *"SIGSEGV at $address: the mapping $address-"*' r--p does not allow writing; by deaths-pie+'* ]]
	dies 139 no-access
	[[ $note == *"SIGSEGV at $address: the mapping "*' ---p allows no access at all'* ]]
	dies 139 not-executable
	[[ $note == *"SIGSEGV at $address: the mapping $address-"*' rw-p does not allow execution'* ]]
}

@test 'a page behind the end of a file, a guard page, a protection key' {
	dies 135 beyond-the-file
	[[ $note == *"SIGBUS at $address: the mapping "*'reaches beyond the end of its file there (offset 0'* ]]
	dies 139 guard
	[[ $note == *"SIGSEGV at $address: "*'has a guard page there'* ]]
	dies 139 denied-by-key
	[[ $note == *"SIGSEGV at $address: "*'has protection key '*', which denies this thread the access'* ]]
}

@test 'a thread dies of it, and takes the others along: said once' {
	dies 139 in-a-thread
	[[ $note =~ ^'process '[0-9]+' (thread '[0-9]+') is killed by SIGSEGV at '$address': '[^$'\n']*$ ]]
}

@test 'signals that were sent' {
	dies 143 by-itself
	[[ $note =~ ^'process '([0-9]+)' is killed by SIGTERM, sent by process '([0-9]+)$ ]]
	[ "${BASH_REMATCH[1]}" = "${BASH_REMATCH[2]}" ]
	dies 138 by-a-timer
	[[ $note =~ ^'process '[0-9]+' is killed by SIGUSR1, sent by a timer of its own'$ ]]
	dies 137 killed
	[[ $note =~ ^'process '[0-9]+' is killed by SIGKILL'$ ]]
}

@test 'a handler that cannot be called; a fault that was handled before' {
	dies 139 no-room-for-the-handler
	[[ $note == *'is killed by SIGSEGV: the frame for its handler of SIGSEGV does not fit on the stack; the fault was at '$address': '* ]]
	local i
	for ((i = 0; i < 5; i++)); do
		dies 139 handled-before
		[[ $note == *"SIGSEGV at $address: the mapping $address-"*' r--p does not allow writing'* ]]
	done
}

@test 'a signal that is handled is no death' {
	dies 0 handled
	[ -z "$note" ]
}

@test 'the note is in a recording' {
	"$VMTRACE" -o run.vmt "$PROGRAMS/deaths-pie" read-only >output || true
	"$VMTRACE" show run.vmt | grep '^note: process .* is killed by SIGSEGV'
}
