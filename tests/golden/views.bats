#!/usr/bin/env bats
# SPDX-License-Identifier: MIT
# The three views and the JSON Lines of two programs, whole, as they were when somebody last looked
# at them. With GOLDEN_UPDATE=1 in the environment the expected files are written anew instead: read
# the difference before you keep it.
#
# hello is the everyday dynamic program. calls makes every mapping call; it is static, so that no
# library's size decides where its mappings go.
load ../live/live.sh

setup() {
	if ! setarch -R true 2>/dev/null; then
		skip 'address randomisation cannot be turned off here'
	fi
	place=$(mktemp -d /tmp/vmtrace-golden.XXXXXX) # of the same length everywhere
	cd "$place" || return
}

teardown() {
	[ -z "$place" ] || rm -rf "$place"
}

# trace FILE OPTIONS…: the program under vmtrace, with nothing of what surrounds this test
trace() {
	env -i ASAN_OPTIONS="${ASAN_OPTIONS-}" "$VMTRACE" --no-aslr -o "$@" >output 3>&- 4>&-
}

# same_as_expected NAME PROGRAM VIEW
same_as_expected() {
	local name=$1 view=$3 vclock
	local expected=$BATS_TEST_DIRNAME/$name-$view.expected
	need "$2"
	cp "$PROGRAMS/$2" "$name"
	local -a options=("--log=$view")
	trace steps --log=steps "./$name"
	vclock=$(sed -n 's/^ *\([0-9]*\) .* map vvar_vclock[ :].*/\1/p' steps)
	if [ "$view" = jsonl ]; then
		trace log.jsonl "./$name"
		jq -c --argjson vclock "${vclock:-0}" -f "$BATS_TEST_DIRNAME/mask.jq" log.jsonl >log 2>errors
		diff /dev/null errors
	else
		case $view in
		teach) options=(--log=steps --teach --rules=6.18) ;;
		folded) options=(--log=steps -q) ;;
		esac
		trace log "${options[@]}" "./$name"
	fi
	awk -v view="${view/folded/steps}" -v vclock="${vclock:-0}" -f "$BATS_TEST_DIRNAME/mask.awk" log >masked
	if [ -n "${GOLDEN_UPDATE-}" ]; then
		cp masked "$expected"
	fi
	diff -u "$expected" masked
}

@test 'hello: steps' {
	same_as_expected hello hello-pie steps
}

@test 'hello: map' {
	same_as_expected hello hello-pie map
}

@test 'hello: calls' {
	same_as_expected hello hello-pie calls
}

@test 'hello: JSON Lines' {
	same_as_expected hello hello-pie jsonl
}

@test 'hello: --teach' {
	same_as_expected hello hello-pie teach
}

@test 'hello: folded' {
	same_as_expected hello hello-pie folded
}

@test 'calls: --teach' {
	same_as_expected calls calls-static teach
}

@test 'calls: folded' {
	same_as_expected calls calls-static folded
}

@test 'calls: steps' {
	same_as_expected calls calls-static steps
}

@test 'calls: map' {
	same_as_expected calls calls-static map
}

@test 'calls: calls' {
	same_as_expected calls calls-static calls
}

@test 'calls: JSON Lines' {
	same_as_expected calls calls-static jsonl
}
